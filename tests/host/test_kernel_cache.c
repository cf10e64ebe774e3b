/* The files of compiled kernels: what is kept is found, and nothing else; damage, foreign files and bad
 * folders cost a compilation and no more; processes do not disturb each other. OpenCL's calls are stood in
 * for, so a binary is any bytes. test_kept_kernels.c uses a real driver. */
#include "device/kernel_cache.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "device/device.h"

enum { MAX_BINARY = 1 << 16, HEAD = 16 + 64 };

/* The driver that stands in. */
static unsigned char given[MAX_BINARY], taken[MAX_BINARY]; /* the binary that it gives, that it was given */
static size_t given_bytes, taken_bytes;
static cl_int create_code, binary_code, build_code; /* what loading a binary returns */
static int n_alive;                                 /* programs made from binaries and not released */
static int a_program;

cl_int __wrap_clGetPlatformInfo(cl_platform_id p, cl_platform_info what, size_t n, void *to, size_t *out_n);
cl_int __wrap_clGetPlatformInfo(cl_platform_id p, cl_platform_info what, size_t n, void *to, size_t *out_n) {
    (void)p, (void)what, (void)out_n;
    snprintf(to, n, "1.2");
    return CL_SUCCESS;
}
cl_int __wrap_clGetProgramInfo(cl_program p, cl_program_info what, size_t n, void *to, size_t *out_n);
cl_int __wrap_clGetProgramInfo(cl_program p, cl_program_info what, size_t n, void *to, size_t *out_n) {
    (void)p, (void)n, (void)out_n;
    unsigned char *start;
    if (what == CL_PROGRAM_BINARY_SIZES) memcpy(to, &given_bytes, sizeof given_bytes);
    if (what != CL_PROGRAM_BINARIES) return CL_SUCCESS;
    memcpy(&start, to, sizeof start);
    memcpy(start, given, given_bytes);
    return CL_SUCCESS;
}
cl_program __wrap_clCreateProgramWithBinary(cl_context context, cl_uint n, const cl_device_id *devices,
                                            const size_t *lengths, const unsigned char **binaries,
                                            cl_int *each, cl_int *code);
cl_program __wrap_clCreateProgramWithBinary(cl_context context, cl_uint n, const cl_device_id *devices,
                                            const size_t *lengths, const unsigned char **binaries,
                                            cl_int *each, cl_int *code) {
    (void)context, (void)n, (void)devices;
    taken_bytes = lengths[0];
    assert_true(taken_bytes <= MAX_BINARY);
    memcpy(taken, binaries[0], taken_bytes);
    *each = binary_code;
    *code = create_code;
    if (create_code != CL_SUCCESS) return NULL;
    n_alive++;
    return (cl_program)&a_program;
}
cl_int __wrap_clBuildProgram(cl_program p, cl_uint n, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *f)(cl_program, void *), void *ctx);
cl_int __wrap_clBuildProgram(cl_program p, cl_uint n, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *f)(cl_program, void *), void *ctx) {
    (void)p, (void)n, (void)devices, (void)options, (void)f, (void)ctx;
    return build_code;
}
cl_int __wrap_clReleaseProgram(cl_program p);
cl_int __wrap_clReleaseProgram(cl_program p) {
    (void)p;
    n_alive--;
    return CL_SUCCESS;
}

static char root[64], cache[128];
static struct clsnn_device dev;
static const char source[] = "kernel void f(void) {}", options[] = "-DCLSNN_WG=1";

/* Fills the driver's next binary: its size and bytes follow from the number. */
static void give(unsigned number) {
    given_bytes = 1000 + number * 977 % 50000;
    for (size_t k = 0; k < given_bytes; k++) given[k] = (unsigned char)(number + 31 * k);
}

static void keep_with(const char *with) {
    clsnn_kernel_cache_keep(&dev, source, strlen(source), with, (cl_program)&a_program);
    assert_int_equal(clsnn_error_status(), CLSNN_OK);
}
static void keep(void) {
    keep_with(options);
}

/* Returns whether the cache has the program for these options. It must then be the driver's binary. */
static bool finds_with(const char *with) {
    memset(taken, 0, sizeof taken);
    cl_program found = clsnn_kernel_cache_find(&dev, source, strlen(source), with);
    assert_int_equal(clsnn_error_status(), CLSNN_OK);
    assert_int_equal(n_alive, found ? 1 : 0);
    if (!found) return false;
    n_alive = 0;
    assert_int_equal(taken_bytes, given_bytes);
    assert_memory_equal(taken, given, given_bytes);
    return true;
}
static bool finds(void) {
    return finds_with(options);
}

