/* Mean, spread and confidence of a few numbers. Pure. */
#ifndef CLSNN_STATS_H
#define CLSNN_STATS_H

#include <stddef.h>

struct clsnn_stats {
    size_t n;
    double mean, sd; /* sample standard deviation; 0 for fewer than two */
    double ci95;     /* half width of the 95 % interval of the mean, by Student's t; 0 for fewer than two */
    double min, max;
};

/* Of x [n]; all zero for n = 0. */
struct clsnn_stats clsnn_stats_of(const double *x, size_t n);
/* The 97.5 % quantile of Student's t with that many degrees of freedom (at least 1). */
double clsnn_student_t975(size_t freedom);

#endif
