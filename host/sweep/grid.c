/* Turns the lists and ranges of a sweep's file into axes, and axes into the options of each run. */
#include "sweep/grid.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "base/text.h"
#include "formats/csv.h"
#include "model/reads.h"
#include "options/options.h"
#include "sweep/draw.h"

enum { MAX_NAME = 180 }; /* bytes of a run's directory name: file systems allow 255, a suffix may follow */

/* Returns true if runs of one sweep may differ in s: model parameters, seed, preset, numbers and choices of
 * training. Device, work-group and other settings of where and how runs go are the same for all. */
static bool is_sweepable(const struct clsnn_setting *s) {
    if (s->param) return true;
    if (!(s->row->commands & CLSNN_CMD_TRAIN) || clsnn_option_is_common(s->row)) {
        return s->row->type == CLSNN_OPT_SEED || s->row->type == CLSNN_OPT_PRESET;
    }
    if (clsnn_axis_is_path(s->row)) return true;
    return s->row->commands & CLSNN_CMD_SWEEP && s->row->type != CLSNN_OPT_TEXT &&
           s->row->type != CLSNN_OPT_POWER && s->row->type != CLSNN_OPT_CHOICES &&
           strcmp(s->row->name, "chunk") != 0 && strcmp(s->row->name, "validate") != 0 &&
           strcmp(s->row->name, "strict") != 0 && strcmp(s->row->name, "no-kernel-cache") != 0 &&
           strcmp(s->row->name, "checkpoint-every") != 0 && strcmp(s->row->name, "keep-checkpoints") != 0;
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
    for (size_t a = 0; a < g->n_axes; a++) clsnn_axis_finish(&g->axes[a]);
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
        name = clsnn_axis_trim(name);
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
        if (axis->n_order != first->n_order)
            return clsnn_fail(CLSNN_E_USAGE,
                              "zip: %s has %zu values, %s has %zu: zipped lists must be equally long",
                              first->name, first->n_order, axis->name, axis->n_order);
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
        g->n_runs *= axis->n_order;
        if (g->n_runs > CLSNN_GRID_MAX_RUNS)
            return clsnn_fail(CLSNN_E_USAGE,
                              "%s: with it the sweep has more than %d runs, the most there may be",
                              axis->label, CLSNN_GRID_MAX_RUNS);
    }
    g->n_groups = n;
    return CLSNN_OK;
}

/* Fails if two runs would be the same: a value twice in a list, or a row twice in lists that advance together
 * or in a table. table: its path, or NULL. */
static enum clsnn_status refuse_repeats(const struct clsnn_grid *g, const char *table) {
    for (size_t a = 0; a < g->n_axes; a++) {
        const struct clsnn_axis *axis = &g->axes[a];
        if (axis->n_order == axis->n_values) continue;
        for (size_t k = 1; k < axis->n_order; k++) {
            const size_t first = axis->zip ? clsnn_axes_first_same(g->axes, g->n_axes, axis->zip, k)
                                           : clsnn_axes_first_same(axis, 1, 0, k);
            if (first == k) continue;
            if (table)
                return clsnn_fail(
                    CLSNN_E_USAGE,
                    "%s: rows %zu and %zu below the header are the same run: list each run once", table,
                    first + 1, k + 1);
            if (axis->zip)
                return clsnn_fail(CLSNN_E_USAGE,
                                  "%s: places %zu and %zu of the lists that advance together have the same "
                                  "values: list each run once",
                                  axis->label, first + 1, k + 1);
            return clsnn_fail(CLSNN_E_USAGE, "%s: %s stands there twice: list each value once", axis->label,
                              axis->values[axis->order[k]]);
        }
    }
    return CLSNN_OK;
}

static enum clsnn_status group_axes(struct clsnn_grid *g, const char *zip, const char *table) {
    enum clsnn_status st = CLSNN_OK;
    char *copy = NULL;
    if (zip) {
        size_t n = 0;
        copy = strdup(zip);
        if (!copy) return clsnn_no_memory("sweep");
        char *rest = copy, *part;
        while ((part = strsep(&rest, "|"))) TRY(zip_part(g, part, zip, ++n));
    }
    TRY(refuse_repeats(g, table));
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
        run /= g->axes[a].n_order;
    }
    return axis->order[run % axis->n_order];
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

