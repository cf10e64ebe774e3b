/* Parses two plain IDX files in memory, then reads them as files. The first 16 bits of the input are the
 * length of the labels' file, which comes first. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "dataset/idx.h"

static void read_back(enum clsnn_idx_kind kind, const uint8_t *data, size_t n, bool good) {
    void *out = NULL;
    size_t n_out = 0;
    const char *path = fuzz_file(data, n);
    const enum clsnn_status st = clsnn_idx_read(path, kind, (size_t)1 << 20, &out, &n_out);
    /* No good IDX file begins with 1f 8b, so none is read as a packed file. */
    FUZZ_CHECK(!good || (st == CLSNN_OK && n_out == n && memcmp(out, data, n) == 0));
    FUZZ_CHECK(st == CLSNN_OK ? out != NULL : out == NULL);
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_DATA, path);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (n < 2) return 0;
    size_t n_labels = (size_t)(data[0] | data[1] << 8);
    data += 2, n -= 2;
    if (n_labels > n) n_labels = n;
    const size_t n_images = n - n_labels;
    void *labels = fuzz_copy(data, n_labels), *images = fuzz_copy(data + n_labels, n_images);
    struct clsnn_images out = {0};
    const enum clsnn_status st = clsnn_idx_parse(images, n_images, labels, n_labels, "two files", &out);
    if (st == CLSNN_OK) {
        FUZZ_CHECK(out.n_images == n_labels - 8 &&
                   (size_t)out.n_images * CLSNN_IMAGE_PIXELS == n_images - 16);
        FUZZ_CHECK(memcmp(out.pixels, data + n_labels + 16, n_images - 16) == 0);
        for (uint32_t k = 0; k < out.n_images; k++) FUZZ_CHECK(out.labels[k] == data[8 + k]);
    } else {
        FUZZ_CHECK(!out.pixels && !out.labels);
    }
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_DATA, "two files");
    read_back(CLSNN_IDX_PIXELS, images, n_images, st == CLSNN_OK);
    read_back(CLSNN_IDX_LABELS, labels, n_labels, st == CLSNN_OK);
    clsnn_images_finish(&out);
    free(labels);
    free(images);
    return 0;
}
