/* `clsnn data fetch` without a network. Mirrors are folders (file://). The public mirrors lie behind a
 * proxy where nobody listens. The original archives are not at hand, so the linker replaces clsnn_sha256_hex
 * by the function below: it gives stand-in archives the originals' checksums. */
#include "base/file.h"
#include "dataset/idx.h"
#include "dataset_fixture.h"

#include "commands/commands.h"
#include "dataset/download.h"
#include "options/options.h"
#include "dataset/places.h"

static char originals[512]; /* a folder with MNIST in four archives, whoever packed them; or "" */
static const struct clsnn_known_set *set = &clsnn_known_sets[0]; /* that is fetched */
static char stand_ins[CLSNN_IDX_FILES][CLSNN_SHA256_HEX], wanted[CLSNN_IDX_FILES][CLSNN_SHA256_HEX];

enum clsnn_status __real_clsnn_sha256_hex(const void *data, size_t n_bytes, char out_hex[CLSNN_SHA256_HEX]);
enum clsnn_status __wrap_clsnn_sha256_hex(const void *data, size_t n_bytes, char out_hex[CLSNN_SHA256_HEX]);

enum clsnn_status __wrap_clsnn_sha256_hex(const void *data, size_t n_bytes, char out_hex[CLSNN_SHA256_HEX]) {
    const enum clsnn_status st = __real_clsnn_sha256_hex(data, n_bytes, out_hex);
    for (int i = 0; st == CLSNN_OK && i < CLSNN_IDX_FILES; i++)
        if (strcmp(out_hex, stand_ins[i]) == 0) memcpy(out_hex, wanted[i], CLSNN_SHA256_HEX);
    return st;
}

static const char *archive(const char *dir, int which) {
    static char paths[4][600];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s.gz", dir, clsnn_idx_names[which]);
    return path;
}

static bool exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

static void same_files(const char *a, const char *b) {
    void *data[2];
    size_t n_bytes[2];
    assert_int_equal(clsnn_file_read(a, 1 << 25, &data[0], &n_bytes[0]), CLSNN_OK);
    assert_int_equal(clsnn_file_read(b, 1 << 25, &data[1], &n_bytes[1]), CLSNN_OK);
    assert_int_equal(n_bytes[0], n_bytes[1]);
    assert_memory_equal(data[0], data[1], n_bytes[0]);
    free(data[0]);
    free(data[1]);
}

