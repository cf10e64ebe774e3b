/* The readout against a plain one: labels, proportions, votes and confusion from nested loops over whole
 * numbers. Tiny cases have answers that can be read off. */
#include "clsnn/readout.h"
#include "device_fixture.h"

#include <sys/resource.h>

enum { CLASSES = 10 };

/* Compares a / n_a > b / n_b in whole numbers: sums stay below 2^40, class sizes below 2^16. */
static bool greater(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b) {
    return a * n_b > b * n_a;
}

static void plain_label(uint32_t n_post, const uint16_t *counts, const uint8_t *classes, uint32_t n_images,
                        int32_t *labels, double *proportions) {
    for (uint32_t j = 0; j < n_post; j++) {
        uint64_t sums[CLASSES] = {0}, sizes[CLASSES] = {0};
        double total = 0;
        for (uint32_t k = 0; k < n_images; k++) {
            sums[classes[k]] += counts[k * n_post + j];
            sizes[classes[k]]++;
        }
        labels[j] = -1;
        for (int c = 0; c < CLASSES; c++) {
            if (sizes[c] == 0) continue;
            total += (double)sums[c] / (double)sizes[c];
            if (sums[c] > 0 &&
                (labels[j] < 0 || greater(sums[c], sizes[c], sums[labels[j]], sizes[labels[j]])))
                labels[j] = c;
        }
        for (int c = 0; c < CLASSES; c++)
            proportions[j * CLASSES + (uint32_t)c] =
                total > 0 && sizes[c] ? (double)sums[c] / (double)sizes[c] / total : 0;
    }
}

static int plain_vote_all(uint32_t n_post, const int32_t *labels, const uint16_t *counts) {
    uint64_t sums[CLASSES] = {0}, sizes[CLASSES] = {0};
    int best = 0;
    for (uint32_t j = 0; j < n_post; j++) {
        if (labels[j] < 0) continue;
        sums[labels[j]] += counts[j];
        sizes[labels[j]]++;
    }
    for (int c = 1; c < CLASSES; c++)
        if (greater(sums[c], sizes[c] ? sizes[c] : 1, sums[best], sizes[best] ? sizes[best] : 1)) best = c;
    return best;
}

/* Sums count times proportion over the neurons. *out_clear: the winner leads by more than rounding can
 * change. Proportions are multiples of 2^-16: half of that a spike, for each of two classes. */
static int plain_vote_proportion(uint32_t n_post, const int32_t *labels, const double *proportions,
                                 const uint16_t *counts, bool *out_clear) {
    double sums[CLASSES] = {0}, n_counted = 0, second = -1;
    int best = 0;
    for (uint32_t j = 0; j < n_post; j++) {
        if (labels[j] < 0) continue;
        n_counted += counts[j];
        for (int c = 0; c < CLASSES; c++) sums[c] += counts[j] * proportions[j * CLASSES + (uint32_t)c];
    }
    for (int c = 1; c < CLASSES; c++)
        if (sums[c] > sums[best]) best = c;
    for (int c = 0; c < CLASSES; c++)
        if (c != best && sums[c] > second) second = sums[c];
    *out_clear = n_counted == 0 || sums[best] - second > n_counted * 0x1p-16 * 1.01;
    return best;
}

