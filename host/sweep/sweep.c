/* The runs of a sweep, side by side. */
#include "sweep/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "options/options.h"
#include "run/plan.h"
#include "run/report.h"

/* Networks in flight for each compute unit: of a CPU enough that a launch ends evenly, of a GPU enough to hide memory's latency. */
enum { SLOTS_A_CORE = 4, SLOTS_A_UNIT = 8 };

/* ---- the directory ---- */

static char *run_dir(const struct clsnn_sweep *s, size_t run) {
    char *runs = clsnn_file_join(s->dir, "runs"), *name = clsnn_grid_name(s->grid, run), *dir = NULL;
    if (runs && name) dir = clsnn_file_join(runs, name);
    free(runs);
    free(name);
    return dir;
}

static bool is_own(const struct clsnn_sweep *s, size_t run) {
    return run % s->n_shards == s->shard - 1;
}

/* The byte of DIR/lock that stands for a run: by its name, since two sweeps that share runs may number them differently. */
static enum clsnn_status lock_byte(const struct clsnn_sweep *s, size_t run, off_t *out) {
    char hex[CLSNN_SHA256_HEX], *name = clsnn_grid_name(s->grid, run);
    if (!name) return clsnn_no_memory("sweep");
    const enum clsnn_status st = clsnn_sha256_hex(name, strlen(name), hex);
    free(name);
    if (st != CLSNN_OK) return st;
    hex[15] = '\0'; /* 60 bits: offsets are signed */
    *out = (off_t)strtoull(hex, NULL, 16);
    return CLSNN_OK;
}

/* Locks the byte of every own run in DIR/lock for as long as the descriptor is open, so that no two processes work on one run. Such locks end
 * with their process, however it ends, and network file systems know them. */
static enum clsnn_status lock_runs(const struct clsnn_sweep *s, int *out_fd) {
    enum clsnn_status st = CLSNN_OK;
    char *path = clsnn_file_join(s->dir, "lock");
    if (!path) return clsnn_no_memory("sweep");
    int fd;
    do {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EINTR); /* a network file system's */
    if (fd < 0) {
        st = clsnn_fail(CLSNN_E_IO, "%s: %s", path, strerror(errno));
        goto fail;
    }
    for (size_t run = 0; run < s->grid->n_runs; run++) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
        if (!is_own(s, run)) continue;
        TRY(lock_byte(s, run, &lock.l_start));
        if (fcntl(fd, F_SETLK, &lock) == 0) continue;
        const int why = errno;
        if (why != EACCES && why != EAGAIN) {
            st = clsnn_fail(CLSNN_E_IO, "%s: cannot be locked: %s", path, strerror(why));
            goto fail;
        }
        struct flock other = lock;
        long pid = fcntl(fd, F_GETLK, &other) == 0 && other.l_type != F_UNLCK ? (long)other.l_pid : 0;
        st = clsnn_fail(
            CLSNN_E_USAGE,
            "%s: another clsnn (process %ld) is at work on runs of this sweep: wait for it, choose another "
            "--out, or give each its own --shard",
            s->dir, pid);
        goto fail;
    }
    *out_fd = fd;
    free(path);
    return CLSNN_OK;
fail:
    if (fd >= 0) close(fd);
    free(path);
    return st;
}

/* The plan of a run and its one-line text. */
static enum clsnn_status plan_run(const struct clsnn_sweep *s, size_t run, struct clsnn_plan *out_plan,
                                  char **out_text) {
    struct clsnn_options o;
    const enum clsnn_status st = clsnn_grid_options(s->grid, s->options, run, &o);
    if (st != CLSNN_OK) return st;
    clsnn_plan_make(&o, s->data, out_plan);
    clsnn_options_finish(&o);
    *out_text = clsnn_report_plan(out_plan, s->data);
    return *out_text ? CLSNN_OK : clsnn_no_memory("sweep");
}

static enum clsnn_status look_at(const struct clsnn_sweep *s, size_t run, struct clsnn_run_result *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_plan plan;
    char *text = NULL, *dir = run_dir(s, run);
    if (!dir) return clsnn_no_memory("sweep");
    TRY(plan_run(s, run, &plan, &text));
    TRY(clsnn_results_read(dir, text, out));
fail:
    free(text);
    free(dir);
    return st;
}

