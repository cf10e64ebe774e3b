/* An OpenCL layer that makes a call fail. Loaders load it between program and driver:
 * OPENCL_LAYERS=/path/libfault_layer.so. Calls of the program and of CLBlast pass through the layer, calls
 * inside a driver do not.
 *
 * FAULT_AT=N         call N fails, counted from 1; 0 or unset: none fails, calls are only counted
 * FAULT_CODE=C       the code of the failure, such as -5; a creation returns NULL and the code
 * FAULT_FOREVER=1    every call from N on fails
 * FAULT_LOST=1       the device goes away: N counts only calls that reach it (enqueue, flush, finish, wait),
 *                    and each of them fails from N on
 * FAULT_QUEUE=K      with FAULT_LOST: only the device of the K-th command queue, counted from 1 as they are
 *                    created, goes away; calls that reach another device do not count
 * FAULT_REPORT=FILE  the file of the report (report.h); it must have the report's size already
 *
 * The layer hands down a release that fails, and counts it as released. The program has done its part. */
#include <CL/cl_layer.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"

enum kind { CONTEXT, QUEUE, PROGRAM, KERNEL, BUFFER, EVENT };

static const cl_icd_dispatch *below;
static cl_icd_dispatch ours;
static struct fault_report nowhere, *report = &nowhere;
static uint64_t fail_at;
static cl_int fail_code;
static bool forever, lost;
static long lost_queue, n_queues; /* FAULT_QUEUE, 0: every queue; queues created so far */
static cl_command_queue chosen;   /* the queue of that number, once it is created */

/* Counts a call and returns CL_SUCCESS, or the code with which it fails. number identifies the function: the
 * line below that wraps it. queue: leads to the device that the call reaches; NULL: it reaches none. */
static cl_int fault(int number, const char *name, cl_command_queue queue) {
    if (lost && (!queue || (lost_queue && queue != chosen))) return CL_SUCCESS;
    const uint64_t n = __atomic_add_fetch(&report->calls, 1, __ATOMIC_RELAXED);
    if (n <= SEQUENCE)
        report->sequence[n - 1] = (uint64_t)number;
    else
        report->lost++;
    if (fail_at == 0 || n < fail_at || (n > fail_at && !forever && !lost)) return CL_SUCCESS;
    if (__atomic_add_fetch(&report->injected, 1, __ATOMIC_RELAXED) == 1)
        strncpy(report->name, name, NAME_BYTES - 1);
    return fail_code;
}

static void made(enum kind kind) {
    __atomic_add_fetch(&report->objects[kind], 1, __ATOMIC_RELAXED);
}

static void given_back(enum kind kind) {
    __atomic_add_fetch(&report->objects[KINDS + kind], 1, __ATOMIC_RELAXED);
}

static cl_command_queue queue_of(cl_event event) {
    cl_command_queue queue = NULL;
    below->clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, NULL);
    return queue;
}

/* PLAIN wraps a call that returns a status and owns nothing, WAITS one that also reaches the device. */
#define PLAIN(name, params, args)                                                                            \
    static cl_int CL_API_CALL layer_##name params {                                                          \
        const cl_int code = fault(__LINE__, #name, NULL);                                                    \
        return code != CL_SUCCESS ? code : below->name args;                                                 \
    }
#define WAITS(name, params, args, queue)                                                                     \
    static cl_int CL_API_CALL layer_##name params {                                                          \
        const cl_int code = fault(__LINE__, #name, queue);                                                   \
        return code != CL_SUCCESS ? code : below->name args;                                                 \
    }
/* ENQUEUE wraps a call on the queue q whose last argument, event, receives an event unless it is NULL. */
#define ENQUEUE(name, params, args)                                                                          \
    static cl_int CL_API_CALL layer_##name params {                                                          \
        cl_int code = fault(__LINE__, #name, q);                                                             \
        if (code == CL_SUCCESS) code = below->name args;                                                     \
        if (code == CL_SUCCESS && event) made(EVENT);                                                        \
        return code;                                                                                         \
    }
/* CREATE wraps a call that returns an object and writes *status unless status is NULL. */
#define CREATE(type, kind, name, params, args)                                                               \
    static type CL_API_CALL layer_##name params {                                                            \
        const cl_int code = fault(__LINE__, #name, NULL);                                                    \
        if (code != CL_SUCCESS && status) *status = code;                                                    \
        type object = code == CL_SUCCESS ? below->name args : NULL;                                          \
        if (object) made(kind);                                                                              \
        if ((kind) == QUEUE && object && ++n_queues == lost_queue)                                           \
            chosen = (cl_command_queue)(void *)object;                                                       \
        return object;                                                                                       \
    }
