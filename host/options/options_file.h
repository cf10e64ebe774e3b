/* Settings of a configuration file or a command line, each resolved to its option row or model parameter. */
#ifndef CLSNN_OPTIONS_FILE_H
#define CLSNN_OPTIONS_FILE_H

#include "options/options_table.h"

/* One setting, of an option row or a parameter; the other pointer is NULL. */
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

/* Appends a setting and copies value and label. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_settings_add(struct clsnn_settings *s, const struct clsnn_option_row *row,
                                     const struct clsnn_param_info *param, const char *value,
                                     const char *label);
void clsnn_settings_finish(struct clsnn_settings *s); /* takes NULL and {0} */

/* Finds the option or parameter that a key of a file names; *out has neither value nor label.
 * Errors: CLSNN_E_USAGE an unknown key (with the nearest), or one that only the command line may have; the
 * text names path and line. */
enum clsnn_status clsnn_setting_find(const char *path, int line, const char *key, struct clsnn_setting *out);

#define CLSNN_CONFIG_MAX_BYTES (1u << 20)
/* Appends the keys of an ini file in the file's order, or the settings of a run.json, but those that a
 * repeated run does without: out, resume, runs, device. what names the file's role in messages: "--config",
 * "sweep file". what NULL: the file is the user's own, and a missing one adds nothing.
 * Errors: CLSNN_E_IO; CLSNN_E_MEMORY; CLSNN_E_DATA a broken run.json; CLSNN_E_USAGE, naming file and line:
 * neither key nor section, unknown key or section, a key that only the command line may have, a NUL byte,
 * more than CLSNN_CONFIG_MAX_BYTES. */
enum clsnn_status clsnn_settings_read(struct clsnn_settings *s, const char *path, const char *what);

/* Adds to the recorded usage failure of a file's value that "#" begins no comment behind it, if it holds one.
 * Returns st. */
enum clsnn_status clsnn_settings_blame(const char *value, enum clsnn_status st);

#endif
