/* The texts made from the option table. --print-config reads back to the same options. Help, man page and
 * completion name every row. Random command lines never crash, leak or print more than one line of error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options/options.h"
#include "options/options_completion.h"
#include "options/options_man.h"
#include "options/options_render.h"

static char file[] = "/tmp/clsnn-options-text-XXXXXX"; /* for --config */

static int make_file(void **state) {
    (void)state;
    char variable[64];
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_variable(&clsnn_option_rows[k], variable)) unsetenv(variable);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(file);
}

/* Parses a command line of train, given as words that end in NULL. */
static struct clsnn_options train(const char *first, ...) {
    static char name[] = "train";
    char *argv[32] = {name, (char *)(uintptr_t)first};
    int argc = 2;
    va_list words;
    va_start(words, first);
    while ((argv[argc] = va_arg(words, char *))) argc++;
    va_end(words);
    struct clsnn_options o = {0};
    enum clsnn_parse_action action;
    if (clsnn_options_parse(CLSNN_CMD_TRAIN, argc, argv, &o, &action) != CLSNN_OK)
        fail_msg("refused: %s", clsnn_error_text());
    return o;
}

struct pairs {
    char text[16384];
    size_t n;
};

static void collect(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                    bool is_param) {
    struct pairs *p = ctx;
    (void)origin, (void)is_number, (void)is_param;
    p->n += (size_t)snprintf(p->text + p->n, sizeof p->text - p->n, "%s=%s\n", name, value);
    assert_true(p->n < sizeof p->text);
}

static void test_print_config_reads_back(void **state) {
    (void)state;
    char long_out[1000];
    memset(long_out, 'd', sizeof long_out - 1);
    long_out[sizeof long_out - 1] = '\0';
    struct clsnn_options o =
        train("--seed=18446744073709551615", "--neurons=1e2", "--out", long_out,
              "--device=Some; \"GPU\" \xEB\x87\xB0 # 1", "--shuffle", "--preset=seed", "--set=eta_post=0.1",
              "--set=eta_pre=0.33333333333333331", "--work-group=64", "--json", NULL);
    struct pairs before = {.n = 0}, after = {.n = 0};
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    clsnn_options_print_config(&o, f);
    assert_int_equal(fclose(f), 0);
    struct clsnn_options back = train("--config", file, NULL);
    clsnn_options_visit(&o, collect, &before);
    clsnn_options_visit(&back, collect, &after);
    assert_string_equal(before.text, after.text);
    assert_true(strstr(before.text, "eta_pre=0.3333333333333333\n"));
    assert_memory_equal(&o.model, &back.model, sizeof o.model);
    clsnn_options_finish(&back);
    clsnn_options_finish(&o);

    /* --print-config leaves out a value that an ini file cannot hold, and its output still reads back. */
    static const char *const awkward[] = {" a", "a ", "a ; b", "; a"};
    for (size_t k = 0; k < sizeof awkward / sizeof awkward[0]; k++) {
        o = train("--out", awkward[k], NULL);
        f = fopen(file, "w");
        assert_non_null(f);
        clsnn_options_print_config(&o, f);
        assert_int_equal(fclose(f), 0);
        clsnn_options_finish(&o);
        o = train("--config", file, NULL);
        assert_null(o.out_dir);
        clsnn_options_finish(&o);
    }
    struct clsnn_options bare = {.command = "train"}; /* never parsed: must not crash */
    clsnn_options_visit(&bare, collect, &before);
}

