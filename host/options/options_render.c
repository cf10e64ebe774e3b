/* Prints the option table for people (--help, --print-config) and visits every value (for run.json).
 * options_man.c prints the same table as manual pages, options_completion.c as completion. */
#include "options/options_render.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

#define WIDTH  80
#define INDENT 26 /* column of the explanations in --help */

/* Writes text from column indent on, wrapped at WIDTH. */
static void wrap(FILE *to, const char *text, int indent) {
    int column = indent;
    for (const char *word = text; *word;) {
        int n = (int)strcspn(word, " ");
        if (word != text && column + 1 + n > WIDTH) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (word != text) {
            fputc(' ', to);
            column++;
        }
        fprintf(to, "%.*s", n, word);
        column += n;
        word += n + (word[n] == ' ');
    }
    fputc('\n', to);
}

static void help_row(const struct clsnn_option_row *row, FILE *to) {
    char flag[80], text[512];
    int n = row->short_name ? snprintf(flag, sizeof flag, "  -%c, --%s", row->short_name, row->name)
                            : snprintf(flag, sizeof flag, "      --%s", row->name);
    if (row->metavar) n += snprintf(flag + n, sizeof flag - (size_t)n, " %s", row->metavar);
    clsnn_option_describe(row, text, sizeof text);
    if (n + 2 > INDENT)
        fprintf(to, "%s\n%*s", flag, INDENT, "");
    else
        fprintf(to, "%-*s", INDENT, flag);
    wrap(to, text, INDENT);
}

static void help_group(enum clsnn_command command, bool common, const char *title, const char *name,
                       FILE *to) {
    bool first = true;
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        if (!(row->commands & command) || clsnn_option_is_common(row) != common) continue;
        if (first) fprintf(to, "\n%s%s:\n", title, name);
        first = false;
        help_row(row, to);
    }
}

void clsnn_options_help(enum clsnn_command command, FILE *to) {
    const struct clsnn_command_info *info = clsnn_command_find(command);
    char codes[512];
    fprintf(to, "Usage: clsnn %s [OPTION]...%s%s\n", info->name, *info->operands ? " " : "", info->operands);
    fprintf(to, "%c%s.\n\nExample: %s\n", toupper((unsigned char)info->purpose[0]), info->purpose + 1,
            info->example);
    if (info->details) {
        fputc('\n', to);
        wrap(to, info->details, 0);
    }
    help_group(command, false, "Options of ", info->name, to);
    help_group(command, true, "Common options", "", to);
    fprintf(to,
            "\nclsnn %s --print-config shows %s and their values.\n"
            "Variables (CLSNN_SEED=2) and ini files (seed = 2) can set options too. Flags win\n"
            "over variables, variables over --config FILE, and FILE over\n"
            "$XDG_CONFIG_HOME/clsnn/config.ini. --NAME=no turns a switch off again.\n",
            info->name, clsnn_command_has_params(info) ? "the model's parameters" : "the options");
    snprintf(codes, sizeof codes, "Exit codes: %s.", clsnn_exit_codes);
    wrap(to, codes, 0);
}

/* Returns the origin of a value: "preset NAME", a path, ... Borrowed from o, in buf, or constant. */
static const char *origin_text(const struct clsnn_options *o, size_t index, char *buf, size_t n_buf) {
    if (!o->origins) return "default";
    switch ((enum clsnn_origin)o->origins->of[index]) {
    case CLSNN_FROM_PRESET: snprintf(buf, n_buf, "preset %s", o->preset ? o->preset : "?"); return buf;
    case CLSNN_FROM_USER_FILE:
    case CLSNN_FROM_FILE: {
        const char *path = o->origins->path[o->origins->of[index]];
        return path ? path : "file";
    }
    case CLSNN_FROM_ENVIRONMENT: return "environment";
    case CLSNN_FROM_COMMAND_LINE: return "command line";
    case CLSNN_FROM_SWEEP: return "sweep";
    case CLSNN_FROM_RUN: return "run.json";
    case CLSNN_FROM_MODEL: return "model";
    case CLSNN_FROM_DEFAULT:
    case CLSNN_N_ORIGINS: break;
    }
    return "default";
}

void clsnn_options_visit(const struct clsnn_options *o,
                         void (*visit)(void *ctx, const char *name, const char *value, const char *origin,
                                       bool is_number, bool is_param),
                         void *ctx) {
    char number[32], preset[64];
    const struct clsnn_command_info *info = NULL;
    for (size_t c = 0; c < clsnn_n_commands && o->command; c++)
        if (strcmp(o->command, clsnn_commands[c].name) == 0) info = &clsnn_commands[c];
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        if (!info || !(row->commands & info->command) || !clsnn_option_is_value(row)) continue;
        const char *value = clsnn_option_value(o, row, number);
        const bool is_number = row->type == CLSNN_OPT_WHOLE || row->type == CLSNN_OPT_POWER ||
                               row->type == CLSNN_OPT_SEED ||
                               (row->type == CLSNN_OPT_IMAGES && !strstr(value, ".."));
        visit(ctx, row->name, value ? value : "", origin_text(o, k, preset, sizeof preset), is_number, false);
    }
    for (size_t k = 0; k < clsnn_n_params && info && clsnn_command_has_params(info); k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        clsnn_format_real(clsnn_model_get(&o->model, p), number);
        visit(ctx, p->name, number, origin_text(o, clsnn_n_option_rows + k, preset, sizeof preset), true,
              true);
    }
}

/* Returns whether an ini line can hold value: the reader trims blanks and cuts at a comment. */
static bool fits_ini(const char *value) {
    size_t n = strlen(value);
    return value[0] != ' ' && value[0] != ';' && value[n - 1] != ' ' && !strstr(value, " ;") &&
           !strstr(value, "\t;");
}

struct printing {
    FILE *to;
    bool any_param;
};

static void print_line(void *ctx, const char *name, const char *value, const char *origin, bool is_number,
                       bool is_param) {
    struct printing *p = ctx;
    (void)is_number;
    char shown[CLSNN_EXCERPT];
    if (is_param && !p->any_param) fputs("\n; parameters of the model\n", p->to);
    p->any_param = is_param;
    if (*value == '\0') {
        const struct clsnn_option_row *row = clsnn_option_find(name);
        fprintf(p->to, "; %s: %s\n", name, row && row->def_note ? row->def_note : "none");
        return;
    }
    if (!fits_ini(value)) {
        fprintf(p->to, "; %s: no ini file can hold this value, pass it as a flag (%s): %s\n", name, origin,
                value);
        return;
    }
    const struct clsnn_param_info *param = is_param ? clsnn_param_find(name) : NULL;
    clsnn_excerpt(origin, shown);
    if (strlen(name) + strlen(value) > 77) /* a long line is easier to read without its origin */
        fprintf(p->to, "; %s\n%s = %s\n", shown, name, value);
    else
        fprintf(p->to, "%s = %-*s ; %s%s%s\n", name, strlen(name) < 29 ? 29 - (int)strlen(name) : 0, value,
                param ? param->unit : "", param && *param->unit ? ", " : "", shown);
}

void clsnn_options_print_config(const struct clsnn_options *o, FILE *to) {
    fprintf(to, "; clsnn %s: read back with --config FILE\n[clsnn]\n", o->command ? o->command : "");
    struct printing p = {.to = to};
    clsnn_options_visit(o, print_line, &p);
}
