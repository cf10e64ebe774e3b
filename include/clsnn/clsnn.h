/* clsnn: spiking networks that learn without labels, on OpenCL devices. This header includes all others.
 *
 * A call that can fail returns an enum clsnn_status. Its results leave through trailing out_ pointers, which
 * are written only on success. clsnn_error_text() is the text of the first failure. The library never prints
 * and never exits. This program trains and tests a network of a hundred neurons:
 *
 *     #include <clsnn/clsnn.h>
 *     #include <stdio.h>
 *     #define TRY(call) do { if ((st = (call)) != CLSNN_OK) goto done; } while (0)
 *
 *     int main(void) {
 *         static struct clsnn_dataset data; // zero: nothing is loaded
 *         static struct clsnn_plan plan;
 *         struct clsnn_device *dev = NULL;
 *         struct clsnn_program *prog = NULL;
 *         struct clsnn_batch *batch = NULL;
 *         struct clsnn_experiment *x = NULL, *slots[1];
 *         enum clsnn_status st;
 *         size_t n;
 *         clsnn_model_defaults(&plan.model);
 *         plan.neurons = 100, plan.epochs = 1, plan.seed = 1;
 *         plan.train_images = 2000, plan.label_images = 1000, plan.test_images = 1000;
 *         TRY(clsnn_dataset_load("auto", &data));
 *         TRY(clsnn_device_open("", &dev));
 *         TRY(clsnn_program_create(dev, CLSNN_PROGRAM_RUN, 0, &prog));
 *         TRY(clsnn_selftest(dev, prog));
 *         TRY(clsnn_batch_create(dev, prog, &data, plan.neurons, &plan.model.laws, 1, 0, 0, 0, &batch));
 *         TRY(clsnn_experiment_create(batch, 0, &plan, &x));
 *         slots[0] = x;
 *         TRY(clsnn_experiments_run(batch, slots, NULL));
 *         printf("%s: %.1f %% right\n", data.name, 100 * clsnn_experiment_metrics(x, &n)->accuracy_all);
 *     done:
 *         if (st != CLSNN_OK) fprintf(stderr, "%s\n", clsnn_error_text());
 *         clsnn_experiment_destroy(x);
 *         clsnn_batch_destroy(batch);
 *         clsnn_program_destroy(prog);
 *         clsnn_device_close(dev);
 *         clsnn_dataset_finish(&data);
 *         return st;
 *     }
 *
 *     cc example.c $(pkg-config --cflags --libs clsnn)
 *
 * The program is C11; the headers are C++11 too. Objects are created in this order and destroyed in the
 * reverse order. Each thread opens its own device. Threads may share a loaded data set: nothing writes to
 * it. */
#ifndef CLSNN_CLSNN_H
#define CLSNN_CLSNN_H

#include "clsnn/checkpoint.h"
#include "clsnn/dataset.h"
#include "clsnn/device.h"
#include "clsnn/experiment.h"
#include "clsnn/model.h"
#include "clsnn/npz.h"
#include "clsnn/readout.h"
#include "clsnn/replay.h"
#include "clsnn/selftest.h"
#include "clsnn/status.h"

#endif
