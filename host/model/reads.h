/* Which parameters a network reads. Some belong to a law, some to networks whose weights are drawn. */
#ifndef CLSNN_READS_H
#define CLSNN_READS_H

#include "clsnn/model.h"

#define CLSNN_READS 128 /* room for the reason of clsnn_param_is_read */

/* Returns whether a network with these laws reads p. If not, why says who does: "only rule exponential reads
 * it".
 * is_given  the network starts with given weights and theta (--from) */
bool clsnn_param_is_read(const struct clsnn_param_info *p, const struct clsnn_laws *laws, bool is_given,
                         char why[CLSNN_READS]);

#endif
