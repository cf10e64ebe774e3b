/* The experiment: train, label, test. */
#include "clsnn/experiment.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clsnn/order.h"
#include "clsnn/running.h"

static const double launch_seconds = 0.3; /* a third of a second: progress is fluent, launches cost nothing */

static double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint32_t all_or(uint32_t wanted, uint32_t there) {
    return wanted == 0 || wanted > there ? there : wanted;
}

enum clsnn_status clsnn_experiment_create(const struct clsnn_plan *plan, struct clsnn_device *dev,
                                          const struct clsnn_program *prog, const struct clsnn_dataset *data,
                                          struct clsnn_experiment **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_experiment *x = calloc(1, sizeof *x);
    if (!x) return clsnn_fail(CLSNN_E_MEMORY, "experiment: no memory for %zu bytes", sizeof *x);
    x->plan = *plan;
    x->data = data;
    x->dev = dev;
    x->plan.train_images = all_or(plan->train_images, data->train.n_images);
    x->plan.label_images = all_or(plan->label_images, data->train.n_images);
    x->plan.test_images = all_or(plan->test_images, data->test.n_images);
    const uint32_t resident =
        x->plan.train_images > x->plan.label_images ? x->plan.train_images : x->plan.label_images;
    TRY(clsnn_network_create(dev, prog, &plan->model, &plan->seed, 1, (int)plan->neurons, &x->net));
    TRY(clsnn_buffer_create(dev, "training images", (size_t)resident * CLSNN_IMAGE_PIXELS, data->train.pixels,
                            true, &x->train_pixels));
    TRY(clsnn_buffer_create(dev, "test images", (size_t)x->plan.test_images * CLSNN_IMAGE_PIXELS,
                            data->test.pixels, true, &x->test_pixels));
    TRY(clsnn_trainer_create(x->net, x->train_pixels, x->plan.train_images, &x->trainer));
    TRY(clsnn_labels_create(plan->neurons, &x->labels));
    TRY(clsnn_running_create(plan->neurons, &x->running));
    *out = x;
    return CLSNN_OK;
fail:
    clsnn_experiment_destroy(x);
    return st;
}

void clsnn_experiment_destroy(struct clsnn_experiment *x) {
    if (!x) return;
    clsnn_trainer_destroy(x->trainer);
    clsnn_buffer_release(x->dev, &x->train_pixels);
    clsnn_buffer_release(x->dev, &x->test_pixels);
    clsnn_network_destroy(x->net);
    clsnn_labels_finish(&x->labels);
    clsnn_running_destroy(x->running);
    free(x->metrics);
    free(x);
}

static bool tell(const struct clsnn_watcher *watch, struct clsnn_stage *stage, double began) {
    stage->seconds = now_seconds() - began;
    stage->images_per_second = stage->seconds > 0 ? (double)stage->done / stage->seconds : 0;
    stage->eta_seconds =
        stage->done ? stage->seconds / (double)stage->done * (double)(stage->total - stage->done) : 0;
    return !watch || !watch->stage || watch->stage(watch->ctx, stage);
}

/* Tells of the first readout, which may be slow. */
static void tell_readout(struct clsnn_experiment *x, const struct clsnn_watcher *watch) {
    struct clsnn_stage stage = {.kind = CLSNN_STAGE_READOUT, .running_accuracy = -1.0};
    if (x->read_out) return;
    x->read_out = true;
    tell(watch, &stage, now_seconds());
}

/* One epoch in launches of a fluent length. Results do not depend on the lengths. */
static enum clsnn_status train_epoch(struct clsnn_experiment *x, uint32_t epoch,
                                     const struct clsnn_watcher *watch, double began) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_trainer *tr = x->trainer;
    const uint32_t n = x->plan.train_images;
    const uint64_t presentations = tr->presentations;
    uint32_t chunk = x->plan.chunk ? x->plan.chunk : 16;
    int32_t *order = NULL;
    struct clsnn_stage stage = {.kind = CLSNN_STAGE_TRAIN,
                                .epoch = epoch + 1,
                                .n_epochs = x->plan.epochs,
                                .total = (uint64_t)x->plan.epochs * n};
    if (x->plan.shuffle) {
        order = malloc(n * sizeof *order);
        if (!order)
            return clsnn_fail(CLSNN_E_MEMORY, "epoch %u: no memory for the order of %u images", epoch + 1, n);
        clsnn_order_shuffle(x->plan.seed, epoch, n, order);
    }
    x->has_labels = false; /* labels speak for the weights they were made with */
    for (uint32_t j = 0; j < x->plan.neurons; j++) x->labels.labels[j] = -1;
    TRY(clsnn_trainer_begin_epoch(tr, epoch, order));
    while (tr->progress[0].position < n) {
        const uint32_t before = tr->progress[0].position;
        const double launch = now_seconds();
        TRY(clsnn_trainer_run(tr, chunk, n));
        const double took = now_seconds() - launch;
        for (uint32_t k = before; k < tr->progress[0].position; k++) {
            const uint32_t image = order ? (uint32_t)order[k] : k;
            clsnn_running_add(x->running, tr->host_counts + (size_t)(k % CLSNN_MAX_CHUNK) * (size_t)x->net->n,
                              x->data->train.labels[image]);
        }
        x->images += tr->progress[0].position - before;
        if (!x->plan.chunk) {
            const double fit = chunk * launch_seconds / (took > 1e-6 ? took : 1e-6);
            chunk = fit > 2.0 * chunk ? 2 * chunk : fit < 1 ? 1 : (uint32_t)fit;
            if (chunk > CLSNN_MAX_CHUNK) chunk = CLSNN_MAX_CHUNK;
        }
        stage.done = x->images;
        stage.running_accuracy = clsnn_running_accuracy(x->running);
        if (!tell(watch, &stage, began)) {
            st = clsnn_fail(CLSNN_STOPPED, "stopped in epoch %u of %u after %u of %u images", epoch + 1,
                            x->plan.epochs, tr->progress[0].position, n);
            goto fail;
        }
    }
