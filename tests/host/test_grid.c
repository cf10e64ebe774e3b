/* Files of sweeps to runs: lists, ranges, zipped axes, the order of runs, every refusal, names of
 * directories, shards, cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sweep/grid.h"
#include "sweep/pack.h"
#include "sweep/shard.h"
#include "sweep/sweep_cells.h"
#include "options/options.h"

static char folder[64], file[96];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/clsnn-grid-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(file, sizeof file, "%s/s.ini", folder);
    setenv("XDG_CONFIG_HOME", folder, 1); /* a folder without clsnn/config.ini */
    return 0;
}

static int clean(void **state) {
    static const char *const variables[] = {
        "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP",
        "CLSNN_CONFIG",        "CLSNN_NEURONS",          "CLSNN_EPOCHS",         "CLSNN_SEED"};
    (void)state;
    for (size_t k = 0; k < sizeof variables / sizeof *variables; k++) unsetenv(variables[k]);
    unlink(file);
    clsnn_error_clear();
    return 0;
}

static int remove_folder(void **state) {
    clean(state);
    return rmdir(folder);
}

/* Parses the command line "sweep s.ini WORD...". */
static struct clsnn_options told(va_list words) {
    char name[] = "sweep", *argv[16] = {name, file};
    int argc = 2;
    enum clsnn_parse_action action;
    struct clsnn_options o = {0};
    while ((argv[argc] = va_arg(words, char *))) argc++;
    if (clsnn_options_parse(CLSNN_CMD_SWEEP, argc, argv, &o, &action) != CLSNN_OK)
        fail_msg("refused: %s", clsnn_error_text());
    return o;
}

