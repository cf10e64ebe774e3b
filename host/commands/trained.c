/* Opens a trained network for clsnn eval, predict and probe. */
#include "commands/trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "run/start.h"

bool clsnn_trained_stage(void *ctx, const struct clsnn_stage *stage) {
    clsnn_progress_stage(ctx, stage);
    return !clsnn_session_stopping();
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

enum clsnn_status clsnn_trained_read(struct clsnn_trained *t, const struct clsnn_options *o,
                                     const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session *session = &t->session;
    struct clsnn_about_data *trained_on = &t->trained_on;
    const char *path = o->operands[0];
    *t = (struct clsnn_trained){.path = path, .options = *o};
    TRY(clsnn_model_open(path, &t->model, NULL));
    TRY(clsnn_about_read(t->model.about, path, &t->options, trained_on));
    if (dir) {
        TRY(refuse_own_dir(o->command, dir, path));
        TRY(clsnn_report_check_dir(o, dir));
    }
    t->options.neurons = (int)t->model.n_post;
    t->options.model.laws.delay_min = 0; /* the file holds the delays themselves */
    t->options.model.laws.delay_max = clsnn_learned_delay(&t->model);
    TRY(clsnn_session_open(session, &t->options, &t->options, 1));
    const struct clsnn_images *test = &session->data.test;
    if (t->model.n_pre != clsnn_dataset_pixels(&session->data))
        TRY(clsnn_fail(CLSNN_E_DATA,
                       "%s: a network of %u inputs, but images of %u x %u pixels in %s: must be as many",
                       path, t->model.n_pre, test->height, test->width, session->data.source));
    /* own images are what predict and probe are for */
    if (strcmp(o->command, "eval") == 0 && trained_on->sha256[0] &&
        strcmp(trained_on->sha256, session->data.sha256) != 0) {
        clsnn_warnings_add(&session->warnings, CLSNN_WARN_other_data,
                           "%s was trained on other data (%s) than it is tested on (%s: %s)", path,
                           trained_on->name, session->data.name, session->data.source);
    }
    clsnn_warnings_of_model(&session->warnings, &t->model, path, &t->options.model);
    TRY(clsnn_session_tell(session, o, &session->warnings));
    if (trained_on->replaced[0])
        clsnn_progress_note(&session->progress, "given parameters replace those of %s: %s", path,
                            trained_on->replaced);
fail:
    return st;
}

enum clsnn_status clsnn_trained_settings(struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned model = {0};
    struct clsnn_about_data data;
    TRY(clsnn_model_open(o->operands[0], &model, NULL));
    TRY(clsnn_about_read(model.about, o->operands[0], o, &data));
fail:
    clsnn_learned_finish(&model);
    return st;
}

enum clsnn_status clsnn_trained_open(struct clsnn_trained *t, const struct clsnn_options *o,
                                     const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session *session = &t->session;
    TRY(clsnn_trained_read(t, o, dir));
    const bool labelled = t->model.labels.labels != NULL;
    if (!labelled && session->data.train.n_images == 0)
        TRY(clsnn_fail(CLSNN_E_DATA, "%s: has no labels, and %s no training images to label it with", t->path,
                       session->data.source));
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
    t->report.model = t->path;
    t->report.has_labels = labelled;
    t->report.warnings = session->warnings;
    clsnn_progress_note(&session->progress, "testing %s: %u neurons, %s, on %u test images", t->path,
                        t->model.n_post, labelled ? "labels from the file" : "no labels yet",
                        t->x->plan.test_images);
    if (labelled && clsnn_option_is_given(o, "label-images"))
        clsnn_progress_note(&session->progress, "--label-images is not used: %s has labels, and keeps them",
                            t->path);
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

enum clsnn_status clsnn_trained_keep(struct clsnn_trained *t, const struct clsnn_learned *learned) {
    struct clsnn_learned l = *learned; /* borrows everything */
    if (t->model.labels.labels || !t->report.dir) return CLSNN_OK;
    l.about = t->model.about;
    char *path = clsnn_file_join(t->report.dir, "model.npz");
    const enum clsnn_status st = path ? clsnn_learned_write(&l, path) : CLSNN_E_MEMORY;
    free(path);
    if (st == CLSNN_OK)
        clsnn_progress_note(&t->session.progress, "%s/model.npz is %s with the labels", t->report.dir,
                            t->path);
    return st;
}

void clsnn_trained_close(struct clsnn_trained *t) {
    clsnn_experiment_destroy(t->x);
    clsnn_batch_destroy(t->batch);
    clsnn_session_close(&t->session);
    clsnn_learned_finish(&t->model);
}
