/* Opening what a run needs. */
#include "clsnn/session.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t
    stopping; /* set by a signal, read between launches: the one global that is no constant */

static void on_signal(int number) {
    (void)number;
    if (stopping) _exit(130);
    stopping = 1;
}

static void catch_signals(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

/* Compilers inside OpenCL drivers (LLVM) and CLBlast's later builds put their own handlers in the place of ours, and SIGUSR1
 * then does nothing: so ours are put back each time. */
bool clsnn_session_stopping(void) {
    catch_signals(on_signal);
    return stopping != 0;
}

enum clsnn_status clsnn_session_open(struct clsnn_session *s, const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    memset(s, 0, sizeof *s);
    stopping = 0;
    catch_signals(on_signal);
    clsnn_progress_start(&s->progress, stderr, o->quiet);
    clsnn_progress_note(&s->progress, "clsnn %s: loading data (%s) and looking for an OpenCL device",
                        CLSNN_VERSION, o->data);
    s->chunk = (uint32_t)o->chunk;
    TRY(clsnn_device_open(o->device, &s->dev));
    if (o->profile) s->dev->profile = &s->profile;
    TRY(clsnn_dataset_load(o->data, &s->data));
    clsnn_plan_make(o, &s->data, &s->plan);
    clsnn_progress_note(
        &s->progress, "data: %s (%s), %u training and %u test images%s", s->data.name, s->data.source,
        s->data.train.n_images, s->data.test.n_images,
        strcmp(o->data, "auto") == 0 && strcmp(s->data.name, "digits") == 0
            ? " - MNIST WAS NOT FOUND, these are the built-in digits; 'clsnn data fetch mnist' gets MNIST"
            : "");
    clsnn_progress_note(&s->progress, "compiling kernels for %s (%s, driver %s)", s->dev->info.name,
                        s->dev->info.platform_name, s->dev->info.driver);
    TRY(clsnn_program_create(s->dev, o->profile ? CLSNN_PROGRAM_PROFILE : CLSNN_PROGRAM_RUN, o->work_group,
                             &s->prog));
    catch_signals(on_signal); /* see clsnn_session_stopping */
fail:
    return st;
}

enum clsnn_status clsnn_session_lab(struct clsnn_session *s, int n_slots, uint32_t n_train, uint32_t n_test,
                                    struct clsnn_lab **out) {
    return clsnn_lab_create(s->dev, s->prog, &s->data, s->plan.neurons, n_slots,
                            n_train ? n_train : s->data.train.n_images,
                            n_test ? n_test : s->data.test.n_images, s->chunk, out);
}

void clsnn_session_close(struct clsnn_session *s) {
    clsnn_progress_end(&s->progress);
    clsnn_program_destroy(s->prog);
    clsnn_device_close(s->dev);
    clsnn_dataset_finish(&s->data);
    catch_signals(SIG_DFL);
}
