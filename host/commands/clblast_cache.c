/* Gives CLBlast the cache of compiled kernels. CLBlast keeps none of its own, and Intel's CPU runtime
 * compiles its kernels for 2 s. The functions below take the place of OpenCL's for all libraries of the
 * process, as guard.c's abort does, and act only while CLBlast works. meson.build links this file into the
 * program alone: a library must not do this to its users. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "device/kernel_cache.h"

#define EXPORTED __attribute__((visibility("default")))

/* Stores the loader's own function in *out, a pointer to a function. */
static bool find_next(const char *name, void *out) {
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(out, &found, sizeof found);
    return found != NULL;
}

/* The key has no options: CLBlast passes them on later. They follow from its source, the device, and
 * CLBLAST_BUILD_OPTIONS, which are in the key. */
static const char *const no_options = "";

/* The program that came built from the cache, until CLBlast builds it. It varies like the cache's own record
 * of whom it serves. */
static _Thread_local cl_program found;

EXPORTED cl_program CL_API_CALL clCreateProgramWithSource(cl_context context, cl_uint count,
                                                          const char **strings, const size_t *lengths,
                                                          cl_int *out_code) {
    cl_program (*next)(cl_context, cl_uint, const char **, const size_t *, cl_int *) = NULL;
    const struct clsnn_device *dev = clsnn_kernel_cache_served();
    if (dev && count == 1) {
        const size_t n = lengths && lengths[0] ? lengths[0] : strlen(strings[0]);
        clsnn_kernel_cache_serve(NULL); /* the cache's own calls are not CLBlast's */
        found = clsnn_kernel_cache_find(dev, strings[0], n, no_options);
        clsnn_kernel_cache_serve(dev);
        if (found && out_code) *out_code = CL_SUCCESS;
        if (found) return found;
    }
    if (find_next("clCreateProgramWithSource", &next))
        return next(context, count, strings, lengths, out_code);
    if (out_code) *out_code = CL_INVALID_OPERATION;
    return NULL;
}

/* Keeps a program that CLBlast has built. A program that CLBlast makes from a binary has no source. */
static void keep(const struct clsnn_device *dev, cl_program program) {
    size_t n = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_SOURCE, 0, NULL, &n) != CL_SUCCESS || n < 2) return;
    char *source = malloc(n);
    if (source && clGetProgramInfo(program, CL_PROGRAM_SOURCE, n, source, NULL) == CL_SUCCESS)
        clsnn_kernel_cache_keep(dev, source, n - 1, no_options, program);
    free(source);
}

EXPORTED cl_int CL_API_CALL clBuildProgram(cl_program program, cl_uint n_devices, const cl_device_id *devices,
                                           const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                                           void *ctx) {
    cl_int (*next)(cl_program, cl_uint, const cl_device_id *, const char *,
                   void(CL_CALLBACK *)(cl_program, void *), void *) = NULL;
    const struct clsnn_device *dev = clsnn_kernel_cache_served();
    if (dev && program == found) {
        found = NULL;
        return CL_SUCCESS;
    }
    if (!find_next("clBuildProgram", &next)) return CL_INVALID_OPERATION;
    const cl_int code = next(program, n_devices, devices, options, notify, ctx);
    if (dev && !notify && code == CL_SUCCESS) keep(dev, program);
    return code;
}
