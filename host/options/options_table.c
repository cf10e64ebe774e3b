/* The rows of the table, and conversion of one value between its field and text. options.c (parsing),
 * options_file.c (ini files), options_render.c (text for people) and options_man.c read the table. */
#include "options/options_table.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/sources.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "formats/figure.h"

#define TRAIN     CLSNN_CMD_TRAIN
#define EVAL      CLSNN_CMD_EVAL
#define PREDICT   CLSNN_CMD_PREDICT
#define PROBE     CLSNN_CMD_PROBE
#define REPLAY    CLSNN_CMD_REPLAY
#define BENCH     CLSNN_CMD_BENCH
#define SWEEP     CLSNN_CMD_SWEEP
#define TUNE      CLSNN_CMD_TUNE
#define REPRODUCE CLSNN_CMD_REPRODUCE
#define VERIFY    CLSNN_CMD_VERIFY
#define DEVICES   CLSNN_CMD_DEVICES
#define DATA      CLSNN_CMD_DATA
#define RUNS      CLSNN_CMD_RUNS
#define DIFF      CLSNN_CMD_DIFF
#define IMPORT    CLSNN_CMD_IMPORT
#define EXPORT    CLSNN_CMD_EXPORT
#define ALL       CLSNN_CMD_ALL
/* eval and predict show a network frozen, so only inhibition matters to them. */
#define COMMANDS_rule       (TRAIN | PROBE | REPLAY | SWEEP | TUNE)
#define COMMANDS_pairing    (TRAIN | PROBE | REPLAY | SWEEP | TUNE)
#define COMMANDS_inhibition (TRAIN | EVAL | PREDICT | PROBE | REPLAY | SWEEP | TUNE)
/* All names of presets, separated by '|', and their meanings. */
#define CLSNN_PRESET(name, delays, changes, meaning) name "|"
static const char preset_names[] =
#include "clsnn/presets.def"
    CLSNN_PRESET_TUNED "|" CLSNN_PRESET_OLD;
#define CLSNN_PRESET(name, delays, changes, meaning) name ": " meaning "; "
static const char preset_help[] =
    "set of model parameters and delays to start from. "
#include "clsnn/presets.def"
    CLSNN_PRESET_TUNED
    ": the best known values for --neurons, for whole epochs of MNIST, found on validation "
    "images; " CLSNN_PRESET_OLD ": an old name of the first";
#define FIELD(member) .offset = offsetof(struct clsnn_options, member)

