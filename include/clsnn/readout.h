/* Readout: spike counts become labels of neurons, votes and a confusion matrix. CLBlast computes the products
 * of counts with labels and with proportions. Their terms are whole numbers, small enough for exact float32
 * sums, so every device gives the same answer. */
#ifndef CLSNN_READOUT_H
#define CLSNN_READOUT_H

#include "clsnn/dataset.h"
#include "clsnn/device.h"

CLSNN_BEGIN_DECLS

/* The class that each neuron votes for. */
struct clsnn_labels {
    uint32_t n_post, n_classes;
    int32_t *labels; /* [n_post] class with the highest mean count; -1: the neuron never fired */
    /* [n_post][n_classes] mean count of a class / sum of all means; all 0 if the neuron never fired */
    float *proportions;
};
/* Allocates labels of n_post neurons for n_classes classes (10 to 256): -1, proportions 0.
 * Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_labels_create(uint32_t n_post, uint32_t n_classes,
                                                struct clsnn_labels *out);
CLSNN_API void clsnn_labels_finish(struct clsnn_labels *l); /* takes NULL and {0} */

/* Labels neurons by their spike counts for TRAINING images. Ties go to the lowest class.
 * counts   [n_images][labels->n_post], host, borrowed during the call
 * classes  [n_images] true classes, each below labels->n_classes
 * labels   from clsnn_labels_create; overwritten
 * Errors: CLSNN_E_MEMORY, CLSNN_E_DEVICE, CLSNN_E_DEVICE_MEMORY, CLSNN_E_BUILD; CLSNN_E_SELFTEST the device
 * returned a sum that is no whole number.
 * Source: Diehl & Cook 2015. */
CLSNN_API enum clsnn_status clsnn_readout_label(struct clsnn_device *dev, const uint16_t *counts,
                                                const uint8_t *classes, uint32_t n_images,
                                                struct clsnn_labels *labels);

/* Votes against true classes. */
struct clsnn_score {
    uint32_t n_images, correct_all, correct_proportion, correct_likelihood;
    uint32_t n_classes;
    uint32_t *confusion;            /* [n_classes][n_classes] of vote all, [true][predicted]; owned */
    uint32_t *confusion_proportion; /* the same of vote proportion; in the allocation of confusion */
};
/* Allocates empty confusion matrices. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_score_create(uint32_t n_classes, struct clsnn_score *out);
CLSNN_API void clsnn_score_finish(struct clsnn_score *s); /* takes NULL and {0} */

/* The classes that the votes predict, [n_images] each. */
struct clsnn_answers {
    int32_t *all, *proportion, *likelihood;
};
/* Allocates the answers to n_images images. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_answers_create(size_t n_images, struct clsnn_answers *out);
CLSNN_API void clsnn_answers_finish(struct clsnn_answers *a); /* takes NULL and {0} */

/* Predicts the class of each image by each vote into out's arrays, the caller's. Other arguments are those of
 * clsnn_readout_label. Ties go to the lowest class; an image without a spike goes to class 0.
 * all         the class whose neurons have the highest mean count. Source: Diehl & Cook 2015.
 * proportion  each spike votes for all classes by its neuron's proportions p, [n_post][n_classes].
 * likelihood  the class under which the counts are most likely, if a spike at an image of class c is one of
 *             neuron j with the chance (p[j][c] + 2^-10) / sum of p[k][c] + 2^-10 over the neurons k: a naive
 *             Bayes classifier that takes all neurons to fire equally often, which theta brings about. Its
 *             logarithms are multiples of 2^-11.
 * Errors: as of clsnn_readout_label. */
CLSNN_API enum clsnn_status clsnn_readout_predict(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                                  const uint16_t *counts, uint32_t n_images,
                                                  struct clsnn_answers out);

/* Compares predictions of clsnn_readout_predict with the true classes. n_classes is that of the labels; a
 * true class may be one that no neuron has. The caller frees *out. Errors: CLSNN_E_MEMORY. */
CLSNN_API enum clsnn_status clsnn_score_make(uint32_t n_classes, struct clsnn_answers answers,
                                             const uint8_t *classes, uint32_t n_images,
                                             struct clsnn_score *out);

/* Predicts and compares. Errors: as of clsnn_readout_label. */
CLSNN_API enum clsnn_status clsnn_readout_score(struct clsnn_device *dev, const struct clsnn_labels *labels,
                                                const uint16_t *counts, const uint8_t *classes,
                                                uint32_t n_images, struct clsnn_score *out);

/* Drops the compiled kernels that CLBlast keeps for the process, and with them its hold on devices. Call it
 * before the last device is closed: CLBlast would drop them when the process ends, after parts of some
 * drivers are gone. */
CLSNN_API void clsnn_readout_finish(void);

CLSNN_END_DECLS

#endif
