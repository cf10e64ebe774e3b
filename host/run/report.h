/* A run's directory, and the files in it that have no module of their own. */
#ifndef CLSNN_REPORT_H
#define CLSNN_REPORT_H

#include "base/clock.h"
#include "base/file.h"
#include "clsnn/experiment.h"
#include "options/options_table.h"
#include "run/warnings.h"

/* A run that reports to dir. Everything is borrowed. */
struct clsnn_report {
    const struct clsnn_options *options;
    const struct clsnn_experiment *experiment;
    const char *dir;   /* NULL: no files */
    const char *model; /* eval and predict: the tested model.npz; NULL otherwise */
    bool has_labels;   /* the tested model.npz has labels, and keeps them */
    char started[CLSNN_CLOCK_UTC];
    char resumed_from[64]; /* the checkpoint, below dir; "": the run began at its beginning */
    struct clsnn_warnings warnings;
    enum clsnn_durability durability; /* of the files */
};

void clsnn_report_start(struct clsnn_report *r, const struct clsnn_options *o,
                        const struct clsnn_experiment *x, const char *dir);

/* Checks that dir can be made, as clsnn_file_check_dir. Failures name --out if the options give it. */
enum clsnn_status clsnn_report_check_dir(const struct clsnn_options *o, const char *dir);

/* Makes dir and checks that it can be written. Moves an earlier run's files into dir/previous-K, so that no
 * finished result is overwritten. *out_moved is K, or 0 if there were none.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_report_prepare_dir(const char *dir, int *out_moved);

/* The next three write nothing if the report has no directory. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
/* Writes the file `name` in dir. text NULL: the caller had no memory for it, which is the error. */
enum clsnn_status clsnn_report_file(const struct clsnn_report *r, const char *name, const char *text,
                                    size_t n_bytes, enum clsnn_durability durability);
/* Makes the order of neurons in pictures of their weights, *out [n_post], malloc'ed; NULL: by number. By
 * label (--sort-weights) neurons without one come last. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_report_order(const struct clsnn_report *r, const struct clsnn_learned *l,
                                     uint32_t **out);
/* Writes metrics.jsonl and metrics.csv, a line for each evaluation. */
enum clsnn_status clsnn_report_metrics(const struct clsnn_report *r);
/* Writes model.npz: learned, with `about` (run/about.h). */
enum clsnn_status clsnn_report_model(const struct clsnn_report *r, const struct clsnn_learned *learned);

#endif
