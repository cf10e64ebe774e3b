/* Curves with markers and error bars: accuracy over epochs, or over network sizes. The legend is above the
 * axes, so it never hides data. The x axis is logarithmic if its values are spaced by factors (100, 400, 1600
 * neurons). */
#include "formats/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "formats/canvas.h"

#define WIDTH     1600
#define HEIGHT    1000
#define FONT      30.0
#define MARKER    9.0  /* half of a marker's extent, px */
#define CAP       8.0  /* half of the width of an error bar's ends, px */
#define SHIFT     14.0 /* between neighbours among curves with error bars, px, if there is room */
#define MAX_NAMED 10   /* most distinct x values of a logarithmic axis, which has a tick at each */

/* The corners of the markers, in multiples of MARKER. The circle has none. */
static const struct {
    int n;
    double xy[12][2];
} markers[] = {
    {0, {{0}}},
    {4, {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}},
    {3, {{0, -1.2}, {1.1, 0.8}, {-1.1, 0.8}}},
    {4, {{0, -1.3}, {1.3, 0}, {0, 1.3}, {-1.3, 0}}},
    {3, {{0, 1.2}, {1.1, -0.8}, {-1.1, -0.8}}},
    {12,
     {{-0.4, -1.2},
      {0.4, -1.2},
      {0.4, -0.4},
      {1.2, -0.4},
      {1.2, 0.4},
      {0.4, 0.4},
      {0.4, 1.2},
      {-0.4, 1.2},
      {-0.4, 0.4},
      {-1.2, 0.4},
      {-1.2, -0.4},
      {-0.4, -0.4}}},
};
#define N_MARKERS (sizeof markers / sizeof *markers)

/* An axis. */
struct axis {
    double lo, hi; /* shown range; of log10(value) if log */
    double step;   /* between ticks; a logarithmic axis has its ticks at values instead */
    bool log;
    double values[MAX_NAMED];
    size_t n_values;
};

/* The plot's axes and place. */
struct frame {
    struct axis x, y;
    double left, top, width, height; /* place of the plot in the picture, px */
    double room;                     /* for error bars at one x, as a share of the width */
};

static double to_px(const struct axis *a, double value, double from, double length) {
    return from + length * ((a->log ? log10(value) : value) - a->lo) / (a->hi - a->lo);
}

static double x_px(const struct frame *f, double value) {
    return to_px(&f->x, value, f->left, f->width);
}

static double y_px(const struct frame *f, double value) {
    return to_px(&f->y, value, f->top + f->height, -f->height);
}

static bool is_shown(const struct clsnn_series *s, size_t i) {
    return isfinite(s->x[i]) && isfinite(s->y[i]);
}

/* Returns half the height of a point's error bar; 0 if it has none. */
static double error_at(const struct clsnn_series *s, size_t i) {
    return s->y_err && isfinite(s->y_err[i]) ? fabs(s->y_err[i]) : 0;
}

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void widen(double value, double *lo, double *hi) {
    if (value < *lo) *lo = value;
    if (value > *hi) *hi = value;
}

/* Returns an axis over [lo, hi]. With round_ends, its ends are ticks; else it has a margin. With whole, ticks
 * are at whole numbers only: there is no epoch 1.5. */
static struct axis linear_axis(double lo, double hi, int n_ticks, bool round_ends, bool whole) {
    struct axis a = {.lo = lo, .hi = hi};
    /* A single value, or values that differ only in their last bits, get a range around them. */
    const double least = 1e-9 * fmax(fabs(lo), fabs(hi));
    if (hi - lo <= least) {
        const double half = whole ? fmax(0.5, least) : lo == 0 ? 1 : 0.05 * fabs(lo);
        a.lo = lo - half;
        a.hi = hi + half;
    }
    if (round_ends) {
        a.step = clsnn_tick_step(a.hi - a.lo, n_ticks);
        a.lo = floor(a.lo / a.step + 1e-6) * a.step;
        a.hi = ceil(a.hi / a.step - 1e-6) * a.step;
    } else {
        const double margin = 0.04 * (a.hi - a.lo);
        a.lo -= margin;
        a.hi += margin;
        a.step = clsnn_tick_step(a.hi - a.lo, n_ticks);
        if (whole && a.step < 1) a.step = 1;
    }
    return a;
}

