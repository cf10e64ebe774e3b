/* The tables and pictures of many runs. */
#ifndef CLSNN_SWEEP_TABLE_H
#define CLSNN_SWEEP_TABLE_H

#include "sweep/grid.h"
#include "run/run_read.h"

/* Many runs of a grid. */
struct clsnn_results {
    const struct clsnn_grid *grid;
    const struct clsnn_options *options; /* common to all runs */
    const char *data_name;
    const struct clsnn_run_result *runs; /* [grid->n_runs] */
};

/* Writes into dir: results.csv and results.jsonl (a line a run, in the sweep's order), summary.csv (a line for all runs that differ in their
 * seed only: n, mean, standard deviation, half width of the 95 % interval of both votes), and for every swept number accuracy-NAME.png.
 * The same pictures of what is not swept, which another sweep has left there, are removed.
 * out_names: those written, with ", " between them; malloc'ed, the caller's.
 * No file holds times or names of machines: the same runs give the same bytes, wherever and in how many parts they were done. */
enum clsnn_status clsnn_results_write(const struct clsnn_results *r, const char *dir, char **out_names);
/* The summary as a table for people, or (json) as one JSON array. */
enum clsnn_status clsnn_results_print(const struct clsnn_results *r, FILE *to, bool json);

#endif
