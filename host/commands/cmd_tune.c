/* clsnn tune: searches the best parameters on validation images. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "commands/commands.h"
#include "commands/session.h"
#include "model/tuned.h"
#include "options/options.h"
#include "run/plan.h"
#include "sweep/shard.h"
#include "tune/tune.h"

static bool on_stage(void *ctx, const struct clsnn_sweep_stage *stage) {
    struct clsnn_session *session = ctx;
    clsnn_progress_sweep(&session->progress, stage);
    return !clsnn_session_stopping();
}

static void on_note(void *ctx, const char *text, bool is_warning) {
    struct clsnn_session *session = ctx;
    clsnn_progress_tell(&session->progress, is_warning, "%s", text);
}

/* Refuses lists of what all points share. */
static enum clsnn_status check(const struct clsnn_grid *grid, const struct clsnn_options *common) {
    static const struct {
        const char *name, *why;
    } shared[] = {{"seed", "points train with one --seed, the best one with --seeds others"},
                  {"neurons", "a search is for one size: start one for each"},
                  {"epochs", "points train for 1, 2, 4 ... epochs, up to one number"},
                  {"eval-every", "points are tested after every epoch"}};
    for (size_t a = 0; a < grid->n_axes; a++) {
        for (size_t k = 0; k < sizeof shared / sizeof *shared; k++)
            if (strcmp(grid->axes[a].name, shared[k].name) == 0)
                return clsnn_fail(CLSNN_E_USAGE, "%s takes one value in a search: %s", grid->axes[a].label,
                                  shared[k].why);
    }
    if (common->eval_every > 1)
        return clsnn_fail(CLSNN_E_USAGE, "eval-every = %d: %s: leave it out", common->eval_every,
                          shared[3].why);
    return CLSNN_OK;
}

/* Finds the size and the rule, which default ranges depend on: FILE.ini may have them. */
static enum clsnn_status look_ahead(const struct clsnn_options *o, const char *path,
                                    struct clsnn_options *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_settings file = {0}, two = {0};
    TRY(clsnn_settings_read(&file, path, "search file"));
    for (size_t k = 0; k < file.n; k++) {
        const struct clsnn_setting *s = &file.list[k];
        const bool matters =
            s->row && (strcmp(s->row->name, "neurons") == 0 || strcmp(s->row->name, "rule") == 0);
        if (matters && !clsnn_axis_is_list(s->value) && !clsnn_option_is_given(o, s->row->name))
            TRY(clsnn_settings_add(&two, s->row, NULL, s->value, s->label));
    }
    TRY(clsnn_options_derive(o, &two, CLSNN_FROM_SWEEP, out));
fail:
    clsnn_settings_finish(&file);
    clsnn_settings_finish(&two);
    return st;
}

/* Reads the points. */
static enum clsnn_status read_file(const struct clsnn_options *o, struct clsnn_grid *grid,
                                   struct clsnn_options *common) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_options ahead = {0};
    struct clsnn_settings defaults = {0};
    const char *path = o->operands[0];
    if (!clsnn_grid_is_table(path)) TRY(look_ahead(o, path, &ahead));
    TRY(clsnn_tune_defaults(ahead.model.laws.rule, (uint32_t)ahead.neurons, &defaults));
    TRY(clsnn_grid_read(path, o, &defaults, grid, common));
    TRY(check(grid, common));
fail:
    clsnn_options_finish(&ahead);
    clsnn_settings_finish(&defaults);
    return st;
}

static void print_result(const struct clsnn_tune *t, FILE *out) {
    const struct clsnn_grid *g = t->grid;
    const struct clsnn_stats *votes[2] = {&t->all, &t->proportion};
    static const char *const names[2] = {"all", "proportion"};
    if (t->options->json) {
        fprintf(out, "{\"points\":%zu,\"validation_images\":%u,\"epochs\":%d,\"images\":%llu,\"best\":{",
                g->n_runs, t->n_tested, t->options->epochs, (unsigned long long)t->images);
        for (size_t a = 0; a < g->n_axes; a++)
            fprintf(out, "%s\"%s\":\"%s\"", a ? "," : "", g->axes[a].name,
                    clsnn_grid_value(g, t->points[0].run, &g->axes[a]));
        fputc('}', out);
        for (int v = 0; v < 2; v++)
            fprintf(out, ",\"%s\":{\"n\":%zu,\"mean_percent\":%.6g}", names[v], votes[v]->n, votes[v]->mean);
        fprintf(out, ",\"warned\":%zu}\n", t->n_warned);
        return;
    }
    fprintf(out, "the best of %zu point%s:\n", g->n_runs, g->n_runs == 1 ? "" : "s");
    for (size_t a = 0; a < g->n_axes; a++)
        fprintf(out, "  %-14s %s %s\n", g->axes[a].name, clsnn_grid_value(g, t->points[0].run, &g->axes[a]),
                g->axes[a].param ? g->axes[a].param->unit : "");
    for (int v = 0; v < 2; v++) {
        fprintf(out, "vote %-11s%.2f", names[v], votes[v]->mean);
        if (votes[v]->n >= 3) fprintf(out, " +- %.2f", votes[v]->ci95);
        fprintf(out, " %% of %u validation images, %d epoch%s, mean of %zu seed%s\n", t->n_tested,
                t->options->epochs, t->options->epochs == 1 ? "" : "s", votes[v]->n,
                votes[v]->n == 1 ? "" : "s");
    }
    if (t->n_warned)
        fprintf(out, "warnings      %zu of its %u run%s: %s/best/results.csv names them\n", t->n_warned,
                t->n_seeds, t->n_seeds == 1 ? "" : "s", t->dir);
    fprintf(out, "written to    %s/{best.ini, tune.csv, report.html, epochs-*/, best/}\n", t->dir);
}

