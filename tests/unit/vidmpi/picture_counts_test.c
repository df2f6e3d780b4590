#include "vidmpi/picture_counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void give(struct picture_counts *counts, uint64_t frame, int pictures)
{
    assert_int_equal(picture_counts_begin(counts, frame), 0);
    while (pictures-- > 0)
        picture_counts_add(counts);
}

static void assert_place(struct picture_counts *counts, uint64_t picture, uint64_t frame, uint64_t skip)
{
    struct picture_place place = picture_counts_find(counts, picture);

    assert_int_equal(place.frame, frame);
    assert_int_equal(place.skip, skip);
}

static void one_picture_a_frame(void **state)
{
    struct picture_counts *counts = picture_counts_create(0, 0);

    for (uint64_t frame = 0; frame < 1000; frame++)
        give(counts, frame, 1);
    assert_place(counts, 0, 0, 0);
    assert_place(counts, 600, 600, 0);
    assert_place(counts, 999, 999, 0);
    picture_counts_destroy(counts);
}

static void two_none_and_three(void **state)
{
    struct picture_counts *counts = picture_counts_create(50, 90); /* goes on where a start ended */

    give(counts, 50, 2);
    give(counts, 51, 0);
    give(counts, 52, 3);
    give(counts, 53, 1);
    assert_place(counts, 91, 50, 1);
    assert_place(counts, 92, 52, 0); /* 51 gave none: it needs nothing more */
    assert_place(counts, 94, 52, 2);
    assert_place(counts, 95, 53, 0);
    picture_counts_destroy(counts);
}

static void shares_add_up(void **state)
{
    uint64_t sum = 0;

    for (uint64_t frame = 0; frame < 70; frame++)
        sum += picture_counts_share(frame, 70, 163);
    assert_int_equal(sum, 163);
    assert_int_equal(picture_counts_share(3, 70, 70), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_picture_a_frame),
        cmocka_unit_test(two_none_and_three),
        cmocka_unit_test(shares_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
