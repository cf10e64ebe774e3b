/* Means, spreads and Student's t, against published tables and closed forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/stats.h"

static void near(double found, double wanted, double relative) {
    if (!(fabs(found - wanted) <= relative * fabs(wanted))) fail_msg("%.17g: must be %.17g", found, wanted);
}

/* Abramowitz and Stegun, Table 26.10, and the NIST handbook's critical values. The tables print six digits; a
 * bound of 1e-4 ignores the last. */
static void test_student(void **state) {
    (void)state;
    static const struct {
        size_t freedom;
        double t;
    } table[] = {{1, 12.7062},  {2, 4.30265},   {3, 3.18245},   {4, 2.77645},   {5, 2.57058},  {6, 2.44691},
                 {9, 2.26216},  {10, 2.22814},  {19, 2.09302},  {29, 2.04523},  {30, 2.04227}, {60, 2.00030},
                 {99, 1.98422}, {100, 1.98397}, {120, 1.97993}, {1000, 1.96234}};
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        near(clsnn_student_t975(table[k].freedom), table[k].t, 1e-4);
    /* Closed forms at one and two degrees of freedom, tan(0.475 pi) and 0.95 sqrt(2 / (1 - 0.95^2)), hold to
     * the precision of doubles. */
    near(clsnn_student_t975(1), tan(0.475 * acos(-1.0)), 1e-12);
    near(clsnn_student_t975(2), 0.95 * sqrt(2 / (1 - 0.95 * 0.95)), 1e-12);
    /* t falls towards the normal distribution's 1.959964 and never below it. */
    double last = 13;
    for (size_t freedom = 1; freedom <= 300; freedom++) {
        const double t = clsnn_student_t975(freedom);
        assert_true(t < last && t > 1.959963);
        last = t;
    }
    near(clsnn_student_t975(100000), 1.959988, 1e-6); /* 1.959964 + (1.959964 + 1.959964^3) / 4e5 */
    near(clsnn_student_t975(SIZE_MAX), 1.959964, 2e-5);
}

static void test_few(void **state) {
    (void)state;
    const double x[] = {7.25, -1};
    struct clsnn_stats s = clsnn_stats_of(NULL, 0);
    assert_true(s.n == 0 && isnan(s.mean) && isnan(s.sd) && isnan(s.ci95) && isnan(s.min) && isnan(s.max));
    s = clsnn_stats_of(x, 1);
    assert_true(s.n == 1 && s.mean == 7.25 && isnan(s.sd) && isnan(s.ci95) && s.min == 7.25 && s.max == 7.25);
    s = clsnn_stats_of(x, 2);
    assert_true(s.n == 2 && s.min == -1 && s.max == 7.25);
    near(s.mean, 3.125, 1e-15);
    near(s.sd, 8.25 / sqrt(2), 1e-15);
    near(s.ci95, 12.7062 * 8.25 / 2, 1e-4);
}

static void test_many(void **state) {
    (void)state;
    double x[101], y[5] = {2, 2, 2, 2, 2}, small[3] = {1e9 + 4, 1e9 + 7, 1e9 + 13};
    for (int k = 0; k < 101; k++) x[k] = (k * 37) % 101; /* 0 to 100, permuted */
    struct clsnn_stats s = clsnn_stats_of(x, 101);
    assert_true(s.n == 101 && s.min == 0 && s.max == 100);
    near(s.mean, 50, 1e-14);
    near(s.sd, sqrt(101.0 * 102 / 12), 1e-14); /* n (n + 1) / 12 for n consecutive numbers */
    near(s.ci95, 1.98397 * s.sd / sqrt(101), 1e-4);
    s = clsnn_stats_of(y, 5);
    assert_true(s.mean == 2 && s.sd == 0 && s.ci95 == 0 && s.min == 2 && s.max == 2);
    s = clsnn_stats_of(small, 3); /* a small spread far from zero needs the mean taken off first */
    near(s.sd, sqrt(21), 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_many),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
