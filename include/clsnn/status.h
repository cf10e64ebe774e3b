/* What a call that can fail returns, and the record of what failed first. */
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
#define CLSNN_API __attribute__((visibility("default"))) /* the shared library exports nothing else */
#else
#define CLSNN_API
#endif

#define CLSNN_SHA256_HEX 65 /* room for a SHA-256 in hexadecimal: 64 digits and the final zero */

CLSNN_BEGIN_DECLS

/* Each value is the exit code of the program clsnn for such a failure; the last two exit with 1. */
enum clsnn_status {
    CLSNN_OK = 0,
    CLSNN_E_FAILED = 1,    /* anything without a code of its own */
    CLSNN_E_USAGE = 2,     /* a setting that cannot be */
    CLSNN_E_DATA = 3,      /* a file that is malformed, or of another size than needed; a missing data set */
    CLSNN_E_NO_DEVICE = 4, /* no OpenCL platform, no device, or none that matches */
    CLSNN_E_BUILD = 5,     /* the device's compiler refused a kernel */
    CLSNN_E_DEVICE_MEMORY = 6, /* the device has no room for the network */
    CLSNN_E_DEVICE = 7,        /* any other OpenCL call failed: the device is lost */
    CLSNN_E_IO = 8,            /* a file could not be read or written */
    CLSNN_E_CHECKPOINT = 9,    /* a checkpoint is damaged, missing, or belongs to another configuration */
    CLSNN_E_SELFTEST = 10,     /* the device computes wrong answers, or a potential left its limits */
    CLSNN_STOPPED = 75,        /* a watcher said stop */
    CLSNN_E_MEMORY = 101,      /* no host memory */
    CLSNN_E_SHAPE = 102        /* the caller's sizes disagree */
};

/* The first failure of this thread since the record was cleared: its text in one line (a compiler's log may follow),
 * "" where nothing failed; "file:line" in clsnn's source; and its status. Later failures do not overwrite it. The texts
 * are valid until the thread's next clsnn_error_clear(). */
CLSNN_API const char *clsnn_error_text(void);
CLSNN_API const char *clsnn_error_place(void);
CLSNN_API enum clsnn_status clsnn_error_status(void);
CLSNN_API void clsnn_error_clear(void);

CLSNN_END_DECLS

#endif
