/* Functions that the tables, pictures and page of a reproduction share. */
#ifndef CLSNN_REPRODUCE_INTERNAL_H
#define CLSNN_REPRODUCE_INTERNAL_H

#include <stdio.h>

#include "reproduce/reproduce.h"
#include "base/stats.h"

/* These write numbers as text. A dash stands for NaN, or for statistics of nothing. */
void clsnn_reproduction_spread(struct clsnn_stats s, char out[64]); /* "77.99 ± 0.75"; one seed: "77.99" */
void clsnn_reproduction_number(double value, char out[64]);         /* "77.99" */
void clsnn_reproduction_difference(double value, char out[64]);     /* "+0.75" */
void clsnn_reproduction_seeds(const struct clsnn_reproduction *r, char out[64]); /* "seeds 1 to 3" */
/* Returns the command line that makes the same reproduction; malloc'ed, NULL without memory. */
char *clsnn_reproduction_command(const struct clsnn_reproduction *r);
/* Records that there is no memory for the results. Returns CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_no_memory(void);

/* Returns true if Kim & Kim (2020) print a number for a cell of the table. */
bool clsnn_reproduction_has_paper(const struct clsnn_reproduction *r);
/* Writes one paragraph on how our numbers compare with theirs, without a line end. */
void clsnn_reproduction_verdict(const struct clsnn_reproduction *r, FILE *to);
/* Counts the cells of the table that are marked as below. */
size_t clsnn_reproduction_n_below(const struct clsnn_reproduction *r);

/* Writes the contents of table1.md, table1.csv and reproduce.json. Errors of JSON: CLSNN_E_MEMORY. */
void clsnn_reproduction_markdown(const struct clsnn_reproduction *r, FILE *to);
void clsnn_reproduction_csv(const struct clsnn_reproduction *r, FILE *to);
enum clsnn_status clsnn_reproduction_json(const struct clsnn_reproduction *r, bool indented, FILE *to);

/* Returns the epoch of column k of the table; 0 past the last column. The columns are the epochs 1, 3, 5, 7
 * and 9 of Kim & Kim (2020) as far as our training goes, and our last epoch. */
uint32_t clsnn_reproduction_column(const struct clsnn_reproduction *r, size_t k);
size_t clsnn_reproduction_n_columns(const struct clsnn_reproduction *r);
/* Returns the name of the data as people write it: "MNIST". */
const char *clsnn_reproduction_data(const struct clsnn_reproduction *r);

/* Draw Figures 3 and 4 of Kim & Kim (2020) with our numbers to figure3 and figure4, in the formats of
 * --figures.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DATA. */
enum clsnn_status clsnn_reproduction_curves(const struct clsnn_reproduction *r);
enum clsnn_status clsnn_reproduction_weights(const struct clsnn_reproduction *r);

#endif
