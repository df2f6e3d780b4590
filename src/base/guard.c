#include "base/guard.h"

#include "base/clock.h"
#include "base/guard_protocol.h"
#include "base/io.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (5 * NS_PER_S)

struct guard {
    pid_t pid;
    int fd;
    bool running; /* the command, as far as the guard has told */
};

static pid_t spawn_guard(const struct argv *command, const char *log_path, int socket, struct vid_error *err)
{
    struct argv argv = {0};
    char path[PATH_MAX];
    int null = -1;
    pid_t pid = spawn_find_own("vidmpi-guard", path, sizeof(path), err);

    if (pid < 0)
        return pid;
    argv_add(&argv, path);
    for (int i = 0; command && i < command->count; i++)
        argv_add(&argv, command->words[i]);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        pid = vid_fail(err, -errno, "cannot open /dev/null: %s", strerror(errno));
    } else {
        struct spawn_fd fds[] = {{null, STDIN_FILENO}, {socket, GUARD_FD}};
        struct spawn_options options = {
            .fds = fds, .nfds = 2, .new_session = true, .output_path = log_path ? log_path : "/dev/null"};
        pid = spawn_start(&argv, &options, err);
        close(null);
    }
    argv_free(&argv);
    return pid;
}

static int read_news(struct guard *guard, struct vid_error *err)
{
    struct guard_news news;
    int ret = io_read_until(guard->fd, &news, sizeof(news), clock_now() + PATIENCE);

    guard->running = ret == 0 && news.running;
    if (ret < 0)
        return vid_fail(err, ret == VID_EOF ? -EPIPE : ret, "vidmpi-guard does not answer: %s",
                        ret == -ETIMEDOUT ? "nothing in 5 s" : "it has ended");
    if (news.error.code)
        return vid_fail(err, news.error.code, "%.*s", (int)sizeof(news.error.text), news.error.text);
    return 0;
}

/* Takes both ends. */
static struct guard *start_with(const struct argv *command, const char *log_path, const int ends[2],
                                struct vid_error *err)
{
    struct guard *guard = calloc(1, sizeof(*guard));

    if (!guard) {
        vid_fail(err, -ENOMEM, "no memory for a guard");
        close(ends[0]);
        close(ends[1]);
        return NULL;
    }
    guard->fd = ends[0];
    guard->pid = spawn_guard(command, log_path, ends[1], err);
    close(ends[1]);
    return guard;
}

int guard_start(const struct argv *command, const char *log_path, struct guard **out, struct vid_error *err)
{
    int ends[2];
    int ret;

    *out = NULL;
    if (command && command->failed)
        return vid_fail(err, -ENOMEM, "no memory for the words of a command");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return vid_fail(err, -errno, "cannot make a socket for vidmpi-guard: %s", strerror(errno));
    *out = start_with(command, log_path, ends, err);
    if (!*out)
        return -ENOMEM;
    ret = (*out)->pid < 0 ? (*out)->pid : read_news(*out, err);
    if (ret < 0)
        guard_stop(out);
    return ret;
}

static int tell(struct guard *guard, const char *kind, const char *name)
{
    char line[GUARD_LINE_MAX];
    int length = snprintf(line, sizeof(line), "%s %s\n", kind, name);

    if (!*name || strchr(name, '\n'))
        return -EINVAL;
    if (length >= (int)sizeof(line))
        return -ENAMETOOLONG;
    return io_write_until(guard->fd, line, (size_t)length, clock_now() + PATIENCE);
}

int guard_add_file(struct guard *guard, const char *path)
{
    return tell(guard, "file", path);
}

int guard_add_folder(struct guard *guard, const char *path)
{
    return tell(guard, "folder", path);
}

int guard_add_shm(struct guard *guard, const char *name)
{
    return tell(guard, "shm", name);
}

static bool has_news(const struct guard *guard)
{
    char byte;
    ssize_t n;

    do
        n = recv(guard->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

int guard_command_alive(struct guard *guard)
{
    while (guard->running && has_news(guard))
        read_news(guard, NULL);
    return guard->running;
}

int guard_restart(struct guard *guard, struct vid_error *err)
{
    int ret = io_write_until(guard->fd, "again\n", strlen("again\n"), clock_now() + PATIENCE);

    if (ret < 0)
        return vid_fail(err, ret, "vidmpi-guard does not listen: %s", strerror(-ret));
    /* What comes first may be that the command had ended. */
    do
        ret = read_news(guard, err);
    while (ret == 0 && !guard->running);
    return ret;
}

void guard_stop(struct guard **guard)
{
    struct guard *g = *guard;

    *guard = NULL;
    if (!g)
        return;
    close(g->fd);
    if (g->pid > 0)
        spawn_wait(g->pid, (int)(PATIENCE / NS_PER_MS), NULL);
    free(g);
}
