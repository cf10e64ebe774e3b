/* Run directories and results. The JSON of --json and run.json is built in one place, so the two agree. */
#include "run/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "formats/confusion.h"
#include "formats/curves.h"
#include "formats/json.h"
#include "formats/mosaic.h"
#include "options/options_render.h"
#include "run/record.h"

/* The last four are left by reproduce alone (reproduce.h). */
static const char *const run_files[] = {"run.json",    "metrics.jsonl", "metrics.csv",   "model.npz",
                                        "weights.png", "accuracy.png",  "confusion.png", "checkpoint",
                                        "epoch-1.npz", "epoch-3.npz",   "epoch-5.npz",   "epoch-7.npz"};
enum { N_RUN_FILES = sizeof run_files / sizeof *run_files };

/* Moves the files of an earlier run to dir/previous-K, the first free K. */
static enum clsnn_status keep_previous(const char *dir, int *out_moved) {
    enum clsnn_status st = CLSNN_OK;
    char name[32];
    char *kept = NULL, *from = NULL, *to = NULL;
    int k = 0, rc;
    do {
        free(kept);
        snprintf(name, sizeof name, "previous-%d", ++k);
        kept = clsnn_file_join(dir, name);
        if (!kept) return clsnn_no_memory("report");
        do rc = mkdir(kept, 0777);
        while (rc != 0 && errno == EINTR);
    } while (rc != 0 && errno == EEXIST);
    if (rc != 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: %s: an earlier run's files could not be kept there", kept,
                        strerror(errno));
        goto fail;
    }
    for (size_t f = 0; f < N_RUN_FILES; f++) {
        from = clsnn_file_join(dir, run_files[f]);
        to = clsnn_file_join(kept, run_files[f]);
        if (!from || !to) {
            st = clsnn_no_memory("report");
            goto fail;
        }
        do rc = rename(from, to);
        while (rc != 0 && errno == EINTR);
        if (rc != 0 && errno != ENOENT) {
            st = clsnn_fail(CLSNN_E_IO, "%s: %s: the earlier run's file could not be moved to %s", from,
                            strerror(errno), to);
            goto fail;
        }
        free(from);
        free(to);
        from = to = NULL;
    }
    *out_moved = k;
fail:
    free(from);
    free(to);
    free(kept);
    return st;
}

enum clsnn_status clsnn_report_prepare_dir(const char *dir, int *out_moved) {
    enum clsnn_status st = clsnn_file_make_dir(dir);
    *out_moved = 0;
    if (st != CLSNN_OK) return st;
    for (size_t f = 0; f < N_RUN_FILES; f++) {
        char *path = clsnn_file_join(dir, run_files[f]);
        if (!path) return clsnn_no_memory("report");
        /* whatever cannot be looked at may be an earlier run's: it is moved, never written over */
        const bool there = access(path, F_OK) == 0 || errno != ENOENT;
        free(path);
        if (there) return keep_previous(dir, out_moved);
    }
    return CLSNN_OK;
}

void clsnn_report_start(struct clsnn_report *r, const struct clsnn_options *o,
                        const struct clsnn_experiment *x, const char *dir) {
    *r = (struct clsnn_report){.options = o, .experiment = x, .dir = dir};
    clsnn_clock_utc(r->started);
}

static const char *const time_names[CLSNN_N_TIMES] = {
    [CLSNN_TIME_NORMALISE] = "normalise", [CLSNN_TIME_ENCODE] = "encode", [CLSNN_TIME_PRESENT] = "present",
    [CLSNN_TIME_REST] = "rest",           [CLSNN_TIME_TRAIN] = "train",   [CLSNN_TIME_LABEL] = "label",
    [CLSNN_TIME_TEST] = "test",           [CLSNN_TIME_OTHER] = "set-up",  [CLSNN_TIME_TRANSFER] = "transfers",
};

/* Time a phase on the device, where the run was profiled. */
static json_t *profile_json(const struct clsnn_profile *p, bool *ok) {
    json_t *phases = json_object();
    for (int k = 0; k < CLSNN_N_TIMES; k++) {
        if (p->commands[k])
            clsnn_json_add(
                phases, time_names[k],
                json_pack("{s:f, s:I}", "seconds", p->seconds[k], "commands", (json_int_t)p->commands[k]),
                ok);
    }
    return phases;
}

