/* A batch of networks on the device: its buffers, its start, its state from and to the host. */
#include "device/network.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/program.h"
#include "model/derive.h"

static const float padding_theta = INFINITY; /* infinity decays to infinity: a padding neuron never fires */

static size_t padded(int n_post) {
    return ((size_t)n_post + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN;
}

static uint32_t bits_of(float x) {
    uint32_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

struct clsnn_span clsnn_state_row(const struct clsnn_state *s, size_t slot, enum clsnn_row row) {
    const int n = (int)s->n, n_pre = (int)s->n_pre;
#define ROW_BYTES(type, name, elements) (size_t)(elements) * sizeof(type),
    const size_t bytes[CLSNN_N_ROWS] = {CLSNN_STATE_ROWS(ROW_BYTES, n, n_pre, s->delay)};
#undef ROW_BYTES
    struct clsnn_span span = {slot * (size_t)CLSNN_SLOT_WORDS(n, n_pre, s->delay) * sizeof(cl_uint),
                              bytes[row]};
    for (int before = 0; before < (int)row; before++) span.offset += bytes[before];
    return span;
}

enum clsnn_status clsnn_state_create(struct clsnn_device *dev, size_t n_slots, size_t n, size_t n_pre,
                                     int delay, struct clsnn_state *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_state s = {.n_slots = n_slots, .n = n, .n_pre = n_pre, .delay = delay};
    const size_t n_bytes = n_slots * (size_t)CLSNN_SLOT_WORDS((int)n, (int)n_pre, delay) * sizeof(cl_uint);
    TRY(clsnn_buffer_create(dev, "state", n_bytes, NULL, false, &s.slots));
    /* no launch may read memory that nothing has written */
    TRY(clsnn_buffer_fill(dev, s.slots, 0, n_bytes, 0));
    *out = s;
    return CLSNN_OK;
fail:
    clsnn_state_finish(dev, &s);
    return st;
}

void clsnn_state_finish(struct clsnn_device *dev, struct clsnn_state *s) {
    clsnn_buffer_release(dev, &s->slots);
}

size_t clsnn_state_bytes(int n_pre, int n_post, int delay) {
    return (size_t)CLSNN_SLOT_WORDS((int)padded(n_post), n_pre, delay) * sizeof(cl_uint);
}

size_t clsnn_network_bytes(int n_pre, int n_post, int delay) {
    return sizeof(struct clsnn_params) + sizeof(struct clsnn_tables) + sizeof(struct clsnn_progress) +
           ((size_t)n_pre + 1) * padded(n_post) * sizeof(float) +
           (delay ? (size_t)n_pre * padded(n_post) : 0) + clsnn_state_bytes(n_pre, n_post, delay);
}

static enum clsnn_status fill_row(struct clsnn_network *net, size_t b, enum clsnn_row row, uint32_t value) {
    const struct clsnn_span span = clsnn_state_row(&net->state, b, row);
    return clsnn_buffer_fill(net->dev, net->state.slots, span.offset, span.n_bytes, value);
}

/* Makes network b rescale every column before its next presentation. */
static enum clsnn_status rescale_all(struct clsnn_network *net, size_t b) {
    return fill_row(net, b, CLSNN_ROW_above_max, 0x00010001u);
}

/* Sets slot b: v at v_start from rest in both layers, conductances 0, no spike remembered. */
static enum clsnn_status set_state(struct clsnn_network *net, size_t b, float v_start) {
    enum clsnn_status st = CLSNN_OK;
    const uint32_t v = bits_of(v_start), never = (uint32_t)CLSNN_NEVER;
    TRY(fill_row(net, b, CLSNN_ROW_v_exc, v));
    TRY(fill_row(net, b, CLSNN_ROW_v_inh, v));
    TRY(fill_row(net, b, CLSNN_ROW_g_exc, 0));
    TRY(fill_row(net, b, CLSNN_ROW_g_inh, 0));
    TRY(fill_row(net, b, CLSNN_ROW_g_exc_inh, 0));
    TRY(fill_row(net, b, CLSNN_ROW_last_exc, never));
    TRY(fill_row(net, b, CLSNN_ROW_last_inh, never));
    TRY(fill_row(net, b, CLSNN_ROW_seen_inh, (uint32_t)-1));
    TRY(fill_row(net, b, CLSNN_ROW_last_pre, never));
    TRY(fill_row(net, b, CLSNN_ROW_x_pre, 0));
    TRY(fill_row(net, b, CLSNN_ROW_y_post, 0));
    TRY(fill_row(net, b, CLSNN_ROW_y2_post, 0));
    TRY(rescale_all(net, b));
fail:
    return st;
}

size_t clsnn_network_mask_bytes(const struct clsnn_network *net) {
    return ((size_t)net->n + 31) / 32 * sizeof(cl_uint);
}

size_t clsnn_network_depress_bytes(const struct clsnn_network *net) {
    int most = 1;
    for (int b = 0; net->kernels->work_group > 1 && b < net->n_networks; b++)
        if (net->host_params[b].cut_post1 > most) most = net->host_params[b].cut_post1;
    return (size_t)most * sizeof(cl_float);
}

size_t clsnn_network_board_bytes(const struct clsnn_network *net) {
    if (!net->shared) return 0;
    return (size_t)(2 * net->n_networks * net->n_shares * CLSNN_BOARD_WORDS) * sizeof(cl_uint);
}

/* Checks the local memory of a launch: the kernels' own, and the masks of neurons. */
static enum clsnn_status check_local(const struct clsnn_network *net) {
    const struct clsnn_device_info *info = &net->dev->info;
    cl_ulong own = net->kernels->local_bytes;
    if (net->shared && net->shared->local_bytes > own) own = net->shared->local_bytes;
    const cl_ulong masks = (CLSNN_EXC_MASKS + CLSNN_INH_MASKS) * (cl_ulong)clsnn_network_mask_bytes(net) +
                           clsnn_network_depress_bytes(net);
    if (own + masks <= info->local_bytes) return CLSNN_OK;
    return clsnn_fail(
        CLSNN_E_DEVICE_MEMORY,
        "local memory: %d neurons in work-groups of %d need %llu bytes, %s has %llu: use fewer --neurons or "
        "a smaller --work-group",
        net->n_post, net->kernels->work_group, (unsigned long long)(own + masks), info->name,
        (unsigned long long)info->local_bytes);
}

/* Draws network b's delays, if it has any, and writes them to the device. */
static enum clsnn_status draw_delays(struct clsnn_network *net, size_t b, const struct clsnn_laws *laws,
                                     uint64_t seed) {
    const size_t n = (size_t)net->n, plane = (size_t)net->n_pre * n;
    if (net->laws.delay_max == 0) return CLSNN_OK;
    uint8_t *steps = calloc(plane, sizeof *steps);
    if (!steps) return clsnn_fail(CLSNN_E_MEMORY, "delays: no memory for %zu bytes", plane);
    clsnn_delays_draw(laws, seed, net->n_pre, net->n_post, n, steps);
    const enum clsnn_status st = clsnn_buffer_write(net->dev, net->delays, b * plane, plane, steps);
    free(steps);
    return st;
}

enum clsnn_status clsnn_network_start(struct clsnn_network *net, int b, const struct clsnn_model *model,
                                      uint64_t seed) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_progress idle = {.fault_neuron = -1};
    const size_t at = (size_t)b, row = (size_t)net->n * sizeof(float), global[1] = {(size_t)net->n_pre};
    const cl_int which = b;
    struct clsnn_params *p = &net->host_params[b];
    if (!clsnn_laws_alike(&model->laws, &net->laws))
        return clsnn_fail(CLSNN_E_SHAPE,
                          "network %d: has other laws than its kernels were compiled for: networks of a "
                          "batch have one --rule, one --pairing, one --inhibition and one longest delay",
                          b);
    struct clsnn_tables *tables = malloc(sizeof *tables);
    if (!tables) return clsnn_no_memory("network");
    clsnn_params_derive(model, seed, p);
    clsnn_tables_derive(model, p, tables);
    TRY(check_local(net)); /* the table of depressions is as long as y_post lasts */
    TRY(clsnn_buffer_write(net->dev, net->tables, at * sizeof *tables, sizeof *tables, tables));
    TRY(clsnn_buffer_write(net->dev, net->params, at * sizeof *p, sizeof *p, p));
    const struct clsnn_arg args[] = {CLSNN_ARG(net->params), CLSNN_ARG(net->w), CLSNN_ARG(net->n),
                                     CLSNN_ARG(net->n_post), CLSNN_ARG(which)};
    TRY(clsnn_kernel_run(net->dev, CLSNN_TIME_OTHER, net->kernels->init_weights, args, 5, 1, global, NULL));
    TRY(draw_delays(net, at, &model->laws, seed));
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

enum clsnn_status clsnn_network_create_empty(struct clsnn_device *dev, const struct clsnn_program *prog,
                                             const struct clsnn_laws *laws, int n_networks, int n_post,
                                             struct clsnn_network **out) {
    const struct clsnn_build *kernels = NULL;
    if (n_post < 1 || n_post > CLSNN_MAX_POST || n_networks < 1) {
        return clsnn_fail(CLSNN_E_SHAPE,
                          "network: %d networks of %d neurons: must be at least 1 network of 1 to %d neurons",
                          n_networks, n_post, CLSNN_MAX_POST);
    }
    const enum clsnn_status st = clsnn_program_build(prog, (uint32_t)n_post, laws, &kernels);
    if (st != CLSNN_OK) return st;
    int n_shares;
    const struct clsnn_build *shared =
        clsnn_program_shared(prog, n_networks, (uint32_t)n_post, laws, &n_shares);
    const enum clsnn_status made =
        clsnn_network_create_with(dev, kernels, shared, n_shares, NULL, NULL, n_networks, n_post, out);
    if (made == CLSNN_OK) (*out)->adapts = prog->split == 0;
    return made;
}

enum clsnn_status clsnn_network_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                       const struct clsnn_model *models, const uint64_t *seeds,
                                       int n_networks, int n_post, struct clsnn_network **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_network *net = NULL;
    TRY(clsnn_network_create_empty(dev, prog, &models->laws, n_networks, n_post, &net));
    for (int b = 0; b < n_networks; b++) TRY(clsnn_network_start(net, b, &models[b], seeds[b]));
    *out = net;
    return CLSNN_OK;
fail:
    clsnn_network_destroy(net);
    return st;
}

enum clsnn_status clsnn_network_create_with(struct clsnn_device *dev, const struct clsnn_build *kernels,
                                            const struct clsnn_build *shared, int n_shares,
                                            const struct clsnn_model *models, const uint64_t *seeds,
                                            int n_networks, int n_post, struct clsnn_network **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_network *net = calloc(1, sizeof *net);
    if (!net) return clsnn_no_memory("network");
    const size_t n = padded(n_post), batch = (size_t)n_networks;
    net->dev = dev;
    net->kernels = kernels;
    net->shared = shared;
    net->n_shares = n_shares;
    /* ten seconds or more: a work-group may lose its core to another program for a while */
    net->patience = dev->info.type & CL_DEVICE_TYPE_CPU ? 34 : 24;
    net->laws = kernels->laws;
    net->n_networks = n_networks;
    net->n_pre = (cl_int)kernels->n_pre;
    net->n_post = n_post;
    net->n = (cl_int)n;
    net->host_params = calloc(batch, sizeof *net->host_params);
    if (!net->host_params) {
        st = clsnn_fail(CLSNN_E_MEMORY, "network: no memory for the parameters of %zu networks", batch);
        goto fail;
    }
    TRY(check_local(net));
    TRY(clsnn_buffer_create(dev, "weights", batch * kernels->n_pre * n * sizeof(float), NULL, false,
                            &net->w));
    TRY(clsnn_buffer_create(dev, "theta", batch * n * sizeof(float), NULL, false, &net->theta));
    TRY(clsnn_buffer_create(dev, "parameters", batch * sizeof(struct clsnn_params), NULL, false,
                            &net->params));
    TRY(clsnn_buffer_create(dev, "tables", batch * sizeof(struct clsnn_tables), NULL, false, &net->tables));
    TRY(clsnn_buffer_create(dev, "progress", batch * sizeof(struct clsnn_progress), NULL, false,
                            &net->progress));
    TRY(clsnn_buffer_create(dev, "a row of zeros", n * sizeof(float), NULL, false, &net->zeros));
    TRY(clsnn_buffer_fill(dev, net->zeros, 0, n * sizeof(float), 0));
    const int delay = kernels->laws.delay_max;
    TRY(clsnn_buffer_create(dev, "delays", delay ? batch * kernels->n_pre * n : 0, NULL, false,
                            &net->delays));
    TRY(clsnn_state_create(dev, batch, n, kernels->n_pre, delay, &net->state));
    TRY(clsnn_state_create(dev, shared ? batch * (size_t)n_shares : 0, 0, kernels->n_pre, delay,
                           &net->inputs));
    TRY(clsnn_buffer_create(dev, "board of shares", clsnn_network_board_bytes(net), NULL, false,
                            &net->board));
    for (int b = 0; models && b < n_networks; b++) TRY(clsnn_network_start(net, b, &models[b], seeds[b]));
    *out = net;
    return CLSNN_OK;
fail:
    clsnn_network_destroy(net);
    return st;
}

void clsnn_network_destroy(struct clsnn_network *net) {
    if (!net) return;
    cl_mem *buffers[] = {&net->w,        &net->theta, &net->params, &net->tables,
                         &net->progress, &net->zeros, &net->delays, &net->board};
    for (size_t k = 0; k < sizeof buffers / sizeof *buffers; k++) clsnn_buffer_release(net->dev, buffers[k]);
    clsnn_state_finish(net->dev, &net->state);
    clsnn_state_finish(net->dev, &net->inputs);
    free(net->host_params);
    free(net);
}

enum clsnn_status clsnn_network_get(const struct clsnn_network *net, int b, float *w, float *theta_mv) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, n_pre = (size_t)net->n_pre,
                 plane = n_pre * n;
    float *rows = malloc(plane * sizeof *rows);
    if (!rows) return clsnn_fail(CLSNN_E_MEMORY, "weights: no memory for %zu bytes", plane * sizeof *rows);
    TRY(clsnn_buffer_read(net->dev, net->w, (size_t)b * plane * sizeof *rows, plane * sizeof *rows, rows));
    for (size_t i = 0; i < n_pre; i++) memcpy(w + i * n_post, rows + i * n, n_post * sizeof *w);
    TRY(clsnn_buffer_read(net->dev, net->theta, (size_t)b * n * sizeof *rows, n_post * sizeof *rows,
                          theta_mv));
fail:
    free(rows);
    return st;
}

