/* The connection or the server dies in the middle of a job. */
#include "helpers.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void cut_all(void)
{
    assert_true(raw_integer(group_url, "CLIENT KILL TYPE normal SKIPME yes") >= 1);
}

static void calls_go_on_after_a_cut(void **state)
{
    struct task_list *list = open_list(group_url, "cut");
    struct task tasks[] = {some_task(1), some_task(2)};
    struct task held[2];
    struct task task;
    struct task_report report = {0};
    cut_all();
    assert_int_equal(task_list_push(list, tasks, 2, NULL), 0);
    assert_int_equal(task_list_reconnects(list), 1);
    cut_all();
    assert_int_equal(task_list_claim(list, 4, 100, &task, NULL), 1);
    assert_int_equal(task.id, 1);
    cut_all();
    assert_int_equal(task_list_held(list, 4, held, 2, NULL), 1);
    report = some_report(&task, 4);
    cut_all();
    assert_int_equal(task_list_report(list, &task, &report, 1, NULL), 0);
    cut_all();
    assert_int_equal(task_list_wait(list, 100, &report, 1, NULL), 1);
    assert_int_equal(report.id, 1);
    cut_all();
    assert_int_equal(task_list_push_end(list, 1, NULL), 0);
    cut_all();
    assert_int_equal(task_list_remove(list, NULL), 0);
    assert_int_equal(task_list_reconnects(list), 7);
    task_list_close(&list);
}

/* As when the server moved the entry and the answer was lost on the way. */
static void a_claim_whose_answer_was_lost_is_found(void **state)
{
    struct task_list *list = open_list(group_url, "lost");
    struct task tasks[] = {some_task(1), some_task(2), some_task(3)};
    struct task task;
    assert_int_equal(task_list_push(list, tasks, 3, NULL), 0);
    assert_int_equal(task_list_claim(list, 0, 0, &task, NULL), 1);
    redisReply *moved = raw(group_url, "LMOVE vidmpi:{lost}:todo vidmpi:{lost}:doing:0 LEFT RIGHT");
    reply_free(&moved);
    cut_all();
    assert_int_equal(task_list_claim(list, 0, 100, &task, NULL), 1);
    assert_int_equal(task.id, 2);
    cut_all();
    assert_int_equal(task_list_claim(list, 0, 100, &task, NULL), 1);
    assert_int_equal(task.id, 3);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{lost}:doing:0"), 3);
    task_list_close(&list);
}

static void an_end_mark_whose_answer_was_lost_is_found(void **state)
{
    struct task_list *list = open_list(group_url, "lost-end");
    struct task task;
    assert_int_equal(raw_integer(group_url, "RPUSH vidmpi:{lost-end}:doing:0 x end"), 2);
    cut_all();
    assert_int_equal(task_list_claim(list, 0, 100, &task, NULL), VID_EOF);
    assert_int_equal(raw_integer(group_url, "LLEN vidmpi:{lost-end}:doing:0"), 0);
    task_list_close(&list);
}

static void a_server_that_came_back_empty_is_used(void **state)
{
    struct task_list *list = open_list(group_url, "empty");
    struct task task = some_task(1);
    struct task_report report = some_report(&task, 2);
    assert_int_equal(task_list_push(list, &task, 1, NULL), 0);
    assert_int_equal(task_list_claim(list, 2, 0, &task, NULL), 1);
    redisReply *reply = raw(group_url, "FLUSHALL");
    reply_free(&reply);
    reply = raw(group_url, "SCRIPT FLUSH");
    reply_free(&reply);
    cut_all();
    assert_int_equal(task_list_report(list, &task, &report, 1, NULL), 0);
    assert_int_equal(task_list_wait(list, 10, &report, 1, NULL), 0); /* it was not held any more */
    assert_int_equal(task_list_push(list, &task, 1, NULL), 0);
    assert_int_equal(task_list_claim(list, 2, 0, &task, NULL), 1);
    assert_int_equal(raw_integer(group_url, "SCARD vidmpi:{empty}:ranks"), 1); /* announced anew */
    assert_int_equal(task_list_remove(list, NULL), 0);
    task_list_close(&list);
}

static void a_forgotten_script_is_sent_again(void **state)
{
    struct task_list *list = open_list(group_url, "noscript");
    struct task task;
    struct task_report heard[3];
    push_some(list, 1, 2);
    for (int i = 0; i < 2; i++) {
        claim_one(list, 0, &task);
        report_one(list, &task, 0);
        redisReply *flushed = raw(group_url, "SCRIPT FLUSH");
        reply_free(&flushed);
    }
    assert_int_equal(task_list_wait(list, 0, heard, 3, NULL), 2);
    assert_int_equal(task_list_reconnects(list), 0);
    task_list_close(&list);
}

static void *kill_waited_for(void *arg)
{
    const pid_t *pid = arg;
    await_blocked_client();
    kill(*pid, SIGKILL);
    return NULL;
}

