/* What the two fault libraries tell faults.py: a file of this layout, mapped and always up to date, so that a run
 * which crashes has told everything too. struct.unpack reads it: members are 8 bytes, or arrays of what is said. */
#ifndef FAULTS_REPORT_H
#define FAULTS_REPORT_H

#include <stdint.h>

enum { KINDS = 6, SEQUENCE = 1 << 17, LIVE = 1 << 14, NAME_BYTES = 64 };

struct live_block {
    uint64_t pointer; /* 0: never used, 1: used and free */
    uint64_t site;    /* object << 48 | offset of the caller in it; object 0 is the program */
    uint64_t bytes;
};

struct fault_report {
    uint64_t calls;             /* calls that may fail, so far */
    uint64_t injected;          /* how many were made to fail */
    int64_t objects[2 * KINDS]; /* the layer: created and retained, then released, of each kind */
    uint64_t lost; /* live blocks that found no room below, or calls that found none in the sequence */
    char name[NAME_BYTES]; /* of the first call that was made to fail */
    uint64_t sequence
        [SEQUENCE]; /* of call n, at n - 1: the layer the number of its name, else the caller's site */
    struct live_block live[LIVE];
};

#endif
