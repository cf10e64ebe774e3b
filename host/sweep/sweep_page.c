/* The page of a sweep. Links lead to the pages of its runs; all else is on it. */
#include "sweep/sweep_page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/sources.h"
#include "base/text.h"
#include "device/device.h"
#include "device/program.h"
#include "formats/html.h"
#include "formats/html_figures.h"
#include "run/page_parts.h"
#include "sweep/sweep_cells.h"

enum {
    MOST_NAMED = 3,   /* runs that a warning names */
    LONGEST_NAME = 40 /* longer names of runs give way to numbers: the columns have their values */
};

/* A page under way. */
struct page {
    FILE *to;
    const struct clsnn_sweep *s;
    const struct clsnn_sweep_stage *stage;
    enum clsnn_run_state state;
    struct clsnn_sweep_cell *cells; /* [n_cells], owned */
    size_t n_cells;
};

static const char *plural(size_t n) {
    return n == 1 ? "" : "s";
}

static void write_title(const struct clsnn_sweep *s, char *out, size_t room) {
    const struct clsnn_plan *plan = &s->runs[0].plan;
    const size_t n = s->grid->n_runs;
    if (s->grid->n_axes == 1 && clsnn_sweep_is_seed(&s->grid->axes[0]))
        snprintf(out, room, "%s: %u neurons, %u epoch%s, %zu seed%s", s->data->name, plan->neurons,
                 plan->epochs, plural(plan->epochs), n, plural(n));
    else
        snprintf(out, room, "%s: a sweep of %zu run%s", s->data->name, n, plural(n));
}

/* Returns whether the run has failed and does not wait to be made again. */
static bool has_failed(const struct page *p, const struct clsnn_sweep_run *run) {
    return run->result.found == CLSNN_FOUND_FAILED && !(p->state == CLSNN_RUN_RUNNING && run->is_waiting);
}

static void write_state(const struct page *p) {
    const struct clsnn_sweep_stage *stage = p->stage;
    char eta[32];
    size_t n_finished = 0, n_failed = 0;
    for (size_t k = 0; k < p->s->grid->n_runs; k++) {
        n_finished += p->s->runs[k].result.found == CLSNN_FOUND_FINISHED;
        n_failed += has_failed(p, &p->s->runs[k]);
    }
    if (p->state == CLSNN_RUN_RUNNING) clsnn_page_under_way(p->to, "sweep");
    if (p->state == CLSNN_RUN_FAILED) clsnn_html_note(p->to, "This sweep has failed.", clsnn_error_text());
    if (p->state == CLSNN_RUN_STOPPED)
        clsnn_html_note(p->to, "This sweep was stopped.", "The same command goes on with the other runs.");
    if (n_failed)
        fprintf(p->to,
                "<p class=\"note\"><strong>%zu run%s failed.</strong> The table of runs says why.</p>\n",
                n_failed, plural(n_failed));
    fprintf(p->to, "<p>%zu of %zu run%s finished", n_finished, p->s->grid->n_runs,
            p->s->grid->n_runs == 1 ? " is" : "s are");
    if (p->state == CLSNN_RUN_RUNNING && stage && stage->n_running)
        fprintf(p->to, ", %zu under way", stage->n_running);
    if (stage && stage->images) fprintf(p->to, "; %.0f images/s altogether", stage->images_per_second);
    if (p->state == CLSNN_RUN_RUNNING && stage && stage->images && stage->eta_seconds > 0) {
        clsnn_format_duration(stage->eta_seconds, eta);
        fprintf(p->to, ", about %s left", eta);
    }
    fputs(".</p>\n", p->to);
}

/* Returns whether the names, joined by '+', hold this one. */
static bool has_name(const char *names, const char *name) {
    const size_t n = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += n)
        if ((at == names || at[-1] == '+') && (at[n] == '+' || at[n] == '\0')) return true;
    return false;
}

