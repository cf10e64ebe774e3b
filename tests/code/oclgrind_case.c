/* Runs the smallest launch of each kernel that does everything. oclgrind.sh runs this program under oclgrind,
 * which is some thousand times slower than a CPU device.
 * Usage: oclgrind_case replay|train|evaluate|planted WORK_GROUP [NEURONS]
 * "planted" runs a kernel with three faults, to show that oclgrind finds them. The other modes print a line:
 * the number of spikes and a hash of all that the launch left. The line is the same on every device and in
 * every work-group. Exits 0 when the launch ran, whatever oclgrind says of it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "clsnn/replay.h"
#include "device/network.h"
#include "device/train.h"
#include "reference/collisions.h"

/* Replaces OpenCL's function: every write, and every fill, writes the whole buffer. oclgrind 21.10 does not
 * take a filled buffer for initialised, and takes the rest of a partly written buffer for uninitialised. */
cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                            size_t n_bytes, const void *from, cl_uint n_waits, const cl_event *waits,
                            cl_event *event) {
    cl_int (*write)(cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint,
                    const cl_event *, cl_event *) = NULL;
    size_t whole = 0;
    (void)blocking;
    *(void **)&write = dlsym(RTLD_NEXT, "clEnqueueWriteBuffer");
    cl_int code =
        write ? clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof whole, &whole, NULL) : CL_INVALID_OPERATION;
    if (code != CL_SUCCESS) return code;
    uint8_t *bytes = malloc(whole);
    if (!bytes || offset > whole || n_bytes > whole - offset) {
        free(bytes);
        return bytes ? CL_INVALID_VALUE : CL_OUT_OF_HOST_MEMORY;
    }
    code = clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, whole, bytes, n_waits, waits, NULL);
    memcpy(bytes + offset, from, n_bytes);
    if (code == CL_SUCCESS) code = write(queue, buffer, CL_TRUE, 0, whole, bytes, 0, NULL, event);
    free(bytes);
    return code;
}

cl_int clEnqueueFillBuffer(cl_command_queue queue, cl_mem buffer, const void *pattern, size_t pattern_bytes,
                           size_t offset, size_t n_bytes, cl_uint n_waits, const cl_event *waits,
                           cl_event *event) {
    uint8_t *bytes = malloc(n_bytes);
    if (!bytes) return CL_OUT_OF_HOST_MEMORY;
    for (size_t at = 0; at < n_bytes; at += pattern_bytes) memcpy(bytes + at, pattern, pattern_bytes);
    const cl_int code =
        clEnqueueWriteBuffer(queue, buffer, CL_TRUE, offset, n_bytes, bytes, n_waits, waits, event);
    free(bytes);
    return code;
}

/* Prints the number of spikes and the hash, and frees the hash. Fails if nothing fired: such a launch checks
 * nothing. */
static enum clsnn_status report(const char *mode, int n_post, unsigned long long n_spikes,
                                struct clsnn_sha256 *hash) {
    char hex[CLSNN_SHA256_HEX];
    clsnn_sha256_finish(hash, hex);
    printf("%s, %d neurons: %llu spikes, %.16s\n", mode, n_post, n_spikes, hex);
    return n_spikes > 0 ? CLSNN_OK : clsnn_fail(CLSNN_E_FAILED, "nothing fired");
}

