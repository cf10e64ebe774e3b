/* Parts of an HTML page that stands alone: head and foot, escaped text, pictures inside the page. */
#ifndef CLSNN_HTML_H
#define CLSNN_HTML_H

#include <stdbool.h>
#include <stdio.h>

#include "base/stats.h"
#include "clsnn/status.h"

/* Writes the page's head, with the style sheet, up to <body>. clsnn_html_end writes the foot.
 * reload_seconds  after which a browser loads the page again; 0: never */
void clsnn_html_begin(FILE *page, const char *title, int reload_seconds);
void clsnn_html_end(FILE *page);
/* Writes text: markup characters are escaped; control characters and bytes that are no UTF-8 become '?'. Also
 * fit for an attribute in double quotes. */
void clsnn_html_text(FILE *page, const char *text);
/* Writes a table's row of two texts. is_code: the value stands in a typewriter's letters. */
void clsnn_html_row(FILE *page, const char *name, const char *value, bool is_code);
/* Writes a paragraph that stands out: a few bold words, then text. */
void clsnn_html_note(FILE *page, const char *bold, const char *text);
/* Writes a link to path, relative to the page. */
void clsnn_html_link(FILE *page, const char *path, const char *text);
/* Writes a mean of percentages as a table's cell. An interval says something from three values on. */
void clsnn_html_mean(FILE *page, const struct clsnn_stats *s);
/* Writes the picture file path, PNG or svg, as an <img> whose bytes are in the page.
 * Errors: CLSNN_E_IO, CLSNN_E_MEMORY;
 * CLSNN_E_DATA the file is over 64 MiB. */
enum clsnn_status clsnn_html_picture(FILE *page, const char *path, const char *alt);

/* Writes bytes in base 64, as data: addresses have them. */
void clsnn_html_base64(FILE *page, const unsigned char *data, size_t n_bytes);

#endif
