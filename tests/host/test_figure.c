/* Pictures, read back with libpng or as text: sizes, pixels that must have an exact colour, and degenerate
 * inputs (no data, NaN, one point, huge counts, no font). Their looks were judged by eye. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <png.h>

#include "base/file.h"
#include "formats/canvas.h"
#include "formats/confusion.h"
#include "formats/curves.h"
#include "formats/mistakes.h"
#include "formats/raster.h"
#include "formats/mosaic.h"

/* Only the leak sanitizer calls this. fontconfig keeps its configuration until the end, 288 bytes of it
 * unreachable. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig";
}

static char dir[64], path[96];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/clsnn-figure-XXXXXX");
    clsnn_error_clear();
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/a.png", dir);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(dir);
}

struct picture {
    int width, height;
    unsigned char *rgb;
};

static struct picture load(void) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path)) fail_msg("%s", image.message);
    image.format = PNG_FORMAT_RGB;
    struct picture p = {(int)image.width, (int)image.height, malloc(PNG_IMAGE_SIZE(image))};
    assert_non_null(p.rgb);
    if (!png_image_finish_read(&image, NULL, p.rgb, 0, NULL)) fail_msg("%s", image.message);
    return p;
}

static uint32_t pixel(const struct picture *p, int x, int y) {
    assert_in_range(x, 0, p->width - 1);
    assert_in_range(y, 0, p->height - 1);
    const unsigned char *rgb = p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

/* Counts the pixels of the rectangle that are not white. */
static size_t n_inked(const struct picture *p, int x0, int y0, int x1, int y1) {
    size_t n = 0;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) n += pixel(p, x, y) != 0xffffff;
    return n;
}

/* Checks that the outermost 3 pixels are white: a clipped word or line would leave ink there. */
static void assert_white_edge(const struct picture *p, const char *what) {
    const size_t top = n_inked(p, 0, 0, p->width, 3),
                 bottom = n_inked(p, 0, p->height - 3, p->width, p->height);
    const size_t left = n_inked(p, 0, 0, 3, p->height),
                 right = n_inked(p, p->width - 3, 0, p->width, p->height);
    if (top || bottom || left || right)
        fail_msg("%.60s: ink at the edges: top %zu, bottom %zu, left %zu, right %zu", what, top, bottom, left,
                 right);
}

static void test_colour_map(void **state) {
    (void)state;
    assert_int_equal(clsnn_weight_colour(0), 0xffffff);
    assert_int_equal(clsnn_weight_colour(-1), 0xffffff);
    assert_int_equal(clsnn_weight_colour(1.0 / 6), 0xffff80);
    assert_int_equal(clsnn_weight_colour(1.0 / 3), 0xffff00);
    assert_int_equal(clsnn_weight_colour(0.5), 0xff8000);
    assert_int_equal(clsnn_weight_colour(2.0 / 3), 0xff0000);
    assert_int_equal(clsnn_weight_colour(5.0 / 6), 0x800000);
    assert_int_equal(clsnn_weight_colour(1), 0x000000);
    assert_int_equal(clsnn_weight_colour(HUGE_VAL), 0x000000);
    assert_int_equal(clsnn_weight_colour(nan("")), 0x0000ff);
}

/* The weight of pixel i to neuron j. Shares of w_max go from exactly 0 to exactly 1 in steps of 1/64. */
static float weight(uint32_t i, uint32_t j, float w_max) {
    return w_max * (float)((i * 7 + j * 13) % 65) / 64.0f;
}

static enum clsnn_status mosaic(const char *to, const char *title, const float *w, size_t stride,
                                uint32_t n_post, float w_max) {
    const struct clsnn_mosaic m = {
        .w = w, .stride = stride, .n_post = n_post, .w_max = w_max, .width = 28, .height = 28};
    return clsnn_mosaic_weights(to, title, &m);
}

