/* Data sets from files: round trips, and the order in which places are searched. Uses no network. */
#include <math.h>

#include "base/file.h"
#include "base/sha256.h"
#include "clsnn/npz.h"
#include "dataset/idx.h"
#include "dataset_fixture.h"

static void exported_set_loads_back_gzip_and_plain(void **state) {
    (void)state;
    struct clsnn_dataset want, got;
    make_set(&want);
    char dir[sizeof root + 8];
    snprintf(dir, sizeof dir, "%s/a/b", root);
    export_set(dir);
    for (int plain = 0; plain < 2; plain++) {
        assert_int_equal(clsnn_dataset_load(dir, &got), CLSNN_OK);
        assert_string_equal(got.name, "custom");
        assert_string_equal(got.source, dir);
        assert_int_equal(got.train.n_images, N_TRAIN);
        assert_int_equal(got.test.n_images, N_TEST);
        assert_memory_equal(got.train.pixels, want.train.pixels, N_TRAIN * PIXELS);
        assert_memory_equal(got.train.labels, want.train.labels, N_TRAIN);
        assert_memory_equal(got.test.pixels, want.test.pixels, N_TEST * PIXELS);
        assert_memory_equal(got.test.labels, want.test.labels, N_TEST);
        assert_int_equal((uintptr_t)got.train.pixels % 4096, 0);
        /* The hash covers exactly these bytes, in this order. */
        uint8_t joined[(N_TRAIN + N_TEST) * (PIXELS + 1)], *p = joined;
        memcpy(p, got.train.pixels, N_TRAIN * PIXELS), p += N_TRAIN * PIXELS;
        memcpy(p, got.train.labels, N_TRAIN), p += N_TRAIN;
        memcpy(p, got.test.pixels, N_TEST * PIXELS), p += N_TEST * PIXELS;
        memcpy(p, got.test.labels, N_TEST);
        char hex[CLSNN_SHA256_HEX];
        assert_int_equal(clsnn_sha256_hex(joined, sizeof joined, hex), CLSNN_OK);
        assert_string_equal(got.sha256, hex);
        clsnn_dataset_finish(&got);
        clsnn_dataset_finish(&got); /* accepts {0} */
        /* Unpacks each file and spoils its archive: the loader must prefer the plain file. */
        for (int i = 0; i < 4 && !plain; i++) {
            char packed[64];
            void *data;
            size_t n;
            snprintf(packed, sizeof packed, "a/b/%s.gz", names[i]);
            assert_int_equal(clsnn_gzip_read(in_root(packed), 1 << 20, &data, &n), CLSNN_OK);
            put_file(in_root(packed), "spoilt", 6);
            packed[strlen(packed) - 3] = '\0';
            put_file(in_root(packed), data, n);
            free(data);
        }
    }
    clsnn_dataset_finish(NULL);
    make_set(&want);
    expect_failure(clsnn_dataset_export(&want, dir), CLSNN_E_IO, "would be read instead",
                   "export beside plain files");
}

static void export_is_byte_reproducible(void **state) {
    (void)state;
    export_set(in_root("a"));
    export_set(in_root("b"));
    export_set(in_root("b")); /* overwrites its own files */
    for (int i = 0; i < 4; i++) {
        char path[2][64];
        void *data[2];
        size_t n[2];
        for (int k = 0; k < 2; k++) {
            snprintf(path[k], sizeof path[k], "%c/%s.gz", 'a' + k, names[i]);
            assert_int_equal(clsnn_file_read(in_root(path[k]), 1 << 20, &data[k], &n[k]), CLSNN_OK);
        }
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(data[0], data[1], n[0]);
        uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0,
                            0,    0,    0, 0, 255}; /* RFC 1952: no time, no name, unknown system */
        assert_memory_equal(data[0], head, sizeof head);
        free(data[0]);
        free(data[1]);
    }
}

