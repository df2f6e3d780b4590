/* The embedded server: how it starts, what is to be seen of it, what it leaves. */
#include "helpers.h"

#include "base/clock.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder of the test's own as $TMPDIR: whatever is left in it is a fault. */
static char scratch[] = "/tmp/vidmpi-test-XXXXXX";

static int entries(const char *folder)
{
    int n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *one = NULL; (one = readdir(dir));)
        n += one->d_name[0] != '.';
    closedir(dir);
    return n;
}

static int start(void **state)
{
    log_setup(LOG_QUIET, "test");
    find_guard();
    unsetenv("XDG_RUNTIME_DIR");
    if (!mkdtemp(scratch))
        return -1;
    return setenv("TMPDIR", scratch, 1);
}

static int stop(void **state)
{
    return rmdir(scratch);
}

static bool alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* The guard's grace is long past when this gives up. */
static bool gone_within(pid_t pid, int seconds)
{
    int64_t deadline = clock_now() + seconds * NS_PER_S;
    while (alive(pid) && clock_now() < deadline)
        clock_sleep_until(clock_now() + 2 * NS_PER_MS);
    return !alive(pid);
}

static bool empty_within(const char *folder, int seconds)
{
    int64_t deadline = clock_now() + seconds * NS_PER_S;
    while (entries(folder) > 0 && clock_now() < deadline)
        clock_sleep_until(clock_now() + 2 * NS_PER_MS);
    return entries(folder) == 0;
}

static void nothing_is_left_after_stop(void **state)
{
    for (int several = 0; several < 2; several++) {
        struct redis_server *server = start_server(several);
        pid_t pid = server_pid(redis_server_url(server));
        assert_true(alive(pid));
        assert_int_equal(entries(scratch), 1);
        redis_server_stop(&server);
        assert_null(server);
        assert_false(alive(pid));
        assert_int_equal(entries(scratch), 0);
    }
    struct redis_server *none = NULL;
    redis_server_stop(&none);
}

static void only_we_may_look_in(void **state)
{
    struct redis_server *server = start_server(false);
    struct stat info;
    const char *path = redis_server_url(server) + strlen("unix://");
    char folder[120];
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    redis_server_stop(&server);
}

static void expect_setting(const char *url, const char *name, const char *value)
{
    redisReply *reply = raw(url, "CONFIG GET %s", name);
    assert_int_equal(reply->elements, 2);
    assert_string_equal(reply->element[1]->str, value);
    reply_free(&reply);
}

static void it_keeps_nothing_and_forgets_nothing(void **state)
{
    struct redis_server *server = start_server(false);
    const char *url = redis_server_url(server);
    expect_setting(url, "save", "");
    expect_setting(url, "appendonly", "no");
    expect_setting(url, "maxmemory", "268435456");
    expect_setting(url, "maxmemory-policy", "noeviction");
    expect_setting(url, "port", "0");
    redis_server_stop(&server);
}

static bool command_lines_hold(const char *text)
{
    char found[8192];
    bool held = false;
    DIR *proc = opendir("/proc");
    for (const struct dirent *one = NULL; !held && (one = readdir(proc));) {
        char path[300];
        (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", one->d_name);
        int fd = open(path, O_RDONLY);
        ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found));
        held = n > 0 && memmem(found, (size_t)n, text, strlen(text));
        if (fd >= 0)
            close(fd);
    }
    closedir(proc);
    return held;
}

static void several_nodes_reach_it_with_the_password_only(void **state)
{
    struct redis_server *server = start_server(true);
    struct vid_error err = {0};
    char password[100];
    char open[100];
    const char *url = redis_server_url(server);
    struct task_list *list = open_list(url, "nodes");
    task_list_close(&list);
    const char *at = strchr(url, '@');
    (void)snprintf(password, sizeof(password), "%.*s", (int)(at - url - 9), url + 9);
    assert_int_equal(strlen(password), 48);
    assert_non_null(strstr(url, ",127.0.0.1:"));
    assert_string_equal(strrchr(url, ',') + 1 + strlen("[::1]"), strrchr(url, ':'));
    assert_false(command_lines_hold(password));
    assert_true(command_lines_hold("redis-server"));
    (void)snprintf(open, sizeof(open), "redis://127.0.0.1%s", strrchr(url, ':'));
    assert_int_equal(task_list_open(open, "nodes", &list, &err), -EACCES);
    assert_non_null(strstr(err.text, "wants a password"));
    redis_server_stop(&server);
}

