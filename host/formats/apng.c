/* Writes chunks of animated PNG, as the PNG specification (third edition) has them. libpng does not. */
#include "formats/apng.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/fail.h"

enum { LEVEL = 1 }; /* of packing: random weights pack hardly better at higher levels, and take longer */

static void put_u32(unsigned char *to, uint32_t value) {
    for (int k = 0; k < 4; k++) to[k] = (unsigned char)(value >> (24 - 8 * k));
}

/* Writes a chunk of two parts. */
static void write_chunk(struct clsnn_apng *a, const char *type, const unsigned char *head, size_t n_head,
                        const unsigned char *body, size_t n_body) {
    unsigned char number[4];
    uLong sum = crc32(0, (const unsigned char *)type, 4);
    if (n_head) sum = crc32(sum, head, (uInt)n_head);
    if (n_body) sum = crc32(sum, body, (uInt)n_body);
    put_u32(number, (uint32_t)(n_head + n_body));
    fwrite(number, 1, 4, a->to);
    fwrite(type, 1, 4, a->to);
    fwrite(head, 1, n_head, a->to);
    if (n_body) fwrite(body, 1, n_body, a->to);
    put_u32(number, (uint32_t)sum);
    fwrite(number, 1, 4, a->to);
}

void clsnn_apng_begin(struct clsnn_apng *a, FILE *to, int width, int height, const uint32_t *palette,
                      int n_colours, uint32_t n_frames) {
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char head[13] = {[8] = 8 /* bits */, [9] = 3 /* palette */}, control[8] = {0}, colours[3 * 256];
    *a = (struct clsnn_apng){.to = to, .width = width, .height = height};
    fwrite(signature, 1, sizeof signature, to);
    put_u32(head, (uint32_t)width);
    put_u32(head + 4, (uint32_t)height);
    write_chunk(a, "IHDR", head, sizeof head, NULL, 0);
    put_u32(control, n_frames); /* and 0: for ever */
    write_chunk(a, "acTL", control, sizeof control, NULL, 0);
    for (int k = 0; k < n_colours; k++)
        for (int c = 0; c < 3; c++) colours[3 * k + c] = (unsigned char)(palette[k] >> (16 - 8 * c));
    write_chunk(a, "PLTE", colours, 3 * (size_t)n_colours, NULL, 0);
}

enum clsnn_status clsnn_apng_frame(struct clsnn_apng *a, const uint8_t *pixels, uint32_t milliseconds) {
    const size_t width = (size_t)a->width, height = (size_t)a->height, n_rows = (width + 1) * height;
    uLongf n_packed = compressBound(n_rows);
    unsigned char *rows = malloc(n_rows), *packed = malloc(n_packed), control[26] = {0}, number[4];
    enum clsnn_status st = CLSNN_OK;
    if (!rows || !packed) {
        st = clsnn_fail(CLSNN_E_MEMORY, "picture: no memory for %zu x %zu pixels", width, height);
        goto fail;
    }
    for (size_t y = 0; y < height; y++) {
        rows[y * (width + 1)] = 0; /* no filter */
        memcpy(rows + y * (width + 1) + 1, pixels + y * width, width);
    }
    if (compress2(packed, &n_packed, rows, n_rows, LEVEL) != Z_OK) {
        st = clsnn_no_memory("picture");
        goto fail;
    }
    put_u32(control, a->sequence++);
    put_u32(control + 4, (uint32_t)width);
    put_u32(control + 8, (uint32_t)height);
    control[20] = (unsigned char)(milliseconds >> 8);
    control[21] = (unsigned char)milliseconds;
    control[22] = (unsigned char)(1000 >> 8); /* the time's unit is 1 / 1000 s */
    control[23] = (unsigned char)(1000 & 255);
    write_chunk(a, "fcTL", control, sizeof control, NULL, 0);
    if (a->n_written++ == 0) {
        write_chunk(a, "IDAT", packed, n_packed, NULL, 0);
    } else {
        put_u32(number, a->sequence++);
        write_chunk(a, "fdAT", number, 4, packed, n_packed);
    }
fail:
    free(rows);
    free(packed);
    return st;
}

void clsnn_apng_end(struct clsnn_apng *a) {
    write_chunk(a, "IEND", (const unsigned char *)"", 0, NULL, 0);
}
