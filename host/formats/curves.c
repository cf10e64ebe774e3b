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
#define MARKER    9.0 /* half of a marker's extent, px */
#define MAX_NAMED 10  /* most distinct x values of a logarithmic axis, which has a tick at each */

/* Okabe & Ito's colours, which colour-blind people can tell apart. Their yellow is missing: it is too pale
 * for lines. */
static const double colours[][3] = {
    {0.00, 0.45, 0.70}, {0.84, 0.37, 0.00}, {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
    {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}, {0.20, 0.20, 0.20},
};
#define N_COLOURS (sizeof colours / sizeof *colours)

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
        const double half = lo == 0 || whole ? 1 : 0.05 * fabs(lo);
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
static enum clsnn_status make_axes(const char *path, const char *y_label, const struct clsnn_series *series,
                                   size_t n_series, struct frame *f, bool *out_empty) {
    double x_lo = HUGE_VAL, x_hi = -HUGE_VAL, y_lo = HUGE_VAL, y_hi = -HUGE_VAL;
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
            widen(s->y[i] - error_at(s, i), &y_lo, &y_hi);
            widen(s->y[i] + error_at(s, i), &y_lo, &y_hi);
        }
    }
    *out_empty = n_all == 0;
    if (!n_all) x_lo = y_lo = 0, x_hi = y_hi = 1;
    /* Below 1e300, the difference of the ends is finite and a step does not vanish beside them. */
    const bool sane = fmax(fmax(fabs(x_lo), fabs(x_hi)), fmax(fabs(y_lo), fabs(y_hi))) < 1e300;
    if (sane) {
        bool whole = true;
        for (size_t i = 0; whole && i < n_all; i++) whole = all[i] == floor(all[i]);
        if (!log_axis(all, n_all, &f->x)) f->x = linear_axis(x_lo, x_hi, 10, false, whole);
        /* The y axis leaves room above and below the extreme points and ends at ticks. The room alone never
         * takes the axis below 0 or above 100 %. */
        const double margin = n_all ? 0.03 * (y_hi - y_lo) : 0;
        f->y = linear_axis(y_lo - margin, y_hi + margin, 8, true, false);
        if (y_lo >= 0 && f->y.lo < 0) f->y.lo = 0;
        if (y_hi <= 100 && f->y.hi > 100 && strchr(y_label, '%')) f->y.hi = 100;
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

static void draw_axes(struct canvas *c, const struct frame *f, const char *x_label, const char *y_label) {
    const struct text_style below = {.size = FONT, .align = 0.5}, beside = {.size = FONT, .align = 1};
    const struct text_style up = {.size = FONT, .align = 0.5, .vertical = true};
    const double bottom = f->top + f->height, right = f->left + f->width;
    double value, last = -HUGE_VAL, widest = 0;
    char text[32];
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
    clsnn_canvas_text(c, f->left + f->width / 2, bottom + 84, below, x_label);
    clsnn_canvas_text(c, f->left - 18 - widest - 34, f->top + f->height / 2, up, y_label);
}

static struct clsnn_look look_of(const struct clsnn_look *looks, size_t k) {
    if (looks) return looks[k];
    return (struct clsnn_look){
        .colour = (int)(k % N_COLOURS), .marker = (int)(k % 4), .dashed = k >= N_COLOURS};
}

static void use_colour(struct canvas *c, struct clsnn_look look) {
    const double *rgb = colours[(size_t)look.colour % N_COLOURS];
    cairo_set_source_rgb(c->cr, rgb[0], rgb[1], rgb[2]);
}

static void draw_marker(struct canvas *c, struct clsnn_look look, double x, double y) {
    const double r = look.hollow ? 1.15 * MARKER : MARKER; /* half of the outline lies inside */
    cairo_new_path(c->cr);
    switch (look.marker % 4) {
    case 0: cairo_arc(c->cr, x, y, r, 0, 4 * acos(0.0)); break;
    case 1: cairo_rectangle(c->cr, x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r); break;
    case 2:
        cairo_move_to(c->cr, x, y - 1.2 * r);
        cairo_line_to(c->cr, x + 1.1 * r, y + 0.8 * r);
        cairo_line_to(c->cr, x - 1.1 * r, y + 0.8 * r);
        cairo_close_path(c->cr);
        break;
    default:
        cairo_move_to(c->cr, x, y - 1.3 * r);
        cairo_line_to(c->cr, x + 1.3 * r, y);
        cairo_line_to(c->cr, x, y + 1.3 * r);
        cairo_line_to(c->cr, x - 1.3 * r, y);
        cairo_close_path(c->cr);
    }
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

static void draw_series(struct canvas *c, const struct frame *f, const struct clsnn_series *s,
                        struct clsnn_look look) {
    bool pen_down = false;
    use_colour(c, look);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < s->n; i++) {
        const bool shown = is_shown(s, i);
        if (shown && pen_down) cairo_line_to(c->cr, x_px(f, s->x[i]), y_px(f, s->y[i]));
        if (shown && !pen_down) cairo_move_to(c->cr, x_px(f, s->x[i]), y_px(f, s->y[i]));
        pen_down = shown; /* a value that is not finite leaves a gap */
    }
    stroke_line(c, look);
    for (size_t i = 0; i < s->n; i++) {
        if (!is_shown(s, i)) continue;
        const double x = x_px(f, s->x[i]), y = y_px(f, s->y[i]), e = error_at(s, i);
        if (e > 0) {
            const double y_lo = y_px(f, s->y[i] - e), y_hi = y_px(f, s->y[i] + e);
            cairo_set_line_width(c->cr, 2.5);
            cairo_move_to(c->cr, x, y_lo);
            cairo_line_to(c->cr, x, y_hi);
            cairo_move_to(c->cr, x - 11, y_lo);
            cairo_line_to(c->cr, x + 11, y_lo);
            cairo_move_to(c->cr, x - 11, y_hi);
            cairo_line_to(c->cr, x + 11, y_hi);
            cairo_stroke(c->cr);
        }
        /* More than 60 markers would melt into a band. */
        if (s->n <= 60) draw_marker(c, look, x, y);
    }
}

/* Draws the legend: a sample and the name of each series, in centred lines from y on. Returns the y below
 * them. Without drawing, it only measures. */
static double legend(struct canvas *c, const struct clsnn_series *series, const struct clsnn_look *looks,
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
            use_colour(c, look_of(looks, k));
            cairo_move_to(c->cr, x, y);
            cairo_line_to(c->cr, x + sample, y);
            stroke_line(c, look_of(looks, k));
            draw_marker(c, look_of(looks, k), x + sample / 2, y);
            clsnn_canvas_text(c, x + sample + 14, y, style, name);
            x += sample + 14 + clsnn_canvas_text_width(c, style, name) + gap;
        }
        y += 1.6 * FONT;
    }
    return y;
}

