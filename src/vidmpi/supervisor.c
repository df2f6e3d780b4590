#include "vidmpi/supervisor.h"

#include "base/clock.h"
#include "base/spawn.h"
#include "vidmpi/last_words.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REAP_NS (2 * NS_PER_S)    /* a child that has closed its socket has so long to end by itself, */
#define KILLED_NS (30 * NS_PER_S) /* and after a kill: longer means that the kernel cannot end it */

struct supervisor {
    pid_t pid; /* 0 once reaped */
    int fd;    /* -1 once the child has closed its end */
    int status;
    struct board *board;
    struct last_words *words;
    bool killed, end_said, blocked;
    int64_t closed; /* clock_now when its end was closed or it was killed */
    struct vid_error fatal;
    struct control_message message;
};

static void close_ends(int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* Our ends of socket, board and stderr; the child's in `ends`. */
static int make_ends(struct supervisor *supervisor, int ends[3], struct vid_error *err)
{
    int pair[2];
    int ret;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return vid_fail(err, -errno, "cannot make the worker's control socket: %s", strerror(errno));
    supervisor->fd = pair[0];
    ends[0] = pair[1];
    ret = board_create(&supervisor->board, &ends[1], err);
    return ret < 0 ? ret : last_words_open(&supervisor->words, &ends[2], err);
}

static int start_child(struct supervisor *supervisor, struct vid_error *err)
{
    struct argv argv = {0};
    char path[PATH_MAX];
    int ends[3] = {-1, -1, -1};
    int ret = spawn_find_own("vidmpi-worker", path, sizeof(path), err);

    if (ret == 0)
        ret = make_ends(supervisor, ends, err);
    if (ret == 0) {
        struct spawn_fd fds[] = {{ends[0], CONTROL_FD}, {ends[1], BOARD_FD}, {ends[2], STDERR_FILENO}};
        struct spawn_options options = {.fds = fds, .nfds = 3};

        argv_add(&argv, path);
        supervisor->pid = spawn_start(&argv, &options, err);
        argv_free(&argv);
        ret = supervisor->pid < 0 ? (int)supervisor->pid : 0;
    }
    close_ends(ends, 3);
    return ret;
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

/* Waits until the child says something, on its socket or on stderr. */
static void wait_for_child(const struct supervisor *supervisor, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = supervisor->fd, .events = POLLIN},
                            {.fd = last_words_fd(supervisor->words), .events = POLLIN}};

    if (timeout_ms > 0)
        poll(fds, 2, timeout_ms); /* a negative descriptor is passed over */
}

/* The child has closed its socket: VID_EOF when it is reaped, or will not be. */
static int reap(struct supervisor *supervisor, int timeout_ms)
{
    int64_t waited = clock_now() - supervisor->closed;

    if (supervisor->pid == 0)
        return VID_EOF;
    if (spawn_wait(supervisor->pid, timeout_ms, &supervisor->status) != 0) {
        supervisor->pid = 0;
        return VID_EOF;
    }
    if (!supervisor->killed && waited > REAP_NS)
        supervisor_kill(supervisor);
    return supervisor->killed && waited > KILLED_NS ? VID_EOF : 0;
}

/* Messages that tell of the end stay here. */
static int take_message(struct supervisor *supervisor)
{
    switch (supervisor->message.type) {
    case CONTROL_END:
        supervisor->end_said = true;
        return 0;
    case CONTROL_BLOCKED:
    case CONTROL_FATAL:
        supervisor->blocked = supervisor->message.type == CONTROL_BLOCKED;
        vid_error_decode(supervisor->message.body, &supervisor->fatal);
        return 0;
    default:
        return 1;
    }
}

int supervisor_poll(struct supervisor *supervisor, int timeout_ms, const struct control_message **message,
                    struct vid_error *err)
{
    int ret;

    if (supervisor->fd >= 0)
        wait_for_child(supervisor, timeout_ms);
    last_words_pass(supervisor->words);
    if (supervisor->fd < 0)
        return reap(supervisor, timeout_ms);
    ret = control_receive(supervisor->fd, &supervisor->message, 0, err);
    *message = &supervisor->message;
    if (ret == 1)
        return take_message(supervisor);
    if (ret != VID_EOF)
        return ret;
    close(supervisor->fd);
    supervisor->fd = -1;
    supervisor->closed = clock_now();
    return reap(supervisor, 0);
}

struct board_work supervisor_work(const struct supervisor *supervisor)
{
    return board_read(supervisor->board);
}

uint64_t supervisor_memory_kb(const struct supervisor *supervisor)
{
    unsigned long long total = 0, resident = 0, shared = 0;
    char path[40];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)supervisor->pid);
    file = supervisor->pid > 0 ? fopen(path, "re") : NULL;
    if (!file)
        return 0;
    if (fscanf(file, "%llu %llu %llu", &total, &resident, &shared) != 3 || shared > resident)
        resident = shared = 0;
    fclose(file);
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

void supervisor_kill(struct supervisor *supervisor)
{
    if (supervisor->pid <= 0 || supervisor->killed)
        return;
    kill(supervisor->pid, SIGKILL);
    supervisor->killed = true;
    supervisor->closed = clock_now();
}

enum worker_end supervisor_end(const struct supervisor *supervisor, struct vid_error *why)
{
    char how[80];

    if (supervisor->end_said)
        return WORKER_DONE;
    if (supervisor->pid > 0) { /* it may still write: nobody may take its place */
        vid_fail(why, -ECHILD,
                 "the filter process cannot be ended: its system waits for a device or filesystem");
        return WORKER_BLOCKED;
    }
    if (supervisor->fatal.code)
        vid_fail(why, supervisor->fatal.code, "%s", supervisor->fatal.text);
    else if (supervisor->status == 0)
        vid_fail(why, -ECHILD, "the filter process left in the middle of its work: a filter called exit");
    else
        vid_fail(why, -ECHILD, "the filter process died: %s",
                 spawn_describe(supervisor->status, how, sizeof(how)));
    return supervisor->blocked ? WORKER_BLOCKED : WORKER_DIED;
}

const char *supervisor_last_words(struct supervisor *supervisor)
{
    return last_words_take(supervisor->words);
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
    last_words_close(&supervisor->words);
    board_close(&supervisor->board);
    free(supervisor);
}
