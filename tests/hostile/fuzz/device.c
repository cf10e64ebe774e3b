/* Passes --device SPEC through the command line, then picks one and several of a list of made-up devices. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "device/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct clsnn_device_info list[6];
    if (!list[0].name[0]) {
        static const char *const names[] = {"pthread-AMD EPYC", "GPU %s%n", "Cpu", "x", "Tesla T4", ""};
        for (int k = 0; k < 6; k++) {
            snprintf(list[k].name, sizeof list[k].name, "%s", names[k]);
            list[k].type = k % 2 ? CL_DEVICE_TYPE_GPU : CL_DEVICE_TYPE_CPU;
            list[k].platform_index = k / 3;
            list[k].device_index = k % 3;
            list[k].available = k != 3;
        }
        memset(list[5].name, 'N', sizeof list[5].name - 1); /* makes the message's list too long */
    }
    char name[] = "devices", option[] = "--device", *spec = malloc(n + 1);
    FUZZ_CHECK(spec);
    if (n) memcpy(spec, data, n);
    spec[n] = '\0';
    char *argv[] = {name, option, spec, NULL};
    struct clsnn_options o = {0};
    enum clsnn_parse_action action;
    const enum clsnn_status parsed = clsnn_options_parse(CLSNN_CMD_DEVICES, 3, argv, &o, &action);
    fuzz_outcome(parsed, CLSNN_E_USAGE, CLSNN_E_USAGE, "--device");
    if (parsed == CLSNN_OK) {
        FUZZ_CHECK(strcmp(o.device, spec) == 0);
        size_t index = 6;
        const enum clsnn_status st = clsnn_device_pick(list, 6, o.device, &index);
        FUZZ_CHECK(st == CLSNN_OK ? index < 6 && list[index].available : index == 6);
        fuzz_outcome(st, CLSNN_E_NO_DEVICE, CLSNN_E_NO_DEVICE, "--device");
        size_t many[6], n_many = 0;
        const enum clsnn_status all = clsnn_devices_pick(list, 6, o.device, many, &n_many);
        FUZZ_CHECK(all == CLSNN_OK ? n_many >= 1 && n_many <= 6 : n_many == 0);
        for (size_t k = 0; k < n_many; k++) FUZZ_CHECK(many[k] < 6 && list[many[k]].available);
        if (st == CLSNN_OK) FUZZ_CHECK(n_many == 1 && many[0] == index); /* a name means the same in both */
        fuzz_outcome(all, CLSNN_E_USAGE, CLSNN_E_NO_DEVICE, "--device");
        FUZZ_CHECK(clsnn_device_pick(list, 0, o.device, &index) == CLSNN_E_NO_DEVICE);
        clsnn_error_clear();
    }
    clsnn_options_finish(&o);
    free(spec);
    return 0;
}
