/* clsnn import: makes a model.npz of another program's weights. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "base/sha256.h"
#include "commands/commands.h"
#include "commands/progress.h"
#include "experiment/exchange.h"
#include "formats/json.h"
#include "run/warnings.h"

/* The files of a call. */
struct files {
    const char *weights, *theta, *model; /* theta NULL: none is given */
    char *owned[2];                      /* paths in a directory of Diehl & Cook's files */
};

static enum clsnn_status find_files(const struct clsnn_options *o, struct files *f) {
    struct stat info;
    f->weights = o->operands[0];
    f->theta = o->n_operands == 3 ? o->operands[1] : NULL;
    f->model = o->operands[o->n_operands - 1];
    if (!clsnn_text_ends(f->model, ".npz"))
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s: the last file is the result and ends in .npz: usage: clsnn import "
                          "[OPTION]... WEIGHTS [THETA] MODEL.npz",
                          f->model);
    if (stat(f->model, &info) == 0)
        return clsnn_fail(CLSNN_E_USAGE, "%s: is there already: choose another name, or remove it", f->model);
    if (stat(f->weights, &info) != 0 || !S_ISDIR(info.st_mode)) return CLSNN_OK;
    f->owned[0] = clsnn_file_join(f->weights, "XeAe.npy");
    f->owned[1] = clsnn_file_join(f->weights, "theta_A.npy");
    if (!f->owned[0] || !f->owned[1]) return CLSNN_E_MEMORY;
    f->weights = f->owned[0];
    if (!f->theta) f->theta = f->owned[1];
    return CLSNN_OK;
}

/* Returns the about of the model: the names of its sources and their hash. malloc'ed; NULL on failure. */
static char *about_text(const struct files *f) {
    const char *const paths[] = {f->weights, f->theta};
    bool ok = true;
    json_t *about = json_object(), *list = json_array();
    clsnn_json_add(about, "clsnn_version", json_string(CLSNN_VERSION), &ok);
    for (size_t k = 0; k < 2 && paths[k]; k++) {
        void *bytes = NULL;
        size_t n_bytes = 0;
        char hex[CLSNN_SHA256_HEX] = "";
        ok = clsnn_file_read(paths[k], SIZE_MAX - 1, &bytes, &n_bytes) == CLSNN_OK &&
             clsnn_sha256_hex(bytes, n_bytes, hex) == CLSNN_OK && ok;
        free(bytes);
        json_t *one = json_object();
        clsnn_json_add(one, "file", clsnn_json_text(paths[k]), &ok);
        clsnn_json_add(one, "sha256", json_string(hex), &ok);
        if (json_array_append_new(list, one) != 0) ok = false;
    }
    clsnn_json_add(about, "imported_from", list, &ok);
    char *text = ok ? json_dumps(about, JSON_COMPACT) : NULL;
    json_decref(about);
    if (!text && !*clsnn_error_text()) clsnn_no_memory("import: about");
    return text;
}

/* Gives neurons without a theta that of a fresh network. */
static enum clsnn_status fill_theta(struct clsnn_learned *l, double theta_init_mv) {
    l->theta_mv = malloc(l->n_post * sizeof *l->theta_mv);
    if (!l->theta_mv) return clsnn_no_memory("import: theta");
    for (uint32_t j = 0; j < l->n_post; j++) l->theta_mv[j] = (float)theta_init_mv;
    return CLSNN_OK;
}

static void range(const float *values, size_t n, double *least, double *most) {
    *least = *most = (double)values[0];
    for (size_t k = 1; k < n; k++) {
        if ((double)values[k] < *least) *least = (double)values[k];
        if ((double)values[k] > *most) *most = (double)values[k];
    }
}

