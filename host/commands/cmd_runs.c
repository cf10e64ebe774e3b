/* clsnn runs DIR: a table of the runs below a directory: state, settings that differ, result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "commands/commands.h"
#include "run/runs.h"

/* The columns of the table: path and state, the settings that differ, these, and that of --sort. */
static const char *const results[] = {"accuracy_all", "accuracy_proportion", "accuracy_likelihood"};
enum { N_RESULTS = sizeof results / sizeof *results };

/* The table under way. */
struct table {
    struct clsnn_run_card *runs; /* [n_runs] */
    size_t n_runs;
    const char **columns; /* [n_columns] names; the first is "run" */
    size_t n_columns;
    const char *dir;
    const char *extra; /* a result that the table is sorted by and would not show else, or NULL */
};

/* Returns the part of a run's path below the table's directory. */
static const char *name_of(const struct table *t, const struct clsnn_run_card *run) {
    const size_t n = strlen(t->dir);
    if (strncmp(run->path, t->dir, n) != 0) return run->path;
    const char *rest = run->path + n + strspn(run->path + n, "/");
    return *rest ? rest : run->path;
}

/* Writes a cell as people read it. */
static void cell(const struct table *t, const struct clsnn_run_card *run, const char *column,
                 char out[CLSNN_RUN_VALUE]) {
    if (strcmp(column, "run") == 0) {
        snprintf(out, CLSNN_RUN_VALUE, "%s", name_of(t, run));
        return;
    }
    clsnn_runs_shown(run, column, out);
}

/* Returns whether a comes before b in the order of --sort: numbers by size, before texts; runs without a
 * value last; the best accuracy first. */
static bool comes_before(const struct clsnn_run_card *a, const struct clsnn_run_card *b, const char *name) {
    char x[CLSNN_RUN_VALUE], y[CLSNN_RUN_VALUE];
    const bool has_x = clsnn_runs_value(a, name, x), has_y = clsnn_runs_value(b, name, y);
    if (!has_x || !has_y) return has_x && !has_y;
    const bool is_x = clsnn_is_decimal(x), is_y = clsnn_is_decimal(y);
    if (!is_x || !is_y) return is_x != is_y ? is_x : strcmp(x, y) < 0;
    const double p = strtod(x, NULL), q = strtod(y, NULL);
    return strncmp(name, "accuracy", 8) == 0 ? p > q : p < q;
}

/* Sorts by insertion, which keeps the order of equal runs. */
static void sort_runs(struct table *t, const char *name) {
    for (size_t k = 1; k < t->n_runs; k++) {
        const struct clsnn_run_card run = t->runs[k];
        size_t at = k;
        for (; at > 0 && comes_before(&run, &t->runs[at - 1], name); at--) t->runs[at] = t->runs[at - 1];
        t->runs[at] = run;
    }
}

static enum clsnn_status check_sort(const struct table *t, const char *name) {
    char unused[CLSNN_RUN_VALUE], shown[CLSNN_EXCERPT];
    if (!name || strcmp(name, "run") == 0) return CLSNN_OK;
    for (size_t k = 0; k < t->n_runs; k++)
        if (clsnn_runs_value(&t->runs[k], name, unused)) return CLSNN_OK;
    return clsnn_fail(
        CLSNN_E_USAGE,
        "--sort = %s: no run has it: must be run, state, a setting, or a number of metrics.csv, "
        "such as accuracy_all",
        clsnn_excerpt(name, shown));
}

static void print_table(const struct table *t, FILE *out) {
    char text[CLSNN_RUN_VALUE];
    for (size_t k = 0; k <= t->n_runs; k++) {
        for (size_t c = 0; c < t->n_columns; c++) {
            size_t wide = strlen(t->columns[c]);
            for (size_t r = 0; r < t->n_runs; r++) {
                cell(t, &t->runs[r], t->columns[c], text);
                if (strlen(text) > wide) wide = strlen(text);
            }
            if (k == 0)
                snprintf(text, sizeof text, "%s", t->columns[c]);
            else
                cell(t, &t->runs[k - 1], t->columns[c], text);
            const bool is_left = c < 2, is_last = c + 1 == t->n_columns;
            fprintf(out, "%*s%s",
                    is_left && is_last ? 0
                    : is_left          ? -(int)wide
                                       : (int)wide,
                    text, is_last ? "\n" : "  ");
        }
    }
}

