/* clsnn data: lists the data sets, fetches public ones, writes the built-in digits as IDX files. */
#include "commands/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "clsnn/dataset.h"
#include "dataset/digits.h"
#include "dataset/download.h"
#include "base/file.h"
#include "dataset/places.h"
#include "formats/json.h"
#include "run/report.h"

/* Prints object and frees it. object NULL: jansson had no memory. */
static enum clsnn_status print_json(FILE *out, json_t *object) {
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(8)) : NULL;
    json_decref(object);
    if (!text) return clsnn_no_memory("data: JSON result");
    fprintf(out, "%s\n", text);
    free(text);
    return CLSNN_OK; /* main closes out and reports writes that failed */
}

static double mean_pixel(const struct clsnn_images *m) {
    uint64_t sum = 0;
    size_t n = (size_t)m->n_images * m->height * m->width;
    for (size_t i = 0; i < n; i++) sum += m->pixels[i];
    return (double)sum / (double)n;
}

static json_t *dataset_json(const struct clsnn_dataset *d) {
    return json_pack("{s:s, s:b, s:s, s:I, s:I, s:f, s:s}", "name", d->name, "found", 1, "source", d->source,
                     "train", (json_int_t)d->train.n_images, "test", (json_int_t)d->test.n_images,
                     "mean_pixel", mean_pixel(&d->train), "sha256", d->sha256);
}

static void dataset_text(FILE *out, const struct clsnn_dataset *d) {
    fprintf(out,
            "%s\n  source      %s\n  images      %" PRIu32 " training, %" PRIu32 " test, %" PRIu32
            " x %" PRIu32 "\n"
            "  mean pixel  %.2f of 255 (training)\n  sha256      %s\n",
            d->name, d->source, d->train.n_images, d->test.n_images, d->test.height, d->test.width,
            mean_pixel(&d->train), d->sha256);
}

static const char *state_text(enum clsnn_place_state state) {
    switch (state) {
    case CLSNN_PLACE_ABSENT: return "no such directory";
    case CLSNN_PLACE_EMPTY: return "no MNIST files in it";
    case CLSNN_PLACE_FOUND: break;
    }
    return "has MNIST's file names";
}

