/* clsnn eval MODEL.npz: labels a trained network if it has no labels, and tests it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "commands/commands.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "formats/json.h"
#include "options/options_table.h"
#include "run/record.h"
#include "run/report.h"
#include "commands/session.h"

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    clsnn_progress_stage(ctx, stage);
    return !clsnn_session_stopping();
}

static bool has_array(const struct clsnn_npz *npz, const char *name) {
    for (size_t k = 0; k < npz->n_arrays; k++) {
        if (strcmp(npz->arrays[k].name, name) == 0) return true;
    }
    return false;
}

/* A model's arrays, borrowed from its npz. labels and proportions are NULL where it has none. */
struct model_file {
    uint32_t n_post;
    const float *w, *theta_mv, *proportions;
    const int32_t *labels;
};

static enum clsnn_status read_model(const struct clsnn_npz *npz, const char *path, struct model_file *m) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *w = NULL, *theta = NULL, *labels = NULL, *proportions = NULL;
    TRY(clsnn_npz_get(npz, path, "w", CLSNN_F4, 2, (const size_t[]){CLSNN_N_PRE, 0}, &w));
    const size_t n = w->shape[1];
    if (n < 1 || n > CLSNN_MAX_POST)
        return clsnn_fail(CLSNN_E_DATA, "%s: w has %zu columns: must be in [1, %d] neurons", path, n,
                          CLSNN_MAX_POST);
    TRY(clsnn_npz_get(npz, path, "theta_mv", CLSNN_F4, 1, (const size_t[]){n}, &theta));
    *m = (struct model_file){.n_post = (uint32_t)n, .w = w->data, .theta_mv = theta->data};
    for (size_t k = 0; k < CLSNN_N_PRE * n; k++) {
        if (!(isfinite(m->w[k]) && m->w[k] >= 0.0f)) {
            return clsnn_fail(CLSNN_E_DATA, "%s: w[%zu, %zu] = %g: must be finite and at least 0", path,
                              k / n, k % n, (double)m->w[k]);
        }
    }
    for (size_t j = 0; j < n; j++) {
        if (!isfinite(m->theta_mv[j]))
            return clsnn_fail(CLSNN_E_DATA, "%s: theta_mv[%zu] = %g: must be finite", path, j,
                              (double)m->theta_mv[j]);
    }
    if (!has_array(npz, "labels")) return CLSNN_OK;
    TRY(clsnn_npz_get(npz, path, "labels", CLSNN_I4, 1, (const size_t[]){n}, &labels));
    TRY(clsnn_npz_get(npz, path, "proportions", CLSNN_F4, 2, (const size_t[]){n, CLSNN_CLASSES},
                      &proportions));
    m->labels = labels->data;
    m->proportions = proportions->data;
    for (size_t j = 0; j < n; j++) {
        if (m->labels[j] < -1 || m->labels[j] >= CLSNN_CLASSES) {
            return clsnn_fail(CLSNN_E_DATA, "%s: labels[%zu] = %d: must be in [-1, 9]", path, j,
                              m->labels[j]);
        }
    }
    for (size_t k = 0; k < n * CLSNN_CLASSES; k++) {
        if (!(m->proportions[k] >= 0.0f && m->proportions[k] <= 1.0f)) {
            return clsnn_fail(CLSNN_E_DATA, "%s: proportions[%zu, %zu] = %g: must be in [0, 1]", path,
                              k / CLSNN_CLASSES, k % CLSNN_CLASSES, (double)m->proportions[k]);
        }
    }
fail:
    return st;
}

/* An earlier run's files are moved away from --out, and the model would be one of them. */
static enum clsnn_status refuse_own_dir(const char *dir, const char *model) {
    char *path = clsnn_file_join(dir, "model.npz");
    if (!path) return CLSNN_E_MEMORY;
    const bool same = clsnn_file_is_same(path, model);
    free(path);
    if (!same) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE,
                      "--out %s: is where %s is, whose run would be moved away: choose another directory",
                      dir, model);
}

/* What was found wrong with a value is told again as a fault of the file it stands in. */
static enum clsnn_status blame_file(const char *path, enum clsnn_status st) {
    if (st != CLSNN_E_USAGE) return st;
    char text[512];
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(CLSNN_E_DATA, "%s: about: %s", path, text);
}

/* The parameters and the seed a model was trained with, into o, and the hash of its data ("" when the file does not tell). A file
 * without "about" (made elsewhere) leaves everything as the options say. */
