/* Computes our numbers over seeds, beside those of Kim & Kim (2020). reproduce_page.c makes the page. */
#include "reproduce/reproduce.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "options/options_render.h"

static const uint32_t figure_epochs[] = {1, 3, 5, 7}; /* epochs of Figure 4 in Kim & Kim (2020) */

enum clsnn_status clsnn_reproduction_plan(struct clsnn_reproduction *r) {
    r->runs = calloc(r->n_sizes * r->n_seeds, sizeof *r->runs);
    if (!r->runs)
        return clsnn_fail(CLSNN_E_MEMORY, "reproduce: no memory for %zu runs", r->n_sizes * r->n_seeds);
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (uint32_t k = 0; k < r->n_seeds; k++) {
            struct clsnn_reproduced_run *run = &r->runs[s * r->n_seeds + k];
            run->neurons = r->sizes[s];
            run->seed = r->seed + k;
        }
    }
    return CLSNN_OK;
}

void clsnn_reproduction_finish(struct clsnn_reproduction *r) {
    free(r->runs);
    *r = (struct clsnn_reproduction){.dir = NULL};
}

bool clsnn_reproduction_is_comparable(const struct clsnn_reproduction *r) {
    return strcmp(r->data->name, "mnist") == 0 && r->train_images == 60000 && r->test_images == 10000;
}

/* Returns the run's evaluation after the epoch; NULL if the run has none. */
static const struct clsnn_metrics *metrics_of(const struct clsnn_reproduced_run *run, uint32_t epoch) {
    for (size_t k = 0; run->run && k < run->run->n_metrics; k++)
        if (run->run->metrics[k].epoch == epoch) return &run->run->metrics[k];
    return NULL;
}

struct clsnn_reproduced_cell clsnn_reproduction_cell(const struct clsnn_reproduction *r, size_t size,
                                                     uint32_t epoch) {
    double all[1000], proportion[1000]; /* --seeds is at most 1000 */
    size_t n = 0;
    for (uint32_t k = 0; k < r->n_seeds && n < sizeof all / sizeof *all; k++) {
        const struct clsnn_metrics *m = metrics_of(&r->runs[size * r->n_seeds + k], epoch);
        if (!m) continue;
        all[n] = 100 * m->accuracy_all;
        proportion[n++] = 100 * m->accuracy_proportion;
    }
    struct clsnn_reproduced_cell cell = {.neurons = r->sizes[size],
                                         .epoch = epoch,
                                         .all = clsnn_stats_of(all, n),
                                         .proportion = clsnn_stats_of(proportion, n),
                                         .paper = clsnn_paper_accuracy(r->sizes[size], epoch),
                                         .difference = (double)NAN};
    if (clsnn_reproduction_is_comparable(r)) cell.difference = cell.all.mean - cell.paper;
    cell.below = cell.difference < -(CLSNN_REPRODUCE_BELOW + 1e-9); /* exactly 1.5 points are not marked */
    return cell;
}

size_t clsnn_reproduction_shown(const struct clsnn_reproduction *r) {
    for (size_t s = 0; s < r->n_sizes; s++)
        if (r->sizes[s] == 100) return s * r->n_seeds;
    return 0;
}

bool clsnn_reproduction_shows_epoch(uint32_t epoch) {
    for (size_t k = 0; k < sizeof figure_epochs / sizeof *figure_epochs; k++)
        if (figure_epochs[k] == epoch) return true;
    return false;
}

char *clsnn_reproduction_epoch_path(const char *dir, uint32_t epoch) {
    char name[32];
    snprintf(name, sizeof name, "epoch-%u.npz", epoch);
    return clsnn_file_join(dir, name);
}

/* The file belongs to the run if the mean of its theta equals the one in run.json, bit for bit. */
enum clsnn_status clsnn_reproduction_check_epoch(const char *dir, const struct clsnn_metrics *m) {
    struct clsnn_learned l = {0};
    double sum = 0;
    char *path = clsnn_reproduction_epoch_path(dir, (uint32_t)m->epoch);
    if (!path) return CLSNN_E_MEMORY;
    enum clsnn_status st = clsnn_learned_read(path, &l);
    for (uint32_t j = 0; j < l.n_post; j++) sum += (double)l.theta_mv[j];
    if (st == CLSNN_OK && sum / l.n_post != m->theta_mean_mv)
        st = clsnn_fail(CLSNN_E_DATA, "%s: its mean theta is not that of the run", path);
    clsnn_learned_finish(&l);
    free(path);
    return st;
}
