/* Reads a configuration file into a list of resolved settings. Lines may have any length; a line that begins
 * with blanks continues nothing. */
#include "options/options_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "formats/json.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
/* gcc 12's analyser calls memory leaked that a list behind a pointer owns */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
enum clsnn_status clsnn_settings_add(struct clsnn_settings *s, const struct clsnn_option_row *row,
                                     const struct clsnn_param_info *param, const char *value,
                                     const char *label) {
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 32;
        struct clsnn_setting *list = realloc(s->list, room * sizeof *list);
        if (!list) return clsnn_fail(CLSNN_E_MEMORY, "options: no memory for %zu settings", room);
        s->list = list;
        s->room = room;
    }
    struct clsnn_setting new = {row, param, strdup(value), strdup(label)};
    if (!new.value || !new.label) {
        free(new.value);
        free(new.label);
        return clsnn_no_memory(label);
    }
    s->list[s->n++] = new;
    return CLSNN_OK;
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

void clsnn_settings_finish(struct clsnn_settings *s) {
    if (!s) return;
    for (size_t k = 0; k < s->n; k++) {
        free(s->list[k].value);
        free(s->list[k].label);
    }
    free(s->list);
    *s = (struct clsnn_settings){0};
}

static enum clsnn_status unknown_key(const char *path, int line, const char *key) {
    const char **names = malloc((clsnn_n_option_rows + clsnn_n_params) * sizeof *names);
    if (!names) return clsnn_no_memory(path);
    size_t n = 0;
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_is_value(&clsnn_option_rows[k])) names[n++] = clsnn_option_rows[k].name;
    for (size_t k = 0; k < clsnn_n_params; k++) names[n++] = clsnn_params_table[k].name;
    const char *near = clsnn_nearest(key, names, n);
    free(names);
    char shown[CLSNN_EXCERPT];
    return clsnn_fail(CLSNN_E_USAGE, "%s:%d: unknown option or parameter %s%s%s%s", path, line,
                      clsnn_excerpt(key, shown), near ? ": did you mean " : "", near ? near : "",
                      near ? "?" : "");
}

enum clsnn_status clsnn_setting_find(const char *path, int line, const char *key, struct clsnn_setting *out) {
    const struct clsnn_option_row *row = clsnn_option_find(key);
    const struct clsnn_param_info *param = row ? NULL : clsnn_param_find(key);
    if (row && !clsnn_option_is_value(row))
        return clsnn_fail(CLSNN_E_USAGE, "%s:%d: %s belongs on the command line", path, line, key);
    if (!row && !param) return unknown_key(path, line, key);
    *out = (struct clsnn_setting){row, param, NULL, NULL};
    return CLSNN_OK;
}

/* Returns the first character of ends in text, the ";" of a comment behind a blank, or the end of text. */
static char *find_end(char *text, const char *ends) {
    bool blank = false;
    for (; *text && !strchr(ends, *text) && !(blank && *text == ';'); text++)
        blank = isspace((unsigned char)*text);
    return text;
}

/* Cuts blanks off the end of text. */
static void cut_blanks(char *text) {
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1])) text[--n] = '\0';
}

/* Adds the setting of one line, which has no line end and no blanks before it. */
static enum clsnn_status read_line(struct clsnn_settings *s, const char *path, int line, char *text) {
    char shown[CLSNN_EXCERPT];
    if (*text == '\0' || *text == ';' || *text == '#') return CLSNN_OK;
    char *end = *text == '[' ? strchr(text, ']') : find_end(text, "=:");
    if (!end || !*end || *end == ';')
        return clsnn_fail(CLSNN_E_USAGE, "%s:%d: \"%s\": must be %s", path, line, clsnn_excerpt(text, shown),
                          *text == '[' ? "[clsnn]" : "name = value");
    const bool is_section = *text == '[';
    *end = '\0';
    if (is_section && (end == text + 1 || strcmp(text + 1, "clsnn") == 0)) return CLSNN_OK;
    if (is_section)
        return clsnn_fail(CLSNN_E_USAGE, "%s:%d: unknown section [%s]: must be [clsnn] or none", path, line,
                          clsnn_excerpt(text + 1, shown));
    char *value = end + 1;
    *find_end(value, "") = '\0';
    while (isspace((unsigned char)*value)) value++;
    cut_blanks(value);
    cut_blanks(text);
    struct clsnn_setting found;
    const enum clsnn_status known = clsnn_setting_find(path, line, text, &found);
    if (known != CLSNN_OK) return known;
    /* Later messages about the value begin with path, line and key. */
    const size_t n_label = strlen(path) + strlen(text) + 16;
    char *label = malloc(n_label);
    if (!label) return clsnn_no_memory(path);
    snprintf(label, n_label, "%s:%d: %s", path, line, text);
    const enum clsnn_status st = clsnn_settings_add(s, found.row, found.param, value, label);
    free(label);
    return st;
}

