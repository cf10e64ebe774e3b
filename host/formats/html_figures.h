/* Figures inside an HTML page, as SVG: sharp at every size, in the page's colours, without scripts. */
#ifndef CLSNN_HTML_FIGURES_H
#define CLSNN_HTML_FIGURES_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/status.h"
#include "formats/curves.h"

/* The captions of a tile. */
struct clsnn_tile_text {
    char left[16], right[16]; /* in its upper corners; "": none */
    char hover[64];           /* shown under the pointer */
};

/* Images of one size, side by side in rows. */
struct clsnn_tiles {
    const char *alt;
    size_t n;
    int columns;
    int width, height; /* of a tile, in pixels */
    /* Fills row, [width] of 0x00RRGGBB, with row y of tile k. */
    void (*pixels)(const void *ctx, size_t k, int y, uint32_t *row);
    void (*text)(const void *ctx, size_t k, struct clsnn_tile_text *out); /* NULL: no captions */
    const void *ctx;
};

/* Writes tiles as one picture inside the page, with captions over it. Errors: CLSNN_E_MEMORY; CLSNN_E_FAILED
 * libpng failed. */
enum clsnn_status clsnn_html_tiles(FILE *page, const struct clsnn_tiles *tiles);

/* Writes curves [n_series] over x values, whole or from 0 on, with percent on the y axis. Series with hollow
 * looks are drawn without a line. Error bars end at 0 and 100. looks: [n_series]. */
void clsnn_html_curves(FILE *page, const char *alt, const char *x_label, const struct clsnn_series *series,
                       const struct clsnn_look *looks, size_t n_series);

#endif
