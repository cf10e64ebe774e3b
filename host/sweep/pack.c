/* Decides the order of a sweep's runs, and how many of them are on the device at once. */
#include <assert.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "sweep/pack.h"

#include "experiment/batch.h"

/* Networks on the device for each compute unit: 4 let a CPU's launches end evenly, 8 let a GPU hide the
 * latency of its memory. */
enum { SLOTS_A_CORE = 4, SLOTS_A_UNIT = 8 };

/* Cost of an image beside its neurons', and the least cost of an image, both in neurons. Small networks retry
 * images more often, so 100 neurons cost as much as 225. Measured on CPUs, N = 100 to 1600. */
static const double image_work = 60, least_work = 330;

double clsnn_pack_work(const struct clsnn_plan *plan, uint64_t n_images) {
    const double work = image_work + plan->neurons;
    return (double)n_images * (work > least_work ? work : least_work);
}

bool clsnn_pack_together(const struct clsnn_plan *a, const struct clsnn_plan *b) {
    return a->neurons == b->neurons && clsnn_laws_alike(&a->model.laws, &b->model.laws);
}

int clsnn_pack_compare(const struct clsnn_plan *a, const struct clsnn_plan *b) {
    const uint64_t cost_a = (uint64_t)a->epochs * a->train_images,
                   cost_b = (uint64_t)b->epochs * b->train_images;
    if (a->neurons != b->neurons) return a->neurons < b->neurons ? 1 : -1;
    if (!clsnn_pack_together(a, b)) return memcmp(&a->model.laws, &b->model.laws, sizeof a->model.laws);
    return cost_a < cost_b ? 1 : cost_a > cost_b ? -1 : 0;
}

size_t clsnn_pack_share(size_t n_runs, uint64_t capacity, uint64_t all) {
    assert(all >= capacity && capacity > 0);
    return (size_t)((n_runs * capacity + all - 1) / all);
}

static uint64_t most_slots(const struct clsnn_device *dev, const struct clsnn_dataset *data,
                           const struct clsnn_plan *like) {
    const uint64_t n_images = (uint64_t)data->train.n_images + data->test.n_images;
    return clsnn_batch_most_slots(dev, clsnn_dataset_pixels(data), like->neurons, &like->model.laws,
                                  n_images);
}

bool clsnn_pack_fits(const struct clsnn_device *dev, const struct clsnn_dataset *data,
                     const struct clsnn_plan *like) {
    return most_slots(dev, data, like) > 0;
}

enum clsnn_status clsnn_pack_slots(const struct clsnn_device *dev, const struct clsnn_dataset *data,
                                   const struct clsnn_plan *like, size_t n_runs, int *out) {
    const struct clsnn_device_info *d = &dev->info;
    const uint32_t n_pre = clsnn_dataset_pixels(data);
    const uint64_t n_images = (uint64_t)data->train.n_images + data->test.n_images;
    const uint64_t units = d->compute_units ? d->compute_units : 1,
                   wanted = units * ((d->type & CL_DEVICE_TYPE_CPU) ? SLOTS_A_CORE : SLOTS_A_UNIT),
                   most = most_slots(dev, data, like);
    uint64_t n = n_runs < wanted ? n_runs : wanted;
    if (most == 0)
        return clsnn_fail(
            CLSNN_E_DEVICE_MEMORY,
            "sweep: a network of %u neurons takes %.1f MB and the images %.1f MB; %s has %.0f MB: choose "
            "fewer neurons or another --device",
            like->neurons, (double)clsnn_batch_slot_bytes(n_pre, like->neurons, &like->model.laws) * 1e-6,
            (double)n_images * n_pre * 1e-6, d->name, (double)clsnn_device_budget(dev) * 1e-6);
    if (n > most) n = most;
    *out = (int)n;
    return CLSNN_OK;
}
