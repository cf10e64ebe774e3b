/* What a run leaves behind: the directory with run.json, metrics, model and pictures, and the result for people or programs. */
#ifndef CLSNN_REPORT_H
#define CLSNN_REPORT_H

#include <stdio.h>

#include "clsnn/experiment.h"
#include "options/options_table.h"

/* How a run ended, for run.json. A failed one says why: run.json's "error" is the text of the recorded failure. */
enum clsnn_run_state { CLSNN_RUN_RUNNING, CLSNN_RUN_FINISHED, CLSNN_RUN_STOPPED, CLSNN_RUN_FAILED };

/* A run that reports to dir. Everything is borrowed. */
struct clsnn_report {
    const struct clsnn_options *options;
    const struct clsnn_experiment *experiment;
    const char *dir;       /* NULL: no files */
    const char *model;     /* eval: the file that was tested; NULL otherwise */
    char started[32];      /* ISO 8601, UTC */
    char resumed_from[64]; /* the checkpoint, below dir; "": the run began at its beginning */
};

/* Makes dir, checks that it can be written, and moves an earlier run's files into dir/previous-K, so that no finished result is
 * overwritten; *out_moved is K or 0. Errors: CLSNN_E_IO. */
enum clsnn_status clsnn_report_prepare_dir(const char *dir, int *out_moved);

void clsnn_report_start(struct clsnn_report *r, const struct clsnn_options *o,
                        const struct clsnn_experiment *x, const char *dir);

/* All that decides about the bits of a result, as one line of JSON: sizes, seed, images, order, parameters, the data's hash. run.json
 * holds it as "plan", so a run can be told from another one. malloc'ed; NULL without memory. */
char *clsnn_report_plan(const struct clsnn_plan *plan, const struct clsnn_dataset *data);

/* run.json: arguments and configuration with origins, seed, versions, device, hashes, times, result. learned may be NULL. */
enum clsnn_status clsnn_report_run(const struct clsnn_report *r, enum clsnn_run_state state,
                                   const struct clsnn_learned *learned);
/* metrics.jsonl and metrics.csv: a line an evaluation. */
enum clsnn_status clsnn_report_metrics(const struct clsnn_report *r);
/* model.npz: w, theta_mv, about (JSON in bytes: parameters, seed, data set) and, when the network is labelled, labels and proportions. */
enum clsnn_status clsnn_report_model(const struct clsnn_report *r, const struct clsnn_learned *learned);
/* weights.png, accuracy.png (not for eval), confusion.png. */
enum clsnn_status clsnn_report_pictures(const struct clsnn_report *r, const struct clsnn_learned *learned);

/* The result of the last evaluation: one JSON object with --json, else a few lines. */
enum clsnn_status clsnn_report_result(const struct clsnn_report *r, const struct clsnn_learned *learned,
                                      FILE *out);
/* Where its files are, for people; once they are there. */
void clsnn_report_places(const struct clsnn_report *r, FILE *out);

#endif