enum clsnn_status clsnn_curves_draw_as(const char *path, const char *title, const char *x_label,
                                       const char *y_label, const struct clsnn_series *series,
                                       const struct clsnn_look *looks, size_t n_series) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    struct frame f = {.left = 0};
    struct text_style head = {.size = 1.25 * FONT, .align = 0.5, .bold = true};
    const struct text_style beside = {.size = FONT, .align = 1};
    bool empty = false;
    double value, widest = 0;
    char text[32];
    TRY(make_axes(path, y_label, series, n_series, &f, &empty));
    TRY(clsnn_canvas_init(&c, path, WIDTH, HEIGHT));
    for (size_t k = 0; tick(&f.y, k, &value, text); k++)
        widest = fmax(widest, clsnn_canvas_text_width(&c, beside, text));
    /* A single curve without a name needs no legend. */
    const size_t n_legend = n_series > 1 || (n_series && series[0].name && series[0].name[0]) ? n_series : 0;
    const double legend_top = 110;
    f.left = 90 + widest;
    f.width = WIDTH - 50 - f.left;
    f.top = legend(&c, series, looks, n_legend, legend_top, false) - (n_legend ? 12 : 16);
    f.height = HEIGHT - 120 - f.top;
    if (f.height < 300) {
        st =
            clsnn_fail(CLSNN_E_FAILED, "%s: %zu curves: their legend leaves no room for the plot: draw fewer",
                       path, n_series);
        goto fail;
    }
    const double title_width = clsnn_canvas_text_width(&c, head, title);
    if (title_width > WIDTH - 60) head.size *= (WIDTH - 60) / title_width;
    clsnn_canvas_text(&c, WIDTH / 2.0, 48, head, title);
    legend(&c, series, looks, n_legend, legend_top, true);
    draw_axes(&c, &f, x_label, y_label);
    for (size_t k = 0; k < n_series; k++) draw_series(&c, &f, &series[k], look_of(looks, k));
    if (empty)
        clsnn_canvas_text(&c, f.left + f.width / 2, f.top + f.height / 2,
                          (struct text_style){.size = 1.25 * FONT, .align = 0.5, .grey = 0.4}, "no data yet");
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}

enum clsnn_status clsnn_curves_draw(const char *path, const char *title, const char *x_label,
                                    const char *y_label, const struct clsnn_series *series, size_t n_series) {
    return clsnn_curves_draw_as(path, title, x_label, y_label, series, NULL, n_series);
}