static enum clsnn_status read_about(const struct clsnn_npz *npz, const char *path, struct clsnn_options *o,
                                    char data_name[64], char data_sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *a = NULL;
    json_t *about = NULL;
    unsigned char *from = o->origins->of, *params_from = from + clsnn_n_option_rows;
    data_name[0] = data_sha256[0] = '\0';
    if (!has_array(npz, "about")) return CLSNN_OK;
    TRY(clsnn_npz_get(npz, path, "about", CLSNN_U1, 1, (const size_t[]){0}, &a));
    TRY(clsnn_json_parse(a->data, a->shape[0], path, "about is no JSON", &about));
    const json_t *plan = json_object_get(about, "plan"); /* of a checkpoint */
    const json_t *params = json_object_get(plan ? plan : about, "params"),
                 *data = json_object_get(plan ? plan : about, "dataset");
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const json_t *value = json_object_get(params, clsnn_params_table[k].name);
        char text[32];
        if (!json_is_number(value) || params_from[k] != CLSNN_FROM_DEFAULT) continue; /* the user's win */
        clsnn_format_real(json_number_value(value), text);
        TRY(blame_file(path, clsnn_model_set(&o->model, clsnn_params_table[k].name, text)));
        params_from[k] = CLSNN_FROM_MODEL;
    }
    TRY(blame_file(path, clsnn_model_check(&o->model)));
    const json_t *seed = json_object_get(plan ? plan : about, "seed"); /* a large one is a text (record.h) */
    const struct clsnn_option_row *row = clsnn_option_find("seed");
    if (seed && from[row - clsnn_option_rows] == CLSNN_FROM_DEFAULT) {
        char text[32];
        if (json_is_integer(seed))
            snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(seed));
        else
            snprintf(text, sizeof text, "%s", json_is_string(seed) ? json_string_value(seed) : "no number");
        TRY(blame_file(path, clsnn_option_store(o, row, text, row->name)));
        from[row - clsnn_option_rows] = CLSNN_FROM_MODEL;
    }
    const char *name = json_string_value(json_object_get(data, "name")),
               *hash = json_string_value(json_object_get(data, "sha256"));
    if (name && hash) {
        char shown[CLSNN_EXCERPT];
        snprintf(data_name, 64, "%s", clsnn_excerpt(name, shown)); /* it is printed */
        snprintf(data_sha256, CLSNN_SHA256_HEX, "%s", hash);
    }
fail:
    json_decref(about);
    return st;
}

enum clsnn_status clsnn_cmd_eval(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    struct clsnn_session session = {0};
    struct clsnn_lab *lab = NULL;
    struct clsnn_experiment *x = NULL;
    struct clsnn_learned learned = {0};
    struct clsnn_report report;
    struct model_file model = {0};
    struct clsnn_options with_params = *o; /* and the model's parameters; borrows everything else */
    char data_name[64], data_sha256[CLSNN_SHA256_HEX];
    const char *path = o->operands[0];
    int moved = 0;
    TRY(clsnn_npz_read(path, CLSNN_MAX_MODEL_BYTES, &npz));
    TRY(read_model(&npz, path, &model));
    TRY(read_about(&npz, path, &with_params, data_name, data_sha256));
    if (o->out_dir) {
        TRY(refuse_own_dir(o->out_dir, path));
        TRY(clsnn_file_check_dir(o->out_dir));
    }
    TRY(clsnn_session_open(&session, &with_params));
    if (data_sha256[0] && strcmp(data_sha256, session.data.sha256) != 0) {
        clsnn_progress_warn(&session.progress,
                            "%s was trained on other data (%s) than it is tested on (%s: %s); --data chooses",
                            path, data_name, session.data.name, session.data.source);
    }
    TRY(clsnn_session_compile(&session, &with_params));
    session.plan.neurons = model.n_post;
    session.plan.epochs = 0;
    session.plan.train_images = 1; /* nothing is trained; labelling has its own number */
    TRY(clsnn_session_lab(&session, 1, session.plan.label_images, session.plan.test_images, &lab));
    TRY(clsnn_experiment_create(lab, 0, &session.plan, &x));
    TRY(clsnn_experiment_set_model(x, model.w, model.theta_mv, model.labels, model.proportions));
    if (o->out_dir)
        TRY(clsnn_file_make_dir(
            o->out_dir)); /* what cannot be written shows before the work; earlier files move after it */
    clsnn_report_start(&report, &with_params, x, o->out_dir);
    report.model = path;
    clsnn_progress_note(&session.progress, "testing %s: %u neurons, %s, on %u test images", path,
                        model.n_post, model.labels ? "labels from the file" : "no labels yet",
                        x->plan.test_images);
    const struct clsnn_watcher watcher = {.stage = on_stage, .ctx = &session.progress};
    TRY(clsnn_experiment_evaluate(x, &watcher));
    TRY(clsnn_experiment_learned(x, &learned));
    TRY(clsnn_report_result(&report, &learned, o->out));
    if (o->out_dir) TRY(clsnn_report_prepare_dir(o->out_dir, &moved));
    if (moved)
        clsnn_progress_note(&session.progress, "%s held an earlier run: its files are now in %s/previous-%d",
                            o->out_dir, o->out_dir, moved);
    TRY(clsnn_report_metrics(&report));
    TRY(clsnn_report_pictures(&report, &learned));
    TRY(clsnn_report_run(&report, CLSNN_RUN_FINISHED, &learned));
    clsnn_report_places(&report, o->out);
fail:
    clsnn_learned_finish(&learned);
    clsnn_experiment_destroy(x);
    clsnn_lab_destroy(lab);
    clsnn_session_close(&session);
    clsnn_npz_finish(&npz);
    return st;
}
