/* Derivation of the numbers and tables that kernels read from the model's constants. */
#ifndef CLSNN_DERIVE_H
#define CLSNN_DERIVE_H

#include "clsnn/abi.h"
#include "clsnn/model.h"

/* Computes the numbers and the tables of one network. Pure; nothing else computes them. */
void clsnn_params_derive(const struct clsnn_model *m, uint64_t seed, struct clsnn_params *out);
void clsnn_tables_derive(const struct clsnn_model *m, const struct clsnn_params *p, struct clsnn_tables *out);

#endif
