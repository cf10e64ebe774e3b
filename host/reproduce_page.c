/* What is made of the runs: tables, figures, the page, and one JSON object. Every number comes out of clsnn_reproduction_cell. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clsnn/file.h"
#include "clsnn/html.h"
#include "clsnn/options_table.h"
#include "clsnn/record.h"
#include "reproduce_internal.h"

static const uint32_t columns[] = {1, 3, 5, 7, 9};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static const char *const minus = "\xe2\x88\x92", *const plus_minus = "\xc2\xb1", *const dash = "\xe2\x80\x93";

static enum clsnn_status no_memory(void) {
    return clsnn_fail(CLSNN_E_MEMORY, "reproduce: no memory for the results");
}

/* ---- pieces of text ---- */

/* "77.99 ± 0.75", or without a spread "77.99". */
static void spread_text(struct clsnn_stats s, char out[64]) {
    if (s.n == 0)
        snprintf(out, 64, "%s", dash);
    else if (s.n == 1)
        snprintf(out, 64, "%.2f", s.mean);
    else
        snprintf(out, 64, "%.2f %s %.2f", s.mean, plus_minus, s.sd);
}

static void number_text(double value, char out[64]) {
    if (isnan(value))
        snprintf(out, 64, "%s", dash);
    else
        snprintf(out, 64, "%.2f", value);
}

static void difference_text(double value, char out[64]) {
    if (isnan(value))
        snprintf(out, 64, "%s", dash);
    else
        snprintf(out, 64, "%s%.2f", value < 0 ? minus : "+", fabs(value));
}

static void duration_text(double seconds, char out[64]) {
    const long s = (long)(seconds + 0.5);
    if (s < 60)
        snprintf(out, 64, "%.1f s", seconds);
    else if (s < 3600)
        snprintf(out, 64, "%ld:%02ld min", s / 60, s % 60);
    else
        snprintf(out, 64, "%ld:%02ld:%02ld h", s / 3600, s / 60 % 60, s % 60);
}

static void seeds_text(const struct clsnn_reproduction *r, char out[64]) {
    if (r->n_seeds == 1)
        snprintf(out, 64, "seed %" PRIu64, r->seed);
    else
        snprintf(out, 64, "seeds %" PRIu64 " to %" PRIu64, r->seed, r->seed + r->n_seeds - 1);
}

const char *clsnn_reproduction_data(const struct clsnn_reproduction *r) {
    return strcmp(r->data->name, "mnist") == 0 ? "MNIST" : r->data->name;
}

uint32_t clsnn_reproduction_column(const struct clsnn_reproduction *r, size_t k) {
    size_t n = 0;
    while (n < N_COLUMNS && columns[n] <= r->epochs) n++;
    if (k < n) return columns[k];
    return k == n && (n == 0 || columns[n - 1] != r->epochs) ? r->epochs : 0;
}

static size_t n_columns(const struct clsnn_reproduction *r) {
    size_t n = 0;
    while (clsnn_reproduction_column(r, n)) n++;
    return n;
}

