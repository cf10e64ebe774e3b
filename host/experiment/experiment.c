/* Experiments: training, labelling, testing, for all slots of a batch side by side. */
#include "experiment/experiment.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/evaluate.h"
#include "device/network.h"
#include "experiment/batch.h"
#include "experiment/order.h"
#include "experiment/running.h"

/* Limits images *first .. *first + *n - 1 to a set of `there` images. */
static void cut(uint32_t *first, uint32_t *n, uint32_t there) {
    if (*first > there) *first = there;
    if (*n == 0 || *n > there - *first) *n = there - *first;
}

void clsnn_plan_cut(struct clsnn_plan *plan, uint32_t n_train, uint32_t n_test) {
    cut(&plan->train_first, &plan->train_images, n_train);
    cut(&plan->label_first, &plan->label_images, n_train);
    cut(&plan->test_first, &plan->test_images, n_test);
}

enum clsnn_status clsnn_experiment_create(struct clsnn_batch *batch, int slot, const struct clsnn_plan *plan,
                                          struct clsnn_experiment **out) {
    enum clsnn_status st = CLSNN_OK;
    if (plan->neurons != batch->neurons || slot < 0 || slot >= batch->n_slots) {
        return clsnn_fail(CLSNN_E_SHAPE,
                          "experiment: %u neurons in slot %d: the batch has %d slots, each of %u neurons",
                          plan->neurons, slot, batch->n_slots, batch->neurons);
    }
    if (!clsnn_laws_alike(&plan->model.laws, &batch->net->laws))
        return clsnn_fail(CLSNN_E_SHAPE, "experiment: its laws are not those of the batch's kernels");
    struct clsnn_experiment *x = calloc(1, sizeof *x);
    if (!x) return clsnn_no_memory("experiment");
    x->plan = *plan;
    x->batch = batch;
    x->slot = slot;
    x->plan.validate = batch->data->n_validation;
    clsnn_plan_cut(&x->plan, batch->n_train, batch->n_test);
    TRY(clsnn_labels_create(plan->neurons, batch->n_classes, &x->labels));
    if (slot < batch->trainer->n_watched)
        TRY(clsnn_running_create(plan->neurons, batch->n_classes, &x->running));
    TRY(clsnn_batch_start(batch, slot, &plan->model, plan->seed));
    batch->trainer->totals[slot] = (struct clsnn_totals){0};
    *out = x;
    return CLSNN_OK;
fail:
    clsnn_experiment_destroy(x);
    return st;
}

void clsnn_experiment_destroy(struct clsnn_experiment *x) {
    if (!x) return;
    clsnn_trainer_place(x->batch->trainer, x->slot, 0, 0, 0, (struct clsnn_schedule){0});
    clsnn_labels_finish(&x->labels);
    clsnn_running_destroy(x->running);
    free(x->order);
    free(x->answers);
    clsnn_metrics_free(x->metrics, x->n_metrics);
    free(x);
}

static enum clsnn_status copy_labels(const struct clsnn_labels *from, struct clsnn_labels *out) {
    const enum clsnn_status st = clsnn_labels_create(from->n_post, from->n_classes, out);
    if (st != CLSNN_OK) return st;
    memcpy(out->labels, from->labels, from->n_post * sizeof *out->labels);
    memcpy(out->proportions, from->proportions,
           (size_t)from->n_post * from->n_classes * sizeof *out->proportions);
    return CLSNN_OK;
}

/* Gives x the labels. Neurons may have been labelled for other classes than those of the batch's data. */
static enum clsnn_status use_labels(struct clsnn_experiment *x, const struct clsnn_labels *labels) {
    struct clsnn_labels copy;
    const enum clsnn_status st = copy_labels(labels, &copy);
    if (st != CLSNN_OK) return st;
    clsnn_labels_finish(&x->labels);
    x->labels = copy;
    x->has_labels = true;
    return CLSNN_OK;
}

void clsnn_metrics_free(struct clsnn_metrics *metrics, size_t n) {
    for (size_t k = 0; k < n; k++) clsnn_score_finish(&metrics[k].score);
    free(metrics);
}

