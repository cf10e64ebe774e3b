/* Reads a table of runs, as clsnn sweep FILE.csv does. Each record has as many fields as the first. */
#include "fuzz.h"

#include <string.h>

#include "formats/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    const char *path = fuzz_file(data, n);
    struct clsnn_csv csv = {.text = NULL};
    const enum clsnn_status st = clsnn_csv_read(path, 1 << 20, &csv);
    FUZZ_CHECK(st == CLSNN_OK ? csv.n_records > 0 : !csv.text && !csv.field && !csv.record);
    for (size_t k = 0; k < csv.n_records; k++) {
        FUZZ_CHECK(csv.record[k].n == csv.record[0].n);
        FUZZ_CHECK(csv.record[k].first + csv.record[k].n <= csv.n_fields);
        FUZZ_CHECK(k == 0 || csv.record[k].line > csv.record[k - 1].line);
    }
    for (size_t k = 0; k < csv.n_fields; k++) FUZZ_CHECK(strlen(csv.field[k]) <= n);
    fuzz_outcome(st, CLSNN_E_USAGE, CLSNN_E_DATA, path);
    clsnn_csv_finish(&csv);
    return 0;
}
