/* Writes completion for bash, zsh and fish from the option table, for `clsnn completion`. All three offer
 * commands, the options of a command, and the values of an option that value_of can tell. */
#include "options/options_completion.h"

#include <ctype.h>
#include <string.h>

#include "dataset/places.h"
#include "options/options_table.h"

/* The values that a shell can offer for an option. */
enum value { WORDS, PARAMS, FILES, DIRS, DATA_SETS, DEVICES, NONE };

static enum value value_of(const struct clsnn_option_row *row) {
    if (row->choices) return WORDS;
    if (row->type == CLSNN_OPT_SET) return PARAMS;
    if (row->type == CLSNN_OPT_CONFIG || strcmp(row->metavar, "MODEL.npz") == 0) return FILES;
    if (strcmp(row->metavar, "DIR") == 0) return DIRS;
    if (strcmp(row->metavar, "SET") == 0) return DATA_SETS;
    if (strcmp(row->name, "device") == 0) return DEVICES;
    return NONE;
}

/* The words that every data set and device may have, beside files and what `clsnn devices` lists. */
#define DATA_WORDS   "auto mnist fashion-mnist kmnist digits"
#define DEVICE_WORDS "cpu gpu all"
/* Prints the devices here, one a line. */
#define LIST_DEVICES                                                                                         \
    "command clsnn devices --json 2>/dev/null | sed -n 's/^ *\"device\": \"\\(.*\\)\",/\\1/p'"

/* Writes the words between bars, with a blank behind each. */
static void put_choices(const char *choices, FILE *to) {
    for (const char *c = choices; *c; c++) fputc(*c == '|' ? ' ' : *c, to);
    fputc(' ', to);
}

static void put_params(FILE *to) {
    for (size_t p = 0; p < clsnn_n_params; p++) fprintf(to, "%s= ", clsnn_params_table[p].name);
}

/* Writes the names of all commands; also those that have no options. */
static void put_commands(FILE *to) {
    for (size_t k = 0; k < clsnn_n_commands; k++) fprintf(to, "%s ", clsnn_commands[k].name);
    fputs("help man completion ", to);
}

/* Writes the operands that are words of their own: those in lower case,
 * and for SET the sets that can be fetched. */
static void put_operand_words(const struct clsnn_command_info *info, FILE *to) {
    for (const char *c = info->operands; *c;) {
        const size_t n = strcspn(c, " ");
        if (islower((unsigned char)*c)) fprintf(to, "%.*s ", (int)n, c);
        for (size_t k = 0; strncmp(c, "SET", n) == 0 && k < CLSNN_KNOWN_SETS; k++)
            fprintf(to, "%s ", clsnn_known_sets[k].name);
        c += n + strspn(c + n, " ");
    }
}

/* Writes text inside single quotes; escaped holds further characters that need a backslash there. */
static void put_quoted(const char *text, const char *escaped, const char *quote, FILE *to) {
    for (; *text; text++) {
        if (*text == '\'') {
            fputs(quote, to);
            continue;
        }
        if (strchr(escaped, *text)) fputc('\\', to);
        fputc(*text, to);
    }
}

static void bash_value(const struct clsnn_option_row *row, FILE *to) {
    if (row->short_name)
        fprintf(to, "    -%c|--%s) ", row->short_name, row->name);
    else
        fprintf(to, "    --%s) ", row->name);
    switch (value_of(row)) {
    case WORDS:
        fputs("values=\"", to);
        put_choices(row->choices, to);
        fputs("\" ;;\n", to);
        break;
    case PARAMS:
        fputs("values=\"", to);
        put_params(to);
        fputs("\"; compopt -o nospace 2>/dev/null ;;\n", to);
        break;
    case FILES: fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n", to); break;
    case DIRS: fputs("mapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n", to); break;
    case DATA_SETS:
        fputs("mapfile -t COMPREPLY < <(compgen -W \"" DATA_WORDS "\" -f -- \"$cur\"); return ;;\n", to);
        break;
    case DEVICES: fputs("values=\"" DEVICE_WORDS " $(" LIST_DEVICES ")\" ;;\n", to); break;
    case NONE: fputs("return ;; # a number or a name\n", to); break;
    }
}