/* Counts the entries of the cache, and copies the path of the last one to path. */
static int entries(char path[512]) {
    int n = 0;
    DIR *open = opendir(cache);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (path) snprintf(path, 512, "%s/%s", cache, entry->d_name);
        n++;
    }
    if (open) closedir(open);
    return n;
}

static int setup(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/clsnn-kernels-XXXXXX");
    if (!mkdtemp(root)) return -1;
    snprintf(cache, sizeof cache, "%s/a/b", root);
    memset(&dev, 0, sizeof dev);
    dev.info.type = CL_DEVICE_TYPE_CPU;
    snprintf(dev.info.name, sizeof dev.info.name, "device");
    snprintf(dev.info.vendor, sizeof dev.info.vendor, "vendor");
    snprintf(dev.info.driver, sizeof dev.info.driver, "driver 1");
    create_code = binary_code = build_code = CL_SUCCESS;
    n_alive = 0;
    give(1);
    return clsnn_device_cache(&dev, cache) == CLSNN_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    char command[128];
    clsnn_device_cache(&dev, NULL);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static void what_is_kept_is_found(void **state) {
    (void)state;
    assert_false(finds());
    assert_int_equal(access(cache, F_OK), -1); /* looking makes nothing */
    keep();
    assert_true(finds());
    give(2);
    keep();
    assert_true(finds());
    assert_int_equal(entries(NULL), 1);
}

static void without_a_folder_nothing_is_kept(void **state) {
    (void)state;
    assert_int_equal(clsnn_device_cache(&dev, NULL), CLSNN_OK);
    keep();
    assert_false(finds());
    assert_int_equal(access(cache, F_OK), -1);
}

/* Each thing that decides what the driver compiles has a binary of its own. */
static void everything_is_in_the_key(void **state) {
    (void)state;
    char *const texts[] = {dev.info.name, dev.info.vendor, dev.info.version, dev.info.driver,
                           dev.info.platform_name};
    keep();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        const char before = texts[k][0];
        texts[k][0] = 'x';
        assert_false(finds());
        texts[k][0] = before;
        assert_true(finds());
    }
    assert_false(finds_with("-DCLSNN_WG=2"));
    const char other[] = "kernel void g(void) {}";
    assert_null(clsnn_kernel_cache_find(&dev, other, strlen(other), options));
    setenv("CL_CONFIG_USE_VECTORIZER", "False", 1);
    assert_false(finds());
    unsetenv("CL_CONFIG_USE_VECTORIZER");
    assert_true(finds());
}

/* Writes n_bytes of the kept file, with the bit at flip inverted (flip < n_bytes). */
static void rewrite(const char *path, const unsigned char *bytes, size_t n_bytes, size_t flip) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (size_t k = 0; k < n_bytes; k++) fputc(bytes[k] ^ (k == flip ? 4 : 0), f);
    assert_int_equal(fclose(f), 0);
}

static void damage_costs_a_compilation(void **state) {
    (void)state;
    char path[512];
    void *file = NULL;
    size_t n = 0;
    keep();
    assert_int_equal(entries(path), 1);
    assert_int_equal(clsnn_file_read(path, MAX_BINARY, &file, &n), CLSNN_OK);
    const size_t key = HEAD + 8, binary = n - given_bytes;
    assert_memory_equal((unsigned char *)file + binary, given, given_bytes);
    const size_t flips[] = {0, 14, 16, HEAD - 1, HEAD, HEAD + 7, key, binary - 1, binary, n - 1};
    for (size_t k = 0; k < sizeof flips / sizeof *flips; k++) {
        rewrite(path, file, n, flips[k]);
        assert_false(finds());
        keep();
        assert_true(finds());
    }
    const size_t lengths[] = {0, 1, 15, 16, HEAD - 1, HEAD, HEAD + 7, key, binary - 1, binary, n - 1};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        rewrite(path, file, lengths[k], SIZE_MAX);
        assert_false(finds());
        keep();
        assert_true(finds());
    }
    free(file);
}

/* A whole file in another's place: the hash is right, the key is not. */
static void another_programs_file_is_refused(void **state) {
    (void)state;
    char path[512], other[512];
    void *file = NULL;
    size_t n = 0;
    keep();
    entries(path);
    snprintf(other, sizeof other, "%s/other", root);
    assert_int_equal(rename(path, other), 0);
    keep_with("-DCLSNN_WG=2");
    char second[512];
    assert_int_equal(entries(second), 1);
    assert_int_equal(clsnn_file_read(other, MAX_BINARY, &file, &n), CLSNN_OK);
    rewrite(second, file, n, SIZE_MAX);
    assert_false(finds_with("-DCLSNN_WG=2"));
    keep_with("-DCLSNN_WG=2");
    assert_true(finds_with("-DCLSNN_WG=2"));
    free(file);
}

