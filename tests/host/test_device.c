/* The parts of host/device/device.c that need no device: names and meanings of OpenCL's codes, the choice
 * from a list of devices, the size of a work-group, the memory budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clsnn/device.h"
#include "device/device.h"

/* Returns the error's text and clears the error. */
static const char *said(void) {
    static char text[4096];
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return text;
}

static void codes_have_their_names(void **state) {
    (void)state;
#define CODE(x)                                                                                              \
    { x, #x }
    /* Every code of OpenCL 1.2 that a call of ours may return. CODE pairs the name with the value in
     * CL/cl.h. */
    const struct {
        cl_int code;
        const char *name;
    } codes[] = {CODE(CL_SUCCESS),
                 CODE(CL_DEVICE_NOT_FOUND),
                 CODE(CL_DEVICE_NOT_AVAILABLE),
                 CODE(CL_COMPILER_NOT_AVAILABLE),
                 CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE),
                 CODE(CL_OUT_OF_RESOURCES),
                 CODE(CL_OUT_OF_HOST_MEMORY),
                 CODE(CL_PROFILING_INFO_NOT_AVAILABLE),
                 CODE(CL_MEM_COPY_OVERLAP),
                 CODE(CL_BUILD_PROGRAM_FAILURE),
                 CODE(CL_MAP_FAILURE),
                 CODE(CL_MISALIGNED_SUB_BUFFER_OFFSET),
                 CODE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
                 CODE(CL_INVALID_VALUE),
                 CODE(CL_INVALID_DEVICE_TYPE),
                 CODE(CL_INVALID_PLATFORM),
                 CODE(CL_INVALID_DEVICE),
                 CODE(CL_INVALID_CONTEXT),
                 CODE(CL_INVALID_QUEUE_PROPERTIES),
                 CODE(CL_INVALID_COMMAND_QUEUE),
                 CODE(CL_INVALID_HOST_PTR),
                 CODE(CL_INVALID_MEM_OBJECT),
                 CODE(CL_INVALID_BUILD_OPTIONS),
                 CODE(CL_INVALID_PROGRAM),
                 CODE(CL_INVALID_PROGRAM_EXECUTABLE),
                 CODE(CL_INVALID_KERNEL_NAME),
                 CODE(CL_INVALID_KERNEL_DEFINITION),
                 CODE(CL_INVALID_KERNEL),
                 CODE(CL_INVALID_ARG_INDEX),
                 CODE(CL_INVALID_ARG_VALUE),
                 CODE(CL_INVALID_ARG_SIZE),
                 CODE(CL_INVALID_KERNEL_ARGS),
                 CODE(CL_INVALID_WORK_DIMENSION),
                 CODE(CL_INVALID_WORK_GROUP_SIZE),
                 CODE(CL_INVALID_WORK_ITEM_SIZE),
                 CODE(CL_INVALID_EVENT_WAIT_LIST),
                 CODE(CL_INVALID_EVENT),
                 CODE(CL_INVALID_OPERATION),
                 CODE(CL_INVALID_BUFFER_SIZE),
                 {-1001, "CL_PLATFORM_NOT_FOUND_KHR"},
                 {-9999, "an unknown OpenCL error"}};
#undef CODE
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++) {
        assert_string_equal(clsnn_cl_error_name(codes[k].code), codes[k].name);
        /* clsnn_fail_cl's message gives the call without its arguments, the name and the number. */
        char want[128];
        snprintf(want, sizeof want, "clFinish failed: %s (%d)", codes[k].name, codes[k].code);
        assert_int_equal(clsnn_fail_cl(codes[k].code, k % 2 ? "clFinish(dev->queue)" : "clFinish"),
                         clsnn_cl_status(codes[k].code));
        assert_string_equal(said(), want);
    }
}