/* Returns the text that one renderer writes; the caller frees it. */
static char *rendered(void (*render)(FILE *to), enum clsnn_command command) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    if (render)
        render(f);
    else
        clsnn_options_help(command, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* The words of CLSNN_COMPLETION_SHELLS. */
static void write_bash(FILE *to) {
    clsnn_options_completion(0, to);
}
static void write_zsh(FILE *to) {
    clsnn_options_completion(1, to);
}
static void write_fish(FILE *to) {
    clsnn_options_completion(2, to);
}

static void contains(const char *text, const char *want) {
    if (!strstr(text, want)) fail_msg("\"%s\" is missing", want);
}

static void test_rendered(void **state) {
    (void)state;
    char *man = rendered(clsnn_options_man, 0), want[128];
    char *completion[] = {rendered(write_bash, 0), rendered(write_zsh, 0), rendered(write_fish, 0)};
    contains(man, "130 stopped at once");
    contains(man, "brian2\\-port: ports of that code to Brian 2");
    contains(man, ".SH OPTIONS\n\\fB\\-\\-\\fINAME\\fB=no\\fR turns a switch off again.");
    contains(man, "Commands: train, eval, predict, probe, replay, reproduce, sweep, tune, bench.\n");
    static const char *const told[] = {"FIRST..LAST..STEP", "a list (100, 225, 400)", "zip = NAME, NAME"};
    for (size_t k = 0; k < sizeof told / sizeof *told; k++) contains(man, told[k]);
    contains(man, "test on the first K test images, or on images A to B without B; 0 to 10000000 images "
                  "(default 0 = all)");
    for (size_t c = 0; c < clsnn_n_commands; c++) {
        char *help = rendered(NULL, clsnn_commands[c].command);
        contains(help, clsnn_commands[c].purpose + 1); /* help prints a capital first letter */
        contains(help, clsnn_commands[c].example);
        contains(help, "Exit codes: 0 ok, ");
        contains(help, "130 stopped");
        contains(man, clsnn_commands[c].name);
        for (int s = 0; s < 3; s++) contains(completion[s], clsnn_commands[c].name);
        for (size_t k = 0; k < clsnn_n_option_rows; k++) {
            const struct clsnn_option_row *row = &clsnn_option_rows[k];
            snprintf(want, sizeof want, " --%s ", row->name);
            if (clsnn_option_find_for(clsnn_commands[c].command, row->name)->commands &
                clsnn_commands[c].command)
                contains(help, want);
            else
                assert_null(strstr(help, want));
        }
        for (const char *line = help; *line; line += strcspn(line, "\n") + 1) {
            size_t n = strcspn(line, "\n");
            if (n > 80 || (n > 0 && line[n - 1] == ' ')) fail_msg("bad line: %.*s", (int)n, line);
        }
        free(help);
    }
    for (size_t k = 0; k < clsnn_n_option_rows + clsnn_n_params; k++) {
        bool option = k < clsnn_n_option_rows;
        const char *name =
            option ? clsnn_option_rows[k].name : clsnn_params_table[k - clsnn_n_option_rows].name;
        size_t n = (size_t)snprintf(want, sizeof want, "%s", option ? "\\fB\\-\\-" : "\\fB");
        for (const char *c = name; *c; c++)
            n += (size_t)snprintf(want + n, sizeof want - n, *c == '-' ? "\\-" : "%c", *c);
        snprintf(want + n, sizeof want - n, "\\fR");
        contains(man, want);
        for (int s = 0; s < 3; s++) {
            snprintf(want, sizeof want, !option ? "%s=" : s == 2 ? " -l %s " : "--%s", name);
            contains(completion[s], want);
        }
    }
    free(man);
    for (int s = 0; s < 3; s++) free(completion[s]);
}

/* Command lines made of random pieces with special meaning: none may crash, hang, leak or print more than one
 * line of error. */
static void test_random_lines(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "--",     "-",   "--seed",        "--seed=", "=",    "1",      "--set", "w_max=2",
        "-o",     "-qv", "--json=no",     "--j",     "\xC3", "--help", "a b",   "--config",
        "--set=", "-q-", "--neurons=1e9", "-V"};
    uint64_t bits = 2463534242u;
    for (int round = 0; round < 20000; round++) {
        char words[8][64], *argv[9];
        int argc = 0;
        for (int k = 0; k < 8; k++) {
            bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
            size_t n = sizeof pieces / sizeof pieces[0];
            snprintf(words[k], sizeof words[k], "%s%s", pieces[bits % n],
                     bits >> 40 & 3 ? "" : pieces[bits >> 20 & 15]);
            if ((bits >> 50) % 8 == 0) break;
            argv[argc++] = words[k];
        }
        argv[argc] = NULL;
        struct clsnn_options o = {0};
        enum clsnn_parse_action action;
        enum clsnn_status st =
            clsnn_options_parse(clsnn_commands[round % 5].command, argc, argv, &o, &action);
        assert_true(st == CLSNN_OK || st == CLSNN_E_USAGE || st == CLSNN_E_IO);
        assert_true((st == CLSNN_OK) == (*clsnn_error_text() == '\0'));
        assert_null(strchr(clsnn_error_text(), '\n'));
        assert_null(strstr(clsnn_error_text(), "cannot be read"));
        clsnn_error_clear();
        clsnn_options_finish(&o);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_config_reads_back),
        cmocka_unit_test(test_rendered),
        cmocka_unit_test(test_random_lines),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
