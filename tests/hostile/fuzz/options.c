/* Parses a command line. Each line of the input is a word; the first is the command. Accepted options must
 * survive printing and reading back. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "options/options_render.h"

enum { MAX_WORDS = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char *text = malloc(n + 1), *words[MAX_WORDS + 1], *argv[MAX_WORDS + 1];
    size_t n_words = 0, at = 0;
    FUZZ_CHECK(text);
    if (n) memcpy(text, data, n);
    text[n] = '\0';
    /* Each word has a block of its own, so that a sanitizer sees a read beyond its end. */
    while (at <= n && n_words < MAX_WORDS) {
        const size_t length = strcspn(text + at, "\n");
        words[n_words] = fuzz_copy(text + at, length + 1);
        words[n_words][length] = '\0';
        n_words++;
        at += length + 1;
    }
    free(text);
    words[n_words] = NULL;
    memcpy(argv, words, sizeof argv); /* the parser reorders argv; words keeps the blocks to free */
    enum clsnn_command command = CLSNN_CMD_TRAIN;
    for (size_t k = 0; k < clsnn_n_commands; k++)
        if (strcmp(words[0], clsnn_commands[k].name) == 0) command = clsnn_commands[k].command;
    struct clsnn_options o = {0};
    enum clsnn_parse_action action;
    const enum clsnn_status st = clsnn_options_parse(command, (int)n_words, argv, &o, &action);
    /* CLSNN_E_IO: --config names a missing file. */
    fuzz_outcome(st, CLSNN_E_USAGE, CLSNN_E_IO, "");
    if (st == CLSNN_OK && o.origins && fuzz_chosen(data, n)) fuzz_config_round_trip(&o, command);
    clsnn_options_finish(&o);
    for (size_t k = 0; k < n_words; k++) free(words[k]);
    return 0;
}
