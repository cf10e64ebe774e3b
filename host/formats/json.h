/* JSON in and out. What makes a value returns NULL without memory; what reads trusts nothing. */
#ifndef CLSNN_JSON_H
#define CLSNN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "clsnn/status.h"

/* A JSON text of n_bytes, without members of the same name. Errors: CLSNN_E_DATA "LABEL: COMPLAINT: why"; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_json_parse(const void *text, size_t n_bytes, const char *label, const char *complaint,
                                   json_t **out);
#define CLSNN_MAX_JSON_BYTES ((size_t)64 << 20)
/* A file that holds one JSON object. Errors: CLSNN_E_IO; CLSNN_E_DATA, naming path; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_json_read_file(const char *path, json_t **out);
/* The value as one line, members in the order of their names: equal values are equal texts. malloc'ed; NULL (and the
 * error recorded) without memory. */
char *clsnn_json_line(const json_t *value);
/* The text of a member; "" where it is none. Borrowed from object. */
const char *clsnn_json_text_of(const json_t *object, const char *name);

/* Sets a member, whose value may be NULL for want of memory; *ok becomes false then. */
void clsnn_json_add(json_t *object, const char *name, json_t *value, bool *ok);
/* Paths and device names need not be UTF-8, which JSON must be: bytes that are not become '?'. */
json_t *clsnn_json_text(const char *text);
/* Readers of JSON, jansson included, know whole numbers up to 2^63 - 1: a larger one is a string of digits. */
json_t *clsnn_json_whole(uint64_t value);
bool clsnn_json_read_whole(const json_t *value, uint64_t max, uint64_t *out);

/* A member of a struct, as a table of them tells it to both directions. */
enum clsnn_field_kind { CLSNN_FIELD_U32, CLSNN_FIELD_U64, CLSNN_FIELD_REAL, CLSNN_FIELD_BOOL };
struct clsnn_field {
    const char *name; /* of the JSON member */
    enum clsnn_field_kind kind;
    size_t offset;
    uint64_t max; /* of a whole number; 0: what its type holds */
};
json_t *clsnn_json_field(const void *from, const struct clsnn_field *field);
/* Sets a member for each of n fields of the struct at from. */
void clsnn_json_add_fields(json_t *object, const void *from, const struct clsnn_field *fields, size_t n,
                           bool *ok);
/* Back into the struct at `to`; label names the file. Errors: CLSNN_E_DATA a member is missing, of another type or
 * out of its range. */
enum clsnn_status clsnn_json_read_fields(const json_t *object, const char *label,
                                         const struct clsnn_field *fields, size_t n, void *to);

#endif
