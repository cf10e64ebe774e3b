/* The tree's own rules, checked on its text: which file may include which (floors), which file may include a
 * dependency or use a call (doors), and that the build lists every file. The tables below are the place where
 * the rules stand. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_FILES = 16, MAX_NAME = 64, MAX_TEXT = 1 << 20, SHARED = -1 };

/* A module's files may include each other, and any module strictly below. In floor order. */
static const struct module {
    const char *name;
    int floor;
    const char *files[MAX_FILES];
} modules[] = {
    {"contract", SHARED, {"abi.h", "params.def"}},
    {"status", 0, {"status.h", "status.c"}},
    {"kernel source", 0, {"kernel_source.h"}},
    {"file", 1, {"file.h", "file.c"}},
    {"config", 1, {"config.h", "config.c"}},
    {"digits", 1, {"digits.h", "digits.c"}},
    {"order", 1, {"order.h", "order.c"}},
    {"running", 1, {"running.h", "running.c"}},
    {"stats", 1, {"stats.h", "stats.c"}},
    {"places", 2, {"places.h", "places.c"}},
    {"npz", 2, {"npz.h", "npz.c", "npy.c", "npy_internal.h"}},
    {"options",
     2,
     {"options.h", "options_table.h", "options.c", "options_table.c", "options_file.c", "options_render.c",
      "options_man.c"}},
    {"grid", 3, {"grid.h", "grid.c"}},
    {"device", 2, {"device.h", "device.c"}},
    {"figure", 2, {"figure.h", "figure_internal.h", "figure.c", "figure_curves.c", "figure_png.c"}},
    {"html", 2, {"html.h", "html.c"}},
    {"dataset", 3, {"dataset.h", "dataset.c", "idx.c", "idx_internal.h"}},
    {"download", 3, {"download.h", "download.c"}},
    {"program", 3, {"program.h", "program.c"}},
    {"network", 4, {"network.h", "network.c", "network_params.c"}},
    {"train", 5, {"train.h", "train.c"}},
    {"evaluate", 5, {"evaluate.h", "evaluate.c"}},
    {"replay", 5, {"replay.h", "replay.c"}},
    {"plain", 5, {"plain.h", "plain_internal.h", "plain.c", "plain_run.c", "plain_encode.c"}},
    {"selftest", 6, {"selftest.h", "selftest.c"}},
    {"readout", 6, {"readout.h", "readout.c"}},
    {"lab", 6, {"lab.h", "lab.c"}},
    {"bench", 7, {"bench.h", "bench.c"}},
    {"experiment", 7, {"experiment.h", "experiment.c"}},
    {"record", 8, {"record.h", "record.c"}},
    {"progress", 8, {"progress.h", "progress.c"}},
    {"report", 9, {"report.h", "report.c"}},
    {"checkpoint", 9, {"checkpoint.h", "checkpoint.c"}},
    {"results", 9, {"results.h", "results.c", "results_table.c"}},
    {"reproduce",
     9,
     {"reproduce.h", "reproduce_internal.h", "reproduce.c", "reproduce_figure.c", "reproduce_page.c",
      "reproduce_table.c", "reproduce_text.c"}},
    {"sweep", 10, {"sweep.h", "sweep.c"}},
    {"session", 10, {"session.h", "session.c"}},
    {"commands",
     11,
     {"commands.h", "cmd_train.c", "cmd_eval.c", "cmd_replay.c", "cmd_devices.c", "cmd_data.c", "cmd_bench.c",
      "cmd_sweep.c", "cmd_reproduce.c", "cmd_verify.c"}},
    {"main", 12, {"main.c"}},
};
enum { N_MODULES = sizeof modules / sizeof modules[0] };

