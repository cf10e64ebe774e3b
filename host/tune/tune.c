/* The stages of a search. */
#include "tune/tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "experiment/experiment.h"
#include "model/tuned.h"
#include "sweep/sweep_page.h"
#include "sweep/sweep_table.h"

void clsnn_tune_finish(struct clsnn_tune *t) {
    for (size_t k = 0; t->points && k < t->grid->n_runs; k++)
        clsnn_metrics_free(t->points[k].metrics, t->points[k].n_metrics);
    free(t->points);
    free(t->seeds_all);
    free(t->seeds_proportion);
    t->points = NULL;
    t->seeds_all = t->seeds_proportion = NULL;
}

enum clsnn_status clsnn_tune_defaults(int32_t rule, uint32_t neurons, struct clsnn_settings *out) {
    /* How far a range goes from the tuned value, as a factor up and down; 1: the value stays as it is. */
    static const double reach[CLSNN_N_TUNED] = {3, 3, 4, 1.25, 1.3, 1.5, 1.4, 2, 1, 2};
    enum clsnn_status st = CLSNN_OK;
    double values[CLSNN_N_TUNED];
    uint32_t below, above;
    clsnn_tuned_values(rule, neurons, values, &below, &above);
    for (size_t k = 0; k < CLSNN_N_TUNED; k++) {
        char range[96], label[96];
        if (isnan(values[k])) continue;
        if (reach[k] > 1)
            snprintf(range, sizeof range, "log(%.4g..%.4g)", values[k] / reach[k], values[k] * reach[k]);
        else
            snprintf(range, sizeof range, "%.4g", values[k]);
        snprintf(label, sizeof label, "%s of clsnn tune", clsnn_tuned_names[k]);
        TRY(clsnn_settings_add(out, NULL, clsnn_param_find(clsnn_tuned_names[k]), range, label));
    }
fail:
    return st;
}

const struct clsnn_metrics *clsnn_tune_last(const struct clsnn_tune_point *p) {
    return p->n_metrics ? &p->metrics[p->n_metrics - 1] : NULL;
}

uint32_t clsnn_tune_next(uint32_t epochs, uint32_t most) {
    return epochs == 0 ? 1 : 2 * epochs < most ? 2 * epochs : most;
}

/* For qsort: the best point first. More epochs, then vote proportion, then vote all; equal points keep the
 * grid's order. */
static int compare(const void *a, const void *b) {
    const struct clsnn_tune_point *x = a, *y = b;
    const struct clsnn_metrics *m = clsnn_tune_last(x), *n = clsnn_tune_last(y);
    if (x->epochs != y->epochs) return x->epochs < y->epochs ? 1 : -1;
    if (x->has_failed != y->has_failed) return x->has_failed ? 1 : -1;
    if (m && n && m->accuracy_proportion != n->accuracy_proportion)
        return m->accuracy_proportion < n->accuracy_proportion ? 1 : -1;
    if (m && n && m->accuracy_all != n->accuracy_all) return m->accuracy_all < n->accuracy_all ? 1 : -1;
    return x->run < y->run ? -1 : x->run > y->run;
}

static void note(const struct clsnn_sweep_watcher *watch, const char *text) {
    if (watch && watch->note) watch->note(watch->ctx, text, false);
}

/* The stages after one. */
enum { MOST_STAGES = 16 }; /* 1, 2, 4 ... CLSNN_PLAN_MAX_EPOCHS epochs, and the best point's seeds */
_Static_assert(CLSNN_PLAN_MAX_EPOCHS <= 1 << (MOST_STAGES - 2), "a search has a stage for each doubling");

/* Lists the stages after that of n_points points and `epochs` epochs; epochs = most: only that of the seeds.
 * Returns their number. */
static size_t list_later(const struct clsnn_tune *t, const struct clsnn_plan *plan, size_t n_points,
                         uint32_t epochs, struct clsnn_sweep_later out[MOST_STAGES]) {
    const uint32_t most = (uint32_t)t->options->epochs, a_test = plan->label_images + plan->test_images;
    size_t n = 0;
    while (epochs < most) {
        const uint32_t next = clsnn_tune_next(epochs, most), more = next - epochs;
        n_points = (n_points + 1) / 2;
        out[n++] = (struct clsnn_sweep_later){(n_points + t->n_shards - 1) / t->n_shards,
                                              (uint64_t)more * plan->train_images, (uint64_t)more * a_test};
        epochs = next;
    }
    out[n++] = (struct clsnn_sweep_later){(t->n_seeds + t->n_shards - 1) / t->n_shards,
                                          (uint64_t)most * plan->train_images, (uint64_t)most * a_test};
    return n;
}

