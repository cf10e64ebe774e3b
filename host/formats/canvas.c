/* The canvas of every picture. cairo draws, libpng packs the pixels into memory, clsnn_file_write writes the
 * file. Each text has a cairo context of its own: a context that met a broken font or text refuses all
 * further drawing. */
#include "formats/canvas.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/fail.h"
#include "base/file.h"

const double clsnn_colours[CLSNN_N_COLOURS][3] = {
    {0.00, 0.45, 0.70}, {0.84, 0.37, 0.00}, {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
    {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}, {0.20, 0.20, 0.20},
};

enum clsnn_status clsnn_canvas_init(struct canvas *c, const char *label, int width, int height) {
    *c = (struct canvas){.width = width, .height = height};
    c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    c->cr = cairo_create(c->surface);
    const cairo_status_t cs = cairo_status(c->cr);
    if (cs != CAIRO_STATUS_SUCCESS) {
        clsnn_canvas_finish(c);
        return clsnn_fail(CLSNN_E_MEMORY, "%s: no picture of %d x %d pixels: %s", label, width, height,
                          cairo_status_to_string(cs));
    }
    cairo_set_source_rgb(c->cr, 1, 1, 1);
    cairo_paint(c->cr);
    return CLSNN_OK;
}

void clsnn_canvas_finish(struct canvas *c) {
    if (c->cr) cairo_destroy(c->cr);
    if (c->surface) cairo_surface_destroy(c->surface);
    *c = (struct canvas){.surface = NULL};
}

enum clsnn_status clsnn_canvas_write(struct canvas *c, const char *path) {
    enum clsnn_status st = CLSNN_OK;
    unsigned char *data = NULL;
    size_t n_bytes = 0;
    cairo_status_t cs = cairo_status(c->cr);
    if (c->out_of_memory) cs = CAIRO_STATUS_NO_MEMORY;
    if (cs != CAIRO_STATUS_SUCCESS) {
        st = clsnn_fail(cs == CAIRO_STATUS_NO_MEMORY ? CLSNN_E_MEMORY : CLSNN_E_FAILED,
                        "%s: cannot be drawn: %s", path, cairo_status_to_string(cs));
        goto fail;
    }
    cairo_surface_flush(c->surface);
    TRY(clsnn_png_encode(path, cairo_image_surface_get_data(c->surface), c->width, c->height,
                         cairo_image_surface_get_stride(c->surface), &data, &n_bytes));
    TRY(clsnn_file_write(path, data, n_bytes));
fail:
    free(data);
    return st;
}

/* Makes a cairo context for one text. */
static cairo_t *text_context(struct canvas *c, struct text_style style) {
    cairo_t *cr = cairo_create(c->surface);
    /* Grey, unhinted glyphs, so that a file does not depend on the user's screen settings and widths scale
     * with the size. */
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, style.size);
    return cr;
}

static void finish_text(struct canvas *c, cairo_t *cr) {
    if (cairo_status(cr) == CAIRO_STATUS_NO_MEMORY) c->out_of_memory = true;
    cairo_destroy(cr);
}

double clsnn_canvas_text_width(struct canvas *c, struct text_style style, const char *text) {
    cairo_text_extents_t box = {.x_advance = 0};
    cairo_t *cr = text_context(c, style);
    cairo_text_extents(cr, text, &box);
    const bool known = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    finish_text(c, cr);
    return known ? box.x_advance : 0.6 * style.size * (double)strlen(text);
}

void clsnn_canvas_text(struct canvas *c, double x, double y, struct text_style style, const char *text) {
    cairo_text_extents_t box, digit;
    cairo_t *cr = text_context(c, style);
    cairo_text_extents(cr, text, &box);
    if (style.room > 0 && box.x_advance > style.room) {
        cairo_set_font_size(cr, style.size * style.room / box.x_advance);
        cairo_text_extents(cr, text, &box);
    }
    cairo_text_extents(cr, "0", &digit);
    if (cairo_status(cr) == CAIRO_STATUS_SUCCESS) {
        cairo_set_source_rgb(cr, style.grey, style.grey, style.grey);
        cairo_translate(cr, x, y);
        if (style.vertical) cairo_rotate(cr, -acos(0.0));
        cairo_move_to(cr, -style.align * box.x_advance, -digit.y_bearing - digit.height / 2);
        cairo_show_text(cr, text);
    }
    finish_text(c, cr);
}

