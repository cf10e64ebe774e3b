/* Experiments: epochs of training, labelling on training images, testing on test images, and the metrics of
 * each evaluation.
 *
 * Experiments with the same number of neurons share a batch. Each has a slot of its own and depends on no
 * other. The library prints nothing: it calls a watcher, which can stop the run. clsnn.h has an
 * example. */
#ifndef CLSNN_EXPERIMENT_H
#define CLSNN_EXPERIMENT_H

#include "clsnn/dataset.h"
#include "clsnn/device.h"
#include "clsnn/model.h"
#include "clsnn/readout.h"

CLSNN_BEGIN_DECLS

/* The plan of an experiment. Together with the data it determines every result. */
struct clsnn_plan {
    struct clsnn_model model;
    uint64_t seed;
    uint32_t neurons, epochs;
    uint32_t train_images, label_images, test_images; /* images of a set; 0: all */
    uint32_t train_first, label_first, test_first;    /* the first of them, counted from 0 */
    uint32_t validate;    /* n_validation of the data; clsnn_experiment_create sets it */
    uint32_t eval_every;  /* epochs between evaluations; 0: only one, after the last epoch */
    uint32_t pause_every; /* images between calls of clsnn_watcher.paused; 0: pauses only between epochs */
    /* [n_pauses] rising: further numbers of trained images at which `paused` is called; borrowed */
    const uint64_t *pauses;
    size_t n_pauses;
    bool shuffle; /* each epoch has its own order of the training images */
    /* SHA-256 of the file whose weights and theta the caller gives the network before training
     * (clsnn_experiment_set_model); "": the network starts as the seed draws it */
    char from_sha256[CLSNN_SHA256_HEX];
};

/* Limits the plan's images to sets of n_train and n_test images; 0 becomes all from the first on. */
CLSNN_API void clsnn_plan_cut(struct clsnn_plan *plan, uint32_t n_train, uint32_t n_test);

/* A batch: the kernels, the images, and n_slots slots on one device. A slot holds the network of one
 * experiment. */
struct clsnn_batch;
/* Creates a batch for networks of `neurons` excitatory neurons with these laws.
 * dev, prog, data  borrowed; outlive the batch. prog is of kind RUN or PROFILE, for as many inputs as data
 *                  has pixels.
 * n_train, n_test  how many images of data to use, from the first on; 0: all
 * chunk            presentations in one kernel launch, at most 1000; 0: as many as take about a third of a
 *                  second. Results do not depend on it.
 * Errors: CLSNN_E_SHAPE prog has another number of inputs; CLSNN_E_DEVICE_MEMORY, CLSNN_E_MEMORY,
 * CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_batch_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                               const struct clsnn_dataset *data, uint32_t neurons,
                                               const struct clsnn_laws *laws, int n_slots, uint32_t n_train,
                                               uint32_t n_test, uint32_t chunk, struct clsnn_batch **out);
/* Takes NULL. Destroy the batch's experiments first. */
CLSNN_API void clsnn_batch_destroy(struct clsnn_batch *batch);
/* Returns how many slots for networks with these laws fit on dev beside n_images images of n_pre pixels and
 * earlier buffers; 0: not even one. */
CLSNN_API uint64_t clsnn_batch_most_slots(const struct clsnn_device *dev, uint32_t n_pre, uint32_t neurons,
                                          const struct clsnn_laws *laws, uint64_t n_images);

/* The stages that a watcher hears of. READOUT comes once in a batch, before its first readout: CLBlast may
 * then compile its kernels for some seconds. */
enum clsnn_stage_kind { CLSNN_STAGE_TRAIN, CLSNN_STAGE_LABEL, CLSNN_STAGE_TEST, CLSNN_STAGE_READOUT };

