/* Time, for people and for measuring. */
#ifndef CLSNN_CLOCK_H
#define CLSNN_CLOCK_H

/* Seconds from some moment in the past; they never go back. */
double clsnn_clock_seconds(void);

#define CLSNN_CLOCK_UTC 32
/* The date and time of day as ISO 8601 has it, in UTC: "2026-11-27T11:08:38Z". */
void clsnn_clock_utc(char out[CLSNN_CLOCK_UTC]);

#endif
