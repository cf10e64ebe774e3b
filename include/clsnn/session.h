/* What train and eval share: device, kernels and data opened with words on the terminal, signals turned into a clean stop. */
#ifndef CLSNN_SESSION_H
#define CLSNN_SESSION_H

#include "clsnn/experiment.h"
#include "clsnn/options.h"
#include "clsnn/progress.h"

struct clsnn_session {
    struct clsnn_progress_line progress;
    struct clsnn_device *dev;
    struct clsnn_program *prog;
    struct clsnn_dataset data;
    struct clsnn_plan plan;
    struct clsnn_profile profile; /* filled with --profile */
};

/* Says the first words, loads the data, opens the device, builds the kernels, catches signals. */
enum clsnn_status clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o);
void clsnn_session_close(struct clsnn_session *s); /* takes half-built ones; gives the signals back */

/* True once SIGINT, SIGTERM or SIGUSR1 came; a second one ends the process at once with exit code 130. */
bool clsnn_session_stopping(void);

#endif
