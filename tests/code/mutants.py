#!/usr/bin/env python3
"""Plants faults in the kernels, one at a time, and sees that the tests find them.

A row of FAULTS replaces one text of one file. The text must occur exactly once, so a row that no longer
fits the kernels stops the script. The script copies the tree to a scratch folder and writes the fault there.
It embeds the kernel sources, links the tests, and runs stages of tests until one fails: the row's own stage
first, then the others by cost. Exits with 1 if the tests catch fewer than 95 % of the faults, or if they fail
without a fault.

Usage: mutants.py [--all | --sample N | --check | ID...] [--scratch DIR] [--meson-arg ARG]..."""

import argparse
import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
COPIED = ["kernels", "include", "host", "bench", "tests", "subprojects", "datasets", "meson.build",
          "meson_options.txt"]
WANTED = 0.95
# Seconds of processor time a run; a busy machine does not use them up. The limit catches a fault that makes a
# kernel run for ever.
LIMIT_S = 240

# name: test program, patterns of its tests (a run each), largest work-group. Stages stand in order of cost.
# The device's compiler is slow, and slowest for work-groups of many.
STAGES = {
    "replay": ("replay", ["every_scenario*", "a_training*"], 1),
    "plain": ("plain", ["test_sizes", "test_other*", "test_builds"], 1),
    "closed": ("replay", ["the_pair*", "every_rule*"], 1),
    "rules": ("replay", ["every_law*"], 1),
    "options": ("plain", ["test_laws", "test_short*"], 1),
    "delays": ("replay", ["delays*"], 1),
    "laws": ("laws", ["*"], 1),
    "encode": ("encode", ["every_bit*", "evaluation*", "training*", "certain*"], 1),
    "identity": ("identity", ["dark*", "attempts*", "positions*", "a_network*", "seeds*", "an_eval*",
                              "evaluation*", "launches*"], 1),
    "delays16": ("replay", ["delays*"], 16),
    "closed16": ("replay", ["the_pair*", "every_rule*"], 16),
    "rules16": ("replay", ["every_law*"], 16),
    "options16": ("plain", ["test_laws", "test_short*"], 16),
    "replay16": ("replay", ["every_scenario*"], 16),
    "encode16": ("encode", ["training*", "every_bit*"], 16),
    "laws16": ("laws", ["silence*", "weights_above*", "columns*", "a_weight_counts*"], 16),
    "identity16": ("identity", ["odd*", "crowded*", "work_groups*", "dark*", "evaluation*"], 16),
    "oclgrind16": ("oclgrind", [], 16),
}

