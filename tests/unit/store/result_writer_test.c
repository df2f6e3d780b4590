#include "scratch.h"

#include "base/clock.h"
#include "base/crc32c.h"
#include "store/result_writer.h"

#include <signal.h>
#include <sys/resource.h>

/* fdatasync as the writer sees it: the sizes of the index at each call, and a failure on demand. */
static struct {
    int calls, fail_at; /* fail_at: which call fails, from 1; 0: none */
    const char *index;
    int64_t index_size[8];
} syncs;

int __wrap_fdatasync(int fd);
int __real_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
    if (syncs.index && syncs.calls < 8)
        syncs.index_size[syncs.calls] = file_size(syncs.index);
    if (++syncs.calls == syncs.fail_at) {
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

static char index_path[4200], rank_path[4096];

static int setup(void **state)
{
    memset(&syncs, 0, sizeof syncs);
    if (scratch_make(state) < 0)
        return -1;
    snprintf(rank_path, sizeof rank_path, "%s/results/r0002", (char *)*state);
    snprintf(index_path, sizeof index_path, "%s/index", rank_path);
    return 0;
}

static struct result_writer *open_writer(void **state, const struct result_writer_options *options)
{
    struct vid_error err = {0};
    struct result_writer *writer;
    if (result_writer_open(*state, 2, options, &writer, &err) < 0)
        fail_msg("%s", err.text);
    return writer;
}

static int append(struct result_writer *writer, uint64_t frame, const void *mem, size_t size,
                  struct result_ref *ref, struct vid_error *err)
{
    struct iovec iov = {(void *)(uintptr_t)mem, size};
    *ref = (struct result_ref){.frame = frame, .attempt = 1};
    return result_writer_append(writer, ref, &iov, 1, err);
}

static struct result_ref append_ok(struct result_writer *writer, uint64_t frame, const char *text)
{
    struct vid_error err = {0};
    struct result_ref ref;
    if (append(writer, frame, text, strlen(text), &ref, &err) < 0)
        fail_msg("%s", err.text);
    return ref;
}

/* Record `number` of the index; false when it is not whole. */
static bool record_at(unsigned number, struct result_ref *ref)
{
    unsigned char record[RESULT_RECORD_BYTES];
    if (file_size(index_path) < (int64_t)(number + 1) * RESULT_RECORD_BYTES)
        return false;
    read_at(index_path, record, sizeof record, number * sizeof record);
    return result_record_decode(record, ref);
}

static void test_payload_and_record_are_there(void **state)
{
    make_indexes(*state, 3);
    struct result_writer *writer = open_writer(state, NULL);
    assert_false(is_there(in(rank_path, "seg-000001"))); /* a rank without work makes no file */
    struct iovec iov[2] = {{(char[]){"hello "}, 6}, {(char[]){"world"}, 5}};
    struct result_ref ref = {.frame = 7, .attempt = 2}, seen;
    int64_t before = clock_wall();
    assert_int_equal(result_writer_append(writer, &ref, iov, 2, NULL), 0);
    assert_int_equal(append_ok(writer, 8, "next").offset, 64);

    assert_true(record_at(0, &seen));
    assert_int_equal(seen.frame, 7);
    assert_int_equal(seen.attempt, 2);
    assert_int_equal(seen.rank, 2);
    assert_int_equal(seen.segment, 1);
    assert_int_equal(seen.offset, 0);
    assert_int_equal(seen.length, 11);
    assert_int_equal(seen.payload_crc, crc32c(0, "hello world", 11));
    assert_true(seen.published >= before && seen.published <= clock_wall());
    assert_true(record_at(1, &seen));
    assert_false(record_at(2, &seen));
    char text[4];
    read_at(in(rank_path, "seg-000001"), text, 4, 64);
    assert_memory_equal(text, "next", 4);
    assert_int_equal(result_writer_published(writer), 2);
    assert_int_equal(result_writer_due(writer), INT64_MAX);
    assert_int_equal(syncs.calls, 0);
    result_writer_close(&writer);
    assert_null(writer);
}

static void test_full_segment_is_followed(void **state)
{
    make_indexes(*state, 3);
    struct result_writer *writer = open_writer(state, &(struct result_writer_options){.segment_bytes = 70});
    assert_int_equal(append_ok(writer, 0, "a").segment, 1);
    assert_int_equal(append_ok(writer, 1, "0123456789").segment, 1); /* ends at 74 */
    struct result_ref ref = append_ok(writer, 2, "b");
    assert_int_equal(ref.segment, 2);
    assert_int_equal(ref.offset, 0);
    result_writer_close(&writer);
}

static void test_large_payloads_make_large_segments(void **state)
{
    make_indexes(*state, 3);
    struct result_writer_options options = {.durable = true};
    struct result_writer *writer = open_writer(state, &options);
    size_t piece = 160 << 10;
    char *mem = calloc(1, piece);
    assert_non_null(mem);
    for (unsigned frame = 0; frame <= 40; frame++) { /* of 2.5 MiB: 40 are 100 MiB */
        struct iovec iov[16];
        for (int i = 0; i < 16; i++)
            iov[i] = (struct iovec){mem, piece};
        struct result_ref ref = {.frame = frame, .attempt = 1};
        assert_int_equal(result_writer_append(writer, &ref, iov, 16, NULL), 0);
        assert_int_equal(ref.segment, frame < 40 ? 1 : 2);
    }
    free(mem);
    result_writer_close(&writer);
}

static void test_released_bytes_are_written_again(void **state)
{
    make_indexes(*state, 3);
    struct result_writer *writer = open_writer(state, NULL);
    char mem[100] = "";
    struct result_ref ref;
    for (unsigned frame = 0; frame < 4; frame++)
        assert_int_equal(append(writer, frame, mem, sizeof mem, &ref, NULL), 0);
    assert_int_equal(ref.offset, 3 * 128);
    assert_int_equal(append_ok(writer, 4, "needed").offset, 4 * 128);
    result_writer_release(writer, 2); /* frames 0 and 1: 256 bytes at the front */
    assert_int_equal(append_ok(writer, 5, "a").offset, 0);
    assert_int_equal(append(writer, 6, mem, sizeof mem, &ref, NULL), 0);
    assert_int_equal(ref.offset, 64);
    assert_int_equal(append(writer, 7, mem, sizeof mem, &ref, NULL), 0); /* only 64 bytes are left there */
    assert_int_equal(ref.offset, 4 * 128 + 64);
    assert_int_equal(ref.segment, 1);
    read_at(in(rank_path, "seg-000001"), mem, 6, 4 * 128);
    assert_memory_equal(mem, "needed", 6);
    result_writer_close(&writer);
}

static void test_a_segment_stays_small(void **state)
{
    make_indexes(*state, 3);
    struct result_writer *writer = open_writer(state, NULL);
    for (unsigned frame = 0; frame < 1000; frame++) {
        result_writer_release(writer, frame < 10 ? 0 : frame - 10);
        append_ok(writer, frame, "payload");
    }
    assert_true(file_size(in(rank_path, "seg-000001")) <= 11 * RESULT_PAYLOAD_ALIGN);
    result_writer_close(&writer);
}

static void test_replaced_worker_goes_on(void **state)
{
    make_indexes(*state, 3);
    struct result_ref seen;
    struct result_writer *writer = open_writer(state, NULL);
    append_ok(writer, 0, "old");
    result_writer_close(&writer);
    write_at(in(rank_path, "seg-000004"), "no record", 9, 0); /* the old one died before its first record */
    writer = open_writer(state, NULL);
    assert_int_equal(append_ok(writer, 1, "new").segment, 5);
    assert_int_equal(result_writer_published(writer), 1);
    result_writer_close(&writer);
    assert_true(record_at(0, &seen) && seen.frame == 0 && seen.segment == 1);
    assert_true(record_at(1, &seen) && seen.frame == 1 && seen.segment == 5);

    /* Removed segments are not made again: the index still names them. */
    assert_int_equal(unlink(in(rank_path, "seg-000004")), 0);
    assert_int_equal(unlink(in(rank_path, "seg-000005")), 0);
    writer = open_writer(state, NULL);
    assert_int_equal(append_ok(writer, 2, "newer").segment, 6);
    result_writer_close(&writer);
}

static void test_torn_record_is_overwritten_and_the_rest_cut(void **state)
{
    make_indexes(*state, 3);
    struct result_ref seen;
    struct result_writer *writer = open_writer(state, NULL);
    for (unsigned i = 0; i < 3; i++)
        append_ok(writer, i, "x");
    result_writer_close(&writer);
    write_at(index_path, "torn", 4, RESULT_RECORD_BYTES + 30);
    write_at(index_path, "short", 5, 3 * RESULT_RECORD_BYTES);
    writer = open_writer(state, NULL);
    append_ok(writer, 77, "y");
    result_writer_close(&writer);
    assert_true(record_at(1, &seen) && seen.frame == 77);
    assert_int_equal(file_size(index_path), 2 * RESULT_RECORD_BYTES);
}

static void test_no_index_is_an_error(void **state)
{
    struct vid_error err = {0};
    struct result_writer *writer;
    assert_int_equal(result_writer_open(*state, 2, NULL, &writer, &err), -ENOENT);
    assert_null(writer);
    assert_non_null(strstr(err.text, index_path));
    make_indexes(*state, 3);
    writer = open_writer(state, NULL);
    struct result_ref ref = {0};
    assert_int_equal(result_writer_append(writer, &ref, NULL, 1025, NULL), -EINVAL);
    result_writer_close(&writer);
    result_writer_close(&writer); /* NULL */
}

static const struct result_writer_options durable = {
    .durable = true, .batch = 3, .batch_ns = NS_PER_S * 1000};

static void test_durable_syncs_payloads_before_records(void **state)
{
    make_indexes(*state, 3);
    syncs.index = index_path;
    struct result_writer *writer = open_writer(state, &durable);
    append_ok(writer, 0, "a");
    append_ok(writer, 1, "b");
    assert_true(result_writer_due(writer) > clock_now());
    assert_int_equal(result_writer_sync(writer, false, NULL), 0);
    assert_int_equal(result_writer_published(writer), 0);
    assert_int_equal(file_size(index_path), 0);

    append_ok(writer, 2, "c"); /* the batch is full */
    assert_true(result_writer_due(writer) <= clock_now());
    assert_int_equal(result_writer_sync(writer, false, NULL), 0);
    assert_int_equal(result_writer_published(writer), 3);
    assert_int_equal(syncs.calls, 2);
    assert_int_equal(syncs.index_size[0], 0);                       /* segment before records */
    assert_int_equal(syncs.index_size[1], 3 * RESULT_RECORD_BYTES); /* index after them */

    for (unsigned i = 3; i < 7; i++) /* nobody calls sync: the fourth finds the batch full */
        append_ok(writer, i, "d");
    assert_int_equal(result_writer_published(writer), 6);
    assert_int_equal(result_writer_sync(writer, true, NULL), 0);
    assert_int_equal(result_writer_published(writer), 7);
    assert_int_equal(result_writer_sync(writer, true, NULL), 0);
    assert_int_equal(syncs.calls, 6);
    append_ok(writer, 8, "never");
    result_writer_close(&writer); /* publishes nothing more */
    assert_int_equal(file_size(index_path), 7 * RESULT_RECORD_BYTES);
}

static void test_durable_batch_gets_old(void **state)
{
    make_indexes(*state, 3);
    struct result_writer *writer =
        open_writer(state, &(struct result_writer_options){.durable = true, .batch_ns = 1});
    append_ok(writer, 0, "a");
    clock_sleep_until(result_writer_due(writer));
    assert_int_equal(result_writer_sync(writer, false, NULL), 0);
    assert_int_equal(result_writer_published(writer), 1);
    result_writer_close(&writer);
}

static void test_durable_publishes_before_the_next_segment(void **state)
{
    make_indexes(*state, 3);
    struct result_writer_options options = durable;
    options.segment_bytes = 1;
    struct result_writer *writer = open_writer(state, &options);
    append_ok(writer, 0, "a");
    assert_int_equal(append_ok(writer, 1, "b").segment, 2);
    assert_int_equal(result_writer_published(writer), 1);
    result_writer_close(&writer);
}

static void failed_sync(void **state, int which)
{
    make_indexes(*state, 3);
    struct vid_error err = {0};
    struct result_ref ref;
    struct result_writer *writer = open_writer(state, &durable);
    append_ok(writer, 0, "a");
    syncs.fail_at = which;
    assert_int_equal(result_writer_sync(writer, true, &err), -EIO);
    assert_non_null(strstr(err.text, which == 1 ? "seg-000001" : "index"));
    assert_int_equal(result_writer_published(writer), 0);
    vid_error_clear(&err);
    assert_int_equal(append(writer, 1, "b", 1, &ref, &err), -EIO); /* a second fdatasync would lie */
    assert_non_null(strstr(err.text, "no more results"));
    assert_int_equal(result_writer_sync(writer, true, NULL), -EIO);
    assert_int_equal(result_writer_published(writer), 0);
    result_writer_close(&writer);
}

static void test_failed_sync_of_payloads_publishes_nothing(void **state)
{
    failed_sync(state, 1);
    assert_int_equal(file_size(index_path), 0);
}

static void test_failed_sync_of_records_counts_nothing(void **state)
{
    failed_sync(state, 2);
}

static void test_full_disk(void **state)
{
    mount_small(*state, "size=256k");
    make_indexes(*state, 3);
    struct vid_error err = {0};
    struct result_ref ref, seen;
    struct result_writer *writer = open_writer(state, NULL);
    char *mem = calloc(1, 1 << 20);
    assert_non_null(mem);
    append_ok(writer, 0, "small");
    assert_int_equal(append(writer, 1, mem, 1 << 20, &ref, &err), -ENOSPC);
    assert_non_null(strstr(err.text, "1048576 bytes"));
    assert_non_null(strstr(err.text, in(rank_path, "seg-000001")));
    assert_non_null(strstr(err.text, strerror(ENOSPC)));
    assert_int_equal(result_writer_published(writer), 1);
    assert_false(record_at(1, &seen));
    assert_int_equal(file_size(in(rank_path, "seg-000001")), 5); /* the space is given back */
    assert_int_equal(append_ok(writer, 2, "fits again").offset, 64);
    assert_true(record_at(1, &seen) && seen.frame == 2);
    free(mem);
    result_writer_close(&writer);
}

static void limit_file_size(uint64_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_index_that_takes_no_record(void **state)
{
    make_indexes(*state, 3);
    struct vid_error err = {0};
    struct result_ref ref, seen;
    struct result_writer *writer = open_writer(state, NULL);
    for (unsigned i = 0; i < 8; i++)
        append_ok(writer, i, "");
    limit_file_size(8 * RESULT_RECORD_BYTES + 20); /* 20 bytes of the next record are written */
    int ret = append(writer, 8, "lost", 4, &ref, &err);
    limit_file_size(0);
    assert_int_equal(ret, -EFBIG);
    assert_int_equal(ref.offset, 8 * RESULT_PAYLOAD_ALIGN);
    assert_non_null(strstr(err.text, index_path));
    assert_non_null(strstr(err.text, "64 bytes"));
    assert_int_equal(result_writer_published(writer), 8);
    assert_false(record_at(8, &seen));
    assert_int_equal(append_ok(writer, 9, "kept").offset, ref.offset); /* over the payload without a record */
    assert_true(record_at(8, &seen) && seen.frame == 9);
    result_writer_close(&writer);
}

static void test_durable_records_are_tried_again(void **state)
{
    make_indexes(*state, 3);
    struct vid_error err = {0};
    struct result_ref seen;
    struct result_writer *writer = open_writer(state, &durable);
    for (unsigned i = 0; i < 3; i++)
        append_ok(writer, i, "");
    limit_file_size(RESULT_RECORD_BYTES + 1);
    int ret = result_writer_sync(writer, true, &err);
    limit_file_size(0);
    assert_int_equal(ret, -EFBIG);
    assert_int_equal(result_writer_published(writer), 0);
    assert_true(record_at(0, &seen)); /* a reader may have taken it */
    int64_t published = seen.published;
    assert_int_equal(result_writer_sync(writer, true, NULL), 0);
    assert_int_equal(result_writer_published(writer), 3);
    assert_true(record_at(0, &seen) && seen.published == published);
    assert_true(record_at(2, &seen));
    result_writer_close(&writer);
}

static void test_folder_that_takes_no_segment(void **state)
{
    mount_small(*state, "size=256k");
    make_indexes(*state, 3);
    struct vid_error err = {0};
    struct result_ref ref;
    struct result_writer *writer = open_writer(state, NULL);
    /* A descriptor that is open for writing keeps the remount from working: the segment's turn first. */
    result_writer_close(&writer);
    write_at(in(rank_path, "seg-000001"), "x", 1, 0);
    assert_int_equal(mount("none", *state, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(result_writer_open(*state, 2, NULL, &writer, &err), -EROFS);
    assert_non_null(strstr(err.text, index_path));
    assert_int_equal(mount("none", *state, NULL, MS_REMOUNT, NULL), 0);

    vid_error_clear(&err);
    writer = open_writer(state, NULL);
    assert_int_equal(rename(rank_path, in(*state, "away")), 0);
    assert_int_equal(append(writer, 0, "x", 1, &ref, &err), -ENOENT);
    assert_non_null(strstr(err.text, "seg-000002"));
    assert_int_equal(result_writer_published(writer), 0);
    result_writer_close(&writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_payload_and_record_are_there),
        TEST(test_full_segment_is_followed),
        TEST(test_large_payloads_make_large_segments),
        TEST(test_replaced_worker_goes_on),
        TEST(test_torn_record_is_overwritten_and_the_rest_cut),
        TEST(test_no_index_is_an_error),
        TEST(test_released_bytes_are_written_again),
        TEST(test_a_segment_stays_small),
        TEST(test_durable_syncs_payloads_before_records),
        TEST(test_durable_batch_gets_old),
        TEST(test_durable_publishes_before_the_next_segment),
        TEST(test_failed_sync_of_payloads_publishes_nothing),
        TEST(test_failed_sync_of_records_counts_nothing),
        TEST(test_full_disk),
        TEST(test_index_that_takes_no_record),
        TEST(test_durable_records_are_tried_again),
        TEST(test_folder_that_takes_no_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
