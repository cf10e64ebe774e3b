/* First in every program: contraction off, and the few macros by which one source serves a work-group of one (a CPU, plain
 * loops that the compiler vectorises) and one of many (a GPU, barriers). CLSNN_WG is the work-group size, set at build time. */
#pragma OPENCL FP_CONTRACT OFF
#include "clsnn/abi.h"
#include <Random123/philox.h>

#ifndef CLSNN_WG
#error "CLSNN_WG, the work-group size, is set by program.c"
#elif CLSNN_WG & (CLSNN_WG - 1)
#error "CLSNN_WG has to be a power of two"
#endif

#ifdef CLSNN_RECORD
#define RECORDS 1 /* replay tells of every step */
#else
#define RECORDS 0
#endif

/* A function of the inner loop: a call would cost more than its work. */
#define INLINE static inline __attribute__((always_inline))

#if CLSNN_WG == 1
/* One work-item owns every neuron: nothing to wait for, and short lists beat loops over all. */
#define LID 0
#define BARRIER_LOCAL()
#define BARRIER_GLOBAL()
#define ATOMIC_OR(p, bits) (*(p) |= (bits))
#define ATOMIC_INC(p)      (*(p) += 1)
#define ATOMIC_MIN(p, x)   (*(p) = min(*(p), (x)))
#else
#define LID                ((int)get_local_id(0))
#define BARRIER_LOCAL()    barrier(CLK_LOCAL_MEM_FENCE)
#define BARRIER_GLOBAL()   barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define ATOMIC_OR(p, bits) atomic_or((p), (bits))
#define ATOMIC_INC(p)      atomic_inc(p)
#define ATOMIC_MIN(p, x)   atomic_min((p), (x))
#endif

/* Every index below n, divided among the work-items. */
#if CLSNN_WG == 1
#define FOR_OWN(j, n) for (int j = 0; j < (n); j++)
#else
/* Rounds are the same for all work-items: pocl 3.1 loses the test before a loop that some of them do not enter. */
#define FOR_OWN(j, n)                                                                                        \
    for (int j, j##_round = 0; j##_round < (n); j##_round += CLSNN_WG)                                       \
        if ((j = j##_round + LID) < (n))
#endif

/* Excitatory neurons are computed LANES at a time, in blocks; k is a block's first neuron, and during a presentation a block always has the
 * same owner. The laws are written once for `real`; comparing two gives `flags`, true lanes being non-zero (-1 by the standard, but 1 where
 * oclgrind 21.10 has merged comparisons; any() and ?: look at the sign, so merged ones are compared with 0 first). n is a multiple of
 * CLSNN_ROW_ALIGN. */
#if CLSNN_WG == 1
typedef float16 real;
typedef int16 flags;
#define LANES                 16
#define as_real(x)            as_float16(x)
#define as_words(x)           as_uint16(x)
#define LOAD_SHORTS(p, k)     convert_int16(*(__global const ushort16 *)((p) + (k)))
#define STORE_SHORTS(x, p, k) (*(__global ushort16 *)((p) + (k)) = convert_ushort16(x))
INLINE int any_of(flags f) { /* any() of all becomes a tree of branches */
    const int8 a = f.lo | f.hi;
    return any((a.lo | a.hi) != 0);
}
#else
typedef float4 real; /* a work-item reads 16 bytes of a row, its neighbours the next */
typedef int4 flags;
#define LANES                 4
#define as_real(x)            as_float4(x)
#define as_words(x)           as_uint4(x)
#define LOAD_SHORTS(p, k)     convert_int4(*(__global const ushort4 *)((p) + (k)))
#define STORE_SHORTS(x, p, k) (*(__global ushort4 *)((p) + (k)) = convert_ushort4(x))
INLINE int any_of(flags f) {
    return any(f != 0);
}
#endif
/* Rows begin at multiples of 16 floats, so a vector is aligned; vload16 would not know. */
#define LOAD(p, k)     (*(__global const real *)((p) + (k)))
#define STORE(x, p, k) (*(__global real *)((p) + (k)) = (x))
#if CLSNN_WG == 1
#define FOR_OWN_LANES(k, n) for (int k = 0; k < (n); k += LANES)
#else
#define FOR_OWN_LANES(k, n)                                                                                  \
    for (int k, k##_round = 0; k##_round < (n); k##_round += CLSNN_WG * LANES)                               \
        if ((k = k##_round + LID * LANES) < (n))
#endif
#define OWNS(j) (CLSNN_WG == 1 || (int)(j) / LANES % CLSNN_WG == LID)

/* Bounds that let NaN through, so that a fault is seen, not hidden (fmax would return the bound). */
INLINE float at_least(float x, float bound) {
    return x < bound ? bound : x;
}

INLINE float at_most(float x, float bound) {
    return x > bound ? bound : x;
}

/* Number of the lowest set bit; word is not 0. */
INLINE int lowest_bit(ulong word) {
    return 63 - (int)clz(word & (0ul - word));
}

/* The same without a branch in between, and 0 for the word 0; compilers know the expression. */
INLINE int lowest_bit_or_0(ulong word) {
    return (int)popcount(~word & (word - 1ul)) & 63;
}

/* What random words are for; with the seed it determines them, so they depend on nothing else: not on the device, the
 * work-group, or what was drawn before. Scalars, since a loop over OpenCL vectors is not vectorised further. */
struct draw {
    uint seed_lo, seed_hi;
    uint image, show,
        purpose; /* counter words 1 to 3: show is epoch | attempt << 20, purpose the top byte of word 3 */
};

/* Four random words: Philox4x32-10 keyed by the seed. */
INLINE philox4x32_ctr_t random_words(struct draw d, uint first) {
    philox4x32_ctr_t c = {{first, d.image, d.show, d.purpose}};
    philox4x32_key_t k = {{d.seed_lo, d.seed_hi}};
    return philox4x32_R(10, c, k);
}