const struct clsnn_option_row clsnn_option_rows[] = {
    /* the network and its training */
    {"neurons", 0, "N", CLSNN_OPT_WHOLE, FIELD(neurons), .min = 1, .max = CLSNN_MAX_POST, .def = "400",
     .commands = TRAIN | SWEEP | TUNE, .help = "number of excitatory neurons"},
    {"epochs", 0, "E", CLSNN_OPT_WHOLE, FIELD(epochs), .min = 1, .max = CLSNN_PLAN_MAX_EPOCHS, .def = "1",
     .others = {{REPRODUCE, "9"}, {TUNE, "3"}}, .commands = TRAIN | REPRODUCE | SWEEP | TUNE,
     .help = "number of passes over the training images"},
    {"train-images", 0, "K|A..B", CLSNN_OPT_IMAGES, FIELD(train_images), .min = 0,
     .max = CLSNN_PLAN_MAX_IMAGES, .def = "0", .def_note = "all",
     .commands = TRAIN | REPRODUCE | SWEEP | TUNE, .unit = "images",
     .help = "train on the first K training images, or on images A to B without B"},
    {"label-images", 0, "K|A..B", CLSNN_OPT_IMAGES, FIELD(label_images), .min = 0,
     .max = CLSNN_PLAN_MAX_IMAGES, .def = "10000",
     .commands = TRAIN | EVAL | PREDICT | REPRODUCE | SWEEP | TUNE, .unit = "images",
     .help = "label the neurons with the first K training images, 0 = all, or with images A to B without B"},
    {"test-images", 0, "K|A..B", CLSNN_OPT_IMAGES, FIELD(test_images), .min = 0, .max = CLSNN_PLAN_MAX_IMAGES,
     .def = "0", .def_note = "all", .commands = TRAIN | EVAL | PREDICT | REPRODUCE | SWEEP | TUNE,
     .unit = "images", .help = "test on the first K test images, or on images A to B without B"},
    {"validate", 0, "K", CLSNN_OPT_WHOLE, FIELD(validate), .min = 0, .max = CLSNN_PLAN_MAX_IMAGES, .def = "0",
     .def_note = "test on the test set", .others = {{TUNE, "10000"}},
     .commands = TRAIN | REPRODUCE | SWEEP | TUNE, .unit = "images",
     .help = "set the last K training images aside and test on them instead of the test set; without it tune "
             "takes at most a sixth of them"},
    {"eval-every", 0, "E", CLSNN_OPT_WHOLE, FIELD(eval_every), .min = 0, .max = CLSNN_PLAN_MAX_EPOCHS,
     .def = "0", .def_note = "at the end only", .commands = TRAIN | SWEEP,
     .help = "label and test after every E epochs"},
#define CLSNN_LAW(name, def_, others, meaning)                                                               \
    {#name,                                                                                                  \
     0,                                                                                                      \
     "NAME",                                                                                                 \
     CLSNN_OPT_CHOICE,                                                                                       \
     FIELD(model.laws.name),                                                                                 \
     .def = def_,                                                                                            \
     .choices = def_ "|" others,                                                                             \
     .commands = COMMANDS_##name,                                                                            \
     .help = meaning},
#include "clsnn/laws.def"
    {"delays", 0, "none|LO:HI", CLSNN_OPT_DELAYS, FIELD(model.laws), .def = "none",
     .commands = TRAIN | SWEEP | TUNE, .unit = "ms",
     .help = "time from an input spike to its arrival at a synapse, drawn once for each synapse from LO to "
             "HI, in "
             "ms: 0 to 31.5, in steps of 0.5"},
    {"shuffle", 0, NULL, CLSNN_OPT_SWITCH, FIELD(shuffle), .def = "no", .commands = TRAIN | SWEEP | TUNE,
     .help = "draw a new order of the training images for every epoch"},
    {"from", 0, "MODEL.npz", CLSNN_OPT_TEXT, FIELD(from), .def_note = "weights drawn by the seed",
     .commands = TRAIN | SWEEP | VERIFY, .no_environment = true,
     .help = "start with the weights and theta of a model.npz or checkpoint; its number of neurons must be "
             "--neurons, and its settings are not taken over; for verify: where that file is now"},
    /* many runs */
    {"runs", 0, "R", CLSNN_OPT_WHOLE, FIELD(runs), .min = 1, .max = 10000, .def = "1", .commands = TRAIN,
     .help = "train R networks at once, with the seeds SEED to SEED + R - 1, each in a directory of its own"},
    {"zip", 0, "NAMES", CLSNN_OPT_TEXT, FIELD(zip), .def_note = "every combination", .commands = SWEEP,
     .help = "keys of FILE.ini whose lists advance together; commas between keys, | between groups"},
    {"random", 0, "K", CLSNN_OPT_WHOLE, FIELD(random), .min = 0, .max = 10000, .def = "0",
     .def_note = "every combination", .others = {{TUNE, "32"}}, .commands = SWEEP | TUNE, .unit = "points",
     .help = "draw K points from the ranges and lists of FILE.ini by --seed, and train each with every seed"},
    {"shard", 0, "I/N|slurm", CLSNN_OPT_TEXT, FIELD(shard), .def_note = "all runs", .commands = SWEEP | TUNE,
     .help =
         "train only the I-th of N equal parts of the runs, 1/N to N/N; slurm: the part of this task of a "
         "Slurm job array"},
    {"dry-run", 0, NULL, CLSNN_OPT_SWITCH, FIELD(dry_run), .def = "no", .commands = SWEEP,
     .help = "print the runs, their sizes, memory and a guess of the time from a short measurement; train "
             "nothing"},
    {"collect", 0, NULL, CLSNN_OPT_SWITCH, FIELD(collect), .def = "no", .commands = SWEEP,
     .help = "train nothing; make the tables and pictures from the finished runs"},
    /* probe */
    {"image", 0, "K|K..L", CLSNN_OPT_IMAGE, FIELD(image), .min = 0, .max = CLSNN_PLAN_MAX_IMAGES, .def = "0",
     .commands = PROBE, .help = "show image K, counted from 0, or images K to L without L"},
    {"images-of", 0, "SET", CLSNN_OPT_CHOICE, FIELD(images_of), .def = "test", .choices = "test|train",
     .commands = PROBE, .help = "set that --image counts in; --train always takes training images"},
    {"train", 0, NULL, CLSNN_OPT_SWITCH, FIELD(probe_train), .def = "no", .commands = PROBE,
     .no_environment = true,
     .help = "let the network learn while it is shown the images, each with its rest, and show what changes"},
    {"record", 0, "NAMES", CLSNN_OPT_TEXT, FIELD(record), .def = "spikes,v,g_exc,g_inh,theta,v_inh",
     .commands = PROBE, .help = "quantities of probe.npz, some of the default's"},
    {"neurons", 0, "LIST", CLSNN_OPT_TEXT, FIELD(probe_neurons), .def_note = "the four that fire most",
     .commands = PROBE, .line_only = true,
     .help = "neurons whose potentials and conductances are recorded, counted from 0, with commas between"},
    /* runs */
    {"sort", 0, "NAME", CLSNN_OPT_TEXT, FIELD(sort), .def_note = "by path", .commands = RUNS,
     .help = "sort by run, state, a setting, or a number of metrics.csv, and show it; accuracies from the "
             "highest down, other numbers from the lowest up, runs without it last"},
    /* checkpoints */
    {"checkpoint-every", 0, "IMAGES", CLSNN_OPT_WHOLE, FIELD(checkpoint_every), .min = 0,
     .max = CLSNN_PLAN_MAX_IMAGES, .def = "10000", .others = {{SWEEP, "0"}}, .commands = TRAIN | SWEEP | TUNE,
     .unit = "images",
     .help =
         "save a checkpoint after every IMAGES images and every epoch, and go on from it; 0 = after epochs "
         "only, in a sweep never"},
    {"snapshots", 0, "E|LIST", CLSNN_OPT_TEXT, FIELD(snapshots), .def_note = "none", .commands = TRAIN,
     .help = "keep the network after every E epochs, or every K images, written Ki, or at the moments of a "
             "list such as 0,1000i,1,3; weights.apng and weights-strip.png show how weights developed"},
    {"figures", 0, "FORMATS", CLSNN_OPT_CHOICES, FIELD(figures), .def = "png",
     .choices = CLSNN_FIGURE_FORMATS, .commands = TRAIN | EVAL | PREDICT | PROBE | REPRODUCE | SWEEP,
     .help = "formats of the pictures, with commas between them; weights.apng has one format"},
    {"sort-weights", 0, "ORDER", CLSNN_OPT_CHOICE, FIELD(sort_weights), .def = "number",
     .choices = "number|label", .commands = TRAIN | EVAL | PREDICT,
     .help = "order of the neurons in weights.png and report.html"},
    {"keep-checkpoints", 0, "K", CLSNN_OPT_WHOLE, FIELD(keep_checkpoints), .min = 1, .max = 1000, .def = "3",
     .others = {{SWEEP | TUNE, "1"}}, .commands = TRAIN | SWEEP | TUNE,
     .help = "keep the newest K checkpoints"},
    {"resume", 0, NULL, CLSNN_OPT_SWITCH, FIELD(resume), .def = "no", .choices = "auto", .commands = TRAIN,
     .no_environment = true,
     .help =
         "continue the run in the results' directory from its newest usable checkpoint, with the run's own "
         "settings; --epochs may have grown; where there is no checkpoint, begin"},
    /* benchmarks */
    {"sizes", 0, "LIST", CLSNN_OPT_TEXT, FIELD(sizes),
     .def_note = "100,225,400,1600 for bench (100 with --quick), 100,225,400 for reproduce",
     .commands = BENCH | REPRODUCE, .help = "network sizes in neurons, with commas between them"},
    {"networks", 0, "MAX", CLSNN_OPT_WHOLE, FIELD(networks), .min = 0, .max = 65536, .def = "0",
     .def_note = "2 with --quick, else 4 on CPUs; on GPUs until memory or throughput is full",
     .commands = BENCH, .help = "measure 1, 2, 4, 8, ... up to MAX networks at once"},
    {"quick", 0, NULL, CLSNN_OPT_SWITCH, FIELD(quick), .def = "no", .commands = BENCH,
     .help = "check everything, but measure for so short a time that figures mean little"},
    /* reproduce */
    {"seeds", 0, "K", CLSNN_OPT_WHOLE, FIELD(seeds), .min = 1, .max = 1000, .def = "3",
     .commands = REPRODUCE | TUNE,
     .help = "train every size with K seeds, counted up from --seed; tune: the best point, from the next "
             "seed on"},
    /* use of the device; no result depends on these */
    {"work-group", 0, "SIZE", CLSNN_OPT_POWER, FIELD(work_group), .min = 0, .max = 1024, .def = "0",
     .def_note = "chosen for the device",
     .commands = TRAIN | EVAL | PREDICT | PROBE | REPLAY | BENCH | REPRODUCE | SWEEP | TUNE | VERIFY,
     .help = "work-items for each network; results do not depend on it"},
    {"split", 0, "COUNT", CLSNN_OPT_WHOLE, FIELD(split), .min = 0, .max = CLSNN_MAX_SHARES, .def = "0",
     .def_note = "chosen for the device", .commands = TRAIN | BENCH | REPRODUCE | SWEEP | TUNE | VERIFY,
     .help = "work-groups that share one network in training, at most one a core of a CPU; results do not "
             "depend on it, and small networks or busy cores become slower"},
    {"chunk", 0, "K", CLSNN_OPT_WHOLE, FIELD(chunk), .min = 0, .max = 1000000, .def = "0",
     .def_note = "chosen for the device",
     .commands = TRAIN | EVAL | PREDICT | REPRODUCE | SWEEP | TUNE | VERIFY,
     .help = "presentations in one kernel launch; results do not depend on it"},
    {"profile", 0, NULL, CLSNN_OPT_SWITCH, FIELD(profile), .def = "no", .commands = TRAIN | EVAL | PREDICT,
     .help = "time every phase on the device with OpenCL events: slower, with the same results"},
    {"no-kernel-cache", 0, NULL, CLSNN_OPT_SWITCH, FIELD(no_kernel_cache), .def = "no",
     .commands = TRAIN | EVAL | PREDICT | PROBE | REPLAY | BENCH | REPRODUCE | SWEEP | TUNE | VERIFY,
     .help = "compile the kernels anew and keep nothing in $XDG_CACHE_HOME/clsnn"},
    /* the device, the random numbers, the places and the model */
    {"device", 0, "SPEC", CLSNN_OPT_TEXT, FIELD(device),
     .def_note = "the faster one: a CPU for one network, a GPU for many",
     .commands = ALL & ~(unsigned)(DATA | IMPORT | EXPORT | RUNS | DIFF),
     .help =
         "OpenCL device: gpu, cpu, PLATFORM:DEVICE (such as 0:1) or part of a name; clsnn devices lists all; "
         "sweep, reproduce, bench and train of several runs also take a list with commas, or all"},
    {"seed", 0, "N", CLSNN_OPT_SEED, FIELD(seed), .min = 0, .max = UINT64_MAX, .def = "1",
     .commands = TRAIN | EVAL | PREDICT | PROBE | BENCH | REPRODUCE | SWEEP | TUNE,
     .help = "seed of all random numbers of a run"},
    {"out", 'o', "DIR", CLSNN_OPT_TEXT, FIELD(out_dir), .def_note = "chosen by the command",
     .commands = TRAIN | EVAL | PREDICT | PROBE | DATA | BENCH | REPRODUCE | SWEEP | TUNE,
     .help = "directory for the results"},
    {"data", 0, "SET", CLSNN_OPT_TEXT, FIELD(data), .def = "auto",
     .commands = TRAIN | EVAL | PREDICT | PROBE | BENCH | REPRODUCE | SWEEP | TUNE | VERIFY,
     .no_environment = true,
     .help =
         "data set: auto, mnist, fashion-mnist, kmnist, digits (built in), a directory with the four IDX "
         "files, or FILE.npz with x_train, y_train, x_test and y_test, or x_test alone for eval, predict and "
         "probe: images [n, height, width] of 1 x 1 to 64 x 64 pixels, or [n, 784], of bytes, or floats from "
         "0 to 1, and whole labels from 0 to 255; auto takes mnist if it is found, else digits; the first "
         "place for mnist is the directory $CLSNN_DATA, clsnn data list shows all"},
    {"data-name", 0, "NAME", CLSNN_OPT_TEXT, FIELD(data_name), .def_note = "the set's own, or custom",
     .commands = TRAIN | EVAL | PREDICT | PROBE | REPRODUCE | SWEEP | TUNE, .no_environment = true,
     .help = "name of the data set in results"},
    {"preset", 0, "NAME", CLSNN_OPT_PRESET, FIELD(preset), .def = "kim-2020", .choices = preset_names,
     .commands = TRAIN | EVAL | PREDICT | PROBE | REPLAY | BENCH | REPRODUCE | SWEEP | TUNE,
     .help = preset_help},
    {"set", 0, "NAME=VALUE", CLSNN_OPT_SET,
     .commands = TRAIN | EVAL | PREDICT | PROBE | REPLAY | BENCH | REPRODUCE | SWEEP | TUNE,
     .help = "change one model parameter; may be given several times; --print-config lists all"},
    /* common */
    {"config", 0, "FILE", CLSNN_OPT_CONFIG, .commands = ALL,
     .help = "read options and parameters from an ini file, as --print-config writes it, or from a run.json: "
             "the same run again"},
    {"print-config", 0, NULL, CLSNN_OPT_ACTION, .commands = ALL, .action = CLSNN_PARSE_PRINT_CONFIG,
     .help = "print every option and parameter with its value and origin; run nothing"},
    {"json", 0, NULL, CLSNN_OPT_SWITCH, FIELD(json), .def = "no", .commands = ALL,
     .help = "print the result as one JSON object on stdout, and nothing else there"},
    {"quiet", 'q', NULL, CLSNN_OPT_SWITCH, FIELD(quiet), .def = "no", .commands = ALL,
     .help = "print no progress on stderr, nor that kernels are compiled, which may take a minute at first"},
    {"strict", 0, NULL, CLSNN_OPT_SWITCH, FIELD(strict), .def = "no",
     .commands = TRAIN | EVAL | PREDICT | PROBE | REPRODUCE | SWEEP | TUNE | IMPORT,
     .help = "take warnings as errors: those about data before the work, those about a result after it"},
    {"verbose", 'v', NULL, CLSNN_OPT_SWITCH, FIELD(verbose), .def = "no", .commands = ALL,
     .help = "show with every error its place in the source code"},
    {"help", 'h', NULL, CLSNN_OPT_ACTION, .commands = ALL, .action = CLSNN_PARSE_HELP,
     .help = "print this help"},
    {"version", 'V', NULL, CLSNN_OPT_ACTION, .commands = ALL, .action = CLSNN_PARSE_VERSION,
     .help = "print the version"},
};
const size_t clsnn_n_option_rows = sizeof clsnn_option_rows / sizeof clsnn_option_rows[0];

