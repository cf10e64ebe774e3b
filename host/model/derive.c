/* Derivation: the model's constants become the numbers and tables that kernels read. Divisions, exponentials
 * and logarithms of constants are computed here, once, in double precision. Devices then need only + - * and
 * fma, and agree to the bit. */
#include "model/derive.h"

#include <math.h>

#include <Random123/philox.h>

/* Rounds a time to whole steps. */
static int to_steps(double ms) {
    return (int)lround(ms / CLSNN_DT_MS);
}

/* Returns the steps after which a trace is zero: n_tau time constants, at most a table's length. */
static int cut_off(double tau_ms, int n_tau) {
    const int steps = to_steps(tau_ms * n_tau);
    return steps < CLSNN_MAX_TRACE ? steps : CLSNN_MAX_TRACE;
}

/* Returns follow_g_inh: with less g_exc, an inhibitory neuron at or below threshold cannot rise through it.
 * It cannot while g_exc (e_exc - v_thresh) < v_thresh - v_rest. The bound is half of that, for safety, and at
 * most 1/2, so that the Euler step stays monotone. */
static double lowest_firing_conductance(const struct clsnn_model *m) {
    const double push = m->e_exc_inh_mv - m->v_thresh_inh_mv, pull = m->v_thresh_inh_mv - m->v_rest_inh_mv;
    const double bound = push > 0 ? 0.5 * pull / push : 0.5;
    return bound < 0.5 ? bound : 0.5;
}

/* The learning rates of a weight. Three rules are written for weights in [0, 1]; their change is times
 * w_max. */
struct rates {
    double pre, post;
};

static struct rates rates_of(const struct clsnn_model *m) {
    const bool is_relative = m->laws.rule >= CLSNN_RULE_POWERLAW;
    const struct rates r = {m->eta_pre * (is_relative ? m->w_max : 1),
                            m->eta_post * (is_relative ? m->w_max : 1)};
    return r;
}

void clsnn_params_derive(const struct clsnn_model *m, uint64_t seed, struct clsnn_params *out) {
    struct clsnn_params p = {0};
    p.leak_exc = (float)(1.0 - CLSNN_DT_MS / m->tau_m_exc_ms);
    p.gain_exc = 1.0f - p.leak_exc; /* exactly 1 - leak_exc, so that rest is a fixed point to the bit */
    p.drive_exc = (float)((double)p.gain_exc * (m->e_exc_exc_mv - m->v_rest_exc_mv));
    p.drive_inh = (float)((double)p.gain_exc * (m->e_inh_exc_mv - m->v_rest_exc_mv));
    p.floor_exc = (float)(m->e_inh_exc_mv - m->v_rest_exc_mv);
    p.reset_exc = (float)(m->v_reset_exc_mv - m->v_rest_exc_mv);
    p.thresh_exc = (float)(m->v_thresh_exc_mv - m->theta_offset_mv - m->v_rest_exc_mv);
    p.leak_inh = (float)(1.0 - CLSNN_DT_MS / m->tau_m_inh_ms);
    p.gain_inh = 1.0f - p.leak_inh;
    p.drive_exc_inh = (float)((double)p.gain_inh * (m->e_exc_inh_mv - m->v_rest_inh_mv));
    p.reset_inh = (float)(m->v_reset_inh_mv - m->v_rest_inh_mv);
    p.thresh_inh = (float)(m->v_thresh_inh_mv - m->v_rest_inh_mv);
    p.follow_g_inh = (float)lowest_firing_conductance(m);
    p.keep_g_exc = (float)(1.0 - CLSNN_DT_MS / m->tau_g_exc_ms);
    p.keep_g_inh = (float)(1.0 - CLSNN_DT_MS / m->tau_g_inh_ms);
    p.w_exc_inh = (float)m->w_exc_inh;
    p.w_inh_exc = (float)m->w_inh_exc;
    p.w_max = (float)m->w_max;
    p.w_norm = (float)m->w_norm;
    p.w_init_max = (float)m->w_init_max;
    p.w_init_offset = (float)m->w_init_offset;
    p.theta_init = (float)m->theta_init_mv;
    p.start_v = (float)m->v_start_offset_mv;
    p.refrac_exc = to_steps(m->refrac_exc_ms);
    p.refrac_inh = to_steps(m->refrac_inh_ms);
    p.hold_exc = to_steps(m->hold_exc_ms);
    p.n_on = to_steps(m->time_on_ms);
    p.n_steps = p.n_on + to_steps(m->time_off_ms);
    p.cut_pre = cut_off(m->tau_pre_ms, CLSNN_CUT_PRE);
    p.cut_post1 = cut_off(m->tau_post1_ms, CLSNN_CUT_POST1);
    p.cut_post2 = cut_off(m->tau_post2_ms, CLSNN_CUT_POST2);
    p.x_tar = (float)m->x_tar;
    p.mu = m->mu;
    p.beta = (float)m->beta;
    p.per_w_max = (float)(1.0 / m->w_max);
    const struct rates rates = rates_of(m);
    p.eta_pre = (float)rates.pre;
    p.eta_post = (float)rates.post;
    p.intensity_start = m->intensity_start;
    p.intensity_step = m->intensity_step;
    p.intensity_max = m->intensity_max;
    p.min_spikes = m->min_spikes;
    /* P(spike in a step) = pixel / rate_divisor * intensity Hz * dt: an exact fraction with this
     * denominator */
    p.rate_denominator = (uint32_t)(m->rate_divisor * (int)lround(1000.0 / CLSNN_DT_MS));
    p.seed_lo = (uint32_t)seed;
    p.seed_hi = (uint32_t)(seed >> 32);
    *out = p;
}

