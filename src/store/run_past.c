#include "store/run_past.h"

#include "store/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
}

/* The last start counts, the first says since when. */
static int take_start(void *opaque, const struct ledger_record *record)
{
    struct run_past *past = opaque;
    if (record->type != LEDGER_START)
        return 0;
    if (!past->format)
        past->since = record->start.time;
    past->format = record->start.format;
    copy(past->key, sizeof past->key, record->start.key);
    copy(past->host, sizeof past->host, record->start.host);
    copy(past->program, sizeof past->program, record->start.program);
    return 0;
}

/* 1, 0 or negative errno. */
static int has_manifest(const char *folder, struct vid_error *err)
{
    struct stat st;
    char *path;
    if (asprintf(&path, "%s/manifest.json", folder) < 0)
        return vid_fail(err, -ENOMEM, "run directory: no memory");
    int ret = lstat(path, &st) == 0;
    if (!ret && errno != ENOENT)
        ret = vid_fail(err, -errno, "run directory: looking at %s: %s", path, strerror(errno));
    free(path);
    return ret;
}

int run_past_read(const char *folder, struct run_past *past, struct vid_error *err)
{
    *past = (struct run_past){0};
    int ret = ledger_read(folder, take_start, past, err);
    int finished = ret > 0 ? has_manifest(folder, err) : ret;
    if (finished < 0)
        return finished;
    past->unfinished = !finished && *past->key;
    return 0;
}

bool run_past_fits(const struct run_past *past, const char *key)
{
    return key && past->format == LEDGER_FORMAT && strcmp(past->key, key) == 0;
}

int run_past_refuse(const char *folder, const struct run_past *past, struct vid_error *err)
{
    char since[LEDGER_TIME_BYTES], of[100] = "another command";
    ledger_time_format(past->since, since);
    if (past->format != LEDGER_FORMAT)
        snprintf(of, sizeof of, "another version, %s", past->program);
    return vid_fail(
        err, -EEXIST,
        "run directory %s holds an unfinished job of %s, begun %s, last on %s; run that one again to "
        "finish it, or give -restart to throw its work away, or another folder with -run-dir",
        folder, of, since, past->host);
}