static void write_warning(const struct page *p, const char *name, const char *meaning, const char *cure) {
    const struct clsnn_sweep *s = p->s;
    size_t n = 0, n_finished = 0;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        const struct clsnn_found_run *result = &s->runs[k].result;
        const bool is_finished = result->found == CLSNN_FOUND_FINISHED;
        n_finished += is_finished;
        n += is_finished && has_name(result->run.warnings, name);
    }
    if (n == 0) return;
    fprintf(p->to, "<p class=\"note\"><strong>Warning: %s.</strong> ", name);
    clsnn_html_text(p->to, meaning);
    fputs(": ", p->to);
    if (n == n_finished) {
        fputs(n == 1 ? "the finished run" : "all finished runs", p->to);
    } else {
        size_t n_named = 0;
        for (size_t k = 0; k < s->grid->n_runs && n_named < MOST_NAMED; k++) {
            const struct clsnn_found_run *result = &s->runs[k].result;
            if (result->found != CLSNN_FOUND_FINISHED || !has_name(result->run.warnings, name)) continue;
            if (n_named++) fputs(", ", p->to);
            clsnn_html_text(p->to, s->runs[k].name);
        }
        if (n > MOST_NAMED) fprintf(p->to, " and %zu more", n - MOST_NAMED);
    }
    fputs(". Cure: ", p->to);
    clsnn_html_text(p->to, cure);
    fputs(".</p>\n", p->to);
}

static void write_warnings(const struct page *p) {
#define CLSNN_WARNING(name, meaning, cure) write_warning(p, #name, meaning, cure);
#include "base/warnings.def"
}

static void write_value(FILE *to, const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis) {
    fputs("<td>", to);
    clsnn_html_text(to, clsnn_grid_value(g, run, axis));
    fputs("</td>", to);
}

static void write_axis_names(const struct page *p, bool with_seed) {
    const struct clsnn_grid *g = p->s->grid;
    for (size_t a = 0; a < g->n_axes; a++) {
        if (!with_seed && clsnn_sweep_is_seed(&g->axes[a])) continue;
        fprintf(p->to, "<th>%s", g->axes[a].name);
        if (g->axes[a].param && *g->axes[a].param->unit)
            fprintf(p->to, "<small>%s</small>", g->axes[a].param->unit);
        fputs("</th>", p->to);
    }
}

static void write_range(FILE *to, const struct clsnn_stats *s) {
    if (s->n > 1)
        fprintf(to, "<td>%.2f to %.2f</td>", s->min, s->max);
    else
        fputs("<td></td>", to);
}

/* Writes the means over seeds. Without several seeds, or with nothing finished, there is nothing to say. */
static void write_means(const struct page *p) {
    const struct clsnn_grid *g = p->s->grid;
    size_t most = 0;
    bool has_seeds = false;
    for (size_t c = 0; c < p->n_cells; c++) {
        has_seeds = has_seeds || p->cells[c].n_runs > 1;
        if (p->cells[c].all.n > most) most = p->cells[c].all.n;
    }
    if (!has_seeds || most == 0) return;
    fprintf(p->to,
            "<h2>Means over seeds (%%)</h2>\n<p>Of %u %s images each%s.</p>\n<div class=\"wide\"><table>\n"
            "<thead><tr>",
            p->s->runs[0].plan.test_images, clsnn_dataset_test_name(p->s->data),
            most >= 3 ? "; mean &plusmn; half width of its 95 % interval, from three seeds on" : "");
    write_axis_names(p, false);
    fputs("<th>seeds</th><th>vote all</th><th>lowest to highest</th><th>vote proportion</th><th>lowest to "
          "highest</th></tr></thead>\n<tbody>\n",
          p->to);
    for (size_t c = 0; c < p->n_cells; c++) {
        const struct clsnn_sweep_cell *cell = &p->cells[c];
        fputs("<tr>", p->to);
        for (size_t a = 0; a < g->n_axes; a++)
            if (!clsnn_sweep_is_seed(&g->axes[a])) write_value(p->to, g, cell->first, &g->axes[a]);
        fprintf(p->to, "<td>%zu</td>", cell->all.n);
        clsnn_html_mean(p->to, &cell->all);
        write_range(p->to, &cell->all);
        clsnn_html_mean(p->to, &cell->proportion);
        write_range(p->to, &cell->proportion);
        fputs("</tr>\n", p->to);
    }
    fputs("</tbody></table></div>\n", p->to);
}

/* Returns the statistics of evaluation e of all finished runs, in percent. values: room for them. */
static struct clsnn_stats evaluation(const struct clsnn_sweep *s, size_t e, bool proportion, double *values) {
    size_t n = 0;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        const struct clsnn_found_run *result = &s->runs[k].result;
        if (result->found != CLSNN_FOUND_FINISHED || result->run.n_metrics <= e) continue;
        const struct clsnn_metrics *m = &result->run.metrics[e];
        values[n++] = 100 * (proportion ? m->accuracy_proportion : m->accuracy_all);
    }
    return clsnn_stats_of(values, n);
}

