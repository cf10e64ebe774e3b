/* The .npy format: a magic string, a version, and a Python dict literal with type, order and shape. Files may
 * come from anyone, so the parser is strict: three known keys, one tuple of numbers, and no byte unaccounted
 * for. Source: numpy's documentation, numpy.lib.format. */
#include "formats/npy.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

static const struct {
    const char *descr, *name;
    size_t n_bytes;
} types[] = {
    [CLSNN_U1] = {"|u1", "u1", 1}, [CLSNN_I4] = {"<i4", "i4", 4}, [CLSNN_U4] = {"<u4", "u4", 4},
    [CLSNN_I8] = {"<i8", "i8", 8}, [CLSNN_U8] = {"<u8", "u8", 8}, [CLSNN_F4] = {"<f4", "f4", 4},
    [CLSNN_F8] = {"<f8", "f8", 8}, [CLSNN_I1] = {"|i1", "i1", 1}, [CLSNN_I2] = {"<i2", "i2", 2},
    [CLSNN_U2] = {"<u2", "u2", 2},
};
#define N_TYPES (sizeof types / sizeof *types)

size_t clsnn_dtype_bytes(enum clsnn_dtype dtype) {
    assert((size_t)dtype < N_TYPES);
    return types[dtype].n_bytes;
}

size_t clsnn_array_count(const struct clsnn_array *a) {
    size_t n = 1;
    for (int d = 0; d < a->n_dims; d++) n *= a->shape[d];
    return n;
}

const char *clsnn_array_text(enum clsnn_dtype dtype, int n_dims, const size_t *shape, int zero_is_any,
                             char text[NPY_TEXT]) {
    size_t at = (size_t)snprintf(text, NPY_TEXT, "%s [", types[dtype].name);
    for (int d = 0; d < n_dims && at < NPY_TEXT; d++) {
        const char *comma = d ? ", " : "";
        const int n = zero_is_any && !shape[d] ? snprintf(text + at, NPY_TEXT - at, "%sany", comma)
                                               : snprintf(text + at, NPY_TEXT - at, "%s%zu", comma, shape[d]);
        at += (size_t)n;
    }
    if (at < NPY_TEXT) snprintf(text + at, NPY_TEXT - at, "]");
    return text;
}

/* The header's text that is still to be read, from at up to end. */
struct cursor {
    const char *at, *end;
    const char *label;
    bool other; /* what stopped the parser is a type or layout that is not read */
};

static void skip_space(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n')) c->at++;
}

/* Skips space, then takes ch and returns true if it comes next. */
static bool take(struct cursor *c, char ch) {
    skip_space(c);
    if (c->at == c->end || *c->at != ch) return false;
    c->at++;
    return true;
}

/* Returns the text at the cursor for a message, printable and short. */
static const char *found(const struct cursor *c, char text[24]) {
    size_t n = 0;
    for (const char *p = c->at; p < c->end && n < 16; p++) text[n++] = *p >= ' ' && *p <= '~' ? *p : '?';
    text[n] = '\0';
    return n ? text : "its end";
}

static enum clsnn_status expected(const struct cursor *c, const char *what) {
    char text[24];
    return clsnn_fail(CLSNN_E_DATA, "%s: .npy header: %s found: must be %s", c->label, found(c, text), what);
}

/* Takes a quoted word without escapes. *out points into the text. */
static enum clsnn_status take_string(struct cursor *c, const char *what, const char **out, size_t *out_n) {
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return expected(c, what);
    const char *begin = c->at + 1;
    const char *p = begin;
    while (p < c->end && *p != *c->at && *p >= ' ' && *p <= '~' && *p != '\\') p++;
    if (p == c->end || *p != *c->at) return expected(c, what);
    *out = begin;
    *out_n = (size_t)(p - begin);
    c->at = p + 1;
    return CLSNN_OK;
}

static enum clsnn_status take_type(struct cursor *c, enum clsnn_dtype *out) {
    enum clsnn_status st = CLSNN_OK;
    const char *s = NULL;
    size_t n = 0;
    skip_space(c);
    c->other = c->at < c->end && *c->at == '['; /* a structured type */
    TRY(take_string(c, "a simple type such as '<f4'", &s, &n));
    for (size_t i = 0; i < N_TYPES; i++) {
        if (n == 3 && !memcmp(types[i].descr, s, 3)) {
            *out = (enum clsnn_dtype)i;
            return CLSNN_OK;
        }
    }
    c->other = true;
    const char *why = n && memchr(s, 'O', n) ? " (pickled objects)" : n && *s == '>' ? " (big-endian)" : "";
    st = clsnn_fail(CLSNN_E_DATA,
                    "%s: .npy type '%.*s'%s: must be one of |u1 <u2 <u4 <u8 |i1 <i2 <i4 <i8 <f4 <f8: convert "
                    "with astype()",
                    c->label, n < 16 ? (int)n : 16, s, why);
fail:
    return st;
}

