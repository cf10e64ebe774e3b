/* clsnn verify RUN_DIR: trains a finished run again, from nothing but its run.json and the same data, and compares every bit of the
 * result: on another device, driver or work-group, that is the point of it. */
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "commands/commands.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "formats/json.h"
#include "options/options_render.h"
#include "run/record.h"
#include "commands/session.h"

static const size_t max_run_bytes = (size_t)64 << 20;

/* What run.json says. */
struct recorded {
    char *path;
    json_t *run;
    struct clsnn_plan plan;
    char data_name[16], data_sha256[CLSNN_SHA256_HEX];
    const char *data_source, *final_sha256; /* borrowed from run */
    const json_t *metrics, *result;         /* borrowed */
};

static void recorded_finish(struct recorded *r) {
    free(r->path);
    json_decref(r->run);
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static enum clsnn_status check_finished(const struct recorded *r) {
    const char *command = text_of(r->run, "command"), *state = text_of(r->run, "state");
    char shown[CLSNN_EXCERPT];
    uint64_t format = 0;
    if (!clsnn_json_read_whole(json_object_get(r->run, "format"), 1, &format) || format != 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: is of no format that this version reads: must be 1", r->path);
    if (!json_object_get(r->run, "plan"))
        return clsnn_fail(CLSNN_E_DATA, "%s: is of command %s and has no plan: only training can be verified",
                          r->path, clsnn_excerpt(command, shown));
    if (strcmp(state, "finished") != 0)
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: state is %s: only a finished run can be verified (train --resume finishes it)",
                          r->path, clsnn_excerpt(state, shown));
    return CLSNN_OK;
}

/* Evaluations are where the run had them, also where it once ended and went on for more epochs. */
static enum clsnn_status check_metrics(const struct recorded *r) {
    const size_t n = json_array_size(r->metrics);
    uint64_t last = 0, epoch;
    for (size_t k = 0; k < n; k++, last = epoch) {
        const json_t *line = json_array_get(r->metrics, k);
        if (!clsnn_json_read_whole(json_object_get(line, "epoch"), r->plan.epochs, &epoch) || epoch <= last)
            return clsnn_fail(CLSNN_E_DATA, "%s: evaluation %zu is of no epoch that can be", r->path, k + 1);
    }
    if (last == r->plan.epochs) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_DATA, "%s: its metrics do not end with epoch %u", r->path, r->plan.epochs);
}

static enum clsnn_status read_run(const char *dir, struct recorded *r) {
    enum clsnn_status st = CLSNN_OK;
    void *bytes = NULL;
    size_t n_bytes = 0;
    r->path = clsnn_file_join(dir, "run.json");
    if (!r->path) return CLSNN_E_MEMORY;
    TRY(clsnn_file_read(r->path, max_run_bytes, &bytes, &n_bytes));
    TRY(clsnn_json_parse(bytes, n_bytes, r->path, "is no JSON object", &r->run));
    if (!json_is_object(r->run)) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: is no JSON object: something else", r->path);
        goto fail;
    }
    TRY(check_finished(r));
    TRY(clsnn_record_read_plan(json_object_get(r->run, "plan"), r->path, &r->plan, r->data_name,
                               r->data_sha256));
    r->metrics = json_object_get(r->run, "metrics");
    r->result = json_object_get(r->run, "result");
    r->data_source = text_of(json_object_get(r->run, "dataset"), "source");
    r->final_sha256 = text_of(r->result, "final_sha256");
    if (strlen(r->final_sha256) != CLSNN_SHA256_HEX - 1) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: result has no final_sha256", r->path);
        goto fail;
    }
    TRY(check_metrics(r));
fail:
    free(bytes);
    return st;
}

/* Everything that determines the result comes from run.json; what else was asked for would silently not be done. */
struct given {
    const char *name; /* the first option on the command line that has no place here */
    bool data;        /* --data was given */
};

static void note_given(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                       bool is_param) {
    struct given *g = ctx;
    (void)value, (void)is_number;
    if (strcmp(origin, "command line") != 0) return;
    if (strcmp(name, "data") == 0) g->data = true;
    if (!g->name &&
        (is_param || strcmp(name, "seed") == 0 || strcmp(name, "out") == 0 || strcmp(name, "preset") == 0))
        g->name = name;
}

