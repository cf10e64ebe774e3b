/* Turns options into the plan of a run. */
#ifndef CLSNN_PLAN_H
#define CLSNN_PLAN_H

#include "clsnn/experiment.h"
#include "options/options_table.h"

/* Writes the plan of options to *out and cuts its numbers of images to those of data. */
void clsnn_plan_make(const struct clsnn_options *o, const struct clsnn_dataset *data, struct clsnn_plan *out);

#endif
