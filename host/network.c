/* A batch of networks on the device: its buffers, its start, what goes in and out of it. */
#include "clsnn/network.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float padding_theta = INFINITY; /* decays to itself: a padding neuron never fires */

static size_t padded(int n_post) {
    return ((size_t)n_post + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
}

static uint32_t bits_of(float x) {
    uint32_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* One row a buffer of the state: which, its name in messages, elements of a slot (0: a neuron each), bytes an element. */
struct state_row {
    cl_mem *buffer;
    const char *label;
    size_t per_slot, element_bytes;
};
enum { N_STATE_ROWS = 17 };

static void state_rows(struct clsnn_state *s, struct state_row rows[N_STATE_ROWS]) {
    const struct state_row all[N_STATE_ROWS] = {
        {&s->v_exc, "v_exc", 0, 4},
        {&s->g_exc, "g_exc", 0, 4},
        {&s->g_inh, "g_inh", 0, 4},
        {&s->last_exc, "last_exc", 0, 4},
        {&s->v_inh, "v_inh", 0, 4},
        {&s->g_exc_inh, "g_exc_inh", 0, 4},
        {&s->last_inh, "last_inh", 0, 4},
        {&s->seen_inh, "seen_inh", 0, 4},
        {&s->over, "over", 0, 2},
        {&s->counts, "counts", 0, 2},
        {&s->threshold, "threshold", 0, 4},
        {&s->ahead, "state ahead", 0, 12},
        {&s->recent, "recent", 0, 2},
        {&s->hot, "hot", 0, 2},
        {&s->last_pre, "last_pre", CLSNN_N_PRE, 4},
        {&s->pending, "pending", CLSNN_MAX_ON, 4},
        {&s->spikes, "input spikes", (size_t)CLSNN_MAX_GROUPS * CLSNN_MAX_ON, 4},
    };
    memcpy(rows, all, sizeof all);
}

enum clsnn_status clsnn_state_create(struct clsnn_device *dev, size_t n_slots, size_t n,
                                     struct clsnn_state *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_state s = {.n_slots = n_slots};
    struct state_row rows[N_STATE_ROWS];
    state_rows(&s, rows);
    for (size_t r = 0; r < N_STATE_ROWS; r++) {
        TRY(clsnn_buffer_create(dev, rows[r].label,
                                n_slots * (rows[r].per_slot ? rows[r].per_slot : n) * rows[r].element_bytes,
                                NULL, false, rows[r].buffer));
    }
    /* vectors of it are read, of which the steps beyond the input are never written */
    TRY(clsnn_buffer_fill(dev, s.pending, 0, n_slots * CLSNN_MAX_ON * 4, 0));
    *out = s;
    return CLSNN_OK;
fail:
    clsnn_state_finish(dev, &s);
    return st;
}

void clsnn_state_finish(struct clsnn_device *dev, struct clsnn_state *s) {
    struct state_row rows[N_STATE_ROWS];
    state_rows(s, rows);
    for (size_t r = 0; r < N_STATE_ROWS; r++) clsnn_buffer_release(dev, rows[r].buffer);
}

size_t clsnn_state_bytes(int n_post) {
    struct clsnn_state s = {0};
    struct state_row rows[N_STATE_ROWS];
    size_t bytes = 0;
    state_rows(&s, rows);
    for (size_t r = 0; r < N_STATE_ROWS; r++)
        bytes += (rows[r].per_slot ? rows[r].per_slot : padded(n_post)) * rows[r].element_bytes;
    return bytes;
}

size_t clsnn_network_bytes(int n_post) {
    return sizeof(struct clsnn_params) + sizeof(struct clsnn_tables) + sizeof(struct clsnn_progress) +
           (CLSNN_N_PRE + 1) * padded(n_post) * sizeof(float) + clsnn_state_bytes(n_post);
}

/* Sets slot b: v_start from rest in both layers, no conductance, no spike in memory. */
static enum clsnn_status set_state(struct clsnn_network *net, size_t b, float v_start) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_state *s = &net->state;
    const size_t row = (size_t)net->n * 4, inputs = (size_t)CLSNN_N_PRE * 4;
    const uint32_t v = bits_of(v_start), never = (uint32_t)CLSNN_NEVER;
    TRY(clsnn_buffer_fill(net->dev, s->v_exc, b * row, row, v));
    TRY(clsnn_buffer_fill(net->dev, s->v_inh, b * row, row, v));
    TRY(clsnn_buffer_fill(net->dev, s->g_exc, b * row, row, 0));
    TRY(clsnn_buffer_fill(net->dev, s->g_inh, b * row, row, 0));
    TRY(clsnn_buffer_fill(net->dev, s->g_exc_inh, b * row, row, 0));
    TRY(clsnn_buffer_fill(net->dev, s->last_exc, b * row, row, never));
    TRY(clsnn_buffer_fill(net->dev, s->last_inh, b * row, row, never));
    TRY(clsnn_buffer_fill(net->dev, s->seen_inh, b * row, row, (uint32_t)-1));
    TRY(clsnn_buffer_fill(net->dev, s->over, b * row / 2, row / 2,
                          0x00010001u)); /* every column is rescaled before the first presentation */
    TRY(clsnn_buffer_fill(net->dev, s->last_pre, b * inputs, inputs, never));
fail:
    return st;
}

enum clsnn_status clsnn_network_start(struct clsnn_network *net, int b, const struct clsnn_model *model,
                                      uint64_t seed) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_progress idle = {.fault_neuron = -1};
    const size_t at = (size_t)b, row = (size_t)net->n * sizeof(float), global[1] = {CLSNN_N_PRE};
    const cl_int which = b;
    struct clsnn_params *p = &net->host_params[b];
    struct clsnn_tables *tables = malloc(sizeof *tables);
    if (!tables) return clsnn_fail(CLSNN_E_MEMORY, "network: no memory for %zu bytes", sizeof *tables);
    clsnn_params_derive(model, seed, p);
    clsnn_tables_derive(model, p, tables);
    TRY(clsnn_buffer_write(net->dev, net->tables, at * sizeof *tables, sizeof *tables, tables));
    TRY(clsnn_buffer_write(net->dev, net->params, at * sizeof *p, sizeof *p, p));
    const struct clsnn_arg args[] = {CLSNN_ARG(net->params), CLSNN_ARG(net->w), CLSNN_ARG(net->n),
                                     CLSNN_ARG(net->n_post), CLSNN_ARG(which)};
    TRY(clsnn_kernel_run(net->dev, CLSNN_TIME_OTHER, net->prog->init_weights, args, 5, 1, global, NULL));
    TRY(set_state(net, at, p->start_v));
    TRY(clsnn_buffer_fill(net->dev, net->theta, at * row, row, bits_of(padding_theta)));
    TRY(clsnn_buffer_fill(net->dev, net->theta, at * row, (size_t)net->n_post * sizeof(float),
                          bits_of(p->theta_init)));
    TRY(clsnn_buffer_write(net->dev, net->progress, at * sizeof idle, sizeof idle, &idle));
    TRY(clsnn_device_wait(net->dev));
fail:
    free(tables);
    return st;
}

