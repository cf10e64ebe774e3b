/* The built-in digits: a table of pen strokes, bent at random and drawn with a round pen, in MNIST's format.
 * Every random choice is Philox4x32-10 of (seed, set, image, draw), so image k needs no other image. The data
 * set's hash must be the same on every machine. So the arithmetic is integers and + - * / sqrt, uncontracted,
 * and sin_turns replaces libm's sine. */
#include "dataset/digits.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <Random123/philox.h>

#include "clsnn/dataset.h"

/* clang obeys the pragma. gcc ignores it and obeys -ffp-contract=off, which the build passes. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif
_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 1,
               "digits.c needs plain IEEE double arithmetic: on 32-bit x86 build with -msse2 -mfpmath=sse");

enum {
    SIDE = CLSNN_IMAGE_SIDE,
    BOX = 20,
    MAX_POINTS = 16,
    MAX_STEPS = 9,
    MAX_DOTS = MAX_POINTS * MAX_STEPS + 1
};

/* The pen's way out of a control point: S on a smooth curve, C round a corner, L lifted off the paper. */
enum leave { S, C, L };

/* A control point on a page of 100 x 100, y downwards. (dx, dy) is the point's habit. One normal number moves
 * all points of a digit along their habits: a form covers narrow to wide, open to closed, bar to bow. */
struct point {
    int8_t x, y, dx, dy;
    uint8_t leave;
};
/* One way of writing a digit. */
struct form {
    uint8_t digit, weight; /* the weights of a digit's forms sum to 100 */
    uint8_t n_points;
    struct point points[MAX_POINTS];
};

