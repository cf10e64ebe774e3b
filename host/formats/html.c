/* Pages that stand alone: a browser fetches no script, no font and no picture for them. */
#include "formats/html.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

static const size_t max_picture_bytes = (size_t)64 << 20;

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--soft:#555;--line:#ccc;--rule:#777;"
    "--below:#fde3d3;--note:#fff4cc;--shade:0,95,170}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#161616;--soft:#aaa;--line:#444;"
    "--rule:#888;--below:#5a2f1a;--note:#4a3f10;--shade:90,170,255}}\n"
    "@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#444;--line:#bbb;--rule:#666;"
    "--below:#fde3d3;--note:#fff4cc;--shade:0,95,170}details>*{display:block}h2,figure,tr{break-inside:avoid}"
    "h2{break-after:avoid}}\n"
    "body{font:16px/1.5 system-ui,'Segoe UI','DejaVu Sans',sans-serif;color:var(--ink);"
    "background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}\n"
    "h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2.2rem}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1rem 0}\n"
    "th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;"
    "white-space:nowrap}\n"
    "th:first-child,td:first-child,.left{text-align:left}thead th{border-bottom:2px solid var(--rule)}\n"
    "tr.group td,tr.group th{border-top:2px solid var(--rule)}\n"
    "td small,th "
    "small{color:var(--soft);display:block}small.why{white-space:normal;max-width:22rem}.below{background:"
    "var(--below)}"
    ".note{background:var(--note);padding:.6rem .9rem}\n"
    ".wide{overflow-x:auto}figure{margin:1rem 0}img{max-width:100%;height:auto}"
    "figcaption{color:var(--soft)}\n"
    ".big{font-size:2rem;line-height:1.3;margin:.4rem 0}.big small{font-size:1rem;color:var(--soft)}\n"
    "svg{display:block;max-width:100%;height:auto;font-family:inherit}svg.tiles{min-width:36rem}\n"
    "svg image{image-rendering:pixelated}summary{cursor:pointer}\n"
    "code{font:0.86rem/1.4 ui-monospace,'DejaVu Sans Mono',monospace;overflow-wrap:anywhere}\n"
    "td.any{white-space:normal;text-align:left}a{color:inherit}\n";

void clsnn_html_begin(FILE *page, const char *title, int reload_seconds) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", page);
    if (reload_seconds) fprintf(page, "<meta http-equiv=\"refresh\" content=\"%d\">\n", reload_seconds);
    fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", page);
    clsnn_html_text(page, title);
    fprintf(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void clsnn_html_end(FILE *page) {
    fputs("</body>\n</html>\n", page);
}

void clsnn_html_text(FILE *page, const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        const size_t n = clsnn_utf8_length((const char *)c);
        if (*c == '&')
            fputs("&amp;", page);
        else if (*c == '<')
            fputs("&lt;", page);
        else if (*c == '>')
            fputs("&gt;", page);
        else if (*c == '"')
            fputs("&quot;", page);
        else if (n == 0 || (*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7F)
            fputc('?', page);
        else
            fwrite(c, 1, n, page);
        c += n ? n : 1;
    }
}

void clsnn_html_row(FILE *page, const char *name, const char *value, bool is_code) {
    fputs("<tr><td>", page);
    clsnn_html_text(page, name);
    fprintf(page, "</td><td class=\"any\">%s", is_code ? "<code>" : "");
    clsnn_html_text(page, value);
    fprintf(page, "%s</td></tr>\n", is_code ? "</code>" : "");
}

void clsnn_html_note(FILE *page, const char *bold, const char *text) {
    fputs("<p class=\"note\"><strong>", page);
    clsnn_html_text(page, bold);
    fputs("</strong> ", page);
    clsnn_html_text(page, text);
    fputs("</p>\n", page);
}

void clsnn_html_link(FILE *page, const char *path, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    fputs("<a href=\"", page);
    for (const char *c = path; *c; c++) {
        if (strchr(plain, *c))
            fputc(*c, page);
        else
            fprintf(page, "%%%02X", (unsigned)(unsigned char)*c);
    }
    fputs("\">", page);
    clsnn_html_text(page, text);
    fputs("</a>", page);
}

void clsnn_html_mean(FILE *page, const struct clsnn_stats *s) {
    fputs("<td>", page);
    if (s->n) fprintf(page, "%.2f", s->mean);
    if (s->n >= 3) fprintf(page, " &plusmn; %.2f", s->ci95);
    fputs("</td>", page);
}

void clsnn_html_base64(FILE *page, const unsigned char *data, size_t n_bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[4096];
    size_t n = 0;
    for (size_t k = 0; k < n_bytes; k += 3) {
        const size_t left = n_bytes - k;
        const uint32_t three = (uint32_t)data[k] << 16 | (left > 1 ? (uint32_t)data[k + 1] << 8 : 0) |
                               (left > 2 ? (uint32_t)data[k + 2] : 0);
        const char four[4] = {digits[three >> 18], digits[three >> 12 & 63],
                              left > 1 ? digits[three >> 6 & 63] : '=', left > 2 ? digits[three & 63] : '='};
        memcpy(text + n, four, 4);
        n += 4;
        if (n < sizeof text && k + 3 < n_bytes) continue;
        fwrite(text, 1, n, page);
        n = 0;
    }
}

enum clsnn_status clsnn_html_picture(FILE *page, const char *path, const char *alt) {
    void *data = NULL;
    size_t n_bytes = 0;
    const enum clsnn_status st = clsnn_file_read(path, max_picture_bytes, &data, &n_bytes);
    if (st != CLSNN_OK) return st;
    fputs("<img alt=\"", page);
    clsnn_html_text(page, alt);
    fprintf(page, "\" src=\"data:image/%s;base64,", clsnn_text_ends(path, ".svg") ? "svg+xml" : "png");
    clsnn_html_base64(page, data, n_bytes);
    fputs("\">\n", page);
    free(data);
    return CLSNN_OK;
}