static enum clsnn_status take_bool(struct cursor *c, bool *out) {
    static const char *const words[] = {"False", "True"};
    skip_space(c);
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(words[i]);
        if ((size_t)(c->end - c->at) >= n && !memcmp(c->at, words[i], n)) {
            c->at += n;
            *out = i;
            return CLSNN_OK;
        }
    }
    return expected(c, "True or False");
}

static enum clsnn_status take_extent(struct cursor *c, size_t *out) {
    const char *begin = c->at;
    size_t value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        const size_t digit = (size_t)(*c->at - '0');
        if (value > (SIZE_MAX - digit) / 10)
            return clsnn_fail(CLSNN_E_DATA, "%s: .npy shape: an extent is beyond %zu", c->label, SIZE_MAX);
        value = value * 10 + digit;
    }
    if (c->at == begin || (*begin == '0' && c->at - begin > 1))
        return expected(c, "an extent in decimal digits");
    *out = value;
    return CLSNN_OK;
}

/* Takes a tuple as Python writes it: (), (3,), (784, 400) or (784, 400,). In Python "(3)" is a number, so it
 * is refused. */
static enum clsnn_status take_shape(struct cursor *c, struct clsnn_array *out) {
    enum clsnn_status st = CLSNN_OK;
    bool comma = true;
    if (!take(c, '(')) return expected(c, "a tuple such as (784, 400)");
    out->n_dims = 0;
    while (!take(c, ')')) {
        if (!comma) return expected(c, "',' or ')'");
        c->other = out->n_dims == CLSNN_NPZ_MAX_DIMS;
        if (c->other)
            return clsnn_fail(CLSNN_E_DATA,
                              "%s: .npy shape: more than %d dimensions: at most %d are supported", c->label,
                              CLSNN_NPZ_MAX_DIMS, CLSNN_NPZ_MAX_DIMS);
        TRY(take_extent(c, &out->shape[out->n_dims]));
        out->n_dims++;
        comma = take(c, ',');
    }
    if (out->n_dims == 1 && !comma)
        st = clsnn_fail(CLSNN_E_DATA, "%s: .npy shape: (%zu) is no tuple: must be (%zu,)", c->label,
                        out->shape[0], out->shape[0]);
fail:
    return st;
}

/* Parses the whole header: each of the three keys once, in any order, then only space. */
static enum clsnn_status parse_dict(struct cursor *c, struct clsnn_array *out, bool *out_fortran) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    enum clsnn_status st = CLSNN_OK;
    bool seen[3] = {false, false, false}, comma = true;
    if (!take(c, '{')) return expected(c, "'{'");
    while (!take(c, '}')) {
        const char *s = NULL;
        size_t n = 0, k = 0;
        if (!comma) return expected(c, "',' or '}'");
        TRY(take_string(c, "a quoted key", &s, &n));
        while (k < 3 && (strlen(keys[k]) != n || memcmp(keys[k], s, n))) k++;
        if (k == 3 || seen[k])
            return clsnn_fail(
                CLSNN_E_DATA,
                "%s: .npy header: key '%.*s' %s: must be descr, fortran_order and shape, each once", c->label,
                n < 32 ? (int)n : 32, s, k == 3 ? "is unknown" : "comes twice");
        seen[k] = true;
        if (!take(c, ':')) return expected(c, "':'");
        if (k == 0)
            TRY(take_type(c, &out->dtype));
        else if (k == 1)
            TRY(take_bool(c, out_fortran));
        else
            TRY(take_shape(c, out));
        comma = take(c, ',');
    }
    for (size_t k = 0; k < 3; k++)
        if (!seen[k])
            return clsnn_fail(CLSNN_E_DATA, "%s: .npy header: key '%s' is missing", c->label, keys[k]);
    skip_space(c);
    if (c->at != c->end) return expected(c, "its end");
fail:
    return st;
}

/* Computes the bytes of the data; false if the product passes SIZE_MAX / 2. Extents of zero count as one in
 * the product, as in numpy. */
