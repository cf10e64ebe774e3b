/* The input spikes of one presentation, by input. The encoder packs the inputs with ink. */
#include "plain/plain_draw.h"

#include <string.h>

#include "clsnn/abi.h"
#include "plain/plain_internal.h"

void clsnn_plain_draw(struct clsnn_plain *net, const uint8_t *pixels, uint32_t intensity, uint32_t image,
                      uint32_t show, uint32_t *out) {
    struct clsnn_plain_work s;
    memset(out, 0, (size_t)CLSNN_BUNDLES(net->n_pre) * CLSNN_MAX_ON * sizeof *out);
    clsnn_plain_encode_generic(net, &s, pixels, intensity, image, show);
    for (int a = 0; a < s.n_active; a++) {
        const uint32_t *from = net->spikes + a / CLSNN_BUNDLE * CLSNN_MAX_ON;
        uint32_t *to = out + s.active[a] / CLSNN_BUNDLE * CLSNN_MAX_ON;
        for (int t = 0; t < net->p.n_on; t++)
            to[t] |= (from[t] >> a % CLSNN_BUNDLE & 1u) << s.active[a] % CLSNN_BUNDLE;
    }
}
