/* What the tables, the pictures and the page of a reproduction share. */
#ifndef CLSNN_REPRODUCE_INTERNAL_H
#define CLSNN_REPRODUCE_INTERNAL_H

#include "clsnn/reproduce.h"

/* Column k of the table, an epoch: the paper's, the 9 it trained, and the last of ours; 0 beyond what was trained here. */
uint32_t clsnn_reproduction_column(const struct clsnn_reproduction *r, size_t k);
/* "MNIST", as people write it. */
const char *clsnn_reproduction_data(const struct clsnn_reproduction *r);

/* Figures 3 and 4 of the seed paper, into path. Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DATA. */
enum clsnn_status clsnn_reproduction_curves(const struct clsnn_reproduction *r, const char *path);
enum clsnn_status clsnn_reproduction_weights(const struct clsnn_reproduction *r, const char *path);

#endif
