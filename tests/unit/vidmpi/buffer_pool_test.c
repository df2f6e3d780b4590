#include "vidmpi/buffer_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reuses_what_came_back(void **state)
{
    struct buffer_pool *pool = buffer_pool_create();
    struct buffer *buffer = buffer_take(pool, 1000);
    void *mem = buffer_mem(buffer);

    assert_int_equal((uintptr_t)mem % 64, 0);
    buffer_release(buffer, mem);
    buffer = buffer_take(pool, 900);
    assert_ptr_equal(buffer_mem(buffer), mem);
    buffer_release(buffer, mem);
    buffer_pool_destroy(pool);
}

static void grows_when_a_larger_one_is_wanted(void **state)
{
    struct buffer_pool *pool = buffer_pool_create();
    struct buffer *buffer = buffer_take(pool, 100);

    buffer_release(buffer, buffer_mem(buffer));
    buffer = buffer_take(pool, 100000);
    memset(buffer_mem(buffer), 1, 100000); /* the address sanitizer watches */
    buffer_release(buffer, buffer_mem(buffer));
    buffer_pool_destroy(pool);
}

static void outlives_its_pool_while_held(void **state)
{
    struct buffer_pool *pool = buffer_pool_create();
    struct buffer *buffer = buffer_take(pool, 100);

    buffer_retain(buffer);
    buffer_pool_destroy(pool);
    memset(buffer_mem(buffer), 1, 100);
    buffer_release(buffer, buffer_mem(buffer));
    memset(buffer_mem(buffer), 2, 100);
    buffer_release(buffer, buffer_mem(buffer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reuses_what_came_back),
        cmocka_unit_test(grows_when_a_larger_one_is_wanted),
        cmocka_unit_test(outlives_its_pool_while_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
