/* Trains the runs of a sweep side by side: a thread for each device, on each a batch for each network size, a
 * slot for each run under way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/lock.h"
#include "clsnn/checkpoint.h"
#include "device/device.h"
#include "run/run_json.h"
#include "run/run_read.h"
#include "sweep/eta.h"
#include "sweep/pack.h"
#include "sweep/sweep_internal.h"
#include "sweep/sweep_page.h"

/* Writes the sweep's page, if it is due; the caller holds the lock. The next one waits so long that pages
 * take less than a fifth of a percent of the time. A page that cannot be written ends nothing. */
static void show_page(struct work *w) {
    char text[1200];
    const double began = clsnn_clock_seconds();
    if (!w->sweep->has_page || began < w->page_next) return;
    const enum clsnn_status st = clsnn_sweep_page_write(w->sweep, &w->stage, CLSNN_RUN_RUNNING);
    const double now = clsnn_clock_seconds();
    w->page_next = now + 5 + 500 * (now - began);
    if (st == CLSNN_OK) return;
    snprintf(text, sizeof text, "%s; the runs go on", clsnn_error_text());
    if (w->watch && w->watch->note) w->watch->note(w->watch->ctx, text, true);
    clsnn_error_clear();
    w->page_next = HUGE_VAL;
}

/* Tells the watcher of the progress of all devices. Returns false to stop. */
static bool show(struct work *w, bool reads_out) {
    struct clsnn_sweep_stage *s = &w->stage;
    bool goes_on = true;
    uint64_t spikes = 0, trained = 0;
    pthread_mutex_lock(&w->lock);
    s->images = 0;
    s->given_up = 0;
    for (size_t d = 0; d < w->sweep->n_devices; d++) {
        const struct worker *k = &w->workers[d];
        s->images += k->images;
        s->given_up += k->trained.given_up;
        spikes += k->trained.spikes;
        trained += k->trained_images;
    }
    s->spikes_per_image = trained ? (double)spikes / (double)trained : 0;
    s->seconds = clsnn_clock_seconds() - w->began;
    s->images_per_second = s->seconds > 0 ? (double)s->images / s->seconds : 0;
    s->eta_seconds = w->eta_seconds - (s->seconds - w->eta_at);
    s->reading_out = reads_out && !w->read_out;
    w->read_out = w->read_out || s->reading_out;
    if (w->watch && w->watch->stage) goes_on = w->watch->stage(w->watch->ctx, s);
    if (s->n_waiting + s->n_running) show_page(w); /* the caller writes the last one */
    pthread_mutex_unlock(&w->lock);
    return goes_on;
}

/* Counts the images that the device has trained on. */
static void count_images(struct worker *k) {
    uint64_t images = k->images_left, trained_images = 0;
    struct clsnn_totals trained = {.given_up = k->given_up_left};
    double done = k->work_left;
    for (int b = 0; b < k->n_slots; b++) {
        const struct clsnn_experiment *x = k->experiments[b];
        if (!x) continue;
        const uint64_t n = x->at.images - k->slots[b].images_before;
        images += n;
        done += clsnn_pack_work(&x->plan, n);
        trained.spikes += x->at.trained.spikes;
        trained.given_up += x->at.trained.given_up;
        trained_images += x->at.images;
    }
    pthread_mutex_lock(&k->work->lock);
    k->images = images;
    k->done = done;
    k->trained = trained;
    k->trained_images = trained_images;
    for (int b = 0; k->left && b < k->n_slots; b++) {
        const struct clsnn_experiment *x = k->experiments[b];
        const uint64_t n = x ? (uint64_t)x->plan.epochs * x->plan.train_images - x->at.images : 0;
        k->left[b] = x ? clsnn_pack_work(&x->plan, n) : 0;
    }
    pthread_mutex_unlock(&k->work->lock);
}

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct worker *k = ctx;
    count_images(k);
    pthread_mutex_lock(&k->work->lock);
    if (stage->kind == CLSNN_STAGE_TRAIN) {
        clsnn_eta_count(k);
        if (k->work->eta_at == 0 || k->counted_at - k->work->eta_at > 0.5) {
            k->work->eta_seconds = clsnn_eta(k->work);
            k->work->eta_at = k->counted_at;
        }
    }
    pthread_mutex_unlock(&k->work->lock);
    return show(k->work, stage->kind == CLSNN_STAGE_READOUT);
}

