/* Tells people what a file is that is not what it should be. */
#ifndef CLSNN_FILE_KIND_H
#define CLSNN_FILE_KIND_H

#include <stddef.h>

/* Returns what the first n_bytes of a file look like, and what to do about it, such as "a web page: fetch the
 * file itself"; NULL if they look like nothing known. The text is static. 512 bytes are enough. */
const char *clsnn_file_kind(const void *bytes, size_t n_bytes);

#endif
