/* The status of calls that can fail, and the record of the first failure. */
#ifndef CLSNN_STATUS_H
#define CLSNN_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CLSNN_BEGIN_DECLS extern "C" {
#define CLSNN_END_DECLS   }
#else
#define CLSNN_BEGIN_DECLS
#define CLSNN_END_DECLS
#endif
#if defined(__GNUC__)
#define CLSNN_API __attribute__((visibility("default"))) /* the shared library exports only these */
#else
#define CLSNN_API
#endif

#define CLSNN_SHA256_HEX 65 /* room for a SHA-256 in hexadecimal: 64 digits and the final zero */

CLSNN_BEGIN_DECLS

/* The program clsnn exits with the value of the failure's status; with 1 for the last two. */
enum clsnn_status {
    CLSNN_OK = 0,
    CLSNN_E_FAILED = 1,    /* a failure without a code of its own */
    CLSNN_E_USAGE = 2,     /* a setting is unknown, out of range, or contradicts another */
    CLSNN_E_DATA = 3,      /* a file is malformed or has another size than needed; a data set is missing */
    CLSNN_E_NO_DEVICE = 4, /* no OpenCL platform, no device, or no device that matches */
    CLSNN_E_BUILD = 5,     /* the device's compiler refused the kernels */
    CLSNN_E_DEVICE_MEMORY = 6, /* the device has too little memory for the networks or the images */
    CLSNN_E_DEVICE = 7,        /* any other OpenCL call failed: the device is lost */
    CLSNN_E_IO = 8,            /* a file cannot be read or written */
    CLSNN_E_CHECKPOINT = 9,    /* a checkpoint is damaged, missing, or has another plan */
    CLSNN_E_SELFTEST = 10,     /* the device computes wrong bits, or a potential left its limits */
    CLSNN_STOPPED = 75,        /* a watcher stopped the run */
    CLSNN_E_MEMORY = 101,      /* the host has too little memory */
    CLSNN_E_SHAPE = 102        /* the sizes of two arguments disagree */
};

/* The record of this thread's first failure since clsnn_error_clear(). Later failures do not overwrite it.
 * Strings are valid until the thread's next clsnn_error_clear().
 * text    what failed, in one line; a compiler's log may follow. "" if nothing failed
 * place   "file:line" in clsnn's source
 * status  CLSNN_OK if nothing failed */
CLSNN_API const char *clsnn_error_text(void);
CLSNN_API const char *clsnn_error_place(void);
CLSNN_API enum clsnn_status clsnn_error_status(void);
CLSNN_API void clsnn_error_clear(void);

CLSNN_END_DECLS

#endif
