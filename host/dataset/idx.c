/* IDX files, gzip or plain, to and from memory: the data set's one door to zlib. A file's header is read
 * first and bounds the unpacking, so no memory is spent on an unchecked claim. */
#include "dataset/idx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/file_kind.h"

#define INPUT_BYTES ((size_t)64 << 10)
#define PAGE_BYTES  ((size_t)4096)

static size_t header_bytes(enum clsnn_idx_kind kind) {
    return kind == CLSNN_IDX_PIXELS ? 16 : 8;
}

static uint32_t big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Refuses a header that is not the wanted kind's, and says what the file is instead. */
static enum clsnn_status refuse_magic(const char *label, const char *what, const uint8_t *p, size_t n_bytes,
                                      uint32_t want) {
    static const struct {
        uint8_t type;
        const char *name;
    } types[] = {{0x08, "unsigned bytes"},  {0x09, "signed bytes"}, {0x0b, "2-byte integers"},
                 {0x0c, "4-byte integers"}, {0x0d, "floats"},       {0x0e, "doubles"}};
    const uint32_t magic = big_endian(p);
    const char *kind = clsnn_file_kind(p, n_bytes);
    if (magic == (0x803u ^ 0x801u ^ want))
        return clsnn_fail(CLSNN_E_DATA, "%s: holds %s, must hold %s: images and labels are swapped", label,
                          want == 0x803u ? "labels" : "images", what);
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (p[0] == 0 && p[1] == 0 && p[2] == types[k].type)
            return clsnn_fail(CLSNN_E_DATA,
                              "%s: an IDX file of %s in %u dimensions: %s must be unsigned bytes in %u",
                              label, types[k].name, p[3], what, want & 0xff);
    if (kind)
        return clsnn_fail(CLSNN_E_DATA, "%s: must be an IDX file of %s, plain or packed by gzip; is %s",
                          label, what, kind);
    return clsnn_fail(CLSNN_E_DATA, "%s: magic number of the %s 0x%08x: must be 0x%08x, an IDX file's", label,
                      what, magic, want);
}

enum clsnn_status clsnn_images_check(const char *label, uint64_t n, uint64_t height, uint64_t width) {
    if (height < 1 || height > CLSNN_MAX_SIDE || width < 1 || width > CLSNN_MAX_SIDE)
        return clsnn_fail(CLSNN_E_DATA, "%s: images of %llu x %llu pixels: must be in [1, %d] x [1, %d]",
                          label, (unsigned long long)height, (unsigned long long)width, CLSNN_MAX_SIDE,
                          CLSNN_MAX_SIDE);
    if (n * height * width > CLSNN_MAX_PIXELS)
        return clsnn_fail(CLSNN_E_DATA, "%s: %llu images of %llu x %llu: must be at most %zu pixels in all",
                          label, (unsigned long long)n, (unsigned long long)height, (unsigned long long)width,
                          CLSNN_MAX_PIXELS);
    return CLSNN_OK;
}

/* Checks the header in the first n_bytes of a file. *out_file_bytes: the whole file's size by its header. */
static enum clsnn_status check_header(enum clsnn_idx_kind kind, const uint8_t *p, size_t n_bytes,
                                      const char *label, uint32_t *out_items, size_t *out_file_bytes) {
    bool images = kind == CLSNN_IDX_PIXELS;
    const char *what = images ? "images" : "labels";
    uint32_t want = images ? 0x803u : 0x801u;
    if (n_bytes >= 4 && big_endian(p) != want) return refuse_magic(label, what, p, n_bytes, want);
    if (n_bytes < header_bytes(kind))
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: %zu bytes of %s: an IDX header alone has %zu; the file is truncated", label,
                          n_bytes, what, header_bytes(kind));
    uint32_t n = big_endian(p + 4);
    if (n == 0 || n > CLSNN_MAX_IMAGES)
        return clsnn_fail(CLSNN_E_DATA, "%s: header claims %u %s: must be in [1, %u]", label, n, what,
                          CLSNN_MAX_IMAGES);
    const uint32_t height = images ? big_endian(p + 8) : 1, width = images ? big_endian(p + 12) : 1;
    const enum clsnn_status st = clsnn_images_check(label, n, height, width);
    if (st != CLSNN_OK) return st;
    *out_items = n;
    *out_file_bytes = header_bytes(kind) + (size_t)n * height * width;
    return CLSNN_OK;
}

