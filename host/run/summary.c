/* Prints the result of one run, for people or as one JSON object. */
#include <math.h>

#include "base/fail.h"
#include "device/device.h"
#include "experiment/experiment.h"
#include "run/report.h"
#include "run/summary.h"

#include "experiment/batch.h"
#include "formats/figure.h"
#include "formats/json.h"
#include "run/run_json.h"

static void print_profile(const struct clsnn_profile *p, FILE *out) {
    double sum = 0;
    for (int k = 0; k < CLSNN_N_TIMES; k++) sum += p->seconds[k];
    fprintf(out,
            "phase        seconds  commands   us a command   share   (on the device, by OpenCL events)\n");
    for (int k = 0; k < CLSNN_N_TIMES; k++) {
        if (!p->commands[k]) continue;
        fprintf(out, "%-10s %9.3f %9llu %14.2f %6.1f %%\n", clsnn_phase_name((enum clsnn_phase)k),
                p->seconds[k], (unsigned long long)p->commands[k],
                1e6 * p->seconds[k] / (double)p->commands[k], 100 * p->seconds[k] / (sum > 0 ? sum : 1));
    }
}

enum clsnn_status clsnn_summary_print(const struct clsnn_report *r, const struct clsnn_learned *learned,
                                      FILE *out) {
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_metrics *m = x->n_metrics ? &x->metrics[x->n_metrics - 1] : NULL;
    if (r->options->json) {
        bool ok = true;
        json_t *o = clsnn_run_json_result(r, learned, &ok);
        if (ok) ok = json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
        fputc('\n', out);
        json_decref(o);
        return ok            ? CLSNN_OK
               : ferror(out) ? clsnn_fail(CLSNN_E_IO, "standard output: the result could not be written")
                             : clsnn_no_memory("report");
    }
    if (!m) return CLSNN_OK;
    fprintf(out, "accuracy (vote all)         %.2f %%  (%u of %u %s images of %s)\n", 100 * m->accuracy_all,
            m->score.correct_all, m->score.n_images, clsnn_dataset_test_name(x->batch->data),
            x->batch->data->name);
    fprintf(out, "accuracy (vote proportion)  %.2f %%\n", 100 * m->accuracy_proportion);
    if (!isnan(m->accuracy_likelihood))
        fprintf(out, "accuracy (vote likelihood)  %.2f %%\n", 100 * m->accuracy_likelihood);
    if (!r->model) {
        fprintf(out,
                "training                    %llu images in %.1f s, %.0f images/s; %.1f excitatory spikes an "
                "image\n",
                (unsigned long long)x->at.images, x->at.train_seconds,
                x->at.train_seconds > 0 ? (double)x->at.images / x->at.train_seconds : 0,
                m->exc_spikes_per_image);
    }
    fprintf(out, "theta (mean)                %.2f mV; %llu of %u neurons without a label\n",
            m->theta_mean_mv, (unsigned long long)m->unlabelled_neurons, x->plan.neurons);
    const unsigned long long given_up = x->at.trained.given_up + x->at.given_up_evaluating;
    if (given_up) {
        fprintf(out,
                "given up                    %llu images stayed under %d spikes at the highest intensity\n",
                given_up, x->plan.model.min_spikes);
    }
    if (x->batch->dev->profile) print_profile(x->batch->dev->profile, out);
    if (learned) fprintf(out, "final_sha256                %s\n", learned->sha256);
    return CLSNN_OK;
}

void clsnn_summary_places(const struct clsnn_report *r, FILE *out) {
    if (!r->dir || r->options->json || r->experiment->n_metrics == 0) return;
    fprintf(out, "written to                  %s/%s\n", r->dir,
            r->model ? "{run.json, metrics.jsonl, metrics.csv}"
                     : "{run.json, metrics.jsonl, metrics.csv, model.npz}");
    fprintf(out, "page                        %s/report.html\n", r->dir);
    bool is_first = true;
    const char *const names[] = {"weights", r->model ? NULL : "accuracy", "confusion",
                                 r->options->snapshots && !r->model ? "weights-strip" : NULL};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct clsnn_figure f = {.dir = r->dir, .name = names[k], .formats = r->options->figures};
        while (names[k] && clsnn_figure_next(&f))
            fprintf(out, "%-28s%s\n", is_first ? "pictures" : "", f.path), is_first = false;
    }
    if (r->options->snapshots && !r->model)
        fprintf(out,
                "                            %s/weights.apng\nsnapshots                   %s/snapshots/\n",
                r->dir, r->dir);
}
