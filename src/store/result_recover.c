/* What earlier workers of the job left: the part of result_store.h for a job
 * that goes on. */
#include "store/result_store_private.h"

#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 256 /* records read at once */

struct recovery {
    struct result_store *store;
    uint64_t from;
    int (*found)(void *opaque, const struct result_ref *ref);
    void *opaque;
    struct vid_error *err;

    uint64_t *frames; /* found, in order */
    size_t count, room;
    void *mem; /* for one payload */
    uint64_t mem_size;
};

/* The place of the frame, or where it belongs. */
static size_t find_place(const struct recovery *r, uint64_t frame)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->frames[middle] < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_found(const struct recovery *r, uint64_t frame)
{
    size_t place = find_place(r, frame);
    return place < r->count && r->frames[place] == frame;
}

static int add_frame(struct recovery *r, uint64_t frame)
{
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 256;
        uint64_t *frames = realloc(r->frames, room * sizeof *frames);
        if (!frames)
            return vid_fail(r->err, -ENOMEM, "result_store: no memory");
        r->frames = frames;
        r->room = room;
    }
    size_t place = find_place(r, frame);
    memmove(r->frames + place + 1, r->frames + place, (r->count - place) * sizeof *r->frames);
    r->frames[place] = frame;
    r->count++;
    return 0;
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
    if (ref->frame < r->from || is_found(r, ref->frame))
        return 0;
    int ret = is_whole(r, ref);
    if (ret <= 0)
        return ret;
    ret = segments_note(r->store->segments, ref, r->err);
    if (ret == 0)
        ret = add_frame(r, ref->frame);
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
                         struct vid_error *err)
{
    struct recovery r = {.store = store, .from = from, .found = found, .opaque = opaque, .err = err};
    int ret = 0;
    for (unsigned i = 0; i < store->ranks && ret == 0; i++)
        ret = recover_rank(&r, &store->indexes[i]);
    free(r.frames);
    free(r.mem);
    return ret;
}
