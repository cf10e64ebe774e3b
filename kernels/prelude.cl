/* This file comes first in every program. It switches contraction off. Its macros let one source serve two
 * kinds of work-group: of one work-item (a CPU: loops over vectors of 16) and of many (a GPU: barriers).
 * CLSNN_WG is the work-group's size, set at build time. A function marked Uniform may have barriers, so all
 * work-items of the work-group call it. */
#pragma OPENCL FP_CONTRACT OFF
#include "clsnn/abi.h"
#include <Random123/philox.h>

#ifndef CLSNN_WG
#error "CLSNN_WG, the work-group size, is set by program.c"
#elif CLSNN_WG & (CLSNN_WG - 1)
#error "CLSNN_WG has to be a power of two"
#endif

/* The laws of the network (laws.def); program.c names those that are not the default. */
#ifndef CLSNN_RULE
#define CLSNN_RULE CLSNN_RULE_TRIPLET
#endif
#ifndef CLSNN_PAIRING
#define CLSNN_PAIRING CLSNN_PAIRING_NEAREST
#endif
#ifndef CLSNN_INHIBITION
#define CLSNN_INHIBITION CLSNN_INHIBITION_LAYER
#endif
#define ADDS_UP                                                                                              \
    (CLSNN_PAIRING == CLSNN_PAIRING_ALL) /* spikes raise traces by 1 instead of setting them to 1 */
#define HAS_LAYER (CLSNN_INHIBITION != CLSNN_INHIBITION_DIRECT)
#if CLSNN_DELAY > 0
#define HAS_DELAYS 1
#else
#define HAS_DELAYS 0
#endif

#ifdef CLSNN_RECORD
#define RECORDS 1 /* replay records every step */
#else
#define RECORDS 0
#endif

/* Functions of the inner loop are always inlined: a call would cost more than its work. */
#define INLINE static inline __attribute__((always_inline))

#if CLSNN_WG == 1
/* One work-item owns every neuron. It waits for nobody, so short lists beat loops over all neurons. */
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

/* KERNEL begins a kernel that runs in work-groups of CLSNN_WG. */
#define KERNEL __kernel __attribute__((reqd_work_group_size(CLSNN_WG, 1, 1)))

/* FOR_OWN divides the indices below n among the work-items. */
#if CLSNN_WG == 1
#define FOR_OWN(j, n) for (int j = 0; j < (n); j++)
#else
/* All work-items make the same number of rounds: pocl 3.1 loses the test before a loop that some of them
 * skip. */
#define FOR_OWN(j, n)                                                                                        \
    for (int j, j##_round = 0; j##_round < (n); j##_round += CLSNN_WG)                                       \
        if ((j = j##_round + LID) < (n))
#endif

/* A block is LANES excitatory neurons, computed as one vector; k is its first neuron. During a presentation a
 * block always has the same owner. n is a multiple of CLSNN_ROW_ALIGN, so blocks have no remainder. The laws
 * are written once, for `real`. A comparison of two gives `flags`, whose true lanes are -1 by the standard.
 * oclgrind 21.10 makes them 1 where it merges comparisons. any() and ?: look at the sign, so merged flags are
 * compared with 0 first. */
#if CLSNN_WG == 1
typedef float16 real;
typedef int16 flags;
#define LANES                 16
#define as_real(x)            as_float16(x)
#define as_words(x)           as_uint16(x)
#define LOAD_SHORTS(p, k)     convert_int16(*(__global const ushort16 *)((p) + (k)))
#define STORE_SHORTS(x, p, k) (*(__global ushort16 *)((p) + (k)) = convert_ushort16(x))
INLINE int any_of(flags f) { /* two halves first: compilers make any() of 16 lanes a tree of branches */
    const int8 a = f.lo | f.hi;
    return any((a.lo | a.hi) != 0);
}
#else
typedef float4 real; /* a work-item reads 16 bytes of a row, its neighbour the next 16 */
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
/* A block is aligned, because rows begin at multiples of 16 floats. vload16 would assume the alignment of one
 * float. */
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

/* These bounds let NaN through, so that a fault is seen; fmax would hide it behind the bound. */
INLINE float at_least(float x, float bound) {
    return x < bound ? bound : x;
}

INLINE float at_most(float x, float bound) {
    return x > bound ? bound : x;
}

/* Returns the number of the lowest set bit; word is not 0. */
INLINE int lowest_bit(ulong word) {
    return 63 - (int)clz(word & (0ul - word));
}

/* The same, but 0 for the word 0, without a branch. Compilers turn the expression into one instruction. */
INLINE int lowest_bit_or_0(ulong word) {
    return (int)popcount(~word & (word - 1ul)) & 63;
}

/* Key and counter of random words. They alone determine the words: neither the device, the work-group nor
 * earlier draws matter. */
struct draw {
    uint seed_lo, seed_hi;
    /* counter words 1 to 3: show is epoch | attempt << 20; the top byte of word 3 is the purpose */
    uint image, show, purpose;
};

/* Returns four random words: Philox4x32-10 keyed by the seed. */
INLINE philox4x32_ctr_t random_words(struct draw d, uint first) {
    philox4x32_ctr_t c = {{first, d.image, d.show, d.purpose}};
    philox4x32_key_t k = {{d.seed_lo, d.seed_hi}};
    return philox4x32_R(10, c, k);
}
