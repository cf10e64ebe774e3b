/* A program from the inside (clsnn/device.h): its kernels. */
#ifndef CLSNN_PROGRAM_H
#define CLSNN_PROGRAM_H

#include "clsnn/device.h"

struct clsnn_program {
    int work_group;       /* work-items that simulate one network */
    cl_ulong local_bytes; /* the most local memory that a kernel declares */
    cl_program program;
    /* NULL where the kind does not have it */
    cl_kernel init_weights, train, evaluate, replay;
    cl_kernel normalise, encode, present, rest; /* training, a phase each */
};

/* clsnn_program_hash of any source of n_bytes, which ends in a zero byte. */
enum clsnn_status clsnn_program_hash_source(const char *source, size_t n_bytes,
                                            char out_hex[CLSNN_SHA256_HEX]);

#endif
