/* Writes and reads run.json. One function makes the result for --json and for run.json, so the two agree. */
#include "run/run_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "dataset/places.h"
#include "device/device.h"
#include "device/program.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"
#include "formats/json.h"
#include "options/options_render.h"
#include "run/metrics.h"
#include "run/record.h"
#include "run/report.h"

static const char *const state_names[] = {[CLSNN_RUN_RUNNING] = "running",
                                          [CLSNN_RUN_FINISHED] = "finished",
                                          [CLSNN_RUN_STOPPED] = "stopped",
                                          [CLSNN_RUN_FAILED] = "failed"};
enum { N_STATES = sizeof state_names / sizeof *state_names };

const char *clsnn_run_state_name(enum clsnn_run_state state) {
    return state_names[state];
}

#define AT(member) offsetof(struct clsnn_run_totals, member)
static const struct clsnn_field total_fields[] = {
    {"presentations", CLSNN_FIELD_U64, AT(presentations), 0},
    {"given_up", CLSNN_FIELD_U64, AT(given_up), 0},
    {"train_seconds", CLSNN_FIELD_REAL, AT(train_seconds), 0},
    {"eval_seconds", CLSNN_FIELD_REAL, AT(eval_seconds), 0},
    {"images_per_second", CLSNN_FIELD_REAL, AT(images_per_second), 0},
};
enum { N_TOTALS = sizeof total_fields / sizeof *total_fields };

static struct clsnn_run_totals totals_of(const struct clsnn_experiment *x) {
    return (struct clsnn_run_totals){
        .presentations = clsnn_experiment_presentations(x),
        .given_up = x->at.trained.given_up + x->at.given_up_evaluating,
        .train_seconds = x->at.train_seconds,
        .eval_seconds = x->at.eval_seconds,
        .images_per_second = x->at.train_seconds > 0 ? (double)x->at.images / x->at.train_seconds : 0,
    };
}

/* Sets members to null that a command which trains nothing has no value for. */
static void blank(json_t *o, const char *const *names, size_t n, bool *ok) {
    for (size_t k = 0; k < n; k++)
        if (json_object_set_new(o, names[k], json_null()) != 0) *ok = false;
}

void clsnn_run_json_add_totals(json_t *object, const struct clsnn_run_totals *totals, bool *ok) {
    clsnn_json_add_fields(object, totals, total_fields, N_TOTALS, ok);
}

/* Returns the device time of each phase of a profiled run. */
static json_t *profile_json(const struct clsnn_profile *p, bool *ok) {
    json_t *phases = json_object();
    for (int k = 0; k < CLSNN_N_TIMES; k++) {
        if (p->commands[k])
            clsnn_json_add(
                phases, clsnn_phase_name((enum clsnn_phase)k),
                json_pack("{s:f, s:I}", "seconds", p->seconds[k], "commands", (json_int_t)p->commands[k]),
                ok);
    }
    return phases;
}

