/* clsnn sweep and clsnn train --runs: train many runs, on one device or several. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "commands/commands.h"
#include "base/file.h"
#include "sweep/sweep_page.h"
#include "sweep/sweep_table.h"
#include "commands/session.h"
#include "sweep/guess.h"
#include "sweep/shard.h"
#include "sweep/sweep.h"

static bool on_stage(void *ctx, const struct clsnn_sweep_stage *stage) {
    struct clsnn_session *session = ctx;
    clsnn_progress_sweep(&session->progress, stage);
    return !clsnn_session_stopping();
}

static void on_note(void *ctx, const char *text, bool is_warning) {
    struct clsnn_session *session = ctx;
    clsnn_progress_tell(&session->progress, is_warning, "%s", text);
}

static bool goes_on(void) {
    return !clsnn_session_stopping();
}

static const char *plural(size_t n) {
    return n == 1 ? "" : "s";
}

/* Notes that a run has fewer epochs than --eval-every: only its end is tested. */
static void note_eval_every(struct clsnn_session *session, const struct clsnn_grid *grid) {
    for (size_t k = 0; k < grid->n_runs; k++) {
        const struct clsnn_options *o = &grid->options[k];
        if (o->eval_every <= o->epochs) continue;
        clsnn_session_note_epochs(session, o);
        return;
    }
}

/* Writes tables and pictures if all, and the page; prints the summary. ran: how the runs ended, CLSNN_OK or
 * CLSNN_E_IO. Fails if a run failed or, if all, is unfinished. */
static enum clsnn_status finish(const struct clsnn_sweep *s, const struct clsnn_sweep_stage *stage, bool all,
                                enum clsnn_status ran) {
    enum clsnn_status st = CLSNN_OK;
    FILE *out = s->options->out;
    size_t n_finished = 0, n_failed = 0;
    const size_t n_warned = clsnn_sweep_n_warned(s);
    char *written = NULL;
    clsnn_sweep_count(s, &n_finished, &n_failed);
    if (all) st = clsnn_sweep_table_write(s, &written);
    const enum clsnn_status page =
        clsnn_sweep_page_end(s, stage->n_runs ? stage : NULL, ran != CLSNN_OK ? ran : st);
    TRY(st);
    if (ran == CLSNN_OK) TRY(page);
    if (s->options->json) {
        fprintf(out, "{\"runs\":%zu,\"finished\":%zu,\"failed\":%zu,\"images\":%llu,\"seconds\":%.6g,",
                s->grid->n_runs, n_finished, n_failed, (unsigned long long)stage->images, stage->seconds);
        fprintf(out, "\"images_per_second\":%.6g,\"shard\":\"%u/%u\",\"summary\":", stage->images_per_second,
                s->shard, s->n_shards);
        TRY(clsnn_sweep_table_print(s, out, true));
        fputs("}\n", out);
    } else {
        TRY(clsnn_sweep_table_print(s, out, false));
        fprintf(out, "\nruns          %zu of %zu finished%s\n", n_finished, s->grid->n_runs,
                n_failed ? ", some failed: results.csv and their run.json tell" : "");
        if (n_warned)
            fprintf(out, "warnings      %zu of them: results.csv and their run.json tell\n", n_warned);
        if (stage->images)
            fprintf(out, "training      %llu images in %.1f s, %.0f images/s altogether\n",
                    (unsigned long long)stage->images, stage->seconds, stage->images_per_second);
        if (all)
            fprintf(out, "written to    %s/{report.html, %s, runs/}\n", s->dir, written);
        else
            fprintf(out,
                    "written to    %s/runs; once every shard is done, clsnn sweep ... --collect makes the "
                    "tables\n",
                    s->dir);
    }
    if (n_failed)
        st = clsnn_fail(CLSNN_E_FAILED,
                        "%zu of %zu run%s failed; %s/results.csv tells which, their run.json why", n_failed,
                        s->grid->n_runs, plural(s->grid->n_runs), s->dir);
    else if (all && n_finished < s->grid->n_runs)
        st = clsnn_fail(CLSNN_E_FAILED, "%zu of %zu run%s not finished; %s/results.csv tells which",
                        s->grid->n_runs - n_finished, s->grid->n_runs, s->grid->n_runs == 1 ? " is" : "s are",
                        s->dir);
    else if (n_warned && s->options->strict)
        st = clsnn_fail(CLSNN_E_DATA, "%zu of %zu run%s warnings, errors by --strict: results.csv names them",
                        n_warned, s->grid->n_runs, s->grid->n_runs == 1 ? " has" : "s have");
fail:
    free(written);
    return st;
}

/* Prints what the sweep would train, and how long that would take. */
static enum clsnn_status show_plan(const struct clsnn_sweep *s, struct clsnn_session *session) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_guess *guesses = NULL;
    size_t n;
    clsnn_progress_note(&session->progress, "measuring each size for a short time");
    TRY(clsnn_guess_make(s, goes_on, &guesses, &n));
    clsnn_guess_print(s, guesses, n, s->options->out);
fail:
    free(guesses);
    return st;
}

