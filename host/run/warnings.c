/* Finds conditions under which numbers are computed but may mean nothing. */
#include "run/warnings.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clsnn/abi.h"
#include "experiment/batch.h"
#include "experiment/experiment.h"
#include "base/text.h"
#include "model/reads.h"

static const struct {
    const char *name, *cure;
} rows[] = {
#define CLSNN_WARNING(name, meaning, cure) {#name, cure},
#include "base/warnings.def"
};

void clsnn_warnings_add(struct clsnn_warnings *w, enum clsnn_warning kind, const char *fmt, ...) {
    char *text = w->texts[kind];
    const size_t room = sizeof w->texts[kind];
    va_list args;
    if (*text) return;
    va_start(args, fmt);
    vsnprintf(text, room, fmt, args);
    va_end(args);
    const size_t n = strlen(text);
    snprintf(text + n, room - n, ": %s (%s)", rows[kind].cure, rows[kind].name);
}

const char *clsnn_warnings_next(struct clsnn_warnings *w) {
    for (int k = 0; k < CLSNN_N_WARNINGS; k++) {
        if (w->told[k] || !w->texts[k][0]) continue;
        w->told[k] = true;
        return w->texts[k];
    }
    return NULL;
}

void clsnn_warnings_of_pixels(struct clsnn_warnings *w, const struct clsnn_dataset *data) {
    /* a test set alone is looked at too */
    const bool trains = data->train.n_images > 0;
    const struct clsnn_images *set = trains ? &data->train : &data->test;
    const char *name = trains ? "training" : clsnn_dataset_test_name(data);
    const size_t n_pixels = (size_t)set->n_images * clsnn_dataset_pixels(data);
    uint8_t brightest = 0;
    uint64_t sum = 0;
    if (n_pixels > 0) {
        for (size_t k = 0; k < n_pixels; k++) {
            if (set->pixels[k] > brightest) brightest = set->pixels[k];
            sum += set->pixels[k];
        }
        const double mean = (double)sum / (double)n_pixels;
        if (brightest < 64)
            clsnn_warnings_add(w, CLSNN_WARN_dim_pixels,
                               "the brightest %s pixel of %s is %u of 255, so inputs hardly spike", name,
                               data->name, brightest);
        if (mean > 127.5)
            clsnn_warnings_add(w, CLSNN_WARN_bright_pixels,
                               "the mean %s pixel of %s is %.0f of 255, so most inputs spike all the time",
                               name, data->name, mean);
    }
}

static void warn_of_labels(struct clsnn_warnings *w, const struct clsnn_dataset *data,
                           const struct clsnn_plan *plan) {
    const struct clsnn_images *train = &data->train;
    bool has[CLSNN_MAX_CLASSES] = {false}, wanted[CLSNN_MAX_CLASSES] = {false};
    enum { MOST_LISTED = 12 };
    char missing[5 * MOST_LISTED + 32] = "";
    int n_missing = 0, n_wanted = 0;
    size_t n = 0;
    for (uint32_t k = 0; k < data->test.n_images && data->test.labels; k++)
        wanted[data->test.labels[k]] = true;
    for (uint32_t k = 0; k < train->n_images; k++) wanted[train->labels[k]] = true;
    for (uint32_t k = 0; k < plan->label_images; k++) has[train->labels[plan->label_first + k]] = true;
    for (int c = 0; c < CLSNN_MAX_CLASSES; c++) {
        n_wanted += wanted[c];
        if (!wanted[c] || has[c]) continue;
        if (n_missing++ < MOST_LISTED)
            n += (size_t)snprintf(missing + n, sizeof missing - n, "%s%d", n ? ", " : "", c);
    }
    if (n_missing > MOST_LISTED)
        snprintf(missing + n, sizeof missing - n, " and %d more", n_missing - MOST_LISTED);
    if (n_wanted == 1)
        clsnn_warnings_add(w, CLSNN_WARN_one_class, "all images of %s have the same label", data->name);
    if (n_missing > 0)
        clsnn_warnings_add(w, CLSNN_WARN_class_without_images,
                           "the %u labelling images have none of class %s", plan->label_images, missing);
}

