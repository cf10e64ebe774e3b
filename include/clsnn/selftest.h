/* The self-test: checks that the kernels, as this driver compiled them for this device, compute the right
 * bits. */
#ifndef CLSNN_SELFTEST_H
#define CLSNN_SELFTEST_H

#include "clsnn/device.h"

CLSNN_BEGIN_DECLS

/* Runs every kernel of prog (kind RUN or PROFILE) on a small network: first weights, training with retries
 * and rests, testing. The whole state must equal that of a plain C implementation, bit for bit. Takes well
 * under a second for each size that prog was prepared for, and tests the kernels of each.
 * Errors: CLSNN_E_SELFTEST a difference; the text names device, driver, kernel and the first difference.
 * CLSNN_E_MEMORY; CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_selftest(struct clsnn_device *dev, const struct clsnn_program *prog);

CLSNN_END_DECLS

#endif
