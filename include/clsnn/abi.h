/* What host and device agree on: sizes, the structs that cross the border, the purposes of random numbers.
 * Read by C11 and, inlined into every kernel source, by OpenCL C 1.2: structs have only 4-byte members, no pointers. */
#ifndef CLSNN_ABI_H
#define CLSNN_ABI_H

#ifdef __OPENCL_C_VERSION__
typedef float clsnn_f32;
typedef int clsnn_i32;
typedef uint clsnn_u32;
typedef ushort clsnn_u16;
#else
#include <stdint.h>
typedef float clsnn_f32;
typedef int32_t clsnn_i32;
typedef uint32_t clsnn_u32;
typedef uint16_t clsnn_u16;
#endif

#define CLSNN_DT_MS       0.5  /* one step; part of the model */
#define CLSNN_N_PRE       784  /* inputs, one a pixel */
#define CLSNN_ROW_ALIGN   16   /* neurons a row is padded to, so that loops have no remainder */
#define CLSNN_BUNDLE      32   /* inputs whose spikes share one word */
#define CLSNN_MAX_BUNDLES 25   /* ceil(784 / 32) */
#define CLSNN_MAX_ON      2000 /* most steps with input: time_on_ms <= 1000; a multiple of 16 */
#define CLSNN_MAX_STEPS   4000 /* most steps of a presentation */
#define CLSNN_MAX_TRACE   3200 /* longest trace table: 16 time constants of 100 ms */
#define CLSNN_MAX_POST    16384
#define CLSNN_MAX_ATTEMPT 255 /* presentations of one image, whatever intensity_step */
#define CLSNN_NEVER                                                                                          \
    (-30000) /* steps since a spike saturate here; longer than every trace and refractory period */
#define CLSNN_DONE_IGNORED (-1) /* launch/train.cl: no network of a launch waits for another */
#define CLSNN_PLANES       12   /* binary digits of a spike probability before its long division begins */
#define CLSNN_EXC_MASKS    2 /* bits for each neuron in a work-group's local memory: a launch's last arguments */
#define CLSNN_INH_MASKS    1
#define CLSNN_PROBE        8 /* neurons whose potentials a replay records */

/* A conductance below this is set to zero in every CLSNN_FLUSH_STEPS-th step of a presentation (excitatory neurons) or in every step
 * (inhibitory), on every device: halving for ever would end in denormals, which CPUs compute up to 100 times slower, and so many steps
 * of the fastest legal decay from here stay above them. With the published constants a conductance this small moves v by less than
 * 4e-9 mV a step (inhibitory neurons 3e-8). */
#define CLSNN_G_FLUSH     0x1p-27f
#define CLSNN_FLUSH_STEPS 32
/* A rescaled weight below this is zero, on every device. */
#define CLSNN_W_FLUSH 0x1p-30f
/* Likewise |v - v_rest| in mV: inhibitory neurons every step, excitatory neurons at the end of a presentation. */
#define CLSNN_V_FLUSH 1e-6f
/* A potential outside this (mV from rest) is a fault of the simulation, NaN included. */
#define CLSNN_V_LIMIT 1e6f

/* Trace cut-offs in time constants. Depression: exp(-10) * 1e-4 = 4.5e-9 is below half an ulp of a weight over 0.125.
 * The others: exp(-16) * 1e-2 = 1.1e-9. The same on every device, so bits stay equal. */
#define CLSNN_CUT_POST1 10
#define CLSNN_CUT_PRE   16
#define CLSNN_CUT_POST2 16

/* What a random number is for: the top byte of counter word 3, so no counter is used twice. */
enum clsnn_purpose {
    CLSNN_RNG_WEIGHTS = 1,
    CLSNN_RNG_TRAIN = 2,
    CLSNN_RNG_LABEL = 3,
    CLSNN_RNG_TEST = 4,
    CLSNN_RNG_ORDER = 5
};

/* Parts of a training presentation, as bits. One kernel does all of them; --profile launches a kernel for each, to time them, which
 * changes no bit. */
