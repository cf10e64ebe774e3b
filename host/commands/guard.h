/* Turns a crash inside the OpenCL driver into one line that says what to do, and an exit code. */
#ifndef CLSNN_GUARD_H
#define CLSNN_GUARD_H

/* Catches SIGABRT, SIGSEGV, SIGBUS, SIGILL and SIGFPE from now on: pocl and LLVM abort on a damaged or
 * unusable cache, and crash without memory. The process then ends with code 5. Keeps pocl from a method of
 * compiling that aborts, unless the environment names one.
 * command  for the line's beginning; borrowed */
void clsnn_guard_start(const char *command);
/* The kernels run: a crash from now on ends with code 7. */
void clsnn_guard_compiled(void);

#endif
