/* The encoder. Philox gives its published answers; every spike bit is the one that network/encode.cl
 * promises, computed here in another way; the spikes are independent Bernoulli draws. The bits come from
 * the state's row spikes, where training leaves them: bit b of word [g][t] is input active[32 g + b] at
 * step t. */
#include <Random123/philox.h>

#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "clsnn/replay.h"
#include "device/network.h"
#include "device_fixture.h"

/* The three published answers for philox4x32 with 10 rounds (kat_vectors of Random123). */
static const struct {
    uint32_t counter[4], key[2], wanted[4];
} known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

/* Philox4x32-10 from its paper (Salmon et al. 2011), for the predictions below. */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t x[4], k[2] = {key[0], key[1]};
    memcpy(x, counter, sizeof x);
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * x[0], b = (uint64_t)0xCD9E8D57u * x[2];
        const uint32_t y[4] = {(uint32_t)(b >> 32) ^ x[1] ^ k[0], (uint32_t)b,
                               (uint32_t)(a >> 32) ^ x[3] ^ k[1], (uint32_t)a};
        memcpy(x, y, sizeof x);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    memcpy(out, x, sizeof x);
}

static void philox_gives_its_published_answers(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT(known_answers); k++) {
        philox4x32_ctr_t c;
        philox4x32_key_t key;
        uint32_t own[4];
        memcpy(c.v, known_answers[k].counter, sizeof c.v);
        memcpy(key.v, known_answers[k].key, sizeof key.v);
        c = philox4x32_R(10, c, key);
        assert_memory_equal(c.v, known_answers[k].wanted, sizeof c.v);
        philox(known_answers[k].counter, known_answers[k].key, own);
        assert_memory_equal(own, known_answers[k].wanted, sizeof own);
    }
}

/* The draws of one presentation. */
struct show {
    uint64_t seed;
    uint32_t image, epoch, attempt, purpose, intensity, denominator;
    int n_on;
};

/* Draws digits first to first + 31 of the uniform numbers of a bundle's 32 inputs in one step: digit first +
 * k of input b is bit b of words[k]. */
static void draw_digit_words(const struct show *s, uint32_t group, uint32_t t, uint32_t first,
                             uint32_t words[32]) {
    const uint32_t key[2] = {(uint32_t)s->seed, (uint32_t)(s->seed >> 32)};
    for (uint32_t k = 0; k < 32; k += 4) {
        const uint32_t counter[4] = {t | ((first + k) / 4) << 16, s->image, s->epoch | s->attempt << 20,
                                     s->purpose << 24 | group};
        philox(counter, key, words + k);
    }
}

/* Counts of draws that LATE_DIGITS digits leave open. network/encode.cl computes that many digits in advance
 * and then goes on by long division. */
enum { LATE_DIGITS = 24 };
static int n_late_draws, n_late_spikes, n_late_certain;

/* Returns whether one input of a bundle spikes: compares its uniform number with numerator / denominator, 32
 * digits at a time. */
static bool lane_spikes(const struct show *s, uint32_t group, uint32_t lane, uint32_t t, uint32_t numerator,
                        const uint32_t words_of_step[32]) {
    uint32_t words[32];
    uint64_t rest = numerator < s->denominator ? numerator : s->denominator;
    memcpy(words, words_of_step, sizeof words);
    for (uint32_t first = 0; first < 128; first += 32) {
        if (first) draw_digit_words(s, group, t, first, words);
        uint64_t uniform = 0;
        for (int k = 0; k < 32; k++) uniform = uniform << 1 | (words[k] >> lane & 1u);
        const uint64_t quotient = (rest << 32) / s->denominator;
        if (first == 0 && (uniform ^ quotient) >> (32 - LATE_DIGITS) == 0) {
            n_late_draws++;
            n_late_spikes += uniform < quotient;
        }
        if (first == 0 && rest == s->denominator) n_late_certain += ~uniform << 32 >> (64 - LATE_DIGITS) == 0;
        if (uniform != quotient) return uniform < quotient;
        rest = (rest << 32) % s->denominator;
        if (rest == 0) return false;
    }
    return false;
}

