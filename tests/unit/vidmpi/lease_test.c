#include "vidmpi/lease.h"

#include "base/log.h"
#include "standin.h"
#include "tasks/redis_server.h"
#include "worker/redis.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define RING "/vidmpi-lease-test"

static struct redis_server *server;
static struct task_list *list; /* rank 0's */
static struct worker_config config;

static void configure(struct worker_config *to, const char *job, const struct redis_server *redis)
{
    *to = (struct worker_config){
        .job = (char *)job,
        .redis_url = (char *)redis_server_url(redis),
        .run_dir = standin_folder,
        .ring = (char *)RING,
        .rank = 2,
        .redis_timeout_ms = 5000,
    };
}

/* A rank of a job of its own in each test. */
static struct lease *start(const char *job, int redis_timeout_ms)
{
    struct lease *lease = NULL;
    struct vid_error err = {0};

    configure(&config, job, server);
    config.redis_timeout_ms = redis_timeout_ms;
    if (task_list_open(config.redis_url, job, &list, &err) < 0 || lease_start(&config, &lease, &err) < 0)
        fail_msg("%s", err.text);
    return lease;
}

static void stop(struct lease **lease)
{
    lease_stop(lease);
    lease_stop(lease); /* harmless */
    task_list_close(&list);
}

static int make_ring(void **state)
{
    int fd = shm_open(RING, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

    return fd >= 0 ? close(fd) : -1;
}

static int remove_ring(void **state)
{
    shm_unlink(RING);
    return 0;
}

/* Rank 2 claims `count` tasks, one frame each: task i has frame 10 * i. */
static void claim(int count)
{
    struct task task = {.count = 1, .attempt = 3, .slots = {{.length = 1}}};

    for (int i = 0; i < count; i++) {
        task.id = (uint64_t)i;
        task.first = 10 * task.id;
        assert_int_equal(task_list_push(list, &task, 1, NULL), 0);
        assert_int_equal(task_list_claim(list, 2, 1000, &task, NULL), 1);
    }
}

static void settle(struct lease *lease, bool in_hand, uint64_t task)
{
    struct lease_loss loss = {.in_hand = in_hand, .task = task, .frame = 10 * task, .attempt = 3};
    int64_t deadline = clock_now() + DEADLINE;

    strcpy(loss.why, "the filter process died: signal 11 (Segmentation fault)");
    strcpy(loss.words, "assertion failed\n");
    lease_settle(lease, &loss);
    while (!lease_settled(lease) && clock_now() < deadline)
        clock_sleep_until(clock_now() + NS_PER_MS);
    assert_true(lease_settled(lease));
}

static void assert_next_task(uint64_t id)
{
    struct task task;

    assert_int_equal(task_list_claim(list, 9, 0, &task, NULL), 1);
    assert_int_equal(task.id, id);
    assert_int_equal(task.attempt, 3);
}

static void keeps_the_rank_alive(void **state)
{
    struct lease *lease = start("alive", 5000);
    bool alive[3] = {false};

    lease_await(lease, 10000);
    assert_int_equal(task_list_alive(list, alive, 3, NULL), 0);
    assert_true(alive[2]);
    assert_false(alive[1]);
    assert_int_equal(lease_check(lease, NULL), 0);
    stop(&lease);
}

static void reports_what_was_in_hand(void **state)
{
    struct lease *lease = start("hand", 5000);
    struct task_report report = {0};
    char path[PATH_MAX], *text = NULL;
    size_t size;

    claim(3);
    settle(lease, true, 1);
    assert_int_equal(task_list_wait(list, 0, &report, 1, NULL), 1);
    assert_int_equal(report.outcome, TASK_FAILED);
    assert_int_equal(report.rank, 2);
    assert_int_equal(report.id, 1);
    assert_int_equal(report.frame, 10);
    assert_int_equal(report.attempt, 3);
    assert_string_equal(report.text, "the filter process died: signal 11 (Segmentation fault)");
    assert_next_task(0);
    assert_next_task(2);
    snprintf(path, sizeof(path), "%s/faults/frame_000010.rank2.attempt3.txt", standin_folder);
    assert_int_equal(io_read_file(path, 10000, &text, &size, NULL), 0);
    assert_string_equal(text,
                        "the filter process died: signal 11 (Segmentation fault)\n\nassertion failed\n");
    free(text);
    stop(&lease);
}

static void hands_all_back_when_no_frame_is_at_fault(void **state)
{
    struct lease *lease = start("idle", 5000);
    struct task_report report = {0};

    claim(2);
    settle(lease, false, 1);
    assert_int_equal(task_list_wait(list, 0, &report, 1, NULL), 0);
    assert_next_task(0);
    assert_next_task(1);
    settle(lease, false, 1); /* there is nothing more */
    stop(&lease);
}

/* Rank 0 has taken the task away in the meantime: then it is not ours to report. */
static void leaves_alone_what_is_not_held(void **state)
{
    struct lease *lease = start("taken", 5000);
    struct task_report report = {0};

    claim(1);
    settle(lease, true, 7);
    assert_int_equal(task_list_wait(list, 0, &report, 1, NULL), 0);
    assert_next_task(0);
    stop(&lease);
}

static void wait_for_failure(struct lease *lease, int code, const char *words)
{
    int64_t deadline = clock_now() + DEADLINE;
    struct vid_error err = {0};

    while (lease_check(lease, &err) == 0 && clock_now() < deadline)
        clock_sleep_until(clock_now() + 10 * NS_PER_MS);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, words));
}

