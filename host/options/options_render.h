/* The option table as text for people on a terminal, and a walk over every value. */
#ifndef CLSNN_OPTIONS_RENDER_H
#define CLSNN_OPTIONS_RENDER_H

#include <stdio.h>

#include "options/options_table.h"

void clsnn_options_help(enum clsnn_command command, FILE *to);
void clsnn_options_print_config(const struct clsnn_options *o,
                                FILE *to); /* name = value  ; origin  (one a line, an ini file) */

/* Calls visit once for every option that applies to the command and every model parameter: name, value as text ("" when
 * there is none, "yes" or "no" for a switch), origin ("default", "environment", "FILE", "command line", "preset NAME"),
 * whether the value is a number. The strings live until visit returns. For run.json. */
void clsnn_options_visit(const struct clsnn_options *o,
                         void (*visit)(void *ctx, const char *name, const char *value, const char *origin,
                                       bool is_number, bool is_param),
                         void *ctx);

#endif
