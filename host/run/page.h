/* report.html: all of a run on one page that stands alone. */
#ifndef CLSNN_PAGE_H
#define CLSNN_PAGE_H

#include "run/report.h"
#include "run/run_json.h"

/* Writes report.html into the report's directory, if it has one. A running run's page loads itself again.
 * learned  the network as it is; NULL: the page shows no weights
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY; CLSNN_E_FAILED libpng failed. */
enum clsnn_status clsnn_page_write(const struct clsnn_report *r, enum clsnn_run_state state,
                                   const struct clsnn_learned *learned);

#endif
