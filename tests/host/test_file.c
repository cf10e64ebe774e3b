/* Whole files: round trips, refusals, the promise "complete or absent" under a full disk, and SHA-256 against
 * the published answers of FIPS 180-2. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sha256.h"

static char root[64];

/* Returns root + "/" + name, in one of four rotating buffers. */
static const char *in_root(const char *name) {
    static char buffers[4][512];
    static unsigned next;
    char *b = buffers[next++ % 4];
    snprintf(b, sizeof buffers[0], "%s/%s", root, name);
    return b;
}

static int setup(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/clsnn-file-XXXXXX");
    clsnn_error_clear();
    return mkdtemp(root) ? 0 : -1;
}

/* Removes dir with everything in it. */
static void remove_all(const char *dir) {
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        char *path = clsnn_file_join(dir, e->d_name);
        if (!path) break;
        struct stat info;
        if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
            remove_all(path);
        else
            unlink(path);
        free(path);
    }
    closedir(d);
    rmdir(dir);
}

static int teardown(void **state) {
    (void)state;
    remove_all(root);
    return 0;
}

static size_t n_entries(const char *dir) {
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) n++;
    closedir(d);
    return n;
}

/* The call must have returned `want`, with a message that holds both texts. */
static void assert_failed(enum clsnn_status got, enum clsnn_status want, const char *text1,
                          const char *text2) {
    assert_int_equal(got, want);
    if (!strstr(clsnn_error_text(), text1) || !strstr(clsnn_error_text(), text2))
        fail_msg("message '%s' lacks '%s' or '%s'", clsnn_error_text(), text1, text2);
    clsnn_error_clear();
}

static void assert_content(const char *path, const void *data, size_t n_bytes) {
    void *got = NULL;
    size_t n_got = 0;
    assert_int_equal(clsnn_file_read(path, SIZE_MAX, &got, &n_got), CLSNN_OK);
    assert_int_equal(n_got, n_bytes);
    if (n_bytes) assert_memory_equal(got, data, n_bytes);
    assert_int_equal(((char *)got)[n_bytes], 0);
    free(got);
}

static void test_round_trip(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 3000001};
    unsigned char *data = malloc(3000001);
    assert_non_null(data);
    for (size_t i = 0; i < 3000001; i++) data[i] = (unsigned char)(i * 31 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(clsnn_file_write(in_root("a"), data, sizes[i]), CLSNN_OK);
        assert_content(in_root("a"), data, sizes[i]);
        assert_int_equal(n_entries(root), 1); /* the temporary file is gone */
    }
    free(data);
}

static void test_names(void **state) {
    (void)state;
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    /* A name of NAME_MAX characters leaves no room for a temporary suffix. */
    assert_int_equal(clsnn_file_write(in_root(longest), "x", 1), CLSNN_OK);
    assert_content(in_root(longest), "x", 1);

    /* A name without a slash is in the current folder. */
    char old[512];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(root), 0);
    const enum clsnn_status st = clsnn_file_write("plain", "y", 1);
    assert_int_equal(chdir(old), 0);
    assert_int_equal(st, CLSNN_OK);
    assert_content(in_root("plain"), "y", 1);

    assert_failed(clsnn_file_write("", "x", 1), CLSNN_E_IO, "''", "must name a file");
    assert_failed(clsnn_file_write(in_root("d/"), "x", 1), CLSNN_E_IO, "d/", "must name a file");
    assert_failed(clsnn_file_write(in_root("."), "x", 1), CLSNN_E_IO, "", "must name a file");
    assert_failed(clsnn_file_write(in_root("no/x"), "x", 1), CLSNN_E_IO, "no/x", strerror(ENOENT));
    assert_failed(clsnn_file_write(in_root("plain/x"), "x", 1), CLSNN_E_IO, "plain/x", strerror(ENOTDIR));
}