/* Makes a logarithmic axis with a tick at each distinct x value, or returns false. The values must be at
 * least three, at most MAX_NAMED, positive, a factor of 10 apart in all, and spaced by similar factors. Sorts
 * `all`. */
static bool log_axis(double *all, size_t n_all, struct axis *out) {
    struct axis a = {.log = true};
    qsort(all, n_all, sizeof *all, compare_doubles);
    for (size_t i = 0; i < n_all; i++) {
        if (a.n_values && all[i] == a.values[a.n_values - 1]) continue;
        if (a.n_values == MAX_NAMED || all[i] <= 0) return false;
        a.values[a.n_values++] = all[i];
    }
    const size_t n = a.n_values;
    if (n < 3 || a.values[n - 1] < 10 * a.values[0]) return false;
    double largest = 0, smallest = HUGE_VAL; /* log of the ratio of neighbours */
    for (size_t i = 1; i < n; i++) {
        const double ratio = log(a.values[i] / a.values[i - 1]);
        largest = fmax(largest, ratio);
        smallest = fmin(smallest, ratio);
    }
    if (largest > 2.5 * smallest) return false;
    a.lo = log10(a.values[0]);
    a.hi = log10(a.values[n - 1]);
    const double margin = 0.05 * (a.hi - a.lo);
    a.lo -= margin;
    a.hi += margin;
    *out = a;
    return true;
}

/* Makes the axes for all points of all series; *out_empty: there is none. */
static enum clsnn_status make_axes(const char *path, const struct clsnn_chart *chart,
                                   const struct clsnn_series *series, size_t n_series, struct frame *f,
                                   bool *out_empty) {
    double x_lo = HUGE_VAL, x_hi = -HUGE_VAL, y_lo = HUGE_VAL, y_hi = -HUGE_VAL; /* of points */
    double lo = HUGE_VAL, hi = -HUGE_VAL;                                        /* of error bars */
    size_t n_points = 0, n_all = 0;
    for (size_t k = 0; k < n_series; k++) n_points += series[k].n;
    double *all = calloc(n_points + 1, sizeof *all);
    if (!all) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to sort %zu points", path, n_points);
    for (size_t k = 0; k < n_series; k++) {
        const struct clsnn_series *s = &series[k];
        for (size_t i = 0; i < s->n; i++) {
            if (!is_shown(s, i)) continue;
            all[n_all++] = s->x[i];
            widen(s->x[i], &x_lo, &x_hi);
            widen(s->y[i], &y_lo, &y_hi);
            widen(s->y[i] - error_at(s, i), &lo, &hi);
            widen(s->y[i] + error_at(s, i), &lo, &hi);
        }
    }
    *out_empty = n_all == 0;
    if (!n_all) x_lo = y_lo = lo = 0, x_hi = y_hi = hi = 1;
    /* Below 1e300, the difference of the ends is finite and a step does not vanish beside them. */
    const bool sane = fmax(fmax(fabs(x_lo), fabs(x_hi)), fmax(fabs(lo), fabs(hi))) < 1e300;
    if (sane) {
        bool whole = true;
        for (size_t i = 0; whole && i < n_all; i++) whole = all[i] == floor(all[i]);
        if (!log_axis(all, n_all, &f->x)) f->x = linear_axis(x_lo, x_hi, 10, false, whole);
        f->room = 0.07;
        for (size_t i = 1; i < n_all; i++)
            if (all[i] > all[i - 1])
                f->room = fmin(f->room, (to_px(&f->x, all[i], 0, 1) - to_px(&f->x, all[i - 1], 0, 1)) / 2);
        /* The y axis leaves room above and below and ends at ticks. Where points lie within 0 and 100 %, the
         * axis does too, and cuts error bars. */
        const double least = y_lo >= 0 ? 0 : -HUGE_VAL;
        const double most = y_hi <= 100 && strchr(chart->y_label, '%') ? 100 : HUGE_VAL;
        lo = chart->from_zero ? fmin(lo, 0) : fmax(lo, least);
        hi = fmin(hi, most);
        const double margin = n_all ? 0.03 * (hi - lo) : 0;
        f->y = linear_axis(lo - margin, hi + margin, 8, true, false);
        f->y.lo = fmax(f->y.lo, least);
        f->y.hi = fmin(f->y.hi, most);
    }
    free(all);
    if (!sane) return clsnn_fail(CLSNN_E_FAILED, "%s: curves with values beyond 1e300 cannot be drawn", path);
    return CLSNN_OK;
}

