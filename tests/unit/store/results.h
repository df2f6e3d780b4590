/* results: a run directory of three ranks with a writer and a reader of results in it, for the tests. */
#ifndef VID_TESTS_STORE_RESULTS_H
#define VID_TESTS_STORE_RESULTS_H

#include "scratch.h"

#include "store/result_store.h"
#include "store/result_writer.h"

static bool shared; /* the battery runs once as on a local and once as on a shared filesystem */

static inline int setup(void **state)
{
    if (scratch_make(state) < 0)
        return -1;
    make_indexes(*state, 3);
    return 0;
}

static inline struct result_store *open_store(void **state)
{
    struct vid_error err = {0};
    struct result_store *store;
    if (result_store_open(*state, 3, shared, &store, &err) < 0)
        fail_msg("%s", err.text);
    return store;
}

static inline struct result_writer *open_writer(void **state, unsigned rank, uint64_t segment_bytes)
{
    struct vid_error err = {0};
    struct result_writer *writer;
    struct result_writer_options options = {.segment_bytes = segment_bytes};
    if (result_writer_open(*state, rank, &options, &writer, &err) < 0)
        fail_msg("%s", err.text);
    return writer;
}

/* The payload of a frame: its number, again and again. */
static inline void fill(uint64_t *mem, size_t words, uint64_t frame)
{
    for (size_t i = 0; i < words; i++)
        mem[i] = frame * 1000003;
}

static inline struct result_ref append(struct result_writer *writer, uint64_t frame, uint32_t attempt)
{
    uint64_t mem[16];
    fill(mem, 16, frame);
    struct iovec iov = {mem, sizeof mem};
    struct result_ref ref = {.frame = frame, .attempt = attempt};
    struct vid_error err = {0};
    if (result_writer_append(writer, &ref, &iov, 1, &err) < 0)
        fail_msg("%s", err.text);
    return ref;
}

static inline int poll_rank(struct result_store *store, unsigned rank, struct result_ref *refs, int max)
{
    struct vid_error err = {0};
    int ret = result_store_poll(store, rank, refs, max, &err);
    if (ret < 0)
        fail_msg("%s", err.text);
    return ret;
}

static inline int read_frame(struct result_store *store, const struct result_ref *ref)
{
    uint64_t mem[16], wanted[16];
    int ret = result_store_read(store, ref, mem, NULL);
    fill(wanted, 16, ref->frame);
    if (ret == 0)
        assert_memory_equal(mem, wanted, sizeof mem);
    return ret;
}

static inline const char *segment(void **state, unsigned rank, unsigned number)
{
    static char paths[4][4096];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/results/r%04u/seg-%06u", (char *)*state, rank, number);
    return path;
}

#endif