static void test_read_refuses(void **state) {
    (void)state;
    void *data = NULL;
    size_t n = 0;
    assert_failed(clsnn_file_read(in_root("none"), 10, &data, &n), CLSNN_E_IO, "none", strerror(ENOENT));
    assert_failed(clsnn_file_read(root, 10, &data, &n), CLSNN_E_IO, root, "directory");
    assert_failed(clsnn_file_read("/dev/null", 10, &data, &n), CLSNN_E_IO, "/dev/null", "device");
    assert_int_equal(mkfifo(in_root("pipe"), 0600), 0);
    /* A pipe without a writer is refused; the open must not wait. */
    assert_failed(clsnn_file_read(in_root("pipe"), 10, &data, &n), CLSNN_E_IO, "pipe", "regular");
    assert_int_equal(clsnn_file_write(in_root("big"), "0123456789", 10), CLSNN_OK);
    assert_failed(clsnn_file_read(in_root("big"), 9, &data, &n), CLSNN_E_DATA, "10 bytes", "at most 9");
    assert_null(data);
    assert_int_equal(clsnn_file_read(in_root("big"), 10, &data, &n), CLSNN_OK);
    free(data);
}

static void test_write_refuses_what_is_no_file(void **state) {
    (void)state;
    char buffer[8];
    assert_int_equal(mkdir(in_root("dir"), 0700), 0);
    assert_failed(clsnn_file_write(in_root("dir"), "x", 1), CLSNN_E_IO, "dir", "a directory");
    assert_int_equal(symlink("elsewhere", in_root("link")), 0);
    assert_failed(clsnn_file_write(in_root("link"), "x", 1), CLSNN_E_IO, "link", "a symbolic link");
    assert_int_equal(readlink(in_root("link"), buffer, sizeof buffer), 8);
    assert_int_equal(mkfifo(in_root("pipe"), 0600), 0);
    assert_failed(clsnn_file_write(in_root("pipe"), "x", 1), CLSNN_E_IO, "pipe", "a pipe");
    assert_failed(clsnn_file_write("/dev/null", "x", 1), CLSNN_E_IO, "/dev/null", "a device");
    assert_int_equal(n_entries(root), 3);
}

/* A file size limit stands in for a full disk: the kernel cuts the first write short and refuses the next. */
static void test_full_disk_leaves_the_old_file(void **state) {
    (void)state;
    static char big[100000];
    assert_int_equal(clsnn_file_write(in_root("a"), "old", 3), CLSNN_OK);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 50000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const enum clsnn_status st = clsnn_file_write(in_root("a"), big, sizeof big);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_failed(st, CLSNN_E_IO, "100000 bytes cannot be written", strerror(EFBIG));
    assert_content(in_root("a"), "old", 3);
    assert_int_equal(n_entries(root), 1);
}

/* A killed writer leaves its temporary file behind. A later process with the same number must write beside
 * it. */
static void test_stale_temporary_file(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof name, ".clsnn-%ld-0.tmp", (long)getpid());
    assert_int_equal(clsnn_file_write(in_root(name), "stale", 5), CLSNN_OK);
    assert_int_equal(clsnn_file_write(in_root("a"), "new", 3), CLSNN_OK);
    assert_content(in_root("a"), "new", 3);
    assert_content(in_root(name), "stale", 5);
}

/* clsnn_file_remove_unfinished removes files of dead processes. It keeps files of living processes, and files
 * whose names only resemble a temporary file's. */