enum clsnn_status clsnn_network_set(struct clsnn_network *net, int b, const float *w, const float *theta_mv) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, n_pre = (size_t)net->n_pre,
                 plane = n_pre * n;
    float *rows = calloc(plane, sizeof *rows);
    if (!rows) return clsnn_fail(CLSNN_E_MEMORY, "weights: no memory for %zu bytes", plane * sizeof *rows);
    for (size_t i = 0; i < n_pre; i++) memcpy(rows + i * n, w + i * n_post, n_post * sizeof *w);
    TRY(clsnn_buffer_write(net->dev, net->w, (size_t)b * plane * sizeof *rows, plane * sizeof *rows, rows));
    TRY(clsnn_buffer_write(net->dev, net->theta, (size_t)b * n * sizeof *rows, n_post * sizeof *rows,
                           theta_mv));
    TRY(rescale_all(net, (size_t)b)); /* weights from outside may have any sum */
fail:
    free(rows);
    return st;
}

enum clsnn_status clsnn_network_get_delays(const struct clsnn_network *net, int b, uint8_t *delay_steps) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, n_pre = (size_t)net->n_pre;
    uint8_t *rows = malloc(n_pre * n);
    if (!rows) return clsnn_fail(CLSNN_E_MEMORY, "delays: no memory for %zu bytes", n_pre * n);
    TRY(clsnn_buffer_read(net->dev, net->delays, (size_t)b * n_pre * n, n_pre * n, rows));
    for (size_t i = 0; i < n_pre; i++) memcpy(delay_steps + i * n_post, rows + i * n, n_post);
