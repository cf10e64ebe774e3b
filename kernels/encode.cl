/* An image to the input spikes of one presentation: Poisson rates as independent Bernoulli draws, exactly.
 *
 * The probability of a spike in a step is the fraction m / D, m = pixel * intensity, D = rate_denominator. A uniform number
 * is below it at the first binary digit where the two differ and the fraction has the 1. So one random word decides a digit
 * of 32 inputs at once, all but 2^-12 of them are decided after twelve words (three Philox calls), and the rest go on, digit by
 * digit of the long division, until they are. Integers only: no rounding of the probability, nothing device-dependent.
 * Inputs without ink never spike; the others, in increasing order, are packed into groups of 32. */

/* The inputs of one presentation, in local memory. */
struct encoding {
    __local ushort *active; /* [784] inputs that can spike, increasing */
    /* [CLSNN_MAX_GROUPS][CLSNN_PLANES] digit k of the probabilities of a group's inputs */
    __local uint *planes;
    __local int *counts; /* [CLSNN_WG] scratch */
    __global uint *
        spikes; /* [CLSNN_MAX_GROUPS][CLSNN_MAX_ON] bit b of word [g][t]: input active[32 g + b] spikes at step t */
    __global uint *pending; /* [CLSNN_MAX_ON] scratch: draws not yet decided */
};

/* Lists the inputs with ink. Uniform; returns their number. */
INLINE int find_active(struct encoding e, __global const uchar *image) {
    const int share = (CLSNN_N_PRE + CLSNN_WG - 1) / CLSNN_WG;
    const int first = min(LID * share, CLSNN_N_PRE), last = min(first + share, CLSNN_N_PRE);
    int n_own = 0;
    for (int i = first; i < last; i++) n_own += image[i] != 0;
    e.counts[LID] = n_own;
    BARRIER_LOCAL();
    int at = 0, n_active = 0;
    for (int l = 0; l < CLSNN_WG; l++) {
        if (l < LID) at += e.counts[l];
        n_active += e.counts[l];
    }
    for (int i = first; i < last; i++) {
        if (image[i] != 0) e.active[at++] = (ushort)i;
    }
    BARRIER_LOCAL();
    return n_active;
}

/* Spike probability of the input in lane b of group g, as a numerator over D. */
INLINE uint lane_numerator(struct encoding e, __global const uchar *image, int n_active, int g, int b,
                           uint intensity, uint denominator) {
    const int a = g * CLSNN_GROUP + b;
    return a < n_active ? min((uint)image[e.active[a]] * intensity, denominator) : 0u;
}

/* Compares one binary digit of 32 probabilities with one of 32 uniform numbers: where they differ the draw is decided. */
INLINE void decide_digit(uint digits, uint word, uint *fired, uint *open) {
    *fired |= *open & digits & ~word;
    *open &= ~(digits ^ word);
}

/* Decides the draws of step t that the planes left open. */
INLINE uint decide_rest(struct encoding e, __global const uchar *image, int n_active, int g, uint intensity,
                        uint denominator, struct draw d, uint t, uint open) {
    uint fired = 0u;
    philox4x32_ctr_t words;
    uint remainder[CLSNN_GROUP];
    for (int b = 0; b < CLSNN_GROUP; b++) {
        const uint m = lane_numerator(e, image, n_active, g, b, intensity, denominator);
        remainder[b] = m == denominator ? m : (m << CLSNN_PLANES) % denominator;
    }
    for (int k = CLSNN_PLANES; open != 0u && k < 128; k++) {
        if (k % 4 == 0) words = random_words(d, t | (uint)(k / 4) << 16);
        uint digits = 0u;
        for (int b = 0; b < CLSNN_GROUP; b++) {
            const uint twice = remainder[b] << 1;
            const uint digit = twice >= denominator ? 1u : 0u;
            remainder[b] = twice - (digit ? denominator : 0u);
            digits |= digit << b;
        }
        decide_digit(digits, words.v[k % 4], &fired, &open);
    }
    return fired;
}

/* The first digits of the probabilities of group g's inputs, most significant first: planes[k], bit b. A probability of 1 has the
 * digit 1 for ever. m < 2^14 (255 times the highest intensity), so m << 12 does not overflow. */
INLINE void fill_planes(struct encoding e, __global const uchar *image, int n_active, int g, uint intensity,
                        uint denominator) {
    uint plane[CLSNN_PLANES];
    for (int k = 0; k < CLSNN_PLANES; k++) plane[k] = 0u;
    for (int b = 0; b < CLSNN_GROUP; b++) {
        const uint m = lane_numerator(e, image, n_active, g, b, intensity, denominator);
        const uint digits = min((m << CLSNN_PLANES) / denominator, (1u << CLSNN_PLANES) - 1u);
        for (int k = 0; k < CLSNN_PLANES; k++) plane[k] |= (digits >> (CLSNN_PLANES - 1 - k) & 1u) << b;
    }
    for (int k = 0; k < CLSNN_PLANES; k++) e.planes[g * CLSNN_PLANES + k] = plane[k];
}

/* Draws all spikes of one presentation. Counter word 0 is step | block of four digits << 16; the low bits of d.purpose are
 * free for the group. Uniform; every work-item may read e.spikes and e.active afterwards. Returns the number of inputs with ink. */
INLINE int encode(struct encoding e, __global const uchar *image, uint intensity, uint denominator, int n_on,
                  struct draw d) {
    const int n_active = find_active(e, image);
    const int n_groups = (n_active + CLSNN_GROUP - 1) / CLSNN_GROUP;
    FOR_OWN (g, n_groups) fill_planes(e, image, n_active, g, intensity, denominator);
    BARRIER_LOCAL();
    for (int g = 0; g < n_groups; g++) {
        struct draw of_group = d;
        of_group.purpose |= (uint)g;
        uint plane[CLSNN_PLANES];
        for (int k = 0; k < CLSNN_PLANES; k++) plane[k] = e.planes[g * CLSNN_PLANES + k];
        __global uint *restrict spikes = e.spikes + g * CLSNN_MAX_ON;
        __global uint *restrict pending = e.pending;
#if CLSNN_WG == 1
#pragma clang loop vectorize_width(16) interleave_count(1)
#endif
        FOR_OWN (t, n_on) {
            uint fired = 0u, open = ~0u;
#pragma unroll
            for (int block = 0; block < CLSNN_PLANES / 4; block++) {
                const philox4x32_ctr_t r = random_words(of_group, (uint)t | (uint)block << 16);
                decide_digit(plane[4 * block], r.v[0], &fired, &open);
                decide_digit(plane[4 * block + 1], r.v[1], &fired, &open);
                decide_digit(plane[4 * block + 2], r.v[2], &fired, &open);
                decide_digit(plane[4 * block + 3], r.v[3], &fired, &open);
            }
            spikes[t] = fired;
            pending[t] = open;
        }
        /* lanes beyond the last active input have digits 0 for ever: not open once a random digit was 1, never a spike */
        FOR_OWN_LANES (first, n_on) {
            if (!any_of(*(__global const words *)(pending + first) != 0u)) continue;
            for (int t = first; t < min(first + LANES, n_on); t++) {
                if (pending[t] == 0u) continue;
                spikes[t] |=
                    decide_rest(e, image, n_active, g, intensity, denominator, of_group, (uint)t, pending[t]);
            }
        }
    }
    BARRIER_GLOBAL();
    return n_active;
}
