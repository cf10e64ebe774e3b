/* IDX and gzip from strangers: every malformed file is refused with a reason, in bounded memory and time. */
#include "dataset_fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/file.h"
#include "dataset/idx.h"

/* Writes n as a 32-bit big-endian number. */
static void put_be(uint8_t *p, uint32_t n) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(n >> (24 - 8 * i));
}

struct bad_idx {
    const char *what, *message;
    int file; /* 0: images, 1: labels */
    int at;   /* offset of the 32-bit word to replace; -1: none */
    uint32_t word;
    long more_bytes; /* appended (> 0) or cut off (< 0) */
};

static const struct bad_idx bad_idx[] = {
    {"magic of another type", "an IDX file of floats in 3 dimensions: images must be unsigned bytes in 3", 0,
     0, 0x0d03, 0},
    {"magic of other dimensions", "unsigned bytes in 2 dimensions", 1, 0, 0x802, 0},
    {"labels as images", "swapped", 0, 0, 0x801, 0},
    {"images as labels", "swapped", 1, 0, 0x803, 0},
    {"magic in little-endian", "magic number", 0, 0, 0x03080000, 0},
    {"gzip magic in labels", "", 1, 0, 0x1f8b0801, 0},
    {"27 rows", "22696", 0, 8, 27, 0},
    {"29 columns", "truncated", 0, 12, 29, 0},
    {"0 columns", "images of 28 x 0 pixels: must be in [1, 64] x [1, 64]", 0, 12, 0, 0},
    {"65 rows", "images of 65 x 28 pixels: must be in [1, 64] x [1, 64]", 0, 8, 65, 0},
    {"65536 rows: their product overflows", "65536 x 28", 0, 8, 65536, 0},
    {"no images", "claims 0 images", 0, 4, 0, 0},
    {"no labels", "claims 0 labels", 1, 4, 0, 0},
    {"4 billion images", "claims 4294967295 images", 0, 4, UINT32_MAX, 0},
    {"4 billion labels", "claims 4294967295 labels", 1, 4, UINT32_MAX, 0},
    {"a count whose bytes overflow 32 bits", "claims 5478275 images", 0, 4, 5478275, 0},
    {"most images allowed, but not there", "truncated", 0, 4, 1000000, 0},
    {"one image more than there is", "truncated", 0, 4, N_TRAIN + 1, 0},
    {"one label more than there is", "truncated", 1, 4, N_TRAIN + 1, 0},
    {"one image fewer than there is", "", 0, 4, N_TRAIN - 1, 0},
    {"trailing byte after images", "", 0, -1, 0, 1},
    {"trailing byte after labels", "", 1, -1, 0, 1},
    {"trailing image", "", 0, -1, 0, PIXELS},
    {"last pixel missing", "truncated", 0, -1, 0, -1},
    {"last label missing", "truncated", 1, -1, 0, -1},
    {"images: only the magic", "truncated", 0, -1, 0, -(long)(N_TRAIN *PIXELS + 12)},
    {"images: empty file", "truncated", 0, -1, 0, -(long)(N_TRAIN *PIXELS + 16)},
    {"labels: only the header", "truncated", 1, -1, 0, -(long)N_TRAIN},
    {"labels: empty file", "truncated", 1, -1, 0, -(long)(N_TRAIN + 8)},
};

static void gzip_to(const char *path, const void *data, size_t n_bytes) {
    gzFile f = gzopen(path, "wb1");
    assert_non_null(f);
    if (n_bytes) assert_int_equal(gzwrite(f, data, (unsigned)n_bytes), n_bytes);
    assert_int_equal(gzclose(f), Z_OK);
}

/* Each case goes through clsnn_idx_parse, then through the loader as a plain file and as gzip. */
static void bad_idx_is_refused(void **state) {
    (void)state;
    struct clsnn_dataset good;
    make_set(&good);
    for (size_t c = 0; c < sizeof bad_idx / sizeof *bad_idx; c++) {
        const struct bad_idx *b = &bad_idx[c];
        uint8_t *file[2] = {calloc(1, 16 + N_TRAIN * PIXELS + PIXELS), calloc(1, 8 + N_TRAIN + PIXELS)};
        size_t n[2] = {16 + N_TRAIN * PIXELS, 8 + N_TRAIN};
        for (int i = 0; i < 2; i++) {
            assert_non_null(file[i]);
            put_be(file[i], i ? 0x801 : 0x803);
            put_be(file[i] + 4, N_TRAIN);
        }
        put_be(file[0] + 8, 28);
        put_be(file[0] + 12, 28);
        memcpy(file[1] + 8, good.train.labels, N_TRAIN);
        if (b->at >= 0) put_be(file[b->file] + b->at, b->word);
        n[b->file] = (size_t)((long)n[b->file] + b->more_bytes);

        struct clsnn_images out = {0};
        /* Blocks of exactly these sizes let a sanitizer see the first byte read beyond. */
        void *exact[2] = {malloc(n[0] ? n[0] : 1), malloc(n[1] ? n[1] : 1)};
        for (int i = 0; i < 2; i++) memcpy(exact[i], file[i], n[i]);
        expect_failure(clsnn_idx_parse(exact[0], n[0], exact[1], n[1], "case", &out), CLSNN_E_DATA,
                       b->message, b->what);
        assert_null(out.pixels);
        for (int packed = 0; packed < 2; packed++) {
            export_set(in_root("bad"));
            for (int i = 0; i < 2; i++) {
                char path[64];
                snprintf(path, sizeof path, "bad/%s.gz", names[i]); /* .gz files may hold plain bytes */
                if (packed)
                    gzip_to(in_root(path), file[i], n[i]);
                else
                    put_file(in_root(path), file[i], n[i]);
            }
            expect_load_failure(in_root("bad"), b->message);
        }
        for (int i = 0; i < 2; i++) {
            free(exact[i]);
            free(file[i]);
        }
    }
}