/* Predicts every input spike: spikes [784][n_on]. */
static void predict(const uint8_t *image, const struct show *s, uint8_t *spikes) {
    uint32_t words[32];
    int active[PIXELS], n_active = 0;
    memset(spikes, 0, (size_t)PIXELS * (size_t)s->n_on);
    for (int i = 0; i < PIXELS; i++)
        if (image[i]) active[n_active++] = i;
    for (int t = 0; t < s->n_on; t++)
        for (int a = 0; a < n_active; a++) {
            if (a % 32 == 0) draw_digit_words(s, (uint32_t)a / 32, (uint32_t)t, 0, words);
            // cppcheck-suppress uninitvar ; the first n_active are set above
            spikes[active[a] * s->n_on + t] = lane_spikes(s, (uint32_t)a / 32, (uint32_t)a % 32, (uint32_t)t,
                                                          image[active[a]] * s->intensity, words);
        }
}

/* Reads the device's draws: spikes [784][n_on]. Bits past the last input must be 0. */
static void read_spikes(struct rig *rig, const struct clsnn_network *net, const uint8_t *image, int n_on,
                        uint8_t *spikes) {
    uint32_t *words = read_row(rig, net, CLSNN_ROW_spikes);
    int a = 0;
    memset(spikes, 0, (size_t)PIXELS * (size_t)n_on);
    for (int i = 0; i < PIXELS; i++) {
        if (!image[i]) continue;
        for (int t = 0; t < n_on; t++) spikes[i * n_on + t] = words[a / 32 * CLSNN_MAX_ON + t] >> a % 32 & 1u;
        a++;
    }
    for (int t = 0; a % 32 && t < n_on; t++) assert_true(words[a / 32 * CLSNN_MAX_ON + t] >> a % 32 == 0);
    free(words);
}

static void check_spikes(const uint8_t *found, const uint8_t *wanted, const struct show *s,
                         const char *what) {
    for (int i = 0; i < PIXELS; i++)
        for (int t = 0; t < s->n_on; t++)
            if (found[i * s->n_on + t] != wanted[i * s->n_on + t])
                fail_msg(
                    "%s: image %u, epoch %u, attempt %u, intensity %u: input %d at step %d is %d, wanted %d",
                    what, s->image, s->epoch, s->attempt, s->intensity, i, t, found[i * s->n_on + t],
                    wanted[i * s->n_on + t]);
}

/* Checks that each input's spikes reached the network: last_pre counts from the end of the presentation. */
static void check_last_steps(struct rig *rig, const struct clsnn_network *net, const uint8_t *spikes,
                             int n_on, int n_steps) {
    int32_t *last = read_row(rig, net, CLSNN_ROW_last_pre);
    for (int i = 0; i < PIXELS; i++) {
        int wanted = CLSNN_NEVER;
        for (int t = 0; t < n_on; t++)
            if (spikes[i * n_on + t]) wanted = t - n_steps;
        if (last[i] != wanted)
            fail_msg("input %d: last spike %d steps before the end, wanted %d", i, last[i], wanted);
    }
    free(last);
}

/* Images with corner cases of packing: 0, 1, 31, 32, 33 and 784 inputs with ink, and two digits. */
enum { N_IMAGES = 8 };

static uint8_t *make_images(void) {
    const int n_ink[N_IMAGES] = {0, 1, 31, 32, 33, 784};
    uint8_t *pixels = calloc(N_IMAGES, PIXELS), *digits = draw_digits(2);
    uint64_t seed = 3;
    assert_non_null(pixels);
    /* The ink is spread over the image and includes the last input. */
    for (int k = 0; k < 6; k++)
        for (int a = 0; a < n_ink[k]; a++)
            pixels[k * PIXELS + PIXELS - 1 - a * (PIXELS - 1) / (n_ink[k] > 1 ? n_ink[k] - 1 : 1)] =
                (uint8_t)(1 + next_random(&seed) % 255);
    memcpy(pixels + 6 * PIXELS, digits, 2 * PIXELS);
    free(digits);
    return pixels;
}

