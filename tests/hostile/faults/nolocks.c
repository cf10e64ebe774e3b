/* A file system without locks: preloaded, it makes flock() and fcntl()'s locks fail as such file systems do.
 * FAULT_ERRNO: the error; default ENOSYS. */
#undef _FILE_OFFSET_BITS /* fcntl and fcntl64 are two functions here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>

static int refuse(void) {
    const char *text = getenv("FAULT_ERRNO");
    errno = text ? atoi(text) : ENOSYS;
    return -1;
}

int flock(int fd, int operation) {
    (void)fd, (void)operation;
    return refuse();
}

static int control(const char *name, int fd, int command, void *argument) {
    if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) return refuse();
    int (*real)(int, int, ...) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return real(fd, command, argument);
}

#define CONTROL(name)                                                                                        \
    int name(int fd, int command, ...) {                                                                     \
        va_list args;                                                                                        \
        va_start(args, command);                                                                             \
        void *argument = va_arg(args, void *);                                                               \
        va_end(args);                                                                                        \
        return control(#name, fd, command, argument);                                                        \
    }
CONTROL(fcntl)
CONTROL(fcntl64)
