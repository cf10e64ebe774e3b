/* Weights outside the steps: their initial draw, and the rescaling of a neuron's column to a constant sum. */

/* Correctly rounded a / b for positive a and b whose quotient and 1 / b are normal, from + - * and fma alone: division differs
 * between devices (OpenCL allows 2.5 ulp). A linear start and four Newton steps give the reciprocal, one residual step the
 * quotient. Short of a proof: every significand of a sum was tried for w_norm = 78. */
INLINE real divide_exactly(real a, real b) {
    real y = as_real(0x7ef311c7u - as_words(b));
    for (int step = 0; step < 4; step++) y = fma(y, fma(-b, y, (real)(1.0f)), y);
    const real q = a * y;
    return fma(fma(-b, q, a), y, q);
}

/* A row's weights times scale; those below flush become zero. */
INLINE real rescale_weights(__global float *w, real scale, real flush) {
    const real rescaled = LOAD(w, 0) * scale;
    STORE(rescaled < flush ? (real)(0.0f) : rescaled, w, 0);
    return rescaled;
}

/* Rescales LANES columns, of which some have changed, to the sum w_norm: the others are multiplied by 1, which costs nothing, since a
 * row's lanes share a cache line. Four interleaved partial sums, in an order that is the same on every device.
 * Returns which columns then hold a weight above w_max: rescaling does not clip, the next spikes do. */
INLINE flags normalise_columns(__global float *w, int n, flags changed, float w_norm, float w_max) {
    real s0 = (real)(0.0f), s1 = s0, s2 = s0, s3 = s0;
    for (int i = 0; i < CLSNN_N_PRE; i += 4) {
        s0 += LOAD(w, i * n);
        s1 += LOAD(w, (i + 1) * n);
        s2 += LOAD(w, (i + 2) * n);
        s3 += LOAD(w, (i + 3) * n);
    }
    const real sum = (s0 + s1) + (s2 + s3);
    /* a neuron whose weights are all zero stays so; NaN goes on, to be seen; an infinite weight ends the run as a NaN */
    const flags stays = !changed | (sum < 0x1p-100f);
    const real exact = sum < 0x1p125f ? divide_exactly((real)(w_norm), sum) : (real)(NAN);
    const real scale = stays ? (real)(1.0f) : exact;
    /* inputs that never spike would shrink into denormals */
    const real flush = stays ? (real)(0.0f) : (real)(CLSNN_W_FLUSH);
    real m0 = (real)(0.0f), m1 = m0, m2 = m0, m3 = m0; /* largest weights */
    for (int i = CLSNN_N_PRE - 4; i >= 0; i -= 4) {    /* backwards: the last rows are still in the cache */
        const real a = rescale_weights(w + i * n, scale, flush),
                   b = rescale_weights(w + (i + 1) * n, scale, flush);
        const real c = rescale_weights(w + (i + 2) * n, scale, flush),
                   d = rescale_weights(w + (i + 3) * n, scale, flush);
        m0 = a > m0 ? a : m0;
        m1 = b > m1 ? b : m1;
        m2 = c > m2 ? c : m2;
        m3 = d > m3 ? d : m3;
    }
    return (m0 > w_max) | (m1 > w_max) | (m2 > w_max) | (m3 > w_max);
}

/* Before a presentation: a column has changed since it was last rescaled only if its neuron fired in the presentation before, its
 * post1 trace was then above its cut-off, or it held weights to clip; the others already have their sum. Touching all 784 x n
 * weights would cost as much as the presentation. */
INLINE void normalise_changed(struct network net) {
    const int reach = net.p.n_steps + net.p.cut_post1;
    FOR_OWN_LANES (k, net.n) {
        const flags fired_lately = 0 - *(__global const flags *)(net.last_exc + k) <= reach;
        const flags changed = fired_lately | (LOAD_SHORTS(net.over, k) != 0);
        if (any_of(changed)) {
            const flags over = normalise_columns(net.w + k, net.n, changed, net.p.w_norm, net.p.w_max);
            STORE_SHORTS(over & 1, net.over, k);
        }
    }
    BARRIER_GLOBAL();
}

/* Draws the initial weights w_init_max * (U[0,1) + w_init_offset) of network b; padding columns are 0.
 * NDRange: (784), any local size. */
__kernel void init_weights(__global const struct clsnn_params *params, __global float *w, int n, int n_post,
                           int b) {
    const int i = (int)get_global_id(0);
    if (i >= CLSNN_N_PRE) return;
    const struct clsnn_params p = params[b];
    __global float *row = w + ((size_t)b * CLSNN_N_PRE + (size_t)i) * (size_t)n;
    const struct draw d = {p.seed_lo, p.seed_hi, (uint)i, 0u, (uint)CLSNN_RNG_WEIGHTS << 24};
    for (int j = 0; j < n; j += 4) {
        const philox4x32_ctr_t r = random_words(d, (uint)j / 4u);
        for (int k = 0; k < 4; k++) {
            const float u = (float)(r.v[k] >> 8) * 0x1p-24f;
            row[j + k] = j + k < n_post ? p.w_init_max * (u + p.w_init_offset) : 0.0f;
        }
    }
}
