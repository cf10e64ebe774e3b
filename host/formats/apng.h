/* Moving pictures: PNG files with several frames of one palette, which browsers and viewers show in turn.
 * Programs that know no such files show the first frame. */
#ifndef CLSNN_APNG_H
#define CLSNN_APNG_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/status.h"

struct clsnn_apng {
    FILE *to; /* borrowed */
    int width, height;
    uint32_t sequence; /* number of the next chunk of the animation */
    uint32_t n_written;
};

/* Begins a picture of n_frames frames.
 * palette  [n_colours] of 0x00RRGGBB; at most 256 */
void clsnn_apng_begin(struct clsnn_apng *a, FILE *to, int width, int height, const uint32_t *palette,
                      int n_colours, uint32_t n_frames);
/* Adds a frame, which stays for milliseconds. pixels: [height][width] indices into the palette.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_apng_frame(struct clsnn_apng *a, const uint8_t *pixels, uint32_t milliseconds);
void clsnn_apng_end(struct clsnn_apng *a);

#endif
