/* clsnn predict MODEL.npz: an answer of a trained network for every image. */
#include <stdio.h>

#include "base/fail.h"
#include "commands/commands.h"
#include "commands/trained.h"
#include "experiment/experiment.h"
#include "formats/figure.h"
#include "run/page.h"
#include "run/predictions.h"
#include "run/run_json.h"
#include "run/summary.h"

static enum clsnn_status print_json(const struct clsnn_report *r, const struct clsnn_learned *learned,
                                    const struct clsnn_predictions *p, FILE *out) {
    bool ok = true;
    json_t *o = clsnn_run_json_result(r, learned, &ok);
    if (r->experiment->n_metrics)
        clsnn_json_add(o, "wrong", clsnn_predictions_wrong(r, p, &ok), &ok);
    else
        clsnn_json_add(o, "answers", clsnn_predictions_all(p, &ok), &ok);
    if (ok) ok = json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
    fputc('\n', out);
    json_decref(o);
    return ok            ? CLSNN_OK
           : ferror(out) ? clsnn_fail(CLSNN_E_IO, "standard output: the result could not be written")
                         : clsnn_no_memory("predictions");
}

/* Prints how many images got each answer: all that a summary can say without labels. */
static void print_answers(const struct clsnn_predictions *p, FILE *out) {
    uint32_t n[CLSNN_MAX_CLASSES] = {0};
    for (uint32_t k = 0; k < p->n_images; k++) n[p->answers.all[k]]++;
    fprintf(out, "answers (vote all)          %u images without labels:", p->n_images);
    for (int c = 0; c < CLSNN_MAX_CLASSES; c++)
        if (n[c]) fprintf(out, " %u x class %d", n[c], c);
    fputc('\n', out);
}

static void print_places(const struct clsnn_report *r, FILE *out) {
    struct clsnn_figure f = {.name = "mistakes", .formats = r->options->figures};
    fprintf(out, "written to                  %s/{report.html, predictions.npz, ", r->dir);
    while (r->experiment->n_metrics && clsnn_figure_next(&f)) fprintf(out, "%s, ", f.path);
    fputs("run.json}\n", out);
}

enum clsnn_status clsnn_cmd_predict(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_trained t = {.path = NULL};
    struct clsnn_learned learned = {0};
    struct clsnn_predictions p = {0};
    TRY(clsnn_trained_open(&t, o, o->out_dir ? o->out_dir : "predictions"));
    const struct clsnn_watcher watcher = {.stage = clsnn_trained_stage, .ctx = &t.session.progress};
    TRY(clsnn_trained_stopped(clsnn_experiment_predict(t.x, &watcher, &p)));
    TRY(clsnn_experiment_learned(t.x, &learned));
    clsnn_warnings_of_predictions(&t.report.warnings, t.x, &p);
    if (o->json)
        TRY(print_json(&t.report, &learned, &p, o->out));
    else
        TRY(clsnn_summary_print(&t.report, &learned, o->out));
    if (!o->json && !t.x->n_metrics) print_answers(&p, o->out);
    TRY(clsnn_trained_prepare(&t));
    TRY(clsnn_predictions_write(&t.report, &p));
    TRY(clsnn_trained_keep(&t, &learned));
    TRY(clsnn_run_json_write(&t.report, CLSNN_RUN_FINISHED, &learned));
    TRY(clsnn_page_write(&t.report, CLSNN_RUN_FINISHED, &learned));
    if (!o->json) print_places(&t.report, o->out);
    TRY(clsnn_session_tell(&t.session, o, &t.report.warnings));
fail:
    clsnn_predictions_finish(&p);
    clsnn_learned_finish(&learned);
    clsnn_trained_close(&t);
    return st;
}
