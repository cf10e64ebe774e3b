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

/* Returns a number that runs of one cell share, and hardly any others (FNV-1a). */
static size_t hash_of(const struct clsnn_grid *g, size_t run) {
    uint64_t hash = 14695981039346656037u;
    for (size_t k = 0; k < g->n_axes; k++)
        if (!clsnn_sweep_is_seed(&g->axes[k]))
            hash = (hash ^ clsnn_grid_index(g, run, &g->axes[k])) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

enum clsnn_status clsnn_sweep_cells(const struct clsnn_sweep *s, struct clsnn_sweep_cell **out,
                                    size_t *out_n) {
    const size_t n = s->grid->n_runs;
    size_t n_cells = 0, room = 2;
    while (room < 2 * n) room *= 2;
    struct clsnn_sweep_cell *cells = malloc(n * sizeof *cells);
    double *values = malloc(2 * n * sizeof *values); /* of a cell one after another */
    size_t *cell_of = malloc(n * sizeof *cell_of), *end = malloc(n * sizeof *end),
           *table = calloc(room, sizeof *table); /* a hash table of cells, counted from 1; 0: none */
    if (!cells || !values || !cell_of || !end || !table) {
        free(cells);
        cells = NULL;
        goto fail;
    }
    for (size_t run = 0; run < n; run++) {
        size_t at = hash_of(s->grid, run) % room;
        while (table[at] && !clsnn_sweep_same_but_seed(s->grid, cells[table[at] - 1].first, run, NULL))
            at = (at + 1) % room;
        if (!table[at]) {
            cells[n_cells] = (struct clsnn_sweep_cell){.first = run};
            table[at] = ++n_cells;
        }
        cell_of[run] = table[at] - 1;
        cells[cell_of[run]].n_runs++;
    }
    for (size_t c = 0, begin = 0; c < n_cells; begin += cells[c++].n_runs) end[c] = begin;
    for (size_t run = 0; run < n; run++) {
        const struct clsnn_found_run *result = &s->runs[run].result;
        if (result->found != CLSNN_FOUND_FINISHED) continue;
        const size_t at = end[cell_of[run]]++;
        values[at] = 100 * clsnn_run_last(&result->run)->accuracy_all;
        values[n + at] = 100 * clsnn_run_last(&result->run)->accuracy_proportion;
    }
    for (size_t c = 0, begin = 0; c < n_cells; begin += cells[c++].n_runs) {
        cells[c].all = clsnn_stats_of(values + begin, end[c] - begin);
        cells[c].proportion = clsnn_stats_of(values + n + begin, end[c] - begin);
    }
    *out = cells;
    *out_n = n_cells;
fail:
    free(values);
    free(cell_of);
    free(end);
    free(table);
    return cells ? CLSNN_OK : clsnn_no_memory("results");
}