enum clsnn_status clsnn_metrics_copy(const struct clsnn_metrics *metrics, size_t n,
                                     struct clsnn_metrics **out) {
    enum clsnn_status st = CLSNN_OK;
    size_t done = 0;
    struct clsnn_metrics *copy = calloc(n + 1, sizeof *copy);
    if (!copy) return clsnn_fail(CLSNN_E_MEMORY, "metrics: no memory for %zu evaluations", n);
    for (; done < n; done++) {
        const struct clsnn_score *from = &metrics[done].score;
        struct clsnn_score score = *from;
        if (from->confusion) {
            TRY(clsnn_score_create(from->n_classes, &score));
            memcpy(score.confusion, from->confusion,
                   2 * (size_t)from->n_classes * from->n_classes * sizeof *score.confusion);
            score.n_images = from->n_images;
            score.correct_all = from->correct_all;
            score.correct_proportion = from->correct_proportion;
            score.correct_likelihood = from->correct_likelihood;
        }
        copy[done] = metrics[done];
        copy[done].score = score;
    }
    *out = copy;
    return CLSNN_OK;
fail:
    clsnn_metrics_free(copy, done);
    return st;
}

enum clsnn_status clsnn_experiment_resume(struct clsnn_experiment *x, const struct clsnn_standing *at,
                                          const struct clsnn_metrics *metrics, size_t n_metrics,
                                          const struct clsnn_labels *labels) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_metrics *copy = NULL;
    TRY(clsnn_metrics_copy(metrics, n_metrics, &copy));
    clsnn_metrics_free(x->metrics, x->n_metrics);
    x->metrics = copy;
    x->n_metrics = n_metrics;
    x->at = *at;
    x->batch->trainer->totals[x->slot] = at->trained;
    if (labels) TRY(use_labels(x, labels));
fail:
    return st;
}

bool clsnn_experiment_is_finished(const struct clsnn_experiment *x) {
    return x->at.epoch >= x->plan.epochs;
}

const struct clsnn_plan *clsnn_experiment_plan(const struct clsnn_experiment *x) {
    return &x->plan;
}

const struct clsnn_metrics *clsnn_experiment_metrics(const struct clsnn_experiment *x, size_t *out_n) {
    *out_n = x->n_metrics;
    return x->metrics;
}

uint64_t clsnn_experiment_images(const struct clsnn_experiment *x) {
    return x->at.images;
}

uint64_t clsnn_experiment_presentations(const struct clsnn_experiment *x) {
    return x->at.trained.presentations + x->at.presentations;
}

static bool tell(const struct clsnn_watcher *watch, struct clsnn_stage *stage, double began, uint64_t from) {
    const uint64_t done = stage->done - from;
    stage->seconds = clsnn_clock_seconds() - began;
    stage->images_per_second = stage->seconds > 0 ? (double)done / stage->seconds : 0;
    stage->eta_seconds = done ? stage->seconds / (double)done * (double)(stage->total - stage->done) : 0;
    return !watch || !watch->stage || watch->stage(watch->ctx, stage);
}

/* Tells the watcher of the batch's first readout, which may be slow. */
static void tell_readout(struct clsnn_batch *batch, const struct clsnn_watcher *watch) {
    struct clsnn_stage stage = {.kind = CLSNN_STAGE_READOUT, .running_accuracy = -1.0};
    if (batch->read_out) return;
    batch->read_out = true;
    tell(watch, &stage, clsnn_clock_seconds(), 0);
}

/* The context of evaluation_progress, which passes an evaluation's progress on to the watcher. */
struct evaluation_watch {
    const struct clsnn_watcher *watch;
    struct clsnn_stage stage;
    double began;
};

static bool evaluation_progress(void *ctx, uint32_t n_done) {
    struct evaluation_watch *e = ctx;
    e->stage.done = n_done;
    return tell(e->watch, &e->stage, e->began, 0);
}

/* Shows the plan's labelling or test images to the frozen network.
 * counts    [n][neurons], filled
 * attempts  [n], filled; NULL: not wanted */
