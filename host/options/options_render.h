/* Prints the option table for people on a terminal, and visits every value. */
#ifndef CLSNN_OPTIONS_RENDER_H
#define CLSNN_OPTIONS_RENDER_H

#include <stdio.h>

#include "options/options_table.h"

/* Prints a command's --help, at most 80 columns wide. */
void clsnn_options_help(enum clsnn_command command, FILE *to);
/* Prints an ini file: a line "name = value  ; origin" for each option and parameter. */
void clsnn_options_print_config(const struct clsnn_options *o, FILE *to);

/* Calls visit for every option of the command and then for every model parameter.
 *
 * value      as text; "" if there is none, "yes" or "no" for a switch
 * origin     "default", "preset NAME", a file's path, "environment", "command line", "sweep" or "model"
 * is_number  whether the value is a number
 * The strings live until visit returns. */
void clsnn_options_visit(const struct clsnn_options *o,
                         void (*visit)(void *ctx, const char *name, const char *value, const char *origin,
                                       bool is_number, bool is_param),
                         void *ctx);

#endif
