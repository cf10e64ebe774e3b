/* Writes, reads and hashes model.npz. No other file does. */
#include "experiment/model_npz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "clsnn/abi.h"
#include "clsnn/experiment.h"

void clsnn_learned_finish(struct clsnn_learned *l) {
    if (!l) return;
    free(l->w);
    free(l->theta_mv);
    clsnn_labels_finish(&l->labels);
    free(l->delay_steps);
    free(l->about);
    *l = (struct clsnn_learned){0};
}

int clsnn_learned_delay(const struct clsnn_learned *l) {
    int longest = 0;
    for (size_t k = 0; l->delay_steps && k < (size_t)l->n_pre * l->n_post; k++)
        if (l->delay_steps[k] > longest) longest = l->delay_steps[k];
    return longest;
}

enum clsnn_status clsnn_learned_hash(struct clsnn_learned *l) {
    static const int32_t none = -1;
    const size_t n_pre = l->n_pre, n = l->n_post;
    struct clsnn_sha256 *hash = clsnn_sha256_create();
    if (!hash) return CLSNN_E_MEMORY;
    clsnn_sha256_add(hash, l->w, n_pre * n * sizeof *l->w);
    clsnn_sha256_add(hash, l->theta_mv, n * sizeof *l->theta_mv);
    for (size_t j = 0; j < n; j++)
        clsnn_sha256_add(hash, l->labels.labels ? &l->labels.labels[j] : &none, sizeof none);
    clsnn_sha256_finish(hash, l->sha256);
    return l->sha256[0] ? CLSNN_OK : CLSNN_E_FAILED;
}

void clsnn_labels_arrays(const struct clsnn_labels *l, struct clsnn_array out[CLSNN_LABEL_ARRAYS]) {
    out[0] = (struct clsnn_array){"labels", CLSNN_I4, 1, {l->n_post}, l->labels};
    out[1] = (struct clsnn_array){"proportions", CLSNN_F4, 2, {l->n_post, l->n_classes}, l->proportions};
}

static bool has_array(const struct clsnn_npz *npz, const char *name) {
    for (size_t k = 0; k < npz->n_arrays; k++)
        if (strcmp(npz->arrays[k].name, name) == 0) return true;
    return false;
}

enum clsnn_status clsnn_labels_in_npz(const struct clsnn_npz *npz, const char *label, uint32_t n_post,
                                      struct clsnn_labels *out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *labels = NULL, *proportions = NULL;
    const size_t n = n_post;
    *out = (struct clsnn_labels){.n_post = n_post};
    if (!has_array(npz, "labels")) return CLSNN_OK;
    TRY(clsnn_npz_get(npz, label, "labels", CLSNN_I4, 1, (const size_t[]){n}, &labels));
    TRY(clsnn_npz_get(npz, label, "proportions", CLSNN_F4, 2, (const size_t[]){n, 0}, &proportions));
    const size_t n_classes = proportions->shape[1];
    if (n_classes < CLSNN_MIN_CLASSES || n_classes > CLSNN_MAX_CLASSES)
        return clsnn_fail(CLSNN_E_DATA, "%s: proportions has %zu columns: must be in [%d, %d] classes", label,
                          n_classes, CLSNN_MIN_CLASSES, CLSNN_MAX_CLASSES);
    out->n_classes = (uint32_t)n_classes;
    out->labels = labels->data;
    out->proportions = proportions->data;
    for (size_t j = 0; j < n; j++) {
        if (out->labels[j] < -1 || out->labels[j] >= (int)n_classes)
            return clsnn_fail(CLSNN_E_DATA, "%s: labels[%zu] = %d: must be in [-1, %zu]", label, j,
                              out->labels[j], n_classes - 1);
    }
    for (size_t k = 0; k < n * n_classes; k++) {
        if (!(out->proportions[k] >= 0.0f && out->proportions[k] <= 1.0f))
            return clsnn_fail(CLSNN_E_DATA, "%s: proportions[%zu, %zu] = %g: must be in [0, 1]", label,
                              k / n_classes, k % n_classes, (double)out->proportions[k]);
    }
fail:
    return st;
}

enum clsnn_status clsnn_learned_pack(const struct clsnn_learned *l, const char *label,
                                     unsigned char **out_bytes, size_t *out_n_bytes) {
    struct clsnn_array arrays[4 + CLSNN_LABEL_ARRAYS] = {
        {"w", CLSNN_F4, 2, {l->n_pre, l->n_post}, l->w},
        {"theta_mv", CLSNN_F4, 1, {l->n_post}, l->theta_mv},
    };
    size_t n = 2;
    if (l->about) arrays[n++] = (struct clsnn_array){"about", CLSNN_U1, 1, {strlen(l->about)}, l->about};
    if (l->delay_steps)
        arrays[n++] = (struct clsnn_array){"delay_steps", CLSNN_U1, 2, {l->n_pre, l->n_post}, l->delay_steps};
    if (l->labels.labels) {
        clsnn_labels_arrays(&l->labels, arrays + n);
        n += CLSNN_LABEL_ARRAYS;
    }
    /* stored: weights do not compress, and a sweep writes many models */
    return clsnn_npz_pack(label, arrays, n, CLSNN_NPZ_STORED, out_bytes, out_n_bytes);
}

