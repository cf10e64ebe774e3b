/* The warnings of a run (base/warnings.def): found in its data, plan, model and result. */
#ifndef CLSNN_WARNINGS_H
#define CLSNN_WARNINGS_H

#include "base/fail.h"
#include "clsnn/experiment.h"
#include "formats/json.h"
#include "options/options_table.h"

enum clsnn_warning {
#define CLSNN_WARNING(name, meaning, cure) CLSNN_WARN_##name,
#include "base/warnings.def"
    CLSNN_N_WARNINGS
};

/* Room for the names of all warnings, joined. */
#define CLSNN_WARNING_NAMES 256

struct clsnn_warnings {
    char texts[CLSNN_N_WARNINGS][320]; /* by enum clsnn_warning; "": did not occur */
    bool told[CLSNN_N_WARNINGS];       /* the user has seen it */
};

/* Adds a warning, unless there is one of its kind: fmt says what was found; the cure of its row follows. */
void clsnn_warnings_add(struct clsnn_warnings *w, enum clsnn_warning kind, const char *fmt, ...)
    CLSNN_PRINTF(3, 4);
/* Returns the next warning that was not told, and marks it as told; NULL: none. */
const char *clsnn_warnings_next(struct clsnn_warnings *w);

/* These add what is odd about the training images; about parameters and the choice of labelling images; about
 * the lock of the results' directory; about a model's file; about a result. */
void clsnn_warnings_of_pixels(struct clsnn_warnings *w, const struct clsnn_dataset *data);
void clsnn_warnings_of_plan(struct clsnn_warnings *w, const struct clsnn_dataset *data,
                            const struct clsnn_plan *plan);
/* Adds parameters that o gives and that its laws do not read. */
void clsnn_warnings_of_options(struct clsnn_warnings *w, const struct clsnn_options *o);
void clsnn_warnings_of_lock(struct clsnn_warnings *w, bool by_files, const char *dir);
void clsnn_warnings_of_model(struct clsnn_warnings *w, const struct clsnn_learned *model, const char *path,
                             const struct clsnn_model *params);
void clsnn_warnings_of_result(struct clsnn_warnings *w, const struct clsnn_experiment *x);
/* Adds those of predictions, also for images without labels. */
void clsnn_warnings_of_predictions(struct clsnn_warnings *w, const struct clsnn_experiment *x,
                                   const struct clsnn_predictions *p);

/* Writes the names, joined by '+', as results.csv has them; "" without warnings. */
void clsnn_warnings_names(const struct clsnn_warnings *w, char out[CLSNN_WARNING_NAMES]);
/* Returns [{"name": ..., "text": ...}], as run.json has it. */
json_t *clsnn_warnings_json(const struct clsnn_warnings *w, bool *ok);
/* Reads the names back from run.json's member, which a run of version 0.1 lacks. */
void clsnn_warnings_read_names(const json_t *list, char out[CLSNN_WARNING_NAMES]);

#endif
