/* Keeps networks during training and draws how their weights developed. */
#include "run/snapshots.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "clsnn/npz.h"
#include "experiment/batch.h"
#include "experiment/experiment.h"
#include "experiment/model_npz.h"
#include "formats/apng.h"
#include "formats/figure.h"
#include "formats/mosaic.h"
#include "formats/strip.h"
#include "run/about.h"

enum {
    MOST = 10000, /* snapshots of a run */
    STRIP_NEURONS = 16,
    BAR = 8,         /* height of the bar of progress, px */
    PLAY_MS = 10000, /* the moving picture's time, but for its last frame */
    LEAST_MS = 40,
    LAST_MS = 2000
};

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Reads one moment, from `least` epochs or images on; *out: its number of images. */
static enum clsnn_status read_moment(const char *item, const struct clsnn_plan *plan, uint64_t least,
                                     uint64_t *out) {
    enum clsnn_status st = CLSNN_OK;
    const uint64_t all = (uint64_t)plan->epochs * plan->train_images;
    char number[32], shown[CLSNN_EXCERPT];
    const size_t n = strlen(item);
    const bool is_images = n > 1 && item[n - 1] == 'i';
    if (n == 0 || n >= sizeof number)
        return clsnn_fail(CLSNN_E_USAGE,
                          "--snapshots: '%s' is no moment: write epochs, such as 3, or images, "
                          "such as 5000i",
                          clsnn_excerpt(item, shown));
    snprintf(number, sizeof number, "%.*s", (int)(n - is_images), item);
    const uint64_t most = is_images ? all : plan->epochs;
    TRY(clsnn_parse_whole("--snapshots", number, 0, UINT64_MAX, "", out));
    if (*out < least || *out > most)
        return clsnn_fail(CLSNN_E_USAGE, "--snapshots = %s: must be in [%" PRIu64 ", %" PRIu64 "] %s", item,
                          least, most, is_images ? "images" : "epochs");
    if (!is_images) *out *= plan->train_images;
fail:
    return st;
}

enum clsnn_status clsnn_snapshots_read(const char *text, const struct clsnn_plan *plan,
                                       struct clsnn_snapshots *out) {
    enum clsnn_status st = CLSNN_OK;
    const uint64_t all = (uint64_t)plan->epochs * plan->train_images;
    struct clsnn_snapshots s = {0};
    uint64_t every = 0;
    char *copy = strdup(text), *rest = NULL;
    s.images = malloc(MOST * sizeof *s.images);
    if (!copy || !s.images) {
        st = clsnn_no_memory("--snapshots");
        goto fail;
    }
    if (!strchr(text, ',')) {
        TRY(read_moment(text, plan, 1, &every));
        if (all / every >= MOST) {
            st =
                clsnn_fail(CLSNN_E_USAGE,
                           "--snapshots = %s: would keep more than %d snapshots: must be larger", text, MOST);
            goto fail;
        }
        for (uint64_t images = 0; images <= all; images += every) s.images[s.n++] = images;
        if (s.images[s.n - 1] < all) s.images[s.n++] = all;
    } else {
        for (char *item = strtok_r(copy, ", ", &rest); item; item = strtok_r(NULL, ", ", &rest)) {
            if (s.n == MOST) {
                st = clsnn_fail(CLSNN_E_USAGE, "--snapshots: must be at most %d", MOST);
                goto fail;
            }
            TRY(read_moment(item, plan, 0, &s.images[s.n]));
            s.n++;
        }
        qsort(s.images, s.n, sizeof *s.images, compare);
    }
    *out = s;
    s = (struct clsnn_snapshots){0};
fail:
    free(copy);
    clsnn_snapshots_finish(&s);
    return st;
}

void clsnn_snapshots_finish(struct clsnn_snapshots *s) {
    free(s->images);
    *s = (struct clsnn_snapshots){0};
}

static bool is_due(const struct clsnn_snapshots *s, uint64_t images) {
    return s->n && bsearch(&images, s->images, s->n, sizeof images, compare);
}

/* Returns a snapshot's path, malloc'ed. */
static char *path_of(const char *dir, uint64_t images) {
    char name[64];
    snprintf(name, sizeof name, "snapshots/model-%09" PRIu64 ".npz", images);
    return clsnn_file_join(dir, name);
}

