/* The results of Kim & Kim (2020) beside ours: their numbers, statistics over seeds, and the page, tables and figures made
 * of finished runs. A sweep (sweep/sweep.h) trains the runs. */
#ifndef CLSNN_REPRODUCE_H
#define CLSNN_REPRODUCE_H

#include <stdio.h>

#include "clsnn/experiment.h"
#include "options/options_table.h"
#include "base/stats.h"
#include "run/run_json.h"

#define CLSNN_REPRODUCE_SIZES 16

/* Table 1 of Kim & Kim (2020): accuracy in percent after so many epochs; NaN where it prints none. */
double clsnn_paper_accuracy(uint32_t neurons, uint32_t epochs);

/* A run of the table. */
struct clsnn_reproduced_run {
    uint32_t neurons;
    uint64_t seed;
    char dir[64];                /* below the results' directory */
    bool kept;                   /* found finished, not trained now */
    const struct clsnn_run *run; /* borrowed; NULL: not finished */
};

struct clsnn_reproduction {
    /* borrowed */
    const struct clsnn_options *options;
    const struct clsnn_dataset *data;
    const struct clsnn_device_info *device;
    const char *dir;
    int work_group;
    uint32_t sizes[CLSNN_REPRODUCE_SIZES];
    size_t n_sizes;
    uint32_t n_seeds, epochs;
    uint64_t seed;                                    /* the first */
    uint32_t train_images, label_images, test_images; /* used */
    char kernels_sha256[CLSNN_SHA256_HEX];
    char started[32], finished[32]; /* ISO 8601, UTC */
    double seconds;                 /* of this call, without what was kept */
    struct clsnn_reproduced_run
        *runs; /* [n_sizes * n_seeds], owned: all seeds of sizes[0], then of sizes[1], ... */
};

/* Lays out the runs, none of them finished. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_plan(struct clsnn_reproduction *r);
void clsnn_reproduction_finish(struct clsnn_reproduction *r); /* takes {0} */

/* Whether the numbers are of the paper's experiment: MNIST, all 60,000 training and 10,000 test images. */
bool clsnn_reproduction_is_comparable(const struct clsnn_reproduction *r);

/* One cell of the table: statistics over the seeds of a size after an epoch. */
struct clsnn_reproduced_cell {
    uint32_t neurons, epoch;
    struct clsnn_stats all, proportion;
    double paper;      /* NaN: none */
    double difference; /* all.mean - paper; NaN where there is no paper's, or the experiment is another one */
    bool below;        /* by more than CLSNN_REPRODUCE_BELOW points */
};
#define CLSNN_REPRODUCE_BELOW 1.5
struct clsnn_reproduced_cell clsnn_reproduction_cell(const struct clsnn_reproduction *r, size_t size,
                                                     uint32_t epoch);

/* The run whose weights Figure 4 shows: of 100 neurons, or of the first size; and whether it shows that epoch. */
size_t clsnn_reproduction_shown(const struct clsnn_reproduction *r);
bool clsnn_reproduction_shows_epoch(uint32_t epoch);

/* The file below dir with w and theta_mv as they were after an epoch of the run that is shown. malloc'ed; NULL (and the
 * error recorded) without memory. */
char *clsnn_reproduction_epoch_path(const char *dir, uint32_t epoch);
/* Whether that file is there and belongs to the run. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_reproduction_check_epoch(const char *dir, const struct clsnn_metrics *m);

/* Writes reproduce.json, table1.md, table1.csv, figure3.png, figure4.png and report.html into r->dir. */
enum clsnn_status clsnn_reproduction_write(const struct clsnn_reproduction *r);
/* One JSON object with --json, else table1.md and where everything is. */
enum clsnn_status clsnn_reproduction_print(const struct clsnn_reproduction *r, FILE *out);

#endif
