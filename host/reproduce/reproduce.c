/* The seed paper's numbers, ours over seeds, and finished runs read back. The pages made of them are in reproduce_page.c. */
#include "reproduce/reproduce.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "clsnn/npz.h"
#include "formats/json.h"
#include "options/options_render.h"
#include "run/record.h"

/* Table 1 of the seed paper: test accuracy in percent. The paper trained 9 epochs too, and prints no number of them. */
static const struct {
    uint32_t neurons, epochs;
    double percent;
} paper[] = {
    {100, 1, 72.58}, {100, 3, 81.41}, {100, 5, 82.63}, {100, 7, 83.84}, {225, 1, 79.38}, {225, 3, 85.65},
    {225, 5, 87.88}, {225, 7, 88.07}, {400, 1, 89.15}, {400, 3, 90.05}, {400, 5, 90.51}, {400, 7, 91.43},
};

static const uint32_t figure_epochs[] = {1, 3, 5, 7}; /* of its Figure 4 */

static const size_t max_json_bytes = (size_t)64 << 20;

double clsnn_paper_accuracy(uint32_t neurons, uint32_t epochs) {
    for (size_t k = 0; k < sizeof paper / sizeof *paper; k++)
        if (paper[k].neurons == neurons && paper[k].epochs == epochs) return paper[k].percent;
    return (double)NAN;
}

enum clsnn_status clsnn_reproduction_plan(struct clsnn_reproduction *r) {
    r->runs = calloc(r->n_sizes * r->n_seeds, sizeof *r->runs);
    if (!r->runs)
        return clsnn_fail(CLSNN_E_MEMORY, "reproduce: no memory for %zu runs", r->n_sizes * r->n_seeds);
    for (size_t s = 0; s < r->n_sizes; s++) {
        for (uint32_t k = 0; k < r->n_seeds; k++) {
            struct clsnn_reproduced_run *run = &r->runs[s * r->n_seeds + k];
            run->neurons = r->sizes[s];
            run->seed = r->seed + k;
            snprintf(run->dir, sizeof run->dir, "runs/n%u-s%" PRIu64, run->neurons, run->seed);
        }
    }
    return CLSNN_OK;
}

void clsnn_reproduction_finish(struct clsnn_reproduction *r) {
    for (size_t k = 0; r->runs && k < r->n_sizes * r->n_seeds; k++) free(r->runs[k].points);
    free(r->runs);
    *r = (struct clsnn_reproduction){.dir = NULL};
}

bool clsnn_reproduction_is_comparable(const struct clsnn_reproduction *r) {
    return strcmp(r->data->name, "mnist") == 0 && r->train_images == 60000 && r->test_images == 10000;
}

static const struct clsnn_reproduced_point *point_of(const struct clsnn_reproduced_run *run, uint32_t epoch) {
    for (size_t k = 0; k < run->n_points; k++)
        if (run->points[k].epoch == epoch) return &run->points[k];
    return NULL;
}

struct clsnn_reproduced_cell clsnn_reproduction_cell(const struct clsnn_reproduction *r, size_t size,
                                                     uint32_t epoch) {
    double all[1000], proportion[1000]; /* --seeds is at most that */
    size_t n = 0;
    for (uint32_t k = 0; k < r->n_seeds && n < sizeof all / sizeof *all; k++) {
        const struct clsnn_reproduced_point *p = point_of(&r->runs[size * r->n_seeds + k], epoch);
        if (!p) continue;
        all[n] = p->all;
        proportion[n++] = p->proportion;
    }
    struct clsnn_reproduced_cell cell = {.neurons = r->sizes[size],
                                         .epoch = epoch,
                                         .all = clsnn_stats_of(all, n),
                                         .proportion = clsnn_stats_of(proportion, n),
                                         .paper = clsnn_paper_accuracy(r->sizes[size], epoch),
                                         .difference = (double)NAN};
    if (clsnn_reproduction_is_comparable(r)) cell.difference = cell.all.mean - cell.paper;
    cell.below = cell.difference < -(CLSNN_REPRODUCE_BELOW + 1e-9); /* 1.5 points below is not more */
    return cell;
}

size_t clsnn_reproduction_shown(const struct clsnn_reproduction *r) {
    for (size_t s = 0; s < r->n_sizes; s++)
        if (r->sizes[s] == 100) return s * r->n_seeds;
    return 0;
}

