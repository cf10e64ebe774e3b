/* Opens the device, the data and the kernels of a command, and turns signals into a clean stop. */
#include "commands/session.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "clsnn/selftest.h"
#include "commands/guard.h"
#include "dataset/places.h"
#include "device/device.h"
#include "model/tuned.h"
#include "options/options_render.h"
#include "run/plan.h"

/* These globals vary, because signals belong to the process. */
static atomic_bool stopping;             /* set by a signal, read between launches */
static _Atomic(const char *) last_words; /* not NULL: a signal prints this text and ends the process */
static bool waiting;                     /* the thread that waits for signals has been started */

static void end_if_allowed(void) {
    const char *text = atomic_load(&last_words);
    if (!text) return;
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(CLSNN_STOPPED); /* nobody reads stderr */
    _exit(CLSNN_STOPPED);
}

/* The body of the thread that waits for the signals that stop a run; every thread blocks them. A handler
 * would not do: compilers inside OpenCL drivers (LLVM) replace it by their own at any time. */
static void *wait_for_signals(void *signals) {
    double first = 0;
    for (int number;;) {
        if (sigwait(signals, &number) != 0) continue;
        /* timeout(1) and job systems signal a process and then its group: two signals within a second are
         * one. */
        if (!atomic_exchange(&stopping, true))
            first = clsnn_clock_seconds();
        else if (clsnn_clock_seconds() - first > 1)
            _exit(130);
        end_if_allowed();
    }
    return NULL;
}

/* Blocks the signals and starts the waiting thread, before a driver starts threads: these inherit the blocked
 * signals. The signals stay blocked until the process ends, so that none destroys a complete result in the
 * last moment. */
static enum clsnn_status catch_signals(void) {
    static sigset_t signals;
    sigset_t blocked;
    pthread_t thread;
    if (waiting) return CLSNN_OK;
    sigemptyset(&signals);
    sigemptyset(&blocked);
    /* What terminals, shells, schedulers and limits send to end a process softly. */
    const int numbers[] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGHUP};
    enum { N = sizeof numbers / sizeof *numbers };
    for (int k = 0; k < N; k++) {
        struct sigaction before;
        sigaddset(&blocked, numbers[k]);
        /* nohup makes SIGHUP ignored, and it stays so. It is blocked too, because pocl's compiler installs
         * handlers that delete its files. A shell's background jobs ignore SIGINT too, but that is no wish of
         * the user, and sigwait never receives an ignored signal. */
        if (numbers[k] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        sigaddset(&signals, numbers[k]);
        signal(numbers[k], SIG_DFL);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    const int rc = pthread_create(&thread, NULL, wait_for_signals, &signals);
    if (rc != 0) {
        pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
        return clsnn_fail(CLSNN_E_MEMORY, "signals: no thread can be started to wait for them: %s",
                          strerror(rc));
    }
    pthread_detach(thread);
    waiting = true;
    return CLSNN_OK;
}

bool clsnn_session_stopping(void) {
    return atomic_load(&stopping);
}

void clsnn_session_may_end(const char *words) {
    atomic_store(&last_words, words);
    if (clsnn_session_stopping()) end_if_allowed();
}

/* The context of check_images. */
struct checking {
    struct clsnn_session *session;
    enum clsnn_status st;
};

/* Warns if an option asks for more images than there are: a script's number must not seem to have been
 * trained. Fails if a range has none of them. For clsnn_options_visit. */
static void check_images(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                         bool is_param) {
    struct checking *c = ctx;
    struct clsnn_session *s = c->session;
    const char *dots = strstr(value, "..");
    const unsigned long first = dots ? strtoul(value, NULL, 10) : 0,
                        end = strtoul(dots ? dots + 2 : value, NULL, 10);
    const struct {
        const char *name, *kind;
        uint32_t there;
    } sets[] = {{"train-images", "training", s->data.train.n_images},
                {"label-images", "training", s->data.train.n_images},
                {"test-images", clsnn_dataset_test_name(&s->data), s->data.test.n_images}};
    char apart[48] = "";
    if (s->data.n_validation && strcmp(name, "test-images") != 0)
        snprintf(apart, sizeof apart, " beside the %u of --validate", s->data.n_validation);
    (void)is_number;
    if (is_param || strcmp(origin, "default") == 0 || strncmp(origin, "preset", 6) == 0) return;
    for (size_t k = 0; k < sizeof sets / sizeof *sets && c->st == CLSNN_OK; k++) {
        if (strcmp(name, sets[k].name) != 0 || end <= sets[k].there) continue;
        if (dots && first >= sets[k].there)
            c->st = clsnn_fail(CLSNN_E_USAGE, "--%s = %s: %s has %u %s images%s, so A must be below %u", name,
                               value, s->data.name, sets[k].there, sets[k].kind, apart, sets[k].there);
        else
            clsnn_warnings_add(&s->warnings, CLSNN_WARN_fewer_images, "--%s = %s: %s has %u %s images%s",
                               name, value, s->data.name, sets[k].there, sets[k].kind, apart);
    }
}

/* Checks --data-name: it becomes part of file names, and no other data may pass for clsnn's own sets. */
static enum clsnn_status check_name(const char *name) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    char shown[CLSNN_EXCERPT];
    const size_t n = strlen(name);
    if (n < CLSNN_DATA_NAME && strspn(name, letters) == n && *name != '.' && *name != '-' &&
        !clsnn_known_find(name) && strcmp(name, "digits") != 0)
        return CLSNN_OK;
    return clsnn_fail(
        CLSNN_E_USAGE,
        "--data-name = %s: must be at most %d letters, digits, '_', '-' and '.', begin with none "
        "of the last two, and not be a set of clsnn's own, such as mnist or digits",
        clsnn_excerpt(name, shown), CLSNN_DATA_NAME - 1);
}