/* clang-format off */
static const struct form forms[] = {
    /* 0: plain oval; begun at the right with its end curled in; slim */
    {0, 50, 9, {{55, 2, 4, 0, S}, {25, 12, 6, 0, S}, {8, 50, 8, 4, S}, {22, 88, 6, 0, S}, {50, 98, 0, 0, S},
                {80, 85, -6, 0, S}, {92, 50, -8, -4, S}, {78, 15, -6, 0, S}, {50, 2, -5, 3, L}}},
    {0, 30, 10, {{72, 10, 4, -4, S}, {48, 0, 0, 2, S}, {17, 22, 2, 4, S}, {6, 60, 4, 0, S}, {26, 95, 3, 0, S},
                 {60, 96, -3, 0, S}, {90, 62, -3, 4, S}, {90, 26, -3, 4, S}, {66, 6, 0, 2, S},
                 {42, 10, -6, 5, L}}},
    {0, 20, 9, {{62, 4, 4, 3, S}, {38, 16, 4, 0, S}, {20, 52, 5, 0, S}, {24, 86, 3, 2, S}, {44, 99, 0, 0, S},
                {68, 80, -3, 0, S}, {82, 42, -5, 0, S}, {78, 10, -3, 0, S}, {58, 3, -4, 0, L}}},
    /* 1: a bar; with a serif; with serif and base */
    {1, 70, 3, {{51, 0, 0, 0, S}, {50, 50, 4, 4, S}, {50, 100, 0, 0, L}}},
    {1, 18, 4, {{32, 24, -5, 4, S}, {53, 0, 0, 0, C}, {51, 50, 2, 0, S}, {50, 100, 0, 0, L}}},
    {1, 12, 6, {{30, 22, -5, 4, S}, {52, 0, 0, 0, C}, {51, 50, 2, 0, S}, {50, 97, 0, 0, L},
                {24, 98, -5, 0, S}, {80, 97, 6, 0, L}}},
    /* 2: round with a straight base; with a loop; like a Z */
    {2, 45, 9, {{12, 25, 2, 5, S}, {30, 5, 3, 1, S}, {58, 2, 0, 0, S}, {78, 22, 0, 2, S}, {70, 47, 2, 3, S},
                {40, 75, 3, 3, S}, {10, 96, 0, 0, C}, {48, 94, 0, -3, S}, {92, 95, 4, 0, L}}},
    {2, 35, 11, {{15, 22, 0, 5, S}, {36, 3, 0, 0, S}, {66, 5, 0, 0, S}, {77, 27, 0, 2, S}, {64, 57, 2, 0, S},
                 {38, 86, 0, 2, S}, {16, 95, -2, 0, S}, {9, 84, -3, -3, S}, {26, 76, 0, -4, S},
                 {56, 90, 0, 0, S}, {94, 90, 3, -4, L}}},
    {2, 20, 7, {{10, 13, 0, 3, S}, {44, 4, 0, 0, S}, {76, 10, 3, 0, S}, {52, 48, 5, 3, S}, {8, 95, 0, 0, C},
                {48, 92, 0, -2, S}, {94, 96, 3, 0, L}}},
    /* 3: two bows; flat top; with a small loop at the waist */
    {3, 55, 9, {{15, 13, 0, 3, S}, {45, 0, 0, 0, S}, {76, 13, 2, 2, S}, {70, 35, 2, 2, S}, {38, 47, 5, 0, C},
                {76, 56, 2, 0, S}, {84, 80, 3, 0, S}, {50, 100, 0, 0, S}, {8, 88, 0, 4, L}}},
    {3, 20, 7, {{14, 5, 0, 2, S}, {80, 3, 0, 0, C}, {42, 41, 4, 2, C}, {76, 50, 0, 2, S}, {84, 78, 3, 0, S},
                {50, 100, 0, 0, S}, {8, 90, 0, 4, L}}},
    {3, 25, 11, {{16, 15, 0, 3, S}, {46, 0, 0, 0, S}, {76, 13, 3, 0, S}, {66, 38, 0, 3, S}, {40, 51, 0, 0, S},
                 {30, 45, -4, 0, S}, {46, 42, 0, -3, S}, {76, 58, 0, 0, S}, {80, 84, 3, 0, S},
                 {46, 100, 0, 0, S}, {10, 87, 0, 4, L}}},
    /* 4: open; closed; open in one sweep */
    {4, 48, 6, {{26, 6, 6, 0, S}, {20, 32, 2, 0, S}, {12, 56, 2, 2, C}, {92, 52, 0, 3, L},
                {72, 8, 4, 6, S}, {64, 100, 0, 0, L}}},
    {4, 25, 6, {{64, 2, 0, 0, S}, {34, 34, 3, 0, S}, {6, 64, 0, 2, C}, {96, 61, 0, 2, L},
                {66, 2, 3, 4, S}, {62, 100, 0, 0, L}}},
    {4, 27, 7, {{18, 6, 5, 0, S}, {13, 38, 2, 0, S}, {36, 56, 0, 3, S}, {68, 46, 0, 2, S}, {80, 4, 0, 4, C},
                {74, 50, 0, 0, S}, {66, 100, 0, 0, L}}},
    /* 5: body, then the flag; in one line; like an S */
    {5, 45, 10, {{28, 6, 3, 0, S}, {24, 25, 3, 0, S}, {20, 43, 2, 0, C}, {50, 38, 0, 2, S}, {80, 58, 2, 0, S},
                 {76, 86, 0, 0, S}, {44, 100, 0, 0, S}, {8, 88, 0, 4, L}, {28, 6, 3, 0, S},
                 {90, 3, 8, -3, L}}},
    {5, 38, 8, {{88, 4, 5, -3, S}, {34, 6, 2, 0, C}, {24, 43, 2, 2, C}, {54, 37, 0, 3, S}, {80, 58, 3, 0, S},
                {74, 88, 2, 0, S}, {40, 100, 0, 0, S}, {6, 88, 0, 5, L}}},
    {5, 17, 9, {{86, 8, 5, -3, S}, {54, 4, 0, 0, S}, {32, 14, 0, 0, S}, {28, 36, 0, 2, S}, {56, 48, 0, 0, S},
                {78, 66, 3, 0, S}, {72, 90, 0, 0, S}, {42, 99, 0, 0, S}, {8, 90, 0, 4, L}}},
    /* 6: small bowl; long straight stem; hooked top */
    {6, 45, 9, {{70, 2, 4, 3, S}, {36, 26, 2, 0, S}, {13, 64, 0, 0, S}, {25, 95, 0, 0, S}, {58, 98, 0, 0, S},
                {80, 76, 0, -3, S}, {62, 54, 0, -3, S}, {34, 62, 0, -2, S}, {18, 82, -2, 2, L}}},
    {6, 30, 8, {{52, 0, 5, 0, S}, {26, 40, 3, 0, S}, {12, 76, 0, 0, S}, {34, 100, 0, 0, S}, {68, 92, 2, 0, S},
                {72, 66, 3, -3, S}, {44, 57, 0, -3, S}, {17, 76, -2, 0, L}}},
    {6, 25, 9, {{80, 13, 3, 4, S}, {56, 2, 0, 0, S}, {24, 30, 0, 0, S}, {11, 68, 0, 0, S}, {32, 98, 0, 0, S},
                {68, 93, 0, 0, S}, {80, 68, 0, -3, S}, {52, 52, 0, -3, S}, {17, 72, 0, 0, L}}},
    /* 7: plain; with a bar; with a serif; in one bow */
    {7, 45, 4, {{8, 9, 0, 3, S}, {88, 5, 0, 0, C}, {60, 50, 5, 3, S}, {42, 100, 4, 0, L}}},
    {7, 18, 6, {{10, 9, 0, 3, S}, {86, 5, 0, 0, C}, {60, 50, 4, 0, S}, {42, 100, 4, 0, L},
                {30, 53, -4, 2, S}, {84, 48, 4, -2, L}}},
    {7, 17, 6, {{10, 28, 0, 5, S}, {14, 7, 0, 0, C}, {50, 9, 0, 3, S}, {88, 6, 0, 0, C}, {62, 50, 5, 0, S},
                {50, 100, 4, 0, L}}},
    {7, 20, 6, {{8, 16, 0, 4, S}, {38, 5, 0, 0, S}, {76, 7, 2, 0, S}, {80, 26, 0, 3, S}, {58, 62, 3, 0, S},
                {44, 100, 4, 0, L}}},
    /* 8: an S and back; two rings; an S left open at the top */
    {8, 55, 12, {{74, 12, 2, 0, S}, {46, 0, 0, 0, S}, {20, 18, -2, 0, S}, {42, 42, 0, 3, S},
                 {76, 66, 2, 0, S}, {76, 90, 0, 0, S}, {44, 100, 0, 0, S}, {16, 86, -2, 0, S},
                 {28, 62, 0, 2, S}, {62, 38, 0, 2, S}, {80, 18, 2, 0, S}, {70, 6, -3, 3, L}}},
    {8, 22, 13, {{50, 47, 0, 3, S}, {24, 35, -2, 0, S}, {26, 9, 0, 0, S}, {54, 0, 0, 0, S}, {78, 12, 0, 0, S},
                 {74, 36, 2, 0, S}, {46, 48, 0, 3, S}, {18, 66, -2, 0, S}, {17, 91, 0, 0, S},
                 {50, 100, 0, 0, S}, {82, 90, 0, 0, S}, {80, 64, 2, 0, S}, {52, 47, 0, 3, L}}},
    {8, 23, 11, {{80, 18, 0, 4, S}, {62, 2, 0, 0, S}, {30, 8, 0, 0, S}, {28, 30, 0, 2, S}, {62, 56, 0, 0, S},
                 {78, 80, 2, 0, S}, {54, 100, 0, 0, S}, {22, 90, 0, 0, S}, {26, 68, 0, 0, S},
                 {60, 42, 0, 2, S}, {88, 8, 3, -3, L}}},
    /* 9: ring and straight stem; stem curved to the left; one line */
    {9, 45, 8, {{76, 14, 0, 2, S}, {50, 2, 0, 0, S}, {20, 22, 0, 3, S}, {24, 48, 0, 2, S}, {54, 48, 0, 3, S},
                {77, 14, 0, 0, C}, {74, 55, 3, 0, S}, {66, 100, 4, 0, L}}},
    {9, 22, 9, {{76, 16, 0, 2, S}, {50, 2, 0, 0, S}, {20, 22, 0, 3, S}, {26, 48, 0, 2, S}, {56, 46, 0, 3, S},
                {78, 16, 0, 0, C}, {78, 62, 2, 0, S}, {58, 96, 0, 0, S}, {18, 90, -4, -3, L}}},
    {9, 33, 9, {{72, 6, 3, 3, S}, {40, 3, 0, 0, S}, {18, 26, 0, 2, S}, {32, 48, 0, 3, S}, {62, 38, 0, 3, S},
                {78, 12, 0, 0, S}, {74, 34, 2, 0, S}, {60, 70, 3, 0, S}, {48, 100, 5, 0, L}}},
};
/* clang-format on */