static void every_bit_is_the_promised_one(void **state) {
    struct rig *rig = *state;
    const int work_groups[] = {1, 16, 64};
    const struct {
        uint64_t seed;
        uint32_t epoch;
        int rate_divisor, intensity_start, intensity_step;
        double time_on_ms;
    } rows[] = {
        /* Many certain spikes; the last epoch, 2^20 - 1, before the bits of the attempt. */
        {1, 0, 8, 2, 1, 350},
        {UINT64_C(0xfedcba9876543210), 3, 8, 2, 1, 50},
        {UINT64_MAX, 1048575, 1, 60, 4, 25},
        {77, 1, 1000, 1, 63, 100}, /* the smallest probabilities */
        /* Denominator 14000, which is no power of two times 125; the most steps; of the draws that the
         * precomputed digits leave open, one spikes and one does not. */
        {125, 2, 7, 5, 1, 1000},
        /* No precomputed digit decides one certain spike: image 5, step 22, input 527. */
        {989, 5, 1, 60, 4, 25},
    };
    uint8_t *images = make_images();
    cl_mem pixels = upload_pixels(rig, images, N_IMAGES);
    size_t n_spikes = 0;
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (size_t g = 0; g < COUNT(work_groups); g++) {
            if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_groups[g]) || (g && r != 1 && r != 2)) continue;
            struct clsnn_model model;
            clsnn_model_defaults(&model);
            model.rate_divisor = rows[r].rate_divisor;
            model.intensity_start = rows[r].intensity_start;
            model.intensity_step = rows[r].intensity_step;
            model.intensity_max = 64;
            model.time_on_ms = rows[r].time_on_ms;
            model.time_off_ms = 1;
            model.min_spikes = 1000000; /* never enough: each image has three attempts */
            const int n_on = (int)lround(model.time_on_ms / CLSNN_DT_MS);
            uint8_t *found = malloc((size_t)PIXELS * (size_t)n_on),
                    *wanted = malloc((size_t)PIXELS * (size_t)n_on);
            assert_true(found && wanted);
            for (uint32_t k = 0; k < N_IMAGES; k++) {
                struct clsnn_network *net = make_network(rig, work_groups[g], &model, rows[r].seed, 16);
                struct clsnn_trainer *tr = NULL;
                int32_t order[N_IMAGES];
                for (uint32_t at = 0; at < N_IMAGES; at++) order[at] = (int32_t)((k + at) % N_IMAGES);
                must(clsnn_trainer_create(net, pixels, N_IMAGES, 1, &tr));
                clsnn_trainer_begin_epoch(tr, rows[r].epoch, order);
                for (uint32_t attempt = 0; attempt < 3; attempt++) {
                    uint32_t intensity =
                        (uint32_t)(model.intensity_start + (int)attempt * model.intensity_step);
                    if (intensity > 64) intensity = 64;
                    const struct show s = {rows[r].seed,
                                           k,
                                           rows[r].epoch,
                                           tr->progress[0].attempt,
                                           CLSNN_RNG_TRAIN,
                                           intensity,
                                           (uint32_t)rows[r].rate_divisor * 2000,
                                           n_on};
                    if (tr->progress[0].position > 0) break; /* given up at the highest intensity */
                    assert_int_equal(tr->progress[0].attempt, attempt);
                    must(clsnn_trainer_run(tr, 1, N_IMAGES));
                    predict(images + k * PIXELS, &s, wanted);
                    read_spikes(rig, net, images + k * PIXELS, n_on, found);
                    check_spikes(found, wanted, &s, "train");
                    for (size_t at = 0; at < (size_t)PIXELS * (size_t)n_on; at++) n_spikes += wanted[at];
                    if (attempt == 0) check_last_steps(rig, net, wanted, n_on, n_on + 2);
                }
                clsnn_trainer_destroy(tr);
                clsnn_network_destroy(net);
            }
            free(found);
            free(wanted);
        }
    }
    print_message("# %zu spikes compared; %d draws past %d digits, %d of them spikes; %d certain ones\n",
                  n_spikes, n_late_draws, LATE_DIGITS, n_late_spikes, n_late_certain);
    assert_true(n_spikes > 100000);
    assert_true(n_late_spikes > 0 && n_late_draws > n_late_spikes && n_late_certain > 0);
    clsnn_buffer_release(rig->dev, &pixels);
    free(images);
}