static enum clsnn_origin origin_of(const struct clsnn_options *o, const struct clsnn_setting *s) {
    const size_t at = s->row ? (size_t)(s->row - clsnn_option_rows)
                             : clsnn_n_option_rows + (size_t)(s->param - clsnn_params_table);
    return o->origins ? (enum clsnn_origin)o->origins->of[at] : CLSNN_FROM_DEFAULT;
}

static bool from_command_line(const struct clsnn_options *o, const struct clsnn_setting *s) {
    return origin_of(o, s) == CLSNN_FROM_COMMAND_LINE;
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

/* Fails if a command line names what the file sweeps. */
static enum clsnn_status refuse_given(const struct clsnn_options *base, const struct clsnn_setting *s) {
    if (!from_command_line(base, s)) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE, "%s: is swept here and given on the command line too: leave one out",
                      s->label);
}

static enum clsnn_status refuse_foreign(const struct clsnn_setting *s) {
    if (!s->row || s->row->commands & CLSNN_CMD_SWEEP) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE, "%s: is no option of a training run: leave it out", s->label);
}

/* Returns whether s becomes an axis: a list or range of something that runs may differ in. */
static bool is_axis(const struct clsnn_setting *s) {
    if (clsnn_axis_is_path(s->row)) return strchr(s->value, ',') != NULL;
    return is_sweepable(s) && clsnn_axis_is_list(s->value);
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

/* Checks a setting; adds it to fixed if it is a single value that the command line does not give. */
static enum clsnn_status sort_setting(struct clsnn_grid *g, const struct clsnn_options *base,
                                      const struct clsnn_setting *s, struct clsnn_settings *fixed) {
    enum clsnn_status st = CLSNN_OK;
    assert(s->row || s->param);
    TRY(refuse_foreign(s));
    if (is_axis(s)) return refuse_given(base, s);
    if (!is_sweepable(s)) {
        /* paths may have double dots; zip alone is a list of names */
        const bool is_text = s->row->type == CLSNN_OPT_TEXT;
        if (strcmp(s->row->name, "zip") != 0 &&
            (is_text ? strchr(s->value, ',') != NULL : clsnn_axis_is_list(s->value)))
            return refuse_list(s);
    }
    if (from_command_line(base, s))
        note_replaced(g, base, s);
    else
        TRY(clsnn_settings_add(fixed, s->row, s->param, s->value, s->label));
fail:
    return st;
}

static bool is_seed(const struct clsnn_axis *axis) {
    return axis->row && axis->row->type == CLSNN_OPT_SEED;
}

/* Makes an axis of a list or range. n_random: points to draw, from every list but that of the seed. */
static enum clsnn_status make_axis(struct clsnn_grid *g, const struct clsnn_setting *s, int n_random) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_axis *axis = NULL;
    TRY(add_axis(g, s, &axis));
    if (n_random && !is_seed(axis)) {
        axis->zip = 1;
        st = clsnn_axis_prepare(axis, s->value);
    } else {
        st = clsnn_axis_expand(axis, s->value);
    }
    return clsnn_settings_blame(s->value, st);
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

/* Draws o's random points from the axes, which then advance together. */
static enum clsnn_status draw_points(struct clsnn_grid *g, const struct clsnn_options *o, bool centred) {
    size_t n_drawn = 0;
    if (o->zip)
        return clsnn_fail(CLSNN_E_USAGE,
                          "zip = %s: --random draws from every list but the seed's: leave zip out", o->zip);
    for (size_t a = 0; a < g->n_axes; a++) n_drawn += g->axes[a].zip;
    if (n_drawn == 0)
        return clsnn_fail(CLSNN_E_USAGE,
                          "--random = %d: no line has a range to draw from: write "
                          "theta_plus_mv = log(0.005..0.5)",
                          o->random);
    return clsnn_draw_points(g->axes, g->n_axes, o->seed, (size_t)o->random, centred);
}

/* Adds the defaults that neither all nor the user gives to all. */
static enum clsnn_status add_defaults(const struct clsnn_settings *defaults, const struct clsnn_options *base,
                                      struct clsnn_settings *all) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = all->n;
    for (size_t d = 0; d < defaults->n; d++) {
        const struct clsnn_setting *s = &defaults->list[d];
        const enum clsnn_origin origin = origin_of(base, s);
        size_t k = 0;
        while (k < n && (all->list[k].row != s->row || all->list[k].param != s->param)) k++;
        if (k == n && (origin == CLSNN_FROM_DEFAULT || origin == CLSNN_FROM_PRESET))
            TRY(clsnn_settings_add(all, s->row, s->param, s->value, s->label));
    }
fail:
    return st;
}

