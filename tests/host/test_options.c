/* Command line, environment and files to options: bounds of every row, precedence, messages, hostile input.
 * test_options_text.c tests the texts made from the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clsnn/abi.h"
#include "options/options.h"
#include "options/options_render.h"

/* The tests' HOME, its config.ini, and a file for --config. */
static char home[64], user_file[128], file[128];

static void write_bytes(const char *path, const char *bytes, size_t n) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void write_text(const char *path, const char *text) {
    write_bytes(path, text, strlen(text));
}

static int make_home(void **state) {
    (void)state;
    char dir[128];
    snprintf(home, sizeof home, "/tmp/clsnn-options-XXXXXX");
    if (!mkdtemp(home)) return -1;
    snprintf(dir, sizeof dir, "%s/clsnn", home);
    snprintf(user_file, sizeof user_file, "%s/clsnn/config.ini", home);
    snprintf(file, sizeof file, "%s/run.ini", home);
    return mkdir(dir, 0700);
}

/* Every test begins without files and without variables. */
static int clean(void **state) {
    (void)state;
    char variable[64];
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_variable(&clsnn_option_rows[k], variable)) unsetenv(variable);
    setenv("XDG_CONFIG_HOME", home, 1);
    setenv("HOME", "/nonexistent", 1);
    unlink(user_file);
    unlink(file);
    clsnn_error_clear();
    return 0;
}

static int remove_home(void **state) {
    char dir[128];
    clean(state);
    snprintf(dir, sizeof dir, "%s/clsnn", home);
    return rmdir(dir) || rmdir(home);
}

/* Parses a command line given as words that end in NULL. */
static enum clsnn_status parse_words(enum clsnn_command command, struct clsnn_options *o,
                                     enum clsnn_parse_action *action, va_list words) {
    char *argv[64] = {(char *)(uintptr_t)clsnn_command_find(command)->name};
    static char operand[] = "sweep.ini";
    int argc = 1;
    /* The commands sweep and probe need an operand, which is not under test here. */
    if (command == CLSNN_CMD_SWEEP || command == CLSNN_CMD_PROBE) argv[argc++] = operand;
    while ((argv[argc] = va_arg(words, char *))) argc++;
    *o = (struct clsnn_options){0};
    return clsnn_options_parse(command, argc, argv, o, action);
}

static struct clsnn_options good(enum clsnn_command command, ...) {
    struct clsnn_options o;
    enum clsnn_parse_action action;
    va_list words;
    va_start(words, command);
    enum clsnn_status st = parse_words(command, &o, &action, words);
    va_end(words);
    if (st != CLSNN_OK) fail_msg("refused: %s", clsnn_error_text());
    return o;
}

/* The command line must be refused with one line that contains want. */
static void bad(enum clsnn_status status, const char *want, enum clsnn_command command, ...) {
    struct clsnn_options o;
    enum clsnn_parse_action action;
    va_list words;
    va_start(words, command);
    enum clsnn_status st = parse_words(command, &o, &action, words);
    va_end(words);
    if (st == CLSNN_OK) fail_msg("accepted, expected \"%s\"", want);
    assert_int_equal(st, status);
    assert_null(o.origins); /* a refusal writes nothing */
    const char *text = clsnn_error_text();
    if (!strstr(text, want)) fail_msg("\"%s\" does not contain \"%s\"", text, want);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20) fail_msg("control character in \"%s\"", text);
    clsnn_error_clear();
}
#define TRAIN CLSNN_CMD_TRAIN, "--quiet"
#define USAGE CLSNN_E_USAGE

