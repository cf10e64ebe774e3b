/* clsnn reproduce: trains the seed paper's sizes with several seeds, each in a directory of its own, and makes tables, figures
 * and a page of them. All seeds of a size go on side by side, one size after the other. What is finished is not trained again. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "commands/commands.h"
#include "base/file.h"
#include "run/report.h"
#include "reproduce/reproduce.h"
#include "commands/session.h"

static const char *const default_sizes = "100,225,400";

/* A run that is being trained. */
struct active {
    struct clsnn_reproduced_run *run;
    struct clsnn_experiment *x;
    struct clsnn_options options; /* the command's with the run's seed; borrows everything */
    struct clsnn_report report;
    char *dir;
};

struct reproduction {
    struct clsnn_session session;
    struct clsnn_reproduction r;
    struct clsnn_lab *lab;
    struct active *active; /* [lab->n_slots] */
    int n_active;
    size_t size, next,
        last; /* the size in the lab; its runs that wait: next .. last - 1, kept ones among them */
    double began;
    double work_before; /* of runs that were kept */
    bool read_out;      /* told of the first readout: each lab has one */
    size_t n_unsaved;   /* runs whose files could not be written */
    char unsaved[512];  /* why, of the first */
};

/* ---- progress ---- */

/* What an image costs by the size of its network, roughly, for the ETA of the whole. Small networks are shown an image more often
 * until it makes them fire, so that 100 neurons cost nearly as much as 400. */
static const double image_work = 1200; /* in neurons */

static double work_of(const struct clsnn_reproduced_run *run, uint64_t images) {
    return (double)images * (image_work + run->neurons);
}

static void take_stock(struct reproduction *p, struct clsnn_stage *stage, size_t *out_finished,
                       double *out_work, double *out_all) {
    const struct clsnn_reproduction *r = &p->r;
    const uint64_t per_run = (uint64_t)r->epochs * r->train_images;
    *out_finished = 0;
    *out_work = *out_all = 0;
    for (size_t k = 0; k < r->n_sizes * r->n_seeds; k++) {
        const struct clsnn_reproduced_run *run = &r->runs[k];
        uint64_t done = run->finished ? per_run : 0;
        for (int b = 0; b < p->n_active; b++)
            if (p->active[b].run == run && p->active[b].x) done = p->active[b].x->at.images;
        *out_finished += run->finished;
        stage->total += per_run;
        stage->done += done;
        *out_work += work_of(run, done);
        *out_all += work_of(run, per_run);
    }
}

static bool on_stage(void *ctx, const struct clsnn_stage *of_lab) {
    struct reproduction *p = ctx;
    const struct clsnn_reproduction *r = &p->r;
    struct clsnn_stage stage = {.kind = CLSNN_STAGE_TRAIN, .running_accuracy = -1.0};
    size_t finished;
    double work, all;
    char head[96];
    if (of_lab->kind == CLSNN_STAGE_READOUT) {
        if (!p->read_out) clsnn_progress_stage(&p->session.progress, of_lab);
        p->read_out = true;
        return !clsnn_session_stopping();
    }
    take_stock(p, &stage, &finished, &work, &all);
    stage.seconds = clsnn_clock_seconds() - p->began;
    stage.images_per_second = of_lab->images_per_second; /* of all networks of the lab, while they train */
    stage.eta_seconds = work > p->work_before ? stage.seconds / (work - p->work_before) * (all - work) : 0;
    if (of_lab->kind != CLSNN_STAGE_TRAIN) { /* a rate of the whole, evaluation included */
        stage.images_per_second = 0;
        if (stage.seconds > 0)
            stage.images_per_second =
                (work - p->work_before) / (image_work + r->sizes[p->size]) / stage.seconds;
    }
    if (stage.done >= stage.total) stage.done = stage.total - 1; /* the last evaluation is still to come */
    snprintf(head, sizeof head, "N = %u%s, %zu of %zu runs done,", r->sizes[p->size],
             of_lab->kind == CLSNN_STAGE_TRAIN ? "" : " (evaluating)", finished, r->n_sizes * r->n_seeds);
    clsnn_progress_whole(&p->session.progress, head, &stage);
    return !clsnn_session_stopping();
}

/* ---- runs ---- */

