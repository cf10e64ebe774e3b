/* Archives of arrays: round trips, numpy as a second opinion, and damage. A damaged file must be refused or
 * give the very same arrays. The tests flip every bit of a small archive, cut a file at many lengths, and
 * plant lies. */
#include "clsnn/npz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define MIB ((size_t)1 << 20)

static char dir[64], path[96];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/clsnn-npz-XXXXXX");
    clsnn_error_clear();
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/a.npz", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(dir);
}

/* Skips clsnn_file_write's fsync: the tests write thousands of variants. */
static void put(const void *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static unsigned char *get(size_t *out_n) {
    void *bytes = NULL;
    assert_int_equal(clsnn_file_read(path, SIZE_MAX, &bytes, out_n), CLSNN_OK);
    return bytes;
}

static void expect_refusal(size_t max_bytes, const char *message) {
    struct clsnn_npz npz = {0};
    clsnn_error_clear();
    const enum clsnn_status st = clsnn_npz_read(path, max_bytes, &npz);
    if (st != CLSNN_E_DATA || !strstr(clsnn_error_text(), message))
        fail_msg("status %d '%s': must be 3 with '%s'", (int)st, clsnn_error_text(), message);
    assert_null(npz.arrays);
    clsnn_error_clear();
}

static bool same_arrays(const struct clsnn_npz *npz, const struct clsnn_array *arrays, size_t n) {
    if (npz->n_arrays != n) return false;
    for (size_t i = 0; i < n; i++) {
        const struct clsnn_array *a = &arrays[i], *b = &npz->arrays[i];
        if (strcmp(a->name, b->name) || a->dtype != b->dtype || a->n_dims != b->n_dims) return false;
        for (int d = 0; d < a->n_dims; d++)
            if (a->shape[d] != b->shape[d]) return false;
        const size_t n_bytes = clsnn_array_count(a) * clsnn_dtype_bytes(a->dtype);
        if (n_bytes && memcmp(a->data, b->data, n_bytes)) return false;
    }
    return true;
}

/* The arrays of the tests: every type, 0 to 4 dimensions, one array without elements. */

static uint8_t u1[6] = {0, 1, 127, 128, 254, 255};
static int32_t i4[4] = {INT32_MIN, -1, 0, INT32_MAX};
static uint32_t u4[1] = {UINT32_MAX};
static int64_t i8[2] = {INT64_MIN, INT64_MAX};
static uint64_t u8[1] = {UINT64_MAX};
static float f4[6] = {0.0f, -0.0f, 1.5f, -1e-45f, 3.4e38f, 0.1f};
static double f8[2] = {-5e-324, 1e308};
static const struct clsnn_array every_type[] = {
    {"u1", CLSNN_U1, 3, {1, 2, 3}, u1}, {"i4", CLSNN_I4, 4, {1, 2, 1, 2}, i4},
    {"u4", CLSNN_U4, 1, {1}, u4},       {"i8", CLSNN_I8, 1, {2}, i8},
    {"u8", CLSNN_U8, 0, {0}, u8},       {"f4", CLSNN_F4, 2, {3, 2}, f4},
    {"f8", CLSNN_F8, 1, {2}, f8},       {"none", CLSNN_F4, 2, {784, 0}, NULL},
};
#define N_EVERY (sizeof every_type / sizeof *every_type)

static void test_round_trip(void **state) {
    (void)state;
    struct clsnn_npz npz;
    assert_int_equal(clsnn_npz_write(path, every_type, N_EVERY), CLSNN_OK);
    assert_int_equal(clsnn_npz_read(path, MIB, &npz), CLSNN_OK);
    assert_true(same_arrays(&npz, every_type, N_EVERY));
    assert_non_null(npz.arrays[N_EVERY - 1].data);
    clsnn_npz_finish(&npz);
    clsnn_npz_finish(&npz);
    clsnn_npz_finish(NULL);

    struct clsnn_array many[65]; /* 64 fit, each with the longest name */
    for (size_t i = 0; i < 65; i++) {
        many[i] = every_type[i % N_EVERY];
        snprintf(many[i].name, sizeof many[i].name, "%047zu", i);
    }
    assert_int_equal(clsnn_npz_write(path, many, 64), CLSNN_OK);
    assert_int_equal(clsnn_npz_read(path, MIB, &npz), CLSNN_OK);
    assert_true(same_arrays(&npz, many, 64));
    clsnn_npz_finish(&npz);
    assert_int_equal(clsnn_npz_write(path, many, 65), CLSNN_E_FAILED);
    clsnn_error_clear();
}

static void test_write_refuses(void **state) {
    (void)state;
    struct clsnn_array a[2] = {every_type[0], every_type[0]}; /* two arrays with one name */
    assert_int_equal(clsnn_npz_write(path, a, 2), CLSNN_E_FAILED);
    assert_int_equal(clsnn_npz_write(path, a, 0), CLSNN_E_FAILED);
    a[0].name[0] = '\0';
    assert_int_equal(clsnn_npz_write(path, a, 1), CLSNN_E_FAILED);
    memset(a[0].name, 'n', sizeof a[0].name); /* a name without a NUL */
    assert_int_equal(clsnn_npz_write(path, a, 1), CLSNN_E_FAILED);
    a[1].n_dims = 5;
    assert_int_equal(clsnn_npz_write(path, a + 1, 1), CLSNN_E_FAILED);
    a[1] = every_type[0];
    a[1].data = NULL;
    assert_int_equal(clsnn_npz_write(path, a + 1, 1), CLSNN_E_FAILED);
    clsnn_error_clear();
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(clsnn_npz_write("/nowhere/a.npz", every_type, 1), CLSNN_E_IO);
    clsnn_error_clear();
    put("", 0);
}

/* Equal arrays give equal bytes, at any time and in any time zone. */
static void test_reproducible(void **state) {
    (void)state;
    static const char *const zones[] = {"UTC", "Asia/Tokyo", "America/Los_Angeles", "AAA-14", "BBB12"};
    size_t n_first = 0, n = 0;
    unsigned char *first = NULL;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        assert_int_equal(clsnn_npz_write(path, every_type, N_EVERY), CLSNN_OK);
        unsigned char *bytes = get(first ? &n : &n_first);
        if (first) {
            assert_int_equal(n, n_first);
            assert_memory_equal(bytes, first, n);
            free(bytes);
        } else {
            first = bytes;
        }
    }
    free(first);
    unsetenv("TZ");
}