enum clsnn_status clsnn_network_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                       const struct clsnn_model *models, const uint64_t *seeds,
                                       int n_networks, int n_post, struct clsnn_network **out) {
    enum clsnn_status st = CLSNN_OK;
    if (n_post < 1 || n_post > CLSNN_MAX_POST || n_networks < 1) {
        return clsnn_fail(CLSNN_E_SHAPE, "network: %d networks of %d neurons: must be at least 1 of [1, %d]",
                          n_networks, n_post, CLSNN_MAX_POST);
    }
    struct clsnn_network *net = calloc(1, sizeof *net);
    if (!net) return clsnn_fail(CLSNN_E_MEMORY, "network: no memory for %zu bytes", sizeof *net);
    const size_t n = padded(n_post), batch = (size_t)n_networks;
    net->dev = dev;
    net->prog = prog;
    net->n_networks = n_networks;
    net->n_post = n_post;
    net->n = (cl_int)n;
    TRY(clsnn_buffer_create(dev, "weights", batch * CLSNN_N_PRE * n * sizeof(float), NULL, false, &net->w));
    TRY(clsnn_buffer_create(dev, "theta", batch * n * sizeof(float), NULL, false, &net->theta));
    TRY(clsnn_buffer_create(dev, "parameters", batch * sizeof(struct clsnn_params), NULL, false,
                            &net->params));
    TRY(clsnn_buffer_create(dev, "tables", batch * sizeof(struct clsnn_tables), NULL, false, &net->tables));
    TRY(clsnn_buffer_create(dev, "progress", batch * sizeof(struct clsnn_progress), NULL, false,
                            &net->progress));
    TRY(clsnn_buffer_create(dev, "a row of zeros", n * sizeof(float), NULL, false, &net->zeros));
    TRY(clsnn_buffer_fill(dev, net->zeros, 0, n * sizeof(float), 0));
    TRY(clsnn_state_create(dev, batch, n, &net->state));
    net->host_params = calloc(batch, sizeof *net->host_params);
    if (!net->host_params) {
        st = clsnn_fail(CLSNN_E_MEMORY, "network: no memory for the parameters of %zu networks", batch);
        goto fail;
    }
    for (int b = 0; models && b < n_networks; b++) TRY(clsnn_network_start(net, b, &models[b], seeds[b]));
    *out = net;
    return CLSNN_OK;
fail:
    clsnn_network_destroy(net);
    return st;
}

