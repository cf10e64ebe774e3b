/* Draws a strip of weights, tile by tile. */
#include "formats/strip.h"

#include <stdio.h>

#include "base/fail.h"
#include "formats/canvas.h"
#include "formats/mosaic.h"

enum { SIDE = 84, GAP = 8, LEFT = 70, TOP = 130, EDGE = 24, FONT = 20 };

/* One neuron at one moment. */
struct tile {
    const float *w;
    size_t stride, neuron;
    double w_max;
};

static uint32_t colour(const void *ctx, int at) {
    const struct tile *t = ctx;
    return clsnn_weight_colour((double)t->w[(size_t)at * t->stride + t->neuron] / t->w_max);
}

enum clsnn_status clsnn_strip_draw(const char *path, const char *title,
                                   const struct clsnn_strip_column *columns, size_t n_columns,
                                   uint32_t n_post, const uint32_t *neurons, uint32_t n_rows, float w_max,
                                   int width, int height) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    char text[32];
    if (n_columns < 1 || n_columns > CLSNN_STRIP_COLUMNS)
        return clsnn_fail(CLSNN_E_FAILED, "%s: %zu moments: must be 1 to %d", path, n_columns,
                          CLSNN_STRIP_COLUMNS);
    const int pitch = SIDE + GAP, full = LEFT + (n_columns < 6 ? 6 : (int)n_columns) * pitch + EDGE;
    TRY(clsnn_canvas_init(&c, path, full, TOP + (int)n_rows * pitch + EDGE));
    clsnn_canvas_text(&c, EDGE, 40, (struct text_style){.size = 26, .bold = true, .room = full - 2 * EDGE},
                      title);
    clsnn_canvas_text(&c, EDGE, 76, (struct text_style){.size = FONT, .room = full - 2 * EDGE},
                      "columns: images trained; rows: neurons");
    for (size_t k = 0; k < n_columns; k++) {
        const int x = LEFT + (int)k * pitch;
        clsnn_canvas_text(&c, x + SIDE / 2.0, TOP - 18,
                          (struct text_style){.size = FONT, .align = 0.5, .room = SIDE + GAP - 2},
                          columns[k].name);
        for (uint32_t j = 0; j < n_rows; j++) {
            const struct tile tile = {columns[k].w, n_post, neurons[j], (double)w_max};
            clsnn_canvas_tile(&c, x, TOP + (int)j * pitch, SIDE, width, height, colour, &tile);
        }
    }
    for (uint32_t j = 0; j < n_rows; j++) {
        snprintf(text, sizeof text, "%u", neurons[j]);
        clsnn_canvas_text(&c, LEFT - 12, TOP + (int)j * pitch + SIDE / 2.0,
                          (struct text_style){.size = FONT, .align = 1, .room = LEFT - 16}, text);
    }
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