static void compare(struct rig *rig, const char *what, uint32_t n_post, const uint16_t *counts,
                    const uint8_t *classes, uint32_t n_images, const uint16_t *test, const uint8_t *truth,
                    uint32_t n_test) {
    struct clsnn_labels found;
    struct clsnn_score score;
    int32_t *labels = malloc(n_post * sizeof *labels);
    double *proportions = malloc(n_post * CLASSES * sizeof *proportions);
    uint32_t confusion[CLASSES][CLASSES] = {{0}}, row_sums[CLASSES] = {0}, right = 0, n_clear = 0;
    assert_true(labels && proportions);
    plain_label(n_post, counts, classes, n_images, labels, proportions);
    must(clsnn_labels_create(n_post, CLASSES, &found));
    must(clsnn_readout_label(rig->dev, counts, classes, n_images, &found));
    for (uint32_t j = 0; j < n_post; j++) {
        if (found.labels[j] != labels[j])
            fail_msg("%s: label of neuron %u is %d, wanted %d", what, j, found.labels[j], labels[j]);
        for (uint32_t c = 0; c < CLASSES; c++) /* one rounding to float32 */
            if (!(fabs((double)found.proportions[j * CLASSES + c] - proportions[j * CLASSES + c]) <= 0x1p-24))
                fail_msg("%s: proportion of neuron %u, class %u is %g, wanted %g", what, j, c,
                         (double)found.proportions[j * CLASSES + c], proportions[j * CLASSES + c]);
    }
    must(clsnn_readout_score(rig->dev, &found, test, truth, n_test, &score));
    assert_int_equal(score.n_images, n_test);
    uint32_t possible[CLASSES][CLASSES] = {{0}}, sure[CLASSES][CLASSES] = {{0}}, n_sum = 0, n_right = 0;
    for (uint32_t k = 0; k < n_test; k++) {
        bool clear = false;
        const int all = plain_vote_all(n_post, labels, test + k * n_post);
        const int proportion = plain_vote_proportion(n_post, labels, proportions, test + k * n_post, &clear);
        confusion[truth[k]][all]++;
        right += all == truth[k];
        row_sums[truth[k]]++;
        n_clear += clear;
        if (clear) sure[truth[k]][proportion]++;
        for (int c = 0; c < CLASSES; c++) possible[truth[k]][c] += clear ? c == proportion : 1;
    }
    assert_memory_equal(score.confusion, confusion, sizeof confusion);
    assert_int_equal(score.correct_all, right);
    for (int t = 0; t < CLASSES; t++) {
        uint32_t in_row = 0;
        for (int c = 0; c < CLASSES; c++) {
            const uint32_t n = score.confusion_proportion[t * CLASSES + c];
            if (n < sure[t][c] || n > possible[t][c])
                fail_msg("%s: %u images of class %d voted %d by proportion, wanted %u to %u", what, n, t, c,
                         sure[t][c], possible[t][c]);
            in_row += n;
            n_right += t == c ? n : 0;
        }
        assert_int_equal(in_row, row_sums[t]);
        n_sum += in_row;
    }
    assert_int_equal(n_sum, n_test);
    assert_int_equal(score.correct_proportion, n_right);
    clsnn_score_finish(&score);
    print_message("# %s: %u of %u right, %u by proportion, %u clear\n", what, right, n_test, n_right,
                  n_clear);
    clsnn_labels_finish(&found);
    free(labels);
    free(proportions);
}

enum style { SPARSE, TIES, HUGE_COUNTS, SILENT, MISSING, N_STYLES };
static const char *const style_names[] = {"sparse", "ties", "huge counts", "silent neurons",
                                          "missing classes"};

static void fill(uint64_t *seed, enum style style, uint32_t n_post, uint32_t n_images, uint16_t *counts,
                 uint8_t *classes) {
    for (uint32_t k = 0; k < n_images; k++) {
        classes[k] = (uint8_t)(next_random(seed) % 10);
        if (style == MISSING) classes[k] = (uint8_t)(classes[k] % 3 * 4 + 1); /* classes 1, 5, 9 */
        for (uint32_t j = 0; j < n_post; j++) {
            const uint64_t r = next_random(seed);
            uint16_t c = 0;
            switch (style) {
            case SPARSE:
            case MISSING: c = r % 7 == 0 || j % 10 == classes[k] ? (uint16_t)(r >> 32 & 7) : 0; break;
            case TIES: c = (uint16_t)(r % 2); break;
            case HUGE_COUNTS: c = r % 3 ? (uint16_t)(65535 - r % 5) : 0; break;
            default: c = j % 3 == 1 ? (uint16_t)(r % 4) : 0; break;
            }
            counts[k * n_post + j] = c;
        }
    }
}

