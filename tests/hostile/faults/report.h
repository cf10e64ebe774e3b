/* The report of the two fault libraries to faults.py: a mapped file of this layout. The file is always up to
 * date, so a run that crashes has reported everything too. faults.py reads it with struct.unpack. */
#ifndef FAULTS_REPORT_H
#define FAULTS_REPORT_H

#include <stdint.h>

enum { KINDS = 6, SEQUENCE = 1 << 17, LIVE = 1 << 14, NAME_BYTES = 64 };

struct live_block {
    uint64_t pointer; /* of the block; 0: the entry was never used, 1: used before and free */
    uint64_t site;    /* object << 48 | offset of the caller in that object; object 0 is the program */
    uint64_t bytes;
};

struct fault_report {
    uint64_t calls;               /* calls so far that may fail */
    uint64_t injected;            /* calls that failed on purpose */
    int64_t objects[2 * KINDS];   /* layer.c: created and retained, then released, of each kind */
    uint64_t lost;                /* calls without room in sequence, and blocks without room in live */
    char name[NAME_BYTES];        /* layer.c: of the first call that failed on purpose */
    uint64_t sequence[SEQUENCE];  /* of call n, at n - 1. layer.c: its function's number; alloc.c: its site */
    struct live_block live[LIVE]; /* alloc.c: blocks that are not freed yet */
};

#endif
