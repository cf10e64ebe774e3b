/* Launches of the training kernel. */
#include "device/train.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/network.h"
#include "device/program.h"

size_t clsnn_trainer_bytes(int n_pre) {
    return (CLSNN_MAX_CHUNK + 1) * sizeof(int32_t) + (size_t)n_pre * sizeof(uint16_t);
}

enum clsnn_status clsnn_trainer_create(struct clsnn_network *net, cl_mem pixels, uint32_t n_images,
                                       int n_watched, struct clsnn_trainer **out) {
    enum clsnn_status st = CLSNN_OK;
    assert(net->n_networks > 0);
    const size_t batch = (size_t)net->n_networks, n_order = batch * CLSNN_MAX_CHUNK;
    struct clsnn_trainer *tr = calloc(1, sizeof *tr);
    if (!tr) return clsnn_no_memory("trainer");
    tr->net = net;
    tr->pixels = pixels;
    tr->n_images = n_images;
    tr->n_watched = n_watched < net->n_networks ? n_watched : net->n_networks;
    const size_t n_counts = (size_t)(tr->n_watched ? tr->n_watched * CLSNN_MAX_CHUNK : 1) * (size_t)net->n;
    tr->progress = calloc(batch, sizeof *tr->progress);
    tr->totals = calloc(batch, sizeof *tr->totals);
    tr->schedules = calloc(batch, sizeof *tr->schedules);
    tr->host_active = calloc(batch, sizeof *tr->host_active);
    tr->host_order = calloc(n_order, sizeof *tr->host_order);
    tr->host_counts = malloc(n_counts * sizeof *tr->host_counts);
    if (!tr->progress || !tr->totals || !tr->schedules || !tr->host_active || !tr->host_order ||
        !tr->host_counts) {
        st = clsnn_fail(CLSNN_E_MEMORY, "trainer: no memory for %zu networks", batch);
        goto fail;
    }
    for (size_t b = 0; b < batch; b++) tr->progress[b].fault_neuron = -1;
    TRY(clsnn_buffer_create(net->dev, "active networks", batch * sizeof(int32_t), NULL, false, &tr->active));
    TRY(clsnn_buffer_create(net->dev, "any_done", sizeof(int32_t), NULL, false, &tr->any_done));
    TRY(clsnn_buffer_create(net->dev, "order of images", n_order * sizeof(int32_t), NULL, false, &tr->order));
    TRY(clsnn_buffer_create(net->dev, "inputs with ink", batch * (size_t)net->n_pre * sizeof(uint16_t), NULL,
                            false, &tr->kept_active));
    TRY(clsnn_buffer_create(net->dev, "spike counts", n_counts * sizeof(uint16_t), NULL, false, &tr->counts));
    *out = tr;
    return CLSNN_OK;
fail:
    clsnn_trainer_destroy(tr);
    return st;
}

void clsnn_trainer_destroy(struct clsnn_trainer *tr) {
    if (!tr) return;
    clsnn_buffer_release(tr->net->dev, &tr->active);
    clsnn_buffer_release(tr->net->dev, &tr->any_done);
    clsnn_buffer_release(tr->net->dev, &tr->order);
    clsnn_buffer_release(tr->net->dev, &tr->counts);
    clsnn_buffer_release(tr->net->dev, &tr->kept_active);
    free(tr->progress);
    free(tr->totals);
    free(tr->schedules);
    free(tr->host_active);
    free(tr->host_order);
    free(tr->host_counts);
    free(tr);
}

void clsnn_trainer_place(struct clsnn_trainer *tr, int b, uint32_t epoch, uint32_t position, uint32_t attempt,
                         struct clsnn_schedule schedule) {
    tr->schedules[b] = schedule;
    tr->progress[b] =
        (struct clsnn_progress){.epoch = epoch, .position = position, .attempt = attempt, .fault_neuron = -1};
}

void clsnn_trainer_begin_epoch(struct clsnn_trainer *tr, uint32_t epoch, const int32_t *order) {
    for (int b = 0; b < tr->net->n_networks; b++)
        clsnn_trainer_place(tr, b, epoch, 0, 0,
                            (struct clsnn_schedule){.order = order, .n_images = tr->n_images});
}

