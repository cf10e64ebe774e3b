/* Writes what a network answers to every image. */
#include "run/predictions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "clsnn/npz.h"
#include "experiment/batch.h"
#include "experiment/experiment.h"
#include "formats/figure.h"
#include "formats/mistakes.h"

/* Returns the label of the k-th predicted image; -1: it has none. */
static int label_of(const struct clsnn_report *r, const struct clsnn_predictions *p, uint32_t k) {
    const uint8_t *labels = r->experiment->batch->data->test.labels;
    return labels ? labels[p->first + k] : -1;
}

static enum clsnn_status write_arrays(const struct clsnn_report *r, const struct clsnn_predictions *p) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = p->n_images;
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    int32_t *images = malloc(2 * (n + 1) * sizeof *images);
    if (!images) return clsnn_no_memory("predictions");
    int32_t *labels = images + n;
    for (uint32_t k = 0; k < n; k++) {
        images[k] = (int32_t)(p->first + k);
        labels[k] = label_of(r, p, k);
    }
    const struct clsnn_array arrays[] = {
        {"image", CLSNN_I4, 1, {n}, images},
        {"label", CLSNN_I4, 1, {n}, labels},
        {"prediction_all", CLSNN_I4, 1, {n}, p->answers.all},
        {"prediction_proportion", CLSNN_I4, 1, {n}, p->answers.proportion},
        {"prediction_likelihood", CLSNN_I4, 1, {n}, p->answers.likelihood},
        {"attempts", CLSNN_I4, 1, {n}, p->attempts},
        {"counts", CLSNN_U2, 2, {n, p->n_post}, p->counts},
    };
    TRY(clsnn_npz_pack("predictions.npz", arrays, sizeof arrays / sizeof *arrays, CLSNN_NPZ_DEFLATED, &bytes,
                       &n_bytes));
    TRY(clsnn_file_write_in(r->dir, "predictions.npz", bytes, n_bytes, r->durability));
fail:
    free(bytes);
    free(images);
    return st;
}

static enum clsnn_status draw_mistakes(const struct clsnn_report *r, const struct clsnn_predictions *p) {
    struct clsnn_mistake list[CLSNN_MOST_MISTAKES];
    const struct clsnn_dataset *data = r->experiment->batch->data;
    struct clsnn_figure figure = {.dir = r->dir, .name = "mistakes", .formats = r->options->figures};
    enum clsnn_status st = CLSNN_OK;
    char title[256], model[CLSNN_EXCERPT];
    clsnn_excerpt(r->model, model);
    size_t n = 0, n_wrong = 0;
    for (uint32_t k = 0; k < p->n_images; k++) {
        const int label = label_of(r, p, k);
        if (label < 0 || label == p->answers.all[k] || n_wrong++ >= CLSNN_MOST_MISTAKES) continue;
        list[n++] =
            (struct clsnn_mistake){data->test.pixels + (size_t)(p->first + k) * clsnn_dataset_pixels(data),
                                   p->first + k, label, p->answers.all[k]};
    }
    if (n < n_wrong)
        snprintf(title, sizeof title, "The first %zu of %zu wrong answers to %u images of %s (N = %u, %s)", n,
                 n_wrong, p->n_images, data->name, p->n_post, model);
    else
        snprintf(title, sizeof title, "%zu wrong answer%s to %u images of %s (N = %u, %s)", n,
                 n == 1 ? "" : "s", p->n_images, data->name, p->n_post, model);
    while (clsnn_figure_next(&figure))
        TRY(clsnn_mistakes_draw(figure.path, title, list, n, (int)data->test.width, (int)data->test.height));
fail:
    return st;
}

enum clsnn_status clsnn_predictions_write(const struct clsnn_report *r, const struct clsnn_predictions *p) {
    enum clsnn_status st = CLSNN_OK;
    TRY(write_arrays(r, p));
    if (r->experiment->batch->data->test.labels) TRY(draw_mistakes(r, p));
fail:
    return st;
}

json_t *clsnn_predictions_wrong(const struct clsnn_report *r, const struct clsnn_predictions *p, bool *ok) {
    json_t *list = json_array();
    for (uint32_t k = 0; k < p->n_images; k++) {
        const int label = label_of(r, p, k);
        if (label < 0 || label == p->answers.all[k]) continue;
        json_t *one = json_pack("{s:I, s:i, s:i, s:i, s:i}", "image", (json_int_t)p->first + k, "label",
                                label, "prediction_all", p->answers.all[k], "prediction_proportion",
                                p->answers.proportion[k], "prediction_likelihood", p->answers.likelihood[k]);
        if (json_array_append_new(list, one) != 0) *ok = false;
    }
    return list;
}

json_t *clsnn_predictions_all(const struct clsnn_predictions *p, bool *ok) {
    json_t *list = json_array();
    for (uint32_t k = 0; k < p->n_images; k++)
        if (json_array_append_new(list, json_integer(p->answers.all[k])) != 0) *ok = false;
    return list;
}
