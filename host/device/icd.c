/* Reads the .icd files that the OpenCL loader reads: $OCL_ICD_VENDORS, or /etc/OpenCL/vendors. */
#include "device/icd.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void look(const char *dir, const char *name, char *out, size_t room) {
    char path[512], library[512] = "";
    snprintf(path, sizeof path, "%.255s/%.255s", dir, name);
    FILE *file = fopen(path, "r");
    if (!file) return;
    if (!fgets(library, sizeof library, file)) library[0] = '\0';
    fclose(file);
    library[strcspn(library, "\r\n")] = '\0';
    void *handle = *library ? dlopen(library, RTLD_LAZY | RTLD_LOCAL) : NULL;
    const char *why = *library && !handle ? dlerror() : NULL;
    const size_t n = strlen(out);
    if (!*library)
        snprintf(out + n, room - n, "; %s names no library", path);
    else if (!handle)
        snprintf(out + n, room - n, "; %s names %s, which does not load: %s", path, library,
                 why ? why : "unknown reason");
    if (handle) dlclose(handle);
}

void clsnn_icd_problems(char *out, size_t room) {
    const char *asked = getenv("OCL_ICD_VENDORS"), *dir = asked && *asked ? asked : "/etc/OpenCL/vendors";
    out[0] = '\0';
    DIR *open = opendir(dir);
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        const size_t n = strlen(entry->d_name);
        if (n > 4 && strcmp(entry->d_name + n - 4, ".icd") == 0) look(dir, entry->d_name, out, room);
    }
    if (open) closedir(open);
}
