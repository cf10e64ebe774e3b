/* A batch of independent networks of one size on the device. The batch owns all that survives a step:
 * weights, potentials, conductances, thresholds, traces. The network is the outermost index.
 * struct clsnn_trainer (train.h) adds images, their order and spike counts. */
#ifndef CLSNN_NETWORK_H
#define CLSNN_NETWORK_H

#include "clsnn/abi.h"
#include "clsnn/model.h"
#include "clsnn/device.h"
#include "clsnn/npz.h"
#include "device/device.h"
#include "device/program.h"

/* The memory that work-groups compute in: CLSNN_STATE_ROWS (abi.h) for each of n_slots networks. Evaluation
 * has slots of its own, so testing leaves a network in training as it is. */
struct clsnn_state {
    cl_mem slots; /* u32 [n_slots][CLSNN_SLOT_WORDS(n, n_pre, delay)] */
    size_t n_slots, n, n_pre;
    int delay; /* the longest delay of its networks, in steps; 0: none */
};

#define CLSNN_ROW_NAME(type, name, elements) CLSNN_ROW_##name,
enum clsnn_row { CLSNN_STATE_ROWS(CLSNN_ROW_NAME, 0, 0, 0) CLSNN_N_ROWS };
#undef CLSNN_ROW_NAME

/* The place of a slot's row in the buffer, in bytes. */
struct clsnn_span {
    size_t offset, n_bytes;
};

struct clsnn_network {
    struct clsnn_device *dev;          /* borrowed */
    const struct clsnn_build *kernels; /* borrowed from the program */
    const struct clsnn_build *shared;  /* the same, to train by several work-groups a network; or NULL */
    struct clsnn_laws laws;            /* the kernels' */
    cl_int n_networks, n_pre, n_post;
    cl_int n;                 /* n_post padded to CLSNN_ROW_ALIGN: the stride of a row */
    cl_mem params;            /* struct clsnn_params [n_networks] */
    cl_mem tables;            /* struct clsnn_tables [n_networks] */
    cl_mem w;                 /* f32 [n_networks][n_pre][n], padding 0 */
    cl_mem theta;             /* f32 [n_networks][n], mV, padding infinite */
    cl_mem zeros;             /* f32 [n], a row of weights that adds nothing */
    cl_mem delays;            /* u8 [n_networks][n_pre][n] steps, padding 0; empty without delays */
    cl_mem progress;          /* struct clsnn_progress [n_networks] */
    struct clsnn_state state; /* n_networks slots */
    cl_int n_shares;          /* work-groups that train a network */
    /* One work-group may still be faster: on a CPU with other work to do, several wait for each other. So
     * launches keep trying both ways. */
    bool adapts;
    cl_int patience;                  /* of their meetings: 2^patience looks */
    struct clsnn_state inputs;        /* n_networks * n_shares slots of 0 neurons: kernels/launch/train.cl */
    cl_mem board;                     /* u32 [n_networks][2][n_shares][CLSNN_BOARD_WORDS], the same */
    struct clsnn_params *host_params; /* [n_networks], the host's copy of params */
};

/* Creates a batch of n_networks networks of n_post neurons. models[b] and seeds[b] start network b; both are
 * copied; all have the same laws. dev and prog are borrowed and outlive the network.
 * Errors: CLSNN_E_SHAPE no network, n_post out of range, or laws differ; CLSNN_E_DEVICE_MEMORY,
 * CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_network_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                       const struct clsnn_model *models, const uint64_t *seeds,
                                       int n_networks, int n_post, struct clsnn_network **out);
/* The same without a start: the caller calls clsnn_network_start for each network before using it. */
enum clsnn_status clsnn_network_create_empty(struct clsnn_device *dev, const struct clsnn_program *prog,
                                             const struct clsnn_laws *laws, int n_networks, int n_post,
                                             struct clsnn_network **out);
/* The same with given kernels, which hold n_post neurons and the models' laws. n_shares work-groups of
 * kernels `shared` train each network; 1 and NULL: one of `kernels`. models NULL: the caller calls
 * clsnn_network_start for each network before using it. */
enum clsnn_status clsnn_network_create_with(struct clsnn_device *dev, const struct clsnn_build *kernels,
                                            const struct clsnn_build *shared, int n_shares,
                                            const struct clsnn_model *models, const uint64_t *seeds,
                                            int n_networks, int n_post, struct clsnn_network **out);
void clsnn_network_destroy(struct clsnn_network *net); /* takes NULL and half-built ones */

/* Puts network b at the protocol's start: weights drawn from seed, theta at theta_init_mv, potentials at
 * v_start_offset_mv from rest. Errors: CLSNN_E_SHAPE the kernels have other laws than model; CLSNN_E_MEMORY,
 * CLSNN_E_DEVICE. */
