/* Labels and votes. Every sum in the readout is of whole numbers. SGEMM computes them exactly below 2^24,
 * and multiply() keeps them below. So proportions are rounded to multiples of 2^-16, logarithms to multiples
 * of 2^-11, and both are split in two digits. */
#include "clsnn/readout.h"

#include <clblast_c.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "device/device.h"
#include "device/kernel_cache.h"

enum { SHARE_ONE = 1 << 16, BIT = 1 << 11, DIGIT = 1 << 8 }; /* a share has two digits of 8 bits */
enum { N_SHARES = 5 }; /* a class's shares of a neuron: its label, and two numbers of two digits */
static const double least_proportion = 0x1p-10; /* keeps one spike from ruling a class out */
static const double exact_limit = 1 << 24;
static const size_t block_bytes = 32u << 20;

enum clsnn_status clsnn_labels_create(uint32_t n_post, uint32_t n_classes, struct clsnn_labels *out) {
    struct clsnn_labels l = {.n_post = n_post,
                             .n_classes = n_classes,
                             .labels = malloc(n_post * sizeof *l.labels),
                             .proportions = calloc(n_post, n_classes * sizeof *l.proportions)};
    if (!l.labels || !l.proportions) {
        clsnn_labels_finish(&l);
        return clsnn_fail(CLSNN_E_MEMORY, "labels: no memory for %u neurons", n_post);
    }
    for (uint32_t j = 0; j < n_post; j++) l.labels[j] = -1;
    *out = l;
    return CLSNN_OK;
}

void clsnn_labels_finish(struct clsnn_labels *l) {
    if (!l) return;
    free(l->labels);
    free(l->proportions);
    *l = (struct clsnn_labels){0};
}

enum clsnn_status clsnn_score_create(uint32_t n_classes, struct clsnn_score *out) {
    const size_t n = (size_t)n_classes * n_classes;
    uint32_t *both = calloc(2 * n, sizeof *both);
    if (!both) return clsnn_fail(CLSNN_E_MEMORY, "confusion: no memory for %u classes", n_classes);
    *out = (struct clsnn_score){.n_classes = n_classes, .confusion = both, .confusion_proportion = both + n};
    return CLSNN_OK;
}

void clsnn_score_finish(struct clsnn_score *s) {
    if (!s) return;
    free(s->confusion);
    *s = (struct clsnn_score){0};
}

enum clsnn_status clsnn_answers_create(size_t n_images, struct clsnn_answers *out) {
    int32_t *all = malloc(3 * (n_images + 1) * sizeof *all);
    if (!all) return clsnn_fail(CLSNN_E_MEMORY, "votes: no memory for %zu images", n_images);
    *out = (struct clsnn_answers){all, all + n_images, all + 2 * n_images};
    return CLSNN_OK;
}

void clsnn_answers_finish(struct clsnn_answers *a) {
    if (!a) return;
    free(a->all);
    *a = (struct clsnn_answers){0};
}

/* Records a failed SGEMM. CLBlast passes OpenCL's codes on as they are; its own codes get a text here. An
 * invalid matrix means a buffer that the device no longer answers for. */
static enum clsnn_status sgemm_failed(CLBlastStatusCode code) {
    const char *why = "a code of its own, see clblast_c.h";
    if (code == CLBlastInvalidMatrixA || code == CLBlastInvalidMatrixB || code == CLBlastInvalidMatrixC)
        why = "the device does not know a matrix that it was given";
    else if (code == CLBlastUnexpectedError || code == CLBlastUnknownError)
        why = "an error that it does not name";
    else if (!(code >= CLBlastNotImplemented && code < -1000) && !(code >= -2100 && code < -2000))
        return clsnn_fail_cl((cl_int)code, "CLBlastSgemm");
    return clsnn_fail(CLSNN_E_DEVICE, "CLBlastSgemm failed: %s (%d)", why, (int)code);
}

