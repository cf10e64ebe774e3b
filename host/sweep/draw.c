/* Draws the points of a random search (Philox4x32-10). */
#include "sweep/draw.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/interpolate.h"
#include "base/text.h"

enum { PURPOSE = 64, MOST_DRAWS = 100 }; /* the kernels' purposes (abi.h) are below 64 */

/* Returns a uniform number in [0, 1). */
static double draw(uint64_t seed, const char *name, size_t point, uint32_t again) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    const philox4x32_ctr_t counter = {{(uint32_t)point, again, hash, (uint32_t)PURPOSE << 24}};
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    const philox4x32_ctr_t r = philox4x32_R(10, counter, key);
    return (double)(((uint64_t)r.v[1] << 32 | r.v[0]) >> 11) * 0x1p-53;
}

/* Appends a drawn value to the axis. n_listed: values of its list, if it has no span. */
static enum clsnn_status draw_value(struct clsnn_axis *axis, size_t n_listed, double share) {
    const struct clsnn_interval *s = &axis->span;
    char text[32];
    if (!axis->has_span) return clsnn_axis_put(axis, (size_t)(share * (double)n_listed));
    if (s->is_whole && !s->is_log)
        snprintf(text, sizeof text, "%.0f", floor(clsnn_between(s->from, s->to + 1, false, share)));
    else
        clsnn_axis_round(clsnn_between(s->from, s->to, s->is_log, share), s->from, s->to, s->is_whole, text);
    return clsnn_axis_add(axis, text);
}

enum clsnn_status clsnn_draw_points(struct clsnn_axis *axes, size_t n_axes, uint64_t seed, size_t n_points,
                                    bool centred) {
    enum clsnn_status st = CLSNN_OK;
    size_t n_listed[64] = {0};
    if (n_axes > sizeof n_listed / sizeof *n_listed)
        return clsnn_fail(CLSNN_E_USAGE, "--random: %zu names to draw: at most %zu", n_axes,
                          sizeof n_listed / sizeof *n_listed);
    for (size_t a = 0; a < n_axes; a++) {
        if (axes[a].zip != 1) continue;
        n_listed[a] = axes[a].n_values;
        axes[a].n_order = 0;
    }
    for (size_t k = 0; k < n_points; k++) {
        bool is_new = false;
        for (uint32_t again = 0; again < MOST_DRAWS && !is_new; again++) {
            for (size_t a = 0; a < n_axes; a++) {
                if (axes[a].zip != 1) continue;
                axes[a].n_order = k; /* a point that was there already is drawn again */
                const bool is_middle = centred && k == 0 && again == 0;
                TRY(draw_value(&axes[a], n_listed[a], is_middle ? 0.5 : draw(seed, axes[a].name, k, again)));
            }
            is_new = clsnn_axes_first_same(axes, n_axes, 1, k) == k;
        }
        if (!is_new)
            return clsnn_fail(
                CLSNN_E_USAGE,
                "--random = %zu: the ranges hold hardly more than %zu different points: ask for "
                "fewer, or widen them",
                n_points, k);
    }
fail:
    return st;
}