static void write_file(const char *text) {
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A sweep as read: the grid, and the options that all its runs share. */
struct sweep {
    struct clsnn_grid grid;
    struct clsnn_options options;
};

static struct sweep vread(const char *text, va_list words) {
    struct sweep s = {0};
    struct clsnn_options base = told(words);
    write_file(text);
    if (clsnn_grid_read(file, &base, NULL, &s.grid, &s.options) != CLSNN_OK)
        fail_msg("refused: %s: %s", text, clsnn_error_text());
    clsnn_options_finish(&base);
    return s;
}

static struct sweep good(const char *text, ...) {
    va_list words;
    va_start(words, text);
    struct sweep s = vread(text, words);
    va_end(words);
    return s;
}

static void drop(struct sweep *s) {
    clsnn_grid_finish(&s->grid);
    clsnn_options_finish(&s->options);
}

/* The sweep file must be refused with one line that contains want, and nothing may be written. */
static void refused(const char *want, enum clsnn_status status, const char *text, ...) {
    struct clsnn_grid grid = {.n_runs = 77};
    struct clsnn_options o = {.seed = 77};
    va_list words;
    va_start(words, text);
    struct clsnn_options base = told(words);
    va_end(words);
    if (text) write_file(text);
    const enum clsnn_status st = clsnn_grid_read(file, &base, NULL, &grid, &o);
    if (st == CLSNN_OK) fail_msg("accepted: %s: expected \"%s\"", text, want);
    assert_int_equal(st, status);
    if (!strstr(clsnn_error_text(), want))
        fail_msg("\"%s\" does not contain \"%s\"", clsnn_error_text(), want);
    for (const char *c = clsnn_error_text(); *c; c++)
        if ((unsigned char)*c < 0x20) fail_msg("control character in \"%s\"", clsnn_error_text());
    assert_true(grid.n_runs == 77 && !grid.axes && o.seed == 77);
    clsnn_options_finish(&base);
    clsnn_error_clear();
}
static void bad(const char *want, const char *text) {
    refused(want, CLSNN_E_USAGE, text, NULL);
}

/* The file's only axis must have these values, joined by spaces. */
static void expands(const char *text, const char *want) {
    struct sweep s = good(text, NULL);
    char all[1024] = "";
    size_t n = 0;
    assert_int_equal(s.grid.n_axes, 1);
    assert_int_equal(s.grid.n_runs, s.grid.axes[0].n_values);
    for (size_t k = 0; k < s.grid.axes[0].n_values; k++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", k ? " " : "", s.grid.axes[0].values[k]);
    assert_string_equal(all, want);
    drop(&s);
}

static void test_lists_and_ranges(void **state) {
    (void)state;
    expands("neurons = 100, 225, 400", "100 225 400");
    expands("neurons = 400,100", "400 100"); /* keeps the order of the file */
    expands("  neurons\t=  7 ,\t8  ; comment\n", "7 8");
    expands("seed = 1..5", "1 2 3 4 5");
    expands("seed = 3..3", "3"); /* a range of one value is an axis too */
    expands("seed = 1 .. 3", "1 2 3");
    expands("seed = 0..9..3", "0 3 6 9");
    expands("seed = 1..3, 10, 20..22", "1 2 3 10 20 21 22");
    expands("seed = 18446744073709551612..18446744073709551615",
            "18446744073709551612 18446744073709551613 18446744073709551614 18446744073709551615");
    expands("seed = 0..18446744073709551615..18446744073709551615", "0 18446744073709551615");
    expands("seed = 9007199254740993..9007199254740995", /* a double cannot hold these numbers */
            "9007199254740993 9007199254740994 9007199254740995");
    expands("theta_plus_mv = 0.02..0.1..0.02", "0.02 0.04 0.06 0.08 0.1");
    expands("theta_plus_mv = 0.1..0.3..0.1", "0.1 0.2 0.3"); /* prints 0.3, not 0.30000000000000004 */
    expands("theta_plus_mv = 0..1..0.1", "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1");
    expands("theta_plus_mv = 0.3..0.3..0.1", "0.3");
    expands("theta_plus_mv = 1..3", "1 2 3");
    expands("tau_theta_ms = 10000000.1..10000000.5..0.1", /* the ends' rounding is above 1e-9 of a step */
            "10000000.1 10000000.2 10000000.3 10000000.4 10000000.5");
    expands("v_rest_exc_mv = -65.3..-65..0.1", "-65.3 -65.2 -65.1 -65");
    expands("v_rest_exc_mv = -65..-64..0.25", "-65 -64.75 -64.5 -64.25 -64");
    expands("v_rest_exc_mv = -66..-64..1", "-66 -65 -64");
    expands("neurons = 1e2..3e2..1e2", "100 200 300");
    /* Values are printed in their shortest form. */
    expands("theta_plus_mv = 0.10, 2e-1, +0.30, .4, 5", "0.1 0.2 0.3 0.4 5");
    expands("shuffle = on, no", "yes no");
    expands("preset = seed, diehl-cook-2015", "seed diehl-cook-2015");
}

static void test_refused_values(void **state) {
    (void)state;
    bad("s.ini:2: unknown option or parameter neurns: did you mean neurons?",
        "epochs = 1\nneurns = 100, 200");
    bad("unknown option or parameter xyzzyq", "xyzzyq = 1, 2");
    bad("s.ini:1: neurons: the range 5..4 is empty: its first value is above its last", "neurons = 5..4");
    bad("the range 0.5..0.4..0.1 is empty: its first value is above its last",
        "theta_plus_mv = 0.5..0.4..0.1");
    bad("s.ini:1: neurons: an empty place in its list", "neurons = 100,,200");
    bad("neurons: an empty place in its list", "neurons = 100,");
    bad("neurons: an empty place in its list", "neurons = ,100");
    bad("neurons: an empty place in its list", "neurons = ,");
    bad("s.ini:1: neurons = 0: must be in [1, 16384]", "neurons = 100, 0");
    bad("s.ini:1: neurons = 16385: must be in [1, 16384]", "neurons = 16384..16386");
    bad("s.ini:1: w_max = 0: must be in [0.001, 1000]", "w_max = 1, 0");
    bad("s.ini:1: w_max = nan: not a number", "w_max = 1, nan");
    bad("s.ini:1: w_max = 0x10: not a number", "w_max = 1, 0x10");
    bad("s.ini:1: neurons = 100.5: must be a whole number", "neurons = 100..101..0.5");
    bad("s.ini:1: min_spikes = 2.5: must be a whole number", "min_spikes = 2.5, 3");
    bad("s.ini:1: neurons = x: not a number", "neurons = 100, x");
    bad("s.ini:1: neurons = -5: must be in [1, 16384]", "neurons = 100, -5");
    bad("s.ini:1: neurons = 0: must be in [1, 16384]", "neurons = 0"); /* a single value is checked too */
    bad("s.ini:1: seed = 18446744073709551616: must be in", "seed = 1, 18446744073709551616");
    bad("seed = 18446744073709551616: must be in", "seed = 18446744073709551615..18446744073709551616");
    bad("preset = sed: must be one of", "preset = seed, sed");
    bad("shuffle = maybe: must be yes or no", "shuffle = yes, maybe");
    bad("s.ini:1: seed: 3 stands there twice", "seed = 1..3, 3");
    /* One value written in two ways is one run. */
    bad("neurons: 100 stands there twice", "neurons = 100, 1e2");
    bad("w_max: 0.1 stands there twice", "w_max = 0.1, 0.10");
    bad("shuffle: yes stands there twice", "shuffle = yes, on");
    bad("s.ini:1: w_max: the range 0.1..0.5 needs a step: 0.1..0.5..STEP", "w_max = 0.1..0.5");
    bad("s.ini:1: w_max: step 0 of 0.1..0.5..0: must be above 0", "w_max = 0.1..0.5..0");
    bad("w_max: step -0.1 of 0.1..0.5..-0.1: must be above 0", "w_max = 0.1..0.5..-0.1");
    bad("s.ini:1: neurons: step 0 of 10..20..0: must be above 0", "neurons = 10..20..0");
    bad("w_max: x in a range is not a number: write FIRST..LAST or FIRST..LAST..STEP", "w_max = x..2..1");
    bad("s.ini:1: w_max = ..2..1: first value missing: write FIRST..LAST", "w_max = ..2..1");
    bad("s.ini:1: neurons = 4..: last value missing: write FIRST..LAST or FIRST..LAST..STEP",
        "neurons = 4..");
    bad("seed = 4..8..: step missing: write FIRST..LAST or FIRST..LAST..STEP", "seed = 4..8..");
    bad("seed = ..: first value missing", "seed = ..");
    bad("s.ini:1: neurons = 4...8: three dots: write 4..8", "neurons = 4...8");
    bad("neurons = 4....8: too many dots: write 4..8", "neurons = 2, 4....8");
    bad("w_max = 1...4...2: three dots: write 1..4..2", "w_max = 1...4...2");
    bad("s.ini:1: neurons = 4..8..2..1: four numbers: at most FIRST..LAST..STEP", "neurons = 4..8..2..1");
    bad("seed = 1..2..3..4..5: too many numbers", "seed = 1..2..3..4..5");
    bad("s.ini:1: neurons = 10..21..5: steps lead to 20 and 25, not to 21: end there, or change the step",
        "neurons = 10..21..5");
    bad("theta_plus_mv = 0.02..0.1..0.03: steps lead to 0.08 and 0.11, not to 0.1",
        "theta_plus_mv = 0.02..0.1..0.03");
    bad("theta_plus_mv = 0.02..0.1..1: steps lead to 0.02 and 1.02, not to 0.1",
        "theta_plus_mv = 0.02..0.1..1");
    bad("seed = 0..18446744073709551615..10: steps lead to 18446744073709551610, not to 1844674407370955161",
        "seed = 0..18446744073709551615..10");
    bad("inf in a range is not a number", "w_max = 1..inf..1");
    bad("5x in a range is not a number", "seed = 1..5x");
    bad("seed: the range 1..10001 has more than 10000 values", "seed = 1..10001");
    bad("has more than 10000 values", "seed = 0..18446744073709551615");
    bad("has more than 10000 values", "w_max = 0.001..1000..1e-300");
    bad("w_max: the range 1..1000..0.01 has more than 10000 values", "w_max = 1..1000..0.01");
    bad("seed: more than 10000 values", "seed = 1..10000, 20000");
    bad("epochs: with it the sweep has more than 10000 runs", "seed = 1..5001\nepochs = 1, 2");
    bad("w_max: with it the sweep has more than 10000 runs", "seed = 1..10000\nw_max = 1, 2");
    bad("v_thresh_exc_mv = -65 must be above v_rest_exc_mv = -65", "v_thresh_exc_mv = -52, -65");
    bad("intensity_start = 40 must", "intensity_start = 2, 40");
}

static void test_what_cannot_be_swept(void **state) {
    (void)state;
    bad("s.ini:1: json takes one value in a sweep, not yes, no: all runs share it", "json = yes, no");
    bad("s.ini:1: strict takes one value in a sweep, not yes, no", "strict = yes, no");
    bad("s.ini:1: work-group takes one value in a sweep, not 1, 64", "work-group = 1, 64");
    bad("s.ini:1: chunk takes one value in a sweep, not 1..3: all runs share it", "chunk = 1..3");
    static const char *const texts[] = {"data", "device", "out", "shard"};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        char want[128], line[64];
        snprintf(line, sizeof line, "seed = 1..2\n%s = a, b", texts[k]);
        snprintf(want, sizeof want,
                 "s.ini:2: %s takes one value in a sweep, not a, b: a name with a comma goes on the command",
                 texts[k]);
        bad(want, line);
    }
    struct sweep s = good("seed = 1..2\nout = ../here", NULL); /* a path is no range */
    assert_string_equal(s.options.out_dir, "../here");
    drop(&s);
    bad("s.ini:1: quick: is no option of a training run", "quick = yes");
    bad("s.ini:1: networks: is no option of a training run", "networks = 1, 2");
    bad("s.ini:1: sizes: is no option of a training run", "sizes = 1, 2");
    bad("runs: is no option of a training run", "runs = 3");
    bad("s.ini:1: config belongs on the command line", "config = x");
    bad("s.ini:1: set belongs on the command line", "set = w_max=1, w_max=2");
    bad("s.ini:2: seed: stands there twice (", "seed = 1..2\nseed = 3..4");
    bad("s.ini:1: seed): keep one of the two", "seed = 1..2\nseed = 3");
    bad("s.ini:2: seed: stands there twice (", "seed = 3\nseed = 1..2");
    bad("s.ini:3: neurons: stands there twice (", "neurons = 100\nseed = 1..2\nneurons = 200");
    bad("s.ini:2: w_max: stands there twice (", "w_max = 1\nw_max = 1");
    refused("s.ini:1: seed: is swept here and given on the command line too: leave one out", CLSNN_E_USAGE,
            "seed = 1..2", "--seed", "4", NULL);
    refused("s.ini:2: w_max: is swept here and given on the command line too: leave one out", CLSNN_E_USAGE,
            "seed = 1..2\nw_max = 1, 2", "--set", "w_max=3", NULL);
    bad("s.ini:2: \"nonsense\": must be name = value", "seed = 1..2\nnonsense");
    bad("neurons = 20 # note: not a number", "neurons = 10, 20 # note");
    bad("; a comment behind a value begins with \" ;\"", "neurons = 10, 20 # note");
    bad("a range is not a number: write FIRST..LAST or FIRST..LAST..STEP; a comment behind",
        "seed = 1..2 # x");
    bad("; a comment behind a value begins with \" ;\"", "seed = 1..2\nneurons = 10 # note");
    bad("s.ini: lists nothing: write lines such as", "");
    bad("s.ini: lists nothing: write lines such as", "; neurons = 1, 2\n\n[clsnn]\n");
    bad("unknown section [other]", "[other]\nseed = 1..2");
    unlink(file);
    refused("s.ini: not found", CLSNN_E_IO, NULL, NULL);
}

static void test_files(void **state) {
    (void)state;
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite("seed = 1\0..2\n", 1, 13, f), 13);
    assert_int_equal(fclose(f), 0);
    refused("s.ini:1: a NUL byte", CLSNN_E_USAGE, NULL, NULL);
    unlink(file);
    assert_int_equal(mkdir(file, 0700), 0);
    refused("s.ini: is a directory: must be a text file", CLSNN_E_IO, NULL, NULL);
    assert_int_equal(rmdir(file), 0);
}

