#include "check.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"crf",      "preset", "pix_fmt", "filter_threads",
                                    "frames:v", "an",     "b:v",     NULL};

static void check_nearest(const char *word, const char *name)
{
    const char *got = text_nearest(word, names);

    if (name)
        assert_string_equal(got, name);
    else
        assert_null(got);
}

static void nearest(void **state)
{
    check_nearest("crf", "crf");
    check_nearest("cfr", "crf");
    check_nearest("prset", "preset");
    check_nearest("presset", "preset");
    check_nearest("pixfmt", "pix_fmt");
    check_nearest("filter_thread", "filter_threads");
    check_nearest("fliter_htreads", "filter_threads");
    check_nearest("frames:a", "frames:v");
}

static void nothing_near(void **state)
{
    char word[500];

    check_nearest("", NULL);
    check_nearest("x", NULL);
    check_nearest("craft", NULL);
    check_nearest("hwaccel", NULL);
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    check_nearest(word, NULL);
}

static void random_hex(void **state)
{
    char a[33], b[33];

    memset(a, 'x', sizeof(a));
    assert_int_equal(text_random_hex(a, 16), 0);
    assert_int_equal(text_random_hex(b, 16), 0);
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_string_not_equal(a, b);
}

static void sizes(void **state)
{
    char buf[32];

    assert_string_equal(text_size(0, buf, sizeof(buf)), "0 B");
    assert_string_equal(text_size(1023, buf, sizeof(buf)), "1023 B");
    assert_string_equal(text_size(1024, buf, sizeof(buf)), "1.0 KiB");
    assert_string_equal(text_size(12 * 1024, buf, sizeof(buf)), "12 KiB");
    assert_string_equal(text_size(3 << 29, buf, sizeof(buf)), "1.5 GiB");
    assert_string_equal(text_size(1048575, buf, sizeof(buf)), "1.0 MiB");
    assert_string_equal(text_size(UINT64_MAX, buf, sizeof(buf)), "16 EiB");
}

static void durations(void **state)
{
    char buf[32];

    assert_string_equal(text_duration(0, buf, sizeof(buf)), "0:00");
    assert_string_equal(text_duration(59.9, buf, sizeof(buf)), "0:59");
    assert_string_equal(text_duration(125, buf, sizeof(buf)), "2:05");
    assert_string_equal(text_duration(3723, buf, sizeof(buf)), "1:02:03");
    assert_string_equal(text_duration(360000, buf, sizeof(buf)), "100:00:00");
    assert_string_equal(text_duration(-1, buf, sizeof(buf)), "?");
    assert_string_equal(text_duration((double)NAN, buf, sizeof(buf)), "?");
    assert_string_equal(text_duration((double)INFINITY, buf, sizeof(buf)), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest), cmocka_unit_test(nothing_near), cmocka_unit_test(random_hex),
        cmocka_unit_test(sizes),   cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