json_t *clsnn_run_json_result(const struct clsnn_report *r, const struct clsnn_learned *learned, bool *ok) {
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_metrics *m = x->n_metrics ? &x->metrics[x->n_metrics - 1] : NULL;
    const bool validates = x->plan.validate > 0;
    char name[CLSNN_METRIC_NAME];
    json_t *o = json_object();
    clsnn_json_add(o, "neurons", json_integer(x->plan.neurons), ok);
    clsnn_json_add(o, "epochs", json_integer(x->plan.epochs), ok);
    clsnn_json_add(o, "seed", clsnn_json_whole(x->plan.seed), ok);
    clsnn_json_add(o, "data", clsnn_json_text(x->batch->data->name), ok);
    clsnn_json_add(o, "device", clsnn_json_text(x->batch->dev->info.name), ok);
    if (m) {
        for (size_t k = 0; k < clsnn_n_metric_rows; k++) {
            const struct clsnn_metric_row *row = &clsnn_metric_rows[k];
            if (row->shown == CLSNN_SHOWN_RESULT || (row->shown == CLSNN_SHOWN_TRAINED && !r->model))
                clsnn_json_add(o, clsnn_metric_name(row, validates, name), clsnn_metric_json(row, m), ok);
        }
        clsnn_json_add(o, "confusion", clsnn_record_confusion(m->score.confusion, m->score.n_classes), ok);
        clsnn_json_add(o, "confusion_proportion",
                       clsnn_record_confusion(m->score.confusion_proportion, m->score.n_classes), ok);
    }
    clsnn_json_add(o, "train_images", json_integer(x->plan.train_images), ok);
    clsnn_json_add(o, "label_images", json_integer(x->plan.label_images), ok);
    clsnn_json_add(o, validates ? "validation_images" : "test_images", json_integer(x->plan.test_images), ok);
    const struct clsnn_run_totals totals = totals_of(x);
    clsnn_run_json_add_totals(o, &totals, ok);
    static const char *const of_training[] = {"epochs", "train_images", "train_seconds", "images_per_second"},
                             *const of_labels[] = {"label_images"};
    if (r->model) blank(o, of_training, sizeof of_training / sizeof *of_training, ok);
    if (r->has_labels) blank(o, of_labels, 1, ok);
    if (x->batch->dev->profile) clsnn_json_add(o, "profile", profile_json(x->batch->dev->profile, ok), ok);
    if (learned) clsnn_json_add(o, "final_sha256", json_string(learned->sha256), ok);
    return o;
}

struct settings {
    json_t *to;
    bool *ok;
};

static void add_setting(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                        bool is_param) {
    const struct settings *settings = ctx;
    json_t *found;
    (void)is_param;
    if (!is_number)
        found = clsnn_json_text(value);
    else if (strpbrk(value, ".e"))
        found = json_real(strtod(value, NULL));
    else
        found = *value == '-' ? json_integer((json_int_t)strtoll(value, NULL, 10))
                              : clsnn_json_whole(strtoull(value, NULL, 10));
    clsnn_json_add(settings->to, name,
                   json_pack("{s:o, s:o}", "value", found, "origin", clsnn_json_text(origin)), settings->ok);
}

