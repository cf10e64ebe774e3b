/* The plain C network: its memory, its first state, and the choice of the build that fits the processor. */
#include "plain/plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <Random123/philox.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "model/derive.h"

static const float padding_theta = INFINITY; /* does not decay: a padding neuron never fires */

static void draw_weights(struct clsnn_plain *net) {
    const philox4x32_key_t key = {{net->p.seed_lo, net->p.seed_hi}};
    for (int i = 0; i < net->n_pre; i++) {
        float *row = net->w + (size_t)i * (size_t)net->n;
        for (int j = 0; j < net->n_post; j += 4) {
            const philox4x32_ctr_t counter = {
                {(uint32_t)j / 4u, (uint32_t)i, 0u, (uint32_t)CLSNN_RNG_WEIGHTS << 24}};
            const philox4x32_ctr_t r = philox4x32_R(10, counter, key);
            for (int k = 0; k < 4 && j + k < net->n_post; k++) {
                const float u = (float)(r.v[k] >> 8) * 0x1p-24f;
                row[j + k] = net->p.w_init_max * (u + net->p.w_init_offset);
            }
        }
    }
}

static void start(struct clsnn_plain *net) {
    for (int j = 0; j < net->n; j++) {
        net->theta[j] = j < net->n_post ? net->p.theta_init : padding_theta;
        net->v_exc[j] = net->v_inh[j] = net->p.start_v;
        net->last_exc[j] = net->last_inh[j] = CLSNN_NEVER;
        net->seen_inh[j] = -1;
        net->above_max[j] = 1; /* makes the first presentation rescale every column */
    }
    for (int i = 0; i < net->n_pre; i++) net->last_pre[i] = CLSNN_NEVER;
    draw_weights(net);
    net->purpose = CLSNN_RNG_TRAIN;
    clsnn_plain_begin_epoch(net, 0);
}

static void choose_variant(struct clsnn_plain *net) {
    net->run = clsnn_plain_run_generic;
    net->variant = "generic";
#ifdef CLSNN_PLAIN_X86
    __builtin_cpu_init();
    const int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl");
    if (v3) {
        net->run = clsnn_plain_run_v3;
        net->variant = "x86-64-v3";
    }
    if (v4) {
        net->run = clsnn_plain_run_v4;
        net->variant = "x86-64-v4";
    }
#endif
}

