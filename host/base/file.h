/* Whole files in and out. A file is written beside its final name and renamed when it is complete, so
 * nothing half-written ever stands under a final name. */
#ifndef CLSNN_FILE_H
#define CLSNN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clsnn/status.h"

/* Reads a regular file of at most max_bytes. *out_data is malloc'ed (one extra zero byte follows), owned by the caller.
 * Errors: CLSNN_E_IO cannot be opened or read (names path and errno text); CLSNN_E_DATA larger than max_bytes. */
enum clsnn_status clsnn_file_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes);

/* Writes path atomically: temporary file in the same directory (O_EXCL), every write checked, fsync, rename,
 * fsync of the directory. On failure the temporary file is removed and path is as before. Errors: CLSNN_E_IO. */
enum clsnn_status clsnn_file_write(const char *path, const void *data, size_t n_bytes);

/* Whether clsnn_file_write could replace or make path, before the work: leaves everything as it is. Errors: CLSNN_E_IO. */
enum clsnn_status clsnn_file_check(const char *path);

/* Whether both are there and one and the same file, whatever they are called. */
bool clsnn_file_is_same(const char *a, const char *b);

/* Whether clsnn_file_make_dir would do: leaves everything as it is, and makes nothing. Errors: CLSNN_E_IO. */
enum clsnn_status clsnn_file_check_dir(const char *dir);

/* Creates dir and its parents where missing, and checks that a file can be made in it. Errors: CLSNN_E_IO. */
enum clsnn_status clsnn_file_make_dir(const char *dir);

/* Removes what clsnn_file_write had begun in dir by processes of this machine that are no more (kill -9, power). Best effort. */
void clsnn_file_remove_unfinished(const char *dir);

/* dir + "/" + name, malloc'ed; NULL (and the error recorded) without memory. */
char *clsnn_file_join(const char *dir, const char *name);

#endif
