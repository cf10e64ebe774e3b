/* Trains the runs of a sweep side by side: a batch for each network size, a slot for each run under way. */
#include "sweep/sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/lock.h"
#include "experiment/experiment.h"
#include "run/plan.h"
#include "run/report.h"
#include "run/run_json.h"
#include "run/run_read.h"
#include "sweep/pack.h"

/* The state of clsnn_sweep_run. */
struct work {
    struct clsnn_sweep *sweep;
    const struct clsnn_sweep_watcher *watch;
    struct clsnn_sweep_run **queue;        /* [n_queue] runs to train, in this order; runs borrowed */
    size_t n_queue, next, end;             /* queue[next .. end - 1] wait and have the present size */
    struct clsnn_experiment **experiments; /* [n_slots] of the present batch; NULL: an empty slot */
    struct slot *slots;                    /* [n_slots] */
    int n_slots;
    struct clsnn_sweep_stage stage;
    uint64_t images_done;       /* trained on by experiments that have left their slots */
    double work_done, work_all; /* clsnn_pack_work of images_done, and of all images of the queue */
    double began;               /* clsnn_clock_seconds */
    bool read_out;              /* the watcher was told of the first readout */
    size_t n_unsaved;           /* runs with a file that could not be written */
    char unsaved[1024];         /* the error of the first of these runs */
    bool told[CLSNN_N_WARNINGS];
    bool by_files; /* the file system has no locks */
    double synced; /* clsnn_clock_seconds of the last sync_files */
};

/* A run under way in a slot of the batch. */
struct slot {
    struct clsnn_sweep_run *run;
    struct clsnn_report report;
    bool is_unsaved; /* counted in n_unsaved */
};

/* Fills run->result from the run's directory. A finished run that the watcher's check refuses counts as
 * corrupt, with the check's error as the reason. */
static enum clsnn_status look_at(const struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                 struct clsnn_sweep_run *run) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_run_wanted wanted = {&run->plan, s->data, s->kernels_sha256};
    clsnn_found_finish(&run->result);
    TRY(clsnn_run_look(run->dir, &wanted, &run->result));
    if (run->result.found != CLSNN_FOUND_FINISHED || !watch || !watch->check) return CLSNN_OK;
    st = watch->check(watch->ctx, run);
    if (st == CLSNN_OK || st == CLSNN_E_MEMORY) return st;
    clsnn_found_finish(&run->result);
    run->result.found = CLSNN_FOUND_CORRUPT;
    snprintf(run->result.why, sizeof run->result.why, "%s", clsnn_error_text());
    clsnn_error_clear();
    st = CLSNN_OK;
fail:
    return st;
}

enum clsnn_status clsnn_sweep_plan(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch) {
    enum clsnn_status st = CLSNN_OK;
    char *below = clsnn_file_join(s->dir, "runs");
    s->runs = calloc(s->grid->n_runs, sizeof *s->runs);
    if (!below || !s->runs) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        struct clsnn_sweep_run *run = &s->runs[k];
        run->own = k % s->n_shards == s->shard - 1;
        clsnn_plan_make(&s->grid->options[k], s->data, &run->plan);
        run->name = clsnn_grid_name(s->grid, k);
        run->dir = run->name ? clsnn_file_join(below, run->name) : NULL;
        if (!run->dir) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        TRY(look_at(s, watch, run));
    }
fail:
    free(below);
    return st;
}

void clsnn_sweep_finish(struct clsnn_sweep *s) {
    for (size_t k = 0; s->runs && k < s->grid->n_runs; k++) {
        free(s->runs[k].name);
        free(s->runs[k].dir);
        clsnn_found_finish(&s->runs[k].result);
    }
    free(s->runs);
    s->runs = NULL;
}

void clsnn_sweep_count(const struct clsnn_sweep *s, size_t *out_finished, size_t *out_failed) {
    *out_finished = *out_failed = 0;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        *out_finished += s->runs[k].result.found == CLSNN_FOUND_FINISHED;
        *out_failed += s->runs[k].result.found == CLSNN_FOUND_FAILED;
    }
}

size_t clsnn_sweep_n_warned(const struct clsnn_sweep *s) {
    size_t n = 0;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        const struct clsnn_found_run *result = &s->runs[k].result;
        n += result->found == CLSNN_FOUND_FINISHED && result->run.warnings[0];
    }
    return n;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sets *out to true if the folder `name` below `runs` holds a finished run of any plan. */
