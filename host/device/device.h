/* An open device from the inside: its queue, its buffers, kernel launches, measured times. This header is the
 * only door to OpenCL. */
#ifndef CLSNN_DEVICE_STATE_H
#define CLSNN_DEVICE_STATE_H

#include "clsnn/device.h"

/* The purpose of a command on the device, as --profile shows it. */
enum clsnn_phase {
    CLSNN_TIME_NORMALISE,
    CLSNN_TIME_ENCODE,
    CLSNN_TIME_PRESENT,
    CLSNN_TIME_REST,
    CLSNN_TIME_TRAIN, /* whole presentations in one launch */
    CLSNN_TIME_LABEL,
    CLSNN_TIME_TEST,
    CLSNN_TIME_OTHER, /* set-up and replay */
    CLSNN_TIME_TRANSFER,
    CLSNN_N_TIMES
};

const char *clsnn_phase_name(enum clsnn_phase phase);

/* Seconds on the device and numbers of commands, summed from OpenCL's events. */
struct clsnn_profile {
    double seconds[CLSNN_N_TIMES];
    uint64_t commands[CLSNN_N_TIMES];
};

struct clsnn_device {
    struct clsnn_device_info info;
    cl_context context;
    cl_command_queue queue; /* in order */
    size_t allocated_bytes; /* sum of the buffers, for the memory budget */
    char *cache_dir;        /* owned; NULL: compiled kernels are not kept */
    /* borrowed; NULL: nothing is timed. Otherwise the host waits for each command and adds its time. */
    struct clsnn_profile *profile;
};

/* Opens the device that info describes. Errors: as of clsnn_device_open. */
enum clsnn_status clsnn_device_open_info(const struct clsnn_device_info *info, struct clsnn_device **out);

/* Returns how many networks the device trains side by side at the pace of one network alone on a GPU. Batches
 * are divided among devices by this number. */
uint32_t clsnn_device_capacity(const struct clsnn_device_info *d);
/* Returns the index in list [n] of the available device that is the faster one for so many networks of
 * `neurons` side by side; n: no device is available. device.c has the rule and its reason. */
size_t clsnn_device_default(const struct clsnn_device_info *list, size_t n, uint64_t networks,
                            uint32_t neurons);
/* Returns whether spec asks for several devices of list [n]: "all", or names with commas between them. A name
 * may itself hold a comma. */
bool clsnn_device_spec_is_list(const struct clsnn_device_info *list, size_t n, const char *spec);
/* Picks every device that spec names: all available ones, or one (clsnn_device_pick) for each name.
 * out_indices  [n], in the order of spec; *out_n of them are written
 * Errors: CLSNN_E_NO_DEVICE a name matches none; CLSNN_E_USAGE one device twice; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_devices_pick(const struct clsnn_device_info *list, size_t n, const char *spec,
                                     size_t *out_indices, size_t *out_n);
/* Writes "0:1 (NAME)". */
enum { CLSNN_DEVICE_LABEL = 300 };
void clsnn_device_label(const struct clsnn_device_info *d, char out[CLSNN_DEVICE_LABEL]);

/* Returns the work-items that suit dev for a network of `neurons`: 1 on a CPU, else one for four neurons,
 * within limits. */
int clsnn_device_work_group(const struct clsnn_device *dev, uint32_t neurons);
/* Returns the work-groups that should share each of n_networks networks of `neurons` in training: 1 where
 * meeting in every step costs more than it saves. */
int clsnn_device_shares(const struct clsnn_device *dev, int n_networks, uint32_t neurons);

/* Seconds that a kernel launch should take: short enough for fluent progress, long enough to make the launch
 * itself cost nothing. */
#define CLSNN_LAUNCH_SECONDS 0.3

/* Returns the bytes that all buffers together may take: 90 % of the device's memory. */
cl_ulong clsnn_device_budget(const struct clsnn_device *dev);

/* Creates a buffer; label names it in messages. The caller owns *out and releases it by clsnn_buffer_release.
 * host: the first contents, n_bytes, or NULL. borrow: kernels only read the buffer, and a device with unified
 * memory uses host in place. So host must outlive the buffer and stay unchanged.
 * Errors: CLSNN_E_DEVICE_MEMORY over the budget, over the largest allocation, or refused; others by
 * clsnn_cl_status. */
enum clsnn_status clsnn_buffer_create(struct clsnn_device *dev, const char *label, size_t n_bytes,
                                      const void *host, bool borrow, cl_mem *out);
/* Releases *buffer and sets it to NULL. Takes a NULL buffer. */
void clsnn_buffer_release(struct clsnn_device *dev, cl_mem *buffer);
/* Copies n_bytes between the buffer, from offset on, and the host. Blocks. */
enum clsnn_status clsnn_buffer_read(struct clsnn_device *dev, cl_mem from, size_t offset, size_t n_bytes,
                                    void *to);
enum clsnn_status clsnn_buffer_write(struct clsnn_device *dev, cl_mem to, size_t offset, size_t n_bytes,
                                     const void *from);
/* Fills n_bytes from offset on with copies of a 4-byte pattern. Waits only to time the command. */
enum clsnn_status clsnn_buffer_fill(struct clsnn_device *dev, cl_mem to, size_t offset, size_t n_bytes,
                                    uint32_t pattern);

/* A kernel's argument: a value, or local memory (value NULL). */
struct clsnn_arg {
    size_t n_bytes;
    const void *value;
};
#define CLSNN_ARG(x)                                                                                         \
    { sizeof(x), &(x) }
#define CLSNN_LOCAL(n_bytes)                                                                                 \
    { (n_bytes), NULL }
/* Sets arguments 0 .. n_args - 1 and enqueues the kernel. n_dims: 1 or 2. Waits only to time the kernel. */
enum clsnn_status clsnn_kernel_run(struct clsnn_device *dev, enum clsnn_phase phase, cl_kernel kernel,
                                   const struct clsnn_arg *args, size_t n_args, cl_uint n_dims,
                                   const size_t *global, const size_t *local);
enum clsnn_status clsnn_device_wait(struct clsnn_device *dev);

const char *clsnn_cl_error_name(cl_int code);
/* Returns the status for an OpenCL code: host memory, device memory, a failed build, else a lost device. */
enum clsnn_status clsnn_cl_status(cl_int code);
/* Records a failed OpenCL call and returns the status for its code. */
enum clsnn_status clsnn_fail_cl(cl_int code, const char *call);

/* Evaluates an OpenCL call that returns cl_int. On failure records the call, sets st and goes to fail. */
#define TRY_CL(call)                                                                                         \
    do {                                                                                                     \
        cl_int cl_code_ = (call);                                                                            \
        if (cl_code_ != CL_SUCCESS) {                                                                        \
            st = clsnn_fail_cl(cl_code_, #call);                                                             \
            goto fail;                                                                                       \
        }                                                                                                    \
    } while (0)

#endif