static void test_zip(void **state) {
    (void)state;
    /* neurons and train-images advance together although seed stands between them. Groups follow the order of
     * their first axes; zip may name axes in any order. */
    static const char *const zips[] = {"neurons, train-images", "train-images, neurons",
                                       " train-images ,neurons "};
    static const char *const want[6][3] = {{"100", "1", "10"}, {"100", "2", "10"}, {"100", "3", "10"},
                                           {"200", "1", "20"}, {"200", "2", "20"}, {"200", "3", "20"}};
    for (size_t z = 0; z < 3; z++) {
        char text[256];
        snprintf(text, sizeof text, "zip = %s\nneurons = 100, 200\nseed = 1..3\ntrain-images = 10, 20\n",
                 zips[z]);
        struct sweep s = good(text, NULL);
        assert_int_equal(s.grid.n_axes, 3);
        assert_int_equal(s.grid.n_groups, 2);
        assert_int_equal(s.grid.n_runs, 6);
        for (size_t run = 0; run < 6; run++)
            for (size_t a = 0; a < 3; a++)
                assert_string_equal(clsnn_grid_value(&s.grid, run, &s.grid.axes[a]), want[run][a]);
        drop(&s);
    }
    /* Two zipped groups, each named backwards and interleaved with the other, and one axis alone. */
    struct sweep s = good("epochs = 1, 2\nneurons = 10, 20, 30\nw_max = 1, 2\ntheta_plus_mv = 0.1, 0.2, 0.3\n"
                          "seed = 5, 6\nzip = w_max, epochs | theta_plus_mv, neurons",
                          NULL);
    assert_int_equal(s.grid.n_groups, 3);
    assert_int_equal(s.grid.n_runs, 2 * 3 * 2);
    for (size_t run = 0; run < 12; run++) {
        const size_t index[5] = {run / 6, run / 2 % 3, run / 6, run / 2 % 3, run % 2};
        for (size_t a = 0; a < 5; a++)
            assert_int_equal(clsnn_grid_index(&s.grid, run, &s.grid.axes[a]), index[a]);
    }
    drop(&s);
    /* The command line accepts --zip too. */
    s = good("seed = 1..2\nneurons = 5, 6\n", "--zip", "neurons,seed", NULL);
    assert_int_equal(s.grid.n_runs, 2);
    drop(&s);
    bad("zip = seed: seed stands alone: name two or more that advance together",
        "seed = 1..2\nneurons = 5, 6, 7\nzip = seed");
    bad("zip = neurons, seed | epochs: epochs stands alone",
        "seed = 1..2\nneurons = 5, 6\nepochs = 1, 2\nzip = neurons, seed | epochs");
    bad("zip: neurons has 3 values, seed has 2: zipped lists must be equally long",
        "seed = 1..2\nneurons = 1..3\nzip = neurons, seed");
    bad("zip = neurons, epochs: epochs is not swept: give it a list",
        "neurons = 1, 2\nepochs = 3\nzip = neurons, epochs");
    bad("zip = neurons,: (nothing) is not swept", "neurons = 1, 2\nzip = neurons, ");
    bad("(nothing) is not swept", "neurons = 1, 2\nseed = 1, 2\nzip = neurons, seed |");
    bad("zip = neurns, seed: neurns is not swept", "neurons = 1, 2\nseed = 1, 2\nzip = neurns, seed");
    bad("zip = neurons, neurons: neurons stands there twice", "neurons = 1, 2\nzip = neurons, neurons");
    bad("seed stands there twice",
        "neurons = 1, 2\nseed = 1, 2\nepochs = 1, 2\nzip = neurons, seed | epochs, seed");
}

