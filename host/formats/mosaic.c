/* Mosaics of weights: Figure 4 of Kim & Kim (2020). Tiles are drawn pixel by pixel, so each weight is an
 * exact square of its colour and can be read back. */
#include "formats/mosaic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "formats/canvas.h"

#define MAX_PANELS   16
#define SMALL_TILE   40          /* px; captions inside smaller tiles cannot be read */
#define MAX_SIDE     64          /* pixels of an image's side */
#define EMPTY_COLOUR 0x00e4e4e4u /* of places without a neuron */
#define LINE_COLOUR  0x00b4b4b4u /* of lines between tiles: visible beside white and black */

uint32_t clsnn_weight_colour(double share) {
    if (isnan(share)) return 0x000000ffu;
    const double t = share <= 0   ? 0
                     : share >= 1 ? 3
                                  : round(CLSNN_WEIGHT_STEPS * share) * 3 / CLSNN_WEIGHT_STEPS;
    const double blue = t < 1 ? 1 - t : 0, green = t < 1 ? 1 : t < 2 ? 2 - t : 0, red = t < 2 ? 1 : 3 - t;
    return (uint32_t)lround(255 * red) << 16 | (uint32_t)lround(255 * green) << 8 |
           (uint32_t)lround(255 * blue);
}

/* Returns the pixels of a tile's side at scale 1. */
static int side_of(const struct mosaic *m) {
    return m->image_width > m->image_height ? m->image_width : m->image_height;
}

void clsnn_mosaic_layout(uint32_t n_post, int width, int height, struct mosaic *m) {
    m->image_width = width;
    m->image_height = height;
    const int side = side_of(m);
    m->columns = 1;
    while ((uint32_t)m->columns * (uint32_t)m->columns < n_post) m->columns++;
    m->rows = (int)((n_post + (uint32_t)m->columns - 1) / (uint32_t)m->columns);
    /* Few tiles are drawn large. 128 columns, at one pixel a weight, stay under 4000 pixels. */
    m->scale = m->columns > 20 ? 28 / side : m->columns > 10 ? 56 / side : 900 / (side * m->columns);
    const int most = side < 28 ? 16 * 28 / side : 16;
    if (m->scale > most) m->scale = most;
    if (m->scale < 1) m->scale = 1;
    m->pitch = side * m->scale + 1;
    m->width = m->columns * m->pitch + 1;
    m->height = m->rows * m->pitch + 1;
    m->font = m->width / 45;
    if (m->font < 20) m->font = 20;
    if (m->font > 40) m->font = 40;
    /* x of the first tile, after the frame's line; rows of small tiles have captions beside them */
    m->x0 = (m->scale * side < SMALL_TILE ? 7 * m->font / 2 : m->font) + 1;
    m->y0 = 3 * m->font + 1;
    m->picture_width = m->x0 - 1 + m->width + 8 * m->font;
    m->picture_height = m->y0 - 1 + m->height + m->font;
}

/* Fills a rectangle of an image whose rows are `wide` pixels. */
static void fill_pixels(uint32_t *pixels, int wide, int x, int y, int width, int height, uint32_t colour) {
    for (int j = y; j < y + height; j++)
        for (int i = x; i < x + width; i++) pixels[(size_t)j * (size_t)wide + (size_t)i] = colour;
}

static uint32_t neuron_at(const struct clsnn_mosaic *of, uint32_t place) {
    return of->order ? of->order[place] : place;
}

/* Returns whether the neuron at a place of an order has another label than the one before it. */
static bool begins_label(const struct clsnn_mosaic *of, uint32_t place) {
    return of->order && of->labels && place > 0 &&
           of->labels[of->order[place]] != of->labels[of->order[place - 1]];
}

