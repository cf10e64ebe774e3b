/* Reads an input file by clsnn replay, up to the making of the network. */
#include "fuzz.h"

#include <string.h>

#include "commands/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const char *const names[] = {"steps_on",   "steps_off",   "n_samples", "learn",     "norm",
                                        "event_step", "event_input", "w0",        "theta0_mv", "other"};
    static struct clsnn_options o;
    if (!o.data) {
        char name[] = "replay", in[] = "i.npz", out[] = "o.npz", quiet[] = "--quiet",
             *argv[] = {name, quiet, in, out, NULL};
        enum clsnn_parse_action action;
        FUZZ_CHECK(clsnn_options_parse(CLSNN_CMD_REPLAY, 4, argv, &o, &action) == CLSNN_OK);
    }
    char path[64], to[] = "out.npz", *operands[] = {path, to, NULL};
    snprintf(path, sizeof path, "%s", fuzz_archive(data, n, names, sizeof names / sizeof *names));
    struct clsnn_options this = o;
    this.operands = operands;
    const enum clsnn_status st = clsnn_cmd_replay(&this);
    FUZZ_CHECK(st != CLSNN_OK);
    fuzz_outcome(st, CLSNN_E_DATA, CLSNN_E_NO_DEVICE, st == CLSNN_E_NO_DEVICE ? "no device" : path);
    return 0;
}
