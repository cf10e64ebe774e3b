/* Runs of a sweep that are no grid: repeated values in zipped lists, logarithmic ranges, random points,
 * tables of runs; preset tuned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interpolate.h"
#include "clsnn/abi.h"
#include "model/reads.h"
#include "model/tuned.h"
#include "options/options.h"
#include "sweep/grid.h"

static char folder[64], ini[96], csv[96];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/clsnn-points-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(ini, sizeof ini, "%s/s.ini", folder);
    snprintf(csv, sizeof csv, "%s/s.csv", folder);
    setenv("XDG_CONFIG_HOME", folder, 1); /* a folder without clsnn/config.ini */
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(ini);
    unlink(csv);
    return rmdir(folder);
}

/* Reads a sweep of this text with the command line "sweep FILE WORD"; word may be NULL. */
static enum clsnn_status read_sweep(char *file, const char *text, char *word, struct clsnn_grid *out) {
    char name[] = "sweep", *argv[] = {name, file, word, NULL};
    enum clsnn_parse_action action;
    struct clsnn_options base = {0}, o = {0};
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    enum clsnn_status st = clsnn_options_parse(CLSNN_CMD_SWEEP, word ? 3 : 2, argv, &base, &action);
    if (st == CLSNN_OK) st = clsnn_grid_read(file, &base, NULL, out, &o);
    clsnn_options_finish(&base);
    clsnn_options_finish(&o);
    return st;
}

static struct clsnn_grid good(char *file, const char *text, char *word) {
    struct clsnn_grid g = {0};
    if (read_sweep(file, text, word, &g) != CLSNN_OK) fail_msg("refused: %s: %s", text, clsnn_error_text());
    return g;
}

static void bad(char *file, const char *want, const char *text, char *word) {
    struct clsnn_grid g = {0};
    if (read_sweep(file, text, word, &g) == CLSNN_OK) fail_msg("accepted: %s", text);
    if (!strstr(clsnn_error_text(), want))
        fail_msg("\"%s\" does not contain \"%s\"", clsnn_error_text(), want);
    assert_true(g.n_runs == 0);
    clsnn_error_clear();
}

/* Run k must have these values, joined by blanks, in the order of the axes. */
static void run_is(const struct clsnn_grid *g, size_t run, const char *want) {
    char all[256] = "";
    size_t n = 0;
    for (size_t a = 0; a < g->n_axes; a++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", a ? " " : "",
                              clsnn_grid_value(g, run, &g->axes[a]));
    assert_string_equal(all, want);
}

static void test_repeated_values(void **state) {
    (void)state;
    struct clsnn_grid g =
        good(ini, "neurons = 100, 100, 200\nw_norm = 70, 80, 70\nseed = 1, 2\nzip = neurons, w_norm", NULL);
    assert_int_equal(g.n_runs, 6);
    static const char *const want[] = {"100 70 1", "100 70 2", "100 80 1",
                                       "100 80 2", "200 70 1", "200 70 2"};
    for (size_t k = 0; k < 6; k++) run_is(&g, k, want[k]);
    assert_true(clsnn_grid_index(&g, 0, &g.axes[0]) == clsnn_grid_index(&g, 2, &g.axes[0]));
    clsnn_grid_finish(&g);
    bad(ini, "s.ini:1: neurons: places 1 and 3 of the lists that advance together have the same values",
        "neurons = 100, 200, 100\nw_norm = 70, 70, 70\nzip = neurons, w_norm", NULL);
}

static void test_long_lines(void **state) {
    (void)state;
    char text[20000] = "seed = 1";
    size_t n = strlen(text);
    for (int k = 2; k <= 3000; k++) n += (size_t)snprintf(text + n, sizeof text - n, ", %d", k);
    struct clsnn_grid g = good(ini, text, NULL);
    assert_int_equal(g.n_runs, 3000);
    run_is(&g, 2999, "3000");
    clsnn_grid_finish(&g);
}

