/* The tables and pictures of a sweep. */
#include "sweep/sweep_table.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/text.h"
#include "base/file.h"
#include "formats/curves.h"
#include "formats/figure.h"
#include "formats/json.h"
#include "base/stats.h"
#include "run/metrics.h"
#include "run/run_json.h"
#include "run/run_read.h"
#include "sweep/sweep_cells.h"

enum { MAX_SERIES = 6 };

/* Returns a sweep's value as JSON: a number if the text is one, else a string. */
static json_t *value_json(const char *text) {
    json_error_t error;
    json_t *number = json_loads(text, JSON_DECODE_ANY, &error);
    if (number && json_is_number(number)) return number;
    json_decref(number);
    return json_string(text);
}

/* Writes run k as one line of results.csv and one of results.jsonl. Returns false without memory. */
static bool write_run(const struct clsnn_sweep *s, size_t k, FILE *csv, FILE *jsonl) {
    const struct clsnn_grid *g = s->grid;
    const struct clsnn_sweep_run *run = &s->runs[k];
    const struct clsnn_found_run *result = &run->result;
    const struct clsnn_metric_row *row;
    const char *state = clsnn_sweep_state(run);
    const bool finished = result->found == CLSNN_FOUND_FINISHED;
    json_t *line = json_object();
    bool ok = line != NULL;
    fprintf(csv, "%s", run->name);
    clsnn_json_add(line, "run", json_string(run->name), &ok);
    for (size_t a = 0; a < g->n_axes; a++) {
        const char *value = clsnn_grid_value(g, k, &g->axes[a]);
        fprintf(csv, ",%s", value);
        clsnn_json_add(line, g->axes[a].name, value_json(value), &ok);
    }
    fprintf(csv, ",%s", state);
    clsnn_json_add(line, "state", json_string(state), &ok);
    for (int c = 1; (row = clsnn_metric_column(c)); c++) {
        char text[32] = "";
        if (finished) {
            clsnn_metric_text(row, clsnn_run_last(&result->run), text);
            char name[CLSNN_METRIC_NAME];
            clsnn_json_add(line, clsnn_metric_name(row, s->data->n_validation > 0, name),
                           clsnn_metric_json(row, clsnn_run_last(&result->run)), &ok);
        }
        fprintf(csv, ",%s", text);
    }
    if (finished) {
        const uint64_t presentations = result->run.totals.presentations;
        fprintf(csv, ",%llu,%s,%s\n", (unsigned long long)presentations, result->run.sha256,
                result->run.warnings);
        clsnn_json_add(line, "presentations", clsnn_json_whole(presentations), &ok);
        clsnn_json_add(line, "final_sha256", json_string(result->run.sha256), &ok);
        clsnn_json_add(line, "warnings", json_string(result->run.warnings), &ok);
    } else {
        fputs(",,,\n", csv);
    }
    ok = json_dumpf(line, jsonl, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0 && ok;
    fputc('\n', jsonl);
    json_decref(line);
    return ok;
}

static void write_stats(FILE *csv, const struct clsnn_stats *s) {
    if (s->n == 0)
        fputs(",,,", csv);
    else if (s->n == 1)
        fprintf(csv, ",%.4f,,", s->mean);
    else
        fprintf(csv, ",%.4f,%.4f,%.4f", s->mean, s->sd, s->ci95);
}

static void write_summary(const struct clsnn_sweep *s, const struct clsnn_sweep_cell *cells, size_t n_cells,
                          FILE *csv) {
    const struct clsnn_grid *g = s->grid;
    for (size_t a = 0; a < g->n_axes; a++)
        if (!clsnn_sweep_is_seed(&g->axes[a])) fprintf(csv, "%s,", g->axes[a].name);
    fputs("runs,finished,all_mean_percent,all_sd,all_ci95,proportion_mean_percent,proportion_sd,proportion_"
          "ci95\n",
          csv);
    for (size_t c = 0; c < n_cells; c++) {
        for (size_t a = 0; a < g->n_axes; a++)
            if (!clsnn_sweep_is_seed(&g->axes[a]))
                fprintf(csv, "%s,", clsnn_grid_value(g, cells[c].first, &g->axes[a]));
        fprintf(csv, "%zu,%zu", cells[c].n_runs, cells[c].all.n);
        write_stats(csv, &cells[c].all);
        write_stats(csv, &cells[c].proportion);
        fputc('\n', csv);
    }
}

/* Writes an axis's values as numbers, [axis->n_values]. Returns false if one of them is not a number. */
static bool axis_numbers(const struct clsnn_axis *axis, double *out) {
    for (size_t k = 0; k < axis->n_values; k++) {
        char *end = NULL;
        out[k] = strtod(axis->values[k], &end);
        if (end == axis->values[k] || *end) return false;
    }
    return true;
}

/* Collects the points of one curve: cells that agree with cell `like` in every axis but this one. Writes x,
 * mean and half of the 95 % interval of each point, in increasing x; returns the number of points. */
static size_t collect_points(const struct clsnn_grid *g, const struct clsnn_axis *axis, const double *numbers,
                             const struct clsnn_sweep_cell *cells, size_t n_cells, size_t like,
                             bool proportion, double *x, double *y, double *err) {
    size_t n = 0;
    for (size_t c = 0; c < n_cells; c++) {
        const struct clsnn_stats *s = proportion ? &cells[c].proportion : &cells[c].all;
        if (s->n == 0 || !clsnn_sweep_same_but_seed(g, cells[like].first, cells[c].first, axis)) continue;
        size_t at = n++;
        const double where = numbers[clsnn_grid_index(g, cells[c].first, axis)];
        for (; at > 0 && x[at - 1] > where; at--) { /* insertion: the file may list values in any order */
            x[at] = x[at - 1];
            y[at] = y[at - 1];
            err[at] = err[at - 1];
        }
        x[at] = where;
        y[at] = s->mean;
        err[at] = s->n >= 3 ? s->ci95 : 0; /* that of two values is wider than any axis */
    }
    return n;
}

/* Writes the values that a curve's points share, "neurons = 400, w_norm = 78"; "" without another axis. */
static void curve_name(const struct clsnn_grid *g, const struct clsnn_axis *axis, size_t run, char *out,
                       size_t room) {
    size_t n = 0;
    *out = '\0';
    for (size_t a = 0; a < g->n_axes && n < room; a++) {
        const struct clsnn_axis *other = &g->axes[a];
        if (other == axis || clsnn_sweep_is_seed(other) || other->group == axis->group) continue;
        n += (size_t)snprintf(out + n, room - n, "%s%s = %s", n ? ", " : "", other->name,
                              clsnn_grid_value(g, run, other));
    }
}

/* Returns the line below a picture's title: what its runs share, and how to read it. malloc'ed; NULL without
 * memory. *out_zipped becomes true if another axis than the seed advances together with this one. */
static char *chart_note(const struct clsnn_sweep *s, const struct clsnn_axis *axis,
                        const struct clsnn_sweep_cell *cells, size_t n_cells, size_t n_drawn, size_t n_curves,
                        bool *out_zipped) {
    const struct clsnn_grid *g = s->grid;
    const struct clsnn_plan *first = &s->runs[0].plan;
    bool same_epochs = true, same_images = true;
    size_t least = SIZE_MAX, most = 0, n_bytes = 0;
    char *text = NULL;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return NULL;
    for (size_t k = 1; k < g->n_runs; k++) {
        same_epochs = same_epochs && s->runs[k].plan.epochs == first->epochs;
        same_images = same_images && s->runs[k].plan.train_images == first->train_images;
    }
    for (size_t c = 0; c < n_cells; c++) {
        const size_t n = cells[c].all.n;
        if (n && n < least) least = n;
        if (n > most) most = n;
    }
    if (same_epochs) fprintf(to, "epochs: %u, ", first->epochs);
    if (same_images) fprintf(to, "training images: %u, ", first->train_images);
    fprintf(to, "seeds: %zu", least);
    if (most > least) fprintf(to, " to %zu", most);
    if (most >= 3) fputs("; bars: 95 % interval", to);
    if (n_drawn < n_curves) fprintf(to, "; %zu of %zu curves", n_drawn, n_curves);
    for (size_t a = 0; a < g->n_axes; a++) {
        const struct clsnn_axis *other = &g->axes[a];
        if (other == axis || clsnn_sweep_is_seed(other) || other->group != axis->group) continue;
        if (!*out_zipped) fprintf(to, "; points: %s", axis->name);
        fprintf(to, " and %s", other->name);
        *out_zipped = true;
    }
    if (*out_zipped) fputs(" vary together", to);
    if (clsnn_text_end(to, &text)) return text;
    free(text);
    return NULL;
}

/* Draws accuracy against one axis: a curve for each combination of the other axes, at most MAX_SERIES. A
 * sweep of this axis alone shows both votes. Adds the names of its files to list; draws nothing if the values
 * are names. */
static enum clsnn_status draw_axis(const struct clsnn_sweep *s, const struct clsnn_axis *axis,
                                   const struct clsnn_sweep_cell *cells, size_t n_cells, FILE *list) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_grid *g = s->grid;
    struct clsnn_series series[MAX_SERIES];
    char names[MAX_SERIES][160], title[200], label[128], name[96];
    size_t n_series = 0, n_curves = 0;
    char *note = NULL;
    struct clsnn_figure figure = {.dir = s->dir, .name = name, .formats = s->options->figures};
    bool zipped = false;
    double *numbers = malloc(axis->n_values * sizeof *numbers),
           *points = malloc(3 * MAX_SERIES * n_cells * sizeof *points);
    if (!numbers || !points) {
        st = clsnn_no_memory("results");
        goto fail;
    }
    if (!axis_numbers(axis, numbers)) goto fail; /* values that are names have no place on an axis */
    const bool alone = n_cells == axis->n_values;
    for (size_t c = 0; c < n_cells; c++) {
        bool first = true;
        for (size_t d = 0; d < c && first; d++)
            first = !clsnn_sweep_same_but_seed(g, cells[d].first, cells[c].first, axis);
        if (!first) continue;
        n_curves++;
        for (int vote = 0; vote < (alone ? 2 : 1) && n_series < MAX_SERIES; vote++) {
            double *x = points + 3 * n_series * n_cells, *y = x + n_cells, *err = y + n_cells;
            const size_t n = collect_points(g, axis, numbers, cells, n_cells, c, vote == 1, x, y, err);
            curve_name(g, axis, cells[c].first, names[n_series], sizeof names[0]);
            if (alone) snprintf(names[n_series], sizeof names[0], vote ? "vote proportion" : "vote all");
            if (n == 0) continue;
            series[n_series] = (struct clsnn_series){names[n_series], x, y, err, n};
            n_series++;
        }
    }
    if (n_series == 0) goto fail;
    snprintf(label, sizeof label, "%s%s%s%s", axis->name, axis->param && *axis->param->unit ? " (" : "",
             axis->param ? axis->param->unit : "", axis->param && *axis->param->unit ? ")" : "");
    snprintf(title, sizeof title, "Accuracy on %s%s%s", s->data->n_validation ? "validation images of " : "",
             s->data->name, alone ? "" : ", vote all");
    snprintf(name, sizeof name, "accuracy-%s", axis->name);
    note = chart_note(s, axis, cells, n_cells, n_series, alone ? n_series : n_curves, &zipped);
    if (!note) {
        st = clsnn_no_memory("results");
        goto fail;
    }
    const struct clsnn_chart chart = {
        .title = title, .note = note, .x_label = label, .y_label = "accuracy (%)", .points_only = zipped};
    while (clsnn_figure_next(&figure)) {
        TRY(clsnn_curves_draw(figure.path, &chart, series, n_series));
        fprintf(list, ", %s", figure.path + strlen(s->dir) + 1);
    }
fail:
    free(note);
    free(numbers);
    free(points);
    return st;
}