static void codes_have_their_meaning(void **state) {
    (void)state;
    const struct {
        cl_int code;
        enum clsnn_status st;
    } codes[] = {{CL_OUT_OF_HOST_MEMORY, CLSNN_E_MEMORY},
                 {CL_MEM_OBJECT_ALLOCATION_FAILURE, CLSNN_E_DEVICE_MEMORY},
                 {CL_OUT_OF_RESOURCES, CLSNN_E_DEVICE_MEMORY},
                 {CL_INVALID_BUFFER_SIZE, CLSNN_E_DEVICE_MEMORY},
                 {CL_COMPILER_NOT_AVAILABLE, CLSNN_E_BUILD},
                 {CL_BUILD_PROGRAM_FAILURE, CLSNN_E_BUILD},
                 {CL_COMPILE_PROGRAM_FAILURE, CLSNN_E_BUILD},
                 {CL_LINK_PROGRAM_FAILURE, CLSNN_E_BUILD},
                 {CL_INVALID_BINARY, CLSNN_E_BUILD},
                 {CL_INVALID_BUILD_OPTIONS, CLSNN_E_BUILD},
                 {CL_INVALID_PROGRAM_EXECUTABLE, CLSNN_E_BUILD},
                 {CL_INVALID_KERNEL_NAME, CLSNN_E_BUILD},
                 {CL_INVALID_KERNEL_DEFINITION, CLSNN_E_BUILD},
                 {CL_DEVICE_NOT_AVAILABLE, CLSNN_E_DEVICE},
                 {CL_INVALID_COMMAND_QUEUE, CLSNN_E_DEVICE},
                 {-9999, CLSNN_E_DEVICE}};
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
        assert_int_equal(clsnn_cl_status(codes[k].code), codes[k].st);
}

static struct clsnn_device_info make(int platform, int index, const char *name, cl_device_type type,
                                     bool available) {
    struct clsnn_device_info d = {
        .platform_index = platform, .device_index = index, .type = type, .available = available};
    snprintf(d.name, sizeof d.name, "%s", name);
    return d;
}

static void a_device_is_picked(void **state) {
    (void)state;
    const struct clsnn_device_info list[] = {make(0, 0, "An old CPU", CL_DEVICE_TYPE_CPU, false),
                                             make(0, 1, "A new CPU", CL_DEVICE_TYPE_CPU, true),
                                             make(1, 0, "Radiant 5", CL_DEVICE_TYPE_GPU, false),
                                             make(1, 1, "Radiant 6", CL_DEVICE_TYPE_GPU, true),
                                             make(2, 0, "Board", CL_DEVICE_TYPE_ACCELERATOR, true)};
    const struct {
        const char *spec;
        size_t n; /* how many devices of the list there are */
        int want; /* index of the chosen device; -1: none */
    } cases[] = {
        {NULL, 5, 3},          {"", 5, 3},  /* the first available GPU */
        {NULL, 3, 1},          {"", 1, -1}, /* no GPU available: the first available device */
        {"gpu", 5, 3},         {"GPU", 3, -1}, {"cpu", 5, 1}, {"Accelerator", 5, 4}, {"accelerator", 4, -1},
        {"1:1", 5, 3},         {"1:0", 5, -1}, {"2:0", 5, 4}, {"1:2", 5, -1},        {"7:0", 5, -1},
        {"1:1x", 5, -1},       {"1:", 5, -1},  {"6", 5, 3},   {"radiant", 5, 3},     {"NEW c", 5, 1},
        {"Radiant 55", 5, -1}, {"gpu", 0, -1}, {NULL, 0, -1},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t found = 99;
        const enum clsnn_status st = clsnn_device_pick(list, cases[k].n, cases[k].spec, &found);
        if (st != (cases[k].want < 0 ? CLSNN_E_NO_DEVICE : CLSNN_OK) ||
            found != (cases[k].want < 0 ? 99 : (size_t)cases[k].want))
            fail_msg("'%s' of %zu: status %d, device %zu", cases[k].spec ? cases[k].spec : "(null)",
                     cases[k].n, (int)st, found);
        if (st == CLSNN_OK) continue;
        /* The refusal names every device of the list. */
        const char *text = said();
        assert_non_null(strstr(text, cases[k].spec ? cases[k].spec : "''"));
        if (cases[k].n == 5)
            assert_non_null(
                strstr(text, "0:0 (An old CPU, not available), 0:1 (A new CPU), 1:0 (Radiant 5, not"));
    }
}

