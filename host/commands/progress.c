/* Writes progress to stderr. */
#include "commands/progress.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { BAR = 24 }; /* characters of the longest bar */

void clsnn_progress_start(struct clsnn_progress_line *p, FILE *to, bool quiet) {
    const char *term = getenv("TERM");
    *p = (struct clsnn_progress_line){.to = to, .quiet = quiet, .last = clsnn_clock_seconds()};
    p->terminal = isatty(fileno(to)) && term && strcmp(term, "dumb") != 0;
}

void clsnn_progress_end(struct clsnn_progress_line *p) {
    if (p->drawn) fputc('\n', p->to);
    p->drawn = false;
}

static void write_line(struct clsnn_progress_line *p, const char *head, const char *fmt, va_list args) {
    clsnn_progress_end(p);
    fputs(head, p->to);
    vfprintf(p->to, fmt, args);
    fputc('\n', p->to);
    fflush(p->to);
}

void clsnn_progress_note(struct clsnn_progress_line *p, const char *fmt, ...) {
    if (p->quiet) return;
    va_list args;
    va_start(args, fmt);
    write_line(p, "", fmt, args);
    va_end(args);
}

void clsnn_progress_warn(struct clsnn_progress_line *p, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_line(p, "WARNING: ", fmt, args);
    va_end(args);
}

void clsnn_progress_tell(struct clsnn_progress_line *p, bool is_warning, const char *fmt, ...) {
    if (p->quiet && !is_warning) return;
    va_list args;
    va_start(args, fmt);
    write_line(p, is_warning ? "WARNING: " : "", fmt, args);
    va_end(args);
}

static const char *stage_name(enum clsnn_stage_kind kind) {
    static const char *const names[] = {
        [CLSNN_STAGE_TRAIN] = "training", [CLSNN_STAGE_LABEL] = "labelling", [CLSNN_STAGE_TEST] = "testing"};
    return names[kind];
}

/* Returns the terminal's width. A longer line would wrap, and every redraw would leave a line behind. */
static int columns(FILE *to) {
    struct winsize size = {0};
    if (ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return 80;
    return size.ws_col;
}

/* Writes " [###...]" with up to BAR characters, as room allows; "" if there is room for less than 5. */
static void draw_bar(uint64_t done, uint64_t total, int room, char out[BAR + 4]) {
    const int width = room < BAR ? room : BAR;
    out[0] = '\0';
    if (width < 5) return;
    const int full = total ? (int)((double)done / (double)total * width) : width;
    snprintf(out, BAR + 4, " [%*s]", width, "");
    for (int k = 0; k < width; k++) out[2 + k] = k < full ? '#' : '.';
}

/* Redraws the terminal's last line: head, a bar in the room that is left, tail. */
static void draw_line(struct clsnn_progress_line *p, const char *head, uint64_t done, uint64_t total,
                      const char *tail) {
    char bar[BAR + 4] = "";
    const int room = columns(p->to) - 1, text = (int)(strlen(head) + strlen(tail));
    draw_bar(done, total, room - text - 3, bar);
    fprintf(p->to, "\r%.*s%s%.*s\033[K", room, head, bar,
            room > (int)strlen(head) ? room - (int)strlen(head) : 0, tail);
    p->drawn = true;
}

/* Notes before the first readout that CLBlast may take some seconds. */
static void note_readout(struct clsnn_progress_line *p) {
    clsnn_progress_note(
        p, "reading out with CLBlast (at its first use on a device it compiles for some seconds)");
}

void clsnn_progress_sweep(struct clsnn_progress_line *p, const struct clsnn_sweep_stage *s) {
    const double now = clsnn_clock_seconds();
    const size_t n_done = s->n_done + s->n_failed;
    const bool ended = n_done == s->n_runs;
    char eta[32], head[64], tail[192], spikes[40] = "", given_up[40] = "", warned[40] = "";
    if (s->reading_out) note_readout(p);
    if (p->quiet || (!ended && now - p->last < (p->terminal ? 0.1 : 10.0))) return;
    p->last = now;
    clsnn_format_duration(ended ? s->seconds : s->eta_seconds, eta);
    snprintf(head, sizeof head, "%zu/%zu run%s done, %zu running", n_done, s->n_runs,
             s->n_runs == 1 ? "" : "s", s->n_running);
    if (s->spikes_per_image > 0)
        snprintf(spikes, sizeof spikes, "  %.1f spikes an image", s->spikes_per_image);
    if (s->given_up) snprintf(given_up, sizeof given_up, "  %llu given up", (unsigned long long)s->given_up);
    if (s->n_warned) snprintf(warned, sizeof warned, "  %zu with warnings", s->n_warned);
    /* A narrow terminal cuts off the end. */
    snprintf(tail, sizeof tail, "  %.0f images/s  %s %s%s%s%s", s->images_per_second, ended ? "took" : "ETA",
             eta, spikes, given_up, warned);
    if (p->terminal)
        draw_line(p, head, s->images, s->images_total, tail);
    else
        fprintf(p->to, "%s%s\n", head, tail);
    fflush(p->to);
}

void clsnn_progress_stage(struct clsnn_progress_line *p, const struct clsnn_stage *stage) {
    if (p->quiet) return;
    if (stage->kind == CLSNN_STAGE_READOUT) {
        note_readout(p);
        return;
    }
    const double now = clsnn_clock_seconds();
    const bool ended = stage->done >= stage->total;
    if (!ended && now - p->last < (p->terminal ? 0.1 : 10.0)) return;
    p->last = now;
    if (p->drawn && p->kind != stage->kind) clsnn_progress_end(p);
    p->kind = stage->kind;
    char eta[32], head[96], epoch[48] = "", accuracy[48] = "";
    clsnn_format_duration(ended ? stage->seconds : stage->eta_seconds, eta);
    if (stage->n_epochs > 1 && stage->epoch > 0)
        snprintf(epoch, sizeof epoch, " epoch %u/%u", stage->epoch, stage->n_epochs);
    snprintf(head, sizeof head, "%s%s", stage_name(stage->kind), epoch);
    if (stage->running_accuracy >= 0)
        snprintf(accuracy, sizeof accuracy, "  %saccuracy %.1f %%", p->terminal ? "" : "running ",
                 100 * stage->running_accuracy);
    if (p->terminal) {
        char tail[192];
        snprintf(tail, sizeof tail, " %llu/%llu  %.0f images/s%s  %s %s", (unsigned long long)stage->done,
                 (unsigned long long)stage->total, stage->images_per_second, accuracy, ended ? "took" : "ETA",
                 eta);
        draw_line(p, head, stage->done, stage->total, tail);
        if (ended) clsnn_progress_end(p);
    } else {
        fprintf(p->to, "%s %llu/%llu images  %.0f images/s%s  %s %s\n", head, (unsigned long long)stage->done,
                (unsigned long long)stage->total, stage->images_per_second, accuracy, ended ? "took" : "ETA",
                eta);
    }
    fflush(p->to);
}
