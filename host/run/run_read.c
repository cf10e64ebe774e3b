/* Looks at a run's directory: has run.json and model.npz read, and compares the plan with the wanted one. */
#include "run/run_read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/json.h"
#include "run/record.h"
#include "run/run_json.h"

void clsnn_found_finish(struct clsnn_found_run *f) {
    clsnn_run_finish(&f->run);
    *f = (struct clsnn_found_run){.found = CLSNN_FOUND_NOTHING};
}

static void found(struct clsnn_found_run *f, enum clsnn_run_found what, const char *why) {
    clsnn_run_finish(&f->run);
    f->found = what;
    snprintf(f->why, sizeof f->why, "%s", why);
}

/* Makes the recorded error the reason why the run is corrupt. A lack of memory stays an error. */
static enum clsnn_status found_error(struct clsnn_found_run *f, enum clsnn_status st) {
    if (st == CLSNN_E_MEMORY) return st;
    found(f, CLSNN_FOUND_CORRUPT, clsnn_error_text());
    clsnn_error_clear();
    return CLSNN_OK;
}

static enum clsnn_status check_model(const char *dir, struct clsnn_found_run *f) {
    struct clsnn_learned l = {0};
    char *path = clsnn_file_join(dir, "model.npz");
    const enum clsnn_status st = path ? clsnn_learned_read(path, &l) : CLSNN_E_MEMORY;
    free(path);
    if (st != CLSNN_OK) return found_error(f, st);
    if (strcmp(l.sha256, f->run.sha256) != 0)
        found(f, CLSNN_FOUND_CORRUPT, "model.npz does not have the final_sha256 of run.json");
    clsnn_learned_finish(&l);
    return CLSNN_OK;
}

/* Writes a plan's value for people. */
static void value_text(const json_t *value, char out[CLSNN_EXCERPT]) {
    char number[32];
    if (json_is_real(value)) {
        clsnn_format_real(json_real_value(value), number);
        snprintf(out, CLSNN_EXCERPT, "%s", number);
        return;
    }
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    clsnn_excerpt(text ? text : "none", out);
    free(text);
}

enum { WHY = 256 };

/* The difference between two plans. */
struct difference {
    const struct clsnn_run_wanted *wanted;
    char why[WHY]; /* the first one */
    bool is_shorter, is_more;
};

static void note_difference(void *ctx, const char *name, const json_t *saved, const json_t *asked) {
    struct difference *d = ctx;
    char a[CLSNN_EXCERPT], b[CLSNN_EXCERPT];
    for (size_t k = 0; k < d->wanted->n_free; k++)
        if (strcmp(name, d->wanted->free[k]) == 0) return;
    if (strcmp(name, "epochs") == 0 && json_integer_value(saved) < json_integer_value(asked))
        d->is_shorter = true;
    else
        d->is_more = true;
    if (d->why[0]) return;
    value_text(saved, a);
    value_text(asked, b);
    snprintf(d->why, WHY, "its %s is %s, %s asked", name, a, b);
}

static enum clsnn_status compare(const struct clsnn_run_wanted *wanted, struct clsnn_found_run *f) {
    const struct clsnn_run *run = &f->run;
    bool ok = true;
    struct difference d = {.wanted = wanted};
    json_t *saved = clsnn_record_plan(&run->plan, run->data_name, run->data_sha256, &ok),
           *asked = clsnn_record_plan(wanted->plan, wanted->data->name, wanted->data->sha256, &ok);
    if (ok) clsnn_record_compare(saved, asked, note_difference, &d);
    json_decref(saved);
    json_decref(asked);
    if (!ok) return clsnn_fail(CLSNN_E_MEMORY, "run: no memory to compare its plan");
    if (strcmp(run->data_sha256, wanted->data->sha256) != 0)
        snprintf(d.why, sizeof d.why, "its data set is %s (SHA-256 %.8s...), %s (%.8s...) asked",
                 run->data_name, run->data_sha256, wanted->data->name, wanted->data->sha256);
    if (!d.why[0] && wanted->kernels_sha256 && strcmp(run->version, CLSNN_VERSION) != 0)
        snprintf(d.why, sizeof d.why, "clsnn %s made it, this is %s", run->version, CLSNN_VERSION);
    if (!d.why[0] && wanted->kernels_sha256 && strcmp(run->kernels_sha256, wanted->kernels_sha256) != 0)
        snprintf(d.why, sizeof d.why, "its kernels differ from this program's kernels");
    if (!d.why[0]) return CLSNN_OK;
    found(f, CLSNN_FOUND_OTHER, d.why);
    f->is_shorter = d.is_shorter && !d.is_more;
    return CLSNN_OK;
}

enum clsnn_status clsnn_run_look(const char *dir, const struct clsnn_run_wanted *wanted,
                                 struct clsnn_found_run *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_found_run f = {.found = CLSNN_FOUND_NOTHING};
    char *path = clsnn_file_join(dir, "run.json");
    if (!path) return CLSNN_E_MEMORY;
    const bool there = access(path, F_OK) == 0;
    free(path);
    if (!there) goto done;
    st = clsnn_run_json_read(dir, &f.run);
    if (st == CLSNN_OK && wanted && f.run.plan.neurons > 0) TRY(compare(wanted, &f));
    if (st != CLSNN_OK) {
        TRY(found_error(&f, st));
    } else if (f.found == CLSNN_FOUND_OTHER) {
        goto done;
    } else if (f.run.state == CLSNN_RUN_FAILED) {
        char error[sizeof f.run.error];
        memcpy(error, f.run.error, sizeof error);
        found(&f, CLSNN_FOUND_FAILED, *error ? error : "it failed");
    } else if (f.run.state != CLSNN_RUN_FINISHED) {
        found(&f, CLSNN_FOUND_BROKEN_OFF, "it was broken off");
    } else {
        f.found = CLSNN_FOUND_FINISHED;
        TRY(check_model(dir, &f));
    }
done:
    *out = f;
    return CLSNN_OK;
fail:
    clsnn_found_finish(&f);
    return st;
}
