/* OpenCL platforms, devices, queues and buffers. */
#include "device/device.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <strings.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/icd.h"

#define INSTALL_HINT                                                                                         \
    "install one: on Debian and Ubuntu 'apt install pocl-opencl-icd' runs on any CPU; GPU vendors ship "     \
    "theirs (nvidia-opencl-icd, intel-opencl-icd, rocm-opencl-icd); in a container with an NVIDIA GPU "      \
    "'echo libnvidia-opencl.so.1 > /etc/OpenCL/vendors/nvidia.icd'"

static const cl_int no_platform = -1001; /* CL_PLATFORM_NOT_FOUND_KHR of cl_khr_icd */

const char *clsnn_cl_error_name(cl_int code) {
#define NAME(x)                                                                                              \
    case x: return #x
    switch (code) {
        NAME(CL_SUCCESS);
        NAME(CL_DEVICE_NOT_FOUND);
        NAME(CL_DEVICE_NOT_AVAILABLE);
        NAME(CL_COMPILER_NOT_AVAILABLE);
        NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE);
        NAME(CL_OUT_OF_RESOURCES);
        NAME(CL_OUT_OF_HOST_MEMORY);
        NAME(CL_PROFILING_INFO_NOT_AVAILABLE);
        NAME(CL_MEM_COPY_OVERLAP);
        NAME(CL_BUILD_PROGRAM_FAILURE);
        NAME(CL_MAP_FAILURE);
        NAME(CL_MISALIGNED_SUB_BUFFER_OFFSET);
        NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
        NAME(CL_INVALID_VALUE);
        NAME(CL_INVALID_DEVICE_TYPE);
        NAME(CL_INVALID_PLATFORM);
        NAME(CL_INVALID_DEVICE);
        NAME(CL_INVALID_CONTEXT);
        NAME(CL_INVALID_QUEUE_PROPERTIES);
        NAME(CL_INVALID_COMMAND_QUEUE);
        NAME(CL_INVALID_HOST_PTR);
        NAME(CL_INVALID_MEM_OBJECT);
        NAME(CL_INVALID_BUILD_OPTIONS);
        NAME(CL_INVALID_PROGRAM);
        NAME(CL_INVALID_PROGRAM_EXECUTABLE);
        NAME(CL_INVALID_KERNEL_NAME);
        NAME(CL_INVALID_KERNEL_DEFINITION);
        NAME(CL_INVALID_KERNEL);
        NAME(CL_INVALID_ARG_INDEX);
        NAME(CL_INVALID_ARG_VALUE);
        NAME(CL_INVALID_ARG_SIZE);
        NAME(CL_INVALID_KERNEL_ARGS);
        NAME(CL_INVALID_WORK_DIMENSION);
        NAME(CL_INVALID_WORK_GROUP_SIZE);
        NAME(CL_INVALID_WORK_ITEM_SIZE);
        NAME(CL_INVALID_EVENT_WAIT_LIST);
        NAME(CL_INVALID_EVENT);
        NAME(CL_INVALID_OPERATION);
        NAME(CL_INVALID_BUFFER_SIZE);
    }
#undef NAME
    return code == no_platform ? "CL_PLATFORM_NOT_FOUND_KHR" : "an unknown OpenCL error";
}

enum clsnn_status clsnn_cl_status(cl_int code) {
    switch (code) {
    case CL_OUT_OF_HOST_MEMORY: return CLSNN_E_MEMORY;
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_RESOURCES:
    case CL_INVALID_BUFFER_SIZE: return CLSNN_E_DEVICE_MEMORY;
    case CL_COMPILER_NOT_AVAILABLE:
    case CL_BUILD_PROGRAM_FAILURE:
    case CL_COMPILE_PROGRAM_FAILURE:
    case CL_LINK_PROGRAM_FAILURE:
    case CL_INVALID_BINARY:
    case CL_INVALID_BUILD_OPTIONS:
    case CL_INVALID_PROGRAM: /* CLBlast's code for a failed build */
    case CL_INVALID_PROGRAM_EXECUTABLE:
    case CL_INVALID_KERNEL_NAME:
    case CL_INVALID_KERNEL_DEFINITION: return CLSNN_E_BUILD;
    default: return CLSNN_E_DEVICE;
    }
}

