/* Reads bad files by the path that a user names: bad headers field by field, truncations, and archives that
 * unpack to gigabytes. test_idx.c, test_npy.c and test_npz.c test the readers in memory; fuzz/ searches for
 * more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/file.h"
#include "dataset/idx.h"
#include "clsnn/npz.h"
#include "formats/npy.h"

#define MIB      ((size_t)1 << 20)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static char dir[64], path[96];

/* The number of unexpected outcomes in a test; expect() prints each. */
static int n_wrong;

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/clsnn-hostile-XXXXXX");
    clsnn_error_clear();
    n_wrong = 0;
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/file", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(dir);
}

/* A growing array of bytes. The caller frees p. */
struct bytes {
    uint8_t *p;
    size_t n, room;
};

static void add(struct bytes *b, const void *data, size_t n) {
    if (b->n + n > b->room) {
        b->room = 2 * (b->n + n);
        b->p = realloc(b->p, b->room);
        assert_non_null(b->p);
    }
    if (n) memcpy(b->p + b->n, data, n);
    b->n += n;
}

static void add_le(struct bytes *b, uint64_t value, size_t n) {
    for (size_t k = 0; k < n; k++) add(b, &(uint8_t){(uint8_t)(value >> (8 * k))}, 1);
}

static void add_be(struct bytes *b, uint32_t value) {
    for (int k = 24; k >= 0; k -= 8) add(b, &(uint8_t){(uint8_t)(value >> k)}, 1);
}

static void put(const struct bytes *b) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->p, 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

/* The kind of file that the file at path is read as. */
enum kind { IMAGES, LABELS, PACKED, ARRAYS };

static enum clsnn_status read_as(enum kind kind) {
    void *data = NULL;
    size_t n = 0;
    struct clsnn_npz npz = {0};
    struct clsnn_images images = {0};
    enum clsnn_status st;
    if (kind == ARRAYS) {
        st = clsnn_npz_read(path, MIB, &npz);
    } else if (kind == PACKED) {
        st = clsnn_gzip_read(path, MIB, &data, &n);
    } else {
        static const uint8_t one_label[9] = {0, 0, 8, 1, 0, 0, 0, 1, 0};
        static const uint8_t one_image[16 + 784] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28};
        st = clsnn_idx_read(path, kind == IMAGES ? CLSNN_IDX_PIXELS : CLSNN_IDX_LABELS, MIB, &data, &n);
        if (st == CLSNN_OK && kind == IMAGES)
            st = clsnn_idx_parse(data, n, one_label, sizeof one_label, path, &images);
        else if (st == CLSNN_OK)
            st = clsnn_idx_parse(one_image, sizeof one_image, data, n, path, &images);
    }
    if (st != CLSNN_OK) assert_true(!data || kind == IMAGES || kind == LABELS);
    assert_true(st == CLSNN_OK || (!npz.arrays && !images.pixels));
    clsnn_npz_finish(&npz);
    clsnn_images_finish(&images);
    free(data);
    return st;
}

static void expect(const char *what, enum clsnn_status st, const char *message) {
    if (st != CLSNN_E_DATA || !strstr(clsnn_error_text(), path) || !strstr(clsnn_error_text(), message))
        n_wrong++, print_message("# %s: status %d '%s': must be 3, name the file, and say '%s'\n", what,
                                 (int)st, clsnn_error_text(), message);
    clsnn_error_clear();
}

/* Good files, which tests then damage. */

static void make_images(struct bytes *b) {
    add_be(b, 0x803);
    add_be(b, 1);
    add_be(b, 28);
    add_be(b, 28);
    for (int k = 0; k < 784; k++) add(b, &(uint8_t){(uint8_t)(k * k)}, 1);
}

static void make_labels(struct bytes *b) {
    add_be(b, 0x801);
    add_be(b, 1);
    add(b, "\7", 1);
}

