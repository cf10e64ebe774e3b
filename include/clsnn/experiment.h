/* The protocol: epochs of training, labelling on training images, testing on test images, and what was measured.
 *
 * Experiments of one size share a batch, each in a slot of its own, and none depends on the others. Nothing is printed: a
 * watcher is told, and can stop. clsnn.h has a complete example. */
#ifndef CLSNN_EXPERIMENT_H
#define CLSNN_EXPERIMENT_H

#include "clsnn/dataset.h"
#include "clsnn/device.h"
#include "clsnn/model.h"
#include "clsnn/readout.h"

CLSNN_BEGIN_DECLS

/* All that determines a result, but for the data. */
struct clsnn_plan {
    struct clsnn_model model;
    enum clsnn_rule rule;
    uint64_t seed;
    uint32_t neurons, epochs;
    uint32_t train_images, label_images, test_images; /* the first so many; 0: all there are */
    uint32_t eval_every;                              /* epochs between evaluations; 0: one, after the last */
    uint32_t pause_every; /* images between pauses (clsnn_watcher.paused); 0: at the ends of epochs only */
    bool shuffle;         /* a new order of the training images for each epoch */
};

/* Cuts the numbers of images to what there is; 0 becomes all. */
CLSNN_API void clsnn_plan_cut(struct clsnn_plan *plan, uint32_t n_train, uint32_t n_test);

/* ---- the batch: what experiments of one size share on a device ---- */

/* The kernels, the images, and n_slots slots, each with the network of one experiment at a time. */
struct clsnn_batch;
/* Makes a batch for networks of `neurons` neurons, with the first n_train and n_test images of data (0: all) on the device.
 * chunk: presentations a kernel launch; 0: as many as take about a third of a second. No result depends on it.
 * dev, prog (of kind RUN or PROFILE) and data are borrowed and outlive the batch.
 * Errors: CLSNN_E_DEVICE_MEMORY, CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_batch_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                               const struct clsnn_dataset *data, uint32_t neurons,
                                               int n_slots, uint32_t n_train, uint32_t n_test, uint32_t chunk,
                                               struct clsnn_batch **out);
CLSNN_API void clsnn_batch_destroy(struct clsnn_batch *batch); /* takes NULL; after its experiments */
/* The most slots that fit beside n_images images in what dev has left; 0: not even one. */
CLSNN_API uint64_t clsnn_batch_most_slots(const struct clsnn_device *dev, uint32_t neurons,
                                          uint64_t n_images);

/* ---- what is told while experiments run ---- */

/* READOUT is told once, before the first readout: CLBlast then compiles for some seconds unless its kernels are cached. */
enum clsnn_stage_kind { CLSNN_STAGE_TRAIN, CLSNN_STAGE_LABEL, CLSNN_STAGE_TEST, CLSNN_STAGE_READOUT };

struct clsnn_stage {
    enum clsnn_stage_kind kind;
    uint32_t epoch, n_epochs; /* from 1 on */
    uint64_t done, total;     /* images of this stage; while training, of all epochs and all experiments */
    double seconds;           /* since the stage began, or went on from a checkpoint */
    double images_per_second; /* in that time */
    double eta_seconds;       /* to the end of the stage at that rate */
    /* while training in a batch of one slot: share of the last 1000 images whose class the counts so far gave; < 0: none */
    double running_accuracy;
};

/* One evaluation: a member for each row of metrics.def, and the score behind the accuracies. */
struct clsnn_metrics {
#define CLSNN_COUNT(name, shown, column, meaning)       uint64_t name;
#define CLSNN_VALUE(name, unit, shown, column, meaning) double name;
#include "clsnn/metrics.def"
    struct clsnn_score score;
};

struct clsnn_experiment;

