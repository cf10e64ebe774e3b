/* Reads and writes networks for other programs. Files may come from anyone, so every value is checked. A
 * weight that was a float stays the same float in every format, and so does theta: volts are doubles. */
#include "experiment/exchange.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/file_kind.h"
#include "clsnn/abi.h"
#include "clsnn/npz.h"
#include "experiment/model_npz.h"
#include "formats/npy.h"

/* The most bytes of a file: the list of the largest network. */
static const size_t max_bytes = (size_t)CLSNN_MAX_PRE * CLSNN_MAX_POST * 3 * sizeof(double) + 4096;
static const double mv_per_volt = 1000;

static bool is_real(const struct clsnn_array *a) {
    return a->dtype == CLSNN_F4 || a->dtype == CLSNN_F8;
}

/* Returns element k of an array of f4 or f8. */
static double real_at(const struct clsnn_array *a, size_t k) {
    return a->dtype == CLSNN_F4 ? (double)((const float *)a->data)[k] : ((const double *)a->data)[k];
}

/* Fails because the array has a wrong type or shape. */
static enum clsnn_status wrong_array(const char *label, const struct clsnn_array *a, const char *wanted) {
    char text[NPY_TEXT];
    return clsnn_fail(CLSNN_E_DATA, "%s: %s: must be %s", label,
                      clsnn_array_text(a->dtype, a->n_dims, a->shape, 0, text), wanted);
}

/* Stores theta in mV. is_volts: the array's unit. */
static enum clsnn_status take_theta(const char *label, const struct clsnn_array *a, bool is_volts,
                                    struct clsnn_exchange *x) {
    if (!is_real(a) || a->n_dims != 1 || a->shape[0] < 1 || a->shape[0] > CLSNN_MAX_POST)
        return wrong_array(label, a, "f4 or f8 [neurons]");
    float *theta_mv = malloc(a->shape[0] * sizeof *theta_mv);
    if (!theta_mv) return clsnn_no_memory(label);
    free(x->model.theta_mv);
    x->model.theta_mv = theta_mv;
    x->model.n_post = (uint32_t)a->shape[0];
    snprintf(x->theta_unit, sizeof x->theta_unit, "%s", is_volts ? "volts" : "millivolts");
    for (size_t j = 0; j < a->shape[0]; j++) {
        const double v = real_at(a, j), most = is_volts ? 1 : mv_per_volt;
        if (!(v >= 0 && v < most))
            return clsnn_fail(CLSNN_E_DATA, "%s: theta[%zu] = %g %s: must be at least 0 and below %g%s",
                              label, j, v, is_volts ? "V" : "mV", most,
                              is_volts ? "; millivolts belong into an .npz as theta_mv" : "");
        theta_mv[j] = (float)(is_volts ? v * mv_per_volt : v);
    }
    return CLSNN_OK;
}

/* Makes room for the weights; they are 0. */
static enum clsnn_status create_w(const char *label, size_t n_pre, size_t n_post, struct clsnn_learned *l) {
    if (l->theta_mv && l->n_post != n_post)
        return clsnn_fail(CLSNN_E_DATA, "%s: has %zu neurons, theta %u: must be as many", label, n_post,
                          l->n_post);
    if (n_pre < 1 || n_pre > CLSNN_MAX_PRE || n_post < 1 || n_post > CLSNN_MAX_POST)
        return clsnn_fail(CLSNN_E_DATA, "%s: %zu inputs and %zu neurons: must be in [1, %d] and [1, %d]",
                          label, n_pre, n_post, CLSNN_MAX_PRE, CLSNN_MAX_POST);
    l->w = calloc(n_pre * n_post, sizeof *l->w);
    if (!l->w) return clsnn_no_memory(label);
    l->n_pre = (uint32_t)n_pre;
    l->n_post = (uint32_t)n_post;
    return CLSNN_OK;
}

static bool is_weight(double w) {
    return w >= 0 && isfinite((float)w);
}

