/* Runs read back for comparison: what their run.json says, whatever their state. */
#ifndef CLSNN_RUNS_H
#define CLSNN_RUNS_H

#include <stddef.h>

#include "clsnn/status.h"
#include "formats/json.h"

/* One run. */
struct clsnn_run_card {
    char *path;   /* its directory, owned */
    json_t *json; /* run.json, owned; NULL: it cannot be read */
};

/* Finds every run below dir, and dir itself, sorted by path; without those that moved to previous-K.
 * Errors: CLSNN_E_IO dir cannot be read; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_runs_find(const char *dir, struct clsnn_run_card **out, size_t *out_n);
/* Reads the run of a directory, or of its run.json or model.npz. Errors: CLSNN_E_IO, CLSNN_E_DATA,
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_runs_read(const char *path, struct clsnn_run_card *out);
void clsnn_runs_finish(struct clsnn_run_card *list, size_t n); /* takes NULL and 0 */

#define CLSNN_RUN_VALUE 128
/* Writes a value of a run as text: "state", "data", "device", "version", "kernels", a setting, or a number of
 * its last evaluation. Returns false, and writes "", if the run has none. */
bool clsnn_runs_value(const struct clsnn_run_card *run, const char *name, char out[CLSNN_RUN_VALUE]);
/* Writes a value as tables for people have it: accuracies in percent, "-" if the run has none. */
void clsnn_runs_shown(const struct clsnn_run_card *run, const char *name, char out[CLSNN_RUN_VALUE]);
/* Returns whether a setting tells what a run computes: not a place, nor a way of talking. */
bool clsnn_runs_is_setting(const char *name);
/* Returns whether the runs that have a value of this name differ in it. */
bool clsnn_runs_differ(const struct clsnn_run_card *list, size_t n, const char *name);
/* Lists the settings of which some runs have another value than others. *out: [*out_n] names, borrowed from
 * the runs; the caller frees the list. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_runs_differences(const struct clsnn_run_card *list, size_t n, const char ***out,
                                         size_t *out_n);

#endif
