/* The built-in digits: the same bytes in whatever pieces they are drawn, MNIST's statistics, and a difficulty
 * between trivial and hopeless. The bounds come from MNIST: mean pixel 33.3, 19 % of pixels inked, nearest
 * class mean 82 %, 1-NN 92 to 95 %. */
#include "dataset/digits.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clsnn/dataset.h"

enum { PIXELS = CLSNN_IMAGE_PIXELS, SIDE = 28, BOX = 20 };

static struct clsnn_dataset all; /* drawn once, read by every test */

static int draw_all(void **state) {
    (void)state;
    return clsnn_dataset_load("digits", &all) == CLSNN_OK ? 0 : -1;
}

static int drop_all(void **state) {
    (void)state;
    clsnn_dataset_finish(&all);
    return 0;
}

static void image_depends_on_seed_set_and_index_alone(void **state) {
    (void)state;
    enum { N = 200 };
    static uint8_t pixels[N * PIXELS], labels[N];
    const enum clsnn_digits_set sets[] = {CLSNN_DIGITS_SET_TRAIN, CLSNN_DIGITS_SET_TEST};
    for (int s = 0; s < 2; s++) {
        const struct clsnn_images *whole = s ? &all.test : &all.train;
        const uint32_t first = 777;
        /* Draws the images backwards, in pieces of 1 to 4. */
        for (uint32_t end = N, piece = 1; end > 0; piece = piece % 4 + 1) {
            uint32_t n = piece < end ? piece : end;
            end -= n;
            clsnn_digits_draw(CLSNN_DIGITS_SEED, sets[s], first + end, n, pixels + end * PIXELS,
                              labels + end);
        }
        assert_memory_equal(pixels, whole->pixels + first * PIXELS, sizeof pixels);
        assert_memory_equal(labels, whole->labels + first, sizeof labels);
    }
}

static int same_images(const uint8_t *a, const uint8_t *b, int n) {
    int same = 0;
    for (int k = 0; k < n; k++) same += memcmp(a + k * PIXELS, b + k * PIXELS, PIXELS) == 0;
    return same;
}

static void seeds_and_sets_differ(void **state) {
    (void)state;
    enum { N = 100 };
    static uint8_t pixels[N * PIXELS], labels[N];
    assert_int_equal(same_images(all.train.pixels, all.test.pixels, N), 0);
    /* The seeds differ in the low half, in the high half, or in both. */
    const uint64_t seeds[] = {CLSNN_DIGITS_SEED + 1, CLSNN_DIGITS_SEED + ((uint64_t)1 << 32), 0, UINT64_MAX};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        clsnn_digits_draw(seeds[i], CLSNN_DIGITS_SET_TRAIN, 0, N, pixels, labels);
        assert_int_equal(same_images(all.train.pixels, pixels, N), 0);
        assert_memory_not_equal(all.train.labels, labels, N);
    }
}

/* Every machine, compiler and optimisation must draw the same set, because results are compared across
 * machines. The other tests check that the digits are right. A deliberate change of the digits changes this
 * hash. */
static void bytes_are_the_same_on_every_machine(void **state) {
    (void)state;
    assert_string_equal(all.sha256, "ba831c9277b5ddd44dcf4c028d7a292dd0495040b0b662b311d7252499b101bb");
}

static void pixels_have_mnist_statistics(void **state) {
    (void)state;
    const struct clsnn_images *sets[] = {&all.train, &all.test};
    for (int s = 0; s < 2; s++) {
        double sum = 0, inked = 0, n = (double)sets[s]->n_images * PIXELS;
        for (size_t i = 0; i < (size_t)sets[s]->n_images * PIXELS; i++) {
            sum += sets[s]->pixels[i];
            inked += sets[s]->pixels[i] != 0;
        }
        print_message("# mean pixel %.2f, inked %.4f\n", sum / n, inked / n);
        assert_true(fabs(sum / n - 33) <= 3);
        assert_true(inked / n >= 0.17 && inked / n <= 0.22);
    }
}

static void labels_are_balanced_and_shuffled(void **state) {
    (void)state;
    long count[10] = {0}, repeats = 0;
    for (uint32_t k = 0; k < all.train.n_images; k++) {
        assert_true(all.train.labels[k] < 10);
        count[all.train.labels[k]]++;
        repeats += k && all.train.labels[k] == all.train.labels[k - 1];
    }
    /* Each count is binomial(60000, 0.1) with deviation 73.5; the bound is 5 deviations. One of 11 counts
     * exceeds it by chance with probability 6e-6. The seed fixes the labels, so the outcome never varies. */
    for (int c = 0; c < 10; c++) assert_in_range(count[c], 6000 - 367, 6000 + 367);
    assert_in_range(repeats, 6000 - 367, 6000 + 367);
}

