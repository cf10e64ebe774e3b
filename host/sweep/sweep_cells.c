/* Gathers the runs of a sweep into cells. */
#include "sweep/sweep_cells.h"

#include <stdlib.h>

#include "base/fail.h"
#include "run/run_json.h"

bool clsnn_sweep_is_seed(const struct clsnn_axis *axis) {
    return axis->row && axis->row->type == CLSNN_OPT_SEED;
}

bool clsnn_sweep_same_but_seed(const struct clsnn_grid *g, size_t a, size_t b, const struct clsnn_axis *but) {
    for (size_t k = 0; k < g->n_axes; k++) {
        const struct clsnn_axis *axis = &g->axes[k];
        if (!(but && axis->group == but->group) && !clsnn_sweep_is_seed(axis) &&
            clsnn_grid_index(g, a, axis) != clsnn_grid_index(g, b, axis))
            return false;
    }
    return true;
}

const char *clsnn_sweep_state(const struct clsnn_sweep_run *run) {
    static const char *const names[] = {
        [CLSNN_FOUND_NOTHING] = "missing",       [CLSNN_FOUND_FINISHED] = "finished",
        [CLSNN_FOUND_BROKEN_OFF] = "broken off", [CLSNN_FOUND_FAILED] = "failed",
        [CLSNN_FOUND_CORRUPT] = "corrupt",       [CLSNN_FOUND_OTHER] = "of other settings"};
    return names[run->result.found];
}

enum clsnn_status clsnn_sweep_cells(const struct clsnn_sweep *s, struct clsnn_sweep_cell **out,
                                    size_t *out_n) {
    const size_t n = s->grid->n_runs;
    struct clsnn_sweep_cell *cells = malloc(n * sizeof *cells);
    double *values = malloc(2 * n * sizeof *values);
    size_t *cell_of = malloc(n * sizeof *cell_of), n_cells = 0;
    if (!cells || !values || !cell_of) {
        free(cells);
        free(values);
        free(cell_of);
        return clsnn_no_memory("results");
    }
    for (size_t run = 0; run < n; run++) {
        size_t c = 0;
        while (c < n_cells && !clsnn_sweep_same_but_seed(s->grid, cells[c].first, run, NULL)) c++;
        if (c == n_cells) cells[n_cells++] = (struct clsnn_sweep_cell){.first = run};
        cell_of[run] = c;
        cells[c].n_runs++;
    }
    for (size_t c = 0; c < n_cells; c++) {
        size_t k = 0;
        for (size_t run = 0; run < n; run++) {
            const struct clsnn_found_run *result = &s->runs[run].result;
            if (cell_of[run] != c || result->found != CLSNN_FOUND_FINISHED) continue;
            values[k] = 100 * clsnn_run_last(&result->run)->accuracy_all;
            values[n + k++] = 100 * clsnn_run_last(&result->run)->accuracy_proportion;
        }
        cells[c].all = clsnn_stats_of(values, k);
        cells[c].proportion = clsnn_stats_of(values + n, k);
    }
    free(values);
    free(cell_of);
    *out = cells;
    *out_n = n_cells;
    return CLSNN_OK;
}
