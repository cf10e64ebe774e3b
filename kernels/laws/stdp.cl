/* The plasticity of one synapse. A trace decays from its last spike, so it is a table over the steps since
 * then; with pairing all, times its value at that spike. CLSNN_RULE picks a rule's block. A block says what
 * its rule does at an input spike and at a neuron's spike. Another rule is another block (kernels/README.md
 * has the checklist).
 *
 * HAS_PRE_RULE      an input spike changes weights, by depress = eta_pre * y_post
 * CHANGES_SILENT    a neuron's spike changes all its weights, also from inputs without a trace
 * Clipping to [0, w_max] follows each change. w_max scales the last three rules: u = w / w_max. */

/* Returns a trace k steps after its spike; it is zero from its cut-off on. */
INLINE float trace(__global const float *table, int k, int cut) {
    return k < cut ? table[k] : 0.0f;
}

#if CLSNN_RULE == CLSNN_RULE_TRIPLET
/* Diehl & Cook's code: w -= eta_pre * y_post; w += eta_post * x_pre * y2_post, where y2_post is read before
 * this spike sets it. */
#define HAS_PRE_RULE   1
#define CHANGES_SILENT 0
#define READS_Y2       1

#elif CLSNN_RULE == CLSNN_RULE_PAIR
/* Kim & Kim (2020), Eq. 2: w -= eta_pre * y_post; w += eta_post * x_pre. */
#define HAS_PRE_RULE   1
#define CHANGES_SILENT 0
#define READS_Y2       0

#elif CLSNN_RULE == CLSNN_RULE_POWERLAW
/* Diehl & Cook (2015), Eq. 3: no pre rule; w += eta_post * (x_pre - x_tar) * (1 - u)^mu. */
#define HAS_PRE_RULE   0
#define CHANGES_SILENT 1
#define READS_Y2       0

#elif CLSNN_RULE == CLSNN_RULE_SYMMETRIC
/* The same paper: w -= eta_pre * y_post * u^mu; w += eta_post * (x_pre - x_tar) * (1 - u)^mu. */
#define HAS_PRE_RULE   1
#define CHANGES_SILENT 1
#define READS_Y2       0

#elif CLSNN_RULE == CLSNN_RULE_EXPONENTIAL
/* The same paper: no pre rule; w += eta_post * (x_pre * exp(-beta * u) - x_tar * exp(-beta * (1 - u))). */
#define HAS_PRE_RULE   0
#define CHANGES_SILENT 1
#define READS_Y2       0
#endif

/* Returns x^mu; mu is in [0, 4]. */
INLINE float power(float x, int mu) {
    float y = mu > 0 ? x : 1.0f;
    for (int k = 1; k < mu; k++) y *= x;
    return y;
}

/* At an input spike. */
INLINE float depress_weight(float w, float depress, struct clsnn_params p) {
#if CLSNN_RULE == CLSNN_RULE_SYMMETRIC
    const float lower = fma(-depress, power(w * p.per_w_max, p.mu), w);
#else
    const float lower = w - depress;
#endif
    return at_most(at_least(lower, 0.0f), p.w_max);
}

INLINE real clip_weights(real w, float w_max) {
    const real positive = w < (real)(0.0f) ? (real)(0.0f) : w;
    return positive > (real)(w_max) ? (real)(w_max) : positive;
}

#if CHANGES_SILENT
/* The same as power for a block. */
INLINE real powers(real x, int mu) {
    real y = mu > 0 ? x : (real)(1.0f);
    for (int k = 1; k < mu; k++) y *= x;
    return y;
}
#endif

#if CLSNN_WG > 1
/* The same as depress_weight for a block. */
INLINE real depress_weights(real w, real depress, struct clsnn_params p) {
#if CLSNN_RULE == CLSNN_RULE_SYMMETRIC
    return clip_weights(fma(-depress, powers(w * p.per_w_max, p.mu), w), p.w_max);
#else
    return clip_weights(w - depress, p.w_max);
#endif
}
#endif

#if !CHANGES_SILENT
/* At a neuron's spike: w += pre * potentiate. pre is x_pre, potentiate eta_post or eta_post * y2_post. */
INLINE float potentiate_weight(float w, float pre, float potentiate, float w_max) {
    return at_most(at_least(fma(pre, potentiate, w), 0.0f), w_max);
}
#else

#if CLSNN_RULE == CLSNN_RULE_EXPONENTIAL
/* Returns exp(x) for |x| <= 80; a larger |x| counts as 80, and the weight is clipped anyway. With
 * x = n ln 2 + r it is 2^n times the Taylor polynomial of r, which is off by 7e-9 of itself at most. Only fma
 * and + - * are used, so bits are the same everywhere. */
INLINE real exponentials(real x) {
    const real bounded = x < (real)(-80.0f) ? (real)(-80.0f) : x > (real)(80.0f) ? (real)(80.0f) : x;
    const real shifted = fma(bounded, (real)(0x1.715476p+0f), (real)(0x1.8p+23f)); /* n in the lowest bits */
    const real n = shifted - (real)(0x1.8p+23f);
    /* ln 2 in two parts, of which the first times n is exact */
    const real r = fma(n, (real)(-0x1.7f7d1cp-20f), fma(n, (real)(-0x1.62e4p-1f), bounded));
    real y = (real)(0x1.a01a02p-13f);
    y = fma(y, r, (real)(0x1.6c16c2p-10f));
    y = fma(y, r, (real)(0x1.111112p-7f));
    y = fma(y, r, (real)(0x1.555556p-5f));
    y = fma(y, r, (real)(0x1.555556p-3f));
    y = fma(y, r, (real)(0.5f));
    y = fma(y, r, (real)(1.0f));
    y = fma(y, r, (real)(1.0f));
    return y * as_real((as_words(shifted) + 127u) << 23); /* 2^n */
}
#endif

/* At a neuron's spike, for a block of its weights. pre is x_pre. */
INLINE real potentiate_weights(real w, real pre, struct clsnn_params p) {
    const real u = w * p.per_w_max, rest = (real)(1.0f) - u;
#if CLSNN_RULE == CLSNN_RULE_EXPONENTIAL
    const real target = p.x_tar * exponentials(-p.beta * rest);
    const real change = fma(pre, exponentials(-p.beta * u), -target);
#else
    const real change = (pre - (real)(p.x_tar)) * powers(rest, p.mu);
#endif
    return clip_weights(fma((real)(p.eta_post), change, w), p.w_max);
}
#endif