static void random_counts_give_the_plain_readout(void **state) {
    struct rig *rig = *state;
    const uint32_t sizes[] = {1, 17, 400}, numbers[] = {1, 2, 10, 333};
    uint64_t seed = 8211;
    print_message("# seed %llu\n", (unsigned long long)seed);
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t n = 0; n < COUNT(numbers); n++)
            for (int style = 0; style < N_STYLES; style++) {
                const uint32_t n_post = sizes[s], n_images = numbers[n], n_test = 40;
                uint16_t *counts = malloc((size_t)n_post * n_images * 2),
                         *test = malloc((size_t)n_post * n_test * 2);
                uint8_t *classes = malloc(n_images), truth[40];
                char what[80];
                assert_true(counts && test && classes);
                snprintf(what, sizeof what, "%s, %u neurons, %u images", style_names[style], n_post,
                         n_images);
                fill(&seed, (enum style)style, n_post, n_images, counts, classes);
                /* Test images bring spikes of neurons that were silent while labelling, and classes that were
                 * missing. */
                fill(&seed, style == SILENT || style == MISSING ? SPARSE : (enum style)style, n_post, n_test,
                     test, truth);
                compare(rig, what, n_post, counts, classes, n_images, test, truth, n_test);
                free(counts);
                free(test);
                free(classes);
            }
}

/* More images than one product takes, and sums above 2^24, where float32 stops counting. */
static void large_sums_stay_exact(void **state) {
    struct rig *rig = *state;
    const uint32_t n_post = 400, n_images = 25000;
    uint16_t *counts = malloc((size_t)n_post * n_images * 2);
    uint8_t *classes = malloc(n_images);
    uint64_t seed = 31;
    assert_true(counts && classes);
    for (uint32_t k = 0; k < n_images; k++) {
        classes[k] = (uint8_t)(k % 10);
        for (uint32_t j = 0; j < n_post; j++)
            counts[k * n_post + j] = (uint16_t)(next_random(&seed) >> (j % 2 ? 61 : 48));
    }
    compare(rig, "25000 images", n_post, counts, classes, n_images, counts, classes, 25000);
    free(counts);
    free(classes);
}

static void labels_are_the_highest_mean_not_the_highest_sum(void **state) {
    struct rig *rig = *state;
    /* Neuron 0: class 3 sums to 6 over three images, class 7 to 5 over one. Neuron 1: both means are 2.
     * Neuron 2: silent. Neuron 3: one spike. */
    const uint16_t counts[4][4] = {{2, 2, 0, 0}, {2, 2, 0, 0}, {2, 2, 0, 1}, {5, 2, 0, 0}};
    const uint8_t classes[4] = {3, 3, 3, 7};
    const float wanted[4][2] = {{2.0f / 7, 5.0f / 7}, {0.5f, 0.5f}, {0, 0}, {1, 0}}; /* classes 3 and 7 */
    struct clsnn_labels l;
    must(clsnn_labels_create(4, CLASSES, &l));
    must(clsnn_readout_label(rig->dev, counts[0], classes, 4, &l));
    assert_int_equal(l.labels[0], 7);
    assert_int_equal(l.labels[1], 3);
    assert_int_equal(l.labels[2], -1);
    assert_int_equal(l.labels[3], 3);
    for (int j = 0; j < 4; j++)
        for (int c = 0; c < CLASSES; c++) {
            const float p = c == 3 ? wanted[j][0] : c == 7 ? wanted[j][1] : 0;
            assert_true(fabsf(l.proportions[j * CLASSES + c] - p) <= 0x1p-24f);
        }
    clsnn_labels_finish(&l);
}

