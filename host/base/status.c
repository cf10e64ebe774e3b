/* The record of a thread's first failure, which clsnn_fail() fills. */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local struct {
    enum clsnn_status status;
    char text[4096];
    char place[256];
} record;

enum clsnn_status clsnn_fail_at(enum clsnn_status st, const char *file, int line, const char *fmt, ...) {
    if (record.status != CLSNN_OK) return st;
    record.status = st;
    va_list args;
    va_start(args, fmt);
    vsnprintf(record.text, sizeof record.text, fmt, args);
    va_end(args);
    /* Paths, and messages of libraries that quote files, may hold any byte. Control characters become '?', so
     * that they never command a terminal. Line ends and tabs stay: a compiler's log has them. */
    for (char *c = record.text; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f) *c = '?';
    snprintf(record.place, sizeof record.place, "%s:%d", file, line);
    return st;
}

const char *clsnn_error_text(void) {
    return record.text;
}

const char *clsnn_error_place(void) {
    return record.place;
}

enum clsnn_status clsnn_error_status(void) {
    return record.status;
}

void clsnn_error_clear(void) {
    record.status = CLSNN_OK;
    record.text[0] = '\0';
    record.place[0] = '\0';
}

int clsnn_exit_code(enum clsnn_status st) {
    return st == CLSNN_E_MEMORY || st == CLSNN_E_SHAPE ? 1 : (int)st;
}
