/* Reading and writing of JSON. Functions that make a value return NULL without memory. Functions that read
 * check every value. */
#ifndef CLSNN_JSON_H
#define CLSNN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "clsnn/status.h"

/* Parses a JSON text of n_bytes. Two members of one name are an error. The caller owns *out.
 * Errors: CLSNN_E_DATA "LABEL: COMPLAINT: why"; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_json_parse(const void *text, size_t n_bytes, const char *label, const char *complaint,
                                   json_t **out);
#define CLSNN_MAX_JSON_BYTES ((size_t)64 << 20) /* of a file */
/* Reads a file that holds one JSON object. The caller owns *out.
 * Errors: CLSNN_E_IO; CLSNN_E_DATA;
 * CLSNN_E_MEMORY. */
enum clsnn_status clsnn_json_read_file(const char *path, json_t **out);
/* Returns value as one line, malloc'ed; NULL, with the error recorded, without memory. Members are sorted by
 * name, so equal values give equal texts. */
char *clsnn_json_line(const json_t *value);
/* Returns the text of a member, borrowed from object; "" if it is missing or no text. */
const char *clsnn_json_text_of(const json_t *object, const char *name);

/* Sets a member of object and takes over value. Without memory, or if value is NULL, *ok becomes false. */
void clsnn_json_add(json_t *object, const char *name, json_t *value, bool *ok);
/* Returns text as a JSON string. If it is not UTF-8, as paths and device names may be, all bytes from 0x80 on
 * become '?'. */
json_t *clsnn_json_text(const char *text);
/* Whole numbers to JSON and back. Readers of JSON, jansson included, know whole numbers up to 2^63 - 1; a
 * larger one is a string of digits. clsnn_json_read_whole returns false if value is no whole number or above
 * max. */
json_t *clsnn_json_whole(uint64_t value);
bool clsnn_json_read_whole(const json_t *value, uint64_t max, uint64_t *out);

/* A member of a struct and of a JSON object. A table of these serves both directions. */
enum clsnn_field_kind { CLSNN_FIELD_U32, CLSNN_FIELD_U64, CLSNN_FIELD_REAL, CLSNN_FIELD_BOOL };
struct clsnn_field {
    const char *name; /* of the member in JSON */
    enum clsnn_field_kind kind;
    size_t offset; /* of the member in the struct */
    uint64_t max;  /* largest whole number; 0: the largest of the type */
};
/* Returns the field of the struct at from as a JSON value. */
json_t *clsnn_json_field(const void *from, const struct clsnn_field *field);
/* Sets a member of object for each of n fields of the struct at from. */
void clsnn_json_add_fields(json_t *object, const void *from, const struct clsnn_field *fields, size_t n,
                           bool *ok);
/* Reads n fields of object into the struct at `to`. label names the file.
 * Errors: CLSNN_E_DATA a member is
 * missing, of another type or out of range. */
enum clsnn_status clsnn_json_read_fields(const json_t *object, const char *label,
                                         const struct clsnn_field *fields, size_t n, void *to);

#endif
