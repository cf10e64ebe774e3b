/* Locks; lock.h says how. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"

enum { BEAT_SECONDS = 3, HOST_BYTES = 65, MARK_BYTES = 160 };

/* The lock files of a process below one folder. */
struct lock_files {
    char *folder, *life;   /* DIR/.locks; the file of life signs in it; owned */
    char mark[MARK_BYTES]; /* the content of the lock files: "HOST PID LIFE" */
    char **paths;          /* [n] lock files, owned */
    size_t n;
    bool beating;
    pthread_t heart;
};

static bool has_no_locks(int error) {
    return error == ENOSYS || error == ENOLCK || error == EOPNOTSUPP || error == EINVAL;
}

/* Reads a small file to text; "" if it cannot be read. */
static void read_text(const char *path, char text[MARK_BYTES]) {
    const int fd = clsnn_file_open(AT_FDCWD, path, O_RDONLY, 0);
    ssize_t n = fd >= 0 ? read(fd, text, MARK_BYTES - 1) : 0;
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = '\0';
}

/* Creates path with a text; fails with errno EEXIST if it is there. */
static int create_text(const char *path, const char *text) {
    const int fd = clsnn_file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (fd < 0) return -1;
    const ssize_t n = (ssize_t)strlen(text);
    const bool ok = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    const int error = errno;
    close(fd);
    if (ok) return 0;
    unlink(path);
    errno = error;
    return -1;
}

/* The body of the thread that gives life signs, until it is cancelled. */
static void *beat(void *ctx) {
    const struct lock_files *of = ctx;
    for (unsigned long k = 1;; k++) {
        sleep(BEAT_SECONDS);
        const int fd = clsnn_file_open(AT_FDCWD, of->life, O_WRONLY | O_CREAT, 0666);
        if (fd < 0) continue;
        char text[32];
        snprintf(text, sizeof text, "%-20lu\n", k);
        if (write(fd, text, strlen(text)) > 0) fsync(fd);
        close(fd);
    }
    return NULL;
}

/* Returns whether the process that wrote a mark to the lock file path is gone. For another host's process it
 * waits for a life sign. A process killed while it wrote leaves a text that is no mark: then a change of the
 * lock file counts as a life sign. */
static bool is_dead(const struct lock_files *of, const char *path, const char *mark) {
    char host[HOST_BYTES], own[HOST_BYTES], name[64], first[MARK_BYTES], now[MARK_BYTES];
    long pid = 0;
    const bool is_mark = sscanf(mark, "%64s %ld %63s", host, &pid, name) == 3 && !strchr(name, '/');
    sscanf(of->mark, "%64s", own);
    if (is_mark && strcmp(host, own) == 0) return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
    char *life = is_mark ? clsnn_file_join(of->folder, name) : strdup(path);
    if (!life) return false;
    read_text(life, first);
    bool dead = true;
    for (int k = 0; k < 3 * BEAT_SECONDS && dead; k++) {
        sleep(1);
        read_text(life, now);
        dead = strcmp(first, now) == 0;
    }
    free(life);
    return dead;
}

/* Makes the lock file of one name, or takes a dead one over. */
static enum clsnn_status take_file(struct lock_files *of, const char *name, const char *dir,
                                   const char *hint) {
    enum clsnn_status st = CLSNN_OK;
    char found[MARK_BYTES], aside[96];
    char *path = clsnn_file_join(of->folder, name), *other = NULL;
    if (!path) return CLSNN_E_MEMORY;
    while (create_text(path, of->mark) != 0) {
        if (errno != EEXIST) {
            st = clsnn_fail(CLSNN_E_IO, "%s: cannot be made: %s", path, strerror(errno));
            goto fail;
        }
        read_text(path, found);
        found[strcspn(found, "\n")] = '\0';
        if (!is_dead(of, path, found)) {
            char host[HOST_BYTES] = "?";
            long pid = 0;
            sscanf(found, "%64s %ld", host, &pid);
            st = clsnn_fail(CLSNN_E_USAGE,
                            "%s: another clsnn (process %ld on %s) is at work on runs there: %s (its lock is "
                            "%s)",
                            dir, pid, host, hint, path);
            goto fail;
        }
        /* The dead lock is moved aside, which only one process can do, and looked at again: it may be
         * another's new lock by now. */
        snprintf(aside, sizeof aside, "%.40s.dead-%ld", name, (long)getpid());
        other = clsnn_file_join(of->folder, aside);
        if (!other) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        if (rename(path, other) == 0) {
            char again[MARK_BYTES];
            read_text(other, again);
            again[strcspn(again, "\n")] = '\0';
            if (strcmp(again, found) != 0 && link(other, path) != 0)
                errno = 0; /* a third process was faster; the last check of lock_by_files tells the loser */
            unlink(other);
        }
        free(other);
        other = NULL;
    }
    of->paths[of->n++] = path;
    return CLSNN_OK;
fail:
    free(path);
    return st;
}