const struct clsnn_command_info clsnn_commands[] = {
    {TRAIN, "train", "", "trains one network, then labels and tests it",
     "clsnn train --neurons 400 --epochs 3 --out run-400", 0, 0, NULL},
    {EVAL, "eval", "MODEL.npz", "tests a trained network; labels it first if it has no labels",
     "clsnn eval run-400/model.npz --json", 1, 1, NULL},
    {PREDICT, "predict", "MODEL.npz", "answers every image with a class, by a trained network",
     "clsnn predict run-400/model.npz --data images.npz --out answers", 1, 1,
     "predictions.npz, in the directory of --out or in predictions, has a row an image: image (its number), "
     "label (-1 if the data have none), prediction_all, prediction_proportion, prediction_likelihood, "
     "attempts (the presentations "
     "that it took) and counts (the spikes of every neuron). mistakes.png shows the first 100 images that "
     "vote all answers wrongly; --json lists all of them. Images need no labels."},
    {PROBE, "probe", "MODEL.npz", "shows images to a trained network and records every step",
     "clsnn probe run-400/model.npz --image 17", 1, 1,
     "probe.png, in the directory of --out or in probe, shows the first image, the spikes of inputs, "
     "excitatory and inhibitory neurons, and the potentials and conductances of chosen neurons. An image "
     "that excites too few spikes is shown again at a higher intensity; grey presentations are such "
     "failures. "
     "Spikes and potentials are those of evaluation, bit for bit. probe.npz has them as arrays: image, "
     "attempt, intensity, exc_spikes, accepted, label and the answers, an entry a presentation; input_step, "
     "input_index, exc_step, exc_neuron, inh_step, inh_neuron; v, g_exc, g_inh, theta, v_inh [steps, "
     "neurons]. Presentation k has the steps from k * (steps_on + steps_off) on; an image's accepted one is "
     "the first, with --train the last."},
    {REPLAY, "replay", "IN.npz OUT.npz", "feeds given input spikes to a network and records its activity",
     "clsnn replay spikes.npz record.npz", 2, 2, NULL},
    {IMPORT, "import", "WEIGHTS [THETA] MODEL.npz", "makes a model.npz of another program's weights",
     "clsnn import weights/XeAe.npy weights/theta_A.npy diehl-cook.npz", 2, 3,
     "WEIGHTS is the XeAe.npy of Diehl and Cook's code (rows of input, neuron, weight), a plain .npy "
     "[inputs, "
     "neurons], an .npz with w and with theta (in volts) or theta_mv (in millivolts), or a directory with "
     "XeAe.npy and theta_A.npy. THETA is a theta_A.npy, in volts. Types are f4 or f8. The model has no "
     "labels: "
     "clsnn eval and predict label its neurons with training images, and --out keeps the labelled model."},
    {EXPORT, "export", "MODEL.npz OUT [THETA.npy]", "writes a network's weights for other programs",
     "clsnn export run-400/model.npz weights", 2, 3,
     "OUT is a directory, which receives the XeAe.npy and theta_A.npy of Diehl and Cook's code, or W.npy, a "
     "plain "
     "f4 [inputs, neurons]; THETA.npy then receives theta in volts. clsnn import reads all of them back "
     "without "
     "losing a bit. Labels are left out."},
    {REPRODUCE, "reproduce", "", CLSNN_KIM ": repeats and compares Table 1, Figures 3 and 4",
     "clsnn reproduce --data mnist --seeds 3", 0, 0, NULL},
    {DEVICES, "devices", "", "lists OpenCL devices, each with the string to pass to --device",
     "clsnn devices --json", 0, 0, NULL},
    {DATA, "data", "list | fetch SET | export digits DIR", "lists, fetches and exports data sets",
     "clsnn data fetch mnist", 1, 3,
     "SET is mnist, fashion-mnist or kmnist. fetch keeps only archives with the published SHA-256. Other "
     "commands find a fetched set by its name, "
     "as in --data=kmnist."},
    {SWEEP, "sweep", "FILE", "trains many independent networks, batched on the device",
     "clsnn sweep theta.ini --out theta", 1, 1,
     "A FILE.ini has lines NAME = VALUES; NAME is an option of clsnn train or a parameter of the model. "
     "VALUES "
     "is one value, a list (100, 225, 400) or a range, FIRST..LAST or FIRST..LAST..STEP (1..10, "
     "0.02..0.1..0.02) or log(FIRST..LAST, COUNT): COUNT values with a constant ratio. A list may hold "
     "ranges. "
     "Steps must lead to LAST; without STEP whole numbers count up by 1. Every combination of the lists' "
     "values is a run. A line zip = NAME, NAME makes these lists advance together; | stands between groups "
     "(zip = a, b | c, d). A comment begins with ; at the line's beginning or behind a blank. With --random "
     "K, "
     "K points are drawn: FIRST..LAST means every value between, log(FIRST..LAST) every value by its "
     "logarithm, a list any of its values. They depend on --seed, names and ranges alone, and a larger K "
     "adds "
     "to them. A FILE.csv has a header of such names and a row of values for each run."},
    {TUNE, "tune", "FILE", "searches the best parameters on validation images",
     "clsnn tune search.ini --data mnist --neurons 400 --out tune-400", 1, 1,
     "Draws --random points from the ranges of FILE (as of clsnn sweep --random; the first is the middle of "
     "every range) and trains each for one epoch. "
     "The worse half by vote proportion stops; the others go on from their checkpoints to 2, 4, 8 ... "
     "epochs, "
     "with half of them left each time, up to --epochs (3 without it). The best point is trained with "
     "--seeds "
     "other seeds. Numbers are of the last --validate training images (without it 10,000, or a sixth of a "
     "small "
     "set), never of the test set. theta_plus_mv, eta_post, eta_pre, w_norm, w_inh_exc, tau_post2_ms and "
     "tau_pre_ms have ranges around the best known values for the size; a line in FILE replaces a range by "
     "another or by a value. --out gets best.ini (clsnn train --config best.ini), tune.csv, report.html, a "
     "sweep's directory epochs-E for each stage, and best/. The same command goes on after an interruption. "
     "ETA is the end of the search. "
     "With --shard I/N each stage is shared out: a process exits with 75 while others have runs of the stage "
     "left; start it again then."},
    {RUNS, "runs", "[DIR]", "lists the runs below a directory, with the settings that differ",
     "clsnn runs results --sort accuracy_all", 0, 1,
     "A run is a directory with a run.json. Accuracies are in percent. --json lists the runs as objects, "
     "with "
     "accuracies as shares."},
    {DIFF, "diff", "A B", "shows the settings and results that differ between two runs",
     "clsnn diff run-400 run-400-b", 2, 2,
     "Accuracies are in percent, as of clsnn runs; --json has them as shares."},
    {BENCH, "bench", "", "measures training speed in plain C and on every OpenCL device",
     "clsnn bench --sizes 400 --networks 8", 0, 0, NULL},
    {VERIFY, "verify", "RUN_DIR", "trains a finished run again and compares every bit of its result",
     "clsnn verify run-400 --device cpu", 1, 1, NULL},
};
const size_t clsnn_n_commands = sizeof clsnn_commands / sizeof clsnn_commands[0];