static void test_defaults(void **state) {
    (void)state;
    struct clsnn_options o = good(CLSNN_CMD_TRAIN, NULL);
    assert_null(o.device);
    assert_null(o.out_dir);
    assert_true(o.seed == 1);
    assert_string_equal(o.data, "auto");
    assert_string_equal(o.preset, "kim-2020");
    assert_string_equal(o.command, "train");
    assert_true(o.neurons == 400 && o.epochs == 1 && o.train_images.n == 0 && o.label_images.n == 10000 &&
                o.test_images.n == 0 && o.label_images.first == 0);
    assert_false(o.json || o.quiet || o.shuffle || o.verbose);
    assert_int_equal(o.n_operands, 0);
    assert_true(o.model.eta_post == 1e-2);
    clsnn_options_finish(&o);
    clsnn_options_finish(&o);
    clsnn_options_finish(NULL);
    o = good(CLSNN_CMD_REPRODUCE, NULL); /* reproduce has its own default of epochs; a flag overrules it */
    assert_true(o.epochs == 9 && o.seeds == 3);
    clsnn_options_finish(&o);
    o = good(CLSNN_CMD_REPRODUCE, "--epochs=1", NULL);
    assert_true(o.epochs == 1);
    clsnn_options_finish(&o);
}

static void test_ranges_of_images(void **state) {
    (void)state;
    char text[32];
    const struct clsnn_option_row *row = clsnn_option_find("test-images");
    struct clsnn_options o = good(TRAIN, "--train-images=100..300", "--test-images", "0..50", NULL);
    assert_true(o.train_images.first == 100 && o.train_images.n == 200);
    assert_true(o.test_images.first == 0 && o.test_images.n == 50);
    assert_string_equal(clsnn_option_value(&o, row, text), "50");
    assert_string_equal(clsnn_option_value(&o, clsnn_option_find("train-images"), text), "100..300");
    clsnn_options_finish(&o);
    static const char *const wrong[][2] = {
        {"5..5", "--test-images = 5..5: A in A..B must be below B"},
        {"6..5", "--test-images = 6..5: A in A..B must be below B"},
        {"..5", "--test-images is empty: must be a whole number"},
        {"5..", "--test-images is empty: must be a whole number"},
        {"a..5", "--test-images = a: not a number"},
        {"1..b", "--test-images = b: not a number"},
        {"1...5", "--test-images = .5: must be a whole number"},
        {"-1..5", "--test-images = -1: must be in [0, "},
        {"1..5..9", "--test-images = 5..9: not a number"},
        {"1..10000001", "--test-images = 10000001: must be in [0, "},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        bad(USAGE, wrong[k][1], TRAIN, "--test-images", wrong[k][0], NULL);
}

/* An accepted value is stored in the row's own field, in whatever form it is written. */
static void test_every_bound(void **state) {
    (void)state;
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        enum clsnn_command command = row->commands & CLSNN_CMD_TRAIN   ? CLSNN_CMD_TRAIN
                                     : row->commands & CLSNN_CMD_EVAL  ? CLSNN_CMD_EVAL
                                     : row->commands & CLSNN_CMD_BENCH ? CLSNN_CMD_BENCH
                                     : row->commands & CLSNN_CMD_SWEEP ? CLSNN_CMD_SWEEP
                                     : row->commands & CLSNN_CMD_PROBE ? CLSNN_CMD_PROBE
                                     : row->commands & CLSNN_CMD_RUNS  ? CLSNN_CMD_RUNS
                                                                       : CLSNN_CMD_REPRODUCE;
        char flag[64], text[128], number[32];
        snprintf(flag, sizeof flag, "--%s", row->name);
        bool whole = row->type == CLSNN_OPT_WHOLE || row->type == CLSNN_OPT_POWER ||
                     row->type == CLSNN_OPT_IMAGES || row->type == CLSNN_OPT_IMAGE ||
                     row->type == CLSNN_OPT_SEED;
        if (whole) {
            for (int high = 0; high <= 1; high++) {
                snprintf(text, sizeof text, "--%s=%" PRIu64, row->name, high ? row->max : row->min);
                struct clsnn_options o = good(command, text, NULL),
                                     p = good(command, flag, strchr(text, '=') + 1, NULL);
                assert_string_equal(clsnn_option_value(&o, row, number), strchr(text, '=') + 1);
                assert_string_equal(clsnn_option_value(&p, row, number), strchr(text, '=') + 1);
                clsnn_options_finish(&o);
                clsnn_options_finish(&p);
            }
            snprintf(text, sizeof text, "--%s = -1: must be in [%" PRIu64 ", %" PRIu64 "]", row->name,
                     row->min, row->max);
            bad(USAGE, text, command, flag, "-1", NULL);
            if (row->min == 1) bad(USAGE, "= 0: must be in [1, ", command, flag, "0", NULL);
            snprintf(number, sizeof number, "%" PRIu64 "0", row->max);
            bad(USAGE, "must be in [", command, flag, number, NULL);
            bad(USAGE, "= abc: not a number", command, flag, "abc", NULL);
            bad(USAGE, "= nan: not a number", command, flag, "nan", NULL);
            bad(USAGE, "= 1e309: must be in [", command, flag, "1e309", NULL);
            bad(USAGE, "= 0x10: not a number", command, flag, "0x10", NULL);
            bad(USAGE, "= 2.5: must be a whole number", command, flag, "2.5", NULL);
            snprintf(text, sizeof text, "--%s is empty: must be a whole number in [%" PRIu64 ", ", row->name,
                     row->min);
            bad(USAGE, text, command, flag, "", NULL);
        } else if (row->type == CLSNN_OPT_SWITCH) {
            static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
            for (size_t w = 0; w < 8; w++) {
                snprintf(text, sizeof text, "--%s=%s", row->name, words[w]);
                struct clsnn_options o = good(command, flag, text, NULL);
                assert_string_equal(clsnn_option_value(&o, row, number), w % 2 ? "yes" : "no");
                clsnn_options_finish(&o);
            }
            snprintf(text, sizeof text, "--%s=", row->name);
            bad(USAGE, "is empty: must be yes or no", command, text, NULL);
            snprintf(text, sizeof text, "--%s=maybe", row->name);
            bad(USAGE, "must be yes or no", command, text, NULL);
        } else if (row->choices) {
            bad(USAGE, "none-such", command, flag, "none-such", NULL);
            bad(USAGE, "is empty: must be ", command, flag, "", NULL);
        } else if (row->type == CLSNN_OPT_TEXT) {
            bad(USAGE, "is empty: give it a value, or leave it out", command, flag, "", NULL);
            bad(USAGE, "control characters", command, flag, "a\nb", NULL);
            bad(USAGE, "control characters", command, flag, "\x1b[2J", NULL);
            struct clsnn_options o = good(command, flag, "\xEB\x87\xB0/\xCE\xB8 x", NULL);
            assert_string_equal(clsnn_option_value(&o, row, number), "\xEB\x87\xB0/\xCE\xB8 x");
            clsnn_options_finish(&o);
        }
        if (row->metavar) bad(USAGE, " needs a value: --", command, flag, NULL);
        if (row->type == CLSNN_OPT_ACTION) {
            snprintf(text, sizeof text, "--%s=1", row->name);
            bad(USAGE, "takes no value", command, text, NULL);
        }
    }
    struct clsnn_options o = good(TRAIN, "--neurons=1.6e3", "--work-group=256", NULL);
    assert_true(o.neurons == 1600 && o.work_group == 256 && o.quiet);
    clsnn_options_finish(&o);
    bad(USAGE, "--work-group = 48: must be 0 or a power of two up to 1024", TRAIN, "--work-group", "48",
        NULL);
    bad(USAGE, "--rule = hebb: must be one of triplet|pair|powerlaw", TRAIN, "--rule=hebb", NULL);
    bad(USAGE, "--pairing = some: must be one of nearest|all", TRAIN, "--pairing", "some", NULL);
    bad(USAGE, "mu = 1.5: must be a whole number in [0, 4]", TRAIN, "--set", "mu=1.5", NULL);
    bad(USAGE, "--inhibition = none: must be one of layer|direct", TRAIN, "--inhibition", "none", NULL);
    o = good(TRAIN, "--rule=pair", "--inhibition", "direct", "--preset=kim-2020", NULL);
    assert_true(o.model.laws.rule == CLSNN_RULE_PAIR && o.model.laws.inhibition == CLSNN_INHIBITION_DIRECT);
    clsnn_options_finish(&o);
}

