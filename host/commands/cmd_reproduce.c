/* clsnn reproduce: trains the sizes of Kim & Kim (2020) with several seeds, as a sweep, and makes the page,
 * tables and figures of it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "commands/commands.h"
#include "commands/session.h"
#include "device/device.h"
#include "device/program.h"
#include "reproduce/reproduce.h"
#include "run/pictures.h"
#include "run/report.h"
#include "run/run_json.h"
#include "run/run_read.h"
#include "sweep/sweep.h"

static const char *const default_sizes = "100,225,400";

struct reproduction {
    struct clsnn_session session;
    struct clsnn_grid grid;
    struct clsnn_sweep sweep;
    struct clsnn_reproduction r;
    struct clsnn_reproduced_on *devices; /* owned */
};

static bool on_stage(void *ctx, const struct clsnn_sweep_stage *stage) {
    struct reproduction *p = ctx;
    clsnn_progress_sweep(&p->session.progress, stage);
    return !clsnn_session_stopping();
}

static void on_note(void *ctx, const char *text, bool is_warning) {
    struct reproduction *p = ctx;
    clsnn_progress_tell(&p->session.progress, is_warning, "%s", text);
}

/* Returns true if Figure 4 shows the run's weights after the epoch. */
static bool is_shown(const struct reproduction *p, const struct clsnn_sweep_run *run, uint64_t epoch) {
    return run == &p->sweep.runs[clsnn_reproduction_shown(&p->r)] &&
           clsnn_reproduction_shows_epoch((uint32_t)epoch);
}

/* Checks that the run's directory holds the weights that Figure 4 shows. */
static enum clsnn_status on_check(void *ctx, const struct clsnn_sweep_run *run) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_run *done = &run->result.run;
    for (size_t k = 0; k < done->n_metrics; k++)
        if (is_shown(ctx, run, done->metrics[k].epoch))
            TRY(clsnn_reproduction_check_epoch(run->dir, &done->metrics[k]));
fail:
    return st;
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_sweep_run *run,
                                      const struct clsnn_experiment *x, const struct clsnn_metrics *m) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned l = {0};
    char *path = NULL;
    if (!is_shown(ctx, run, m->epoch)) return CLSNN_OK;
    TRY(clsnn_experiment_learned(x, &l));
    path = clsnn_reproduction_epoch_path(run->dir, (uint32_t)m->epoch);
    st = path ? clsnn_learned_write(&l, path) : CLSNN_E_MEMORY;
fail:
    clsnn_learned_finish(&l);
    free(path);
    return st;
}

static enum clsnn_status on_finished(void *ctx, const struct clsnn_sweep_run *run,
                                     const struct clsnn_report *report, const struct clsnn_learned *learned) {
    struct reproduction *p = ctx;
    const struct clsnn_metrics *m = clsnn_run_last(&run->result.run);
    clsnn_progress_note(&p->session.progress,
                        "N = %u, seed %llu: %.2f %% (vote all), %.2f %% (vote proportion) after epoch %llu",
                        run->plan.neurons, (unsigned long long)run->plan.seed, 100 * m->accuracy_all,
                        100 * m->accuracy_proportion, (unsigned long long)m->epoch);
    return clsnn_pictures_write(report, learned);
}

static enum clsnn_status read_sizes(const struct clsnn_options *o, struct clsnn_reproduction *r) {
    enum clsnn_status st = CLSNN_OK;
    const char *text = o->sizes ? o->sizes : default_sizes;
    uint64_t sizes[CLSNN_REPRODUCE_SIZES];
    char shown[CLSNN_EXCERPT];
    TRY(clsnn_parse_list("--sizes", text, 1, CLSNN_MAX_POST, "neurons", CLSNN_REPRODUCE_SIZES, sizes,
                         &r->n_sizes));
    for (size_t k = 0; k < r->n_sizes; k++) {
        for (size_t j = 0; j < k; j++) {
            if (sizes[j] == sizes[k])
                return clsnn_fail(CLSNN_E_USAGE, "--sizes = %s: %u stands twice: name every size once",
                                  clsnn_excerpt(text, shown), (unsigned)sizes[k]);
        }
        r->sizes[k] = (uint32_t)sizes[k];
    }
fail:
    return st;
}

/* Makes the table's runs. They have the order of the sweep's runs, so one index names a run in both. */
static enum clsnn_status lay_out(struct reproduction *p) {
    struct clsnn_reproduction *r = &p->r;
    const enum clsnn_status st = clsnn_reproduction_plan(r);
    for (size_t k = 0; st == CLSNN_OK && k < r->n_sizes * r->n_seeds; k++)
        snprintf(r->runs[k].dir, sizeof r->runs[k].dir, "runs/%s", p->sweep.runs[k].name);
    return st;
}

static void take_finished(struct reproduction *p, bool kept) {
    for (size_t k = 0; k < p->grid.n_runs; k++) {
        const struct clsnn_found_run *result = &p->sweep.runs[k].result;
        if (result->found != CLSNN_FOUND_FINISHED) continue;
        p->r.runs[k].run = &result->run;
        p->r.runs[k].kept = p->r.runs[k].kept || kept;
    }
}