/* ---- the comparison ---- */

struct verdict {
    json_t *differences; /* [{what, recorded, found}] */
    bool ok;             /* there was memory for them */
};

static void compare(struct verdict *v, const char *what, json_t *recorded, json_t *found) {
    if (json_equal(recorded, found)) return;
    json_t *row = json_object();
    clsnn_json_add(row, "what", json_string(what), &v->ok);
    clsnn_json_add(row, "recorded", recorded ? json_incref(recorded) : json_null(), &v->ok);
    clsnn_json_add(row, "found", found ? json_incref(found) : json_null(), &v->ok);
    if (json_array_append_new(v->differences, row) != 0) v->ok = false;
}

static void compare_metrics(struct verdict *v, const struct recorded *r, const struct clsnn_experiment *x) {
    const size_t n = json_array_size(r->metrics);
    for (size_t k = 0; k < n || k < x->n_metrics; k++) {
        const json_t *recorded = json_array_get(r->metrics, k);
        json_t *found = k < x->n_metrics ? clsnn_record_metrics(&x->metrics[k], &v->ok) : json_object();
        const char *name;
        json_t *value;
        json_object_foreach (found, name, value) {
            char what[96];
            snprintf(what, sizeof what, "evaluation %zu: %s", k + 1, name);
            if (!clsnn_record_is_time(name)) compare(v, what, json_object_get(recorded, name), value);
        }
        json_decref(found);
    }
}

static void compare_result(struct verdict *v, const struct recorded *r, const struct clsnn_experiment *x,
                           const struct clsnn_learned *learned) {
    const struct clsnn_score *score = &x->metrics[x->n_metrics - 1].score;
    const struct {
        const char *name;
        json_t *found;
    } rows[] = {
        {"final_sha256", json_string(learned->sha256)},
        {"confusion", clsnn_record_confusion(score->confusion)},
        {"confusion_proportion", clsnn_record_confusion(score->confusion_proportion)},
        {"presentations", clsnn_json_whole(clsnn_experiment_presentations(x))},
        {"given_up", clsnn_json_whole(x->at.trained.given_up + x->at.given_up_evaluating)},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (!rows[k].found) v->ok = false;
        compare(v, rows[k].name, json_object_get(r->result, rows[k].name), rows[k].found);
        json_decref(rows[k].found);
    }
}

static void add_difference(struct verdict *v, const char *what, const char *recorded, const char *found) {
    json_t *a = clsnn_json_text(recorded), *b = clsnn_json_text(found);
    if (!a || !b) v->ok = false;
    compare(v, what, a, b);
    json_decref(a);
    json_decref(b);
}

/* The weights file itself, which run.json says nothing of but its hash: missing, damaged or another run's. */
static enum clsnn_status compare_model(struct verdict *v, const char *dir, const struct clsnn_experiment *x,
                                       const struct clsnn_learned *learned) {
    const size_t n = learned->n_post, wide[] = {CLSNN_N_PRE, n}, flat[] = {n}, shares[] = {n, CLSNN_CLASSES};
    const struct {
        const char *name, *what;
        enum clsnn_dtype dtype;
        int n_dims;
        const size_t *shape;
        const void *wanted;
    } rows[] = {
        {"w", "model.npz: w", CLSNN_F4, 2, wide, learned->w},
        {"theta_mv", "model.npz: theta_mv", CLSNN_F4, 1, flat, learned->theta_mv},
        {"labels", "model.npz: labels", CLSNN_I4, 1, flat, x->labels.labels},
        {"proportions", "model.npz: proportions", CLSNN_F4, 2, shares, x->labels.proportions},
    };
    struct clsnn_npz npz = {0};
    char *path = clsnn_file_join(dir, "model.npz");
    if (!path) return CLSNN_E_MEMORY;
    enum clsnn_status st = clsnn_npz_read(path, CLSNN_MAX_MODEL_BYTES, &npz);
    for (size_t k = 0; st == CLSNN_OK && k < sizeof rows / sizeof *rows; k++) {
        const struct clsnn_array *a = NULL;
        st = clsnn_npz_get(&npz, path, rows[k].name, rows[k].dtype, rows[k].n_dims, rows[k].shape, &a);
        if (st == CLSNN_OK &&
            memcmp(a->data, rows[k].wanted, clsnn_array_count(a) * clsnn_dtype_bytes(a->dtype)) != 0)
            add_difference(v, rows[k].what, "other values", "those of the training");
    }
    if (st != CLSNN_OK && st != CLSNN_E_MEMORY) {
        add_difference(v, "model.npz", clsnn_error_text(), "the result of the training");
        clsnn_error_clear();
        st = CLSNN_OK;
    }
    clsnn_npz_finish(&npz);
    free(path);
    return st;
}

