/* Trains the runs of a sweep side by side: on each device a batch for each network size, a slot for each run
 * under way. */
#include "sweep/sweep.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/lock.h"
#include "device/device.h"
#include "experiment/experiment.h"
#include "run/report.h"
#include "run/run_json.h"
#include "run/run_read.h"
#include "sweep/pack.h"

/* A run under way in a slot of a batch. */
struct slot {
    struct clsnn_sweep_run *run; /* NULL: none */
    struct clsnn_report report;
    bool is_unsaved; /* counted in n_unsaved */
};

/* A device at work on its present batch, in a thread of its own. */
struct worker {
    struct work *work;
    const struct clsnn_sweep_device *on;
    struct clsnn_experiment **experiments; /* [n_slots]; NULL: an empty slot */
    struct slot *slots;                    /* [n_slots] */
    int n_slots;
    uint64_t images_left; /* trained on by experiments that have left their slots */
    double work_left;     /* clsnn_pack_work of images_left */
    pthread_t thread;
    bool has_thread;
    enum clsnn_status st; /* not CLSNN_OK: the device works no more */
    char why[1024];       /* the error, if there are several devices */
    /* work->lock protects the rest. */
    bool has_begun;                /* it has taken its share */
    const struct clsnn_plan *like; /* a run of the present batch: one size and the same laws; or NULL */
    size_t n_running;
    uint64_t images; /* images_left, and those of experiments in slots */
    double done;     /* clsnn_pack_work of images */
};

/* The state of clsnn_sweep_run. */
struct work {
    struct clsnn_sweep *sweep;
    const struct clsnn_sweep_watcher *watch;
    struct worker *workers; /* [sweep->n_devices] */
    bool by_files;          /* the file system has no locks */
    double began;           /* clsnn_clock_seconds */
    /* Protects the rest, once threads run, and serialises calls of the watcher. */
    pthread_mutex_t lock;
    size_t n_to_begin; /* devices that have not begun: nobody takes more than a share before */
    pthread_cond_t all_have_begun;
    struct clsnn_sweep_run **queue; /* [n_queue] runs that wait, in the order of pack.h; borrowed */
    size_t n_queue;
    struct clsnn_sweep_stage stage;
    double work_all;    /* clsnn_pack_work of all images to train on */
    bool read_out;      /* the watcher was told of the first readout */
    size_t n_unsaved;   /* runs with a file that could not be written */
    char unsaved[1024]; /* the error of the first of these runs */
    bool told[CLSNN_N_WARNINGS];
    double synced;             /* clsnn_clock_seconds of the last sync_files */
    const struct worker *last; /* the device that ended last with an error */
};

static void note(struct work *w, const char *text, bool is_warning) {
    pthread_mutex_lock(&w->lock);
    if (w->watch && w->watch->note) w->watch->note(w->watch->ctx, text, is_warning);
    pthread_mutex_unlock(&w->lock);
}

/* Turns CLSNN_E_IO into a warning and CLSNN_OK, and returns any other status as it is. Files of one run that
 * cannot be written must not end the other runs; clsnn_sweep_run reports the first such error at its end. */
static enum clsnn_status go_on(struct work *w, struct slot *slot, enum clsnn_status st) {
    char text[1200];
    if (st != CLSNN_E_IO) return st;
    snprintf(text, sizeof text, "%s: %s; the other runs go on", slot->run->name, clsnn_error_text());
    pthread_mutex_lock(&w->lock);
    if (!slot->is_unsaved && w->n_unsaved++ == 0)
        snprintf(w->unsaved, sizeof w->unsaved, "%s", clsnn_error_text());
    pthread_mutex_unlock(&w->lock);
    slot->is_unsaved = true;
    clsnn_error_clear();
    note(w, text, true);
    return CLSNN_OK;
}