bool clsnn_reproduction_shows_epoch(uint32_t epoch) {
    for (size_t k = 0; k < sizeof figure_epochs / sizeof *figure_epochs; k++)
        if (figure_epochs[k] == epoch) return true;
    return false;
}

/* ---- runs ---- */

enum clsnn_status clsnn_reproduction_take(const struct clsnn_experiment *x, const char *sha256,
                                          struct clsnn_reproduced_run *run) {
    struct clsnn_reproduced_point *points = calloc(x->n_metrics + 1, sizeof *points);
    if (!points)
        return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory for %zu evaluations", run->dir, x->n_metrics);
    for (size_t k = 0; k < x->n_metrics; k++) {
        const struct clsnn_metrics *m = &x->metrics[k];
        points[k] = (struct clsnn_reproduced_point){m->epoch, 100 * m->accuracy_all,
                                                    100 * m->accuracy_proportion, m->theta_mean_mv};
    }
    free(run->points);
    run->points = points;
    run->n_points = x->n_metrics;
    snprintf(run->sha256, sizeof run->sha256, "%s", sha256);
    run->train_seconds = x->at.train_seconds;
    run->eval_seconds = x->at.eval_seconds;
    run->images_per_second = x->at.train_seconds > 0 ? (double)x->at.images / x->at.train_seconds : 0;
    run->presentations = clsnn_experiment_presentations(x);
    run->given_up = x->at.trained.given_up + x->at.given_up_evaluating;
    run->finished = true;
    return CLSNN_OK;
}

static char *epoch_path(const char *dir, uint32_t epoch) {
    char name[32];
    snprintf(name, sizeof name, "epoch-%u.npz", epoch);
    return clsnn_file_join(dir, name);
}

enum clsnn_status clsnn_reproduction_save_epoch(const struct clsnn_experiment *x, uint32_t epoch,
                                                const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_learned l = {0};
    char *path = epoch_path(dir, epoch);
    if (!path) return CLSNN_E_MEMORY;
    TRY(clsnn_experiment_learned(x, &l));
    const struct clsnn_array arrays[] = {{"w", CLSNN_F4, 2, {CLSNN_N_PRE, l.n_post}, l.w},
                                         {"theta_mv", CLSNN_F4, 1, {l.n_post}, l.theta_mv}};
    TRY(clsnn_npz_write(path, arrays, 2));
fail:
    clsnn_learned_finish(&l);
    free(path);
    return st;
}

/* ---- a finished run, read back ---- */

/* What run.json's settings are compared with. */
struct comparison {
    const json_t *settings;
    char *why;
    size_t n_why;
};

