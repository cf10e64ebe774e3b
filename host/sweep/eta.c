/* Distributes what is left over the machines that work. */
#include "sweep/eta.h"

#include <stdlib.h>

#include "base/clock.h"
#include "device/device.h"
#include "sweep/pack.h"

uint64_t clsnn_eta_shown(const struct clsnn_plan *p, size_t n_tests) {
    const uint32_t every = p->eval_every, all = every ? (p->epochs + every - 1) / every : 1;
    return n_tests < all ? (all - n_tests) * ((uint64_t)p->label_images + p->test_images) : 0;
}

double clsnn_eta_tests(const struct clsnn_plan *p, size_t n_tests) {
    return clsnn_pack_work(p, clsnn_eta_shown(p, n_tests));
}

uint64_t clsnn_eta_images(const struct clsnn_sweep_run *run) {
    const uint64_t all = (uint64_t)run->plan.epochs * run->plan.train_images;
    return run->images_there < all ? all - run->images_there : 0;
}

double clsnn_eta_waiting_tests(const struct clsnn_sweep_run *run) {
    const struct clsnn_plan *p = &run->plan;
    const uint64_t epochs = p->train_images ? run->images_there / p->train_images : 0;
    return clsnn_eta_tests(p, p->eval_every ? (size_t)(epochs / p->eval_every) : 0);
}

/* A core or slot: what it does in a second, and when it has done what it was given. */
struct machine {
    double speed, free_at;
};

static double now(const struct work *w) {
    return clsnn_clock_seconds() - w->began;
}

/* Returns how many networks the device could train at the same time. */
static int n_cores(const struct worker *k) {
    const struct clsnn_device_info *info = &k->on->dev->info;
    const int units = (int)info->compute_units;
    return info->type & CL_DEVICE_TYPE_CPU || units > k->n_slots ? units : k->n_slots;
}

/* Returns how many networks of the present batch the device trains at the same time. */
static int n_machines(const struct worker *k) {
    const int cores = n_cores(k);
    return cores < k->n_slots ? cores : k->n_slots;
}

void clsnn_eta_skip(struct worker *k) {
    k->counted_at = now(k->work);
}

void clsnn_eta_count(struct worker *k) {
    const double at = now(k->work);
    const size_t n = (size_t)n_machines(k), rounds = n ? (k->n_running + n - 1) / n : 0;
    if (rounds) k->busy_seconds += (double)k->n_running / (double)rounds * (at - k->counted_at);
    k->counted_at = at;
    if (at < 1.4 * k->marks[1].at) return;
    k->marks[0] = k->marks[1];
    k->marks[1] = (struct mark){at, k->done, k->busy_seconds};
}

double clsnn_eta_tested(struct worker *k, const struct clsnn_plan *plan, double seconds) {
    const double work = clsnn_pack_work(plan, (uint64_t)plan->label_images + plan->test_images);
    k->tested += work;
    if (++k->n_tests == 2) k->timed = k->eval_seconds = 0; /* the first was better than none */
    k->timed += work;
    k->eval_seconds += seconds;
    clsnn_eta_skip(k);
    return work;
}

/* Gives work to the machine that is free first. */
static void give(struct machine *m, size_t n, double work) {
    size_t first = 0;
    for (size_t k = 1; k < n; k++)
        if (m[k].free_at + work / m[k].speed < m[first].free_at + work / m[first].speed) first = k;
    m[first].free_at += work / m[first].speed;
}

/* Adds the device's machines, and gives them the runs under way. Returns their number. */
static size_t add_machines(const struct worker *k, struct machine *out) {
    const struct mark *from = &k->marks[0];
    const double busy_seconds = k->busy_seconds - from->busy_seconds, done = k->done - from->done;
    const int n = n_machines(k);
    if (!(done > 0) || !(busy_seconds > 0)) return 0;
    for (int m = 0; m < n; m++) out[m] = (struct machine){done / busy_seconds, 0};
    for (int b = 0; b < k->n_slots; b++)
        if (k->left[b] > 0) give(out, (size_t)n, k->left[b]);
    return (size_t)n;
}

/* The devices at work together. */
struct pace {
    double speed;  /* mean of a machine */
    double a_test; /* seconds that work of tests takes on all devices */
    size_t cores;  /* machines, if there are runs for all */
};

/* Returns the seconds that later stages take: each trains in rounds of a run a machine, then tests. */
static double later(const struct clsnn_sweep *s, const struct pace *p) {
    double sum = 0;
    for (size_t k = 0; k < s->n_later; k++) {
        const struct clsnn_sweep_later *l = &s->later[k];
        const struct clsnn_plan *plan = &s->runs[0].plan;
        const size_t rounds = (l->n_runs + p->cores - 1) / p->cores;
        sum += (double)rounds * clsnn_pack_work(plan, l->images) / p->speed;
        sum += (double)l->n_runs * clsnn_pack_work(plan, l->shown) * p->a_test;
    }
    return sum;
}

double clsnn_eta_test_pace(const struct work *w) {
    double eval_seconds = 0, timed = 0;
    for (size_t d = 0; d < w->sweep->n_devices; d++) {
        eval_seconds += w->workers[d].eval_seconds;
        timed += w->workers[d].timed;
    }
    return timed > 0 ? eval_seconds / timed / (double)w->sweep->n_devices : w->sweep->test_pace;
}

double clsnn_eta(const struct work *w) {
    const struct clsnn_sweep *s = w->sweep;
    struct machine *machines = NULL;
    struct pace pace = {0};
    double last = 0, tested = 0;
    size_t room = 0, n = 0;
    for (size_t d = 0; d < s->n_devices; d++)
        if (w->workers[d].left) room += (size_t)w->workers[d].n_slots;
    machines = calloc(room + 1, sizeof *machines);
    if (!machines) return 0;
    for (size_t d = 0; d < s->n_devices; d++) {
        const struct worker *k = &w->workers[d];
        const size_t added = k->st == CLSNN_OK && k->left ? add_machines(k, machines + n) : 0;
        if (added) pace.cores += (size_t)n_cores(k);
        n += added;
        tested += k->tested;
    }
    for (size_t m = 0; m < n; m++) pace.speed += machines[m].speed / (double)n;
    for (size_t q = 0; n && q < w->n_queue; q++)
        give(machines, n, clsnn_pack_work(&w->queue[q]->plan, clsnn_eta_images(w->queue[q])));
    for (size_t m = 0; m < n; m++)
        if (machines[m].free_at > last) last = machines[m].free_at;
    free(machines);
    if (n == 0) return 0;
    pace.a_test = clsnn_eta_test_pace(w);
    /* Before the first test, its images are guessed to take as long as those of training on every core. */
    if (!(pace.a_test > 0)) pace.a_test = 1 / (pace.speed * (double)pace.cores);
    return last + (w->to_test > tested ? (w->to_test - tested) * pace.a_test : 0) + later(s, &pace);
}