static void each_address_of_the_machine_answers(void **state)
{
    struct redis_server *server = start_server(true);
    const char *url = redis_server_url(server);
    char *copy = strdup(url);
    char *hosts = strchr(copy, '@') + 1;
    char password[100];
    (void)snprintf(password, sizeof(password), "%.*s", (int)(hosts - copy - 10), copy + 9);
    for (char *host = NULL; (host = strsep(&hosts, ","));) {
        char one[200];
        (void)snprintf(one, sizeof(one), "redis://:%s@%s", password, host);
        struct task_list *list = NULL;
        struct vid_error err = {0};
        if (task_list_open(one, "each", &list, &err) < 0 &&
            !(host[0] == '[' && strstr(err.text, "start one")))
            fail_msg("%s: %s", host, err.text); /* IPv6 may be off */
        task_list_close(&list);
    }
    free(copy);
    redis_server_stop(&server);
}

static void two_at_once_do_not_meet(void **state)
{
    struct redis_server *a = start_server(true);
    struct redis_server *b = start_server(true);
    assert_string_not_equal(strrchr(redis_server_url(a), ':'), strrchr(redis_server_url(b), ':'));
    assert_int_not_equal(server_pid(redis_server_url(a)), server_pid(redis_server_url(b)));
    redis_server_stop(&a);
    redis_server_stop(&b);
}

/* In the child: a server; with a name it guards a file of that name and is
 * killed and started again once. Its process id, or -1. */
static pid_t own_server(bool several, const char *named)
{
    struct redis_server *server = NULL;
    if (redis_server_start(several, &server, NULL) < 0)
        return -1;
    pid_t pid = server_pid(redis_server_url(server));
    if (!named)
        return pid;
    FILE *file = fopen(named, "w");
    if (!file || fclose(file) || guard_add_file(redis_server_guard(server), named) < 0)
        return -1;
    kill(pid, SIGKILL);
    return redis_server_restart(server, NULL) < 0 ? -1 : server_pid(redis_server_url(server));
}

/* A child starts a server, tells its process id and waits to be killed. */
static pid_t start_owner(bool several, const char *named, pid_t *redis)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t owner = fork();
    if (owner == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing either */
        pid_t pid = own_server(several, named);
        if (pid < 0 || write(ends[1], &pid, sizeof(pid)) != sizeof(pid))
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], redis, sizeof(*redis)), sizeof(*redis));
    close(ends[0]);
    return owner;
}

static void nothing_is_left_when_the_owner_is_killed(void **state)
{
    for (int several = 0; several < 2; several++) {
        pid_t redis = 0;
        pid_t owner = start_owner(several, NULL, &redis);
        assert_true(alive(redis));
        assert_int_equal(entries(scratch), 1);
        kill(owner, SIGKILL);
        assert_int_equal(waitpid(owner, NULL, 0), owner);
        assert_true(gone_within(redis, 10));
        assert_true(empty_within(scratch, 10));
    }
}

static void the_program_may_be_missing(void **state)
{
    struct redis_server *server = NULL;
    struct vid_error err = {0};
    char *path = strdup(getenv("PATH"));
    setenv("PATH", scratch, 1);
    assert_int_equal(redis_server_start(false, &server, &err), -ENOENT);
    setenv("PATH", path, 1);
    free(path);
    assert_null(server);
    assert_non_null(strstr(err.text, "apt install redis-server"));
    assert_non_null(strstr(err.text, "-redis"));
    assert_int_equal(entries(scratch), 0);
}

