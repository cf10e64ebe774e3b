/* Measures training: a batch of networks on an OpenCL device, its first network alone there, and that network
 * in plain C (plain/plain.h). They take turns on the same images, so a change of the machine's speed concerns
 * them all. No run is timed before its bits are checked. */
#ifndef CLSNN_MEASURE_H
#define CLSNN_MEASURE_H

#include "device/train.h"

enum {
    CLSNN_BENCH_FOLLOWED = 8, /* networks of a batch that plain C trains too, through all runs */
    CLSNN_BENCH_RUNS = 16     /* most runs of a batch */
};

struct clsnn_bench_plan {
    const struct clsnn_model *model; /* borrowed */
    uint64_t seed;                   /* network b has seed + b */
    const uint8_t *pixels;           /* [n_images][n_pre], borrowed */
    uint32_t n_pre;                  /* pixels of an image */
    uint32_t n_images;
    uint32_t check_images; /* images before every network is compared with plain C */
    uint32_t warm_images;  /* images before the first timed run, so that fresh networks become typical */
    int n_runs;
    double run_seconds;  /* wanted length of a run on the device; counts if run_images is 0 */
    uint32_t run_images; /* images of a run, or 0; fewer where they would take more than 3 s */
};

/* One timed run. Counts are summed over the networks. */
struct clsnn_bench_sample {
    double seconds, images, presentations;
    double input_spikes, columns; /* columns: how many were rescaled */
};

/* Runs of a batch, of its first network alone on the device (one), and of that network in plain C (c). Runs
 * of one index show the same images. */
struct clsnn_bench_runs {
    struct clsnn_bench_sample batch[CLSNN_BENCH_RUNS], one[CLSNN_BENCH_RUNS], c[CLSNN_BENCH_RUNS];
};

/* The figures of a row. Rates are per second of the median run. */
struct clsnn_bench_rates {
    /* a synaptic event is an input spike that arrives at one neuron */
    double images, network_steps, synaptic_events;
    double realtime_factor; /* simulated seconds a second, all networks together */
    double bytes;           /* clsnn_bench_bytes */
    double seconds;         /* sum over the runs */
    double spread;          /* (slowest - fastest) / median of the seconds an image takes */
};

/* Returns the bytes of weights that training has to move: a row of n weights for each input spike, and three
 * times n_pre weights for each rescaled column (read for the sum, read again, written). n counts padding
 * neurons too. */
double clsnn_bench_bytes(double input_spikes, double columns, int n_pre, int n);

/* Sums up n_runs runs of networks of n_post neurons. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_bench_summarise(const struct clsnn_bench_plan *plan,
                                        const struct clsnn_bench_sample *runs, int n_runs, int n_post,
                                        struct clsnn_bench_rates *out);

/* Returns the speed of runs over that of others, in presentations a second: the median of runs[r] /
 * others[r]. Both of a pair show the same images at about the same time. Presentations are counted because
 * retries differ between seeds. */
double clsnn_bench_ratio(const struct clsnn_bench_sample *runs, const struct clsnn_bench_sample *others,
                         int n_runs);

/* Write to *out the bytes a second, read plus written, of the fastest of several copies of a large buffer: on
 * the device, and by one host thread with memcpy. Errors: CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY;
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_bench_bandwidth(struct clsnn_device *dev, double *out);
enum clsnn_status clsnn_bench_host_bandwidth(double *out);

/* Writes to *out the bare steps a second of n_networks networks together: those of the
 * excitatory neurons without input, spikes and learning (kernels/launch/bare.cl).
 * bare   of kind CLSNN_PROGRAM_BARE
 * prog   of the row; it decides how many work-groups share a network
 * Errors: CLSNN_E_SELFTEST a neuron fired; CLSNN_E_MEMORY; CLSNN_E_DEVICE_MEMORY; CLSNN_E_DEVICE;
 * CLSNN_E_BUILD. */
enum clsnn_status clsnn_bench_bare(const struct clsnn_bench_plan *plan, struct clsnn_device *dev,
                                   const struct clsnn_program *bare, const struct clsnn_program *prog,
                                   int n_post, int n_networks, double *out);

/* Returns whether n_networks networks and, if they are several, the first one alone fit the device beside the
 * images. */
bool clsnn_bench_fits(const struct clsnn_device *dev, const struct clsnn_bench_plan *plan, int n_post,
                      int n_networks);

/* Checks one batch and measures it in plan->n_runs runs, at most CLSNN_BENCH_RUNS. A run lasts until the
 * first network has shown its images. In a batch of one network, out->one is a copy of out->batch. The
 * batch's input spikes and columns are estimates: those of the followed networks, scaled by presentations.
 * Errors: CLSNN_E_SELFTEST bits differ from plain C's (names network, neuron, both values); CLSNN_E_DATA too
 * few images; CLSNN_E_MEMORY; CLSNN_E_DEVICE_MEMORY; CLSNN_E_DEVICE. */
enum clsnn_status clsnn_bench_measure(const struct clsnn_bench_plan *plan, struct clsnn_device *dev,
                                      const struct clsnn_program *prog, int n_post, int n_networks,
                                      struct clsnn_bench_runs *out);

#endif
