/* Loads a checkpoint into a run of two neurons. The target corrects the checksum, which no fuzzer would
 * guess. A refused checkpoint must change nothing on host or device. An accepted one, saved and loaded again,
 * must give the same bytes. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "clsnn/abi.h"
#include "clsnn/checkpoint.h"
#include "base/file.h"
#include "device/network.h"
#include "formats/json.h"
#include "run/record.h"

enum { NEURONS = 2, STRIDE = CLSNN_ROW_ALIGN, DIGEST = CLSNN_SHA256_HEX - 1, END_RECORD = 22 };

static char given[64], saved[64]; /* run directories: of the input, and of the checkpoints saved here */
static struct clsnn_dataset data = {.name = "digits", .source = "fuzz"};
static struct clsnn_trainer trainer;
static struct clsnn_totals totals;
static struct clsnn_network net = {.n_networks = 1, .n_pre = 784, .n_post = NEURONS, .n = STRIDE};
static struct clsnn_batch batch = {
    .data = &data, .neurons = NEURONS, .n_slots = 1, .net = &net, .trainer = &trainer};
static struct clsnn_experiment x = {.batch = &batch};

static const char input_name[] = "checkpoint/ckpt-000000000001.npz";

static void remove_all(void) {
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s' '%s'", given, saved);
    if (*given && system(command) != 0) fprintf(stderr, "%s: cannot be removed\n", given);
}

