/* Clocks. No result of a simulation depends on them. */
#include "base/clock.h"

#include <time.h>

double clsnn_clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void clsnn_clock_utc(char out[CLSNN_CLOCK_UTC]) {
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(out, CLSNN_CLOCK_UTC, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