static void deflate_to(struct bytes *b, const void *data, size_t n, int level, int window, int flush) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const size_t room = deflateBound(&z, (uLong)n) + 64;
    uint8_t *out = malloc(room);
    assert_non_null(out);
    z.next_in = data;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, flush), flush == Z_FINISH ? Z_STREAM_END : Z_OK);
    add(b, out, (size_t)(z.next_out - out));
    deflateEnd(&z);
    free(out);
}

static void make_packed(struct bytes *b) {
    deflate_to(b, "the same words again, the same words again", 42, 9, 15 + 16, Z_FINISH);
}

/* One member of a hand-made zip. Any of its numbers may be wrong. */
struct member {
    const char *name;
    const struct bytes *packed;
    int method;
    uint32_t crc, n_local, n_directory; /* n_: the unpacked size by the member and by the directory */
};

static void add_member(struct bytes *zip, struct bytes *directory, const struct member *m) {
    const size_t at = zip->n, n_name = strlen(m->name);
    for (int central = 0; central < 2; central++) {
        struct bytes *b = central ? directory : zip;
        add(b, central ? "PK\1\2\x14\3" : "PK\3\4", central ? 6 : 4);
        add_le(b, 20, 2);
        add_le(b, 0, 2);
        add_le(b, (uint64_t)m->method, 2);
        add_le(b, 0x00210000, 4);
        add_le(b, m->crc, 4);
        add_le(b, m->packed->n, 4);
        add_le(b, central ? m->n_directory : m->n_local, 4);
        add_le(b, n_name, 2);
        add_le(b, 0, 2);
        if (central) {
            add_le(b, 0, 6);
            add_le(b, 0100644u << 16, 4);
            add_le(b, at, 4);
        }
        add(b, m->name, n_name);
    }
    add(zip, m->packed->p, m->packed->n);
}

static void end_zip(struct bytes *zip, struct bytes *directory, size_t n_members) {
    const size_t at = zip->n;
    add(zip, directory->p, directory->n);
    add(zip, "PK\5\6\0\0\0\0", 8);
    add_le(zip, n_members, 2);
    add_le(zip, n_members, 2);
    add_le(zip, directory->n, 4);
    add_le(zip, at, 4);
    add_le(zip, 0, 2);
    free(directory->p);
    *directory = (struct bytes){0};
}

#define NPY(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }\n"

/* Adds the beginning of an .npy image. */
static void add_header(struct bytes *b, const char *text) {
    add(b, "\x93NUMPY\1\0", 8);
    add_le(b, strlen(text), 2);
    add(b, text, strlen(text));
}

static void make_arrays(struct bytes *b) {
    struct bytes directory = {0};
    for (int k = 0; k < 2; k++) {
        struct bytes image = {0}, packed = {0};
        add_header(&image, NPY("<i4", "False", "(20,)"));
        for (uint32_t v = 0; v < 20; v++) add_le(&image, v, 4);
        if (k)
            add(&packed, image.p, image.n);
        else
            deflate_to(&packed, image.p, image.n, 9, -15, Z_FINISH);
        const struct member m = {.name = k ? "second.npy" : "first.npy",
                                 .packed = &packed,
                                 .method = k ? 0 : 8,
                                 .crc = (uint32_t)crc32(0, image.p, (uInt)image.n),
                                 .n_local = (uint32_t)image.n,
                                 .n_directory = (uint32_t)image.n};
        add_member(b, &directory, &m);
        free(image.p);
        free(packed.p);
    }
    end_zip(b, &directory, 2);
}

static void make(enum kind kind, struct bytes *b) {
    void (*const makers[])(struct bytes *) = {make_images, make_labels, make_packed, make_arrays};
    makers[kind](b);
}

/* Bad headers. */

/* The place from which a row's offset counts. */
enum anchor { BEGIN, TAIL, BEHIND, LOCAL, CENTRAL, END };

struct row {
    const char *what;
    enum kind kind;
    enum anchor anchor;
    size_t at;
    const char *bytes;
    size_t n;
    const char *message;
};