static void check_mosaic(uint32_t n_post, size_t stride, float w_max) {
    struct mosaic m;
    float *w = malloc(784 * stride * sizeof *w);
    assert_non_null(w);
    for (size_t k = 0; k < 784 * stride; k++) w[k] = NAN; /* NaN is blue: shows a read beyond column n_post */
    for (uint32_t i = 0; i < 784; i++)
        for (uint32_t j = 0; j < n_post; j++) w[i * stride + j] = weight(i, j, w_max);
    assert_int_equal(mosaic(path, "Weights", w, stride, n_post, w_max), CLSNN_OK);
    free(w);
    clsnn_mosaic_layout(n_post, 28, 28, &m);
    assert_true((uint32_t)(m.columns * m.rows) >= n_post);
    assert_true((uint32_t)(m.columns * (m.rows - 1)) < n_post);
    struct picture p = load();
    assert_int_equal(p.width, m.picture_width);
    assert_int_equal(p.height, m.picture_height);
    assert_true(p.width < 4200 && p.height < 4200);
    assert_white_edge(&p, "mosaic");
    for (uint32_t j = 0; j<(uint32_t)(m.columns * m.rows); j += n_post> 500 ? 97 : 1) {
        const int x = m.x0 + (int)j % m.columns * m.pitch, y = m.y0 + (int)j / m.columns * m.pitch;
        for (uint32_t i = 0; i < 784; i++) {
            /* The first and the last pixel of each square. */
            const int a = x + (int)(i % 28) * m.scale, b = y + (int)(i / 28) * m.scale, e = m.scale - 1;
            const uint32_t want = j < n_post ? clsnn_weight_colour((double)weight(i, j, 1)) : 0xe4e4e4;
            if (pixel(&p, a, b) != want || pixel(&p, a + e, b + e) != want)
                fail_msg("N = %u, neuron %u, pixel %u: 0x%06x: must be 0x%06x", n_post, j, i, pixel(&p, a, b),
                         want);
        }
        assert_int_equal(pixel(&p, x - 1, y), 0xb4b4b4); /* the line between tiles */
        assert_int_equal(pixel(&p, x, y + m.pitch - 1), 0xb4b4b4);
    }
    /* The colour bar stands one font width right of the mosaic: black at the top, white at the bottom. */
    const int x = m.x0 - 1 + m.width + m.font + m.font / 2;
    assert_int_equal(pixel(&p, x, m.y0), clsnn_weight_colour((m.height - 2.0) / (m.height - 1.0)));
    assert_int_equal(pixel(&p, x, m.y0 - 1 + m.height - 1), 0xffffff);
    free(p.rgb);
}

static void test_weights(void **state) {
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 10, 16, 99, 100, 101, 225, 400, 401, 1600, 16384};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) check_mosaic(sizes[k], sizes[k], 1.0f);
    check_mosaic(10, 16, 1.0f);    /* rows with padding */
    check_mosaic(4, 4, 0.015625f); /* long tick labels; a power of two keeps shares exact */
    check_mosaic(4, 4, 65536.0f);
}

/* For every N, the mosaic has room for all tiles, is near square, and stays within 4200 x 4200 pixels. */
static void test_every_layout(void **state) {
    (void)state;
    for (uint32_t n = 1; n <= 16384; n++) {
        struct mosaic m;
        clsnn_mosaic_layout(n, 28, 28, &m);
        if (m.scale < 1 || (uint32_t)(m.columns * m.rows) < n ||
            (uint32_t)((m.columns - 1) * (m.columns - 1)) >= n || m.picture_width > 4200 ||
            m.picture_height > 4200)
            fail_msg("N = %u: %d x %d tiles of scale %d in %d x %d pixels", n, m.columns, m.rows, m.scale,
                     m.picture_width, m.picture_height);
    }
}

static void test_weights_refuses(void **state) {
    (void)state;
    static const float w[784];
    static const struct {
        uint32_t n_post;
        size_t stride;
        float w_max;
    } rows[] = {{0, 1, 1},  {16385, 16385, 1}, {2, 1, 1},        {1, 1, 0},
                {1, 1, -1}, {1, 1, NAN},       {1, 1, HUGE_VALF}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        clsnn_error_clear();
        assert_int_equal(mosaic(path, "Weights", w, rows[k].stride, rows[k].n_post, rows[k].w_max),
                         CLSNN_E_FAILED);
        assert_non_null(strstr(clsnn_error_text(), "must be"));
    }
    clsnn_error_clear();
    assert_int_equal(mosaic("/nowhere/a.png", "", w, 1, 1, 1), CLSNN_E_IO);
    clsnn_error_clear();
    assert_int_equal(mosaic(path, "Weights", w, 1, 1, 1), CLSNN_OK);
}

