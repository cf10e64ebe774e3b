/* Plans, evaluations and standings as JSON. Written records read back equal. A record with a member that is
 * missing, of another type or out of its range is refused by the member's name, and nothing is written. */
#include "run/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiment/experiment.h"
#include "formats/json.h"
#include "run/metrics.h"

static const struct clsnn_dataset data = {
    .name = "digits", .sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"};

static struct clsnn_plan make_plan(void) {
    struct clsnn_plan p = {.neurons = 400,
                           .seed = UINT64_MAX, /* beyond JSON's whole numbers */
                           .epochs = 3,
                           .train_images = 60000,
                           .label_images = 10,
                           .eval_every = 1,
                           .shuffle = true};
    clsnn_model_defaults(&p.model);
    return p;
}

static struct clsnn_metrics make_metrics(uint32_t n_classes) {
    struct clsnn_metrics m = {.epoch = 2,
                              .images = UINT64_C(1) << 63,
                              .accuracy_all = 0.1,
                              .accuracy_likelihood = 0.7,
                              .theta_mean_mv = 1e-300,
                              .unlabelled_neurons = 7,
                              .seconds = 1.0 / 3};
    assert_int_equal(clsnn_score_create(n_classes, &m.score), CLSNN_OK);
    m.score.n_images = UINT32_MAX;
    m.score.correct_all = 3;
    m.score.correct_likelihood = 5;
    for (uint32_t t = 0; t < n_classes; t++)
        for (uint32_t p = 0; p < n_classes; p++)
            m.score.confusion[t * n_classes + p] = n_classes * t + p,
                                              m.score.confusion_proportion[t * n_classes + p] =
                                                  UINT32_MAX - t;
    return m;
}

/* Writes the value as text and parses it, as a file would. */
static json_t *by_text(json_t *value) {
    assert_non_null(value);
    char *text = json_dumps(value, JSON_REAL_PRECISION(17));
    json_decref(value);
    assert_non_null(text);
    json_t *back = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(back);
    return back;
}

static void whole_numbers(void **state) {
    (void)state;
    const uint64_t numbers[] = {0,         1, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 1,
                                UINT64_MAX};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        uint64_t found = 42;
        json_t *value = clsnn_json_whole(numbers[k]);
        assert_int_equal(json_is_integer(value), numbers[k] <= INT64_MAX);
        assert_true(clsnn_json_read_whole(value, numbers[k], &found) && found == numbers[k]);
        found = 42;
        if (numbers[k]) assert_false(clsnn_json_read_whole(value, numbers[k] - 1, &found) || found != 42);
        json_decref(value);
    }
    const char *bad[] = {"-1",
                         "-9223372036854775808",
                         "1.0",
                         "true",
                         "null",
                         "[1]",
                         "\"\"",
                         "\"12a\"",
                         "\"-1\"",
                         "\" 1\"",
                         "\"18446744073709551616\"",
                         "\"99999999999999999999999\""};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        uint64_t found = 42;
        json_t *value = json_loads(bad[k], JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        if (clsnn_json_read_whole(value, UINT64_MAX, &found) || found != 42) fail_msg("%s was read", bad[k]);
        json_decref(value);
    }
}

static void texts_become_utf8(void **state) {
    (void)state;
    const char *given[] = {"plain", "caf\xc3\xa9", "caf\xe9 \xff"},
               *wanted[] = {"plain", "caf\xc3\xa9", "caf? ?"};
    for (int k = 0; k < 3; k++) {
        json_t *value = clsnn_json_text(given[k]);
        assert_string_equal(json_string_value(value), wanted[k]);
        json_decref(value);
    }
}

