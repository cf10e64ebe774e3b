/* Writes clsnn(1) and a page of each command from the option table, and clsnn-files(5) from the table of
 * files, for `clsnn man [COMMAND | files]`. */
#include "options/options_man.h"

#include <string.h>

#include "base/sources.h"
#include "base/text.h"
#include "options/options_table.h"

/* Writes text for troff: \- for a hyphen that users type, \e for a backslash, \& before a first character
 * that troff would take for a request. */
static void troff(FILE *to, const char *text) {
    if (*text == '.' || *text == '\'') fputs("\\&", to);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", to);
        else if (*text == '-')
            fputs("\\-", to);
        else
            fputc(*text, to);
    }
}

/* Writes an option; with tells, also which commands have it, unless all do. */
static void man_row(const struct clsnn_option_row *row, bool tells, FILE *to) {
    char text[512], variable[64];
    fputs(".TP\n", to);
    if (row->short_name) fprintf(to, "\\fB\\-%c\\fR, ", row->short_name);
    fputs("\\fB\\-\\-", to);
    troff(to, row->name);
    fputs("\\fR", to);
    if (row->metavar) fprintf(to, " \\fI%s\\fR", row->metavar);
    fputc('\n', to);
    clsnn_option_describe(row, text, sizeof text);
    troff(to, text);
    fputs(".\n", to);
    bool first = true;
    for (size_t c = 0; tells && c < clsnn_n_commands && !clsnn_option_is_common(row); c++) {
        if (!(row->commands & clsnn_commands[c].command)) continue;
        fprintf(to, "%s%s", first ? "Commands: " : ", ", clsnn_commands[c].name);
        first = false;
    }
    if (!first) fputs(".\n", to);
    if (clsnn_option_variable(row, variable)) fprintf(to, "Variable \\fB%s\\fR.\n", variable);
}

static void man_param(const struct clsnn_param_info *p, FILE *to) {
    char def[32], min[32], max[32];
    clsnn_format_real(p->def, def);
    clsnn_format_real(p->min, min);
    clsnn_format_real(p->max, max);
    fputs(".TP\n\\fB", to);
    troff(to, p->name);
    fputs("\\fR = ", to);
    troff(to, def);
    if (*p->unit) fprintf(to, " %s", p->unit);
    fputc('\n', to);
    troff(to, p->meaning);
    fputs("; ", to);
    if (p->is_int) fputs("whole, ", to);
    troff(to, min);
    fputs(" to ", to);
    troff(to, max);
    fprintf(to, "; source: %s.\n", p->source);
}

static void man_warning(const char *name, const char *meaning, const char *cure, FILE *to) {
    fprintf(to, ".TP\n\\fB%s\\fR\n", name);
    troff(to, meaning);
    fputs(". Cure: ", to);
    troff(to, cure);
    fputs(".\n", to);
}

static void man_metric(const char *name, const char *unit, const char *meaning, FILE *to) {
    fputs(".TP\n\\fB", to);
    troff(to, name);
    fputs("\\fR", to);
    if (*unit) fprintf(to, " (%s)", unit);
    fputc('\n', to);
    troff(to, meaning);
    fputs(".\n", to);
}

static void man_usage(const struct clsnn_command_info *info, FILE *to) {
    fprintf(to, "\\fBclsnn %s\\fR [\\fIOPTION\\fR]...", info->name);
    if (*info->operands) fputs(" \\fI", to), troff(to, info->operands), fputs("\\fR", to);
    fputc('\n', to);
}

