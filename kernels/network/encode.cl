/* Turns an image into the input spikes of one presentation: Poisson rates as independent Bernoulli draws,
 * exact to 2^-128.
 *
 * An input spikes in a step with probability m / D, where m = pixel * intensity and D = rate_denominator. A
 * uniform number is below m / D if, at the first binary digit where the two differ, m / D has the 1. So one
 * random word decides one digit of 32 inputs at once. Twelve words (three Philox calls) decide all but 2^-12
 * of the draws; an open draw goes on, digit by digit, up to 128 digits. All arithmetic is on integers: no
 * probability is rounded, and devices agree. Inputs without ink never spike. The others, in increasing order,
 * are packed into bundles of 32. */

/* The inputs of one presentation. */
struct encoding {
    __local ushort *active; /* [784] inputs with ink, increasing */
#if CLSNN_WG > 1
    /* [CLSNN_MAX_BUNDLES * CLSNN_BUNDLE] first digits of an input's probability, the first highest */
    __local uint *digits;
    __local uint *planes; /* [CLSNN_MAX_BUNDLES][N_DIGITS] digit k of a bundle's inputs */
    __local int *counts;  /* [CLSNN_WG] scratch */
#endif
    /* [CLSNN_MAX_BUNDLES][CLSNN_MAX_ON] bit b of word [g][t]: input active[32 g + b] spikes at step t */
    __global uint *spikes;
    /* [CLSNN_MAX_ON] scratch: open draws; then, in gpu/, the fours up to each step */
    __global uint *pending;
};

/* Digits that are computed in advance. 2^-24 of all draws need the long division after them. */
#define N_DIGITS 24

#if CLSNN_WG > 1
/* Returns the sum of `own` over the work-items before this one; *all is the sum over all of them. scratch:
 * [CLSNN_WG]. Uniform. */
INLINE int sum_before(__local int *scratch, int own, int *all) {
    int before = 0, sum = 0;
    scratch[LID] = own;
    BARRIER_LOCAL();
    for (int l = 0; l < CLSNN_WG; l++) {
        const int part = scratch[l];
        before += l < LID ? part : 0;
        sum += part;
    }
    BARRIER_LOCAL();
    *all = sum;
    return before;
}
#endif

/* Lists the inputs with ink and returns their number. Uniform. */
INLINE int find_active(struct encoding e, __global const uchar *image) {
#if CLSNN_WG == 1
    int n_active = 0;
    for (int i = 0; i < CLSNN_N_PRE; i++) { /* no branch: ink cannot be predicted */
        e.active[n_active] = (ushort)i;
        n_active += image[i] != 0;
    }
    return n_active;
#else
    const int share = (CLSNN_N_PRE + CLSNN_WG - 1) / CLSNN_WG;
    const int first = LID * share;
    int n_own = 0;
    for (int i = first; i < first + share; i++) n_own += i < CLSNN_N_PRE && image[i] != 0;
    int n_active, at = sum_before(e.counts, n_own, &n_active);
    for (int i = first; i < first + share; i++) {
        if (i < CLSNN_N_PRE && image[i] != 0) e.active[at++] = (ushort)i;
    }
    BARRIER_LOCAL();
    return n_active;
#endif
}

/* Returns the spike probability of input active[a] as a numerator over D, or 0 past the last input. */
INLINE uint lane_numerator(struct encoding e, __global const uchar *image, int n_active, int a,
                           uint intensity, uint denominator) {
    return a < n_active ? min((uint)image[e.active[a]] * intensity, denominator) : 0u;
}

/* Compares one binary digit of 32 probabilities with one digit of 32 uniform numbers. A draw is decided where
 * they differ. */
INLINE void decide_digit(uint digits, uint word, uint *fired, uint *open) {
    *fired |= *open & digits & ~word;
    *open &= ~(digits ^ word);
}

/* Decides the draws of step t that are open after the first N_DIGITS digits. */
INLINE uint decide_rest(struct encoding e, __global const uchar *image, int n_active, int g, uint intensity,
                        uint denominator, struct draw d, uint t, uint open) {
    uint fired = 0u;
    philox4x32_ctr_t words;
    uint remainder[CLSNN_BUNDLE];
    for (int b = 0; b < CLSNN_BUNDLE; b++) {
        const uint m = lane_numerator(e, image, n_active, g * CLSNN_BUNDLE + b, intensity, denominator);
        remainder[b] = m == denominator ? m : (m << CLSNN_PLANES) % denominator;
    }
    for (int k = CLSNN_PLANES; open != 0u && k < 128; k++) {
        if (k % 4 == 0) words = random_words(d, t | (uint)(k / 4) << 16);
        uint digits = 0u;
        for (int b = 0; b < CLSNN_BUNDLE; b++) {
            const uint twice = remainder[b] << 1;
            const uint digit = twice >= denominator ? 1u : 0u;
            remainder[b] = twice - (digit ? denominator : 0u);
            digits |= digit << b;
        }
        if (k >= N_DIGITS) decide_digit(digits, words.v[k % 4], &fired, &open);
    }
    return fired;
}