fail:
    free(rows);
    return st;
}

enum clsnn_status clsnn_network_set_delays(struct clsnn_network *net, int b, const uint8_t *delay_steps) {
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, n_pre = (size_t)net->n_pre;
    uint8_t *rows = calloc(n_pre, n);
    if (!rows) return clsnn_fail(CLSNN_E_MEMORY, "delays: no memory for %zu bytes", n_pre * n);
    for (size_t i = 0; i < n_pre; i++) memcpy(rows + i * n, delay_steps + i * n_post, n_post);
    const enum clsnn_status st =
        clsnn_buffer_write(net->dev, net->delays, (size_t)b * n_pre * n, n_pre * n, rows);
    free(rows);
    return st;
}

/* A part of a network that a checkpoint holds. Other memory is scratch, or derived from the parameters. */
struct kept_row {
    const char *name;
    enum clsnn_dtype dtype;
    cl_mem buffer;
    size_t offset;                /* bytes */
    size_t rows, columns, stride; /* a row has stride elements; the first columns of them count */
    size_t element_bytes;
    uint32_t padding; /* pattern of the elements after columns */
};

int clsnn_network_n_arrays(const struct clsnn_laws *laws) {
    return CLSNN_NETWORK_ARRAYS - (laws->pairing == CLSNN_PAIRING_ALL ? 0 : 3) - (laws->delay_max ? 0 : 1);
}

