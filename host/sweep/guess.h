/* The plan of a sweep, with times guessed from a short measurement: sweep --dry-run. */
#ifndef CLSNN_GUESS_H
#define CLSNN_GUESS_H

#include "sweep/sweep.h"

/* The unfinished runs of one size and the same laws. */
struct clsnn_guess {
    const struct clsnn_plan *first; /* one of them, borrowed from the sweep */
    size_t n_runs;                  /* of this shard */
    int side_by_side;               /* networks on all devices at once */
    uint64_t network_bytes;         /* device memory of one network */
    uint64_t images;                /* to train on */
    uint64_t shown;                 /* images to show in labelling and testing */
    double images_per_second;       /* of training, all networks and devices together */
    double seconds;                 /* guessed, for all of it */
};

/* Measures each group of runs for a second or two, in the order in which a sweep trains them. s is planned;
 * no file is written.
 * out  [*out_n], malloc'ed, the caller's
 * Errors: CLSNN_STOPPED goes_on returned false; CLSNN_E_DEVICE_MEMORY a network fits no device; those of
 * training. */
enum clsnn_status clsnn_guess_make(const struct clsnn_sweep *s, bool (*goes_on)(void),
                                   struct clsnn_guess **out, size_t *out_n);
/* Prints the guesses and their sum, for people or as one JSON object. */
void clsnn_guess_print(const struct clsnn_sweep *s, const struct clsnn_guess *guesses, size_t n, FILE *to);

#endif