void clsnn_network_destroy(struct clsnn_network *net) {
    if (!net) return;
    cl_mem *buffers[] = {&net->w, &net->theta, &net->params, &net->tables, &net->progress, &net->zeros};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) clsnn_buffer_release(net->dev, buffers[k]);
    clsnn_state_finish(net->dev, &net->state);
    free(net->host_params);
    free(net);
}

enum clsnn_status clsnn_network_get(const struct clsnn_network *net, int b, float *w, float *theta_mv) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, plane = CLSNN_N_PRE * n;
    float *rows = malloc(plane * sizeof *rows);
    if (!rows) return clsnn_fail(CLSNN_E_MEMORY, "weights: no memory for %zu bytes", plane * sizeof *rows);
    TRY(clsnn_buffer_read(net->dev, net->w, (size_t)b * plane * sizeof *rows, plane * sizeof *rows, rows));
    for (size_t i = 0; i < CLSNN_N_PRE; i++) memcpy(w + i * n_post, rows + i * n, n_post * sizeof *w);
    TRY(clsnn_buffer_read(net->dev, net->theta, (size_t)b * n * sizeof *rows, n_post * sizeof *rows,
                          theta_mv));
fail:
    free(rows);
    return st;
}

enum clsnn_status clsnn_network_set(struct clsnn_network *net, int b, const float *w, const float *theta_mv) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, plane = CLSNN_N_PRE * n;
    float *rows = calloc(plane, sizeof *rows);
    if (!rows) return clsnn_fail(CLSNN_E_MEMORY, "weights: no memory for %zu bytes", plane * sizeof *rows);
    for (size_t i = 0; i < CLSNN_N_PRE; i++) memcpy(rows + i * n, w + i * n_post, n_post * sizeof *w);
    TRY(clsnn_buffer_write(net->dev, net->w, (size_t)b * plane * sizeof *rows, plane * sizeof *rows, rows));
    TRY(clsnn_buffer_write(net->dev, net->theta, (size_t)b * n * sizeof *rows, n_post * sizeof *rows,
                           theta_mv));
    TRY(clsnn_buffer_fill(net->dev, net->state.over, (size_t)b * n * 2, n * 2,
                          0x00010001u)); /* weights from outside: rescale them all */
fail:
    free(rows);
    return st;
}

/* What of network b a checkpoint holds. Everything else is scratch, or derived from the parameters. */
struct kept_row {
    const char *name;
    enum clsnn_dtype dtype;
    cl_mem buffer;
    size_t rows, columns, stride,
        element_bytes; /* of one network: stride elements a row, of which columns count */
    uint32_t padding;  /* pattern beyond columns */
};