static void counts_must_agree(void **state) {
    (void)state;
    export_set(in_root("a"));
    assert_int_equal(rename(in_root("a/t10k-labels-idx1-ubyte.gz"), in_root("a/train-labels-idx1-ubyte.gz")),
                     0);
    export_set(in_root("b"));
    assert_int_equal(rename(in_root("b/t10k-labels-idx1-ubyte.gz"), in_root("a/t10k-labels-idx1-ubyte.gz")),
                     0);
    expect_load_failure(in_root("a"), "30 images but 12 labels");
}

static void truncated_gzip_is_refused_at_every_length(void **state) {
    (void)state;
    export_set(in_root("a"));
    void *data, *out = NULL;
    size_t n, n_out = 0;
    assert_int_equal(clsnn_file_read(in_root("a/train-images-idx3-ubyte.gz"), 1 << 20, &data, &n), CLSNN_OK);
    /* Two bytes are the least that identify gzip. The cuts are the first 64, the last 64 and about 200
     * between. */
    for (size_t cut = 2, step; cut < n; cut += step) {
        step = cut < 66 || cut + 66 > n ? 1 : n / 200;
        if (cut < n - 66 && cut + step > n - 66) step = n - 66 - cut;
        put_file(in_root("cut"), data, cut);
        expect_failure(clsnn_gzip_read(in_root("cut"), 1 << 20, &out, &n_out), CLSNN_E_DATA, "truncated",
                       "cut");
        assert_null(out);
    }
    put_file(in_root("cut"), data, n);
    assert_int_equal(clsnn_gzip_read(in_root("cut"), 1 << 20, &out, &n_out), CLSNN_OK);
    assert_int_equal(n_out, 16 + N_TRAIN * PIXELS);
    free(out);
    free(data);
}

/* Each changed byte is refused or leaves the unpacked data as it was. Bytes 3 to 9 of the header (flags,
 * time, system) and the padding bits of stored blocks may change without effect: at most 16 changes here. */
static void changed_byte_in_gzip_never_changes_the_data(void **state) {
    (void)state;
    export_set(in_root("a"));
    uint8_t *data;
    void *want, *got;
    size_t n, n_want, n_got, refused = 0, tried = 0;
    const char *packed = "a/train-images-idx3-ubyte.gz";
    assert_int_equal(clsnn_file_read(in_root(packed), 1 << 20, (void **)&data, &n), CLSNN_OK);
    assert_int_equal(clsnn_gzip_read(in_root(packed), 1 << 20, &want, &n_want), CLSNN_OK);
    for (size_t at = 2; at < n; at += at < 40 || at + 40 > n ? 1 : n / 100) {
        data[at] ^= 0x10;
        put_file(in_root("flip"), data, n);
        data[at] ^= 0x10;
        tried++;
        got = NULL;
        if (clsnn_gzip_read(in_root("flip"), 1 << 20, &got, &n_got) == CLSNN_OK) {
            assert_int_equal(n_got, n_want);
            assert_memory_equal(got, want, n_want);
            free(got);
            continue;
        }
        expect_failure(clsnn_error_status(), CLSNN_E_DATA, "flip", "flip");
        assert_null(got);
        refused++;
    }
    print_message("# %zu of %zu changes refused\n", refused, tried);
    assert_true(refused + 16 >= tried);
    free(data);
    free(want);
}

