/* Saves and loads checkpoints. A save removes older files only when the new file is complete. A load uses a
 * file only if checksum, format, plan and numbers are all right. */
#include "clsnn/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "clsnn/npz.h"
#include "device/network.h"
#include "experiment/experiment.h"
#include "experiment/batch.h"
#include "experiment/model_npz.h"
#include "formats/json.h"
#include "run/metrics.h"
#include "run/record.h"

enum {
    DIGEST = CLSNN_SHA256_HEX - 1,
    END_RECORD = 22,
    MAX_ARRAYS = CLSNN_NETWORK_ARRAYS + CLSNN_LABEL_ARRAYS + 1
};

static const char folder[] = "checkpoint";
/* The largest file that a load accepts; 4096 x 16384 weights take 256 MiB. */
static const size_t max_bytes = (size_t)320 << 20;

static void file_name(uint64_t images, char name[CLSNN_CHECKPOINT_NAME]) {
    snprintf(name, CLSNN_CHECKPOINT_NAME, "%s/ckpt-%012llu.npz", folder, (unsigned long long)images);
}

/* Reads the number of images in a checkpoint's name. Returns false for any other file. */
static bool parse_name(const char *name, uint64_t *out) {
    char same[CLSNN_CHECKPOINT_NAME];
    unsigned long long images;
    if (sscanf(name, "ckpt-%llu.npz", &images) != 1) return false;
    file_name(images, same);
    *out = images;
    return strcmp(same + sizeof folder, name) == 0;
}

static int newest_first(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* Lists the image numbers of dir's checkpoints, newest first. Without a checkpoint folder the list is empty.
 * The caller frees *out_list. */
static enum clsnn_status list_files(const char *dir, uint64_t **out_list, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t *list = NULL, images;
    size_t n = 0, room = 0;
    DIR *open = NULL;
    char *path = clsnn_file_join(dir, folder);
    if (!path) return CLSNN_E_MEMORY;
    open = opendir(path);
    if (!open && errno == ENOTDIR) {
        struct stat info;
        st = stat(dir, &info) == 0 && !S_ISDIR(info.st_mode)
                 ? clsnn_fail(CLSNN_E_IO, "%s: is a file: must be a run's directory", dir)
                 : clsnn_fail(CLSNN_E_IO, "%s: is a file: must be a folder of checkpoints", path);
        goto fail;
    }
    if (!open && errno != ENOENT) {
        st = clsnn_fail(CLSNN_E_IO, "%s: cannot be read: %s", path, strerror(errno));
        goto fail;
    }
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        if (!parse_name(entry->d_name, &images)) continue;
        if (n == room) {
            room = room ? 2 * room : 16;
            uint64_t *grown = realloc(list, room * sizeof *list);
            if (!grown) {
                st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for its list of files", path);
                goto fail;
            }
            list = grown;
        }
        list[n++] = images;
    }
    if (n) qsort(list, n, sizeof *list, newest_first);
    *out_list = list;
    *out_n = n;
    list = NULL;
fail:
    if (open) closedir(open);
    free(path);
    free(list);
    return st;
}

static enum clsnn_status none_there(const char *dir) {
    return clsnn_fail(
        CLSNN_E_CHECKPOINT,
        "%s: holds no checkpoint to go on from: name a run's directory with --out, or begin without "
        "--resume",
        dir);
}

enum clsnn_status clsnn_checkpoint_find(const char *dir) {
    uint64_t *list = NULL;
    size_t n = 0;
    const enum clsnn_status st = list_files(dir, &list, &n);
    free(list);
    return st == CLSNN_OK && n == 0 ? none_there(dir) : st;
}