# id, file, text, its replacement, first stage
FAULTS = [
    # the laws of a neuron
    ("flush-dropped", "laws/neuron.cl",
     "return g < CLSNN_G_FLUSH ? 0.0f : g;",
     "return g;",
     "laws"),
    ("flush-inverted", "laws/neuron.cl",
     "return g < CLSNN_G_FLUSH ? 0.0f : g;",
     "return g > CLSNN_G_FLUSH ? 0.0f : g;",
     "replay"),
    ("inhibition-sign", "laws/neuron.cl",
     "fma(-gain, g_inh,",
     "fma(gain, g_inh,",
     "replay"),
    ("excitation-sign", "laws/neuron.cl",
     "fma(-gain, g_exc,",
     "fma(gain, g_exc,",
     "replay"),
    ("inhibition-drive", "laws/neuron.cl",
     "p.drive_inh * g_inh",
     "p.drive_exc * g_inh",
     "replay"),
    ("leak-of-the-other-layer", "laws/neuron.cl",
     "fma(-gain, g_exc, (real)(p.leak_exc))",
     "fma(-gain, g_exc, (real)(p.leak_inh))",
     "replay"),
    ("floor-dropped", "laws/neuron.cl",
     "return next < floor ? floor : next; /* lets NaN through */",
     "return next;",
     "laws"),
    ("floor-hides-nan", "laws/neuron.cl",
     "return next < floor ? floor : next; /* lets NaN through */",
     "return fmax(next, floor);",
     "laws"),
    ("threshold-without-decay", "laws/neuron.cl",
     "return fma(theta, decay_t, p.thresh_exc);",
     "return theta + p.thresh_exc;",
     "plain"),
    ("theta-sign", "laws/neuron.cl",
     "return fma(theta, decay_t, p.thresh_exc);",
     "return fma(-theta, decay_t, p.thresh_exc);",
     "replay"),
    ("inhibitory-gain", "laws/neuron.cl",
     "fma(-p.gain_inh, g_exc, p.leak_inh)",
     "fma(-p.gain_exc, g_exc, p.leak_inh)",
     "replay"),
    ("inhibitory-leak", "laws/neuron.cl",
     "fma(-p.gain_inh, g_exc, p.leak_inh)",
     "fma(-p.gain_inh, g_exc, p.leak_exc)",
     "replay"),
    ("inhibitory-drive", "laws/neuron.cl",
     "p.drive_exc_inh * g_exc",
     "p.drive_exc * g_exc",
     "replay"),
    ("rest-inverted", "laws/neuron.cl",
     "return fabs(v) < CLSNN_V_FLUSH;",
     "return fabs(v) > CLSNN_V_FLUSH;",
     "replay"),
    ("rest-never", "laws/neuron.cl",
     "return fabs(v) < CLSNN_V_FLUSH;",
     "return 0;",
     "laws"),
    ("followed-without-refractory", "laws/neuron.cl",
     "return g_exc >= p.follow_g_inh || steps_since_spike < p.refrac_inh;",
     "return g_exc >= p.follow_g_inh;",
     "plain"),
    ("followed-too-late", "laws/neuron.cl",
     "g_exc >= p.follow_g_inh",
     "g_exc >= 30.0f * p.follow_g_inh",
     "replay"),
    # plasticity
    ("trace-step-early", "laws/stdp.cl",
     "k < cut ? table[k]",
     "k < cut ? table[max(k - 1, 0)]",
     "replay"),
    ("triplet-without-pre-rule", "laws/stdp.cl",
     "#define HAS_PRE_RULE   1\n#define CHANGES_SILENT 0\n#define READS_Y2       1",
     "#define HAS_PRE_RULE   0\n#define CHANGES_SILENT 0\n#define READS_Y2       1",
     "closed"),
    ("triplet-without-y2", "laws/stdp.cl",
     "#define CHANGES_SILENT 0\n#define READS_Y2       1",
     "#define CHANGES_SILENT 0\n#define READS_Y2       0",
     "closed"),
    ("pair-without-pre-rule", "laws/stdp.cl",
     "#define HAS_PRE_RULE   1\n#define CHANGES_SILENT 0\n#define READS_Y2       0",
     "#define HAS_PRE_RULE   0\n#define CHANGES_SILENT 0\n#define READS_Y2       0",
     "closed"),
    ("pair-reads-y2", "laws/stdp.cl",
     "#define CHANGES_SILENT 0\n#define READS_Y2       0",
     "#define CHANGES_SILENT 0\n#define READS_Y2       1",
     "closed"),
    ("powerlaw-forgets-mu", "laws/stdp.cl",
     "(pre - (real)(p.x_tar)) * powers(rest, p.mu)",
     "(pre - (real)(p.x_tar)) * rest",
     "closed"),
    ("powerlaw-target-sign", "laws/stdp.cl",
     "(pre - (real)(p.x_tar))",
     "(pre + (real)(p.x_tar))",
     "closed"),
    ("powerlaw-of-the-wrong-bound", "laws/stdp.cl",
     "powers(rest, p.mu)",
     "powers(u, p.mu)",
     "closed"),
    ("symmetric-forgets-the-weight", "laws/stdp.cl",
     "const float lower = fma(-depress, power(w * p.per_w_max, p.mu), w);",
     "const float lower = w - depress;",
     "closed"),
    ("symmetric-without-pre-rule", "laws/stdp.cl",
     "#define HAS_PRE_RULE   1\n#define CHANGES_SILENT 1",
     "#define HAS_PRE_RULE   0\n#define CHANGES_SILENT 1",
     "closed"),
    ("symmetric-power-of-one-more", "laws/stdp.cl",
     "for (int k = 1; k < mu; k++) y *= x;\n    return y;\n}\n\n/* At an input spike. */",
     "for (int k = 0; k < mu; k++) y *= x;\n    return y;\n}\n\n/* At an input spike. */",
     "closed"),
    ("group-symmetric-forgets-the-weight", "laws/stdp.cl",
     "clip_weights(fma(-depress, powers(w * p.per_w_max, p.mu), w), p.w_max);",
     "clip_weights(w - depress, p.w_max);",
     "rules16"),
    ("exponential-bounds-swapped", "laws/stdp.cl",
     "p.x_tar * exponentials(-p.beta * rest)",
     "p.x_tar * exponentials(-p.beta * u)",
     "closed"),
    ("exponential-without-last-term", "laws/stdp.cl",
     "    y = fma(y, r, (real)(0.5f));\n",
     "",
     "closed"),
    ("exponential-grows-with-the-weight", "laws/stdp.cl",
     "fma(pre, exponentials(-p.beta * u), -target);",
     "fma(pre, exponentials(p.beta * u), -target);",
     "closed"),
    ("relative-weights-unscaled", "laws/stdp.cl",
     "const real u = w * p.per_w_max, rest",
     "const real u = w, rest",
     "closed"),
    ("silent-inputs-left-out", "cpu/step.cl",
     "i < CLSNN_N_PRE; i += LANES) {\n        __global float *column",
     "i < CLSNN_N_PRE / 2; i += LANES) {\n        __global float *column",
     "rules"),
    ("pre-rule-where-there-is-none", "laws/stdp.cl",
     "no pre rule; w += eta_post * (x_pre - x_tar) * (1 - u)^mu. */\n#define HAS_PRE_RULE   0",
     "no pre rule; w += eta_post * (x_pre - x_tar) * (1 - u)^mu. */\n#define HAS_PRE_RULE   1",
     "options"),
    ("pairs-of-x-pre-forgotten", "network/layers.cl",
     "return ADDS_UP ? net.x_pre[i] * x : x;",
     "return x;",
     "closed"),
    ("pairs-of-y-post-forgotten", "network/layers.cl",
     "net.p.eta_pre * (net.y_post[j] * y) : y",
     "net.p.eta_pre * y : y",
     "closed"),
    ("pairs-of-y2-post-forgotten", "network/layers.cl",
     "net.p.eta_post * (net.y2_post[j] * y) : y",
     "net.p.eta_post * y : y",
     "rules"),
    ("pairs-start-anew", "network/layers.cl",
     "net.x_pre[i] = fma(net.x_pre[i], trace",
     "net.x_pre[i] = fma(0.0f, trace",
     "closed"),
    ("pairs-of-the-step-before", "cpu/step.cl",
     "raise_x_pre(net, events[e], t - net.last_pre[events[e]]);",
     "raise_x_pre(net, events[e], t - 1 - net.last_pre[events[e]]);",
     "closed"),
    ("group-pairs-not-raised", "gpu/step.cl",
     "if (since != 0) raise_y_post(net, k + q, since);",
     "",
     "rules16"),
    ("group-pairs-of-inputs-not-raised", "gpu/present.cl",
     "raise_x_pre(net, i, t - space.last_pre[i]);",
     "",
     "closed16"),
    ("group-pairs-of-y-post-forgotten", "gpu/step.cl",
     "net.p.eta_pre * (LOAD(net.y_post, k) * y) : y",
     "net.p.eta_pre * y : y",
     "closed16"),
    ("group-silent-inputs-left-out", "gpu/step.cl",
     "i < CLSNN_N_PRE; i += LANES * CLSNN_WG",
     "i < CLSNN_N_PRE / 2; i += LANES * CLSNN_WG",
     "rules16"),
    ("direct-inhibition-dropped", "cpu/present.cl",
     "inhibit(net, s.exc, n_exc);",
     "inhibit(net, s.exc, 0);",
     "rules"),
    ("direct-inhibition-by-one-spike-only", "cpu/present.cl",
     "inhibit(net, s.exc, n_exc);",
     "inhibit(net, s.exc, min(n_exc, 1));",
     "options"),
    ("direct-inhibition-unseen", "cpu/present.cl",
     "inhibit(net, s.exc, n_exc);\n                inhibited = 1;",
     "inhibit(net, s.exc, n_exc);",
     "options"),
    ("rescaling-to-zero", "network/weights.cl",
     "if (w_norm == 0.0f) return (real)(1.0f);",
     "",
     "rules"),
    ("group-direct-inhibition-dropped", "gpu/present.cl",
     "if (!HAS_LAYER) inhibit_own",
     "if (HAS_LAYER) inhibit_own",
     "rules16"),
    ("group-direct-inhibits-itself", "gpu/step.cl",
     "x->last_exc[b] == t ? (real)((float)(n_exc - 1))",
     "x->last_exc[b] == t ? (real)((float)(n_exc))",
     "rules16"),
    # delays, and v held after a spike
    ("delay-one-step-short", "cpu/step.cl",
     "sums[delay[b] * n + (size_t)b] += w[b];",
     "sums[max(delay[b] - 1, 0) * n + (size_t)b] += w[b];",
     "delays"),
    ("delay-arrivals-kept-at-the-turn", "network/delays.cl",
     "for (int row = CLSNN_DELAY; row < CLSNN_ARRIVALS(CLSNN_DELAY); row++)",
     "for (int row = CLSNN_FLUSH_STEPS; row < CLSNN_ARRIVALS(CLSNN_DELAY); row++)",
     "delays"),
    ("delay-last-row-lost-at-the-turn", "network/delays.cl",
     "for (int row = 0; row < CLSNN_DELAY; row++)",
     "for (int row = 0; row < CLSNN_DELAY - 1; row++)",
     "delays"),
    ("delay-not-begun", "network/delays.cl",
     "STORE((real)(0.0f), net.arrivals + row * net.n, k);\n    }\n    FOR_OWN (i",
     ";\n    }\n    FOR_OWN (i",
     "options"),
    ("delay-trace-of-the-newest-spike", "network/delays.cl",
     "min(net.last_pre[i], until)",
     "net.last_pre[i]",
     "delays"),
    ("delay-trace-off-by-one", "network/delays.cl",
     "trace(net.tables->pre, until - last, net.p.cut_pre);\n    return",
     "trace(net.tables->pre, until - last + 1, net.p.cut_pre);\n    return",
     "delays"),
    ("delay-trace-without-older-spikes", "network/delays.cl",
     "else if (arrived != 0ul)",
     "else if (arrived == ~0ul)",
     "delays"),
    ("delay-older-spikes-lost", "network/delays.cl",
     "net.last_before[i] = newest - lowest_bit(gone);",
     "",
     "delays"),
    ("delay-history-shifted-wrongly", "network/delays.cl",
     "recent << since : 0ul",
     "recent << (since - 1) : 0ul",
     "delays"),
    ("delay-pairs-not-carried-over", "network/delays.cl",
     "if (ADDS_UP) net.x_pre[i] = raise_over(net, net.x_pre[i], &before, net.recent[i], net.last_pre[i]);",
     "",
     "delays"),
    ("delay-pairs-in-the-wrong-order", "network/delays.cl",
     "const int k = 63 - (int)clz(spikes), step",
     "const int k = lowest_bit(spikes), step",
     "delays"),
    ("delay-changed-weights-unseen", "network/layers.cl",
     "(HAS_PRE_RULE ? (p).cut_post1 : 1) + CLSNN_DELAY)",
     "(HAS_PRE_RULE ? (p).cut_post1 : 0) + 0)",
     "delays"),
    ("delay-pre-rule-left-out", "cpu/step.cl",
     "net.w[at] = depress_weight(net.w[at], depression_at",
     "if (0) net.w[at] = depress_weight(net.w[at], depression_at",
     "delays"),
    ("delay-lists-not-filled-at-the-spike", "cpu/present.cl",
     "if (is_new) note_all_due",
     "if (0 * is_new) note_all_due",
     "delays"),
    ("delay-lists-keep-the-untraced", "cpu/step.cl",
     "forget_due(net, way, j, t);",
     "",
     "options"),
    ("delay-long-lists-cut", "cpu/step.cl",
     "k < n && n <= CLSNN_DUE",
     "k < min(n, CLSNN_DUE)",
     "options"),
    ("delay-arrivals-not-delivered", "cpu/present.cl",
     "if (t < net.p.n_on + CLSNN_DELAY) {",
     "if (t < net.p.n_on) {",
     "delays"),
    ("group-delay-one-step-short", "network/delays.cl",
     "net.arrivals + (t % CLSNN_FLUSH_STEPS + delay) * net.n",
     "net.arrivals + (t % CLSNN_FLUSH_STEPS + max(delay - 1, 0)) * net.n",
     "delays16"),
    ("group-delay-arrivals-not-delivered", "gpu/present.cl",
     "if (t < p.n_on + CLSNN_DELAY) {",
     "if (t < p.n_on) {",
     "delays16"),
    ("group-delay-of-the-next-neuron", "gpu/step.cl",
     "arrivals_at(net, t, delay.s1)[k + 1]",
     "arrivals_at(net, t, delay.s2)[k + 1]",
     "delays16"),
    ("group-delay-pre-rule-everywhere", "gpu/step.cl",
     "STORE(arrives != 0 ? depress_weights(w, d, net.p) : w, net.w, at);",
     "STORE(depress_weights(w, d, net.p), net.w, at);",
     "delays16"),
    ("group-delay-oldest-spikes-unseen", "gpu/step.cl",
     "for (int s = max(t - CLSNN_DELAY, 0); s",
     "for (int s = max(t - CLSNN_DELAY + 1, 0); s",
     "delays16"),
    ("held-a-step-too-long", "cpu/step.cl",
     "(net.last_exc + k) < net.p.hold_exc;\n        STORE",
     "(net.last_exc + k) <= net.p.hold_exc;\n        STORE",
     "options"),
    ("held-in-windows", "cpu/present.cl",
     "!below && net.p.hold_exc == 0 && pays",
     "!below && pays",
     "options"),
    ("group-held-not", "gpu/present.cl",
     "if (p.hold_exc != 0) hold_own(&x, t, p);",
     "",
     "options16"),
    ("depression-sign", "laws/stdp.cl",
     "const float lower = w - depress;",
     "const float lower = w + depress;",
     "replay"),
    ("depression-below-zero", "laws/stdp.cl",
     "at_most(at_least(lower, 0.0f), p.w_max)",
     "at_most(lower, p.w_max)",
     "plain"),
    ("depression-unclipped", "laws/stdp.cl",
     "at_most(at_least(lower, 0.0f), p.w_max)",
     "at_least(lower, 0.0f)",
     "laws"),
    ("potentiation-unclipped", "laws/stdp.cl",
     "at_most(at_least(fma(pre, potentiate, w), 0.0f), w_max)",
     "at_least(fma(pre, potentiate, w), 0.0f)",
     "plain"),
    ("potentiation-sign", "laws/stdp.cl",
     "fma(pre, potentiate, w)",
     "fma(-pre, potentiate, w)",
     "replay"),
    ("potentiation-rounded-twice", "laws/stdp.cl",
     "fma(pre, potentiate, w)",
     "(pre * potentiate + w)",
     "plain"),
    # weights
    ("newton-steps", "network/weights.cl",
     "step < 4",
     "step < 2",
     "laws"),
    ("residual-dropped", "network/weights.cl",
     "return fma(fma(-b, q, a), y, q);",
     "return q;",
     "laws"),
    ("sum-order", "network/weights.cl",
     "(s0 + s1) + (s2 + s3)",
     "((s0 + s1) + s2) + s3",
     "plain"),
    ("sum-short", "network/weights.cl",
     "i = 0; i < WHOLE_FOURS; i += 4)",
     "i = 0; i < WHOLE_FOURS - 4; i += 4)",
     "laws"),
    ("zero-column-divided", "network/weights.cl",
     "!changed | (sum < 0x1p-100f)",
     "!changed",
     "laws"),
    ("rescaled-not-watched", "network/weights.cl",
     "STORE_SHORTS(above_max & 1, net.above_max, k);",
     "STORE_SHORTS(above_max & 0, net.above_max, k);",
     "laws"),
    ("small-weights-kept", "network/weights.cl",
     "rescaled < flush ? (real)(0.0f) : rescaled",
     "rescaled",
     "plain"),
    ("depressed-column-not-rescaled", "network/weights.cl",
     "net.p.n_steps + net.p.cut_post1;",
     "net.p.n_steps;",
     "laws"),
    ("clipped-column-not-rescaled", "network/weights.cl",
     "fired_lately | (LOAD_SHORTS(net.above_max, k) != 0)",
     "fired_lately",
     "plain"),
    ("first-weights-of-23-bits", "network/weights.cl",
     "(r.v[k] >> 8)",
     "(r.v[k] >> 9 << 1)",
     "plain"),
    ("padding-has-weights", "network/weights.cl",
     "j + k < n_post",
     "j + k <= n_post",
     "plain"),
    ("first-weights-counter", "network/weights.cl",
     "random_words(d, (uint)j / 4u)",
     "random_words(d, (uint)j / 8u)",
     "plain"),
    ("first-weights-purpose", "network/weights.cl",
     "CLSNN_RNG_WEIGHTS << 24",
     "CLSNN_RNG_TRAIN << 24",
     "plain"),
    ("first-weights-of-network-0", "network/weights.cl",
     "const struct clsnn_params p = params[b];",
     "const struct clsnn_params p = params[0];",
     "identity"),
    # prelude.cl, which all kernels share
    ("philox-rounds", "prelude.cl",
     "philox4x32_R(10, c, k)",
     "philox4x32_R(9, c, k)",
     "plain"),
    ("counter-words-swapped", "prelude.cl",
     "{{first, d.image, d.show, d.purpose}}",
     "{{first, d.show, d.image, d.purpose}}",
     "plain"),
    ("key-half", "prelude.cl",
     "{{d.seed_lo, d.seed_hi}}",
     "{{d.seed_lo, 0u}}",
     "plain"),
    ("highest-bit", "prelude.cl",
     "clz(word & (0ul - word))",
     "clz(word)",
     "replay"),
    ("no-local-barrier", "prelude.cl",
     "#define BARRIER_LOCAL()    barrier(CLK_LOCAL_MEM_FENCE)",
     "#define BARRIER_LOCAL()",
     "replay16"),
    ("no-global-barrier", "prelude.cl",
     "#define BARRIER_GLOBAL()   barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)",
     "#define BARRIER_GLOBAL()",
     "replay16"),
    ("or-not-atomic", "prelude.cl",
     "atomic_or((p), (bits))",
     "(*(p) |= (bits))",
     "oclgrind16"),
    ("count-not-atomic", "prelude.cl",
     "atomic_inc(p)",
     "(*(p) += 1)",
     "oclgrind16"),
    # a presentation: the order of events
    ("inhibitory-refractory", "laws/neuron.cl",
     "since_spike >= p.refrac_inh",
     "since_spike > p.refrac_inh",
     "replay"),
    ("excitatory-refractory", "network/layers.cl",
     ">= net.p.refrac_exc",
     "> net.p.refrac_exc",
     "replay"),
    ("inhibitory-reset", "laws/neuron.cl",
     "if (fires) *v = p.reset_inh;",
     "",
     "replay"),
    ("excitatory-reset", "network/layers.cl",
     "net.v_exc[j] = net.p.reset_exc;",
     "",
     "replay"),
    ("conductance-decay", "cpu/step.cl",
     "g_inh * p.keep_g_inh",
     "g_inh * p.keep_g_exc",
     "replay"),
    ("threshold-not-lowest", "network/layers.cl",
     "last < now ? last : now",
     "now",
     "plain"),
    ("quiet-below-threshold-under-rest", "cpu/step.cl",
     "| (threshold < 0.0f)",
     "",
     "plain"),
    ("delivery-order", "cpu/step.cl",
     "+ LOAD(r.w2, k)) + LOAD(r.w3, k)",
     "+ LOAD(r.w3, k)) + LOAD(r.w2, k)",
     "plain"),
    ("deferred-delivery-order", "cpu/step.cl",
     "+ LOAD(deferred.w2, k)) + LOAD(deferred.w3, k)",
     "+ LOAD(deferred.w3, k)) + LOAD(deferred.w2, k)",
     "plain"),
    ("deferred-pre-rule-of-next-step", "cpu/step.cl",
     "apply_pre_rule(net, t - 1, deferred->events",
     "apply_pre_rule(net, t, deferred->events",
     "plain"),
    ("deferred-pre-rule-after-a-spike", "cpu/present.cl",
     "leaves_inputs && n_exc == 0",
     "leaves_inputs",
     "plain"),
    ("deferred-inputs-lost-before-a-flush", "cpu/present.cl",
     "deliver_deferred(net, t - 1, learn, &deferred, &n_traced);",
     "deferred.n = 0;",
     "plain"),
    ("deferred-inputs-lost-at-the-end", "cpu/present.cl",
     "    deliver_deferred(net, end_step - 1, learn, &deferred, &n_traced);\n",
     "",
     "plain"),
    ("pre-rule-before-delivery", "cpu/present.cl",
     "deliver_inputs(net, events, n_events);\n",
     "if (learn) apply_pre_rule(net, t, events, n_events, &n_traced);\n"
     "            deliver_inputs(net, events, n_events);\n",
     "replay"),
    ("pre-rule-forgets-clipping", "network/layers.cl",
     "return HAS_PRE_RULE && net.above_max[j];",
     "return 0;",
     "laws"),
    ("pre-trace-late", "cpu/step.cl",
     "            net.last_pre[events[e]] = t;\n",
     "            net.last_pre[events[e]] = t - 1;\n",
     "replay"),
    ("pre-cut-of-post1", "cpu/step.cl",
     "if (t - net.last_pre[i] < net.p.cut_pre + CLSNN_DELAY)",
     "if (t - net.last_pre[i] < net.p.cut_post1)",
     "plain"),
    ("post2-cut-of-post1", "network/layers.cl",
     "const float y = trace(net.tables->potentiate, since, net.p.cut_post2);",
     "const float y = trace(net.tables->potentiate, since, net.p.cut_post1);",
     "plain"),
    ("post2-read-after-it-is-set", "cpu/step.cl",
     "potentiation_at(net, j, t - net.last_exc[j]);",
     "potentiation_at(net, j, 0);",
     "replay"),
    ("post1-for-post2", "network/layers.cl",
     "const float y = trace(net.tables->potentiate, since",
     "const float y = trace(net.tables->depress, since",
     "replay"),
    ("partner-weight", "cpu/step.cl",
     "+= net.p.w_exc_inh;",
     "+= net.p.w_inh_exc;",
     "replay"),
    ("partner-not-caught-up", "cpu/step.cl",
     "catch_up_inh(net, j, t);\n    net.g_exc_inh[j] +=",
     "net.g_exc_inh[j] +=",
     "replay"),
    ("theta-plus-of-step-0", "network/layers.cl",
     "net.tables->theta_plus[t]",
     "net.tables->theta_plus[0]",
     "laws"),
    ("counts-of-the-rest-too", "network/layers.cl",
     "if (t < net.p.n_on) net.counts[j]++;",
     "net.counts[j]++;",
     "plain"),
    ("counts-not-reset", "network/layers.cl",
     "if (t == 0) net.counts[j] = 0;",
     "",
     "plain"),
    ("inhibits-its-partner", "network/layers.cl",
     "(float)(n_inh - (int)(own >> b & 1u))",
     "(float)n_inh",
     "replay"),
    ("lane-mask", "network/layers.cl",
     "fired[k / 32] >> (k % 32) &",
     "fired[k / 32] >> (k % 16) &",
     "replay"),
    ("conductances-not-flushed", "cpu/present.cl",
     "inhibited = flush_exc(net);",
     "inhibited = 1;",
     "laws"),
    # windows of steps
    ("window-beyond-a-spike", "cpu/window.cl",
     "last = now < end ? a->n_blocks : redo;",
     "last = redo;",
     "plain"),
    ("window-beyond-a-spike-of-others", "cpu/window.cl",
     "            if (now < end) redo = o;\n",
     "",
     "plain"),
    ("window-past-an-inhibitory-spike", "cpu/present.cl",
     "end = min(end, next_spike_inh(net, net.followed[h], t, end) + 1);",
     ";",
     "plain"),
    ("window-forgets-inhibition", "cpu/present.cl",
     "inhibit(net, s.inh, n_inh);\n            inhibited = 1;",
     "inhibit(net, s.inh, n_inh);",
     "plain"),
    ("window-out-of-order", "cpu/present.cl",
     "                is_out_of_order |= !fits_one_run;\n",
     "",
     "plain"),
    ("window-state-not-kept", "cpu/present.cl",
     "if (net.v_exc != own_v) keep_state(net);",
     "",
     "plain"),
    ("window-past-a-flush", "cpu/present.cl",
     "(t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS",
     "end_step",
     "plain"),
    # steps in work-groups of many
    ("group-inputs-past-a-flush", "gpu/step.cl",
     "min((t / CLSNN_FLUSH_STEPS + 1) * CLSNN_FLUSH_STEPS, end_step);",
     "min(t + CLSNN_FLUSH_STEPS / 2 * 3, end_step);",
     "identity16"),
    ("group-inputs-without-room", "gpu/step.cl",
     "while (fours_before(input, n_on, x.until) - n_before > FOURS) x.until--;",
     ";",
     "identity16"),
    ("group-conductances-not-flushed", "gpu/present.cl",
     "if (t % CLSNN_FLUSH_STEPS == 0) flush_own(&x);",
     "",
     "laws16"),
    ("group-forgets-a-four", "gpu/step.cl",
     "(n_spikes + 3) / 4;",
     "(n_spikes + 2) / 4;",
     "identity16"),
    ("group-filling-has-weights", "gpu/step.cl",
     "i < CLSNN_N_PRE && k >= 0 ? LOAD(net.w, i * ROW_LENGTH(net) + k) : (real)(0.0f);",
     "k >= 0 ? LOAD(net.w, min(i, CLSNN_N_PRE - 1) * net.n + k) : (real)(0.0f);",
     "replay16"),
    ("group-fetches-the-wrong-four", "gpu/present.cl",
     "now, f + AHEAD, n_fours",
     "now, f + AHEAD + 1, n_fours",
     "identity16"),
    ("group-turns-not-reset", "gpu/present.cl",
     "turn = 0;\n#pragma",
     "#pragma",
     "identity16"),
    ("group-weights-not-loaded-anew", "gpu/present.cl",
     "(stage == FIRE && learn);",
     "0;",
     "identity16"),
    ("group-stale-weights", "gpu/step.cl",
     "if (again) w",
     "if (0) w",
     "identity16"),
    ("group-stale-weights-of-one-four", "gpu/step.cl",
     "for (int r = 1; r < AHEAD; r++)",
     "for (int r = 2; r < AHEAD; r++)",
     "identity16"),
    ("group-delivery-order", "gpu/step.cl",
     "(((x->g_exc[b] + w[0][b]) + w[1][b]) + w[2][b]) + w[3][b];",
     "(((x->g_exc[b] + w[0][b]) + w[1][b]) + w[3][b]) + w[2][b];",
     "identity16"),
    ("group-delivers-after-the-rule", "gpu/step.cl",
     "STORE(depress_weights(w[q][b], d, net.p), net.w",
     "w[q][b] = depress_weights(w[q][b], d, net.p);\n                STORE(w[q][b], net.w",
     "replay16"),
    ("group-depression-of-the-step-before", "gpu/step.cl",
     "const flags since = t - last_exc;",
     "const flags since = t - 1 - last_exc;",
     "replay16"),
    ("group-depression-forgets-clipping", "gpu/step.cl",
     "x->traced_until[b] = FOREVER;",
     "x->traced_until[b] += 0;",
     "laws16"),
    ("group-not-traced-after-a-spike", "gpu/step.cl",
     "x->traced_until[b] = max(x->traced_until[b], t + TRACED_STEPS(net.p));",
     "",
     "replay16"),
    ("group-stale-weights-after-a-trace", "gpu/step.cl",
     "(AHEAD > 1 ? CLSNN_FLUSH_STEPS : 0))",
     "0)",
     "laws16"),
    ("group-traced-too-short", "gpu/step.cl",
     "max(last.s2, last.s3)) + TRACED_STEPS(net.p);",
     "max(last.s2, last.s3)) + net.p.cut_post1 / 2;",
     "identity16"),
    ("group-depression-below-zero", "laws/stdp.cl",
     "positive = w < (real)(0.0f) ? (real)(0.0f) : w;",
     "positive = w;",
     "identity16"),
    ("group-depression-unclipped", "laws/stdp.cl",
     "return positive > (real)(w_max) ? (real)(w_max) : positive;",
     "return positive;",
     "laws16"),
    ("group-reversal-unseen", "gpu/step.cl",
     ", p.floor_exc - smallest(v)) > 0.0f)",
     ", 0.0f) > 0.0f)",
     "laws16"),
    ("group-inhibition-not-decaying", "gpu/step.cl",
     "x->g_inh[b] = x->g_inh[b] * p.keep_g_inh;",
     "x->g_inh[b] = x->g_inh[b] * p.keep_g_exc;",
     "replay16"),
    ("group-refractory", "gpu/step.cl",
     "t - PICK(x->last_exc[b], q) >= net.p.refrac_exc)",
     "t - PICK(x->last_exc[b], q) > net.p.refrac_exc)",
     "identity16"),
    ("group-lowest-threshold-fires", "gpu/step.cl",
     "PICK(x->v[b], q) > threshold_exc(net.theta[j], decay_t, net.p) &&",
     "PICK(x->v[b], q) > PICK(x->threshold[b], q) &&",
     "identity16"),
    ("group-partner-kept-too-early", "gpu/step.cl",
     "if (!must_follow_inh(g, fires ? 1 : t + 1 - last, p))",
     "if (!must_follow_inh(g, fires ? 0 : t - last, p))",
     "identity16"),
    ("group-partner-not-kept", "gpu/step.cl",
     "            if (must_follow_inh(g, t - last, net.p))\n",
     "            if (0)\n",
     "identity16"),
    ("group-partner-not-relaxed", "gpu/step.cl",
     "            relax_inh(&v, &g, net.seen_inh[j] + 1, t - 1, net.p);\n",
     "",
     "identity16"),
    ("group-unfollowed-partner-stops", "gpu/step.cl",
     "step_unfollowed_inh(&v, &g, p);",
     ";",
     "identity16"),
    ("group-partner-at-rest-too-soon", "gpu/step.cl",
     "x->is_busy[b] = busy;",
     "x->is_busy[b] = n_fired;",
     "replay16"),
    ("group-drive-not-kept", "gpu/step.cl",
     "        keep_inh(net, j, PICK(x->v_inh[b], q), g, PICK(x->last_inh[b], q), t);\n",
     "",
     "identity16"),
    ("group-inhibits-its-partner", "gpu/step.cl",
     "(real)((float)(n_inh - 1))",
     "(real)((float)n_inh)",
     "replay16"),
    ("group-theta-not-raised", "gpu/step.cl",
     "if (learn) REPLACE(x->threshold[b], q, threshold);",
     "",
     "identity16"),
    ("group-counts-of-the-rest-too", "gpu/step.cl",
     "if (t < net.p.n_on) net.counts[j]++;",
     "net.counts[j]++;",
     "identity16"),
    ("group-counts-not-reset", "gpu/step.cl",
     "if (t == 0) net.counts[j] = 0;",
     "",
     "identity16"),
    ("group-post-trace-late", "gpu/step.cl",
     "since < net.p.cut_pre + CLSNN_DELAY) x.at",
     "since < net.p.cut_post1) x.at",
     "identity16"),
    ("group-post-rule-after-the-reset", "gpu/present.cl",
     "if (learn) store_last_exc(net, &x, learn);",
     "",
     "identity16"),
    ("group-input-times-not-set", "gpu/present.cl",
     "space.last_pre[i] = (short)t;",
     "space.last_pre[i] = (short)(t - 1);",
     "identity16"),
    ("group-input-times-not-kept", "gpu/present.cl",
     "net.last_pre[i] = space.last_pre[i];",
     ";",
     "identity16"),
    ("group-state-not-kept", "gpu/present.cl",
     "store_own(net, &x, end_step, learn);",
     "",
     "replay16"),
    ("group-masks-not-cleared", "gpu/present.cl",
     "space.fired.exc[(1 - mask_now) * words + word] = 0u;",
     ";",
     "replay16"),
    ("group-masks-not-swapped", "gpu/present.cl",
     "mask_now = 1 - mask_now;",
     ";",
     "replay16"),
    ("group-reports-not-cleared", "gpu/present.cl",
     "if (LID == 0) space.reports[report_next] = 0u;",
     "",
     "replay16"),
    ("group-quiet-too-soon", "gpu/step.cl",
     "active |= must_follow_inh(PICK(x->g_exc_inh[b], q), t - PICK(x->last_inh[b], q), p);",
     ";",
     "identity16"),
    ("group-quiet-with-conductances", "gpu/step.cl",
     "(x->g_exc[b] != 0.0f) | (x->g_inh[b] != 0.0f) |",
     "(x->g_exc[b] != 0.0f) |",
     "identity16"),
    ("group-relaxes-a-step-short", "gpu/present.cl",
     "relax_own(&x, end_step - (t + 1), p);",
     "relax_own(&x, end_step - (t + 2), p);",
     "identity16"),
    ("group-no-barrier-in-a-step", "gpu/present.cl",
     "        BARRIER_GLOBAL();\n\n        int ends_step",
     "        int ends_step",
     "oclgrind16"),
    ("group-no-barrier-at-the-start", "gpu/present.cl",
     "BARRIER_GLOBAL(); /* the state, which others may have written */",
     "",
     "oclgrind16"),
    # rescaling and drawing in work-groups of many
    ("group-sum-order", "network/weights.cl",
     "(s[0] + s[1]) + (s[2] + s[3])",
     "((s[0] + s[1]) + s[2]) + s[3]",
     "laws16"),
    ("group-sum-short", "network/weights.cl",
     "i < CLSNN_N_PRE; i += 4) sum += w[i * n];",
     "i < CLSNN_N_PRE - 4; i += 4) sum += w[i * n];",
     "laws16"),
    ("group-rescaled-not-watched", "network/weights.cl",
     "(ushort)sums.is_above_max[LID];",
     "0;",
     "laws16"),
    ("group-small-weights-kept", "network/weights.cl",
     "rescaled < flush ? 0.0f : rescaled;",
     "rescaled;",
     "laws16"),
    ("group-columns-of-the-first-round", "network/weights.cl",
     "net.w + net.traced[first + c];",
     "net.w + net.traced[c];",
     "laws16"),
    ("group-plane-of-the-next-digit", "network/encode.cl",
     "k = (g + 1) * N_DIGITS - 1 - x;",
     "k = max((g + 1) * N_DIGITS - 2 - x, 0);",
     "encode16"),
    ("group-later-digits-unread", "network/encode.cl",
     "block < N_DIGITS / 4 && open != 0u; block++)",
     "block < N_DIGITS_ALL / 4 && open != 0u; block++)",
     "encode16"),
    ("start-below-floor", "cpu/step.cl",
     "below |= net.v_exc[j] < net.p.floor_exc;",
     "",
     "replay"),
    ("theta-not-anchored", "presentation.cl",
     "net.theta[j] *= decay;",
     "",
     "laws"),
    ("rest-not-flushed", "presentation.cl",
     "fabs(v) < CLSNN_V_FLUSH ? 0.0f : v;",
     "v;",
     "laws"),
    ("theta-fault-unseen", "presentation.cl",
     " && net.theta[j] > -CLSNN_V_LIMIT",
     "",
     "laws"),
    ("fault-unseen", "presentation.cl",
     "fabs(v) < CLSNN_V_LIMIT && fabs(net.v_inh[j])",
     "fabs(net.v_inh[j])",
     "laws"),
    ("inhibitory-time-not-moved", "presentation.cl",
     "net.seen_inh[j] -= n_steps;",
     "",
     "plain"),
    ("last-spike-not-moved", "presentation.cl",
     "max(net.last_exc[j] - n_steps, CLSNN_NEVER)",
     "net.last_exc[j]",
     "plain"),
    ("last-input-not-moved", "presentation.cl",
     "max(net.last_pre[i] - n_steps, CLSNN_NEVER)",
     "net.last_pre[i]",
     "plain"),
    # from an image to its spikes
    ("digit-inverted", "network/encode.cl",
     "digits & ~word;",
     "digits & word;",
     "plain"),
    ("draw-stays-open", "network/encode.cl",
     "*open &= ~(digits ^ word);",
     "*open &= ~(digits & word);",
     "encode"),
    ("certain-spike-lost", "network/encode.cl",
     "m == denominator ? m :",
     "",
     "encode"),
    ("tail-counter", "network/encode.cl",
     "t | (uint)(k / 4) << 16",
     "t | (uint)(k / 8) << 16",
     "encode"),
    ("group-not-counted", "network/encode.cl",
     "of_bundle.purpose |= (uint)g;",
     "",
     "plain"),
    ("ink-threshold", "network/encode.cl",
     "n_active += image[i] != 0;",
     "n_active += image[i] > 1;",
     "encode"),
    ("group-ink-threshold", "network/encode.cl",
     "&& image[i] != 0;",
     "&& image[i] > 1;",
     "encode16"),
    # launches
    ("attempt-not-drawn-for", "launch/train.cl",
     "now.epoch | now.attempt << 20",
     "now.epoch",
     "plain"),
    ("attempt-not-reset", "launch/train.cl",
     "now.attempt = 0u;",
     "",
     "plain"),
    ("done-unheard", "launch/train.cl",
     "atomic_or(any_done, 0) == 1",
     "0",
     "identity"),
    ("done-not-told", "launch/train.cl",
     "    if (CLSNN_WG == 1) atomic_cmpxchg(any_done, 0, 1);\n",
     "",
     "identity"),
    ("given-up-inverted", "launch/train.cl",
     "now.given_up += enough ? 0u : 1u;",
     "now.given_up += enough ? 1u : 0u;",
     "identity"),
    ("last-try-late", "launch/train.cl",
     "intensity >= (uint)net.p.intensity_max ||",
     "intensity > (uint)net.p.intensity_max ||",
     "identity"),
    ("evaluation-keeps-spikes", "launch/evaluate.cl",
     "= net.last_inh[j] = CLSNN_NEVER;",
     "= CLSNN_NEVER;",
     "identity"),
    ("evaluation-keeps-conductance", "launch/evaluate.cl",
     "net.v_inh[j] = net.g_exc_inh[j] = 0.0f;",
     "net.v_inh[j] = 0.0f;",
     "identity"),
    ("evaluation-purpose", "launch/evaluate.cl",
     "purpose << 24}",
     "(uint)CLSNN_RNG_TEST << 24}",
     "encode"),
]

