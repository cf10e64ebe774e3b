/* Converts an experiment's plan, scores and standing to JSON and back, for run.json, model.npz and
 * checkpoints: one place, so that files agree. Without memory, functions that make an object return NULL or
 * set *ok to false. Functions that read check every member. */
#ifndef CLSNN_RECORD_H
#define CLSNN_RECORD_H

#include "clsnn/experiment.h"
#include "experiment/experiment.h"
#include "formats/json.h"

/* Returns all that determines a result: sizes, seed, images, rule, parameters, the data's name and hash. */
json_t *clsnn_record_plan(const struct clsnn_plan *plan, const char *data_name, const char *data_sha256,
                          bool *ok);
/* Return two parts of a plan, which a model.npz holds too. The laws are members of o. */
json_t *clsnn_record_params(const struct clsnn_model *m, bool *ok);
json_t *clsnn_record_data(const char *name, const char *sha256, bool *ok);
void clsnn_record_laws(json_t *o, const struct clsnn_laws *laws, bool *ok);
/* Reads the laws that o names; a law that it does not name keeps its choice in *out.
 * Errors: CLSNN_E_DATA a choice that this version lacks. */
enum clsnn_status clsnn_record_read_laws(const json_t *o, const char *label, struct clsnn_laws *out);
/* Adds to a saved plan what its version did not have yet: the defaults of newer laws and parameters. */
void clsnn_record_complete(json_t *plan, bool *ok);
/* Reads a plan back; data_name and data_sha256 receive its data's. label names the file in messages.
 * Errors: CLSNN_E_DATA a member is missing, of another type or out of its range. */
enum clsnn_status clsnn_record_read_plan(const json_t *plan, const char *label, struct clsnn_plan *out,
                                         char data_name[CLSNN_DATA_NAME], char data_sha256[CLSNN_SHA256_HEX]);

/* Calls visit for each member that differs between two plans; a plan that lacks the member gives NULL. The
 * names of data sets of equal SHA-256 do not count: a set may get another name, and is the same data. */
typedef void clsnn_record_difference(void *ctx, const char *name, const json_t *saved, const json_t *asked);
void clsnn_record_compare(json_t *saved, json_t *asked, clsnn_record_difference *visit, void *ctx);

/* Return an evaluation's full score, and one confusion matrix. */
json_t *clsnn_record_score(const struct clsnn_score *score, bool *ok);
json_t *clsnn_record_confusion(const uint32_t *counts, uint32_t n_classes);
/* Reads the two matrices of run.json's result and counts images and right answers from them. The caller frees
 * *out. */
enum clsnn_status clsnn_record_read_confusions(const json_t *score, const char *label,
                                               struct clsnn_score *out);
/* Reads a full score, with the counts that it states. The caller frees *out. */
enum clsnn_status clsnn_record_read_score(const json_t *score, const char *label, struct clsnn_score *out);

json_t *clsnn_record_standing(const struct clsnn_standing *at, bool *ok);
enum clsnn_status clsnn_record_read_standing(const json_t *standing, const char *label,
                                             struct clsnn_standing *out);

#endif