static void places_are_searched_in_order(void **state) {
    (void)state;
    struct clsnn_dataset d;
    expect_load_failure("mnist", "clsnn data fetch mnist");
    expect_load_failure("mnist", "/.local/share/clsnn/mnist");
    expect_load_failure("mnist", "/usr/share/clsnn/mnist");
    setenv("XDG_DATA_HOME", in_root("xdg"), 1);
    expect_load_failure("mnist", in_root("xdg/clsnn/mnist"));
    setenv("XDG_DATA_HOME", "relative", 1);
    expect_load_failure("mnist", "/.local/share/clsnn/mnist");
    setenv("CLSNN_DATA", in_root("nowhere"), 1);
    expect_load_failure("mnist", "nowhere: no such directory");
    expect_load_failure("auto", "nowhere: no such directory");
    assert_int_equal(mkdir(in_root("nowhere"), 0700), 0);
    expect_load_failure("mnist", in_root("nowhere"));
    assert_int_equal(clsnn_dataset_load("auto", &d), CLSNN_OK); /* no place holds a data set */
    assert_string_equal(d.name, "digits");
    assert_string_equal(d.source, "built in, seed 2015");
    clsnn_dataset_finish(&d);
    /* This data set is not MNIST: neither mnist nor auto may accept it. */
    export_set(in_root("nowhere"));
    expect_load_failure("mnist", "MNIST's is");
    expect_load_failure("auto", "MNIST's is");
    put_file(in_root("nowhere/t10k-labels-idx1-ubyte.gz"), "\x1f\x8b", 2);
    expect_load_failure("auto", "truncated");
}

