#include "vidmpi/frame_stats.h"

#include "base/io.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES (1 << 16)

struct frame_stats {
    char log_path[PATH_MAX], file[PATH_MAX], part[PATH_MAX];
    int part_fd;
    bool published;
    uint64_t next; /* number of the next picture; the encoder's thread */

    pthread_mutex_t lock;
    FILE *log; /* protected by lock */
};

static int say(struct vid_error *err, const char *path)
{
    int code = -errno;

    return vid_fail(err, code, "-frame-stats: %s: %s", path, strerror(-code));
}

/* Whether the line is whole and of this picture. */
static bool is_line_of(const char *line, size_t length, uint64_t number)
{
    char head[40];
    int size = snprintf(head, sizeof(head), "{\"frame\": %" PRIu64 ",", number);

    return !strncmp(line, head, (size_t)size) && line[length - 1] == '\n';
}

/* Where the line of picture `sealed` begins, or would. */
static int find_end(struct frame_stats *stats, uint64_t sealed, off_t *end, struct vid_error *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    uint64_t number = 0;

    *end = 0;
    rewind(stats->log);
    while (number < sealed && (length = getline(&line, &room, stats->log)) > 0 &&
           is_line_of(line, (size_t)length, number)) {
        *end += length;
        number++;
    }
    free(line);
    if (number == sealed)
        return 0;
    return vid_fail(err, -EBADMSG,
                    "%s lacks the line of picture %" PRIu64
                    ", which an earlier start has encoded; -restart begins anew",
                    stats->log_path, number);
}

static int open_log(struct frame_stats *stats, uint64_t sealed, struct vid_error *err)
{
    int fd = open(stats->log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666), rc;
    off_t end;

    if (fd < 0)
        return say(err, stats->log_path);
    stats->log = fdopen(fd, "a+");
    if (!stats->log) {
        close(fd);
        return vid_fail(err, -ENOMEM, "no memory for %s", stats->log_path);
    }
    if ((rc = find_end(stats, sealed, &end, err)) < 0)
        return rc;
    return ftruncate(fd, end) < 0 || fseeko(stats->log, end, SEEK_SET) < 0 ? say(err, stats->log_path) : 0;
}