#define B(text)      (text), sizeof(text) - 1
#define KIND_3       "must be an IDX file of images"
#define KIND_1       "must be an IDX file of labels"
#define DIMENSIONS_3 "images must be unsigned bytes in 3"
#define DIMENSIONS_1 "labels must be unsigned bytes in 1"
#define MAGIC_3      "must be 0x00000803"
#define MAGIC_1      "must be 0x00000801"
#define COUNTS       "must be in [1, 1000000]"
#define CORRUPT      "corrupt gzip data"
#define NO_ZIP       "is damaged, or no zip archive of arrays"

static const struct row rows[] = {
    {"images: 16-bit numbers", IMAGES, BEGIN, 2, B("\x0b"), DIMENSIONS_3},
    {"images: doubles", IMAGES, BEGIN, 2, B("\x0e"), DIMENSIONS_3},
    {"images: two dimensions", IMAGES, BEGIN, 3, B("\2"), DIMENSIONS_3},
    {"images: 255 dimensions", IMAGES, BEGIN, 3, B("\xff"), DIMENSIONS_3},
    {"images: first byte", IMAGES, BEGIN, 0, B("\x80"), MAGIC_3},
    {"images: a zlib stream", IMAGES, BEGIN, 0, B("\x78\x9c"), MAGIC_3},
    {"images: compress", IMAGES, BEGIN, 0, B("\x1f\x9d"), MAGIC_3},
    {"images: nearly gzip", IMAGES, BEGIN, 0, B("\x1f\x8a"), MAGIC_3},
    {"images: bzip2", IMAGES, BEGIN, 0, B("BZh9"), KIND_3},
    {"images: xz", IMAGES, BEGIN, 0,
     B("\xfd"
       "7zXZ"),
     KIND_3},
    {"images: zstd", IMAGES, BEGIN, 0, B("\x28\xb5\x2f\xfd"), KIND_3},
    {"images: a zip", IMAGES, BEGIN, 0, B("PK\3\4"), KIND_3},
    {"images: a picture", IMAGES, BEGIN, 0, B("\x89PNG\r\n"), KIND_3},
    {"images: an array", IMAGES, BEGIN, 0, B("\x93NUMPY"), KIND_3},
    {"images: a page of the web", IMAGES, BEGIN, 0, B("<!DOCTYPE html>"), KIND_3},
    {"images: number in little-endian", IMAGES, BEGIN, 4, B("\1\0\0\0"), COUNTS},
    {"images: one too many to hold", IMAGES, BEGIN, 4, B("\0\x0f\x42\x41"), COUNTS},
    {"images: number with a sign", IMAGES, BEGIN, 4, B("\x80\0\0\1"), COUNTS},
    {"images: rows in little-endian", IMAGES, BEGIN, 8, B("\x1c\0\0\0"), "must be in [1, 64] x [1, 64]"},
    {"images: columns in little-endian", IMAGES, BEGIN, 12, B("\x1c\0\0\0"), "must be in [1, 64] x [1, 64]"},
    {"images: no rows", IMAGES, BEGIN, 8, B("\0\0\0\0"), "must be in [1, 64] x [1, 64]"},
    {"images: 65 x 32", IMAGES, BEGIN, 8, B("\0\0\0\x41\0\0\0\x20"), "must be in [1, 64] x [1, 64]"},
    {"images: 32 x 32", IMAGES, BEGIN, 8, B("\0\0\0\x20\0\0\0\x20"), "the file is truncated"},
    {"images: rows with a sign", IMAGES, BEGIN, 8, B("\xff\xff\xff\xe4"), "must be in [1, 64] x [1, 64]"},
    {"labels: 32-bit numbers", LABELS, BEGIN, 2, B("\x0c"), DIMENSIONS_1},
    {"labels: two dimensions", LABELS, BEGIN, 3, B("\2"), DIMENSIONS_1},
    {"labels: a zlib stream", LABELS, BEGIN, 0, B("\x78\x9c"), MAGIC_1},
    {"labels: a page of the web", LABELS, BEGIN, 0, B("<html>"), KIND_1},
    {"labels: a zip", LABELS, BEGIN, 0, B("PK\3\4"), KIND_1},
    {"labels: number in little-endian", LABELS, BEGIN, 4, B("\1\0\0\0"), COUNTS},
    {"labels: number with a sign", LABELS, BEGIN, 4, B("\x80\0\0\1"), COUNTS},
    {"labels: one too many to hold", LABELS, BEGIN, 4, B("\0\x0f\x42\x41"), COUNTS},

    {"gzip: method 0", PACKED, BEGIN, 2, B("\0"), CORRUPT},
    {"gzip: method 9", PACKED, BEGIN, 2, B("\x09"), CORRUPT},
    {"gzip: reserved flag 5", PACKED, BEGIN, 3, B("\x20"), CORRUPT},
    {"gzip: reserved flag 6", PACKED, BEGIN, 3, B("\x40"), CORRUPT},
    {"gzip: reserved flag 7", PACKED, BEGIN, 3, B("\x80"), CORRUPT},
    {"gzip: a header checksum that is none", PACKED, BEGIN, 3, B("\2"), CORRUPT},
    {"gzip: an extra field beyond the end", PACKED, BEGIN, 3, B("\4\0\0\0\0\0\0\xff\xff"),
     "truncated gzip data"},
    {"gzip: a name without an end", PACKED, BEGIN, 3, B("\x08"), "gzip data"},
    {"gzip: block type 3", PACKED, BEGIN, 10, B("\7"), CORRUPT},
    {"gzip: stored block whose lengths disagree", PACKED, BEGIN, 10, B("\1\5\0\0\0"), CORRUPT},
    {"gzip: a match before the data", PACKED, BEGIN, 10, B("\3\2\0"), CORRUPT},
    {"gzip: too many codes", PACKED, BEGIN, 10, B("\xfd\xff\xff"), CORRUPT},
    {"gzip: codes that are no tree", PACKED, BEGIN, 10, B("\5\0\x92\4"), CORRUPT},
    {"gzip: checksum, first byte", PACKED, TAIL, 8, B("\x11"), CORRUPT},
    {"gzip: checksum, last byte", PACKED, TAIL, 5, B("\x11"), CORRUPT},
    {"gzip: length, first byte", PACKED, TAIL, 4, B("\x11"), CORRUPT},
    {"gzip: length, last byte", PACKED, TAIL, 1, B("\x11"), CORRUPT},
    {"gzip: a line end behind", PACKED, BEHIND, 0, B("\n"), "something follows the gzip data"},
    {"gzip: an IDX header behind", PACKED, BEHIND, 0, B("\0\0\x08\3"), "something follows the gzip data"},
    {"gzip: a second member of method 7", PACKED, BEHIND, 0, B("\x1f\x8b\7\0"), CORRUPT},
    {"gzip: half a magic number, then another byte", PACKED, BEHIND, 0, B("\x1f\0\0"), CORRUPT},
    {"gzip: a second member that ends", PACKED, BEHIND, 0, B("\x1f\x8b\x08\0\0\0\0\0\0\xff"),
     "truncated gzip data"},

    {"npz: a member's magic", ARRAYS, LOCAL, 0, B("PK\3\5"), ""},
    {"npz: a member encrypted", ARRAYS, LOCAL, 6, B("\1"), ""},
    {"npz: a member's method", ARRAYS, LOCAL, 8, B("\x0c"), ""},
    {"npz: a member's size", ARRAYS, LOCAL, 22, B("\x10\0\0\0"), ""},
    {"npz: a member's name without a length", ARRAYS, LOCAL, 26, B("\0"), ""},
    {"npz: a member's name to the end", ARRAYS, LOCAL, 26, B("\xff\xff"), ""},
    {"npz: a member's extra field to the end", ARRAYS, LOCAL, 28, B("\xff\xff"), ""},
    {"npz: a member's name", ARRAYS, LOCAL, 30, B("F"), "disagree"},
    {"npz: a member above its folder", ARRAYS, LOCAL, 30, B("../../"), "must be an array, NAME.npy"},
    {"npz: directory: magic", ARRAYS, CENTRAL, 0, B("PK\1\3"), NO_ZIP},
    {"npz: directory: encrypted", ARRAYS, CENTRAL, 8, B("\1"), ""},
    {"npz: directory: method", ARRAYS, CENTRAL, 10, B("\x0e"), ""},
    {"npz: directory: checksum", ARRAYS, CENTRAL, 16, B("\1\2\3\4"), ""},
    {"npz: directory: packed size 0", ARRAYS, CENTRAL, 20, B("\0\0\0\0"), ""},
    {"npz: directory: unpacked size 0", ARRAYS, CENTRAL, 24, B("\0\0\0\0"), ""},
    {"npz: directory: a byte more", ARRAYS, CENTRAL, 24, B("\x91"), ""},
    {"npz: directory: 4 GiB unpacked", ARRAYS, CENTRAL, 24, B("\xff\xff\xff\xff"), "at most 1048576 in all"},
    {"npz: directory: a MiB unpacked", ARRAYS, CENTRAL, 24, B("\0\0\x10\0"), "at most 1048576 in all"},
    {"npz: directory: no name", ARRAYS, CENTRAL, 28, B("\0\0"), NO_ZIP},
    {"npz: directory: a long name", ARRAYS, CENTRAL, 28, B("\xff\xff"), NO_ZIP},
    {"npz: directory: a long extra field", ARRAYS, CENTRAL, 30, B("\xff\xff"), NO_ZIP},
    {"npz: directory: a long comment", ARRAYS, CENTRAL, 32, B("\xff\xff"), NO_ZIP},
    {"npz: directory: a symbolic link", ARRAYS, CENTRAL, 40, B("\xff\xa1"), ""},
    {"npz: directory: a folder", ARRAYS, CENTRAL, 40, B("\xed\x41"), ""},
    {"npz: directory: member beyond the file", ARRAYS, CENTRAL, 42, B("\xff\xff\xff\x7f"), ""},
    {"npz: directory: another name", ARRAYS, CENTRAL, 46, B("F"), "disagree"},
    {"npz: end: magic", ARRAYS, END, 0, B("PK\5\7"), NO_ZIP},
    {"npz: end: no arrays", ARRAYS, END, 8, B("\0\0\0\0"), NO_ZIP},
    {"npz: end: one array", ARRAYS, END, 8, B("\1\0\1\0"), NO_ZIP},
    {"npz: end: three arrays", ARRAYS, END, 8, B("\3\0\3\0"), NO_ZIP},
    {"npz: end: 65 arrays", ARRAYS, END, 8, B("\x41\0\x41\0"), "65 arrays: at most 64 are accepted"},
    {"npz: end: 65535 arrays", ARRAYS, END, 8, B("\xff\xff\xff\xff"), "at most 64 are accepted"},
    {"npz: end: directory of 0 bytes", ARRAYS, END, 12, B("\0\0\0\0"), NO_ZIP},
    {"npz: end: directory of 4 GiB", ARRAYS, END, 12, B("\xff\xff\xff\xff"), NO_ZIP},
    {"npz: end: directory at 0", ARRAYS, END, 16, B("\0\0\0\0"), NO_ZIP},
    {"npz: end: directory at 4 GiB", ARRAYS, END, 16, B("\xff\xff\xff\xff"), NO_ZIP},
    {"npz: end: a comment that is not there", ARRAYS, END, 20, B("\1\0"), NO_ZIP},
    {"npz: a byte behind", ARRAYS, BEHIND, 0, B("\0"), NO_ZIP},
};