static int compare_runs(const void *a, const void *b) {
    const struct clsnn_sweep_run *x = *(struct clsnn_sweep_run *const *)a,
                                 *y = *(struct clsnn_sweep_run *const *)b;
    const int order = clsnn_pack_compare(&x->plan, &y->plan);
    return order ? order : x < y ? -1 : x > y; /* both point into s->runs: equal runs keep the grid's order */
}

/* Locks the queue, once this device may take runs from it. */
static void lock_queue(struct worker *k) {
    struct work *w = k->work;
    pthread_mutex_lock(&w->lock);
    while (k->has_begun && w->n_to_begin > 0) pthread_cond_wait(&w->all_have_begun, &w->lock);
}

/* Takes the first waiting run that fits the present batch for slot b; NULL: none waits. */
static struct clsnn_sweep_run *take(struct worker *k, int b) {
    struct work *w = k->work;
    struct clsnn_sweep_run *run = NULL;
    size_t q = 0;
    lock_queue(k);
    while (q < w->n_queue && !clsnn_pack_together(&w->queue[q]->plan, k->like)) q++;
    if (q < w->n_queue) {
        run = w->queue[q];
        memmove(&w->queue[q], &w->queue[q + 1], (--w->n_queue - q) * sizeof(struct clsnn_sweep_run *));
        w->stage.n_waiting--;
        w->stage.n_running++;
        k->n_running++;
    }
    pthread_mutex_unlock(&w->lock);
    k->slots[b] = (struct slot){.run = run};
    return run;
}

/* Empties slot b, whose run is finished, has failed (why) or goes back into the queue (not ended). */
static void drop(struct worker *k, int b, bool ended, const char *why) {
    struct work *w = k->work;
    struct clsnn_sweep_run *run = k->slots[b].run;
    pthread_mutex_lock(&w->lock);
    w->stage.n_running--;
    k->n_running--;
    if (!ended) {
        w->queue[w->n_queue++] = run;
        qsort(w->queue, w->n_queue, sizeof *w->queue, compare_runs);
        w->stage.n_waiting++;
    } else if (why) {
        clsnn_found_finish(&run->result);
        run->result.found = CLSNN_FOUND_FAILED;
        snprintf(run->result.why, sizeof run->result.why, "%.250s", why);
        w->stage.n_failed++;
    } else {
        w->stage.n_done++;
    }
    pthread_mutex_unlock(&w->lock);
    k->slots[b].run = NULL;
}

/* Starts the run of slot b; *out is its experiment, or NULL on failure. */
static enum clsnn_status start(struct worker *k, struct clsnn_batch *batch, int b,
                               struct clsnn_experiment **out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = k->work->sweep;
    struct slot *slot = &k->slots[b];
    const struct clsnn_sweep_run *run = slot->run;
    int moved = 0;
    TRY(clsnn_report_prepare_dir(run->dir, &moved));
    TRY(clsnn_experiment_create(batch, b, &run->plan, out));
    clsnn_report_start(&slot->report, &s->grid->options[run - s->runs], *out, run->dir);
    if (s->warnings) slot->report.warnings = *s->warnings;
    slot->report.durability = CLSNN_FILE_LOOSE; /* until the next sync_files */
    clsnn_warnings_of_lock(&slot->report.warnings, k->work->by_files, s->dir);
    clsnn_warnings_of_plan(&slot->report.warnings, s->data, &run->plan);
    TRY(clsnn_run_json_write(&slot->report, CLSNN_RUN_RUNNING, NULL));
fail:
    if (st == CLSNN_OK) return st;
    slot->report.experiment = NULL;
    clsnn_experiment_destroy(*out);
    *out = NULL;
    return st;
}

/* Starts the next run of the batch's size in slot b, or leaves the slot empty (*out NULL). A run whose
 * directory cannot be written is marked as failed, and the next run is tried. */