void clsnn_warnings_of_plan(struct clsnn_warnings *w, const struct clsnn_dataset *data,
                            const struct clsnn_plan *plan) {
    const struct clsnn_model *m = &plan->model;
    const double most = clsnn_dataset_pixels(data) * m->w_max;
    if (m->w_norm > most / 2)
        clsnn_warnings_add(w, CLSNN_WARN_large_sum,
                           "w_norm = %g: %u weights of at most w_max = %g sum to at most %g, so most of them "
                           "are near w_max",
                           m->w_norm, clsnn_dataset_pixels(data), m->w_max, most);
    warn_of_labels(w, data, plan);
    const double fresh = m->theta_init_mv - m->theta_offset_mv + m->v_thresh_exc_mv;
    if (fresh <= m->v_rest_exc_mv && !plan->from_sha256[0])
        clsnn_warnings_add(w, CLSNN_WARN_low_threshold,
                           "a fresh neuron fires above %g mV (theta_init_mv - theta_offset_mv + "
                           "v_thresh_exc_mv) and rests at "
                           "%g mV",
                           fresh, m->v_rest_exc_mv);
}

void clsnn_warnings_of_options(struct clsnn_warnings *w, const struct clsnn_options *o) {
    if (!o->origins) return; /* every value is a default */
    const unsigned char *from = o->origins->of + clsnn_n_option_rows;
    char list[224] = "", why[CLSNN_READS], value[32];
    size_t n = 0;
    for (size_t k = 0; k < clsnn_n_params && n < sizeof list; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        if (from[k] == CLSNN_FROM_DEFAULT || from[k] == CLSNN_FROM_PRESET) continue;
        /* a file of --print-config gives every default */
        if (clsnn_model_get(&o->model, p) == p->def) continue; /* NOLINT(clang-diagnostic-float-equal) */
        if (clsnn_param_is_read(p, &o->model.laws, o->from != NULL, why)) continue;
        clsnn_format_real(clsnn_model_get(&o->model, p), value);
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s = %s: %s", n ? "; " : "", p->name, value, why);
    }
    if (n) clsnn_warnings_add(w, CLSNN_WARN_ignored, "%s", list);
}

void clsnn_warnings_of_lock(struct clsnn_warnings *w, bool by_files, const char *dir) {
    if (by_files)
        clsnn_warnings_add(w, CLSNN_WARN_no_locks, "%s: the file system has no locks; lock files stand in",
                           dir);
}

void clsnn_warnings_of_model(struct clsnn_warnings *w, const struct clsnn_learned *model, const char *path,
                             const struct clsnn_model *params) {
    const size_t n = model->n_post;
    float most = 0;
    double least_sum = (double)INFINITY, most_sum = 0;
    for (size_t j = 0; j < n; j++) {
        const float size = fabsf(model->theta_mv[j]);
        double sum = 0;
        if (size > most) most = size;
        for (size_t i = 0; i < model->n_pre; i++) sum += (double)model->w[i * n + j];
        if (sum < least_sum) least_sum = sum;
        if (sum > most_sum) most_sum = sum;
    }
    if (most < 1 && params->theta_init_mv > 1)
        clsnn_warnings_add(w, CLSNN_WARN_odd_theta, "%s: theta_mv is at most %.3g mV, unusually small", path,
                           (double)most);
    /* Rescaling comes before an image, so the sums of a trained network differ a little from w_norm. */
    if (params->w_norm > 0 && (least_sum < 0.5 * params->w_norm || most_sum > 2 * params->w_norm))
        clsnn_warnings_add(w, CLSNN_WARN_odd_weights,
                           "%s: a neuron's input weights sum to %.4g at least and %.4g at most, w_norm is %g",
                           path, least_sum, most_sum, params->w_norm);
}

