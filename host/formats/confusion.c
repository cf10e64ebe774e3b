/* The picture of a confusion matrix: counts in cells, shaded by their share of the row. */
#include "formats/confusion.h"

#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "formats/canvas.h"

#define CELL   92
#define LEFT   150
#define TOP    210
#define RIGHT  170
#define BOTTOM 90
#define FONT   28.0

/* Prints part of whole as "97.5 %"; a dash if whole is 0, because the class has no image. */
static void percent_text(uint64_t part, uint64_t whole, char text[32]) {
    if (whole)
        snprintf(text, 32, "%.1f %%", 100.0 * (double)part / (double)whole);
    else
        snprintf(text, 32, "-");
}

static void draw_cell(struct canvas *c, double x, double y, uint32_t count, double share) {
    char text[32];
    /* The shade goes from white to dark blue. The square root makes rare confusions visible beside a full
     * diagonal. */
    const double t = sqrt(share);
    cairo_rectangle(c->cr, x, y, CELL, CELL);
    cairo_set_source_rgb(c->cr, 1 - 0.97 * t, 1 - 0.81 * t, 1 - 0.58 * t);
    cairo_fill_preserve(c->cr);
    cairo_set_source_rgb(c->cr, 0.75, 0.75, 0.75);
    cairo_set_line_width(c->cr, 1);
    cairo_stroke(c->cr);
    snprintf(text, sizeof text, "%u", count);
    const double grey = t > 0.55 ? 1 : count ? 0 : 0.65;
    const struct text_style style = {.size = FONT, .align = 0.5, .grey = grey, .room = CELL - 10};
    clsnn_canvas_text(c, x + CELL / 2.0, y + CELL / 2.0, style, text);
}

enum clsnn_status clsnn_confusion_draw(const char *path, const char *title, const uint32_t counts[10][10]) {
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
    const struct text_style head = {
        .size = 1.2 * FONT, .align = 0.5, .bold = true, .room = LEFT + 10 * CELL + RIGHT - 40};
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