void clsnn_tables_derive(const struct clsnn_model *m, const struct clsnn_params *p,
                         struct clsnn_tables *out) {
    for (int t = 0; t < CLSNN_MAX_STEPS; t++) {
        const double decay = t < p->n_steps ? exp((t + 1) * log1p(-CLSNN_DT_MS / m->tau_theta_ms)) : 1.0;
        out->decay[t] = (float)decay;
        out->theta_plus[t] = (float)(m->theta_plus_mv / decay);
    }
    const bool adds_up = m->laws.pairing == CLSNN_PAIRING_ALL;
    const struct rates rates = rates_of(m), in_table = {adds_up ? 1 : rates.pre, adds_up ? 1 : rates.post};
    for (int k = 0; k < CLSNN_MAX_TRACE; k++) {
        const double ms = k * CLSNN_DT_MS;
        out->pre[k] = k < p->cut_pre ? (float)exp(-ms / m->tau_pre_ms) : 0.0f;
        out->depress[k] = k < p->cut_post1 ? (float)(in_table.pre * exp(-ms / m->tau_post1_ms)) : 0.0f;
        out->potentiate[k] = k < p->cut_post2 ? (float)(in_table.post * exp(-ms / m->tau_post2_ms)) : 0.0f;
    }
}

void clsnn_delays_draw(const struct clsnn_laws *laws, uint64_t seed, int n_pre, int n_post, size_t stride,
                       uint8_t *out) {
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    const uint32_t n_choices = (uint32_t)(laws->delay_max - laws->delay_min + 1);
    for (int i = 0; i < n_pre; i++) {
        for (int j = 0; j < n_post; j += 4) {
            const philox4x32_ctr_t counter = {
                {(uint32_t)j / 4u, (uint32_t)i, 0u, (uint32_t)CLSNN_RNG_DELAYS << 24}};
            const philox4x32_ctr_t r = philox4x32_R(10, counter, key);
            for (int k = 0; k < 4 && j + k < n_post; k++)
                out[(size_t)i * stride + (size_t)(j + k)] =
                    (uint8_t)((uint32_t)laws->delay_min + (uint32_t)((uint64_t)r.v[k] * n_choices >> 32));
        }
    }
}
