/* Our table beside that of Kim & Kim (2020): statistics with closed-form answers, the choice of cells to
 * compare and mark, the page's text, and finished runs read back. tests/program/reproduce.sh tests the
 * training. */
#include "reproduce/reproduce.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/file.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "formats/html.h"
#include "clsnn/npz.h"
#include "formats/json.h"
#include "options/options.h"
#include "run/run_json.h"
#include "run/run_read.h"

static void near(double found, double wanted) {
    /* A few roundings of numbers below 100. */
    if (!(fabs(found - wanted) < 1e-12)) fail_msg("%.17g: must be %.17g", found, wanted);
}

static void test_paper(void **state) {
    (void)state;
    static const uint32_t sizes[] = {100, 225, 400}, epochs[] = {1, 3, 5, 7};
    for (int s = 0; s < 3; s++) {
        /* In the table of Kim & Kim (2020), more neurons or more epochs give a higher accuracy in every
         * cell. */
        for (int e = 0; e < 4; e++) {
            const double here = clsnn_paper_accuracy(sizes[s], epochs[e]);
            assert_true(here > 70 && here < 92);
            if (s) assert_true(here > clsnn_paper_accuracy(sizes[s - 1], epochs[e]));
            if (e) assert_true(here > clsnn_paper_accuracy(sizes[s], epochs[e - 1]));
        }
        assert_true(isnan(clsnn_paper_accuracy(sizes[s], 2)) && isnan(clsnn_paper_accuracy(sizes[s], 9)));
    }
    near(clsnn_paper_accuracy(100, 1), 72.58); /* two corners, typed by hand */
    near(clsnn_paper_accuracy(400, 7), 91.43);
    assert_true(isnan(clsnn_paper_accuracy(101, 1)));
}

static char dir[64];

struct rig {
    struct clsnn_options options;
    struct clsnn_dataset data;
    struct clsnn_device_info device;
    struct clsnn_reproduced_on on;
    struct clsnn_reproduction r;
};

static void make_rig(struct rig *g, uint32_t n_seeds, uint32_t epochs) {
    char *argv[] = {(char *)"reproduce", NULL};
    enum clsnn_parse_action action;
    memset(g, 0, sizeof *g);
    assert_int_equal(clsnn_options_parse(CLSNN_CMD_REPRODUCE, 1, argv, &g->options, &action), CLSNN_OK);
    g->on = (struct clsnn_reproduced_on){&g->device, 1};
    g->data = (struct clsnn_dataset){
        .name = "mnist", .source = "a <b> & \"c\" \xff", .test = {.height = 28, .width = 28}};
    memset(g->data.sha256, 'd', sizeof g->data.sha256 - 1);
    g->r = (struct clsnn_reproduction){.options = &g->options,
                                       .data = &g->data,
                                       .devices = &g->on,
                                       .n_devices = 1,
                                       .dir = dir,
                                       .sizes = {100, 17},
                                       .n_sizes = 2,
                                       .n_seeds = n_seeds,
                                       .epochs = epochs,
                                       .seed = 5,
                                       .train_images = 60000,
                                       .label_images = 10000,
                                       .test_images = 10000};
    memset(g->r.kernels_sha256, 'e', sizeof g->r.kernels_sha256 - 1);
    assert_int_equal(clsnn_reproduction_plan(&g->r), CLSNN_OK);
}

static struct clsnn_run done[8]; /* the rig's runs borrow these */

static void drop_rig(struct rig *g) {
    for (int k = 0; k < 8; k++) clsnn_run_finish(&done[k]);
    clsnn_reproduction_finish(&g->r);
    clsnn_reproduction_finish(&g->r);
    clsnn_options_finish(&g->options);
}

/* Sets the accuracies, in percent, of run k after each of n epochs. */
static void put(struct rig *g, int k, size_t n, const double *all) {
    struct clsnn_run *run = &done[k];
    clsnn_run_finish(run);
    run->metrics = calloc(n, sizeof *run->metrics);
    assert_non_null(run->metrics);
    for (size_t e = 0; e < n; e++)
        run->metrics[e] = (struct clsnn_metrics){.epoch = e + 1,
                                                 .accuracy_all = all[e] / 100,
                                                 .accuracy_proportion = (all[e] + 1) / 100,
                                                 .theta_mean_mv = 40};
    run->n_metrics = n;
    g->r.runs[k].run = run;
}