static char *about_text(const struct clsnn_experiment *x) {
    bool ok = true;
    char kernels[CLSNN_SHA256_HEX] = "";
    json_t *about = json_object(), *metrics = json_array(), *scores = json_array();
    if (clsnn_program_hash(kernels) != CLSNN_OK) ok = false;
    clsnn_json_add(about, "format", json_integer(CLSNN_CHECKPOINT_FORMAT), &ok);
    clsnn_json_add(about, "clsnn_version", json_string(CLSNN_VERSION), &ok);
    clsnn_json_add(about, "kernels_sha256", json_string(kernels), &ok);
    clsnn_json_add(about, "plan",
                   clsnn_record_plan(&x->plan, x->batch->data->name, x->batch->data->sha256, &ok), &ok);
    clsnn_json_add(about, "standing", clsnn_record_standing(&x->at, &ok), &ok);
    for (size_t k = 0; k < x->n_metrics; k++) {
        if (json_array_append_new(metrics, clsnn_metrics_json(&x->metrics[k], false, &ok)) != 0 ||
            json_array_append_new(scores, clsnn_record_score(&x->metrics[k].score, &ok)) != 0)
            ok = false;
    }
    clsnn_json_add(about, "metrics", metrics, &ok);
    clsnn_json_add(about, "scores", scores, &ok);
    char *text = ok ? json_dumps(about, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(about);
    if (!text) clsnn_no_memory("checkpoint: description");
    return text;
}

/* Appends the checksum as the archive's comment. The end record gets the comment's length first, because the
 * checksum covers that record. */
static enum clsnn_status seal(unsigned char **bytes, size_t *n_bytes) {
    char hex[CLSNN_SHA256_HEX];
    unsigned char *grown = realloc(*bytes, *n_bytes + DIGEST);
    if (!grown) return clsnn_fail(CLSNN_E_MEMORY, "checkpoint: no memory for %zu bytes", *n_bytes + DIGEST);
    *bytes = grown;
    grown[*n_bytes - 2] = DIGEST;
    grown[*n_bytes - 1] = 0;
    const enum clsnn_status st = clsnn_sha256_hex(grown, *n_bytes, hex);
    if (st != CLSNN_OK) return st;
    memcpy(grown + *n_bytes, hex, DIGEST);
    *n_bytes += DIGEST;
    return CLSNN_OK;
}

static enum clsnn_status pack(const struct clsnn_experiment *x, unsigned char **out_bytes, size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_array state[CLSNN_NETWORK_ARRAYS] = {{.data = NULL}}, all[MAX_ARRAYS];
    unsigned char *bytes = NULL;
    size_t n_bytes = 0, n_arrays = (size_t)clsnn_network_n_arrays(&x->plan.model.laws);
    char *about = about_text(x);
    if (!about) return CLSNN_E_MEMORY;
    TRY(clsnn_network_save(x->batch->net, x->slot, state));
    memcpy(all, state, sizeof state);
    if (x->has_labels) {
        clsnn_labels_arrays(&x->labels, all + n_arrays);
        n_arrays += CLSNN_LABEL_ARRAYS;
    }
    all[n_arrays++] = (struct clsnn_array){"about", CLSNN_U1, 1, {strlen(about)}, about};
    TRY(clsnn_npz_pack("checkpoint", all, n_arrays, CLSNN_NPZ_STORED, &bytes, &n_bytes));
    TRY(seal(&bytes, &n_bytes));
    *out_bytes = bytes;
    *out_n = n_bytes;
    bytes = NULL;
fail:
    free(bytes);
    free(about);
    clsnn_network_drop(state);
    return st;
}

/* Removes checkpoints of more than `newest` images, and all but the `keep` newest of the rest. A file that
 * cannot be removed waits for the next save: the checkpoint just saved is good. */
static enum clsnn_status drop_old(const char *dir, uint64_t newest, int keep) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t *list = NULL;
    size_t n = 0;
    int kept = 0;
    TRY(list_files(dir, &list, &n));
    for (size_t k = 0; k < n; k++) {
        char name[CLSNN_CHECKPOINT_NAME];
        if (list[k] <= newest && kept++ < keep) continue;
        file_name(list[k], name);
        char *path = clsnn_file_join(dir, name);
        if (!path) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        unlink(path);
        free(path);
    }
fail:
    free(list);
    return st;
}

enum clsnn_status clsnn_checkpoint_save(const char *dir, const struct clsnn_experiment *x, int keep,
                                        char out_name[CLSNN_CHECKPOINT_NAME]) {
    enum clsnn_status st = CLSNN_OK;
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    char name[CLSNN_CHECKPOINT_NAME];
    file_name(x->at.images, name);
    char *below = clsnn_file_join(dir, folder), *path = clsnn_file_join(dir, name);
    if (!below || !path) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    if (access(below, F_OK) != 0) TRY(clsnn_file_make_dir(below));
    TRY(pack(x, &bytes, &n_bytes));
    TRY(clsnn_file_write(path, bytes, n_bytes));
    if (out_name) memcpy(out_name, name, sizeof name);
    TRY(drop_old(dir, x->at.images, keep > 1 ? keep : 1));
fail:
    free(below);
    free(path);
    free(bytes);
    return st;
}

