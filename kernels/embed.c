/* Build tool: writes a .cl file, with its includes inlined, as a C byte array. #line marks let compiler
 * messages name the real files, as paths below their folder. Comments are left out, so that rewording one
 * changes no program.
 *
 * Usage: embed IN.cl OUT.c SYMBOL DIR...
 * embed looks for an include beside the including file, then in each DIR. An include that it finds nowhere
 * stays as it is: Random123 names headers of other compilers in branches that OpenCL skips. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_LINE = 4096, MAX_PATH = 4096 };

static char **dirs;
static int n_dirs;
static char *text; /* [n_text] everything inlined so far; room: bytes allocated */
static size_t n_text, room;

static void put(const char *s) {
    const size_t n = strlen(s);
    if (!text || n_text + n >= room) {
        room = 2 * (room + n) + 4096;
        text = realloc(text, room);
        if (!text) {
            fprintf(stderr, "embed: no memory\n");
            exit(1);
        }
    }
    memcpy(text + n_text, s, n + 1);
    n_text += n;
}

/* A file's path, and the name that compiler messages show. */
struct place {
    char path[MAX_PATH], shown[MAX_PATH];
};

/* Writes the first n characters of head, then name; "", which names no file, if that is too long. */
static void join(const char *head, size_t n, const char *name, char out[MAX_PATH]) {
    out[0] = '\0';
    if (n + strlen(name) >= MAX_PATH) return;
    memcpy(out, head, n);
    memcpy(out + n, name, strlen(name) + 1);
}

/* Writes path with its last part replaced by name. */
static void beside(const char *path, const char *name, char out[MAX_PATH]) {
    const char *slash = strrchr(path, '/');
    join(path, slash ? (size_t)(slash - path) + 1 : 0, name, out);
}

/* Opens the include `name` of the file `from`; NULL if it is found nowhere. */
static FILE *find(const struct place *from, const char *name, struct place *out) {
    for (int d = -1; d < n_dirs; d++) {
        if (d < 0) {
            beside(from->path, name, out->path);
            beside(from->shown, name, out->shown);
        } else {
            char below[MAX_LINE];
            snprintf(below, sizeof below, "/%.4000s", name);
            join(dirs[d], strlen(dirs[d]), below, out->path);
            join("", 0, name, out->shown);
        }
        FILE *f = fopen(out->path, "r");
        if (f) return f;
    }
    return NULL;
}

/* Returns true, and the file's name, if line includes a file that OpenCL C may need. System headers are not
 * for OpenCL C, nor are Random123's headers for other compilers. */
static bool include_name(const char *line, char name[MAX_LINE]) {
    char open = 0;
    if (sscanf(line, " # include %c%4000[^\">]", &open, name) != 2) return false;
    if (open == '<') return strncmp(name, "Random123/", 10) == 0;
    return open == '"' && (!strstr(name, "features.h") || strstr(name, "openclfeatures.h") ||
                           strstr(name, "compilerfeatures.h"));
}

static void inline_file(FILE *in, const struct place *at, int depth) {
    char line[MAX_LINE], name[MAX_LINE], mark[MAX_PATH + 64];
    int number = 0;
    if (depth > MAX_DEPTH) {
        fprintf(stderr, "embed: %s: includes nest deeper than %d\n", at->path, MAX_DEPTH);
        exit(1);
    }
    snprintf(mark, sizeof mark, "#line 1 \"%s\"\n", at->shown);
    put(mark);
    while (fgets(line, sizeof line, in)) {
        struct place inner;
        number++;
        FILE *f = include_name(line, name) ? find(at, name, &inner) : NULL;
        if (!f) {
            put(line);
            continue;
        }
        inline_file(f, &inner, depth + 1);
        fclose(f);
        snprintf(mark, sizeof mark, "\n#line %d \"%s\"\n", number + 1, at->shown);
        put(mark);
    }
}

/* Removes comments, and spaces at the ends of lines, from text. Line ends stay, so line numbers stay true. */
static void strip(void) {
    /* '/' or '*': inside a comment. A quote: inside a string or character, at most to the line's end. */
    char in = 0;
    size_t to = 0;
    for (size_t k = 0; k < n_text; k++) {
        const char c = text[k], next = text[k + 1];
        if (c == '\n') {
            if (in != '*') in = 0;
            while (to > 0 && (text[to - 1] == ' ' || text[to - 1] == '\t')) to--;
            text[to++] = c;
        } else if (in == '*') {
            if (c != '*' || next != '/') continue;
            in = 0;
            k++;
        } else if (in == '/') {
            continue;
        } else if (!in && c == '/' && (next == '/' || next == '*')) {
            in = next;
            k++;
            text[to++] = ' ';
        } else {
            if (in && c == in)
                in = 0;
            else if (!in && (c == '"' || c == '\''))
                in = c;
            text[to++] = c;
            if (in && c == '\\' && next != '\n') text[to++] = text[++k];
        }
    }
    n_text = to;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: embed IN.cl OUT.c SYMBOL DIR...\n");
        return 2;
    }
    struct place at;
    const char *slash = strrchr(argv[1], '/');
    snprintf(at.path, MAX_PATH, "%s", argv[1]);
    snprintf(at.shown, MAX_PATH, "%s", slash ? slash + 1 : argv[1]);
    dirs = argv + 4;
    n_dirs = argc - 4;
    FILE *in = fopen(argv[1], "r"), *out = in ? fopen(argv[2], "w") : NULL;
    if (!in || !out) {
        fprintf(stderr, "embed: %s: %s\n", in ? argv[2] : argv[1], strerror(errno));
        return 1;
    }
    inline_file(in, &at, 0);
    strip();
    fprintf(out, "/* Made by kernels/embed.c from %s. */\n#include \"device/kernel_source.h\"\n", at.shown);
    fprintf(out, "const unsigned char %s[] = {\n", argv[3]);
    for (size_t k = 0; k < n_text; k++) fprintf(out, k % 20 == 19 ? "%d,\n" : "%d,", (unsigned char)text[k]);
    fprintf(out, "0};\nconst size_t %s_bytes = %zu;\n", argv[3], n_text);
    fclose(in);
    if (ferror(out) | fclose(out)) {
        fprintf(stderr, "embed: %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    return 0;
}
