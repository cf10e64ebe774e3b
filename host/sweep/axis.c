/* Turns the lists and ranges of a sweep's file into the values of an axis. */
#include "sweep/axis.h"

#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/interpolate.h"
#include "base/text.h"

/* Writes text as clsnn prints the value, so that "1e2" and "100" are one value with one directory. */
static enum clsnn_status write_value(const struct clsnn_axis *axis, const char *text, char out[64]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_options o = {0};
    char buf[32];
    if (axis->param) {
        clsnn_model_defaults(&o.model);
        TRY(clsnn_param_set(&o.model, axis->param, text, axis->label));
        clsnn_format_real(clsnn_model_get(&o.model, axis->param), buf);
        snprintf(out, 64, "%s", buf);
    } else {
        TRY(clsnn_option_store(&o, axis->row, text, axis->label));
        snprintf(out, 64, "%s", clsnn_option_value(&o, axis->row, buf));
    }
fail:
    clsnn_options_finish(&o);
    return st;
}

bool clsnn_axis_is_path(const struct clsnn_option_row *row) {
    return row && strcmp(row->name, "from") == 0;
}

/* Refuses a path that cannot be part of a directory's name and of a table. */
static enum clsnn_status check_path(const struct clsnn_axis *axis, const char *path) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    char shown[CLSNN_EXCERPT];
    if (path[strspn(path, letters)] == '\0') return CLSNN_OK;
    return clsnn_fail(
        CLSNN_E_USAGE,
        "%s: %s: a path in a list may have letters, digits, '_', '-', '.' and '/' only: rename or "
        "link the file",
        axis->label, clsnn_excerpt(path, shown));
}

enum clsnn_status clsnn_axis_add(struct clsnn_axis *axis, const char *given) {
    const bool is_path = clsnn_axis_is_path(axis->row);
    char buf[64];
    const char *text = is_path ? given : buf;
    size_t k = 0;
    const enum clsnn_status st = is_path ? check_path(axis, given) : write_value(axis, given, buf);
    if (st != CLSNN_OK) return st;
    if (axis->n_order == CLSNN_GRID_MAX_RUNS) {
        return clsnn_fail(CLSNN_E_USAGE, "%s: more than %d values, the most runs of a sweep", axis->label,
                          CLSNN_GRID_MAX_RUNS);
    }
    while (k < axis->n_values && strcmp(axis->values[k], text) != 0) k++;
    if (k == axis->n_values) {
        char **grown = realloc(axis->values, (k + 1) * sizeof *grown);
        if (!grown) return clsnn_no_memory("sweep");
        axis->values = grown;
        grown[k] = strdup(text);
        if (!grown[k]) return clsnn_no_memory("sweep");
        axis->n_values++;
    }
    return clsnn_axis_put(axis, k);
}

enum clsnn_status clsnn_axis_put(struct clsnn_axis *axis, size_t index) {
    size_t *grown = realloc(axis->order, (axis->n_order + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("sweep");
    axis->order = grown;
    grown[axis->n_order++] = index;
    return CLSNN_OK;
}

size_t clsnn_axes_first_same(const struct clsnn_axis *axes, size_t n_axes, size_t zip, size_t place) {
    for (size_t k = 0; k < place; k++) {
        size_t a = 0;
        while (a < n_axes && (axes[a].zip != zip || axes[a].order[k] == axes[a].order[place])) a++;
        if (a == n_axes) return k;
    }
    return place;
}

void clsnn_axis_finish(struct clsnn_axis *axis) {
    for (size_t k = 0; k < axis->n_values; k++) free(axis->values[k]);
    free(axis->values);
    free(axis->order);
    free(axis->label);
    *axis = (struct clsnn_axis){.row = NULL};
}

char *clsnn_axis_trim(char *text) {
    while (isspace((unsigned char)*text)) text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1])) text[--n] = '\0';
    return text;
}

