/* The search path of --data mnist. This file only looks; dataset.c judges an absent or damaged place. */
#include "dataset/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "dataset/idx.h"

const char *const clsnn_idx_names[CLSNN_IDX_FILES] = {
    [CLSNN_IDX_TRAIN_IMAGES] = "train-images-idx3-ubyte",
    [CLSNN_IDX_TRAIN_LABELS] = "train-labels-idx1-ubyte",
    [CLSNN_IDX_TEST_IMAGES] = "t10k-images-idx3-ubyte",
    [CLSNN_IDX_TEST_LABELS] = "t10k-labels-idx1-ubyte",
};

enum clsnn_status clsnn_place_file(const char *dir, enum clsnn_idx_file which, char **out_path) {
    static const char *const endings[] = {"", ".gz"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[64];
        struct stat info;
        snprintf(name, sizeof name, "%s%s", clsnn_idx_names[which], endings[i]);
        char *path = clsnn_file_join(dir, name);
        if (!path) return CLSNN_E_MEMORY;
        if (stat(path, &info) == 0) {
            *out_path = path;
            return CLSNN_OK;
        }
        free(path);
    }
    *out_path = NULL;
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

static enum clsnn_status add(const char *origin, const char *base, const char *below,
                             struct clsnn_place *out) {
    memset(out, 0, sizeof *out);
    int n = snprintf(out->dir, sizeof out->dir, "%s%s", base, below);
    if (n < 0 || (size_t)n >= sizeof out->dir)
        return clsnn_fail(CLSNN_E_USAGE, "%s: a path of %d characters: must be at most %zu", origin, n,
                          sizeof out->dir - 1);
    out->origin = origin;
    out->state = clsnn_place_look(out->dir);
    return CLSNN_OK;
}

enum clsnn_status clsnn_places_list(struct clsnn_place out[CLSNN_PLACES], size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    const char *asked = getenv("CLSNN_DATA"), *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    size_t n = 0;
    if (asked && *asked) {
        TRY(add("$CLSNN_DATA", asked, "", &out[n]));
        out[n].asked = out[n].own = true;
        n++;
    }
    if (xdg && *xdg == '/') {
        TRY(add("$XDG_DATA_HOME", xdg, "/clsnn/mnist", &out[n]));
        out[n++].own = true;
    } else if (home && *home == '/') {
        TRY(add("$HOME", home, "/.local/share/clsnn/mnist", &out[n]));
        out[n++].own = true;
    }
    TRY(add("system", "/usr/share/clsnn/mnist", "", &out[n]));
    *out_n = n + 1;
fail:
    return st;
}