/* The random numbers of one image: draw n is word n % 4 of Philox block n / 4. */
struct stream {
    philox4x32_ctr_t counter, block;
    philox4x32_key_t key;
    uint32_t n_drawn;
};

static struct stream stream_of(uint64_t seed, enum clsnn_digits_set set, uint32_t image) {
    /* The counter's last word keeps this stream apart from every other use of the seed. */
    struct stream s = {.counter = {{0, image, (uint32_t)set, 0x64696769u}},
                       .key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}}};
    return s;
}

static uint32_t draw_word(struct stream *s) {
    uint32_t word = s->n_drawn % 4;
    if (word == 0) {
        s->counter.v[0] = s->n_drawn / 4;
        s->block = philox4x32(s->counter, s->key);
    }
    s->n_drawn++;
    return s->block.v[word];
}

static double draw_uniform(struct stream *s) {
    return draw_word(s) * (1.0 / 4294967296.0);
}

/* Returns a nearly normal number: the sum of four uniform bytes, scaled. The sum is exact and stays within
 * 3.5 standard deviations. */
static double draw_normal(struct stream *s) {
    uint32_t w = draw_word(s);
    uint32_t sum = (w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24);
    return ((double)sum - 510.0) / 147.8;
}

/* Returns sin(2 pi x) by a Taylor polynomial (error below 1e-7). libm's last bit differs between machines. */
static double sin_turns(double x) {
    double t = x - (double)(int64_t)x; /* -1 .. 1 */
    if (t < 0) t += 1;
    if (t > 0.75)
        t -= 1;
    else if (t > 0.25)
        t = 0.5 - t;
    double a = 6.283185307179586 * t, q = a * a;
    return a * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110)))));
}

