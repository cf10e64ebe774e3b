/* Progress on stderr: a bar that is redrawn on a terminal; a line every ten seconds elsewhere. */
#ifndef CLSNN_PROGRESS_H
#define CLSNN_PROGRESS_H

#include <stdio.h>

#include "base/fail.h"
#include "clsnn/experiment.h"
#include "sweep/sweep.h"

struct clsnn_progress_line {
    FILE *to;
    bool quiet, terminal, drawn; /* drawn: a bar stands on the terminal's last line, without a line end */
    double last;                 /* when a bar or line was last written: clsnn_clock_seconds */
    enum clsnn_stage_kind kind;  /* stage of the last bar or line */
};

/* Starts progress on `to`. quiet: only warnings are written. A terminal with TERM=dumb counts as none. */
void clsnn_progress_start(struct clsnn_progress_line *p, FILE *to, bool quiet);
/* Writes one line, such as "compiling kernels for ...". */
void clsnn_progress_note(struct clsnn_progress_line *p, const char *fmt, ...) CLSNN_PRINTF(2, 3);
/* Writes "WARNING: " and the line, even when quiet: a reader of the result has to know it. */
void clsnn_progress_warn(struct clsnn_progress_line *p, const char *fmt, ...) CLSNN_PRINTF(2, 3);
/* Calls clsnn_progress_warn if is_warning, else clsnn_progress_note. */
void clsnn_progress_tell(struct clsnn_progress_line *p, bool is_warning, const char *fmt, ...)
    CLSNN_PRINTF(3, 4);
/* Shows the experiment's progress: at most ten times a second on a terminal, elsewhere every ten seconds and
 * at the end of each stage. */
void clsnn_progress_stage(struct clsnn_progress_line *p, const struct clsnn_stage *stage);
/* Shows a sweep's progress as often, and at the sweep's end. */
void clsnn_progress_sweep(struct clsnn_progress_line *p, const struct clsnn_sweep_stage *stage);
/* Ends the line of a bar that is still drawn. */
void clsnn_progress_end(struct clsnn_progress_line *p);

#endif
