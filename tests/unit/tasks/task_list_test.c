/* The task list on a real group_server, nothing failing. */
#include "helpers.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void claims_in_order_in_one_round_trip_each(void **state)
{
    struct task_list *list = open_list(group_url, "order");
    struct task task;
    uint64_t trips = task_list_round_trips(list);
    push_some(list, 0, 5);
    assert_int_equal(task_list_round_trips(list) - trips, 1);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(claim_one(list, 2, &task), i);
    assert_int_equal(task_list_round_trips(list) - trips, 6);
    assert_int_equal(task_list_claim(list, 2, 0, &task, NULL), 0);
    assert_int_equal(task.slots[0].offset, 4 * 4096);
    task_list_close(&list);
}

static void further_attempts_come_first_in_their_order(void **state)
{
    static const uint64_t expected[] = {3, 4, 1, 2, 5};
    struct task_list *list = open_list(group_url, "retry");
    struct task tasks[] = {some_task(3), some_task(5), some_task(4)};
    struct task task;
    tasks[0].attempt = 2;
    tasks[2].attempt = 3;
    push_some(list, 1, 2);
    assert_int_equal(task_list_push(list, tasks, 3, NULL), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(claim_one(list, 0, &task), expected[i]);
    task_list_close(&list);
}

static void an_empty_list_is_waited_for(void **state)
{
    struct task_list *list = open_list(group_url, "empty");
    struct task task;
    int64_t before = clock_now();
    assert_int_equal(task_list_claim(list, 0, 50, &task, NULL), 0);
    int64_t took = clock_now() - before;
    assert_true(took >= 45 * NS_PER_MS && took < 5 * NS_PER_S);
    before = clock_now();
    struct task_report report = {0};
    assert_int_equal(task_list_wait(list, 50, &report, 1, NULL), 0);
    took = clock_now() - before;
    assert_true(took >= 45 * NS_PER_MS && took < 5 * NS_PER_S);
    task_list_close(&list);
}

struct late_push {
    struct task_list *list;
};

static void *push_late(void *arg)
{
    struct late_push *late = arg;
    push_some(late->list, 42, 1);
    return NULL;
}

static void a_waiting_claim_wakes_at_a_push(void **state)
{
    struct late_push late = {open_list(group_url, "late")};
    struct task_list *list = open_list(group_url, "late");
    struct task task;
    pthread_t thread;
    int64_t before = clock_now();
    assert_int_equal(pthread_create(&thread, NULL, push_late, &late), 0);
    assert_int_equal(task_list_claim(list, 0, 20000, &task, NULL), 1);
    assert_true(clock_now() - before < 10 * NS_PER_S);
    assert_int_equal(task.id, 42);
    pthread_join(thread, NULL);
    task_list_close(&late.list);
    task_list_close(&list);
}

static void each_claimant_takes_one_end_mark_after_the_tasks(void **state)
{
    struct task_list *list = open_list(group_url, "end");
    struct task task;
    push_some(list, 0, 1);
    assert_int_equal(task_list_push_end(list, 2, NULL), 0);
    claim_one(list, 0, &task);
    assert_int_equal(task_list_claim(list, 0, 1000, &task, NULL), VID_EOF);
    assert_int_equal(task_list_claim(list, 1, 1000, &task, NULL), VID_EOF);
    assert_int_equal(task_list_claim(list, 2, 0, &task, NULL), 0);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{end}:doing:1"), 0);
    task_list_close(&list);
}

static void a_report_reaches_rank_0(void **state)
{
    struct task_list *list = open_list(group_url, "report");
    struct task tasks[2];
    struct task_report reports[2];
    struct task_report heard[8];
    push_some(list, 0, 3);
    for (int i = 0; i < 2; i++) {
        claim_one(list, 5, &tasks[i]);
        reports[i] = some_report(&tasks[i], 5);
    }
    reports[1].outcome = TASK_FAILED;
    reports[1].frame = 77;
    strcpy(reports[1].text, "filter \"x\": out of\nmemory");
    uint64_t trips = task_list_round_trips(list);
    assert_int_equal(task_list_report(list, tasks, reports, 2, NULL), 0);
    assert_int_equal(task_list_round_trips(list) - trips, 1);
    assert_int_equal(task_list_wait(list, 1000, heard, 8, NULL), 2);
    assert_int_equal(task_list_round_trips(list) - trips, 2);
    assert_true(heard[0].outcome == TASK_DONE && heard[0].id == 0 && heard[0].rank == 5);
    assert_string_equal(heard[0].text, "");
    assert_true(heard[1].outcome == TASK_FAILED && heard[1].frame == 77 && heard[1].attempt == 1);
    assert_string_equal(heard[1].text, reports[1].text);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{report}:doing:5"), 0);
    task_list_close(&list);
}

static void a_repeated_report_is_not_heard_twice(void **state)
{
    struct task_list *list = open_list(group_url, "twice");
    struct task task;
    struct task_report heard[4];
    push_some(list, 0, 1);
    claim_one(list, 1, &task);
    report_one(list, &task, 1);
    report_one(list, &task, 1);
    assert_int_equal(task_list_wait(list, 0, heard, 4, NULL), 1);
    assert_int_equal(task_list_wait(list, 0, heard, 4, NULL), 0);
    task_list_close(&list);
}

static void a_burst_of_reports_is_heard_in_order(void **state)
{
    enum { N = 500, MAX = 64 };
    struct task_list *list = open_list(group_url, "burst");
    struct task_report heard[MAX];
    struct task task;
    uint64_t next = 0;
    push_some(list, 0, N);
    for (int i = 0; i < N; i++) {
        claim_one(list, 0, &task);
        report_one(list, &task, 0);
    }
    uint64_t trips = task_list_round_trips(list);
    while (next < N) {
        int n = task_list_wait(list, 1000, heard, MAX, NULL);
        assert_true(n > 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(heard[i].id, next++);
    }
    assert_int_equal(task_list_round_trips(list) - trips, (N + MAX - 1) / MAX);
    assert_int_equal(task_list_wait(list, 0, heard, 1, NULL), 0);
    task_list_close(&list);
}

static void rank_0_sees_what_a_rank_holds(void **state)
{
    struct task_list *list = open_list(group_url, "held");
    struct task tasks[4];
    struct task task;
    push_some(list, 10, 3);
    claim_one(list, 7, &task);
    claim_one(list, 7, &task);
    assert_int_equal(task_list_held(list, 7, tasks, 4, NULL), 2);
    assert_true(tasks[0].id == 10 && tasks[1].id == 11);
    assert_int_equal(task_list_held(list, 7, tasks, 1, NULL), 1);
    assert_int_equal(task_list_held(list, 8, tasks, 4, NULL), 0);
    report_one(list, &tasks[0], 7); /* a supervisor reports for its dead worker */
    assert_int_equal(task_list_held(list, 7, tasks, 4, NULL), 1);
    assert_int_equal(tasks[0].id, 11);
    task_list_close(&list);
}

static void rubbish_is_removed_and_passed_over(void **state)
{
    struct task_list *list = open_list(group_url, "rubbish");
    struct task task;
    struct task_report heard[4];
    assert_int_equal(
        raw_integer(group_url, "RPUSH vidmpi:{rubbish}:todo %s %b %s", "hello", "a\0b", (size_t)3, ""), 3);
    push_some(list, 3, 1);
    assert_int_equal(claim_one(list, 1, &task), 3);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{rubbish}:doing:1"), 1);
    assert_int_equal(raw_integer(group_url, "RPUSH vidmpi:{rubbish}:done %s %s", "hello", "1 2 3"), 2);
    report_one(list, &task, 1);
    assert_int_equal(task_list_wait(list, 1000, heard, 4, NULL), 1);
    assert_int_equal(heard[0].id, 3);
    assert_int_equal(raw_integer(group_url, "RPUSH vidmpi:{rubbish}:done %s", "hello"), 1);
    assert_int_equal(task_list_wait(list, 20, heard, 4, NULL), 0);
    task_list_close(&list);
}

struct worker {
    pthread_t thread;
    unsigned rank;
    uint8_t *seen;
    int count;
};

enum { MANY = 2000 };

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct task_list *list = open_list(group_url, "many");
    struct task task;
    while (task_list_claim(list, worker->rank, 1000, &task, NULL) == 1) {
        worker->seen[task.id]++;
        worker->count++;
        report_one(list, &task, worker->rank);
    }
    task_list_close(&list);
    return NULL;
}

static void workers_never_get_the_same_task(void **state)
{
    struct task_list *list = open_list(group_url, "many");
    struct worker workers[4];
    struct task_report heard[64];
    int reports = 0;
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){.rank = i, .seen = calloc(MANY, 1)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (uint64_t i = 0; i < MANY; i += 100)
        push_some(list, i, 100);
    assert_int_equal(task_list_push_end(list, 4, NULL), 0);
    while (reports < MANY) {
        int n = task_list_wait(list, 5000, heard, 64, NULL);
        assert_true(n > 0);
        reports += n;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(workers[i].thread, NULL);
    for (int t = 0; t < MANY; t++)
        assert_int_equal(workers[0].seen[t] + workers[1].seen[t] + workers[2].seen[t] + workers[3].seen[t],
                         1);
    for (int i = 0; i < 4; i++)
        free(workers[i].seen);
    assert_int_equal(task_list_wait(list, 0, heard, 64, NULL), 0);
    task_list_close(&list);
}

static void jobs_are_kept_apart(void **state)
{
    struct task_list *a = open_list(group_url, "job-a");
    struct task_list *b = open_list(group_url, "job-b");
    struct task task;
    push_some(a, 1, 1);
    assert_int_equal(task_list_claim(b, 0, 0, &task, NULL), 0);
    assert_int_equal(task_list_remove(b, NULL), 0);
    assert_int_equal(claim_one(a, 0, &task), 1);
    task_list_close(&a);
    task_list_close(&b);
}

static long long keys_of(const char *job)
{
    redisReply *keys = raw(group_url, "KEYS vidmpi:{%s}:*", job);
    long long n = (long long)keys->elements;
    reply_free(&keys);
    return n;
}

static void no_key_is_left_after_remove(void **state)
{
    struct task_list *list = open_list(group_url, "gone");
    struct task task;
    push_some(list, 0, 6);
    for (unsigned rank = 0; rank < 4; rank++)
        claim_one(list, rank * 100, &task);
    report_one(list, &task, 300);
    claim_one(list, 12, &task);
    assert_int_equal(keys_of("gone"), 7); /* todo, done, ranks, doing of 0, 100, 200, 12 */
    assert_int_equal(task_list_remove(list, NULL), 0);
    assert_int_equal(keys_of("gone"), 0);
    task_list_close(&list);
}

static void every_key_has_an_end(void **state)
{
    struct task_list *list = open_list(group_url, "ttl");
    struct task task;
    push_some(list, 0, 4);
    claim_one(list, 1, &task);
    claim_one(list, 2, &task);
    report_one(list, &task, 2);
    claim_one(list, 2, &task); /* doing:2 is a new key again */
    assert_int_equal(task_list_push_end(list, 1, NULL), 0);
    redisReply *keys = raw(group_url, "KEYS vidmpi:{ttl}:*");
    assert_int_equal(keys->elements, 5);
    for (size_t i = 0; i < keys->elements; i++) {
        long long life = raw_integer(group_url, "TTL %s", keys->element[i]->str);
        if (life < 80000 || life > 86400)
            fail_msg("%s lives %lld s", keys->element[i]->str, life);
    }
    reply_free(&keys);
    task_list_close(&list);
}

static void a_large_push_and_nothing_at_all(void **state)
{
    struct task_list *list = open_list(group_url, "large");
    struct task *tasks = calloc(200, sizeof(*tasks));
    struct task task;
    for (uint64_t i = 0; i < 200; i++) {
        tasks[i] = some_task(i);
        tasks[i].count = TASK_FRAMES_MAX;
        for (int k = 0; k < TASK_FRAMES_MAX; k++)
            tasks[i].slots[k] = (struct task_slot){UINT64_MAX - i, UINT64_MAX};
    }
    assert_int_equal(task_list_push(list, tasks, 200, NULL), 0);
    for (uint64_t i = 0; i < 200; i++) {
        assert_int_equal(claim_one(list, 0, &task), i);
        assert_memory_equal(task.slots, tasks[i].slots, sizeof(task.slots));
    }
    assert_int_equal(task_list_push(list, tasks, 0, NULL), 0);
    assert_int_equal(task_list_push_end(list, 0, NULL), 0);
    assert_int_equal(task_list_report(list, NULL, NULL, 0, NULL), 0);
    assert_int_equal(task_list_claim(list, 0, 0, &task, NULL), 0);
    free(tasks);
    task_list_close(&list);
}

static void a_wrong_task_is_not_pushed(void **state)
{
    struct task_list *list = open_list(group_url, "wrong");
    struct task tasks[] = {some_task(1), some_task(2)};
    struct vid_error err = {0};
    tasks[1].count = 0;
    assert_int_equal(task_list_push(list, tasks, 2, &err), -EINVAL);
    assert_non_null(strstr(err.text, "task 2"));
    assert_int_equal(keys_of("wrong"), 0);
    task_list_close(&list);
}

static void a_job_name_that_breaks_keys_is_refused(void **state)
{
    static const char *const names[] = {"", "a b", "a}b", "{", "*", "a\nb"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct task_list *list = NULL;
        struct vid_error err = {0};
        assert_int_equal(task_list_open(group_url, names[i], &list, &err), -EINVAL);
        assert_null(list);
        assert_non_null(strstr(err.text, "job name"));
    }
}

/* They cost no round trip of their own, and each is heard once, whatever the server has forgotten. */
static void reports_go_with_the_next_claim(void **state)
{
    struct task_list *list = open_list(group_url, "later"), *rank_0 = open_list(group_url, "later");
    struct task_report heard[4] = {{0}};
    struct task task;
    push_some(list, 0, 4);
    for (uint64_t id = 0; id < 3; id++) {
        redisReply *flushed = id == 2 ? raw(group_url, "SCRIPT FLUSH") : NULL;
        reply_free(&flushed);
        assert_int_equal(claim_one(list, 5, &task), id);
        assert_int_equal(task_list_wait(rank_0, 0, heard, 4, NULL), id > 0);
        assert_true(id == 0 || (heard[0].id == id - 1 && heard[0].rank == 5));
        struct task_report report = some_report(&task, 5);
        assert_int_equal(task_list_report_later(list, &task, &report, 1, NULL), 0);
        assert_int_equal(task_list_wait(rank_0, 0, heard, 4, NULL), 0);
    }
    uint64_t trips = task_list_round_trips(list);
    assert_int_equal(claim_one(list, 5, &task), 3);
    assert_int_equal(task_list_round_trips(list) - trips, 1);
    assert_int_equal(task_list_wait(rank_0, 0, heard, 4, NULL), 1);
    struct task_report last = some_report(&task, 5);
    assert_int_equal(task_list_report_later(list, &task, &last, 1, NULL), 0);
    assert_int_equal(task_list_flush(list, NULL), 0);
    assert_int_equal(task_list_wait(rank_0, 0, heard, 4, NULL), 1);
    assert_int_equal(task_list_held(rank_0, 5, &task, 1, NULL), 0);
    assert_int_equal(task_list_flush(list, NULL), 0);
    assert_int_equal(task_list_wait(rank_0, 0, heard, 4, NULL), 0);
    task_list_close(&rank_0);
    task_list_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_in_order_in_one_round_trip_each),
        cmocka_unit_test(further_attempts_come_first_in_their_order),
        cmocka_unit_test(an_empty_list_is_waited_for),
        cmocka_unit_test(reports_go_with_the_next_claim),
        cmocka_unit_test(a_waiting_claim_wakes_at_a_push),
        cmocka_unit_test(each_claimant_takes_one_end_mark_after_the_tasks),
        cmocka_unit_test(a_report_reaches_rank_0),
        cmocka_unit_test(a_repeated_report_is_not_heard_twice),
        cmocka_unit_test(a_burst_of_reports_is_heard_in_order),
        cmocka_unit_test(rank_0_sees_what_a_rank_holds),
        cmocka_unit_test(rubbish_is_removed_and_passed_over),
        cmocka_unit_test(workers_never_get_the_same_task),
        cmocka_unit_test(jobs_are_kept_apart),
        cmocka_unit_test(no_key_is_left_after_remove),
        cmocka_unit_test(every_key_has_an_end),
        cmocka_unit_test(a_large_push_and_nothing_at_all),
        cmocka_unit_test(a_wrong_task_is_not_pushed),
        cmocka_unit_test(a_job_name_that_breaks_keys_is_refused),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
