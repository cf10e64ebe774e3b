/* Checkpoints: an experiment in a file, so that a killed run goes on as if nothing had happened.
 *
 * The file is dir/checkpoint/ckpt-IMAGES.npz; numpy opens it. It holds the network's state, labels and
 * proportions if the neurons have them, and `about`: JSON with format, plan, standing and evaluations. The
 * zip's comment, its last 64 bytes, is the SHA-256 of all bytes before it, in hexadecimal. The checksum finds
 * every damage; it does not prove who wrote the file. Device, driver, work-group and launch length may differ
 * between save and load. */
#ifndef CLSNN_CHECKPOINT_H
#define CLSNN_CHECKPOINT_H

#include "clsnn/experiment.h"

CLSNN_BEGIN_DECLS

#define CLSNN_CHECKPOINT_FORMAT 1
#define CLSNN_CHECKPOINT_NAME   48 /* room for "checkpoint/ckpt-000000060000.npz" */

/* Writes a checkpoint of x atomically. x stands between two presentations: call this from
 * clsnn_watcher.paused, or when x is not running. Then removes old checkpoints but the newest `keep` (at
 * least 1), and checkpoints with more images than this one. dir exists.
 * out_name  receives the file's name below dir; may be NULL
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DEVICE; the earlier files then stay as they were. */
CLSNN_API enum clsnn_status clsnn_checkpoint_save(const char *dir, const struct clsnn_experiment *x, int keep,
                                                  char out_name[CLSNN_CHECKPOINT_NAME]);

/* Called for each file that clsnn_checkpoint_load skips. why: the reason, valid during the call. */
typedef void clsnn_checkpoint_refusal(void *ctx, const char *why);

/* Puts x, just created, at the newest usable checkpoint of dir. Damaged and unreadable files are skipped. The
 * plan must be the saved one, except that `epochs` may have grown.
 * refused   may be NULL
 * out_name  receives the file's name below dir; may be NULL
 * Errors: CLSNN_E_CHECKPOINT dir has no checkpoint, none is usable, one has a newer format, or one has
 * another plan (the text lists each difference); CLSNN_E_MEMORY; CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_checkpoint_load(const char *dir, struct clsnn_experiment *x,
                                                  clsnn_checkpoint_refusal *refused, void *ctx,
                                                  char out_name[CLSNN_CHECKPOINT_NAME]);

/* Looks for a checkpoint in dir, usable or not. Errors: CLSNN_E_CHECKPOINT dir has none; CLSNN_E_IO,
 * CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_checkpoint_find(const char *dir);
/* Returns how many images dir's newest checkpoint was trained on, as its name says; 0: dir has none. */
CLSNN_API uint64_t clsnn_checkpoint_newest(const char *dir);

CLSNN_END_DECLS

#endif
