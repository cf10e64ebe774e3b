/* Build tool: a .cl file with its includes inlined, as a C byte array with #line marks, so that compiler messages name the
 * real files. Usage: embed IN.cl OUT.c SYMBOL DIR...   Includes are looked for beside the including file, then in each DIR;
 * one that is found nowhere is left as it is (Random123 names headers of other compilers in branches that OpenCL skips). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_LINE = 4096, MAX_PATH = 4096 };

static FILE *out;
static char **dirs;
static int n_dirs;
static size_t n_bytes;

static void put(const char *s) {
    for (; *s; s++, n_bytes++) fprintf(out, n_bytes % 20 == 19 ? "%d,\n" : "%d,", (unsigned char)*s);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static FILE *find(const char *from, const char *name, char path[MAX_PATH]) {
    const char *slash = strrchr(from, '/');
    for (int d = -1; d < n_dirs; d++) {
        int n = d < 0 ? snprintf(path, MAX_PATH, "%.*s%s", slash ? (int)(slash - from) + 1 : 0, from, name)
                      : snprintf(path, MAX_PATH, "%s/%s", dirs[d], name);
        FILE *f = n > 0 && n < MAX_PATH ? fopen(path, "r") : NULL;
        if (f) return f;
    }
    return NULL;
}

/* The file name in an #include line that can be meant for OpenCL C, or false: a system's own headers never are, nor is what
 * Random123 keeps for other compilers. */
static bool include_name(const char *line, char name[MAX_LINE]) {
    char open = 0;
    if (sscanf(line, " # include %c%4000[^\">]", &open, name) != 2) return false;
    if (open == '<') return strncmp(name, "Random123/", 10) == 0;
    return open == '"' && (!strstr(name, "features.h") || strstr(name, "openclfeatures.h") ||
                           strstr(name, "compilerfeatures.h"));
}

static void inline_file(FILE *in, const char *path, int depth) {
    char line[MAX_LINE], name[MAX_LINE], found[MAX_PATH], mark[MAX_PATH + 64];
    int number = 0;
    if (depth > MAX_DEPTH) {
        fprintf(stderr, "embed: %s: includes nest deeper than %d\n", path, MAX_DEPTH);
        exit(1);
    }
    snprintf(mark, sizeof mark, "#line 1 \"%s\"\n", base_name(path));
    put(mark);
    while (fgets(line, sizeof line, in)) {
        number++;
        FILE *inner = include_name(line, name) ? find(path, name, found) : NULL;
        if (!inner) {
            put(line);
            continue;
        }
        inline_file(inner, found, depth + 1);
        fclose(inner);
        snprintf(mark, sizeof mark, "\n#line %d \"%s\"\n", number + 1, base_name(path));
        put(mark);
    }
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: embed IN.cl OUT.c SYMBOL DIR...\n");
        return 2;
    }
    dirs = argv + 4;
    n_dirs = argc - 4;
    FILE *in = fopen(argv[1], "r");
    out = in ? fopen(argv[2], "w") : NULL;
    if (!in || !out) {
        fprintf(stderr, "embed: %s: %s\n", in ? argv[2] : argv[1], strerror(errno));
        return 1;
    }
    fprintf(out,
            "/* Made by kernels/embed.c from %s. */\n#include \"kernel_source.h\"\nconst unsigned char %s[] "
            "= {\n",
            base_name(argv[1]), argv[3]);
    inline_file(in, argv[1], 0);
    fprintf(out, "0};\nconst size_t %s_bytes = %zu;\n", argv[3], n_bytes);
    fclose(in);
    if (ferror(out) | fclose(out)) {
        fprintf(stderr, "embed: %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    return 0;
}
