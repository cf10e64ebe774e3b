/* Many independent runs on one device: packed into batches by size, large networks and long runs first, each in a directory of its own
 * under DIR/runs, on disk as soon as it is finished. A finished run is not done again. */
#ifndef CLSNN_SWEEP_H
#define CLSNN_SWEEP_H

#include "run/report.h"
#include "run/run_read.h"
#include "sweep/grid.h"

/* One run of the grid. */
struct clsnn_sweep_run {
    struct clsnn_plan plan;
    char *name, *dir; /* "neurons-100_seed-3"; DIR/runs/NAME; owned */
    struct clsnn_found_run result;
    bool own; /* this shard's */
};

struct clsnn_sweep {
    /* Set by the caller, and borrowed. */
    const struct clsnn_grid *grid;
    const struct clsnn_options *options; /* what all runs have in common */
    struct clsnn_device *dev;
    const struct clsnn_program *prog;
    const struct clsnn_dataset *data;
    const char *dir;
    uint32_t shard, n_shards; /* 1-based */
    const char
        *kernels_sha256; /* only runs of these kernels and this version count as finished; NULL: all do */
    /* Made by clsnn_sweep_plan. */
    struct clsnn_sweep_run *runs; /* [grid->n_runs], owned */
};

/* Where a sweep stands. */
struct clsnn_sweep_stage {
    size_t n_runs, n_done, n_failed, n_running, n_waiting; /* of this shard; earlier starts included */
    uint64_t images, images_total;                         /* trained on since the start, and to be */
    double seconds, images_per_second, eta_seconds;
    bool reading_out; /* true once, before the first readout, which may compile for seconds */
};

/* Members may be NULL. */
struct clsnn_sweep_watcher {
    bool (*stage)(void *ctx, const struct clsnn_sweep_stage *stage); /* false stops (CLSNN_STOPPED) */
    void (*note)(void *ctx, const char *text, bool is_warning);      /* a line for people */
    /* Looks at what else a finished run's directory has to hold. A failure makes the run unfinished, with its text as the reason. */
    enum clsnn_status (*check)(void *ctx, const struct clsnn_sweep_run *run);
    /* An evaluation's files are written; here are more. */
    enum clsnn_status (*evaluated)(void *ctx, const struct clsnn_sweep_run *run,
                                   const struct clsnn_experiment *x, const struct clsnn_metrics *m);
    /* A run is through: files beside those of every run. run->result is filled. */
    enum clsnn_status (*finished)(void *ctx, const struct clsnn_sweep_run *run,
                                  const struct clsnn_report *report, const struct clsnn_learned *learned);
    void *ctx;
};

/* Plans every run, and looks at what is in its directory. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_plan(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch);
void clsnn_sweep_finish(struct clsnn_sweep *s); /* takes {0} */

/* How many runs of the grid are finished, and how many failed. */
void clsnn_sweep_count(const struct clsnn_sweep *s, size_t *out_finished, size_t *out_failed);
/* How many finished runs are in DIR/runs that are none of this sweep's, and so in none of its tables. */
enum clsnn_status clsnn_sweep_others(const struct clsnn_sweep *s, size_t *out_n);

/* Does the shard's runs that are not finished. No other process may work on any of the same runs in dir: CLSNN_E_USAGE names it. Only
 * one run's files or numbers going wrong leaves the others going on: a fault marks a run as failed; a file that cannot be written is
 * told at the end, CLSNN_E_IO. Errors besides: those of training; CLSNN_STOPPED, finished runs are on disk then. */
enum clsnn_status clsnn_sweep_run(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                  struct clsnn_sweep_stage *out_stage);

#endif