/* Takes an array [inputs, neurons]. */
static enum clsnn_status take_w(const char *label, const struct clsnn_array *a, struct clsnn_learned *l) {
    enum clsnn_status st = CLSNN_OK;
    if (!is_real(a) || a->n_dims != 2) return wrong_array(label, a, "f4 or f8 [inputs, neurons]");
    const size_t n = a->shape[1];
    TRY(create_w(label, a->shape[0], n, l));
    for (size_t k = 0; k < a->shape[0] * n; k++) {
        const double w = real_at(a, k);
        if (!is_weight(w))
            return clsnn_fail(CLSNN_E_DATA, "%s: w[%zu, %zu] = %g: must be finite and at least 0", label,
                              k / n, k % n, w);
        l->w[k] = (float)w;
    }
fail:
    return st;
}

/* Returns whether v is a whole number in [0, end). */
static bool is_index(double v, double end) {
    return v >= 0 && v < end && floor(v) == v;
}

/* Fails because a row's pair stands in an earlier row too, which is looked for. */
static enum clsnn_status listed_twice(const char *label, const struct clsnn_array *a, size_t row) {
    size_t first = 0;
    while (real_at(a, 3 * first) != real_at(a, 3 * row) ||
           real_at(a, 3 * first + 1) != real_at(a, 3 * row + 1))
        first++;
    return clsnn_fail(CLSNN_E_DATA,
                      "%s: rows %zu and %zu both connect input %g to neuron %g: list each pair once", label,
                      first, row, real_at(a, 3 * row), real_at(a, 3 * row + 1));
}

/* Finds the sizes of a listed network. A complete list has those of its largest indices. Diehl & Cook's
 * networks have 784 inputs, so a list that leaves out pairs is taken for one of these. */
static enum clsnn_status sizes_of_list(const char *label, const struct clsnn_array *a, size_t n_theta,
                                       size_t *out_n_pre, size_t *out_n_post) {
    const size_t n = a->shape[0], most_post = n_theta ? n_theta : CLSNN_MAX_POST;
    size_t n_pre = 0, n_post = 0, widest = 0;
    for (size_t k = 0; k < n; k++) {
        const double i = real_at(a, 3 * k), j = real_at(a, 3 * k + 1), w = real_at(a, 3 * k + 2);
        if (!is_index(i, CLSNN_MAX_PRE))
            return clsnn_fail(
                CLSNN_E_DATA,
                "%s: row %zu: input %g: must be a whole number in [0, %d]; an array [n, 3] is read "
                "as rows of input, neuron, weight",
                label, k, i, CLSNN_MAX_PRE - 1);
        if (!is_index(j, (double)most_post))
            return clsnn_fail(CLSNN_E_DATA, "%s: row %zu: neuron %g: must be a whole number in [0, %zu]%s",
                              label, k, j, most_post - 1, n_theta ? ", as theta has neurons" : "");
        if (!is_weight(w))
            return clsnn_fail(CLSNN_E_DATA, "%s: row %zu: weight %g: must be finite and at least 0", label, k,
                              w);
        if ((size_t)i >= n_pre) {
            n_pre = (size_t)i + 1;
            widest = k;
        }
        if ((size_t)j >= n_post) n_post = (size_t)j + 1;
    }
    if (n_theta && n_theta != n_post && n == n_pre * n_post)
        return clsnn_fail(CLSNN_E_DATA, "%s: lists every pair of %zu neurons, theta has %zu: must be as many",
                          label, n_post, n_theta);
    if (n_theta) n_post = n_theta; /* the last neurons may have no connection */
    if (n < n_pre * n_post) {
        if (n_pre > CLSNN_N_PRE)
            return clsnn_fail(
                CLSNN_E_DATA,
                "%s: row %zu: input %zu: must be in [0, %d] in a list that leaves out pairs: list "
                "every pair for other sizes",
                label, widest, n_pre - 1, CLSNN_N_PRE - 1);
        n_pre = CLSNN_N_PRE;
    }
    *out_n_pre = n_pre;
    *out_n_post = n_post;
    return CLSNN_OK;
}

