/* clsnn verify RUN_DIR: trains a finished run again from its run.json and the same data, and compares every
 * bit of the result. The bits must be equal also on another device, driver or work-group. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "commands/commands.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "device/device.h"
#include "device/program.h"
#include "experiment/experiment.h"
#include "formats/json.h"
#include "options/options_render.h"
#include "run/metrics.h"
#include "run/record.h"
#include "commands/session.h"
#include "run/run_json.h"
#include "run/start.h"

/* Sets *ctx, a bool, if --data is on the command line. */
static void note_data(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                      bool is_param) {
    bool *given = ctx;
    (void)value, (void)is_number, (void)is_param;
    if (strcmp(origin, "command line") == 0 && strcmp(name, "data") == 0) *given = true;
}

struct verdict {
    json_t *differences; /* [{what, recorded, found}] */
    bool ok;             /* false: there was no memory for a difference */
};

/* Adds a difference unless the values are equal. Takes ownership of both values. */
static void compare(struct verdict *v, const char *what, json_t *recorded, json_t *found) {
    if (!recorded || !found) v->ok = false;
    if (json_equal(recorded, found)) {
        json_decref(recorded);
        json_decref(found);
        return;
    }
    json_t *row = json_object();
    clsnn_json_add(row, "what", json_string(what), &v->ok);
    clsnn_json_add(row, "recorded", recorded, &v->ok);
    clsnn_json_add(row, "found", found, &v->ok);
    if (json_array_append_new(v->differences, row) != 0) v->ok = false;
}

/* Compares every metric of every evaluation but times: no two runs take the same time. */
static void compare_metrics(struct verdict *v, const struct clsnn_run *recorded,
                            const struct clsnn_run *found) {
    for (size_t k = 0; k < recorded->n_metrics && k < found->n_metrics; k++) {
        for (size_t c = 0; c < clsnn_n_metric_rows; c++) {
            const struct clsnn_metric_row *row = &clsnn_metric_rows[c];
            char what[96];
            if (row->shown == CLSNN_SHOWN_TIME) continue;
            json_t *value = clsnn_metric_json(row, &recorded->metrics[k]);
            if (json_is_null(value)) continue; /* version 0.1 did not know the metric */
            snprintf(what, sizeof what, "evaluation %zu: %s", k + 1, row->field.name);
            compare(v, what, value, clsnn_metric_json(row, &found->metrics[k]));
        }
    }
    compare(v, "evaluations", json_integer((json_int_t)recorded->n_metrics),
            json_integer((json_int_t)found->n_metrics));
}

static void compare_result(struct verdict *v, const struct clsnn_run *recorded,
                           const struct clsnn_run *found) {
    const struct clsnn_score *a = &clsnn_run_last(recorded)->score, *b = &clsnn_run_last(found)->score;
    compare(v, "final_sha256", json_string(recorded->sha256), json_string(found->sha256));
    compare(v, "confusion", clsnn_record_confusion(a->confusion, a->n_classes),
            clsnn_record_confusion(b->confusion, b->n_classes));
    compare(v, "confusion_proportion", clsnn_record_confusion(a->confusion_proportion, a->n_classes),
            clsnn_record_confusion(b->confusion_proportion, b->n_classes));
    compare(v, "presentations", clsnn_json_whole(recorded->totals.presentations),
            clsnn_json_whole(found->totals.presentations));
    compare(v, "given_up", clsnn_json_whole(recorded->totals.given_up),
            clsnn_json_whole(found->totals.given_up));
}

/* Compares the arrays of model.npz. run.json holds only a hash, so it does not show whether the file is
 * missing, damaged or another run's. */
