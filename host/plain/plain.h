/* The baseline that OpenCL has to beat: training of one network by one thread of plain C, no OpenCL anywhere. The same algorithm
 * and the same arithmetic as the kernels, written anew in C, so that the whole state ends bit for bit as theirs does; and as
 * fast as a C compiler makes it, since a slow baseline would flatter. What every row of `clsnn bench` is checked against. */
#ifndef CLSNN_PLAIN_H
#define CLSNN_PLAIN_H

#include "device/network.h"

/* A network in host memory. The names are those of the kernels' struct network (kernels/network/layers.cl); arrays are [n] unless
 * another shape is given, owned, aligned for vectors. */
struct clsnn_plain {
    struct clsnn_params p;
    struct clsnn_tables *tables;
    int n_post, n;    /* n: n_post padded to CLSNN_ROW_ALIGN, the stride of a row */
    float *w;         /* [784][n], padding 0 */
    float *theta;     /* mV, padding infinite */
    float *threshold; /* scratch: lowest threshold of the rest of the presentation */
    float *v_exc, *g_exc, *g_inh;
    int32_t *last_exc;
    float *v_inh, *g_exc_inh;
    int32_t *last_inh, *seen_inh;
    int32_t *last_pre; /* [784] */
    uint16_t *above_max, *counts;
    uint16_t *traced, *followed;    /* scratch: lists of neurons */
    uint32_t *spikes;               /* [CLSNN_MAX_BUNDLES][CLSNN_MAX_ON] */
    uint32_t *pending;              /* [CLSNN_MAX_ON] scratch */
    float *sums;                    /* [5][n] scratch of the rescaling */
    uint16_t *columns;              /* scratch: neurons whose weights are rescaled */
    uint32_t *fired_inh;            /* [n / 32, rounded up] inhibitory spikes of a step, zero between steps */
    uint32_t purpose;               /* enum clsnn_purpose: which random numbers */
    struct clsnn_progress progress; /* of the last run, as a launch of the training kernel leaves it */
    /* since it was made */
    uint64_t presentations; /* retries included */
    uint64_t input_spikes;  /* of all presentations; times n_post: synaptic events */
    uint64_t columns_rescaled;
    void (*run)(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations, uint32_t stop);
    const char *variant; /* the build that runs here: "x86-64-v4", "x86-64-v3" or "generic" */
};

/* A network of n_post neurons at the protocol's start, as clsnn_network_create makes it. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_plain_create(const struct clsnn_model *model, uint64_t seed, int n_post,
                                     struct clsnn_plain **out);
void clsnn_plain_destroy(struct clsnn_plain *net); /* takes NULL and half-built ones */

/* Puts the network at the start of an epoch, as clsnn_trainer_begin_epoch does. */
void clsnn_plain_begin_epoch(struct clsnn_plain *net, uint32_t epoch);

/* Shows at most n_presentations, in the order of pixels [n_images][784], up to position stop of the epoch; what comes out does
 * not depend on how an epoch is cut into runs. Errors: CLSNN_E_SELFTEST a potential left its limits. */
enum clsnn_status clsnn_plain_run(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_images,
                                  uint32_t n_presentations, uint32_t stop);

/* Ends learning for good: from here on clsnn_plain_show is what clsnn_evaluate with that purpose is. */
void clsnn_plain_freeze(struct clsnn_plain *net, enum clsnn_purpose purpose);
/* Shows one image of pixels from rest until it is accepted: net->counts are its spikes, *out_shown the presentations it took. Errors: as above. */
enum clsnn_status clsnn_plain_show(struct clsnn_plain *net, const uint8_t *pixels, uint32_t image,
                                   uint32_t *out_shown);

/* The builds of plain/plain_run.c; which of them exist depends on the architecture. */
void clsnn_plain_run_generic(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                             uint32_t stop);
void clsnn_plain_run_v3(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                        uint32_t stop);
void clsnn_plain_run_v4(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_presentations,
                        uint32_t stop);

#endif
