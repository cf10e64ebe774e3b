/* From the model's constants to the numbers and tables that kernels read. */
#ifndef CLSNN_DERIVE_H
#define CLSNN_DERIVE_H

#include "clsnn/abi.h"
#include "clsnn/model.h"

/* Kernel numbers and tables of one network, from the model's constants. Pure; the only place where they are computed. */
void clsnn_params_derive(const struct clsnn_model *m, uint64_t seed, struct clsnn_params *out);
void clsnn_tables_derive(const struct clsnn_model *m, const struct clsnn_params *p, struct clsnn_tables *out);

#endif