const struct clsnn_variable_info clsnn_variables[] = {
    {"CLSNN_DATA", "the directory with MNIST's files, for --data mnist and --data auto"},
    {"CLSNN_MNIST_MIRROR", "the address from which clsnn data fetch mnist takes the files"},
    {"CLSNN_FASHION_MNIST_MIRROR", "the same for fashion-mnist"},
    {"CLSNN_KMNIST_MIRROR", "the same for kmnist"},
};
const size_t clsnn_n_variables = sizeof clsnn_variables / sizeof clsnn_variables[0];

const char *const clsnn_exit_codes =
    "0 ok, 1 failed, 2 usage, 3 bad data, 4 no device, 5 kernel build, 6 device memory, 7 device lost, "
    "8 file I/O, 9 checkpoint, 10 self-test, 75 stopped by a signal and saved, "
    "130 stopped at once by a second signal";

const struct clsnn_command_info *clsnn_command_find(enum clsnn_command command) {
    for (size_t k = 0; k < clsnn_n_commands; k++)
        if (clsnn_commands[k].command == command) return &clsnn_commands[k];
    return NULL;
}

const struct clsnn_option_row *clsnn_option_find(const char *name) {
    const struct clsnn_option_row *found = NULL;
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (strcmp(clsnn_option_rows[k].name, name) == 0 && (!found || found->line_only))
            found = &clsnn_option_rows[k];
    return found;
}

