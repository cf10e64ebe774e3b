/* Turns the lists and ranges of a sweep's file into axes, and axes into the options of each run. */
#include "sweep/grid.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "base/text.h"
#include "model/reads.h"
#include "options/options.h"

enum { MAX_NAME = 180 }; /* bytes of a run's directory name: file systems allow 255, a suffix may follow */

/* Returns whether the row's values are paths that runs may differ in: --from. */
static bool is_path(const struct clsnn_option_row *row) {
    return row && strcmp(row->name, "from") == 0;
}

/* Returns true if runs of one sweep may differ in s: model parameters, seed, preset, numbers and choices of
 * training. Device, work-group and other settings of where and how runs go are the same for all. */
static bool is_sweepable(const struct clsnn_setting *s) {
    if (s->param) return true;
    if (!(s->row->commands & CLSNN_CMD_TRAIN) || clsnn_option_is_common(s->row)) {
        return s->row->type == CLSNN_OPT_SEED || s->row->type == CLSNN_OPT_PRESET;
    }
    if (is_path(s->row)) return true;
    return s->row->commands & CLSNN_CMD_SWEEP && s->row->type != CLSNN_OPT_TEXT &&
           s->row->type != CLSNN_OPT_POWER && strcmp(s->row->name, "chunk") != 0 &&
           strcmp(s->row->name, "validate") != 0 && strcmp(s->row->name, "strict") != 0 &&
           strcmp(s->row->name, "no-kernel-cache") != 0;
}

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