static void draw_tiles(struct canvas *c, const struct mosaic *m, const struct clsnn_mosaic *of) {
    const int n_pixels = m->image_width * m->image_height;
    uint32_t *pixels = malloc((size_t)m->width * (size_t)m->height * sizeof *pixels),
             colours[CLSNN_WEIGHT_STEPS + 1];
    if (!pixels) {
        c->out_of_memory = true;
        return;
    }
    for (int k = 0; k <= CLSNN_WEIGHT_STEPS; k++)
        colours[k] = clsnn_weight_colour((double)k / CLSNN_WEIGHT_STEPS);
    fill_pixels(pixels, m->width, 0, 0, m->width, m->height, LINE_COLOUR);
    for (int place = 0; place < m->columns * m->rows; place++) {
        const int x = 1 + place % m->columns * m->pitch, y = 1 + place / m->columns * m->pitch;
        if ((uint32_t)place >= of->n_post || m->image_width != m->image_height)
            fill_pixels(pixels, m->width, x, y, m->pitch - 1, m->pitch - 1, EMPTY_COLOUR);
        if ((uint32_t)place < of->n_post && begins_label(of, (uint32_t)place))
            fill_pixels(pixels, m->width, x - 1, y - 1, 1, m->pitch + 1, 0);
    }
    for (int i = 0; i < n_pixels; i++) { /* along rows of w, for the cache */
        const int below = i / m->image_width * m->scale, right = i % m->image_width * m->scale;
        for (uint32_t place = 0; place < of->n_post; place++) {
            const double share =
                (double)of->w[(size_t)i * of->stride + neuron_at(of, place)] / (double)of->w_max;
            const uint32_t colour = share > 0 && share < 1 ? colours[(int)(CLSNN_WEIGHT_STEPS * share + 0.5)]
                                                           : clsnn_weight_colour(share);
            fill_pixels(pixels, m->width, 1 + (int)place % m->columns * m->pitch + right,
                        1 + (int)place / m->columns * m->pitch + below, m->scale, m->scale, colour);
        }
    }
    clsnn_canvas_image(c, m->x0 - 1, m->y0 - 1, 1, m->width, m->height, pixels);
    free(pixels);
}

/* Draws the colour bar from w = 0 (bottom) to w_max (top), one colour for each row of pixels, with ticks. */
static void draw_colour_bar(struct canvas *c, const struct mosaic *m, double w_max) {
    const double f = m->font, line = f > 24 ? 2 : 1;
    const int x = m->x0 - 1 + m->width + m->font, width = m->font * 5 / 4, n = m->height;
    uint32_t *pixels = malloc((size_t)width * (size_t)n * sizeof *pixels);
    if (!pixels) {
        c->out_of_memory = true;
        return;
    }
    for (int k = 0; k < n; k++)
        fill_pixels(pixels, width, 0, k, width, 1, clsnn_weight_colour((n - 1 - k) / (double)(n - 1)));
    clsnn_canvas_image(c, x, m->y0 - 1, 1, width, n, pixels);
    free(pixels);
    cairo_set_source_rgb(c->cr, 0, 0, 0);
    cairo_set_line_width(c->cr, line);
    cairo_rectangle(c->cr, x - line / 2, m->y0 - 1 - line / 2, width + line, n + line);
    cairo_stroke(c->cr);

    const struct text_style style = {.size = f * 0.9};
    const double step = clsnn_tick_step(w_max, n > 8 * m->font ? 6 : 4);
    double widest = 0;
    for (int k = 0; k * step <= w_max * (1 + 1e-9); k++) {
        char text[32];
        const double y = m->y0 - 1 + (n - 1) * (1 - k * step / w_max) + 0.5;
        cairo_move_to(c->cr, x + width, y);
        cairo_line_to(c->cr, x + width + f * 0.3, y);
        cairo_stroke(c->cr);
        clsnn_tick_text(k * step, step, text);
        clsnn_canvas_text(c, x + width + f * 0.5, y, style, text);
        widest = fmax(widest, clsnn_canvas_text_width(c, style, text));
    }
    clsnn_canvas_text(c, x + width + f * 1.5 + widest, m->y0 - 1 + n / 2.0,
                      (struct text_style){.size = f, .align = 0.5, .vertical = true}, "weight");
}

/* Writes labels and numbers into large tiles, else beside the rows of small ones. */
static void draw_captions(struct canvas *c, const struct mosaic *m, const struct clsnn_mosaic *of) {
    const int side = m->pitch - 1;
    char text[32];
    for (uint32_t place = 0; of->labels && place < of->n_post; place++) {
        const uint32_t j = neuron_at(of, place);
        const int column = (int)place % m->columns, x = m->x0 + column * m->pitch,
                  y = m->y0 + (int)place / m->columns * m->pitch;
        if (side < SMALL_TILE && column > 0) continue;
        if (of->labels[j] >= 0)
            snprintf(text, sizeof text, "%d", of->labels[j]);
        else
            snprintf(text, sizeof text, "-");
        if (side >= SMALL_TILE)
            clsnn_canvas_text(c, x + 2, y + side / 7.0, (struct text_style){.size = side / 4.0, .bold = true},
                              text);
        if (side >= SMALL_TILE || !of->order) snprintf(text, sizeof text, "%u", j);
        if (side >= SMALL_TILE)
            clsnn_canvas_text(c, x + side - 2, y + side / 9.0,
                              (struct text_style){.size = side / 6.0, .align = 1, .grey = 0.3}, text);
        else
            clsnn_canvas_text(c, x - m->font / 2.0, y + side / 2.0,
                              (struct text_style){.size = fmin(side, 0.9 * m->font), .align = 1}, text);
    }
}

