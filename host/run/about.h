/* "about" in a model.npz or a checkpoint: what a network has to be tested with as it was trained. JSON. */
#ifndef CLSNN_ABOUT_H
#define CLSNN_ABOUT_H

#include "clsnn/experiment.h"
#include "options/options_table.h"

/* What a model.npz of x says. malloc'ed; NULL (and the error recorded) without memory. */
char *clsnn_about_text(const struct clsnn_experiment *x);

/* The data a model was trained on; both "" where its file does not tell. */
struct clsnn_about_data {
    char name[64], sha256[65];
};
/* Puts the parameters and the seed of `about` into o, where the user has not given them; their origin becomes "model".
 * about may be NULL (a file made elsewhere): o stays as it is. path names the file.
 * Errors: CLSNN_E_DATA no JSON, a value out of its range; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_about_read(const char *about, const char *path, struct clsnn_options *o,
                                   struct clsnn_about_data *out);

#endif
