/* Draws the pictures of one run. */
#include "run/pictures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"
#include "formats/confusion.h"
#include "formats/curves.h"
#include "formats/mosaic.h"
#include "run/report.h"

static enum clsnn_status accuracy_picture(const struct clsnn_report *r, const char *path) {
    const struct clsnn_experiment *x = r->experiment;
    char title[128], x_label[64];
    double *values = malloc((3 * x->n_metrics + 1) * sizeof *values);
    if (!values) return clsnn_no_memory("report");
    double *epoch = values, *all = values + x->n_metrics, *proportion = all + x->n_metrics;
    for (size_t k = 0; k < x->n_metrics; k++) {
        epoch[k] = (double)x->metrics[k].epoch;
        all[k] = 100 * x->metrics[k].accuracy_all;
        proportion[k] = 100 * x->metrics[k].accuracy_proportion;
    }
    const struct clsnn_series series[] = {{"vote all", epoch, all, NULL, x->n_metrics},
                                          {"vote proportion", epoch, proportion, NULL, x->n_metrics}};
    snprintf(title, sizeof title, "Accuracy on %u %s images of %s, N = %u", x->plan.test_images,
             clsnn_dataset_test_name(x->batch->data), x->batch->data->name, x->plan.neurons);
    snprintf(x_label, sizeof x_label, "training (epochs of %u images)", x->plan.train_images);
    const struct clsnn_chart chart = {.title = title, .x_label = x_label, .y_label = "accuracy (%)"};
    const enum clsnn_status st = clsnn_curves_draw(path, &chart, series, 2);
    free(values);
    return st;
}

enum clsnn_status clsnn_pictures_write(const struct clsnn_report *r, const struct clsnn_learned *learned) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    char title[128];
    if (!r->dir) return CLSNN_OK;
    char *weights = clsnn_file_join(r->dir, "weights.png"),
         *accuracy = clsnn_file_join(r->dir, "accuracy.png"),
         *confusion = clsnn_file_join(r->dir, "confusion.png");
    if (!weights || !accuracy || !confusion) {
        st = clsnn_no_memory("report");
        goto fail;
    }
    /* A tested model's file does not tell its epoch. */
    const int n = snprintf(title, sizeof title, "Weights of %u excitatory neuron%s", learned->n_post,
                           learned->n_post == 1 ? "" : "s");
    if (!r->model)
        snprintf(title + n, sizeof title - (size_t)n, " (%s, seed %" PRIu64 ", epoch %u)",
                 x->batch->data->name, x->plan.seed, x->plan.epochs);
    TRY(clsnn_mosaic_weights(weights, title, learned->w, learned->n_post, learned->n_post,
                             (float)x->plan.model.w_max, (int)x->batch->data->test.width,
                             (int)x->batch->data->test.height));
    if (x->n_metrics == 0) goto fail;
    const struct clsnn_metrics *m = &x->metrics[x->n_metrics - 1];
    if (!r->model) TRY(accuracy_picture(r, accuracy));
    snprintf(title, sizeof title, "N = %u, %s, vote all: %.2f %% of %u right", x->plan.neurons,
             x->batch->data->name, 100 * m->accuracy_all, m->score.n_images);
    TRY(clsnn_confusion_draw(confusion, title, m->score.confusion, m->score.n_classes));
fail:
    free(weights);
    free(accuracy);
    free(confusion);
    return st;
}