static void test_cells(void **state) {
    (void)state;
    struct rig g;
    make_rig(&g, 3, 1);
    assert_true(g.r.runs[0].neurons == 100 && g.r.runs[0].seed == 5);
    assert_true(g.r.runs[5].neurons == 17 && g.r.runs[5].seed == 7);
    struct clsnn_reproduced_cell cell = clsnn_reproduction_cell(&g.r, 0, 1);
    assert_true(cell.all.n == 0 && isnan(cell.difference) && !cell.below);
    /* Kim & Kim (2020) have 72.58. A mean more than 1.5 points below is marked: 71.07 is, 71.08 is not. */
    static const struct {
        double middle;
        bool below;
    } rows[] = {{71.08, false}, {71.07, true}, {74.08, false}, {10, true}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        for (int seed = 0; seed < 3; seed++) {
            const double all = rows[k].middle + seed - 1;
            put(&g, seed, 1, &all);
        }
        cell = clsnn_reproduction_cell(&g.r, 0, 1);
        assert_int_equal(cell.all.n, 3);
        near(cell.all.mean, rows[k].middle);
        near(cell.all.sd, 1);
        near(cell.proportion.mean, rows[k].middle + 1);
        near(cell.paper, 72.58);
        near(cell.difference, rows[k].middle - 72.58);
        assert_int_equal(cell.below, rows[k].below);
    }
    cell = clsnn_reproduction_cell(&g.r, 1, 1); /* a size that Kim & Kim (2020) do not have */
    assert_true(isnan(cell.paper) && isnan(cell.difference) && !cell.below);
    /* Other data are another experiment: the published number stays, but nothing is compared. */
    g.r.train_images = 59999;
    cell = clsnn_reproduction_cell(&g.r, 0, 1);
    assert_true(!isnan(cell.paper) && isnan(cell.difference) && !cell.below);
    g.r.train_images = 60000;
    snprintf(g.data.name, sizeof g.data.name, "custom");
    assert_true(isnan(clsnn_reproduction_cell(&g.r, 0, 1).difference));
    assert_int_equal(clsnn_reproduction_shown(&g.r), 0);
    g.r.sizes[0] = 16;
    assert_int_equal(clsnn_reproduction_shown(&g.r), 0);
    g.r.sizes[1] = 100;
    assert_int_equal(clsnn_reproduction_shown(&g.r), 3);
    drop_rig(&g);
}

