/* An axis of a sweep: an option or parameter, its values, and the place of each value in a list. */
#ifndef CLSNN_AXIS_H
#define CLSNN_AXIS_H

#include "options/options_table.h"

#define CLSNN_GRID_MAX_RUNS 10000

/* An interval that values are drawn from: FIRST..LAST, or log(FIRST..LAST). */
struct clsnn_interval {
    double from, to;
    bool is_log, is_whole; /* is_whole: only whole numbers */
    size_t count;          /* of log(FIRST..LAST, COUNT); 0: none is given */
};

/* One swept option or parameter. */
struct clsnn_axis {
    const struct clsnn_option_row *row;   /* the option, or NULL if the axis is a parameter */
    const struct clsnn_param_info *param; /* the parameter, or NULL if the axis is an option */
    const char *name;                     /* of the option or parameter */
    char *label;                          /* "sweep.ini:3: neurons", for messages; owned */
    char **values;                        /* [n_values] texts as clsnn prints them, owned; all different */
    size_t n_values;
    size_t *order; /* [n_order] the list: an index in values at each place; owned */
    size_t n_order;
    struct clsnn_interval span; /* --random draws values from it, if has_span; else from values */
    bool has_span;
    size_t group; /* axes of one group advance together; groups count in order of their first axes */
    size_t zip;   /* number of the part of zip that names the axis, from 1 on; 0: no part does */
};
/* Returns the first place at which the axes of part `zip` have the values that they have at `place`. */
size_t clsnn_axes_first_same(const struct clsnn_axis *axes, size_t n_axes, size_t zip, size_t place);
void clsnn_axis_finish(struct clsnn_axis *axis); /* takes {0} */

/* Returns whether the row's values are paths that runs may differ in: --from. */
bool clsnn_axis_is_path(const struct clsnn_option_row *row);
/* Appends a value to the list. Errors: CLSNN_E_USAGE the option or parameter refuses it, or the list has
 * CLSNN_GRID_MAX_RUNS values; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_axis_add(struct clsnn_axis *axis, const char *given);
/* Appends values[index] to the list. Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_axis_put(struct clsnn_axis *axis, size_t index);
/* Returns whether a value of a file is a list or range. */
bool clsnn_axis_is_list(const char *value);
/* Appends every value of a list, in which each item is a value, FIRST..LAST, FIRST..LAST..STEP or
 * log(FIRST..LAST, COUNT): COUNT values with a constant ratio, rounded to four digits but for the ends.
 * Errors: as of clsnn_axis_add; CLSNN_E_USAGE an empty place or range, a step that misses LAST. */
enum clsnn_status clsnn_axis_expand(struct clsnn_axis *axis, const char *list);

/* Makes what --random draws from of text: axis->span if it is FIRST..LAST or log(FIRST..LAST), else the
 * values of the list. Errors: as of clsnn_axis_expand. */
enum clsnn_status clsnn_axis_prepare(struct clsnn_axis *axis, const char *text);
/* Prints value with four digits, or as a whole number, and within [from, to]. */
void clsnn_axis_round(double value, double from, double to, bool is_whole, char out[32]);

/* Returns text without the blanks at both ends; cuts them off in place. */
char *clsnn_axis_trim(char *text);

#endif
