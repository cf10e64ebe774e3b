/* The runs of a sweep: lists and ranges of a file turned into axes, and axes into the options of each run. */
#ifndef CLSNN_GRID_H
#define CLSNN_GRID_H

#include "options/options_table.h"

#define CLSNN_GRID_MAX_RUNS 10000

/* One swept option or parameter. */
struct clsnn_axis {
    const struct clsnn_option_row *row; /* or */
    const struct clsnn_param_info *param;
    const char *name; /* of either */
    char *label;      /* "sweep.ini:3: neurons", for messages; owned */
    char **values;    /* [n_values] texts as clsnn prints them, owned; all different */
    size_t n_values;
    size_t group; /* axes of one group advance together; groups are numbered by their first axes */
    size_t zip;   /* the part of zip that names it, from 1 on; 0: none */
};

struct clsnn_grid {
    struct clsnn_axis *axes; /* [n_axes], in the file's order */
    size_t n_axes, n_groups, n_runs;
    struct clsnn_options *options; /* [n_runs], owned: each as if clsnn train had been given them */
    bool short_names;              /* of reproduce: "n100-s1" */
};

/* Reads a sweep's file: each key is an option of clsnn train or a model parameter. Its value is one value, a list ("100, 225, 400"), a range
 * ("1..10", both ends included; "0.02..0.1..0.02" with a step), or a list of both. `zip = a, b | c, d` lets a and b advance together, and
 * c and d; all others are combined, the last in the file fastest.
 *
 * base: the options so far; out_options: with the file's single values put in, unless the command line gave them (it wins).
 * Errors: CLSNN_E_IO; CLSNN_E_USAGE naming file, line and key: an unknown key (with the nearest), an empty list or range, a value out of its
 * range, a value twice, lists of unequal length zipped, a list for what cannot be swept or was given on the command line, more
 * than CLSNN_GRID_MAX_RUNS runs. */
enum clsnn_status clsnn_grid_read(const char *path, const struct clsnn_options *base, struct clsnn_grid *out,
                                  struct clsnn_options *out_options);
/* n_runs runs that differ in their seed: base's, and those after it. */
enum clsnn_status clsnn_grid_seeds(const struct clsnn_options *base, uint32_t n_runs, struct clsnn_grid *out);
/* Every size with n_seeds seeds, base's and those after it, tested after each epoch. sizes are all different.
 * Errors: CLSNN_E_USAGE seeds beyond the last there is. */
enum clsnn_status clsnn_grid_sizes(const struct clsnn_options *base, const uint32_t *sizes, size_t n_sizes,
                                   uint32_t n_seeds, struct clsnn_grid *out);
void clsnn_grid_finish(struct clsnn_grid *g); /* takes {0} */

/* Which value of an axis a run has. */
size_t clsnn_grid_index(const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis);
const char *clsnn_grid_value(const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis);
/* A directory name that tells a run from all others: "neurons-100_seed-3"; malloc'ed. NULL without memory. */
char *clsnn_grid_name(const struct clsnn_grid *g, size_t run);

/* "2/4" to 2 and 4. NULL: a Slurm job array's task where there is one (*out_slurm true), else 1/1.
 * Errors: CLSNN_E_USAGE. */
enum clsnn_status clsnn_grid_shard(const char *text, uint32_t *out_i, uint32_t *out_n, bool *out_slurm);

#endif
