/* Plans the runs of a sweep, looks for finished ones, and counts them; sweep_run.c trains the others. */
#include "sweep/sweep.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "run/plan.h"
#include "run/run_read.h"
#include "run/start.h"

enum clsnn_status clsnn_sweep_look(const struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                   struct clsnn_sweep_run *run) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_run_wanted wanted = {&run->plan, s->data, s->kernels_sha256};
    clsnn_found_finish(&run->result);
    TRY(clsnn_run_look(run->dir, &wanted, &run->result));
    if (run->result.found != CLSNN_FOUND_FINISHED || !watch || !watch->check) return CLSNN_OK;
    st = watch->check(watch->ctx, run);
    if (st == CLSNN_OK || st == CLSNN_E_MEMORY) return st;
    clsnn_found_finish(&run->result);
    run->result.found = CLSNN_FOUND_CORRUPT;
    snprintf(run->result.why, sizeof run->result.why, "%s", clsnn_error_text());
    clsnn_error_clear();
    st = CLSNN_OK;
fail:
    return st;
}

/* Plans what run k starts with. A file is read once for all runs that start with it. */
static enum clsnn_status plan_start(const struct clsnn_sweep *s, size_t k) {
    const char *from = s->grid->options[k].from;
    struct clsnn_plan *plan = &s->runs[k].plan;
    for (size_t j = 0; from && j < k; j++) {
        const char *other = s->grid->options[j].from;
        if (!other || strcmp(other, from) != 0 || s->runs[j].plan.neurons != plan->neurons) continue;
        memcpy(plan->from_sha256, s->runs[j].plan.from_sha256, sizeof plan->from_sha256);
        return CLSNN_OK;
    }
    return clsnn_start_plan(from, s->data, plan, NULL);
}

enum clsnn_status clsnn_sweep_plan(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    char *below = clsnn_file_join(s->dir, "runs");
    s->runs = calloc(s->grid->n_runs, sizeof *s->runs);
    if (!below || !s->runs) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        struct clsnn_sweep_run *run = &s->runs[k];
        run->own = k % s->n_shards == s->shard - 1;
        clsnn_plan_make(&s->grid->options[k], s->data, &run->plan);
        TRY(plan_start(s, k));
        if (s->keeps_checkpoints) run->plan.pause_every = (uint32_t)s->options->checkpoint_every;
        run->name = clsnn_grid_name(s->grid, k);
        run->dir = run->name ? clsnn_file_join(below, run->name) : NULL;
        if (!run->dir) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        TRY(clsnn_sweep_look(s, watch, run));
    }
fail:
    free(below);
    return st;
}

void clsnn_sweep_finish(struct clsnn_sweep *s) {
    for (size_t k = 0; s->runs && k < s->grid->n_runs; k++) {
        free(s->runs[k].name);
        free(s->runs[k].dir);
        clsnn_found_finish(&s->runs[k].result);
    }
    free(s->runs);
    s->runs = NULL;
}

void clsnn_sweep_count(const struct clsnn_sweep *s, size_t *out_finished, size_t *out_failed) {
    *out_finished = *out_failed = 0;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        *out_finished += s->runs[k].result.found == CLSNN_FOUND_FINISHED;
        *out_failed += s->runs[k].result.found == CLSNN_FOUND_FAILED;
    }
}

size_t clsnn_sweep_n_warned(const struct clsnn_sweep *s) {
    size_t n = 0;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        const struct clsnn_found_run *result = &s->runs[k].result;
        n += result->found == CLSNN_FOUND_FINISHED && result->run.warnings[0];
    }
    return n;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sets *out to true if the folder `name` below `runs` holds a finished run of any plan. */
static enum clsnn_status holds_finished(const char *runs, const char *name, bool *out) {
    struct clsnn_found_run found = {.found = CLSNN_FOUND_NOTHING};
    char *dir = clsnn_file_join(runs, name);
    if (!dir) return CLSNN_E_MEMORY;
    const enum clsnn_status st = clsnn_run_look(dir, NULL, &found);
    free(dir);
    *out = st == CLSNN_OK && found.found == CLSNN_FOUND_FINISHED;
    clsnn_found_finish(&found);
    return st;
}

enum clsnn_status clsnn_sweep_others(const struct clsnn_sweep *s, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_runs = s->grid->n_runs;
    size_t n = 0;
    DIR *open = NULL;
    char *runs = clsnn_file_join(s->dir, "runs");
    const char **names = calloc(n_runs, sizeof *names);
    if (!runs || !names) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t k = 0; k < n_runs; k++) names[k] = s->runs[k].name;
    qsort(names, n_runs, sizeof *names, compare_names);
    open = opendir(runs);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        const char *name = entry->d_name;
        bool finished;
        if (*name == '.' || bsearch(&name, names, n_runs, sizeof *names, compare_names)) continue;
        TRY(holds_finished(runs, name, &finished));
        n += finished;
    }
    *out_n = n;
fail:
    if (open) closedir(open);
    free(names);
    free(runs);
    return st;
}