static void test_unknown(void **state) {
    (void)state;
    bad(USAGE, "unknown option --neurns: did you mean --neurons?", TRAIN, "--neurns", "5", NULL);
    bad(USAGE, "unknown option --neurns: did you mean --neurons?", TRAIN, "--neurns=5", NULL);
    /* Options cannot be abbreviated. */
    bad(USAGE, "unknown option --neur: did you mean --neurons?", TRAIN, "--neur", "5", NULL);
    bad(USAGE, "unknown option --neur: did you mean --neurons?", TRAIN, "--neur=5", NULL);
    bad(USAGE, "unknown option --test: did you mean --test-images?", TRAIN, "--test", "5", NULL);
    bad(USAGE, "unknown option --s: ", TRAIN, "--s", NULL); /* --seed, --set, --shuffle */
    bad(USAGE, "unknown option --zzzzzzzz: clsnn train --help lists them", TRAIN, "--zzzzzzzz", NULL);
    bad(USAGE, "--neurons is an option of clsnn train, not of clsnn eval", CLSNN_CMD_EVAL, "m.npz",
        "--neurons", "5", NULL);
    bad(USAGE, "--neurons is an option of clsnn train, not of clsnn eval", CLSNN_CMD_EVAL, "m.npz",
        "--neurons=5", NULL);
    bad(USAGE, "write --set w_max=VALUE", TRAIN, "--w_max=2", NULL);
    bad(USAGE, "unknown option -x: clsnn train --help lists them", TRAIN, "-x", NULL);
    bad(USAGE, "-o is an option of clsnn train, not of clsnn verify", CLSNN_CMD_VERIFY, "run", "-ox", NULL);
    bad(USAGE, "unknown option --w_max: clsnn devices --help lists them", CLSNN_CMD_DEVICES, "--w_max=2",
        NULL);
    bad(USAGE, "unknown option -x", TRAIN, "-qvx", NULL);
    bad(USAGE, "unknown option -?", TRAIN, "-\xFF", NULL);
    bad(USAGE, "-o needs a value: --out DIR", TRAIN, "-qo", NULL);
    bad(USAGE, "unknown option --???: ", TRAIN, "--\n\x01\x7f", NULL);
    bad(USAGE, "--set =3: write --set NAME=VALUE", TRAIN, "--set", "  =3", NULL);
    struct clsnn_options spaced = good(TRAIN, "--set", " theta_plus_mv = 0.1 ", "--set", "w_max  =2", NULL);
    assert_true(spaced.model.theta_plus_mv == 0.1 && spaced.model.w_max == 2);
    clsnn_options_finish(&spaced);
    bad(USAGE, "w_max is empty: must be in [0.001, 1000]", TRAIN, "--set", "w_max = ", NULL);
    bad(USAGE, "unknown parameter w_mx: did you mean w_max?", TRAIN, "--set", "w_mx = 3", NULL);
    bad(USAGE, "--set w_max: write --set NAME=VALUE", TRAIN, "--set", "w_max", NULL);
    bad(USAGE, "--set =3: write --set NAME=VALUE", TRAIN, "--set", "=3", NULL);
    bad(USAGE, "neurons is an option, write --neurons", TRAIN, "--set", "neurons=3", NULL);
    bad(USAGE, "unknown parameter w_mx: did you mean w_max?", TRAIN, "--set", "w_mx=3", NULL);
    bad(USAGE, "w_max is empty: must be in [0.001, 1000]", TRAIN, "--set", "w_max=", NULL);
    bad(USAGE, "w_max = 1=2: not a number", TRAIN, "--set=w_max=1=2", NULL);
    bad(USAGE, "v_thresh_exc_mv = -70 must be above v_rest_exc_mv", TRAIN, "--set=v_thresh_exc_mv=-70", NULL);
    size_t n = 100000;
    char *longest = malloc(n + 1);
    assert_non_null(longest);
    memset(longest, 'x', n);
    longest[n] = '\0';
    bad(USAGE, "xxx...", TRAIN, longest, NULL);
    bad(USAGE, "xxx...: not a number", TRAIN, "--seed", longest, NULL);
    bad(USAGE, "unknown parameter xxx", TRAIN, "--set", (memcpy(longest + n - 2, "=1", 2), longest), NULL);
    memcpy(longest, "--", 2);
    bad(USAGE, "unknown option --xxx", TRAIN, longest, NULL);
    free(longest);
}

