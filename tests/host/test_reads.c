/* The table of parameters that not every network reads, beside the plain network. Another value of a
 * parameter changes what the network does if, and only if, the table says that it is read. */
#include "model/reads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plain/plain.h"

enum { N_PRE = 64, N_POST = 16, N_IMAGES = 6 };

/* A parameter, and a value far enough from its default to show. */
static const struct {
    const char *name, *value;
} tried[] = {
    {"eta_pre", "0.01"},
    {"tau_post1_ms", "60"},
    {"tau_post2_ms", "90"},
    {"x_tar", "0.1"},
    {"mu", "3"},
    {"beta", "8"},
    {"v_rest_inh_mv", "-90"},
    {"v_reset_inh_mv", "-60"},
    {"v_thresh_inh_mv", "-10"},
    {"refrac_inh_ms", "20"},
    {"tau_m_inh_ms", "50"},
    {"e_exc_inh_mv", "100"},
    {"w_exc_inh", "2"},
};

/* Sums up the state of a network that has learned from a few images. */
static uint64_t trace_of(const struct clsnn_model *m) {
    struct clsnn_plain *net = NULL;
    uint8_t pixels[N_IMAGES * N_PRE];
    uint64_t sum = 1469598103934665603u;
    for (int k = 0; k < N_IMAGES * N_PRE; k++) pixels[k] = (uint8_t)((k * k % 7 < 4) * 255);
    assert_int_equal(clsnn_plain_create(m, 1, N_PRE, N_POST, &net), CLSNN_OK);
    clsnn_plain_begin_epoch(net, 0);
    assert_int_equal(clsnn_plain_run(net, pixels, N_IMAGES, 100, N_IMAGES), CLSNN_OK);
    const size_t n = (size_t)net->n;
    const struct {
        const void *data;
        size_t n_bytes;
    } state[] = {{net->w, N_PRE * n * sizeof *net->w},
                 {net->theta, n * sizeof *net->theta},
                 {net->v_exc, n * sizeof *net->v_exc},
                 {net->v_inh, n * sizeof *net->v_inh},
                 {net->last_inh, n * sizeof *net->last_inh}};
    for (size_t s = 0; s < sizeof state / sizeof *state; s++)
        for (size_t k = 0; k < state[s].n_bytes; k++)
            sum = (sum ^ ((const uint8_t *)state[s].data)[k]) * 1099511628211u;
    clsnn_plain_destroy(net);
    return sum;
}

static void read_where_the_table_says(void **state) {
    (void)state;
    const struct clsnn_law_info *rule = &clsnn_laws_table[0], *inhibition = &clsnn_laws_table[2];
    static const char *const rules[] = {"triplet", "pair", "powerlaw", "symmetric", "exponential"};
    static const char *const paths[] = {"layer", "direct"};
    assert_string_equal(rule->name, "rule");
    assert_string_equal(inhibition->name, "inhibition");
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
            struct clsnn_model base;
            clsnn_model_defaults(&base);
            base.time_on_ms = 200;
            base.rate_divisor = 2; /* few inputs must make neurons fire */
            /* tau_post1_ms decides when a column is rescaled, which may round it otherwise */
            base.w_norm = 0;
            assert_int_equal(clsnn_law_set(&base.laws, rule, rules[r]), CLSNN_OK);
            assert_int_equal(clsnn_law_set(&base.laws, inhibition, paths[p]), CLSNN_OK);
            const uint64_t usual = trace_of(&base);
            for (size_t k = 0; k < sizeof tried / sizeof *tried; k++) {
                char why[CLSNN_READS] = "";
                struct clsnn_model m = base;
                assert_int_equal(clsnn_model_set(&m, tried[k].name, tried[k].value), CLSNN_OK);
                const bool read = clsnn_param_is_read(clsnn_param_find(tried[k].name), &m.laws, false, why);
                if ((trace_of(&m) != usual) != read)
                    fail_msg("%s under %s, %s: the table says it is %s", tried[k].name, rules[r], paths[p],
                             read ? "read" : why);
            }
        }
    }
}

/* Every row of the table is tried above, but those of initial values, which --from replaces. */
static void each_row_is_tried(void **state) {
    (void)state;
    struct clsnn_laws laws = {.rule = 0};
    char why[CLSNN_READS];
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        bool always = true, is_tried = false;
        for (laws.rule = 0; laws.rule < 5; laws.rule++)
            for (laws.inhibition = 0; laws.inhibition < 2; laws.inhibition++)
                always = always && clsnn_param_is_read(p, &laws, false, why);
        for (size_t t = 0; t < sizeof tried / sizeof *tried; t++)
            is_tried = is_tried || strcmp(tried[t].name, p->name) == 0;
        if (always == is_tried) fail_msg("%s: tried, or in the table, not both", p->name);
    }
    laws = (struct clsnn_laws){.rule = 0};
    assert_true(clsnn_param_is_read(clsnn_param_find("theta_init_mv"), &laws, false, why));
    assert_false(clsnn_param_is_read(clsnn_param_find("theta_init_mv"), &laws, true, why));
    assert_false(clsnn_param_is_read(clsnn_param_find("beta"), &laws, false, why));
    assert_string_equal(why, "only rule exponential reads it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_where_the_table_says),
        cmocka_unit_test(each_row_is_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
