/* Places between two numbers, by square roots. */
#include "base/interpolate.h"

#include <math.h>

enum { BITS = 53 }; /* of a share */

double clsnn_between(double from, double to, bool is_log, double share) {
    if (!is_log) return from + share * (to - from);
    double at = from, root = to / from; /* from * (to / from)^share, a factor for each bit of share */
    for (int bit = 0; bit < BITS && share > 0; bit++) {
        root = sqrt(root);
        share *= 2;
        if (share < 1) continue;
        at *= root;
        share -= 1;
    }
    return at;
}

double clsnn_log_share(double from, double to, double value) {
    double left = value / from, root = to / from, share = 0, weight = 1;
    for (int bit = 0; bit < BITS; bit++) {
        root = sqrt(root);
        weight /= 2;
        if (left < root) continue;
        left /= root;
        share += weight;
    }
    return share;
}
