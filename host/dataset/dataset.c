/* Loads and writes data sets: a directory's four IDX files (idx.c), an .npz file (npz_set.c) or the built-in
 * digits (digits.c). */
#include "clsnn/dataset.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "dataset/digits.h"
#include "dataset/places.h"
#include "dataset/idx.h"
#include "dataset/npz_set.h"

void clsnn_dataset_finish(struct clsnn_dataset *d) {
    if (!d) return;
    clsnn_images_finish(&d->train);
    clsnn_images_finish(&d->test);
    memset(d, 0, sizeof *d);
}

uint32_t clsnn_dataset_classes(const struct clsnn_dataset *d) {
    const struct clsnn_images *sets[] = {&d->train, &d->test};
    uint32_t n = CLSNN_MIN_CLASSES;
    for (int i = 0; i < 2; i++)
        for (uint32_t k = 0; k < sets[i]->n_images && sets[i]->labels; k++)
            if (sets[i]->labels[k] >= n) n = sets[i]->labels[k] + 1u;
    return n;
}

uint32_t clsnn_dataset_pixels(const struct clsnn_dataset *d) {
    return d->test.height * d->test.width;
}

enum clsnn_status clsnn_dataset_validate(struct clsnn_dataset *d, uint32_t n) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_images last = {0};
    if (n == 0 || n >= d->train.n_images)
        return clsnn_fail(CLSNN_E_USAGE, "validate = %u: %s has %u training images: must be in [1, %u]", n,
                          d->name, d->train.n_images, d->train.n_images ? d->train.n_images - 1 : 0);
    const size_t first = d->train.n_images - n;
    const size_t n_pixels = clsnn_dataset_pixels(d);
    TRY(clsnn_images_create(n, d->train.height, d->train.width, true, &last));
    memcpy(last.pixels, d->train.pixels + first * n_pixels, n * n_pixels);
    memcpy(last.labels, d->train.labels + first, n);
    clsnn_images_finish(&d->test);
    d->test = last;
    d->train.n_images -= n;
    d->n_validation = n;
fail:
    return st;
}

const char *clsnn_dataset_test_name(const struct clsnn_dataset *d) {
    return d->n_validation ? "validation" : "test";
}

static enum clsnn_status hash(struct clsnn_dataset *d) {
    struct clsnn_sha256 *h = clsnn_sha256_create();
    if (!h) return CLSNN_E_MEMORY;
    const struct clsnn_images *sets[] = {&d->train, &d->test};
    const uint32_t height = d->test.height, width = d->test.width;
    const uint8_t sides[] = {0, 0, 0, (uint8_t)height, 0, 0, 0, (uint8_t)width};
    if (height != CLSNN_IMAGE_SIDE || width != CLSNN_IMAGE_SIDE) clsnn_sha256_add(h, sides, sizeof sides);
    for (int i = 0; i < 2; i++) {
        clsnn_sha256_add(h, sets[i]->pixels, (size_t)sets[i]->n_images * clsnn_dataset_pixels(d));
        if (sets[i]->labels) clsnn_sha256_add(h, sets[i]->labels, sets[i]->n_images);
    }
    clsnn_sha256_finish(h, d->sha256);
    return CLSNN_OK;
}

/* Reads the images and labels of a set. may_lack: the labels' file may be missing. */
static enum clsnn_status load_set(const char *dir, enum clsnn_idx_file first, bool may_lack,
                                  struct clsnn_images *out) {
    enum clsnn_status st = CLSNN_OK;
    char *paths[2] = {NULL, NULL};
    void *data[2] = {NULL, NULL};
    size_t n_bytes[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        enum clsnn_idx_file which = (enum clsnn_idx_file)((int)first + i);
        TRY(clsnn_place_file(dir, which, &paths[i]));
        if (!paths[i] && i == 1 && may_lack) continue;
        if (!paths[i]) {
            st = clsnn_fail(CLSNN_E_DATA,
                            "%s: %s[.gz] is missing: the directory must hold all four IDX files, or those of "
                            "the test set alone",
                            dir, clsnn_idx_names[which]);
            goto fail;
        }
        size_t most = 16 + CLSNN_MAX_PIXELS;
        TRY(clsnn_idx_read(paths[i], i == 0 ? CLSNN_IDX_PIXELS : CLSNN_IDX_LABELS, most, &data[i],
                           &n_bytes[i]));
    }
    char label[CLSNN_DIR_BYTES + 16];
    snprintf(label, sizeof label, "%s, %s set", dir, first == CLSNN_IDX_TRAIN_IMAGES ? "training" : "test");
    TRY(clsnn_idx_parse(data[0], n_bytes[0], data[1], n_bytes[1], label, out));
fail:
    for (int i = 0; i < 2; i++) {
        free(paths[i]);
        free(data[i]);
    }
    return st;
}