static enum clsnn_status replay(struct clsnn_device *dev, int work_group, int n_post) {
    enum clsnn_status st = CLSNN_OK;
    const struct scenario *found = scenario_find("competition_33");
    struct clsnn_program *prog = NULL;
    struct clsnn_replay_output out = {0};
    struct scenario_data data = {0};
    struct clsnn_model model;
    struct clsnn_sha256 *hash = NULL;
    int32_t *step = NULL, *input = NULL;
    clsnn_model_defaults(&model);
    if (!found) return clsnn_fail(CLSNN_E_FAILED, "no scenario");
    struct scenario any = *found; /* the scenario's weights and volleys do for any size */
    const struct scenario *s = &any;
    any.n_post = n_post;
    if (!scenario_build(s, &data)) return clsnn_fail(CLSNN_E_MEMORY, "no scenario");
    step = malloc((data.n_events + 1) * sizeof *step);
    input = malloc((data.n_events + 1) * sizeof *input);
    if (!step || !input) {
        st = clsnn_fail(CLSNN_E_MEMORY, "no memory for %zu events", data.n_events);
        goto fail;
    }
    size_t n = 0; /* one sample of 30 steps holds two volleys, spikes, inhibition and a rest */
    for (; n < data.n_events && data.events[n].step < 20; n++) {
        step[n] = data.events[n].step;
        input[n] = data.events[n].input;
    }
    const struct clsnn_replay_input in = {.n_post = (uint32_t)s->n_post,
                                          .steps_on = 20,
                                          .steps_off = 10,
                                          .n_samples = 1,
                                          .n_events = n,
                                          .event_step = step,
                                          .event_input = input,
                                          .w0 = data.w,
                                          .theta0_mv = data.theta_mv,
                                          .learn = true};
    TRY(clsnn_program_create(dev, CLSNN_PROGRAM_REPLAY, work_group, &prog));
    TRY(clsnn_replay(dev, prog, &model, &in, &out));
    hash = clsnn_sha256_create();
    if (!hash) {
        st = clsnn_fail(CLSNN_E_MEMORY, "no memory for a hash");
        goto fail;
    }
    const size_t n_probed = (size_t)out.n_steps * out.n_probes * sizeof(float);
    const struct clsnn_spike_list *const lists[] = {&out.exc, &out.inh};
    for (size_t k = 0; k < 2; k++) {
        clsnn_sha256_add(hash, lists[k]->step, lists[k]->n * sizeof(int32_t));
        clsnn_sha256_add(hash, lists[k]->neuron, lists[k]->n * sizeof(int32_t));
    }
    clsnn_sha256_add(hash, out.v_exc, n_probed);
    clsnn_sha256_add(hash, out.g_exc, n_probed);
    clsnn_sha256_add(hash, out.g_inh, n_probed);
    clsnn_sha256_add(hash, out.v_inh, n_probed);
    clsnn_sha256_add(hash, out.theta_mv, n_probed);
    clsnn_sha256_add(hash, out.w_end, CLSNN_N_PRE * (size_t)n_post * sizeof(float));
    clsnn_sha256_add(hash, out.theta_end_mv, (size_t)n_post * sizeof(float));
    TRY(report("replay", n_post, out.exc.n && out.inh.n ? out.exc.n + out.inh.n : 0, hash));
fail:
    clsnn_replay_finish(&out);
    clsnn_program_destroy(prog);
    scenario_data_finish(&data);
    free(step);
    free(input);
    return st;
}

/* Shows one image with 40 inked inputs to a network whose neurons fire at once. Trains with learn, else
 * evaluates. */
static enum clsnn_status present(struct clsnn_device *dev, int work_group, int n_post, bool learn) {
    enum clsnn_status st = CLSNN_OK;
    const uint64_t seed = 1;
    struct clsnn_program *prog = NULL;
    struct clsnn_network *net = NULL;
    struct clsnn_trainer *tr = NULL;
    struct clsnn_evaluation sum = {0};
    struct clsnn_model model;
    cl_mem pixels = NULL;
    uint8_t image[CLSNN_N_PRE] = {0};
    struct clsnn_array left[CLSNN_NETWORK_ARRAYS] = {0};
    struct clsnn_sha256 *hash = NULL;
    uint16_t *counts = calloc((size_t)n_post, sizeof *counts);
    if (!counts) return clsnn_fail(CLSNN_E_MEMORY, "no memory for %d counts", n_post);
    clsnn_model_defaults(&model);
    model.time_on_ms = 15;
    model.time_off_ms = 5;
    model.theta_init_mv = 9;
    model.v_start_offset_mv = 0;
    model.intensity_start = 32;
    model.min_spikes = 1;
    model.refrac_exc_ms = 1; /* neurons fire twice while there is input: one step has all plasticity rules */
    model.w_inh_exc = 0.1;
    for (int a = 0; a < 40; a++) image[a * 19] = (uint8_t)(100 + 3 * a);
    TRY(clsnn_program_create(dev, CLSNN_PROGRAM_RUN, work_group, &prog));
    TRY(clsnn_network_create(dev, prog, &model, &seed, 1, n_post, &net));
    TRY(clsnn_buffer_create(dev, "pixels", sizeof image, image, false, &pixels));
    if (learn) {
        TRY(clsnn_trainer_create(net, pixels, 1, 1, &tr));
        clsnn_trainer_begin_epoch(tr, 0, NULL);
        TRY(clsnn_trainer_run(tr, 1, 1));
        sum.spikes = tr->totals[0].spikes;
    } else {
        TRY(clsnn_evaluate(net, 0, pixels, 0, 1, CLSNN_RNG_TEST, NULL, NULL, counts, NULL, &sum));
    }
    TRY(clsnn_network_save(net, 0, left));
    hash = clsnn_sha256_create();
    if (!hash) {
        st = clsnn_fail(CLSNN_E_MEMORY, "no memory for a hash");
        goto fail;
    }
    clsnn_sha256_add(hash, counts, (size_t)n_post * sizeof *counts);
    for (int k = 0; k < clsnn_network_n_arrays(&model.laws); k++)
        clsnn_sha256_add(hash, left[k].data, clsnn_array_count(&left[k]) * clsnn_dtype_bytes(left[k].dtype));
    TRY(report(learn ? "train" : "evaluate", n_post, (unsigned long long)sum.spikes, hash));
fail:
    clsnn_network_drop(left);
    free(counts);
    clsnn_trainer_destroy(tr);
    clsnn_buffer_release(dev, &pixels);
    clsnn_network_destroy(net);
    clsnn_program_destroy(prog);
    return st;
}

