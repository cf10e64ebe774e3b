/* An experiment in a file and back, so that a killed run goes on as if nothing had happened.
 *
 * dir/checkpoint/ckpt-IMAGES.npz holds the network's state, labels and proportions where there are any, and `about`: JSON
 * with format, plan, standing and evaluations. numpy opens it. The zip's comment, its last 64 bytes, is the SHA-256 of all
 * before it in hexadecimal: it finds every damage, and says nothing of who wrote the file. Device, driver, work-group and
 * launch length may differ between the save and the load. */
#ifndef CLSNN_CHECKPOINT_H
#define CLSNN_CHECKPOINT_H

#include "clsnn/experiment.h"

CLSNN_BEGIN_DECLS

#define CLSNN_CHECKPOINT_FORMAT 1
#define CLSNN_CHECKPOINT_NAME   48 /* room for "checkpoint/ckpt-000000060000.npz" */

/* Writes x as it stands between two presentations, atomically. Then removes all but the newest `keep` checkpoints (at least
 * 1), and those with more images than this one. dir exists. out_name (may be NULL) receives the file's name below dir.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DEVICE; the earlier files are then as before. */
CLSNN_API enum clsnn_status clsnn_checkpoint_save(const char *dir, const struct clsnn_experiment *x, int keep,
                                                  char out_name[CLSNN_CHECKPOINT_NAME]);

/* Told of each file that is passed over, with the reason. */
typedef void clsnn_checkpoint_refusal(void *ctx, const char *why);

/* Puts x, just created, where the newest usable checkpoint has it. Damaged ones are passed over. Only the epochs of the plan
 * may have grown since the save. refused may be NULL.
 * Errors: CLSNN_E_CHECKPOINT none is there, none is usable, one is of a newer format, or one is of another plan (a line for
 * each difference); CLSNN_E_MEMORY; CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_checkpoint_load(const char *dir, struct clsnn_experiment *x,
                                                  clsnn_checkpoint_refusal *refused, void *ctx,
                                                  char out_name[CLSNN_CHECKPOINT_NAME]);

/* Whether a checkpoint, usable or not, is there. Errors: CLSNN_E_CHECKPOINT none is. */
CLSNN_API enum clsnn_status clsnn_checkpoint_find(const char *dir);

CLSNN_END_DECLS

#endif