static size_t find(const struct bytes *b, const char *magic) {
    for (size_t at = 0; at + 4 <= b->n; at++)
        if (!memcmp(b->p + at, magic, 4)) return at;
    fail_msg("a zip without PK %d %d", magic[2], magic[3]);
    return 0;
}

static void test_good(void **state) {
    (void)state;
    for (enum kind kind = IMAGES; kind <= ARRAYS; kind++) {
        struct bytes b = {0};
        make(kind, &b);
        put(&b);
        if (read_as(kind) != CLSNN_OK) fail_msg("kind %d: %s", (int)kind, clsnn_error_text());
        free(b.p);
    }
}

static void test_bad_headers(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT(rows); k++) {
        const struct row *r = &rows[k];
        struct bytes b = {0};
        make(r->kind, &b);
        const size_t n = b.n, from = r->anchor == LOCAL     ? find(&b, "PK\3\4")
                                     : r->anchor == CENTRAL ? find(&b, "PK\1\2")
                                     : r->anchor == END     ? find(&b, "PK\5\6")
                                                            : 0;
        const size_t at = r->anchor == TAIL ? n - r->at : r->anchor == BEHIND ? n : from + r->at;
        if (at + r->n > n) {
            assert_int_equal(r->anchor, BEHIND);
            add(&b, r->bytes, r->n);
        } else {
            if (!memcmp(b.p + at, r->bytes, r->n)) fail_msg("%s: changes nothing", r->what);
            memcpy(b.p + at, r->bytes, r->n);
        }
        put(&b);
        expect(r->what, read_as(r->kind), r->message);
        free(b.p);
    }
    print_message("# %zu bad headers\n", COUNT(rows));
    assert_int_equal(n_wrong, 0);
}

