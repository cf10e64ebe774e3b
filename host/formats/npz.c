/* .npz archives: model files, checkpoints, replay's input and output. libarchive reads and writes the zip,
 * npy.c the members. Every member's CRC is verified. The zip's two lists of members (local headers, central
 * directory) must agree: otherwise damage could lose or rename an array unnoticed. */
#include "formats/npy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/fail.h"
#include "base/file.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are copied to and from little-endian files as they are: add byte swaps for this machine"
#endif

/* Deflate packs at most by this factor, so a member that claims more is refused. */
#define MAX_RATIO 1032
/* A higher level takes much time and saves little: weights are noise to deflate. */
#define DEFLATE_LEVEL "1"

void clsnn_npz_finish(struct clsnn_npz *npz) {
    if (!npz) return;
    for (size_t i = 0; i < npz->n_arrays; i++) free(npz->arrays[i].data);
    free(npz->arrays);
    *npz = (struct clsnn_npz){0};
}

/* Tells whether libarchive failed for lack of memory. libarchive does not always report it; errno then does.
 * So callers clear errno before they call libarchive. */
static bool is_out_of_memory(struct archive *a) {
    return archive_errno(a) == ENOMEM || (!archive_error_string(a) && errno == ENOMEM);
}

static enum clsnn_status archive_failed(struct archive *a, const char *path) {
    if (is_out_of_memory(a)) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to unpack it", path);
    const char *text = archive_error_string(a);
    if (!text) text = "it gives no reason";
    /* some of libarchive's texts end in a newline, which is cut off */
    return clsnn_fail(CLSNN_E_DATA, "%s: is damaged, or no zip archive of arrays: %.*s", path,
                      (int)strcspn(text, "\n"), text);
}

/* Opens a zip archive. Only libarchive's seekable zip reader is enabled: it follows the zip's directory, so
 * it knows every member's size beforehand. */
static enum clsnn_status open_zip(const char *path, const void *bytes, size_t n_bytes, struct archive **out) {
    struct archive *a = archive_read_new();
    if (!a) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to unpack it", path);
    int rc = archive_read_support_format_zip_seekable(a);
    if (rc == ARCHIVE_OK) rc = archive_read_open_memory(a, bytes, n_bytes);
    if (rc != ARCHIVE_OK) {
        const enum clsnn_status st = archive_failed(a, path);
        archive_read_free(a);
        return st;
    }
    *out = a;
    return CLSNN_OK;
}

/* Moves to the next member; *out_entry is NULL after the last. A warning of libarchive is a failure. */
static enum clsnn_status next_member(struct archive *a, const char *path, struct archive_entry **out_entry) {
    const int rc = archive_read_next_header(a, out_entry);
    if (rc == ARCHIVE_EOF) *out_entry = NULL;
    return rc == ARCHIVE_OK || rc == ARCHIVE_EOF ? CLSNN_OK : archive_failed(a, path);
}

/* Takes the array's name from the member's, without ".npy". A name is printable ASCII without quotes, because
 * messages show it. */
static enum clsnn_status member_name(struct archive_entry *entry, const char *path,
                                     char name[CLSNN_NPZ_NAME]) {
    const char *full = archive_entry_pathname(entry);
    size_t n = full ? strlen(full) : 0;
    for (size_t i = 0; i < n; i++)
        if (full[i] < ' ' || full[i] > '~' || full[i] == '\'') n = 0;
    if (!n) return clsnn_fail(CLSNN_E_DATA, "%s: a member's name is empty or not plain ASCII", path);
    if (n < 5 || strcmp(full + n - 4, ".npy"))
        return clsnn_fail(CLSNN_E_DATA, "%s: member '%.80s': must be an array, NAME.npy", path, full);
    if (n - 4 >= CLSNN_NPZ_NAME)
        return clsnn_fail(CLSNN_E_DATA, "%s: member '%.80s': name of %zu characters: at most %d are accepted",
                          path, full, n - 4, CLSNN_NPZ_NAME - 1);
    memcpy(name, full, n - 4);
    name[n - 4] = '\0';
    return CLSNN_OK;
}

/* One member in the zip's directory. */
struct entry {
    const unsigned char *name; /* [n_name] into the file's bytes, without a final zero */
    size_t n_name, n_unpacked;
};

/* The zip's directory. */
struct directory {
    struct entry entries[CLSNN_NPZ_MAX_ARRAYS];
    size_t n_entries;
};

