/* Training in chunks of presentations on the device. The host gets back spike counts and each network's
 * progress, never a step. */
#ifndef CLSNN_TRAIN_H
#define CLSNN_TRAIN_H

#include "device/network.h"

#define CLSNN_MAX_CHUNK 1000 /* most presentations of a launch */

/* The images that a network is shown in an epoch, in order. */
struct clsnn_schedule {
    const int32_t *order; /* [n_images], or NULL: 0, 1, ...; borrowed until the next schedule */
    uint32_t n_images;    /* 0: launches leave the network alone */
    uint32_t pause;       /* launches stop at this position; 0: only at the end of the epoch */
    bool held;            /* the next launch leaves the network out: others get the compute units */
};

/* Counts of one network, summed over launches. An experiment sets them when it starts or resumes. */
struct clsnn_totals {
    uint64_t presentations; /* retries included */
    uint64_t given_up;      /* images that stayed below min_spikes at the highest intensity */
    uint64_t spikes;        /* excitatory, of accepted presentations, while input is on */
};

struct clsnn_trainer {
    struct clsnn_network *net; /* borrowed */
    cl_mem pixels;             /* u8 [n_images][n_pre], borrowed */
    uint32_t n_images;
    int n_watched; /* the host reads the spike counts of networks 0 .. n_watched - 1 */
    /* i32 [n_networks]: the networks of a launch. Idle ones are left out, so every work-group has work. */
    cl_mem active;
    cl_mem any_done;    /* i32 [1]: kernels/launch/train.cl */
    cl_mem order;       /* i32 [n_networks][CLSNN_MAX_CHUNK]: the images of a launch */
    cl_mem counts;      /* u16 [n_watched][CLSNN_MAX_CHUNK][n] */
    cl_mem kept_active; /* u16 [n_networks][n_pre]: inputs with ink, kept between launches of single phases */
    struct clsnn_progress *progress;  /* [n_networks], as of the last launch */
    struct clsnn_totals *totals;      /* [n_networks] */
    struct clsnn_schedule *schedules; /* [n_networks] */
    /* Set by a caller that launches again at once. On a CPU with a core for each network of a launch, the
     * launch then ends early: when one network is done, the others stop after their current presentation. */
    bool ends_together;
    double seconds[2]; /* a presentation by one work-group a network, and by several, as last seen */
    uint32_t n_launches;
    int32_t *host_active, n_active; /* [n_networks], of which the last launch had n_active */
    int32_t *host_order;            /* [n_networks][CLSNN_MAX_CHUNK] */
    /* [n_watched][CLSNN_MAX_CHUNK][n]: row k % CLSNN_MAX_CHUNK is the image at position k of the epoch */
    uint16_t *host_counts;
};

/* Creates a trainer of net on n_images images. pixels and net are borrowed and outlive the trainer.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE_MEMORY. */
enum clsnn_status clsnn_trainer_create(struct clsnn_network *net, cl_mem pixels, uint32_t n_images,
                                       int n_watched, struct clsnn_trainer **out);
void clsnn_trainer_destroy(struct clsnn_trainer *tr); /* takes NULL and half-built ones */

/* Returns the bytes of device memory that a trainer takes for each network that is not watched. */
size_t clsnn_trainer_bytes(int n_pre);

/* Puts network b into an epoch, at its start or inside: at the image at position, which has failed attempt
 * presentations. */
void clsnn_trainer_place(struct clsnn_trainer *tr, int b, uint32_t epoch, uint32_t position, uint32_t attempt,
                         struct clsnn_schedule schedule);
/* Puts every network at the start of an epoch of all n_images. order: their indices, or NULL for 0, 1, ... */
void clsnn_trainer_begin_epoch(struct clsnn_trainer *tr, uint32_t epoch, const int32_t *order);

/* Launches once: every network gets at most n_presentations (1 to CLSNN_MAX_CHUNK), up to position stop of
 * its epoch. Blocks, then fills progress, host_counts and totals. Results do not depend on how an epoch is
 * cut into launches. A program of kind CLSNN_PROGRAM_PROFILE shows one presentation, a launch for each phase.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE; CLSNN_E_SELFTEST as of clsnn_network_check. */
enum clsnn_status clsnn_trainer_run(struct clsnn_trainer *tr, uint32_t n_presentations, uint32_t stop);

#endif