#define RETAIN(kind, name, type)                                                                             \
    static cl_int CL_API_CALL layer_##name(type object) {                                                    \
        cl_int code = fault(__LINE__, #name, NULL);                                                          \
        if (code == CL_SUCCESS) code = below->name(object);                                                  \
        if (code == CL_SUCCESS) made(kind);                                                                  \
        return code;                                                                                         \
    }
#define RELEASE(kind, name, type)                                                                            \
    static cl_int CL_API_CALL layer_##name(type object) {                                                    \
        const cl_int code = fault(__LINE__, #name, NULL), real = below->name(object);                        \
        if (real == CL_SUCCESS) given_back(kind);                                                            \
        return code != CL_SUCCESS ? code : real;                                                             \
    }

typedef void(CL_CALLBACK *context_notice)(const char *, const void *, size_t, void *);
typedef void(CL_CALLBACK *build_notice)(cl_program, void *);
#define INFO  size_t size, void *value, size_t *size_ret
#define INFO_ size, value, size_ret
#define WAIT  cl_uint n_wait, const cl_event *wait, cl_event *event
#define WAIT_ n_wait, wait, event

/* Each call is one line here, and EACH lists them all. */
/* clang-format off */
PLAIN(clGetPlatformIDs, (cl_uint n, cl_platform_id *ids, cl_uint *n_ret), (n, ids, n_ret))
PLAIN(clGetPlatformInfo, (cl_platform_id p, cl_platform_info what, INFO), (p, what, INFO_))
PLAIN(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *ids, cl_uint *n_ret),
      (p, t, n, ids, n_ret))
PLAIN(clGetDeviceInfo, (cl_device_id d, cl_device_info what, INFO), (d, what, INFO_))
PLAIN(clGetContextInfo, (cl_context c, cl_context_info what, INFO), (c, what, INFO_))
PLAIN(clGetCommandQueueInfo, (cl_command_queue q, cl_command_queue_info what, INFO), (q, what, INFO_))
PLAIN(clGetMemObjectInfo, (cl_mem m, cl_mem_info what, INFO), (m, what, INFO_))
PLAIN(clGetProgramInfo, (cl_program p, cl_program_info what, INFO), (p, what, INFO_))
PLAIN(clGetProgramBuildInfo, (cl_program p, cl_device_id d, cl_program_build_info what, INFO),
      (p, d, what, INFO_))
PLAIN(clGetKernelInfo, (cl_kernel k, cl_kernel_info what, INFO), (k, what, INFO_))
PLAIN(clGetKernelWorkGroupInfo, (cl_kernel k, cl_device_id d, cl_kernel_work_group_info what, INFO),
      (k, d, what, INFO_))
PLAIN(clGetEventInfo, (cl_event e, cl_event_info what, INFO), (e, what, INFO_))
PLAIN(clGetEventProfilingInfo, (cl_event e, cl_profiling_info what, INFO), (e, what, INFO_))
PLAIN(clBuildProgram,
      (cl_program p, cl_uint n, const cl_device_id *d, const char *o, build_notice f, void *ctx),
      (p, n, d, o, f, ctx))
PLAIN(clSetKernelArg, (cl_kernel k, cl_uint n, size_t size, const void *value), (k, n, size, value))
CREATE(cl_context, CONTEXT, clCreateContext,
       (const cl_context_properties *p, cl_uint n, const cl_device_id *d, context_notice f, void *ctx,
        cl_int *status),
       (p, n, d, f, ctx, status))
CREATE(cl_command_queue, QUEUE, clCreateCommandQueue,
       (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *status), (c, d, p, status))
CREATE(cl_mem, BUFFER, clCreateBuffer,
       (cl_context c, cl_mem_flags f, size_t size, void *host, cl_int *status), (c, f, size, host, status))
CREATE(cl_mem, BUFFER, clCreateSubBuffer,
       (cl_mem m, cl_mem_flags f, cl_buffer_create_type t, const void *info, cl_int *status),
       (m, f, t, info, status))
CREATE(cl_program, PROGRAM, clCreateProgramWithSource,
       (cl_context c, cl_uint n, const char **s, const size_t *l, cl_int *status), (c, n, s, l, status))
CREATE(cl_program, PROGRAM, clCreateProgramWithBinary,
       (cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b,
        cl_int *each, cl_int *status),
       (c, n, d, l, b, each, status))
CREATE(cl_kernel, KERNEL, clCreateKernel, (cl_program p, const char *kernel, cl_int *status),
       (p, kernel, status))
