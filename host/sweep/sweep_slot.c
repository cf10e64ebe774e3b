/* One run of a sweep in a slot of a batch: from the queue to its files. */
#include "sweep/sweep_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "clsnn/checkpoint.h"
#include "run/page.h"
#include "run/run_json.h"
#include "run/run_read.h"
#include "run/start.h"
#include "sweep/eta.h"
#include "sweep/pack.h"

void clsnn_work_note(struct work *w, const char *text, bool is_warning) {
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
    clsnn_work_note(w, text, true);
    return CLSNN_OK;
}

int clsnn_work_compare(const void *a, const void *b) {
    const struct clsnn_sweep_run *x = *(struct clsnn_sweep_run *const *)a,
                                 *y = *(struct clsnn_sweep_run *const *)b;
    const int order = clsnn_pack_compare(&x->plan, &y->plan);
    return order ? order : x < y ? -1 : x > y; /* both point into s->runs: equal runs keep the grid's order */
}

void clsnn_work_lock_queue(struct worker *k) {
    struct work *w = k->work;
    pthread_mutex_lock(&w->lock);
    while (k->has_begun && w->n_to_begin > 0) pthread_cond_wait(&w->all_have_begun, &w->lock);
}

/* Takes the first waiting run that fits the present batch for slot b; NULL: none waits. */
static struct clsnn_sweep_run *take(struct worker *k, int b) {
    struct work *w = k->work;
    struct clsnn_sweep_run *run = NULL;
    size_t q = 0;
    clsnn_work_lock_queue(k);
    while (q < w->n_queue && !clsnn_pack_together(&w->queue[q]->plan, k->like)) q++;
    if (q < w->n_queue) {
        run = w->queue[q];
        memmove(&w->queue[q], &w->queue[q + 1], (--w->n_queue - q) * sizeof(struct clsnn_sweep_run *));
        run->is_waiting = false;
        run->is_under_way = true;
        clsnn_found_finish(&run->result); /* that of an earlier start */
        run->result.found = CLSNN_FOUND_BROKEN_OFF;
        w->stage.n_waiting--;
        w->stage.n_running++;
        k->n_running++;
    }
    pthread_mutex_unlock(&w->lock);
    k->slots[b] = (struct slot){.run = run, .to_test = run ? clsnn_eta_waiting_tests(run) : 0};
    return run;
}

