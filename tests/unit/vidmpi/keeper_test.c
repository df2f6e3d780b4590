#include "vidmpi/keeper.h"

#include "base/log.h"
#include "standin.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- a stand-in for the lease: settles when the test says so ---- */

static struct lease_loss lost; /* the last one */
static int losses;             /* that were asked for */
static bool settled;
static struct vid_error lease_error;

void lease_await(struct lease *lease, int timeout_ms)
{
}

void lease_settle(struct lease *lease, const struct lease_loss *loss)
{
    lost = *loss;
    losses++;
}

bool lease_settled(struct lease *lease)
{
    return settled;
}

int lease_check(struct lease *lease, struct vid_error *err)
{
    return lease_error.code ? vid_fail(err, lease_error.code, "%s", lease_error.text) : 0;
}

/* ---- a stand-in for the worker: this program, told by the environment what to do ---- */

static void spend_memory(void)
{
    for (int i = 0; i < 40; i++) {
        char *mem = malloc(4 << 20);

        if (!mem)
            _exit(3);
        memset(mem, i + 1, 4 << 20);
    }
}

static void work_on_frame(struct board *board, const char *what)
{
    board_write(board, BOARD_FILTER, 7, 70, 2);
    fprintf(stderr, "about to %s\n", what);
    signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler */
    if (strcmp(what, "crash") == 0)
        raise(SIGSEGV);
    else if (strcmp(what, "leave") == 0)
        _exit(0);
    else if (strcmp(what, "eat") == 0)
        spend_memory();
    for (;;)
        pause();
}

/* The first life does what is asked, the second one ends in good order: a file tells them apart. */
static bool is_first_life(void)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/lived", getenv("VIDMPI_LIBEXEC"));
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static _Noreturn void be_worker(const char *what)
{
    static struct control_message message;
    struct vid_error why = {0};
    struct board *board;

    if (control_receive(CONTROL_FD, &message, 10000, NULL) != 1 || board_attach(BOARD_FD, &board, NULL) < 0)
        _exit(3);
    if (strcmp(what, "fail") == 0)
        vid_fail(&why, -EINVAL, "the graph is wrong");
    if (strcmp(what, "block") == 0) {
        board_write(board, BOARD_PUBLISH, 7, 70, 2);
        vid_fail(&why, -ENOSPC, "no space for 12 bytes");
    }
    if (why.code) {
        control_send_error(CONTROL_FD, why.code == -ENOSPC ? CONTROL_BLOCKED : CONTROL_FATAL, &why);
        _exit(1);
    }
    control_send(CONTROL_FD, CONTROL_READY, "", 0, NULL);
    if (is_first_life())
        work_on_frame(board, what);
    control_send(CONTROL_FD, CONTROL_END, "", 0, NULL);
    _exit(0);
}

/* ---- the tests ---- */

static struct worker_config config;

static struct keeper *open_keeper(const char *what)
{
    char script[PATH_MAX + 60], self[PATH_MAX] = "", path[PATH_MAX];
    struct keeper *keeper = NULL;
    struct vid_error err = {0};

    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    snprintf(script, sizeof(script), "exec %s %s", self, what);
    standin_script(script);
    snprintf(path, sizeof(path), "%s/lived", standin_folder);
    unlink(path);
    losses = 0;
    settled = true;
    memset(&lost, 0, sizeof(lost));
    memset(&config, 0, sizeof(config));
    vid_error_clear(&lease_error);
    config.redis_timeout_ms = 1000;
    if (keeper_open(&config, NULL, NULL, &keeper, &err) < 0)
        fail_msg("%s", err.text);
    return keeper;
}

/* Polls until one of KEEPER_LOST, an end or a failure. */
static int next_event(struct keeper *keeper, struct vid_error *err)
{
    const struct control_message *message;
    int64_t deadline = clock_now() + DEADLINE;
    int ret;

    do
        ret = keeper_poll(keeper, 20, &message, err);
    while ((ret == 0 || ret == KEEPER_MESSAGE) && clock_now() < deadline);
    return ret;
}

/* One loss with a frame in hand, then a second worker that ends well. */
static void assert_replaced(struct keeper *keeper, const char *why, const char *words)
{
    struct vid_error err = {0};

    assert_int_equal(next_event(keeper, &err), KEEPER_LOST);
    assert_int_equal(losses, 1);
    assert_true(lost.in_hand);
    assert_int_equal(lost.task, 7);
    assert_int_equal(lost.frame, 70);
    assert_int_equal(lost.attempt, 2);
    if (!strstr(lost.why, why))
        fail_msg("\"%s\" does not say \"%s\"", lost.why, why);
    assert_string_equal(lost.words, words);
    assert_int_equal(next_event(keeper, &err), VID_EOF);
    assert_int_equal(keeper_losses(keeper), 1);
    keeper_stop(&keeper, 1000);
    keeper_stop(&keeper, 1000); /* harmless */
}

static void replaces_one_that_crashes(void **state)
{
    assert_replaced(open_keeper("crash"), "signal 11 (Segmentation fault)", "about to crash\n");
}

