/* Rasters and traces over one time axis, from top to bottom: image and title, spikes of each layer, curves of
 * chosen neurons, and the weights that learning changed. */
#include "formats/raster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "formats/canvas.h"
#include "formats/mosaic.h"

enum {
    WIDTH = 1600,
    LEFT = 190,
    RIGHT = 40,
    PLOT = WIDTH - LEFT - RIGHT,
    IMAGE = 196,
    TOP = 250, /* of the first strip; image, title and notes are above */
    GAP = 34,
    DOTS_HEIGHT = 190,
    CURVES_HEIGHT = 130,
    AXIS = 90,
    TILE = 150,
    TILE_GAP = 24,
    FONT = 24
};

static double x_of(const struct clsnn_raster *r, size_t span, double step) {
    return LEFT + ((double)span * r->n_steps + step) / ((double)r->n_spans * r->n_steps) * PLOT;
}

/* Returns the span that holds a step of the data, or n_spans. */
static size_t span_of(const struct clsnn_raster *r, int32_t step) {
    size_t k = 0;
    while (k < r->n_spans && (step < r->spans[k].step || step >= r->spans[k].step + r->n_steps)) k++;
    return k;
}

static void use_neuron_colour(struct canvas *c, size_t k) {
    const double *rgb = clsnn_colours[k % CLSNN_N_COLOURS];
    cairo_set_source_rgb(c->cr, rgb[0], rgb[1], rgb[2]);
}

static size_t n_coloured(const struct clsnn_raster *r) {
    return r->n_neurons < CLSNN_RASTER_NEURONS ? r->n_neurons : CLSNN_RASTER_NEURONS;
}

static uint32_t ink_colour(const void *ctx, int at) {
    return (255u - ((const uint8_t *)ctx)[at]) * 0x010101u;
}

static void draw_head(struct canvas *c, const struct clsnn_raster *r) {
    const double x = IMAGE + 70, room = WIDTH - x - RIGHT;
    clsnn_canvas_tile(c, 30, 24, IMAGE, r->width, r->height, ink_colour, r->pixels);
    clsnn_canvas_text(c, x, 44, (struct text_style){.size = 32, .bold = true, .room = room}, r->title);
    for (size_t k = 0; k < r->n_notes; k++)
        clsnn_canvas_text(c, x, 92 + 38 * (double)k, (struct text_style){.size = FONT, .room = room},
                          r->notes[k]);
}

/* Shades one strip: failed presentations grey, the rest after input light. Draws its frame and name. */
static void draw_frame(struct canvas *c, const struct clsnn_raster *r, double y, double height,
                       const char *name) {
    for (size_t k = 0; k < r->n_spans; k++) {
        const double from = x_of(r, k, 0), on = x_of(r, k, r->spans[k].n_on), to = x_of(r, k, r->n_steps);
        if (r->spans[k].failed) {
            cairo_set_source_rgb(c->cr, 0.91, 0.91, 0.91);
            cairo_rectangle(c->cr, from, y, to - from, height);
            cairo_fill(c->cr);
        }
        cairo_set_source_rgb(c->cr, 0.55, 0.55, 0.55);
        cairo_set_line_width(c->cr, 1);
        if (on < to) {
            const double dashes[] = {4, 6};
            cairo_set_dash(c->cr, dashes, 2, 0);
            cairo_move_to(c->cr, on, y);
            cairo_line_to(c->cr, on, y + height);
            cairo_stroke(c->cr);
            cairo_set_dash(c->cr, NULL, 0, 0);
        }
        if (k > 0) {
            cairo_move_to(c->cr, from, y);
            cairo_line_to(c->cr, from, y + height);
            cairo_stroke(c->cr);
        }
    }
    cairo_set_source_rgb(c->cr, 0, 0, 0);
    cairo_set_line_width(c->cr, 1.5);
    cairo_rectangle(c->cr, LEFT, y, PLOT, height);
    cairo_stroke(c->cr);
    const struct text_style up = {.size = FONT, .align = 0.5, .vertical = true, .room = height + GAP - 10};
    clsnn_canvas_text(c, 46, y + height / 2, up, name);
}

static void draw_span_labels(struct canvas *c, const struct clsnn_raster *r, double y) {
    const double room = (double)PLOT / (double)r->n_spans - 12;
    for (size_t k = 0; k < r->n_spans; k++)
        clsnn_canvas_text(c, (x_of(r, k, 0) + x_of(r, k, r->n_steps)) / 2, y,
                          (struct text_style){.size = 20, .align = 0.5, .room = room}, r->spans[k].label);
}

static void y_tick(struct canvas *c, double y, double value, double step) {
    char text[32];
    clsnn_tick_text(value, step, text);
    cairo_set_source_rgb(c->cr, 0, 0, 0);
    cairo_set_line_width(c->cr, 1.5);
    cairo_move_to(c->cr, LEFT - 7, y);
    cairo_line_to(c->cr, LEFT, y);
    cairo_stroke(c->cr);
    clsnn_canvas_text(c, LEFT - 12, y, (struct text_style){.size = 20, .align = 1, .room = 90}, text);
}