# Faults that no run can show. They must fit the kernels too, but do not count.
# id, file, text, its replacement, reason
EQUIVALENT = [
    ("trace-cut-late", "laws/stdp.cl",
     "k < cut ? table[k]",
     "k <= cut ? table[k]",
     "the tables are zero from the cut-off on"),
    ("potentiation-below-zero", "laws/stdp.cl",
     "at_most(at_least(fma(pre, potentiate, w), 0.0f), w_max)",
     "at_most(fma(pre, potentiate, w), w_max)",
     "no operand is negative"),
]


def check_table():
    """Lists rows that do not fit: a text must occur once, an id must be unique, a stage must exist."""
    bad = []
    rows = FAULTS + EQUIVALENT
    for name, file, old, new, _ in rows:
        with open(os.path.join(ROOT, "kernels", file), encoding="utf-8") as f:
            n = f.read().count(old)
        if n != 1:
            bad.append(f"{name}: kernels/{file} holds the text {n} times, must be once: {old!r}")
        if old == new:
            bad.append(f"{name}: replaces its text by itself")
    if len({row[0] for row in rows}) != len(rows):
        bad.append("an id stands twice")
    for row in FAULTS:
        if row[4] not in STAGES:
            bad.append(f"{row[0]}: no stage {row[4]!r}, only {', '.join(STAGES)}")
    return bad