/* Returns true if file is accuracy-NAME.png (svg, pdf) of an option or parameter that this sweep does not
 * vary, or of a format that it does not draw: a picture of an earlier sweep in the same directory. */
static bool is_old_picture(const struct clsnn_sweep *s, const char *file) {
    static const char begin[] = "accuracy-";
    const struct clsnn_grid *g = s->grid;
    char name[64];
    const char *dot = strrchr(file, '.');
    int k = 0;
    while (dot && k < CLSNN_N_FIGURE_FORMATS && strcmp(dot, clsnn_figure_ending(k)) != 0) k++;
    if (!dot || k == CLSNN_N_FIGURE_FORMATS || strncmp(file, begin, sizeof begin - 1) != 0) return false;
    const size_t n = (size_t)(dot - file) - (sizeof begin - 1);
    if (n >= sizeof name) return false;
    snprintf(name, sizeof name, "%.*s", (int)n, file + sizeof begin - 1);
    if (!clsnn_option_find(name) && !clsnn_param_find(name)) return false; /* the user's own file */
    for (size_t a = 0; a < g->n_axes; a++)
        if (!clsnn_sweep_is_seed(&g->axes[a]) && strcmp(g->axes[a].name, name) == 0)
            return !(s->options->figures >> k & 1);
    return true;
}