static enum clsnn_status fill_slot(struct worker *k, struct clsnn_batch *batch, int b,
                                   struct clsnn_experiment **out) {
    *out = NULL;
    while (!*out && take(k, b)) {
        char why[512];
        enum clsnn_status st = start(k, batch, b, out);
        snprintf(why, sizeof why, "%s", clsnn_error_text());
        st = go_on(k->work, &k->slots[b], st);
        if (st != CLSNN_OK) return st;
        if (!*out) drop(k, b, true, why);
    }
    return CLSNN_OK;
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct worker *k = ctx;
    struct work *w = k->work;
    struct slot *slot = &k->slots[x->slot];
    /* After the last epoch save() writes them. */
    enum clsnn_status st = m->epoch < x->plan.epochs ? clsnn_report_metrics(&slot->report) : CLSNN_OK;
    if (st == CLSNN_OK && w->watch && w->watch->evaluated) {
        pthread_mutex_lock(&w->lock);
        st = w->watch->evaluated(w->watch->ctx, slot->run, x, m);
        pthread_mutex_unlock(&w->lock);
    }
    return go_on(w, slot, st);
}

/* Ends a finished experiment, or a failed one (why), and gives its slot to the next run of this size. */
static enum clsnn_status leave(struct worker *k, struct clsnn_experiment **experiment, const char *why) {
    struct clsnn_experiment *x = *experiment;
    struct clsnn_batch *batch = x->batch;
    const int b = x->slot;
    k->images_left += x->at.images;
    k->work_left += clsnn_pack_work(&x->plan, x->at.images);
    drop(k, b, true, why);
    k->slots[b].report.experiment = NULL;
    clsnn_experiment_destroy(x);
    *experiment = NULL;
    k->experiments[b] = NULL;
    return fill_slot(k, batch, b, experiment);
}

/* Shows the run's warnings, each kind for the first run that has it. results.csv has those of every run. */
static void tell(struct work *w, struct slot *slot) {
    struct clsnn_warnings *warnings = &slot->report.warnings;
    char text[640];
    const char *warning;
    pthread_mutex_lock(&w->lock);
    memcpy(warnings->told, w->told, sizeof w->told);
    while ((warning = clsnn_warnings_next(warnings))) {
        snprintf(text, sizeof text, "run %s: %s", slot->run->name, warning);
        if (w->watch && w->watch->note) w->watch->note(w->watch->ctx, text, true);
    }
    memcpy(w->told, warnings->told, sizeof w->told);
    pthread_mutex_unlock(&w->lock);
}

/* Writes the run's files, run.json last: a run counts as finished as soon as its run.json says so. */
static enum clsnn_status save(struct work *w, const struct slot *slot, const struct clsnn_learned *learned) {
    enum clsnn_status st = CLSNN_OK;
    TRY(clsnn_report_model(&slot->report, learned));
    TRY(clsnn_report_metrics(&slot->report));
    if (w->watch && w->watch->finished) {
        pthread_mutex_lock(&w->lock);
        st = w->watch->finished(w->watch->ctx, slot->run, &slot->report, learned);
        pthread_mutex_unlock(&w->lock);
        TRY(st);
    }
    TRY(clsnn_run_json_write(&slot->report, CLSNN_RUN_FINISHED, learned));
fail:
    /* Best effort: the state FAILED makes the next start of the sweep train this run again. */
    if (st == CLSNN_E_IO) clsnn_run_json_write(&slot->report, CLSNN_RUN_FAILED, NULL);
    return st;
}

/* Brings the files of finished runs to the disk, all at once: a sweep of short runs writes thousands. After a
 * power cut the last second's runs may be torn. Their hashes tell, and the next start trains them again. */
