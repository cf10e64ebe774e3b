/* The program that host/device/program.c builds: laws first, then launches. CLSNN_RECORD selects the
 * replay; otherwise evaluation and training are built. CLSNN_PROFILE splits training into four kernels,
 * one a phase. CLSNN_SHARES selects training by several work-groups a network. CLSNN_BARE selects the
 * bare steps of `clsnn bench`. */
#include "prelude.cl"
#include "laws/neuron.cl"
#include "laws/stdp.cl"
#include "network/encode.cl"
#include "network/layers.cl"
#include "network/meeting.cl"
#include "network/delays.cl"
#include "network/weights.cl"
#include "cpu/step.cl"
#include "cpu/window.cl"
#include "presentation.cl"
#include "gpu/step.cl"
#include "cpu/present.cl"
#include "cpu/share.cl"
#include "gpu/present.cl"
#include "launch/scratch.cl"
#if defined(CLSNN_RECORD)
#include "launch/replay.cl"
#elif defined(CLSNN_BARE)
#include "launch/bare.cl"
#elif defined(CLSNN_SHARES)
#define TRAIN_KERNEL train
#define TRAIN_PHASES CLSNN_PHASE_ALL
#include "launch/train.cl"
#elif defined(CLSNN_PROFILE)
#include "launch/evaluate.cl"
#define TRAIN_KERNEL train_normalise
#define TRAIN_PHASES CLSNN_PHASE_NORMALISE
#include "launch/train.cl"
#undef TRAIN_KERNEL
#undef TRAIN_PHASES
#define TRAIN_KERNEL train_encode
#define TRAIN_PHASES CLSNN_PHASE_ENCODE
#include "launch/train.cl"
#undef TRAIN_KERNEL
#undef TRAIN_PHASES
#define TRAIN_KERNEL train_present
#define TRAIN_PHASES CLSNN_PHASE_PRESENT
#include "launch/train.cl"
#undef TRAIN_KERNEL
#undef TRAIN_PHASES
#define TRAIN_KERNEL train_rest
#define TRAIN_PHASES CLSNN_PHASE_REST
#include "launch/train.cl"
#else
#include "launch/evaluate.cl"
#define TRAIN_KERNEL train
#define TRAIN_PHASES CLSNN_PHASE_ALL
#include "launch/train.cl"
#endif