void clsnn_options_man(FILE *to) {
    fputs(".TH CLSNN 1 \"\" \"clsnn\" \"User Commands\"\n"
          ".SH NAME\nclsnn \\- a spiking network that learns MNIST, on OpenCL devices\n"
          ".SH SYNOPSIS\n",
          to);
    for (size_t k = 0; k < clsnn_n_commands; k++) {
        if (k > 0) fputs(".br\n", to);
        man_usage(&clsnn_commands[k], to);
    }
    fputs(
        ".br\n\\fBclsnn help\\fR [\\fICOMMAND\\fR]\n"
        ".br\n\\fBclsnn man\\fR [\\fICOMMAND\\fR | \\fBfiles\\fR]\n"
        ".br\n\\fBclsnn completion\\fR [\\fBbash\\fR | \\fBzsh\\fR | \\fBfish\\fR]\n"
        ".SH DESCRIPTION\n"
        "Images become Poisson spikes, drive a network of leaky integrate\\-and\\-fire neurons whose input "
        "weights learn by\n"
        "spike\\-timing\\-dependent plasticity without labels, and are classified by the spikes they cause.\n"
        "Results go to the standard output and to files, progress and errors to the standard error.\n"
        ".SH COMMANDS\n",
        to);
    for (size_t k = 0; k < clsnn_n_commands; k++) {
        fprintf(to, ".TP\n\\fB%s\\fR ", clsnn_commands[k].name);
        troff(to, clsnn_commands[k].operands);
        fputc('\n', to);
        troff(to, clsnn_commands[k].purpose);
        fputs(".\nExample: ", to);
        troff(to, clsnn_commands[k].example);
        fputc('\n', to);
        if (!clsnn_commands[k].details) continue;
        fputs(".IP\n", to);
        troff(to, clsnn_commands[k].details);
        fputc('\n', to);
    }
    fputs(".TP\n\\fBman\\fR, \\fBcompletion\\fR\nprint this page, that of a command or of all files, and a "
          "completion "
          "script for a shell.\n",
          to);

    fputs(".SH OPTIONS\n"
          "\\fB\\-\\-\\fINAME\\fB=no\\fR turns a switch off again. Option names cannot be abbreviated.\n"
          ".SS Options of some commands\n",
          to);
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (!clsnn_option_is_common(&clsnn_option_rows[k])) man_row(&clsnn_option_rows[k], true, to);
    fputs(".SS Options of every command\n", to);
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_is_common(&clsnn_option_rows[k])) man_row(&clsnn_option_rows[k], true, to);
    fputs(".SH PARAMETERS\n"
          "\\fB\\-\\-set\\fR \\fINAME=VALUE\\fR changes a constant of the model. Sources:\n"
          "K is Kim and Kim (2020), D is Diehl and Cook (2015) and the code released with their paper,\n"
          "clsnn is a choice of this program.\n",
          to);
    for (size_t k = 0; k < clsnn_n_params; k++) man_param(&clsnn_params_table[k], to);

    fputs(".SH METRICS\n"
          "Every evaluation has these numbers; \\fImetrics.csv\\fR and \\fImetrics.jsonl\\fR hold them all.\n"
          "With \\fB\\-\\-validate\\fR names that begin with test_ begin with validation_.\n",
          to);
#define CLSNN_COUNT(name, shown, column, meaning)       man_metric(#name, "", meaning, to);
#define CLSNN_VALUE(name, unit, shown, column, meaning) man_metric(#name, unit, meaning, to);
#include "clsnn/metrics.def"

    fputs(".SH WARNINGS\n"
          "A run with one of these conditions has numbers that may mean nothing. stderr, \\fIrun.json\\fR "
          "and a "
          "sweep's \\fIresults.csv\\fR name it, and \\fB\\-\\-strict\\fR makes it an error.\n",
          to);
#define CLSNN_WARNING(name, meaning, cure) man_warning(#name, meaning, cure, to);
#include "base/warnings.def"

    fputs(
        ".SH ENVIRONMENT\n.TP\n\\fBCLSNN_\\fINAME\\fR\n"
        "the value of an option, as named above. An empty variable counts as unset. A variable CLSNN_X that "
        "no option knows is an error.\n",
        to);
    for (size_t k = 0; k < clsnn_n_variables; k++) {
        fprintf(to, ".TP\n\\fB%s\\fR\n", clsnn_variables[k].name);
        troff(to, clsnn_variables[k].help);
        fputs(".\n", to);
    }
    fputs(
        ".TP\n\\fBXDG_CONFIG_HOME\\fR, \\fBXDG_DATA_HOME\\fR\nthe directories that hold "
        "\\fIclsnn/config.ini\\fR and \\fIclsnn/mnist\\fR.\n"
        ".TP\n\\fBXDG_CACHE_HOME\\fR\nthe directory that holds \\fIclsnn\\fR, see FILES.\n"
        ".TP\n\\fBNO_COLOR\\fR, \\fBTERM=dumb\\fR\nno colours, no progress bar.\n"
        ".SH FILES\n.TP\n\\fI$XDG_CONFIG_HOME/clsnn/config.ini\\fR, else \\fI~/.config/clsnn/config.ini\\fR\n"
        "options and parameters, one \\fIname = value\\fR a line, as \\fB\\-\\-print\\-config\\fR writes "
        "them.\n"
        "Flags win over variables, variables over \\fB\\-\\-config\\fR \\fIFILE\\fR, and \\fIFILE\\fR over "
        "this file.\n"
        ".TP\n\\fI$XDG_CACHE_HOME/clsnn/*.kernels\\fR, else \\fI~/.cache/clsnn/*.kernels\\fR\n"
        "compiled kernels, for OpenCL drivers that keep none themselves: at most 64 files, the one unused "
        "longest goes first.\n"
        "pocl keeps its own in \\fI$POCL_CACHE_DIR\\fR, else \\fI~/.cache/pocl\\fR. Files may be removed at "
        "any time. \\fB\\-\\-no\\-kernel\\-cache\\fR neither reads nor writes them.\n"
        ".SH EXIT STATUS\n",
        to);
    troff(to, clsnn_exit_codes);
    fputs(".\n.SH SEE ALSO\n\\fBclsnn\\-files\\fR(5), \\fBclsnn\\-tutorial\\fR(7)\n.PP\n", to);
    troff(to, CLSNN_KIM_CITATION);
    fputs(".\n.PP\n", to);
    troff(to, CLSNN_DIEHL_CITATION);
    fputs(".\n", to);
}