/* Files of a run that cannot be written must not cost the others: they go on, and the command fails at the end. */
static void note_unsaved(struct reproduction *p, const char *what) {
    clsnn_progress_warn(&p->session.progress, "%s: %s; the other runs go on", what, clsnn_error_text());
    if (p->n_unsaved++ == 0) snprintf(p->unsaved, sizeof p->unsaved, "%s", clsnn_error_text());
    clsnn_error_clear();
}

/* Whether a failure is of one run's files. */
static bool is_local(enum clsnn_status st) {
    return st == CLSNN_E_IO;
}

static struct active *active_of(struct reproduction *p, const struct clsnn_experiment *x) {
    return &p->active[x->slot];
}

/* Starts the next run that waits in a slot; *out_x is NULL where none does. A checkpoint of the run, if its directory held one,
 * would be loaded here, between the experiment's creation and prepare_dir, which moves what an earlier run left. */
static enum clsnn_status start_next(struct reproduction *p, int slot, struct clsnn_experiment **out_x) {
    enum clsnn_status st = CLSNN_OK;
    struct active *a = &p->active[slot];
    struct clsnn_plan plan = p->session.plan;
    int moved = 0;
    *out_x = NULL;
    while (p->next < p->last && p->r.runs[p->next].finished) p->next++;
    if (p->next == p->last) return CLSNN_OK;
    *a = (struct active){.run = &p->r.runs[p->next++], .options = *p->r.options};
    plan.seed = a->options.seed = a->run->seed;
    TRY(clsnn_experiment_create(p->lab, slot, &plan, &a->x));
    a->dir = clsnn_file_join(p->r.dir, a->run->dir);
    if (!a->dir) return CLSNN_E_MEMORY;
    TRY(clsnn_report_prepare_dir(a->dir, &moved));
    if (moved)
        clsnn_progress_note(&p->session.progress, "%s held another run: its files are now in %s/previous-%d",
                            a->dir, a->dir, moved);
    clsnn_report_start(&a->report, &a->options, a->x, a->dir);
    TRY(clsnn_report_run(&a->report, CLSNN_RUN_RUNNING, NULL));
    *out_x = a->x;
fail:
    return st;
}

static void end_active(struct active *a) {
    clsnn_experiment_destroy(a->x);
    free(a->dir);
    *a = (struct active){.run = NULL};
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct reproduction *p = ctx;
    struct active *a = active_of(p, x);
    enum clsnn_status st = clsnn_report_metrics(&a->report);
    if (st == CLSNN_OK && a->run == &p->r.runs[clsnn_reproduction_shown(&p->r)] &&
        clsnn_reproduction_shows_epoch(m->epoch))
        st = clsnn_reproduction_save_epoch(x, m->epoch, a->dir);
    if (!is_local(st)) return st;
    note_unsaved(p, a->run->dir);
    return CLSNN_OK;
}

static enum clsnn_status save_run(struct active *a) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned learned = {0};
    TRY(clsnn_experiment_learned(a->x, &learned));
    TRY(clsnn_reproduction_take(a->x, learned.sha256, a->run));
    TRY(clsnn_report_model(&a->report, &learned));
    TRY(clsnn_report_metrics(&a->report));
    TRY(clsnn_report_pictures(&a->report, &learned));
    TRY(clsnn_report_run(&a->report, CLSNN_RUN_FINISHED, &learned));
fail:
    clsnn_learned_finish(&learned);
    return st;
}

static enum clsnn_status on_finished(void *ctx, struct clsnn_experiment **slot) {
    enum clsnn_status st = CLSNN_OK;
    struct reproduction *p = ctx;
    struct active *a = active_of(p, *slot);
    const int b = (*slot)->slot;
    const struct clsnn_metrics *m = &a->x->metrics[a->x->n_metrics - 1];
    clsnn_progress_note(&p->session.progress,
                        "N = %u, seed %llu: %.2f %% (vote all), %.2f %% (vote proportion) after epoch %u",
                        a->run->neurons, (unsigned long long)a->run->seed, 100 * m->accuracy_all,
                        100 * m->accuracy_proportion, m->epoch);
    st = save_run(a);
    if (is_local(st)) {
        clsnn_report_run(&a->report, CLSNN_RUN_FAILED,
                         NULL); /* best effort: a second start is to make it again */
        note_unsaved(p, a->run->dir);
        st = CLSNN_OK;
    }
    TRY(st);
    end_active(a);
    TRY(start_next(p, b, slot));
fail:
    return st;
}

