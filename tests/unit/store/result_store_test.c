#include "results.h"

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/queue.h"
#include "store/result_store.h"
#include "store/result_writer.h"

#include <pthread.h>
#include <stdatomic.h>

/* The calls of the room on files, counted, and one that fails on demand. */
static atomic_int opens, unlinks, fstats;
static int unlink_error;

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_unlink(const char *path);
int __real_unlink(const char *path);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    opens++;
    return __real_open(path, flags, mode);
}

int __wrap_unlink(const char *path)
{
    unlinks++;
    if (unlink_error) {
        errno = unlink_error;
        return -1;
    }
    return __real_unlink(path);
}

int __wrap_fstat(int fd, struct stat *st)
{
    fstats++;
    return __real_fstat(fd, st);
}

static void test_results_come_in_order(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 1, 0);
    struct result_ref refs[200];
    assert_int_equal(poll_rank(store, 1, refs, 200), 0);
    for (unsigned i = 0; i < 150; i++)
        append(writer, i, 1);
    assert_int_equal(poll_rank(store, 0, refs, 200), 0);
    assert_int_equal(poll_rank(store, 1, refs, 70), 70); /* more than a chunk, fewer than there are */
    assert_int_equal(poll_rank(store, 1, refs + 70, 130), 80);
    assert_int_equal(poll_rank(store, 1, refs, 0), 0);
    for (unsigned i = 0; i < 150; i++) {
        assert_int_equal(refs[i].frame, i);
        assert_int_equal(refs[i].rank, 1);
        assert_int_equal(read_frame(store, &refs[i]), 0);
    }
    result_writer_close(&writer);
    result_store_close(&store);
    assert_true(is_there(segment(state, 1, 1))); /* left to run_dir_close */
}

