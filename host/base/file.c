/* Reading and writing of whole files. Checkpoints, models, pictures and run.json are all written by
 * clsnn_file_write, so this one function keeps the promise "complete or absent". */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"

/* Bytes of one read() or write(). Linux transfers at most 0x7ffff000; smaller pieces also let signals in
 * sooner. */
#define PIECE_BYTES ((size_t)64 << 20)
#define TEMP_TRIES  1000

int clsnn_file_open(int dir_fd, const char *path, int flags, mode_t mode) {
    int fd;
    do {
        fd = openat(dir_fd, path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int fsync_retry(int fd) {
    int rc;
    do {
        rc = fsync(fd);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

/* Names the kind of a path, for messages that it is no regular file. */
static const char *kind_name(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISLNK(mode)) return "a symbolic link";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    return S_ISREG(mode) ? "a file" : "of an unknown kind";
}

/* Reads n_bytes, or fewer if the file ends before. *out_got: bytes read. */
static int read_fully(int fd, unsigned char *data, size_t n_bytes, size_t *out_got) {
    size_t got = 0;
    while (got < n_bytes) {
        const size_t left = n_bytes - got;
        const ssize_t n = read(fd, data + got, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        got += (size_t)n;
    }
    *out_got = got;
    return 0;
}

enum clsnn_status clsnn_file_read(const char *path, size_t max_bytes, void **out_data, size_t *out_bytes) {
    enum clsnn_status st = CLSNN_OK;
    unsigned char *data = NULL;
    struct stat info;
    size_t n_bytes, got = 0;

    /* With O_NONBLOCK, opening a pipe without a writer does not wait; the check below then refuses it. */
    const int fd = clsnn_file_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) return clsnn_fail(CLSNN_E_IO, "%s: cannot be opened for reading: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be examined: %s", path, strerror(errno));
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        st = clsnn_fail(CLSNN_E_IO, "%s: is %s: must be a regular file", path, kind_name(info.st_mode));
        goto fail;
    }
    if ((uintmax_t)info.st_size > max_bytes || (uintmax_t)info.st_size >= SIZE_MAX) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: %jd bytes: at most %zu are accepted here", path,
                        (intmax_t)info.st_size, max_bytes);
        goto fail;
    }
    n_bytes = (size_t)info.st_size;
    data = malloc(n_bytes + 1);
    if (!data) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for its %zu bytes", path, n_bytes);
        goto fail;
    }
    /* Asks for one byte more than the file should have, to notice a file that has grown. */
    if (read_fully(fd, data, n_bytes + 1, &got) != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be read: %s", path, strerror(errno));
        goto fail;
    }
    if (got != n_bytes) {
        st = clsnn_fail(CLSNN_E_IO, "%s: changed while it was read (%zu bytes expected, %s found): try again",
                        path, n_bytes, got < n_bytes ? "fewer" : "more");
        goto fail;
    }
    close(fd);
    data[n_bytes] = 0;
    *out_data = data;
    *out_bytes = n_bytes;
    return CLSNN_OK;
fail:
    close(fd);
    free(data);
    return st;
}

static int write_fully(int fd, const unsigned char *data, size_t n_bytes) {
    size_t done = 0;
    while (done < n_bytes) {
        const size_t left = n_bytes - done;
        const ssize_t n = write(fd, data + done, left < PIECE_BYTES ? left : PIECE_BYTES);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) { /* never happens for a regular file; without this check it would loop for ever */
            errno = EIO;
            return -1;
        }
        done += (size_t)n;
    }
    return 0;
}

/* Creates a temporary file in dir_fd and writes its name to `name`. Returns the descriptor, or -1 with errno.
 * The name does not contain the target's, which may already be as long as the file system allows. */
