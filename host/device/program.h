/* The embedded kernels, compiled for one device and work-group size. */
#ifndef CLSNN_PROGRAM_H
#define CLSNN_PROGRAM_H

#include "clsnn/device.h"

/* Which kernels are wanted: training and evaluation, the same with training in phases, or the recording replay. */
enum clsnn_program_kind { CLSNN_PROGRAM_RUN, CLSNN_PROGRAM_PROFILE, CLSNN_PROGRAM_REPLAY };

struct clsnn_program {
    int work_group;       /* work-items that simulate one network */
    cl_ulong local_bytes; /* the most local memory that a kernel declares */
    cl_program program;
    /* NULL where the kind does not have it */
    cl_kernel init_weights, train, evaluate, replay;
    cl_kernel normalise, encode, present, rest; /* training, a phase each */
};

/* Builds for dev; work_group 0 picks clsnn_device_work_group, halved until the compiled kernels can run it. dev is borrowed and outlives the program.
 * Errors: CLSNN_E_BUILD with the compiler's log; CLSNN_E_USAGE a work-group the device cannot run. */
enum clsnn_status clsnn_program_create(struct clsnn_device *dev, enum clsnn_program_kind kind, int work_group,
                                       struct clsnn_program **out);
void clsnn_program_destroy(struct clsnn_program *prog); /* takes NULL */

/* SHA-256 of the embedded source, for run.json: 64 digits and the zero. Comments, empty lines and the names of the
 * files are no part of it, so that moving a file or rewording a comment never looks like another program.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_program_hash(char out_hex[65]);
/* The same of any source of n_bytes. It ends in a zero byte. */
enum clsnn_status clsnn_program_hash_source(const char *source, size_t n_bytes, char out_hex[65]);

#endif
