/* Opens models for commands, and starts training with one. The plan keeps the file's SHA-256, so that a run
 * that is resumed, repeated or collected has begun with the same weights. */
#include "run/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "clsnn/abi.h"
#include "experiment/batch.h"
#include "experiment/experiment.h"
#include "experiment/model_npz.h"
#include "run/about.h"
#include "run/run_json.h"

/* Fails because the run in dir has no model.npz yet. */
static enum clsnn_status unfinished(const char *dir) {
    struct clsnn_run run = {.n_metrics = 0};
    const char *state = clsnn_run_json_read(dir, &run) == CLSNN_OK ? clsnn_run_state_name(run.state) : NULL;
    const bool saved = clsnn_file_is_there(dir, "checkpoint");
    clsnn_run_finish(&run);
    clsnn_error_clear();
    return clsnn_fail(CLSNN_E_IO,
                      "%s: this run is %s and has no model.npz: clsnn train --resume finishes it%s%s%s", dir,
                      state ? state : "unfinished", saved ? "; clsnn eval tests a checkpoint of " : "",
                      saved ? dir : "", saved ? "/checkpoint" : "");
}

/* Says more about a model that could not be read, where its kind or its place tells what was meant. st: the
 * recorded failure. */
static enum clsnn_status explain(const char *path, enum clsnn_status st) {
    struct stat info;
    char dir[4096], text[2048], head[6] = "";
    if (stat(path, &info) != 0) {
        const char *slash = strrchr(path, '/');
        snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
        return clsnn_file_is_there(dir, "run.json") || clsnn_file_is_there(dir, "checkpoint")
                   ? unfinished(dir)
                   : st;
    }
    if (S_ISDIR(info.st_mode)) {
        snprintf(dir, sizeof dir, "%.*s", (int)strlen(path) - (path[strlen(path) - 1] == '/'), path);
        if (!clsnn_file_is_there(dir, "model.npz"))
            return clsnn_file_is_there(dir, "run.json") || clsnn_file_is_there(dir, "checkpoint")
                       ? unfinished(dir)
                       : st;
        clsnn_error_clear();
        return clsnn_fail(CLSNN_E_IO, "%s: is a directory: did you mean %s/model.npz?", path, dir);
    }
    if (st != CLSNN_E_DATA) return st;
    FILE *file = fopen(path, "re");
    const bool is_read = file && fread(head, 1, sizeof head, file) == sizeof head;
    if (file) fclose(file);
    if (is_read && memcmp(head, "PK", 2) == 0) return st;
    if (is_read && memcmp(head, "\x93NUMPY", 6) == 0) {
        clsnn_error_clear();
        return clsnn_fail(st,
                          "%s: is one array, no model: clsnn import %s [THETA] MODEL.npz makes a model of "
                          "weights",
                          path, path);
    }
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(st, "%s: must be the model.npz or a checkpoint of clsnn train", text);
}

static enum clsnn_status read_file(const char *path, struct clsnn_learned *out,
                                   char sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    void *bytes = NULL;
    size_t n_bytes = 0;
    TRY(clsnn_file_read(path, CLSNN_MAX_MODEL_FILE, &bytes, &n_bytes));
    TRY(clsnn_learned_parse(bytes, n_bytes, path, out));
    if (sha256) st = clsnn_sha256_hex(bytes, n_bytes, sha256);
    if (st != CLSNN_OK) clsnn_learned_finish(out);
fail:
    free(bytes);
    return st;
}

enum clsnn_status clsnn_model_open(const char *path, struct clsnn_learned *out,
                                   char sha256[CLSNN_SHA256_HEX]) {
    const enum clsnn_status st = read_file(path, out, sha256);
    return st == CLSNN_E_IO || st == CLSNN_E_DATA ? explain(path, st) : st;
}

/* Opens the file that a network of `neurons` neurons starts with. */
static enum clsnn_status open_start(const char *from, const struct clsnn_dataset *data,
                                    const struct clsnn_plan *plan, struct clsnn_warnings *w,
                                    struct clsnn_learned *out, char sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned l = {0};
    char differences[256] = "";
    TRY(clsnn_model_open(from, &l, sha256));
    if (l.n_post != plan->neurons) {
        st = clsnn_fail(CLSNN_E_USAGE,
                        "--from %s: has %u neurons, the run %u: must be equal: give --neurons %u", from,
                        l.n_post, plan->neurons, l.n_post);
        goto fail;
    }
    if (l.n_pre != clsnn_dataset_pixels(data)) {
        st = clsnn_fail(
            CLSNN_E_USAGE,
            "--from %s: has %u inputs, but images of %u x %u pixels in %s: must be as many: choose "
            "with --data",
            from, l.n_pre, data->test.height, data->test.width, data->source);
        goto fail;
    }
    const int longest = clsnn_learned_delay(&l), most = plan->model.laws.delay_max;
    if (most > 0 && longest > most) {
        st = clsnn_fail(CLSNN_E_USAGE,
                        "--from %s: has delays of up to %g ms, the run of up to %g: must not be longer: give "
                        "--delays 0:%g, or none to leave them out",
                        from, longest * CLSNN_DT_MS, most * CLSNN_DT_MS, longest * CLSNN_DT_MS);
        goto fail;
    }
    if (w) {
        TRY(clsnn_about_compare(l.about, from, &plan->model, differences));
        if (differences[0])
            clsnn_warnings_add(w, CLSNN_WARN_other_settings, "%s was trained with other settings: %s", from,
                               differences);
        clsnn_warnings_of_model(w, &l, from, &plan->model);
    }
    *out = l;
    l = (struct clsnn_learned){0};
fail:
    clsnn_learned_finish(&l);
    return st;
}

enum clsnn_status clsnn_start_plan(const char *from, const struct clsnn_dataset *data,
                                   struct clsnn_plan *plan, struct clsnn_warnings *w) {
    struct clsnn_learned l = {0};
    if (!from) return CLSNN_OK;
    const enum clsnn_status st = open_start(from, data, plan, w, &l, plan->from_sha256);
    clsnn_learned_finish(&l);
    return st;
}

enum clsnn_status clsnn_start_apply(const char *from, struct clsnn_experiment *x, struct clsnn_warnings *w) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned l = {0};
    char sha256[CLSNN_SHA256_HEX] = "";
    if (!from) return CLSNN_OK;
    TRY(open_start(from, x->batch->data, &x->plan, w, &l, sha256));
    if (strcmp(sha256, x->plan.from_sha256) != 0) {
        st = clsnn_fail(CLSNN_E_DATA,
                        "--from %s: its SHA-256 is %.12s..., %.12s... was planned: name the file "
                        "that the run began with",
                        from, sha256, x->plan.from_sha256);
        goto fail;
    }
    TRY(clsnn_experiment_set_model(x, &l));
fail:
    clsnn_learned_finish(&l);
    return st;
}