/* program.cl includes kernels in this order, so that none can call what lies above it. */
static const struct {
    const char *file;
    int floor;
    bool law; /* equations on scalars: they know neither work-items nor barriers */
} kernels[] = {
    {"prelude.cl", 0, false}, {"neuron.cl", 1, true},          {"stdp.cl", 1, true},
    {"encode.cl", 2, false},  {"step.cl", 3, false},           {"weights.cl", 4, false},
    {"single.cl", 4, false},  {"ahead.cl", 5, false},          {"group.cl", 5, false},
    {"present.cl", 6, false}, {"present_single.cl", 7, false}, {"present_group.cl", 7, false},
    {"scratch.cl", 8, false}, {"train.cl", 9, false},          {"evaluate.cl", 9, false},
    {"replay.cl", 9, false},
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

/* An include that starts like this, or a word of the code (or only a call of it), and the files that it may
 * stand in; a star stands for the rest of a name. */
struct door {
    const char *what;
    bool call;
    const char *files[MAX_FILES];
};
static const struct door include_doors[] = {
    {"CL/", 0, {"device.h"}},
    {"clblast", 0, {"readout.c"}},
    {"zlib.h", 0, {"idx.c", "npy.c", "npz.c"}},
    {"archive", 0, {"npz.c"}},
    {"png.h", 0, {"figure_png.c"}},
    {"cairo", 0, {"figure*"}},
    {"argp.h", 0, {"options*"}},
    {"ini.h", 0, {"options*"}},
    {"curl/", 0, {"download.c"}},
    {"openssl/", 0, {"file.c"}},
    {"jansson.h", 0, {"record.h", "report.c", "results*", "reproduce*", "cmd_*"}},
    {"Random123/", 0, {"digits.c", "order.c", "plain*"}},
};
static const struct door word_doors[] = {
    {"stdout", 0, {"report.c", "cmd_*", "main.c"}},
    {"stderr", 0, {"session.c", "cmd_*", "main.c"}},
    {"printf", 1, {"report.c", "cmd_*", "main.c"}},
    {"puts", 1, {"report.c", "cmd_*", "main.c"}},
    {"putchar", 1, {"report.c", "cmd_*", "main.c"}},
    {"perror", 1, {"main.c"}},
    {"exit", 1, {"main.c"}},
    {"_exit", 1, {"session.c", "main.c"}},
    {"_Exit", 1, {"main.c"}},
    {"quick_exit", 1, {"main.c"}},
    {"abort", 1, {"main.c"}},
};
enum {
    N_INCLUDE_DOORS = sizeof include_doors / sizeof include_doors[0],
    N_WORD_DOORS = sizeof word_doors / sizeof word_doors[0]
};

/* What is found wrong, printed where it is found. */
static int n_problems;
static bool quiet; /* while the rules themselves are tried on made-up breaches */

static void __attribute__((format(printf, 1, 2))) problem(const char *format, ...) {
    n_problems++;
    if (quiet) return;
    va_list list;
    va_start(list, format);
    printf("# ");
    vprintf(format, list);
    printf("\n");
    va_end(list);
}

static const struct module *module_of(const char *file) {
    for (int m = 0; m < N_MODULES; m++)
        for (int k = 0; k < MAX_FILES && modules[m].files[k]; k++)
            if (strcmp(modules[m].files[k], file) == 0) return &modules[m];
    return NULL;
}

static bool may_pass(const struct door *door, const char *file) {
    for (int k = 0; k < MAX_FILES && door->files[k]; k++) {
        const char *star = strchr(door->files[k], '*');
        if (star ? strncmp(door->files[k], file, (size_t)(star - door->files[k])) == 0
                 : strcmp(door->files[k], file) == 0)
            return true;
    }
    return false;
}

/* The length of the word that starts here, 0 where none does. */
static size_t word_length(const char *c) {
    size_t n = 0;
    while ((c[n] >= 'a' && c[n] <= 'z') || (c[n] >= 'A' && c[n] <= 'Z') || (c[n] >= '0' && c[n] <= '9') ||
           c[n] == '_')
        n++;
    return n;
}

static bool is_word(const char *c, size_t n, const char *word) {
    return n && strlen(word) == n && strncmp(c, word, n) == 0;
}

/* Blanks comments and, where asked, what strings and characters hold; line ends stay. */
static void blank(char *text, bool strings) {
    char in = 0; /* '/': line comment, '*': comment, a quote: string or character */
    for (char *c = text; *c; c++) {
        if (!in) {
            if (c[0] == '/' && (c[1] == '/' || c[1] == '*')) {
                in = c[1];
                *c++ = ' ';
                *c = ' ';
            } else if (*c == '"' || *c == '\'') {
                in = *c;
            }
        } else if (in == '/' || in == '*') {
            const bool ends = in == '/' ? *c == '\n' : c[0] == '*' && c[1] == '/';
            if (ends && in == '*') *c++ = ' ';
            if (*c != '\n') *c = ' ';
            if (ends) in = 0;
        } else if (*c == in || *c == '\n') { /* an #error's apostrophe ends with its line */
            in = 0;
        } else {
            const bool escaped = *c == '\\' && c[1] && c[1] != '\n';
            if (strings) *c = ' ';
            if (escaped && strings) c[1] = ' ';
            if (escaped) c++;
        }
    }
}

/* Finds the next #include of a text without comments and returns what follows it, or NULL. */
static const char *next_include(const char *at, char *out_open, char out_name[MAX_NAME]) {
    while (at && *at) {
        const char *end = strchr(at, '\n');
        at += strspn(at, " \t");
        if (*at == '#' && sscanf(at, "# include %c%63[^\">\n]", out_open, out_name) == 2)
            return end ? end : "";
        at = end ? end + 1 : NULL;
    }
    return NULL;
}

static void check_include(const char *file, char open, const char *name) {
    for (int d = 0; d < N_INCLUDE_DOORS; d++)
        if (strncmp(name, include_doors[d].what, strlen(include_doors[d].what)) == 0 &&
            !may_pass(&include_doors[d], file))
            problem("%s includes %s: not its door", file, name);
    if (open == '<') return;
    const char *slash = strrchr(name, '/');
    const struct module *from = module_of(file), *to = module_of(slash ? slash + 1 : name);
    if (!to)
        problem("%s includes \"%s\", which is in no table of tests/test_floors.c", file, name);
    else if (from && from != to && to->floor >= from->floor)
        problem("%s (%s, floor %d) includes %s (%s, floor %d): only lower floors", file, from->name,
                from->floor, name, to->name, to->floor);
}

static void check_words(const char *file, const char *code) {
    for (const char *c = code; *c;) {
        const size_t n = word_length(c);
        for (int d = 0; d < N_WORD_DOORS; d++) {
            const bool found = is_word(c, n, word_doors[d].what) &&
                               (!word_doors[d].call || c[n + strspn(c + n, " \t")] == '(');
            if (found && !may_pass(&word_doors[d], file))
                problem("%s uses %s: not its door", file, word_doors[d].what);
        }
        c += n ? n : 1;
    }
}

/* One host file or header: its table, its includes, its words. */
static void check_source(const char *file, const char *text) {
    if (!module_of(file)) problem("%s is in no table of tests/test_floors.c", file);
    char *code = strdup(text);
    assert_non_null(code);
    blank(code, false);
    char open = 0, name[MAX_NAME];
    for (const char *at = code; (at = next_include(at, &open, name));) check_include(file, open, name);
    memcpy(code, text, strlen(text) + 1);
    blank(code, true);
    check_words(file, code);
    free(code);
}

/* The folder's file, or NULL; the caller frees. */
static char *read_text(const char *folder, const char *file) {
    const char *root = getenv("CLSNN_SOURCE_ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", root ? root : ".", folder, file);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("%s cannot be read: CLSNN_SOURCE_ROOT is the repository's root", path);
    char *text = malloc(MAX_TEXT);
    assert_non_null(text);
    const size_t n = fread(text, 1, MAX_TEXT - 1, f);
    assert_true(n < MAX_TEXT - 1);
    text[n] = 0;
    fclose(f);
    return text;
}

static int with_ending(const char *folder, const char *ending,
                       void (*visit)(const char *folder, const char *file)) {
    const char *root = getenv("CLSNN_SOURCE_ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root ? root : ".", folder);
    DIR *dir = opendir(path);
    if (!dir) {
        fail_msg("%s cannot be read: CLSNN_SOURCE_ROOT is the repository's root", path);
        return 0;
    }
    int n = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        const size_t length = strlen(entry->d_name), tail = strlen(ending);
        if (entry->d_name[0] == '.' || length < tail || strcmp(entry->d_name + length - tail, ending) != 0)
            continue;
        visit(folder, entry->d_name);
        n++;
    }
    closedir(dir);
    return n;
}

static void visit_source(const char *folder, const char *file) {
    char *text = read_text(folder, file);
    check_source(file, text);
    free(text);
}

static void test_host(void **state) {
    (void)state;
    n_problems = 0;
    assert_true(with_ending("host", ".c", visit_source) > 1);
    with_ending("host", ".h", visit_source);
    assert_true(with_ending("bench", ".c", visit_source) > 1);
    with_ending("bench", ".h", visit_source);
    assert_true(with_ending("include/clsnn", ".h", visit_source) > 1);
    with_ending("include/clsnn", ".def", visit_source);
    assert_int_equal(n_problems, 0);
}

/* The rules' own test: each breach is found, and what looks like one and is none is not. */
static void test_breaches(void **state) {
    (void)state;
    static const struct {
        const char *file, *text;
        int n;
    } cases[] = {
        {"network.c", "#include \"clsnn/train.h\"\n", 1},                 /* upwards */
        {"train.c", "#include \"clsnn/evaluate.h\"\n", 1},                /* sideways */
        {"network.h", "#include \"clsnn/network.h\"\n", 0},               /* itself */
        {"npy.c", "  #  include \"npy_internal.h\"\n", 0},                /* its own internals */
        {"npy.c", "#include \"figure_internal.h\"\n", 1},                 /* another's */
        {"status.c", "#include \"clsnn/abi.h\"\n", 0},                    /* everybody's */
        {"abi.h", "#include \"clsnn/status.h\"\n", 1},                    /* the contract knows nobody */
        {"train.c", "#include \"clsnn/nobody.h\"\n", 1},                  /* unknown header */
        {"nobody.c", "int x;\n", 1},                                      /* unknown file */
        {"train.c", "#include <CL/cl.h>\n", 1},                           /* a door */
        {"cmd_eval.c", "#include <zlib.h>\n", 1},                         /* a door */
        {"cmd_eval.c", "#include <jansson.h>\n", 0},                      /* its door */
        {"train.c", "/* #include <CL/cl.h>\n stdout */ // exit(1)\n", 0}, /* comments */
        {"train.c", "char *s = \"exit(\\\"1\\\") stdout\"; int c = '\"';\n", 0}, /* strings */
        {"train.c", "int c = '\"'; exit(1); fprintf(stdout, \"\");\n", 2},       /* code after a quote */
        {"train.c", "printf(\"\"); snprintf(s, n, \"\"); at_exit(); int exit_code;\n", 1},
        {"status.h", "__attribute__((format(printf, 2, 3)))\n", 0},
    };
    quiet = true;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        n_problems = 0;
        check_source(cases[k].file, cases[k].text);
        if (n_problems != cases[k].n) {
            quiet = false;
            fail_msg("%s with %s: %d problems, not %d", cases[k].file, cases[k].text, n_problems, cases[k].n);
        }
    }
    quiet = false;
}