static void directory_must_hold_all_four(void **state) {
    (void)state;
    expect_load_failure(in_root("none"), "no such directory");
    assert_int_equal(mkdir(in_root("none"), 0700), 0);
    expect_load_failure(in_root("none"), "none of the files");
    for (int i = 0; i < 4; i++) {
        char path[64];
        export_set(in_root("some"));
        snprintf(path, sizeof path, "some/%s.gz", names[i]);
        assert_int_equal(unlink(in_root(path)), 0);
        expect_load_failure(in_root("some"), names[i]);
    }
    assert_int_equal(mkdir(in_root("some/t10k-labels-idx1-ubyte"), 0700), 0);
    struct clsnn_dataset d;
    expect_failure(clsnn_dataset_load(in_root("some"), &d), CLSNN_E_IO, "not a regular file",
                   "directory as file");
    char deep[1200];
    memset(deep, 'd', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    expect_load_failure(deep, "no such directory");
    setenv("CLSNN_DATA", deep, 1);
    expect_failure(clsnn_dataset_load("auto", &d), CLSNN_E_USAGE, "at most 511", "long CLSNN_DATA");
}

/* The four arrays of an .npz file with the set of make_set, in Keras' layout. */
static void set_arrays(const struct clsnn_dataset *d, struct clsnn_array a[4]) {
    const struct clsnn_images *sets[] = {&d->train, &d->test};
    static const char *const names_of[] = {"x_train", "y_train", "x_test", "y_test"};
    for (int k = 0; k < 4; k++) {
        const struct clsnn_images *set = sets[k / 2];
        a[k] = k % 2 ? (struct clsnn_array){"", CLSNN_U1, 1, {set->n_images}, set->labels}
                     : (struct clsnn_array){"", CLSNN_U1, 3, {set->n_images, 28, 28}, set->pixels};
        snprintf(a[k].name, sizeof a[k].name, "%s", names_of[k]);
    }
}

static void put_npz(const char *path, const struct clsnn_array *arrays, size_t n) {
    assert_int_equal(clsnn_npz_write(path, arrays, n), CLSNN_OK);
}

/* Every type and shape that is allowed gives the same images, labels and hash as the IDX files. */
static void npz_file_is_the_same_set(void **state) {
    (void)state;
    struct clsnn_dataset set, want, got;
    struct clsnn_array a[4];
    static float f4[N_TRAIN * PIXELS];
    static double f8[N_TEST * PIXELS];
    union {
        int8_t i1[N_TRAIN];
        int16_t i2[N_TRAIN];
        uint16_t u2[N_TRAIN];
        int32_t i4[N_TRAIN];
        uint32_t u4[N_TRAIN];
        int64_t i8[N_TRAIN];
        uint64_t u8[N_TRAIN];
    } y;
    static const enum clsnn_dtype types[] = {CLSNN_U1, CLSNN_I1, CLSNN_I2, CLSNN_U2,
                                             CLSNN_I4, CLSNN_U4, CLSNN_I8, CLSNN_U8};
    make_set(&set);
    export_set(in_root("idx"));
    assert_int_equal(clsnn_dataset_load(in_root("idx"), &want), CLSNN_OK);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        set_arrays(&set, a);
        for (int k = 0; k < N_TRAIN; k++) {
            const uint8_t label = set.train.labels[k];
            if (types[t] == CLSNN_I1) y.i1[k] = (int8_t)label;
            if (types[t] == CLSNN_I2) y.i2[k] = label;
            if (types[t] == CLSNN_U2) y.u2[k] = label;
            if (types[t] == CLSNN_I4) y.i4[k] = label;
            if (types[t] == CLSNN_U4) y.u4[k] = label;
            if (types[t] == CLSNN_I8) y.i8[k] = label;
            if (types[t] == CLSNN_U8) y.u8[k] = label;
        }
        if (types[t] != CLSNN_U1) a[1].dtype = types[t], a[1].data = &y;
        if (t % 2) { /* one more extent of 1; floats */
            a[1].n_dims = a[3].n_dims = 2;
            a[1].shape[1] = a[3].shape[1] = 1;
            a[0].n_dims = a[2].n_dims = 4;
            a[0].shape[3] = a[2].shape[3] = 1;
            for (int k = 0; k < N_TRAIN * PIXELS; k++) f4[k] = (float)set.train.pixels[k] / 255.0f;
            for (int k = 0; k < N_TEST * PIXELS; k++) f8[k] = set.test.pixels[k] / 255.0;
            a[0].dtype = CLSNN_F4, a[0].data = f4;
            a[2].dtype = CLSNN_F8, a[2].data = f8;
        }
        put_npz(in_root("set.npz"), a, 4);
        assert_int_equal(clsnn_dataset_load(in_root("set.npz"), &got), CLSNN_OK);
        assert_string_equal(got.sha256, want.sha256);
        assert_string_equal(got.name, "custom");
        assert_string_equal(got.source, in_root("set.npz"));
        assert_true(got.train.n_images == N_TRAIN && got.test.n_images == N_TEST);
        assert_memory_equal(got.train.pixels, set.train.pixels, N_TRAIN * PIXELS);
        assert_memory_equal(got.train.labels, set.train.labels, N_TRAIN);
        assert_memory_equal(got.test.pixels, set.test.pixels, N_TEST * PIXELS);
        assert_memory_equal(got.test.labels, set.test.labels, N_TEST);
        clsnn_dataset_finish(&got);
    }
    clsnn_dataset_finish(&want);
}

