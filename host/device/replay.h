/* Replay (clsnn/replay.h), sample by sample: for callers that choose the next sample by what the last one
 * did. */
#ifndef CLSNN_REPLAYER_H
#define CLSNN_REPLAYER_H

#include "clsnn/replay.h"
#include "device/network.h"

struct clsnn_replayer {
    struct clsnn_network *net; /* owned */
    struct clsnn_model model;  /* with the replay's times */
    uint32_t n_steps;          /* of a sample */
    uint32_t n_probes;
    bool learn;
    /* one sample's record, on the device and on the host */
    cl_mem exc, inh, probes, probed;
    size_t words, mask_bytes, probe_bytes;
    uint32_t *masks; /* [n_steps][words] */
    float *rows;     /* [n_steps][CLSNN_RECORDED][n_probes] */
};

/* Puts the network of `in` at rest. The events and n_samples of `in` are not used; its arrays are borrowed
 * during the call. Errors: as of clsnn_replay. */
enum clsnn_status clsnn_replayer_create(struct clsnn_device *dev, const struct clsnn_program *prog,
                                        const struct clsnn_model *model, const struct clsnn_replay_input *in,
                                        struct clsnn_replayer *out);
void clsnn_replayer_finish(struct clsnn_replayer *r); /* takes {0} and half-built ones */

/* Returns the words of a sample's input spikes: bit i % CLSNN_BUNDLE of word [i / CLSNN_BUNDLE][t] is input i
 * in step t; rows have CLSNN_MAX_ON words. */
size_t clsnn_replayer_input_words(const struct clsnn_replayer *r);
/* Shows one sample and appends its record to *out, {0} at first. from_rest: the network is put at rest before
 * it. A failure leaves *out to be freed. Errors: as of clsnn_replay. */
enum clsnn_status clsnn_replayer_show(struct clsnn_replayer *r, const uint32_t *input, bool from_rest,
                                      struct clsnn_replay_output *out);
/* Copies the network's weights and theta to *out. Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE. */
enum clsnn_status clsnn_replayer_end(const struct clsnn_replayer *r, struct clsnn_replay_output *out);

#endif