/* Settings that change no result, or that the result tells as they came out. */
static bool is_compared(const char *name) {
    static const char *const others[] = {"sizes",
                                         "seeds",
                                         "seed",
                                         "device",
                                         "out",
                                         "data",
                                         "json",
                                         "quiet",
                                         "verbose",
                                         "preset",
                                         "work-group",
                                         "chunk",
                                         "profile",
                                         "train-images",
                                         "label-images",
                                         "test-images",
                                         "checkpoint-every",
                                         "resume"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (strcmp(others[k], name) == 0) return false;
    return true;
}

static void compare_setting(void *ctx, const char *name, const char *value, const char *origin,
                            bool is_number, bool is_param) {
    struct comparison *c = ctx;
    (void)origin, (void)is_param;
    if (*c->why || !is_compared(name)) return;
    const json_t *found = json_object_get(json_object_get(c->settings, name), "value");
    const bool same = is_number ? json_is_number(found) && json_number_value(found) == strtod(value, NULL)
                                : json_is_string(found) && strcmp(json_string_value(found), value) == 0;
    if (!same) snprintf(c->why, c->n_why, "its %s is another", name);
}

static bool has_whole(const json_t *object, const char *name, uint64_t value) {
    const json_t *found = json_object_get(object, name);
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    if (json_is_string(found)) return strcmp(json_string_value(found), digits) == 0;
    return json_is_integer(found) && json_integer_value(found) >= 0 &&
           (uint64_t)json_integer_value(found) == value;
}

static bool has_text(const json_t *object, const char *name, const char *value) {
    const char *found = json_string_value(json_object_get(object, name));
    return found && strcmp(found, value) == 0;
}

/* What makes run.json that of another run than this one, or "". */
static void compare_run(const struct clsnn_reproduction *r, const struct clsnn_reproduced_run *run,
                        const json_t *json, char *why, size_t n_why) {
    const json_t *result = json_object_get(json, "result");
    const struct {
        const char *name;
        uint64_t value;
    } wholes[] = {{"neurons", run->neurons},
                  {"seed", run->seed},
                  {"epochs", r->epochs},
                  {"train_images", r->train_images},
                  {"label_images", r->label_images},
                  {"test_images", r->test_images}};
    if (!has_text(json, "state", "finished")) {
        const char *state = json_string_value(json_object_get(json, "state"));
        snprintf(why, n_why, "its state is %.20s", state ? state : "not told");
    }
    for (size_t k = 0; !*why && k < sizeof wholes / sizeof *wholes; k++)
        if (!has_whole(result, wholes[k].name, wholes[k].value))
            snprintf(why, n_why, "its %s is another", wholes[k].name);
    if (!*why && !has_text(json_object_get(json, "dataset"), "sha256", r->data->sha256))
        snprintf(why, n_why, "its data are others");
    if (!*why && !has_text(json, "clsnn_version", CLSNN_VERSION))
        snprintf(why, n_why, "another version of clsnn made it");
    if (!*why && !has_text(json, "kernels_sha256", r->kernels_sha256))
        snprintf(why, n_why, "other kernels made it");
    struct comparison c = {json_object_get(json, "settings"), why, n_why};
    clsnn_options_visit(r->options, compare_setting, &c);
}

/* Evaluations and totals from run.json; false where something is missing or out of range. */
static bool read_points(const json_t *json, struct clsnn_reproduced_run *run,
                        struct clsnn_reproduced_point *points, uint32_t epochs) {
    const json_t *metrics = json_object_get(json, "metrics"), *result = json_object_get(json, "result");
    const char *sha256 = json_string_value(json_object_get(result, "final_sha256"));
    if (!sha256 || json_array_size(metrics) != epochs) return false;
    for (uint32_t k = 0; k < epochs; k++) {
        const json_t *m = json_array_get(metrics, k);
        const double all = json_number_value(json_object_get(m, "accuracy_all")),
                     proportion = json_number_value(json_object_get(m, "accuracy_proportion"));
        if (!has_whole(m, "epoch", k + 1) || !(all >= 0 && all <= 1) || !(proportion >= 0 && proportion <= 1))
            return false;
        points[k] = (struct clsnn_reproduced_point){k + 1, 100 * all, 100 * proportion,
                                                    json_number_value(json_object_get(m, "theta_mean_mv"))};
    }
    snprintf(run->sha256, sizeof run->sha256, "%s", sha256);
    run->train_seconds = json_number_value(json_object_get(result, "train_seconds"));
    run->eval_seconds = json_number_value(json_object_get(result, "eval_seconds"));
    run->images_per_second = json_number_value(json_object_get(result, "images_per_second"));
    run->presentations = (uint64_t)json_integer_value(json_object_get(result, "presentations"));
    run->given_up = (uint64_t)json_integer_value(json_object_get(result, "given_up"));
    return true;
}

/* w, theta_mv and labels of a model hashed as training did. */
static enum clsnn_status hash_model(const char *path, uint32_t neurons, char out[CLSNN_SHA256_HEX]) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    const struct clsnn_array *a[3];
    static const char *const names[] = {"w", "theta_mv", "labels"};
    struct clsnn_sha256 *hash = NULL;
    TRY(clsnn_npz_read(path, CLSNN_MAX_MODEL_BYTES, &npz));
    for (int k = 0; k < 3; k++) {
        const size_t w_shape[] = {CLSNN_N_PRE, neurons}, shape[] = {neurons};
        TRY(clsnn_npz_get(&npz, path, names[k], k == 2 ? CLSNN_I4 : CLSNN_F4, k == 0 ? 2 : 1,
                          k == 0 ? w_shape : shape, &a[k]));
    }
    hash = clsnn_sha256_create();
    if (!hash) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    for (int k = 0; k < 3; k++)
        clsnn_sha256_add(hash, a[k]->data, clsnn_array_count(a[k]) * clsnn_dtype_bytes(a[k]->dtype));
    clsnn_sha256_finish(hash, out);
fail:
    clsnn_npz_finish(&npz);
    return st;
}