static void test_logarithms(void **state) {
    (void)state;
    struct clsnn_grid g = good(ini, "theta_plus_mv = log(0.001..1, 4), 2", NULL);
    static const char *const want[] = {"0.001", "0.01", "0.1", "1", "2"};
    assert_int_equal(g.n_runs, 5);
    for (size_t k = 0; k < 5; k++) run_is(&g, k, want[k]);
    clsnn_grid_finish(&g);
    g = good(ini, "neurons = log(100..1600,3)", NULL);
    run_is(&g, 1, "400");
    clsnn_grid_finish(&g);
    /* Shares whose powers are known, and the error of 53 roots, each of half an ulp. */
    for (int k = 0; k < 8; k++)
        assert_true(fabs(clsnn_between(0.5, 128, true, k / 8.0) / ldexp(0.5, k) - 1) < 53 * 1.2e-16);
    bad(ini, "s.ini:1: w_max = log(1..2): how many values? Write log(FIRST..LAST, COUNT)",
        "w_max = log(1..2)", NULL);
    bad(ini, "w_max = 0..2: log() needs a first value above 0", "w_max = log(0..2, 3)", NULL);
    bad(ini, "the range 3..2 is empty", "w_max = log(3..2, 3)", NULL);
    bad(ini, "w_max = 1..2..1: log() takes FIRST..LAST", "w_max = log(1..2..1, 3)", NULL);
    bad(ini, "w_max = log(1..2, 3: must be log(FIRST..LAST, COUNT)", "w_max = log(1..2, 3", NULL);
    bad(ini, "w_max = 1: must be in [2, 10000]", "w_max = log(1..2, 1)", NULL);
    bad(ini, "neurons: 2 stands there twice", "neurons = log(2..4, 5)", NULL);
}

static const char ranges[] = "theta_plus_mv = log(0.005..0.5)\nw_norm = 60..90\nneurons = 16..20\n"
                             "shuffle = yes, no\neta_post = 0.01..0.03..0.01\n";

static void test_random_points(void **state) {
    (void)state;
    char few[] = "--random=40", more[] = "--random=1000", tiny[] = "--random=3";
    char text[sizeof ranges + 32];
    struct clsnn_grid g = good(ini, ranges, few), all = good(ini, ranges, more);
    size_t below = 0, n_of[5] = {0}, n_yes = 0;
    assert_int_equal(g.n_runs, 40);
    assert_int_equal(all.n_runs, 1000);
    for (size_t k = 0; k < 1000; k++) {
        const struct clsnn_options *o = &all.options[k];
        for (size_t a = 0; a < g.n_axes && k < 40; a++) /* more points keep the first ones */
            assert_string_equal(clsnn_grid_value(&g, k, &g.axes[a]), clsnn_grid_value(&all, k, &all.axes[a]));
        assert_true(o->model.theta_plus_mv >= 0.005 && o->model.theta_plus_mv <= 0.5);
        assert_true(o->model.w_norm >= 60 && o->model.w_norm <= 90);
        assert_in_range(o->neurons, 16, 20);
        assert_true(o->model.eta_post == 0.01 || o->model.eta_post == 0.02 || o->model.eta_post == 0.03);
        for (size_t a = 0; a < 2; a++) {
            const char *value = clsnn_grid_value(&all, k, &all.axes[a]);
            char four_digits[32];
            snprintf(four_digits, sizeof four_digits, "%.4g", strtod(value, NULL));
            assert_string_equal(value, four_digits);
        }
        below += o->model.theta_plus_mv < 0.05; /* half of the logarithm's way */
        n_of[o->neurons - 16]++;
        n_yes += o->shuffle;
    }
    /* Of 1000 draws with a chance of 1/2, 500 +- 80 come out but for one time in 2.4 million. */
    assert_in_range(below, 420, 580);
    assert_in_range(n_yes, 420, 580);
    for (size_t k = 0; k < 5; k++) assert_in_range(n_of[k], 137, 263); /* 200 +- 63: 5 standard deviations */
    clsnn_grid_finish(&all);
    /* Another seed gives other points; another axis leaves the values of the others alone. */
    snprintf(text, sizeof text, "%sseed = 2\n", ranges);
    all = good(ini, text, few);
    assert_string_not_equal(clsnn_grid_value(&all, 0, &all.axes[0]), clsnn_grid_value(&g, 0, &g.axes[0]));
    clsnn_grid_finish(&all);
    snprintf(text, sizeof text, "w_max = 1..2\n%s", ranges);
    all = good(ini, text, few);
    for (size_t k = 0; k < 40; k++)
        assert_string_equal(clsnn_grid_value(&all, k, &all.axes[1]), clsnn_grid_value(&g, k, &g.axes[0]));
    clsnn_grid_finish(&all);
    clsnn_grid_finish(&g);
    /* Each point is trained with each seed. */
    g = good(ini, "seed = 5, 7\nw_norm = 60..90\nrandom = 3", NULL);
    assert_int_equal(g.n_runs, 6);
    for (size_t k = 0; k < 3; k++)
        assert_string_equal(clsnn_grid_value(&g, k, &g.axes[1]), clsnn_grid_value(&g, k + 3, &g.axes[1]));
    assert_true(g.options[0].seed == 5 && g.options[5].seed == 7);
    clsnn_grid_finish(&g);
    g = good(ini, "neurons = 16..18\n", tiny); /* every one of the three */
    assert_true(g.n_runs == 3 && g.axes[0].n_values == 3);
    clsnn_grid_finish(&g);
    bad(ini, "--random = 3: the ranges hold hardly more than 2 different points", "neurons = 16, 17", tiny);
    bad(ini, "--random = 3: no line has a range to draw from", "neurons = 16", tiny);
    bad(ini, "--random = 3: no line has a range to draw from", "seed = 1..3", tiny);
    bad(ini, "leave zip out", "neurons = 16..20\nw_norm = 60..70\nzip = neurons, w_norm", tiny);
    bad(ini, "the range 20..16 is empty", "neurons = 20..16", tiny);
    bad(ini, "w_max = 0: must be in [0.001, 1000]", "w_max = 0, 0, 0", tiny);
}

