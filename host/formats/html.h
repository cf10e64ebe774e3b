/* Pieces of a page that stands alone: text with what is special in it escaped, pictures inside the page, head and foot. */
#ifndef CLSNN_HTML_H
#define CLSNN_HTML_H

#include <stdio.h>

#include "clsnn/status.h"

/* Everything up to the open <body>, with the style sheet; clsnn_html_end closes what it opened. */
void clsnn_html_begin(FILE *page, const char *title);
void clsnn_html_end(FILE *page);
/* Text as it reads: markup characters escaped, bytes that are no UTF-8 become '?'. Fit for an attribute in double quotes too. */
void clsnn_html_text(FILE *page, const char *text);
/* The PNG file as an <img> with its bytes in the page. Errors: CLSNN_E_IO, CLSNN_E_DATA (over 64 MiB), CLSNN_E_MEMORY. */
enum clsnn_status clsnn_html_picture(FILE *page, const char *path, const char *alt);

#endif
