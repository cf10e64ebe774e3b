/* What a network does in time: an image, rasters of spikes, and traces of neurons over one time axis. One
 * call writes one PNG file, atomically. */
#ifndef CLSNN_RASTER_H
#define CLSNN_RASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

/* A stretch of the time axis: one presentation. */
struct clsnn_span {
    int32_t step; /* its first step in the data, which may be in another order than the picture's */
    int32_t n_on; /* steps with input */
    char label[64];
    bool failed; /* drawn on grey: its spikes do not count */
};

/* Spikes of one layer. */
struct clsnn_dots {
    const char *name;
    const int32_t *step, *row; /* [n] steps rise */
    size_t n;
    int32_t n_rows;
    bool marks; /* rows of chosen neurons have the neurons' colours */
};

/* A strip of curves. Strips of one neuron share the range of their quantity; those of all begin at 0. */
struct clsnn_curve_strip {
    const char *quantity;   /* beside the axis */
    const char *name;       /* above the strip; NULL: nothing */
    const float *values;    /* [steps][n_neurons] */
    const float *threshold; /* the same, drawn dashed; NULL: none */
    double offset;          /* added to threshold */
    int32_t neuron;         /* the index of the one to draw; -1: all */
};

struct clsnn_raster {
    const char *title;
    const char *const *notes; /* [n_notes] lines below the title; at most 4 */
    size_t n_notes;
    const uint8_t *pixels; /* [height][width] the image */
    int width, height;
    const struct clsnn_span *spans; /* [n_spans] in the picture's order */
    size_t n_spans;
    int32_t n_steps; /* of a span */
    double dt_ms;
    const struct clsnn_dots *dots; /* [n_dots] */
    size_t n_dots;
    const struct clsnn_curve_strip *strips; /* [n_strips] */
    size_t n_strips;
    const int32_t *neurons; /* [n_neurons] the chosen neurons */
    size_t n_neurons;
    /* [n_neurons][height * width] weights before and after; NULL: no pictures of them */
    const float *w_before, *w_after;
    double w_max;
};

#define CLSNN_RASTER_NEURONS 7 /* most neurons that colours tell apart; others are left out */

/* Draws the picture. Errors: CLSNN_E_MEMORY; CLSNN_E_IO; CLSNN_E_FAILED cairo or libpng failed. */
enum clsnn_status clsnn_raster_draw(const char *path, const struct clsnn_raster *r);

#endif
