/* The embedded OpenCL C source. kernels/embed.c makes it at build time. */
#ifndef CLSNN_KERNEL_SOURCE_H
#define CLSNN_KERNEL_SOURCE_H

#include <stddef.h>

extern const unsigned char clsnn_kernel_source[]; /* zero-terminated */
extern const size_t clsnn_kernel_source_bytes;    /* without the zero */

#endif