static void test_zeros_heal_later(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct result_ref refs[4];
    for (unsigned i = 0; i < 3; i++)
        append(writer, i, 1);
    const char *index = in(*state, "results/r0000/index");
    unsigned char hidden[RESULT_RECORD_BYTES], zeros[RESULT_RECORD_BYTES] = {0};
    read_at(index, hidden, sizeof hidden, RESULT_RECORD_BYTES);
    write_at(index, zeros, sizeof zeros, RESULT_RECORD_BYTES);
    assert_int_equal(poll_rank(store, 0, refs, 4), 1);
    assert_int_equal(poll_rank(store, 0, refs, 4), 0); /* the third is whole, but never skipped to */
    hidden[20] ^= 1;
    write_at(index, hidden, sizeof hidden, RESULT_RECORD_BYTES); /* wrong CRC: the same */
    assert_int_equal(poll_rank(store, 0, refs, 4), 0);
    hidden[20] ^= 1;
    write_at(index, hidden, sizeof hidden, RESULT_RECORD_BYTES);
    assert_int_equal(poll_rank(store, 0, refs + 1, 3), 2);
    assert_int_equal(refs[1].frame, 1);
    assert_int_equal(refs[2].frame, 2);
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_short_record_heals_later(void **state)
{
    struct result_store *store = open_store(state);
    struct result_ref ref = {.frame = 5, .segment = 1}, refs[4];
    unsigned char record[RESULT_RECORD_BYTES];
    const char *index = in(*state, "results/r0000/index");
    result_record_encode(&ref, record);
    for (unsigned size = 1; size < RESULT_RECORD_BYTES; size++) {
        write_at(index, record, size, 0);
        assert_int_equal(poll_rank(store, 0, refs, 4), 0);
    }
    write_at(index, record, sizeof record, 0);
    assert_int_equal(poll_rank(store, 0, refs, 4), 1);
    assert_int_equal(refs[0].frame, 5);
    result_store_close(&store);
}

static void test_payload_heals_later(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct vid_error err = {0};
    struct result_ref refs[2];
    uint64_t mem[16], right[16], zeros[16] = {0};
    append(writer, 1, 1);
    struct result_ref ref = append(writer, 2, 1);
    assert_int_equal(poll_rank(store, 0, refs, 2), 2);
    assert_int_equal(read_frame(store, &refs[0]), 0); /* the descriptor is held now */
    const char *path = segment(state, 0, 1);
    fill(right, 16, 2);
    write_at(path, zeros, sizeof zeros, ref.offset);
    assert_int_equal(result_store_read(store, &refs[1], mem, &err), -EAGAIN);
    assert_non_null(strstr(err.text, "checksum"));
    vid_error_clear(&err);
    assert_int_equal(truncate(path, (off_t)ref.offset + 8), 0);
    assert_int_equal(result_store_read(store, &refs[1], mem, &err), -EAGAIN);
    assert_non_null(strstr(err.text, "short"));
    write_at(path, right, sizeof right, ref.offset);
    assert_int_equal(read_frame(store, &refs[1]), 0);
    result_writer_close(&writer);
    result_store_close(&store);
}

/* A name that comes late, and a held descriptor of a file that was replaced. */
static void test_segment_that_disappears(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct vid_error err = {0};
    struct result_ref ref;
    uint64_t mem[16], damaged = 1;
    append(writer, 3, 1);
    assert_int_equal(poll_rank(store, 0, &ref, 1), 1);
    const char *path = segment(state, 0, 1), *away = in(*state, "away");
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(result_store_read(store, &ref, mem, &err), -EAGAIN);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(rename(away, path), 0);
    assert_int_equal(read_frame(store, &ref), 0);

    char copy[sizeof mem];
    read_at(path, copy, sizeof copy, 0);
    assert_int_equal(unlink(path), 0);
    write_at(path, copy, sizeof copy, 0);
    assert_int_equal(read_frame(store, &ref), 0); /* the held one still has it */
    assert_int_equal(unlink(path), 0);
    write_at(path, &damaged, sizeof damaged, 0);
    write_at(path, copy, sizeof copy, 0);
    assert_int_equal(read_frame(store, &ref), 0);
    assert_int_equal(unlink(path), 0);
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_stale_descriptor_gives_way_to_a_fresh_one(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct result_ref refs[2];
    append(writer, 3, 1);
    append(writer, 4, 1);
    assert_int_equal(poll_rank(store, 0, refs, 2), 2);
    assert_int_equal(read_frame(store, &refs[0]), 0);
    /* The held descriptor shows damage, the name leads to a good file. */
    const char *path = segment(state, 0, 1), *good = in(*state, "good");
    char copy[256];
    read_at(path, copy, sizeof copy, 0);
    write_at(good, copy, sizeof copy, 0);
    memset(copy, 0, sizeof copy);
    write_at(path, copy, sizeof copy, 0);
    assert_int_equal(rename(good, path), 0);
    assert_int_equal(read_frame(store, &refs[0]), 0);
    int before = opens;
    assert_int_equal(read_frame(store, &refs[1]), 0);
    assert_int_equal(opens, before); /* the fresh one is held now */
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_done_segments_are_removed(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 2, 256); /* two payloads of 128 */
    struct result_ref refs[8];
    uint64_t now, peak;
    for (unsigned i = 0; i < 4; i++)
        append(writer, i, 1);
    assert_int_equal(poll_rank(store, 2, refs, 2), 2);
    assert_int_equal(read_frame(store, &refs[0]), 0);
    assert_int_equal(result_store_done(store, &refs[1], NULL), 0);
    assert_int_equal(result_store_done(store, &refs[0], NULL), 0);
    assert_true(is_there(segment(state, 2, 1))); /* nothing says yet that the writer has gone on */
    assert_int_equal(poll_rank(store, 2, refs + 2, 6), 2);
    assert_false(is_there(segment(state, 2, 1)));
    result_store_usage(store, &now, &peak);
    assert_int_equal(now, 256);
    assert_int_equal(peak, 384); /* segment 1 was removed at the first record of segment 2 */

    append(writer, 4, 1);
    assert_int_equal(poll_rank(store, 2, refs + 4, 6), 1);
    assert_int_equal(result_store_done(store, &refs[3], NULL), 0);
    assert_true(is_there(segment(state, 2, 2)));
    assert_int_equal(read_frame(store, &refs[2]), 0);
    assert_int_equal(result_store_done(store, &refs[2], NULL), 0); /* out of order, the last one of it */
    assert_false(is_there(segment(state, 2, 2)));
    assert_int_equal(result_store_done(store, &refs[2], NULL), -EINVAL);
    assert_int_equal(result_store_done(store, &refs[4], NULL), 0);
    assert_true(is_there(segment(state, 2, 3))); /* the newest stays */
    assert_int_equal(result_store_done(store, &refs[4], NULL), -EINVAL);
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_duplicates_are_refs_of_their_own(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 1);
    struct result_ref refs[3];
    append(writer, 9, 1);
    append(writer, 9, 2);
    append(writer, 10, 1);
    assert_int_equal(poll_rank(store, 0, refs, 3), 3);
    assert_int_equal(refs[1].frame, 9);
    assert_int_equal(refs[1].attempt, 2);
    assert_int_equal(read_frame(store, &refs[0]), 0);
    assert_int_equal(result_store_done(store, &refs[1], NULL), 0);
    assert_false(is_there(segment(state, 0, 2)));
    assert_int_equal(read_frame(store, &refs[0]), 0);
    assert_int_equal(result_store_done(store, &refs[0], NULL), 0);
    assert_false(is_there(segment(state, 0, 1)));
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_segment_without_a_record_is_removed(void **state)
{
    struct result_store *store = open_store(state);
    struct result_ref ref;
    write_at(segment(state, 0, 1), "died", 4, 0);
    write_at(segment(state, 0, 2), "died", 4, 0);
    struct result_writer *writer = open_writer(state, 0, 0);
    append(writer, 0, 1);
    assert_int_equal(poll_rank(store, 0, &ref, 1), 1);
    assert_int_equal(ref.segment, 3);
    assert_false(is_there(segment(state, 0, 1)));
    assert_false(is_there(segment(state, 0, 2)));
    assert_int_equal(read_frame(store, &ref), 0);
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_segment_that_cannot_be_removed(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 1);
    struct vid_error err = {0};
    struct result_ref refs[2];
    append(writer, 0, 1);
    append(writer, 1, 1);
    assert_int_equal(poll_rank(store, 0, refs, 2), 2);
    unlink_error = EROFS;
    int ret = result_store_done(store, &refs[0], &err);
    unlink_error = 0;
    assert_int_equal(ret, -EROFS);
    assert_non_null(strstr(err.text, segment(state, 0, 1)));
    result_writer_close(&writer);
    result_store_close(&store);
}

static void put_record(void **state, unsigned at, const struct result_ref *ref)
{
    unsigned char record[RESULT_RECORD_BYTES];
    result_record_encode(ref, record);
    write_at(in(*state, "results/r0000/index"), record, sizeof record, (uint64_t)at * sizeof record);
}

static void test_records_of_no_writer_are_an_error(void **state)
{
    struct result_store *store = open_store(state);
    struct vid_error err = {0};
    struct result_ref refs[4];
    put_record(state, 0, &(struct result_ref){.frame = 1, .segment = 5});
    put_record(state, 1, &(struct result_ref){.frame = 2, .segment = 5, .rank = 1});
    assert_int_equal(result_store_poll(store, 0, refs, 4, &err), 1); /* what came before is given first */
    assert_int_equal(err.code, 0);
    assert_int_equal(result_store_poll(store, 0, refs, 4, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "of rank 1"));
    vid_error_clear(&err);
    put_record(state, 1, &(struct result_ref){.frame = 2, .segment = 4});
    assert_int_equal(result_store_poll(store, 0, refs, 4, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "back to segment 4"));
    result_store_close(&store);
}

static void test_wrong_use(void **state)
{
    struct vid_error err = {0};
    struct result_store *store = open_store(state);
    struct result_ref ref = {.rank = 3, .segment = 1};
    assert_int_equal(result_store_poll(store, 3, &ref, 1, NULL), -EINVAL);
    assert_int_equal(result_store_read(store, &ref, &ref, NULL), -EINVAL);
    assert_int_equal(result_store_done(store, &ref, NULL), -EINVAL);
    assert_int_equal(unlink(in(*state, "results/r0001/index")), 0);
    result_store_close(&store);
    int ret = result_store_open(*state, 3, shared, &store, &err);
    if (ret == 0)
        ret = result_store_poll(store, 1, &ref, 1, &err);
    assert_int_equal(ret, -ENOENT);
    assert_non_null(strstr(err.text, "results/r0001/index"));
    result_store_close(&store);
    result_store_close(&store); /* NULL */
}

/* Metadata operations: 1,000 frames of which 100 fill a segment. */
static void test_cost(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 12800);
    struct result_ref refs[10];
    opens = unlinks = fstats = 0;
    for (unsigned frame = 0; frame < 1000; frame += 10) {
        for (unsigned i = 0; i < 10; i++)
            append(writer, frame + i, 1);
        assert_int_equal(poll_rank(store, 0, refs, 10), 10);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(read_frame(store, &refs[i]), 0);
            assert_int_equal(result_store_done(store, &refs[i], NULL), 0);
        }
        assert_int_equal(poll_rank(store, 0, refs, 10), 0);
    }
    /* A segment: its creation, its opening, its end. A poll of a shared index: an open and an fstat. */
    assert_int_equal(opens, 10 + 10 + (shared ? 200 : 0));
    assert_int_equal(unlinks, 9);
    assert_int_equal(fstats, shared ? 200 : 0);
    result_writer_close(&writer);
    result_store_close(&store);
}

/* More segments alive than descriptors are kept: they are opened again. */
static void test_descriptors_are_bounded(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 1);
    static struct result_ref refs[300];
    for (unsigned i = 0; i < 300; i++)
        append(writer, i, 1);
    assert_int_equal(poll_rank(store, 0, refs, 300), 300);
    int first = dup(0);
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(read_frame(store, &refs[i]), 0);
    int last = dup(0);
    assert_true(last - first <= 65);
    assert_int_equal(read_frame(store, &refs[0]), 0);
    close(first);
    close(last);
    result_writer_close(&writer);
    result_store_close(&store);
}

