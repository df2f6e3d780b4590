#include "store/result_store_private.h"

#include "base/io.h"
#include "store/result_path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_CHUNK 64 /* records read at once */

static int index_open(struct rank_index *index, const char *run_dir, unsigned rank, bool shared,
                      struct vid_error *err)
{
    index->rank = rank;
    char *folder = result_path_folder(run_dir, rank);
    index->path = folder ? result_path_index(folder) : NULL;
    free(folder);
    if (!index->path)
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    if (shared)
        return 0;
    index->fd = open(index->path, O_RDONLY | O_CLOEXEC);
    if (index->fd < 0)
        return vid_fail(err, -errno, "result_store: opening %s: %s", index->path, strerror(errno));
    return 0;
}

static struct result_store *store_new(unsigned ranks, bool shared)
{
    struct result_store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->shared = shared;
    store->indexes = calloc(ranks ? ranks : 1, sizeof *store->indexes);
    if (!store->indexes) {
        result_store_close(&store);
        return NULL;
    }
    store->ranks = ranks;
    for (unsigned i = 0; i < ranks; i++)
        store->indexes[i].fd = -1;
    return store;
}

int result_store_open(const char *run_dir, unsigned ranks, bool shared, struct result_store **out,
                      struct vid_error *err)
{
    *out = NULL;
    struct result_store *store = store_new(ranks, shared);
    if (!store)
        return vid_fail(err, -ENOMEM, "result_store: no memory");
    int ret = segments_create(run_dir, ranks, &store->segments, err);
    for (unsigned i = 0; i < ranks && ret == 0; i++)
        ret = index_open(&store->indexes[i], run_dir, i, shared, err);
    if (ret < 0)
        result_store_close(&store);
    *out = store;
    return ret;
}

static int accept_record(struct result_store *store, struct rank_index *index, const struct result_ref *ref,
                         struct vid_error *err)
{
    if (ref->rank != index->rank)
        return vid_fail(err, -EBADMSG, "result_store: %s holds a record of rank %" PRIu32 " at %" PRIu64,
                        index->path, ref->rank, index->end);
    int ret = segments_note(store->segments, ref, err);
    if (ret == 0)
        index->end += RESULT_RECORD_BYTES;
    return ret;
}

/* Accepts what the chunk holds up to the first record that is not whole yet. */
static int take_chunk(struct result_store *store, struct rank_index *index, const unsigned char *chunk,
                      int records, struct result_ref *refs, struct vid_error *err)
{
    int taken = 0;
    while (taken < records) {
        if (!result_record_decode(chunk + (size_t)taken * RESULT_RECORD_BYTES, &refs[taken]))
            break;
        /* An error behind accepted records is told by the next poll. */
        int ret = accept_record(store, index, &refs[taken], taken ? NULL : err);
        if (ret < 0)
            return taken ? taken : ret;
        taken++;
    }
    return taken;
}

static int read_chunk(const struct rank_index *index, int fd, unsigned char *chunk, int records,
                      struct vid_error *err)
{
    ssize_t got = io_pread(fd, chunk, (size_t)records * RESULT_RECORD_BYTES, index->end);
    if (got < 0)
        return vid_fail(err, (int)got, "result_store: reading %s: %s", index->path, strerror((int)-got));
    return (int)(got / RESULT_RECORD_BYTES);
}

static int at_most(int value, int limit)
{
    return value < limit ? value : limit;
}

static int take_records(struct result_store *store, struct rank_index *index, int fd, struct result_ref *refs,
                        int max, struct vid_error *err)
{
    unsigned char chunk[POLL_CHUNK * RESULT_RECORD_BYTES];
    int taken = 0;
    while (taken < max) {
        struct vid_error *first = taken ? NULL : err; /* what came before is given first */
        int wanted = at_most(max - taken, POLL_CHUNK);
        int ret = read_chunk(index, fd, chunk, wanted, first);
        if (ret > 0)
            ret = take_chunk(store, index, chunk, ret, refs + taken, first);
        if (ret < 0)
            return taken ? taken : ret;
        taken += ret;
        if (ret < wanted)
            break;
    }
    return taken;
}

/* What an operation on a shared filesystem meets for a moment while another node changes a file. */
static bool is_passing(int ret)
{
    return ret == -ESTALE || ret == -EAGAIN;
}

/* Only a fresh open sees at once what another node has written. */
static int poll_shared(struct result_store *store, struct rank_index *index, struct result_ref *refs, int max,
                       struct vid_error *err)
{
    int fd = open(index->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && is_passing(-errno))
        return 0;
    if (fd < 0)
        return vid_fail(err, -errno, "result_store: opening %s: %s", index->path, strerror(errno));
    struct stat st;
    struct vid_error why = {0};
    int ret = 0;
    if (fstat(fd, &st) < 0)
        ret = vid_fail(&why, -errno, "result_store: fstat %s: %s", index->path, strerror(errno));
    else if ((uint64_t)st.st_size >= index->end + RESULT_RECORD_BYTES)
        ret = take_records(store, index, fd, refs, max, &why);
    close(fd);
    if (is_passing(ret))
        return 0;
    return ret < 0 ? vid_fail(err, ret, "%s", why.text) : ret;
}

int result_store_poll(struct result_store *store, unsigned rank, struct result_ref *refs, int max,
                      struct vid_error *err)
{
    if (rank >= store->ranks)
        return vid_fail(err, -EINVAL, "result_store: no rank %u, there are %u", rank, store->ranks);
    struct rank_index *index = &store->indexes[rank];
    if (store->shared)
        return poll_shared(store, index, refs, max, err);
    return take_records(store, index, index->fd, refs, max, err);
}

int result_store_read(struct result_store *store, const struct result_ref *ref, void *mem,
                      struct vid_error *err)
{
    return segments_read(store->segments, ref, mem, err);
}

int result_store_done(struct result_store *store, const struct result_ref *ref, struct vid_error *err)
{
    return segments_done(store->segments, ref, err);
}

void result_store_usage(struct result_store *store, uint64_t *now, uint64_t *peak)
{
    segments_usage(store->segments, now, peak);
}

void result_store_close(struct result_store **pstore)
{
    struct result_store *store = *pstore;
    *pstore = NULL;
    if (!store)
        return;
    for (unsigned i = 0; i < store->ranks; i++) {
        if (store->indexes[i].fd >= 0)
            close(store->indexes[i].fd);
        free(store->indexes[i].path);
    }
    free(store->indexes);
    segments_free(&store->segments);
    free(store);
}