/* A test set alone, with and without labels, in a directory and in a file. */
static void test_set_alone_is_enough(void **state) {
    (void)state;
    struct clsnn_dataset set, got;
    struct clsnn_array a[4];
    char hash[2][CLSNN_SHA256_HEX];
    make_set(&set);
    set_arrays(&set, a);
    export_set(in_root("some"));
    assert_int_equal(unlink(in_root("some/train-images-idx3-ubyte.gz")), 0);
    assert_int_equal(unlink(in_root("some/train-labels-idx1-ubyte.gz")), 0);
    for (int labelled = 1; labelled >= 0; labelled--) {
        put_npz(in_root("test.npz"), a + 2, labelled ? 2 : 1);
        if (!labelled) assert_int_equal(unlink(in_root("some/t10k-labels-idx1-ubyte.gz")), 0);
        for (int file = 0; file < 2; file++) {
            assert_int_equal(clsnn_dataset_load(in_root(file ? "test.npz" : "some"), &got), CLSNN_OK);
            assert_int_equal(got.train.n_images, 0);
            assert_null(got.train.pixels);
            assert_int_equal(got.test.n_images, N_TEST);
            assert_memory_equal(got.test.pixels, set.test.pixels, N_TEST * PIXELS);
            assert_int_equal(got.test.labels != NULL, labelled);
            assert_int_equal(clsnn_dataset_classes(&got), 10);
            memcpy(hash[file], got.sha256, sizeof hash[0]);
            expect_failure(clsnn_dataset_export(&got, in_root("again")), CLSNN_E_DATA,
                           "without images or labels", "export of a part");
            clsnn_dataset_finish(&got);
        }
        assert_string_equal(hash[0], hash[1]);
    }
}

static void validation_split_is_the_end_of_training(void **state) {
    (void)state;
    struct clsnn_dataset set, got;
    make_set(&set);
    export_set(in_root("set"));
    assert_int_equal(clsnn_dataset_load(in_root("set"), &got), CLSNN_OK);
    assert_string_equal(clsnn_dataset_test_name(&got), "test");
    char whole[CLSNN_SHA256_HEX];
    memcpy(whole, got.sha256, sizeof whole);
    for (uint32_t n = 0; n <= N_TRAIN; n += N_TRAIN)
        expect_failure(clsnn_dataset_validate(&got, n), CLSNN_E_USAGE, "must be in [1, 29]",
                       "all or nothing");
    assert_int_equal(got.test.n_images, N_TEST);
    assert_int_equal(clsnn_dataset_validate(&got, 8), CLSNN_OK);
    assert_string_equal(clsnn_dataset_test_name(&got), "validation");
    assert_string_equal(got.sha256, whole);
    assert_true(got.train.n_images == N_TRAIN - 8 && got.test.n_images == 8 && got.n_validation == 8);
    assert_memory_equal(got.train.pixels, set.train.pixels, (N_TRAIN - 8) * PIXELS);
    assert_memory_equal(got.train.labels, set.train.labels, N_TRAIN - 8);
    assert_memory_equal(got.test.pixels, set.train.pixels + (N_TRAIN - 8) * PIXELS, 8 * PIXELS);
    assert_memory_equal(got.test.labels, set.train.labels + N_TRAIN - 8, 8);
    assert_int_equal((uintptr_t)got.test.pixels % 4096, 0);
    clsnn_dataset_finish(&got);
}