static size_t get_u16(const unsigned char *p) {
    return (size_t)p[0] | (size_t)p[1] << 8;
}

static size_t get_u32(const unsigned char *p) {
    return get_u16(p) | get_u16(p + 2) << 16;
}

static enum clsnn_status bad_directory(const char *path, const char *what) {
    return clsnn_fail(CLSNN_E_DATA, "%s: is damaged, or no zip archive of arrays: its directory %s", path,
                      what);
}

/* Reads the zip's directory before anything is unpacked. It must be whole, and its members must unpack to at
 * most max_bytes together. libarchive does not check this: it takes names from the members' own headers and
 * stops without an error where the directory is broken. Source: PKWARE's APPNOTE, 4.3.12 and 4.3.16. */
static enum clsnn_status read_directory(const char *path, const unsigned char *bytes, size_t n_bytes,
                                        size_t max_bytes, struct directory *out) {
    uint64_t n_unpacked = 0;
    if (n_bytes == 0)
        return clsnn_fail(CLSNN_E_DATA, "%s: is empty, no zip archive of arrays: save or fetch it again",
                          path);
    size_t end = n_bytes < 22 ? 0 : n_bytes - 22; /* place of the end record; a comment may follow it */
    while (end && (memcmp(bytes + end, "PK\5\6", 4) || get_u16(bytes + end + 20) != n_bytes - end - 22))
        end--;
    if (n_bytes < 22 || memcmp(bytes + end, "PK\5\6", 4) || get_u16(bytes + end + 20) != n_bytes - end - 22)
        return bad_directory(path, "has no end record");
    const size_t n_entries = get_u16(bytes + end + 10), offset = get_u32(bytes + end + 16);
    if (n_entries > CLSNN_NPZ_MAX_ARRAYS)
        return clsnn_fail(CLSNN_E_DATA, "%s: %zu arrays: at most %d are accepted", path, n_entries,
                          CLSNN_NPZ_MAX_ARRAYS);
    if (offset > end || get_u32(bytes + end + 12) != end - offset)
        return bad_directory(path, "is not where its end record says");
    const unsigned char *p = bytes + offset;
    size_t left = end - offset;
    for (size_t i = 0; i < n_entries; i++) {
        if (left < 46 || memcmp(p, "PK\1\2", 4)) return bad_directory(path, "ends too early");
        const size_t n_name = get_u16(p + 28), n = 46 + n_name + get_u16(p + 30) + get_u16(p + 32);
        if (left < n) return bad_directory(path, "ends too early");
        /* libarchive reads flags and method from the member's own header only */
        const size_t flags = get_u16(p + 8), method = get_u16(p + 10);
        if (flags & 0x41 || (method != 0 && method != 8))
            return clsnn_fail(
                CLSNN_E_DATA,
                "%s: member %zu is encrypted, or packed by method %zu: must be stored or deflated", path,
                i + 1, method);
        out->entries[i] = (struct entry){p + 46, n_name, get_u32(p + 24)};
        n_unpacked += get_u32(p + 24);
        p += n;
        left -= n;
    }
    if (left) return bad_directory(path, "has a wrong length");
    if (n_unpacked > max_bytes)
        return clsnn_fail(CLSNN_E_DATA, "%s: unpacks to %llu bytes: at most %zu in all are accepted", path,
                          (unsigned long long)n_unpacked, max_bytes);
    out->n_entries = n_entries;
    return CLSNN_OK;
}

/* Unpacks until bytes holds n_want bytes or the member ends. *got: bytes so far. */
static enum clsnn_status unpack(struct archive *a, const char *path, unsigned char *bytes, size_t n_want,
                                size_t *got) {
    while (*got < n_want) {
        const la_ssize_t n = archive_read_data(a, bytes + *got, n_want - *got);
        if (n < 0) return archive_failed(a, path);
        if (n == 0) break;
        *got += (size_t)n;
    }
    return CLSNN_OK;
}

/* Unpacks and parses the current member. listed: the member in the directory. n_file: the file's bytes, which
 * limit the bytes that a member can unpack to. */