/* What run.json of the runs in the slots says when they end early. */
static void mark_active(struct reproduction *p, enum clsnn_run_state state) {
    assert(p->active || p->n_active == 0);
    for (int b = 0; b < p->n_active; b++)
        if (p->active[b].x && p->active[b].dir)
            clsnn_report_run(&p->active[b].report, state, NULL); /* best effort */
}

/* ---- sizes ---- */

static enum clsnn_status run_size(struct reproduction *p, size_t size) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_reproduction *r = &p->r;
    struct clsnn_session *s = &p->session;
    struct clsnn_experiment **slots = NULL;
    const struct clsnn_watcher watcher = {
        .stage = on_stage, .evaluated = on_evaluated, .finished = on_finished, .ctx = p};
    const uint32_t n_train = r->train_images > r->label_images ? r->train_images : r->label_images;
    size_t n_waiting = 0;
    p->size = size;
    p->next = size * r->n_seeds;
    p->last = p->next + r->n_seeds;
    s->plan.neurons = r->sizes[size];
    for (size_t k = p->next; k < p->last; k++) n_waiting += !r->runs[k].finished;
    if (n_waiting == 0) return CLSNN_OK;
    const uint64_t most = clsnn_lab_most_slots(s->dev, r->sizes[size], (uint64_t)n_train + r->test_images);
    const uint64_t n_slots =
        n_waiting > most && most > 0 ? most : n_waiting; /* none fits: the lab says why */
    TRY(clsnn_session_lab(s, (int)n_slots, n_train, r->test_images, &p->lab));
    slots = calloc(n_slots, sizeof *slots);
    p->active = calloc(n_slots, sizeof *p->active);
    if (!slots || !p->active) {
        st = clsnn_fail(CLSNN_E_MEMORY, "reproduce: no memory for %llu runs", (unsigned long long)n_slots);
        goto fail;
    }
    p->n_active = (int)n_slots;
    clsnn_progress_note(&s->progress,
                        "training %zu network%s of %u neurons, %llu side by side, %u epoch%s of %u images",
                        n_waiting, n_waiting == 1 ? "" : "s", r->sizes[size], (unsigned long long)n_slots,
                        r->epochs, r->epochs == 1 ? "" : "s", r->train_images);
    for (int b = 0; b < p->n_active; b++) TRY(start_next(p, b, &slots[b]));
    TRY(clsnn_experiments_run(p->lab, slots, &watcher));
fail:
    if (st != CLSNN_OK) mark_active(p, st == CLSNN_STOPPED ? CLSNN_RUN_STOPPED : CLSNN_RUN_FAILED);
    for (int b = 0; b < p->n_active; b++) end_active(&p->active[b]);
    free(p->active);
    free(slots);
    p->active = NULL;
    p->n_active = 0;
    clsnn_lab_destroy(p->lab);
    p->lab = NULL;
    return st;
}

/* Takes over the runs that are finished already, and says so. */
static enum clsnn_status find_finished(struct reproduction *p) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_reproduction *r = &p->r;
    size_t n_kept = 0;
    const size_t n = r->n_sizes * r->n_seeds;
    for (size_t k = 0; k < n; k++) {
        bool found = false;
        char why[512];
        TRY(clsnn_reproduction_read(r, &r->runs[k], &found, why, sizeof why));
        n_kept += found;
        if (found)
            p->work_before += work_of(&r->runs[k], (uint64_t)r->epochs * r->train_images);
        else if (*why)
            clsnn_progress_note(&p->session.progress, "%s/%s is made again: %s", r->dir, r->runs[k].dir, why);
    }
    if (n_kept)
        clsnn_progress_note(&p->session.progress,
                            "%zu of %zu runs are finished already in %s/runs and are not trained again",
                            n_kept, n, r->dir);
fail:
    return st;
}

