#include "scratch.h"

#include "store/ledger.h"
#include "store/run_dir.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER_KEY "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SINCE 1764000000 /* 2025-11-24T16:00:00Z */

static enum run_dir_state how; /* of the last open */

static struct run_dir *open_dir(const char *path, unsigned ranks, const char *key, bool restart)
{
    const struct run_dir_wish wish = {ranks, 200, key, restart};
    struct vid_error err = {0};
    struct run_dir *dir;
    if (run_dir_open(path, &wish, &dir, &how, &err) < 0)
        fail_msg("%s", err.text);
    return dir;
}

static void put(const char *folder, const char *name)
{
    write_at(in(folder, name), "x", 1, 0);
}

static void append_start(const char *path, const char *key, unsigned format, int64_t time)
{
    struct ledger *ledger;
    struct ledger_record record = {.type = LEDGER_START,
                                   .start = {key, format, "vidmpi 9.0", "node17", time, .ranks = 3}};
    assert_int_equal(ledger_open(path, &ledger, NULL), 0);
    assert_int_equal(ledger_append(ledger, &record, NULL), 0);
    ledger_close(&ledger);
}

static const char *const work[] = {"results/r0002/seg-000001", "results/r0002/index", "parts/part-000001",
                                   "faults/frame_000007.png",  "progress.json",       "ledger"};

static void check_work(const char *path, bool there)
{
    for (size_t i = 0; i < sizeof work / sizeof *work; i++) {
        if (is_there(in(path, work[i])) != there)
            fail_msg("%s: must %sbe there", work[i], there ? "" : "not ");
    }
}

/* A job of three ranks with a start record and some work, ended with KEEP_ALL. */
static const char *leave_job(void **state, const char *key, unsigned format)
{
    const char *path = in(*state, "a/run");
    struct run_dir *dir = open_dir(path, 3, key, false);
    assert_int_equal(how, RUN_DIR_FRESH);
    append_start(path, key, format, SINCE);
    for (size_t i = 0; i < sizeof work / sizeof *work - 1; i++)
        put(path, work[i]);
    run_dir_close(&dir, RUN_DIR_KEEP_ALL);
    check_work(path, true);
    assert_false(is_there(in(path, "owner")));
    return path;
}

static void test_same_key_goes_on(void **state)
{
    const char *path = leave_job(state, KEY, LEDGER_FORMAT);
    struct run_dir *dir = open_dir(path, 2, KEY, false);
    assert_int_equal(how, RUN_DIR_RESUMED);
    assert_int_equal(run_dir_ranks(dir), 3); /* one more than the job has now */
    check_work(path, true);
    assert_int_equal(file_size(in(path, "results/r0002/index")), 1);
    append_start(path, KEY, LEDGER_FORMAT, SINCE + 60);
    run_dir_close(&dir, RUN_DIR_KEEP_ALL);

    dir = open_dir(path, 5, KEY, false);
    assert_int_equal(how, RUN_DIR_RESUMED);
    assert_int_equal(run_dir_ranks(dir), 5);
    check_work(path, true);
    assert_int_equal(file_size(in(path, "results/r0004/index")), 0);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_false(is_there(path));
    assert_true(is_there(in(*state, "a"))); /* nobody knows any more who made it */
}

static void refuse(const char *path, const char *key, const char *word)
{
    const struct run_dir_wish wish = {3, 200, key, false};
    struct vid_error err = {0};
    struct run_dir *dir;
    assert_int_equal(run_dir_open(path, &wish, &dir, &how, &err), -EEXIST);
    assert_null(dir);
    if (!strstr(err.text, word) || !strstr(err.text, "-restart") || !strstr(err.text, "-run-dir"))
        fail_msg("%s", err.text);
    check_work(path, true);
    assert_false(is_there(in(path, "owner")));
}

static void test_other_key_is_refused(void **state)
{
    const char *path = leave_job(state, KEY, LEDGER_FORMAT);
    refuse(path, OTHER_KEY, "of another command, begun 2025-11-24T16:00:00Z, last on node17");
    refuse(path, NULL, "of another command");
    append_start(path, KEY, LEDGER_FORMAT, SINCE + 60);
    refuse(path, OTHER_KEY, "begun 2025-11-24T16:00:00Z");
    append_start(path, OTHER_KEY, LEDGER_FORMAT, SINCE + 60); /* the last one counts */
    refuse(path, KEY, "of another command");
}

static void test_other_format_is_refused(void **state)
{
    const char *path = leave_job(state, KEY, LEDGER_FORMAT + 1);
    refuse(path, KEY, "of another version, vidmpi 9.0");
}

static void test_restart_begins_anew(void **state)
{
    static const char *const keys[] = {KEY, OTHER_KEY, NULL};
    for (size_t i = 0; i < 3; i++) {
        const char *path = leave_job(state, KEY, LEDGER_FORMAT + (unsigned)i);
        struct run_dir *dir = open_dir(path, 1, keys[i], true);
        assert_int_equal(how, RUN_DIR_FRESH);
        assert_int_equal(run_dir_ranks(dir), 1);
        check_work(path, false);
        run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    }
}

/* Nobody can go on with these: they are cleared away. */
static void test_left_overs(void **state)
{
    const char *path = leave_job(state, KEY, LEDGER_FORMAT);
    put(path, "manifest.json");
    struct run_dir *dir = open_dir(path, 3, KEY, false);
    assert_int_equal(how, RUN_DIR_FRESH); /* it had ended */
    assert_false(is_there(in(path, "manifest.json")));
    assert_false(is_there(in(path, "ledger")));
    run_dir_close(&dir, RUN_DIR_KEEP_ALL);

    leave_job(state, "", LEDGER_FORMAT); /* of a pipe */
    dir = open_dir(path, 1, KEY, false);
    assert_int_equal(how, RUN_DIR_FRESH);
    check_work(path, false);
    run_dir_close(&dir, RUN_DIR_KEEP_ALL);

    leave_job(state, KEY, LEDGER_FORMAT); /* killed while it wrote its first record */
    assert_int_equal(truncate(in(path, "ledger"), 100), 0);
    dir = open_dir(path, 1, KEY, false);
    assert_int_equal(how, RUN_DIR_FRESH);
    check_work(path, false);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
}

static void test_files_of_others_stop_a_resume(void **state)
{
    const char *path = leave_job(state, KEY, LEDGER_FORMAT);
    const struct run_dir_wish wish = {3, 200, KEY, false};
    struct run_dir *dir;
    put(path, "holiday.jpg");
    assert_int_equal(run_dir_open(path, &wish, &dir, &how, NULL), -ENOTEMPTY);
    check_work(path, true);
}

/* What fails after the decision to go on leaves everything as it was. */
static void test_failed_resume_keeps_all(void **state)
{
    mount_small(*state, "size=1m,nr_inodes=20"); /* the job has 18, its lock, and r0003 without its index */
    const char *path = leave_job(state, KEY, LEDGER_FORMAT);
    const struct run_dir_wish wish = {5, 200, KEY, false};
    struct vid_error err = {0};
    struct run_dir *dir;
    int ret = run_dir_open(path, &wish, &dir, &how, &err);
    if (ret != -ENOSPC)
        fail_msg("%d, \"%s\"", ret, err.text);
    check_work(path, true);
    assert_false(is_there(in(path, "owner")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_same_key_goes_on),
        TEST(test_other_key_is_refused),
        TEST(test_other_format_is_refused),
        TEST(test_restart_begins_anew),
        TEST(test_left_overs),
        TEST(test_files_of_others_stop_a_resume),
        TEST(test_failed_resume_keeps_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