enum clsnn_status clsnn_plain_create(const struct clsnn_model *model, uint64_t seed, int n_pre, int n_post,
                                     struct clsnn_plain **out) {
    if (n_pre < 1 || n_pre > CLSNN_MAX_PRE || n_post < 1 || n_post > CLSNN_MAX_POST)
        return clsnn_fail(CLSNN_E_SHAPE,
                          "plain network of %d inputs and %d neurons: must be in [1, %d] and [1, %d]", n_pre,
                          n_post, CLSNN_MAX_PRE, CLSNN_MAX_POST);
    struct clsnn_plain *net = calloc(1, sizeof *net);
    if (!net) return clsnn_no_memory("plain network");
    net->n_pre = n_pre;
    net->n_post = n_post;
    net->n = (n_post + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
    net->laws = model->laws;
    clsnn_params_derive(model, seed, &net->p);
    choose_variant(net);
    const size_t n = (size_t)net->n, words = (n + 31) / 32 * 4;
    const struct {
        void *pointer; /* address of a member of *net */
        size_t n_bytes;
    } rows[] = {
        {&net->tables, sizeof *net->tables},
        {&net->w, (size_t)n_pre * n * 4},
        {&net->theta, n * 4},
        {&net->threshold, n * 4},
        {&net->v_exc, n * 4},
        {&net->g_exc, n * 4},
        {&net->g_inh, n * 4},
        {&net->last_exc, n * 4},
        {&net->v_inh, n * 4},
        {&net->g_exc_inh, n * 4},
        {&net->last_inh, n * 4},
        {&net->seen_inh, n * 4},
        {&net->last_pre, (size_t)n_pre * 4},
        {&net->x_pre, (size_t)n_pre * 4},
        {&net->y_post, n * 4},
        {&net->y2_post, n * 4},
        {&net->above_max, n * 2},
        {&net->counts, n * 2},
        {&net->traced, n * 2},
        {&net->followed, n * 2},
        {&net->spikes, (size_t)CLSNN_BUNDLES(n_pre) * CLSNN_MAX_ON * 4},
        {&net->pending, CLSNN_MAX_ON * 4},
        {&net->sums, 5 * n * 4},
        {&net->columns, n * 2},
        {&net->fired_inh, words},
        {&net->delays, model->laws.delay_max ? (size_t)n_pre * n : 1},
        {&net->arriving, n * 4},
        {&net->last_before, (size_t)n_pre * 4},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const size_t n_bytes = (rows[r].n_bytes + 63) / 64 * 64;
        void *memory = aligned_alloc(64, n_bytes);
        if (!memory) {
            clsnn_plain_destroy(net);
            return clsnn_fail(CLSNN_E_MEMORY, "plain network of %d neurons: no memory for %zu bytes", n_post,
                              n_bytes);
        }
        memset(memory, 0, n_bytes);
        memcpy(rows[r].pointer, &memory, sizeof memory);
    }
    clsnn_tables_derive(model, &net->p, net->tables);
    if (net->laws.delay_max) clsnn_delays_draw(&net->laws, seed, n_pre, n_post, n, net->delays);
    start(net);
    *out = net;
    return CLSNN_OK;
}

void clsnn_plain_destroy(struct clsnn_plain *net) {
    if (!net) return;
    void *const memory[] = {net->tables,   net->w,         net->theta,      net->threshold, net->v_exc,
                            net->g_exc,    net->g_inh,     net->last_exc,   net->v_inh,     net->g_exc_inh,
                            net->last_inh, net->seen_inh,  net->last_pre,   net->above_max, net->counts,
                            net->traced,   net->followed,  net->spikes,     net->pending,   net->sums,
                            net->columns,  net->fired_inh, net->x_pre,      net->y_post,    net->y2_post,
                            net->delays,   net->arriving,  net->last_before};
    for (size_t k = 0; k < sizeof memory / sizeof *memory; k++) free(memory[k]);
    free(net);
}

void clsnn_plain_begin_epoch(struct clsnn_plain *net, uint32_t epoch) {
    net->progress = (struct clsnn_progress){.epoch = epoch, .fault_neuron = -1};
}

enum clsnn_status clsnn_plain_run(struct clsnn_plain *net, const uint8_t *pixels, uint32_t n_images,
                                  uint32_t n_presentations, uint32_t stop) {
    net->run(net, pixels, n_presentations, stop < n_images ? stop : n_images);
    net->presentations += net->progress.presentations;
    if (net->progress.fault_neuron < 0) return CLSNN_OK;
    return clsnn_fail(
        CLSNN_E_SELFTEST,
        "plain C: the potential of neuron %d is not a number or beyond %g mV, in epoch %u at image %u",
        net->progress.fault_neuron, (double)CLSNN_V_LIMIT, net->progress.epoch, net->progress.position);
}

/* Changes the constants so that training changes nothing: theta stays, learning rates are zero, no weight is
 * clipped at w_max. No column is rescaled, because above_max is 0 and clsnn_plain_show forgets the last
 * spikes. */
void clsnn_plain_freeze(struct clsnn_plain *net, enum clsnn_purpose purpose) {
    struct clsnn_tables *t = net->tables;
    for (int k = 0; k < CLSNN_MAX_STEPS; k++) {
        t->decay[k] = 1.0f;
        t->theta_plus[k] = 0.0f;
    }
    net->p.eta_pre = net->p.eta_post = 0.0f;
    for (int k = 0; k < CLSNN_MAX_TRACE; k++) t->depress[k] = t->potentiate[k] = 0.0f;
    for (int j = 0; j < net->n; j++) net->above_max[j] = 0;
    net->p.w_max = INFINITY;
    net->p.n_steps = net->p.n_on; /* evaluation has no rest after an image */
    net->purpose = (uint32_t)purpose;
}

enum clsnn_status clsnn_plain_show(struct clsnn_plain *net, const uint8_t *pixels, uint32_t image,
                                   uint32_t *out_shown) {
    enum clsnn_status st = CLSNN_OK;
    uint32_t shown = 0;
    net->progress = (struct clsnn_progress){.position = image, .fault_neuron = -1};
    while (net->progress.position == image) {
        for (int j = 0; j < net->n; j++) {
            net->v_exc[j] = net->g_exc[j] = net->g_inh[j] = net->v_inh[j] = net->g_exc_inh[j] = 0.0f;
            net->last_exc[j] = net->last_inh[j] = CLSNN_NEVER;
            net->seen_inh[j] = -1;
        }
        TRY(clsnn_plain_run(net, pixels, image + 1, 1, image + 1));
        shown++;
    }
    *out_shown = shown;
fail:
    return st;
}
