/* report.html: warnings, result, settings, accuracy, weights, confusion, mistakes, speed, origin. */
#include "run/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/sources.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/program.h"
#include "experiment/batch.h"
#include "experiment/experiment.h"
#include "experiment/running.h"
#include "formats/figure.h"
#include "formats/html.h"
#include "formats/html_figures.h"
#include "formats/mosaic.h"
#include "run/metrics.h"
#include "run/page_parts.h"
#include "run/paper.h"

enum {
    MOST_CAPTIONED = 1600, /* neurons whose numbers and labels are readable on a page */
    MOST_MISTAKES = 100,
    MOST_CLASSES = 64 /* of a confusion matrix */
};

/* A page under way. */
struct page {
    FILE *to;
    const struct clsnn_report *report;
    const struct clsnn_experiment *x;
    const struct clsnn_dataset *data;
    enum clsnn_run_state state;
    const struct clsnn_learned *learned;
    uint32_t *order; /* of the tiles of weights; NULL: by number; owned */
};

static uint32_t neuron_at(const struct page *p, size_t k) {
    return p->order ? p->order[k] : (uint32_t)k;
}

static void write_state(const struct page *p) {
    const struct clsnn_experiment *x = p->x;
    const double share =
        (double)x->at.images / ((double)x->plan.train_images * (x->plan.epochs ? x->plan.epochs : 1));
    char eta[32];
    if (p->state == CLSNN_RUN_FAILED) clsnn_html_note(p->to, "This run has failed.", clsnn_error_text());
    if (p->state == CLSNN_RUN_STOPPED)
        fputs("<p class=\"note\"><strong>This run was stopped</strong> and saved: <code>clsnn train --resume"
              "</code> goes on.</p>\n",
              p->to);
    if (p->state != CLSNN_RUN_RUNNING && p->state != CLSNN_RUN_STOPPED) return;
    if (p->state == CLSNN_RUN_RUNNING) clsnn_page_under_way(p->to, "run");
    fprintf(p->to, "<p>%" PRIu64 " images trained, %.0f %% of the training", x->at.images, 100 * share);
    const double running = x->running ? clsnn_running_accuracy(x->running) : -1;
    if (running >= 0)
        fprintf(p->to, "; %.1f %% of the last 1000 training images recognised while learning", 100 * running);
    if (x->at.train_seconds > 0 && x->at.images) {
        const double rate = (double)x->at.images / x->at.train_seconds,
                     left = (double)x->plan.train_images * x->plan.epochs - (double)x->at.images;
        clsnn_format_duration(left / rate, eta);
        fprintf(p->to, "; %.0f images/s, about %s of training left", rate, eta);
    }
    fputs(".</p>\n", p->to);
}

static void write_warnings(const struct page *p) {
    const struct clsnn_warnings *w = &p->report->warnings;
    for (int k = 0; k < CLSNN_N_WARNINGS; k++)
        if (w->texts[k][0]) clsnn_html_note(p->to, "Warning.", w->texts[k]);
}

/* Returns the accuracy of Kim & Kim (2020) after an epoch; NaN if this run is not to be compared. */
static double paper_after(const struct page *p, uint64_t epoch) {
    const struct clsnn_plan *plan = &p->x->plan;
    const bool comparable = strcmp(p->data->name, "mnist") == 0 && !p->report->model && !plan->validate &&
                            !plan->from_sha256[0] && plan->train_images == 60000 &&
                            plan->test_images == 10000;
    return comparable ? clsnn_paper_accuracy(plan->neurons, (uint32_t)epoch) : (double)NAN;
}

static void write_result(const struct page *p) {
    const struct clsnn_experiment *x = p->x;
    if (!x->n_metrics) return;
    const struct clsnn_metrics *m = &x->metrics[x->n_metrics - 1];
    const double paper = paper_after(p, m->epoch);
    fprintf(
        p->to,
        "<p class=\"big\">%.2f %% <small>right by vote all</small> &nbsp; %.2f %% <small>by vote proportion"
        "</small>",
        100 * m->accuracy_all, 100 * m->accuracy_proportion);
    if (!isnan(m->accuracy_likelihood))
        fprintf(p->to, " &nbsp; %.2f %% <small>by vote likelihood</small>", 100 * m->accuracy_likelihood);
    fprintf(p->to, "</p>\n<p>of %u %s images of ", m->score.n_images, clsnn_dataset_test_name(p->data));
    clsnn_html_text(p->to, p->data->name);
    if (!p->report->model)
        fprintf(p->to, ", after %" PRIu64 " epoch%s of %u images", m->epoch, m->epoch == 1 ? "" : "s",
                x->plan.train_images);
    if (isfinite(paper)) {
        fputs("; ", p->to);
        clsnn_html_text(p->to, CLSNN_KIM);
        fprintf(p->to, ": %.2f %% (vote all)", paper);
    }
    fputs(".</p>\n", p->to);
}