/* One to five networks, two in a row: panels of black weights must cover their exact area of the picture. */
static void test_panels(void **state) {
    (void)state;
    static float w[784 * 4], black[784 * 4];
    for (size_t k = 0; k < 784 * 4; k++) black[k] = 1;
    const struct clsnn_panel panels[] = {{"after 1 epoch", w},
                                         {"after 3 epochs", black},
                                         {"after 5 epochs", black},
                                         {"after 7 epochs", w},
                                         {"", w}};
    for (size_t n = 1; n <= 5; n++) {
        if (clsnn_mosaic_panels(path, "Weights", panels, n, 4, 1, 28, 28) != CLSNN_OK)
            fail_msg("%s", clsnn_error_text());
        struct picture p = load();
        assert_white_edge(&p, "panels");
        size_t n_black = 0;
        for (int y = 0; y < p.height; y++)
            for (int x = 0; x < p.width; x++) n_black += pixel(&p, x, y) == 0x000000;
        /* A weight is a square of 8 x 8 pixels. The 12,000 pixels more are for letters and the bar's
         * lines. */
        const size_t tiles = n >= 3 ? 2 : n - 1;
        if (n > 1) assert_in_range(n_black, tiles * 4 * 784 * 64, tiles * 4 * 784 * 64 + 12000);
        free(p.rgb);
    }
    assert_int_equal(clsnn_mosaic_panels(path, "", panels, 0, 4, 1, 28, 28), CLSNN_E_FAILED);
    clsnn_error_clear();
    assert_int_equal(clsnn_mosaic_panels(path, "", panels, 17, 4, 1, 28, 28), CLSNN_E_FAILED);
    clsnn_error_clear();
    assert_int_equal(clsnn_mosaic_panels(path, "", panels, 1, 0, 1, 28, 28), CLSNN_E_FAILED);
    clsnn_error_clear();
}

static const double xs[] = {100, 400, 1600, 6400}, good[] = {80.7, 87.2, 90.1, 91.6},
                    fair[] = {72.0, 84, 88.5, 90}, poor[] = {73, 80, 85.5, 88}, bars[] = {1.5, 2, 1, 0.6};

/* Draws series in a chart of percentages. */
static enum clsnn_status draw(const struct clsnn_series *series, size_t n, struct clsnn_chart chart) {
    chart.x_label = "excitatory neurons";
    chart.y_label = "accuracy (%)";
    return clsnn_curves_draw(path, &chart, series, n);
}

static void check_curves(const struct clsnn_series *series, size_t n, const char *title) {
    if (draw(series, n, (struct clsnn_chart){.title = title, .note = title}) != CLSNN_OK)
        fail_msg("%s: %s", title, clsnn_error_text());
    struct picture p = load();
    assert_int_equal(p.width, 1600);
    assert_int_equal(p.height, 1000);
    assert_white_edge(&p, title);
    assert_true(n_inked(&p, 0, 0, 1600, 1000) > 3000);
    free(p.rgb);
}

/* Counts the pixels of row y that are not grey. */
static int n_coloured(const struct picture *p, int y) {
    int n = 0;
    for (int x = 0; x < p->width; x++) n += (pixel(p, x, y) & 255) != (pixel(p, x, y) >> 16);
    return n;
}

/* Where a chart's colours are. */
struct ink {
    int n, last, widest, n_widest; /* rows: the last, the one with the most coloured pixels */
    int n_ticks;                   /* of the x axis, which stands at y = 880 */
};

static struct ink ink_of(const struct clsnn_series *series, size_t n, struct clsnn_chart chart) {
    struct ink ink = {0};
    chart.title = "";
    assert_int_equal(draw(series, n, chart), CLSNN_OK);
    struct picture p = load();
    for (int y = 0; y < p.height; y++) {
        const int n_here = n_coloured(&p, y);
        ink.n += n_here;
        if (n_here) ink.last = y;
        if (n_here > ink.n_widest) ink.n_widest = n_here, ink.widest = y;
    }
    for (int x = 160; x < p.width; x++) /* right of the labels of the y axis */
        ink.n_ticks += pixel(&p, x, 885) != 0xffffff && pixel(&p, x - 1, 885) == 0xffffff;
    free(p.rgb);
    return ink;
}

