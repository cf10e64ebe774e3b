/* Draws the input spikes of one presentation as kernels/network/encode.cl does: independent Bernoulli draws,
 * decided digit by digit. The loop over steps uses GNU C vectors of 64-bit lanes, one 32-bit random word in
 * each. A product of two words is then one instruction, if the processor multiplies 32 by 32 bits.
 * Compilers do not find it by themselves. */
#include <Random123/philox.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "clsnn/abi.h"
#include "plain/plain_internal.h"

#if defined(__AVX512F__)
#define LANES         8
#define PRODUCT(a, b) ((lanes)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#elif defined(__AVX2__)
#define LANES         4
#define PRODUCT(a, b) ((lanes)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#else
#define LANES         2
#define PRODUCT(a, b) ((a) * (b))
#endif
typedef uint64_t lanes __attribute__((vector_size(LANES * 8)));
typedef uint32_t half_lanes __attribute__((vector_size(LANES * 4)));
#define LOW_WORD UINT64_C(0xffffffff)
_Static_assert(CLSNN_MAX_ON % LANES == 0, "the last vector of steps would leave its row");

/* Philox's key and counter words 1 to 3. Word 0 is step | block of four digits << 16. A draw depends on no
 * other number. */
struct draw {
    uint32_t image, show, purpose;
    philox4x32_key_t key;
};

struct word_lanes {
    lanes v[4];
};

INLINE lanes spread(uint64_t x) {
    return x - (lanes){0};
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
/* gcc 12's analyser mistakes the number of lanes for the number of bits */
#pragma GCC diagnostic ignored "-Wanalyzer-shift-count-overflow"
#endif
/* Philox4x32-10 in every lane. */
INLINE struct word_lanes random_lanes(struct draw d, lanes first) {
    lanes v0 = first, v1 = spread(d.image), v2 = spread(d.show), v3 = spread(d.purpose);
    uint32_t k0 = d.key.v[0], k1 = d.key.v[1];
    for (int round = 0; round < 10; round++, k0 += PHILOX_W32_0, k1 += PHILOX_W32_1) {
        const lanes p0 = PRODUCT(v0, spread(PHILOX_M4x32_0)), p1 = PRODUCT(v2, spread(PHILOX_M4x32_1));
        v0 = p1 >> 32 ^ v1 ^ spread(k0);
        v1 = p1 & spread(LOW_WORD);
        v2 = p0 >> 32 ^ v3 ^ spread(k1);
        v3 = p0 & spread(LOW_WORD);
    }
    return (struct word_lanes){{v0, v1, v2, v3}};
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* Decides the draws of one bundle, LANES steps at a time, by the first CLSNN_PLANES digits. plane[k]: bit b
 * is digit k of input b. Draws that stay open keep their bits in pending. */
static void decide_planes(const uint32_t plane[CLSNN_PLANES], struct draw d, int n_on,
                          uint32_t *restrict spikes, uint32_t *restrict pending) {
    lanes steps = {0};
    for (int l = 0; l < LANES; l++) steps[l] = (uint64_t)l;
    for (int t = 0; t < n_on; t += LANES, steps += LANES) {
        lanes fired = spread(0), open = spread(LOW_WORD);
        for (uint64_t block = 0; block < CLSNN_PLANES / 4; block++) {
            const struct word_lanes r = random_lanes(d, steps | spread(block << 16));
            for (int k = 0; k < 4; k++) {
                const lanes digits = spread(plane[4 * block + (uint64_t)k]);
                fired |= open & digits & ~r.v[k];
                open &= ~(digits ^ r.v[k]);
            }
        }
        *(half_lanes *)(spikes + t) = __builtin_convertvector(fired, half_lanes);
        *(half_lanes *)(pending + t) = __builtin_convertvector(open, half_lanes);
    }
}

/* Writes the numerators of the spike probabilities of bundle g; the denominator is rate_denominator. Bits
 * beyond the last input with ink get 0. */
static void fill_numerators(const struct clsnn_plain *net, const struct clsnn_plain_work *s,
                            const uint8_t *image, int g, uint32_t intensity, uint32_t out[CLSNN_BUNDLE]) {
    const uint32_t denominator = net->p.rate_denominator;
    for (int b = 0; b < CLSNN_BUNDLE; b++) {
        const int a = g * CLSNN_BUNDLE + b;
        const uint32_t m = a < s->n_active ? image[s->active[a]] * intensity : 0u;
        out[b] = m < denominator ? m : denominator;
    }
}

/* Decides the draws of step t that the first CLSNN_PLANES digits left open. Long division yields the
 * later digits. */
static __attribute__((noinline)) uint32_t decide_rest(const uint32_t m[CLSNN_BUNDLE], uint32_t denominator,
                                                      struct draw d, uint32_t t, uint32_t open) {
    uint32_t fired = 0u, remainder[CLSNN_BUNDLE];
    philox4x32_ctr_t words = {{0, 0, 0, 0}};
    for (int b = 0; b < CLSNN_BUNDLE; b++)
        remainder[b] = m[b] == denominator ? m[b] : (m[b] << CLSNN_PLANES) % denominator;
    for (uint32_t k = CLSNN_PLANES; open != 0u && k < 128; k++) {
        const philox4x32_ctr_t counter = {{t | k / 4 << 16, d.image, d.show, d.purpose}};
        if (k % 4 == 0) words = philox4x32_R(10, counter, d.key);
        uint32_t digits = 0u;
        for (int b = 0; b < CLSNN_BUNDLE; b++) {
            const uint32_t twice = remainder[b] << 1, digit = twice >= denominator;
            remainder[b] = twice - (digit ? denominator : 0u);
            digits |= digit << b;
        }
        fired |= open & digits & ~words.v[k % 4];
        open &= ~(digits ^ words.v[k % 4]);
    }
    return fired;
}

void PLAIN_NAME(clsnn_plain_encode)(struct clsnn_plain *net, struct clsnn_plain_work *s, const uint8_t *image,
                                    uint32_t intensity, uint32_t position, uint32_t show) {
    const int n_on = net->p.n_on;
    const uint32_t denominator = net->p.rate_denominator, last = (1u << CLSNN_PLANES) - 1u;
    struct draw d = {position, show, 0, {{net->p.seed_lo, net->p.seed_hi}}};
    s->n_active = 0;
    for (int i = 0; i < net->n_pre; i++) {
        if (image[i] != 0) s->active[s->n_active++] = (uint16_t)i;
    }
    for (int g = 0; g * CLSNN_BUNDLE < s->n_active; g++) {
        uint32_t m[CLSNN_BUNDLE], plane[CLSNN_PLANES] = {0};
        uint32_t *spikes = ALIGNED(net->spikes + g * CLSNN_MAX_ON), *pending = ALIGNED(net->pending);
        fill_numerators(net, s, image, g, intensity, m);
        for (int b = 0; b < CLSNN_BUNDLE; b++) {
            const uint32_t all = (m[b] << CLSNN_PLANES) / denominator, digits = all < last ? all : last;
            for (int k = 0; k < CLSNN_PLANES; k++) plane[k] |= (digits >> (CLSNN_PLANES - 1 - k) & 1u) << b;
        }
        d.purpose = net->purpose << 24 | (uint32_t)g;
        decide_planes(plane, d, n_on, spikes, pending);
        for (int t = 0; t < n_on; t++) {
            if (pending[t] != 0u) spikes[t] |= decide_rest(m, denominator, d, (uint32_t)t, pending[t]);
        }
    }
}
