/* host/base/file.c and sha256.c, while the system calls and libcrypto under them fail one call at a time. The
 * linker puts the functions below in the calls' places. After a failure the file is the old one or the new
 * one, whole; nothing else is left in the folder, and the message says why. An interrupt (EINTR) is no
 * failure. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/sha256.h"

enum call { OPENAT, FSTAT, FSTATAT, READ, WRITE, FSYNC, CLOSE, RENAMEAT, MKDIR, UNLINKAT, CRYPTO, N_CALLS };
static const char *const call_names[N_CALLS] = {"openat", "fstat",    "fstatat",  "read",
                                                "write",  "fsync",    "close",    "renameat",
                                                "mkdir",  "unlinkat", "libcrypto"};

/* Call number `at` (from 0) of one kind fails with `error`. close() works even when it fails. */
static struct fault {
    bool armed;
    enum call call;
    int at, error;
} fault;
static int n_calls[N_CALLS];
static bool happened;

static void arm(enum call call, int at, int error) {
    memset(n_calls, 0, sizeof n_calls);
    happened = false;
    fault = (struct fault){.armed = true, .call = call, .at = at, .error = error};
}

static bool fails(enum call call) {
    if (!fault.armed || fault.call != call || n_calls[call]++ != fault.at) return false;
    happened = true;
    errno = fault.error;
    return true;
}

/* The C library has each of these functions under two names; the compiler decides which one is called. */
#define STAND_INS(suffix)                                                                                    \
    int __real_openat##suffix(int dir, const char *path, int flags, ...);                                    \
    int __wrap_openat##suffix(int dir, const char *path, int flags, ...);                                    \
    int __wrap_openat##suffix(int dir, const char *path, int flags, ...) {                                   \
        va_list list;                                                                                        \
        va_start(list, flags);                                                                               \
        const mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;                                      \
        va_end(list);                                                                                        \
        return fails(OPENAT) ? -1 : __real_openat##suffix(dir, path, flags, mode);                           \
    }                                                                                                        \
    int __real_fstat##suffix(int fd, struct stat *info);                                                     \
    int __wrap_fstat##suffix(int fd, struct stat *info);                                                     \
    int __wrap_fstat##suffix(int fd, struct stat *info) {                                                    \
        return fails(FSTAT) ? -1 : __real_fstat##suffix(fd, info);                                           \
    }                                                                                                        \
    int __real_fstatat##suffix(int dir, const char *path, struct stat *info, int flags);                     \
    int __wrap_fstatat##suffix(int dir, const char *path, struct stat *info, int flags);                     \
    int __wrap_fstatat##suffix(int dir, const char *path, struct stat *info, int flags) {                    \
        return fails(FSTATAT) ? -1 : __real_fstatat##suffix(dir, path, info, flags);                         \
    }
STAND_INS()
STAND_INS(64)

static ssize_t cut_read = -1; /* number of bytes the next read() delivers instead; negative: none */

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n) {
    if (fails(READ)) return -1;
    if (cut_read < 0) return __real_read(fd, to, n);
    const ssize_t got = cut_read;
    memset(to, 'x', (size_t)got);
    cut_read = 0; /* the read after it finds the end */
    return got;
}

ssize_t __real_write(int fd, const void *from, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n);
ssize_t __wrap_write(int fd, const void *from, size_t n) {
    if (fails(WRITE)) return fault.error ? -1 : 0;
    return __real_write(fd, from, n > 3 ? 3 : n); /* a system may write fewer bytes than it is given */
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
    return fails(FSYNC) ? -1 : __real_fsync(fd);
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd) {
    const int rc = __real_close(fd); /* closes even when it reports a failure */
    return fails(CLOSE) ? -1 : rc;
}

int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to) {
    return fails(RENAMEAT) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode) {
    return fails(MKDIR) ? -1 : __real_mkdir(path, mode);
}

int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags) {
    return fails(UNLINKAT) ? -1 : __real_unlinkat(dir, path, flags);
}

EVP_MD_CTX *__real_EVP_MD_CTX_new(void);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void) {
    return fails(CRYPTO) ? NULL : __real_EVP_MD_CTX_new();
}