/* ---- telling ---- */

static enum clsnn_status print_json(const struct clsnn_options *o, const struct recorded *r,
                                    const struct clsnn_session *s, const struct clsnn_learned *learned,
                                    const struct verdict *v, bool same_kernels) {
    const json_t *device = json_object_get(r->run, "opencl_device");
    bool ok = true;
    json_t *out = json_object();
    clsnn_json_add(out, "run", clsnn_json_text(o->operands[0]), &ok);
    clsnn_json_add(out, "equal", json_boolean(json_array_size(v->differences) == 0), &ok);
    clsnn_json_add(out, "recorded_sha256", json_string(r->final_sha256), &ok);
    clsnn_json_add(out, "final_sha256", json_string(learned->sha256), &ok);
    clsnn_json_add(out, "evaluations", json_integer((json_int_t)json_array_size(r->metrics)), &ok);
    clsnn_json_add(out, "same_kernels", json_boolean(same_kernels), &ok);
    clsnn_json_add(out, "recorded_device", json_string(text_of(device, "name")), &ok);
    clsnn_json_add(out, "recorded_driver", json_string(text_of(device, "driver")), &ok);
    clsnn_json_add(out, "device", clsnn_json_text(s->dev->info.name), &ok);
    clsnn_json_add(out, "driver", clsnn_json_text(s->dev->info.driver), &ok);
    clsnn_json_add(out, "differences", json_incref(v->differences), &ok);
    if (ok) ok = json_dumpf(out, o->out, JSON_COMPACT | JSON_REAL_PRECISION(17)) == 0;
    fputc('\n', o->out);
    json_decref(out);
    return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_IO, "standard output: the verdict could not be written");
}

static void print_text(const struct clsnn_options *o, const struct recorded *r, const struct clsnn_session *s,
                       const struct verdict *v, bool same_kernels) {
    const json_t *device = json_object_get(r->run, "opencl_device");
    const size_t n = json_array_size(v->differences), shown = n < 20 ? n : 20;
    fprintf(o->out, "run            %s: %u neurons, %u epoch%s, seed %llu, %s\n", o->operands[0],
            r->plan.neurons, r->plan.epochs, r->plan.epochs == 1 ? "" : "s", (unsigned long long)r->plan.seed,
            r->data_name);
    fprintf(o->out, "recorded on    %s (driver %s, work-groups of %lld), clsnn %s\n", text_of(device, "name"),
            text_of(device, "driver"), (long long)json_integer_value(json_object_get(device, "work_group")),
            text_of(r->run, "clsnn_version"));
    fprintf(o->out, "trained again  %s (driver %s, work-groups of %d), clsnn %s%s\n", s->dev->info.name,
            s->dev->info.driver, s->prog->work_group, CLSNN_VERSION, same_kernels ? "" : ", other kernels");
    for (size_t k = 0; k < shown; k++) {
        const json_t *row = json_array_get(v->differences, k);
        char *recorded = json_dumps(json_object_get(row, "recorded"), JSON_ENCODE_ANY | JSON_COMPACT),
             *found = json_dumps(json_object_get(row, "found"), JSON_ENCODE_ANY | JSON_COMPACT);
        fprintf(o->out, "differs        %s: recorded %.100s, now %.100s\n", text_of(row, "what"),
                recorded ? recorded : "?", found ? found : "?");
        free(recorded);
        free(found);
    }
    if (n > shown) fprintf(o->out, "differs        ... and %zu more\n", n - shown);
    if (n == 0)
        fprintf(o->out,
                "final_sha256   %s\nverdict        EQUAL: weights, thresholds, labels, model.npz and %zu "
                "evaluation%s, "
                "bit for bit\n",
                r->final_sha256, json_array_size(r->metrics), json_array_size(r->metrics) == 1 ? "" : "s");
    else
        fprintf(o->out, "verdict        DIFFERS\n");
}

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    clsnn_progress_stage(ctx, stage);
    return !clsnn_session_stopping();
}

