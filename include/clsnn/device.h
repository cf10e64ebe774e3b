/* OpenCL devices, and the kernels compiled for one of them. */
#ifndef CLSNN_DEVICE_H
#define CLSNN_DEVICE_H

#include <CL/cl.h>

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

/* What is known of a device without opening it. */
struct clsnn_device_info {
    cl_platform_id platform;
    cl_device_id id;
    int platform_index, device_index; /* "0:1" as a device string */
    char name[256], vendor[128], version[128], driver[128], platform_name[128];
    cl_device_type type;
    cl_uint compute_units;
    cl_ulong global_bytes, max_alloc_bytes, local_bytes;
    size_t max_work_group;
    bool unified_memory; /* shares the host's memory */
    bool available;      /* has a compiler and answers */
    bool ieee_rounding;  /* float arithmetic rounds to nearest and has infinities, as equal bits need */
};

/* All devices of all platforms, in the loader's order. *out_list is malloc'ed, the caller's.
 * Errors: CLSNN_E_NO_DEVICE no platform or no device, with what to install. */
CLSNN_API enum clsnn_status clsnn_devices_list(struct clsnn_device_info **out_list, size_t *out_n);

/* Picks a device of a list by a string. NULL or "": the first GPU, else the first device. "P:D": by its indices. "gpu",
 * "cpu", "accelerator": the first of that type. Anything else: a part of its name, whatever the case.
 * Errors: CLSNN_E_NO_DEVICE, naming every device there is. */
CLSNN_API enum clsnn_status clsnn_device_pick(const struct clsnn_device_info *list, size_t n,
                                              const char *spec, size_t *out_index);

/* An open device: its context, its queue, its buffers. */
struct clsnn_device;
/* Opens the device that spec picks. Errors: as of clsnn_device_pick; CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_device_open(const char *spec, struct clsnn_device **out);
/* Takes NULL. Everything made on the device is destroyed before it. */
CLSNN_API void clsnn_device_close(struct clsnn_device *dev);
CLSNN_API const struct clsnn_device_info *clsnn_device_get_info(const struct clsnn_device *dev);

/* Which kernels a program has: training and evaluation; the same with training in phases that are timed one by one;
 * replay (replay.h). */
enum clsnn_program_kind { CLSNN_PROGRAM_RUN, CLSNN_PROGRAM_PROFILE, CLSNN_PROGRAM_REPLAY };

/* The embedded kernels, compiled for one device and one size of work-group. */
struct clsnn_program;
/* Compiles for dev, which is borrowed and outlives the program. work_group: work-items that simulate one network, a power
 * of two; 0 picks what suits the device. No result depends on it.
 * Errors: CLSNN_E_BUILD with the compiler's log; CLSNN_E_USAGE a work-group that the device cannot run. */
CLSNN_API enum clsnn_status clsnn_program_create(struct clsnn_device *dev, enum clsnn_program_kind kind,
                                                 int work_group, struct clsnn_program **out);
CLSNN_API void clsnn_program_destroy(struct clsnn_program *prog); /* takes NULL */
CLSNN_API int clsnn_program_work_group(const struct clsnn_program *prog);

/* SHA-256 of the embedded source, in hexadecimal. Comments, empty lines and the names of files are no part of it: moving
 * a file or rewording a comment never looks like another program. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_program_hash(char out_hex[CLSNN_SHA256_HEX]);

CLSNN_END_DECLS

#endif