/* Its guard removes the ring of a rank 0 that was killed; on another node there is its lease; without Redis
 * there is its heartbeat in the run directory. All at the same time, since each takes a while. */
static void notices_that_rank_0_is_gone(void **state)
{
    static struct worker_config configs[3];
    struct redis_server *own = NULL;
    struct lease *leases[3] = {NULL};

    assert_int_equal(redis_server_start(false, &own, NULL), 0);
    for (int i = 0; i < 3; i++)
        configure(&configs[i], i == 0 ? "ring" : i == 1 ? "lease" : "owner", i == 2 ? own : server);
    configs[1].fetch = configs[2].fetch = 1;
    configs[2].redis_timeout_ms = 600000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lease_start(&configs[i], &leases[i], NULL), 0);
        lease_await(leases[i], 10000);
    }
    assert_int_equal(task_list_open(configs[1].redis_url, "lease", &list, NULL), 0);
    assert_int_equal(task_list_beat(list, 0, 1500, NULL), 0);
    remove_ring(state);
    redis_server_stop(&own);
    for (int i = 0; i < 3; i++) {
        wait_for_failure(leases[i], -EOWNERDEAD, "rank 0 is gone");
        lease_stop(&leases[i]);
    }
    task_list_close(&list);
}

static void stops_soon_while_redis_is_away(void **state)
{
    struct lease *lease = start("stop", 60000);
    int64_t begun;

    lease_await(lease, 10000);
    redis_server_stop(&server);
    begun = clock_now();
    lease_settle(lease, &(struct lease_loss){.in_hand = false});
    lease_stop(&lease);
    assert_true(clock_now() - begun < 5 * NS_PER_S);
    task_list_close(&list);
    assert_int_equal(redis_server_start(false, &server, NULL), 0);
}

static void gives_up_when_redis_stays_away(void **state)
{
    struct lease *lease = start("away", 1500);
    int64_t begun = clock_now();

    lease_await(lease, 10000);
    redis_server_stop(&server);
    wait_for_failure(lease, REDIS_GONE, "redis");
    assert_true(clock_now() - begun > 1500 * NS_PER_MS);
    stop(&lease);
    assert_int_equal(redis_server_start(false, &server, NULL), 0);
}

static int set_up(void **state)
{
    log_setup(LOG_QUIET, "lease_test");
    setenv("VIDMPI_LIBEXEC", TEST_LIBEXEC, 1);
    return mkdtemp(standin_folder) ? redis_server_start(false, &server, NULL) : -1;
}

static int tear_down(void **state)
{
    redis_server_stop(&server);
    return standin_tear_down(state);
}

int main(void)
{
#define RINGED(test) cmocka_unit_test_setup_teardown(test, make_ring, remove_ring)
    const struct CMUnitTest tests[] = {
        RINGED(keeps_the_rank_alive),
        RINGED(reports_what_was_in_hand),
        RINGED(hands_all_back_when_no_frame_is_at_fault),
        RINGED(leaves_alone_what_is_not_held),
        RINGED(notices_that_rank_0_is_gone),
        RINGED(stops_soon_while_redis_is_away),
        RINGED(gives_up_when_redis_stays_away),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
