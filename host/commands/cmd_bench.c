/* clsnn bench: measures the throughput of training in plain C and on every OpenCL device. A row is a path, a
 * size and a number of networks. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "clsnn/abi.h"
#include "device/device.h"
#include "device/program.h"
#include "formats/curves.h"
#include "formats/json.h"
#include "plain/measure.h"
#include "commands/commands.h"
#include "clsnn/selftest.h"
#include "clsnn/dataset.h"
#include "base/file.h"
#include "commands/progress.h"
#include "commands/session.h"
#include "plain/plain.h"
#include "run/report.h"

enum { MAX_SIZES = 16, MAX_DEVICES = 16, MAX_ROWS = 1024, MAX_C_RUNS = 1024, NAME = 256 };

static const char *const default_sizes = "100,225,400,1600";

struct row {
    const char *path;                     /* "c" or "opencl" */
    const struct clsnn_device_info *info; /* borrowed; NULL in rows of plain C */
    const char *device;                   /* borrowed */
    int neurons, networks;
    struct clsnn_bench_rates rates;
    double memory_share; /* rates.bytes as a share of the measured bandwidth of a copy */
    double bare_share;   /* rates.network_steps as a share of clsnn_bench_bare's; 0 in rows of plain C */
    double ratio_to_c;   /* clsnn_bench_ratio to plain C; 1 in rows of plain C */
    double ratio_to_one; /* clsnn_bench_ratio to one network on the device; 1 in rows of plain C */
};

struct bench {
    const struct clsnn_options *o;
    struct clsnn_progress_line progress;
    struct clsnn_dataset data;
    struct clsnn_bench_plan plan;
    int sizes[MAX_SIZES], n_sizes;
    struct clsnn_device_info *list; /* [n_list] the chosen devices, owned */
    size_t n_list;
    struct clsnn_device *devices[MAX_DEVICES];     /* [n_devices] the measured devices, owned */
    bool lost[MAX_DEVICES];                        /* the device failed while others remained */
    struct clsnn_program *programs[MAX_DEVICES];   /* [n_devices], owned */
    struct clsnn_program *bare[MAX_DEVICES];       /* [n_devices], owned */
    double bandwidth[MAX_DEVICES], host_bandwidth; /* bytes a second that a copy reads and writes */
    size_t n_devices;
    char c_name[NAME];
    struct row rows[MAX_ROWS];
    size_t n_rows;
};

static enum clsnn_status parse_sizes(struct bench *b, const char *text) {
    uint64_t sizes[MAX_SIZES];
    size_t n = 0;
    const enum clsnn_status st =
        clsnn_parse_list("--sizes", text, 1, CLSNN_MAX_POST, "neurons", MAX_SIZES, sizes, &n);
    if (st != CLSNN_OK) return st;
    for (size_t k = 0; k < n; k++) b->sizes[k] = (int)sizes[k];
    b->n_sizes = (int)n;
    return CLSNN_OK;
}

static enum clsnn_status open_device(struct bench *b, const struct clsnn_device_info *info) {
    enum clsnn_status st = CLSNN_OK;
    const size_t d = b->n_devices;
    TRY(clsnn_session_device(b->o, info, &b->devices[d]));
    clsnn_progress_note(&b->progress, "compiling kernels for %s (%s, driver %s)", info->name,
                        info->platform_name, info->driver);
    TRY(clsnn_program_create_for(b->devices[d], CLSNN_PROGRAM_RUN, b->o->work_group,
                                 clsnn_dataset_pixels(&b->data), &b->programs[d]));
    TRY(clsnn_program_create(b->devices[d], CLSNN_PROGRAM_BARE, b->o->work_group, &b->bare[d]));
    TRY(clsnn_bench_bandwidth(b->devices[d], &b->bandwidth[d]));
    b->n_devices++;
    return st;
fail:
    clsnn_program_destroy(b->bare[d]);
    clsnn_program_destroy(b->programs[d]);
    clsnn_device_close(b->devices[d]);
    return st;
}

/* Opens the devices of --device, by default all. One that fails is left out, if others remain. */
static enum clsnn_status open_devices(struct bench *b) {
    static char all[] = "all";
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_options with_device = *b->o; /* borrows everything */
    if (!b->o->device) with_device.device = all;
    TRY(clsnn_session_choose(&b->progress, &with_device, 1, 1, &b->list, &b->n_list));
    for (size_t d = 0; d < b->n_list && b->n_devices < MAX_DEVICES; d++) {
        st = open_device(b, &b->list[d]);
        if (st == CLSNN_OK) continue;
        if (b->n_devices == 0 && d + 1 == b->n_list) goto fail;
        clsnn_session_leave_out(&b->progress, &b->list[d]);
    }
    st = CLSNN_OK;
fail:
    return st;
}