static enum clsnn_status compare_model(struct verdict *v, const char *dir,
                                       const struct clsnn_learned *found) {
    struct clsnn_learned recorded = {0};
    char *path = clsnn_file_join(dir, "model.npz");
    enum clsnn_status st = path ? clsnn_learned_read(path, &recorded) : CLSNN_E_MEMORY;
    const size_t n = found->n_post;
    if (st == CLSNN_OK && recorded.labels.labels && recorded.labels.n_classes != found->labels.n_classes) {
        compare(v, "model.npz: classes", json_integer(recorded.labels.n_classes),
                json_integer(found->labels.n_classes));
    } else if (st == CLSNN_OK && recorded.n_post == n && recorded.n_pre == found->n_pre) {
        const struct {
            const char *what;
            const void *recorded, *found;
            size_t n_bytes;
        } rows[] = {
            {"model.npz: w", recorded.w, found->w, found->n_pre * n * sizeof(float)},
            {"model.npz: theta_mv", recorded.theta_mv, found->theta_mv, n * sizeof(float)},
            {"model.npz: labels", recorded.labels.labels, found->labels.labels, n * sizeof(int32_t)},
            {"model.npz: proportions", recorded.labels.proportions, found->labels.proportions,
             n * found->labels.n_classes * sizeof(float)},
        };
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
            if (!rows[k].recorded || memcmp(rows[k].recorded, rows[k].found, rows[k].n_bytes) != 0)
                compare(v, rows[k].what, json_string("other values"), json_string("those of the training"));
    } else if (st == CLSNN_OK) {
        compare(v, "model.npz: neurons", json_integer(recorded.n_post), json_integer((json_int_t)n));
        compare(v, "model.npz: inputs", json_integer(recorded.n_pre), json_integer(found->n_pre));
    } else if (st != CLSNN_E_MEMORY) {
        compare(v, "model.npz", clsnn_json_text(clsnn_error_text()),
                json_string("the result of the training"));
        clsnn_error_clear();
        st = CLSNN_OK;
    }
    clsnn_learned_finish(&recorded);
    free(path);
    return st;
}

static enum clsnn_status print_json(const struct clsnn_options *o, const struct clsnn_run *r,
                                    const struct clsnn_session *s, const struct clsnn_run *found,
                                    const struct verdict *v, bool same_kernels) {
    bool ok = true;
    json_t *out = json_object();
    clsnn_json_add(out, "run", clsnn_json_text(o->operands[0]), &ok);
    clsnn_json_add(out, "equal", json_boolean(json_array_size(v->differences) == 0), &ok);
    clsnn_json_add(out, "recorded_sha256", json_string(r->sha256), &ok);
    clsnn_json_add(out, "final_sha256", json_string(found->sha256), &ok);
    clsnn_json_add(out, "evaluations", json_integer((json_int_t)r->n_metrics), &ok);
    clsnn_json_add(out, "same_kernels", json_boolean(same_kernels), &ok);
    clsnn_json_add(out, "recorded_device", clsnn_json_text(r->device), &ok);
    clsnn_json_add(out, "recorded_driver", clsnn_json_text(r->driver), &ok);
    clsnn_json_add(out, "device", clsnn_json_text(s->devices->dev->info.name), &ok);
    clsnn_json_add(out, "driver", clsnn_json_text(s->devices->dev->info.driver), &ok);
    clsnn_json_add(out, "differences", json_incref(v->differences), &ok);
    if (ok) ok = json_dumpf(out, o->out, JSON_COMPACT | JSON_REAL_PRECISION(17)) == 0;
    fputc('\n', o->out);
    json_decref(out);
    return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_IO, "standard output: the verdict could not be written");
}

static void print_text(const struct clsnn_options *o, const struct clsnn_run *r,
                       const struct clsnn_session *s, const struct verdict *v, bool same_kernels) {
    const size_t n = json_array_size(v->differences), shown = n < 20 ? n : 20;
    fprintf(o->out, "run            %s: %u neurons, %u epoch%s, seed %llu, %s\n", o->operands[0],
            r->plan.neurons, r->plan.epochs, r->plan.epochs == 1 ? "" : "s", (unsigned long long)r->plan.seed,
            r->data_name);
    fprintf(o->out, "recorded on    %s (driver %s, work-groups of %lld), clsnn %s\n", r->device, r->driver,
            r->work_group, r->version);
    fprintf(o->out, "trained again  %s (driver %s, work-groups of %d), clsnn %s%s\n",
            s->devices->dev->info.name, s->devices->dev->info.driver,
            clsnn_program_work_group(s->devices->prog), CLSNN_VERSION, same_kernels ? "" : ", other kernels");
    for (size_t k = 0; k < shown; k++) {
        const json_t *row = json_array_get(v->differences, k);
        char *recorded = clsnn_json_line(json_object_get(row, "recorded")),
             *found = clsnn_json_line(json_object_get(row, "found"));
        fprintf(o->out, "differs        %s: recorded %.100s, now %.100s\n", clsnn_json_text_of(row, "what"),
                recorded ? recorded : "?", found ? found : "?");
        free(recorded);
        free(found);
    }
    if (n > shown) fprintf(o->out, "differs        ... and %zu more\n", n - shown);
    if (n == 0)
        fprintf(o->out,
                "final_sha256   %s\nverdict        EQUAL: weights, thresholds, labels, model.npz and %zu "
                "evaluation%s, bit for bit\n",
                r->sha256, r->n_metrics, r->n_metrics == 1 ? "" : "s");
    else
        fprintf(o->out, "verdict        DIFFERS\n");
}

