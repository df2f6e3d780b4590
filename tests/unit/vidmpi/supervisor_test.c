#include "vidmpi/supervisor.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE (10 * NS_PER_S)

static char folder[] = "/tmp/vidmpi-supervisor-XXXXXX";

/* A stand-in for vidmpi-worker: what it does is the test's. */
static struct supervisor *start(const char *script)
{
    struct supervisor *supervisor = NULL;
    struct vid_error err = {0};
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s/vidmpi-worker", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    chmod(path, 0755);
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

static void tells_how_a_worker_died(void **state)
{
    struct supervisor *supervisor = start("kill -SEGV $$");
    struct vid_error err = {0};

    wait_for_end(supervisor);
    assert_true(supervisor_verdict(supervisor, &err) < 0);
    assert_non_null(strstr(err.text, "signal 11"));
    supervisor_stop(&supervisor, 0);
}

static void tells_an_exit_status(void **state)
{
    struct supervisor *supervisor = start("exit 7");
    struct vid_error err = {0};

    wait_for_end(supervisor);
    assert_true(supervisor_verdict(supervisor, &err) < 0);
    assert_non_null(strstr(err.text, "7"));
    supervisor_stop(&supervisor, 0);
}

static void finds_nothing_wrong_with_a_good_end(void **state)
{
    struct supervisor *supervisor = start("exit 0");
    struct vid_error err = {0};

    wait_for_end(supervisor);
    assert_int_equal(supervisor_verdict(supervisor, &err), 0);
    supervisor_stop(&supervisor, 0);
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

static int set_up(void **state)
{
    if (!mkdtemp(folder))
        return -1;
    return setenv("VIDMPI_LIBEXEC", folder, 1);
}

static int tear_down(void **state)
{
    return io_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_a_worker_died),
        cmocka_unit_test(tells_an_exit_status),
        cmocka_unit_test(finds_nothing_wrong_with_a_good_end),
        cmocka_unit_test(ends_a_worker_that_goes_on),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
