/* A batch from the inside (clsnn/experiment.h): its slots, and launches of all of them. */
#ifndef CLSNN_BATCH_H
#define CLSNN_BATCH_H

#include "clsnn/experiment.h"
#include "device/network.h"
#include "device/train.h"

struct clsnn_batch {
    struct clsnn_device *dev;         /* borrowed */
    const struct clsnn_program *prog; /* borrowed */
    const struct clsnn_dataset *data; /* borrowed */
    uint32_t neurons;
    int n_slots;
    cl_mem train_pixels, test_pixels; /* u8 [n_train][784], [n_test][784] */
    uint32_t n_train, n_test;
    struct clsnn_network *net; /* n_slots networks, started by experiments */
    struct clsnn_trainer *trainer;
    uint32_t fixed_chunk; /* presentations a launch; 0: as the networks' pace allows */
    uint32_t *chunks;     /* [n_slots] how many the network's pace allows */
    bool read_out;        /* the first readout has begun */
    int next_slot;        /* the slot that is first in the next launch, where not all are in one */
};

/* Starts a new network in a slot. Errors: as of clsnn_network_start. */
enum clsnn_status clsnn_batch_start(struct clsnn_batch *batch, int slot, const struct clsnn_model *model,
                                    uint64_t seed);
/* One launch: each network that has a schedule goes on, for about a third of a second or by fixed_chunk presentations. On a
 * CPU a launch has as many networks as there are cores, others each time. *out_seconds: how long it took. */
enum clsnn_status clsnn_batch_launch(struct clsnn_batch *batch, double *out_seconds);

/* Device memory that a slot takes, everything counted. */
size_t clsnn_batch_slot_bytes(uint32_t neurons);

#endif
