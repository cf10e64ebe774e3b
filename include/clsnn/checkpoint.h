/* An experiment in a file and back, so that a killed run goes on as if nothing had happened. dir/checkpoint/ckpt-IMAGES.npz holds the
 * network's state (clsnn_network_save), labels and proportions where there are any, and `about` (JSON in bytes: format, plan,
 * standing, evaluations). numpy opens it. The zip's comment, its last 64 bytes, is the SHA-256 of all before it, in hex: it
 * finds every damage, and tells nothing of who wrote the file. Device, driver, work-group and chunk may differ from those of the save. */
#ifndef CLSNN_CHECKPOINT_H
#define CLSNN_CHECKPOINT_H

#include "clsnn/experiment.h"

#define CLSNN_CHECKPOINT_FORMAT 1
#define CLSNN_CHECKPOINT_NAME   48 /* room for "checkpoint/ckpt-000000060000.npz" */

/* Writes x as it stands between two presentations, atomically; then removes all but the newest `keep` (at least 1) and those
 * with more images than this one, which x has passed over. dir exists. out_name (may be NULL): the file below dir.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DEVICE; the earlier files are then as before. */
enum clsnn_status clsnn_checkpoint_save(const char *dir, const struct clsnn_experiment *x, int keep,
                                        char out_name[CLSNN_CHECKPOINT_NAME]);

/* Told of a file that is passed over, with the reason. */
typedef void clsnn_checkpoint_refusal(void *ctx, const char *why);

/* Puts x, just created, where the newest usable checkpoint has it; damaged ones are passed over. Of the plan only the epochs may have
 * grown since. refused may be NULL.
 * Errors: CLSNN_E_CHECKPOINT none is there, none is usable, one is of a newer format, or of another plan (a line for each
 * difference); CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_checkpoint_load(const char *dir, struct clsnn_experiment *x,
                                        clsnn_checkpoint_refusal *refused, void *ctx,
                                        char out_name[CLSNN_CHECKPOINT_NAME]);

/* Whether a checkpoint, usable or not, is there: what can be told before anything is compiled. Errors: as of load. */
enum clsnn_status clsnn_checkpoint_find(const char *dir);

#endif