/* Reads one end or the step of a range. The whole text must be a finite number. */
static enum clsnn_status read_end(const struct clsnn_axis *axis, const char *text, double *out) {
    *out = text && clsnn_is_decimal(text) ? strtod(text, NULL) : (double)NAN;
    if (isfinite(*out)) return CLSNN_OK;
    char shown[CLSNN_EXCERPT];
    return clsnn_fail(CLSNN_E_USAGE,
                      "%s: %s in a range is not a number: write FIRST..LAST or FIRST..LAST..STEP",
                      axis->label, clsnn_excerpt(text, shown));
}

/* A range of a sweep's file, "4..8..2": its text for messages, and its two or three numbers' texts. */
struct range {
    char text[CLSNN_EXCERPT];
    char *first, *last, *step; /* step NULL: none is given */
};

static enum clsnn_status bad_range(const struct clsnn_axis *axis, const struct range *r, const char *what) {
    return clsnn_fail(CLSNN_E_USAGE, "%s = %s: %s", axis->label, r->text, what);
}

static enum clsnn_status too_many(const struct clsnn_axis *axis, const struct range *r) {
    return clsnn_fail(CLSNN_E_USAGE, "%s: the range %s has more than %d values, the most runs of a sweep",
                      axis->label, r->text, CLSNN_GRID_MAX_RUNS);
}

static enum clsnn_status is_empty(const struct clsnn_axis *axis, const struct range *r) {
    return clsnn_fail(CLSNN_E_USAGE, "%s: the range %s is empty: its first value is above its last",
                      axis->label, r->text);
}

/* Fails because steps pass LAST by. below, above: the values next to it; above may be NULL. */
static enum clsnn_status misses_last(const struct clsnn_axis *axis, const struct range *r, const char *below,
                                     const char *above) {
    return clsnn_fail(CLSNN_E_USAGE,
                      "%s = %s: steps lead to %s%s%s, not to %s: end there, or change the step", axis->label,
                      r->text, below, above ? " and " : "", above ? above : "", r->last);
}

/* Splits text at its double dots; *out points into text. */
static enum clsnn_status split_range(const struct clsnn_axis *axis, char *text, struct range *out) {
    static const char form[] = "write FIRST..LAST or FIRST..LAST..STEP";
    struct range r = {.step = NULL};
    char *parts[3] = {NULL}, what[128];
    size_t n = 0, n_dots = 0; /* n_dots: left of the first dots that were too many, when one was taken */
    clsnn_excerpt(text, r.text);
    for (char *dots; (dots = strstr(text, "...")); n_dots = n_dots ? n_dots : strspn(dots, "."))
        memmove(dots, dots + 1, strlen(dots));
    if (n_dots) {
        snprintf(what, sizeof what, "%s dots: write %.80s", n_dots == 2 ? "three" : "too many", text);
        return bad_range(axis, &r, what);
    }
    for (char *at = text; at; n++) {
        char *next = strstr(at, "..");
        if (next) *next = '\0';
        if (n < 3) parts[n] = clsnn_axis_trim(at);
        at = next ? next + 2 : NULL;
    }
    static const char *const names[] = {"first value", "last value", "step"};
    for (size_t k = 0; k < n && k < 3; k++) {
        if (*parts[k]) continue;
        snprintf(what, sizeof what, "%s missing: %s", names[k], form);
        return bad_range(axis, &r, what);
    }
    if (n > 3) {
        snprintf(what, sizeof what, "%s numbers: at most FIRST..LAST..STEP", n == 4 ? "four" : "too many");
        return bad_range(axis, &r, what);
    }
    r.first = parts[0];
    r.last = parts[1];
    r.step = parts[2];
    *out = r;
    return CLSNN_OK;
}

static enum clsnn_status bad_step(const struct clsnn_axis *axis, const struct range *r) {
    return clsnn_fail(CLSNN_E_USAGE, "%s: step %s of %s: must be above 0", axis->label, r->step, r->text);
}

