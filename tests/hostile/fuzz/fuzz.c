/* The shared half of the fuzz targets, and stand-ins for functions of the device: no target opens one. */
#include "fuzz.h"
#include "device/program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

#include "base/fail.h"
#include "device/network.h"
#include "options/options_render.h"
#include "commands/session.h"

/* Stand-ins for functions of the device (-Wl,--wrap). With them a command ends where its reading ends. */

enum clsnn_status __wrap_clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o,
                                            const struct clsnn_options *runs, size_t n_runs);
enum clsnn_status __wrap_clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o,
                                            const struct clsnn_options *runs, size_t n_runs) {
    (void)o, (void)runs, (void)n_runs;
    memset(s, 0, sizeof *s);
    return clsnn_fail(CLSNN_E_NO_DEVICE, "no device under a fuzzer");
}

void __wrap_clsnn_session_close(struct clsnn_session *s);
void __wrap_clsnn_session_close(struct clsnn_session *s) {
    (void)s;
}

enum clsnn_status __wrap_clsnn_session_choose(struct clsnn_progress_line *progress,
                                              const struct clsnn_options *o, uint64_t networks,
                                              uint32_t neurons, struct clsnn_device_info **out,
                                              size_t *out_n);
enum clsnn_status __wrap_clsnn_session_choose(struct clsnn_progress_line *progress,
                                              const struct clsnn_options *o, uint64_t networks,
                                              uint32_t neurons, struct clsnn_device_info **out,
                                              size_t *out_n) {
    (void)progress, (void)o, (void)networks, (void)neurons;
    *out = NULL;
    *out_n = 1;
    return CLSNN_OK;
}

enum clsnn_status __wrap_clsnn_session_device(const struct clsnn_options *o,
                                              const struct clsnn_device_info *info,
                                              struct clsnn_device **out);
enum clsnn_status __wrap_clsnn_session_device(const struct clsnn_options *o,
                                              const struct clsnn_device_info *info,
                                              struct clsnn_device **out) {
    (void)o, (void)info;
    struct clsnn_device *dev = calloc(1, sizeof *dev);
    if (!dev) return clsnn_fail(CLSNN_E_MEMORY, "device: no memory");
    *out = dev;
    return CLSNN_OK;
}

enum clsnn_status __wrap_clsnn_program_create_for(struct clsnn_device *dev, enum clsnn_program_kind kind,
                                                  int work_group, uint32_t n_pre, struct clsnn_program **out);
enum clsnn_status __wrap_clsnn_program_create_for(struct clsnn_device *dev, enum clsnn_program_kind kind,
                                                  int work_group, uint32_t n_pre,
                                                  struct clsnn_program **out) {
    (void)dev, (void)kind, (void)work_group;
    struct clsnn_program *prog = calloc(1, sizeof *prog);
    if (!prog) return clsnn_fail(CLSNN_E_MEMORY, "program: no memory");
    prog->n_pre = n_pre;
    *out = prog;
    return CLSNN_OK;
}

enum clsnn_status __wrap_clsnn_network_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                              const struct clsnn_model *model, const uint64_t *seeds,
                                              int n_batch, int n_post, struct clsnn_network **out);
enum clsnn_status __wrap_clsnn_network_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                              const struct clsnn_model *model, const uint64_t *seeds,
                                              int n_batch, int n_post, struct clsnn_network **out) {
    (void)dev, (void)prog, (void)model, (void)seeds, (void)n_batch, (void)n_post, (void)out;
    return clsnn_fail(CLSNN_E_NO_DEVICE, "no device under a fuzzer");
}

struct buffer {
    size_t n_bytes;
    unsigned char bytes[];
};
size_t fuzz_buffer_writes;

cl_mem fuzz_buffer(size_t n_bytes) {
    struct buffer *b = calloc(1, sizeof *b + n_bytes);
    FUZZ_CHECK(b);
    b->n_bytes = n_bytes;
    return (cl_mem)b;
}