/* Progress in a stage. */
struct clsnn_stage {
    enum clsnn_stage_kind kind;
    uint32_t epoch, n_epochs; /* from 1; 0 where no epoch is meant: READOUT, clsnn_experiment_evaluate */
    uint64_t done, total;     /* images of this stage; TRAIN: of all epochs and all experiments in slots */
    double seconds;           /* time in this stage during this call; TRAIN: only kernel launches count */
    double images_per_second; /* images of this call over seconds */
    double eta_seconds;       /* time to the end of the stage at that rate */
    /* Share of the last 1000 training images that earlier spike counts classify correctly. TRAIN in a batch
     * of one slot, from the 100th image on; else negative. */
    double running_accuracy;
};

/* One evaluation: a member for each row of metrics.def, and the votes behind the accuracies. */
struct clsnn_metrics {
#define CLSNN_COUNT(name, shown, column, meaning)       uint64_t name;
#define CLSNN_VALUE(name, unit, shown, column, meaning) double name;
#include "clsnn/metrics.def"
    struct clsnn_score score;
};

struct clsnn_experiment;

/* Functions that a run calls. Each may be NULL. A failure that one of them returns ends the run. */
struct clsnn_watcher {
    /* Called between launches. Returns false to stop (CLSNN_STOPPED). */
    bool (*stage)(void *ctx, const struct clsnn_stage *stage);
    /* Called after each evaluation m of x. m is borrowed during the call. */
    enum clsnn_status (*evaluated)(void *ctx, const struct clsnn_experiment *x,
                                   const struct clsnn_metrics *m);
    /* Called every plan.pause_every images, at plan.pauses, and after each epoch and its evaluation. x stands
     * between two presentations and can be saved (checkpoint.h). */
    enum clsnn_status (*paused)(void *ctx, const struct clsnn_experiment *x);
    /* Called when the experiment *slot met a fault (the recorded error, CLSNN_E_SELFTEST). The function sets
     * *slot to another experiment made for the same slot, or to NULL; other experiments go on. Without this
     * member the fault ends all experiments. */
    enum clsnn_status (*failed)(void *ctx, struct clsnn_experiment **slot);
    /* Called when the experiment *slot is finished. The function sets *slot to another experiment made for
     * the same slot, or to NULL, which leaves the slot empty. */
    enum clsnn_status (*finished)(void *ctx, struct clsnn_experiment **slot);
    void *ctx; /* the first argument of every call */
};

/* Creates an experiment and starts its network in a slot (0 to n_slots - 1) of batch. The slot
 * must be empty.
 * batch  borrowed; outlives the experiment
 * plan   copied; its numbers of images are limited to the batch's
 * Errors: CLSNN_E_SHAPE no such slot, or the batch has networks of another size or laws; CLSNN_E_MEMORY;
 * CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_experiment_create(struct clsnn_batch *batch, int slot,
                                                    const struct clsnn_plan *plan,
                                                    struct clsnn_experiment **out);
CLSNN_API void clsnn_experiment_destroy(struct clsnn_experiment *x); /* takes NULL; frees the slot */

/* Trains experiments side by side to their ends and evaluates them as planned.
 * slots  [n_slots of batch]; NULL is an empty slot. A finished experiment's entry becomes NULL, or the
 *        experiment that `finished` or `failed` put there. The call destroys no experiment: without these
 *        members the caller keeps its own pointers and destroys each.
 * watch  may be NULL
 * Errors: CLSNN_STOPPED `stage` returned false: every network stands between two presentations and can be
 * saved. CLSNN_E_SELFTEST a potential left its limits. CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY, CLSNN_E_MEMORY;
 * any status that the watcher returns. */
CLSNN_API enum clsnn_status clsnn_experiments_run(struct clsnn_batch *batch, struct clsnn_experiment **slots,
                                                  const struct clsnn_watcher *watch);

/* Labels the neurons unless they have labels, tests, and adds an evaluation to the metrics. watch may be
 * NULL.
 * Errors: as of clsnn_experiments_run; CLSNN_E_DATA the test images have no labels. */
CLSNN_API enum clsnn_status clsnn_experiment_evaluate(struct clsnn_experiment *x,
                                                      const struct clsnn_watcher *watch);

