#include "store/result_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *join(const char *folder, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

char *result_path_folder(const char *run_dir, unsigned rank)
{
    char name[32];
    snprintf(name, sizeof name, "results/r%04u", rank);
    return join(run_dir, name);
}

char *result_path_index(const char *folder)
{
    return join(folder, "index");
}

char *result_path_segment(const char *folder, uint32_t segment)
{
    char name[32];
    snprintf(name, sizeof name, "seg-%06" PRIu32, segment);
    return join(folder, name);
}

bool result_path_is_segment(const char *name, uint32_t *segment)
{
    if (strncmp(name, "seg-", 4) != 0)
        return false;
    const char *digits = name + 4;
    size_t count = strspn(digits, "0123456789");
    if (count < 6 || count > 10 || digits[count] != '\0')
        return false;
    unsigned long long number = strtoull(digits, NULL, 10);
    *segment = (uint32_t)number;
    return number > 0 && number <= UINT32_MAX;
}
