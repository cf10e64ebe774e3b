/* The table of tuned parameters. */
#include "model/tuned.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/interpolate.h"
#include "clsnn/abi.h"

const char *const clsnn_tuned_names[CLSNN_N_TUNED] = {
    "theta_plus_mv", "eta_post",   "eta_pre", "w_norm", "w_inh_exc",
    "tau_post2_ms",  "tau_pre_ms", "x_tar",   "mu",     "beta"};

/* Each row is the best point of a random search on the last 10,000 training images of MNIST; that of 6,400
 * neurons was guessed from the trend. bench/results/tuned.md and rules.md tell how they were found. A larger
 * network, whose neurons fire less often, wants a larger theta_plus_mv. A rule's rows are in the order of
 * their neurons. */
static const struct {
    int32_t rule;
    uint32_t neurons;
    double values[CLSNN_N_TUNED];
} rows[] = {
    {CLSNN_RULE_TRIPLET, 100, {0.0121, 0.00383, 1.99e-4, 57.03, 21.54, 71.39, 16.62, NAN, NAN, NAN}},
    {CLSNN_RULE_TRIPLET, 225, {0.0137, 0.00269, 1.9e-4, 67.1, 17.6, 50, 19, NAN, NAN, NAN}},
    {CLSNN_RULE_TRIPLET, 400, {0.0257, 0.00491, 5.31e-5, 69.5, 19.7, 61.6, 18.6, NAN, NAN, NAN}},
    {CLSNN_RULE_TRIPLET, 1600, {0.07787, 0.01233, 5.79e-4, 57.66, 14.78, 55.59, 15.63, NAN, NAN, NAN}},
    {CLSNN_RULE_TRIPLET, 6400, {0.45, 0.035, 3e-4, 66, 18.2, 55, 19, NAN, NAN, NAN}},
    {CLSNN_RULE_PAIR, 400, {0.07742, 0.002084, 6.396e-5, 58.91, 22.89, NAN, 20.88, NAN, NAN, NAN}},
    {CLSNN_RULE_POWERLAW, 400, {0.06358, 0.001631, NAN, 51.73, 19.94, NAN, 21.74, 0.09917, 0, NAN}},
    {CLSNN_RULE_SYMMETRIC, 400, {0.02961, 0.01432, 6.349e-4, 59.84, 18.36, NAN, 19.88, 0.176, 0, NAN}},
    {CLSNN_RULE_EXPONENTIAL, 400, {0.04686, 0.001976, NAN, 46.5, 19.14, NAN, 25.21, 0.9529, NAN, 2.78}},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

void clsnn_tuned_values(int32_t rule, uint32_t neurons, double out[CLSNN_N_TUNED], uint32_t *out_below,
                        uint32_t *out_above) {
    size_t first = 0, above;
    while (rows[first].rule != rule) first++;
    above = first;
    while (above + 1 < N_ROWS && rows[above + 1].rule == rule && rows[above].neurons < neurons) above++;
    const bool outside = neurons >= rows[above].neurons || above == first;
    const size_t below = outside ? above : above - 1;
    const double share = outside ? 0 : clsnn_log_share(rows[below].neurons, rows[above].neurons, neurons);
    for (size_t k = 0; k < CLSNN_N_TUNED; k++) {
        const double low = rows[below].values[k], high = rows[above].values[k];
        char text[32];
        out[k] = low;
        if (outside || isnan(low)) continue;
        snprintf(text, sizeof text, "%.4g", clsnn_between(low, high, true, share));
        out[k] = strtod(text, NULL);
    }
    *out_below = rows[below].neurons;
    *out_above = rows[above].neurons;
}
