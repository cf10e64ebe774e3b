/* Makes "about" for a model.npz, and reads it from a model.npz or a checkpoint. */
#include "run/about.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"
#include "formats/json.h"
#include "model/reads.h"
#include "run/record.h"

char *clsnn_about_text(const struct clsnn_experiment *x) {
    bool ok = true;
    json_t *about = json_object();
    clsnn_json_add(about, "clsnn_version", json_string(CLSNN_VERSION), &ok);
    clsnn_json_add(about, "seed", clsnn_json_whole(x->plan.seed), &ok);
    clsnn_json_add(about, "images", json_integer((json_int_t)x->at.images), &ok);
    clsnn_json_add(about, "dataset", clsnn_record_data(x->batch->data->name, x->batch->data->sha256, &ok),
                   &ok);
    if (x->plan.from_sha256[0]) clsnn_json_add(about, "from_sha256", json_string(x->plan.from_sha256), &ok);
    clsnn_json_add(about, "dt_ms", json_real(CLSNN_DT_MS), &ok);
    clsnn_record_laws(about, &x->plan.model.laws, &ok);
    clsnn_json_add(about, "params", clsnn_record_params(&x->plan.model, &ok), &ok);
    char *text = ok ? json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(about);
    if (!text) clsnn_no_memory("model.npz: about");
    return text;
}

/* Turns a usage failure, which names a value, into a failure of the file that holds the value. */
static enum clsnn_status blame_file(const char *path, enum clsnn_status st) {
    if (st != CLSNN_E_USAGE) return st;
    char text[512];
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(CLSNN_E_DATA, "%s: about: %s", path, text);
}

/* Adds a value that the user has given, and the file's, to the list. A list that is full ends in dots. */
static void note_replaced(const char *name, const char *given, const char *of_file, char list[256]) {
    char text[128];
    const size_t n = strlen(list);
    snprintf(text, sizeof text, "%s%s = %s, %s in the file", n ? "; " : "", name, given, of_file);
    if (n + strlen(text) < 250)
        memcpy(list + n, text, strlen(text) + 1);
    else if (n < 250 && strcmp(list + n - 3, "...") != 0)
        memcpy(list + n, " ...", 5);
}

static enum clsnn_status read_params(const json_t *params, const char *path, struct clsnn_options *o,
                                     char replaced[256]) {
    enum clsnn_status st = CLSNN_OK;
    unsigned char *from = o->origins->of + clsnn_n_option_rows;
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const json_t *value = json_object_get(params, clsnn_params_table[k].name);
        char text[32], given[32];
        if (!json_is_number(value)) continue;
        clsnn_format_real(json_number_value(value), text);
        if (from[k] != CLSNN_FROM_DEFAULT) { /* the user's value wins */
            clsnn_format_real(clsnn_model_get(&o->model, &clsnn_params_table[k]), given);
            if (strcmp(given, text) != 0) note_replaced(clsnn_params_table[k].name, given, text, replaced);
            continue;
        }
        TRY(blame_file(path, clsnn_model_set(&o->model, clsnn_params_table[k].name, text)));
        from[k] = CLSNN_FROM_MODEL;
    }
    TRY(blame_file(path, clsnn_model_check(&o->model)));
fail:
    return st;
}

/* Copies the laws that the user has not given. */
static enum clsnn_status read_laws(const json_t *about, const char *path, struct clsnn_options *o,
                                   char replaced[256]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_laws of_file = o->model.laws;
    TRY(clsnn_record_read_laws(about, path, &of_file));
    for (size_t k = 0; k < clsnn_n_laws; k++) {
        const struct clsnn_law_info *law = &clsnn_laws_table[k];
        unsigned char *from = &o->origins->of[clsnn_option_find(law->name) - clsnn_option_rows];
        char given[16], saved[16];
        if (!json_object_get(about, law->name)) continue;
        clsnn_law_get(&o->model.laws, law, given);
        clsnn_law_get(&of_file, law, saved);
        if (*from != CLSNN_FROM_DEFAULT) {
            if (strcmp(given, saved) != 0) note_replaced(law->name, given, saved, replaced);
            continue;
        }
        TRY(clsnn_law_set(&o->model.laws, law, saved));
        *from = CLSNN_FROM_MODEL;
    }
fail:
    return st;
}

