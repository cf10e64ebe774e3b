/* Weights and theta in the files of other programs: every float that a model may hold comes back as the same
 * float, through volts too. */
#include "experiment/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_PRE = 784, N_POST = 64 };

/* Returns a float of any bits below those of `most`: numbers of all sizes, denormal ones too. */
static float any_float(float most) {
    static uint64_t state = 20152020;
    uint32_t limit, bits;
    float value;
    memcpy(&limit, &most, sizeof limit);
    state = state * 6364136223846793005u + 1442695040888963407u;
    bits = (uint32_t)(state >> 33) % limit;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void make_model(struct clsnn_learned *l) {
    *l = (struct clsnn_learned){.n_pre = N_PRE,
                                .n_post = N_POST,
                                .w = malloc(N_PRE * N_POST * sizeof *l->w),
                                .theta_mv = malloc(N_POST * sizeof *l->theta_mv)};
    assert_true(l->w && l->theta_mv);
    for (size_t k = 0; k < N_PRE * N_POST; k++) l->w[k] = any_float(1e30f);
    for (size_t j = 0; j < N_POST; j++) l->theta_mv[j] = any_float(1000);
}

static void check_same(const struct clsnn_learned *a, const char *weights, const char *theta) {
    struct clsnn_exchange x;
    assert_int_equal(clsnn_exchange_read(weights, theta, &x), CLSNN_OK);
    assert_int_equal(x.model.n_pre, N_PRE);
    assert_int_equal(x.model.n_post, N_POST);
    assert_int_equal(x.n_unlisted, 0);
    assert_memory_equal(x.model.w, a->w, N_PRE * N_POST * sizeof *a->w);
    assert_memory_equal(x.model.theta_mv, a->theta_mv, N_POST * sizeof *a->theta_mv);
    clsnn_learned_finish(&x.model);
}

static void no_bit_is_lost(void **state) {
    (void)state;
    char dir[] = "/tmp/clsnn-exchange.XXXXXX", list[64], w[64], theta[64];
    assert_non_null(mkdtemp(dir));
    snprintf(list, sizeof list, "%s/XeAe.npy", dir);
    snprintf(w, sizeof w, "%s/w.npy", dir);
    snprintf(theta, sizeof theta, "%s/theta_A.npy", dir);
    for (int k = 0; k < 50; k++) {
        struct clsnn_learned l;
        make_model(&l);
        assert_int_equal(clsnn_exchange_write_theta(&l, theta), CLSNN_OK);
        assert_int_equal(clsnn_exchange_write_w(&l, w), CLSNN_OK);
        check_same(&l, w, theta);
        if (k == 0) {
            assert_int_equal(clsnn_exchange_write_list(&l, list), CLSNN_OK);
            check_same(&l, list, theta);
        }
        clsnn_learned_finish(&l);
    }
    unlink(list);
    unlink(w);
    unlink(theta);
    rmdir(dir);
}

/* Theta in volts is a double, and each float of millivolts has its own. */
static void volts_keep_every_float(void **state) {
    (void)state;
    for (int k = 0; k < 2000000; k++) {
        const float mv = any_float(1000);
        const double volts = (double)mv / 1000;
        assert_true((float)(volts * 1000) == mv);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bit_is_lost),
        cmocka_unit_test(volts_keep_every_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
