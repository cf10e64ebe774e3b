/* Compiled kernels kept in files, because some drivers compile at every start: Intel's CPU runtime for 12 s.
 *
 * A file of the directory DIR that clsnn_device_cache names is DIR/HASH.kernels:
 *     16 bytes    "clsnn kernels 1\n"
 *     64 bytes    SHA-256, in hexadecimal, of everything behind it
 *      8 bytes    length of the key, little-endian
 *     the key     a text: the driver and its settings, the device, the build options, the source
 *     the rest    the driver's binary (CL_PROGRAM_BINARIES)
 * HASH is the SHA-256 of the key. A file that differs in anything is made again. Files replace each other by
 * rename, so processes need no lock. Nothing here is an error to the caller: at worst nothing is kept. */
#ifndef CLSNN_KERNEL_CACHE_H
#define CLSNN_KERNEL_CACHE_H

#include "clsnn/device.h"

/* The most files that a directory keeps. Each new file beyond that removes the one that is unused longest. */
enum { CLSNN_KERNEL_CACHE_FILES = 64 };

/* Returns the program that clsnn_kernel_cache_keep kept for this source and these options, built and the
 * caller's; NULL if there is none that the driver takes, or if dev keeps no kernels. */
cl_program clsnn_kernel_cache_find(const struct clsnn_device *dev, const char *source, size_t source_bytes,
                                   const char *options);
/* Keeps a program that was built from source for dev; does nothing if dev keeps no kernels. */
void clsnn_kernel_cache_keep(const struct clsnn_device *dev, const char *source, size_t source_bytes,
                             const char *options, cl_program program);

/* Tells which device the calling thread's CLBlast works for; NULL: CLBlast does not work. CLBlast calls
 * OpenCL itself and passes nothing of ours on. The program routes these calls (commands/clblast_cache.c). */
void clsnn_kernel_cache_serve(const struct clsnn_device *dev);
const struct clsnn_device *clsnn_kernel_cache_served(void);

#endif