/* Returns whether dir holds a file of a training set. */
static bool has_training(const char *dir) {
    char *images = NULL, *labels = NULL;
    const bool failed = clsnn_place_file(dir, CLSNN_IDX_TRAIN_IMAGES, &images) != CLSNN_OK ||
                        clsnn_place_file(dir, CLSNN_IDX_TRAIN_LABELS, &labels) != CLSNN_OK;
    const bool there = failed || images || labels; /* load_set reports a failure */
    free(images);
    free(labels);
    return there;
}

/* Fills name, source and hash of a set that was read from path. */
static enum clsnn_status name_set(const char *path, struct clsnn_dataset *out) {
    const struct clsnn_images *a = &out->train, *b = &out->test;
    if (a->n_images && (a->height != b->height || a->width != b->width))
        return clsnn_fail(
            CLSNN_E_DATA,
            "%s: training images of %u x %u pixels, test images of %u x %u: must be of one size", path,
            a->height, a->width, b->height, b->width);
    const enum clsnn_status st = hash(out);
    if (strlen(path) >= sizeof out->source)
        return clsnn_fail(CLSNN_E_DATA, "data: a path of %zu characters: must be at most %zu", strlen(path),
                          sizeof out->source - 1);
    snprintf(out->source, sizeof out->source, "%s", path);
    snprintf(out->name, sizeof out->name, "custom");
    for (size_t k = 0; k < CLSNN_KNOWN_SETS; k++)
        if (clsnn_known_sets[k].sha256 && strcmp(out->sha256, clsnn_known_sets[k].sha256) == 0)
            snprintf(out->name, sizeof out->name, "%s", clsnn_known_sets[k].name);
    return st;
}

static enum clsnn_status load_dir(const char *dir, struct clsnn_dataset *out) {
    enum clsnn_status st = CLSNN_OK;
    const bool whole = has_training(dir);
    if (whole) TRY(load_set(dir, CLSNN_IDX_TRAIN_IMAGES, false, &out->train));
    TRY(load_set(dir, CLSNN_IDX_TEST_IMAGES, !whole, &out->test));
    TRY(name_set(dir, out));
    const struct clsnn_known_set *set = strcmp(out->name, "custom") == 0 ? clsnn_known_in(dir) : NULL;
    if (set) snprintf(out->name, sizeof out->name, "%s", set->name);
fail:
    return st;
}

/* One thread's part of the digits. */
struct part {
    struct clsnn_dataset *data; /* borrowed */
    uint32_t index, n_parts;
    pthread_t thread;
    bool has_thread;
};

static void draw_set(const struct part *p, enum clsnn_digits_set set, struct clsnn_images *images) {
    const uint32_t first = (uint32_t)((uint64_t)images->n_images * p->index / p->n_parts),
                   end = (uint32_t)((uint64_t)images->n_images * (p->index + 1) / p->n_parts);
    clsnn_digits_draw(CLSNN_DIGITS_SEED, set, first, end - first,
                      images->pixels + (size_t)first * CLSNN_IMAGE_PIXELS, images->labels + first);
}

static void *draw_part(void *ctx) {
    const struct part *p = ctx;
    draw_set(p, CLSNN_DIGITS_SET_TRAIN, &p->data->train);
    draw_set(p, CLSNN_DIGITS_SET_TEST, &p->data->test);
    return NULL;
}

/* Draws all digits, on every core: one core takes a second. A part whose thread cannot be started is drawn
 * here. */
