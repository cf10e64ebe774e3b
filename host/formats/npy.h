/* What npz.c and npy.c share: one side reads and writes the zip, the other the .npy header inside. */
#ifndef CLSNN_NPY_H
#define CLSNN_NPY_H

#include "clsnn/npz.h"

#define NPY_MAX_HEADER 10000 /* bytes of the header's text; numpy writes about 118 */
#define NPY_TEXT       160   /* room for clsnn_array_text */

/* Bytes of an image's beginning that hold any header that is accepted. */
#define NPY_HEADER_END (12 + NPY_MAX_HEADER)

/* Checks the header of one .npy image of n_bytes, of which the first n_there are at hand (all, or NPY_HEADER_END), and
 * that exactly the announced data follow. Fills out except name and data; *out_offset is where the data begin.
 * Errors: CLSNN_E_DATA. */
enum clsnn_status clsnn_npy_header_parse(const void *bytes, size_t n_there, size_t n_bytes, const char *label,
                                         struct clsnn_array *out, size_t *out_offset);

/* Writes the .npy v1.0 header of a (padded to 64 bytes) to header; returns its length. */
size_t clsnn_npy_header_print(const struct clsnn_array *a, char header[256]);

/* "f4 [784, 400]"; an extent of 0 is written "any" where zero_is_any. Returns text. */
const char *clsnn_array_text(enum clsnn_dtype dtype, int n_dims, const size_t *shape, int zero_is_any,
                             char text[NPY_TEXT]);

/* Parses one .npy image in memory. out->data is malloc'ed, the caller's. label names the origin in messages.
 * Errors: CLSNN_E_DATA. */
enum clsnn_status clsnn_npy_parse(const void *bytes, size_t n_bytes, const char *label,
                                  struct clsnn_array *out);

#endif