static double clamp(double x, double lo, double hi) {
    return x < lo ? lo : x > hi ? hi : x;
}

/* A digit as the pen's path: dots joined by straight pieces. lift[i]: the pen lifts after dot i, and no piece
 * joins it to the next. */
struct path {
    int n_dots;
    double x[MAX_DOTS], y[MAX_DOTS], radius[MAX_DOTS];
    bool lift[MAX_DOTS];
};

static const struct form *choose_form(struct stream *s, uint32_t digit) {
    uint32_t ticket = (uint32_t)((uint64_t)draw_word(s) * 100 >> 32);
    const struct form *f = forms;
    while (f->digit != digit) f++;
    for (; ticket >= f->weight; f++) ticket -= f->weight;
    return f;
}

/* Returns the tangent at control point i of a stroke from first to last: Catmull-Rom inside the stroke, the
 * tangent without curvature at an end or a corner. out: for the piece that begins, not ends, at i. */
static double tangent(const double *p, const uint8_t *leave, int first, int last, int i, bool out) {
    bool open = i == first || i == last || leave[i] == C;
    if (!open) return 0.5 * (p[i + 1] - p[i - 1]);
    int j = out ? i + 1 : i - 1;
    double chord = out ? p[j] - p[i] : p[i] - p[j];
    if (j == first || j == last || leave[j] == C) return chord;
    return 1.5 * chord - 0.25 * (p[j + 1] - p[j - 1]);
}

/* Turns control points into dots. Between two control points at distance d runs a cubic Hermite piece, cut
 * into d / 8 + 2 straight ones, at most MAX_STEPS. */
static void flatten(const double *px, const double *py, const uint8_t *leave, int n_points,
                    struct path *out) {
    int n = 0;
    for (int first = 0; first < n_points;) {
        int last = first;
        while (leave[last] != L) last++;
        for (int i = first; i < last; i++) {
            double ax = tangent(px, leave, first, last, i, true),
                   ay = tangent(py, leave, first, last, i, true);
            double bx = tangent(px, leave, first, last, i + 1, false),
                   by = tangent(py, leave, first, last, i + 1, false);
            double dx = px[i + 1] - px[i], dy = py[i + 1] - py[i];
            int steps = (int)(sqrt(dx * dx + dy * dy) / 8) + 2;
            if (steps > MAX_STEPS) steps = MAX_STEPS;
            for (int k = 0; k < steps; k++, n++) {
                double t = (double)k / steps, u = 1 - t;
                double h1 = t * u * u, h2 = t * t * u, h3 = t * t * (3 - 2 * t);
                out->x[n] = px[i] + h3 * dx + h1 * ax - h2 * bx;
                out->y[n] = py[i] + h3 * dy + h1 * ay - h2 * by;
                out->lift[n] = false;
            }
        }
        out->x[n] = px[last];
        out->y[n] = py[last];
        out->lift[n++] = true;
        first = last + 1;
    }
    out->n_dots = n;
}

/* Bends the whole page: two slow waves in each direction, the waist up or down, top and bottom of unlike
 * width, aspect, slant, and last a rotation about the middle. */
