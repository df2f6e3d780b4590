#include "store/result_writer.h"

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/io.h"
#include "base/log.h"
#include "store/extents.h"
#include "store/result_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_BYTES (UINT64_C(64) << 20)
/* A segment costs one create, one open by the reader and one unlink: with 40
 * payloads that is 0.075 metadata operations a frame, however large. */
#define SEGMENT_PAYLOADS 40
#define BATCH 16
#define BATCH_MAX 1024
#define BATCH_NS (100 * NS_PER_MS)
#define IOV_MAX_COUNT 1024      /* IOV_MAX of Linux */
#define STALE_NS (5 * NS_PER_S) /* how long a worker's start puts up with ESTALE */
#define STALE_STEP (20 * NS_PER_MS)

struct result_writer {
    char *folder, *index_path, *segment_path;
    unsigned rank;
    struct result_writer_options options;
    int index, segment;         /* descriptors, -1: none */
    uint64_t index_end;         /* where the next record goes */
    uint32_t segment_number;    /* of the segment that is open, or the highest that exists */
    uint64_t segment_end;       /* behind the payload that lies last */
    struct extents extents;     /* with reuse: what in the segment is still needed */
    uint64_t last_length;       /* of the payload written last */
    struct result_ref *waiting; /* written, not published yet */
    unsigned char *records;     /* of the waiting, the first record_count are encoded */
    unsigned waiting_count, record_count;
    int64_t waiting_since; /* clock_now of the oldest of the waiting */
    uint64_t published;
    int broken; /* the code of a sync that failed: what is on disk is not known any more */
};

static uint64_t align_up(uint64_t offset)
{
    return (offset + RESULT_PAYLOAD_ALIGN - 1) / RESULT_PAYLOAD_ALIGN * RESULT_PAYLOAD_ALIGN;
}

/* The offset behind the whole records that the index begins with. */
static int index_find_end(struct result_writer *w, struct vid_error *err)
{
    unsigned char chunk[256 * RESULT_RECORD_BYTES];
    for (;;) {
        ssize_t got = io_pread(w->index, chunk, sizeof chunk, w->index_end);
        if (got < 0)
            return vid_fail(err, (int)got, "result_writer: reading %s: %s", w->index_path,
                            strerror((int)-got));
        ssize_t at = 0;
        for (struct result_ref ref; got - at >= RESULT_RECORD_BYTES; at += RESULT_RECORD_BYTES) {
            if (!result_record_decode(chunk + at, &ref) || ref.rank != w->rank)
                break;
            if (ref.segment > w->segment_number)
                w->segment_number = ref.segment;
        }
        w->index_end += (uint64_t)at;
        if (at < (ssize_t)sizeof chunk)
            return 0;
    }
}

/* What stands behind the whole records would otherwise come into sight as soon
 * as the record before it is written, at a place that we write later. */
static int index_cut_rest(struct result_writer *w, struct vid_error *err)
{
    struct stat st;
    if (fstat(w->index, &st) < 0)
        return vid_fail(err, -errno, "result_writer: fstat %s: %s", w->index_path, strerror(errno));
    if ((uint64_t)st.st_size > w->index_end && ftruncate(w->index, (off_t)w->index_end) < 0)
        return vid_fail(err, -errno, "result_writer: cutting a torn record off %s: %s", w->index_path,
                        strerror(errno));
    return 0;
}

/* Also segments without a record count: a worker that died may have left one. */
static int find_highest_segment(struct result_writer *w, struct vid_error *err)
{
    DIR *dir = opendir(w->folder);
    if (!dir)
        return vid_fail(err, -errno, "result_writer: listing %s: %s", w->folder, strerror(errno));
    uint32_t number;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (result_path_is_segment(entry->d_name, &number) && number > w->segment_number)
            w->segment_number = number;
    }
    closedir(dir);
    return 0;
}

static int read_index(struct result_writer *w, struct vid_error *err)
{
    w->index_end = 0;
    w->segment_number = 0;
    w->index = open(w->index_path, O_RDWR | O_CLOEXEC);
    if (w->index < 0)
        return vid_fail(err, -errno, "result_writer: opening %s: %s", w->index_path, strerror(errno));
    int ret = index_find_end(w, err);
    return ret == 0 ? index_cut_rest(w, err) : ret;
}

/* Another node may have made the file a moment ago. */
static int open_index(struct result_writer *w, struct vid_error *err)
{
    int64_t deadline = clock_now() + STALE_NS;
    struct vid_error why = {0};
    int ret;
    while ((ret = read_index(w, &why)) == -ESTALE && clock_now() < deadline) {
        if (w->index >= 0)
            close(w->index);
        w->index = -1;
        vid_error_clear(&why);
        clock_sleep_until(clock_now() + STALE_STEP);
    }
    return ret < 0 ? vid_fail(err, ret, "%s", why.text) : find_highest_segment(w, err);
}

