/* Locks between processes. A lock ends with its process, however the process ends.
 *
 * The file system's own locks come first: flock() on a directory, fcntl() on a byte of a file for each name.
 * Where it has none (Lustre without -o flock, some network mounts), lock files take their place: DIR/.locks
 * holds a file for each name, which names the host, the process and its file of life signs. The process
 * changes that file every BEAT_SECONDS. A lock is dead if its process is gone from this host, or if another
 * host's life signs stand still for three beats; who finds a dead lock takes it over. */
#ifndef CLSNN_LOCK_H
#define CLSNN_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "clsnn/status.h"

struct clsnn_lock {
    int fd;                /* with the file system's locks; else -1 */
    bool by_files;         /* the file system has no locks */
    struct lock_files *of; /* owned: the lock files */
};
#define CLSNN_LOCK_NONE ((struct clsnn_lock){.fd = -1})

/* Locks dir. Errors: CLSNN_E_USAGE another process has the lock; CLSNN_E_IO; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_lock_dir(const char *dir, struct clsnn_lock *out);

/* Locks n names in dir, through the file dir/lock, which is made if it is missing. Processes with no name in
 * common do not hinder each other.
 * Errors: CLSNN_E_USAGE another process has one of the names (the text ends in hint); CLSNN_E_IO;
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_lock_names(const char *dir, const char *const *names, size_t n, const char *hint,
                                   struct clsnn_lock *out);

void clsnn_lock_release(struct clsnn_lock *lock); /* takes CLSNN_LOCK_NONE */

#endif
