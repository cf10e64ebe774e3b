/* Reads a model file by clsnn eval, up to the opening of the device. */
#include "fuzz.h"

#include <string.h>

#include "commands/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char *const names[] = {"w", "theta_mv", "labels", "proportions", "about", "other"};
    static struct clsnn_options o;
    if (!o.data) {
        char name[] = "eval", model[] = "m.npz", quiet[] = "--quiet", *argv[] = {name, quiet, model, NULL};
        enum clsnn_parse_action action;
        FUZZ_CHECK(clsnn_options_parse(CLSNN_CMD_EVAL, 3, argv, &o, &action) == CLSNN_OK);
    }
    char path[64], *operands[] = {path, NULL};
    snprintf(path, sizeof path, "%s", fuzz_archive(data, n, names, sizeof names / sizeof *names));
    struct clsnn_options this = o;
    this.operands = operands;
    const enum clsnn_status st = clsnn_cmd_eval(&this);
    FUZZ_CHECK(st != CLSNN_OK);
    /* The options' parser reports a model's parameter that is out of range. */
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_NO_DEVICE, st == CLSNN_E_NO_DEVICE ? "no device" : path);
    return 0;
}
