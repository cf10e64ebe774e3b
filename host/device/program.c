/* Builds the embedded OpenCL C source. Every -D option is made here: CLSNN_WG, the work-group size, which
 * sets loops and barriers; CLSNN_BLOCKS, the neurons of a work-item in work-groups of many; CLSNN_SHARES, for
 * several work-groups a network; CLSNN_PROFILE, CLSNN_RECORD or CLSNN_BARE for the kind of program;
 * CLSNN_RULE and the like for a law (laws.def) that is not the default; CLSNN_DELAY, the longest delay. The
 * model's numbers travel in buffers, so a sweep of numbers never recompiles. */
#include "device/program.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/kernel_cache.h"
#include "device/kernel_source.h"

static enum clsnn_status fail_build(const struct clsnn_device *dev, cl_program program, cl_int code) {
    size_t n = 0;
    if (clsnn_cl_status(code) != CLSNN_E_BUILD) return clsnn_fail_cl(code, "clBuildProgram");
    clGetProgramBuildInfo(program, dev->info.id, CL_PROGRAM_BUILD_LOG, 0, NULL, &n);
    char *log = calloc(1, n + 1);
    if (log && n > 0) clGetProgramBuildInfo(program, dev->info.id, CL_PROGRAM_BUILD_LOG, n, log, NULL);
    enum clsnn_status st = clsnn_fail(
        CLSNN_E_BUILD, "kernels do not compile on %s (%s, driver %s): %s%s; the compiler's log:\n%s",
        dev->info.name, dev->info.platform_name, dev->info.driver, clsnn_cl_error_name(code),
        strcmp(dev->info.platform_name, "Portable Computing Language") == 0
            ? " (pocl fails so where its cache cannot be written: set POCL_CACHE_DIR to a writable "
              "directory)"
            : "",
        log ? log : "(no memory for the log)");
    free(log);
    return st;
}

static enum clsnn_status get_kernel(cl_program program, const char *name, cl_kernel *out) {
    cl_int code = CL_SUCCESS;
    *out = clCreateKernel(program, name, &code);
    return code == CL_SUCCESS ? CLSNN_OK
                              : clsnn_fail(clsnn_cl_status(code), "kernel %s: %s (%d)", name,
                                           clsnn_cl_error_name(code), code);
}

/* Lowers *most to the largest work-group that the compiled kernel can run; raises *local_bytes to its local
 * memory. Takes a NULL kernel. */
static enum clsnn_status check_size(const struct clsnn_device *dev, cl_kernel kernel, size_t *most,
                                    cl_ulong *local_bytes) {
    enum clsnn_status st = CLSNN_OK;
    size_t size = 0;
    cl_ulong local = 0;
    if (!kernel) return st;
    TRY_CL(
        clGetKernelWorkGroupInfo(kernel, dev->info.id, CL_KERNEL_WORK_GROUP_SIZE, sizeof size, &size, NULL));
    TRY_CL(
        clGetKernelWorkGroupInfo(kernel, dev->info.id, CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local, NULL));
    if (size < *most) *most = size;
    if (local > *local_bytes) *local_bytes = local;
fail:
    return st;
}

/* Makes the program for one set of options: from the cache of compiled kernels, else from source. */
static enum clsnn_status compile(struct clsnn_device *dev, const char *options, cl_program *out) {
    const char *source = (const char *)clsnn_kernel_source;
    cl_int code = CL_SUCCESS;
    *out = clsnn_kernel_cache_find(dev, source, clsnn_kernel_source_bytes, options);
    if (*out) return CLSNN_OK;
    *out = clCreateProgramWithSource(dev->context, 1, &source, &clsnn_kernel_source_bytes, &code);
    if (code != CL_SUCCESS) return clsnn_fail_cl(code, "clCreateProgramWithSource");
    code = clBuildProgram(*out, 1, &dev->info.id, options, NULL, NULL);
    if (code != CL_SUCCESS) return fail_build(dev, *out, code);
    clsnn_kernel_cache_keep(dev, source, clsnn_kernel_source_bytes, options, *out);
    return CLSNN_OK;
}

static void build_destroy(struct clsnn_build *b) {
    if (!b) return;
    const cl_kernel kernels[] = {b->init_weights, b->train,   b->evaluate, b->replay, b->normalise,
                                 b->encode,       b->present, b->rest,     b->bare};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (kernels[k]) clReleaseKernel(kernels[k]);
    }
    if (b->program) clReleaseProgram(b->program);
    free(b);
}

