#include "scratch.h"

#include "store/run_owner.h"

#include <sys/wait.h>

static void test_line_has_one_size(void **state)
{
    char line[RUN_OWNER_BYTES + 1];
    struct run_owner seen, wide = {.pid_ns = UINT64_MAX,
                                   .pid = INT32_MAX,
                                   .started = UINT64_MAX,
                                   .counter = UINT64_MAX,
                                   .made = UINT32_MAX};
    memset(wide.host, 'h', 64);
    memset(wide.boot, 'b', 36);
    run_owner_format(&wide, line);
    assert_int_equal(strlen(line), RUN_OWNER_BYTES);
    assert_true(run_owner_parse(line, RUN_OWNER_BYTES, &seen));
    assert_true(run_owner_same(&wide, &seen));
    assert_int_equal(seen.counter, UINT64_MAX);
    assert_int_equal(seen.made, UINT32_MAX);
    run_owner_self(&wide);
    run_owner_format(&wide, line);
    assert_int_equal(strlen(line), RUN_OWNER_BYTES);
    assert_true(run_owner_parse(line, RUN_OWNER_BYTES, &seen));
    assert_true(run_owner_same(&wide, &seen));
}

static void test_other_lines_are_refused(void **state)
{
    char line[RUN_OWNER_BYTES + 1];
    struct run_owner self, seen;
    run_owner_self(&self);
    run_owner_format(&self, line);
    assert_false(run_owner_parse(line, RUN_OWNER_BYTES - 1, &seen));
    line[0] = 'V';
    assert_false(run_owner_parse(line, RUN_OWNER_BYTES, &seen));
    memset(line, 0, sizeof line);
    assert_false(run_owner_parse(line, RUN_OWNER_BYTES, &seen));
    self.pid = 0;
    run_owner_format(&self, line);
    assert_false(run_owner_parse(line, RUN_OWNER_BYTES, &seen));
}

static void test_states(void **state)
{
    struct run_owner self, other;
    run_owner_self(&self);
    assert_true(self.started > 0 && self.pid_ns > 0 && strlen(self.boot) == 36);
    assert_int_equal(run_owner_state(&self), OWNER_LIVES);
    other = self;
    other.started++; /* the pid is used again */
    assert_int_equal(run_owner_state(&other), OWNER_DEAD);
    other = self;
    other.host[0] ^= 1;
    assert_int_equal(run_owner_state(&other), OWNER_AWAY);
    other = self;
    other.boot[0] ^= 1;
    assert_int_equal(run_owner_state(&other), OWNER_AWAY);
    other = self;
    other.pid_ns++;
    assert_int_equal(run_owner_state(&other), OWNER_AWAY);
}

static void test_zombie_is_dead(void **state)
{
    int ends[2];
    struct run_owner child;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        run_owner_self(&child);
        _exit(write(ends[1], &child, sizeof child) != sizeof child);
    }
    assert_int_equal(read(ends[0], &child, sizeof child), sizeof child);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(child.pid, pid);
    assert_int_equal(run_owner_state(&child), OWNER_DEAD); /* not waited for yet */
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(run_owner_state(&child), OWNER_DEAD);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_has_one_size),
        cmocka_unit_test(test_other_lines_are_refused),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_zombie_is_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
