/* Names the files of a picture. */
#include "formats/figure.h"

#include <stdio.h>
#include <unistd.h>

const char *clsnn_figure_ending(int k) {
    static const char *const endings[CLSNN_N_FIGURE_FORMATS] = {".png", ".svg", ".pdf"};
    return endings[k];
}

bool clsnn_figure_next(struct clsnn_figure *f) {
    while (f->next < CLSNN_N_FIGURE_FORMATS && !(f->formats & 1 << f->next)) f->next++;
    if (f->next == CLSNN_N_FIGURE_FORMATS) return false;
    snprintf(f->path, sizeof f->path, "%s%s%s%s", f->dir ? f->dir : "", f->dir ? "/" : "", f->name,
             clsnn_figure_ending(f->next++));
    return true;
}

void clsnn_figure_remove_others(const struct clsnn_figure *f) {
    struct clsnn_figure other = {.dir = f->dir, .name = f->name, .formats = ~f->formats};
    while (clsnn_figure_next(&other)) unlink(other.path);
}