enum { MOST_POINTS = 400 /* of the running accuracy */ };

/* Makes the curve of the running accuracy over epochs, x and y with room for MOST_POINTS. Returns the number
 * of points; 0: none was watched. */
static size_t running_curve(const struct clsnn_experiment *x, double *xs, double *ys) {
    size_t n = 0, n_points = 0;
    const float *history = x->running ? clsnn_running_history(x->running, &n) : NULL;
    if (n == 0) return 0;
    /* a run that went on has seen the last images alone */
    const double first = (double)(x->at.images - clsnn_running_seen(x->running));
    const size_t every = (n + MOST_POINTS - 1) / MOST_POINTS;
    for (size_t k = every - 1; k < n; k += every) {
        xs[n_points] = (first + (double)(k + 1) * CLSNN_RUNNING_EVERY) / x->plan.train_images;
        ys[n_points++] = 100 * (double)history[k];
    }
    return n_points;
}

static enum clsnn_status write_accuracy(const struct page *p) {
    const size_t n = p->x->n_metrics;
    if (p->report->model) return CLSNN_OK;
    double *values = malloc((4 * n + 2 * MOST_POINTS) * sizeof *values);
    if (!values) return clsnn_no_memory("report.html");
    double *epoch = values, *all = values + n, *proportion = all + n, *paper = proportion + n,
           *at = paper + n, *running = at + MOST_POINTS;
    const size_t n_running = running_curve(p->x, at, running);
    size_t n_paper = 0, n_series = 0;
    for (size_t k = 0; k < n; k++) {
        epoch[k] = (double)p->x->metrics[k].epoch;
        all[k] = 100 * p->x->metrics[k].accuracy_all;
        proportion[k] = 100 * p->x->metrics[k].accuracy_proportion;
        paper[k] = paper_after(p, p->x->metrics[k].epoch);
        n_paper += isfinite(paper[k]) != 0;
    }
    struct clsnn_series series[4];
    struct clsnn_look looks[4];
    if (n_running) {
        series[n_series] = (struct clsnn_series){"running", at, running, NULL, n_running};
        looks[n_series++] = (struct clsnn_look){.colour = 5};
    }
    if (n) {
        series[n_series] = (struct clsnn_series){"vote all", epoch, all, NULL, n};
        looks[n_series++] = (struct clsnn_look){.colour = 0};
        series[n_series] = (struct clsnn_series){"vote proportion", epoch, proportion, NULL, n};
        looks[n_series++] = (struct clsnn_look){.colour = 1};
    }
    if (n_paper) {
        series[n_series] = (struct clsnn_series){CLSNN_KIM, epoch, paper, NULL, n};
        looks[n_series++] = (struct clsnn_look){.colour = 2, .hollow = true};
    }
    if (n_series) {
        fputs("<h2>Accuracy (%)</h2>\n<figure>\n", p->to);
        clsnn_html_curves(p->to, "Accuracy in percent over epochs", "epochs", series, looks, n_series);
        if (n_running)
            fputs("<figcaption>Running: the share of the last 1000 training images, at most, that the spikes "
                  "so far classify right while the network learns.</figcaption>\n",
                  p->to);
        fputs("</figure>\n", p->to);
    }
    free(values);
    return CLSNN_OK;
}

