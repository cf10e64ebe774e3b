/* Parameters as text and back: the bounds of every row of params.def, hostile numbers, names, and conditions
 * between parameters. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "options/options_table.h"
#include "clsnn/model.h"

/* The call must fail as a usage error. Its one line must contain every given text, up to a NULL. */
static void expect_usage(enum clsnn_status st, ...) {
    assert_int_equal(st, CLSNN_E_USAGE);
    const char *text = clsnn_error_text(), *want;
    va_list wanted;
    va_start(wanted, st);
    while ((want = va_arg(wanted, const char *)))
        if (!strstr(text, want)) fail_msg("\"%s\" does not contain \"%s\"", text, want);
    va_end(wanted);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20) fail_msg("control character in \"%s\"", text);
    clsnn_error_clear();
}

static void test_defaults_and_presets(void **state) {
    (void)state;
    struct clsnn_model a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    clsnn_model_defaults(&a);
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        assert_true(clsnn_model_get(&a, p) == p->def);
        assert_true(p->min <= p->def && p->def <= p->max);
        assert_true(p->min < p->max);
        assert_ptr_equal(clsnn_param_find(p->name), p);
    }
    assert_true(a.tau_m_exc_ms == 100 && a.rate_divisor == 8);
    assert_int_equal(clsnn_model_check(&a), CLSNN_OK);
    assert_string_equal(clsnn_option_find("preset")->def, clsnn_presets_table[0].name);
    for (size_t k = 0; k < clsnn_n_presets; k++) {
        const struct clsnn_preset_info *row = &clsnn_presets_table[k];
        const bool is_default = strcmp(row->delays, "none") == 0 && *row->changes == '\0';
        b.w_max = 7;
        assert_int_equal(clsnn_model_preset(&b, row->name), CLSNN_OK);
        assert_int_equal(clsnn_model_check(&b), CLSNN_OK);
        assert_int_equal(memcmp(&a, &b, sizeof a) == 0, is_default);
        if (strcmp(row->name, "diehl-cook-2015") == 0)
            assert_true(b.laws.delay_min == 0 && b.laws.delay_max == 20);
        if (strcmp(row->name, "brian2-port") == 0) assert_true(b.refrac_exc_ms == 50 && b.hold_exc_ms == 5);
    }
    assert_int_equal(clsnn_model_preset(&b, CLSNN_PRESET_OLD), CLSNN_OK);
    assert_memory_equal(&a, &b, sizeof a);
    expect_usage(clsnn_model_preset(&b, "sead\n"), "sead?", "kim-2020", "diehl-cook-2015", "seed", NULL);
    assert_memory_equal(&a, &b, sizeof a);
    assert_null(clsnn_param_find("tau"));
}

static void test_every_bound(void **state) {
    (void)state;
    struct clsnn_model m;
    clsnn_model_defaults(&m);
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        char low[32], high[32], outside[64];
        clsnn_format_real(p->min, low);
        clsnn_format_real(p->max, high);
        if (p->is_int) snprintf(high, sizeof high, "%.0f", p->max); /* printed in digits */
        assert_int_equal(clsnn_model_set(&m, p->name, low), CLSNN_OK);
        assert_true(clsnn_model_get(&m, p) == p->min);
        assert_int_equal(clsnn_model_set(&m, p->name, high), CLSNN_OK);
        assert_true(clsnn_model_get(&m, p) == p->max);
        /* The next double outside each bound is refused. */
        snprintf(outside, sizeof outside, "%.17g", nextafter(p->min, -(double)INFINITY));
        expect_usage(clsnn_model_set(&m, p->name, outside), p->name, outside, "must be", low, high, NULL);
        snprintf(outside, sizeof outside, "%.17g", nextafter(p->max, (double)INFINITY));
        expect_usage(clsnn_model_set(&m, p->name, outside), p->name, outside, "must be", low, high, NULL);
        if (p->is_int) expect_usage(clsnn_model_set(&m, p->name, "1.5"), p->name, "whole number", NULL);
        /* A refused value leaves the parameter as it was. */
        assert_true(clsnn_model_get(&m, p) == p->max);
    }
    expect_usage(clsnn_model_set(&m, "tau_m_exc_ms", "0"), "tau_m_exc_ms = 0: must be in [1, 10000] ms",
                 NULL);
}