RETAIN(CONTEXT, clRetainContext, cl_context)
RETAIN(QUEUE, clRetainCommandQueue, cl_command_queue)
RETAIN(PROGRAM, clRetainProgram, cl_program)
RETAIN(KERNEL, clRetainKernel, cl_kernel)
RETAIN(BUFFER, clRetainMemObject, cl_mem)
RETAIN(EVENT, clRetainEvent, cl_event)
RELEASE(CONTEXT, clReleaseContext, cl_context)
RELEASE(QUEUE, clReleaseCommandQueue, cl_command_queue)
RELEASE(PROGRAM, clReleaseProgram, cl_program)
RELEASE(KERNEL, clReleaseKernel, cl_kernel)
RELEASE(BUFFER, clReleaseMemObject, cl_mem)
RELEASE(EVENT, clReleaseEvent, cl_event)
WAITS(clWaitForEvents, (cl_uint n, const cl_event *e), (n, e), queue_of(*e))
WAITS(clFlush, (cl_command_queue q), (q), q)
WAITS(clFinish, (cl_command_queue q), (q), q)
ENQUEUE(clEnqueueReadBuffer,
        (cl_command_queue q, cl_mem m, cl_bool b, size_t at, size_t size, void *to, WAIT),
        (q, m, b, at, size, to, WAIT_))
ENQUEUE(clEnqueueWriteBuffer,
        (cl_command_queue q, cl_mem m, cl_bool b, size_t at, size_t size, const void *from, WAIT),
        (q, m, b, at, size, from, WAIT_))
ENQUEUE(clEnqueueFillBuffer,
        (cl_command_queue q, cl_mem m, const void *p, size_t p_size, size_t at, size_t size, WAIT),
        (q, m, p, p_size, at, size, WAIT_))
ENQUEUE(clEnqueueCopyBuffer,
        (cl_command_queue q, cl_mem from, cl_mem to, size_t a, size_t b, size_t size, WAIT),
        (q, from, to, a, b, size, WAIT_))
ENQUEUE(clEnqueueNDRangeKernel,
        (cl_command_queue q, cl_kernel k, cl_uint n, const size_t *o, const size_t *g, const size_t *l, WAIT),
        (q, k, n, o, g, l, WAIT_))
#define EACH(do)                                                                                            \
    do(clGetPlatformIDs) do(clGetPlatformInfo) do(clGetDeviceIDs) do(clGetDeviceInfo)                       \
    do(clGetContextInfo) do(clGetCommandQueueInfo) do(clGetMemObjectInfo) do(clGetProgramInfo)              \
    do(clGetProgramBuildInfo) do(clGetKernelInfo) do(clGetKernelWorkGroupInfo) do(clGetEventInfo)           \
    do(clGetEventProfilingInfo) do(clBuildProgram) do(clSetKernelArg) do(clCreateContext)                   \
    do(clCreateCommandQueue) do(clCreateBuffer) do(clCreateSubBuffer) do(clCreateProgramWithSource)         \
    do(clCreateProgramWithBinary) do(clCreateKernel) do(clRetainContext) do(clRetainCommandQueue)           \
    do(clRetainProgram) do(clRetainKernel) do(clRetainMemObject) do(clRetainEvent) do(clReleaseContext)     \
    do(clReleaseCommandQueue) do(clReleaseProgram) do(clReleaseKernel) do(clReleaseMemObject)               \
    do(clReleaseEvent) do(clWaitForEvents) do(clFlush) do(clFinish) do(clEnqueueReadBuffer)                 \
    do(clEnqueueWriteBuffer) do(clEnqueueFillBuffer) do(clEnqueueCopyBuffer) do(clEnqueueNDRangeKernel)
/* clang-format on */

static long setting(const char *name) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 0) : 0;
}

static void open_report(void) {
    const char *path = getenv("FAULT_REPORT");
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map = fd >= 0 ? mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (map != MAP_FAILED) report = map;
    if (fd >= 0) close(fd);
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *value,
                                               size_t *size_ret) {
    const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    const char name[] = "clsnn faults";
    const void *from = what == CL_LAYER_API_VERSION ? (const void *)&version : name;
    const size_t n = what == CL_LAYER_API_VERSION ? sizeof version : sizeof name;
    if (what != CL_LAYER_API_VERSION && what != CL_LAYER_NAME) return CL_INVALID_VALUE;
    if (value && size < n) return CL_INVALID_VALUE;
    if (value) memcpy(value, from, n);
    if (size_ret) *size_ret = n;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint n, const cl_icd_dispatch *target, cl_uint *n_ret,
                                            const cl_icd_dispatch **ret) {
    if (!target || !n_ret || !ret || n < sizeof ours / sizeof ours.clGetPlatformIDs) return CL_INVALID_VALUE;
    below = target;
    ours = *target;
#define WRAP(name) ours.name = layer_##name;
    EACH(WRAP)
    fail_at = (uint64_t)setting("FAULT_AT");
    fail_code = (cl_int)setting("FAULT_CODE");
    forever = setting("FAULT_FOREVER") != 0;
    lost = setting("FAULT_LOST") != 0;
    lost_queue = setting("FAULT_QUEUE");
    open_report();
    *n_ret = sizeof ours / sizeof ours.clGetPlatformIDs;
    *ret = &ours;
    return CL_SUCCESS;
}