/* Finds the k-th tick and its label; false after the last tick. */
static bool tick(const struct axis *a, size_t k, double *out_value, char text[32]) {
    if (a->log) {
        if (k >= a->n_values) return false;
        *out_value = a->values[k];
        snprintf(text, 32, "%.6g", a->values[k]);
        return true;
    }
    const double value = (ceil(a->lo / a->step - 1e-6) + (double)k) * a->step;
    if (value > a->hi + 1e-6 * a->step) return false;
    *out_value = value;
    clsnn_tick_text(value, a->step, text);
    return true;
}

static void draw_axes(struct canvas *c, const struct frame *f, const struct clsnn_chart *chart) {
    const struct text_style below = {.size = FONT, .align = 0.5}, beside = {.size = FONT, .align = 1};
    const struct text_style up = {.size = FONT, .align = 0.5, .vertical = true};
    const double bottom = f->top + f->height, right = f->left + f->width;
    double value, last = -HUGE_VAL, widest = 0;
    char text[32], x_label[128];
    cairo_set_line_width(c->cr, 1.5);
    for (size_t k = 0; tick(&f->x, k, &value, text); k++) {
        const double x = x_px(f, value), width = clsnn_canvas_text_width(c, below, text);
        cairo_set_source_rgb(c->cr, 0.86, 0.86, 0.86);
        cairo_move_to(c->cr, x, f->top);
        cairo_line_to(c->cr, x, bottom);
        cairo_stroke(c->cr);
        cairo_set_source_rgb(c->cr, 0, 0, 0);
        cairo_move_to(c->cr, x, bottom);
        cairo_line_to(c->cr, x, bottom + 9);
        cairo_stroke(c->cr);
        if (x - width / 2 < last + FONT / 2) continue; /* it would touch the label before */
        clsnn_canvas_text(c, x, bottom + 32, below, text);
        last = x + width / 2;
    }
    for (size_t k = 0; tick(&f->y, k, &value, text); k++) {
        const double y = y_px(f, value);
        cairo_set_source_rgb(c->cr, 0.86, 0.86, 0.86);
        cairo_move_to(c->cr, f->left, y);
        cairo_line_to(c->cr, right, y);
        cairo_stroke(c->cr);
        cairo_set_source_rgb(c->cr, 0, 0, 0);
        cairo_move_to(c->cr, f->left, y);
        cairo_line_to(c->cr, f->left - 9, y);
        cairo_stroke(c->cr);
        clsnn_canvas_text(c, f->left - 18, y, beside, text);
        widest = fmax(widest, clsnn_canvas_text_width(c, beside, text));
    }
    cairo_set_line_width(c->cr, 2);
    cairo_set_source_rgb(c->cr, 0, 0, 0);
    cairo_rectangle(c->cr, f->left, f->top, f->width, f->height);
    cairo_stroke(c->cr);
    snprintf(x_label, sizeof x_label, "%s%s", chart->x_label, f->x.log ? " (log)" : "");
    clsnn_canvas_text(c, f->left + f->width / 2, bottom + 84, below, x_label);
    clsnn_canvas_text(c, f->left - 18 - widest - 34, f->top + f->height / 2, up, chart->y_label);
}

static struct clsnn_look look_of(const struct clsnn_chart *chart, size_t k) {
    if (chart->looks) return chart->looks[k];
    return (struct clsnn_look){.colour = (int)k, .marker = (int)k, .dashed = k >= CLSNN_N_COLOURS};
}