static void test_hostile_numbers(void **state) {
    (void)state;
    static const char *const not_numbers[] = {
        " ",     "abc",   "nan",      "-nan",     "inf",   "-inf",  "infinity", "0x10",     "0x1p4", "1 ",
        " 1",    "1\n",   "1e",       "1e+",      "e5",    ".",     "-",        "+",        "--1",   "1,5",
        "1.2.3", "1e5e5", "\xC2\xB5", "\xD9\xA3", "1_000", "100ms", "1;",       "\x1b[31m", "1e5.5"};
    static const char *const too_large[] = {"1e309", "-1e309", "1e99999999999999999999",
                                            "99999999999999999999999999"};
    struct clsnn_model m;
    clsnn_model_defaults(&m);
    uint64_t whole = 7;
    for (size_t k = 0; k < sizeof not_numbers / sizeof not_numbers[0]; k++) {
        expect_usage(clsnn_model_set(&m, "tau_m_exc_ms", not_numbers[k]), "tau_m_exc_ms", "not a number",
                     "[1, 10000] ms", NULL);
        expect_usage(clsnn_parse_whole("--n", not_numbers[k], 1, 9, "", &whole), "--n", "not a number",
                     "[1, 9]", NULL);
    }
    expect_usage(clsnn_model_set(&m, "tau_m_exc_ms", ""), "tau_m_exc_ms is empty: must be in [1, 10000] ms",
                 NULL);
    expect_usage(clsnn_parse_whole("--n", "", 1, 9, "images", &whole),
                 "--n is empty: must be a whole number in [1, 9] images", NULL);
    for (size_t k = 0; k < sizeof too_large / sizeof too_large[0]; k++) {
        expect_usage(clsnn_model_set(&m, "tau_m_exc_ms", too_large[k]), too_large[k],
                     "must be in [1, 10000] ms", NULL);
        expect_usage(clsnn_parse_whole("--n", too_large[k], 0, UINT64_MAX, "", &whole), too_large[k],
                     "must be in", NULL);
    }
    assert_int_equal(whole, 7);
    assert_true(m.tau_m_exc_ms == 100);

    size_t n = 1u << 20;
    char *digits = malloc(n + 1);
    assert_non_null(digits);
    memset(digits, '9', n);
    digits[n] = '\0';
    expect_usage(clsnn_model_set(&m, "tau_m_exc_ms", digits), "9999...: must be in", NULL);
    expect_usage(clsnn_parse_whole("--n", digits, 0, 9, "", &whole), "9999...: must be in [0, 9]", NULL);
    memset(digits, '0', n - 1); /* the same length, but the value is 9 */
    assert_int_equal(clsnn_parse_whole("--n", digits, 0, 9, "", &whole), CLSNN_OK);
    assert_int_equal(whole, 9);
    free(digits);
}

static void test_whole_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"+5", 5},
                {"-0", 0},
                {"1e3", 1000},
                {"1.5e3", 1500},
                {"60000.0", 60000},
                {"60000.", 60000},
                {".5e1", 5},
                {"007", 7},
                {"9007199254740993", 9007199254740993u},
                {"18446744073709551615", UINT64_MAX}};
    uint64_t value = 0;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        assert_int_equal(clsnn_parse_whole("--seed", good[k].text, 0, UINT64_MAX, "", &value), CLSNN_OK);
        assert_true(value == good[k].value);
    }
    expect_usage(clsnn_parse_whole("--seed", "18446744073709551616", 0, UINT64_MAX, "", &value), "must be in",
                 "18446744073709551615]", NULL);
    expect_usage(clsnn_parse_whole("--seed", "18446744073709551616.0", 0, UINT64_MAX, "", &value),
                 "must be in", NULL);
    expect_usage(clsnn_parse_whole("--seed", "-1", 0, UINT64_MAX, "", &value), "must be in [0, ", NULL);
    expect_usage(clsnn_parse_whole("--n", "0", 1, 9, "images", &value), "--n = 0: must be in [1, 9] images",
                 NULL);
    expect_usage(clsnn_parse_whole("--n", "1.5", 1, 9, "", &value),
                 "--n = 1.5: must be a whole number in [1, 9]", NULL);
    expect_usage(clsnn_parse_whole("--n", "1e9", 1, 16384, "", &value), "--n = 1e9: must be in [1, 16384]",
                 NULL);
}

static void test_format_reads_back(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {10000, "10000"}, {-65, "-65"},   {1e7, "1e7"}, {1e12, "1e12"},   {1e-5, "1e-5"},
        {0.05, "0.05"},   {10.4, "10.4"}, {0, "0"},     {1e100, "1e100"}, {1.0 / 3, "0.3333333333333333"}};
    char text[32];
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        clsnn_format_real(known[k].value, text);
        assert_string_equal(text, known[k].text);
    }
    uint64_t bits = 88172645463325252u; /* xorshift: any spread of bit patterns serves */
    for (int k = 0; k < 20000; k++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        clsnn_format_real(value, text);
        assert_true(strlen(text) < sizeof text - 1);
        assert_true(strtod(text, NULL) == value);
    }
}

/* A library's user may have set a locale whose decimal mark is a comma. */
static void test_decimal_comma(void **state) {
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8", "de_DE"};
    struct clsnn_model m;
    char text[32];
    size_t k = 0;
    while (k < sizeof locales / sizeof *locales && !setlocale(LC_NUMERIC, locales[k])) k++;
    if (k == sizeof locales / sizeof *locales) skip();
    assert_int_equal(*localeconv()->decimal_point, ',');
    clsnn_model_defaults(&m);
    assert_int_equal(clsnn_model_set(&m, "theta_plus_mv", "0.0625"), CLSNN_OK);
    assert_true(m.theta_plus_mv == 0.0625);
    clsnn_format_real(0.0625, text);
    assert_string_equal(text, "0.0625");
    assert_int_equal(*localeconv()->decimal_point, ','); /* the user's locale is back */
    setlocale(LC_NUMERIC, "C");
}

