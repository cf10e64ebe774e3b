/* Writes what a probe recorded: arrays for programs, and a picture of the first image for people. */
#include "probe/probe_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "clsnn/npz.h"
#include "formats/figure.h"
#include "formats/raster.h"

enum { MOST_SPANS = 6 }; /* presentations of a picture */

static bool learns(const struct clsnn_probe_report *r) {
    return r->plan->purpose == CLSNN_RNG_TRAIN;
}

/* Copies the chosen neurons' columns of w, [n_pre][n_post]. Order: [n_pre][n_neurons], or with by_neuron
 * [n_neurons][n_pre]. The caller frees the copy; NULL: no memory. */
static float *chosen_columns(const struct clsnn_probe_report *r, const float *w, bool by_neuron) {
    const struct clsnn_probe *p = r->probe;
    const size_t n_pre = r->plan->network->n_pre, n = p->n_neurons;
    float *out = malloc((n_pre * n + 1) * sizeof *out);
    for (size_t i = 0; out && i < n_pre; i++)
        for (size_t k = 0; k < n; k++)
            out[by_neuron ? k * n_pre + i : i * n + k] = w[i * p->n_post + (size_t)p->neurons[k]];
    return out;
}

/* Arrays under way. columns: six of them are one allocation, a row of struct clsnn_shown each. */
struct archive {
    struct clsnn_array arrays[32];
    size_t n;
};

static void add(struct archive *a, const char *name, enum clsnn_dtype dtype, int n_dims, size_t rows,
                size_t columns, void *data) {
    struct clsnn_array *to = &a->arrays[a->n++];
    *to = (struct clsnn_array){.dtype = dtype, .n_dims = n_dims, .shape = {rows, columns}, .data = data};
    snprintf(to->name, sizeof to->name, "%s", name);
}

static enum clsnn_status write_arrays(const struct clsnn_probe_report *r) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_probe *p = r->probe;
    const size_t n = p->n_shown, steps = p->out.n_steps, width = p->n_neurons;
    struct archive a = {.n = 0};
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    float *before = NULL, *after = NULL;
    int32_t on = (int32_t)p->steps_on, off = (int32_t)(p->n_steps - p->steps_on), samples = (int32_t)n,
            learn = learns(r), from_rest = !learns(r);
    float norm = (float)r->plan->model->w_norm;
    int32_t *columns = malloc((6 * n + 1) * sizeof *columns);
    if (!columns) return clsnn_no_memory("probe.npz");
    const uint8_t *labels = r->plan->images->labels;
    for (size_t k = 0; k < n; k++) {
        const struct clsnn_shown *s = &p->shown[k];
        const int32_t row[6] = {s->image, s->attempt,  s->intensity,
                                s->n_exc, s->accepted, labels ? labels[s->image] : -1};
        for (size_t c = 0; c < 6; c++) columns[c * n + k] = row[c];
    }
    static const char *const names[6] = {"image", "attempt", "intensity", "exc_spikes", "accepted", "label"};
    for (size_t c = 0; c < 6; c++) add(&a, names[c], CLSNN_I4, 1, n, 0, columns + c * n);
    if (r->answers.all) {
        add(&a, "prediction_all", CLSNN_I4, 1, n, 0, r->answers.all);
        add(&a, "prediction_proportion", CLSNN_I4, 1, n, 0, r->answers.proportion);
        add(&a, "prediction_likelihood", CLSNN_I4, 1, n, 0, r->answers.likelihood);
    }
    add(&a, "steps_on", CLSNN_I4, 0, 0, 0, &on);
    add(&a, "steps_off", CLSNN_I4, 0, 0, 0, &off);
    add(&a, "n_samples", CLSNN_I4, 0, 0, 0, &samples);
    add(&a, "learn", CLSNN_I4, 0, 0, 0, &learn);
    add(&a, "from_rest", CLSNN_I4, 0, 0, 0, &from_rest);
    add(&a, "norm", CLSNN_F4, 0, 0, 0, &norm);
    add(&a, "neurons", CLSNN_I4, 1, width, 0, p->neurons);
    if (r->records & CLSNN_RECORD_SPIKES) {
        add(&a, "input_step", CLSNN_I4, 1, p->input.n, 0, p->input.step);
        add(&a, "input_index", CLSNN_I4, 1, p->input.n, 0, p->input.neuron);
        add(&a, "exc_step", CLSNN_I4, 1, p->out.exc.n, 0, p->out.exc.step);
        add(&a, "exc_neuron", CLSNN_I4, 1, p->out.exc.n, 0, p->out.exc.neuron);
        add(&a, "inh_step", CLSNN_I4, 1, p->out.inh.n, 0, p->out.inh.step);
        add(&a, "inh_neuron", CLSNN_I4, 1, p->out.inh.n, 0, p->out.inh.neuron);
    }
    const struct {
        unsigned record;
        const char *name;
        float *values;
    } rows[] = {{CLSNN_RECORD_V, "v", p->out.v_exc},
                {CLSNN_RECORD_G_EXC, "g_exc", p->out.g_exc},
                {CLSNN_RECORD_G_INH, "g_inh", p->out.g_inh},
                {CLSNN_RECORD_THETA, "theta", p->out.theta_mv},
                {CLSNN_RECORD_V_INH, "v_inh", p->out.v_inh}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (r->records & rows[k].record && width)
            add(&a, rows[k].name, CLSNN_F4, 2, steps, width, rows[k].values);
    if (learns(r) && width) {
        before = chosen_columns(r, r->plan->network->w, false);
        after = chosen_columns(r, p->out.w_end, false);
        if (!before || !after) {
            st = clsnn_no_memory("probe.npz");
            goto fail;
        }
        add(&a, "w_before", CLSNN_F4, 2, r->plan->network->n_pre, width, before);
        add(&a, "w_after", CLSNN_F4, 2, r->plan->network->n_pre, width, after);
    }
    TRY(clsnn_npz_pack("probe.npz", a.arrays, a.n, CLSNN_NPZ_DEFLATED, &bytes, &n_bytes));
    TRY(clsnn_file_write_in(r->dir, "probe.npz", bytes, n_bytes, CLSNN_FILE_SAFE));
fail:
    free(bytes);
    free(before);
    free(after);
    free(columns);
    return st;
}

