/* A sweep while it runs: its devices, its queue, and the slots of their batches. */
#ifndef CLSNN_SWEEP_INTERNAL_H
#define CLSNN_SWEEP_INTERNAL_H

#include <pthread.h>

#include "experiment/experiment.h"
#include "run/report.h"
#include "sweep/sweep.h"

/* A run under way in a slot of a batch. */
struct slot {
    struct clsnn_sweep_run *run; /* NULL: none */
    struct clsnn_report report;
    bool is_unsaved;        /* counted in n_unsaved */
    uint64_t images_before; /* trained on before this start: those of the checkpoint */
    double to_test;         /* its part of work.to_test, less the tests it has had in this start */
};

/* A device's progress at some time. */
struct mark {
    double at, done, busy_seconds;
};

/* A device at work on its present batch, in a thread of its own. */
struct worker {
    struct work *work;
    const struct clsnn_sweep_device *on;
    struct clsnn_experiment **experiments; /* [n_slots]; NULL: an empty slot */
    struct slot *slots;                    /* [n_slots] */
    int n_slots;
    uint64_t images_left;   /* trained on by experiments that have left their slots */
    double work_left;       /* clsnn_pack_work of images_left */
    uint64_t given_up_left; /* images that these experiments gave up */
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
    double *left;    /* [n_slots] clsnn_pack_work of what the runs in the slots have left; NULL: no batch */
    struct clsnn_totals trained; /* of the runs in slots; given_up also of those that left */
    uint64_t trained_images;     /* of the runs in slots */
    size_t n_tests;
    double tested;              /* clsnn_pack_work of the images shown in tests */
    double timed, eval_seconds; /* work and time of tests but for the first, which may compile */
    /* Of eta.c: seconds of training, summed over machines; until when; earlier standings. */
    double busy_seconds, counted_at;
    struct mark marks[2];
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
    double to_test;             /* clsnn_eta_tests of all runs of this start */
    double eta_seconds, eta_at; /* the last estimate, and when it was made */
    bool read_out;              /* the watcher was told of the first readout */
    double page_next;           /* when the page is due again, clsnn_clock_seconds */
    size_t n_unsaved;           /* runs with a file that could not be written */
    char unsaved[1024];         /* the error of the first of these runs */
    bool told[CLSNN_N_WARNINGS];
    bool told_resume;          /* that runs go on from checkpoints */
    double synced;             /* clsnn_clock_seconds of the last sync_files */
    const struct worker *last; /* the device that ended last with an error */
};

/* Shows a line to the watcher. */
void clsnn_work_note(struct work *w, const char *text, bool is_warning);
/* For qsort: the order of the queue. */
int clsnn_work_compare(const void *a, const void *b);
/* Locks the queue, once this device may take runs from it. */
void clsnn_work_lock_queue(struct worker *k);
/* Brings the files of finished runs to the disk, all at once: a sweep of short runs writes thousands. After a
 * power cut the last second's runs may be torn. Their hashes tell, and the next start trains them again. */
void clsnn_work_sync(struct work *w, bool at_once);

/* Starts the next run that fits the batch in slot b, or leaves the slot empty (*out NULL). A run whose
 * directory cannot be written is marked as failed, and the next run is tried. */
enum clsnn_status clsnn_slot_fill(struct worker *k, struct clsnn_batch *batch, int b,
                                  struct clsnn_experiment **out);
/* Empties slot b, whose run is finished, has failed (why) or goes back into the queue (not ended). */
void clsnn_slot_drop(struct worker *k, int b, bool ended, const char *why);
/* Saves a checkpoint of the run in slot b, if the sweep keeps them. */
enum clsnn_status clsnn_slot_checkpoint(struct worker *k, int b);
/* What a batch's watcher does when a run pauses, was evaluated, is finished, or failed; ctx is the worker.
 * The last two give the slot to the next run. */
enum clsnn_status clsnn_slot_paused(void *ctx, const struct clsnn_experiment *x);
enum clsnn_status clsnn_slot_evaluated(void *ctx, const struct clsnn_experiment *x,
                                       const struct clsnn_metrics *m);
enum clsnn_status clsnn_slot_finished(void *ctx, struct clsnn_experiment **experiment);
enum clsnn_status clsnn_slot_failed(void *ctx, struct clsnn_experiment **experiment);

#endif