enum clsnn_status clsnn_sweep_look(const struct clsnn_sweep *s, struct clsnn_run_result **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_run_result *runs = calloc(s->grid->n_runs, sizeof *runs);
    if (!runs) return clsnn_no_memory("sweep");
    for (size_t run = 0; run < s->grid->n_runs; run++) TRY(look_at(s, run, &runs[run]));
    *out = runs;
    return CLSNN_OK;
fail:
    free(runs);
    return st;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether below DIR/runs there is a finished run; which one it is does not matter, so no plan is asked for. */
static enum clsnn_status holds_finished(const char *runs, const char *name, bool *out) {
    struct clsnn_run_result found;
    char *dir = clsnn_file_join(runs, name);
    if (!dir) return clsnn_no_memory("sweep");
    const enum clsnn_status st = clsnn_results_read(dir, "", &found);
    free(dir);
    *out = st == CLSNN_OK && found.found == CLSNN_FOUND_OTHER;
    return st;
}

enum clsnn_status clsnn_sweep_others(const struct clsnn_sweep *s, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    const size_t n_runs = s->grid->n_runs;
    size_t n = 0;
    DIR *open = NULL;
    char *runs = clsnn_file_join(s->dir, "runs"), **names = calloc(n_runs, sizeof *names);
    if (!runs || !names) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (size_t run = 0; run < n_runs; run++) {
        names[run] = clsnn_grid_name(s->grid, run);
        if (!names[run]) {
            st = clsnn_no_memory("sweep");
            goto fail;
        }
    }
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
    for (size_t run = 0; names && run < n_runs; run++) free(names[run]);
    free(names);
    free(runs);
    return st;
}

/* ---- one run in a slot ---- */

/* A run that is waited for, or under way: what it reports with lives as long as its experiment. */
struct job {
    size_t run;
    struct clsnn_plan plan;
    struct clsnn_options options;
    struct clsnn_report report;
    char *dir;
};

/* Everything of a sweep at work. */
struct work {
    const struct clsnn_sweep *sweep;
    const struct clsnn_sweep_watcher *watch;
    struct clsnn_run_result *runs;
    struct job *jobs;         /* [n_jobs], the order of work */
    size_t n_jobs, next, end; /* of the present size: jobs next .. end - 1 wait */
    struct clsnn_experiment **slots;
    int n_slots;
    struct clsnn_sweep_stage stage;
    uint64_t images_done; /* of experiments that left their slots */
    double began;
};

static void note(const struct work *w, const char *text) {
    if (w->watch && w->watch->note) w->watch->note(w->watch->ctx, text);
}

static struct job *job_of(struct work *w, const struct clsnn_experiment *x) {
    for (size_t k = 0; k < w->n_jobs; k++)
        if (w->jobs[k].report.experiment == x) return &w->jobs[k];
    return NULL;
}

/* Starts the next job of this size in the slot, or leaves it empty. */
static enum clsnn_status fill_slot(struct work *w, struct clsnn_lab *lab, int slot,
                                   struct clsnn_experiment **out) {
    enum clsnn_status st = CLSNN_OK;
    int moved = 0;
    *out = NULL;
    if (w->next == w->end) return CLSNN_OK;
    struct job *job = &w->jobs[w->next++];
    TRY(clsnn_report_prepare_dir(job->dir, &moved));
    TRY(clsnn_experiment_create(lab, slot, &job->plan, out));
    clsnn_report_start(&job->report, &job->options, *out, job->dir);
    TRY(clsnn_report_run(&job->report, CLSNN_RUN_RUNNING, NULL));
    w->stage.n_waiting--;
    w->stage.n_running++;
fail:
    return st;
}

static enum clsnn_status on_evaluated(void *ctx, const struct clsnn_experiment *x,
                                      const struct clsnn_metrics *m) {
    struct job *job = job_of(ctx, x);
    (void)m;
    return clsnn_report_metrics(&job->report);
}

static enum clsnn_status leave(struct work *w, struct job *job, struct clsnn_experiment **slot) {
    struct clsnn_experiment *x = *slot;
    struct clsnn_lab *lab = x->lab;
    const int b = x->slot;
    w->images_done += x->at.images;
    w->stage.n_running--;
    job->report.experiment = NULL;
    clsnn_experiment_destroy(x);
    *slot = NULL;
    w->slots[b] = NULL;
    return fill_slot(w, lab, b, slot);
}

static enum clsnn_status on_finished(void *ctx, struct clsnn_experiment **slot) {
    enum clsnn_status st = CLSNN_OK;
    struct work *w = ctx;
    struct job *job = job_of(w, *slot);
    struct clsnn_learned learned = {0};
    TRY(clsnn_experiment_learned(*slot, &learned));
    TRY(clsnn_report_model(&job->report, &learned));
    TRY(clsnn_report_metrics(&job->report));
    TRY(clsnn_report_run(&job->report, CLSNN_RUN_FINISHED,
                         &learned)); /* last: from here on it counts as done */
    clsnn_results_of(*slot, &learned, &w->runs[job->run]);
    w->stage.n_done++;
    TRY(leave(w, job, slot));
fail:
    clsnn_learned_finish(&learned);
    return st;
}

static enum clsnn_status on_failed(void *ctx, struct clsnn_experiment **slot) {
    enum clsnn_status st = CLSNN_OK;
    struct work *w = ctx;
    struct job *job = job_of(w, *slot);
    char text[640], *name = clsnn_grid_name(w->sweep->grid, job->run);
    if (!name) return clsnn_no_memory("sweep");
    snprintf(text, sizeof text, "run %s failed: %s", name, clsnn_error_text());
    free(name);
    clsnn_report_run(&job->report, CLSNN_RUN_FAILED,
                     NULL); /* with that error; the sweep's own table tells too */
    clsnn_error_clear();
    note(w, text);
    TRY(look_at(w->sweep, job->run, &w->runs[job->run]));
    w->stage.n_failed++;
    TRY(leave(w, job, slot));
fail:
    return st;
}

static bool on_stage(void *ctx, const struct clsnn_stage *stage) {
    struct work *w = ctx;
    struct clsnn_sweep_stage *s = &w->stage;
    (void)stage;
    s->images = w->images_done;
    for (int b = 0; b < w->n_slots; b++)
        if (w->slots[b]) s->images += w->slots[b]->at.images;
    s->seconds = clsnn_clock_seconds() - w->began;
    s->images_per_second = s->seconds > 0 ? (double)s->images / s->seconds : 0;
    s->eta_seconds =
        s->images_per_second > 0 ? (double)(s->images_total - s->images) / s->images_per_second : 0;
    return !w->watch || !w->watch->stage || w->watch->stage(w->watch->ctx, s);
}

/* ---- packing ---- */

/* Large networks first, and among equals the long runs: what is left at the end is then small. */
static int compare_jobs(const void *a, const void *b) {
    const struct job *x = a, *y = b;
    if (x->plan.neurons != y->plan.neurons) return x->plan.neurons < y->plan.neurons ? 1 : -1;
    const uint64_t cost_x = (uint64_t)x->plan.epochs * x->plan.train_images,
                   cost_y = (uint64_t)y->plan.epochs * y->plan.train_images;
    if (cost_x != cost_y) return cost_x < cost_y ? 1 : -1;
    return x->run < y->run ? -1 : x->run > y->run;
}

/* How many networks of that size to hold at once. */
static enum clsnn_status count_slots(const struct clsnn_sweep *s, uint32_t neurons, size_t n_jobs, int *out) {
    const struct clsnn_device_info *d = &s->dev->info;
    const uint64_t n_images = (uint64_t)s->data->train.n_images + s->data->test.n_images;
    const uint64_t units = d->compute_units ? d->compute_units : 1,
                   wanted = units * ((d->type & CL_DEVICE_TYPE_CPU) ? SLOTS_A_CORE : SLOTS_A_UNIT),
                   most = clsnn_lab_most_slots(s->dev, neurons, n_images);
    uint64_t n = n_jobs < wanted ? n_jobs : wanted;
    if (most == 0)
        return clsnn_fail(
            CLSNN_E_DEVICE_MEMORY,
            "sweep: a network of %u neurons takes %.1f MB and the images %.1f MB; %s has %.0f MB: choose "
            "fewer neurons or another --device",
            neurons, (double)clsnn_lab_slot_bytes(neurons) * 1e-6, (double)n_images * CLSNN_N_PRE * 1e-6,
            d->name, (double)clsnn_device_budget(s->dev) * 1e-6);
    if (n > most) n = most;
    *out = (int)n;
    return CLSNN_OK;
}

/* Whether every network that is still to be trained fits alone, before anything is made on disk. */
static enum clsnn_status check_sizes(const struct clsnn_sweep *s, const struct clsnn_run_result *runs) {
    enum clsnn_status st = CLSNN_OK;
    int n_slots;
    for (size_t run = 0; run < s->grid->n_runs; run++) {
        struct clsnn_options o;
        if (!is_own(s, run) || runs[run].found == CLSNN_FOUND_FINISHED) continue;
        TRY(clsnn_grid_options(s->grid, s->options, run, &o));
        const uint32_t neurons = (uint32_t)o.neurons;
        clsnn_options_finish(&o);
        TRY(count_slots(s, neurons, 1, &n_slots));
    }
fail:
    return st;
}

/* Jobs w->next .. w->end - 1, all of one size, in one lab. */
static enum clsnn_status run_size(struct work *w) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = w->sweep;
    const uint32_t neurons = w->jobs[w->next].plan.neurons;
    const struct clsnn_watcher watch = {
        .stage = on_stage, .evaluated = on_evaluated, .finished = on_finished, .failed = on_failed, .ctx = w};
    struct clsnn_lab *lab = NULL;
    TRY(count_slots(s, neurons, w->end - w->next, &w->n_slots));
    TRY(clsnn_lab_create(s->dev, s->prog, s->data, neurons, w->n_slots, s->data->train.n_images,
                         s->data->test.n_images, (uint32_t)s->options->chunk, &lab));
    w->slots = calloc((size_t)w->n_slots, sizeof *w->slots);
    if (!w->slots) {
        st = clsnn_no_memory("sweep");
        goto fail;
    }
    for (int b = 0; b < w->n_slots; b++) TRY(fill_slot(w, lab, b, &w->slots[b]));
    TRY(clsnn_experiments_run(lab, w->slots, &watch));
fail:
    for (int b = 0; w->slots && b < w->n_slots; b++) {
        struct job *job = w->slots[b] ? job_of(w, w->slots[b]) : NULL;
        if (job) job->report.experiment = NULL;
        clsnn_experiment_destroy(w->slots[b]);
    }
    free(w->slots);
    w->slots = NULL;
    w->n_slots = 0;
    clsnn_lab_destroy(lab);
    return st;
}