/* Splits a file's text into lines. */
static enum clsnn_status read_lines(struct clsnn_settings *s, const char *path, char *text, size_t n_bytes) {
    enum clsnn_status st = CLSNN_OK;
    const char *end = text + n_bytes;
    if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3; /* a byte order mark */
    for (int line = 1; text < end; line++) {
        char *next = memchr(text, '\n', (size_t)(end - text));
        const size_t n = next ? (size_t)(next - text) : (size_t)(end - text);
        if (memchr(text, '\0', n))
            return clsnn_fail(CLSNN_E_USAGE, "%s:%d: a NUL byte: must be a text file", path, line);
        text[n] = '\0';
        while (isspace((unsigned char)*text)) text++;
        cut_blanks(text);
        TRY(read_line(s, path, line, text));
        text = next ? next + 1 : text + strlen(text);
        if (!next) break;
    }
fail:
    return st;
}

enum clsnn_status clsnn_settings_blame(const char *value, enum clsnn_status st) {
    const char *sign = value;
    char text[1024];
    while ((sign = strchr(sign, '#')) && (sign == value || (sign[-1] != ' ' && sign[-1] != '\t'))) sign++;
    if (st != CLSNN_E_USAGE || !sign) return st;
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(st, "%s; a comment behind a value begins with \" ;\"", text);
}

/* Returns whether a run that is repeated does without the setting of its run.json: it does not decide the
 * result, or would touch the run's own directory. */
static bool is_left_out(const char *name) {
    static const char *const names[] = {"out", "resume", "runs", "device"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(names[k], name) == 0) return true;
    return false;
}

/* Adds the settings of a run.json. */
static enum clsnn_status read_run_json(struct clsnn_settings *s, const char *path, const char *text,
                                       size_t n_bytes) {
    enum clsnn_status st = CLSNN_OK;
    json_t *json = NULL, *setting;
    const char *name;
    char number[32], label[256];
    TRY(clsnn_json_parse(text, n_bytes, path, "begins with { but is no run.json", &json));
    json_t *settings = json_object_get(json, "settings");
    if (!json_is_object(settings))
        st =
            clsnn_fail(CLSNN_E_USAGE, "%s: has no settings: must be name = value lines, or a run.json", path);
    json_object_foreach (settings, name, setting) {
        const json_t *value = json_object_get(setting, "value");
        struct clsnn_setting found;
        const char *given = json_string_value(value);
        if (json_is_integer(value))
            snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_real(value))
            clsnn_format_real(json_real_value(value), number);
        if (json_is_number(value)) given = number;
        if (!given || !*given || is_left_out(name)) continue;
        TRY(clsnn_setting_find(path, 1, name, &found));
        snprintf(label, sizeof label, "%s: %s", path, name);
        TRY(clsnn_settings_add(s, found.row, found.param, given, label));
    }
fail:
    json_decref(json);
    return st;
}

/* Fails because the file cannot be read. what NULL: the user's own file, which its path names well enough. */
static enum clsnn_status unreadable(const char *what, const char *path, int error) {
    const char *gap = what ? " " : "", *why = error == ENOENT   ? "not found"
                                              : error == EISDIR ? "is a directory: must be a text file"
                                                                : strerror(error);
    return clsnn_fail(CLSNN_E_IO, "%s%s%s: %s", what ? what : "", gap, path, why);
}

enum clsnn_status clsnn_settings_read(struct clsnn_settings *s, const char *path, const char *what) {
    enum clsnn_status st = CLSNN_OK;
    FILE *from = NULL;
    char *text = malloc(CLSNN_CONFIG_MAX_BYTES + 2);
    if (!text) return clsnn_no_memory(path);
    do from = fopen(path, "re");
    while (!from && errno == EINTR);
    if (!from) {
        if (what || (errno != ENOENT && errno != ENOTDIR)) st = unreadable(what, path, errno);
        goto fail;
    }
    errno = 0;
    const size_t n_bytes = fread(text, 1, CLSNN_CONFIG_MAX_BYTES + 1, from);
    if (ferror(from)) {
        st = unreadable(what, path, errno ? errno : EIO);
        goto fail;
    }
    if (n_bytes > CLSNN_CONFIG_MAX_BYTES) {
        st = clsnn_fail(CLSNN_E_USAGE, "%s: larger than %u bytes", path, CLSNN_CONFIG_MAX_BYTES);
        goto fail;
    }
    text[n_bytes] = '\0';
    TRY(text[strspn(text, " \t\r\n")] == '{' ? read_run_json(s, path, text, n_bytes)
                                             : read_lines(s, path, text, n_bytes));
fail:
    if (from) fclose(from);
    free(text);
    return st;
}