static enum clsnn_status read_member(struct archive *a, struct archive_entry *entry, const char *path,
                                     size_t n_file, const struct entry *listed, struct clsnn_array *out) {
    enum clsnn_status st = CLSNN_OK;
    unsigned char *bytes = NULL;
    struct clsnn_array array = {.n_dims = 0};
    char name[CLSNN_NPZ_NAME], label[512];
    size_t got = 0, offset = 0;
    char *why = NULL;

    TRY(member_name(entry, path, name));
    /* libarchive knows other methods too (lzma, ppmd), with which a small file can demand gigabytes of
     * tables. */
    const char *format = archive_format_name(a);
    if (!format || (!strstr(format, "(deflation)") && !strstr(format, "(uncompressed)")))
        return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': packed as %s: must be stored or deflated", path,
                          name, format ? format : "nothing known");
    if (archive_entry_filetype(entry) != AE_IFREG || !archive_entry_size_is_set(entry) ||
        archive_entry_size(entry) < 0)
        return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': must be a regular file of known size in the archive",
                          path, name);
    const uint64_t announced = (uint64_t)archive_entry_size(entry);
    const size_t n_name = strlen(name), size = listed->n_unpacked;
    if (announced != size || listed->n_name != n_name + 4 || memcmp(listed->name, name, n_name) ||
        memcmp(listed->name + n_name, ".npy", 4))
        return clsnn_fail(CLSNN_E_DATA, "%s: is damaged: its zip directory and array '%s' disagree", path,
                          name);
    if (size / MAX_RATIO > n_file)
        return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': %zu bytes cannot come from a file of %zu", path,
                          name, size, n_file);
    /* The header is checked first: a member that does not begin as an array of its size is not worth
     * unpacking. */
    const size_t n_begin = size < NPY_HEADER_END ? size : NPY_HEADER_END;
    bytes = malloc(n_begin + 1);
    if (!bytes)
        return clsnn_fail(CLSNN_E_MEMORY, "%s: array '%s': no memory for %zu bytes", path, name, n_begin);
    snprintf(label, sizeof label, "%s: array '%s'", path, name);
    TRY(unpack(a, path, bytes, n_begin, &got));
    bool other = false;
    st = clsnn_npy_header_parse(bytes, got, size, label, &array, &offset, &other);
    if (st != CLSNN_OK && !other) goto fail;
    if (other) {
        why = strdup(clsnn_error_text());
        clsnn_error_clear();
        if (!why) {
            st = clsnn_no_memory(path);
            goto fail;
        }
        array = (struct clsnn_array){.dtype = CLSNN_OTHER};
    }
    unsigned char *grown = realloc(bytes, size + 1);
    if (!grown) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: array '%s': no memory for %zu bytes", path, name, size);
        goto fail;
    }
    bytes = grown;
    /* Asks for one byte more than announced. This notices a longer member and always reaches the member's
     * end, where libarchive compares the CRC. */
    TRY(unpack(a, path, bytes, size + 1, &got));
    if (got != size) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: array '%s': unpacks to %s than the %zu bytes announced", path,
                        name, got < size ? "less" : "more", size);
        goto fail;
    }
    /* Moves the data over the header, which saves a second copy of a large array. */
    if (!other) memmove(bytes, bytes + offset, got - offset);
    memcpy(array.name, name, sizeof array.name);
    array.data = other ? (void *)why : bytes;
    if (other) free(bytes);
    *out = array;
    return CLSNN_OK;
fail:
    free(bytes);
    free(why);
    return st;
}

enum clsnn_status clsnn_npz_parse(const void *bytes, size_t n_bytes, const char *path, size_t max_bytes,
                                  struct clsnn_npz *out) {
    enum clsnn_status st = CLSNN_OK;
    struct archive *a = NULL;
    struct archive_entry *entry = NULL;
    struct clsnn_npz npz = {0};
    struct directory directory = {.n_entries = 0};

    TRY(read_directory(path, bytes, n_bytes, max_bytes, &directory));
    npz.arrays = calloc(directory.n_entries + 1, sizeof *npz.arrays); /* never of 0 bytes */
    if (!npz.arrays) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for the list of arrays", path);
        goto fail;
    }
    errno = 0; /* see is_out_of_memory */
    TRY(open_zip(path, bytes, n_bytes, &a));
    for (;;) {
        TRY(next_member(a, path, &entry));
        if (!entry || npz.n_arrays == directory.n_entries) break;
        struct clsnn_array *next = &npz.arrays[npz.n_arrays];
        TRY(read_member(a, entry, path, n_bytes, &directory.entries[npz.n_arrays], next));
        npz.n_arrays++;
        for (size_t i = 0; i + 1 < npz.n_arrays; i++) {
            if (strcmp(npz.arrays[i].name, next->name)) continue;
            st = clsnn_fail(CLSNN_E_DATA, "%s: array '%s' is there twice", path, next->name);
            goto fail;
        }
    }
    if (entry || npz.n_arrays != directory.n_entries) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: is damaged: its zip directory lists %zu arrays, %s were found",
                        path, directory.n_entries, entry ? "more" : "fewer");
        goto fail;
    }
    archive_read_free(a);
    *out = npz;
    return CLSNN_OK;
