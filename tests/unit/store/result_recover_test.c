#include "results.h"

#define PAYLOAD 128 /* bytes of one in results.h, a multiple of the alignment */

static struct result_ref given[64];
static int given_count, refuse_at;

static int take(void *opaque, const struct result_ref *ref)
{
    assert_ptr_equal(opaque, given);
    if (given_count == refuse_at)
        return -ECANCELED;
    given[given_count++] = *ref;
    return 0;
}

static void recover(struct result_store *store, uint64_t from)
{
    struct vid_error err = {0};
    given_count = 0;
    refuse_at = -1;
    if (result_store_recover(store, from, take, given, NULL, &err) < 0)
        fail_msg("%s", err.text);
}

static void assert_given(int at, uint64_t frame, uint32_t rank, uint32_t attempt)
{
    assert_true(at < given_count);
    assert_int_equal(given[at].frame, frame);
    assert_int_equal(given[at].rank, rank);
    assert_int_equal(given[at].attempt, attempt);
}

static void damage(void **state, const struct result_ref *ref)
{
    write_at(segment(state, ref->rank, ref->segment), "damage", 6, ref->offset + 5);
}

static void append_many(void **state, unsigned rank, uint64_t segment_bytes, uint64_t first, uint64_t end)
{
    struct result_writer *writer = open_writer(state, rank, segment_bytes);
    for (uint64_t frame = first; frame < end; frame++)
        append(writer, frame, 1);
    result_writer_close(&writer);
}

static void test_nothing_there(void **state)
{
    struct result_store *store = open_store(state);
    recover(store, 0);
    assert_int_equal(given_count, 0);
    result_store_close(&store);
}

static void test_each_frame_once(void **state)
{
    append_many(state, 0, 0, 0, 10);
    append_many(state, 0, 0, 5, 8); /* by a worker that replaced the first */
    append_many(state, 2, 0, 8, 12);
    struct result_store *store = open_store(state);
    recover(store, 4);
    assert_int_equal(given_count, 8);
    for (int i = 0; i < 8; i++) {
        assert_given(i, (uint64_t)i + 4, i < 6 ? 0 : 2, 1);
        assert_int_equal(read_frame(store, &given[i]), 0);
        assert_int_equal(result_store_done(store, &given[i], NULL), 0);
    }
    result_store_close(&store);
}

/* The payload of an old record that was damaged, or whose bytes were used again, or whose file has gone or is
 * too short. */
