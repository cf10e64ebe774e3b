/* Drawing for every picture: a canvas (a cairo surface whose text never fails), ticks of axes, and files in
 * each format of --figures. */
#ifndef CLSNN_CANVAS_H
#define CLSNN_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cairo.h>

#include "clsnn/status.h"

/* A picture under way. The canvas must stay at its address. */
struct canvas {
    cairo_surface_t *surface; /* owned; white at first */
    cairo_t *cr;              /* owned; for everything but text and images */
    int width, height;
    bool out_of_memory; /* no memory to draw a text or image; clsnn_canvas_write then fails */
    /* Of svg and pdf: what cairo has written, owned. svg also has its texts, which cairo would turn into
     * outlines: they are written as texts, over all else. */
    FILE *to, *texts;
    char *data, *texts_data;
    size_t n_bytes, n_texts_bytes;
};

/* Okabe & Ito's colours, which colour-blind people can tell apart: red, green and blue, 0 to 1. Their yellow
 * is missing: it is too pale for lines. */
#define CLSNN_N_COLOURS 7
extern const double clsnn_colours[CLSNN_N_COLOURS][3];

/* Makes a white canvas of width x height pixels, for the format that path's ending names; any other ending is
 * that of a PNG. A pdf has 200 pixels an inch. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_canvas_init(struct canvas *c, const char *path, int width, int height);
/* Writes the canvas to path. Errors: CLSNN_E_MEMORY; CLSNN_E_IO; CLSNN_E_FAILED cairo or libpng failed. */
enum clsnn_status clsnn_canvas_write(struct canvas *c, const char *path);
void clsnn_canvas_finish(struct canvas *c); /* takes {0} */

/* The look of a text. align is the place of the anchor along the text: 0 its left end, 0.5 its centre, 1 its
 * right end. Across the text, the anchor is the middle of a digit. A vertical text reads upwards. */
struct text_style {
    double size, align, grey; /* size in px; align 0 to 1; grey 0 (black) to 1 (white) */
    double room;              /* px; a wider text is drawn smaller; 0: no limit */
    bool bold, vertical;
};
/* Draws text with its anchor at x, y. Draws nothing if no font is installed. */
void clsnn_canvas_text(struct canvas *c, double x, double y, struct text_style style, const char *text);
/* Returns the width of text in px; an estimate if it cannot be drawn. */
double clsnn_canvas_text_width(struct canvas *c, struct text_style style, const char *text);

/* Draws an image at x, y; each of its pixels is a square of scale px. svg and pdf keep the pixels.
 * pixels  [height][width] of 0x00RRGGBB, borrowed until the call returns */
void clsnn_canvas_image(struct canvas *c, int x, int y, int scale, int width, int height,
                        const uint32_t *pixels);
/* Draws an image of width x height pixels into the square of `side` px at x, y, in a grey frame. Its pixels
 * are as large as whole px allow. colour returns pixel `at`, row by row, as 0x00RRGGBB. */
void clsnn_canvas_tile(struct canvas *c, int x, int y, int side, int width, int height,
                       uint32_t (*colour)(const void *ctx, int at), const void *ctx);

/* Returns the smallest step, 1, 2 or 5 times a power of ten, that cuts range (> 0) into at most n_max
 * pieces. */
double clsnn_tick_step(double range, int n_max);
/* Prints the label of a tick, with the decimals that the step needs. */
void clsnn_tick_text(double value, double step, char text[32]);

/* Packs pixels into a PNG.
 * pixels    [height][width] of 0x00RRGGBB, rows stride_bytes apart
 * out_data  [*out_bytes], malloc'ed, the caller's
 * Errors: CLSNN_E_MEMORY; CLSNN_E_FAILED libpng failed. */
enum clsnn_status clsnn_png_encode(const char *label, const unsigned char *pixels, int width, int height,
                                   int stride_bytes, unsigned char **out_data, size_t *out_bytes);

#endif