/* Trains to each epoch that was evaluated, in turn: what a run that went on for more epochs did. */
static enum clsnn_status train_again(struct clsnn_experiment *x, const struct recorded *r,
                                     struct clsnn_progress_line *progress) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_watcher watcher = {.stage = on_stage, .ctx = progress};
    for (size_t k = 0; k < json_array_size(r->metrics); k++) {
        struct clsnn_experiment *slot = x;
        x->plan.epochs =
            (uint32_t)json_integer_value(json_object_get(json_array_get(r->metrics, k), "epoch"));
        TRY(clsnn_experiments_run(x->lab, &slot, &watcher));
    }
fail:
    return st;
}

enum clsnn_status clsnn_cmd_verify(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session session = {.profile = {.seconds = {0}}};
    struct clsnn_lab *lab = NULL;
    struct clsnn_experiment *x = NULL;
    struct clsnn_learned learned = {0};
    struct recorded r = {.path = NULL};
    struct verdict v = {.differences = NULL, .ok = true};
    struct given given = {.name = NULL};
    struct clsnn_options as_recorded = *o; /* borrows everything */
    char kernels[CLSNN_SHA256_HEX];
    clsnn_options_visit(o, note_given, &given);
    if (given.name)
        return clsnn_fail(CLSNN_E_USAGE, "%s: verify takes it from the run's run.json: leave it out",
                          given.name);
    TRY(read_run(o->operands[0], &r));
    if (!given.data) /* found as the run found it; a folder of one's own where it was */
        as_recorded.data =
            strcmp(r.data_name, "custom") == 0 ? (char *)(uintptr_t)r.data_source : r.data_name;
    TRY(clsnn_session_open(&session, &as_recorded));
    session.plan = r.plan;
    if (strcmp(session.data.sha256, r.data_sha256) != 0) {
        st = clsnn_fail(
            CLSNN_E_DATA,
            "%s: was trained on other data: %s from %s with SHA-256 %s, here is %s from %s with %s; --data "
            "chooses",
            r.path, r.data_name, r.data_source, r.data_sha256, session.data.name, session.data.source,
            session.data.sha256);
        goto fail;
    }
    TRY(clsnn_session_compile(&session, &as_recorded));
    TRY(clsnn_session_lab(
        &session, 1, r.plan.train_images > r.plan.label_images ? r.plan.train_images : r.plan.label_images,
        r.plan.test_images, &lab));
    TRY(clsnn_experiment_create(lab, 0, &session.plan, &x));
    TRY(clsnn_program_hash(kernels));
    clsnn_progress_note(&session.progress, "training %s again: %u neurons on %u images, %u epochs, seed %llu",
                        o->operands[0], r.plan.neurons, x->plan.train_images, r.plan.epochs,
                        (unsigned long long)r.plan.seed);
    TRY(train_again(x, &r, &session.progress));
    TRY(clsnn_experiment_learned(x, &learned));
    v.differences = json_array();
    compare_result(&v, &r, x, &learned);
    compare_metrics(&v, &r, x);
    TRY(compare_model(&v, o->operands[0], x, &learned));
    if (!v.ok || !v.differences) {
        st = clsnn_fail(CLSNN_E_MEMORY, "verify: no memory for the comparison");
        goto fail;
    }
    const bool same_kernels = strcmp(text_of(r.run, "kernels_sha256"), kernels) == 0;
    if (o->json)
        TRY(print_json(o, &r, &session, &learned, &v, same_kernels));
    else
        print_text(o, &r, &session, &v, same_kernels);
    const size_t n = json_array_size(v.differences);
    if (n)
        st = clsnn_fail(CLSNN_E_FAILED, "%s: trained again, %zu values differ, the first: %s%s",
                        o->operands[0], n, text_of(json_array_get(v.differences, 0), "what"),
                        same_kernels ? "" : " (this version has other kernels than the run)");
fail:
    json_decref(v.differences);
    clsnn_learned_finish(&learned);
    clsnn_experiment_destroy(x);
    clsnn_lab_destroy(lab);
    clsnn_session_close(&session);
    recorded_finish(&r);
    return st;
}
