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

/* A core or slot: what it does in a second, and when it has done what it was given. */
struct machine {
    double speed, free_at;
};

static double now(const struct work *w) {
    return clsnn_clock_seconds() - w->began;
}

/* Returns how many networks the device trains at the same time. */
static int n_machines(const struct worker *k) {
    const struct clsnn_device_info *info = &k->on->dev->info;
    const int cores = info->type & CL_DEVICE_TYPE_CPU ? (int)info->compute_units : k->n_slots;
    return cores < k->n_slots ? cores : k->n_slots;
}

void clsnn_eta_skip(struct worker *k) {
    k->counted_at = now(k->work);
}

void clsnn_eta_count(struct worker *k) {
    const double at = now(k->work);
    const int n = n_machines(k), n_busy = (int)k->n_running < n ? (int)k->n_running : n;
    k->busy_seconds += n_busy * (at - k->counted_at);
    k->counted_at = at;
    if (at < 1.4 * k->marks[1].at) return;
    k->marks[0] = k->marks[1];
    k->marks[1] = (struct mark){at, k->done, k->busy_seconds};
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

double clsnn_eta(const struct work *w) {
    const struct clsnn_sweep *s = w->sweep;
    struct machine *machines = NULL;
    double last = 0, eval_seconds = 0, tested = 0, done = 0;
    size_t room = 0, n = 0;
    for (size_t d = 0; d < s->n_devices; d++)
        if (w->workers[d].left) room += (size_t)w->workers[d].n_slots;
    machines = calloc(room + 1, sizeof *machines);
    if (!machines) return 0;
    for (size_t d = 0; d < s->n_devices; d++) {
        const struct worker *k = &w->workers[d];
        if (k->st == CLSNN_OK && k->left) n += add_machines(k, machines + n);
        eval_seconds += k->eval_seconds;
        tested += k->tested;
        done += k->done;
    }
    for (size_t q = 0; n && q < w->n_queue; q++) {
        const struct clsnn_plan *p = &w->queue[q]->plan;
        give(machines, n, clsnn_pack_work(p, (uint64_t)p->epochs * p->train_images));
    }
    for (size_t m = 0; m < n; m++)
        if (machines[m].free_at > last) last = machines[m].free_at;
    free(machines);
    if (n == 0) return 0;
    /* Before the first test, its images are guessed to take as long as those of training. */
    const double n_devices = (double)s->n_devices, a_test = tested > 0 ? eval_seconds / tested
                                                            : done > 0 ? now(w) * n_devices / done
                                                                       : 0;
    return last + (w->to_test > tested ? (w->to_test - tested) * a_test / n_devices : 0);
}
