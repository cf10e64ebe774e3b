/* Fills struct clsnn_options from defaults, files, environment and command line, lowest precedence first.
 * glibc's argp splits the command line; no other file uses argp. argp must neither print nor exit, so
 * diagnose() works out why it stopped. */
#include "options/options.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/text.h"
#include "model/tuned.h"

#define LONG_KEY 0x1000 /* argp's key of row k is LONG_KEY + k, above every short option */

struct line {
    enum clsnn_command command;
    struct clsnn_settings flags;
    const char *config; /* --config; borrowed from argv */
    enum clsnn_parse_action action;
    char **operands; /* n_operands copies, owned */
    size_t n_operands;
    enum clsnn_status st;
};

/* Writes a flag as users type it: "--seed". */
static void flag_label(const struct clsnn_option_row *row, char out[64]) {
    snprintf(out, 64, "--%s", row->name);
}

/* Fails because an option of other commands is given, as shown. */
static enum clsnn_status of_another(enum clsnn_command command, const struct clsnn_option_row *row,
                                    const char *shown) {
    const struct clsnn_command_info *other = clsnn_commands;
    while (!(row->commands & other->command)) other++; /* every option has a command */
    return clsnn_fail(CLSNN_E_USAGE, "%s is an option of clsnn %s, not of clsnn %s", shown, other->name,
                      clsnn_command_find(command)->name);
}

static enum clsnn_status unknown_option(enum clsnn_command command, const char *arg) {
    char shown[CLSNN_EXCERPT], name[CLSNN_EXCERPT];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
    const char *self = clsnn_command_find(command)->name;
    clsnn_excerpt(arg, shown);
    shown[strcspn(shown, "=")] = '\0';

    const struct clsnn_option_row *row = clsnn_option_find_for(command, name);
    if (row && !(row->commands & command)) return of_another(command, row, shown);
    if (clsnn_param_find(name) && clsnn_command_has_params(clsnn_command_find(command)))
        return clsnn_fail(CLSNN_E_USAGE, "unknown option %s: it is a model parameter, write --set %s=VALUE",
                          shown, name);

    /* The size is not 0: the table has rows. NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    const char **names = malloc(clsnn_n_option_rows * sizeof *names);
    if (!names) return clsnn_no_memory("options");
    size_t n = 0;
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_rows[k].commands & command) names[n++] = clsnn_option_rows[k].name;
    const char *near = clsnn_nearest(name, names, n);
    free(names);
    if (near) return clsnn_fail(CLSNN_E_USAGE, "unknown option %s: did you mean --%s?", shown, near);
    return clsnn_fail(CLSNN_E_USAGE, "unknown option %s: clsnn %s --help lists them", shown, self);
}

/* Records why argp stopped at an option. next: index of the argument that argp would have read next. */
static enum clsnn_status diagnose(enum clsnn_command command, char **argv, int argc, int next) {
    for (int k = next - 1; k <= next && k < argc; k++) {
        if (k < 1 || argv[k][0] != '-' || argv[k][1] == '\0') continue;
        if (argv[k][1] == '-') {
            char name[CLSNN_EXCERPT];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(argv[k] + 2, "="), argv[k] + 2);
            const struct clsnn_option_row *row = clsnn_option_find_for(command, name);
            if (!row || !(row->commands & command)) return unknown_option(command, argv[k]);
            if (!row->metavar) return clsnn_fail(CLSNN_E_USAGE, "--%s takes no value", name);
            return clsnn_fail(CLSNN_E_USAGE, "--%s needs a value: --%s %s", name, name, row->metavar);
        }
        /* In a cluster of short options, one is unknown or the last one lacks its value. */
        for (const char *c = argv[k] + 1; *c; c++) {
            const struct clsnn_option_row *row = NULL;
            for (size_t r = 0; r < clsnn_n_option_rows && !row; r++)
                if (clsnn_option_rows[r].short_name == *c) row = &clsnn_option_rows[r];
            char shown[CLSNN_EXCERPT], single[3] = {'-', (unsigned char)*c < 0x80 ? *c : '?', '\0'};
            clsnn_excerpt(single, shown);
            if (!row)
                return clsnn_fail(CLSNN_E_USAGE, "unknown option %s: clsnn %s --help lists them", shown,
                                  clsnn_command_find(command)->name);
            if (!(row->commands & command)) return of_another(command, row, shown);
            if (row->metavar && c[1] == '\0')
                return clsnn_fail(CLSNN_E_USAGE, "-%c needs a value: --%s %s", *c, row->name, row->metavar);
            if (row->metavar) break;
        }
    }
    return clsnn_fail(CLSNN_E_USAGE, "the command line cannot be read");
}

