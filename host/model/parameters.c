/* params.def and laws.def as values: defaults, presets, ranges. The conditions between parameters are in
 * clsnn_model_check. */
#include "clsnn/model.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "clsnn/abi.h"

const struct clsnn_param_info clsnn_params_table[] = {
#define CLSNN_REAL(name, def, min, max, unit, source, meaning)                                               \
    {#name, unit, source, meaning, def, min, max, false, offsetof(struct clsnn_model, name)},
#define CLSNN_INT(name, def, min, max, unit, source, meaning)                                                \
    {#name, unit, source, meaning, def, min, max, true, offsetof(struct clsnn_model, name)},
#include "clsnn/params.def"
};
const size_t clsnn_n_params = sizeof clsnn_params_table / sizeof clsnn_params_table[0];

const struct clsnn_law_info clsnn_laws_table[] = {
#define CLSNN_LAW(name, def, others, meaning)                                                                \
    {#name, def, def "|" others, meaning, offsetof(struct clsnn_laws, name)},
#include "clsnn/laws.def"
};
const size_t clsnn_n_laws = sizeof clsnn_laws_table / sizeof clsnn_laws_table[0];

static void store(struct clsnn_model *m, const struct clsnn_param_info *p, double value) {
    char *field = (char *)m + p->offset;
    if (p->is_int) {
        int32_t whole = (int32_t)value;
        memcpy(field, &whole, sizeof whole);
    } else {
        memcpy(field, &value, sizeof value);
    }
}

double clsnn_model_get(const struct clsnn_model *m, const struct clsnn_param_info *p) {
    const char *field = (const char *)m + p->offset;
    if (p->is_int) {
        int32_t whole;
        memcpy(&whole, field, sizeof whole);
        return whole;
    }
    double value;
    memcpy(&value, field, sizeof value);
    return value;
}

void clsnn_model_defaults(struct clsnn_model *m) {
    for (size_t k = 0; k < clsnn_n_params; k++) store(m, &clsnn_params_table[k], clsnn_params_table[k].def);
    m->laws = (struct clsnn_laws){0};
}

enum clsnn_status clsnn_law_set(struct clsnn_laws *laws, const struct clsnn_law_info *law,
                                const char *choice) {
    char shown[CLSNN_EXCERPT];
    const int32_t index = clsnn_choice_index(law->choices, choice);
    if (index < 0)
        return clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be one of %s", law->name,
                          clsnn_excerpt(choice, shown), law->choices);
    memcpy((char *)laws + law->offset, &index, sizeof index);
    return CLSNN_OK;
}

int clsnn_law_get(const struct clsnn_laws *laws, const struct clsnn_law_info *law, char name[16]) {
    int32_t index;
    memcpy(&index, (const char *)laws + law->offset, sizeof index);
    clsnn_choice_name(law->choices, index, name, 16);
    return index;
}

static enum clsnn_status whole_steps(const char *name, double ms) {
    if (fmod(ms, CLSNN_DT_MS) == 0.0) return CLSNN_OK;
    char text[32];
    clsnn_format_real(ms, text);
    return clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be a multiple of %g ms, the time step", name, text,
                      CLSNN_DT_MS);
}

bool clsnn_laws_alike(const struct clsnn_laws *a, const struct clsnn_laws *b) {
    struct clsnn_laws like_b = *b;
    like_b.delay_min = a->delay_min;
    return memcmp(a, &like_b, sizeof like_b) == 0;
}

/* Reads a delay in ms. Returns its whole number of steps; -1: the text is no delay. */
static int32_t delay_of(const char *text) {
    const double ms = clsnn_is_decimal(text) ? strtod(text, NULL) : -1;
    if (ms < 0 || ms > CLSNN_MAX_DELAY * CLSNN_DT_MS || fmod(ms, CLSNN_DT_MS) != 0) return -1;
    return (int32_t)lround(ms / CLSNN_DT_MS);
}

enum clsnn_status clsnn_delays_set(struct clsnn_laws *laws, const char *text, const char *label) {
    const char *colon = strchr(text, ':');
    const bool is_none = strcmp(text, "none") == 0;
    char low[32] = "", shown[CLSNN_EXCERPT];
    if (colon && (size_t)(colon - text) < sizeof low)
        snprintf(low, sizeof low, "%.*s", (int)(colon - text), text);
    const int32_t from = is_none ? 0 : delay_of(low), to = is_none ? 0 : colon ? delay_of(colon + 1) : -1;
    if (from < 0 || to < from)
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s = %s: must be none, or LO:HI with 0 <= LO <= HI <= %g ms, both multiples of %g "
                          "ms, such as 0:10",
                          label, clsnn_excerpt(text, shown), CLSNN_MAX_DELAY * CLSNN_DT_MS, CLSNN_DT_MS);
    laws->delay_min = from;
    laws->delay_max = to;
    return CLSNN_OK;
}

