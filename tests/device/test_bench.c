/* The numbers and refusals of `clsnn bench`. Bytes and rates must equal numbers made by hand. A device whose
 * weights are one bit off (clsnn_network_get is wrapped) must end in an error that names the row. */
#include "clsnn/abi.h"
#include "device/device.h"
#include "device_fixture.h"

#include "plain/measure.h"

enum clsnn_status __real_clsnn_network_get(const struct clsnn_network *net, int b, float *w, float *theta_mv);
enum clsnn_status __wrap_clsnn_network_get(const struct clsnn_network *net, int b, float *w, float *theta_mv);

static int spoilt_network = -1, calls_until_spoilt;

enum clsnn_status __wrap_clsnn_network_get(const struct clsnn_network *net, int b, float *w,
                                           float *theta_mv) {
    const enum clsnn_status st = __real_clsnn_network_get(net, b, w, theta_mv);
    if (st == CLSNN_OK && b == spoilt_network && calls_until_spoilt-- == 0) {
        uint32_t bits;
        float *x = &w[CLSNN_N_PRE / 2 * net->n_post + 3];
        memcpy(&bits, x, sizeof bits);
        bits ^= 1u;
        memcpy(x, &bits, sizeof bits);
    }
    return st;
}

/* 10 input spikes read 10 rows of 16 floats. 2 columns of 784 weights are read for the sum, read again and
 * written: 3 x 784 floats each. */
static void test_bytes(void **state) {
    (void)state;
    assert_true(clsnn_bench_bytes(10, 0, 784, 16) == 10 * 64);
    assert_true(clsnn_bench_bytes(0, 2, 784, 16) == 2 * 3 * 784 * 4);
    assert_true(clsnn_bench_bytes(10, 2, 784, 16) == 640 + 18816);
}

/* Three runs of two networks take 4, 2 and 8 s for 200 images each, so the median is 50 images/s. There are
 * 10 % retries. A presentation has 1000 steps of 0.5 ms; an image has 2000 input spikes and 25 columns. */
static void test_rates(void **state) {
    (void)state;
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    const struct clsnn_bench_plan plan = {.model = &model, .seed = 1, .n_pre = 784};
    struct clsnn_bench_sample runs[3];
    const double seconds[3] = {4, 2, 8};
    for (int r = 0; r < 3; r++)
        runs[r] = (struct clsnn_bench_sample){seconds[r], 200, 220, 200 * 2000, 200 * 25};
    struct clsnn_bench_rates rates;
    assert_int_equal(clsnn_bench_summarise(&plan, runs, 3, 100, &rates), CLSNN_OK);
    const double tiny = 1e-9; /* relative: some ten roundings in double precision */
    assert_true(fabs(rates.images - 50) < tiny * 50);
    assert_true(fabs(rates.network_steps - 55000) < tiny * 55000);
    assert_true(fabs(rates.synaptic_events - 50 * 2000 * 100) < tiny * 1e7);
    assert_true(fabs(rates.realtime_factor - 27.5) < tiny * 27.5);
    assert_true(fabs(rates.seconds - 14) < tiny * 14);
    assert_true(fabs(rates.spread - 1.5) < tiny);
    /* 100 neurons: rows are padded to 112. */
    assert_true(fabs(rates.bytes - 50 * (2000.0 * 112 * 4 + 25.0 * 3 * 784 * 4)) < tiny * 6e7);
}

/* Pairs of runs are 2, 1 and 4 times as fast as plain C. The median is 2, whatever the machine's pace. */
static void test_ratio(void **state) {
    (void)state;
    const struct clsnn_bench_sample opencl[3] = {{.seconds = 1, .presentations = 200},
                                                 {.seconds = 20, .presentations = 200},
                                                 {.seconds = 1, .presentations = 200}};
    const struct clsnn_bench_sample c[3] = {{.seconds = 1, .presentations = 100},
                                            {.seconds = 10, .presentations = 100},
                                            {.seconds = 2, .presentations = 100}};
    assert_true(clsnn_bench_ratio(opencl, c, 3) == 2);
    assert_true(clsnn_bench_ratio(opencl, c, 1) == 2);
    assert_true(clsnn_bench_ratio(opencl + 1, c + 1, 1) == 1);
}

static struct clsnn_bench_plan small_plan(const struct clsnn_model *model, const uint8_t *pixels,
                                          uint32_t n_images) {
    return (struct clsnn_bench_plan){.model = model,
                                     .seed = 9,
                                     .pixels = pixels,
                                     .n_pre = 784,
                                     .n_images = n_images,
                                     .check_images = 3,
                                     .warm_images = 6,
                                     .n_runs = 2,
                                     .run_seconds = 0.001};
}

