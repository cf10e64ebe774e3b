/* Spike counts to neuron labels, votes and a confusion matrix. The products (counts x one-hot labels, counts x shares)
 * are CLBlast's, on integers small enough that float32 sums are exact: the same answer in any order, on any device. */
#ifndef CLSNN_READOUT_H
#define CLSNN_READOUT_H

#include "clsnn/dataset.h"
#include "clsnn/device.h"

/* Which class each neuron speaks for. */
struct clsnn_labels {
    uint32_t n_post;
    int32_t *labels; /* [n_post] class with the highest mean count, -1: the neuron never fired */
    float *
        proportions; /* [n_post][10] mean count of a class over the sum of the means; 0 for a silent neuron */
};
enum clsnn_status clsnn_labels_create(uint32_t n_post, struct clsnn_labels *out);
void clsnn_labels_finish(struct clsnn_labels *l); /* takes {0} */

/* From counts [n_images][n_post] of TRAINING images and their classes. Ties go to the lowest class.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY. Source: Diehl & Cook 2015. */
enum clsnn_status clsnn_readout_label(struct clsnn_device *dev, const uint16_t *counts,
                                      const uint8_t *classes, uint32_t n_images, struct clsnn_labels *labels);

struct clsnn_score {
    uint32_t n_images, correct_all, correct_proportion;
    uint32_t confusion[CLSNN_CLASSES][CLSNN_CLASSES]; /* vote all: [true][predicted] */
    uint32_t confusion_proportion[CLSNN_CLASSES][CLSNN_CLASSES];
};
/* Votes on counts [n_images][n_post] and compares with the true classes. all: highest mean count of a class's neurons, the
 * original's vote; proportion: every neuron votes with its proportions. Ties go to the lowest class; silence is class 0. */
enum clsnn_status clsnn_readout_score(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                      const uint16_t *counts, const uint8_t *classes, uint32_t n_images,
                                      struct clsnn_score *out);

#endif