enum clsnn_status clsnn_fail_cl(cl_int code, const char *call) {
    const char *end = strchr(call, '(');
    return clsnn_fail(clsnn_cl_status(code), "%.*s failed: %s (%d)",
                      end ? (int)(end - call) : (int)strlen(call), call, clsnn_cl_error_name(code), code);
}

static void text_info(cl_device_id id, cl_device_info what, size_t size, char *out) {
    if (clGetDeviceInfo(id, what, size - 1, out, NULL) != CL_SUCCESS) snprintf(out, size, "unknown");
    out[size - 1] = '\0';
}

static void describe(cl_device_id id, struct clsnn_device_info *d) {
    cl_bool compiler = CL_FALSE, available = CL_FALSE, unified = CL_FALSE;
    d->id = id;
    text_info(id, CL_DEVICE_NAME, sizeof d->name, d->name);
    text_info(id, CL_DEVICE_VENDOR, sizeof d->vendor, d->vendor);
    text_info(id, CL_DEVICE_VERSION, sizeof d->version, d->version);
    text_info(id, CL_DRIVER_VERSION, sizeof d->driver, d->driver);
    cl_device_fp_config fp = 0;
    const struct {
        cl_device_info what;
        size_t n_bytes;
        void *to;
    } facts[] = {
        {CL_DEVICE_TYPE, sizeof d->type, &d->type},
        {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof d->compute_units, &d->compute_units},
        {CL_DEVICE_GLOBAL_MEM_SIZE, sizeof d->global_bytes, &d->global_bytes},
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof d->max_alloc_bytes, &d->max_alloc_bytes},
        {CL_DEVICE_LOCAL_MEM_SIZE, sizeof d->local_bytes, &d->local_bytes},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof d->max_work_group, &d->max_work_group},
        {CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified},
        {CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler},
        {CL_DEVICE_AVAILABLE, sizeof available, &available},
        {CL_DEVICE_SINGLE_FP_CONFIG, sizeof fp, &fp},
    };
    /* A device that cannot tell its limits counts as not available. */
    bool told = true;
    for (size_t k = 0; k < sizeof facts / sizeof *facts; k++)
        told = clGetDeviceInfo(id, facts[k].what, facts[k].n_bytes, facts[k].to, NULL) == CL_SUCCESS && told;
    d->unified_memory = unified == CL_TRUE;
    d->ieee_rounding = (fp & CL_FP_ROUND_TO_NEAREST) && (fp & CL_FP_INF_NAN);
    d->available = told && compiler == CL_TRUE && available == CL_TRUE;
}

