/* Locks between processes. A lock ends with its process, however the process ends. */
#ifndef CLSNN_LOCK_H
#define CLSNN_LOCK_H

#include <stddef.h>

#include "clsnn/status.h"

/* Locks dir until *out_fd is closed. Creates no file. On a file system without locks it succeeds without a
 * lock.
 * Errors: CLSNN_E_USAGE another process has the lock; CLSNN_E_IO dir cannot be opened. */
enum clsnn_status clsnn_lock_dir(const char *dir, int *out_fd);

/* Locks n names in dir until *out_fd is closed. The locks are in the file dir/lock, which is made if it is
 * missing. Processes with no name in common do not hinder each other. Network file systems support these
 * locks.
 * Errors: CLSNN_E_USAGE another process has one of the names (the text ends in hint); CLSNN_E_IO;
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_lock_names(const char *dir, const char *const *names, size_t n, const char *hint,
                                   int *out_fd);

#endif