fail:
    archive_read_free(a);
    clsnn_npz_finish(&npz);
    return st;
}

enum clsnn_status clsnn_npz_read(const char *path, size_t max_bytes, struct clsnn_npz *out) {
    void *bytes = NULL;
    size_t n_bytes = 0;
    /* A packed file may be a little larger than its members. */
    const size_t slack = max_bytes / 1000 + (1 << 20);
    enum clsnn_status st =
        clsnn_file_read(path, max_bytes < SIZE_MAX - slack ? max_bytes + slack : SIZE_MAX, &bytes, &n_bytes);
    if (st == CLSNN_OK) st = clsnn_npz_parse(bytes, n_bytes, path, max_bytes, out);
    free(bytes);
    return st;
}

enum clsnn_status clsnn_npz_get(const struct clsnn_npz *npz, const char *label, const char *name,
                                enum clsnn_dtype dtype, int n_dims, const size_t *shape,
                                const struct clsnn_array **out) {
    char wanted[NPY_TEXT], found[NPY_TEXT], names[256] = "";
    size_t at = 0;
    for (size_t i = 0; i < npz->n_arrays; i++) {
        const struct clsnn_array *a = &npz->arrays[i];
        if (strcmp(a->name, name)) {
            if (at < sizeof names) at += (size_t)snprintf(names + at, sizeof names - at, " %s", a->name);
            continue;
        }
        if (a->dtype == CLSNN_OTHER) return clsnn_fail(CLSNN_E_DATA, "%s", (const char *)a->data);
        bool same = a->dtype == dtype && a->n_dims == n_dims;
        for (int d = 0; same && d < n_dims; d++) same = !shape[d] || shape[d] == a->shape[d];
        if (!same)
            return clsnn_fail(CLSNN_E_DATA, "%s: array '%s': %s: must be %s", label, name,
                              clsnn_array_text(a->dtype, a->n_dims, a->shape, 0, found),
                              clsnn_array_text(dtype, n_dims, shape, 1, wanted));
        *out = a;
        return CLSNN_OK;
    }
    return clsnn_fail(CLSNN_E_DATA, "%s: array '%s' is missing: must be %s; there are:%s", label, name,
                      clsnn_array_text(dtype, n_dims, shape, 1, wanted), npz->n_arrays ? names : " none");
}

/* The archive in memory, until it is complete. */
struct sink {
    unsigned char *data;
    size_t n_bytes, capacity;
};

static la_ssize_t sink_write(struct archive *a, void *user, const void *data, size_t n_bytes) {
    struct sink *s = user;
    if (n_bytes > s->capacity - s->n_bytes) {
        const size_t need = s->n_bytes + n_bytes;
        const size_t capacity = need < SIZE_MAX / 2 ? need + need / 2 + 4096 : 0;
        unsigned char *grown = capacity ? realloc(s->data, capacity) : NULL;
        if (!grown) {
            archive_set_error(a, ENOMEM, "no memory for an archive of %zu bytes", need);
            return -1;
        }
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->n_bytes, data, n_bytes);
    s->n_bytes += n_bytes;
    return (la_ssize_t)n_bytes;
}

/* Checks the caller's arrays, so that every file that is written can be read back. */
static enum clsnn_status check_arrays(const char *path, const struct clsnn_array *arrays, size_t n_arrays) {
    if (!n_arrays || n_arrays > CLSNN_NPZ_MAX_ARRAYS)
        return clsnn_fail(CLSNN_E_FAILED, "%s: %zu arrays: must be 1 to %d", path, n_arrays,
                          CLSNN_NPZ_MAX_ARRAYS);
    for (size_t i = 0; i < n_arrays; i++) {
        const struct clsnn_array *a = &arrays[i];
        bool good = memchr(a->name, 0, CLSNN_NPZ_NAME) && a->name[0];
        for (const char *p = a->name; good && *p; p++) good = *p >= ' ' && *p <= '~' && *p != '\'';
        for (size_t j = 0; good && j < i; j++) good = strcmp(arrays[j].name, a->name) != 0;
        if (!good)
            return clsnn_fail(
                CLSNN_E_FAILED,
                "%s: array %zu: its name must be ASCII without quotes, not empty, and used once", path, i);
        if (a->dtype >= CLSNN_OTHER)
            return clsnn_fail(CLSNN_E_FAILED, "%s: array '%s': has a type that cannot be written", path,
                              a->name);
        if (a->n_dims < 0 || a->n_dims > CLSNN_NPZ_MAX_DIMS || (!a->data && clsnn_array_count(a)))
            return clsnn_fail(CLSNN_E_FAILED,
                              "%s: array '%s': %d dimensions: must be 0 to %d, and data must not be NULL",
                              path, a->name, a->n_dims, CLSNN_NPZ_MAX_DIMS);
    }
    return CLSNN_OK;
}