static void test_operands(void **state) {
    (void)state;
    struct clsnn_options o = good(CLSNN_CMD_REPLAY, "in.npz", "--work-group=1", "-qv", "out.npz", NULL);
    assert_int_equal(o.n_operands, 2);
    assert_string_equal(o.operands[0], "in.npz");
    assert_string_equal(o.operands[1], "out.npz");
    assert_true(o.quiet && o.verbose);
    clsnn_options_finish(&o);
    o = good(CLSNN_CMD_EVAL, "-odir", "--", "--json", NULL);
    assert_string_equal(o.operands[0], "--json");
    assert_string_equal(o.out_dir, "dir");
    assert_false(o.json);
    clsnn_options_finish(&o);
    bad(USAGE, "MODEL.npz is missing: usage: clsnn eval [OPTION]... MODEL.npz", CLSNN_CMD_EVAL, "--json",
        NULL);
    bad(USAGE, "IN.npz is missing: usage: clsnn replay", CLSNN_CMD_REPLAY, NULL);
    bad(USAGE, "OUT.npz is missing: usage: clsnn replay", CLSNN_CMD_REPLAY, "in.npz", NULL);
    bad(USAGE, "RUN_DIR is missing: usage: clsnn verify", CLSNN_CMD_VERIFY, NULL);
    bad(USAGE, "the operand is missing: usage: clsnn data [OPTION]... list | ", CLSNN_CMD_DATA, NULL);
    bad(USAGE, "unexpected operand \"c\"", CLSNN_CMD_REPLAY, "a", "b", "c", NULL);
    bad(USAGE, "unexpected operand \"no\": usage: clsnn train [OPTION]...", CLSNN_CMD_TRAIN, "--json", "no",
        NULL);
    bad(USAGE, "operand 1 is empty: usage: clsnn eval", CLSNN_CMD_EVAL, "", NULL);
}