static enum clsnn_status print_json(const struct table *t, FILE *out) {
    char text[CLSNN_RUN_VALUE];
    bool ok = true;
    json_t *all = json_array();
    for (size_t k = 0; k < t->n_runs; k++) {
        const struct clsnn_run_card *run = &t->runs[k];
        json_t *one = json_object(), *differing = json_object();
        clsnn_json_add(one, "run", clsnn_json_text(name_of(t, run)), &ok);
        clsnn_json_add(one, "path", clsnn_json_text(run->path), &ok);
        clsnn_runs_value(run, "state", text);
        clsnn_json_add(one, "state", json_string(text), &ok);
        for (size_t c = 2; c + N_RESULTS + (t->extra != NULL) < t->n_columns; c++) {
            const json_t *setting = json_object_get(json_object_get(run->json, "settings"), t->columns[c]);
            json_t *value = json_object_get(setting, "value");
            if (strcmp(t->columns[c], "data") == 0) /* its name, not where it was */
                value = json_object_get(json_object_get(run->json, "dataset"), "name");
            clsnn_json_add(differing, t->columns[c], value ? json_incref(value) : json_null(), &ok);
        }
        clsnn_json_add(one, "settings", differing, &ok);
        for (size_t r = 0; r < N_RESULTS; r++)
            clsnn_json_add(
                one, results[r],
                clsnn_runs_value(run, results[r], text) ? json_real(strtod(text, NULL)) : json_null(), &ok);
        if (t->extra) {
            const bool there = clsnn_runs_value(run, t->extra, text);
            clsnn_json_add(one, t->extra,
                           !there                   ? json_null()
                           : clsnn_is_decimal(text) ? json_real(strtod(text, NULL))
                                                    : clsnn_json_text(text),
                           &ok);
        }
        if (json_array_append_new(all, one) != 0) ok = false;
    }
    if (ok) ok = json_dumpf(all, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
    fputc('\n', out);
    json_decref(all);
    return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_FAILED, "runs: the table cannot be printed as JSON");
}

enum clsnn_status clsnn_cmd_runs(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct table t = {.dir = o->n_operands ? o->operands[0] : "."};
    const char **differing = NULL;
    size_t n_differing = 0;
    TRY(clsnn_runs_find(t.dir, &t.runs, &t.n_runs));
    if (t.n_runs == 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: there is no run below it: no directory has a run.json", t.dir);
        goto fail;
    }
    TRY(check_sort(&t, o->sort));
    TRY(clsnn_runs_differences(t.runs, t.n_runs, &differing, &n_differing));
    t.columns = malloc((4 + n_differing + N_RESULTS) * sizeof *t.columns);
    if (!t.columns) {
        st = clsnn_no_memory("runs");
        goto fail;
    }
    t.columns[t.n_columns++] = "run";
    t.columns[t.n_columns++] = "state";
    if (clsnn_runs_differ(t.runs, t.n_runs, "data")) t.columns[t.n_columns++] = "data";
    for (size_t k = 0; k < n_differing; k++) t.columns[t.n_columns++] = differing[k];
    for (size_t k = 0; k < N_RESULTS; k++) t.columns[t.n_columns++] = results[k];
    bool is_shown = !o->sort;
    for (size_t k = 0; k < t.n_columns && !is_shown; k++) is_shown = strcmp(t.columns[k], o->sort) == 0;
    if (!is_shown) t.extra = t.columns[t.n_columns++] = o->sort;
    if (o->sort && strcmp(o->sort, "run") != 0) sort_runs(&t, o->sort);
    if (o->json)
        TRY(print_json(&t, o->out));
    else
        print_table(&t, o->out);
fail:
    clsnn_runs_finish(t.runs, t.n_runs);
    free(t.columns);
    free(differing);
    return st;
}