void clsnn_options_man_command(const struct clsnn_command_info *info, FILE *to) {
    fprintf(to, ".TH CLSNN-%s 1 \"\" \"clsnn\" \"User Commands\"\n.SH NAME\nclsnn\\-%s \\- ", info->name,
            info->name);
    troff(to, info->purpose);
    fputs("\n.SH SYNOPSIS\n", to);
    man_usage(info, to);
    if (info->details) fputs(".SH DESCRIPTION\n", to), troff(to, info->details), fputc('\n', to);
    fputs(".SH EXAMPLE\n", to);
    troff(to, info->example);
    fputs("\n.SH OPTIONS\n", to);
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_rows[k].commands & info->command) man_row(&clsnn_option_rows[k], false, to);
    fputs(".SH EXIT STATUS\n", to);
    troff(to, clsnn_exit_codes);
    fputs(".\n.SH SEE ALSO\n\\fBclsnn\\-files\\fR(5), \\fBclsnn\\fR(1): all commands, parameters, metrics, "
          "warnings and files\n",
          to);
}

static void files_section(const char *title, const char *text, FILE *to) {
    fprintf(to, ".SH %s\n", title);
    troff(to, text);
    fputc('\n', to);
}

static void files_row(const char *name, const char *endings, const char *meaning, FILE *to) {
    fputs(".TP\n\\fI", to);
    troff(to, name);
    fprintf(to, "%s\\fR\n", endings);
    troff(to, meaning);
    fputs(".\n", to);
}

static void files_array(const char *name, const char *type, const char *meaning, FILE *to) {
    fputs(".RS\n.TP\n\\fB", to);
    troff(to, name);
    fputs("\\fR ", to);
    troff(to, type);
    fputc('\n', to);
    troff(to, meaning);
    fputs(".\n.RE\n", to);
}

void clsnn_options_man_files(FILE *to) {
    fputs(".TH CLSNN-FILES 5 \"\" \"clsnn\" \"File Formats\"\n"
          ".SH NAME\nclsnn\\-files \\- the files that clsnn leaves and reads\n"
          ".SH DESCRIPTION\n"
          "Arrays are those of numpy, little\\-endian: f4 are floats, i4 whole numbers, u1 and u2 without "
          "sign.\n"
          "P is the number of pixels of an image, N that of excitatory neurons, C one more than the largest\n"
          "label, at least 10. Pictures have the endings of \\fB\\-\\-figures\\fR, png by default.\n",
          to);
#define CLSNN_FILES(title, text)         files_section(title, text, to);
#define CLSNN_FILE(name, of, meaning)    files_row(name, "", meaning, to);
#define CLSNN_FIGURE(name, of, meaning)  files_row(name, ".png\\fR, \\fI.svg\\fR, \\fI.pdf", meaning, to);
#define CLSNN_ARRAY(name, type, meaning) files_array(name, type, meaning, to);
#include "base/files.def"
    fputs(".SH SEE ALSO\n\\fBclsnn\\fR(1), \\fBclsnn\\-tutorial\\fR(7)\n", to);
}