/* Spoils the arrays of a set; the file must be refused with the message. */
static void bad_npz_is_refused(void **state) {
    (void)state;
    struct clsnn_dataset set;
    struct clsnn_array a[4];
    static float f4[N_TRAIN * PIXELS];
    static double f8[N_TEST];
    static int32_t i4[N_TRAIN];
    static uint64_t u8[N_TRAIN];
    void *bytes;
    size_t n_bytes;
    make_set(&set);
    for (int k = 0; k < 20; k++) {
        static const char *const messages[] = {
            "array 'x_train': u1 [30, 783]: must be [images, height, width]: reshape it",
            "training images of 28 x 28 pixels, test images of 14 x 56: must be of one size",
            "array 'x_train': u1 [15, 28, 28, 2]: must be u1",
            "array 'x_train': i4 [1, 28, 28]: must be u1",
            "array 'x_train': 0 images: must be in [1, 1000000]",
            "array 'x_train': pixel [1, 2, 3] = 1.5: must be in [0, 1]",
            "array 'x_train': pixel [0, 0, 0] = -0.25: must be in [0, 1]",
            "array 'x_train': pixel [29, 27, 27] = nan: must be in [0, 1]",
            "array 'y_test': label [2] = 0.5: must be a whole number in [0, 255]",
            "array 'y_train': u1 [29]: must be whole numbers, [30] or [30, 1]",
            "array 'y_train': u1 [15, 2]: must be whole numbers",
            "array 'y_train': label [7] = -1: must be a whole number in [0, 255]",
            "array 'y_train': label [0] = 256: must be a whole number in [0, 255]",
            "array 'y_train': label [29] = 9223372036854775807: must be a whole number in [0, 255]",
            "array 'x_test' is missing: must hold x_train, y_train, x_test and y_test",
            "array 'y_train' is missing",
            "array 'x_train' is missing",
            "array 'y_test' is missing",
            "truncated.npz: is damaged",
            "empty.npz: is empty, no zip archive of arrays",
        };
        const char *file = k == 18 ? "truncated.npz" : k == 19 ? "empty.npz" : "bad.npz";
        set_arrays(&set, a);
        for (int i = 0; i < N_TRAIN * PIXELS; i++) f4[i] = 0.5f;
        for (int i = 0; i < N_TRAIN; i++) i4[i] = 3, u8[i] = 3;
        if (k == 0) a[0].n_dims = 2, a[0].shape[1] = PIXELS - 1;
        if (k == 1) a[2].shape[1] = 14, a[2].shape[2] = 56;
        if (k == 2) a[0].n_dims = 4, a[0].shape[0] = 15, a[0].shape[3] = 2;
        if (k == 3) a[0].dtype = CLSNN_I4, a[0].shape[0] = 1;
        if (k == 4) a[0].shape[0] = a[1].shape[0] = 0;
        if (k >= 5 && k <= 7) a[0].dtype = CLSNN_F4, a[0].data = f4;
        if (k == 5) f4[PIXELS + 2 * 28 + 3] = 1.5f;
        if (k == 6) f4[0] = -0.25f;
        if (k == 7) f4[N_TRAIN * PIXELS - 1] = NAN;
        if (k == 8) a[3].dtype = CLSNN_F8, a[3].data = f8, f8[2] = 0.5;
        if (k == 9) a[1].shape[0] = 29;
        if (k == 10) a[1].n_dims = 2, a[1].shape[0] = 15, a[1].shape[1] = 2;
        if (k == 11 || k == 12) a[1].dtype = CLSNN_I4, a[1].data = i4;
        if (k == 11) i4[7] = -1;
        if (k == 12) i4[0] = 256;
        if (k == 13) a[1].dtype = CLSNN_U8, a[1].data = u8, u8[29] = UINT64_MAX;
        if (k >= 14 && k < 18) {
            static const int left_out[] = {2, 1, 0, 3};
            snprintf(a[left_out[k - 14]].name, sizeof a[0].name, "other");
        }
        put_npz(in_root(file), a, 4);
        if (k >= 18) {
            assert_int_equal(clsnn_file_read(in_root(file), 1 << 20, &bytes, &n_bytes), CLSNN_OK);
            put_file(in_root(file), bytes, k == 18 ? n_bytes - 30 : 0);
            free(bytes);
        }
        expect_load_failure(in_root(file), messages[k]);
    }
    expect_load_failure(in_root("none.npz"), "no such file: must be auto, mnist, fashion-mnist, ");
    put_file(in_root("set.npy"), "x", 1);
    expect_load_failure(in_root("set.npy"), "is a file: must be auto, mnist, fashion-mnist, ");
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exported_set_loads_back_gzip_and_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(export_is_byte_reproducible, setup, teardown),
        cmocka_unit_test_setup_teardown(places_are_searched_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(directory_must_hold_all_four, setup, teardown),
        cmocka_unit_test_setup_teardown(npz_file_is_the_same_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_alone_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_npz_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(validation_split_is_the_end_of_training, setup, teardown),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