static void test_what_is_not_there_is_not_given(void **state)
{
    struct result_writer *writer = open_writer(state, 0, 4 * PAYLOAD);
    struct result_ref refs[8];
    for (unsigned i = 0; i < 8; i++)
        refs[i] = append(writer, i, 1);
    append(writer, 1, 2);
    result_writer_close(&writer);
    damage(state, &refs[1]);
    uint64_t other[PAYLOAD / 8];
    fill(other, PAYLOAD / 8, 99);
    write_at(segment(state, 0, 1), other, sizeof other, refs[2].offset);
    assert_int_equal(truncate(segment(state, 0, 1), (off_t)refs[3].offset + 8), 0);
    append_many(state, 1, 0, 3, 4);
    assert_int_equal(unlink(segment(state, 0, 2)), 0);
    struct result_store *store = open_store(state);
    recover(store, 0);
    assert_int_equal(given_count, 3);
    assert_given(0, 0, 0, 1);
    assert_given(1, 1, 0, 2); /* the next that is good */
    assert_given(2, 3, 1, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(read_frame(store, &given[i]), 0);
    result_store_close(&store);
}

/* No memory is asked for on the word of a record alone. */
static void test_length_beyond_the_file(void **state)
{
    append_many(state, 0, 0, 0, 1);
    unsigned char record[RESULT_RECORD_BYTES];
    struct result_ref ref = {.frame = 7, .attempt = 1, .segment = 1, .length = UINT64_C(1) << 62};
    result_record_encode(&ref, record);
    write_at(in(*state, "results/r0000/index"), record, sizeof record, RESULT_RECORD_BYTES);
    struct result_store *store = open_store(state);
    recover(store, 0);
    assert_int_equal(given_count, 1);
    result_store_close(&store);
}

static void test_segments_that_nobody_wants_are_removed(void **state)
{
    uint64_t now, peak;
    append_many(state, 0, 2 * PAYLOAD, 0, 8);              /* segments 1 to 4 */
    append_many(state, 1, 2 * PAYLOAD, 0, 8);              /* duplicates, and nothing else */
    write_at(segment(state, 0, 9), "of no record", 12, 0); /* its worker died too early */
    write_at(in(*state, "results/r0000/notes"), "of somebody", 11, 0);
    struct result_store *store = open_store(state);
    recover(store, 3);
    assert_int_equal(given_count, 5); /* 3 in segment 2; 4 and 5 in 3; 6 and 7 in 4 */
    assert_false(is_there(segment(state, 0, 1)));
    assert_true(is_there(segment(state, 0, 2)));
    assert_true(is_there(segment(state, 0, 4)));
    assert_false(is_there(segment(state, 0, 9)));
    assert_true(is_there(in(*state, "results/r0000/notes")));
    for (unsigned i = 1; i <= 4; i++)
        assert_false(is_there(segment(state, 1, i)));
    assert_int_equal(result_store_done(store, &given[0], NULL), 0);
    assert_false(is_there(segment(state, 0, 2)));
    assert_int_equal(result_store_done(store, &given[3], NULL), 0);
    assert_true(is_there(segment(state, 0, 4)));
    assert_int_equal(result_store_done(store, &given[4], NULL), 0);
    assert_false(is_there(segment(state, 0, 4))); /* the newest too: nobody goes on in it */
    result_store_usage(store, &now, &peak);
    assert_int_equal(now, 2 * PAYLOAD); /* segment 3 */
    result_store_close(&store);
}

static void test_polls_go_on_behind(void **state)
{
    const char *index = in(*state, "results/r0000/index");
    struct result_ref refs[4];
    append_many(state, 0, 2 * PAYLOAD, 0, 5); /* segments 1 to 3 */
    write_at(index, "torn", 4, 5 * RESULT_RECORD_BYTES);
    write_at(segment(state, 0, 7), "", 0, 0);
    struct result_store *store = open_store(state);
    recover(store, 4);
    assert_int_equal(given_count, 1);
    assert_int_equal(poll_rank(store, 0, refs, 4), 0);
    struct result_writer *writer = open_writer(state, 0, 2 * PAYLOAD);
    for (unsigned i = 5; i < 8; i++)
        append(writer, i, 1);
    assert_int_equal(poll_rank(store, 0, refs, 4), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(refs[i].frame, 5 + i);
        assert_int_equal(read_frame(store, &refs[i]), 0);
    }
    assert_int_equal(read_frame(store, &given[0]), 0);
    assert_int_equal(result_store_done(store, &given[0], NULL), 0);
    assert_false(is_there(segment(state, 0, 3)));
    assert_int_equal(result_store_done(store, &refs[0], NULL), 0);
    assert_int_equal(result_store_done(store, &refs[1], NULL), 0);
    assert_int_equal(result_store_done(store, &refs[2], NULL), 0);
    assert_true(is_there(segment(state, 0, refs[2].segment))); /* a worker may go on in it */
    assert_false(is_there(segment(state, 0, refs[0].segment)));
    result_writer_close(&writer);
    result_store_close(&store);
}

static void put_record(void **state, unsigned at, const struct result_ref *ref)
{
    unsigned char record[RESULT_RECORD_BYTES];
    result_record_encode(ref, record);
    write_at(in(*state, "results/r0000/index"), record, sizeof record, (uint64_t)at * sizeof record);
}

/* Reading ends where the rank's next worker cuts, and what no writer makes is not believed. */
static void test_damaged_index(void **state)
{
    struct result_ref stray = {.frame = 20, .attempt = 1, .rank = 1, .segment = 1}, refs[4], first;
    struct result_writer *writer = open_writer(state, 0, PAYLOAD);
    first = append(writer, 0, 1);
    append(writer, 1, 1);
    result_writer_close(&writer);
    first.frame = 5;
    put_record(state, 2, &first); /* back to segment 1 */
    stray.rank = 0;
    stray.segment = 2;
    stray.length = PAYLOAD;
    stray.payload_crc = 1;
    put_record(state, 3, &stray);
    stray.rank = 1;
    put_record(state, 4, &stray);
    put_record(state, 5, &first);
    struct result_store *store = open_store(state);
    recover(store, 0);
    assert_int_equal(given_count, 2);
    append_many(state, 0, 0, 30, 31);
    assert_int_equal(poll_rank(store, 0, refs, 4), 1);
    assert_int_equal(refs[0].frame, 30);
    result_store_close(&store);
}

static void test_caller_ends_it(void **state)
{
    append_many(state, 0, 0, 0, 5);
    struct result_store *store = open_store(state);
    given_count = 0;
    refuse_at = 3;
    assert_int_equal(result_store_recover(store, 0, take, given, NULL, NULL), -ECANCELED);
    assert_int_equal(given_count, 3);
    result_store_close(&store);
}

static void test_index_that_has_gone(void **state)
{
    struct vid_error err = {0};
    struct result_store *store = open_store(state);
    assert_int_equal(unlink(in(*state, "results/r0001/index")), 0);
    given_count = 0;
    refuse_at = -1;
    int ret = result_store_recover(store, 0, take, given, NULL, &err);
    assert_int_equal(ret, shared ? -ENOENT : 0); /* a descriptor that is held sees nothing of it */
    if (shared)
        assert_non_null(strstr(err.text, "r0001/index"));
    result_store_close(&store);
}

static int count_seen(void *opaque, const struct result_ref *ref)
{
    ((int *)opaque)[ref->frame]++;
    return 0;
}

/* More than are read at once, out of order, each of them twice. */
static void test_many(void **state)
{
    static int seen[700];
    for (unsigned rank = 0; rank < 2; rank++) {
        struct result_writer *writer = open_writer(state, rank, 50 * PAYLOAD);
        for (unsigned i = 0; i < 700; i++)
            append(writer, i * 37 % 700, 1);
        result_writer_close(&writer);
    }
    memset(seen, 0, sizeof seen);
    struct result_store *store = open_store(state);
    struct vid_error err = {0};
    assert_int_equal(result_store_recover(store, 100, count_seen, seen, NULL, &err), 0);
    for (int i = 0; i < 700; i++)
        assert_int_equal(seen[i], i >= 100);
    result_store_close(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_there),
        TEST(test_each_frame_once),
        TEST(test_what_is_not_there_is_not_given),
        TEST(test_length_beyond_the_file),
        TEST(test_segments_that_nobody_wants_are_removed),
        TEST(test_polls_go_on_behind),
        TEST(test_damaged_index),
        TEST(test_caller_ends_it),
        TEST(test_index_that_has_gone),
        TEST(test_many),
    };
    int failed = cmocka_run_group_tests_name("local filesystem", tests, NULL, NULL);
    shared = true;
    return failed + cmocka_run_group_tests_name("shared filesystem", tests, NULL, NULL);
}