/* Members may be NULL. A failure that one of them returns ends the run. */
struct clsnn_watcher {
    /* Called between launches. Returns false to stop (CLSNN_STOPPED). */
    bool (*stage)(void *ctx, const struct clsnn_stage *stage);
    enum clsnn_status (*evaluated)(void *ctx, const struct clsnn_experiment *x,
                                   const struct clsnn_metrics *m);
    /* Called between two presentations, every plan.pause_every images, and after every epoch with its evaluation: x can be
     * saved (checkpoint.h). */
    enum clsnn_status (*paused)(void *ctx, const struct clsnn_experiment *x);
    /* An experiment met a fault (the recorded error, CLSNN_E_SELFTEST) while others can go on. *slot may be given another
     * one of the same slot, or NULL. Without this member the fault ends all of them. */
    enum clsnn_status (*failed)(void *ctx, struct clsnn_experiment **slot);
    /* An experiment is through. *slot may be given another one of the same slot, or NULL to leave the slot empty. */
    enum clsnn_status (*finished)(void *ctx, struct clsnn_experiment **slot);
    void *ctx;
};

/* ---- experiments ---- */

/* Starts the plan's network in a slot of the batch, which is borrowed and outlives the experiment. The plan is copied, its
 * numbers of images cut to what the batch has. Errors: CLSNN_E_SHAPE, CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_experiment_create(struct clsnn_batch *batch, int slot,
                                                    const struct clsnn_plan *plan,
                                                    struct clsnn_experiment **out);
CLSNN_API void clsnn_experiment_destroy(struct clsnn_experiment *x); /* takes NULL; the slot is free then */

/* Trains the experiments slots[0 .. n_slots - 1] of the batch (NULL: an empty slot) side by side to their ends, evaluating as
 * planned. Entries become NULL, or what `finished` and `failed` put there; without those members the caller keeps its own
 * pointers and still destroys each experiment. watch may be NULL.
 * Errors: those of training, evaluation and the watcher; CLSNN_STOPPED when the watcher says so: every network then stands
 * between two presentations. */
CLSNN_API enum clsnn_status clsnn_experiments_run(struct clsnn_batch *batch, struct clsnn_experiment **slots,
                                                  const struct clsnn_watcher *watch);

/* Labels the neurons, unless they have labels that were given, tests, and adds an evaluation. watch may be NULL. */
CLSNN_API enum clsnn_status clsnn_experiment_evaluate(struct clsnn_experiment *x,
                                                      const struct clsnn_watcher *watch);

CLSNN_API const struct clsnn_plan *clsnn_experiment_plan(const struct clsnn_experiment *x);
/* Every evaluation so far, [*out_n], in order; valid until the next one. */
CLSNN_API const struct clsnn_metrics *clsnn_experiment_metrics(const struct clsnn_experiment *x,
                                                               size_t *out_n);
CLSNN_API uint64_t clsnn_experiment_images(const struct clsnn_experiment *x); /* trained on so far */
/* In all, retries, labelling and testing included. */
CLSNN_API uint64_t clsnn_experiment_presentations(const struct clsnn_experiment *x);
CLSNN_API bool clsnn_experiment_is_finished(const struct clsnn_experiment *x);

/* ---- what is learned ---- */

/* What was learned, on the host, and what a model.npz holds. */
struct clsnn_learned {
    uint32_t n_post;
    float *w;                   /* [784][n_post] */
    float *theta_mv;            /* [n_post] */
    struct clsnn_labels labels; /* labels.labels NULL: the neurons have none */
    char *about;                /* JSON on where it comes from, or NULL */
    /* "final_sha256": of w, theta_mv and labels (-1 where there are none), little-endian, in that order */
    char sha256[CLSNN_SHA256_HEX];
};
/* A copy of what x has learned so far, with `about` NULL. Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_experiment_learned(const struct clsnn_experiment *x,
                                                     struct clsnn_learned *out);
/* Puts weights, theta and, where there are any, labels into x; all copied. Errors: CLSNN_E_SHAPE, CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_experiment_set_model(struct clsnn_experiment *x,
                                                       const struct clsnn_learned *l);
/* Reads a model.npz, or a checkpoint as a model; checks every value and fills sha256.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA an array is missing, of another shape, or holds what cannot be; CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_learned_read(const char *path, struct clsnn_learned *out);
/* Writes path atomically, with about and labels where there are any. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_learned_write(const struct clsnn_learned *l, const char *path);
/* Fills sha256 from the arrays. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_learned_hash(struct clsnn_learned *l);
CLSNN_API void clsnn_learned_finish(struct clsnn_learned *l); /* takes {0} */

CLSNN_END_DECLS

#endif