/* At once, so that a folder that cannot be written is told before any work. */
static int open_part(struct frame_stats *stats, struct vid_error *err)
{
    struct stat st;

    if (stat(stats->file, &st) == 0 && !S_ISREG(st.st_mode))
        return vid_fail(err, -EINVAL, "-frame-stats: %s is no regular file", stats->file);
    stats->part_fd = open(stats->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return stats->part_fd < 0 ? say(err, stats->part) : 0;
}

int frame_stats_open(const char *run_dir, const char *file, uint64_t sealed, struct frame_stats **out,
                     struct vid_error *err)
{
    struct frame_stats *stats;
    int rc;

    *out = NULL;
    if (!file)
        return 0;
    if (!(stats = calloc(1, sizeof(*stats))))
        return vid_fail(err, -ENOMEM, "no memory for -frame-stats");
    pthread_mutex_init(&stats->lock, NULL);
    stats->next = sealed;
    stats->part_fd = -1;
    snprintf(stats->log_path, PATH_MAX, "%s/frame-stats.jsonl", run_dir);
    snprintf(stats->file, PATH_MAX, "%s", file);
    snprintf(stats->part, PATH_MAX, "%s.part", file);
    rc = open_log(stats, sealed, err);
    if (rc == 0)
        rc = open_part(stats, err);
    if (rc < 0)
        frame_stats_close(&stats);
    *out = stats;
    return rc;
}

const char *frame_stats_part(const struct frame_stats *stats)
{
    return stats ? stats->part : "";
}

static void print_entry(void *opaque, const char *key, const char *value)
{
    json_string(opaque, key, value);
}

/* Milliseconds between two moments, to the microsecond; null when one is not known. */
static void print_span(struct json *json, const char *key, int64_t from, int64_t to)
{
    json_double(json, key, from && to ? round((double)(to - from) / 1e3) / 1e3 : NAN);
}

static void print_way(struct json *json, const struct frame_entry *entry, const struct payload_times *times)
{
    json_object(json, "timing");
    print_span(json, "wait_ms", entry->pushed, times->claimed);
    print_span(json, "fetch_ms", times->claimed, times->fetched);
    print_span(json, "filter_ms", times->fetched, times->filtered);
    print_span(json, "publish_ms", times->filtered, entry->ref.published);
    json_end(json);
    json_uint(json, "rank", entry->ref.rank);
    json_uint(json, "attempt", entry->ref.attempt);
}

static void print_line(struct json *json, uint64_t number, const struct picture *picture,
                       const struct frame_entry *entry, const struct payload_times *times)
{
    double seconds = picture_seconds(picture);

    json_object(json, NULL);
    json_uint(json, "frame", number);
    if (isnan(seconds))
        json_null(json, "pts");
    else
        json_int(json, "pts", picture_pts(picture));
    json_double(json, "time", seconds);
    json_string(json, "type", (char[]){picture_type(picture), '\0'});
    json_object(json, "metadata");
    picture_metadata(picture, print_entry, json);
    json_end(json);
    if (!entry || entry->outcome == FRAME_STRAIGHT)
        json_uint(json, "rank", 0);
    else if (entry->outcome == FRAME_RESULT)
        print_way(json, entry, times);
    else
        json_bool(json, "substituted", true);
    json_end(json);
}

int frame_stats_add(struct frame_stats *stats, const struct picture *picture, const struct frame_entry *entry,
                    const struct payload_times *times, struct vid_error *err)
{
    struct json json = {.one_line = true};
    int rc = 0;

    if (!stats)
        return 0;
    print_line(&json, stats->next, picture, entry, times);
    pthread_mutex_lock(&stats->lock);
    if (json.failed)
        rc = vid_fail(err, json.failed, "-frame-stats: no line for picture %" PRIu64, stats->next);
    else if (fwrite(json.text, 1, json.size, stats->log) != json.size)
        rc = say(err, stats->log_path);
    pthread_mutex_unlock(&stats->lock);
    stats->next++;
    json_free(&json);
    return rc;
}

int frame_stats_sync(struct frame_stats *stats, struct vid_error *err)
{
    int rc = 0;

    if (!stats)
        return 0;
    pthread_mutex_lock(&stats->lock);
    if (fflush(stats->log) != 0 || fdatasync(fileno(stats->log)) < 0)
        rc = say(err, stats->log_path);
    pthread_mutex_unlock(&stats->lock);
    return rc;
}

/* The run directory may be on another filesystem than FILE. */
static int copy_lines(const struct frame_stats *stats, char *mem, struct vid_error *err)
{
    uint64_t at = 0;

    for (;;) {
        ssize_t got = io_pread(fileno(stats->log), mem, COPY_BYTES, at);
        int rc;

        if (got <= 0)
            return got == 0 ? 0 : vid_fail(err, (int)got, "%s: %s", stats->log_path, strerror((int)-got));
        if ((rc = io_write(stats->part_fd, mem, (size_t)got)) < 0)
            return vid_fail(err, rc, "-frame-stats: %s: %s", stats->part, strerror(-rc));
        at += (uint64_t)got;
    }
}

int frame_stats_finish(struct frame_stats *stats, struct vid_error *err)
{
    char *mem;
    int rc = frame_stats_sync(stats, err);

    if (!stats || rc < 0)
        return rc;
    if (!(mem = malloc(COPY_BYTES)))
        return vid_fail(err, -ENOMEM, "no memory for -frame-stats");
    rc = copy_lines(stats, mem, err);
    if (rc == 0 && fsync(stats->part_fd) < 0)
        rc = say(err, stats->part);
    free(mem);
    return rc;
}

int frame_stats_publish(struct frame_stats *stats, struct vid_error *err)
{
    if (!stats)
        return 0;
    if (rename(stats->part, stats->file) < 0)
        return say(err, stats->file);
    stats->published = true;
    return 0;
}

void frame_stats_close(struct frame_stats **stats)
{
    struct frame_stats *gone = *stats;

    *stats = NULL;
    if (!gone)
        return;
    if (gone->log)
        fclose(gone->log);
    if (gone->part_fd >= 0) {
        close(gone->part_fd);
        if (!gone->published)
            unlink(gone->part);
    }
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}