static void test_tables(void **state) {
    (void)state;
    struct clsnn_grid g = good(csv,
                               "\xEF\xBB\xBFneurons, \"w_norm\" ,seed\r\n"
                               "100,78,1\r\n\r\n\"100\",\"80\"  , 1\n16,7.8e1,18446744073709551615",
                               NULL);
    static const char *const want[] = {"100 78 1", "100 80 1", "16 78 18446744073709551615"};
    assert_int_equal(g.n_runs, 3);
    for (size_t k = 0; k < 3; k++) run_is(&g, k, want[k]);
    char *name = clsnn_grid_name(&g, 1);
    assert_string_equal(name, "neurons-100_w_norm-80_seed-1");
    free(name);
    clsnn_grid_finish(&g);
    char zip[] = "--zip=a,b", some[] = "--random=3", seed[] = "--seed=3";
    bad(csv, "s.csv:1: unknown option or parameter neurns: did you mean neurons?", "neurns\n1\n", NULL);
    bad(csv, "s.csv:1: data: all runs share it: give it on the command line", "seed,data\n1,mnist\n", NULL);
    bad(csv, "s.csv:1: runs: is no option of a training run", "runs\n1\n", NULL);
    bad(csv, "s.csv:1: seed: stands there twice", "seed,seed\n1,2\n", NULL);
    bad(csv, "s.csv:3: 1 fields: must be 2, as in the header", "seed,epochs\n1,2\n3\n", NULL);
    bad(csv, "s.csv:3: neurons = 0: must be in [1, 16384]", "neurons\n5\n0\n", NULL);
    bad(csv, "s.csv:2: neurons is empty", "neurons,seed\n,3\n", NULL);
    bad(csv, "s.csv:2: a quote without its end", "neurons\n\"5\n", NULL);
    bad(csv, "s.csv:2: text behind a quoted field", "neurons,seed\n\"5\"6,7\n", NULL);
    bad(csv, "s.csv:2: a quote inside a field", "neurons,seed\n5\"6,7\n", NULL);
    bad(csv, "s.csv:2: neurons = 5\"6: not a number", "neurons\n\"5\"\"6\"\n", NULL);
    bad(csv, "s.csv: rows 1 and 2 below the header are the same run: list each run once", "neurons\n5\n5.0\n",
        NULL);
    bad(csv, "s.csv: is empty", "\n\n", NULL);
    bad(csv, "s.csv: has names only", "neurons\n", NULL);
    bad(csv, "--zip is for a FILE.ini", "neurons\n5\n", zip);
    bad(csv, "--random is for a FILE.ini", "neurons\n5\n", some);
    bad(csv, "is swept here and given on the command line too", "seed\n5\n", seed);
}

