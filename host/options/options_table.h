/* The values of all options, and the one table of options and commands. Parsing, --help, --print-config, man
 * page, completion and run.json read its rows. A new option needs a member of struct clsnn_options and a row
 * in options_table.c, nothing else. */
#ifndef CLSNN_OPTIONS_TABLE_H
#define CLSNN_OPTIONS_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/model.h"
#include "clsnn/status.h"

struct clsnn_origins; /* the origin of each value */

/* Images first .. first + n - 1 of a set; n 0: all from first on. */
struct clsnn_image_range {
    int32_t first, n;
};

/* The values of every option; the struct owns its strings. Zero-initialise before
 * clsnn_options_parse. */
struct clsnn_options {
    /* common */
    char *device;         /* --device SPEC; NULL: the faster one for the work */
    uint64_t seed;        /* --seed, default 1 */
    char *out_dir;        /* --out DIR; NULL: the command chooses */
    char *data;           /* --data, default "auto" */
    char *data_name;      /* --data-name; NULL: the set's own name */
    bool json, quiet;     /* --json, --quiet */
    bool verbose;         /* --verbose: errors name their place in the source code */
    bool strict;          /* --strict: warnings are errors */
    int32_t split;        /* --split: work-groups that share one network in training; 0 = chosen */
    int32_t work_group;   /* --work-group: 0 = chosen for the device; else 1, 2, 4, ... 1024 */
    int32_t chunk;        /* --chunk: presentations a launch; 0 = chosen for the device */
    bool profile;         /* --profile: time each phase */
    bool no_kernel_cache; /* --no-kernel-cache: compile anew, keep nothing */
    /* train, eval */
    int32_t neurons;                       /* --neurons 1..16384, default 400 */
    int32_t epochs;                        /* --epochs 1..1000, default 1; of reproduce 9 */
    struct clsnn_image_range train_images; /* --train-images, default all */
    struct clsnn_image_range label_images; /* --label-images, default the first 10000 */
    struct clsnn_image_range test_images;  /* --test-images, default all */
    int32_t validate;                      /* --validate; 0: test on the test set */
    int32_t eval_every;       /* --eval-every E: epochs between evaluations, default 0: at the end only */
    bool shuffle;             /* --shuffle */
    char *from;               /* --from MODEL.npz, or NULL */
    int32_t checkpoint_every; /* --checkpoint-every, images; 0: at the ends of epochs, in sweeps never */
    char *snapshots;          /* --snapshots, or NULL */
    int32_t sort_weights;     /* --sort-weights: 0 by number, 1 by label */
    int32_t figures;          /* --figures, a set of CLSNN_FIGURE_FORMATS */
    int32_t keep_checkpoints; /* --keep-checkpoints 1..1000 */
    bool resume;              /* --resume */
    char *preset;             /* --preset, default "kim-2020" */
    struct clsnn_model model; /* --preset, --set name=value, and options named as in laws.def */
    /* train, sweep */
    int32_t runs;   /* --runs, default 1 */
    char *zip;      /* --zip NAMES, or NULL */
    char *shard;    /* --shard I/N, or NULL */
    bool collect;   /* --collect */
    bool dry_run;   /* --dry-run */
    int32_t random; /* --random 1..10000; 0: every combination */
    /* probe */
    struct clsnn_image_range image; /* --image K or K..L, default 0 */
    int32_t images_of;              /* --images-of: 0 test, 1 train */
    bool probe_train;               /* --train: the network learns */
    char *record;                   /* --record, names with commas between them */
    char *probe_neurons;            /* --neurons LIST; NULL: those that fire most */
    /* runs */
    char *sort; /* --sort NAME; NULL: by path */
    /* bench */
    char *sizes;      /* --sizes LIST; NULL: the command's default (bench, reproduce) */
    int32_t networks; /* --networks MAX, 0 = chosen for the device */
    bool quick;       /* --quick */
    /* reproduce, tune */
    int32_t seeds; /* --seeds K, default 3 */
    /* the arguments after the options, owned */
    char **operands;
    size_t n_operands;
    const char *command; /* borrowed: the command's name */
    /* Results go here: the standard output. main points descriptor 1 at stderr, so that libraries cannot
     * print among the results. Borrowed; main sets it after parsing and checks it at the end, so a command
     * need not check each write. */
    FILE *out;
    struct clsnn_origins *origins; /* owned; NULL: every origin is "default" */
};