static struct result_writer_options with_defaults(const struct result_writer_options *given)
{
    struct result_writer_options o = given ? *given : (struct result_writer_options){0};
    if (o.batch == 0)
        o.batch = BATCH;
    if (o.batch > BATCH_MAX)
        o.batch = BATCH_MAX;
    if (o.batch_ns <= 0)
        o.batch_ns = BATCH_NS;
    return o;
}

static struct result_writer *writer_new(const char *run_dir, unsigned rank,
                                        const struct result_writer_options *options)
{
    struct result_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->index = w->segment = -1;
    w->rank = rank;
    w->options = with_defaults(options);
    w->folder = result_path_folder(run_dir, rank);
    w->index_path = w->folder ? result_path_index(w->folder) : NULL;
    w->waiting = calloc(w->options.batch, sizeof *w->waiting);
    w->records = calloc(w->options.batch, RESULT_RECORD_BYTES);
    if (!w->index_path || !w->waiting || !w->records)
        result_writer_close(&w);
    return w;
}

int result_writer_open(const char *run_dir, unsigned rank, const struct result_writer_options *options,
                       struct result_writer **out, struct vid_error *err)
{
    *out = NULL;
    struct result_writer *w = writer_new(run_dir, rank, options);
    if (!w)
        return vid_fail(err, -ENOMEM, "result_writer: no memory");
    int ret = open_index(w, err);
    if (ret < 0)
        result_writer_close(&w);
    *out = w;
    return ret;
}

static void close_segment(struct result_writer *w)
{
    if (w->segment >= 0)
        close(w->segment);
    w->segment = -1;
    free(w->segment_path);
    w->segment_path = NULL;
}

