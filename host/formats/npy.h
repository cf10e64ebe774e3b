/* Between npz.c and npy.c: npz.c reads and writes the zip archive, npy.c the .npy headers inside. */
#ifndef CLSNN_NPY_H
#define CLSNN_NPY_H

#include <stdbool.h>

#include "clsnn/npz.h"

#define NPY_MAX_HEADER 10000 /* most bytes of the header's text; numpy writes about 118 */
#define NPY_TEXT       160   /* room for clsnn_array_text */

/* The first bytes of a .npy file that contain every header that is accepted. */
#define NPY_HEADER_END (12 + NPY_MAX_HEADER)

/* Checks the header of a .npy file in memory, and that the file has exactly the bytes that the header
 * announces.
 * bytes       [n_there] the file's beginning: all n_bytes of it, or NPY_HEADER_END
 * n_bytes     size of the whole file
 * label       names the array in messages
 * out         filled except name and data
 * out_offset  where the data begin
 * out_other   whether an error means an array that is whole, but of a type or layout that is not read
 * Errors: CLSNN_E_DATA. */
enum clsnn_status clsnn_npy_header_parse(const void *bytes, size_t n_there, size_t n_bytes, const char *label,
                                         struct clsnn_array *out, size_t *out_offset, bool *out_other);

/* Writes the .npy v1.0 header of a to header; returns its length, a multiple of 64. */
size_t clsnn_npy_header_print(const struct clsnn_array *a, char header[256]);

/* Writes type and shape as "f4 [784, 400]". With zero_is_any, an extent of 0 is "any". Returns text. */
const char *clsnn_array_text(enum clsnn_dtype dtype, int n_dims, const size_t *shape, int zero_is_any,
                             char text[NPY_TEXT]);

/* Parses a .npy file in memory. out->data is malloc'ed, the caller's. label names the origin in messages.
 * Errors: CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_npy_parse(const void *bytes, size_t n_bytes, const char *label,
                                  struct clsnn_array *out);

#endif