static void draw_dots(struct canvas *c, const struct clsnn_raster *r, const struct clsnn_dots *d, double y) {
    const double row = (double)DOTS_HEIGHT / d->n_rows;
    /* A dot is large enough to be seen, larger where there are few. */
    const double least = d->n < 1000 ? 5 : 2.4, dot = fmax(least, fmin(row, 7)),
                 step = fmax(least, (double)PLOT / ((double)r->n_spans * r->n_steps));
    draw_frame(c, r, y, DOTS_HEIGHT, d->name);
    cairo_save(c->cr);
    cairo_rectangle(c->cr, LEFT, y, PLOT, DOTS_HEIGHT);
    cairo_clip(c->cr);
    for (size_t k = 0; k < d->n; k++) {
        const size_t span = span_of(r, d->step[k]);
        size_t chosen = 0;
        if (span == r->n_spans) continue;
        while (d->marks && chosen < n_coloured(r) && r->neurons[chosen] != d->row[k]) chosen++;
        const bool is_chosen = d->marks && chosen < n_coloured(r);
        const double grown = is_chosen ? 2.5 : 0;
        if (is_chosen)
            use_neuron_colour(c, chosen);
        else
            cairo_set_source_rgb(c->cr, 0.15, 0.15, 0.15);
        const double x = x_of(r, span, d->step[k] - r->spans[span].step);
        cairo_rectangle(c->cr, x - grown / 2, y + (d->row[k] + 0.5) * row - (dot + grown) / 2, step + grown,
                        dot + grown);
        cairo_fill(c->cr);
    }
    cairo_restore(c->cr);
    y_tick(c, y + row / 2, 0, 1);
    if (d->n_rows > 1) y_tick(c, y + DOTS_HEIGHT - row / 2, d->n_rows - 1, 1);
}

/* Widens *lo and *hi to hold what a strip shows. */
static void range_of(const struct clsnn_raster *r, const struct clsnn_curve_strip *s, double *lo,
                     double *hi) {
    for (size_t k = 0; k < r->n_spans; k++) {
        for (int32_t t = 0; t < r->n_steps; t++) {
            for (size_t j = 0; j < n_coloured(r); j++) {
                const size_t at = (size_t)(r->spans[k].step + t) * r->n_neurons + j;
                if (s->neuron >= 0 && (size_t)s->neuron != j) continue;
                *lo = fmin(*lo, (double)s->values[at]);
                *hi = fmax(*hi, (double)s->values[at]);
                if (s->threshold) *hi = fmax(*hi, (double)s->threshold[at] + s->offset);
            }
        }
    }
}

static void draw_curve(struct canvas *c, const struct clsnn_raster *r, const float *values, double offset,
                       size_t j, double y, double lo, double hi) {
    for (size_t k = 0; k < r->n_spans; k++) {
        for (int32_t t = 0; t < r->n_steps; t++) {
            const double v = (double)values[(size_t)(r->spans[k].step + t) * r->n_neurons + j] + offset;
            const double at = y + CURVES_HEIGHT * (1 - (v - lo) / (hi - lo));
            if (t == 0)
                cairo_move_to(c->cr, x_of(r, k, t + 1), at);
            else
                cairo_line_to(c->cr, x_of(r, k, t + 1), at);
        }
    }
    cairo_stroke(c->cr);
}

static void draw_strip(struct canvas *c, const struct clsnn_raster *r, const struct clsnn_curve_strip *s,
                       double y, double lo, double hi) {
    static const double dashes[] = {9, 6};
    const double step = clsnn_tick_step(hi - lo, 4);
    draw_frame(c, r, y, CURVES_HEIGHT, s->quantity);
    if (s->name) clsnn_canvas_text(c, LEFT + 4, y - 14, (struct text_style){.size = 20}, s->name);
    for (double tick = ceil(lo / step - 1e-9) * step; tick <= hi + 1e-9 * step; tick += step)
        y_tick(c, y + CURVES_HEIGHT * (1 - (tick - lo) / (hi - lo)), tick, step);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    for (size_t j = 0; j < n_coloured(r); j++) {
        if (s->neuron >= 0 && (size_t)s->neuron != j) continue;
        use_neuron_colour(c, j);
        cairo_set_line_width(c->cr, 2);
        draw_curve(c, r, s->values, 0, j, y, lo, hi);
        if (!s->threshold) continue;
        cairo_set_source_rgb(c->cr, 0.25, 0.25, 0.25);
        cairo_set_dash(c->cr, dashes, 2, 0);
        draw_curve(c, r, s->threshold, s->offset, j, y, lo, hi);
        cairo_set_dash(c->cr, NULL, 0, 0);
    }
}

/* Draws all strips of curves. Strips of one quantity share a range, so that neurons can be compared. Returns
 * the y below them. */