/* Returns table and verdict as printed; the caller frees them. */
static char *printed(const struct clsnn_reproduction *r) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    assert_int_equal(clsnn_reproduction_print(r, out), CLSNN_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void expect_printed(const struct clsnn_reproduction *r, const char *const *wanted) {
    char *text = printed(r);
    for (; *wanted; wanted++)
        if (!strstr(text, *wanted)) fail_msg("\"%s\" lacks \"%s\"", text, *wanted);
    free(text);
}
#define EXPECT_PRINTED(r, ...) expect_printed((r), (const char *const[]){__VA_ARGS__, NULL})

static void put_middles(struct rig *g, double middle) {
    for (int seed = 0; seed < 3; seed++) {
        const double all = middle + seed - 1;
        put(g, seed, 1, &all);
    }
}

/* Kim & Kim (2020) print 72.58 at N = 100 after one epoch. */
static void test_verdict(void **state) {
    (void)state;
    struct rig g;
    make_rig(&g, 3, 1);
    EXPECT_PRINTED(&g.r, "No run has reached an epoch for which Kim & Kim (2020) print a number");
    put_middles(&g, 71.07);
    EXPECT_PRINTED(&g.r, "71.07 \xc2\xb1 1.00", "**",
                   "1 cell with a number of Kim & Kim (2020), 1 of them more than 1.5 points below it",
                   "from \342\210\2221.51 (N = 100, epoch 1) to \342\210\2221.51 points (N = 100, epoch 1)");
    put_middles(&g, 71.08);
    EXPECT_PRINTED(&g.r, "none of them more than 1.5 points below it");
    put_middles(&g, 74.08);
    EXPECT_PRINTED(&g.r, "none of them", "from +1.50 (N = 100, epoch 1) to +1.50 points");
    g.options.json = true;
    char *text = printed(&g.r);
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    assert_true(json_is_true(json_object_get(o, "comparable")));
    const json_t *cell = json_array_get(json_object_get(o, "cells"), 0);
    near(json_number_value(json_object_get(cell, "paper")), 72.58);
    assert_true(fabs(json_number_value(json_object_get(cell, "difference")) - 1.5) < 1e-9);
    assert_true(json_is_false(json_object_get(cell, "below")));
    json_decref(o);
    free(text);
    g.options.json = false;
    /* Another experiment is compared with nothing. */
    g.r.test_images = 9999;
    EXPECT_PRINTED(&g.r, "These runs use a part of MNIST (MNIST, 60000 training and 9999 test images");
    g.r.test_images = 10000;
    /* Two cells, one below the published number and one above. */
    clsnn_reproduction_finish(&g.r);
    g.r = (struct clsnn_reproduction){.options = &g.options,
                                      .data = &g.data,
                                      .devices = &g.on,
                                      .n_devices = 1,
                                      .dir = dir,
                                      .sizes = {100, 225},
                                      .n_sizes = 2,
                                      .n_seeds = 1,
                                      .epochs = 1,
                                      .seed = 5,
                                      .train_images = 60000,
                                      .label_images = 10000,
                                      .test_images = 10000};
    assert_int_equal(clsnn_reproduction_plan(&g.r), CLSNN_OK);
    const double low = 62.58, high = clsnn_paper_accuracy(225, 1) + 2;
    put(&g, 0, 1, &low);
    put(&g, 1, 1, &high);
    EXPECT_PRINTED(&g.r, "2 cells with a number of Kim & Kim (2020), 1 of them",
                   "from \342\210\22210.00 (N = 100, epoch 1) to +2.00 points (N = 225");
    drop_rig(&g);
}

/* The page shows the command to type again, quoted for the shell, and times in readable units. */
static void test_page(void **state) {
    (void)state;
    struct rig g;
    char path[128];
    void *data;
    size_t n;
    make_rig(&g, 3, 1);
    clsnn_options_finish(&g.options);
    char *argv[] = {(char *)"reproduce", (char *)"--data", (char *)"it's & <mine>", (char *)"--seeds=3",
                    (char *)"--quiet",   (char *)"--set",  (char *)"w_max=2",       NULL};
    enum clsnn_parse_action action;
    assert_int_equal(clsnn_options_parse(CLSNN_CMD_REPRODUCE, 7, argv, &g.options, &action), CLSNN_OK);
    put_middles(&g, 71.07);
    /* A page is written when every run is finished. */
    for (int k = 3; k < 6; k++) put(&g, k, 1, &(double){60});
    /* Figure 4 shows this run, first without its weights, then with them. */
    snprintf(g.r.runs[0].dir, sizeof g.r.runs[0].dir, "runs/n100-s5");
    assert_int_equal(clsnn_reproduction_write(&g.r), CLSNN_E_IO);
    assert_non_null(strstr(clsnn_error_text(), "runs/n100-s5/epoch-1.npz"));
    clsnn_error_clear();
    snprintf(path, sizeof path, "%s/runs/n100-s5", dir);
    assert_int_equal(clsnn_file_make_dir(path), CLSNN_OK);
    struct clsnn_learned l = {.n_pre = 784, .n_post = 100};
    l.w = calloc(CLSNN_N_PRE * 100, sizeof *l.w);
    l.theta_mv = calloc(100, sizeof *l.theta_mv);
    assert_true(l.w && l.theta_mv);
    for (int j = 0; j < 100; j++) l.theta_mv[j] = 40;
    snprintf(path, sizeof path, "%s/runs/n100-s5/epoch-1.npz", dir);
    assert_int_equal(clsnn_learned_write(&l, path), CLSNN_OK);
    clsnn_learned_finish(&l);
    snprintf(path, sizeof path, "%s/runs/n100-s5", dir);
    assert_int_equal(clsnn_reproduction_check_epoch(path, &done[0].metrics[0]), CLSNN_OK);
    assert_int_equal(
        clsnn_reproduction_check_epoch(path, &(struct clsnn_metrics){.epoch = 1, .theta_mean_mv = 41}),
        CLSNN_E_DATA);
    assert_non_null(strstr(clsnn_error_text(), "its mean theta is not that of the run"));
    clsnn_error_clear();
    const struct {
        double seconds;
        const char *text;
    } times[] = {{0.012, ", 12 ms<"}, {59.4, "59.4 s"},    {59.6, "1:00 min"},
                 {754, "12:34 min"},  {3600, "1:00:00 h"}, {45296, "12:34:56 h"}};
    static const char *const names[] = {"report.html", "reproduce.json", "table1.md",
                                        "table1.csv",  "figure3.png",    "figure4.png"};
    for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
        g.r.seconds = times[k].seconds;
        assert_int_equal(clsnn_reproduction_write(&g.r), CLSNN_OK);
        snprintf(path, sizeof path, "%s/report.html", dir);
        assert_int_equal(clsnn_file_read(path, 1 << 24, &data, &n), CLSNN_OK);
        const char *const wanted[] = {times[k].text,
                                      "--data 'it'\\''s &amp; &lt;mine&gt;'",
                                      "--seeds 3",
                                      "--quiet",
                                      "--set w_max=2",
                                      "class=\"below\"",
                                      "Kim &amp; Kim (2020), 1 of them more than 1.5 points below it",
                                      "more than 1.5 points below the number of Kim &amp; Kim",
                                      "Hollow markers and dashed lines",
                                      "epochs shown: 1\"",
                                      "from 0 to w_max = 2.",
                                      "a &lt;b&gt; &amp; &quot;c&quot; ?"};
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            if (!strstr(data, wanted[i])) fail_msg("the page lacks \"%s\"", wanted[i]);
        free(data);
    }
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[k]);
        assert_int_equal(unlink(path), 0);
    }
    drop_rig(&g);
}

