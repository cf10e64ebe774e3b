/* Tables of comma-separated values (RFC 4180). */
#ifndef CLSNN_CSV_H
#define CLSNN_CSV_H

#include <stddef.h>

#include "clsnn/status.h"

/* A table, row by row: a record is a line, but for line ends in quotes. Blank lines are no records. */
struct clsnn_csv {
    char *text;   /* of the file; fields point into it; owned */
    char **field; /* [n_fields] without quotes and without blanks at both ends; owned */
    size_t n_fields;
    struct clsnn_csv_record {
        size_t first, n; /* its fields */
        int line;        /* of the file, from 1 on */
    } * record;          /* [n_records], owned */
    size_t n_records;
};
void clsnn_csv_finish(struct clsnn_csv *csv); /* takes {0} */

/* Reads a table of at most max_bytes, in which every record has as many fields as the first.
 * Errors: CLSNN_E_IO; CLSNN_E_USAGE, naming path and line: a NUL byte, a quote inside a field or without its
 * end, another number of fields, no record; CLSNN_E_DATA the file is too large; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_csv_read(const char *path, size_t max_bytes, struct clsnn_csv *out);

#endif
