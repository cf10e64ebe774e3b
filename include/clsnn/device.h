/* OpenCL devices, and the kernels compiled for one device. */
#ifndef CLSNN_DEVICE_H
#define CLSNN_DEVICE_H

#include <stdint.h>

#include <CL/cl.h>

#include "clsnn/model.h"
#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

/* A device's description, known without opening the device. */
struct clsnn_device_info {
    cl_platform_id platform;
    cl_device_id id;
    int platform_index, device_index; /* "P:D" names the device */
    char name[256], vendor[128], version[128], driver[128], platform_name[128];
    cl_device_type type;
    cl_uint compute_units;
    cl_ulong global_bytes, max_alloc_bytes, local_bytes;
    size_t max_work_group;
    bool unified_memory; /* the device shares the host's memory */
    bool available;      /* the device answers and has a compiler */
    bool ieee_rounding;  /* float rounds to nearest and has infinities and NaN: equal bits need both */
};

/* Lists all devices of all platforms, in the OpenCL loader's order.
 * out_list  [*out_n], malloc'ed, the caller's
 * Errors: CLSNN_E_NO_DEVICE no platform or no device (the text says what to install); CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_devices_list(struct clsnn_device_info **out_list, size_t *out_n);

/* Picks an available device of list [n] by spec. NULL or "" picks the first GPU, else the first device; "P:D"
 * the device with these indices; "gpu", "cpu" or "accelerator" the first of that type. Any other spec picks
 * the first device whose name contains it, in upper or lower case.
 * Errors: CLSNN_E_NO_DEVICE no device matches; the text names all devices. */
CLSNN_API enum clsnn_status clsnn_device_pick(const struct clsnn_device_info *list, size_t n,
                                              const char *spec, size_t *out_index);

/* An open device: its context, its queue, and the bytes allocated on it. */
struct clsnn_device;
/* Opens the device that spec picks (clsnn_device_pick).
 * Errors: CLSNN_E_NO_DEVICE none matches, or its float arithmetic would give other bits; CLSNN_E_DEVICE;
 * CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_device_open(const char *spec, struct clsnn_device **out);
/* Closes dev. Takes NULL. Destroy every object made on dev first. */
CLSNN_API void clsnn_device_close(struct clsnn_device *dev);
/* Returns the description of dev, valid until dev is closed. */
CLSNN_API const struct clsnn_device_info *clsnn_device_get_info(const struct clsnn_device *dev);
/* Keeps the kernels that are compiled for dev from now on in the directory dir, and takes them from there.
 * This serves drivers that compile at every start, such as Intel's CPU runtime. Most have a cache already.
 * dir  copied, made when it is first needed, shared by any number of processes; NULL (as after
 *      clsnn_device_open): nothing is kept. Its files are code, so nobody else may write there.
 * A directory that cannot be made or written is no error. A damaged file is made again. dir keeps at most 64
 * files; the one unused longest goes first.
 * Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_device_cache(struct clsnn_device *dev, const char *dir);

/* The kernels of a program. RUN: training and evaluation. PROFILE: the same, with each phase of training as a
 * kernel of its own, to be timed. REPLAY: replay (replay.h). BARE: steps without spikes, for bench. */
enum clsnn_program_kind {
    CLSNN_PROGRAM_RUN,
    CLSNN_PROGRAM_PROFILE,
    CLSNN_PROGRAM_REPLAY,
    CLSNN_PROGRAM_BARE
};

/* The library's kernels, compiled for one device and one work-group size. */
struct clsnn_program;
/* Creates a program for networks of 784 inputs. clsnn_program_prepare compiles kernels, or the first batch
 * that needs them.
 * dev         borrowed; outlives the program
 * work_group  work-items that simulate one network: a power of two, or 0 for a size that suits dev and the
 *             network. Every size gives the same results.
 * Errors: CLSNN_E_USAGE dev cannot run this work-group; CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_program_create(struct clsnn_device *dev, enum clsnn_program_kind kind,
                                                 int work_group, struct clsnn_program **out);
/* The same for networks of n_pre inputs, 1 to 4096, one for each pixel of the images.
 * Errors: also CLSNN_E_SHAPE n_pre is out of range. */
CLSNN_API enum clsnn_status clsnn_program_create_for(struct clsnn_device *dev, enum clsnn_program_kind kind,
                                                     int work_group, uint32_t n_pre,
                                                     struct clsnn_program **out);
CLSNN_API void clsnn_program_destroy(struct clsnn_program *prog); /* takes NULL */
/* Compiles the kernels for networks of `neurons` with these laws, unless prog has them.
 * Errors: CLSNN_E_BUILD (the compiler's log is in the text); CLSNN_E_USAGE dev cannot run the work-group;
 * CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_program_prepare(const struct clsnn_program *prog, uint32_t neurons,
                                                  const struct clsnn_laws *laws);
/* Sets how many work-groups share one network in training: 1 to 32, or 0 for a number that suits
 * the device and the network. Every number gives the same results. */
CLSNN_API void clsnn_program_split(struct clsnn_program *prog, int split);
/* Compiles kernels to train n_networks networks at once by several work-groups each, where that pays. Batches
 * use them after the self-test. With other laws than the default one work-group trains a network.
 * Errors: CLSNN_E_USAGE a split of 2 or more that such laws rule out; as
 * of clsnn_program_prepare. */
CLSNN_API enum clsnn_status clsnn_program_share(const struct clsnn_program *prog, int n_networks,
                                                uint32_t neurons, const struct clsnn_laws *laws);
/* Returns the work-group size: the one asked for, else that of the kernels compiled last, else 0. */
CLSNN_API int clsnn_program_work_group(const struct clsnn_program *prog);

/* Hashes the kernels' source: SHA-256 in hexadecimal. The hash leaves out comments, layout and file
 * names, so moving or reformatting a file does not look like another program. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_program_hash(char out_hex[CLSNN_SHA256_HEX]);

CLSNN_END_DECLS

#endif
