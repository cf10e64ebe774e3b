/* A program (clsnn/device.h) from the inside: its kernels. */
#ifndef CLSNN_PROGRAM_H
#define CLSNN_PROGRAM_H

#include "clsnn/device.h"

/* The kernels for one work-group size and one number of blocks that a work-item owns (kernels/README.md).
 * They serve every network, or share of a network, with these laws that these blocks hold. */
struct clsnn_build {
    int work_group, blocks;
    uint32_t n_pre; /* inputs */
    struct clsnn_laws laws;
    bool is_shared;       /* several work-groups train one network; the build has no other kernels */
    bool has_met;         /* of those: the self-test saw the work-groups run at the same time */
    cl_ulong local_bytes; /* the most local memory that any of its kernels declares */
    cl_program program;
    /* NULL if the kind of program lacks the kernel */
    cl_kernel init_weights, train, evaluate, replay;
    cl_kernel normalise, encode, present, rest; /* one phase of training each */
    cl_kernel bare;
    struct clsnn_build *next;
};

struct clsnn_program {
    struct clsnn_device *dev; /* borrowed */
    enum clsnn_program_kind kind;
    uint32_t n_pre;              /* inputs of every network */
    int work_group;              /* work-items that compute one network; 0: as its size asks */
    int split;                   /* work-groups that share one network in training; 0: as its size asks */
    struct clsnn_build **builds; /* the list of all builds; owned, grows while the program stays const */
};

/* Returns kernels for networks of `neurons` with these laws: those compiled for this size, else any that
 * serve it, else newly compiled ones. The program owns them. Errors: as of clsnn_program_prepare. */
enum clsnn_status clsnn_program_build(const struct clsnn_program *prog, uint32_t neurons,
                                      const struct clsnn_laws *laws, const struct clsnn_build **out);

/* Returns the kernels that clsnn_program_share compiled for such a batch, and the number of work-groups.
 * Returns NULL and 1 if there are none, or their work-groups do not run at the same time. */
const struct clsnn_build *clsnn_program_shared(const struct clsnn_program *prog, int n_networks,
                                               uint32_t neurons, const struct clsnn_laws *laws,
                                               int *out_shares);

/* Hashes a source of n_bytes like clsnn_program_hash. source[n_bytes] is 0. */
enum clsnn_status clsnn_program_hash_source(const char *source, size_t n_bytes,
                                            char out_hex[CLSNN_SHA256_HEX]);

#endif
