/* A program (clsnn/device.h) from the inside: its kernels. */
#ifndef CLSNN_PROGRAM_H
#define CLSNN_PROGRAM_H

#include "clsnn/device.h"

struct clsnn_program {
    int work_group;       /* work-items that compute one network */
    cl_ulong local_bytes; /* the most local memory that any of its kernels declares */
    cl_program program;
    /* NULL if the kind of program lacks the kernel */
    cl_kernel init_weights, train, evaluate, replay;
    cl_kernel normalise, encode, present, rest; /* one phase of training each */
};

/* Hashes a source of n_bytes like clsnn_program_hash. source[n_bytes] is 0. */
enum clsnn_status clsnn_program_hash_source(const char *source, size_t n_bytes,
                                            char out_hex[CLSNN_SHA256_HEX]);

#endif
