#include "vidmpi/supervisor.h"

#include "standin.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct supervisor *start(const char *script)
{
    struct supervisor *supervisor = NULL;
    struct vid_error err = {0};

    standin_script(script);
    assert_int_equal(supervisor_start(&supervisor, &err), 0);
    return supervisor;
}

static void wait_for_end(struct supervisor *supervisor)
{
    const struct control_message *message;
    int64_t deadline = clock_now() + DEADLINE;
    int ret;

    while ((ret = supervisor_poll(supervisor, 100, &message, NULL)) >= 0 && clock_now() < deadline)
        ;
    assert_int_equal(ret, VID_EOF);
}

static void assert_end(const char *script, enum worker_end end, int code, const char *words)
{
    struct supervisor *supervisor = start(script);
    struct vid_error err = {0};

    wait_for_end(supervisor);
    assert_int_equal(supervisor_end(supervisor, &err), end);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, words));
    supervisor_stop(&supervisor, 0);
}

static void tells_how_a_worker_died(void **state)
{
    assert_end("kill -SEGV $$", WORKER_DIED, -ECHILD, "signal 11 (Segmentation fault)");
    assert_end("exit 7", WORKER_DIED, -ECHILD, "exit status 7");
}

static void an_exit_in_the_middle_is_no_good_end(void **state)
{
    assert_end("exit 0", WORKER_DIED, -ECHILD, "called exit");
}

static void heeds_what_it_said_itself(void **state)
{
    assert_end("printf E >&3", WORKER_DONE, 0, "");
    assert_end("printf 'X-22 the chain is wrong' >&3; exit 1", WORKER_DIED, -EINVAL, "the chain is wrong");
    assert_end("printf 'B-28 no space for 12 bytes' >&3; exit 1", WORKER_BLOCKED, -ENOSPC,
               "no space for 12 bytes");
}

static void ends_a_worker_that_goes_on(void **state)
{
    struct supervisor *supervisor = start("trap '' TERM; while :; do sleep 1; done");
    int64_t begun = clock_now();

    supervisor_stop(&supervisor, 0);
    assert_null(supervisor);
    assert_true(clock_now() - begun < DEADLINE);
    supervisor_stop(&supervisor, 0); /* harmless */
}

static void kills_at_once(void **state)
{
    struct supervisor *supervisor = start("trap '' TERM; exec sleep 1000");
    struct vid_error err = {0};

    supervisor_kill(supervisor);
    wait_for_end(supervisor);
    assert_int_equal(supervisor_end(supervisor, &err), WORKER_DIED);
    assert_non_null(strstr(err.text, "signal 9"));
    supervisor_stop(&supervisor, 0);
}

static void sees_a_child_that_closes_its_socket_and_stays(void **state)
{
    struct supervisor *supervisor = start("exec 3>&-; exec sleep 1000");
    struct vid_error err = {0};

    wait_for_end(supervisor);
    assert_int_equal(supervisor_end(supervisor, &err), WORKER_DIED);
    supervisor_stop(&supervisor, 0);
}

static void measures_memory(void **state)
{
    struct supervisor *supervisor =
        start("x=$(head -c 20000000 /dev/zero | tr '\\0' x); printf R >&3; read end <&3");
    const struct control_message *message;
    int64_t deadline = clock_now() + DEADLINE;
    uint64_t used = 0;

    while (supervisor_poll(supervisor, 100, &message, NULL) != 1 && clock_now() < deadline)
        ;
    used = supervisor_memory_kb(supervisor);
    assert_true(used > 19000 && used < 200000);
    supervisor_stop(&supervisor, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_a_worker_died),
        cmocka_unit_test(an_exit_in_the_middle_is_no_good_end),
        cmocka_unit_test(heeds_what_it_said_itself),
        cmocka_unit_test(ends_a_worker_that_goes_on),
        cmocka_unit_test(kills_at_once),
        cmocka_unit_test(sees_a_child_that_closes_its_socket_and_stays),
        cmocka_unit_test(measures_memory),
    };

    return cmocka_run_group_tests(tests, standin_set_up, standin_tear_down);
}
