/* Draws the pictures of one run: weights, accuracy (not for clsnn eval), confusion; each
 * in the formats of --figures. */
#ifndef CLSNN_PICTURES_H
#define CLSNN_PICTURES_H

#include "run/report.h"

/* Writes nothing if the report has no directory. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_pictures_write(const struct clsnn_report *r, const struct clsnn_learned *learned);

#endif
