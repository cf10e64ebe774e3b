/* Whether the kernels, as this driver compiled them for this device, compute what they should: before a run, in a moment. */
#ifndef CLSNN_SELFTEST_H
#define CLSNN_SELFTEST_H

#include "device/program.h"

/* Every kernel of prog (kind RUN or PROFILE) on a small network: its start, images learned with retries and rest, images tested. The
 * whole state must be plain C's (plain/plain.h), bit for bit. Errors: CLSNN_E_SELFTEST naming device, driver, kernel and the
 * first difference; CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_selftest(struct clsnn_device *dev, const struct clsnn_program *prog);

#endif