/* The predicted spikes of some presentations, in the form that clsnn_replay takes. */
struct events {
    int32_t *step, *input;
    size_t n;
};

static void add_events(struct events *e, const uint8_t *spikes, int n_on, int first_step) {
    for (int i = 0; i < PIXELS; i++)
        for (int t = 0; t < n_on; t++) {
            if (!spikes[i * n_on + t]) continue;
            if (e->n % 4096 == 0) {
                e->step = realloc(e->step, (e->n + 4096) * sizeof *e->step);
                e->input = realloc(e->input, (e->n + 4096) * sizeof *e->input);
                assert_true(e->step && e->input);
            }
            e->step[e->n] = first_step + t;
            e->input[e->n++] = i;
        }
}

static void drop_events(struct events *e) {
    free(e->step);
    free(e->input);
    *e = (struct events){0};
}

/* A network that fires at most images: random weights, low thresholds. */
enum { N_POST = 16 };
static void lower_thresholds(struct clsnn_network *net, float *w, float theta[N_POST]) {
    must(clsnn_network_get(net, 0, w, theta));
    for (int j = 0; j < N_POST; j++) theta[j] = 10.0f + 0.125f * (float)j;
    must(clsnn_network_set(net, 0, w, theta));
}

/* An evaluation equals a replay without learning of its purpose's draws. The counts of every neuron must
 * agree. */
static void evaluation_draws_for_its_purpose(void **state) {
    struct rig *rig = *state;
    const enum clsnn_purpose purposes[] = {CLSNN_RNG_LABEL, CLSNN_RNG_TEST};
    const uint64_t seed = 99;
    enum { N_ON = 300 };
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    model.min_spikes = 0;
    model.time_on_ms = N_ON * CLSNN_DT_MS;
    uint8_t *images = make_images(), *spikes = malloc(PIXELS * N_ON);
    float *w = malloc(sizeof *w * CLSNN_N_PRE * N_POST), theta[N_POST];
    assert_true(spikes && w);
    cl_mem pixels = upload_pixels(rig, images, N_IMAGES);
    struct clsnn_network *net = make_network(rig, 1, &model, seed, N_POST);
    lower_thresholds(net, w, theta);
    size_t total = 0;
    for (size_t p = 0; p < COUNT(purposes); p++) {
        uint16_t counts[N_IMAGES * N_POST];
        struct clsnn_evaluation sum;
        must(clsnn_evaluate(net, 0, pixels, 0, N_IMAGES, purposes[p], NULL, NULL, counts, NULL, &sum));
        assert_int_equal(sum.presentations, N_IMAGES);
        for (uint32_t k = 0; k < N_IMAGES; k++) {
            const struct show s = {seed, k, 0, 0, (uint32_t)purposes[p], 2, 16000, N_ON};
            uint16_t wanted[N_POST] = {0};
            struct events e = {0};
            struct clsnn_replay_output out = {0};
            predict(images + k * PIXELS, &s, spikes);
            add_events(&e, spikes, N_ON, 0);
            const struct clsnn_replay_input in = {.n_post = N_POST,
                                                  .steps_on = N_ON,
                                                  .n_samples = 1,
                                                  .n_events = e.n,
                                                  .event_step = e.step,
                                                  .event_input = e.input,
                                                  .w0 = w,
                                                  .theta0_mv = theta};
            must(clsnn_replay(rig->dev, rig_program(rig, CLSNN_PROGRAM_REPLAY, 1), &model, &in, &out));
            for (size_t x = 0; x < out.exc.n; x++) wanted[out.exc.neuron[x]]++;
            for (int j = 0; j < N_POST; j++)
                if (counts[(int)k * N_POST + j] != wanted[j])
                    fail_msg("purpose %d, image %u, neuron %d: %u spikes, wanted %u", (int)purposes[p], k, j,
                             counts[(int)k * N_POST + j], wanted[j]);
            total += out.exc.n;
            clsnn_replay_finish(&out);
            drop_events(&e);
        }
    }
    assert_true(total > 200);
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig->dev, &pixels);
    free(images);
    free(spikes);
    free(w);
}

