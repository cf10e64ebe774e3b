/* Spike counts to neuron labels, votes and a confusion matrix. The products (counts x one-hot labels, counts x shares) are
 * CLBlast's, on whole numbers small enough that float32 sums are exact: the same answer in any order, on any device. */
#ifndef CLSNN_READOUT_H
#define CLSNN_READOUT_H

#include "clsnn/dataset.h"
#include "clsnn/device.h"

CLSNN_BEGIN_DECLS

/* Which class each neuron speaks for. */
struct clsnn_labels {
    uint32_t n_post;
    int32_t *labels; /* [n_post] the class with the highest mean count; -1: the neuron never fired */
    float *
        proportions; /* [n_post][10] mean count of a class over the sum of the means; 0 for a silent neuron */
};
/* Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_labels_create(uint32_t n_post, struct clsnn_labels *out);
CLSNN_API void clsnn_labels_finish(struct clsnn_labels *l); /* takes {0} */

/* Labels the neurons by counts [n_images][n_post] of TRAINING images and their classes. Ties go to the lowest class.
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY. Source: Diehl & Cook 2015. */
CLSNN_API enum clsnn_status clsnn_readout_label(struct clsnn_device *dev, const uint16_t *counts,
                                                const uint8_t *classes, uint32_t n_images,
                                                struct clsnn_labels *labels);

struct clsnn_score {
    uint32_t n_images, correct_all, correct_proportion;
    uint32_t confusion[CLSNN_CLASSES][CLSNN_CLASSES]; /* vote all: [true][predicted] */
    uint32_t confusion_proportion[CLSNN_CLASSES][CLSNN_CLASSES];
};
/* Votes on counts [n_images][n_post] and compares with the true classes.
 * Vote all, the original's: the class whose neurons have the highest mean count. Vote proportion: every neuron votes for
 * all classes by its proportions. Ties go to the lowest class, and so does an image without a spike.
 * Errors: as of clsnn_readout_label. */
CLSNN_API enum clsnn_status clsnn_readout_score(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                                const uint16_t *counts, const uint8_t *classes,
                                                uint32_t n_images, struct clsnn_score *out);

CLSNN_END_DECLS

#endif
