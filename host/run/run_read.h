/* Looks at a directory: is there a run, is it finished, is it the wanted one? */
#ifndef CLSNN_RUN_READ_H
#define CLSNN_RUN_READ_H

#include "run/run_json.h"

enum clsnn_run_found {
    CLSNN_FOUND_NOTHING,    /* no directory, or no run in it */
    CLSNN_FOUND_FINISHED,   /* complete and as wanted; its model.npz has the final_sha256 of run.json */
    CLSNN_FOUND_BROKEN_OFF, /* running or stopped */
    CLSNN_FOUND_FAILED,     /* run.json says that the run failed */
    CLSNN_FOUND_CORRUPT,
    CLSNN_FOUND_OTHER /* in any state, but not the wanted run */
};

struct clsnn_found_run {
    enum clsnn_run_found found;
    char why[256];        /* the reason, unless found is NOTHING or FINISHED */
    bool is_shorter;      /* found is OTHER only because more epochs are wanted */
    struct clsnn_run run; /* filled if found is FINISHED */
};
void clsnn_found_finish(struct clsnn_found_run *f); /* takes {0} */

/* The run that a caller wants. Everything is borrowed. */
struct clsnn_run_wanted {
    const struct clsnn_plan *plan;
    const struct clsnn_dataset *data;
    const char *kernels_sha256; /* NULL: any kernels and any version of clsnn will do */
    const char *const *free;    /* [n_free] members of the plan that may have any value */
    size_t n_free;
};

/* Reads dir/run.json and dir/model.npz. wanted NULL: any finished run will do. A damaged or unreadable run is
 * a finding, not an error. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_run_look(const char *dir, const struct clsnn_run_wanted *wanted,
                                 struct clsnn_found_run *out);

#endif