static enum clsnn_status holds_finished(const char *runs, const char *name, bool *out) {
    struct clsnn_found_run found = {.found = CLSNN_FOUND_NOTHING};
    char *dir = clsnn_file_join(runs, name);
    if (!dir) return CLSNN_E_MEMORY;
    const enum clsnn_status st = clsnn_run_look(dir, NULL, &found);
    free(dir);
    *out = st == CLSNN_OK && found.found == CLSNN_FOUND_FINISHED;
    clsnn_found_finish(&found);
    return st;
}

enum clsnn_status clsnn_sweep_others(const struct clsnn_sweep *s, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_runs = s->grid->n_runs;
    size_t n = 0;
    DIR *open = NULL;
    char *runs = clsnn_file_join(s->dir, "runs");
    const char **names = calloc(n_runs, sizeof *names);
    if (!runs || !names) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t k = 0; k < n_runs; k++) names[k] = s->runs[k].name;
    qsort(names, n_runs, sizeof *names, compare_names);
    open = opendir(runs);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        const char *name = entry->d_name;
        bool finished;
        if (*name == '.' || bsearch(&name, names, n_runs, sizeof *names, compare_names)) continue;
        TRY(holds_finished(runs, name, &finished));
        n += finished;
    }
    *out_n = n;
fail:
    if (open) closedir(open);
    free(names);
    free(runs);
    return st;
}

static void note(const struct work *w, const char *text, bool is_warning) {
    if (w->watch && w->watch->note) w->watch->note(w->watch->ctx, text, is_warning);
}

/* Turns CLSNN_E_IO into a warning and CLSNN_OK, and returns any other status as it is. Files of one run that
 * cannot be written must not end the other runs; clsnn_sweep_run reports the first such error at its end. */
static enum clsnn_status go_on(struct work *w, struct slot *slot, enum clsnn_status st) {
    char text[1200];
    if (st != CLSNN_E_IO) return st;
    snprintf(text, sizeof text, "%s: %s; the other runs go on", slot->run->name, clsnn_error_text());
    if (!slot->is_unsaved && w->n_unsaved++ == 0)
        snprintf(w->unsaved, sizeof w->unsaved, "%s", clsnn_error_text());
    slot->is_unsaved = true;
    clsnn_error_clear();
    note(w, text, true);
    return CLSNN_OK;
}

static void mark_failed(struct work *w, struct clsnn_sweep_run *run, const char *why) {
    clsnn_found_finish(&run->result);
    run->result.found = CLSNN_FOUND_FAILED;
    snprintf(run->result.why, sizeof run->result.why, "%.250s", why);
    w->stage.n_failed++;
}

/* Starts a run in slot b; *out is its experiment, or NULL on failure. */
static enum clsnn_status start(struct work *w, struct clsnn_batch *batch, int b, struct clsnn_sweep_run *run,
                               struct clsnn_experiment **out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = w->sweep;
    struct slot *slot = &w->slots[b];
    int moved = 0;
    *slot = (struct slot){.run = run};
    TRY(clsnn_report_prepare_dir(run->dir, &moved));
    TRY(clsnn_experiment_create(batch, b, &run->plan, out));
    clsnn_report_start(&slot->report, &s->grid->options[run - s->runs], *out, run->dir);
    if (s->warnings) slot->report.warnings = *s->warnings;
    slot->report.durability = CLSNN_FILE_LOOSE; /* until the next sync_files */
    clsnn_warnings_of_lock(&slot->report.warnings, w->by_files, s->dir);
    clsnn_warnings_of_plan(&slot->report.warnings, s->data, &run->plan);
    TRY(clsnn_run_json_write(&slot->report, CLSNN_RUN_RUNNING, NULL));
fail:
    if (st == CLSNN_OK) return st;
    slot->report.experiment = NULL;
    clsnn_experiment_destroy(*out);
    *out = NULL;
    return st;
}

/* Starts the next run of the present size in slot b, or leaves the slot empty (*out NULL). A run whose
 * directory cannot be written is marked as failed, and the next run is tried. */
static enum clsnn_status fill_slot(struct work *w, struct clsnn_batch *batch, int b,
                                   struct clsnn_experiment **out) {
    *out = NULL;
    while (!*out && w->next < w->end) {
        struct clsnn_sweep_run *run = w->queue[w->next++];
        char why[512];
        enum clsnn_status st = start(w, batch, b, run, out);
        snprintf(why, sizeof why, "%s", clsnn_error_text());
        st = go_on(w, &w->slots[b], st);
        if (st != CLSNN_OK) return st;
        w->stage.n_waiting--;
        if (*out)
            w->stage.n_running++;
        else
            mark_failed(w, run, why);
    }
    return CLSNN_OK;
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct work *w = ctx;
    struct slot *slot = &w->slots[x->slot];
    /* After the last epoch save() writes them. */
    enum clsnn_status st = m->epoch < x->plan.epochs ? clsnn_report_metrics(&slot->report) : CLSNN_OK;
    if (st == CLSNN_OK && w->watch && w->watch->evaluated)
        st = w->watch->evaluated(w->watch->ctx, slot->run, x, m);
    return go_on(w, slot, st);
}