/* Copies the counts of positions from .. to - 1, which network b finished in the last launch. */
static enum clsnn_status read_counts(struct clsnn_trainer *tr, int b, uint32_t from, uint32_t to) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = (size_t)tr->net->n, row = n * sizeof(uint16_t);
    for (uint32_t at = from; at < to;) {
        const size_t slot = (size_t)b * CLSNN_MAX_CHUNK + at % CLSNN_MAX_CHUNK;
        uint32_t k = to - at;
        if (k > CLSNN_MAX_CHUNK - at % CLSNN_MAX_CHUNK) k = CLSNN_MAX_CHUNK - at % CLSNN_MAX_CHUNK;
        TRY(clsnn_buffer_read(tr->net->dev, tr->counts, slot * row, k * row, tr->host_counts + slot * n));
        at += k;
    }
fail:
    return st;
}

static enum clsnn_status launch(struct clsnn_trainer *tr, enum clsnn_phase time,
                                const struct clsnn_build *build, cl_kernel kernel, cl_int n_presentations) {
    struct clsnn_network *net = tr->net;
    const cl_int n_shares = build->is_shared ? net->n_shares : 1;
    const cl_int n_order = CLSNN_MAX_CHUNK, n_counts = CLSNN_MAX_CHUNK, n_watched = tr->n_watched;
    const struct clsnn_arg args[] = {
        CLSNN_NETWORK_ARGS(net), CLSNN_ARG(net->state.slots), CLSNN_ARG(net->progress),
        CLSNN_ARG(tr->active),   CLSNN_ARG(tr->any_done),     CLSNN_ARG(tr->pixels),
        CLSNN_ARG(tr->order),    CLSNN_ARG(n_order),          CLSNN_ARG(tr->counts),
        CLSNN_ARG(n_counts),     CLSNN_ARG(n_watched),        CLSNN_ARG(tr->kept_active),
        CLSNN_ARG(net->n),       CLSNN_ARG(n_presentations),  CLSNN_ARG(net->inputs.slots),
        CLSNN_ARG(net->board),   CLSNN_ARG(n_shares),         CLSNN_ARG(net->patience),
        CLSNN_LOCAL_ARGS(net),
    };
    const size_t local = (size_t)build->work_group, global = local * (size_t)(tr->n_active * n_shares);
    return clsnn_kernel_run(net->dev, time, kernel, args, sizeof args / sizeof *args, 1, &global, &local);
}

/* Shows one presentation, each phase in a launch of its own. */
static enum clsnn_status launch_phases(struct clsnn_trainer *tr) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_build *kernels = tr->net->kernels;
    TRY(launch(tr, CLSNN_TIME_NORMALISE, kernels, kernels->normalise, 1));
    TRY(launch(tr, CLSNN_TIME_ENCODE, kernels, kernels->encode, 1));
    TRY(launch(tr, CLSNN_TIME_PRESENT, kernels, kernels->present, 1));
    TRY(launch(tr, CLSNN_TIME_REST, kernels, kernels->rest, 1));
    TRY(clsnn_buffer_read(tr->net->dev, tr->net->progress, 0,
                          (size_t)tr->net->n_networks * sizeof *tr->progress, tr->progress));
fail:
    return st;
}

/* Returns whether several work-groups a network train in the coming launch. If that may be slower than one,
 * the second launch and the third try both ways. The first tells nothing: it rescales every column. The first
 * launches are short, so launches 4, 8, 16 and every 16th from there try the slower way again. *is_trial: a
 * part of a launch will do. */
static bool choose_shares(const struct clsnn_trainer *tr, bool *is_trial) {
    const struct clsnn_network *net = tr->net;
    *is_trial = false;
    if (!net->shared || !net->adapts) return net->shared != NULL;
    const uint32_t k = tr->n_launches;
    if (k < 3) return k < 2;
    *is_trial = k % 16 == 0 || k == 4 || k == 8;
    return (tr->seconds[true] <= tr->seconds[false]) != *is_trial;
}

/* Shows up to n_presentations to every network of the launch. */
static enum clsnn_status launch_all(struct clsnn_trainer *tr, uint32_t n_presentations) {
    enum clsnn_status st = CLSNN_OK;
    bool is_trial;
    const bool shares = choose_shares(tr, &is_trial);
    const struct clsnn_build *build = shares ? tr->net->shared : tr->net->kernels;
    if (is_trial) n_presentations = (n_presentations + 7) / 8;
    const double began = clsnn_clock_seconds();
    TRY(launch(tr, CLSNN_TIME_TRAIN, build, build->train, (cl_int)n_presentations));
    TRY(clsnn_buffer_read(tr->net->dev, tr->net->progress, 0,
                          (size_t)tr->net->n_networks * sizeof *tr->progress, tr->progress));
    uint32_t most = 1;
    for (int b = 0; b < tr->net->n_networks; b++)
        if (tr->progress[b].presentations > most) most = tr->progress[b].presentations;
    tr->seconds[shares] = (clsnn_clock_seconds() - began) / most;
    tr->n_launches++;
fail:
    return st;
}

