/* Prints the result of one run on the standard output. */
#ifndef CLSNN_SUMMARY_H
#define CLSNN_SUMMARY_H

#include <stdio.h>

#include "run/report.h"

/* Prints the last evaluation: one JSON object with --json, else a few lines. learned may be NULL.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_summary_print(const struct clsnn_report *r, const struct clsnn_learned *learned,
                                      FILE *out);
/* Prints the paths of the run's files for people. Call it when they are written. */
void clsnn_summary_places(const struct clsnn_report *r, FILE *out);

#endif
