/* What program.c builds: laws first, then launches. With CLSNN_RECORD the replay, else evaluation and training; with
 * CLSNN_PROFILE training as four kernels, one a phase. */
#include "prelude.cl"
#include "neuron.cl"
#include "stdp.cl"
#include "encode.cl"
#include "step.cl"
#include "weights.cl"
#include "single.cl"
#include "ahead.cl"
#include "group.cl"
#include "present.cl"
#include "present_single.cl"
#include "present_group.cl"
#include "scratch.cl"
#if defined(CLSNN_RECORD)
#include "replay.cl"
#elif defined(CLSNN_PROFILE)
#include "evaluate.cl"
#define TRAIN_KERNEL train_normalise
#define TRAIN_PHASES CLSNN_PHASE_NORMALISE
#include "train.cl"
#undef TRAIN_KERNEL
#undef TRAIN_PHASES
#define TRAIN_KERNEL train_encode
#define TRAIN_PHASES CLSNN_PHASE_ENCODE
#include "train.cl"
#undef TRAIN_KERNEL
#undef TRAIN_PHASES
#define TRAIN_KERNEL train_present
#define TRAIN_PHASES CLSNN_PHASE_PRESENT
#include "train.cl"
#undef TRAIN_KERNEL
#undef TRAIN_PHASES
#define TRAIN_KERNEL train_rest
#define TRAIN_PHASES CLSNN_PHASE_REST
#include "train.cl"
#else
#include "evaluate.cl"
#define TRAIN_KERNEL train
#define TRAIN_PHASES CLSNN_PHASE_ALL
#include "train.cl"
#endif