static enum clsnn_status add_value(struct clsnn_axis *axis, const char *given) {
    char buf[64];
    const char *text = is_path(axis->row) ? given : buf;
    const enum clsnn_status st = is_path(axis->row) ? check_path(axis, given) : write_value(axis, given, buf);
    if (st != CLSNN_OK) return st;
    for (size_t k = 0; k < axis->n_values; k++) {
        if (strcmp(axis->values[k], text) == 0)
            return clsnn_fail(CLSNN_E_USAGE, "%s: %s stands there twice: list each value once", axis->label,
                              text);
    }
    if (axis->n_values == CLSNN_GRID_MAX_RUNS) {
        return clsnn_fail(CLSNN_E_USAGE, "%s: more than %d values, the most runs of a sweep", axis->label,
                          CLSNN_GRID_MAX_RUNS);
    }
    char **grown = realloc(axis->values, (axis->n_values + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("sweep");
    axis->values = grown;
    grown[axis->n_values] = strdup(text);
    if (!grown[axis->n_values]) return clsnn_no_memory("sweep");
    axis->n_values++;
    return CLSNN_OK;
}

static char *trimmed(char *text) {
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
        if (n < 3) parts[n] = trimmed(at);
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
        TRY(add_value(axis, text));
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
        TRY(add_value(axis, value));
    }
fail:
    return st;
}

static enum clsnn_status expand(struct clsnn_axis *axis, const char *value) {
    enum clsnn_status st = CLSNN_OK;
    char *copy = strdup(value), *rest = copy, *item;
    if (!copy) return clsnn_no_memory("sweep");
    while ((item = strsep(&rest, ","))) {
        item = trimmed(item);
        if (*item == '\0') {
            st = clsnn_fail(CLSNN_E_USAGE, "%s: an empty place in its list: write a value or remove a comma",
                            axis->label);
            goto fail;
        }
        if (strstr(item, "..") && !is_path(axis->row))
            TRY(add_range(axis, item));
        else
            TRY(add_value(axis, item));
    }
fail:
    free(copy);
    return st;
}

static enum clsnn_status add_axis(struct clsnn_grid *g, const struct clsnn_setting *s,
                                  struct clsnn_axis **out) {
    assert(s->row || s->param);
    struct clsnn_axis *grown = realloc(g->axes, (g->n_axes + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("sweep");
    g->axes = grown;
    *out = &grown[g->n_axes];
    **out = (struct clsnn_axis){.row = s->row,
                                .param = s->param,
                                .name = s->row ? s->row->name : s->param->name,
                                .label = strdup(s->label)};
    if (!(*out)->label) return clsnn_no_memory("sweep");
    g->n_axes++;
    return CLSNN_OK;
}

void clsnn_grid_finish(struct clsnn_grid *g) {
    for (size_t a = 0; a < g->n_axes; a++) {
        for (size_t k = 0; k < g->axes[a].n_values; k++) free(g->axes[a].values[k]);
        free(g->axes[a].values);
        free(g->axes[a].label);
    }
    free(g->axes);
    for (size_t run = 0; g->options && run < g->n_runs; run++) clsnn_options_finish(&g->options[run]);
    free(g->options);
    *g = (struct clsnn_grid){0};
}

static struct clsnn_axis *find_axis(struct clsnn_grid *g, const char *name) {
    for (size_t a = 0; a < g->n_axes; a++)
        if (strcmp(g->axes[a].name, name) == 0) return &g->axes[a];
    return NULL;
}

/* Marks the axes that one part of zip = "a, b | c, d" names. part: the part's number, from 1 on. */
static enum clsnn_status zip_part(struct clsnn_grid *g, char *names, const char *whole, size_t part) {
    struct clsnn_axis *first = NULL;
    char *name, shown[CLSNN_EXCERPT];
    size_t n = 0;
    while ((name = strsep(&names, ","))) {
        name = trimmed(name);
        struct clsnn_axis *axis = find_axis(g, name);
        if (!axis)
            return clsnn_fail(CLSNN_E_USAGE, "zip = %s: %s is not swept: give it a list",
                              clsnn_excerpt(whole, shown), *name ? name : "(nothing)");
        if (axis->zip)
            return clsnn_fail(CLSNN_E_USAGE, "zip = %s: %s stands there twice", clsnn_excerpt(whole, shown),
                              axis->name);
        axis->zip = part;
        n++;
        if (!first) first = axis;
        if (axis->n_values != first->n_values)
            return clsnn_fail(CLSNN_E_USAGE,
                              "zip: %s has %zu values, %s has %zu: zipped lists must be equally long",
                              first->name, first->n_values, axis->name, axis->n_values);
    }
    if (n < 2)
        return clsnn_fail(CLSNN_E_USAGE, "zip = %s: %s stands alone: name two or more that advance together",
                          clsnn_excerpt(whole, shown), first ? first->name : "(nothing)");
    return CLSNN_OK;
}

/* Numbers the groups of axes 0, 1, ... in the order of the file, and counts the runs. */
static enum clsnn_status count_runs(struct clsnn_grid *g) {
    size_t n = 0;
    g->n_runs = 1;
    for (size_t a = 0; a < g->n_axes; a++) {
        struct clsnn_axis *axis = &g->axes[a];
        size_t b = 0;
        while (b < a && !(axis->zip && g->axes[b].zip == axis->zip)) b++;
        axis->group = b < a ? g->axes[b].group : n;
        if (b < a) continue; /* the axis advances with an earlier one and adds no runs */
        n++;
        g->n_runs *= axis->n_values;
        if (g->n_runs > CLSNN_GRID_MAX_RUNS)
            return clsnn_fail(CLSNN_E_USAGE,
                              "%s: with it the sweep has more than %d runs, the most there may be",
                              axis->label, CLSNN_GRID_MAX_RUNS);
    }
    g->n_groups = n;
    return CLSNN_OK;
}

static enum clsnn_status group_axes(struct clsnn_grid *g, const char *zip) {
    enum clsnn_status st = CLSNN_OK;
    char *copy = NULL;
    if (zip) {
        size_t n = 0;
        copy = strdup(zip);
        if (!copy) return clsnn_no_memory("sweep");
        char *rest = copy, *part;
        while ((part = strsep(&rest, "|"))) TRY(zip_part(g, part, zip, ++n));
    }
    TRY(count_runs(g));
fail:
    free(copy);
    return st;
}

size_t clsnn_grid_index(const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis) {
    /* The last group advances fastest: divide by the sizes of all groups after this axis's group. */
    for (size_t group = axis->group + 1; group < g->n_groups; group++) {
        size_t a = 0;
        while (g->axes[a].group != group) a++;
        run /= g->axes[a].n_values;
    }
    return run % axis->n_values;
}

const char *clsnn_grid_value(const struct clsnn_grid *g, size_t run, const struct clsnn_axis *axis) {
    return axis->values[clsnn_grid_index(g, run, axis)];
}

static enum clsnn_status derive_run(const struct clsnn_grid *g, const struct clsnn_options *base, size_t run,
                                    struct clsnn_options *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_settings s = {0};
    for (size_t a = 0; a < g->n_axes; a++)
        TRY(clsnn_settings_add(&s, g->axes[a].row, g->axes[a].param, clsnn_grid_value(g, run, &g->axes[a]),
                               g->axes[a].label));
    TRY(clsnn_options_derive(base, &s, CLSNN_FROM_SWEEP, out));
fail:
    clsnn_settings_finish(&s);
    return st;
}

/* Derives the options of all runs now, so that a bad value is refused before the first run starts. */
static enum clsnn_status derive_runs(struct clsnn_grid *g, const struct clsnn_options *base) {
    enum clsnn_status st = CLSNN_OK;
    assert(g->n_runs > 0); /* a grid without lists is one run */
    g->options = calloc(g->n_runs, sizeof *g->options);
    if (!g->options) return clsnn_no_memory("sweep");
    for (size_t run = 0; run < g->n_runs; run++) TRY(derive_run(g, base, run, &g->options[run]));
fail:
    return st;
}

static bool from_command_line(const struct clsnn_options *o, const struct clsnn_setting *s) {
    const size_t at = s->row ? (size_t)(s->row - clsnn_option_rows)
                             : clsnn_n_option_rows + (size_t)(s->param - clsnn_params_table);
    return o->origins && o->origins->of[at] == CLSNN_FROM_COMMAND_LINE;
}

/* Fails if s has a comma, which a list has too. A folder whose name has a comma goes on the command line. */
static enum clsnn_status refuse_list(const struct clsnn_setting *s) {
    char shown[CLSNN_EXCERPT];
    clsnn_excerpt(s->value, shown);
    if (s->row->type == CLSNN_OPT_TEXT)
        return clsnn_fail(
            CLSNN_E_USAGE,
            "%s takes one value in a sweep, not %s: a name with a comma goes on the command line", s->label,
            shown);
    return clsnn_fail(CLSNN_E_USAGE, "%s takes one value in a sweep, not %s: all runs share it", s->label,
                      shown);
}

/* Notes a value of the file that the command line replaces by another. */
static void note_replaced(struct clsnn_grid *g, const struct clsnn_options *base,
                          const struct clsnn_setting *s) {
    char buf[32], shown[CLSNN_EXCERPT], given[CLSNN_EXCERPT];
    const size_t n = strlen(g->replaced);
    const char *value = buf;
    if (s->param)
        clsnn_format_real(clsnn_model_get(&base->model, s->param), buf);
    else
        value = clsnn_option_value(base, s->row, buf);
    if (!value || strcmp(value, s->value) == 0 || n + 128 > sizeof g->replaced) return;
    snprintf(g->replaced + n, sizeof g->replaced - n, "%s%s = %.40s by %.40s", n ? "; " : "",
             s->row ? s->row->name : s->param->name, clsnn_excerpt(s->value, shown),
             clsnn_excerpt(value, given));
}

/* Makes s an axis if it is a list or range, else adds it to fixed unless the command line gave the key. */
static enum clsnn_status sort_setting(struct clsnn_grid *g, const struct clsnn_options *base,
                                      const struct clsnn_setting *s, struct clsnn_settings *fixed) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_axis *axis = NULL;
    assert(s->row || s->param);
    const bool list = strchr(s->value, ','), many = list || (strstr(s->value, "..") && !is_path(s->row));
    if (s->row && !(s->row->commands & CLSNN_CMD_SWEEP))
        return clsnn_fail(CLSNN_E_USAGE, "%s: is no option of a training run: leave it out", s->label);
    if (!is_sweepable(s)) {
        /* paths may have double dots; zip alone is a list of names */
        const bool is_text = s->row->type == CLSNN_OPT_TEXT;
        if (strcmp(s->row->name, "zip") != 0 && (is_text ? list : many)) return refuse_list(s);
    } else if (many) {
        if (from_command_line(base, s))
            return clsnn_fail(CLSNN_E_USAGE,
                              "%s: is swept here and given on the command line too: leave one out", s->label);
        TRY(add_axis(g, s, &axis));
        return clsnn_settings_blame(s->value, expand(axis, s->value));
    }
    if (from_command_line(base, s))
        note_replaced(g, base, s);
    else
        TRY(clsnn_settings_add(fixed, s->row, s->param, s->value, s->label));
fail:
    return st;
}

/* Fails if an earlier setting names the same option or parameter: one of the two would count for nothing. */
static enum clsnn_status refuse_twice(const struct clsnn_settings *all, size_t k) {
    const struct clsnn_setting *s = &all->list[k];
    for (size_t j = 0; j < k; j++) {
        if (all->list[j].row == s->row && all->list[j].param == s->param)
            return clsnn_fail(CLSNN_E_USAGE, "%s: stands there twice (%s): keep one of the two", s->label,
                              all->list[j].label);
    }
    return CLSNN_OK;
}

/* Fails if no run reads a parameter that is swept: all its runs would be the same. */
static enum clsnn_status check_is_read(const struct clsnn_grid *g) {
    for (size_t a = 0; a < g->n_axes; a++) {
        const struct clsnn_axis *axis = &g->axes[a];
        bool is_read = !axis->param;
        char why[CLSNN_READS] = "";
        for (size_t run = 0; run < g->n_runs && !is_read; run++)
            is_read = clsnn_param_is_read(axis->param, &g->options[run].model.laws,
                                          g->options[run].from != NULL, why);
        if (!is_read)
            return clsnn_fail(CLSNN_E_USAGE,
                              "%s: is swept, but no run reads it: %s: leave it out, or choose that law",
                              axis->label, why);
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_grid_read(const char *path, const struct clsnn_options *base, struct clsnn_grid *out,
                                  struct clsnn_options *out_options) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_settings all = {0}, fixed = {0};
    struct clsnn_grid g = {0};
    struct clsnn_options o = {0};
    TRY(clsnn_settings_read(&all, path, "sweep file"));
    if (all.n == 0)
        return clsnn_fail(CLSNN_E_USAGE,
                          "sweep file %s: lists nothing: write lines such as neurons = 100, 225, 400", path);
    for (size_t k = 0; k < all.n; k++) {
        TRY(refuse_twice(&all, k));
        TRY(sort_setting(&g, base, &all.list[k], &fixed));
    }
    TRY(clsnn_options_derive(base, &fixed, CLSNN_FROM_SWEEP, &o));
    TRY(group_axes(&g, o.zip));
    TRY(derive_runs(&g, &o));
    TRY(check_is_read(&g));
    *out = g;
    *out_options = o;
    g = (struct clsnn_grid){0};
    o = (struct clsnn_options){0};
fail:
    clsnn_options_finish(&o);
    clsnn_grid_finish(&g);
    clsnn_settings_finish(&all);
    clsnn_settings_finish(&fixed);
    return st;
}

/* Adds an axis of whole numbers: numbers[n], or first, first + 1, ... where numbers is NULL. label names the
 * axis in messages. */
static enum clsnn_status add_numbers(struct clsnn_grid *g, const char *option, const char *label,
                                     uint64_t first, const uint32_t *numbers, size_t n) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_axis *axis = NULL;
    const struct clsnn_setting s = {.row = clsnn_option_find(option), .label = (char *)(uintptr_t)label};
    TRY(add_axis(g, &s, &axis));
    for (size_t k = 0; k < n; k++) {
        char text[32];
        snprintf(text, sizeof text, "%" PRIu64, numbers ? numbers[k] : first + k);
        TRY(add_value(axis, text));
    }
fail:
    return st;
}

enum clsnn_status clsnn_grid_seeds(const struct clsnn_options *base, uint32_t n_runs,
                                   struct clsnn_grid *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid g = {0};
    if (base->seed > UINT64_MAX - (n_runs - 1))
        return clsnn_fail(CLSNN_E_USAGE,
                          "--runs = %u from --seed %" PRIu64
                          " on: seeds end at 2^64 - 1: choose a smaller --seed",
                          n_runs, base->seed);
    TRY(add_numbers(&g, "seed", "--runs", base->seed, NULL, n_runs));
    TRY(group_axes(&g, NULL));
    TRY(derive_runs(&g, base));
    *out = g;
    return CLSNN_OK;
fail:
    clsnn_grid_finish(&g);
    return st;
}

enum clsnn_status clsnn_grid_sizes(const struct clsnn_options *base, const uint32_t *sizes, size_t n_sizes,
                                   uint32_t n_seeds, struct clsnn_grid *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid g = {.short_names = true};
    struct clsnn_settings tested = {0};
    struct clsnn_options o = {0};
    if (base->seed > UINT64_MAX - (n_seeds - 1))
        return clsnn_fail(CLSNN_E_USAGE, "--seed = %" PRIu64 ": with --seeds %u must be at most %" PRIu64,
                          base->seed, n_seeds, UINT64_MAX - (n_seeds - 1));
    TRY(clsnn_settings_add(&tested, clsnn_option_find("eval-every"), NULL, "1", "eval-every"));
    TRY(clsnn_options_derive(base, &tested, CLSNN_FROM_SWEEP, &o));
    TRY(add_numbers(&g, "neurons", "--sizes", 0, sizes, n_sizes));
    TRY(add_numbers(&g, "seed", "--seeds", base->seed, NULL, n_seeds));
    TRY(group_axes(&g, NULL));
    TRY(derive_runs(&g, &o));
    *out = g;
    g = (struct clsnn_grid){0};
fail:
    clsnn_grid_finish(&g);
    clsnn_options_finish(&o);
    clsnn_settings_finish(&tested);
    return st;
}

char *clsnn_grid_name(const struct clsnn_grid *g, size_t run) {
    char *name = NULL, hex[CLSNN_SHA256_HEX];
    size_t n_bytes = 0;
    FILE *to = open_memstream(&name, &n_bytes);
    if (!to) {
        clsnn_no_memory("sweep");
        return NULL;
    }
    if (g->n_axes == 0) fputs("run", to);
    for (size_t a = 0; a < g->n_axes; a++) {
        const char *value = clsnn_grid_value(g, run, &g->axes[a]);
        if (g->short_names)
            fprintf(to, "%s%c", a ? "-" : "", g->axes[a].name[0]);
        else
            fprintf(to, "%s%s-", a ? "_" : "", g->axes[a].name);
        for (; *value; value++) fputc(*value == '/' ? '+' : *value, to); /* no value has a '+' and a '/' */
    }
    if (!clsnn_text_end(to, &name)) {
        free(name);
        clsnn_no_memory("sweep");
        return NULL;
    }
    /* A long name is cut and ends in a hash of the whole name. A running number would change when the file
     * gets more values; the hash stays. */
    if (n_bytes > MAX_NAME) {
        if (clsnn_sha256_hex(name, n_bytes, hex) != CLSNN_OK) {
            free(name);
            return NULL;
        }
        snprintf(name + MAX_NAME - 17, 18, "_%.16s", hex);
    }
    return name;
}