#define THREAD_FRAMES 3000

struct pipe_line {
    struct result_store *store;
    struct result_writer *writers[3];
    struct queue *queue;
    atomic_int failed;
};

static void *write_all(void *opaque)
{
    struct pipe_line *line = opaque;
    for (unsigned i = 0; i < THREAD_FRAMES; i++)
        append(line->writers[i % 3], i, 1);
    return NULL;
}

static void *poll_all(void *opaque)
{
    struct pipe_line *line = opaque;
    for (unsigned seen = 0, rank = 0; seen < THREAD_FRAMES; rank = (rank + 1) % 3) {
        struct result_ref refs[16];
        int count = result_store_poll(line->store, rank, refs, 16, NULL);
        for (int i = 0; i < count; i++, seen++) {
            struct result_ref *copy = malloc(sizeof *copy);
            *copy = refs[i];
            queue_put(line->queue, copy, INT64_MAX);
        }
        if (count < 0)
            line->failed++;
    }
    queue_close_put(line->queue);
    return NULL;
}

static void *read_all(void *opaque)
{
    struct pipe_line *line = opaque;
    for (void *item; queue_get(line->queue, &item, INT64_MAX) == 0; free(item)) {
        uint64_t mem[16];
        if (result_store_read(line->store, item, mem, NULL) < 0 ||
            mem[15] != ((struct result_ref *)item)->frame * 1000003 ||
            result_store_done(line->store, item, NULL) < 0)
            line->failed++;
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct pipe_line line = {.store = open_store(state), .queue = queue_create(64)};
    for (unsigned i = 0; i < 3; i++)
        line.writers[i] = open_writer(state, i, 1000);
    void *(*work[4])(void *) = {write_all, poll_all, read_all, read_all};
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work[i], &line), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(line.failed, 0);
    uint64_t now, peak;
    result_store_usage(line.store, &now, &peak);
    assert_true(now <= 3 * 1024 && peak >= now);
    assert_false(is_there(segment(state, 0, 1)));
    for (unsigned i = 0; i < 3; i++)
        result_writer_close(&line.writers[i]);
    queue_destroy(line.queue);
    result_store_close(&line.store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_results_come_in_order),
        TEST(test_zeros_heal_later),
        TEST(test_short_record_heals_later),
        TEST(test_payload_heals_later),
        TEST(test_segment_that_disappears),
        TEST(test_stale_descriptor_gives_way_to_a_fresh_one),
        TEST(test_done_segments_are_removed),
        TEST(test_duplicates_are_refs_of_their_own),
        TEST(test_segment_without_a_record_is_removed),
        TEST(test_segment_that_cannot_be_removed),
        TEST(test_records_of_no_writer_are_an_error),
        TEST(test_wrong_use),
        TEST(test_cost),
        TEST(test_descriptors_are_bounded),
        TEST(test_threads),
    };
    int failed = cmocka_run_group_tests_name("local filesystem", tests, NULL, NULL);
    shared = true;
    return failed + cmocka_run_group_tests_name("shared filesystem", tests, NULL, NULL);
}