enum clsnn_status clsnn_session_tell(struct clsnn_session *s, const struct clsnn_options *o,
                                     struct clsnn_warnings *w) {
    enum clsnn_status st = CLSNN_OK;
    const char *text;
    while ((text = clsnn_warnings_next(w))) {
        clsnn_progress_warn(&s->progress, "%s", text);
        if (o->strict) st = clsnn_fail(CLSNN_E_DATA, "%s; --strict makes this warning an error", text);
    }
    return st;
}

void clsnn_session_warn_ignored(struct clsnn_progress_line *progress, const struct clsnn_options *o) {
    struct clsnn_warnings w = {.told = {false}};
    const char *text;
    clsnn_warnings_of_options(&w, o);
    while ((text = clsnn_warnings_next(&w))) clsnn_progress_warn(progress, "%s", text);
}

/* Returns the data set to load: "mnist" for "auto" where nobody might see that the digits were taken. */
static const char *data_for(const struct clsnn_options *o) {
    const bool is_many = strcmp(o->command, "sweep") == 0 || strcmp(o->command, "reproduce") == 0 ||
                         strcmp(o->command, "tune") == 0;
    const bool is_watched = isatty(STDIN_FILENO) || isatty(STDERR_FILENO);
    return strcmp(o->data, "auto") == 0 && (is_many || !is_watched) ? "mnist" : o->data;
}

/* Returns how many training images are for validation. A search never sees the test set. */
static uint32_t images_to_validate(const struct clsnn_options *o, const struct clsnn_dataset *data) {
    const uint32_t sixth = data->train.n_images / 6;
    const uint32_t asked = (uint32_t)o->validate;
    if (strcmp(o->command, "tune") != 0 || (asked && !clsnn_option_is_default(o, "validate"))) return asked;
    const uint32_t most = asked ? asked : 10000;
    return sixth < most ? (sixth ? sixth : 1) : most;
}

/* Returns the directory of compiled kernels, malloc'ed; NULL: there is none. The XDG base directory
 * specification has relative paths ignored. */
static char *cache_dir(void) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && *xdg == '/') return clsnn_file_join(xdg, "clsnn");
    return home && *home == '/' ? clsnn_file_join(home, ".cache/clsnn") : NULL;
}