static void write_bash(FILE *to) {
    fputs("# bash completion of clsnn; clsnn completion bash prints it\n"
          "_clsnn() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} flags values files\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"",
          to);
    put_commands(to);
    fputs("--help --version\" -- \"$cur\")\n"
          "        return\n"
          "    fi\n"
          "    # readline makes --rule=t three words, and 0:0 too\n"
          "    if [ \"$cur\" = = ]; then cur=; elif [ \"$prev\" = = ]; then "
          "prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    case $prev in\n",
          to);
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_rows[k].metavar) bash_value(&clsnn_option_rows[k], to);
    fputs("    esac\n"
          "    if [ -n \"$values\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\")\n"
          "        return\n"
          "    fi\n"
          "    case ${COMP_WORDS[1]} in\n",
          to);
    for (size_t c = 0; c < clsnn_n_commands; c++) {
        fprintf(to, "    %s) %svalues=\"", clsnn_commands[c].name,
                *clsnn_commands[c].operands ? "files=-f " : "");
        put_operand_words(&clsnn_commands[c], to);
        fputs("\" flags=\"", to);
        for (size_t k = 0; k < clsnn_n_option_rows; k++)
            if (clsnn_option_rows[k].commands & clsnn_commands[c].command)
                fprintf(to, "--%s ", clsnn_option_rows[k].name);
        fputs("\" ;;\n", to);
    }
    fputs("    help|man) values=\"", to);
    put_commands(to);
    fputs("\" ;;\n    completion) values=\"", to);
    put_choices(CLSNN_COMPLETION_SHELLS, to);
    fputs("\" ;;\n"
          "    esac\n"
          "    case $cur in\n"
          "    -*) mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\") ;;\n"
          "    *) mapfile -t COMPREPLY < <(compgen -W \"$values\" $files -- \"$cur\") ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _clsnn clsnn\n",
          to);
}

/* Writes a row as a specification of zsh's _arguments, with its short name, or its long one if that is 0. */
static void zsh_row(const struct clsnn_option_row *row, char short_name, FILE *to) {
    if (short_name)
        fprintf(to, "        '*-%c[", short_name);
    else
        fprintf(to, "        '*--%s[", row->name);
    put_quoted(row->help, "[]:\\", "'\\''", to);
    fputc(']', to);
    if (row->metavar) {
        fputc(':', to);
        put_quoted(row->metavar, ":\\", "'\\''", to);
        fputc(':', to);
        switch (value_of(row)) {
        case WORDS:
            fputc('(', to);
            put_choices(row->choices, to);
            fputc(')', to);
            break;
        case PARAMS: fputs("_clsnn_params", to); break;
        case FILES: fputs("_files", to); break;
        case DIRS: fputs("_files -/", to); break;
        case DATA_SETS: fputs("_clsnn_data", to); break;
        case DEVICES: fputs("_clsnn_devices", to); break;
        case NONE: fputc(' ', to); break;
        }
    }
    fputs("' \\\n", to);
}

static void write_zsh(FILE *to) {
    fputs("#compdef clsnn\n"
          "# zsh completion of clsnn; clsnn completion zsh prints it\n"
          "_clsnn_params() { compadd -S '' -- ",
          to);
    put_params(to);
    fputs("; }\n"
          "_clsnn_data() { compadd -- " DATA_WORDS "; _files; }\n"
          "_clsnn_devices() { compadd -- " DEVICE_WORDS " ${(f)\"$(" LIST_DEVICES ")\"}; }\n"
          "_clsnn() {\n"
          "    if (( CURRENT == 2 )); then\n"
          "        local -a commands=(\n",
          to);
    for (size_t c = 0; c < clsnn_n_commands; c++) {
        fprintf(to, "        '%s:", clsnn_commands[c].name);
        put_quoted(clsnn_commands[c].purpose, ":\\", "'\\''", to);
        fputs("'\n", to);
    }
    fputs("        'help:the options of a command' 'man:the manual page'\n"
          "        'completion:a completion script for a shell')\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    local name=$words[2]\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $name in\n",
          to);
    for (size_t c = 0; c < clsnn_n_commands; c++) {
        const struct clsnn_command_info *info = &clsnn_commands[c];
        fprintf(to, "    %s)\n        _arguments -S \\\n", info->name);
        for (size_t k = 0; k < clsnn_n_option_rows; k++) {
            const struct clsnn_option_row *row = &clsnn_option_rows[k];
            if (!(row->commands & info->command)) continue;
            zsh_row(row, 0, to);
            if (row->short_name) zsh_row(row, row->short_name, to);
        }
        if (*info->operands) {
            fputs("        '*:operand:{ compadd -- ", to);
            put_operand_words(info, to);
            fputs("; _files }'", to);
        }
        fputs(" ;;\n", to);
    }
    fputs("    help|man) compadd -- ", to);
    put_commands(to);
    fputs(";;\n    completion) compadd -- ", to);
    put_choices(CLSNN_COMPLETION_SHELLS, to);
    fputs(
        ";;\n    esac\n"
        "}\n"
        "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _clsnn \"$@\"; else compdef _clsnn clsnn; fi\n",
        to);
}

