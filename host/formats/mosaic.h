/* Weights as mosaics of tiles, a tile a neuron. Each call makes one PNG file, atomically. */
#ifndef CLSNN_MOSAIC_H
#define CLSNN_MOSAIC_H

#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

/* The weights of every excitatory neuron as a mosaic of 28x28 tiles (Figure 4 of Kim & Kim (2020)): white 0, yellow, red,
 * black w_max, with a colour bar. Any n_post: ceil(sqrt) columns, empty places light grey. Tiles are drawn pixel-exact,
 * w [784][stride] f32 (column j is neuron j); scale 0 picks tile pixels so that the picture stays under ~4000 px. */
enum clsnn_status clsnn_mosaic_weights(const char *path, const float *w, size_t stride, uint32_t n_post,
                                       float w_max);

/* Mosaics of networks of one size side by side, two in a row, each under its name, with one colour bar. */
struct clsnn_panel {
    const char *name;
    const float *w; /* [784][n_post] */
};
enum clsnn_status clsnn_mosaic_panels(const char *path, const char *title, const struct clsnn_panel *panels,
                                      size_t n_panels, uint32_t n_post, float w_max);

/* White 0, yellow 1/3, red 2/3, black 1; clamped; NaN is blue. 0x00RRGGBB. */
uint32_t clsnn_weight_colour(double share);

/* Where the mosaic of n_post tiles lies in its picture: tile (row, column) begins at x0 + column * pitch,
 * y0 + row * pitch, and each weight is scale x scale pixels. */
struct mosaic {
    int columns, rows, scale, pitch;
    int x0, y0, width, height; /* of the mosaic with its frame inside the picture */
    int font, picture_width, picture_height;
};
void clsnn_mosaic_layout(uint32_t n_post, struct mosaic *out);

#endif
