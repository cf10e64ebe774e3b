/* Plans, evaluations and standings to JSON and back, by tables that both directions read. */
#include "run/record.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "formats/json.h"

/* ---- structs as tables ---- */

enum kind { U32, U64, REAL, SWITCH };

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
    uint64_t max; /* of a whole number; 0: what its type holds */
    bool is_time;
};

static void add_fields(json_t *object, const void *from, const struct field *fields, size_t n, bool *ok) {
    for (size_t k = 0; k < n; k++) {
        const void *at = (const char *)from + fields[k].offset;
        json_t *value = NULL;
        switch (fields[k].kind) {
        case U32: value = json_integer(*(const uint32_t *)at); break;
        case U64: value = clsnn_json_whole(*(const uint64_t *)at); break;
        case REAL: value = json_real(*(const double *)at); break;
        case SWITCH: value = json_boolean(*(const bool *)at); break;
        }
        clsnn_json_add(object, fields[k].name, value, ok);
    }
}

static enum clsnn_status read_fields(const json_t *object, const char *label, const struct field *fields,
                                     size_t n, void *to) {
    for (size_t k = 0; k < n; k++) {
        const json_t *value = json_object_get(object, fields[k].name);
        const uint64_t room = fields[k].kind == U32 ? UINT32_MAX : UINT64_MAX;
        void *at = (char *)to + fields[k].offset;
        uint64_t whole = 0;
        bool good = value != NULL;
        switch (fields[k].kind) {
        case U32:
        case U64:
            good = good && clsnn_json_read_whole(value, fields[k].max ? fields[k].max : room, &whole);
            if (good && fields[k].kind == U32)
                *(uint32_t *)at = (uint32_t)whole;
            else if (good)
                *(uint64_t *)at = whole;
            break;
        case REAL:
            good = json_is_number(value);
            if (good) *(double *)at = json_number_value(value);
            break;
        case SWITCH:
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

#define N_FIELDS(table) (sizeof(table) / sizeof *(table))

/* ---- plans ---- */

/* The limits of host/options_table.c's rows. */
#define MOST_IMAGES 10000000
static const struct field plan_fields[] = {
    {"neurons", U32, offsetof(struct clsnn_plan, neurons), CLSNN_MAX_POST, false},
    {"seed", U64, offsetof(struct clsnn_plan, seed), 0, false},
    {"epochs", U32, offsetof(struct clsnn_plan, epochs), 1000, false},
    {"train_images", U32, offsetof(struct clsnn_plan, train_images), MOST_IMAGES, false},
    {"label_images", U32, offsetof(struct clsnn_plan, label_images), MOST_IMAGES, false},
    {"test_images", U32, offsetof(struct clsnn_plan, test_images), MOST_IMAGES, false},
    {"eval_every", U32, offsetof(struct clsnn_plan, eval_every), 1000, false},
    {"shuffle", SWITCH, offsetof(struct clsnn_plan, shuffle), 0, false},
};
static const char rule_name[] = "triplet"; /* the one that plans know */

json_t *clsnn_record_plan(const struct clsnn_plan *plan, const struct clsnn_dataset *data, bool *ok) {
    json_t *o = json_object(), *params = json_object(), *set = json_object();
    add_fields(o, plan, plan_fields, N_FIELDS(plan_fields), ok);
    clsnn_json_add(o, "rule", json_string(rule_name), ok);
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        clsnn_json_add(params, p->name, json_real(clsnn_model_get(&plan->model, p)), ok);
    }
    clsnn_json_add(o, "params", params, ok);
    clsnn_json_add(set, "name", clsnn_json_text(data->name), ok);
    clsnn_json_add(set, "sha256", json_string(data->sha256), ok);
    clsnn_json_add(o, "dataset", set, ok);
    return o;
}

static enum clsnn_status read_params(const json_t *params, const char *label, struct clsnn_model *m) {
    enum clsnn_status st = CLSNN_OK;
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        const json_t *value = json_object_get(params, p->name);
        char text[32];
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

enum clsnn_status clsnn_record_read_plan(const json_t *plan, const char *label, struct clsnn_plan *out,
                                         char data_name[16], char data_sha256[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_plan p = {.pause_every = 0};
    const json_t *data = json_object_get(plan, "dataset");
    const char *rule = json_string_value(json_object_get(plan, "rule")),
               *name = json_string_value(json_object_get(data, "name")),
               *hash = json_string_value(json_object_get(data, "sha256"));
    TRY(read_fields(plan, label, plan_fields, N_FIELDS(plan_fields), &p));
    TRY(read_params(json_object_get(plan, "params"), label, &p.model));
    if (p.neurons < 1 || p.epochs < 1 || p.train_images < 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: %u neurons, %u epochs, %u training images: must be at least 1",
                          label, p.neurons, p.epochs, p.train_images);
    if (!rule || strcmp(rule, rule_name) != 0) {
        char shown[CLSNN_EXCERPT];
        return clsnn_fail(CLSNN_E_DATA, "%s: rule %s: this version has %s only", label,
                          clsnn_excerpt(rule ? rule : "(none)", shown), rule_name);
    }
    if (!name || strlen(name) >= 16 || !hash || strlen(hash) != CLSNN_SHA256_HEX - 1)
        return clsnn_fail(CLSNN_E_DATA, "%s: the data set's name or SHA-256 is missing or too long", label);
    snprintf(data_name, 16, "%s", name);
    memcpy(data_sha256, hash, CLSNN_SHA256_HEX);
    *out = p;
fail:
    return st;
}

/* ---- evaluations ---- */

static const struct field metric_fields[] = {
    {"epoch", U32, offsetof(struct clsnn_metrics, epoch), 0, false},
    {"images", U64, offsetof(struct clsnn_metrics, images), 0, false},
    {"accuracy_all", REAL, offsetof(struct clsnn_metrics, accuracy_all), 0, false},
    {"accuracy_proportion", REAL, offsetof(struct clsnn_metrics, accuracy_proportion), 0, false},
    {"exc_spikes_per_image", REAL, offsetof(struct clsnn_metrics, exc_spikes_per_image), 0, false},
    {"test_spikes_per_image", REAL, offsetof(struct clsnn_metrics, test_spikes_per_image), 0, false},
    {"retries", U64, offsetof(struct clsnn_metrics, retries), 0, false},
    {"given_up", U64, offsetof(struct clsnn_metrics, given_up), 0, false},
    {"theta_mean_mv", REAL, offsetof(struct clsnn_metrics, theta_mean_mv), 0, false},
    {"unlabelled_neurons", U32, offsetof(struct clsnn_metrics, unlabelled), 0, false},
    {"seconds", REAL, offsetof(struct clsnn_metrics, train_seconds), 0, true},
    {"eval_seconds", REAL, offsetof(struct clsnn_metrics, eval_seconds), 0, true},
    {"images_per_second", REAL, offsetof(struct clsnn_metrics, images_per_second), 0, true},
};
static const struct field score_fields[] = {
    {"n_images", U32, offsetof(struct clsnn_score, n_images), 0, false},
    {"correct_all", U32, offsetof(struct clsnn_score, correct_all), 0, false},
    {"correct_proportion", U32, offsetof(struct clsnn_score, correct_proportion), 0, false},
};

bool clsnn_record_is_time(const char *name) {
    for (size_t k = 0; k < N_FIELDS(metric_fields); k++)
        if (strcmp(metric_fields[k].name, name) == 0) return metric_fields[k].is_time;
    return false;
}

json_t *clsnn_record_metrics(const struct clsnn_metrics *m, bool *ok) {
    json_t *line = json_object();
    add_fields(line, m, metric_fields, N_FIELDS(metric_fields), ok);
    return line;
}

json_t *clsnn_record_confusion(const uint32_t counts[CLSNN_CLASSES][CLSNN_CLASSES]) {
    json_t *rows = json_array();
    for (int t = 0; t < CLSNN_CLASSES; t++) {
        json_t *row = json_array();
        for (int p = 0; p < CLSNN_CLASSES; p++) {
            if (json_array_append_new(row, json_integer(counts[t][p])) != 0) {
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
    add_fields(o, score, score_fields, N_FIELDS(score_fields), ok);
    clsnn_json_add(o, "confusion", clsnn_record_confusion(score->confusion), ok);
    clsnn_json_add(o, "confusion_proportion", clsnn_record_confusion(score->confusion_proportion), ok);
    return o;
}

static enum clsnn_status read_confusion(const json_t *score, const char *name, const char *label,
                                        uint32_t counts[CLSNN_CLASSES][CLSNN_CLASSES]) {
    const json_t *rows = json_object_get(score, name);
    for (size_t t = 0; t < CLSNN_CLASSES; t++) {
        const json_t *row = json_array_get(rows, t);
        for (size_t p = 0; p < CLSNN_CLASSES; p++) {
            uint64_t count;
            if (!clsnn_json_read_whole(json_array_get(row, p), UINT32_MAX, &count))
                return clsnn_fail(CLSNN_E_DATA, "%s: %s is not 10 x 10 counts", label, name);
            counts[t][p] = (uint32_t)count;
        }
    }
    return CLSNN_OK;
}

enum clsnn_status clsnn_record_read_metrics(const json_t *metrics, const json_t *score, const char *label,
                                            struct clsnn_metrics *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_metrics m = {0};
    TRY(read_fields(metrics, label, metric_fields, N_FIELDS(metric_fields), &m));
    TRY(read_fields(score, label, score_fields, N_FIELDS(score_fields), &m.score));
    TRY(read_confusion(score, "confusion", label, m.score.confusion));
    TRY(read_confusion(score, "confusion_proportion", label, m.score.confusion_proportion));
    *out = m;
fail:
    return st;
}

/* ---- standings ---- */

#define AT(member) offsetof(struct clsnn_standing, member)
static const struct field standing_fields[] = {
    {"epoch", U32, AT(epoch), 1000, false},
    {"position", U32, AT(position), MOST_IMAGES, false},
    {"attempt", U32, AT(attempt), CLSNN_MAX_ATTEMPT, false},
    {"images", U64, AT(images), 0, false},
    {"trained_presentations", U64, AT(trained.presentations), 0, false},
    {"trained_given_up", U64, AT(trained.given_up), 0, false},
    {"trained_spikes", U64, AT(trained.spikes), 0, false},
    {"presentations", U64, AT(presentations), 0, false},
    {"given_up_evaluating", U64, AT(given_up_evaluating), 0, false},
    {"train_seconds", REAL, AT(train_seconds), 0, true},
    {"eval_seconds", REAL, AT(eval_seconds), 0, true},
    {"images_then", U64, AT(images_then), 0, false},
    {"presentations_then", U64, AT(trained_then.presentations), 0, false},
    {"given_up_then", U64, AT(trained_then.given_up), 0, false},
    {"spikes_then", U64, AT(trained_then.spikes), 0, false},
    {"seconds_then", REAL, AT(seconds_then), 0, true},
};

json_t *clsnn_record_standing(const struct clsnn_standing *at, bool *ok) {
    json_t *o = json_object();
    add_fields(o, at, standing_fields, N_FIELDS(standing_fields), ok);
    return o;
}

enum clsnn_status clsnn_record_read_standing(const json_t *standing, const char *label,
                                             struct clsnn_standing *out) {
    struct clsnn_standing at = {0};
    const enum clsnn_status st =
        read_fields(standing, label, standing_fields, N_FIELDS(standing_fields), &at);
    if (st == CLSNN_OK) *out = at;
    return st;
}