/* Adds op(A) B to C: op(A) [m][k], B [k][n], C [m][n], row-major. transpose_a: A is stored [k][m]. max_term:
 * the largest product of two elements; k is cut into parts so that every sum stays exact. */
static enum clsnn_status multiply(struct clsnn_device *dev, bool transpose_a, size_t m, size_t n, size_t k,
                                  const float *a, const float *b, double max_term, uint64_t *c) {
    enum clsnn_status st = CLSNN_OK;
    cl_mem a_dev = NULL, b_dev = NULL, c_dev = NULL;
    const size_t most = (size_t)((exact_limit - 1) / (max_term > 1 ? max_term : 1));
    float *sums = malloc(m * n * sizeof *sums);
    if (!sums) {
        st = clsnn_fail(CLSNN_E_MEMORY, "readout: no memory for %zu sums", m * n);
        goto fail;
    }
    TRY(clsnn_buffer_create(dev, "readout counts", m * k * sizeof *a, a, false, &a_dev));
    TRY(clsnn_buffer_create(dev, "readout shares", k * n * sizeof *b, b, false, &b_dev));
    TRY(clsnn_buffer_create(dev, "readout sums", m * n * sizeof *sums, NULL, false, &c_dev));
    for (size_t first = 0; first < k; first += most) {
        const size_t n_terms = k - first < most ? k - first : most;
        clsnn_kernel_cache_serve(dev);
        const CLBlastStatusCode code =
            CLBlastSgemm(CLBlastLayoutRowMajor, transpose_a ? CLBlastTransposeYes : CLBlastTransposeNo,
                         CLBlastTransposeNo, m, n, n_terms, 1.0f, a_dev, transpose_a ? first * m : first,
                         transpose_a ? m : k, b_dev, first * n, n, 0.0f, c_dev, 0, n, &dev->queue, NULL);
        clsnn_kernel_cache_serve(NULL);
        if (code != CLBlastSuccess) {
            st = sgemm_failed(code);
            goto fail;
        }
        TRY(clsnn_buffer_read(dev, c_dev, 0, m * n * sizeof *sums, sums));
        for (size_t e = 0; e < m * n; e++) {
            if (!((double)sums[e] < exact_limit && sums[e] >= 0.0f && sums[e] == floorf(sums[e]))) {
                st = clsnn_fail(CLSNN_E_SELFTEST,
                                "readout: sum %zu is %g, not a whole number below 2^24: the device's matrix "
                                "product is wrong",
                                e, (double)sums[e]);
                goto fail;
            }
            c[e] += (uint64_t)sums[e];
        }
    }
fail:
    clsnn_buffer_release(dev, &a_dev);
    clsnn_buffer_release(dev, &b_dev);
    clsnn_buffer_release(dev, &c_dev);
    free(sums);
    return st;
}

/* Returns the images of one product: few enough for memory. width: the most values of an image in it. */
static uint32_t block_images(size_t width, uint32_t n_images) {
    size_t images = block_bytes / (width * sizeof(float));
    if (images < 16) images = 16;
    if (n_images < 1) n_images = 1;
    return images < n_images ? (uint32_t)images : n_images;
}

/* Copies n counts as floats and returns the largest. */
static double widen(const uint16_t *counts, size_t n, float *out) {
    uint16_t most = 0;
    for (size_t e = 0; e < n; e++) {
        out[e] = counts[e];
        if (counts[e] > most) most = counts[e];
    }
    return most;
}

/* Returns true if a / n_a > b / n_b, without rounding. */
static bool mean_above(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b) {
    return a * n_b > b * n_a;
}

static void label_neuron(const uint64_t *sums, const uint32_t *n_class, int n_classes, int32_t *label,
                         float *proportions) {
    double total = 0.0;
    *label = -1;
    for (int c = 0; c < n_classes; c++) {
        if (n_class[c] == 0 || sums[c] == 0) continue;
        total += (double)sums[c] / n_class[c];
        if (*label < 0 || mean_above(sums[c], n_class[c], sums[*label], n_class[*label])) *label = c;
    }
    for (int c = 0; c < n_classes; c++) {
        proportions[c] = total > 0.0 && n_class[c] ? (float)((double)sums[c] / n_class[c] / total) : 0.0f;
    }
}

