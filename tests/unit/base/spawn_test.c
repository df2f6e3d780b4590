#include "check.h"

#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static pid_t shell(const char *script, const struct spawn_options *options)
{
    struct argv argv = {0};
    pid_t pid;

    argv_add(&argv, "sh");
    argv_add(&argv, "-c");
    argv_add(&argv, script);
    pid = spawn_start(&argv, options, NULL);
    argv_free(&argv);
    assert_true(pid > 0);
    return pid;
}

static int end_of(pid_t pid)
{
    int status = -1;

    assert_int_equal(spawn_wait(pid, 10000, &status), 1);
    return status;
}

static void status_comes_back(void **state)
{
    char buf[64];
    int status;

    assert_string_equal(spawn_describe(end_of(shell("exit 3", NULL)), buf, sizeof(buf)), "exit status 3");
    status = end_of(shell("kill -SEGV $$", NULL));
    assert_true(WIFSIGNALED(status));
    assert_string_equal(spawn_describe(status, buf, sizeof(buf)), "signal 11 (Segmentation fault)");
}

static void no_such_program(void **state)
{
    struct vid_error err = {0};
    struct argv argv = {0};

    assert_int_equal(spawn_start(&argv, NULL, &err), -EINVAL);
    vid_error_clear(&err);
    argv_add(&argv, "vidmpi-no-such-program");
    assert_int_equal(spawn_start(&argv, NULL, &err), -ENOENT);
    assert_non_null(strstr(err.text, "vidmpi-no-such-program"));
    argv.failed = 1;
    assert_int_equal(spawn_start(&argv, NULL, NULL), -ENOMEM);
    argv_free(&argv);
}

static void words_arrive_as_they_are(void **state)
{
    struct spawn_options options = {.output_path = in_folder(state, "out")};
    struct argv argv = {0};
    pid_t pid;
    char *text;

    argv_add(&argv, "printf");
    argv_add(&argv, "<%s>");
    argv_add(&argv, "a b");
    argv_add(&argv, "$HOME;`id`");
    argv_add(&argv, "");
    pid = spawn_start(&argv, &options, NULL);
    assert_int_equal(end_of(pid), 0);
    assert_int_equal(io_read_file(in_folder(state, "out"), 1000, &text, NULL, NULL), 0);
    assert_string_equal(text, "<a b><$HOME;`id`><>");
    free(text);
    argv_free(&argv);
}

static void output_is_appended(void **state)
{
    struct spawn_options options = {.output_path = in_folder(state, "log")};
    struct vid_error err = {0};
    struct argv argv = {0};
    char *text;

    end_of(shell("echo one; echo two >&2", &options));
    end_of(shell("echo three", &options));
    assert_int_equal(io_read_file(in_folder(state, "log"), 1000, &text, NULL, NULL), 0);
    assert_string_equal(text, "one\ntwo\nthree\n");
    free(text);
    argv_add(&argv, "true");
    options.output_path = in_folder(state, "none/log");
    assert_int_equal(spawn_start(&argv, &options, &err), -ENOENT);
    assert_non_null(strstr(err.text, "none/log"));
    argv_free(&argv);
}

