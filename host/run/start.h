/* The network that training starts with: --from MODEL.npz. */
#ifndef CLSNN_START_H
#define CLSNN_START_H

#include "clsnn/experiment.h"
#include "run/warnings.h"

/* Reads a model's file, as clsnn_learned_read. A failure also says what was probably meant: the model.npz of
 * a directory, or a run that is not finished.
 * sha256  receives the SHA-256 of the file; NULL: not wanted */
enum clsnn_status clsnn_model_open(const char *path, struct clsnn_learned *out,
                                   char sha256[CLSNN_SHA256_HEX]);

/* Checks that the file `from` fits the plan and the data, and sets plan->from_sha256. from NULL: does
 * nothing.
 * w  receives warnings: weights or theta are odd, or the file's settings are not the plan's; may be NULL
 * Errors: those of clsnn_model_open; CLSNN_E_USAGE other numbers of neurons or inputs. */
enum clsnn_status clsnn_start_plan(const char *from, const struct clsnn_dataset *data,
                                   struct clsnn_plan *plan, struct clsnn_warnings *w);
/* Gives x, just created from such a plan, the file's weights and theta. from NULL: does nothing.
 * w  as above
 * Errors: as above; CLSNN_E_DATA the file has changed since the plan was made. */
enum clsnn_status clsnn_start_apply(const char *from, struct clsnn_experiment *x, struct clsnn_warnings *w);

#endif
