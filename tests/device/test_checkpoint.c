/* Checkpoints. A saved experiment continues bit for bit, on another work-group too. Every damage is found,
 * and the file before the damaged one is used. A newer format and another configuration are refused by name.
 * Content that makes no sense never reaches the device, even if its checksum is right. */
#include <dirent.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "clsnn/checkpoint.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "device/network.h"
#include "device_fixture.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"

enum { N_TRAIN = 9, N_TEST = 6, HEX = CLSNN_SHA256_HEX - 1 };

static char dir[64];
static struct clsnn_dataset data;

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/clsnn-checkpoint-XXXXXX");
    clsnn_error_clear();
    return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int teardown(void **state) {
    (void)state;
    DIR *d = opendir(in_dir("checkpoint"));
    for (const struct dirent *e; d && (e = readdir(d));) unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
    rmdir(in_dir("checkpoint"));
    return rmdir(dir);
}

static struct clsnn_model long_model(void) {
    struct clsnn_model m = lively_model();
    m.eta_post = 0.1 / 3; /* as text it needs 17 digits */
    return m;
}

static void draw_data(void) {
    struct clsnn_images *sets[] = {&data.train, &data.test};
    const uint32_t n[] = {N_TRAIN, N_TEST};
    data = (struct clsnn_dataset){.name = "digits", .source = "test"};
    memset(data.sha256, 'a', HEX);
    for (int k = 0; k < 2; k++) {
        sets[k]->n_images = n[k];
        sets[k]->height = sets[k]->width = CLSNN_IMAGE_SIDE;
        sets[k]->pixels = malloc((size_t)n[k] * PIXELS);
        sets[k]->labels = malloc(n[k]);
        assert_true(sets[k]->pixels && sets[k]->labels);
        clsnn_digits_draw(CLSNN_DIGITS_SEED, k ? CLSNN_DIGITS_SET_TEST : CLSNN_DIGITS_SET_TRAIN, 0, n[k],
                          sets[k]->pixels, sets[k]->labels);
    }
}

static struct clsnn_plan make_plan(uint32_t neurons) {
    return (struct clsnn_plan){.model = long_model(),
                               .seed = UINT64_MAX - 5,
                               .neurons = neurons,
                               .epochs = 2,
                               .train_images = N_TRAIN,
                               .label_images = N_TRAIN,
                               .test_images = N_TEST,
                               .eval_every = 1,
                               .pause_every = 4,
                               .shuffle = true};
}

/* An experiment with a batch of its own. */
struct bench {
    struct clsnn_batch *batch;
    struct clsnn_experiment *x;
};

static struct bench bench_open(struct rig *rig, const struct clsnn_plan *plan, int work_group, int n_slots) {
    struct bench b = {.batch = NULL};
    if (!rig_program(rig, CLSNN_PROGRAM_RUN, work_group)) work_group = 1;
    must(clsnn_batch_create(rig->dev, rig_program(rig, CLSNN_PROGRAM_RUN, work_group), &data, plan->neurons,
                            &plan->model.laws, n_slots, N_TRAIN, N_TEST, 0, &b.batch));
    must(clsnn_experiment_create(b.batch, n_slots - 1, plan, &b.x));
    return b;
}

static void bench_close(struct bench *b) {
    clsnn_experiment_destroy(b->x);
    clsnn_batch_destroy(b->batch);
}

static enum clsnn_status run(struct bench *b, const struct clsnn_watcher *watch) {
    struct clsnn_experiment *slots[4] = {NULL};
    slots[b->batch->n_slots - 1] = b->x;
    return clsnn_experiments_run(b->batch, slots, watch);
}

/* The parts of a result that must not depend on saving: all but times. */
struct result {
    char sha256[CLSNN_SHA256_HEX];
    struct clsnn_metrics metrics[4];
    uint32_t confusions[4][200];
    size_t n_metrics;
    uint64_t presentations;
    struct clsnn_standing at;
};

