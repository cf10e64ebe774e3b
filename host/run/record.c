/* Writes plans, scores and standings as JSON and reads them back. Tables of fields serve both ways. */
#include "run/record.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "experiment/experiment.h"
#include "formats/json.h"

#define N_FIELDS(table) (sizeof(table) / sizeof *(table))

static const struct clsnn_field plan_fields[] = {
    {"neurons", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, neurons), CLSNN_MAX_POST},
    {"seed", CLSNN_FIELD_U64, offsetof(struct clsnn_plan, seed), 0},
    {"epochs", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, epochs), CLSNN_PLAN_MAX_EPOCHS},
    {"train_images", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, train_images), CLSNN_PLAN_MAX_IMAGES},
    {"label_images", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, label_images), CLSNN_PLAN_MAX_IMAGES},
    {"test_images", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, test_images), CLSNN_PLAN_MAX_IMAGES},
    {"eval_every", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, eval_every), CLSNN_PLAN_MAX_EPOCHS},
    {"shuffle", CLSNN_FIELD_BOOL, offsetof(struct clsnn_plan, shuffle), 0},
};
/* Members of a plan whose images do not begin at 0. Others lack them, as plans of earlier versions do. The
 * same holds for validate and from_sha256. */
static const struct clsnn_field first_fields[] = {
    {"train_first", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, train_first), CLSNN_PLAN_MAX_IMAGES},
    {"label_first", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, label_first), CLSNN_PLAN_MAX_IMAGES},
    {"test_first", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, test_first), CLSNN_PLAN_MAX_IMAGES},
};

static const struct clsnn_field validate_field = {
    "validate", CLSNN_FIELD_U32, offsetof(struct clsnn_plan, validate), CLSNN_PLAN_MAX_IMAGES};

json_t *clsnn_record_params(const struct clsnn_model *m, bool *ok) {
    json_t *params = json_object();
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        clsnn_json_add(params, p->name, json_real(clsnn_model_get(m, p)), ok);
    }
    return params;
}

void clsnn_record_laws(json_t *o, const struct clsnn_laws *laws, bool *ok) {
    for (size_t k = 0; k < clsnn_n_laws; k++) {
        char name[16];
        clsnn_law_get(laws, &clsnn_laws_table[k], name);
        clsnn_json_add(o, clsnn_laws_table[k].name, json_string(name), ok);
    }
    char delays[32];
    clsnn_delays_get(laws, delays);
    clsnn_json_add(o, "delays", json_string(delays), ok);
}

json_t *clsnn_record_data(const char *name, const char *sha256, bool *ok) {
    json_t *data = json_object();
    clsnn_json_add(data, "name", clsnn_json_text(name), ok);
    clsnn_json_add(data, "sha256", json_string(sha256), ok);
    return data;
}

json_t *clsnn_record_plan(const struct clsnn_plan *plan, const char *data_name, const char *data_sha256,
                          bool *ok) {
    json_t *o = json_object();
    clsnn_json_add_fields(o, plan, plan_fields, N_FIELDS(plan_fields), ok);
    if (plan->train_first || plan->label_first || plan->test_first)
        clsnn_json_add_fields(o, plan, first_fields, N_FIELDS(first_fields), ok);
    if (plan->validate) clsnn_json_add_fields(o, plan, &validate_field, 1, ok);
    if (plan->from_sha256[0]) clsnn_json_add(o, "from_sha256", json_string(plan->from_sha256), ok);
    clsnn_record_laws(o, &plan->model.laws, ok);
    clsnn_json_add(o, "params", clsnn_record_params(&plan->model, ok), ok);
    clsnn_json_add(o, "dataset", clsnn_record_data(data_name, data_sha256, ok), ok);
    return o;
}

/* Returns whether a plan may lack the parameter: it did not exist in version 0.1. */
static bool is_newer(const struct clsnn_param_info *p) {
    static const char *const names[] = {"x_tar", "mu", "beta", "hold_exc_ms"};
    for (size_t k = 0; k < N_FIELDS(names); k++)
        if (strcmp(names[k], p->name) == 0) return true;
    return false;
}