/* Makes the runs of a file of lines NAME = VALUES. */
static enum clsnn_status read_ini(const char *path, const struct clsnn_options *base,
                                  const struct clsnn_settings *defaults, struct clsnn_grid *g,
                                  struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_settings all = {0}, fixed = {0};
    TRY(clsnn_settings_read(&all, path, "sweep file"));
    if (defaults) TRY(add_defaults(defaults, base, &all));
    if (all.n == 0)
        TRY(clsnn_fail(CLSNN_E_USAGE,
                       "sweep file %s: lists nothing: write lines such as neurons = 100, 225, 400", path));
    for (size_t k = 0; k < all.n; k++) {
        TRY(refuse_twice(&all, k));
        TRY(sort_setting(g, base, &all.list[k], &fixed));
    }
    TRY(clsnn_options_derive(base, &fixed, CLSNN_FROM_SWEEP, o));
    for (size_t k = 0; k < all.n; k++)
        if (is_axis(&all.list[k])) TRY(make_axis(g, &all.list[k], o->random));
    if (o->random) TRY(draw_points(g, o, defaults != NULL));
    TRY(group_axes(g, o->random ? NULL : o->zip, NULL));
fail:
    clsnn_settings_finish(&all);
    clsnn_settings_finish(&fixed);
    return st;
}

/* Returns the name of a cell for messages, "runs.csv:3: neurons", malloc'ed; NULL without memory. */
static char *column_label(const char *path, int line, const char *name) {
    char *label = NULL;
    if (asprintf(&label, "%s:%d: %s", path, line, name) >= 0) return label;
    clsnn_no_memory(path);
    return NULL;
}

/* Makes an axis of a column's name. */
static enum clsnn_status add_column(const char *path, int line, const struct clsnn_options *base,
                                    const char *name, struct clsnn_grid *g) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_setting s = {.row = NULL};
    struct clsnn_axis *axis;
    TRY(clsnn_setting_find(path, line, name, &s));
    s.label = column_label(path, line, name);
    if (!s.label) return CLSNN_E_MEMORY;
    TRY(refuse_foreign(&s));
    TRY(refuse_given(base, &s));
    if (!is_sweepable(&s))
        st = clsnn_fail(CLSNN_E_USAGE, "%s: all runs share it: give it on the command line", s.label);
    else if (find_axis(g, s.row ? s.row->name : s.param->name))
        st = clsnn_fail(CLSNN_E_USAGE, "%s: stands there twice: keep one of the two columns", s.label);
    TRY(st);
    TRY(add_axis(g, &s, &axis));
    axis->zip = 1;
    free(axis->label);
    axis->label = s.label;
    return CLSNN_OK;
fail:
    free(s.label);
    return st;
}

/* Has messages about the axis name a line. */
static enum clsnn_status name_column(struct clsnn_axis *axis, const char *path, int line) {
    char *label = column_label(path, line, axis->name);
    if (!label) return CLSNN_E_MEMORY;
    free(axis->label);
    axis->label = label;
    return CLSNN_OK;
}

