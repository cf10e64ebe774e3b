/* What files say of an experiment, as JSON, and back: one place for run.json, metrics.jsonl and checkpoints, so that they agree. What
 * makes an object returns NULL, or sets *ok to false, without memory. What reads trusts nothing. */
#ifndef CLSNN_RECORD_H
#define CLSNN_RECORD_H

#include "clsnn/experiment.h"
#include "experiment/experiment.h"
#include "formats/json.h"

/* Everything that determines a result: sizes, seed, images, rule, parameters, the data's name and hash. */
json_t *clsnn_record_plan(const struct clsnn_plan *plan, const char *data_name, const char *data_sha256,
                          bool *ok);
/* Two of its parts, which a model.npz holds too. */
json_t *clsnn_record_params(const struct clsnn_model *m, bool *ok);
json_t *clsnn_record_data(const char *name, const char *sha256, bool *ok);
/* The plan back; data_name and data_sha256 receive what it was made with. label names the file.
 * Errors: CLSNN_E_DATA a member is missing, of another type or out of its range. */
enum clsnn_status clsnn_record_read_plan(const json_t *plan, const char *label, struct clsnn_plan *out,
                                         char data_name[16], char data_sha256[CLSNN_SHA256_HEX]);

/* Calls visit for each member in which two plans differ; NULL stands for a member that one of them lacks. */
typedef void clsnn_record_difference(void *ctx, const char *name, const json_t *saved, const json_t *asked);
void clsnn_record_compare(json_t *saved, json_t *asked, clsnn_record_difference *visit, void *ctx);

/* The score of an evaluation, in full. */
json_t *clsnn_record_score(const struct clsnn_score *score, bool *ok);
json_t *clsnn_record_confusion(const uint32_t counts[CLSNN_CLASSES][CLSNN_CLASSES]);
/* The two matrices alone, as run.json's result has them; the counts follow from them. */
enum clsnn_status clsnn_record_read_confusions(const json_t *score, const char *label,
                                               struct clsnn_score *out);
enum clsnn_status clsnn_record_read_score(const json_t *score, const char *label, struct clsnn_score *out);

json_t *clsnn_record_standing(const struct clsnn_standing *at, bool *ok);
enum clsnn_status clsnn_record_read_standing(const json_t *standing, const char *label,
                                             struct clsnn_standing *out);

#endif