static void votes_are_means_over_a_class_s_neurons(void **state) {
    struct rig *rig = *state;
    struct clsnn_labels l;
    struct clsnn_score score;
    /* Three neurons for class 2, one for class 4, one silent while labelling. */
    must(clsnn_labels_create(5, CLASSES, &l));
    memcpy(l.labels, (const int32_t[]){2, 2, 2, 4, -1}, 5 * sizeof *l.labels);
    for (int j = 0; j < 3; j++) {
        l.proportions[j * CLASSES + 2] = 0.75f;
        l.proportions[j * CLASSES + 9] = 0.25f;
    }
    l.proportions[3 * CLASSES + 4] = 1;
    const uint16_t counts[6][5] = {
        {1, 1, 1, 2, 0}, /* means 1 and 2: all says 4; shares 2.25 and 2: proportion says 2 */
        {2, 2, 2, 2, 0}, /* a tie: the lower class */
        {0, 0, 0, 0, 0}, /* silence: class 0 */
        {0, 0, 0, 0, 9}, /* only the neuron without a label fires: silence */
        {0, 0, 4, 1, 9}, /* means 4/3 and 1: class 2 */
        {0, 0, 0, 1, 65535},
    };
    const uint8_t truth[6] = {4, 2, 0, 0, 9, 4};
    must(clsnn_readout_score(rig->dev, &l, counts[0], truth, 6, &score));
    uint32_t all[CLASSES][CLASSES] = {{0}}, proportion[CLASSES][CLASSES] = {{0}};
    all[4][4] = 2;
    all[2][2] = 1;
    all[0][0] = 2;
    all[9][2] = 1;
    proportion[4][2] = 1;
    proportion[4][4] = 1;
    proportion[2][2] = 1;
    proportion[0][0] = 2;
    proportion[9][2] = 1;
    assert_memory_equal(score.confusion, all, sizeof all);
    assert_memory_equal(score.confusion_proportion, proportion, sizeof proportion);
    assert_int_equal(score.correct_all, 5);
    assert_int_equal(score.correct_proportion, 4);
    clsnn_score_finish(&score);
    /* Equal shares: the lowest class wins. */
    for (int j = 0; j < 5; j++)
        for (int c = 0; c < CLASSES; c++) l.proportions[j * CLASSES + c] = 0.1f;
    must(clsnn_readout_score(rig->dev, &l, counts[0], truth, 6, &score));
    for (int t = 0; t < CLASSES; t++)
        for (int c = 1; c < CLASSES; c++) assert_int_equal(score.confusion_proportion[t * CLASSES + c], 0);
    clsnn_score_finish(&score);
    clsnn_labels_finish(&l);
}

static void likelihood_multiplies_chances(void **state) {
    struct rig *rig = *state;
    struct clsnn_labels l;
    struct clsnn_answers found;
    /* Two neurons fire for classes 2 and 4, in different shares; one only for 2; one is silent. */
    must(clsnn_labels_create(4, CLASSES, &l));
    memcpy(l.labels, (const int32_t[]){2, 4, 2, -1}, 4 * sizeof *l.labels);
    l.proportions[2] = 0.75f, l.proportions[4] = 0.25f;
    l.proportions[CLASSES + 2] = 0.25f, l.proportions[CLASSES + 4] = 0.75f;
    l.proportions[2 * CLASSES + 2] = 1;
    /* The proportions sum up to 2 for class 2 and to 1 for class 4. So a spike is one of neurons 0, 1 and 2
     * with the chances 3/8, 1/8 and 1/2 at class 2, and 1/4, 3/4 and nearly 0 at class 4. */
    const uint16_t counts[8][4] = {
        {0, 0, 0, 0},    /* silence: class 0 */
        {1, 0, 0, 0},    /* 3/8 > 1/4: class 2 */
        {0, 1, 0, 0},    /* 1/8 < 3/4: class 4 */
        {3, 1, 0, 0},    /* 27/4096 < 3/256: class 4, though the shares are 2.5 and 1.5 */
        {5, 1, 0, 0},    /* 243 / 8^6 > 3 / 4^6 */
        {0, 3, 1, 0},    /* 1/2^10 > 27/64 of nearly 0, about 1/2^10: one spike counts for much */
        {0, 6, 1, 0},    /* 1/2^19 < 729/4096 of nearly 0: but it rules no class out */
        {0, 0, 0, 65535} /* only the silent neuron: class 0 */
    };
    const int32_t likelihood[8] = {0, 2, 4, 4, 2, 2, 4, 0};
    must(clsnn_answers_create(8, &found));
    must(clsnn_readout_predict(rig->dev, &l, counts[0], 8, found));
    for (int k = 0; k < 8; k++)
        if (found.likelihood[k] != likelihood[k])
            fail_msg("image %d: class %d, wanted %d", k, found.likelihood[k], likelihood[k]);
    assert_int_equal(found.proportion[3], 2);
    clsnn_answers_finish(&found);
    clsnn_labels_finish(&l);
}

