/* The part of a sweep's runs that one process trains. */
#ifndef CLSNN_SHARD_H
#define CLSNN_SHARD_H

#include <stdint.h>

#include "clsnn/status.h"

/* Parses --shard: "2/4" to 2 and 4, "slurm" to the task's place in its Slurm job array, NULL to 1 and 1. A
 * variable of Slurm alone changes nothing. Errors: CLSNN_E_USAGE, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_shard_read(const char *text, uint32_t *out_i, uint32_t *out_n);

#endif
