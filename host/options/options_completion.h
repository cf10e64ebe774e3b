/* Writes the option table as completion for shells. */
#ifndef CLSNN_OPTIONS_COMPLETION_H
#define CLSNN_OPTIONS_COMPLETION_H

#include <stdio.h>

/* The shells, with | between them. */
#define CLSNN_COMPLETION_SHELLS "bash|zsh|fish"

/* Writes the completion of a shell, the index of a word of CLSNN_COMPLETION_SHELLS. */
void clsnn_options_completion(int shell, FILE *to);

#endif
