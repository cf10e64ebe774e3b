/* best.ini, which clsnn train reads, and tune.csv, a row a point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "options/options_render.h"
#include "run/metrics.h"
#include "tune/tune.h"

/* What decides the network and its training. The seed, the data and how it is tested are the user's. */
static const char *const kept[] = {"neurons", "epochs", "train-images", "label-images", "delays", "shuffle"};

static void write_setting(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                          bool is_param) {
    FILE *to = ctx;
    bool is_kept = is_param;
    (void)origin;
    (void)is_number;
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) is_kept = is_kept || strcmp(name, kept[k]) == 0;
    for (size_t k = 0; k < clsnn_n_laws; k++)
        is_kept = is_kept || strcmp(name, clsnn_laws_table[k].name) == 0;
    if (is_kept) fprintf(to, "%s = %s\n", name, value);
}

/* Writes the best point as a configuration file. Every parameter stands there, so that no preset matters. */
static enum clsnn_status write_best(const struct clsnn_tune *t, FILE *to) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid best = {0};
    TRY(clsnn_grid_pick(t->grid, t->options, &t->points[0].run, 1, &best));
    fprintf(
        to,
        "; the best of %zu point%s on %u validation images of %s: vote proportion %.2f %%, vote all %.2f %%\n"
        "; means of %u seed%s; for clsnn train --config best.ini --data %s\n",
        t->grid->n_runs, t->grid->n_runs == 1 ? "" : "s", t->n_tested, t->data->name, t->proportion.mean,
        t->all.mean, t->n_seeds, t->n_seeds == 1 ? "" : "s", t->options->data);
    clsnn_options_visit(&best.options[0], write_setting, to);
fail:
    clsnn_grid_finish(&best);
    return st;
}

static void write_table(const struct clsnn_tune *t, FILE *to) {
    const struct clsnn_grid *g = t->grid;
    const struct clsnn_metric_row *row;
    char name[CLSNN_METRIC_NAME], text[32];
    fputs("rank,point", to);
    for (size_t a = 0; a < g->n_axes; a++) fprintf(to, ",%s", g->axes[a].name);
    fputs(",epochs,state", to);
    for (int c = 1; (row = clsnn_metric_column(c)); c++)
        fprintf(to, ",%s", clsnn_metric_name(row, true, name));
    fputs(",warnings\n", to);
    for (size_t k = 0; k < g->n_runs; k++) {
        const struct clsnn_tune_point *p = &t->points[k];
        const struct clsnn_metrics *m = clsnn_tune_last(p);
        const bool is_done = p->epochs == (uint32_t)t->options->epochs;
        fprintf(to, "%zu,%zu", k + 1, p->run + 1);
        for (size_t a = 0; a < g->n_axes; a++) fprintf(to, ",%s", clsnn_grid_value(g, p->run, &g->axes[a]));
        fprintf(to, ",%u,%s", p->epochs, p->has_failed ? "failed" : is_done ? "finished" : "stopped");
        for (int c = 1; (row = clsnn_metric_column(c)); c++) {
            *text = '\0';
            if (m) clsnn_metric_text(row, m, text);
            fprintf(to, ",%s", text);
        }
        fprintf(to, ",%s\n", p->warnings);
    }
}

enum clsnn_status clsnn_tune_files(const struct clsnn_tune *t) {
    enum clsnn_status st = CLSNN_OK;
    char *texts[2] = {NULL};
    size_t sizes[2] = {0};
    FILE *best = open_memstream(&texts[0], &sizes[0]), *table = open_memstream(&texts[1], &sizes[1]);
    if (best) st = write_best(t, best);
    if (table) write_table(t, table);
    const bool ok = best && clsnn_text_end(best, &texts[0]), more = table && clsnn_text_end(table, &texts[1]);
    TRY(st);
    if (!ok || !more) {
        st = clsnn_no_memory("tune");
        goto fail;
    }
    TRY(clsnn_file_write_in(t->dir, "best.ini", texts[0], sizes[0], CLSNN_FILE_SAFE));
    TRY(clsnn_file_write_in(t->dir, "tune.csv", texts[1], sizes[1], CLSNN_FILE_SAFE));
fail:
    free(texts[0]);
    free(texts[1]);
    return st;
}
