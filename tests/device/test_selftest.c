/* The self-test passes on a device that computes rightly, and takes a moment. It finds compilers that do not:
 * one small mistake planted in the kernels' source (the embedded array is wrapped), or one wrong bit in any
 * array that is read back. */
#include <time.h>

#include "clsnn/selftest.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"
#include "device_fixture.h"

enum { ROOM = 1 << 19 };
extern const unsigned char __real_clsnn_kernel_source[];
extern const size_t clsnn_kernel_source_bytes;
extern unsigned char __wrap_clsnn_kernel_source[ROOM];
unsigned char __wrap_clsnn_kernel_source[ROOM];

static void plain_source(void) {
    assert_true(clsnn_kernel_source_bytes < ROOM);
    memcpy(__wrap_clsnn_kernel_source, __real_clsnn_kernel_source, clsnn_kernel_source_bytes + 1);
}

/* Replaces every occurrence of a text in the kernels by another of the same length. */
static void plant(const char *from, const char *to) {
    plain_source();
    char *at = strstr((char *)__wrap_clsnn_kernel_source, from);
    if (!at) fail_msg("the kernels have no \"%s\"", from);
    assert_int_equal(strlen(from), strlen(to));
    for (; at; at = strstr(at, from)) memcpy(at, to, strlen(to));
}

/* The array, of save number spoil_call, or the count that gets a wrong bit; spoil_array -1, spoil_counts 0:
 * none. */
static int spoil_array = -1, spoil_call, spoil_counts;

enum clsnn_status __real_clsnn_network_save(const struct clsnn_network *net, int b,
                                            struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]);
enum clsnn_status __wrap_clsnn_network_save(const struct clsnn_network *net, int b,
                                            struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]);
enum clsnn_status __wrap_clsnn_network_save(const struct clsnn_network *net, int b,
                                            struct clsnn_array arrays[CLSNN_NETWORK_ARRAYS]) {
    const enum clsnn_status st = __real_clsnn_network_save(net, b, arrays);
    if (st == CLSNN_OK && spoil_array >= 0 && spoil_call-- == 0)
        ((unsigned char *)arrays[spoil_array].data)[clsnn_dtype_bytes(arrays[spoil_array].dtype) * 7] ^= 1;
    return st;
}

enum clsnn_status __real_clsnn_evaluate(struct clsnn_network *net, int b, cl_mem pixels, uint32_t first,
                                        uint32_t n_images, enum clsnn_purpose purpose,
                                        clsnn_evaluate_progress *progress, void *ctx, uint16_t *out_counts,
                                        int32_t *out_attempts, struct clsnn_evaluation *out);
enum clsnn_status __wrap_clsnn_evaluate(struct clsnn_network *net, int b, cl_mem pixels, uint32_t first,
                                        uint32_t n_images, enum clsnn_purpose purpose,
                                        clsnn_evaluate_progress *progress, void *ctx, uint16_t *out_counts,
                                        int32_t *out_attempts, struct clsnn_evaluation *out);
static uint64_t evaluated_spikes, evaluated_presentations;
enum clsnn_status __wrap_clsnn_evaluate(struct clsnn_network *net, int b, cl_mem pixels, uint32_t first,
                                        uint32_t n_images, enum clsnn_purpose purpose,
                                        clsnn_evaluate_progress *progress, void *ctx, uint16_t *out_counts,
                                        int32_t *out_attempts, struct clsnn_evaluation *out) {
    const enum clsnn_status st = __real_clsnn_evaluate(net, b, pixels, first, n_images, purpose, progress,
                                                       ctx, out_counts, out_attempts, out);
    if (st != CLSNN_OK) return st;
    evaluated_spikes = out->spikes;
    evaluated_presentations = out->presentations;
    if (spoil_counts == 1) out_counts[3] ^= 1;
    if (spoil_counts == 2) out->presentations++;
    return st;
}

static enum clsnn_status try(struct rig *rig, enum clsnn_program_kind kind, int work_group,
                             double *out_seconds) {
    struct clsnn_program *prog = NULL;
    struct timespec a, b;
    must(clsnn_program_create(rig->dev, kind, work_group, &prog));
    clock_gettime(CLOCK_MONOTONIC, &a);
    const enum clsnn_status st = clsnn_selftest(rig->dev, prog);
    clock_gettime(CLOCK_MONOTONIC, &b);
    *out_seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    clsnn_program_destroy(prog);
    return st;
}