const struct clsnn_option_row *clsnn_option_find_for(enum clsnn_command command, const char *name) {
    for (size_t k = 0; k < clsnn_n_option_rows; k++)
        if (clsnn_option_rows[k].commands & command && strcmp(clsnn_option_rows[k].name, name) == 0)
            return &clsnn_option_rows[k];
    return clsnn_option_find(name);
}

bool clsnn_option_is_value(const struct clsnn_option_row *row) {
    return row->type < CLSNN_OPT_SET && !row->line_only;
}

bool clsnn_option_is_given(const struct clsnn_options *o, const char *name) {
    return o->origins &&
           o->origins->of[clsnn_option_find(name) - clsnn_option_rows] == CLSNN_FROM_COMMAND_LINE;
}

bool clsnn_option_is_default(const struct clsnn_options *o, const char *name) {
    return !o->origins || o->origins->of[clsnn_option_find(name) - clsnn_option_rows] == CLSNN_FROM_DEFAULT;
}

bool clsnn_option_is_common(const struct clsnn_option_row *row) {
    return row->commands == CLSNN_CMD_ALL;
}

bool clsnn_command_has_params(const struct clsnn_command_info *info) {
    const struct clsnn_option_row *set = clsnn_option_find("set");
    return set && set->commands & info->command;
}

