#include "check.h"

#include "base/guard.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static bool shm_exists(const char *name)
{
    int fd = shm_open(name, O_RDONLY, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* A guard with `sh -c SCRIPT`, or with nothing to run. */
static struct guard *guard_with(const char *script, const char *log_path)
{
    struct vid_error err = {0};
    struct argv command = {0};
    struct guard *guard;

    argv_add(&command, "sh");
    argv_add(&command, "-c");
    argv_add(&command, script ? script : "");
    assert_int_equal(guard_start(script ? &command : NULL, log_path, &guard, &err), 0);
    argv_free(&command);
    return guard;
}

/* What a script wrote with: echo $$ $PPID. */
static void read_pids(const char *path, pid_t *command, pid_t *guard)
{
    char *text;

    assert_soon(exists(path));
    assert_int_equal(io_read_file(path, 100, &text, NULL, NULL), 0);
    assert_int_equal(sscanf(text, "%d %d", command, guard), 2);
    free(text);
}

static void pids_script(char *script, size_t size, void **state, const char *first)
{
    const char *folder = *state;

    snprintf(script, size, "%secho $$ $PPID >%s/new && mv %s/new %s/pids; while :; do sleep 0.01; done",
             first, folder, folder, folder);
}

static void stop_clears_up_in_reverse_order(void **state)
{
    struct guard *guard = guard_with(NULL, NULL);

    io_make_dirs(in_folder(state, "run/sub"), NULL);
    io_write_file(in_folder(state, "run/sub/a b"), "", 0, false, NULL);
    assert_int_equal(guard_add_folder(guard, in_folder(state, "run")), 0);
    assert_int_equal(guard_add_folder(guard, in_folder(state, "run/sub")), 0);
    assert_int_equal(guard_add_file(guard, in_folder(state, "run/sub/a b")), 0);
    assert_int_equal(guard_add_file(guard, in_folder(state, "never made")), 0);
    assert_int_equal(guard_command_alive(guard), 0);
    assert_true(exists(in_folder(state, "run/sub/a b")));
    guard_stop(&guard);
    assert_null(guard);
    assert_false(exists(in_folder(state, "run")));
    guard_stop(&guard);
}

static void folder_with_strange_files_stays(void **state)
{
    struct guard *guard = guard_with(NULL, NULL);

    io_make_dirs(in_folder(state, "run"), NULL);
    io_write_file(in_folder(state, "run/not told"), "", 0, false, NULL);
    guard_add_folder(guard, in_folder(state, "run"));
    guard_stop(&guard);
    assert_true(exists(in_folder(state, "run/not told")));
}

static void many_names(void **state)
{
    struct guard *guard = guard_with(NULL, NULL);
    char name[300];

    for (int i = 0; i < 2000; i++) { /* more than a socket holds */
        snprintf(name, sizeof(name), "%0200d", i);
        if (i % 10 == 0)
            io_write_file(in_folder(state, name), "", 0, false, NULL);
        assert_int_equal(guard_add_file(guard, in_folder(state, name)), 0);
    }
    guard_stop(&guard);
    assert_int_equal(rmdir(*state), 0);
    assert_int_equal(mkdir(*state, 0700), 0);
}

static void names_that_no_line_can_carry(void **state)
{
    struct guard *guard = guard_with(NULL, NULL);
    static char name[10000];

    memset(name, 'a', sizeof(name) - 1);
    assert_int_equal(guard_add_file(guard, "a\nfile b"), -EINVAL);
    assert_int_equal(guard_add_shm(guard, ""), -EINVAL);
    assert_int_equal(guard_add_folder(guard, name), -ENAMETOOLONG);
    guard_stop(&guard);
}

static void command_ends_with_its_guard(void **state)
{
    struct guard *guard;
    pid_t command, own;
    char script[1000];

    pids_script(script, sizeof(script), state, "");
    guard = guard_with(script, NULL);
    read_pids(in_folder(state, "pids"), &command, &own);
    assert_int_equal(guard_command_alive(guard), 1);
    assert_int_equal(getsid(own), own);
    assert_true(alive(command));
    guard_stop(&guard);
    assert_false(alive(command));
    assert_false(alive(own));
}

static void stubborn_command_is_killed(void **state)
{
    int64_t start;
    struct guard *guard;
    pid_t command, own;
    char script[1000];

    pids_script(script, sizeof(script), state, "trap '' TERM; ");
    guard = guard_with(script, NULL);
    read_pids(in_folder(state, "pids"), &command, &own);
    start = clock_now();
    guard_stop(&guard);
    assert_false(alive(command));
    assert_true(clock_now() - start < 4500 * NS_PER_MS);
}

static void end_of_the_command_is_seen(void **state)
{
    struct guard *guard = guard_with("exit 1", NULL);

    assert_soon(guard_command_alive(guard) == 0);
    io_write_file(in_folder(state, "f"), "", 0, false, NULL);
    assert_int_equal(guard_add_file(guard, in_folder(state, "f")), 0); /* it goes on guarding */
    guard_stop(&guard);
    assert_false(exists(in_folder(state, "f")));
}

/* Killed, and once as it only hangs: stopped. */
static void command_is_started_again(void **state)
{
    static const int numbers[] = {SIGKILL, SIGKILL, SIGSTOP};
    struct guard *guard;
    struct vid_error err = {0};
    pid_t command, again, own;
    char script[1000];

    pids_script(script, sizeof(script), state, "");
    guard = guard_with(script, NULL);
    io_write_file(in_folder(state, "f"), "", 0, false, NULL);
    assert_int_equal(guard_add_file(guard, in_folder(state, "f")), 0);
    read_pids(in_folder(state, "pids"), &command, &own);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        unlink(in_folder(state, "pids"));
        kill(command, numbers[i]);
        if (numbers[i] == SIGKILL)
            assert_soon(guard_command_alive(guard) == 0);
        assert_int_equal(guard_restart(guard, &err), 0);
        assert_int_equal(guard_command_alive(guard), 1);
        read_pids(in_folder(state, "pids"), &again, &own);
        assert_int_not_equal(again, command);
        assert_false(alive(command));
        command = again;
    }
    guard_stop(&guard);
    assert_false(alive(command));
    assert_false(exists(in_folder(state, "f")));
}

static void command_that_cannot_start_again(void **state)
{
    struct guard *guard;
    struct vid_error err = {0};
    struct argv command = {0};

    io_write_file(in_folder(state, "once"), "#!/bin/sh\n", 10, false, NULL);
    chmod(in_folder(state, "once"), 0755);
    argv_add(&command, in_folder(state, "once"));
    assert_int_equal(guard_start(&command, NULL, &guard, &err), 0);
    argv_free(&command);
    unlink(in_folder(state, "once"));
    assert_int_equal(guard_restart(guard, &err), -ENOENT);
    assert_int_equal(guard_command_alive(guard), 0);
    guard_stop(&guard);
}

static void output_of_the_command(void **state)
{
    struct guard *guard = guard_with("echo out; echo err >&2", in_folder(state, "log"));
    char *text;

    assert_soon(guard_command_alive(guard) == 0);
    guard_stop(&guard);
    assert_int_equal(io_read_file(in_folder(state, "log"), 1000, &text, NULL, NULL), 0);
    assert_string_equal(text, "out\nerr\n");
    free(text);
}

static void command_that_cannot_start(void **state)
{
    struct guard *guard = (struct guard *)state;
    struct vid_error err = {0};
    struct argv command = {0};

    argv_add(&command, "vidmpi-no-such-program");
    assert_int_equal(guard_start(&command, NULL, &guard, &err), -ENOENT);
    assert_null(guard);
    assert_string_equal(err.text, "cannot start vidmpi-no-such-program: No such file or directory");
    argv_free(&command);
}

static void guard_program_that_does_not_answer(void **state)
{
    struct vid_error err = {0};
    char saved[4096];
    struct guard *guard;

    snprintf(saved, sizeof(saved), "%s", getenv("VIDMPI_LIBEXEC"));
    setenv("VIDMPI_LIBEXEC", *state, 1);
    assert_int_equal(guard_start(NULL, NULL, &guard, &err), -ENOENT);
    assert_non_null(strstr(err.text, "vidmpi-guard"));
    vid_error_clear(&err);
    io_write_file(in_folder(state, "vidmpi-guard"), "#!/bin/sh\n", 10, false, NULL);
    chmod(in_folder(state, "vidmpi-guard"), 0755);
    assert_int_equal(guard_start(NULL, NULL, &guard, &err), -EPIPE);
    assert_null(guard);
    assert_string_equal(err.text, "vidmpi-guard does not answer: it has ended");
    setenv("VIDMPI_LIBEXEC", saved, 1);
}

static void signals_do_not_end_a_guard(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    struct guard *guard;
    pid_t command, own;
    char script[1000];

    pids_script(script, sizeof(script), state, "");
    guard = guard_with(script, NULL);
    read_pids(in_folder(state, "pids"), &command, &own);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        assert_int_equal(kill(own, numbers[i]), 0);
    io_write_file(in_folder(state, "f"), "", 0, false, NULL);
    assert_int_equal(guard_add_file(guard, in_folder(state, "f")), 0);
    guard_stop(&guard);
    assert_false(exists(in_folder(state, "f")));
    assert_false(alive(command));
}

static void dead_guard_is_an_error_not_a_signal(void **state)
{
    struct guard *guard;
    pid_t command, own;
    char script[1000];

    pids_script(script, sizeof(script), state, "");
    guard = guard_with(script, NULL);
    read_pids(in_folder(state, "pids"), &command, &own);
    kill(own, SIGKILL);
    assert_soon(guard_command_alive(guard) == 0);
    assert_int_equal(guard_add_file(guard, "/x"), -EPIPE);
    guard_stop(&guard);
    assert_int_equal(kill(command, SIGKILL), 0); /* nobody else is left to do it */
}

/* The owner's two streams come through one pipe, so that its end tells that
 * nobody holds either. */
static pid_t start_owner(void **state, const char *shm, int *output)
{
    struct argv argv = {0};
    char word[2];
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct spawn_fd fds[] = {{ends[1], STDOUT_FILENO}, {ends[1], STDERR_FILENO}};
    struct spawn_options options = {.fds = fds, .nfds = 2};
    argv_add(&argv, GUARD_OWNER);
    argv_add(&argv, *state);
    argv_add(&argv, shm);
    pid = spawn_start(&argv, &options, NULL);
    assert_true(pid > 0);
    argv_free(&argv);
    close(ends[1]);
    assert_int_equal(io_read_until(ends[0], word, 2, SOON), 0);
    assert_memory_equal(word, "up", 2);
    *output = ends[0];
    return pid;
}

static void killed_owner_leaves_nothing(void **state)
{
    pid_t owner, command, own;
    char shm[64], byte;
    int output;

    snprintf(shm, sizeof(shm), "/vidmpi-test-%d", getpid());
    owner = start_owner(state, shm, &output);
    read_pids(in_folder(state, "pids"), &command, &own);
    assert_true(shm_exists(shm) && exists(in_folder(state, "kept/file")) && alive(command) && alive(own));
    assert_int_equal(kill(owner, SIGKILL), 0);
    assert_int_equal(spawn_wait(owner, 10000, NULL), 1);
    assert_int_equal(io_read_until(output, &byte, 1, SOON), VID_EOF);
    close(output);
    assert_soon(!alive(command));
    assert_soon(!exists(in_folder(state, "kept")));
    assert_soon(!shm_exists(shm));
}

/* Even while its guard runs, nothing of the owner's output is held by it. */
static void guard_holds_no_stream_of_its_owner(void **state)
{
    pid_t owner, command, own;
    char shm[64], path[64], target[256];
    int output;

    snprintf(shm, sizeof(shm), "/vidmpi-test-%d", getpid());
    owner = start_owner(state, shm, &output);
    read_pids(in_folder(state, "pids"), &command, &own);
    for (int fd = 0; fd < 100; fd++) {
        ssize_t n;
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", own, fd);
        n = readlink(path, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = '\0';
        assert_null(strstr(target, "pipe:"));
    }
    spawn_stop(owner, 5000);
    assert_soon(!shm_exists(shm));
    close(output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folder(stop_clears_up_in_reverse_order),
        with_folder(folder_with_strange_files_stays),
        with_folder(many_names),
        cmocka_unit_test(names_that_no_line_can_carry),
        with_folder(command_ends_with_its_guard),
        with_folder(stubborn_command_is_killed),
        with_folder(end_of_the_command_is_seen),
        with_folder(command_is_started_again),
        with_folder(command_that_cannot_start_again),
        with_folder(output_of_the_command),
        cmocka_unit_test(command_that_cannot_start),
        with_folder(guard_program_that_does_not_answer),
        with_folder(signals_do_not_end_a_guard),
        with_folder(dead_guard_is_an_error_not_a_signal),
        with_folder(killed_owner_leaves_nothing),
        with_folder(guard_holds_no_stream_of_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