static unsigned char *part(cl_mem buffer, size_t offset, size_t n_bytes) {
    struct buffer *b = (struct buffer *)buffer;
    FUZZ_CHECK(b && offset <= b->n_bytes && n_bytes <= b->n_bytes - offset);
    return b->bytes + offset;
}

enum clsnn_status __wrap_clsnn_buffer_read(struct clsnn_device *dev, cl_mem from, size_t offset,
                                           size_t n_bytes, void *to);
enum clsnn_status __wrap_clsnn_buffer_read(struct clsnn_device *dev, cl_mem from, size_t offset,
                                           size_t n_bytes, void *to) {
    (void)dev;
    memcpy(to, part(from, offset, n_bytes), n_bytes);
    return CLSNN_OK;
}

enum clsnn_status __wrap_clsnn_buffer_write(struct clsnn_device *dev, cl_mem to, size_t offset,
                                            size_t n_bytes, const void *from);
enum clsnn_status __wrap_clsnn_buffer_write(struct clsnn_device *dev, cl_mem to, size_t offset,
                                            size_t n_bytes, const void *from) {
    (void)dev;
    memcpy(part(to, offset, n_bytes), from, n_bytes);
    fuzz_buffer_writes++;
    return CLSNN_OK;
}

void fuzz_finding(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: does not hold: %s\nerror text: '%s', status %d\n", file, line, what,
            clsnn_error_text(), (int)clsnn_error_status());
    abort();
}

void fuzz_outcome(enum clsnn_status st, enum clsnn_status allowed, enum clsnn_status also, const char *name) {
    if (st == CLSNN_OK) {
        FUZZ_CHECK(clsnn_error_status() == CLSNN_OK && *clsnn_error_text() == '\0');
        return;
    }
    FUZZ_CHECK(st == allowed || st == also);
    FUZZ_CHECK(st == clsnn_error_status());
    fuzz_text(clsnn_error_text(), name, false);
    clsnn_error_clear();
}

void fuzz_text(const char *text, const char *name, bool lines) {
    const char *named = strstr(text, name);
    FUZZ_CHECK(named && strlen(named) > strlen(name) + 2);
    for (const char *c = text; *c; c++)
        FUZZ_CHECK(((unsigned char)*c >= 0x20 && *c != 0x7f) || *c == '\t' || (lines && *c == '\n'));
}

void *fuzz_copy(const void *data, size_t n) {
    void *copy = malloc(n ? n : 1);
    FUZZ_CHECK(copy);
    if (n) memcpy(copy, data, n);
    return copy;
}

const char *fuzz_file(const void *data, size_t n) {
    static int fd = -1;
    static char path[32];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_CHECK(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    FUZZ_CHECK(ftruncate(fd, (off_t)n) == 0);
    FUZZ_CHECK(n == 0 || pwrite(fd, data, n, 0) == (ssize_t)n);
    return path;
}

static void print_value(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                        bool is_param) {
    (void)origin, (void)is_number, (void)is_param;
    fprintf(ctx, "%s = %s\n", name, value);
}

char *fuzz_option_text(const struct clsnn_options *o) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    FUZZ_CHECK(f);
    clsnn_options_visit(o, print_value, f);
    FUZZ_CHECK(fclose(f) == 0);
    return text;
}

bool fuzz_chosen(const uint8_t *data, size_t n) {
    return crc32(0, data, (uInt)n) % 64 == 0;
}