static void draw_all(struct clsnn_dataset *out) {
    enum { MAX_PARTS = 16 };
    struct part parts[MAX_PARTS];
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const uint32_t n = cores < 1 ? 1 : cores > MAX_PARTS ? MAX_PARTS : (uint32_t)cores;
    for (uint32_t k = 0; k < n; k++) {
        parts[k] = (struct part){.data = out, .index = k, .n_parts = n};
        if (k > 0) parts[k].has_thread = pthread_create(&parts[k].thread, NULL, draw_part, &parts[k]) == 0;
    }
    for (uint32_t k = 0; k < n; k++) {
        if (parts[k].has_thread)
            pthread_join(parts[k].thread, NULL);
        else
            draw_part(&parts[k]);
    }
}

static enum clsnn_status load_digits(struct clsnn_dataset *out) {
    enum clsnn_status st = CLSNN_OK;
    TRY(clsnn_images_create(CLSNN_DIGITS_TRAIN, CLSNN_IMAGE_SIDE, CLSNN_IMAGE_SIDE, true, &out->train));
    TRY(clsnn_images_create(CLSNN_DIGITS_TEST, CLSNN_IMAGE_SIDE, CLSNN_IMAGE_SIDE, true, &out->test));
    draw_all(out);
    TRY(hash(out));
    snprintf(out->source, sizeof out->source, "built in, seed %u", CLSNN_DIGITS_SEED);
    snprintf(out->name, sizeof out->name, "digits");
fail:
    return st;
}

/* Fails since the files in dir are not those of the set. */
static enum clsnn_status not_the_set(const struct clsnn_known_set *set, const char *dir,
                                     const struct clsnn_dataset *d) {
    if (set->sha256)
        return clsnn_fail(
            CLSNN_E_DATA,
            "%s: sha256 of the images and labels is %s: %s's is %s; to use these files as a data "
            "set of your own: --data %s",
            dir, d->sha256, set->title, set->sha256, dir);
    return clsnn_fail(CLSNN_E_DATA,
                      "%s: does not hold the four archives of %s, which clsnn data fetch %s gets: only they "
                      "have a published checksum; to use these files as a data set of your own: --data %s",
                      dir, set->title, set->name, dir);
}

/* Loads a known set from the first place that holds any of its files; or_digits: else the built-in digits. A
 * missing $CLSNN_DATA is an error: the user would otherwise get another data set than the one asked for. */
static enum clsnn_status load_known(const struct clsnn_known_set *set, bool or_digits,
                                    struct clsnn_dataset *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_place places[CLSNN_PLACES];
    size_t n = 0;
    char searched[CLSNN_PLACES * (CLSNN_DIR_BYTES + 32)] = "";
    TRY(clsnn_places_list(set, places, &n));
    for (size_t i = 0; i < n; i++) {
        if (places[i].asked && places[i].state == CLSNN_PLACE_ABSENT)
            return clsnn_fail(CLSNN_E_DATA,
                              "CLSNN_DATA = %s: no such directory: must be one that holds MNIST's four "
                              "files, or be unset; to fill it: clsnn data fetch mnist",
                              places[i].dir);
        if (places[i].state == CLSNN_PLACE_FOUND) {
            TRY(load_dir(places[i].dir, out));
            return strcmp(out->name, set->name) == 0 ? CLSNN_OK : not_the_set(set, places[i].dir, out);
        }
        size_t used = strlen(searched);
        snprintf(searched + used, sizeof searched - used, "%s%s (%s)", i ? ", " : "", places[i].dir,
                 places[i].origin);
    }
    if (or_digits) return load_digits(out);
    return clsnn_fail(CLSNN_E_DATA,
                      "%s: found in none of: %s; to get it: clsnn data fetch %s; "
                      "or choose the built-in set: --data digits",
                      set->name, searched, set->name);
fail:
    return st;
}