/* Adds a parameter of NAME=VALUE. Blanks around both are left out: "theta_plus_mv = 0.1" is as in a file. */
static enum clsnn_status add_set(struct clsnn_settings *flags, const char *text) {
    char shown[CLSNN_EXCERPT], name[CLSNN_EXCERPT];
    text += strspn(text, " ");
    size_t n = strcspn(text, "="), n_value;
    const char *value = text + n + 1;
    if (text[n] == '\0' || n == 0)
        return clsnn_fail(CLSNN_E_USAGE, "--set %s: write --set NAME=VALUE", clsnn_excerpt(text, shown));
    while (n > 1 && text[n - 1] == ' ') n--;
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name), text);
    const struct clsnn_param_info *param = n < sizeof name ? clsnn_param_find(name) : NULL;
    if (param) {
        value += strspn(value, " ");
        for (n_value = strlen(value); n_value > 0 && value[n_value - 1] == ' ';) n_value--;
        char *copy = strndup(value, n_value);
        const enum clsnn_status st =
            copy ? clsnn_settings_add(flags, NULL, param, copy, param->name) : clsnn_no_memory("options");
        free(copy);
        return st;
    }
    if (clsnn_option_find(name))
        return clsnn_fail(CLSNN_E_USAGE, "--set %s: %s is an option, write --%s", clsnn_excerpt(text, shown),
                          name, name);
    struct clsnn_model unused;
    return clsnn_model_set(&unused, name, ""); /* fails and names the nearest parameter */
}

static enum clsnn_status add_operand(struct line *line, const char *text) {
    const struct clsnn_command_info *info = clsnn_command_find(line->command);
    char shown[CLSNN_EXCERPT];
    if (line->n_operands == info->max_operands)
        return clsnn_fail(CLSNN_E_USAGE, "unexpected operand \"%s\": usage: clsnn %s [OPTION]...%s%s",
                          clsnn_excerpt(text, shown), info->name, *info->operands ? " " : "", info->operands);
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE, "operand %zu is empty: usage: clsnn %s [OPTION]... %s",
                          line->n_operands + 1, info->name, info->operands);
    char **grown = realloc(line->operands, (line->n_operands + 1) * sizeof *grown);
    if (!grown) return clsnn_no_memory("operands");
    line->operands = grown;
    grown[line->n_operands] = strdup(text);
    if (!grown[line->n_operands]) return clsnn_no_memory("operands");
    line->n_operands++;
    return CLSNN_OK;
}

static enum clsnn_status take_option(struct line *line, const struct clsnn_option_row *row, const char *arg) {
    char label[64];
    switch (row->type) {
    case CLSNN_OPT_ACTION:
        /* The first of --help and --version wins; both win over --print-config. */
        if (line->action == CLSNN_PARSE_RUN || line->action == CLSNN_PARSE_PRINT_CONFIG)
            line->action = row->action;
        return CLSNN_OK;
    case CLSNN_OPT_CONFIG:
        line->config = arg;
        return *arg ? CLSNN_OK : clsnn_fail(CLSNN_E_USAGE, "--config is empty: name an ini file");
    case CLSNN_OPT_SET: return add_set(&line->flags, arg);
    default:
        flag_label(row, label);
        return clsnn_settings_add(&line->flags, row, NULL, arg ? arg : "yes", label);
    }
}