/* The plot goes from about y = 100 to y = 880. */
static void test_charts(void **state) {
    (void)state;
    static const double two[] = {1, 2}, high[] = {90, 95}, wide[] = {200, 200};
    const struct clsnn_series one = {NULL, two, high, NULL, 1}, both = {NULL, two, high, NULL, 2},
                              barred = {NULL, two, high, wide, 1}, twice[] = {barred, barred};
    const struct clsnn_look same[] = {{.colour = 1}, {.colour = 1}}, level = {.colour = 1, .level = true};
    /* A single epoch has one tick, of its own. */
    assert_int_equal(ink_of(&one, 1, (struct clsnn_chart){.note = NULL}).n_ticks, 1);
    assert_int_equal(ink_of(&both, 1, (struct clsnn_chart){.note = NULL}).n_ticks, 2);
    /* 90 of 0 to 100 % is high in the plot, however long its error bar is. */
    const struct ink bar = ink_of(&barred, 1, (struct clsnn_chart){.looks = same});
    assert_in_range(bar.widest, 100 + 50, 100 + 110);
    assert_in_range(bar.last, 870, 885);
    /* Error bars at one x stand side by side: two have twice the ink of one. */
    const struct ink bars2 = ink_of(twice, 2, (struct clsnn_chart){.looks = same});
    assert_in_range(bars2.n, 9 * bar.n / 5, 5 * bar.n / 2);
    /* An axis from zero keeps 90 and 95 in the upper quarter. */
    assert_in_range(ink_of(&both, 1, (struct clsnn_chart){.note = NULL}).last, 600, 880);
    assert_in_range(ink_of(&both, 1, (struct clsnn_chart){.from_zero = true}).last, 100, 300);
    /* A level crosses the plot, more than 1400 px, and has no marker. */
    const struct ink line = ink_of(&one, 1, (struct clsnn_chart){.looks = &level});
    assert_true(line.n_widest > 1400 && line.n <= 5 * line.n_widest);
    assert_true(ink_of(&both, 1, (struct clsnn_chart){.looks = same, .points_only = true}).n <
                ink_of(&both, 1, (struct clsnn_chart){.looks = same}).n / 2);
    /* Six markers differ, and the seventh is the first. */
    struct picture shown[7];
    for (int k = 0; k < 7; k++) {
        const struct clsnn_look look = {.marker = k};
        assert_int_equal(draw(&one, 1, (struct clsnn_chart){.title = "", .looks = &look}), CLSNN_OK);
        shown[k] = load();
        for (int i = 0; i < k; i++)
            assert_int_equal(memcmp(shown[i].rgb, shown[k].rgb, (size_t)3 * 1600 * 1000) == 0,
                             i == 0 && k == 6);
    }
    for (int k = 0; k < 7; k++) free(shown[k].rgb);
}