/* Describes the clsnn_network_n_arrays parts of network b. */
static void kept_rows(const struct clsnn_network *net, int b, struct kept_row rows[CLSNN_NETWORK_ARRAYS]) {
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post, n_pre = (size_t)net->n_pre, at = (size_t)b;
    const uint32_t never = (uint32_t)CLSNN_NEVER;
    const struct {
        enum clsnn_row row;
        const char *name;
        enum clsnn_dtype dtype;
        uint32_t padding;
    } of_state[] = {
        {CLSNN_ROW_v_exc, "v_exc", CLSNN_F4, 0},
        {CLSNN_ROW_g_exc, "g_exc", CLSNN_F4, 0},
        {CLSNN_ROW_g_inh, "g_inh", CLSNN_F4, 0},
        {CLSNN_ROW_last_exc, "last_exc", CLSNN_I4, never},
        {CLSNN_ROW_v_inh, "v_inh", CLSNN_F4, 0},
        {CLSNN_ROW_g_exc_inh, "g_exc_inh", CLSNN_F4, 0},
        {CLSNN_ROW_last_inh, "last_inh", CLSNN_I4, never},
        {CLSNN_ROW_seen_inh, "seen_inh", CLSNN_I4, (uint32_t)-1},
        {CLSNN_ROW_above_max, "over", CLSNN_U1, 0},
        {CLSNN_ROW_last_pre, "last_pre", CLSNN_I4, 0},
        {CLSNN_ROW_x_pre, "x_pre", CLSNN_F4, 0}, /* from here on: only with pairing all */
        {CLSNN_ROW_y_post, "y_post", CLSNN_F4, 0},
        {CLSNN_ROW_y2_post, "y2_post", CLSNN_F4, 0},
    };
    enum { N_OF_STATE = sizeof of_state / sizeof *of_state };
    static_assert(3 + N_OF_STATE == CLSNN_NETWORK_ARRAYS,
                  "CLSNN_NETWORK_ARRAYS (network.h) must count w, theta_mv, these rows and delay_steps");
    rows[0] = (struct kept_row){"w", CLSNN_F4, net->w, at * n_pre * n * 4, n_pre, n_post, n, 4, 0};
    rows[1] = (struct kept_row){
        "theta_mv", CLSNN_F4, net->theta, at * n * 4, 1, n_post, n, 4, bits_of(padding_theta)};
    for (int r = 0; r < N_OF_STATE; r++) {
        const struct clsnn_span span = clsnn_state_row(&net->state, at, of_state[r].row);
        const bool is_of_inputs = of_state[r].row == CLSNN_ROW_last_pre || of_state[r].row == CLSNN_ROW_x_pre;
        const size_t columns = is_of_inputs ? n_pre : n_post,
                     stride = is_of_inputs ? CLSNN_ALIGNED(n_pre) : n;
        rows[2 + r] = (struct kept_row){
            of_state[r].name, of_state[r].dtype,     net->state.slots,    span.offset, 1, columns,
            stride,           span.n_bytes / stride, of_state[r].padding,
        };
    }
    if (net->laws.delay_max)
        rows[clsnn_network_n_arrays(&net->laws) - 1] =
            (struct kept_row){"delay_steps", CLSNN_U1, net->delays, at * n_pre * n, n_pre, n_post, n, 1, 0};
}

