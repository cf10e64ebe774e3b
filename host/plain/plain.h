/* One network in plain C, on one thread, without OpenCL. It is the baseline of `clsnn bench` and the known
 * answer of the self-test. Algorithm and arithmetic are the kernels', written anew, so the whole state is
 * equal bit for bit. The code is as fast as C allows, because a slow baseline would flatter the kernels; with
 * delays it is simple instead. */
#ifndef CLSNN_PLAIN_H
#define CLSNN_PLAIN_H

#include "device/network.h"

/* A network in host memory, with the names of struct network in kernels/network/layers.cl. Arrays are [n]
 * unless another shape is given, owned, and aligned to 64 bytes. Steps (last_*, seen_inh) count from the
 * presentation's start. */
struct clsnn_plain {
    struct clsnn_params p;
    struct clsnn_laws laws;
    struct clsnn_tables *tables;
    int n_pre;        /* inputs */
    int n_post, n;    /* n: n_post padded to CLSNN_ROW_ALIGN, the stride of a row */
    float *w;         /* [n_pre][n], padding 0 */
    uint8_t *delays;  /* [n_pre][n] steps, padding 0; with delays */
    float *theta;     /* mV; infinite in padding, which therefore never fires */
    float *threshold; /* scratch: lowest threshold in the rest of the presentation */
    float *v_exc, *g_exc, *g_inh;
    int32_t *last_exc;
    float *v_inh, *g_exc_inh;
    int32_t *last_inh, *seen_inh;
    int32_t *last_pre;               /* [n_pre] */
    float *x_pre, *y_post, *y2_post; /* pairing all: traces right after the last spike; x_pre is [n_pre] */
    uint16_t *above_max, *counts;
    uint16_t *traced, *followed;    /* scratch: lists of neurons */
    uint32_t *spikes;               /* [CLSNN_BUNDLES(n_pre)][CLSNN_MAX_ON] */
    uint32_t *pending;              /* [CLSNN_MAX_ON] scratch */
    float *sums;                    /* [5][n] scratch of rescaling: four partial sums, the scale */
    uint16_t *columns;              /* scratch of rescaling: the neurons concerned */
    float *arriving;                /* scratch, with delays: sums of the weights that arrive in a step */
    int32_t *last_before;           /* [n_pre] with delays: last_pre at the start of the presentation */
    uint32_t *fired_inh;            /* [n / 32, rounded up] inhibitory spikes of a step; zero between steps */
    uint32_t purpose;               /* enum clsnn_purpose of the input spikes' random numbers */
    struct clsnn_progress progress; /* of the last run, as a launch of the training kernel leaves it */
    /* counts since the network was made */
    uint64_t presentations; /* retries included */
    uint64_t input_spikes;  /* times n_post: synaptic events */
    uint64_t columns_rescaled;
    /* the build that fits this processor, and its name: "x86-64-v4", "x86-64-v3" or "generic" */
    void (*run)(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations, uint32_t stop);
    const char *variant;
};

/* Makes a network of n_pre inputs and n_post neurons in the state in which clsnn_network_create makes one.
 * Errors: CLSNN_E_SHAPE n_pre is not in [1, CLSNN_MAX_PRE], or n_post not in [1, CLSNN_MAX_POST];
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_plain_create(const struct clsnn_model *model, uint64_t seed, int n_pre, int n_post,
                                     struct clsnn_plain **out);
void clsnn_plain_destroy(struct clsnn_plain *net); /* takes NULL and half-built ones */

/* Puts the network at the start of an epoch, as clsnn_trainer_begin_epoch does. */
void clsnn_plain_begin_epoch(struct clsnn_plain *net, uint32_t epoch);

/* Trains for at most n_presentations on pixels [n_images][n_pre], in order, up to position stop of the epoch.
 * The result does not depend on how an epoch is divided into runs. Errors: CLSNN_E_SELFTEST a potential left
 * its limits. */
enum clsnn_status clsnn_plain_run(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_images,
                                  uint32_t n_presentations, uint32_t stop);

/* Ends learning for good. clsnn_plain_show then computes what clsnn_evaluate does with this purpose. */
void clsnn_plain_freeze(struct clsnn_plain *net, enum clsnn_purpose purpose);
/* Shows image number `image` of pixels, each presentation from rest, until it is accepted or given up.
 * net->counts then holds the spikes of its last presentation, *out_shown the number of presentations. Errors:
 * as clsnn_plain_run. */
enum clsnn_status clsnn_plain_show(struct clsnn_plain *net, const uint8_t *pixels, uint32_t image,
                                   uint32_t *out_shown);

/* The builds of plain_run.c. v3 and v4 exist on x86-64 only (meson.build). */
void clsnn_plain_run_generic(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                             uint32_t stop);
void clsnn_plain_run_v3(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                        uint32_t stop);
void clsnn_plain_run_v4(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                        uint32_t stop);

#endif