static enum clsnn_status start(struct bench *b) {
    enum clsnn_status st = CLSNN_OK;
    const struct clsnn_options *o = b->o;
    struct clsnn_plain *c = NULL;
    clsnn_progress_note(&b->progress, "clsnn %s: loading data (%s) and looking for OpenCL devices",
                        CLSNN_VERSION, o->data);
    TRY(parse_sizes(b, o->sizes ? o->sizes : o->quick ? "100" : default_sizes));
    if (o->out_dir)
        TRY(clsnn_report_check_dir(o, o->out_dir)); /* tell() makes the folder, once it has results */
    TRY(clsnn_dataset_load(o->data, &b->data));
    TRY(open_devices(b));
    TRY(clsnn_bench_host_bandwidth(&b->host_bandwidth));
    TRY(clsnn_plain_create(&o->model, o->seed, 1, 1, &c));
    snprintf(b->c_name, sizeof b->c_name, "one thread, %s", c->variant);
    clsnn_plain_destroy(c);
    b->plan = (struct clsnn_bench_plan){.model = &o->model,
                                        .seed = o->seed,
                                        .pixels = b->data.train.pixels,
                                        .n_pre = clsnn_dataset_pixels(&b->data),
                                        .n_images = b->data.train.n_images,
                                        .check_images = o->quick ? 10 : 30,
                                        .warm_images = o->quick ? 40 : 500,
                                        .n_runs = o->quick ? 3 : 9,
                                        .run_seconds = o->quick ? 0.05 : 0.4};
fail:
    return st;
}

static bool is_cpu(const struct clsnn_device *dev) {
    return (dev->info.type & CL_DEVICE_TYPE_CPU) != 0;
}

static void note_row(struct bench *b, const struct row *row) {
    clsnn_progress_note(&b->progress, "%s, %d neurons, %d network%s on %s: %.0f images/s, checked", row->path,
                        row->neurons, row->networks, row->networks == 1 ? "" : "s", row->device,
                        row->rates.images);
}

/* Takes a failed measurement on device d as the device's end, with a warning, if other devices remain. Wrong
 * bits stay an error. */
static enum clsnn_status give_up(struct bench *b, size_t d, enum clsnn_status st) {
    size_t n_left = 0;
    for (size_t k = 0; k < b->n_devices; k++) n_left += k != d && !b->lost[k];
    if (st == CLSNN_OK || n_left == 0 ||
        !(st == CLSNN_E_DEVICE || st == CLSNN_E_DEVICE_MEMORY || st == CLSNN_E_BUILD))
        return st;
    b->lost[d] = true;
    clsnn_session_leave_out(&b->progress, &b->devices[d]->info);
    return CLSNN_OK;
}

/* Compiles what several work-groups a network need at this size, and tests it. Untested it is not used. */
static enum clsnn_status get_shares_ready(struct bench *b, size_t d, int neurons) {
    enum clsnn_status st = CLSNN_OK;
    clsnn_program_split(b->programs[d], b->o->split);
    TRY(clsnn_program_share(b->programs[d], 1, (uint32_t)neurons, &b->o->model.laws));
    if (clsnn_device_shares(b->devices[d], 1, (uint32_t)neurons) > 1 || b->o->split > 1)
        TRY(clsnn_selftest(b->devices[d], b->programs[d]));
fail:
    return st;
}

/* Measures 1, 2, 4, ... networks of one size on one device, a row each. Appends plain C's runs, which take
 * turns with the device's, to c_runs. */
