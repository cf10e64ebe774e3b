/* What one process has to itself. A lock ends with its process, however that ends. */
#ifndef CLSNN_LOCK_H
#define CLSNN_LOCK_H

#include <stddef.h>

#include "clsnn/status.h"

/* Makes dir this process's own until *out_fd is closed; leaves nothing in it. Where the file system knows no locks,
 * it does nothing. Errors: CLSNN_E_USAGE another process has it; CLSNN_E_IO. */
enum clsnn_status clsnn_lock_dir(const char *dir, int *out_fd);

/* Makes each of n names this process's own among those who lock names in the file dir/lock, until *out_fd is closed:
 * two processes with no name in common do not meet. Network file systems know these locks.
 * Errors: CLSNN_E_USAGE another process has one of them (the text ends in hint); CLSNN_E_IO; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_lock_names(const char *dir, const char *const *names, size_t n, const char *hint,
                                   int *out_fd);

#endif
