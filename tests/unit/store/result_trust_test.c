/* The reader of results on a filesystem that shows things late, in part, not at all or wrong. */
#include "results.h"

/* What the filesystem shows of files whose names end so. */
static const char *lying_name; /* NULL: it tells the truth */
static uint64_t visible;       /* bytes of the file */
static bool zeros;             /* what is not visible reads as zeros, and the length is right */
static int open_error, fstat_error, read_error, unlink_error;

static void tell_truth(void)
{
    lying_name = NULL;
    visible = INT64_MAX;
    zeros = false;
    open_error = fstat_error = read_error = unlink_error = 0;
}

static bool lies_about(const char *path)
{
    size_t length = strlen(path), end = lying_name ? strlen(lying_name) : SIZE_MAX;
    return end <= length && strcmp(path + length - end, lying_name) == 0;
}

static bool lies(int fd)
{
    char entry[64], name[4096];
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(entry, name, sizeof name - 1);
    name[length < 0 ? 0 : length] = '\0';
    return lies_about(name);
}

static int failed(int code)
{
    errno = code;
    return -1;
}

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_unlink(const char *path);
int __real_unlink(const char *path);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
ssize_t __wrap_pread(int fd, void *mem, size_t size, off_t at);
ssize_t __real_pread(int fd, void *mem, size_t size, off_t at);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_error && lies_about(path) ? failed(open_error) : __real_open(path, flags, mode);
}

int __wrap_unlink(const char *path)
{
    return unlink_error && lies_about(path) ? failed(unlink_error) : __real_unlink(path);
}

int __wrap_fstat(int fd, struct stat *st)
{
    if (fstat_error && lies(fd))
        return failed(fstat_error);
    int ret = __real_fstat(fd, st);
    if (!zeros && lies(fd) && (uint64_t)st->st_size > visible)
        st->st_size = (off_t)visible;
    return ret;
}

ssize_t __wrap_pread(int fd, void *mem, size_t size, off_t at)
{
    if (!lies(fd))
        return __real_pread(fd, mem, size, at);
    if (read_error)
        return failed(read_error);
    ssize_t got = __real_pread(fd, mem, size, at);
    ssize_t shown = (uint64_t)at >= visible ? 0 : (ssize_t)(visible - (uint64_t)at);
    if (got <= shown)
        return got;
    memset((char *)mem + shown, 0, (size_t)(got - shown));
    return zeros ? got : shown;
}

static int setup_truth(void **state)
{
    tell_truth();
    return setup(state);
}

static int remove_truth(void **state)
{
    tell_truth();
    return scratch_remove(state);
}

