/* Launches of the training kernel. */
#include "clsnn/train.h"

#include <stdlib.h>

enum clsnn_status clsnn_trainer_create(struct clsnn_network *net, cl_mem pixels, uint32_t n_images,
                                       struct clsnn_trainer **out) {
    enum clsnn_status st = CLSNN_OK;
    const size_t batch = (size_t)net->n_networks, rows = (size_t)CLSNN_MAX_CHUNK * (size_t)net->n;
    struct clsnn_trainer *tr = calloc(1, sizeof *tr);
    if (!tr) return clsnn_fail(CLSNN_E_MEMORY, "trainer: no memory for %zu bytes", sizeof *tr);
    tr->net = net;
    tr->pixels = pixels;
    tr->n_images = n_images;
    tr->progress = calloc(batch, sizeof *tr->progress);
    tr->host_counts = malloc(rows * sizeof *tr->host_counts);
    if (!tr->progress || !tr->host_counts) {
        st = clsnn_fail(CLSNN_E_MEMORY, "trainer: no memory for %zu counts", rows);
        goto fail;
    }
    TRY(clsnn_buffer_create(net->dev, "order of images", n_images * sizeof(int32_t), NULL, false,
                            &tr->order));
    TRY(clsnn_buffer_create(net->dev, "inputs with ink", batch * CLSNN_N_PRE * sizeof(uint16_t), NULL, false,
                            &tr->kept_active));
    TRY(clsnn_buffer_create(net->dev, "spike counts", batch * rows * sizeof(uint16_t), NULL, false,
                            &tr->counts));
    *out = tr;
    return CLSNN_OK;
fail:
    clsnn_trainer_destroy(tr);
    return st;
}

void clsnn_trainer_destroy(struct clsnn_trainer *tr) {
    if (!tr) return;
    clsnn_buffer_release(tr->net->dev, &tr->order);
    clsnn_buffer_release(tr->net->dev, &tr->counts);
    clsnn_buffer_release(tr->net->dev, &tr->kept_active);
    free(tr->progress);
    free(tr->host_counts);
    free(tr);
}

enum clsnn_status clsnn_trainer_begin_epoch(struct clsnn_trainer *tr, uint32_t epoch, const int32_t *order) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device *dev = tr->net->dev;
    int32_t *own = NULL;
    if (!order) {
        own = malloc(tr->n_images * sizeof *own);
        if (!own)
            return clsnn_fail(CLSNN_E_MEMORY, "trainer: no memory for the order of %u images", tr->n_images);
        for (uint32_t k = 0; k < tr->n_images; k++) own[k] = (int32_t)k;
        order = own;
    }
    TRY(clsnn_buffer_write(dev, tr->order, 0, tr->n_images * sizeof *order, order));
    for (size_t b = 0; b < (size_t)tr->net->n_networks; b++) {
        tr->progress[b] = (struct clsnn_progress){.epoch = epoch, .fault_neuron = -1};
    }
    TRY(clsnn_buffer_write(dev, tr->net->progress, 0, (size_t)tr->net->n_networks * sizeof *tr->progress,
                           tr->progress));
fail:
    free(own);
    return st;
}

/* Copies the rows of the images that network 0 finished in the last launch. */
static enum clsnn_status read_counts(struct clsnn_trainer *tr, uint32_t from, uint32_t to) {
    enum clsnn_status st = CLSNN_OK;
    const size_t row = (size_t)tr->net->n * sizeof(uint16_t);
    for (uint32_t at = from; at < to;) {
        const uint32_t slot = at % CLSNN_MAX_CHUNK;
        uint32_t n = to - at;
        if (n > CLSNN_MAX_CHUNK - slot) n = CLSNN_MAX_CHUNK - slot;
        TRY(clsnn_buffer_read(tr->net->dev, tr->counts, slot * row, n * row,
                              tr->host_counts + slot * (size_t)tr->net->n));
        at += n;
    }
fail:
    return st;
}