const char *clsnn_option_variable(const struct clsnn_option_row *row, char out[64]) {
    if (row->no_environment || row->line_only ||
        !(clsnn_option_is_value(row) || row->type == CLSNN_OPT_CONFIG))
        return NULL;
    snprintf(out, 64, "CLSNN_%s", row->name);
    for (char *c = out; *c; c++) *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    return out;
}

static enum clsnn_status parse_choice(const struct clsnn_option_row *row, const char *text, const char *label,
                                      int *out) {
    *out = clsnn_choice_index(row->choices, text);
    if (*out >= 0) return CLSNN_OK;
    char shown[CLSNN_EXCERPT];
    clsnn_excerpt(text, shown);
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE, "%s is empty: must be %s%s", label,
                          strchr(row->choices, '|') ? "one of " : "", row->choices);
    if (!strchr(row->choices, '|'))
        return clsnn_fail(CLSNN_E_USAGE, "%s = %s: this version has %s %s only", label, shown, row->name,
                          row->choices);
    return clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be one of %s", label, shown, row->choices);
}

static enum clsnn_status parse_choices(const struct clsnn_option_row *row, const char *text,
                                       const char *label, int32_t *out) {
    char item[32], shown[CLSNN_EXCERPT];
    int32_t set = 0;
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE, "%s is empty: must be some of %s", label, row->choices);
    for (const char *at = text;; at++) {
        const size_t n = strcspn(at, ",");
        snprintf(item, sizeof item, "%.*s", (int)n, at);
        const int k = n < sizeof item ? clsnn_choice_index(row->choices, item) : -1;
        if (k < 0)
            return clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be some of %s, with commas between them", label,
                              clsnn_excerpt(text, shown), row->choices);
        set |= 1 << k;
        at += n;
        if (!*at) break;
    }
    *out = set;
    return CLSNN_OK;
}

