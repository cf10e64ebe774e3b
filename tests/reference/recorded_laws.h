/* The laws and parameters of a recording: PATH.json beside PATH.npz holds {"args": [...]}, options of clsnn
 * replay. A recording without such a file has the defaults. */
#ifndef CLSNN_TESTS_RECORDED_LAWS_H
#define CLSNN_TESTS_RECORDED_LAWS_H

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "clsnn/abi.h"
#include "clsnn/npz.h"
#include "formats/json.h"
#include "options/options.h"
#include "reference/reference.h"

enum { RECORDED_ARGS = 40 };

/* Returns false, with the error recorded, if the file is no such JSON or an option is refused. */
static inline bool recorded_laws(const char *npz, struct clsnn_model *out) {
    char path[4096], *argv[RECORDED_ARGS + 4] = {(char *)(uintptr_t) "replay"};
    static char from[] = "IN.npz", to[] = "OUT.npz";
    struct clsnn_options o = {0};
    enum clsnn_parse_action action;
    json_t *json = NULL, *word;
    size_t k;
    int argc = 1;
    clsnn_model_defaults(out);
    snprintf(path, sizeof path, "%.*s.json", (int)(strlen(npz) - strlen(".npz")), npz);
    if (access(path, F_OK) != 0) return true;
    if (clsnn_json_read_file(path, &json) != CLSNN_OK) return false;
    json_array_foreach(json_object_get(json, "args"), k, word) if (argc < RECORDED_ARGS) argv[argc++] =
        (char *)(uintptr_t)json_string_value(word);
    argv[argc++] = from;
    argv[argc++] = to;
    const bool ok = clsnn_options_parse(CLSNN_CMD_REPLAY, argc, argv, &o, &action) == CLSNN_OK;
    if (ok) *out = o.model;
    clsnn_options_finish(&o);
    json_decref(json);
    return ok;
}

/* Returns the delays of a recording, i4 [n_pre][n_post], or NULL. */
static inline const int32_t *recorded_delays(const struct clsnn_npz *npz) {
    for (size_t k = 0; k < npz->n_arrays; k++)
        if (strcmp(npz->arrays[k].name, "delay_steps") == 0) return npz->arrays[k].data;
    return NULL;
}

/* Returns the reference's constants for a model, of the parameters that tests change. */
static inline struct ref_params reference_of(const struct clsnn_model *m) {
    static const enum ref_rule rules[] = {
        [CLSNN_RULE_TRIPLET] = REF_TRIPLET,         [CLSNN_RULE_PAIR] = REF_PAIR,
        [CLSNN_RULE_POWERLAW] = REF_POWERLAW,       [CLSNN_RULE_SYMMETRIC] = REF_SYMMETRIC,
        [CLSNN_RULE_EXPONENTIAL] = REF_EXPONENTIAL,
    };
    struct ref_params p = ref_defaults();
    p.refrac_exc_ms = m->refrac_exc_ms;
    p.hold_exc_ms = m->hold_exc_ms;
    p.w_max = m->w_max;
    p.w_norm = m->w_norm;
    p.eta_pre = m->eta_pre;
    p.eta_post = m->eta_post;
    p.x_tar = m->x_tar;
    p.mu = m->mu;
    p.beta = m->beta;
    p.rule = rules[m->laws.rule];
    p.pairing = m->laws.pairing == CLSNN_PAIRING_ALL ? REF_ALL : REF_NEAREST;
    p.inhibition = m->laws.inhibition == CLSNN_INHIBITION_DIRECT ? REF_DIRECT : REF_LAYER;
    return p;
}

#endif
