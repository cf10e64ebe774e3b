/* Data sets from files: round trips, and the order in which places are searched. Uses no network. */
#include "base/file.h"
#include "base/sha256.h"
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

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exported_set_loads_back_gzip_and_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(export_is_byte_reproducible, setup, teardown),
        cmocka_unit_test_setup_teardown(places_are_searched_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(directory_must_hold_all_four, setup, teardown),
    };
    return cmocka_run_group_tests_name("dataset", tests, NULL, NULL);
}