static enum clsnn_status count_spikes(struct clsnn_experiment *x, enum clsnn_stage_kind kind, uint32_t epoch,
                                      const struct clsnn_watcher *watch, uint16_t *counts, int32_t *attempts,
                                      double *out_spikes_per_image) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_evaluation e = {0};
    const bool labels = kind == CLSNN_STAGE_LABEL;
    const uint32_t n = labels ? x->plan.label_images : x->plan.test_images;
    struct evaluation_watch progress = {
        watch,
        {.kind = kind, .epoch = epoch, .n_epochs = x->plan.epochs, .total = n, .running_accuracy = -1.0},
        clsnn_clock_seconds()};
    TRY(clsnn_evaluate(x->batch->net, x->slot, labels ? x->batch->train_pixels : x->batch->test_pixels,
                       labels ? x->plan.label_first : x->plan.test_first, n,
                       labels ? CLSNN_RNG_LABEL : CLSNN_RNG_TEST, evaluation_progress, &progress, counts,
                       attempts, &e));
    x->at.presentations += e.presentations;
    x->at.given_up_evaluating += e.given_up;
    *out_spikes_per_image = n ? (double)e.spikes / n : 0;
fail:
    return st;
}

static enum clsnn_status mean_theta(const struct clsnn_experiment *x, double *out) {
    enum clsnn_status st = CLSNN_OK;
    float *theta = malloc(x->plan.neurons * sizeof *theta);
    if (!theta) return clsnn_fail(CLSNN_E_MEMORY, "theta: no memory for %u neurons", x->plan.neurons);
    const struct clsnn_network *net = x->batch->net;
    TRY(clsnn_buffer_read(net->dev, net->theta, (size_t)x->slot * (size_t)net->n * sizeof *theta,
                          x->plan.neurons * sizeof *theta, theta));
    double sum = 0.0;
    for (uint32_t j = 0; j < x->plan.neurons; j++) sum += (double)theta[j];
    *out = sum / x->plan.neurons;
fail:
    free(theta);
    return st;
}

/* Labels the neurons with the plan's images. */
static enum clsnn_status label(struct clsnn_experiment *x, const struct clsnn_watcher *watch,
                               uint32_t epoch) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_plan *plan = &x->plan;
    double spikes = 0;
    uint16_t *counts = malloc(((size_t)plan->label_images + 1) * plan->neurons * sizeof *counts);
    if (!counts)
        return clsnn_fail(CLSNN_E_MEMORY, "labelling: no memory for the counts of %u images",
                          plan->label_images);
    TRY(count_spikes(x, CLSNN_STAGE_LABEL, epoch, watch, counts, NULL, &spikes));
    tell_readout(x->batch, watch);
    if (x->labels.n_classes != x->batch->n_classes) {
        clsnn_labels_finish(&x->labels);
        TRY(clsnn_labels_create(plan->neurons, x->batch->n_classes, &x->labels));
    }
    TRY(clsnn_readout_label(x->batch->dev, counts, x->batch->data->train.labels + plan->label_first,
                            plan->label_images, &x->labels));
    x->has_labels = true;
fail:
    free(counts);
    return st;
}

static enum clsnn_status create_predictions(const struct clsnn_plan *plan, struct clsnn_predictions *out) {
    const size_t n = plan->test_images, some = n ? n : 1;
    struct clsnn_predictions p = {.n_images = plan->test_images,
                                  .n_post = plan->neurons,
                                  .first = plan->test_first,
                                  .counts = malloc(some * plan->neurons * sizeof *p.counts),
                                  .attempts = malloc(some * sizeof *p.attempts)};
    if (p.counts && p.attempts && clsnn_answers_create(n, &p.answers) == CLSNN_OK) {
        *out = p;
        return CLSNN_OK;
    }
    clsnn_predictions_finish(&p);
    return clsnn_fail(CLSNN_E_MEMORY, "evaluation: no memory for the counts of %zu images", n);
}

