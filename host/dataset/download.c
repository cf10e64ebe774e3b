/* Fetches a public data set. No other code of clsnn talks to a network; only `clsnn data fetch` calls this
 * one. The checksums are those of the original files, so a mirror and the way to it need not be trusted. */
#include "dataset/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/sha256.h"
#include "dataset/idx.h"
#include "dataset/places.h"

/* Fails with the commands that fetch the set by hand, ready to paste. reasons: why each mirror failed. */
static enum clsnn_status give_up(const struct clsnn_known_set *set, const char *dir, const char *reasons) {
    const char *other = set->mirrors[set->mirrors[1] != NULL];
    char sums[CLSNN_IDX_FILES * 128] = "", names[CLSNN_IDX_FILES * 32] = "";
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        size_t used = strlen(sums), at = strlen(names);
        snprintf(sums + used, sizeof sums - used, "%s  %s.gz\n", set->archive_sha256[i], clsnn_idx_names[i]);
        snprintf(names + at, sizeof names - at, "%s ", clsnn_idx_names[i]);
    }
    return clsnn_fail(CLSNN_E_IO,
                      "%s could not be fetched into %s: %s\n"
                      "On a machine with a network, run these commands; put the four files into %s (or "
                      "anywhere: --data DIR)\n"
                      "for f in %s; do curl -fLO %s$f.gz || wget %s$f.gz; done\n"
                      "sha256sum -c <<END\n%sEND",
                      set->title, dir, reasons, dir, names, set->mirrors[0], other, sums);
}

#ifdef CLSNN_HAVE_CURL

#include <stdarg.h>

#include <curl/curl.h>

#define REASONS_BYTES 1024

struct transfer {
    const struct clsnn_known_set *set;
    const char *archive;
    bool (*progress)(void *ctx, const char *archive, uint64_t got, uint64_t total);
    void *ctx;
    uint8_t *data;
    size_t n_bytes, capacity;
    bool no_memory, stopped, too_large;
};

static size_t take(char *piece, size_t one, size_t n, void *ctx) {
    struct transfer *t = ctx;
    n *= one;
    if (n > CLSNN_ARCHIVE_BYTES - t->n_bytes) {
        t->too_large = true;
        return 0;
    }
    if (t->n_bytes + n > t->capacity) {
        size_t capacity = 2 * (t->n_bytes + n);
        uint8_t *data = realloc(t->data, capacity);
        if (!data) {
            t->no_memory = true;
            return 0;
        }
        t->data = data;
        t->capacity = capacity;
    }
    if (n) memcpy(t->data + t->n_bytes, piece, n);
    t->n_bytes += n;
    return n;
}

static int report(void *ctx, curl_off_t total, curl_off_t got, curl_off_t up_total, curl_off_t up) {
    struct transfer *t = ctx;
    (void)up_total;
    (void)up;
    /* fetch_all makes the final call, with got == total, when the file is in place. */
    if (!t->progress || got <= 0 || got == total) return 0;
    t->stopped = !t->progress(t->ctx, t->archive, (uint64_t)got, (uint64_t)total);
    return t->stopped;
}

static CURLcode set_up(CURL *curl, const char *url, struct transfer *t, char *reason) {
    CURLcode rc = CURLE_OK;
#define SET(option, value)                                                                                   \
    if (rc == CURLE_OK) rc = curl_easy_setopt(curl, option, value)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_ERRORBUFFER, reason);
    SET(CURLOPT_USERAGENT, "clsnn");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, 5L);
#if LIBCURL_VERSION_NUM >= 0x075500
    SET(CURLOPT_PROTOCOLS_STR, "https,http,file");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
#else
    SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP | CURLPROTO_FILE));
    SET(CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP));
#endif
    SET(CURLOPT_CONNECTTIMEOUT, 10L);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1000L);
    SET(CURLOPT_LOW_SPEED_TIME, 20L);
    SET(CURLOPT_WRITEFUNCTION, take);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, report);
    SET(CURLOPT_XFERINFODATA, t);
#undef SET
    return rc;
}

