/* Where MNIST is looked for and what its four files are called: the one list that loading, fetching and listing share. */
#ifndef CLSNN_PLACES_H
#define CLSNN_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "clsnn/status.h"
#include "dataset/idx.h"

/* Index into every array of the four files. */
enum clsnn_idx_file {
    CLSNN_IDX_TRAIN_IMAGES,
    CLSNN_IDX_TRAIN_LABELS,
    CLSNN_IDX_TEST_IMAGES,
    CLSNN_IDX_TEST_LABELS,
    CLSNN_IDX_FILES
};
/* Without ".gz". */
extern const char *const clsnn_idx_names[CLSNN_IDX_FILES];

#define CLSNN_PLACES    3
#define CLSNN_DIR_BYTES 512 /* a directory's path with its final zero; fits clsnn_dataset.source */

enum clsnn_place_state {
    CLSNN_PLACE_ABSENT, /* no such directory */
    CLSNN_PLACE_EMPTY,  /* a directory without any of the four files */
    CLSNN_PLACE_FOUND   /* at least one of the four is there: whatever is wrong with the others is an error */
};

struct clsnn_place {
    const char *origin; /* static: "$CLSNN_DATA", ... */
    bool asked;         /* the user named it: its absence is an error, not a reason to look elsewhere */
    bool own;           /* the user's: fetch may create it */
    char dir[CLSNN_DIR_BYTES];
    enum clsnn_place_state state;
};

/* The places of --data mnist, in order: $CLSNN_DATA if set, $XDG_DATA_HOME/clsnn/mnist (or ~/.local/share/clsnn/mnist),
 * /usr/share/clsnn/mnist. A relative XDG_DATA_HOME is ignored, as its specification asks.
 * Errors: CLSNN_E_USAGE a path of CLSNN_DIR_BYTES or more. */
enum clsnn_status clsnn_places_list(struct clsnn_place out[CLSNN_PLACES], size_t *out_n);

enum clsnn_place_state clsnn_place_look(const char *dir);

/* The path of one of the four files in dir, malloc'ed: the plain file where there is one (what somebody unpacked is what
 * they can see and may have changed), else the .gz; NULL where there is neither.
 * Errors: CLSNN_E_MEMORY. */
enum clsnn_status clsnn_place_file(const char *dir, enum clsnn_idx_file which, char **out_path);

#endif
