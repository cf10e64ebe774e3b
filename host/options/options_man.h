/* Writes the option table, and the table of files, as manual pages. */
#ifndef CLSNN_OPTIONS_MAN_H
#define CLSNN_OPTIONS_MAN_H

#include <stdio.h>

struct clsnn_command_info;

void clsnn_options_man(FILE *to);                                                /* clsnn.1, troff */
void clsnn_options_man_command(const struct clsnn_command_info *info, FILE *to); /* clsnn-COMMAND.1 */
void clsnn_options_man_files(FILE *to);                                          /* clsnn-files.5 */

#endif
