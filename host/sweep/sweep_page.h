/* report.html of a sweep: warnings, means and spread, pictures, and a table of the runs with a link to the
 * page of each. The page stands alone. */
#ifndef CLSNN_SWEEP_PAGE_H
#define CLSNN_SWEEP_PAGE_H

#include "run/run_json.h"
#include "sweep/sweep.h"

/* Writes s->dir/report.html. The page of a sweep under way loads itself again; that of a failed one has the
 * recorded error. stage: its progress; NULL: unknown. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_page_write(const struct clsnn_sweep *s, const struct clsnn_sweep_stage *stage,
                                         enum clsnn_run_state state);
/* Writes the page, if the sweep has one, of a sweep that ended with status st. Returns st, or, if that is
 * CLSNN_OK, the page's status. */
enum clsnn_status clsnn_sweep_page_end(const struct clsnn_sweep *s, const struct clsnn_sweep_stage *stage,
                                       enum clsnn_status st);

#endif