static enum clsnn_status read_params(const json_t *params, const char *label, struct clsnn_model *m) {
    enum clsnn_status st = CLSNN_OK;
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        const json_t *value = json_object_get(params, p->name);
        char text[32];
        if (!value && is_newer(p)) {
            clsnn_format_real(p->def, text);
            TRY(clsnn_model_set(m, p->name, text));
            continue;
        }
        if (!json_is_number(value) || json_number_value(value) < p->min || json_number_value(value) > p->max)
            return clsnn_fail(CLSNN_E_DATA, "%s: parameter %s is missing, no number, or out of its range",
                              label, p->name);
        clsnn_format_real(json_number_value(value), text);
        TRY(clsnn_model_set(m, p->name, text));
    }
    TRY(clsnn_model_check(m));
fail:
    return st;
}

enum clsnn_status clsnn_record_read_laws(const json_t *o, const char *label, struct clsnn_laws *out) {
    for (size_t k = 0; k < clsnn_n_laws; k++) {
        const struct clsnn_law_info *law = &clsnn_laws_table[k];
        const json_t *value = json_object_get(o, law->name);
        const char *choice = json_is_string(value) ? json_string_value(value) : "no text";
        char shown[CLSNN_EXCERPT];
        if (!value) continue; /* older files name only the rule */
        if (clsnn_law_set(out, law, choice) == CLSNN_OK) continue;
        clsnn_error_clear();
        return clsnn_fail(CLSNN_E_DATA, "%s: %s = %s: this version has %s", label, law->name,
                          clsnn_excerpt(choice, shown), law->choices);
    }
    const json_t *delays = json_object_get(o, "delays");
    const char *text = json_is_string(delays) ? json_string_value(delays) : "no text";
    char shown[CLSNN_EXCERPT];
    if (!delays || clsnn_delays_set(out, text, "delays") == CLSNN_OK) return CLSNN_OK;
    clsnn_error_clear();
    return clsnn_fail(CLSNN_E_DATA, "%s: delays = %s: must be none or LO:HI in ms, in [0, %g]", label,
                      clsnn_excerpt(text, shown), CLSNN_MAX_DELAY * CLSNN_DT_MS);
}

void clsnn_record_complete(json_t *plan, bool *ok) {
    for (size_t k = 0; k < clsnn_n_laws; k++)
        if (!json_object_get(plan, clsnn_laws_table[k].name))
            clsnn_json_add(plan, clsnn_laws_table[k].name, json_string(clsnn_laws_table[k].def), ok);
    if (!json_object_get(plan, "delays")) clsnn_json_add(plan, "delays", json_string("none"), ok);
    json_t *params = json_object_get(plan, "params");
    for (size_t k = 0; json_is_object(params) && k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        if (is_newer(p) && !json_object_get(params, p->name))
            clsnn_json_add(params, p->name, json_real(p->def), ok);
    }
}