/* Draws the mean accuracy of runs that differ in their seed alone, over epochs. */
static enum clsnn_status write_curves(const struct page *p) {
    const struct clsnn_sweep *s = p->s;
    const struct clsnn_run *first = NULL;
    for (size_t k = 0; k < s->grid->n_runs && !first; k++)
        if (s->runs[k].result.found == CLSNN_FOUND_FINISHED) first = &s->runs[k].result.run;
    if (p->n_cells != 1 || !first || s->grid->n_runs < 2) return CLSNN_OK;
    const size_t n = first->n_metrics;
    double *values = malloc((5 * n + s->grid->n_runs) * sizeof *values);
    if (!values) return clsnn_no_memory("report.html");
    double *epoch = values, *y[2] = {values + n, values + 2 * n}, *err[2] = {values + 3 * n, values + 4 * n};
    for (size_t e = 0; e < n; e++) {
        epoch[e] = (double)first->metrics[e].epoch;
        for (int vote = 0; vote < 2; vote++) {
            const struct clsnn_stats stats = evaluation(s, e, vote == 1, values + 5 * n);
            y[vote][e] = stats.mean;
            err[vote][e] = stats.n >= 3 ? stats.ci95 : 0;
        }
    }
    const struct clsnn_series series[] = {{"vote all", epoch, y[0], err[0], n},
                                          {"vote proportion", epoch, y[1], err[1], n}};
    static const struct clsnn_look looks[] = {{.colour = 0}, {.colour = 1}};
    fputs("<h2>Accuracy (%)</h2>\n<figure>\n", p->to);
    clsnn_html_curves(p->to, "Mean accuracy in percent over epochs", "epochs", series, looks, 2);
    fprintf(p->to, "<figcaption>Means over the finished runs%s</figcaption>\n</figure>\n",
            p->cells[0].all.n >= 3 ? "; bars: 95 % interval of the mean." : ".");
    free(values);
    return CLSNN_OK;
}

/* Writes the pictures that clsnn_sweep_table_write has made of a sweep that ended. */
static enum clsnn_status write_pictures(const struct page *p) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_grid *g = p->s->grid;
    for (size_t a = 0; a < g->n_axes && p->state == CLSNN_RUN_FINISHED; a++) {
        char name[96], alt[96];
        if (clsnn_sweep_is_seed(&g->axes[a])) continue;
        snprintf(name, sizeof name, "accuracy-%s", g->axes[a].name);
        snprintf(alt, sizeof alt, "Accuracy against %s", g->axes[a].name);
        if (!clsnn_page_has_figure(p->s->dir, name, p->s->options->figures)) continue; /* values are names */
        fputs("<figure>\n", p->to);
        TRY(clsnn_page_figure(p->to, p->s->dir, name, p->s->options->figures, alt));
        fputs("</figure>\n", p->to);
    }
fail:
    return st;
}

/* Returns the state of a run for people. */
static const char *state_of(const struct page *p, const struct clsnn_sweep_run *run) {
    if (p->state != CLSNN_RUN_RUNNING || run->result.found == CLSNN_FOUND_FINISHED || has_failed(p, run))
        return clsnn_sweep_state(run);
    return run->is_under_way ? "under way" : "waiting";
}

static void write_run(const struct page *p, size_t k) {
    const struct clsnn_grid *g = p->s->grid;
    const struct clsnn_sweep_run *run = &p->s->runs[k];
    const struct clsnn_found_run *result = &run->result;
    char path[512], number[32];
    fputs("<tr><td title=\"", p->to);
    clsnn_html_text(p->to, run->name);
    fputs("\">", p->to);
    snprintf(path, sizeof path, "runs/%s/report.html", run->name);
    snprintf(number, sizeof number, "run %zu", k + 1);
    const char *name = strlen(run->name) > LONGEST_NAME ? number : run->name;
    if (!run->is_under_way && clsnn_file_is_there(p->s->dir, path))
        clsnn_html_link(p->to, path, name);
    else
        clsnn_html_text(p->to, name);
    fputs("</td>", p->to);
    for (size_t a = 0; a < g->n_axes; a++) write_value(p->to, g, k, &g->axes[a]);
    fprintf(p->to, "<td class=\"left\">%s", state_of(p, run));
    if (result->why[0] && result->found != CLSNN_FOUND_FINISHED && !run->is_under_way) {
        fputs("<small class=\"why\">", p->to);
        clsnn_html_text(p->to, result->why);
        fputs("</small>", p->to);
    }
    fputs("</td>", p->to);
    if (result->found == CLSNN_FOUND_FINISHED) {
        const struct clsnn_metrics *m = clsnn_run_last(&result->run);
        fprintf(p->to, "<td>%.2f</td><td>%.2f</td><td>%.1f</td><td>%" PRIu64 "</td><td class=\"left\">",
                100 * m->accuracy_all, 100 * m->accuracy_proportion, m->exc_spikes_per_image, m->given_up);
        for (const char *c = result->run.warnings; *c; c++)
            fputs(*c == '+' ? "<br>" : (char[]){*c, '\0'}, p->to);
        fputs("</td></tr>\n", p->to);
    } else {
        fputs("<td></td><td></td><td></td><td></td><td></td></tr>\n", p->to);
    }
}

