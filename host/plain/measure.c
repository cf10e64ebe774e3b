/* Trains the same images in plain C and on a device, in turns. Bits are compared before any run is timed. */
#include "plain/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/network.h"
#include "experiment/batch.h"
#include "model/derive.h"
#include "plain/plain.h"

static const double longest_run_seconds = 3;

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sort_to_median(double *x, int n) {
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
}

double clsnn_bench_bytes(double input_spikes, double columns, int n_pre, int n) {
    const double weight = sizeof(float);
    return weight * (input_spikes * n + columns * 3 * n_pre);
}

enum clsnn_status clsnn_bench_summarise(const struct clsnn_bench_plan *plan,
                                        const struct clsnn_bench_sample *runs, int n_runs, int n_post,
                                        struct clsnn_bench_rates *out) {
    struct clsnn_params p;
    struct clsnn_bench_sample sum = {0};
    double *pace = malloc((size_t)n_runs * sizeof *pace); /* seconds an image */
    *out = (struct clsnn_bench_rates){0};
    if (!pace) return clsnn_fail(CLSNN_E_MEMORY, "bench: no memory for %d runs", n_runs);
    clsnn_params_derive(plan->model, plan->seed, &p);
    for (int r = 0; r < n_runs; r++) {
        pace[r] = runs[r].seconds / runs[r].images;
        sum.seconds += runs[r].seconds;
        sum.images += runs[r].images;
        sum.presentations += runs[r].presentations;
        sum.input_spikes += runs[r].input_spikes;
        sum.columns += runs[r].columns;
    }
    const double median = sort_to_median(pace, n_runs), shown = sum.presentations / sum.images;
    const int n = (n_post + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
    out->images = 1 / median;
    out->network_steps = out->images * shown * p.n_steps;
    out->synaptic_events = out->images * sum.input_spikes / sum.images * n_post;
    out->realtime_factor = out->network_steps * CLSNN_DT_MS * 1e-3;
    out->bytes =
        out->images * clsnn_bench_bytes(sum.input_spikes, sum.columns, (int)plan->n_pre, n) / sum.images;
    out->seconds = sum.seconds;
    out->spread = (pace[n_runs - 1] - pace[0]) / median;
    free(pace);
    return CLSNN_OK;
}

double clsnn_bench_ratio(const struct clsnn_bench_sample *runs, const struct clsnn_bench_sample *others,
                         int n_runs) {
    double ratios[CLSNN_BENCH_RUNS] = {0};
    if (n_runs > CLSNN_BENCH_RUNS) n_runs = CLSNN_BENCH_RUNS;
    for (int r = 0; r < n_runs; r++)
        ratios[r] = runs[r].presentations / runs[r].seconds * others[r].seconds / others[r].presentations;
    return sort_to_median(ratios, n_runs);
}

enum { COPIES = 6, COPY_BYTES = 1 << 28, SMALLEST_COPY = 1 << 20 };

enum clsnn_status clsnn_bench_bandwidth(struct clsnn_device *dev, double *out) {
    enum clsnn_status st = CLSNN_OK;
    cl_mem from = NULL, to = NULL;
    double best = 0;
    size_t n_bytes = COPY_BYTES;
    while (n_bytes > SMALLEST_COPY &&
           (n_bytes > dev->info.max_alloc_bytes || n_bytes > dev->info.global_bytes / 8))
        n_bytes /= 2;
    TRY(clsnn_buffer_create(dev, "copy from", n_bytes, NULL, false, &from));
    TRY(clsnn_buffer_create(dev, "copy to", n_bytes, NULL, false, &to));
    TRY(clsnn_buffer_fill(dev, from, 0, n_bytes, 0x3f800000u));
    TRY(clsnn_buffer_fill(dev, to, 0, n_bytes, 0));
    for (int k = 0; k < COPIES; k++) {
        TRY(clsnn_device_wait(dev));
        const double start = clsnn_clock_seconds();
        TRY_CL(clEnqueueCopyBuffer(dev->queue, from, to, 0, 0, n_bytes, 0, NULL, NULL));
        TRY(clsnn_device_wait(dev));
        const double rate = 2.0 * (double)n_bytes / (clsnn_clock_seconds() - start);
        if (rate > best) best = rate;
    }
    *out = best;
fail:
    clsnn_buffer_release(dev, &from);
    clsnn_buffer_release(dev, &to);
    return st;
}

enum clsnn_status clsnn_bench_host_bandwidth(double *out) {
    const size_t n_bytes = COPY_BYTES / 4;
    unsigned char *from = malloc(n_bytes), *to = malloc(n_bytes);
    double best = 0;
    for (int k = 0; from && to && k < COPIES; k++) {
        memset(from, k, n_bytes); /* new bytes for each copy; the first touch stays out of the time */
        if (k == 0) memset(to, 1, n_bytes);
        const double start = clsnn_clock_seconds();
        memcpy(to, from, n_bytes);
        const double rate = 2.0 * (double)n_bytes / (clsnn_clock_seconds() - start);
        if (to[n_bytes / 2] == k && rate > best) best = rate;
    }
    free(from);
    free(to);
    if (best <= 0)
        return clsnn_fail(CLSNN_E_MEMORY, "bench: no memory for two buffers of %zu bytes", n_bytes);
    *out = best;
    return CLSNN_OK;
}

enum { BARE_RUNS = 3, BARE_STEPS = 1000, MOST_BARE_STEPS = 1 << 24 };
static const double bare_seconds = 0.02;

enum clsnn_status clsnn_bench_bare(const struct clsnn_bench_plan *plan, struct clsnn_device *dev,
                                   const struct clsnn_program *bare, const struct clsnn_program *prog,
                                   int n_post, int n_networks, double *out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_laws *laws = &plan->model->laws;
    const struct clsnn_build *build;
    struct clsnn_params p;
    cl_mem params = NULL, v = NULL, n_above = NULL;
    int n_shares, n = (n_post + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
    clsnn_program_shared(prog, n_networks, (uint32_t)n_post, laws, &n_shares);
    if (n_shares > 1) n = CLSNN_SHARE_LENGTH(n, n_shares);
    const size_t n_groups = (size_t)n_networks * (size_t)n_shares,
                 n_bytes = n_groups * (size_t)n * sizeof(float);
    cl_int *found = calloc(n_groups, sizeof *found), n_steps = BARE_STEPS;
    double best = 0;
    if (!found) {
        st = clsnn_no_memory("bench: bare steps");
        goto fail;
    }
    clsnn_params_derive(plan->model, plan->seed, &p);
    TRY(clsnn_program_build(bare, (uint32_t)n, laws, &build));
    TRY(clsnn_buffer_create(dev, "parameters", sizeof p, &p, true, &params));
    TRY(clsnn_buffer_create(dev, "potentials", n_bytes, NULL, false, &v));
    TRY(clsnn_buffer_create(dev, "reports", n_groups * sizeof *found, NULL, false, &n_above));
    TRY(clsnn_buffer_fill(dev, v, 0, n_bytes, 0));
    const size_t local[1] = {(size_t)build->work_group}, global[1] = {n_groups * local[0]};
    for (int k = 0; k < BARE_RUNS;) {
        const struct clsnn_arg args[] = {CLSNN_ARG(params), CLSNN_ARG(v), CLSNN_ARG(n_above), CLSNN_ARG(n),
                                         CLSNN_ARG(n_steps)};
        TRY(clsnn_device_wait(dev));
        const double start = clsnn_clock_seconds();
        TRY(clsnn_kernel_run(dev, CLSNN_TIME_OTHER, build->bare, args, 5, 1, global, local));
        TRY(clsnn_device_wait(dev));
        const double seconds = clsnn_clock_seconds() - start;
        if (seconds < bare_seconds && n_steps < MOST_BARE_STEPS) {
            n_steps *= 2; /* too short to be timed */
            continue;
        }
        if (n_steps / seconds > best) best = n_steps / seconds;
        k++;
    }
    TRY(clsnn_buffer_read(dev, n_above, 0, n_groups * sizeof *found, found));
    for (size_t g = 0; g < n_groups; g++) {
        if (found[g] == 0) continue;
        st = clsnn_fail(CLSNN_E_SELFTEST,
                        "bench: bare steps of %d neurons on %s: a neuron without input passed its threshold",
                        n_post, dev->info.name);
        goto fail;
    }
    *out = best * n_networks;
fail:
    clsnn_buffer_release(dev, &params);
    clsnn_buffer_release(dev, &v);
    clsnn_buffer_release(dev, &n_above);
    free(found);
    return st;
}

bool clsnn_bench_fits(const struct clsnn_device *dev, const struct clsnn_bench_plan *plan, int n_post,
                      int n_networks) {
    const uint64_t beside = n_networks > 1; /* the first network again, alone, for comparison */
    return (uint64_t)n_networks + beside <=
           clsnn_batch_most_slots(dev, plan->n_pre, (uint32_t)n_post, &plan->model->laws, plan->n_images);
}

/* A batch on the device, and in plain C the first n_followed of its networks. */
struct rig {
    const struct clsnn_bench_plan *plan;
    struct clsnn_device *dev;
    int n_post, n_networks, n_followed;
    cl_mem pixels; /* owned; borrowed in the rig of one network alone */
    struct clsnn_network *net;
    struct clsnn_trainer *tr;
    struct clsnn_plain *plain[CLSNN_BENCH_FOLLOWED];
    float *w, *theta; /* [n_pre][n_post], [n_post]: one network, read from the device */
    uint32_t chunk;   /* presentations a launch */
};

static void rig_finish(struct rig *rig) {
    for (int b = 0; b < CLSNN_BENCH_FOLLOWED; b++) clsnn_plain_destroy(rig->plain[b]);
    clsnn_trainer_destroy(rig->tr);
    clsnn_network_destroy(rig->net);
    clsnn_buffer_release(rig->dev, &rig->pixels);
    free(rig->w);
    free(rig->theta);
}

static enum clsnn_status rig_start(struct rig *rig, const struct clsnn_program *prog) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_bench_plan *plan = rig->plan;
    const size_t batch = (size_t)rig->n_networks, n_post = (size_t)rig->n_post;
    struct clsnn_model *models = malloc(batch * sizeof *models);
    uint64_t *seeds = malloc(batch * sizeof *seeds);
    rig->w = malloc(plan->n_pre * n_post * sizeof *rig->w);
    rig->theta = malloc(n_post * sizeof *rig->theta);
    if (!models || !seeds || !rig->w || !rig->theta) {
        st = clsnn_fail(CLSNN_E_MEMORY, "bench: no memory for %zu networks of %zu neurons", batch, n_post);
        goto fail;
    }
    for (size_t b = 0; b < batch; b++) {
        models[b] = *plan->model;
        seeds[b] = plan->seed + b;
    }
    if (!rig->pixels)
        TRY(clsnn_buffer_create(rig->dev, "images", (size_t)plan->n_images * plan->n_pre, plan->pixels, true,
                                &rig->pixels));
    TRY(clsnn_network_create(rig->dev, prog, models, seeds, rig->n_networks, rig->n_post, &rig->net));
    TRY(clsnn_trainer_create(rig->net, rig->pixels, plan->n_images, 0, &rig->tr));
    rig->tr->ends_together = true;
    clsnn_trainer_begin_epoch(rig->tr, 0, NULL);
fail:
    free(models);
    free(seeds);
    return st;
}

/* Trains every network of the batch up to image stop. The time ends when the first network arrives, because a
 * sweep would then give its core another run. Launches grow while they are short and shrink above 0.4 s. */
static enum clsnn_status run_device(struct rig *rig, uint32_t stop, struct clsnn_bench_sample *out) {
    enum clsnn_status st = CLSNN_OK;
    const double most_seconds = 0.4;
    double images_before = 0;
    *out = (struct clsnn_bench_sample){0};
    for (int b = 0; b < rig->n_networks; b++) images_before += rig->tr->progress[b].position;
    const double start = clsnn_clock_seconds();
    for (int n_arrived = 0; n_arrived < rig->n_networks;) {
        const bool timed = n_arrived == 0;
        const double launched = clsnn_clock_seconds();
        TRY(clsnn_trainer_run(rig->tr, rig->chunk, stop));
        const double took = clsnn_clock_seconds() - launched;
        n_arrived = 0;
        double images = -images_before;
        bool is_whole = false; /* some network showed the whole chunk: the launch did not end early */
        for (int b = 0; b < rig->n_networks; b++) {
            const struct clsnn_progress *p = &rig->tr->progress[b];
            n_arrived += p->position >= stop;
            images += p->position;
            is_whole = is_whole || p->presentations == rig->chunk;
            if (timed) out->presentations += p->presentations;
        }
        if (is_whole && took < 0.4 * most_seconds)
            rig->chunk = rig->chunk < CLSNN_MAX_CHUNK / 2 ? 2 * rig->chunk : CLSNN_MAX_CHUNK;
        if (took > most_seconds && rig->chunk > 1) rig->chunk /= 2;
        if (!timed) continue;
        out->seconds = clsnn_clock_seconds() - start;
        out->images = images;
    }
fail:
    return st;
}

/* Trains the plain C network c up to image stop and times it. */
static enum clsnn_status run_plain(const struct clsnn_bench_plan *plan, struct clsnn_plain *c, uint32_t stop,
                                   struct clsnn_bench_sample *out) {
    enum clsnn_status st = CLSNN_OK;
    const uint64_t presentations = c->presentations, input_spikes = c->input_spikes,
                   columns = c->columns_rescaled;
    const uint32_t position = c->progress.position;
    const double start = clsnn_clock_seconds();
    TRY(clsnn_plain_run(c, plan->pixels, plan->n_images, UINT32_MAX, stop));
    *out = (struct clsnn_bench_sample){.seconds = clsnn_clock_seconds() - start,
                                       .images = stop - position,
                                       .presentations = (double)(c->presentations - presentations),
                                       .input_spikes = (double)(c->input_spikes - input_spikes),
                                       .columns = (double)(c->columns_rescaled - columns)};
fail:
    return st;
}

/* Compares weights and theta of network b on the device with those of plain C network c, bit for bit. */
static enum clsnn_status check_network(struct rig *rig, int b, const struct clsnn_plain *c) {
    enum clsnn_status st = CLSNN_OK;
    const int n_pre = c->n_pre;
    TRY(clsnn_network_get(rig->net, b, rig->w, rig->theta));
    for (int i = 0; i <= n_pre; i++) { /* row n_pre stands for theta */
        const float *found = i < n_pre ? rig->w + (size_t)i * (size_t)rig->n_post : rig->theta;
        const float *wanted = i < n_pre ? c->w + (size_t)i * (size_t)c->n : c->theta;
        if (memcmp(found, wanted, (size_t)rig->n_post * sizeof *found) == 0) continue;
        int j = 0;
        while (memcmp(&found[j], &wanted[j], sizeof *found) == 0) j++;
        char what[32] = "theta";
        if (i < n_pre) snprintf(what, sizeof what, "weight %d", i);
        st = clsnn_fail(CLSNN_E_SELFTEST,
                        "opencl row, %d neurons, %d networks on %s: network %d (seed %llu) differs from "
                        "plain C after %u images: %s of neuron %d is "
                        "%.9g, not %.9g",
                        rig->n_post, rig->n_networks, rig->dev->info.name, b,
                        (unsigned long long)(rig->plan->seed + (uint64_t)b), c->progress.position, what, j,
                        (double)found[j], (double)wanted[j]);
        goto fail;
    }
fail:
    return st;
}

/* Compares every network of the batch with plain C after check_images, and keeps n_followed in rig->plain. */
static enum clsnn_status check_batch(struct rig *rig) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_bench_plan *plan = rig->plan;
    struct clsnn_bench_sample ignored;
    struct clsnn_plain *c = NULL;
    TRY(run_device(rig, plan->check_images, &ignored));
    for (int b = 0; b < rig->n_networks; b++) {
        TRY(clsnn_plain_create(plan->model, plan->seed + (uint64_t)b, (int)plan->n_pre, rig->n_post, &c));
        TRY(run_plain(plan, c, plan->check_images, &ignored));
        TRY(check_network(rig, b, c));
        if (b < rig->n_followed)
            rig->plain[b] = c;
        else
            clsnn_plain_destroy(c);
        c = NULL;
    }
fail:
    clsnn_plain_destroy(c);
    return st;
}