/* The contents of a file, read and checked before x takes them over. */
struct found {
    struct clsnn_npz npz;
    struct clsnn_standing at;
    struct clsnn_metrics *metrics;
    size_t n_metrics;
    struct clsnn_labels labels; /* borrowed from npz; labels NULL: none */
};

static void found_finish(struct found *f) {
    clsnn_npz_finish(&f->npz);
    clsnn_metrics_free(f->metrics, f->n_metrics);
    *f = (struct found){.n_metrics = 0};
}

static enum clsnn_status check_seal(const char *path, const unsigned char *bytes, size_t n_bytes) {
    char hex[CLSNN_SHA256_HEX], own[13], shown[CLSNN_EXCERPT];
    const unsigned char *end = n_bytes < DIGEST + END_RECORD ? NULL : bytes + n_bytes - DIGEST - END_RECORD;
    if (!end || memcmp(end, "PK\5\6", 4) != 0 || end[END_RECORD - 2] != DIGEST || end[END_RECORD - 1] != 0)
        return clsnn_fail(
            CLSNN_E_DATA,
            "%s: %zu bytes without a checksum at the end: the file is cut short, damaged, or no checkpoint",
            path, n_bytes);
    const enum clsnn_status st = clsnn_sha256_hex(bytes, n_bytes - DIGEST, hex);
    if (st != CLSNN_OK) return st;
    if (memcmp(hex, bytes + n_bytes - DIGEST, DIGEST) == 0) return CLSNN_OK;
    snprintf(own, sizeof own, "%.12s", (const char *)end + END_RECORD);
    return clsnn_fail(CLSNN_E_DATA, "%s: is damaged: its SHA-256 is %.12s..., its own checksum says %s...",
                      path, hex, clsnn_excerpt(own, shown));
}

struct differences {
    FILE *to;
    int n;
};
enum { MOST_DIFFERENCES = 24 };

