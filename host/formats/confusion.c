/* The picture of a confusion matrix: counts in cells, shaded by their share of the row. */
#include "formats/confusion.h"

#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "formats/canvas.h"

#define LEFT   150
#define TOP    210
#define RIGHT  170
#define BOTTOM 90
#define FONT   28.0

enum { MOST_CLASSES = 256 };

/* Prints part of whole as "97.5 %"; a dash if whole is 0, because the class has no image. */
static void percent_text(uint64_t part, uint64_t whole, char text[32]) {
    if (whole)
        snprintf(text, 32, "%.1f %%", 100.0 * (double)part / (double)whole);
    else
        snprintf(text, 32, "-");
}

static void draw_cell(struct canvas *c, double x, double y, int side, uint32_t count, double share) {
    char text[32];
    /* The shade goes from white to dark blue. The square root makes rare confusions visible beside a full
     * diagonal. */
    const double t = sqrt(share);
    cairo_rectangle(c->cr, x, y, side, side);
    cairo_set_source_rgb(c->cr, 1 - 0.97 * t, 1 - 0.81 * t, 1 - 0.58 * t);
    cairo_fill_preserve(c->cr);
    cairo_set_source_rgb(c->cr, 0.75, 0.75, 0.75);
    cairo_set_line_width(c->cr, 1);
    if (side >= 16) cairo_stroke(c->cr);
    cairo_new_path(c->cr);
    if (side < 40) return; /* too small for a number */
    snprintf(text, sizeof text, "%u", count);
    const double grey = t > 0.55 ? 1 : count ? 0 : 0.65;
    const struct text_style style = {.size = FONT, .align = 0.5, .grey = grey, .room = side - 10};
    clsnn_canvas_text(c, x + side / 2.0, y + side / 2.0, style, text);
}

/* Returns whether a class has an image or a prediction. */
static bool is_met(const uint32_t *counts, uint32_t n_classes, uint32_t c) {
    for (uint32_t k = 0; k < n_classes; k++)
        if (counts[c * n_classes + k] || counts[k * n_classes + c]) return true;
    return false;
}

/* Lists the classes that the picture shows. Returns their number. */
static int list_classes(const uint32_t *counts, uint32_t n_classes, uint32_t list[MOST_CLASSES]) {
    uint32_t end = n_classes; /* matrices have 10 classes and more, also those of fewer */
    int n = 0;
    while (end > 0 && !is_met(counts, n_classes, end - 1)) end--;
    for (uint32_t c = 0; c < (end ? end : n_classes); c++)
        if (n_classes <= 10 || is_met(counts, n_classes, c)) list[n++] = c;
    return n;
}

enum clsnn_status clsnn_confusion_draw(const char *path, const char *title, const uint32_t *counts,
                                       uint32_t n_classes) {
    enum clsnn_status st = CLSNN_OK;
    struct canvas c = {.surface = NULL};
    uint32_t list[MOST_CLASSES];
    const int n = list_classes(counts, n_classes, list),
              side = n <= 10   ? 92
                     : n <= 30 ? 56
                               : 1680 / n,
              all = n * side > 560 ? n * side : 560, /* room for the title and the axes' names */
        every = side >= 24 ? 1 : (43 + side) / side; /* classes between two labels */
    const int right = LEFT + all + RIGHT;
    const struct text_style label = {.size = FONT, .align = 0.5}, share = {.size = FONT, .align = 1},
                            class = {.size = side < 56 ? 18 : FONT, .align = 0.5, .room = every * side - 4},
                            part = {.size = class.size, .align = 1};
    char text[32];
    uint64_t n_right = 0, n_all = 0;
    TRY(clsnn_canvas_init(&c, path, right, TOP + all + BOTTOM));
    for (int i = 0; i < n; i++) {
        const uint32_t *row = counts + (size_t)list[i] * n_classes;
        uint64_t n_row = 0;
        for (uint32_t j = 0; j < n_classes; j++) n_row += row[j];
        const double y = TOP + i * side;
        for (int j = 0; j < n; j++)
            draw_cell(&c, LEFT + j * side, y, side, row[list[j]], n_row ? row[list[j]] / (double)n_row : 0);
        n_right += row[list[i]];
        n_all += n_row;
        if (i % every) continue;
        snprintf(text, sizeof text, "%u", list[i]);
        clsnn_canvas_text(&c, LEFT - 30, y + side / 2.0, class, text);
        clsnn_canvas_text(&c, LEFT + (i + 0.5) * side, TOP - 30, class, text);
        if (every > 1) continue;
        percent_text(row[list[i]], n_row, text);
        clsnn_canvas_text(&c, right - 24, y + side / 2.0, part, text);
    }
    cairo_rectangle(c.cr, LEFT, TOP, n * side, n * side);
    cairo_set_source_rgb(c.cr, 0, 0, 0);
    cairo_set_line_width(c.cr, 2);
    cairo_stroke(c.cr);
    const struct text_style head = {.size = 1.2 * FONT, .align = 0.5, .bold = true, .room = right - 40};
    clsnn_canvas_text(&c, right / 2.0, 50, head, title);
    clsnn_canvas_text(&c, LEFT + n * side / 2.0, TOP - 86, label, "predicted class");
    clsnn_canvas_text(&c, 50, TOP + n * side / 2.0,
                      (struct text_style){.size = FONT, .align = 0.5, .vertical = true}, "true class");
    if (every == 1) clsnn_canvas_text(&c, right - 24, TOP - 30, share, "correct");
    clsnn_canvas_text(&c, right - RIGHT - 10, TOP + all + 45, share, "all");
    percent_text(n_right, n_all, text);
    clsnn_canvas_text(&c, right - 24, TOP + all + 45,
                      (struct text_style){.size = FONT, .align = 1, .bold = true}, text);
    TRY(clsnn_canvas_write(&c, path));
fail:
    clsnn_canvas_finish(&c);
    return st;
}
