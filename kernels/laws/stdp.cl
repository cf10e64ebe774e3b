/* The plasticity of one synapse: rule triplet (Diehl & Cook's code). Traces are nearest-spike, so each is a
 * table over the steps since the last spike. The tables depress and potentiate contain the learning rates.
 * Another rule is another set of these functions (kernels/README.md has the checklist). */

/* Returns a trace k steps after its spike; it is zero from its cut-off on. */
INLINE float trace(__global const float *table, int k, int cut) {
    return k < cut ? table[k] : 0.0f;
}

/* At an input spike: w -= eta_pre * y_post. depress is that product. */
INLINE float depress_weight(float w, float depress, float w_max) {
    return at_most(at_least(w - depress, 0.0f), w_max);
}

#if CLSNN_WG > 1
/* The same for a block. */
INLINE real depress_weights(real w, real depress, float w_max) {
    const real lower = w - depress, positive = lower < (real)(0.0f) ? (real)(0.0f) : lower;
    return positive > (real)(w_max) ? (real)(w_max) : positive;
}
#endif

/* At a neuron's spike: w += eta_post * x_pre * y2_post. pre is x_pre; potentiate is eta_post * y2_post, read
 * before this spike sets y2_post. */
INLINE float potentiate_weight(float w, float pre, float potentiate, float w_max) {
    return at_most(at_least(fma(pre, potentiate, w), 0.0f), w_max);
}
