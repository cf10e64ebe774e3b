/* Input spikes as evaluation and training draw them, for callers that show them to another network. */
#ifndef CLSNN_PLAIN_DRAW_H
#define CLSNN_PLAIN_DRAW_H

#include "plain/plain.h"

/* Draws the input spikes of one presentation with net->purpose.
 * pixels  [n_pre] the image
 * image   its number; image and show are words of the random counter
 * show    epoch | attempt << 20
 * out     [CLSNN_BUNDLES(n_pre)][CLSNN_MAX_ON], filled: bit i % CLSNN_BUNDLE of word [i / CLSNN_BUNDLE][t] is
 *         input i in step t */
void clsnn_plain_draw(struct clsnn_plain *net, const uint8_t *pixels, uint32_t intensity, uint32_t image,
                      uint32_t show, uint32_t *out);

#endif
