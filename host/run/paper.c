/* The numbers of Kim & Kim (2020). */
#include "run/paper.h"

#include <math.h>
#include <stddef.h>

/* Table 1 of Kim & Kim (2020): test accuracy in percent. They also trained 9 epochs and print no numbers for
 * them. */
static const struct {
    uint32_t neurons, epochs;
    double percent;
} paper[] = {
    {100, 1, 72.58}, {100, 3, 81.41}, {100, 5, 82.63}, {100, 7, 83.84}, {225, 1, 79.38}, {225, 3, 85.65},
    {225, 5, 87.88}, {225, 7, 88.07}, {400, 1, 89.15}, {400, 3, 90.05}, {400, 5, 90.51}, {400, 7, 91.43},
};

double clsnn_paper_accuracy(uint32_t neurons, uint32_t epochs) {
    for (size_t k = 0; k < sizeof paper / sizeof *paper; k++)
        if (paper[k].neurons == neurons && paper[k].epochs == epochs) return paper[k].percent;
    return (double)NAN;
}
