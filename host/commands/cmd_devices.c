/* clsnn devices: lists the OpenCL devices, each with the string to pass to --device. */
#include <stdlib.h>

#include "base/fail.h"
#include "commands/commands.h"
#include "device/device.h"
#include "formats/json.h"

static const char *type_name(cl_device_type type) {
    if (type & CL_DEVICE_TYPE_GPU) return "gpu";
    if (type & CL_DEVICE_TYPE_CPU) return "cpu";
    if (type & CL_DEVICE_TYPE_ACCELERATOR) return "accelerator";
    return "other";
}

static double gib(cl_ulong bytes) {
    return (double)bytes / (1 << 30);
}

/* The devices that --device names; without it the default for one network and that for many. */
struct defaults {
    bool *one, *many; /* [n], owned */
};

/* Returns what a line says of a device that may be a default. */
static const char *default_text(const struct defaults *f, size_t d) {
    if (f->one[d] && f->many[d]) return "  (the default)";
    return f->one[d]    ? "  (the default for one network)"
           : f->many[d] ? "  (the default for many networks)"
                        : "";
}

static void print_table(const struct clsnn_device_info *list, size_t n, const struct defaults *f, FILE *out) {
    for (size_t d = 0; d < n; d++) {
        const struct clsnn_device_info *i = &list[d];
        if (i->device_index == 0) fprintf(out, "Platform #%d: %s\n", i->platform_index, i->platform_name);
        const bool last = d + 1 == n || list[d + 1].platform_index != i->platform_index;
        fprintf(out, " %s-- Device #%d: %s%s\n", last ? "`" : "+", i->device_index, i->name,
                default_text(f, d));
        fprintf(out, "       --device           %d:%d\n", i->platform_index, i->device_index);
        fprintf(out, "       type               %s, %u compute units, work-groups up to %zu\n",
                type_name(i->type), i->compute_units, i->max_work_group);
        fprintf(out, "       memory             %.1f GiB, %.1f GiB in one buffer, %llu KiB local\n",
                gib(i->global_bytes), gib(i->max_alloc_bytes), (unsigned long long)(i->local_bytes / 1024));
        fprintf(out, "       version            %s, driver %s\n", i->version, i->driver);
        if (!i->available)
            fputs("       NOT AVAILABLE: the driver says that the device is busy or has no compiler\n", out);
    }
}

static enum clsnn_status print_json(const struct clsnn_device_info *list, size_t n, const struct defaults *f,
                                    FILE *out) {
    json_t *all = json_array();
    for (size_t d = 0; all && d < n; d++) {
        const struct clsnn_device_info *i = &list[d];
        char spec[32];
        snprintf(spec, sizeof spec, "%d:%d", i->platform_index, i->device_index);
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}", "device",
                      spec, "name", i->name, "type", type_name(i->type), "platform", i->platform_name,
                      "vendor", i->vendor, "version", i->version, "driver", i->driver, "compute_units",
                      (json_int_t)i->compute_units, "global_memory_bytes", (json_int_t)i->global_bytes,
                      "max_buffer_bytes", (json_int_t)i->max_alloc_bytes, "local_memory_bytes",
                      (json_int_t)i->local_bytes, "max_work_group", (json_int_t)i->max_work_group,
                      "available", i->available, "default", f->one[d], "default_for_many", f->many[d]);
        if (!row || json_array_append_new(all, row) != 0) {
            json_decref(all);
            return clsnn_no_memory("devices: list (or a name that is not UTF-8)");
        }
    }
    const bool ok = all && json_dumpf(all, out, JSON_INDENT(2)) == 0;
    fputc('\n', out);
    json_decref(all);
    return ok ? CLSNN_OK : clsnn_fail(CLSNN_E_IO, "devices: the list cannot be printed");
}

/* Marks the defaults. Errors: CLSNN_E_NO_DEVICE no device is available or named; CLSNN_E_MEMORY. */
static enum clsnn_status find_defaults(const struct clsnn_options *o, const struct clsnn_device_info *list,
                                       size_t n, struct defaults *f) {
    enum clsnn_status st = CLSNN_OK;
    size_t *picked = calloc(n, sizeof *picked), n_picked = 0;
    f->one = calloc(n, sizeof *f->one);
    f->many = calloc(n, sizeof *f->many);
    if (!picked || !f->one || !f->many) {
        st = clsnn_no_memory("devices");
        goto fail;
    }
    if (o->device) {
        TRY(clsnn_devices_pick(list, n, o->device, picked, &n_picked));
        for (size_t k = 0; k < n_picked; k++) f->one[picked[k]] = f->many[picked[k]] = true;
    } else {
        TRY(clsnn_device_pick(list, n, NULL, picked));
        f->one[clsnn_device_default(list, n, 1, 1)] = true;
        f->many[clsnn_device_default(list, n, UINT64_MAX, 1)] = true;
    }
fail:
    free(picked);
    return st;
}

enum clsnn_status clsnn_cmd_devices(const struct clsnn_options *o) {
    enum clsnn_status st = CLSNN_OK;
    struct clsnn_device_info *list = NULL;
    struct defaults f = {0};
    size_t n = 0;
    TRY(clsnn_devices_list(&list, &n));
    TRY(find_defaults(o, list, n, &f));
    if (o->json)
        TRY(print_json(list, n, &f, o->out));
    else
        print_table(list, n, &f, o->out);
fail:
    free(f.one);
    free(f.many);
    free(list);
    return st;
}
