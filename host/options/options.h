/* What a command is told, gathered from command line, environment and configuration files by the one table of
 * options_table.h. argp is used in options.c only, inih in options_file.c only. */
#ifndef CLSNN_OPTIONS_H
#define CLSNN_OPTIONS_H

#include "options/options_file.h"

/* argv[0] is the command's name; the order of argv changes (operands move to its end). Precedence: flags > CLSNN_*
 * environment (CLSNN_DEVICE, CLSNN_SEED, CLSNN_OUT, ...: any option of the table in capitals, - as _; empty counts as unset;
 * CLSNN_DATA is not among them, it is the data directory, see dataset.h) > --config FILE > $XDG_CONFIG_HOME/clsnn/config.ini
 * (or ~/.config/...). An ini file holds long option names and parameters of params.def as keys, in a section [clsnn] or none;
 * files and environment may name options of other commands, which are checked and then not used. A preset replaces every
 * parameter given at a lower level of precedence; within its own level it comes first wherever it stands.
 * With CLSNN_PARSE_HELP and CLSNN_PARSE_VERSION out holds nothing but the command's name.
 * Errors: CLSNN_E_USAGE, one line: unknown option (with the nearest), value not a number or out of its range (both named),
 * missing argument, too many or too few operands, unknown key in FILE (file, line, nearest); CLSNN_E_IO: FILE unreadable.
 * Writes nothing to any stream. */
enum clsnn_status clsnn_options_parse(enum clsnn_command command, int argc, char **argv,
                                      struct clsnn_options *out, enum clsnn_parse_action *out_action);

/* The options of one run of a sweep: base's, with settings over them and over the command line; as if clsnn train had been told all of
 * it. base keeps its own. Errors: CLSNN_E_USAGE a value out of its range, naming its label; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_options_derive(const struct clsnn_options *base,
                                       const struct clsnn_settings *settings, struct clsnn_options *out);

#endif