static void bend(struct stream *s, struct path *p) {
    double amp[4], fx[4], fy[4], phase[4];
    for (int k = 0; k < 4; k++) {
        amp[k] = 3.4 * draw_normal(s);
        fx[k] = 0.012 * (draw_uniform(s) - 0.5);
        fy[k] = 0.012 * (draw_uniform(s) - 0.5);
        phase[k] = 1 + draw_uniform(s);
    }
    double waist = 5.5 * draw_normal(s), taper = 0.14 * draw_normal(s);
    double aspect = clamp(0.84 + 0.18 * draw_normal(s), 0.48, 1.4);
    double slant = clamp(0.14 + 0.25 * draw_normal(s), -0.45, 0.75);
    double turn = 0.019 * draw_normal(s); /* in turns; the standard deviation is 7 degrees */
    double sine = sin_turns(turn), cosine = sin_turns(turn + 0.25);
    for (int i = 0; i < p->n_dots; i++) {
        double x = p->x[i] - 50, y = p->y[i] - 50;
        double wx = 0, wy = 0;
        for (int k = 0; k < 2; k++) {
            wx += amp[k] * sin_turns(2 + phase[k] + fx[k] * x + fy[k] * y);
            wy += amp[k + 2] * sin_turns(2 + phase[k + 2] + fx[k + 2] * x + fy[k + 2] * y);
        }
        y += wy;
        x = (x + wx) * aspect * (1 + taper * y * 0.02) - slant * y;
        y += waist * (1 - y * y * 0.0004);
        p->x[i] = cosine * x - sine * y;
        p->y[i] = sine * x + cosine * y;
    }
}

/* Gives each dot the pen's radius in pixels, then scales the path so that its ink fits MNIST's 20 x 20 box in
 * the middle of the image. The radius varies: the nib is broader in one direction, pressure swells along the
 * way, and the hand trembles a little. */
static void ink_and_fit(struct stream *s, struct path *p) {
    double size = draw_normal(s);
    double r = clamp(1.21 + 0.32 * size + 0.05 * size * size, 0.62, 2.0);
    double nib = 0.16 * draw_uniform(s), nib_x = sin_turns(draw_uniform(s)),
           nib_y = sqrt(1 - nib_x * nib_x); /* sin_turns stays below 1: its series falls short */
    double swell = 0.12 * draw_normal(s), swell_step = 0.01 + 0.03 * draw_uniform(s),
           swell_at = draw_uniform(s);
    double lo_x = p->x[0], hi_x = lo_x, lo_y = p->y[0], hi_y = lo_y, widest = 0;
    uint32_t tremor = 0;
    for (int i = 0; i < p->n_dots; i++) {
        if (i % 4 == 0) tremor = draw_word(s);
        double shake = (double)(tremor & 255) / 255 - 0.5;
        tremor >>= 8;
        int from = i && !p->lift[i - 1] ? i - 1 : i;
        double dx = p->x[from + 1] - p->x[from], dy = p->y[from + 1] - p->y[from];
        double along = dx * nib_x + dy * nib_y, length2 = dx * dx + dy * dy + 1e-9;
        double across = 1 - 2 * along * along / length2;
        p->radius[i] = r * (1 + nib * across + swell * sin_turns(swell_at + swell_step * i) + 0.14 * shake);
        widest = fmax(widest, p->radius[i]);
        lo_x = fmin(lo_x, p->x[i]), hi_x = fmax(hi_x, p->x[i]);
        lo_y = fmin(lo_y, p->y[i]), hi_y = fmax(hi_y, p->y[i]);
    }
    double scale = (BOX - 2 * widest) / fmax(hi_x - lo_x, hi_y - lo_y);
    double mid_x = 0.5 * (lo_x + hi_x), mid_y = 0.5 * (lo_y + hi_y);
    /* NOLINTBEGIN(bugprone-integer-division): SIDE is even */
    for (int i = 0; i < p->n_dots; i++) {
        p->x[i] = SIDE / 2 + (p->x[i] - mid_x) * scale;
        p->y[i] = SIDE / 2 + (p->y[i] - mid_y) * scale;
    }
    /* NOLINTEND(bugprone-integer-division) */
}

/* Draws straight piece i of the path into the canvas. A pixel's ink depends on the distance of its middle
 * from the piece. */
