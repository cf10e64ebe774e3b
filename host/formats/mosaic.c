/* The two pictures made of squares: the mosaic of weights (the seed paper's Figure 4) and the confusion
 * matrix. Tiles are set pixel by pixel, so that a weight is an exact square of its colour and can be read
 * back. */
#include "formats/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/canvas.h"

#define SIDE         28 /* of an input image, in pixels */
#define MAX_POST     16384
#define MAX_PANELS   16
#define EMPTY_COLOUR 0x00e4e4e4u /* places without a neuron */
#define LINE_COLOUR  0x00b4b4b4u /* between tiles: seen on white and on black */

uint32_t clsnn_weight_colour(double share) {
    if (isnan(share)) return 0x000000ffu;
    const double t = share <= 0 ? 0 : share >= 1 ? 3 : 3 * share;
    const double blue = t < 1 ? 1 - t : 0, green = t < 1 ? 1 : t < 2 ? 2 - t : 0, red = t < 2 ? 1 : 3 - t;
    return (uint32_t)lround(255 * red) << 16 | (uint32_t)lround(255 * green) << 8 |
           (uint32_t)lround(255 * blue);
}

/* ---- weights ---- */

void clsnn_mosaic_layout(uint32_t n_post, struct mosaic *m) {
    m->columns = 1;
    while ((uint32_t)m->columns * (uint32_t)m->columns < n_post) m->columns++;
    m->rows = (int)((n_post + (uint32_t)m->columns - 1) / (uint32_t)m->columns);
    /* Few tiles are drawn large; 128 columns of one pixel a weight still stay under 4000 pixels. */
    m->scale = m->columns > 20 ? 1 : m->columns > 10 ? 2 : 900 / (SIDE * m->columns);
    if (m->scale > 16) m->scale = 16;
    m->pitch = SIDE * m->scale + 1;
    m->width = m->columns * m->pitch + 1;
    m->height = m->rows * m->pitch + 1;
    m->font = m->width / 45;
    if (m->font < 20) m->font = 20;
    if (m->font > 40) m->font = 40;
    m->x0 = m->font + 1; /* of the first tile: the frame's line lies before it */
    m->y0 = 3 * m->font + 1;
    m->picture_width = m->x0 - 1 + m->width + 8 * m->font;
    m->picture_height = m->y0 - 1 + m->height + m->font;
}

static void fill_pixels(unsigned char *pixels, size_t stride, int x, int y, int width, int height,
                        uint32_t colour) {
    for (int j = y; j < y + height; j++)
        for (int i = x; i < x + width; i++) memcpy(pixels + (size_t)j * stride + 4 * (size_t)i, &colour, 4);
}