/* Preset tuned: the table's values at its sizes, their geometric mean at the geometric mean of two sizes, the
 * ends' values beyond, and what the user gives above all of them. */
static void test_tuned(void **state) {
    (void)state;
    double at[CLSNN_N_TUNED], low[CLSNN_N_TUNED], high[CLSNN_N_TUNED];
    uint32_t below, above;
    clsnn_tuned_values(0, 400, low, &below, &above);
    assert_true(below == 400 && above == 400);
    clsnn_tuned_values(0, 1600, high, &below, &above);
    assert_true(below == 1600 && above == 1600);
    clsnn_tuned_values(0, 800, at, &below, &above);
    assert_true(below == 400 && above == 1600);
    for (size_t k = 0; k < CLSNN_N_TUNED; k++) { /* rounded to four digits */
        assert_non_null(clsnn_param_find(clsnn_tuned_names[k]));
        if (isnan(low[k]) || isnan(high[k])) continue;
        assert_true(fabs(at[k] / sqrt(low[k] * high[k]) - 1) <= 5e-4);
    }
    static const uint32_t ends[][2] = {{1, 100}, {99, 100}, {16384, 6400}};
    for (size_t e = 0; e < 3; e++) {
        clsnn_tuned_values(0, ends[e][0], at, &below, &above);
        clsnn_tuned_values(0, ends[e][1], low, &above, &above);
        assert_true(below == ends[e][1]);
        assert_memory_equal(at, low, sizeof at);
    }
    /* Each run of a sweep has the values of its size. */
    struct clsnn_grid g = good(ini, "preset = kim-2020, tuned\nneurons = 100, 400, 800\nw_norm = 70", NULL);
    for (size_t k = 0; k < 6; k++) {
        const struct clsnn_model *m = &g.options[k].model;
        clsnn_tuned_values(0, (uint32_t)g.options[k].neurons, at, &below, &above);
        assert_true(m->theta_plus_mv == (k < 3 ? 0.05 : at[0]) && m->w_norm == 70);
        assert_true(m->tau_pre_ms == (k < 3 ? 20 : at[6]) && m->tau_m_exc_ms == 100);
    }
    clsnn_grid_finish(&g);
    /* Every rule has a row, which gives what the rule reads and nothing else. */
    for (int rule = CLSNN_RULE_TRIPLET; rule <= CLSNN_RULE_EXPONENTIAL; rule++) {
        clsnn_tuned_values(rule, 400, at, &below, &above);
        assert_true(below == 400 && above == 400);
        const struct clsnn_laws laws = {.rule = rule};
        for (size_t k = 0; k < CLSNN_N_TUNED; k++) {
            char why[CLSNN_READS];
            if (isnan(at[k]) ==
                clsnn_param_is_read(clsnn_param_find(clsnn_tuned_names[k]), &laws, false, why))
                fail_msg("rule %d, %s", rule, clsnn_tuned_names[k]);
        }
    }
    g = good(ini, "preset = tuned\nneurons = 100\nrule = triplet, pair", NULL);
    assert_true(g.options[0].model.theta_plus_mv == 0.0121 && g.options[1].model.theta_plus_mv == 0.07742);
    clsnn_grid_finish(&g);
    char given[] = "--set=eta_post=0.5";
    g = good(ini, "preset = tuned\nneurons = 100, 400\neta_pre = 1e-3, 2e-3", given);
    for (size_t k = 0; k < 4; k++) {
        const struct clsnn_model *m = &g.options[k].model;
        assert_true(m->eta_post == 0.5 && m->eta_pre == (k % 2 ? 2e-3 : 1e-3) && m->theta_plus_mv < 0.05);
    }
    clsnn_grid_finish(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeated_values), cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_logarithms),      cmocka_unit_test(test_random_points),
        cmocka_unit_test(test_tables),          cmocka_unit_test(test_tuned),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
