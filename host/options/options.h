/* Gathers a command's options from command line, environment and configuration files, by the table of
 * options_table.h. Only options.c uses argp. */
#ifndef CLSNN_OPTIONS_H
#define CLSNN_OPTIONS_H

#include "options/options_file.h"

/* Parses the options of one command. argv[0] is the command's name. Operands move to the end of argv.
 *
 * Precedence, highest first: flags; environment; --config FILE; $XDG_CONFIG_HOME/clsnn/config.ini (or
 * ~/.config/...). A variable is CLSNN_ and the option's name in capitals, with _ for - (CLSNN_SEED); an empty
 * variable counts as unset. --data and --resume have no variable: CLSNN_DATA is the data directory
 * (dataset.h). An ini file's keys are long option names and parameters of params.def, in the section [clsnn]
 * or in none. Files and environment may name options of other commands; the parser checks and then ignores
 * them. A preset replaces every parameter of a lower level. Within its own level it comes first, wherever it
 * stands.
 *
 * With CLSNN_PARSE_HELP and CLSNN_PARSE_VERSION, out holds only the command's name. No stream is written to.
 * Errors: CLSNN_E_USAGE, one line: unknown option (names the nearest), value no number or out of range (names
 * both), value missing, too many or too few operands, unknown key in FILE (names file, line, nearest);
 * CLSNN_E_IO FILE is unreadable; CLSNN_E_MEMORY. */
enum clsnn_status clsnn_options_parse(enum clsnn_command command, int argc, char **argv,
                                      struct clsnn_options *out, enum clsnn_parse_action *out_action);

/* Makes the options of a run of a sweep (origin CLSNN_FROM_SWEEP), or of a run that is continued
 * (CLSNN_FROM_RUN), as if clsnn train had received them: a copy of base, overridden by settings, which win
 * over the command line too. base stays unchanged.
 * Errors: CLSNN_E_USAGE a value is out of its range (names its label); CLSNN_E_MEMORY. */
enum clsnn_status clsnn_options_derive(const struct clsnn_options *base,
                                       const struct clsnn_settings *settings, enum clsnn_origin origin,
                                       struct clsnn_options *out);

#endif
