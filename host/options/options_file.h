/* Settings by name, as a configuration file or a command line has them: each resolved to its row or parameter. */
#ifndef CLSNN_OPTIONS_FILE_H
#define CLSNN_OPTIONS_FILE_H

#include "options/options_table.h"

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
