/* Writes the runs as tables (Markdown, CSV) and as one JSON object. clsnn_reproduction_cell computes every
 * statistic. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sources.h"
#include "formats/figure.h"
#include "formats/json.h"
#include "reproduce/reproduce_internal.h"
#include "run/run_json.h"

void clsnn_reproduction_markdown(const struct clsnn_reproduction *r, FILE *to) {
    const size_t n = clsnn_reproduction_n_columns(r);
    char text[64], seeds[64];
    clsnn_reproduction_seeds(r, seeds);
    fprintf(to, "%s accuracy in percent on %s (%u %s images), %s: ",
            r->data->n_validation ? "Validation" : "Test", clsnn_reproduction_data(r), r->test_images,
            clsnn_dataset_test_name(r->data), seeds);
    if (r->n_seeds > 1)
        fprintf(to, "mean %s sample standard deviation, n = %u\n\n", "\xc2\xb1", r->n_seeds);
    else
        fputs("one seed has no spread\n\n", to);
    fputs("| N | |", to);
    for (size_t k = 0; k < n; k++) {
        const uint32_t epoch = clsnn_reproduction_column(r, k);
        fprintf(to, " %u epoch%s |", epoch, epoch == 1 ? "" : "s");
    }
    fputs("\n|---|---|", to);
    for (size_t k = 0; k < n; k++) fputs("---|", to);
    fputc('\n', to);
    for (size_t s = 0; s < r->n_sizes; s++) {
        static const char *const rows[] = {"vote all", "vote proportion", CLSNN_KIM, "vote all - Kim & Kim"};
        for (int row = 0; row < 4; row++) {
            if (row == 0)
                fprintf(to, "| %u | %s |", r->sizes[s], rows[row]);
            else
                fprintf(to, "| | %s |", rows[row]);
            for (size_t k = 0; k < n; k++) {
                const struct clsnn_reproduced_cell cell =
                    clsnn_reproduction_cell(r, s, clsnn_reproduction_column(r, k));
                if (row == 0) clsnn_reproduction_spread(cell.all, text);
                if (row == 1) clsnn_reproduction_spread(cell.proportion, text);
                if (row == 2) clsnn_reproduction_number(cell.paper, text);
                if (row == 3) clsnn_reproduction_difference(cell.difference, text);
                fprintf(to, row == 3 && cell.below ? " **%s below** |" : " %s |", text);
            }
            fputc('\n', to);
        }
    }
    fputc('\n', to);
    clsnn_reproduction_verdict(r, to);
    fputc('\n', to);
}

static void csv_number(double value, FILE *to) {
    if (isnan(value))
        fputc(',', to);
    else
        fprintf(to, ",%.6g", value);
}

static void csv_spread(struct clsnn_stats s, FILE *to) {
    csv_number(s.mean, to);
    csv_number(s.sd, to);
    csv_number(s.min, to);
    csv_number(s.max, to);
}

/* Writes a line for every epoch, also for epochs that are no column of table1.md. */
void clsnn_reproduction_csv(const struct clsnn_reproduction *r, FILE *to) {
    fputs("neurons,epochs,images,n,vote_all_mean,vote_all_sd,vote_all_min,vote_all_max,vote_proportion_mean,"
          "vote_proportion_sd,vote_proportion_min,vote_proportion_max,paper,difference,below\n",
          to);
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (uint32_t e = 1; e <= r->epochs; e++) {
            const struct clsnn_reproduced_cell cell = clsnn_reproduction_cell(r, s, e);
            fprintf(to, "%u,%u,%" PRIu64 ",%zu", cell.neurons, e, (uint64_t)e * r->train_images, cell.all.n);
            csv_spread(cell.all, to);
            csv_spread(cell.proportion, to);
            csv_number(cell.paper, to);
            csv_number(cell.difference, to);
            fprintf(to, ",%s\n", cell.below ? "yes" : "no");
        }
    }
}

