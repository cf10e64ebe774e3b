/* Reads a packed IDX file. An input that begins with 1f is a whole file. In any other, the first byte gives
 * the kind of file and the number of gzip members; the target packs the rest, with right checksums, so that
 * the fuzzer gets past them. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "dataset/idx.h"

enum { MAX_BYTES = 1 << 16 };

static void read_as(enum clsnn_idx_kind kind, const char *path, const uint8_t *want, size_t n_want) {
    void *out = NULL;
    size_t n_out = 0;
    const enum clsnn_status st = clsnn_idx_read(path, kind, MAX_BYTES, &out, &n_out);
    FUZZ_CHECK(st == CLSNN_OK ? out && n_out <= MAX_BYTES : !out);
    if (want && kind == CLSNN_IDX_ANY) FUZZ_CHECK(st == CLSNN_OK);
    if (want && st == CLSNN_OK) FUZZ_CHECK(n_out == n_want && memcmp(out, want, n_want) == 0);
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_DATA, path);
    free(out);
}

/* Writes a gzip member that stores n bytes unpacked. Returns the member's length. */
static size_t pack(uint8_t *to, const uint8_t *from, size_t n) {
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    const uLong crc = crc32(0, from, (uInt)n);
    memcpy(to, header, 10);
    const uint8_t block[5] = {1, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};
    memcpy(to + 10, block, 5);
    memcpy(to + 15, from, n);
    for (int k = 0; k < 4; k++) {
        to[15 + n + (size_t)k] = (uint8_t)(crc >> (8 * k));
        to[19 + n + (size_t)k] = (uint8_t)(n >> (8 * k));
    }
    return n + 23;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static uint8_t packed[MAX_BYTES + 4 * 23];
    if (n < 1 || n > MAX_BYTES / 2) return 0;
    if (data[0] == 0x1f) {
        const char *path = fuzz_file(data, n);
        read_as(CLSNN_IDX_ANY, path, NULL, 0);
        read_as(CLSNN_IDX_PIXELS, path, NULL, 0);
        return 0;
    }
    const enum clsnn_idx_kind kind = (enum clsnn_idx_kind)(data[0] % 3);
    const size_t n_members = 1 + (size_t)data[0] / 3 % 3;
    size_t n_packed = 0, at = 0;
    data++, n--;
    for (size_t k = 0; k < n_members; k++) {
        const size_t end = n * (k + 1) / n_members;
        n_packed += pack(packed + n_packed, data + at, end - at);
        at = end;
    }
    read_as(kind, fuzz_file(packed, n_packed), data, n);
    return 0;
}