static void write_text(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(clsnn_file_write(path, text, strlen(text)), CLSNN_OK);
}

/* None of these files is a finished run. Each gets its reason, and none is an error. */
static void test_unusable_runs(void **state) {
    (void)state;
    struct rig g;
    char path[128];
    make_rig(&g, 1, 1);
    struct clsnn_plan plan = {.neurons = 100, .seed = 5, .epochs = 1, .train_images = 60000};
    plan.model = g.options.model;
    const struct clsnn_run_wanted wanted = {.plan = &plan, .data = &g.data};
    struct clsnn_found_run found = {.found = CLSNN_FOUND_CORRUPT};
    snprintf(path, sizeof path, "%s/runs/n100-s5", dir);
    assert_int_equal(clsnn_run_look(path, &wanted, &found), CLSNN_OK);
    assert_true(found.found == CLSNN_FOUND_NOTHING && !*found.why);
    assert_int_equal(clsnn_file_make_dir(path), CLSNN_OK);
    static const struct {
        const char *json;
        enum clsnn_run_found found;
        const char *why;
    } rows[] = {
        {"", CLSNN_FOUND_CORRUPT, "no JSON"},
        {"{\"state\": ", CLSNN_FOUND_CORRUPT, "no JSON"},
        {"[]", CLSNN_FOUND_CORRUPT, "no JSON object"},
        {"{}", CLSNN_FOUND_CORRUPT, "is of no format"},
        {"{\"format\": 2, \"state\": \"finished\"}", CLSNN_FOUND_CORRUPT, "must be 1"},
        {"{\"format\": 1}", CLSNN_FOUND_CORRUPT, "state is missing"},
        {"{\"format\": 1, \"state\": 7}", CLSNN_FOUND_CORRUPT, "state is missing"},
        {"{\"format\": 1, \"state\": \"done\"}", CLSNN_FOUND_CORRUPT, "state is done"},
        {"{\"format\": 1, \"state\": \"running\"}", CLSNN_FOUND_BROKEN_OFF, "broken off"},
        {"{\"format\": 1, \"state\": \"stopped\"}", CLSNN_FOUND_BROKEN_OFF, "broken off"},
        {"{\"format\": 1, \"state\": \"failed\"}", CLSNN_FOUND_FAILED, "it failed"},
        {"{\"format\": 1, \"state\": \"failed\", \"error\": \"a reason\"}", CLSNN_FOUND_FAILED, "a reason"},
        {"{\"format\": 1, \"state\": \"finished\"}", CLSNN_FOUND_CORRUPT, "has no plan"},
        {"{\"format\": 1, \"state\": \"finished\", \"plan\": {}}", CLSNN_FOUND_CORRUPT, "neurons is missing"},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        write_text("runs/n100-s5/run.json", rows[k].json);
        assert_int_equal(clsnn_run_look(path, &wanted, &found), CLSNN_OK);
        if (found.found != rows[k].found || !strstr(found.why, rows[k].why))
            fail_msg("%s: %d, \"%s\": must be %s", rows[k].json, (int)found.found, found.why, rows[k].why);
        assert_string_equal(clsnn_error_text(), "");
        clsnn_found_finish(&found);
    }
    drop_rig(&g);
}

