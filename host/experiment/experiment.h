/* An experiment from the inside: its slot, how far it is, and how it goes on from a checkpoint. */
#ifndef CLSNN_EXPERIMENT_STATE_H
#define CLSNN_EXPERIMENT_STATE_H

#include "clsnn/experiment.h"
#include "experiment/batch.h"

/* How far an experiment is, in numbers that a checkpoint carries. */
struct clsnn_standing {
    /* of the next presentation; position == train_images: the epoch's evaluation is next */
    uint32_t epoch, position, attempt;
    uint64_t images;             /* trained on */
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
    struct clsnn_batch *batch; /* borrowed */
    int slot;
    struct clsnn_standing at; /* trained and attempt as of the last launch */
    int32_t *order;           /* of this epoch; NULL: the file's */
    struct clsnn_labels labels;
    bool has_labels;
    struct clsnn_metrics *metrics; /* [n_metrics], every evaluation in order */
    size_t n_metrics;
    struct clsnn_running *running; /* running accuracy; NULL where the batch does not watch the slot */
};

/* Goes on from a standing and evaluations of the same plan, and the labels it had (NULL: none), all copied. The caller loads
 * the network's state. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_experiment_resume(struct clsnn_experiment *x, const struct clsnn_standing *at,
                                          const struct clsnn_metrics *metrics, size_t n_metrics,
                                          const struct clsnn_labels *labels);

#endif