/* Writes the names of a set of choices, with commas between them. */
static void choices_text(const char *choices, int32_t set, char *out, size_t n_out) {
    size_t n = 0;
    *out = '\0';
    for (int k = 0; set >> k && n < n_out; k++) {
        char name[32];
        if (!(set >> k & 1)) continue;
        clsnn_choice_name(choices, k, name, sizeof name);
        n += (size_t)snprintf(out + n, n_out - n, "%s%s", n ? "," : "", name);
    }
}

static enum clsnn_status parse_switch(const struct clsnn_option_row *row, const char *text, const char *label,
                                      bool *out) {
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (strcmp(text, words[k]) != 0) continue;
        *out = k % 2 == 1;
        return CLSNN_OK;
    }
    if (row->choices && strcmp(text, row->choices) == 0) { /* another word for yes */
        *out = true;
        return CLSNN_OK;
    }
    char shown[CLSNN_EXCERPT];
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE, "%s is empty: must be yes or no (true, false, on, off, 1, 0)",
                          label);
    return clsnn_fail(CLSNN_E_USAGE, "%s = %s: must be yes or no (true, false, on, off, 1, 0)", label,
                      clsnn_excerpt(text, shown));
}

static enum clsnn_status store_text(char **field, const char *text, const char *label) {
    if (*text == '\0')
        return clsnn_fail(CLSNN_E_USAGE, "%s is empty: give it a value, or leave it out", label);
    for (const char *c = text; *c; c++) {
        /* Control characters would break one-line messages, readers of run.json, and ini files. */
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            char shown[CLSNN_EXCERPT];
            return clsnn_fail(CLSNN_E_USAGE, "%s = %s: control characters are not allowed", label,
                              clsnn_excerpt(text, shown));
        }
    }
    char *copy = strdup(text);
    if (!copy) return clsnn_no_memory(label);
    free(*field);
    *field = copy;
    return CLSNN_OK;
}

static enum clsnn_status parse_images(const struct clsnn_option_row *row, const char *text, const char *label,
                                      struct clsnn_image_range *out) {
    enum clsnn_status st = CLSNN_OK;
    const char *dots = strstr(text, ".."), *unit = row->unit ? row->unit : "";
    char first[32] = "0", shown[CLSNN_EXCERPT];
    uint64_t a = 0, b = 0;
    if (dots) {
        snprintf(first, sizeof first, "%.*s", (int)(dots - text), text);
        TRY(clsnn_parse_whole(label, first, row->min, row->max, unit, &a));
    }
    TRY(clsnn_parse_whole(label, dots ? dots + 2 : text, row->min, row->max, unit, &b));
    if (dots && b <= a)
        return clsnn_fail(CLSNN_E_USAGE, "%s = %s: A in A..B must be below B, which is not in the range",
                          label, clsnn_excerpt(text, shown));
    *out = (struct clsnn_image_range){(int32_t)a, (int32_t)(b - a)};
    if (!dots && row->type == CLSNN_OPT_IMAGE) *out = (struct clsnn_image_range){(int32_t)b, 1};
fail:
    return st;
}

enum clsnn_status clsnn_option_store(struct clsnn_options *o, const struct clsnn_option_row *row,
                                     const char *text, const char *label) {
    enum clsnn_status st = CLSNN_OK;
    void *field = (char *)o + row->offset;
    const char *unit = row->unit ? row->unit : "";
    uint64_t whole = 0;
    int index = 0;
    switch (row->type) {
    case CLSNN_OPT_SWITCH: TRY(parse_switch(row, text, label, field)); break;
    case CLSNN_OPT_WHOLE:
    case CLSNN_OPT_POWER:
        TRY(clsnn_parse_whole(label, text, row->min, row->max, unit, &whole));
        if (row->type == CLSNN_OPT_POWER && (whole & (whole - 1)) != 0)
            return clsnn_fail(CLSNN_E_USAGE, "%s = %" PRIu64 ": must be 0 or a power of two up to %" PRIu64,
                              label, whole, row->max);
        *(int32_t *)field = (int32_t)whole;
        break;
    case CLSNN_OPT_IMAGE:
    case CLSNN_OPT_IMAGES: TRY(parse_images(row, text, label, field)); break;
    case CLSNN_OPT_SEED: TRY(clsnn_parse_whole(label, text, row->min, row->max, unit, field)); break;
    case CLSNN_OPT_TEXT: TRY(store_text(field, text, label)); break;
    case CLSNN_OPT_CHOICE:
        TRY(parse_choice(row, text, label, &index));
        memcpy(field, &index, sizeof index);
        break;
    case CLSNN_OPT_CHOICES: TRY(parse_choices(row, text, label, field)); break;
    case CLSNN_OPT_DELAYS: TRY(clsnn_delays_set(field, text, label)); break;
    case CLSNN_OPT_PRESET:
        TRY(parse_choice(row, text, label, &index));
        TRY(store_text(field, text, label));
        struct clsnn_laws laws = o->model.laws; /* but for delays they are options of their own */
        /* options.c gives tuned its values, once the number of neurons is known */
        TRY(clsnn_model_preset(&o->model,
                               strcmp(text, CLSNN_PRESET_TUNED) == 0 ? clsnn_presets_table->name : text));
        laws.delay_min = o->model.laws.delay_min;
        laws.delay_max = o->model.laws.delay_max;
        o->model.laws = laws;
        break;
    case CLSNN_OPT_SET:
    case CLSNN_OPT_CONFIG:
    case CLSNN_OPT_ACTION: break;
    }
fail:
    return st;
}
_Static_assert(sizeof(int32_t) == sizeof(int), "a CLSNN_OPT_CHOICE field is copied as an int");

