/* Means and confidence intervals. */
#include "base/stats.h"

#include <math.h>

/* Returns the probability that |T| <= t for Student's T with whole degrees of freedom. Source: the finite
 * series of Abramowitz and Stegun, 26.7.3 and 26.7.4. */
static double two_sided(double t, size_t freedom) {
    const double angle = atan(t / sqrt((double)freedom)), c = cos(angle), s = sin(angle);
    double term, sum = 0;
    if (freedom % 2 == 0) {
        term = 1;
        for (size_t k = 0; k < freedom / 2; k++) {
            sum += term;
            term *= c * c * (double)(2 * k + 1) / (double)(2 * k + 2);
        }
        return s * sum;
    }
    term = c;
    for (size_t k = 1; 2 * k < freedom; k++) {
        sum += term;
        term *= c * c * (double)(2 * k) / (double)(2 * k + 1);
    }
    return 2 / acos(-1.0) * (angle + s * sum);
}

double clsnn_student_t975(size_t freedom) {
    double low = 0, high = 16;              /* the largest quantile is 12.7, at one degree of freedom */
    if (freedom > 100000) freedom = 100000; /* beyond, t is the normal quantile to five digits */
    for (int step = 0; step < 60; step++) {
        const double middle = 0.5 * (low + high);
        if (two_sided(middle, freedom) < 0.95)
            low = middle;
        else
            high = middle;
    }
    return high;
}

struct clsnn_stats clsnn_stats_of(const double *x, size_t n) {
    const double none = (double)NAN;
    struct clsnn_stats s = {n, none, none, none, none, none};
    double squares = 0;
    if (n == 0) return s;
    s.min = s.max = x[0];
    s.mean = 0;
    for (size_t k = 0; k < n; k++) {
        s.mean += x[k] / (double)n;
        s.min = x[k] < s.min ? x[k] : s.min;
        s.max = x[k] > s.max ? x[k] : s.max;
    }
    for (size_t k = 0; k < n; k++) squares += (x[k] - s.mean) * (x[k] - s.mean);
    if (n < 2) return s;
    s.sd = sqrt(squares / (double)(n - 1));
    s.ci95 = clsnn_student_t975(n - 1) * s.sd / sqrt((double)n);
    return s;
}
