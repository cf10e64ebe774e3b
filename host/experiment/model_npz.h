/* Labels in an archive: model.npz and checkpoints hold the same arrays. A whole model.npz is a struct
 * clsnn_learned (clsnn/experiment.h), which model_npz.c reads, writes and hashes. */
#ifndef CLSNN_MODEL_NPZ_H
#define CLSNN_MODEL_NPZ_H

#include "clsnn/experiment.h"
#include "clsnn/npz.h"
#include "clsnn/readout.h"

/* The most bytes of a model.npz: the largest network takes 256 MiB. */
#define CLSNN_MAX_MODEL_BYTES ((size_t)288 << 20)
/* The most bytes of its file, which is a little larger where it is packed badly. */
#define CLSNN_MAX_MODEL_FILE (CLSNN_MAX_MODEL_BYTES + ((size_t)2 << 20))

/* Packs l as a model.npz in memory. label names it in messages. *out_bytes: malloc'ed, the caller's.
 * Errors: CLSNN_E_FAILED, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_learned_pack(const struct clsnn_learned *l, const char *label,
                                     unsigned char **out_bytes, size_t *out_n_bytes);

/* Reads a model.npz or checkpoint from memory, as clsnn_learned_read. label names it in messages. */
enum clsnn_status clsnn_learned_parse(const void *bytes, size_t n_bytes, const char *label,
                                      struct clsnn_learned *out);

/* Describes labels and proportions as arrays of an archive. out borrows their data. */
#define CLSNN_LABEL_ARRAYS 2
void clsnn_labels_arrays(const struct clsnn_labels *l, struct clsnn_array out[CLSNN_LABEL_ARRAYS]);
/* Finds and checks the labels and proportions of n_post neurons in npz. out borrows from npz; out->labels is
 * NULL if npz has none. label names the file. Errors: CLSNN_E_DATA a wrong shape, label or proportion. */
enum clsnn_status clsnn_labels_in_npz(const struct clsnn_npz *npz, const char *label, uint32_t n_post,
                                      struct clsnn_labels *out);

#endif
