/* The protocol: epochs of training, labelling on training images, testing on test images, and what was measured. It
 * never prints; a watcher is told and can stop it. */
#ifndef CLSNN_EXPERIMENT_H
#define CLSNN_EXPERIMENT_H

#include "clsnn/dataset.h"
#include "clsnn/evaluate.h"
#include "clsnn/network.h"
#include "clsnn/readout.h"
#include "clsnn/train.h"

struct clsnn_plan {
    struct clsnn_model model;
    uint64_t seed;
    uint32_t neurons, epochs;
    uint32_t train_images, label_images, test_images; /* 0: all there are */
    uint32_t eval_every;                              /* epochs between evaluations; 0: one, after the last */
    uint32_t chunk; /* presentations a launch; 0: as many as take about a third of a second */
    bool shuffle;
};

/* READOUT is told once, before the first product: CLBlast then compiles for some seconds unless its kernels are cached. */
enum clsnn_stage_kind { CLSNN_STAGE_TRAIN, CLSNN_STAGE_LABEL, CLSNN_STAGE_TEST, CLSNN_STAGE_READOUT };

/* Where a running experiment stands. */
struct clsnn_stage {
    enum clsnn_stage_kind kind;
    uint32_t epoch, n_epochs; /* 1-based */
    uint64_t done, total;     /* images of this stage; of all epochs while training */
    double seconds;           /* since the stage began */
    double images_per_second; /* of the stage */
    double eta_seconds;       /* to the end of the stage at that rate */
    /* while training: share of the last 1000 images whose class the counts so far gave; < 0: none yet */
    double running_accuracy;
};

/* One evaluation. */
struct clsnn_metrics {
    uint32_t epoch;
    uint64_t images; /* trained on so far */
    struct clsnn_score score;
    double accuracy_all, accuracy_proportion;
    double exc_spikes_per_image;  /* while training, accepted presentations, since the last evaluation */
    double test_spikes_per_image; /* while testing */
    uint64_t retries, given_up;   /* while training, since the last evaluation */
    double theta_mean_mv;
    uint32_t unlabelled;      /* neurons that never fired while labelling */
    double train_seconds;     /* so far */
    double eval_seconds;      /* of this evaluation */
    double images_per_second; /* trained, since the last evaluation */
};

/* Both may be NULL. stage returns false to stop (CLSNN_STOPPED). */
struct clsnn_watcher {
    bool (*stage)(void *ctx, const struct clsnn_stage *stage);
    enum clsnn_status (*evaluated)(void *ctx, const struct clsnn_metrics *metrics);
    void *ctx;
};

struct clsnn_experiment {
    struct clsnn_plan plan;
    const struct clsnn_dataset *data; /* borrowed */
    struct clsnn_device *dev;         /* borrowed */
    struct clsnn_network *net;
    struct clsnn_trainer *trainer;
    cl_mem train_pixels, test_pixels;
    struct clsnn_labels labels;
    bool has_labels;
    struct clsnn_metrics *metrics; /* [n_metrics], every evaluation in order */
    size_t n_metrics;
    uint64_t images;        /* trained on */
    uint64_t presentations; /* training, labelling and testing, retries included */
    uint64_t given_up_evaluating;
    double train_seconds, eval_seconds;
    struct clsnn_running *running; /* running accuracy */
    bool read_out;                 /* the first readout has begun */
};

/* Puts network and data on the device. data, dev and prog are borrowed and outlive the experiment.
 * Errors: CLSNN_E_DEVICE_MEMORY, CLSNN_E_MEMORY, CLSNN_E_BUILD, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_experiment_create(const struct clsnn_plan *plan, struct clsnn_device *dev,
                                          const struct clsnn_program *prog, const struct clsnn_dataset *data,
                                          struct clsnn_experiment **out);
void clsnn_experiment_destroy(struct clsnn_experiment *x); /* takes NULL and half-built ones */

/* Trains all epochs, evaluating as planned. Errors: those of training and evaluation; CLSNN_STOPPED when the watcher says so:
 * the network then stands between two presentations and can be read. */
enum clsnn_status clsnn_experiment_train(struct clsnn_experiment *x, const struct clsnn_watcher *watch);

/* Labels the neurons unless they have labels that were given, tests, and appends to metrics. */
enum clsnn_status clsnn_experiment_evaluate(struct clsnn_experiment *x, const struct clsnn_watcher *watch);
/* Uses weights, theta and (labels may be NULL) labels from elsewhere. Arrays are the caller's, copied. */
enum clsnn_status clsnn_experiment_set_model(struct clsnn_experiment *x, const float *w,
                                             const float *theta_mv, const int32_t *labels,
                                             const float *proportions);

/* What was learned, on the host. */
struct clsnn_learned {
    uint32_t n_post;
    float *w;        /* [784][n_post] */
    float *theta_mv; /* [n_post] */
    char sha256
        [CLSNN_SHA256_HEX]; /* of w, theta_mv and labels (-1 where there are none), little-endian, in that order */
};
enum clsnn_status clsnn_experiment_learned(const struct clsnn_experiment *x, struct clsnn_learned *out);
void clsnn_learned_finish(struct clsnn_learned *l); /* takes {0} */

#endif
