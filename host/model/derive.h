/* Derivation of the numbers and tables that kernels read from the model's constants. */
#ifndef CLSNN_DERIVE_H
#define CLSNN_DERIVE_H

#include "clsnn/abi.h"
#include "clsnn/model.h"

/* Computes the numbers and the tables of one network. Pure; nothing else computes them. */
void clsnn_params_derive(const struct clsnn_model *m, uint64_t seed, struct clsnn_params *out);
void clsnn_tables_derive(const struct clsnn_model *m, const struct clsnn_params *p, struct clsnn_tables *out);
/* Draws the delays of all synapses: whole steps, uniform in [delay_min, delay_max].
 * out  [n_pre][stride], of which the first n_post of a row are written */
void clsnn_delays_draw(const struct clsnn_laws *laws, uint64_t seed, int n_pre, int n_post, size_t stride,
                       uint8_t *out);

#endif
