/* The numbers of Kim & Kim (2020), with which results on MNIST are compared. */
#ifndef CLSNN_PAPER_H
#define CLSNN_PAPER_H

#include <stdint.h>

/* Returns the accuracy in percent that Table 1 of Kim & Kim (2020) prints; NaN where it prints none. */
double clsnn_paper_accuracy(uint32_t neurons, uint32_t epochs);

#endif
