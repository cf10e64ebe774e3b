/* clsnn eval MODEL.npz: labels a trained network if it has no labels, and tests it. */
#include "base/fail.h"
#include "commands/commands.h"
#include "commands/trained.h"
#include "run/page.h"
#include "run/pictures.h"
#include "run/run_json.h"
#include "run/summary.h"

enum clsnn_status clsnn_cmd_eval(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_trained t = {.path = NULL};
    struct clsnn_learned learned = {0};
    TRY(clsnn_trained_open(&t, o, o->out_dir));
    const struct clsnn_watcher watcher = {.stage = clsnn_trained_stage, .ctx = &t.session.progress};
    TRY(clsnn_trained_stopped(clsnn_experiment_evaluate(t.x, &watcher)));
    TRY(clsnn_experiment_learned(t.x, &learned));
    clsnn_warnings_of_result(&t.report.warnings, t.x);
    TRY(clsnn_summary_print(&t.report, &learned, o->out));
    TRY(clsnn_trained_prepare(&t));
    TRY(clsnn_report_metrics(&t.report));
    TRY(clsnn_pictures_write(&t.report, &learned));
    TRY(clsnn_trained_keep(&t, &learned));
    TRY(clsnn_run_json_write(&t.report, CLSNN_RUN_FINISHED, &learned));
    TRY(clsnn_page_write(&t.report, CLSNN_RUN_FINISHED, &learned));
    clsnn_summary_places(&t.report, o->out);
    TRY(clsnn_session_tell(&t.session, o, &t.report.warnings));
fail:
    clsnn_learned_finish(&learned);
    clsnn_trained_close(&t);
    return st;
}