static error_t on_argument(int key, char *arg, struct argp_state *state) {
    struct line *line = state->input;
    if (key == ARGP_KEY_ERROR) {
        if (line->st == CLSNN_OK) line->st = diagnose(line->command, state->argv, state->argc, state->next);
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        line->st = add_operand(line, arg);
    } else {
        const struct clsnn_option_row *row = NULL;
        for (size_t k = 0; k < clsnn_n_option_rows && !row; k++)
            if (key == LONG_KEY + (int)k || (key > 0 && key == clsnn_option_rows[k].short_name))
                row = &clsnn_option_rows[k];
        if (!row) return ARGP_ERR_UNKNOWN;
        /* argp accepts any unambiguous beginning of a long name, clsnn only whole names. A new option could
         * otherwise change the meaning of a script. */
        const char *written = state->argv[state->next - 1];
        if (arg == written) written = state->argv[state->next - 2];
        if (key >= LONG_KEY && (strcspn(written, "=") != 2 + strlen(row->name) ||
                                strncmp(written + 2, row->name, strlen(row->name)) != 0))
            line->st = unknown_option(line->command, written);
        else
            line->st = take_option(line, row, arg);
    }
    return line->st == CLSNN_OK ? 0 : EINVAL;
}

static enum clsnn_status read_line(struct line *line, int argc, char **argv) {
    struct argp_option *options = calloc(2 * clsnn_n_option_rows + 1, sizeof *options);
    if (!options) return clsnn_no_memory("options");
    size_t n = 0;
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        if (!(row->commands & line->command)) continue;
        bool is_switch = row->type == CLSNN_OPT_SWITCH;
        options[n++] = (struct argp_option){.name = row->name,
                                            .key = LONG_KEY + (int)k,
                                            .arg = is_switch ? "yes|no" : row->metavar,
                                            .flags = is_switch ? OPTION_ARG_OPTIONAL : 0};
        if (row->short_name) options[n++] = (struct argp_option){.key = row->short_name, .arg = row->metavar};
    }
    const struct argp parser = {.options = options, .parser = on_argument};
    error_t failed = argp_parse(&parser, argc, argv, ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_NO_HELP, NULL, line);
    free(options);
    if (line->st == CLSNN_OK && failed == ENOMEM) line->st = clsnn_no_memory("options");
    if (line->st == CLSNN_OK && failed) line->st = diagnose(line->command, argv, argc, argc);
    return line->st;
}

/* Applies one level of precedence. Presets go first, because a preset replaces every parameter. */
static enum clsnn_status apply(struct clsnn_options *o, const struct clsnn_settings *s,
                               enum clsnn_origin origin) {
    enum clsnn_status st = CLSNN_OK;
    const char *value = ""; /* that failed, if one did */
    const bool is_file =
        origin == CLSNN_FROM_USER_FILE || origin == CLSNN_FROM_FILE || origin == CLSNN_FROM_SWEEP;
    unsigned char *of_options = o->origins->of, *of_params = o->origins->of + clsnn_n_option_rows;
    for (int presets = 1; presets >= 0; presets--) {
        for (size_t k = 0; k < s->n; k++) {
            const struct clsnn_setting *one = &s->list[k];
            bool is_preset = one->row && one->row->type == CLSNN_OPT_PRESET;
            if (is_preset != (presets == 1)) continue;
            value = one->value;
            if (one->param) {
                TRY(clsnn_param_set(&o->model, one->param, one->value, one->label));
                of_params[one->param - clsnn_params_table] = (unsigned char)origin;
            } else {
                TRY(clsnn_option_store(o, one->row, one->value, one->label));
                of_options[one->row - clsnn_option_rows] = (unsigned char)origin;
            }
            if (!is_preset) continue;
            memset(of_params, CLSNN_FROM_PRESET, clsnn_n_params);
            of_options[clsnn_option_find("delays") - clsnn_option_rows] = CLSNN_FROM_PRESET;
        }
    }
fail:
    return is_file ? clsnn_settings_blame(value, st) : st;
}