static void test_curves(void **state) {
    (void)state;
    static const double nans[] = {(double)NAN, 1, (double)NAN, HUGE_VAL}, zeros[4],
                        ups[] = {-1e9, 1, 1e9, 1e-9}, same[] = {5, 5, 5, 5},
                        tiny[] = {0.1, 0.1 + 1e-17, 0.1, 0.1};
    struct clsnn_series s[20] = {
        {"triplet", xs, good, bars, 4}, {"pair", xs, fair, bars, 4}, {NULL, xs, poor, bars, 4}};
    check_curves(s, 3, "three series with error bars");
    check_curves(s, 1, "one series");
    check_curves(s, 0, "no series");
    check_curves((struct clsnn_series[]){{"none", NULL, NULL, NULL, 0}}, 1, "an empty series");
    check_curves((struct clsnn_series[]){{NULL, xs, good, NULL, 1}}, 1, "a single point");
    check_curves((struct clsnn_series[]){{"x", zeros, zeros, zeros, 1}}, 1, "a single point at the origin");
    check_curves((struct clsnn_series[]){{"x", xs, nans, nans, 4}}, 1, "values that are no numbers");
    check_curves((struct clsnn_series[]){{"x", nans, nans, NULL, 1}}, 1, "nothing but NaN");
    check_curves((struct clsnn_series[]){{"x", same, same, NULL, 4}}, 1, "one place four times");
    check_curves((struct clsnn_series[]){{"x", tiny, tiny, NULL, 4}}, 1, "equal but for rounding");
    check_curves((struct clsnn_series[]){{"x", ups, ups, NULL, 4}}, 1, "eighteen orders of magnitude");
    check_curves((struct clsnn_series[]){{"\xff\xfe", xs, good, NULL, 4}}, 1, "a name that is not UTF-8");
    char title[400];
    memset(title, 'W', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    check_curves(s, 3, title);
    for (size_t k = 0; k < 20; k++) s[k] = (struct clsnn_series){"a rather long name", xs, good, NULL, 4};
    check_curves(s, 20, "twenty series");

    /* A hollow, dashed curve must have less ink than the filled, solid one: its markers are white inside. */
    const struct clsnn_series one = {"x", xs, good, NULL, 4};
    int ink[2];
    for (int hollow = 0; hollow < 2; hollow++) {
        const struct clsnn_look look = {.colour = 1, .marker = 0, .hollow = hollow, .dashed = hollow};
        assert_int_equal(draw(&one, 1, (struct clsnn_chart){.title = "look", .looks = &look}), CLSNN_OK);
        struct picture p = load();
        for (int y = ink[hollow] = 0; y < p.height; y++) ink[hollow] += n_coloured(&p, y);
        free(p.rgb);
    }
    if (!(ink[1] > 300 && 4 * ink[1] < 3 * ink[0]))
        fail_msg("coloured pixels: solid curve %d, dashed %d: must be above 300 and below 3/4", ink[0],
                 ink[1]);

    static const double beyond[] = {1e308, -1e308};
    const struct clsnn_series b = {"x", beyond, beyond, NULL, 2};
    assert_int_equal(draw(&b, 1, (struct clsnn_chart){.title = ""}), CLSNN_E_FAILED);
    clsnn_error_clear();
}

static void test_ticks(void **state) {
    (void)state;
    static const struct {
        double range;
        int n_max;
        double step;
    } rows[] = {{1, 6, 0.2}, {10, 10, 1}, {0.2, 10, 0.02}, {20, 8, 5},
                {21, 5, 5},  {26, 5, 10}, {6300, 10, 1000}};
    char text[32];
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        assert_true(fabs(clsnn_tick_step(rows[k].range, rows[k].n_max) / rows[k].step - 1) < 1e-12);
    /* A step of the axis gives at most the 8 pieces asked for, and at least 3. */
    for (double range = 1e-12; range < 1e12; range *= 1.07)
        assert_in_range((int)ceil(range / clsnn_tick_step(range, 8) - 1e-6), 3, 8);
    clsnn_tick_text(-0.0, 0.2, text);
    assert_string_equal(text, "0.0");
    clsnn_tick_text(0.30000000000000004, 0.1, text);
    assert_string_equal(text, "0.3");
    clsnn_tick_text(6400, 1000, text);
    assert_string_equal(text, "6400");
    clsnn_tick_text(2e-9, 1e-9, text);
    assert_string_equal(text, "2e-09");
}

/* Cells begin at (150, 210) and are 92 pixels wide and high. A cell's corner shows its shade. */
static void test_confusion(void **state) {
    (void)state;
    uint32_t counts[10][10] = {{0}};
    for (size_t i = 0; i < 10; i++) counts[i][i] = 100 * (uint32_t)i; /* class 0 has no images */
    counts[2][3] = 200;
    counts[9][9] = UINT32_MAX;
    assert_int_equal(clsnn_confusion_draw(path, "Confusion, 400 neurons", counts[0], 10), CLSNN_OK);
    struct picture p = load();
    assert_int_equal(p.width, 150 + 920 + 170);
    assert_int_equal(p.height, 210 + 920 + 90);
    assert_white_edge(&p, "confusion");
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < 10; j++) {
            const uint32_t shade = pixel(&p, 150 + 92 * j + 6, 210 + 92 * i + 6);
            if (!counts[i][j])
                assert_int_equal(shade, 0xffffff);
            else if (i == 2) /* two cells with half the row: equal shades, between white and the darkest */
                assert_int_equal(shade, pixel(&p, 150 + 92 * 2 + 6, 210 + 92 * 2 + 6));
            /* The whole row in one cell: darkest. */
            else
                assert_int_equal(shade, pixel(&p, 150 + 92 + 6, 210 + 92 + 6));
        }
    }
    assert_true(pixel(&p, 150 + 92 * 2 + 6, 210 + 92 * 2 + 6) > pixel(&p, 150 + 92 + 6, 210 + 92 + 6));
    free(p.rgb);
    memset(counts, 0, sizeof counts); /* own images of three classes */
    counts[0][0] = counts[2][1] = 5;
    assert_int_equal(clsnn_confusion_draw(path, "three", counts[0], 10), CLSNN_OK);
    p = load();
    assert_true(pixel(&p, 150 + 92 * 1 + 6, 210 + 92 * 2 + 6) != 0xffffff);
    for (int i = 0; i < 560; i++) assert_int_equal(pixel(&p, 150 + i, 210 + 92 * 3 + 6), 0xffffff);
    free(p.rgb);
    static const uint32_t nothing[10][10];
    assert_int_equal(clsnn_confusion_draw(path, "", nothing[0], 10), CLSNN_OK);
}

