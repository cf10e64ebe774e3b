/* Arrays to and from .npz files: zip archives of .npy files of version 1.0 (2.0 is read too). numpy.load
 * opens files written here. clsnn_npz_read reads files of numpy.savez and savez_compressed. Equal arrays give
 * equal bytes: members keep the caller's order, and time stamps are fixed. */
#ifndef CLSNN_NPZ_H
#define CLSNN_NPZ_H

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

/* Types of elements, by numpy's names. CLSNN_OTHER is an array of a type or layout that clsnn does not read:
 * it stands in a clsnn_npz without dimensions, and its data are a text that says why. */
enum clsnn_dtype {
    CLSNN_U1,
    CLSNN_I4,
    CLSNN_U4,
    CLSNN_I8,
    CLSNN_U8,
    CLSNN_F4,
    CLSNN_F8,
    CLSNN_I1,
    CLSNN_I2,
    CLSNN_U2,
    CLSNN_OTHER
};
#define CLSNN_NPZ_MAX_DIMS   4
#define CLSNN_NPZ_MAX_ARRAYS 64
#define CLSNN_NPZ_NAME       48 /* room for an array's name: 47 characters and the final zero */

/* An array in C order, little-endian. A scalar has n_dims 0 and one element. */
struct clsnn_array {
    char name[CLSNN_NPZ_NAME]; /* printable ASCII */
    enum clsnn_dtype dtype;
    int n_dims;
    size_t shape[CLSNN_NPZ_MAX_DIMS];
    void *data; /* [product of shape] elements of dtype */
};

/* The arrays of one file. */
struct clsnn_npz {
    struct clsnn_array *arrays; /* owned, with their data */
    size_t n_arrays;
};

/* Returns the size of an element. */
CLSNN_API size_t clsnn_dtype_bytes(enum clsnn_dtype dtype);
CLSNN_API size_t clsnn_array_count(const struct clsnn_array *a); /* returns the number of elements */

/* Reads every array of the file path. The caller frees *out with clsnn_npz_finish.
 * max_bytes  most bytes of all members when unpacked; a zip bomb is refused before it is unpacked
 * Errors: CLSNN_E_IO the file cannot be read. CLSNN_E_DATA it is no zip, is too large, has a member with a
 * wrong CRC, or has a bad .npy header: over 10,000 bytes, a shape that overflows, or another number of bytes
 * than the shape needs. CLSNN_E_MEMORY. Pickled objects, texts, Fortran order and the like are no errors
 * until clsnn_npz_get asks for the array: users add such arrays to a file. */
CLSNN_API enum clsnn_status clsnn_npz_read(const char *path, size_t max_bytes, struct clsnn_npz *out);
/* Reads an archive from memory, as clsnn_npz_read. Messages call it label. */
CLSNN_API enum clsnn_status clsnn_npz_parse(const void *bytes, size_t n_bytes, const char *label,
                                            size_t max_bytes, struct clsnn_npz *out);
CLSNN_API void clsnn_npz_finish(struct clsnn_npz *npz); /* takes NULL and {0} */

/* Finds an array by name and checks its type and shape.
 * label  names the file in messages
 * shape  n_dims expected extents; 0 matches any
 * out    borrowed from npz
 * Errors: CLSNN_E_DATA the array is missing, or has another dtype or shape; the text tells found and
 * wanted. */
CLSNN_API enum clsnn_status clsnn_npz_get(const struct clsnn_npz *npz, const char *label, const char *name,
                                          enum clsnn_dtype dtype, int n_dims, const size_t *shape,
                                          const struct clsnn_array **out);

/* DEFLATED halves a file of weights, but takes ten times as long as writing it stored. */
enum clsnn_packing { CLSNN_NPZ_STORED, CLSNN_NPZ_DEFLATED };
/* Packs arrays into an archive in memory. Messages call it label.
 * out_bytes  [*out_n_bytes], malloc'ed, the caller's
 * Errors: CLSNN_E_FAILED no array, too many, two of one name, a bad name or shape, or 4 GiB of archive;
 * CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_npz_pack(const char *label, const struct clsnn_array *arrays,
                                           size_t n_arrays, enum clsnn_packing packing,
                                           unsigned char **out_bytes, size_t *out_n_bytes);

/* Writes arrays, deflated, to path. On failure path is as before.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY; CLSNN_E_FAILED as of clsnn_npz_pack. */
CLSNN_API enum clsnn_status clsnn_npz_write(const char *path, const struct clsnn_array *arrays,
                                            size_t n_arrays);

CLSNN_END_DECLS

#endif
