#include "worker/board.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRIES_SEEN 200000 /* different ones, by the reader */

/* A rank's page and a worker's view of it, in one process. */
static void open_both(struct board **rank, struct board **worker)
{
    struct vid_error err = {0};
    int fd;

    assert_int_equal(board_create(rank, &fd, &err), 0);
    assert_int_equal(board_attach(fd, worker, &err), 0);
}

static void says_what_is_in_hand(void **state)
{
    struct board *rank, *worker;
    int64_t begun = clock_now();
    struct board_work work;

    open_both(&rank, &worker);
    work = board_read(rank);
    assert_int_equal(work.step, BOARD_IDLE);
    assert_int_equal(work.since, 0);
    board_write(worker, BOARD_FILTER, 7, 701, 3);
    work = board_read(rank);
    assert_int_equal(work.step, BOARD_FILTER);
    assert_int_equal(work.task, 7);
    assert_int_equal(work.frame, 701);
    assert_int_equal(work.attempt, 3);
    assert_true(work.since >= begun && work.since <= clock_now());
    board_idle(worker);
    assert_int_equal(board_read(rank).step, BOARD_IDLE);
    board_close(&worker);
    board_close(&rank);
    board_close(&rank); /* harmless */
}

static void only_time_in_the_filter_counts(void **state)
{
    struct board *rank, *worker;
    int64_t median, filtering;

    open_both(&rank, &worker);
    board_write(worker, BOARD_FETCH, 1, 1, 1);
    clock_sleep_until(clock_now() + 100 * NS_PER_MS);
    filtering = clock_now();
    board_write(worker, BOARD_FILTER, 1, 1, 1);
    assert_int_equal(board_read(rank).median, 0);
    clock_sleep_until(clock_now() + 5 * NS_PER_MS);
    board_write(worker, BOARD_PUBLISH, 1, 1, 1);
    median = board_read(rank).median;
    assert_true(median >= 5 * NS_PER_MS && median < clock_now() - filtering + NS_PER_MS);
    board_close(&worker);
    board_close(&rank);
}

static atomic_bool over;

static void *write_all(void *opaque)
{
    for (uint64_t i = 1; !atomic_load(&over); i++)
        board_write(opaque, BOARD_FILTER, i, 3 * i, (uint32_t)i);
    return NULL;
}

/* The fields of what is read belong together, however fast the writer is. */
static void never_mixes_two_entries(void **state)
{
    struct board *rank, *worker;
    int64_t deadline = clock_now() + 5 * NS_PER_S;
    uint64_t last = 0, seen = 0;
    pthread_t thread;

    open_both(&rank, &worker);
    assert_int_equal(pthread_create(&thread, NULL, write_all, worker), 0);
    while (seen < ENTRIES_SEEN && clock_now() < deadline) {
        struct board_work work = board_read(rank);

        assert_int_equal(work.frame, 3 * work.task);
        assert_int_equal(work.attempt, (uint32_t)work.task);
        assert_true(work.task >= last);
        seen += work.task > last;
        last = work.task;
    }
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    assert_true(seen > 20); /* with one core it is little */
    board_close(&worker);
    board_close(&rank);
}

static void write_for_ever(int fd)
{
    struct board *worker;

    if (board_attach(fd, &worker, NULL) < 0)
        _exit(1);
    for (uint64_t i = 1;; i++)
        board_write(worker, BOARD_FILTER, i, 3 * i, (uint32_t)i);
}

/* Wherever a kill hits the writer, the last whole entry stays readable. */
static void outlives_its_writer(void **state)
{
    for (int round = 0; round < 50; round++) {
        struct board *rank;
        struct board_work work;
        int fd;
        pid_t pid;

        assert_int_equal(board_create(&rank, &fd, NULL), 0);
        pid = fork();
        if (pid == 0)
            write_for_ever(fd);
        close(fd);
        while (board_read(rank).task < 1000)
            ;
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        work = board_read(rank);
        assert_int_equal(work.step, BOARD_FILTER);
        assert_int_equal(work.frame, 3 * work.task);
        assert_int_equal(work.attempt, (uint32_t)work.task);
        board_close(&rank);
    }
}

static void refuses_what_is_no_page(void **state)
{
    struct vid_error err = {0};
    struct board *board = NULL;
    int pair[2];

    assert_int_equal(pipe(pair), 0);
    assert_true(board_attach(pair[0], &board, &err) < 0);
    assert_null(board);
    assert_true(err.text[0] != '\0');
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_in_hand),    cmocka_unit_test(only_time_in_the_filter_counts),
        cmocka_unit_test(never_mixes_two_entries), cmocka_unit_test(outlives_its_writer),
        cmocka_unit_test(refuses_what_is_no_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
