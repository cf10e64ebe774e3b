/* For test_dataset.c and test_idx.c: a temporary directory for each test, and a small data set to fill it. */
#ifndef CLSNN_TEST_DATASET_FIXTURE_H
#define CLSNN_TEST_DATASET_FIXTURE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clsnn/dataset.h"
#include "base/file.h"

enum { PIXELS = CLSNN_IMAGE_PIXELS, N_TRAIN = 30, N_TEST = 12 };

static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
static char root[64];

/* Returns root + "/" + name, in one of four rotating buffers. */
static inline const char *in_root(const char *name) {
    static char buffers[4][512];
    static unsigned next;
    char *b = buffers[next++ % 4];
    snprintf(b, sizeof buffers[0], "%s/%s", root, name);
    return b;
}

static inline int setup(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/clsnn-dataset-XXXXXX");
    clsnn_error_clear();
    if (!mkdtemp(root)) return -1;
    /* The tests must not find data sets of the machine they run on. */
    unsetenv("CLSNN_DATA");
    unsetenv("XDG_DATA_HOME");
    setenv("HOME", root, 1);
    return 0;
}

static inline void remove_all(const char *dir) {
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        char *path = clsnn_file_join(dir, e->d_name);
        struct stat info;
        if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
            remove_all(path);
        else
            unlink(path);
        free(path);
    }
    closedir(d);
    rmdir(dir);
}

static inline int teardown(void **state) {
    (void)state;
    remove_all(root);
    return 0;
}

/* Makes a small data set of pseudo-random pixels, which do not compress to nothing. */
static inline void make_set(struct clsnn_dataset *d) {
    static uint8_t pixels[2][N_TRAIN * PIXELS], labels[2][N_TRAIN];
    uint32_t x = 12345;
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < N_TRAIN * PIXELS; i++) {
            x = x * 1664525u + 1013904223u;
            pixels[s][i] = (uint8_t)(x >> 24);
        }
        for (int k = 0; k < N_TRAIN; k++) labels[s][k] = (uint8_t)((k * 7 + s) % 10);
    }
    memset(d, 0, sizeof *d);
    d->train = (struct clsnn_images){N_TRAIN, pixels[0], labels[0], 28, 28};
    d->test = (struct clsnn_images){N_TEST, pixels[1], labels[1], 28, 28};
}

static inline void export_set(const char *dir) {
    struct clsnn_dataset d;
    make_set(&d);
    assert_int_equal(clsnn_dataset_export(&d, dir), CLSNN_OK);
}

static inline void put_file(const char *path, const void *data, size_t n_bytes) {
    assert_int_equal(clsnn_file_write(path, data, n_bytes), CLSNN_OK);
}

static inline void expect_failure(enum clsnn_status found, enum clsnn_status want, const char *part,
                                  const char *what) {
    if (found != want || !strstr(clsnn_error_text(), part))
        print_error("%s: status %d (wanted %d), text: %s\n", what, (int)found, (int)want, clsnn_error_text());
    assert_int_equal(found, want);
    assert_non_null(strstr(clsnn_error_text(), part));
    clsnn_error_clear();
}

static inline void expect_load_failure(const char *spec, const char *part) {
    struct clsnn_dataset d;
    memset(&d, 0x5a, sizeof d);
    struct clsnn_dataset before = d;
    expect_failure(clsnn_dataset_load(spec, &d), CLSNN_E_DATA, part, spec);
    assert_memory_equal(&d, &before, sizeof d); /* a failed load writes nothing */
}

#endif
