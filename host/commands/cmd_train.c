/* clsnn train: trains one network, then labels and tests it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/lock.h"
#include "clsnn/checkpoint.h"
#include "commands/commands.h"
#include "base/file.h"
#include "device/program.h"
#include "experiment/experiment.h"
#include "options/options.h"
#include "run/page.h"
#include "run/pictures.h"
#include "run/report.h"
#include "run/snapshots.h"
#include "commands/session.h"
#include "run/run_json.h"
#include "run/start.h"
#include "run/summary.h"

/* The context of the watcher's functions. */
struct train_watch {
    struct clsnn_session *session;
    struct clsnn_report *report;
    struct clsnn_snapshots snapshots;  /* owned */
    char saved[CLSNN_CHECKPOINT_NAME]; /* the newest checkpoint of this run; "": none yet */
    uint64_t saved_images;
    bool resumes;         /* goes on from a checkpoint */
    bool read_out;        /* the first readout has begun */
    bool evaluating;      /* an evaluation is under way; after a stop it is made again as a whole */
    double page_next;     /* when report.html is due again, clsnn_clock_seconds */
    char last_words[512]; /* printed if a signal ends the process while CLBlast compiles */
};

/* Turns the recorded error into a warning. A full disk must not end the training; the next write of the file
 * holds everything again. */
static void warn_and_go_on(struct train_watch *w) {
    clsnn_progress_warn(&w->session->progress, "%s; training goes on", clsnn_error_text());
    clsnn_error_clear();
}

/* Writes report.html of the run under way, with the weights as they are. The next one waits so long that
 * pages take less than a fifth of a percent of the time. */
static void show_page(struct train_watch *w) {
    struct clsnn_learned learned = {0};
    const double began = clsnn_clock_seconds();
    enum clsnn_status st = clsnn_experiment_learned(w->report->experiment, &learned);
    if (st == CLSNN_OK) st = clsnn_page_write(w->report, CLSNN_RUN_RUNNING, &learned);
    clsnn_learned_finish(&learned);
    if (st != CLSNN_OK) warn_and_go_on(w);
    const double now = clsnn_clock_seconds();
    w->page_next = now + 5 + 500 * (now - began);
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct train_watch *w = ctx;
    clsnn_session_may_end(NULL);
    clsnn_progress_note(
        &w->session->progress,
        "after epoch %llu: accuracy %.2f %% (vote all), %.2f %% (vote proportion), mean theta %.2f mV",
        (unsigned long long)m->epoch, 100 * m->accuracy_all, 100 * m->accuracy_proportion, m->theta_mean_mv);
    if (clsnn_report_metrics(w->report) != CLSNN_OK) warn_and_go_on(w);
    if (m->epoch < x->plan.epochs) show_page(w); /* finish_run writes the last one */
    return CLSNN_OK;
}

static enum clsnn_status save_checkpoint(struct train_watch *w, const struct clsnn_experiment *x) {
    const enum clsnn_status st =
        clsnn_checkpoint_save(w->report->dir, x, w->report->options->keep_checkpoints, w->saved);
    if (st == CLSNN_OK) w->saved_images = x->at.images;
    return st;
}

static enum clsnn_status on_paused(void *ctx, const struct clsnn_experiment *x) {
    struct train_watch *w = ctx;
    const uint32_t every = x->plan.pause_every;
    if (clsnn_snapshots_keep(&w->snapshots, w->report) != CLSNN_OK) warn_and_go_on(w);
    const bool is_epoch = x->at.position == 0 || x->at.position == x->plan.train_images;
    if (!is_epoch && (!every || x->at.images % every != 0)) return CLSNN_OK; /* a snapshot's pause */
    const enum clsnn_status st = save_checkpoint(ctx, x);
    if (st == CLSNN_OK && x->at.epoch < x->plan.epochs && clsnn_clock_seconds() > w->page_next) show_page(w);
    if (st != CLSNN_E_IO && st != CLSNN_E_MEMORY) return st;
    warn_and_go_on(ctx);
    return CLSNN_OK;
}

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct train_watch *w = ctx;
    clsnn_progress_stage(&w->session->progress, stage);
    w->evaluating = stage->kind != CLSNN_STAGE_TRAIN;
    if (stage->kind == CLSNN_STAGE_READOUT) {
        /* CLBlast may compile for longer than a stop should wait. If a checkpoint holds the whole training, a
         * signal may end the process at once. */
        w->read_out = true;
        if (w->saved[0] && w->saved_images == w->report->experiment->at.images) {
            snprintf(
                w->last_words, sizeof w->last_words,
                "\nclsnn train: stopped before the evaluation's readout; the training is saved in "
                "%.200s/%s. Go on with the same command and --resume, which makes the evaluation again\n",
                w->report->dir, w->saved);
            clsnn_session_may_end(w->last_words);
        }
    } else {
        clsnn_session_may_end(NULL);
    }
    /* Labelling leaves the standing as it is until its end: a checkpoint here holds the whole training. */
    if (stage->kind == CLSNN_STAGE_LABEL && stage->done == stage->total && !w->read_out)
        on_paused(w, w->report->experiment);
    return !clsnn_session_stopping();
}

