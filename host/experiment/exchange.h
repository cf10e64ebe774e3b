/* Networks in the files of other programs: those of Diehl & Cook's code, and plain numpy arrays.
 *
 * Diehl & Cook's code saves XeAe.npy, f8 [connections, 3], with rows of input, neuron and weight. It saves
 * theta_A.npy, f8 [neurons], in volts. A plain array of weights is [inputs, neurons]. An .npz has such an
 * array w, and theta in volts or theta_mv in millivolts. */
#ifndef CLSNN_EXCHANGE_H
#define CLSNN_EXCHANGE_H

#include "clsnn/experiment.h"

/* What a reader found. */
struct clsnn_exchange {
    struct clsnn_learned model; /* without labels and about; theta_mv NULL: no file has it; owned */
    char theta_unit[16];        /* "volts" or "millivolts" */
    uint64_t n_unlisted;        /* pairs that the list of connections leaves out: their weights are 0 */
    char left_out[256];         /* names of an .npz's other arrays, with commas between them; or "" */
};

/* Reads a network.
 * weights  XeAe.npy, an [inputs, neurons] .npy, or an .npz
 * theta    theta_A.npy; NULL: none is given
 * out      the caller frees out->model with clsnn_learned_finish
 * Errors: CLSNN_E_IO; CLSNN_E_DATA naming file and value: no array of f4 or f8, a wrong shape, an index that
 * is not whole or out of range, a pair that is listed twice, other numbers of neurons, a negative or infinite
 * value, NaN, theta of a volt and more; CLSNN_E_USAGE theta for an .npz that has one; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_exchange_read(const char *weights, const char *theta, struct clsnn_exchange *out);

/* Writes the weights of l to path: as Diehl & Cook's list, or as f4 [inputs, neurons].
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_exchange_write_list(const struct clsnn_learned *l, const char *path);
enum clsnn_status clsnn_exchange_write_w(const struct clsnn_learned *l, const char *path);
/* Writes the theta of l to path, f8 in volts. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_exchange_write_theta(const struct clsnn_learned *l, const char *path);

#endif
