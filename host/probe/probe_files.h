/* The files of clsnn probe: probe.npz and the picture probe. */
#ifndef CLSNN_PROBE_FILES_H
#define CLSNN_PROBE_FILES_H

#include "clsnn/readout.h"
#include "probe/probe.h"

/* The recorded quantities of --record, as bits in the order of CLSNN_PROBE_RECORDS. */
#define CLSNN_PROBE_RECORDS "spikes|v|g_exc|g_inh|theta|v_inh"
enum {
    CLSNN_RECORD_SPIKES = 1 << 0,
    CLSNN_RECORD_V = 1 << 1,
    CLSNN_RECORD_G_EXC = 1 << 2,
    CLSNN_RECORD_G_INH = 1 << 3,
    CLSNN_RECORD_THETA = 1 << 4,
    CLSNN_RECORD_V_INH = 1 << 5,
    CLSNN_RECORD_ALL = (1 << 6) - 1
};

/* What the files tell of a probe. Everything is borrowed. */
struct clsnn_probe_report {
    const char *dir, *model; /* model: the network's file */
    const struct clsnn_probe_plan *plan;
    const struct clsnn_probe *probe;
    const char *images;           /* "test image" and the like */
    struct clsnn_answers answers; /* to each presentation's spikes, borrowed; {0}: no labels */
    unsigned records;             /* CLSNN_RECORD_ */
    int32_t figures;              /* the picture's formats (formats/figure.h) */
};

/* Writes probe.npz, with the quantities of records, and the picture probe, which shows the first image.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY, CLSNN_E_FAILED. */
enum clsnn_status clsnn_probe_write(const struct clsnn_probe_report *r);

#endif