/* A file with that text, at its beginning, close-on-exec. */
static int file_with(const char *path, const char *text)
{
    io_write_file(path, text, strlen(text), false, NULL);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void descriptors_change_places(void **state)
{
    int a = file_with(in_folder(state, "a"), "A\n"), b = file_with(in_folder(state, "b"), "B\n"),
        c = file_with(in_folder(state, "c"), "C\n");
    struct spawn_fd fds[] = {{a, b}, {b, a}, {c, c}, {c, STDIN_FILENO}};
    struct spawn_options options = {.fds = fds, .nfds = 4, .output_path = in_folder(state, "out")};
    char script[200], *text;

    snprintf(script, sizeof(script), "read x <&%d; read y <&%d; echo $x $y; cat <&%d; cat <&%d", a, b, c, 0);
    assert_int_equal(end_of(shell(script, &options)), 0);
    assert_int_equal(io_read_file(in_folder(state, "out"), 1000, &text, NULL, NULL), 0);
    assert_string_equal(text, "B A\nC\n"); /* c and 0 share their offset */
    free(text);
    assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
    close(a);
    close(b);
    close(c);
}

static void other_descriptors_are_closed(void **state)
{
    int low = open("/dev/null", O_RDONLY), mapped, high; /* not close-on-exec */
    struct spawn_fd fd = {.from = STDIN_FILENO};
    struct spawn_options options = {.fds = &fd, .nfds = 1, .output_path = in_folder(state, "out")};
    char script[200];

    mapped = low + 1;
    high = fcntl(low, F_DUPFD, mapped + 5);
    fd.to = mapped;
    snprintf(script, sizeof(script),
             "test -e /proc/$$/fd/%d && ! test -e /proc/$$/fd/%d && ! test -e /proc/$$/fd/%d", mapped, low,
             high);
    assert_int_equal(end_of(shell(script, &options)), 0);
    close(low);
    close(high);
}

static void bad_descriptor_is_an_error(void **state)
{
    struct spawn_fd fd = {.from = 999, .to = 3};
    struct spawn_options options = {.fds = &fd, .nfds = 1};
    struct argv argv = {0};

    argv_add(&argv, "true");
    assert_int_equal(spawn_start(&argv, &options, NULL), -EBADF);
    argv_free(&argv);
}

static void signals_are_fresh(void **state)
{
    sigset_t set, old;
    int status;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &old);
    signal(SIGINT, SIG_IGN);
    status = end_of(shell("kill -TERM $$; exit 0", NULL));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    status = end_of(shell("kill -INT $$; exit 0", NULL));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    signal(SIGINT, SIG_DFL);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void session_of_its_own(void **state)
{
    struct spawn_options options = {.new_session = true};
    pid_t pid = shell("exec sleep 1000", &options);

    assert_int_equal(getsid(pid), pid);
    spawn_stop(pid, 5000);
    pid = shell("exec sleep 1000", NULL);
    assert_int_equal(getsid(pid), getsid(0));
    spawn_stop(pid, 5000);
}

static void wait_is_patient_and_bounded(void **state)
{
    pid_t pid = shell("exec sleep 1000", NULL);
    int64_t start = clock_now();
    int status = 77;

    assert_int_equal(spawn_wait(pid, 0, &status), 0);
    assert_int_equal(spawn_wait(pid, 30, &status), 0);
    assert_true(clock_now() - start >= 30 * NS_PER_MS);
    assert_int_equal(status, 77);
    kill(pid, SIGKILL);
    assert_int_equal(spawn_wait(pid, 10000, NULL), 1);
    assert_int_equal(spawn_wait(pid, 0, NULL), -ECHILD);
}

static void stop_is_soft_first(void **state)
{
    struct spawn_options options = {.output_path = in_folder(state, "out")};
    pid_t pid = shell("trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.01; done", &options);
    struct stat st;
    char *text;

    assert_soon(stat(in_folder(state, "out"), &st) == 0 && st.st_size > 0);
    spawn_stop(pid, 10000);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(io_read_file(in_folder(state, "out"), 1000, &text, NULL, NULL), 0);
    assert_string_equal(text, "up\nbye\n");
    free(text);
}

static void stop_is_hard_at_last(void **state)
{
    struct spawn_options options = {.output_path = in_folder(state, "out")};
    pid_t pid = shell("trap '' TERM; echo up; while :; do sleep 0.01; done", &options);
    struct stat st;

    assert_soon(stat(in_folder(state, "out"), &st) == 0 && st.st_size > 0);
    spawn_stop(pid, 20);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void own_programs_are_found(void **state)
{
    const char *libexec = getenv("VIDMPI_LIBEXEC");
    struct vid_error err = {0};
    char path[4096], saved[4096];

    snprintf(saved, sizeof(saved), "%s", libexec ? libexec : "");
    setenv("VIDMPI_LIBEXEC", *state, 1);
    assert_int_equal(spawn_find_own("base_spawn_test", path, sizeof(path), &err), 0); /* beside this one */
    assert_int_equal(access(path, X_OK), 0);
    assert_int_equal(spawn_find_own("our-tool", path, sizeof(path), &err), -ENOENT);
    assert_non_null(strstr(err.text, "our-tool"));
    assert_non_null(strstr(err.text, "VIDMPI_LIBEXEC"));
    io_write_file(in_folder(state, "our-tool"), "#!/bin/sh\n", 10, false, NULL);
    assert_int_equal(spawn_find_own("our-tool", path, sizeof(path), NULL), -ENOENT); /* not executable */
    chmod(in_folder(state, "our-tool"), 0755);
    assert_int_equal(spawn_find_own("our-tool", path, sizeof(path), NULL), 0);
    assert_string_equal(path, in_folder(state, "our-tool"));
    setenv("VIDMPI_LIBEXEC", saved, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_comes_back),
        cmocka_unit_test(no_such_program),
        with_folder(words_arrive_as_they_are),
        with_folder(output_is_appended),
        with_folder(descriptors_change_places),
        with_folder(other_descriptors_are_closed),
        cmocka_unit_test(bad_descriptor_is_an_error),
        cmocka_unit_test(signals_are_fresh),
        cmocka_unit_test(session_of_its_own),
        cmocka_unit_test(wait_is_patient_and_bounded),
        with_folder(stop_is_soft_first),
        with_folder(stop_is_hard_at_last),
        with_folder(own_programs_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