static json_t *number_json(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *spread_json(struct clsnn_stats s, bool *ok) {
    json_t *o = json_object();
    clsnn_json_add(o, "n", json_integer((json_int_t)s.n), ok);
    clsnn_json_add(o, "mean", number_json(s.mean), ok);
    clsnn_json_add(o, "sd", number_json(s.sd), ok);
    clsnn_json_add(o, "min", number_json(s.min), ok);
    clsnn_json_add(o, "max", number_json(s.max), ok);
    return o;
}

static json_t *cells_json(const struct clsnn_reproduction *r, bool *ok) {
    json_t *cells = json_array();
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (uint32_t e = 1; e <= r->epochs; e++) {
            const struct clsnn_reproduced_cell cell = clsnn_reproduction_cell(r, s, e);
            json_t *o = json_object();
            clsnn_json_add(o, "neurons", json_integer(cell.neurons), ok);
            clsnn_json_add(o, "epochs", json_integer(e), ok);
            clsnn_json_add(o, "images", json_integer((json_int_t)e * (json_int_t)r->train_images), ok);
            clsnn_json_add(o, "vote_all", spread_json(cell.all, ok), ok);
            clsnn_json_add(o, "vote_proportion", spread_json(cell.proportion, ok), ok);
            clsnn_json_add(o, "paper", number_json(cell.paper), ok);
            clsnn_json_add(o, "difference", number_json(cell.difference), ok);
            clsnn_json_add(o, "below", json_boolean(cell.below), ok);
            if (json_array_append_new(cells, o) != 0) *ok = false;
        }
    }
    return cells;
}

static json_t *runs_json(const struct clsnn_reproduction *r, bool *ok) {
    json_t *runs = json_array();
    for (size_t k = 0; k < r->n_sizes * r->n_seeds; k++) {
        const struct clsnn_reproduced_run *run = &r->runs[k];
        static const struct clsnn_run unfinished = {.n_metrics = 0};
        const struct clsnn_run *done = run->run ? run->run : &unfinished;
        json_t *o = json_object(), *all = json_array(), *proportion = json_array();
        for (size_t p = 0; p < done->n_metrics; p++) {
            const struct clsnn_metrics *m = &done->metrics[p];
            if (json_array_append_new(all, json_real(100 * m->accuracy_all)) != 0 ||
                json_array_append_new(proportion, json_real(100 * m->accuracy_proportion)) != 0)
                *ok = false;
        }
        clsnn_json_add(o, "neurons", json_integer(run->neurons), ok);
        clsnn_json_add(o, "seed", clsnn_json_whole(run->seed), ok);
        clsnn_json_add(o, "dir", json_string(run->dir), ok);
        clsnn_json_add(o, "kept", json_boolean(run->kept), ok);
        clsnn_json_add(o, "vote_all", all, ok);
        clsnn_json_add(o, "vote_proportion", proportion, ok);
        clsnn_run_json_add_totals(o, &done->totals, ok);
        clsnn_json_add(o, "final_sha256", json_string(done->sha256), ok);
        if (json_array_append_new(runs, o) != 0) *ok = false;
    }
    return runs;
}

static json_t *path_json(const struct clsnn_reproduction *r, const char *name) {
    char *path = clsnn_file_join(r->dir, name);
    json_t *value = path ? clsnn_json_text(path) : NULL;
    free(path);
    return value;
}

/* Returns the path of a figure in its first format. */
static json_t *figure_json(const struct clsnn_reproduction *r, const char *name) {
    struct clsnn_figure f = {.name = name, .formats = r->options->figures};
    clsnn_figure_next(&f);
    return path_json(r, f.path);
}

