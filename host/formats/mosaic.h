/* Weights as mosaics with a tile for each neuron. Each call writes one PNG file, atomically. */
#ifndef CLSNN_MOSAIC_H
#define CLSNN_MOSAIC_H

#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

/* The weights of a picture. */
struct clsnn_mosaic {
    const float *w; /* [height * width][stride]; column j is neuron j */
    size_t stride;
    uint32_t n_post;
    float w_max;
    int width, height;     /* of the images, in pixels; 1 to 64 */
    const int32_t *labels; /* [n_post] -1: none; NULL: tiles have no captions */
    const uint32_t *order; /* [n_post] the neuron of each place; NULL: by number */
};
/* Draws the weights of every excitatory neuron as tiles of height x width weights, as Figure 4 of Kim & Kim
 * (2020). Colours go from white (0) over yellow and red to black (w_max); a colour bar shows them. The
 * mosaic has ceil(sqrt(n_post)) columns; empty places are light grey. With labels a large tile has its
 * neuron's label and number; beside rows of small ones stands the label, or without order the number, of the
 * first. Where the label changes in an order, the line before the tile is black.
 * Errors: CLSNN_E_FAILED n_post is not 1 to 16384, stride < n_post, w_max is not above 0, or cairo or libpng
 * failed; CLSNN_E_MEMORY; CLSNN_E_IO. */
enum clsnn_status clsnn_mosaic_weights(const char *path, const char *title, const struct clsnn_mosaic *m);

/* One of several mosaics in a picture, and its name. */
struct clsnn_panel {
    const char *name;
    const float *w; /* [height * width][n_post] */
};
/* Draws 1 to 16 mosaics of networks of one size, two in a row, each under its name, with one colour bar.
 * Errors: as of clsnn_mosaic_weights. */
enum clsnn_status clsnn_mosaic_panels(const char *path, const char *title, const struct clsnn_panel *panels,
                                      size_t n_panels, uint32_t n_post, float w_max, int width, int height);

/* Steps of the colours from 0 to w_max. More would not be seen, and would make pictures larger. */
#define CLSNN_WEIGHT_STEPS 48
/* Returns the colour 0x00RRGGBB of a weight's share of w_max, in whole steps: white 0, yellow 1/3, red 2/3,
 * black 1. Shares outside are clamped; NaN is blue. */
uint32_t clsnn_weight_colour(double share);

/* The layout of a mosaic in its picture. Tile (row, column) begins at x0 + column * pitch, y0 + row * pitch.
 * Each weight is scale x scale pixels. All in px. */
struct mosaic {
    int columns, rows, scale, pitch;
    int image_width, image_height;
    int x0, y0, width, height; /* x0, y0: the first tile; width, height: the mosaic with its frame */
    int font, picture_width, picture_height;
};
/* Computes the layout for n_post tiles; the picture of 28 x 28 weights stays under 4200 px. */
void clsnn_mosaic_layout(uint32_t n_post, int width, int height, struct mosaic *out);

#endif
