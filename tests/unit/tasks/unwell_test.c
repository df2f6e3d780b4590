/* Redis that is unwell for a while: calls go on when it is back. */
#include "helpers.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every call that there is, on a job with task 1 in todo, task 2 in doing:3,
 * task 4 delayed. `once` names what has happened when a call fails. */
struct scene {
    struct task_list *list;
    struct task task;
    const char *once;
};

static void expect_ok(const struct scene *scene, int rc, int expected, const struct vid_error *err)
{
    if (rc != expected)
        fail_msg("%s: %d %s", scene->once, rc, err->text);
}

static void run_push(struct scene *scene)
{
    struct vid_error err = {0};
    struct task task = some_task(9);
    expect_ok(scene, task_list_push(scene->list, &task, 1, &err), 0, &err);
}

static void run_claim(struct scene *scene)
{
    struct vid_error err = {0};
    struct task task;
    expect_ok(scene, task_list_claim(scene->list, 0, 100, &task, &err) >= 0, 1, &err);
}

static void run_report(struct scene *scene)
{
    struct vid_error err = {0};
    struct task_report report = some_report(&scene->task, 3);
    expect_ok(scene, task_list_report(scene->list, &scene->task, &report, 1, &err), 0, &err);
}

static void run_wait(struct scene *scene)
{
    struct vid_error err = {0};
    struct task_report heard[2];
    expect_ok(scene, task_list_wait(scene->list, 100, heard, 2, &err) >= 0, 1, &err);
}

static void run_hand_back(struct scene *scene)
{
    struct vid_error err = {0};
    expect_ok(scene, task_list_hand_back(scene->list, 3, &scene->task, 1, &err), 0, &err);
}

static void run_beat(struct scene *scene)
{
    struct vid_error err = {0};
    expect_ok(scene, task_list_beat(scene->list, 3, 60000, &err), 0, &err);
}

static void run_alive(struct scene *scene)
{
    struct vid_error err = {0};
    bool alive[4];
    expect_ok(scene, task_list_alive(scene->list, alive, 4, &err), 0, &err);
}

static void run_expire(struct scene *scene)
{
    struct vid_error err = {0};
    struct task_lost lost[4];
    expect_ok(scene, task_list_expire(scene->list, lost, 4, &err) >= 0, 1, &err);
}

static void run_delay(struct scene *scene)
{
    struct vid_error err = {0};
    expect_ok(scene, task_list_delay(scene->list, &scene->task, 1, &err), 0, &err);
}

static void run_wake(struct scene *scene)
{
    struct vid_error err = {0};
    int64_t next = 0;
    expect_ok(scene, task_list_wake(scene->list, clock_wall(), &next, &err) >= 0, 1, &err);
}

static void run_bury(struct scene *scene)
{
    struct vid_error err = {0};
    expect_ok(scene, task_list_bury(scene->list, &scene->task, "why", &err), 0, &err);
}

static void run_places(struct scene *scene)
{
    struct vid_error err = {0};
    struct task_place places[8];
    expect_ok(scene, task_list_places(scene->list, places, 8, &err) >= 0, 1, &err);
}

static void run_remove(struct scene *scene)
{
    struct vid_error err = {0};
    expect_ok(scene, task_list_remove(scene->list, &err), 0, &err);
}

static void (*const calls[])(struct scene *) = {run_push, run_claim,  run_report, run_wait,  run_hand_back,
                                                run_beat, run_alive,  run_expire, run_delay, run_wake,
                                                run_bury, run_places, run_remove};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static void set_scene(struct scene *scene, const char *job)
{
    scene->once = job;
    scene->list = open_list(group_url, job);
    push_some(scene->list, 1, 3);
    claim_one(scene->list, 0, &scene->task);
    claim_one(scene->list, 3, &scene->task);
    run_delay(scene);
}

/* Before each call the trouble is made; a thread mends it when the call is on
 * its way. Gives how long calls went on after that at most. */
struct trouble_maker {
    void (*make)(void);
    void (*mend)(void);
    pid_t caller; /* thread that makes the call */
    int64_t mended_at;
};

static bool is_asleep(pid_t thread)
{
    char path[64];
    char text[300] = "";
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[n] = '\0';
    const char *state = strrchr(text, ')');
    return state && state[2] == 'S';
}

static void *mend_when_it_waits(void *arg)
{
    struct trouble_maker *maker = arg;
    int64_t deadline = clock_now() + 10 * NS_PER_S;
    while (!is_asleep(maker->caller) && clock_now() < deadline)
        clock_sleep_until(clock_now() + NS_PER_MS);
    maker->mend();
    maker->mended_at = clock_now();
    return NULL;
}

