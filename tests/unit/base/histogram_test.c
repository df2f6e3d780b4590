#include "check.h"

#include "base/histogram.h"

#include <string.h>

static int make(void **state)
{
    *state = calloc(2, sizeof(struct histogram));
    return *state ? 0 : -1;
}

static int unmake(void **state)
{
    free(*state);
    return 0;
}

static void empty(void **state)
{
    struct histogram *h = *state;

    assert_int_equal(histogram_percentile(h, 50), 0);
    assert_int_equal(histogram_percentile(h, 100), 0);
}

static void small_values_are_exact(void **state)
{
    struct histogram *h = *state;

    for (int i = 0; i < 32; i++)
        histogram_add(h, i);
    assert_int_equal(histogram_percentile(h, 0), 0);
    assert_int_equal(histogram_percentile(h, 50), 15);
    assert_int_equal(histogram_percentile(h, 100), 31);
    assert_int_equal(histogram_percentile(h, 51), 16); /* 16.32 of 32: the 17th */
}

static void sum_min_max_are_exact(void **state)
{
    struct histogram *h = *state;

    histogram_add(h, 123456789);
    histogram_add(h, 1000);
    histogram_add(h, -5);
    assert_int_equal(h->count, 3);
    assert_int_equal(h->sum, 123457789);
    assert_int_equal(h->min, 0);
    assert_int_equal(h->max, 123456789);
    assert_int_equal(histogram_percentile(h, 100), 123456789);
}

/* Alone in the histogram with a far larger one, a value comes back at most
 * one step of 32 above itself. */
static void error_is_one_step(void **state)
{
    for (int64_t v = 1; v < INT64_C(1) << 43; v = v * 17 / 16 + 1) {
        struct histogram *h = *state;
        int64_t got;
        memset(h, 0, sizeof(*h));
        histogram_add(h, v);
        histogram_add(h, INT64_C(1) << 43);
        got = histogram_percentile(h, 50);
        assert_true(got >= v);
        assert_true(got - v <= v / 32);
    }
}

static void percentiles_of_a_spread(void **state)
{
    struct histogram *h = *state;

    for (int i = 1; i <= 10000; i++)
        histogram_add(h, i * 1000);
    assert_in_range(histogram_percentile(h, 50), 5000000, 5000000 + 5000000 / 32);
    assert_in_range(histogram_percentile(h, 95), 9500000, 9500000 + 9500000 / 32);
    assert_in_range(histogram_percentile(h, 99), 9900000, 10000000);
}

static void beyond_the_last_power(void **state)
{
    struct histogram *h = *state;

    histogram_add(h, INT64_MAX / 2);
    histogram_add(h, 1);
    assert_int_equal(h->bucket[HISTOGRAM_POWERS * HISTOGRAM_STEPS - 1], 1);
    assert_int_equal(histogram_percentile(h, 100), INT64_MAX / 2);
    assert_int_equal(histogram_percentile(h, 50), 1);
}

static void merged_is_as_added(void **state)
{
    struct histogram *h = *state, *all = calloc(1, sizeof(*all));

    assert_non_null(all);
    for (int i = 0; i < 1000; i++) {
        histogram_add(&h[i & 1], 7 * i + 3);
        histogram_add(all, 7 * i + 3);
    }
    histogram_merge(&h[0], &h[1]);
    assert_memory_equal(&h[0], all, sizeof(*all));
    memset(&h[1], 0, sizeof(h[1]));
    histogram_merge(&h[0], &h[1]);
    assert_memory_equal(&h[0], all, sizeof(*all));
    histogram_merge(&h[1], all);
    assert_memory_equal(&h[1], all, sizeof(*all));
    free(all);
}

#define with_histogram(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_histogram(empty),
        with_histogram(small_values_are_exact),
        with_histogram(sum_min_max_are_exact),
        with_histogram(error_is_one_step),
        with_histogram(percentiles_of_a_spread),
        with_histogram(beyond_the_last_power),
        with_histogram(merged_is_as_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