/* Of more than ten classes the picture shows those that were met, at sizes that fit a page. */
static void test_confusion_of_many(void **state) {
    (void)state;
    enum { MOST = 256 };
    static uint32_t counts[MOST * MOST];
    for (int c = 1; c <= 26; c++) counts[c * 27 + c] = 9; /* EMNIST's letters: 27 classes, 0 unused */
    assert_int_equal(clsnn_confusion_draw(path, "letters", counts, 27), CLSNN_OK);
    struct picture p = load();
    assert_int_equal(p.width, 150 + 26 * 56 + 170);
    assert_true(pixel(&p, 150 + 6, 210 + 6) != 0xffffff); /* class 1 comes first */
    assert_white_edge(&p, "letters");
    free(p.rgb);
    for (int c = 0; c < MOST * MOST; c++) counts[c] = 1;
    assert_int_equal(clsnn_confusion_draw(path, "all", counts, MOST), CLSNN_OK);
    p = load();
    assert_int_equal(p.width, 150 + MOST * 6 + 170);
    assert_white_edge(&p, "256 classes");
    free(p.rgb);
    memset(counts, 0, sizeof counts);
    counts[3 * MOST + 200] = counts[200 * MOST + 200] = 2;
    assert_int_equal(clsnn_confusion_draw(path, "two of 256", counts, MOST), CLSNN_OK);
    p = load();
    assert_int_equal(p.width, 150 + 560 + 170);
    assert_true(pixel(&p, 150 + 92 + 6, 210 + 6) != 0xffffff && pixel(&p, 150 + 6, 210 + 6) == 0xffffff);
    free(p.rgb);
}

/* Spikes stand at their step and row in the picture's order of presentations; failed ones are grey; a
 * neuron's curve goes from its lowest to its highest value. */
static void test_raster(void **state) {
    (void)state;
    enum { STEPS = 100, LEFT = 190, WIDTH = 1370, TOP = 250 };
    static uint8_t image[28 * 28];
    static float v[2 * STEPS * 2], threshold[2 * STEPS * 2], w_before[2 * 784], w_after[2 * 784];
    const int32_t step[] = {50, 100 + 50}, row[] = {2, 7}, neurons[] = {7, 3};
    /* the accepted presentation is first in the data and last in the picture */
    const struct clsnn_span spans[] = {{STEPS, 70, "failed", true}, {0, 70, "accepted", false}};
    const struct clsnn_dots dots = {"neurons", step, row, 2, 10, true};
    for (int t = 0; t < 2 * STEPS; t++) {
        v[2 * t] = v[2 * t + 1] = (float)(t % STEPS);
        threshold[2 * t] = threshold[2 * t + 1] = 40.0f;
    }
    w_after[784 + 14 * 28 + 14] = 0.5f;
    const struct clsnn_curve_strip strips[] = {{"v", "neuron 7", v, threshold, 60, 0},
                                               {"g", NULL, v, NULL, 0, -1}};
    const char *const notes[] = {"a line", "another"};
    struct clsnn_raster r = {.title = "Raster",
                             .notes = notes,
                             .n_notes = 2,
                             .pixels = image,
                             .width = 28,
                             .height = 28,
                             .spans = spans,
                             .n_spans = 2,
                             .n_steps = STEPS,
                             .dt_ms = 0.5,
                             .dots = &dots,
                             .n_dots = 1,
                             .strips = strips,
                             .n_strips = 2,
                             .neurons = neurons,
                             .n_neurons = 2,
                             .w_before = w_before,
                             .w_after = w_after,
                             .w_max = 1};
    assert_int_equal(clsnn_raster_draw(path, &r), CLSNN_OK);
    struct picture p = load();
    assert_white_edge(&p, "raster");
    const int first = LEFT + 50 * WIDTH / 200 + 3, second = first + WIDTH / 2;
    assert_int_equal(pixel(&p, first, TOP + 7 * 19 + 9), 0x0073b3); /* neuron 7 is the first chosen one */
    assert_true(pixel(&p, second, TOP + 2 * 19 + 9) < 0x303030);
    assert_int_equal(pixel(&p, first, TOP + 2 * 19 + 9), 0xe8e8e8);
    assert_int_equal(pixel(&p, second, TOP + 7 * 19 + 9), 0xffffff);
    free(p.rgb);

    r.w_after = NULL;
    r.n_neurons = r.n_strips = 0;
    const struct clsnn_dots silent = {"neurons", NULL, NULL, 0, 1, true};
    r.dots = &silent;
    assert_int_equal(clsnn_raster_draw(path, &r), CLSNN_OK);
    p = load();
    assert_true(p.height < 600);
    assert_white_edge(&p, "raster of a silent neuron");
    free(p.rgb);
}