static int start(void **state) {
    set = &clsnn_known_sets[0];
    const char *names_of_proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"};
    for (int k = 0; k < 4; k++) setenv(names_of_proxies[k], "http://127.0.0.1:9", 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    for (int k = 0; k < CLSNN_KNOWN_SETS; k++) unsetenv(clsnn_known_sets[k].mirror);
    return setup(state);
}

/* The fetch must fail with each mirror's reason and the commands to fetch by hand, and must leave no file. */
static void refused(const char *mirror, const char *reason) {
    const char *dir = in_root("out");
    const enum clsnn_status st = clsnn_download(set, dir, mirror, NULL, NULL);
    const char *text = clsnn_error_text(),
               *words[] = {reason,      set->title,     "could not be fetched into",
                           "curl -fLO", "sha256sum -c", set->archive_sha256[CLSNN_IDX_TEST_LABELS]};
    for (int k = 0; k < 6; k++)
        if (st != CLSNN_E_IO || !strstr(text, words[k]))
            fail_msg("status %d, \"%s\" lacks \"%s\"", (int)st, text, words[k]);
    for (int i = 0; i < CLSNN_IDX_FILES; i++) assert_false(exists(archive(dir, i)));
    assert_int_equal(rmdir(dir), 0); /* only an empty folder can be removed */
    clsnn_error_clear();
}

#ifdef CLSNN_HAVE_CURL

static const char *mirror_of(const char *dir, const char *end) {
    static char url[700];
    snprintf(url, sizeof url, "file://%s%s", dir, end);
    return url;
}

static void wrong_mirrors_are_refused(void **state) {
    (void)state;
    char want[900], dir[128];
    snprintf(dir, sizeof dir, "%s", in_root("mirror"));
    assert_int_equal(mkdir(dir, 0777), 0);
    refused(NULL, "ossci-datasets");
    refused("", "cvdf-datasets");
    set = clsnn_known_find("fashion-mnist");
    refused(NULL, "zalandoresearch");
    set = clsnn_known_find("kmnist");
    refused(NULL, "https://codh.rois.ac.jp/kmnist/dataset/kmnist/train-images-idx3-ubyte.gz");
    set = &clsnn_known_sets[0];
    /* The mirror lacks the file; its URL ends with a slash or without. */
    for (int slash = 0; slash < 2; slash++) {
        snprintf(want, sizeof want, "file://%s/train-images-idx3-ubyte.gz: ", dir);
        refused(mirror_of(dir, slash ? "/" : ""), want);
    }
    put_file(archive(dir, 0), "", 0); /* the mirror delivers nothing */
    refused(
        mirror_of(dir, ""),
        "0 bytes with sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855: must be 440f");
    put_file(archive(dir, 0), "abc", 3);
    refused(
        mirror_of(dir, ""),
        "3 bytes with sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad: must be 440f");
    /* The transfer stops at 32 MiB, before an endless mirror fills the memory. The file is a hole: no disk is
     * used. */
    assert_int_equal(truncate(archive(dir, 0), (32 << 20) + 1), 0);
    refused(mirror_of(dir, ""), "more than 33554432 bytes");
    /* An endless mirror name is cut and overruns no buffer. */
    char *name = malloc(4000);
    assert_non_null(name);
    memset(name, 'm', 3999);
    name[3999] = '\0';
    refused(mirror_of(name, ""), "file://mmm");
    free(name);
    /* Protocols other than https, http and file are refused. */
    refused("gopher://127.0.0.1/", "gopher://127.0.0.1/train-images-idx3-ubyte.gz: ");
}

/* From here on the four archives in dir pass for the originals. The checksums come from the message of a
 * failed fetch. */
static void take_for_originals(const char *dir) {
    assert_int_equal(clsnn_download(set, in_root("asked"), NULL, NULL, NULL), CLSNN_E_IO);
    const char *list = strstr(clsnn_error_text(), "<<END\n");
    assert_non_null(list);
    list += 6;
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        void *data;
        size_t n_bytes;
        assert_int_equal(sscanf(list, "%64[0-9a-f]  ", wanted[i]), 1);
        list = strchr(list, '\n');
        assert_non_null(list++);
        assert_int_equal(clsnn_file_read(archive(dir, i), 1 << 25, &data, &n_bytes), CLSNN_OK);
        assert_int_equal(__real_clsnn_sha256_hex(data, n_bytes, stand_ins[i]), CLSNN_OK);
        free(data);
    }
}

struct watch {
    int n_done, stop_after; /* archives in place */
    bool stop_early;        /* stops at the first byte */
    uint64_t last;
    char name[64];
};

static bool seen(void *ctx, const char *name, uint64_t got, uint64_t total) {
    struct watch *w = ctx;
    if (strcmp(w->name, name) != 0) {
        snprintf(w->name, sizeof w->name, "%s", name);
        w->last = 0;
    }
    assert_true(got > 0 && got >= w->last && (total == 0 || got <= total));
    w->last = got;
    if (got != total) return !w->stop_early;
    return ++w->n_done != w->stop_after;
}

static void archives_are_fetched(void **state) {
    (void)state;
    struct watch w = {0};
    char dir[128], mirror[128];
    snprintf(mirror, sizeof mirror, "%s", in_root("mirror"));
    export_set(mirror); /* any four files serve */
    take_for_originals(mirror);
    clsnn_error_clear();
    snprintf(dir, sizeof dir, "%s", in_root("a/new/folder"));
    /* The caller stops the fetch before the first archive is complete, then after two. */
    w.stop_early = true;
    expect_failure(clsnn_download(set, dir, mirror_of(mirror, ""), seen, &w), CLSNN_STOPPED,
                   "stopped while it was fetched", "early");
    for (int i = 0; i < CLSNN_IDX_FILES; i++) assert_false(exists(archive(dir, i)));
    w = (struct watch){.stop_after = 2};
    expect_failure(clsnn_download(set, dir, mirror_of(mirror, ""), seen, &w), CLSNN_STOPPED,
                   "fetched; stopped before the remaining archives", "after two");
    for (int i = 0; i < CLSNN_IDX_FILES; i++) assert_int_equal(exists(archive(dir, i)), i < 2);
    /* The next fetch gets the remaining archives and the damaged one, and no other. */
    put_file(archive(dir, 1), "damaged", 7);
    w = (struct watch){0};
    assert_int_equal(clsnn_download(set, dir, mirror_of(mirror, "/"), seen, &w), CLSNN_OK);
    assert_int_equal(w.n_done, 3);
    for (int i = 0; i < CLSNN_IDX_FILES; i++) same_files(archive(dir, i), archive(mirror, i));
    /* Complete, correct archives need no mirror. */
    w = (struct watch){0};
    assert_int_equal(clsnn_download(set, dir, NULL, seen, &w), CLSNN_OK);
    assert_int_equal(w.n_done, 0);
}