/* Writes the page of the search under way. Shards leave it to the end. */
static enum clsnn_status show_page(struct clsnn_tune *t) {
    t->has_begun = true;
    return t->n_shards == 1 ? clsnn_tune_page(t, CLSNN_RUN_RUNNING) : CLSNN_OK;
}

/* Trains a stage's runs in dir. from: the directory of the stage before, or NULL. is_best: the best
 * point's seeds, else points. The first stage has all points, so it shows whether the directory is of this
 * search. *out has every run finished or failed. */
static enum clsnn_status train(struct clsnn_tune *t, const struct clsnn_grid *grid,
                               const struct clsnn_options *o, const char *dir, const char *from, bool is_best,
                               const struct clsnn_sweep_watcher *watch, struct clsnn_sweep *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_sweep_stage stage = {0};
    struct clsnn_sweep_later later[MOST_STAGES];
    char *written = NULL;
    size_t n_finished, n_failed;
    *out = (struct clsnn_sweep){.grid = grid,
                                .options = o,
                                .devices = t->devices,
                                .n_devices = t->n_devices,
                                .data = t->data,
                                .dir = dir,
                                .shard = t->shard,
                                .n_shards = t->n_shards,
                                .keeps_checkpoints = true,
                                .from = from,
                                .has_page = t->n_shards == 1,
                                .warnings = t->warnings};
    TRY(clsnn_sweep_plan(out, watch));
    if (!from && !is_best) TRY(clsnn_sweep_refuse_others(out));
    t->n_tested = out->runs[0].plan.test_images;
    if (!is_best) TRY(show_page(t));
    out->later = later;
    out->test_pace = t->test_pace;
    if (!is_best) out->n_later = list_later(t, &out->runs[0].plan, grid->n_runs, (uint32_t)o->epochs, later);
    st = clsnn_sweep_run(out, watch, &stage);
    t->images += stage.images;
    if (st != CLSNN_OK && stage.n_runs) clsnn_sweep_page_end(out, &stage, st);
    t->test_pace = stage.test_pace;
    TRY(st);
    for (size_t k = 0; k < grid->n_runs; k++) /* other shards may have finished theirs since */
        if (!out->runs[k].own) TRY(clsnn_sweep_look(out, watch, &out->runs[k]));
    clsnn_sweep_count(out, &n_finished, &n_failed);
    if (n_finished + n_failed < grid->n_runs) {
        st = clsnn_fail(CLSNN_STOPPED,
                        "shard %u/%u has trained its part of %s; %zu runs of other shards are not finished: "
                        "start this command again when they are",
                        t->shard, t->n_shards, dir, grid->n_runs - n_finished - n_failed);
        goto fail;
    }
    if (t->shard == 1) st = clsnn_sweep_table_write(out, &written);
    out->has_page = true; /* each shard that finds the stage finished writes the same page */
    TRY(clsnn_sweep_page_end(out, stage.n_runs ? &stage : NULL, st));
fail:
    free(written);
    return st;
}

/* Trains the first n_points points for this many epochs, and sorts them. from and *out_dir: directories of
 * the stage before and of this one. */
