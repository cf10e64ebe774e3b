/* Weights outside the steps: their initial draw, and the rescaling of a neuron's column to a constant sum. */

/* Correctly rounded a / b for positive a and b whose quotient and 1 / b are normal, from + - * and fma alone: division differs
 * between devices (OpenCL allows 2.5 ulp). A linear start and four Newton steps give the reciprocal, one residual step the
 * quotient. Short of a proof: every significand of a sum was tried for w_norm = 78. */
INLINE float divide_exactly(float a, float b) {
    float y = as_float(0x7ef311c7u - as_uint(b));
    for (int step = 0; step < 4; step++) y = fma(y, fma(-b, y, 1.0f), y);
    const float q = a * y;
    return fma(fma(-b, q, a), y, q);
}

/* Rescales column j to the sum w_norm. Four interleaved partial sums, in an order that is the same on every device. Returns
 * whether that left a weight above w_max: rescaling does not clip, the next spikes do. */
INLINE int normalise_column(__global float *w, int n, int j, float w_norm, float w_max) {
    float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
    for (int i = 0; i < CLSNN_N_PRE; i += 4) {
        s0 += w[i * n + j];
        s1 += w[(i + 1) * n + j];
        s2 += w[(i + 2) * n + j];
        s3 += w[(i + 3) * n + j];
    }
    const float sum = (s0 + s1) + (s2 + s3);
    if (sum < 0x1p-100f) return 0; /* a neuron whose weights are all zero stays so; NaN goes on, to be seen */
    const float scale =
        sum < 0x1p125f ? divide_exactly(w_norm, sum) : NAN; /* an infinite weight ends the run as a NaN */
    int over = 0;
    for (int i = 0; i < CLSNN_N_PRE; i++) {
        const float rescaled = w[i * n + j] * scale;
        over |= rescaled > w_max;
        /* inputs that never spike would shrink into denormals */
        w[i * n + j] = rescaled < CLSNN_W_FLUSH ? 0.0f : rescaled;
    }
    return over;
}

/* Before a presentation: a column has changed since it was last rescaled only if its neuron fired in the presentation before, its
 * post1 trace was then above its cut-off, or it held weights to clip; the others already have their sum. Touching all 784 x n
 * weights would cost as much as the presentation. */
INLINE void normalise_changed(struct network net) {
    const int reach = net.p.n_steps + net.p.cut_post1;
    FOR_OWN (j, net.n) {
        if (0 - net.last_exc[j] <= reach || net.over[j]) {
            net.over[j] = (ushort)normalise_column(net.w, net.n, j, net.p.w_norm, net.p.w_max);
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
