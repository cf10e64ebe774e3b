/* The shared half of the fuzz targets: files made of the input, and checks that hold for any outcome. A
 * target is one file that defines LLVMFuzzerTestOneInput, and one name in meson.build. With libFuzzer it
 * searches (tests/hostile/fuzz.sh). With corpus.c it replays tests/hostile/corpus/NAME in the host suite. */
#ifndef CLSNN_FUZZ_H
#define CLSNN_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "clsnn/device.h"
#include "options/options.h"
#include "clsnn/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Ends the process with the condition's text if it does not hold. libFuzzer takes that for a finding. */
#define FUZZ_CHECK(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition)) fuzz_finding(__FILE__, __LINE__, #condition);                                      \
    } while (0)
void fuzz_finding(const char *file, int line, const char *what) __attribute__((noreturn));

/* Writes the bytes to the one file in memory and returns its path. The next call overwrites the file. */
const char *fuzz_file(const void *data, size_t n);

/* Copies the bytes to a block of exactly their size, so that a sanitizer sees the first read beyond them.
 * The caller frees the block. */
void *fuzz_copy(const void *data, size_t n);

/* Checks the outcome st of the call just made, and clears its error. Success must record no error. A failure
 * must have one of the two statuses and a text that passes fuzz_text() with lines = false. */
void fuzz_outcome(enum clsnn_status st, enum clsnn_status allowed, enum clsnn_status also, const char *name);

/* Checks a text for people: it names the thing (name) and says something about it, in one line unless lines
 * is set, without control characters. */
void fuzz_text(const char *text, const char *name, bool lines);

/* Makes a buffer of zeros on a device that does not exist. clsnn_buffer_read() and clsnn_buffer_write() work
 * on such buffers here. Nobody frees them. */
cl_mem fuzz_buffer(size_t n_bytes);
extern size_t fuzz_buffer_writes; /* calls of clsnn_buffer_write() */

/* Returns every value of parsed options as text, "name = value" a line. The caller frees it. */
char *fuzz_option_text(const struct clsnn_options *o);

/* Returns true for one input of 64, always the same. It selects inputs for expensive checks. */
bool fuzz_chosen(const uint8_t *data, size_t n);

/* Checks that parsed options, printed as a file and read back, are the same options. */
void fuzz_config_round_trip(const struct clsnn_options *o, enum clsnn_command command);

/* Writes the input as an archive and returns its path. An input that begins like a zip is the archive. Any
 * other is made into a zip with right checksums, which a fuzzer cannot guess; names[n_names] are the names of
 * arrays. */
extern char *fuzz_archive_quote; /* replaces an @ in a text; NULL: an @ stays */
const char *fuzz_archive(const uint8_t *data, size_t n, const char *const *names, size_t n_names);

#endif
