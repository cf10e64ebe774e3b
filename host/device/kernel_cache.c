/* Reads and writes the files of compiled kernels. program.c asks here before it compiles, and so does the
 * program on CLBlast's behalf. */
#include "device/kernel_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "device/device.h"

static const char magic[] = "clsnn kernels 1\n", suffix[] = ".kernels";
enum {
    MAGIC_BYTES = sizeof magic - 1,
    HASH_BYTES = CLSNN_SHA256_HEX - 1,
    HEAD_BYTES = MAGIC_BYTES + HASH_BYTES
};
static const size_t max_bytes = (size_t)256 << 20;

/* This global varies, because CLBlast's calls carry no pointer of ours. */
static _Thread_local const struct clsnn_device *served;

void clsnn_kernel_cache_serve(const struct clsnn_device *dev) {
    served = dev;
}

const struct clsnn_device *clsnn_kernel_cache_served(void) {
    return served;
}

/* The place of one program in the cache. */
struct place {
    char *key; /* owned */
    size_t key_bytes;
    char name[CLSNN_SHA256_HEX + sizeof suffix - 1];
    char *path; /* owned: the directory and the name */
};

/* Writes the instruction sets of this machine's processor: a home directory may serve machines whose
 * processors differ but for their name. */
static void write_processor(FILE *to) {
    char *line = NULL;
    size_t room = 0;
    FILE *from = fopen("/proc/cpuinfo", "re");
    while (from && getline(&line, &room, from) > 1) /* an empty line ends the first core */
        if (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0) fputs(line, to);
    if (from) fclose(from);
    free(line);
}

/* Writes the variables that change what Intel's compiler and CLBlast compile. */
static void write_settings(FILE *to) {
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, "CL_CONFIG_", 10) == 0 || strncmp(*entry, "CLBLAST_", 8) == 0)
            fprintf(to, "%s\n", *entry);
}

static void leave(struct place *p) {
    free(p->key);
    free(p->path);
    *p = (struct place){0};
}

/* Finds the place of a program. Returns false if dev keeps no kernels, or without memory. */
static bool locate(const struct clsnn_device *dev, const char *source, size_t source_bytes,
                   const char *options, struct place *out) {
    const struct clsnn_device_info *info = &dev->info;
    struct place p = {0};
    char version[256] = "";
    if (!dev->cache_dir) return false;
    FILE *to = open_memstream(&p.key, &p.key_bytes);
    if (!to) return false;
    clGetPlatformInfo(info->platform, CL_PLATFORM_VERSION, sizeof version - 1, version, NULL);
    fprintf(to, "platform: %s, %s\ndriver: %s, %zu bits\n", info->platform_name, version, info->driver,
            8 * sizeof(void *));
    fprintf(to, "device: %s, %s, %s\n", info->name, info->vendor, info->version);
    if (info->type & CL_DEVICE_TYPE_CPU) write_processor(to);
    write_settings(to);
    fprintf(to, "options: %s\nsource:\n", options);
    fwrite(source, 1, source_bytes, to);
    if (fclose(to) == 0 && clsnn_sha256_hex(p.key, p.key_bytes, p.name) == CLSNN_OK) {
        memcpy(p.name + HASH_BYTES, suffix, sizeof suffix);
        p.path = clsnn_file_join(dev->cache_dir, p.name);
    }
    if (!p.path) {
        clsnn_error_clear();
        leave(&p);
        return false;
    }
    *out = p;
    return true;
}

/* Finds the binary in a file's bytes. Returns NULL if the file is damaged, or another program's. */
static const unsigned char *binary_in(const unsigned char *file, size_t n_bytes, const struct place *p,
                                      size_t *out_bytes) {
    char hash[CLSNN_SHA256_HEX];
    const size_t before = HEAD_BYTES + 8 + p->key_bytes; /* what stands before the binary */
    uint64_t key_bytes = 0;
    if (n_bytes <= before || memcmp(file, magic, MAGIC_BYTES) != 0) return NULL;
    if (clsnn_sha256_hex(file + HEAD_BYTES, n_bytes - HEAD_BYTES, hash) != CLSNN_OK ||
        memcmp(file + MAGIC_BYTES, hash, HASH_BYTES) != 0)
        return NULL;
    for (int k = 0; k < 8; k++) key_bytes |= (uint64_t)file[HEAD_BYTES + k] << 8 * k;
    if (key_bytes != p->key_bytes || memcmp(file + HEAD_BYTES + 8, p->key, p->key_bytes) != 0) return NULL;
    *out_bytes = n_bytes - before;
    return file + before;
}