/* A command refuses an option that it would ignore. */
static void test_options_of_commands(void **state) {
    (void)state;
    static const struct {
        enum clsnn_command command;
        const char *operand, *flags[6];
    } cases[] = {{CLSNN_CMD_VERIFY, "run", {"--seed", "--out", "--set", "--preset", "--neurons"}},
                 {CLSNN_CMD_DEVICES, NULL, {"--seed", "--out", "--set", "--preset", "--data"}},
                 {CLSNN_CMD_DATA, "list", {"--seed", "--device", "--set", "--preset", "--data"}},
                 {CLSNN_CMD_REPLAY, "in.npz", {"--seed", "--out", "--data", "--epochs"}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (const char *const *flag = cases[c].flags; *flag; flag++) {
            char want[128];
            const char *first = cases[c].operand ? cases[c].operand : *flag;
            snprintf(want, sizeof want, "%s is an option of clsnn ", *flag);
            bad(USAGE, want, cases[c].command, first, cases[c].operand ? *flag : "1", "1", NULL);
        }
    }
    struct clsnn_options o = good(CLSNN_CMD_DATA, "list", "--out", "x", "-q", "--json", NULL);
    assert_string_equal(o.out_dir, "x");
    clsnn_options_finish(&o);
    o = good(CLSNN_CMD_VERIFY, "run", "--data", "x", "--device", "cpu", NULL);
    clsnn_options_finish(&o);
}

static void test_actions(void **state) {
    (void)state;
    static const struct {
        const char *flag;
        enum clsnn_parse_action action;
    } cases[] = {{"--help", CLSNN_PARSE_HELP},
                 {"-h", CLSNN_PARSE_HELP},
                 {"--version", CLSNN_PARSE_VERSION},
                 {"-V", CLSNN_PARSE_VERSION},
                 {"--print-config", CLSNN_PARSE_PRINT_CONFIG},
                 {"-q", CLSNN_PARSE_RUN}};
    write_text(user_file, "broken");
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        if (k == 4) unlink(user_file); /* --help and --version answer in spite of a broken file */
        char flag[32], name[] = "train", *argv[] = {name, flag, NULL};
        snprintf(flag, sizeof flag, "%s", cases[k].flag);
        struct clsnn_options o = {0};
        enum clsnn_parse_action action;
        assert_int_equal(clsnn_options_parse(CLSNN_CMD_TRAIN, 2, argv, &o, &action), CLSNN_OK);
        assert_int_equal(action, cases[k].action);
        clsnn_options_finish(&o);
    }
    struct clsnn_options o = good(CLSNN_CMD_EVAL, "--print-config", NULL); /* without its operand */
    clsnn_options_finish(&o);
}

