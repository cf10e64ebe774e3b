/* A whole experiment, repeated with one OpenCL call failing each time; the linker puts the functions below in
 * the calls' places. The experiment must end with the status that fits the code and with a text, or with an
 * undisturbed result. Every OpenCL object must be released. */
#include "clsnn/experiment.h"
#include "clsnn/readout.h"
#include "device_fixture.h"

#include <clblast_c.h>

#include "base/fail.h"
#include "device/device.h"

static bool armed;
/* Calls so far; the call that fails; objects alive (contexts, queues, programs, kernels, buffers, events). */
static int n_calls, fail_at, n_live;
static cl_int code;
static const char *failed; /* the call that failed; NULL: none yet */

static bool fails(const char *name) {
    if (!armed || n_calls++ != fail_at) return false;
    failed = name;
    return true;
}

/* CALLS: a call that returns its code. MAKES: one that makes an object and writes its code last. RELEASES:
 * one that releases an object. */
#define CALLS(name, parameters, arguments)                                                                   \
    cl_int __real_##name parameters;                                                                         \
    cl_int __wrap_##name parameters;                                                                         \
    cl_int __wrap_##name parameters {                                                                        \
        return fails(#name) ? code : __real_##name arguments;                                                \
    }
#define MAKES(type, name, parameters, arguments)                                                             \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters {                                                                          \
        if (fails(#name)) {                                                                                  \
            *out_code = code;                                                                                \
            return NULL;                                                                                     \
        }                                                                                                    \
        type made = __real_##name arguments;                                                                 \
        n_live += made != NULL;                                                                              \
        return made;                                                                                         \
    }
#define RELEASES(name, type)                                                                                 \
    cl_int __real_##name(type object);                                                                       \
    cl_int __wrap_##name(type object);                                                                       \
    cl_int __wrap_##name(type object) {                                                                      \
        n_live--;                                                                                            \
        return __real_##name(object);                                                                        \
    }