static struct result take_result(const struct clsnn_experiment *x) {
    struct result r = {
        .n_metrics = x->n_metrics, .presentations = clsnn_experiment_presentations(x), .at = x->at};
    struct clsnn_learned l;
    must(clsnn_experiment_learned(x, &l));
    memcpy(r.sha256, l.sha256, sizeof r.sha256);
    clsnn_learned_finish(&l);
    assert_true(x->n_metrics <= 4);
    for (size_t k = 0; k < x->n_metrics; k++) {
        r.metrics[k] = x->metrics[k];
        r.metrics[k].seconds = r.metrics[k].eval_seconds = r.metrics[k].images_per_second = 0;
        assert_int_equal(x->metrics[k].score.n_classes, 10);
        memcpy(r.confusions[k], x->metrics[k].score.confusion, sizeof r.confusions[k]);
        r.metrics[k].score.confusion = r.metrics[k].score.confusion_proportion = NULL;
    }
    r.at.train_seconds = r.at.eval_seconds = r.at.seconds_then = 0;
    return r;
}

static void check_same(const struct result *found, const struct result *wanted) {
    assert_string_equal(found->sha256, wanted->sha256);
    assert_int_equal(found->n_metrics, wanted->n_metrics);
    assert_memory_equal(found->metrics, wanted->metrics, wanted->n_metrics * sizeof *wanted->metrics);
    assert_memory_equal(found->confusions, wanted->confusions,
                        wanted->n_metrics * sizeof *wanted->confusions);
    assert_int_equal(found->presentations, wanted->presentations);
    assert_memory_equal(&found->at, &wanted->at, sizeof wanted->at);
}

/* Saves at pause number `at`, then stops. */
struct saver {
    int at, n, keep;
    char name[CLSNN_CHECKPOINT_NAME];
};

static enum clsnn_status save_and_stop(void *ctx, const struct clsnn_experiment *x) {
    struct saver *s = ctx;
    if (s->n++ != s->at) return CLSNN_OK;
    must(clsnn_checkpoint_save(dir, x, s->keep, s->name));
    return clsnn_fail(CLSNN_STOPPED, "stopped by the test");
}

static enum clsnn_status save_each(void *ctx, const struct clsnn_experiment *x) {
    struct saver *s = ctx;
    must(clsnn_checkpoint_save(dir, x, s->keep, s->name));
    return CLSNN_OK;
}

static void what_is_saved_goes_on_bit_for_bit(void **state) {
    struct rig *rig = *state;
    const int groups[] = {1, 16, 1};
    struct clsnn_plan plan = make_plan(17);
    struct bench b = bench_open(rig, &plan, 1, 1);
    must(run(&b, NULL));
    const struct result wanted = take_result(b.x);
    bench_close(&b);
    int n_cuts = 0;
    for (;; n_cuts++) {
        struct saver s = {.at = n_cuts, .keep = 1};
        const struct clsnn_watcher watch = {.paused = save_and_stop, .ctx = &s};
        char name[CLSNN_CHECKPOINT_NAME];
        b = bench_open(rig, &plan, groups[n_cuts % 3], 1);
        const enum clsnn_status st = run(&b, &watch);
        const struct clsnn_standing at = b.x->at;
        const bool has_labels = b.x->has_labels;
        clsnn_error_clear();
        bench_close(&b);
        if (st == CLSNN_OK) break;
        assert_int_equal(st, CLSNN_STOPPED);
        must(clsnn_checkpoint_find(dir));
        assert_int_equal(clsnn_checkpoint_newest(dir), at.images);
        /* The state continues in another batch, in the last of three slots, on another work-group. */
        b = bench_open(rig, &plan, groups[(n_cuts + 1) % 3], 3);
        must(clsnn_checkpoint_load(dir, b.x, NULL, NULL, name));
        assert_string_equal(name, s.name);
        assert_memory_equal(&b.x->at, &at, sizeof at); /* times too, to the last bit */
        assert_int_equal(b.x->has_labels, has_labels);
        must(run(&b, NULL));
        const struct result found = take_result(b.x);
        check_same(&found, &wanted);
        bench_close(&b);
    }
    assert_int_equal(n_cuts, 6);
}

/* A finished experiment stays as it is, and continues when more epochs are asked for. */
static void epochs_may_grow(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(9);
    struct bench b = bench_open(rig, &plan, 1, 1);
    struct saver s = {.keep = 2};
    const struct clsnn_watcher watch = {.paused = save_each, .ctx = &s};
    must(run(&b, &watch));
    const struct result two = take_result(b.x);
    bench_close(&b);
    b = bench_open(rig, &plan, 1, 1);
    must(clsnn_checkpoint_load(dir, b.x, NULL, NULL, NULL));
    assert_true(clsnn_experiment_is_finished(b.x));
    must(run(&b, NULL));
    const struct result again = take_result(b.x);
    check_same(&again, &two);
    bench_close(&b);
    plan.epochs = 3;
    b = bench_open(rig, &plan, 1, 1);
    must(run(&b, NULL));
    const struct result three = take_result(b.x);
    bench_close(&b);
    b = bench_open(rig, &plan, 1, 1);
    must(clsnn_checkpoint_load(dir, b.x, NULL, NULL, NULL));
    must(run(&b, NULL));
    const struct result grown = take_result(b.x);
    check_same(&grown, &three);
    bench_close(&b);
}