/* The default is the CPU for as many networks as its cores serve in the time of a GPU's one, else the GPU. */
static void the_default_suits_the_work(void **state) {
    (void)state;
    struct clsnn_device_info list[] = {
        make(0, 0, "A broken GPU", CL_DEVICE_TYPE_GPU, false), make(0, 1, "GPU", CL_DEVICE_TYPE_GPU, true),
        make(1, 0, "A busy CPU", CL_DEVICE_TYPE_CPU, false), make(1, 1, "CPU", CL_DEVICE_TYPE_CPU, true),
        make(2, 0, "Board", CL_DEVICE_TYPE_ACCELERATOR, true)};
    const struct {
        size_t first, n; /* the devices list[first .. first + n - 1] */
        cl_uint cores;
        uint64_t networks;
        uint32_t neurons;
        size_t want; /* index in these devices; n: none */
    } cases[] = {
        {0, 5, 16, 1, 400, 3},          {0, 5, 16, 64, 400, 3},  {0, 5, 16, 65, 400, 1},
        {0, 5, 2, 8, 400, 3},           {0, 5, 2, 9, 400, 1},    {0, 5, 16, 0, 400, 3},
        {0, 5, 0, 5, 400, 1},           {0, 5, 16, 1, 1600, 3},  {0, 5, 16, 1, 1601, 1},
        {0, 5, 16, UINT64_MAX, 100, 1}, {0, 3, 16, 1, 400, 1},   {2, 3, 16, 1000, 1601, 1},
        {4, 1, 16, 1, 400, 0},          {4, 1, 16, 99, 9999, 0}, {2, 1, 16, 1, 400, 1},
        {0, 1, 16, 99, 400, 1},         {0, 0, 16, 1, 400, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        list[3].compute_units = cases[k].cores;
        const size_t found =
            clsnn_device_default(list + cases[k].first, cases[k].n, cases[k].networks, cases[k].neurons);
        if (found != cases[k].want) fail_msg("case %zu: device %zu, not %zu", k, found, cases[k].want);
    }
    /* A simulator that says it is everything counts as a GPU. */
    list[1].type = list[4].type = CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR;
    list[3].compute_units = 2;
    assert_int_equal(clsnn_device_default(list, 5, 1, 400), 3);
    assert_int_equal(clsnn_device_default(list, 5, 9, 400), 1);
    /* Batches are divided by the same figures. */
    list[3].compute_units = 16;
    list[1].compute_units = 132;
    assert_int_equal(clsnn_device_capacity(&list[3]), 64);
    assert_int_equal(clsnn_device_capacity(&list[1]), 264);
    list[1].compute_units = 0; /* a driver that does not tell */
    assert_int_equal(clsnn_device_capacity(&list[1]), 2);
}

static void several_devices_are_picked(void **state) {
    (void)state;
    const struct clsnn_device_info list[] = {make(0, 0, "An old CPU", CL_DEVICE_TYPE_CPU, false),
                                             make(0, 1, "A new CPU", CL_DEVICE_TYPE_CPU, true),
                                             make(1, 0, "Radiant (si, LLVM)", CL_DEVICE_TYPE_GPU, true),
                                             make(1, 1, "Radiant 6", CL_DEVICE_TYPE_GPU, true)};
    const struct {
        const char *spec;
        enum clsnn_status st;
        const char *want; /* digits of the picked indices, or part of the error's text */
        bool is_list;
    } cases[] = {
        {"all", CLSNN_OK, "123", true},
        {"ALL", CLSNN_OK, "123", true},
        {"cpu", CLSNN_OK, "1", false},
        {"1:1,0:1", CLSNN_OK, "31", true},
        {"cpu, Radiant 6 ", CLSNN_OK, "13", true},
        {"si, llvm", CLSNN_OK, "2", false}, /* a name with a comma */
        {"gpu,1:0", CLSNN_E_USAGE, "--device = gpu,1:0: device 1:0 stands there twice", true},
        {"0:1,", CLSNN_E_USAGE, "--device = 0:1,: a name is missing beside a comma", true},
        {"0:1,,1:0", CLSNN_E_USAGE, "a name is missing", true},
        {"0:1,0:0", CLSNN_E_NO_DEVICE, "no device matches --device '0:0'", true},
        {"0:1,all", CLSNN_E_NO_DEVICE, "no device matches --device 'all'", true},
        {"nix,cpu", CLSNN_E_NO_DEVICE, "no device matches --device 'nix'", true},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t picked[4], n = 9;
        char digits[5] = "";
        assert_int_equal(clsnn_device_spec_is_list(list, 4, cases[k].spec), cases[k].is_list);
        const enum clsnn_status st = clsnn_devices_pick(list, 4, cases[k].spec, picked, &n);
        if (st != cases[k].st) fail_msg("'%s': status %d", cases[k].spec, (int)st);
        if (st != CLSNN_OK) {
            assert_int_equal(n, 9);
            assert_non_null(strstr(said(), cases[k].want));
            continue;
        }
        for (size_t d = 0; d < n; d++) digits[d] = (char)('0' + picked[d]);
        assert_string_equal(digits, cases[k].want);
    }
    size_t picked[1], n = 9;
    assert_int_equal(clsnn_devices_pick(list, 1, "all", picked, &n), CLSNN_E_NO_DEVICE);
    assert_non_null(strstr(said(), "no device matches --device 'all'"));
}

/* The message stays whole, however many devices there are and however long their names are. */
static void a_long_list_is_cut(void **state) {
    (void)state;
    static struct clsnn_device_info list[40];
    char name[sizeof list[0].name];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int k = 0; k < 40; k++) list[k] = make(k, 0, name, CL_DEVICE_TYPE_GPU, k % 2);
    size_t found;
    assert_int_equal(clsnn_device_pick(list, 40, "cpu", &found), CLSNN_E_NO_DEVICE);
    assert_non_null(strstr(said(), "no device matches --device 'cpu': there is 0:0 (nnn"));
}

