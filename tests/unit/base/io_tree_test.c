#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void touch(const char *path)
{
    assert_int_equal(io_write_file(path, "", 0, false, NULL), 0);
}

static void dirs_are_made(void **state)
{
    struct vid_error err = {0};
    struct stat st;

    assert_int_equal(io_make_dirs(in_folder(state, "a/b//c/"), &err), 0);
    assert_int_equal(stat(in_folder(state, "a/b/c"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(io_make_dirs(in_folder(state, "a/b/c"), &err), 0);
    assert_int_equal(io_make_dirs("/", &err), 0);
    assert_int_equal(err.code, 0);
}

static void dirs_that_cannot_be(void **state)
{
    struct vid_error err = {0};

    touch(in_folder(state, "file"));
    assert_int_equal(io_make_dirs(in_folder(state, "file/below"), &err), -ENOTDIR);
    assert_non_null(strstr(err.text, in_folder(state, "file")));
    assert_int_equal(io_make_dirs(in_folder(state, "file"), NULL), -ENOTDIR);
    assert_int_equal(io_make_dirs("", NULL), -ENOENT);
    assert_int_equal(io_make_dirs("/proc/none/x", NULL), -ENOENT);
}

static void tree_is_removed(void **state)
{
    struct vid_error err = {0};
    char name[32];

    io_make_dirs(in_folder(state, "t/a/b/c"), NULL);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "t/a/b/%03d", i);
        touch(in_folder(state, name));
    }
    touch(in_folder(state, "t/.hidden"));
    assert_int_equal(io_remove_tree(in_folder(state, "t"), &err), 0);
    assert_int_equal(access(in_folder(state, "t"), F_OK), -1);
    assert_int_equal(io_remove_tree(in_folder(state, "t"), &err), 0); /* not there: no error */
    touch(in_folder(state, "file"));
    assert_int_equal(io_remove_tree(in_folder(state, "file"), &err), 0);
    assert_int_equal(access(in_folder(state, "file"), F_OK), -1);
    assert_int_equal(err.code, 0);
}

static void links_are_not_followed(void **state)
{
    io_make_dirs(in_folder(state, "outside"), NULL);
    touch(in_folder(state, "outside/precious"));
    io_make_dirs(in_folder(state, "t"), NULL);
    assert_int_equal(symlink(in_folder(state, "outside"), in_folder(state, "t/link")), 0);
    assert_int_equal(symlink("t", in_folder(state, "top")), 0);
    assert_int_equal(io_remove_tree(in_folder(state, "t"), NULL), 0);
    assert_int_equal(access(in_folder(state, "outside/precious"), F_OK), 0);
    assert_int_equal(access(in_folder(state, "t"), F_OK), -1);
    assert_int_equal(symlink("outside", in_folder(state, "link")), 0);
    assert_int_equal(io_remove_tree(in_folder(state, "link"), NULL), 0);
    assert_int_equal(access(in_folder(state, "outside/precious"), F_OK), 0);
}

static void tree_that_cannot_go(void **state)
{
    struct vid_error err = {0};

    assert_true(io_remove_tree("/proc/self/status", &err) < 0);
    assert_non_null(strstr(err.text, "/proc/self/status"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folder(dirs_are_made),
        with_folder(dirs_that_cannot_be),
        with_folder(tree_is_removed),
        with_folder(links_are_not_followed),
        cmocka_unit_test(tree_that_cannot_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
