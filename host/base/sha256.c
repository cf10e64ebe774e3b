/* SHA-256, by libcrypto. */
#include "base/sha256.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/fail.h"

struct clsnn_sha256 {
    EVP_MD_CTX *context;
    bool failed; /* clsnn_sha256_add cannot return a status; clsnn_sha256_finish reports the failure */
};

struct clsnn_sha256 *clsnn_sha256_create(void) {
    struct clsnn_sha256 *h = calloc(1, sizeof *h);
    if (h) h->context = EVP_MD_CTX_new();
    if (!h || !h->context || EVP_DigestInit_ex(h->context, EVP_sha256(), NULL) != 1) {
        clsnn_fail(CLSNN_E_MEMORY, "SHA-256: libcrypto cannot start it: no memory, or no SHA-256 provider");
        if (h) EVP_MD_CTX_free(h->context);
        free(h);
        return NULL;
    }
    return h;
}

void clsnn_sha256_add(struct clsnn_sha256 *h, const void *data, size_t n_bytes) {
    if (n_bytes && EVP_DigestUpdate(h->context, data, n_bytes) != 1) h->failed = true;
}

/* On failure out_hex is "", which equals no digest: a caller that compares never takes a failure for a
 * match. */
void clsnn_sha256_finish(struct clsnn_sha256 *h, char out_hex[CLSNN_SHA256_HEX]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    out_hex[0] = '\0';
    if (!h) return;
    if (h->failed || EVP_DigestFinal_ex(h->context, digest, &n) != 1 || n != 32) {
        clsnn_fail(CLSNN_E_FAILED, "SHA-256: libcrypto failed");
    } else {
        for (size_t i = 0; i < 32; i++) {
            out_hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
            out_hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
        }
        out_hex[64] = '\0';
    }
    EVP_MD_CTX_free(h->context);
    free(h);
}

enum clsnn_status clsnn_sha256_hex(const void *data, size_t n_bytes, char out_hex[CLSNN_SHA256_HEX]) {
    char hex[CLSNN_SHA256_HEX];
    struct clsnn_sha256 *h = clsnn_sha256_create();
    if (!h) return CLSNN_E_MEMORY;
    clsnn_sha256_add(h, data, n_bytes);
    clsnn_sha256_finish(h, hex);
    if (!hex[0]) return CLSNN_E_FAILED;
    memcpy(out_hex, hex, sizeof hex);
    return CLSNN_OK;
}