void clsnn_predictions_finish(struct clsnn_predictions *p) {
    if (!p) return;
    free(p->counts);
    clsnn_answers_finish(&p->answers);
    free(p->attempts);
    *p = (struct clsnn_predictions){0};
}

static enum clsnn_status keep_answers(struct clsnn_experiment *x, const struct clsnn_predictions *p) {
    int32_t *answers = realloc(x->answers, ((size_t)p->n_images + 1) * sizeof *answers);
    if (!answers) return clsnn_no_memory("evaluation");
    memcpy(answers, p->answers.all, p->n_images * sizeof *answers);
    x->answers = answers;
    return CLSNN_OK;
}

/* Labels, tests, and fills m's results of both; m has no score if the test images have no labels. fresh:
 * labels again even if x has labels. The caller frees *out. */
static enum clsnn_status evaluate(struct clsnn_experiment *x, const struct clsnn_watcher *watch, bool fresh,
                                  struct clsnn_metrics *m, struct clsnn_predictions *out) {
    enum clsnn_status st = CLSNN_OK;
    const double began = clsnn_clock_seconds();
    /* A failed evaluation is made again as a whole, so it leaves the standing as it was. */
    const struct clsnn_standing before = x->at;
    const struct clsnn_images *test = &x->batch->data->test;
    struct clsnn_predictions p = {0};
    if (fresh || !x->has_labels) TRY(label(x, watch, (uint32_t)m->epoch));
    TRY(create_predictions(&x->plan, &p));
    TRY(count_spikes(x, CLSNN_STAGE_TEST, (uint32_t)m->epoch, watch, p.counts, p.attempts,
                     &m->test_spikes_per_image));
    tell_readout(x->batch, watch);
    TRY(clsnn_readout_predict(x->batch->dev, &x->labels, p.counts, p.n_images, p.answers));
    if (test->labels)
        TRY(clsnn_score_make(x->labels.n_classes, p.answers, test->labels + p.first, p.n_images, &m->score));
    TRY(keep_answers(x, &p));
    TRY(mean_theta(x, &m->theta_mean_mv));
    const double n_answered = m->score.n_images ? m->score.n_images : 1;
    m->accuracy_all = m->score.correct_all / n_answered;
    m->accuracy_proportion = m->score.correct_proportion / n_answered;
    m->accuracy_likelihood = m->score.correct_likelihood / n_answered;
    for (uint32_t j = 0; j < x->plan.neurons; j++) m->unlabelled_neurons += x->labels.labels[j] < 0;
    m->eval_seconds = clsnn_clock_seconds() - began;
    x->at.eval_seconds += m->eval_seconds;
    *out = p;
    return CLSNN_OK;
fail:
    x->at = before;
    clsnn_score_finish(&m->score);
    clsnn_predictions_finish(&p);
    return st;
}

/* Adds m to the evaluations of x, which owns its score from then on. */
static enum clsnn_status append_metrics(struct clsnn_experiment *x, struct clsnn_metrics *m,
                                        const struct clsnn_watcher *watch) {
    struct clsnn_metrics *grown = realloc(x->metrics, (x->n_metrics + 1) * sizeof *grown);
    if (!grown) {
        clsnn_score_finish(&m->score);
        return clsnn_fail(CLSNN_E_MEMORY, "metrics: no memory for %zu evaluations", x->n_metrics + 1);
    }
    x->metrics = grown;
    grown[x->n_metrics++] = *m;
    return watch && watch->evaluated ? watch->evaluated(watch->ctx, x, m) : CLSNN_OK;
}