/* Writes " -DCLSNN_RULE=1" and the like for each law that is not the default, -DCLSNN_DELAY for delays. */
static void law_options(const struct clsnn_laws *laws, char *out, size_t n_out) {
    *out = '\0';
    for (size_t k = 0; k < clsnn_n_laws; k++) {
        char choice[16], name[32];
        const int index = clsnn_law_get(laws, &clsnn_laws_table[k], choice);
        const size_t n = strlen(out);
        if (index == 0) continue;
        snprintf(name, sizeof name, "%s", clsnn_laws_table[k].name);
        for (char *c = name; *c; c++) *c = (char)toupper((unsigned char)*c);
        snprintf(out + n, n_out - n, " -DCLSNN_%s=%d", name, index);
    }
    if (laws->delay_max)
        snprintf(out + strlen(out), n_out - strlen(out), " -DCLSNN_DELAY=%d", laws->delay_max);
}

/* Compiles the kernels. *out_most: the largest work-group that all of them can run. */
static enum clsnn_status build_create(const struct clsnn_program *prog, int work_group, int blocks,
                                      bool is_shared, const struct clsnn_laws *laws, struct clsnn_build **out,
                                      size_t *out_most) {
    enum clsnn_status st = CLSNN_OK;
    static const char *const defines[] = {[CLSNN_PROGRAM_RUN] = "",
                                          [CLSNN_PROGRAM_PROFILE] = " -DCLSNN_PROFILE",
                                          [CLSNN_PROGRAM_REPLAY] = " -DCLSNN_RECORD",
                                          [CLSNN_PROGRAM_BARE] = " -DCLSNN_BARE"};
    struct clsnn_device *dev = prog->dev;
    char options[256], of_laws[128];
    struct clsnn_build *b = calloc(1, sizeof *b);
    if (!b) return clsnn_no_memory("program");
    b->work_group = work_group;
    b->blocks = blocks;
    b->n_pre = prog->n_pre;
    b->is_shared = is_shared;
    b->laws = *laws;
    law_options(laws, of_laws, sizeof of_laws);
    int n = snprintf(options, sizeof options, "-cl-std=CL1.2 -DCLSNN_WG=%d%s%s", work_group,
                     is_shared ? " -DCLSNN_SHARES" : defines[prog->kind], of_laws);
    if (work_group > 1) n += snprintf(options + n, sizeof options - (size_t)n, " -DCLSNN_BLOCKS=%d", blocks);
    if (prog->n_pre != CLSNN_N_PRE)
        snprintf(options + n, sizeof options - (size_t)n, " -DCLSNN_N_PRE=%u", prog->n_pre);
    TRY(compile(dev, options, &b->program));
    TRY(get_kernel(b->program, "init_weights", &b->init_weights));
    if (prog->kind == CLSNN_PROGRAM_BARE) {
        TRY(get_kernel(b->program, "bare", &b->bare));
    } else if (prog->kind == CLSNN_PROGRAM_REPLAY) {
        TRY(get_kernel(b->program, "replay", &b->replay));
    } else if (!is_shared) {
        TRY(get_kernel(b->program, "evaluate", &b->evaluate));
    }
    if (prog->kind == CLSNN_PROGRAM_RUN) TRY(get_kernel(b->program, "train", &b->train));
    if (prog->kind == CLSNN_PROGRAM_PROFILE) {
        TRY(get_kernel(b->program, "train_normalise", &b->normalise));
        TRY(get_kernel(b->program, "train_encode", &b->encode));
        TRY(get_kernel(b->program, "train_present", &b->present));
        TRY(get_kernel(b->program, "train_rest", &b->rest));
    }
    const cl_kernel groups[] = {b->train,  b->evaluate, b->replay, b->normalise,
                                b->encode, b->present,  b->rest,   b->bare};
    *out_most = dev->info.max_work_group;
    for (size_t k = 0; k < sizeof groups / sizeof *groups; k++)
        TRY(check_size(dev, groups[k], out_most, &b->local_bytes));
    *out = b;
    return CLSNN_OK;
fail:
    build_destroy(b);
    return st;
}

/* Returns the blocks of four neurons that a work-item owns: a power of two, so that few builds serve all
 * sizes. */
static int blocks_of(int work_group, uint32_t neurons) {
    int blocks = 1;
    while (work_group > 1 && (uint32_t)(4 * work_group * blocks) < neurons) blocks *= 2;
    return blocks;
}