static void use_colour(struct canvas *c, struct clsnn_look look) {
    const double *rgb = clsnn_colours[(size_t)look.colour % CLSNN_N_COLOURS];
    cairo_set_source_rgb(c->cr, rgb[0], rgb[1], rgb[2]);
}

static void draw_marker(struct canvas *c, struct clsnn_look look, double x, double y) {
    const double r = look.hollow ? 1.15 * MARKER : MARKER; /* half of the outline lies inside */
    const size_t shape = (size_t)look.marker % N_MARKERS;
    cairo_new_path(c->cr);
    if (markers[shape].n == 0) cairo_arc(c->cr, x, y, r, 0, 4 * acos(0.0));
    for (int k = 0; k < markers[shape].n; k++)
        cairo_line_to(c->cr, x + r * markers[shape].xy[k][0], y + r * markers[shape].xy[k][1]);
    cairo_close_path(c->cr);
    if (!look.hollow) {
        cairo_fill(c->cr);
        return;
    }
    cairo_set_source_rgb(c->cr, 1, 1, 1);
    cairo_fill_preserve(c->cr);
    use_colour(c, look);
    cairo_set_line_width(c->cr, 3);
    cairo_stroke(c->cr);
}

static void stroke_line(struct canvas *c, struct clsnn_look look) {
    static const double dashes[] = {14, 9};
    cairo_set_line_width(c->cr, look.hollow ? 2.5 : 3.5);
    if (look.dashed) cairo_set_dash(c->cr, dashes, 2, 0);
    cairo_stroke(c->cr);
    cairo_set_dash(c->cr, NULL, 0, 0);
}

static void draw_bar(struct canvas *c, const struct frame *f, double x, double y_lo, double y_hi) {
    const double from = y_px(f, y_lo), to = y_px(f, y_hi);
    cairo_save(c->cr);
    cairo_rectangle(c->cr, f->left, f->top, f->width, f->height);
    cairo_clip(c->cr);
    cairo_set_line_width(c->cr, 2.5);
    cairo_move_to(c->cr, x, from);
    cairo_line_to(c->cr, x, to);
    cairo_move_to(c->cr, x - CAP, from);
    cairo_line_to(c->cr, x + CAP, from);
    cairo_move_to(c->cr, x - CAP, to);
    cairo_line_to(c->cr, x + CAP, to);
    cairo_stroke(c->cr);
    cairo_restore(c->cr);
}

/* Draws a curve, shift px beside its place. */
static void draw_series(struct canvas *c, const struct frame *f, const struct clsnn_series *s,
                        struct clsnn_look look, bool points_only, double shift) {
    bool pen_down = false;
    use_colour(c, look);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < s->n && !points_only; i++) {
        const double y = y_px(f, s->y[i]);
        if (is_shown(s, i) && look.level) {
            cairo_move_to(c->cr, f->left, y);
            cairo_line_to(c->cr, f->left + f->width, y);
        } else if (is_shown(s, i) && pen_down) {
            cairo_line_to(c->cr, x_px(f, s->x[i]) + shift, y);
        } else if (is_shown(s, i)) {
            cairo_move_to(c->cr, x_px(f, s->x[i]) + shift, y);
        }
        pen_down = is_shown(s, i); /* a value that is not finite leaves a gap */
    }
    stroke_line(c, look);
    for (size_t i = 0; i < s->n && !look.level; i++) {
        if (!is_shown(s, i)) continue;
        const double x = x_px(f, s->x[i]) + shift, e = error_at(s, i);
        if (e > 0) draw_bar(c, f, x, s->y[i] - e, s->y[i] + e);
        /* More than 60 markers would melt into a band. */
        if (s->n <= 60 || points_only) draw_marker(c, look, x, y_px(f, s->y[i]));
    }
}

static bool has_bars(const struct clsnn_series *s) {
    for (size_t i = 0; i < s->n; i++)
        if (is_shown(s, i) && error_at(s, i) > 0) return true;
    return false;
}