/* Gives the trainer x's schedule: from its standing to the next pause or the end of the epoch. */
static enum clsnn_status teach(struct clsnn_experiment *x) {
    const uint32_t n = x->plan.train_images, every = x->plan.pause_every;
    struct clsnn_schedule schedule = {.n_images = n};
    if ((x->plan.shuffle || x->plan.train_first) && !x->order) {
        x->order = malloc(n * sizeof *x->order);
        if (!x->order) {
            return clsnn_fail(CLSNN_E_MEMORY, "epoch %u: no memory for the order of %u images",
                              x->at.epoch + 1, n);
        }
        for (uint32_t k = 0; k < n; k++) x->order[k] = (int32_t)k;
        if (x->plan.shuffle) clsnn_order_shuffle(x->plan.seed, x->at.epoch, n, x->order);
        for (uint32_t k = 0; k < n; k++) x->order[k] += (int32_t)x->plan.train_first;
    }
    schedule.order = x->order;
    if (every) {
        const uint64_t pause = x->at.position + every - x->at.images % every;
        if (pause < n) schedule.pause = (uint32_t)pause;
    }
    for (size_t k = 0; k < x->plan.n_pauses; k++) {
        if (x->plan.pauses[k] <= x->at.images) continue;
        const uint64_t pause = x->at.position + (x->plan.pauses[k] - x->at.images);
        if (pause < (schedule.pause ? schedule.pause : n)) schedule.pause = (uint32_t)pause;
        break;
    }
    x->has_labels = false; /* labels hold for the weights they were made with, which change now */
    for (uint32_t j = 0; j < x->plan.neurons; j++) x->labels.labels[j] = -1;
    clsnn_trainer_place(x->batch->trainer, x->slot, x->at.epoch, x->at.position, x->at.attempt, schedule);
    return CLSNN_OK;
}

/* Takes over the last launch's counts and progress. *out_pause: the experiment stands at a pause. */
static void account(struct clsnn_experiment *x, double seconds, bool *out_pause) {
    const struct clsnn_trainer *tr = x->batch->trainer;
    const struct clsnn_progress *p = &tr->progress[x->slot];
    const size_t n = (size_t)x->batch->net->n;
    for (uint32_t k = x->at.position; x->running && k < p->position; k++) {
        const uint32_t image = x->order ? (uint32_t)x->order[k] : k;
        clsnn_running_add(x->running,
                          tr->host_counts + ((size_t)x->slot * CLSNN_MAX_CHUNK + k % CLSNN_MAX_CHUNK) * n,
                          x->batch->data->train.labels[image]);
    }
    const uint32_t moved = p->position - x->at.position;
    x->at.images += moved;
    x->at.position = p->position;
    x->at.attempt = p->attempt;
    x->at.trained = tr->totals[x->slot];
    x->at.train_seconds += seconds;
    *out_pause =
        moved > 0 && tr->schedules[x->slot].pause != 0 && p->position == tr->schedules[x->slot].pause;
}

static void next_epoch(struct clsnn_experiment *x) {
    x->at.epoch++;
    x->at.position = 0;
    free(x->order);
    x->order = NULL;
}

static enum clsnn_status check_test_labels(const struct clsnn_experiment *x) {
    if (x->batch->data->test.labels) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_DATA, "%s: its test images have no labels", x->batch->data->source);
}

/* Evaluates x after an epoch, if an evaluation is due, and steps into the next epoch. */
static enum clsnn_status end_epoch(struct clsnn_experiment *x, const struct clsnn_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_standing *at = &x->at;
    const uint32_t epoch = at->epoch + 1, every = x->plan.eval_every;
    if (epoch == x->plan.epochs || (every != 0 && epoch % every == 0)) {
        const uint64_t n = at->images - at->images_then;
        const double seconds = at->train_seconds - at->seconds_then;
        struct clsnn_metrics m = {.epoch = epoch, .images = at->images, .seconds = at->train_seconds};
        m.exc_spikes_per_image = n ? (double)(at->trained.spikes - at->trained_then.spikes) / (double)n : 0;
        m.given_up = at->trained.given_up - at->trained_then.given_up;
        m.retries = at->trained.presentations - at->trained_then.presentations - n;
        m.images_per_second = seconds > 0 ? (double)n / seconds : 0;
        struct clsnn_predictions p;
        TRY(check_test_labels(x));
        TRY(evaluate(x, watch, true, &m, &p));
        clsnn_predictions_finish(&p);
        at->images_then = at->images;
        at->trained_then = at->trained;
        at->seconds_then = at->train_seconds;
        /* before the watcher is told: if it fails, this evaluation is not made again */
        next_epoch(x);
        return append_metrics(x, &m, watch);
    }
    next_epoch(x);
fail:
    return st;
}