static void digits_fit_the_box_and_are_centred_by_mass(void **state) {
    (void)state;
    uint32_t clipped = 0;
    for (uint32_t k = 0; k < all.test.n_images; k++) {
        const uint8_t *p = all.test.pixels + (size_t)k * PIXELS;
        double mass = 0, at_x = 0, at_y = 0;
        int x0 = SIDE, x1 = -1, y0 = SIDE, y1 = -1;
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                if (!p[y * SIDE + x]) continue;
                mass += p[y * SIDE + x];
                at_x += p[y * SIDE + x] * (x + 0.5);
                at_y += p[y * SIDE + x] * (y + 0.5);
                if (x < x0) x0 = x;
                if (x > x1) x1 = x;
                if (y < y0) y0 = y;
                if (y > y1) y1 = y;
            }
        assert_true(mass > 0);
        assert_true(x1 - x0 < BOX && y1 - y0 < BOX);
        bool at_edge = x0 == 0 || y0 == 0 || x1 == SIDE - 1 || y1 == SIDE - 1;
        clipped += at_edge;
        /* Centring moves a digit by whole pixels, so half a pixel may remain. A digit cut at the edge has
         * lost mass; 0.6 allows for the shift. */
        double most = at_edge ? 0.6 : 0.5 + 1e-9;
        const int middle = SIDE / 2;
        assert_true(fabs(at_x / mass - middle) <= most);
        assert_true(fabs(at_y / mass - middle) <= most);
    }
    print_message("# %u of %u touch the edge\n", clipped, all.test.n_images);
    assert_true(clipped <= all.test.n_images / 50); /* 1.4 % of MNIST's images touch the edge */
}

/* Templates must not solve the set: otherwise an accuracy would say nothing about learning. */
static void nearest_class_mean_stays_below_90_percent(void **state) {
    (void)state;
    static double mean[10][PIXELS];
    double count[10] = {0};
    uint32_t right = 0;
    for (uint32_t k = 0; k < all.train.n_images; k++) {
        int c = all.train.labels[k];
        count[c]++;
        for (int i = 0; i < PIXELS; i++) mean[c][i] += all.train.pixels[(size_t)k * PIXELS + (size_t)i];
    }
    for (int c = 0; c < 10; c++)
        for (int i = 0; i < PIXELS; i++) mean[c][i] /= count[c];
    for (uint32_t k = 0; k < all.test.n_images; k++) {
        const uint8_t *p = all.test.pixels + (size_t)k * PIXELS;
        int best = 0;
        double least = HUGE_VAL;
        for (int c = 0; c < 10; c++) {
            double d = 0;
            for (int i = 0; i < PIXELS; i++) d += (p[i] - mean[c][i]) * (p[i] - mean[c][i]);
            if (d < least) least = d, best = c;
        }
        right += best == all.test.labels[k];
    }
    print_message("# nearest class mean: %.2f %%\n", 100.0 * right / all.test.n_images);
    assert_true(right < 0.90 * all.test.n_images);
    assert_true(right > 0.70 * all.test.n_images); /* the classes are still distinct */
}

static int distance(const uint8_t *a, const uint8_t *b) {
    int sum = 0;
    for (int i = 0; i < PIXELS; i++) {
        int d = a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

/* 1-NN is right for 96.5 % of all 10,000 test images. Of random choices of 300 images, one in about 1,000
 * would fall below 93 %; this choice is fixed. */
static void one_nearest_neighbour_reaches_93_percent(void **state) {
    (void)state;
    enum { TRAIN = 10000, TEST = 300 };
    int right = 0;
    for (int k = 0; k < TEST; k++) {
        int best = 0, least = INT32_MAX;
        for (int t = 0; t < TRAIN; t++) {
            int d = distance(all.test.pixels + k * PIXELS, all.train.pixels + t * PIXELS);
            if (d < least) least = d, best = t;
        }
        right += all.train.labels[best] == all.test.labels[k];
    }
    print_message("# 1-NN: %.2f %% of %d\n", 100.0 * right / TEST, TEST);
    assert_true(right >= 0.93 * TEST);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_depends_on_seed_set_and_index_alone),
        cmocka_unit_test(seeds_and_sets_differ),
        cmocka_unit_test(bytes_are_the_same_on_every_machine),
        cmocka_unit_test(pixels_have_mnist_statistics),
        cmocka_unit_test(labels_are_balanced_and_shuffled),
        cmocka_unit_test(digits_fit_the_box_and_are_centred_by_mass),
        cmocka_unit_test(nearest_class_mean_stays_below_90_percent),
        cmocka_unit_test(one_nearest_neighbour_reaches_93_percent),
    };
    return cmocka_run_group_tests_name("digits", tests, draw_all, drop_all);
}
