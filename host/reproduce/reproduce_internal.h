/* What the tables, the pictures and the page of a reproduction share. */
#ifndef CLSNN_REPRODUCE_INTERNAL_H
#define CLSNN_REPRODUCE_INTERNAL_H

#include <stdio.h>

#include "reproduce/reproduce.h"
#include "base/stats.h"

/* Numbers as text: "77.99 ± 0.75", or without a spread "77.99"; "77.99"; "+0.75"; "1:05 min"; "seeds 1 to 3". A dash where there is none. */
void clsnn_reproduction_spread(struct clsnn_stats s, char out[64]);
void clsnn_reproduction_number(double value, char out[64]);
void clsnn_reproduction_difference(double value, char out[64]);
void clsnn_reproduction_duration(double seconds, char out[64]);
void clsnn_reproduction_seeds(const struct clsnn_reproduction *r, char out[64]);
/* The command to type again; malloc'ed, NULL without memory. */
char *clsnn_reproduction_command(const struct clsnn_reproduction *r);
enum clsnn_status clsnn_reproduction_no_memory(void);

/* Whether the paper prints a number of any cell of the table; how ours compare, in words; how many are marked. */
bool clsnn_reproduction_has_paper(const struct clsnn_reproduction *r);
void clsnn_reproduction_verdict(const struct clsnn_reproduction *r, FILE *to);
size_t clsnn_reproduction_n_below(const struct clsnn_reproduction *r);

void clsnn_reproduction_markdown(const struct clsnn_reproduction *r, FILE *to);
void clsnn_reproduction_csv(const struct clsnn_reproduction *r, FILE *to);
enum clsnn_status clsnn_reproduction_json(const struct clsnn_reproduction *r, bool indented, FILE *to);

/* Column k of the table, an epoch: the paper's, the 9 it trained, and the last of ours; 0 beyond what was trained here. */
uint32_t clsnn_reproduction_column(const struct clsnn_reproduction *r, size_t k);
size_t clsnn_reproduction_n_columns(const struct clsnn_reproduction *r);
/* "MNIST", as people write it. */
const char *clsnn_reproduction_data(const struct clsnn_reproduction *r);

/* Figures 3 and 4 of Kim & Kim (2020), into path. Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DATA. */
enum clsnn_status clsnn_reproduction_curves(const struct clsnn_reproduction *r, const char *path);
enum clsnn_status clsnn_reproduction_weights(const struct clsnn_reproduction *r, const char *path);

#endif
