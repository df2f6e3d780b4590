/* vidmpi-guard: waits until its owner is gone, then clears up after it. See
 * base/guard.h for the purpose and base/guard_protocol.h for the talk. */
#include "base/argv.h"
#include "base/clock.h"
#include "base/guard_protocol.h"
#include "base/io.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct watch {
    struct argv words; /* of the command */
    pid_t command;     /* 0: none, or it has ended */
    int children;      /* signalfd of SIGCHLD */
    char line[GUARD_LINE_MAX];
    size_t held;       /* bytes of `line` that are there */
    struct argv leave; /* the lines, in order of telling */
};

static void remove_name(const char *line)
{
    const char *name = strchr(line, ' ');

    if (!name)
        return;
    name++;
    if (!strncmp(line, "file ", 5))
        unlink(name);
    else if (!strncmp(line, "folder ", 7))
        rmdir(name);
    else if (!strncmp(line, "shm ", 4))
        shm_unlink(name);
}

static void tell_owner(struct watch *watch, const struct vid_error *error)
{
    struct guard_news news = {.running = watch->command > 0};

    if (error)
        news.error = *error;
    (void)io_write_until(GUARD_FD, &news, sizeof(news), clock_now() + 5 * NS_PER_S);
}

static void start_command(struct watch *watch)
{
    struct vid_error error = {0};

    spawn_stop(watch->command, GUARD_GRACE_MS);
    watch->command = 0;
    if (watch->words.count > 0)
        watch->command = spawn_start(&watch->words, NULL, &error);
    if (watch->command < 0)
        watch->command = 0;
    tell_owner(watch, &error);
}

static void take_line(struct watch *watch, const char *line)
{
    if (strcmp(line, "again") == 0)
        start_command(watch);
    else
        argv_add(&watch->leave, line);
}

static void take_lines(struct watch *watch)
{
    char *start = watch->line, *end;
    size_t left = watch->held;

    while ((end = memchr(start, '\n', left))) {
        *end = '\0';
        take_line(watch, start);
        left -= (size_t)(end + 1 - start);
        start = end + 1;
    }
    memmove(watch->line, start, left);
    /* Longer than any line that an owner sends: not one of ours, drop it. */
    watch->held = left == sizeof(watch->line) ? 0 : left;
}

/* False when the owner has closed its end. */
static bool read_owner(struct watch *watch)
{
    ssize_t n = recv(GUARD_FD, watch->line + watch->held, sizeof(watch->line) - watch->held, MSG_DONTWAIT);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
    watch->held += (size_t)n;
    take_lines(watch);
    return n > 0;
}

static void reap(struct watch *watch)
{
    struct signalfd_siginfo info;

    while (read(watch->children, &info, sizeof(info)) > 0)
        ;
    if (watch->command > 0 && spawn_wait(watch->command, 0, NULL) != 0) {
        watch->command = 0;
        tell_owner(watch, NULL);
    }
}

static void watch_until_alone(struct watch *watch)
{
    struct pollfd fds[] = {{.fd = GUARD_FD, .events = POLLIN}, {.fd = watch->children, .events = POLLIN}};

    do {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents)
            reap(watch);
    } while (!fds[0].revents || read_owner(watch));
}

static void clear_up(struct watch *watch)
{
    spawn_stop(watch->command, GUARD_GRACE_MS);
    for (int i = watch->leave.count; i > 0; i--)
        remove_name(watch->leave.words[i - 1]);
    argv_free(&watch->leave);
}

/* Only the end of the owner ends a guard. */
static int ignore_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP};
    sigset_t set;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        signal(numbers[i], SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
    struct watch watch = {.words = {.words = argv + 1, .count = argc - 1}};

    if (fcntl(GUARD_FD, F_SETFD, FD_CLOEXEC) < 0) {
        fprintf(stderr, "vidmpi-guard is started by vidmpi and is of no use by itself\n");
        return 2;
    }
    watch.children = ignore_signals();
    start_command(&watch);
    reap(&watch);
    watch_until_alone(&watch);
    clear_up(&watch);
    return 0;
}