enum clsnn_status clsnn_session_device(const struct clsnn_options *o, const struct clsnn_device_info *info,
                                       struct clsnn_device **out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device *dev = NULL;
    char *dir = NULL;
    TRY(clsnn_device_open_info(info, &dev));
    /* pocl has a cache of its own */
    if (!o->no_kernel_cache && strcmp(dev->info.platform_name, "Portable Computing Language") != 0) {
        dir = cache_dir();
        if (dir) TRY(clsnn_device_cache(dev, dir));
    }
    free(dir);
    *out = dev;
    return CLSNN_OK;
fail:
    free(dir);
    clsnn_device_close(dev);
    return st;
}

void clsnn_session_leave_out(struct clsnn_progress_line *progress, const struct clsnn_device_info *info) {
    char label[CLSNN_DEVICE_LABEL];
    clsnn_device_label(info, label);
    clsnn_progress_warn(progress, "%s is left out: %s", label, clsnn_error_text());
    clsnn_error_clear();
}

/* Returns whether the command trains networks that several devices can share. */
static bool spreads(const struct clsnn_options *o) {
    static const char *const names[] = {"sweep", "reproduce", "bench"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(o->command, names[k]) == 0) return true;
    return o->runs > 1;
}

/* Picks the devices of --device. Errors: CLSNN_E_USAGE several for a command that runs one network. */
static enum clsnn_status pick(const struct clsnn_options *o, const struct clsnn_device_info *list, size_t n,
                              size_t *picked, size_t *out_n) {
    if (!spreads(o) && clsnn_device_spec_is_list(list, n, o->device))
        return clsnn_fail(
            CLSNN_E_USAGE,
            "--device = %s: clsnn %s runs one network, on one device: name one of those that clsnn "
            "devices lists (sweep, reproduce, bench and train --runs take several)",
            o->device, o->command);
    return clsnn_devices_pick(list, n, o->device, picked, out_n);
}

/* Picks the faster device for the work, and says so if there was a choice. */
static enum clsnn_status pick_default(struct clsnn_progress_line *progress,
                                      const struct clsnn_device_info *list, size_t n, uint64_t networks,
                                      uint32_t neurons, size_t *picked) {
    const size_t few = clsnn_device_default(list, n, 1, 1),
                 many = clsnn_device_default(list, n, UINT64_MAX, 1);
    char label[CLSNN_DEVICE_LABEL];
    *picked = clsnn_device_default(list, n, networks, neurons);
    if (*picked == n) return clsnn_device_pick(list, n, NULL, picked); /* says why */
    clsnn_device_label(&list[*picked], label);
    if (few != many)
        clsnn_progress_note(progress, "taking %s, the faster one for this work; --device %s takes the %s",
                            label, *picked == few ? "gpu" : "cpu", *picked == few ? "GPU" : "CPU");
    return CLSNN_OK;
}

enum clsnn_status clsnn_session_choose(struct clsnn_progress_line *progress, const struct clsnn_options *o,
                                       uint64_t networks, uint32_t neurons, struct clsnn_device_info **out,
                                       size_t *out_n) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device_info *list = NULL, *chosen = NULL;
    size_t *picked = NULL, n = 0, n_picked = 1;
    TRY(clsnn_devices_list(&list, &n));
    picked = calloc(n, sizeof *picked);
    chosen = calloc(n, sizeof *chosen);
    if (!picked || !chosen) {
        st = clsnn_no_memory("device list");
        goto fail;
    }
    TRY(o->device ? pick(o, list, n, picked, &n_picked)
                  : pick_default(progress, list, n, networks, neurons, picked));
    for (size_t k = 0; k < n_picked; k++) chosen[k] = list[picked[k]];
    *out = chosen;
    *out_n = n_picked;
    chosen = NULL;
fail:
    free(chosen);
    free(picked);
    free(list);
    return st;
}

/* Returns how many networks work side by side. The images of a test do, too: a CPU's core shows 1000 in the
 * time in which a GPU gets ready. */
static uint64_t side_by_side(const struct clsnn_session *s, const struct clsnn_options *o, size_t n_runs) {
    enum { IMAGES = 1000 };
    return strcmp(o->command, "eval") == 0 ? s->plan.test_images / IMAGES : n_runs;
}

