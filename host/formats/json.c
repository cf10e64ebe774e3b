/* JSON in and out, by jansson. */
#include "formats/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum clsnn_status clsnn_json_parse(const void *text, size_t n_bytes, const char *label,
                                     const char *complaint, json_t **out) {
    char shown[CLSNN_EXCERPT]; /* jansson quotes the text, whatever is in it */
    json_error_t error;
    *out = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &error);
    if (*out) return CLSNN_OK;
    if (!*error.text) return clsnn_no_memory(label); /* then it gives no reason */
    return clsnn_fail(CLSNN_E_DATA, "%s: %s: %s", label, complaint, clsnn_excerpt(error.text, shown));
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
