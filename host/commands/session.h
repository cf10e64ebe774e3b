/* The session of a command that runs networks: device, kernels and data, progress on the terminal, and
 * signals turned into a clean stop. */
#ifndef CLSNN_SESSION_H
#define CLSNN_SESSION_H

#include "clsnn/experiment.h"
#include "device/device.h"
#include "options/options_table.h"
#include "commands/progress.h"
#include "run/warnings.h"

struct clsnn_session {
    struct clsnn_progress_line progress;
    struct clsnn_sweep_device *devices; /* [n_devices], owned; none with --collect */
    size_t n_devices;                   /* 1 in commands with one network */
    struct clsnn_profile *profiles;     /* [n_devices], owned; filled with --profile */
    struct clsnn_dataset data;          /* owned */
    struct clsnn_plan plan;             /* of the options, cut to the data */
    uint32_t chunk;                     /* presentations a launch; 0: chosen for the device */
    struct clsnn_warnings warnings;
};

/* Catches signals, starts the progress line, loads the data, plans the run and opens the devices: those of
 * --device, else the faster one for the runs; none with --collect, which runs nothing.
 * runs    [n_runs] the options of every network to train
 * Errors: CLSNN_E_NO_DEVICE, CLSNN_E_DEVICE; CLSNN_E_USAGE several devices for one network; those of
 * clsnn_dataset_load; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o,
                                     const struct clsnn_options *runs, size_t n_runs);
/* Chooses the devices for a command that trains `networks` networks of `neurons` neurons side by side: those
 * of --device, else the faster one; a note says which, if there was a choice.
 * out  [*out_n], malloc'ed, the caller's
 * Errors: as of clsnn_session_open. */
enum clsnn_status clsnn_session_choose(struct clsnn_progress_line *progress, const struct clsnn_options *o,
                                       uint64_t networks, uint32_t neurons, struct clsnn_device_info **out,
                                       size_t *out_n);
/* Opens a device, and has its compiled kernels kept in $XDG_CACHE_HOME/clsnn or ~/.cache/clsnn, unless o says
 * no or the driver keeps them itself. Errors: as of clsnn_device_open. */
enum clsnn_status clsnn_session_device(const struct clsnn_options *o, const struct clsnn_device_info *info,
                                       struct clsnn_device **out);
/* Warns that the device is left out because of the recorded error, which is cleared. */
void clsnn_session_leave_out(struct clsnn_progress_line *progress, const struct clsnn_device_info *info);
/* Compiles the kernels for the sizes of n_runs runs, at least one, and runs the self-test, on every device.
 * trains: also those that only training needs. This takes seconds: callers make all other checks before. A
 * device that fails is left out with a warning, if others remain.
 * Errors, of the last device: CLSNN_E_BUILD, CLSNN_E_USAGE the work-group; those of clsnn_selftest. */
enum clsnn_status clsnn_session_compile(struct clsnn_session *s, const struct clsnn_options *o,
                                        const struct clsnn_options *runs, size_t n_runs, bool trains);
void clsnn_session_close(struct clsnn_session *s); /* takes {0} and half-built ones; signals stay blocked */

/* Makes a batch of n_slots networks of the plan's size, with the images that the plan needs.
 * Errors: as of clsnn_batch_create. */
enum clsnn_status clsnn_session_batch(struct clsnn_session *s, int n_slots, struct clsnn_batch **out);

#define CLSNN_LAW_NAMES 64
/* Writes the laws that are not the default as an end of a directory's name, "-pair-direct". Returns out. */
const char *clsnn_session_laws(const struct clsnn_laws *laws, char out[CLSNN_LAW_NAMES]);

/* Notes that a run of o has fewer epochs than --eval-every, so that only its end is tested. */
void clsnn_session_note_epochs(struct clsnn_session *s, const struct clsnn_options *o);

/* Warns of given parameters that the laws do not read, in a command that keeps no warnings. */
void clsnn_session_warn_ignored(struct clsnn_progress_line *progress, const struct clsnn_options *o);

/* Shows the warnings that the user has not seen. Errors: CLSNN_E_DATA there was one, and --strict. */
enum clsnn_status clsnn_session_tell(struct clsnn_session *s, const struct clsnn_options *o,
                                     struct clsnn_warnings *w);

/* Returns true once SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU or SIGHUP came (nohup switches the last off).
 * Another one, at least a second later, ends the process at once with code 130. */
bool clsnn_session_stopping(void);

/* Lets the first signal end the process at once, with exit code 75 and these words on stderr; NULL takes that
 * back. For a long call that cannot be broken off, while everything is saved.
 * words: a line with its end, borrowed until the next call. */
void clsnn_session_may_end(const char *words);

#endif