static bool data_bytes(const struct clsnn_array *a, size_t *out) {
    size_t product = clsnn_dtype_bytes(a->dtype);
    bool empty = false;
    for (int d = 0; d < a->n_dims; d++) {
        const size_t extent = a->shape[d];
        if (!extent) empty = true;
        if (extent && product > SIZE_MAX / 2 / extent) return false;
        if (extent) product *= extent;
    }
    *out = empty ? 0 : product;
    return true;
}

enum clsnn_status clsnn_npy_header_parse(const void *bytes, size_t n_there, size_t n_bytes, const char *label,
                                         struct clsnn_array *out, size_t *out_offset, bool *out_other) {
    enum clsnn_status st = CLSNN_OK;
    const unsigned char *b = bytes;
    struct clsnn_array a = {.n_dims = 0};
    bool fortran = false;
    size_t n_data = 0;
    char text[NPY_TEXT];

    *out_other = false;
    if (n_there < 10 || memcmp(b, "\x93NUMPY", 6))
        return clsnn_fail(CLSNN_E_DATA, "%s: is no .npy array: its first bytes must be \\x93NUMPY", label);
    if ((b[6] != 1 && b[6] != 2) || b[7] != 0)
        return clsnn_fail(CLSNN_E_DATA, "%s: .npy version %d.%d: must be 1.0 or 2.0", label, b[6], b[7]);
    const size_t begin = b[6] == 1 ? 10 : 12;
    if (n_there < begin)
        return clsnn_fail(CLSNN_E_DATA, "%s: .npy header is cut off at %zu bytes", label, n_there);
    size_t n_header = (size_t)b[8] | (size_t)b[9] << 8;
    if (begin == 12) n_header |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (n_header > NPY_MAX_HEADER)
        return clsnn_fail(CLSNN_E_DATA, "%s: .npy header of %zu bytes: at most %d are accepted", label,
                          n_header, NPY_MAX_HEADER);
    if (n_header > n_there - begin)
        return clsnn_fail(CLSNN_E_DATA, "%s: .npy header of %zu bytes is cut off: %zu are there", label,
                          n_header, n_there - begin);
    struct cursor c = {(const char *)b + begin, (const char *)b + begin + n_header, label, false};
    st = parse_dict(&c, &a, &fortran);
    *out_other = c.other || (st == CLSNN_OK && fortran && a.n_dims > 1);
    if (st != CLSNN_OK) return st;
    if (*out_other)
        return clsnn_fail(CLSNN_E_DATA, "%s: .npy in Fortran order: save numpy.ascontiguousarray() of it",
                          label);
    clsnn_array_text(a.dtype, a.n_dims, a.shape, 0, text);
    if (!data_bytes(&a, &n_data))
        return clsnn_fail(CLSNN_E_DATA, "%s: %s: is beyond all memory", label, text);
    if (n_data != n_bytes - begin - n_header)
        return clsnn_fail(CLSNN_E_DATA, "%s: %s with %zu bytes of data: must be %zu", label, text,
                          n_bytes - begin - n_header, n_data);
    *out = a;
    *out_offset = begin + n_header;
    return CLSNN_OK;
}

enum clsnn_status clsnn_npy_parse(const void *bytes, size_t n_bytes, const char *label,
                                  struct clsnn_array *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_array a;
    size_t offset = 0;
    bool other;
    TRY(clsnn_npy_header_parse(bytes, n_bytes, n_bytes, label, &a, &offset, &other));
    a.data = malloc(n_bytes - offset + !(n_bytes - offset)); /* malloc(0) may return NULL */
    if (!a.data) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for %zu bytes", label, n_bytes - offset);
    if (n_bytes > offset) memcpy(a.data, (const unsigned char *)bytes + offset, n_bytes - offset);
    *out = a;
fail:
    return st;
}

size_t clsnn_npy_header_print(const struct clsnn_array *a, char header[256]) {
    /* The header takes at most 10 + 53 + 4 * 22 + 6 bytes, under 256 even with its padding. */
    size_t at = 10 + (size_t)snprintf(header + 10, 246, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                                      types[a->dtype].descr);
    for (int d = 0; d < a->n_dims; d++)
        at += (size_t)snprintf(header + at, 256 - at, "%s%zu", d ? ", " : "", a->shape[d]);
    at += (size_t)snprintf(header + at, 256 - at, "%s), }", a->n_dims == 1 ? "," : "");
    const size_t n = (at + 1 + 63) / 64 * 64;
    assert(n <= 256);
    memset(header + at, ' ', n - at);
    header[n - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01", 8);
    header[8] = (char)((n - 10) & 255);
    header[9] = (char)((n - 10) >> 8);
    return n;
}