enum clsnn_status clsnn_devices_list(struct clsnn_device_info **out_list, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    enum { MAX_PLATFORMS = 32, MAX_DEVICES = 64 };
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint n_platforms = 0;
    struct clsnn_device_info *list = NULL;
    size_t n = 0;
    char problems[2048], names[512] = "";
    cl_int code = clGetPlatformIDs(MAX_PLATFORMS, platforms, &n_platforms);
    if (code != CL_SUCCESS && code != no_platform) {
        return clsnn_fail(CLSNN_E_NO_DEVICE, "clGetPlatformIDs failed: %s (%d)", clsnn_cl_error_name(code),
                          code);
    }
    if (n_platforms == 0) {
        clsnn_icd_problems(problems, sizeof problems);
        return clsnn_fail(CLSNN_E_NO_DEVICE, "no OpenCL platform found%s; " INSTALL_HINT, problems);
    }
    if (n_platforms > MAX_PLATFORMS) n_platforms = MAX_PLATFORMS;
    for (cl_uint p = 0; p < n_platforms; p++) {
        cl_device_id ids[MAX_DEVICES];
        cl_uint n_ids = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, MAX_DEVICES, ids, &n_ids) != CL_SUCCESS) {
            char name[128] = "unknown";
            const size_t at = strlen(names);
            clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
            snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", name);
            continue;
        }
        if (n_ids > MAX_DEVICES) n_ids = MAX_DEVICES;
        struct clsnn_device_info *grown = realloc(list, (n + n_ids) * sizeof *list);
        if (!grown) {
            st = clsnn_fail(CLSNN_E_MEMORY, "device list: no memory for %zu entries", n + n_ids);
            goto fail;
        }
        list = grown;
        for (cl_uint d = 0; d < n_ids; d++, n++) {
            memset(&list[n], 0, sizeof list[n]);
            describe(ids[d], &list[n]);
            list[n].platform = platforms[p];
            list[n].platform_index = (int)p;
            list[n].device_index = (int)d;
            if (clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof list[n].platform_name - 1,
                                  list[n].platform_name, NULL) != CL_SUCCESS) {
                snprintf(list[n].platform_name, sizeof list[n].platform_name, "unknown");
            }
        }
    }
    if (n == 0) {
        clsnn_icd_problems(problems, sizeof problems);
        st = clsnn_fail(
            CLSNN_E_NO_DEVICE,
            "no device on any OpenCL platform (%s)%s; pocl, if installed, may lack a place for its "
            "cache: set POCL_CACHE_DIR to a writable directory; rusticl needs RUSTICL_ENABLE with "
            "the names of its drivers, such as llvmpipe; else " INSTALL_HINT,
            names, problems);
        goto fail;
    }
    *out_list = list;
    *out_n = n;
    return CLSNN_OK;
fail:
    free(list);
    return st;
}

static bool contains_ignoring_case(const char *text, const char *part) {
    const size_t n = strlen(part);
    for (; *text; text++) {
        if (strncasecmp(text, part, n) == 0) return true;
    }
    return false;
}

static bool parse_pair(const char *spec, int *out_platform, int *out_device) {
    int end = 0;
    return isdigit((unsigned char)spec[0]) &&
           sscanf(spec, "%4d:%4d%n", out_platform, out_device, &end) == 2 && spec[end] == '\0';
}

