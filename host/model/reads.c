/* The one table of parameters that not every network reads. */
#include "model/reads.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A parameter without a row is always read. The equations are in kernels/laws/stdp.cl. */
static const struct {
    const char *param, *law; /* law NULL: read where weights and theta are drawn, not given */
    const char *choices;     /* of the law, separated by '|' */
} rows[] = {
    {"eta_pre", "rule", "triplet|pair|symmetric"},
    {"tau_post1_ms", "rule", "triplet|pair|symmetric"},
    {"tau_post2_ms", "rule", "triplet"},
    {"x_tar", "rule", "powerlaw|symmetric|exponential"},
    {"mu", "rule", "powerlaw|symmetric"},
    {"beta", "rule", "exponential"},
    {"v_rest_inh_mv", "inhibition", "layer"},
    {"v_reset_inh_mv", "inhibition", "layer"},
    {"v_thresh_inh_mv", "inhibition", "layer"},
    {"refrac_inh_ms", "inhibition", "layer"},
    {"tau_m_inh_ms", "inhibition", "layer"},
    {"e_exc_inh_mv", "inhibition", "layer"},
    {"w_exc_inh", "inhibition", "layer"},
    {"theta_init_mv", NULL, NULL},
    {"w_init_max", NULL, NULL},
    {"w_init_offset", NULL, NULL},
};

/* Returns the name of the law's choice in laws. */
static const char *choice_of(const struct clsnn_laws *laws, const char *law, char name[16]) {
    name[0] = '\0';
    for (size_t k = 0; k < clsnn_n_laws; k++)
        if (strcmp(clsnn_laws_table[k].name, law) == 0) clsnn_law_get(laws, &clsnn_laws_table[k], name);
    return name;
}

bool clsnn_param_is_read(const struct clsnn_param_info *p, const struct clsnn_laws *laws, bool is_given,
                         char why[CLSNN_READS]) {
    char name[16];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (strcmp(rows[k].param, p->name) != 0) continue;
        if (!rows[k].law && !is_given) return true;
        if (rows[k].law && clsnn_choice_index(rows[k].choices, choice_of(laws, rows[k].law, name)) >= 0)
            return true;
        if (rows[k].law)
            snprintf(why, CLSNN_READS, "only %s %s reads it", rows[k].law, rows[k].choices);
        else
            snprintf(why, CLSNN_READS, "--from gives weights and theta");
        return false;
    }
    return true;
}