/* Compiles the kernels of a work-group for `neurons`, unless prog has them. */
static enum clsnn_status prepare(const struct clsnn_program *prog, uint32_t neurons,
                                 const struct clsnn_laws *laws, bool is_shared) {
    const struct clsnn_device_info *info = &prog->dev->info;
    int work_group = prog->work_group ? prog->work_group : clsnn_device_work_group(prog->dev, neurons);
    for (;; work_group /= 2) {
        const int blocks = blocks_of(work_group, neurons);
        size_t most = 0;
        struct clsnn_build *made = NULL;
        for (const struct clsnn_build *b = *prog->builds; b; b = b->next)
            if (b->work_group == work_group && b->blocks == blocks && b->is_shared == is_shared &&
                clsnn_laws_alike(&b->laws, laws))
                return CLSNN_OK;
        const enum clsnn_status st = build_create(prog, work_group, blocks, is_shared, laws, &made, &most);
        if (st != CLSNN_OK) return st;
        if ((size_t)work_group <= most) {
            made->next = *prog->builds;
            *prog->builds = made;
            return CLSNN_OK;
        }
        build_destroy(made);
        if (prog->work_group || work_group == 1) {
            return clsnn_fail(CLSNN_E_USAGE,
                              "--work-group = %d: must be in [1, %zu] on %s: the compiled kernels run in no "
                              "larger work-group",
                              work_group, most, info->name);
        }
    }
}

enum clsnn_status clsnn_program_prepare(const struct clsnn_program *prog, uint32_t neurons,
                                        const struct clsnn_laws *laws) {
    return prepare(prog, neurons, laws, false);
}

/* Returns kernels of a work-group for `neurons`: those compiled for this size, else any that serve it, else
 * NULL. */
static const struct clsnn_build *find_build(const struct clsnn_program *prog, uint32_t neurons,
                                            const struct clsnn_laws *laws, bool is_shared) {
    const int own = prog->work_group ? prog->work_group : clsnn_device_work_group(prog->dev, neurons);
    const struct clsnn_build *found = NULL;
    for (const struct clsnn_build *b = *prog->builds; b; b = b->next) {
        if (b->is_shared != is_shared || !clsnn_laws_alike(&b->laws, laws)) continue;
        const bool is_own = b->work_group == own && b->blocks == blocks_of(own, neurons);
        if (is_own || (!found && blocks_of(b->work_group, neurons) <= b->blocks)) found = b;
        if (is_own) break;
    }
    return found;
}

enum clsnn_status clsnn_program_build(const struct clsnn_program *prog, uint32_t neurons,
                                      const struct clsnn_laws *laws, const struct clsnn_build **out) {
    *out = find_build(prog, neurons, laws, false);
    if (*out) return CLSNN_OK;
    const enum clsnn_status st = clsnn_program_prepare(prog, neurons, laws);
    if (st == CLSNN_OK) *out = *prog->builds;
    return st;
}

void clsnn_program_split(struct clsnn_program *prog, int split) {
    prog->split = split;
}

/* Returns whether several work-groups can share a network. With other laws than the default they cannot:
 * shares exchange neither all traces nor who fired. */
static bool can_share(const struct clsnn_program *prog, const struct clsnn_laws *laws) {
    static const struct clsnn_laws defaults;
    return prog->kind == CLSNN_PROGRAM_RUN && memcmp(laws, &defaults, sizeof defaults) == 0;
}

/* Returns the work-groups that share a network of `neurons`. *out_length: the most neurons of a share. */
static int count_shares(const struct clsnn_program *prog, int n_networks, uint32_t neurons,
                        const struct clsnn_laws *laws, uint32_t *out_length) {
    const int blocks = ((int)neurons + CLSNN_ROW_ALIGN - 1) / CLSNN_ROW_ALIGN;
    int shares = !can_share(prog, laws) ? 1
                 : prog->split          ? prog->split
                                        : clsnn_device_shares(prog->dev, n_networks, neurons);
    /* On a CPU a work-group without a core of its own is never there to meet. */
    if (prog->dev->info.type & CL_DEVICE_TYPE_CPU && shares > (int)prog->dev->info.compute_units / n_networks)
        shares = (int)prog->dev->info.compute_units / n_networks;
    if (shares > blocks) shares = blocks;
    if (shares < 1) shares = 1;
    const int length = CLSNN_SHARE_LENGTH(blocks * CLSNN_ROW_ALIGN, shares);
    *out_length = (uint32_t)length;
    return (blocks * CLSNN_ROW_ALIGN + length - 1) / length; /* none of them is empty */
}

enum clsnn_status clsnn_program_share(const struct clsnn_program *prog, int n_networks, uint32_t neurons,
                                      const struct clsnn_laws *laws) {
    uint32_t length;
    if (prog->split > 1 && !can_share(prog, laws)) {
        return clsnn_fail(
            CLSNN_E_USAGE,
            "--split = %d: with --profile, --delays, or another --rule, --pairing or --inhibition than the "
            "default, one work-group trains a network: leave --split out",
            prog->split);
    }
    return count_shares(prog, n_networks, neurons, laws, &length) > 1 ? prepare(prog, length, laws, true)
                                                                      : CLSNN_OK;
}