static void remove_old_pictures(const struct clsnn_sweep *s) {
    DIR *open = opendir(s->dir);
    for (const struct dirent *entry; open && (entry = readdir(open));)
        if (is_old_picture(s, entry->d_name)) unlinkat(dirfd(open), entry->d_name, 0);
    if (open) closedir(open);
}

enum clsnn_status clsnn_sweep_table_write(const struct clsnn_sweep *s, char **out_names) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_grid *g = s->grid;
    char *texts[3] = {NULL}, *written = NULL;
    size_t sizes[3] = {0}, n_cells = 0, n_written = 0;
    struct clsnn_sweep_cell *cells = NULL;
    FILE *files[3] = {NULL}, *list = open_memstream(&written, &n_written);
    bool ok = list != NULL;
    static const char *const names[3] = {"results.csv", "results.jsonl", "summary.csv"};
    TRY(clsnn_sweep_cells(s, &cells, &n_cells));
    for (int k = 0; k < 3; k++) {
        files[k] = open_memstream(&texts[k], &sizes[k]);
        ok = ok && files[k];
    }
    if (ok) {
        const struct clsnn_metric_row *row;
        fputs("run", files[0]);
        for (size_t a = 0; a < g->n_axes; a++) fprintf(files[0], ",%s", g->axes[a].name);
        fputs(",state", files[0]);
        char name[CLSNN_METRIC_NAME];
        for (int c = 1; (row = clsnn_metric_column(c)); c++)
            fprintf(files[0], ",%s", clsnn_metric_name(row, s->data->n_validation > 0, name));
        fputs(",presentations,final_sha256,warnings\n", files[0]);
        for (size_t run = 0; run < g->n_runs; run++) ok = write_run(s, run, files[0], files[1]) && ok;
        write_summary(s, cells, n_cells, files[2]);
    }
    for (int k = 0; k < 3; k++)
        if (files[k] && !clsnn_text_end(files[k], &texts[k])) ok = false;
    if (!ok) {
        st = clsnn_no_memory("results");
        goto fail;
    }
    for (int k = 0; k < 3; k++) {
        TRY(clsnn_file_write_in(s->dir, names[k], texts[k], sizes[k], CLSNN_FILE_SAFE));
        fprintf(list, "%s%s", k ? ", " : "", names[k]);
    }
    for (size_t a = 0; a < g->n_axes; a++) {
        if (clsnn_sweep_is_seed(&g->axes[a])) continue;
        TRY(draw_axis(s, &g->axes[a], cells, n_cells, list));
    }
    remove_old_pictures(s); /* best effort */
    ok = clsnn_text_end(list, &written);
    list = NULL;
    if (!ok) {
        st = clsnn_no_memory("results");
        goto fail;
    }
    *out_names = written;
    written = NULL;
