/* The sizes, structs and purposes of random numbers that host and device share. C11 includes this file; every
 * kernel source has it inlined as OpenCL C 1.2. So structs have only 4-byte members and no pointers. */
#ifndef CLSNN_ABI_H
#define CLSNN_ABI_H

#ifdef __OPENCL_C_VERSION__
typedef float clsnn_f32;
typedef int clsnn_i32;
typedef uint clsnn_u32;
typedef ushort clsnn_u16;
typedef ulong clsnn_u64;
#else
#include <stdint.h>
typedef float clsnn_f32;
typedef int32_t clsnn_i32;
typedef uint32_t clsnn_u32;
typedef uint16_t clsnn_u16;
typedef uint64_t clsnn_u64;
#endif

#define CLSNN_DT_MS       0.5   /* length of a step; part of the model */
#define CLSNN_ROW_ALIGN   16    /* a row is padded to a multiple of this, so loops have no remainder */
#define CLSNN_BUNDLE      32    /* inputs of a bundle: their spikes of one step share a word */
#define CLSNN_MAX_PRE     4096  /* most inputs: images of 64 x 64 pixels */
#define CLSNN_MAX_ON      2000  /* most steps with input (time_on_ms <= 1000); a multiple of 16 */
#define CLSNN_MAX_STEPS   4000  /* most steps of a presentation */
#define CLSNN_MAX_TRACE   3200  /* longest trace table: 16 time constants of 100 ms */
#define CLSNN_MAX_POST    16384 /* most neurons of a network */
#define CLSNN_MAX_ATTEMPT 255   /* most presentations of one image, whatever intensity_step */

/* Inputs, one for each pixel: MNIST's. Kernels are built with -DCLSNN_N_PRE=... for images of other sizes. On
 * the host a network, a program or a model has its own n_pre. */
#ifndef CLSNN_N_PRE
#define CLSNN_N_PRE 784
#endif
/* Bundles of n_pre inputs. */
#define CLSNN_BUNDLES(n_pre) (((n_pre) + CLSNN_BUNDLE - 1) / CLSNN_BUNDLE)
#define CLSNN_MAX_BUNDLES    CLSNN_BUNDLES(CLSNN_N_PRE)

#define CLSNN_NEVER        (-30000) /* oldest step of a last spike: beyond any trace or refractory period */
#define CLSNN_DONE_IGNORED (-1)     /* any_done (launch/train.cl): no network stops because another is done */
#define CLSNN_PLANES       12       /* binary digits of a spike probability that one division yields */
#define CLSNN_EXC_MASKS    2    /* masks, a bit for each excitatory neuron, in the local argument fired_exc */
#define CLSNN_INH_MASKS    1    /* the same of inhibitory neurons, in fired_inh */
#define CLSNN_BOARD_WORDS  16   /* words of a share's slot, network/meeting.cl: a cache line of its own */
#define CLSNN_MAX_SHARES   32   /* most work-groups that share one network in training */
#define CLSNN_LOST         (-2) /* fault_neuron: the work-groups of a network did not run at the same time */
#define CLSNN_RECORDED     5    /* values of a neuron that a replay records in each step */
#define CLSNN_MAX_DELAY    63   /* most steps from an input spike to its arrival: 31.5 ms */

/* The longest delay of a synapse in steps; 0: no delays. Kernels are built with -DCLSNN_DELAY=... for
 * networks with delays. */
#ifndef CLSNN_DELAY
#define CLSNN_DELAY 0
#endif

/* Neurons of a share, where n_shares work-groups share n neurons, padding included. The last may have
 * fewer. */
#define CLSNN_SHARE_LENGTH(n, n_shares) (((n) / CLSNN_ROW_ALIGN + (n_shares)-1) / (n_shares)*CLSNN_ROW_ALIGN)

/* A conductance below this becomes zero on every device: an excitatory neuron's in every CLSNN_FLUSH_STEPS-th
 * step of a presentation, an inhibitory neuron's in every step. Endless decay would reach denormals, which
 * CPUs compute up to 100 times slower. From here, CLSNN_FLUSH_STEPS steps of the fastest legal decay stay
 * above denormals. With the published constants, a conductance this small moves v by less than 4e-9 mV a step
 * (inhibitory: 3e-8). */