static void what_is_written_comes_back(void **state) {
    (void)state;
    bool ok = true;
    const struct clsnn_plan plan = make_plan();
    struct clsnn_plan plan_back;
    char name[CLSNN_DATA_NAME], sha256[CLSNN_SHA256_HEX];
    json_t *o = by_text(clsnn_record_plan(&plan, data.name, data.sha256, &ok));
    assert_int_equal(clsnn_record_read_plan(o, "f", &plan_back, name, sha256), CLSNN_OK);
    json_decref(o);
    assert_string_equal(name, data.name);
    assert_string_equal(sha256, data.sha256);
    assert_true(plan_back.neurons == plan.neurons && plan_back.seed == plan.seed &&
                plan_back.epochs == plan.epochs && plan_back.train_images == plan.train_images &&
                plan_back.label_images == plan.label_images && plan_back.test_images == 0 &&
                plan_back.eval_every == 1 && plan_back.shuffle);
    for (size_t k = 0; k < clsnn_n_params; k++)
        assert_true(clsnn_model_get(&plan_back.model, &clsnn_params_table[k]) ==
                    clsnn_model_get(&plan.model, &clsnn_params_table[k]));

    /* Plans of images that do not begin at 0, and of a validation split, have members of their own. */
    struct clsnn_plan part = plan;
    part.label_first = 7, part.test_first = 8, part.validate = 9;
    o = by_text(clsnn_record_plan(&part, data.name, data.sha256, &ok));
    assert_int_equal(clsnn_record_read_plan(o, "f", &plan_back, name, sha256), CLSNN_OK);
    json_decref(o);
    assert_true(plan_back.train_first == 0 && plan_back.label_first == 7 && plan_back.test_first == 8 &&
                plan_back.validate == 9);

    struct clsnn_metrics m = make_metrics(27), m_back = {0};
    json_t *line = by_text(clsnn_metrics_json(&m, false, &ok)),
           *score = by_text(clsnn_record_score(&m.score, &ok));
    assert_int_equal(clsnn_metrics_read(line, "f", false, &m_back), CLSNN_OK);
    assert_int_equal(clsnn_record_read_score(score, "f", &m_back.score), CLSNN_OK);
    json_decref(line);
    json_decref(score);
    line = by_text(clsnn_metrics_json(&m, true, &ok));
    assert_non_null(json_object_get(line, "validation_spikes_per_image"));
    assert_null(json_object_get(line, "test_spikes_per_image"));
    assert_int_equal(clsnn_metrics_read(line, "f", true, &m_back), CLSNN_OK);
    assert_int_equal(clsnn_metrics_read(line, "f", false, &m_back), CLSNN_E_DATA);
    clsnn_error_clear();
    json_decref(line);
    assert_true(m_back.epoch == m.epoch && m_back.images == m.images &&
                m_back.accuracy_all == m.accuracy_all && m_back.theta_mean_mv == m.theta_mean_mv &&
                m_back.unlabelled_neurons == m.unlabelled_neurons && m_back.seconds == m.seconds);
    assert_true(m_back.score.n_images == m.score.n_images && m_back.score.n_classes == 27 &&
                m_back.score.correct_all == m.score.correct_all && m_back.score.correct_proportion == 0 &&
                m_back.accuracy_likelihood == 0.7 && m_back.score.correct_likelihood == 5);
    assert_memory_equal(m_back.score.confusion, m.score.confusion, 2 * 27 * 27 * sizeof(uint32_t));
    /* Version 0.1 did not know vote likelihood. It stays unknown, also when it is written again. */
    line = clsnn_metrics_json(&m, false, &ok);
    json_object_del(line, "accuracy_likelihood");
    for (int k = 0; k < 2; k++) {
        m_back.accuracy_likelihood = 0.5;
        assert_int_equal(clsnn_metrics_read(line, "f", false, &m_back), CLSNN_OK);
        assert_true(isnan(m_back.accuracy_likelihood));
        json_decref(line);
        line = by_text(clsnn_metrics_json(&m_back, false, &ok));
        assert_true(ok && json_is_null(json_object_get(line, "accuracy_likelihood")));
    }
    json_decref(line);
    clsnn_score_finish(&m.score);
    clsnn_score_finish(&m_back.score);

    const struct clsnn_standing at = {
        .epoch = 1, .position = 9, .images = 7, .trained = {.spikes = UINT64_MAX}, .seconds_then = 0.7};
    struct clsnn_standing at_back;
    o = by_text(clsnn_record_standing(&at, &ok));
    assert_int_equal(clsnn_record_read_standing(o, "f", &at_back), CLSNN_OK);
    json_decref(o);
    assert_true(at_back.epoch == 1 && at_back.position == 9 && at_back.images == 7 &&
                at_back.trained.spikes == UINT64_MAX && at_back.seconds_then == 0.7);
    assert_true(ok);
    clsnn_json_add(NULL, "x", json_null(), &ok);
    assert_false(ok);
}