/* Ends a finished or failed experiment and gives its slot to the next run of this size. */
static enum clsnn_status leave(struct work *w, struct clsnn_experiment **experiment) {
    struct clsnn_experiment *x = *experiment;
    struct clsnn_batch *batch = x->batch;
    const int b = x->slot;
    w->images_done += x->at.images;
    w->work_done += clsnn_pack_work(&x->plan, x->at.images);
    w->stage.n_running--;
    w->slots[b].report.experiment = NULL;
    clsnn_experiment_destroy(x);
    *experiment = NULL;
    w->experiments[b] = NULL;
    return fill_slot(w, batch, b, experiment);
}

/* Shows the run's warnings, each kind for the first run that has it. results.csv has those of every run. */
static void tell(struct work *w, struct slot *slot) {
    struct clsnn_warnings *warnings = &slot->report.warnings;
    char text[640];
    const char *warning;
    memcpy(warnings->told, w->told, sizeof w->told);
    while ((warning = clsnn_warnings_next(warnings))) {
        snprintf(text, sizeof text, "run %s: %s", slot->run->name, warning);
        note(w, text, true);
    }
    memcpy(w->told, warnings->told, sizeof w->told);
}

/* Writes the run's files, run.json last: a run counts as finished as soon as its run.json says so. */
static enum clsnn_status save(const struct work *w, const struct slot *slot,
                              const struct clsnn_learned *learned) {
    enum clsnn_status st = CLSNN_OK;
    TRY(clsnn_report_model(&slot->report, learned));
    TRY(clsnn_report_metrics(&slot->report));
    if (w->watch && w->watch->finished)
        TRY(w->watch->finished(w->watch->ctx, slot->run, &slot->report, learned));
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
    if (!at_once && now - w->synced < 1) return;
    w->synced = now;
    const int fd = clsnn_file_open(AT_FDCWD, w->sweep->dir, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return; /* the next write says why */
    syncfs(fd);
    close(fd);
}

static enum clsnn_status on_finished(void *ctx, struct clsnn_experiment **experiment) {
    enum clsnn_status st = CLSNN_OK;
    struct work *w = ctx;
    struct slot *slot = &w->slots[(*experiment)->slot];
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
    w->stage.n_done++;
    TRY(leave(w, experiment));
fail:
    clsnn_learned_finish(&learned);
    return st;
}

static enum clsnn_status on_failed(void *ctx, struct clsnn_experiment **experiment) {
    struct work *w = ctx;
    struct slot *slot = &w->slots[(*experiment)->slot];
    char text[640], why[512];
    snprintf(why, sizeof why, "%s", clsnn_error_text());
    snprintf(text, sizeof text, "run %s failed: %s", slot->run->name, why);
    /* run.json holds the recorded error, so it is written before clsnn_error_clear. Best effort: results.csv
     * shows the failure too. */
    clsnn_run_json_write(&slot->report, CLSNN_RUN_FAILED, NULL);
    clsnn_error_clear();
    note(w, text, true);
    mark_failed(w, slot->run, why);
    return leave(w, experiment);
}

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct work *w = ctx;
    struct clsnn_sweep_stage *s = &w->stage;
    double done = w->work_done;
    s->images = w->images_done;
    for (int b = 0; b < w->n_slots; b++) {
        const struct clsnn_experiment *x = w->experiments[b];
        if (!x) continue;
        s->images += x->at.images;
        done += clsnn_pack_work(&x->plan, x->at.images);
    }
    s->seconds = clsnn_clock_seconds() - w->began;
    s->images_per_second = s->seconds > 0 ? (double)s->images / s->seconds : 0;
    s->eta_seconds = done > 0 ? s->seconds / done * (w->work_all - done) : 0;
    s->reading_out = stage && stage->kind == CLSNN_STAGE_READOUT && !w->read_out;
    w->read_out = w->read_out || s->reading_out;
    return !w->watch || !w->watch->stage || w->watch->stage(w->watch->ctx, s);
}

