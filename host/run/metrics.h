/* The rows of metrics.def as a table, and functions that convert evaluations to JSON and back by it. */
#ifndef CLSNN_METRICS_H
#define CLSNN_METRICS_H

#include "clsnn/experiment.h"
#include "formats/json.h"

/* The places that show a metric (metrics.def). */
enum clsnn_shown { CLSNN_SHOWN_NOWHERE, CLSNN_SHOWN_RESULT, CLSNN_SHOWN_TRAINED, CLSNN_SHOWN_TIME };

struct clsnn_metric_row {
    struct clsnn_field field; /* of struct clsnn_metrics */
    const char *unit, *meaning;
    enum clsnn_shown shown;
    int column; /* of results.csv, from 1 on; 0: none */
};

extern const struct clsnn_metric_row clsnn_metric_rows[];
extern const size_t clsnn_n_metric_rows;

/* Returns the row of column k of results.csv, from 1 on; NULL beyond the last. */
const struct clsnn_metric_row *clsnn_metric_column(int k);

/* Write one value as CSV files have it, and return one as JSON (NULL without memory). A value that version
 * 0.1 did not record is nan and null. */
void clsnn_metric_text(const struct clsnn_metric_row *row, const struct clsnn_metrics *m, char out[32]);
json_t *clsnn_metric_json(const struct clsnn_metric_row *row, const struct clsnn_metrics *m);

/* Returns a row's name in results: where validation images were tested, it begins with validation_ in place
 * of test_. Borrowed from row or buf. */
#define CLSNN_METRIC_NAME 48
const char *clsnn_metric_name(const struct clsnn_metric_row *row, bool validates,
                              char buf[CLSNN_METRIC_NAME]);

/* Returns one evaluation as a line of metrics.jsonl: every row, without the score. */
json_t *clsnn_metrics_json(const struct clsnn_metrics *m, bool validates, bool *ok);
/* Reads an evaluation back; out->score stays as it is. label names the file in messages.
 * Errors: CLSNN_E_DATA a member is missing, of another type or out of its range. */
enum clsnn_status clsnn_metrics_read(const json_t *metrics, const char *label, bool validates,
                                     struct clsnn_metrics *out);

#endif