static void run_through(struct trouble_maker *maker, const char *job)
{
    for (int i = 0; i < CALLS; i++) {
        struct scene scene;
        pthread_t thread;
        set_scene(&scene, job);
        maker->caller = gettid();
        maker->make();
        assert_int_equal(pthread_create(&thread, NULL, mend_when_it_waits, maker), 0);
        calls[i](&scene);
        int64_t now = clock_now();
        pthread_join(thread, NULL);
        if (now - maker->mended_at > NS_PER_S + 200 * NS_PER_MS)
            fail_msg("call %d went on %lld ms after the end of the trouble", i,
                     (long long)((now - maker->mended_at) / NS_PER_MS));
        assert_int_equal(task_list_remove(scene.list, NULL), 0);
        task_list_close(&scene.list);
    }
}

/* ---- stopped, killed ---- */

static pid_t group_pid;

static void stop_server(void)
{
    group_pid = server_pid(group_url);
    kill(group_pid, SIGSTOP);
}

static void continue_server(void)
{
    kill(group_pid, SIGCONT);
}

static void calls_go_on_after_a_stop(void **state)
{
    struct trouble_maker maker = {.make = stop_server, .mend = continue_server};
    run_through(&maker, "stopped");
}

static void kill_server(void)
{
    kill(server_pid(group_url), SIGKILL);
    while (redis_server_alive(group_server))
        ;
}

static void restart_server(void)
{
    struct vid_error err = {0};
    if (redis_server_restart(group_server, &err) < 0)
        fail_msg("%s", err.text);
}

static void calls_go_on_after_a_kill(void **state)
{
    struct trouble_maker maker = {.make = kill_server, .mend = restart_server};
    run_through(&maker, "killed");
}

/* ---- a full memory ---- */

static void set_memory(const char *limit)
{
    redisReply *reply = raw(group_url, "CONFIG SET maxmemory %s", limit);
    assert_string_equal(reply->str, "OK");
    reply_free(&reply);
}

static void fill_memory(void)
{
    redisReply *reply = raw(group_url, "CONFIG RESETSTAT");
    reply_free(&reply);
    set_memory("1");
}

static void *free_memory_when_refused(void *arg)
{
    char text[40] = "";
    int64_t deadline = clock_now() + 10 * NS_PER_S;
    while (!text[0] && clock_now() < deadline) {
        redisReply *info = raw(group_url, "INFO errorstats");
        reply_info_field(info, "errorstat_OOM", text, sizeof(text));
        reply_free(&info);
    }
    set_memory("0");
    return arg;
}

static void calls_go_on_when_there_is_memory_again(void **state)
{
    void (*const refused[])(struct scene *) = {run_push, run_claim, run_delay, run_bury};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct scene scene;
        pthread_t thread;
        set_scene(&scene, "full");
        fill_memory();
        assert_int_equal(pthread_create(&thread, NULL, free_memory_when_refused, NULL), 0);
        refused[i](&scene);
        pthread_join(thread, NULL);
        assert_int_equal(task_list_reconnects(scene.list), 0);
        assert_int_equal(task_list_remove(scene.list, NULL), 0);
        task_list_close(&scene.list);
    }
}

/* So that a full memory does not look like the death of all. */
static void what_frees_memory_works_without_any(void **state)
{
    void (*const granted[])(struct scene *) = {run_report, run_wait,   run_beat,   run_alive,
                                               run_expire, run_places, run_remove, run_hand_back};
    for (size_t i = 0; i < sizeof(granted) / sizeof(granted[0]); i++) {
        struct scene scene;
        set_scene(&scene, "scarce");
        run_beat(&scene);
        task_list_set_patience(scene.list, 300);
        fill_memory();
        granted[i](&scene);
        set_memory("0");
        assert_int_equal(task_list_remove(scene.list, NULL), 0);
        task_list_close(&scene.list);
    }
}

/* ---- other refusals that pass, by a fake ---- */

static const char *const refusals[] = {"-LOADING Redis is loading the dataset in memory\r\n",
                                       "-BUSY Redis is busy running a script.\r\n",
                                       "-MASTERDOWN Link with MASTER is down\r\n",
                                       "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
                                       "-CLUSTERDOWN The cluster is down\r\n",
                                       "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"};

static struct task_list *open_fake(struct fake *fake, const struct canned *table)
{
    fake_start(fake, table);
    return open_list(fake->url, "fake");
}

static void a_refusal_that_passes_is_asked_again(void **state)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct canned table[] = {{"HELLO", HELLO_7},     {"EXISTS", ":0\r\n"}, {"EXPIRE", ":1\r\n"},
                                       {"RPUSH", refusals[i]}, {"RPUSH", ":1\r\n"},  {NULL, NULL}};
        struct fake fake;
        struct vid_error err = {0};
        struct task task = some_task(1);
        struct task_list *list = open_fake(&fake, table);
        if (task_list_push(list, &task, 1, &err) < 0)
            fail_msg("%s%s", refusals[i], err.text);
        assert_int_equal(task_list_round_trips(list), 3);
        assert_int_equal(task_list_reconnects(list), 0);
        task_list_close(&list);
        fake_stop(&fake);
    }
}