enum clsnn_status clsnn_learned_write(const struct clsnn_learned *l, const char *path) {
    size_t n_bytes = 0;
    unsigned char *bytes = NULL;
    enum clsnn_status st = clsnn_learned_pack(l, path, &bytes, &n_bytes);
    if (st == CLSNN_OK) st = clsnn_file_write(path, bytes, n_bytes);
    free(bytes);
    return st;
}

/* Refuses weights below 0, and weights or theta that are not finite. */
static enum clsnn_status check_values(const char *path, const float *w, const float *theta_mv, size_t n_pre,
                                      size_t n) {
    for (size_t k = 0; k < n_pre * n; k++) {
        if (!(isfinite(w[k]) && w[k] >= 0.0f))
            return clsnn_fail(CLSNN_E_DATA, "%s: w[%zu, %zu] = %g: must be finite and at least 0", path,
                              k / n, k % n, (double)w[k]);
    }
    for (size_t j = 0; j < n; j++) {
        if (!isfinite(theta_mv[j]))
            return clsnn_fail(CLSNN_E_DATA, "%s: theta_mv[%zu] = %g: must be finite", path, j,
                              (double)theta_mv[j]);
    }
    return CLSNN_OK;
}

static enum clsnn_status check_delays(const char *path, const uint8_t *steps, size_t n_pre, size_t n) {
    for (size_t k = 0; k < n_pre * n; k++) {
        if (steps[k] > CLSNN_MAX_DELAY)
            return clsnn_fail(CLSNN_E_DATA, "%s: delay_steps[%zu, %zu] = %d: must be in [0, %d]", path, k / n,
                              k % n, steps[k], CLSNN_MAX_DELAY);
    }
    return CLSNN_OK;
}

/* Takes an array's data out of the archive. The caller owns them then. */
static void *take(struct clsnn_npz *npz, const void *data) {
    for (size_t k = 0; k < npz->n_arrays; k++) {
        void *found = npz->arrays[k].data;
        if (found != data) continue;
        npz->arrays[k].data = NULL;
        return found;
    }
    return NULL;
}

enum clsnn_status clsnn_learned_parse(const void *bytes, size_t n_bytes, const char *path,
                                      struct clsnn_learned *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    struct clsnn_learned l = {0};
    struct clsnn_labels labels = {0};
    const struct clsnn_array *w = NULL, *theta = NULL, *about = NULL, *delays = NULL;
    TRY(clsnn_npz_parse(bytes, n_bytes, path, CLSNN_MAX_MODEL_BYTES, &npz));
    TRY(clsnn_npz_get(&npz, path, "w", CLSNN_F4, 2, (const size_t[]){0, 0}, &w));
    const size_t n_pre = w->shape[0], n = w->shape[1];
    if (n_pre < 1 || n_pre > CLSNN_MAX_PRE) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: w has %zu rows: must be in [1, %d] inputs", path, n_pre,
                        CLSNN_MAX_PRE);
        goto fail;
    }
    if (n < 1 || n > CLSNN_MAX_POST) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: w has %zu columns: must be in [1, %d] neurons", path, n,
                        CLSNN_MAX_POST);
        goto fail;
    }
    TRY(clsnn_npz_get(&npz, path, "theta_mv", CLSNN_F4, 1, (const size_t[]){n}, &theta));
    TRY(check_values(path, w->data, theta->data, n_pre, n));
    TRY(clsnn_labels_in_npz(&npz, path, (uint32_t)n, &labels));
    if (has_array(&npz, "delay_steps")) {
        TRY(clsnn_npz_get(&npz, path, "delay_steps", CLSNN_U1, 2, (const size_t[]){n_pre, n}, &delays));
        TRY(check_delays(path, delays->data, n_pre, n));
    }
    if (has_array(&npz, "about")) {
        TRY(clsnn_npz_get(&npz, path, "about", CLSNN_U1, 1, (const size_t[]){0}, &about));
        l.about = malloc(about->shape[0] + 1);
        if (!l.about) {
            st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for about", path);
            goto fail;
        }
        memcpy(l.about, about->data, about->shape[0]);
        l.about[about->shape[0]] = '\0';
    }
    l.n_pre = (uint32_t)n_pre;
    l.n_post = (uint32_t)n;
    l.w = take(&npz, w->data);
    l.theta_mv = take(&npz, theta->data);
    if (delays) l.delay_steps = take(&npz, delays->data);
    if (labels.labels)
        l.labels = (struct clsnn_labels){(uint32_t)n, labels.n_classes, take(&npz, labels.labels),
                                         take(&npz, labels.proportions)};
    TRY(clsnn_learned_hash(&l));
    *out = l;
    l = (struct clsnn_learned){0};
fail:
    clsnn_learned_finish(&l);
    clsnn_npz_finish(&npz);
    return st;
}

enum clsnn_status clsnn_learned_read(const char *path, struct clsnn_learned *out) {
    void *bytes = NULL;
    size_t n_bytes = 0;
    enum clsnn_status st = clsnn_file_read(path, CLSNN_MAX_MODEL_FILE, &bytes, &n_bytes);
    if (st == CLSNN_OK) st = clsnn_learned_parse(bytes, n_bytes, path, out);
    free(bytes);
    return st;
}
