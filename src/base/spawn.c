#include "base/spawn.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FDS 32

/* The child's descriptors. Each is first copied above every number that the
 * child shall have, so that no copy overwrites one that is still to be made
 * and all of them lose close-on-exec. */
struct plan {
    struct spawn_fd copy[MAX_FDS];
    int count;
    int above; /* first number that the child does not have */
};

static int plan_add(struct plan *plan, int from, int to)
{
    int copy;

    if (plan->count == MAX_FDS)
        return -EMFILE;
    copy = fcntl(from, F_DUPFD_CLOEXEC, plan->above);
    if (copy < 0)
        return -errno;
    plan->copy[plan->count++] = (struct spawn_fd){.from = copy, .to = to};
    return 0;
}

static int plan_output(struct plan *plan, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    int ret;

    if (fd < 0)
        return -errno;
    ret = plan_add(plan, fd, STDOUT_FILENO);
    if (!ret)
        ret = plan_add(plan, fd, STDERR_FILENO);
    close(fd);
    return ret;
}

static int plan_make(struct plan *plan, const struct spawn_options *options, struct vid_error *err)
{
    int ret = 0;

    *plan = (struct plan){.above = STDERR_FILENO + 1};
    for (int i = 0; i < options->nfds; i++)
        if (options->fds[i].to >= plan->above)
            plan->above = options->fds[i].to + 1;
    if (options->output_path)
        ret = plan_output(plan, options->output_path);
    if (ret < 0)
        return vid_fail(err, ret, "cannot open %s: %s", options->output_path, strerror(-ret));
    for (int i = 0; i < options->nfds && !ret; i++)
        ret = plan_add(plan, options->fds[i].from, options->fds[i].to);
    if (ret < 0)
        return vid_fail(err, ret, "cannot copy a descriptor for a new program: %s", strerror(-ret));
    return 0;
}

static void plan_close(struct plan *plan)
{
    while (plan->count)
        close(plan->copy[--plan->count].from);
}

/* posix_spawn_* return a positive errno; the first one stays. */
static void keep_first(int *ret, int code)
{
    if (!*ret)
        *ret = code;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct plan *plan)
{
    int ret = 0;

    for (int fd = STDERR_FILENO + 1; fd < plan->above; fd++)
        keep_first(&ret, posix_spawn_file_actions_addclose(actions, fd));
    for (int i = 0; i < plan->count; i++)
        keep_first(&ret, posix_spawn_file_actions_adddup2(actions, plan->copy[i].from, plan->copy[i].to));
    keep_first(&ret, posix_spawn_file_actions_addclosefrom_np(actions, plan->above));
    return ret;
}

static int set_attributes(posix_spawnattr_t *attr, bool new_session)
{
    int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (new_session ? POSIX_SPAWN_SETSID : 0);
    int ret = 0;
    sigset_t set;

    sigfillset(&set);
    keep_first(&ret, posix_spawnattr_setsigdefault(attr, &set));
    sigemptyset(&set);
    keep_first(&ret, posix_spawnattr_setsigmask(attr, &set));
    keep_first(&ret, posix_spawnattr_setflags(attr, (short)flags));
    return ret;
}

static pid_t spawn_planned(const struct argv *argv, const struct plan *plan, bool new_session)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    pid_t pid = 0;
    int ret = 0;

    if (posix_spawn_file_actions_init(&actions))
        return -ENOMEM;
    if (posix_spawnattr_init(&attr)) {
        posix_spawn_file_actions_destroy(&actions);
        return -ENOMEM;
    }
    keep_first(&ret, add_actions(&actions, plan));
    keep_first(&ret, set_attributes(&attr, new_session));
    if (!ret)
        ret = posix_spawnp(&pid, argv->words[0], &actions, &attr, argv->words, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return ret ? -ret : pid;
}