/* The columns of results.csv are numbered from 1 without gaps, and none is a time. */
static void columns_are_numbered(void **state) {
    (void)state;
    int n = 0;
    for (size_t k = 0; k < clsnn_n_metric_rows; k++) {
        const struct clsnn_metric_row *row = &clsnn_metric_rows[k];
        if (!row->column) continue;
        n++;
        assert_ptr_equal(clsnn_metric_column(row->column), row);
        assert_true(row->shown != CLSNN_SHOWN_TIME);
    }
    for (int k = 1; k <= n; k++) assert_non_null(clsnn_metric_column(k));
    assert_null(clsnn_metric_column(n + 1));
}

/* The two matrices alone give the counts of right images. */
static void confusions_tell_their_counts(void **state) {
    (void)state;
    bool ok = true;
    struct clsnn_metrics m = make_metrics(10);
    struct clsnn_score back;
    json_t *score = by_text(clsnn_record_score(&m.score, &ok));
    assert_int_equal(clsnn_record_read_confusions(score, "f", &back), CLSNN_OK);
    assert_int_equal(back.correct_all, 0 + 11 + 22 + 33 + 44 + 55 + 66 + 77 + 88 + 99);
    assert_memory_equal(back.confusion, m.score.confusion, 200 * sizeof *back.confusion);
    clsnn_score_finish(&m.score);
    clsnn_score_finish(&back);
    json_decref(score);
}

enum what { PLAN, METRICS, SCORE, STANDING };

/* The object must be refused with the reason, and nothing may be written. */
static void refused(enum what what, const json_t *object, const char *reason) {
    struct clsnn_plan plan, plan_before;
    struct clsnn_metrics m = make_metrics(10), m_before;
    struct clsnn_standing at = {.epoch = 77}, at_before;
    char name[CLSNN_DATA_NAME] = "kept", sha256[CLSNN_SHA256_HEX] = "kept";
    memset(&plan, 0x5a, sizeof plan);
    memcpy(&plan_before, &plan, sizeof plan);
    memcpy(&m_before, &m, sizeof m);
    memcpy(&at_before, &at, sizeof at);
    const enum clsnn_status st = what == PLAN
                                     ? clsnn_record_read_plan(object, "some file", &plan, name, sha256)
                                 : what == METRICS ? clsnn_metrics_read(object, "some file", false, &m)
                                 : what == SCORE   ? clsnn_record_read_score(object, "some file", &m.score)
                                                   : clsnn_record_read_standing(object, "some file", &at);
    if (st != CLSNN_E_DATA || !strstr(clsnn_error_text(), "some file: ") ||
        !strstr(clsnn_error_text(), reason))
        fail_msg("status %d, \"%s\" lacks \"%s\"", (int)st, clsnn_error_text(), reason);
    clsnn_error_clear();
    assert_memory_equal(&plan, &plan_before, sizeof plan);
    assert_memory_equal(&m, &m_before, sizeof m);
    clsnn_score_finish(&m.score);
    assert_memory_equal(&at, &at_before, sizeof at);
    assert_string_equal(name, "kept");
    assert_string_equal(sha256, "kept");
}

static json_t *make(enum what what) {
    bool ok = true;
    const struct clsnn_plan plan = make_plan();
    struct clsnn_metrics m = make_metrics(10);
    const struct clsnn_standing at = {.epoch = 1};
    json_t *o = what == PLAN      ? clsnn_record_plan(&plan, data.name, data.sha256, &ok)
                : what == METRICS ? clsnn_metrics_json(&m, false, &ok)
                : what == SCORE   ? clsnn_record_score(&m.score, &ok)
                                  : clsnn_record_standing(&at, &ok);
    assert_true(o && ok);
    clsnn_score_finish(&m.score);
    return o;
}

