/* A batch (clsnn/experiment.h) from the inside: its slots, and the launches that they share. */
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
    cl_mem train_pixels, test_pixels; /* u8 [n_train][n_pre], [n_test][n_pre] */
    uint32_t n_train, n_test, n_classes;
    struct clsnn_network *net; /* n_slots networks; each experiment starts its own */
    struct clsnn_trainer *trainer;
    uint32_t fixed_chunk; /* presentations of a launch; 0: as the networks' pace allows */
    uint32_t *chunks;     /* [n_slots] presentations of a launch that the network's pace allows */
    bool read_out;        /* the first readout has begun */
    int next_slot;        /* the first slot of the next launch, if one launch cannot hold all */
};

/* Starts a new network in a slot. Errors: as of clsnn_network_start. */
enum clsnn_status clsnn_batch_start(struct clsnn_batch *batch, int slot, const struct clsnn_model *model,
                                    uint64_t seed);
/* Launches once: each network with a schedule goes on, for about a third of a second or by fixed_chunk
 * presentations. On a CPU a launch has at most one network for each core, and the networks take turns.
 * *out_seconds: the launch's time, written on failure too. Errors: as of clsnn_trainer_run. */
enum clsnn_status clsnn_batch_launch(struct clsnn_batch *batch, double *out_seconds);

/* Returns the bytes of device memory that a slot takes if its network is not watched. */
size_t clsnn_batch_slot_bytes(uint32_t n_pre, uint32_t neurons, const struct clsnn_laws *laws);

#endif
