/* The real MNIST, on machines that have it; elsewhere the whole file is skipped. It is a program of its own,
 * because cmocka's skip() prints "not ok" in TAP, which Meson takes for a failure. */
#include "base/file.h"
#include "dataset_fixture.h"

static void mnist_is_recognised(void **state) {
    (void)state;
    const char *dir = *state;
    struct clsnn_dataset d;
    setenv("CLSNN_DATA", dir, 1);
    const char *specs[] = {"auto", "mnist", dir};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(clsnn_dataset_load(specs[i], &d), CLSNN_OK);
        assert_string_equal(d.name, "mnist");
        assert_string_equal(d.source, dir);
        assert_int_equal(d.train.n_images, 60000);
        assert_int_equal(d.test.n_images, 10000);
        assert_int_equal(d.train.labels[0], 5); /* the set's well-known first images */
        assert_int_equal(d.test.labels[0], 7);
        clsnn_dataset_finish(&d);
    }
}

/* Looks in $CLSNN_DATA, then beside the source tree; NULL: in neither. Must run before setup clears the
 * environment. */
static char *find_mnist(void) {
    const char *asked = getenv("CLSNN_DATA"), *source = getenv("TEST_SOURCE_ROOT");
    char *beside = clsnn_file_join(source && *source ? source : ".", "../shared/data/mnist");
    char *places[] = {asked && *asked ? strdup(asked) : NULL, beside}, *found = NULL;
    for (int i = 0; i < 2; i++) {
        for (int plain = 0; plain < 2 && places[i] && !found; plain++) {
            char *file =
                clsnn_file_join(places[i], plain ? "train-images-idx3-ubyte" : "train-images-idx3-ubyte.gz");
            if (file && access(file, R_OK) == 0) found = strdup(places[i]);
            free(file);
        }
        free(places[i]);
    }
    return found;
}

int main(void) {
    char *mnist = find_mnist();
    if (!mnist) {
        puts("1..0 # SKIP MNIST is neither in $CLSNN_DATA nor in ../shared/data/mnist of the source tree");
        return 0;
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(mnist_is_recognised, setup, teardown, mnist),
    };
    int failed = cmocka_run_group_tests_name("mnist", tests, NULL, NULL);
    free(mnist);
    return failed;
}