static json_t *places_json(const struct clsnn_place *places, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        json_t *row = json_pack("{s:s, s:s, s:s}", "origin", places[i].origin, "directory", places[i].dir,
                                "state", state_text(places[i].state));
        if (!row || json_array_append_new(list, row) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static void places_text(FILE *out, const struct clsnn_place *places, size_t n) {
    for (size_t i = 0; i < n; i++)
        fprintf(out, "  searched    %s (%s): %s\n", places[i].dir, places[i].origin,
                state_text(places[i].state));
}

/* Lists one known set and the places searched for it; adds it to rows, or prints it if rows is NULL. A
 * damaged set is listed as unusable, and the function fails with the reason. */
static enum clsnn_status list_known(const struct clsnn_known_set *set, json_t *rows, FILE *out) {
    struct clsnn_place places[CLSNN_PLACES];
    size_t n_places = 0;
    struct clsnn_dataset d = {0};
    enum clsnn_status st = clsnn_places_list(set, places, &n_places);
    if (st != CLSNN_OK) return st;
    bool somewhere = false; /* its files are in a place, or the user named a folder that is absent */
    for (size_t i = 0; i < n_places; i++)
        if (places[i].state == CLSNN_PLACE_FOUND ||
            (places[i].asked && places[i].state == CLSNN_PLACE_ABSENT))
            somewhere = true;
    if (somewhere) st = clsnn_dataset_load(set->name, &d);
    const bool found = somewhere && st == CLSNN_OK;
    if (rows) {
        json_t *row = found       ? dataset_json(&d)
                      : somewhere ? json_pack("{s:s, s:b, s:s}", "name", set->name, "found", 0, "error",
                                              clsnn_error_text())
                                  : json_pack("{s:s, s:b}", "name", set->name, "found", 0);
        bool ok = row && json_object_set_new(row, "searched", places_json(places, n_places)) == 0;
        ok = json_array_append_new(rows, row) == 0 && ok;
        if (!ok && st == CLSNN_OK) st = clsnn_no_memory("data: JSON result");
    } else {
        if (found)
            dataset_text(out, &d);
        else
            fprintf(out, "%s\n  %s%s\n", set->name,
                    somewhere ? "unusable    " : "not found   to get it: clsnn data fetch ",
                    somewhere ? clsnn_error_text() : set->name);
        places_text(out, places, n_places);
        fputc('\n', out);
    }
    clsnn_dataset_finish(&d);
    return st;
}

/* Lists the known sets and the digits. Fails with the first reason if a set is unusable. */
static enum clsnn_status list(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK, first = CLSNN_OK;
    char reason[2048] = "";
    struct clsnn_dataset digits = {0};
    json_t *rows = o->json ? json_array() : NULL;
    if (o->json && !rows) return clsnn_no_memory("data: JSON result");
    for (size_t k = 0; k < CLSNN_KNOWN_SETS; k++) {
        st = list_known(&clsnn_known_sets[k], rows, o->out);
        if (st == CLSNN_OK) continue;
        if (first == CLSNN_OK) snprintf(reason, sizeof reason, "%s", clsnn_error_text());
        if (first == CLSNN_OK) first = st;
        clsnn_error_clear(); /* the next set's error is another */
    }
    TRY(clsnn_dataset_load("digits", &digits));
    if (rows) {
        if (json_array_append_new(rows, dataset_json(&digits)) != 0)
            TRY(clsnn_no_memory("data: JSON result"));
        json_t *all = json_pack("{s:o}", "datasets", rows);
        rows = NULL;
        TRY(print_json(o->out, all));
    } else {
        dataset_text(o->out, &digits);
    }
    if (first != CLSNN_OK) TRY(clsnn_fail(first, "%s", reason));
fail:
    json_decref(rows);
    clsnn_dataset_finish(&digits);
    return st;
}

struct fetch_progress {
    bool terminal, line_open;
};

static bool show_progress(void *ctx, const char *archive, uint64_t got, uint64_t total) {
    struct fetch_progress *p = ctx;
    bool done = got == total;
    if (p->terminal && total > 0) {
        fprintf(stderr, "\r%-27s %7.3f of %.3f MB", archive, (double)got * 1e-6, (double)total * 1e-6);
        p->line_open = !done;
        if (done) fputc('\n', stderr);
    } else if (done) {
        fprintf(stderr, "%s: %.3f MB, sha256 right\n", archive, (double)got * 1e-6);
    }
    return true;
}

/* Chooses --out DIR, else the first of the user's own places where --data looks for the set. */
static enum clsnn_status fetch_dir(const struct clsnn_known_set *set, const struct clsnn_options *o,
                                   char out[CLSNN_DIR_BYTES]) {
    if (o->out_dir) {
        if (snprintf(out, CLSNN_DIR_BYTES, "%s", o->out_dir) < CLSNN_DIR_BYTES) return CLSNN_OK;
        return clsnn_fail(CLSNN_E_USAGE, "--out: the path has %zu characters: must be at most %d",
                          strlen(o->out_dir), CLSNN_DIR_BYTES - 1);
    }
    struct clsnn_place places[CLSNN_PLACES];
    size_t n = 0;
    enum clsnn_status st = clsnn_places_list(set, places, &n);
    if (st != CLSNN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        if (!places[i].own) continue;
        memcpy(out, places[i].dir, CLSNN_DIR_BYTES);
        return CLSNN_OK;
    }
    return clsnn_fail(
        CLSNN_E_USAGE,
        "data fetch %s: no directory to write to, since HOME, XDG_DATA_HOME%s are all unset: name "
        "one with --out DIR",
        set->name, set->origin ? " and CLSNN_DATA" : "");
}

/* Fetches a set, then loads it once: an unpacked file that hides its archive is noticed now. */
static enum clsnn_status fetch(const struct clsnn_known_set *set, const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    char dir[CLSNN_DIR_BYTES];
    struct clsnn_dataset d = {0};
    struct fetch_progress progress = {.terminal = isatty(STDERR_FILENO) == 1};
    TRY(fetch_dir(set, o, dir));
    TRY(clsnn_report_check_dir(o, dir));
    if (!o->quiet) fprintf(stderr, "fetching %s into %s\n", set->title, dir);
    st = clsnn_download(set, dir, getenv(set->mirror), o->quiet ? NULL : show_progress, &progress);
    if (progress.line_open) fputc('\n', stderr);
    if (st != CLSNN_OK) return st;
    TRY(clsnn_dataset_load(dir, &d));
    if (strcmp(d.name, set->name) != 0) {
        st = clsnn_fail(CLSNN_E_DATA,
                        "%s: unpacked files stand beside the archives and are not %s's: remove the four "
                        "files without .gz",
                        dir, set->title);
        goto fail;
    }
    if (o->json) {
        TRY(print_json(o->out, dataset_json(&d)));
    } else {
        dataset_text(o->out, &d);
    }
fail:
    clsnn_dataset_finish(&d);
    return st;
}

static enum clsnn_status export_digits(const struct clsnn_options *o, const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_dataset d = {0};
    if (!o->quiet) fprintf(stderr, "drawing the digits and writing them to %s\n", dir);
    TRY(clsnn_file_make_dir(dir)); /* fails before the second that drawing takes */
    TRY(clsnn_dataset_load("digits", &d));
    TRY(clsnn_dataset_export(&d, dir));
    if (o->json) {
        json_t *row = dataset_json(&d);
        if (row && json_object_set_new(row, "directory", json_string(dir)) != 0) {
            json_decref(row);
            row = NULL;
        }
        TRY(print_json(o->out, row));
    } else {
        dataset_text(o->out, &d);
        fprintf(o->out, "  written to  %s\n", dir);
    }
fail:
    clsnn_dataset_finish(&d);
    return st;
}

enum clsnn_status clsnn_cmd_data(const struct clsnn_options *o) {
    const char *word[3] = {"", "", ""};
    for (size_t i = 0; i < o->n_operands && i < 3; i++) word[i] = o->operands[i];
    if (o->n_operands == 1 && strcmp(word[0], "list") == 0) return list(o);
    const struct clsnn_known_set *set = clsnn_known_find(word[1]);
    if (o->n_operands == 2 && strcmp(word[0], "fetch") == 0 && set) return fetch(set, o);
    if (o->n_operands == 3 && strcmp(word[0], "export") == 0 && strcmp(word[1], "digits") == 0)
        return export_digits(o, word[2]);
    return clsnn_fail(
        CLSNN_E_USAGE,
        "data%s%.64s%s%.64s%s%.64s: must be list, fetch mnist, fetch fashion-mnist, fetch kmnist, or export "
        "digits DIR",
        *word[0] ? " " : "", word[0], *word[1] ? " " : "", word[1], *word[2] ? " " : "", word[2]);
}
