/* Finished runs read back from their directories. */
#ifndef CLSNN_RUN_READ_H
#define CLSNN_RUN_READ_H

#include "base/sha256.h"
#include "clsnn/experiment.h"

/* What a run's directory holds, compared with the plan it should have had. */
enum clsnn_run_found {
    CLSNN_FOUND_NOTHING,  /* no directory, or none of a run */
    CLSNN_FOUND_FINISHED, /* complete and of this plan; the weights have the hash that run.json tells */
    CLSNN_FOUND_BROKEN_OFF,
    CLSNN_FOUND_FAILED, /* it met a fault */
    CLSNN_FOUND_CORRUPT,
    CLSNN_FOUND_OTHER /* finished, but of another plan */
};

struct clsnn_run_result {
    enum clsnn_run_found found;
    char why[256]; /* what is wrong, where it is neither nothing nor finished */
    /* of a finished one: its last evaluation */
    double accuracy_all, accuracy_proportion, exc_spikes_per_image, test_spikes_per_image, theta_mean_mv;
    uint64_t images, retries, given_up, unlabelled, presentations;
    char sha256[CLSNN_SHA256_HEX];
};

/* Reads dir/run.json and dir/model.npz. plan: clsnn_report_plan's text. Never fails for what it finds; Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_results_read(const char *dir, const char *plan, struct clsnn_run_result *out);

/* The same of an experiment that has just finished, without reading it back. */
void clsnn_results_of(const struct clsnn_experiment *x, const struct clsnn_learned *learned,
                      struct clsnn_run_result *out);

#endif
