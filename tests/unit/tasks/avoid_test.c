/* Tasks that a rank shall leave to others while there are others. */
#include "helpers.h"

#include "base/clock.h"

#include <stdlib.h>

#define RANK 4

static void push_avoiding(struct task_list *list, uint64_t id, int64_t pushed)
{
    struct task task = some_task(id);
    task.avoid = RANK + 1;
    task.pushed = pushed;
    assert_int_equal(task_list_push(list, &task, 1, NULL), 0);
}

static void another_task_is_taken_instead(void **state)
{
    struct task_list *list = open_list(group_url, "instead");
    struct task task;
    push_avoiding(list, 1, clock_wall());
    push_avoiding(list, 2, clock_wall());
    push_some(list, 3, 2);
    uint64_t trips = task_list_round_trips(list);
    assert_int_equal(claim_one(list, RANK, &task), 3);
    assert_int_equal(task_list_round_trips(list) - trips, 2);
    assert_int_equal(task.slots[0].offset, 3 * 4096);
    report_one(list, &task, RANK); /* it is held */
    assert_int_equal(raw_integer(group_url, "EXISTS vidmpi:{instead}:doing:4"), 0);
    assert_int_equal(claim_one(list, RANK + 1, &task), 1);
    assert_int_equal(claim_one(list, RANK, &task), 4);
    assert_int_equal(claim_one(list, 0, &task), 2);
    task_list_close(&list);
}

static void nothing_else_is_waited_for_without_haste(void **state)
{
    struct task_list *list = open_list(group_url, "wait");
    struct task task;
    push_avoiding(list, 1, clock_wall());
    assert_int_equal(task_list_claim(list, RANK, 0, &task, NULL), 0);
    uint64_t trips = task_list_round_trips(list);
    int64_t before = clock_now();
    assert_int_equal(task_list_claim(list, RANK, 350, &task, NULL), 0);
    assert_true(clock_now() - before >= 345 * NS_PER_MS);
    assert_in_range(task_list_round_trips(list) - trips, 4, 12);
    assert_in_range(raw_integer(group_url, "TTL vidmpi:{wait}:todo"), 80000, 86400);
    assert_int_equal(claim_one(list, 0, &task), 1);
    task_list_close(&list);
}

static void *push_when_it_waits(void *arg)
{
    struct task_list *list = arg;
    int64_t deadline = clock_now() + 10 * NS_PER_S;
    while (raw_integer(group_url, "EXISTS vidmpi:{later}:ranks") == 0 && clock_now() < deadline)
        clock_sleep_until(clock_now() + NS_PER_MS);
    push_some(list, 2, 1);
    return NULL;
}

static void what_comes_meanwhile_is_noticed(void **state)
{
    struct task_list *list = open_list(group_url, "later");
    struct task_list *rank_0 = open_list(group_url, "later");
    struct task task;
    pthread_t thread;
    push_avoiding(rank_0, 1, clock_wall());
    assert_int_equal(raw_integer(group_url, "DEL vidmpi:{later}:ranks"), 0);
    assert_int_equal(pthread_create(&thread, NULL, push_when_it_waits, rank_0), 0);
    int64_t before = clock_now();
    assert_int_equal(task_list_claim(list, RANK, 20000, &task, NULL), 1);
    assert_true(clock_now() - before < 2 * NS_PER_S);
    pthread_join(thread, NULL);
    assert_int_equal(task.id, 2);
    assert_int_equal(claim_one(rank_0, 0, &task), 1);
    task_list_close(&list);
    task_list_close(&rank_0);
}

static void an_old_one_is_taken_after_all(void **state)
{
    struct task_list *list = open_list(group_url, "old");
    struct task task;
    push_avoiding(list, 1, clock_wall() - 3 * NS_PER_S);
    assert_int_equal(claim_one(list, RANK, &task), 1);
    push_avoiding(list, 2, clock_wall() - 2700 * NS_PER_MS);
    int64_t before = clock_now();
    assert_int_equal(task_list_claim(list, RANK, 20000, &task, NULL), 1);
    assert_in_range(clock_now() - before, 250 * NS_PER_MS, 2 * NS_PER_S);
    assert_int_equal(task.id, 2);
    task_list_close(&list);
}

/* Rank 0's clock is an hour ahead. */
static void clocks_that_disagree_do_not_matter(void **state)
{
    struct task_list *list = open_list(group_url, "clock");
    struct task task;
    push_avoiding(list, 1, clock_wall() + 3600 * NS_PER_S);
    int64_t before = clock_now();
    while (task_list_claim(list, RANK, 500, &task, NULL) == 0 && clock_now() - before < 10 * NS_PER_S)
        ;
    assert_in_range(clock_now() - before, 2900 * NS_PER_MS, 6 * NS_PER_S);
    assert_int_equal(task.id, 1);
    assert_int_equal(task_list_held(list, RANK, &task, 1, NULL), 1);
    task_list_close(&list);
}

static void the_end_is_not_waited_for(void **state)
{
    struct task_list *list = open_list(group_url, "end");
    struct task task;
    push_avoiding(list, 1, clock_wall());
    assert_int_equal(task_list_push_end(list, 1, NULL), 0);
    assert_int_equal(task_list_claim(list, RANK, 10000, &task, NULL), VID_EOF);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{end}:todo"), 1);
    task_list_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_task_is_taken_instead),
        cmocka_unit_test(nothing_else_is_waited_for_without_haste),
        cmocka_unit_test(what_comes_meanwhile_is_noticed),
        cmocka_unit_test(an_old_one_is_taken_after_all),
        cmocka_unit_test(clocks_that_disagree_do_not_matter),
        cmocka_unit_test(the_end_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
