#include "run_dirs.h"

#include "store/run_tree.h"

static void test_layout_and_nothing_left(void **state)
{
    const char *path = in(*state, "a/b//c/");
    struct run_dir *dir = create(path, 3);
    assert_string_equal(run_dir_path(dir), in(*state, "a/b//c"));
    assert_int_equal(file_size(in(*state, "a/b/c/results/r0000/index")), 0);
    assert_int_equal(file_size(in(*state, "a/b/c/results/r0002/index")), 0);
    assert_false(is_there(in(*state, "a/b/c/results/r0003")));
    assert_true(is_there(in(*state, "a/b/c/preview")));
    assert_true(is_there(in(*state, "a/b/c/faults")));
    assert_true(is_there(in(*state, "a/b/c/parts")));
    assert_int_equal(file_size(in(*state, "a/b/c/owner")), RUN_OWNER_BYTES);
    put(*state, "a/b/c/results/r0001/seg-000001");
    put(*state, "a/b/c/progress.json");
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_null(dir);
    assert_false(is_there(in(*state, "a")));
    assert_true(is_there(*state));
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING); /* NULL */
}

static void test_keep(void **state)
{
    const char *path = in(*state, "run");
    struct run_dir *dir = create(path, 2);
    put(path, "results/r0001/seg-000001");
    assert_int_equal(mkdir(in(path, "results/png"), 0777), 0);
    put(path, "results/png/frame_000042.png");
    put(path, "preview/latest.png");
    put(path, "faults/frame-000042.raw");
    put(path, "parts/part-000001");
    put(path, "ledger");
    put(path, "progress.json");
    put(path, "manifest.json");
    run_dir_close(&dir, RUN_DIR_KEEP_REPORT);
    assert_false(is_there(in(path, "owner")));
    assert_false(is_there(in(path, "results/r0000")));
    assert_true(is_there(in(path, "results/png/frame_000042.png")));
    assert_true(is_there(in(path, "preview/latest.png")));
    assert_true(is_there(in(path, "faults/frame-000042.raw")));
    assert_false(is_there(in(path, "parts")));
    assert_false(is_there(in(path, "ledger")));
    assert_true(is_there(in(path, "progress.json")));
    assert_true(is_there(in(path, "manifest.json")));

    dir = create(path, 1); /* again: an old manifest would tell of a success */
    assert_false(is_there(in(path, "manifest.json")));
    assert_false(is_there(in(path, "results/png")));
    run_dir_close(&dir, RUN_DIR_KEEP_REPORT);
    assert_false(is_there(path));
}

static void test_folder_of_the_user_stays(void **state)
{
    const char *path = in(*state, "mine");
    assert_int_equal(mkdir(path, 0777), 0);
    struct run_dir *dir = create(path, 1);
    put(path, "notes.txt"); /* while the job runs */
    put(path, "results/r0000/mine");
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_true(is_there(in(path, "notes.txt")));
    assert_true(is_there(in(path, "results/r0000/mine")));
    assert_false(is_there(in(path, "results/r0000/index")));
    assert_false(is_there(in(path, "owner")));
}

static void test_empty_folder_of_the_user_stays(void **state)
{
    const char *path = in(*state, "mine");
    assert_int_equal(mkdir(path, 0777), 0);
    struct run_dir *dir = create(path, 1);
    run_dir_close(&dir, RUN_DIR_KEEP_NOTHING);
    assert_true(is_there(path));
    assert_int_equal(rmdir(path), 0);
}

static void test_other_files_are_not_touched(void **state)
{
    static const char *const others[] = {"film.mkv", "results/frame_000001.png", "results/r0001/holiday.jpg"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *path = in(*state, "run");
        assert_int_equal(io_make_dirs(in(path, "results/r0001"), NULL), 0);
        put(path, "results/r0001/index");
        put(path, others[i]);
        refuse(path, -ENOTEMPTY, others[i]);
        assert_true(is_there(in(path, others[i])));
        assert_true(is_there(in(path, "results/r0001/index")));
        assert_false(is_there(in(path, "owner")));
        assert_int_equal(io_remove_tree(path, NULL), 0);
    }
    assert_int_equal(mkdir(in(*state, "run"), 0777), 0);
    assert_int_equal(mkdir(in(*state, "elsewhere"), 0777), 0);
    put(*state, "elsewhere/index");
    assert_int_equal(symlink("../elsewhere", in(*state, "run/results")), 0);
    refuse(in(*state, "run"), -ENOTEMPTY, "results");
    assert_true(is_there(in(*state, "elsewhere/index")));
}