fail:
    x->presentations += tr->presentations - presentations;
    free(order);
    return st;
}

/* Passes evaluation's progress on to the watcher. */
struct evaluation_watch {
    const struct clsnn_watcher *watch;
    struct clsnn_stage stage;
    double began;
};

static bool evaluation_progress(void *ctx, uint32_t n_done) {
    struct evaluation_watch *e = ctx;
    e->stage.done = n_done;
    return tell(e->watch, &e->stage, e->began);
}

/* Frozen presentations of a set's first n images, counts allocated for the caller. */
static enum clsnn_status count_spikes(struct clsnn_experiment *x, enum clsnn_stage_kind kind, uint32_t epoch,
                                      cl_mem pixels, uint32_t n, const struct clsnn_watcher *watch,
                                      uint16_t **out_counts, double *out_spikes_per_image) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_evaluation e = {0};
    struct evaluation_watch progress = {
        watch,
        {.kind = kind, .epoch = epoch, .n_epochs = x->plan.epochs, .total = n, .running_accuracy = -1.0},
        now_seconds()};
    uint16_t *counts = malloc((n ? n : 1) * (size_t)x->plan.neurons * sizeof *counts);
    if (!counts) return clsnn_fail(CLSNN_E_MEMORY, "evaluation: no memory for the counts of %u images", n);
    TRY(clsnn_evaluate(x->net, 0, pixels, n, kind == CLSNN_STAGE_LABEL ? CLSNN_RNG_LABEL : CLSNN_RNG_TEST,
                       evaluation_progress, &progress, counts, &e));
    x->presentations += e.presentations;
    x->given_up_evaluating += e.given_up;
    *out_spikes_per_image = n ? (double)e.spikes / n : 0;
    *out_counts = counts;
    return CLSNN_OK;
fail:
    free(counts);
    return st;
}

static enum clsnn_status mean_theta(const struct clsnn_experiment *x, double *out) {
    enum clsnn_status st = CLSNN_OK;
    float *theta = malloc(x->plan.neurons * sizeof *theta);
    if (!theta) return clsnn_fail(CLSNN_E_MEMORY, "theta: no memory for %u neurons", x->plan.neurons);
    TRY(clsnn_buffer_read(x->dev, x->net->theta, 0, x->plan.neurons * sizeof *theta, theta));
    double sum = 0.0;
    for (uint32_t j = 0; j < x->plan.neurons; j++) sum += (double)theta[j];
    *out = sum / x->plan.neurons;
fail:
    free(theta);
    return st;
}

/* Labels, tests, and fills the score of m. fresh: label again even if there are labels. */
static enum clsnn_status evaluate(struct clsnn_experiment *x, const struct clsnn_watcher *watch, bool fresh,
                                  struct clsnn_metrics *m) {
    enum clsnn_status st = CLSNN_OK;
    const double began = now_seconds();
    uint16_t *counts = NULL;
    double label_spikes = 0;
    if (fresh || !x->has_labels) {
        TRY(count_spikes(x, CLSNN_STAGE_LABEL, m->epoch, x->train_pixels, x->plan.label_images, watch,
                         &counts, &label_spikes));
        tell_readout(x, watch);
        TRY(clsnn_readout_label(x->dev, counts, x->data->train.labels, x->plan.label_images, &x->labels));
        x->has_labels = true;
        free(counts);
        counts = NULL;
    }
    TRY(count_spikes(x, CLSNN_STAGE_TEST, m->epoch, x->test_pixels, x->plan.test_images, watch, &counts,
                     &m->test_spikes_per_image));
    tell_readout(x, watch);
    TRY(clsnn_readout_score(x->dev, &x->labels, counts, x->data->test.labels, x->plan.test_images,
                            &m->score));
    TRY(mean_theta(x, &m->theta_mean_mv));
    m->accuracy_all = m->score.n_images ? (double)m->score.correct_all / m->score.n_images : 0;
    m->accuracy_proportion = m->score.n_images ? (double)m->score.correct_proportion / m->score.n_images : 0;
    for (uint32_t j = 0; j < x->plan.neurons; j++) m->unlabelled += x->labels.labels[j] < 0;
    m->eval_seconds = now_seconds() - began;
    x->eval_seconds += m->eval_seconds;
fail:
    free(counts);
    return st;
}