/* Times one run over the same n_images: the first network alone, the batch, then plain C. alone is NULL if
 * the batch is one network. The other followed networks then catch up in plain C. */
static enum clsnn_status measure_run(struct rig *rig, struct rig *alone, uint32_t n_images,
                                     struct clsnn_bench_sample *batch, struct clsnn_bench_sample *one,
                                     struct clsnn_bench_sample *c) {
    enum clsnn_status st = CLSNN_OK;
    const uint32_t stop = rig->plain[0]->progress.position + n_images;
    struct clsnn_bench_sample followed = {0}, plain;
    if (alone) TRY(run_device(alone, stop, one));
    TRY(run_device(rig, stop, batch));
    for (int b = 0; b < rig->n_followed; b++) {
        TRY(run_plain(rig->plan, rig->plain[b], stop, &plain));
        followed.presentations += plain.presentations;
        followed.input_spikes += plain.input_spikes;
        followed.columns += plain.columns;
        if (b == 0) *c = plain;
    }
    /* Plain C goes on to the stop; the batch is counted until its first network arrives. */
    const double scale = batch->presentations / followed.presentations;
    batch->input_spikes = scale * followed.input_spikes;
    batch->columns = scale * followed.columns;
    if (alone) {
        one->input_spikes = c->input_spikes;
        one->columns = c->columns;
    } else {
        *one = *batch;
    }
fail:
    return st;
}