/* Writes one member. It sets no time stamp: libarchive then writes 1980-01-01 in every time zone. */
static int write_member(struct archive *a, const struct clsnn_array *array) {
    char header[256], name[CLSNN_NPZ_NAME + 4];
    const size_t n_header = clsnn_npy_header_print(array, header);
    const size_t n_data = clsnn_array_count(array) * clsnn_dtype_bytes(array->dtype);
    int rc = ARCHIVE_FATAL;
    struct archive_entry *entry = archive_entry_new2(a);
    if (!entry) {
        archive_set_error(a, ENOMEM, "no memory for a member");
        return rc;
    }
    snprintf(name, sizeof name, "%s.npy", array->name);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)(n_header + n_data));
    rc = archive_write_header(a, entry);
    archive_entry_free(entry);
    if (rc != ARCHIVE_OK) return rc;
    if (archive_write_data(a, header, n_header) != (la_ssize_t)n_header) return ARCHIVE_FATAL;
    if (n_data && archive_write_data(a, array->data, n_data) != (la_ssize_t)n_data) return ARCHIVE_FATAL;
    return archive_write_finish_entry(a);
}

enum clsnn_status clsnn_npz_pack(const char *path, const struct clsnn_array *arrays, size_t n_arrays,
                                 enum clsnn_packing packing, unsigned char **out_bytes, size_t *out_n_bytes) {
    enum clsnn_status st = CLSNN_OK;
    struct sink sink = {0};
    struct archive *a = NULL;
    TRY(check_arrays(path, arrays, n_arrays));
    errno = 0; /* see is_out_of_memory */
    a = archive_write_new();
    if (!a) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to pack it", path);
        goto fail;
    }
    int rc = archive_write_set_format_zip(a);
    if (rc == ARCHIVE_OK)
        rc = archive_write_set_options(
            a, packing == CLSNN_NPZ_STORED ? "zip:compression=store"
                                           : "zip:compression=deflate,zip:compression-level=" DEFLATE_LEVEL);
    if (rc == ARCHIVE_OK) rc = archive_write_set_bytes_in_last_block(a, 1); /* no padding after the zip */
    if (rc == ARCHIVE_OK) rc = archive_write_open(a, &sink, NULL, sink_write, NULL);
    for (size_t i = 0; rc == ARCHIVE_OK && i < n_arrays; i++) rc = write_member(a, &arrays[i]);
    if (rc == ARCHIVE_OK) rc = archive_write_close(a);
    if (rc != ARCHIVE_OK) {
        st = is_out_of_memory(a) ? clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to pack it", path)
                                 : clsnn_fail(CLSNN_E_FAILED, "%s: cannot be packed: %s", path,
                                              archive_error_string(a) ? archive_error_string(a)
                                                                      : "libarchive gives no reason");
        goto fail;
    }
    if (sink.n_bytes >= UINT32_MAX) {
        st = clsnn_fail(CLSNN_E_FAILED,
                        "%s: %zu bytes packed: must be below 4 GiB: put fewer networks into one file", path,
                        sink.n_bytes);
        goto fail;
    }
    archive_write_free(a);
    *out_bytes = sink.data;
    *out_n_bytes = sink.n_bytes;
    return CLSNN_OK;
fail:
    archive_write_free(a); /* may still write to sink, so sink.data is freed after it */
    free(sink.data);
    return st;
}

enum clsnn_status clsnn_npz_write(const char *path, const struct clsnn_array *arrays, size_t n_arrays) {
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    enum clsnn_status st = clsnn_npz_pack(path, arrays, n_arrays, CLSNN_NPZ_DEFLATED, &bytes, &n_bytes);
    if (st == CLSNN_OK) st = clsnn_file_write(path, bytes, n_bytes);
    free(bytes);
    return st;
}