/* Trains queue[next .. end - 1], which have one size, in one batch. */
static enum clsnn_status run_size(struct work *w) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = w->sweep;
    const uint32_t neurons = w->queue[w->next]->plan.neurons;
    const size_t n_runs = w->end - w->next;
    const struct clsnn_watcher watch = {
        .stage = on_stage, .evaluated = on_evaluated, .finished = on_finished, .failed = on_failed, .ctx = w};
    struct clsnn_batch *batch = NULL;
    char text[128];
    TRY(clsnn_pack_slots(s->dev, s->data, neurons, n_runs, &w->n_slots));
    TRY(clsnn_batch_create(s->dev, s->prog, s->data, neurons, w->n_slots, s->data->train.n_images,
                           s->data->test.n_images, (uint32_t)s->options->chunk, &batch));
    w->experiments = calloc((size_t)w->n_slots, sizeof *w->experiments);
    w->slots = calloc((size_t)w->n_slots, sizeof *w->slots);
    if (!w->experiments || !w->slots) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    snprintf(text, sizeof text, "training %zu network%s of %u neuron%s", n_runs, n_runs == 1 ? "" : "s",
             neurons, neurons == 1 ? "" : "s");
    if (w->n_slots > 1)
        snprintf(text + strlen(text), sizeof text - strlen(text), ", %d side by side", w->n_slots);
    note(w, text, false);
    for (int b = 0; b < w->n_slots; b++) TRY(fill_slot(w, batch, b, &w->experiments[b]));
    TRY(clsnn_experiments_run(batch, w->experiments, &watch));
fail:
    for (int b = 0; w->experiments && w->slots && b < w->n_slots; b++) {
        /* Best effort: a run.json left at RUNNING also counts as broken off at the next start. */
        if (w->experiments[b] && w->slots[b].report.experiment)
            clsnn_run_json_write(&w->slots[b].report,
                                 st == CLSNN_STOPPED ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED, NULL);
        clsnn_experiment_destroy(w->experiments[b]);
    }
    free(w->experiments);
    free(w->slots);
    w->experiments = NULL;
    w->slots = NULL;
    w->n_slots = 0;
    clsnn_batch_destroy(batch);
    return st;
}

/* Checks that each network still to be trained fits the device alone, before any folder is made.
 * Errors: CLSNN_E_DEVICE_MEMORY. */
static enum clsnn_status check_sizes(const struct clsnn_sweep *s) {
    enum clsnn_status st = CLSNN_OK;
    int n_slots;
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        const struct clsnn_sweep_run *run = &s->runs[k];
        if (run->own && run->result.found != CLSNN_FOUND_FINISHED)
            TRY(clsnn_pack_slots(s->dev, s->data, run->plan.neurons, 1, &n_slots));
    }
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

static int compare_runs(const void *a, const void *b) {
    const struct clsnn_sweep_run *x = *(struct clsnn_sweep_run *const *)a,
                                 *y = *(struct clsnn_sweep_run *const *)b;
    const int order = clsnn_pack_compare(&x->plan, &y->plan);
    return order ? order : x < y ? -1 : x > y; /* both point into s->runs: equal runs keep the grid's order */
}

/* Lists the shard's unfinished runs in w->queue. Warns of each run that is trained again because it failed,
 * is damaged or has other settings. */
static enum clsnn_status make_queue(struct work *w) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_sweep *s = w->sweep;
    w->queue = calloc(s->grid->n_runs, sizeof(struct clsnn_sweep_run *));
    if (!w->queue) return clsnn_no_memory("sweep");
    for (size_t k = 0; k < s->grid->n_runs; k++) {
        struct clsnn_sweep_run *run = &s->runs[k];
        if (!run->own) continue;
        /* Another process may have finished the run between clsnn_sweep_plan and the lock. */
        if (run->result.found != CLSNN_FOUND_FINISHED) TRY(look_at(s, w->watch, run));
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
    struct work w = {.sweep = s, .watch = watch, .began = clsnn_clock_seconds()};
    if (s->warnings) memcpy(w.told, s->warnings->told, sizeof w.told);
    struct clsnn_lock lock = CLSNN_LOCK_NONE;
    TRY(check_sizes(s));
    TRY(clsnn_file_make_dir(s->dir));
    TRY(lock_runs(s, &lock));
    w.by_files = lock.by_files;
    TRY(make_queue(&w));
    while (w.next < w.n_queue) {
        const uint32_t neurons = w.queue[w.next]->plan.neurons;
        for (w.end = w.next; w.end < w.n_queue && w.queue[w.end]->plan.neurons == neurons;) w.end++;
        TRY(run_size(&w));
    }
    on_stage(&w, NULL);
    if (w.n_unsaved)
        st = clsnn_fail(CLSNN_E_IO, "files of %zu run%s could not be written: %s", w.n_unsaved,
                        w.n_unsaved == 1 ? "" : "s", w.unsaved);
fail:
    if (w.n_queue > 0) sync_files(&w, true);
    *out_stage = w.stage;
    free(w.queue);
    clsnn_lock_release(&lock);
    return st;
}