/* Prints the result and writes its files, the weights first, then shows warnings. After a failure it still
 * tries the other files, and returns the first failure. */
static enum clsnn_status finish_run(struct train_watch *w, FILE *out) {
    struct clsnn_session *session = w->session;
    struct clsnn_report *report = w->report;
    struct clsnn_learned learned = {0};
    enum clsnn_status st = clsnn_experiment_learned(report->experiment, &learned);
    if (st != CLSNN_OK) return st;
    clsnn_warnings_of_result(&report->warnings, report->experiment);
    const enum clsnn_status printed = clsnn_summary_print(report, &learned, out);
    st = clsnn_report_model(report, &learned);
    const enum clsnn_status more[] = {clsnn_report_metrics(report), clsnn_pictures_write(report, &learned),
                                      clsnn_snapshots_draw(&w->snapshots, report)};
    for (size_t k = 0; k < sizeof more / sizeof *more; k++) st = st != CLSNN_OK ? st : more[k];
    const enum clsnn_status run =
        clsnn_run_json_write(report, st == CLSNN_OK ? CLSNN_RUN_FINISHED : CLSNN_RUN_FAILED, &learned);
    if (st == CLSNN_OK) st = run;
    const enum clsnn_status page =
        clsnn_page_write(report, st == CLSNN_OK ? CLSNN_RUN_FINISHED : CLSNN_RUN_FAILED, &learned);
    if (st == CLSNN_OK) st = page;
    clsnn_learned_finish(&learned);
    if (st == CLSNN_OK) clsnn_summary_places(report, out);
    if (printed != CLSNN_OK) st = printed;
    const enum clsnn_status told = clsnn_session_tell(session, report->options, &report->warnings);
    return st != CLSNN_OK ? st : told;
}

/* Saves a checkpoint of the stopped run as it stands, and marks run.json as stopped. */
static enum clsnn_status save_stopped(struct train_watch *w) {
    const struct clsnn_report *report = w->report;
    char text[512];
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    enum clsnn_status st = save_checkpoint(w, report->experiment);
    const enum clsnn_status run =
        clsnn_run_json_write(report, st == CLSNN_OK ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED, NULL);
    if (st == CLSNN_OK) st = run;
    const enum clsnn_status page =
        clsnn_page_write(report, st == CLSNN_OK ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED, NULL);
    if (st == CLSNN_OK) st = page;
    if (st != CLSNN_OK) return st;
    clsnn_progress_end(&w->session->progress);
    return clsnn_fail(CLSNN_STOPPED,
                      "%s; %s is saved in %s/%s%s. Go on with the same command and --resume "
                      "(clsnn eval %s/%s tests the weights so far)",
                      text, w->evaluating ? "the training" : "the run", report->dir, w->saved,
                      w->evaluating ? ", labelling and testing begin again" : "", report->dir, w->saved);
}

/* Marks run.json as failed and names the checkpoint to go on from. The error stays recorded for main. */
static void mark_failed(struct train_watch *w) {
    clsnn_run_json_write(w->report, CLSNN_RUN_FAILED, NULL);
    clsnn_page_write(w->report, CLSNN_RUN_FAILED, NULL);
    if (w->saved[0])
        clsnn_progress_warn(&w->session->progress,
                            "the run ends here; %s/%s is valid: the same command and --resume go on from it",
                            w->report->dir, w->saved);
}