/* The planted kernel: a race, a use of uninitialised memory and a read out of bounds. */
static const char *const planted_source = "__kernel void planted(__global int *x, int n) {\n"
                                          "    __local int shared[1], unset[1];\n"
                                          "    shared[0] = (int)get_local_id(0);\n"
                                          "    x[get_local_id(0)] = shared[0];\n"
                                          "    if (unset[0] > 3) x[0] = 1;\n"
                                          "    x[n - 1] = x[n + 3];\n"
                                          "}\n";

static enum clsnn_status planted(struct clsnn_device *dev, int work_group) {
    enum clsnn_status st = CLSNN_OK;
    cl_program program = NULL;
    cl_kernel kernel = NULL;
    cl_mem x = NULL;
    cl_int code = CL_SUCCESS;
    const cl_int n = 64;
    const size_t local = (size_t)work_group;
    program =
        clCreateProgramWithSource(dev->context, 1, (const char **)(uintptr_t)&planted_source, NULL, &code);
    TRY_CL(code);
    TRY_CL(clBuildProgram(program, 1, &dev->info.id, "-cl-opt-disable", NULL, NULL));
    kernel = clCreateKernel(program, "planted", &code);
    TRY_CL(code);
    TRY(clsnn_buffer_create(dev, "x", (size_t)n * sizeof n, NULL, false, &x));
    TRY(clsnn_buffer_fill(dev, x, 0, (size_t)n * sizeof n, 0));
    const struct clsnn_arg args[] = {CLSNN_ARG(x), CLSNN_ARG(n)};
    TRY(clsnn_kernel_run(dev, CLSNN_TIME_OTHER, kernel, args, 2, 1, &local, &local));
    TRY(clsnn_device_wait(dev));
fail:
    clsnn_buffer_release(dev, &x);
    if (kernel) clReleaseKernel(kernel);
    if (program) clReleaseProgram(program);
    return st;
}

int main(int argc, char **argv) {
    struct clsnn_device *dev = NULL;
    const int work_group = argc > 2 ? atoi(argv[2]) : 0, n_post = argc > 3 ? atoi(argv[3]) : 20;
    if (argc < 3 || argc > 4 || n_post < 1) {
        fprintf(stderr, "usage: oclgrind_case replay|train|evaluate|planted WORK_GROUP [NEURONS]\n");
        return 2;
    }
    enum clsnn_status st = clsnn_device_open(NULL, &dev);
    if (st == CLSNN_OK) {
        if (strcmp(argv[1], "replay") == 0)
            st = replay(dev, work_group, argc > 3 ? n_post : 33);
        else if (strcmp(argv[1], "planted") == 0)
            st = planted(dev, work_group);
        else
            st = present(dev, work_group, n_post, strcmp(argv[1], "train") == 0);
    }
    if (st != CLSNN_OK) fprintf(stderr, "%s\n", clsnn_error_text());
    clsnn_device_close(dev);
    return st != CLSNN_OK;
}
