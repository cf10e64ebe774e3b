/* The model's constants as values: params.def with defaults, presets and range checks. */
#ifndef CLSNN_MODEL_H
#define CLSNN_MODEL_H

#include <stdint.h>

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

/* The plasticity rules, '|' between them, in the enumeration's order. */
enum clsnn_rule { CLSNN_RULE_TRIPLET };
#define CLSNN_RULES "triplet"
const char *clsnn_rule_name(enum clsnn_rule rule);
/* False where no rule has that name. */
bool clsnn_rule_find(const char *name, enum clsnn_rule *out);

/* The most that a run can be asked for. */
#define CLSNN_PLAN_MAX_IMAGES 10000000
#define CLSNN_PLAN_MAX_EPOCHS 1000

/* Every preset, '|' between them; the first is the default. */
#define CLSNN_PRESETS        "diehl-cook-2015|seed"
#define CLSNN_PRESET_DEFAULT "diehl-cook-2015"

void clsnn_model_defaults(struct clsnn_model *m);
/* "diehl-cook-2015" (the defaults) or "seed" (values printed in the seed paper where they differ: none does for rule triplet).
 * Errors: CLSNN_E_USAGE unknown preset, with the known ones. */
enum clsnn_status clsnn_model_preset(struct clsnn_model *m, const char *name);

/* NULL when there is none. */
const struct clsnn_param_info *clsnn_param_find(const char *name);
/* Sets one parameter from text, range-checked. Errors: CLSNN_E_USAGE: unknown name (with the nearest), not a number,
 * out of range: "tau_m_exc_ms = 0: must be in [1, 10000] ms". */
enum clsnn_status clsnn_model_set(struct clsnn_model *m, const char *name, const char *value);
/* The same for a known parameter; label stands for the name in messages ("run.ini:3: tau_m_exc_ms"). */
enum clsnn_status clsnn_param_set(struct clsnn_model *m, const struct clsnn_param_info *p, const char *value,
                                  const char *label);
double clsnn_model_get(const struct clsnn_model *m, const struct clsnn_param_info *p);
/* Conditions between parameters (thresholds above rest, intensity_start <= intensity_max, whole steps of 0.5 ms, ...).
 * Errors: CLSNN_E_USAGE naming both. */
enum clsnn_status clsnn_model_check(const struct clsnn_model *m);

#endif
