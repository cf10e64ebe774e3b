/* Catches crashes. The handler only copies and writes texts that were made before. */
#include "commands/guard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clsnn/status.h"

/* These globals vary, because signals belong to the process. */
static char head[64], tail[1024];
static volatile sig_atomic_t code = CLSNN_E_BUILD;

static void say(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* nobody reads stderr */
}

static void on_crash(int number) {
    say(head);
    say(number == SIGABRT   ? "SIGABRT"
        : number == SIGSEGV ? "SIGSEGV"
        : number == SIGBUS  ? "SIGBUS"
        : number == SIGILL  ? "SIGILL"
                            : "SIGFPE");
    say(tail);
    _exit(code);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* Takes the place of libc's function for all libraries of the process. LLVM replaces the handler of SIGABRT,
 * so pocl's calls of abort would end the process without a word. */
void abort(void);
__attribute__((visibility("default"))) void abort(void) {
    on_crash(SIGABRT);
    _exit(code);
}
#endif

void clsnn_guard_start(const char *command) {
    /* The method that pocl before 7.0 takes for work-groups of 2 aborts on these kernels in pocl 6.0. */
    setenv("POCL_FULL_REPLICATION_THRESHOLD", "1", 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they report crashes themselves */
    static char stack[1 << 16];                                     /* a crash may have used up the stack */
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    const char *cache = getenv("POCL_CACHE_DIR");
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    snprintf(head, sizeof head, "\nclsnn %s: ", command);
    int n = snprintf(
        tail, sizeof tail,
        " inside the OpenCL driver: its cache of compiled kernels (POCL_CACHE_DIR = %.300s) may be "
        "damaged, full or mounted noexec: remove it, or set POCL_CACHE_DIR to another directory; with "
        "another driver than pocl's, try --no-kernel-cache",
        cache && *cache ? cache : "unset, ~/.cache/pocl");
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        n +=
            snprintf(tail + n, sizeof tail - (size_t)n,
                     "; or memory is short: the address space is limited to %llu MiB (ulimit -v), pocl needs "
                     "about 1000",
                     (unsigned long long)limit.rlim_cur >> 20);
    snprintf(tail + n, sizeof tail - (size_t)n, "; results on disk are whole\n");
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) sigaction(numbers[k], &action, NULL);
#else
    (void)command;
#endif
}

void clsnn_guard_compiled(void) {
    code = CLSNN_E_DEVICE;
}
