/* The subcommands. Each writes its result to o->out and its progress to stderr, and returns its error. main
 * prints the error and exits. */
#ifndef CLSNN_COMMANDS_H
#define CLSNN_COMMANDS_H

#include "options/options_table.h"
#include "clsnn/status.h"

enum clsnn_status clsnn_cmd_train(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_eval(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_predict(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_import(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_export(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_runs(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_diff(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_probe(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_replay(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_devices(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_data(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_reproduce(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_bench(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_sweep(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_train_runs(const struct clsnn_options *o); /* clsnn train with --runs above 1 */
enum clsnn_status clsnn_cmd_tune(const struct clsnn_options *o);
enum clsnn_status clsnn_cmd_verify(const struct clsnn_options *o);

#endif
