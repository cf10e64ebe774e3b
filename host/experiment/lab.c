/* Slots for experiments of one size. */
#include "experiment/lab.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"

static const double launch_seconds = 0.3; /* a third of a second: progress is fluent, launches cost nothing */

enum clsnn_status clsnn_lab_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                   const struct clsnn_dataset *data, uint32_t neurons, int n_slots,
                                   uint32_t n_train, uint32_t n_test, uint32_t chunk,
                                   struct clsnn_lab **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_lab *lab = calloc(1, sizeof *lab);
    if (!lab) return clsnn_fail(CLSNN_E_MEMORY, "lab: no memory for %zu bytes", sizeof *lab);
    lab->dev = dev;
    lab->prog = prog;
    lab->data = data;
    lab->neurons = neurons;
    lab->n_slots = n_slots;
    lab->n_train = n_train && n_train < data->train.n_images ? n_train : data->train.n_images;
    lab->n_test = n_test && n_test < data->test.n_images ? n_test : data->test.n_images;
    lab->fixed_chunk = chunk;
    lab->chunks = calloc((size_t)n_slots, sizeof *lab->chunks);
    if (!lab->chunks) {
        st = clsnn_fail(CLSNN_E_MEMORY, "lab: no memory for %d slots", n_slots);
        goto fail;
    }
    TRY(clsnn_network_create(dev, prog, NULL, NULL, n_slots, (int)neurons, &lab->net));
    TRY(clsnn_buffer_create(dev, "training images", (size_t)lab->n_train * CLSNN_IMAGE_PIXELS,
                            data->train.pixels, true, &lab->train_pixels));
    TRY(clsnn_buffer_create(dev, "test images", (size_t)lab->n_test * CLSNN_IMAGE_PIXELS, data->test.pixels,
                            true, &lab->test_pixels));
    /* the running accuracy of one network can be watched; of many it would only cost memory */
    TRY(clsnn_trainer_create(lab->net, lab->train_pixels, lab->n_train, n_slots == 1, &lab->trainer));
    lab->trainer->ends_together = lab->fixed_chunk == 0;
    *out = lab;
    return CLSNN_OK;
fail:
    clsnn_lab_destroy(lab);
    return st;
}

void clsnn_lab_destroy(struct clsnn_lab *lab) {
    if (!lab) return;
    clsnn_trainer_destroy(lab->trainer);
    clsnn_buffer_release(lab->dev, &lab->train_pixels);
    clsnn_buffer_release(lab->dev, &lab->test_pixels);
    clsnn_network_destroy(lab->net);
    free(lab->chunks);
    free(lab);
}

enum clsnn_status clsnn_lab_start(struct clsnn_lab *lab, int slot, const struct clsnn_model *model,
                                  uint64_t seed) {
    lab->chunks[slot] = 1; /* a presentation may take long, and a stop waits for a launch */
    return clsnn_network_start(lab->net, slot, model, seed);
}

/* On a CPU a launch is of as many networks as there are cores, others each time: none waits for a core, and none leaves one idle. */
static void take_turns(struct clsnn_lab *lab) {
    const struct clsnn_trainer *tr = lab->trainer;
    const int n = lab->n_slots;
    int left = lab->dev->info.type & CL_DEVICE_TYPE_CPU ? (int)lab->dev->info.compute_units : n,
        slot = lab->turn;
    for (int k = 0; k < n; k++) {
        const int b = (lab->turn + k) % n;
        const bool shown = tr->progress[b].position < tr->lessons[b].n_images;
        tr->lessons[b].held = shown && left == 0;
        if (shown && left > 0 && --left == 0) slot = (b + 1) % n;
    }
    lab->turn = slot;
}

/* Presentations of a launch: as many as the slowest of its networks is known to manage in time. */
static uint32_t choose_chunk(const struct clsnn_lab *lab) {
    const struct clsnn_trainer *tr = lab->trainer;
    uint32_t least = CLSNN_MAX_CHUNK;
    if (lab->fixed_chunk) return lab->fixed_chunk;
    for (int b = 0; b < lab->n_slots; b++) {
        const bool shown = tr->progress[b].position < tr->lessons[b].n_images && !tr->lessons[b].held;
        if (shown && lab->chunks[b] < least) least = lab->chunks[b];
    }
    return least ? least : 1;
}

enum clsnn_status clsnn_lab_launch(struct clsnn_lab *lab, double *out_seconds) {
    const double began = clsnn_clock_seconds();
    take_turns(lab);
    const uint32_t chunk = choose_chunk(lab);
    const enum clsnn_status st = clsnn_trainer_run(lab->trainer, chunk, UINT32_MAX);
    const double took = clsnn_clock_seconds() - began;
    for (int b = 0; b < lab->n_slots; b++) {
        const uint32_t n = lab->trainer->progress[b].presentations;
        if (n == 0) continue;
        const double fit = n * launch_seconds / (took > 1e-6 ? took : 1e-6);
        const uint32_t most = 2 * chunk > lab->chunks[b] ? 2 * chunk : lab->chunks[b];
        lab->chunks[b] = fit > most ? most : fit < 1 ? 1 : (uint32_t)fit;
    }
    *out_seconds = took;
    return st;
}

size_t clsnn_lab_slot_bytes(uint32_t neurons) {
    return clsnn_network_bytes((int)neurons) + clsnn_trainer_bytes();
}

uint64_t clsnn_lab_most_slots(const struct clsnn_device *dev, uint32_t neurons, uint64_t n_images) {
    const uint64_t n = (neurons + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
    const uint64_t budget = clsnn_device_budget(dev);
    const uint64_t used =
        dev->allocated_bytes + n_images * CLSNN_N_PRE + clsnn_evaluate_bytes(dev, (int)neurons);
    const uint64_t by_memory = budget > used ? (budget - used) / clsnn_lab_slot_bytes(neurons) : 0;
    const uint64_t by_weights = dev->info.max_alloc_bytes / (CLSNN_N_PRE * n * sizeof(float)),
                   by_state = dev->info.max_alloc_bytes / clsnn_state_bytes((int)neurons);
    const uint64_t by_alloc = by_weights < by_state ? by_weights : by_state;
    return by_memory < by_alloc ? by_memory : by_alloc;
}
