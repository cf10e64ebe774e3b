/* First in every program: contraction off, and the few macros by which one source serves a work-group of one (a CPU, plain
 * loops that the compiler vectorises) and one of many (a GPU, barriers). WG is the work-group size, set at build time. */
#pragma OPENCL FP_CONTRACT OFF
#include "clsnn/abi.h"
#include <Random123/philox.h>

#ifndef CLSNN_WG
#error "CLSNN_WG, the work-group size, is set by program.c"
#endif

#if CLSNN_WG == 1
/* One work-item owns every neuron: nothing to wait for, and short lists beat loops over all. */
#define LID 0
#define BARRIER_LOCAL()
#define BARRIER_GLOBAL()
#define ATOMIC_OR(p, bits) (*(p) |= (bits))
#define ATOMIC_INC(p)      (*(p) += 1)
#define ATOMIC_MIN(p, x)   (*(p) = min(*(p), (x)))
#else
#define LID ((int)get_local_id(0))
#define BARRIER_LOCAL()    barrier(CLK_LOCAL_MEM_FENCE)
#define BARRIER_GLOBAL()   barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define ATOMIC_OR(p, bits) atomic_or((p), (bits))
#define ATOMIC_INC(p)      atomic_inc(p)
#define ATOMIC_MIN(p, x)   atomic_min((p), (x))
#endif

/* Every index below n that this work-item owns. A neuron always has the same owner. */
#define FOR_OWN(j, n) for (int j = LID; j < (n); j += CLSNN_WG)

/* Bounds that let NaN through, so that a fault is seen, not hidden (fmax would return the bound). */
static inline float at_least(float x, float bound) {
    return x < bound ? bound : x;
}

static inline float at_most(float x, float bound) {
    return x > bound ? bound : x;
}

/* Number of the lowest set bit; word is not 0. */
static inline int lowest_bit(uint word) {
    return 31 - (int)clz(word & (0u - word));
}

/* What random words are for; with the seed it determines them, so they depend on nothing else: not on the device, the
 * work-group, or what was drawn before. Scalars, since a loop over OpenCL vectors is not vectorised further. */
struct draw {
    uint seed_lo, seed_hi;
    uint image, show, purpose; /* counter words 1 to 3: show is epoch | attempt << 20, purpose the top byte of word 3 */
};

/* Four random words: Philox4x32-10 keyed by the seed. */
static inline __attribute__((always_inline)) philox4x32_ctr_t random_words(struct draw d, uint first) {
    philox4x32_ctr_t c = {{first, d.image, d.show, d.purpose}};
    philox4x32_key_t k = {{d.seed_lo, d.seed_hi}};
    return philox4x32_R(10, c, k);
}
