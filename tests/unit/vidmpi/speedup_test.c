#include "vidmpi/speedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 10 ms a frame on rank 0, of which 4 are a serial part, and 90 that are shared. */
static const struct speedup_costs dear = {.alone = 0.1, .first = 0.01, .largest = 0.004, .others = 0.09};
/* Nothing is shared. */
static const struct speedup_costs serial = {.alone = 0.05, .first = 0.05, .largest = 0.04};

static void near(double got, double wanted)
{
    assert_float_equal(got, wanted, 1e-6);
}

static void test_others_set_the_pace(void **state)
{
    near(speedup_factor(&dear, 2, 1), 0.1 / 0.09);
    near(speedup_factor(&dear, 4, 1), 0.1 / 0.03);
    near(speedup_factor(&dear, 4, 4), 0.1 / 0.03);
}

static void test_rank_0_sets_the_limit(void **state)
{
    near(speedup_limit(&dear, 1), 10);
    near(speedup_factor(&dear, 10, 1), 10);
    near(speedup_factor(&dear, 1000, 1), 10);
    assert_int_equal(speedup_ranks(&dear, 1), 10);
}

/* More cores make its steps faster, but for a serial part. */
static void test_cores_of_rank_0(void **state)
{
    near(speedup_limit(&dear, 2), 20);
    near(speedup_limit(&dear, 4), 25);
    near(speedup_limit(&dear, 100), 25);
    assert_int_equal(speedup_ranks(&dear, 4), 24);
}

static void test_alone(void **state)
{
    near(speedup_factor(&dear, 1, 1), 1);
    near(speedup_factor(&dear, 1, 4), 0.1 / 0.09);
}

static void test_nothing_is_shared(void **state)
{
    near(speedup_limit(&serial, 1), 1);
    near(speedup_limit(&serial, 8), 0.05 / 0.04);
    near(speedup_factor(&serial, 32, 1), 1);
    assert_int_equal(speedup_ranks(&serial, 1), 1);
}

static void test_one_machine(void **state)
{
    near(speedup_here(&dear, 2, 2), 0.1 / 0.09);
    near(speedup_here(&dear, 3, 2), 2);
    near(speedup_here(&dear, 32, 4), 4);
}

static void test_nothing_measured(void **state)
{
    const struct speedup_costs nothing = {.alone = 0};

    near(speedup_limit(&nothing, 1), 1);
    near(speedup_factor(&nothing, 8, 1), 1);
    assert_int_equal(speedup_ranks(&nothing, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others_set_the_pace), cmocka_unit_test(test_rank_0_sets_the_limit),
        cmocka_unit_test(test_cores_of_rank_0),     cmocka_unit_test(test_alone),
        cmocka_unit_test(test_nothing_is_shared),   cmocka_unit_test(test_one_machine),
        cmocka_unit_test(test_nothing_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