static void replaces_one_that_leaves(void **state)
{
    assert_replaced(open_keeper("leave"), "called exit", "about to leave\n");
}

static void replaces_one_that_hangs(void **state)
{
    struct keeper *keeper = open_keeper("hang");

    config.task_timeout_ms = 300;
    assert_replaced(keeper, "had frame 70 in hand for 0.", "about to hang\n");
}

static void replaces_one_that_eats_memory(void **state)
{
    struct keeper *keeper = open_keeper("eat");

    config.filter_memory_kb = 50 * 1024;
    assert_replaced(keeper, "(-filter-memory 50 MiB)", "about to eat\n");
}

static void leaves_one_alone_within_its_limits(void **state)
{
    struct keeper *keeper = open_keeper("eat");
    const struct control_message *message;
    int64_t deadline = clock_now() + DEADLINE;
    struct vid_error err = {0};

    config.filter_memory_kb = 1000 * 1024;
    while (keeper_poll(keeper, 20, &message, &err) != KEEPER_MESSAGE && clock_now() < deadline)
        ;
    deadline = clock_now() + 500 * NS_PER_MS;
    while (clock_now() < deadline)
        assert_int_equal(keeper_poll(keeper, 20, &message, &err), 0);
    assert_int_equal(losses, 0);
    keeper_stop(&keeper, 0);
}

/* The next one must not claim while the tasks of the dead one are still its rank's. */
static void waits_until_the_loss_is_settled(void **state)
{
    struct keeper *keeper = open_keeper("crash");
    const struct control_message *message;
    struct vid_error err = {0};

    settled = false;
    assert_int_equal(next_event(keeper, &err), KEEPER_LOST);
    for (int i = 0; i < 20; i++)
        assert_int_equal(keeper_poll(keeper, 10, &message, &err), 0);
    assert_int_equal(keeper_send(keeper, CONTROL_HERE, "1", 1, &err), 0);
    settled = true;
    assert_int_equal(next_event(keeper, &err), VID_EOF);
    keeper_stop(&keeper, 0);
}

static void gives_up_when_no_worker_comes_to_work(void **state)
{
    struct keeper *keeper = open_keeper("fail");
    struct vid_error err = {0};

    for (int i = 0; i < 3; i++)
        assert_int_equal(next_event(keeper, &err), KEEPER_LOST);
    assert_false(lost.in_hand);
    assert_int_equal(next_event(keeper, &err), -ECHILD);
    assert_non_null(strstr(err.text, "the graph is wrong"));
    vid_error_clear(&err);
    assert_int_equal(next_event(keeper, &err), -ECHILD); /* and stays so */
    keeper_stop(&keeper, 0);
}

static void gives_up_where_no_program_is(void **state)
{
    struct keeper *keeper = open_keeper("crash");
    char path[PATH_MAX];
    struct vid_error err = {0};

    snprintf(path, sizeof(path), "%s/vidmpi-worker", standin_folder);
    assert_int_equal(next_event(keeper, &err), KEEPER_LOST);
    unlink(path);
    assert_int_equal(next_event(keeper, &err), -ECHILD);
    assert_non_null(strstr(err.text, "vidmpi-worker"));
    keeper_stop(&keeper, 0);
}

/* A full filesystem is not the frame's fault, and the next worker would not fare better. */
static void passes_on_what_hinders_every_worker(void **state)
{
    struct keeper *keeper = open_keeper("block");
    struct vid_error err = {0};

    assert_int_equal(next_event(keeper, &err), KEEPER_LOST);
    assert_false(lost.in_hand);
    assert_int_equal(next_event(keeper, &err), -ENOSPC);
    assert_string_equal(err.text, "no space for 12 bytes");
    assert_int_equal(losses, 1);
    keeper_stop(&keeper, 0);
}

static void ends_with_its_lease(void **state)
{
    struct keeper *keeper = open_keeper("hang");
    struct vid_error err = {0};

    vid_fail(&lease_error, -EOWNERDEAD, "rank 0 is gone");
    assert_int_equal(next_event(keeper, &err), -EOWNERDEAD);
    keeper_stop(&keeper, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_one_that_crashes),
        cmocka_unit_test(replaces_one_that_leaves),
        cmocka_unit_test(replaces_one_that_hangs),
        cmocka_unit_test(replaces_one_that_eats_memory),
        cmocka_unit_test(leaves_one_alone_within_its_limits),
        cmocka_unit_test(waits_until_the_loss_is_settled),
        cmocka_unit_test(gives_up_when_no_worker_comes_to_work),
        cmocka_unit_test(gives_up_where_no_program_is),
        cmocka_unit_test(passes_on_what_hinders_every_worker),
        cmocka_unit_test(ends_with_its_lease),
    };

    if (argc > 1)
        be_worker(argv[1]);
    log_setup(LOG_QUIET, "keeper_test");
    return cmocka_run_group_tests(tests, standin_set_up, standin_tear_down);
}