/* A bad .npy image is the only member and every checksum is right. The message must name file and array. */
static void test_bad_members(void **state) {
    (void)state;
    static const struct {
        const char *image, *message;
        size_t n;
    } members[] = {
#define M(text, message) {(text), (message), sizeof(text) - 1}
#define H(text, message)                                                                                     \
    { text, message, 0 } /* n = 0: the image is this header and four bytes of data */
        M("", "must be \\x93NUMPY"),
        M("\x93NUMPY\1", "must be \\x93NUMPY"),
        M("\x80\4K*.padding", "must be \\x93NUMPY"),
        M("\x93NUMPY\3\0\0\0\0\0", ".npy version 3.0: must be 1.0 or 2.0"),
        M("\x93NUMPY\1\0\xff\xff{}", "at most 10000 are accepted"),
        M("\x93NUMPY\1\0\x40\0{}", "is cut off: 2 are there"),
        M("\x93NUMPY\2\0\2\0\0", "cut off"),
        M("\x93NUMPY\1\0\2\0{}", "'descr' is missing"),
        H(NPY(">f4", "False", "(1,)"), "must be one of |u1"),
        H(NPY("|O", "False", "(1,)"), "(pickled objects): must be one of |u1"),
        H(NPY("<f4", "True", "(1, 1)"), "numpy.ascontiguousarray()"),
        H(NPY("<f4", "False", "(2,)"), "with 4 bytes of data: must be 8"),
        H(NPY("<f4", "False", "(0,)"), "with 4 bytes of data: must be 0"),
        H(NPY("<f4", "False", "(1)"), "is no tuple: must be (1,)"),
    };
    for (size_t k = 0; k < COUNT(members); k++) {
        struct bytes zip = {0}, directory = {0}, image = {0};
        if (members[k].n || !*members[k].image) {
            add(&image, members[k].image, members[k].n);
        } else {
            add_header(&image, members[k].image);
            add_le(&image, 0, 4);
        }
        const struct member m = {.name = "theta_mv.npy",
                                 .packed = &image,
                                 .crc = (uint32_t)crc32(0, image.p, (uInt)image.n),
                                 .n_local = (uint32_t)image.n,
                                 .n_directory = (uint32_t)image.n};
        add_member(&zip, &directory, &m);
        end_zip(&zip, &directory, 1);
        put(&zip);
        enum clsnn_status st = read_as(ARRAYS);
        if (st == CLSNN_OK) { /* whole, but of a type that is refused as soon as somebody asks for it */
            struct clsnn_npz npz;
            const struct clsnn_array *theta;
            assert_int_equal(clsnn_npz_read(path, MIB, &npz), CLSNN_OK);
            st = clsnn_npz_get(&npz, path, "theta_mv", CLSNN_F4, 1, (const size_t[]){1}, &theta);
            clsnn_npz_finish(&npz);
        }
        assert_non_null(strstr(clsnn_error_text(), "array 'theta_mv'"));
        expect(members[k].message, st, members[k].message);
        free(zip.p);
        free(image.p);
    }
    assert_int_equal(n_wrong, 0);
}