/* Puts a program `script` as redis-server before all others. */
static int start_with_program(bool several, const char *script, struct vid_error *err)
{
    struct redis_server *server = NULL;
    char name[200];
    char *path = strdup(getenv("PATH"));
    char *front = NULL;
    (void)snprintf(name, sizeof(name), "%s/redis-server", scratch);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    (void)fputs(script, file);
    (void)fclose(file);
    (void)chmod(name, 0700);
    assert_true(asprintf(&front, "%s:%s", scratch, path) > 0);
    setenv("PATH", front, 1);
    int rc = redis_server_start(several, &server, err);
    setenv("PATH", path, 1);
    redis_server_stop(&server);
    unlink(name);
    free(front);
    free(path);
    return rc;
}

static void its_last_words_are_in_the_error(void **state)
{
    struct vid_error err = {0};
    int rc =
        start_with_program(false, "#!/bin/sh\necho first\necho 'Bad directive on line 3'\nexit 1\n", &err);
    assert_int_equal(rc, -ECHILD);
    assert_non_null(strstr(err.text, "Bad directive on line 3"));
    assert_null(strstr(err.text, "first"));
    assert_int_equal(entries(scratch), 0);
}

static void a_silent_death_is_told_too(void **state)
{
    struct vid_error err = {0};
    assert_int_equal(start_with_program(false, "#!/bin/sh\nexit 1\n", &err), -ECHILD);
    assert_non_null(strstr(err.text, "said nothing"));
    assert_int_equal(entries(scratch), 0);
}

static void a_port_that_was_taken_meanwhile_is_left(void **state)
{
    struct vid_error err = {0};
    char marker[100];
    char script[500];
    (void)snprintf(marker, sizeof(marker), "%s/second", scratch);
    (void)snprintf(script, sizeof(script),
                   "#!/bin/sh\n[ -e '%s' ] && PATH=\"${PATH#*:}\" && exec redis-server \"$@\"\n"
                   ": > '%s'\necho 'bind: Address already in use'\nexit 1\n",
                   marker, marker);
    int rc = start_with_program(true, script, &err);
    unlink(marker);
    if (rc < 0)
        fail_msg("%s", err.text);
    assert_int_equal(entries(scratch), 0);
}

static void a_long_folder_is_passed_over(void **state)
{
    char deep[300];
    (void)snprintf(deep, sizeof(deep), "%s/%0*d", scratch, 100, 0);
    assert_int_equal(mkdir(deep, 0700), 0);
    setenv("XDG_RUNTIME_DIR", deep, 1);
    struct redis_server *server = start_server(false);
    assert_int_equal(entries(deep), 0);
    assert_int_equal(entries(scratch), 2);
    redis_server_stop(&server);
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(rmdir(deep), 0);
}

static void odd_letters_in_the_folder_do_no_harm(void **state)
{
    char odd[300];
    (void)snprintf(odd, sizeof(odd), "%s/a b%%41?#@c", scratch);
    assert_int_equal(mkdir(odd, 0700), 0);
    setenv("XDG_RUNTIME_DIR", odd, 1);
    struct redis_server *server = start_server(false);
    assert_int_equal(entries(odd), 1);
    struct task_list *list = open_list(redis_server_url(server), "odd");
    task_list_close(&list);
    redis_server_stop(&server);
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(rmdir(odd), 0);
}

static void kill_server(struct redis_server *server, int number)
{
    pid_t pid = server_pid(redis_server_url(server));
    assert_true(redis_server_alive(server));
    kill(pid, number);
    if (number == SIGKILL)
        assert_true(gone_within(pid, 10));
}

static bool dead_within(struct redis_server *server, int seconds)
{
    int64_t deadline = clock_now() + seconds * NS_PER_S;
    while (redis_server_alive(server) && clock_now() < deadline)
        clock_sleep_until(clock_now() + 2 * NS_PER_MS);
    return !redis_server_alive(server);
}

