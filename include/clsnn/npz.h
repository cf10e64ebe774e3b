/* Arrays to and from .npz files (zip of .npy v1.0, zip by libarchive). numpy.load opens what is written here, and what
 * numpy.savez or savez_compressed wrote is read here. Files are byte-reproducible: fixed time stamps, given order. */
#ifndef CLSNN_NPZ_H
#define CLSNN_NPZ_H

#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

enum clsnn_dtype { CLSNN_U1, CLSNN_I4, CLSNN_U4, CLSNN_I8, CLSNN_U8, CLSNN_F4, CLSNN_F8 };
#define CLSNN_NPZ_MAX_DIMS   4
#define CLSNN_NPZ_MAX_ARRAYS 64
#define CLSNN_NPZ_NAME       48

/* One C-ordered little-endian array. data: product(shape) elements; a scalar has n_dims 0 and one element. */
struct clsnn_array {
    char name[CLSNN_NPZ_NAME];
    enum clsnn_dtype dtype;
    int n_dims;
    size_t shape[CLSNN_NPZ_MAX_DIMS];
    void *data;
};

struct clsnn_npz {
    struct clsnn_array *arrays; /* owned, with their data, when filled by clsnn_npz_read */
    size_t n_arrays;
};

size_t clsnn_dtype_bytes(enum clsnn_dtype dtype);
size_t clsnn_array_count(const struct clsnn_array *a); /* number of elements */

/* Reads every array of path; total unpacked size at most max_bytes, so a decompression bomb is refused early.
 * Errors: CLSNN_E_IO cannot be read; CLSNN_E_DATA not a zip, a member's CRC is wrong, a bad .npy header (over 10,000
 * bytes, pickled objects, Fortran order, big-endian, unknown dtype, shape product overflow, wrong byte count), too large. */
enum clsnn_status clsnn_npz_read(const char *path, size_t max_bytes, struct clsnn_npz *out);
/* The same of an archive in memory; label names it in messages. */
enum clsnn_status clsnn_npz_parse(const void *bytes, size_t n_bytes, const char *label, size_t max_bytes,
                                  struct clsnn_npz *out);
void clsnn_npz_finish(struct clsnn_npz *npz); /* takes NULL and {0} */

/* The array of that name, checked: NULL shape entries are not possible, so pass n_dims and the expected extents, with
 * 0 for "any". Errors: CLSNN_E_DATA missing, another dtype or shape: names file (label), array, found and wanted. */
enum clsnn_status clsnn_npz_get(const struct clsnn_npz *npz, const char *label, const char *name,
                                enum clsnn_dtype dtype, int n_dims, const size_t *shape,
                                const struct clsnn_array **out);

/* Makes the archive in memory: *out_bytes is malloc'ed, the caller's. Weights are noise to deflate: it halves a file and takes
 * ten times as long as writing it. Errors: CLSNN_E_MEMORY. */
enum clsnn_packing { CLSNN_NPZ_STORED, CLSNN_NPZ_DEFLATED };
enum clsnn_status clsnn_npz_pack(const char *label, const struct clsnn_array *arrays, size_t n_arrays,
                                 enum clsnn_packing packing, unsigned char **out_bytes, size_t *out_n_bytes);

/* Writes arrays (borrowed) to path atomically (clsnn_file_write), deflated. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_npz_write(const char *path, const struct clsnn_array *arrays, size_t n_arrays);

/* The .npy layer by itself: parses one .npy image in memory. out->data is malloc'ed, owned by the caller. label names the
 * origin in messages. Errors: CLSNN_E_DATA. */
enum clsnn_status clsnn_npy_parse(const void *bytes, size_t n_bytes, const char *label,
                                  struct clsnn_array *out);

#endif