/* A product takes a block of images. One neuron and many classes must not make the blocks huge. */
static void memory_does_not_depend_on_the_images(void **state) {
    struct rig *rig = *state;
    enum { IMAGES = 200000, MOST = 256 };
    struct rusage before, after;
    struct clsnn_labels l;
    struct clsnn_answers found;
    uint16_t *counts = calloc(IMAGES, sizeof *counts);
    assert_non_null(counts);
    for (int k = 0; k < IMAGES; k++) counts[k] = (uint16_t)(k % 3);
    must(clsnn_labels_create(1, MOST, &l));
    l.labels[0] = 200;
    l.proportions[200] = 1;
    must(clsnn_answers_create(IMAGES, &found));
    getrusage(RUSAGE_SELF, &before);
    must(clsnn_readout_predict(rig->dev, &l, counts, IMAGES, found));
    getrusage(RUSAGE_SELF, &after);
    for (int k = 0; k < IMAGES; k++) assert_int_equal(found.likelihood[k], counts[k] ? 200 : 0);
    const long kilobytes = after.ru_maxrss - before.ru_maxrss;
    print_message("# %d images of %d classes: %ld kB more\n", IMAGES, MOST, kilobytes);
    assert_true(kilobytes < 400000);
    clsnn_answers_finish(&found);
    clsnn_labels_finish(&l);
    free(counts);
}

static void nothing_to_read_gives_nothing(void **state) {
    struct rig *rig = *state;
    struct clsnn_labels l;
    struct clsnn_score score;
    const uint16_t none[1] = {0};
    const uint8_t no_class[1] = {0};
    must(clsnn_labels_create(17, CLASSES, &l));
    for (int j = 0; j < 17; j++) assert_int_equal(l.labels[j], -1);
    must(clsnn_readout_label(rig->dev, none, no_class, 0, &l));
    for (int j = 0; j < 17; j++) {
        assert_int_equal(l.labels[j], -1);
        for (int c = 0; c < CLASSES; c++) assert_true(l.proportions[j * CLASSES + c] == 0);
    }
    memset(&score, 0x5a, sizeof score);
    must(clsnn_readout_score(rig->dev, &l, none, no_class, 0, &score));
    assert_true(score.n_images == 0 && score.correct_all == 0 && score.correct_proportion == 0);
    assert_int_equal(score.n_classes, CLASSES);
    for (int e = 0; e < CLASSES * CLASSES; e++)
        assert_true(score.confusion[e] == 0 && score.confusion_proportion[e] == 0);
    clsnn_score_finish(&score);
    clsnn_score_finish(&score); /* accepts {0} */
    clsnn_labels_finish(&l);
    clsnn_labels_finish(&l); /* accepts {0} */
}

/* Labelling again replaces the labels; no earlier count remains. */
static void labelling_again_forgets(void **state) {
    struct rig *rig = *state;
    struct clsnn_labels l;
    const uint16_t counts[2][2] = {{3, 1}, {0, 2}}, later[1][2] = {{0, 4}};
    must(clsnn_labels_create(2, CLASSES, &l));
    must(clsnn_readout_label(rig->dev, counts[0], (const uint8_t[]){1, 2}, 2, &l));
    assert_true(l.labels[0] == 1 && l.labels[1] == 2);
    must(clsnn_readout_label(rig->dev, later[0], (const uint8_t[]){5}, 1, &l));
    assert_true(l.labels[0] == -1 && l.labels[1] == 5);
    assert_true(l.proportions[1] == 0 && l.proportions[CLASSES + 5] == 1 && l.proportions[CLASSES + 2] == 0);
    clsnn_labels_finish(&l);
}

