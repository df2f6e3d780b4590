/* Leases, tasks that come back, later or never, and where each of them is. */
#include "helpers.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_MS 60000

static void beat(struct task_list *list, unsigned rank, int ttl_ms)
{
    struct vid_error err = {0};
    if (task_list_beat(list, rank, ttl_ms, &err) < 0)
        fail_msg("%s", err.text);
}

static void expect_next(struct task_list *list, unsigned rank, const uint64_t *ids, size_t count)
{
    struct task task;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(claim_one(list, rank, &task), ids[i]);
    assert_int_equal(task_list_claim(list, rank, 0, &task, NULL), 0);
}

#define EXPECT_NEXT(list, rank, ...)                                                                         \
    expect_next(list, rank, (const uint64_t[]){__VA_ARGS__},                                                 \
                sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* ---- handing back ---- */

static void what_is_handed_back_comes_first_in_its_order(void **state)
{
    struct task_list *list = open_list(group_url, "back");
    struct task tasks[3];
    push_some(list, 0, 4);
    for (int i = 0; i < 3; i++)
        claim_one(list, 1, &tasks[i]);
    uint64_t trips = task_list_round_trips(list);
    assert_int_equal(task_list_hand_back(list, 1, tasks, 3, NULL), 0);
    assert_int_equal(task_list_round_trips(list) - trips, 1);
    assert_int_equal(task_list_hand_back(list, 1, tasks, 3, NULL), 0);
    assert_int_equal(task_list_hand_back(list, 1, NULL, 0, NULL), 0);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{back}:doing:1"), 0);
    EXPECT_NEXT(list, 2, 0, 1, 2, 3);
    task_list_close(&list);
}

static void what_is_not_held_is_not_handed_back(void **state)
{
    struct task_list *list = open_list(group_url, "back-some");
    struct task tasks[2];
    push_some(list, 0, 2);
    claim_one(list, 1, &tasks[0]);
    claim_one(list, 1, &tasks[1]);
    report_one(list, &tasks[0], 1);
    assert_int_equal(task_list_hand_back(list, 2, tasks, 2, NULL), 0); /* another rank's */
    EXPECT_NEXT(list, 2);
    assert_int_equal(task_list_hand_back(list, 1, tasks, 2, NULL), 0);
    EXPECT_NEXT(list, 2, 1);
    task_list_close(&list);
}

/* ---- leases ---- */

static void a_rank_lives_as_long_as_it_beats(void **state)
{
    struct task_list *list = open_list(group_url, "beat");
    bool alive[4] = {true, true, true, true};
    assert_int_equal(task_list_alive(list, alive, 4, NULL), 0);
    assert_false(alive[0] || alive[1] || alive[2] || alive[3]);
    beat(list, 0, LONG_MS);
    beat(list, 2, LONG_MS);
    assert_int_equal(task_list_alive(list, alive, 4, NULL), 0);
    assert_true(alive[0] && !alive[1] && alive[2] && !alive[3]);
    uint64_t trips = task_list_round_trips(list);
    beat(list, 2, 20);
    assert_int_equal(task_list_round_trips(list) - trips, 1);
    int64_t deadline = clock_now() + 10 * NS_PER_S;
    while (alive[2] && clock_now() < deadline)
        assert_int_equal(task_list_alive(list, alive, 4, NULL), 0);
    assert_true(alive[0] && !alive[2]);
    beat(list, 2, LONG_MS);
    assert_true(raw_integer(group_url, "PTTL vidmpi:{beat}:lease:2") > LONG_MS / 2);
    assert_int_equal(task_list_alive(list, alive, 0, NULL), 0);
    task_list_close(&list);
}

static void what_a_rank_without_a_lease_holds_comes_back(void **state)
{
    struct task_list *list = open_list(group_url, "expire");
    struct task task = some_task(7);
    struct task_lost lost[8];
    task.released = 5;
    task.avoid = 9;
    push_some(list, 0, 5);
    assert_int_equal(task_list_push(list, &task, 1, NULL), 0);
    push_some(list, 8, 1);
    for (unsigned i = 0; i < 6; i++) /* 1: 0, 3; 2: 1, 4; 3: 2, 7 */
        claim_one(list, 1 + i % 3, &task);
    beat(list, 2, LONG_MS);
    int64_t before = clock_wall();
    assert_int_equal(task_list_expire(list, lost, 8, NULL), 4);
    for (int i = 0; i < 4; i++)
        assert_true(lost[i].attempt == 2 && lost[i].rank == (lost[i].id % 3 == 0 ? 1 : 3));
    assert_int_equal(lost[0].id + lost[1].id + lost[2].id + lost[3].id, 0 + 2 + 3 + 7);
    assert_int_equal(task_list_expire(list, lost, 8, NULL), 0);
    for (uint64_t id = 0; id < 4; id += id == 0 ? 2 : 1)
        assert_int_equal(claim_one(list, 0, &task), id);
    assert_int_equal(claim_one(list, 0, &task), 7);
    assert_true(task.attempt == 2 && task.released == 5 && task.avoid == 9 && task.first == 7);
    assert_true(task.pushed >= before && task.pushed <= clock_wall());
    assert_true(task.slots[0].offset == 7 * 4096 && task.slots[0].length == 4096);
    EXPECT_NEXT(list, 0, 8);
    task_list_close(&list);
}

static void a_late_report_of_a_lost_task_is_not_heard(void **state)
{
    struct task_list *list = open_list(group_url, "late");
    struct task task;
    struct task_lost lost;
    struct task_report heard[2];
    push_some(list, 0, 1);
    claim_one(list, 1, &task);
    assert_int_equal(task_list_expire(list, &lost, 1, NULL), 1);
    report_one(list, &task, 1);
    assert_int_equal(task_list_wait(list, 0, heard, 2, NULL), 0);
    claim_one(list, 1, &task);
    report_one(list, &task, 1);
    assert_int_equal(task_list_wait(list, 0, heard, 2, NULL), 1);
    assert_int_equal(heard[0].attempt, 2);
    task_list_close(&list);
}

static void more_lost_tasks_than_asked_for_stay_for_the_next_call(void **state)
{
    struct task_list *list = open_list(group_url, "many-lost");
    struct task task;
    struct task_lost lost[8];
    push_some(list, 0, 5);
    for (int i = 0; i < 5; i++)
        claim_one(list, 1, &task);
    assert_int_equal(task_list_expire(list, lost, 3, NULL), 3);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{many-lost}:doing:1"), 2);
    assert_int_equal(task_list_expire(list, lost, 3, NULL), 2);
    assert_int_equal(task_list_expire(list, lost, 3, NULL), 0);
    EXPECT_NEXT(list, 2, 0, 1, 2, 3, 4);
    task_list_close(&list);
}

static void what_is_no_task_is_lost_with_its_rank(void **state)
{
    struct task_list *list = open_list(group_url, "lost-rubbish");
    struct task task;
    struct task_lost lost[4];
    push_some(list, 3, 1);
    claim_one(list, 1, &task);
    assert_int_equal(raw_integer(group_url, "RPUSH vidmpi:{lost-rubbish}:doing:1 end rubbish"), 3);
    assert_int_equal(task_list_expire(list, lost, 4, NULL), 1);
    assert_int_equal(raw_integer(group_url, "EXISTS vidmpi:{lost-rubbish}:doing:1"), 0);
    EXPECT_NEXT(list, 2, 3);
    task_list_close(&list);
}

/* ---- later or never ---- */

static void delay(struct task_list *list, uint64_t id, int64_t due)
{
    struct task task = some_task(id);
    struct vid_error err = {0};
    if (task_list_delay(list, &task, due, &err) < 0)
        fail_msg("%s", err.text);
}

static void delayed_tasks_come_back_when_they_are_due(void **state)
{
    struct task_list *list = open_list(group_url, "delay");
    int64_t now = clock_wall() / NS_PER_MS * NS_PER_MS;
    int64_t next = 0;
    struct task task;
    push_some(list, 0, 1);
    delay(list, 1, now + 4 * NS_PER_S);
    delay(list, 2, now + NS_PER_S - 1);
    delay(list, 3, now + 2 * NS_PER_S);
    delay(list, 3, now + 2 * NS_PER_S);
    assert_int_equal(task_list_wake(list, now, &next, NULL), 0);
    assert_true(next == now + NS_PER_S);
    uint64_t trips = task_list_round_trips(list);
    assert_int_equal(task_list_wake(list, now + NS_PER_S - 1, &next, NULL), 0);
    assert_int_equal(task_list_wake(list, now + 3 * NS_PER_S, &next, NULL), 2);
    assert_int_equal(task_list_round_trips(list) - trips, 2);
    assert_true(next == now + 4 * NS_PER_S);
    assert_int_equal(claim_one(list, 0, &task), 2);
    assert_true(task.pushed == now + NS_PER_S - 1);
    EXPECT_NEXT(list, 0, 3, 0);
    assert_int_equal(task_list_wake(list, next, &next, NULL), 1);
    assert_true(next == INT64_MAX);
    EXPECT_NEXT(list, 0, 1);
    task_list_close(&list);
}

static void a_task_given_up_is_kept_for_people(void **state)
{
    struct task_list *list = open_list(group_url, "dead");
    struct task task = some_task(4);
    assert_int_equal(task_list_bury(list, &task, "frame 4:  100 % \"broken\"\n", NULL), 0);
    redisReply *kept = raw(group_url, "LINDEX vidmpi:{dead}:dead 0");
    assert_string_equal(kept->str, "4 4 1 0 0 1 1000 0 0 0 16384:4096|frame 4:  100 % \"broken\"\n");
    reply_free(&kept);
    for (int i = 0; i < 1005; i++)
        assert_int_equal(task_list_bury(list, &task, "again", NULL), 0);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{dead}:dead"), 1000);
    task.count = 0;
    assert_int_equal(task_list_bury(list, &task, "wrong", NULL), -EINVAL);
    assert_int_equal(task_list_delay(list, &task, 1, NULL), -EINVAL);
    task_list_close(&list);
}

/* ---- the audit ---- */

static int place_of(const struct task_place *places, int count, uint64_t id)
{
    for (int i = 0; i < count; i++)
        if (places[i].id == id)
            return places[i].rank;
    return -99;
}

static void each_task_has_its_place(void **state)
{
    struct task_list *list = open_list(group_url, "places");
    struct task_place places[8];
    struct task task;
    assert_int_equal(task_list_places(list, places, 8, NULL), 0);
    push_some(list, 0, 5);
    claim_one(list, 0, &task);
    claim_one(list, 12, &task);
    claim_one(list, 12, &task);
    report_one(list, &task, 12);
    delay(list, 9, clock_wall());
    assert_int_equal(raw_integer(group_url, "RPUSH vidmpi:{places}:todo end rubbish"), 4);
    uint64_t trips = task_list_round_trips(list);
    int count = task_list_places(list, places, 8, NULL);
    assert_int_equal(task_list_round_trips(list) - trips, 1);
    assert_int_equal(count, 5);
    assert_int_equal(place_of(places, count, 0), 0);
    assert_int_equal(place_of(places, count, 1), 12);
    assert_int_equal(place_of(places, count, 3), PLACE_TODO);
    assert_int_equal(place_of(places, count, 4), PLACE_TODO);
    assert_int_equal(place_of(places, count, 9), PLACE_RETRY);
    assert_int_equal(places[0].attempt, 1);
    assert_int_equal(task_list_places(list, places, 2, NULL), 2);
    task_list_close(&list);
}

static void every_key_has_an_end_and_goes_with_the_job(void **state)
{
    struct task_list *list = open_list(group_url, "keys");
    struct task task;
    struct task_lost lost;
    int64_t next = 0;
    push_some(list, 0, 3);
    for (unsigned rank = 1; rank < 4; rank++)
        claim_one(list, rank, &task);
    assert_int_equal(task_list_hand_back(list, 3, &task, 1, NULL), 0); /* todo is a new key */
    beat(list, 1, LONG_MS);
    beat(list, 5, LONG_MS);
    delay(list, 8, clock_wall());
    assert_int_equal(task_list_bury(list, &task, "why", NULL), 0);
    redisReply *keys = raw(group_url, "KEYS vidmpi:{keys}:*");
    assert_int_equal(keys->elements, 8); /* todo, ranks, retry, dead, doing of 1 and 2, lease of 1 and 5 */
    for (size_t i = 0; i < keys->elements; i++)
        assert_in_range(raw_integer(group_url, "TTL %s", keys->element[i]->str), 1, 86400);
    reply_free(&keys);
    claim_one(list, 1, &task);
    assert_int_equal(task_list_expire(list, &lost, 1, NULL), 1);
    assert_in_range(raw_integer(group_url, "TTL vidmpi:{keys}:todo"), 80000, 86400);
    claim_one(list, 1, &task);
    assert_int_equal(task_list_wake(list, clock_wall() + NS_PER_MS, &next, NULL), 1);
    assert_in_range(raw_integer(group_url, "TTL vidmpi:{keys}:todo"), 80000, 86400);
    assert_int_equal(task_list_remove(list, NULL), 0);
    keys = raw(group_url, "KEYS vidmpi:{keys}:*");
    assert_int_equal(keys->elements, 0);
    reply_free(&keys);
    task_list_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_handed_back_comes_first_in_its_order),
        cmocka_unit_test(what_is_not_held_is_not_handed_back),
        cmocka_unit_test(a_rank_lives_as_long_as_it_beats),
        cmocka_unit_test(what_a_rank_without_a_lease_holds_comes_back),
        cmocka_unit_test(a_late_report_of_a_lost_task_is_not_heard),
        cmocka_unit_test(more_lost_tasks_than_asked_for_stay_for_the_next_call),
        cmocka_unit_test(what_is_no_task_is_lost_with_its_rank),
        cmocka_unit_test(delayed_tasks_come_back_when_they_are_due),
        cmocka_unit_test(a_task_given_up_is_kept_for_people),
        cmocka_unit_test(each_task_has_its_place),
        cmocka_unit_test(every_key_has_an_end_and_goes_with_the_job),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
