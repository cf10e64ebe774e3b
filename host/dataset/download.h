/* MNIST's four archives from public mirrors into a directory, each checked against its SHA-256. Needs libcurl at build time
 * (CLSNN_HAVE_CURL); without it, or without a network, the error says which commands do the same elsewhere. */
#ifndef CLSNN_DOWNLOAD_H
#define CLSNN_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "clsnn/status.h"

/* Fetches what is missing or wrong in dir (created with its parents); an archive that is already right is left alone and not
 * asked for. Each is written under its final name only when it is complete and its SHA-256 is that of the original.
 *
 * mirror    URL of a directory that is tried before the public ones, or NULL
 * progress  called from this thread, often while bytes arrive and once when an archive is in place (got ==
 *           total; total is 0 while unknown); false stops with CLSNN_STOPPED. NULL: not called
 * Blocks. Gives up on a mirror after 10 s without a connection, or 20 s below 1 kB/s.
 * Errors: CLSNN_E_IO no mirror delivers the right bytes (several lines: each mirror's reason, then the commands to run where
 * there is a network), or dir cannot be written; CLSNN_E_MEMORY; CLSNN_STOPPED. */
enum clsnn_status clsnn_download_mnist(const char *dir, const char *mirror,
                                       bool (*progress)(void *ctx, const char *archive, uint64_t got,
                                                        uint64_t total),
                                       void *ctx);

#endif
