/* standin: programs that stand in for vidmpi-worker, in a folder of their own
 * that VIDMPI_LIBEXEC names. */
#ifndef VID_TESTS_VIDMPI_STANDIN_H
#define VID_TESTS_VIDMPI_STANDIN_H

#include "base/clock.h"
#include "base/io.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE (30 * NS_PER_S)

static char standin_folder[] = "/tmp/vidmpi-standin-XXXXXX";

/* The worker of the next start is this shell script. */
static inline void standin_script(const char *script)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/vidmpi-worker", standin_folder);
    unlink(path);
    file = fopen(path, "we");
    if (!file)
        abort();
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    chmod(path, 0755);
}

static inline int standin_set_up(void **state)
{
    return mkdtemp(standin_folder) ? setenv("VIDMPI_LIBEXEC", standin_folder, 1) : -1;
}

static inline int standin_tear_down(void **state)
{
    return io_remove_tree(standin_folder, NULL);
}

/* This program's stderr goes into a file until standin_stderr_back gives it as a string that the caller
 * frees. */
static inline int standin_stderr_away(void)
{
    char path[PATH_MAX];
    int kept = dup(STDERR_FILENO);

    snprintf(path, sizeof(path), "%s/stderr", standin_folder);
    if (kept < 0 || !freopen(path, "we", stderr))
        abort();
    return kept;
}

static inline char *standin_stderr_back(int kept, size_t *size)
{
    char path[PATH_MAX], *text = NULL;

    snprintf(path, sizeof(path), "%s/stderr", standin_folder);
    fflush(stderr);
    if (io_read_file(path, 64 << 20, &text, size, NULL) < 0 || dup2(kept, STDERR_FILENO) < 0)
        abort();
    close(kept);
    return text;
}

#endif