static void write_evaluations(const struct page *p) {
    char name[CLSNN_METRIC_NAME], text[32];
    const struct clsnn_experiment *x = p->x;
    if (!x->n_metrics) return;
    fputs("<h2>Spikes, thresholds and speed</h2>\n<div class=\"wide\"><table>\n<thead><tr>", p->to);
    for (size_t c = 0; c < clsnn_n_metric_rows; c++) {
        const struct clsnn_metric_row *metric = &clsnn_metric_rows[c];
        fputs("<th title=\"", p->to);
        clsnn_html_text(p->to, metric->meaning);
        fputs("\">", p->to);
        for (const char *at = clsnn_metric_name(metric, x->plan.validate > 0, name); *at; at++)
            fputs(*at == '_' ? "<br>" : (char[]){*at, '\0'}, p->to);
        if (*metric->unit) fprintf(p->to, "<small>%s</small>", metric->unit);
        fputs("</th>", p->to);
    }
    fputs("</tr></thead>\n<tbody>\n", p->to);
    for (size_t k = 0; k < x->n_metrics; k++) {
        fputs("<tr>", p->to);
        for (size_t c = 0; c < clsnn_n_metric_rows; c++) {
            const struct clsnn_metric_row *metric = &clsnn_metric_rows[c];
            clsnn_metric_text(metric, &x->metrics[k], text);
            const double value = strtod(text, NULL);
            if (isnan(value)) /* version 0.1 had no such number */
                *text = '\0';
            else if (metric->field.kind == CLSNN_FIELD_REAL)
                snprintf(text, sizeof text, "%.4g", value);
            fprintf(p->to, "<td>%s</td>", text);
        }
        fputs("</tr>\n", p->to);
    }
    fputs("</tbody></table></div>\n", p->to);
}

static void weight_row(const void *ctx, size_t k, int y, uint32_t *out) {
    const struct page *p = ctx;
    const struct clsnn_learned *l = p->learned;
    const int width = (int)p->data->test.width;
    for (int x = 0; x < width; x++)
        out[x] = clsnn_weight_colour(
            (double)l->w[((size_t)y * (size_t)width + (size_t)x) * l->n_post + neuron_at(p, k)] /
            p->x->plan.model.w_max);
}

static void weight_text(const void *ctx, size_t k, struct clsnn_tile_text *out) {
    const struct page *p = ctx;
    const uint32_t j = neuron_at(p, k);
    const int label = p->learned->labels.labels ? p->learned->labels.labels[j] : -1;
    *out = (struct clsnn_tile_text){.left = ""};
    if (label >= 0) snprintf(out->left, sizeof out->left, "%d", label);
    snprintf(out->right, sizeof out->right, "%u", j);
    if (label >= 0)
        snprintf(out->hover, sizeof out->hover, "neuron %u, label %d, theta %.2f mV", j, label,
                 (double)p->learned->theta_mv[j]);
    else
        snprintf(out->hover, sizeof out->hover, "neuron %u, no label, theta %.2f mV", j,
                 (double)p->learned->theta_mv[j]);
}

/* Writes the tiles of few neurons with their captions, or weights.png of many: drawing them again takes
 * longer than a page may. */
static enum clsnn_status write_weights(const struct page *p) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_learned *l = p->learned;
    const bool is_finished = p->state == CLSNN_RUN_FINISHED,
               has_picture = p->report->options->figures & CLSNN_FIGURE_PNG,
               captioned = l && l->n_post <= MOST_CAPTIONED;
    int columns = 1;
    if (!l || (!captioned && !is_finished)) return CLSNN_OK;
    while ((uint32_t)columns * (uint32_t)columns < l->n_post) columns++;
    const struct clsnn_tiles tiles = {.alt = "Input weights, a tile a neuron",
                                      .n = l->n_post,
                                      .columns = columns,
                                      .width = (int)p->data->test.width,
                                      .height = (int)p->data->test.height,
                                      .pixels = weight_row,
                                      .text = captioned ? weight_text : NULL,
                                      .ctx = p};
    const char *captions =
        captioned      ? " Small: the neuron's number; bold: its label, if it has one."
        : !has_picture ? ""
        : p->order     ? " Beside each row: the label of its first neuron; a black line begins another."
                       : " Beside each row: the number of its first neuron.";
    fputs("<h2>Weights</h2>\n<figure>\n<div class=\"wide\">\n", p->to);
    if (captioned || !has_picture)
        TRY(clsnn_html_tiles(p->to, &tiles));
    else
        TRY(clsnn_page_figure(p->to, p->report->dir, "weights", CLSNN_FIGURE_PNG, tiles.alt));
    fprintf(
        p->to,
        "</div>\n<figcaption>Input weights of %u excitatory neurons, from white (0) over yellow and red to "
        "black (%g).%s</figcaption>\n</figure>\n",
        l->n_post, p->x->plan.model.w_max, captions);
fail:
    return st;
}

/* Writes the strip of the snapshots, if the finished run has one. */
static enum clsnn_status write_strip(const struct page *p) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_options *o = p->report->options;
    if (p->state != CLSNN_RUN_FINISHED || !o->snapshots) return CLSNN_OK;
    fputs("<h2>Weights during training</h2>\n<figure>\n", p->to);
    TRY(clsnn_page_figure(p->to, p->report->dir, "weights-strip", o->figures,
                          "Weights of some neurons at several moments"));
    fputs("<figcaption><code>weights.apng</code>, beside this page, shows all neurons.</figcaption>\n"
          "</figure>\n",
          p->to);