static json_t *run_json(const struct clsnn_report *r, enum clsnn_run_state state,
                        const struct clsnn_learned *learned, bool *ok) {
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_device_info *d = &x->batch->dev->info;
    char kernels[CLSNN_SHA256_HEX] = "", now[32];
    json_t *run = json_object(), *settings = json_object(), *device = json_object(), *data = json_object(),
           *metrics = json_array();
    if (clsnn_program_hash(kernels) != CLSNN_OK) *ok = false;
    clsnn_clock_utc(now);
    clsnn_json_add(run, "format", json_integer(CLSNN_RUN_FORMAT), ok);
    clsnn_json_add(run, "clsnn_version", json_string(CLSNN_VERSION), ok);
    clsnn_json_add(run, "command", json_string(r->options->command), ok);
    clsnn_json_add(run, "state", json_string(state_names[state]), ok);
    if (state == CLSNN_RUN_FAILED) clsnn_json_add(run, "error", clsnn_json_text(clsnn_error_text()), ok);
    clsnn_json_add(run, "started", json_string(r->started), ok);
    clsnn_json_add(run, "written", json_string(now), ok);
    if (r->model) clsnn_json_add(run, "model", clsnn_json_text(r->model), ok);
    if (r->resumed_from[0]) clsnn_json_add(run, "resumed_from", json_string(r->resumed_from), ok);
    clsnn_options_visit(r->options, add_setting, &(struct settings){settings, ok});
    clsnn_json_add(run, "settings", settings, ok);
    if (!r->model)
        clsnn_json_add(run, "plan",
                       clsnn_record_plan(&x->plan, x->batch->data->name, x->batch->data->sha256, ok), ok);
    clsnn_json_add(data, "name", clsnn_json_text(x->batch->data->name), ok);
    clsnn_json_add(data, "source", clsnn_json_text(x->batch->data->source), ok);
    clsnn_json_add(data, "sha256", json_string(x->batch->data->sha256), ok);
    clsnn_json_add(data, "height", json_integer(x->batch->data->test.height), ok);
    clsnn_json_add(data, "width", json_integer(x->batch->data->test.width), ok);
    clsnn_json_add(data, "n_train", json_integer(x->batch->data->train.n_images), ok);
    clsnn_json_add(data, x->plan.validate ? "n_validation" : "n_test",
                   json_integer(x->batch->data->test.n_images), ok);
    clsnn_json_add(run, "dataset", data, ok);
    clsnn_json_add(device, "name", clsnn_json_text(d->name), ok);
    clsnn_json_add(device, "vendor", clsnn_json_text(d->vendor), ok);
    clsnn_json_add(device, "platform", clsnn_json_text(d->platform_name), ok);
    clsnn_json_add(device, "version", clsnn_json_text(d->version), ok);
    clsnn_json_add(device, "driver", clsnn_json_text(d->driver), ok);
    clsnn_json_add(device, "compute_units", json_integer(d->compute_units), ok);
    clsnn_json_add(device, "work_group", json_integer(x->batch->net->kernels->work_group), ok);
    clsnn_json_add(run, "opencl_device", device, ok);
    clsnn_json_add(run, "kernels_sha256", json_string(kernels), ok);
    for (size_t k = 0; k < x->n_metrics; k++)
        if (json_array_append_new(metrics, clsnn_metrics_json(&x->metrics[k], x->plan.validate > 0, ok)) != 0)
            *ok = false;
    clsnn_json_add(run, "metrics", metrics, ok);
    clsnn_json_add(run, "warnings", clsnn_warnings_json(&r->warnings, ok), ok);
    clsnn_json_add(run, "result", clsnn_run_json_result(r, learned, ok), ok);
    return run;
}

