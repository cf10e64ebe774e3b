/* The running accuracy: an estimate during training, for the progress line and report.html. Each image is
 * classified by the counts of the images before it, then joins them. Labels for testing come from frozen
 * presentations (readout.h). */
#ifndef CLSNN_RUNNING_H
#define CLSNN_RUNNING_H

#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

struct clsnn_running;
enum clsnn_status clsnn_running_create(uint32_t n_post, uint32_t n_classes, struct clsnn_running **out);
void clsnn_running_destroy(struct clsnn_running *r); /* takes NULL */
/* Adds the counts [n_post] of one image, in training order, and its class, below n_classes. */
void clsnn_running_add(struct clsnn_running *r, const uint16_t *counts, uint8_t class);
/* Returns the running accuracy after every CLSNN_RUNNING_EVERY of the images added; borrowed until the next
 * is added. Without memory for all, the last are missing. *out_n: their number. */
enum { CLSNN_RUNNING_EVERY = 250 };
const float *clsnn_running_history(const struct clsnn_running *r, size_t *out_n);
uint64_t clsnn_running_seen(const struct clsnn_running *r); /* returns the number of images added */
/* Returns the share of the last 1000 images classified right; negative before 100 images. */
double clsnn_running_accuracy(const struct clsnn_running *r);

#endif