/* Commands, as bits: a row of the table holds the set of commands that have its option. */
enum clsnn_command {
    CLSNN_CMD_TRAIN = 1 << 0,
    CLSNN_CMD_EVAL = 1 << 1,
    CLSNN_CMD_REPLAY = 1 << 2,
    CLSNN_CMD_DEVICES = 1 << 3,
    CLSNN_CMD_DATA = 1 << 4,
    CLSNN_CMD_BENCH = 1 << 5,
    CLSNN_CMD_SWEEP = 1 << 6,
    CLSNN_CMD_REPRODUCE = 1 << 7,
    CLSNN_CMD_VERIFY = 1 << 8,
    CLSNN_CMD_PREDICT = 1 << 9,
    CLSNN_CMD_IMPORT = 1 << 10,
    CLSNN_CMD_EXPORT = 1 << 11,
    CLSNN_CMD_TUNE = 1 << 12,
    CLSNN_CMD_PROBE = 1 << 13,
    CLSNN_CMD_RUNS = 1 << 14,
    CLSNN_CMD_DIFF = 1 << 15,
    CLSNN_CMD_ALL = (1 << 16) - 1
};

/* The action that the command line asks for. */
enum clsnn_parse_action { CLSNN_PARSE_RUN, CLSNN_PARSE_HELP, CLSNN_PARSE_VERSION, CLSNN_PARSE_PRINT_CONFIG };

enum clsnn_option_type {
    CLSNN_OPT_SWITCH,  /* bool; as a flag also --name=no */
    CLSNN_OPT_WHOLE,   /* int32_t in [min, max] */
    CLSNN_OPT_POWER,   /* int32_t: 0 or a power of two up to max */
    CLSNN_OPT_IMAGES,  /* struct clsnn_image_range: the first K images, or A..B with B excluded */
    CLSNN_OPT_IMAGE,   /* struct clsnn_image_range: image K alone, or K..L with L excluded */
    CLSNN_OPT_SEED,    /* uint64_t in [min, max] */
    CLSNN_OPT_TEXT,    /* char *, not empty, no control characters */
    CLSNN_OPT_CHOICE,  /* int32_t: the index in choices */
    CLSNN_OPT_CHOICES, /* int32_t: a set of choices, given with commas between them; bit k: the k-th */
    CLSNN_OPT_DELAYS,  /* the delays in struct clsnn_laws */
    CLSNN_OPT_PRESET,  /* char * among choices; replaces the model */
    /* types for the command line only: no field, no key of a file, no variable but CLSNN_CONFIG */
    CLSNN_OPT_SET,    /* name=value of params.def */
    CLSNN_OPT_CONFIG, /* an ini file with options and parameters */
    CLSNN_OPT_ACTION  /* the row's action */
};

void clsnn_options_finish(struct clsnn_options *o); /* takes NULL and {0} */

/* The preset whose values depend on the number of neurons: model/tuned.h has them. */
#define CLSNN_PRESET_TUNED "tuned"

struct clsnn_option_row {
    const char *name;    /* the long name, without -- */
    char short_name;     /* 0: none */
    const char *metavar; /* NULL: a switch or an action */
    enum clsnn_option_type type;
    size_t offset; /* the field's, in struct clsnn_options */
    uint64_t min, max;
    const char *def;      /* text that the row's own parser reads; NULL: no value */
    const char *def_note; /* for people: the meaning of a missing or special default, or NULL */
    struct clsnn_other_default {
        unsigned commands; /* whose default is def; 0: no more */
        const char *def;
    } others[2];
    const char *unit;    /* or NULL */
    const char *choices; /* words separated by '|', or NULL */
    unsigned commands;   /* set of enum clsnn_command */
    const char *help;    /* begins in lower case, ends without a full stop */
    bool no_environment;
    bool line_only; /* neither files nor the environment may set it: another row has its name there */
    enum clsnn_parse_action action;
};

