/* Reads an ini file as --config does. Accepted settings must survive printing and reading back. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const char *path = fuzz_file(data, n);
    char name[] = "train", config[] = "--config", file[64], *argv[] = {name, config, file, NULL};
    snprintf(file, sizeof file, "%s", path);
    struct clsnn_options o = {0};
    enum clsnn_parse_action action = CLSNN_PARSE_HELP;
    const enum clsnn_status st = clsnn_options_parse(CLSNN_CMD_TRAIN, 3, argv, &o, &action);
    FUZZ_CHECK(st == CLSNN_OK ? action == CLSNN_PARSE_RUN && o.data : !o.data && !o.origins);
    if (st == CLSNN_OK && fuzz_chosen(data, n)) fuzz_config_round_trip(&o, CLSNN_CMD_TRAIN);
    /* A message about parameters that disagree names no file: the two may come from different places. */
    fuzz_outcome(st, CLSNN_E_USAGE, CLSNN_E_USAGE, "");
    clsnn_options_finish(&o);
    return 0;
}
