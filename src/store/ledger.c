#include "store/ledger.h"

#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ledger {
    char *path;
    int fd;
    uint64_t end; /* behind the last record */
    int broken;   /* the code of a sync that failed */
};

static char *ledger_path(const char *run_dir)
{
    char *path;
    return asprintf(&path, "%s/ledger", run_dir) < 0 ? NULL : path;
}

/* The whole record at the offset and its length; 0: there is none. */
static int read_record(int fd, uint64_t at, char *line, struct ledger_record *record)
{
    ssize_t got = io_pread(fd, line, LEDGER_LINE_MAX, at);
    if (got < 0)
        return (int)got;
    const char *end = memchr(line, '\n', (size_t)got);
    int size = end ? (int)(end - line) + 1 : 0;
    return ledger_record_parse(line, (size_t)size, record) ? size : 0;
}

/* Returns how many records were taken; *end is behind the last one. */
static int walk(int fd, const char *path, int (*take)(void *opaque, const struct ledger_record *record),
                void *opaque, uint64_t *end, struct vid_error *err)
{
    char line[LEDGER_LINE_MAX];
    struct ledger_record record;
    int size;
    *end = 0;
    for (int count = 0;; count++) {
        size = read_record(fd, *end, line, &record);
        if (size == 0)
            return count;
        if (size < 0)
            return vid_fail(err, size, "ledger: reading %s: %s", path, strerror(-size));
        int ret = take ? take(opaque, &record) : 0;
        if (ret < 0)
            return ret;
        *end += (uint64_t)size;
    }
}

static int read_file(const char *path, int (*take)(void *opaque, const struct ledger_record *record),
                     void *opaque, struct vid_error *err)
{
    uint64_t end;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return vid_fail(err, -errno, "ledger: opening %s: %s", path, strerror(errno));
    int ret = walk(fd, path, take, opaque, &end, err);
    close(fd);
    return ret;
}

int ledger_read(const char *run_dir, int (*take)(void *opaque, const struct ledger_record *record),
                void *opaque, struct vid_error *err)
{
    char *path = ledger_path(run_dir);
    int ret = path ? read_file(path, take, opaque, err) : vid_fail(err, -ENOMEM, "ledger: no memory");
    free(path);
    return ret;
}

static int say(const struct ledger *ledger, const char *doing, int code, struct vid_error *err)
{
    return vid_fail(err, code, "ledger: %s %s: %s", doing, ledger->path, strerror(-code));
}

/* The name must last as well as the records. */
static int sync_folder(const struct ledger *ledger, const char *run_dir, struct vid_error *err)
{
    int fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return ret < 0 ? say(ledger, "syncing the folder of", ret, err) : 0;
}

static int cut_rest(const struct ledger *ledger, struct vid_error *err)
{
    struct stat st;
    if (fstat(ledger->fd, &st) < 0)
        return say(ledger, "fstat", -errno, err);
    if ((uint64_t)st.st_size <= ledger->end)
        return 0;
    log_verbose("ledger: %s: %" PRIu64 " bytes behind the last whole record do not count", ledger->path,
                (uint64_t)st.st_size - ledger->end);
    if (ftruncate(ledger->fd, (off_t)ledger->end) < 0)
        return say(ledger, "cutting a torn record off", -errno, err);
    return 0;
}

static int open_file(struct ledger *ledger, const char *run_dir, struct vid_error *err)
{
    ledger->path = ledger_path(run_dir);
    if (!ledger->path)
        return vid_fail(err, -ENOMEM, "ledger: no memory");
    ledger->fd = open(ledger->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (ledger->fd < 0)
        return say(ledger, "opening", -errno, err);
    int ret = walk(ledger->fd, ledger->path, NULL, NULL, &ledger->end, err);
    if (ret >= 0)
        ret = cut_rest(ledger, err);
    if (ret >= 0)
        ret = sync_folder(ledger, run_dir, err);
    return ret;
}

int ledger_open(const char *run_dir, struct ledger **out, struct vid_error *err)
{
    *out = NULL;
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger)
        return vid_fail(err, -ENOMEM, "ledger: no memory");
    ledger->fd = -1;
    int ret = open_file(ledger, run_dir, err);
    if (ret < 0)
        ledger_close(&ledger);
    *out = ledger;
    return ret;
}

static int write_line(struct ledger *ledger, const char *line, int size, struct vid_error *err)
{
    int ret = io_pwrite(ledger->fd, line, (size_t)size, ledger->end);
    if (ret < 0) {
        vid_fail(err, ret, "ledger: writing %d bytes to %s: %s", size, ledger->path, strerror(-ret));
        if (ftruncate(ledger->fd, (off_t)ledger->end) < 0) /* gives a full disk its space back */
            log_debug("ledger: cutting %s: %s", ledger->path, strerror(errno));
        return ret;
    }
    if (fsync(ledger->fd) < 0) {
        ledger->broken =
            -errno; /* the kernel may have dropped the pages and would report success next time */
        return say(ledger, "syncing", ledger->broken, err);
    }
    ledger->end += (uint64_t)size;
    return 0;
}

int ledger_append(struct ledger *ledger, const struct ledger_record *record, struct vid_error *err)
{
    char line[LEDGER_LINE_MAX + 1];
    if (ledger->broken)
        return say(ledger, "nothing is appended after a failed sync of", ledger->broken, err);
    int size = ledger_record_format(record, line);
    if (size == -EMSGSIZE)
        return vid_fail(err, size, "ledger: a record is longer than the %d bytes of a line of %s",
                        LEDGER_LINE_MAX, ledger->path);
    if (size < 0)
        return say(ledger, "making a record for", size, err);
    return write_line(ledger, line, size, err);
}

void ledger_close(struct ledger **pledger)
{
    struct ledger *ledger = *pledger;
    *pledger = NULL;
    if (!ledger)
        return;
    if (ledger->fd >= 0)
        close(ledger->fd);
    free(ledger->path);
    free(ledger);
}