enum clsnn_status clsnn_device_pick(const struct clsnn_device_info *list, size_t n, const char *spec,
                                    size_t *out_index) {
    cl_device_type type = 0;
    int platform = -1, device = -1;
    if (spec && strcasecmp(spec, "gpu") == 0) type = CL_DEVICE_TYPE_GPU;
    if (spec && strcasecmp(spec, "cpu") == 0) type = CL_DEVICE_TYPE_CPU;
    if (spec && strcasecmp(spec, "accelerator") == 0) type = CL_DEVICE_TYPE_ACCELERATOR;
    const bool any = !spec || !*spec, pair = !any && parse_pair(spec, &platform, &device);
    for (int pass = any ? 0 : 1; pass < 2; pass++) {
        for (size_t d = 0; d < n; d++) {
            bool match = any    ? pass == 1 || (list[d].type & CL_DEVICE_TYPE_GPU) != 0
                         : type ? (list[d].type & type) != 0
                         : pair ? list[d].platform_index == platform && list[d].device_index == device
                                : contains_ignoring_case(list[d].name, spec);
            if (!match || !list[d].available) continue;
            *out_index = d;
            return CLSNN_OK;
        }
    }
    char known[1024] = "";
    size_t at = 0;
    for (size_t d = 0; d < n && at < sizeof known; d++) {
        int wrote =
            snprintf(known + at, sizeof known - at, "%s%d:%d (%s%s)", d ? ", " : "", list[d].platform_index,
                     list[d].device_index, list[d].name, list[d].available ? "" : ", not available");
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    return clsnn_fail(CLSNN_E_NO_DEVICE,
                      "no device matches --device '%s': there is %s; 'clsnn devices' shows more",
                      any ? "" : spec, known);
}

/* The rule for the default device. A presentation at N = 400 takes 0.17 ms on a CPU core, and 0.75 ms alone
 * on an H200 (older kernels): a core serves CORE networks in the time in which a GPU serves one. But a GPU
 * serves many in that time. 64 networks make 58 times the images of one, 256 networks (2 a compute unit) 170
 * times, which is 224,000 images/s; more bring nothing. So a GPU is the faster one for more networks than the
 * CPU's cores serve. A network of more than LARGE neurons goes to a GPU even alone: its weights leave a
 * core's cache. No figure backs LARGE yet. */
enum { CORE = 4, UNIT = 2, LARGE = 1600 };

/* Returns whether a device that may be of several types, as oclgrind's is, counts as one of this type. */
static bool counts_as(const struct clsnn_device_info *d, cl_device_type type) {
    return d->type & CL_DEVICE_TYPE_GPU ? (type & CL_DEVICE_TYPE_GPU) != 0 : (d->type & type) != 0;
}

uint32_t clsnn_device_capacity(const struct clsnn_device_info *d) {
    return (d->compute_units ? d->compute_units : 1) * (counts_as(d, CL_DEVICE_TYPE_CPU) ? CORE : UNIT);
}

/* Returns the index of the first available device of a type; n: there is none. */
static size_t first_of(const struct clsnn_device_info *list, size_t n, cl_device_type type) {
    size_t d = 0;
    while (d < n && !(list[d].available && counts_as(&list[d], type))) d++;
    return d;
}

size_t clsnn_device_default(const struct clsnn_device_info *list, size_t n, uint64_t networks,
                            uint32_t neurons) {
    const size_t gpu = first_of(list, n, CL_DEVICE_TYPE_GPU), cpu = first_of(list, n, CL_DEVICE_TYPE_CPU);
    if (gpu == n) return first_of(list, n, CL_DEVICE_TYPE_ALL);
    if (cpu == n || neurons > LARGE) return gpu;
    return networks > clsnn_device_capacity(&list[cpu]) ? gpu : cpu;
}

bool clsnn_device_spec_is_list(const struct clsnn_device_info *list, size_t n, const char *spec) {
    if (strcasecmp(spec, "all") == 0) return true;
    for (size_t d = 0; d < n; d++)
        if (contains_ignoring_case(list[d].name, spec)) return false;
    return strchr(spec, ',') != NULL;
}

enum clsnn_status clsnn_devices_pick(const struct clsnn_device_info *list, size_t n, const char *spec,
                                     size_t *out_indices, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    char *copy = NULL, *rest = NULL;
    size_t found = 0;
    if (!clsnn_device_spec_is_list(list, n, spec)) {
        TRY(clsnn_device_pick(list, n, spec, out_indices));
        *out_n = 1;
        return st;
    }
    if (strcasecmp(spec, "all") == 0) {
        for (size_t d = 0; d < n; d++)
            if (list[d].available) out_indices[found++] = d;
        if (found == 0) TRY(clsnn_device_pick(list, n, spec, out_indices)); /* says why */
        *out_n = found;
        return st;
    }
    copy = strdup(spec);
    if (!copy) return clsnn_no_memory("device list");
    rest = copy;
    for (char *name; (name = strsep(&rest, ","));) {
        size_t index = 0;
        name += strspn(name, " ");
        for (size_t end = strlen(name); end > 0 && name[end - 1] == ' ';) name[--end] = '\0';
        if (!*name) TRY(clsnn_fail(CLSNN_E_USAGE, "--device = %s: a name is missing beside a comma", spec));
        TRY(clsnn_device_pick(list, n, name, &index));
        for (size_t k = 0; k < found; k++)
            if (out_indices[k] == index)
                TRY(clsnn_fail(CLSNN_E_USAGE,
                               "--device = %s: device %d:%d stands there twice: name each device once", spec,
                               list[index].platform_index, list[index].device_index));
        out_indices[found++] = index;
    }
    *out_n = found;
fail:
    free(copy);
    return st;
}

void clsnn_device_label(const struct clsnn_device_info *d, char out[CLSNN_DEVICE_LABEL]) {
    snprintf(out, CLSNN_DEVICE_LABEL, "%d:%d (%s)", d->platform_index, d->device_index, d->name);
}

/* Drops a driver's notice. Failures come back through return codes; some drivers send mere chatter here. */
static void CL_CALLBACK ignore_notice(const char *text, const void *data, size_t n, void *ctx) {
    (void)text, (void)data, (void)n, (void)ctx;
}

enum clsnn_status clsnn_device_open_info(const struct clsnn_device_info *info, struct clsnn_device **out) {
    enum clsnn_status st = CLSNN_OK;
    cl_int code = CL_SUCCESS;
    struct clsnn_device *dev = calloc(1, sizeof *dev);
    if (!dev) return clsnn_no_memory("device");
    dev->info = *info;
    if (!dev->info.ieee_rounding) {
        st = clsnn_fail(CLSNN_E_NO_DEVICE,
                        "%s does not round float to nearest or has no infinities (an embedded profile): "
                        "results would not be the same bits as elsewhere; pick another --device",
                        dev->info.name);
        goto fail;
    }
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)dev->info.platform, 0};
    dev->context = clCreateContext(properties, 1, &dev->info.id, ignore_notice, NULL, &code);
    if (code != CL_SUCCESS) {
        st = clsnn_fail_cl(code, "clCreateContext");
        goto fail;
    }
    dev->queue = clCreateCommandQueue(dev->context, dev->info.id, CL_QUEUE_PROFILING_ENABLE, &code);
    if (code != CL_SUCCESS) {
        st = clsnn_fail_cl(code, "clCreateCommandQueue");
        goto fail;
    }
    *out = dev;
    return CLSNN_OK;
