/* A trained network, opened to be shown images: what clsnn eval, predict and probe share. */
#ifndef CLSNN_TRAINED_H
#define CLSNN_TRAINED_H

#include "commands/session.h"
#include "experiment/experiment.h"
#include "run/about.h"
#include "run/report.h"

struct clsnn_trained {
    const char *path;             /* the model's file, borrowed from the options */
    struct clsnn_learned model;   /* as read; owned */
    struct clsnn_options options; /* the user's, with the model's parameters and seed; borrows its texts */
    struct clsnn_about_data trained_on;
    struct clsnn_session session;
    struct clsnn_batch *batch;  /* owned */
    struct clsnn_experiment *x; /* owned; holds the network */
    struct clsnn_report report;
};

/* Copies the settings of the model that the first operand of o names into o, except those that the user has
 * given. Errors: CLSNN_E_IO, CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_trained_settings(struct clsnn_options *o);

/* Reads the model that the first operand of o names, and opens the session. Results will go to dir; NULL:
 * nowhere. Errors: CLSNN_E_IO, CLSNN_E_DATA; CLSNN_E_USAGE dir is the model's; those of
 * clsnn_session_open. */
enum clsnn_status clsnn_trained_read(struct clsnn_trained *t, const struct clsnn_options *o, const char *dir);
/* The same; then compiles, and puts the network into an experiment whose test images are those of o.
 * Errors: as of clsnn_trained_read and clsnn_session_compile. */
enum clsnn_status clsnn_trained_open(struct clsnn_trained *t, const struct clsnn_options *o, const char *dir);
void clsnn_trained_close(struct clsnn_trained *t); /* takes half-open ones */

/* The stage function of a watcher whose ctx is the session's progress line. */
bool clsnn_trained_stage(void *ctx, const struct clsnn_stage *stage);

/* Turns CLSNN_STOPPED into a text that says that nothing is saved; returns any other status as it is. */
enum clsnn_status clsnn_trained_stopped(enum clsnn_status st);

/* Makes the report's directory and moves an earlier run's files away, if there is a directory. */
enum clsnn_status clsnn_trained_prepare(struct clsnn_trained *t);

/* Writes the report's model.npz if the network was labelled here: the file as read, with its labels. */
enum clsnn_status clsnn_trained_keep(struct clsnn_trained *t, const struct clsnn_learned *learned);

#endif
