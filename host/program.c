/* Builds the embedded OpenCL C source. All -D options are made here: only the work-group size, which sets loops and barriers,
 * and whether a replay records. Every number of the model travels in a buffer, so that a sweep never recompiles. */
#include "clsnn/program.h"

#include <stdio.h>
#include <stdlib.h>

#include "clsnn/file.h"
#include "kernel_source.h"

static enum clsnn_status fail_build(const struct clsnn_device *dev, cl_program program, cl_int code) {
    size_t n = 0;
    clGetProgramBuildInfo(program, dev->info.id, CL_PROGRAM_BUILD_LOG, 0, NULL, &n);
    char *log = calloc(1, n + 1);
    if (log && n > 0) clGetProgramBuildInfo(program, dev->info.id, CL_PROGRAM_BUILD_LOG, n, log, NULL);
    enum clsnn_status st = clsnn_fail(CLSNN_E_BUILD, "kernels do not compile on %s (%s, driver %s): %s; its log:\n%s", dev->info.name,
                                      dev->info.platform_name, dev->info.driver, clsnn_cl_error_name(code), log ? log : "(no memory for it)");
    free(log);
    return st;
}

static enum clsnn_status get_kernel(cl_program program, const char *name, cl_kernel *out) {
    cl_int code = CL_SUCCESS;
    *out = clCreateKernel(program, name, &code);
    return code == CL_SUCCESS ? CLSNN_OK : clsnn_fail(CLSNN_E_BUILD, "kernel %s: %s (%d)", name, clsnn_cl_error_name(code), code);
}

enum clsnn_status clsnn_program_create(struct clsnn_device *dev, enum clsnn_program_kind kind, int work_group, struct clsnn_program **out) {
    enum clsnn_status st = CLSNN_OK;
    if (work_group == 0) work_group = clsnn_device_work_group(dev);
    if (work_group < 1 || (size_t)work_group > dev->info.max_work_group) {
        return clsnn_fail(CLSNN_E_USAGE, "--work-group = %d: must be in [1, %zu] on %s", work_group, dev->info.max_work_group, dev->info.name);
    }
    struct clsnn_program *prog = calloc(1, sizeof *prog);
    if (!prog) return clsnn_fail(CLSNN_E_MEMORY, "program: no memory for %zu bytes", sizeof *prog);
    prog->work_group = work_group;
    const char *source = (const char *)clsnn_kernel_source;
    cl_int code = CL_SUCCESS;
    prog->program = clCreateProgramWithSource(dev->context, 1, &source, &clsnn_kernel_source_bytes, &code);
    if (code != CL_SUCCESS) {
        st = clsnn_fail_cl(code, "clCreateProgramWithSource");
        goto fail;
    }
    char options[128];
    snprintf(options, sizeof options, "-cl-std=CL1.2 -DCLSNN_WG=%d%s", work_group, kind == CLSNN_PROGRAM_REPLAY ? " -DCLSNN_RECORD" : "");
    code = clBuildProgram(prog->program, 1, &dev->info.id, options, NULL, NULL);
    if (code != CL_SUCCESS) {
        st = fail_build(dev, prog->program, code);
        goto fail;
    }
    if (kind == CLSNN_PROGRAM_REPLAY) {
        TRY(get_kernel(prog->program, "replay", &prog->replay));
    } else {
        TRY(get_kernel(prog->program, "train", &prog->train));
        TRY(get_kernel(prog->program, "evaluate", &prog->evaluate));
    }
    TRY(get_kernel(prog->program, "init_weights", &prog->init_weights));
    *out = prog;
    return CLSNN_OK;
fail:
    clsnn_program_destroy(prog);
    return st;
}

void clsnn_program_destroy(struct clsnn_program *prog) {
    if (!prog) return;
    const cl_kernel kernels[] = {prog->init_weights, prog->train, prog->evaluate, prog->replay};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (kernels[k]) clReleaseKernel(kernels[k]);
    }
    if (prog->program) clReleaseProgram(prog->program);
    free(prog);
}

enum clsnn_status clsnn_program_hash(char out_hex[65]) {
    return clsnn_sha256_hex(clsnn_kernel_source, clsnn_kernel_source_bytes, out_hex);
}