/* A training equals a replay with learning of its draws, rests included. Weights and thetas must agree to the
 * bit. */
static void training_draws_for_epoch_and_image(void **state) {
    struct rig *rig = *state;
    const uint64_t seed = UINT64_C(0x123456789abcdef0);
    enum { N_ON = 200, N_STEPS = 300, EPOCH = 6 };
    struct clsnn_model model;
    clsnn_model_defaults(&model);
    model.min_spikes = 0;
    model.time_on_ms = N_ON * CLSNN_DT_MS;
    model.time_off_ms = (N_STEPS - N_ON) * CLSNN_DT_MS;
    model.intensity_start = 6;
    model.v_start_offset_mv = 0; /* a replay starts at rest */
    uint8_t *images = make_images(), *spikes = malloc(PIXELS * N_ON);
    float *w = malloc(sizeof *w * CLSNN_N_PRE * N_POST), theta[N_POST];
    assert_true(spikes && w);
    cl_mem pixels = upload_pixels(rig, images, N_IMAGES);
    struct events e = {0};
    for (uint32_t k = 0; k < N_IMAGES; k++) {
        const struct show s = {seed, k, EPOCH, 0, CLSNN_RNG_TRAIN, 6, 16000, N_ON};
        predict(images + k * PIXELS, &s, spikes);
        add_events(&e, spikes, N_ON, (int)k * N_STEPS);
    }
    for (int work_group = 1; work_group <= 16; work_group *= 16) {
        if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_group)) continue;
        struct clsnn_network *net = make_network(rig, work_group, &model, seed, N_POST);
        struct clsnn_trainer *tr = NULL;
        struct clsnn_replay_output out = {0};
        lower_thresholds(net, w, theta);
        const struct clsnn_replay_input in = {.n_post = N_POST,
                                              .steps_on = N_ON,
                                              .steps_off = N_STEPS - N_ON,
                                              .n_samples = N_IMAGES,
                                              .n_events = e.n,
                                              .event_step = e.step,
                                              .event_input = e.input,
                                              .w0 = w,
                                              .theta0_mv = theta,
                                              .learn = true};
        must(clsnn_replay(rig->dev, rig_program(rig, CLSNN_PROGRAM_REPLAY, work_group), &model, &in, &out));
        must(clsnn_trainer_create(net, pixels, N_IMAGES, 1, &tr));
        finish_epoch(tr, EPOCH, 1000);
        must(clsnn_network_get(net, 0, w, theta));
        assert_true(out.exc.n >= 50);
        for (size_t at = 0; at < (size_t)CLSNN_N_PRE * N_POST; at++)
            if (memcmp(&w[at], &out.w_end[at], sizeof *w) != 0)
                fail_msg("work-group %d: w[%zu][%zu] = %a, replayed %a", work_group, at / N_POST, at % N_POST,
                         (double)w[at], (double)out.w_end[at]);
        assert_memory_equal(theta, out.theta_end_mv, sizeof theta);
        clsnn_replay_finish(&out);
        clsnn_trainer_destroy(tr);
        clsnn_network_destroy(net);
    }
    drop_events(&e);
    clsnn_buffer_release(rig->dev, &pixels);
    free(images);
    free(spikes);
    free(w);
}

