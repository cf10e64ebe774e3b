/* Writes report.html, and each other file that is made of the runs. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sources.h"
#include "base/text.h"
#include "formats/figure.h"
#include "formats/html.h"
#include "reproduce/reproduce_internal.h"
#include "run/page_parts.h"
#include "run/run_json.h"

static void page_table(const struct clsnn_reproduction *r, FILE *page) {
    const size_t n = clsnn_reproduction_n_columns(r);
    char text[64];
    fputs("<div class=\"wide\"><table>\n<thead><tr><th>N</th><th class=\"left\"></th>", page);
    for (size_t k = 0; k < n; k++) {
        const uint32_t epoch = clsnn_reproduction_column(r, k);
        fprintf(page, "<th>%u epoch%s</th>", epoch, epoch == 1 ? "" : "s");
    }
    fputs("</tr></thead>\n<tbody>\n", page);
    for (size_t s = 0; s < r->n_sizes; s++) {
        static const char *const rows[] = {"vote all", "vote proportion", "Kim &amp; Kim (2020)",
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
                if (row < 2) clsnn_reproduction_spread(spread, text);
                if (row == 2) clsnn_reproduction_number(cell.paper, text);
                if (row == 3) clsnn_reproduction_difference(cell.difference, text);
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
    fputs("<figure>\n", page);
    const enum clsnn_status st = clsnn_page_figure(page, r->dir, name, r->options->figures, alt);
    fprintf(page, "<figcaption>%s</figcaption>\n</figure>\n", caption);
    return st;
}

/* Returns true if the page compares our numbers with those of Kim & Kim (2020). */
static bool compares(const struct clsnn_reproduction *r) {
    return clsnn_reproduction_is_comparable(r) && clsnn_reproduction_has_paper(r);
}

static enum clsnn_status page_verdict(const struct clsnn_reproduction *r, FILE *page) {
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return clsnn_reproduction_no_memory();
    clsnn_reproduction_verdict(r, to);
    const bool ok = clsnn_text_end(to, &text);
    if (ok) clsnn_html_text(page, text);
    free(text);
    return ok ? CLSNN_OK : clsnn_reproduction_no_memory();
}

static void page_text(const struct clsnn_reproduction *r, FILE *page) {
    fputs(
        "<h2>The comparison, and departures from the original</h2>\n<ul>\n"
        "<li>Kim &amp; Kim (2020) print one number a cell in their Table 1, without a spread. They also "
        "trained 9 epochs and print no numbers for them. Our numbers are means over seeds. Each seed is one "
        "training, which is tested after every epoch and then goes on.</li>\n",
        page);
    fprintf(page,
            "<li>Labels come from the first %u training images, never from %s images. <em>Vote all</em>: the "
            "class whose neurons fired most on average (the original's vote, compared with Kim &amp; Kim); "
            "<em>vote proportion</em>: every neuron votes for all classes in proportion to its mean counts. "
            "Ties go to the lowest class.</li>\n",
            r->label_images, clsnn_dataset_test_name(r->data));
    fputs("<li>Kim &amp; Kim (2020) print only a part of the constants. The code released by Diehl and Cook "
          "(2015) decides everything they leave open.</li>\n"
          "<li>The main departures from the original, of which kernels/README.md lists all: no delays from "
          "input to excitatory neurons (theirs are random, 0 to 10 ms); no step carries the potential below "
          "the inhibitory reversal potential; in evaluation each image starts from rest, so that images are "
          "independent; traces are cut off after 10 (depression) or 16 (potentiation) time constants; "
          "weights below 2<sup>-30</sup> are zero after rescaling; retries end at a highest intensity, and "
          "images that fail at it are counted below as given up.</li>\n",
          page);
    if (compares(r))
        fprintf(
            page,
            "<li>A cell is marked if its mean (vote all) is more than %.1f points below the number of Kim "
            "&amp; Kim (2020). A mean above their number is no success either: the two experiments are the "
            "same only if their numbers agree within the spread.</li>\n",
            CLSNN_REPRODUCE_BELOW);
    fputs("</ul>\n", page);
}

/* Prints a duration as clsnn_format_duration, but less than a second in ms. */
static void duration(double seconds, char out[32]) {
    if (seconds < 1)
        snprintf(out, 32, "%.0f ms", 1000 * seconds);
    else
        clsnn_format_duration(seconds, out);
}