static enum clsnn_status print(const struct clsnn_options *o, const struct files *f,
                               const struct clsnn_exchange *x) {
    const struct clsnn_learned *l = &x->model;
    double least, most, least_w, most_w;
    range(l->theta_mv, l->n_post, &least, &most);
    range(l->w, (size_t)l->n_pre * l->n_post, &least_w, &most_w);
    if (o->json) {
        bool ok = true;
        json_t *out = json_object();
        clsnn_json_add(out, "model", clsnn_json_text(f->model), &ok);
        clsnn_json_add(out, "inputs", json_integer(l->n_pre), &ok);
        clsnn_json_add(out, "neurons", json_integer(l->n_post), &ok);
        clsnn_json_add(out, "w_max", json_real(most_w), &ok);
        clsnn_json_add(out, "theta_min_mv", json_real(least), &ok);
        clsnn_json_add(out, "theta_max_mv", json_real(most), &ok);
        clsnn_json_add(out, "unlisted_pairs", clsnn_json_whole(x->n_unlisted), &ok);
        clsnn_json_add(out, "final_sha256", json_string(l->sha256), &ok);
        if (ok) ok = json_dumpf(out, o->out, JSON_COMPACT | JSON_REAL_PRECISION(10)) == 0;
        fputc('\n', o->out);
        json_decref(out);
        return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_IO, "standard output: the result could not be written");
    }
    fprintf(o->out, "network       %u inputs, %u neurons\n", l->n_pre, l->n_post);
    fprintf(o->out, "weights       %.4g to %.4g", least_w, most_w);
    if (x->n_unlisted) fprintf(o->out, "; %llu pairs are not listed: 0", (unsigned long long)x->n_unlisted);
    fprintf(o->out, "\ntheta         %.4g to %.4g mV%s%s%s\n", least, most,
            *x->theta_unit ? " (read as " : "", x->theta_unit, *x->theta_unit ? ")" : "");
    fprintf(o->out, "final_sha256  %s\nwritten to    %s\n", l->sha256, f->model);
    fprintf(o->out,
            "labels        none: clsnn eval and predict make them from training images; --out keeps them\n");
    return CLSNN_OK;
}

/* Shows the warnings. Errors: CLSNN_E_DATA there was one, and --strict. */
static enum clsnn_status tell(struct clsnn_progress_line *progress, struct clsnn_warnings *w, bool strict) {
    enum clsnn_status st = CLSNN_OK;
    const char *text;
    while ((text = clsnn_warnings_next(w))) {
        clsnn_progress_warn(progress, "%s", text);
        if (strict) st = clsnn_fail(CLSNN_E_DATA, "%s; --strict makes this warning an error", text);
    }
    return st;
}

enum clsnn_status clsnn_cmd_import(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct files f = {.theta = NULL};
    struct clsnn_exchange x = {.n_unlisted = 0};
    struct clsnn_warnings warnings = {.told = {false}};
    struct clsnn_progress_line progress;
    clsnn_progress_start(&progress, stderr, o->quiet);
    TRY(find_files(o, &f));
    TRY(clsnn_file_check(f.model));
    TRY(clsnn_exchange_read(f.weights, f.theta, &x));
    if (x.left_out[0])
        clsnn_progress_note(&progress, "%s: its arrays %s are not taken over", f.weights, x.left_out);
    if (!x.model.theta_mv) {
        TRY(fill_theta(&x.model, o->model.theta_init_mv));
        clsnn_warnings_add(&warnings, CLSNN_WARN_no_theta, "%s: without theta, every neuron gets %g mV",
                           f.weights, o->model.theta_init_mv);
    }
    clsnn_warnings_of_model(&warnings, &x.model, f.weights, &o->model);
    TRY(tell(&progress, &warnings, o->strict));
    x.model.about = about_text(&f);
    if (!x.model.about) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    TRY(clsnn_learned_hash(&x.model));
    TRY(clsnn_learned_write(&x.model, f.model));
    TRY(print(o, &f, &x));
fail:
    clsnn_learned_finish(&x.model);
    for (size_t k = 0; k < 2; k++) free(f.owned[k]);
    return st;
}