static void print_profile(const struct clsnn_profile *p, FILE *out) {
    double sum = 0;
    for (int k = 0; k < CLSNN_N_TIMES; k++) sum += p->seconds[k];
    fprintf(out, "phase        seconds  commands   us a command   share   (on the device, by its events)\n");
    for (int k = 0; k < CLSNN_N_TIMES; k++) {
        if (!p->commands[k]) continue;
        fprintf(out, "%-10s %9.3f %9llu %14.2f %6.1f %%\n", time_names[k], p->seconds[k],
                (unsigned long long)p->commands[k], 1e6 * p->seconds[k] / (double)p->commands[k],
                100 * p->seconds[k] / (sum > 0 ? sum : 1));
    }
}

/* The result of the last evaluation, as CLI users get it. */
static json_t *result_json(const struct clsnn_report *r, const struct clsnn_learned *learned, bool *ok) {
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_metrics *m = x->n_metrics ? &x->metrics[x->n_metrics - 1] : NULL;
    json_t *o = json_object();
    clsnn_json_add(o, "neurons", json_integer(x->plan.neurons), ok);
    clsnn_json_add(o, "epochs", json_integer(x->plan.epochs), ok);
    clsnn_json_add(o, "seed", clsnn_json_whole(x->plan.seed), ok);
    clsnn_json_add(o, "data", clsnn_json_text(x->lab->data->name), ok);
    clsnn_json_add(o, "device", clsnn_json_text(x->lab->dev->info.name), ok);
    if (m) {
        clsnn_json_add(o, "accuracy_all", json_real(m->accuracy_all), ok);
        clsnn_json_add(o, "accuracy_proportion", json_real(m->accuracy_proportion), ok);
        clsnn_json_add(o, "confusion", clsnn_record_confusion(m->score.confusion), ok);
        clsnn_json_add(o, "confusion_proportion", clsnn_record_confusion(m->score.confusion_proportion),
                         ok);
        clsnn_json_add(o, "theta_mean_mv", json_real(m->theta_mean_mv), ok);
        if (!r->model) clsnn_json_add(o, "exc_spikes_per_image", json_real(m->exc_spikes_per_image), ok);
        clsnn_json_add(o, "test_spikes_per_image", json_real(m->test_spikes_per_image), ok);
        clsnn_json_add(o, "unlabelled_neurons", json_integer(m->unlabelled), ok);
    }
    clsnn_json_add(o, "train_images", json_integer(r->model ? 0 : x->plan.train_images), ok);
    clsnn_json_add(o, "label_images", json_integer(x->plan.label_images), ok);
    clsnn_json_add(o, "test_images", json_integer(x->plan.test_images), ok);
    clsnn_json_add(o, "presentations", json_integer((json_int_t)clsnn_experiment_presentations(x)), ok);
    clsnn_json_add(o, "given_up",
                     json_integer((json_int_t)x->at.trained.given_up + (json_int_t)x->at.given_up_evaluating),
                     ok);
    clsnn_json_add(o, "train_seconds", json_real(x->at.train_seconds), ok);
    clsnn_json_add(o, "eval_seconds", json_real(x->at.eval_seconds), ok);
    clsnn_json_add(o, "images_per_second",
                     json_real(x->at.train_seconds > 0 ? (double)x->at.images / x->at.train_seconds : 0), ok);
    if (x->lab->dev->profile) clsnn_json_add(o, "profile", profile_json(x->lab->dev->profile, ok), ok);
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
                     json_pack("{s:o, s:o}", "value", found, "origin", clsnn_json_text(origin)),
                     settings->ok);
}

