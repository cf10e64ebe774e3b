/* The model's constants as values: params.def with defaults, presets, range checks. Also the strict number parsers and
 * the two helpers for messages (nearest name, excerpt) that the option table shares. Where a value came from: options.h. */
#ifndef CLSNN_MODEL_H
#define CLSNN_MODEL_H

#include <stdint.h>
#include <stdio.h>

#include "clsnn/status.h"

/* One double or int32_t member a line of params.def, in its order, with its name. */
struct clsnn_model {
#define CLSNN_REAL(name, def, min, max, unit, source, meaning) double name;
#define CLSNN_INT(name, def, min, max, unit, source, meaning)  int32_t name;
#include "clsnn/params.def"
};

struct clsnn_param_info {
    const char *name, *unit, *source, *meaning;
    double def, min, max;
    bool is_int;
    size_t offset; /* in struct clsnn_model */
};

/* The table of params.def; clsnn_n_params entries. */
extern const struct clsnn_param_info clsnn_params_table[];
extern const size_t clsnn_n_params;

/* Every preset, '|' between them; the first is the default. */
#define CLSNN_PRESETS        "diehl-cook-2015|seed"
#define CLSNN_PRESET_DEFAULT "diehl-cook-2015"

void clsnn_model_defaults(struct clsnn_model *m);
/* "diehl-cook-2015" (the defaults) or "seed" (values printed in the seed paper where they differ: none does for rule triplet).
 * Errors: CLSNN_E_USAGE unknown preset, with the known ones. */
enum clsnn_status clsnn_model_preset(struct clsnn_model *m, const char *name);

/* NULL when there is none. */
const struct clsnn_param_info *clsnn_param_find(const char *name);
/* The candidate most likely meant by name, or NULL: the first that begins with name (two letters at least), else the nearest
 * by edit distance (a swap of neighbours counts 1), at most half of name's length and 3, or a third of a long name. */
const char *clsnn_nearest(const char *name, const char *const *candidates, size_t n);

/* Sets one parameter from text, range-checked. Errors: CLSNN_E_USAGE: unknown name (with the nearest), not a number,
 * out of range: "tau_m_exc_ms = 0: must be in [1, 10000] ms". */
enum clsnn_status clsnn_model_set(struct clsnn_model *m, const char *name, const char *value);
/* The same for a known parameter; label stands for the name in messages ("run.ini:3: tau_m_exc_ms"). */
enum clsnn_status clsnn_param_set(struct clsnn_model *m, const struct clsnn_param_info *p, const char *value,
                                  const char *label);
double clsnn_model_get(const struct clsnn_model *m, const struct clsnn_param_info *p);
/* Prints a value so that it reads back as the same double ("%.17g" shortened to the fewest digits that do). */
void clsnn_format_real(double value, char out[32]);

/* Decimal numbers only: optional sign, digits, fraction, exponent; nothing before or after. Hexadecimal, nan and inf are not
 * numbers; what overflows is out of range. unit may be "". Errors: CLSNN_E_USAGE naming label, the text and the range. */
enum clsnn_status clsnn_parse_real(const char *label, const char *text, double min, double max,
                                   const char *unit, double *out);
/* A whole number, exact up to 2^64 - 1 when written in digits; "1e3" and "60000.0" are whole too. */
enum clsnn_status clsnn_parse_whole(const char *label, const char *text, uint64_t min, uint64_t max,
                                    const char *unit, uint64_t *out);

/* 1 to max_n whole numbers with commas between them. Errors: CLSNN_E_USAGE naming label and the number that is none, that is out of
 * range or that there is no room for. */
enum clsnn_status clsnn_parse_list(const char *label, const char *text, uint64_t min, uint64_t max,
                                   const char *unit, size_t max_n, uint64_t *out, size_t *out_n);

/* Text from outside made fit for a one-line message: control characters become '?', a long text is cut and ends in "...". */
#define CLSNN_EXCERPT 80
const char *clsnn_excerpt(const char *text, char out[CLSNN_EXCERPT]);

/* Conditions between parameters (thresholds above rest, intensity_start <= intensity_max, whole steps of 0.5 ms, ...).
 * Errors: CLSNN_E_USAGE naming both. */
enum clsnn_status clsnn_model_check(const struct clsnn_model *m);

#endif
