/* Draws Figure 3 (accuracy against epochs) and Figure 4 (weights after some epochs). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "formats/curves.h"
#include "formats/figure.h"
#include "formats/mosaic.h"
#include "reproduce/reproduce_internal.h"

enum { N_PANELS = 4 };

/* Returns a size's colour: 0 to 2 for the sizes of Kim & Kim (2020), further ones for other sizes. So each of
 * their sizes has the same colour in every figure, whatever sizes stand beside it. */
static int colour_of(const struct clsnn_reproduction *r, size_t size) {
    static const uint32_t known[] = {100, 225, 400};
    int colour = 3;
    for (int k = 0; k < 3; k++)
        if (r->sizes[size] == known[k]) return k;
    for (size_t s = 0; s < size; s++) {
        const uint32_t n = r->sizes[s];
        colour += n != known[0] && n != known[1] && n != known[2];
    }
    return colour;
}

enum clsnn_status clsnn_reproduction_curves(const struct clsnn_reproduction *r) {
    enum { NAME = 48, PAPER = 16 };
    struct clsnn_figure figure = {.dir = r->dir, .name = "figure3", .formats = r->options->figures};
    const size_t n_sizes = r->n_sizes, n_epochs = r->epochs;
    const size_t n_values = n_sizes * 3 * n_epochs + n_sizes * 2 * PAPER;
    double *values = malloc(n_values * sizeof *values), *free_values = values;
    char(*names)[NAME] = malloc(2 * n_sizes * sizeof *names), title[160], x_label[64];
    struct clsnn_series *series = calloc(2 * n_sizes, sizeof *series);
    struct clsnn_look *looks = calloc(2 * n_sizes, sizeof *looks);
    size_t n = 0;
    enum clsnn_status st = CLSNN_OK;
    if (!values || !names || !series || !looks) {
        st = clsnn_no_memory("reproduce: pictures");
        goto fail;
    }
    for (size_t s = 0; s < n_sizes; s++) {
        double *x = free_values, *y = x + n_epochs, *err = y + n_epochs;
        free_values = err + n_epochs;
        for (uint32_t e = 1; e <= r->epochs; e++) {
            const struct clsnn_reproduced_cell cell = clsnn_reproduction_cell(r, s, e);
            x[e - 1] = e;
            y[e - 1] = cell.all.mean;
            err[e - 1] = cell.all.sd;
        }
        snprintf(names[n], NAME, "N = %u, this program", r->sizes[s]);
        series[n] = (struct clsnn_series){names[n], x, y, err, n_epochs};
        looks[n++] = (struct clsnn_look){.colour = colour_of(r, s), .marker = colour_of(r, s)};
    }
    for (size_t s = 0; s < n_sizes && clsnn_reproduction_is_comparable(r); s++) {
        double *x = free_values, *y = x + PAPER;
        size_t n_points = 0;
        for (size_t k = 0; clsnn_reproduction_column(r, k); k++) {
            const double percent = clsnn_paper_accuracy(r->sizes[s], clsnn_reproduction_column(r, k));
            if (isnan(percent)) continue;
            x[n_points] = clsnn_reproduction_column(r, k);
            y[n_points++] = percent;
        }
        if (n_points == 0) continue;
        free_values = y + PAPER;
        snprintf(names[n], NAME, "N = %u, Kim & Kim", r->sizes[s]);
        series[n] = (struct clsnn_series){names[n], x, y, NULL, n_points};
        looks[n++] = (struct clsnn_look){
            .colour = colour_of(r, s), .marker = colour_of(r, s), .hollow = true, .dashed = true};
    }
    const char *test = r->data->n_validation ? "Validation" : "Test";
    if (r->n_seeds > 1)
        snprintf(title, sizeof title, "%s accuracy on %s, vote all: mean and s.d. of %u seeds", test,
                 clsnn_reproduction_data(r), r->n_seeds);
    else
        snprintf(title, sizeof title, "%s accuracy on %s, vote all, one seed", test,
                 clsnn_reproduction_data(r));
    snprintf(x_label, sizeof x_label, "training (epochs of %u images)", r->train_images);
    const struct clsnn_chart chart = {
        .title = title, .x_label = x_label, .y_label = "accuracy (%)", .looks = looks};
    while (clsnn_figure_next(&figure)) TRY(clsnn_curves_draw(figure.path, &chart, series, n));
    clsnn_figure_remove_others(&figure);
fail:
    free(values);
    free(names);
    free(series);
    free(looks);
    return st;
}

enum clsnn_status clsnn_reproduction_weights(const struct clsnn_reproduction *r) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_reproduced_run *run = &r->runs[clsnn_reproduction_shown(r)];
    struct clsnn_figure figure = {.dir = r->dir, .name = "figure4", .formats = r->options->figures};
    struct clsnn_learned files[N_PANELS] = {{0}};
    struct clsnn_panel panels[N_PANELS];
    char names[N_PANELS][32], title[128];
    size_t n = 0;
    char *dir = clsnn_file_join(r->dir, run->dir), *file = NULL;
    if (!dir) return CLSNN_E_MEMORY;
    for (uint32_t e = 1; e <= r->epochs && n < N_PANELS; e++) {
        if (!clsnn_reproduction_shows_epoch(e)) continue;
        free(file);
        file = clsnn_reproduction_epoch_path(dir, e);
        if (!file) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        TRY(clsnn_learned_read(file, &files[n]));
        if (files[n].n_post != run->neurons) {
            st = clsnn_fail(CLSNN_E_DATA, "%s: is of %u neurons: must be %u", file, files[n].n_post,
                            run->neurons);
            goto fail;
        }
        snprintf(names[n], sizeof names[n], "after %u epoch%s", e, e == 1 ? "" : "s");
        panels[n] = (struct clsnn_panel){names[n], files[n].w};
        n++;
    }
    snprintf(title, sizeof title, "Weights of %u excitatory neurons (%s, seed %" PRIu64 ")", run->neurons,
             clsnn_reproduction_data(r), run->seed);
    while (clsnn_figure_next(&figure))
        TRY(clsnn_mosaic_panels(figure.path, title, panels, n, run->neurons, (float)r->options->model.w_max,
                                (int)r->data->test.width, (int)r->data->test.height));
    clsnn_figure_remove_others(&figure);
fail:
    for (size_t k = 0; k < N_PANELS; k++) clsnn_learned_finish(&files[k]);
    free(file);
    free(dir);
    return st;
}