static void test_order(void **state) {
    (void)state;
    struct sweep s =
        good("neurons = 100, 225\ntheta_plus_mv = 0.05, 0.1\nseed = 1..3\ntest-images = 50", NULL);
    static const char *const theta[2] = {"0.05", "0.1"}, *const n[2] = {"100", "225"};
    assert_int_equal(s.grid.n_runs, 12);
    for (size_t run = 0; run < 12; run++) { /* the file's last axis varies fastest */
        const struct clsnn_options *o = &s.grid.options[run];
        assert_string_equal(clsnn_grid_value(&s.grid, run, &s.grid.axes[0]), n[run / 6]);
        assert_string_equal(clsnn_grid_value(&s.grid, run, &s.grid.axes[1]), theta[run / 3 % 2]);
        assert_int_equal(o->neurons, run / 6 ? 225 : 100);
        assert_true(o->model.theta_plus_mv == (run / 3 % 2 ? 0.1 : 0.05));
        assert_true(o->seed == run % 3 + 1);
        assert_int_equal(o->test_images.n, 50);
        assert_string_equal(o->command, "train");
    }
    drop(&s);
    s = good("epochs = 1", NULL); /* no list: the sweep is one run */
    assert_true(s.grid.n_runs == 1 && s.grid.n_axes == 0);
    drop(&s);
}