static void sync_files(struct work *w, bool at_once) {
    const double now = clsnn_clock_seconds();
    pthread_mutex_lock(&w->lock);
    const bool is_due = at_once || now - w->synced >= 1;
    if (is_due) w->synced = now;
    pthread_mutex_unlock(&w->lock);
    if (!is_due) return;
    const int fd = clsnn_file_open(AT_FDCWD, w->sweep->dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return; /* the next write says why */
    syncfs(fd);
    close(fd);
}

static enum clsnn_status on_finished(void *ctx, struct clsnn_experiment **experiment) {
    enum clsnn_status st = CLSNN_OK;
    struct worker *k = ctx;
    struct work *w = k->work;
    struct slot *slot = &k->slots[(*experiment)->slot];
    struct clsnn_found_run *result = &slot->run->result;
    struct clsnn_learned learned = {0};
    TRY(clsnn_experiment_learned(*experiment, &learned));
    clsnn_warnings_of_result(&slot->report.warnings, *experiment);
    tell(w, slot);
    clsnn_found_finish(result);
    TRY(clsnn_run_of(&slot->report, &learned, &result->run));
    result->found = CLSNN_FOUND_FINISHED; /* in the tables even if its own files cannot be written */
    TRY(go_on(w, slot, save(w, slot, &learned)));
    sync_files(w, false);
    TRY(leave(k, experiment, NULL));
fail:
    clsnn_learned_finish(&learned);
    return st;
}

static enum clsnn_status on_failed(void *ctx, struct clsnn_experiment **experiment) {
    struct worker *k = ctx;
    struct slot *slot = &k->slots[(*experiment)->slot];
    char text[640], why[512];
    snprintf(why, sizeof why, "%s", clsnn_error_text());
    snprintf(text, sizeof text, "run %s failed: %s", slot->run->name, why);
    /* run.json holds the recorded error, so it is written before clsnn_error_clear. Best effort: results.csv
     * shows the failure too. */
    clsnn_run_json_write(&slot->report, CLSNN_RUN_FAILED, NULL);
    clsnn_error_clear();
    note(k->work, text, true);
    return leave(k, experiment, why);
}

/* Tells the watcher of the progress of all devices. Returns false to stop. */
static bool show(struct work *w, bool reads_out) {
    struct clsnn_sweep_stage *s = &w->stage;
    double done = 0;
    bool goes_on = true;
    pthread_mutex_lock(&w->lock);
    s->images = 0;
    for (size_t d = 0; d < w->sweep->n_devices; d++) {
        s->images += w->workers[d].images;
        done += w->workers[d].done;
    }
    s->seconds = clsnn_clock_seconds() - w->began;
    s->images_per_second = s->seconds > 0 ? (double)s->images / s->seconds : 0;
    s->eta_seconds = done > 0 ? s->seconds / done * (w->work_all - done) : 0;
    s->reading_out = reads_out && !w->read_out;
    w->read_out = w->read_out || s->reading_out;
    if (w->watch && w->watch->stage) goes_on = w->watch->stage(w->watch->ctx, s);
    pthread_mutex_unlock(&w->lock);
    return goes_on;
}

/* Counts the images that the device has trained on. */
static void count_images(struct worker *k) {
    uint64_t images = k->images_left;
    double done = k->work_left;
    for (int b = 0; b < k->n_slots; b++) {
        const struct clsnn_experiment *x = k->experiments[b];
        if (!x) continue;
        images += x->at.images;
        done += clsnn_pack_work(&x->plan, x->at.images);
    }
    pthread_mutex_lock(&k->work->lock);
    k->images = images;
    k->done = done;
    pthread_mutex_unlock(&k->work->lock);
}

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct worker *k = ctx;
    count_images(k);
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
    note(k->work, text, false);
}

/* Chooses the size of the device's next batch: the first in the queue that fits. Returns false if there is
 * none. *out_most: the device's share of the runs of this size, by its capacity among the devices at work.
 * *out_runs: all of them that are not finished. */