/* Ends complete epochs and tells of finished experiments, until the slot is empty or has images to show. */
static enum clsnn_status settle(struct clsnn_experiment **slot, const struct clsnn_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    while (*slot) {
        struct clsnn_experiment *x = *slot;
        if (clsnn_experiment_is_finished(x)) {
            struct clsnn_experiment *next = NULL;
            if (watch && watch->finished) {
                x->announced = true;
                next = x;
                TRY(watch->finished(watch->ctx, &next));
                if (next && next->announced)
                    return clsnn_fail(CLSNN_E_USAGE,
                                      "watcher: `finished` must set *slot to another experiment or to NULL");
            }
            *slot = next;
            continue;
        }
        if (x->at.position < x->plan.train_images) {
            TRY(teach(x));
            break;
        }
        st = end_epoch(x, watch);
        if (st == CLSNN_E_SELFTEST && watch && watch->failed) {
            TRY(watch->failed(watch->ctx, slot));
            continue;
        }
        TRY(st);
        if (watch && watch->paused) TRY(watch->paused(watch->ctx, x));
    }
fail:
    return st;
}

/* Hands each experiment with a fault to the watcher, after a launch that met faults. The others go on. */
static enum clsnn_status drop_faulty(struct clsnn_batch *batch, struct clsnn_experiment **slots,
                                     const struct clsnn_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    for (int b = 0; b < batch->n_slots; b++) {
        if (!slots[b] || batch->trainer->progress[b].fault_neuron < 0) continue;
        clsnn_error_clear();
        clsnn_network_check_one(&batch->trainer->progress[b], b);
        TRY(watch->failed(watch->ctx, &slots[b]));
    }
fail:
    return st;
}

/* Returns the progress of the whole batch. */
static struct clsnn_stage take_stock(const struct clsnn_batch *batch, struct clsnn_experiment *const *slots) {
    struct clsnn_stage stage = {.kind = CLSNN_STAGE_TRAIN, .running_accuracy = -1.0};
    for (int b = 0; b < batch->n_slots; b++) {
        const struct clsnn_experiment *x = slots[b];
        if (!x) continue;
        stage.done += x->at.images;
        stage.total += (uint64_t)x->plan.epochs * x->plan.train_images;
        stage.epoch = x->at.epoch + 1;
        stage.n_epochs = x->plan.epochs;
        if (x->running) stage.running_accuracy = clsnn_running_accuracy(x->running);
    }
    return stage;
}

enum clsnn_status clsnn_experiments_run(struct clsnn_batch *batch, struct clsnn_experiment **slots,
                                        const struct clsnn_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    double training = 0; /* seconds in launches */
    uint64_t trained = 0;
    for (int b = 0; b < batch->n_slots; b++) TRY(settle(&slots[b], watch));
    for (;;) {
        double seconds;
        bool busy = false;
        for (int b = 0; b < batch->n_slots; b++) busy = busy || slots[b];
        if (!busy) break;
        st = clsnn_batch_launch(batch, &seconds);
        const bool faults = st == CLSNN_E_SELFTEST && watch && watch->failed;
        if (!faults) TRY(st);
        training += seconds;
        for (int b = 0; b < batch->n_slots; b++) {
            struct clsnn_experiment *x = slots[b];
            bool pause = false;
            if (!x || batch->trainer->progress[b].fault_neuron >= 0) continue;
            const uint64_t before = x->at.images;
            account(x, seconds, &pause);
            trained += x->at.images - before;
            if (pause && watch && watch->paused) TRY(watch->paused(watch->ctx, x));
        }
        if (faults) TRY(drop_faulty(batch, slots, watch));
        struct clsnn_stage stage = take_stock(batch, slots);
        if (!tell(watch, &stage, clsnn_clock_seconds() - training, stage.done - trained)) {
            st = batch->n_slots == 1 && slots[0]
                     ? clsnn_fail(CLSNN_STOPPED, "stopped in epoch %u of %u after %u of %u images",
                                  stage.epoch, stage.n_epochs, slots[0]->at.position,
                                  slots[0]->plan.train_images)
                     : clsnn_fail(CLSNN_STOPPED,
                                  "stopped after %llu of %llu images of the running experiments",
                                  (unsigned long long)stage.done, (unsigned long long)stage.total);
            goto fail;
        }
        for (int b = 0; b < batch->n_slots; b++) TRY(settle(&slots[b], watch));
    }
fail:
    return st;
}