/* A command, whose event is an object if the caller asks for it. */
#define COMMAND(name, parameters, arguments)                                                                 \
    cl_int __real_##name parameters;                                                                         \
    cl_int __wrap_##name parameters;                                                                         \
    cl_int __wrap_##name parameters {                                                                        \
        if (fails(#name)) return code;                                                                       \
        const cl_int rc = __real_##name arguments;                                                           \
        n_live += rc == CL_SUCCESS && event;                                                                 \
        return rc;                                                                                           \
    }

CALLS(clGetPlatformIDs, (cl_uint n, cl_platform_id *to, cl_uint *out_n), (n, to, out_n))
CALLS(clGetPlatformInfo, (cl_platform_id p, cl_platform_info what, size_t n, void *to, size_t *out_n),
      (p, what, n, to, out_n))
CALLS(clGetDeviceIDs, (cl_platform_id p, cl_device_type type, cl_uint n, cl_device_id *to, cl_uint *out_n),
      (p, type, n, to, out_n))
CALLS(clGetDeviceInfo, (cl_device_id d, cl_device_info what, size_t n, void *to, size_t *out_n),
      (d, what, n, to, out_n))
CALLS(clGetMemObjectInfo, (cl_mem m, cl_mem_info what, size_t n, void *to, size_t *out_n),
      (m, what, n, to, out_n))
CALLS(clGetEventProfilingInfo, (cl_event e, cl_profiling_info what, size_t n, void *to, size_t *out_n),
      (e, what, n, to, out_n))
CALLS(clGetKernelWorkGroupInfo,
      (cl_kernel k, cl_device_id d, cl_kernel_work_group_info what, size_t n, void *to, size_t *out_n),
      (k, d, what, n, to, out_n))
CALLS(clBuildProgram,
      (cl_program p, cl_uint n, const cl_device_id *d, const char *options,
       void(CL_CALLBACK *f)(cl_program, void *), void *ctx),
      (p, n, d, options, f, ctx))
CALLS(clSetKernelArg, (cl_kernel k, cl_uint at, size_t n, const void *from), (k, at, n, from))
CALLS(clFinish, (cl_command_queue q), (q))
CALLS(clWaitForEvents, (cl_uint n, const cl_event *events), (n, events))
MAKES(cl_context, clCreateContext,
      (const cl_context_properties *p, cl_uint n, const cl_device_id *d,
       void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *ctx, cl_int *out_code),
      (p, n, d, f, ctx, out_code))
MAKES(cl_command_queue, clCreateCommandQueue,
      (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *out_code), (c, d, p, out_code))
MAKES(cl_program, clCreateProgramWithSource,
      (cl_context c, cl_uint n, const char **texts, const size_t *lengths, cl_int *out_code),
      (c, n, texts, lengths, out_code))
MAKES(cl_kernel, clCreateKernel, (cl_program p, const char *name, cl_int *out_code), (p, name, out_code))
MAKES(cl_mem, clCreateBuffer, (cl_context c, cl_mem_flags flags, size_t n, void *host, cl_int *out_code),
      (c, flags, n, host, out_code))
RELEASES(clReleaseContext, cl_context)
RELEASES(clReleaseCommandQueue, cl_command_queue)
RELEASES(clReleaseProgram, cl_program)
RELEASES(clReleaseKernel, cl_kernel)
RELEASES(clReleaseMemObject, cl_mem)
RELEASES(clReleaseEvent, cl_event)
COMMAND(clEnqueueReadBuffer,
        (cl_command_queue q, cl_mem m, cl_bool wait, size_t offset, size_t n, void *to, cl_uint n_before,
         const cl_event *before, cl_event *event),
        (q, m, wait, offset, n, to, n_before, before, event))
COMMAND(clEnqueueWriteBuffer,
        (cl_command_queue q, cl_mem m, cl_bool wait, size_t offset, size_t n, const void *from,
         cl_uint n_before, const cl_event *before, cl_event *event),
        (q, m, wait, offset, n, from, n_before, before, event))
COMMAND(clEnqueueFillBuffer,
        (cl_command_queue q, cl_mem m, const void *pattern, size_t size, size_t offset, size_t n,
         cl_uint n_before, const cl_event *before, cl_event *event),
        (q, m, pattern, size, offset, n, n_before, before, event))
COMMAND(clEnqueueNDRangeKernel,
        (cl_command_queue q, cl_kernel k, cl_uint n_dims, const size_t *offset, const size_t *global,
         const size_t *local, cl_uint n_before, const cl_event *before, cl_event *event),
        (q, k, n_dims, offset, global, local, n_before, before, event))

static CLBlastStatusCode sgemm_code; /* not 0: the matrix product returns this and does nothing */

CLBlastStatusCode __real_CLBlastSgemm(CLBlastLayout layout, CLBlastTranspose ta, CLBlastTranspose tb,
                                      size_t m, size_t n, size_t k, float alpha, cl_mem a, size_t a_at,
                                      size_t a_ld, cl_mem b, size_t b_at, size_t b_ld, float beta, cl_mem c,
                                      size_t c_at, size_t c_ld, cl_command_queue *queue, cl_event *event);
CLBlastStatusCode __wrap_CLBlastSgemm(CLBlastLayout layout, CLBlastTranspose ta, CLBlastTranspose tb,
                                      size_t m, size_t n, size_t k, float alpha, cl_mem a, size_t a_at,
                                      size_t a_ld, cl_mem b, size_t b_at, size_t b_ld, float beta, cl_mem c,
                                      size_t c_at, size_t c_ld, cl_command_queue *queue, cl_event *event);
CLBlastStatusCode __wrap_CLBlastSgemm(CLBlastLayout layout, CLBlastTranspose ta, CLBlastTranspose tb,
                                      size_t m, size_t n, size_t k, float alpha, cl_mem a, size_t a_at,
                                      size_t a_ld, cl_mem b, size_t b_at, size_t b_ld, float beta, cl_mem c,
                                      size_t c_at, size_t c_ld, cl_command_queue *queue, cl_event *event) {
    if (sgemm_code != CLBlastSuccess) return sgemm_code;
    return __real_CLBlastSgemm(layout, ta, tb, m, n, k, alpha, a, a_at, a_ld, b, b_at, b_ld, beta, c, c_at,
                               c_ld, queue, event);
}

enum { N_IMAGES = 3, NEURONS = 17 };

static struct clsnn_dataset data;

/* Runs an experiment, from opening the device to the hash of the learned weights. */
static enum clsnn_status experiment(bool profiled, char sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device *dev = NULL;
    struct clsnn_program *prog = NULL;
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x = NULL, *slot;
    struct clsnn_learned learned = {0};
    struct clsnn_profile profile = {0};
    struct clsnn_plan plan = {.seed = 3,
                              .neurons = NEURONS,
                              .epochs = 1,
                              .train_images = N_IMAGES,
                              .label_images = N_IMAGES,
                              .test_images = N_IMAGES};
    clsnn_model_defaults(&plan.model);
    sha256[0] = '\0';
    TRY(clsnn_device_open(getenv("CLSNN_DEVICE"), &dev));
    if (profiled) dev->profile = &profile;
    TRY(clsnn_program_create(dev, profiled ? CLSNN_PROGRAM_PROFILE : CLSNN_PROGRAM_RUN, 1, &prog));
    TRY(clsnn_batch_create(dev, prog, &data, NEURONS, &plan.model.laws, 1, N_IMAGES, N_IMAGES, 1000, &batch));
    TRY(clsnn_experiment_create(batch, 0, &plan, &x));
    slot = x;
    TRY(clsnn_experiments_run(batch, &slot, NULL));
    TRY(clsnn_experiment_learned(x, &learned));
    memcpy(sha256, learned.sha256, CLSNN_SHA256_HEX);
fail:
    clsnn_learned_finish(&learned);
    clsnn_experiment_destroy(x);
    clsnn_batch_destroy(batch);
    clsnn_program_destroy(prog);
    clsnn_device_close(dev);
    return st;
}

static void every_call_may_fail(void **state) {
    (void)state;
    const cl_int codes[] = {CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY, CL_INVALID_COMMAND_QUEUE,
                            CL_BUILD_PROGRAM_FAILURE, -9999};
    char wanted[CLSNN_SHA256_HEX], found[CLSNN_SHA256_HEX];
    for (int profiled = 0; profiled < 2; profiled++) {
        must(experiment(profiled, wanted));
        assert_int_equal(n_live, 0);
        int n_told = 0, n_harmless = 0;
        /* A profiled run makes several more calls a command, so only every seventh call is tried. */
        for (int n = 0, turn = 0;; n += profiled ? 7 : 1, turn++) {
            code = codes[turn % (int)COUNT(codes)];
            fail_at = n, n_calls = 0, failed = NULL, armed = true;
            const enum clsnn_status st = experiment(profiled, found);
            armed = false;
            if (!failed) {
                assert_int_equal(st, CLSNN_OK);
                break;
            }
            if (n_live != 0) fail_msg("call %d, %s = %d: %d objects are left", n, failed, code, n_live);
            n_told += st != CLSNN_OK, n_harmless += st == CLSNN_OK;
            /* Harmless are a device name that stays unknown, and bytes that are not returned to the
             * budget. */
            if (st == CLSNN_OK) {
                if (strncmp(failed, "clGet", 5) != 0)
                    fail_msg("call %d, %s = %d: the failure was not reported", n, failed, code);
                assert_string_equal(found, wanted);
            } else if ((st != clsnn_cl_status(code) && st != CLSNN_E_NO_DEVICE) ||
                       strlen(clsnn_error_text()) < 20) {
                fail_msg("call %d, %s = %d: status %d, \"%s\"", n, failed, code, (int)st, clsnn_error_text());
            }
            clsnn_error_clear();
        }
        print_message("# %s: %d calls failed, %d reported, %d harmless\n", profiled ? "profiled" : "plain",
                      n_told + n_harmless, n_told, n_harmless);
        assert_true(n_told > 80 && n_harmless < n_told / 2);
    }
}

/* CLBlast's codes become words and the status that fits. */
static void a_failed_matrix_product_is_told(void **state) {
    (void)state;
    const struct {
        CLBlastStatusCode code;
        enum clsnn_status st;
        const char *text;
    } cases[] = {
        {CLBlastOpenCLOutOfResources, CLSNN_E_DEVICE_MEMORY, "CLBlastSgemm failed: CL_OUT_OF_RESOURCES (-5)"},
        {CLBlastOpenCLOutOfHostMemory, CLSNN_E_MEMORY, "CLBlastSgemm failed: CL_OUT_OF_HOST_MEMORY (-6)"},
        {CLBlastInvalidMatrixA, CLSNN_E_DEVICE, "the device does not know a matrix"},
        {CLBlastInvalidMatrixB, CLSNN_E_DEVICE, "the device does not know a matrix"},
        {CLBlastInvalidMatrixC, CLSNN_E_DEVICE, "the device does not know a matrix"},
        {CLBlastUnexpectedError, CLSNN_E_DEVICE, "an error that it does not name"},
        {CLBlastUnknownError, CLSNN_E_DEVICE, "an error that it does not name"},
        {CLBlastNotImplemented, CLSNN_E_DEVICE, "a code of its own"},
        {CLBlastInvalidLocalMemUsage, CLSNN_E_DEVICE, "a code of its own"}};
    char sha256[CLSNN_SHA256_HEX];
    for (size_t k = 0; k < COUNT(cases); k++) {
        sgemm_code = cases[k].code;
        const enum clsnn_status st = experiment(false, sha256);
        sgemm_code = CLBlastSuccess;
        if (st != cases[k].st || !strstr(clsnn_error_text(), cases[k].text))
            fail_msg("%d: status %d, \"%s\" lacks \"%s\"", (int)cases[k].code, (int)st, clsnn_error_text(),
                     cases[k].text);
        assert_int_equal(n_live, 0);
        clsnn_error_clear();
    }
}

int main(void) {
    static uint8_t pixels[N_IMAGES * PIXELS], labels[N_IMAGES];
    clsnn_digits_draw(CLSNN_DIGITS_SEED, CLSNN_DIGITS_SET_TRAIN, 0, N_IMAGES, pixels, labels);
    data = (struct clsnn_dataset){.name = "digits", .source = "test"};
    data.train = data.test = (struct clsnn_images){N_IMAGES, pixels, labels, 28, 28};
    if (rig_is_missing("device_errors")) return 77;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_may_fail),
        cmocka_unit_test(a_failed_matrix_product_is_told),
    };
    return cmocka_run_group_tests_name("device_errors", tests, NULL, NULL);
}