static double draw_strips(struct canvas *c, const struct clsnn_raster *r, double y) {
    for (size_t k = 0; k < r->n_strips; k++) {
        double lo = HUGE_VAL, hi = -HUGE_VAL;
        for (size_t other = 0; other < r->n_strips; other++)
            if (strcmp(r->strips[other].quantity, r->strips[k].quantity) == 0)
                range_of(r, &r->strips[other], &lo, &hi);
        const double pad = hi > lo ? 0.06 * (hi - lo) : 1;
        draw_strip(c, r, &r->strips[k], y, r->strips[k].neuron < 0 ? 0 : lo - pad, hi + pad);
        y += CURVES_HEIGHT + GAP;
    }
    return y;
}

static void draw_axis(struct canvas *c, const struct clsnn_raster *r, double y) {
    const double all = (double)r->n_spans * r->n_steps * r->dt_ms, step = clsnn_tick_step(all, 12);
    char text[32];
    for (double ms = 0; ms <= all * (1 + 1e-9); ms += step) {
        const double x = LEFT + ms / all * PLOT;
        clsnn_tick_text(ms, step, text);
        cairo_set_source_rgb(c->cr, 0, 0, 0);
        cairo_set_line_width(c->cr, 1.5);
        cairo_move_to(c->cr, x, y);
        cairo_line_to(c->cr, x, y + 8);
        cairo_stroke(c->cr);
        clsnn_canvas_text(c, x, y + 26, (struct text_style){.size = 20, .align = 0.5}, text);
    }
    clsnn_canvas_text(c, LEFT + PLOT / 2.0, y + 58, (struct text_style){.size = FONT, .align = 0.5},
                      "time (ms)");
}

/* One neuron's weights, or their changes as shares of the largest. */
struct tile {
    const float *before, *after;
    double scale;
};

static uint32_t weight_colour(const void *ctx, int at) {
    const struct tile *t = ctx;
    return clsnn_weight_colour((double)t->after[at] / t->scale);
}

/* White: no change; blue: weaker; red: stronger. */
static uint32_t change_colour(const void *ctx, int at) {
    const struct tile *t = ctx;
    const double share = fmax(-1, fmin(1, ((double)t->after[at] - (double)t->before[at]) / t->scale));
    const uint32_t rest = (uint32_t)lround(255 * (1 - fabs(share))), most = 255u - (255u - rest) / 4u;
    return share < 0 ? rest << 16 | rest << 8 | most : most << 16 | rest << 8 | rest;
}

static void draw_weights(struct canvas *c, const struct clsnn_raster *r, int y) {
    const size_t n_pixels = (size_t)r->width * (size_t)r->height;
    double most = 0;
    char text[96];
    for (size_t at = 0; at < n_coloured(r) * n_pixels; at++)
        most = fmax(most, fabs((double)r->w_after[at] - (double)r->w_before[at]));
    const struct text_style beside = {.size = FONT, .align = 1, .room = LEFT - 20};
    clsnn_canvas_text(c, LEFT - 12, y + 30 + TILE / 2.0, beside, "weights");
    clsnn_canvas_text(c, LEFT - 12, y + 30 + TILE * 1.5 + TILE_GAP, beside, "change");
    for (size_t j = 0; j < n_coloured(r); j++) {
        const int x = LEFT + (int)j * (TILE + TILE_GAP);
        const struct tile after = {r->w_before + j * n_pixels, r->w_after + j * n_pixels, r->w_max},
                          change = {after.before, after.after, most > 0 ? most : 1};
        snprintf(text, sizeof text, "neuron %d", r->neurons[j]);
        clsnn_canvas_text(c, x + TILE / 2.0, y + 10,
                          (struct text_style){.size = 20, .align = 0.5, .room = TILE}, text);
        clsnn_canvas_tile(c, x, y + 30, TILE, r->width, r->height, weight_colour, &after);
        clsnn_canvas_tile(c, x, y + 30 + TILE + TILE_GAP, TILE, r->width, r->height, change_colour, &change);
    }
    if (most > 0)
        snprintf(text, sizeof text, "red: stronger, blue: weaker; full colour: %.3g", most);
    else
        snprintf(text, sizeof text, "none of these weights has changed");
    clsnn_canvas_text(c, LEFT, y + 30 + 2 * TILE + TILE_GAP + 24, (struct text_style){.size = 20}, text);
}

enum clsnn_status clsnn_raster_draw(const char *path, const struct clsnn_raster *r) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    const int weights = r->w_after && r->n_neurons ? 2 * TILE + TILE_GAP + 90 : 0,
              height = TOP + (int)r->n_dots * (DOTS_HEIGHT + GAP) + (int)r->n_strips * (CURVES_HEIGHT + GAP) +
                       AXIS - GAP + weights;
    double y = TOP;
    TRY(clsnn_canvas_init(&c, path, WIDTH, height));
    draw_head(&c, r);
    draw_span_labels(&c, r, TOP - 16);
    for (size_t k = 0; k < r->n_dots; k++, y += DOTS_HEIGHT + GAP) draw_dots(&c, r, &r->dots[k], y);
    y = draw_strips(&c, r, y);
    draw_axis(&c, r, y - GAP);
    if (weights) draw_weights(&c, r, (int)y - GAP + AXIS);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