/* Lists what is to be done, and tells what is done anew. */
static enum clsnn_status make_jobs(struct work *w) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_sweep *s = w->sweep;
    w->jobs = calloc(s->grid->n_runs, sizeof *w->jobs);
    if (!w->jobs) return clsnn_no_memory("sweep");
    for (size_t run = 0; run < s->grid->n_runs; run++) {
        struct clsnn_run_result *r = &w->runs[run];
        if (!is_own(s, run)) continue;
        /* another process may have finished it after it was looked at and before it was locked */
        if (r->found != CLSNN_FOUND_FINISHED) TRY(look_at(s, run, r));
        w->stage.n_runs++;
        if (r->found == CLSNN_FOUND_FINISHED) {
            w->stage.n_done++;
            continue;
        }
        struct job *job = &w->jobs[w->n_jobs++];
        job->run = run;
        job->dir = run_dir(s, run);
        if (!job->dir) return clsnn_no_memory("sweep");
        TRY(clsnn_grid_options(s->grid, s->options, run, &job->options));
        clsnn_plan_make(&job->options, s->data, &job->plan);
        w->stage.n_waiting++;
        w->stage.images_total += (uint64_t)job->plan.epochs * job->plan.train_images;
        if (r->found != CLSNN_FOUND_NOTHING && r->found != CLSNN_FOUND_BROKEN_OFF) {
            char text[640];
            snprintf(text, sizeof text, "%s is done anew: %s", job->dir, r->why);
            note(w, text);
        }
    }
    qsort(w->jobs, w->n_jobs, sizeof *w->jobs, compare_jobs);
fail:
    return st;
}

enum clsnn_status clsnn_sweep_run(const struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                  struct clsnn_run_result *runs, struct clsnn_sweep_stage *out_stage) {
    enum clsnn_status st = CLSNN_OK;
    struct work w = {.sweep = s, .watch = watch, .runs = runs, .began = clsnn_clock_seconds()};
    int lock = -1;
    TRY(check_sizes(s, runs));
    TRY(clsnn_file_make_dir(s->dir));
    TRY(lock_runs(s, &lock));
    TRY(make_jobs(&w));
    while (w.next < w.n_jobs) {
        w.end = w.next;
        while (w.end < w.n_jobs && w.jobs[w.end].plan.neurons == w.jobs[w.next].plan.neurons) w.end++;
        TRY(run_size(&w));
    }
    on_stage(&w, NULL);
fail:
    *out_stage = w.stage;
    for (size_t k = 0; k < w.n_jobs; k++) {
        clsnn_options_finish(&w.jobs[k].options);
        free(w.jobs[k].dir);
    }
    free(w.jobs);
    if (lock >= 0) close(lock);
    return st;
}