fail:
    clsnn_device_close(dev);
    return st;
}

enum clsnn_status clsnn_device_open(const char *spec, struct clsnn_device **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device_info *list = NULL;
    size_t n = 0, index = 0;
    TRY(clsnn_devices_list(&list, &n));
    TRY(clsnn_device_pick(list, n, spec, &index));
    TRY(clsnn_device_open_info(&list[index], out));
fail:
    free(list);
    return st;
}

const struct clsnn_device_info *clsnn_device_get_info(const struct clsnn_device *dev) {
    return &dev->info;
}

void clsnn_device_close(struct clsnn_device *dev) {
    if (!dev) return;
    if (dev->queue) clReleaseCommandQueue(dev->queue);
    if (dev->context) clReleaseContext(dev->context);
    free(dev->cache_dir);
    free(dev);
}

enum clsnn_status clsnn_device_cache(struct clsnn_device *dev, const char *dir) {
    char *copy = dir ? strdup(dir) : NULL;
    if (dir && !copy) return clsnn_no_memory("device: cache");
    free(dev->cache_dir);
    dev->cache_dir = copy;
    return CLSNN_OK;
}

int clsnn_device_work_group(const struct clsnn_device *dev, uint32_t neurons) {
    enum { LEAST = 32, MOST = 512 }; /* a warp or so; twice as many leave too few registers for each */
    if (dev->info.type & CL_DEVICE_TYPE_CPU) return 1;
    int size = LEAST;
    while (size < MOST && (uint32_t)(4 * size) < neurons) size *= 2;
    while (size > 1 && (size_t)size > dev->info.max_work_group) size /= 2;
    return size;
}

int clsnn_device_shares(const struct clsnn_device *dev, int n_networks, uint32_t neurons) {
    /* A meeting costs a CPU as much as some 100 neurons, a GPU as much as some 1,000 in a work-group. Neither
     * waits for work-groups that have no unit to run on. */
    const uint32_t least = dev->info.type & CL_DEVICE_TYPE_CPU ? 1024 : 512;
    const uint32_t units = dev->info.compute_units / (uint32_t)n_networks;
    uint32_t shares = neurons / least;
    if (shares > units) shares = units;
    if (shares > CLSNN_MAX_SHARES) shares = CLSNN_MAX_SHARES;
    return neurons < 2000 || shares < 2 ? 1 : (int)shares;
}

cl_ulong clsnn_device_budget(const struct clsnn_device *dev) {
    return dev->info.global_bytes / 10 * 9;
}

enum { HUGE_PAGE = 1 << 21 };