/* The context of on_stage. */
struct again {
    struct clsnn_progress_line *progress;
    const struct clsnn_run *recorded;
    bool training;       /* the last stage was training */
    double before, last; /* seconds of training up to the last evaluation, and up to the last stage */
};

/* Shows the progress of the whole run: the experiment's own plan ends at the next evaluation. */
static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct again *a = ctx;
    struct clsnn_stage whole = *stage;
    a->training = stage->kind == CLSNN_STAGE_TRAIN;
    if (stage->kind != CLSNN_STAGE_READOUT) whole.n_epochs = a->recorded->plan.epochs;
    if (a->training) {
        whole.total = (uint64_t)whole.n_epochs * a->recorded->plan.train_images;
        whole.seconds = a->last = a->before + stage->seconds;
        if (stage->images_per_second > 0)
            whole.eta_seconds = (double)(whole.total - whole.done) / stage->images_per_second;
    }
    clsnn_progress_stage(a->progress, &whole);
    return !clsnn_session_stopping();
}

/* Trains to each evaluated epoch in turn, as a run did that went on for more epochs than first planned. */
static enum clsnn_status train_again(struct clsnn_experiment *x, const struct clsnn_run *r,
                                     struct clsnn_progress_line *progress) {
    enum clsnn_status st = CLSNN_OK;
    struct again again = {.progress = progress, .recorded = r};
    const struct clsnn_watcher watcher = {.stage = on_stage, .ctx = &again};
    for (size_t k = 0; k < r->n_metrics; k++) {
        struct clsnn_experiment *slot = x;
        x->plan.epochs = (uint32_t)r->metrics[k].epoch;
        TRY(clsnn_experiments_run(x->batch, &slot, &watcher));
        again.before = again.last;
    }
fail:
    if (st != CLSNN_STOPPED) return st;
    clsnn_progress_end(progress);
    clsnn_error_clear();
    return again.training ? clsnn_fail(st,
                                       "stopped in epoch %u of %u after %u of %u images; nothing is saved: "
                                       "start it again",
                                       x->at.epoch + 1, r->plan.epochs, x->at.position, x->plan.train_images)
                          : clsnn_fail(st, "stopped while evaluating; nothing is saved: start it again");
}

/* Fails if dir is no run's directory, and says what to name in its place. */
static enum clsnn_status check_is_run(const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    struct stat info;
    const bool there = stat(dir, &info) == 0;
    const bool is_run = clsnn_file_is_there(dir, "run.json"), is_sweep = clsnn_file_is_there(dir, "runs");
    if (there && !S_ISDIR(info.st_mode))
        st = clsnn_fail(CLSNN_E_IO, "%s: is a file: name a finished run's directory", dir);
    else if (!is_run && is_sweep)
        st = clsnn_fail(CLSNN_E_IO, "%s: no run.json in it: name a run of it, %s/runs/NAME", dir, dir);
    else if (!is_run)
        st = clsnn_fail(CLSNN_E_IO, "%s: %s: name a finished run's directory", dir,
                        there ? "no run.json in it" : "no such directory");
    return st;
}

static enum clsnn_status read_run(const char *dir, struct clsnn_run *out) {
    enum clsnn_status st = check_is_run(dir);
    if (st == CLSNN_OK) st = clsnn_run_json_read(dir, out);
    if (st != CLSNN_OK || out->state == CLSNN_RUN_FINISHED) return st;
    return clsnn_fail(CLSNN_E_DATA,
                      "%s: its state is %s: only a finished run can be verified (train --resume finishes it)",
                      dir, clsnn_run_state_name(out->state));
}