/* Returns a shallow copy: the grid keeps ownership. */
static struct clsnn_options run_of(const struct sweep *s, size_t run) {
    return s->grid.options[run];
}

static void test_precedence(void **state) {
    (void)state;
    setenv("CLSNN_EPOCHS", "9", 1);
    struct sweep s = good("neurons = 200\nepochs = 3\nw_max = 2\nseed = 1..2", "--neurons", "300", "--set",
                          "eta_post=0.5", NULL);
    struct clsnn_options o = run_of(&s, 1);
    assert_true(o.neurons == 300 && o.epochs == 3 && o.model.w_max == 2 && o.model.eta_post == 0.5 &&
                o.seed == 2);
    drop(&s);
    /* A preset is below every parameter that the command line or the file gives, in a list or not. */
    s = good("preset = seed\nw_max = 2\ntheta_plus_mv = 0.1, 0.2", "--set", "eta_post=0.5", "--set",
             "min_spikes=3", NULL);
    o = run_of(&s, 1);
    assert_string_equal(o.preset, "seed");
    assert_true(o.model.w_max == 2 && o.model.eta_post == 0.5 && o.model.theta_plus_mv == 0.2 &&
                o.model.min_spikes == 3);
    drop(&s);
    s = good("w_max = 2\npreset = seed, diehl-cook-2015\ntheta_plus_mv = 0.1, 0.2", "--set", "eta_post=0.5",
             NULL);
    for (size_t run = 0; run < 4; run++) {
        o = run_of(&s, run);
        assert_string_equal(o.preset, run / 2 ? "diehl-cook-2015" : "seed");
        assert_true(o.model.w_max == 2 && o.model.eta_post == 0.5 &&
                    o.model.theta_plus_mv == (run % 2 ? 0.2 : 0.1));
    }
    drop(&s);
}

