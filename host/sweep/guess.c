/* Measures how fast each group of a sweep's runs trains and is tested. */
#include "sweep/guess.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "experiment/batch.h"
#include "experiment/experiment.h"
#include "sweep/eta.h"
#include "sweep/pack.h"

static const double seconds_to_measure = 1.5;
enum { TESTED = 500 }; /* images whose testing is timed */

struct measuring {
    bool (*goes_on)(void);
    double began;
};

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    const struct measuring *m = ctx;
    if (stage->kind != CLSNN_STAGE_TRAIN) return true;
    return m->goes_on() && clsnn_clock_seconds() - m->began < seconds_to_measure;
}

/* Times a test of some images; labelling shows images as fast. The first test may compile CLBlast. */
static enum clsnn_status time_test(struct clsnn_batch *batch, const struct clsnn_plan *plan,
                                   double *out_seconds_an_image) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_plan few = *plan;
    struct clsnn_experiment *x = NULL;
    few.label_images = few.label_images < 10 ? few.label_images : 10;
    few.test_images = few.test_images < TESTED ? few.test_images : TESTED;
    TRY(clsnn_experiment_create(batch, 0, &few, &x));
    TRY(clsnn_experiment_evaluate(x, NULL));
    const double began = clsnn_clock_seconds();
    TRY(clsnn_experiment_evaluate(x, NULL));
    *out_seconds_an_image = (clsnn_clock_seconds() - began) / few.test_images;
fail:
    clsnn_experiment_destroy(x);
    return st;
}

/* Trains runs of the group on one device for a short time. *out_slots: how many side by side. */
static enum clsnn_status measure(const struct clsnn_sweep *s, const struct clsnn_sweep_device *on,
                                 const struct clsnn_guess *g, bool (*goes_on)(void), int *out_slots,
                                 double *out_images_per_second, double *out_seconds_an_image) {
    enum clsnn_status st = CLSNN_OK;
    struct measuring m = {.goes_on = goes_on};
    const struct clsnn_watcher watch = {.stage = on_stage, .ctx = &m};
    struct clsnn_batch *batch = NULL;
    struct clsnn_experiment **x = NULL, **slots = NULL;
    uint64_t images = 0;
    int n = 0;
    TRY(clsnn_pack_slots(on->dev, s->data, g->first, g->n_runs, &n));
    TRY(clsnn_batch_create(on->dev, on->prog, s->data, g->first->neurons, &g->first->model.laws, n,
                           s->data->train.n_images, s->data->test.n_images, (uint32_t)s->options->chunk,
                           &batch));
    TRY(time_test(batch, g->first, out_seconds_an_image));
    x = calloc((size_t)n, sizeof *x);
    slots = calloc((size_t)n, sizeof *slots);
    if (!x || !slots) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (int b = 0; b < n; b++) {
        struct clsnn_plan plan = *g->first;
        plan.seed += (uint64_t)b;
        plan.epochs = CLSNN_PLAN_MAX_EPOCHS; /* so that none ends during the measurement */
        TRY(clsnn_experiment_create(batch, b, &plan, &x[b]));
        slots[b] = x[b];
    }
    m.began = clsnn_clock_seconds();
    st = clsnn_experiments_run(batch, slots, &watch);
    const double took = clsnn_clock_seconds() - m.began;
    if (st == CLSNN_STOPPED && goes_on()) {
        clsnn_error_clear();
        st = CLSNN_OK;
    }
    TRY(st);
    for (int b = 0; b < n; b++) images += x[b]->at.images;
    *out_images_per_second = (double)(images ? images : 1) / took;
    *out_slots = n;
fail:
    for (int b = 0; x && b < n; b++) clsnn_experiment_destroy(x[b]);
    free(x);
    free(slots);
    clsnn_batch_destroy(batch);
    return st;
}