static void on_refused(void *ctx, const char *why) {
    clsnn_progress_warn(ctx, "%s; going back to the checkpoint before it", why);
}

/* Locks and prepares the directory. With --resume x takes the state of the newest valid checkpoint; without
 * it an earlier run's files move to previous-K. */
static enum clsnn_status begin(struct train_watch *w, struct clsnn_experiment *x, struct clsnn_lock *lock) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_report *report = w->report;
    struct clsnn_progress_line *progress = &w->session->progress;
    const char *dir = report->dir;
    int moved = 0;
    char *below = clsnn_file_join(dir, "checkpoint");
    if (!below) return CLSNN_E_MEMORY;
    TRY(clsnn_file_make_dir(dir));
    TRY(clsnn_lock_dir(dir, lock));
    clsnn_warnings_of_lock(&report->warnings, lock->by_files, dir);
    TRY(clsnn_session_tell(w->session, report->options, &report->warnings));
    clsnn_file_remove_unfinished(dir);
    clsnn_file_remove_unfinished(below);
    if (w->resumes) {
        TRY(clsnn_checkpoint_load(dir, x, on_refused, progress, w->saved));
        snprintf(report->resumed_from, sizeof report->resumed_from, "%s", w->saved);
        clsnn_progress_note(progress, "going on from %s/%s: %llu images, epoch %u of %u", dir, w->saved,
                            (unsigned long long)x->at.images,
                            x->at.epoch < x->plan.epochs ? x->at.epoch + 1 : x->at.epoch, x->plan.epochs);
    } else {
        TRY(clsnn_report_prepare_dir(dir, &moved));
        if (moved)
            clsnn_progress_note(progress, "%s held an earlier run: its files are now in %s/previous-%d", dir,
                                dir, moved);
    }
fail:
    free(below);
    return st;
}

/* Makes the options with which the run in dir goes on: its own, but for what the command line gives again. */
static enum clsnn_status take_settings(const struct clsnn_options *o, const char *dir,
                                       struct clsnn_options *out, char from_sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_settings saved = {0}, used = {0};
    TRY(clsnn_run_json_settings(dir, &saved, from_sha256));
    for (size_t k = 0; k < saved.n; k++) {
        const struct clsnn_setting *one = &saved.list[k];
        const size_t at = one->param ? clsnn_n_option_rows + (size_t)(one->param - clsnn_params_table)
                                     : (size_t)(one->row - clsnn_option_rows);
        if (o->origins->of[at] != CLSNN_FROM_COMMAND_LINE)
            TRY(clsnn_settings_add(&used, one->row, one->param, one->value, one->label));
    }
    TRY(clsnn_options_derive(o, &used, CLSNN_FROM_RUN, out));
    out->out = o->out;
fail:
    clsnn_settings_finish(&saved);
    clsnn_settings_finish(&used);
    return st;
}

/* Decides how --resume begins. *out_resumes: there is a checkpoint; *out: the options to go on with, unless
 * the run has no readable run.json. from_sha256 receives that of the run. */
static enum clsnn_status find_run(const struct clsnn_options *o, const char *dir, bool *out_resumes,
                                  struct clsnn_options *out, char from_sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = clsnn_checkpoint_find(dir);
    *out_resumes = st == CLSNN_OK;
    if (st == CLSNN_E_CHECKPOINT) {
        clsnn_error_clear();
        return CLSNN_OK;
    }
    if (st != CLSNN_OK) return st;
    st = take_settings(o, dir, out, from_sha256);
    if (st == CLSNN_E_IO || st == CLSNN_E_DATA) { /* the checkpoint's plan is compared all the same */
        clsnn_error_clear();
        st = CLSNN_OK;
    }
    return st;
}

