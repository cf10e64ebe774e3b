/* Settings, data and devices, as every page has them. */
#include "run/page_parts.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/figure.h"
#include "formats/html.h"
#include "options/options_render.h"

void clsnn_page_under_way(FILE *page, const char *what) {
    char now[32];
    clsnn_clock_utc(now);
    fprintf(page,
            "<p class=\"note\"><strong>This %s is under way.</strong> The page is of %s (UTC) and loads "
            "itself again every %d seconds.</p>\n",
            what, now, CLSNN_PAGE_RELOAD_SECONDS);
}

/* The rows of one table of settings. */
struct settings {
    FILE *page;
    bool changed; /* those that differ from the preset; else the others */
    size_t n;
};

static bool is_place(const char *name) {
    static const char *const places[] = {"out",  "json",   "quiet",   "verbose",
                                         "data", "device", "figures", "sort-weights"};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
        if (strcmp(name, places[k]) == 0) return true;
    return false;
}

static void write_setting(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                          bool is_param) {
    struct settings *s = ctx;
    const bool changed = strcmp(origin, "default") != 0 && strncmp(origin, "preset", 6) != 0;
    char shown[CLSNN_EXCERPT];
    (void)is_number;
    (void)is_param;
    if (changed != s->changed || is_place(name) || (!changed && !*value)) return;
    if (s->n++ == 0) fputs("<table>\n<tbody>\n", s->page);
    fputs("<tr><td>", s->page);
    clsnn_html_text(s->page, name);
    fputs("</td><td class=\"any\"><code>", s->page);
    clsnn_html_text(s->page, value);
    fputs("</code></td><td class=\"any\">", s->page);
    if (changed) clsnn_html_text(s->page, clsnn_excerpt(origin, shown));
    fputs("</td></tr>\n", s->page);
}

void clsnn_page_settings(FILE *page, const struct clsnn_options *o) {
    struct settings s = {page, true, 0};
    fputs("<h2>Settings</h2>\n", page);
    clsnn_options_visit(o, write_setting, &s);
    fputs(s.n ? "</tbody></table>\n" : "<p>All as by default.</p>\n", page);
    s = (struct settings){page, false, 0};
    fputs("<details><summary>The others, as by default or preset</summary>\n", page);
    clsnn_options_visit(o, write_setting, &s);
    fputs(s.n ? "</tbody></table>\n</details>\n" : "</details>\n", page);
}

bool clsnn_page_has_figure(const char *dir, const char *name, int32_t formats) {
    struct clsnn_figure f = {.dir = dir, .name = name, .formats = formats};
    clsnn_figure_next(&f);
    return clsnn_file_is_there(dir, f.path + strlen(dir) + 1);
}

enum clsnn_status clsnn_page_figure(FILE *page, const char *dir, const char *name, int32_t formats,
                                    const char *alt) {
    struct clsnn_figure f = {.dir = dir, .name = name, .formats = formats};
    clsnn_figure_next(&f);
    const char *file = f.path + strlen(dir) + 1;
    if (!clsnn_page_has_figure(dir, name, formats)) return CLSNN_OK;
    if (!clsnn_text_ends(file, ".pdf")) return clsnn_html_picture(page, f.path, alt);
    clsnn_html_link(page, file, alt);
    return CLSNN_OK;
}

void clsnn_page_data(FILE *page, const struct clsnn_dataset *data) {
    char text[1024];
    snprintf(text, sizeof text, "%s (%s): %u training and %u %s images of %u x %u pixels", data->name,
             data->source, data->train.n_images, data->test.n_images, clsnn_dataset_test_name(data),
             data->test.height, data->test.width);
    clsnn_html_row(page, "data", text, false);
    clsnn_html_row(page, "data, SHA-256", data->sha256, true);
}

void clsnn_page_device(FILE *page, const struct clsnn_device_info *info, int work_group) {
    char text[1024];
    snprintf(text, sizeof text, "%s (%s, %s, driver %s), %u compute units, work-groups of %d", info->name,
             info->platform_name, info->version, info->driver, info->compute_units, work_group);
    clsnn_html_row(page, "device", text, false);
}
