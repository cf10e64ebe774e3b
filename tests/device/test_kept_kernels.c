/* Compiled kernels kept in files, on a real driver: a binary gives the bits that a compilation gives, a
 * binary that the driver refuses is compiled again, and CLBlast's kernels are kept too. The linker puts the
 * functions below in the place of OpenCL's. test_kernel_cache.c tests the files. */
#include <dirent.h>
#include <unistd.h>

#include <clblast_c.h>

#include "clsnn/readout.h"
#include "device_fixture.h"

static int n_sources, n_binaries; /* programs made by clsnn since the last begin() */
static cl_int refusal;            /* not 0: what the driver says to a binary */

cl_program __real_clCreateProgramWithSource(cl_context c, cl_uint n, const char **texts,
                                            const size_t *lengths, cl_int *code);
cl_program __wrap_clCreateProgramWithSource(cl_context c, cl_uint n, const char **texts,
                                            const size_t *lengths, cl_int *code);
cl_program __wrap_clCreateProgramWithSource(cl_context c, cl_uint n, const char **texts,
                                            const size_t *lengths, cl_int *code) {
    n_sources++;
    return __real_clCreateProgramWithSource(c, n, texts, lengths, code);
}
cl_program __real_clCreateProgramWithBinary(cl_context c, cl_uint n, const cl_device_id *d,
                                            const size_t *lengths, const unsigned char **binaries,
                                            cl_int *each, cl_int *code);
cl_program __wrap_clCreateProgramWithBinary(cl_context c, cl_uint n, const cl_device_id *d,
                                            const size_t *lengths, const unsigned char **binaries,
                                            cl_int *each, cl_int *code);
cl_program __wrap_clCreateProgramWithBinary(cl_context c, cl_uint n, const cl_device_id *d,
                                            const size_t *lengths, const unsigned char **binaries,
                                            cl_int *each, cl_int *code) {
    n_binaries++;
    *code = refusal;
    return refusal ? NULL : __real_clCreateProgramWithBinary(c, n, d, lengths, binaries, each, code);
}

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/clsnn-kept-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int n_files(void) {
    int n = 0;
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open && (entry = readdir(open));) n += entry->d_name[0] != '.';
    if (open) closedir(open);
    return n;
}

/* Opens the device, which keeps its kernels in folder if `kept`. */
static struct rig begin(bool kept) {
    struct rig rig = {0};
    must(clsnn_device_open(getenv("CLSNN_DEVICE"), &rig.dev));
    if (kept) must(clsnn_device_cache(rig.dev, folder));
    n_sources = n_binaries = 0;
    return rig;
}

static void end(struct rig *rig) {
    for (size_t k = 0; k < rig->n_programs; k++) clsnn_program_destroy(rig->programs[k]);
    clsnn_device_close(rig->dev);
}

/* Trains 20 neurons on three digits, on a device of its own. */
static struct snapshot train(bool kept) {
    enum { IMAGES = 3 };
    const struct clsnn_model model = lively_model();
    struct rig rig = begin(kept);
    struct clsnn_trainer *tr = NULL;
    uint8_t *digits = draw_digits(IMAGES);
    cl_mem pixels = upload_pixels(&rig, digits, IMAGES);
    struct clsnn_network *net = make_network(&rig, 1, &model, 7, 20);
    must(clsnn_trainer_create(net, pixels, IMAGES, 1, &tr));
    finish_epoch(tr, 0, 2);
    const struct snapshot shot = take_snapshot(&rig, net, 0);
    clsnn_trainer_destroy(tr);
    clsnn_network_destroy(net);
    clsnn_buffer_release(rig.dev, &pixels);
    free(digits);
    end(&rig);
    return shot;
}

static void check_train(const struct snapshot *wanted, const char *what, int sources, int binaries) {
    struct snapshot found = train(true);
    check_same_snapshot(&found, wanted, what);
    drop_snapshot(&found);
    assert_int_equal(n_sources, sources);
    assert_int_equal(n_binaries, binaries);
    assert_int_equal(n_files(), 1);
    assert_string_equal(clsnn_error_text(), "");
}

static void a_binary_gives_the_same_bits(void **state) {
    (void)state;
    struct snapshot wanted = train(false);
    assert_int_equal(n_sources, 1);
    assert_int_equal(n_files(), 0);
    check_train(&wanted, "the first time", 1, 0);
    check_train(&wanted, "from a binary", 0, 1);
    refusal = CL_INVALID_BINARY;
    check_train(&wanted, "with a binary that is refused", 1, 1);
    refusal = CL_SUCCESS;
    check_train(&wanted, "from the binary made anew", 0, 1);
    drop_snapshot(&wanted);
}

/* Labels three neurons by five images, on a device of its own. CLBlast forgets what it has compiled. */
enum { CLASSES = 10 };
static void label(bool kept, float proportions[3 * CLASSES]) {
    const uint16_t counts[5 * 3] = {1, 2, 3, 0, 5, 1, 7, 0, 0, 2, 2, 9, 4, 0, 1};
    const uint8_t classes[5] = {0, 1, 2, 1, 9};
    struct rig rig = begin(kept);
    struct clsnn_labels labels = {0};
    assert_int_equal(CLBlastClearCache(), CLBlastSuccess);
    must(clsnn_labels_create(3, CLASSES, &labels));
    must(clsnn_readout_label(rig.dev, counts, classes, 5, &labels));
    memcpy(proportions, labels.proportions, 3 * CLASSES * sizeof *proportions);
    clsnn_labels_finish(&labels);
    assert_int_equal(CLBlastClearCache(), CLBlastSuccess); /* its programs go before their context */
    end(&rig);
}

static void clblasts_kernels_are_kept(void **state) {
    (void)state;
    float wanted[3 * CLASSES], found[3 * CLASSES];
    label(false, wanted);
    assert_int_equal(n_files(), 0);
    label(true, found);
    assert_memory_equal(found, wanted, sizeof wanted);
    assert_int_equal(n_binaries, 0);
    const int n = n_files();
    assert_true(n > 0);
    label(true, found);
    assert_memory_equal(found, wanted, sizeof wanted);
    assert_int_equal(n_binaries, n);
    assert_int_equal(n_files(), n);
    refusal = CL_INVALID_BINARY;
    label(true, found);
    refusal = CL_SUCCESS;
    assert_memory_equal(found, wanted, sizeof wanted);
    assert_int_equal(n_binaries, n);
}

int main(void) {
    if (rig_is_missing("kept_kernels")) return 77;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_binary_gives_the_same_bits, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(clblasts_kernels_are_kept, make_folder, remove_folder),
    };
    return cmocka_run_group_tests_name("kept_kernels", tests, NULL, NULL);
}