static enum clsnn_status measure_device(struct bench *b, size_t d, int neurons,
                                        struct clsnn_bench_sample *c_runs, int *n_c_runs) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device *dev = b->devices[d];
    const bool chosen = b->o->networks != 0, doubles = !chosen && !is_cpu(dev) && !b->o->quick;
    const int most = chosen ? b->o->networks : doubles ? 1 << 16 : b->o->quick ? 2 : 4;
    double before = 0;
    TRY(get_shares_ready(b, d, neurons));
    for (int n = 1; n <= most && b->n_rows < MAX_ROWS; n *= 2) {
        struct clsnn_bench_runs runs;
        if (n > 1 && !clsnn_bench_fits(dev, &b->plan, neurons, n)) {
            clsnn_progress_note(&b->progress, "%d networks of %d neurons do not fit the memory of %s", n,
                                neurons, dev->info.name);
            break;
        }
        TRY(clsnn_bench_measure(&b->plan, dev, b->programs[d], neurons, n, &runs));
        /* The cost of an image changes as networks learn, so every row of a size shows the same images. */
        b->plan.run_images = (uint32_t)runs.c[0].images;
        struct row *row = &b->rows[b->n_rows++];
        *row = (struct row){.path = "opencl",
                            .info = &dev->info,
                            .device = dev->info.name,
                            .neurons = neurons,
                            .networks = n};
        TRY(clsnn_bench_summarise(&b->plan, runs.batch, b->plan.n_runs, neurons, &row->rates));
        row->memory_share = row->rates.bytes / b->bandwidth[d];
        double bare;
        TRY(clsnn_bench_bare(&b->plan, dev, b->bare[d], b->programs[d], neurons, n, &bare));
        row->bare_share = row->rates.network_steps / bare;
        row->ratio_to_c = clsnn_bench_ratio(runs.batch, runs.c, b->plan.n_runs);
        row->ratio_to_one = clsnn_bench_ratio(runs.batch, runs.one, b->plan.n_runs);
        for (int r = 0; r < b->plan.n_runs && *n_c_runs < MAX_C_RUNS; r++) c_runs[(*n_c_runs)++] = runs.c[r];
        note_row(b, row);
        if (doubles && row->rates.images < 1.05 * before) break;
        before = row->rates.images;
    }
fail:
    return st;
}

static enum clsnn_status measure_size(struct bench *b, int neurons) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_bench_sample *c_runs = malloc(MAX_C_RUNS * sizeof *c_runs);
    int n_c_runs = 0;
    b->plan.run_images = 0;
    if (!c_runs || b->n_rows == MAX_ROWS) {
        st = clsnn_fail(CLSNN_E_MEMORY, "bench: no memory for %d runs", MAX_C_RUNS);
        goto fail;
    }
    struct row *row = &b->rows[b->n_rows++]; /* the row of plain C stands before the devices' rows */
    *row = (struct row){.path = "c",
                        .device = b->c_name,
                        .neurons = neurons,
                        .networks = 1,
                        .ratio_to_c = 1,
                        .ratio_to_one = 1};
    for (size_t d = 0; d < b->n_devices; d++)
        if (!b->lost[d]) TRY(give_up(b, d, measure_device(b, d, neurons, c_runs, &n_c_runs)));
    TRY(clsnn_bench_summarise(&b->plan, c_runs, n_c_runs, neurons, &row->rates));
    row->memory_share = row->rates.bytes / b->host_bandwidth;
    note_row(b, row);
fail:
    free(c_runs);
    return st;
}

/* Prints for each GPU and size how many networks it takes to overtake one thread of plain C. */
static void print_crossings(const struct bench *b, FILE *out) {
    for (size_t d = 0; d < b->n_devices; d++) {
        if (is_cpu(b->devices[d])) continue;
        for (int s = 0; s < b->n_sizes; s++) {
            int from = 0;
            for (size_t r = 0; r < b->n_rows && !from; r++) {
                const struct row *row = &b->rows[r];
                if (row->info == &b->devices[d]->info && row->neurons == b->sizes[s] && row->ratio_to_c > 1)
                    from = row->networks;
            }
            if (from)
                fprintf(out, "%s overtakes one CPU core from %d network%s of %d neurons on\n",
                        b->devices[d]->info.name, from, from == 1 ? "" : "s", b->sizes[s]);
            else
                fprintf(out, "%s does not overtake one CPU core at %d neurons\n", b->devices[d]->info.name,
                        b->sizes[s]);
        }
    }
}

