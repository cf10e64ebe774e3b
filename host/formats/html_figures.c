/* SVG figures of pages. Texts and axes take the page's colours; tiles stay as they are. */
#include "formats/html_figures.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "formats/canvas.h"
#include "formats/html.h"

enum { TILE = 28 }; /* the larger side of a tile, in units of its figure */

static enum clsnn_status write_image(FILE *page, const struct clsnn_tiles *t, int columns, int rows) {
    enum clsnn_status st = CLSNN_OK;
    const int wide = columns * (t->width + 1) + 1, high = rows * (t->height + 1) + 1;
    unsigned char *png = NULL;
    size_t n_bytes = 0;
    uint32_t *all = malloc((size_t)wide * (size_t)high * sizeof *all);
    if (!all) return clsnn_no_memory("report.html");
    for (size_t k = 0; k < (size_t)wide * (size_t)high; k++) all[k] = 0xb4b4b4u;
    for (size_t k = 0; k < t->n; k++) {
        const size_t x = k % (size_t)columns * (size_t)(t->width + 1) + 1,
                     y = k / (size_t)columns * (size_t)(t->height + 1) + 1;
        for (int row = 0; row < t->height; row++)
            t->pixels(t->ctx, k, row, all + (y + (size_t)row) * (size_t)wide + x);
    }
    TRY(clsnn_png_encode("report.html", (const unsigned char *)all, wide, high, wide * 4, &png, &n_bytes));
    clsnn_html_base64(page, png, n_bytes);
fail:
    free(all);
    free(png);
    return st;
}

static void write_text(FILE *page, double x, double y, double size, const char *look, const char *text) {
    if (!*text) return;
    fprintf(page, "<text x=\"%.4g\" y=\"%.4g\" font-size=\"%.3g\"%s>", x, y, size, look);
    clsnn_html_text(page, text);
    fputs("</text>", page);
}

enum clsnn_status clsnn_html_tiles(FILE *page, const struct clsnn_tiles *t) {
    enum clsnn_status st = CLSNN_OK;
    const int columns = t->n < (size_t)t->columns ? (int)t->n : t->columns,
              rows = (int)((t->n + (size_t)columns - 1) / (size_t)columns);
    const double unit = (double)TILE / (t->width > t->height ? t->width : t->height),
                 wide = (columns * (t->width + 1) + 1) * unit, high = (rows * (t->height + 1) + 1) * unit,
                 pitch_x = (t->width + 1) * unit, pitch_y = (t->height + 1) * unit;
    struct clsnn_tile_text text;
    fprintf(page, "<svg class=\"tiles\" role=\"img\" viewBox=\"0 0 %.6g %.6g\" width=\"%.6g\"><title>", wide,
            high, wide * (columns > 24 ? 1 : 1.7));
    clsnn_html_text(page, t->alt);
    fprintf(page,
            "</title>\n<image width=\"%.6g\" height=\"%.6g\" preserveAspectRatio=\"none\" "
            "href=\"data:image/png;base64,",
            wide, high);
    TRY(write_image(page, t, columns, rows));
    fputs("\"/>\n", page);
    for (size_t k = 0; t->text && k < t->n; k++) {
        const double x = (double)(k % (size_t)columns) * pitch_x + unit,
                     y = (double)(k / (size_t)columns) * pitch_y + unit;
        t->text(t->ctx, k, &text);
        fputs("<g>", page);
        if (*text.hover) {
            fputs("<title>", page);
            clsnn_html_text(page, text.hover);
            fprintf(page,
                    "</title><rect x=\"%.5g\" y=\"%.5g\" width=\"%.4g\" height=\"%.4g\" opacity=\"0\"/>", x,
                    y, t->width * unit, t->height * unit);
        }
        write_text(page, x + 1, y + 7, 7, " font-weight=\"bold\" fill=\"#0050a0\"", text.left);
        write_text(page, x + t->width * unit - 1, y + 5, 5, " text-anchor=\"end\" fill=\"#555\"", text.right);
        fputs("</g>\n", page);
    }
fail:
    fputs("</svg>\n", page);
    return st;
}

enum { MOST_MARKED = 60 /* more markers would melt into a band */ };
/* A chart's place in its figure: the units of its viewBox. */
enum { WIDTH = 720, HEIGHT = 320, LEFT = 56, RIGHT = 20, TOP = 40, BOTTOM = 56 };

struct axes {
    double x_lo, x_hi, y_lo, y_hi;
    bool whole; /* every x is whole, and so are the ticks */
};

static double x_at(const struct axes *a, double x) {
    return LEFT + (x - a->x_lo) / (a->x_hi - a->x_lo) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const struct axes *a, double y) {
    return TOP + (a->y_hi - y) / (a->y_hi - a->y_lo) * (HEIGHT - TOP - BOTTOM);
}

/* Returns half the height of a point's error bar; 0 if it has none. */
static double error_at(const struct clsnn_series *s, size_t k) {
    return s->y_err && isfinite(s->y_err[k]) ? s->y_err[k] : 0;
}