static enum clsnn_status check_size(const char *label, const char *what, uint32_t n, size_t found,
                                    size_t wanted) {
    if (found == wanted) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_DATA, "%s: %zu bytes for %u %s: must be %zu; %s", label, found, n, what, wanted,
                      found < wanted ? "the file is truncated" : "something follows the data");
}

void clsnn_images_finish(struct clsnn_images *m) {
    free(m->pixels);
    free(m->labels);
    memset(m, 0, sizeof *m);
}

enum clsnn_status clsnn_images_create(uint32_t n, uint32_t height, uint32_t width, bool labelled,
                                      struct clsnn_images *out) {
    void *pixels = NULL;
    size_t n_bytes = (size_t)n * height * width;
    uint8_t *labels = labelled ? malloc(n) : NULL;
    if ((labelled && !labels) || posix_memalign(&pixels, PAGE_BYTES, n_bytes) != 0) {
        free(labels);
        return clsnn_fail(CLSNN_E_MEMORY, "images: %zu bytes", n_bytes + n);
    }
    *out = (struct clsnn_images){
        .n_images = n, .pixels = pixels, .labels = labels, .height = height, .width = width};
    return CLSNN_OK;
}

enum clsnn_status clsnn_idx_parse(const void *images, size_t images_bytes, const void *labels,
                                  size_t labels_bytes, const char *label, struct clsnn_images *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_images made = {0};
    uint32_t n = 0, n_labels = 0;
    size_t want = 0, want_labels = 0;
    const uint8_t *pixels = images, *values = labels;
    TRY(check_header(CLSNN_IDX_PIXELS, images, images_bytes, label, &n, &want));
    TRY(check_size(label, "images", n, images_bytes, want));
    if (values) {
        TRY(check_header(CLSNN_IDX_LABELS, values, labels_bytes, label, &n_labels, &want_labels));
        TRY(check_size(label, "labels", n_labels, labels_bytes, want_labels));
        if (n != n_labels)
            return clsnn_fail(CLSNN_E_DATA, "%s: %u images but %u labels: must be as many", label, n,
                              n_labels);
    }
    const size_t n_header = header_bytes(CLSNN_IDX_PIXELS);
    TRY(clsnn_images_create(n, big_endian(pixels + 8), big_endian(pixels + 12), values != NULL, &made));
    memcpy(made.pixels, pixels + n_header, want - n_header);
    if (values) memcpy(made.labels, values + header_bytes(CLSNN_IDX_LABELS), n);
    *out = made;
fail:
    return st;
}

/* A file on its way into memory. data grows as bytes arrive: a header's claim alone allocates nothing. */
struct unpacking {
    const char *path; /* borrowed */
    enum clsnn_idx_kind kind;
    bool header_seen;
    uint8_t *data;
    size_t n_bytes, capacity, max_bytes;
};

static enum clsnn_status grow(struct unpacking *u) {
    size_t capacity = u->capacity ? 2 * u->capacity : INPUT_BYTES;
    if (capacity > u->max_bytes) capacity = u->max_bytes + 1; /* one byte more shows an excess */
    uint8_t *data = realloc(u->data, capacity);
    if (!data) return clsnn_fail(CLSNN_E_MEMORY, "%s: %zu bytes", u->path, capacity);
    u->data = data;
    u->capacity = capacity;
    return CLSNN_OK;
}

