/* clsnn eval MODEL.npz: labels a trained network if it has no labels, and tests it. */
#include <stdlib.h>
#include <string.h>

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
    TRY(clsnn_learned_read(path, &model));
    TRY(clsnn_about_read(model.about, path, &with_params, &trained_on));
    if (o->out_dir) {
        TRY(refuse_own_dir(o->out_dir, path));
        TRY(clsnn_file_check_dir(o->out_dir));
    }
    TRY(clsnn_session_open(&session, &with_params));
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
    TRY(clsnn_session_compile(&session, &with_params));
    session.plan.neurons = model.n_post;
    session.plan.epochs = 0;
    session.plan.train_images = 1; /* eval trains nothing; label_images is a number of its own */
    TRY(clsnn_session_batch(&session, 1, session.plan.label_images, session.plan.test_images, &batch));
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
    const struct clsnn_watcher watcher = {.stage = on_stage, .ctx = &session.progress};
    TRY(clsnn_experiment_evaluate(x, &watcher));
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