extern const struct clsnn_option_row clsnn_option_rows[];
extern const size_t clsnn_n_option_rows;

struct clsnn_command_info {
    enum clsnn_command command;
    const char *name, *operands; /* operands: for the usage line; "": none */
    const char *purpose;         /* one line of at most 66 characters */
    const char *example;
    size_t min_operands, max_operands;
    const char *details; /* more than the purpose, in sentences; or NULL */
};

extern const struct clsnn_command_info clsnn_commands[];
extern const size_t clsnn_n_commands;

/* Variables that no row stands for, each with its meaning for people. */
struct clsnn_variable_info {
    const char *name, *help;
};
extern const struct clsnn_variable_info clsnn_variables[];
extern const size_t clsnn_n_variables;

/* The meanings of the program's exit codes, for people. */
extern const char *const clsnn_exit_codes;

const struct clsnn_command_info *clsnn_command_find(enum clsnn_command command);
/* Returns the row with this long name, or NULL. Of two rows of one name it is the one that files may name. */
const struct clsnn_option_row *clsnn_option_find(const char *name);
/* The same for a command's line: the command's own row, if it has one. */
const struct clsnn_option_row *clsnn_option_find_for(enum clsnn_command command, const char *name);
/* Returns whether the row holds a value, so that files may name it. */
bool clsnn_option_is_value(const struct clsnn_option_row *row);
/* Returns whether every command has the row: --help lists it under "Common options". */
bool clsnn_option_is_common(const struct clsnn_option_row *row);
/* Returns whether the command uses the model's parameters, so that it has --set and shows them. */
bool clsnn_command_has_params(const struct clsnn_command_info *info);
/* Returns the row's variable ("CLSNN_TRAIN_IMAGES") in out; NULL if the environment cannot set the row. */
const char *clsnn_option_variable(const struct clsnn_option_row *row, char out[64]);

/* Returns whether the command line gives the option. */
bool clsnn_option_is_given(const struct clsnn_options *o, const char *name);
/* Returns whether nobody gave the option's value. */
bool clsnn_option_is_default(const struct clsnn_options *o, const char *name);

/* Checks text and stores it in the row's field. label names the row in messages: "--seed", "run.ini:3: seed".
 * Errors: CLSNN_E_USAGE, CLSNN_E_MEMORY; the field then keeps its value. */
enum clsnn_status clsnn_option_store(struct clsnn_options *o, const struct clsnn_option_row *row,
                                     const char *text, const char *label);
/* Returns the value as text that clsnn_option_store reads back, in buf or in o; NULL: no value. */
const char *clsnn_option_value(const struct clsnn_options *o, const struct clsnn_option_row *row,
                               char buf[32]);
/* Writes help, range and default for people, as one sentence without a full stop. */
void clsnn_option_describe(const struct clsnn_option_row *row, char *out, size_t n_out);

/* Sources of values in rising precedence. */
enum clsnn_origin {
    CLSNN_FROM_DEFAULT,
    CLSNN_FROM_PRESET,
    CLSNN_FROM_USER_FILE, /* $XDG_CONFIG_HOME/clsnn/config.ini */
    CLSNN_FROM_FILE,      /* --config */
    CLSNN_FROM_ENVIRONMENT,
    CLSNN_FROM_COMMAND_LINE,
    CLSNN_FROM_SWEEP, /* the sweep's file */
    CLSNN_FROM_RUN,   /* train --resume: the run's run.json */
    CLSNN_FROM_MODEL, /* eval: the file of the trained network */
    CLSNN_N_ORIGINS
};

struct clsnn_origins {
    char *path[CLSNN_N_ORIGINS]; /* paths of the two files, NULL if not read; owned */
    unsigned char of[];          /* an enum clsnn_origin for every option row, then for every parameter */
};

#endif
