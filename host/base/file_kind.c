/* Signatures of files that users have in the place of data: downloads gone wrong, archives, other formats. */
#include "base/file_kind.h"

#include <string.h>
#include <strings.h>

#define UNPACK ": unpack it"
#define FETCH  ": fetch the file itself"

static const struct {
    size_t offset, n_bytes;
    const char *signature;
    const char *kind;
} rows[] = {
    {0, 8, "version ", "a Git LFS pointer: 'git lfs pull' fetches the file itself"},
    {0, 2, "\x1f\x8b", "packed by gzip once more" UNPACK},
    {0, 4, "PK\3\4", "a zip archive" UNPACK},
    {0, 3, "BZh", "packed by bzip2" UNPACK},
    {0, 6,
     "\xfd"
     "7zXZ\0",
     "packed by xz" UNPACK},
    {0, 4, "\x28\xb5\x2f\xfd", "packed by zstd" UNPACK},
    {0, 4, "7z\xbc\xaf", "a 7-Zip archive" UNPACK},
    {0, 4, "Rar!", "a rar archive" UNPACK},
    {257, 5, "ustar", "a tar archive" UNPACK},
    {0, 6, "\x93NUMPY", "a numpy array (.npy)"},
    {0, 4, "\x89HDF", "an HDF5 file"},
    {0, 4, "\x89PNG", "a PNG picture"},
    {0, 3, "\xff\xd8\xff", "a JPEG picture"},
    {0, 2, "\x80\2", "a Python pickle: save the arrays with numpy"},
    {0, 2, "\x80\3", "a Python pickle: save the arrays with numpy"},
    {0, 2, "\x80\4", "a Python pickle: save the arrays with numpy"},
    {0, 2, "\x80\5", "a Python pickle: save the arrays with numpy"},
    {0, 6, "SQLite", "an SQLite database"},
    {0, 4, "%PDF", "a PDF document" FETCH},
    {0, 4,
     "\x7f"
     "ELF",
     "a program"},
};

const char *clsnn_file_kind(const void *bytes, size_t n_bytes) {
    const char *text = bytes;
    if (n_bytes == 0) return "empty" FETCH;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (n_bytes >= rows[k].offset + rows[k].n_bytes &&
            memcmp(text + rows[k].offset, rows[k].signature, rows[k].n_bytes) == 0)
            return rows[k].kind;
    }
    size_t at = 0;
    if (n_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) at = 3; /* UTF-8's byte order mark */
    while (at < n_bytes && strchr(" \t\r\n", text[at]) && text[at]) at++;
    if (at < n_bytes && text[at] == '<') return "a web page or XML" FETCH;
    if (n_bytes > 512) n_bytes = 512;
    for (at = 0; at < n_bytes; at++)
        if ((unsigned char)text[at] < 0x20 && !strchr("\t\r\n", text[at])) return NULL;
    return "text" FETCH;
}