/* Notes the batch that begins. n_runs: the runs of its size that are not finished, on all devices. */
static void note_batch(struct worker *k, uint32_t neurons, size_t n_runs) {
    char text[512], label[CLSNN_DEVICE_LABEL];
    int n_begun = 0;
    for (int b = 0; b < k->n_slots; b++) n_begun += k->experiments[b] != NULL;
    int n = snprintf(text, sizeof text, "training %zu network%s of %u neuron%s", n_runs,
                     n_runs == 1 ? "" : "s", neurons, neurons == 1 ? "" : "s");
    if (k->work->sweep->n_devices > 1) {
        if (n_begun == 0) return;
        clsnn_device_label(&k->on->dev->info, label);
        snprintf(text + n, sizeof text - (size_t)n, ", %d of them on %s", n_begun, label);
    } else if (k->n_slots > 1) {
        snprintf(text + n, sizeof text - (size_t)n, ", %d side by side", k->n_slots);
    }
    clsnn_work_note(k->work, text, false);
}

/* Chooses the size of the device's next batch: the first in the queue that fits. Returns false if there is
 * none. *out_most: the device's share of the runs of this size, by its capacity among the devices at work.
 * *out_runs: all of them that are not finished. */
static bool next_size(struct worker *k, uint32_t *out_neurons, size_t *out_most, size_t *out_runs) {
    struct work *w = k->work;
    const struct clsnn_sweep *s = w->sweep;
    size_t q = 0, waiting = 0, running = 0;
    uint64_t capacity = 0;
    clsnn_work_lock_queue(k);
    while (q < w->n_queue && !clsnn_pack_fits(k->on->dev, s->data, &w->queue[q]->plan)) q++;
    const bool found = q < w->n_queue;
    if (found) {
        k->like = &w->queue[q]->plan;
        while (q < w->n_queue && clsnn_pack_together(&w->queue[q]->plan, k->like)) q++, waiting++;
        for (size_t d = 0; d < s->n_devices; d++) {
            const struct worker *other = &w->workers[d];
            if (other->like && clsnn_pack_together(other->like, k->like)) running += other->n_running;
            if (other->st == CLSNN_OK) capacity += clsnn_device_capacity(&other->on->dev->info);
        }
        const size_t all = waiting + running,
                     share = clsnn_pack_share(all, clsnn_device_capacity(&k->on->dev->info), capacity);
        *out_neurons = k->like->neurons;
        *out_most = share < waiting ? share : waiting;
        *out_runs = all;
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}

/* Counts the device as begun: it has taken its share, or found nothing to do. */
static void begin(struct worker *k) {
    struct work *w = k->work;
    pthread_mutex_lock(&w->lock);
    if (!k->has_begun && w->n_to_begin > 0 && --w->n_to_begin == 0)
        pthread_cond_broadcast(&w->all_have_begun);
    k->has_begun = true;
    pthread_mutex_unlock(&w->lock);
}

/* Trains runs of one size in one batch, while any waits; at most n_most side by side. *out_back: after a
 * failure, the number of runs that went back into the queue. */
static enum clsnn_status run_size(struct worker *k, uint32_t neurons, size_t n_most, size_t n_runs,
                                  size_t *out_back) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = k->work->sweep;
    const struct clsnn_watcher watch = {.stage = on_stage,
                                        .evaluated = clsnn_slot_evaluated,
                                        .paused = clsnn_slot_paused,
                                        .finished = clsnn_slot_finished,
                                        .failed = clsnn_slot_failed,
                                        .ctx = k};
    struct clsnn_batch *batch = NULL;
    TRY(clsnn_pack_slots(k->on->dev, s->data, k->like, n_most, &k->n_slots));
    k->experiments = calloc((size_t)k->n_slots, sizeof *k->experiments);
    k->slots = calloc((size_t)k->n_slots, sizeof *k->slots);
    double *left = calloc((size_t)k->n_slots, sizeof *left);
    pthread_mutex_lock(&k->work->lock);
    k->left = left;
    pthread_mutex_unlock(&k->work->lock);
    if (!k->experiments || !k->slots || !left) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    TRY(clsnn_batch_create(k->on->dev, k->on->prog, s->data, neurons, &k->like->model.laws, k->n_slots,
                           s->data->train.n_images, s->data->test.n_images, (uint32_t)s->options->chunk,
                           &batch));
    for (int b = 0; b < k->n_slots; b++) TRY(clsnn_slot_fill(k, batch, b, &k->experiments[b]));
    begin(k);
    note_batch(k, neurons, n_runs);
    clsnn_eta_skip(k);
    TRY(clsnn_experiments_run(batch, k->experiments, &watch));
fail:
    for (int b = 0; k->experiments && k->slots && b < k->n_slots; b++) {
        /* Best effort: a run.json left at RUNNING also counts as broken off at the next start. */
        if (k->experiments[b] && st == CLSNN_STOPPED) clsnn_slot_checkpoint(k, b);
        if (k->experiments[b] && k->slots[b].report.experiment)
            clsnn_run_json_write(&k->slots[b].report,
                                 st == CLSNN_STOPPED ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED, NULL);
        clsnn_experiment_destroy(k->experiments[b]);
        k->experiments[b] = NULL;
        if (!k->slots[b].run) continue;
        clsnn_slot_drop(k, b, false, NULL);
        (*out_back)++;
    }
    pthread_mutex_lock(&k->work->lock);
    free(k->left);
    k->left = NULL;
    pthread_mutex_unlock(&k->work->lock);
    free(k->experiments);
    free(k->slots);
    k->experiments = NULL;
    k->slots = NULL;
    k->n_slots = 0;
    count_images(k);
    clsnn_batch_destroy(batch);
    return st;
}