/* Sets each network's stop in the coming launch, lists the networks and uploads their images. */
static enum clsnn_status prepare(struct clsnn_trainer *tr, uint32_t n_presentations, uint32_t stop) {
    enum clsnn_status st = CLSNN_OK;
    const size_t batch = (size_t)tr->net->n_networks;
    tr->n_active = 0;
    for (size_t b = 0; b < batch; b++) {
        struct clsnn_progress *p = &tr->progress[b];
        const struct clsnn_schedule *l = &tr->schedules[b];
        int32_t *order = tr->host_order + b * CLSNN_MAX_CHUNK;
        p->stop = stop < l->n_images ? stop : l->n_images;
        if (l->pause && l->pause < p->stop) p->stop = l->pause;
        if (l->held) p->stop = p->position;
        p->presentations = p->given_up = p->spikes_lo = p->spikes_hi = 0; /* counted in the coming launch */
        if (p->position < p->stop) tr->host_active[tr->n_active++] = (int32_t)b;
        for (uint32_t k = 0; k < n_presentations && p->position + k < p->stop; k++)
            order[k] = l->order ? l->order[p->position + k] : (int32_t)(p->position + k);
    }
    TRY(clsnn_buffer_write(tr->net->dev, tr->active, 0, batch * sizeof *tr->host_active, tr->host_active));
    TRY(clsnn_buffer_write(tr->net->dev, tr->net->progress, 0, batch * sizeof *tr->progress, tr->progress));
    const struct clsnn_device_info *info = &tr->net->dev->info;
    const bool is_heard = tr->ends_together && tr->net->n_shares == 1 && info->type & CL_DEVICE_TYPE_CPU &&
                          tr->n_active > 1 && tr->n_active <= (int)info->compute_units;
    const int32_t any_done = is_heard ? 0 : CLSNN_DONE_IGNORED;
    TRY(clsnn_buffer_write(tr->net->dev, tr->any_done, 0, sizeof any_done, &any_done));
    if (tr->net->shared)
        TRY(clsnn_buffer_fill(tr->net->dev, tr->net->board, 0, clsnn_network_board_bytes(tr->net), 0));
    TRY(clsnn_buffer_write(tr->net->dev, tr->order, 0, batch * CLSNN_MAX_CHUNK * sizeof *tr->host_order,
                           tr->host_order));
fail:
    return st;
}

enum clsnn_status clsnn_trainer_run(struct clsnn_trainer *tr, uint32_t n_presentations, uint32_t stop) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_network *net = tr->net;
    const size_t batch = (size_t)net->n_networks;
    assert(batch > 0);
    uint32_t *before = calloc(batch, sizeof *before);
    if (!before) return clsnn_fail(CLSNN_E_MEMORY, "trainer: no memory for %zu positions", batch);
    for (size_t b = 0; b < batch; b++) before[b] = tr->progress[b].position;
    if (n_presentations > CLSNN_MAX_CHUNK) n_presentations = CLSNN_MAX_CHUNK;
    TRY(prepare(tr, n_presentations, stop));
    if (tr->n_active > 0) {
        if (net->kernels->normalise)
            TRY(launch_phases(tr));
        else
            TRY(launch_all(tr, n_presentations));
    }
    for (int b = 0; b < tr->n_watched; b++) TRY(read_counts(tr, b, before[b], tr->progress[b].position));
    for (size_t b = 0; b < batch; b++) {
        const struct clsnn_progress *p = &tr->progress[b];
        tr->totals[b].presentations += p->presentations;
        tr->totals[b].given_up += p->given_up;
        tr->totals[b].spikes += (uint64_t)p->spikes_hi << 32 | p->spikes_lo;
    }
    TRY(clsnn_network_check(net, tr->progress)); /* last, so that healthy networks' totals are complete */
fail:
    free(before);
    return st;
}