/* Runs `clsnn data` with argv and copies its output to out. The command must also check the files it
 * fetched. */
static enum clsnn_status run_data(char **argv, char *out, size_t n_out) {
    struct clsnn_options o = {0};
    enum clsnn_parse_action action;
    int argc = 0;
    while (argv[argc]) argc++;
    assert_int_equal(clsnn_options_parse(CLSNN_CMD_DATA, argc, argv, &o, &action), CLSNN_OK);
    memset(out, 0, n_out);
    o.out = fmemopen(out, n_out, "w");
    assert_non_null(o.out);
    const enum clsnn_status st = clsnn_cmd_data(&o);
    fclose(o.out);
    clsnn_options_finish(&o);
    return st;
}

static void the_command_fetches(void **state) {
    (void)state;
    char out[4096], dir[128];
    snprintf(dir, sizeof dir, "%s", in_root("mnist"));
    char data[] = "data", fetch[] = "fetch", mnist[] = "mnist", to[] = "--out", json[] = "--json",
         quiet[] = "--quiet", list[] = "list";
    char *fetch_text[] = {data, fetch, mnist, to, dir, NULL},
         *fetch_json[] = {data, fetch, mnist, json, quiet, to, dir, NULL}, *list_text[] = {data, list, NULL},
         *list_json[] = {data, list, json, NULL}, *nowhere[] = {data, fetch, mnist, NULL};
    if (!*originals) {
        puts("# SKIPPED: the command with MNIST itself: its archives are neither in $CLSNN_DATA nor in "
             "../shared/data/mnist");
        return;
    }
    take_for_originals(originals);
    clsnn_error_clear();
    setenv("CLSNN_MNIST_MIRROR", mirror_of(originals, ""), 1);
    assert_int_equal(run_data(fetch_text, out, sizeof out), CLSNN_OK);
    assert_non_null(strstr(out, "60000"));
    assert_int_equal(run_data(fetch_json, out, sizeof out), CLSNN_OK);
    assert_non_null(strstr(out, "\"mnist\""));
    /* The data set is found there from now on. */
    setenv("CLSNN_DATA", dir, 1);
    assert_int_equal(run_data(list_text, out, sizeof out), CLSNN_OK);
    assert_non_null(strstr(out, "60000 training, 10000 test"));
    assert_non_null(strstr(out, "($CLSNN_DATA): has MNIST's file names"));
    assert_int_equal(run_data(list_json, out, sizeof out), CLSNN_OK);
    assert_non_null(strstr(out, "has MNIST's file names"));
    /* Without --out, the fetch goes to the folder that is searched: nothing is left to fetch. */
    assert_int_equal(run_data(nowhere, out, sizeof out), CLSNN_OK);
    assert_non_null(strstr(out, dir));
    /* An unpacked file that is not MNIST's hides its archive. */
    export_set(in_root("other"));
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        char plain[600];
        snprintf(plain, sizeof plain, "gzip -dc %s >%s/%s", archive(in_root("other"), i), in_root("mnist"),
                 clsnn_idx_names[i]);
        assert_int_equal(system(plain), 0);
    }
    expect_failure(run_data(fetch_json, out, sizeof out), CLSNN_E_DATA,
                   "are not MNIST's: remove the four files", "hidden");
    assert_string_equal(out, "");
}

