/* The protocol: epochs of training, labelling on training images, testing on test images, and what was measured. Experiments of one
 * size share a lab, each in a slot of its own, and none depends on the others. Nothing is printed; a watcher is told and can stop. */
#ifndef CLSNN_EXPERIMENT_H
#define CLSNN_EXPERIMENT_H

#include "base/sha256.h"
#include "clsnn/dataset.h"
#include "experiment/lab.h"
#include "clsnn/readout.h"

struct clsnn_plan {
    struct clsnn_model model;
    enum clsnn_rule rule;
    uint64_t seed;
    uint32_t neurons, epochs;
    uint32_t train_images, label_images, test_images; /* 0: all there are */
    uint32_t eval_every;                              /* epochs between evaluations; 0: one, after the last */
    uint32_t
        pause_every; /* images between pauses, at which a checkpoint may be taken; 0: at the end of epochs only */
    bool shuffle;
};

/* Cuts the numbers of images to what there is; 0 becomes all. */
void clsnn_plan_cut(struct clsnn_plan *plan, uint32_t n_train, uint32_t n_test);

/* READOUT is told once, before the first product: CLBlast then compiles for some seconds unless its kernels are cached. */
enum clsnn_stage_kind { CLSNN_STAGE_TRAIN, CLSNN_STAGE_LABEL, CLSNN_STAGE_TEST, CLSNN_STAGE_READOUT };

/* Where a running experiment stands. */
struct clsnn_stage {
    enum clsnn_stage_kind kind;
    uint32_t epoch, n_epochs; /* 1-based */
    uint64_t done,
        total;      /* images of this stage; of all epochs and all experiments of the lab while training */
    double seconds; /* since the stage began, or went on from a checkpoint */
    double images_per_second; /* in that time */
    double eta_seconds;       /* to the end of the stage at that rate */
    /* while training: share of the last 1000 images whose class the counts so far gave; < 0: none yet */
    double running_accuracy;
};

/* One evaluation: a member for each row of metrics.def, and the score behind the accuracies. */
struct clsnn_metrics {
#define CLSNN_COUNT(name, shown, column, meaning)       uint64_t name;
#define CLSNN_VALUE(name, unit, shown, column, meaning) double name;
#include "clsnn/metrics.def"
    struct clsnn_score score;
};

/* How far an experiment is, in numbers that a checkpoint carries. */
struct clsnn_standing {
    uint32_t epoch, position,
        attempt;     /* of the next presentation; position == train_images: the epoch's evaluation is next */
    uint64_t images; /* trained on */
    struct clsnn_totals trained; /* in training */
    uint64_t presentations;      /* of labelling and testing */
    uint64_t given_up_evaluating;
    double train_seconds, eval_seconds;
    /* as of the last evaluation */
    uint64_t images_then;
    struct clsnn_totals trained_then;
    double seconds_then;
};

struct clsnn_experiment {
    struct clsnn_plan plan;
    struct clsnn_lab *lab; /* borrowed */
    int slot;
    struct clsnn_standing at; /* trained and attempt as of the last launch */
    int32_t *order;           /* of this epoch; NULL: the file's */
    struct clsnn_labels labels;
    bool has_labels;
    struct clsnn_metrics *metrics; /* [n_metrics], every evaluation in order */
    size_t n_metrics;
    struct clsnn_running *running; /* running accuracy; NULL where the lab does not watch the slot */
};

/* Members may be NULL. */
struct clsnn_watcher {
    /* returns false to stop (CLSNN_STOPPED) */
    bool (*stage)(void *ctx, const struct clsnn_stage *stage);
    enum clsnn_status (*evaluated)(void *ctx, const struct clsnn_experiment *x,
                                   const struct clsnn_metrics *m);
    /* between two presentations, every plan.pause_every images and after every epoch with its evaluation */
    enum clsnn_status (*paused)(void *ctx, const struct clsnn_experiment *x);
    /* an experiment met a fault (the recorded error, CLSNN_E_SELFTEST) while others can go on; *slot may be given another one, or NULL. Where
     * this is NULL the fault ends all of them. */
    enum clsnn_status (*failed)(void *ctx, struct clsnn_experiment **slot);
    /* an experiment is through; *slot may be given another one of the same slot, or NULL to leave the slot empty */
    enum clsnn_status (*finished)(void *ctx, struct clsnn_experiment **slot);
    void *ctx;
};

/* Starts the plan's network in a slot of the lab, which is borrowed and outlives the experiment. train_images, label_images, test_images of
 * the plan are cut to what the lab has. Errors: CLSNN_E_SHAPE, CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_experiment_create(struct clsnn_lab *lab, int slot, const struct clsnn_plan *plan,
                                          struct clsnn_experiment **out);
void clsnn_experiment_destroy(
    struct clsnn_experiment *x); /* takes NULL and half-built ones; the slot is free then */

/* Goes on from a standing and metrics of the same plan, and the labels it had (NULL: none), all copied; the network's state is loaded
 * by the caller. */
enum clsnn_status clsnn_experiment_resume(struct clsnn_experiment *x, const struct clsnn_standing *at,
                                          const struct clsnn_metrics *metrics, size_t n_metrics,
                                          const struct clsnn_labels *labels);
bool clsnn_experiment_is_finished(const struct clsnn_experiment *x);
uint64_t clsnn_experiment_presentations(const struct clsnn_experiment *x); /* in all, retries included */

/* Trains the experiments slots[0 .. lab->n_slots - 1] (NULL: none) side by side to their ends, evaluating as planned. Errors: those of
 * training, evaluation and the watcher; CLSNN_STOPPED when the watcher says so: every network then stands between two presentations. */
enum clsnn_status clsnn_experiments_run(struct clsnn_lab *lab, struct clsnn_experiment **slots,
                                        const struct clsnn_watcher *watch);

/* Labels the neurons unless they have labels that were given, tests, and appends to metrics. */
enum clsnn_status clsnn_experiment_evaluate(struct clsnn_experiment *x, const struct clsnn_watcher *watch);
/* What was learned, on the host, and what a model.npz holds. */
struct clsnn_learned {
    uint32_t n_post;
    float *w;                   /* [784][n_post] */
    float *theta_mv;            /* [n_post] */
    struct clsnn_labels labels; /* labels.labels NULL: the neurons have none */
    char *about;                /* JSON on where it comes from, or NULL */
    /* of w, theta_mv and labels (-1 where there are none), little-endian, in that order: "final_sha256" */
    char sha256[CLSNN_SHA256_HEX];
};
/* Puts weights, theta and, where there are any, labels into x; all copied. Errors: CLSNN_E_SHAPE, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_experiment_set_model(struct clsnn_experiment *x, const struct clsnn_learned *l);
/* A copy of what x has learned so far, `about` NULL. Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_experiment_learned(const struct clsnn_experiment *x, struct clsnn_learned *out);
/* Reads a model.npz, or a checkpoint as a model; checks every value and fills sha256.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA an array is missing, of another shape, or holds what cannot be; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_learned_read(const char *path, struct clsnn_learned *out);
/* Writes path atomically; about and labels where there are any. Errors: CLSNN_E_IO, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_learned_write(const struct clsnn_learned *l, const char *path);
/* Fills sha256 from the arrays. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_learned_hash(struct clsnn_learned *l);
void clsnn_learned_finish(struct clsnn_learned *l); /* takes {0} */

#endif