static void test_get(void **state) {
    (void)state;
    struct clsnn_npz npz;
    const struct clsnn_array *a = NULL;
    assert_int_equal(clsnn_npz_write(path, every_type, N_EVERY), CLSNN_OK);
    assert_int_equal(clsnn_npz_read(path, MIB, &npz), CLSNN_OK);
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "f4", CLSNN_F4, 2, (const size_t[]){3, 2}, &a), CLSNN_OK);
    assert_string_equal(a->name, "f4");
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "f4", CLSNN_F4, 2, (const size_t[]){0, 2}, &a), CLSNN_OK);
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "u8", CLSNN_U8, 0, NULL, &a), CLSNN_OK);
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "f4", CLSNN_F4, 2, (const size_t[]){0, 3}, &a),
                     CLSNN_E_DATA);
    assert_string_equal(clsnn_error_text(), "m.npz: array 'f4': f4 [3, 2]: must be f4 [any, 3]");
    clsnn_error_clear();
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "f4", CLSNN_F8, 2, (const size_t[]){3, 2}, &a),
                     CLSNN_E_DATA);
    clsnn_error_clear();
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "f4", CLSNN_F4, 1, (const size_t[]){6}, &a), CLSNN_E_DATA);
    clsnn_error_clear();
    assert_int_equal(clsnn_npz_get(&npz, "m.npz", "w", CLSNN_F4, 2, (const size_t[]){784, 0}, &a),
                     CLSNN_E_DATA);
    assert_string_equal(clsnn_error_text(),
                        "m.npz: array 'w' is missing: must be f4 [784, any]; there are: u1 i4 u4 "
                        "i8 u8 f4 f8 none");
    clsnn_error_clear();
    clsnn_npz_finish(&npz);
}