static enum clsnn_status read_sizes(const struct clsnn_options *o, struct clsnn_reproduction *r) {
    enum clsnn_status st = CLSNN_OK;
    const char *text = o->sizes ? o->sizes : default_sizes;
    uint64_t sizes[CLSNN_REPRODUCE_SIZES];
    char shown[CLSNN_EXCERPT];
    TRY(clsnn_parse_list("--sizes", text, 1, CLSNN_MAX_POST, "neurons", CLSNN_REPRODUCE_SIZES, sizes,
                         &r->n_sizes));
    for (size_t k = 0; k < r->n_sizes; k++) {
        for (size_t j = 0; j < k; j++) {
            if (sizes[j] == sizes[k])
                return clsnn_fail(CLSNN_E_USAGE, "--sizes = %s: %u stands twice: name every size once",
                                  clsnn_excerpt(text, shown), (unsigned)sizes[k]);
        }
        r->sizes[k] = (uint32_t)sizes[k];
    }
    if (o->seed > UINT64_MAX - (uint64_t)(o->seeds - 1))
        st = clsnn_fail(CLSNN_E_USAGE, "--seed = %llu: with --seeds %d must be at most %llu",
                        (unsigned long long)o->seed, o->seeds,
                        (unsigned long long)(UINT64_MAX - (uint64_t)(o->seeds - 1)));
fail:
    return st;
}

static uint32_t all_or(int32_t wanted, uint32_t there) {
    return wanted == 0 || (uint32_t)wanted > there ? there : (uint32_t)wanted;
}

static enum clsnn_status prepare(struct reproduction *p, const struct clsnn_options *o, char **out_dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_session *s = &p->session;
    struct clsnn_reproduction *r = &p->r;
    char default_dir[64];
    clsnn_clock_utc(r->started);
    p->began = clsnn_clock_seconds();
    snprintf(default_dir, sizeof default_dir, "reproduce-%s", s->data.name);
    TRY(clsnn_file_check_dir(o->out_dir ? o->out_dir : default_dir));
    TRY(clsnn_session_compile(s, o));
    *out_dir = strdup(o->out_dir ? o->out_dir : default_dir);
    if (!*out_dir) return clsnn_no_memory("reproduce");
    s->plan.eval_every = 1;
    r->options = o;
    r->data = &s->data;
    r->device = &s->dev->info;
    r->dir = *out_dir;
    r->work_group = s->prog->work_group;
    r->n_seeds = (uint32_t)o->seeds;
    r->epochs = (uint32_t)o->epochs;
    r->seed = o->seed;
    r->train_images = all_or(o->train_images, s->data.train.n_images);
    r->label_images = all_or(o->label_images, s->data.train.n_images);
    r->test_images = all_or(o->test_images, s->data.test.n_images);
    TRY(clsnn_program_hash(r->kernels_sha256));
    TRY(clsnn_file_make_dir(r->dir));
    TRY(clsnn_reproduction_plan(r));
    TRY(find_finished(p));
fail:
    return st;
}

/* The words of a stop: what is finished stays. */
static enum clsnn_status tell_stopped(struct reproduction *p) {
    size_t n_finished = 0;
    const size_t n = p->r.n_sizes * p->r.n_seeds;
    for (size_t k = 0; k < n; k++) n_finished += p->r.runs[k].finished;
    clsnn_error_clear();
    clsnn_progress_end(&p->session.progress);
    return clsnn_fail(
        CLSNN_STOPPED,
        "stopped: %zu of %zu runs are finished in %s/runs; the same command keeps them and trains the others",
        n_finished, n, p->r.dir);
}

enum clsnn_status clsnn_cmd_reproduce(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct reproduction p = {.n_active = 0};
    char *dir = NULL;
    bool open = false;
    TRY(read_sizes(o, &p.r));
    open = true;
    TRY(clsnn_session_open(&p.session, o));
    TRY(prepare(&p, o, &dir));
    for (size_t s = 0; s < p.r.n_sizes; s++) {
        st = run_size(&p, s);
        if (st == CLSNN_STOPPED) st = tell_stopped(&p);
        TRY(st);
    }
    clsnn_clock_utc(p.r.finished);
    p.r.seconds = clsnn_clock_seconds() - p.began;
    clsnn_progress_end(&p.session.progress);
    TRY(clsnn_reproduction_print(&p.r, o->out));
    TRY(clsnn_reproduction_write(&p.r));
    if (p.n_unsaved)
        st = clsnn_fail(CLSNN_E_IO, "%zu file%s of runs could not be written: %s", p.n_unsaved,
                        p.n_unsaved == 1 ? "" : "s", p.unsaved);
fail:
    if (open) clsnn_session_close(&p.session);
    clsnn_reproduction_finish(&p.r);
    free(dir);
    return st;
}
