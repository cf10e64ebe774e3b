/* Wrongly answered images: dark ink on white, each pixel a square, with "label as answer" below. */
#include "formats/mistakes.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "formats/canvas.h"

enum { COLUMNS = 10, SIDE = 112, GAP = 16, CAPTION = 34, TOP = 110, FONT = 24 };

/* Draws an image whose left upper corner is at x, y, each of its pixels as a square of scale x scale. */
static void draw_image(struct canvas *c, const uint8_t *image, int width, int height, int x, int y,
                       int scale) {
    cairo_surface_flush(c->surface);
    unsigned char *pixels = cairo_image_surface_get_data(c->surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
    for (int j = 0; j < height * scale; j++) {
        for (int i = 0; i < width * scale; i++) {
            const uint32_t grey = 255u - image[j / scale * width + i / scale], colour = grey * 0x010101u;
            memcpy(pixels + (size_t)(y + j) * stride + 4 * (size_t)(x + i), &colour, sizeof colour);
        }
    }
    cairo_surface_mark_dirty(c->surface);
    cairo_set_source_rgb(c->cr, 0.7, 0.7, 0.7);
    cairo_set_line_width(c->cr, 1);
    cairo_rectangle(c->cr, x - 0.5, y - 0.5, width * scale + 1, height * scale + 1);
    cairo_stroke(c->cr);
}

enum clsnn_status clsnn_mistakes_draw(const char *path, const char *title, const struct clsnn_mistake *list,
                                      size_t n, int width, int height) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    if (n > CLSNN_MOST_MISTAKES)
        return clsnn_fail(CLSNN_E_FAILED, "%s: %zu images: must be at most %d", path, n, CLSNN_MOST_MISTAKES);
    const int largest = width > height ? width : height, scale = largest < SIDE ? SIDE / largest : 1,
              rows = ((int)n + COLUMNS - 1) / COLUMNS, full = GAP + COLUMNS * (SIDE + GAP);
    TRY(clsnn_canvas_init(&c, path, full, TOP + rows * (SIDE + CAPTION + GAP)));
    clsnn_canvas_text(&c, GAP, 36, (struct text_style){.size = 28, .bold = true, .room = full - 2 * GAP},
                      title);
    clsnn_canvas_text(&c, GAP, 74, (struct text_style){.size = FONT, .room = full - 2 * GAP},
                      "below each image: its label, and the class that it was taken as");
    for (size_t k = 0; k < n; k++) {
        const int x = GAP + (int)k % COLUMNS * (SIDE + GAP),
                  y = TOP + (int)k / COLUMNS * (SIDE + CAPTION + GAP);
        char text[32];
        draw_image(&c, list[k].pixels, width, height, x + (SIDE - width * scale) / 2,
                   y + (SIDE - height * scale) / 2, scale);
        snprintf(text, sizeof text, "%d as %d", list[k].label, list[k].answer);
        clsnn_canvas_text(&c, x + SIDE / 2.0, y + SIDE + CAPTION / 2.0,
                          (struct text_style){.size = FONT, .align = 0.5, .room = SIDE}, text);
    }
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