static void a_work_group_suits_the_device(void **state) {
    (void)state;
    struct clsnn_device dev = {.info = {.type = CL_DEVICE_TYPE_CPU, .max_work_group = 4096}};
    assert_int_equal(clsnn_device_work_group(&dev, 400), 1);
    dev.info.type = CL_DEVICE_TYPE_GPU;
    const size_t most[] = {4096, 128, 127, 64, 33, 3, 1, 0};
    const int want[] = {128, 128, 64, 64, 32, 2, 1, 1};
    for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
        dev.info.max_work_group = most[k];
        assert_int_equal(clsnn_device_work_group(&dev, 400), want[k]);
    }
}

/* The refusal comes before any OpenCL call: this device has no OpenCL object behind it. */
static void a_buffer_beyond_the_budget_is_refused(void **state) {
    (void)state;
    struct clsnn_device dev = {
        .info = {.name = "toy", .global_bytes = 100 << 20, .max_alloc_bytes = 50 << 20}};
    cl_mem buffer = NULL;
    const struct {
        size_t used, n_bytes;
    } cases[] = {{0, (50 << 20) + 1}, {(90 << 20) - 100, 101}, {95 << 20, 1}, {95 << 20, 0}};
    assert_true(clsnn_device_budget(&dev) == 90 << 20);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        dev.allocated_bytes = cases[k].used;
        assert_int_equal(clsnn_buffer_create(&dev, "weights", cases[k].n_bytes, NULL, false, &buffer),
                         CLSNN_E_DEVICE_MEMORY);
        assert_null(buffer);
        assert_int_equal(dev.allocated_bytes, cases[k].used);
        const char *text = said();
        assert_non_null(strstr(text, "weights: needs "));
        assert_non_null(
            strstr(text, "the device takes at most 50.0 MiB in one buffer and 90.0 MiB altogether"));
    }
    clsnn_buffer_release(&dev, &buffer); /* a NULL buffer: does nothing */
    clsnn_device_close(NULL);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_their_names),
        cmocka_unit_test(codes_have_their_meaning),
        cmocka_unit_test(a_device_is_picked),
        cmocka_unit_test(the_default_suits_the_work),
        cmocka_unit_test(several_devices_are_picked),
        cmocka_unit_test(a_long_list_is_cut),
        cmocka_unit_test(a_work_group_suits_the_device),
        cmocka_unit_test(a_buffer_beyond_the_budget_is_refused),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
