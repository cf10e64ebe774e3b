/* Runs a fuzz target over the files of folders, without a fuzzer. So every build checks earlier findings. */
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static void run_file(const char *folder, const char *name) {
    void *data = NULL;
    size_t n = 0;
    char *path = clsnn_file_join(folder, name);
    FUZZ_CHECK(path && clsnn_file_read(path, (size_t)1 << 20, &data, &n) == CLSNN_OK);
    void *exact = fuzz_copy(data, n);
    free(data);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(exact, n);
    /* Each truncation is another input. */
    for (size_t cut = 0; cut < n; cut += n / 16 + 1) LLVMFuzzerTestOneInput(exact, cut);
    free(exact);
    free(path);
}

int main(int argc, char **argv) {
    int n_files = 0;
    for (int k = 1; k < argc; k++) {
        DIR *dir = opendir(argv[k]);
        FUZZ_CHECK(dir);
        for (const struct dirent *e; (e = readdir(dir));) {
            if (e->d_name[0] == '.') continue;
            run_file(argv[k], e->d_name);
            n_files++;
        }
        closedir(dir);
    }
    printf("%sok 1 - %d files\n1..1\n", n_files ? "" : "not ", n_files);
    return !n_files;
}
