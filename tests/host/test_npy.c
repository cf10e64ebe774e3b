/* The .npy layer: every accepted type and shape, a table of refused headers, and cuts at every byte. Each
 * image lies in a heap block of exactly its size, so that a sanitizer sees any read beyond it. */
#include "clsnn/npz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/npy.h"

/* Joins magic, version, length, header text and n_data bytes 0, 1, 2, ... in one heap block. */
static unsigned char *make_image(int major, const char *text, size_t n_text, size_t n_data, size_t *out_n) {
    const size_t begin = major == 1 ? 10 : 12;
    unsigned char *b = malloc(begin + n_text + n_data);
    assert_non_null(b);
    memcpy(b, "\x93NUMPY", 6);
    b[6] = (unsigned char)major;
    b[7] = 0;
    for (size_t i = 8; i < begin; i++) b[i] = (unsigned char)(n_text >> (8 * (i - 8)));
    memcpy(b + begin, text, n_text);
    for (size_t i = 0; i < n_data; i++) b[begin + n_text + i] = (unsigned char)i;
    *out_n = begin + n_text + n_data;
    return b;
}

static enum clsnn_status parse(int major, const char *text, size_t n_text, size_t n_data,
                               struct clsnn_array *out) {
    size_t n = 0;
    unsigned char *image = make_image(major, text, n_text, n_data, &n);
    clsnn_error_clear();
    const enum clsnn_status st = clsnn_npy_parse(image, n, "a.npy", out);
    free(image);
    return st;
}

#define KEYS(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

static void test_good_headers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n_data;
        enum clsnn_dtype dtype;
        int n_dims;
        size_t shape[4];
    } rows[] = {
        {KEYS("'|u1'", "False", "(3,)") "    \n", 3, CLSNN_U1, 1, {3}},
        {KEYS("'|i1'", "False", "(3,)"), 3, CLSNN_I1, 1, {3}},
        {KEYS("'<i2'", "False", "(3,)"), 6, CLSNN_I2, 1, {3}},
        {KEYS("'<u2'", "False", "(3,)"), 6, CLSNN_U2, 1, {3}},
        {KEYS("'<i4'", "False", "(3, 2)") "\n", 24, CLSNN_I4, 2, {3, 2}},
        {KEYS("'<u4'", "False", "(3, 2,)"), 24, CLSNN_U4, 2, {3, 2}},
        {KEYS("'<i8'", "False", "()"), 8, CLSNN_I8, 0, {0}},
        {KEYS("'<u8'", "False", "( 1 , 1 , 1 , 1 )"), 8, CLSNN_U8, 4, {1, 1, 1, 1}},
        {KEYS("'<f4'", "True", "(5,)"), 20, CLSNN_F4, 1, {5}},
        {KEYS("'<f8'", "True", "()"), 8, CLSNN_F8, 0, {0}},
        {KEYS("'<f8'", "False", "(0,)"), 0, CLSNN_F8, 1, {0}},
        {KEYS("'<f8'", "False", "(784, 0, 3)"), 0, CLSNN_F8, 3, {784, 0, 3}},
        {"{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}", 8, CLSNN_F4, 1, {2}},
        {"  { 'shape' : ( 2 , ) , 'descr' : '<f4' , 'fortran_order' : False , }  \n", 8, CLSNN_F4, 1, {2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int major = 1; major <= 2; major++) {
            struct clsnn_array a = {.n_dims = -1};
            if (parse(major, rows[i].text, strlen(rows[i].text), rows[i].n_data, &a) != CLSNN_OK)
                fail_msg("%s: %s", rows[i].text, clsnn_error_text());
            assert_int_equal(a.dtype, rows[i].dtype);
            assert_int_equal(a.n_dims, rows[i].n_dims);
            for (int d = 0; d < a.n_dims; d++) assert_int_equal(a.shape[d], rows[i].shape[d]);
            assert_int_equal(clsnn_array_count(&a) * clsnn_dtype_bytes(a.dtype), rows[i].n_data);
            assert_non_null(a.data);
            for (size_t k = 0; k < rows[i].n_data; k++) assert_int_equal(((unsigned char *)a.data)[k], k);
            free(a.data);
        }
    }
}

