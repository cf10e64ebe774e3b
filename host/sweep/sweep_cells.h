/* The runs of a sweep, gathered by their settings: runs of one cell differ only in their seed. */
#ifndef CLSNN_SWEEP_CELLS_H
#define CLSNN_SWEEP_CELLS_H

#include "base/stats.h"
#include "sweep/sweep.h"

struct clsnn_sweep_cell {
    size_t first; /* the first of these runs; its other values hold for all of them */
    size_t n_runs;
    struct clsnn_stats all, proportion; /* accuracy in percent, over the finished runs */
};

/* Makes the cells, in the order of their first runs, in time linear in the runs: a page under way asks often.
 * *out: [*out_n], malloc'ed. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_cells(const struct clsnn_sweep *s, struct clsnn_sweep_cell **out,
                                    size_t *out_n);

bool clsnn_sweep_is_seed(const struct clsnn_axis *axis);
/* Returns true if runs a and b agree in every axis but the seed. but, unless NULL, is one more axis in which
 * they may differ, with all axes of its group. */
bool clsnn_sweep_same_but_seed(const struct clsnn_grid *g, size_t a, size_t b, const struct clsnn_axis *but);
/* Returns the run's state in a word or three, for tables: "finished", "broken off". */
const char *clsnn_sweep_state(const struct clsnn_sweep_run *run);

#endif