enum clsnn_status clsnn_bench_measure(const struct clsnn_bench_plan *plan, struct clsnn_device *dev,
                                      const struct clsnn_program *prog, int n_post, int n_networks,
                                      struct clsnn_bench_runs *out) {
    enum clsnn_status st = CLSNN_OK;
    struct rig rig = {.plan = plan, .dev = dev, .n_post = n_post, .n_networks = n_networks, .chunk = 4};
    struct rig one = {.plan = plan, .dev = dev, .n_post = n_post, .n_networks = 1, .chunk = 4},
               *alone = n_networks > 1 ? &one : NULL;
    struct clsnn_bench_sample warm, ignored;
    rig.n_followed = n_networks < CLSNN_BENCH_FOLLOWED ? n_networks : CLSNN_BENCH_FOLLOWED;
    if (plan->check_images >= plan->warm_images ||
        plan->n_images < plan->warm_images + (uint32_t)plan->n_runs) {
        return clsnn_fail(CLSNN_E_DATA,
                          "bench: the data have %u training images: must be more than the %u of the warm-up",
                          plan->n_images, plan->warm_images);
    }
    TRY(rig_start(&rig, prog));
    TRY(check_batch(&rig));
    TRY(run_device(&rig, plan->warm_images, &warm));
    if (alone) {
        alone->pixels = rig.pixels; /* borrowed */
        TRY(rig_start(alone, prog));
        TRY(run_device(alone, plan->check_images, &ignored));
        TRY(check_network(alone, 0, rig.plain[0]));
        TRY(run_device(alone, plan->warm_images, &ignored));
    }
    for (int b = 0; b < rig.n_followed; b++) TRY(run_plain(plan, rig.plain[b], plan->warm_images, &ignored));
    const double pace = warm.seconds / (plan->warm_images - plan->check_images);
    const uint32_t most = (plan->n_images - plan->warm_images) / (uint32_t)plan->n_runs;
    const double fit =
        (plan->run_images ? longest_run_seconds : plan->run_seconds) / (pace > 1e-9 ? pace : 1e-9);
    uint32_t n_images = fit >= most ? most : fit < 1 ? 1 : (uint32_t)fit;
    if (plan->run_images && n_images > plan->run_images) n_images = plan->run_images;
    for (int r = 0; r < plan->n_runs; r++)
        TRY(measure_run(&rig, alone, n_images, &out->batch[r], &out->one[r], &out->c[r]));
    for (int b = 0; b < rig.n_followed; b++)
        TRY(check_network(&rig, b, rig.plain[b])); /* after the last run */
    if (alone) TRY(check_network(alone, 0, rig.plain[0]));
fail:
    one.pixels = NULL;
    rig_finish(&one);
    rig_finish(&rig);
    return st;
}
