/* Snapshots: the network after chosen numbers of images, each as snapshots/model-IMAGES.npz; and the pictures
 * made of them, weights.apng and weights-strip.png. */
#ifndef CLSNN_SNAPSHOTS_H
#define CLSNN_SNAPSHOTS_H

#include "run/report.h"

/* The numbers of trained images after which a run keeps its network. */
struct clsnn_snapshots {
    uint64_t *images; /* [n] rising; owned */
    size_t n;
};

/* Reads --snapshots: E after every E epochs; Ki after every K images; a list with commas, such as
 * 0,1000i,1,3, after these alone. A repeated number counts from the start, which is kept too.
 * Errors: CLSNN_E_USAGE a bad or too long list, or a moment beyond the plan; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_snapshots_read(const char *text, const struct clsnn_plan *plan,
                                       struct clsnn_snapshots *out);
void clsnn_snapshots_finish(struct clsnn_snapshots *s); /* takes {0} */

/* Keeps the network of the report's experiment if its number of images is one of s; else does nothing. The
 * file has model.npz's format, with labels only after an evaluation.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_snapshots_keep(const struct clsnn_snapshots *s, const struct clsnn_report *r);
/* Draws both pictures of the snapshots that are there. Does nothing if there are none.
 * Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY, CLSNN_E_FAILED. */
enum clsnn_status clsnn_snapshots_draw(const struct clsnn_snapshots *s, const struct clsnn_report *r);

#endif