/* Adds a range of whole numbers. They stay integers: a seed has 64 bits, a double only 53. */
static enum clsnn_status add_whole_range(struct clsnn_axis *axis, const struct range *r) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t from, to, by = 1;
    char text[32], above[32];
    TRY(clsnn_parse_whole(axis->label, r->first, 0, UINT64_MAX, "", &from));
    TRY(clsnn_parse_whole(axis->label, r->last, 0, UINT64_MAX, "", &to));
    if (r->step) TRY(clsnn_parse_whole(axis->label, r->step, 0, UINT64_MAX, "", &by));
    if (by == 0) return bad_step(axis, r);
    if (from > to) return is_empty(axis, r);
    if ((to - from) % by != 0) {
        const uint64_t below = to - (to - from) % by;
        snprintf(text, sizeof text, "%" PRIu64, below);
        snprintf(above, sizeof above, "%" PRIu64, below + by);
        return misses_last(axis, r, text, below <= UINT64_MAX - by ? above : NULL);
    }
    if ((to - from) / by >= CLSNN_GRID_MAX_RUNS) return too_many(axis, r);
    for (uint64_t k = 0; k <= (to - from) / by; k++) {
        snprintf(text, sizeof text, "%" PRIu64, from + k * by);
        TRY(clsnn_axis_add(axis, text));
    }
fail:
    return st;
}

static void write_step(double from, double by, double k, char out[32]) {
    snprintf(out, 32, "%.12g", from + k * by); /* 0.3, not 0.30000000000000004 */
}

static enum clsnn_status add_range(struct clsnn_axis *axis, char *text) {
    enum clsnn_status st = CLSNN_OK;
    struct range r;
    double from, to, by = 0;
    char value[32], above[32];
    TRY(split_range(axis, text, &r));
    if (clsnn_is_whole(r.first) && clsnn_is_whole(r.last) && (!r.step || clsnn_is_whole(r.step)))
        return add_whole_range(axis, &r);
    TRY(read_end(axis, r.first, &from));
    TRY(read_end(axis, r.last, &to));
    if (!r.step)
        return clsnn_fail(CLSNN_E_USAGE, "%s: the range %s needs a step: %s..%s..STEP", axis->label, r.text,
                          r.first, r.last);
    TRY(read_end(axis, r.step, &by));
    if (!(by > 0)) return bad_step(axis, &r);
    /* Rounding of the ends and of the quotient must not lose the last value. */
    const double rounding = 1e-9 + fmin(1e-6, DBL_EPSILON * (fabs(from) + fabs(to)) / by);
    const double steps = floor((to - from) / by + rounding);
    if (!(steps >= 0)) return is_empty(axis, &r);
    if (!(steps < CLSNN_GRID_MAX_RUNS)) return too_many(axis, &r);
    if ((to - from) / by - steps > rounding) {
        write_step(from, by, steps, value);
        write_step(from, by, steps + 1, above);
        return misses_last(axis, &r, value, above);
    }
    for (int k = 0; k <= (int)steps; k++) {
        write_step(from, by, k, value);
        TRY(clsnn_axis_add(axis, value));
    }
fail:
    return st;
}

/* Returns whether the values of the axis are whole numbers. */
static bool is_whole_axis(const struct clsnn_axis *axis) {
    return axis->param ? axis->param->is_int : true;
}

void clsnn_axis_round(double value, double from, double to, bool is_whole, char out[32]) {
    if (is_whole)
        snprintf(out, 32, "%.0f", floor(value + 0.5));
    else
        snprintf(out, 32, "%.4g", value);
    /* rounding must not leave the range */
    if (strtod(out, NULL) > to) clsnn_format_real(to, out);
    if (strtod(out, NULL) < from) clsnn_format_real(from, out);
}