static int create_segment(struct result_writer *w, struct vid_error *err)
{
    close_segment(w); /* before its follower is known, so that the reader may remove it at once */
    do {
        if (w->segment_number == UINT32_MAX)
            return vid_fail(err, -EOVERFLOW, "result_writer: %s has no segment number left", w->folder);
        free(w->segment_path);
        w->segment_path = result_path_segment(w->folder, ++w->segment_number);
        if (!w->segment_path)
            return vid_fail(err, -ENOMEM, "result_writer: no memory");
        w->segment = open(w->segment_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (w->segment < 0 && errno == EEXIST);
    if (w->segment < 0)
        return vid_fail(err, -errno, "result_writer: creating %s: %s", w->segment_path, strerror(errno));
    w->segment_end = 0;
    extents_free(&w->extents);
    return 0;
}

/* Not where another node may hold old bytes of the file in its cache. */
static bool reuses(const struct result_writer *w)
{
    return !w->options.durable && !w->options.segment_bytes;
}

uint64_t result_writer_segment_bytes(uint64_t payload)
{
    uint64_t limit = SEGMENT_PAYLOADS * align_up(payload);
    return limit > SEGMENT_BYTES ? limit : SEGMENT_BYTES;
}

static uint64_t segment_limit(const struct result_writer *w)
{
    if (reuses(w))
        return UINT64_MAX;
    if (w->options.segment_bytes)
        return w->options.segment_bytes;
    return result_writer_segment_bytes(w->last_length);
}

static int sync_file(struct result_writer *w, int fd, const char *path, struct vid_error *err)
{
    if (fdatasync(fd) == 0)
        return 0;
    w->broken = -errno; /* the kernel may have dropped the pages and would report success next time */
    return vid_fail(err, w->broken, "result_writer: syncing %s with %u unpublished results: %s", path,
                    w->waiting_count, strerror(-w->broken));
}

/* Each once, so that a second try writes the same bytes to the same place and
 * a reader that has seen some of them sees no change. */
static void encode_records(struct result_writer *w)
{
    int64_t now = clock_wall();
    for (; w->record_count < w->waiting_count; w->record_count++) {
        w->waiting[w->record_count].published = now;
        result_record_encode(&w->waiting[w->record_count],
                             w->records + (size_t)w->record_count * RESULT_RECORD_BYTES);
    }
}

static int write_records(struct result_writer *w, struct vid_error *err)
{
    encode_records(w);
    size_t bytes = (size_t)w->waiting_count * RESULT_RECORD_BYTES;
    int ret = io_pwrite(w->index, w->records, bytes, w->index_end);
    if (ret < 0)
        return vid_fail(err, ret, "result_writer: writing %zu bytes to %s: %s", bytes, w->index_path,
                        strerror(-ret));
    return 0;
}

static void forget_waiting(struct result_writer *w)
{
    w->waiting_count = w->record_count = 0;
}

static int publish(struct result_writer *w, struct vid_error *err)
{
    if (w->waiting_count == 0)
        return 0;
    int ret = w->options.durable ? sync_file(w, w->segment, w->segment_path, err) : 0;
    if (ret == 0)
        ret = write_records(w, err);
    if (ret == 0 && w->options.durable)
        ret = sync_file(w, w->index, w->index_path, err);
    if (ret < 0)
        return ret;
    w->index_end += (uint64_t)w->waiting_count * RESULT_RECORD_BYTES;
    w->published += w->waiting_count;
    forget_waiting(w);
    return 0;
}

static int check_usable(const struct result_writer *w, struct vid_error *err)
{
    if (w->broken)
        return vid_fail(err, w->broken, "result_writer: %s takes no more results after a failed sync: %s",
                        w->folder, strerror(-w->broken));
    return 0;
}

/* A segment with room for the next payload, and room for its record. */
static int make_room(struct result_writer *w, struct vid_error *err)
{
    bool full = w->segment < 0 || w->segment_end >= segment_limit(w);
    int ret = 0;
    if (full || w->waiting_count == w->options.batch)
        ret = publish(w, err);
    return ret == 0 && full ? create_segment(w, err) : ret;
}

static void measure(struct result_ref *ref, const struct iovec *iov, int count)
{
    ref->length = 0;
    ref->payload_crc = 0;
    for (int i = 0; i < count; i++) {
        ref->payload_crc = crc32c(ref->payload_crc, iov[i].iov_base, iov[i].iov_len);
        ref->length += iov[i].iov_len;
    }
}

static int find_place(struct result_writer *w, struct result_ref *ref, struct vid_error *err)
{
    ref->offset = align_up(w->segment_end);
    if (reuses(w) && extents_take(&w->extents, ref->length, ref->frame, &ref->offset) < 0)
        return vid_fail(err, -ENOMEM, "result_writer: no memory");
    return 0;
}

static void give_place_back(struct result_writer *w, const struct result_ref *ref)
{
    extents_give_back(&w->extents, ref->offset);
    if (ref->offset + ref->length > w->segment_end &&
        ftruncate(w->segment, (off_t)w->segment_end) < 0) /* gives a full disk its space back */
        log_debug("result_writer: cutting %s: %s", w->segment_path, strerror(errno));
}

static int write_payload(struct result_writer *w, struct result_ref *ref, struct iovec *iov, int count,
                         struct vid_error *err)
{
    measure(ref, iov, count);
    int ret = find_place(w, ref, err);
    if (ret < 0)
        return ret;
    ret = io_pwritev(w->segment, iov, count, ref->offset);
    if (ret == 0)
        return 0;
    vid_fail(err, ret, "result_writer: writing %" PRIu64 " bytes to %s: %s", ref->length, w->segment_path,
             strerror(-ret));
    give_place_back(w, ref);
    return ret;
}

static void add_waiting(struct result_writer *w, const struct result_ref *ref)
{
    if (w->waiting_count == 0)
        w->waiting_since = clock_now();
    w->waiting[w->waiting_count++] = *ref;
}

int result_writer_append(struct result_writer *w, struct result_ref *ref, struct iovec *iov, int count,
                         struct vid_error *err)
{
    if (count < 0 || count > IOV_MAX_COUNT)
        return vid_fail(err, -EINVAL, "result_writer: %d pieces, at most %d are possible", count,
                        IOV_MAX_COUNT);
    int ret = check_usable(w, err);
    if (ret == 0)
        ret = make_room(w, err);
    if (ret == 0)
        ret = write_payload(w, ref, iov, count, err);
    if (ret < 0)
        return ret;
    ref->rank = w->rank;
    ref->segment = w->segment_number;
    ref->published = clock_wall();
    add_waiting(w, ref);
    if (!w->options.durable && (ret = publish(w, err)) < 0) {
        forget_waiting(w); /* a lone record that failed is not whole on disk */
        give_place_back(w, ref);
        return ret;
    }
    if (ref->offset + ref->length > w->segment_end)
        w->segment_end = ref->offset + ref->length;
    w->last_length = ref->length;
    return 0;
}

void result_writer_release(struct result_writer *w, uint64_t below)
{
    extents_release(&w->extents, below);
}

int result_writer_sync(struct result_writer *w, bool now, struct vid_error *err)
{
    int ret = check_usable(w, err);
    if (ret < 0 || (!now && result_writer_due(w) > clock_now()))
        return ret;
    return publish(w, err);
}

uint64_t result_writer_published(const struct result_writer *w)
{
    return w->published;
}

int64_t result_writer_due(const struct result_writer *w)
{
    if (w->waiting_count == 0)
        return INT64_MAX;
    if (w->waiting_count >= w->options.batch)
        return w->waiting_since;
    return w->waiting_since + w->options.batch_ns;
}

void result_writer_close(struct result_writer **writer)
{
    struct result_writer *w = *writer;
    *writer = NULL;
    if (!w)
        return;
    close_segment(w);
    if (w->index >= 0)
        close(w->index);
    extents_free(&w->extents);
    free(w->records);
    free(w->waiting);
    free(w->index_path);
    free(w->folder);
    free(w);
}