#define CLSNN_PHASE_NORMALISE 1
#define CLSNN_PHASE_ENCODE    2
#define CLSNN_PHASE_PRESENT   4
#define CLSNN_PHASE_REST      8
#define CLSNN_PHASE_ALL       15

/* One network's numbers as the kernels use them, derived from struct clsnn_model by clsnn_params_derive. Potentials are kept
 * relative to rest (v - v_rest): decay to rest is then exact in float32, where v itself would stall 8e-4 mV away.
 * One forward Euler step, regrouped for fma:  v' = (leak - gain g_exc - gain g_inh) v + (drive_exc g_exc + drive_inh g_inh). */
struct clsnn_params {
    clsnn_f32 leak_exc;   /* 1 - dt / tau_m */
    clsnn_f32 gain_exc;   /* dt / tau_m, exactly 1 - leak_exc */
    clsnn_f32 drive_exc;  /* gain_exc * (e_exc - v_rest) */
    clsnn_f32 drive_inh;  /* gain_exc * (e_inh - v_rest) */
    clsnn_f32 floor_exc;  /* e_inh - v_rest: no step carries v below the inhibitory reversal */
    clsnn_f32 reset_exc;  /* v_reset - v_rest */
    clsnn_f32 thresh_exc; /* v_thresh - theta_offset - v_rest; theta is added */
    clsnn_f32 leak_inh, gain_inh, drive_exc_inh, reset_inh, thresh_inh; /* the same of inhibitory neurons */
    clsnn_f32 follow_g_inh; /* below this conductance an inhibitory neuron under threshold cannot fire */
    clsnn_f32 keep_g_exc, keep_g_inh; /* 1 - dt / tau_g: conductance kept by a step */
    clsnn_f32 w_exc_inh, w_inh_exc;
    clsnn_f32 w_max, w_norm, w_init_max, w_init_offset;
    clsnn_f32 theta_init;
    clsnn_f32 start_v;                       /* v - v_rest of every neuron before the first image */
    clsnn_i32 refrac_exc, refrac_inh;        /* steps */
    clsnn_i32 n_on, n_steps;                 /* steps with input; of the whole presentation */
    clsnn_i32 cut_pre, cut_post1, cut_post2; /* steps after which a trace is zero */
    clsnn_i32 intensity_start, intensity_step, intensity_max, min_spikes;
    clsnn_u32 rate_denominator; /* P(spike in a step) = pixel * intensity / rate_denominator */
    clsnn_u32 seed_lo, seed_hi;
};

/* One network's tables, made on the host in double precision. */
struct clsnn_tables {
    clsnn_f32 decay[CLSNN_MAX_STEPS]; /* (1 - dt / tau_theta)^(t + 1): theta at step t is theta * decay[t] */
    clsnn_f32
        theta_plus[CLSNN_MAX_STEPS]; /* what a spike at step t adds to theta: theta_plus_mv / decay[t] */
    clsnn_f32 pre[CLSNN_MAX_TRACE];  /* exp(-k dt / tau_pre), k steps after the input's spike */
    clsnn_f32
        depress[CLSNN_MAX_TRACE]; /* eta_pre * exp(-k dt / tau_post1), k steps after the neuron's spike */
    clsnn_f32 potentiate[CLSNN_MAX_TRACE]; /* eta_post * exp(-k dt / tau_post2) */
};

/* The state that one work-group works in, of a network or an evaluation: rows in one buffer, ROW(type, name, elements), n neurons with
 * padding. Networks' slots lie behind each other, and a core that reads ahead of one network's rows would take lines from the core that
 * writes the next one's; so what every step writes stands first, the input spikes, which only encoding writes, last. */
