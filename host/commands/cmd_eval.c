/* clsnn eval MODEL.npz: labels a trained network if it has no labels, and tests it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "commands/commands.h"
#include "base/file.h"
#include "experiment/experiment.h"
#include "run/about.h"
#include "run/pictures.h"
#include "run/report.h"
#include "commands/session.h"
#include "run/run_json.h"
#include "run/summary.h"

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
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

/* Refuses --out DIR if DIR/model.npz is the model: eval moves an earlier run's files away, this one too. */
static enum clsnn_status refuse_own_dir(const char *dir, const char *model) {
    char *path = clsnn_file_join(dir, "model.npz");
    if (!path) return CLSNN_E_MEMORY;
    const bool same = clsnn_file_is_same(path, model);
    free(path);
    if (!same) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE,
                      "--out %s: is where %s is: eval would move that run away: choose another directory",
                      dir, model);
}

static bool is_given(const struct clsnn_options *o, const char *name) {
    return o->origins &&
           o->origins->of[clsnn_option_find(name) - clsnn_option_rows] == CLSNN_FROM_COMMAND_LINE;
}

enum clsnn_status clsnn_cmd_eval(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session session = {0};
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x = NULL;
    struct clsnn_learned model = {0}, learned = {0};
    struct clsnn_report report;
    struct clsnn_options with_params = *o; /* gets the model's parameters; borrows everything else from o */
    struct clsnn_about_data trained_on;
    const char *path = o->operands[0];
    int moved = 0;
    st = clsnn_learned_read(path, &model);
    if (st == CLSNN_E_IO || st == CLSNN_E_DATA) st = explain(path, st);
    if (st != CLSNN_OK) return st;
    TRY(clsnn_about_read(model.about, path, &with_params, &trained_on));
    if (o->out_dir) {
        TRY(refuse_own_dir(o->out_dir, path));
        TRY(clsnn_report_check_dir(o, o->out_dir));
    }
    with_params.neurons = (int)model.n_post;
    TRY(clsnn_session_open(&session, &with_params, &with_params, 1));
    if (!model.labels.labels && session.data.train.n_images == 0)
        TRY(clsnn_fail(CLSNN_E_DATA, "%s: has no labels, and %s no training images to label it with", path,
                       session.data.source));
    if (trained_on.sha256[0] && strcmp(trained_on.sha256, session.data.sha256) != 0) {
        clsnn_warnings_add(&session.warnings, CLSNN_WARN_other_data,
                           "%s was trained on other data (%s) than it is tested on (%s: %s)", path,
                           trained_on.name, session.data.name, session.data.source);
    }
    clsnn_warnings_of_model(&session.warnings, &model, path, &with_params.model);
    if (!model.labels.labels) clsnn_warnings_of_plan(&session.warnings, &session.data, &session.plan);
    TRY(clsnn_session_tell(&session, o, &session.warnings));
    TRY(clsnn_session_compile(&session, &with_params, &with_params, 1, false));
    session.plan.neurons = model.n_post;
    session.plan.epochs = 0;
    session.plan.train_first = 0;
    session.plan.train_images = 1; /* eval trains nothing; label_images is a number of its own */
    TRY(clsnn_session_batch(&session, 1, &batch));
    TRY(clsnn_experiment_create(batch, 0, &session.plan, &x));
    TRY(clsnn_experiment_set_model(x, &model));
    if (o->out_dir)
        TRY(clsnn_file_make_dir(o->out_dir)); /* fails before the work; earlier files move only after it */
    clsnn_report_start(&report, &with_params, x, o->out_dir);
    report.model = path;
    report.warnings = session.warnings;
    clsnn_progress_note(&session.progress, "testing %s: %u neurons, %s, on %u test images", path,
                        model.n_post, model.labels.labels ? "labels from the file" : "no labels yet",
                        x->plan.test_images);
    if (model.labels.labels && is_given(o, "label-images"))
        clsnn_progress_note(&session.progress, "--label-images is not used: %s has labels, and keeps them",
                            path);
    if (trained_on.replaced[0])
        clsnn_progress_note(&session.progress, "given parameters replace those of %s: %s", path,
                            trained_on.replaced);
    const struct clsnn_watcher watcher = {.stage = on_stage, .ctx = &session.progress};
    st = clsnn_experiment_evaluate(x, &watcher);
    if (st == CLSNN_STOPPED) {
        clsnn_error_clear();
        st = clsnn_fail(st, "stopped while evaluating; nothing is saved: start it again");
    }
    TRY(st);
    TRY(clsnn_experiment_learned(x, &learned));
    clsnn_warnings_of_result(&report.warnings, x);
    TRY(clsnn_summary_print(&report, &learned, o->out));
    if (o->out_dir) TRY(clsnn_report_prepare_dir(o->out_dir, &moved));
    if (moved)
        clsnn_progress_note(&session.progress, "%s held an earlier run: its files are now in %s/previous-%d",
                            o->out_dir, o->out_dir, moved);
    TRY(clsnn_report_metrics(&report));
    TRY(clsnn_pictures_write(&report, &learned));
    TRY(clsnn_run_json_write(&report, CLSNN_RUN_FINISHED, &learned));
    clsnn_summary_places(&report, o->out);
    TRY(clsnn_session_tell(&session, o, &report.warnings));
fail:
    clsnn_learned_finish(&learned);
    clsnn_experiment_destroy(x);
    clsnn_batch_destroy(batch);
    clsnn_session_close(&session);
    clsnn_learned_finish(&model);
    return st;
}