static void page_runs(const struct clsnn_reproduction *r, FILE *page) {
    char train[32], eval[32];
    size_t n_kept = 0;
    const size_t n = r->n_sizes * r->n_seeds;
    for (size_t k = 0; k < n; k++) n_kept += r->runs[k].kept;
    fprintf(
        page,
        "<h2>Runs</h2>\n<p>%zu runs, %zu of them found finished from an earlier start. Runs of one size "
        "train side by side; training times are wall-clock times.</p>\n"
        "<div class=\"wide\"><table>\n<thead><tr><th>N</th><th>seed</th><th>vote all</th><th>proportion</th>"
        "<th>training</th><th>evaluation</th><th>presentations</th><th>given up</th>"
        "<th class=\"left\">final_sha256</th><th class=\"left\">warnings</th></tr></thead>\n<tbody>\n",
        n, n_kept);
    for (size_t k = 0; k < n; k++) {
        const struct clsnn_reproduced_run *run = &r->runs[k];
        if (!run->run) continue; /* a failed run has no numbers */
        const struct clsnn_run_totals *totals = &run->run->totals;
        const struct clsnn_metrics *last = clsnn_run_last(run->run);
        duration(totals->train_seconds, train);
        duration(totals->eval_seconds, eval);
        fprintf(page,
                "<tr%s><td>%u</td><td>%" PRIu64
                "</td><td>%.2f</td><td>%.2f</td><td>%s</td><td>%s</td><td>%" PRIu64 "</td><td>%" PRIu64
                "</td><td class=\"left\"><code>%.16s</code>%s</td><td class=\"left\">%s</td></tr>\n",
                k % r->n_seeds == 0 ? " class=\"group\"" : "", run->neurons, run->seed,
                100 * last->accuracy_all, 100 * last->accuracy_proportion, train, eval, totals->presentations,
                totals->given_up, run->run->sha256, run->kept ? "<small>found finished</small>" : "",
                run->run->warnings);
    }
    fprintf(
        page,
        "</tbody></table></div>\n<p>Accuracy is in percent, after epoch %u. final_sha256 is the hash of "
        "weights, thresholds and labels, which is the same on every device; its first 16 digits are shown. "
        "Each run's directory, <code>runs/nN-sSEED</code>, holds the whole hash, every evaluation and the "
        "trained network.</p>\n",
        r->epochs);
}

static void page_origin(const struct clsnn_reproduction *r, const char *command, FILE *page) {
    char text[1024], seconds[32];
    fputs("<h2>How this page was made</h2>\n<table>\n<tbody>\n", page);
    clsnn_html_row(page, "command", command, true);
    clsnn_html_row(page, "version", "clsnn " CLSNN_VERSION, false);
    clsnn_html_row(page, "kernels, SHA-256", r->kernels_sha256, true);
    for (size_t d = 0; d < r->n_devices; d++)
        clsnn_page_device(page, r->devices[d].info, r->devices[d].work_group);
    snprintf(text, sizeof text, "%s (%s): %u training images, %u of them for labels, %u %s images",
             clsnn_reproduction_data(r), r->data->source, r->train_images, r->label_images, r->test_images,
             clsnn_dataset_test_name(r->data));
    clsnn_html_row(page, "data", text, false);
    clsnn_html_row(page, "data, SHA-256", r->data->sha256, true);
    duration(r->seconds, seconds);
    snprintf(text, sizeof text, "%s to %s (UTC), %s", r->started, r->finished, seconds);
    clsnn_html_row(page, "this start", text, false);
    fputs("</tbody>\n</table>\n", page);
}

static void page_references(FILE *page) {
    static const char *const papers[] = {CLSNN_KIM_CITATION, CLSNN_DIEHL_CITATION};
    fputs("<h2>References</h2>\n<ol>\n", page);
    for (size_t k = 0; k < sizeof papers / sizeof *papers; k++) {
        fputs("<li>", page);
        clsnn_html_text(page, papers[k]);
        fputs("</li>\n", page);
    }
    fputs("</ol>\n", page);
}

