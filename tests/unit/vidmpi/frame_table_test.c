#include "vidmpi/frame_table.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct result_ref result_of(uint64_t frame)
{
    return (struct result_ref){.frame = frame, .attempt = 1, .rank = 1, .segment = 1, .length = 100 + frame};
}

static void enter(struct frame_table *table)
{
    uint64_t frame;

    assert_int_equal(frame_table_reserve(table, &frame), 0);
    frame_table_enter(table, frame, 10, 20);
}

static void gives_frames_in_order(void **state)
{
    struct frame_table *table = frame_table_create(4);
    static const uint64_t arrival[] = {2, 0, 3, 1};
    struct frame_entry entry;

    for (int i = 0; i < 4; i++)
        enter(table);
    frame_table_end(table);
    for (int i = 0; i < 4; i++) {
        struct result_ref ref = result_of(arrival[i]);
        assert_int_equal(frame_table_result(table, &ref, 30), 0);
    }
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(frame_table_next(table, &entry), 0);
        assert_int_equal(entry.frame, i);
        assert_int_equal(entry.ref.length, 100 + i);
        assert_int_equal(entry.seen, 30);
        frame_table_release(table, entry.frame);
    }
    assert_int_equal(frame_table_next(table, &entry), VID_EOF);
    frame_table_destroy(table);
}

static void keeps_the_first_result(void **state)
{
    struct frame_table *table = frame_table_create(2);
    struct result_ref first = result_of(0), second = result_of(0), unknown = result_of(7);
    struct frame_entry entry;

    second.rank = 2;
    enter(table);
    assert_int_equal(frame_table_result(table, &unknown, 1), -ERANGE);
    assert_int_equal(frame_table_result(table, &first, 1), 0);
    assert_int_equal(frame_table_result(table, &second, 2), -EEXIST);
    assert_int_equal(frame_table_next(table, &entry), 0);
    assert_int_equal(entry.ref.rank, 1);
    frame_table_release(table, 0);
    assert_int_equal(frame_table_result(table, &second, 3), -EEXIST);
    assert_int_equal(frame_table_counts(table).late, 2);
    frame_table_destroy(table);
}

static void *reserve_thread(void *table)
{
    uint64_t frame = 99;

    return (void *)(intptr_t)(frame_table_reserve(table, &frame) == 0 ? (int)frame : -1);
}

static void holds_the_decoder_back(void **state)
{
    struct frame_table *table = frame_table_create(2);
    struct result_ref ref = result_of(0);
    struct frame_entry entry;
    pthread_t thread;
    void *got;

    enter(table);
    enter(table);
    pthread_create(&thread, NULL, reserve_thread, table);
    frame_table_result(table, &ref, 1);
    assert_int_equal(frame_table_next(table, &entry), 0);
    assert_int_equal(frame_table_counts(table).decoded, 2); /* the window is full */
    frame_table_release(table, 0);
    pthread_join(thread, &got);
    assert_int_equal((intptr_t)got, 2);
    frame_table_destroy(table);
}

static void stop_wakes_who_waits(void **state)
{
    struct frame_table *table = frame_table_create(1);
    struct frame_entry entry;
    pthread_t thread;
    void *got;

    enter(table);
    pthread_create(&thread, NULL, reserve_thread, table);
    frame_table_stop(table);
    pthread_join(thread, &got);
    assert_int_equal((intptr_t)got, -1);
    assert_int_equal(frame_table_next(table, &entry), VID_EOF);
    assert_int_equal(frame_table_drain(table), VID_EOF);
    frame_table_destroy(table);
}

static void drain_leaves_only_the_reserved_one(void **state)
{
    struct frame_table *table = frame_table_create(3);
    struct result_ref ref = result_of(0);
    struct frame_entry entry;
    uint64_t frame;

    enter(table);
    assert_int_equal(frame_table_reserve(table, &frame), 0);
    frame_table_result(table, &ref, 1);
    assert_int_equal(frame_table_next(table, &entry), 0);
    frame_table_release(table, 0);
    assert_int_equal(frame_table_drain(table), 0);
    frame_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_frames_in_order),
        cmocka_unit_test(keeps_the_first_result),
        cmocka_unit_test(holds_the_decoder_back),
        cmocka_unit_test(stop_wakes_who_waits),
        cmocka_unit_test(drain_leaves_only_the_reserved_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