static void a_right_device_passes(void **state) {
    struct rig *rig = *state;
    const int groups[] = {1, 16, 64};
    plain_source();
    for (int kind = CLSNN_PROGRAM_RUN; kind <= CLSNN_PROGRAM_PROFILE; kind++) {
        /* Profiled kernels take long to compile: 1 and 16 are enough. */
        for (size_t k = 0; k < COUNT(groups) - (kind == CLSNN_PROGRAM_PROFILE); k++) {
            double cold, warm;
            const size_t before = rig->dev->allocated_bytes;
            must(try(rig, (enum clsnn_program_kind)kind, groups[k], &cold));
            must(try(rig, (enum clsnn_program_kind)kind, groups[k], &warm));
            assert_int_equal(rig->dev->allocated_bytes, before);
            print_message("# %s, work-groups of %d: %.1f ms warm, %.1f ms at first\n",
                          kind == CLSNN_PROGRAM_RUN ? "training" : "phases", groups[k], 1e3 * warm,
                          1e3 * cold);
        }
    }
    print_message("# evaluated: %llu spikes, %llu presentations\n", (unsigned long long)evaluated_spikes,
                  (unsigned long long)evaluated_presentations);
    /* The evaluation has spikes and retries in which mistakes can show. */
    assert_true(evaluated_spikes > 20 && evaluated_presentations > 7);
}

static void check_told(enum clsnn_status st, const struct rig *rig, const char *what, const char *told) {
    if (st != CLSNN_E_SELFTEST) fail_msg("%s: status %d %s", what, (int)st, clsnn_error_text());
    if (!strstr(clsnn_error_text(), told) || !strstr(clsnn_error_text(), rig->dev->info.name) ||
        !strstr(clsnn_error_text(), rig->dev->info.driver))
        fail_msg("%s: \"%s\" lacks \"%s\", the device or the driver", what, clsnn_error_text(), told);
    clsnn_error_clear();
}

static void a_wrong_bit_is_found(void **state) {
    struct rig *rig = *state;
    double seconds;
    plain_source();
    const char *const kernels[] = {"kernel init_weights", "kernel train", "kernel evaluate"};
    for (int call = 0; call < 3; call++) {
        for (spoil_array = 0; spoil_array < clsnn_network_n_arrays(&default_laws); spoil_array++) {
            spoil_call = call;
            check_told(try(rig, CLSNN_PROGRAM_RUN, 1, &seconds), rig, "a bit", kernels[call]);
        }
    }
    spoil_array = -1;
    spoil_counts = 1;
    check_told(try(rig, CLSNN_PROGRAM_RUN, 1, &seconds), rig, "a count", "neuron 3 fired");
    spoil_counts = 2;
    check_told(try(rig, CLSNN_PROGRAM_RUN, 1, &seconds), rig, "presentations",
               "the number of presentations differs");
    spoil_counts = 0;
}

static void a_miscompiled_kernel_is_found(void **state) {
    struct rig *rig = *state;
    static const struct {
        const char *from, *to, *told;
    } faults[] = {
        {"r.v[k] >> 8) * 0x1p-24f", "r.v[k] >> 9) * 0x1p-24f", "kernel init_weights"},
        {"w - depress", "w + depress", "kernel train"},
        {"fma(pre, potentiate, w)", "(pre* potentiate+ w)   ", "kernel train"},
        {"fma(keep, v, drive)", "(keep * v + drive) ", "kernel train"},
        {"(float)(n_inh - (int)(own >> b & 1u))", "(float)(n_inh                       )", "kernel train"},
        {"step < 4; step++) y", "step < 1; step++) y", "kernel train"},
        {"net.theta[j] *= decay", "net.theta[j] += decay", "kernel train"},
        {"net.p.refrac_exc) {", "net.p.refrac_inh) {", "kernel train"},
        {"max(net.last_pre[i] - n_steps", "max(net.last_pre[i] + n_steps", "kernel train"},
        {"n_spikes >= (uint)net.p.min", "n_spikes <= (uint)net.p.min", "kernel train"},
        {"attempt << 20, purpose << 24", "attempt << 21, purpose << 24", "kernel evaluate"},
    };
    double seconds;
    for (size_t k = 0; k < COUNT(faults); k++) {
        plant(faults[k].from, faults[k].to);
        check_told(try(rig, CLSNN_PROGRAM_RUN, 1, &seconds), rig, faults[k].to, faults[k].told);
    }
    plain_source();
}

/* A program may hold several builds. Here the second is a copy that claims more local memory than any device
 * has, which only a test of that build notices. */
static void every_build_is_tested(void **state) {
    struct rig *rig = *state;
    struct clsnn_program *prog = NULL;
    plain_source();
    must(clsnn_program_create(rig->dev, CLSNN_PROGRAM_RUN, 1, &prog));
    must(clsnn_program_prepare(prog, 1, &default_laws));
    struct clsnn_build second = **prog->builds;
    must(clsnn_selftest(rig->dev, prog));
    second.local_bytes = (cl_ulong)1 << 60;
    (*prog->builds)->next = &second;
    assert_int_equal(clsnn_selftest(rig->dev, prog), CLSNN_E_DEVICE_MEMORY);
    clsnn_error_clear();
    (*prog->builds)->next = NULL;
    clsnn_program_destroy(prog);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_device_passes),
        cmocka_unit_test(a_wrong_bit_is_found),
        cmocka_unit_test(a_miscompiled_kernel_is_found),
        cmocka_unit_test(every_build_is_tested),
    };
    return run_device_suite("selftest", tests);
}