static void kept_rows(const struct clsnn_network *net, struct kept_row rows[CLSNN_NETWORK_ARRAYS]) {
    const struct clsnn_state *s = &net->state;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, n_pre = CLSNN_N_PRE;
    const uint32_t never = (uint32_t)CLSNN_NEVER;
    const struct kept_row all[CLSNN_NETWORK_ARRAYS] = {
        {"w", CLSNN_F4, net->w, n_pre, n_post, n, 4, 0},
        {"theta_mv", CLSNN_F4, net->theta, 1, n_post, n, 4, bits_of(padding_theta)},
        {"v_exc", CLSNN_F4, s->v_exc, 1, n_post, n, 4, 0},
        {"g_exc", CLSNN_F4, s->g_exc, 1, n_post, n, 4, 0},
        {"g_inh", CLSNN_F4, s->g_inh, 1, n_post, n, 4, 0},
        {"last_exc", CLSNN_I4, s->last_exc, 1, n_post, n, 4, never},
        {"v_inh", CLSNN_F4, s->v_inh, 1, n_post, n, 4, 0},
        {"g_exc_inh", CLSNN_F4, s->g_exc_inh, 1, n_post, n, 4, 0},
        {"last_inh", CLSNN_I4, s->last_inh, 1, n_post, n, 4, never},
        {"seen_inh", CLSNN_I4, s->seen_inh, 1, n_post, n, 4, (uint32_t)-1},
        {"over", CLSNN_U1, s->over, 1, n_post, n, 2, 0},
        {"last_pre", CLSNN_I4, s->last_pre, 1, n_pre, n_pre, 4, 0},
    };
    memcpy(rows, all, sizeof all);
}

enum clsnn_status clsnn_network_save(const struct clsnn_network *net, int b,
                                     struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]) {
    enum clsnn_status st = CLSNN_OK;
    struct kept_row rows[CLSNN_NETWORK_ARRAYS];
    unsigned char *found = NULL;
    kept_rows(net, rows);
    memset(arrays, 0, CLSNN_NETWORK_ARRAYS * sizeof *arrays);
    for (int r = 0; r < CLSNN_NETWORK_ARRAYS; r++) {
        const struct kept_row *row = &rows[r];
        struct clsnn_array *a = &arrays[r];
        const size_t n_bytes = row->rows * row->stride * row->element_bytes,
                     size = clsnn_dtype_bytes(row->dtype);
        snprintf(a->name, sizeof a->name, "%s", row->name);
        a->dtype = row->dtype;
        a->n_dims = row->rows > 1 ? 2 : 1;
        a->shape[0] = row->rows > 1 ? row->rows : row->columns;
        a->shape[1] = row->columns;
        a->data = malloc(row->rows * row->columns * size);
        found = malloc(n_bytes);
        if (!a->data || !found) {
            st = clsnn_fail(CLSNN_E_MEMORY, "network: no memory for %zu bytes of %s", n_bytes, row->name);
            goto fail;
        }
        TRY(clsnn_buffer_read(net->dev, row->buffer, (size_t)b * n_bytes, n_bytes, found));
        for (size_t i = 0; i < row->rows; i++) {
            const unsigned char *from = found + i * row->stride * row->element_bytes;
            unsigned char *to = (unsigned char *)a->data + i * row->columns * size;
            if (size == row->element_bytes)
                memcpy(to, from, row->columns * size);
            else /* 0 or 1, kept in 16 bits on the device */
                for (size_t j = 0; j < row->columns; j++) to[j] = from[j * row->element_bytes];
        }
        free(found);
        found = NULL;
    }
    return CLSNN_OK;
fail:
    free(found);
    clsnn_network_drop(arrays);
    return st;
}

void clsnn_network_drop(struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]) {
    for (int r = 0; r < CLSNN_NETWORK_ARRAYS; r++) {
        free(arrays[r].data);
        arrays[r].data = NULL;
    }
}