/* Every run's directory has a name of its own, made of characters that every file system accepts. */
static void names_differ(const struct sweep *s) {
    char **names = calloc(s->grid.n_runs, sizeof *names);
    assert_non_null(names);
    for (size_t run = 0; run < s->grid.n_runs; run++) {
        names[run] = clsnn_grid_name(&s->grid, run);
        assert_non_null(names[run]);
        assert_true(strlen(names[run]) > 0 && strlen(names[run]) <= 180);
        assert_true(
            strspn(names[run], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+") ==
            strlen(names[run]));
        assert_true(names[run][0] != '.');
        for (size_t other = 0; other < run; other++) assert_string_not_equal(names[run], names[other]);
    }
    for (size_t run = 0; run < s->grid.n_runs; run++) free(names[run]);
    free(names);
}

static const char many[] =
    "shuffle = yes, no\nepochs = 1, 2\npreset = seed, diehl-cook-2015\neta_post = 1e-3, 0.123456789012\n"
    "theta_plus_mv = 0.05, 1.23456789e-5\ntau_theta_ms = 1e7, 12345678.9\nv_rest_exc_mv = -65, -65.5\n"
    "theta_offset_mv = 20, 19.999999\nintensity_start = 1, 2\n";

static void test_names(void **state) {
    (void)state;
    struct sweep s = good("neurons = 100, 225\nseed = 1..3", NULL);
    char *name = clsnn_grid_name(&s.grid, 4);
    assert_string_equal(name, "neurons-225_seed-2");
    free(name);
    names_differ(&s);
    drop(&s);
    s = good("epochs = 1", NULL);
    name = clsnn_grid_name(&s.grid, 0);
    assert_string_equal(name, "run");
    free(name);
    drop(&s);
    s = good("seed = 1..11\ntheta_plus_mv = 1, 11, 1.1, 0.11", NULL);
    names_differ(&s);
    drop(&s);
    char text[sizeof many + 64];
    snprintf(text, sizeof text, "%sseed = 1..2", many);
    s = good(text, NULL);
    assert_int_equal(s.grid.n_runs, 1024);
    names_differ(&s);
    /* A run keeps its name when the file gets more values. This holds for long names too, which are
     * hashed. */
    snprintf(text, sizeof text, "%sseed = 1..3", many);
    struct sweep t = good(text, NULL);
    for (size_t run = 0; run < 1024; run++) {
        char *then = clsnn_grid_name(&s.grid, run), *now = clsnn_grid_name(&t.grid, run / 2 * 3 + run % 2);
        assert_string_equal(then, now);
        free(then);
        free(now);
    }
    drop(&s);
    drop(&t);
}

static void test_seeds(void **state) {
    (void)state;
    struct clsnn_options o = {0};
    struct clsnn_grid g = {0};
    char name[] = "train", seed[] = "--seed=18446744073709551613", *argv[] = {name, seed, NULL};
    enum clsnn_parse_action action;
    assert_int_equal(clsnn_options_parse(CLSNN_CMD_TRAIN, 2, argv, &o, &action), CLSNN_OK);
    assert_int_equal(clsnn_grid_seeds(&o, 3, &g), CLSNN_OK);
    assert_int_equal(g.n_runs, 3);
    assert_string_equal(clsnn_grid_value(&g, 2, &g.axes[0]), "18446744073709551615");
    for (size_t run = 0; run < 3; run++) {
        assert_true(g.options[run].seed == UINT64_MAX - 2 + run);
    }
    char *last = clsnn_grid_name(&g, 2);
    assert_string_equal(last, "seed-18446744073709551615");
    free(last);
    clsnn_grid_finish(&g);
    assert_int_equal(clsnn_grid_seeds(&o, 4, &g), CLSNN_E_USAGE);
    assert_string_equal(
        clsnn_error_text(),
        "--runs = 4 from --seed 18446744073709551613 on: seeds end at 2^64 - 1: choose a smaller --seed");
    clsnn_error_clear();
    clsnn_grid_finish(&g);
    clsnn_options_finish(&o);
}

/* The runs of `clsnn reproduce`: short names, sizes vary slowest, an evaluation after each epoch. */
static void test_sizes(void **state) {
    (void)state;
    struct clsnn_options o = {0};
    struct clsnn_grid g = {0};
    char name[] = "reproduce", seed[] = "--seed=5", *argv[] = {name, seed, NULL};
    enum clsnn_parse_action action;
    const uint32_t sizes[] = {100, 17};
    static const char *const names[] = {"n100-s5", "n100-s6", "n100-s7", "n17-s5", "n17-s6", "n17-s7"};
    assert_int_equal(clsnn_options_parse(CLSNN_CMD_REPRODUCE, 2, argv, &o, &action), CLSNN_OK);
    assert_int_equal(clsnn_grid_sizes(&o, sizes, 2, 3, &g), CLSNN_OK);
    assert_int_equal(g.n_runs, 6);
    for (size_t run = 0; run < 6; run++) {
        char *found = clsnn_grid_name(&g, run);
        assert_string_equal(found, names[run]);
        free(found);
        assert_true(g.options[run].neurons == (int32_t)sizes[run / 3] && g.options[run].seed == 5 + run % 3);
        assert_true(g.options[run].eval_every == 1 && g.options[run].epochs == 9);
    }
    clsnn_grid_finish(&g);
    o.seed = UINT64_MAX - 1;
    assert_int_equal(clsnn_grid_sizes(&o, sizes, 2, 3, &g), CLSNN_E_USAGE);
    assert_string_equal(clsnn_error_text(),
                        "--seed = 18446744073709551614: with --seeds 3 must be at most 18446744073709551613");
    clsnn_error_clear();
    clsnn_options_finish(&o);
}

static void shard_is(const char *text, uint32_t i, uint32_t n) {
    uint32_t out_i = 0, out_n = 0;
    if (clsnn_shard_read(text, &out_i, &out_n) != CLSNN_OK) fail_msg("refused: %s", clsnn_error_text());
    assert_true(out_i == i && out_n == n);
}

static void shard_bad(const char *text, const char *want) {
    uint32_t i = 77, n = 77;
    assert_int_equal(clsnn_shard_read(text, &i, &n), CLSNN_E_USAGE);
    if (!strstr(clsnn_error_text(), want))
        fail_msg("\"%s\" does not contain \"%s\"", clsnn_error_text(), want);
    assert_true(i == 77 && n == 77);
    clsnn_error_clear();
}

static void set_slurm(const char *id, const char *count, const char *min, const char *step) {
    const char *const names[] = {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
                                 "SLURM_ARRAY_TASK_STEP"},
                      *const values[] = {id, count, min, step};
    for (int k = 0; k < 4; k++)
        if (values[k])
            setenv(names[k], values[k], 1);
        else
            unsetenv(names[k]);
}

static void test_shards(void **state) {
    (void)state;
    static const char *const wrong[] = {"0/4",
                                        "5/4",
                                        "1/0",
                                        "0/0",
                                        "/",
                                        "1/",
                                        "/4",
                                        "1",
                                        "a/b",
                                        "1/4x",
                                        "-1/4",
                                        "1/-4",
                                        " 1/4",
                                        "1/4 ",
                                        "1.0/4",
                                        "1//4",
                                        "1/2/3",
                                        "1/9999999999",
                                        "9999999999/9999999999"};
    shard_is(NULL, 1, 1);
    shard_is("1/1", 1, 1);
    shard_is("2/4", 2, 4);
    shard_is("4/4", 4, 4);
    shard_is("999999999/999999999", 999999999, 999999999);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char want[64];
        snprintf(want, sizeof want, "--shard = %s: must be slurm, or I/N with I in [1, N]", wrong[k]);
        shard_bad(wrong[k], want);
    }
    /* The variables Slurm sets for --array=1-4, 0-3, 2-8:2, and for a single task. */
    set_slurm("3", "4", "1", "1");
    shard_is("slurm", 3, 4);
    shard_is("1/2", 1, 2);
    shard_is(NULL, 1, 1); /* the variables alone change nothing */
    set_slurm("0", "4", "0", "1");
    shard_is("slurm", 1, 4);
    set_slurm("3", "4", "0", "1");
    shard_is("slurm", 4, 4);
    set_slurm("8", "4", "2", "2");
    shard_is("slurm", 4, 4);
    set_slurm("7", "1", "7", "1");
    shard_is("slurm", 1, 1);
    set_slurm("", "4", "1", "1");
    shard_bad("slurm", "--shard slurm: SLURM_ARRAY_TASK_ID is not set: must be a task of a Slurm job array");
    set_slurm("1", "4", "1", NULL);
    shard_bad("slurm", "SLURM_ARRAY_TASK_STEP is not set");
    /* --array=1,3,9 has no constant step. */
    set_slurm("9", "3", "1", "1");
    shard_bad(
        "slurm",
        "SLURM_ARRAY_TASK_ID = 9: is none of the 3 tasks from 1 on in steps of 1; --shard I/N says which");
    set_slurm("3", "4", "2", "2");
    shard_bad("slurm", "SLURM_ARRAY_TASK_ID = 3: is none of the 4 tasks from 2 on in steps of 2");
    set_slurm("0", "4", "1", "1");
    shard_bad("slurm", "is none of the 4 tasks");
    set_slurm("1", "4", "1", "0");
    shard_bad("slurm", "in steps of 0");
    set_slurm("x", "4", "1", "1");
    shard_bad("slurm", "SLURM_ARRAY_TASK_ID = x: not a number");
    set_slurm("1", "x", "1", "1");
    shard_bad("slurm", "SLURM_ARRAY_TASK_COUNT = x: not a number");
    set_slurm("1", "4294967296", "1", "1");
    shard_bad("slurm", "SLURM_ARRAY_TASK_COUNT = 4294967296: must be in");
}