/* Flips each bit and each whole byte of the file at `path`, which holds `arrays`, one at a time. */
static void flip_every_bit(const struct clsnn_array *arrays, size_t n_arrays) {
    struct clsnn_npz npz;
    size_t n = 0, n_refused = 0, n_same = 0;
    unsigned char *bytes = get(&n);
    for (size_t i = 0; i < n; i++) {
        for (int pattern = 0; pattern < 9; pattern++) {
            const unsigned char flip = (unsigned char)(pattern < 8 ? 1 << pattern : 0xff);
            bytes[i] = (unsigned char)(bytes[i] ^ flip);
            put(bytes, n);
            bytes[i] = (unsigned char)(bytes[i] ^ flip);
            const enum clsnn_status st = clsnn_npz_read(path, MIB, &npz);
            if (st == CLSNN_OK) {
                if (!same_arrays(&npz, arrays, n_arrays))
                    fail_msg("byte %zu of %zu ^ 0x%02x: other arrays were read", i, n, flip);
                clsnn_npz_finish(&npz);
                n_same++;
            } else if (st == CLSNN_E_DATA) {
                n_refused++;
            } else {
                fail_msg("byte %zu of %zu ^ 0x%02x: status %d '%s': must be 0 or 3", i, n, flip, (int)st,
                         clsnn_error_text());
            }
            clsnn_error_clear();
        }
    }
    print_message("# %zu bytes: %zu flips refused, %zu without effect\n", n, n_refused, n_same);
    free(bytes);
}

static void test_every_bit_flipped(void **state) {
    (void)state;
    const struct clsnn_array arrays[3] = {every_type[5], every_type[3], every_type[4]};
    assert_int_equal(clsnn_npz_write(path, arrays, 3), CLSNN_OK);
    flip_every_bit(arrays, 3);
}

static void test_truncation(void **state) {
    (void)state;
    enum { N = 20000 };
    struct clsnn_array a = {"w", CLSNN_F4, 1, {N}, NULL};
    float *w = malloc(N * sizeof *w);
    assert_non_null(w);
    for (size_t i = 0; i < N; i++) w[i] = (float)(i * 2654435761u % 1000003u) / 1000003.0f;
    a.data = w;
    size_t n = 0;
    assert_int_equal(clsnn_npz_write(path, &a, 1), CLSNN_OK);
    unsigned char *bytes = get(&n);
    for (size_t k = 0; k < 64 + 1000 + 64; k++) {
        const size_t cut = k < 64 ? k : k < 1064 ? 64 + (k - 64) * (n - 128) / 1000 : n - 1 - (k - 1064);
        put(bytes, cut);
        expect_refusal(MIB, "a.npz");
    }
    free(bytes);
    free(w);
}

/* Replaces each occurrence of one text by another of the same length. Returns the number of occurrences. */
static size_t patch(unsigned char *bytes, size_t n, const void *from, const void *to, size_t n_text) {
    size_t count = 0;
    for (size_t i = 0; i + n_text <= n; i++) {
        if (memcmp(bytes + i, from, n_text)) continue;
        memcpy(bytes + i, to, n_text);
        count++;
    }
    return count;
}