fail:
    return st;
}

/* Returns whether class c occurs in the matrix. */
static bool occurs(const struct clsnn_score *s, uint32_t c) {
    for (uint32_t o = 0; o < s->n_classes; o++)
        if (s->confusion[c * s->n_classes + o] || s->confusion[o * s->n_classes + c]) return true;
    return false;
}

static void write_confusion(const struct page *p) {
    if (!p->x->n_metrics) return;
    const struct clsnn_score *s = &p->x->metrics[p->x->n_metrics - 1].score;
    uint32_t classes[CLSNN_MAX_CLASSES], n = 0;
    for (uint32_t c = 0; s->confusion && c < s->n_classes; c++)
        if (occurs(s, c)) classes[n++] = c;
    if (n == 0 || n > MOST_CLASSES) return;
    fputs("<h2>Confusion</h2>\n<p>Rows: the label; columns: the answer by vote all.</p>\n"
          "<div class=\"wide\"><table>\n<thead><tr><th></th>",
          p->to);
    for (uint32_t k = 0; k < n; k++) fprintf(p->to, "<th>%u</th>", classes[k]);
    fputs("<th>right</th></tr></thead>\n<tbody>\n", p->to);
    for (uint32_t r = 0; r < n; r++) {
        const uint32_t *counts = s->confusion + classes[r] * s->n_classes;
        uint64_t sum = 0;
        for (uint32_t c = 0; c < s->n_classes; c++) sum += counts[c];
        fprintf(p->to, "<tr><th>%u</th>", classes[r]);
        for (uint32_t k = 0; k < n; k++) {
            const uint32_t found = counts[classes[k]];
            if (found)
                fprintf(p->to, "<td style=\"background:rgba(var(--shade),%.2f)\">%u</td>",
                        0.08 + 0.5 * (double)found / (double)sum, found);
            else
                fputs("<td></td>", p->to);
        }
        fprintf(p->to, "<td>%.1f %%</td></tr>\n",
                sum ? 100.0 * (double)counts[classes[r]] / (double)sum : 0.0);
    }
    fputs("</tbody></table></div>\n", p->to);
}

/* The wrongly answered test images, by their place in the plan's range. */
struct mistakes {
    const struct page *page;
    uint32_t list[MOST_MISTAKES];
    size_t n;
};

static void mistake_row(const void *ctx, size_t k, int y, uint32_t *out) {
    const struct mistakes *m = ctx;
    const struct clsnn_images *test = &m->page->data->test;
    const size_t image = m->page->x->plan.test_first + m->list[k];
    const uint8_t *from = test->pixels + (image * test->height + (size_t)y) * test->width;
    for (uint32_t x = 0; x < test->width; x++) out[x] = (255u - from[x]) * 0x010101u;
}

static void mistake_text(const void *ctx, size_t k, struct clsnn_tile_text *out) {
    const struct mistakes *m = ctx;
    const struct clsnn_experiment *x = m->page->x;
    const uint32_t image = x->plan.test_first + m->list[k];
    const int label = m->page->data->test.labels[image], answer = x->answers[m->list[k]];
    snprintf(out->left, sizeof out->left, "%d", label);
    snprintf(out->right, sizeof out->right, "as %d", answer);
    snprintf(out->hover, sizeof out->hover, "image %u, label %d, answer %d", image, label, answer);
}

static enum clsnn_status write_mistakes(const struct page *p) {
    const struct clsnn_experiment *x = p->x;
    struct mistakes m = {.page = p};
    uint32_t n_wrong = 0;
    if (!x->answers || !p->data->test.labels || !x->n_metrics) return CLSNN_OK;
    for (uint32_t k = 0; k < x->plan.test_images; k++) {
        if (x->answers[k] == p->data->test.labels[x->plan.test_first + k]) continue;
        if (n_wrong++ < MOST_MISTAKES) m.list[m.n++] = k;
    }
    if (m.n == 0) return CLSNN_OK;
    fprintf(p->to, "<h2>Mistakes</h2>\n<figure>\n<div class=\"wide\">\n");
    const struct clsnn_tiles tiles = {.alt = "Wrongly answered images",
                                      .n = m.n,
                                      .columns = 20,
                                      .width = (int)p->data->test.width,
                                      .height = (int)p->data->test.height,
                                      .pixels = mistake_row,
                                      .text = mistake_text,
                                      .ctx = &m};
    const enum clsnn_status st = clsnn_html_tiles(p->to, &tiles);
    fprintf(p->to,
            "</div>\n<figcaption>%s%u wrong answers by vote all. Bold: the label; small: the answer. "
            "<code>clsnn probe MODEL.npz --image K</code> shows what the network does with image "
            "K.</figcaption>\n"
            "</figure>\n",
            m.n < n_wrong ? "The first 100 of " : "The ", n_wrong);
    return st;
}

