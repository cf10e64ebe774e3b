/* Several work-groups that train one network together. Every number of them gives the bits of one work-group.
 * Work-groups that do not run at the same time are noticed, and not used. */
#include "device_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clsnn/selftest.h"

enum { N_IMAGES = 4 };
static const uint64_t seeds[] = {41, 42};

/* What a training of two networks leaves. */
struct outcome {
    struct snapshot state[COUNT(seeds)];
    struct clsnn_progress progress[COUNT(seeds)];
    struct clsnn_totals totals[COUNT(seeds)];
    uint16_t *counts; /* of network 0 */
    size_t n_counts;
};

/* Returns a program whose networks are trained by `split` work-groups, taken to run at the same time. */
static struct clsnn_program *split_program(struct rig *rig, int work_group, int split, int n_networks,
                                           uint32_t neurons) {
    struct clsnn_program *prog = NULL;
    must(clsnn_program_create(rig->dev, CLSNN_PROGRAM_RUN, work_group, &prog));
    clsnn_program_split(prog, split);
    must(clsnn_program_share(prog, n_networks, neurons, &default_laws));
    for (struct clsnn_build *b = *prog->builds; b; b = b->next) b->has_met = b->is_shared;
    return prog;
}

enum { NEURONS = 75 }; /* five blocks of 16, of which three and two make the shares of two */

static struct outcome train(struct rig *rig, const struct clsnn_program *prog, int n_networks, int split,
                            uint32_t chunk) {
    const struct clsnn_model models[] = {lively_model(), lively_model()};
    struct outcome o = {.n_counts = (size_t)N_IMAGES * 80};
    struct clsnn_network *net = NULL;
    struct clsnn_trainer *tr = NULL;
    uint8_t *digits = draw_digits(N_IMAGES);
    cl_mem pixels = upload_pixels(rig, digits, N_IMAGES);
    must(clsnn_network_create(rig->dev, prog, models, seeds, n_networks, NEURONS, &net));
    assert_int_equal(net->n_shares, split);
    assert_int_equal(net->n, 80);
    must(clsnn_trainer_create(net, pixels, N_IMAGES, 1, &tr));
    tr->ends_together = true;
    finish_epoch(tr, 0, chunk);
    for (int b = 0; b < n_networks; b++) {
        o.state[b] = take_snapshot(rig, net, b);
        o.progress[b] = tr->progress[b];
        o.totals[b] = tr->totals[b];
    }
    o.counts = malloc(o.n_counts * sizeof *o.counts);
    assert_non_null(o.counts);
    memcpy(o.counts, tr->host_counts, o.n_counts * sizeof *o.counts);
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
    return o;
}

static void drop_outcome(struct outcome *o) {
    for (size_t b = 0; b < COUNT(seeds); b++) drop_snapshot(&o->state[b]);
    free(o->counts);
}

/* Returns whether the device has a core for each of n work-groups; says so if it has not. */
static bool has_units(const struct rig *rig, uint32_t n) {
    if (rig->dev->info.compute_units >= n) return true;
    print_message("# SKIPPED: %u work-groups at the same time need %u compute units\n", n, n);
    return false;
}

static void shares_change_nothing(void **state) {
    struct rig *rig = *state;
    static const struct {
        int n_networks, work_group, split, n_wanted;
        uint32_t chunk;
    } ways[] = {{1, 1, 2, 2, 1000}, {1, 1, 2, 2, 1},    {1, 16, 2, 2, 1000},
                {2, 1, 2, 2, 1000}, {1, 1, 4, 3, 1000}, {1, 1, 5, 5, 1000}};
    struct clsnn_program *whole = split_program(rig, 1, 1, 2, NEURONS);
    struct outcome wanted = train(rig, whole, 2, 1, 1000);
    assert_true(wanted.totals[0].spikes > 20 && wanted.totals[1].spikes > 20);
    for (size_t k = 0; k < COUNT(ways); k++) {
        char what[64];
        if (!has_units(rig, (uint32_t)(ways[k].n_networks * ways[k].n_wanted))) continue;
        if (getenv("TEST_WORK_GROUP") && ways[k].work_group > atoi(getenv("TEST_WORK_GROUP"))) continue;
        struct clsnn_program *prog =
            split_program(rig, ways[k].work_group, ways[k].split, ways[k].n_networks, NEURONS);
        struct outcome found = train(rig, prog, ways[k].n_networks, ways[k].n_wanted, ways[k].chunk);
        snprintf(what, sizeof what, "%d x %d work-groups of %d, chunk %u", ways[k].n_networks, ways[k].split,
                 ways[k].work_group, ways[k].chunk);
        for (int b = 0; b < ways[k].n_networks; b++) {
            check_same_snapshot(&found.state[b], &wanted.state[b], what);
            assert_int_equal(found.progress[b].position, wanted.progress[b].position);
            assert_int_equal(found.totals[b].presentations, wanted.totals[b].presentations);
            assert_int_equal(found.totals[b].spikes, wanted.totals[b].spikes);
        }
        assert_memory_equal(found.counts, wanted.counts, wanted.n_counts * sizeof *wanted.counts);
        drop_outcome(&found);
        clsnn_program_destroy(prog);
    }
    drop_outcome(&wanted);
    clsnn_program_destroy(whole);
}

