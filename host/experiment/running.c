/* The running accuracy. All sums halve every 8192 images: early weights say little about late ones. */
#include "experiment/running.h"

#include <stdlib.h>

#include "base/fail.h"
#include "clsnn/dataset.h"

enum { WINDOW = 1000, FEWEST = 100, FADE_EVERY = 8192 };

struct clsnn_running {
    uint32_t n_post, n_classes;
    uint32_t *sums; /* [n_post][n_classes] spikes for each class */
    uint32_t n_class[CLSNN_MAX_CLASSES];
    int16_t *label; /* [n_post] class with the highest mean count; -1: none */
    uint32_t n_labelled[CLSNN_MAX_CLASSES];
    uint64_t n_seen;
    uint32_t n_right;
    float *history; /* [n_history] */
    size_t n_history, room;
    uint8_t right[WINDOW]; /* ring of the last WINDOW images; 1: classified right */
};

enum clsnn_status clsnn_running_create(uint32_t n_post, uint32_t n_classes, struct clsnn_running **out) {
    struct clsnn_running *r = calloc(1, sizeof *r);
    if (r) {
        r->n_post = n_post;
        r->n_classes = n_classes;
        r->sums = calloc((size_t)n_post * n_classes, sizeof *r->sums);
        r->label = malloc(n_post * sizeof *r->label);
    }
    if (!r || !r->sums || !r->label) {
        clsnn_running_destroy(r);
        return clsnn_fail(CLSNN_E_MEMORY, "running accuracy: no memory for %u neurons", n_post);
    }
    for (uint32_t j = 0; j < n_post; j++) r->label[j] = -1;
    *out = r;
    return CLSNN_OK;
}

void clsnn_running_destroy(struct clsnn_running *r) {
    if (!r) return;
    free(r->sums);
    free(r->label);
    free(r->history);
    free(r);
}

static uint32_t classify(const struct clsnn_running *r, const uint16_t *counts) {
    uint64_t votes[CLSNN_MAX_CLASSES] = {0};
    uint32_t best = 0;
    for (uint32_t j = 0; j < r->n_post; j++) {
        if (counts[j] && r->label[j] >= 0) votes[r->label[j]] += counts[j];
    }
    for (uint32_t c = 1; c < r->n_classes; c++) {
        if (votes[c] * (r->n_labelled[best] ? r->n_labelled[best] : 1) >
            votes[best] * (r->n_labelled[c] ? r->n_labelled[c] : 1))
            best = c;
    }
    return best;
}

static void relabel(struct clsnn_running *r, uint32_t j) {
    const uint32_t *sums = r->sums + (size_t)j * r->n_classes;
    int best = -1;
    for (int c = 0; c < (int)r->n_classes; c++) {
        if (sums[c] == 0 || r->n_class[c] == 0) continue;
        if (best < 0 || (uint64_t)sums[c] * r->n_class[best] > (uint64_t)sums[best] * r->n_class[c]) best = c;
    }
    if (r->label[j] >= 0) r->n_labelled[r->label[j]]--;
    if (best >= 0) r->n_labelled[best]++;
    r->label[j] = (int16_t)best;
}

/* Adds the accuracy of now to the history, as long as that is complete. */
static void remember(struct clsnn_running *r) {
    if (r->n_history + 1 != r->n_seen / CLSNN_RUNNING_EVERY) return;
    if (r->n_history == r->room) {
        const size_t room = 2 * r->room + 64;
        float *grown = realloc(r->history, room * sizeof *grown);
        if (!grown) return;
        r->history = grown;
        r->room = room;
    }
    r->history[r->n_history++] = (float)clsnn_running_accuracy(r);
}

const float *clsnn_running_history(const struct clsnn_running *r, size_t *out_n) {
    *out_n = r->n_history;
    return r->history;
}

uint64_t clsnn_running_seen(const struct clsnn_running *r) {
    return r->n_seen;
}

void clsnn_running_add(struct clsnn_running *r, const uint16_t *counts, uint8_t class) {
    uint8_t *slot = &r->right[r->n_seen % WINDOW];
    const uint8_t right = classify(r, counts) == class;
    if (r->n_seen >= WINDOW) r->n_right -= *slot;
    r->n_right += right;
    *slot = right;
    r->n_class[class]++;
    for (uint32_t j = 0; j < r->n_post; j++) {
        if (counts[j] == 0) continue;
        r->sums[(size_t)j * r->n_classes + class] += counts[j];
        relabel(r, j);
    }
    if (++r->n_seen % CLSNN_RUNNING_EVERY == 0) remember(r);
    if (r->n_seen % FADE_EVERY != 0) return;
    for (uint32_t c = 0; c < r->n_classes; c++) r->n_class[c] = (r->n_class[c] + 1) / 2;
    for (size_t k = 0; k < (size_t)r->n_post * r->n_classes; k++) r->sums[k] /= 2;
}

double clsnn_running_accuracy(const struct clsnn_running *r) {
    if (r->n_seen < FEWEST) return -1.0;
    return (double)r->n_right / (double)(r->n_seen < WINDOW ? r->n_seen : WINDOW);
}