/* Runs whenever bytes were added: checks the IDX header once complete, and refuses bytes beyond its claim. */
static enum clsnn_status check_progress(struct unpacking *u) {
    enum clsnn_status st = CLSNN_OK;
    if (u->kind != CLSNN_IDX_ANY && !u->header_seen && u->n_bytes >= header_bytes(u->kind)) {
        uint32_t n = 0;
        size_t want = 0;
        TRY(check_header(u->kind, u->data, u->n_bytes, u->path, &n, &want));
        u->header_seen = true;
        if (want < u->max_bytes) u->max_bytes = want;
    }
    if (u->n_bytes > u->max_bytes)
        st = clsnn_fail(
            CLSNN_E_DATA, "%s: holds more than %zu bytes, %s: the file is damaged or of another kind",
            u->path, u->max_bytes, u->header_seen ? "which is what its header claims" : "the most allowed");
fail:
    return st;
}

static enum clsnn_status read_some(int fd, const char *path, uint8_t *to, size_t n_bytes, size_t *out_got) {
    ssize_t got;
    do got = read(fd, to, n_bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0) return clsnn_fail(CLSNN_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    *out_got = (size_t)got;
    return CLSNN_OK;
}

/* Unpacks a gzip file: one or more members, each with its own checksum, and nothing after them. */
static enum clsnn_status inflate_file(int fd, struct unpacking *u, uint8_t *input, size_t n_input) {
    enum clsnn_status st = CLSNN_OK;
    z_stream z = {0};
    if (inflateInit2(&z, 15 + 16) != Z_OK) return clsnn_fail(CLSNN_E_MEMORY, "%s: zlib's inflate", u->path);
    bool in_member = true;
    z.next_in = input;
    z.avail_in = (uInt)n_input;
    for (;;) {
        if (z.avail_in == 0) {
            size_t got = 0;
            TRY(read_some(fd, u->path, input, INPUT_BYTES, &got));
            if (got == 0) break;
            z.next_in = input;
            z.avail_in = (uInt)got;
        }
        if (!in_member) {
            if (*z.next_in != 0x1f) {
                st = clsnn_fail(CLSNN_E_DATA, "%s: something follows the gzip data", u->path);
                goto fail;
            }
            inflateReset(&z);
            in_member = true;
        }
        if (u->n_bytes == u->capacity) TRY(grow(u));
        /* Pieces of at most 1 MiB: check_progress stops a bomb before it fills much memory. */
        size_t room = u->capacity - u->n_bytes;
        z.next_out = u->data + u->n_bytes;
        z.avail_out = (uInt)(room < ((size_t)1 << 20) ? room : (size_t)1 << 20);
        int rc = inflate(&z, Z_NO_FLUSH);
        u->n_bytes = (size_t)(z.next_out - u->data);
        if (rc == Z_MEM_ERROR) {
            st = clsnn_fail(CLSNN_E_MEMORY, "%s: zlib's inflate", u->path);
            goto fail;
        }
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            st = clsnn_fail(CLSNN_E_DATA,
                            "%s: corrupt gzip data after %zu unpacked bytes: %s; fetch the file again",
                            u->path, u->n_bytes, z.msg ? z.msg : "unknown cause");
            goto fail;
        }
        TRY(check_progress(u));
        if (rc == Z_STREAM_END) in_member = false;
    }
    if (in_member)
        st = clsnn_fail(CLSNN_E_DATA,
                        "%s: truncated gzip data: ends after %zu unpacked bytes; fetch the file again",
                        u->path, u->n_bytes);
fail:
    inflateEnd(&z);
    return st;
}

static enum clsnn_status copy_file(int fd, struct unpacking *u, const uint8_t *input, size_t n_input) {
    enum clsnn_status st = CLSNN_OK;
    TRY(grow(u));
    if (n_input > u->capacity) n_input = u->capacity; /* too long: check_progress refuses it */
    if (n_input) memcpy(u->data, input, n_input);
    for (u->n_bytes = n_input;;) {
        TRY(check_progress(u));
        if (u->n_bytes == u->capacity) TRY(grow(u));
        size_t got = 0;
        TRY(read_some(fd, u->path, u->data + u->n_bytes, u->capacity - u->n_bytes, &got));
        if (got == 0) break;
        u->n_bytes += got;
    }
fail:
    return st;
}

