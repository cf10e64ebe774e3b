/* Arrays to and from .npz files (a zip of .npy v1.0). numpy.load opens what is written here; what numpy.savez or
 * savez_compressed wrote is read here. Equal arrays give equal bytes: time stamps are fixed, the order is given. */
#ifndef CLSNN_NPZ_H
#define CLSNN_NPZ_H

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

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

CLSNN_API size_t clsnn_dtype_bytes(enum clsnn_dtype dtype);
CLSNN_API size_t clsnn_array_count(const struct clsnn_array *a); /* number of elements */

/* Reads every array of path. The total unpacked size is at most max_bytes, so a decompression bomb is refused early.
 * Errors: CLSNN_E_IO cannot be read; CLSNN_E_DATA no zip, a member with a wrong CRC, a bad .npy header (over 10,000 bytes,
 * pickled objects, Fortran order, big-endian, unknown dtype, overflow of the shape, wrong byte count), too large. */
CLSNN_API enum clsnn_status clsnn_npz_read(const char *path, size_t max_bytes, struct clsnn_npz *out);
/* The same of an archive in memory. label names it in messages. */
CLSNN_API enum clsnn_status clsnn_npz_parse(const void *bytes, size_t n_bytes, const char *label,
                                            size_t max_bytes, struct clsnn_npz *out);
CLSNN_API void clsnn_npz_finish(struct clsnn_npz *npz); /* takes NULL and {0} */

/* The array of that name, checked. shape: n_dims expected extents; 0 matches any. *out is borrowed from npz.
 * Errors: CLSNN_E_DATA it is missing, or of another dtype or shape; names file (label), array, found and wanted. */
CLSNN_API enum clsnn_status clsnn_npz_get(const struct clsnn_npz *npz, const char *label, const char *name,
                                          enum clsnn_dtype dtype, int n_dims, const size_t *shape,
                                          const struct clsnn_array **out);

/* Deflate halves a file of weights, which are noise to it, and takes ten times as long as writing it. */
enum clsnn_packing { CLSNN_NPZ_STORED, CLSNN_NPZ_DEFLATED };
/* Makes the archive in memory; *out_bytes is malloc'ed, the caller's. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_npz_pack(const char *label, const struct clsnn_array *arrays,
                                           size_t n_arrays, enum clsnn_packing packing,
                                           unsigned char **out_bytes, size_t *out_n_bytes);

/* Writes arrays (borrowed) to path, deflated; the file is complete or absent. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_npz_write(const char *path, const struct clsnn_array *arrays,
                                            size_t n_arrays);

CLSNN_END_DECLS

#endif
