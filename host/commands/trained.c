/* Opens a trained network for clsnn eval and clsnn predict. */
#include "commands/trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "run/run_json.h"

bool clsnn_trained_stage(void *ctx, const struct clsnn_stage *stage) {
    clsnn_progress_stage(ctx, stage);
    return !clsnn_session_stopping();
}

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
    char dir[4096], text[2048], head[4] = "";
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
    const bool archive =
        file && fread(head, 1, sizeof head, file) == sizeof head && memcmp(head, "PK", 2) == 0;
    if (file) fclose(file);
    if (archive) return st;
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(st, "%s: must be the model.npz or a checkpoint of clsnn train", text);
}

/* Refuses --out DIR if DIR/model.npz is the model: an earlier run's files move away, this one's too. */
static enum clsnn_status refuse_own_dir(const char *command, const char *dir, const char *model) {
    char *path = clsnn_file_join(dir, "model.npz");
    if (!path) return CLSNN_E_MEMORY;
    const bool same = clsnn_file_is_same(path, model);
    free(path);
    if (!same) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE,
                      "--out %s: is where %s is: clsnn %s would move that run away: choose another directory",
                      dir, model, command);
}

static bool is_given(const struct clsnn_options *o, const char *name) {
    return o->origins &&
           o->origins->of[clsnn_option_find(name) - clsnn_option_rows] == CLSNN_FROM_COMMAND_LINE;
}

enum clsnn_status clsnn_trained_open(struct clsnn_trained *t, const struct clsnn_options *o,
                                     const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session *session = &t->session;
    struct clsnn_about_data trained_on;
    const char *path = o->operands[0];
    *t = (struct clsnn_trained){.path = path, .options = *o};
    st = clsnn_learned_read(path, &t->model);
    if (st == CLSNN_E_IO || st == CLSNN_E_DATA) st = explain(path, st);
    if (st != CLSNN_OK) return st;
    const bool labelled = t->model.labels.labels != NULL;
    TRY(clsnn_about_read(t->model.about, path, &t->options, &trained_on));
    if (dir) {
        TRY(refuse_own_dir(o->command, dir, path));
        TRY(clsnn_report_check_dir(o, dir));
    }
    t->options.neurons = (int)t->model.n_post;
    TRY(clsnn_session_open(session, &t->options, &t->options, 1));
    const struct clsnn_images *test = &session->data.test;
    if (t->model.n_pre != clsnn_dataset_pixels(&session->data))
        TRY(clsnn_fail(CLSNN_E_DATA,
                       "%s: a network of %u inputs, but images of %u x %u pixels in %s: must be as many",
                       path, t->model.n_pre, test->height, test->width, session->data.source));
    if (!labelled && session->data.train.n_images == 0)
        TRY(clsnn_fail(CLSNN_E_DATA, "%s: has no labels, and %s no training images to label it with", path,
                       session->data.source));
    /* own images are what predict is for */
    if (strcmp(o->command, "predict") != 0 && trained_on.sha256[0] &&
        strcmp(trained_on.sha256, session->data.sha256) != 0) {
        clsnn_warnings_add(&session->warnings, CLSNN_WARN_other_data,
                           "%s was trained on other data (%s) than it is tested on (%s: %s)", path,
                           trained_on.name, session->data.name, session->data.source);
    }
    clsnn_warnings_of_model(&session->warnings, &t->model, path, &t->options.model);
    if (!labelled) clsnn_warnings_of_plan(&session->warnings, &session->data, &session->plan);
    TRY(clsnn_session_tell(session, o, &session->warnings));
    TRY(clsnn_session_compile(session, &t->options, &t->options, 1, false));
    session->plan.neurons = t->model.n_post;
    session->plan.epochs = 0;
    session->plan.train_first = 0;
    session->plan.train_images = 1; /* nothing is trained; label_images is a number of its own */
    TRY(clsnn_session_batch(session, 1, &t->batch));
    TRY(clsnn_experiment_create(t->batch, 0, &session->plan, &t->x));
    TRY(clsnn_experiment_set_model(t->x, &t->model));
    if (dir) TRY(clsnn_file_make_dir(dir)); /* fails before the work; earlier files move only after it */
    clsnn_report_start(&t->report, &t->options, t->x, dir);
    t->report.model = path;
    t->report.warnings = session->warnings;
    clsnn_progress_note(&session->progress, "testing %s: %u neurons, %s, on %u test images", path,
                        t->model.n_post, labelled ? "labels from the file" : "no labels yet",
                        t->x->plan.test_images);
    if (labelled && is_given(o, "label-images"))
        clsnn_progress_note(&session->progress, "--label-images is not used: %s has labels, and keeps them",
                            path);
    if (trained_on.replaced[0])
        clsnn_progress_note(&session->progress, "given parameters replace those of %s: %s", path,
                            trained_on.replaced);
fail:
    return st;
}

enum clsnn_status clsnn_trained_stopped(enum clsnn_status st) {
    if (st != CLSNN_STOPPED) return st;
    clsnn_error_clear();
    return clsnn_fail(st, "stopped while evaluating; nothing is saved: start it again");
}

enum clsnn_status clsnn_trained_prepare(struct clsnn_trained *t) {
    const char *dir = t->report.dir;
    int moved = 0;
    const enum clsnn_status st = dir ? clsnn_report_prepare_dir(dir, &moved) : CLSNN_OK;
    if (moved)
        clsnn_progress_note(&t->session.progress,
                            "%s held an earlier run: its files are now in %s/previous-%d", dir, dir, moved);
    return st;
}

void clsnn_trained_close(struct clsnn_trained *t) {
    clsnn_experiment_destroy(t->x);
    clsnn_batch_destroy(t->batch);
    clsnn_session_close(&t->session);
    clsnn_learned_finish(&t->model);
}
