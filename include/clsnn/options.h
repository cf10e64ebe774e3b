/* What a command is told, gathered from command line, environment and configuration files by the one table of
 * options_table.h; --help, --print-config, man page and bash completion are made from that table too. argp is used in
 * options.c only, inih in options_file.c only. */
#ifndef CLSNN_OPTIONS_H
#define CLSNN_OPTIONS_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/config.h"
#include "clsnn/status.h"

enum clsnn_rule { CLSNN_RULE_TRIPLET = 0 };

struct clsnn_origins; /* where each value came from: options_table.h */

/* Everything a command can be told. Strings are owned by the struct. Zero-initialise, then clsnn_options_parse. */
struct clsnn_options {
    /* common */
    char *device;       /* --device SPEC; NULL: the first GPU, else the first device */
    uint64_t seed;      /* --seed, default 1 */
    char *out_dir;      /* --out DIR; NULL: the command's default */
    char *data;         /* --data, default "auto" */
    bool json, quiet;   /* --json, --quiet */
    bool verbose;       /* --verbose: errors name their place in the source */
    int32_t work_group; /* --work-group: 0 = chosen for the device; else 1, 2, 4, ... 1024 */
    int32_t chunk;      /* --chunk: presentations a launch; 0 = chosen for the device */
    bool profile;       /* --profile: time a phase */
    /* train, eval */
    int32_t neurons;          /* --neurons 1..16384, default 400 */
    int32_t epochs;           /* --epochs 1..1000, default 1; of reproduce 9 */
    int32_t train_images;     /* --train-images, 0 = all, default 0 */
    int32_t label_images;     /* --label-images, 0 = all, default 10000 */
    int32_t test_images;      /* --test-images, 0 = all, default 0 */
    int32_t eval_every;       /* --eval-every E: epochs between evaluations, default 0: at the end only */
    enum clsnn_rule rule;     /* --rule */
    bool shuffle;             /* --shuffle */
    int32_t checkpoint_every; /* --checkpoint-every, images; 0: at the ends of epochs only */
    int32_t keep_checkpoints; /* --keep-checkpoints 1..1000 */
    bool resume;              /* --resume */
    char *preset;             /* --preset, default "diehl-cook-2015" */
    struct clsnn_model model; /* --preset, --set name=value */
    /* train, sweep */
    int32_t runs; /* --runs, default 1 */
    char *zip;    /* --zip NAMES, or NULL */
    char *shard;  /* --shard I/N, or NULL */
    bool collect; /* --collect */
    /* bench */
    char *sizes;      /* --sizes LIST; NULL: the command's own (bench, reproduce) */
    int32_t networks; /* --networks MAX, 0 = chosen for the device */
    bool quick;       /* --quick */
    /* reproduce */
    int32_t seeds; /* --seeds K, default 3 */
    /* what stands after the options */
    char **operands;
    size_t n_operands;
    const char *command; /* borrowed: the command's name */
    /* Where results go: the standard output, which nothing else can reach (libraries print on descriptor 1, and main
     * points that at stderr). Borrowed, set by main after parsing; a command need not check each write, main does at the end. */
    FILE *out;
    struct clsnn_origins *origins; /* owned; NULL reads as "default" everywhere */
};

/* Which command an option belongs to: a set of these bits in the table. */
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
    CLSNN_CMD_ALL = (1 << 9) - 1
};

/* What parsing asked for besides values. */
enum clsnn_parse_action { CLSNN_PARSE_RUN, CLSNN_PARSE_HELP, CLSNN_PARSE_VERSION, CLSNN_PARSE_PRINT_CONFIG };

/* argv[0] is the command's name; the order of argv changes (operands move to its end). Precedence: flags > CLSNN_*
 * environment (CLSNN_DEVICE, CLSNN_SEED, CLSNN_OUT, ...: any option of the table in capitals, - as _; empty counts as unset;
 * CLSNN_DATA is not among them, it is the data directory, see dataset.h) > --config FILE > $XDG_CONFIG_HOME/clsnn/config.ini
 * (or ~/.config/...). An ini file holds long option names and parameters of params.def as keys, in a section [clsnn] or none;
 * files and environment may name options of other commands, which are checked and then not used. A preset replaces every
 * parameter given at a lower level of precedence; within its own level it comes first wherever it stands.
 * With CLSNN_PARSE_HELP and CLSNN_PARSE_VERSION out holds nothing but the command's name.
 * Errors: CLSNN_E_USAGE, one line: unknown option (with the nearest), value not a number or out of its range (both named),
 * missing argument, too many or too few operands, unknown key in FILE (file, line, nearest); CLSNN_E_IO: FILE unreadable.
 * Writes nothing to any stream. */
enum clsnn_status clsnn_options_parse(enum clsnn_command command, int argc, char **argv,
                                      struct clsnn_options *out, enum clsnn_parse_action *out_action);
void clsnn_options_finish(struct clsnn_options *o); /* takes NULL and {0} */

struct clsnn_settings; /* options_table.h */
/* The options of one run of a sweep: base's, with settings over them and over the command line; as if clsnn train had been told all of
 * it. base keeps its own. Errors: CLSNN_E_USAGE a value out of its range, naming its label; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_options_derive(const struct clsnn_options *base,
                                       const struct clsnn_settings *settings, struct clsnn_options *out);

/* Text for people, made from the table. */
void clsnn_options_help(enum clsnn_command command, FILE *to);
void clsnn_options_print_config(const struct clsnn_options *o,
                                FILE *to); /* name = value  ; origin  (one a line, an ini file) */
void clsnn_options_man(FILE *to);          /* clsnn.1, troff */
void clsnn_options_completion(FILE *to);   /* bash */

/* Calls visit once for every option that applies to the command and every model parameter: name, value as text ("" when
 * there is none, "yes" or "no" for a switch), origin ("default", "environment", "FILE", "command line", "preset NAME"),
 * whether the value is a number. The strings live until visit returns. For run.json. */
void clsnn_options_visit(const struct clsnn_options *o,
                         void (*visit)(void *ctx, const char *name, const char *value, const char *origin,
                                       bool is_number, bool is_param),
                         void *ctx);

#endif