/* A fault in the second share is reported as the network's neuron. */
static void a_fault_is_the_networks(void **state) {
    enum { SIZE = 40, AT_FAULT = 37 }; /* shares of 32 and 8 neurons */
    struct rig *rig = *state;
    if (!has_units(rig, 2)) return;
    const struct clsnn_model model = lively_model();
    struct clsnn_program *prog = split_program(rig, 1, 2, 1, SIZE);
    struct clsnn_network *net = NULL;
    uint8_t *digits = draw_digits(1);
    cl_mem pixels = upload_pixels(rig, digits, 1);
    float w[CLSNN_N_PRE * SIZE], theta[SIZE];
    must(clsnn_network_create(rig->dev, prog, &model, seeds, 1, SIZE, &net));
    assert_int_equal(net->n_shares, 2);
    must(clsnn_network_get(net, 0, w, theta));
    theta[AT_FAULT] = theta[AT_FAULT + 1] = NAN;
    must(clsnn_network_set(net, 0, w, theta));
    struct clsnn_trainer *tr = NULL;
    must(clsnn_trainer_create(net, pixels, 1, 1, &tr));
    clsnn_trainer_begin_epoch(tr, 0, NULL);
    assert_int_equal(clsnn_trainer_run(tr, 1, 1), CLSNN_E_SELFTEST);
    clsnn_error_clear();
    assert_int_equal(tr->progress[0].fault_neuron, AT_FAULT);
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_program_destroy(prog);
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
}

/* A meeting that fails ends the launch and names the cure. */
static void a_lost_work_group_ends_the_launch(void **state) {
    struct rig *rig = *state;
    if (!has_units(rig, 2)) return;
    const struct clsnn_model model = lively_model();
    struct clsnn_program *prog = split_program(rig, 1, 2, 1, 32);
    struct clsnn_network *net = NULL;
    uint8_t *digits = draw_digits(1);
    cl_mem pixels = upload_pixels(rig, digits, 1);
    must(clsnn_network_create(rig->dev, prog, &model, seeds, 1, 32, &net));
    net->patience = 0; /* one look is never enough for thousands of meetings */
    struct clsnn_trainer *tr = NULL;
    must(clsnn_trainer_create(net, pixels, 1, 1, &tr));
    clsnn_trainer_begin_epoch(tr, 0, NULL);
    assert_int_equal(clsnn_trainer_run(tr, 1, 1), CLSNN_E_DEVICE);
    assert_non_null(strstr(clsnn_error_text(), "use --split 1"));
    clsnn_error_clear();
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_program_destroy(prog);
    clsnn_buffer_release(rig->dev, &pixels);
    free(digits);
}

/* Prints how many work-groups share a network after the self-test: `test_shares --met`. */
static int print_shares(void) {
    void *state = NULL;
    struct clsnn_program *prog = NULL;
    int shares = 0;
    if (rig_open(&state) != 0) return 1;
    struct rig *rig = state;
    must(clsnn_program_create(rig->dev, CLSNN_PROGRAM_RUN, 1, &prog));
    clsnn_program_split(prog, 2);
    must(clsnn_program_share(prog, 1, 32, &default_laws));
    assert_null(clsnn_program_shared(prog, 1, 32, &default_laws, &shares)); /* nobody has tried it */
    must(clsnn_selftest(rig->dev, prog));
    clsnn_program_shared(prog, 1, 32, &default_laws, &shares);
    printf("shares %d\n", shares);
    clsnn_program_destroy(prog);
    return rig_close(&state);
}

/* The self-test finds out whether work-groups run at the same time. pocl with one thread runs them one after
 * the other. */
static void work_groups_that_do_not_meet_are_not_used(void **state) {
    struct rig *rig = *state;
    char self[1024];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0 || !strstr(rig->dev->info.platform_name, "Portable Computing Language")) {
        print_message("# SKIPPED: needs /proc/self/exe and pocl\n");
        return;
    }
    self[length] = '\0';
    for (int threads = 1; threads <= 2; threads++) {
        char command[1200], line[128];
        int shares = 0;
        if (threads > 1 && !has_units(rig, 2)) return;
        snprintf(command, sizeof command, "POCL_MAX_PTHREAD_COUNT=%d '%s' --met", threads, self);
        FILE *p = popen(command, "r");
        assert_non_null(p);
        while (fgets(line, sizeof line, p)) sscanf(line, "shares %d", &shares);
        assert_int_equal(pclose(p), 0);
        assert_int_equal(shares, threads);
    }
}

static void sizes_choose_their_shares(void **state) {
    (void)state;
    struct clsnn_device cpu = {.info = {.type = CL_DEVICE_TYPE_CPU, .compute_units = 8}},
                        gpu = {.info = {.type = CL_DEVICE_TYPE_GPU, .compute_units = 132}};
    assert_int_equal(clsnn_device_shares(&cpu, 1, 400), 1);
    assert_int_equal(clsnn_device_shares(&cpu, 1, 6400), 6);
    assert_int_equal(clsnn_device_shares(&cpu, 1, 16384), 8);
    assert_int_equal(clsnn_device_shares(&cpu, 4, 6400), 2);
    assert_int_equal(clsnn_device_shares(&cpu, 8, 6400), 1);
    assert_int_equal(clsnn_device_shares(&gpu, 1, 1600), 1);
    assert_int_equal(clsnn_device_shares(&gpu, 1, 6400), 12);
    assert_int_equal(clsnn_device_shares(&gpu, 1, 16384), CLSNN_MAX_SHARES);
    assert_int_equal(clsnn_device_shares(&gpu, 512, 6400), 1);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_change_nothing),
        cmocka_unit_test(a_fault_is_the_networks),
        cmocka_unit_test(a_lost_work_group_ends_the_launch),
        cmocka_unit_test(work_groups_that_do_not_meet_are_not_used),
        cmocka_unit_test(sizes_choose_their_shares),
    };
    if (argc == 2 && strcmp(argv[1], "--met") == 0) return print_shares();
    return run_device_suite("shares", tests);
}