/* Opens the devices for the runs. A device that does not open is left out, if others remain. */
static enum clsnn_status open_devices(struct clsnn_session *s, const struct clsnn_options *o,
                                      const struct clsnn_options *runs, size_t n_runs) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device_info *chosen = NULL;
    uint32_t neurons = 0;
    size_t n = 0;
    for (size_t k = 0; k < n_runs; k++)
        if ((uint32_t)runs[k].neurons > neurons) neurons = (uint32_t)runs[k].neurons;
    TRY(clsnn_session_choose(&s->progress, o, side_by_side(s, o, n_runs), neurons, &chosen, &n));
    s->devices = calloc(n, sizeof *s->devices);
    s->profiles = calloc(n, sizeof *s->profiles);
    if (!s->devices || !s->profiles) {
        st = clsnn_no_memory("devices");
        goto fail;
    }
    for (size_t k = 0; k < n; k++) {
        st = clsnn_session_device(o, &chosen[k], &s->devices[s->n_devices].dev);
        if (st == CLSNN_OK)
            s->n_devices++;
        else if (k + 1 < n || s->n_devices > 0)
            clsnn_session_leave_out(&s->progress, &chosen[k]);
        else
            goto fail;
    }
    st = CLSNN_OK;
fail:
    free(chosen);
    return st;
}

/* Sets the last n training images aside, and names the option in an error. */
static enum clsnn_status set_aside(struct clsnn_session *s, int32_t n) {
    const enum clsnn_status st = clsnn_dataset_validate(&s->data, (uint32_t)n);
    char text[256];
    if (st != CLSNN_E_USAGE) return st;
    snprintf(text, sizeof text, "%s", clsnn_error_text());
    clsnn_error_clear();
    return clsnn_fail(st, "--%s", text);
}

/* Says for each size where the values of preset tuned come from. */
static void note_tuned(struct clsnn_session *s, const struct clsnn_options *runs, size_t n_runs) {
    for (size_t k = 0; k < n_runs; k++) {
        double values[CLSNN_N_TUNED];
        uint32_t below, above;
        size_t first = 0;
        while (runs[first].neurons != runs[k].neurons ||
               runs[first].model.laws.rule != runs[k].model.laws.rule)
            first++;
        if (first < k || strcmp(runs[k].preset, CLSNN_PRESET_TUNED) != 0) continue;
        clsnn_tuned_values(runs[k].model.laws.rule, (uint32_t)runs[k].neurons, values, &below, &above);
        if (below != above)
            clsnn_progress_note(&s->progress,
                                "preset tuned: values between those of %u and %u neurons, by logarithms",
                                below, above);
        else if (below != (uint32_t)runs[k].neurons)
            clsnn_progress_note(&s->progress,
                                "preset tuned: values of %u neurons, the nearest size of its table", below);
        else
            clsnn_progress_note(&s->progress, "preset tuned: values found for %u neurons", below);
        const uint64_t images = (uint64_t)s->plan.epochs * s->plan.train_images;
        if (images < CLSNN_TUNED_IMAGES)
            clsnn_progress_note(
                &s->progress,
                "preset tuned is for %d images and more: with %llu --preset kim-2020 may be better",
                CLSNN_TUNED_IMAGES, (unsigned long long)images);
    }
}