static int open_temp(int dir_fd, char name[64]) {
    for (int i = 0; i < TEMP_TRIES; i++) {
        snprintf(name, 64, ".clsnn-%ld-%d.tmp", (long)getpid(), i);
        const int fd = clsnn_file_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

/* Splits path at its last slash: *out_base points into path, *out_dir is malloc'ed. */
static enum clsnn_status split_path(const char *path, char **out_dir, const char **out_base) {
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
        return clsnn_fail(CLSNN_E_IO, "'%s': cannot be written: must name a file", path);
    char *dir;
    if (!slash)
        dir = strdup(".");
    else if (slash == path)
        dir = strdup("/");
    else
        dir = strndup(path, (size_t)(slash - path));
    if (!dir) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for its folder's name", path);
    *out_dir = dir;
    *out_base = base;
    return CLSNN_OK;
}

/* Refuses to replace anything but a regular file: rename() would silently turn a link or a device into
 * one. */
static enum clsnn_status check_target(int dir_fd, const char *base, const char *path) {
    struct stat info;
    if (fstatat(dir_fd, base, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return CLSNN_OK;
        return clsnn_fail(CLSNN_E_IO, "%s: cannot be examined: %s", path, strerror(errno));
    }
    if (!S_ISREG(info.st_mode))
        return clsnn_fail(CLSNN_E_IO, "%s: is %s: only a regular file is replaced; name another or remove it",
                          path, kind_name(info.st_mode));
    return CLSNN_OK;
}

/* Opens the folder of the file that is to be written, and finds the file's name there. This comes first, so a
 * bad folder is noticed before anything changes. The caller frees *out_dir and closes *out_fd unless it is
 * negative, on failure too. */
static enum clsnn_status open_folder(const char *path, char **out_dir, const char **out_base, int *out_fd) {
    const enum clsnn_status st = split_path(path, out_dir, out_base);
    if (st != CLSNN_OK) return st;
    *out_fd = clsnn_file_open(AT_FDCWD, *out_dir, O_RDONLY | O_DIRECTORY, 0);
    if (*out_fd < 0)
        return clsnn_fail(CLSNN_E_IO, "%s: its folder cannot be opened: %s", path, strerror(errno));
    return check_target(*out_fd, *out_base, path);
}

enum clsnn_status clsnn_file_check(const char *path) {
    enum clsnn_status st = CLSNN_OK;
    char *dir = NULL, temp[64];
    const char *base = NULL;
    int dir_fd = -1, fd = -1;
    TRY(open_folder(path, &dir, &base, &dir_fd));
    fd = open_temp(dir_fd, temp);
    if (fd < 0)
        st = clsnn_fail(CLSNN_E_IO, "%s: no temporary file can be made beside it: %s", path, strerror(errno));
    else
        unlinkat(dir_fd, temp, 0);
fail:
    if (fd >= 0) close(fd);
    if (dir_fd >= 0) close(dir_fd);
    free(dir);
    return st;
}

static enum clsnn_status write_file(const char *path, const void *data, size_t n_bytes,
                                    enum clsnn_durability durability) {
    enum clsnn_status st = CLSNN_OK;
    char *dir = NULL;
    const char *base = NULL;
    char temp[64];
    int dir_fd = -1, fd = -1, rc;
    bool temp_exists = false;

    TRY(open_folder(path, &dir, &base, &dir_fd));
    fd = open_temp(dir_fd, temp);
    if (fd < 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: no temporary file can be made beside it: %s", path, strerror(errno));
        goto fail;
    }
    temp_exists = true;
    if (write_fully(fd, data, n_bytes) != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: %zu bytes cannot be written: %s", path, n_bytes, strerror(errno));
        goto fail;
    }
    if (durability != CLSNN_FILE_LOOSE && fsync_retry(fd) != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be brought to the disk: %s", path, strerror(errno));
        goto fail;
    }
    /* On Linux close() has closed the file even if it returns EINTR. fsync() has put the data on the disk. */
    rc = close(fd);
    fd = -1;
    if (rc != 0 && errno != EINTR) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be closed: %s", path, strerror(errno));
        goto fail;
    }
    do {
        rc = renameat(dir_fd, temp, dir_fd, base);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be put in place: %s", path, strerror(errno));
        goto fail;
    }
    temp_exists = false;
    /* File systems without fsync for folders return EINVAL or ENOTSUP, which is no failure. Any other error
     * comes after the rename and cannot undo it; the text says so. */
    if (durability == CLSNN_FILE_SAFE && fsync_retry(dir_fd) != 0 && errno != EINVAL && errno != ENOTSUP) {
        st = clsnn_fail(CLSNN_E_IO, "%s: is in place, but its folder cannot be brought to the disk: %s", path,
                        strerror(errno));
        goto fail;
    }
fail:
    if (fd >= 0) close(fd);
    if (temp_exists) unlinkat(dir_fd, temp, 0);
    if (dir_fd >= 0) close(dir_fd);
    free(dir);
    return st;
}

enum clsnn_status clsnn_file_write(const char *path, const void *data, size_t n_bytes) {
    return write_file(path, data, n_bytes, CLSNN_FILE_SAFE);
}

bool clsnn_file_is_there(const char *dir, const char *name) {
    char *path = clsnn_file_join(dir, name);
    const bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* Makes one level of a path. An existing directory, also behind a link, is success. */
static enum clsnn_status make_level(const char *dir) {
    struct stat info;
    int rc;
    do {
        rc = mkdir(dir, 0777);
    } while (rc != 0 && errno == EINTR);
    if (rc == 0) return CLSNN_OK;
    const int why = errno;
    if (stat(dir, &info) != 0)
        return clsnn_fail(CLSNN_E_IO, "%s: folder cannot be made: %s", dir, strerror(why));
    if (!S_ISDIR(info.st_mode))
        return clsnn_fail(CLSNN_E_IO, "%s: is %s: must be a folder", dir, kind_name(info.st_mode));
    return CLSNN_OK;
}

/* Creates a file in dir and removes it: permission bits do not show read-only mounts, quotas and the rights
 * of root. missing: the folder that will be made in dir, for messages; or NULL. */
static enum clsnn_status try_folder(const char *dir, const char *missing) {
    enum clsnn_status st = CLSNN_OK;
    char temp[64];
    int fd = -1;
    const int dir_fd = clsnn_file_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
    if (dir_fd < 0) return clsnn_fail(CLSNN_E_IO, "%s: folder cannot be opened: %s", dir, strerror(errno));
    fd = open_temp(dir_fd, temp);
    if (fd < 0 && missing)
        st = clsnn_fail(CLSNN_E_IO, "%s: folder cannot be made: %s", missing, strerror(errno));
    else if (fd < 0)
        st = clsnn_fail(CLSNN_E_IO, "%s: no file can be made in this folder: %s", dir, strerror(errno));
    else if (unlinkat(dir_fd, temp, 0) != 0)
        st = clsnn_fail(CLSNN_E_IO, "%s: no file can be removed in this folder: %s", dir, strerror(errno));
    if (fd >= 0) close(fd);
    close(dir_fd);
    return st;
}

/* Tells whether one level of a path exists. A file in the place of a folder is an error. */
static enum clsnn_status look_at_level(const char *path, bool *out_there) {
    struct stat info;
    *out_there = stat(path, &info) == 0;
    if (*out_there && !S_ISDIR(info.st_mode))
        return clsnn_fail(CLSNN_E_IO, "%s: is %s: must be a folder", path, kind_name(info.st_mode));
    if (*out_there) return CLSNN_OK;
    int why = errno;
    if (why == ENOENT && lstat(path, &info) == 0) why = EEXIST; /* path is a link to nothing */
    if (why == ENOENT) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_IO, "%s: folder cannot be made: %s", path, strerror(why));
}

bool clsnn_file_is_same(const char *a, const char *b) {
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

enum clsnn_status clsnn_file_check_dir(const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    char *path = strdup(dir), *there = strdup(*dir == '/' ? "/" : "."), *end = path;
    bool missing = false;
    if (!path || !there) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for its name", dir);
        goto fail;
    }
    if (!*dir) {
        st = clsnn_fail(CLSNN_E_IO, "'': cannot be made: must name a folder");
        goto fail;
    }
    for (;;) {
        bool found;
        end += strspn(end, "/");
        if (!*end) break;
        end += strcspn(end, "/");
        const char cut = *end;
        *end = '\0';
        TRY(look_at_level(path, &found));
        missing = !found;
        if (missing) break; /* path now ends with the first missing level */
        free(there);
        there = strdup(path);
        if (!there) {
            st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for its name", dir);
            goto fail;
        }
        *end = cut;
    }
    TRY(try_folder(there, missing ? path : NULL));
    const long longest = pathconf(there, _PC_NAME_MAX);
    for (const char *name = dir; longest > 0 && *(name += strspn(name, "/")); name += strcspn(name, "/")) {
        if (strcspn(name, "/") <= (size_t)longest) continue;
        st = clsnn_fail(CLSNN_E_IO, "%s: folder cannot be made: %s", dir, strerror(ENAMETOOLONG));
        goto fail;
    }
fail:
    free(path);
    free(there);
    return st;
}

enum clsnn_status clsnn_file_make_dir(const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    char *path = NULL;

    if (!*dir) return clsnn_fail(CLSNN_E_IO, "'': cannot be made: must name a folder");
    path = strdup(dir);
    if (!path) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for its name", dir);
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        TRY(make_level(path));
        *p = '/';
    }
    TRY(make_level(path));
    TRY(try_folder(dir, NULL));
fail:
    free(path);
    return st;
}

void clsnn_file_remove_unfinished(const char *dir) {
    DIR *open = opendir(dir);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        long pid;
        int i;
        char same[64];
        if (sscanf(entry->d_name, ".clsnn-%ld-%d.tmp", &pid, &i) != 2) continue;
        snprintf(same, sizeof same, ".clsnn-%ld-%d.tmp", pid, i);
        if (strcmp(same, entry->d_name) != 0 || pid <= 0 || pid > INT32_MAX) continue;
        if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) unlinkat(dirfd(open), same, 0);
    }
    if (open) closedir(open);
}

char *clsnn_file_join(const char *dir, const char *name) {
    const size_t n_dir = strlen(dir), n_name = strlen(name);
    const size_t n_slash = n_dir && dir[n_dir - 1] != '/' ? 1 : 0;
    char *path = n_name < SIZE_MAX - n_dir - 2 ? malloc(n_dir + n_slash + n_name + 1) : NULL;
    if (!path) {
        clsnn_fail(CLSNN_E_MEMORY, "%s/%s: no memory for the name", dir, name);
        return NULL;
    }
    memcpy(path, dir, n_dir); /* name brings the final zero. NOLINT(bugprone-not-null-terminated-result) */
    if (n_slash) path[n_dir] = '/';
    memcpy(path + n_dir + n_slash, name, n_name + 1);
    return path;
}

enum clsnn_status clsnn_file_write_in(const char *dir, const char *name, const void *data, size_t n_bytes,
                                      enum clsnn_durability durability) {
    char *path = clsnn_file_join(dir, name);
    const enum clsnn_status st = path ? write_file(path, data, n_bytes, durability) : CLSNN_E_MEMORY;
    free(path);
    return st;
}
