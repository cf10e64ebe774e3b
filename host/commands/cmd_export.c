/* clsnn export MODEL.npz: writes weights and theta for other programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "commands/commands.h"
#include "experiment/exchange.h"
#include "formats/json.h"
#include "run/start.h"

/* Fails if path is there: a file that someone keeps is not overwritten. */
static enum clsnn_status check_new(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) return clsnn_file_check(path);
    return clsnn_fail(CLSNN_E_USAGE, "%s: is there already: choose another name, or remove it", path);
}

static enum clsnn_status print(const struct clsnn_options *o, const struct clsnn_learned *l, const char *w,
                               const char *theta) {
    if (o->json) {
        bool ok = true;
        json_t *out = json_object();
        clsnn_json_add(out, "inputs", json_integer(l->n_pre), &ok);
        clsnn_json_add(out, "neurons", json_integer(l->n_post), &ok);
        clsnn_json_add(out, "weights", clsnn_json_text(w), &ok);
        clsnn_json_add(out, "theta", theta ? clsnn_json_text(theta) : json_null(), &ok);
        if (ok) ok = json_dumpf(out, o->out, JSON_COMPACT) == 0;
        fputc('\n', o->out);
        json_decref(out);
        return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_IO, "standard output: the result could not be written");
    }
    fprintf(o->out, "network     %u inputs, %u neurons\nweights     %s\ntheta       %s\n", l->n_pre,
            l->n_post, w, theta ? theta : "not written: name a file for it");
    if (l->labels.labels) fprintf(o->out, "labels      not written: these formats have none\n");
    if (l->delay_steps) fprintf(o->out, "delays      not written: these formats have none\n");
    return CLSNN_OK;
}

enum clsnn_status clsnn_cmd_export(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned l = {0};
    const char *to = o->operands[1];
    const bool is_plain = clsnn_text_ends(to, ".npy");
    char *w = NULL, *theta = NULL;
    if (clsnn_text_ends(to, ".npz"))
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s: an .npz is what clsnn writes itself: name a directory, or W.npy", to);
    if (!is_plain && o->n_operands == 3)
        return clsnn_fail(CLSNN_E_USAGE, "%s: must end in .npy, since a file for theta follows", to);
    w = is_plain ? strdup(to) : clsnn_file_join(to, "XeAe.npy");
    theta = !is_plain            ? clsnn_file_join(to, "theta_A.npy")
            : o->n_operands == 3 ? strdup(o->operands[2])
                                 : NULL;
    if (!w || (!theta && (!is_plain || o->n_operands == 3))) {
        st = clsnn_no_memory("export");
        goto fail;
    }
    if (theta && strcmp(w, theta) == 0) {
        st = clsnn_fail(CLSNN_E_USAGE, "%s: is named twice: theta needs a file of its own", w);
        goto fail;
    }
    TRY(clsnn_model_open(o->operands[0], &l, NULL));
    if (!is_plain) TRY(clsnn_file_make_dir(to));
    TRY(check_new(w));
    if (theta) TRY(check_new(theta));
    TRY(is_plain ? clsnn_exchange_write_w(&l, w) : clsnn_exchange_write_list(&l, w));
    if (theta) TRY(clsnn_exchange_write_theta(&l, theta));
    TRY(print(o, &l, w, theta));
fail:
    clsnn_learned_finish(&l);
    free(w);
    free(theta);
    return st;
}
