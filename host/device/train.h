/* Chunks of training presentations on the device. The host gets back counts and where each network stands, never a step. */
#ifndef CLSNN_TRAIN_H
#define CLSNN_TRAIN_H

#include "device/network.h"

#define CLSNN_MAX_CHUNK 1000 /* presentations of a launch */

/* What a network is shown in an epoch: images order[0], order[1], ... (NULL: 0, 1, ...; borrowed until the next schedule). */
struct clsnn_schedule {
    const int32_t *order; /* [n_images] */
    uint32_t n_images;    /* 0: the network is left alone */
    uint32_t pause;       /* launches stop at this position; 0: at the end of the epoch only */
    bool held;            /* not in the next launch: others have the device's compute units to themselves */
};

/* Counts of one network since the trainer was made, of accepted presentations unless another is said. */
struct clsnn_totals {
    uint64_t presentations; /* retries included */
    uint64_t given_up;      /* images that stayed under min_spikes at the highest intensity */
    uint64_t spikes;        /* excitatory, while input is on */
};

struct clsnn_trainer {
    struct clsnn_network *net; /* borrowed */
    cl_mem pixels;             /* u8 [n_images][784], borrowed */
    uint32_t n_images;
    int n_watched; /* networks 0 .. n_watched - 1 keep the counts of a launch's images for the host */
    cl_mem
        active; /* i32 [n_networks]: the networks of a launch, so that its work-groups all have something to do */
    cl_mem any_done;    /* i32 [1]: see kernels/launch/train.cl */
    cl_mem order;       /* i32 [n_networks][CLSNN_MAX_CHUNK]: the images of a launch */
    cl_mem counts;      /* u16 [n_watched][CLSNN_MAX_CHUNK][n] */
    cl_mem kept_active; /* u16 [n_networks][784]: inputs with ink, between launches of single phases */
    struct clsnn_progress *progress;  /* [n_networks], as of the last launch */
    struct clsnn_totals *totals;      /* [n_networks] */
    struct clsnn_schedule *schedules; /* [n_networks] */
    /* Set by whoever launches again at once. On a CPU with a core for each network of a launch, the launch then ends for all when it
     * does for the first; every network has at least one presentation. */
    bool ends_together;
    int32_t *host_active, n_active; /* [n_networks]; of the last launch */
    int32_t *host_order;            /* [n_networks][CLSNN_MAX_CHUNK] */
    /* [n_watched][CLSNN_MAX_CHUNK][n]: the image at position k of the epoch is row k % CLSNN_MAX_CHUNK */
    uint16_t *host_counts;
};

/* A trainer of net on n_images images. pixels and net are borrowed and outlive it. Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE_MEMORY. */
enum clsnn_status clsnn_trainer_create(struct clsnn_network *net, cl_mem pixels, uint32_t n_images,
                                       int n_watched, struct clsnn_trainer **out);
void clsnn_trainer_destroy(struct clsnn_trainer *tr); /* takes NULL and half-built ones */

/* Device memory it takes for each network that is not watched. */
size_t clsnn_trainer_bytes(void);

/* Puts network b where an epoch, or a checkpoint, has it: attempt failed presentations of the image at position. */
void clsnn_trainer_place(struct clsnn_trainer *tr, int b, uint32_t epoch, uint32_t position, uint32_t attempt,
                         struct clsnn_schedule schedule);
/* Puts every network at the start of an epoch of all n_images. order: their indices, or NULL for the file's order. */
void clsnn_trainer_begin_epoch(struct clsnn_trainer *tr, uint32_t epoch, const int32_t *order);

/* One launch: at most n_presentations (1 to CLSNN_MAX_CHUNK) of every network, up to position stop of its epoch. Blocks, then
 * fills progress, host_counts and the totals. What comes out does not depend on how an epoch is cut into launches. With a program
 * of kind CLSNN_PROGRAM_PROFILE a call is one presentation, its phases launched by themselves.
 * Errors: CLSNN_E_DEVICE; CLSNN_E_SELFTEST a potential left its limits (clsnn_network_check). */
enum clsnn_status clsnn_trainer_run(struct clsnn_trainer *tr, uint32_t n_presentations, uint32_t stop);

#endif
