/* Prepares a run's directory; writes metrics.jsonl and metrics.csv; has model.npz written. */
#include "run/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "experiment/experiment.h"
#include "experiment/model_npz.h"
#include "formats/figure.h"
#include "formats/json.h"
#include "run/about.h"
#include "run/metrics.h"

/* The files of runs, by files.def. clsnn reproduce alone writes epoch-K.npz (reproduce.h). */
#define OF_RUN(name) name,
#define OF_OTHER(name)
static const char *const files[] = {
#define CLSNN_FILE(name, of, meaning) OF_##of(name)
#include "base/files.def"
    "epoch-1.npz", "epoch-3.npz", "epoch-5.npz", "epoch-7.npz"};
static const char *const figures[] = {
#define CLSNN_FIGURE(name, of, meaning) OF_##of(name)
#include "base/files.def"
};
enum {
    N_FILES = sizeof files / sizeof *files,
    N_RUN_FILES = N_FILES + CLSNN_N_FIGURE_FORMATS * sizeof figures / sizeof *figures
};

/* Returns the path of the k-th file of a run; malloc'ed, NULL without memory. */
static char *run_file(const char *dir, size_t k) {
    char name[64];
    if (k < N_FILES) { /* a folder's files move with it */
        snprintf(name, sizeof name, "%.*s", (int)strcspn(files[k], "/"), files[k]);
        return clsnn_file_join(dir, name);
    }
    k -= N_FILES;
    snprintf(name, sizeof name, "%s%s", figures[k / CLSNN_N_FIGURE_FORMATS],
             clsnn_figure_ending((int)(k % CLSNN_N_FIGURE_FORMATS)));
    return clsnn_file_join(dir, name);
}

/* Moves the files of an earlier run to dir/previous-K, the first free K. */
static enum clsnn_status keep_previous(const char *dir, int *out_moved) {
    enum clsnn_status st = CLSNN_OK;
    char name[32];
    char *kept = NULL, *from = NULL, *to = NULL;
    int k = 0, rc;
    do {
        free(kept);
        snprintf(name, sizeof name, "previous-%d", ++k);
        kept = clsnn_file_join(dir, name);
        if (!kept) return clsnn_no_memory("report");
        do rc = mkdir(kept, 0777);
        while (rc != 0 && errno == EINTR);
    } while (rc != 0 && errno == EEXIST);
    if (rc != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: %s: an earlier run's files could not be kept there", kept,
                        strerror(errno));
        goto fail;
    }
    for (size_t f = 0; f < N_RUN_FILES; f++) {
        from = run_file(dir, f);
        to = run_file(kept, f);
        if (!from || !to) {
            st = clsnn_no_memory("report");
            goto fail;
        }
        do rc = rename(from, to);
        while (rc != 0 && errno == EINTR);
        if (rc != 0 && errno != ENOENT) {
            st = clsnn_fail(CLSNN_E_IO, "%s: %s: the earlier run's file could not be moved to %s", from,
                            strerror(errno), to);
            goto fail;
        }
        free(from);
        free(to);
        from = to = NULL;
    }
    *out_moved = k;
fail:
    free(from);
    free(to);
    free(kept);
    return st;
}

enum clsnn_status clsnn_report_check_dir(const struct clsnn_options *o, const char *dir) {
    const enum clsnn_status st = clsnn_file_check_dir(dir);
    const size_t n = strlen(dir);
    char text[2048];
    if (st != CLSNN_E_IO || !o->out_dir) return st;
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    const bool names_dir = strncmp(text, dir, n) == 0 && text[n] == ':';
    return clsnn_fail(st, "--out = %s%s%s", names_dir ? "" : dir, names_dir ? "" : ": ", text);
}

enum clsnn_status clsnn_report_prepare_dir(const char *dir, int *out_moved) {
    enum clsnn_status st = clsnn_file_make_dir(dir);
    *out_moved = 0;
    if (st != CLSNN_OK) return st;
    for (size_t f = 0; f < N_RUN_FILES; f++) {
        char *path = run_file(dir, f);
        if (!path) return clsnn_no_memory("report");
        /* A file that cannot be examined may be an earlier run's: move it, never overwrite it. */
        const bool there = access(path, F_OK) == 0 || errno != ENOENT;
        free(path);
        if (there) return keep_previous(dir, out_moved);
    }
    return CLSNN_OK;
}