static void test_known_names(void **state)
{
    assert_true(run_tree_knows("results/r0003/seg-000001", false));
    assert_true(run_tree_knows("results/r12345/index", false));
    assert_true(run_tree_knows("parts/part-000001", false));
    assert_true(run_tree_knows("parts/part-000001.mkv", false));
    assert_true(run_tree_knows("faults/frame_000001.png", false));
    assert_false(run_tree_knows("faults/a/b", false));
    assert_true(run_tree_knows("preview", true));
    assert_false(run_tree_knows("preview", false));
    assert_false(run_tree_knows("results", false));
    assert_false(run_tree_knows("ledger", true));
    assert_false(run_tree_knows("results/r/index", false));
    assert_false(run_tree_knows("results/r1x/index", false));
    assert_false(run_tree_knows("results/r1/index2", false));
    assert_false(run_tree_knows("parts/part-1.", false));
    assert_false(run_tree_knows("owner.old", false));
}

static void test_bad_paths(void **state)
{
    refuse("", -EINVAL, "empty");
    put(*state, "file");
    refuse(in(*state, "file"), -ENOTDIR, "not a folder");
    refuse(in(*state, "file/run"), -ENOTDIR, "not a folder");
    refuse(in(*state, "made/../file/run"), -ENOTDIR, "not a folder");
    refuse("/proc/vidmpi/run", -ENOENT, "/proc/vidmpi");
}

static void test_read_only_filesystem(void **state)
{
    mount_small(*state, "size=64k,ro");
    refuse(in(*state, "a/run"), -EROFS, in(*state, "a"));
}

static void test_full_disk(void **state)
{
    mount_small(*state, "size=64k,nr_inodes=8"); /* the root, run, owner, four folders, r0000 */
    refuse(in(*state, "run"), -ENOSPC, "results/r0000/index");
    assert_false(is_there(in(*state, "run")));
    put(*state, "1");
    put(*state, "2");
    put(*state, "3");
    put(*state, "4");
    put(*state, "5");
    put(*state, "6");
    refuse(in(*state, "run"), -ENOSPC, "run/owner");
    assert_false(is_there(in(*state, "run")));
    assert_int_equal(unlink(in(*state, "1")), 0);
    char *mem = calloc(1, 1 << 16);
    int fd = open(in(*state, "2"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(io_pwrite(fd, mem, 1 << 16, 0), -ENOSPC); /* fills what is left */
    close(fd);
    free(mem);
    refuse(in(*state, "run"), -ENOSPC, "202 bytes");
    assert_false(is_there(in(*state, "run")));
    assert_int_equal(run_dir_free_bytes(in(*state, "run/below")), 0);
}

static void test_filesystem(void **state)
{
    assert_true(run_dir_is_shared("/proc"));
    assert_true(run_dir_free_bytes(*state) > 0);
    assert_true(run_dir_free_bytes("no/such/folder/here") > 0);
    assert_int_equal(run_dir_free_bytes("/dev/null/run"), -ENOTDIR);
    mount_small(*state, "size=1m");
    assert_false(run_dir_is_shared(*state));
    assert_false(run_dir_is_shared(in(*state, "not/yet//there/")));
    assert_int_equal(run_dir_free_bytes(in(*state, "not/yet")), 1 << 20);
    struct vid_error err = {0};
    assert_int_equal(run_dir_check_space(in(*state, "not/yet"), 1 << 20, &err), 0);
    assert_int_equal(run_dir_check_space(in(*state, "not/yet"), (1 << 20) + 1, &err), -ENOSPC);
    assert_non_null(strstr(err.text, in(*state, "not/yet")));
    assert_non_null(strstr(err.text, "(1048577 bytes) are needed"));
    assert_non_null(strstr(err.text, "(1048576 bytes) are free"));
    assert_int_equal(run_dir_check_space("/dev/null/run", 0, NULL), -ENOTDIR);
}

static void test_codes_of_the_place(void **state)
{
    static const int failed[] = {ENOSPC, EDQUOT, EIO, EROFS, ENOENT, ESTALE};
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++)
        assert_true(run_dir_place_failed(-failed[i]));
    assert_false(run_dir_place_failed(0));
    assert_false(run_dir_place_failed(-EAGAIN));
    assert_false(run_dir_place_failed(-EBADMSG));
    assert_false(run_dir_place_failed(-ENOMEM));
    assert_false(run_dir_place_failed(VID_EOF));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_layout_and_nothing_left),
        TEST(test_keep),
        TEST(test_folder_of_the_user_stays),
        TEST(test_empty_folder_of_the_user_stays),
        TEST(test_other_files_are_not_touched),
        cmocka_unit_test(test_known_names),
        TEST(test_bad_paths),
        TEST(test_read_only_filesystem),
        TEST(test_full_disk),
        TEST(test_filesystem),
        cmocka_unit_test(test_codes_of_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