/* Truncated files. */

/* Calls check for truncations to the first 64 lengths, to 1000 more, and to all but the last byte. */
static void cut(struct bytes *b, void (*check)(size_t n)) {
    const size_t n = b->n;
    assert_true(n > 5000);
    for (size_t k = 0; k < 1064; k++) {
        b->n = k < 64 ? k : 64 + (k - 64) * (n - 64) / 1000;
        put(b);
        check(b->n);
    }
    b->n = n - 1;
    put(b);
    check(n - 1);
}

static void check_packed(size_t n) {
    const enum clsnn_status st = read_as(LABELS);
    expect("packed", st, n < 2 ? "the file is truncated" : "truncated gzip data: ends after");
}

static void check_plain(size_t n) {
    (void)n;
    expect("plain", read_as(LABELS), "the file is truncated");
}

static void check_arrays(size_t n) {
    expect("npz", read_as(ARRAYS), n ? NO_ZIP : "is empty, no zip archive of arrays");
}

static void check_npy(size_t n) {
    struct clsnn_array a = {.n_dims = -1};
    void *data = NULL;
    size_t n_data = 0;
    assert_int_equal(clsnn_file_read(path, MIB, &data, &n_data), CLSNN_OK);
    assert_int_equal(n_data, n);
    void *exact = malloc(n ? n : 1);
    assert_non_null(exact);
    memcpy(exact, data, n);
    free(data);
    expect("npy", clsnn_npy_parse(exact, n, path, &a), "");
    assert_int_equal(a.n_dims, -1);
    free(exact);
}