static void tell_difference(void *ctx, const char *name, const json_t *saved, const json_t *asked) {
    struct differences *d = ctx;
    const char *note = "";
    if (strcmp(name, "epochs") == 0 && json_is_integer(saved) && json_is_integer(asked)) {
        if (json_integer_value(asked) > json_integer_value(saved)) return;
        note = " (may grow, not shrink)";
    }
    char *a = saved ? json_dumps(saved, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    char *b = asked ? json_dumps(asked, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    char shown_a[CLSNN_EXCERPT], shown_b[CLSNN_EXCERPT], shown[CLSNN_EXCERPT];
    if (d->n++ < MOST_DIFFERENCES)
        fprintf(d->to, "\n  %s: %s in the checkpoint, %s asked%s", clsnn_excerpt(name, shown),
                clsnn_excerpt(a ? a : "none", shown_a), clsnn_excerpt(b ? b : "none", shown_b), note);
    free(a);
    free(b);
}

static enum clsnn_status check_plan(const char *path, json_t *saved, const struct clsnn_experiment *x) {
    enum clsnn_status st = CLSNN_OK;
    bool ok = true;
    char *text = NULL;
    size_t n_text = 0;
    json_t *asked = clsnn_record_plan(&x->plan, x->batch->data->name, x->batch->data->sha256, &ok);
    struct differences d = {.to = open_memstream(&text, &n_text)};
    clsnn_record_complete(saved, &ok);
    if (ok && d.to) clsnn_record_compare(saved, asked, tell_difference, &d);
    if (!d.to || !clsnn_text_end(d.to, &text) || !ok) {
        st = clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to compare its plan", path);
    } else if (d.n) {
        st = clsnn_fail(CLSNN_E_CHECKPOINT,
                        "%s: belongs to another configuration than the one asked for:%s%s\n"
                        "Nothing was changed. Resume with the checkpoint's values, or begin anew without "
                        "--resume",
                        path, text, d.n > MOST_DIFFERENCES ? "\n  ... and more" : "");
    }
    free(text);
    json_decref(asked);
    return st;
}

static enum clsnn_status check_standing(const char *path, const struct clsnn_plan *plan,
                                        const struct clsnn_standing *at) {
    const uint32_t n = plan->train_images;
    const bool good = at->epoch <= plan->epochs && at->position <= n && at->attempt < CLSNN_MAX_ATTEMPT &&
                      (at->epoch < plan->epochs || at->position == 0) &&
                      at->images == (uint64_t)at->epoch * n + at->position && at->images_then <= at->images &&
                      at->trained_then.presentations <= at->trained.presentations &&
                      at->trained_then.given_up <= at->trained.given_up &&
                      at->trained_then.spikes <= at->trained.spikes && at->train_seconds >= 0 &&
                      at->eval_seconds >= 0 && at->seconds_then >= 0;
    if (good) return CLSNN_OK;
    return clsnn_fail(CLSNN_E_DATA, "%s: its position makes no sense: image %u of epoch %u after %llu images",
                      path, at->position, at->epoch + 1, (unsigned long long)at->images);
}

/* Returns whether a confusion matrix sums up to n_images and to correct, and accuracy is in [0, 1]. */
static bool is_score(const struct clsnn_score *s, const uint32_t *counts, uint32_t correct, double accuracy) {
    const uint32_t n = s->n_classes;
    uint64_t sum = 0, right = 0;
    for (uint32_t t = 0; t < n; t++) {
        right += counts[t * n + t];
        for (uint32_t p = 0; p < n; p++) sum += counts[t * n + p];
    }
    return sum == s->n_images && right == correct && accuracy >= 0.0 && accuracy <= 1.0;
}

static bool is_evaluation(const struct clsnn_plan *plan, const struct clsnn_standing *at,
                          const struct clsnn_metrics *m) {
    const struct clsnn_score *s = &m->score;
    return m->images <= at->images && m->unlabelled_neurons <= plan->neurons &&
           s->n_images <= plan->test_images && m->exc_spikes_per_image >= 0 &&
           m->test_spikes_per_image >= 0 && m->seconds >= 0 && m->eval_seconds >= 0 &&
           m->images_per_second >= 0 && is_score(s, s->confusion, s->correct_all, m->accuracy_all) &&
           is_score(s, s->confusion_proportion, s->correct_proportion, m->accuracy_proportion) &&
           s->correct_likelihood <= s->n_images &&
           !(m->accuracy_likelihood < 0.0 || m->accuracy_likelihood > 1.0);
}

static enum clsnn_status read_metrics(const char *path, const json_t *about, const struct clsnn_plan *plan,
                                      struct found *f) {
    enum clsnn_status st = CLSNN_OK;
    const json_t *metrics = json_object_get(about, "metrics"), *scores = json_object_get(about, "scores");
    const size_t n = json_array_size(metrics);
    if (!json_is_array(metrics) || json_array_size(scores) != n || n > f->at.epoch)
        return clsnn_fail(
            CLSNN_E_DATA,
            "%s: %zu evaluations and %zu scores after %u epochs: must be equal numbers, at most one an epoch",
            path, n, json_array_size(scores), f->at.epoch);
    f->metrics = calloc(n + 1, sizeof *f->metrics);
    if (!f->metrics) return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for %zu evaluations", path, n);
    f->n_metrics = n;
    for (size_t k = 0; k < n; k++) {
        TRY(clsnn_metrics_read(json_array_get(metrics, k), path, false, &f->metrics[k]));
        TRY(clsnn_record_read_score(json_array_get(scores, k), path, &f->metrics[k].score));
        if (f->metrics[k].epoch > f->at.epoch || (k && f->metrics[k].epoch <= f->metrics[k - 1].epoch))
            return clsnn_fail(CLSNN_E_DATA, "%s: evaluation %zu is of epoch %llu: out of order", path, k,
                              (unsigned long long)f->metrics[k].epoch);
        if (!is_evaluation(plan, &f->at, &f->metrics[k]))
            return clsnn_fail(CLSNN_E_DATA,
                              "%s: evaluation %zu makes no sense: its numbers contradict each other", path,
                              k);
    }
fail:
    return st;
}

static enum clsnn_status read_about(const char *path, const struct clsnn_experiment *x, struct found *f) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *a = NULL;
    json_t *about = NULL;
    char shown[CLSNN_EXCERPT];
    TRY(clsnn_npz_get(&f->npz, path, "about", CLSNN_U1, 1, (const size_t[]){0}, &a));
    TRY(clsnn_json_parse(a->data, a->shape[0], path, "about is no JSON", &about));
    const json_t *format = json_object_get(about, "format");
    json_t *plan = json_object_get(about, "plan");
    if (json_integer_value(format) > CLSNN_CHECKPOINT_FORMAT) {
        const char *version = json_string_value(json_object_get(about, "clsnn_version"));
        st = clsnn_fail(CLSNN_E_CHECKPOINT,
                        "%s: is of format %lld, written by clsnn %s: this is clsnn %s, which reads format "
                        "%d: use a newer clsnn",
                        path, (long long)json_integer_value(format),
                        clsnn_excerpt(version ? version : "(unknown)", shown), CLSNN_VERSION,
                        CLSNN_CHECKPOINT_FORMAT);
        goto fail;
    }
    if (json_integer_value(format) != CLSNN_CHECKPOINT_FORMAT || !json_is_object(plan)) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: about lacks a plan or a format that this version reads", path);
        goto fail;
    }
    TRY(check_plan(path, plan, x));
    TRY(clsnn_record_read_standing(json_object_get(about, "standing"), path, &f->at));
    TRY(check_standing(path, &x->plan, &f->at));
    TRY(read_metrics(path, about, &x->plan, f));
    TRY(clsnn_labels_in_npz(&f->npz, path, x->plan.neurons, &f->labels));
fail:
    json_decref(about);
    return st;
}

