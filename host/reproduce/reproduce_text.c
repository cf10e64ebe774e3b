/* Texts that tables and page share: numbers, the command, the epochs shown, the comparison with Kim & Kim
 * (2020). */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "options/options_render.h"
#include "reproduce/reproduce_internal.h"

static const uint32_t columns[] = {1, 3, 5, 7, 9};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static const char *const minus = "\xe2\x88\x92", *const plus_minus = "\xc2\xb1", *const dash = "\xe2\x80\x93";

enum clsnn_status clsnn_reproduction_no_memory(void) {
    return clsnn_no_memory("reproduce: results");
}

void clsnn_reproduction_spread(struct clsnn_stats s, char out[64]) {
    if (s.n == 0)
        snprintf(out, 64, "%s", dash);
    else if (s.n == 1)
        snprintf(out, 64, "%.2f", s.mean);
    else
        snprintf(out, 64, "%.2f %s %.2f", s.mean, plus_minus, s.sd);
}

void clsnn_reproduction_number(double value, char out[64]) {
    if (isnan(value))
        snprintf(out, 64, "%s", dash);
    else
        snprintf(out, 64, "%.2f", value);
}

void clsnn_reproduction_difference(double value, char out[64]) {
    if (isnan(value))
        snprintf(out, 64, "%s", dash);
    else
        snprintf(out, 64, "%s%.2f", value < 0 ? minus : "+", fabs(value));
}

void clsnn_reproduction_seeds(const struct clsnn_reproduction *r, char out[64]) {
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

size_t clsnn_reproduction_n_columns(const struct clsnn_reproduction *r) {
    size_t n = 0;
    while (clsnn_reproduction_column(r, n)) n++;
    return n;
}

/* Writes one option or parameter of the command line as a flag, quoted for a shell. For
 * clsnn_options_visit. */
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

char *clsnn_reproduction_command(const struct clsnn_reproduction *r) {
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return NULL;
    fputs("clsnn reproduce", to);
    clsnn_options_visit(r->options, add_flag, to);
    if (clsnn_text_end(to, &text)) return text;
    free(text);
    return NULL;
}

bool clsnn_reproduction_has_paper(const struct clsnn_reproduction *r) {
    for (size_t s = 0; s < r->n_sizes; s++)
        for (size_t k = 0; k < clsnn_reproduction_n_columns(r); k++)
            if (!isnan(clsnn_paper_accuracy(r->sizes[s], clsnn_reproduction_column(r, k)))) return true;
    return false;
}

/* The comparison over all cells for which Kim & Kim (2020) print a number. */
struct verdict {
    size_t n, n_below;
    double lowest, highest; /* differences, in points */
    struct clsnn_reproduced_cell at_lowest, at_highest;
};

static struct verdict judge(const struct clsnn_reproduction *r) {
    struct verdict v = {.lowest = HUGE_VAL, .highest = -HUGE_VAL};
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (size_t k = 0; k < clsnn_reproduction_n_columns(r); k++) {
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

void clsnn_reproduction_verdict(const struct clsnn_reproduction *r, FILE *to) {
    const struct verdict v = judge(r);
    char low[64], high[64], n_below[32];
    if (!clsnn_reproduction_has_paper(r)) {
        fputs("Kim & Kim (2020) print no numbers for these sizes and epochs: nothing is compared.", to);
        return;
    }
    if (!clsnn_reproduction_is_comparable(r)) {
        const bool is_mnist = strcmp(r->data->name, "mnist") == 0;
        fprintf(to,
                "%s (%s, %u training and %u %s images; Kim & Kim (2020) used %s60000 and 10000): their "
                "numbers stand beside ours for orientation only, and nothing is compared.",
                is_mnist ? "These runs use a part of MNIST" : "These runs do not use MNIST",
                clsnn_reproduction_data(r), r->train_images, r->test_images, clsnn_dataset_test_name(r->data),
                is_mnist ? "" : "MNIST's ");
        return;
    }
    if (v.n == 0) {
        fputs("No run has reached an epoch for which Kim & Kim (2020) print a number: nothing is compared.",
              to);
        return;
    }
    if (v.n_below)
        snprintf(n_below, sizeof n_below, "%zu", v.n_below);
    else
        snprintf(n_below, sizeof n_below, "none");
    clsnn_reproduction_difference(v.lowest, low);
    clsnn_reproduction_difference(v.highest, high);
    fprintf(to,
            "%zu cell%s with a number of Kim & Kim (2020), %s of them more than %.1f points below it.\n"
            "Differences of the mean (vote all) reach from %s (N = %u, epoch %u) to %s points (N = %u, epoch "
            "%u).",
            v.n, v.n == 1 ? "" : "s", n_below, CLSNN_REPRODUCE_BELOW, low, v.at_lowest.neurons,
            v.at_lowest.epoch, high, v.at_highest.neurons, v.at_highest.epoch);
}

size_t clsnn_reproduction_n_below(const struct clsnn_reproduction *r) {
    return judge(r).n_below;
}