static enum clsnn_status write_page(const struct clsnn_reproduction *r, FILE *page) {
    enum clsnn_status st = CLSNN_OK;
    char seeds[64], caption[512], alt[128];
    const char *const bars = r->n_seeds > 1 ? ", with the standard deviation over seeds as bars" : "";
    char *command = clsnn_reproduction_command(r);
    if (!command) return clsnn_reproduction_no_memory();
    clsnn_reproduction_seeds(r, seeds);
    clsnn_html_begin(page, CLSNN_KIM " again: Table 1, Figure 3, Figure 4", 0);
    fputs("<h1>", page);
    clsnn_html_text(page, CLSNN_KIM " again: Table 1, Figure 3, Figure 4");
    fputs(
        "</h1>\n<p>Kim and Kim [1] trained the spiking network of Diehl and Cook [2] in the BRIAN simulator. "
        "They asked how its accuracy on MNIST depends on the number of neurons N and on the amount of "
        "training. ",
        page);
    fputs(clsnn_reproduction_has_paper(r)
              ? "This page holds their numbers beside those of this program.</p>\n"
              : "This page holds numbers of this program.</p>\n",
          page);
    fputs(clsnn_reproduction_is_comparable(r) ? "<p>" : "<p class=\"note\">", page);
    TRY(page_verdict(r, page));
    fprintf(page,
            "</p>\n<h2>Table 1: accuracy</h2>\n<p>Percent of %u %s images of %s that are classified right, "
            "%s: ",
            r->test_images, clsnn_dataset_test_name(r->data), clsnn_reproduction_data(r), seeds);
    if (r->n_seeds > 1)
        fprintf(page, "mean %s sample standard deviation, n = %u; small: the lowest to the highest.</p>\n",
                "\xc2\xb1", r->n_seeds);
    else
        fputs("one seed has no spread.</p>\n", page);
    page_table(r, page);
    fputs("<h2>Figure 3: accuracy and training</h2>\n", page);
    snprintf(caption, sizeof caption,
             compares(r)
                 ? "Filled markers and lines: this program%s. Hollow markers and dashed lines: Table 1 "
                   "of Kim &amp; Kim (2020)."
                 : "This program%s.",
             bars);
    TRY(page_figure(r, page, "figure3", "Curves of accuracy over epochs of training, one a size", caption));
    fputs("<h2>Figure 4: weights</h2>\n", page);
    snprintf(
        caption, sizeof caption,
        "The input weights of every excitatory neuron of one network (N = %u), a tile of 28 %s 28 inputs a "
        "neuron, in the colours of Kim &amp; Kim (2020): white, yellow, red, black from 0 to w_max = %g.",
        r->runs[clsnn_reproduction_shown(r)].neurons, "\xc3\x97", r->options->model.w_max);
    int n = snprintf(alt, sizeof alt, "Weights of one network, epochs shown: 1");
    for (uint32_t e = 2; e <= r->epochs; e++)
        if (clsnn_reproduction_shows_epoch(e)) n += snprintf(alt + n, sizeof alt - (size_t)n, ", %u", e);
    TRY(page_figure(r, page, "figure4", alt, caption));
    page_text(r, page);
    page_runs(r, page);
    page_origin(r, command, page);
    page_references(page);
    clsnn_html_end(page);
fail:
    free(command);
    return st;
}

static enum clsnn_status markdown(const struct clsnn_reproduction *r, FILE *to) {
    clsnn_reproduction_markdown(r, to);
    return CLSNN_OK;
}

static enum clsnn_status csv(const struct clsnn_reproduction *r, FILE *to) {
    clsnn_reproduction_csv(r, to);
    return CLSNN_OK;
}

static enum clsnn_status json(const struct clsnn_reproduction *r, FILE *to) {
    return clsnn_reproduction_json(r, true, to);
}

/* Renders a file into memory, then writes it whole to r->dir/name. */
static enum clsnn_status render(const struct clsnn_reproduction *r, const char *name,
                                enum clsnn_status (*content)(const struct clsnn_reproduction *r, FILE *to)) {
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return clsnn_reproduction_no_memory();
    enum clsnn_status st = content(r, to);
    if (!clsnn_text_end(to, &text) && st == CLSNN_OK) st = clsnn_reproduction_no_memory();
    if (st == CLSNN_OK) st = clsnn_file_write_in(r->dir, name, text, n_bytes, CLSNN_FILE_SAFE);
    free(text);
    return st;
}

enum clsnn_status clsnn_reproduction_write(const struct clsnn_reproduction *r) {
    enum clsnn_status st = CLSNN_OK;
    TRY(render(r, "reproduce.json", json));
    TRY(render(r, "table1.md", markdown));
    TRY(render(r, "table1.csv", csv));
    TRY(clsnn_reproduction_curves(r));
    TRY(clsnn_reproduction_weights(r));
    TRY(render(r, "report.html", write_page));
fail:
    return st;
}

enum clsnn_status clsnn_reproduction_print(const struct clsnn_reproduction *r, FILE *out) {
    if (r->options->json) return clsnn_reproduction_json(r, false, out);
    clsnn_reproduction_markdown(r, out);
    static const char *const names[] = {"figure3", "figure4"};
    fprintf(out, "\nwritten to %s/{report.html, reproduce.json, table1.md, table1.csv", r->dir);
    for (size_t k = 0; k < 2; k++) {
        struct clsnn_figure f = {.name = names[k], .formats = r->options->figures};
        while (clsnn_figure_next(&f)) fprintf(out, ", %s", f.path);
    }
    fputs("}\n", out);
    return CLSNN_OK;
}