/* The options given as flags, quoted for a shell. */
static void add_flag(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                     bool is_param) {
    FILE *to = ctx;
    const struct clsnn_option_row *row = is_param ? NULL : clsnn_option_find(name);
    (void)is_number;
    if (strcmp(origin, "command line") != 0) return;
    if (is_param) {
        fprintf(to, " --set %s=%s", name, value);
    } else if (row && row->type == CLSNN_OPT_SWITCH) {
        fprintf(to, strcmp(value, "yes") == 0 ? " --%s" : " --%s=no", name);
    } else if (value[strspn(value,
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=+-")] ==
               '\0') {
        fprintf(to, " --%s %s", name, value);
    } else {
        fprintf(to, " --%s '", name);
        for (const char *c = value; *c; c++) fputs(*c == '\'' ? "'\\''" : (char[2]){*c, '\0'}, to);
        fputc('\'', to);
    }
}

/* malloc'ed; NULL without memory. */
static char *command_text(const struct clsnn_reproduction *r) {
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return NULL;
    fputs("clsnn reproduce", to);
    clsnn_options_visit(r->options, add_flag, to);
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}

/* Whether the paper prints a number of any cell of the table. */
static bool has_paper(const struct clsnn_reproduction *r) {
    for (size_t s = 0; s < r->n_sizes; s++)
        for (size_t k = 0; k < n_columns(r); k++)
            if (!isnan(clsnn_paper_accuracy(r->sizes[s], clsnn_reproduction_column(r, k)))) return true;
    return false;
}

/* How the cells with a number of the paper compare. */
struct verdict {
    size_t n, n_below;
    double lowest, highest; /* differences */
    struct clsnn_reproduced_cell at_lowest, at_highest;
};

static struct verdict judge(const struct clsnn_reproduction *r) {
    struct verdict v = {.lowest = HUGE_VAL, .highest = -HUGE_VAL};
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (size_t k = 0; k < n_columns(r); k++) {
            const struct clsnn_reproduced_cell cell =
                clsnn_reproduction_cell(r, s, clsnn_reproduction_column(r, k));
            if (isnan(cell.difference)) continue;
            v.n++;
            v.n_below += cell.below;
            if (cell.difference < v.lowest) v.lowest = cell.difference, v.at_lowest = cell;
            if (cell.difference > v.highest) v.highest = cell.difference, v.at_highest = cell;
        }
    }
    return v;
}

static void print_verdict(const struct clsnn_reproduction *r, FILE *to) {
    const struct verdict v = judge(r);
    char low[64], high[64], n_below[32];
    if (!has_paper(r)) {
        fputs("The paper prints no number of these sizes and epochs: nothing is compared.", to);
        return;
    }
    if (!clsnn_reproduction_is_comparable(r)) {
        const bool is_mnist = strcmp(r->data->name, "mnist") == 0;
        fprintf(to,
                "%s (%s, %u training and %u test images; the paper's are %s60000 and 10000): its numbers "
                "stand beside ours for orientation only, and nothing is compared.",
                is_mnist ? "This is a part of the paper's data" : "These are not the paper's data",
                clsnn_reproduction_data(r), r->train_images, r->test_images, is_mnist ? "" : "MNIST's ");
        return;
    }
    if (v.n == 0) {
        fputs("No run has come to a cell of which the paper prints a number: nothing is compared.", to);
        return;
    }
    if (v.n_below)
        snprintf(n_below, sizeof n_below, "%zu", v.n_below);
    else
        snprintf(n_below, sizeof n_below, "none");
    difference_text(v.lowest, low);
    difference_text(v.highest, high);
    fprintf(to,
            "%zu cell%s with a number of the paper, %s of them more than %.1f points below it. Differences "
            "of the mean (vote all) reach from %s (N = %u, epoch %u) to %s points (N = %u, epoch %u).",
            v.n, v.n == 1 ? "" : "s", n_below, CLSNN_REPRODUCE_BELOW, low, v.at_lowest.neurons,
            v.at_lowest.epoch, high, v.at_highest.neurons, v.at_highest.epoch);
}

/* ---- table1.md, table1.csv ---- */

static void write_markdown(const struct clsnn_reproduction *r, FILE *to) {
    const size_t n = n_columns(r);
    char text[64], seeds[64];
    seeds_text(r, seeds);
    fprintf(to, "Test accuracy in percent on %s (%u test images), %s: ", clsnn_reproduction_data(r),
            r->test_images, seeds);
    if (r->n_seeds > 1)
        fprintf(to, "mean %s sample standard deviation, n = %u\n\n", plus_minus, r->n_seeds);
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
        static const char *const rows[] = {"vote all", "vote proportion", "seed paper", "vote all - paper"};
        for (int row = 0; row < 4; row++) {
            if (row == 0)
                fprintf(to, "| %u | %s |", r->sizes[s], rows[row]);
            else
                fprintf(to, "| | %s |", rows[row]);
            for (size_t k = 0; k < n; k++) {
                const struct clsnn_reproduced_cell cell =
                    clsnn_reproduction_cell(r, s, clsnn_reproduction_column(r, k));
                if (row == 0) spread_text(cell.all, text);
                if (row == 1) spread_text(cell.proportion, text);
                if (row == 2) number_text(cell.paper, text);
                if (row == 3) difference_text(cell.difference, text);
                fprintf(to, row == 3 && cell.below ? " **%s below** |" : " %s |", text);
            }
            fputc('\n', to);
        }
    }
    fputc('\n', to);
    print_verdict(r, to);
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

/* Every epoch, those between the table's columns too. */
static void write_csv(const struct clsnn_reproduction *r, FILE *to) {
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

/* ---- JSON ---- */

static json_t *number_json(double value) {
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *spread_json(struct clsnn_stats s, bool *ok) {
    json_t *o = json_object();
    clsnn_record_add(o, "n", json_integer((json_int_t)s.n), ok);
    clsnn_record_add(o, "mean", number_json(s.mean), ok);
    clsnn_record_add(o, "sd", number_json(s.sd), ok);
    clsnn_record_add(o, "min", number_json(s.min), ok);
    clsnn_record_add(o, "max", number_json(s.max), ok);
    return o;
}

static json_t *cells_json(const struct clsnn_reproduction *r, bool *ok) {
    json_t *cells = json_array();
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (uint32_t e = 1; e <= r->epochs; e++) {
            const struct clsnn_reproduced_cell cell = clsnn_reproduction_cell(r, s, e);
            json_t *o = json_object();
            clsnn_record_add(o, "neurons", json_integer(cell.neurons), ok);
            clsnn_record_add(o, "epochs", json_integer(e), ok);
            clsnn_record_add(o, "images", json_integer((json_int_t)e * (json_int_t)r->train_images), ok);
            clsnn_record_add(o, "vote_all", spread_json(cell.all, ok), ok);
            clsnn_record_add(o, "vote_proportion", spread_json(cell.proportion, ok), ok);
            clsnn_record_add(o, "paper", number_json(cell.paper), ok);
            clsnn_record_add(o, "difference", number_json(cell.difference), ok);
            clsnn_record_add(o, "below", json_boolean(cell.below), ok);
            if (json_array_append_new(cells, o) != 0) *ok = false;
        }
    }
    return cells;
}

static json_t *runs_json(const struct clsnn_reproduction *r, bool *ok) {
    json_t *runs = json_array();
    for (size_t k = 0; k < r->n_sizes * r->n_seeds; k++) {
        const struct clsnn_reproduced_run *run = &r->runs[k];
        json_t *o = json_object(), *all = json_array(), *proportion = json_array();
        for (size_t p = 0; p < run->n_points; p++) {
            json_array_append_new(all, json_real(run->points[p].all));
            json_array_append_new(proportion, json_real(run->points[p].proportion));
        }
        clsnn_record_add(o, "neurons", json_integer(run->neurons), ok);
        clsnn_record_add(o, "seed", clsnn_record_whole(run->seed), ok);
        clsnn_record_add(o, "dir", json_string(run->dir), ok);
        clsnn_record_add(o, "kept", json_boolean(run->kept), ok);
        clsnn_record_add(o, "vote_all", all, ok);
        clsnn_record_add(o, "vote_proportion", proportion, ok);
        clsnn_record_add(o, "train_seconds", json_real(run->train_seconds), ok);
        clsnn_record_add(o, "eval_seconds", json_real(run->eval_seconds), ok);
        clsnn_record_add(o, "images_per_second", json_real(run->images_per_second), ok);
        clsnn_record_add(o, "presentations", json_integer((json_int_t)run->presentations), ok);
        clsnn_record_add(o, "given_up", json_integer((json_int_t)run->given_up), ok);
        clsnn_record_add(o, "final_sha256", json_string(run->sha256), ok);
        if (json_array_append_new(runs, o) != 0) *ok = false;
    }
    return runs;
}

static json_t *path_json(const struct clsnn_reproduction *r, const char *name) {
    char *path = clsnn_file_join(r->dir, name);
    json_t *value = path ? clsnn_record_text(path) : NULL;
    free(path);
    return value;
}

static char *result_text(const struct clsnn_reproduction *r, size_t flags) {
    bool ok = true;
    char *command = command_text(r);
    json_t *o = json_object(), *figures = json_object(), *device = json_object(), *sizes = json_array();
    clsnn_record_add(o, "format", json_integer(1), &ok);
    clsnn_record_add(o, "clsnn_version", json_string(CLSNN_VERSION), &ok);
    clsnn_record_add(o, "command", command ? clsnn_record_text(command) : NULL, &ok);
    clsnn_record_add(o, "unit", json_string("percent"), &ok);
    for (size_t s = 0; s < r->n_sizes; s++) json_array_append_new(sizes, json_integer(r->sizes[s]));
    clsnn_record_add(o, "sizes", sizes, &ok);
    clsnn_record_add(o, "epochs", json_integer(r->epochs), &ok);
    clsnn_record_add(o, "seed", clsnn_record_whole(r->seed), &ok);
    clsnn_record_add(o, "seeds", json_integer(r->n_seeds), &ok);
    clsnn_record_add(o, "comparable", json_boolean(clsnn_reproduction_is_comparable(r)), &ok);
    clsnn_record_add(o, "cells_below", json_integer((json_int_t)judge(r).n_below), &ok);
    clsnn_record_add(o, "cells", cells_json(r, &ok), &ok);
    clsnn_record_add(o, "runs", runs_json(r, &ok), &ok);
    clsnn_record_add(o, "train_images", json_integer(r->train_images), &ok);
    clsnn_record_add(o, "label_images", json_integer(r->label_images), &ok);
    clsnn_record_add(o, "test_images", json_integer(r->test_images), &ok);
    clsnn_record_add(o, "data", clsnn_record_text(r->data->name), &ok);
    clsnn_record_add(o, "data_source", clsnn_record_text(r->data->source), &ok);
    clsnn_record_add(o, "data_sha256", json_string(r->data->sha256), &ok);
    clsnn_record_add(device, "name", clsnn_record_text(r->device->name), &ok);
    clsnn_record_add(device, "platform", clsnn_record_text(r->device->platform_name), &ok);
    clsnn_record_add(device, "version", clsnn_record_text(r->device->version), &ok);
    clsnn_record_add(device, "driver", clsnn_record_text(r->device->driver), &ok);
    clsnn_record_add(device, "compute_units", json_integer(r->device->compute_units), &ok);
    clsnn_record_add(device, "work_group", json_integer(r->work_group), &ok);
    clsnn_record_add(o, "device", device, &ok);
    clsnn_record_add(o, "kernels_sha256", json_string(r->kernels_sha256), &ok);
    clsnn_record_add(o, "started", json_string(r->started), &ok);
    clsnn_record_add(o, "finished", json_string(r->finished), &ok);
    clsnn_record_add(o, "seconds", json_real(r->seconds), &ok);
    clsnn_record_add(o, "report", path_json(r, "report.html"), &ok);
    clsnn_record_add(figures, "figure3", path_json(r, "figure3.png"), &ok);
    clsnn_record_add(figures, "figure4", path_json(r, "figure4.png"), &ok);
    clsnn_record_add(o, "figures", figures, &ok);
    char *text = ok ? json_dumps(o, flags | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(o);
    free(command);
    return text;
}

/* ---- the page ---- */

static void page_table(const struct clsnn_reproduction *r, FILE *page) {
    const size_t n = n_columns(r);
    char text[64];
    fputs("<div class=\"wide\"><table>\n<thead><tr><th>N</th><th class=\"left\"></th>", page);
    for (size_t k = 0; k < n; k++) {
        const uint32_t epoch = clsnn_reproduction_column(r, k);
        fprintf(page, "<th>%u epoch%s</th>", epoch, epoch == 1 ? "" : "s");
    }
    fputs("</tr></thead>\n<tbody>\n", page);
    for (size_t s = 0; s < r->n_sizes; s++) {
        static const char *const rows[] = {"vote all", "vote proportion", "seed paper",
                                           "vote all, difference"};
        for (int row = 0; row < 4; row++) {
            if (row == 0)
                fprintf(page, "<tr class=\"group\"><th>%u</th>", r->sizes[s]);
            else
                fputs("<tr><th></th>", page);
            fprintf(page, "<td class=\"left\">%s</td>", rows[row]);
            for (size_t k = 0; k < n; k++) {
                const struct clsnn_reproduced_cell cell =
                    clsnn_reproduction_cell(r, s, clsnn_reproduction_column(r, k));
                const struct clsnn_stats spread = row == 0 ? cell.all : cell.proportion;
                if (row < 2) spread_text(spread, text);
                if (row == 2) number_text(cell.paper, text);
                if (row == 3) difference_text(cell.difference, text);
                fprintf(page, cell.below && row != 1 ? "<td class=\"below\">%s" : "<td>%s", text);
                if (row < 2 && spread.n > 1)
                    fprintf(page, "<small>%.2f to %.2f</small>", spread.min, spread.max);
                if (row == 3 && cell.below) fputs("<small>below</small>", page);
                fputs("</td>", page);
            }
            fputs("</tr>\n", page);
        }
    }
    fputs("</tbody></table></div>\n", page);
}

static enum clsnn_status page_figure(const struct clsnn_reproduction *r, FILE *page, const char *name,
                                     const char *alt, const char *caption) {
    char *path = clsnn_file_join(r->dir, name);
    if (!path) return CLSNN_E_MEMORY;
    fputs("<figure>\n", page);
    const enum clsnn_status st = clsnn_html_picture(page, path, alt);
    fprintf(page, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    free(path);
    return st;
}

static void page_text(const struct clsnn_reproduction *r, FILE *page) {
    fputs(
        "<h2>What is compared, and what departs</h2>\n<ul>\n"
        "<li>The paper's numbers are those of its Table 1: one number a cell, without a spread. It trained 9 "
        "epochs as well and prints no number of them. Ours are of several seeds, and each seed is one "
        "training: it is tested after every epoch and goes on, it does not start again.</li>\n",
        page);
    fprintf(
        page,
        "<li>Labels come from the first %u training images, never from test images. <em>Vote all</em>: the "
        "class whose neurons fired most on average (the original's, compared with the paper); <em>vote "
        "proportion</em>: every neuron votes for all classes in proportion to its mean counts. Ties go "
        "to the lowest class.</li>\n",
        r->label_images);
    fputs(
        "<li>Where the paper and the code released by Diehl and Cook (2015) leave something open, the code "
        "decides, since the paper prints only a part of the constants.</li>\n"
        "<li>Departures from the original: no delays from input to excitatory neurons (theirs are random, 0 "
        "to "
        "10 ms); no step carries the potential below the inhibitory reversal potential; in evaluation each "
        "image starts from rest, so that images are independent; traces are cut off after 10 (depression) or "
        "16 (potentiation) time constants; weights below 2<sup>-30</sup> are zero after rescaling; retries "
        "end at a highest intensity, and images that reach it are counted below.</li>\n"
        "<li>A cell is marked where the mean (vote all) is more than 1.5 points below the paper's. A cell "
        "above "
        "it is no success either: both are the same experiment only if they agree within the spread.</li>\n"
        "</ul>\n",
        page);
}

static void page_runs(const struct clsnn_reproduction *r, FILE *page) {
    char train[64], eval[64];
    size_t n_kept = 0;
    const size_t n = r->n_sizes * r->n_seeds;
    for (size_t k = 0; k < n; k++) n_kept += r->runs[k].kept;
    fprintf(
        page,
        "<h2>Runs</h2>\n<p>%zu runs, %zu of them found finished from an earlier start. Runs of one size go "
        "on "
        "side by side, and their training times are those of the clock on the wall.</p>\n"
        "<div class=\"wide\"><table>\n<thead><tr><th>N</th><th>seed</th><th>vote all</th><th>proportion</th>"
        "<th>training</th><th>evaluation</th><th>presentations</th><th>given up</th>"
        "<th class=\"left\">final_sha256</th></tr></thead>\n<tbody>\n",
        n, n_kept);
    for (size_t k = 0; k < n; k++) {
        const struct clsnn_reproduced_run *run = &r->runs[k];
        const struct clsnn_reproduced_point *last = &run->points[run->n_points - 1];
        duration_text(run->train_seconds, train);
        duration_text(run->eval_seconds, eval);
        fprintf(page,
                "<tr%s><td>%u</td><td>%" PRIu64
                "</td><td>%.2f</td><td>%.2f</td><td>%s</td><td>%s</td><td>%" PRIu64 "</td><td>%" PRIu64
                "</td><td class=\"left\"><code>%.16s</code>%s</td></tr>\n",
                k % r->n_seeds == 0 ? " class=\"group\"" : "", run->neurons, run->seed, last->all,
                last->proportion, train, eval, run->presentations, run->given_up, run->sha256,
                run->kept ? "<small>found finished</small>" : "");
    }
    fprintf(
        page,
        "</tbody></table></div>\n<p>Accuracy after epoch %u, in percent; the first 16 digits of the hash of "
        "weights, thresholds and labels, which is the same on every device. The whole one, every "
        "evaluation and the trained network stand in each run's directory, "
        "<code>runs/nN-sSEED</code>.</p>\n",
        r->epochs);
}

static void page_row(FILE *page, const char *name, const char *value, bool code) {
    fprintf(page, "<tr><td>%s</td><td class=\"any\">%s", name, code ? "<code>" : "");
    clsnn_html_text(page, value);
    fprintf(page, "%s</td></tr>\n", code ? "</code>" : "");
}

static void page_origin(const struct clsnn_reproduction *r, const char *command, FILE *page) {
    char text[1024], seconds[64];
    fputs("<h2>How this page was made</h2>\n<table>\n<tbody>\n", page);
    page_row(page, "command", command, true);
    page_row(page, "version", "clsnn " CLSNN_VERSION, false);
    page_row(page, "kernels, SHA-256", r->kernels_sha256, true);
    snprintf(text, sizeof text, "%s (%s, %s, driver %s), %u compute units, work-groups of %d",
             r->device->name, r->device->platform_name, r->device->version, r->device->driver,
             r->device->compute_units, r->work_group);
    page_row(page, "device", text, false);
    snprintf(text, sizeof text, "%s (%s): %u training images, %u of them for labels, %u test images",
             clsnn_reproduction_data(r), r->data->source, r->train_images, r->label_images, r->test_images);
    page_row(page, "data", text, false);
    page_row(page, "data, SHA-256", r->data->sha256, true);
    duration_text(r->seconds, seconds);
    snprintf(text, sizeof text, "%s to %s (UTC), %s", r->started, r->finished, seconds);
    page_row(page, "this start", text, false);
    fputs("</tbody>\n</table>\n", page);
}

static enum clsnn_status write_page(const struct clsnn_reproduction *r, FILE *page) {
    enum clsnn_status st = CLSNN_OK;
    char seeds[64], caption[512];
    char *command = command_text(r);
    if (!command) return no_memory();
    seeds_text(r, seeds);
    clsnn_html_begin(page, "The seed paper again: Table 1, Figure 3, Figure 4");
    fputs(
        "<h1>The seed paper again: Table 1, Figure 3, Figure 4</h1>\n"
        "<p>A Korean paper (the <em>seed paper</em>) trained the spiking network of P. U. Diehl and M. Cook "
        "(<em>Front. Comput. Neurosci.</em> 9:99, 2015) in the BRIAN simulator and asked how its accuracy on "
        "MNIST depends on the number of neurons N and on the amount of training. ",
        page);
    fputs(has_paper(r) ? "This page holds its numbers beside those of this program.</p>\n"
                       : "This page holds numbers of this program.</p>\n",
          page);
    fputs(clsnn_reproduction_is_comparable(r) ? "<p>" : "<p class=\"note\">", page);
    print_verdict(r, page);
    fprintf(page,
            "</p>\n<h2>Table 1: accuracy</h2>\n<p>Percent of %u test images of %s that are classified right, "
            "%s: ",
            r->test_images, clsnn_reproduction_data(r), seeds);
    if (r->n_seeds > 1)
        fprintf(page, "mean %s sample standard deviation, n = %u; below it the lowest and the highest.</p>\n",
                plus_minus, r->n_seeds);
    else
        fputs("one seed has no spread.</p>\n", page);
    page_table(r, page);
    fputs("<h2>Figure 3: accuracy and training</h2>\n", page);
    TRY(page_figure(r, page, "figure3.png", "Curves of test accuracy over epochs of training, one a size",
                    has_paper(r) ? "Filled markers and lines: this program, with the standard deviation over "
                                   "seeds as bars. Hollow markers and dashed lines: the seed paper's Table 1."
                                 : "This program, with the standard deviation over seeds as bars."));
    fputs("<h2>Figure 4: weights</h2>\n", page);
    snprintf(
        caption, sizeof caption,
        "The input weights of every excitatory neuron of one network (N = %u), a tile of 28 %s 28 inputs a "
        "neuron, in the paper's colours: white, yellow, red, black from 0 to the largest weight.",
        r->runs[clsnn_reproduction_shown(r)].neurons, "\xc3\x97");
    TRY(page_figure(r, page, "figure4.png", "Weights of one network after 1, 3, 5 and 7 epochs", caption));
    page_text(r, page);
    page_runs(r, page);
    page_origin(r, command, page);
    clsnn_html_end(page);
fail:
    free(command);
    return st;
}

/* ---- files ---- */

static enum clsnn_status write_file(const struct clsnn_reproduction *r, const char *name, const char *text,
                                    size_t n_bytes) {
    char *path = clsnn_file_join(r->dir, name);
    if (!path) return CLSNN_E_MEMORY;
    const enum clsnn_status st = clsnn_file_write(path, text, n_bytes);
    free(path);
    return st;
}

static enum clsnn_status markdown(const struct clsnn_reproduction *r, FILE *to) {
    write_markdown(r, to);
    return CLSNN_OK;
}

static enum clsnn_status csv(const struct clsnn_reproduction *r, FILE *to) {
    write_csv(r, to);
    return CLSNN_OK;
}

static enum clsnn_status json(const struct clsnn_reproduction *r, FILE *to) {
    char *text = result_text(r, JSON_INDENT(2));
    if (!text) return no_memory();
    fprintf(to, "%s\n", text);
    free(text);
    return CLSNN_OK;
}

/* Renders into memory, then writes the whole file. */
static enum clsnn_status render(const struct clsnn_reproduction *r, const char *name,
                                enum clsnn_status (*content)(const struct clsnn_reproduction *r, FILE *to)) {
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return no_memory();
    enum clsnn_status st = content(r, to);
    if (fclose(to) != 0 && st == CLSNN_OK) st = no_memory();
    if (st == CLSNN_OK) st = write_file(r, name, text, n_bytes);
    free(text);
    return st;
}

enum clsnn_status clsnn_reproduction_write(const struct clsnn_reproduction *r) {
    enum clsnn_status st = CLSNN_OK;
    char *figure3 = clsnn_file_join(r->dir, "figure3.png"), *figure4 = clsnn_file_join(r->dir, "figure4.png");
    if (!figure3 || !figure4) {
        st = no_memory();
        goto fail;
    }
    TRY(render(r, "reproduce.json", json));
    TRY(render(r, "table1.md", markdown));
    TRY(render(r, "table1.csv", csv));
    TRY(clsnn_reproduction_curves(r, figure3));
    TRY(clsnn_reproduction_weights(r, figure4));
    TRY(render(r, "report.html", write_page));
fail:
    free(figure3);
    free(figure4);
    return st;
}

enum clsnn_status clsnn_reproduction_print(const struct clsnn_reproduction *r, FILE *out) {
    if (r->options->json) {
        char *text = result_text(r, JSON_COMPACT);
        if (!text) return no_memory();
        fprintf(out, "%s\n", text);
        free(text);
        return CLSNN_OK;
    }
    write_markdown(r, out);
    fprintf(
        out,
        "\nwritten to %s/{report.html, reproduce.json, table1.md, table1.csv, figure3.png, figure4.png}\n",
        r->dir);
    return CLSNN_OK;
}
