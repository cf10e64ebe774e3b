/* Keras' layout of a data set: x_train, y_train, x_test and y_test in one .npz file. Files may come from
 * anyone, so every value is checked. */
#include "dataset/npz_set.h"

#include <inttypes.h>
#include <math.h>
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

/* The images of an array: their number and size. */
struct extents {
    size_t n, height, width;
};

/* Returns the side of a square of n pixels; 0: n is no square. */
static size_t side_of(size_t n) {
    size_t side = 0;
    while (side * side < n && side < CLSNN_MAX_SIDE) side++;
    return side * side == n ? side : 0;
}

static enum clsnn_status wrong_images(const char *path, const struct clsnn_array *x, const char *wanted) {
    char found[NPY_TEXT];
    return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': %s: must be %s", path, x->name,
                      clsnn_array_text(x->dtype, x->n_dims, x->shape, 0, found), wanted);
}

/* Finds the images of x. Two extents are squares in rows, [n, side * side], or one square, [side, side]. */
static enum clsnn_status find_images(const char *path, const struct clsnn_array *x, struct extents *out) {
    const bool pixels = x->dtype == CLSNN_U1 || x->dtype == CLSNN_F4 || x->dtype == CLSNN_F8;
    const int n_dims = dims_of(x, 3);
    struct extents e = {0, 0, 0};
    if (!pixels || (n_dims != 3 && n_dims != 2))
        return wrong_images(path, x,
                            "u1, f4 or f8 [images, height, width]; one more extent may follow if it is 1");
    if (n_dims == 3) {
        e = (struct extents){x->shape[0], x->shape[1], x->shape[2]};
    } else {
        const size_t side = side_of(x->shape[1]);
        const bool is_one = x->shape[0] == x->shape[1];
        if ((is_one && side) || (!is_one && !side))
            return wrong_images(path, x,
                                is_one ? "[images, height, width]: this may be one image, or flat ones"
                                       : "[images, height, width]: reshape it, flat images are no squares");
        e = is_one ? (struct extents){1, x->shape[0], x->shape[1]}
                   : (struct extents){x->shape[0], side, side};
    }
    if (e.n < 1 || e.n > CLSNN_MAX_IMAGES)
        return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': %zu images: must be in [1, %u]", path, x->name, e.n,
                          CLSNN_MAX_IMAGES);
    char label[512];
    snprintf(label, sizeof label, "%s: array '%s'", path, x->name);
    *out = e;
    return clsnn_images_check(label, e.n, e.height, e.width);
}

static enum clsnn_status copy_pixels(const char *path, const struct clsnn_array *x, const struct extents *e,
                                     uint8_t *to) {
    const size_t n = clsnn_array_count(x), width = e->width, size = e->height * width;
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

/* Returns v as a whole number; -1 if it is none, INT64_MAX for all larger ones. */
static int64_t whole_of(double v) {
    if (v >= 1e18) return INT64_MAX;
    return v >= 0 && floor(v) == v ? (int64_t)v : -1;
}

/* Returns element k of an array of numbers as whole_of does. */
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
    case CLSNN_F4: v = whole_of((double)((const float *)a->data)[k]); break;
    case CLSNN_F8: v = whole_of(((const double *)a->data)[k]); break;
    case CLSNN_OTHER: break;
    }
    return v;
}

static enum clsnn_status wrong_label(const char *path, const struct clsnn_array *y, size_t k) {
    char text[32];
    if (y->dtype == CLSNN_F4 || y->dtype == CLSNN_F8)
        snprintf(text, sizeof text, "%g",
                 y->dtype == CLSNN_F4 ? (double)((const float *)y->data)[k] : ((const double *)y->data)[k]);
    else
        snprintf(text, sizeof text, "%" PRId64, whole(y, k));
    return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': label [%zu] = %s: must be a whole number in [0, %d]",
                      path, y->name, k, text, CLSNN_MAX_CLASSES - 1);
}

static enum clsnn_status copy_labels(const char *path, const struct clsnn_array *y, size_t n, uint8_t *to) {
    char found[NPY_TEXT];
    if (dims_of(y, 1) != 1 || y->shape[0] != n)
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: array '%s': %s: must be whole numbers, [%zu] or [%zu, 1], one for each image",
                          path, y->name, clsnn_array_text(y->dtype, y->n_dims, y->shape, 0, found), n, n);
    for (size_t k = 0; k < n; k++) {
        const int64_t v = whole(y, k);
        if (v < 0 || v >= CLSNN_MAX_CLASSES) return wrong_label(path, y, k);
        to[k] = (uint8_t)v;
    }
    return CLSNN_OK;
}

/* Makes a set of its two arrays. y NULL: the images have no labels. */
static enum clsnn_status make_set(const char *path, const struct clsnn_array *x, const struct clsnn_array *y,
                                  struct clsnn_images *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_images made = {0};
    struct extents e;
    TRY(find_images(path, x, &e));
    TRY(clsnn_images_create((uint32_t)e.n, (uint32_t)e.height, (uint32_t)e.width, y != NULL, &made));
    TRY(copy_pixels(path, x, &e, made.pixels));
    if (y) TRY(copy_labels(path, y, e.n, made.labels));
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

/* Takes the recorded error of data that nobody needs as the reason why they are left out. */
static enum clsnn_status leave_out(enum clsnn_status st, char why[CLSNN_LEFT_OUT]) {
    if (st != CLSNN_E_DATA) return st;
    snprintf(why, CLSNN_LEFT_OUT, "%s", clsnn_error_text());
    clsnn_error_clear();
    return CLSNN_OK;
}

enum clsnn_status clsnn_npz_set_load_images(const char *path, struct clsnn_images *train,
                                            struct clsnn_images *test, char why[CLSNN_LEFT_OUT]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    struct clsnn_images made_train = {0}, made_test = {0};
    const struct clsnn_array *x_train = NULL, *y_train = NULL, *x_test, *y_test = NULL;
    why[0] = '\0';
    TRY(clsnn_npz_read(path, max_bytes, &npz));
    TRY(find(&npz, "x_test", &x_test));
    if (!x_test) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: array 'x_test' is missing: must hold the images", path);
        goto fail;
    }
    TRY(leave_out(find(&npz, "y_test", &y_test), why));
    TRY(make_set(path, x_test, NULL, &made_test));
    if (y_test && !why[0]) {
        struct clsnn_images labelled = {0};
        TRY(leave_out(make_set(path, x_test, y_test, &labelled), why));
        if (labelled.pixels) {
            clsnn_images_finish(&made_test);
            made_test = labelled;
        }
    }
    TRY(leave_out(find(&npz, "x_train", &x_train), why));
    TRY(leave_out(find(&npz, "y_train", &y_train), why));
    if (x_train && y_train && x_train->dtype != CLSNN_OTHER && y_train->dtype != CLSNN_OTHER)
        TRY(leave_out(make_set(path, x_train, y_train, &made_train), why));
    *train = made_train;
    *test = made_test;
    made_train = made_test = (struct clsnn_images){0};
fail:
    clsnn_images_finish(&made_train);
    clsnn_images_finish(&made_test);
    clsnn_npz_finish(&npz);
    return st;
}
