/* What the pictures share: a canvas (cairo surface with text that cannot fail), ticks, and the way to a PNG
 * file. */
#ifndef CLSNN_CANVAS_H
#define CLSNN_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cairo.h>

#include "clsnn/status.h"

struct canvas {
    cairo_surface_t *surface; /* owned; RGB24, white at first */
    cairo_t *cr;              /* owned; for everything but text */
    int width, height;
    bool out_of_memory; /* a text could not be drawn for want of memory */
};

/* label names the file in messages. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_canvas_init(struct canvas *c, const char *label, int width, int height);
/* Encodes the canvas and writes it to path. Errors: CLSNN_E_MEMORY, CLSNN_E_IO, CLSNN_E_FAILED cairo or
 * libpng. */
enum clsnn_status clsnn_canvas_write(struct canvas *c, const char *path);
void clsnn_canvas_finish(struct canvas *c);

/* Draws text with its anchor at x, y. align: 0 left, 0.5 centre, 1 right of the text is the anchor;
 * vertically it is the middle of a digit. Reads upwards where vertical. Without any font installed nothing is
 * drawn. */
struct text_style {
    double size, align, grey; /* px; 0..1; 0 black, 1 white */
    bool bold, vertical;
};
void clsnn_canvas_text(struct canvas *c, double x, double y, struct text_style style, const char *text);
/* Its width in px; an estimate where it cannot be drawn. */
double clsnn_canvas_text_width(struct canvas *c, struct text_style style, const char *text);

/* The step 1, 2 or 5 times a power of ten that cuts range (> 0) into at most n_max pieces. */
double clsnn_tick_step(double range, int n_max);
/* A tick's label, with the decimals that its step needs. */
void clsnn_tick_text(double value, double step, char text[32]);

/* Packs width x height pixels 0x00RRGGBB, rows of stride_bytes, into a PNG. *out_data is malloc'ed. */
enum clsnn_status clsnn_png_encode(const char *label, const unsigned char *pixels, int width, int height,
                                   int stride_bytes, unsigned char **out_data, size_t *out_bytes);

#endif