static void test_cuts(void **state) {
    (void)state;
    struct bytes labels = {0}, packed = {0}, npy = {0}, zip = {0}, directory = {0};
    uint32_t x = 12345;
    add_be(&labels, 0x801);
    add_be(&labels, 12000);
    add_header(&npy, NPY("|u1", "False", "(12000,)"));
    for (int k = 0; k < 12000; k++) {
        x = x * 1664525u + 1013904223u;
        add(&labels, &(uint8_t){(uint8_t)((x >> 24) % 10)}, 1);
        add(&npy, &(uint8_t){(uint8_t)(x >> 24)}, 1);
    }
    deflate_to(&packed, labels.p, labels.n, 9, 15 + 16, Z_FINISH);
    const struct member m = {"a.npy",         &npy,           0, (uint32_t)crc32(0, npy.p, (uInt)npy.n),
                             (uint32_t)npy.n, (uint32_t)npy.n};
    add_member(&zip, &directory, &m);
    end_zip(&zip, &directory, 1);
    cut(&packed, check_packed);
    cut(&labels, check_plain);
    cut(&npy, check_npy);
    cut(&zip, check_arrays);
    assert_int_equal(n_wrong, 0);
    free(labels.p);
    free(packed.p);
    free(npy.p);
    free(zip.p);
}

/* Bombs: small archives that unpack to gigabytes. */

/* Makes a member's deflate stream: header, then n_mb times a million zeros. */
static void make_zeros(struct bytes *b, const struct bytes *header, size_t n_mb) {
    struct bytes piece = {0};
    enum { PIECE = 10000000 };
    uint8_t *zeros = calloc(1, PIECE);
    assert_non_null(zeros);
    if (header) deflate_to(b, header->p, header->n, 9, -15, Z_FULL_FLUSH);
    deflate_to(&piece, zeros, PIECE, 9, -15, Z_FULL_FLUSH); /* piece may be repeated anywhere */
    for (size_t k = 0; k < n_mb / 10; k++) add(b, piece.p, piece.n);
    add(b, "\3\0", 2); /* the last block, empty */
    free(zeros);
    free(piece.p);
}

