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
    struct frame_try try;
    uint64_t frame;

    assert_int_equal(frame_table_reserve(table, true, &frame), 0);
    frame_table_enter(table, frame, 1000, 10);
    assert_int_equal(frame_table_begin(table, frame, 1, 20, &try), 1);
    assert_int_equal(try.count, 1);
}

static void gives_frames_in_order(void **state)
{
    struct frame_table *table = frame_table_create(4, 0);
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
    struct frame_table *table = frame_table_create(2, 0);
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

    return (void *)(intptr_t)(frame_table_reserve(table, true, &frame) == 0 ? (int)frame : -1);
}

static void holds_the_decoder_back(void **state)
{
    struct frame_table *table = frame_table_create(2, 0);
    struct result_ref ref = result_of(0);
    struct frame_entry entry;
    pthread_t thread;
    void *got;

    enter(table);
    enter(table);
    assert_int_equal(frame_table_reserve(table, false, &entry.frame), -EAGAIN);
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
    struct frame_table *table = frame_table_create(1, 0);
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
    struct frame_table *table = frame_table_create(3, 0);
    struct result_ref ref = result_of(0);
    struct frame_entry entry;
    uint64_t frame;

    enter(table);
    assert_int_equal(frame_table_reserve(table, true, &frame), 0);
    frame_table_result(table, &ref, 1);
    assert_int_equal(frame_table_next(table, &entry), 0);
    frame_table_release(table, 0);
    assert_int_equal(frame_table_drain(table), 0);
    frame_table_destroy(table);
}

static void counts_failures_of_the_newest_attempt(void **state)
{
    struct frame_table *table = frame_table_create(2, 0);
    struct result_ref ref = result_of(0);
    struct frame_try try;

    enter(table);
    assert_int_equal(frame_table_failed(table, 0, 1), 1);
    assert_int_equal(frame_table_retry(table, 0, 77, &try), 0);
    assert_int_equal(try.attempt, 2);
    assert_int_equal(frame_table_bytes(table, 0), 1000);
    assert_int_equal(try.pushed, 77);
    assert_int_equal(frame_table_failed(table, 0, 1), 0); /* too late: another attempt is under way */
    assert_int_equal(frame_table_failed(table, 0, 2), 2);
    frame_table_raise(table, 0, 5); /* the list has given it to another rank */
    assert_int_equal(frame_table_failed(table, 0, 2), 0);
    assert_int_equal(frame_table_failed(table, 0, 5), 3);
    assert_int_equal(frame_table_result(table, &ref, 1), 0); /* of any attempt */
    assert_int_equal(frame_table_failed(table, 0, 5), 0);
    assert_int_equal(frame_table_retry(table, 0, 78, &try), -ENOENT);
    assert_int_equal(frame_table_give_up(table, 0), -ENOENT);
    frame_table_destroy(table);
}

static void a_frame_can_be_given_up(void **state)
{
    struct frame_table *table = frame_table_create(2, 0);
    struct result_ref ref = result_of(0);
    struct frame_entry entry;

    enter(table);
    assert_int_equal(frame_table_give_up(table, 0), 0);
    assert_int_equal(frame_table_result(table, &ref, 1), -EEXIST); /* what comes now is not needed */
    assert_int_equal(frame_table_next(table, &entry), 0);
    assert_int_equal(entry.outcome, FRAME_GIVEN_UP);
    assert_int_equal(entry.bytes, 1000);
    assert_int_equal(frame_table_counts(table).settled, 1);
    assert_int_equal(frame_table_counts(table).filtered, 0);
    frame_table_destroy(table);
}

static void earlier_starts_settle_frames(void **state)
{
    struct frame_table *table = frame_table_create(3, 0);
    struct result_ref ref = result_of(1);
    struct frame_entry entry;
    struct frame_try tries[3];
    uint64_t frame;

    assert_int_equal(frame_table_reserve(table, true, &frame), 0);
    frame_table_enter_done(table, frame, 0, NULL, 5);
    assert_int_equal(frame_table_reserve(table, true, &frame), 0);
    frame_table_enter_done(table, frame, 900, &ref, 6);
    enter(table);
    assert_int_equal(frame_table_under_way(table, tries, 3), 1);
    assert_int_equal(tries[0].first, 2);
    assert_int_equal(frame_table_next(table, &entry), 0);
    assert_int_equal(entry.outcome, FRAME_SEALED);
    frame_table_release(table, 0);
    assert_int_equal(frame_table_next(table, &entry), 0);
    assert_int_equal(entry.outcome, FRAME_RESULT);
    assert_int_equal(entry.ref.length, 101);
    assert_int_equal(frame_table_counts(table).sealed, 1);
    assert_int_equal(frame_table_counts(table).kept, 1);
    assert_int_equal(frame_table_counts(table).settled, 2);
    frame_table_destroy(table);
}