static void CL_CALLBACK free_pages(cl_mem buffer, void *pages) {
    (void)buffer;
    free(pages);
}

/* Returns memory for a large buffer of a CPU in pages of 2 MiB, or NULL. Each input's row of weights lies in
 * other pages of 4 KiB. With those a core at N = 6400 is 10 % slower: it translates addresses. */
static void *allocate_pages(const struct clsnn_device *dev, size_t n_bytes) {
    void *pages = NULL;
#ifdef MADV_HUGEPAGE
    const bool is_cpu = (dev->info.type & CL_DEVICE_TYPE_CPU) != 0 && dev->info.unified_memory;
    if (is_cpu && n_bytes >= 2 * HUGE_PAGE && n_bytes < SIZE_MAX - HUGE_PAGE)
        pages = aligned_alloc(HUGE_PAGE, (n_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
    if (pages) madvise(pages, n_bytes, MADV_HUGEPAGE); /* refused: small pages do */
#else
    (void)dev, (void)n_bytes;
#endif
    return pages;
}

enum clsnn_status clsnn_buffer_create(struct clsnn_device *dev, const char *label, size_t n_bytes,
                                      const void *host, bool borrow, cl_mem *out) {
    const cl_ulong budget = clsnn_device_budget(dev);
    const double mb = 1.0 / (1 << 20);
    const bool empty = n_bytes == 0;
    if (empty) n_bytes = 4; /* OpenCL has no empty buffers */
    if (n_bytes > dev->info.max_alloc_bytes || dev->allocated_bytes > budget ||
        n_bytes > budget - dev->allocated_bytes) {
        return clsnn_fail(
            CLSNN_E_DEVICE_MEMORY,
            "%s: needs %.1f MiB on %s beside the %.1f MiB in use; the device takes at most %.1f MiB in "
            "one buffer and %.1f MiB altogether: use fewer --neurons or images",
            label, (double)n_bytes * mb, dev->info.name, (double)dev->allocated_bytes * mb,
            (double)dev->info.max_alloc_bytes * mb, (double)budget * mb);
    }
    cl_mem_flags flags = CL_MEM_READ_WRITE;
    void *start = NULL;
    if (host && !empty) {
        const bool in_place = borrow && dev->info.unified_memory;
        flags = (borrow ? CL_MEM_READ_ONLY : CL_MEM_READ_WRITE) |
                (in_place ? CL_MEM_USE_HOST_PTR : CL_MEM_COPY_HOST_PTR);
        /* OpenCL's pointer lacks const; a copied or read-only buffer leaves host as it is */
        memcpy(&start, &host, sizeof start);
    }
    cl_int code = CL_SUCCESS;
    void *pages = host ? NULL : allocate_pages(dev, n_bytes);
    cl_mem buffer = clCreateBuffer(dev->context, pages ? flags | CL_MEM_USE_HOST_PTR : flags, n_bytes,
                                   pages ? pages : start, &code);
    if (code == CL_SUCCESS && pages) {
        code = clSetMemObjectDestructorCallback(buffer, free_pages, pages);
        if (code != CL_SUCCESS) clReleaseMemObject(buffer);
    }
    if (code != CL_SUCCESS) {
        free(pages);
        return clsnn_fail(clsnn_cl_status(code), "%s: %.1f MiB refused by %s: %s (%d)", label,
                          (double)n_bytes * mb, dev->info.name, clsnn_cl_error_name(code), code);
    }
    dev->allocated_bytes += n_bytes;
    *out = buffer;
    return CLSNN_OK;
}

void clsnn_buffer_release(struct clsnn_device *dev, cl_mem *buffer) {
    size_t n_bytes = 0;
    if (!*buffer) return;
    if (clGetMemObjectInfo(*buffer, CL_MEM_SIZE, sizeof n_bytes, &n_bytes, NULL) == CL_SUCCESS &&
        n_bytes <= dev->allocated_bytes) {
        dev->allocated_bytes -= n_bytes;
    }
    clReleaseMemObject(*buffer);
    *buffer = NULL;
}

static const char *const phase_names[CLSNN_N_TIMES] = {
    [CLSNN_TIME_NORMALISE] = "normalise", [CLSNN_TIME_ENCODE] = "encode", [CLSNN_TIME_PRESENT] = "present",
    [CLSNN_TIME_REST] = "rest",           [CLSNN_TIME_TRAIN] = "train",   [CLSNN_TIME_LABEL] = "label",
    [CLSNN_TIME_TEST] = "test",           [CLSNN_TIME_OTHER] = "set-up",  [CLSNN_TIME_TRANSFER] = "transfers",
};

const char *clsnn_phase_name(enum clsnn_phase phase) {
    return phase_names[phase];
}

/* Waits for a command, adds its time to the profile and releases event, which is NULL without a profile. */
static enum clsnn_status add_time(struct clsnn_device *dev, enum clsnn_phase phase, cl_event event) {
    enum clsnn_status st = CLSNN_OK;
    cl_ulong start = 0, end = 0;
    if (!event) return st;
    TRY_CL(clWaitForEvents(1, &event));
    TRY_CL(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL));
    TRY_CL(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL));
    dev->profile->seconds[phase] += 1e-9 * (double)(end - start);
    dev->profile->commands[phase]++;
fail:
    clReleaseEvent(event);
    return st;
}

