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

static void travels_as_text(void **state)
{
    struct vid_error err = {0}, there;
    char text[1100];

    vid_fail(&err, -ENOSPC, "writing 12 bytes to /a b: no space");
    vid_error_decode(vid_error_encode(&err, text, sizeof(text)), &there);
    assert_int_equal(there.code, -ENOSPC);
    assert_string_equal(there.text, err.text);
    vid_error_decode(vid_error_encode(&err, text, 14), &there);
    assert_string_equal(there.text, "writing 1");
}

static void text_without_a_code_is_a_sentence(void **state)
{
    static const char *const texts[] = {"it broke", "3 men", "-3men", ""};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct vid_error err;

        vid_error_decode(texts[i], &err);
        assert_int_equal(err.code, -EIO);
        assert_string_equal(err.text, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_failure_wins), cmocka_unit_test(cleared_error_takes_the_next),
        cmocka_unit_test(nobody_listens),     cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(travels_as_text),    cmocka_unit_test(text_without_a_code_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
