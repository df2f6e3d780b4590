#include "check.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

static void first_failure_wins(void **state)
{
    struct vid_error err = {0};

    assert_int_equal(vid_fail(&err, -ENOENT, "no %s in %d places", "file", 3), -ENOENT);
    assert_int_equal(vid_fail(&err, -EIO, "later"), -EIO);
    assert_int_equal(err.code, -ENOENT);
    assert_string_equal(err.text, "no file in 3 places");
}

static void cleared_error_takes_the_next(void **state)
{
    struct vid_error err = {0};

    vid_fail(&err, -ENOENT, "first");
    vid_error_clear(&err);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.text, "");
    vid_fail(&err, VID_EOF, "second");
    assert_int_equal(err.code, VID_EOF);
    assert_string_equal(err.text, "second");
}

static void nobody_listens(void **state)
{
    assert_int_equal(vid_fail(NULL, -EIO, "unheard"), -EIO);
    vid_error_clear(NULL);
}

static void long_text_is_cut(void **state)
{
    struct vid_error err = {0};

    vid_fail(&err, -EIO, "%2000d", 1);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_failure_wins),
        cmocka_unit_test(cleared_error_takes_the_next),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