/* The weights after an epoch belong to the run if their mean theta is the one that run.json tells, to the last bit. */
static enum clsnn_status check_epoch(const char *path, uint32_t neurons, double theta_mean_mv) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_npz npz = {0};
    const struct clsnn_array *w = NULL, *theta = NULL;
    double sum = 0;
    TRY(clsnn_npz_read(path, CLSNN_MAX_MODEL_BYTES, &npz));
    TRY(clsnn_npz_get(&npz, path, "w", CLSNN_F4, 2, (const size_t[]){CLSNN_N_PRE, neurons}, &w));
    TRY(clsnn_npz_get(&npz, path, "theta_mv", CLSNN_F4, 1, (const size_t[]){neurons}, &theta));
    for (uint32_t j = 0; j < neurons; j++) sum += (double)((const float *)theta->data)[j];
    if (sum / neurons != theta_mean_mv)
        st = clsnn_fail(CLSNN_E_DATA, "%s: its mean theta is not that of the run", path);
fail:
    clsnn_npz_finish(&npz);
    return st;
}

/* The files beside run.json: the model, and the weights of Figure 4 where this run's are shown. */
static enum clsnn_status check_files(const struct clsnn_reproduction *r,
                                     const struct clsnn_reproduced_run *run, bool shown,
                                     const struct clsnn_reproduced_point *points, const char *dir) {
    enum clsnn_status st = CLSNN_OK;
    char sha256[CLSNN_SHA256_HEX] = "";
    char *path = clsnn_file_join(dir, "model.npz");
    if (!path) return CLSNN_E_MEMORY;
    TRY(hash_model(path, run->neurons, sha256));
    if (strcmp(sha256, run->sha256) != 0) {
        st = clsnn_fail(CLSNN_E_DATA, "%s: its hash is not the final_sha256 of run.json", path);
        goto fail;
    }
    for (uint32_t k = 0; shown && k < r->epochs; k++) {
        if (!clsnn_reproduction_shows_epoch(k + 1)) continue;
        free(path);
        path = epoch_path(dir, k + 1);
        if (!path) return CLSNN_E_MEMORY;
        TRY(check_epoch(path, run->neurons, points[k].theta_mean_mv));
    }
fail:
    free(path);
    return st;
}

enum clsnn_status clsnn_reproduction_read(const struct clsnn_reproduction *r,
                                          struct clsnn_reproduced_run *run, bool *out_found, char *why,
                                          size_t n_why) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_reproduced_run found = *run;
    struct clsnn_reproduced_point *points = calloc(r->epochs, sizeof *points);
    char *dir = clsnn_file_join(r->dir, run->dir), *path = dir ? clsnn_file_join(dir, "run.json") : NULL;
    void *text = NULL;
    size_t n_bytes = 0;
    json_t *json = NULL;
    *out_found = false;
    *why = '\0';
    if (!points || !path) {
        st = clsnn_no_memory(run->dir);
        goto fail;
    }
    if (access(path, F_OK) != 0) goto fail; /* nothing there: nothing to say */
    st = clsnn_file_read(path, max_json_bytes, &text, &n_bytes);
    if (st == CLSNN_OK) st = clsnn_json_parse(text, n_bytes, path, "is no JSON", &json);
    if (st == CLSNN_OK) {
        compare_run(r, run, json, why, n_why);
        if (!*why && !read_points(json, &found, points, r->epochs))
            snprintf(why, n_why, "its run.json lacks results");
        if (!*why) st = check_files(r, &found, run == &r->runs[clsnn_reproduction_shown(r)], points, dir);
    }
    /* A file that is damaged or gone is no failure: the run is made again. */
    if (st != CLSNN_OK && st != CLSNN_E_MEMORY) {
        snprintf(why, n_why, "%s", clsnn_error_text());
        clsnn_error_clear();
        st = CLSNN_OK;
    }
    if (st != CLSNN_OK || *why) goto fail;
    found.finished = found.kept = true;
    found.points = points;
    found.n_points = r->epochs;
    points = NULL;
    free(run->points);
    *run = found;
    *out_found = true;
fail:
    json_decref(json);
    free(text);
    free(points);
    free(path);
    free(dir);
    return st;
}