void fuzz_config_round_trip(const struct clsnn_options *o, enum clsnn_command command) {
    char *text = NULL, *before = fuzz_option_text(o), *after = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    FUZZ_CHECK(f);
    clsnn_options_print_config(o, f);
    FUZZ_CHECK(fclose(f) == 0);
    char name[] = "clsnn", print[] = "--print-config", config[64];
    snprintf(config, sizeof config, "--config=%s", fuzz_file(text, n));
    char *argv[] = {name, print, config, NULL};
    struct clsnn_options again = {0};
    enum clsnn_parse_action action;
    const enum clsnn_status st = clsnn_options_parse(command, 3, argv, &again, &action);
    if (st != CLSNN_OK) fprintf(stderr, "printed as:\n%s", text);
    FUZZ_CHECK(st == CLSNN_OK);
    after = fuzz_option_text(&again);
    /* print_config prints a comment in place of a value that no ini file can hold. */
    const bool same = strcmp(before, after) == 0 || strstr(text, ": no ini file can hold this value");
    if (!same) fprintf(stderr, "before:\n%s\nafter:\n%s", before, after);
    FUZZ_CHECK(same);
    clsnn_options_finish(&again);
    free(text);
    free(before);
    free(after);
}

enum { ARCHIVE_BYTES = 1 << 17, IMAGE_BYTES = 1 << 14 };

/* The archive that fuzz_archive() makes. */
static struct {
    uint8_t bytes[ARCHIVE_BYTES], directory[1 << 15];
    size_t n, n_directory, n_entries;
} zip;

static size_t put(uint8_t *at, uint32_t value, size_t n_bytes) {
    for (size_t k = 0; k < n_bytes; k++) at[k] = (uint8_t)(value >> (8 * k));
    return n_bytes;
}

/* Adds a member to the zip: stored, or deflated as one stored block. Returns false if there is no room. */
static bool add_member(const char *name, const uint8_t *image, size_t n_image, bool deflated) {
    char full[64];
    const size_t n_name = (size_t)snprintf(full, sizeof full, "%s.npy", name),
                 n_packed = n_image + (deflated ? 5 : 0), at = zip.n;
    if (zip.n + 30 + n_name + n_packed + sizeof zip.directory + 22 > sizeof zip.bytes ||
        zip.n_directory + 46 + n_name > sizeof zip.directory)
        return false;
    uint8_t common[26], *p = common;
    p += put(p, 20, 2);
    p += put(p, 0, 2);
    p += put(p, deflated ? 8 : 0, 2);
    p += put(p, 0x00210000, 4); /* 1980-01-01 */
    p += put(p, (uint32_t)crc32(0, image, (uInt)n_image), 4);
    p += put(p, (uint32_t)n_packed, 4);
    p += put(p, (uint32_t)n_image, 4);
    p += put(p, (uint32_t)n_name, 2);
    put(p, 0, 2);

    memcpy(zip.bytes + zip.n, "PK\3\4", 4);
    memcpy(zip.bytes + zip.n + 4, common, 26);
    memcpy(zip.bytes + zip.n + 30, full, n_name);
    zip.n += 30 + n_name;
    if (deflated) {
        zip.n += put(zip.bytes + zip.n, 1, 1);
        zip.n += put(zip.bytes + zip.n, (uint32_t)n_image, 2);
        zip.n += put(zip.bytes + zip.n, ~(uint32_t)n_image, 2);
    }
    if (n_image) memcpy(zip.bytes + zip.n, image, n_image);
    zip.n += n_image;

    uint8_t *d = zip.directory + zip.n_directory;
    memset(d, 0, 46);
    memcpy(d, "PK\1\2", 4);
    put(d + 4, 0x0314, 2); /* "made on Unix": the file type below counts */
    memcpy(d + 6, common, 26);
    put(d + 38, 0100644u << 16, 4);
    put(d + 42, (uint32_t)at, 4);
    memcpy(d + 46, full, n_name);
    zip.n_directory += 46 + n_name;
    zip.n_entries++;
    return true;
}