/* Returns the code of a wait or claim during which the server is killed. */
static int call_while_killed(bool claim, struct vid_error *err, int64_t *took)
{
    pthread_t thread;
    pid_t pid = server_pid(group_url);
    struct task_report report = {0};
    struct task task;
    struct task_list *list = open_list(group_url, "killed");
    task_list_set_patience(list, 300);
    assert_int_equal(pthread_create(&thread, NULL, kill_waited_for, &pid), 0);
    int64_t before = clock_now();
    int rc = claim ? task_list_claim(list, 0, 2000, &task, err) : task_list_wait(list, 2000, &report, 1, err);
    *took = clock_now() - before;
    pthread_join(thread, NULL);
    task_list_close(&list);
    return rc;
}

static void a_killed_server_is_told_within_the_deadline(void **state)
{
    for (int claim = 0; claim < 2; claim++) {
        struct vid_error err = {0};
        int64_t took = 0;
        int rc = call_while_killed(claim, &err, &took);
        assert_int_equal(rc, -ECONNREFUSED);
        assert_non_null(strstr(err.text, "could not be made again"));
        assert_non_null(strstr(err.text, "connection refused"));
        assert_true(took < 6 * NS_PER_S);
        assert_int_equal(redis_server_restart(group_server, NULL), 0);
    }
}

static void a_frozen_server_is_told_within_the_deadline(void **state)
{
    struct vid_error err = {0};
    struct task task = some_task(1);
    struct task_list *list = open_list(group_url, "frozen");
    pid_t pid = server_pid(group_url);
    task_list_set_patience(list, 300);
    kill(pid, SIGSTOP);
    int64_t before = clock_now();
    int rc = task_list_push(list, &task, 1, &err);
    int64_t took = clock_now() - before;
    kill(pid, SIGCONT);
    assert_int_equal(rc, -ETIMEDOUT);
    assert_non_null(strstr(err.text, "no answer in time"));
    assert_true(took >= 300 * NS_PER_MS && took < 5 * NS_PER_S);
    assert_int_equal(task_list_remove(list, NULL), 0); /* and it is used again */
    task_list_close(&list);
}

static void *restart_and_push(void *arg)
{
    struct task_list *list = arg;
    struct task task = some_task(9);
    await_blocked_client();
    assert_int_equal(redis_server_restart(group_server, NULL), 0);
    assert_int_equal(task_list_push(list, &task, 1, NULL), 0);
    return NULL;
}

static void a_waiting_claim_outlives_a_restart(void **state)
{
    struct task task;
    struct vid_error err = {0};
    pthread_t thread;
    struct task_list *list = open_list(group_url, "back");
    struct task_list *rank_0 = open_list(group_url, "back");
    assert_int_equal(pthread_create(&thread, NULL, restart_and_push, rank_0), 0);
    int rc = task_list_claim(list, 0, 15000, &task, &err);
    pthread_join(thread, NULL);
    if (rc != 1)
        fail_msg("%d %s", rc, err.text);
    assert_int_equal(task.id, 9);
    assert_int_equal(task_list_reconnects(list), 1);
    task_list_close(&list);
    task_list_close(&rank_0);
}

static void a_cluster_is_followed_to_the_key(void **state)
{
    static char moved[80];
    static struct canned first[] = {{"HELLO", HELLO_7}, {"EXISTS", moved}, {NULL, NULL}};
    static const struct canned second[] = {
        {"HELLO", HELLO_7}, {"EXISTS", ":0\r\n"}, {"SMEMBERS", "*0\r\n"}, {"DEL", ":77\r\n"}, {NULL, NULL}};
    struct fake a;
    struct fake b;
    struct task_list *list = NULL;
    struct vid_error err = {0};
    fake_start(&b, second);
    (void)snprintf(moved, sizeof(moved), "-MOVED 3999 127.0.0.1:%d\r\n", b.port);
    fake_start(&a, first);
    if (task_list_open(a.url, "job", &list, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(task_list_remove(list, &err), 0);
    task_list_close(&list);
    fake_stop(&a);
    fake_stop(&b);
}

static void a_cluster_that_points_in_circles_is_left(void **state)
{
    static char moved[80];
    static struct canned table[] = {{"HELLO", HELLO_7}, {"EXISTS", moved}, {NULL, NULL}};
    struct fake fake;
    struct task_list *list = NULL;
    struct vid_error err = {0};
    fake_start(&fake, table);
    (void)snprintf(moved, sizeof(moved), "-MOVED 3999 127.0.0.1:%d\r\n", fake.port);
    assert_int_equal(task_list_open(fake.url, "job", &list, &err), -EXDEV);
    assert_non_null(strstr(err.text, "cluster"));
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_on_after_a_cut),
        cmocka_unit_test(a_claim_whose_answer_was_lost_is_found),
        cmocka_unit_test(an_end_mark_whose_answer_was_lost_is_found),
        cmocka_unit_test(a_server_that_came_back_empty_is_used),
        cmocka_unit_test(a_forgotten_script_is_sent_again),
        cmocka_unit_test(a_killed_server_is_told_within_the_deadline),
        cmocka_unit_test(a_frozen_server_is_told_within_the_deadline),
        cmocka_unit_test(a_waiting_claim_outlives_a_restart),
        cmocka_unit_test(a_cluster_is_followed_to_the_key),
        cmocka_unit_test(a_cluster_that_points_in_circles_is_left),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