static void test_html(void **state) {
    (void)state;
    static const struct {
        const char *text, *html;
    } rows[] = {{"a < b & c > \"d\"", "a &lt; b &amp; c &gt; &quot;d&quot;"},
                {"\xc3\xa4 \xe6\x95\xb0 \xf0\x9f\x99\x82", "\xc3\xa4 \xe6\x95\xb0 \xf0\x9f\x99\x82"},
                {"\xff\xc3", "??"},
                {"\xc0\xaf\xe0\x80\x80\xed\xa0\x80", "????????"}, /* overlong, surrogate */
                {"a\x01\x1b\x7f\tb", "a???\tb"}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char *text = NULL;
        size_t n = 0;
        FILE *page = open_memstream(&text, &n);
        assert_non_null(page);
        clsnn_html_text(page, rows[k].text);
        assert_int_equal(fclose(page), 0);
        assert_string_equal(text, rows[k].html);
        free(text);
    }
}

/* RFC 4648, section 10. */
static void test_base64(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"", ","},
                                          {"f", ",Zg=="},
                                          {"fo", ",Zm8="},
                                          {"foo", ",Zm9v"},
                                          {"foob", ",Zm9vYg=="},
                                          {"fooba", ",Zm9vYmE="},
                                          {"foobar", ",Zm9vYmFy"}};
    char path[128];
    snprintf(path, sizeof path, "%s/p", dir);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char *text = NULL, wanted[32];
        size_t n = 0;
        write_text("p", rows[k][0]);
        FILE *page = open_memstream(&text, &n);
        assert_non_null(page);
        assert_int_equal(clsnn_html_picture(page, path, "<x>"), CLSNN_OK);
        assert_int_equal(fclose(page), 0);
        snprintf(wanted, sizeof wanted, "base64%s\">", rows[k][1]);
        if (!strstr(text, wanted) || !strstr(text, "alt=\"&lt;x&gt;\""))
            fail_msg("%s lacks %s", text, wanted);
        free(text);
    }
    assert_int_equal(clsnn_html_picture(stdout, "/nowhere/p", ""), CLSNN_E_IO);
    clsnn_error_clear();
}

static void test_list(void **state) {
    (void)state;
    uint64_t out[3];
    size_t n = 0;
    assert_int_equal(clsnn_parse_list("--sizes", "1,22,333", 1, 400, "", 3, out, &n), CLSNN_OK);
    assert_true(n == 3 && out[0] == 1 && out[1] == 22 && out[2] == 333);
    assert_int_equal(clsnn_parse_list("--sizes", " 1, 22 ,333 ", 1, 400, "", 3, out, &n), CLSNN_OK);
    assert_true(n == 3 && out[0] == 1 && out[1] == 22 && out[2] == 333);
    assert_int_equal(clsnn_parse_list("--sizes", "400", 1, 400, "", 3, out, &n), CLSNN_OK);
    assert_true(n == 1 && out[0] == 400);
    static const char *const bad[] = {
        ",",   "1,", ",1",  "1,,2", "0",   "401", "1,2,3,4", "1 2",
        "1;2", "a",  "1,b", "-1",   "1.5", "nan", "0x10",    "99999999999999999999999999999999999999999999"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        n = 7;
        if (clsnn_parse_list("--sizes", bad[k], 1, 400, "", 3, out, &n) != CLSNN_E_USAGE || n != 7)
            fail_msg("\"%s\" was accepted", bad[k]);
        assert_non_null(strstr(clsnn_error_text(), "--sizes = "));
        clsnn_error_clear();
    }
}

static int setup(void **state) {
    (void)state;
    clsnn_error_clear();
    snprintf(dir, sizeof dir, "/tmp/clsnn-reproduce-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state) {
    static const char *const names[] = {
        "p", "runs/n100-s5/run.json", "runs/n100-s5/epoch-1.npz", "runs/n100-s5", "runs", ""};
    char path[128];
    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[k]);
        remove(path);
    }
    return access(dir, F_OK) == 0; /* a file was left */
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paper),
        cmocka_unit_test_setup_teardown(test_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdict, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unusable_runs, setup, teardown),
        cmocka_unit_test(test_html),
        cmocka_unit_test_setup_teardown(test_base64, setup, teardown),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