static enum clsnn_status load_file(const char *path, struct clsnn_experiment *x) {
    enum clsnn_status st = CLSNN_OK;
    void *bytes = NULL;
    size_t n_bytes = 0;
    struct found f = {.n_metrics = 0};
    TRY(clsnn_file_read(path, max_bytes, &bytes, &n_bytes));
    TRY(check_seal(path, bytes, n_bytes));
    TRY(clsnn_npz_parse(bytes, n_bytes, path, max_bytes, &f.npz));
    TRY(read_about(path, x, &f));
    TRY(clsnn_network_load(x->batch->net, x->slot, &f.npz, path));
    TRY(clsnn_experiment_resume(x, &f.at, f.metrics, f.n_metrics, f.labels.labels ? &f.labels : NULL));
fail:
    free(bytes);
    found_finish(&f);
    return st;
}

enum clsnn_status clsnn_checkpoint_load(const char *dir, struct clsnn_experiment *x,
                                        clsnn_checkpoint_refusal *refused, void *ctx,
                                        char out_name[CLSNN_CHECKPOINT_NAME]) {
    enum clsnn_status st = CLSNN_OK;
    uint64_t *list = NULL;
    size_t n = 0;
    char last[1024] = "";
    TRY(list_files(dir, &list, &n));
    for (size_t k = 0; k < n; k++) {
        char name[CLSNN_CHECKPOINT_NAME];
        file_name(list[k], name);
        char *path = clsnn_file_join(dir, name);
        st = path ? load_file(path, x) : CLSNN_E_MEMORY;
        free(path);
        if (st == CLSNN_OK && out_name) memcpy(out_name, name, sizeof name);
        if (st != CLSNN_E_DATA && st != CLSNN_E_IO) goto fail;
        snprintf(last, sizeof last, "%s", clsnn_error_text());
        clsnn_error_clear();
        if (refused) refused(ctx, last);
    }
    st = n ? clsnn_fail(CLSNN_E_CHECKPOINT,
                        "%s/%s: none of its %zu files can be used; the last one tried: %s; begin anew "
                        "without --resume",
                        dir, folder, n, last)
           : none_there(dir);
fail:
    free(list);
    return st;
}

uint64_t clsnn_checkpoint_newest(const char *dir) {
    uint64_t *list = NULL, images = 0;
    size_t n = 0;
    if (list_files(dir, &list, &n) != CLSNN_OK) clsnn_error_clear();
    if (n) images = list[0];
    free(list);
    return images;
}