/* Ten thousand runs, the most allowed, can be read. */
static void test_most_runs(void **state) {
    (void)state;
    struct sweep s = good("seed = 1..5000\nepochs = 1, 2", NULL);
    assert_int_equal(s.grid.n_runs, CLSNN_GRID_MAX_RUNS);
    drop(&s);
}

/* Devices begin with runs by their capacity: together all runs, none of them without one. */
static void test_shares(void **state) {
    (void)state;
    assert_int_equal(clsnn_pack_share(7, 8, 8), 7); /* one device */
    assert_int_equal(clsnn_pack_share(7, 8, 16), 4);
    assert_int_equal(clsnn_pack_share(1, 8, 16), 1);
    assert_int_equal(clsnn_pack_share(400, 264, 328), 322); /* a GPU of 132 units beside 16 cores */
    assert_int_equal(clsnn_pack_share(400, 64, 328), 79);
    assert_int_equal(clsnn_pack_share(10000, UINT32_MAX, 2 * (uint64_t)UINT32_MAX), 5000);
    for (size_t n = 1; n < 50; n++) {
        size_t sum = 0;
        for (uint64_t c = 1; c < 6; c++) {
            assert_true(clsnn_pack_share(n, c, 15) >= 1);
            sum += clsnn_pack_share(n, c, 15);
        }
        assert_in_range(sum, n, n + 4);
    }
}