static void test_measure(void **state) {
    struct rig *rig = *state;
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    uint8_t *pixels = draw_digits(20);
    const struct clsnn_bench_plan plan = small_plan(&model, pixels, 20);
    const struct clsnn_program *prog =
        rig_program(rig, CLSNN_PROGRAM_RUN, clsnn_device_work_group(rig->dev, 16));
    struct clsnn_bench_runs runs;
    must(clsnn_bench_measure(&plan, rig->dev, prog, 16, 3, &runs));
    for (int r = 0; r < 2; r++) {
        const struct clsnn_bench_sample *batch = &runs.batch[r], *one = &runs.one[r], *c = &runs.c[r];
        assert_true(batch->seconds > 0 && one->seconds > 0 && c->seconds > 0);
        assert_true(c->images >= 1 && batch->images > c->images && batch->images <= 3 * c->images &&
                    one->images == c->images);
        assert_true(batch->presentations >= batch->images && one->presentations == c->presentations);
        assert_true(batch->input_spikes > 100 * batch->presentations && one->input_spikes == c->input_spikes);
    }
    /* The batch has one network more than plain C follows: its counts are scaled up, but the check covers
     * every network. */
    must(clsnn_bench_measure(&plan, rig->dev, prog, 5, CLSNN_BENCH_FOLLOWED + 1, &runs));
    assert_true(runs.batch[0].images > runs.c[0].images &&
                runs.batch[0].images <= (CLSNN_BENCH_FOLLOWED + 1) * runs.c[0].images);
    must(clsnn_bench_measure(&plan, rig->dev, prog, 5, 1, &runs));
    assert_memory_equal(&runs.one, &runs.batch, 2 * sizeof runs.one[0]);
    free(pixels);
}

/* Bare steps are counted for all networks, and stop where a neuron without input fires. */
static void test_bare(void **state) {
    struct rig *rig = *state;
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    const struct clsnn_bench_plan plan = {.model = &model, .seed = 9};
    const int groups[] = {1, 16};
    for (size_t g = 0; g < COUNT(groups); g++) {
        const struct clsnn_program *prog = rig_program(rig, CLSNN_PROGRAM_RUN, groups[g]),
                                   *bare = rig_program(rig, CLSNN_PROGRAM_BARE, groups[g]);
        double rate = 0;
        if (!prog || !bare) continue;
        model.theta_init_mv = 20;
        must(clsnn_bench_bare(&plan, rig->dev, bare, prog, 100, 3, &rate));
        assert_true(rate > 1e3 && rate < 1e12);
        model.theta_init_mv = 1; /* the threshold is below rest */
        assert_int_equal(clsnn_bench_bare(&plan, rig->dev, bare, prog, 100, 3, &rate), CLSNN_E_SELFTEST);
        assert_non_null(strstr(clsnn_error_text(), "without input"));
        clsnn_error_clear();
    }
}

static void refused(struct rig *rig, const struct clsnn_bench_plan *plan, enum clsnn_status wanted,
                    const char *text) {
    struct clsnn_bench_runs runs;
    const struct clsnn_program *prog =
        rig_program(rig, CLSNN_PROGRAM_RUN, clsnn_device_work_group(rig->dev, 16));
    clsnn_error_clear();
    assert_int_equal(clsnn_bench_measure(plan, rig->dev, prog, 5, CLSNN_BENCH_FOLLOWED + 1, &runs), wanted);
    if (!strstr(clsnn_error_text(), text)) fail_msg("\"%s\" lacks \"%s\"", clsnn_error_text(), text);
    clsnn_error_clear();
}

static void test_wrong_bits(void **state) {
    struct rig *rig = *state;
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    uint8_t *pixels = draw_digits(20);
    struct clsnn_bench_plan plan = small_plan(&model, pixels, 20);
    spoilt_network = CLSNN_BENCH_FOLLOWED; /* the last network, at the first check */
    calls_until_spoilt = 0;
    refused(rig, &plan, CLSNN_E_SELFTEST, "5 neurons, 9 networks on");
    calls_until_spoilt = 0;
    refused(rig, &plan, CLSNN_E_SELFTEST,
            "network 8 (seed 17) differs from plain C after 3 images: weight 392 of neuron 3 is");
    spoilt_network = 0; /* right in the batch, wrong alone */
    calls_until_spoilt = 1;
    refused(rig, &plan, CLSNN_E_SELFTEST, "5 neurons, 1 networks on");
    spoilt_network = 2; /* wrong after the runs only */
    calls_until_spoilt = 1;
    refused(rig, &plan, CLSNN_E_SELFTEST, "network 2 (seed 11) differs from plain C after");
    spoilt_network = -1;
    plan.n_images = 7;
    refused(rig, &plan, CLSNN_E_DATA, "7 training images");
    free(pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_rates),   cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_bare),  cmocka_unit_test(test_measure), cmocka_unit_test(test_wrong_bits),
    };
    return run_device_suite("bench", tests);
}