static enum clsnn_status launch(struct clsnn_trainer *tr, enum clsnn_phase time, cl_kernel kernel,
                                cl_int n_presentations, cl_uint stop_position) {
    struct clsnn_network *net = tr->net;
    const struct clsnn_state *s = &net->state;
    const cl_int order_stride = 0, n_counts = CLSNN_MAX_CHUNK;
    const size_t spikes_bytes = clsnn_network_spikes_bytes(net);
    const struct clsnn_arg args[] = {
        CLSNN_ARG(net->params),     CLSNN_ARG(net->tables),    CLSNN_ARG(net->w),
        CLSNN_ARG(net->theta),      CLSNN_ARG(net->zeros),     CLSNN_ARG(s->threshold),
        CLSNN_ARG(s->v_exc),        CLSNN_ARG(s->g_exc),       CLSNN_ARG(s->g_inh),
        CLSNN_ARG(s->last_exc),     CLSNN_ARG(s->v_inh),       CLSNN_ARG(s->g_exc_inh),
        CLSNN_ARG(s->last_inh),     CLSNN_ARG(s->seen_inh),    CLSNN_ARG(s->last_pre),
        CLSNN_ARG(s->over),         CLSNN_ARG(s->counts),      CLSNN_ARG(s->recent),
        CLSNN_ARG(s->hot),          CLSNN_ARG(s->spikes),      CLSNN_ARG(s->pending),
        CLSNN_ARG(net->progress),   CLSNN_ARG(tr->pixels),     CLSNN_ARG(tr->order),
        CLSNN_ARG(order_stride),    CLSNN_ARG(tr->counts),     CLSNN_ARG(n_counts),
        CLSNN_ARG(tr->kept_active), CLSNN_ARG(net->n),         CLSNN_ARG(n_presentations),
        CLSNN_ARG(stop_position),   CLSNN_LOCAL(spikes_bytes), CLSNN_LOCAL(spikes_bytes),
    };
    const size_t local = (size_t)net->prog->work_group, global = local * (size_t)net->n_networks;
    return clsnn_kernel_run(net->dev, time, kernel, args, sizeof args / sizeof *args, 1, &global, &local);
}

/* One presentation, each phase in a launch of its own. */
static enum clsnn_status launch_phases(struct clsnn_trainer *tr, cl_uint stop_position) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_program *prog = tr->net->prog;
    TRY(launch(tr, CLSNN_TIME_NORMALISE, prog->normalise, 1, stop_position));
    TRY(launch(tr, CLSNN_TIME_ENCODE, prog->encode, 1, stop_position));
    TRY(launch(tr, CLSNN_TIME_PRESENT, prog->present, 1, stop_position));
    TRY(launch(tr, CLSNN_TIME_REST, prog->rest, 1, stop_position));
fail:
    return st;
}

enum clsnn_status clsnn_trainer_run(struct clsnn_trainer *tr, uint32_t n_presentations, uint32_t stop) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_network *net = tr->net;
    const cl_uint stop_position = stop < tr->n_images ? stop : tr->n_images;
    const uint32_t before = tr->progress[0].position;
    if (n_presentations > CLSNN_MAX_CHUNK) n_presentations = CLSNN_MAX_CHUNK;
    if (net->prog->normalise) {
        TRY(launch_phases(tr, stop_position));
    } else {
        TRY(launch(tr, CLSNN_TIME_TRAIN, net->prog->train, (cl_int)n_presentations, stop_position));
    }
    TRY(clsnn_buffer_read(net->dev, net->progress, 0, (size_t)net->n_networks * sizeof *tr->progress,
                          tr->progress));
    TRY(clsnn_network_check(net, tr->progress));
    TRY(read_counts(tr, before, tr->progress[0].position));
    tr->presentations += tr->progress[0].presentations;
    tr->given_up += tr->progress[0].given_up;
    tr->spikes += (uint64_t)tr->progress[0].spikes_hi << 32 | tr->progress[0].spikes_lo;
fail:
    return st;
}