/* Appends a text to reasons, [REASONS_BYTES]. The text is cut if it does not fit. */
CLSNN_PRINTF(2, 3) static void add_reason(char *reasons, const char *fmt, ...) {
    size_t used = strlen(reasons);
    if (used && used + 3 < REASONS_BYTES) {
        memcpy(reasons + used, "; ", 3);
        used += 2;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(reasons + used, REASONS_BYTES - used, fmt, args);
    va_end(args);
}

/* Fetches one archive from one mirror into memory. CLSNN_E_IO leaves no record: the mirror's fault is added
 * to reasons, and the caller tries the next mirror. */
static enum clsnn_status fetch(CURL *curl, const char *mirror, enum clsnn_idx_file which, struct transfer *t,
                               char *reasons) {
    const struct clsnn_known_set *set = t->set;
    char url[1024], why[CURL_ERROR_SIZE] = "", sha256[CLSNN_SHA256_HEX] = "";
    const char *slash = *mirror && mirror[strlen(mirror) - 1] == '/' ? "" : "/";
    snprintf(url, sizeof url, "%s%s%s.gz", mirror, slash, clsnn_idx_names[which]);
    t->n_bytes = 0;
    t->too_large = false;
    curl_easy_reset(curl);
    CURLcode rc = set_up(curl, url, t, why);
    if (rc == CURLE_OK) rc = curl_easy_perform(curl);
    curl_easy_reset(curl); /* why goes out of scope; curl would keep its address */
    if (t->stopped) return clsnn_fail(CLSNN_STOPPED, "%s: stopped while it was fetched", url);
    if (t->no_memory || rc == CURLE_OUT_OF_MEMORY)
        return clsnn_fail(CLSNN_E_MEMORY, "%s: %zu bytes", url, t->n_bytes);
    if (rc == CURLE_OK) {
        enum clsnn_status st = clsnn_sha256_hex(t->data, t->n_bytes, sha256);
        if (st != CLSNN_OK) return st;
        if (strcmp(sha256, set->archive_sha256[which]) == 0) return CLSNN_OK;
    }
    if (rc == CURLE_OK)
        add_reason(reasons, "%s: %zu bytes with sha256 %s: must be %s", url, t->n_bytes, sha256,
                   set->archive_sha256[which]);
    else if (t->too_large)
        add_reason(reasons, "%s: more than %zu bytes", url, CLSNN_ARCHIVE_BYTES);
    else
        add_reason(reasons, "%s: %s", url, *why ? why : curl_easy_strerror(rc));
    return CLSNN_E_IO;
}

static enum clsnn_status fetch_all(const char *dir, const char *const *mirrors, size_t n_mirrors,
                                   struct transfer *t) {
    enum clsnn_status st = CLSNN_OK;
    char *path = NULL, name[64], reasons[REASONS_BYTES] = "";
    CURL *curl = NULL;
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        enum clsnn_idx_file which = (enum clsnn_idx_file)i;
        snprintf(name, sizeof name, "%s.gz", clsnn_idx_names[which]);
        path = clsnn_file_join(dir, name);
        if (!path) {
            st = CLSNN_E_MEMORY;
            goto fail;
        }
        if (!clsnn_known_is_archive(t->set, which, path)) {
            if (!curl) curl = curl_easy_init();
            if (!curl) {
                st = clsnn_fail(CLSNN_E_MEMORY, "libcurl could not be started");
                goto fail;
            }
            t->archive = name;
            st = CLSNN_E_IO;
            *reasons = '\0';
            for (size_t m = 0; m < n_mirrors && st == CLSNN_E_IO; m++)
                st = fetch(curl, mirrors[m], which, t, reasons);
            if (st == CLSNN_E_IO) st = give_up(t->set, dir, reasons);
            if (st != CLSNN_OK) goto fail;
            TRY(clsnn_file_write(path, t->data, t->n_bytes));
            if (t->progress && !t->progress(t->ctx, name, t->n_bytes, t->n_bytes)) {
                st = clsnn_fail(CLSNN_STOPPED, "%s: fetched; stopped before the remaining archives", path);
                goto fail;
            }
        }
        free(path);
        path = NULL;
    }
fail:
    t->archive = NULL;
    free(path);
    if (curl) curl_easy_cleanup(curl);
    return st;
}

enum clsnn_status
clsnn_download(const struct clsnn_known_set *set, const char *dir, const char *mirror,
               bool (*progress)(void *ctx, const char *archive, uint64_t got, uint64_t total), void *ctx) {
    enum clsnn_status st = CLSNN_OK;
    const char *mirrors[3];
    size_t n_mirrors = 0;
    if (mirror && *mirror) mirrors[n_mirrors++] = mirror;
    for (int i = 0; i < 2 && set->mirrors[i]; i++) mirrors[n_mirrors++] = set->mirrors[i];
    TRY(clsnn_file_make_dir(dir));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return clsnn_fail(CLSNN_E_FAILED, "libcurl could not be started");
    struct transfer t = {.set = set, .progress = progress, .ctx = ctx};
    st = fetch_all(dir, mirrors, n_mirrors, &t);
    free(t.data);
    curl_global_cleanup();
fail:
    return st;
}

#else

enum clsnn_status
clsnn_download(const struct clsnn_known_set *set, const char *dir, const char *mirror,
               bool (*progress)(void *ctx, const char *archive, uint64_t got, uint64_t total), void *ctx) {
    enum clsnn_status st = CLSNN_OK;
    (void)mirror;
    (void)progress;
    (void)ctx;
    TRY(clsnn_file_make_dir(dir));
    for (int i = 0; i < CLSNN_IDX_FILES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.gz", clsnn_idx_names[i]);
        char *path = clsnn_file_join(dir, name);
        if (!path) return CLSNN_E_MEMORY;
        bool right = clsnn_known_is_archive(set, (enum clsnn_idx_file)i, path);
        free(path);
        if (!right) return give_up(set, dir, "this program was built without libcurl");
    }
fail:
    return st;
}

#endif