fail:
    if (list) fclose(list);
    free(written);
    for (int k = 0; k < 3; k++) free(texts[k]);
    free(cells);
    return st;
}

static json_t *stats_json(const struct clsnn_stats *s, bool *ok) {
    if (s->n == 0) return json_null();
    json_t *o = json_pack("{s:I, s:f}", "n", (json_int_t)s->n, "mean_percent", s->mean);
    if (s->n > 1) {
        clsnn_json_add(o, "sd", json_real(s->sd), ok);
        clsnn_json_add(o, "ci95", json_real(s->ci95), ok);
    }
    return o;
}

static enum clsnn_status print_json(const struct clsnn_sweep *s, const struct clsnn_sweep_cell *cells,
                                    size_t n_cells, FILE *to) {
    const struct clsnn_grid *g = s->grid;
    json_t *rows = json_array();
    bool ok = true;
    for (size_t c = 0; c < n_cells; c++) {
        json_t *row = json_object();
        for (size_t a = 0; a < g->n_axes; a++)
            if (!clsnn_sweep_is_seed(&g->axes[a]))
                clsnn_json_add(row, g->axes[a].name,
                               value_json(clsnn_grid_value(g, cells[c].first, &g->axes[a])), &ok);
        clsnn_json_add(row, "runs", json_integer((json_int_t)cells[c].n_runs), &ok);
        clsnn_json_add(row, "all", stats_json(&cells[c].all, &ok), &ok);
        clsnn_json_add(row, "proportion", stats_json(&cells[c].proportion, &ok), &ok);
        if (json_array_append_new(rows, row) != 0) ok = false;
    }
    ok = json_dumpf(rows, to, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0 && ok;
    json_decref(rows);
    return ok ? CLSNN_OK : clsnn_no_memory("results");
}

/* Returns the width of the axis's column: that of its name or of its longest value. */
static int width_of(const struct clsnn_axis *axis) {
    size_t width = strlen(axis->name);
    for (size_t k = 0; k < axis->n_values; k++)
        if (strlen(axis->values[k]) > width) width = strlen(axis->values[k]);
    return (int)width;
}

enum clsnn_status clsnn_sweep_table_print(const struct clsnn_sweep *s, FILE *to, bool json) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_grid *g = s->grid;
    struct clsnn_sweep_cell *cells = NULL;
    size_t n_cells = 0;
    bool any = false; /* a cell has an interval */
    TRY(clsnn_sweep_cells(s, &cells, &n_cells));
    if (json) {
        TRY(print_json(s, cells, n_cells, to));
        goto fail;
    }
    for (size_t a = 0; a < g->n_axes; a++)
        if (!clsnn_sweep_is_seed(&g->axes[a])) fprintf(to, "%*s  ", width_of(&g->axes[a]), g->axes[a].name);
    fputs("runs    vote all (%)       vote proportion (%)\n", to);
    for (size_t c = 0; c < n_cells; c++) {
        const struct clsnn_stats *stats[2] = {&cells[c].all, &cells[c].proportion};
        for (size_t a = 0; a < g->n_axes; a++)
            if (!clsnn_sweep_is_seed(&g->axes[a]))
                fprintf(to, "%*s  ", width_of(&g->axes[a]), clsnn_grid_value(g, cells[c].first, &g->axes[a]));
        fprintf(to, "%4zu", stats[0]->n);
        for (int vote = 0; vote < 2; vote++) {
            if (stats[vote]->n == 0)
                fputs("        -", to);
            else if (stats[vote]->n == 1)
                fprintf(to, "    %6.2f%12s", stats[vote]->mean, "");
            else
                fprintf(to, "    %6.2f +- %-6.2f  ", stats[vote]->mean, stats[vote]->ci95);
            any = any || stats[vote]->n > 1;
        }
        fputc('\n', to);
    }
    if (any) fputs("mean +- half width of its 95 % interval over the runs that differ in their seed\n", to);
fail:
    free(cells);
    return st;
}