static void write_origin(const struct page *p) {
    const struct clsnn_report *r = p->report;
    const struct clsnn_experiment *x = p->x;
    char text[1024], seconds[32], hash[CLSNN_SHA256_HEX] = "", now[32];
    fputs("<h2>How this was made</h2>\n<table>\n<tbody>\n", p->to);
    snprintf(text, sizeof text, "clsnn %s %s", CLSNN_VERSION, r->options->command);
    clsnn_html_row(p->to, "program", text, false);
    if (r->model) clsnn_html_row(p->to, "model", r->model, true);
    clsnn_page_data(p->to, p->data);
    clsnn_page_device(p->to, &x->batch->dev->info, x->batch->net->kernels->work_group);
    clsnn_clock_utc(now);
    snprintf(text, sizeof text, "%s to %s (UTC)", r->started, now);
    clsnn_html_row(p->to, "time", text, false);
    clsnn_format_duration(x->at.train_seconds, seconds);
    snprintf(text, sizeof text, "%s for %" PRIu64 " presentations", seconds, x->at.trained.presentations);
    if (!r->model) clsnn_html_row(p->to, "training", text, false);
    clsnn_format_duration(x->at.eval_seconds, seconds);
    clsnn_html_row(p->to, "labelling and testing", seconds, false);
    if (p->learned && p->state == CLSNN_RUN_FINISHED)
        clsnn_html_row(p->to, "final_sha256", p->learned->sha256, true);
    if (clsnn_program_hash(hash) == CLSNN_OK) clsnn_html_row(p->to, "kernels, SHA-256", hash, true);
    fputs(
        "</tbody>\n</table>\n<p>Every number is in <code>run.json</code> and <code>metrics.csv</code> beside "
        "this page.</p>\n",
        p->to);
}

static enum clsnn_status write_page(const struct page *p) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_plan *plan = &p->x->plan;
    char title[256];
    int n = snprintf(title, sizeof title, "%s: %u neurons", p->data->name, plan->neurons);
    if (!p->report->model)
        snprintf(title + n, sizeof title - (size_t)n, ", %u epoch%s, seed %" PRIu64, plan->epochs,
                 plan->epochs == 1 ? "" : "s", plan->seed);
    clsnn_html_begin(p->to, title, p->state == CLSNN_RUN_RUNNING ? CLSNN_PAGE_RELOAD_SECONDS : 0);
    fputs("<h1>", p->to);
    clsnn_html_text(p->to, title);
    fputs("</h1>\n", p->to);
    write_state(p);
    write_warnings(p);
    write_result(p);
    clsnn_page_settings(p->to, p->report->options);
    TRY(write_accuracy(p));
    TRY(write_weights(p));
    TRY(write_strip(p));
    write_confusion(p);
    TRY(write_mistakes(p));
    write_evaluations(p);
    write_origin(p);
    clsnn_html_end(p->to);
fail:
    return st;
}

enum clsnn_status clsnn_page_write(const struct clsnn_report *r, enum clsnn_run_state state,
                                   const struct clsnn_learned *learned) {
    const struct clsnn_experiment *x = r->experiment;
    struct page p = {.report = r, .x = x, .data = x->batch->data, .state = state, .learned = learned};
    char *text = NULL;
    size_t n_bytes = 0;
    if (!r->dir) return CLSNN_OK;
    enum clsnn_status st = learned ? clsnn_report_order(r, learned, &p.order) : CLSNN_OK;
    if (st != CLSNN_OK) return st;
    p.to = open_memstream(&text, &n_bytes);
    if (!p.to) {
        free(p.order);
        return clsnn_no_memory("report.html");
    }
    st = write_page(&p);
    if (!clsnn_text_end(p.to, &text) && st == CLSNN_OK) st = clsnn_no_memory("report.html");
    if (st == CLSNN_OK)
        st = clsnn_report_file(r, "report.html", text, n_bytes,
                               state == CLSNN_RUN_RUNNING ? CLSNN_FILE_LOOSE : r->durability);
    free(text);
    free(p.order);
    return st;
}