enum clsnn_status clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o,
                                     const struct clsnn_options *runs, size_t n_runs) {
    enum clsnn_status st = CLSNN_OK;
    memset(s, 0, sizeof *s);
    TRY(catch_signals());
    clsnn_progress_start(&s->progress, stderr, o->quiet);
    clsnn_progress_note(&s->progress, "clsnn %s: loading data (%s)%s", CLSNN_VERSION, o->data,
                        o->collect ? "" : " and looking for an OpenCL device");
    s->chunk = (uint32_t)o->chunk;
    if (o->data_name) TRY(check_name(o->data_name));
    const bool predicts = strcmp(o->command, "predict") == 0 || strcmp(o->command, "probe") == 0;
    char left_out[CLSNN_LEFT_OUT] = "";
    TRY(predicts ? clsnn_dataset_load_images(data_for(o), &s->data, left_out)
                 : clsnn_dataset_load(data_for(o), &s->data));
    if (left_out[0])
        clsnn_progress_note(&s->progress, "%s: left out, since %s needs images only", left_out, o->command);
    if (s->data.train.n_images == 0 && !predicts && strcmp(o->command, "eval") != 0)
        TRY(clsnn_fail(
            CLSNN_E_DATA,
            "%s: holds a test set only, which serves clsnn eval, predict and probe: %s needs training "
            "images",
            s->data.source, o->command));
    if (!s->data.test.labels && !predicts)
        TRY(clsnn_fail(
            CLSNN_E_DATA,
            "%s: has no labels of the test images, which serves clsnn predict and probe: %s needs them",
            s->data.source, o->command));
    const uint32_t validate = images_to_validate(o, &s->data);
    if (validate) TRY(set_aside(s, (int32_t)validate));
    const bool is_builtin = strcmp(s->data.name, "digits") == 0;
    if (o->data_name) snprintf(s->data.name, sizeof s->data.name, "%s", o->data_name);
    clsnn_plan_make(o, &s->data, &s->plan);
    if (!o->collect) TRY(open_devices(s, o, runs, n_runs));
    s->plan.pause_every = (uint32_t)o->checkpoint_every;
    clsnn_progress_note(&s->progress, "data: %s (%s), %u training and %u %s images", s->data.name,
                        s->data.source, s->data.train.n_images, s->data.test.n_images,
                        clsnn_dataset_test_name(&s->data));
    if (strcmp(o->data, "auto") == 0 && is_builtin)
        clsnn_warnings_add(&s->warnings, CLSNN_WARN_builtin_digits,
                           "MNIST was not found, these are the built-in digits");
    note_tuned(s, runs, n_runs);
    struct checking images = {s, CLSNN_OK};
    clsnn_options_visit(o, check_images, &images);
    TRY(images.st);
    clsnn_warnings_of_pixels(&s->warnings, &s->data);
    TRY(clsnn_session_tell(s, o, &s->warnings));
fail:
    return st;
}

const char *clsnn_session_laws(const struct clsnn_laws *laws, char out[CLSNN_LAW_NAMES]) {
    char name[16];
    size_t n = 0;
    out[0] = '\0';
    for (size_t k = 0; k < clsnn_n_laws; k++)
        if (clsnn_law_get(laws, &clsnn_laws_table[k], name) != 0)
            n += (size_t)snprintf(out + n, CLSNN_LAW_NAMES - n, "-%s", name);
    if (laws->delay_max)
        snprintf(out + n, CLSNN_LAW_NAMES - n, "-delays%g-%g", laws->delay_min * CLSNN_DT_MS,
                 laws->delay_max * CLSNN_DT_MS);
    return out;
}

void clsnn_session_note_epochs(struct clsnn_session *s, const struct clsnn_options *o) {
    clsnn_progress_note(&s->progress, "--eval-every = %d: a run has %d epoch%s: tests at its end only",
                        o->eval_every, o->epochs, o->epochs == 1 ? "" : "s");
}

/* Says every ten seconds that compilers are still at work, from five seconds on. */
struct minder {
    struct clsnn_progress_line *progress;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended, is_running;
    bool kept; /* the next start finds the kernels compiled */
};