static void fish_row(const struct clsnn_option_row *row, FILE *to) {
    fputs("complete -c clsnn -n '__clsnn_runs", to);
    for (size_t c = 0; c < clsnn_n_commands; c++)
        if (row->commands & clsnn_commands[c].command) fprintf(to, " %s", clsnn_commands[c].name);
    fprintf(to, "' -l %s", row->name);
    if (row->short_name) fprintf(to, " -s %c", row->short_name);
    if (row->metavar) {
        switch (value_of(row)) {
        case WORDS:
            fputs(" -xa '", to);
            put_choices(row->choices, to);
            fputc('\'', to);
            break;
        case PARAMS:
            fputs(" -xa '", to);
            put_params(to);
            fputc('\'', to);
            break;
        case FILES: fputs(" -rF", to); break;
        case DIRS: fputs(" -xa '(__fish_complete_directories)'", to); break;
        case DATA_SETS: fputs(" -rFa '" DATA_WORDS "'", to); break;
        case DEVICES: fputs(" -xa '" DEVICE_WORDS " (__clsnn_devices)'", to); break;
        case NONE: fputs(" -x", to); break;
        }
    }
    fputs(" -d '", to);
    put_quoted(row->help, "\\", "\\'", to);
    fputs("'\n", to);
}

static void write_fish(FILE *to) {
    fputs("# fish completion of clsnn; clsnn completion fish prints it\n"
          "function __clsnn_runs # whether the command is one of the arguments\n"
          "    set -l words (commandline -opc)\n"
          "    set -q words[2]; and contains -- $words[2] $argv\n"
          "end\n"
          "function __clsnn_devices\n"
          "    " LIST_DEVICES "\n"
          "end\n"
          "complete -c clsnn -f\n",
          to);
    for (size_t c = 0; c < clsnn_n_commands; c++) {
        const struct clsnn_command_info *info = &clsnn_commands[c];
        fprintf(to, "complete -c clsnn -n 'test (count (commandline -opc)) = 1' -a %s -d '", info->name);
        put_quoted(info->purpose, "\\", "\\'", to);
        fputs("'\n", to);
        if (!*info->operands) continue;
        fprintf(to, "complete -c clsnn -n '__clsnn_runs %s' -Fa '", info->name);
        put_operand_words(info, to);
        fputs("'\n", to);
    }
    fputs("complete -c clsnn -n 'test (count (commandline -opc)) = 1' -a 'help man completion'\n"
          "complete -c clsnn -n '__clsnn_runs help man' -a '",
          to);
    put_commands(to);
    fputs("'\ncomplete -c clsnn -n '__clsnn_runs completion' -a '", to);
    put_choices(CLSNN_COMPLETION_SHELLS, to);
    fputs("'\n", to);
    for (size_t k = 0; k < clsnn_n_option_rows; k++) fish_row(&clsnn_option_rows[k], to);
}

void clsnn_options_completion(int shell, FILE *to) {
    static void (*const writers[])(FILE *) = {write_bash, write_zsh, write_fish};
    writers[shell](to);
}