static enum clsnn_status append_metrics(struct clsnn_experiment *x, const struct clsnn_metrics *m,
                                        const struct clsnn_watcher *watch) {
    struct clsnn_metrics *grown = realloc(x->metrics, (x->n_metrics + 1) * sizeof *grown);
    if (!grown) return clsnn_fail(CLSNN_E_MEMORY, "metrics: no memory for %zu evaluations", x->n_metrics + 1);
    x->metrics = grown;
    grown[x->n_metrics++] = *m;
    return watch && watch->evaluated ? watch->evaluated(watch->ctx, m) : CLSNN_OK;
}

enum clsnn_status clsnn_experiment_train(struct clsnn_experiment *x, const struct clsnn_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_trainer *tr = x->trainer;
    uint64_t images = 0, presentations = 0, given_up = 0, spikes = 0; /* as of the last evaluation */
    double seconds = 0.0;
    for (uint32_t epoch = 0; epoch < x->plan.epochs; epoch++) {
        const double began = now_seconds();
        st = train_epoch(x, epoch, watch, began - x->train_seconds);
        x->train_seconds += now_seconds() - began;
        if (st != CLSNN_OK) return st;
        const bool last = epoch + 1 == x->plan.epochs;
        if (!last && (x->plan.eval_every == 0 || (epoch + 1) % x->plan.eval_every != 0)) continue;
        const uint64_t n = x->images - images;
        struct clsnn_metrics m = {.epoch = epoch + 1, .images = x->images, .train_seconds = x->train_seconds};
        m.exc_spikes_per_image = n ? (double)(tr->spikes - spikes) / (double)n : 0;
        m.given_up = tr->given_up - given_up;
        m.retries = tr->presentations - presentations - n;
        m.images_per_second = x->train_seconds > seconds ? (double)n / (x->train_seconds - seconds) : 0;
        TRY(evaluate(x, watch, true, &m));
        TRY(append_metrics(x, &m, watch));
        images = x->images;
        presentations = tr->presentations;
        given_up = tr->given_up;
        spikes = tr->spikes;
        seconds = x->train_seconds;
    }
fail:
    return st;
}

enum clsnn_status clsnn_experiment_evaluate(struct clsnn_experiment *x, const struct clsnn_watcher *watch) {
    struct clsnn_metrics m = {0};
    const enum clsnn_status st = evaluate(x, watch, false, &m);
    return st != CLSNN_OK ? st : append_metrics(x, &m, watch);
}

enum clsnn_status clsnn_experiment_set_model(struct clsnn_experiment *x, const float *w,
                                             const float *theta_mv, const int32_t *labels,
                                             const float *proportions) {
    const size_t n = x->plan.neurons;
    x->has_labels = labels != NULL;
    if (labels) {
        memcpy(x->labels.labels, labels, n * sizeof *labels);
        memcpy(x->labels.proportions, proportions, n * CLSNN_CLASSES * sizeof *proportions);
    }
    return clsnn_network_set(x->net, 0, w, theta_mv);
}

enum clsnn_status clsnn_experiment_learned(const struct clsnn_experiment *x, struct clsnn_learned *out) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = x->plan.neurons;
    struct clsnn_learned l = {.n_post = x->plan.neurons,
                              .w = malloc(CLSNN_N_PRE * n * sizeof *l.w),
                              .theta_mv = malloc(n * sizeof *l.theta_mv)};
    struct clsnn_sha256 *hash = NULL;
    if (!l.w || !l.theta_mv) {
        st = clsnn_fail(CLSNN_E_MEMORY, "result: no memory for %zu weights", CLSNN_N_PRE * n);
        goto fail;
    }
    TRY(clsnn_network_get(x->net, 0, l.w, l.theta_mv));
    hash = clsnn_sha256_create();
    if (!hash) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    clsnn_sha256_add(hash, l.w, CLSNN_N_PRE * n * sizeof *l.w);
    clsnn_sha256_add(hash, l.theta_mv, n * sizeof *l.theta_mv);
    clsnn_sha256_add(hash, x->labels.labels, n * sizeof *x->labels.labels);
    clsnn_sha256_finish(hash, l.sha256);
    *out = l;
    return CLSNN_OK;
fail:
    clsnn_learned_finish(&l);
    return st;
}

void clsnn_learned_finish(struct clsnn_learned *l) {
    free(l->w);
    free(l->theta_mv);
    *l = (struct clsnn_learned){0};
}