/* The answers of a network to images. All arrays are owned. */
struct clsnn_predictions {
    uint32_t n_images, n_post;
    uint32_t first;   /* the number of the first image in the test set */
    uint16_t *counts; /* [n_images][n_post] spikes */
    struct clsnn_answers answers;
    int32_t *attempts; /* [n_images] presentations that the image took */
};
/* Labels the neurons unless they have labels, and predicts the class of the plan's test images. If the images
 * have labels, adds an evaluation to the metrics, the same as clsnn_experiment_evaluate. watch may be NULL.
 * The caller frees *out with clsnn_predictions_finish. Errors: as of clsnn_experiments_run. */
CLSNN_API enum clsnn_status clsnn_experiment_predict(struct clsnn_experiment *x,
                                                     const struct clsnn_watcher *watch,
                                                     struct clsnn_predictions *out);
CLSNN_API void clsnn_predictions_finish(struct clsnn_predictions *p); /* takes NULL and {0} */

/* Returns the plan of x, valid until x is destroyed. */
CLSNN_API const struct clsnn_plan *clsnn_experiment_plan(const struct clsnn_experiment *x);
/* Returns every evaluation so far, [*out_n], in order; valid until the next evaluation. */
CLSNN_API const struct clsnn_metrics *clsnn_experiment_metrics(const struct clsnn_experiment *x,
                                                               size_t *out_n);
/* Returns the number of images trained on so far. */
CLSNN_API uint64_t clsnn_experiment_images(const struct clsnn_experiment *x);
/* Returns the number of presentations so far: training with its retries, labelling and testing. */
CLSNN_API uint64_t clsnn_experiment_presentations(const struct clsnn_experiment *x);
/* Returns true after the last epoch and its evaluation. */
CLSNN_API bool clsnn_experiment_is_finished(const struct clsnn_experiment *x);

/* A trained network on the host, as a model.npz holds it. All arrays are owned. */
struct clsnn_learned {
    uint32_t n_pre, n_post;     /* inputs, excitatory neurons */
    float *w;                   /* [n_pre][n_post] */
    float *theta_mv;            /* [n_post] */
    struct clsnn_labels labels; /* labels.labels is NULL if the neurons have none */
    uint8_t *delay_steps;       /* [n_pre][n_post] steps from an input spike to its arrival; NULL: none */
    char *about;                /* JSON: parameters, seed, data; or NULL */
    /* "final_sha256": SHA-256 of w, theta_mv and labels (-1 if none), little-endian, in that order */
    char sha256[CLSNN_SHA256_HEX];
};
/* Returns the longest delay of l in steps; 0: it has none. */
CLSNN_API int clsnn_learned_delay(const struct clsnn_learned *l);
/* Copies the network of x to *out, with `about` NULL; the caller frees it with clsnn_learned_finish.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_experiment_learned(const struct clsnn_experiment *x,
                                                     struct clsnn_learned *out);
/* Copies weights, theta and labels of l into x, and its delays if both have delays. If l has no labels, x has
 * none either.
 * Errors: CLSNN_E_SHAPE l has another number of inputs or neurons, or longer delays than x; CLSNN_E_MEMORY;
 * CLSNN_E_DEVICE. */
CLSNN_API enum clsnn_status clsnn_experiment_set_model(struct clsnn_experiment *x,
                                                       const struct clsnn_learned *l);
/* Reads a model.npz, or the network of a checkpoint; checks every value and fills sha256. The caller frees
 * *out.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA an array is missing, has another shape, or holds an impossible value;
 * CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_learned_read(const char *path, struct clsnn_learned *out);
/* Writes l to path atomically, with about and labels if l has them. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_learned_write(const struct clsnn_learned *l, const char *path);
/* Fills l->sha256 from the arrays of l. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_learned_hash(struct clsnn_learned *l);
CLSNN_API void clsnn_learned_finish(struct clsnn_learned *l); /* takes NULL and {0} */

CLSNN_END_DECLS

#endif
