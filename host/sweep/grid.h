/* A grid: the runs of a sweep. Each list or range of a file is an axis; each run has its own options. */
#ifndef CLSNN_GRID_H
#define CLSNN_GRID_H

#include "options/options_file.h"
#include "sweep/axis.h"

struct clsnn_grid {
    struct clsnn_axis *axes; /* [n_axes], in the file's order */
    size_t n_axes, n_groups, n_runs;
    struct clsnn_options *options; /* [n_runs], owned; each as clsnn train would have parsed them */
    bool short_names;              /* names of runs as reproduce has them: "n100-s1" */
    /* values of the file that the command line replaces: "epochs = 3 by 1; ...", or "" */
    char replaced[256];
};

/* Reads a sweep's file. In FILE.ini each key is an option of clsnn train or a model parameter. Each value is
 * one value, or a list whose items are values, ranges ("1..10", both ends included; "0.02..0.1..0.02" with a
 * step that leads to the last value) or log(FIRST..LAST, COUNT). `zip = a, b | c, d` makes a and b advance
 * together, and c and d. All groups are combined; the last in the file advances fastest. With base->random or
 * a line random = K, K points are drawn from the lists (draw.h), and each is combined with the seed's list.
 * A FILE.csv has a header of names, and a row for each run.
 *
 * base         the options so far
 * defaults     settings for keys that neither FILE.ini nor the user gives; NULL: none
 * out_options  base with the file's single values put in; a value from the command line wins over the file's
 * Errors: CLSNN_E_IO; CLSNN_E_USAGE naming file, line and key: an unknown key (with the nearest), a file
 * without keys, an empty list or range, a value out of its range, a key, a value or a run twice, zipped lists
 * of unequal length, a parameter that no run reads, a list for a key that cannot be swept or stands on the
 * command line, more than CLSNN_GRID_MAX_RUNS runs; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_grid_read(const char *path, const struct clsnn_options *base,
                                  const struct clsnn_settings *defaults, struct clsnn_grid *out,
                                  struct clsnn_options *out_options);
bool clsnn_grid_is_table(const char *path); /* returns whether the path is FILE.csv */
/* Makes a grid of some runs of g, whose options are derived from base. runs: [n], at least one. g has no axis
 * that is the seed. Errors: CLSNN_E_USAGE, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_grid_pick(const struct clsnn_grid *g, const struct clsnn_options *base,
                                  const size_t *runs, size_t n, struct clsnn_grid *out);
/* Makes n_runs runs with the seeds base->seed, base->seed + 1, ...
 * Errors: CLSNN_E_USAGE a seed above 2^64 - 1; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_grid_seeds(const struct clsnn_options *base, uint32_t n_runs, struct clsnn_grid *out);
/* Makes a run for each size and each of n_seeds seeds, from base->seed on; runs are tested after each epoch.
 * sizes: [n_sizes], all different. Errors: CLSNN_E_USAGE a seed above 2^64 - 1; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_grid_sizes(const struct clsnn_options *base, const uint32_t *sizes, size_t n_sizes,
                                   uint32_t n_seeds, struct clsnn_grid *out);
void clsnn_grid_finish(struct clsnn_grid *g); /* takes {0} */

/* Returns the index of the run's value in axis->values; clsnn_grid_value returns its text, borrowed. */
size_t clsnn_grid_index(const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis);
const char *clsnn_grid_value(const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis);
/* Returns the run's directory name, which no other run has: "neurons-100_seed-3". malloc'ed; NULL (and the
 * error recorded) without memory. */
char *clsnn_grid_name(const struct clsnn_grid *g, size_t run);

#endif