/* Gives the parameters that preset tuned decides their values for the size, once all levels are applied. */
static enum clsnn_status apply_tuned(struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    double values[CLSNN_N_TUNED];
    uint32_t below, above;
    char text[32];
    if (!o->preset || strcmp(o->preset, CLSNN_PRESET_TUNED) != 0) return CLSNN_OK;
    clsnn_tuned_values(o->model.laws.rule, (uint32_t)o->neurons, values, &below, &above);
    for (size_t k = 0; k < CLSNN_N_TUNED; k++) {
        const struct clsnn_param_info *p = clsnn_param_find(clsnn_tuned_names[k]);
        if (isnan(values[k]) ||
            o->origins->of[clsnn_n_option_rows + (size_t)(p - clsnn_params_table)] != CLSNN_FROM_PRESET)
            continue;
        clsnn_format_real(values[k], text);
        TRY(clsnn_param_set(&o->model, p, text, p->name));
    }
fail:
    return st;
}

static enum clsnn_status apply_defaults(struct clsnn_options *o, enum clsnn_command command) {
    enum clsnn_status st = CLSNN_OK;
    o->origins = calloc(1, sizeof *o->origins + clsnn_n_option_rows + clsnn_n_params);
    if (!o->origins) return clsnn_no_memory("options");
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        const char *def = row->def;
        for (int d = 0; d < 2; d++)
            if (row->others[d].commands & command) def = row->others[d].def;
        if (def) TRY(clsnn_option_store(o, row, def, row->name));
    }
fail:
    return st;
}

/* what: as of clsnn_settings_read. */
static enum clsnn_status apply_file(struct clsnn_options *o, const char *path, const char *what) {
    enum clsnn_status st = CLSNN_OK;
    const enum clsnn_origin origin = what ? CLSNN_FROM_FILE : CLSNN_FROM_USER_FILE;
    struct clsnn_settings settings = {0};
    TRY(clsnn_settings_read(&settings, path, what));
    TRY(apply(o, &settings, origin));
    o->origins->path[origin] = strdup(path);
    if (!o->origins->path[origin]) st = clsnn_no_memory(path);
fail:
    clsnn_settings_finish(&settings);
    return st;
}

static enum clsnn_status apply_user_file(struct clsnn_options *o) {
    /* The XDG specification says that relative directories are ignored. */
    const char *base = getenv("XDG_CONFIG_HOME"), *tail = "/clsnn/config.ini";
    if (!base || *base != '/') {
        base = getenv("HOME");
        tail = "/.config/clsnn/config.ini";
    }
    if (!base || *base != '/') return CLSNN_OK;
    size_t n = strlen(base) + strlen(tail) + 1;
    char *path = malloc(n);
    if (!path) return clsnn_no_memory("options");
    snprintf(path, n, "%s%s", base, tail);
    enum clsnn_status st = apply_file(o, path, NULL);
    free(path);
    return st;
}

/* Refuses a variable CLSNN_NAME that nothing reads: it would be misspelt, and its value silently ignored. */
static enum clsnn_status check_environment(void) {
    static const char prefix[] = "CLSNN_";
    const size_t most = clsnn_n_option_rows + clsnn_n_variables, n_prefix = sizeof prefix - 1;
    char(*room)[64] = malloc(most * sizeof *room);
    const char **names = malloc(most * sizeof *names); /* without the prefix */
    size_t n = 0;
    enum clsnn_status st = room && names ? CLSNN_OK : clsnn_no_memory("environment");
    for (size_t k = 0; st == CLSNN_OK && k < clsnn_n_option_rows; k++) {
        const char *name = clsnn_option_variable(&clsnn_option_rows[k], room[k]);
        if (name) names[n++] = name + n_prefix;
    }
    for (size_t k = 0; st == CLSNN_OK && k < clsnn_n_variables; k++)
        names[n++] = clsnn_variables[k].name + n_prefix;
    for (char **entry = environ; st == CLSNN_OK && *entry; entry++) {
        char name[CLSNN_EXCERPT], shown[CLSNN_EXCERPT];
        const char *value = strchr(*entry, '=');
        bool known = false;
        if (strncmp(*entry, prefix, n_prefix) != 0 || !value || !value[1]) continue;
        snprintf(name, sizeof name, "%.*s", (int)(value - *entry), *entry);
        for (size_t k = 0; k < n && !known; k++) known = strcmp(names[k], name + n_prefix) == 0;
        if (known) continue;
        const char *near = clsnn_nearest(name + n_prefix, names, n);
        clsnn_excerpt(name, shown);
        st = near ? clsnn_fail(CLSNN_E_USAGE, "%s: clsnn has no such variable: did you mean %s%s?", shown,
                               prefix, near)
                  : clsnn_fail(CLSNN_E_USAGE, "%s: clsnn has no such variable: clsnn man lists them", shown);
    }
    free(names);
    free(room);
    return st;
}

