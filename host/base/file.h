/* Reading and writing of whole files. clsnn_file_write writes a temporary file beside the final name and
 * renames it when it is complete. So no half-written file ever has a final name. */
#ifndef CLSNN_FILE_H
#define CLSNN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clsnn/status.h"

/* Opens a file like openat(), close-on-exec. A signal may interrupt open() on a slow (network) file system;
 * open() has then done nothing, so the call is repeated. Returns the descriptor, or -1 and errno. */
int clsnn_file_open(int dir_fd, const char *path, int flags, mode_t mode);

/* Reads a regular file of at most max_bytes.
 * out_data  [*out_bytes] and a zero byte; malloc'ed, the caller's
 * Errors: CLSNN_E_IO the file cannot be opened or read, or is not regular; CLSNN_E_DATA it is larger than
 * max_bytes; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_file_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes);

/* Writes path atomically: a temporary file in the same directory (O_EXCL), fsync, rename, fsync of the
 * directory. On failure the temporary file is removed and path is as before, unless only the directory's
 * fsync failed.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_file_write(const char *path, const void *data, size_t n_bytes);
/* What a power cut may take. Each fsync costs milliseconds, and a sweep of short runs writes thousands of
 * files. kill -9 takes nothing: what is written is with the operating system. */
enum clsnn_durability {
    CLSNN_FILE_SAFE,      /* nothing */
    CLSNN_FILE_WITH_NEXT, /* the new name, until a safe file is written into the same directory */
    CLSNN_FILE_LOOSE      /* the contents: the file may be empty */
};
/* Writes the file `name` in dir, as clsnn_file_write, but for durability. */
enum clsnn_status clsnn_file_write_in(const char *dir, const char *name, const void *data, size_t n_bytes,
                                      enum clsnn_durability durability);

/* Checks, before long work, that clsnn_file_write could write path. Changes nothing. Errors: CLSNN_E_IO,
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_file_check(const char *path);

/* Returns true if dir has an entry `name`. */
bool clsnn_file_is_there(const char *dir, const char *name);

/* Returns true if a and b exist and name the same file. */
bool clsnn_file_is_same(const char *a, const char *b);

/* Checks that clsnn_file_make_dir could make dir. Changes nothing. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_file_check_dir(const char *dir);

/* Makes dir and its missing parents, and checks that a file can be created in dir. Errors: CLSNN_E_IO,
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_file_make_dir(const char *dir);

/* Removes from dir the temporary files of clsnn_file_write whose process no longer exists on this machine
 * (kill -9, power cut). A file that cannot be removed stays. */
void clsnn_file_remove_unfinished(const char *dir);

/* Returns dir + "/" + name, malloc'ed, the caller's; NULL, with the error recorded, without memory. */
char *clsnn_file_join(const char *dir, const char *name);

#endif