enum clsnn_status clsnn_idx_read(const char *path, enum clsnn_idx_kind kind, size_t max_bytes,
                                 void **out_data, size_t *out_bytes) {
    enum clsnn_status st = CLSNN_OK;
    struct unpacking u = {.path = path, .kind = kind, .max_bytes = max_bytes};
    uint8_t *input = NULL;
    struct stat info;
    size_t got = 0, n_input = 0;
    /* O_NONBLOCK: opening a pipe without a writer must not wait; the pipe is refused below. */
    int fd;
    do fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    if (fd < 0) return clsnn_fail(CLSNN_E_IO, "%s: cannot be opened for reading: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be examined: %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        st = clsnn_fail(CLSNN_E_IO, "%s: is not a regular file", path);
        goto fail;
    }
    input = malloc(INPUT_BYTES);
    if (!input) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: %zu bytes", path, INPUT_BYTES);
        goto fail;
    }
    do {
        TRY(read_some(fd, path, input + n_input, INPUT_BYTES - n_input, &got));
        n_input += got;
    } while (got && n_input < INPUT_BYTES);
    bool gzip = n_input >= 2 && input[0] == 0x1f && input[1] == 0x8b;
    TRY(gzip ? inflate_file(fd, &u, input, n_input) : copy_file(fd, &u, input, n_input));
    if (!u.data) TRY(grow(&u)); /* *out_data is never NULL on success */
    *out_data = u.data;
    *out_bytes = u.n_bytes;
    u.data = NULL;
fail:
    free(input);
    free(u.data);
    close(fd);
    return st;
}

enum clsnn_status clsnn_gzip_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes) {
    return clsnn_idx_read(path, CLSNN_IDX_ANY, max_bytes, out_data, out_bytes);
}

static void put_big_endian(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* The data alone decide the bytes: the gzip header has no time, no name, and an unknown operating system. */
static enum clsnn_status write_packed(const char *path, const uint8_t *header, size_t n_header,
                                      const uint8_t *data, size_t n_data) {
    enum clsnn_status st = CLSNN_OK;
    gz_header plain = {.os = 255};
    z_stream z = {0};
    uint8_t *packed = NULL;
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return clsnn_fail(CLSNN_E_MEMORY, "%s: zlib's deflate", path);
    deflateSetHeader(&z, &plain);
    size_t room = deflateBound(&z, (uLong)(n_header + n_data)) + 64;
    packed = malloc(room);
    if (!packed) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: %zu bytes", path, room);
        goto fail;
    }
    z.next_out = packed;
    z.avail_out = (uInt)room;
    z.next_in = header;
    z.avail_in = (uInt)n_header;
    int rc = deflate(&z, Z_NO_FLUSH);
    if (rc == Z_OK) {
        z.next_in = data;
        z.avail_in = (uInt)n_data;
        rc = deflate(&z, Z_FINISH);
    }
    if (rc != Z_STREAM_END) {
        st = clsnn_fail(CLSNN_E_FAILED, "%s: zlib's deflate returned %d", path, rc);
        goto fail;
    }
    TRY(clsnn_file_write(path, packed, (size_t)(z.next_out - packed)));
fail:
    deflateEnd(&z);
    free(packed);
    return st;
}

enum clsnn_status clsnn_idx_write_images(const char *path, const struct clsnn_images *m) {
    uint8_t header[16];
    put_big_endian(header, 0x803u);
    put_big_endian(header + 4, m->n_images);
    put_big_endian(header + 8, m->height);
    put_big_endian(header + 12, m->width);
    return write_packed(path, header, sizeof header, m->pixels, (size_t)m->n_images * m->height * m->width);
}

enum clsnn_status clsnn_idx_write_labels(const char *path, const struct clsnn_images *m) {
    uint8_t header[8];
    put_big_endian(header, 0x801u);
    put_big_endian(header + 4, m->n_images);
    return write_packed(path, header, sizeof header, m->labels, m->n_images);
}