static void draw_piece(const struct path *p, int i, uint8_t canvas[SIDE][SIDE]) {
    double ax = p->x[i], ay = p->y[i], dx = p->x[i + 1] - ax, dy = p->y[i + 1] - ay;
    double reach = 0.5 * (p->radius[i] + p->radius[i + 1]) + 0.5, reach2 = reach * reach;
    double per_length2 = 1 / (dx * dx + dy * dy + 1e-12);
    int x0 = (int)clamp(fmin(ax, ax + dx) - reach, 0, SIDE - 1),
        x1 = (int)clamp(fmax(ax, ax + dx) + reach, 0, SIDE - 1);
    int y0 = (int)clamp(fmin(ay, ay + dy) - reach, 0, SIDE - 1),
        y1 = (int)clamp(fmax(ay, ay + dy) + reach, 0, SIDE - 1);
    for (int y = y0; y <= y1; y++) {
        double ey = y + 0.5 - ay;
        for (int x = x0; x <= x1; x++) {
            double ex = x + 0.5 - ax;
            double t = clamp((ex * dx + ey * dy) * per_length2, 0, 1);
            double ox = ex - t * dx, oy = ey - t * dy, d2 = ox * ox + oy * oy;
            if (d2 >= reach2) continue;
            double cover = reach - sqrt(d2); /* rises from 0 to 1 across the pixel on the edge */
            /* cover is never negative. NOLINTNEXTLINE(bugprone-incorrect-roundings) */
            uint8_t ink = cover >= 1 ? 255 : (uint8_t)(255 * cover + 0.5);
            if (ink > canvas[y][x]) canvas[y][x] = ink;
        }
    }
}

/* Copies the canvas, shifted by whole pixels so that its centre of mass becomes the image's centre. MNIST was
 * made the same way. */
static void centre_by_mass(uint8_t canvas[SIDE][SIDE], uint8_t *out) {
    int32_t mass = 0, sum_x = 0, sum_y = 0;
    for (int y = 0; y < SIDE; y++) {
        int32_t row = 0;
        for (int x = 0; x < SIDE; x++) {
            row += canvas[y][x];
            sum_x += canvas[y][x] * (2 * x + 1);
        }
        sum_y += row * (2 * y + 1);
        mass += row;
    }
    if (mass == 0) mass = 1; /* every digit has ink; without, the division by zero would be our bug */
    /* (SIDE - mean) / 2 rounded to the nearest; mean is twice the centre. 32 is added and subtracted again:
     * C's division truncates, so the dividend must be positive. */
    int shift_x = (SIDE * mass - sum_x + mass + 64 * mass) / (2 * mass) - 32;
    int shift_y = (SIDE * mass - sum_y + mass + 64 * mass) / (2 * mass) - 32;
    memset(out, 0, SIDE * SIDE);
    for (int y = 0; y < SIDE; y++) {
        if (y + shift_y < 0 || y + shift_y >= SIDE) continue;
        int x0 = shift_x < 0 ? -shift_x : 0, x1 = shift_x > 0 ? SIDE - shift_x : SIDE;
        memcpy(out + (y + shift_y) * SIDE + x0 + shift_x, &canvas[y][x0], (size_t)(x1 - x0));
    }
}

static void draw_image(struct stream *s, uint32_t digit, uint8_t *out_pixels) {
    const struct form *f = choose_form(s, digit);
    double x[MAX_POINTS], y[MAX_POINTS];
    uint8_t leave[MAX_POINTS];
    double habit = 1.1 * draw_normal(s), unsteady = 2.2 + 2.6 * draw_uniform(s);
    for (int i = 0; i < f->n_points; i++) {
        const struct point *q = &f->points[i];
        x[i] = q->x + habit * q->dx + unsteady * draw_normal(s);
        y[i] = q->y + habit * q->dy + unsteady * draw_normal(s);
        leave[i] = q->leave;
    }
    struct path path;
    flatten(x, y, leave, f->n_points, &path);
    bend(s, &path);
    ink_and_fit(s, &path);
    uint8_t canvas[SIDE][SIDE];
    memset(canvas, 0, sizeof canvas);
    for (int i = 0; i + 1 < path.n_dots; i++)
        if (!path.lift[i]) draw_piece(&path, i, canvas);
    centre_by_mass(canvas, out_pixels);
}

void clsnn_digits_draw(uint64_t seed, enum clsnn_digits_set set, uint32_t first, uint32_t n, uint8_t *pixels,
                       uint8_t *labels) {
    for (uint32_t k = 0; k < n; k++) {
        struct stream s = stream_of(seed, set, first + k);
        uint32_t digit = (uint32_t)((uint64_t)draw_word(&s) * 10 >> 32);
        labels[k] = (uint8_t)digit;
        draw_image(&s, digit, pixels + (size_t)k * SIDE * SIDE);
    }
}