/* Measures a group on every device that has room for it. */
static enum clsnn_status measure_group(const struct clsnn_sweep *s, bool (*goes_on)(void),
                                       struct clsnn_guess *g) {
    enum clsnn_status st = CLSNN_OK;
    double tests_per_second = 0;
    for (size_t d = 0; d < s->n_devices; d++) {
        const struct clsnn_sweep_device *on = &s->devices[d];
        double images_per_second, seconds_an_image;
        int n;
        if (s->n_devices > 1 && !clsnn_pack_fits(on->dev, s->data, g->first)) continue;
        TRY(measure(s, on, g, goes_on, &n, &images_per_second, &seconds_an_image));
        g->side_by_side += n;
        g->images_per_second += images_per_second;
        tests_per_second += 1 / seconds_an_image;
    }
    if (g->side_by_side == 0) {
        int n;
        TRY(clsnn_pack_slots(s->devices->dev, s->data, g->first, 1, &n)); /* says why not */
    }
    g->network_bytes =
        clsnn_batch_slot_bytes(clsnn_dataset_pixels(s->data), g->first->neurons, &g->first->model.laws);
    g->seconds = (double)g->images / g->images_per_second + (double)g->shown / tests_per_second;
fail:
    return st;
}

/* For qsort: large networks first, as the sweep trains them. */
static int compare(const void *a, const void *b) {
    const struct clsnn_guess *x = a, *y = b;
    return clsnn_pack_compare(x->first, y->first);
}

enum clsnn_status clsnn_guess_make(const struct clsnn_sweep *s, bool (*goes_on)(void),
                                   struct clsnn_guess **out, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    size_t n = 0;
    struct clsnn_guess *guesses = calloc(s->grid->n_runs, sizeof *guesses);
    if (!guesses) return clsnn_no_memory("sweep");
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        const struct clsnn_sweep_run *run = &s->runs[k];
        const struct clsnn_plan *p = &run->plan;
        size_t g = 0;
        if (!run->own || run->result.found == CLSNN_FOUND_FINISHED) continue;
        while (g < n && !clsnn_pack_together(guesses[g].first, p)) g++;
        if (g == n) guesses[n++].first = p;
        guesses[g].n_runs++;
        guesses[g].images += (uint64_t)p->epochs * p->train_images;
        guesses[g].shown += clsnn_eta_shown(p, 0);
    }
    qsort(guesses, n, sizeof *guesses, compare);
    for (size_t g = 0; g < n; g++) TRY(measure_group(s, goes_on, &guesses[g]));
    *out = guesses;
    *out_n = n;
    return CLSNN_OK;
fail:
    free(guesses);
    return st;
}

void clsnn_guess_print(const struct clsnn_sweep *s, const struct clsnn_guess *guesses, size_t n, FILE *to) {
    double seconds = 0;
    size_t n_runs = 0, n_finished = 0, n_failed = 0;
    char time[32];
    clsnn_sweep_count(s, &n_finished, &n_failed);
    for (size_t g = 0; g < n; g++) {
        seconds += guesses[g].seconds;
        n_runs += guesses[g].n_runs;
    }
    if (s->options->json) {
        fprintf(to, "{\"runs\":%zu,\"finished\":%zu,\"to_train\":%zu,\"seconds\":%.6g,\"groups\":[",
                s->grid->n_runs, n_finished, n_runs, seconds);
        for (size_t g = 0; g < n; g++)
            fprintf(
                to,
                "%s{\"neurons\":%u,\"runs\":%zu,\"side_by_side\":%d,\"network_bytes\":%llu,\"images\":%llu,"
                "\"shown\":%llu,\"images_per_second\":%.6g,\"seconds\":%.6g}",
                g ? "," : "", guesses[g].first->neurons, guesses[g].n_runs, guesses[g].side_by_side,
                (unsigned long long)guesses[g].network_bytes, (unsigned long long)guesses[g].images,
                (unsigned long long)guesses[g].shown, guesses[g].images_per_second, guesses[g].seconds);
        fputs("]}\n", to);
        return;
    }
    fputs("neurons  runs  side by side  MB a network  images to train on  to label and test  images/s     "
          "time\n",
          to);
    for (size_t g = 0; g < n; g++) {
        const struct clsnn_guess *one = &guesses[g];
        clsnn_format_duration(one->seconds, time);
        fprintf(to, "%7u  %4zu  %12d  %12.1f  %18llu  %17llu  %8.0f  %s\n", one->first->neurons, one->n_runs,
                one->side_by_side, (double)one->network_bytes * 1e-6, (unsigned long long)one->images,
                (unsigned long long)one->shown, one->images_per_second, time);
    }
    clsnn_format_duration(seconds, time);
    fprintf(
        to,
        "\n%zu run%s to train, %zu of %zu finished; %s by the speed of the first images, which take longer "
        "than later ones\nnothing was trained or written\n",
        n_runs, n_runs == 1 ? "" : "s", n_finished, s->grid->n_runs, time);
}