static enum clsnn_status no_such_data(const char *spec) {
    const char *names[CLSNN_KNOWN_SETS + 2] = {"auto", "digits"};
    for (size_t k = 0; k < CLSNN_KNOWN_SETS; k++) names[k + 2] = clsnn_known_sets[k].name;
    const enum clsnn_place_state state = clsnn_place_look(spec);
    struct stat info;
    const char *near = state == CLSNN_PLACE_ABSENT ? clsnn_nearest(spec, names, CLSNN_KNOWN_SETS + 2) : NULL;
    return clsnn_fail(CLSNN_E_DATA,
                      "data = %s: %s: must be auto, mnist, fashion-mnist, kmnist, digits, FILE.npz or a "
                      "directory that holds train-images-idx3-ubyte[.gz] and its three sisters%s%s%s",
                      spec,
                      state != CLSNN_PLACE_ABSENT     ? "none of the files is in it"
                      : stat(spec, &info) == 0        ? "is a file"
                      : clsnn_text_ends(spec, ".npz") ? "no such file"
                                                      : "no such directory",
                      near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* why NULL: everything is needed. */
static enum clsnn_status load_npz(const char *path, struct clsnn_dataset *out, char *why) {
    const enum clsnn_status st = why ? clsnn_npz_set_load_images(path, &out->train, &out->test, why)
                                     : clsnn_npz_set_load(path, &out->train, &out->test);
    return st == CLSNN_OK ? name_set(path, out) : st;
}

static enum clsnn_status load(const char *spec, struct clsnn_dataset *out, char *why) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_dataset made = {0};
    const struct clsnn_known_set *set = clsnn_known_find(spec);
    if (strcmp(spec, "digits") == 0)
        TRY(load_digits(&made));
    else if (set || strcmp(spec, "auto") == 0)
        TRY(load_known(set ? set : &clsnn_known_sets[0], !set, &made));
    else if (clsnn_place_is_npz(spec))
        TRY(load_npz(spec, &made, why));
    else if (clsnn_place_look(spec) == CLSNN_PLACE_FOUND)
        TRY(load_dir(spec, &made));
    else
        TRY(no_such_data(spec));
    *out = made;
    return CLSNN_OK;
fail:
    clsnn_dataset_finish(&made);
    return st;
}

enum clsnn_status clsnn_dataset_load(const char *spec, struct clsnn_dataset *out) {
    return load(spec, out, NULL);
}

enum clsnn_status clsnn_dataset_load_images(const char *spec, struct clsnn_dataset *out,
                                            char why[CLSNN_LEFT_OUT]) {
    why[0] = '\0';
    return load(spec, out, why);
}

/* Refuses dir if it holds a plain file `name`: loading prefers plain files and would ignore the new .gz. */
static enum clsnn_status refuse_hidden(const char *dir, const char *name) {
    struct stat info;
    char *plain = clsnn_file_join(dir, name);
    if (!plain) return CLSNN_E_MEMORY;
    enum clsnn_status st = CLSNN_OK;
    if (lstat(plain, &info) == 0)
        st = clsnn_fail(CLSNN_E_IO,
                        "%s: is there already and would be read instead of the new %s.gz: remove it", plain,
                        name);
    free(plain);
    return st;
}

enum clsnn_status clsnn_dataset_export(const struct clsnn_dataset *d, const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    char *path = NULL;
    if (!d->train.labels || !d->test.labels)
        return clsnn_fail(CLSNN_E_DATA, "%s: a set without images or labels cannot be written as IDX files",
                          d->source);
    TRY(clsnn_file_make_dir(dir));
    for (int i = 0; i < CLSNN_IDX_FILES; i++) TRY(refuse_hidden(dir, clsnn_idx_names[i]));
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        const struct clsnn_images *set = i < CLSNN_IDX_TEST_IMAGES ? &d->train : &d->test;
        bool images = i == CLSNN_IDX_TRAIN_IMAGES || i == CLSNN_IDX_TEST_IMAGES;
        char name[64];
        snprintf(name, sizeof name, "%s.gz", clsnn_idx_names[i]);
        path = clsnn_file_join(dir, name);
        if (!path) return CLSNN_E_MEMORY;
        TRY(images ? clsnn_idx_write_images(path, set) : clsnn_idx_write_labels(path, set));
        free(path);
        path = NULL;
    }
fail:
    free(path);
    return st;
}
