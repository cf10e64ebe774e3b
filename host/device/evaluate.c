/* Launches of the evaluation kernel. */
#include "device/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/network.h"
#include "device/program.h"

enum { IMAGES_A_LAUNCH = 1000 }; /* at most; fewer if a launch would keep a stop waiting */

/* Returns the work-groups of a launch: enough to keep every compute unit busy, few enough that a CPU's caches
 * hold their state. */
static uint32_t count_slots(const struct clsnn_device *dev) {
    const uint32_t units = dev->info.compute_units ? dev->info.compute_units : 1;
    const uint32_t slots = units * ((dev->info.type & CL_DEVICE_TYPE_CPU) ? 4 : 8);
    return slots < IMAGES_A_LAUNCH ? slots : IMAGES_A_LAUNCH;
}

size_t clsnn_evaluate_bytes(const struct clsnn_device *dev, int n_pre, int n_post, int delay) {
    return count_slots(dev) * clsnn_state_bytes(n_pre, n_post, delay) +
           IMAGES_A_LAUNCH * (((size_t)n_post + CLSNN_ROW_ALIGN) * sizeof(uint16_t) + sizeof(uint32_t));
}

enum clsnn_status clsnn_evaluate(struct clsnn_network *net, int b, cl_mem pixels, uint32_t first,
                                 uint32_t n_images, enum clsnn_purpose purpose,
                                 clsnn_evaluate_progress *progress, void *ctx, uint16_t *out_counts,
                                 int32_t *out_attempts, struct clsnn_evaluation *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device *dev = net->dev;
    struct clsnn_state s = {0};
    struct clsnn_evaluation sum = {0};
    cl_mem counts = NULL, shown = NULL;
    const size_t n = (size_t)net->n, n_post = (size_t)net->n_post;
    const uint32_t n_slots = count_slots(dev);
    const cl_int network = b;
    const cl_uint what_for = (cl_uint)purpose;
    uint16_t *rows = malloc(IMAGES_A_LAUNCH * n * sizeof *rows);
    uint32_t *host_shown = malloc(IMAGES_A_LAUNCH * sizeof *host_shown);
    if (!rows || !host_shown) {
        st = clsnn_fail(CLSNN_E_MEMORY, "evaluation: no memory for the counts of %d images", IMAGES_A_LAUNCH);
        goto fail;
    }
    TRY(clsnn_state_create(dev, n_slots, n, (size_t)net->n_pre, net->state.delay, &s));
    TRY(clsnn_buffer_create(dev, "spike counts", IMAGES_A_LAUNCH * n * sizeof *rows, NULL, false, &counts));
    TRY(clsnn_buffer_create(dev, "presentations", IMAGES_A_LAUNCH * sizeof *host_shown, NULL, false, &shown));
    uint32_t chunk = n_slots;
    for (uint32_t done = 0; done < n_images;) {
        const uint32_t n_now = n_images - done < chunk ? n_images - done : chunk;
        const double began = clsnn_clock_seconds();
        const cl_int first_image = (cl_int)(first + done), images = (cl_int)n_now;
        const struct clsnn_arg args[] = {
            CLSNN_NETWORK_ARGS(net), CLSNN_ARG(s.slots),  CLSNN_ARG(pixels),     CLSNN_ARG(counts),
            CLSNN_ARG(shown),        CLSNN_ARG(net->n),   CLSNN_ARG(network),    CLSNN_ARG(first_image),
            CLSNN_ARG(images),       CLSNN_ARG(what_for), CLSNN_LOCAL_ARGS(net),
        };
        const size_t local = (size_t)net->kernels->work_group,
                     global = local * (n_now < n_slots ? n_now : n_slots);
        TRY(clsnn_kernel_run(dev, purpose == CLSNN_RNG_LABEL ? CLSNN_TIME_LABEL : CLSNN_TIME_TEST,
                             net->kernels->evaluate, args, sizeof args / sizeof *args, 1, &global, &local));
        TRY(clsnn_buffer_read(dev, counts, 0, n_now * n * sizeof *rows, rows));
        TRY(clsnn_buffer_read(dev, shown, 0, n_now * sizeof *host_shown, host_shown));
        for (uint32_t k = 0; k < n_now; k++) {
            uint16_t *row = out_counts + (done + k) * n_post;
            memcpy(row, rows + k * n, n_post * sizeof *row);
            for (size_t j = 0; j < n_post; j++) sum.spikes += row[j];
            const uint32_t count = host_shown[k] & CLSNN_SHOWN_COUNT;
            if (host_shown[k] & CLSNN_SHOWN_FAULT) {
                st = clsnn_fail(CLSNN_E_SELFTEST,
                                "evaluation, image %u: the potential of neuron %u is not a number or beyond "
                                "%g mV: the parameters or the weights make the "
                                "step of %g ms unstable, or the device computes wrongly",
                                first + done + k, count, (double)CLSNN_V_LIMIT, CLSNN_DT_MS);
                goto fail;
            }
            sum.presentations += count;
            if (out_attempts) out_attempts[done + k] = (int32_t)count;
            sum.given_up += (host_shown[k] & CLSNN_SHOWN_GIVEN_UP) != 0;
        }
        done += n_now;
        const double took = clsnn_clock_seconds() - began,
                     fit = n_now * CLSNN_LAUNCH_SECONDS / (took > 1e-6 ? took : 1e-6);
        chunk = fit > 4.0 * chunk ? 4 * chunk : fit < 1 ? 1 : (uint32_t)fit;
        if (chunk > IMAGES_A_LAUNCH) chunk = IMAGES_A_LAUNCH;
        if (progress && !progress(ctx, done)) {
            st = clsnn_fail(CLSNN_STOPPED, "stopped while evaluating, after %u of %u images", done, n_images);
            goto fail;
        }
    }
    *out = sum;
fail:
    clsnn_buffer_release(dev, &counts);
    clsnn_buffer_release(dev, &shown);
    clsnn_state_finish(dev, &s);
    free(rows);
    free(host_shown);
    return st;
}