static void members_may_follow_but_nothing_else(void **state) {
    (void)state;
    gzip_to(in_root("one"), "hello ", 6);
    uint8_t *data, twice[256];
    void *out = NULL;
    size_t n, n_out;
    assert_int_equal(clsnn_file_read(in_root("one"), 100, (void **)&data, &n), CLSNN_OK);
    memcpy(twice, data, n);
    memcpy(twice + n, data, n);
    put_file(in_root("two"), twice, 2 * n);
    assert_int_equal(clsnn_gzip_read(in_root("two"), 12, &out, &n_out), CLSNN_OK);
    assert_int_equal(n_out, 12);
    assert_memory_equal(out, "hello hello ", 12);
    free(out);
    out = NULL;
    expect_failure(clsnn_gzip_read(in_root("two"), 11, &out, &n_out), CLSNN_E_DATA, "more than 11", "cap");
    twice[2 * n] = 0;
    put_file(in_root("two"), twice, 2 * n + 1);
    expect_failure(clsnn_gzip_read(in_root("two"), 100, &out, &n_out), CLSNN_E_DATA, "follows",
                   "zero byte behind");
    twice[2 * n] = 0x1f;
    put_file(in_root("two"), twice, 2 * n + 1);
    expect_failure(clsnn_gzip_read(in_root("two"), 100, &out, &n_out), CLSNN_E_DATA, "truncated",
                   "half a magic behind");
    free(data);
    /* Plain files have the same cap. An empty file is no error at this layer. */
    put_file(in_root("plain"), "hello", 5);
    expect_failure(clsnn_gzip_read(in_root("plain"), 4, &out, &n_out), CLSNN_E_DATA, "more than 4",
                   "plain cap");
    assert_int_equal(clsnn_gzip_read(in_root("plain"), 5, &out, &n_out), CLSNN_OK);
    assert_int_equal(n_out, 5);
    free(out);
    put_file(in_root("plain"), "", 0);
    assert_int_equal(clsnn_gzip_read(in_root("plain"), 0, &out, &n_out), CLSNN_OK);
    assert_int_equal(n_out, 0);
    assert_non_null(out);
    free(out);
    expect_failure(clsnn_gzip_read(in_root("absent"), 5, &out, &n_out), CLSNN_E_IO, "No such file", "absent");
}

/* Writes 10 GB in 10 MB: one gzip member of 10 MB of zeros, a thousand times, after a member with the
 * header. */
static void put_bomb(const char *path, const void *header, size_t n_header) {
    enum { MEMBER = 10 << 20 };
    uint8_t *zeros = calloc(1, MEMBER);
    assert_non_null(zeros);
    gzip_to(in_root("member"), zeros, MEMBER);
    gzip_to(path, header, n_header);
    free(zeros);
    void *data;
    size_t n;
    assert_int_equal(clsnn_file_read(in_root("member"), 1 << 20, &data, &n), CLSNN_OK);
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    for (int k = 0; k < 1000; k++) assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    free(data);
}

static void bomb_is_refused_in_little_memory_and_time(void **state) {
    (void)state;
    struct {
        const char *what, *message;
        uint32_t n_images;
    } cases[] = {{"claims as many images as it has", "must be in", 13375000},
                 {"claims MNIST's number", "more than 47040016 bytes", 60000},
                 {"claims one image", "more than 800 bytes", 1},
                 {"no header", "must be an IDX file", 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint8_t header[16];
        put_be(header, 0x803);
        put_be(header + 4, cases[c].n_images);
        put_be(header + 8, 28);
        put_be(header + 12, 28);
        export_set(in_root("a"));
        put_bomb(in_root("a/train-images-idx3-ubyte.gz"), header, cases[c].n_images ? sizeof header : 0);
        /* A child process loads the bomb, so that its peak memory is not an earlier test's. */
        struct rusage usage;
        int status = 0;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct clsnn_dataset d;
            enum clsnn_status st = clsnn_dataset_load(in_root("a"), &d);
            if (!strstr(clsnn_error_text(), cases[c].message)) fprintf(stderr, "%s\n", clsnn_error_text());
            _exit(strstr(clsnn_error_text(), cases[c].message) ? (int)st : 99);
        }
        assert_int_equal(wait4(child, &status, 0, &usage), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), CLSNN_E_DATA);
        double seconds = (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
                         (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec;
        print_message("# %s: %.3f s, %ld KiB\n", cases[c].what, seconds, usage.ru_maxrss);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        assert_true(usage.ru_maxrss < 64 * 1024);
        assert_true(seconds < 1);
#endif
    }
    void *out;
    size_t n;
    expect_failure(clsnn_gzip_read(in_root("a/train-images-idx3-ubyte.gz"), 1 << 20, &out, &n), CLSNN_E_DATA,
                   "more than 1048576 bytes", "bomb without IDX");
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_idx_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_must_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated_gzip_is_refused_at_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_byte_in_gzip_never_changes_the_data, setup, teardown),
        cmocka_unit_test_setup_teardown(members_may_follow_but_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(bomb_is_refused_in_little_memory_and_time, setup, teardown),
    };
    return cmocka_run_group_tests_name("idx", tests, NULL, NULL);
}
