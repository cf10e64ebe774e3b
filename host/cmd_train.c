/* clsnn train: trains one network, then labels and tests it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clsnn/commands.h"
#include "clsnn/report.h"
#include "clsnn/session.h"

/* What the watcher needs of a run in progress. */
struct train_watch {
    struct clsnn_session *session;
    struct clsnn_report *report;
};

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct train_watch *w = ctx;
    clsnn_progress_stage(&w->session->progress, stage);
    return !clsnn_session_stopping();
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct train_watch *w = ctx;
    (void)x;
    clsnn_progress_note(
        &w->session->progress,
        "after epoch %u: accuracy %.2f %% (vote all), %.2f %% (vote proportion), mean theta %.2f mV",
        m->epoch, 100 * m->accuracy_all, 100 * m->accuracy_proportion, m->theta_mean_mv);
    if (clsnn_report_metrics(w->report) != CLSNN_OK) {
        /* A full disk must not cost the training: the metrics are written anew at every evaluation and at the end. */
        clsnn_progress_note(&w->session->progress, "WARNING: %s; training goes on", clsnn_error_text());
        clsnn_error_clear();
    }
    return CLSNN_OK;
}

/* The result is printed even when a file of it cannot be written, and every other file is still tried, the weights first; the
 * first failure is returned. */
static enum clsnn_status finish_run(struct clsnn_report *report, FILE *out) {
    struct clsnn_learned learned = {0};
    enum clsnn_status st = clsnn_experiment_learned(report->experiment, &learned);
    if (st != CLSNN_OK) return st;
    const enum clsnn_status printed = clsnn_report_result(report, &learned, out);
    st = clsnn_report_model(report, &learned);
    const enum clsnn_status more[] = {clsnn_report_metrics(report), clsnn_report_pictures(report, &learned)};
    for (size_t k = 0; k < sizeof more / sizeof *more; k++) st = st != CLSNN_OK ? st : more[k];
    const enum clsnn_status run =
        clsnn_report_run(report, st == CLSNN_OK ? CLSNN_RUN_FINISHED : CLSNN_RUN_FAILED, &learned);
    clsnn_learned_finish(&learned);
    return printed != CLSNN_OK ? printed : st != CLSNN_OK ? st : run;
}

/* A run that was stopped leaves its weights, which eval can test, and says so in run.json. */
static enum clsnn_status save_stopped(struct clsnn_session *s, struct clsnn_report *report) {
    struct clsnn_learned learned = {0};
    char text[512];
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    enum clsnn_status st = clsnn_experiment_learned(report->experiment, &learned);
    if (st != CLSNN_OK) return st;
    st = clsnn_report_model(report, &learned);
    const enum clsnn_status run =
        clsnn_report_run(report, st == CLSNN_OK ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED, &learned);
    if (st == CLSNN_OK) st = run;
    clsnn_learned_finish(&learned);
    if (st != CLSNN_OK) return st;
    clsnn_progress_end(&s->progress);
    return clsnn_fail(CLSNN_STOPPED, "%s; weights so far are in %s/model.npz (test them with 'clsnn eval')",
                      text, report->dir);
}

enum clsnn_status clsnn_cmd_train(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session session;
    struct clsnn_lab *lab = NULL;
    struct clsnn_experiment *x = NULL;
    struct clsnn_report report;
    char default_dir[96];
    int moved = 0;
    if (o->runs > 1) return clsnn_cmd_train_runs(o);
    TRY(clsnn_session_open(&session, o));
    snprintf(default_dir, sizeof default_dir, "run-%s-n%d-e%d-s%llu", session.data.name, o->neurons,
             o->epochs, (unsigned long long)o->seed);
    const char *dir = o->out_dir ? o->out_dir : default_dir;
    const uint32_t n_train = session.plan.train_images, n_label = session.plan.label_images;
    TRY(clsnn_session_lab(&session, 1, n_train && n_label ? (n_train > n_label ? n_train : n_label) : 0,
                          session.plan.test_images, &lab));
    TRY(clsnn_experiment_create(lab, 0, &session.plan, &x));
    TRY(clsnn_report_prepare_dir(dir, &moved));
    if (moved)
        clsnn_progress_note(&session.progress, "%s held an earlier run: its files are now in %s/previous-%d",
                            dir, dir, moved);
    clsnn_report_start(&report, o, x, dir);
    TRY(clsnn_report_run(&report, CLSNN_RUN_RUNNING, NULL));
    clsnn_progress_note(
        &session.progress,
        "training %u neurons on %u images, %u epoch%s, seed %llu, work-groups of %d; results go to %s",
        session.plan.neurons, x->plan.train_images, session.plan.epochs, session.plan.epochs == 1 ? "" : "s",
        (unsigned long long)o->seed, session.prog->work_group, dir);
    struct train_watch watch = {&session, &report};
    const struct clsnn_watcher watcher = {.stage = on_stage, .evaluated = on_evaluated, .ctx = &watch};
    struct clsnn_experiment *slot = x;
    st = clsnn_experiments_run(lab, &slot, &watcher);
    if (st == CLSNN_STOPPED)
        st = save_stopped(&session, &report);
    else if (st == CLSNN_OK)
        st = finish_run(&report, o->out);
    else
        clsnn_report_run(&report, CLSNN_RUN_FAILED,
                         NULL); /* best effort: what went wrong first is what is told */
fail:
    clsnn_experiment_destroy(x);
    clsnn_lab_destroy(lab);
    clsnn_session_close(&session);
    return st;
}
