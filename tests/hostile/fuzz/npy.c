/* Parses an .npy image in memory. An accepted array must survive printing and reading back. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "formats/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct clsnn_array a = {.n_dims = -1}, b = {0};
    void *image = fuzz_copy(data, n);
    const enum clsnn_status st = clsnn_npy_parse(image, n, "a.npy", &a);
    FUZZ_CHECK(st == CLSNN_OK ? a.data != NULL : a.n_dims == -1 && !a.data);
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_DATA, "a.npy");
    if (st == CLSNN_OK) {
        const size_t n_data = clsnn_array_count(&a) * clsnn_dtype_bytes(a.dtype);
        FUZZ_CHECK(n_data <= n && memcmp(a.data, data + n - n_data, n_data) == 0);
        char *again = malloc(256 + n_data);
        FUZZ_CHECK(again);
        const size_t n_header = clsnn_npy_header_print(&a, again);
        memcpy(again + n_header, a.data, n_data);
        FUZZ_CHECK(clsnn_npy_parse(again, n_header + n_data, "again", &b) == CLSNN_OK);
        FUZZ_CHECK(a.dtype == b.dtype && a.n_dims == b.n_dims);
        FUZZ_CHECK(memcmp(a.shape, b.shape, (size_t)a.n_dims * sizeof *a.shape) == 0);
        FUZZ_CHECK(memcmp(a.data, b.data, n_data) == 0);
        free(again);
        free(a.data);
        free(b.data);
    }
    free(image);
    return 0;
}
