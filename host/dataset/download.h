/* Fetches the four archives of a public data set and checks each against its SHA-256. The build needs libcurl
 * (CLSNN_HAVE_CURL). Without libcurl or a network, the error lists commands to run elsewhere. */
#ifndef CLSNN_DOWNLOAD_H
#define CLSNN_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "clsnn/status.h"
#include "dataset/places.h"

/* Fetches into dir every archive that is missing or wrong; creates dir with its parents. A right archive is
 * left alone and not asked for. An archive gets its final name only when complete and of the right SHA-256.
 *
 * mirror    URL of a directory that is tried before the public ones, or NULL
 * progress  called from this thread: often while bytes arrive, and once when an archive is in place (got ==
 *           total; total is 0 while unknown). Returning false stops with CLSNN_STOPPED. NULL: not called
 * Blocks. Gives up on a mirror after 10 s without a connection, or 20 s below 1 kB/s.
 * Errors: CLSNN_E_IO dir cannot be written, or no mirror delivers the right bytes (several lines: each
 * mirror's reason, then the commands to run on a machine with a network); CLSNN_E_FAILED libcurl does not
 * start; CLSNN_E_MEMORY; CLSNN_STOPPED. */
enum clsnn_status
clsnn_download(const struct clsnn_known_set *set, const char *dir, const char *mirror,
               bool (*progress)(void *ctx, const char *archive, uint64_t got, uint64_t total), void *ctx);

#endif
