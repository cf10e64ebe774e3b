/* Shared by plain_run.c and plain_encode.c: a presentation's scratch memory, a build's function names. */
#ifndef CLSNN_PLAIN_INTERNAL_H
#define CLSNN_PLAIN_INTERNAL_H

#include "clsnn/abi.h"
#include "plain/plain.h"

/* Each build of plain_run.c and plain_encode.c has its own CLSNN_PLAIN_BUILD: generic, v3, v4. */
#define PLAIN_JOIN(name, build)  name##_##build
#define PLAIN_NAMED(name, build) PLAIN_JOIN(name, build)
#define PLAIN_NAME(name)         PLAIN_NAMED(name, CLSNN_PLAIN_BUILD)

#define INLINE     static inline __attribute__((always_inline))
#define ALIGNED(p) __builtin_assume_aligned((p), 64)
/* n, which the compiler then knows as a multiple of CLSNN_ROW_ALIGN: it makes no loop for a remainder. */
#define WHOLE_ROWS(n) ((n) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN)

/* Scratch of one presentation. n_traced and n_followed are the lengths of the lists in struct clsnn_plain. */
struct clsnn_plain_work {
    uint16_t active[CLSNN_MAX_PRE];      /* inputs with ink, increasing */
    uint16_t events[CLSNN_MAX_PRE];      /* inputs that spike in a step */
    uint16_t potentiable[CLSNN_MAX_PRE]; /* inputs whose x_pre is above its cut-off or may rise */
    uint16_t exc[CLSNN_MAX_POST];        /* excitatory neurons that fire in a step, increasing */
    int n_active, n_potentiable, n_traced, n_followed, n_exc, n_inh;
};

/* Draws the input spikes of one presentation of image [n_pre] into net->spikes and fills s->active. position
 * and show are words of the random counter. */
void clsnn_plain_encode_generic(struct clsnn_plain *net, struct clsnn_plain_work *s, const uint8_t *image,
                                uint32_t intensity, uint32_t position, uint32_t show);
void clsnn_plain_encode_v3(struct clsnn_plain *net, struct clsnn_plain_work *s, const uint8_t *image,
                           uint32_t intensity, uint32_t position, uint32_t show);
void clsnn_plain_encode_v4(struct clsnn_plain *net, struct clsnn_plain_work *s, const uint8_t *image,
                           uint32_t intensity, uint32_t position, uint32_t show);

#endif