/* Makes a run's directory with its checkpoint/. It is in memory if possible: a save waits for the disk. */
static void make_run(char dir[64]) {
    char below[96];
    snprintf(dir, 64, "%s/clsnn-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(dir));
    snprintf(below, sizeof below, "%s/checkpoint", dir);
    FUZZ_CHECK(mkdir(below, 0700) == 0);
}

static void set_up(void) {
    bool ok = true;
    char link[128];
    memset(data.sha256, 'a', DIGEST);
    trainer.totals = &totals;
    net.w = fuzz_buffer(sizeof(float[CLSNN_N_PRE][STRIDE]));
    net.theta = fuzz_buffer(sizeof(float[STRIDE]));
    net.state = (struct clsnn_state){
        .slots = fuzz_buffer(clsnn_state_bytes(784, NEURONS, 0)), .n_slots = 1, .n = STRIDE, .n_pre = 784};
    x.plan = (struct clsnn_plan){.seed = 7,
                                 .neurons = NEURONS,
                                 .epochs = 3,
                                 .train_images = 10,
                                 .label_images = 10,
                                 .test_images = 5,
                                 .eval_every = 1,
                                 .shuffle = true};
    clsnn_model_defaults(&x.plan.model);
    FUZZ_CHECK(clsnn_labels_create(NEURONS, 10, &x.labels) == CLSNN_OK);
    json_t *plan = clsnn_record_plan(&x.plan, data.name, data.sha256, &ok);
    fuzz_archive_quote = json_dumps(plan, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(plan);
    FUZZ_CHECK(ok && fuzz_archive_quote);
    make_run(given);
    make_run(saved);
    atexit(remove_all);
    snprintf(link, sizeof link, "%s/%s", given, input_name);
    FUZZ_CHECK(symlink(fuzz_file("", 0), link) == 0);
}

/* Gives an archive the right checksum. Leaves alone a file that does not end like an archive, and a checksum
 * that is not hexadecimal. */
static void seal(const char *path) {
    static unsigned char bytes[(1 << 17) + DIGEST + 1];
    char hex[CLSNN_SHA256_HEX];
    FILE *f = fopen(path, "rb");
    FUZZ_CHECK(f);
    size_t n = fread(bytes, 1, sizeof bytes - DIGEST - 1, f);
    fclose(f);
    bytes[n] = '\0';
    if (n >= DIGEST + END_RECORD && memcmp(bytes + n - DIGEST - END_RECORD, "PK\5\6", 4) == 0) {
        if (strspn((const char *)bytes + n - DIGEST, "0123456789abcdef") != DIGEST) return;
        n -= DIGEST;
    }
    if (n < END_RECORD || memcmp(bytes + n - END_RECORD, "PK\5\6", 4) != 0) return;
    bytes[n - 2] = DIGEST;
    bytes[n - 1] = 0;
    FUZZ_CHECK(clsnn_sha256_hex(bytes, n, hex) == CLSNN_OK);
    memcpy(bytes + n, hex, DIGEST);
    fuzz_file(bytes, n + DIGEST);
}

static void start_anew(void) {
    clsnn_metrics_free(x.metrics, x.n_metrics);
    x.metrics = NULL;
    x.n_metrics = 0;
    x.has_labels = false;
    memset(&x.at, 0, sizeof x.at);
    fuzz_buffer_writes = 0;
}

/* The loader must tell in one line why it passes over a file. */
static void on_refused(void *ctx, const char *why) {
    int *n_refused = ctx;
    ++*n_refused;
    fuzz_text(why, "checkpoint/", false);
}

static void check_score(const struct clsnn_score *s, const uint32_t *counts, uint32_t correct,
                        double accuracy) {
    uint64_t sum = 0, right = 0;
    for (uint32_t t = 0; t < s->n_classes; t++) {
        right += counts[t * s->n_classes + t];
        for (uint32_t p = 0; p < s->n_classes; p++) sum += counts[t * s->n_classes + p];
    }
    FUZZ_CHECK(sum == s->n_images && right == correct);
    FUZZ_CHECK(accuracy >= 0.0 && accuracy <= 1.0);
}

/* Checks that an accepted checkpoint makes sense. */
static void check_taken(void) {
    FUZZ_CHECK(x.at.epoch <= x.plan.epochs && x.at.position <= x.plan.train_images);
    FUZZ_CHECK(totals.presentations == x.at.trained.presentations);
    FUZZ_CHECK(x.n_metrics <= x.at.epoch);
    for (size_t k = 0; k < x.n_metrics; k++) {
        const struct clsnn_metrics *m = &x.metrics[k];
        FUZZ_CHECK(m->images <= x.at.images && m->score.n_images <= x.plan.test_images);
        FUZZ_CHECK(m->unlabelled_neurons <= NEURONS);
        check_score(&m->score, m->score.confusion, m->score.correct_all, m->accuracy_all);
        check_score(&m->score, m->score.confusion_proportion, m->score.correct_proportion,
                    m->accuracy_proportion);
        FUZZ_CHECK(m->score.correct_likelihood <= m->score.n_images);
        FUZZ_CHECK(!(m->accuracy_likelihood < 0.0 || m->accuracy_likelihood > 1.0));
        FUZZ_CHECK(isfinite(m->theta_mean_mv) && m->seconds >= 0 && m->eval_seconds >= 0);
    }
}

/* Saves x. Returns the file's bytes, owned by the caller. */
static void *save_again(size_t *out_n) {
    char name[CLSNN_CHECKPOINT_NAME], path[128];
    void *bytes = NULL;
    FUZZ_CHECK(clsnn_checkpoint_save(saved, &x, 1, name) == CLSNN_OK);
    snprintf(path, sizeof path, "%s/%s", saved, name);
    FUZZ_CHECK(clsnn_file_read(path, (size_t)1 << 20, &bytes, out_n) == CLSNN_OK);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const char *const names[] = {"w",      "theta_mv",    "v_exc",    "g_exc",    "g_inh", "last_exc",
                                        "v_inh",  "g_exc_inh",   "last_inh", "seen_inh", "over",  "last_pre",
                                        "labels", "proportions", "about",    "other"};
    char name[CLSNN_CHECKPOINT_NAME] = "", none[128];
    int n_refused = 0;
    if (!*given) set_up();
    seal(fuzz_archive(bytes, n, names, sizeof names / sizeof *names));
    start_anew();
    const enum clsnn_status st = clsnn_checkpoint_load(given, &x, on_refused, &n_refused, name);
    FUZZ_CHECK(st == CLSNN_OK || st == CLSNN_E_CHECKPOINT);
    /* The loader passes over a bad file and finds no other. Another plan or format fails at once. */
    snprintf(none, sizeof none, "%s/checkpoint: none of its 1 files", given);
    FUZZ_CHECK(n_refused == (strncmp(clsnn_error_text(), none, strlen(none)) == 0));
    if (st != CLSNN_OK) {
        FUZZ_CHECK(fuzz_buffer_writes == 0 && x.n_metrics == 0 && !x.has_labels && x.at.images == 0);
        fuzz_text(clsnn_error_text(), "checkpoint", n_refused == 0);
        clsnn_error_clear();
        return 0;
    }
    FUZZ_CHECK(*clsnn_error_text() == '\0' && strcmp(name, input_name) == 0);
    FUZZ_CHECK(fuzz_buffer_writes == (size_t)clsnn_network_n_arrays(&x.plan.model.laws));
    check_taken();
    if (fuzz_chosen(bytes, n)) {
        size_t n_once, n_twice;
        void *once = save_again(&n_once), *twice;
        start_anew();
        FUZZ_CHECK(clsnn_checkpoint_load(saved, &x, NULL, NULL, name) == CLSNN_OK);
        twice = save_again(&n_twice);
        FUZZ_CHECK(n_once == n_twice && memcmp(once, twice, n_once) == 0);
        free(once);
        free(twice);
    }
    return 0;
}
