/* report.html of a search: the best point, accuracy against each parameter and against images seen, and a
 * table of points. Drawings are part of the page, as SVG in the colours of the reader's theme. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/canvas.h"
#include "formats/html.h"
#include "run/page_parts.h"
#include "tune/tune.h"

enum { WIDTH = 420, HEIGHT = 260, LEFT = 56, RIGHT = 12, TOP = 12, BOTTOM = 44, MOST_ROWS = 50 };

static const char style[] =
    "<style>:root{color-scheme:light dark}\n"
    ".plots{display:flex;flex-wrap:wrap;gap:1rem}.plots figure{margin:0;flex:1 1 22rem;max-width:34rem}\n"
    "svg{width:100%;height:auto;font-size:12px}svg text{fill:currentColor}\n"
    ".axis{stroke:currentColor;stroke-opacity:.35;fill:none}.stopped{fill:#888;fill-opacity:.65}\n"
    ".finished{fill:#0072b2}.best{fill:#d55e00}.line{fill:none;stroke:#888;stroke-opacity:.45}\n"
    ".line.finished{stroke:#0072b2;stroke-opacity:.8;fill:none}.line.best{stroke:#d55e00;stroke-width:2.5;"
    "stroke-opacity:1;fill:none}\n"
    "@media (prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}th,td{border-color:#444}\n"
    "td "
    "small,figcaption{color:#aaa}.finished{fill:#56b4e9}.line.finished{stroke:#56b4e9}.best{fill:#ff9d4d}\n"
    ".line.best{stroke:#ff9d4d}}\n</style>\n";

/* An axis of a drawing, from low to high. */
struct scale {
    double low, high;
    bool is_log;
    int from, to; /* where low and high are, in pixels */
};

static double place(const struct scale *s, double value) {
    const double share =
        s->is_log ? log(value / s->low) / log(s->high / s->low) : (value - s->low) / (s->high - s->low);
    return s->from + share * (s->to - s->from);
}

/* Widens the range by a little, so that no point lies on the frame. */
static void widen(struct scale *s) {
    if (s->low == s->high) {
        s->low *= s->low > 0 ? 0.9 : 1.1;
        s->high *= s->high > 0 ? 1.1 : 0.9;
        if (s->low == 0) s->low = -1, s->high = 1;
    }
    if (s->is_log) {
        const double by = pow(s->high / s->low, 0.04);
        s->low /= by;
        s->high *= by;
    } else {
        const double by = 0.04 * (s->high - s->low);
        s->low -= by;
        s->high += by;
    }
}

/* Returns the k-th value that has a number on an axis; NaN after the last. Numbers are round; those of a
 * logarithmic axis stand at equal distances. */
static double tick(const struct scale *s, int k, char text[32]) {
    if (s->is_log) {
        const double value = s->low * pow(s->high / s->low, k / 4.0);
        snprintf(text, 32, "%.3g", value);
        return k < 5 ? value : (double)NAN;
    }
    const double step = clsnn_tick_step(s->high - s->low, 5), value = (ceil(s->low / step - 1e-6) + k) * step;
    clsnn_tick_text(value, step, text);
    return value <= s->high + 1e-6 * step ? value : (double)NAN;
}