/* Lists the presentations of the first image in the order of time, the last MOST_SPANS of them. Returns their
 * number; *out_all is that of all. */
static size_t make_spans(const struct clsnn_probe *p, struct clsnn_span *spans, int *out_all) {
    size_t n = 0;
    *out_all = 0;
    for (size_t k = 0; k < p->n_shown && p->shown[k].image == p->shown[0].image; k++) (*out_all)++;
    const int first = *out_all > MOST_SPANS ? *out_all - MOST_SPANS : 0;
    for (int attempt = first + 1; attempt <= *out_all; attempt++) {
        for (size_t k = 0; k < (size_t)*out_all; k++) {
            const struct clsnn_shown *s = &p->shown[k];
            struct clsnn_span *to = &spans[n];
            if (s->attempt != attempt) continue;
            *to = (struct clsnn_span){
                .step = (int32_t)(k * p->n_steps), .n_on = (int32_t)p->steps_on, .failed = !s->accepted};
            snprintf(to->label, sizeof to->label, "intensity %d: %d spike%s%s", s->intensity, s->n_exc,
                     s->n_exc == 1 ? "" : "s", s->accepted ? "" : ", shown again");
            n++;
            break;
        }
    }
    return n;
}

/* The texts of a picture. */
struct captions {
    char title[160], notes[3][240], names[CLSNN_RASTER_NEURONS][40];
    const char *lines[3];
    size_t n_lines;
};

static void write_captions(const struct clsnn_probe_report *r, int n_all, size_t n_spans,
                           struct captions *out) {
    const struct clsnn_probe *p = r->probe;
    const uint8_t *labels = r->plan->images->labels;
    const struct clsnn_shown *last = &p->shown[0];
    char rule[16], model[CLSNN_EXCERPT];
    while (!last->accepted) last++;
    const size_t at = (size_t)(last - p->shown);
    clsnn_law_get(&r->plan->model->laws, &clsnn_laws_table[0], rule);
    int n = snprintf(out->title, sizeof out->title, "%s %d", r->images, p->shown->image);
    if (labels)
        n += snprintf(out->title + n, sizeof out->title - (size_t)n, ": label %d", labels[last->image]);
    if (r->answers.all && !learns(r))
        snprintf(out->title + n, sizeof out->title - (size_t)n,
                 ", answered %d by vote all, %d by proportion, %d by likelihood", r->answers.all[at],
                 r->answers.proportion[at], r->answers.likelihood[at]);
    snprintf(out->notes[0], sizeof out->notes[0], "%s: %u excitatory neurons, rule %s; %s",
             clsnn_excerpt(r->model, model), p->n_post, rule,
             learns(r) ? "learning" : "frozen, each presentation from rest");
    if ((size_t)n_all > n_spans)
        snprintf(out->notes[1], sizeof out->notes[1], "The last %zu of %d presentations", n_spans, n_all);
    else
        snprintf(out->notes[1], sizeof out->notes[1], "%d presentation%s%s", n_all, n_all == 1 ? "" : "s",
                 n_all > 1 ? "; grey: too few excitatory spikes, so the image is shown again" : "");
    snprintf(out->notes[2], sizeof out->notes[2], "Colours: the chosen neurons; dashed: threshold%s",
             !learns(r)        ? ""
             : r->plan->n == 1 ? "; behind the dotted line: rest, without input"
                               : "; behind the dotted line: rest; weights: after the last image");
    out->n_lines = p->n_neurons ? 3 : 2;
    for (size_t k = 0; k < 3; k++) out->lines[k] = out->notes[k];
}