int __real_EVP_DigestInit_ex(EVP_MD_CTX *context, const EVP_MD *type, ENGINE *engine);
int __wrap_EVP_DigestInit_ex(EVP_MD_CTX *context, const EVP_MD *type, ENGINE *engine);
int __wrap_EVP_DigestInit_ex(EVP_MD_CTX *context, const EVP_MD *type, ENGINE *engine) {
    return fails(CRYPTO) ? 0 : __real_EVP_DigestInit_ex(context, type, engine);
}

int __real_EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t n);
int __wrap_EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t n);
int __wrap_EVP_DigestUpdate(EVP_MD_CTX *context, const void *data, size_t n) {
    return fails(CRYPTO) ? 0 : __real_EVP_DigestUpdate(context, data, n);
}

int __real_EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned *n);
int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned *n);
int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX *context, unsigned char *digest, unsigned *n) {
    return fails(CRYPTO) ? 0 : __real_EVP_DigestFinal_ex(context, digest, n);
}

static char root[64], path[128];
static const char old[] = "what was there before", new[] = "what is to be there";

static int setup(void **state) {
    (void)state;
    clsnn_error_clear();
    snprintf(root, sizeof root, "/tmp/clsnn-errors-XXXXXX");
    if (!mkdtemp(root)) return -1;
    snprintf(path, sizeof path, "%s/file", root);
    return clsnn_file_write(path, old, sizeof old) == CLSNN_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(root); /* fails if another file was left */
}

static bool holds(const void *data, size_t n) {
    char found[64] = "";
    FILE *f = fopen(path, "rb");
    const size_t got = f ? fread(found, 1, sizeof found, f) : 0;
    if (f) fclose(f);
    return got == n && memcmp(found, data, n) == 0;
}

static int n_files(void) {
    int n = 0;
    DIR *d = opendir(root);
    for (const struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.' || strncmp(e->d_name, ".clsnn", 6) == 0;
    if (d) closedir(d);
    return n;
}

/* The failure must name the file and the reason. */
static void told(enum clsnn_status st, const char *name, const char *reason) {
    if (st != CLSNN_E_IO || !strstr(clsnn_error_text(), name) || !strstr(clsnn_error_text(), reason))
        fail_msg("%s: status %d, \"%s\" lacks \"%s\" or \"%s\"", call_names[fault.call], (int)st,
                 clsnn_error_text(), name, reason);
    clsnn_error_clear();
}

static void a_failed_write_leaves_the_old_file_or_the_new(void **state) {
    (void)state;
    const enum call calls[] = {OPENAT, FSTATAT, WRITE, FSYNC, CLOSE, RENAMEAT};
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        int n = 0;
        for (;; n++) {
            assert_int_equal(clsnn_file_write(path, old, sizeof old), CLSNN_OK);
            arm(calls[k], n, EIO);
            const enum clsnn_status st = clsnn_file_write(path, new, sizeof new);
            fault.armed = false;
            if (!happened) {
                assert_int_equal(st, CLSNN_OK);
                break;
            }
            assert_int_equal(n_files(), 1);
            /* The folder's fsync and close follow the rename, so the file is the new one then. A failed fsync
             * is reported; a failed close is not. */
            const bool behind = (calls[k] == FSYNC || calls[k] == CLOSE) && n == 1;
            assert_true(behind ? holds(new, sizeof new) : holds(old, sizeof old));
            if (calls[k] == CLOSE && n == 1)
                assert_int_equal(st, CLSNN_OK);
            else
                told(st, path, strerror(EIO));
        }
        assert_true(n >= (calls[k] == WRITE ? 7 : calls[k] == FSTATAT || calls[k] == RENAMEAT ? 1 : 2));
    }
}

static void an_interrupted_write_goes_on(void **state) {
    (void)state;
    const enum call calls[] = {OPENAT, WRITE, FSYNC, CLOSE, RENAMEAT};
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        for (int n = 0;; n++) {
            assert_int_equal(clsnn_file_write(path, old, sizeof old), CLSNN_OK);
            arm(calls[k], n, EINTR);
            assert_int_equal(clsnn_file_write(path, new, sizeof new), CLSNN_OK);
            fault.armed = false;
            assert_true(holds(new, sizeof new) && n_files() == 1);
            if (!happened) break;
        }
    }
}

