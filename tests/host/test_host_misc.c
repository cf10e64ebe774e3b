/* Small modules of the host that need no device: shuffled orders, the running accuracy, the hash of the
 * kernels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "experiment/order.h"
#include "device/program.h"
#include "experiment/running.h"

static void an_order_is_a_permutation(void **state) {
    (void)state;
    const uint32_t sizes[] = {0, 1, 2, 3, 10, 1000, 60000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const uint32_t n = sizes[s];
        int32_t *order = malloc((n + 1) * sizeof *order);
        uint8_t *seen = calloc(n + 1, 1);
        assert_true(order && seen);
        order[n] = -7;
        clsnn_order_shuffle(42, 3, n, order);
        for (uint32_t k = 0; k < n; k++) {
            assert_true(order[k] >= 0 && (uint32_t)order[k] < n);
            assert_int_equal(seen[order[k]]++, 0);
        }
        assert_int_equal(order[n], -7);
        free(order);
        free(seen);
    }
}

static void an_order_depends_on_seed_and_epoch_alone(void **state) {
    (void)state;
    enum { N = 500 };
    const uint64_t seeds[] = {1, 2, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_MAX};
    static int32_t orders[10][N], again[N];
    for (uint32_t k = 0; k < 10; k++) clsnn_order_shuffle(seeds[k / 2], k % 2, N, orders[k]);
    for (uint32_t k = 0; k < 10; k++) {
        clsnn_order_shuffle(seeds[k / 2], k % 2, N, again);
        assert_memory_equal(again, orders[k], sizeof again);
        for (uint32_t other = 0; other < k; other++) {
            int fixed = 0;
            for (int i = 0; i < N; i++) fixed += orders[k][i] == orders[other][i];
            /* Two random orders agree in 1 place on average (Poisson), in more than 12 with p = 1e-10. */
            assert_true(fixed <= 12);
        }
    }
}

/* Every image is equally likely at every place: chi-square of 12 x 12 counts, 11 * 11 degrees of freedom. All
 * 24 orders of four are equally likely: 23 degrees. The bounds are p = 1e-4 on either side, by Wilson and
 * Hilferty. */
static void orders_are_uniform(void **state) {
    (void)state;
    enum { N = 12, RUNS = 24000 };
    static int table[N][N], kinds[256];
    int32_t order[N], four[4];
    for (uint32_t e = 0; e < RUNS; e++) {
        clsnn_order_shuffle(77, e, N, order);
        for (int k = 0; k < N; k++) table[k][order[k]]++;
        clsnn_order_shuffle(78, e, 4, four);
        kinds[four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6]++;
    }
    double x = 0, y = 0;
    int n_kinds = 0;
    for (int k = 0; k < N; k++)
        for (int i = 0; i < N; i++) x += pow(table[k][i] - RUNS / (double)N, 2) / (RUNS / (double)N);
    for (int k = 0; k < 256; k++) {
        n_kinds += kinds[k] > 0;
        if (kinds[k]) y += pow(kinds[k] - RUNS / 24.0, 2) / (RUNS / 24.0);
    }
    print_message("# seeds 77, 78: chi-square %.1f of 121, %.1f of 23\n", x, y);
    assert_int_equal(n_kinds, 24);
    assert_true(x > 70 && x < 189);
    assert_true(y > 6 && y < 57);
}

static void running_accuracy_starts_at_a_hundred_images(void **state) {
    (void)state;
    struct clsnn_running *r = NULL;
    const uint16_t silent[2] = {0, 0};
    assert_int_equal(clsnn_running_create(2, 10, &r), CLSNN_OK);
    for (int k = 0; k < 99; k++) {
        clsnn_running_add(r, silent, 0); /* a silent image counts as class 0, here right */
        assert_true(clsnn_running_accuracy(r) < 0);
    }
    clsnn_running_add(r, silent, 5);
    assert_true(clsnn_running_accuracy(r) == 0.99);
    clsnn_running_destroy(r);
    clsnn_running_destroy(NULL);
}

/* Two neurons tell classes 3 and 8 apart. The first image of each class is wrong, because no neuron has a
 * label yet. Every tenth image fires the wrong neuron and is wrong. All others are right, over the last 1000
 * images. */
