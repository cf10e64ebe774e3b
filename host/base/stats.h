/* Mean, spread and confidence of a few numbers. Pure. */
#ifndef CLSNN_STATS_H
#define CLSNN_STATS_H

#include <stddef.h>

struct clsnn_stats {
    size_t n;
    double mean, sd; /* sample standard deviation */
    double ci95;     /* half width of the 95 % interval of the mean, by Student's t */
    double min, max;
};

/* Of x [n]. What is not defined is NaN: all of them for n = 0, sd and ci95 for n = 1. */
struct clsnn_stats clsnn_stats_of(const double *x, size_t n);
/* The 97.5 % quantile of Student's t with that many degrees of freedom (at least 1). */
double clsnn_student_t975(size_t freedom);

#endif