#define CLSNN_G_FLUSH     0x1p-27f
#define CLSNN_FLUSH_STEPS 32
/* A rescaled weight below this becomes zero on every device. */
#define CLSNN_W_FLUSH 0x1p-30f
/* A |v - v_rest| (mV) below this becomes zero: an inhibitory neuron's in every step, an excitatory neuron's
 * at the end of a presentation. */
#define CLSNN_V_FLUSH 1e-6f
/* A potential this far from rest (mV), or NaN, is a fault of the simulation. */
#define CLSNN_V_LIMIT 1e6f

/* Traces end after this many time constants, on every device alike, so bits stay equal. y_post: exp(-10) *
 * 1e-4 = 4.5e-9 is below half an ulp of a weight over 0.125. x_pre and y2_post: exp(-16) * 1e-2 = 1.1e-9.
 * With pairing all, traces at a spike may be a few times larger than 1, and what is cut off too. */
#define CLSNN_CUT_POST1 10
#define CLSNN_CUT_PRE   16
#define CLSNN_CUT_POST2 16

/* The purpose of a random number. The top byte of counter word 3, so purposes never share a counter. */
enum clsnn_purpose {
    CLSNN_RNG_WEIGHTS = 1,
    CLSNN_RNG_TRAIN = 2,
    CLSNN_RNG_LABEL = 3,
    CLSNN_RNG_TEST = 4,
    CLSNN_RNG_ORDER = 5,
    CLSNN_RNG_DELAYS = 6
};

/* The choices of laws.def, in its order. Kernels are built for one choice of each law: -DCLSNN_RULE=1. */
#define CLSNN_RULE_TRIPLET      0
#define CLSNN_RULE_PAIR         1
#define CLSNN_RULE_POWERLAW     2
#define CLSNN_RULE_SYMMETRIC    3
#define CLSNN_RULE_EXPONENTIAL  4
#define CLSNN_PAIRING_NEAREST   0
#define CLSNN_PAIRING_ALL       1
#define CLSNN_INHIBITION_LAYER  0
#define CLSNN_INHIBITION_DIRECT 1

/* Phases of a training presentation, as bits. One kernel does all of them. With --profile each phase is a
 * launch of its own, to be timed; results keep every bit. */
#define CLSNN_PHASE_NORMALISE 1
#define CLSNN_PHASE_ENCODE    2
#define CLSNN_PHASE_PRESENT   4
#define CLSNN_PHASE_REST      8
#define CLSNN_PHASE_ALL       15

/* One network's constants as kernels use them. clsnn_params_derive makes them from struct clsnn_model.
 * Potentials are relative to rest (v - v_rest): in float32 they then decay all the way to rest, where v
 * itself would stall 8e-4 mV away. One forward Euler step, regrouped for fma: v' = (leak - gain g_exc - gain
 * g_inh) v + (drive_exc g_exc + drive_inh g_inh) */
struct clsnn_params {
    clsnn_f32 leak_exc;   /* 1 - dt / tau_m */
    clsnn_f32 gain_exc;   /* dt / tau_m, exactly 1 - leak_exc */
    clsnn_f32 drive_exc;  /* gain_exc * (e_exc - v_rest) */
    clsnn_f32 drive_inh;  /* gain_exc * (e_inh - v_rest) */
    clsnn_f32 floor_exc;  /* e_inh - v_rest: no step carries v below the inhibitory reversal */
    clsnn_f32 reset_exc;  /* v_reset - v_rest */
    clsnn_f32 thresh_exc; /* v_thresh - theta_offset - v_rest; kernels add theta */
    clsnn_f32 leak_inh, gain_inh, drive_exc_inh, reset_inh, thresh_inh; /* of inhibitory neurons */
    clsnn_f32 follow_g_inh;           /* with less g_exc an inhibitory neuron below threshold cannot fire */
    clsnn_f32 keep_g_exc, keep_g_inh; /* 1 - dt / tau_g: the share of a conductance that a step keeps */
    clsnn_f32 w_exc_inh, w_inh_exc;
    clsnn_f32 w_max, w_norm, w_init_max, w_init_offset;
    clsnn_f32 theta_init;
    clsnn_f32 start_v;                       /* v - v_rest of both layers before the first image */
    clsnn_i32 refrac_exc, refrac_inh;        /* steps */
    clsnn_i32 hold_exc;                      /* steps after a spike in which v_exc is held at reset */
    clsnn_i32 n_on, n_steps;                 /* steps with input; steps of the whole presentation */
    clsnn_i32 cut_pre, cut_post1, cut_post2; /* steps after which x_pre, y_post, y2_post are zero */
    clsnn_f32 eta_pre, eta_post;             /* pairing all: factors of depress and potentiate */
    clsnn_f32 x_tar, beta, per_w_max;        /* per_w_max: 1 / w_max */
    clsnn_i32 mu;
    clsnn_i32 intensity_start, intensity_step, intensity_max, min_spikes;
    clsnn_u32 rate_denominator; /* P(spike in a step) = pixel * intensity / rate_denominator */
    clsnn_u32 seed_lo, seed_hi;
};