/* Writes the frame, numbers along each axis, and the names of both. */
static void frame(FILE *to, const struct scale *x, const struct scale *y, const char *x_name) {
    char text[32];
    double value;
    fprintf(to, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"accuracy against %s\">\n", WIDTH,
            HEIGHT, x_name);
    fprintf(to, "<rect class=\"axis\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, TOP,
            WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    for (int k = 0; !isnan(value = tick(x, k, text)); k++)
        fprintf(to, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>", place(x, value),
                HEIGHT - BOTTOM + 16, place(x, value) > WIDTH - 40 ? "end" : "middle", text);
    for (int k = 0; !isnan(value = tick(y, k, text)); k++)
        fprintf(to, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6,
                place(y, value) + 4, text);
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s%s</text>\n", (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 8, x_name, x->is_log ? " (log)" : "");
}

/* The look of a point: how far it came. */
static const char *look(const struct clsnn_tune *t, size_t k) {
    if (k == 0) return "best";
    return t->points[k].epochs == (uint32_t)t->options->epochs ? "finished" : "stopped";
}

static double percent(const struct clsnn_metrics *m) {
    return 100 * m->accuracy_proportion;
}

/* Returns the scale of accuracies in all evaluations, or in the last ones of each point. */
static struct scale accuracies(const struct clsnn_tune *t, bool all) {
    struct scale y = {.low = 100, .high = 0, .from = HEIGHT - BOTTOM, .to = TOP};
    for (size_t k = 0; k < t->grid->n_runs; k++) {
        const struct clsnn_tune_point *p = &t->points[k];
        for (size_t e = all || !p->n_metrics ? 0 : p->n_metrics - 1; e < p->n_metrics; e++) {
            y.low = fmin(y.low, percent(&p->metrics[e]));
            y.high = fmax(y.high, percent(&p->metrics[e]));
        }
    }
    widen(&y);
    return y;
}

/* Draws accuracy against the values of an axis as points; draws nothing if they are no numbers. */
static void draw_axis(const struct clsnn_tune *t, const struct clsnn_axis *axis, FILE *to) {
    const struct clsnn_grid *g = t->grid;
    struct scale x = {.low = INFINITY, .high = -INFINITY, .from = LEFT, .to = WIDTH - RIGHT},
                 y = accuracies(t, false);
    for (size_t k = 0; k < g->n_runs; k++) {
        const char *text = clsnn_grid_value(g, k, axis);
        if (!clsnn_is_decimal(text)) return;
        x.low = fmin(x.low, strtod(text, NULL));
        x.high = fmax(x.high, strtod(text, NULL));
    }
    x.is_log = axis->has_span && axis->span.is_log && x.low > 0;
    widen(&x);
    fputs("<figure>", to);
    frame(to, &x, &y, axis->name);
    for (size_t k = g->n_runs; k-- > 0;) { /* the best on top */
        const struct clsnn_tune_point *p = &t->points[k];
        const struct clsnn_metrics *m = clsnn_tune_last(p);
        const char *value = clsnn_grid_value(g, p->run, axis);
        if (!m) continue;
        fprintf(
            to,
            "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>point %zu: %s = %s, %.2f %% after "
            "%u epoch%s</title></circle>\n",
            look(t, k), place(&x, strtod(value, NULL)), place(&y, percent(m)), k ? 4 : 6, p->run + 1,
            axis->name, value, percent(m), p->epochs, p->epochs == 1 ? "" : "s");
    }
    fputs("</svg></figure>\n", to);
}

/* Draws each point's accuracy against the images that it was trained on. */
static void draw_images(const struct clsnn_tune *t, FILE *to) {
    struct scale x = {.low = 0, .high = 1, .from = LEFT, .to = WIDTH - RIGHT}, y = accuracies(t, true);
    for (size_t k = 0; k < t->grid->n_runs; k++) {
        const struct clsnn_metrics *m = clsnn_tune_last(&t->points[k]);
        if (m) x.high = fmax(x.high, (double)m->images);
    }
    widen(&x);
    x.low = 0;
    fputs("<div class=\"plots\"><figure>", to);
    frame(to, &x, &y, "images seen");
    for (size_t k = t->grid->n_runs; k-- > 0;) {
        const struct clsnn_tune_point *p = &t->points[k];
        fprintf(to, "<polyline class=\"line %s\" points=\"", look(t, k));
        for (size_t e = 0; e < p->n_metrics; e++)
            fprintf(to, "%.1f,%.1f ", place(&x, (double)p->metrics[e].images),
                    place(&y, percent(&p->metrics[e])));
        fputs("\"/>\n", to);
        for (size_t e = 0; e < p->n_metrics; e++)
            fprintf(to, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n", look(t, k),
                    place(&x, (double)p->metrics[e].images), place(&y, percent(&p->metrics[e])));
    }
    fputs("</svg></figure></div>\n", to);
}

/* Writes a point's rank, as a link to the page of its last run. */
static void write_rank(const struct clsnn_tune *t, size_t k, FILE *to) {
    char rank[32], path[512], *name = clsnn_grid_name(t->grid, t->points[k].run);
    snprintf(rank, sizeof rank, "%zu", k + 1);
    snprintf(path, sizeof path, "epochs-%u/runs/%s/report.html", t->points[k].epochs, name ? name : "");
    if (name && clsnn_file_is_there(t->dir, path))
        clsnn_html_link(to, path, rank);
    else
        fputs(rank, to);
    free(name);
}

static void table(const struct clsnn_tune *t, FILE *to) {
    const struct clsnn_grid *g = t->grid;
    const size_t n = g->n_runs < MOST_ROWS ? g->n_runs : MOST_ROWS;
    fputs("<p>A rank leads to the page of the point's last run.</p>\n<div "
          "class=\"wide\"><table>\n<thead><tr><th>rank</th><th>epochs</th><th>vote all (%)</th>"
          "<th>vote proportion (%)</th><th>spikes an image</th><th>given up</th>",
          to);
    for (size_t a = 0; a < g->n_axes; a++) fprintf(to, "<th>%s</th>", g->axes[a].name);
    fputs("</tr></thead>\n<tbody>\n", to);
    for (size_t k = 0; k < n; k++) {
        const struct clsnn_tune_point *p = &t->points[k];
        const struct clsnn_metrics *m = clsnn_tune_last(p);
        const bool begins = k > 0 && p->epochs != t->points[k - 1].epochs;
        fprintf(to, "<tr%s><td>", begins ? " class=\"group\"" : "");
        write_rank(t, k, to);
        fprintf(to, "</td><td>%u%s</td>", p->epochs, p->has_failed ? " (failed)" : "");
        if (m)
            fprintf(to, "<td>%.2f</td><td>%.2f</td><td>%.1f</td><td>%llu</td>", 100 * m->accuracy_all,
                    percent(m), m->exc_spikes_per_image, (unsigned long long)m->given_up);
        else
            fputs("<td></td><td></td><td></td><td></td>", to);
        for (size_t a = 0; a < g->n_axes; a++)
            fprintf(to, "<td>%s</td>", clsnn_grid_value(g, p->run, &g->axes[a]));
        fputs("</tr>\n", to);
    }
    fputs("</tbody></table></div>\n", to);
    if (n < g->n_runs) fprintf(to, "<p>The best %zu of %zu; tune.csv has all.</p>\n", n, g->n_runs);
}

/* Writes a vote's result over the seeds. */
static void seeds(FILE *to, const char *vote, const struct clsnn_stats *s, const double *values) {
    fprintf(to, "<tr><td>%s</td>", vote);
    clsnn_html_mean(to, s);
    fputs("<td class=\"any\">", to);
    for (size_t k = 0; k < s->n; k++) fprintf(to, "%s%.2f", k ? ", " : "", values[k]);
    fputs("</td></tr>\n", to);
}

static void write_state(const struct clsnn_tune *t, enum clsnn_run_state state, FILE *to) {
    if (state == CLSNN_RUN_RUNNING) clsnn_page_under_way(to, "search");
    if (state == CLSNN_RUN_FAILED) clsnn_html_note(to, "This search has failed.", clsnn_error_text());
    if (state == CLSNN_RUN_STOPPED)
        clsnn_html_note(to, "This search was stopped.", "The same command goes on with it.");
    bool begins = state == CLSNN_RUN_RUNNING;
    fputs("<p>Stages:", to);
    for (uint32_t epochs = clsnn_tune_next(0, (uint32_t)t->options->epochs), last = 0; epochs > last;
         last = epochs, epochs = clsnn_tune_next(epochs, (uint32_t)t->options->epochs)) {
        char path[64];
        fprintf(to, "%s %u epoch%s", last ? "," : "", epochs, epochs == 1 ? "" : "s");
        snprintf(path, sizeof path, "epochs-%u/report.html", epochs);
        const bool is_there = clsnn_file_is_there(t->dir, path);
        if (!is_there && !begins) continue;
        begins = begins && is_there; /* the stage that begins now has its page in a moment */
        fputs(" (", to);
        clsnn_html_link(to, path, "page");
        fputs(")", to);
    }
    if (clsnn_file_is_there(t->dir, "best/report.html")) {
        fputs(", the best point with other seeds (", to);
        clsnn_html_link(to, "best/report.html", "page");
        fputs(")", to);
    }
    fputs(".</p>\n", to);
}

static void write_best(const struct clsnn_tune *t, FILE *to) {
    const struct clsnn_grid *g = t->grid;
    const struct clsnn_options *o = t->options;
    fprintf(to, "<h2>The best point</h2>\n<p>After %d epoch%s, with %u other seed%s%s:</p>\n", o->epochs,
            o->epochs == 1 ? "" : "s", t->n_seeds, t->n_seeds == 1 ? "" : "s",
            t->n_seeds >= 3 ? " (mean &plusmn; half width of its 95 % interval)" : "");
    fputs("<div class=\"wide\"><table><thead><tr><th></th><th>mean (%)</th><th class=\"left\">each "
          "seed</th></tr></thead><tbody>\n",
          to);
    seeds(to, "vote all", &t->all, t->seeds_all);
    seeds(to, "vote proportion", &t->proportion, t->seeds_proportion);
    fputs("</tbody></table></div>\n<table><tbody>\n", to);
    for (size_t a = 0; a < g->n_axes; a++)
        fprintf(to, "<tr><td>%s</td><td>%s %s</td></tr>\n", g->axes[a].name,
                clsnn_grid_value(g, t->points[0].run, &g->axes[a]),
                g->axes[a].param ? g->axes[a].param->unit : "");
    fputs(
        "</tbody></table>\n<p><code>clsnn train --config best.ini</code> trains it and tests it on the test "
        "set: look once.</p>\n",
        to);
}

static void write_points(const struct clsnn_tune *t, bool is_running, FILE *to) {
    const struct clsnn_grid *g = t->grid;
    fprintf(
        to,
        "<h2>Accuracy against each parameter</h2>\n<p>Vote proportion in percent, after the last epoch of "
        "each point. Large: the best point. Coloured: trained to the end. Grey: stopped before%s.</p>\n"
        "<div class=\"plots\">\n",
        is_running ? ", or not there yet" : "");
    for (size_t a = 0; a < g->n_axes; a++) draw_axis(t, &g->axes[a], to);
    fputs("</div>\n<h2>Accuracy against images seen</h2>\n", to);
    draw_images(t, to);
    fputs("<h2>The points</h2>\n", to);
    table(t, to);
}

static void write_page(const struct clsnn_tune *t, enum clsnn_run_state state, FILE *to) {
    const struct clsnn_options *o = t->options;
    char title[160];
    bool has_points = false;
    snprintf(title, sizeof title, "Search of %zu point%s: %d neurons on %s", t->grid->n_runs,
             t->grid->n_runs == 1 ? "" : "s", o->neurons, t->data->name);
    clsnn_html_begin(to, title, state == CLSNN_RUN_RUNNING ? CLSNN_PAGE_RELOAD_SECONDS : 0);
    fputs(style, to);
    fputs("<h1>", to);
    clsnn_html_text(to, title);
    fputs("</h1>\n", to);
    write_state(t, state, to);
    fprintf(
        to,
        "<p>Every number is of %u validation images. The last %u training images were set aside for that: "
        "no network was trained on them, and no test image was looked at. The points train with seed "
        "%llu.</p>\n",
        t->n_tested, t->data->n_validation, (unsigned long long)o->seed);
    for (size_t k = 0; k < t->grid->n_runs; k++) has_points = has_points || t->points[k].n_metrics;
    if (state == CLSNN_RUN_FINISHED) write_best(t, to);
    if (has_points) write_points(t, state == CLSNN_RUN_RUNNING, to);
    clsnn_html_end(to);
}

enum clsnn_status clsnn_tune_page(const struct clsnn_tune *t, enum clsnn_run_state state) {
    enum clsnn_status st = CLSNN_OK;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return clsnn_no_memory("report");
    write_page(t, state, to);
    if (!clsnn_text_end(to, &text)) {
        st = clsnn_no_memory("report");
        goto fail;
    }
    TRY(clsnn_file_write_in(t->dir, "report.html", text, n_bytes, CLSNN_FILE_SAFE));
fail:
    free(text);
    return st;
}