enum clsnn_status clsnn_run_json_write(const struct clsnn_report *r, enum clsnn_run_state state,
                                       const struct clsnn_learned *learned) {
    bool ok = true;
    if (!r->dir) return CLSNN_OK;
    json_t *run = run_json(r, state, learned, &ok);
    char *text = ok ? json_dumps(run, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(run);
    /* A run that runs leaves nothing worth keeping after a power cut: without a state it begins anew. */
    const enum clsnn_status st =
        clsnn_report_file(r, "run.json", text, text ? strlen(text) : 0,
                          state == CLSNN_RUN_RUNNING ? CLSNN_FILE_LOOSE : r->durability);
    free(text);
    return st;
}

void clsnn_run_finish(struct clsnn_run *run) {
    clsnn_metrics_free(run->metrics, run->n_metrics);
    *run = (struct clsnn_run){0};
}

const struct clsnn_metrics *clsnn_run_last(const struct clsnn_run *run) {
    return &run->metrics[run->n_metrics - 1];
}

static void copy_text(const json_t *object, const char *name, char *out, size_t room) {
    snprintf(out, room, "%s", clsnn_json_text_of(object, name));
}

/* Reads the members that every run.json has. */
static enum clsnn_status read_head(const json_t *json, const char *path, struct clsnn_run *run) {
    const char *state = json_string_value(json_object_get(json, "state"));
    const json_t *device = json_object_get(json, "opencl_device");
    char shown[CLSNN_EXCERPT];
    uint64_t format = 0;
    int k = 0;
    if (!clsnn_json_read_whole(json_object_get(json, "format"), CLSNN_RUN_FORMAT, &format) || format < 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: is of no format that this version reads: must be %d", path,
                          CLSNN_RUN_FORMAT);
    while (state && k < N_STATES && strcmp(state, state_names[k]) != 0) k++;
    if (!state || k == N_STATES)
        return clsnn_fail(CLSNN_E_DATA, "%s: state is %s: must be running, finished, stopped or failed", path,
                          clsnn_excerpt(state ? state : "missing", shown));
    run->state = (enum clsnn_run_state)k;
    copy_text(json, "error", run->error, sizeof run->error);
    copy_text(json, "command", run->command, sizeof run->command);
    copy_text(json, "clsnn_version", run->version, sizeof run->version);
    copy_text(json, "kernels_sha256", run->kernels_sha256, sizeof run->kernels_sha256);
    copy_text(device, "name", run->device, sizeof run->device);
    copy_text(device, "driver", run->driver, sizeof run->driver);
    run->work_group = (long long)json_integer_value(json_object_get(device, "work_group"));
    return CLSNN_OK;
}

/* Reads the evaluations. Their epochs need not follow plan.eval_every: a run that went on for more epochs
 * also has one at its former end. */
static enum clsnn_status read_evaluations(const json_t *json, const char *path, struct clsnn_run *run) {
    enum clsnn_status st = CLSNN_OK;
    const json_t *metrics = json_object_get(json, "metrics");
    const size_t n = json_array_size(metrics);
    uint64_t last = 0;
    run->metrics = calloc(n + 1, sizeof *run->metrics);
    if (!run->metrics) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for %zu evaluations", path, n);
    for (size_t k = 0; k < n; k++) {
        struct clsnn_metrics *m = &run->metrics[k];
        TRY(clsnn_metrics_read(json_array_get(metrics, k), path, run->plan.validate > 0, m));
        if (m->epoch <= last || m->epoch > run->plan.epochs)
            return clsnn_fail(CLSNN_E_DATA,
                              "%s: the epoch of evaluation %zu is out of order or beyond the plan", path,
                              k + 1);
        last = m->epoch;
    }
    if (last != run->plan.epochs)
        return clsnn_fail(CLSNN_E_DATA, "%s: its metrics do not end with epoch %u", path, run->plan.epochs);
    run->n_metrics = n;
    TRY(clsnn_record_read_confusions(json_object_get(json, "result"), path, &run->metrics[n - 1].score));
fail:
    return st;
}

static enum clsnn_status read_finished(const json_t *json, const char *path, struct clsnn_run *run) {
    enum clsnn_status st = CLSNN_OK;
    const json_t *result = json_object_get(json, "result");
    char shown[CLSNN_EXCERPT];
    if (run->plan.neurons == 0)
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: is a run of clsnn %s and has no plan: only a run of clsnn train has one", path,
                          clsnn_excerpt(run->command, shown));
    copy_text(json_object_get(json, "dataset"), "source", run->data_source, sizeof run->data_source);
    copy_text(json_object_get(json_object_get(json, "settings"), "from"), "value", run->from,
              sizeof run->from);
    copy_text(result, "final_sha256", run->sha256, sizeof run->sha256);
    if (strlen(clsnn_json_text_of(result, "final_sha256")) != CLSNN_SHA256_HEX - 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: result has no final_sha256", path);
    TRY(clsnn_json_read_fields(result, path, total_fields, N_TOTALS, &run->totals));
    TRY(read_evaluations(json, path, run));
    clsnn_warnings_read_names(json_object_get(json, "warnings"), run->warnings);
fail:
    return st;
}

enum clsnn_status clsnn_run_json_read(const char *dir, struct clsnn_run *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_run run = {0};
    json_t *json = NULL;
    char *path = clsnn_file_join(dir, "run.json");
    if (!path) return CLSNN_E_MEMORY;
    TRY(clsnn_json_read_file(path, &json));
    TRY(read_head(json, path, &run));
    const json_t *plan = json_object_get(json, "plan");
    if (plan) TRY(clsnn_record_read_plan(plan, path, &run.plan, run.data_name, run.data_sha256));
    if (run.state == CLSNN_RUN_FINISHED) TRY(read_finished(json, path, &run));
    *out = run;
    run = (struct clsnn_run){0};
fail:
    clsnn_run_finish(&run);
    json_decref(json);
    free(path);
    return st;
}

enum clsnn_status clsnn_run_of(const struct clsnn_report *r, const struct clsnn_learned *learned,
                               struct clsnn_run *out) {
    const struct clsnn_experiment *x = r->experiment;
    struct clsnn_run run = {
        .state = CLSNN_RUN_FINISHED, .plan = x->plan, .n_metrics = x->n_metrics, .totals = totals_of(x)};
    const enum clsnn_status st = clsnn_metrics_copy(x->metrics, x->n_metrics, &run.metrics);
    if (st != CLSNN_OK) return st;
    memcpy(run.sha256, learned->sha256, sizeof run.sha256);
    snprintf(run.data_name, sizeof run.data_name, "%s", x->batch->data->name);
    snprintf(run.data_sha256, sizeof run.data_sha256, "%s", x->batch->data->sha256);
    clsnn_warnings_names(&r->warnings, run.warnings);
    *out = run;
    return CLSNN_OK;
}

/* Adds one member of settings. Values are numbers or texts, as add_setting wrote them. */
static enum clsnn_status add_saved(const json_t *settings, const char *name,
                                   const struct clsnn_option_row *row, const struct clsnn_param_info *param,
                                   struct clsnn_settings *out) {
    const json_t *value = json_object_get(json_object_get(settings, name), "value");
    char number[32];
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = number;
    } else if (json_is_real(value)) {
        clsnn_format_real(json_real_value(value), number);
        text = number;
    }
    return text && *text ? clsnn_settings_add(out, row, param, text, name) : CLSNN_OK;
}