static void test_names(void **state) {
    (void)state;
    static const char *const names[] = {"train", "eval", "replay", "devices", "data", "test-images"};
    static const struct {
        const char *typed, *meant;
    } cases[] = {{"trian", "train"},
                 {"evl", "eval"},
                 {"device", "devices"},
                 {"test", "test-images"},
                 {"dat", "data"},
                 {"tset-imags", "test-images"},
                 {"", NULL},
                 {"x", NULL},
                 {"zzzzzz", NULL},
                 {"qq", NULL}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const char *near = clsnn_nearest(cases[k].typed, names, 6);
        if (!cases[k].meant)
            assert_null(near);
        else
            assert_string_equal(near ? near : "NULL", cases[k].meant);
    }
    char longest[5000];
    memset(longest, 't', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(clsnn_nearest(longest, names, 6));

    struct clsnn_model m;
    clsnn_model_defaults(&m);
    expect_usage(clsnn_model_set(&m, "tau_m_ex_ms", "1"), "unknown parameter tau_m_ex_ms",
                 "did you mean tau_m_exc_ms?", NULL);
    expect_usage(clsnn_model_set(&m, "", "1"), "unknown parameter", NULL);
    expect_usage(clsnn_model_set(&m, "completely_different", "1"), "unknown parameter", "--print-config",
                 NULL);
    expect_usage(clsnn_model_set(&m, "a\nb", "1"), "a?b", NULL);
    expect_usage(clsnn_model_set(&m, longest, "1"), "tttt...", NULL);
}

static void test_excerpt(void **state) {
    (void)state;
    char out[CLSNN_EXCERPT], text[200];
    assert_string_equal(clsnn_excerpt("a\tb\x7F", out), "a?b?");
    for (size_t n = 0; n < 150; n++) { /* text in two-byte characters, of every length around the cut */
        for (size_t k = 0; k < n; k++) text[k] = k % 2 ? '\xA9' : '\xC3';
        text[n] = '\0';
        clsnn_excerpt(text, out);
        assert_true(strlen(out) < CLSNN_EXCERPT);
        if (n < CLSNN_EXCERPT)
            assert_string_equal(out, text);
        else
            assert_true((strlen(out) - 3) % 2 == 0 && strstr(out, "..."));
    }
}

static void test_conditions(void **state) {
    (void)state;
    static const struct {
        const char *name, *value, *other; /* the change, and the second name that the message must give */
    } cases[] = {{"v_thresh_exc_mv", "-65", "v_rest_exc_mv"},
                 {"v_reset_exc_mv", "-52", "v_thresh_exc_mv"},
                 {"v_rest_inh_mv", "-40", "v_thresh_inh_mv"},
                 {"v_reset_inh_mv", "-30", "v_thresh_inh_mv"},
                 {"e_exc_exc_mv", "-52", "v_thresh_exc_mv"},
                 {"e_exc_inh_mv", "-41", "v_thresh_inh_mv"},
                 {"e_inh_exc_mv", "-64", "v_rest_exc_mv"},
                 {"v_reset_exc_mv", "-101", "e_inh_exc_mv"},
                 {"intensity_start", "33", "intensity_max"},
                 {"rate_divisor", "4", "intensity_max"},
                 {"intensity_max", "63", "rate_divisor"},
                 {"w_init_max", "1", "w_max"},
                 {"w_norm", "4096.5", "w_max"},
                 {"time_on_ms", "350.25", "0.5 ms"},
                 {"time_off_ms", "0.1", "0.5 ms"},
                 {"refrac_exc_ms", "0.7", "0.5 ms"},
                 {"refrac_inh_ms", "99.9", "0.5 ms"}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct clsnn_model m;
        clsnn_model_defaults(&m);
        assert_int_equal(clsnn_model_set(&m, cases[k].name, cases[k].value), CLSNN_OK);
        expect_usage(clsnn_model_check(&m), cases[k].name, cases[k].other, NULL);
    }
    /* A value exactly on a condition's bound is allowed. */
    struct clsnn_model m;
    clsnn_model_defaults(&m);
    static const char *const allowed[][2] = {{"intensity_start", "32"}, {"intensity_max", "62"},
                                             {"w_norm", "4096"},        {"refrac_exc_ms", "0"},
                                             {"time_off_ms", "0"},      {"time_on_ms", "0.5"}};
    for (size_t k = 0; k < sizeof allowed / sizeof allowed[0]; k++) {
        assert_int_equal(clsnn_model_set(&m, allowed[k][0], allowed[k][1]), CLSNN_OK);
        assert_int_equal(clsnn_model_check(&m), CLSNN_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_presets),
        cmocka_unit_test(test_every_bound),
        cmocka_unit_test(test_hostile_numbers),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_format_reads_back),
        cmocka_unit_test(test_decimal_comma),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_excerpt),
        cmocka_unit_test(test_conditions),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
