#include "vidmpi/ranks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What the last update told: a bit a rank. */
static unsigned lost_now, back_now;

static void changed(void *opaque, unsigned rank, bool lost)
{
    (void)opaque;
    *(lost ? &lost_now : &back_now) |= 1u << rank;
}

static void update(struct ranks *ranks, unsigned alive_bits)
{
    bool alive[3];

    lost_now = back_now = 0;
    for (unsigned i = 0; i < 3; i++)
        alive[i] = alive_bits >> i & 1;
    ranks_update(ranks, alive, changed, NULL);
}

static void a_rank_that_never_lived_is_not_lost(void **state)
{
    struct ranks *ranks = ranks_create(3);

    update(ranks, 0x1);
    assert_int_equal(lost_now | back_now, 0);
    assert_int_equal(ranks_lost(ranks), 0);
    assert_false(ranks_all_lost(ranks));
    ranks_destroy(ranks);
}

static void a_rank_is_lost_and_comes_back(void **state)
{
    struct ranks *ranks = ranks_create(3);

    update(ranks, 0x7);
    assert_int_equal(lost_now | back_now, 0);
    update(ranks, 0x5);
    assert_int_equal(lost_now, 0x2);
    assert_true(ranks_is_lost(ranks, 1));
    assert_int_equal(ranks_lost(ranks), 1);
    update(ranks, 0x5);
    assert_int_equal(lost_now, 0); /* told once */
    update(ranks, 0x7);
    assert_int_equal(back_now, 0x2);
    assert_int_equal(ranks_lost(ranks), 0);
    ranks_destroy(ranks);
}

static void all_lost_leaves_rank_0(void **state)
{
    struct ranks *ranks = ranks_create(3);

    update(ranks, 0x7);
    update(ranks, 0x5);
    assert_false(ranks_all_lost(ranks));
    ranks_give_up(ranks, 2);
    assert_true(ranks_all_lost(ranks));
    update(ranks, 0x5); /* its lease may run on: it has said that it is gone */
    assert_int_equal(back_now, 0);
    assert_true(ranks_is_lost(ranks, 2));
    assert_false(ranks_is_silent(ranks, 2)); /* it has said so, and still answers */
    assert_true(ranks_is_silent(ranks, 1));
    assert_int_equal(ranks_lost(ranks), 2);
    assert_int_equal(ranks_silent(ranks), 1);
    ranks_destroy(ranks);
}

static void a_lone_rank_has_no_others(void **state)
{
    struct ranks *ranks = ranks_create(1);

    assert_false(ranks_all_lost(ranks));
    ranks_destroy(ranks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_that_never_lived_is_not_lost),
        cmocka_unit_test(a_rank_is_lost_and_comes_back),
        cmocka_unit_test(all_lost_leaves_rank_0),
        cmocka_unit_test(a_lone_rank_has_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