static void print_table(const struct bench *b, FILE *out) {
    fprintf(out, "training on %s, everything counted (encoding, normalisation, retries, rest, transfers)\n",
            b->data.name);
    fprintf(out, "c        %s; copies %.1f GB/s\n", b->c_name, 1e-9 * b->host_bandwidth);
    for (size_t d = 0; d < b->n_devices; d++) {
        const struct clsnn_device_info *i = &b->devices[d]->info;
        fprintf(out, "opencl   %d:%d %s, %s, driver %s, work-groups of %d; copies %.1f GB/s\n",
                i->platform_index, i->device_index, i->name, i->version, i->driver,
                clsnn_program_work_group(b->programs[d]), 1e-9 * b->bandwidth[d]);
    }
    fprintf(out,
            "every row: bits compared with plain C after %u images and at the end; warmed up on %u images; "
            "median and spread of %d runs (path c: of all its runs)\n\n",
            b->plan.check_images, b->plan.warm_images, b->plan.n_runs);
    fprintf(out, "%-8s%-6s%8s%9s%11s%8s%8s%8s%14s%14s%11s%8s%7s\n", "path", "dev", "neurons", "networks",
            "images/s", "spread", "to c", "to one", "steps/s", "events/s", "real time", "memory", "bare");
    for (size_t r = 0; r < b->n_rows; r++) {
        const struct row *row = &b->rows[r];
        char device[32] = "";
        if (row->info)
            snprintf(device, sizeof device, "%d:%d", row->info->platform_index, row->info->device_index);
        fprintf(out, "%-8s%-6s%8d%9d%11.1f%7.0f%%%8.2f%8.2f%14.4g%14.4g%10.0fx%7.1f%%", row->path, device,
                row->neurons, row->networks, row->rates.images, 100 * row->rates.spread, row->ratio_to_c,
                row->ratio_to_one, row->rates.network_steps, row->rates.synaptic_events,
                row->rates.realtime_factor, 100 * row->memory_share);
        if (row->info)
            fprintf(out, "%6.1f%%\n", 100 * row->bare_share);
        else
            fprintf(out, "%7s\n", "-");
    }
    fputs("\nto c: speed over that of one thread of plain C; to one: over that of one network on the device; "
          "both are medians of neighbouring runs. memory: weight bytes moved over bytes that a copy moves "
          "(above 100 %: caches). bare: steps a second over those of the same neurons without input, "
          "spikes and learning\n",
          out);
    print_crossings(b, out);
}

/* Returns text as a JSON string. A device's name need not be UTF-8, but JSON must be. */
static json_t *text_json(const char *text) {
    json_t *value = json_string(text);
    return value ? value : json_string("(a name that is not UTF-8)");
}

static enum clsnn_status render_json(const struct bench *b, char **out) {
    json_t *all = json_array();
    for (size_t r = 0; all && r < b->n_rows; r++) {
        const struct row *row = &b->rows[r];
        json_t *item = json_pack(
            "{s:s, s:o, s:s, s:s, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:f, s:f, s:b}", "path",
            row->path, "device", text_json(row->device), "version", row->info ? row->info->version : "",
            "driver", row->info ? row->info->driver : "", "neurons", row->neurons, "networks", row->networks,
            "images_per_second", row->rates.images, "network_steps_per_second", row->rates.network_steps,
            "synaptic_events_per_second", row->rates.synaptic_events, "realtime_factor",
            row->rates.realtime_factor, "seconds", row->rates.seconds, "spread", row->rates.spread,
            "memory_bandwidth_share", row->memory_share, "bare_share",
            row->info ? json_real(row->bare_share) : json_null(), "ratio_to_c", row->ratio_to_c,
            "ratio_to_one", row->ratio_to_one, "checked", 1);
        if (!item || json_array_append_new(all, item) != 0) {
            json_decref(all);
            return clsnn_no_memory("bench: rows");
        }
    }
    *out = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
    json_decref(all);
    return *out ? CLSNN_OK : clsnn_no_memory("bench: rows");
}

static enum clsnn_status render_csv(const struct bench *b, char **out) {
    size_t n_bytes = 0;
    FILE *text = open_memstream(out, &n_bytes);
    if (!text) return clsnn_no_memory("bench: rows");
    fputs("path,device,neurons,networks,images_per_second,network_steps_per_second,synaptic_events_per_"
          "second,realtime_factor,seconds,spread,"
          "memory_bandwidth_share,bare_share,ratio_to_c,ratio_to_one,checked\n",
          text);
    for (size_t r = 0; r < b->n_rows; r++) {
        const struct row *row = &b->rows[r];
        fprintf(text, "%s,\"", row->path);
        for (const char *c = row->device; *c; c++) fputs(*c == '"' ? "\"\"" : (char[2]){*c, '\0'}, text);
        fprintf(text, "\",%d,%d,%.6g,%.6g,%.6g,%.6g,%.6g,%.4g,%.4g,", row->neurons, row->networks,
                row->rates.images, row->rates.network_steps, row->rates.synaptic_events,
                row->rates.realtime_factor, row->rates.seconds, row->rates.spread, row->memory_share);
        if (row->info) fprintf(text, "%.4g", row->bare_share);
        fprintf(text, ",%.4g,%.4g,true\n", row->ratio_to_c, row->ratio_to_one);
    }
    if (clsnn_text_end(text, out)) return CLSNN_OK;
    free(*out);
    *out = NULL;
    return clsnn_no_memory("bench: rows");
}