static void it_is_started_again_at_the_same_url(void **state)
{
    for (int several = 0; several < 2; several++) {
        struct redis_server *server = start_server(several);
        struct guard *guard = redis_server_guard(server);
        struct vid_error err = {0};
        char *url = strdup(redis_server_url(server));
        struct task_list *list = open_list(url, "again");
        for (int i = 0; i < 3; i++) {
            kill_server(server, SIGKILL);
            assert_true(dead_within(server, 10));
            if (redis_server_restart(server, &err) < 0)
                fail_msg("%s", err.text);
            assert_true(redis_server_alive(server));
            assert_string_equal(redis_server_url(server), url);
            assert_ptr_equal(redis_server_guard(server), guard);
            assert_int_equal(task_list_remove(list, &err), 0);
            assert_int_equal(task_list_reconnects(list), i + 1);
        }
        pid_t pid = server_pid(url);
        task_list_close(&list);
        redis_server_stop(&server);
        assert_false(alive(pid));
        assert_int_equal(entries(scratch), 0);
        free(url);
    }
}

static void one_that_hangs_is_replaced(void **state)
{
    struct redis_server *server = start_server(false);
    struct vid_error err = {0};
    pid_t pid = server_pid(redis_server_url(server));
    kill_server(server, SIGSTOP);
    assert_true(redis_server_alive(server));
    assert_int_equal(redis_server_restart(server, &err), 0);
    assert_false(alive(pid));
    assert_int_not_equal(server_pid(redis_server_url(server)), pid);
    redis_server_stop(&server);
    assert_int_equal(entries(scratch), 0);
}

static void a_restart_that_fails_may_be_tried_again(void **state)
{
    struct redis_server *server = start_server(true);
    struct vid_error err = {0};
    int port = atoi(strrchr(redis_server_url(server), ':') + 1);
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK + 1)}};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    kill_server(server, SIGKILL);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(redis_server_restart(server, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, "could not be started again"));
    assert_false(redis_server_alive(server));
    close(fd);
    assert_int_equal(redis_server_restart(server, NULL), 0);
    redis_server_stop(&server);
    assert_int_equal(entries(scratch), 0);
}

/* The owner's own names too, told before the restart. */
static void nothing_is_left_when_the_owner_of_a_restarted_one_is_killed(void **state)
{
    char named[100];
    pid_t redis = 0;
    (void)snprintf(named, sizeof(named), "%s/named", scratch);
    pid_t owner = start_owner(false, named, &redis);
    assert_true(alive(redis));
    assert_int_equal(entries(scratch), 2);
    kill(owner, SIGKILL);
    assert_int_equal(waitpid(owner, NULL, 0), owner);
    assert_true(gone_within(redis, 10));
    assert_true(empty_within(scratch, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_after_stop),
        cmocka_unit_test(only_we_may_look_in),
        cmocka_unit_test(it_keeps_nothing_and_forgets_nothing),
        cmocka_unit_test(several_nodes_reach_it_with_the_password_only),
        cmocka_unit_test(each_address_of_the_machine_answers),
        cmocka_unit_test(two_at_once_do_not_meet),
        cmocka_unit_test(nothing_is_left_when_the_owner_is_killed),
        cmocka_unit_test(it_is_started_again_at_the_same_url),
        cmocka_unit_test(one_that_hangs_is_replaced),
        cmocka_unit_test(a_restart_that_fails_may_be_tried_again),
        cmocka_unit_test(nothing_is_left_when_the_owner_of_a_restarted_one_is_killed),
        cmocka_unit_test(the_program_may_be_missing),
        cmocka_unit_test(its_last_words_are_in_the_error),
        cmocka_unit_test(a_silent_death_is_told_too),
        cmocka_unit_test(a_port_that_was_taken_meanwhile_is_left),
        cmocka_unit_test(a_long_folder_is_passed_over),
        cmocka_unit_test(odd_letters_in_the_folder_do_no_harm),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