static enum clsnn_status prepare(struct reproduction *p, const struct clsnn_options *o,
                                 const struct clsnn_sweep_watcher *watch, char **out_dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session *s = &p->session;
    struct clsnn_reproduction *r = &p->r;
    size_t n_kept, n_failed;
    char default_dir[64];
    clsnn_clock_utc(r->started);
    snprintf(default_dir, sizeof default_dir, "reproduce-%s", s->data.name);
    TRY(clsnn_report_check_dir(o, o->out_dir ? o->out_dir : default_dir));
    TRY(clsnn_sweep_refuse_kinds(o->out_dir ? o->out_dir : default_dir, false));
    TRY(clsnn_session_compile(s, o, p->grid.options, p->grid.n_runs, true));
    *out_dir = strdup(o->out_dir ? o->out_dir : default_dir);
    if (!*out_dir) return clsnn_no_memory("reproduce");
    r->options = o;
    r->data = &s->data;
    p->devices = calloc(s->n_devices, sizeof *p->devices);
    if (!p->devices) return clsnn_no_memory("reproduce");
    for (size_t d = 0; d < s->n_devices; d++)
        p->devices[d] = (struct clsnn_reproduced_on){&s->devices[d].dev->info,
                                                     clsnn_program_work_group(s->devices[d].prog)};
    r->devices = p->devices;
    r->n_devices = s->n_devices;
    r->dir = *out_dir;
    r->n_seeds = (uint32_t)o->seeds;
    r->epochs = (uint32_t)o->epochs;
    r->seed = o->seed;
    r->train_images = s->plan.train_images;
    r->label_images = s->plan.label_images;
    r->test_images = s->plan.test_images;
    TRY(clsnn_program_hash(r->kernels_sha256));
    p->sweep = (struct clsnn_sweep){.grid = &p->grid,
                                    .options = o,
                                    .devices = s->devices,
                                    .n_devices = s->n_devices,
                                    .data = &s->data,
                                    .warnings = &s->warnings,
                                    .dir = r->dir,
                                    .shard = 1,
                                    .n_shards = 1,
                                    .kernels_sha256 = r->kernels_sha256};
    TRY(clsnn_sweep_plan(&p->sweep, watch));
    TRY(lay_out(p));
    take_finished(p, true);
    clsnn_sweep_count(&p->sweep, &n_kept, &n_failed);
    if (n_kept)
        clsnn_progress_note(
            &s->progress, "%zu of %zu run%s finished already in %s/runs and %s not trained again", n_kept,
            p->grid.n_runs, p->grid.n_runs == 1 ? " is" : "s are", r->dir, n_kept == 1 ? "is" : "are");
fail:
    return st;
}

/* Trains the runs that are not finished. Sets *out_unsaved if files of some runs could not be written; the
 * results of these runs are in p->r all the same. */
static enum clsnn_status train(struct reproduction *p, const struct clsnn_sweep_watcher *watch,
                               bool *out_unsaved) {
    struct clsnn_sweep_stage stage = {0};
    const enum clsnn_status st = clsnn_sweep_run(&p->sweep, watch, &stage);
    clsnn_progress_end(&p->session.progress);
    take_finished(p, false);
    *out_unsaved = st == CLSNN_E_IO && stage.n_runs;
    if (st != CLSNN_STOPPED) return *out_unsaved ? CLSNN_OK : st;
    clsnn_error_clear();
    return clsnn_fail(
        CLSNN_STOPPED,
        "stopped: %zu of %zu run%s finished in %s/runs; the same command keeps them and trains the others",
        stage.n_done, stage.n_runs, stage.n_runs == 1 ? " is" : "s are", p->r.dir);
}

enum clsnn_status clsnn_cmd_reproduce(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct reproduction p = {.r = {.dir = NULL}};
    const struct clsnn_sweep_watcher watch = {.stage = on_stage,
                                              .note = on_note,
                                              .check = on_check,
                                              .evaluated = on_evaluated,
                                              .finished = on_finished,
                                              .ctx = &p};
    char *dir = NULL;
    bool open = false, unsaved = false;
    size_t n_finished, n_failed;
    const double began = clsnn_clock_seconds();
    TRY(read_sizes(o, &p.r));
    TRY(clsnn_grid_sizes(o, p.r.sizes, p.r.n_sizes, (uint32_t)o->seeds, &p.grid));
    open = true;
    TRY(clsnn_session_open(&p.session, o, p.grid.options, p.grid.n_runs));
    TRY(prepare(&p, o, &watch, &dir));
    TRY(train(&p, &watch, &unsaved));
    clsnn_clock_utc(p.r.finished);
    p.r.seconds = clsnn_clock_seconds() - began;
    TRY(clsnn_reproduction_print(&p.r, o->out));
    TRY(clsnn_reproduction_write(&p.r));
    clsnn_sweep_count(&p.sweep, &n_finished, &n_failed);
    if (n_failed && !unsaved)
        st = clsnn_fail(CLSNN_E_FAILED, "%zu of %zu run%s failed: run.json in each one's directory says why",
                        n_failed, p.grid.n_runs, p.grid.n_runs == 1 ? "" : "s");
    else if (o->strict && clsnn_sweep_n_warned(&p.sweep))
        st =
            clsnn_fail(CLSNN_E_DATA, "%zu of %zu run%s warnings, errors by --strict: report.html names them",
                       clsnn_sweep_n_warned(&p.sweep), p.grid.n_runs, p.grid.n_runs == 1 ? " has" : "s have");
fail:
    if (unsaved && st == CLSNN_OK) st = CLSNN_E_IO; /* clsnn_sweep_run has recorded the text */
    clsnn_sweep_finish(&p.sweep);
    clsnn_grid_finish(&p.grid);
    if (open) clsnn_session_close(&p.session);
    clsnn_reproduction_finish(&p.r);
    free(p.devices);
    free(dir);
    return st;
}