static void test_lies(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *message;
        size_t n_text, n_places;
    } rows[] = {
        {"i8.npy", "u8.npy", "is there twice", 6, 2},
        {"i8.npy", "i8.txt", "must be an array, NAME.npy", 6, 2},
        {"i8.npy", "i8\x1b[0m", "not plain ASCII", 6, 2},
        {"i8.npy", "i8npy/", "NAME.npy", 6, 2},
        {"PK\3\4\x14\0\x08\0\x08\0", "PK\3\4\x14\0\x09\0\x08\0", "", 10, 2},          /* encrypted */
        {"\x08\0\x08\0\0\0", "\x08\0\x0e\0\0\0", "must be stored or deflated", 6, 4}, /* lzma */
        {"\x08\0\x08\0\0\0", "\x08\0\x62\0\0\0", "must be stored or deflated", 6, 4}, /* ppmd */
    };
    struct clsnn_array arrays[2] = {every_type[3], every_type[4]};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = 0;
        assert_int_equal(clsnn_npz_write(path, arrays, 2), CLSNN_OK);
        unsigned char *bytes = get(&n);
        const size_t count = patch(bytes, n, rows[i].from, rows[i].to, rows[i].n_text);
        if (count != rows[i].n_places)
            fail_msg("row %zu: %zu places: must be %zu", i, count, rows[i].n_places);
        put(bytes, n);
        expect_refusal(MIB, rows[i].message);
        free(bytes);
    }
    put("", 0);
    expect_refusal(MIB, "no zip archive");
    put("\x93NUMPY\x01\0", 8);
    expect_refusal(MIB, "no zip archive");
    put("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 21);
    expect_refusal(MIB, "no zip archive");
}

/* 64 MiB of zeros in a few hundred KiB. The size that the archive announces is refused; so is a false
 * size. */
static void test_bomb(void **state) {
    (void)state;
    const struct clsnn_array a = {"zeros", CLSNN_U1, 1, {64 * MIB}, calloc(64, MIB)};
    assert_non_null(a.data);
    assert_int_equal(clsnn_npz_write(path, &a, 1), CLSNN_OK);
    free(a.data);
    expect_refusal(64 * MIB, "at most 67108864 in all are accepted"); /* the .npy header makes it larger */
    expect_refusal(MIB, "at most 1048576 in all are accepted");
    expect_refusal(1000, "at most"); /* the file itself may be larger than 1000 bytes */
    size_t n = 0;
    unsigned char *bytes = get(&n);
    /* 64 MiB + 128 stands in the directory, after the data, and before them where libarchive is older than
     * 3.7. */
    const size_t count = patch(bytes, n, "\x80\0\0\x04", "\x80\0\0\0", 4);
    assert_in_range(count, 2, 3);
    put(bytes, n);
    expect_refusal(MIB, "zeros");
    free(bytes);
    struct clsnn_npz npz;
    /* 128 + 6 and 128 + 16 bytes: the limit is on their sum. */
    assert_int_equal(clsnn_npz_write(path, every_type, 2), CLSNN_OK);
    expect_refusal(277, "at most 277 in all");
    assert_int_equal(clsnn_npz_read(path, 278, &npz), CLSNN_OK);
    clsnn_npz_finish(&npz);
}

/* Runs a Python program with the file's path as its argument. Skips the test when no Python has numpy. */
static void run_python(const char *program) {
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    char command[4096];
    for (size_t i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "%s -c 'import numpy' 2>/dev/null", pythons[i]);
        if (system(command) != 0) continue;
        snprintf(command, sizeof command, "%s -c '%s' %s", pythons[i], program, path);
        const int rc = system(command);
        if (rc != 0) fail_msg("%s ended with %d", command, WEXITSTATUS(rc));
        return;
    }
    print_message("# SKIPPED: no python3 with numpy: files were not compared with numpy's\n");
    put("", 0);
    skip();
}

static void test_numpy_reads_ours(void **state) {
    (void)state;
    assert_int_equal(clsnn_npz_write(path, every_type, N_EVERY), CLSNN_OK);
    run_python(
        "import sys, numpy as n\n"
        "z = n.load(sys.argv[1])\n"
        "want = {\"u1\": n.array([[[0,1,127],[128,254,255]]], \"|u1\"),\n"
        " \"i4\": n.array([[[[-2**31,-1]],[[0,2**31-1]]]], \"<i4\"), \"u4\": n.array([2**32-1], \"<u4\"),\n"
        " \"i8\": n.array([-2**63,2**63-1], \"<i8\"), \"u8\": n.array(2**64-1, \"<u8\"),\n"
        " \"f4\": n.array([[0,-0.0],[1.5,-1e-45],[3.4e38,0.1]], \"<f4\"),\n"
        " \"f8\": n.array([-5e-324,1e308], \"<f8\"), \"none\": n.zeros((784,0), \"<f4\")}\n"
        "assert list(z) == list(want), list(z)\n"
        "for k, v in want.items():\n"
        "    a = z[k]\n"
        "    assert a.dtype == v.dtype and a.shape == v.shape and a.tobytes() == v.tobytes(), k\n");
}

