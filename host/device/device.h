/* An open device from the inside: its queue, its buffers, kernels that run, time that is measured. The only door to OpenCL. */
#ifndef CLSNN_DEVICE_STATE_H
#define CLSNN_DEVICE_STATE_H

#include "clsnn/device.h"

/* What a command on the device is for, as --profile tells. */
enum clsnn_phase {
    CLSNN_TIME_NORMALISE,
    CLSNN_TIME_ENCODE,
    CLSNN_TIME_PRESENT,
    CLSNN_TIME_REST,
    CLSNN_TIME_TRAIN, /* whole presentations in one launch */
    CLSNN_TIME_LABEL,
    CLSNN_TIME_TEST,
    CLSNN_TIME_OTHER, /* set-up, replay */
    CLSNN_TIME_TRANSFER,
    CLSNN_N_TIMES
};

const char *clsnn_phase_name(enum clsnn_phase phase);

/* Seconds on the device and commands, summed from OpenCL's events. */
struct clsnn_profile {
    double seconds[CLSNN_N_TIMES];
    uint64_t commands[CLSNN_N_TIMES];
};

struct clsnn_device {
    struct clsnn_device_info info;
    cl_context context;
    cl_command_queue queue; /* in order */
    size_t allocated_bytes; /* sum of its buffers, for the memory budget */
    /* borrowed; NULL: nothing is timed. When set, every command is waited for and added */
    struct clsnn_profile *profile;
};

/* Work-items of a work-group that suit the device: 1 on CPUs, where plain loops are vectorised; 128 on GPUs, if they can. */
int clsnn_device_work_group(const struct clsnn_device *dev);

/* Bytes that all buffers together may take: 90 % of the device's memory. */
cl_ulong clsnn_device_budget(const struct clsnn_device *dev);

/* Buffers. label names the buffer in messages. The caller owns *out and gives it back by clsnn_buffer_release.
 * host: NULL, or n_bytes to begin with. With borrow the device may use that memory in place (unified memory): it then has to
 * outlive the buffer and stay unchanged.
 * Errors: CLSNN_E_DEVICE_MEMORY over the budget, over the largest allocation, or refused. */
enum clsnn_status clsnn_buffer_create(struct clsnn_device *dev, const char *label, size_t n_bytes,
                                      const void *host, bool borrow, cl_mem *out);
void clsnn_buffer_release(struct clsnn_device *dev,
                          cl_mem *buffer); /* takes a NULL buffer; sets it to NULL */
/* Blocking copies. */
enum clsnn_status clsnn_buffer_read(struct clsnn_device *dev, cl_mem from, size_t offset, size_t n_bytes,
                                    void *to);
enum clsnn_status clsnn_buffer_write(struct clsnn_device *dev, cl_mem to, size_t offset, size_t n_bytes,
                                     const void *from);
/* Sets n_bytes from offset on to copies of a 4-byte pattern. */
enum clsnn_status clsnn_buffer_fill(struct clsnn_device *dev, cl_mem to, size_t offset, size_t n_bytes,
                                    uint32_t pattern);

/* Sets arguments 0 .. n - 1 and enqueues the kernel; waits only to time it. n_dims 1 or 2. */
struct clsnn_arg {
    size_t n_bytes;
    const void *value;
};
#define CLSNN_ARG(x)                                                                                         \
    { sizeof(x), &(x) }
#define CLSNN_LOCAL(n_bytes)                                                                                 \
    { (n_bytes), NULL } /* local memory */
enum clsnn_status clsnn_kernel_run(struct clsnn_device *dev, enum clsnn_phase phase, cl_kernel kernel,
                                   const struct clsnn_arg *args, size_t n_args, cl_uint n_dims,
                                   const size_t *global, const size_t *local);
enum clsnn_status clsnn_device_wait(struct clsnn_device *dev);

const char *clsnn_cl_error_name(cl_int code);
/* The status that fits an OpenCL code: host memory, device memory, a build, else a lost device. */
enum clsnn_status clsnn_cl_status(cl_int code);
/* Records a failed OpenCL call and returns the status that fits its code. */
enum clsnn_status clsnn_fail_cl(cl_int code, const char *call);

/* Evaluates an OpenCL call that returns cl_int; on failure records it, sets st and goes to fail. */
#define TRY_CL(call)                                                                                         \
    do {                                                                                                     \
        cl_int cl_code_ = (call);                                                                            \
        if (cl_code_ != CL_SUCCESS) {                                                                        \
            st = clsnn_fail_cl(cl_code_, #call);                                                             \
            goto fail;                                                                                       \
        }                                                                                                    \
    } while (0)

#endif
