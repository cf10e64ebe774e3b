/* A search: random points are trained for one epoch, the worse half stops, the others go on from their
 * checkpoints to 2, 4, 8 ... epochs, and the best one is trained with other seeds. Each stage is a sweep in a
 * directory of its own, and nothing else remembers what was done: a search that was interrupted, anywhere, is
 * started again and finds its finished runs. */
#ifndef CLSNN_TUNE_H
#define CLSNN_TUNE_H

#include "base/stats.h"
#include "options/options_file.h"
#include "run/run_json.h"
#include "sweep/sweep.h"

/* A point of the search. */
struct clsnn_tune_point {
    size_t run;                         /* of the grid */
    uint32_t epochs;                    /* trained for */
    bool has_failed;                    /* in its last stage */
    char warnings[CLSNN_WARNING_NAMES]; /* of that stage's run */
    struct clsnn_metrics *metrics;      /* [n_metrics], an evaluation an epoch; owned */
    size_t n_metrics;
};

struct clsnn_tune {
    /* The caller sets these; pointers are borrowed. */
    const struct clsnn_grid *grid;       /* the points: all axes advance together, none is the seed */
    const struct clsnn_options *options; /* of every run: epochs at most, eval_every 1, the seed */
    uint32_t n_seeds;                    /* that train the best point, from options->seed + 1 on */
    const struct clsnn_sweep_device *devices;
    size_t n_devices;
    const struct clsnn_dataset *data; /* with validation images */
    const char *dir;
    uint32_t shard, n_shards;
    const struct clsnn_warnings *warnings;
    /* clsnn_tune_run makes these. */
    bool has_begun;                       /* the directory is of this search, and has its page */
    struct clsnn_tune_point *points;      /* [grid->n_runs], the best first; owned */
    struct clsnn_stats all, proportion;   /* of the best point's seeds, in percent */
    double *seeds_all, *seeds_proportion; /* [n_seeds] in percent, owned */
    uint32_t n_tested;                    /* validation images that each network is tested on */
    size_t n_warned;                      /* of these runs */
    uint64_t images;                      /* trained on in this start */
    double test_pace;                     /* of the last stage, for the time left */
};
void clsnn_tune_finish(struct clsnn_tune *t); /* takes {0} */

/* Adds the range of each tuned parameter for a rule, a number of laws.def, and this number
 * of neurons. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_tune_defaults(int32_t rule, uint32_t neurons, struct clsnn_settings *out);

/* Searches. A failed run is the worst of its stage.
 * Errors: CLSNN_STOPPED the watcher stopped, or other shards have runs left; CLSNN_E_FAILED every point of a
 * stage, or a run of the best point, has failed; those of clsnn_sweep_run. */
enum clsnn_status clsnn_tune_run(struct clsnn_tune *t, const struct clsnn_sweep_watcher *watch);

/* Returns the point's last evaluation; NULL if it has none. */
const struct clsnn_metrics *clsnn_tune_last(const struct clsnn_tune_point *p);
/* Returns the number of epochs of the stage after the one of `epochs`; at most `most`. */
uint32_t clsnn_tune_next(uint32_t epochs, uint32_t most);

/* Writes best.ini and tune.csv, which hold no times and no machine's name. Errors: CLSNN_E_IO,
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_tune_files(const struct clsnn_tune *t);
/* Writes report.html, with the points that have been trained. The page of a search under way loads itself
 * again; that of a failed one has the recorded error. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_tune_page(const struct clsnn_tune *t, enum clsnn_run_state state);

#endif
