/* Makes an allocation of the program fail, and reports leaks. Use: LD_PRELOAD=/path/libfault_alloc.so. An
 * allocation counts if its caller is the program's own code. OpenCL drivers, CLBlast and the C++ library
 * allocate as ever. An allocation inside the C library (strdup, fopen, open_memstream, fprintf) belongs to
 * the C library's caller.
 *
 * FAULT_PROGRAM=NAME  the only program in which anything happens (a driver may start compilers)
 * FAULT_AT=N          allocation N fails with NULL and ENOMEM, counted from 1; 0 or unset: none fails
 * FAULT_FOREVER=1     every allocation from N on fails
 * FAULT_FROM=A,B      libraries whose allocations count too, by the start of their file names
 * FAULT_REPORT=FILE   the file of the report (report.h); it must have the report's size already */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"

/* glibc's own entry points. dlsym() is no way to find them: it allocates. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

enum { MAX_RANGES = 256, FRAMES = 24, NOT_COUNTED = -1, SEE_THROUGH = -2 };

struct range {
    uintptr_t from, to, base;
    int object; /* 0: the program, 1..: libraries of FAULT_FROM, SEE_THROUGH: the C library and this one */
};

static struct range ranges[MAX_RANGES];
static size_t n_ranges;
static bool armed, forever;
static uint64_t fail_at;
static struct fault_report *report;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __attribute__((tls_model("initial-exec"))) _Thread_local bool busy;

static const struct range *range_of(uintptr_t address) {
    for (size_t r = 0; r < n_ranges; r++)
        if (address >= ranges[r].from && address < ranges[r].to) return &ranges[r];
    return NULL;
}

/* Finds the site of an allocation that caller asked for. Returns false if the allocation does not count. */
static bool find_site(const void *caller, uint64_t *out) {
    const struct range *r = range_of((uintptr_t)caller);
    if (!r) return false;
    uintptr_t address = (uintptr_t)caller;
    if (r->object == SEE_THROUGH) {
        void *frames[FRAMES];
        busy = true; /* the unwinder may allocate */
        const int n = backtrace(frames, FRAMES);
        busy = false;
        for (int k = 1; k < n; k++) {
            address = (uintptr_t)frames[k];
            r = range_of(address);
            if (!r || r->object != SEE_THROUGH) break;
        }
        if (!r || r->object == SEE_THROUGH) return false;
    }
    *out = (uint64_t)r->object << 48 | (uint64_t)(address - r->base);
    return true;
}

/* Counts an allocation and writes its site. Returns false if it does not count. *out_fails: it must fail. */
static bool counts(const void *caller, uint64_t *out, bool *out_fails) {
    *out_fails = false;
    if (!armed || busy || !find_site(caller, out)) return false;
    const uint64_t n = __atomic_add_fetch(&report->calls, 1, __ATOMIC_RELAXED);
    if (n <= SEQUENCE)
        report->sequence[n - 1] = *out;
    else
        report->lost++;
    if (fail_at && (n == fail_at || (n > fail_at && forever))) {
        __atomic_add_fetch(&report->injected, 1, __ATOMIC_RELAXED);
        *out_fails = true;
    }
    return true;
}

static size_t slot_of(uint64_t p) {
    return (size_t)((p >> 4) * 0x9e3779b97f4a7c15u >> 50);
}

static void remember(void *block, uint64_t site, size_t bytes) {
    const uint64_t p = (uint64_t)(uintptr_t)block;
    if (!p) return;
    pthread_mutex_lock(&lock);
    size_t at = slot_of(p), tries = 0;
    while (report->live[at].pointer > 1 && tries++ < LIVE) at = (at + 1) % LIVE;
    if (tries < LIVE)
        report->live[at] = (struct live_block){p, site, bytes};
    else
        report->lost++;
    pthread_mutex_unlock(&lock);
}

static void forget(void *block) {
    const uint64_t p = (uint64_t)(uintptr_t)block;
    if (!p || !report) return;
    pthread_mutex_lock(&lock);
    size_t at = slot_of(p);
    for (size_t tries = 0; tries < LIVE && report->live[at].pointer; tries++, at = (at + 1) % LIVE) {
        if (report->live[at].pointer != p) continue;
        report->live[at].pointer = 1;
        break;
    }
    pthread_mutex_unlock(&lock);
}