/* Writes what the picture calls a device: "OpenCL", or "0:1" if there are several. */
static void short_name(const struct bench *b, const struct clsnn_device_info *i, char out[32]) {
    if (b->n_devices == 1)
        snprintf(out, 32, "OpenCL");
    else
        snprintf(out, 32, "%d:%d", i->platform_index, i->device_index);
}

/* Draws images/s against networks: a curve for each size and device. Sizes have colours, devices have
 * markers. Plain C's one thread is a dashed level. */
static enum clsnn_status plot(const struct bench *b) {
    enum { MAX_CURVES = MAX_SIZES * (MAX_DEVICES + 1) };
    enum clsnn_status st = CLSNN_E_MEMORY;
    struct clsnn_series *series = calloc(MAX_CURVES, sizeof *series), *last = series;
    struct clsnn_look *looks = calloc(MAX_CURVES, sizeof *looks);
    char(*names)[NAME] = calloc(MAX_CURVES, sizeof *names),
    *path = clsnn_file_join(b->o->out_dir, "bench.png");
    char note[MAX_DEVICES * (NAME + 48)] = "", device[32];
    double *x = malloc(MAX_ROWS * sizeof *x), *y = malloc(MAX_ROWS * sizeof *y);
    size_t n_series = 0, n_note = 0;
    if (!series || !looks || !names || !path || !x || !y) {
        st = clsnn_no_memory("bench: plot");
        goto fail;
    }
    for (size_t d = 0; d < b->n_devices && n_note < sizeof note; d++) {
        short_name(b, &b->devices[d]->info, device);
        n_note += (size_t)snprintf(note + n_note, sizeof note - n_note, "%s%s: %s", d ? ", " : "", device,
                                   b->devices[d]->info.name);
    }
    for (size_t r = 0; r < b->n_rows; r++) {
        const struct row *row = &b->rows[r];
        x[r] = row->networks;
        y[r] = row->rates.images;
        if (r == 0 || row->info != b->rows[r - 1].info || row->neurons != b->rows[r - 1].neurons) {
            struct clsnn_look *look = &looks[n_series];
            while (b->sizes[look->colour] != row->neurons) look->colour++;
            while (row->info && &b->devices[look->marker]->info != row->info) look->marker++;
            look->level = look->dashed = !row->info;
            if (row->info) short_name(b, row->info, device);
            snprintf(names[n_series], NAME, "N = %d, %s", row->neurons, row->info ? device : "plain C");
            last = &series[n_series];
            *last = (struct clsnn_series){.name = names[n_series++], .x = x + r, .y = y + r};
        }
        last->n++;
    }
    const struct clsnn_chart chart = {.title = "Training throughput; dashed: one thread, one network",
                                      .note = note,
                                      .x_label = "networks at once",
                                      .y_label = "images/s, all networks together",
                                      .looks = looks,
                                      .from_zero = true};
    st = clsnn_curves_draw(path, &chart, series, n_series);
fail:
    free(series);
    free(looks);
    free(names);
    free(path);
    free(x);
    free(y);
    return st;
}

static enum clsnn_status tell(const struct bench *b) {
    enum clsnn_status st = CLSNN_OK;
    char *json = NULL, *csv = NULL;
    TRY(render_json(b, &json));
    TRY(render_csv(b, &csv));
    if (b->o->json)
        fprintf(b->o->out, "%s\n", json);
    else
        print_table(b, b->o->out);
    if (b->o->out_dir) {
        TRY(clsnn_file_make_dir(b->o->out_dir));
        TRY(clsnn_file_write_in(b->o->out_dir, "bench.json", json, strlen(json), CLSNN_FILE_SAFE));
        TRY(clsnn_file_write_in(b->o->out_dir, "bench.csv", csv, strlen(csv), CLSNN_FILE_SAFE));
        TRY(plot(b));
    }
fail:
    free(json);
    free(csv);
    return st;
}

enum clsnn_status clsnn_cmd_bench(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return clsnn_no_memory("bench");
    b->o = o;
    clsnn_progress_start(&b->progress, stderr, o->quiet);
    clsnn_session_warn_ignored(&b->progress, o);
    TRY(start(b));
    for (int s = 0; s < b->n_sizes; s++) TRY(measure_size(b, b->sizes[s]));
    TRY(tell(b));
fail:
    clsnn_progress_end(&b->progress);
    for (size_t d = 0; d < b->n_devices; d++) {
        clsnn_program_destroy(b->programs[d]);
        clsnn_program_destroy(b->bare[d]);
        clsnn_device_close(b->devices[d]);
    }
    clsnn_dataset_finish(&b->data);
    free(b->list);
    free(b);
    return st;
}