static void drop_files(struct lock_files *of) {
    if (!of) return;
    if (of->beating) {
        pthread_cancel(of->heart);
        pthread_join(of->heart, NULL);
    }
    for (size_t k = 0; k < of->n; k++) {
        char found[MARK_BYTES];
        read_text(of->paths[k], found);
        if (strcmp(found, of->mark) == 0) unlink(of->paths[k]);
        free(of->paths[k]);
    }
    if (of->life) unlink(of->life);
    if (of->folder) rmdir(of->folder); /* fails while others have locks */
    free(of->paths);
    free(of->life);
    of->life = NULL;
    free(of->folder);
    free(of);
}

static enum clsnn_status lock_by_files(const char *dir, const char *const *names, size_t n, const char *hint,
                                       struct clsnn_lock *out) {
    enum clsnn_status st = CLSNN_OK;
    char host[HOST_BYTES] = "", name[64], found[MARK_BYTES];
    struct lock_files *of = calloc(1, sizeof *of);
    if (!of) return clsnn_no_memory("lock");
    of->paths = calloc(n + 1, sizeof *of->paths);
    of->folder = clsnn_file_join(dir, ".locks");
    if (gethostname(host, sizeof host - 1) != 0 || !*host) snprintf(host, sizeof host, "unknown");
    snprintf(name, sizeof name, "life-%.40s-%ld", host, (long)getpid());
    of->life = of->folder ? clsnn_file_join(of->folder, name) : NULL;
    if (!of->paths || !of->life) {
        st = clsnn_no_memory("lock");
        goto fail;
    }
    snprintf(of->mark, sizeof of->mark, "%s %ld %s\n", host, (long)getpid(), name);
    TRY(clsnn_file_make_dir(of->folder));
    unlink(of->life); /* an earlier process's of this number */
    if (create_text(of->life, "0\n") != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be made: %s", of->life, strerror(errno));
        goto fail;
    }
    of->beating = pthread_create(&of->heart, NULL, beat, of) == 0;
    if (!of->beating) {
        st = clsnn_no_memory("lock");
        goto fail;
    }
    for (size_t k = 0; k < n; k++) TRY(take_file(of, names[k], dir, hint));
    /* Two processes that take over the same dead lock at once: the loser finds the winner's mark. */
    for (size_t k = 0; k < n; k++) {
        read_text(of->paths[k], found);
        if (strcmp(found, of->mark) == 0) continue;
        st = clsnn_fail(CLSNN_E_USAGE, "%s: another clsnn has begun at the same time: %s", dir, hint);
        goto fail;
    }
    *out = (struct clsnn_lock){.fd = -1, .by_files = true, .of = of};
    return CLSNN_OK;
fail:
    drop_files(of);
    return st;
}

enum clsnn_status clsnn_lock_dir(const char *dir, struct clsnn_lock *out) {
    static const char *const name = "run", *const hint = "wait for it, or choose another --out";
    const int fd = clsnn_file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return clsnn_fail(CLSNN_E_IO, "%s: cannot be opened: %s", dir, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out = (struct clsnn_lock){.fd = fd};
        return CLSNN_OK;
    }
    const int why = errno;
    close(fd);
    if (has_no_locks(why)) return lock_by_files(dir, &name, 1, hint, out);
    if (why != EWOULDBLOCK) return clsnn_fail(CLSNN_E_IO, "%s: cannot be locked: %s", dir, strerror(why));
    return clsnn_fail(CLSNN_E_USAGE, "%s: another clsnn is at work there: %s", dir, hint);
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
                                   struct clsnn_lock *out) {
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
        if (has_no_locks(why)) {
            TRY(lock_by_files(dir, names, n, hint, out));
            close(fd);
            free(path);
            return CLSNN_OK;
        }
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
    *out = (struct clsnn_lock){.fd = fd};
    free(path);
    return CLSNN_OK;
fail:
    if (fd >= 0) close(fd);
    free(path);
    return st;
}

void clsnn_lock_release(struct clsnn_lock *lock) {
    if (lock->fd >= 0) close(lock->fd);
    drop_files(lock->of);
    *lock = CLSNN_LOCK_NONE;
}