enum clsnn_status clsnn_snapshots_keep(const struct clsnn_snapshots *s, const struct clsnn_report *r) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    struct clsnn_learned l = {.n_pre = 0};
    unsigned char *bytes = NULL;
    size_t n_bytes = 0;
    char *dir = NULL, name[64];
    if (!is_due(s, x->at.images)) return CLSNN_OK;
    dir = clsnn_file_join(r->dir, "snapshots");
    if (!dir) return CLSNN_E_MEMORY;
    TRY(clsnn_experiment_learned(x, &l));
    l.about = clsnn_about_text(x);
    if (!l.about) {
        st = CLSNN_E_MEMORY;
        goto fail;
    }
    TRY(clsnn_learned_pack(&l, dir, &bytes, &n_bytes));
    TRY(clsnn_file_make_dir(dir));
    snprintf(name, sizeof name, "model-%09" PRIu64 ".npz", x->at.images);
    TRY(clsnn_file_write_in(dir, name, bytes, n_bytes, CLSNN_FILE_LOOSE));
fail:
    free(bytes);
    free(dir);
    clsnn_learned_finish(&l);
    return st;
}

/* The snapshots that are there. */
struct found {
    uint64_t *images; /* [n] */
    size_t n;
};

/* Reads a snapshot's weights, which the caller frees with npz; the rest of the file is not looked at. */
static enum clsnn_status read_weights(const struct clsnn_report *r, uint64_t images, struct clsnn_npz *npz,
                                      const float **out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    const size_t shape[] = {(size_t)x->batch->net->n_pre, x->plan.neurons};
    const struct clsnn_array *w;
    char *path = path_of(r->dir, images);
    if (!path) return CLSNN_E_MEMORY;
    TRY(clsnn_npz_read(path, CLSNN_MAX_MODEL_BYTES, npz));
    TRY(clsnn_npz_get(npz, path, "w", CLSNN_F4, 2, shape, &w));
    *out = w->data;
fail:
    free(path);
    return st;
}

/* The moving picture under way. Its palette: the colours of weights, then line, empty place, bar, its
 * ground. */
enum { LINE = CLSNN_WEIGHT_STEPS + 1, EMPTY, DONE, LEFT, N_COLOURS };

static void fill_palette(uint32_t palette[N_COLOURS]) {
    for (int k = 0; k <= CLSNN_WEIGHT_STEPS; k++)
        palette[k] = clsnn_weight_colour((double)k / CLSNN_WEIGHT_STEPS);
    palette[LINE] = 0xb4b4b4;
    palette[EMPTY] = 0xe4e4e4;
    palette[DONE] = 0x0072b2;
    palette[LEFT] = 0xd8d8d8;
}

/* Fills one frame: a tile a neuron, a pixel a weight, and the bar below. */
static void fill_frame(uint8_t *frame, size_t width, size_t height, const struct clsnn_experiment *x,
                       size_t columns, const float *w, double done) {
    const struct clsnn_images *images = &x->batch->data->train;
    const size_t n = x->plan.neurons, wide = images->width, high = images->height;
    const float steps = (float)(CLSNN_WEIGHT_STEPS / x->plan.model.w_max);
    memset(frame, LINE, width * height);
    for (size_t place = 0; place < columns * ((n + columns - 1) / columns); place++) {
        uint8_t *corner =
            frame + (place / columns * (high + 1) + 1) * width + place % columns * (wide + 1) + 1;
        for (size_t y = 0; place >= n && y < high; y++) memset(corner + y * width, EMPTY, wide);
    }
    for (size_t i = 0; i < wide * high; i++) { /* along rows of w, for the cache */
        for (size_t j = 0; j < n; j++) {
            const float share = w[i * n + j] * steps + 0.5f;
            const size_t at =
                (j / columns * (high + 1) + 1 + i / wide) * width + j % columns * (wide + 1) + 1 + i % wide;
            frame[at] = share < CLSNN_WEIGHT_STEPS ? (uint8_t)share : CLSNN_WEIGHT_STEPS;
        }
    }
    for (size_t y = height - BAR; y < height; y++)
        for (size_t k = 0; k < width; k++)
            frame[y * width + k] = (double)k < done * (double)width ? DONE : LEFT;
}

