/* Plans the runs of a sweep, looks for finished ones, and counts them; sweep_run.c trains the others. */
#include "sweep/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "run/plan.h"
#include "run/run_read.h"
#include "run/start.h"

enum clsnn_status clsnn_sweep_look(const struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                   struct clsnn_sweep_run *run) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_run_wanted wanted = {
        .plan = &run->plan, .data = s->data, .kernels_sha256 = s->kernels_sha256};
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

enum clsnn_status clsnn_sweep_refuse_kinds(const char *dir, bool is_search) {
    static const struct {
        const char *name, *kind;
        bool of_search, of_sweep; /* a search, a sweep may have it itself */
    } signs[] = {{"run.json", "a run", false, false},
                 {"best.ini", "a search", true, false},
                 {"epochs-1", "a search", true, false}, /* its first stage */
                 {"runs", "a sweep", false, true}};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        if (is_search ? signs[k].of_search : signs[k].of_sweep) continue;
        if (clsnn_file_is_there(dir, signs[k].name))
            return clsnn_fail(CLSNN_E_USAGE,
                              "%s: holds %s (%s), whose report.html would be lost; nothing was changed: "
                              "choose another --out",
                              dir, signs[k].kind, signs[k].name);
    }
    return CLSNN_OK;
}

/* Finds whether the entry `name` of runs, open as dir_fd, is a run. */
static enum clsnn_status look_for_run(int dir_fd, const char *runs, const char *name, bool *out) {
    char *path = clsnn_file_join(name, "run.json");
    if (!path) return CLSNN_E_MEMORY;
    *out = faccessat(dir_fd, path, F_OK, 0) == 0;
    const int why = *out ? ENOENT : errno;
    free(path);
    if (why == ENOENT || why == ENOTDIR) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_IO, "%s/%s: cannot be read: %s", runs, name, strerror(why));
}

/* Finds the first name, by the alphabet, of a run in `runs` that is none of the grid; *out is malloc'ed, or
 * NULL: there is none. */
static enum clsnn_status find_foreign(const struct clsnn_sweep *s, const char *runs, char **out) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_runs = s->grid->n_runs;
    char *first = NULL;
    DIR *open = NULL;
    const char **names = calloc(n_runs, sizeof *names);
    if (!names) return clsnn_no_memory("sweep");
    for (size_t k = 0; k < n_runs; k++) names[k] = s->runs[k].name;
    qsort(names, n_runs, sizeof *names, compare_names);
    open = opendir(runs);
    if (!open && errno != ENOENT)
        TRY(clsnn_fail(CLSNN_E_IO, "%s: cannot be read: %s", runs, strerror(errno)));
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        const char *name = entry->d_name;
        if (*name == '.' || bsearch(&name, names, n_runs, sizeof *names, compare_names)) continue;
        if (first && strcmp(first, name) < 0) continue;
        bool is_run;
        TRY(look_for_run(dirfd(open), runs, name, &is_run));
        if (!is_run) continue;
        free(first);
        first = strdup(name);
        if (!first) TRY(clsnn_no_memory("sweep"));
    }
    *out = first;
    first = NULL;
fail:
    if (open) closedir(open);
    free(first);
    free(names);
    return st;
}

/* Finds what else than the axes' values makes a run differ from the sweep's runs. */
static enum clsnn_status look_foreign(const struct clsnn_sweep *s, const char *dir,
                                      struct clsnn_found_run *out) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_axes = s->grid->n_axes;
    char(*axes)[64] = calloc(n_axes + 1, sizeof *axes);
    const char **free_ones = calloc(n_axes + 1, sizeof *free_ones);
    if (!axes || !free_ones) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t a = 0; a < n_axes; a++) {
        snprintf(axes[a], sizeof *axes, "%s", s->grid->axes[a].name);
        for (char *c = axes[a]; *c; c++) *c = *c == '-' ? '_' : *c; /* as plans spell it */
        free_ones[a] = axes[a];
    }
    const struct clsnn_run_wanted wanted = {
        .plan = &s->runs[0].plan, .data = s->data, .free = free_ones, .n_free = n_axes};
    st = clsnn_run_look(dir, &wanted, out);
fail:
    free(axes);
    free(free_ones);
    return st;
}

enum clsnn_status clsnn_sweep_refuse_others(const struct clsnn_sweep *s) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_found_run found = {.found = CLSNN_FOUND_NOTHING};
    const char *name = NULL, *why = NULL;
    char *runs = clsnn_file_join(s->dir, "runs"), *foreign = NULL, *dir = NULL;
    if (!runs) return CLSNN_E_MEMORY;
    for (size_t k = 0; k < s->grid->n_runs && !name; k++) {
        const struct clsnn_sweep_run *run = &s->runs[k];
        if (run->result.found != CLSNN_FOUND_OTHER) continue;
        if (run->result.is_shorter && s->keeps_checkpoints && clsnn_file_is_there(run->dir, "checkpoint"))
            continue; /* it goes on */
        name = run->name;
        why = run->result.why;
    }
    if (!name) {
        TRY(find_foreign(s, runs, &foreign));
        if (!foreign) goto fail;
        dir = clsnn_file_join(runs, foreign);
        if (!dir) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        TRY(look_foreign(s, dir, &found));
        name = foreign;
        why = found.found == CLSNN_FOUND_OTHER ? found.why : "the file or --random gives other values";
    }
    st = clsnn_fail(
        CLSNN_E_USAGE,
        "%s/%s: is none of these %zu run%s: %s; nothing was changed: choose another --out, or move %s out of "
        "runs/",
        runs, name, s->grid->n_runs, s->grid->n_runs == 1 ? "" : "s", why, name);
fail:
    clsnn_found_finish(&found);
    free(dir);
    free(foreign);
    free(runs);
    return st;
}
