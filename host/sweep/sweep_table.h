/* The tables and pictures of a sweep. */
#ifndef CLSNN_SWEEP_TABLE_H
#define CLSNN_SWEEP_TABLE_H

#include "sweep/sweep.h"

/* Writes into s->dir: results.csv and results.jsonl (a line a run, in the sweep's order), summary.csv (a line for all
 * runs that differ in their seed only: n, mean, standard deviation, half width of the 95 % interval of both votes), and
 * for every swept number accuracy-NAME.png. The same pictures of what is not swept, which another sweep has left there,
 * are removed.
 * out_names: those written, with ", " between them; malloc'ed, the caller's.
 * No file holds times or names of machines: the same runs give the same bytes, wherever and in how many parts they were
 * done. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_table_write(const struct clsnn_sweep *s, char **out_names);
/* The summary as a table for people, or (json) as one JSON array. */
enum clsnn_status clsnn_sweep_table_print(const struct clsnn_sweep *s, FILE *to, bool json);

#endif