static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t n) {
    uint64_t site;
    bool fails;
    const bool counted = counts(CALLER, &site, &fails);
    if (fails) return no_memory();
    void *p = __libc_malloc(n);
    if (counted) remember(p, site, n);
    return p;
}

void *calloc(size_t n, size_t size) {
    uint64_t site;
    bool fails;
    const bool counted = counts(CALLER, &site, &fails);
    if (fails) return no_memory();
    void *p = __libc_calloc(n, size);
    if (counted) remember(p, site, n * size);
    return p;
}

static void *resize(void *old, size_t n, const void *caller) {
    uint64_t site;
    bool fails;
    const bool counted = counts(caller, &site, &fails);
    if (fails) return no_memory();
    forget(old);
    void *p = __libc_realloc(old, n);
    if (counted) remember(p, site, n);
    return p;
}

void *realloc(void *old, size_t n) {
    return resize(old, n, CALLER);
}

void *reallocarray(void *old, size_t n, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(n, size, &bytes) ? no_memory() : resize(old, bytes, CALLER);
}

static void *align(size_t alignment, size_t n, const void *caller) {
    uint64_t site;
    bool fails;
    const bool counted = counts(caller, &site, &fails);
    if (fails) return no_memory();
    void *p = __libc_memalign(alignment, n);
    if (counted) remember(p, site, n);
    return p;
}

void *memalign(size_t alignment, size_t n) {
    return align(alignment, n, CALLER);
}

void *aligned_alloc(size_t alignment, size_t n) {
    return align(alignment, n, CALLER);
}

int posix_memalign(void **out, size_t alignment, size_t n) {
    void *p = align(alignment, n, CALLER);
    if (!p) return ENOMEM;
    *out = p;
    return 0;
}

/* The C library owns the environment's blocks, and a later setenv of any library replaces them. So they
 * count for no caller. */
int setenv(const char *name, const char *value, int replaces) {
    const bool was_busy = busy;
    busy = true;
    int (*next)(const char *, const char *, int) = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "setenv");
    const int code = next ? next(name, value, replaces) : -1;
    busy = was_busy;
    return code;
}

void free(void *p) {
    forget(p);
    __libc_free(p);
}

/* Returns the number of this file in FAULT_FROM, from 1, or NOT_COUNTED. */
static int object_number(const char *file, const char *from) {
    int number = 1;
    while (from && *from) {
        const size_t n = strcspn(from, ",");
        if (n && strncmp(file, from, n) == 0) return number;
        from += n + (from[n] == ',');
        number++;
    }
    return NOT_COUNTED;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *ctx) {
    static const char *const transparent[] = {"libc.so", "ld-linux", "libpthread.so", "libfault_alloc",
                                              "libgcc_s"};
    bool *program_seen = ctx;
    const char *slash = strrchr(info->dlpi_name, '/'), *file = slash ? slash + 1 : info->dlpi_name;
    int object = object_number(file, getenv("FAULT_FROM"));
    (void)size;
    for (size_t k = 0; k < sizeof transparent / sizeof *transparent; k++)
        if (strncmp(file, transparent[k], strlen(transparent[k])) == 0) object = SEE_THROUGH;
    if (!*program_seen) object = 0; /* the first object is the program */
    *program_seen = true;
    for (int k = 0; object != NOT_COUNTED && k < info->dlpi_phnum; k++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[k];
        if (h->p_type != PT_LOAD || !(h->p_flags & PF_X) || n_ranges == MAX_RANGES) continue;
        const uintptr_t from = info->dlpi_addr + h->p_vaddr;
        ranges[n_ranges++] = (struct range){from, from + h->p_memsz, info->dlpi_addr, object};
    }
    return 0;
}

static long setting(const char *name) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 0) : 0;
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("FAULT_REPORT"), *program = getenv("FAULT_PROGRAM");
    if (!path || !program || strcmp(program, program_invocation_short_name) != 0) return;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = fd >= 0 ? mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0) close(fd);
    if (map == MAP_FAILED) return;
    void *frames[2];
    backtrace(frames, 2); /* loads the unwinder here, not in the middle of an allocation */
    bool program_seen = false;
    dl_iterate_phdr(add_object, &program_seen);
    fail_at = (uint64_t)setting("FAULT_AT");
    forever = setting("FAULT_FOREVER") != 0;
    report = map;
    armed = true;
}
