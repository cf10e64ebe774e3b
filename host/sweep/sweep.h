/* A sweep trains many independent runs on one device or several, in batches of one network size, large
 * networks and long runs first. Each run has a directory DIR/runs/NAME, complete as soon as the run is
 * finished. A sweep trains no finished run again. */
#ifndef CLSNN_SWEEP_H
#define CLSNN_SWEEP_H

#include "run/report.h"
#include "run/run_read.h"
#include "sweep/grid.h"

/* One run of the grid. */
struct clsnn_sweep_run {
    struct clsnn_plan plan;
    char *name, *dir;              /* "neurons-100_seed-3"; DIR/runs/NAME; both owned */
    struct clsnn_found_run result; /* as found on disk, or as trained since */
    bool own;                      /* the run belongs to this shard */
    bool is_waiting;               /* in the queue of a sweep under way */
    bool is_under_way;             /* it has a slot of a batch */
    uint64_t images_there;         /* that its checkpoint was trained on, by its name; 0: there is none */
};

/* A device with kernels for the runs. */
struct clsnn_sweep_device {
    struct clsnn_device *dev;
    struct clsnn_program *prog;
};

/* Runs of the same size that the caller trains after a sweep, for its time left. */
struct clsnn_sweep_later {
    size_t n_runs;
    uint64_t images, shown; /* of each run: images to train on; to label and test with */
};

struct clsnn_sweep {
    /* The caller sets these; pointers are borrowed. */
    const struct clsnn_grid *grid;
    const struct clsnn_options *options;      /* common to all runs */
    const struct clsnn_sweep_device *devices; /* [n_devices], at least one; they share the runs */
    size_t n_devices;
    const struct clsnn_dataset *data;
    const char *dir;
    uint32_t shard, n_shards; /* shard is in [1, n_shards] */
    /* Runs save checkpoints every options->checkpoint_every images and after each epoch, and go on from them.
     * A run without one goes on from that of the same name in `from`, a sweep's directory, or NULL. */
    bool keeps_checkpoints;
    const char *from;
    /* Only runs made by these kernels and this version of clsnn count as finished; NULL: runs of any. */
    const char *kernels_sha256;
    const struct clsnn_warnings *warnings; /* that every run has; NULL: none */
    bool has_page;                         /* clsnn_sweep_run keeps report.html up to date (sweep_page.h) */
    const struct clsnn_sweep_later *later; /* [n_later], one stage after another; the time left holds them */
    size_t n_later;
    double test_pace; /* clsnn_sweep_stage.test_pace of an earlier sweep of this size; 0: unknown */
    /* clsnn_sweep_plan makes these. */
    struct clsnn_sweep_run *runs; /* [grid->n_runs], owned */
};

/* The progress of a sweep. */
struct clsnn_sweep_stage {
    size_t n_runs, n_done, n_failed, n_running, n_waiting; /* of this shard; n_done: of earlier starts too */
    uint64_t images, images_total;                         /* trained on in this start; to train on in it */
    double seconds, images_per_second, eta_seconds;        /* of this start */
    double spikes_per_image;                               /* excitatory, of the runs under way; 0: none is */
    uint64_t given_up; /* images given up in training, in all runs of this start */
    size_t n_warned;   /* runs finished in this start with warnings */
    double test_pace;  /* seconds that a unit of clsnn_pack_work takes in tests; 0: there was no test */
    bool reading_out;  /* true once, before the first readout, which may compile for seconds */
};

/* Functions that clsnn_sweep_plan and clsnn_sweep_run call; each may be NULL. With several devices the calls
 * come from several threads, but one at a time. */
struct clsnn_sweep_watcher {
    bool (*stage)(void *ctx, const struct clsnn_sweep_stage *stage); /* false stops (CLSNN_STOPPED) */
    void (*note)(void *ctx, const char *text, bool is_warning);      /* a line for people */
    /* Checks the caller's own files in a finished run's directory. After a failure the run counts as
     * unfinished, with the error's text as the reason. */
    enum clsnn_status (*check)(void *ctx, const struct clsnn_sweep_run *run);
    /* Writes the caller's own files of an evaluation, after metrics.jsonl and metrics.csv. */
    enum clsnn_status (*evaluated)(void *ctx, const struct clsnn_sweep_run *run,
                                   const struct clsnn_experiment *x, const struct clsnn_metrics *m);
    /* Writes the caller's own files of a finished run, before run.json. run->result is filled. */
    enum clsnn_status (*finished)(void *ctx, const struct clsnn_sweep_run *run,
                                  const struct clsnn_report *report, const struct clsnn_learned *learned);
    void *ctx;
};

/* Plans every run of the grid and reads what its directory holds. watch may be NULL.
 * Errors: CLSNN_E_MEMORY; those of clsnn_start_plan. */
enum clsnn_status clsnn_sweep_plan(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch);
void clsnn_sweep_finish(struct clsnn_sweep *s); /* takes {0} */
/* Fills run->result from the run's directory. A finished run that the watcher's check refuses counts as
 * corrupt, with the check's error as the reason. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_look(const struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                   struct clsnn_sweep_run *run);

/* Returns the number of finished runs with warnings, of all shards. */
size_t clsnn_sweep_n_warned(const struct clsnn_sweep *s);
/* Counts the grid's finished and failed runs, of all shards. */
void clsnn_sweep_count(const struct clsnn_sweep *s, size_t *out_finished, size_t *out_failed);
/* Fails if dir holds a result of another kind, whose report.html would be lost: a run; a search, or, for a
 * search, a sweep. Errors: CLSNN_E_USAGE naming what is there. */
enum clsnn_status clsnn_sweep_refuse_kinds(const char *dir, bool is_search);
/* Fails if DIR/runs, as clsnn_sweep_plan found it, holds a run of another sweep: one that the grid lacks, or
 * one with other settings. Runs with fewer epochs and a checkpoint may go on. So a sweep may grow: its runs
 * must hold those of the earlier one. Errors: CLSNN_E_USAGE naming a difference; CLSNN_E_IO DIR/runs
 * cannot be read; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_sweep_refuse_others(const struct clsnn_sweep *s);

/* Trains the shard's runs that are not finished. watch may be NULL; *out_stage is written on failure too.
 * Each device has a thread; it takes runs from one queue while it has room. A device that fails ends with a
 * warning, and the other devices train its unfinished runs, from their checkpoints or their beginning.
 * A fault in one run marks that run as failed, and the other runs go on. A run whose files cannot be written
 * does not end the others either; the function then returns CLSNN_E_IO at its end.
 * Errors: CLSNN_E_USAGE another process works on one of the same runs in dir; CLSNN_E_IO; CLSNN_STOPPED the
 * watcher stopped the sweep, whose finished runs are on disk; CLSNN_E_DEVICE the last of several devices
 * failed; those of training. */
enum clsnn_status clsnn_sweep_run(struct clsnn_sweep *s, const struct clsnn_sweep_watcher *watch,
                                  struct clsnn_sweep_stage *out_stage);

#endif
