/* From options to the plan of a run. */
#ifndef CLSNN_PLAN_H
#define CLSNN_PLAN_H

#include "clsnn/experiment.h"
#include "options/options_table.h"

/* The plan that options stand for, its numbers of images cut to what data have. */
void clsnn_plan_make(const struct clsnn_options *o, const struct clsnn_dataset *data, struct clsnn_plan *out);

#endif