static void only_files_are_read(void **state) {
    (void)state;
    char path[512], inner[600];
    keep();
    entries(path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_false(finds());
    keep(); /* takes the place of an empty folder */
    assert_true(finds());
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_false(finds());
    keep();
    assert_true(finds());
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_false(finds()); /* does not wait for a writer */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(inner, sizeof inner, "%s/full", path);
    assert_int_equal(mkdir(inner, 0777), 0);
    keep(); /* nothing can be kept */
    assert_false(finds());
}

static void a_bad_folder_is_no_error(void **state) {
    (void)state;
    char below_a_file[128];
    snprintf(below_a_file, sizeof below_a_file, "%s/file/clsnn", root);
    snprintf(cache, sizeof cache, "%s/file", root);
    rewrite(cache, (const unsigned char *)"x", 1, SIZE_MAX);
    const char *const folders[] = {below_a_file, cache, "/proc/nothing/clsnn", "/dev/null", "", "/"};
    for (size_t k = 0; k < sizeof folders / sizeof *folders; k++) {
        if (strcmp(folders[k], "/") == 0 && geteuid() == 0) continue; /* root may write there */
        assert_int_equal(clsnn_device_cache(&dev, folders[k]), CLSNN_OK);
        keep();
        assert_false(finds());
    }
}

static void a_refused_binary_is_released(void **state) {
    (void)state;
    keep();
    cl_int *const codes[] = {&create_code, &binary_code, &build_code};
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++) {
        *codes[k] = CL_INVALID_BINARY;
        assert_false(finds());
        *codes[k] = CL_SUCCESS;
        assert_true(finds());
    }
    given_bytes = 0; /* the driver gives no binaries */
    keep_with("-DCLSNN_WG=2");
    assert_int_equal(entries(NULL), 1);
}

/* The folder keeps the files that were used last, and leaves others' files alone. */
static void the_folder_does_not_grow(void **state) {
    (void)state;
    enum { MORE = 8 };
    char with[32], path[512];
    keep();
    entries(path);
    snprintf(path, sizeof path, "%s/somebody's", cache);
    rewrite(path, (const unsigned char *)"x", 1, SIZE_MAX);
    for (int k = 0; k < CLSNN_KERNEL_CACHE_FILES + MORE; k++) {
        snprintf(with, sizeof with, "-DK=%d", k);
        keep_with(with);
        usleep(5000);         /* files' times count in clock ticks */
        assert_true(finds()); /* in use, so it stays */
    }
    assert_int_equal(entries(NULL), CLSNN_KERNEL_CACHE_FILES + 1);
    assert_int_equal(access(path, F_OK), 0);
    assert_false(finds_with("-DK=0"));
    assert_true(finds_with(with));
}

/* Processes write different binaries under one name while others read: a reader finds one of them, whole. */
static void processes_do_not_disturb_each_other(void **state) {
    (void)state;
    enum { PROCESSES = 6, TURNS = 150 };
    keep();
    for (int p = 0; p < PROCESSES; p++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0) continue;
        for (unsigned turn = 0; turn < TURNS; turn++) {
            if (p % 2) {
                give(1 + (unsigned)p + turn * PROCESSES);
                clsnn_kernel_cache_keep(&dev, source, strlen(source), options, (cl_program)&a_program);
                continue;
            }
            if (!clsnn_kernel_cache_find(&dev, source, strlen(source), options)) _exit(1);
            const unsigned first = taken[0]; /* give's number, but for multiples of 256 */
            for (size_t k = 0; k < taken_bytes; k++)
                if (taken[k] != (unsigned char)(first + 31 * k)) _exit(2);
        }
        _exit(0);
    }
    for (int p = 0; p < PROCESSES; p++) {
        int how = 0;
        assert_true(wait(&how) > 0);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
    assert_int_equal(entries(NULL), 1); /* no temporary files */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept_is_found),
        TEST(without_a_folder_nothing_is_kept),
        TEST(everything_is_in_the_key),
        TEST(damage_costs_a_compilation),
        TEST(another_programs_file_is_refused),
        TEST(only_files_are_read),
        TEST(a_bad_folder_is_no_error),
        TEST(a_refused_binary_is_released),
        TEST(the_folder_does_not_grow),
        TEST(processes_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests_name("kernel_cache", tests, NULL, NULL);
}
