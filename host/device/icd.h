/* Looks for the reason why an OpenCL driver that is installed does not show up. */
#ifndef CLSNN_ICD_H
#define CLSNN_ICD_H

#include <stddef.h>

/* Writes to out each .icd file whose library does not load, with the loader's reason: "; FILE names LIBRARY,
 * which does not load: REASON"; "" if all load. The loader itself skips such files in silence. */
void clsnn_icd_problems(char *out, size_t room);

#endif
