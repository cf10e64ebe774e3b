/* Locks. flock() locks a directory; fcntl() locks one byte of a file for each name. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"

enum clsnn_status clsnn_lock_dir(const char *dir, int *out_fd) {
    const int fd = clsnn_file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return clsnn_fail(CLSNN_E_IO, "%s: cannot be opened: %s", dir, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(fd);
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s: another clsnn is at work there: wait for it, or choose another --out", dir);
    }
    *out_fd = fd;
    return CLSNN_OK;
}

/* Computes the offset of the byte that stands for a name: the first 60 bits of the name's SHA-256. */
static enum clsnn_status byte_of(const char *name, off_t *out) {
    char hex[CLSNN_SHA256_HEX];
    const enum clsnn_status st = clsnn_sha256_hex(name, strlen(name), hex);
    if (st != CLSNN_OK) return st;
    hex[15] = '\0'; /* 60 bits: offsets are signed */
    *out = (off_t)strtoull(hex, NULL, 16);
    return CLSNN_OK;
}

enum clsnn_status clsnn_lock_names(const char *dir, const char *const *names, size_t n, const char *hint,
                                   int *out_fd) {
    enum clsnn_status st = CLSNN_OK;
    int fd = -1;
    char *path = clsnn_file_join(dir, "lock");
    if (!path) return CLSNN_E_MEMORY;
    fd = clsnn_file_open(AT_FDCWD, path, O_RDWR | O_CREAT, 0666);
    if (fd < 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be opened: %s", path, strerror(errno));
        goto fail;
    }
    for (size_t k = 0; k < n; k++) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
        TRY(byte_of(names[k], &lock.l_start));
        if (fcntl(fd, F_SETLK, &lock) == 0) continue;
        const int why = errno;
        if (why != EACCES && why != EAGAIN) {
            st = clsnn_fail(CLSNN_E_IO, "%s: cannot be locked: %s", path, strerror(why));
            goto fail;
        }
        struct flock other = lock;
        const long pid = fcntl(fd, F_GETLK, &other) == 0 && other.l_type != F_UNLCK ? (long)other.l_pid : 0;
        st = clsnn_fail(CLSNN_E_USAGE, "%s: another clsnn (process %ld) is at work on runs there: %s", dir,
                        pid, hint);
        goto fail;
    }
    *out_fd = fd;
    free(path);
    return CLSNN_OK;
fail:
    if (fd >= 0) close(fd);
    free(path);
    return st;
}
