#include "vidmpi/supervisor.h"

#include "base/log.h"
#include "base/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REAP_MS 2000

struct supervisor {
    pid_t pid; /* 0 once reaped */
    int fd;    /* -1 once the child has closed its end */
    int status;
    char fatal[600]; /* its last words */
    struct control_message message;
};

static int start_child(struct supervisor *supervisor, struct vid_error *err)
{
    struct argv argv = {0};
    char path[PATH_MAX];
    int pair[2];
    int ret = spawn_find_own("vidmpi-worker", path, sizeof(path), err);

    if (ret < 0)
        return ret;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return vid_fail(err, -errno, "cannot make the worker's control socket: %s", strerror(errno));
    struct spawn_fd fd = {.from = pair[1], .to = CONTROL_FD};
    struct spawn_options options = {.fds = &fd, .nfds = 1};
    argv_add(&argv, path);
    supervisor->pid = spawn_start(&argv, &options, err);
    argv_free(&argv);
    close(pair[1]);
    supervisor->fd = pair[0];
    return supervisor->pid < 0 ? (int)supervisor->pid : 0;
}

int supervisor_start(struct supervisor **out, struct vid_error *err)
{
    struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
    int ret;

    if (!supervisor)
        return vid_fail(err, -ENOMEM, "no memory for the worker's supervisor");
    supervisor->fd = -1;
    ret = start_child(supervisor, err);
    if (ret < 0) {
        supervisor_stop(&supervisor, 0);
        return ret;
    }
    *out = supervisor;
    return 0;
}

int supervisor_configure(struct supervisor *supervisor, const struct worker_config *config,
                         struct vid_error *err)
{
    char *text = NULL;
    size_t size = 0;
    int ret = worker_config_encode(config, &text, &size, err);

    if (ret == 0)
        ret = supervisor_send(supervisor, CONTROL_CONFIG, text, size, err);
    free(text);
    return ret;
}

int supervisor_send(struct supervisor *supervisor, enum control_type type, const void *body, size_t size,
                    struct vid_error *err)
{
    if (supervisor->fd < 0)
        return vid_fail(err, -EPIPE, "the worker has ended");
    return control_send(supervisor->fd, type, body, size, err);
}

int supervisor_poll(struct supervisor *supervisor, int timeout_ms, const struct control_message **message,
                    struct vid_error *err)
{
    int ret;

    if (supervisor->fd < 0)
        return VID_EOF;
    ret = control_receive(supervisor->fd, &supervisor->message, timeout_ms, err);
    if (ret == 1 && supervisor->message.type == CONTROL_FATAL) {
        snprintf(supervisor->fatal, sizeof(supervisor->fatal), "%s", supervisor->message.body);
        return 0;
    }
    if (ret == VID_EOF) {
        close(supervisor->fd);
        supervisor->fd = -1;
        if (spawn_wait(supervisor->pid, REAP_MS, &supervisor->status) == 1)
            supervisor->pid = 0;
    }
    *message = &supervisor->message;
    return ret;
}

int supervisor_verdict(struct supervisor *supervisor, struct vid_error *err)
{
    char how[80];

    if (supervisor->fatal[0])
        return vid_fail(err, -ECHILD, "%s", supervisor->fatal);
    if (supervisor->pid > 0)
        return vid_fail(err, -ECHILD, "the worker closed its socket and did not end");
    if (supervisor->status != 0)
        return vid_fail(err, -ECHILD, "the filter process died: %s",
                        spawn_describe(supervisor->status, how, sizeof(how)));
    return 0;
}

void supervisor_stop(struct supervisor **psupervisor, int grace_ms)
{
    struct supervisor *supervisor = *psupervisor;
    int status;

    *psupervisor = NULL;
    if (!supervisor)
        return;
    if (supervisor->pid > 0 && grace_ms > 0 && spawn_wait(supervisor->pid, grace_ms, &status) == 1)
        supervisor->pid = 0;
    if (supervisor->fd >= 0)
        close(supervisor->fd);
    spawn_stop(supervisor->pid, 200); /* the end of the socket has told it already */
    free(supervisor);
}