static enum clsnn_status apply_environment(struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_settings settings = {0};
    char variable[64];
    TRY(check_environment());
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        if (!clsnn_option_is_value(row) || !clsnn_option_variable(row, variable)) continue;
        const char *value = getenv(variable);
        if (value && *value) TRY(clsnn_settings_add(&settings, row, NULL, value, variable));
    }
    TRY(apply(o, &settings, CLSNN_FROM_ENVIRONMENT));
fail:
    clsnn_settings_finish(&settings);
    return st;
}

/* Fails because operand n, from 0 on, is missing. */
static enum clsnn_status missing_operand(const struct clsnn_command_info *info, size_t n) {
    const char *name = info->operands;
    int n_name;
    for (; (n > 0 || *name == '[') && strchr(name, ' '); name = strchr(name, ' ') + 1)
        if (*name != '[') n--; /* the rest of them is not missing */
    n_name = (int)strcspn(name, " ");
    if (strchr(info->operands, '|')) { /* a choice of words: none of them is the one */
        name = "the operand";
        n_name = (int)strlen(name);
    }
    return clsnn_fail(CLSNN_E_USAGE, "%.*s is missing: usage: clsnn %s [OPTION]... %s", n_name, name,
                      info->name, info->operands);
}

/* Refuses preset tuned for commands that do not know the number of neurons. */
static enum clsnn_status check_tuned(const struct clsnn_options *o, enum clsnn_command command) {
    const unsigned sized = clsnn_option_find("neurons")->commands | CLSNN_CMD_REPRODUCE;
    const struct clsnn_option_row *preset = clsnn_option_find("preset");
    if (strcmp(o->preset, CLSNN_PRESET_TUNED) != 0 || command & sized || !(preset->commands & command))
        return CLSNN_OK;
    return clsnn_fail(CLSNN_E_USAGE,
                      "preset = " CLSNN_PRESET_TUNED
                      ": its values depend on --neurons, which clsnn %s does not "
                      "have: give them by --set",
                      o->command);
}

enum clsnn_status clsnn_options_parse(enum clsnn_command command, int argc, char **argv,
                                      struct clsnn_options *out, enum clsnn_parse_action *out_action) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_command_info *info = clsnn_command_find(command);
    struct clsnn_options o = {.command = info->name};
    struct line line = {.command = command};
    TRY(read_line(&line, argc, argv));
    if (line.action == CLSNN_PARSE_HELP || line.action == CLSNN_PARSE_VERSION) goto done;
    /* --print-config works without the operands that a run needs. */
    if (line.n_operands < info->min_operands && line.action == CLSNN_PARSE_RUN)
        TRY(missing_operand(info, line.n_operands));

    TRY(apply_defaults(&o, command));
    TRY(apply_user_file(&o));
    const char *config = line.config ? line.config : getenv("CLSNN_CONFIG");
    if (config && *config) TRY(apply_file(&o, config, line.config ? "--config" : "CLSNN_CONFIG"));
    TRY(apply_environment(&o));
    TRY(apply(&o, &line.flags, CLSNN_FROM_COMMAND_LINE));
    TRY(check_tuned(&o, command));
    TRY(apply_tuned(&o));
    TRY(clsnn_model_check(&o.model));
    o.operands = line.operands;
    o.n_operands = line.n_operands;
    line.operands = NULL;
    line.n_operands = 0;
