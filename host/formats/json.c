/* JSON, by jansson. */
#include "formats/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"

void clsnn_json_add(json_t *object, const char *name, json_t *value, bool *ok) {
    if (!value || json_object_set_new(object, name, value) != 0) *ok = false;
}

json_t *clsnn_json_text(const char *text) {
    json_t *value = json_string(text);
    char *copy = value ? NULL : strdup(text);
    for (char *c = copy; c && *c; c++) {
        if ((unsigned char)*c >= 0x80) *c = '?';
    }
    if (copy) value = json_string(copy);
    free(copy);
    return value;
}

enum clsnn_status clsnn_json_parse(const void *text, size_t n_bytes, const char *label, const char *complaint,
                                   json_t **out) {
    char shown[CLSNN_EXCERPT]; /* jansson's message may quote any bytes of the text */
    json_error_t error;
    *out = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &error);
    if (*out) return CLSNN_OK;
    if (!*error.text) return clsnn_no_memory(label); /* jansson has no message when it has no memory */
    return clsnn_fail(CLSNN_E_DATA, "%s: %s: %s", label, complaint, clsnn_excerpt(error.text, shown));
}

enum clsnn_status clsnn_json_read_file(const char *path, json_t **out) {
    enum clsnn_status st = CLSNN_OK;
    void *text = NULL;
    size_t n_bytes = 0;
    *out = NULL;
    TRY(clsnn_file_read(path, CLSNN_MAX_JSON_BYTES, &text, &n_bytes));
    TRY(clsnn_json_parse(text, n_bytes, path, "is no JSON object", out));
    if (json_is_object(*out)) goto fail;
    st = clsnn_fail(CLSNN_E_DATA, "%s: is no JSON object: the file must hold one value, {...}", path);
    json_decref(*out);
    *out = NULL;
fail:
    free(text);
    return st;
}

char *clsnn_json_line(const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY);
    if (!text) clsnn_no_memory("JSON");
    return text;
}

const char *clsnn_json_text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

json_t *clsnn_json_whole(uint64_t value) {
    char digits[32];
    if (value <= INT64_MAX) return json_integer((json_int_t)value);
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

bool clsnn_json_read_whole(const json_t *value, uint64_t max, uint64_t *out) {
    uint64_t found = 0;
    if (json_is_integer(value)) {
        if (json_integer_value(value) < 0) return false;
        found = (uint64_t)json_integer_value(value);
    } else {
        const char *digits = json_string_value(value);
        if (!digits || !*digits) return false;
        for (; *digits; digits++) {
            const unsigned digit = (unsigned)(*digits - '0');
            if (digit > 9 || found > (UINT64_MAX - digit) / 10) return false;
            found = found * 10 + digit;
        }
    }
    if (found > max) return false;
    *out = found;
    return true;
}

json_t *clsnn_json_field(const void *from, const struct clsnn_field *field) {
    const void *at = (const char *)from + field->offset;
    switch (field->kind) {
    case CLSNN_FIELD_U32: return json_integer(*(const uint32_t *)at);
    case CLSNN_FIELD_U64: return clsnn_json_whole(*(const uint64_t *)at);
    case CLSNN_FIELD_REAL: return json_real(*(const double *)at);
    case CLSNN_FIELD_BOOL: return json_boolean(*(const bool *)at);
    }
    return NULL;
}

void clsnn_json_add_fields(json_t *object, const void *from, const struct clsnn_field *fields, size_t n,
                           bool *ok) {
    for (size_t k = 0; k < n; k++)
        clsnn_json_add(object, fields[k].name, clsnn_json_field(from, &fields[k]), ok);
}

enum clsnn_status clsnn_json_read_fields(const json_t *object, const char *label,
                                         const struct clsnn_field *fields, size_t n, void *to) {
    for (size_t k = 0; k < n; k++) {
        const json_t *value = json_object_get(object, fields[k].name);
        const uint64_t room = fields[k].kind == CLSNN_FIELD_U32 ? UINT32_MAX : UINT64_MAX;
        void *at = (char *)to + fields[k].offset;
        uint64_t whole = 0;
        bool good = value != NULL;
        switch (fields[k].kind) {
        case CLSNN_FIELD_U32:
        case CLSNN_FIELD_U64:
            good = good && clsnn_json_read_whole(value, fields[k].max ? fields[k].max : room, &whole);
            if (good && fields[k].kind == CLSNN_FIELD_U32)
                *(uint32_t *)at = (uint32_t)whole;
            else if (good)
                *(uint64_t *)at = whole;
            break;
        case CLSNN_FIELD_REAL:
            good = json_is_number(value);
            if (good) *(double *)at = json_number_value(value);
            break;
        case CLSNN_FIELD_BOOL:
            good = json_is_boolean(value);
            if (good) *(bool *)at = json_is_true(value);
            break;
        }
        if (!good)
            return clsnn_fail(CLSNN_E_DATA, "%s: %s is missing, no number, or out of its range", label,
                              fields[k].name);
    }
    return CLSNN_OK;
}
