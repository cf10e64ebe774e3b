/* Clocks: seconds to measure with, and the date for people. */
#ifndef CLSNN_CLOCK_H
#define CLSNN_CLOCK_H

/* Returns the seconds since an arbitrary moment in the past. The clock never goes back. */
double clsnn_clock_seconds(void);

#define CLSNN_CLOCK_UTC 32
/* Writes date and time in UTC as of ISO 8601: "2026-11-27T11:08:38Z". */
void clsnn_clock_utc(char out[CLSNN_CLOCK_UTC]);

#endif