void clsnn_canvas_tile(struct canvas *c, int x, int y, int side, int width, int height,
                       uint32_t (*colour)(const void *ctx, int at), const void *ctx) {
    const int largest = width > height ? width : height, scale = side > largest ? side / largest : 1;
    x += (side - width * scale) / 2;
    y += (side - height * scale) / 2;
    cairo_surface_flush(c->surface);
    unsigned char *pixels = cairo_image_surface_get_data(c->surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(c->surface);
    for (int at = 0; at < width * height; at++) {
        const uint32_t rgb = colour(ctx, at);
        const int left = x + at % width * scale, top = y + at / width * scale;
        for (int j = top; j < top + scale; j++)
            for (int i = left; i < left + scale; i++)
                memcpy(pixels + (size_t)j * stride + 4 * (size_t)i, &rgb, sizeof rgb);
    }
    cairo_surface_mark_dirty(c->surface);
    cairo_set_source_rgb(c->cr, 0.7, 0.7, 0.7);
    cairo_set_line_width(c->cr, 1);
    cairo_rectangle(c->cr, x - 0.5, y - 0.5, width * scale + 1, height * scale + 1);
    cairo_stroke(c->cr);
}

double clsnn_tick_step(double range, int n_max) {
    const double raw = range / n_max;
    const double power = pow(10.0, floor(log10(raw)));
    /* The factor 1 + 1e-9 allows for rounding: 0.2 / 0.02 must count as 10 pieces, but in binary it is not
     * quite 10. */
    for (double m = 1; m <= 5; m = m < 2 ? 2 : m + 3)
        if (range <= m * power * n_max * (1 + 1e-9)) return m * power;
    return 10 * power;
}

void clsnn_tick_text(double value, double step, char text[32]) {
    const double decimals = -floor(log10(step) + 1e-9);
    if (fabs(value) < step * 1e-6) value = 0; /* never prints "-0.0" */
    if (decimals > 6 || fabs(value) >= 1e9)
        snprintf(text, 32, "%.4g", value);
    else
        snprintf(text, 32, "%.*f", decimals > 0 ? (int)decimals : 0, value);
}

/* The memory that libpng writes to, and its error. */
struct png_sink {
    unsigned char *data;
    size_t n_bytes, capacity;
    bool no_memory;
    char message[128];
    jmp_buf on_error;
};

static void sink_error(png_structp png, png_const_charp message) {
    struct png_sink *s = png_get_error_ptr(png);
    snprintf(s->message, sizeof s->message, "%s", message);
    longjmp(s->on_error, 1);
}

/* Ignores libpng's warnings, which libpng would print; they never concern the pixels. */
static void sink_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void sink_write(png_structp png, png_bytep data, size_t n_bytes) {
    struct png_sink *s = png_get_io_ptr(png);
    if (n_bytes > s->capacity - s->n_bytes) {
        const size_t capacity = (s->n_bytes + n_bytes) / 2 * 3 + 4096;
        unsigned char *grown = realloc(s->data, capacity);
        if (!grown) {
            s->no_memory = true;
            png_error(png, "no memory");
        }
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->n_bytes, data, n_bytes);
    s->n_bytes += n_bytes;
}

static void sink_flush(png_structp png) {
    (void)png;
}

/* The pixels to encode, [height][width] of 0x00RRGGBB, and their colours if there are at most 256. */
struct pixels {
    const unsigned char *data;
    int width, height, stride_bytes;
    png_color palette[256];
    int n_colours; /* 0: more than 256, or not looked for */
    /* a hash table: slots[k] is colour | index << 24 if used[k] */
    uint32_t slots[1024];
    bool used[1024];
};

/* Returns the colour of a pixel. Greys are rounded to multiples of 4, so that the smooth edges of text take
 * few places of the palette. */
static uint32_t pixel_at(const struct pixels *p, int x, int y) {
    uint32_t rgb;
    memcpy(&rgb, p->data + (size_t)y * (size_t)p->stride_bytes + 4 * (size_t)x, 4);
    rgb &= 0xffffffu;
    const uint32_t grey = rgb & 0xffu, near = (grey + 2) / 4 * 4;
    return rgb == grey * 0x10101u ? (near > 255 ? 255 : near) * 0x10101u : rgb;
}

/* Returns the slot of a colour: its own, or the empty one where it belongs. */
static size_t slot_of(const struct pixels *p, uint32_t rgb) {
    size_t k = (rgb * 2654435761u) >> 22;
    while (p->used[k] && (p->slots[k] & 0xffffffu) != rgb) k = (k + 1) % 1024;
    return k;
}

/* Numbers the picture's colours. A palette makes a picture of weights a third as large. */
static void find_palette(struct pixels *p) {
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            const uint32_t rgb = pixel_at(p, x, y);
            const size_t k = slot_of(p, rgb);
            if (p->used[k]) continue;
            if (p->n_colours == 256) {
                p->n_colours = 0;
                return;
            }
            p->used[k] = true;
            p->slots[k] = rgb | (uint32_t)p->n_colours << 24;
            p->palette[p->n_colours++] =
                (png_color){(png_byte)(rgb >> 16), (png_byte)(rgb >> 8), (png_byte)rgb};
        }
    }
}

