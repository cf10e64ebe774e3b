/* The picture of wrongly answered images. */
#ifndef CLSNN_MISTAKES_H
#define CLSNN_MISTAKES_H

#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

#define CLSNN_MOST_MISTAKES 100 /* in one picture */

struct clsnn_mistake {
    const uint8_t *pixels; /* [height][width], 0 background, 255 ink; borrowed */
    uint32_t image;        /* its number in its set */
    int label, answer;
};

/* Draws n images, at most CLSNN_MOST_MISTAKES, ten in a row, each with its number, its label and the answer
 * below.
 * width, height  of each image in pixels
 * Errors: CLSNN_E_FAILED n is too large, or cairo or libpng failed; CLSNN_E_MEMORY; CLSNN_E_IO. */
enum clsnn_status clsnn_mistakes_draw(const char *path, const char *title, const struct clsnn_mistake *list,
                                      size_t n, int width, int height);

#endif
