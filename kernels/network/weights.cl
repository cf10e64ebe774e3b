/* Weights outside the steps: the initial draw, and the rescaling of a neuron's column to a constant sum. */

/* Returns a / b for positive a and b whose quotient and 1 / b are normal. It uses + - * and fma alone,
 * because OpenCL's division may be off by 2.5 ulp. A linear start and four Newton steps give the reciprocal;
 * one residual step gives the quotient. Every significand of a sum was tried for fourteen w_norm, 78 among
 * them: the quotient is correctly rounded. The exception is the significand 0x1.fffffe for w_norm = 1 and 64,
 * where it is 1 ulp off, as on all devices. */
INLINE real divide(real a, real b) {
    real y = as_real(0x7ef311c7u - as_words(b));
    for (int step = 0; step < 4; step++) y = fma(y, fma(-b, y, (real)(1.0f)), y);
    const real q = a * y;
    return fma(fma(-b, q, a), y, q);
}

/* Returns the factor that brings a column from `sum` to w_norm. Rescaled weights below *flush become zero:
 * weights of inputs that never spike would shrink into denormals. A column of zeros stays as it is, and every
 * column where w_norm is 0: a factor of 1 still finds weights above w_max. NaN
 * passes through, to be seen. An infinite weight becomes NaN and ends the run. */
INLINE real scale_of(real sum, flags changed, float w_norm, real *flush) {
    *flush = (real)(0.0f);
    if (w_norm == 0.0f) return (real)(1.0f);
    const flags stays = !changed | (sum < 0x1p-100f);
    const real exact = sum < 0x1p125f ? divide((real)(w_norm), sum) : (real)(NAN);
    *flush = stays != 0 ? (real)(0.0f) : (real)(CLSNN_W_FLUSH);
    return stays != 0 ? (real)(1.0f) : exact;
}

/* The local memory of rescaling, for work-groups of many. */
struct sums {
    __local float *parts;      /* [COLUMNS][4] partial sums */
    __local int *is_above_max; /* [COLUMNS] */
    __local int *n_changed;
};
#define COLUMNS ((CLSNN_WG + 3) / 4) /* columns at a time: one work-item for each partial sum */

/* Returns which columns of a block may have changed since they were last rescaled. A column changes only if
 * its neuron fired in the presentation before, its y_post had not ended then, or its weights needed clipping.
 * All other columns already have their sum; touching all weights would cost as much as the
 * presentation. */
INLINE flags are_changed(struct network net, int k) {
    const int reach = net.p.n_steps + net.p.cut_post1;
    const flags fired_lately = 0 - *(__global const flags *)(net.last_exc + k) <= reach;
    return fired_lately | (LOAD_SHORTS(net.above_max, k) != 0);
}

/* normalise_changed runs before every training presentation. It brings the changed columns to the sum w_norm.
 * A sum is four interleaved partial sums, added in the same order on every device. Rescaling does not clip;
 * the next spikes do. So net.above_max marks the columns that hold a weight above w_max. */
#if CLSNN_WG == 1
/* Multiplies a row's weights by scale. Results below flush become zero. */
INLINE real rescale_weights(__global float *w, real scale, real flush) {
    const real rescaled = LOAD(w, 0) * scale;
    STORE(rescaled < flush ? (real)(0.0f) : rescaled, w, 0);
    return rescaled;
}

#define WHOLE_FOURS (CLSNN_N_PRE / 4 * 4) /* rows in groups of four; up to three more follow */

/* Rescales the changed columns of one block. Unchanged columns are multiplied by 1, which costs nothing,
 * since a row's lanes share a cache line. Returns which columns then hold a weight above w_max. */