static void running_accuracy_of_a_hand_made_case(void **state) {
    (void)state;
    struct clsnn_running *r = NULL;
    const uint16_t fires[2][2] = {{6, 0}, {0, 6}};
    const uint8_t classes[2] = {3, 8};
    int right[3000] = {0};
    float then[3000 / CLSNN_RUNNING_EVERY];
    size_t n_history;
    assert_int_equal(clsnn_running_create(2, 10, &r), CLSNN_OK);
    for (int k = 0; k < 3000; k++) {
        const int which = k / 3 % 2, wrong = k > 0 && k % 10 == 0;
        right[k] = k != 0 && k != 3 && !wrong;
        clsnn_running_add(r, fires[wrong ? !which : which], classes[which]);
        int n = 0, most = k + 1 < 1000 ? k + 1 : 1000;
        for (int back = 0; back < most; back++) n += right[k - back];
        if (k + 1 >= 100 && clsnn_running_accuracy(r) != (double)n / most)
            fail_msg("after %d images: %g, wanted %g", k + 1, clsnn_running_accuracy(r), (double)n / most);
        if ((k + 1) % CLSNN_RUNNING_EVERY == 0)
            then[k / CLSNN_RUNNING_EVERY] = (float)clsnn_running_accuracy(r);
    }
    const float *history = clsnn_running_history(r, &n_history);
    assert_int_equal(n_history, 3000 / CLSNN_RUNNING_EVERY);
    assert_int_equal(clsnn_running_seen(r), 3000);
    assert_memory_equal(history, then, sizeof then);
    clsnn_running_destroy(r);
}

/* An image is classified before it counts towards labels. Otherwise each image here would be right, because a
 * neuron of its own fires. */
static void an_image_does_not_vote_for_itself(void **state) {
    (void)state;
    struct clsnn_running *r = NULL;
    assert_int_equal(clsnn_running_create(100, 10, &r), CLSNN_OK);
    for (int k = 0; k < 100; k++) {
        uint16_t counts[100] = {0};
        counts[k] = 9; /* a neuron that never fired before */
        clsnn_running_add(r, counts, (uint8_t)(1 + k % 9));
    }
    assert_true(clsnn_running_accuracy(r) == 0);
    clsnn_running_destroy(r);
}

/* A neuron fired 8 times at class 6 long ago. Now it fires 3 times at class 6, and 5 times at class 2, which
 * is shown three times as often. Without fading its mean for class 6 would stay at 7, and one answer in four
 * would be right. */
static void old_images_fade(void **state) {
    (void)state;
    struct clsnn_running *r = NULL;
    const uint16_t eight[1] = {8}, five[1] = {5}, three[1] = {3};
    assert_int_equal(clsnn_running_create(1, 10, &r), CLSNN_OK);
    for (int k = 0; k < 3 * 8192; k++) clsnn_running_add(r, eight, 6);
    assert_true(clsnn_running_accuracy(r) == 1);
    for (int k = 0; k < 3 * 8192; k++) {
        if (k % 4 == 0)
            clsnn_running_add(r, three, 6);
        else
            clsnn_running_add(r, five, 2);
    }
    assert_true(clsnn_running_accuracy(r) == 0.75);
    clsnn_running_destroy(r);
}

static void hash_of(const char *source, char hex[CLSNN_SHA256_HEX]) {
    assert_int_equal(clsnn_program_hash_source(source, strlen(source), hex), CLSNN_OK);
}

static void a_moved_or_reformatted_file_is_the_same_program(void **state) {
    (void)state;
    static const char *const same[] = {
        "#define A(x) x + 1\nint f(int a, int b) { return a - -b; }\n",
        "#line 1 \"a.cl\"\n#define A(x) x + 1\n#line 7 \"laws/b.cl\"\nint f(int a, int b) { return a - -b; "
        "}\n",
        "\n\n  #define A(x)   \\\n    x + 1\n\nint f(int a,\n      int b) {\n    return a - -b;\n}\n#line 3 "
        "\"c.cl\"",
    };
    static const char *const others[] = {
        "#define A (x) x + 1\nint f(int a, int b) { return a - -b; }\n",
        "#define A(x) x + 1 int f(int a, int b) { return a - -b; }\n",
        "#define A(x) x + 1\nint f(int a, int b) { return a --b; }\n",
        "#define A(x) x + 1\nint f(int a, int b) { return a - - b; }\n",
        "#define A(x) x + 1\nint f(int a, int b) { return a - -c; }\n",
        "#define A(x) x + 1\nintf(int a, int b) { return a - -b; }\n",
    };
    char wanted[CLSNN_SHA256_HEX], hex[CLSNN_SHA256_HEX];
    hash_of(same[0], wanted);
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        hash_of(same[k], hex);
        assert_string_equal(hex, wanted);
    }
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        hash_of(others[k], hex);
        assert_string_not_equal(hex, wanted);
    }
    assert_int_equal(clsnn_program_hash(hex), CLSNN_OK);
    assert_int_equal(strlen(hex), CLSNN_SHA256_HEX - 1);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_a_permutation),
        cmocka_unit_test(an_order_depends_on_seed_and_epoch_alone),
        cmocka_unit_test(orders_are_uniform),
        cmocka_unit_test(running_accuracy_starts_at_a_hundred_images),
        cmocka_unit_test(running_accuracy_of_a_hand_made_case),
        cmocka_unit_test(an_image_does_not_vote_for_itself),
        cmocka_unit_test(old_images_fade),
        cmocka_unit_test(a_moved_or_reformatted_file_is_the_same_program),
    };
    return cmocka_run_group_tests_name("host_misc", tests, NULL, NULL);
}
