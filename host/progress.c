/* Progress on stderr. */
#include "clsnn/progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24 };

static double now_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void clsnn_progress_start(struct clsnn_progress_line *p, FILE *to, bool quiet) {
    const char *term = getenv("TERM");
    *p = (struct clsnn_progress_line){.to = to, .quiet = quiet, .last = now_seconds()};
    p->terminal = isatty(fileno(to)) && term && strcmp(term, "dumb") != 0;
}

void clsnn_progress_end(struct clsnn_progress_line *p) {
    if (p->drawn) fputc('\n', p->to);
    p->drawn = false;
}

void clsnn_progress_note(struct clsnn_progress_line *p, const char *fmt, ...) {
    if (p->quiet) return;
    clsnn_progress_end(p);
    va_list args;
    va_start(args, fmt);
    vfprintf(p->to, fmt, args);
    va_end(args);
    fputc('\n', p->to);
    fflush(p->to);
}

static const char *stage_name(enum clsnn_stage_kind kind) {
    static const char *const names[] = {[CLSNN_STAGE_TRAIN] = "training", [CLSNN_STAGE_LABEL] = "labelling", [CLSNN_STAGE_TEST] = "testing"};
    return names[kind];
}

static void format_seconds(double s, char out[32]) {
    if (s < 0 || s > 1e8) s = 0;
    const long all = (long)(s + 0.5);
    if (all < 60) snprintf(out, 32, "%ld s", all);
    else if (all < 3600) snprintf(out, 32, "%ld:%02ld min", all / 60, all % 60);
    else snprintf(out, 32, "%ld:%02ld h", all / 3600, all / 60 % 60);
}

void clsnn_progress_stage(struct clsnn_progress_line *p, const struct clsnn_stage *stage) {
    if (p->quiet) return;
    const double now = now_seconds();
    const bool ended = stage->done >= stage->total;
    if (!ended && now - p->last < (p->terminal ? 0.1 : 10.0)) return;
    p->last = now;
    if (p->drawn && p->kind != stage->kind) clsnn_progress_end(p);
    p->kind = stage->kind;
    char eta[32], epoch[48] = "", accuracy[48] = "";
    format_seconds(ended ? stage->seconds : stage->eta_seconds, eta);
    if (stage->n_epochs > 1 && stage->epoch > 0) snprintf(epoch, sizeof epoch, " epoch %u/%u", stage->epoch, stage->n_epochs);
    if (stage->running_accuracy >= 0) snprintf(accuracy, sizeof accuracy, "  running accuracy %.1f %%", 100 * stage->running_accuracy);
    if (p->terminal) {
        char bar[BAR + 1];
        const int full = stage->total ? (int)((double)stage->done / (double)stage->total * BAR) : BAR;
        memset(bar, '.', BAR);
        memset(bar, '#', (size_t)(full < BAR ? full : BAR));
        bar[BAR] = '\0';
        fprintf(p->to, "\r%s%s [%s] %llu/%llu  %.0f images/s%s  %s %s\033[K", stage_name(stage->kind), epoch, bar, (unsigned long long)stage->done,
                (unsigned long long)stage->total, stage->images_per_second, accuracy, ended ? "took" : "ETA", eta);
        p->drawn = true;
        if (ended) clsnn_progress_end(p);
    } else {
        fprintf(p->to, "%s%s %llu/%llu images  %.0f images/s%s  %s %s\n", stage_name(stage->kind), epoch, (unsigned long long)stage->done,
                (unsigned long long)stage->total, stage->images_per_second, accuracy, ended ? "took" : "ETA", eta);
    }
    fflush(p->to);
}