pid_t spawn_start(const struct argv *argv, const struct spawn_options *options, struct vid_error *err)
{
    static const struct spawn_options none = {0};
    struct plan plan;
    pid_t pid;

    if (argv->failed)
        return vid_fail(err, -ENOMEM, "no memory for the words of a command");
    if (!argv->count)
        return vid_fail(err, -EINVAL, "there is no program to start");
    if (!options)
        options = &none;
    pid = plan_make(&plan, options, err);
    if (!pid) {
        pid = spawn_planned(argv, &plan, options->new_session);
        if (pid < 0)
            vid_fail(err, pid, "cannot start %s: %s", argv->words[0], strerror(-pid));
    }
    plan_close(&plan);
    return pid;
}

static int try_wait(pid_t pid, int *status)
{
    pid_t ended;
    int ignored;

    do
        ended = waitpid(pid, status ? status : &ignored, WNOHANG);
    while (ended < 0 && errno == EINTR);
    return ended < 0 ? -errno : ended == pid;
}

/* Waits for the end or a while; `step_ms` grows where there is no pidfd. */
static void wait_a_while(int pidfd, int64_t deadline, int *step_ms)
{
    struct pollfd pfd = {.fd = pidfd, .events = POLLIN};
    int64_t moment = clock_now() + *step_ms * NS_PER_MS;

    if (pidfd >= 0) {
        poll(&pfd, 1, clock_ms_left(deadline));
        return;
    }
    clock_sleep_until(moment < deadline ? moment : deadline);
    if (*step_ms < 32)
        *step_ms *= 2;
}

int spawn_wait(pid_t pid, int timeout_ms, int *status)
{
    int64_t deadline = clock_now() + timeout_ms * NS_PER_MS;
    int ret = try_wait(pid, status);
    int step_ms = 1;
    int pidfd;

    if (ret || timeout_ms <= 0)
        return ret;
    pidfd = pidfd_open(pid, 0); /* close-on-exec by itself; fails before Linux 5.3 */
    while (!ret && clock_now() < deadline) {
        wait_a_while(pidfd, deadline, &step_ms);
        ret = try_wait(pid, status);
    }
    if (pidfd >= 0)
        close(pidfd);
    return ret;
}

void spawn_stop(pid_t pid, int grace_ms)
{
    if (pid <= 0)
        return;
    /* Not waited for yet, so the pid is still this child's. */
    if (kill(pid, SIGTERM) == 0 && spawn_wait(pid, grace_ms, NULL) != 0)
        return;
    kill(pid, SIGKILL);
    spawn_wait(pid, 10000, NULL);
}

const char *spawn_describe(int status, char *buf, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(buf, size, "signal %d (%s)", WTERMSIG(status), sigdescr_np(WTERMSIG(status)));
    else
        snprintf(buf, size, "exit status %d", WEXITSTATUS(status));
    return buf;
}

static bool is_program(char *path, size_t size, const char *folder, int length, const char *below,
                       const char *name)
{
    int n = snprintf(path, size, "%.*s%s/%s", length, folder, below, name);

    return n > 0 && (size_t)n < size && access(path, X_OK) == 0;
}

int spawn_find_own(const char *name, char *path, size_t size, struct vid_error *err)
{
    const char *libexec = getenv("VIDMPI_LIBEXEC");
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
    const char *slash;
    int length;

    if (libexec && is_program(path, size, libexec, (int)strlen(libexec), "", name))
        return 0;
    if (n <= 0 || n == (ssize_t)sizeof(self) || !(slash = memrchr(self, '/', (size_t)n)))
        return vid_fail(err, -ENOENT,
                        "cannot tell where the running program lies; set VIDMPI_LIBEXEC to the folder of %s",
                        name);
    length = (int)(slash - self);
    if (is_program(path, size, self, length, "", name) ||
        is_program(path, size, self, length, "/../libexec/vidmpi", name))
        return 0;
    return vid_fail(err, -ENOENT,
                    "%s is neither in %.*s nor in %.*s/../libexec/vidmpi; set VIDMPI_LIBEXEC to its folder",
                    name, length, self, length, self);
}
