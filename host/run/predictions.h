/* The files of clsnn predict: predictions.npz and the picture mistakes. */
#ifndef CLSNN_PREDICTIONS_H
#define CLSNN_PREDICTIONS_H

#include "clsnn/experiment.h"
#include "formats/json.h"
#include "run/report.h"

/* Writes predictions.npz into the report's directory, and the picture mistakes if the images have labels.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY; CLSNN_E_FAILED as of clsnn_npz_pack. */
enum clsnn_status clsnn_predictions_write(const struct clsnn_report *r, const struct clsnn_predictions *p);

/* Returns a list of the images that vote all answers wrongly, {image, label, prediction_all,
 * prediction_proportion, prediction_likelihood}; an empty list if the images have no labels. Without
 * memory *ok becomes false. */
json_t *clsnn_predictions_wrong(const struct clsnn_report *r, const struct clsnn_predictions *p, bool *ok);

/* Returns the answers by vote all, in the images' order. Without memory *ok becomes false. */
json_t *clsnn_predictions_all(const struct clsnn_predictions *p, bool *ok);

#endif
