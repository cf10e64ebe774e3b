/* A run's directory looked at: is there a run, is it finished, is it the one that was wanted? */
#ifndef CLSNN_RUN_READ_H
#define CLSNN_RUN_READ_H

#include "run/run_json.h"

enum clsnn_run_found {
    CLSNN_FOUND_NOTHING,    /* no directory, or none of a run */
    CLSNN_FOUND_FINISHED,   /* complete and as wanted; its model.npz has the hash that run.json tells */
    CLSNN_FOUND_BROKEN_OFF, /* running or stopped */
    CLSNN_FOUND_FAILED,     /* it met a fault */
    CLSNN_FOUND_CORRUPT,
    CLSNN_FOUND_OTHER /* finished, but another run than the one that was wanted */
};

struct clsnn_found_run {
    enum clsnn_run_found found;
    char why[256];        /* what is wrong, where it is neither nothing nor finished */
    struct clsnn_run run; /* of a finished one */
};
void clsnn_found_finish(struct clsnn_found_run *f); /* takes {0} */

/* Borrowed. */
struct clsnn_run_wanted {
    const struct clsnn_plan *plan;
    const struct clsnn_dataset *data;
    const char *kernels_sha256; /* NULL: of any kernels and any version of clsnn */
};

/* Reads dir/run.json and dir/model.npz; wanted NULL: any finished run will do. What is found is never an error.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_run_look(const char *dir, const struct clsnn_run_wanted *wanted,
                                 struct clsnn_found_run *out);

#endif