/* Classes 10 to 255 work like the ten digits: the same counts give the same labels and votes under other
 * class numbers. A test image of a class that no neuron has makes the matrix larger and is wrong. */
static void any_class_number_will_do(void **state) {
    struct rig *rig = *state;
    enum { N_POST = 30, N_IMAGES = 200, MOST = 256 };
    static uint16_t counts[N_IMAGES][N_POST];
    uint8_t digits[N_IMAGES], classes[N_IMAGES];
    static const uint8_t of_digit[CLASSES] = {1, 3, 10, 11, 26, 99, 128, 200, 254, 255}; /* ascending */
    uint64_t seed = 77;
    struct clsnn_labels small, large;
    struct clsnn_score a, b;
    fill(&seed, SPARSE, N_POST, N_IMAGES, counts[0], digits);
    for (int k = 0; k < N_IMAGES; k++) classes[k] = of_digit[digits[k]];
    must(clsnn_labels_create(N_POST, CLASSES, &small));
    must(clsnn_labels_create(N_POST, MOST, &large));
    must(clsnn_readout_label(rig->dev, counts[0], digits, N_IMAGES, &small));
    must(clsnn_readout_label(rig->dev, counts[0], classes, N_IMAGES, &large));
    for (int j = 0; j < N_POST; j++) {
        assert_int_equal(large.labels[j], small.labels[j] < 0 ? -1 : of_digit[small.labels[j]]);
        float sum = 0;
        for (int c = 0; c < MOST; c++) sum += large.proportions[j * MOST + c];
        for (int c = 0; c < CLASSES; c++) {
            assert_true(large.proportions[j * MOST + of_digit[c]] == small.proportions[j * CLASSES + c]);
            sum -= small.proportions[j * CLASSES + c];
        }
        assert_true(fabsf(sum) < 1e-6f); /* nothing in other columns */
    }
    must(clsnn_readout_score(rig->dev, &small, counts[0], digits, N_IMAGES, &a));
    must(clsnn_readout_score(rig->dev, &large, counts[0], classes, N_IMAGES, &b));
    assert_int_equal(b.n_classes, MOST);
    for (int t = 0; t < CLASSES; t++)
        for (int p = 0; p < CLASSES; p++) {
            if (p == 0) continue; /* an image without a spike goes to class 0, not to the lowest of these */
            assert_int_equal(b.confusion[of_digit[t] * MOST + of_digit[p]], a.confusion[t * CLASSES + p]);
            assert_int_equal(b.confusion_proportion[of_digit[t] * MOST + of_digit[p]],
                             a.confusion_proportion[t * CLASSES + p]);
        }
    clsnn_score_finish(&b);
    digits[7] = 40;
    must(clsnn_readout_score(rig->dev, &small, counts[0], digits, N_IMAGES, &b));
    assert_int_equal(b.n_classes, 41);
    uint32_t in_row = 0;
    for (int p = 0; p < 41; p++) in_row += b.confusion[40 * 41 + p];
    assert_true(in_row == 1 && b.confusion[40 * 41 + 40] == 0);
    assert_true(b.correct_all <= a.correct_all && b.correct_all + 1 >= a.correct_all);
    clsnn_score_finish(&a);
    clsnn_score_finish(&b);
    clsnn_labels_finish(&small);
    clsnn_labels_finish(&large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_counts_give_the_plain_readout),
        cmocka_unit_test(large_sums_stay_exact),
        cmocka_unit_test(labels_are_the_highest_mean_not_the_highest_sum),
        cmocka_unit_test(votes_are_means_over_a_class_s_neurons),
        cmocka_unit_test(likelihood_multiplies_chances),
        cmocka_unit_test(memory_does_not_depend_on_the_images),
        cmocka_unit_test(nothing_to_read_gives_nothing),
        cmocka_unit_test(labelling_again_forgets),
        cmocka_unit_test(any_class_number_will_do),
    };
    return run_device_suite("readout", tests);
}