/* One network's tables. clsnn_tables_derive makes them in double precision. k: steps since the trace's last
 * spike. With pairing all, depress and potentiate lack their learning rates, because a trace is its value at
 * the last spike times the table. */
struct clsnn_tables {
    clsnn_f32 decay[CLSNN_MAX_STEPS]; /* (1 - dt / tau_theta)^(t + 1): theta at step t is theta * decay[t] */
    clsnn_f32 theta_plus[CLSNN_MAX_STEPS]; /* theta_plus_mv / decay[t]: a spike at step t adds it to theta */
    clsnn_f32 pre[CLSNN_MAX_TRACE];        /* x_pre: exp(-k dt / tau_pre) */
    clsnn_f32 depress[CLSNN_MAX_TRACE];    /* eta_pre * y_post: eta_pre * exp(-k dt / tau_post1) */
    clsnn_f32 potentiate[CLSNN_MAX_TRACE]; /* eta_post * y2_post: eta_post * exp(-k dt / tau_post2) */
};

/* The rows of a slot: the state that one work-group works in, a network's in training, scratch in evaluation.
 * Slots lie one after the other in one buffer. ROW(type, name, elements); n neurons, padding included; n_pre
 * inputs. Every step writes the first rows; only encoding writes the last, the input spikes. In another
 * order, a core that reads ahead of its own rows would take cache lines from the core that writes the next
 * slot. delay: the longest delay; 0: no row for delays (network/delays.cl). */
#define CLSNN_STATE_ROWS(ROW, n, n_pre, delay)                                                               \
    ROW(clsnn_f32, v_exc, n) /* v - v_rest */                                                                \
    ROW(clsnn_f32, g_exc, n)                                                                                 \
    ROW(clsnn_f32, g_inh, n)                                                                                 \
    ROW(clsnn_f32, threshold, n) /* scratch: lowest threshold until this presentation ends, - v_rest */      \
    ROW(clsnn_f32, ahead_v, n)   /* scratch: v_exc at the end of a window; the next two alike */             \
    ROW(clsnn_f32, ahead_g_exc, n)                                                                           \
    ROW(clsnn_f32, ahead_g_inh, n)                                                                           \
    ROW(clsnn_i32, last_exc, n) /* step of the last spike; CLSNN_NEVER: none that matters */                 \
    ROW(clsnn_f32, v_inh, n)                                                                                 \
    ROW(clsnn_f32, g_exc_inh, n)                                                                             \
    ROW(clsnn_i32, last_inh, n)                                                                              \
    ROW(clsnn_i32, seen_inh, n)  /* step up to which v_inh and g_exc_inh are computed */                     \
    ROW(clsnn_u16, above_max, n) /* 1: weights may be above w_max, or must be rescaled */                    \
    ROW(clsnn_u16, counts, n)    /* spikes of this presentation while input is on */                         \
    ROW(clsnn_u16, traced, n)    /* scratch: list of neurons whose weights the pre rule changes */           \
    ROW(clsnn_u16, followed, n)  /* scratch: list of inhibitory neurons that may fire soon */                \
    ROW(clsnn_i32, last_pre, CLSNN_ALIGNED(n_pre)) /* step of an input's last spike */                       \
    ROW(clsnn_f32, x_pre, CLSNN_ALIGNED(n_pre))    /* pairing all: traces right after the last spike */      \
    ROW(clsnn_f32, y_post, n)                                                                                \
    ROW(clsnn_f32, y2_post, n)                                                                               \
    ROW(clsnn_f32, arrivals, CLSNN_ARRIVALS(delay) * (n)) /* scratch: sums of weights under way */           \
    ROW(clsnn_u64, recent, CLSNN_DELAYED(delay, n_pre)) /* scratch: an input's latest spikes, a bit each */  \
    ROW(clsnn_i32, last_before, CLSNN_DELAYED(delay, n_pre)) /* scratch: its last spike before them */       \
    ROW(clsnn_u32, under_way, CLSNN_SENT(delay) * CLSNN_ALIGNED(n_pre)) /* scratch of cpu/: spikes */        \
    ROW(clsnn_u32, due, (delay) ? CLSNN_DUE_STEPS *CLSNN_DUE : 0) /* scratch of cpu/: lists of synapses */   \
    ROW(clsnn_u32, pending, CLSNN_MAX_ON) /* scratch: open draws; then, in gpu/, fours up to each step */    \
    ROW(clsnn_u32, spikes, CLSNN_BUNDLES(n_pre) * CLSNN_MAX_ON) /* [bundle][step]: network/encode.cl */

