#include "check.h"

#include <limits.h>
#include <time.h>

static void now_goes_on(void **state)
{
    int64_t first = clock_now();

    assert_true(first > 0);
    assert_true(clock_now() >= first);
}

static void wall_is_the_date(void **state)
{
    assert_true(llabs(clock_wall() / NS_PER_S - (int64_t)time(NULL)) <= 1);
}

static void timespec_of_a_moment(void **state)
{
    struct timespec t = clock_timespec(3 * NS_PER_S + 7);

    assert_int_equal(t.tv_sec, 3);
    assert_int_equal(t.tv_nsec, 7);
    t = clock_timespec(-1);
    assert_int_equal(t.tv_sec, 0);
    assert_int_equal(t.tv_nsec, 0);
    t = clock_timespec(INT64_MAX);
    assert_true(t.tv_nsec < NS_PER_S && t.tv_sec > 9000000000);
}

static void sleep_ends_not_before_its_deadline(void **state)
{
    int64_t deadline = clock_now() + 2 * NS_PER_MS;

    clock_sleep_until(deadline);
    assert_true(clock_now() >= deadline);
    clock_sleep_until(0);
}

static void milliseconds_left(void **state)
{
    assert_int_equal(clock_ms_left(0), 0);
    assert_int_equal(clock_ms_left(clock_now() - NS_PER_S), 0);
    assert_int_equal(clock_ms_left(INT64_MAX), INT_MAX);
    assert_in_range(clock_ms_left(clock_now() + 60 * NS_PER_S), 50001, 60000);
    /* Rounded up: poll(2) shall not return before the deadline. */
    assert_in_range(clock_ms_left(clock_now() + NS_PER_MS - 1), 0, 1);
}

static void part_of_a_millisecond_is_not_nothing(void **state)
{
    for (int i = 0; i < 100; i++) {
        int64_t deadline = clock_now() + NS_PER_MS / 2;
        int left = clock_ms_left(deadline);
        if (clock_now() < deadline)
            assert_int_equal(left, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_goes_on),          cmocka_unit_test(wall_is_the_date),
        cmocka_unit_test(timespec_of_a_moment), cmocka_unit_test(sleep_ends_not_before_its_deadline),
        cmocka_unit_test(milliseconds_left),    cmocka_unit_test(part_of_a_millisecond_is_not_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
