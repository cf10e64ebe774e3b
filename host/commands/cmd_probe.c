/* clsnn probe MODEL.npz: shows chosen images to a trained network and records every step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "commands/commands.h"
#include "commands/trained.h"
#include "formats/json.h"
#include "formats/figure.h"
#include "probe/probe.h"
#include "probe/probe_files.h"

enum { FIRED_MOST = 4, LINES = 20 }; /* neurons recorded by default; images of which stdout tells */

static enum clsnn_status parse_records(const char *text, unsigned *out) {
    char name[16], shown[CLSNN_EXCERPT];
    *out = 0;
    for (const char *at = text; *at; at += *at == ',') {
        const size_t n = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), at);
        const int index = n && n < sizeof name ? clsnn_choice_index(CLSNN_PROBE_RECORDS, name) : -1;
        if (index < 0)
            return clsnn_fail(CLSNN_E_USAGE, "--record = %s: must be some of %s, with commas between them",
                              clsnn_excerpt(text, shown), "spikes, v, g_exc, g_inh, theta, v_inh");
        *out |= 1u << index;
        at += n;
    }
    return CLSNN_OK;
}

/* Reads --neurons. *out: NULL: those that fire most, *out_n of them. */
static enum clsnn_status parse_neurons(const char *text, uint32_t n_post, int32_t **out, uint32_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t *list = NULL;
    int32_t *neurons = NULL;
    size_t n = 0;
    *out_n = n_post < FIRED_MOST ? n_post : FIRED_MOST;
    if (!text) return CLSNN_OK;
    list = malloc(n_post * sizeof *list);
    neurons = malloc(n_post * sizeof *neurons);
    if (!list || !neurons) {
        st = clsnn_no_memory("--neurons");
        goto fail;
    }
    TRY(clsnn_parse_list("--neurons", text, 0, n_post - 1, "", n_post, list, &n));
    for (size_t k = 0; k < n; k++) {
        for (size_t before = 0; before < k; before++) {
            if (list[before] != list[k]) continue;
            st = clsnn_fail(CLSNN_E_USAGE, "--neurons = %s: %llu stands there twice: list each neuron once",
                            text, (unsigned long long)list[k]);
            goto fail;
        }
        neurons[k] = (int32_t)list[k];
    }
    *out = neurons;
    *out_n = (uint32_t)n;
    neurons = NULL;
fail:
    free(list);
    free(neurons);
    return st;
}

/* Returns the images to show, and what they are called. */
static const struct clsnn_images *choose_images(const struct clsnn_options *o,
                                                const struct clsnn_dataset *data, const char **out_name) {
    const bool trains = o->probe_train || o->images_of == 1;
    *out_name = trains ? "training image" : "test image";
    return trains ? &data->train : &data->test;
}

static enum clsnn_status check_images(const struct clsnn_options *o, const struct clsnn_dataset *data,
                                      const struct clsnn_images *images, const char *name) {
    const uint32_t end = (uint32_t)(o->image.first + o->image.n);
    if (end <= images->n_images) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE, "--image: image %u: %s has %u %ss, counted from 0", end - 1, data->name,
                      images->n_images, name);
}

/* Answers every presentation. */
static enum clsnn_status answer(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                const struct clsnn_probe *p, struct clsnn_answers *out) {
    enum clsnn_status st = CLSNN_OK;
    if (!labels->labels) return CLSNN_OK;
    TRY(clsnn_answers_create(p->n_shown, out));
    TRY(clsnn_readout_predict(dev, labels, p->counts, (uint32_t)p->n_shown, *out));
fail:
    return st;
}

static void print_text(const struct clsnn_probe_report *r, FILE *out) {
    const struct clsnn_probe *p = r->probe;
    const uint8_t *labels = r->plan->images->labels;
    struct clsnn_figure figure = {.name = "probe", .formats = r->figures};
    size_t told = 0, n_images = 0;
    for (size_t k = 0; k < p->n_shown; k++) {
        const struct clsnn_shown *s = &p->shown[k];
        if (!s->accepted || ++n_images > LINES) continue;
        told++;
        fprintf(out, "%s %d: ", r->images, s->image);
        if (labels) fprintf(out, "label %d, ", labels[s->image]);
        if (r->answers.all) fprintf(out, "answer %d, ", r->answers.all[k]);
        fprintf(out, "%d presentation%s, %d excitatory spike%s in the last%s\n", s->attempt,
                s->attempt == 1 ? "" : "s", s->n_exc, s->n_exc == 1 ? "" : "s",
                (uint32_t)s->n_exc < (uint32_t)r->plan->model->min_spikes ? ": given up" : "");
    }
    if (told < n_images) fprintf(out, "and %zu images more\n", n_images - told);
    for (uint32_t k = 0; k < p->n_neurons; k++)
        fprintf(out, "%s%d%s", k ? ", " : "recorded neurons: ", p->neurons[k],
                k + 1 < p->n_neurons ? "" : "\n");
    fprintf(out, "written to %s/{probe.npz", r->dir);
    while (clsnn_figure_next(&figure)) fprintf(out, ", %s", figure.path);
    fputs("}\n", out);
}

