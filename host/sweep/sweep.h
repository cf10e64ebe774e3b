/* Many independent runs on one device: packed into labs by size, long ones first, each in a directory of its own under DIR/runs, on disk as
 * soon as it is finished. What is finished is not done again. */
#ifndef CLSNN_SWEEP_H
#define CLSNN_SWEEP_H

#include "sweep/grid.h"
#include "run/run_read.h"

struct clsnn_sweep {
    const struct clsnn_grid *grid;
    const struct clsnn_options *options; /* what all runs have in common */
    struct clsnn_device *dev;
    const struct clsnn_program *prog;
    const struct clsnn_dataset *data;
    const char *dir;
    uint32_t shard, n_shards; /* 1-based */
};

/* Where a sweep stands. */
struct clsnn_sweep_stage {
    size_t n_runs, n_done, n_failed, n_running,
        n_waiting;                 /* of this shard; done ones of earlier starts included */
    uint64_t images, images_total; /* trained on since the start, and to be */
    double seconds, images_per_second, eta_seconds;
};

struct clsnn_sweep_watcher {
    bool (*stage)(void *ctx, const struct clsnn_sweep_stage *stage); /* false stops (CLSNN_STOPPED) */
    void (*note)(void *ctx, const char *text); /* a line for people: a run done anew, a failed run */
    void *ctx;
};

/* What is in every run's directory, runs[grid->n_runs]; the caller's, malloc'ed. */
enum clsnn_status clsnn_sweep_look(const struct clsnn_sweep *s, struct clsnn_run_result **out);

/* How many finished runs are in DIR/runs that are none of this sweep's, and so in none of its tables. */
enum clsnn_status clsnn_sweep_others(const struct clsnn_sweep *s, size_t *out_n);

/* Does the shard's runs that are not finished, and updates runs (clsnn_sweep_look's). No other process may work on any of the same runs in
 * dir: CLSNN_E_USAGE names it. Errors: those of training; CLSNN_E_IO; CLSNN_STOPPED, what is finished is on disk then; a run that
 * meets a fault is marked as failed, and the others go on. */
enum clsnn_status clsnn_sweep_run(const struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                  struct clsnn_run_result *runs, struct clsnn_sweep_stage *out_stage);

#endif