/* Steps index tables on the device, and a number that is none would only be found after a presentation. */
static enum clsnn_status check_values(const struct clsnn_array *a, const char *label) {
    const size_t n = clsnn_array_count(a);
    const float *real = a->data;
    const int32_t *step = a->data;
    const float least = strcmp(a->name, "w") == 0 ? 0.0f : -FLT_MAX;
    for (size_t k = 0; a->dtype == CLSNN_F4 && k < n; k++) {
        if (!(real[k] >= least && real[k] <= FLT_MAX))
            return clsnn_fail(CLSNN_E_DATA, "%s: element %zu of '%s' = %g: must be finite%s", label, k,
                              a->name, (double)real[k], least < 0.0f ? "" : " and at least 0");
    }
    for (size_t k = 0; a->dtype == CLSNN_I4 && k < n; k++) {
        if (step[k] < CLSNN_NEVER || step[k] >= 0)
            return clsnn_fail(CLSNN_E_DATA, "%s: element %zu of '%s' = %d: must be in [%d, -1]", label, k,
                              a->name, step[k], CLSNN_NEVER);
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_network_load(struct clsnn_network *net, int b, const struct clsnn_npz *npz,
                                     const char *label) {
    enum clsnn_status st = CLSNN_OK;
    struct kept_row rows[CLSNN_NETWORK_ARRAYS];
    const struct clsnn_array *arrays[CLSNN_NETWORK_ARRAYS];
    unsigned char *image = NULL;
    kept_rows(net, rows);
    for (int r = 0; r < CLSNN_NETWORK_ARRAYS; r++) { /* all are looked at before the first is used */
        const size_t wide[] = {rows[r].rows, rows[r].columns}, flat[] = {rows[r].columns};
        TRY(clsnn_npz_get(npz, label, rows[r].name, rows[r].dtype, rows[r].rows > 1 ? 2 : 1,
                          rows[r].rows > 1 ? wide : flat, &arrays[r]));
    }
    for (int r = 0; r < CLSNN_NETWORK_ARRAYS; r++) TRY(check_values(arrays[r], label));
    for (int r = 0; r < CLSNN_NETWORK_ARRAYS; r++) {
        const struct kept_row *row = &rows[r];
        const size_t n_bytes = row->rows * row->stride * row->element_bytes,
                     size = clsnn_dtype_bytes(row->dtype);
        image = malloc(n_bytes);
        if (!image) {
            st = clsnn_fail(CLSNN_E_MEMORY, "network: no memory for %zu bytes of %s", n_bytes, row->name);
            goto fail;
        }
        for (size_t at = 0; at < n_bytes; at += 4) memcpy(image + at, &row->padding, 4);
        for (size_t i = 0; i < row->rows; i++) {
            unsigned char *to = image + i * row->stride * row->element_bytes;
            const unsigned char *from = (const unsigned char *)arrays[r]->data + i * row->columns * size;
            if (size == row->element_bytes)
                memcpy(to, from, row->columns * size);
            else
                for (size_t j = 0; j < row->columns; j++) to[j * row->element_bytes] = from[j] != 0;
        }
        TRY(clsnn_buffer_write(net->dev, row->buffer, (size_t)b * n_bytes, n_bytes, image));
        free(image);
        image = NULL;
    }
fail:
    free(image);
    return st;
}

enum clsnn_status clsnn_network_rest(struct clsnn_network *net) {
    enum clsnn_status st = CLSNN_OK;
    for (size_t b = 0; b < net->state.n_slots; b++) TRY(set_state(net, b, 0.0f));
    TRY(clsnn_device_wait(net->dev));
fail:
    return st;
}

size_t clsnn_network_spikes_bytes(const struct clsnn_network *net) {
    return 3 * (((size_t)net->n + 31) / 32) * sizeof(cl_uint);
}

enum clsnn_status clsnn_network_check(const struct clsnn_network *net,
                                      const struct clsnn_progress *progress) {
    enum clsnn_status st = CLSNN_OK;
    for (int b = 0; b < net->n_networks && st == CLSNN_OK; b++) st = clsnn_network_check_one(&progress[b], b);
    return st;
}

enum clsnn_status clsnn_network_check_one(const struct clsnn_progress *progress, int b) {
    if (progress->fault_neuron >= 0) {
        return clsnn_fail(CLSNN_E_SELFTEST,
                          "network %d: the potential of neuron %d is not a number or beyond %g mV, in epoch "
                          "%u at its image %u: the parameters make "
                          "the step of %g ms unstable, or the device computes wrongly",
                          b, progress->fault_neuron, (double)CLSNN_V_LIMIT, progress->epoch + 1,
                          progress->position + 1, CLSNN_DT_MS);
    }
    return CLSNN_OK;
}