static enum clsnn_status run_grid(const struct clsnn_grid *grid, const struct clsnn_options *o,
                                  const char *dir) {
    enum clsnn_status st = CLSNN_OK, ran = CLSNN_OK;
    struct clsnn_session session = {0};
    struct clsnn_sweep_stage stage = {0};
    const struct clsnn_sweep_watcher watch = {.stage = on_stage, .note = on_note, .ctx = &session};
    const char *task = getenv("SLURM_ARRAY_TASK_ID");
    size_t n_there = 0, n_failed = 0;
    const bool is_sweep = strcmp(o->command, "sweep") == 0; /* train --runs has no checkpoints */
    struct clsnn_sweep s = {
        .grid = grid, .options = o, .dir = dir, .keeps_checkpoints = is_sweep && o->checkpoint_every > 0};
    TRY(clsnn_shard_read(o->shard, &s.shard, &s.n_shards));
    if (o->collect && o->dry_run)
        return clsnn_fail(CLSNN_E_USAGE, "--collect and --dry-run both train nothing: choose one");
    if (o->collect && access(dir, F_OK) != 0)
        return clsnn_fail(CLSNN_E_IO, "%s: no such directory: name the sweep's with --out", dir);
    TRY(clsnn_session_open(&session, o, grid->options, grid->n_runs));
    TRY(clsnn_report_check_dir(o, dir));
    TRY(clsnn_sweep_refuse_kinds(dir, false));
    s.has_page = o->collect || s.n_shards == 1;
    s.data = &session.data;
    s.warnings = &session.warnings;
    TRY(clsnn_sweep_plan(&s, &watch));
    TRY(clsnn_sweep_refuse_others(&s));
    if (!o->collect) /* which compares data and runs nothing */
        TRY(clsnn_session_compile(&session, o, grid->options, grid->n_runs, true));
    s.devices = session.devices;
    s.n_devices = session.n_devices;
    if (grid->replaced[0])
        clsnn_progress_note(&session.progress, "the command line replaces values of the file: %s",
                            grid->replaced);
    if (o->shard) clsnn_progress_note(&session.progress, "shard %u/%u", s.shard, s.n_shards);
    if (o->runs == 1 && !o->shard && !o->collect && task && *task) /* train --runs has no shards */
        clsnn_progress_note(&session.progress,
                            "all runs, though this is a task of a Slurm job array: --shard slurm trains the "
                            "task's part");
    if (!o->collect) note_eval_every(&session, grid);
    if (o->dry_run) {
        st = show_plan(&s, &session);
        goto fail;
    }
    if (!o->collect) {
        clsnn_sweep_count(&s, &n_there, &n_failed);
        if (grid->n_runs == 1)
            clsnn_progress_note(&session.progress, "1 run, %sfinished before; results go to %s",
                                n_there ? "" : "not ", dir);
        else
            clsnn_progress_note(&session.progress,
                                "%zu runs%s, %zu of them finished before; results go to %s", grid->n_runs,
                                s.n_shards > 1 ? " in all shards" : "", n_there, dir);
        ran = clsnn_sweep_run(&s, &watch, &stage);
        clsnn_progress_end(&session.progress);
        const bool is_over = ran != CLSNN_OK && ran != CLSNN_E_IO;
        if (is_over && stage.n_runs) clsnn_sweep_page_end(&s, &stage, ran); /* it has begun */
        if (ran == CLSNN_STOPPED) {
            clsnn_error_clear();
            ran = clsnn_fail(CLSNN_STOPPED,
                             "stopped: %zu of %zu run%s finished and in %s/runs; the same command goes on "
                             "with the others",
                             stage.n_done, stage.n_runs, stage.n_runs == 1 ? " is" : "s are", dir);
        }
        if (is_over || stage.n_runs == 0) TRY(ran); /* tables hold also runs that were not saved */
    }
    st = finish(&s, &stage, o->collect || s.n_shards == 1, ran);
    if (ran != CLSNN_OK) st = ran;
fail:
    clsnn_sweep_finish(&s);
    clsnn_session_close(&session);
    return st;
}

enum clsnn_status clsnn_cmd_sweep(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid grid = {0};
    struct clsnn_options common = {0};
    char dir[256];
    TRY(clsnn_grid_read(o->operands[0], o, NULL, &grid, &common));
    common.out = o->out;
    common.command = o->command;
    const char *base = strrchr(o->operands[0], '/');
    base = base ? base + 1 : o->operands[0];
    snprintf(dir, sizeof dir, "sweep-%.*s", (int)strcspn(base, "."), base);
    TRY(run_grid(&grid, &common, common.out_dir ? common.out_dir : dir));
fail:
    clsnn_grid_finish(&grid);
    clsnn_options_finish(&common);
    return st;
}

enum clsnn_status clsnn_cmd_train_runs(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_grid grid = {0};
    char dir[160], laws[CLSNN_LAW_NAMES];
    TRY(clsnn_grid_seeds(o, (uint32_t)o->runs, &grid));
    snprintf(dir, sizeof dir, "runs-n%d-e%d-s%llu-r%d%s", o->neurons, o->epochs, (unsigned long long)o->seed,
             o->runs, clsnn_session_laws(&o->model.laws, laws));
    TRY(run_grid(&grid, o, o->out_dir ? o->out_dir : dir));
fail:
    clsnn_grid_finish(&grid);
    return st;
}
