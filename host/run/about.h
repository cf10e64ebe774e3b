/* "about", a JSON text in a model.npz or a checkpoint, holds the parameters, seed and data of a network's
 * training. A test of the network needs the same. */
#ifndef CLSNN_ABOUT_H
#define CLSNN_ABOUT_H

#include "clsnn/experiment.h"
#include "options/options_table.h"

/* Returns the about of x's model.npz, malloc'ed. Without memory it records the error and returns NULL. */
char *clsnn_about_text(const struct clsnn_experiment *x);

/* The data that a model was trained on, both "" if its file names none. replaced lists the parameters of the
 * file that the user's replace: "time_on_ms = 100, 350 in the file; ...", or "". */
struct clsnn_about_data {
    char name[64], sha256[65], replaced[256];
};
/* Copies parameters, laws and seed from `about` into o, except those that the user has given. Their origin
 * becomes "model". about NULL (a file made elsewhere) leaves o as it is. path names the file in messages.
 * Errors: CLSNN_E_DATA no JSON, or a value out of its range; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_about_read(const char *about, const char *path, struct clsnn_options *o,
                                   struct clsnn_about_data *out);

/* Lists the laws and parameters of `about` that differ from m and that m reads, initial weights aside, as
 * `replaced` does; "" if all are equal. about may be NULL. Errors: CLSNN_E_DATA, CLSNN_E_MEMORY. */
enum clsnn_status clsnn_about_compare(const char *about, const char *path, const struct clsnn_model *m,
                                      char out[256]);

#endif