/* The one form in which plans are compared. */
static char *plan_text(const json_t *plan) {
    return json_dumps(plan, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
}

char *clsnn_report_plan(const struct clsnn_plan *plan, const struct clsnn_dataset *data) {
    bool ok = true;
    json_t *o = clsnn_record_plan(plan, data, &ok);
    char *text = ok ? plan_text(o) : NULL;
    json_decref(o);
    if (!text) clsnn_no_memory("report");
    return text;
}

static json_t *run_json(const struct clsnn_report *r, enum clsnn_run_state state,
                        const struct clsnn_learned *learned, bool *ok) {
    static const char *const states[] = {[CLSNN_RUN_RUNNING] = "running",
                                         [CLSNN_RUN_FINISHED] = "finished",
                                         [CLSNN_RUN_STOPPED] = "stopped",
                                         [CLSNN_RUN_FAILED] = "failed"};
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_device_info *d = &x->lab->dev->info;
    char kernels[CLSNN_SHA256_HEX] = "", now[32];
    json_t *run = json_object(), *settings = json_object(), *device = json_object(), *data = json_object(),
           *metrics = json_array();
    if (clsnn_program_hash(kernels) != CLSNN_OK) *ok = false;
    clsnn_clock_utc(now);
    clsnn_json_add(run, "format", json_integer(1), ok);
    clsnn_json_add(run, "clsnn_version", json_string(CLSNN_VERSION), ok);
    clsnn_json_add(run, "command", json_string(r->options->command), ok);
    clsnn_json_add(run, "state", json_string(states[state]), ok);
    if (state == CLSNN_RUN_FAILED) clsnn_json_add(run, "error", clsnn_json_text(clsnn_error_text()), ok);
    clsnn_json_add(run, "started", json_string(r->started), ok);
    clsnn_json_add(run, "written", json_string(now), ok);
    if (r->model) clsnn_json_add(run, "model", clsnn_json_text(r->model), ok);
    if (r->resumed_from[0]) clsnn_json_add(run, "resumed_from", json_string(r->resumed_from), ok);
    clsnn_options_visit(r->options, add_setting, &(struct settings){settings, ok});
    clsnn_json_add(run, "settings", settings, ok);
    if (!r->model) clsnn_json_add(run, "plan", clsnn_record_plan(&x->plan, x->lab->data, ok), ok);
    clsnn_json_add(data, "name", clsnn_json_text(x->lab->data->name), ok);
    clsnn_json_add(data, "source", clsnn_json_text(x->lab->data->source), ok);
    clsnn_json_add(data, "sha256", json_string(x->lab->data->sha256), ok);
    clsnn_json_add(data, "n_train", json_integer(x->lab->data->train.n_images), ok);
    clsnn_json_add(data, "n_test", json_integer(x->lab->data->test.n_images), ok);
    clsnn_json_add(run, "dataset", data, ok);
    clsnn_json_add(device, "name", clsnn_json_text(d->name), ok);
    clsnn_json_add(device, "vendor", clsnn_json_text(d->vendor), ok);
    clsnn_json_add(device, "platform", clsnn_json_text(d->platform_name), ok);
    clsnn_json_add(device, "version", clsnn_json_text(d->version), ok);
    clsnn_json_add(device, "driver", clsnn_json_text(d->driver), ok);
    clsnn_json_add(device, "compute_units", json_integer(d->compute_units), ok);
    clsnn_json_add(device, "work_group", json_integer(x->lab->prog->work_group), ok);
    clsnn_json_add(run, "opencl_device", device, ok);
    clsnn_json_add(run, "kernels_sha256", json_string(kernels), ok);
    for (size_t k = 0; k < x->n_metrics; k++)
        if (json_array_append_new(metrics, clsnn_record_metrics(&x->metrics[k], ok)) != 0) *ok = false;
    clsnn_json_add(run, "metrics", metrics, ok);
    clsnn_json_add(run, "result", result_json(r, learned, ok), ok);
    return run;
}

/* Writes name in the run's directory; 0 bytes of text are a lack of memory. */
static enum clsnn_status write_file(const struct clsnn_report *r, const char *name, const char *text,
                                    size_t n_bytes) {
    char *path = text ? clsnn_file_join(r->dir, name) : NULL;
    if (!path) return clsnn_no_memory("report");
    const enum clsnn_status st = clsnn_file_write(path, text, n_bytes);
    free(path);
    return st;
}

enum clsnn_status clsnn_report_run(const struct clsnn_report *r, enum clsnn_run_state state,
                                   const struct clsnn_learned *learned) {
    bool ok = true;
    if (!r->dir) return CLSNN_OK;
    json_t *run = run_json(r, state, learned, &ok);
    char *text = ok ? json_dumps(run, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(run);
    const enum clsnn_status st = write_file(r, "run.json", text, text ? strlen(text) : 0);
    free(text);
    return st;
}

enum clsnn_status clsnn_report_metrics(const struct clsnn_report *r) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    char *lines = NULL, *table = NULL;
    size_t lines_bytes = 0, table_bytes = 0;
    if (!r->dir) return CLSNN_OK;
    FILE *jsonl = open_memstream(&lines, &lines_bytes), *csv = open_memstream(&table, &table_bytes);
    bool ok = jsonl && csv;
    for (size_t k = 0; ok && k < x->n_metrics; k++) {
        json_t *line = clsnn_record_metrics(&x->metrics[k], &ok);
        const char *name;
        json_t *value;
        if (k == 0) {
            const char *comma = "";
            json_object_foreach (line, name, value) {
                fprintf(csv, "%s%s", comma, name);
                comma = ",";
            }
            fputc('\n', csv);
        }
        const char *comma = "";
        json_object_foreach (line, name, value) {
            if (json_is_integer(value))
                fprintf(csv, "%s%lld", comma, (long long)json_integer_value(value));
            else
                fprintf(csv, "%s%.10g", comma, json_real_value(value));
            comma = ",";
        }
        fputc('\n', csv);
        ok = json_dumpf(line, jsonl, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0 && ok;
        fputc('\n', jsonl);
        json_decref(line);
    }
    if (jsonl && !clsnn_text_end(jsonl, &lines)) ok = false;
    if (csv && !clsnn_text_end(csv, &table)) ok = false;
    if (!ok) {
        st = clsnn_no_memory("report");
        goto fail;
    }
    TRY(write_file(r, "metrics.jsonl", lines, lines_bytes));
    TRY(write_file(r, "metrics.csv", table, table_bytes));
fail:
    free(lines);
    free(table);
    return st;
}

/* What a model needs besides its weights to be tested as it was trained: parameters, seed, data. JSON, read by cmd_eval.c. */
static char *about_text(const struct clsnn_experiment *x) {
    bool ok = true;
    json_t *about = json_object(), *params = json_object(), *data = json_object();
    for (size_t k = 0; k < clsnn_n_params; k++) {
        clsnn_json_add(params, clsnn_params_table[k].name,
                         json_real(clsnn_model_get(&x->plan.model, &clsnn_params_table[k])), &ok);
    }
    clsnn_json_add(data, "name", clsnn_json_text(x->lab->data->name), &ok);
    clsnn_json_add(data, "sha256", json_string(x->lab->data->sha256), &ok);
    clsnn_json_add(about, "clsnn_version", json_string(CLSNN_VERSION), &ok);
    clsnn_json_add(about, "seed", clsnn_json_whole(x->plan.seed), &ok);
    clsnn_json_add(about, "images", json_integer((json_int_t)x->at.images), &ok);
    clsnn_json_add(about, "dataset", data, &ok);
    clsnn_json_add(about, "params", params, &ok);
    char *text = ok ? json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(about);
    return text;
}

enum clsnn_status clsnn_report_model(const struct clsnn_report *r, const struct clsnn_learned *learned) {
    const struct clsnn_experiment *x = r->experiment;
    const size_t n = learned->n_post;
    if (!r->dir) return CLSNN_OK;
    char *about = about_text(x), *path = clsnn_file_join(r->dir, "model.npz");
    if (!about || !path) {
        free(about);
        free(path);
        return clsnn_no_memory("report");
    }
    const struct clsnn_array arrays[] = {
        {"w", CLSNN_F4, 2, {CLSNN_N_PRE, n}, learned->w},
        {"theta_mv", CLSNN_F4, 1, {n}, learned->theta_mv},
        {"about", CLSNN_U1, 1, {strlen(about)}, about},
        {"labels", CLSNN_I4, 1, {n}, x->labels.labels},
        {"proportions", CLSNN_F4, 2, {n, CLSNN_CLASSES}, x->labels.proportions},
    };
    /* stored: weights are noise to deflate, and a sweep writes many */
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    enum clsnn_status st =
        clsnn_npz_pack(path, arrays, x->has_labels ? 5 : 3, CLSNN_NPZ_STORED, &bytes, &n_bytes);
    if (st == CLSNN_OK) st = clsnn_file_write(path, bytes, n_bytes);
    free(bytes);
    free(about);
    free(path);
    return st;
}

static enum clsnn_status accuracy_picture(const struct clsnn_report *r, const char *path) {
    const struct clsnn_experiment *x = r->experiment;
    char title[128];
    double *values = malloc((3 * x->n_metrics + 1) * sizeof *values);
    if (!values) return clsnn_no_memory("report");
    double *epoch = values, *all = values + x->n_metrics, *proportion = all + x->n_metrics;
    for (size_t k = 0; k < x->n_metrics; k++) {
        epoch[k] = x->metrics[k].epoch;
        all[k] = 100 * x->metrics[k].accuracy_all;
        proportion[k] = 100 * x->metrics[k].accuracy_proportion;
    }
    const struct clsnn_series series[] = {{"vote all", epoch, all, NULL, x->n_metrics},
                                          {"vote proportion", epoch, proportion, NULL, x->n_metrics}};
    snprintf(title, sizeof title, "Accuracy on %u test images of %s, N = %u", x->plan.test_images,
             x->lab->data->name, x->plan.neurons);
    const enum clsnn_status st =
        clsnn_curves_draw(path, title, "training (epochs)", "accuracy (%)", series, 2);
    free(values);
    return st;
}

enum clsnn_status clsnn_report_pictures(const struct clsnn_report *r, const struct clsnn_learned *learned) {
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
    TRY(clsnn_mosaic_weights(weights, learned->w, learned->n_post, learned->n_post,
                             (float)x->plan.model.w_max));
    if (x->n_metrics == 0) goto fail;
    const struct clsnn_metrics *m = &x->metrics[x->n_metrics - 1];
    if (!r->model) TRY(accuracy_picture(r, accuracy));
    snprintf(title, sizeof title, "N = %u, %s, vote all: %.2f %% of %u right", x->plan.neurons,
             x->lab->data->name, 100 * m->accuracy_all, m->score.n_images);
    TRY(clsnn_confusion_draw(confusion, title, m->score.confusion));
fail:
    free(weights);
    free(accuracy);
    free(confusion);
    return st;
}

enum clsnn_status clsnn_report_result(const struct clsnn_report *r, const struct clsnn_learned *learned,
                                      FILE *out) {
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_metrics *m = x->n_metrics ? &x->metrics[x->n_metrics - 1] : NULL;
    if (r->options->json) {
        bool ok = true;
        json_t *o = result_json(r, learned, &ok);
        if (ok) ok = json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
        fputc('\n', out);
        json_decref(o);
        return ok            ? CLSNN_OK
               : ferror(out) ? clsnn_fail(CLSNN_E_IO, "standard output: the result could not be written")
                             : clsnn_no_memory("report");
    }
    if (!m) return CLSNN_OK;
    fprintf(out, "accuracy (vote all)         %.2f %%  (%u of %u test images of %s)\n", 100 * m->accuracy_all,
            m->score.correct_all, m->score.n_images, x->lab->data->name);
    fprintf(out, "accuracy (vote proportion)  %.2f %%\n", 100 * m->accuracy_proportion);
    if (!r->model) {
        fprintf(out,
                "training                    %llu images in %.1f s, %.0f images/s; %.1f excitatory spikes an "
                "image\n",
                (unsigned long long)x->at.images, x->at.train_seconds,
                x->at.train_seconds > 0 ? (double)x->at.images / x->at.train_seconds : 0,
                m->exc_spikes_per_image);
    }
    fprintf(out, "theta (mean)                %.2f mV; %u of %u neurons without a label\n", m->theta_mean_mv,
            m->unlabelled, x->plan.neurons);
    const unsigned long long given_up = x->at.trained.given_up + x->at.given_up_evaluating;
    if (given_up) {
        fprintf(out,
                "given up                    %llu images stayed under %d spikes at the highest intensity\n",
                given_up, x->plan.model.min_spikes);
    }
    if (x->lab->dev->profile) print_profile(x->lab->dev->profile, out);
    if (learned) fprintf(out, "final_sha256                %s\n", learned->sha256);
    return CLSNN_OK;
}

void clsnn_report_places(const struct clsnn_report *r, FILE *out) {
    if (!r->dir || r->options->json || r->experiment->n_metrics == 0) return;
    fprintf(out, "written to                  %s/%s\n", r->dir,
            r->model ? "{run.json, metrics.jsonl, metrics.csv}"
                     : "{run.json, metrics.jsonl, metrics.csv, model.npz}");
    fprintf(out, "pictures                    %s/weights.png\n", r->dir);
    if (!r->model) fprintf(out, "                            %s/accuracy.png\n", r->dir);
    fprintf(out, "                            %s/confusion.png\n", r->dir);
}
