/* What every fuzz target shares: a file made of the input, and what must hold of any outcome. A target is one file
 * that defines LLVMFuzzerTestOneInput, and one name in meson.build. Built with libFuzzer it searches
 * (tests/hostile/fuzz.sh); built with corpus.c it replays tests/hostile/corpus/NAME in the default suite. */
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

/* Ends the process with the condition's text, which libFuzzer takes for a finding. */
#define FUZZ_CHECK(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition)) fuzz_finding(__FILE__, __LINE__, #condition);                                      \
    } while (0)
void fuzz_finding(const char *file, int line, const char *what) __attribute__((noreturn));

/* A regular file in memory that holds these bytes until the next call, by its path: always the same one. */
const char *fuzz_file(const void *data, size_t n);

/* The bytes in a block of exactly their size, so that the first byte read beyond them is seen. The caller frees. */
void *fuzz_copy(const void *data, size_t n);

/* What holds of any result, st of the call just made: success records no error; failure is one of the two statuses, and
 * its text is one line without control characters that names the thing (name) and says something about it. Clears it. */
void fuzz_outcome(enum clsnn_status st, enum clsnn_status allowed, enum clsnn_status also, const char *name);

/* A text for people: without control characters, in one line unless lines are allowed, naming the thing and saying something
 * about it. */
void fuzz_text(const char *text, const char *name, bool lines);

/* A buffer of a device that is not there, zeros at first; it is what clsnn_buffer_read and _write work on here, which are counted. */
cl_mem fuzz_buffer(size_t n_bytes);
extern size_t fuzz_buffer_writes;

/* Every value of parsed options as text, "name = value" a line: malloc'ed. */
char *fuzz_option_text(const struct clsnn_options *o);

/* One input of 64, always the same: for checks that cost more than what they check. */
bool fuzz_chosen(const uint8_t *data, size_t n);

/* Parsed options, printed and read back as a file, are the same options. */
void fuzz_config_round_trip(const struct clsnn_options *o, enum clsnn_command command);

/* The input as an archive: as it is where it begins like a zip, else a zip made of it, with the checksums right (a fuzzer
 * cannot guess them). Names of arrays are taken from names[n_names]. Returns the file's path. */
extern char *fuzz_archive_quote; /* what an @ in a text stands for; NULL: itself */
const char *fuzz_archive(const uint8_t *data, size_t n, const char *const *names, size_t n_names);

#endif