static void a_refusal_that_lasts_is_told_with_its_reason(void **state)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct canned table[] = {{"HELLO", HELLO_7},   {"EXISTS", ":0\r\n"}, {"LMOVE", refusals[i]},
                                       {"LRANGE", "*0\r\n"}, {"SADD", ":1\r\n"},   {"EXPIRE", ":1\r\n"},
                                       {NULL, NULL}};
        struct fake fake;
        struct vid_error err = {0};
        struct task task;
        struct task_list *list = open_fake(&fake, table);
        task_list_set_patience(list, 200);
        int64_t before = clock_now();
        assert_int_equal(task_list_claim(list, 0, 0, &task, &err), -EAGAIN);
        assert_in_range(clock_now() - before, 100 * NS_PER_MS, 2 * NS_PER_S);
        assert_non_null(strstr(err.text, "redis at 127.0.0.1"));
        assert_in_range(task_list_round_trips(list), 4, 20); /* pauses grow */
        task_list_close(&list);
        fake_stop(&fake);
    }
}

/* ---- keys that somebody deletes ---- */

static void delete_all(const char *job)
{
    redisReply *keys = raw(group_url, "KEYS vidmpi:{%s}:*", job);
    for (size_t i = 0; i < keys->elements; i++)
        assert_int_equal(raw_integer(group_url, "DEL %s", keys->element[i]->str), 1);
    reply_free(&keys);
}

static void *delete_and_push(void *arg)
{
    struct task_list *list = arg;
    await_blocked_client();
    delete_all("deleted");
    push_some(list, 5, 1);
    return NULL;
}

static void a_waiting_claim_outlives_the_keys(void **state)
{
    struct task_list *list = open_list(group_url, "deleted");
    struct task_list *rank_0 = open_list(group_url, "deleted");
    struct task task;
    pthread_t thread;
    push_some(rank_0, 1, 1);
    claim_one(list, 2, &task);
    assert_int_equal(pthread_create(&thread, NULL, delete_and_push, rank_0), 0);
    assert_int_equal(task_list_claim(list, 2, 15000, &task, NULL), 1);
    pthread_join(thread, NULL);
    assert_int_equal(task.id, 5);
    task_list_close(&list);
    task_list_close(&rank_0);
}

static void a_rank_is_known_again_after_the_keys_went(void **state)
{
    struct task_list *list = open_list(group_url, "known");
    struct task task;
    struct task_place places[4];
    bool alive[3];
    int64_t deadline = clock_now() + 10 * NS_PER_S;
    assert_int_equal(task_list_beat(list, 2, 60000, NULL), 0);
    assert_int_equal(task_list_claim(list, 1, 0, &task, NULL), 0);
    delete_all("known");
    assert_int_equal(task_list_alive(list, alive, 3, NULL), 0);
    assert_false(alive[2]);
    assert_int_equal(task_list_beat(list, 2, 60000, NULL), 0);
    assert_int_equal(raw_integer(group_url, "SISMEMBER vidmpi:{known}:ranks 2"), 1);
    while (raw_integer(group_url, "SISMEMBER vidmpi:{known}:ranks 1") == 0 && clock_now() < deadline)
        assert_int_equal(task_list_claim(list, 1, 20, &task, NULL), 0);
    push_some(list, 6, 1);
    claim_one(list, 1, &task);
    assert_int_equal(task_list_places(list, places, 4, NULL), 1);
    assert_int_equal(places[0].rank, 1);
    task_list_close(&list);
}

/* A claim that waits over a link that is lost may still be served by the
 * server, after the search that follows the new connection. */
static void what_an_old_link_was_given_later_is_found(void **state)
{
    struct task_list *list = open_list(group_url, "old-link");
    struct task task;
    assert_true(raw_integer(group_url, "CLIENT KILL TYPE normal SKIPME yes") >= 1);
    push_some(list, 1, 1); /* over the new one */
    claim_one(list, 0, &task);
    push_some(list, 2, 1);
    redisReply *moved = raw(group_url, "LMOVE vidmpi:{old-link}:todo vidmpi:{old-link}:doing:0 LEFT RIGHT");
    reply_free(&moved);
    assert_int_equal(task_list_claim(list, 0, 0, &task, NULL), 1);
    assert_int_equal(task.id, 2);
    uint64_t trips = task_list_round_trips(list);
    assert_int_equal(task_list_claim(list, 0, 0, &task, NULL), 0);
    assert_int_equal(task_list_round_trips(list) - trips, 1); /* once is enough */
    task_list_close(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_go_on_after_a_stop),
        cmocka_unit_test(calls_go_on_after_a_kill),
        cmocka_unit_test(calls_go_on_when_there_is_memory_again),
        cmocka_unit_test(what_frees_memory_works_without_any),
        cmocka_unit_test(a_refusal_that_passes_is_asked_again),
        cmocka_unit_test(a_refusal_that_lasts_is_told_with_its_reason),
        cmocka_unit_test(a_waiting_claim_outlives_the_keys),
        cmocka_unit_test(a_rank_is_known_again_after_the_keys_went),
        cmocka_unit_test(what_an_old_link_was_given_later_is_found),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
