/* What earlier workers of the job left: the part of result_store.h for a job
 * that goes on. */
#include "store/result_store_private.h"

#include "base/frame_id.h"
#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 256 /* records read at once */

/* Numbers of frames, in order. */
struct frame_set {
    uint64_t *frames;
    size_t count, room;
};

struct recovery {
    struct result_store *store;
    uint64_t from;
    int (*found)(void *opaque, const struct result_ref *ref);
    void *opaque;
    struct vid_error *err;

    struct frame_set there, missing; /* with a whole payload; with a record that has none */
    void *mem;                       /* for one payload */
    uint64_t mem_size;
};

/* The place of the frame, or where it belongs. */
static size_t find_place(const struct frame_set *set, uint64_t frame)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->frames[middle] < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has(const struct frame_set *set, uint64_t frame)
{
    size_t place = find_place(set, frame);
    return place < set->count && set->frames[place] == frame;
}

static int add(struct frame_set *set, uint64_t frame, struct vid_error *err)
{
    if (has(set, frame))
        return 0;
    if (set->count == set->room) {
        size_t room = set->room ? 2 * set->room : 256;
        uint64_t *frames = realloc(set->frames, room * sizeof *frames);
        if (!frames)
            return vid_fail(err, -ENOMEM, "result_store: no memory");
        set->frames = frames;
        set->room = room;
    }
    size_t place = find_place(set, frame);
    memmove(set->frames + place + 1, set->frames + place, (set->count - place) * sizeof *set->frames);
    set->frames[place] = frame;
    set->count++;
    return 0;
}

static uint64_t count_missing(const struct recovery *r)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < r->missing.count; i++)
        lost += !has(&r->there, r->missing.frames[i]);
    return lost;
}

/* 1: there is memory, 0: the payload cannot be there. None is asked for on a damaged record's word. */
static int make_room(struct recovery *r, const struct result_ref *ref)
{
    if (ref->length <= r->mem_size)
        return 1;
    if (!segments_reach(r->store->segments, ref))
        return 0;
    free(r->mem);
    r->mem = malloc(ref->length);
    r->mem_size = r->mem ? ref->length : 0;
    return r->mem ? 1 : vid_fail(r->err, -ENOMEM, "result_store: no memory for a result");
}

/* 1: it is there and whole, 0: it is not, whatever the reason. */
static int is_whole(struct recovery *r, const struct result_ref *ref)
{
    struct vid_error why = {0};
    int ret = make_room(r, ref);
    if (ret <= 0)
        return ret;
    ret = segments_read(r->store->segments, ref, r->mem, &why);
    if (ret == -ENOMEM)
        return vid_fail(r->err, ret, "%s", why.text);
    if (ret < 0)
        log_debug("%s", why.text);
    return ret == 0;
}

static int consider(struct recovery *r, const struct result_ref *ref)
{
    if (frame_before(ref->frame, r->from) || has(&r->there, ref->frame))
        return 0;
    int ret = is_whole(r, ref);
    if (ret <= 0)
        return ret < 0 ? ret : add(&r->missing, ref->frame, r->err);
    ret = segments_note(r->store->segments, ref, r->err);
    if (ret == 0)
        ret = add(&r->there, ref->frame, r->err);
    return ret == 0 ? r->found(r->opaque, ref) : ret;
}

/* Up to the first record that the rank's next worker cuts off. Sets the newest segment that one names. */
static int read_index(struct recovery *r, struct rank_index *index, int fd, uint32_t *newest)
{
    unsigned char chunk[CHUNK * RESULT_RECORD_BYTES];
    for (;;) {
        ssize_t got = io_pread(fd, chunk, sizeof chunk, index->end), at = 0;
        if (got < 0)
            return vid_fail(r->err, (int)got, "result_store: reading %s: %s", index->path,
                            strerror((int)-got));
        for (struct result_ref ref; got - at >= RESULT_RECORD_BYTES; at += RESULT_RECORD_BYTES) {
            if (!result_record_decode(chunk + at, &ref) || ref.rank != index->rank)
                break;
            if (ref.segment < *newest)
                continue; /* no writer goes back */
            *newest = ref.segment;
            int ret = consider(r, &ref);
            if (ret < 0)
                return ret;
        }
        index->end += (uint64_t)at;
        if (at < (ssize_t)sizeof chunk)
            return 0;
    }
}

static int recover_rank(struct recovery *r, struct rank_index *index)
{
    uint32_t newest = 0;
    struct vid_error why = {0};
    int fd = r->store->shared ? open(index->path, O_RDONLY | O_CLOEXEC) : index->fd;
    if (fd < 0)
        return vid_fail(r->err, -errno, "result_store: opening %s: %s", index->path, strerror(errno));
    int ret = read_index(r, index, fd, &newest);
    if (r->store->shared)
        close(fd);
    if (ret == 0 && segments_retire(r->store->segments, index->rank, newest, &why) < 0)
        log_warn("%s", why.text); /* what cannot be removed now is left to the end of the job */
    return ret;
}

int result_store_recover(struct result_store *store, uint64_t from,
                         int (*found)(void *opaque, const struct result_ref *ref), void *opaque,
                         uint64_t *lost, struct vid_error *err)
{
    struct recovery r = {.store = store, .from = from, .found = found, .opaque = opaque, .err = err};
    int ret = 0;
    for (unsigned i = 0; i < store->ranks && ret == 0; i++)
        ret = recover_rank(&r, &store->indexes[i]);
    if (lost)
        *lost = count_missing(&r);
    free(r.there.frames);
    free(r.missing.frames);
    free(r.mem);
    return ret;
}
