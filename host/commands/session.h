/* What train and eval share: device, kernels and data opened with words on the terminal, signals turned into a clean stop. */
#ifndef CLSNN_SESSION_H
#define CLSNN_SESSION_H

#include "clsnn/experiment.h"
#include "device/device.h"
#include "options/options_table.h"
#include "commands/progress.h"

struct clsnn_session {
    struct clsnn_progress_line progress;
    struct clsnn_device *dev;
    struct clsnn_program *prog;
    struct clsnn_dataset data;
    struct clsnn_plan plan;
    uint32_t chunk;               /* presentations a launch; 0: chosen */
    struct clsnn_profile profile; /* filled with --profile */
};

/* Says the first words, catches signals, opens the device (not to collect alone: dev stays NULL) and loads the data. */
enum clsnn_status clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o);
/* Builds the kernels and has them tested, which takes seconds: whatever can be refused is refused before. */
enum clsnn_status clsnn_session_compile(struct clsnn_session *s, const struct clsnn_options *o);
void clsnn_session_close(struct clsnn_session *s); /* takes half-built ones; signals stay caught */

/* A batch of n_slots networks of the plan's size with the first n_train and n_test images (0: all) of the session's data. */
enum clsnn_status clsnn_session_lab(struct clsnn_session *s, int n_slots, uint32_t n_train, uint32_t n_test,
                                    struct clsnn_batch **out);

/* True once SIGINT, SIGTERM or SIGUSR1 came; a second one ends the process at once with exit code 130. */
bool clsnn_session_stopping(void);

/* For a long call that cannot be broken off, made when nothing is left to save: until words are NULL again a first signal ends the process at
 * once with exit code 75 and these words (a line, with its end; kept, not copied). */
void clsnn_session_may_end(const char *words);

#endif