/* Many cells of two seeds, with every third run finished: right, and in no time. */
static void test_cells(void **state) {
    (void)state;
    enum { N = 50000 };
    static size_t order[N], seeds[2] = {0, 1};
    static struct clsnn_sweep_run runs[2 * N];
    static struct clsnn_metrics metrics[2 * N];
    struct clsnn_axis axes[] = {
        {.row = clsnn_option_find("seed"), .order = seeds, .n_order = 2, .n_values = 2},
        {.param = clsnn_param_find("w_norm"), .order = order, .n_order = N, .n_values = N, .group = 1}};
    const struct clsnn_grid g = {.axes = axes, .n_axes = 2, .n_groups = 2, .n_runs = 2 * N};
    const struct clsnn_sweep s = {.grid = &g, .runs = runs};
    struct clsnn_sweep_cell *cells;
    size_t n_cells;
    for (size_t k = 0; k < N; k++) order[k] = N - 1 - k;
    for (size_t k = 0; k < 2 * N; k += 3) {
        metrics[k].accuracy_all = (double)k / (4 * N);
        metrics[k].accuracy_proportion = (double)k / (2 * N);
        runs[k].result.found = CLSNN_FOUND_FINISHED;
        runs[k].result.run.metrics = &metrics[k];
        runs[k].result.run.n_metrics = 1;
    }
    const clock_t began = clock();
    assert_int_equal(clsnn_sweep_cells(&s, &cells, &n_cells), CLSNN_OK);
    const double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    if (seconds > 3) fail_msg("%d cells took %.1f s of a core: must take milliseconds", N, seconds);
    assert_int_equal(n_cells, N);
    for (size_t c = 0; c < N; c++) {
        assert_int_equal(cells[c].first, c);
        assert_int_equal(cells[c].n_runs, 2);
        size_t n = 0;
        double sum = 0;
        for (size_t k = c; k < 2 * N; k += N)
            if (k % 3 == 0) n++, sum += 100 * metrics[k].accuracy_all;
        assert_int_equal(cells[c].all.n, n);
        assert_int_equal(cells[c].proportion.n, n);
        if (n == 0) continue;
        assert_true(fabs(cells[c].all.mean - sum / (double)n) < 1e-9);
        assert_true(fabs(cells[c].proportion.mean - 2 * sum / (double)n) < 1e-9);
    }
    free(cells);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lists_and_ranges, clean),
        cmocka_unit_test_setup(test_refused_values, clean),
        cmocka_unit_test_setup(test_what_cannot_be_swept, clean),
        cmocka_unit_test_setup(test_files, clean),
        cmocka_unit_test_setup(test_zip, clean),
        cmocka_unit_test_setup(test_order, clean),
        cmocka_unit_test_setup(test_precedence, clean),
        cmocka_unit_test_setup(test_names, clean),
        cmocka_unit_test_setup(test_seeds, clean),
        cmocka_unit_test_setup(test_sizes, clean),
        cmocka_unit_test_setup(test_shards, clean),
        cmocka_unit_test_setup(test_most_runs, clean),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_cells),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
