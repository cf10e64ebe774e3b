/* Reads another program's weights as clsnn import does. The bytes after the first are a .npy, or an archive
 * with w, theta and theta_mv. An accepted network must be one that a model.npz may hold. */
#include <math.h>

#include "fuzz.h"
#include "clsnn/abi.h"
#include "experiment/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char *const names[] = {"w", "theta", "theta_mv", "labels"};
    struct clsnn_exchange x = {.n_unlisted = 7};
    if (n == 0) return 0;
    const char *path = data[0] & 1 ? fuzz_archive(data + 1, n - 1, names, sizeof names / sizeof *names)
                                   : fuzz_file(data + 1, n - 1);
    const enum clsnn_status st = clsnn_exchange_read(path, NULL, &x);
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_USAGE, path);
    FUZZ_CHECK(st == CLSNN_OK || (x.n_unlisted == 7 && !x.model.w));
    if (st != CLSNN_OK) return 0;
    const struct clsnn_learned *l = &x.model;
    FUZZ_CHECK(l->n_pre >= 1 && l->n_pre <= CLSNN_MAX_PRE && l->n_post >= 1 && l->n_post <= CLSNN_MAX_POST);
    const size_t n_w = (size_t)l->n_pre * l->n_post;
    FUZZ_CHECK(x.n_unlisted < n_w);
    for (size_t k = 0; k < n_w; k++) FUZZ_CHECK(isfinite(l->w[k]) && l->w[k] >= 0);
    for (size_t j = 0; l->theta_mv && j < l->n_post; j++)
        FUZZ_CHECK(l->theta_mv[j] >= 0 && l->theta_mv[j] <= 1000);
    clsnn_learned_finish(&x.model);
    return 0;
}
