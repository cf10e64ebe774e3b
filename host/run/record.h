/* What files say of an experiment, as JSON, and back: one place for run.json, metrics.jsonl and checkpoints, so that they agree. What
 * makes an object returns NULL, or sets *ok to false, without memory. What reads trusts nothing. */
#ifndef CLSNN_RECORD_H
#define CLSNN_RECORD_H


#include "base/sha256.h"
#include "clsnn/experiment.h"
#include "formats/json.h"

#define CLSNN_MAX_MODEL_BYTES ((size_t)64 << 20) /* of a model.npz: the largest network takes 50 MiB */

/* Everything that determines a result: sizes, seed, images, rule, parameters, the data's name and hash. */
json_t *clsnn_record_plan(const struct clsnn_plan *plan, const struct clsnn_dataset *data, bool *ok);
/* The plan back; data_name and data_sha256 receive what it was made with. label names the file.
 * Errors: CLSNN_E_DATA a member is missing, of another type or out of its range. */
enum clsnn_status clsnn_record_read_plan(const json_t *plan, const char *label, struct clsnn_plan *out,
                                         char data_name[16], char data_sha256[CLSNN_SHA256_HEX]);

/* One evaluation as metrics.jsonl has it; with the score too, in full. */
json_t *clsnn_record_metrics(const struct clsnn_metrics *m, bool *ok);
json_t *clsnn_record_score(const struct clsnn_score *score, bool *ok);
json_t *clsnn_record_confusion(const uint32_t counts[CLSNN_CLASSES][CLSNN_CLASSES]);
enum clsnn_status clsnn_record_read_metrics(const json_t *metrics, const json_t *score, const char *label,
                                            struct clsnn_metrics *out);
/* Whether a member of an evaluation is a time, which no two runs share. */
bool clsnn_record_is_time(const char *name);

json_t *clsnn_record_standing(const struct clsnn_standing *at, bool *ok);
enum clsnn_status clsnn_record_read_standing(const json_t *standing, const char *label,
                                             struct clsnn_standing *out);

#endif
