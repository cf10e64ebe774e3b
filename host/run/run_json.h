/* Only this module writes and reads run.json: a run's settings, plan, data, device and result. */
#ifndef CLSNN_RUN_JSON_H
#define CLSNN_RUN_JSON_H

#include "formats/json.h"
#include "options/options_file.h"
#include "run/report.h"

#define CLSNN_RUN_FORMAT 1

/* The state of a run. In a failed run, "error" is the failure that was recorded when run.json was written. */
enum clsnn_run_state { CLSNN_RUN_RUNNING, CLSNN_RUN_FINISHED, CLSNN_RUN_STOPPED, CLSNN_RUN_FAILED };
const char *clsnn_run_state_name(enum clsnn_run_state state);

/* Totals of a whole run. */
struct clsnn_run_totals {
    uint64_t presentations, given_up; /* in training, labelling and testing; retries count */
    double train_seconds, eval_seconds, images_per_second;
};

/* The contents of a run.json. */
struct clsnn_run {
    enum clsnn_run_state state;
    char error[256]; /* text of a failed run's error */
    char command[16], version[32], kernels_sha256[CLSNN_SHA256_HEX];
    char device[256], driver[128];
    long long work_group;
    struct clsnn_plan plan; /* 0 neurons: the run has none, since it is not of training */
    char data_name[CLSNN_DATA_NAME], data_sha256[CLSNN_SHA256_HEX]; /* as plan */
    /* Only a finished run of training has the rest. */
    char data_source[512];
    char from[512];                /* the file that training started with (--from); "": none */
    struct clsnn_metrics *metrics; /* [n_metrics], owned; at least one, and only the last has a score */
    size_t n_metrics;
    struct clsnn_run_totals totals;
    char sha256[CLSNN_SHA256_HEX];      /* final_sha256 */
    char warnings[CLSNN_WARNING_NAMES]; /* their names, joined by '+' */
};
void clsnn_run_finish(struct clsnn_run *run); /* takes {0} */

/* Returns the last evaluation. */
const struct clsnn_metrics *clsnn_run_last(const struct clsnn_run *run);

/* Writes dir/run.json; writes nothing if the report has no directory. learned may be NULL.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_run_json_write(const struct clsnn_report *r, enum clsnn_run_state state,
                                       const struct clsnn_learned *learned);
/* Returns the result that --json prints and run.json holds. */
json_t *clsnn_run_json_result(const struct clsnn_report *r, const struct clsnn_learned *learned, bool *ok);

/* Adds the totals to object, as members. */
void clsnn_run_json_add_totals(json_t *object, const struct clsnn_run_totals *totals, bool *ok);

/* Reads dir/run.json.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA no JSON, another format, no state; in a finished run also: no plan,
 * numbers out of range, no evaluation after the last epoch, no final_sha256; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_run_json_read(const char *dir, struct clsnn_run *out);
/* Adds the settings of dir/run.json that decide the run's result, and its data set, to *out: what a run needs
 * to be continued. from_sha256 receives its plan's. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_run_json_settings(const char *dir, struct clsnn_settings *out,
                                          char from_sha256[CLSNN_SHA256_HEX]);

/* Returns the --data that finds a run's data again: the directory or file that they came from. Where that is
 * gone, a known set's name finds the set elsewhere. Borrowed from name and source. */
const char *clsnn_run_data_spec(const char *name, const char *source);

/* Makes plan, metrics, totals, hashes, warnings and data's name of a finished run, as its run.json has them.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_run_of(const struct clsnn_report *r, const struct clsnn_learned *learned,
                               struct clsnn_run *out);

#endif
