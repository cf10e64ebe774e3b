/* Shuffled orders of images. */
#include "experiment/order.h"

#include <Random123/philox.h>

#include "clsnn/abi.h"

/* Returns a uniform number in [0, bound). A word past the last multiple of bound is drawn again: draw
 * counts. */
static uint64_t draw_below(uint64_t seed, uint32_t epoch, uint64_t bound, uint32_t position) {
    const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    for (uint32_t draw = 0;; draw++) {
        const philox4x32_ctr_t counter = {{position, draw, epoch, (uint32_t)CLSNN_RNG_ORDER << 24}};
        const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
        const philox4x32_ctr_t r = philox4x32_R(10, counter, key);
        const uint64_t word = (uint64_t)r.v[1] << 32 | r.v[0];
        if (word < limit) return word % bound;
    }
}

void clsnn_order_shuffle(uint64_t seed, uint32_t epoch, uint32_t n, int32_t *order) {
    for (uint32_t k = 0; k < n; k++) order[k] = (int32_t)k;
    for (uint32_t k = n; k > 1; k--) {
        const uint64_t other = draw_below(seed, epoch, k, k);
        const int32_t moved = order[k - 1];
        order[k - 1] = order[other];
        order[other] = moved;
    }
}