static void numpy_writes(const char *function) {
    char program[2048];
    struct clsnn_npz npz;
    snprintf(program, sizeof program,
             "import sys, numpy as n\n"
             "n.%s(sys.argv[1], u1=n.array([[[0,1,127],[128,254,255]]], \"u1\"),\n"
             " i4=n.array([[[[-2**31,-1]],[[0,2**31-1]]]], \"<i4\"), u4=n.array([2**32-1], \"<u4\"),\n"
             " i8=n.array([-2**63,2**63-1], \"<i8\"), u8=n.array(2**64-1, \"<u8\"),\n"
             " f4=n.array([[0,-0.0],[1.5,-1e-45],[3.4e38,0.1]], \"<f4\"),\n"
             " f8=n.array([-5e-324,1e308], \"<f8\"), none=n.zeros((784,0), \"<f4\"))\n",
             function);
    run_python(program);
    if (clsnn_npz_read(path, MIB, &npz) != CLSNN_OK) fail_msg("%s: %s", function, clsnn_error_text());
    assert_true(same_arrays(&npz, every_type, N_EVERY));
    clsnn_npz_finish(&npz);
}

static void test_ours_reads_numpy(void **state) {
    (void)state;
    numpy_writes("savez");
    numpy_writes("savez_compressed");
    /* Arrays that are not read do no harm until somebody asks for them. */
    static const struct {
        const char *array, *told;
    } others[] = {{"n.array([{}], object)", "pickled"},
                  {"n.ones((2, 3)).T", "Fortran order"},
                  {"n.array(\"trained on Monday\")", "type '<U17': must be one of"},
                  {"n.array([True, False])", "type '|b1': must be one of"},
                  {"n.ones(3, n.float16)", "type '<f2': must be one of"},
                  {"n.ones(3, \">f4\")", "big-endian"},
                  {"n.zeros(2, \"i4,f4\")", "a simple type such as '<f4'"},
                  {"n.ones((1, 1, 1, 1, 1))", "more than 4 dimensions"}};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        char program[256];
        struct clsnn_npz npz;
        const struct clsnn_array *a;
        snprintf(program, sizeof program,
                 "import sys, numpy as n\nn.savez(sys.argv[1], a=%s, b=n.ones(2, \"<f4\"))\n",
                 others[k].array);
        run_python(program);
        assert_int_equal(clsnn_npz_read(path, MIB, &npz), CLSNN_OK);
        assert_int_equal(clsnn_npz_get(&npz, path, "b", CLSNN_F4, 1, (const size_t[]){2}, &a), CLSNN_OK);
        assert_int_equal(clsnn_npz_get(&npz, path, "a", CLSNN_F4, 1, (const size_t[]){2}, &a), CLSNN_E_DATA);
        if (!strstr(clsnn_error_text(), others[k].told))
            fail_msg("%s: %s", others[k].array, clsnn_error_text());
        clsnn_error_clear();
        clsnn_npz_finish(&npz);
    }
}

/* numpy stores instead of deflating and adds zip64 fields, so its files offer other bytes to damage. */
static void test_every_bit_of_numpys_flipped(void **state) {
    (void)state;
    const struct clsnn_array arrays[2] = {every_type[3], every_type[4]};
    run_python("import sys, numpy as n\n"
               "n.savez(sys.argv[1], i8=n.array([-2**63,2**63-1], \"<i8\"), u8=n.array(2**64-1, \"<u8\"))\n");
    flip_every_bit(arrays, 2);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reproducible, setup, teardown),
        cmocka_unit_test_setup_teardown(test_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_bit_flipped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bomb, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numpy_reads_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ours_reads_numpy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_bit_of_numpys_flipped, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
