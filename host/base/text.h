/* Text and numbers: excerpts for messages, the nearest known name, numbers to text and back, streams in
 * memory. */
#ifndef CLSNN_TEXT_H
#define CLSNN_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/status.h"

/* Makes text from outside fit for a one-line message: control characters become '?'; a long text is cut and
 * ends in "...". Returns out. */
#define CLSNN_EXCERPT 80
const char *clsnn_excerpt(const char *text, char out[CLSNN_EXCERPT]);

/* Returns the length of the UTF-8 character at text; 0 if no valid one starts there. Overlong forms and
 * surrogates are invalid. */
size_t clsnn_utf8_length(const char *text);

/* Returns the candidate that name most likely means, or NULL. This is the first candidate that begins with
 * name (two letters at least), else the nearest by edit distance; a swap of neighbours counts 1. The distance
 * is at most half of name's length and at most 3, or a third of a long name. */
const char *clsnn_nearest(const char *name, const char *const *candidates, size_t n);

/* Choices are words separated by '|'. Returns the index of text among them, or -1. */
int clsnn_choice_index(const char *choices, const char *text);
/* Writes the name of choice `index` to out, or "" if there is none. */
void clsnn_choice_name(const char *choices, int index, char *out, size_t n_out);

/* Returns true if text is digits and nothing else. */
bool clsnn_is_whole(const char *text);
/* Returns true if text is a decimal number: sign, digits with at most one point, exponent. strtod also takes
 * hexadecimal, nan and inf. */
bool clsnn_is_decimal(const char *text);
/* Prints value with the fewest digits that read back as the same double. */
void clsnn_format_real(double value, char out[32]);
/* Prints a duration for people: "59.4 s", "1:05 min", "12:34:56 h"; "0.0 s" if it is negative or endless. */
void clsnn_format_duration(double seconds, char out[32]);

/* Parses a decimal number: sign, digits, fraction, exponent, with nothing before or after. Hexadecimal, nan
 * and inf are no numbers; a number that overflows is out of range. Messages call the number label. unit may
 * be "".
 * Errors: CLSNN_E_USAGE; the text names label, the number and the range. */
enum clsnn_status clsnn_parse_real(const char *label, const char *text, double min, double max,
                                   const char *unit, double *out);
/* Parses a whole number, as clsnn_parse_real. Plain digits are exact up to 2^64 - 1; "1e3" and "60000.0" are
 * whole too. */
enum clsnn_status clsnn_parse_whole(const char *label, const char *text, uint64_t min, uint64_t max,
                                    const char *unit, uint64_t *out);

/* Parses 1 to max_n whole numbers, separated by commas and blanks, into out [max_n]; *out_n is their number.
 * Errors: CLSNN_E_USAGE an item is no whole number or out of range, or there are over max_n; the text names
 * label. */
enum clsnn_status clsnn_parse_list(const char *label, const char *text, uint64_t min, uint64_t max,
                                   const char *unit, size_t max_n, uint64_t *out, size_t *out_n);

/* Returns whether text ends in `end` and is longer. */
bool clsnn_text_ends(const char *text, const char *end);

/* Closes a stream of open_memstream. Returns false if *text lacks a part of the output. The caller frees
 * *text either way. Checks *text too: without memory, glibc's fclose returns 0 but leaves it NULL. */
bool clsnn_text_end(FILE *to, char *const *text);

#endif
