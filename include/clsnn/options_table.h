/* The one table of options and the one of commands. Parsing, --help, --print-config, man page, completion and run.json read
 * these rows; a new option is a member of struct clsnn_options, a row in options_table.c, and nothing else. */
#ifndef CLSNN_OPTIONS_TABLE_H
#define CLSNN_OPTIONS_TABLE_H

#include "clsnn/options.h"

enum clsnn_option_type {
    CLSNN_OPT_SWITCH, /* bool; as a flag also --name=no */
    CLSNN_OPT_WHOLE,  /* int32_t in [min, max] */
    CLSNN_OPT_POWER,  /* int32_t: 0 or a power of two up to max */
    CLSNN_OPT_SEED,   /* uint64_t in [min, max] */
    CLSNN_OPT_TEXT,   /* char *, not empty, no control characters */
    CLSNN_OPT_CHOICE, /* enum: the index in choices */
    CLSNN_OPT_PRESET, /* char * among choices; replaces the model */
    /* command line only from here on: no field, no key of a file, no variable (CLSNN_CONFIG excepted) */
    CLSNN_OPT_SET,    /* name=value of params.def */
    CLSNN_OPT_CONFIG, /* a file of the others */
    CLSNN_OPT_ACTION  /* index is an enum clsnn_parse_action */
};

struct clsnn_option_row {
    const char *name;    /* long, without -- */
    char short_name;     /* 0: none */
    const char *metavar; /* NULL: a switch or an action */
    enum clsnn_option_type type;
    size_t offset; /* of the field in struct clsnn_options */
    uint64_t min, max;
    const char *def;         /* text that the row's own parser reads; NULL: no value */
    const char *def_note;    /* for people: what an absent or special default means, or NULL */
    unsigned other_commands; /* those whose default is another: other_def */
    const char *other_def;
    const char *unit;    /* or NULL */
    const char *choices; /* '|' between them, or NULL */
    unsigned commands;   /* set of enum clsnn_command */
    const char *help;    /* begins in lower case, no full stop */
    bool no_environment;
    enum clsnn_parse_action action;
};

extern const struct clsnn_option_row clsnn_option_rows[];
extern const size_t clsnn_n_option_rows;

struct clsnn_command_info {
    enum clsnn_command command;
    const char *name, *operands; /* operands: for the usage line, "" none */
    const char *purpose;         /* one line */
    const char *example;
    size_t min_operands, max_operands;
};

extern const struct clsnn_command_info clsnn_commands[];
extern const size_t clsnn_n_commands;

/* What the program's exit codes mean, for people. */
extern const char *const clsnn_exit_codes;

const struct clsnn_command_info *clsnn_command_find(enum clsnn_command command);
/* NULL when there is none. */
const struct clsnn_option_row *clsnn_option_find(const char *name);
/* Whether files may name the row: it holds a value. */
bool clsnn_option_is_value(const struct clsnn_option_row *row);
/* Whether the row applies to no command but some: "Options of train" against "Common options". */
bool clsnn_option_is_common(const struct clsnn_option_row *row);
/* "CLSNN_TRAIN_IMAGES"; NULL when the environment cannot set the row. */
const char *clsnn_option_variable(const struct clsnn_option_row *row, char out[64]);

/* Checks text and stores it in the row's field. label names the row in messages ("--seed", "run.ini:3: seed").
 * Errors: CLSNN_E_USAGE, CLSNN_E_MEMORY; the field is then as before. */
enum clsnn_status clsnn_option_store(struct clsnn_options *o, const struct clsnn_option_row *row,
                                     const char *text, const char *label);
/* The value as text that clsnn_option_store reads back; in buf or in o. NULL: no value. */
const char *clsnn_option_value(const struct clsnn_options *o, const struct clsnn_option_row *row,
                               char buf[32]);
/* Help, unit or range, default: one sentence for people, without a full stop. */
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
    CLSNN_FROM_MODEL, /* eval: what the network was trained with */
    CLSNN_N_ORIGINS
};

struct clsnn_origins {
    char *path[CLSNN_N_ORIGINS]; /* of the two files, where read; owned */
    unsigned char of[];          /* enum clsnn_origin: of every option row, then of every parameter */
};

/* One key of a configuration file, resolved: a row or a parameter, never both. */
struct clsnn_setting {
    const struct clsnn_option_row *row;
    const struct clsnn_param_info *param;
    char *value; /* owned */
    char *label; /* owned: names the setting in messages */
};

struct clsnn_settings {
    struct clsnn_setting *list;
    size_t n, room;
};

/* value and label are copied. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_settings_add(struct clsnn_settings *s, const struct clsnn_option_row *row,
                                     const struct clsnn_param_info *param, const char *value,
                                     const char *label);
void clsnn_settings_finish(struct clsnn_settings *s); /* takes NULL and {0} */

#define CLSNN_CONFIG_MAX_BYTES (1u << 20)
/* Appends the keys of an ini file, in its order. A file that does not exist is an error unless optional, then nothing.
 * Errors: CLSNN_E_IO; CLSNN_E_USAGE naming file and line: neither key nor section, unknown key or section, a key that
 * belongs on the command line, a NUL byte, a line too long for inih, more than CLSNN_CONFIG_MAX_BYTES. */
enum clsnn_status clsnn_settings_read(struct clsnn_settings *s, const char *path, bool optional);

#endif
