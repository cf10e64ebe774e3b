/* The part of a sweep's runs that one process trains. */
#include "sweep/shard.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"

/* Reads a whole number from a variable of a Slurm job array. */
static enum clsnn_status read_slurm(const char *name, uint64_t *out) {
    const char *text = getenv(name);
    if (text && *text) return clsnn_parse_whole(name, text, 0, UINT32_MAX, "", out);
    return clsnn_fail(CLSNN_E_USAGE,
                      "--shard slurm: %s is not set: must be a task of a Slurm job array (sbatch --array); "
                      "elsewhere write --shard I/N",
                      name);
}

/* Sets i and n to this task's place among the tasks of its Slurm job array. */
static enum clsnn_status slurm_shard(uint64_t *out_i, uint64_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t task = 0, n = 0, first = 0, step = 0;
    TRY(read_slurm("SLURM_ARRAY_TASK_ID", &task));
    TRY(read_slurm("SLURM_ARRAY_TASK_COUNT", &n));
    TRY(read_slurm("SLURM_ARRAY_TASK_MIN", &first));
    TRY(read_slurm("SLURM_ARRAY_TASK_STEP", &step));
    if (task < first || step == 0 || (task - first) % step != 0 || (task - first) / step >= n)
        return clsnn_fail(CLSNN_E_USAGE,
                          "SLURM_ARRAY_TASK_ID = %" PRIu64 ": is none of the %" PRIu64 " tasks from %" PRIu64
                          " on in steps of %" PRIu64 "; --shard I/N says which part to do",
                          task, n, first, step);
    *out_i = (task - first) / step + 1;
    *out_n = n;
fail:
    return st;
}

enum clsnn_status clsnn_shard_read(const char *text, uint32_t *out_i, uint32_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t i = 1, n = 1;
    if (text && strcmp(text, "slurm") == 0) {
        TRY(slurm_shard(&i, &n));
    } else if (text) {
        char shown[CLSNN_EXCERPT], *copy = strdup(text), *slash;
        if (!copy) return clsnn_no_memory("sweep");
        slash = strchr(copy, '/');
        if (slash) *slash = '\0';
        const bool numbers = slash && clsnn_is_whole(copy) && clsnn_is_whole(slash + 1) &&
                             strlen(copy) < 10 && strlen(slash + 1) < 10;
        if (numbers) {
            i = strtoull(copy, NULL, 10);
            n = strtoull(slash + 1, NULL, 10);
        }
        free(copy);
        if (!numbers || i < 1 || i > n)
            return clsnn_fail(CLSNN_E_USAGE,
                              "--shard = %s: must be slurm, or I/N with I in [1, N]: 1/4, 2/4, 3/4, 4/4",
                              clsnn_excerpt(text, shown));
    }
    *out_i = (uint32_t)i;
    *out_n = (uint32_t)n;
fail:
    return st;
}