static void check_files(const char *wanted) {
    char found[512] = "";
    size_t at = 0;
    struct dirent **list = NULL;
    const int n = scandir(in_dir("checkpoint"), &list, NULL, alphasort);
    for (int k = 0; k < n; k++) {
        if (list[k]->d_name[0] != '.' && at < sizeof found)
            at += (size_t)snprintf(found + at, sizeof found - at, "%s ", list[k]->d_name);
        free(list[k]);
    }
    free(list);
    assert_string_equal(found, wanted);
}

static void save_at(struct bench *b, uint64_t images, int keep) {
    b->x->at = (struct clsnn_standing){
        .epoch = (uint32_t)(images / N_TRAIN), .position = (uint32_t)(images % N_TRAIN), .images = images};
    must(clsnn_checkpoint_save(dir, b->x, keep, NULL));
}

static void the_newest_are_kept(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(1);
    plan.epochs = 1000;
    struct bench b = bench_open(rig, &plan, 1, 1);
    assert_int_equal(clsnn_checkpoint_find(dir), CLSNN_E_CHECKPOINT);
    clsnn_error_clear();
    assert_int_equal(clsnn_checkpoint_newest(dir), 0);
    save_at(&b, 0, 3);
    save_at(&b, 5, 3);
    save_at(&b, 7, 3);
    check_files("ckpt-000000000000.npz ckpt-000000000005.npz ckpt-000000000007.npz ");
    FILE *other = fopen(in_dir("checkpoint/notes.txt"), "w"); /* foreign files stay */
    assert_non_null(other);
    fclose(other);
    save_at(&b, 1234, 3);
    check_files("ckpt-000000000005.npz ckpt-000000000007.npz ckpt-000000001234.npz notes.txt ");
    save_at(&b, 1234, 3);
    check_files("ckpt-000000000005.npz ckpt-000000000007.npz ckpt-000000001234.npz notes.txt ");
    save_at(&b, 100, 3); /* a run continued from 7, because 1234 was unusable */
    check_files("ckpt-000000000005.npz ckpt-000000000007.npz ckpt-000000000100.npz notes.txt ");
    save_at(&b, 200, 1);
    check_files("ckpt-000000000200.npz notes.txt ");
    save_at(&b, 201, 0);
    check_files("ckpt-000000000201.npz notes.txt ");
    bench_close(&b);
}

/* A directory in the newest file's place makes the save fail. The older file must stay. */
static void a_failed_save_drops_nothing(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(1);
    struct bench b = bench_open(rig, &plan, 1, 1);
    save_at(&b, 1, 1);
    assert_int_equal(mkdir(in_dir("checkpoint/ckpt-000000000002.npz"), 0700), 0);
    b.x->at.position = 2;
    b.x->at.images = 2;
    assert_int_equal(clsnn_checkpoint_save(dir, b.x, 1, NULL), CLSNN_E_IO);
    clsnn_error_clear();
    rmdir(in_dir("checkpoint/ckpt-000000000002.npz"));
    check_files("ckpt-000000000001.npz ");
    bench_close(&b);
}

struct refusals {
    int n;
    char last[1024];
};

static void count_refusal(void *ctx, const char *why) {
    struct refusals *r = ctx;
    r->n++;
    snprintf(r->last, sizeof r->last, "%s", why);
}