/* Names a neuron, with its label if there are labels. */
static void name_neuron(const struct clsnn_labels *labels, int32_t j, char out[40]) {
    const int label = labels->labels ? labels->labels[j] : -1;
    const int n = snprintf(out, 40, "neuron %d", j);
    if (label >= 0) snprintf(out + n, 40 - (size_t)n, ", label %d", label);
}

static enum clsnn_status draw(const struct clsnn_probe_report *r) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_probe *p = r->probe;
    const struct clsnn_images *images = r->plan->images;
    const struct clsnn_model *m = r->plan->model;
    const size_t n_pixels = (size_t)images->width * images->height;
    struct clsnn_span spans[MOST_SPANS];
    struct clsnn_curve_strip strips[CLSNN_RASTER_NEURONS + 2];
    struct captions captions;
    size_t n_strips = 0;
    int n_all;
    float *before = NULL, *after = NULL;
    struct clsnn_figure figure = {.dir = r->dir, .name = "probe", .formats = r->figures};
    const size_t n_spans = make_spans(p, spans, &n_all);
    const bool has_layer = m->laws.inhibition == CLSNN_INHIBITION_LAYER;
    const struct clsnn_dots dots[] = {
        {"inputs", p->input.step, p->input.neuron, p->input.n, (int32_t)n_pixels, false},
        {"excitatory", p->out.exc.step, p->out.exc.neuron, p->out.exc.n, (int32_t)p->n_post, true},
        {"inhibitory", p->out.inh.step, p->out.inh.neuron, p->out.inh.n, (int32_t)p->n_post, true},
    };
    write_captions(r, n_all, n_spans, &captions);
    for (uint32_t k = 0; k < p->n_neurons && k < CLSNN_RASTER_NEURONS && r->records & CLSNN_RECORD_V; k++) {
        name_neuron(&r->plan->network->labels, p->neurons[k], captions.names[k]);
        strips[n_strips++] = (struct clsnn_curve_strip){"v (mV)",
                                                        captions.names[k],
                                                        p->out.v_exc,
                                                        p->out.theta_mv,
                                                        m->v_thresh_exc_mv - m->theta_offset_mv,
                                                        (int32_t)k};
    }
    if (p->n_neurons && r->records & CLSNN_RECORD_G_EXC)
        strips[n_strips++] = (struct clsnn_curve_strip){"g_exc", NULL, p->out.g_exc, NULL, 0, -1};
    if (p->n_neurons && r->records & CLSNN_RECORD_G_INH)
        strips[n_strips++] = (struct clsnn_curve_strip){"g_inh", NULL, p->out.g_inh, NULL, 0, -1};
    if (learns(r)) {
        before = chosen_columns(r, r->plan->network->w, true);
        after = chosen_columns(r, p->out.w_end, true);
    }
    if (learns(r) && (!before || !after)) {
        st = clsnn_no_memory("probe");
        goto fail;
    }
    const struct clsnn_raster raster = {.title = captions.title,
                                        .notes = captions.lines,
                                        .n_notes = captions.n_lines,
                                        .pixels = images->pixels + (size_t)p->shown->image * n_pixels,
                                        .width = (int)images->width,
                                        .height = (int)images->height,
                                        .spans = spans,
                                        .n_spans = n_spans,
                                        .n_steps = (int32_t)p->n_steps,
                                        .dt_ms = CLSNN_DT_MS,
                                        .dots = dots,
                                        .n_dots = has_layer ? 3 : 2,
                                        .strips = strips,
                                        .n_strips = n_strips,
                                        .neurons = p->neurons,
                                        .n_neurons = p->n_neurons,
                                        .w_before = before,
                                        .w_after = after,
                                        .w_max = m->w_max};
    while (clsnn_figure_next(&figure)) TRY(clsnn_raster_draw(figure.path, &raster));
fail:
    free(before);
    free(after);
    return st;
}

enum clsnn_status clsnn_probe_write(const struct clsnn_probe_report *r) {
    enum clsnn_status st = CLSNN_OK;
    TRY(write_arrays(r));
    TRY(draw(r));
fail:
    return st;
}