INLINE flags normalise_columns(__global float *w, int n, flags changed, float w_norm, float w_max) {
    real s0 = (real)(0.0f), s1 = s0, s2 = s0, s3 = s0;
    for (int i = 0; i < WHOLE_FOURS; i += 4) {
        s0 += LOAD(w, i * n);
        s1 += LOAD(w, (i + 1) * n);
        s2 += LOAD(w, (i + 2) * n);
        s3 += LOAD(w, (i + 3) * n);
    }
    if (WHOLE_FOURS < CLSNN_N_PRE) s0 += LOAD(w, WHOLE_FOURS * n);
    if (WHOLE_FOURS + 1 < CLSNN_N_PRE) s1 += LOAD(w, (WHOLE_FOURS + 1) * n);
    if (WHOLE_FOURS + 2 < CLSNN_N_PRE) s2 += LOAD(w, (WHOLE_FOURS + 2) * n);
    const real sum = (s0 + s1) + (s2 + s3);
    real flush;
    const real scale = scale_of(sum, changed, w_norm, &flush);
    real m0 = (real)(0.0f), m1 = m0, m2 = m0, m3 = m0; /* largest weights */
    for (int i = CLSNN_N_PRE - 1; i >= WHOLE_FOURS; i--) {
        const real a = rescale_weights(w + i * n, scale, flush);
        m0 = a > m0 ? a : m0;
    }
    for (int i = WHOLE_FOURS - 4; i >= 0; i -= 4) { /* backwards: the last rows are still in the cache */
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

INLINE void normalise_changed(struct network net, struct sums sums) {
    (void)sums;
    FOR_OWN_LANES (k, net.n) {
        const flags changed = are_changed(net, k);
        if (any_of(changed)) {
            const flags above_max =
                normalise_columns(net.w + k, ROW_LENGTH(net), changed, net.p.w_norm, net.p.w_max);
            STORE_SHORTS(above_max & 1, net.above_max, k);
        }
    }
}

#else
#define RESCALED 8 /* weights that are loaded at once for rescaling */

/* Returns partial sum `part` of a column; w is its first weight. */
INLINE float sum_column(__global const float *w, int n, int part) {
    float sum = 0.0f;
    /* Unrolled, so that many loads are under way at once. Intel's CPU runtime (2026.22) would then add in
     * another order. */
#ifndef cl_intel_vec_len_hint
#pragma unroll 14
#endif
    for (int i = part; i < CLSNN_N_PRE; i += 4) sum += w[i * n];
    return sum;
}

/* Uniform. net.traced holds the list of changed columns meanwhile. */
INLINE void normalise_changed(struct network net, struct sums sums) {
    if (LID == 0) *sums.n_changed = 0;
    BARRIER_LOCAL();
    FOR_OWN_LANES (k, net.n) {
        const flags changed = are_changed(net, k);
        if (!any_of(changed)) continue;
        const int are[LANES] = {changed.s0, changed.s1, changed.s2, changed.s3};
#pragma unroll
        for (int b = 0; b < LANES; b++) {
            if (are[b]) net.traced[ATOMIC_INC(sums.n_changed)] = (ushort)(k + b);
        }
    }
    BARRIER_GLOBAL();
    const int n_changed = *sums.n_changed;
    for (int first = 0; first < n_changed; first += COLUMNS) {
        const int n_columns = min(COLUMNS, n_changed - first);
        int width = 1; /* n_columns, rounded up to a power of two */
        while (width < n_columns) width *= 2;
        FOR_OWN (x, 4 * n_columns)
            sums.parts[x] = sum_column(net.w + net.traced[first + x / 4], ROW_LENGTH(net), x & 3);
        FOR_OWN (c, COLUMNS) sums.is_above_max[c] = 0;
        BARRIER_GLOBAL();
        const int c = LID & (width - 1);
        if (c < n_columns) {
            __local const float *s = sums.parts + 4 * c;
            __global float *w = net.w + net.traced[first + c];
            real flushes;
            const float scale =
                scale_of((real)((s[0] + s[1]) + (s[2] + s[3])), (flags)(-1), net.p.w_norm, &flushes).s0;
            const float flush = flushes.s0;
            const int stride = CLSNN_WG / width;
            int is_above_max = 0;
            for (int i = LID / width; i < CLSNN_N_PRE; i += RESCALED * stride) {
                float weight[RESCALED];
#pragma unroll
                for (int q = 0; q < RESCALED; q++) {
                    if (i + q * stride < CLSNN_N_PRE) weight[q] = w[(i + q * stride) * ROW_LENGTH(net)];
                }
#pragma unroll
                for (int q = 0; q < RESCALED; q++) {
                    if (i + q * stride >= CLSNN_N_PRE) continue;
                    const float rescaled = weight[q] * scale;
                    w[(i + q * stride) * ROW_LENGTH(net)] = rescaled < flush ? 0.0f : rescaled;
                    is_above_max |= rescaled > net.p.w_max;
                }
            }
            if (is_above_max) ATOMIC_OR(&sums.is_above_max[c], 1);
        }
        BARRIER_LOCAL();
        if (LID < n_columns) net.above_max[net.traced[first + LID]] = (ushort)sums.is_above_max[LID];
        BARRIER_LOCAL(); /* is_above_max and parts are written again in the next round */
    }
    BARRIER_GLOBAL();
}
#endif

/* Draws the initial weights of network b: w_init_max * (U[0,1) + w_init_offset). Padding columns are 0.
 * NDRange: (CLSNN_N_PRE), any local size. */
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