done:
    *out = o;
    *out_action = line.action;
    o = (struct clsnn_options){0};
fail:
    clsnn_options_finish(&o);
    clsnn_settings_finish(&line.flags);
    for (size_t k = 0; k < line.n_operands; k++) free(line.operands[k]);
    free(line.operands);
    return st;
}

/* Replaces every text of o by a copy. On failure o owns the copies made so far; its other texts are
 * NULL. */
static enum clsnn_status own_texts(struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        if (row->type != CLSNN_OPT_TEXT && row->type != CLSNN_OPT_PRESET) continue;
        char **field = (char **)((char *)o + row->offset);
        if (!*field) continue;
        *field = st == CLSNN_OK ? strdup(*field) : NULL;
        if (!*field && st == CLSNN_OK) st = clsnn_no_memory("options");
    }
    return st;
}

static enum clsnn_status own_origins(struct clsnn_options *o, const struct clsnn_origins *from) {
    const size_t n_bytes = sizeof *from + clsnn_n_option_rows + clsnn_n_params;
    o->origins = malloc(n_bytes);
    if (!o->origins) return clsnn_no_memory("options");
    memcpy(o->origins, from, n_bytes);
    memset(o->origins->path, 0, sizeof o->origins->path);
    for (int k = 0; k < CLSNN_N_ORIGINS; k++) {
        if (!from->path[k]) continue;
        o->origins->path[k] = strdup(from->path[k]);
        if (!o->origins->path[k]) return clsnn_no_memory("options");
    }
    return CLSNN_OK;
}

/* Restores the parameters and delays that base has from the command line or the sweep's file, unless settings
 * hold them too. A preset among settings has just replaced them, though it ranks below. */
static void keep_params(struct clsnn_options *o, const struct clsnn_options *base,
                        const struct clsnn_settings *settings) {
    bool preset = false;
    for (size_t k = 0; k < settings->n; k++)
        preset = preset || (settings->list[k].row && settings->list[k].row->type == CLSNN_OPT_PRESET);
    if (!preset) return;
    const size_t delays = (size_t)(clsnn_option_find("delays") - clsnn_option_rows);
    if (base->origins->of[delays] >= CLSNN_FROM_COMMAND_LINE && o->origins->of[delays] != CLSNN_FROM_SWEEP) {
        o->model.laws.delay_min = base->model.laws.delay_min;
        o->model.laws.delay_max = base->model.laws.delay_max;
        o->origins->of[delays] = base->origins->of[delays];
    }
    for (size_t k = 0; k < clsnn_n_params; k++) {
        const struct clsnn_param_info *p = &clsnn_params_table[k];
        const size_t at = clsnn_n_option_rows + k;
        if (base->origins->of[at] < CLSNN_FROM_COMMAND_LINE || o->origins->of[at] == CLSNN_FROM_SWEEP)
            continue;
        memcpy((char *)&o->model + p->offset, (const char *)&base->model + p->offset,
               p->is_int ? sizeof(int32_t) : sizeof(double));
        o->origins->of[at] = base->origins->of[at];
    }
}

enum clsnn_status clsnn_options_derive(const struct clsnn_options *base,
                                       const struct clsnn_settings *settings, enum clsnn_origin origin,
                                       struct clsnn_options *out) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_options o = *base;
    o.command = clsnn_command_find(CLSNN_CMD_TRAIN)->name;
    o.operands = NULL;
    o.n_operands = 0;
    o.origins = NULL;
    TRY(own_texts(&o));
    TRY(own_origins(&o, base->origins));
    TRY(apply(&o, settings, origin));
    keep_params(&o, base, settings);
    TRY(apply_tuned(&o));
    TRY(clsnn_model_check(&o.model));
    *out = o;
    return CLSNN_OK;
fail:
    clsnn_options_finish(&o);
    return st;
}