/* Makes a run of each row of a table, whose first row has the names. */
static enum clsnn_status read_csv(const char *path, const struct clsnn_options *base,
                                  const struct clsnn_settings *defaults, struct clsnn_grid *g,
                                  struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_csv csv = {.text = NULL};
    struct clsnn_settings more = {0}, fixed = {0};
    const struct clsnn_setting random = {.row = clsnn_option_find("random")};
    if (base->zip || origin_of(base, &random) != CLSNN_FROM_DEFAULT)
        return clsnn_fail(CLSNN_E_USAGE, "--%s is for a FILE.ini: in %s each row is a run",
                          base->zip ? "zip" : "random", path);
    TRY(clsnn_csv_read(path, CLSNN_CONFIG_MAX_BYTES, &csv));
    for (size_t a = 0; a < csv.record[0].n; a++)
        TRY(add_column(path, csv.record[0].line, base, csv.field[a], g));
    if (csv.n_records < 2)
        TRY(clsnn_fail(CLSNN_E_USAGE, "%s: has names only: write a row for each run", path));
    for (size_t k = 1; k < csv.n_records; k++) {
        for (size_t a = 0; a < g->n_axes; a++) {
            struct clsnn_axis *axis = &g->axes[a];
            TRY(name_column(axis, path, csv.record[k].line));
            TRY(clsnn_axis_add(axis, csv.field[csv.record[k].first + a]));
        }
    }
    for (size_t a = 0; a < g->n_axes; a++) TRY(name_column(&g->axes[a], path, csv.record[0].line));
    if (defaults) TRY(add_defaults(defaults, base, &more));
    for (size_t k = 0; k < more.n; k++) { /* ranges are for points that are drawn */
        const struct clsnn_setting *s = &more.list[k];
        if (!is_axis(s)) TRY(clsnn_settings_add(&fixed, s->row, s->param, s->value, s->label));
    }
    TRY(clsnn_options_derive(base, &fixed, CLSNN_FROM_SWEEP, o));
    TRY(group_axes(g, NULL, path));
fail:
    clsnn_csv_finish(&csv);
    clsnn_settings_finish(&more);
    clsnn_settings_finish(&fixed);
    return st;
}

bool clsnn_grid_is_table(const char *path) {
    const size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".csv") == 0;
}

enum clsnn_status clsnn_grid_read(const char *path, const struct clsnn_options *base,
                                  const struct clsnn_settings *defaults, struct clsnn_grid *out,
                                  struct clsnn_options *out_options) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid g = {0};
    struct clsnn_options o = {0};
    TRY(clsnn_grid_is_table(path) ? read_csv(path, base, defaults, &g, &o)
                                  : read_ini(path, base, defaults, &g, &o));
    TRY(derive_runs(&g, &o));
    TRY(check_is_read(&g));
    *out = g;
    *out_options = o;
    g = (struct clsnn_grid){0};
    o = (struct clsnn_options){0};
fail:
    clsnn_options_finish(&o);
    clsnn_grid_finish(&g);
    return st;
}

enum clsnn_status clsnn_grid_pick(const struct clsnn_grid *g, const struct clsnn_options *base,
                                  const size_t *runs, size_t n, struct clsnn_grid *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid picked = {0};
    for (size_t a = 0; a < g->n_axes; a++) {
        const struct clsnn_axis *from = &g->axes[a];
        const struct clsnn_setting s = {.row = from->row, .param = from->param, .label = from->label};
        struct clsnn_axis *axis;
        TRY(add_axis(&picked, &s, &axis));
        axis->zip = 1;
        axis->span = from->span;
        axis->has_span = from->has_span;
        for (size_t k = 0; k < n; k++) TRY(clsnn_axis_add(axis, clsnn_grid_value(g, runs[k], from)));
    }
    TRY(group_axes(&picked, NULL, NULL));
    TRY(derive_runs(&picked, base));
    *out = picked;
    return CLSNN_OK;
fail:
    clsnn_grid_finish(&picked);
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
        TRY(clsnn_axis_add(axis, text));
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
    TRY(group_axes(&g, NULL, NULL));
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
    TRY(group_axes(&g, NULL, NULL));
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
