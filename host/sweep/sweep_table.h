/* The tables and pictures of a sweep. */
#ifndef CLSNN_SWEEP_TABLE_H
#define CLSNN_SWEEP_TABLE_H

#include "sweep/sweep.h"

/* Writes the tables and pictures into s->dir:
 *
 * results.csv, results.jsonl  a line a run, in the order of the grid
 * summary.csv                 a line for all runs that differ only in their seed: runs, finished runs; mean,
 *                             standard deviation, half width of the 95 % interval of both votes, in percent
 * accuracy-NAME               for every swept number, in the formats of --figures; removes such pictures that
 *                             an earlier sweep left
 *
 * out_names  names of the files written, with ", " between them; malloc'ed, the caller's
 * No file holds times or a machine's name, so equal runs give equal bytes on any machine, in any division.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_table_write(const struct clsnn_sweep *s, char **out_names);
/* Prints the summary as a table for people, or as one JSON array if json. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_table_print(const struct clsnn_sweep *s, FILE *to, bool json);

#endif