static struct axes find_axes(const struct clsnn_series *series, size_t n_series) {
    struct axes a = {HUGE_VAL, -HUGE_VAL, 100, 100, true};
    for (size_t s = 0; s < n_series; s++) {
        for (size_t k = 0; k < series[s].n; k++) {
            if (!isfinite(series[s].y[k])) continue;
            a.whole = a.whole && series[s].x[k] == floor(series[s].x[k]);
            a.x_lo = fmin(a.x_lo, series[s].x[k]);
            a.x_hi = fmax(a.x_hi, series[s].x[k]);
            a.y_lo = fmin(a.y_lo, series[s].y[k] - error_at(&series[s], k));
        }
    }
    if (!(a.x_lo <= a.x_hi)) a.x_lo = a.x_hi = 1;
    if (a.whole) {
        a.x_lo -= 0.5;
        a.x_hi += 0.5;
    } else { /* parts of an epoch begin at 0 */
        a.x_lo = fmin(a.x_lo, 0);
        a.x_hi += 0.03 * (a.x_hi - a.x_lo);
    }
    a.y_lo = fmax(0, fmin(90, 10 * floor((a.y_lo - 1) / 10)));
    return a;
}

static void write_axes(FILE *page, const struct axes *a, const char *x_label) {
    const double step_y = clsnn_tick_step(a->y_hi - a->y_lo, 5),
                 step_x = fmax(a->whole ? 1 : 0, clsnn_tick_step(a->x_hi - a->x_lo, 12));
    char text[32];
    for (double y = a->y_lo; y <= a->y_hi + 1e-9; y += step_y) {
        clsnn_tick_text(y, step_y, text);
        fprintf(page,
                "<path d=\"M%d %.5gH%d\" stroke=\"currentColor\" opacity=\".2\"/>"
                "<text x=\"%d\" y=\"%.5g\" text-anchor=\"end\">%s</text>\n",
                LEFT, y_at(a, y), WIDTH - RIGHT, LEFT - 8, y_at(a, y) + 5, text);
    }
    for (double x = ceil(a->x_lo / step_x) * step_x; x <= a->x_hi; x += step_x) {
        clsnn_tick_text(x, step_x, text);
        fprintf(page, "<text x=\"%.5g\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_at(a, x),
                HEIGHT - BOTTOM + 22, text);
    }
    fprintf(page,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"currentColor\"/>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
            LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
    clsnn_html_text(page, x_label);
    fputs("</text>\n", page);
}

/* Writes a curve, `shift` beside its place. */
static void write_series(FILE *page, const struct axes *a, const struct clsnn_series *s,
                         const struct clsnn_look *look, int legend_x, double shift) {
    const double *rgb = clsnn_colours[look->colour % CLSNN_N_COLOURS];
    char colour[16];
    bool pen_down = false;
    snprintf(colour, sizeof colour, "#%02x%02x%02x", (unsigned)lround(255 * rgb[0]),
             (unsigned)lround(255 * rgb[1]), (unsigned)lround(255 * rgb[2]));
    if (!look->hollow) {
        fprintf(page, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\" d=\"", colour);
        for (size_t k = 0; k < s->n; k++) {
            if (isfinite(s->y[k]))
                fprintf(page, "%c%.5g %.5g", pen_down ? 'L' : 'M', x_at(a, s->x[k]) + shift,
                        y_at(a, s->y[k]));
            pen_down = isfinite(s->y[k]);
        }
        fputs("\"/>\n", page);
    }
    for (size_t k = 0; k < s->n; k++) {
        if (!isfinite(s->y[k]) || s->n > MOST_MARKED) continue;
        const double x = x_at(a, s->x[k]) + shift, err = error_at(s, k);
        if (err > 0)
            fprintf(page, "<path stroke=\"%s\" stroke-width=\"2\" d=\"M%.5g %.5gh10m-5 0V%.5gm-5 0h10\"/>\n",
                    colour, x - 5, y_at(a, fmax(a->y_lo, s->y[k] - err)),
                    y_at(a, fmin(a->y_hi, s->y[k] + err)));
        fprintf(page,
                "<circle cx=\"%.5g\" cy=\"%.5g\" r=\"%d\" fill=\"%s\" stroke=\"%s\" stroke-width=\"2\">"
                "<title>%.2f %%</title></circle>\n",
                x, y_at(a, s->y[k]), look->hollow ? 6 : 4, look->hollow ? "none" : colour, colour, s->y[k]);
    }
    fprintf(page,
            "<circle cx=\"%d\" cy=\"18\" r=\"5\" fill=\"%s\" stroke=\"%s\" stroke-width=\"2\"/>"
            "<text x=\"%d\" y=\"23\">",
            legend_x, look->hollow ? "none" : colour, colour, legend_x + 12);
    clsnn_html_text(page, s->name);
    fputs("</text>\n", page);
}

void clsnn_html_curves(FILE *page, const char *alt, const char *x_label, const struct clsnn_series *series,
                       const struct clsnn_look *looks, size_t n_series) {
    const struct axes a = find_axes(series, n_series);
    fprintf(
        page,
        "<svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" fill=\"currentColor\" font-size=\"15\"><title>",
        WIDTH, HEIGHT, WIDTH);
    clsnn_html_text(page, alt);
    fputs("</title>\n", page);
    write_axes(page, &a, x_label);
    for (size_t s = 0; s < n_series; s++) /* no error bar hides another */
        write_series(page, &a, &series[s], &looks[s], LEFT + 8 + (int)s * 190,
                     series[s].y_err ? 12 * ((double)s - (double)(n_series - 1) / 2) : 0);
    fputs("</svg>\n", page);
}