/* Reads text as an interval. *out_is is false, and *out unwritten, if it is a list or a range with a step. */
static enum clsnn_status read_span(const struct clsnn_axis *axis, const char *text,
                                   struct clsnn_interval *out, bool *out_is) {
    enum clsnn_status st = CLSNN_OK;
    struct range r;
    struct clsnn_interval span = {.is_log = strncmp(text, "log(", 4) == 0, .is_whole = is_whole_axis(axis)};
    char *copy = strdup(text + (span.is_log ? 4 : 0)), *inside = copy, *count = NULL;
    *out_is = false;
    if (!copy) return clsnn_no_memory("sweep");
    if (span.is_log) {
        char *end = strchr(copy, ')'), shown[CLSNN_EXCERPT];
        if (!end || *clsnn_axis_trim(end + 1)) {
            st = clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be log(FIRST..LAST, COUNT)", axis->label,
                            clsnn_excerpt(text, shown));
            goto fail;
        }
        *end = '\0';
        count = copy;
        inside = strsep(&count, ",");
    }
    if (!span.is_log && strchr(copy, ',')) goto fail; /* a list */
    TRY(split_range(axis, inside, &r));
    if (r.step && !span.is_log) goto fail; /* a list too */
    if (!r.last || r.step) {
        st = bad_range(axis, &r, span.is_log ? "log() takes FIRST..LAST" : "must be FIRST..LAST");
        goto fail;
    }
    TRY(read_end(axis, r.first, &span.from));
    TRY(read_end(axis, r.last, &span.to));
    if (span.from > span.to) {
        st = is_empty(axis, &r);
        goto fail;
    }
    if (span.is_log && !(span.from > 0)) {
        st = bad_range(axis, &r, "log() needs a first value above 0");
        goto fail;
    }
    if (count) {
        uint64_t n;
        TRY(clsnn_parse_whole(axis->label, clsnn_axis_trim(count), 2, CLSNN_GRID_MAX_RUNS, "values", &n));
        span.count = (size_t)n;
    }
    *out = span;
    *out_is = true;
fail:
    free(copy);
    return st;
}

/* Adds the values of log(FIRST..LAST, COUNT). */
static enum clsnn_status add_log(struct clsnn_axis *axis, const char *text) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_interval span;
    char value[32], shown[CLSNN_EXCERPT];
    bool is_span;
    TRY(read_span(axis, text, &span, &is_span));
    if (!span.count)
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s = %s: how many values? Write log(FIRST..LAST, COUNT), or draw with --random",
                          axis->label, clsnn_excerpt(text, shown));
    for (size_t k = 0; k < span.count; k++) {
        const bool last = k + 1 == span.count;
        const double share = (double)k / (double)(span.count - 1);
        if (k == 0 || last) /* the ends as they are given */
            clsnn_format_real(last ? span.to : span.from, value);
        else
            clsnn_axis_round(clsnn_between(span.from, span.to, true, share), span.from, span.to,
                             span.is_whole, value);
        TRY(clsnn_axis_add(axis, value));
    }
fail:
    return st;
}

/* Cuts the next item off a list; commas inside parentheses separate none. NULL: the list has ended. */
static char *next_item(char **rest) {
    char *item = *rest;
    int depth = 0;
    if (!item) return NULL;
    for (char *c = item;; c++) {
        depth += (*c == '(') - (*c == ')');
        if (*c && !(*c == ',' && depth <= 0)) continue;
        *rest = *c ? c + 1 : NULL;
        *c = '\0';
        return item;
    }
}

bool clsnn_axis_is_list(const char *value) {
    return strchr(value, ',') || strstr(value, "..");
}

enum clsnn_status clsnn_axis_expand(struct clsnn_axis *axis, const char *value) {
    enum clsnn_status st = CLSNN_OK;
    char *copy = strdup(value), *rest = copy, *item;
    if (!copy) return clsnn_no_memory("sweep");
    while ((item = next_item(&rest))) {
        item = clsnn_axis_trim(item);
        if (*item == '\0') {
            st = clsnn_fail(CLSNN_E_USAGE, "%s: an empty place in its list: write a value or remove a comma",
                            axis->label);
            goto fail;
        }
        if (strncmp(item, "log(", 4) == 0)
            TRY(add_log(axis, item));
        else if (strstr(item, "..") && !clsnn_axis_is_path(axis->row))
            TRY(add_range(axis, item));
        else
            TRY(clsnn_axis_add(axis, item));
    }
fail:
    free(copy);
    return st;
}

enum clsnn_status clsnn_axis_prepare(struct clsnn_axis *axis, const char *text) {
    const enum clsnn_status st = read_span(axis, text, &axis->span, &axis->has_span);
    if (st != CLSNN_OK || (axis->has_span && !axis->span.count)) return st;
    axis->has_span = false;
    return clsnn_axis_expand(axis, text);
}