#if CLSNN_WG == 1
/* A work-group of one draws in vectors of 64-bit lanes. A lane holds a 32-bit word in its low half, anything
 * in its high half. So one instruction makes the product of two words. */
#define DRAW_LANES 8
typedef ulong8 draw_lanes;
struct random_lanes {
    draw_lanes v[4];
};

/* Philox4x32-10 in every lane. */
INLINE struct random_lanes random_lanes(struct draw d, draw_lanes first) {
    const draw_lanes low = (draw_lanes)(0xfffffffful);
    struct random_lanes c = {{first, (draw_lanes)(d.image), (draw_lanes)(d.show), (draw_lanes)(d.purpose)}};
    uint k0 = d.seed_lo, k1 = d.seed_hi;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const draw_lanes p0 = (c.v[0] & low) * (draw_lanes)(PHILOX_M4x32_0),
                         p1 = (c.v[2] & low) * (draw_lanes)(PHILOX_M4x32_1);
        c.v[0] = (p1 >> 32) ^ c.v[1] ^ (draw_lanes)(k0);
        c.v[1] = p1;
        c.v[2] = (p0 >> 32) ^ c.v[3] ^ (draw_lanes)(k1);
        c.v[3] = p0;
        k0 += PHILOX_W32_0;
        k1 += PHILOX_W32_1;
    }
    return c;
}

/* decide_digit for four digits of DRAW_LANES steps. */
INLINE void decide_block(const uint *digits, struct random_lanes words, draw_lanes *fired, draw_lanes *open) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
        const draw_lanes digit = (draw_lanes)(digits[k]);
        *fired |= *open & digit & ~words.v[k];
        *open &= ~(digit ^ words.v[k]);
    }
}

/* Digits that are compared in every step. After them one step in eight has an open draw among its 32
 * inputs. */
#define N_DIGITS_ALL 8

/* Computes the first digits of a bundle's probabilities by long division: bit b of digits[k] is digit k of
 * input b, the most significant first. A probability of 1 has the digit 1 for ever. */
INLINE void fill_digits(struct encoding e, __global const uchar *image, int n_active, int g, uint intensity,
                        uint denominator, uint digits[N_DIGITS]) {
    uint numerators[CLSNN_BUNDLE] __attribute__((aligned(64)));
    for (int b = 0; b < CLSNN_BUNDLE; b++)
        numerators[b] = lane_numerator(e, image, n_active, g * CLSNN_BUNDLE + b, intensity, denominator);
    for (int k = 0; k < N_DIGITS; k++) {
        digits[k] = 0u;
        for (int b = 0; b < CLSNN_BUNDLE; b++) {
            const uint twice = numerators[b] << 1, digit = twice >= denominator;
            numerators[b] = twice - (digit ? denominator : 0u);
            digits[k] |= digit << b;
        }
    }
}

/* Draws the spikes of one bundle. open_steps lists the steps with open draws, as step << 32 | open inputs.
 * They are few, and go on in vectors of their own. */
INLINE void draw_bundle(struct encoding e, __global const uchar *image, int n_active, int g, uint intensity,
                        uint denominator, int n_on, struct draw d) {
    uint digits[N_DIGITS];
    ulong open_steps[CLSNN_MAX_ON + DRAW_LANES] __attribute__((aligned(64)));
    ushort open_list[CLSNN_MAX_ON];
    ulong fired_open[CLSNN_MAX_ON + DRAW_LANES] __attribute__((aligned(64)));
    __global uint *restrict spikes = e.spikes + g * CLSNN_MAX_ON;
    __global uint *restrict pending = e.pending;
    fill_digits(e, image, n_active, g, intensity, denominator, digits);

    draw_lanes t_low = (draw_lanes)(0, 1, 2, 3, 4, 5, 6, 7);
    for (int t = 0; t < n_on; t += 2 * DRAW_LANES) {
        const draw_lanes t_high = t_low + DRAW_LANES;
        draw_lanes fired_low = (draw_lanes)(0ul), fired_high = fired_low, open_low = ~fired_low,
                   open_high = open_low;
#pragma unroll
        for (int k = 0; k < N_DIGITS_ALL; k += 4) {
            const ulong block = (ulong)(k / 4) << 16;
            decide_block(digits + k, random_lanes(d, t_low | block), &fired_low, &open_low);
            decide_block(digits + k, random_lanes(d, t_high | block), &fired_high, &open_high);
        }
        *(__global uint8 *)(spikes + t) = convert_uint8(fired_low);
        *(__global uint8 *)(spikes + t + DRAW_LANES) = convert_uint8(fired_high);
        *(__global uint8 *)(pending + t) = convert_uint8(open_low);
        *(__global uint8 *)(pending + t + DRAW_LANES) = convert_uint8(open_high);
        t_low += 2 * DRAW_LANES;
    }

    int n_open = 0;
    for (int t = 0; t < n_on; t++) { /* no branch: open steps cannot be predicted */
        open_list[n_open] = (ushort)t;
        n_open += pending[t] != 0u;
    }
    for (int o = 0; o < n_open; o++) open_steps[o] = (ulong)open_list[o] << 32 | pending[open_list[o]];
    for (int k = N_DIGITS_ALL; k < N_DIGITS && n_open > 0; k += 4) {
        for (int l = 0; l < DRAW_LANES; l++) open_steps[n_open + l] = 0ul; /* pads the last vector */
        for (int o = 0; o < n_open; o += DRAW_LANES) {
            draw_lanes open = *(const draw_lanes *)(open_steps + o), fired = (draw_lanes)(0ul);
            const draw_lanes t = open >> 32;
            decide_block(digits + k, random_lanes(d, t | (ulong)(k / 4) << 16), &fired, &open);
            *(draw_lanes *)(open_steps + o) = t << 32 | (open & 0xfffffffful);
            *(draw_lanes *)(fired_open + o) = fired;
        }
        const int n_before = n_open;
        n_open = 0;
        for (int o = 0; o < n_before; o++) {
            const ulong open = open_steps[o];
            spikes[open >> 32] |= (uint)fired_open[o];
            open_steps[n_open] = open;
            n_open += (uint)open != 0u;
        }
    }
    for (int o = 0; o < n_open; o++) {
        const uint t = (uint)(open_steps[o] >> 32), open = (uint)open_steps[o];
        spikes[t] |= decide_rest(e, image, n_active, g, intensity, denominator, d, t, open);
    }
}
#else
/* Computes the first digits of every input's probability by long division, then sorts them by bundle and
 * digit. A probability of 1 has the digit 1 for ever. Uniform. */
