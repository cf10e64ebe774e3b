/* Measures training: a batch of networks on an OpenCL device against one network there and one in plain C (plain/plain.h), on the
 * same images, in turns, so that a machine that speeds up or slows down does so for all. Nothing is timed before its bits are checked. */
#ifndef CLSNN_MEASURE_H
#define CLSNN_MEASURE_H

#include "device/train.h"

enum {
    CLSNN_BENCH_FOLLOWED = 8, /* networks of a batch that plain C follows through all runs, spike for spike */
    CLSNN_BENCH_RUNS = 16     /* most runs of a row */
};

struct clsnn_bench_plan {
    const struct clsnn_model *model; /* borrowed */
    uint64_t seed;                   /* network b has seed + b */
    const uint8_t *pixels;           /* [n_images][784], borrowed */
    uint32_t n_images;
    uint32_t check_images; /* after these every network is compared with plain C */
    uint32_t warm_images;  /* after these, untimed, fresh networks have become typical ones, and runs begin */
    int n_runs;
    double run_seconds;  /* what a run should take on the device, about; then run_images is 0 */
    uint32_t run_images; /* images of a run, fewer where it would take more than a few seconds */
};

/* One timed run. Counts are summed over the networks. */
struct clsnn_bench_sample {
    double seconds, images, presentations;
    double input_spikes, columns; /* of all presentations: input spikes, columns rescaled */
};

/* The runs of a batch, and those in between that show the same images: of its first network alone on the device, and in plain C. */
struct clsnn_bench_runs {
    struct clsnn_bench_sample batch[CLSNN_BENCH_RUNS], one[CLSNN_BENCH_RUNS], c[CLSNN_BENCH_RUNS];
};

/* What runs come to. Rates are per second of the median run. */
struct clsnn_bench_rates {
    double images, network_steps,
        synaptic_events;    /* a synaptic event: an input spike arriving at one neuron */
    double realtime_factor; /* simulated seconds a second, all networks together */
    double bytes;           /* clsnn_bench_bytes */
    double seconds;         /* of all runs */
    double spread;          /* (slowest - fastest) / median of the seconds an image takes */
};

/* Bytes of weights that training has to move, whatever else a device moves: a row a spike read, and of each rescaled column every
 * weight read for its sum, read again and written. n: neurons, padding included. */
double clsnn_bench_bytes(double input_spikes, double columns, int n);

enum clsnn_status clsnn_bench_summarise(const struct clsnn_bench_plan *plan,
                                        const struct clsnn_bench_sample *runs, int n_runs, int n_post,
                                        struct clsnn_bench_rates *out);

/* The presentations a second of runs to those of others (of images seeds need more or fewer): the median of the ratios of neighbours,
 * which show the same images at about the same time. */
double clsnn_bench_ratio(const struct clsnn_bench_sample *runs, const struct clsnn_bench_sample *others,
                         int n_runs);

/* Bytes a second that the device, or one thread with memcpy, reads and writes in copying a large buffer: the best of several. */
enum clsnn_status clsnn_bench_bandwidth(struct clsnn_device *dev, double *out);
enum clsnn_status clsnn_bench_host_bandwidth(double *out);

/* Whether so many networks fit the device's memory beside the images. */
bool clsnn_bench_fits(const struct clsnn_device *dev, const struct clsnn_bench_plan *plan, int n_post,
                      int n_networks);

/* Checks and measures one batch: plan->n_runs runs, at most CLSNN_BENCH_RUNS; of a batch of one, the one network is the batch. A run
 * lasts until the first network has shown its images. Input spikes and columns are those of the followed networks (at most
 * CLSNN_BENCH_FOLLOWED), scaled by presentations. Errors: CLSNN_E_SELFTEST bits differ from plain C's, with network, neuron and
 * values; CLSNN_E_DATA too few images; CLSNN_E_DEVICE_MEMORY. */
enum clsnn_status clsnn_bench_measure(const struct clsnn_bench_plan *plan, struct clsnn_device *dev,
                                      const struct clsnn_program *prog, int n_post, int n_networks,
                                      struct clsnn_bench_runs *out);

#endif
