/* Reads a configuration file into a list of resolved settings. inih splits the lines; no other file uses
 * inih. Left alone, inih would cut long lines, join indented ones and name no place. So next_line() hands it
 * one clean line a call. */
#include "options/options_file.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"

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

struct reading {
    struct clsnn_settings *settings;
    const char *path;
    FILE *file;
    int line;
    size_t n_bytes;
    enum clsnn_status st; /* the first failure, which ends the reading */
};

/* Checks a line's form here: inih would go on after a fault, and tells of no section without keys. */
static void check_line(struct reading *r, const char *line) {
    char text[CLSNN_EXCERPT + 4], shown[CLSNN_EXCERPT];
    if (r->line == 1 && strncmp(line, "\xEF\xBB\xBF", 3) == 0) line += 3; /* a byte order mark */
    line += strspn(line, " \t\r\n");
    snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\r\n"), line);
    if (*text == '\0' || *text == ';' || *text == '#') return;
    if (*text == '[') {
        const size_t n = strcspn(line, "]");
        snprintf(text, sizeof text, "%.*s", (int)n - 1, line + 1);
        if (line[n] && n > 1 && strcmp(text, "clsnn") != 0)
            r->st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: unknown section [%s]: must be [clsnn] or none", r->path,
                               r->line, clsnn_excerpt(text, shown));
        if (line[n]) return;
        snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\r\n"), line);
    } else if (strpbrk(line, "=:")) {
        return;
    }
    r->st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: \"%s\": must be %s", r->path, r->line,
                       clsnn_excerpt(text, shown), *text == '[' ? "[clsnn]" : "name = value");
}

/* inih's reader: reads one line without its indentation; a comment becomes an empty line. inih would take an
 * indented line for a continuation and set the key before it again. Returns NULL at the end or on a
 * failure. */
static char *next_line(char *out, int room, void *context) {
    struct reading *r = context;
    if (r->st != CLSNN_OK) return NULL;
    int c = getc(r->file);
    if (c == EOF) return NULL;
    r->line++;
    size_t n = 0, last = (size_t)room - 2; /* the newline and the final zero */
    bool comment = false;
    for (;; c = getc(r->file)) {
        if (++r->n_bytes > CLSNN_CONFIG_MAX_BYTES) {
            r->st = clsnn_fail(CLSNN_E_USAGE, "%s: larger than %u bytes", r->path, CLSNN_CONFIG_MAX_BYTES);
            return NULL;
        }
        if (c == EOF || c == '\n') break;
        if (c == '\0') {
            r->st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: a NUL byte: must be a text file", r->path, r->line);
            return NULL;
        }
        if (n == 0 && (c == ' ' || c == '\t')) continue;
        if (n == 0 && (c == ';' || c == '#')) comment = true;
        if (comment) continue;
        if (n == last) {
            r->st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: a line longer than %zu bytes", r->path, r->line, last);
            return NULL;
        }
        out[n++] = (char)c;
    }
    out[n++] = '\n';
    out[n] = '\0';
    check_line(r, out);
    return r->st == CLSNN_OK ? out : NULL;
}

static enum clsnn_status unknown_key(const struct reading *r, const char *key) {
    const char **names = malloc((clsnn_n_option_rows + clsnn_n_params) * sizeof *names);
    if (!names) return clsnn_no_memory(r->path);
    size_t n = 0;
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_is_value(&clsnn_option_rows[k])) names[n++] = clsnn_option_rows[k].name;
    for (size_t k = 0; k < clsnn_n_params; k++) names[n++] = clsnn_params_table[k].name;
    const char *near = clsnn_nearest(key, names, n);
    free(names);
    char shown[CLSNN_EXCERPT];
    return clsnn_fail(CLSNN_E_USAGE, "%s:%d: unknown option or parameter %s%s%s%s", r->path, r->line,
                      clsnn_excerpt(key, shown), near ? ": did you mean " : "", near ? near : "",
                      near ? "?" : "");
}

/* inih's handler: adds one key. Returns 0 for a failure. inih goes on after one, so r->st keeps the first. */
static int on_key(void *context, const char *section, const char *key, const char *value) {
    struct reading *r = context;
    (void)section; /* check_line has seen it */
    if (r->st != CLSNN_OK) return 0;
    const struct clsnn_option_row *row = clsnn_option_find(key);
    const struct clsnn_param_info *param = row ? NULL : clsnn_param_find(key);
    if (row && !clsnn_option_is_value(row))
        r->st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: %s belongs on the command line", r->path, r->line, key);
    else if (!row && !param)
        r->st = unknown_key(r, key);
    if (r->st != CLSNN_OK) return 0;
    /* Later messages about the value begin with path, line and key. */
    size_t n_label = strlen(r->path) + strlen(key) + 16;
    char *label = malloc(n_label);
    if (label) snprintf(label, n_label, "%s:%d: %s", r->path, r->line, key);
    r->st = label ? clsnn_settings_add(r->settings, row, param, value, label) : clsnn_no_memory(r->path);
    free(label);
    return r->st == CLSNN_OK;
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

/* Fails because the file cannot be read. what NULL: the user's own file, which its path names well enough. */
static enum clsnn_status unreadable(const char *what, const char *path, int error) {
    const char *gap = what ? " " : "", *why = error == ENOENT   ? "not found"
                                              : error == EISDIR ? "is a directory: must be a text file"
                                                                : strerror(error);
    return clsnn_fail(CLSNN_E_IO, "%s%s%s: %s", what ? what : "", gap, path, why);
}

enum clsnn_status clsnn_settings_read(struct clsnn_settings *s, const char *path, const char *what) {
    struct reading r = {.settings = s, .path = path, .file = NULL};
    do r.file = fopen(path, "re");
    while (!r.file && errno == EINTR);
    if (!r.file) {
        if (!what && (errno == ENOENT || errno == ENOTDIR)) return CLSNN_OK;
        return unreadable(what, path, errno);
    }
    errno = 0;
    int bad_line = ini_parse_stream(next_line, &r, on_key, &r);
    if (r.st == CLSNN_OK && ferror(r.file)) r.st = unreadable(what, path, errno ? errno : EIO);
    if (r.st == CLSNN_OK && bad_line > 0)
        r.st = clsnn_fail(CLSNN_E_USAGE, "%s:%d: must be name = value, or [clsnn]", path, bad_line);
    if (r.st == CLSNN_OK && bad_line < 0) r.st = clsnn_no_memory(path);
    fclose(r.file);
    return r.st;
}