void clsnn_report_start(struct clsnn_report *r, const struct clsnn_options *o,
                        const struct clsnn_experiment *x, const char *dir) {
    *r = (struct clsnn_report){.options = o, .experiment = x, .dir = dir};
    clsnn_clock_utc(r->started);
}

enum clsnn_status clsnn_report_file(const struct clsnn_report *r, const char *name, const char *text,
                                    size_t n_bytes, enum clsnn_durability durability) {
    if (!r->dir) return CLSNN_OK;
    return text ? clsnn_file_write_in(r->dir, name, text, n_bytes, durability) : clsnn_no_memory("report");
}

enum clsnn_status clsnn_report_order(const struct clsnn_report *r, const struct clsnn_learned *l,
                                     uint32_t **out) {
    const int32_t *labels = l->labels.labels;
    uint32_t n = 0;
    *out = NULL;
    if (!labels || !r->options->sort_weights) return CLSNN_OK;
    uint32_t *order = malloc(l->n_post * sizeof *order);
    if (!order) return clsnn_no_memory("report");
    for (uint32_t label = 0; label <= l->labels.n_classes; label++)
        for (uint32_t j = 0; j < l->n_post; j++)
            if (label < l->labels.n_classes ? labels[j] == (int32_t)label : labels[j] < 0) order[n++] = j;
    *out = order;
    return CLSNN_OK;
}

enum clsnn_status clsnn_report_metrics(const struct clsnn_report *r) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    char *lines = NULL, *table = NULL;
    size_t lines_bytes = 0, table_bytes = 0;
    const bool validates = x->plan.validate > 0;
    char name[CLSNN_METRIC_NAME];
    if (!r->dir) return CLSNN_OK;
    FILE *jsonl = open_memstream(&lines, &lines_bytes), *csv = open_memstream(&table, &table_bytes);
    bool ok = jsonl && csv;
    for (size_t c = 0; ok && x->n_metrics && c < clsnn_n_metric_rows; c++)
        fprintf(csv, "%s%s", clsnn_metric_name(&clsnn_metric_rows[c], validates, name),
                c + 1 < clsnn_n_metric_rows ? "," : "\n");
    for (size_t k = 0; ok && k < x->n_metrics; k++) {
        json_t *line = clsnn_metrics_json(&x->metrics[k], validates, &ok);
        for (size_t c = 0; c < clsnn_n_metric_rows; c++) {
            char text[32];
            clsnn_metric_text(&clsnn_metric_rows[c], &x->metrics[k], text);
            fprintf(csv, "%s%s", text, c + 1 < clsnn_n_metric_rows ? "," : "\n");
        }
        ok = json_dumpf(line, jsonl, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0 && ok;
        fputc('\n', jsonl);
        json_decref(line);
    }
    if (jsonl && !clsnn_text_end(jsonl, &lines)) ok = false;
    if (csv && !clsnn_text_end(csv, &table)) ok = false;
    if (!ok) {
        st = clsnn_no_memory("report");
        goto fail;
    }
    const enum clsnn_durability durability = r->durability ? r->durability : CLSNN_FILE_WITH_NEXT;
    TRY(clsnn_report_file(r, "metrics.jsonl", lines, lines_bytes, durability));
    TRY(clsnn_report_file(r, "metrics.csv", table, table_bytes, durability));
fail:
    free(lines);
    free(table);
    return st;
}

enum clsnn_status clsnn_report_model(const struct clsnn_report *r, const struct clsnn_learned *learned) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned l = *learned; /* borrows everything but about */
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    if (!r->dir) return CLSNN_OK;
    l.about = clsnn_about_text(r->experiment);
    if (!l.about) return CLSNN_E_MEMORY;
    TRY(clsnn_learned_pack(&l, r->dir, &bytes, &n_bytes));
    TRY(clsnn_file_write_in(r->dir, "model.npz", bytes, n_bytes, r->durability));
fail:
    free(bytes);
    free(l.about);
    return st;
}