/* Returns the probability that chi-square with df degrees of freedom is further out, on either side (Wilson
 * and Hilferty). */
static double chi_square_p(double x, double df) {
    const double z = (cbrt(x / df) - (1 - 2 / (9 * df))) / sqrt(2 / (9 * df));
    return erfc(fabs(z) / sqrt(2));
}

static double normal_p(double x, double mean, double variance) {
    return erfc(fabs(x - mean) / sqrt(2 * variance));
}

/* Kolmogorov's distribution: P(D_n > d) for large n. */
static double kolmogorov_p(double d, double n) {
    const double x = d * (sqrt(n) + 0.12 + 0.11 / sqrt(n));
    double p = 0;
    for (int k = 1; k <= 100; k++) p += (k % 2 ? 2 : -2) * exp(-2 * k * k * x * x);
    return x < 0.2 ? 1 : fmin(1, fmax(0, p));
}

static int by_value(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void check_p(double p, const char *what, double probability) {
    print_message("#   p = %.4f %s\n", p, what);
    if (!(p >= 1e-4)) fail_msg("probability %g: %s: p = %g, must be at least 1e-4", probability, what, p);
}

/* All draws of several presentations of an image whose pixels are all equal: [784][n_draws], in order of
 * time. */
struct draws {
    uint8_t *spikes;
    size_t n_draws; /* of one input */
    size_t n_on;    /* of one input in one presentation */
};

static struct draws draw_many(struct rig *rig, int pixel, int intensity, int rate_divisor, uint64_t seed,
                              uint32_t n_shows) {
    struct clsnn_model model;
    uint8_t image[PIXELS];
    clsnn_model_defaults(&model);
    model.rate_divisor = rate_divisor;
    model.intensity_start = intensity;
    model.intensity_max = 64;
    model.min_spikes = 0;
    model.time_on_ms = 1000;
    model.time_off_ms = 0;
    memset(image, pixel, sizeof image);
    struct draws d = {.n_on = 2000, .n_draws = (size_t)n_shows * 2000};
    uint8_t *one = malloc(PIXELS * d.n_on);
    d.spikes = malloc(PIXELS * d.n_draws);
    assert_true(one && d.spikes);
    cl_mem pixels = upload_pixels(rig, image, 1);
    struct clsnn_network *net = make_network(rig, 1, &model, seed, 16);
    for (uint32_t k = 0; k < n_shows; k++) {
        show_once(net, pixels, k);
        read_spikes(rig, net, image, (int)d.n_on, one);
        for (size_t i = 0; i < PIXELS; i++)
            memcpy(d.spikes + i * d.n_draws + k * d.n_on, one + i * d.n_on, d.n_on);
    }
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig->dev, &pixels);
    free(one);
    return d;
}

/* Chi-square of the counts of n_bins equal parts against their binomial expectation. */
static double uniform_p(const size_t *counts, size_t n_bins, double draws_a_bin, double p) {
    double x = 0;
    for (size_t k = 0; k < n_bins; k++) {
        const double d = (double)counts[k] - draws_a_bin * p;
        x += d * d / (draws_a_bin * p * (1 - p));
    }
    return chi_square_p(x, (double)n_bins);
}

/* Probability of this many pairs in which both draws spike, among n overlapping pairs. Neighbouring pairs
 * share a draw: covariance p^3 - p^4. */
static double pairs_p(size_t both, double n, double p) {
    return normal_p((double)both, n * p * p, n * (p * p * (1 - p * p) + 2 * (p * p * p - p * p * p * p)));
}