INLINE void fill_planes(struct encoding e, __global const uchar *image, int n_active, int n_bundles,
                        uint intensity, uint denominator) {
    FOR_OWN (a, n_bundles * CLSNN_BUNDLE) {
        uint m = lane_numerator(e, image, n_active, a, intensity, denominator);
        uint digits = 0u;
        for (int k = 0; k < N_DIGITS; k++) {
            const uint twice = m << 1, digit = twice >= denominator;
            m = twice - (digit ? denominator : 0u);
            digits = digits << 1 | digit;
        }
        e.digits[a] = digits;
    }
    BARRIER_LOCAL();
    FOR_OWN (x, n_bundles * N_DIGITS) {
        const int g = x / N_DIGITS, k = (g + 1) * N_DIGITS - 1 - x;
        __local const uint *digits = e.digits + g * CLSNN_BUNDLE;
        uint plane = 0u;
        for (int b = 0; b < CLSNN_BUNDLE; b++) plane |= (digits[b] >> k & 1u) << b;
        e.planes[x] = plane;
    }
    BARRIER_LOCAL();
}

/* Digits that are compared in every step. After them one step in 128 has an open draw among its 32 inputs. */
#define N_DIGITS_ALL 12

/* decide_digit for the four digits of one Philox call. */
INLINE void decide_block(__local const uint *digits, struct draw d, int t, int block, uint *fired,
                         uint *open) {
    const philox4x32_ctr_t r = random_words(d, (uint)t | (uint)block << 16);
#pragma unroll
    for (int k = 0; k < 4; k++) decide_digit(digits[4 * block + k], r.v[k], fired, open);
}

/* Draws the spikes of one bundle. */
INLINE void draw_bundle(struct encoding e, __global const uchar *image, int n_active, int g, uint intensity,
                        uint denominator, int n_on, struct draw d) {
    __local const uint *digits = e.planes + g * N_DIGITS;
    __global uint *restrict spikes = e.spikes + g * CLSNN_MAX_ON;
    uint open_any = 0u;
    FOR_OWN (t, n_on) {
        uint fired = 0u, open = ~0u;
#pragma unroll
        for (int block = 0; block < N_DIGITS_ALL / 4; block++)
            decide_block(digits, d, t, block, &fired, &open);
        for (int block = N_DIGITS_ALL / 4; block < N_DIGITS / 4 && open != 0u; block++)
            decide_block(digits, d, t, block, &fired, &open);
        spikes[t] = fired;
        e.pending[t] = open;
        open_any |= open;
    }
    if (open_any == 0u) return;
    /* the long division has a loop of its own, because it costs registers */
    FOR_OWN (t, n_on) {
        if (e.pending[t] == 0u) continue;
        spikes[t] |= decide_rest(e, image, n_active, g, intensity, denominator, d, (uint)t, e.pending[t]);
    }
}
#endif

/* Draws all spikes of one presentation and returns the number of inputs with ink. Counter word 0 is step |
 * block of four digits << 16; the low bits of d.purpose hold the bundle. Afterwards every work-item may read
 * e.spikes and e.active. Uniform. */
INLINE int encode(struct encoding e, __global const uchar *image, uint intensity, uint denominator, int n_on,
                  struct draw d) {
    const int n_active = find_active(e, image);
    const int n_bundles = (n_active + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE;
#if CLSNN_WG > 1
    fill_planes(e, image, n_active, n_bundles, intensity, denominator);
#endif
    for (int g = 0; g < n_bundles; g++) {
        struct draw of_bundle = d;
        of_bundle.purpose |= (uint)g;
        draw_bundle(e, image, n_active, g, intensity, denominator, n_on, of_bundle);
    }
    BARRIER_GLOBAL();
    return n_active;
}