/* Fashion-MNIST and KMNIST: any four files with the archives' sums are the set, and no other files are. */
static void the_others_are_fetched(void **state) {
    (void)state;
    char out[8192], dir[160], from[160], variable[64];
    char data[] = "data", fetch[] = "fetch", name[32], json[] = "--json", list[] = "list",
         quiet[] = "--quiet";
    char *get[] = {data, fetch, name, json, quiet, NULL}, *lists[] = {data, list, NULL};
    struct clsnn_dataset d;
    snprintf(from, sizeof from, "%s", in_root("mirror"));
    export_set(from);
    setenv("XDG_DATA_HOME", in_root("home"), 1);
    unsetenv("CLSNN_DATA");
    for (int k = 1; k < CLSNN_KNOWN_SETS; k++) {
        set = &clsnn_known_sets[k];
        snprintf(name, sizeof name, "%s", set->name);
        snprintf(dir, sizeof dir, "%s/clsnn/%s", in_root("home"), set->name);
        snprintf(variable, sizeof variable, "%s", set->mirror);
        expect_failure(clsnn_dataset_load(set->name, &d), CLSNN_E_DATA, "to get it: clsnn data fetch", name);
        take_for_originals(from);
        clsnn_error_clear();
        setenv(variable, mirror_of(from, ""), 1);
        assert_int_equal(run_data(get, out, sizeof out), CLSNN_OK);
        assert_non_null(strstr(out, name));
        for (int i = 0; i < CLSNN_IDX_FILES; i++) same_files(archive(dir, i), archive(from, i));
        assert_int_equal(clsnn_dataset_load(set->name, &d), CLSNN_OK);
        assert_string_equal(d.name, set->name);
        clsnn_dataset_finish(&d);
        assert_int_equal(clsnn_dataset_load(dir, &d), CLSNN_OK); /* its name does not depend on the way */
        assert_string_equal(d.name, set->name);
        clsnn_dataset_finish(&d);
        assert_int_equal(run_data(lists, out, sizeof out), CLSNN_OK);
        assert_non_null(strstr(out, dir));
        /* Another archive in its place: as good as any data, but not this set. */
        *stand_ins[1] = '\0';
        expect_failure(clsnn_dataset_load(set->name, &d), CLSNN_E_DATA, "does not hold the four archives",
                       name);
        assert_int_equal(clsnn_dataset_load(dir, &d), CLSNN_OK);
        assert_string_equal(d.name, "custom");
        clsnn_dataset_finish(&d);
        assert_int_equal(run_data(lists, out, sizeof out), CLSNN_E_DATA);
        char reason[CLSNN_DIR_BYTES + 80];
        snprintf(reason, sizeof reason, "unusable    %s: does not hold the four archives", dir);
        assert_non_null(strstr(out, reason));
        clsnn_error_clear();
        for (int i = 0; i < CLSNN_IDX_FILES; i++) assert_int_equal(unlink(archive(dir, i)), 0);
    }
}

#else

static void without_libcurl_it_says_so(void **state) {
    (void)state;
    refused("file:///tmp/", "built without libcurl");
}

#endif

int main(void) {
    const char *asked = getenv("CLSNN_DATA"), *source = getenv("TEST_SOURCE_ROOT");
    char beside[512];
    snprintf(beside, sizeof beside, "%s/../shared/data/mnist", source && *source ? source : ".");
    const char *places[] = {asked ? asked : "", beside};
    for (int k = 0; k < 2 && !*originals; k++) {
        int n = 0;
        for (int i = 0; i < CLSNN_IDX_FILES; i++) n += access(archive(places[k], i), R_OK) == 0;
        if (*places[k] == '/' && n == CLSNN_IDX_FILES) snprintf(originals, sizeof originals, "%s", places[k]);
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
#ifdef CLSNN_HAVE_CURL
        cmocka_unit_test_setup_teardown(wrong_mirrors_are_refused, start, teardown),
        cmocka_unit_test_setup_teardown(archives_are_fetched, start, teardown),
        cmocka_unit_test_setup_teardown(the_command_fetches, start, teardown),
        cmocka_unit_test_setup_teardown(the_others_are_fetched, start, teardown),
#else
        cmocka_unit_test_setup_teardown(without_libcurl_it_says_so, start, teardown),
#endif
    };
    return cmocka_run_group_tests_name("download", tests, NULL, NULL);
}
