/* Mean, spread and confidence interval of a few numbers. All functions are pure. */
#ifndef CLSNN_STATS_H
#define CLSNN_STATS_H

#include <stddef.h>

struct clsnn_stats {
    size_t n;
    double mean, sd; /* sd: sample standard deviation */
    double ci95;     /* half width of the mean's 95 % confidence interval, by Student's t */
    double min, max;
};

/* Returns the statistics of x [n]. Undefined values are NaN: all for n = 0, sd and ci95 for n = 1. */
struct clsnn_stats clsnn_stats_of(const double *x, size_t n);
/* Returns the 97.5 % quantile of Student's t. freedom: degrees of freedom, at least 1. */
double clsnn_student_t975(size_t freedom);

#endif
