/* Keras' layout of a data set: x_train, y_train, x_test and y_test in one .npz file. Files may come from
 * anyone, so every value is checked. */
#include "dataset/npz_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/npz.h"
#include "dataset/idx.h"
#include "formats/npy.h"

static const size_t max_bytes = UINT32_MAX; /* of all arrays: a zip without extensions holds no more */

/* Finds an array; *out is NULL if there is none.
 * Errors: CLSNN_E_DATA the array has a type or layout that is not read. */
static enum clsnn_status find(const struct clsnn_npz *npz, const char *name, const struct clsnn_array **out) {
    *out = NULL;
    for (size_t k = 0; k < npz->n_arrays && !*out; k++)
        if (strcmp(npz->arrays[k].name, name) == 0) *out = &npz->arrays[k];
    if (!*out || (*out)->dtype != CLSNN_OTHER) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_DATA, "%s", (const char *)(*out)->data);
}

/* Returns the shape of a without a last extent of 1, which Keras gives to grey images and to labels. */
static int dims_of(const struct clsnn_array *a, int wanted) {
    return a->n_dims == wanted + 1 && a->shape[wanted] == 1 ? wanted : a->n_dims;
}

static enum clsnn_status check_images(const char *path, const struct clsnn_array *x) {
    char found[NPY_TEXT];
    const bool pixels = x->dtype == CLSNN_U1 || x->dtype == CLSNN_F4 || x->dtype == CLSNN_F8;
    if (!pixels || dims_of(x, 3) != 3)
        return clsnn_fail(
            CLSNN_E_DATA,
            "%s: array '%s': %s: must be u1, f4 or f8 [images, height, width]; one more extent may "
            "follow if it is 1",
            path, x->name, clsnn_array_text(x->dtype, x->n_dims, x->shape, 0, found));
    if (x->shape[0] < 1 || x->shape[0] > CLSNN_MAX_IMAGES)
        return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': %zu images: must be in [1, %u]", path, x->name,
                          x->shape[0], CLSNN_MAX_IMAGES);
    char label[512];
    snprintf(label, sizeof label, "%s: array '%s'", path, x->name);
    return clsnn_images_check(label, x->shape[0], x->shape[1], x->shape[2]);
}

static enum clsnn_status copy_pixels(const char *path, const struct clsnn_array *x, uint8_t *to) {
    const size_t n = clsnn_array_count(x), width = x->shape[2], size = x->shape[1] * width;
    if (x->dtype == CLSNN_U1) {
        memcpy(to, x->data, n);
        return CLSNN_OK;
    }
    for (size_t k = 0; k < n; k++) {
        const double v =
            x->dtype == CLSNN_F4 ? (double)((const float *)x->data)[k] : ((const double *)x->data)[k];
        if (!(v >= 0 && v <= 1))
            return clsnn_fail(CLSNN_E_DATA,
                              "%s: array '%s': pixel [%zu, %zu, %zu] = %g: must be in [0, 1]; pixels of 0 to "
                              "255 must be of type u1, or divided by 255",
                              path, x->name, k / size, k % size / width, k % width, v);
        to[k] = (uint8_t)(v * 255 + 0.5);
    }
    return CLSNN_OK;
}

/* Returns element k of an array of whole numbers; INT64_MAX stands for all larger ones. */
static int64_t whole(const struct clsnn_array *a, size_t k) {
    int64_t v = -1;
    switch (a->dtype) {
    case CLSNN_U1: v = ((const uint8_t *)a->data)[k]; break;
    case CLSNN_U2: v = ((const uint16_t *)a->data)[k]; break;
    case CLSNN_U4: v = ((const uint32_t *)a->data)[k]; break;
    case CLSNN_U8:
        v = ((const uint64_t *)a->data)[k] < INT64_MAX ? (int64_t)((const uint64_t *)a->data)[k] : INT64_MAX;
        break;
    case CLSNN_I1: v = ((const int8_t *)a->data)[k]; break;
    case CLSNN_I2: v = ((const int16_t *)a->data)[k]; break;
    case CLSNN_I4: v = ((const int32_t *)a->data)[k]; break;
    case CLSNN_I8: v = ((const int64_t *)a->data)[k]; break;
    case CLSNN_F4:
    case CLSNN_F8:
    case CLSNN_OTHER: break;
    }
    return v;
}

static enum clsnn_status copy_labels(const char *path, const struct clsnn_array *y, size_t n, uint8_t *to) {
    char found[NPY_TEXT];
    if (y->dtype == CLSNN_F4 || y->dtype == CLSNN_F8 || dims_of(y, 1) != 1 || y->shape[0] != n)
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: array '%s': %s: must be whole numbers of any type, [%zu] or [%zu, 1], one for "
                          "each image",
                          path, y->name, clsnn_array_text(y->dtype, y->n_dims, y->shape, 0, found), n, n);
    for (size_t k = 0; k < n; k++) {
        const int64_t v = whole(y, k);
        if (v < 0 || v >= CLSNN_MAX_CLASSES)
            return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': label [%zu] = %" PRId64 ": must be in [0, %d]",
                              path, y->name, k, v, CLSNN_MAX_CLASSES - 1);
        to[k] = (uint8_t)v;
    }
    return CLSNN_OK;
}

/* Makes a set of its two arrays. y NULL: the images have no labels. */
static enum clsnn_status make_set(const char *path, const struct clsnn_array *x, const struct clsnn_array *y,
                                  struct clsnn_images *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_images made = {0};
    TRY(check_images(path, x));
    TRY(clsnn_images_create((uint32_t)x->shape[0], (uint32_t)x->shape[1], (uint32_t)x->shape[2], y != NULL,
                            &made));
    TRY(copy_pixels(path, x, made.pixels));
    if (y) TRY(copy_labels(path, y, x->shape[0], made.labels));
    *out = made;
    return CLSNN_OK;
fail:
    clsnn_images_finish(&made);
    return st;
}

enum clsnn_status clsnn_npz_set_load(const char *path, struct clsnn_images *train,
                                     struct clsnn_images *test) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    struct clsnn_images made_train = {0}, made_test = {0};
    const struct clsnn_array *x_train, *y_train, *x_test, *y_test;
    TRY(clsnn_npz_read(path, max_bytes, &npz));
    TRY(find(&npz, "x_train", &x_train));
    TRY(find(&npz, "y_train", &y_train));
    TRY(find(&npz, "x_test", &x_test));
    TRY(find(&npz, "y_test", &y_test));
    if (!x_test || !x_train != !y_train || (x_train && !y_test)) {
        const char *missing = !x_test               ? "x_test"
                              : !x_train && y_train ? "x_train"
                              : x_train && !y_train ? "y_train"
                                                    : "y_test";
        st = clsnn_fail(CLSNN_E_DATA,
                        "%s: array '%s' is missing: must hold x_train, y_train, x_test and y_test, or a test "
                        "set alone",
                        path, missing);
        goto fail;
    }
    if (x_train) TRY(make_set(path, x_train, y_train, &made_train));
    TRY(make_set(path, x_test, y_test, &made_test));
    *train = made_train;
    *test = made_test;
    made_train = made_test = (struct clsnn_images){0};
fail:
    clsnn_images_finish(&made_train);
    clsnn_images_finish(&made_test);
    clsnn_npz_finish(&npz);
    return st;
}