static int kernel_index(const char *file) {
    for (int k = 0; k < N_KERNELS; k++)
        if (strcmp(kernels[k].file, file) == 0) return k;
    return -1;
}

static void visit_kernel(const char *folder, const char *file) {
    static const char *const not_in_laws[] = {"get_global_id", "get_local_id", "get_group_id", "barrier",
                                              "LID",           "kernel",       "__kernel"};
    if (strcmp(file, "program.cl") == 0) return;
    const int k = kernel_index(file);
    if (k < 0) {
        problem("%s is in no table of tests/test_floors.c", file);
        return;
    }
    char *text = read_text(folder, file);
    blank(text, false);
    char open = 0, name[MAX_NAME];
    if (kernels[k].floor > 0 && next_include(text, &open, name))
        problem("%s includes %s: only program.cl and prelude.cl include", file, name);
    for (const char *c = text; kernels[k].law && *c;) {
        const size_t n = word_length(c);
        for (size_t w = 0; w < sizeof not_in_laws / sizeof not_in_laws[0]; w++)
            if (is_word(c, n, not_in_laws[w])) problem("%s, a law, uses %s", file, not_in_laws[w]);
        c += n ? n : 1;
    }
    free(text);
}

static void test_kernels(void **state) {
    (void)state;
    n_problems = 0;
    assert_true(with_ending("kernels", ".cl", visit_kernel) > 1);
    char *text = read_text("kernels", "program.cl");
    blank(text, false);
    int last = 0, n = 0;
    bool seen[N_KERNELS] = {false}; /* a launch that is several kernels is included once for each */
    char open = 0, name[MAX_NAME];
    for (const char *at = text; (at = next_include(at, &open, name));) {
        const int k = kernel_index(name);
        if (k < 0)
            problem("program.cl includes %s, which is in no table of tests/test_floors.c", name);
        else if (kernels[k].floor < last)
            problem("program.cl includes %s (floor %d) after floor %d", name, kernels[k].floor, last);
        else
            last = kernels[k].floor;
        if (k >= 0 && !seen[k]) n++;
        if (k >= 0) seen[k] = true;
    }
    free(text);
    assert_int_equal(n_problems, 0);
    assert_int_equal(n, N_KERNELS);
}