/* Each header is followed by 24 bytes of data, right for '<f4' (3, 2): only the header is at fault. */
static void test_bad_headers(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "must be '{'"},
        {"\n", "must be '{'"},
        {"{", "must be a quoted key"},
        {"{}", "'descr' is missing"},
        {"[]", "must be '{'"},
        {"{,}", "must be a quoted key"},
        {"{'descr'", "must be ':'"},
        {"{'descr': ", "must be a simple type"},
        {"{'descr': '<f4'", "must be ',' or '}'"},
        {"{'descr': '<f4', 'fortran_order': False, }", "'shape' is missing"},
        {"{'descr': '<f4', 'shape': (3, 2), }", "'fortran_order' is missing"},
        {"{'fortran_order': False, 'shape': (3, 2), }", "'descr' is missing"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}", "comes twice"},
        {"{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': (3, 2)}", "comes twice"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), 'shape': (3, 2)}", "comes twice"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), 'extra': 1}", "is unknown"},
        {"{'Descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}", "is unknown"},
        {"{'': '<f4', 'fortran_order': False, 'shape': (3, 2)}", "is unknown"},
        {"{descr: '<f4', 'fortran_order': False, 'shape': (3, 2)}", "must be a quoted key"},
        {"{'descr\": '<f4', 'fortran_order': False, 'shape': (3, 2)}", "is unknown"},
        {"{'des\\x63r': '<f4', 'fortran_order': False, 'shape': (3, 2)}", "must be a quoted key"},
        {"{'descr' '<f4', 'fortran_order': False, 'shape': (3, 2)}", "must be ':'"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (3, 2)}", "must be ',' or '}'"},
        {"{'descr': '<f4',, 'fortran_order': False, 'shape': (3, 2)}", "must be a quoted key"},
        {"{'descr': '<f4'; 'fortran_order': False, 'shape': (3, 2)}", "must be ',' or '}'"},
        {KEYS("'<f4'", "False", "(3, 2)") "x", "must be its end"},
        {KEYS("'<f4'", "False", "(3, 2)") KEYS("'<f4'", "False", "(3, 2)"), "must be its end"},
        {KEYS("'<f4'", "False", "(3, 2)") " \t\n", "must be its end"},
        {"x" KEYS("'<f4'", "False", "(3, 2)"), "must be '{'"},
        {"{" KEYS("'<f4'", "False", "(3, 2)") "}", "must be a quoted key"},
        {KEYS("'|O'", "False", "(3, 2)"), "pickled"},
        {KEYS("'O'", "False", "(3, 2)"), "pickled"},
        {KEYS("'|O8'", "False", "(3, 2)"), "pickled"},
        {KEYS("'>f4'", "False", "(3, 2)"), "big-endian"},
        {KEYS("'>i4'", "False", "(3, 2)"), "big-endian"},
        {KEYS("'=f4'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'f4'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'<f2'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'<f16'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'<c8'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'>u2'", "False", "(3, 2)"), "big-endian"},
        {KEYS("'<u1'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'|b1'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'|S4'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'<U1'", "False", "(3, 2)"), "must be one of"},
        {KEYS("'|V4'", "False", "(3, 2)"), "must be one of"},
        {KEYS("''", "False", "(3, 2)"), "must be one of"},
        {KEYS("'<f4 '", "False", "(3, 2)"), "must be one of"},
        {KEYS("'<f4", "False", "(3, 2)"), "must be one of"},
        {KEYS("<f4", "False", "(3, 2)"), "must be a simple type"},
        {KEYS("None", "False", "(3, 2)"), "must be a simple type"},
        {KEYS("[('a', '<f4')]", "False", "(3, 2)"), "must be a simple type"},
        {KEYS("('<f4', (2,))", "False", "(3, 2)"), "must be a simple type"},
        {KEYS("'<f4'", "True", "(3, 2)"), "Fortran order"},
        {KEYS("'<f4'", "0", "(3, 2)"), "True or False"},
        {KEYS("'<f4'", "false", "(3, 2)"), "True or False"},
        {KEYS("'<f4'", "'False'", "(3, 2)"), "True or False"},
        {KEYS("'<f4'", "Falsey", "(3, 2)"), "must be ',' or '}'"},
        {KEYS("'<f4'", "", "(3, 2)"), "True or False"},
        {KEYS("'<f4'", "False", "6"), "must be a tuple"},
        {KEYS("'<f4'", "False", "(6)"), "no tuple"},
        {KEYS("'<f4'", "False", "[3, 2]"), "must be a tuple"},
        {KEYS("'<f4'", "False", "None"), "must be a tuple"},
        {KEYS("'<f4'", "False", "(,)"), "decimal digits"},
        {KEYS("'<f4'", "False", "(3 2)"), "must be ',' or ')'"},
        {KEYS("'<f4'", "False", "(3,, 2)"), "decimal digits"},
        {KEYS("'<f4'", "False", "(-3, -2)"), "decimal digits"},
        {KEYS("'<f4'", "False", "(+3, 2)"), "decimal digits"},
        {KEYS("'<f4'", "False", "(3.0, 2)"), "must be ',' or ')'"},
        {KEYS("'<f4'", "False", "(3L, 2L)"), "must be ',' or ')'"},
        {KEYS("'<f4'", "False", "(0x3, 2)"), "must be ',' or ')'"},
        {KEYS("'<f4'", "False", "(03, 2)"), "decimal digits"},
        {KEYS("'<f4'", "False", "(3e0, 2)"), "must be ',' or ')'"},
        {KEYS("'<f4'", "False", "((3), 2)"), "decimal digits"},
        {KEYS("'<f4'", "False", "((((((((((((3, 2"), "decimal digits"},
        {KEYS("'<f4'", "False", "(3, 2"), "decimal digits"},
        {KEYS("'<f4'", "False", "(3, 2, 1, 1, 1)"), "more than 4 dimensions"},
        {KEYS("'<f4'", "False", "(18446744073709551616,)"), "is beyond"},
        {KEYS("'<f4'", "False", "(99999999999999999999999999999, 2)"), "is beyond"},
        {KEYS("'<f4'", "False", "(18446744073709551615,)"), "beyond all memory"},
        {KEYS("'<f4'", "False", "(4611686018427387904,)"), "beyond all memory"},
        {KEYS("'<f4'", "False", "(4294967296, 4294967296)"), "beyond all memory"},
        {KEYS("'<f4'", "False", "(6, 65536, 65536, 4294967296)"), "beyond all memory"},
        {KEYS("'<f4'", "False", "(0, 4611686018427387904, 16)"), "beyond all memory"},
        {KEYS("'<f4'", "False", "(3, 3)"), "must be 36"},
        {KEYS("'<f4'", "False", "(5,)"), "must be 20"},
        {KEYS("'<f8'", "False", "(3, 2)"), "must be 48"},
        {KEYS("'<f4'", "False", "()"), "must be 4"},
        {KEYS("'<f4'", "False", "(0,)"), "must be 0"},
        {KEYS("'<f4'", "False", "(1000000000,)"), "must be 4000000000"},
    };
    assert_true(sizeof rows / sizeof *rows >= 60);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct clsnn_array a = {.n_dims = -1};
        const enum clsnn_status st = parse(1, rows[i].text, strlen(rows[i].text), 24, &a);
        if (st != CLSNN_E_DATA || !strstr(clsnn_error_text(), rows[i].message) || a.n_dims != -1)
            fail_msg("'%s': status %d '%s': must be 3 with '%s'", rows[i].text, (int)st, clsnn_error_text(),
                     rows[i].message);
    }
    clsnn_error_clear();
}