/* elements, padded to CLSNN_ROW_ALIGN: every row begins at such a place. */
#define CLSNN_ALIGNED(elements) (((elements) + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN * CLSNN_ROW_ALIGN)
/* Elements of rows for delays. ARRIVALS: the steps in which weights under way arrive.
 * SENT: the steps whose input spikes the queue under_way holds, from one flush to the next. */
#define CLSNN_ARRIVALS(delay)       ((delay) ? CLSNN_FLUSH_STEPS + (delay) : 0)
#define CLSNN_SENT(delay)           ((delay) ? CLSNN_FLUSH_STEPS + (delay) + 1 : 0)
#define CLSNN_DELAYED(delay, n_pre) ((delay) ? CLSNN_ALIGNED(n_pre) : 0)
#define CLSNN_DUE_STEPS             64  /* a power of two above the longest delay */
#define CLSNN_DUE                   256 /* most arrivals at traced neurons that a step's list holds */
/* A row and a slot in 32-bit words. */
#define CLSNN_ROW_WORDS(type, elements)   ((elements) * (int)sizeof(type) / 4)
#define CLSNN_SLOT_WORDS(n, n_pre, delay) (CLSNN_STATE_ROWS(CLSNN_ADD_WORDS, (n), (n_pre), (delay)) 0)
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a term of the sum above */
#define CLSNN_ADD_WORDS(type, name, elements) CLSNN_ROW_WORDS(type, elements) +

/* The kernel evaluate reports one word for each image. Its count is the number of presentations that the
 * image took; with CLSNN_SHOWN_FAULT, the first neuron whose potential left CLSNN_V_LIMIT.
 * CLSNN_SHOWN_GIVEN_UP: no presentation had min_spikes spikes. */
#define CLSNN_SHOWN_COUNT    0x3fffffffu
#define CLSNN_SHOWN_FAULT    0x40000000u
#define CLSNN_SHOWN_GIVEN_UP 0x80000000u

/* How far a network is in training, and counts of the last launch. */
struct clsnn_progress {
    clsnn_u32 epoch;    /* of the image on show, from 0 */
    clsnn_u32 position; /* images of this epoch that are finished */
    clsnn_u32 attempt;  /* failed presentations of the image on show */
    clsnn_u32 stop;     /* the launch stops the network at this position; the host sets it */
    /* every launch counts these four from zero */
    clsnn_u32 presentations; /* retries included */
    clsnn_u32 given_up;      /* images that failed at the highest intensity */
    clsnn_u32 spikes_lo;     /* excitatory spikes of accepted presentations while input is on: low word */
    clsnn_u32 spikes_hi;     /* the same: high word */
    clsnn_u32 n_active, n_spikes; /* --profile: of the presentation under way, kept between phases */
    clsnn_i32 fault_neuron;       /* -1, CLSNN_LOST, or the first neuron whose potential left CLSNN_V_LIMIT */
};

/* Host and kernels compile only where these sizes hold. */
typedef char clsnn_params_have_the_agreed_size[sizeof(struct clsnn_params) == 44 * 4 ? 1 : -1];
typedef char clsnn_tables_have_the_agreed_size
    [sizeof(struct clsnn_tables) == (2 * CLSNN_MAX_STEPS + 3 * CLSNN_MAX_TRACE) * 4 ? 1 : -1];
typedef char clsnn_progress_has_the_agreed_size[sizeof(struct clsnn_progress) == 11 * 4 ? 1 : -1];

#endif
