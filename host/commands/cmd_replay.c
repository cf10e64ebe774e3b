/* clsnn replay IN.npz OUT.npz: feeds given input spikes to a given network, and records every spike and some
 * potentials. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "clsnn/abi.h"
#include "commands/commands.h"
#include "base/file.h"
#include "clsnn/npz.h"
#include "commands/progress.h"
#include "commands/session.h"
#include "clsnn/replay.h"
#include "device/device.h"
#include "device/program.h"
#include "formats/json.h"

static const size_t max_input_bytes = (size_t)4 << 30;

static enum clsnn_status get_scalar(const struct clsnn_npz *npz, const char *path, const char *name,
                                    int32_t min, int32_t max, int32_t *out) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *a = NULL;
    TRY(clsnn_npz_get(npz, path, name, CLSNN_I4, 0, NULL, &a));
    const int32_t value = *(const int32_t *)a->data;
    if (value < min || value > max) {
        return clsnn_fail(CLSNN_E_DATA, "%s: %s = %d: must be in [%d, %d]", path, name, value, min, max);
    }
    *out = value;
fail:
    return st;
}

static bool has(const struct clsnn_npz *npz, const char *name) {
    for (size_t k = 0; k < npz->n_arrays; k++)
        if (strcmp(npz->arrays[k].name, name) == 0) return true;
    return false;
}

/* Reads the arrays of IN.npz that may be missing: from_rest and neurons. */
static enum clsnn_status read_optional(const struct clsnn_npz *npz, const char *path,
                                       struct clsnn_replay_input *in) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *neurons = NULL;
    int32_t from_rest = 0;
    if (has(npz, "from_rest")) TRY(get_scalar(npz, path, "from_rest", 0, 1, &from_rest));
    if (has(npz, "neurons")) {
        TRY(clsnn_npz_get(npz, path, "neurons", CLSNN_I4, 1, (const size_t[]){0}, &neurons));
        if (neurons->shape[0] < 1 || neurons->shape[0] > in->n_post)
            return clsnn_fail(CLSNN_E_DATA, "%s: neurons has %zu entries: must be in [1, %u]", path,
                              neurons->shape[0], in->n_post);
        in->probed = neurons->data;
        in->n_probed = (uint32_t)neurons->shape[0];
    }
    in->from_rest = from_rest == 1;
fail:
    return st;
}

/* Reads and checks every array of IN.npz. in borrows the arrays from npz. Sets model's w_norm for a replay
 * that learns. */
static enum clsnn_status read_input(const struct clsnn_npz *npz, const char *path, struct clsnn_model *model,
                                    uint32_t *out_n_pre, struct clsnn_replay_input *in) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_array *steps = NULL, *inputs = NULL, *w0 = NULL, *theta0 = NULL, *norm = NULL,
                             *delays = NULL;
    int32_t on = 0, off = 0, samples = 0, learn = 0;
    TRY(get_scalar(npz, path, "steps_on", 1, CLSNN_MAX_ON, &on));
    TRY(get_scalar(npz, path, "steps_off", 0, CLSNN_MAX_STEPS - on, &off));
    TRY(get_scalar(npz, path, "n_samples", 1, INT32_MAX / CLSNN_MAX_STEPS, &samples));
    TRY(get_scalar(npz, path, "learn", 0, 1, &learn));
    TRY(clsnn_npz_get(npz, path, "norm", CLSNN_F4, 0, NULL, &norm));
    TRY(clsnn_npz_get(npz, path, "event_step", CLSNN_I4, 1, (const size_t[]){0}, &steps));
    TRY(clsnn_npz_get(npz, path, "event_input", CLSNN_I4, 1, steps->shape, &inputs));
    if (inputs->shape[0] != steps->shape[0]) {
        return clsnn_fail(CLSNN_E_DATA, "%s: event_step has %zu entries, event_input %zu: must be equal",
                          path, steps->shape[0], inputs->shape[0]);
    }
    TRY(clsnn_npz_get(npz, path, "w0", CLSNN_F4, 2, (const size_t[]){0, 0}, &w0));
    const size_t n_pre = w0->shape[0], n_post = w0->shape[1];
    if (n_pre < 1 || n_pre > CLSNN_MAX_PRE)
        return clsnn_fail(CLSNN_E_DATA, "%s: w0 has %zu rows: must be in [1, %d] inputs", path, n_pre,
                          CLSNN_MAX_PRE);
    if (n_post < 1 || n_post > CLSNN_MAX_POST) {
        return clsnn_fail(CLSNN_E_DATA, "%s: w0 has %zu columns: must be in [1, %d] neurons", path, n_post,
                          CLSNN_MAX_POST);
    }
    TRY(clsnn_npz_get(npz, path, "theta0_mv", CLSNN_F4, 1, (const size_t[]){n_post}, &theta0));
    for (size_t k = 0; k < npz->n_arrays; k++)
        if (strcmp(npz->arrays[k].name, "delay_steps") == 0)
            TRY(clsnn_npz_get(npz, path, "delay_steps", CLSNN_I4, 2, (const size_t[]){n_pre, n_post},
                              &delays));
    const float *w = w0->data, *theta = theta0->data, sum = *(const float *)norm->data;
    for (size_t k = 0; k < n_pre * n_post; k++) {
        if (!isfinite(w[k]))
            return clsnn_fail(CLSNN_E_DATA, "%s: w0[%zu, %zu] = %g: must be finite", path, k / n_post,
                              k % n_post, (double)w[k]);
    }
    for (size_t j = 0; j < n_post; j++) {
        if (!isfinite(theta[j]))
            return clsnn_fail(CLSNN_E_DATA, "%s: theta0_mv[%zu] = %g: must be finite", path, j,
                              (double)theta[j]);
    }
    if (learn && !(sum >= 0.0f && isfinite(sum)))
        return clsnn_fail(CLSNN_E_DATA, "%s: norm = %g: must be positive, or 0 for no rescaling", path,
                          (double)sum);
    if (learn) model->w_norm = (double)sum;
    *out_n_pre = (uint32_t)n_pre;
    *in = (struct clsnn_replay_input){.label = path,
                                      .n_post = (uint32_t)n_post,
                                      .steps_on = (uint32_t)on,
                                      .steps_off = (uint32_t)off,
                                      .n_samples = (uint32_t)samples,
                                      .n_events = steps->shape[0],
                                      .event_step = steps->data,
                                      .event_input = inputs->data,
                                      .w0 = w,
                                      .theta0_mv = theta,
                                      .delay_steps = delays ? delays->data : NULL,
                                      .learn = learn == 1};
    TRY(read_optional(npz, path, in));