enum clsnn_status clsnn_experiment_predict(struct clsnn_experiment *x, const struct clsnn_watcher *watch,
                                           struct clsnn_predictions *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_metrics m = {0};
    struct clsnn_predictions p = {0};
    TRY(evaluate(x, watch, false, &m, &p));
    if (x->batch->data->test.labels) TRY(append_metrics(x, &m, watch));
    *out = p;
    return CLSNN_OK;
fail:
    clsnn_predictions_finish(&p);
    return st;
}

enum clsnn_status clsnn_experiment_evaluate(struct clsnn_experiment *x, const struct clsnn_watcher *watch) {
    struct clsnn_predictions p = {0};
    enum clsnn_status st = check_test_labels(x);
    if (st == CLSNN_OK) st = clsnn_experiment_predict(x, watch, &p);
    clsnn_predictions_finish(&p);
    return st;
}

enum clsnn_status clsnn_experiment_set_model(struct clsnn_experiment *x, const struct clsnn_learned *l) {
    if (l->n_post != x->plan.neurons)
        return clsnn_fail(CLSNN_E_SHAPE, "model: %u neurons, but the experiment has %u: must be equal",
                          l->n_post, x->plan.neurons);
    if (l->n_pre != (uint32_t)x->batch->net->n_pre)
        return clsnn_fail(CLSNN_E_SHAPE, "model: %u inputs, but images of %d pixels: must be equal", l->n_pre,
                          x->batch->net->n_pre);
    const int longest = x->batch->net->laws.delay_max;
    if (longest > 0 && clsnn_learned_delay(l) > longest)
        return clsnn_fail(CLSNN_E_SHAPE,
                          "model: delays of up to %g ms, but the experiment of up to %g: must not be longer",
                          clsnn_learned_delay(l) * CLSNN_DT_MS, longest * CLSNN_DT_MS);
    enum clsnn_status st = CLSNN_OK;
    x->has_labels = false;
    if (l->labels.labels) TRY(use_labels(x, &l->labels));
    TRY(clsnn_network_set(x->batch->net, x->slot, l->w, l->theta_mv));
    if (longest > 0 && l->delay_steps) TRY(clsnn_network_set_delays(x->batch->net, x->slot, l->delay_steps));
fail:
    return st;
}

enum clsnn_status clsnn_experiment_learned(const struct clsnn_experiment *x, struct clsnn_learned *out) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n = x->plan.neurons;
    struct clsnn_learned l = {.n_pre = (uint32_t)x->batch->net->n_pre,
                              .n_post = x->plan.neurons,
                              .w = malloc((size_t)x->batch->net->n_pre * n * sizeof *l.w),
                              .theta_mv = malloc(n * sizeof *l.theta_mv)};
    if (!l.w || !l.theta_mv) {
        st = clsnn_fail(CLSNN_E_MEMORY, "result: no memory for the weights of %zu neurons", n);
        goto fail;
    }
    TRY(clsnn_network_get(x->batch->net, x->slot, l.w, l.theta_mv));
    if (x->batch->net->laws.delay_max) {
        l.delay_steps = malloc(l.n_pre * n);
        if (!l.delay_steps) TRY(clsnn_no_memory("result: delays"));
        TRY(clsnn_network_get_delays(x->batch->net, x->slot, l.delay_steps));
    }
    if (x->has_labels) TRY(copy_labels(&x->labels, &l.labels));
    TRY(clsnn_learned_hash(&l));
    *out = l;
    return CLSNN_OK;
fail:
    clsnn_learned_finish(&l);
    return st;
}
