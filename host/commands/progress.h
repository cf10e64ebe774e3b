/* The progress line on stderr: one bar that is redrawn on a terminal, a line now and then elsewhere. */
#ifndef CLSNN_PROGRESS_H
#define CLSNN_PROGRESS_H

#include <stdio.h>

#include "base/fail.h"
#include "clsnn/experiment.h"
#include "sweep/sweep.h"

struct clsnn_progress_line {
    FILE *to;
    bool quiet, terminal, drawn;
    double last;                /* when it was last written */
    enum clsnn_stage_kind kind; /* of the last line */
};

/* quiet: nothing but warnings is written. A terminal with TERM=dumb counts as none. */
void clsnn_progress_start(struct clsnn_progress_line *p, FILE *to, bool quiet);
/* Notes one line, such as "compiling kernels for ...". */
void clsnn_progress_note(struct clsnn_progress_line *p, const char *fmt, ...) CLSNN_PRINTF(2, 3);
/* The same, even when quiet: what a reader of the result has to know. */
void clsnn_progress_warn(struct clsnn_progress_line *p, const char *fmt, ...) CLSNN_PRINTF(2, 3);
/* Either of both. */
void clsnn_progress_tell(struct clsnn_progress_line *p, bool is_warning, const char *fmt, ...)
    CLSNN_PRINTF(3, 4);
/* Draws where the experiment stands: at most ten times a second on a terminal, else every ten seconds and at each stage's end. */
void clsnn_progress_stage(struct clsnn_progress_line *p, const struct clsnn_stage *stage);
/* Draws where a sweep stands, as often. */
void clsnn_progress_sweep(struct clsnn_progress_line *p, const struct clsnn_sweep_stage *stage);
/* Ends a bar that stands unfinished. */
void clsnn_progress_end(struct clsnn_progress_line *p);

#endif