void clsnn_delays_get(const struct clsnn_laws *laws, char out[32]) {
    if (laws->delay_max == 0)
        snprintf(out, 32, "none");
    else
        snprintf(out, 32, "%g:%g", laws->delay_min * CLSNN_DT_MS, laws->delay_max * CLSNN_DT_MS);
}

const struct clsnn_preset_info clsnn_presets_table[] = {
#define CLSNN_PRESET(name, delays, changes, meaning) {name, delays, changes, meaning},
#include "clsnn/presets.def"
};
const size_t clsnn_n_presets = sizeof clsnn_presets_table / sizeof clsnn_presets_table[0];

enum clsnn_status clsnn_model_preset(struct clsnn_model *m, const char *name) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_model changed;
    size_t k = 0;
    memset(&changed, 0, sizeof changed);
    if (strcmp(name, CLSNN_PRESET_OLD) != 0)
        while (k < clsnn_n_presets && strcmp(clsnn_presets_table[k].name, name) != 0) k++;
    if (k == clsnn_n_presets) {
        char shown[CLSNN_EXCERPT], all[256] = "";
        for (k = 0; k < clsnn_n_presets; k++) {
            const size_t n = strlen(all);
            snprintf(all + n, sizeof all - n, "%s|", clsnn_presets_table[k].name);
        }
        return clsnn_fail(CLSNN_E_USAGE, "preset = %s: must be one of %s%s", clsnn_excerpt(name, shown), all,
                          CLSNN_PRESET_OLD);
    }
    clsnn_model_defaults(&changed);
    TRY(clsnn_delays_set(&changed.laws, clsnn_presets_table[k].delays, "delays"));
    for (const char *c = clsnn_presets_table[k].changes; *c; c += strspn(c, " ")) {
        char parameter[64], value[32];
        if (sscanf(c, "%63[^=]=%31[^ ]", parameter, value) != 2)
            return clsnn_fail(CLSNN_E_FAILED, "preset %s: its row in presets.def is not NAME=VALUE: %s", name,
                              c);
        TRY(clsnn_model_set(&changed, parameter, value));
        c += strcspn(c, " ");
    }
    *m = changed;
fail:
    return st;
}

const struct clsnn_param_info *clsnn_param_find(const char *name) {
    for (size_t k = 0; k < clsnn_n_params; k++)
        if (strcmp(clsnn_params_table[k].name, name) == 0) return &clsnn_params_table[k];
    return NULL;
}

enum clsnn_status clsnn_param_set(struct clsnn_model *m, const struct clsnn_param_info *p, const char *value,
                                  const char *label) {
    enum clsnn_status st = CLSNN_OK;
    double real = 0;
    uint64_t whole = 0;
    if (p->is_int) {
        TRY(clsnn_parse_whole(label, value, (uint64_t)p->min, (uint64_t)p->max, p->unit, &whole));
        real = (double)whole;
    } else {
        TRY(clsnn_parse_real(label, value, p->min, p->max, p->unit, &real));
    }
    store(m, p, real);
fail:
    return st;
}

enum clsnn_status clsnn_model_set(struct clsnn_model *m, const char *name, const char *value) {
    const struct clsnn_param_info *p = clsnn_param_find(name);
    if (p) return clsnn_param_set(m, p, value, p->name);
    const char *names[sizeof clsnn_params_table / sizeof clsnn_params_table[0]];
    for (size_t k = 0; k < clsnn_n_params; k++) names[k] = clsnn_params_table[k].name;
    const char *near = clsnn_nearest(name, names, clsnn_n_params);
    char shown[CLSNN_EXCERPT];
    return clsnn_fail(CLSNN_E_USAGE, "unknown parameter %s%s%s%s", clsnn_excerpt(name, shown),
                      near ? ": did you mean " : ": clsnn train --print-config lists them", near ? near : "",
                      near ? "?" : "");
}

