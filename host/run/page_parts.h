/* Parts that pages of runs, sweeps and searches share. */
#ifndef CLSNN_PAGE_PARTS_H
#define CLSNN_PAGE_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "clsnn/dataset.h"
#include "device/device.h"
#include "options/options_table.h"

/* After this time a browser loads the page of something under way again. */
enum { CLSNN_PAGE_RELOAD_SECONDS = 10 };
/* Says that `what` ("run", "sweep") is under way, and of when the page is. */
void clsnn_page_under_way(FILE *page, const char *what);
/* Writes the settings that differ from default and preset, then, folded, the others. */
void clsnn_page_settings(FILE *page, const struct clsnn_options *o);
/* Returns whether the file that clsnn_page_figure shows is there. */
bool clsnn_page_has_figure(const char *dir, const char *name, int32_t formats);
/* Writes the picture dir/name.* in the first of the formats that a page can hold, png or svg; a link to a
 * pdf; nothing if the file is not there.
 * Errors: as of clsnn_html_picture. */
enum clsnn_status clsnn_page_figure(FILE *page, const char *dir, const char *name, int32_t formats,
                                    const char *alt);
/* Write rows of the table that tells how a page was made: the data, with their hash, and a device. */
void clsnn_page_data(FILE *page, const struct clsnn_dataset *data);
void clsnn_page_device(FILE *page, const struct clsnn_device_info *info, int work_group);

#endif