/* Takes rows of input, neuron, weight. */
static enum clsnn_status take_list(const char *label, const struct clsnn_array *a, struct clsnn_exchange *x) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned *l = &x->model;
    size_t n_pre = 0, n_post = 0;
    unsigned char *seen = NULL;
    TRY(sizes_of_list(label, a, l->theta_mv ? l->n_post : 0, &n_pre, &n_post));
    TRY(create_w(label, n_pre, n_post, l));
    seen = calloc(n_pre * n_post, 1);
    if (!seen) return clsnn_no_memory(label);
    for (size_t k = 0; k < a->shape[0]; k++) {
        const size_t at = (size_t)real_at(a, 3 * k) * n_post + (size_t)real_at(a, 3 * k + 1);
        if (seen[at]) {
            st = listed_twice(label, a, k);
            goto fail;
        }
        seen[at] = 1;
        l->w[at] = (float)real_at(a, 3 * k + 2);
    }
    x->n_unlisted = n_pre * n_post - a->shape[0];
fail:
    free(seen);
    return st;
}

/* Takes an array of a .npy file: a list of connections or weights. */
static enum clsnn_status take_npy(const char *path, const struct clsnn_array *a, struct clsnn_exchange *x) {
    if (!is_real(a) || a->n_dims != 2 || a->shape[0] == 0)
        return wrong_array(
            path, a, "f4 or f8: [connections, 3] with rows of input, neuron, weight, or [inputs, neurons]");
    if (a->shape[1] == 3) return take_list(path, a, x);
    if (a->shape[1] == CLSNN_N_PRE && a->shape[0] != CLSNN_N_PRE)
        return wrong_array(path, a,
                           "[inputs, neurons]: save numpy.ascontiguousarray(w.T), or an .npz with w");
    return take_w(path, a, &x->model);
}

static enum clsnn_status parse_npy(const char *path, const void *bytes, size_t n_bytes,
                                   struct clsnn_array *out) {
    const bool is_npy = n_bytes >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0;
    const char *kind = is_npy ? NULL : clsnn_file_kind(bytes, n_bytes);
    return kind ? clsnn_fail(CLSNN_E_DATA, "%s: is no .npy array: it is %s", path, kind)
                : clsnn_npy_parse(bytes, n_bytes, path, out);
}

static enum clsnn_status read_theta(const char *path, struct clsnn_exchange *x) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_array a = {.n_dims = 0};
    void *bytes = NULL;
    size_t n_bytes = 0;
    TRY(clsnn_file_read(path, max_bytes, &bytes, &n_bytes));
    TRY(parse_npy(path, bytes, n_bytes, &a));
    TRY(take_theta(path, &a, true, x));
fail:
    free(bytes);
    free(a.data);
    return st;
}

/* Finds an array; *out is NULL if there is none. */
static enum clsnn_status find(const struct clsnn_npz *npz, const char *name, const struct clsnn_array **out) {
    *out = NULL;
    for (size_t k = 0; k < npz->n_arrays && !*out; k++)
        if (strcmp(npz->arrays[k].name, name) == 0) *out = &npz->arrays[k];
    if (!*out || (*out)->dtype != CLSNN_OTHER) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_DATA, "%s", (const char *)(*out)->data);
}

static void list_others(const struct clsnn_npz *npz, char out[256]) {
    static const char *const read[] = {"w", "theta", "theta_mv"};
    size_t n = 0;
    out[0] = '\0';
    for (size_t k = 0; k < npz->n_arrays; k++) {
        bool known = false;
        for (size_t r = 0; r < sizeof read / sizeof *read; r++)
            known = known || strcmp(npz->arrays[k].name, read[r]) == 0;
        if (!known && n < 200)
            n += (size_t)snprintf(out + n, 256 - n, "%s%s", n ? ", " : "", npz->arrays[k].name);
    }
}

