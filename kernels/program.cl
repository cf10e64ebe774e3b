/* What program.c builds: laws first, then launches. With CLSNN_RECORD the replay, without it training and evaluation. */
#include "prelude.cl"
#include "neuron.cl"
#include "stdp.cl"
#include "encode.cl"
#include "present.cl"
#include "weights.cl"
#ifdef CLSNN_RECORD
#include "replay.cl"
#else
#include "train.cl"
#include "evaluate.cl"
#endif