const char *clsnn_run_data_spec(const char *name, const char *source) {
    if (strncmp(source, "built in", 8) == 0) return "digits";
    const bool is_there = clsnn_place_look(source) == CLSNN_PLACE_FOUND || clsnn_place_is_npz(source);
    return is_there || !clsnn_known_find(name) ? source : name;
}

enum clsnn_status clsnn_run_json_settings(const char *dir, struct clsnn_settings *out,
                                          char from_sha256[CLSNN_SHA256_HEX]) {
    /* What a run computes and keeps; the device, the work-group and the like are of the machine. */
    static const char *const names[] = {"neurons",     "epochs",     "train-images", "label-images",
                                        "test-images", "eval-every", "shuffle",      "checkpoint-every",
                                        "seed",        "data-name",  "validate",     "from",
                                        "delays",      "snapshots",  "figures",      "sort-weights"};
    enum clsnn_status st = CLSNN_OK;
    json_t *json = NULL;
    char *path = clsnn_file_join(dir, "run.json");
    if (!path) return CLSNN_E_MEMORY;
    TRY(clsnn_json_read_file(path, &json));
    const json_t *settings = json_object_get(json, "settings"), *data = json_object_get(json, "dataset");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        TRY(add_saved(settings, names[k], clsnn_option_find(names[k]), NULL, out));
    for (size_t k = 0; k < clsnn_n_laws; k++)
        TRY(add_saved(settings, clsnn_laws_table[k].name, clsnn_option_find(clsnn_laws_table[k].name), NULL,
                      out));
    for (size_t k = 0; k < clsnn_n_params; k++)
        TRY(add_saved(settings, clsnn_params_table[k].name, NULL, &clsnn_params_table[k], out));
    const char *spec =
        clsnn_run_data_spec(clsnn_json_text_of(data, "name"), clsnn_json_text_of(data, "source"));
    if (*spec) TRY(clsnn_settings_add(out, clsnn_option_find("data"), NULL, spec, "data"));
    copy_text(json_object_get(json, "plan"), "from_sha256", from_sha256, CLSNN_SHA256_HEX);
fail:
    json_decref(json);
    free(path);
    return st;
}