/* Draws all curves. Those with error bars stand side by side, so that no bar hides another. */
static void draw_all(struct canvas *c, const struct frame *f, const struct clsnn_chart *chart,
                     const struct clsnn_series *series, size_t n_series) {
    double n_barred = 0, place = 0;
    for (size_t k = 0; k < n_series; k++) n_barred += has_bars(&series[k]);
    const double step = fmin(SHIFT, f->room * f->width / n_barred);
    for (size_t k = 0; k < n_series; k++) {
        const bool barred = has_bars(&series[k]);
        draw_series(c, f, &series[k], look_of(chart, k), chart->points_only,
                    barred ? (place - (n_barred - 1) / 2) * step : 0);
        place += barred;
    }
}

/* Draws the legend: a sample and the name of each series, in centred lines from y on. Returns the y below
 * them. Without drawing, it only measures. */
static double legend(struct canvas *c, const struct clsnn_chart *chart, const struct clsnn_series *series,
                     size_t n_series, double y, bool drawing) {
    const struct text_style style = {.size = FONT};
    const double sample = 64, gap = 48, room = WIDTH - 80;
    for (size_t first = 0, end; first < n_series; first = end) {
        double width = 0;
        for (end = first; end < n_series; end++) {
            const char *name = series[end].name ? series[end].name : "";
            const double more =
                sample + 14 + clsnn_canvas_text_width(c, style, name) + (end > first ? gap : 0);
            if (end > first && width + more > room) break;
            width += more;
        }
        double x = (WIDTH - width) / 2;
        for (size_t k = first; drawing && k < end; k++) {
            const char *name = series[k].name ? series[k].name : "";
            const struct clsnn_look look = look_of(chart, k);
            use_colour(c, look);
            cairo_move_to(c->cr, x, y);
            if (!chart->points_only) cairo_line_to(c->cr, x + sample, y);
            stroke_line(c, look);
            if (!look.level) draw_marker(c, look, x + sample / 2, y);
            clsnn_canvas_text(c, x + sample + 14, y, style, name);
            x += sample + 14 + clsnn_canvas_text_width(c, style, name) + gap;
        }
        y += 1.6 * FONT;
    }
    return y;
}

enum clsnn_status clsnn_curves_draw(const char *path, const struct clsnn_chart *chart,
                                    const struct clsnn_series *series, size_t n_series) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    struct frame f = {.left = 0};
    const struct text_style head = {.size = 1.25 * FONT, .align = 0.5, .bold = true, .room = WIDTH - 60};
    const struct text_style note = {.size = FONT, .align = 0.5, .room = WIDTH - 60};
    const struct text_style beside = {.size = FONT, .align = 1};
    bool empty = false;
    double value, widest = 0;
    char text[32];
    TRY(make_axes(path, chart, series, n_series, &f, &empty));
    TRY(clsnn_canvas_init(&c, path, WIDTH, HEIGHT));
    for (size_t k = 0; tick(&f.y, k, &value, text); k++)
        widest = fmax(widest, clsnn_canvas_text_width(&c, beside, text));
    /* A single curve without a name needs no legend. */
    const size_t n_legend = n_series > 1 || (n_series && series[0].name && series[0].name[0]) ? n_series : 0;
    const double legend_top = chart->note ? 156 : 110;
    f.left = 90 + widest;
    f.width = WIDTH - 50 - f.left;
    f.top = legend(&c, chart, series, n_legend, legend_top, false) - (n_legend ? 12 : 16);
    f.height = HEIGHT - 120 - f.top;
    if (f.height < 300) {
        st =
            clsnn_fail(CLSNN_E_FAILED, "%s: %zu curves: their legend leaves no room for the plot: draw fewer",
                       path, n_series);
        goto fail;
    }
    clsnn_canvas_text(&c, WIDTH / 2.0, 48, head, chart->title);
    if (chart->note) clsnn_canvas_text(&c, WIDTH / 2.0, 100, note, chart->note);
    legend(&c, chart, series, n_legend, legend_top, true);
    draw_axes(&c, &f, chart);
    draw_all(&c, &f, chart, series, n_series);
    if (empty)
        clsnn_canvas_text(&c, f.left + f.width / 2, f.top + f.height / 2,
                          (struct text_style){.size = 1.25 * FONT, .align = 0.5, .grey = 0.4}, "no data yet");
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