enum clsnn_status clsnn_readout_label(struct clsnn_device *dev, const uint16_t *counts,
                                      const uint8_t *classes, uint32_t n_images,
                                      struct clsnn_labels *labels) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_post = labels->n_post, n_classes = labels->n_classes;
    const uint32_t block = block_images(n_post > n_classes ? n_post : n_classes, n_images);
    uint32_t n_class[CLSNN_MAX_CLASSES] = {0};
    float *a = malloc(block * n_post * sizeof *a), *one_hot = malloc(block * n_classes * sizeof *one_hot);
    uint64_t *sums = calloc(n_post * n_classes, sizeof *sums);
    if (!a || !one_hot || !sums) {
        st = clsnn_fail(CLSNN_E_MEMORY, "labelling: no memory for %u images of %zu neurons", block, n_post);
        goto fail;
    }
    for (uint32_t first = 0; first < n_images; first += block) {
        const uint32_t n = n_images - first < block ? n_images - first : block;
        const double most = widen(counts + first * n_post, n * n_post, a);
        memset(one_hot, 0, n * n_classes * sizeof *one_hot);
        for (uint32_t k = 0; k < n; k++) {
            one_hot[k * n_classes + classes[first + k]] = 1.0f;
            n_class[classes[first + k]]++;
        }
        TRY(multiply(dev, true, n_post, n_classes, n, a, one_hot, most, sums));
    }
    for (size_t j = 0; j < n_post; j++)
        label_neuron(sums + j * n_classes, n_class, (int)n_classes, &labels->labels[j],
                     labels->proportions + j * n_classes);
fail:
    free(a);
    free(one_hot);
    free(sums);
    return st;
}

/* Writes a whole number below DIGIT^2 as two digits, n apart. */
static void write_digits(long number, float *to, size_t n) {
    to[0] = (float)(number / DIGIT); /* NOLINT(bugprone-integer-division): a digit */
    to[n] = (float)(number % DIGIT);
}

/* Returns the number whose digits have these sums, n apart. */
static uint64_t sum_of_digits(const uint64_t *sums, int n) {
    return sums[0] * DIGIT + sums[n];
}

/* Fills the shares of the neurons' votes, a row of N_SHARES n_classes for each: its label as one-hot, its
 * proportions, and its surprises. A surprise is minus the logarithm to base 2 of the chance, in vote
 * likelihood, that a spike at an image of the class is the neuron's; it is below 25. A class without
 * labelling images has a larger one, so that it never wins. */
static void fill_shares(const struct clsnn_labels *labels, float *shares, uint32_t *n_labelled) {
    const size_t n_classes = labels->n_classes;
    double sums[CLSNN_MAX_CLASSES] = {0};
    for (uint32_t j = 0; j < labels->n_post; j++)
        for (size_t c = 0; c < n_classes; c++) sums[c] += (double)labels->proportions[j * n_classes + c];
    for (uint32_t j = 0; j < labels->n_post; j++) {
        float *row = shares + j * N_SHARES * n_classes;
        memset(row, 0, N_SHARES * n_classes * sizeof *row);
        if (labels->labels[j] < 0) continue; /* the neuron never fired while labelling: it never votes */
        row[labels->labels[j]] = 1.0f;
        n_labelled[labels->labels[j]]++;
        for (size_t c = 0; c < n_classes; c++) {
            const double p = (double)labels->proportions[j * n_classes + c];
            write_digits(lround(p * SHARE_ONE), row + n_classes + c, n_classes);
            const double all = sums[c] + labels->n_post * least_proportion;
            write_digits(sums[c] > 0 ? lround(log2(all / (p + least_proportion)) * BIT) : DIGIT * DIGIT - 1,
                         row + 3 * n_classes + c, n_classes);
        }
    }
}