static void test_remove_unfinished(void **state) {
    (void)state;
    char ours[64], dead[64];
    const pid_t child = fork();
    if (child == 0) _exit(0);
    assert_true(child > 0 && waitpid(child, NULL, 0) == child);
    snprintf(ours, sizeof ours, ".clsnn-%ld-7.tmp", (long)getpid());
    snprintf(dead, sizeof dead, ".clsnn-%ld-0.tmp", (long)child);
    const char *const names[] = {ours,   dead, ".clsnn-0-0.tmp", ".clsnn--1-0.tmp", ".clsnn-1-0.tmp.x",
                                 "x.tmp"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const int fd = open(in_root(names[k]), O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    clsnn_file_remove_unfinished(root);
    clsnn_file_remove_unfinished("/nonexistent");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        assert_int_equal(access(in_root(names[k]), F_OK), k == 1 ? -1 : 0);
}

static void test_check(void **state) {
    (void)state;
    static char name[400];
    memset(name, 'x', sizeof name - 1);
    memcpy(name, "n/", 2);
    assert_int_equal(clsnn_file_check_dir(in_root("")), CLSNN_OK);
    assert_int_equal(clsnn_file_check_dir(in_root("new//a/../b/")), CLSNN_OK);
    assert_int_equal(clsnn_file_check(in_root("out")), CLSNN_OK);
    assert_int_equal(n_entries(in_root("")), 0);
    assert_failed(clsnn_file_check_dir(in_root(name)), CLSNN_E_IO, "x", "too long");
    assert_failed(clsnn_file_check_dir(""), CLSNN_E_IO, "''", "must name a folder");
    assert_failed(clsnn_file_check_dir("/proc/clsnn/x"), CLSNN_E_IO, "/proc/clsnn", "cannot be made");
    assert_failed(clsnn_file_check_dir("/proc"), CLSNN_E_IO, "/proc", "no file can be made");
    assert_failed(clsnn_file_check(in_root("new/out")), CLSNN_E_IO, "new/out", "its folder cannot be opened");
    assert_failed(clsnn_file_check("/proc/out"), CLSNN_E_IO, "/proc/out", "no temporary file");
    assert_failed(clsnn_file_check("/dev/null"), CLSNN_E_IO, "/dev/null", "is a device");
    assert_int_equal(symlink("nothing", in_root("link")), 0);
    assert_failed(clsnn_file_check_dir(in_root("link")), CLSNN_E_IO, "link", "cannot be made");
    assert_int_equal(clsnn_file_write(in_root("file"), "x", 1), CLSNN_OK);
    assert_int_equal(clsnn_file_check(in_root("file")), CLSNN_OK);
    assert_failed(clsnn_file_check_dir(in_root("file/x/y")), CLSNN_E_IO, "file", "must be a folder");
    assert_int_equal(n_entries(in_root("")), 2);
}

static void test_make_dir(void **state) {
    (void)state;
    assert_int_equal(clsnn_file_make_dir(in_root("a/b//c/")), CLSNN_OK);
    assert_int_equal(clsnn_file_make_dir(in_root("a/b/c")), CLSNN_OK);
    assert_int_equal(n_entries(in_root("a/b/c")), 0);
    assert_int_equal(symlink("a", in_root("link")), 0); /* a link to a folder counts as a folder */
    assert_int_equal(clsnn_file_make_dir(in_root("link/d")), CLSNN_OK);
    assert_int_equal(clsnn_file_write(in_root("file"), "x", 1), CLSNN_OK);
    assert_failed(clsnn_file_make_dir(in_root("file")), CLSNN_E_IO, "file", "must be a folder");
    assert_failed(clsnn_file_make_dir(in_root("file/x")), CLSNN_E_IO, "file", "must be a folder");
    assert_failed(clsnn_file_make_dir(""), CLSNN_E_IO, "''", "must name a folder");
    assert_failed(clsnn_file_make_dir("/proc/clsnn"), CLSNN_E_IO, "/proc/clsnn", "cannot be made");
    assert_failed(clsnn_file_make_dir("/proc"), CLSNN_E_IO, "/proc", "no file can be made");
}

static void test_join(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}, {"a", "", "a/"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = clsnn_file_join(cases[i][0], cases[i][1]);
        assert_non_null(path);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
}

/* FIPS 180-2, appendix B, and the empty message. */
static void test_sha256(void **state) {
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[CLSNN_SHA256_HEX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(clsnn_sha256_hex(cases[i].text, strlen(cases[i].text), hex), CLSNN_OK);
        assert_string_equal(hex, cases[i].hex);
    }
    /* One million times 'a', added in uneven pieces. */
    struct clsnn_sha256 *h = clsnn_sha256_create();
    assert_non_null(h);
    char piece[977];
    memset(piece, 'a', sizeof piece);
    for (size_t left = 1000000; left;) {
        const size_t n = left < sizeof piece ? left : sizeof piece;
        clsnn_sha256_add(h, piece, n);
        clsnn_sha256_add(h, NULL, 0);
        left -= n;
    }
    clsnn_sha256_finish(h, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    clsnn_sha256_finish(NULL, hex);
    assert_string_equal(hex, "");
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_refuses_what_is_no_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_leaves_the_old_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stale_temporary_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_unfinished, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check, setup, teardown),
        cmocka_unit_test_setup_teardown(test_make_dir, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sha256, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