static void a_member_that_is_missing_or_another_is_refused(void **state) {
    (void)state;
    for (enum what what = PLAN; what <= STANDING; what++) {
        json_t *whole = make(what);
        const char *name;
        json_t *value;
        json_object_foreach (whole, name, value) {
            const char *reason = strcmp(name, "dataset") == 0  ? "the data set's name or SHA-256 is missing"
                                 : strcmp(name, "params") == 0 ? "parameter "
                                                               : name;
            json_t *o = json_deep_copy(whole);
            assert_int_equal(json_object_del(o, name), 0);
            /* A plan of an older version lacks newer laws, and means their defaults. Its evaluations lack
             * vote likelihood. */
            bool is_newer = (what == PLAN && strcmp(name, "delays") == 0) ||
                            (what == METRICS && strcmp(name, "accuracy_likelihood") == 0) ||
                            (what == SCORE && strcmp(name, "correct_likelihood") == 0);
            for (size_t k = 0; what == PLAN && k < clsnn_n_laws; k++)
                is_newer = is_newer || strcmp(clsnn_laws_table[k].name, name) == 0;
            if (!is_newer) refused(what, o, reason);
            json_object_set_new(o, name, json_pack("{s:i}", "x", 1)); /* no member is an object like this */
            refused(what, o, reason);
            json_object_set_new(o, name, json_string("much"));
            refused(what, o, reason);
            json_decref(o);
        }
        json_decref(whole);
        refused(what, NULL, "missing");
    }
}

static void values_out_of_range_are_refused(void **state) {
    (void)state;
    const struct {
        enum what what;
        const char *name, *value, *reason;
    } cases[] = {
        {PLAN, "neurons", "16385", "neurons is missing, no number, or out of its range"},
        {PLAN, "neurons", "0", "0 neurons, 3 epochs"},
        {PLAN, "neurons", "4294967297", "neurons is"},
        {PLAN, "epochs", "0", "0 epochs"},
        {PLAN, "epochs", "1001", "epochs is"},
        {PLAN, "train_images", "0", "0 training images: must be at least 1"},
        {PLAN, "test_images", "10000001", "test_images is"},
        {PLAN, "seed", "-1", "seed is"},
        {PLAN, "shuffle", "1", "shuffle is"},
        {PLAN, "rule", "\"hebb\"", "rule = hebb: this version has triplet|pair|powerlaw"},
        {PLAN, "delays", "\"0:32\"", "delays = 0:32: must be none or LO:HI in ms, in [0, 31.5]"},
        {PLAN, "inhibition", "7", "inhibition = no text: this version has layer|direct"},
        {PLAN, "dataset", "{\"name\": \"a name that is too long\"}", "the data set's name or SHA-256"},
        {PLAN, "dataset", "{\"name\": \"digits\"}", "the data set's name or SHA-256"},
        {PLAN, "dataset", "{\"name\": \"digits\", \"sha256\": \"0011\"}", "the data set's name or SHA-256"},
        {METRICS, "epoch", "-1", "epoch is"},
        {METRICS, "accuracy_all", "true", "accuracy_all is"},
        {SCORE, "n_images", "4294967296", "n_images is"},
        {SCORE, "confusion", "[]", "confusion has 0 rows and confusion_proportion 10: must be equal and in"},
        {SCORE, "confusion_proportion", "[0, 1, 2, 3, 4, 5, 6, 7, 8]", "confusion_proportion 9: must be"},
        {SCORE, "confusion", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", "confusion is not 10 x 10 counts"},
        {SCORE, "confusion_proportion", "[[0, 1, 2, 3, 4, 5, 6, 7, 8, -9], 1, 2, 3, 4, 5, 6, 7, 8, 9]",
         "confusion_proportion is not 10 x 10 counts"},
        {SCORE, "confusion_proportion", "[[0, 1, 2, 3, 4, 5, 6, 7, 8], 1, 2, 3, 4, 5, 6, 7, 8, 9]",
         "confusion_proportion is not 10 x 10 counts"},
        {STANDING, "epoch", "1001", "epoch is"},
        {STANDING, "position", "10000001", "position is"},
        {STANDING, "images", "1.5", "images is"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        json_t *o = make(cases[k].what), *value = json_loads(cases[k].value, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        json_object_set_new(o, cases[k].name, value);
        refused(cases[k].what, o, cases[k].reason);
        json_decref(o);
    }
    /* Each parameter is refused below its minimum and above its maximum. */
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        for (int above = 0; above < 2; above++) {
            json_t *o = make(PLAN);
            json_object_set_new(json_object_get(o, "params"), p->name,
                                json_real(above ? p->max + 1 : p->min - 1));
            refused(PLAN, o, p->name);
            json_decref(o);
        }
    }
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(texts_become_utf8),
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(columns_are_numbered),
        cmocka_unit_test(confusions_tell_their_counts),
        cmocka_unit_test(a_member_that_is_missing_or_another_is_refused),
        cmocka_unit_test(values_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