const char *clsnn_option_value(const struct clsnn_options *o, const struct clsnn_option_row *row,
                               char buf[32]) {
    const void *field = (const char *)o + row->offset;
    int index;
    switch (row->type) {
    case CLSNN_OPT_SWITCH: return *(const bool *)field ? "yes" : "no";
    case CLSNN_OPT_WHOLE:
    case CLSNN_OPT_POWER: snprintf(buf, 32, "%" PRId32, *(const int32_t *)field); return buf;
    case CLSNN_OPT_IMAGE:
    case CLSNN_OPT_IMAGES: {
        const struct clsnn_image_range *r = field;
        if (row->type == CLSNN_OPT_IMAGE && r->n == 1)
            snprintf(buf, 32, "%" PRId32, r->first);
        else if (r->first || row->type == CLSNN_OPT_IMAGE)
            snprintf(buf, 32, "%" PRId32 "..%" PRId32, r->first, r->first + r->n);
        else
            snprintf(buf, 32, "%" PRId32, r->n);
        return buf;
    }
    case CLSNN_OPT_SEED: snprintf(buf, 32, "%" PRIu64, *(const uint64_t *)field); return buf;
    case CLSNN_OPT_DELAYS: clsnn_delays_get(field, buf); return buf;
    case CLSNN_OPT_TEXT:
    case CLSNN_OPT_PRESET: return *(char *const *)field;
    case CLSNN_OPT_CHOICE:
        memcpy(&index, field, sizeof index);
        clsnn_choice_name(row->choices, index, buf, 32);
        return buf;
    case CLSNN_OPT_CHOICES:
        memcpy(&index, field, sizeof index);
        choices_text(row->choices, index, buf, 32);
        return buf;
    case CLSNN_OPT_SET:
    case CLSNN_OPT_CONFIG:
    case CLSNN_OPT_ACTION: break;
    }
    return NULL;
}

void clsnn_option_describe(const struct clsnn_option_row *row, char *out, size_t n_out) {
    char range[80] = "", def[120] = "";
    const char *gap = row->unit ? " " : "", *unit = row->unit ? row->unit : "";
    if (row->type == CLSNN_OPT_SEED) snprintf(range, sizeof range, "; 0 to 2^64 - 1");
    if (row->type == CLSNN_OPT_WHOLE || row->type == CLSNN_OPT_IMAGES)
        snprintf(range, sizeof range, "; %" PRIu64 " to %" PRIu64 "%s%s", row->min, row->max, gap, unit);
    if (row->type == CLSNN_OPT_POWER)
        snprintf(range, sizeof range, "; a power of two up to %" PRIu64 "%s%s", row->max, gap, unit);
    if (row->choices && row->type != CLSNN_OPT_PRESET) { /* the preset's help names them */
        int n = snprintf(range, sizeof range, ": ");
        for (const char *c = row->choices; *c && n < (int)sizeof range - 5; c++)
            n += snprintf(range + n, sizeof range - (size_t)n, *c == '|' ? ", " : "%c", *c);
    }
    char others[64] = "";
    for (int k = 0; k < 2; k++)
        for (size_t c = 0; c < clsnn_n_commands; c++) {
            const size_t n = strlen(others);
            if (clsnn_commands[c].command & row->others[k].commands)
                snprintf(others + n, sizeof others - n, "; %s for clsnn %s", row->others[k].def,
                         clsnn_commands[c].name);
        }
    bool told = row->type != CLSNN_OPT_SWITCH; /* every switch is off by default */
    if (told && row->def && row->def_note)     /* a value with a special meaning: 0 = all */
        snprintf(def, sizeof def, " (default %s = %s%s)", row->def, row->def_note, others);
    else if (told && row->def)
        snprintf(def, sizeof def, " (default %s%s)", row->def, others);
    else if (row->def_note)
        snprintf(def, sizeof def, " (default: %s)", row->def_note);
    snprintf(out, n_out, "%s%s%s", row->help, range, def);
}

void clsnn_options_finish(struct clsnn_options *o) {
    if (!o) return;
    for (size_t k = 0; k < clsnn_n_option_rows; k++) {
        const struct clsnn_option_row *row = &clsnn_option_rows[k];
        if (row->type == CLSNN_OPT_TEXT || row->type == CLSNN_OPT_PRESET)
            free(*(char **)((char *)o + row->offset));
    }
    for (size_t k = 0; k < o->n_operands; k++) free(o->operands[k]);
    free(o->operands);
    if (o->origins)
        for (int k = 0; k < CLSNN_N_ORIGINS; k++) free(o->origins->path[k]);
    free(o->origins);
    *o = (struct clsnn_options){0};
}
