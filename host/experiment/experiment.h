/* An experiment from the inside: its slot, its standing, and its return from a checkpoint. */
#ifndef CLSNN_EXPERIMENT_STATE_H
#define CLSNN_EXPERIMENT_STATE_H

#include "clsnn/experiment.h"
#include "experiment/batch.h"

/* The standing of an experiment: how far it is, in numbers that a checkpoint holds. */
struct clsnn_standing {
    /* the next presentation; position == train_images: the epoch's evaluation is next */
    uint32_t epoch, position, attempt;
    uint64_t images;             /* trained on */
    struct clsnn_totals trained; /* training's totals */
    uint64_t presentations;      /* in labelling and testing */
    uint64_t given_up_evaluating;
    double train_seconds, eval_seconds;
    /* images, trained and train_seconds as of the last evaluation */
    uint64_t images_then;
    struct clsnn_totals trained_then;
    double seconds_then;
};

struct clsnn_experiment {
    struct clsnn_plan plan;
    struct clsnn_batch *batch; /* borrowed */
    int slot;
    struct clsnn_standing at; /* as of the last launch or evaluation */
    int32_t *order;           /* this epoch's; NULL: the file's order, or not drawn yet */
    struct clsnn_labels labels;
    bool has_labels;
    struct clsnn_metrics *metrics; /* [n_metrics], every evaluation in order */
    size_t n_metrics;
    int32_t *answers; /* [plan.test_images] of vote all, in the last evaluation of this process; or NULL */
    bool announced;   /* the watcher was told that the experiment is finished */
    struct clsnn_running *running; /* running accuracy; NULL if the batch does not watch the slot */
};

/* Copies n evaluations with their scores; free *out with clsnn_metrics_free. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_metrics_copy(const struct clsnn_metrics *metrics, size_t n,
                                     struct clsnn_metrics **out);
void clsnn_metrics_free(struct clsnn_metrics *metrics, size_t n); /* takes NULL and 0 */

/* Sets x to a standing, evaluations and labels (NULL: none) of the same plan, all copied. The caller loads
 * the network's state. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_experiment_resume(struct clsnn_experiment *x, const struct clsnn_standing *at,
                                          const struct clsnn_metrics *metrics, size_t n_metrics,
                                          const struct clsnn_labels *labels);

#endif