static enum clsnn_status draw_frames(const struct clsnn_report *r, const struct found *f, FILE *to) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    const struct clsnn_images *images = &x->batch->data->train;
    const double all = (double)x->plan.epochs * x->plan.train_images;
    struct clsnn_npz npz = {0};
    struct clsnn_apng picture;
    uint32_t palette[N_COLOURS];
    size_t columns = 1;
    while (columns * columns < x->plan.neurons) columns++;
    const size_t rows = (x->plan.neurons + columns - 1) / columns, width = columns * (images->width + 1) + 1,
                 height = rows * (images->height + 1) + 1 + BAR;
    const uint32_t ms = PLAY_MS / (uint32_t)f->n > LEAST_MS ? PLAY_MS / (uint32_t)f->n : LEAST_MS;
    uint8_t *frame = malloc(width * height);
    if (!frame) return clsnn_no_memory("weights.apng");
    fill_palette(palette);
    clsnn_apng_begin(&picture, to, (int)width, (int)height, palette, N_COLOURS, (uint32_t)f->n);
    for (size_t k = 0; k < f->n; k++) {
        const float *w = NULL;
        TRY(read_weights(r, f->images[k], &npz, &w));
        fill_frame(frame, width, height, x, columns, w, (double)f->images[k] / all);
        TRY(clsnn_apng_frame(&picture, frame, k + 1 < f->n ? (ms > 1000 ? 1000 : ms) : LAST_MS));
        clsnn_npz_finish(&npz);
    }
    clsnn_apng_end(&picture);
fail:
    clsnn_npz_finish(&npz);
    free(frame);
    return st;
}

static enum clsnn_status draw_apng(const struct clsnn_report *r, const struct found *f) {
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *to = open_memstream(&text, &n_bytes);
    if (!to) return clsnn_no_memory("weights.apng");
    enum clsnn_status st = draw_frames(r, f, to);
    if (!clsnn_text_end(to, &text) && st == CLSNN_OK) st = clsnn_no_memory("weights.apng");
    if (st == CLSNN_OK) st = clsnn_report_file(r, "weights.apng", text, n_bytes, r->durability);
    free(text);
    return st;
}

static enum clsnn_status draw_strip(const struct clsnn_report *r, const struct found *f) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_experiment *x = r->experiment;
    struct clsnn_npz npz[CLSNN_STRIP_COLUMNS] = {{NULL, 0}};
    struct clsnn_strip_column columns[CLSNN_STRIP_COLUMNS];
    const size_t n = f->n < CLSNN_STRIP_COLUMNS ? f->n : CLSNN_STRIP_COLUMNS;
    const uint32_t rows = x->plan.neurons < STRIP_NEURONS ? x->plan.neurons : STRIP_NEURONS;
    struct clsnn_figure figure = {.dir = r->dir, .name = "weights-strip", .formats = r->options->figures};
    char title[128];
    uint32_t neurons[STRIP_NEURONS];
    for (size_t k = 0; k < n; k++) { /* evenly, with the first and the last */
        const uint64_t images = f->images[n > 1 ? k * (f->n - 1) / (n - 1) : 0];
        snprintf(columns[k].name, sizeof columns[k].name, "%" PRIu64, images);
        TRY(read_weights(r, images, &npz[k], &columns[k].w));
    }
    for (uint32_t j = 0; j < rows; j++)
        neurons[j] = (uint32_t)((uint64_t)j * x->plan.neurons / rows); /* evenly */
    snprintf(title, sizeof title, "Weights of %u neurons during training: N = %u, %s, seed %" PRIu64, rows,
             x->plan.neurons, x->batch->data->name, x->plan.seed);
    while (clsnn_figure_next(&figure))
        TRY(clsnn_strip_draw(figure.path, title, columns, n, x->plan.neurons, neurons, rows,
                             (float)x->plan.model.w_max, (int)x->batch->data->train.width,
                             (int)x->batch->data->train.height));
    clsnn_figure_remove_others(&figure);
fail:
    for (size_t k = 0; k < n; k++) clsnn_npz_finish(&npz[k]);
    return st;
}

enum clsnn_status clsnn_snapshots_draw(const struct clsnn_snapshots *s, const struct clsnn_report *r) {
    enum clsnn_status st = CLSNN_OK;
    struct found f = {.images = malloc((s->n + 1) * sizeof *f.images)};
    char name[64];
    if (!f.images) return clsnn_no_memory("snapshots");
    for (size_t k = 0; k < s->n; k++) {
        if (f.n && f.images[f.n - 1] == s->images[k]) continue;
        snprintf(name, sizeof name, "snapshots/model-%09" PRIu64 ".npz", s->images[k]);
        if (clsnn_file_is_there(r->dir, name)) f.images[f.n++] = s->images[k];
    }
    if (f.n) TRY(draw_apng(r, &f));
    if (f.n) TRY(draw_strip(r, &f));
fail:
    free(f.images);
    return st;
}
