/* Recording of failures (clsnn/status.h). Every module reports through clsnn_fail(). Only main.c prints the
 * record and exits. */
#ifndef CLSNN_FAIL_H
#define CLSNN_FAIL_H

#include "clsnn/status.h"

#if defined(__GNUC__)
#define CLSNN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CLSNN_PRINTF(fmt, args)
#endif

/* Records the failure if it is this thread's first, and returns st. The text names the thing, the value found
 * and the value allowed, in one line without a final full stop. */
#define clsnn_fail(st, ...) clsnn_fail_status((st), clsnn_fail_at((st), __FILE__, __LINE__, __VA_ARGS__))
enum clsnn_status clsnn_fail_at(enum clsnn_status st, const char *file, int line, const char *fmt, ...)
    CLSNN_PRINTF(4, 5);
/* Returns st. The function is inline so that static analysers know the status; they cannot see into
 * clsnn_fail_at and would assume CLSNN_OK. */
static inline enum clsnn_status clsnn_fail_status(enum clsnn_status st, enum clsnn_status recorded) {
    (void)recorded;
    return st;
}
/* Records that the host has no memory for `what` (a noun); its value is CLSNN_E_MEMORY. */
#define clsnn_no_memory(what) clsnn_fail(CLSNN_E_MEMORY, "%s: no memory", (what))

/* Returns the program's exit code for st. */
int clsnn_exit_code(enum clsnn_status st);

/* Stores the status of expr, evaluated once, in the local variable st. On failure goes to the label fail. */
#define TRY(expr)                                                                                            \
    do {                                                                                                     \
        st = (expr);                                                                                         \
        if (st != CLSNN_OK) goto fail;                                                                       \
    } while (0)

#endif
