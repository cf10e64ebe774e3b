/* Makes a table of the rows of metrics.def, and converts evaluations to text and JSON by it. */
#include "run/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

#define FIELD(name, kind)                                                                                    \
    { #name, kind, offsetof(struct clsnn_metrics, name), 0 }
const struct clsnn_metric_row clsnn_metric_rows[] = {
#define CLSNN_COUNT(name, shown, column, meaning)                                                            \
    {FIELD(name, CLSNN_FIELD_U64), "", meaning, CLSNN_SHOWN_##shown, column},
#define CLSNN_VALUE(name, unit, shown, column, meaning)                                                      \
    {FIELD(name, CLSNN_FIELD_REAL), unit, meaning, CLSNN_SHOWN_##shown, column},
#include "clsnn/metrics.def"
};
const size_t clsnn_n_metric_rows = sizeof clsnn_metric_rows / sizeof clsnn_metric_rows[0];

const struct clsnn_metric_row *clsnn_metric_column(int k) {
    for (size_t r = 0; r < clsnn_n_metric_rows; r++)
        if (clsnn_metric_rows[r].column == k) return &clsnn_metric_rows[r];
    return NULL;
}

void clsnn_metric_text(const struct clsnn_metric_row *row, const struct clsnn_metrics *m, char out[32]) {
    const void *at = (const char *)m + row->field.offset;
    if (row->field.kind == CLSNN_FIELD_REAL)
        snprintf(out, 32, "%.10g", *(const double *)at);
    else
        snprintf(out, 32, "%" PRIu64, *(const uint64_t *)at);
}

/* Returns whether evaluations of version 0.1 lack the number. It is NAN then, and null in JSON. */
static bool is_newer(const struct clsnn_metric_row *row) {
    return strcmp(row->field.name, "accuracy_likelihood") == 0;
}

json_t *clsnn_metric_json(const struct clsnn_metric_row *row, const struct clsnn_metrics *m) {
    return is_newer(row) && isnan(m->accuracy_likelihood) ? json_null() : clsnn_json_field(m, &row->field);
}

const char *clsnn_metric_name(const struct clsnn_metric_row *row, bool validates,
                              char buf[CLSNN_METRIC_NAME]) {
    const char *name = row->field.name;
    if (!validates || strncmp(name, "test_", 5) != 0) return name;
    snprintf(buf, CLSNN_METRIC_NAME, "validation_%s", name + 5);
    return buf;
}

json_t *clsnn_metrics_json(const struct clsnn_metrics *m, bool validates, bool *ok) {
    json_t *line = json_object();
    for (size_t r = 0; r < clsnn_n_metric_rows; r++) {
        char name[CLSNN_METRIC_NAME];
        clsnn_json_add(line, clsnn_metric_name(&clsnn_metric_rows[r], validates, name),
                       clsnn_metric_json(&clsnn_metric_rows[r], m), ok);
    }
    return line;
}

enum clsnn_status clsnn_metrics_read(const json_t *metrics, const char *label, bool validates,
                                     struct clsnn_metrics *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_metrics m = *out;
    for (size_t r = 0; r < clsnn_n_metric_rows; r++) {
        struct clsnn_field field = clsnn_metric_rows[r].field;
        char name[CLSNN_METRIC_NAME];
        field.name = clsnn_metric_name(&clsnn_metric_rows[r], validates, name);
        const json_t *value = json_object_get(metrics, field.name);
        if (is_newer(&clsnn_metric_rows[r]) && (!value || json_is_null(value))) {
            m.accuracy_likelihood = NAN;
            continue;
        }
        TRY(clsnn_json_read_fields(metrics, label, &field, 1, &m));
    }
    *out = m;
fail:
    return st;
}
