/* The table of tuned parameters. */
#include "model/tuned.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/interpolate.h"

const char *const clsnn_tuned_names[CLSNN_N_TUNED] = {"theta_plus_mv", "eta_post",     "eta_pre",   "w_norm",
                                                      "w_inh_exc",     "tau_post2_ms", "tau_pre_ms"};

/* Each row is the best point of a random search on the last 10,000 training images of MNIST; that of 6,400
 * was guessed from the trend. A larger network, whose neurons fire less often, wants
 * a larger theta_plus_mv. */
static const struct {
    uint32_t neurons;
    double values[CLSNN_N_TUNED];
} rows[] = {
    {100, {0.00805, 0.00551, 9.4e-5, 64.2, 20.7, 50, 19}},
    {225, {0.0137, 0.00269, 1.9e-4, 67.1, 17.6, 50, 19}},
    {400, {0.0257, 0.00491, 5.31e-5, 69.5, 19.7, 61.6, 18.6}},
    {1600, {0.142, 0.0193, 1.8e-4, 64, 18.2, 55, 19}},
    {6400, {0.45, 0.035, 3e-4, 66, 18.2, 55, 19}},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

void clsnn_tuned_values(uint32_t neurons, double out[CLSNN_N_TUNED], uint32_t *out_below,
                        uint32_t *out_above) {
    size_t above = 0;
    while (above < N_ROWS - 1 && rows[above].neurons < neurons) above++;
    const bool outside = neurons >= rows[above].neurons || above == 0;
    const size_t below = outside ? above : above - 1;
    const double share = outside ? 0 : clsnn_log_share(rows[below].neurons, rows[above].neurons, neurons);
    for (size_t k = 0; k < CLSNN_N_TUNED; k++) {
        char text[32];
        snprintf(text, sizeof text, "%.4g",
                 clsnn_between(rows[below].values[k], rows[above].values[k], true, share));
        out[k] = strtod(text, NULL);
    }
    *out_below = rows[below].neurons;
    *out_above = rows[above].neurons;
}