enum clsnn_status clsnn_cmd_train(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session session;
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment *x = NULL;
    struct clsnn_report report;
    struct train_watch watch = {.session = &session, .report = &report};
    char default_dir[192], laws[CLSNN_LAW_NAMES];
    struct clsnn_lock lock = CLSNN_LOCK_NONE;
    struct clsnn_options saved = {0};
    bool resumes = false;
    char from_sha256[CLSNN_SHA256_HEX] = ""; /* of the run that goes on */
    memset(&session, 0, sizeof session);
    if (o->runs > 1 && o->snapshots)
        return clsnn_fail(CLSNN_E_USAGE, "--snapshots keeps the weights of one run: leave out --runs");
    if (o->runs > 1) return clsnn_cmd_train_runs(o);
    if (o->resume && o->out_dir) {
        TRY(find_run(o, o->out_dir, &resumes, &saved, from_sha256));
        if (saved.origins) o = &saved;
    }
    TRY(clsnn_session_open(&session, o, o, 1));
    snprintf(default_dir, sizeof default_dir, "run-%s-n%d-e%d-s%llu%s", session.data.name, o->neurons,
             o->epochs, (unsigned long long)o->seed, clsnn_session_laws(&o->model.laws, laws));
    const char *dir = o->out_dir ? o->out_dir : default_dir;
    if (o->resume && !o->out_dir) {
        struct clsnn_options unused = {0};
        TRY(find_run(o, dir, &resumes, &unused, from_sha256));
        clsnn_options_finish(&unused); /* the directory's name already follows from the settings */
    }
    if (o->resume && !resumes)
        clsnn_progress_note(&session.progress, "%s: holds no checkpoint to go on from: the run begins", dir);
    if (o->eval_every > o->epochs) clsnn_session_note_epochs(&session, o);
    TRY(clsnn_report_check_dir(o, dir));
    /* A checkpoint holds the weights, so the file of a run that goes on may be gone. */
    const bool is_begun = resumes && *from_sha256 && !clsnn_option_is_given(o, "from");
    if (is_begun)
        memcpy(session.plan.from_sha256, from_sha256, sizeof from_sha256);
    else
        TRY(clsnn_start_plan(o->from, &session.data, &session.plan, &session.warnings));
    clsnn_warnings_of_options(&session.warnings, o);
    clsnn_warnings_of_plan(&session.warnings, &session.data, &session.plan);
    TRY(clsnn_session_tell(&session, o, &session.warnings));
    if (o->snapshots) {
        TRY(clsnn_snapshots_read(o->snapshots, &session.plan, &watch.snapshots));
        session.plan.pauses = watch.snapshots.images;
        session.plan.n_pauses = watch.snapshots.n;
    }
    TRY(clsnn_session_compile(&session, o, o, 1, true));
    TRY(clsnn_session_batch(&session, 1, &batch));
    TRY(clsnn_experiment_create(batch, 0, &session.plan, &x));
    watch.resumes = resumes;
    if (!resumes && o->from) {
        TRY(clsnn_start_apply(o->from, x, NULL));
        clsnn_progress_note(&session.progress, "starting with the weights and theta of %s", o->from);
    }
    clsnn_report_start(&report, o, x, dir);
    report.warnings = session.warnings;
    TRY(begin(&watch, x, &lock));
    TRY(clsnn_run_json_write(&report, CLSNN_RUN_RUNNING, NULL));
    if (clsnn_page_write(&report, CLSNN_RUN_RUNNING, NULL) != CLSNN_OK) warn_and_go_on(&watch);
    watch.page_next = clsnn_clock_seconds() + 5;
    if (clsnn_experiment_is_finished(x))
        clsnn_progress_note(&session.progress, "%s is finished: nothing to train", dir);
    else
        clsnn_progress_note(
            &session.progress,
            "training %u neurons on %u images, %u epoch%s, seed %llu, work-groups of %d; results go to %s",
            session.plan.neurons, x->plan.train_images, session.plan.epochs,
            session.plan.epochs == 1 ? "" : "s", (unsigned long long)o->seed,
            clsnn_program_work_group(session.devices->prog), dir);
    if (x->at.images == 0) TRY(clsnn_snapshots_keep(&watch.snapshots, &report));
    const struct clsnn_watcher watcher = {
        .stage = on_stage, .evaluated = on_evaluated, .paused = on_paused, .ctx = &watch};
    struct clsnn_experiment *slot = x;
    st = clsnn_experiments_run(batch, &slot, &watcher);
    if (st == CLSNN_STOPPED)
        st = save_stopped(&watch);
    else if (st == CLSNN_OK)
        st = finish_run(&watch, o->out);
    else
        mark_failed(&watch);
fail:
    clsnn_experiment_destroy(x);
    clsnn_batch_destroy(batch);
    clsnn_session_close(&session);
    clsnn_lock_release(&lock);
    clsnn_snapshots_finish(&watch.snapshots);
    clsnn_options_finish(&saved);
    return st;
}