enum clsnn_status clsnn_network_save(const struct clsnn_network *net, int b,
                                     struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]) {
    enum clsnn_status st = CLSNN_OK;
    struct kept_row rows[CLSNN_NETWORK_ARRAYS];
    const int n_rows = clsnn_network_n_arrays(&net->laws);
    unsigned char *found = NULL;
    kept_rows(net, b, rows);
    memset(arrays, 0, CLSNN_NETWORK_ARRAYS * sizeof *arrays);
    for (int r = 0; r < n_rows; r++) {
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
        TRY(clsnn_buffer_read(net->dev, row->buffer, row->offset, n_bytes, found));
        for (size_t i = 0; i < row->rows; i++) {
            const unsigned char *from = found + i * row->stride * row->element_bytes;
            unsigned char *to = (unsigned char *)a->data + i * row->columns * size;
            if (size == row->element_bytes)
                memcpy(to, from, row->columns * size);
            else /* the device keeps 0 or 1 in 16 bits */
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

/* Refuses damaging values: steps index tables on the device; a NaN would show only after a presentation. */
static enum clsnn_status check_values(const struct clsnn_array *a, int delay, const char *label) {
    const size_t n = clsnn_array_count(a);
    const uint8_t *steps = a->data;
    for (size_t k = 0; strcmp(a->name, "delay_steps") == 0 && k < n; k++) {
        if (steps[k] > delay)
            return clsnn_fail(CLSNN_E_DATA, "%s: element %zu of 'delay_steps' = %d: must be in [0, %d]",
                              label, k, steps[k], delay);
    }
    const float *real = a->data;
    const int32_t *step = a->data;
    const float least = strcmp(a->name, "w") == 0 ? 0.0f : -FLT_MAX;
    for (size_t k = 0; a->dtype == CLSNN_F4 && k < n; k++) {
        if (!(real[k] >= least && real[k] <= FLT_MAX))
            return clsnn_fail(CLSNN_E_DATA, "%s: element %zu of '%s' = %g: must be finite%s", label, k,
                              a->name, (double)real[k], least < 0.0f ? "" : " and at least 0");
    }
    /* Input spikes have arrived when a presentation ends. */
    const int latest = strcmp(a->name, "last_pre") == 0 ? -1 - delay : -1;
    for (size_t k = 0; a->dtype == CLSNN_I4 && k < n; k++) {
        if (step[k] < CLSNN_NEVER || step[k] > latest)
            return clsnn_fail(CLSNN_E_DATA, "%s: element %zu of '%s' = %d: must be in [%d, %d]", label, k,
                              a->name, step[k], CLSNN_NEVER, latest);
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_network_load(struct clsnn_network *net, int b, const struct clsnn_npz *npz,
                                     const char *label) {
    enum clsnn_status st = CLSNN_OK;
    struct kept_row rows[CLSNN_NETWORK_ARRAYS];
    const struct clsnn_array *arrays[CLSNN_NETWORK_ARRAYS];
    const int n_rows = clsnn_network_n_arrays(&net->laws);
    unsigned char *image = NULL;
    kept_rows(net, b, rows);
    for (int r = 0; r < n_rows; r++) { /* every array is checked before the first is used */
        const size_t wide[] = {rows[r].rows, rows[r].columns}, flat[] = {rows[r].columns};
        TRY(clsnn_npz_get(npz, label, rows[r].name, rows[r].dtype, rows[r].rows > 1 ? 2 : 1,
                          rows[r].rows > 1 ? wide : flat, &arrays[r]));
    }
    for (int r = 0; r < n_rows; r++) TRY(check_values(arrays[r], net->laws.delay_max, label));
    for (int r = 0; r < n_rows; r++) {
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
        TRY(clsnn_buffer_write(net->dev, row->buffer, row->offset, n_bytes, image));
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

enum clsnn_status clsnn_network_check(const struct clsnn_network *net,
                                      const struct clsnn_progress *progress) {
    enum clsnn_status st = CLSNN_OK;
    /* First a lost network: then the launch has failed for all, whatever faults the others have. */
    for (int b = 0; b < net->n_networks && st == CLSNN_OK; b++)
        if (progress[b].fault_neuron == CLSNN_LOST) st = clsnn_network_check_one(&progress[b], b);
    for (int b = 0; b < net->n_networks && st == CLSNN_OK; b++) st = clsnn_network_check_one(&progress[b], b);
    return st;
}

enum clsnn_status clsnn_network_check_one(const struct clsnn_progress *progress, int b) {
    if (progress->fault_neuron == CLSNN_LOST) {
        return clsnn_fail(
            CLSNN_E_DEVICE,
            "network %d, epoch %u, image %u: the work-groups that share it no longer run at the "
            "same time; other programs may keep the device busy: use --split 1",
            b, progress->epoch + 1, progress->position + 1);
    }
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
