/* Whether the kernels, as this driver compiled them for this device, compute what they should. */
#ifndef CLSNN_SELFTEST_H
#define CLSNN_SELFTEST_H

#include "clsnn/device.h"

CLSNN_BEGIN_DECLS

/* Runs every kernel of prog (kind RUN or PROFILE) on a small network: its start, images learned with retries and rest,
 * images tested. The whole state must equal that of a plain C implementation, bit for bit. It takes well under a second.
 * Errors: CLSNN_E_SELFTEST naming device, driver, kernel and the first difference; CLSNN_E_MEMORY; CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_selftest(struct clsnn_device *dev, const struct clsnn_program *prog);

CLSNN_END_DECLS

#endif