static void a_lost_result_is_under_way_again(void **state)
{
    struct frame_table *table = frame_table_create(2, 0);
    struct result_ref ref = result_of(0);
    struct frame_entry entry;
    struct frame_try tries[2];

    enter(table);
    assert_int_equal(frame_table_result(table, &ref, 1), 0);
    assert_int_equal(frame_table_next(table, &entry), 0);
    frame_table_undo(table, 0);
    assert_int_equal(frame_table_counts(table).settled, 0);
    assert_int_equal(frame_table_under_way(table, tries, 2), 1);
    ref.rank = 2;
    assert_int_equal(frame_table_result(table, &ref, 2), 0);
    assert_int_equal(frame_table_next(table, &entry), 0);
    assert_int_equal(entry.ref.rank, 2);
    frame_table_destroy(table);
}

/* Frames 0 to 5, of which 2 is done: tasks are 0-1 and 3-5. */
static void tasks_of_several_frames(void **state)
{
    struct frame_table *table = frame_table_create(8, 0);
    struct result_ref ref = result_of(2), later = result_of(4);
    struct frame_try try;
    uint64_t frame, frames[8];

    for (int i = 0; i < 6; i++) {
        assert_int_equal(frame_table_reserve(table, true, &frame), 0);
        if (frame == 2)
            frame_table_enter_done(table, frame, 10, &ref, 5);
        else
            frame_table_enter(table, frame, 10, 5);
    }
    assert_int_equal(frame_table_begin(table, 0, 6, 20, &try), 2);
    assert_true(try.first == 0 && try.count == 2 && try.task == 0);
    assert_int_equal(frame_table_begin(table, 2, 4, 21, &try), 4);
    assert_true(try.first == 3 && try.count == 3 && try.task == 3);
    assert_int_equal(frame_table_begin(table, 0, 2, 22, &try), 2);
    assert_int_equal(try.count, 0);

    frame_table_raise(table, 3, 4);
    assert_int_equal(frame_table_failed(table, 5, 3), 0);
    assert_int_equal(frame_table_result(table, &later, 1), 0);
    assert_int_equal(frame_table_failed(table, 5, 4), 1);
    assert_int_equal(frame_table_of_task(table, 3, frames, 8), 2); /* 4 has its result */
    assert_true(frames[0] == 3 && frames[1] == 5);
    assert_int_equal(frame_table_retry(table, 5, 30, &try), 0); /* by itself from now on */
    assert_true(try.first == 5 && try.count == 1 && try.task == 5 && try.attempt == 5);
    assert_int_equal(frame_table_of_task(table, 3, frames, 8), 1);
    frame_table_destroy(table);
}

static void a_tail_stays_in_the_window(void **state)
{
    struct frame_table *table = frame_table_create(4, 2);
    struct frame_entry entry;
    uint64_t frame;

    for (uint64_t i = 0; i < 4; i++) {
        struct result_ref ref = result_of(i);
        enter(table);
        assert_int_equal(frame_table_result(table, &ref, 1), 0);
    }
    for (uint64_t i = 0; i < 3; i++) { /* with two frames below it, 2 is the lowest that may go on */
        assert_int_equal(frame_table_reserve(table, false, &frame), -EAGAIN);
        assert_int_equal(frame_table_next(table, &entry), 0);
        frame_table_release(table, i);
    }
    assert_int_equal(frame_table_reserve(table, false, &frame), 0);
    assert_int_equal(frame, 4);
    assert_int_equal(frame_table_bytes(table, 1), 1000);
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
        cmocka_unit_test(counts_failures_of_the_newest_attempt),
        cmocka_unit_test(a_frame_can_be_given_up),
        cmocka_unit_test(earlier_starts_settle_frames),
        cmocka_unit_test(a_lost_result_is_under_way_again),
        cmocka_unit_test(tasks_of_several_frames),
        cmocka_unit_test(a_tail_stays_in_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