/* Ends the work of one of several devices. Warns if it failed and others remain. n_back: its runs that went
 * back into the queue. */
static void end_device(struct worker *k, enum clsnn_status st, size_t n_back) {
    struct work *w = k->work;
    char text[1600], label[CLSNN_DEVICE_LABEL];
    size_t n_left = 0;
    snprintf(k->why, sizeof k->why, "%.*s", (int)strcspn(clsnn_error_text(), "\n"), clsnn_error_text());
    clsnn_error_clear();
    pthread_mutex_lock(&w->lock);
    k->st = st;
    w->last = k;
    for (size_t d = 0; d < w->sweep->n_devices; d++) n_left += w->workers[d].st == CLSNN_OK;
    pthread_mutex_unlock(&w->lock);
    if (st == CLSNN_STOPPED || n_left == 0) return;
    clsnn_device_label(&k->on->dev->info, label);
    snprintf(text, sizeof text, "%s is lost: %s; its %zu unfinished run%s again on %s", label, k->why, n_back,
             n_back == 1 ? " begins" : "s begin",
             n_left == 1 ? "the device that is left" : "the other devices");
    clsnn_work_note(w, text, true);
}

/* The body of a device's thread: trains runs while any waits. */
static void *work_on(void *ctx) {
    struct worker *k = ctx;
    enum clsnn_status st = CLSNN_OK;
    uint32_t neurons;
    size_t n_most, n_runs, n_back = 0;
    while (st == CLSNN_OK && next_size(k, &neurons, &n_most, &n_runs))
        st = run_size(k, neurons, n_most, n_runs, &n_back);
    begin(k);
    if (st == CLSNN_OK) return NULL;
    if (k->work->sweep->n_devices > 1)
        end_device(k, st, n_back);
    else
        k->st = st; /* the error stays recorded */
    return NULL;
}