enum clsnn_status clsnn_network_start(struct clsnn_network *net, int b, const struct clsnn_model *model,
                                      uint64_t seed);

/* Copies network b's learned state to the host (get) or from it (set).
 * w [n_pre][n_post], theta_mv [n_post], the caller's. */
enum clsnn_status clsnn_network_get(const struct clsnn_network *net, int b, float *w, float *theta_mv);
enum clsnn_status clsnn_network_set(struct clsnn_network *net, int b, const float *w, const float *theta_mv);
/* Copies network b's delays to the host (get) or from it (set): steps [n_pre][n_post], the caller's. The
 * network has delays: net->laws.delay_max is not 0, and no step is above it. */
enum clsnn_status clsnn_network_get_delays(const struct clsnn_network *net, int b, uint8_t *delay_steps);
enum clsnn_status clsnn_network_set_delays(struct clsnn_network *net, int b, const uint8_t *delay_steps);
/* A network's checkpoint: everything of network b that survives a presentation, in arrays without padding,
 * which fit any device and work-group: w [n_pre][n_post]; theta_mv, v_exc, g_exc, g_inh, last_exc, v_inh,
 * g_exc_inh, last_inh, seen_inh and over (the row above_max), each [n_post]; last_pre [n_pre]; with pairing
 * all x_pre [n_pre], y_post and y2_post [n_post]; with delays delay_steps [n_pre][n_post]. v_exc and v_inh
 * are relative to rest. save allocates the arrays, drop frees them. load takes them from npz (label names
 * npz) and checks all of them before it writes the first.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE; CLSNN_E_DATA an array is missing, or has a wrong shape or value. */
#define CLSNN_NETWORK_ARRAYS 16 /* at most */
/* Returns the number of arrays of a network with these laws. */
int clsnn_network_n_arrays(const struct clsnn_laws *laws);
enum clsnn_status clsnn_network_save(const struct clsnn_network *net, int b,
                                     struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]);
void clsnn_network_drop(struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]);
enum clsnn_status clsnn_network_load(struct clsnn_network *net, int b, const struct clsnn_npz *npz,
                                     const char *label);
/* Puts every network at rest: v at rest, conductances and traces 0. */
enum clsnn_status clsnn_network_rest(struct clsnn_network *net);
/* Returns the bytes of one mask of neurons in local memory. Every launch takes CLSNN_EXC_MASKS masks, then
 * CLSNN_INH_MASKS. */
size_t clsnn_network_mask_bytes(const struct clsnn_network *net);
/* Returns the bytes of the table of depressions in local memory, for work-groups of many. */
size_t clsnn_network_depress_bytes(const struct clsnn_network *net);
/* Returns the bytes of net->board. */
size_t clsnn_network_board_bytes(const struct clsnn_network *net);
/* The first and the last arguments of every kernel that shows images. */
#define CLSNN_NETWORK_ARGS(net)                                                                              \
    CLSNN_ARG((net)->params), CLSNN_ARG((net)->tables), CLSNN_ARG((net)->w), CLSNN_ARG((net)->theta),        \
        CLSNN_ARG((net)->zeros), CLSNN_ARG((net)->delays)
#define CLSNN_LOCAL_ARGS(net)                                                                                \
    CLSNN_LOCAL(CLSNN_EXC_MASKS *clsnn_network_mask_bytes(net)),                                             \
        CLSNN_LOCAL(CLSNN_INH_MASKS *clsnn_network_mask_bytes(net)),                                         \
        CLSNN_LOCAL(clsnn_network_depress_bytes(net))
/* Checks after a launch that no potential left its limits.
 * Errors: CLSNN_E_SELFTEST naming network, neuron, image. */
enum clsnn_status clsnn_network_check_one(const struct clsnn_progress *progress, int b);
enum clsnn_status clsnn_network_check(const struct clsnn_network *net, const struct clsnn_progress *progress);

/* Creates n_slots slots for networks of n neurons, padding included, and n_pre inputs, with delays of at most
 * `delay` steps, all zero. finish takes {0}. */
enum clsnn_status clsnn_state_create(struct clsnn_device *dev, size_t n_slots, size_t n, size_t n_pre,
                                     int delay, struct clsnn_state *out);
void clsnn_state_finish(struct clsnn_device *dev, struct clsnn_state *s);

struct clsnn_span clsnn_state_row(const struct clsnn_state *s, size_t slot, enum clsnn_row row);
/* Returns the bytes of device memory that one slot of state takes. */
size_t clsnn_state_bytes(int n_pre, int n_post, int delay);
/* Returns the bytes of device memory that one network takes, scratch included. Batches are packed by it. */
size_t clsnn_network_bytes(int n_pre, int n_post, int delay);

#endif
