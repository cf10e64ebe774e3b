/* Draws the pictures of one run. */
#include "run/pictures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"
#include "formats/confusion.h"
#include "formats/curves.h"
#include "formats/figure.h"
#include "formats/mosaic.h"
#include "run/report.h"

/* Writes what a picture is of: "N = 400, mnist, 1 epoch, seed 1", or the tested model's file, which does not
 * tell its epochs. */
static void write_subject(const struct clsnn_report *r, char *out, size_t room) {
    const struct clsnn_plan *plan = &r->experiment->plan;
    const int n = snprintf(out, room, "N = %u, %s, ", plan->neurons, r->experiment->batch->data->name);
    char shown[CLSNN_EXCERPT];
    if (r->model)
        snprintf(out + n, room - (size_t)n, "%s", clsnn_excerpt(r->model, shown));
    else
        snprintf(out + n, room - (size_t)n, "%u epoch%s, seed %" PRIu64, plan->epochs,
                 plan->epochs == 1 ? "" : "s", plan->seed);
}

static struct clsnn_figure figure(const struct clsnn_report *r, const char *name) {
    return (struct clsnn_figure){.dir = r->dir, .name = name, .formats = r->options->figures};
}

static enum clsnn_status draw_accuracy(const struct clsnn_report *r, const char *subject) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    struct clsnn_figure f = figure(r, "accuracy");
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
    snprintf(title, sizeof title, "Accuracy on %u %s images", x->plan.test_images,
             clsnn_dataset_test_name(x->batch->data));
    snprintf(x_label, sizeof x_label, "training (epochs of %u images)", x->plan.train_images);
    const struct clsnn_chart chart = {
        .title = title, .note = subject, .x_label = x_label, .y_label = "accuracy (%)"};
    while (clsnn_figure_next(&f)) TRY(clsnn_curves_draw(f.path, &chart, series, 2));
    clsnn_figure_remove_others(&f);
fail:
    free(values);
    return st;
}

enum clsnn_status clsnn_pictures_write(const struct clsnn_report *r, const struct clsnn_learned *learned) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_images *images = &x->batch->data->test;
    char subject[256], title[384];
    uint32_t *order = NULL;
    if (!r->dir) return CLSNN_OK;
    struct clsnn_figure weights = figure(r, "weights"), confusion = figure(r, "confusion");
    write_subject(r, subject, sizeof subject);
    snprintf(title, sizeof title, "Input weights: %s", subject);
    TRY(clsnn_report_order(r, learned, &order));
    const struct clsnn_mosaic mosaic = {.w = learned->w,
                                        .stride = learned->n_post,
                                        .n_post = learned->n_post,
                                        .w_max = (float)x->plan.model.w_max,
                                        .width = (int)images->width,
                                        .height = (int)images->height,
                                        .labels = learned->labels.labels,
                                        .order = order};
    while (clsnn_figure_next(&weights)) TRY(clsnn_mosaic_weights(weights.path, title, &mosaic));
    clsnn_figure_remove_others(&weights);
    if (x->n_metrics == 0) goto fail;
    const struct clsnn_metrics *m = &x->metrics[x->n_metrics - 1];
    if (!r->model) TRY(draw_accuracy(r, subject));
    snprintf(title, sizeof title, "%s: %.2f %% of %u right, vote all", subject, 100 * m->accuracy_all,
             m->score.n_images);
    while (clsnn_figure_next(&confusion))
        TRY(clsnn_confusion_draw(confusion.path, title, m->score.confusion, m->score.n_classes));
    clsnn_figure_remove_others(&confusion);
fail:
    free(order);
    return st;
}