/* Returns whether theta_plus_mv is drawn from tune's own range. */
static bool has_own_range(const struct clsnn_grid *g) {
    for (size_t a = 0; a < g->n_axes; a++)
        if (strcmp(g->axes[a].name, "theta_plus_mv") == 0)
            return strcmp(g->axes[a].label, "theta_plus_mv of clsnn tune") == 0;
    return false;
}

/* Turns a stop into words that say how to go on. */
static enum clsnn_status say_stopped(const char *dir, enum clsnn_status st) {
    if (st != CLSNN_STOPPED || !clsnn_session_stopping()) return st;
    clsnn_error_clear();
    return clsnn_fail(CLSNN_STOPPED, "stopped; what is done is in %s: the same command goes on", dir);
}

enum clsnn_status clsnn_cmd_tune(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session session = {0};
    struct clsnn_grid grid = {0};
    struct clsnn_options common = {0};
    struct clsnn_tune t = {.grid = &grid, .options = &common};
    const struct clsnn_sweep_watcher watch = {.stage = on_stage, .note = on_note, .ctx = &session};
    struct clsnn_plan plan;
    char default_dir[256], of[64] = "";
    TRY(read_file(o, &grid, &common));
    TRY(clsnn_shard_read(common.shard, &t.shard, &t.n_shards));
    common.out = o->out;
    common.command = o->command;
    const char *base = strrchr(o->operands[0], '/');
    base = base ? base + 1 : o->operands[0];
    snprintf(default_dir, sizeof default_dir, "tune-%.*s", (int)strcspn(base, "."), base);
    t.dir = common.out_dir ? common.out_dir : default_dir;
    TRY(clsnn_session_open(&session, &common, grid.options, grid.n_runs));
    TRY(clsnn_report_check_dir(&common, t.dir));
    TRY(clsnn_sweep_refuse_kinds(t.dir, true));
    TRY(clsnn_session_compile(&session, &common, grid.options, grid.n_runs, true));
    common.validate = (int32_t)session.data.n_validation;
    common.eval_every = 1;
    t.n_seeds = (uint32_t)common.seeds;
    t.devices = session.devices;
    t.n_devices = session.n_devices;
    t.data = &session.data;
    t.warnings = &session.warnings;
    clsnn_plan_make(&grid.options[0], &session.data, &plan);
    if (plan.test_images < session.data.n_validation)
        snprintf(of, sizeof of, " of %u that are set aside", session.data.n_validation);
    clsnn_progress_note(&session.progress, "%zu point%s, %u validation images%s; results go to %s",
                        grid.n_runs, grid.n_runs == 1 ? "" : "s", plan.test_images, of, t.dir);
    if (plan.train_images < CLSNN_TUNED_IMAGES && has_own_range(&grid))
        clsnn_progress_note(&session.progress,
                            "the range of theta_plus_mv is for epochs of %d images and more: with %u the "
                            "thresholds may not settle; a line such as theta_plus_mv = log(0.01..0.2, 8) in "
                            "FILE replaces it",
                            CLSNN_TUNED_IMAGES, plan.train_images);
    TRY(clsnn_file_make_dir(t.dir));
    clsnn_file_remove_unfinished(t.dir);
    st = clsnn_tune_run(&t, &watch);
    clsnn_progress_end(&session.progress);
    if (st == CLSNN_OK) st = clsnn_tune_files(&t);
    if (st != CLSNN_OK && t.has_begun && t.n_shards == 1) /* best effort: the error is that of the search */
        clsnn_tune_page(&t, st == CLSNN_STOPPED ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED);
    TRY(say_stopped(t.dir, st));
    TRY(clsnn_tune_page(&t, CLSNN_RUN_FINISHED));
    print_result(&t, o->out);
    if (t.n_warned && common.strict)
        st = clsnn_fail(CLSNN_E_DATA,
                        "%zu of the best point's %u runs have warnings, errors by --strict: "
                        "%s/best/results.csv names them",
                        t.n_warned, t.n_seeds, t.dir);
fail:
    clsnn_tune_finish(&t);
    clsnn_session_close(&session);
    clsnn_grid_finish(&grid);
    clsnn_options_finish(&common);
    return st;
}
