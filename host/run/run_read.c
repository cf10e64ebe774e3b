/* Runs read back. */
#include "run/run_read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "clsnn/npz.h"
#include "formats/json.h"
#include "run/record.h"

enum { MAX_RUN_JSON = 1 << 26 };

static void found(struct clsnn_run_result *r, enum clsnn_run_found what, const char *why) {
    r->found = what;
    snprintf(r->why, sizeof r->why, "%s", why);
}

/* Takes over the recorded error as what is wrong with the run. */
static void found_error(struct clsnn_run_result *r) {
    found(r, CLSNN_FOUND_CORRUPT, clsnn_error_text());
    clsnn_error_clear();
}

static uint64_t whole_of(const json_t *o, const char *name) {
    const json_int_t value = json_integer_value(json_object_get(o, name));
    return value > 0 ? (uint64_t)value : 0;
}

static double real_of(const json_t *o, const char *name) {
    return json_number_value(json_object_get(o, name));
}

/* The hash of what model.npz holds, as final_sha256 is made. */
static void check_model(const char *dir, struct clsnn_run_result *out) {
    struct clsnn_npz npz = {0};
    const struct clsnn_array *w, *theta, *labels;
    struct clsnn_sha256 *hash = NULL;
    char hex[CLSNN_SHA256_HEX];
    char *path = clsnn_file_join(dir, "model.npz");
    if (!path || clsnn_npz_read(path, CLSNN_MAX_MODEL_BYTES, &npz) != CLSNN_OK ||
        clsnn_npz_get(&npz, path, "w", CLSNN_F4, 2, (const size_t[]){CLSNN_N_PRE, 0}, &w) != CLSNN_OK ||
        clsnn_npz_get(&npz, path, "theta_mv", CLSNN_F4, 1, &w->shape[1], &theta) != CLSNN_OK ||
        clsnn_npz_get(&npz, path, "labels", CLSNN_I4, 1, &w->shape[1], &labels) != CLSNN_OK ||
        !(hash = clsnn_sha256_create())) {
        found_error(out);
    } else {
        clsnn_sha256_add(hash, w->data, clsnn_array_count(w) * sizeof(float));
        clsnn_sha256_add(hash, theta->data, clsnn_array_count(theta) * sizeof(float));
        clsnn_sha256_add(hash, labels->data, clsnn_array_count(labels) * sizeof(int32_t));
        clsnn_sha256_finish(hash, hex);
        if (strcmp(hex, out->sha256) != 0)
            found(out, CLSNN_FOUND_CORRUPT, "model.npz does not have the hash that run.json tells");
    }
    clsnn_npz_finish(&npz);
    free(path);
}

static void read_finished(const json_t *run, const char *plan, struct clsnn_run_result *out) {
    const json_t *result = json_object_get(run, "result"), *metrics = json_object_get(run, "metrics"),
                 *last = json_array_get(metrics, json_array_size(metrics) - 1);
    const char *hash = json_string_value(json_object_get(result, "final_sha256"));
    char *own = json_dumps(json_object_get(run, "plan"),
                           JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY);
    const bool same = own && strcmp(own, plan) == 0;
    free(own);
    if (!same) {
        found(out, CLSNN_FOUND_OTHER, "it was made with other settings, or other data");
        return;
    }
    if (!hash || strlen(hash) != CLSNN_SHA256_HEX - 1 || !json_is_object(last)) {
        found(out, CLSNN_FOUND_CORRUPT, "run.json tells no result");
        return;
    }
    memcpy(out->sha256, hash, sizeof out->sha256);
    out->accuracy_all = real_of(last, "accuracy_all");
    out->accuracy_proportion = real_of(last, "accuracy_proportion");
    out->exc_spikes_per_image = real_of(last, "exc_spikes_per_image");
    out->test_spikes_per_image = real_of(last, "test_spikes_per_image");
    out->theta_mean_mv = real_of(last, "theta_mean_mv");
    out->images = whole_of(last, "images");
    out->retries = whole_of(last, "retries");
    out->given_up = whole_of(last, "given_up");
    out->unlabelled = whole_of(last, "unlabelled_neurons");
    out->presentations = whole_of(result, "presentations");
    out->found = CLSNN_FOUND_FINISHED;
}

enum clsnn_status clsnn_results_read(const char *dir, const char *plan, struct clsnn_run_result *out) {
    void *text = NULL;
    size_t n_bytes = 0;
    enum clsnn_status st = CLSNN_OK;
    json_t *run = NULL;
    *out = (struct clsnn_run_result){.found = CLSNN_FOUND_NOTHING};
    char *path = clsnn_file_join(dir, "run.json");
    if (!path) return clsnn_no_memory("results");
    if (access(path, F_OK) != 0) goto done;
    if (clsnn_file_read(path, MAX_RUN_JSON, &text, &n_bytes) != CLSNN_OK) {
        found_error(out);
        goto done;
    }
    st = clsnn_json_parse(text, n_bytes, "run.json", "is no JSON", &run);
    if (st == CLSNN_E_MEMORY) goto done;
    const char *state = json_string_value(json_object_get(run, "state"));
    if (st != CLSNN_OK) {
        found_error(out);
        st = CLSNN_OK;
    } else if (!state) {
        found(out, CLSNN_FOUND_CORRUPT, "run.json tells no state");
    } else if (strcmp(state, "finished") == 0) {
        read_finished(run, plan, out);
        if (out->found == CLSNN_FOUND_FINISHED) check_model(dir, out);
    } else if (strcmp(state, "failed") == 0) {
        const char *why = json_string_value(json_object_get(run, "error"));
        found(out, CLSNN_FOUND_FAILED, why ? why : "it failed");
    } else {
        found(out, CLSNN_FOUND_BROKEN_OFF, "it was broken off");
    }
done:
    json_decref(run);
    free(text);
    free(path);
    return st;
}

void clsnn_results_of(const struct clsnn_experiment *x, const struct clsnn_learned *learned,
                      struct clsnn_run_result *out) {
    const struct clsnn_metrics *m = &x->metrics[x->n_metrics - 1];
    *out = (struct clsnn_run_result){.found = CLSNN_FOUND_FINISHED,
                                     .accuracy_all = m->accuracy_all,
                                     .accuracy_proportion = m->accuracy_proportion,
                                     .exc_spikes_per_image = m->exc_spikes_per_image,
                                     .test_spikes_per_image = m->test_spikes_per_image,
                                     .theta_mean_mv = m->theta_mean_mv,
                                     .images = m->images,
                                     .retries = m->retries,
                                     .given_up = m->given_up,
                                     .unlabelled = m->unlabelled,
                                     .presentations = clsnn_experiment_presentations(x)};
    memcpy(out->sha256, learned->sha256, sizeof out->sha256);
}