def copy_tree(to):
    """Copies the tree to a scratch folder. An equal file keeps its time, so little is built again."""
    for name in COPIED:
        source = os.path.join(ROOT, name)
        files = ([source] if os.path.isfile(source)
                 else [os.path.join(d, f) for d, _, fs in os.walk(source) for f in fs])
        for path in files:
            if "__pycache__" in path:
                continue
            target = os.path.join(to, os.path.relpath(path, ROOT))
            with open(path, "rb") as f:
                data = f.read()
            write_if_other(target, data)
            shutil.copymode(path, target)


def write_if_other(path, data):
    try:
        with open(path, "rb") as f:
            if f.read() == data:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def must_run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-4000:]}")


def limit_time():
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S + 10))


class Bench:
    """The scratch tree and its build."""

    def __init__(self, scratch, meson_args):
        self.tree, self.build = os.path.join(scratch, "tree"), os.path.join(scratch, "build")
        self.cache = os.path.join(scratch, "kernel-cache")
        copy_tree(self.tree)
        if not os.path.exists(os.path.join(self.build, "build.ninja")):
            must_run(["meson", "setup", *meson_args, self.build, self.tree])

    def plant(self, file, old, new):
        top = os.path.join(ROOT, "kernels")
        for path in [os.path.join(d, f) for d, _, fs in os.walk(top) for f in fs]:
            name = os.path.relpath(path, top)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            planted = text.replace(old, new) if name == file else text
            write_if_other(os.path.join(self.tree, "kernels", name), planted.encode())

    def run(self, stage, cache):
        """Returns the stage's first failure; None if all pass, "skipped" if the stage cannot run here."""
        program, patterns, work_group = STAGES[stage]
        env = dict(os.environ, TEST_SOURCE_ROOT=self.tree,
                   TEST_BINARY=os.path.join(self.build, "host", "clsnn"),
                   XDG_CONFIG_HOME=os.path.join(self.build, "config"), POCL_CACHE_DIR=cache,
                   TEST_WORK_GROUP=str(work_group))
        target = "tests/oclgrind_case" if program == "oclgrind" else f"tests/test_{program}"
        must_run(["ninja", "-j1", "-C", self.build, target])
        binary = os.path.join(self.build, target)
        if program == "oclgrind":
            runs = [(["sh", os.path.join(self.tree, "tests/code/oclgrind.sh"), binary, str(work_group)], "")]
        else:
            runs = [([binary], pattern) for pattern in patterns]
        for command, pattern in runs:
            done = subprocess.run(command, env=dict(env, TEST_FILTER=pattern), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                                  preexec_fn=limit_time)
            if done.returncode == -signal.SIGXCPU:
                return f"no end within {LIMIT_S} s"
            if "kernels do not compile on" in done.stdout:
                sys.exit(f"the kernels with this fault do not compile:\n{done.stdout[-3000:]}")
            if done.returncode == 77:
                return "skipped"
            ran = re.findall(r"^(?:not )?ok \d+", done.stdout, re.M)
            if done.returncode == 0 and not ran:
                sys.exit(f"{stage}: no test is called {pattern}")
            if done.returncode != 0:
                failed = re.findall(r"^not ok \d+ - (.*)", done.stdout, re.M)
                return failed[0] if failed else f"status {done.returncode}"
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these faults")
    parser.add_argument("--all", action="store_true", help="every fault: half an hour and more")
    parser.add_argument("--sample", type=int, default=6, metavar="N",
                        help="N faults, always the same (default 6)")
    parser.add_argument("--check", action="store_true", help="only check that every row fits the kernels")
    parser.add_argument("--scratch", metavar="DIR",
                        help="copy the tree to DIR, build there and keep it (default: a temporary folder)")
    parser.add_argument("--meson-arg", action="append", default=[], metavar="ARG",
                        help="pass ARG on to meson setup")
    args = parser.parse_args()

    bad = check_table()
    for line in bad:
        print(line, file=sys.stderr)
    if bad:
        return 1
    if args.check:
        print(f"{len(FAULTS)} faults and {len(EQUIVALENT)} equivalent ones fit the kernels")
        return 0
    unknown = set(args.ids) - {row[0] for row in FAULTS + EQUIVALENT}
    if unknown:
        parser.error(f"no fault is called {', '.join(sorted(unknown))}")
    if args.ids:
        rows = [row for row in FAULTS + EQUIVALENT if row[0] in args.ids]
    elif args.all:
        rows = FAULTS
    else:
        cheap = [row for row in FAULTS if list(STAGES).index(row[4]) < 7]
        rows = sorted(cheap, key=lambda row: hashlib.sha256(row[0].encode()).digest())[:args.sample]

    scratch = args.scratch or tempfile.mkdtemp(prefix="clsnn-mutants-")
    try:
        return run_rows(Bench(scratch, args.meson_arg), rows)
    finally:
        if not args.scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def run_rows(bench, rows):
    start = time.monotonic()
    clean = {}  # stage: its result without a fault; a stage runs when it is first needed

    def find(stage, file, old, new):
        if stage not in clean:
            bench.plant(None, "", "")
            clean[stage] = bench.run(stage, os.path.join(bench.cache, "clean"))
            if clean[stage] == "skipped":
                print(f"# {stage} cannot run here")
            elif clean[stage]:
                sys.exit(f"{stage} fails on the kernels as they are, without a fault: {clean[stage]}")
        if clean[stage]:
            return None
        bench.plant(file, old, new)
        return bench.run(stage, os.path.join(bench.cache, "fault"))

    survivors = []
    for name, file, old, new, first in rows:
        began, by = time.monotonic(), None
        shutil.rmtree(os.path.join(bench.cache, "fault"), ignore_errors=True)
        order = [first] if first in STAGES else []
        for stage in order + [s for s in STAGES if s not in order]:
            failed = find(stage, file, old, new)
            if failed:
                by = f"{stage}: {failed}"
                break
        if not by:
            survivors.append(name)
        print(f"{'caught  ' if by else 'SURVIVED'} {file:12} {name:34} {time.monotonic() - began:4.0f} s  "
              f"{by or ''}", flush=True)
    bench.plant(None, "", "")
    n_caught = len(rows) - len(survivors)
    print(f"{n_caught} of {len(rows)} faults caught ({100 * n_caught / len(rows):.1f} %), "
          f"{time.monotonic() - start:.0f} s"
          + (f"; survived: {', '.join(survivors)}" if survivors else ""))
    return 0 if n_caught >= WANTED * len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