/* Pixels of images of any shape are squares that can be read back; captions stand below them. */
static void test_mistakes(void **state) {
    (void)state;
    static const int sizes[][3] = {{28, 28, 4}, {14, 14, 8}, {1, 1, 112}, {64, 64, 1}, {5, 40, 2}};
    static uint8_t pixels[CLSNN_MOST_MISTAKES][64 * 64];
    struct clsnn_mistake list[CLSNN_MOST_MISTAKES + 1];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int width = sizes[s][0], height = sizes[s][1], scale = sizes[s][2], n = s == 0 ? 100 : 11;
        for (int k = 0; k < n; k++) {
            for (int i = 0; i < width * height; i++) pixels[k][i] = (uint8_t)(i * 7 + k * 31 + 1);
            list[k] = (struct clsnn_mistake){pixels[k], 65535u - (uint32_t)k, k % 10, 255 - k};
        }
        assert_int_equal(clsnn_mistakes_draw(path, "Mistakes", list, (size_t)n, width, height), CLSNN_OK);
        struct picture p = load();
        assert_int_equal(p.width, 16 + 10 * 128);
        assert_int_equal(p.height, 110 + (n + 9) / 10 * 186);
        assert_white_edge(&p, "mistakes");
        for (int k = 0; k < n; k++) {
            const int left = 16 + k % 10 * 128, top = 110 + k / 10 * 186,
                      x = left + (112 - width * scale) / 2, y = top + (112 - height * scale) / 2;
            for (int i = 0; i < width * height; i++) {
                const int a = x + i % width * scale, b = y + i / width * scale;
                const uint32_t found = pixel(&p, a, b), want = 255u - pixels[k][i];
                assert_int_equal(found, (found & 255u) * 0x010101u);
                /* pictures keep every fourth grey */
                assert_in_range((found & 255u) + 2, want, want + 4);
                assert_int_equal(pixel(&p, a + scale - 1, b + scale - 1), found);
            }
            assert_true(n_inked(&p, left, top + 114, left + 112, top + 144) > 30);
            assert_true(n_inked(&p, left, top + 146, left + 112, top + 172) > 30); /* its number */
        }
        free(p.rgb);
    }
    assert_int_equal(clsnn_mistakes_draw(path, "No mistakes", NULL, 0, 28, 28), CLSNN_OK);
    struct picture p = load();
    assert_int_equal(p.height, 110);
    free(p.rgb);
    assert_int_equal(clsnn_mistakes_draw(path, "", list, CLSNN_MOST_MISTAKES + 1, 28, 28), CLSNN_E_FAILED);
    assert_non_null(strstr(clsnn_error_text(), "101 images: must be at most 100"));
    clsnn_error_clear();
}

/* Reads the file that was drawn last. The caller frees it. */
static char *read_drawn(size_t *out_n) {
    void *data = NULL;
    assert_int_equal(clsnn_file_read(path, (size_t)64 << 20, &data, out_n), CLSNN_OK);
    return data;
}

