/* The canvas of every picture. cairo draws, and makes svg and pdf itself; libpng packs the pixels of a PNG.
 * Files are made in memory, and clsnn_file_write writes them. Each text has a cairo context of its own: a
 * context that met a broken font or text refuses all further drawing. */
#include "formats/canvas.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <png.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/html.h"

const double clsnn_colours[CLSNN_N_COLOURS][3] = {
    {0.00, 0.45, 0.70}, {0.84, 0.37, 0.00}, {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
    {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}, {0.20, 0.20, 0.20},
};

enum { PX_PER_INCH = 200, POINTS_PER_INCH = 72 };

static bool is_svg(const struct canvas *c) {
    return cairo_surface_get_type(c->surface) == CAIRO_SURFACE_TYPE_SVG;
}

static cairo_status_t keep(void *to, const unsigned char *data, unsigned n_bytes) {
    return fwrite(data, 1, n_bytes, to) == n_bytes ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Makes the surface of a canvas for the format of path. */
static void make_surface(struct canvas *c, const char *path) {
    const bool svg = clsnn_text_ends(path, ".svg"), pdf = clsnn_text_ends(path, ".pdf");
    if (!svg && !pdf) {
        c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, c->width, c->height);
        return;
    }
    const double scale = (double)POINTS_PER_INCH / PX_PER_INCH;
    c->to = open_memstream(&c->data, &c->n_bytes);
    if (svg) c->texts = open_memstream(&c->texts_data, &c->n_texts_bytes);
    if (!c->to || (svg && !c->texts)) return;
    if (svg) {
        c->surface = cairo_svg_surface_create_for_stream(keep, c->to, c->width, c->height);
        cairo_svg_surface_set_document_unit(c->surface, CAIRO_SVG_UNIT_PX);
    } else {
        c->surface = cairo_pdf_surface_create_for_stream(keep, c->to, scale * c->width, scale * c->height);
        cairo_surface_set_device_scale(c->surface, scale, scale);
        /* equal pictures are equal files */
        cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_CREATE_DATE, "2020-08-01T00:00:00Z");
    }
}

enum clsnn_status clsnn_canvas_init(struct canvas *c, const char *path, int width, int height) {
    *c = (struct canvas){.width = width, .height = height};
    make_surface(c, path);
    if (c->surface) c->cr = cairo_create(c->surface);
    const cairo_status_t cs = c->cr ? cairo_status(c->cr) : CAIRO_STATUS_NO_MEMORY;
    if (cs != CAIRO_STATUS_SUCCESS) {
        clsnn_canvas_finish(c);
        return clsnn_fail(CLSNN_E_MEMORY, "%s: no picture of %d x %d pixels: %s", path, width, height,
                          cairo_status_to_string(cs));
    }
    cairo_set_source_rgb(c->cr, 1, 1, 1);
    cairo_paint(c->cr);
    return CLSNN_OK;
}

void clsnn_canvas_finish(struct canvas *c) {
    if (c->cr) cairo_destroy(c->cr);
    if (c->surface) cairo_surface_destroy(c->surface);
    if (c->to) fclose(c->to);
    if (c->texts) fclose(c->texts);
    free(c->data);
    free(c->texts_data);
    *c = (struct canvas){.surface = NULL};
}

/* Writes what cairo has made, with the texts of an svg before its end. */
static enum clsnn_status write_vectors(struct canvas *c, const char *path) {
    static const char end[] = "</svg>\n";
    enum clsnn_status st = CLSNN_OK;
    char *whole = NULL;
    const bool svg = is_svg(c);
    bool ok = clsnn_text_end(c->to, &c->data);
    c->to = NULL;
    if (svg) {
        ok = clsnn_text_end(c->texts, &c->texts_data) && ok;
        c->texts = NULL;
    }
    const size_t n = c->n_bytes - (svg ? sizeof end - 1 : 0), n_all = n + c->n_texts_bytes + sizeof end - 1;
    if (ok && svg) whole = malloc(n_all);
    if (!ok || (svg && !whole)) return clsnn_no_memory(path);
    if (!svg) return clsnn_file_write(path, c->data, c->n_bytes);
    if (memcmp(c->data + n, end, sizeof end - 1) != 0) {
        st = clsnn_fail(CLSNN_E_FAILED, "%s: cairo's svg does not end in </svg>", path);
        goto fail;
    }
    memcpy(whole, c->data, n);
    memcpy(whole + n, c->texts_data, c->n_texts_bytes);
    memcpy(whole + n + c->n_texts_bytes, end, sizeof end - 1);
    TRY(clsnn_file_write(path, whole, n_all));
fail:
    free(whole);
    return st;
}

