/* The model as values: its constants (params.def) and its laws (laws.def). Defaults, presets, checks of
 * ranges. */
#ifndef CLSNN_MODEL_H
#define CLSNN_MODEL_H

#include "clsnn/status.h"

CLSNN_BEGIN_DECLS

/* The laws of a network. Each row of laws.def is a member: the index of its choice. {0} is the default. */
struct clsnn_laws {
#define CLSNN_LAW(name, def, others, meaning) int32_t name;
#include "clsnn/laws.def"
    int32_t delay_min, delay_max; /* steps from an input spike to its arrival; delay_max 0: no delays */
};

/* A row of laws.def. */
struct clsnn_law_info {
    const char *name, *def, *choices, *meaning; /* choices are separated by '|', def is the first */
    size_t offset;                              /* of the member in struct clsnn_laws */
};

/* laws.def as a table: [clsnn_n_laws]. */
CLSNN_API extern const struct clsnn_law_info clsnn_laws_table[];
CLSNN_API extern const size_t clsnn_n_laws;

/* The constants of a network. Each row of params.def is a double or int32_t member, in the same order. */
struct clsnn_model {
#define CLSNN_REAL(name, def, min, max, unit, source, meaning) double name;
#define CLSNN_INT(name, def, min, max, unit, source, meaning)  int32_t name;
#include "clsnn/params.def"
    struct clsnn_laws laws;
};

/* A row of params.def. */
struct clsnn_param_info {
    const char *name, *unit, *source, *meaning;
    double def, min, max;
    bool is_int;
    size_t offset; /* of the member in struct clsnn_model */
};

/* params.def as a table: [clsnn_n_params]. */
CLSNN_API extern const struct clsnn_param_info clsnn_params_table[];
CLSNN_API extern const size_t clsnn_n_params;

/* Sets one law from text. Errors: CLSNN_E_USAGE no such choice; the text lists all. */
CLSNN_API enum clsnn_status clsnn_law_set(struct clsnn_laws *laws, const struct clsnn_law_info *law,
                                          const char *choice);
/* Returns the index of the law's choice, and writes its name to `name`. */
CLSNN_API int clsnn_law_get(const struct clsnn_laws *laws, const struct clsnn_law_info *law, char name[16]);

/* Returns whether networks with these laws have the same kernels: all but delay_min is equal. */
CLSNN_API bool clsnn_laws_alike(const struct clsnn_laws *a, const struct clsnn_laws *b);

/* Sets the delays from text: "none", or "LO:HI" in ms. Messages call it label.
 * Errors: CLSNN_E_USAGE the text is neither, or times are no whole steps or out of [0, 31.5] ms. */
CLSNN_API enum clsnn_status clsnn_delays_set(struct clsnn_laws *laws, const char *text, const char *label);
/* Writes the delays as text that clsnn_delays_set reads back. */
CLSNN_API void clsnn_delays_get(const struct clsnn_laws *laws, char out[32]);

/* The largest numbers of images and epochs in a plan (experiment.h). */
#define CLSNN_PLAN_MAX_IMAGES 10000000
#define CLSNN_PLAN_MAX_EPOCHS 1000

/* A row of presets.def. */
struct clsnn_preset_info {
    const char *name, *delays, *changes, *meaning;
};

/* presets.def as a table: [clsnn_n_presets]. The first is the default. CLSNN_PRESET_OLD is its old name,
 * which is understood wherever a preset is named. */
CLSNN_API extern const struct clsnn_preset_info clsnn_presets_table[];
CLSNN_API extern const size_t clsnn_n_presets;
#define CLSNN_PRESET_OLD "seed"

/* Sets every parameter and every law to its default. */
CLSNN_API void clsnn_model_defaults(struct clsnn_model *m);
/* Sets every parameter and every law to the value of a preset. Errors: CLSNN_E_USAGE no such preset; the text
 * lists all of them. */
CLSNN_API enum clsnn_status clsnn_model_preset(struct clsnn_model *m, const char *name);

/* Returns the row of the parameter called name, or NULL. */
CLSNN_API const struct clsnn_param_info *clsnn_param_find(const char *name);

/* Sets one parameter from text.
 * Errors: CLSNN_E_USAGE no such parameter (the text names the nearest), or value is no number or out of
 * range: "tau_m_exc_ms = 0: must be in [1, 10000] ms". */
CLSNN_API enum clsnn_status clsnn_model_set(struct clsnn_model *m, const char *name, const char *value);
/* Sets parameter p from text. Messages call it label ("run.ini:3: tau_m_exc_ms").
 * Errors: CLSNN_E_USAGE value is no number or out of range. */
CLSNN_API enum clsnn_status clsnn_param_set(struct clsnn_model *m, const struct clsnn_param_info *p,
                                            const char *value, const char *label);
/* Returns the value of parameter p. */
CLSNN_API double clsnn_model_get(const struct clsnn_model *m, const struct clsnn_param_info *p);

/* Checks the conditions between parameters: thresholds above rest, intensity_start <= intensity_max, times in
 * whole steps of 0.5 ms, and others. Errors: CLSNN_E_USAGE; the text names the parameters that contradict. */
CLSNN_API enum clsnn_status clsnn_model_check(const struct clsnn_model *m);

CLSNN_END_DECLS

#endif