static void expect_refusal(const void *bytes, size_t n, const char *message) {
    struct clsnn_array a = {.n_dims = -1};
    unsigned char *image = malloc(n + !n);
    assert_non_null(image);
    if (n) memcpy(image, bytes, n);
    clsnn_error_clear();
    const enum clsnn_status st = clsnn_npy_parse(image, n, "a.npy", &a);
    free(image);
    if (st != CLSNN_E_DATA || !strstr(clsnn_error_text(), message))
        fail_msg("%zu bytes: status %d '%s': must be 3 with '%s'", n, (int)st, clsnn_error_text(), message);
    clsnn_error_clear();
}

static void test_bad_frames(void **state) {
    (void)state;
    expect_refusal("", 0, "is no .npy array");
    expect_refusal("\x93NUMPX\x01\x00\x00\x00", 10, "is no .npy array");
    /* A pickle, which numpy.load(allow_pickle=True) accepts. */
    expect_refusal("\x80\x04K*.......", 11, "is no .npy array");
    expect_refusal("\x93NUMPY\x00\x00\x00\x00", 10, "version 0.0");
    expect_refusal("\x93NUMPY\x03\x00\x00\x00\x00\x00", 12, "version 3.0");
    expect_refusal("\x93NUMPY\x01\x01\x00\x00", 10, "version 1.1");
    expect_refusal("\x93NUMPY\x01\x00\x01\x00", 10, "header of 1 bytes is cut off");
    expect_refusal("\x93NUMPY\x02\x00\x00\x00", 10, "cut off");
    expect_refusal("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12, "at most 10000");
    expect_refusal("\x93NUMPY\x01\x00\xff\xff", 10, "at most 10000");
    struct clsnn_array a;
    static char spaces[10001];
    memset(spaces, ' ', sizeof spaces);
    const char *good = KEYS("'<f4'", "False", "(3, 2)");
    memcpy(spaces, good, strlen(good));
    assert_int_equal(parse(1, spaces, 10000, 24, &a), CLSNN_OK);
    free(a.data);
    assert_int_equal(parse(1, spaces, 10001, 24, &a), CLSNN_E_DATA);
    assert_int_equal(parse(2, spaces, 10001, 24, &a), CLSNN_E_DATA);
    spaces[60] = '\0'; /* a NUL is a byte like any other and ends nothing */
    assert_int_equal(parse(1, spaces, 10000, 24, &a), CLSNN_E_DATA);
    clsnn_error_clear();
}

/* Every cut, and one byte more, is an error. A changed header byte gives an error or a valid array. */
static void test_cuts_and_changes(void **state) {
    (void)state;
    size_t n = 0;
    const char *text = KEYS("'<f4'", "False", "(3, 2)") "   \n";
    unsigned char *image = make_image(1, text, strlen(text), 24, &n);
    unsigned char *longer = malloc(n + 1);
    assert_non_null(longer);
    memcpy(longer, image, n);
    longer[n] = 0;
    for (size_t k = 0; k < n; k++) expect_refusal(image, k, "a.npy");
    expect_refusal(longer, n + 1, "must be 24");
    free(longer);
    for (size_t k = 0; k < 10 + strlen(text); k++) {
        const unsigned char was = image[k];
        for (int v = 0; v < 256; v++) {
            struct clsnn_array a;
            image[k] = (unsigned char)v;
            clsnn_error_clear();
            const enum clsnn_status st = clsnn_npy_parse(image, n, "a.npy", &a);
            assert_true(st == CLSNN_OK || st == CLSNN_E_DATA);
            if (st == CLSNN_OK) {
                assert_int_equal(clsnn_array_count(&a) * clsnn_dtype_bytes(a.dtype), 24);
                free(a.data);
            }
        }
        image[k] = was;
    }
    clsnn_error_clear();
    free(image);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_headers),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_cuts_and_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
