/* Text and numbers: what comes from outside made fit for a message, names that were meant, numbers in and out, and
 * streams in memory. */
#ifndef CLSNN_TEXT_H
#define CLSNN_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/status.h"

/* Text from outside made fit for a one-line message: control characters become '?', a long text is cut and ends in "...". */
#define CLSNN_EXCERPT 80
const char *clsnn_excerpt(const char *text, char out[CLSNN_EXCERPT]);

/* The candidate most likely meant by name, or NULL: the first that begins with name (two letters at least), else the nearest
 * by edit distance (a swap of neighbours counts 1), at most half of name's length and 3, or a third of a long name. */
const char *clsnn_nearest(const char *name, const char *const *candidates, size_t n);

/* Prints a value so that it reads back as the same double ("%.17g" shortened to the fewest digits that do). */
void clsnn_format_real(double value, char out[32]);

/* Decimal numbers only: optional sign, digits, fraction, exponent; nothing before or after. Hexadecimal, nan and inf are not
 * numbers; what overflows is out of range. unit may be "". Errors: CLSNN_E_USAGE naming label, the text and the range. */
enum clsnn_status clsnn_parse_real(const char *label, const char *text, double min, double max,
                                   const char *unit, double *out);
/* A whole number, exact up to 2^64 - 1 when written in digits; "1e3" and "60000.0" are whole too. */
enum clsnn_status clsnn_parse_whole(const char *label, const char *text, uint64_t min, uint64_t max,
                                    const char *unit, uint64_t *out);

/* 1 to max_n whole numbers with commas between them. Errors: CLSNN_E_USAGE naming label and the number that is none, that is out of
 * range or that there is no room for. */
enum clsnn_status clsnn_parse_list(const char *label, const char *text, uint64_t min, uint64_t max,
                                   const char *unit, size_t max_n, uint64_t *out, size_t *out_n);

/* Ends a stream of open_memstream; false where not everything is in *text, which is the caller's to free. (For want of memory glibc's
 * fclose leaves it NULL, and returns 0.) */
bool clsnn_text_end(FILE *to, char *const *text);

#endif
