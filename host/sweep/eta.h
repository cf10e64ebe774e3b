/* The time that a sweep has left, from the speed of the runs under way. */
#ifndef CLSNN_ETA_H
#define CLSNN_ETA_H

#include "sweep/sweep_internal.h"

/* Returns the seconds until the last run is finished, later stages included, 0 if no device has a speed yet.
 * The caller holds the lock. Waiting runs go to machines in the queue's order. A machine is a core of a CPU,
 * or a slot of another device; its speed is the device's of late, shared by the machines at work. Tests hold
 * a device up; their time is added. */
double clsnn_eta(const struct work *w);
/* Returns the images that a waiting run has to train on, and clsnn_eta_tests of its tests: those after its
 * checkpoint. */
uint64_t clsnn_eta_images(const struct clsnn_sweep_run *run);
double clsnn_eta_waiting_tests(const struct clsnn_sweep_run *run);
/* Returns the images that a run's tests show from its n_tests-th test on, labelling included. */
uint64_t clsnn_eta_shown(const struct clsnn_plan *plan, size_t n_tests);
double clsnn_eta_tests(const struct clsnn_plan *plan, size_t n_tests); /* clsnn_pack_work of these images */
/* Counts the time since the last call as time of the machines at work: call it after each launch. A launch of
 * three networks on two cores takes as long as one of four: it counts one core and a half. Speeds are of the
 * last third to half of the time. The caller holds the lock. */
void clsnn_eta_count(struct worker *k);
/* Counts a test of a run of this plan, and leaves its time out of training. Returns its clsnn_pack_work. The
 * caller holds the lock. */
double clsnn_eta_tested(struct worker *k, const struct clsnn_plan *plan, double seconds);
/* Returns clsnn_sweep_stage.test_pace. The caller holds the lock. */
double clsnn_eta_test_pace(const struct work *w);
/* Leaves out the time since the last call: nothing was trained. */
void clsnn_eta_skip(struct worker *k);

#endif