static enum clsnn_status read_npz(const char *path, const void *bytes, size_t n_bytes, bool has_theta,
                                  struct clsnn_exchange *x) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    const struct clsnn_array *w, *theta, *theta_mv;
    char label[4096];
    TRY(clsnn_npz_parse(bytes, n_bytes, path, max_bytes, &npz));
    TRY(find(&npz, "w", &w));
    TRY(find(&npz, "theta", &theta));
    TRY(find(&npz, "theta_mv", &theta_mv));
    if (!w) {
        st = clsnn_fail(
            CLSNN_E_DATA,
            "%s: array 'w' is missing: must hold w [inputs, neurons], and theta (V) or theta_mv (mV)", path);
    } else if ((theta && theta_mv) || (has_theta && (theta || theta_mv))) {
        st = clsnn_fail(CLSNN_E_USAGE, "%s: has %s%s: give theta once", path, theta_mv ? "theta_mv" : "theta",
                        theta && theta_mv ? " and theta" : " itself");
    }
    TRY(st);
    snprintf(label, sizeof label, "%s: array '%s'", path, theta_mv ? "theta_mv" : "theta");
    if (theta || theta_mv) TRY(take_theta(label, theta_mv ? theta_mv : theta, !theta_mv, x));
    snprintf(label, sizeof label, "%s: array 'w'", path);
    TRY(take_w(label, w, &x->model));
    list_others(&npz, x->left_out);
fail:
    clsnn_npz_finish(&npz);
    return st;
}

enum clsnn_status clsnn_exchange_read(const char *weights, const char *theta, struct clsnn_exchange *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_exchange x = {.n_unlisted = 0};
    struct clsnn_array a = {.n_dims = 0};
    void *bytes = NULL;
    size_t n_bytes = 0;
    if (theta) TRY(read_theta(theta, &x));
    TRY(clsnn_file_read(weights, max_bytes, &bytes, &n_bytes));
    if (n_bytes >= 2 && memcmp(bytes, "PK", 2) == 0) {
        TRY(read_npz(weights, bytes, n_bytes, theta != NULL, &x));
    } else {
        TRY(parse_npy(weights, bytes, n_bytes, &a));
        TRY(take_npy(weights, &a, &x));
    }
    *out = x;
    x = (struct clsnn_exchange){.n_unlisted = 0};
fail:
    free(bytes);
    free(a.data);
    clsnn_learned_finish(&x.model);
    return st;
}

/* Writes a as a .npy file. */
static enum clsnn_status write_npy(const struct clsnn_array *a, const char *path) {
    char header[256];
    const size_t n_header = clsnn_npy_header_print(a, header),
                 n_data = clsnn_array_count(a) * clsnn_dtype_bytes(a->dtype);
    unsigned char *bytes = malloc(n_header + n_data);
    if (!bytes) return clsnn_no_memory(path);
    memcpy(bytes, header, n_header);
    memcpy(bytes + n_header, a->data, n_data);
    const enum clsnn_status st = clsnn_file_write(path, bytes, n_header + n_data);
    free(bytes);
    return st;
}

enum clsnn_status clsnn_exchange_write_list(const struct clsnn_learned *l, const char *path) {
    const size_t n = (size_t)l->n_pre * l->n_post;
    double *rows = malloc(3 * n * sizeof *rows);
    if (!rows) return clsnn_no_memory(path);
    for (size_t k = 0; k < n; k++) {
        rows[3 * k] = (double)(k / l->n_post);
        rows[3 * k + 1] = (double)(k % l->n_post);
        rows[3 * k + 2] = (double)l->w[k];
    }
    const enum clsnn_status st = write_npy(&(struct clsnn_array){"", CLSNN_F8, 2, {n, 3}, rows}, path);
    free(rows);
    return st;
}

enum clsnn_status clsnn_exchange_write_w(const struct clsnn_learned *l, const char *path) {
    return write_npy(&(struct clsnn_array){"", CLSNN_F4, 2, {l->n_pre, l->n_post}, l->w}, path);
}

enum clsnn_status clsnn_exchange_write_theta(const struct clsnn_learned *l, const char *path) {
    double *volts = malloc(l->n_post * sizeof *volts);
    if (!volts) return clsnn_no_memory(path);
    for (uint32_t j = 0; j < l->n_post; j++) volts[j] = (double)l->theta_mv[j] / mv_per_volt;
    const enum clsnn_status st = write_npy(&(struct clsnn_array){"", CLSNN_F8, 1, {l->n_post}, volts}, path);
    free(volts);
    return st;
}
