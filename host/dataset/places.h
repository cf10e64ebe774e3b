/* The public data sets that clsnn knows by name, the places where each is looked for, and the names of their
 * four files. Loading, fetching and listing share this one list. */
#ifndef CLSNN_PLACES_H
#define CLSNN_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "clsnn/status.h"
#include "dataset/idx.h"

/* The index of a file in every array of the four. */
enum clsnn_idx_file {
    CLSNN_IDX_TRAIN_IMAGES,
    CLSNN_IDX_TRAIN_LABELS,
    CLSNN_IDX_TEST_IMAGES,
    CLSNN_IDX_TEST_LABELS,
    CLSNN_IDX_FILES
};
/* The files' names without ".gz". */
extern const char *const clsnn_idx_names[CLSNN_IDX_FILES];

/* A public data set. */
struct clsnn_known_set {
    const char *name;       /* of --data NAME; a folder of its places has it too */
    const char *title;      /* for people */
    const char *origin;     /* a variable that names its directory, or NULL */
    const char *mirror;     /* a variable that names an address to fetch it from */
    const char *mirrors[2]; /* public addresses, each ending with a slash; the second may be NULL */
    const char *archive_sha256[CLSNN_IDX_FILES]; /* of the four archives, as published */
    const char *sha256;                          /* clsnn_dataset.sha256; NULL: its archives tell it */
};
enum { CLSNN_KNOWN_SETS = 3 };
extern const struct clsnn_known_set clsnn_known_sets[CLSNN_KNOWN_SETS]; /* MNIST first */
/* Returns the set of this name; NULL: none has it. */
const struct clsnn_known_set *clsnn_known_find(const char *name);
/* Returns whether path holds this archive of the set. Any other or unreadable file is no error. */
bool clsnn_known_is_archive(const struct clsnn_known_set *set, enum clsnn_idx_file which, const char *path);
/* Returns the set whose four archives dir holds; NULL: none. */
const struct clsnn_known_set *clsnn_known_in(const char *dir);
#define CLSNN_ARCHIVE_BYTES ((size_t)32 << 20) /* the largest archive has 26.4 MB */

#define CLSNN_PLACES    3
#define CLSNN_DIR_BYTES 512 /* a directory's path with its final zero; fits clsnn_dataset.source */

enum clsnn_place_state {
    CLSNN_PLACE_ABSENT, /* no such directory */
    CLSNN_PLACE_EMPTY,  /* a directory without any of the four files */
    CLSNN_PLACE_FOUND   /* at least one of the four; a missing or damaged one is then an error */
};

struct clsnn_place {
    const char *origin; /* static: the setting that gives dir ("$CLSNN_DATA", ...), or "system" */
    bool asked;         /* the user named dir: its absence is an error, not a reason to look elsewhere */
    bool own;           /* dir is the user's: fetch may create dir */
    char dir[CLSNN_DIR_BYTES];
    enum clsnn_place_state state;
};

/* Lists the places of a set in order: for MNIST $CLSNN_DATA if set; $XDG_DATA_HOME/clsnn/NAME, or
 * ~/.local/share/clsnn/NAME; /usr/share/clsnn/NAME. A relative $XDG_DATA_HOME is ignored, as its
 * specification asks.
 * Errors: CLSNN_E_USAGE a path of CLSNN_DIR_BYTES or more. */
enum clsnn_status clsnn_places_list(const struct clsnn_known_set *set, struct clsnn_place out[CLSNN_PLACES],
                                    size_t *out_n);

/* Returns the state of dir. Reads no file. */
enum clsnn_place_state clsnn_place_look(const char *dir);
/* Returns whether path is that of an .npz file that is there. */
bool clsnn_place_is_npz(const char *path);

/* Finds one of the four files in dir, dir/raw or dir/MNIST/raw, by any usual name: train-images-idx3-ubyte,
 * train-images.idx3-ubyte, emnist-letters-train-images-idx3-ubyte, "test" for "t10k", with or without .gz.
 * *out_path is malloc'ed; NULL: there is none.
 * Errors: CLSNN_E_DATA two files of equal rank; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_place_file(const char *dir, enum clsnn_idx_file which, char **out_path);

#endif
