/* JSON in and out. What makes a value returns NULL without memory; what reads trusts nothing. */
#ifndef CLSNN_JSON_H
#define CLSNN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "clsnn/status.h"

/* A JSON text of n_bytes, without members of the same name. Errors: CLSNN_E_DATA "LABEL: COMPLAINT: why"; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_json_parse(const void *text, size_t n_bytes, const char *label,
                                     const char *complaint, json_t **out);
/* Sets a member, whose value may be NULL for want of memory; *ok becomes false then. */
void clsnn_json_add(json_t *object, const char *name, json_t *value, bool *ok);
/* Paths and device names need not be UTF-8, which JSON must be: bytes that are not become '?'. */
json_t *clsnn_json_text(const char *text);
/* Readers of JSON, jansson included, know whole numbers up to 2^63 - 1: a larger one is a string of digits. */
json_t *clsnn_json_whole(uint64_t value);
bool clsnn_json_read_whole(const json_t *value, uint64_t max, uint64_t *out);

#endif