static void write_runs(const struct page *p) {
    fputs("<h2>Runs</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>run</th>", p->to);
    write_axis_names(p, true);
    fputs("<th class=\"left\">state</th><th>vote all<small>%</small></th><th>vote proportion<small>%</small>"
          "</th><th>spikes<small>an image</small></th><th>given up</th><th class=\"left\">warnings</th></tr>"
          "</thead>\n<tbody>\n",
          p->to);
    for (size_t k = 0; k < p->s->grid->n_runs; k++) write_run(p, k);
    fputs("</tbody></table></div>\n", p->to);
}

static void write_origin(const struct page *p) {
    const struct clsnn_sweep *s = p->s;
    char text[128], hash[CLSNN_SHA256_HEX];
    fputs("<h2>How this was made</h2>\n<table>\n<tbody>\n", p->to);
    snprintf(text, sizeof text, "clsnn %s %s", CLSNN_VERSION, s->options->command);
    clsnn_html_row(p->to, "program", text, false);
    clsnn_page_data(p->to, s->data);
    for (size_t d = 0; d < s->n_devices; d++)
        clsnn_page_device(p->to, &s->devices[d].dev->info, clsnn_program_work_group(s->devices[d].prog));
    clsnn_clock_utc(text);
    clsnn_html_row(p->to, "page written (UTC)", text, false);
    if (clsnn_program_hash(hash) == CLSNN_OK) clsnn_html_row(p->to, "kernels, SHA-256", hash, true);
    fputs("</tbody>\n</table>\n<p>Every number is in <code>results.csv</code>, means in "
          "<code>summary.csv</code>, beside this page once all runs are done.</p>\n",
          p->to);
}

static enum clsnn_status write_page(const struct page *p) {
    enum clsnn_status st = CLSNN_OK;
    char title[256];
    write_title(p->s, title, sizeof title);
    clsnn_html_begin(p->to, title, p->state == CLSNN_RUN_RUNNING ? CLSNN_PAGE_RELOAD_SECONDS : 0);
    fputs("<h1>", p->to);
    clsnn_html_text(p->to, title);
    fputs("</h1>\n", p->to);
    write_state(p);
    write_warnings(p);
    write_means(p);
    TRY(write_curves(p));
    TRY(write_pictures(p));
    write_runs(p);
    clsnn_page_settings(p->to, p->s->options);
    write_origin(p);
    clsnn_html_end(p->to);
fail:
    return st;
}

enum clsnn_status clsnn_sweep_page_write(const struct clsnn_sweep *s, const struct clsnn_sweep_stage *stage,
                                         enum clsnn_run_state state) {
    struct page p = {.s = s, .stage = stage, .state = state};
    char *text = NULL;
    size_t n_bytes = 0;
    enum clsnn_status st = clsnn_sweep_cells(s, &p.cells, &p.n_cells);
    if (st != CLSNN_OK) return st;
    p.to = open_memstream(&text, &n_bytes);
    if (p.to) st = write_page(&p);
    if ((!p.to || !clsnn_text_end(p.to, &text)) && st == CLSNN_OK) st = clsnn_no_memory("report.html");
    if (st == CLSNN_OK)
        st = clsnn_file_write_in(s->dir, "report.html", text, n_bytes,
                                 state == CLSNN_RUN_RUNNING ? CLSNN_FILE_LOOSE : CLSNN_FILE_SAFE);
    free(text);
    free(p.cells);
    return st;
}

enum clsnn_status clsnn_sweep_page_end(const struct clsnn_sweep *s, const struct clsnn_sweep_stage *stage,
                                       enum clsnn_status st) {
    if (!s->has_page || !s->runs) return st;
    const enum clsnn_status page = clsnn_sweep_page_write(s, stage,
                                                          st == CLSNN_OK        ? CLSNN_RUN_FINISHED
                                                          : st == CLSNN_STOPPED ? CLSNN_RUN_STOPPED
                                                                                : CLSNN_RUN_FAILED);
    return st != CLSNN_OK ? st : page;
}