static void draw_tiles(struct canvas *c, const struct mosaic *m, const float *w, size_t w_stride,
                       uint32_t n_post, float w_max) {
    cairo_surface_flush(c->surface);
    unsigned char *pixels = cairo_image_surface_get_data(c->surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
    fill_pixels(pixels, stride, m->x0 - 1, m->y0 - 1, m->width, m->height, LINE_COLOUR);
    for (int place = 0; place < m->columns * m->rows; place++) {
        const int x = m->x0 + place % m->columns * m->pitch, y = m->y0 + place / m->columns * m->pitch;
        const uint32_t j = (uint32_t)place;
        if (j >= n_post) {
            fill_pixels(pixels, stride, x, y, m->pitch - 1, m->pitch - 1, EMPTY_COLOUR);
            continue;
        }
        for (int i = 0; i < SIDE * SIDE; i++) {
            const double share = (double)w[(size_t)i * w_stride + j] / (double)w_max;
            fill_pixels(pixels, stride, x + i % SIDE * m->scale, y + i / SIDE * m->scale, m->scale, m->scale,
                        clsnn_weight_colour(share));
        }
    }
    cairo_surface_mark_dirty(c->surface);
}

/* The map from w = 0 (bottom) to w_max (top), one colour a row of pixels, with ticks. */
static void draw_colour_bar(struct canvas *c, const struct mosaic *m, double w_max) {
    const double f = m->font, line = f > 24 ? 2 : 1;
    const int x = m->x0 - 1 + m->width + m->font, width = m->font * 5 / 4, n = m->height;
    cairo_surface_flush(c->surface);
    unsigned char *pixels = cairo_image_surface_get_data(c->surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
    for (int k = 0; k < n; k++)
        fill_pixels(pixels, stride, x, m->y0 - 1 + k, width, 1,
                    clsnn_weight_colour((n - 1 - k) / (double)(n - 1)));
    cairo_surface_mark_dirty(c->surface);
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

static enum clsnn_status check_mosaic(const char *path, uint32_t n_post, size_t stride, float w_max) {
    if (n_post < 1 || n_post > MAX_POST || stride < n_post)
        return clsnn_fail(CLSNN_E_FAILED,
                          "%s: mosaic of %u neurons: must be 1 to %d, and stride (%zu) not less", path,
                          n_post, MAX_POST, stride);
    if (!(w_max > 0) || !isfinite(w_max))
        return clsnn_fail(CLSNN_E_FAILED, "%s: w_max = %g: must be finite and above 0", path, (double)w_max);
    return CLSNN_OK;
}

enum clsnn_status clsnn_figure_weights(const char *path, const float *w, size_t stride, uint32_t n_post,
                                       float w_max) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    struct mosaic m;
    char title[64];
    TRY(check_mosaic(path, n_post, stride, w_max));
    clsnn_mosaic_layout(n_post, &m);
    TRY(clsnn_canvas_init(&c, path, m.picture_width, m.picture_height));
    snprintf(title, sizeof title,
             n_post == 1 ? "Weights of %u excitatory neuron" : "Weights of %u excitatory neurons", n_post);
    clsnn_canvas_text(&c, m.x0 - 1, 1.6 * m.font, (struct text_style){.size = 1.15 * m.font, .bold = true},
                      title);
    draw_tiles(&c, &m, w, stride, n_post, w_max);
    draw_colour_bar(&c, &m, (double)w_max);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}

enum clsnn_status clsnn_figure_weight_panels(const char *path, const char *title,
                                             const struct clsnn_panel *panels, size_t n_panels,
                                             uint32_t n_post, float w_max) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    struct mosaic m;
    TRY(check_mosaic(path, n_post, n_post, w_max));
    if (n_panels < 1 || n_panels > MAX_PANELS)
        return clsnn_fail(CLSNN_E_FAILED, "%s: %zu mosaics: must be 1 to %d", path, n_panels, MAX_PANELS);
    clsnn_mosaic_layout(n_post, &m);
    if (m.scale > 1) m.scale = (m.scale + 1) / 2; /* two in a row */
    m.pitch = SIDE * m.scale + 1;
    m.width = m.columns * m.pitch + 1;
    m.height = m.rows * m.pitch + 1;
    const int columns = n_panels > 1 ? 2 : 1, n_all = (int)n_panels, rows = (n_all + columns - 1) / columns;
    m.font = (columns * m.width) / 45;
    if (m.font < 20) m.font = 20;
    if (m.font > 40) m.font = 40;
    const int gap = m.font, name = 2 * m.font, left = m.font, top = 3 * m.font;
    const int width = columns * m.width + (columns - 1) * gap, height = rows * (name + m.height);
    TRY(clsnn_canvas_init(&c, path, left + width + 8 * m.font, top + height + m.font));
    struct text_style head = {.size = 1.15 * m.font, .bold = true};
    const double room = left + width + 7 * m.font, title_width = clsnn_canvas_text_width(&c, head, title);
    if (title_width > room - left) head.size *= (room - left) / title_width;
    clsnn_canvas_text(&c, left, 1.6 * m.font, head, title);
    for (int k = 0; k < n_all; k++) {
        m.x0 = left + k % columns * (m.width + gap) + 1;
        m.y0 = top + k / columns * (name + m.height) + name + 1;
        clsnn_canvas_text(&c, m.x0 - 1 + m.width / 2.0, m.y0 - 1 - 0.8 * m.font,
                          (struct text_style){.size = m.font, .align = 0.5}, panels[k].name);
        draw_tiles(&c, &m, panels[k].w, n_post, n_post, w_max);
    }
    m.x0 = left + 1; /* the bar stands beside them all */
    m.y0 = top + name + 1;
    m.width = width;
    m.height = height - name;
    draw_colour_bar(&c, &m, (double)w_max);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}

/* ---- confusion ---- */

#define CELL   92
#define LEFT   150
#define TOP    210
#define RIGHT  170
#define BOTTOM 90
#define FONT   28.0

/* "97.5 %", or a dash where the class never came. */
static void percent_text(uint64_t part, uint64_t whole, char text[32]) {
    if (whole)
        snprintf(text, 32, "%.1f %%", 100.0 * (double)part / (double)whole);
    else
        snprintf(text, 32, "-");
}

static void draw_cell(struct canvas *c, double x, double y, uint32_t count, double share) {
    char text[32];
    /* White to a dark blue; the square root lets rare confusions be seen beside a full diagonal. */
    const double t = sqrt(share);
    cairo_rectangle(c->cr, x, y, CELL, CELL);
    cairo_set_source_rgb(c->cr, 1 - 0.97 * t, 1 - 0.81 * t, 1 - 0.58 * t);
    cairo_fill_preserve(c->cr);
    cairo_set_source_rgb(c->cr, 0.75, 0.75, 0.75);
    cairo_set_line_width(c->cr, 1);
    cairo_stroke(c->cr);
    snprintf(text, sizeof text, "%u", count);
    struct text_style style = {.size = FONT, .align = 0.5, .grey = t > 0.55 ? 1 : count ? 0 : 0.65};
    const double width = clsnn_canvas_text_width(c, style, text);
    if (width > CELL - 10) style.size *= (CELL - 10) / width;
    clsnn_canvas_text(c, x + CELL / 2.0, y + CELL / 2.0, style, text);
}

enum clsnn_status clsnn_figure_confusion(const char *path, const char *title, const uint32_t counts[10][10]) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    const struct text_style label = {.size = FONT, .align = 0.5}, share = {.size = FONT, .align = 1};
    char text[32];
    uint64_t n_right = 0, n_all = 0;
    TRY(clsnn_canvas_init(&c, path, LEFT + 10 * CELL + RIGHT, TOP + 10 * CELL + BOTTOM));
    for (int i = 0; i < 10; i++) {
        uint64_t n_row = 0;
        for (int j = 0; j < 10; j++) n_row += counts[i][j];
        const double y = TOP + i * CELL;
        for (int j = 0; j < 10; j++)
            draw_cell(&c, LEFT + j * CELL, y, counts[i][j], n_row ? counts[i][j] / (double)n_row : 0);
        n_right += counts[i][i];
        n_all += n_row;
        snprintf(text, sizeof text, "%d", i);
        clsnn_canvas_text(&c, LEFT - 30, y + CELL / 2.0, label, text);
        clsnn_canvas_text(&c, LEFT + (i + 0.5) * CELL, TOP - 30, label, text);
        percent_text(counts[i][i], n_row, text);
        clsnn_canvas_text(&c, LEFT + 10 * CELL + RIGHT - 24, y + CELL / 2.0, share, text);
    }
    cairo_rectangle(c.cr, LEFT, TOP, 10 * CELL, 10 * CELL);
    cairo_set_source_rgb(c.cr, 0, 0, 0);
    cairo_set_line_width(c.cr, 2);
    cairo_stroke(c.cr);
    struct text_style head = {.size = 1.2 * FONT, .align = 0.5, .bold = true};
    const double room = LEFT + 10 * CELL + RIGHT - 40, width = clsnn_canvas_text_width(&c, head, title);
    if (width > room) head.size *= room / width;
    clsnn_canvas_text(&c, (LEFT + 10 * CELL + RIGHT) / 2.0, 50, head, title);
    clsnn_canvas_text(&c, LEFT + 5 * CELL, TOP - 86, label, "predicted digit");
    clsnn_canvas_text(&c, 50, TOP + 5 * CELL,
                      (struct text_style){.size = FONT, .align = 0.5, .vertical = true}, "true digit");
    clsnn_canvas_text(&c, LEFT + 10 * CELL + RIGHT - 24, TOP - 30, share, "correct");
    clsnn_canvas_text(&c, LEFT + 10 * CELL - 10, TOP + 10 * CELL + 45, share, "all");
    percent_text(n_right, n_all, text);
    clsnn_canvas_text(&c, LEFT + 10 * CELL + RIGHT - 24, TOP + 10 * CELL + 45,
                      (struct text_style){.size = FONT, .align = 1, .bold = true}, text);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