static enum clsnn_status check_mosaic(const char *path, const struct clsnn_mosaic *m) {
    if (m->width < 1 || m->width > MAX_SIDE || m->height < 1 || m->height > MAX_SIDE)
        return clsnn_fail(CLSNN_E_FAILED, "%s: tiles of %d x %d weights: must be in [1, %d] x [1, %d]", path,
                          m->width, m->height, MAX_SIDE, MAX_SIDE);
    if (m->n_post < 1 || m->n_post > CLSNN_MAX_POST || m->stride < m->n_post)
        return clsnn_fail(CLSNN_E_FAILED,
                          "%s: mosaic of %u neurons: must be 1 to %d, and at most the stride %zu", path,
                          m->n_post, CLSNN_MAX_POST, m->stride);
    if (!(m->w_max > 0) || !isfinite(m->w_max))
        return clsnn_fail(CLSNN_E_FAILED, "%s: w_max = %g: must be finite and above 0", path,
                          (double)m->w_max);
    return CLSNN_OK;
}

static void draw_title(struct canvas *c, const struct mosaic *m, int width, const char *title) {
    const struct text_style head = {.size = 1.15 * m->font, .bold = true, .room = width - m->x0 - m->font};
    clsnn_canvas_text(c, m->x0 - 1, 1.6 * m->font, head, title);
}

enum clsnn_status clsnn_mosaic_weights(const char *path, const char *title, const struct clsnn_mosaic *of) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    struct mosaic m;
    TRY(check_mosaic(path, of));
    clsnn_mosaic_layout(of->n_post, of->width, of->height, &m);
    TRY(clsnn_canvas_init(&c, path, m.picture_width, m.picture_height));
    draw_title(&c, &m, m.picture_width, title);
    draw_tiles(&c, &m, of);
    draw_captions(&c, &m, of);
    draw_colour_bar(&c, &m, (double)of->w_max);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}

enum clsnn_status clsnn_mosaic_panels(const char *path, const char *title, const struct clsnn_panel *panels,
                                      size_t n_panels, uint32_t n_post, float w_max, int width, int height) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    struct mosaic m;
    struct clsnn_mosaic of = {
        .stride = n_post, .n_post = n_post, .w_max = w_max, .width = width, .height = height};
    TRY(check_mosaic(path, &of));
    if (n_panels < 1 || n_panels > MAX_PANELS)
        return clsnn_fail(CLSNN_E_FAILED, "%s: %zu mosaics: must be 1 to %d", path, n_panels, MAX_PANELS);
    clsnn_mosaic_layout(n_post, width, height, &m);
    if (m.scale > 1) m.scale = (m.scale + 1) / 2; /* half the scale, for two mosaics in a row */
    m.pitch = side_of(&m) * m.scale + 1;
    m.width = m.columns * m.pitch + 1;
    m.height = m.rows * m.pitch + 1;
    const int columns = n_panels > 1 ? 2 : 1, n_all = (int)n_panels, rows = (n_all + columns - 1) / columns;
    m.font = (columns * m.width) / 45;
    if (m.font < 20) m.font = 20;
    if (m.font > 40) m.font = 40;
    const int gap = m.font, name = 2 * m.font, left = m.font, top = 3 * m.font;
    const int full_width = columns * m.width + (columns - 1) * gap, full_height = rows * (name + m.height);
    TRY(clsnn_canvas_init(&c, path, left + full_width + 8 * m.font, top + full_height + m.font));
    draw_title(&c, &m, left + full_width + 8 * m.font, title);
    for (int k = 0; k < n_all; k++) {
        m.x0 = left + k % columns * (m.width + gap) + 1;
        m.y0 = top + k / columns * (name + m.height) + name + 1;
        clsnn_canvas_text(&c, m.x0 - 1 + m.width / 2.0, m.y0 - 1 - 0.8 * m.font,
                          (struct text_style){.size = m.font, .align = 0.5}, panels[k].name);
        of.w = panels[k].w;
        draw_tiles(&c, &m, &of);
    }
    m.x0 = left + 1; /* one bar beside all mosaics */
    m.y0 = top + name + 1;
    m.width = full_width;
    m.height = full_height - name;
    draw_colour_bar(&c, &m, (double)w_max);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
