/* Chunks of training presentations on the device. The host gets back counts and where each network stands, never a step. */
#ifndef CLSNN_TRAIN_H
#define CLSNN_TRAIN_H

#include "clsnn/network.h"

#define CLSNN_MAX_CHUNK 1000 /* presentations of a launch */

struct clsnn_trainer {
    struct clsnn_network *net; /* borrowed */
    cl_mem pixels;             /* u8 [n_images][784], borrowed */
    uint32_t n_images;
    cl_mem order;       /* i32 [n_images]: the image shown at each position of the epoch */
    cl_mem counts;      /* u16 [n_networks][CLSNN_MAX_CHUNK][n]: spikes of the images of a launch */
    cl_mem kept_active; /* u16 [n_networks][784]: inputs with ink, between launches of single phases */
    struct clsnn_progress *progress; /* [n_networks], as of the last launch */
    uint16_t *
        host_counts; /* [CLSNN_MAX_CHUNK][n] of network 0: the image at position k is row k % CLSNN_MAX_CHUNK */
    uint64_t presentations, given_up, spikes; /* of network 0, since the trainer was made */
};

/* A trainer of net on n_images images. pixels and net are borrowed and outlive it. Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE_MEMORY. */
enum clsnn_status clsnn_trainer_create(struct clsnn_network *net, cl_mem pixels, uint32_t n_images,
                                       struct clsnn_trainer **out);
void clsnn_trainer_destroy(struct clsnn_trainer *tr); /* takes NULL and half-built ones */

/* Puts every network at the start of an epoch. order: [n_images] indices of images, or NULL for the file's order. */
enum clsnn_status clsnn_trainer_begin_epoch(struct clsnn_trainer *tr, uint32_t epoch, const int32_t *order);

/* One launch: at most n_presentations (1 to CLSNN_MAX_CHUNK) of every network, up to position stop of the epoch. Blocks, then
 * fills progress, host_counts and the totals. What comes out does not depend on how an epoch is cut into launches. With a program
 * of kind CLSNN_PROGRAM_PROFILE a call is one presentation, its phases launched by themselves.
 * Errors: CLSNN_E_DEVICE; CLSNN_E_SELFTEST a potential left its limits (clsnn_network_check). */
enum clsnn_status clsnn_trainer_run(struct clsnn_trainer *tr, uint32_t n_presentations, uint32_t stop);

#endif