const struct clsnn_build *clsnn_program_shared(const struct clsnn_program *prog, int n_networks,
                                               uint32_t neurons, const struct clsnn_laws *laws,
                                               int *out_shares) {
    uint32_t length;
    const int shares = count_shares(prog, n_networks, neurons, laws, &length);
    const struct clsnn_build *b = shares > 1 ? find_build(prog, length, laws, true) : NULL;
    if (b && !b->has_met) b = NULL;
    *out_shares = b ? shares : 1;
    return b;
}

enum clsnn_status clsnn_program_create(struct clsnn_device *dev, enum clsnn_program_kind kind, int work_group,
                                       struct clsnn_program **out) {
    return clsnn_program_create_for(dev, kind, work_group, CLSNN_N_PRE, out);
}

enum clsnn_status clsnn_program_create_for(struct clsnn_device *dev, enum clsnn_program_kind kind,
                                           int work_group, uint32_t n_pre, struct clsnn_program **out) {
    enum clsnn_status st = CLSNN_OK;
    if (n_pre < 1 || n_pre > CLSNN_MAX_PRE)
        return clsnn_fail(CLSNN_E_SHAPE, "program: %u inputs: must be in [1, %d]", n_pre, CLSNN_MAX_PRE);
    if (work_group == 0 && clsnn_device_work_group(dev, CLSNN_MAX_POST) == 1) work_group = 1;
    if (work_group < 0 || (size_t)work_group > dev->info.max_work_group || (work_group & (work_group - 1))) {
        return clsnn_fail(CLSNN_E_USAGE, "--work-group = %d: must be a power of two in [1, %zu] on %s",
                          work_group, dev->info.max_work_group, dev->info.name);
    }
    struct clsnn_program *prog = calloc(1, sizeof *prog);
    if (!prog) return clsnn_no_memory("program");
    *prog = (struct clsnn_program){.dev = dev,
                                   .kind = kind,
                                   .n_pre = n_pre,
                                   .work_group = work_group,
                                   .builds = calloc(1, sizeof *prog->builds)};
    if (!prog->builds) {
        st = clsnn_no_memory("program");
        goto fail;
    }
    *out = prog;
    return CLSNN_OK;
fail:
    clsnn_program_destroy(prog);
    return st;
}

void clsnn_program_destroy(struct clsnn_program *prog) {
    if (!prog) return;
    for (struct clsnn_build *b = prog->builds ? *prog->builds : NULL, *next; b; b = next) {
        next = b->next;
        build_destroy(b);
    }
    free(prog->builds);
    free(prog);
}

/* Writes to `to` what of a source decides its meaning: no #line marks, one space for each run of white space,
 * none beside a bracket, comma or semicolon. Only directives keep lines of their own. Returns the length. */
static size_t skeleton(const char *source, size_t n_bytes, char *to) {
    size_t n = 0;
    bool directive = false, space = false;
    for (const char *at = source, *end = source + n_bytes; at < end; at++) {
        const bool begins = at == source || (at[-1] == '\n' && !(at - source > 1 && at[-2] == '\\'));
        if (begins) {
            const char *next = memchr(at, '\n', (size_t)(end - at));
            if (strncmp(at, "#line ", 6) == 0) {
                if (!next) break;
                at = next;
                continue;
            }
            const char *first = at + strspn(at, " \t");
            if ((directive || *first == '#') && n > 0 && to[n - 1] != '\n') to[n++] = '\n';
            directive = *first == '#';
            space = true;
        }
        if (strchr(" \t\n", *at) || (*at == '\\' && at[1] == '\n')) {
            space = true;
            continue;
        }
        const char before = n > 0 ? to[n - 1] : '\n';
        const bool joins =
            before == '\n' || (!directive && (strchr("()[]{},;", before) || strchr("()[]{},;", *at)));
        if (space && !joins) to[n++] = ' ';
        to[n++] = *at;
        space = false;
    }
    return n;
}

enum clsnn_status clsnn_program_hash_source(const char *source, size_t n_bytes,
                                            char out_hex[CLSNN_SHA256_HEX]) {
    char *bare = malloc(n_bytes + 1);
    if (!bare) return clsnn_no_memory("kernels: hash");
    const enum clsnn_status st = clsnn_sha256_hex(bare, skeleton(source, n_bytes, bare), out_hex);
    free(bare);
    return st;
}

int clsnn_program_work_group(const struct clsnn_program *prog) {
    return prog->work_group == 0 && *prog->builds ? (*prog->builds)->work_group : prog->work_group;
}

enum clsnn_status clsnn_program_hash(char out_hex[CLSNN_SHA256_HEX]) {
    return clsnn_program_hash_source((const char *)clsnn_kernel_source, clsnn_kernel_source_bytes, out_hex);
}
