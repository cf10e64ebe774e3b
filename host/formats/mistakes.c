/* Wrongly answered images: dark ink on white, each pixel a square, with label, answer and number below. */
#include "formats/mistakes.h"

#include <stdio.h>

#include "base/fail.h"
#include "formats/canvas.h"

enum { COLUMNS = 10, SIDE = 112, GAP = 16, CAPTION = 58, TOP = 110, FONT = 24 };

static uint32_t ink_colour(const void *ctx, int at) {
    return (255u - ((const uint8_t *)ctx)[at]) * 0x010101u;
}

enum clsnn_status clsnn_mistakes_draw(const char *path, const char *title, const struct clsnn_mistake *list,
                                      size_t n, int width, int height) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    if (n > CLSNN_MOST_MISTAKES)
        return clsnn_fail(CLSNN_E_FAILED, "%s: %zu images: must be at most %d", path, n, CLSNN_MOST_MISTAKES);
    const int rows = ((int)n + COLUMNS - 1) / COLUMNS, full = GAP + COLUMNS * (SIDE + GAP);
    TRY(clsnn_canvas_init(&c, path, full, TOP + rows * (SIDE + CAPTION + GAP)));
    clsnn_canvas_text(&c, GAP, 36, (struct text_style){.size = 28, .bold = true, .room = full - 2 * GAP},
                      title);
    clsnn_canvas_text(
        &c, GAP, 74, (struct text_style){.size = FONT, .room = full - 2 * GAP},
        "below each image: its label, the class that it was taken as, and its number in the set");
    for (size_t k = 0; k < n; k++) {
        const int x = GAP + (int)k % COLUMNS * (SIDE + GAP),
                  y = TOP + (int)k / COLUMNS * (SIDE + CAPTION + GAP);
        char text[32];
        clsnn_canvas_tile(&c, x, y, SIDE, width, height, ink_colour, list[k].pixels);
        snprintf(text, sizeof text, "%d as %d", list[k].label, list[k].answer);
        clsnn_canvas_text(&c, x + SIDE / 2.0, y + SIDE + 17,
                          (struct text_style){.size = FONT, .align = 0.5, .room = SIDE}, text);
        snprintf(text, sizeof text, "image %u", list[k].image);
        clsnn_canvas_text(&c, x + SIDE / 2.0, y + SIDE + 43,
                          (struct text_style){.size = 18, .align = 0.5, .grey = 0.35, .room = SIDE}, text);
    }
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
