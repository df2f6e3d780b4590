#include "vidmpi/mishaps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void substituted_frames_are_named_and_degrade(void **state)
{
    struct mishaps *mishaps = mishaps_create();
    struct substituted one;

    mishaps_retry(mishaps);
    mishaps_ranks_lost(mishaps, 2);
    assert_false(mishaps_degrade(mishaps)); /* all of that was mended */
    mishaps_substitute(mishaps, 7, "it crashed");
    mishaps_substitute(mishaps, 7, "it crashed in the start before, too");
    assert_int_equal(mishaps_counts(mishaps).substituted, 1);
    assert_true(mishaps_degrade(mishaps));
    assert_true(mishaps_substituted(mishaps, 0, &one));
    assert_int_equal(one.frame, 7);
    assert_string_equal(one.why, "it crashed");
    assert_false(mishaps_substituted(mishaps, 1, &one));
    assert_int_equal(mishaps_counts(mishaps).retries, 1);
    assert_int_equal(mishaps_counts(mishaps).ranks_lost, 2);
    mishaps_destroy(mishaps);
}

static void memory_is_bounded(void **state)
{
    struct mishaps *mishaps = mishaps_create();
    struct substituted one;

    for (uint64_t frame = 0; frame < SUBSTITUTED_MAX + 5; frame++)
        mishaps_substitute(mishaps, frame, "");
    assert_int_equal(mishaps_counts(mishaps).substituted, SUBSTITUTED_MAX + 5);
    assert_true(mishaps_substituted(mishaps, SUBSTITUTED_MAX - 1, &one));
    assert_int_equal(one.frame, SUBSTITUTED_MAX - 1);
    assert_false(mishaps_substituted(mishaps, SUBSTITUTED_MAX, &one));
    mishaps_destroy(mishaps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(substituted_frames_are_named_and_degrade),
        cmocka_unit_test(memory_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