#define CLSNN_STATE_ROWS(ROW, n)                                                                             \
    ROW(clsnn_f32, v_exc, n) /* v relative to rest */                                                        \
    ROW(clsnn_f32, g_exc, n)                                                                                 \
    ROW(clsnn_f32, g_inh, n)                                                                                 \
    ROW(clsnn_f32, threshold, n) /* scratch: lowest of the rest of this presentation, relative to rest */    \
    ROW(clsnn_f32, ahead_v, n)   /* scratch: the state at the end of a window of steps */                    \
    ROW(clsnn_f32, ahead_g_exc, n)                                                                           \
    ROW(clsnn_f32, ahead_g_inh, n)                                                                           \
    ROW(clsnn_i32, last_exc, n) /* step of the last spike; CLSNN_NEVER: none that matters */                 \
    ROW(clsnn_f32, v_inh, n)                                                                                 \
    ROW(clsnn_f32, g_exc_inh, n)                                                                             \
    ROW(clsnn_i32, last_inh, n)                                                                              \
    ROW(clsnn_i32, seen_inh, n)           /* step up to which v_inh and g_exc_inh are computed */            \
    ROW(clsnn_i32, next_inh, n)           /* scratch: step of an inhibitory neuron's next spike */           \
    ROW(clsnn_i32, last_pre, CLSNN_N_PRE) /* step of an input's last spike */                                \
    ROW(clsnn_u16, above_max, n) /* 1: the column may hold weights above w_max, left by rescaling */         \
    ROW(clsnn_u16, counts, n)    /* spikes of this presentation while input is on */                         \
    ROW(clsnn_u16, traced, n)    /* scratch: neurons the pre rule concerns */                                \
    ROW(clsnn_u16, followed, n)  /* scratch: inhibitory neurons followed step by step */                     \
    ROW(clsnn_u32, pending, CLSNN_MAX_ON) /* scratch: draws not yet decided; sums of the steps' spikes */    \
    ROW(clsnn_u32, spikes, CLSNN_MAX_BUNDLES *CLSNN_MAX_ON) /* [group][step]: network/encode.cl */

/* 32-bit words of a row, and of a slot. */
#define CLSNN_ROW_WORDS(type, elements) ((elements) * (int)sizeof(type) / 4)
#define CLSNN_SLOT_WORDS(n)             (CLSNN_STATE_ROWS(CLSNN_ADD_WORDS, (n)) 0)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a term of the sum above */
#define CLSNN_ADD_WORDS(type, name, elements) CLSNN_ROW_WORDS(type, elements) +

/* What evaluation tells of an image: presentations it took, whether it was given up, whether a potential left CLSNN_V_LIMIT: the count is then
 * the first such neuron. */
#define CLSNN_SHOWN_COUNT    0x3fffffffu
#define CLSNN_SHOWN_FAULT    0x40000000u
#define CLSNN_SHOWN_GIVEN_UP 0x80000000u

/* Where a training network stands, and what happened in the last launch. */
struct clsnn_progress {
    clsnn_u32 epoch;    /* of the image on show */
    clsnn_u32 position; /* images of this epoch done with */
    clsnn_u32 attempt;  /* failed presentations of the image on show */
    clsnn_u32 stop;     /* set by the host: the launch leaves the network alone from this position on */
    /* counted from zero in every launch */
    clsnn_u32 presentations; /* retries included */
    clsnn_u32 given_up;      /* images that failed at the highest intensity */
    clsnn_u32
        spikes_lo; /* excitatory spikes of accepted presentations, while input is on; 64 bits in two words */
    clsnn_u32 spikes_hi;
    clsnn_u32 n_active, n_spikes; /* of the presentation under way, between launches of single phases */
    clsnn_i32 fault_neuron;       /* -1, or the first neuron whose potential left CLSNN_V_LIMIT */
};

/* Both sides agree on the sizes, or do not compile. */
typedef char clsnn_params_have_the_agreed_size[sizeof(struct clsnn_params) == 37 * 4 ? 1 : -1];
typedef char clsnn_tables_have_the_agreed_size
    [sizeof(struct clsnn_tables) == (2 * CLSNN_MAX_STEPS + 3 * CLSNN_MAX_TRACE) * 4 ? 1 : -1];
typedef char clsnn_progress_has_the_agreed_size[sizeof(struct clsnn_progress) == 11 * 4 ? 1 : -1];

#endif