/* Encodes the picture; false on an error. setjmp has a function of its own, so that no variable that changes
 * after setjmp is read after a longjmp. */
static bool encode(struct png_sink *s, png_structp png, png_infop info, const struct pixels *p,
                   unsigned char *row) {
    if (setjmp(s->on_error)) return false;
    png_set_write_fn(png, s, sink_write, sink_flush);
    png_set_IHDR(png, info, (png_uint_32)p->width, (png_uint_32)p->height, 8,
                 p->n_colours ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (p->n_colours) png_set_PLTE(png, info, p->palette, p->n_colours);
    /* Pictures have few colours in large areas: unfiltered rows pack better and faster than with the filters
     * that libpng chooses for photographs. */
    png_set_filter(png, 0, PNG_FILTER_NONE);
    png_write_info(png, info);
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            const uint32_t rgb = pixel_at(p, x, y);
            if (p->n_colours) {
                row[x] = (unsigned char)(p->slots[slot_of(p, rgb)] >> 24);
                continue;
            }
            row[3 * x] = (unsigned char)(rgb >> 16);
            row[3 * x + 1] = (unsigned char)(rgb >> 8);
            row[3 * x + 2] = (unsigned char)rgb;
        }
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    return true;
}

enum clsnn_status clsnn_png_encode(const char *label, const unsigned char *pixels, int width, int height,
                                   int stride_bytes, unsigned char **out_data, size_t *out_bytes) {
    struct png_sink sink = {.data = NULL};
    struct pixels p = {.data = pixels, .width = width, .height = height, .stride_bytes = stride_bytes};
    png_infop info = NULL;
    bool ok = false;
    unsigned char *row = malloc(3 * (size_t)width);
    /* libpng catches errors of this call itself and returns NULL without memory. */
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, NULL, sink_warning);
    if (png) info = png_create_info_struct(png);
    if (row && info) {
        png_set_error_fn(png, &sink, sink_error, sink_warning);
        find_palette(&p);
        ok = encode(&sink, png, info, &p, row);
    } else {
        sink.no_memory = true;
    }
    png_destroy_write_struct(&png, &info);
    free(row);
    if (!ok) {
        free(sink.data);
        if (sink.no_memory || strstr(sink.message, "emory"))
            return clsnn_fail(CLSNN_E_MEMORY, "%s: no memory to pack %d x %d pixels", label, width, height);
        return clsnn_fail(CLSNN_E_FAILED, "%s: libpng: %s", label, sink.message);
    }
    *out_data = sink.data;
    *out_bytes = sink.n_bytes;
    return CLSNN_OK;
}