/* Makes an .npy image of few bytes: type, dimensions, extents (16 bits each), data. Missing data are fill. */
static size_t make_image(const uint8_t *p, size_t n, uint8_t fill, uint8_t image[IMAGE_BYTES]) {
    static const struct {
        const char *descr;
        size_t n_bytes;
    } types[] = {{"|u1", 1}, {"<i4", 4}, {"<u4", 4}, {"<i8", 8}, {"<u8", 8}, {"<f4", 4}, {"<f8", 8}};
    if (n < 2) return 0;
    const size_t type = p[0] % 7, n_dims = p[1] % 5;
    size_t at = 10, n_data = types[type].n_bytes;
    at += (size_t)snprintf((char *)image + at, 64, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                           types[type].descr);
    p += 2, n -= 2;
    for (size_t d = 0; d < n_dims; d++) {
        const size_t extent = n >= 2 ? (size_t)(p[0] | p[1] << 8) : 1;
        if (n >= 2) p += 2, n -= 2;
        at += (size_t)snprintf((char *)image + at, 16, "%zu,", extent);
        n_data = n_data > IMAGE_BYTES ? n_data : n_data * extent;
    }
    at += (size_t)snprintf((char *)image + at, 16, ")}\n");
    memcpy(image, "\x93NUMPY\1\0", 8);
    put(image + 8, (uint32_t)(at - 10), 2);
    if (n_data > IMAGE_BYTES - at) n_data = IMAGE_BYTES - at;
    memset(image + at, fill, n_data);
    memcpy(image + at, p, n < n_data ? n : n_data);
    return at + n_data;
}

/* Makes an .npy image of a text. fuzz_archive_quote replaces an @. */
static size_t make_text(const uint8_t *p, size_t n, uint8_t image[IMAGE_BYTES]) {
    static uint8_t text[IMAGE_BYTES - 128];
    size_t length = 0;
    for (size_t k = 0; k < n && length < sizeof text; k++) {
        const bool quote = p[k] == '@' && fuzz_archive_quote;
        const size_t n_quoted = quote ? strlen(fuzz_archive_quote) : 1;
        if (n_quoted > sizeof text - length) break;
        memcpy(text + length, quote ? (const uint8_t *)fuzz_archive_quote : p + k, n_quoted);
        length += n_quoted;
    }
    memcpy(image, "\x93NUMPY\1\0", 8);
    const int n_header = snprintf((char *)image + 10, 60,
                                  "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu,)}\n", length);
    put(image + 8, (uint32_t)n_header, 2);
    memcpy(image + 10 + n_header, text, length);
    return 10 + (size_t)n_header + length;
}

char *fuzz_archive_quote;

/* The input is a list of records: number of the name, flags, length (16 bits), then length bytes. Flags:
 * bit 0 deflated, bit 1 make_image(), bit 2 fill it with ones, bit 3 make_text(). */
const char *fuzz_archive(const uint8_t *data, size_t n, const char *const *names, size_t n_names) {
    static uint8_t image[IMAGE_BYTES];
    if (n >= 2 && data[0] == 'P' && data[1] == 'K') return fuzz_file(data, n);
    zip.n = zip.n_directory = zip.n_entries = 0;
    while (n >= 4) {
        const char *name = names[data[0] % n_names];
        const bool deflated = data[1] & 1, made = data[1] & 2, text = data[1] & 8;
        const uint8_t fill = data[1] & 4 ? 0xff : 0;
        size_t length = (size_t)(data[2] | data[3] << 8);
        data += 4, n -= 4;
        if (length > n) length = n;
        const size_t n_image = text   ? make_text(data, length, image)
                               : made ? make_image(data, length, fill, image)
                                      : length;
        const bool added = add_member(name, text || made ? image : data, n_image, deflated);
        if (!added) break;
        data += length, n -= length;
    }
    const size_t at = zip.n;
    memcpy(zip.bytes + zip.n, zip.directory, zip.n_directory);
    zip.n += zip.n_directory;
    uint8_t *end = zip.bytes + zip.n;
    memset(end, 0, 22);
    memcpy(end, "PK\5\6", 4);
    put(end + 8, (uint32_t)zip.n_entries, 2);
    put(end + 10, (uint32_t)zip.n_entries, 2);
    put(end + 12, (uint32_t)zip.n_directory, 4);
    put(end + 16, (uint32_t)at, 4);
    return fuzz_file(zip.bytes, zip.n + 22);
}