enum clsnn_status clsnn_record_read_plan(const json_t *plan, const char *label, struct clsnn_plan *out,
                                         char data_name[CLSNN_DATA_NAME],
                                         char data_sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_plan p = {.pause_every = 0};
    const json_t *data = json_object_get(plan, "dataset");
    const char *name = json_string_value(json_object_get(data, "name")),
               *hash = json_string_value(json_object_get(data, "sha256")),
               *from = clsnn_json_text_of(plan, "from_sha256");
    TRY(clsnn_json_read_fields(plan, label, plan_fields, N_FIELDS(plan_fields), &p));
    if (json_object_get(plan, first_fields[0].name))
        TRY(clsnn_json_read_fields(plan, label, first_fields, N_FIELDS(first_fields), &p));
    if (json_object_get(plan, validate_field.name))
        TRY(clsnn_json_read_fields(plan, label, &validate_field, 1, &p));
    TRY(read_params(json_object_get(plan, "params"), label, &p.model));
    TRY(clsnn_record_read_laws(plan, label, &p.model.laws));
    if (p.neurons < 1 || p.epochs < 1 || p.train_images < 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: %u neurons, %u epochs, %u training images: must be at least 1",
                          label, p.neurons, p.epochs, p.train_images);
    if (!name || strlen(name) >= CLSNN_DATA_NAME || !hash || strlen(hash) != CLSNN_SHA256_HEX - 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: the data set's name or SHA-256 is missing or too long", label);
    if (*from && strlen(from) != CLSNN_SHA256_HEX - 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: from_sha256 has %zu characters: must have %d", label,
                          strlen(from), CLSNN_SHA256_HEX - 1);
    memcpy(p.from_sha256, from, strlen(from) + 1);
    snprintf(data_name, CLSNN_DATA_NAME, "%s", name);
    memcpy(data_sha256, hash, CLSNN_SHA256_HEX);
    *out = p;
fail:
    return st;
}

void clsnn_record_compare(json_t *saved, json_t *asked, clsnn_record_difference *visit, void *ctx) {
    const char *name;
    json_t *value, *hash = json_object_get(asked, "sha256");
    const bool same_data = hash && json_equal(hash, json_object_get(saved, "sha256"));
    json_object_foreach (asked, name, value) {
        json_t *other = json_object_get(saved, name);
        if (same_data && strcmp(name, "name") == 0) continue;
        if (json_is_object(value) && json_is_object(other))
            clsnn_record_compare(other, value, visit, ctx);
        else if (!json_equal(value, other))
            visit(ctx, name, other, value);
    }
    json_object_foreach (saved, name, value) {
        if (!json_object_get(asked, name)) visit(ctx, name, value, NULL);
    }
}

static const struct clsnn_field score_fields[] = {
    {"n_images", CLSNN_FIELD_U32, offsetof(struct clsnn_score, n_images), 0},
    {"correct_all", CLSNN_FIELD_U32, offsetof(struct clsnn_score, correct_all), 0},
    {"correct_proportion", CLSNN_FIELD_U32, offsetof(struct clsnn_score, correct_proportion), 0},
};
/* Files of version 0.1 lack it. */
static const struct clsnn_field likelihood_field = {"correct_likelihood", CLSNN_FIELD_U32,
                                                    offsetof(struct clsnn_score, correct_likelihood), 0};

json_t *clsnn_record_confusion(const uint32_t *counts, uint32_t n_classes) {
    json_t *rows = json_array();
    for (uint32_t t = 0; t < n_classes; t++) {
        json_t *row = json_array();
        for (uint32_t p = 0; p < n_classes; p++) {
            if (json_array_append_new(row, json_integer(counts[t * n_classes + p])) != 0) {
                json_decref(row);
                row = NULL;
                break;
            }
        }
        if (json_array_append_new(rows, row) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

json_t *clsnn_record_score(const struct clsnn_score *score, bool *ok) {
    json_t *o = json_object();
    clsnn_json_add_fields(o, score, score_fields, N_FIELDS(score_fields), ok);
    clsnn_json_add_fields(o, score, &likelihood_field, 1, ok);
    clsnn_json_add(o, "confusion", clsnn_record_confusion(score->confusion, score->n_classes), ok);
    clsnn_json_add(o, "confusion_proportion",
                   clsnn_record_confusion(score->confusion_proportion, score->n_classes), ok);
    return o;
}

/* Reads a confusion matrix into counts, and sums up its images and its diagonal. */
static enum clsnn_status read_confusion(const json_t *rows, const char *name, const char *label,
                                        struct clsnn_score *s, uint32_t *counts, uint32_t *correct) {
    const uint32_t n = s->n_classes;
    s->n_images = *correct = 0;
    for (uint32_t t = 0; t < n; t++) {
        const json_t *row = json_array_get(rows, t);
        for (uint32_t p = 0; p < n; p++) {
            uint64_t count;
            if (json_array_size(row) != n ||
                !clsnn_json_read_whole(json_array_get(row, p), UINT32_MAX, &count))
                return clsnn_fail(CLSNN_E_DATA, "%s: %s is not %u x %u counts", label, name, n, n);
            counts[t * n + p] = (uint32_t)count;
            s->n_images += (uint32_t)count;
            if (t == p) *correct += (uint32_t)count;
        }
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_record_read_confusions(const json_t *score, const char *label,
                                               struct clsnn_score *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_score s = {0};
    const json_t *all = json_object_get(score, "confusion"),
                 *proportion = json_object_get(score, "confusion_proportion");
    const size_t n = json_array_size(all);
    if (n < CLSNN_MIN_CLASSES || n > CLSNN_MAX_CLASSES || json_array_size(proportion) != n)
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: confusion has %zu rows and confusion_proportion %zu: must be equal and in "
                          "[%d, %d]",
                          label, n, json_array_size(proportion), CLSNN_MIN_CLASSES, CLSNN_MAX_CLASSES);
    TRY(clsnn_score_create((uint32_t)n, &s));
    TRY(read_confusion(all, "confusion", label, &s, s.confusion, &s.correct_all));
    TRY(read_confusion(proportion, "confusion_proportion", label, &s, s.confusion_proportion,
                       &s.correct_proportion));
    *out = s;
    return CLSNN_OK;
fail:
    clsnn_score_finish(&s);
    return st;
}

enum clsnn_status clsnn_record_read_score(const json_t *score, const char *label, struct clsnn_score *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_score counts = {0}, s;
    TRY(clsnn_json_read_fields(score, label, score_fields, N_FIELDS(score_fields), &counts));
    if (json_object_get(score, likelihood_field.name))
        TRY(clsnn_json_read_fields(score, label, &likelihood_field, 1, &counts));
    TRY(clsnn_record_read_confusions(score, label, &s));
    /* The counts are those that JSON states: a checkpoint's reader compares them with the matrices. */
    s.n_images = counts.n_images;
    s.correct_all = counts.correct_all;
    s.correct_proportion = counts.correct_proportion;
    s.correct_likelihood = counts.correct_likelihood;
    *out = s;
fail:
    return st;
}

#define AT(member) offsetof(struct clsnn_standing, member)
static const struct clsnn_field standing_fields[] = {
    {"epoch", CLSNN_FIELD_U32, AT(epoch), CLSNN_PLAN_MAX_EPOCHS},
    {"position", CLSNN_FIELD_U32, AT(position), CLSNN_PLAN_MAX_IMAGES},
    {"attempt", CLSNN_FIELD_U32, AT(attempt), CLSNN_MAX_ATTEMPT},
    {"images", CLSNN_FIELD_U64, AT(images), 0},
    {"trained_presentations", CLSNN_FIELD_U64, AT(trained.presentations), 0},
    {"trained_given_up", CLSNN_FIELD_U64, AT(trained.given_up), 0},
    {"trained_spikes", CLSNN_FIELD_U64, AT(trained.spikes), 0},
    {"presentations", CLSNN_FIELD_U64, AT(presentations), 0},
    {"given_up_evaluating", CLSNN_FIELD_U64, AT(given_up_evaluating), 0},
    {"train_seconds", CLSNN_FIELD_REAL, AT(train_seconds), 0},
    {"eval_seconds", CLSNN_FIELD_REAL, AT(eval_seconds), 0},
    {"images_then", CLSNN_FIELD_U64, AT(images_then), 0},
    {"presentations_then", CLSNN_FIELD_U64, AT(trained_then.presentations), 0},
    {"given_up_then", CLSNN_FIELD_U64, AT(trained_then.given_up), 0},
    {"spikes_then", CLSNN_FIELD_U64, AT(trained_then.spikes), 0},
    {"seconds_then", CLSNN_FIELD_REAL, AT(seconds_then), 0},
};

json_t *clsnn_record_standing(const struct clsnn_standing *at, bool *ok) {
    json_t *o = json_object();
    clsnn_json_add_fields(o, at, standing_fields, N_FIELDS(standing_fields), ok);
    return o;
}

enum clsnn_status clsnn_record_read_standing(const json_t *standing, const char *label,
                                             struct clsnn_standing *out) {
    struct clsnn_standing at = {0};
    const enum clsnn_status st =
        clsnn_json_read_fields(standing, label, standing_fields, N_FIELDS(standing_fields), &at);
    if (st == CLSNN_OK) *out = at;
    return st;
}