static void check_bernoulli(const struct draws *d, double p, uint64_t seed) {
    enum { MOST = 2000 };
    static size_t by_step[MOST], by_input[PIXELS];
    const size_t n = PIXELS * d->n_draws;
    size_t total = 0, in_time = 0, in_lanes = 0;
    memset(by_step, 0, sizeof by_step);
    memset(by_input, 0, sizeof by_input);
    for (size_t i = 0; i < PIXELS; i++)
        for (size_t t = 0; t < d->n_draws; t++) {
            if (!d->spikes[i * d->n_draws + t]) continue;
            total++;
            by_step[t % d->n_on]++;
            by_input[i]++;
            in_time += t + 1 < d->n_draws && d->spikes[i * d->n_draws + t + 1];
            in_lanes += i + 1 < PIXELS && d->spikes[(i + 1) * d->n_draws + t];
        }
    check_p(normal_p((double)total, (double)n * p, (double)n * p * (1 - p)), "mean", p);
    /* Each bin expects 30 or more of the rarer outcome, so that chi-square keeps its shape. */
    size_t bins = MOST;
    while (bins > 20 && (double)n / (double)bins * fmin(p, 1 - p) < 30) bins /= 10;
    for (size_t k = 0; bins < MOST && k < MOST; k++) {
        const size_t spikes = by_step[k];
        by_step[k] = 0;
        by_step[k * bins / MOST] += spikes;
    }
    check_p(uniform_p(by_step, bins, (double)n / (double)bins, p), "variance over steps (chi-square)", p);
    if ((double)d->n_draws * fmin(p, 1 - p) >= 30)
        check_p(uniform_p(by_input, PIXELS, (double)d->n_draws, p), "variance over inputs (chi-square)", p);
    if ((double)n * p * p >= 30) {
        check_p(pairs_p(in_time, (double)(PIXELS * (d->n_draws - 1)), p), "neighbouring steps", p);
        check_p(pairs_p(in_lanes, (double)((PIXELS - 1) * d->n_draws), p), "neighbouring inputs", p);
    }
    /* Gaps between spikes of the whole stream are geometric. Numbers of the test's own spread each gap evenly
     * over its step of the distribution function. The results are uniform, so Kolmogorov and Smirnov's test
     * is exact. It uses at most 200,000 gaps. */
    double *u = malloc(200000 * sizeof *u);
    size_t n_gaps = 0, last = 0;
    assert_non_null(u);
    for (size_t at = 0; at < n && n_gaps < 200000; at++) {
        if (!d->spikes[at]) continue;
        const double gap = (double)(at + 1 - last), below = -expm1((gap - 1) * log1p(-p));
        u[n_gaps++] = below + (double)(next_random(&seed) >> 11) * 0x1p-53 * p * (1 - below);
        last = at + 1;
    }
    qsort(u, n_gaps, sizeof *u, by_value);
    double far = 0;
    for (size_t k = 0; k < n_gaps; k++)
        far = fmax(far, fmax((double)(k + 1) / (double)n_gaps - u[k], u[k] - (double)k / (double)n_gaps));
    assert_true(n_gaps > 100);
    check_p(kolmogorov_p(far, (double)n_gaps), "gaps (Kolmogorov and Smirnov)", p);
    free(u);
}