static bool next_size(struct worker *k, uint32_t *out_neurons, size_t *out_most, size_t *out_runs) {
    struct work *w = k->work;
    const struct clsnn_sweep *s = w->sweep;
    size_t q = 0, waiting = 0, running = 0;
    uint64_t capacity = 0;
    lock_queue(k);
    while (q < w->n_queue && !clsnn_pack_fits(k->on->dev, s->data, w->queue[q]->plan.neurons)) q++;
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
    const struct clsnn_watcher watch = {
        .stage = on_stage, .evaluated = on_evaluated, .finished = on_finished, .failed = on_failed, .ctx = k};
    struct clsnn_batch *batch = NULL;
    TRY(clsnn_pack_slots(k->on->dev, s->data, neurons, n_most, &k->n_slots));
    k->experiments = calloc((size_t)k->n_slots, sizeof *k->experiments);
    k->slots = calloc((size_t)k->n_slots, sizeof *k->slots);
    if (!k->experiments || !k->slots) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    TRY(clsnn_batch_create(k->on->dev, k->on->prog, s->data, neurons, &k->like->model.laws, k->n_slots,
                           s->data->train.n_images, s->data->test.n_images, (uint32_t)s->options->chunk,
                           &batch));
    for (int b = 0; b < k->n_slots; b++) TRY(fill_slot(k, batch, b, &k->experiments[b]));
    begin(k);
    note_batch(k, neurons, n_runs);
    TRY(clsnn_experiments_run(batch, k->experiments, &watch));
fail:
    for (int b = 0; k->experiments && k->slots && b < k->n_slots; b++) {
        /* Best effort: a run.json left at RUNNING also counts as broken off at the next start. */
        if (k->experiments[b] && k->slots[b].report.experiment)
            clsnn_run_json_write(&k->slots[b].report,
                                 st == CLSNN_STOPPED ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED, NULL);
        clsnn_experiment_destroy(k->experiments[b]);
        k->experiments[b] = NULL;
        if (!k->slots[b].run) continue;
        drop(k, b, false, NULL);
        (*out_back)++;
    }
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
    note(w, text, true);
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

/* Checks that a network of this size fits a device that works. Errors: CLSNN_E_DEVICE_MEMORY. */
static enum clsnn_status check_size(const struct work *w, uint32_t neurons) {
    const struct clsnn_sweep *s = w->sweep;
    const struct clsnn_device *dev = NULL;
    int n_slots;
    for (size_t d = 0; d < s->n_devices; d++) {
        if (w->workers[d].st != CLSNN_OK) continue;
        dev = s->devices[d].dev;
        if (clsnn_pack_fits(dev, s->data, neurons)) return CLSNN_OK;
    }
    return clsnn_pack_slots(dev, s->data, neurons, 1, &n_slots); /* says why not */
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
    for (size_t q = 0; q < w->n_queue; q++) TRY(check_size(w, w->queue[q]->plan.neurons));
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
        w->stage.n_waiting++;
        const uint64_t n_images = (uint64_t)run->plan.epochs * run->plan.train_images;
        w->stage.images_total += n_images;
        w->work_all += clsnn_pack_work(&run->plan, n_images);
        if (run->result.found != CLSNN_FOUND_NOTHING && run->result.found != CLSNN_FOUND_BROKEN_OFF) {
            char text[1024];
            snprintf(text, sizeof text, "%s is made again: %s; the earlier files go to previous-K in it",
                     run->dir, run->result.why);
            note(w, text, true);
        }
    }
    qsort(w->queue, w->n_queue, sizeof *w->queue, compare_runs);
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
            TRY(check_size(&w, s->runs[k].plan.neurons));
    TRY(clsnn_file_make_dir(s->dir));
    TRY(lock_runs(s, &lock));
    w.by_files = lock.by_files;
    TRY(make_queue(&w));
    trains = w.n_queue > 0;
    while (w.n_queue > 0) TRY(run_devices(&w));
    show(&w, false);
    if (w.n_unsaved)
        st = clsnn_fail(CLSNN_E_IO, "files of %zu run%s could not be written: %s", w.n_unsaved,
                        w.n_unsaved == 1 ? "" : "s", w.unsaved);
fail:
    if (trains) sync_files(&w, true);
    *out_stage = w.stage;
    free(w.queue);
    free(w.workers);
    clsnn_lock_release(&lock);
    return st;
}
