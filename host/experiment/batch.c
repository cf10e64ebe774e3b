/* Batches: slots for experiments of one size, and the launches that they share. */
#include "experiment/batch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"
#include "device/program.h"

enum clsnn_status clsnn_batch_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                     const struct clsnn_dataset *data, uint32_t neurons,
                                     const struct clsnn_laws *laws, int n_slots, uint32_t n_train,
                                     uint32_t n_test, uint32_t chunk, struct clsnn_batch **out) {
    enum clsnn_status st = CLSNN_OK;
    const uint32_t n_pre = clsnn_dataset_pixels(data);
    if (n_pre != prog->n_pre)
        return clsnn_fail(CLSNN_E_SHAPE,
                          "batch: images of %u pixels, but a program for %u inputs: must be equal", n_pre,
                          prog->n_pre);
    struct clsnn_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return clsnn_no_memory("batch");
    batch->dev = dev;
    batch->prog = prog;
    batch->data = data;
    batch->neurons = neurons;
    batch->n_slots = n_slots;
    batch->n_classes = clsnn_dataset_classes(data);
    batch->n_train = n_train && n_train < data->train.n_images ? n_train : data->train.n_images;
    batch->n_test = n_test && n_test < data->test.n_images ? n_test : data->test.n_images;
    batch->fixed_chunk = chunk;
    batch->chunks = calloc((size_t)n_slots, sizeof *batch->chunks);
    if (!batch->chunks) {
        st = clsnn_fail(CLSNN_E_MEMORY, "batch: no memory for %d slots", n_slots);
        goto fail;
    }
    TRY(clsnn_network_create_empty(dev, prog, laws, n_slots, (int)neurons, &batch->net));
    TRY(clsnn_buffer_create(dev, "training images", (size_t)batch->n_train * n_pre, data->train.pixels, true,
                            &batch->train_pixels));
    TRY(clsnn_buffer_create(dev, "test images", (size_t)batch->n_test * n_pre, data->test.pixels, true,
                            &batch->test_pixels));
    /* A single network is watched, for its running accuracy. Watching many would only cost memory. */
    TRY(clsnn_trainer_create(batch->net, batch->train_pixels, batch->n_train, n_slots == 1, &batch->trainer));
    batch->trainer->ends_together = batch->fixed_chunk == 0;
    *out = batch;
    return CLSNN_OK;
fail:
    clsnn_batch_destroy(batch);
    return st;
}

void clsnn_batch_destroy(struct clsnn_batch *batch) {
    if (!batch) return;
    clsnn_trainer_destroy(batch->trainer);
    clsnn_buffer_release(batch->dev, &batch->train_pixels);
    clsnn_buffer_release(batch->dev, &batch->test_pixels);
    clsnn_network_destroy(batch->net);
    free(batch->chunks);
    free(batch);
}

enum clsnn_status clsnn_batch_start(struct clsnn_batch *batch, int slot, const struct clsnn_model *model,
                                    uint64_t seed) {
    batch->chunks[slot] = 1; /* the pace is unknown, and a stop waits for the launch */
    return clsnn_network_start(batch->net, slot, model, seed);
}

/* Chooses the networks of the next launch and holds back the rest. On a CPU a launch has one network for each
 * core: no network waits for a core and no core idles. The next launch begins after these networks. */
static void take_turns(struct clsnn_batch *batch) {
    const struct clsnn_trainer *tr = batch->trainer;
    const int n = batch->n_slots;
    int left = batch->dev->info.type & CL_DEVICE_TYPE_CPU ? (int)batch->dev->info.compute_units : n,
        slot = batch->next_slot;
    for (int k = 0; k < n; k++) {
        const int b = (batch->next_slot + k) % n;
        const bool shown = tr->progress[b].position < tr->schedules[b].n_images;
        tr->schedules[b].held = shown && left == 0;
        if (shown && left > 0 && --left == 0) slot = (b + 1) % n;
    }
    batch->next_slot = slot;
}

/* Returns the presentations of a launch: as many as its slowest network is known to manage in time. */
static uint32_t choose_chunk(const struct clsnn_batch *batch) {
    const struct clsnn_trainer *tr = batch->trainer;
    uint32_t least = CLSNN_MAX_CHUNK;
    if (batch->fixed_chunk) return batch->fixed_chunk;
    for (int b = 0; b < batch->n_slots; b++) {
        const bool shown = tr->progress[b].position < tr->schedules[b].n_images && !tr->schedules[b].held;
        if (shown && batch->chunks[b] < least) least = batch->chunks[b];
    }
    return least ? least : 1;
}

enum clsnn_status clsnn_batch_launch(struct clsnn_batch *batch, double *out_seconds) {
    const double began = clsnn_clock_seconds();
    take_turns(batch);
    const uint32_t chunk = choose_chunk(batch);
    const enum clsnn_status st = clsnn_trainer_run(batch->trainer, chunk, UINT32_MAX);
    const double took = clsnn_clock_seconds() - began;
    for (int b = 0; b < batch->n_slots; b++) {
        const uint32_t n = batch->trainer->progress[b].presentations;
        if (n == 0) continue;
        const double fit = n * CLSNN_LAUNCH_SECONDS / (took > 1e-6 ? took : 1e-6);
        const uint32_t most = 2 * chunk > batch->chunks[b] ? 2 * chunk : batch->chunks[b];
        batch->chunks[b] = fit > most ? most : fit < 1 ? 1 : (uint32_t)fit;
    }
    *out_seconds = took;
    return st;
}

size_t clsnn_batch_slot_bytes(uint32_t n_pre, uint32_t neurons, const struct clsnn_laws *laws) {
    return clsnn_network_bytes((int)n_pre, (int)neurons, laws->delay_max) + clsnn_trainer_bytes((int)n_pre);
}

uint64_t clsnn_batch_most_slots(const struct clsnn_device *dev, uint32_t n_pre, uint32_t neurons,
                                const struct clsnn_laws *laws, uint64_t n_images) {
    const uint64_t n = (neurons + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
    const uint64_t budget = clsnn_device_budget(dev);
    const uint64_t used = dev->allocated_bytes + n_images * n_pre +
                          clsnn_evaluate_bytes(dev, (int)n_pre, (int)neurons, laws->delay_max);
    const uint64_t by_memory =
        budget > used ? (budget - used) / clsnn_batch_slot_bytes(n_pre, neurons, laws) : 0;
    const uint64_t by_weights = dev->info.max_alloc_bytes / (n_pre * n * sizeof(float)),
                   by_state = dev->info.max_alloc_bytes /
                              clsnn_state_bytes((int)n_pre, (int)neurons, laws->delay_max);
    const uint64_t by_alloc = by_weights < by_state ? by_weights : by_state;
    return by_memory < by_alloc ? by_memory : by_alloc;
}