static void draws_are_independent_and_have_their_probability(void **state) {
    struct rig *rig = *state;
    const struct {
        int pixel, intensity, rate_divisor;
        uint64_t seed;
    } rows[] = {
        {1, 1, 8, 11},    /* 1 / 16000, the smallest by default */
        {255, 2, 8, 12},  /* 0.032 */
        {37, 3, 8, 13},   /* 111 / 16000 */
        {125, 8, 1, 14},  /* one half */
        {255, 62, 8, 15}, /* 0.988 */
        {111, 18, 1, 16}, /* 0.999: digits past the twelfth matter */
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        const double p = rows[r].pixel * rows[r].intensity / (2000.0 * rows[r].rate_divisor);
        const uint32_t n_shows = 7;
        const struct draws d =
            draw_many(rig, rows[r].pixel, rows[r].intensity, rows[r].rate_divisor, rows[r].seed, n_shows);
        print_message("# pixel %d, intensity %d, divisor %d: p = %g, %zu draws, seed %llu\n", rows[r].pixel,
                      rows[r].intensity, rows[r].rate_divisor, p, PIXELS * d.n_draws,
                      (unsigned long long)rows[r].seed);
        assert_true(PIXELS * d.n_draws >= 10000000);
        check_bernoulli(&d, p, rows[r].seed);
        free(d.spikes);
    }
}

static void certain_spikes_come_in_every_step(void **state) {
    struct rig *rig = *state;
    const int rows[][3] = {{255, 64, 1}, {250, 64, 8}, {255, 63, 8}, {100, 20, 1}};
    for (size_t r = 0; r < COUNT(rows); r++) {
        const struct draws d = draw_many(rig, rows[r][0], rows[r][1], rows[r][2], 21 + r, 1);
        assert_true(rows[r][0] * rows[r][1] >= 2000 * rows[r][2]);
        for (size_t k = 0; k < PIXELS * d.n_draws; k++)
            if (!d.spikes[k])
                fail_msg("pixel %d at intensity %d: input %zu is silent at step %zu", rows[r][0], rows[r][1],
                         k / d.n_draws, k % d.n_draws);
        free(d.spikes);
    }
}

/* Returns the number of positions at which both streams spike. */
static double common(const struct draws *a, const struct draws *b) {
    size_t both = 0;
    for (size_t k = 0; k < PIXELS * a->n_draws; k++) both += a->spikes[k] & b->spikes[k];
    return (double)both;
}

static void other_draws_for_another_seed_and_the_same_for_the_same(void **state) {
    struct rig *rig = *state;
    const uint64_t seeds[] = {5, 5, 6, UINT64_C(5) | UINT64_C(1) << 32, UINT64_C(5) << 32};
    const double p = 250.0 * 8 / 16000, n = PIXELS * 2000.0;
    struct draws d[COUNT(seeds)];
    for (size_t k = 0; k < COUNT(seeds); k++) d[k] = draw_many(rig, 250, 8, 8, seeds[k], 1);
    assert_memory_equal(d[0].spikes, d[1].spikes, PIXELS * d[0].n_draws);
    for (size_t k = 2; k < COUNT(seeds); k++)
        check_p(normal_p(common(&d[0], &d[k]), n * p * p, n * p * p * (1 - p * p)),
                "two seeds have spikes in common by chance", p);
    for (size_t k = 0; k < COUNT(seeds); k++) free(d[k].spikes);
    /* Two epochs of one seed share spikes by chance only. */
    struct draws many = draw_many(rig, 250, 8, 8, 5, 2);
    size_t both = 0;
    for (size_t i = 0; i < PIXELS; i++)
        for (size_t t = 0; t < 2000; t++)
            both += many.spikes[i * 4000 + t] & many.spikes[i * 4000 + 2000 + t];
    check_p(normal_p((double)both, n * p * p, n * p * p * (1 - p * p)),
            "two epochs have spikes in common by chance", p);
    free(many.spikes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_its_published_answers),
        cmocka_unit_test(every_bit_is_the_promised_one),
        cmocka_unit_test(evaluation_draws_for_its_purpose),
        cmocka_unit_test(training_draws_for_epoch_and_image),
        cmocka_unit_test(draws_are_independent_and_have_their_probability),
        cmocka_unit_test(certain_spikes_come_in_every_step),
        cmocka_unit_test(other_draws_for_another_seed_and_the_same_for_the_same),
    };
    return run_device_suite("encode", tests);
}
