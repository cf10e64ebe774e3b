/* The laws of one neuron for one step of dt: membrane, conductance decay, threshold, inhibitory partner. Scalars in, scalars
 * out, + - * and explicit fma only, so that every conforming device computes the same bits. Potentials are relative to rest
 * (abi.h). Departs from the original: no step carries v below the inhibitory reversal, which changes nothing where forward Euler is
 * stable, and ends the runaway where it is not: with more than about 23 inhibitory spikes in one step Euler overshoots,
 * oscillates and blows up. A potential that starts below the reversal (the protocol's -105 mV) relaxes as it should. */

/* dg/dt = -g / tau_g, with small values flushed to zero (CLSNN_G_FLUSH). */
static inline float decay_conductance(float g, float keep) {
    return at_least(fma(g, keep, -CLSNN_G_FLUSH), 0.0f);
}

/* dv/dt = ((v_rest - v) + g_exc (e_exc - v) + g_inh (e_inh - v)) / tau_m, from old values. */
static inline float integrate_exc(float v, float g_exc, float g_inh, struct clsnn_params p) {
    const float keep = fma(-p.gain_exc, g_inh, fma(-p.gain_exc, g_exc, p.leak_exc));
    const float drive = fma(p.drive_exc, g_exc, p.drive_inh * g_inh);
    return at_least(fma(keep, v, drive), at_most(p.floor_exc, v));
}

/* Adaptive threshold, relative to rest. decay_t carries theta from the start of the presentation to this step. */
static inline float threshold_exc(float theta, float decay_t, struct clsnn_params p) {
    return fma(theta, decay_t, p.thresh_exc);
}

/* The same membrane with excitatory input only; v is held at reset while refractory. */
static inline float integrate_inh(float v, float g_exc, int steps_since_spike, struct clsnn_params p) {
    const float keep = fma(-p.gain_inh, g_exc, p.leak_inh);
    const float next = fma(keep, v, p.drive_exc_inh * g_exc);
    const float flushed = fabs(next) < CLSNN_V_FLUSH ? 0.0f : next;
    return steps_since_spike < p.refrac_inh ? v : flushed;
}

/* Whether an inhibitory neuron may fire soon and has to be followed step by step; all others are brought up to date when
 * their partner fires next. Below hot_g_inh its potential cannot rise through the threshold. */
static inline int is_hot_inh(float g_exc, int steps_since_spike, struct clsnn_params p) {
    return g_exc >= p.hot_g_inh || steps_since_spike < p.refrac_inh;
}