/* Reads the file in a process of its own, because the peak of memory must not be an earlier test's. */
static void expect_cheap_refusal(const char *what, size_t max_bytes, const char *message) {
    struct rusage usage;
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct clsnn_npz npz;
        const enum clsnn_status st = clsnn_npz_read(path, max_bytes, &npz);
        const bool said = strstr(clsnn_error_text(), path) && strstr(clsnn_error_text(), message);
        if (!said) fprintf(stderr, "%s: %s\n", what, clsnn_error_text());
        _exit(said ? (int)st : 99);
    }
    assert_int_equal(wait4(child, &status, 0, &usage), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), CLSNN_E_DATA);
    const double seconds = (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
                           (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec;
    print_message("# npz bomb, %s: %.3f s, %ld KiB\n", what, seconds, usage.ru_maxrss);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(usage.ru_maxrss < 64 * 1024);
    assert_true(seconds < 1);
#endif
}

static void test_bombs(void **state) {
    (void)state;
    static const struct {
        const char *what, *header, *message;
        size_t n_members, n_mb;
        uint32_t n_local, n_directory; /* the unpacked size that the archive claims */
        size_t max_mib;
    } cases[] = {
        {"says so", NULL, "at most 67108864 in all", 1, 10000, UINT32_MAX, UINT32_MAX, 64},
        {"eleven arrays that each are allowed", NULL, "at most 1073741824 in all", 11, 950, 950000000,
         950000000, 1024},
        {"only the member says so", NULL, "", 1, 10000, UINT32_MAX, 1000000, 64},
        {"only the directory says so", NULL, "at most 67108864 in all", 1, 10000, 1000000, UINT32_MAX, 64},
        {"claims a MB, holds zeros", NULL, "must be \\x93NUMPY", 1, 10000, 1000000, 1000000, 64},
        {"claims 900 MB that are allowed, holds zeros", NULL, "must be \\x93NUMPY", 1, 10000, 900000000,
         900000000, 1024},
        {"claims an array of a MB", NPY("|u1", "False", "(1000000,)"), "unpacks to more than the", 1, 10000,
         1000000, 1000000, 64},
        {"claims an array of 20 MB", NPY("|u1", "False", "(20000000,)"), "unpacks to more than the", 1, 10000,
         20000000, 20000000, 64},
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        struct bytes zip = {0}, directory = {0}, packed = {0}, header = {0};
        if (cases[k].header) add_header(&header, cases[k].header);
        make_zeros(&packed, cases[k].header ? &header : NULL, cases[k].n_mb);
        for (size_t i = 0; i < cases[k].n_members; i++) {
            char name[32];
            snprintf(name, sizeof name, "a%zu.npy", i);
            const uint32_t n_header = (uint32_t)header.n;
            const struct member m = {
                name, &packed, 8, 0, cases[k].n_local + n_header, cases[k].n_directory + n_header};
            add_member(&zip, &directory, &m);
        }
        end_zip(&zip, &directory, cases[k].n_members);
        put(&zip);
        const size_t n = zip.n;
        free(zip.p);
        free(packed.p);
        free(header.p);
        assert_true(n > 9 * 1000 * 1000 && n < 12 * 1000 * 1000);
        expect_cheap_refusal(cases[k].what, cases[k].max_mib * MIB, cases[k].message);
    }
}

/* An error's text must not pass on a terminal's commands from a name that it quotes. */
static void test_text_is_harmless(void **state) {
    (void)state;
    void *data = NULL;
    size_t n = 0;
    assert_int_equal(clsnn_file_read("/nowhere/\x1b[31m\r\x7f\x01", 1, &data, &n), CLSNN_E_IO);
    assert_non_null(strstr(clsnn_error_text(), "/nowhere/?[31m???: cannot be opened"));
    clsnn_error_clear();
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bombs, setup, teardown),
        cmocka_unit_test(test_text_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