void clsnn_slot_drop(struct worker *k, int b, bool ended, const char *why) {
    struct work *w = k->work;
    struct clsnn_sweep_run *run = k->slots[b].run;
    pthread_mutex_lock(&w->lock);
    run->is_under_way = false;
    w->stage.n_running--;
    k->n_running--;
    w->to_test -= k->slots[b].to_test; /* a failed run has tests left */
    if (!ended) {
        run->images_there = k->slots[b].images_before;
        w->to_test += clsnn_eta_waiting_tests(run);
        w->queue[w->n_queue++] = run;
        run->is_waiting = true;
        qsort(w->queue, w->n_queue, sizeof *w->queue, clsnn_work_compare);
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

/* Makes an experiment for slot b. If dir has a checkpoint, puts the experiment at the newest one of its plan;
 * *out_name is then the checkpoint's name, else "". A warning says why a checkpoint is not used. */
static enum clsnn_status create(struct worker *k, struct clsnn_batch *batch, int b, const char *dir,
                                struct clsnn_experiment **out, char out_name[CLSNN_CHECKPOINT_NAME]) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_plan *plan = &k->slots[b].run->plan;
    char text[1200];
    *out_name = '\0';
    TRY(clsnn_experiment_create(batch, b, plan, out));
    if (!dir || !clsnn_file_is_there(dir, "checkpoint")) return CLSNN_OK;
    st = clsnn_checkpoint_load(dir, *out, NULL, NULL, out_name);
    if (st != CLSNN_E_CHECKPOINT) return st;
    /* One line: the first difference follows its headline. */
    const char *why = clsnn_error_text(), *more = strchr(why, '\n');
    snprintf(text, sizeof text, "%.*s%.*s; the run begins anew", (int)strcspn(why, "\n"), why,
             more ? (int)strcspn(more + 1, "\n") : 0, more ? more + 1 : "");
    clsnn_error_clear();
    clsnn_work_note(k->work, text, true);
    clsnn_experiment_destroy(*out);
    *out = NULL;
    st = clsnn_experiment_create(batch, b, plan, out);
fail:
    return st;
}

/* Makes the experiment of slot b, at a checkpoint if the sweep keeps them; prepares the run's directory. */
static enum clsnn_status begin_or_go_on(struct worker *k, struct clsnn_batch *batch, int b,
                                        struct clsnn_experiment **out, char out_name[CLSNN_CHECKPOINT_NAME]) {
    enum clsnn_status st = CLSNN_OK;
    struct work *w = k->work;
    const struct clsnn_sweep *s = w->sweep;
    const struct clsnn_sweep_run *run = k->slots[b].run;
    const bool has_own = clsnn_file_is_there(run->dir, "checkpoint");
    char *runs = s->from ? clsnn_file_join(s->from, "runs") : NULL,
         *from = runs ? clsnn_file_join(runs, run->name) : NULL,
         *own = clsnn_file_join(run->dir, "checkpoint");
    int moved = 0;
    if (!own || (s->from && !from)) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    clsnn_file_remove_unfinished(run->dir);
    clsnn_file_remove_unfinished(own);
    TRY(create(k, batch, b, !s->keeps_checkpoints ? NULL : has_own ? run->dir : from, out, out_name));
    if (*out_name && has_own)
        TRY(clsnn_file_make_dir(run->dir));
    else
        TRY(clsnn_report_prepare_dir(run->dir, &moved));
    k->slots[b].images_before = (*out)->at.images;
    pthread_mutex_lock(&w->lock);
    w->stage.images_total -= clsnn_eta_images(run); /* what a checkpoint's name said */
    w->stage.images_total += (uint64_t)run->plan.epochs * run->plan.train_images - (*out)->at.images;
    w->to_test -= k->slots[b].to_test;
    k->slots[b].to_test = clsnn_eta_tests(&run->plan, (*out)->n_metrics);
    w->to_test += k->slots[b].to_test;
    const bool is_first = *out_name && !w->told_resume;
    w->told_resume = w->told_resume || is_first;
    pthread_mutex_unlock(&w->lock);
    if (is_first) clsnn_work_note(w, "runs go on from their checkpoints", false);
fail:
    free(own);
    free(runs);
    free(from);
    return st;
}

/* Starts the run of slot b; *out is its experiment, or NULL on failure. */
static enum clsnn_status start(struct worker *k, struct clsnn_batch *batch, int b,
                               struct clsnn_experiment **out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = k->work->sweep;
    struct slot *slot = &k->slots[b];
    const struct clsnn_sweep_run *run = slot->run;
    char from[CLSNN_CHECKPOINT_NAME];
    TRY(begin_or_go_on(k, batch, b, out, from));
    clsnn_report_start(&slot->report, &s->grid->options[run - s->runs], *out, run->dir);
    memcpy(slot->report.resumed_from, from, sizeof from);
    if (s->warnings) slot->report.warnings = *s->warnings;
    slot->report.durability = CLSNN_FILE_LOOSE; /* until the next clsnn_work_sync */
    clsnn_warnings_of_lock(&slot->report.warnings, k->work->by_files, s->dir);
    clsnn_warnings_of_options(&slot->report.warnings, slot->report.options);
    clsnn_warnings_of_plan(&slot->report.warnings, s->data, &run->plan);
    if (!*from) TRY(clsnn_start_apply(s->grid->options[run - s->runs].from, *out, &slot->report.warnings));
    TRY(clsnn_run_json_write(&slot->report, CLSNN_RUN_RUNNING, NULL));
fail:
    if (st == CLSNN_OK) return st;
    slot->report.experiment = NULL;
    clsnn_experiment_destroy(*out);
    *out = NULL;
    return st;
}

enum clsnn_status clsnn_slot_fill(struct worker *k, struct clsnn_batch *batch, int b,
                                  struct clsnn_experiment **out) {
    *out = NULL;
    while (!*out && take(k, b)) {
        char why[512];
        enum clsnn_status st = start(k, batch, b, out);
        snprintf(why, sizeof why, "%s", clsnn_error_text());
        st = go_on(k->work, &k->slots[b], st);
        if (st != CLSNN_OK) return st;
        if (!*out) clsnn_slot_drop(k, b, true, why);
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_slot_checkpoint(struct worker *k, int b) {
    const struct clsnn_sweep *s = k->work->sweep;
    struct slot *slot = &k->slots[b];
    if (!s->keeps_checkpoints) return CLSNN_OK;
    return go_on(
        k->work, slot,
        clsnn_checkpoint_save(slot->run->dir, k->experiments[b], s->options->keep_checkpoints, NULL));
}

enum clsnn_status clsnn_slot_paused(void *ctx, const struct clsnn_experiment *x) {
    return clsnn_slot_checkpoint(ctx, x->slot);
}

enum clsnn_status clsnn_slot_evaluated(void *ctx, const struct clsnn_experiment *x,
                                       const struct clsnn_metrics *m) {
    struct worker *k = ctx;
    struct work *w = k->work;
    struct slot *slot = &k->slots[x->slot];
    pthread_mutex_lock(&w->lock);
    slot->to_test -= clsnn_eta_tested(k, &x->plan, m->eval_seconds);
    pthread_mutex_unlock(&w->lock);
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
    const uint64_t n = x->at.images - k->slots[b].images_before;
    k->images_left += n;
    k->work_left += clsnn_pack_work(&x->plan, n);
    k->given_up_left += x->at.trained.given_up;
    clsnn_slot_drop(k, b, true, why);
    k->slots[b].report.experiment = NULL;
    clsnn_experiment_destroy(x);
    *experiment = NULL;
    k->experiments[b] = NULL;
    return clsnn_slot_fill(k, batch, b, experiment);
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
    TRY(clsnn_page_write(&slot->report, CLSNN_RUN_FINISHED, learned));
    TRY(clsnn_run_json_write(&slot->report, CLSNN_RUN_FINISHED, learned));
fail:
    /* Best effort: the state FAILED makes the next start of the sweep train this run again. */
    if (st == CLSNN_E_IO) clsnn_run_json_write(&slot->report, CLSNN_RUN_FAILED, NULL);
    return st;
}

void clsnn_work_sync(struct work *w, bool at_once) {
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

enum clsnn_status clsnn_slot_finished(void *ctx, struct clsnn_experiment **experiment) {
    enum clsnn_status st = CLSNN_OK;
    struct worker *k = ctx;
    struct work *w = k->work;
    struct slot *slot = &k->slots[(*experiment)->slot];
    struct clsnn_found_run *result = &slot->run->result,
                           found = {.found = CLSNN_FOUND_FINISHED}; /* even if its files cannot be written */
    struct clsnn_learned learned = {0};
    TRY(clsnn_experiment_learned(*experiment, &learned));
    clsnn_warnings_of_result(&slot->report.warnings, *experiment);
    tell(w, slot);
    TRY(clsnn_run_of(&slot->report, &learned, &found.run));
    pthread_mutex_lock(&w->lock);
    w->stage.n_warned += found.run.warnings[0] != '\0';
    clsnn_found_finish(result);
    *result = found;
    pthread_mutex_unlock(&w->lock);
    TRY(go_on(w, slot, save(w, slot, &learned)));
    clsnn_work_sync(w, false);
    TRY(leave(k, experiment, NULL));
    clsnn_eta_skip(k);
fail:
    clsnn_learned_finish(&learned);
    return st;
}

enum clsnn_status clsnn_slot_failed(void *ctx, struct clsnn_experiment **experiment) {
    struct worker *k = ctx;
    struct slot *slot = &k->slots[(*experiment)->slot];
    char text[640], why[512];
    snprintf(why, sizeof why, "%s", clsnn_error_text());
    snprintf(text, sizeof text, "run %s failed: %s", slot->run->name, why);
    /* run.json holds the recorded error, so it is written before clsnn_error_clear. Best effort: results.csv
     * shows the failure too. */
    clsnn_run_json_write(&slot->report, CLSNN_RUN_FAILED, NULL);
    clsnn_page_write(&slot->report, CLSNN_RUN_FAILED, NULL);
    clsnn_error_clear();
    clsnn_work_note(k->work, text, true);
    return leave(k, experiment, why);
}