enum clsnn_status clsnn_about_compare(const char *about, const char *path, const struct clsnn_model *m,
                                      char out[256]) {
    enum clsnn_status st = CLSNN_OK;
    json_t *json = NULL;
    struct clsnn_laws laws = m->laws;
    char given[32], saved[32], why[CLSNN_READS];
    out[0] = '\0';
    if (!about) return CLSNN_OK;
    TRY(clsnn_json_parse(about, strlen(about), path, "about is no JSON", &json));
    const json_t *plan = json_object_get(json, "plan"), *from = plan ? plan : json,
                 *params = json_object_get(from, "params");
    TRY(clsnn_record_read_laws(from, path, &laws));
    for (size_t k = 0; k < clsnn_n_laws; k++) {
        clsnn_law_get(&m->laws, &clsnn_laws_table[k], given);
        clsnn_law_get(&laws, &clsnn_laws_table[k], saved);
        if (strcmp(given, saved) != 0) note_replaced(clsnn_laws_table[k].name, given, saved, out);
    }
    clsnn_delays_get(&m->laws, given);
    clsnn_delays_get(&laws, saved);
    if (strcmp(given, saved) != 0) note_replaced("delays", given, saved, out);
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        const json_t *value = json_object_get(params, p->name);
        if (!json_is_number(value) || !clsnn_param_is_read(p, &m->laws, true, why)) continue;
        clsnn_format_real(json_number_value(value), saved);
        clsnn_format_real(clsnn_model_get(m, p), given);
        if (strcmp(given, saved) != 0) note_replaced(p->name, given, saved, out);
    }
fail:
    json_decref(json);
    return st;
}

static enum clsnn_status read_seed(const json_t *seed, const char *path, struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_option_row *row = clsnn_option_find("seed");
    unsigned char *from = &o->origins->of[row - clsnn_option_rows];
    char text[32];
    if (!seed || *from != CLSNN_FROM_DEFAULT) return CLSNN_OK;
    if (json_is_integer(seed))
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(seed));
    else /* a seed above 2^63 - 1 is a string (clsnn_json_whole) */
        snprintf(text, sizeof text, "%s", json_is_string(seed) ? json_string_value(seed) : "no number");
    TRY(blame_file(path, clsnn_option_store(o, row, text, row->name)));
    *from = CLSNN_FROM_MODEL;
fail:
    return st;
}

enum clsnn_status clsnn_about_read(const char *about, const char *path, struct clsnn_options *o,
                                   struct clsnn_about_data *out) {
    enum clsnn_status st = CLSNN_OK;
    json_t *json = NULL;
    *out = (struct clsnn_about_data){.name = ""};
    if (!about) return CLSNN_OK;
    TRY(clsnn_json_parse(about, strlen(about), path, "about is no JSON", &json));
    const json_t *plan = json_object_get(json, "plan"); /* in a checkpoint */
    const json_t *from = plan ? plan : json, *data = json_object_get(from, "dataset");
    TRY(read_params(json_object_get(from, "params"), path, o, out->replaced));
    TRY(read_laws(from, path, o, out->replaced));
    TRY(read_seed(json_object_get(from, "seed"), path, o));
    const char *name = json_string_value(json_object_get(data, "name")),
               *hash = json_string_value(json_object_get(data, "sha256"));
    if (name && hash) {
        char shown[CLSNN_EXCERPT];
        snprintf(out->name, sizeof out->name, "%s", clsnn_excerpt(name, shown)); /* fit to be printed */
        snprintf(out->sha256, sizeof out->sha256, "%s", hash);
    }
fail:
    json_decref(json);
    return st;
}