cl_program clsnn_kernel_cache_find(const struct clsnn_device *dev, const char *source, size_t source_bytes,
                                   const char *options) {
    struct place p;
    void *file = NULL;
    size_t n_bytes = 0, binary_bytes = 0;
    cl_int code = CL_SUCCESS, taken = CL_SUCCESS;
    cl_program program = NULL;
    if (!locate(dev, source, source_bytes, options, &p)) return NULL;
    const unsigned char *binary = NULL;
    if (clsnn_file_read(p.path, max_bytes, &file, &n_bytes) == CLSNN_OK)
        binary = binary_in(file, n_bytes, &p, &binary_bytes);
    if (binary) {
        program =
            clCreateProgramWithBinary(dev->context, 1, &dev->info.id, &binary_bytes, &binary, &taken, &code);
        if (program && (code != CL_SUCCESS || taken != CL_SUCCESS ||
                        clBuildProgram(program, 1, &dev->info.id, options, NULL, NULL) != CL_SUCCESS)) {
            clReleaseProgram(program);
            program = NULL;
        }
        if (program) utimensat(AT_FDCWD, p.path, NULL, 0); /* used now, for remove_oldest */
    }
    clsnn_error_clear();
    free(file);
    leave(&p);
    return program;
}

/* Removes the file that is unused longest if the directory holds more than it may. */
static void remove_oldest(const char *dir) {
    struct stat info;
    char name[256] = "";
    struct timespec oldest = {0};
    int n = 0;
    DIR *open = opendir(dir);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        if (strlen(entry->d_name) != HASH_BYTES + sizeof suffix - 1 ||
            strcmp(entry->d_name + HASH_BYTES, suffix) != 0 ||
            fstatat(dirfd(open), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (n++ == 0 || info.st_mtim.tv_sec < oldest.tv_sec ||
            (info.st_mtim.tv_sec == oldest.tv_sec && info.st_mtim.tv_nsec < oldest.tv_nsec)) {
            oldest = info.st_mtim;
            snprintf(name, sizeof name, "%s", entry->d_name);
        }
    }
    if (n > CLSNN_KERNEL_CACHE_FILES) unlinkat(dirfd(open), name, 0);
    if (open) closedir(open);
}

/* Returns the bytes of the file for a program, malloc'ed; NULL without memory or without a binary. */
static unsigned char *make_file(const struct place *p, cl_program program, size_t *out_bytes) {
    const size_t before = HEAD_BYTES + 8 + p->key_bytes;
    size_t binary_bytes = 0;
    char hash[CLSNN_SHA256_HEX];
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof binary_bytes, &binary_bytes, NULL) !=
            CL_SUCCESS ||
        binary_bytes == 0 || p->key_bytes > max_bytes / 2 || binary_bytes > max_bytes - before)
        return NULL;
    unsigned char *file = malloc(before + binary_bytes), *binary = file ? file + before : NULL;
    if (!file) return NULL;
    memcpy(file, magic, MAGIC_BYTES);
    for (int k = 0; k < 8; k++) file[HEAD_BYTES + k] = (unsigned char)((uint64_t)p->key_bytes >> 8 * k);
    memcpy(file + HEAD_BYTES + 8, p->key, p->key_bytes);
    *out_bytes = before + binary_bytes;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) != CL_SUCCESS ||
        clsnn_sha256_hex(file + HEAD_BYTES, *out_bytes - HEAD_BYTES, hash) != CLSNN_OK) {
        free(file);
        return NULL;
    }
    memcpy(file + MAGIC_BYTES, hash, HASH_BYTES);
    return file;
}

void clsnn_kernel_cache_keep(const struct clsnn_device *dev, const char *source, size_t source_bytes,
                             const char *options, cl_program program) {
    struct place p;
    size_t n_bytes = 0;
    if (!locate(dev, source, source_bytes, options, &p)) return;
    unsigned char *file = make_file(&p, program, &n_bytes);
    if (file && clsnn_file_make_dir(dev->cache_dir) == CLSNN_OK) {
        clsnn_file_remove_unfinished(dev->cache_dir);
        /* A power cut may empty the file: its hash tells. A link or an empty folder in its place goes. */
        if (clsnn_file_write_in(dev->cache_dir, p.name, file, n_bytes, CLSNN_FILE_LOOSE) != CLSNN_OK &&
            remove(p.path) == 0)
            clsnn_file_write_in(dev->cache_dir, p.name, file, n_bytes, CLSNN_FILE_LOOSE);
        remove_oldest(dev->cache_dir);
    }
    clsnn_error_clear();
    free(file);
    leave(&p);
}