/* Gives x the weights that the run began with. from: --from, or NULL. */
static enum clsnn_status start_as(const struct clsnn_run *r, const char *from, struct clsnn_experiment *x) {
    const enum clsnn_status st = clsnn_start_apply(from ? from : r->from, x, NULL);
    char text[512];
    if (from || (st != CLSNN_E_IO && st != CLSNN_E_DATA)) return st;
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(st, "%s; the run began with this file: --from FILE says where it is now", text);
}

enum clsnn_status clsnn_cmd_verify(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session session = {.n_devices = 0};
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x = NULL;
    struct clsnn_learned learned = {0};
    struct clsnn_run r = {.n_metrics = 0}, found = {.n_metrics = 0};
    struct verdict v = {.differences = NULL, .ok = true};
    bool data_given = false;
    struct clsnn_options as_recorded = *o; /* borrows everything */
    const char *dir = o->operands[0];
    char kernels[CLSNN_SHA256_HEX];
    clsnn_options_visit(o, note_data, &data_given);
    TRY(read_run(dir, &r));
    if (o->from && !r.plan.from_sha256[0]) {
        st = clsnn_fail(CLSNN_E_USAGE, "--from %s: %s began without --from: leave it out", o->from, dir);
        goto fail;
    }
    char spec[sizeof r.data_source];
    snprintf(spec, sizeof spec, "%s", clsnn_run_data_spec(r.data_name, r.data_source));
    if (!data_given) as_recorded.data = spec;
    as_recorded.validate = (int32_t)r.plan.validate;
    as_recorded.neurons = (int)r.plan.neurons;
    TRY(clsnn_session_open(&session, &as_recorded, &as_recorded, 1));
    session.plan = r.plan;
    if (strcmp(session.data.sha256, r.data_sha256) != 0) {
        st = clsnn_fail(
            CLSNN_E_DATA,
            "%s: was trained on other data: %s from %s with SHA-256 %s, here is %s from %s with %s: choose "
            "with --data",
            dir, r.data_name, r.data_source, r.data_sha256, session.data.name, session.data.source,
            session.data.sha256);
        goto fail;
    }
    as_recorded.model.laws = r.plan.model.laws;
    TRY(clsnn_session_compile(&session, &as_recorded, &as_recorded, 1, true));
    TRY(clsnn_session_batch(&session, 1, &batch));
    TRY(clsnn_experiment_create(batch, 0, &session.plan, &x));
    if (r.plan.from_sha256[0]) TRY(start_as(&r, o->from, x));
    TRY(clsnn_program_hash(kernels));
    clsnn_progress_note(&session.progress,
                        "training %s again: %u neurons on %u images, %u epoch%s, seed %llu", dir,
                        r.plan.neurons, x->plan.train_images, r.plan.epochs, r.plan.epochs == 1 ? "" : "s",
                        (unsigned long long)r.plan.seed);
    TRY(train_again(x, &r, &session.progress));
    TRY(clsnn_experiment_learned(x, &learned));
    TRY(clsnn_run_of(&(struct clsnn_report){.options = o, .experiment = x}, &learned, &found));
    v.differences = json_array();
    compare_result(&v, &r, &found);
    compare_metrics(&v, &r, &found);
    TRY(compare_model(&v, dir, &learned));
    if (!v.ok || !v.differences) {
        st = clsnn_no_memory("verify");
        goto fail;
    }
    const bool same_kernels = strcmp(r.kernels_sha256, kernels) == 0;
    if (o->json)
        TRY(print_json(o, &r, &session, &found, &v, same_kernels));
    else
        print_text(o, &r, &session, &v, same_kernels);
    const size_t n = json_array_size(v.differences);
    if (n)
        st = clsnn_fail(CLSNN_E_FAILED, "%s: trained again, %zu value%s%s, the first: %s%s", dir, n,
                        n == 1 ? "" : "s", n == 1 ? " differs" : " differ",
                        clsnn_json_text_of(json_array_get(v.differences, 0), "what"),
                        same_kernels ? "" : " (this version has other kernels than the run)");
fail:
    json_decref(v.differences);
    clsnn_learned_finish(&learned);
    clsnn_run_finish(&found);
    clsnn_experiment_destroy(x);
    clsnn_batch_destroy(batch);
    clsnn_session_close(&session);
    clsnn_run_finish(&r);
    return st;
}
