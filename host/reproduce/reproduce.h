/* The results of Kim & Kim (2020) beside ours: their numbers, our statistics over seeds, and the page, tables
 * and figures made of finished runs. A sweep (sweep/sweep.h) trains the runs. */
#ifndef CLSNN_REPRODUCE_H
#define CLSNN_REPRODUCE_H

#include <stdio.h>

#include "clsnn/experiment.h"
#include "options/options_table.h"
#include "base/stats.h"
#include "run/paper.h"
#include "run/run_json.h"

#define CLSNN_REPRODUCE_SIZES 16

/* One run of the table: one size, one seed. */
struct clsnn_reproduced_run {
    uint32_t neurons;
    uint64_t seed;
    char dir[64];                /* below clsnn_reproduction.dir: "runs/n100-s1" */
    bool kept;                   /* found finished, so not trained by this call */
    const struct clsnn_run *run; /* borrowed; NULL: the run is not finished */
};

/* A device that shared the work. */
struct clsnn_reproduced_on {
    const struct clsnn_device_info *info; /* borrowed */
    int work_group;
};

struct clsnn_reproduction {
    /* The caller sets everything but runs; these pointers are borrowed. */
    const struct clsnn_options *options;
    const struct clsnn_dataset *data;
    const struct clsnn_reproduced_on *devices; /* [n_devices], at least one */
    size_t n_devices;
    const char *dir;
    uint32_t sizes[CLSNN_REPRODUCE_SIZES];
    size_t n_sizes;
    uint32_t n_seeds, epochs;
    uint64_t seed;                                    /* the first seed */
    uint32_t train_images, label_images, test_images; /* numbers that the runs use */
    char kernels_sha256[CLSNN_SHA256_HEX];
    char started[32], finished[32]; /* ISO 8601, UTC */
    double seconds;                 /* of this call; runs that were kept took their time earlier */
    /* [n_sizes * n_seeds], owned: all seeds of sizes[0], then of sizes[1], ... */
    struct clsnn_reproduced_run *runs;
};

/* Makes r->runs with their sizes and seeds, none of them finished. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_plan(struct clsnn_reproduction *r);
void clsnn_reproduction_finish(struct clsnn_reproduction *r); /* takes {0} */

/* Returns true if the runs use the data of Kim & Kim (2020): all 60,000 training and 10,000 test images of
 * MNIST. */
bool clsnn_reproduction_is_comparable(const struct clsnn_reproduction *r);

/* One cell of the table: statistics in percent over the seeds of one size, after one epoch. */
struct clsnn_reproduced_cell {
    uint32_t neurons, epoch;
    struct clsnn_stats all, proportion;
    double paper;      /* the number of Kim & Kim (2020); NaN: they print none */
    double difference; /* all.mean - paper; NaN without their number, or if the data are not comparable */
    bool below;        /* all.mean is more than CLSNN_REPRODUCE_BELOW points below paper */
};
#define CLSNN_REPRODUCE_BELOW 1.5
struct clsnn_reproduced_cell clsnn_reproduction_cell(const struct clsnn_reproduction *r, size_t size,
                                                     uint32_t epoch);

/* Returns the index in r->runs of the run that Figure 4 shows: of 100 neurons if that is a size, else of the
 * first size; in both cases the first seed. */
size_t clsnn_reproduction_shown(const struct clsnn_reproduction *r);
/* Returns true if Figure 4 shows the weights after this epoch. */
bool clsnn_reproduction_shows_epoch(uint32_t epoch);

/* Returns dir/epoch-K.npz, the file with w and theta_mv of the shown run after epoch K. malloc'ed; NULL (and
 * the error recorded) without memory. */
char *clsnn_reproduction_epoch_path(const char *dir, uint32_t epoch);
/* Checks that dir/epoch-K.npz can be read and belongs to the run with evaluation m, which is of epoch K.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA damaged, or of another run; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_check_epoch(const char *dir, const struct clsnn_metrics *m);

/* Writes reproduce.json, table1.md, table1.csv, figure3, figure4 and report.html into r->dir.
 * Errors: CLSNN_E_IO, CLSNN_E_DATA a file of Figure 4's weights, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_write(const struct clsnn_reproduction *r);
/* Prints one JSON object with --json, else table1.md and the names of the files. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_print(const struct clsnn_reproduction *r, FILE *out);

#endif