struct wanted {
    const char *name, *value, *origin;
    bool found;
};

static void match(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                  bool is_param) {
    struct wanted *w = ctx;
    if (strcmp(name, w->name) != 0) return;
    assert_false(w->found);
    w->found = true;
    assert_string_equal(value, w->value);
    assert_string_equal(origin, w->origin);
    assert_int_equal(is_param, clsnn_param_find(name) != NULL);
    assert_int_equal(is_number, strspn(value, "0123456789.-e") == strlen(value) && *value);
}

static void expect(const struct clsnn_options *o, const char *name, const char *value, const char *origin) {
    struct wanted w = {name, value, origin, false};
    clsnn_options_visit(o, match, &w);
    if (!w.found) fail_msg("%s was not visited", name);
}

static void test_precedence(void **state) {
    (void)state;
    write_text(user_file, "seed = 2\nneurons = 12\nw_max = 2\njson = on\neta_pre = 0.5\nout=user\n");
    struct clsnn_options o = good(TRAIN, NULL);
    assert_true(o.seed == 2 && o.neurons == 12 && o.json && o.model.w_max == 2);
    expect(&o, "seed", "2", user_file);
    expect(&o, "w_max", "2", user_file);
    expect(&o, "epochs", "1", "default");
    expect(&o, "w_norm", "78", "default");
    expect(&o, "device", "", "default");
    expect(&o, "quiet", "yes", "command line");
    clsnn_options_finish(&o);

    write_text(
        file,
        "\xEF\xBB\xBF; comment\n[clsnn]\r\n  seed = 3 ; trailing\n\tneurons: 13\n\n# other\nw_max = 3\n");
    setenv("CLSNN_CONFIG", file, 1);
    o = good(TRAIN, NULL);
    assert_true(o.seed == 3 && o.neurons == 13 && o.json && o.model.w_max == 3);
    clsnn_options_finish(&o);
    setenv("CLSNN_CONFIG", "/nonexistent", 1);
    o = good(TRAIN, "--config", file, NULL);
    assert_true(o.seed == 3 && o.neurons == 13 && o.json && o.model.w_max == 3);
    expect(&o, "seed", "3", file);
    expect(&o, "json", "yes", user_file);
    clsnn_options_finish(&o);

    setenv("CLSNN_SEED", "4", 1);
    setenv("CLSNN_JSON", "0", 1);
    setenv("CLSNN_TRAIN_IMAGES", "5", 1);
    setenv("CLSNN_NEURONS", "", 1); /* an empty variable counts as unset */
    setenv("CLSNN_DATA", "/somewhere", 1);
    o = good(TRAIN, "--config", file, NULL);
    assert_true(o.seed == 4 && o.neurons == 13 && !o.json && o.train_images.n == 5);
    assert_string_equal(o.data, "auto");
    expect(&o, "seed", "4", "environment");
    clsnn_options_finish(&o);

    o = good(TRAIN, "--seed=5", "--config", file, "--set", "w_max=5", "--json", "--seed", "6", NULL);
    assert_true(o.seed == 6 && o.json && o.model.w_max == 5 && o.model.eta_pre == 0.5);
    expect(&o, "seed", "6", "command line");
    expect(&o, "w_max", "5", "command line");
    clsnn_options_finish(&o);

    /* A preset replaces parameters of lower levels. Parameters of its own level stand, in whatever order. */
    o = good(TRAIN, "--config", file, "--set", "w_norm=70", "--preset", "seed", NULL);
    assert_true(o.model.w_max == 1 && o.model.w_norm == 70);
    expect(&o, "preset", "seed", "command line");
    expect(&o, "w_max", "1", "preset seed");
    expect(&o, "w_norm", "70", "command line");
    clsnn_options_finish(&o);
    /* The delays belong to the preset too; the other laws are options of their own. */
    write_text(file, "delays = 1:2\nrule = pair\n");
    o = good(TRAIN, "--config", file, "--preset", "diehl-cook-2015", NULL);
    assert_true(o.model.laws.delay_min == 0 && o.model.laws.delay_max == 20 && o.model.laws.rule == 1);
    expect(&o, "delays", "0:10", "preset diehl-cook-2015");
    clsnn_options_finish(&o);
    o = good(TRAIN, "--config", file, "--delays", "5:31.5", "--preset", "diehl-cook-2015", NULL);
    assert_true(o.model.laws.delay_min == 10 && o.model.laws.delay_max == 63);
    expect(&o, "delays", "5:31.5", "command line");
    clsnn_options_finish(&o);
    write_text(file, "w_norm = 60\npreset = seed\n");
    o = good(TRAIN, "--config", file, NULL);
    assert_true(o.model.w_norm == 60 && o.model.w_max == 1);
    clsnn_options_finish(&o);
    bad(CLSNN_E_IO, "CLSNN_CONFIG /nonexistent: not found", TRAIN, NULL);
    unsetenv("CLSNN_CONFIG");

    /* Without XDG_CONFIG_HOME, or with a relative one, the file is ~/.config/clsnn/config.ini. Without HOME
     * too, no file is read. */
    setenv("XDG_CONFIG_HOME", "relative", 1);
    o = good(TRAIN, NULL);
    assert_true(o.neurons == 400);
    clsnn_options_finish(&o);
    unsetenv("HOME");
    unsetenv("XDG_CONFIG_HOME");
    o = good(TRAIN, NULL);
    clsnn_options_finish(&o);
    unsetenv("CLSNN_DATA");
}

