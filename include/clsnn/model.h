/* The model's constants as values: params.def with defaults, presets and range checks. */
#ifndef CLSNN_MODEL_H
#define CLSNN_MODEL_H

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

/* One double or int32_t member for each line of params.def, in its order and with its name. */
struct clsnn_model {
#define CLSNN_REAL(name, def, min, max, unit, source, meaning) double name;
#define CLSNN_INT(name, def, min, max, unit, source, meaning)  int32_t name;
#include "clsnn/params.def"
};

/* A line of params.def. */
struct clsnn_param_info {
    const char *name, *unit, *source, *meaning;
    double def, min, max;
    bool is_int;
    size_t offset; /* in struct clsnn_model */
};

/* params.def as a table of clsnn_n_params entries. */
CLSNN_API extern const struct clsnn_param_info clsnn_params_table[];
CLSNN_API extern const size_t clsnn_n_params;

/* The plasticity rules, '|' between them, in the order of the enumeration. */
enum clsnn_rule { CLSNN_RULE_TRIPLET };
#define CLSNN_RULES "triplet"
CLSNN_API const char *clsnn_rule_name(enum clsnn_rule rule);
/* False where no rule has that name. */
CLSNN_API bool clsnn_rule_find(const char *name, enum clsnn_rule *out);

/* The most that a plan (experiment.h) can ask for. */
#define CLSNN_PLAN_MAX_IMAGES 10000000
#define CLSNN_PLAN_MAX_EPOCHS 1000

/* Every preset, '|' between them. The first is the default; the others are its names of version 0.1. */
#define CLSNN_PRESETS        "kim-2020|seed|diehl-cook-2015"
#define CLSNN_PRESET_DEFAULT "kim-2020"

CLSNN_API void clsnn_model_defaults(struct clsnn_model *m);
/* Sets every parameter as a preset has it. Errors: CLSNN_E_USAGE unknown preset, with the known ones. */
CLSNN_API enum clsnn_status clsnn_model_preset(struct clsnn_model *m, const char *name);

/* NULL where there is no such parameter. */
CLSNN_API const struct clsnn_param_info *clsnn_param_find(const char *name);

/* Sets one parameter from text. Errors: CLSNN_E_USAGE an unknown name (with the nearest), no number, out of range:
 * "tau_m_exc_ms = 0: must be in [1, 10000] ms". */
CLSNN_API enum clsnn_status clsnn_model_set(struct clsnn_model *m, const char *name, const char *value);
/* The same for a known parameter. label stands for its name in messages ("run.ini:3: tau_m_exc_ms"). */
CLSNN_API enum clsnn_status clsnn_param_set(struct clsnn_model *m, const struct clsnn_param_info *p,
                                            const char *value, const char *label);
CLSNN_API double clsnn_model_get(const struct clsnn_model *m, const struct clsnn_param_info *p);

/* Checks the conditions between parameters: thresholds above rest, intensity_start <= intensity_max, times in whole steps
 * of 0.5 ms, and others. Errors: CLSNN_E_USAGE naming both. */
CLSNN_API enum clsnn_status clsnn_model_check(const struct clsnn_model *m);

CLSNN_END_DECLS

#endif
