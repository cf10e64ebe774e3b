/* Finds runs below a directory and compares what their files say. */
#include "run/runs.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"

static enum clsnn_status add_run(struct clsnn_run_card **list, size_t *n, const char *path) {
    struct clsnn_run_card *grown = realloc(*list, (*n + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("runs");
    *list = grown;
    grown[*n] = (struct clsnn_run_card){.path = strdup(path)};
    if (!grown[*n].path) return clsnn_no_memory("runs");
    struct clsnn_run_card *run = &grown[(*n)++];
    char *file = clsnn_file_join(path, "run.json");
    if (!file) return CLSNN_E_MEMORY;
    const enum clsnn_status st = clsnn_json_read_file(file, &run->json);
    free(file);
    if (st == CLSNN_E_MEMORY) return st;
    if (st != CLSNN_OK) clsnn_error_clear(); /* a finding, not an error */
    return CLSNN_OK;
}

static int by_path(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

enum clsnn_status clsnn_runs_find(const char *dir, struct clsnn_run_card **out, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_run_card *list = NULL;
    size_t n = 0;
    char *copy = strdup(dir), *paths[] = {copy, NULL};
    if (!copy) return clsnn_no_memory("runs");
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, by_path);
    if (!walk) {
        st = clsnn_fail(CLSNN_E_IO, "%s: %s", dir, strerror(errno));
        goto fail;
    }
    for (FTSENT *at; (at = fts_read(walk));) {
        if ((at->fts_info == FTS_DNR || at->fts_info == FTS_NS || at->fts_info == FTS_ERR) &&
            at->fts_level == 0) {
            st = clsnn_fail(CLSNN_E_IO, "%s: %s", dir, strerror(at->fts_errno));
            goto fail;
        }
        if (at->fts_info != FTS_D) continue;
        const bool is_hidden = at->fts_level > 0 && at->fts_name[0] == '.';
        if (is_hidden || (at->fts_level > 0 && strncmp(at->fts_name, "previous-", 9) == 0)) {
            fts_set(walk, at, FTS_SKIP);
            continue;
        }
        if (clsnn_file_is_there(at->fts_path, "run.json")) TRY(add_run(&list, &n, at->fts_path));
    }
    *out = list;
    *out_n = n;
    list = NULL;
    n = 0;
fail:
    if (walk) fts_close(walk);
    clsnn_runs_finish(list, n);
    free(copy);
    return st;
}

enum clsnn_status clsnn_runs_read(const char *path, struct clsnn_run_card *out) {
    enum clsnn_status st = CLSNN_OK;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const bool is_file = strcmp(name, "run.json") == 0 || strcmp(name, "model.npz") == 0;
    struct clsnn_run_card run = {.path = is_file && slash ? strndup(path, (size_t)(slash - path))
                                                          : strdup(is_file ? "." : path)};
    char *file = run.path ? clsnn_file_join(run.path, "run.json") : NULL;
    if (!file) {
        st = clsnn_no_memory("run");
        goto fail;
    }
    TRY(clsnn_json_read_file(file, &run.json));
    *out = run;
    free(file);
    return CLSNN_OK;
fail:
    free(file);
    free(run.path);
    return st;
}

void clsnn_runs_finish(struct clsnn_run_card *list, size_t n) {
    for (size_t k = 0; k < n; k++) {
        free(list[k].path);
        json_decref(list[k].json);
    }
    free(list);
}

static bool as_text(const json_t *value, char out[CLSNN_RUN_VALUE]) {
    char number[32], shown[CLSNN_EXCERPT];
    if (json_is_string(value))
        snprintf(out, CLSNN_RUN_VALUE, "%s", clsnn_excerpt(json_string_value(value), shown));
    else if (json_is_integer(value))
        snprintf(out, CLSNN_RUN_VALUE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) {
        clsnn_format_real(json_real_value(value), number);
        snprintf(out, CLSNN_RUN_VALUE, "%s", number);
    } else
        return false;
    return *out != '\0';
}

bool clsnn_runs_value(const struct clsnn_run_card *run, const char *name, char out[CLSNN_RUN_VALUE]) {
    const json_t *json = run->json, *settings = json_object_get(json, "settings"),
                 *metrics = json_object_get(json, "metrics");
    *out = '\0';
    if (!json) {
        if (strcmp(name, "state") == 0) snprintf(out, CLSNN_RUN_VALUE, "unreadable");
        return *out != '\0';
    }
    const json_t *last = json_array_get(metrics, json_array_size(metrics) - 1);
    static const struct {
        const char *name, *of, *member;
    } places[] = {{"state", NULL, "state"},
                  {"data", "dataset", "name"},
                  {"data, SHA-256", "dataset", "sha256"},
                  {"device", "opencl_device", "name"},
                  {"version", NULL, "clsnn_version"},
                  {"kernels", NULL, "kernels_sha256"},
                  {"final_sha256", "result", "final_sha256"}};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        if (strcmp(name, places[k].name) != 0) continue;
        return as_text(
            json_object_get(places[k].of ? json_object_get(json, places[k].of) : json, places[k].member),
            out);
    }
    if (as_text(json_object_get(json_object_get(settings, name), "value"), out)) return true;
    return as_text(json_object_get(last, name), out);
}

void clsnn_runs_shown(const struct clsnn_run_card *run, const char *name, char out[CLSNN_RUN_VALUE]) {
    if (!clsnn_runs_value(run, name, out))
        snprintf(out, CLSNN_RUN_VALUE, "-");
    else if (strncmp(name, "accuracy", 8) == 0)
        snprintf(out, CLSNN_RUN_VALUE, "%.2f", 100 * strtod(out, NULL));
}

bool clsnn_runs_is_setting(const char *name) {
    static const char *const others[] = {
        "out",   "json",       "quiet", "verbose", "strict", "resume",          "device",  "data",
        "split", "work-group", "chunk", "profile", "config", "no-kernel-cache", "figures", "sort-weights"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (strcmp(name, others[k]) == 0) return false;
    return true;
}

static bool is_listed(const char *name, const char *const *list, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (strcmp(name, list[k]) == 0) return true;
    return false;
}

bool clsnn_runs_differ(const struct clsnn_run_card *list, size_t n, const char *name) {
    char first[CLSNN_RUN_VALUE] = "", other[CLSNN_RUN_VALUE];
    bool any = false;
    for (size_t k = 0; k < n; k++) {
        const bool is_set = json_object_get(json_object_get(list[k].json, "settings"), name) != NULL;
        if (!clsnn_runs_value(&list[k], name, other) && !is_set) continue;
        if (any && strcmp(first, other) != 0) return true;
        if (!any) snprintf(first, sizeof first, "%s", other);
        any = true;
    }
    return false;
}

enum clsnn_status clsnn_runs_differences(const struct clsnn_run_card *list, size_t n, const char ***out,
                                         size_t *out_n) {
    const char **names = NULL;
    size_t n_names = 0;
    for (size_t k = 0; k < n; k++) {
        json_t *settings = json_object_get(list[k].json, "settings");
        for (void *at = json_object_iter(settings); at; at = json_object_iter_next(settings, at)) {
            const char *name = json_object_iter_key(at);
            if (!clsnn_runs_is_setting(name) || is_listed(name, names, n_names) ||
                !clsnn_runs_differ(list, n, name))
                continue;
            const char **grown = realloc(names, (n_names + 1) * sizeof *grown);
            if (!grown) {
                free(names);
                return clsnn_no_memory("runs");
            }
            names = grown;
            names[n_names++] = name;
        }
    }
    *out = names;
    *out_n = n_names;
    return CLSNN_OK;
}