static char *build_list;

static void visit_listed(const char *folder, const char *file) {
    char quoted[MAX_NAME + 2];
    snprintf(quoted, sizeof quoted, "'%.60s'", file);
    if (!strstr(build_list, quoted)) problem("%s/meson.build does not list %s", folder, file);
}

/* Lists are written by hand, so a file can be forgotten: its code or its test would silently not exist. */
static void test_lists(void **state) {
    (void)state;
    static const char *const lists[][2] = {{"host", ".c"},
                                           {"bench", ".c"},
                                           {"include/clsnn", ".h"},
                                           {"include/clsnn", ".def"},
                                           {"kernels", ".cl"}};
    n_problems = 0;
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        build_list = read_text(lists[k][0], "meson.build");
        with_ending(lists[k][0], lists[k][1], visit_listed);
        free(build_list);
    }
    assert_int_equal(n_problems, 0);
}

static void visit_test(const char *folder, const char *file) {
    char quoted[MAX_NAME + 2];
    if (strncmp(file, "test_", 5) != 0) return;
    snprintf(quoted, sizeof quoted, "'%.*s'", (int)(strlen(file) - 7), file + 5);
    if (!strstr(build_list, quoted)) problem("%s/meson.build does not list %s", folder, file);
}

static void test_tests(void **state) {
    (void)state;
    n_problems = 0;
    build_list = read_text("tests", "meson.build");
    with_ending("tests", ".c", visit_test);
    free(build_list);
    assert_int_equal(n_problems, 0);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_breaches), cmocka_unit_test(test_host),  cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