/* Checks that a network of this plan fits a device that works. Errors: CLSNN_E_DEVICE_MEMORY. */
static enum clsnn_status check_size(const struct work *w, const struct clsnn_plan *plan) {
    const struct clsnn_sweep *s = w->sweep;
    const struct clsnn_device *dev = NULL;
    int n_slots;
    for (size_t d = 0; d < s->n_devices; d++) {
        if (w->workers[d].st != CLSNN_OK) continue;
        dev = s->devices[d].dev;
        if (clsnn_pack_fits(dev, s->data, plan)) return CLSNN_OK;
    }
    return clsnn_pack_slots(dev, s->data, plan, 1, &n_slots); /* says why not */
}

/* Returns the verdict on all devices, once their threads have ended. */
static enum clsnn_status devices_status(const struct work *w) {
    const size_t n = w->sweep->n_devices;
    char label[CLSNN_DEVICE_LABEL];
    bool stopped = false, left = false;
    if (n == 1) return w->workers->st;
    for (size_t d = 0; d < n; d++) {
        stopped = stopped || w->workers[d].st == CLSNN_STOPPED;
        left = left || w->workers[d].st == CLSNN_OK;
    }
    if (stopped) return clsnn_fail(CLSNN_STOPPED, "stopped");
    if (left || !w->last) return CLSNN_OK;
    clsnn_device_label(&w->last->on->dev->info, label);
    return clsnn_fail(CLSNN_E_DEVICE, "no device is left; the last one, %s: %s", label, w->last->why);
}

/* Lets every device that works train runs, until none waits or all have ended. Runs wait again if a device
 * fails after the others have ended: then the caller calls again. */
static enum clsnn_status run_devices(struct work *w) {
    enum clsnn_status st = CLSNN_OK;
    struct worker *own = NULL; /* works in the calling thread */
    for (size_t q = 0; q < w->n_queue; q++) TRY(check_size(w, &w->queue[q]->plan));
    w->n_to_begin = 0;
    for (size_t d = 0; d < w->sweep->n_devices; d++) {
        w->workers[d].has_begun = w->workers[d].st != CLSNN_OK;
        w->n_to_begin += !w->workers[d].has_begun;
    }
    for (size_t d = 0; d < w->sweep->n_devices; d++) {
        struct worker *k = &w->workers[d];
        if (k->st != CLSNN_OK) continue;
        if (own) own->has_thread = pthread_create(&own->thread, NULL, work_on, own) == 0;
        if (own && !own->has_thread) { /* this device first, and alone */
            pthread_mutex_lock(&w->lock);
            w->n_to_begin = 0;
            pthread_mutex_unlock(&w->lock);
            work_on(own);
        }
        own = k;
    }
    if (own) work_on(own);
    for (size_t d = 0; d < w->sweep->n_devices; d++) {
        if (w->workers[d].has_thread) pthread_join(w->workers[d].thread, NULL);
        w->workers[d].has_thread = false;
    }
    st = devices_status(w);
fail:
    return st;
}

static enum clsnn_status lock_runs(const struct clsnn_sweep *s, struct clsnn_lock *out) {
    size_t n = 0;
    const char **names = calloc(s->grid->n_runs, sizeof *names);
    if (!names) return clsnn_no_memory("sweep");
    for (size_t k = 0; k < s->grid->n_runs; k++)
        if (s->runs[k].own) names[n++] = s->runs[k].name;
    const enum clsnn_status st = clsnn_lock_names(
        s->dir, names, n, "wait for it, choose another --out, or give each a --shard of its own", out);
    free(names);
    return st;
}

/* Finds how far the run's checkpoint is: its own, or that of the stage before. */
static enum clsnn_status look_for_checkpoint(const struct clsnn_sweep *s, struct clsnn_sweep_run *run) {
    const bool has_own = clsnn_file_is_there(run->dir, "checkpoint");
    char *runs = s->from ? clsnn_file_join(s->from, "runs") : NULL,
         *from = runs ? clsnn_file_join(runs, run->name) : NULL;
    const bool no_memory = s->from && !from;
    const char *dir = has_own ? run->dir : from;
    run->images_there = dir ? clsnn_checkpoint_newest(dir) : 0;
    free(runs);
    free(from);
    return no_memory ? CLSNN_E_MEMORY : CLSNN_OK;
}

