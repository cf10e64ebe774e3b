/* clsnn diff A B: the settings that differ between two runs, and their results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "commands/commands.h"
#include "run/runs.h"

/* Compared beside the settings: what else decides a result, then the results. */
static const char *const others[] = {"state",
                                     "data",
                                     "data, SHA-256",
                                     "version",
                                     "kernels",
                                     "device",
                                     "accuracy_all",
                                     "accuracy_proportion",
                                     "accuracy_likelihood",
                                     "exc_spikes_per_image",
                                     "test_spikes_per_image",
                                     "theta_mean_mv",
                                     "final_sha256"};
enum { N_OTHERS = sizeof others / sizeof *others };

/* Writes a value of one run; "-" if it has none. Hashes are cut. */
static void value_of(const struct clsnn_run_card *run, const char *name, char out[CLSNN_RUN_VALUE]) {
    clsnn_runs_shown(run, name, out);
    if (strlen(out) == CLSNN_SHA256_HEX - 1 && strspn(out, "0123456789abcdef") == strlen(out))
        memcpy(out + 16, "...", 4);
}

static void print_text(const struct clsnn_run_card runs[2], const char *const *names, size_t n,
                       size_t n_settings, FILE *out) {
    char a[CLSNN_RUN_VALUE], b[CLSNN_RUN_VALUE];
    int wide_name = 0, wide_a = (int)strlen(runs[0].path);
    for (size_t k = 0; k < n; k++) {
        value_of(&runs[0], names[k], a);
        if ((int)strlen(names[k]) > wide_name) wide_name = (int)strlen(names[k]);
        if ((int)strlen(a) > wide_a) wide_a = (int)strlen(a);
    }
    fprintf(out, "%-*s  %-*s  %s\n", wide_name, "", wide_a, runs[0].path, runs[1].path);
    if (n_settings == 0) fputs("no setting differs\n", out);
    for (size_t k = 0; k < n; k++) {
        value_of(&runs[0], names[k], a);
        value_of(&runs[1], names[k], b);
        fprintf(out, "%-*s  %-*s  %s\n", wide_name, names[k], wide_a, a, b);
    }
}

static enum clsnn_status print_json(const struct clsnn_run_card runs[2], const char *const *names, size_t n,
                                    size_t n_settings, FILE *out) {
    char text[CLSNN_RUN_VALUE];
    bool ok = true;
    json_t *all = json_object(), *settings = json_object(), *rest = json_object();
    clsnn_json_add(all, "runs", json_pack("[s, s]", runs[0].path, runs[1].path), &ok);
    for (size_t k = 0; k < n; k++) {
        json_t *pair = json_array();
        for (int r = 0; r < 2; r++) {
            json_t *found = NULL;
            if (k < n_settings)
                found = json_object_get(json_object_get(json_object_get(runs[r].json, "settings"), names[k]),
                                        "value");
            else if (clsnn_runs_value(&runs[r], names[k], text))
                found = json_string(text);
            if (json_array_append_new(pair, !found           ? json_null()
                                            : k < n_settings ? json_incref(found)
                                                             : found))
                ok = false;
        }
        clsnn_json_add(k < n_settings ? settings : rest, names[k], pair, &ok);
    }
    clsnn_json_add(all, "settings", settings, &ok);
    clsnn_json_add(all, "others", rest, &ok);
    if (ok) ok = json_dumpf(all, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
    fputc('\n', out);
    json_decref(all);
    return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_FAILED, "diff: the result cannot be printed as JSON");
}

enum clsnn_status clsnn_cmd_diff(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_run_card *runs = calloc(2, sizeof *runs);
    const char **settings = NULL, **names = NULL;
    char a[CLSNN_RUN_VALUE], b[CLSNN_RUN_VALUE];
    size_t n_settings = 0, n = 0;
    if (!runs) return clsnn_no_memory("diff");
    for (int r = 0; r < 2; r++) TRY(clsnn_runs_read(o->operands[r], &runs[r]));
    TRY(clsnn_runs_differences(runs, 2, &settings, &n_settings));
    names = malloc((n_settings + N_OTHERS) * sizeof *names);
    if (!names) {
        st = clsnn_no_memory("diff");
        goto fail;
    }
    for (size_t k = 0; k < n_settings; k++) names[n++] = settings[k];
    for (size_t k = 0; k < N_OTHERS; k++) {
        clsnn_runs_value(&runs[0], others[k], a);
        clsnn_runs_value(&runs[1], others[k], b);
        if (strcmp(a, b) != 0) names[n++] = others[k];
    }
    if (o->json)
        TRY(print_json(runs, names, n, n_settings, o->out));
    else
        print_text(runs, names, n, n_settings, o->out);
fail:
    clsnn_runs_finish(runs, 2);
    free(settings);
    free(names);
    return st;
}