static void *mind(void *ctx) {
    struct minder *m = ctx;
    struct timespec next;
    const double began = clsnn_clock_seconds();
    clock_gettime(CLOCK_REALTIME, &next);
    next.tv_sec += 5;
    pthread_mutex_lock(&m->lock);
    while (!m->has_ended) {
        if (pthread_cond_timedwait(&m->ended, &m->lock, &next) == 0) continue;
        clsnn_progress_note(m->progress, "still compiling (%.0f s)%s", clsnn_clock_seconds() - began,
                            m->kept ? "; the kernels are kept for next time" : "");
        next.tv_sec += 10;
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static void mind_start(struct minder *m, struct clsnn_progress_line *progress, bool kept) {
    *m = (struct minder){.progress = progress, .kept = kept};
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->ended, NULL);
    m->is_running = pthread_create(&m->thread, NULL, mind, m) == 0; /* without a thread nothing is said */
}

static void mind_end(struct minder *m) {
    pthread_mutex_lock(&m->lock);
    m->has_ended = true;
    pthread_cond_signal(&m->ended);
    pthread_mutex_unlock(&m->lock);
    if (m->is_running) pthread_join(m->thread, NULL);
}

static bool are_alike(const struct clsnn_options *a, const struct clsnn_options *b) {
    return a->neurons == b->neurons && clsnn_laws_alike(&a->model.laws, &b->model.laws);
}

/* Compiles the kernels for one device and tests them. */
static enum clsnn_status get_ready(struct clsnn_session *s, const struct clsnn_options *o,
                                   const struct clsnn_options *runs, size_t n_runs, bool trains,
                                   struct clsnn_sweep_device *d) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_device_info *info = &d->dev->info;
    struct minder minder;
    clsnn_progress_note(&s->progress, "compiling kernels for %s (%s, driver %s)", info->name,
                        info->platform_name, info->driver);
    mind_start(&minder, &s->progress, !o->no_kernel_cache);
    const bool probes = strcmp(o->command, "probe") == 0;
    const enum clsnn_program_kind kind = probes       ? CLSNN_PROGRAM_REPLAY
                                         : o->profile ? CLSNN_PROGRAM_PROFILE
                                                      : CLSNN_PROGRAM_RUN;
    TRY(clsnn_program_create_for(d->dev, kind, o->work_group, clsnn_dataset_pixels(&s->data), &d->prog));
    clsnn_program_split(d->prog, o->split);
    for (size_t k = 0; k < n_runs; k++) {
        const uint32_t neurons = (uint32_t)runs[k].neurons;
        size_t first = 0;
        int n_alike = 0; /* runs of one size and with the same laws make a batch */
        while (!are_alike(&runs[first], &runs[k])) first++;
        if (first < k) continue;
        for (size_t r = k; r < n_runs; r++) n_alike += are_alike(&runs[r], &runs[k]);
        if (trains) TRY(clsnn_program_share(d->prog, n_alike, neurons, &runs[k].model.laws));
        TRY(clsnn_program_prepare(d->prog, neurons, &runs[k].model.laws));
    }
    if (!probes) TRY(clsnn_selftest(d->dev, d->prog)); /* it tests the kernels of training and evaluation */
fail:
    mind_end(&minder);
    return st;
}

enum clsnn_status clsnn_session_compile(struct clsnn_session *s, const struct clsnn_options *o,
                                        const struct clsnn_options *runs, size_t n_runs, bool trains) {
    enum clsnn_status st = CLSNN_OK;
    clsnn_session_may_end(
        "\nclsnn: stopped while kernels compiled, before any work: run the same command again\n");
    for (size_t k = 0; k < s->n_devices;) {
        struct clsnn_sweep_device *d = &s->devices[k];
        st = get_ready(s, o, runs, n_runs, trains, d);
        if (st == CLSNN_OK) {
            k++;
            continue;
        }
        if (s->n_devices == 1) goto fail;
        clsnn_session_leave_out(&s->progress, &d->dev->info);
        clsnn_program_destroy(d->prog);
        clsnn_device_close(d->dev);
        memmove(d, d + 1, (--s->n_devices - k) * sizeof *d);
    }
    clsnn_guard_compiled();
    for (size_t k = 0; o->profile && k < s->n_devices;
         k++) /* after the self-test, which is not to be profiled */
        s->devices[k].dev->profile = &s->profiles[k];
    st = CLSNN_OK;
fail:
    clsnn_session_may_end(NULL);
    return st;
}

enum clsnn_status clsnn_session_batch(struct clsnn_session *s, int n_slots, struct clsnn_batch **out) {
    const struct clsnn_plan *p = &s->plan;
    const uint32_t trained = p->train_first + p->train_images, labelled = p->label_first + p->label_images;
    return clsnn_batch_create(s->devices->dev, s->devices->prog, &s->data, p->neurons, &p->model.laws,
                              n_slots, trained > labelled ? trained : labelled,
                              p->test_first + p->test_images, s->chunk, out);
}

void clsnn_session_close(struct clsnn_session *s) {
    clsnn_progress_end(&s->progress);
    for (size_t k = 0; k < s->n_devices; k++) clsnn_program_destroy(s->devices[k].prog);
    clsnn_readout_finish();
    for (size_t k = 0; k < s->n_devices; k++) clsnn_device_close(s->devices[k].dev);
    free(s->devices);
    free(s->profiles);
    clsnn_dataset_finish(&s->data);
}