/* Puts the shard's unfinished runs into w's queue. Warns of each run that is trained again because it failed,
 * is damaged or has other settings. */
static enum clsnn_status make_queue(struct work *w) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_sweep *s = w->sweep;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        struct clsnn_sweep_run *run = &s->runs[k];
        if (!run->own) continue;
        /* Another process may have finished the run between clsnn_sweep_plan and the lock. */
        if (run->result.found != CLSNN_FOUND_FINISHED) TRY(clsnn_sweep_look(s, w->watch, run));
        w->stage.n_runs++;
        if (run->result.found == CLSNN_FOUND_FINISHED) {
            w->stage.n_done++;
            continue;
        }
        w->queue[w->n_queue++] = run;
        run->is_waiting = true;
        w->stage.n_waiting++;
        if (s->keeps_checkpoints) TRY(look_for_checkpoint(s, run));
        w->stage.images_total += clsnn_eta_images(run);
        w->to_test += clsnn_eta_waiting_tests(run);
        if (run->result.found != CLSNN_FOUND_NOTHING && run->result.found != CLSNN_FOUND_BROKEN_OFF &&
            !(s->keeps_checkpoints && clsnn_file_is_there(run->dir, "checkpoint"))) {
            char text[1024];
            snprintf(text, sizeof text, "%s is made again: %s; the earlier files go to previous-K in it",
                     run->dir, run->result.why);
            clsnn_work_note(w, text, true);
        }
    }
    qsort(w->queue, w->n_queue, sizeof *w->queue, clsnn_work_compare);
fail:
    return st;
}

enum clsnn_status clsnn_sweep_run(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                  struct clsnn_sweep_stage *out_stage) {
    enum clsnn_status st = CLSNN_OK;
    struct work w = {.sweep = s,
                     .watch = watch,
                     .workers = calloc(s->n_devices, sizeof *w.workers),
                     .queue = calloc(s->grid->n_runs, sizeof(struct clsnn_sweep_run *)),
                     .began = clsnn_clock_seconds(),
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .all_have_begun = PTHREAD_COND_INITIALIZER};
    struct clsnn_lock lock = CLSNN_LOCK_NONE;
    bool trains = false;
    if (!w.workers || !w.queue) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t d = 0; d < s->n_devices; d++)
        w.workers[d] = (struct worker){.work = &w, .on = &s->devices[d]};
    if (s->warnings) memcpy(w.told, s->warnings->told, sizeof w.told);
    for (size_t k = 0; k < s->grid->n_runs; k++) /* before any folder is made */
        if (s->runs[k].own && s->runs[k].result.found != CLSNN_FOUND_FINISHED)
            TRY(check_size(&w, &s->runs[k].plan));
    TRY(clsnn_file_make_dir(s->dir));
    TRY(lock_runs(s, &lock));
    w.by_files = lock.by_files;
    clsnn_file_remove_unfinished(s->dir);
    TRY(make_queue(&w));
    trains = w.n_queue > 0;
    if (trains) show_page(&w);
    while (w.n_queue > 0) TRY(run_devices(&w));
    show(&w, false);
    if (w.n_unsaved)
        st = clsnn_fail(CLSNN_E_IO, "files of %zu run%s could not be written: %s", w.n_unsaved,
                        w.n_unsaved == 1 ? "" : "s", w.unsaved);
fail:
    if (trains) clsnn_work_sync(&w, true);
    if (w.workers) w.stage.test_pace = clsnn_eta_test_pace(&w);
    *out_stage = w.stage;
    free(w.queue);
    free(w.workers);
    clsnn_lock_release(&lock);
    return st;
}