static void test_bad_environment(void **state) {
    (void)state;
    setenv("CLSNN_SEED", "many", 1);
    bad(USAGE, "CLSNN_SEED = many: not a number", TRAIN, NULL);
    bad(USAGE, "CLSNN_SEED = many", TRAIN, "--seed=1", NULL); /* overruled, but still an error */
    setenv("CLSNN_SEED", "1", 1);
    setenv("CLSNN_JSON", "\n", 1);
    bad(USAGE, "CLSNN_JSON = ?: must be yes or no", TRAIN, NULL);
}

static void bad_file(const char *text, const char *want) {
    write_text(file, text);
    bad(USAGE, want, TRAIN, "--config", file, NULL);
}

static void test_bad_files(void **state) {
    (void)state;
    bad_file("seed = 1\nneurns = 5\n",
             "run.ini:2: unknown option or parameter neurns: did you mean neurons?");
    bad_file("\n\nw_mx = 5\n", "run.ini:3: unknown option or parameter w_mx: did you mean w_max?");
    bad_file("seed = 1\n\nneurons = 0\n", "run.ini:3: neurons = 0: must be in [1, 16384]");
    bad_file("w_max = abc", "run.ini:1: w_max = abc: not a number; must be in [0.001, 1000]");
    bad_file("seed = 1\nnonsense\nepochs = 1\n", "run.ini:2: \"nonsense\": must be name = value");
    bad_file("\xEF\xBB\xBFhello world\r\n", "run.ini:1: \"hello world\": must be name = value");
    bad_file("foo ; a = b\n", "run.ini:1: \"foo ; a = b\": must be name = value");
    bad_file("[clsnn\n", "run.ini:1: \"[clsnn\": must be [clsnn]");
    bad_file("[other]\nseed = 1\n", "run.ini:1: unknown section [other]: must be [clsnn] or none");
    bad_file("seed = 1\n\n  [model]\nw_max = 1\n", "run.ini:3: unknown section [model]");
    bad_file("seed = 1\n[model] ; the last line", "run.ini:2: unknown section [model]");
    bad_file("neurons = 10 # note\n",
             "neurons = 10 # note: not a number; must be a whole number in [1, 16384]; "
             "a comment behind a value begins with \" ;\"");
    bad_file("shuffle = yes\t# note\n", "; a comment behind a value begins with \" ;\"");
    bad_file("set = w_max=3\n", "run.ini:1: set belongs on the command line");
    bad_file("config = other.ini\n", "run.ini:1: config belongs on the command line");
    bad_file("help = yes\n", "run.ini:1: help belongs on the command line");
    bad_file("rule = hebb\n", "run.ini:1: rule = hebb: must be one of triplet|pair|powerlaw");
    bad_file("preset = sed\n", "run.ini:1: preset = sed: must be one of kim-2020|diehl-cook-2015|");
    bad_file("json = maybe\n", "run.ini:1: json = maybe: must be yes or no");
    bad_file("seed =\n", "run.ini:1: seed is empty: must be a whole number in [0, 18446744073709551615]");
    bad_file("w_max =\n", "run.ini:1: w_max is empty: must be in [0.001, 1000]");
    bad_file("preset =\n", "run.ini:1: preset is empty: must be one of");
    bad_file("out =\n", "run.ini:1: out is empty: give it a value");
    bad_file("out = a\x01"
             "b\n",
             "run.ini:1: out = a?b: control characters");
    /* A line that begins with spaces continues nothing. */
    bad_file("seed = 1\n  nonsense\n", "run.ini:2: \"nonsense\": must be");
    bad_file("seed = 0x10\n", "not a number");
    bad_file("= 5\n", "run.ini:1: unknown option or parameter");
    bad_file("\xEB\x87\xB0 = 5\n", "unknown option or parameter \xEB\x87\xB0");

    write_bytes(file, "seed = 1\nout = a\0b\n", 19);
    bad(USAGE, "run.ini:2: a NUL byte", TRAIN, "--config", file, NULL);
    size_t n = 3u << 20;
    char *bytes = malloc(n);
    assert_non_null(bytes);
    memset(bytes, 'x', n);
    write_bytes(file, bytes, 400);
    bad(USAGE, "run.ini:1: \"xxxxxxx", TRAIN, "--config", file, NULL);
    memset(bytes, '\n', n);
    write_bytes(file, bytes, n);
    bad(USAGE, "run.ini: larger than 1048576 bytes", TRAIN, "--config", file, NULL);
    bytes[0] = '#'; /* one endless comment */
    memset(bytes + 1, ' ', n - 1);
    write_bytes(file, bytes, n);
    bad(USAGE, "run.ini: larger than 1048576 bytes", TRAIN, "--config", file, NULL);
    free(bytes);

    write_text(file, "");
    struct clsnn_options o = good(TRAIN, "--config", file, NULL);
    clsnn_options_finish(&o);
    bad(USAGE, "--config is empty: name an ini file", TRAIN, "--config=", NULL);
    bad(CLSNN_E_IO, "--config /nonexistent/x: not found", TRAIN, "--config", "/nonexistent/x", NULL);
    bad(CLSNN_E_IO, ": is a directory: must be a text file", TRAIN, "--config", home, NULL);
    write_text(user_file, "seed = x\n");
    bad(USAGE, "config.ini:1: seed = x", TRAIN, NULL);
    write_text(user_file, "neurons = 5\n"); /* a shared file may hold another command's options */
    o = good(CLSNN_CMD_DEVICES, NULL);
    clsnn_options_finish(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, clean),
        cmocka_unit_test_setup(test_every_bound, clean),
        cmocka_unit_test_setup(test_ranges_of_images, clean),
        cmocka_unit_test_setup(test_unknown, clean),
        cmocka_unit_test_setup(test_operands, clean),
        cmocka_unit_test_setup(test_options_of_commands, clean),
        cmocka_unit_test_setup(test_actions, clean),
        cmocka_unit_test_setup(test_precedence, clean),
        cmocka_unit_test_setup(test_bad_environment, clean),
        cmocka_unit_test_setup(test_bad_files, clean),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