static json_t *device_json(const struct clsnn_reproduced_on *d, bool *ok) {
    json_t *o = json_object();
    clsnn_json_add(o, "name", clsnn_json_text(d->info->name), ok);
    clsnn_json_add(o, "platform", clsnn_json_text(d->info->platform_name), ok);
    clsnn_json_add(o, "version", clsnn_json_text(d->info->version), ok);
    clsnn_json_add(o, "driver", clsnn_json_text(d->info->driver), ok);
    clsnn_json_add(o, "compute_units", json_integer(d->info->compute_units), ok);
    clsnn_json_add(o, "work_group", json_integer(d->work_group), ok);
    return o;
}

static char *result_text(const struct clsnn_reproduction *r, size_t flags) {
    bool ok = true;
    char *command = clsnn_reproduction_command(r);
    json_t *o = json_object(), *figures = json_object(), *devices = json_array(), *sizes = json_array();
    clsnn_json_add(o, "format", json_integer(1), &ok);
    clsnn_json_add(o, "clsnn_version", json_string(CLSNN_VERSION), &ok);
    clsnn_json_add(o, "command", command ? clsnn_json_text(command) : NULL, &ok);
    clsnn_json_add(o, "unit", json_string("percent"), &ok);
    clsnn_json_add(o, "citation", json_string(CLSNN_KIM_CITATION), &ok);
    for (size_t s = 0; s < r->n_sizes; s++)
        if (json_array_append_new(sizes, json_integer(r->sizes[s])) != 0) ok = false;
    clsnn_json_add(o, "sizes", sizes, &ok);
    clsnn_json_add(o, "epochs", json_integer(r->epochs), &ok);
    clsnn_json_add(o, "seed", clsnn_json_whole(r->seed), &ok);
    clsnn_json_add(o, "seeds", json_integer(r->n_seeds), &ok);
    clsnn_json_add(o, "comparable", json_boolean(clsnn_reproduction_is_comparable(r)), &ok);
    clsnn_json_add(o, "cells_below", json_integer((json_int_t)clsnn_reproduction_n_below(r)), &ok);
    clsnn_json_add(o, "cells", cells_json(r, &ok), &ok);
    clsnn_json_add(o, "runs", runs_json(r, &ok), &ok);
    clsnn_json_add(o, "train_images", json_integer(r->train_images), &ok);
    clsnn_json_add(o, "label_images", json_integer(r->label_images), &ok);
    clsnn_json_add(o, r->data->n_validation ? "validation_images" : "test_images",
                   json_integer(r->test_images), &ok);
    clsnn_json_add(o, "data", clsnn_json_text(r->data->name), &ok);
    clsnn_json_add(o, "data_source", clsnn_json_text(r->data->source), &ok);
    clsnn_json_add(o, "data_sha256", json_string(r->data->sha256), &ok);
    for (size_t d = 0; d < r->n_devices; d++)
        if (json_array_append_new(devices, device_json(&r->devices[d], &ok)) != 0) ok = false;
    clsnn_json_add(o, "device", device_json(&r->devices[0], &ok), &ok);
    clsnn_json_add(o, "devices", devices, &ok);
    clsnn_json_add(o, "kernels_sha256", json_string(r->kernels_sha256), &ok);
    clsnn_json_add(o, "started", json_string(r->started), &ok);
    clsnn_json_add(o, "finished", json_string(r->finished), &ok);
    clsnn_json_add(o, "seconds", json_real(r->seconds), &ok);
    clsnn_json_add(o, "report", path_json(r, "report.html"), &ok);
    clsnn_json_add(figures, "figure3", figure_json(r, "figure3"), &ok);
    clsnn_json_add(figures, "figure4", figure_json(r, "figure4"), &ok);
    clsnn_json_add(o, "figures", figures, &ok);
    char *text = ok ? json_dumps(o, flags | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(o);
    free(command);
    return text;
}

enum clsnn_status clsnn_reproduction_json(const struct clsnn_reproduction *r, bool indented, FILE *to) {
    char *text = result_text(r, indented ? JSON_INDENT(2) : JSON_COMPACT);
    if (!text) return clsnn_reproduction_no_memory();
    fprintf(to, "%s\n", text);
    free(text);
    return CLSNN_OK;
}