static void vote(const uint64_t *sums, const uint32_t *n_labelled, int n_classes, uint32_t at,
                 struct clsnn_answers out) {
    uint64_t best = 0, best_n = 1, best_share = 0, least_surprise = UINT64_MAX;
    out.all[at] = out.proportion[at] = out.likelihood[at] = 0;
    for (int c = 0; c < n_classes; c++) {
        if (n_labelled[c] && mean_above(sums[c], n_labelled[c], best, best_n)) {
            best = sums[c];
            best_n = n_labelled[c];
            out.all[at] = c;
        }
        const uint64_t share = sum_of_digits(sums + n_classes + c, n_classes),
                       surprise = sum_of_digits(sums + 3 * n_classes + c, n_classes);
        if (share > best_share) {
            best_share = share;
            out.proportion[at] = c;
        }
        if (surprise < least_surprise) {
            least_surprise = surprise;
            out.likelihood[at] = c;
        }
    }
}

enum clsnn_status clsnn_readout_predict(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                        const uint16_t *counts, uint32_t n_images, struct clsnn_answers out) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_post = labels->n_post, n_shares = N_SHARES * (size_t)labels->n_classes;
    const uint32_t block = block_images(n_post > n_shares ? n_post : n_shares, n_images);
    uint32_t n_labelled[CLSNN_MAX_CLASSES] = {0};
    float *a = malloc(block * n_post * sizeof *a), *shares = malloc(n_post * n_shares * sizeof *shares);
    uint64_t *sums = malloc(block * n_shares * sizeof *sums);
    if (!a || !shares || !sums) {
        st = clsnn_fail(CLSNN_E_MEMORY, "votes: no memory for %u images of %zu neurons", block, n_post);
        goto fail;
    }
    fill_shares(labels, shares, n_labelled);
    for (uint32_t first = 0; first < n_images; first += block) {
        const uint32_t n = n_images - first < block ? n_images - first : block;
        const double most = widen(counts + first * n_post, n * n_post, a);
        memset(sums, 0, n * n_shares * sizeof *sums);
        TRY(multiply(dev, false, n, n_shares, n_post, a, shares, most * DIGIT, sums));
        for (uint32_t k = 0; k < n; k++)
            vote(sums + k * n_shares, n_labelled, (int)labels->n_classes, first + k, out);
    }
fail:
    free(a);
    free(shares);
    free(sums);
    return st;
}

enum clsnn_status clsnn_score_make(uint32_t n_classes, struct clsnn_answers answers, const uint8_t *classes,
                                   uint32_t n_images, struct clsnn_score *out) {
    for (uint32_t k = 0; k < n_images; k++)
        if (classes[k] >= n_classes) n_classes = classes[k] + 1u;
    const enum clsnn_status st = clsnn_score_create(n_classes, out);
    if (st != CLSNN_OK) return st;
    out->n_images = n_images;
    for (uint32_t k = 0; k < n_images; k++) {
        const uint8_t truth = classes[k];
        out->correct_all += answers.all[k] == truth;
        out->correct_proportion += answers.proportion[k] == truth;
        out->correct_likelihood += answers.likelihood[k] == truth;
        out->confusion[truth * n_classes + (uint32_t)answers.all[k]]++;
        out->confusion_proportion[truth * n_classes + (uint32_t)answers.proportion[k]]++;
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_readout_score(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                      const uint16_t *counts, const uint8_t *classes, uint32_t n_images,
                                      struct clsnn_score *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_answers answers = {0};
    TRY(clsnn_answers_create(n_images, &answers));
    TRY(clsnn_readout_predict(dev, labels, counts, n_images, answers));
    TRY(clsnn_score_make(labels->n_classes, answers, classes, n_images, out));
fail:
    clsnn_answers_finish(&answers);
    return st;
}

void clsnn_readout_finish(void) {
    CLBlastClearCache();
}
