/* What a fallible call returns, and the one record of what went wrong first.
 * Every module above reports through clsnn_fail(); only main.c prints the record and exits. */
#ifndef CLSNN_STATUS_H
#define CLSNN_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* The value is the exit code of the program, except of the last two (see clsnn_exit_code). */
enum clsnn_status {
    CLSNN_OK = 0,
    CLSNN_E_FAILED = 1, /* anything without a code of its own */
    CLSNN_E_USAGE = 2,  /* command line, configuration */
    CLSNN_E_DATA =
        3, /* data set: missing, malformed; any other file read: malformed, of another size (missing: 8) */
    CLSNN_E_NO_DEVICE = 4,     /* no OpenCL platform, no device, or none that matches --device */
    CLSNN_E_BUILD = 5,         /* the device's compiler refused a kernel */
    CLSNN_E_DEVICE_MEMORY = 6, /* the device has no room for the network */
    CLSNN_E_DEVICE = 7,        /* any other OpenCL call failed: device lost */
    CLSNN_E_IO = 8,            /* a file could not be read or written */
    CLSNN_E_CHECKPOINT = 9,    /* a checkpoint is damaged or belongs to another configuration */
    CLSNN_E_SELFTEST = 10,     /* the device computes wrong answers, or the state became NaN */
    CLSNN_STOPPED = 75,        /* stopped by a signal, everything saved */
    CLSNN_E_MEMORY = 101,      /* host memory; exits 1 */
    CLSNN_E_SHAPE = 102,       /* a caller's sizes disagree: our bug; exits 1 */
};

#if defined(__GNUC__)
#define CLSNN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CLSNN_PRINTF(fmt, args)
#endif

/* Records the first failure of this thread (later ones are ignored until clsnn_error_clear) and returns st.
 * The text names the thing, the value found and the value allowed, in one line, without a final full stop. */
#define clsnn_fail(st, ...) clsnn_fail_status((st), clsnn_fail_at((st), __FILE__, __LINE__, __VA_ARGS__))
enum clsnn_status clsnn_fail_at(enum clsnn_status st, const char *file, int line, const char *fmt, ...)
    CLSNN_PRINTF(4, 5);
/* The status where the caller's compiler sees it: without this an analyser takes what has failed for CLSNN_OK. */
static inline enum clsnn_status clsnn_fail_status(enum clsnn_status st, enum clsnn_status recorded) {
    (void)recorded;
    return st;
}

/* The recorded text, or "" when nothing has failed. Valid until the thread's next clsnn_error_clear. */
const char *clsnn_error_text(void);
/* "file:line" of the recorded failure, for --verbose and bug reports. */
const char *clsnn_error_place(void);
enum clsnn_status clsnn_error_status(void);
void clsnn_error_clear(void);

/* The program's exit code for st, as documented in README.md. */
int clsnn_exit_code(enum clsnn_status st);

/* Evaluates expr once; on failure stores it in the local variable st and goes to the label fail. */
#define TRY(expr)                                                                                            \
    do {                                                                                                     \
        st = (expr);                                                                                         \
        if (st != CLSNN_OK) goto fail;                                                                       \
    } while (0)

#endif