static void put(const char *name, const void *bytes, size_t n) {
    FILE *f = fopen(in_dir(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static unsigned char *get(const char *name, size_t *out_n) {
    void *bytes = NULL;
    must(clsnn_file_read(in_dir(name), SIZE_MAX, &bytes, out_n));
    return bytes;
}

static void check_refused(struct bench *b, struct refusals *r, size_t at) {
    struct clsnn_standing before;
    memcpy(&before, &b->x->at, sizeof before); /* copies its padding too */
    *r = (struct refusals){.n = 0};
    const enum clsnn_status st = clsnn_checkpoint_load(dir, b->x, count_refusal, r, NULL);
    if (st != CLSNN_E_CHECKPOINT || r->n != 1 || memcmp(&before, &b->x->at, sizeof before) != 0)
        fail_msg("byte %zu: status %d, %d refusals: %s", at, (int)st, r->n, clsnn_error_text());
    clsnn_error_clear();
}

static const char one[] = "checkpoint/ckpt-000000000001.npz";

static void every_flipped_bit_is_found(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(1);
    struct bench b = bench_open(rig, &plan, 1, 1);
    struct refusals r;
    size_t n;
    save_at(&b, 1, 3);
    unsigned char *bytes = get(one, &n);
    FILE *f = fopen(in_dir(one), "r+b");
    assert_non_null(f);
    for (size_t k = 0; k < n; k++) {
        for (int bit = 0; bit < 8; bit++) {
            const unsigned char flipped = bytes[k] ^ (unsigned char)(1 << bit);
            assert_int_equal(pwrite(fileno(f), &flipped, 1, (off_t)k), 1);
            check_refused(&b, &r, k);
        }
        assert_int_equal(pwrite(fileno(f), &bytes[k], 1, (off_t)k), 1);
    }
    fclose(f);
    print_message("# %zu bits of %zu bytes\n", 8 * n, n);
    must(clsnn_checkpoint_load(dir, b.x, count_refusal, &r, NULL)); /* the file is whole again */
    free(bytes);
    bench_close(&b);
}

static void every_truncation_is_found(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(1);
    struct bench b = bench_open(rig, &plan, 1, 1);
    struct refusals r;
    size_t n;
    save_at(&b, 1, 3);
    unsigned char *bytes = get(one, &n);
    unsigned char *longer = calloc(1, n + 100);
    assert_non_null(longer);
    memcpy(longer, bytes, n);
    for (size_t more = 1; more <= 100; more++) {
        put(one, longer, n + more);
        check_refused(&b, &r, n + more);
    }
    for (size_t k = n; k-- > 0;) {
        assert_int_equal(truncate(in_dir(one), (off_t)k), 0);
        check_refused(&b, &r, k);
    }
    free(longer);
    free(bytes);
    bench_close(&b);
}

static void the_file_before_a_damaged_one_is_used(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(5);
    struct bench b = bench_open(rig, &plan, 1, 1);
    struct saver s = {.keep = 3};
    const struct clsnn_watcher watch = {.paused = save_each, .ctx = &s};
    struct refusals r = {.n = 0};
    char name[CLSNN_CHECKPOINT_NAME];
    size_t n;
    must(run(&b, &watch));
    const struct result wanted = take_result(b.x);
    bench_close(&b);
    check_files("ckpt-000000000012.npz ckpt-000000000016.npz ckpt-000000000018.npz ");
    unsigned char *bytes = get("checkpoint/ckpt-000000000018.npz", &n);
    bytes[n / 2] ^= 1;
    put("checkpoint/ckpt-000000000018.npz", bytes, n);
    put("checkpoint/ckpt-000000000016.npz", "", 0);
    free(bytes);
    b = bench_open(rig, &plan, 1, 1);
    must(clsnn_checkpoint_load(dir, b.x, count_refusal, &r, name));
    assert_string_equal(name, "checkpoint/ckpt-000000000012.npz");
    assert_int_equal(r.n, 2);
    assert_non_null(strstr(r.last, "ckpt-000000000016.npz: 0 bytes without a checksum"));
    must(run(&b, &watch));
    const struct result found = take_result(b.x);
    check_same(&found, &wanted);
    bench_close(&b);
    put("checkpoint/ckpt-000000000012.npz", "PK", 2);
    put("checkpoint/ckpt-000000000016.npz", "PK", 2);
    put("checkpoint/ckpt-000000000018.npz", "PK", 2);
    b = bench_open(rig, &plan, 1, 1);
    assert_int_equal(clsnn_checkpoint_load(dir, b.x, count_refusal, &r, name), CLSNN_E_CHECKPOINT);
    assert_non_null(strstr(clsnn_error_text(), "none of its 3 files can be used"));
    clsnn_error_clear();
    bench_close(&b);
}

/* Packs the arrays again, with a checksum that fits. */
static void reseal(const char *name, const struct clsnn_npz *npz) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    char hex[CLSNN_SHA256_HEX];
    must(clsnn_npz_pack(name, npz->arrays, npz->n_arrays, CLSNN_NPZ_DEFLATED, &bytes, &n));
    unsigned char *sealed = malloc(n + HEX);
    assert_non_null(sealed);
    memcpy(sealed, bytes, n);
    sealed[n - 2] = HEX;
    must(clsnn_sha256_hex(sealed, n, hex));
    memcpy(sealed + n, hex, HEX);
    put(name, sealed, n + HEX);
    free(bytes);
    free(sealed);
}

/* Replaces a text in the array about. */
static void edit_about(struct clsnn_npz *npz, const char *from, const char *to) {
    for (size_t k = 0; k < npz->n_arrays; k++) {
        struct clsnn_array *a = &npz->arrays[k];
        if (strcmp(a->name, "about") != 0) continue;
        char *old = strndup(a->data, a->shape[0]), *new = malloc(a->shape[0] + strlen(to) + 1);
        assert_true(old && new);
        char *at = strstr(old, from);
        if (!at) fail_msg("about has no %s: %s", from, old);
        const int n = sprintf(new, "%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
        free(a->data);
        a->data = new;
        a->shape[0] = (size_t)n;
        free(old);
    }
}

static struct clsnn_array *find(struct clsnn_npz *npz, const char *name) {
    for (size_t k = 0; k < npz->n_arrays; k++)
        if (strcmp(npz->arrays[k].name, name) == 0) return &npz->arrays[k];
    fail_msg("no array %s", name);
    return NULL;
}

static void content_that_makes_no_sense_is_refused(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(3);
    struct bench b = bench_open(rig, &plan, 1, 1);
    struct saver s = {.keep = 1};
    const struct clsnn_watcher watch = {.paused = save_each, .ctx = &s};
    size_t n;
    must(run(&b, &watch));
    unsigned char *good = get(s.name, &n);
    static const struct {
        const char *array, *from, *to; /* an element's new value, or a text in about */
        const char *told;
        enum clsnn_status st;
    } cases[] = {
        {NULL, "\"format\":1", "\"format\":2", "format 2, written by clsnn", CLSNN_E_CHECKPOINT},
        {NULL, "\"format\":1", "\"format\":0", "lacks a plan or a format that this version reads",
         CLSNN_E_DATA},
        {NULL, "\"format\":1", "\"farmat\":1", "lacks a plan or a format that this version reads",
         CLSNN_E_DATA},
        {NULL, "{\"format\"", "[\"format\"", "about is no JSON", CLSNN_E_DATA},
        {NULL, "\"plan\":{", "\"plan\":{\"w_more\":1,", "w_more: 1 in the checkpoint, none asked",
         CLSNN_E_CHECKPOINT},
        {NULL, "\"w_max\":", "\"w_mox\":", "w_max: none in the checkpoint, 1.0 asked", CLSNN_E_CHECKPOINT},
        {NULL, "\"epoch\":2,\"position\":0", "\"epoch\":2,\"position\":1", "makes no sense", CLSNN_E_DATA},
        {NULL, "\"epoch\":2,\"position\":0", "\"epoch\":3,\"position\":0", "makes no sense", CLSNN_E_DATA},
        {NULL, "\"epoch\":2,\"position\":0", "\"epoch\":1,\"position\":10", "makes no sense", CLSNN_E_DATA},
        {NULL, "\"epoch\":2,\"position\":0", "\"epoch\":-1,\"position\":0",
         "epoch is missing, no number, or out", CLSNN_E_DATA},
        {NULL, "\"position\":0,\"attempt\":0", "\"position\":0,\"attempt\":255", "makes no sense",
         CLSNN_E_DATA},
        {NULL, "\"attempt\":0,\"images\":18", "\"attempt\":0,\"images\":19", "makes no sense", CLSNN_E_DATA},
        {NULL, "\"trained_spikes\":", "\"trained_spokes\":", "trained_spikes is missing", CLSNN_E_DATA},
        {NULL, "\"metrics\":[", "\"metrics\":[0,", "3 evaluations and 2 scores after 2 epochs", CLSNN_E_DATA},
        {NULL, "\"confusion\":[[", "\"confusion\":[[\"x\",", "confusion is not 10 x 10 counts", CLSNN_E_DATA},
        {NULL, "\"confusion\":[[", "\"confusion\":[[6,", "confusion is not 10 x 10 counts", CLSNN_E_DATA},
        {NULL, "\"correct_all\":", "\"correct_all\":1", "evaluation 0 makes no sense", CLSNN_E_DATA},
        {NULL, "\"accuracy_all\":", "\"accuracy_all\":7", "evaluation 0 makes no sense", CLSNN_E_DATA},
        {NULL, "\"train_seconds\":", "\"train_seconds\":-", "makes no sense", CLSNN_E_DATA},
        {"w", NULL, "nan", "'w' = nan: must be finite", CLSNN_E_DATA},
        {"w", NULL, "-1", "'w' = -1: must be finite and at least 0", CLSNN_E_DATA},
        {"theta_mv", NULL, "inf", "'theta_mv' = inf: must be finite", CLSNN_E_DATA},
        {"v_exc", NULL, "nan", "'v_exc' = nan", CLSNN_E_DATA},
        {"g_inh", NULL, "-inf", "'g_inh' = -inf", CLSNN_E_DATA},
        {"last_pre", NULL, "0", "'last_pre' = 0: must be in [-30000, -1]", CLSNN_E_DATA},
        {"last_pre", NULL, "2147483647", "'last_pre' = 2147483647", CLSNN_E_DATA},
        {"last_exc", NULL, "-30001", "'last_exc' = -30001", CLSNN_E_DATA},
        {"seen_inh", NULL, "7", "'seen_inh' = 7", CLSNN_E_DATA},
        {"labels", NULL, "10", "labels[1] = 10: must be in [-1, 9]", CLSNN_E_DATA},
        {"proportions", NULL, "1.5", "proportions[0, 1] = 1.5: must be in [0, 1]", CLSNN_E_DATA},
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        struct clsnn_npz npz;
        struct refusals r = {.n = 0};
        must(clsnn_npz_parse(good, n, "good", n, &npz));
        if (cases[k].array) {
            struct clsnn_array *a = find(&npz, cases[k].array);
            if (a->dtype == CLSNN_F4)
                ((float *)a->data)[1] = strtof(cases[k].to, NULL);
            else
                ((int32_t *)a->data)[1] = atoi(cases[k].to);
        } else {
            edit_about(&npz, cases[k].from, cases[k].to);
        }
        reseal(s.name, &npz);
        clsnn_npz_finish(&npz);
        const enum clsnn_status st = clsnn_checkpoint_load(dir, b.x, count_refusal, &r, NULL);
        const char *told = cases[k].st == CLSNN_E_DATA ? r.last : clsnn_error_text();
        if (st != CLSNN_E_CHECKPOINT || r.n != (cases[k].st == CLSNN_E_DATA) || !strstr(told, cases[k].told))
            fail_msg("case %zu (%s): status %d, %d refusals: \"%s\" lacks \"%s\"", k, cases[k].to, (int)st,
                     r.n, told, cases[k].told);
        clsnn_error_clear();
    }
    for (int r = 0; r < clsnn_network_n_arrays(&default_laws) + 3; r++) { /* removes one array at a time */
        struct clsnn_npz npz;
        struct refusals refused = {.n = 0};
        must(clsnn_npz_parse(good, n, "good", n, &npz));
        const struct clsnn_array gone = npz.arrays[r];
        npz.arrays[r] = npz.arrays[--npz.n_arrays];
        reseal(s.name, &npz);
        const enum clsnn_status st = clsnn_checkpoint_load(dir, b.x, count_refusal, &refused, NULL);
        if (strcmp(gone.name, "labels") != 0) { /* a checkpoint without labels is valid */
            assert_int_equal(st, CLSNN_E_CHECKPOINT);
            assert_non_null(strstr(refused.last, gone.name));
        }
        clsnn_error_clear();
        free(gone.data);
        clsnn_npz_finish(&npz);
    }
    free(good);
    bench_close(&b);
}

static void another_configuration_is_refused_line_by_line(void **state) {
    struct rig *rig = *state;
    struct clsnn_plan plan = make_plan(3);
    struct bench b = bench_open(rig, &plan, 1, 1);
    save_at(&b, 1, 1);
    bench_close(&b);
    for (int k = 0; k < 9; k++) {
        struct clsnn_plan other = plan;
        const char *told = NULL;
        if (k == 0) other.neurons = 4, told = "\n  neurons: 3 in the checkpoint, 4 asked\n";
        if (k == 1) other.seed = 7, told = "\n  seed: \"18446744073709551610\" in the checkpoint, 7 asked\n";
        if (k == 2)
            other.epochs = 1, told = "\n  epochs: 2 in the checkpoint, 1 asked (may grow, not shrink)\n";
        if (k == 3) other.train_images = 8, told = "\n  train_images: 9 in the checkpoint, 8 asked\n";
        if (k == 4) other.shuffle = false, told = "\n  shuffle: true in the checkpoint, false asked\n";
        if (k == 5) other.eval_every = 0, told = "\n  eval_every: 1 in the checkpoint, 0 asked\n";
        if (k == 6)
            other.model.eta_post = nextafter(plan.model.eta_post, 1),
            told = "\n  eta_post: 0.03333333333333333";
        if (k == 7) other.test_images = 5, told = "\n  test_images: 6 in the checkpoint, 5 asked\n";
        if (k == 8) data.sha256[3] = 'b', told = "\n  sha256: \"aaaaaaaa";
        b = bench_open(rig, &other, 1, 1);
        assert_int_equal(clsnn_checkpoint_load(dir, b.x, NULL, NULL, NULL), CLSNN_E_CHECKPOINT);
        if (!strstr(clsnn_error_text(), told)) fail_msg("\"%s\" lacks \"%s\"", clsnn_error_text(), told);
        clsnn_error_clear();
        bench_close(&b);
        data.sha256[3] = 'a';
    }
    plan.pause_every = 1; /* may differ */
    plan.epochs = 1000;
    b = bench_open(rig, &plan, 1, 2);
    must(clsnn_checkpoint_load(dir, b.x, NULL, NULL, NULL));
    bench_close(&b);
    b = bench_open(rig, &plan, 1, 1);
    assert_int_equal(clsnn_checkpoint_load("/nonexistent", b.x, NULL, NULL, NULL), CLSNN_E_CHECKPOINT);
    assert_non_null(strstr(clsnn_error_text(), "holds no checkpoint"));
    clsnn_error_clear();
    bench_close(&b);
}

/* Prints how long a save and a load take. Noise does not explain a save of 2 s. */
static void a_save_takes_a_moment(void **state) {
    struct rig *rig = *state;
    const uint32_t sizes[] = {400, 1600, 6400};
    for (size_t k = 0; k < COUNT(sizes); k++) {
        struct clsnn_plan plan = make_plan(sizes[k]);
        struct bench b = bench_open(rig, &plan, 1, 1);
        struct stat info;
        double best_save = 1e9, best_load = 1e9;
        for (int run_number = 0; run_number < 7; run_number++) {
            struct timespec t[3];
            b.x->at = (struct clsnn_standing){.position = 1, .images = 1};
            clock_gettime(CLOCK_MONOTONIC, &t[0]);
            must(clsnn_checkpoint_save(dir, b.x, 1, NULL));
            clock_gettime(CLOCK_MONOTONIC, &t[1]);
            must(clsnn_checkpoint_load(dir, b.x, NULL, NULL, NULL));
            clock_gettime(CLOCK_MONOTONIC, &t[2]);
            for (int part = 0; part < 2; part++) {
                const double ms = 1e3 * (double)(t[part + 1].tv_sec - t[part].tv_sec) +
                                  1e-6 * (double)(t[part + 1].tv_nsec - t[part].tv_nsec);
                double *best = part ? &best_load : &best_save;
                if (ms < *best) *best = ms;
            }
        }
        assert_int_equal(stat(in_dir(one), &info), 0);
        print_message("# %u neurons: %.1f ms to save, %.1f ms to load, %.2f MB\n", sizes[k], best_save,
                      best_load, 1e-6 * (double)info.st_size);
        assert_true(best_save < 2000);
        bench_close(&b);
    }
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_saved_goes_on_bit_for_bit),
        CASE(epochs_may_grow),
        CASE(the_newest_are_kept),
        CASE(a_failed_save_drops_nothing),
        CASE(every_flipped_bit_is_found),
        CASE(every_truncation_is_found),
        CASE(the_file_before_a_damaged_one_is_used),
        CASE(content_that_makes_no_sense_is_refused),
        CASE(another_configuration_is_refused_line_by_line),
        CASE(a_save_takes_a_moment),
    };
    draw_data();
    return run_device_suite("checkpoint", tests);
}
