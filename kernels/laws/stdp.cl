/* Plasticity of one synapse: rule triplet (Diehl & Cook's code). Traces are nearest-spike, so each is a table over the steps
 * since the last spike; the learning rates are multiplied in. Another rule is another block of these functions. */

/* A trace k steps after its spike; zero from its cut-off on. */
INLINE float trace(__global const float *table, int k, int cut) {
    return k < cut ? table[k] : 0.0f;
}

/* At an input spike: w -= eta_pre * post1. depress holds the product. */
INLINE float depress_weight(float w, float depress, float w_max) {
    return at_most(at_least(w - depress, 0.0f), w_max);
}

/* At a neuron's spike: w += eta_post * pre * post2, post2 read before this spike sets it. */
INLINE float potentiate_weight(float w, float pre, float potentiate, float w_max) {
    return at_most(at_least(fma(pre, potentiate, w), 0.0f), w_max);
}