static void odd_answers_of_file_systems(void **state) {
    (void)state;
    const int harmless[] = {EINVAL, ENOTSUP}; /* from fsync of a folder: the file system has none */
    for (int k = 0; k < 2; k++) {
        arm(FSYNC, 1, harmless[k]);
        assert_int_equal(clsnn_file_write(path, new, sizeof new), CLSNN_OK);
        assert_true(happened);
    }
    /* A write() that returns 0 would repeat for ever, so it fails. */
    arm(WRITE, 2, 0);
    const enum clsnn_status st = clsnn_file_write(path, old, sizeof old);
    fault.armed = false;
    told(st, path, strerror(EIO));
    assert_true(holds(new, sizeof new) && n_files() == 1);
}

static void a_failed_read_delivers_nothing(void **state) {
    (void)state;
    void *data = &root;
    size_t n_bytes = 7;
    const enum call calls[] = {OPENAT, FSTAT, READ};
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        arm(calls[k], 0, EIO);
        const enum clsnn_status st = clsnn_file_read(path, 100, &data, &n_bytes);
        fault.armed = false;
        told(st, path, strerror(EIO));
        assert_true(happened && data == &root && n_bytes == 7);
        if (calls[k] == FSTAT) continue;
        arm(calls[k], 0, EINTR);
        assert_int_equal(clsnn_file_read(path, 100, &data, &n_bytes), CLSNN_OK);
        fault.armed = false;
        assert_true(happened && n_bytes == sizeof old);
        assert_memory_equal(data, old, sizeof old);
        free(data);
        data = &root;
        n_bytes = 7;
    }
    /* Another process changes the file's size during the read. */
    const ssize_t other[] = {5, sizeof old + 1};
    const char *words[] = {"fewer found", "more found"};
    for (int k = 0; k < 2; k++) {
        cut_read = other[k];
        const enum clsnn_status st = clsnn_file_read(path, 100, &data, &n_bytes);
        cut_read = -1;
        told(st, path, words[k]);
        assert_true(data == &root && n_bytes == 7);
    }
}

static void a_folder_that_cannot_be_used_is_told(void **state) {
    (void)state;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/a/b", root);
    const enum call calls[] = {MKDIR, OPENAT, UNLINKAT};
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++) {
        const int n_of = calls[k] == UNLINKAT ? 1 : 2;
        for (int n = 0; n < n_of; n++) {
            /* mkdir fails for a, then for b; /tmp and root come before them. */
            arm(calls[k], calls[k] == MKDIR ? n + 2 : n, EACCES);
            const enum clsnn_status st = clsnn_file_make_dir(dir);
            fault.armed = false;
            assert_true(happened);
            told(st, root, strerror(EACCES));
            if (calls[k] == UNLINKAT) clsnn_file_remove_unfinished(dir); /* keeps it: its process lives */
            char temp[200];
            snprintf(temp, sizeof temp, "%s/.clsnn-%ld-0.tmp", dir, (long)getpid());
            assert_int_equal(unlink(temp) == 0, calls[k] == UNLINKAT);
        }
        arm(calls[k], calls[k] == MKDIR ? 2 : 0, EINTR);
        if (calls[k] != UNLINKAT) assert_int_equal(clsnn_file_make_dir(dir), CLSNN_OK);
        fault.armed = false;
        rmdir(dir);
        dir[strlen(dir) - 2] = '\0';
        rmdir(dir);
        dir[strlen(dir)] = '/';
    }
}

static void a_failed_digest_is_no_digest(void **state) {
    (void)state;
    for (int n = 0;; n++) {
        char hex[CLSNN_SHA256_HEX] = "untouched";
        arm(CRYPTO, n, 0);
        const enum clsnn_status st = clsnn_sha256_hex("abc", 3, hex);
        fault.armed = false;
        if (!happened) {
            assert_int_equal(n, 4); /* new, init, update, final */
            assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
            break;
        }
        assert_int_equal(st, n < 2 ? CLSNN_E_MEMORY : CLSNN_E_FAILED);
        assert_string_equal(hex, "untouched");
        assert_non_null(strstr(clsnn_error_text(), "SHA-256: libcrypto"));
        clsnn_error_clear();
    }
    char hex[CLSNN_SHA256_HEX] = "x";
    clsnn_sha256_finish(NULL, hex);
    assert_string_equal(hex, "");
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_file_or_the_new, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interrupted_write_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_answers_of_file_systems, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_read_delivers_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_used_is_told, setup, teardown),
        cmocka_unit_test(a_failed_digest_is_no_digest),
    };
    return cmocka_run_group_tests_name("file_errors", tests, NULL, NULL);
}
