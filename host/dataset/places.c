/* The public data sets and their search paths. This file only looks; dataset.c judges an absent or damaged
 * place. */
#include "dataset/places.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "dataset/idx.h"

const char *const clsnn_idx_names[CLSNN_IDX_FILES] = {
    [CLSNN_IDX_TRAIN_IMAGES] = "train-images-idx3-ubyte",
    [CLSNN_IDX_TRAIN_LABELS] = "train-labels-idx1-ubyte",
    [CLSNN_IDX_TEST_IMAGES] = "t10k-images-idx3-ubyte",
    [CLSNN_IDX_TEST_LABELS] = "t10k-labels-idx1-ubyte",
};

/* Sums of MNIST: datasets/SHA256SUMS. The sums of the other two are those that TensorFlow Datasets publishes
 * (url_checksums/fashion_mnist.txt and kmnist.txt). */
const struct clsnn_known_set clsnn_known_sets[CLSNN_KNOWN_SETS] = {
    {.name = "mnist",
     .title = "MNIST",
     .origin = "CLSNN_DATA",
     .mirror = "CLSNN_MNIST_MIRROR",
     .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                 "https://storage.googleapis.com/cvdf-datasets/mnist/"},
     .archive_sha256 = {"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
     /* the files in datasets/SHA256SUMS without their IDX headers */
     .sha256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"},
    {.name = "fashion-mnist",
     .title = "Fashion-MNIST",
     .mirror = "CLSNN_FASHION_MNIST_MIRROR",
     .mirrors = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                 "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"},
     .archive_sha256 = {"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}},
    {.name = "kmnist",
     .title = "KMNIST",
     .mirror = "CLSNN_KMNIST_MIRROR",
     .mirrors = {"https://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
     .archive_sha256 = {"51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"}},
};

const struct clsnn_known_set *clsnn_known_find(const char *name) {
    for (size_t k = 0; k < CLSNN_KNOWN_SETS; k++)
        if (strcmp(clsnn_known_sets[k].name, name) == 0) return &clsnn_known_sets[k];
    return NULL;
}

bool clsnn_known_is_archive(const struct clsnn_known_set *set, enum clsnn_idx_file which, const char *path) {
    void *data = NULL;
    size_t n_bytes = 0;
    char sha256[CLSNN_SHA256_HEX] = "";
    const bool had_error = clsnn_error_status() != CLSNN_OK;
    const bool read = clsnn_file_read(path, CLSNN_ARCHIVE_BYTES, &data, &n_bytes) == CLSNN_OK &&
                      clsnn_sha256_hex(data, n_bytes, sha256) == CLSNN_OK;
    free(data);
    if (!had_error) clsnn_error_clear();
    return read && strcmp(sha256, set->archive_sha256[which]) == 0;
}

const struct clsnn_known_set *clsnn_known_in(const char *dir) {
    for (size_t k = 0; k < CLSNN_KNOWN_SETS; k++) {
        int n = 0;
        for (int i = 0; i == n && i < CLSNN_IDX_FILES; i++) { /* the first other file ends it */
            char *path = NULL;
            if (clsnn_place_file(dir, (enum clsnn_idx_file)i, &path) != CLSNN_OK) clsnn_error_clear();
            n += path && clsnn_text_ends(path, ".gz") &&
                 clsnn_known_is_archive(&clsnn_known_sets[k], (enum clsnn_idx_file)i, path);
            free(path);
        }
        if (n == CLSNN_IDX_FILES) return &clsnn_known_sets[k];
    }
    return NULL;
}

/* Folders below a data set's directory that may hold its files; torchvision makes the last. */
static const char *const folders[] = {"", "raw", "MNIST/raw"};

/* Ranks a file's name, such as emnist-letters-test-images-idx3-ubyte.gz, as one for `which`: 0 is best, -1 is
 * no such name. Plain files come before .gz: somebody unpacked them, can see them, and may have changed them.
 * Names of another spelling come later, those with a prefix last. */
static int rank(const char *name, enum clsnn_idx_file which) {
    const bool images = which == CLSNN_IDX_TRAIN_IMAGES || which == CLSNN_IDX_TEST_IMAGES,
               train = which == CLSNN_IDX_TRAIN_IMAGES || which == CLSNN_IDX_TRAIN_LABELS;
    static const char *const splits[2][2] = {{"t10k", "test"}, {"train", "train"}};
    size_t n = strlen(name);
    const bool packed = n > 3 && strcmp(name + n - 3, ".gz") == 0;
    if (packed) n -= 3;
    for (int k = 0; k < 4; k++) {
        char ending[32];
        const bool dot = k & 1, other_split = k & 2;
        snprintf(ending, sizeof ending, "%s-%s%s%s", splits[train][other_split], images ? "images" : "labels",
                 dot ? "." : "-", images ? "idx3-ubyte" : "idx1-ubyte");
        const size_t n_ending = strlen(ending);
        if (n < n_ending || strncmp(name + n - n_ending, ending, n_ending) != 0) continue;
        if (n > n_ending && name[n - n_ending - 1] != '-') continue;
        return 8 * (n > n_ending) + 2 * k + packed;
    }
    return -1;
}

/* Finds the best-ranked file in one folder. *out_path stays NULL if there is none. */
static enum clsnn_status find_in(const char *dir, enum clsnn_idx_file which, char **out_path) {
    enum clsnn_status st = CLSNN_OK;
    int best = -1;
    char found[NAME_MAX + 1] = "", rival[NAME_MAX + 1] = "";
    DIR *open = opendir(dir);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        const int now = rank(entry->d_name, which);
        if (now < 0 || (best >= 0 && now > best)) continue;
        *rival = '\0';
        if (now == best) snprintf(rival, sizeof rival, "%s", entry->d_name);
        if (now != best) snprintf(found, sizeof found, "%s", entry->d_name);
        best = now;
    }
    if (open) closedir(open);
    if (best < 0) return CLSNN_OK;
    if (*rival)
        return clsnn_fail(CLSNN_E_DATA,
                          "%s: holds both %s and %s: put each data set into a directory of its own", dir,
                          found, rival);
    struct stat info;
    char *path = clsnn_file_join(dir, found);
    if (!path) return CLSNN_E_MEMORY;
    if (stat(path, &info) == 0 &&
        S_ISDIR(info.st_mode)) { /* Kaggle packs each file into a folder of its name */
        char *inner = clsnn_file_join(path, found);
        if (!inner) st = CLSNN_E_MEMORY;
        if (inner && stat(inner, &info) == 0) {
            char *outer = path;
            path = inner;
            inner = outer;
        }
        free(inner);
    }
    *out_path = path;
    return st;
}

enum clsnn_status clsnn_place_file(const char *dir, enum clsnn_idx_file which, char **out_path) {
    enum clsnn_status st = CLSNN_OK;
    *out_path = NULL;
    for (size_t k = 0; k < sizeof folders / sizeof *folders && !*out_path; k++) {
        char *below = clsnn_file_join(dir, folders[k]);
        st = below ? find_in(*folders[k] ? below : dir, which, out_path) : CLSNN_E_MEMORY;
        free(below);
        if (st != CLSNN_OK) return st;
    }
    return CLSNN_OK;
}

enum clsnn_place_state clsnn_place_look(const char *dir) {
    struct stat info;
    if (stat(dir, &info) != 0 || !S_ISDIR(info.st_mode)) return CLSNN_PLACE_ABSENT;
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        char *path = NULL;
        /* A place counts as found when memory is short: reading the place then reports the failure. */
        if (clsnn_place_file(dir, (enum clsnn_idx_file)i, &path) != CLSNN_OK) return CLSNN_PLACE_FOUND;
        if (!path) continue;
        free(path);
        return CLSNN_PLACE_FOUND;
    }
    return CLSNN_PLACE_EMPTY;
}

bool clsnn_place_is_npz(const char *path) {
    struct stat info;
    return clsnn_text_ends(path, ".npz") && stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static enum clsnn_status add(const char *origin, const char *base, const char *below, const char *name,
                             struct clsnn_place *out) {
    memset(out, 0, sizeof *out);
    int n = snprintf(out->dir, sizeof out->dir, "%s%s%s", base, below, name);
    if (n < 0 || (size_t)n >= sizeof out->dir)
        return clsnn_fail(CLSNN_E_USAGE, "%s: a path of %d characters: must be at most %zu", origin, n,
                          sizeof out->dir - 1);
    out->origin = origin;
    out->state = clsnn_place_look(out->dir);
    return CLSNN_OK;
}

enum clsnn_status clsnn_places_list(const struct clsnn_known_set *set, struct clsnn_place out[CLSNN_PLACES],
                                    size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    const char *asked = set->origin ? getenv(set->origin) : NULL, *xdg = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");
    size_t n = 0;
    if (asked && *asked) {
        TRY(add("$CLSNN_DATA", asked, "", "", &out[n]));
        out[n].asked = out[n].own = true;
        n++;
    }
    if (xdg && *xdg == '/') {
        TRY(add("$XDG_DATA_HOME", xdg, "/clsnn/", set->name, &out[n]));
        out[n++].own = true;
    } else if (home && *home == '/') {
        TRY(add("$HOME", home, "/.local/share/clsnn/", set->name, &out[n]));
        out[n++].own = true;
    }
    TRY(add("system", "/usr/share", "/clsnn/", set->name, &out[n]));
    *out_n = n + 1;
fail:
    return st;
}