enum clsnn_status clsnn_buffer_read(struct clsnn_device *dev, cl_mem from, size_t offset, size_t n_bytes,
                                    void *to) {
    enum clsnn_status st = CLSNN_OK;
    cl_event event = NULL;
    if (n_bytes == 0) return st;
    TRY_CL(clEnqueueReadBuffer(dev->queue, from, CL_TRUE, offset, n_bytes, to, 0, NULL,
                               dev->profile ? &event : NULL));
    TRY(add_time(dev, CLSNN_TIME_TRANSFER, event));
fail:
    return st;
}

enum clsnn_status clsnn_buffer_write(struct clsnn_device *dev, cl_mem to, size_t offset, size_t n_bytes,
                                     const void *from) {
    enum clsnn_status st = CLSNN_OK;
    cl_event event = NULL;
    if (n_bytes == 0) return st;
    TRY_CL(clEnqueueWriteBuffer(dev->queue, to, CL_TRUE, offset, n_bytes, from, 0, NULL,
                                dev->profile ? &event : NULL));
    TRY(add_time(dev, CLSNN_TIME_TRANSFER, event));
fail:
    return st;
}

enum clsnn_status clsnn_buffer_fill(struct clsnn_device *dev, cl_mem to, size_t offset, size_t n_bytes,
                                    uint32_t pattern) {
    enum clsnn_status st = CLSNN_OK;
    cl_event event = NULL;
    if (n_bytes == 0) return st;
    TRY_CL(clEnqueueFillBuffer(dev->queue, to, &pattern, sizeof pattern, offset, n_bytes, 0, NULL,
                               dev->profile ? &event : NULL));
    TRY(add_time(dev, CLSNN_TIME_TRANSFER, event));
fail:
    return st;
}

enum clsnn_status clsnn_kernel_run(struct clsnn_device *dev, enum clsnn_phase phase, cl_kernel kernel,
                                   const struct clsnn_arg *args, size_t n_args, cl_uint n_dims,
                                   const size_t *global, const size_t *local) {
    enum clsnn_status st = CLSNN_OK;
    cl_event event = NULL;
    for (size_t a = 0; a < n_args; a++)
        TRY_CL(clSetKernelArg(kernel, (cl_uint)a, args[a].n_bytes, args[a].value));
    TRY_CL(clEnqueueNDRangeKernel(dev->queue, kernel, n_dims, NULL, global, local, 0, NULL,
                                  dev->profile ? &event : NULL));
    TRY(add_time(dev, phase, event));
fail:
    return st;
}

enum clsnn_status clsnn_device_wait(struct clsnn_device *dev) {
    enum clsnn_status st = CLSNN_OK;
    TRY_CL(clFinish(dev->queue));
fail:
    return st;
}