enum clsnn_status clsnn_canvas_write(struct canvas *c, const char *path) {
    enum clsnn_status st = CLSNN_OK;
    unsigned char *data = NULL;
    size_t n_bytes = 0;
    cairo_status_t cs = cairo_status(c->cr);
    if (c->to) cairo_surface_finish(c->surface);
    if (cs == CAIRO_STATUS_SUCCESS) cs = cairo_surface_status(c->surface);
    if (c->out_of_memory) cs = CAIRO_STATUS_NO_MEMORY;
    if (cs != CAIRO_STATUS_SUCCESS) {
        st = clsnn_fail(cs == CAIRO_STATUS_NO_MEMORY ? CLSNN_E_MEMORY : CLSNN_E_FAILED,
                        "%s: cannot be drawn: %s", path, cairo_status_to_string(cs));
        goto fail;
    }
    if (c->to) return write_vectors(c, path);
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

/* Returns text with '?' for each byte that is no UTF-8, which cairo refuses: paths may hold any byte, and a
 * long title may be cut inside a character. malloc'ed; NULL without memory. */
static char *drawable(struct canvas *c, const char *text) {
    char *copy = strdup(text);
    if (!copy) c->out_of_memory = true;
    for (char *at = copy; at && *at;) {
        const size_t n = clsnn_utf8_length(at);
        if (n == 0) *at = '?';
        at += n ? n : 1;
    }
    return copy;
}

double clsnn_canvas_text_width(struct canvas *c, struct text_style style, const char *text) {
    cairo_text_extents_t box = {.x_advance = 0};
    char *drawn = drawable(c, text);
    cairo_t *cr = text_context(c, style);
    if (drawn) cairo_text_extents(cr, drawn, &box);
    const bool known = drawn && cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    finish_text(c, cr);
    free(drawn);
    return known ? box.x_advance : 0.6 * style.size * (double)strlen(text);
}

/* Writes a text of an svg. x, y: its anchor, at the middle of a digit; down: from there to the baseline. */
static void write_text(struct canvas *c, double x, double y, double down, double size, double width,
                       struct text_style style, const char *text) {
    const int grey = (int)lround(255 * style.grey);
    const double at = -style.align * width;
    fprintf(c->texts, "<text transform=\"translate(%.2f %.2f)%s\" x=\"%.2f\" y=\"%.2f\" ", x, y,
            style.vertical ? " rotate(-90)" : "", at, down);
    fprintf(c->texts, "font-family=\"DejaVu Sans, sans-serif\" font-size=\"%.2f\"%s fill=\"#%02x%02x%02x\" ",
            size, style.bold ? " font-weight=\"bold\"" : "", grey, grey, grey);
    /* with another font the text keeps its width */
    fprintf(c->texts, "textLength=\"%.2f\" lengthAdjust=\"spacingAndGlyphs\">", width);
    clsnn_html_text(c->texts, text);
    fputs("</text>\n", c->texts);
}

void clsnn_canvas_text(struct canvas *c, double x, double y, struct text_style style, const char *given) {
    cairo_text_extents_t box, digit;
    double size = style.size;
    char *text = drawable(c, given);
    if (!text) return;
    cairo_t *cr = text_context(c, style);
    cairo_text_extents(cr, text, &box);
    if (style.room > 0 && box.x_advance > style.room) {
        size *= style.room / box.x_advance;
        cairo_set_font_size(cr, size);
        cairo_text_extents(cr, text, &box);
    }
    cairo_text_extents(cr, "0", &digit);
    const double down = -digit.y_bearing - digit.height / 2;
    if (cairo_status(cr) == CAIRO_STATUS_SUCCESS && *text && c->texts) {
        write_text(c, x, y, down, size, box.x_advance, style, text);
    } else if (cairo_status(cr) == CAIRO_STATUS_SUCCESS) {
        cairo_set_source_rgb(cr, style.grey, style.grey, style.grey);
        cairo_translate(cr, x, y);
        if (style.vertical) cairo_rotate(cr, -acos(0.0));
        cairo_move_to(cr, -style.align * box.x_advance, down);
        cairo_show_text(cr, text);
    }
    finish_text(c, cr);
    free(text);
}

void clsnn_canvas_image(struct canvas *c, int x, int y, int scale, int width, int height,
                        const uint32_t *pixels) {
    unsigned char *png = NULL;
    size_t n_bytes = 0;
    /* cairo reads the pixels and nothing more */
    cairo_surface_t *image = cairo_image_surface_create_for_data(
        (unsigned char *)(uintptr_t)pixels, CAIRO_FORMAT_RGB24, width, height, 4 * width);
    if (c->texts) { /* an svg: our PNG has a palette, which makes it a third as large as cairo's */
        if (clsnn_png_encode("picture", (const unsigned char *)pixels, width, height, 4 * width, &png,
                             &n_bytes) != CLSNN_OK)
            c->out_of_memory = true;
        else if (cairo_surface_set_mime_data(image, CAIRO_MIME_TYPE_PNG, png, n_bytes, free, png) !=
                 CAIRO_STATUS_SUCCESS)
            free(png);
    }
    cairo_save(c->cr);
    cairo_translate(c->cr, x, y);
    cairo_scale(c->cr, scale, scale);
    cairo_set_source_surface(c->cr, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_NEAREST);
    cairo_rectangle(c->cr, 0, 0, width, height);
    cairo_fill(c->cr);
    cairo_restore(c->cr);
    cairo_surface_finish(image); /* svg and pdf copy the pixels now: they are the caller's again */
    cairo_surface_destroy(image);
}

void clsnn_canvas_tile(struct canvas *c, int x, int y, int side, int width, int height,
                       uint32_t (*colour)(const void *ctx, int at), const void *ctx) {
    const int largest = width > height ? width : height, scale = side > largest ? side / largest : 1;
    uint32_t *pixels = malloc((size_t)width * (size_t)height * sizeof *pixels);
    if (!pixels) c->out_of_memory = true;
    x += (side - width * scale) / 2;
    y += (side - height * scale) / 2;
    for (int at = 0; pixels && at < width * height; at++) pixels[at] = colour(ctx, at);
    if (pixels) clsnn_canvas_image(c, x, y, scale, width, height, pixels);
    free(pixels);
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
    /* Weights of 6,400 neurons, in a palette, pack in a third of the usual level's time, 2 % larger. */
    if (p->n_colours) png_set_compression_level(png, 4);
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