/* Fails with "LEFT = 3 must be RELATION RIGHT = 2". */
static enum clsnn_status disagree(const char *left, double a, const char *relation, const char *right,
                                  double b) {
    char text_a[32], text_b[32];
    clsnn_format_real(a, text_a);
    clsnn_format_real(b, text_b);
    return clsnn_fail(CLSNN_E_USAGE, "%s = %s must be %s %s = %s", left, text_a, relation, right, text_b);
}

#define NEED(left, op, relation, right)                                                                      \
    do {                                                                                                     \
        if (!(m->left op m->right)) return disagree(#left, m->left, relation, #right, m->right);             \
    } while (0)

enum clsnn_status clsnn_model_check(const struct clsnn_model *m) {
    enum clsnn_status st = CLSNN_OK;
    char a[32], b[32];

    /* A neuron whose threshold is at or below rest or reset fires for ever without input. */
    NEED(v_thresh_exc_mv, >, "above", v_rest_exc_mv);
    NEED(v_thresh_exc_mv, >, "above", v_reset_exc_mv);
    NEED(v_thresh_inh_mv, >, "above", v_rest_inh_mv);
    NEED(v_thresh_inh_mv, >, "above", v_reset_inh_mv);
    /* An excitatory synapse must raise v and an inhibitory one lower it. Steps also stop v at e_inh_exc_mv
     * from below. */
    NEED(e_exc_exc_mv, >, "above", v_thresh_exc_mv);
    NEED(e_exc_inh_mv, >, "above", v_thresh_inh_mv);
    NEED(e_inh_exc_mv, <=, "at most", v_rest_exc_mv);
    NEED(e_inh_exc_mv, <=, "at most", v_reset_exc_mv);

    NEED(hold_exc_ms, <=, "at most", refrac_exc_ms);
    NEED(intensity_start, <=, "at most", intensity_max);
    /* An input spikes at most once a step: rate * dt of the brightest pixel must not pass 1. */
    if (255.0 * m->intensity_max / m->rate_divisor * CLSNN_DT_MS > 1000.0)
        return clsnn_fail(CLSNN_E_USAGE,
                          "intensity_max = %d with rate_divisor = %d: an input would spike more than once in "
                          "a step of %g ms: lower intensity_max or raise rate_divisor",
                          m->intensity_max, m->rate_divisor, CLSNN_DT_MS);

    clsnn_format_real(m->w_init_max, a);
    clsnn_format_real(m->w_max, b);
    if (m->w_init_max * (1.0 + m->w_init_offset) > m->w_max)
        return clsnn_fail(CLSNN_E_USAGE,
                          "w_init_max = %s with w_init_offset: an initial weight must be at most w_max = %s",
                          a, b);
    clsnn_format_real(m->w_norm, a);
    if (m->w_norm > 0 && m->w_norm < 0.001) /* rescaled weights would all be flushed to zero */
        return clsnn_fail(CLSNN_E_USAGE, "w_norm = %s: must be 0 (no rescaling) or at least 0.001", a);
    if (m->w_norm > CLSNN_MAX_PRE * m->w_max)
        return clsnn_fail(CLSNN_E_USAGE, "w_norm = %s: %d weights of at most w_max = %s cannot sum to it", a,
                          CLSNN_MAX_PRE, b);

    TRY(whole_steps("refrac_exc_ms", m->refrac_exc_ms));
    TRY(whole_steps("refrac_inh_ms", m->refrac_inh_ms));
    TRY(whole_steps("hold_exc_ms", m->hold_exc_ms));
    TRY(whole_steps("time_on_ms", m->time_on_ms));
    TRY(whole_steps("time_off_ms", m->time_off_ms));
    if (m->time_off_ms < m->laws.delay_max * CLSNN_DT_MS) {
        clsnn_format_real(m->time_off_ms, a);
        return clsnn_fail(
            CLSNN_E_USAGE,
            "time_off_ms = %s: must be at least %g, the longest of --delays, so that every spike "
            "arrives within its presentation",
            a, m->laws.delay_max * CLSNN_DT_MS);
    }
fail:
    return st;
}
