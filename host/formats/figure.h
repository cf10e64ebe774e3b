/* Pictures in several formats, and their files. */
#ifndef CLSNN_FIGURE_H
#define CLSNN_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

/* The formats, as --figures names them. Bit k of a set is the k-th of them. */
#define CLSNN_FIGURE_FORMATS "png|svg|pdf"
enum { CLSNN_FIGURE_PNG = 1, CLSNN_N_FIGURE_FORMATS = 3 };
/* Returns the ending of format k: ".png". */
const char *clsnn_figure_ending(int k);

/* One picture in each format of a set: while (clsnn_figure_next(&f)) draw it to f.path. */
struct clsnn_figure {
    const char *dir, *name; /* name: without its ending; dir NULL: path is a name alone */
    int32_t formats;        /* set */
    int next;               /* the format that is looked at next; 0 at first */
    char path[4352];        /* of the present format; longer paths cannot be opened */
};
bool clsnn_figure_next(struct clsnn_figure *f);
/* Removes the picture's files of the other formats, which show an earlier state: to be called where a
 * directory's picture is drawn again. Best effort. */
void clsnn_figure_remove_others(const struct clsnn_figure *f);

#endif