/* An svg has its texts as texts, escaped, and ends whole; equal pictures are equal pdf files. */
static void test_vectors(void **state) {
    (void)state;
    enum { N = 450 }; /* small tiles, with captions beside the rows */
    static float w[784 * N];
    static int32_t labels[N];
    static uint32_t order[N];
    char *pdf[2];
    size_t n = 0, n_pdf[2];
    for (uint32_t j = 0; j < N; j++) labels[j] = (int32_t)(j % 11) - 1, order[j] = N - 1 - j;
    struct clsnn_mosaic m = {.w = w,
                             .stride = N,
                             .n_post = N,
                             .w_max = 1,
                             .width = 28,
                             .height = 28,
                             .labels = labels,
                             .order = order};
    snprintf(path, sizeof path, "%s/a.svg", dir);
    for (int large = 0; large < 2; large++) {
        m.n_post = large ? 20 : N;
        if (large) m.order = NULL;
        assert_int_equal(clsnn_mosaic_weights(path, "a < b & c", &m), CLSNN_OK);
        char *svg = read_drawn(&n);
        assert_memory_equal(svg + n - 7, "</svg>\n", 7);
        svg[n - 1] = '\0';
        assert_non_null(strstr(svg, ">a &lt; b &amp; c</text>"));
        assert_non_null(strstr(svg, "data:image/png;base64,"));
        assert_non_null(strstr(svg, large ? ">19</text>" : ">8</text>"));
        free(svg);
    }
    unlink(path);
    snprintf(path, sizeof path, "%s/a.pdf", dir);
    const struct clsnn_series s = {"name", xs, good, bars, 4};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(draw(&s, 1, (struct clsnn_chart){.title = "title"}), CLSNN_OK);
        pdf[k] = read_drawn(&n_pdf[k]);
    }
    assert_memory_equal(pdf[0], "%PDF-", 5);
    assert_int_equal(n_pdf[0], n_pdf[1]);
    assert_memory_equal(pdf[0], pdf[1], n_pdf[0]);
    free(pdf[0]);
    free(pdf[1]);
    snprintf(path, sizeof path, "/nowhere/a.svg");
    assert_int_equal(clsnn_mosaic_weights(path, "", &m), CLSNN_E_IO);
    clsnn_error_clear();
    snprintf(path, sizeof path, "%s/a.pdf", dir);
}

/* Without any font the pictures are complete, drawn with cairo's built-in letters. A child process draws
 * them, because fontconfig reads its settings once. This test runs first, before this process draws text. */
static void test_no_font(void **state) {
    (void)state;
    const pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        char settings[96];
        snprintf(settings, sizeof settings, "%s/fonts.conf", dir);
        FILE *f = fopen(settings, "w");
        if (!f || fputs("<fontconfig></fontconfig>", f) < 0 || fclose(f) ||
            setenv("FONTCONFIG_FILE", settings, 1))
            _exit(10);
        const struct clsnn_series s = {"name", xs, good, bars, 4};
        static const float w[784];
        static const uint32_t counts[10][10];
        int code = 0;
        if (draw(&s, 1, (struct clsnn_chart){.title = "title"}) != CLSNN_OK) code |= 1;
        if (clsnn_confusion_draw(path, "title", counts[0], 10) != CLSNN_OK) code |= 2;
        if (mosaic(path, "Weights", w, 1, 1, 1) != CLSNN_OK) code |= 4;
        unlink(settings);
        _exit(code);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct mosaic m;
    clsnn_mosaic_layout(1, 28, 28, &m);
    struct picture p = load();
    assert_int_equal(pixel(&p, m.x0 - 1, m.y0), 0xb4b4b4);
    free(p.rgb);
}

int main(void) {
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_raster, setup, teardown),
        cmocka_unit_test_setup_teardown(test_vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_font, setup, teardown),
        cmocka_unit_test(test_colour_map),
        cmocka_unit_test_setup_teardown(test_weights, setup, teardown),
        cmocka_unit_test(test_every_layout),
        cmocka_unit_test_setup_teardown(test_weights_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_panels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_curves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_charts, setup, teardown),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test_setup_teardown(test_confusion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_confusion_of_many, setup, teardown),
    };
    const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    cairo_debug_reset_static_data(); /* the leak sanitizer would report cairo's font cache */
    return n_failed;
}
