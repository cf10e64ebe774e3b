/* What experiments of one size share: a device with its kernels, the data on it, and a batch of slots, each of which holds the
 * network of one experiment at a time. */
#ifndef CLSNN_LAB_H
#define CLSNN_LAB_H

#include "clsnn/dataset.h"
#include "device/network.h"
#include "device/train.h"

struct clsnn_lab {
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
    int turn;             /* the slot that is first in the next launch, where not all are in one */
};

/* Slots of n_slots networks of `neurons`, and the first n_train and n_test images on the device. chunk: presentations a launch, 0: as
 * many as take about a third of a second. dev, prog and data are borrowed and outlive the lab.
 * Errors: CLSNN_E_DEVICE_MEMORY, CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_lab_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                   const struct clsnn_dataset *data, uint32_t neurons, int n_slots,
                                   uint32_t n_train, uint32_t n_test, uint32_t chunk, struct clsnn_lab **out);
void clsnn_lab_destroy(struct clsnn_lab *lab); /* takes NULL and half-built ones */

/* Starts a network in a slot, of which nothing is known yet. Errors: as clsnn_network_start. */
enum clsnn_status clsnn_lab_start(struct clsnn_lab *lab, int slot, const struct clsnn_model *model,
                                  uint64_t seed);
/* One launch: networks with a lesson go on, each for about a third of a second or by fixed_chunk presentations; on a CPU as many as there
 * are cores, others each time.
 * *out_seconds: how long it took. */
enum clsnn_status clsnn_lab_launch(struct clsnn_lab *lab, double *out_seconds);

/* Device memory a slot of that many neurons takes, everything counted; and the most slots that fit beside n_images images in what dev
 * has left of its budget (0: not even one). */
size_t clsnn_lab_slot_bytes(uint32_t neurons);
uint64_t clsnn_lab_most_slots(const struct clsnn_device *dev, uint32_t neurons, uint64_t n_images);

#endif