static enum clsnn_status train_stage(struct clsnn_tune *t, size_t n_points, uint32_t epochs, const char *from,
                                     const struct clsnn_sweep_watcher *watch, char **out_dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid grid = {0};
    struct clsnn_sweep sweep = {0};
    struct clsnn_options o = *t->options; /* borrows its strings */
    char name[32], text[160];
    char *dir = NULL;
    size_t n_failed = 0, *runs = calloc(n_points, sizeof *runs);
    if (!runs) return clsnn_no_memory("tune");
    o.epochs = (int32_t)epochs;
    snprintf(name, sizeof name, "epochs-%u", epochs);
    dir = clsnn_file_join(t->dir, name);
    if (!dir) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    for (size_t k = 0; k < n_points; k++) runs[k] = t->points[k].run;
    TRY(clsnn_grid_pick(t->grid, &o, runs, n_points, &grid));
    snprintf(text, sizeof text, "%zu point%s train for %u of %d epoch%s", n_points, n_points == 1 ? "" : "s",
             epochs, t->options->epochs, t->options->epochs == 1 ? "" : "s");
    note(watch, text);
    TRY(train(t, &grid, &o, dir, from, false, watch, &sweep));
    for (size_t k = 0; k < n_points; k++) {
        struct clsnn_tune_point *p = &t->points[k];
        const struct clsnn_found_run *found = &sweep.runs[k].result;
        p->epochs = epochs;
        p->has_failed = found->found != CLSNN_FOUND_FINISHED;
        n_failed += p->has_failed;
        snprintf(p->warnings, sizeof p->warnings, "%s", p->has_failed ? "" : found->run.warnings);
        if (p->has_failed) continue;
        clsnn_metrics_free(p->metrics, p->n_metrics);
        p->metrics = NULL;
        p->n_metrics = 0;
        TRY(clsnn_metrics_copy(found->run.metrics, found->run.n_metrics, &p->metrics));
        p->n_metrics = found->run.n_metrics;
    }
    qsort(t->points, n_points, sizeof *t->points, compare);
    if (n_failed == n_points)
        TRY(clsnn_fail(CLSNN_E_FAILED, "all %zu points have failed; run.json in %s/runs says why", n_points,
                       dir));
    *out_dir = dir;
    dir = NULL;
fail:
    clsnn_sweep_finish(&sweep);
    clsnn_grid_finish(&grid);
    free(runs);
    free(dir);
    return st;
}

/* Trains the best point with other seeds. */
static enum clsnn_status train_best(struct clsnn_tune *t, const struct clsnn_sweep_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid best = {0}, grid = {0};
    struct clsnn_sweep sweep = {0};
    char text[96], *dir = clsnn_file_join(t->dir, "best");
    t->seeds_all = calloc(t->n_seeds, sizeof *t->seeds_all);
    t->seeds_proportion = calloc(t->n_seeds, sizeof *t->seeds_proportion);
    if (!dir || !t->seeds_all || !t->seeds_proportion) {
        st = clsnn_no_memory("tune");
        goto fail;
    }
    TRY(clsnn_grid_pick(t->grid, t->options, &t->points[0].run, 1, &best));
    struct clsnn_options o = best.options[0]; /* borrows its strings */
    o.seed++;
    TRY(clsnn_grid_seeds(&o, t->n_seeds, &grid));
    snprintf(text, sizeof text, "the best point trains with %u other seed%s", t->n_seeds,
             t->n_seeds == 1 ? "" : "s");
    note(watch, text);
    TRY(train(t, &grid, t->options, dir, NULL, true, watch, &sweep));
    for (size_t k = 0; k < grid.n_runs; k++) {
        const struct clsnn_found_run *found = &sweep.runs[k].result;
        if (found->found != CLSNN_FOUND_FINISHED)
            TRY(clsnn_fail(CLSNN_E_FAILED, "%s: a run of the best point failed: %s", sweep.runs[k].dir,
                           found->why));
        t->seeds_all[k] = 100 * clsnn_run_last(&found->run)->accuracy_all;
        t->seeds_proportion[k] = 100 * clsnn_run_last(&found->run)->accuracy_proportion;
    }
    t->all = clsnn_stats_of(t->seeds_all, t->n_seeds);
    t->proportion = clsnn_stats_of(t->seeds_proportion, t->n_seeds);
    t->n_warned = clsnn_sweep_n_warned(&sweep);
fail:
    clsnn_sweep_finish(&sweep);
    clsnn_grid_finish(&grid);
    clsnn_grid_finish(&best);
    free(dir);
    return st;
}

enum clsnn_status clsnn_tune_run(struct clsnn_tune *t, const struct clsnn_sweep_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    const uint32_t most = (uint32_t)t->options->epochs;
    size_t n_points = t->grid->n_runs;
    uint32_t epochs = clsnn_tune_next(0, most);
    char *from = NULL, *dir = NULL;
    t->points = calloc(n_points, sizeof *t->points);
    if (!t->points) return clsnn_no_memory("tune");
    for (size_t k = 0; k < n_points; k++) t->points[k].run = k;
    for (;;) {
        TRY(train_stage(t, n_points, epochs, from, watch, &dir));
        free(from);
        from = dir;
        dir = NULL;
        if (epochs == most) break;
        n_points = (n_points + 1) / 2;
        epochs = clsnn_tune_next(epochs, most);
    }
    TRY(show_page(t));
    TRY(train_best(t, watch));
fail:
    free(from);
    return st;
}
