/* Reads tables of comma-separated values. */
#include "formats/csv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"

void clsnn_csv_finish(struct clsnn_csv *csv) {
    free(csv->text);
    free(csv->field);
    free(csv->record);
    *csv = (struct clsnn_csv){.text = NULL};
}

static enum clsnn_status add_field(struct clsnn_csv *csv, char *field) {
    char **grown = realloc(csv->field, (csv->n_fields + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("table");
    csv->field = grown;
    grown[csv->n_fields++] = field;
    return CLSNN_OK;
}

static enum clsnn_status add_record(struct clsnn_csv *csv, size_t first, int line) {
    struct clsnn_csv_record *grown = realloc(csv->record, (csv->n_records + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("table");
    csv->record = grown;
    grown[csv->n_records++] = (struct clsnn_csv_record){first, csv->n_fields - first, line};
    return CLSNN_OK;
}

/* Cuts the field at *at off, and moves *at to the comma, line end or zero behind it. *line counts on. */
static enum clsnn_status cut_field(const char *path, char **at, int *line, char **out) {
    const int began = *line;
    char *from = *at, *end;
    while (*from == ' ' || *from == '\t') from++;
    if (*from == '"') {
        char *to = from + 1;
        *out = to;
        for (from++; *from && !(*from == '"' && from[1] != '"'); from++) {
            if (*from == '"') from++; /* "" is one quote */
            *line += *from == '\n';
            *to++ = *from;
        }
        if (!*from)
            return clsnn_fail(CLSNN_E_USAGE, "%s:%d: a quote without its end: close it with \"", path, began);
        end = to;
        from++;
        while (*from == ' ' || *from == '\t' || *from == '\r') from++;
        if (*from && *from != ',' && *from != '\n')
            return clsnn_fail(CLSNN_E_USAGE, "%s:%d: text behind a quoted field: a comma must follow", path,
                              *line);
        *at = from;
        *end = '\0';
        return CLSNN_OK;
    }
    *out = from;
    *at = end = from + strcspn(from, ",\n");
    if (memchr(from, '"', (size_t)(end - from)))
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s:%d: a quote inside a field: quote the whole field, and write \"\"", path,
                          began);
    return CLSNN_OK;
}

static enum clsnn_status split(const char *path, struct clsnn_csv *csv) {
    enum clsnn_status st = CLSNN_OK;
    int line = 1;
    char *at = csv->text;
    if (strncmp(at, "\xEF\xBB\xBF", 3) == 0) at += 3; /* a byte order mark */
    while (*at) {
        const size_t first = csv->n_fields, blank = strspn(at, " \t\r");
        const int began = line;
        char end = at[blank];
        if (end == '\n' || end == '\0') { /* a blank line */
            at += blank + (end == '\n');
            line++;
            continue;
        }
        do {
            char *field;
            TRY(cut_field(path, &at, &line, &field));
            end = *at;
            *at = '\0';
            at += end != '\0';
            for (size_t n = strlen(field); n && isspace((unsigned char)field[n - 1]);) field[--n] = '\0';
            TRY(add_field(csv, field));
        } while (end == ',');
        TRY(add_record(csv, first, began));
        line++;
        if (csv->n_fields - first != csv->record[0].n)
            return clsnn_fail(CLSNN_E_USAGE, "%s:%d: %zu fields: must be %zu, as in the header", path, began,
                              csv->n_fields - first, csv->record[0].n);
    }
fail:
    return st;
}

enum clsnn_status clsnn_csv_read(const char *path, size_t max_bytes, struct clsnn_csv *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_csv csv = {.text = NULL};
    void *text = NULL;
    size_t n_bytes = 0;
    TRY(clsnn_file_read(path, max_bytes, &text, &n_bytes));
    csv.text = text;
    const size_t n_text = strlen(csv.text);
    int line = 1;
    for (size_t k = 0; k < n_text; k++) line += csv.text[k] == '\n';
    if (n_text < n_bytes) {
        st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: a NUL byte: must be a text file", path, line);
        goto fail;
    }
    TRY(split(path, &csv));
    if (csv.n_records == 0) {
        st = clsnn_fail(CLSNN_E_USAGE, "%s: is empty: must have a header of names and a row for each run",
                        path);
        goto fail;
    }
    *out = csv;
    csv = (struct clsnn_csv){.text = NULL};
fail:
    clsnn_csv_finish(&csv);
    return st;
}
