/* Writes the option table as a manual page and as completion for bash. */
#ifndef CLSNN_OPTIONS_MAN_H
#define CLSNN_OPTIONS_MAN_H

#include <stdio.h>

void clsnn_options_man(FILE *to);        /* clsnn.1, troff */
void clsnn_options_completion(FILE *to); /* bash */

#endif