void clsnn_warnings_of_result(struct clsnn_warnings *w, const struct clsnn_experiment *x) {
    if (x->n_metrics == 0) return;
    const struct clsnn_metrics *m = &x->metrics[x->n_metrics - 1];
    const uint64_t n_shown =
                       x->at.images + x->n_metrics * ((uint64_t)x->plan.label_images + x->plan.test_images),
                   n_given_up = x->at.trained.given_up + x->at.given_up_evaluating;
    const uint32_t n_classes = m->score.n_classes;
    const char *test = clsnn_dataset_test_name(x->batch->data);
    uint32_t n_test = 0, most = 0;
    for (uint32_t t = 0; t < n_classes; t++) {
        uint32_t n = 0;
        for (uint32_t p = 0; p < n_classes; p++) n += m->score.confusion[t * n_classes + p];
        n_test += n;
        if (n > most) most = n;
    }
    if (m->test_spikes_per_image <= 0) {
        clsnn_warnings_add(w, CLSNN_WARN_silent, "no neuron fired for any %s image", test);
        return; /* all that follows is a consequence */
    }
    if (100 * n_given_up > n_shown)
        clsnn_warnings_add(
            w, CLSNN_WARN_given_up, "%llu of %llu images stayed under %d spikes at the highest intensity",
            (unsigned long long)n_given_up, (unsigned long long)n_shown, x->plan.model.min_spikes);
    if (2 * m->unlabelled_neurons > x->plan.neurons)
        clsnn_warnings_add(w, CLSNN_WARN_few_labels,
                           "%llu of %u neurons fired for no labelling image and have no label",
                           (unsigned long long)m->unlabelled_neurons, x->plan.neurons);
    if (n_test >= 100 && m->score.correct_all <= most)
        clsnn_warnings_add(w, CLSNN_WARN_chance,
                           "%u of %u %s images answered right: naming the most frequent class gives %u",
                           m->score.correct_all, n_test, test, most);
}

void clsnn_warnings_of_predictions(struct clsnn_warnings *w, const struct clsnn_experiment *x,
                                   const struct clsnn_predictions *p) {
    uint64_t n_spikes = 0;
    uint32_t n_weak = 0;
    if (x->n_metrics > 0) { /* the images have labels */
        clsnn_warnings_of_result(w, x);
        return;
    }
    for (uint32_t k = 0; k < p->n_images; k++) {
        uint64_t n = 0;
        for (uint32_t j = 0; j < p->n_post; j++) n += p->counts[(size_t)k * p->n_post + j];
        n_spikes += n;
        n_weak += n < (uint64_t)x->plan.model.min_spikes;
    }
    if (n_spikes == 0)
        clsnn_warnings_add(w, CLSNN_WARN_silent, "no neuron fired for any of %u images", p->n_images);
    else if ((uint64_t)100 * n_weak > p->n_images)
        clsnn_warnings_add(w, CLSNN_WARN_given_up,
                           "%u of %u images stayed under %d spikes at the highest intensity", n_weak,
                           p->n_images, x->plan.model.min_spikes);
}

void clsnn_warnings_names(const struct clsnn_warnings *w, char out[CLSNN_WARNING_NAMES]) {
    size_t n = 0;
    out[0] = '\0';
    for (int k = 0; k < CLSNN_N_WARNINGS; k++)
        if (w->texts[k][0])
            n += (size_t)snprintf(out + n, CLSNN_WARNING_NAMES - n, "%s%s", n ? "+" : "", rows[k].name);
}

json_t *clsnn_warnings_json(const struct clsnn_warnings *w, bool *ok) {
    json_t *list = json_array();
    for (int k = 0; k < CLSNN_N_WARNINGS; k++) {
        if (!w->texts[k][0]) continue;
        json_t *one = json_pack("{s:s, s:o}", "name", rows[k].name, "text", clsnn_json_text(w->texts[k]));
        if (json_array_append_new(list, one) != 0) *ok = false;
    }
    return list;
}

void clsnn_warnings_read_names(const json_t *list, char out[CLSNN_WARNING_NAMES]) {
    size_t n = 0;
    out[0] = '\0';
    /* Names of a later version are left out: they could hold anything. */
    for (int k = 0; k < CLSNN_N_WARNINGS; k++)
        for (size_t at = 0; at < json_array_size(list); at++)
            if (strcmp(clsnn_json_text_of(json_array_get(list, at), "name"), rows[k].name) == 0) {
                n += (size_t)snprintf(out + n, CLSNN_WARNING_NAMES - n, "%s%s", n ? "+" : "", rows[k].name);
                break;
            }
}