fail:
    return st;
}

static enum clsnn_status write_output(const char *path, uint32_t n_pre, uint32_t n_post,
                                      const struct clsnn_replay_output *r) {
    const struct clsnn_array arrays[] = {
        {"exc_step", CLSNN_I4, 1, {r->exc.n}, r->exc.step},
        {"exc_neuron", CLSNN_I4, 1, {r->exc.n}, r->exc.neuron},
        {"inh_step", CLSNN_I4, 1, {r->inh.n}, r->inh.step},
        {"inh_neuron", CLSNN_I4, 1, {r->inh.n}, r->inh.neuron},
        {"v_exc", CLSNN_F4, 2, {r->n_steps, r->n_probes}, r->v_exc},
        {"ge_exc", CLSNN_F4, 2, {r->n_steps, r->n_probes}, r->g_exc},
        {"gi_exc", CLSNN_F4, 2, {r->n_steps, r->n_probes}, r->g_inh},
        {"v_inh", CLSNN_F4, 2, {r->n_steps, r->n_probes}, r->v_inh},
        {"theta_mv", CLSNN_F4, 2, {r->n_steps, r->n_probes}, r->theta_mv},
        {"w_end", CLSNN_F4, 2, {n_pre, n_post}, r->w_end},
        {"theta_end_mv", CLSNN_F4, 1, {n_post}, r->theta_end_mv},
    };
    return clsnn_npz_write(path, arrays, sizeof arrays / sizeof *arrays);
}

enum clsnn_status clsnn_cmd_replay(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_progress_line progress;
    struct clsnn_npz npz = {0};
    struct clsnn_device_info *info = NULL;
    size_t n_devices = 0;
    struct clsnn_device *dev = NULL;
    struct clsnn_program *prog = NULL;
    struct clsnn_replay_input in = {0};
    struct clsnn_replay_output result = {0};
    struct clsnn_model model = o->model;
    uint32_t n_pre = 0;
    const char *from = o->operands[0], *to = o->operands[1];
    clsnn_progress_start(&progress, stderr, o->quiet);
    clsnn_progress_note(&progress, "replaying %s", from);
    clsnn_session_warn_ignored(&progress, o);
    if (clsnn_file_is_same(from, to))
        return clsnn_fail(CLSNN_E_USAGE,
                          "%s: is the file to replay, and would be lost: give the result another name", to);
    TRY(clsnn_file_check(to));
    TRY(clsnn_npz_read(from, max_input_bytes, &npz));
    TRY(read_input(&npz, from, &model, &n_pre, &in));
    TRY(clsnn_session_choose(&progress, o, 1, in.n_post, &info, &n_devices));
    TRY(clsnn_session_device(o, info, &dev));
    clsnn_progress_note(&progress, "compiling kernels for %s", dev->info.name);
    TRY(clsnn_program_create_for(dev, CLSNN_PROGRAM_REPLAY, o->work_group, n_pre, &prog));
    TRY(clsnn_replay(dev, prog, &model, &in, &result));
    TRY(write_output(to, n_pre, in.n_post, &result));
    if (o->json) {
        json_t *line = json_pack("{s:i, s:i, s:I, s:I, s:b, s:s*, s:i}", "neurons", (int)in.n_post, "steps",
                                 (int)result.n_steps, "exc_spikes", (json_int_t)result.exc.n, "inh_spikes",
                                 (json_int_t)result.inh.n, "learn", in.learn, "device", dev->info.name,
                                 "work_group", clsnn_program_work_group(prog));
        if (!line || json_dumpf(line, o->out, JSON_COMPACT) != 0)
            st = clsnn_fail(CLSNN_E_FAILED, "replay: the result cannot be printed as JSON");
        fputc('\n', o->out);
        json_decref(line);
    } else {
        fprintf(o->out,
                "%u neurons, %u steps, %zu input spikes: %zu excitatory and %zu inhibitory spikes, in %s\n",
                in.n_post, result.n_steps, in.n_events, result.exc.n, result.inh.n, to);
    }
fail:
    clsnn_replay_finish(&result);
    clsnn_program_destroy(prog);
    clsnn_device_close(dev);
    free(info);
    clsnn_npz_finish(&npz);
    return st;
}