/* The index comes into sight in small steps: each record once, in order, when it is whole. */
static void check_late_index(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct result_ref refs[8];
    int count = 0, step = zeros ? 16 : 1; /* one byte of a checksum may be zero, sixteen are not */
    for (unsigned i = 0; i < 5; i++)
        append(writer, i, 1);
    lying_name = "/index";
    for (visible = 0; visible <= 5 * RESULT_RECORD_BYTES; visible += (unsigned)step) {
        int some = poll_rank(store, 0, refs, 8);
        assert_int_equal(some, visible && visible % RESULT_RECORD_BYTES == 0);
        if (some)
            assert_int_equal(refs[0].frame, count++);
    }
    assert_int_equal(count, 5);
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_index_that_is_seen_late(void **state)
{
    check_late_index(state);
}

static void test_index_that_is_zeros_first(void **state)
{
    zeros = true;
    check_late_index(state);
}

/* A payload that comes into sight after its record. */
static void check_late_payload(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct result_ref refs[2];
    append(writer, 1, 1); /* frame 0 is all zeros */
    append(writer, 2, 1);
    assert_int_equal(poll_rank(store, 0, refs, 2), 2);
    lying_name = "/seg-000001";
    for (unsigned round = 0; round < 2; round++) { /* by a fresh descriptor, then by the one that is held */
        for (uint64_t bytes = 0; bytes < refs[round].length; bytes += 8) {
            visible = refs[round].offset + bytes;
            assert_int_equal(read_frame(store, &refs[round]), -EAGAIN);
        }
        visible = refs[round].offset + refs[round].length;
        assert_int_equal(read_frame(store, &refs[round]), 0);
    }
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_payload_that_is_seen_late(void **state)
{
    check_late_payload(state);
}

static void test_payload_that_is_zeros_first(void **state)
{
    zeros = true;
    check_late_payload(state);
}

static void test_stale_index(void **state)
{
    int *const errors[] = {&open_error, &fstat_error, &read_error};
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct result_ref ref;
    append(writer, 0, 1);
    for (size_t i = 0; shared && i < 3; i++) { /* a local filesystem has no such */
        lying_name = "/index";
        *errors[i] = ESTALE;
        assert_int_equal(poll_rank(store, 0, &ref, 1), 0);
        tell_truth();
    }
    assert_int_equal(poll_rank(store, 0, &ref, 1), 1);
    result_writer_close(&writer);
    result_store_close(&store);
}

static void test_stale_segment(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct vid_error err = {0};
    struct result_ref ref;
    uint64_t mem[16];
    append(writer, 0, 1);
    assert_int_equal(poll_rank(store, 0, &ref, 1), 1);
    lying_name = "/seg-000001";
    for (unsigned round = 0; round < 2; round++) { /* without a descriptor, then with one */
        open_error = ESTALE;
        read_error = round ? ESTALE : 0;
        assert_int_equal(result_store_read(store, &ref, mem, &err), -EAGAIN);
        assert_non_null(strstr(err.text, "seg-000001"));
        vid_error_clear(&err);
        open_error = 0;
        read_error = ESTALE;
        assert_int_equal(result_store_read(store, &ref, mem, &err), -EAGAIN);
        assert_non_null(strstr(err.text, strerror(ESTALE)));
        vid_error_clear(&err);
        read_error = 0;
        assert_int_equal(read_frame(store, &ref), 0);
    }
    result_writer_close(&writer);
    result_store_close(&store);
}

/* These are told: waiting does not heal them. */
static void test_io_errors(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 0);
    struct vid_error err = {0};
    struct result_ref ref;
    uint64_t mem[16];
    append(writer, 0, 1);
    lying_name = "/index";
    read_error = EIO;
    assert_int_equal(result_store_poll(store, 0, &ref, 1, &err), -EIO);
    assert_non_null(strstr(err.text, "results/r0000/index"));
    tell_truth();
    assert_int_equal(poll_rank(store, 0, &ref, 1), 1);
    lying_name = "/seg-000001";
    read_error = EIO;
    vid_error_clear(&err);
    assert_int_equal(result_store_read(store, &ref, mem, &err), -EIO);
    assert_non_null(strstr(err.text, "results/r0000"));
    tell_truth();
    assert_int_equal(read_frame(store, &ref), 0);
    result_writer_close(&writer);
    result_store_close(&store);
}

/* The caller gives up a result that never comes: its task is filtered again, by another rank. */
static void test_giving_up(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *writer = open_writer(state, 0, 1), *other = open_writer(state, 1, 0);
    struct result_ref refs[4], again;
    for (unsigned i = 0; i < 4; i++)
        append(writer, i, 1);
    assert_int_equal(poll_rank(store, 0, refs, 4), 4);
    write_at(segment(state, 0, 1), "wrong for ever", 14, 0);
    assert_int_equal(unlink(segment(state, 0, 2)), 0);
    assert_int_equal(read_frame(store, &refs[0]), -EAGAIN);
    assert_int_equal(read_frame(store, &refs[1]), -EAGAIN);
    assert_int_equal(result_store_done(store, &refs[0], NULL), 0);
    assert_false(is_there(segment(state, 0, 1)));
    assert_int_equal(result_store_done(store, &refs[1], NULL), 0);
    append(other, 1, 2);
    assert_int_equal(poll_rank(store, 1, &again, 1), 1);
    assert_int_equal(read_frame(store, &again), 0);
    lying_name = "/seg-000003";
    unlink_error = ESTALE;
    assert_int_equal(result_store_done(store, &refs[2], NULL), 0);
    assert_int_equal(io_remove_tree(in(*state, "results/r0000"), NULL), 0); /* the whole folder */
    assert_int_equal(result_store_done(store, &refs[3], NULL), 0);
    result_writer_close(&writer);
    result_writer_close(&other);
    result_store_close(&store);
}

/* A worker that was stopped past its lease goes on: its result comes behind that of a later attempt. */
static void test_late_attempt(void **state)
{
    struct result_store *store = open_store(state);
    struct result_writer *slow = open_writer(state, 0, 0), *quick = open_writer(state, 1, 0);
    struct result_ref late, first;
    append(quick, 7, 2);
    assert_int_equal(poll_rank(store, 1, &first, 1), 1);
    assert_int_equal(read_frame(store, &first), 0);
    assert_int_equal(result_store_done(store, &first, NULL), 0);
    append(slow, 7, 1);
    assert_int_equal(poll_rank(store, 0, &late, 1), 1);
    assert_int_equal(late.attempt, 1);
    assert_int_equal(read_frame(store, &late), 0);
    assert_int_equal(result_store_done(store, &late, NULL), 0);
    result_writer_close(&slow);
    result_writer_close(&quick);
    result_store_close(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_truth, remove_truth)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_index_that_is_seen_late),
        TEST(test_index_that_is_zeros_first),
        TEST(test_payload_that_is_seen_late),
        TEST(test_payload_that_is_zeros_first),
        TEST(test_stale_index),
        TEST(test_stale_segment),
        TEST(test_io_errors),
        TEST(test_giving_up),
        TEST(test_late_attempt),
    };
    int failed_tests = cmocka_run_group_tests_name("local filesystem", tests, NULL, NULL);
    shared = true;
    return failed_tests + cmocka_run_group_tests_name("shared filesystem", tests, NULL, NULL);
}
