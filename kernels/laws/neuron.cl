/* The laws of one neuron for one step of dt: membrane, conductance decay, threshold, inhibitory partner.
 * Values go in and come out: `real` is a vector of neurons, float one neuron. Only + - * and explicit fma are
 * used, so every conforming device computes the same bits. Potentials are relative to rest (abi.h). Departs
 * from the original: no step carries v of an excitatory neuron below the inhibitory reversal. Nothing changes
 * where forward Euler is stable. With more than about 23 inhibitory spikes in one step Euler overshoots,
 * oscillates and blows up; the floor stops that. A potential that starts below the reversal (the protocol's
 * -105 mV) relaxes as it should. */

/* A conductance below CLSNN_G_FLUSH becomes zero. */
INLINE float flush_conductance(float g) {
    return g < CLSNN_G_FLUSH ? 0.0f : g;
}

INLINE real flush_conductances(real g) {
    return g < (real)(CLSNN_G_FLUSH) ? (real)(0.0f) : g;
}

/* dv/dt = ((v_rest - v) + g_exc (e_exc - v) + g_inh (e_inh - v)) / tau_m from old values, regrouped
 * as struct clsnn_params says (abi.h). The caller applies the floor. */
INLINE real integrate_freely(real v, real g_exc, real g_inh, struct clsnn_params p) {
    const real gain = (real)(p.gain_exc);
    const real keep = fma(-gain, g_inh, fma(-gain, g_exc, (real)(p.leak_exc)));
    const real drive = fma((real)(p.drive_exc), g_exc, p.drive_inh * g_inh);
    return fma(keep, v, drive);
}

/* floor is the inhibitory reversal, or the v before the step where that was lower. */
INLINE real stop_at(real next, real floor) {
    return next < floor ? floor : next; /* lets NaN through */
}

INLINE real integrate_exc(real v, real g_exc, real g_inh, real floor, struct clsnn_params p) {
    return stop_at(integrate_freely(v, g_exc, g_inh, p), floor);
}

/* The same step where g_inh is 0. It gives the same bits, because drive_exc * g_exc is never -0. */
INLINE real integrate_exc_alone(real v, real g_exc, real floor, struct clsnn_params p) {
    const real keep = fma((real)(-p.gain_exc), g_exc, (real)(p.leak_exc));
    return stop_at(fma(keep, v, p.drive_exc * g_exc), floor);
}

/* Returns the adaptive threshold, relative to rest. decay_t carries theta from the start of the presentation
 * to this step. */
INLINE float threshold_exc(float theta, float decay_t, struct clsnn_params p) {
    return fma(theta, decay_t, p.thresh_exc);
}

/* The membrane of an inhibitory neuron, which has excitatory input only. The caller skips it while the neuron
 * is refractory, so v is held. */
INLINE float integrate_inh(float v, float g_exc, struct clsnn_params p) {
    const float keep = fma(-p.gain_inh, g_exc, p.leak_inh);
    return fma(keep, v, p.drive_exc_inh * g_exc);
}

/* An inhibitory potential this near to rest (CLSNN_V_FLUSH) becomes rest. */
INLINE int is_at_rest(float v) {
    return fabs(v) < CLSNN_V_FLUSH;
}

/* Returns whether an inhibitory neuron may fire soon. Such a neuron is followed step by step; any other is
 * brought up to date when its partner fires. Below follow_g_inh a potential cannot rise through the
 * threshold. */
INLINE int must_follow_inh(float g_exc, int steps_since_spike, struct clsnn_params p) {
    return g_exc >= p.follow_g_inh || steps_since_spike < p.refrac_inh;
}

/* One step of a followed neuron, since_spike steps after its last spike: parts 1, 2 and 4. Returns whether it
 * fires. */
INLINE int step_followed_inh(float *v, float *g_exc, int since_spike, struct clsnn_params p) {
    int fires = 0;
    if (since_spike >= p.refrac_inh) {
        *v = integrate_inh(*v, *g_exc, p);
        if (is_at_rest(*v)) *v = 0.0f;
        fires = *v > p.thresh_inh;
        if (fires) *v = p.reset_inh;
    }
    *g_exc = flush_conductance(*g_exc * p.keep_g_exc);
    return fires;
}

/* One step of a neuron that is not followed: it is not refractory and cannot fire. */
INLINE void step_unfollowed_inh(float *v, float *g_exc, struct clsnn_params p) {
    const float next = integrate_inh(*v, *g_exc, p);
    *v = is_at_rest(next) ? 0.0f : next;
    *g_exc = flush_conductance(*g_exc * p.keep_g_exc);
}