static enum clsnn_status print_json(const struct clsnn_probe_report *r, const struct clsnn_device *dev,
                                    int work_group, FILE *out) {
    const struct clsnn_probe *p = r->probe;
    const uint8_t *labels = r->plan->images->labels;
    bool ok = true;
    json_t *o = json_object(), *neurons = json_array(), *shown = json_array();
    for (uint32_t k = 0; k < p->n_neurons; k++)
        if (json_array_append_new(neurons, json_integer(p->neurons[k])) != 0) ok = false;
    for (size_t k = 0; k < p->n_shown; k++) {
        const struct clsnn_shown *s = &p->shown[k];
        json_t *one = json_pack("{s:i, s:i, s:i, s:i, s:b}", "image", s->image, "attempt", s->attempt,
                                "intensity", s->intensity, "exc_spikes", s->n_exc, "accepted", s->accepted);
        if (labels) clsnn_json_add(one, "label", json_integer(labels[s->image]), &ok);
        if (r->answers.all) {
            clsnn_json_add(one, "prediction_all", json_integer(r->answers.all[k]), &ok);
            clsnn_json_add(one, "prediction_proportion", json_integer(r->answers.proportion[k]), &ok);
            clsnn_json_add(one, "prediction_likelihood", json_integer(r->answers.likelihood[k]), &ok);
        }
        if (json_array_append_new(shown, one) != 0) ok = false;
    }
    clsnn_json_add(o, "model", json_string(r->model), &ok);
    clsnn_json_add(o, "neurons", json_integer(p->n_post), &ok);
    clsnn_json_add(o, "recorded", neurons, &ok);
    clsnn_json_add(o, "presentations", shown, &ok);
    clsnn_json_add(o, "device", json_string(dev->info.name), &ok);
    clsnn_json_add(o, "work_group", json_integer(work_group), &ok);
    clsnn_json_add(o, "out", json_string(r->dir), &ok);
    if (ok) ok = json_dumpf(o, out, JSON_COMPACT) == 0;
    fputc('\n', out);
    json_decref(o);
    return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_FAILED, "probe: the result cannot be printed as JSON");
}

enum clsnn_status clsnn_cmd_probe(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_trained t = {.path = NULL};
    struct clsnn_probe probe = {.n_post = 0};
    struct clsnn_probe_report report = {
        .dir = o->out_dir ? o->out_dir : "probe", .model = o->operands[0], .figures = o->figures};
    int32_t *neurons = NULL;
    uint32_t n_neurons = 0;
    TRY(parse_records(o->record, &report.records));
    TRY(clsnn_trained_read(&t, o, report.dir));
    TRY(parse_neurons(o->probe_neurons, t.model.n_post, &neurons, &n_neurons));
    const struct clsnn_images *images = choose_images(o, &t.session.data, &report.images);
    TRY(check_images(o, &t.session.data, images, report.images));
    TRY(clsnn_session_compile(&t.session, &t.options, &t.options, 1, false));
    TRY(clsnn_file_make_dir(report.dir));
    const bool reads_values = (report.records & ~(unsigned)CLSNN_RECORD_SPIKES) != 0 || o->probe_train;
    const struct clsnn_probe_plan plan = {.model = &t.options.model,
                                          .seed = t.options.seed,
                                          .network = &t.model,
                                          .images = images,
                                          .first = (uint32_t)o->image.first,
                                          .n = (uint32_t)o->image.n,
                                          .purpose = o->probe_train      ? CLSNN_RNG_TRAIN
                                                     : o->images_of == 1 ? CLSNN_RNG_LABEL
                                                                         : CLSNN_RNG_TEST,
                                          .neurons = neurons,
                                          .n_neurons = reads_values ? n_neurons : 0};
    const struct clsnn_sweep_device *d = t.session.devices;
    const struct clsnn_watcher watcher = {.stage = clsnn_trained_stage, .ctx = &t.session.progress};
    TRY(clsnn_trained_stopped(clsnn_probe_run(d->dev, d->prog, &plan, &watcher, &probe)));
    TRY(answer(d->dev, &t.model.labels, &probe, &report.answers));
    report.plan = &plan;
    report.probe = &probe;
    t.report.dir = report.dir;
    TRY(clsnn_trained_prepare(&t));
    TRY(clsnn_probe_write(&report));
    if (o->json)
        TRY(print_json(&report, d->dev, clsnn_program_work_group(d->prog), o->out));
    else
        print_text(&report, o->out);
fail:
    free(neurons);
    clsnn_answers_finish(&report.answers);
    clsnn_probe_finish(&probe);
    clsnn_trained_close(&t);
    return st;
}
