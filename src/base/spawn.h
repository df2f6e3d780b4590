/* spawn: starts programs with posix_spawn (vfork semantics, so that it is safe
 * after MPI_Init and with pinned memory), and ends them. */
#ifndef VID_BASE_SPAWN_H
#define VID_BASE_SPAWN_H

#include "base/argv.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct spawn_fd {
    int from; /* our descriptor; may be close-on-exec */
    int to;   /* its number in the child */
};

struct spawn_options {
    const struct spawn_fd *fds; /* beside 0, 1, 2, which are inherited */
    int nfds;
    bool new_session;        /* setsid: signals to our process group do not reach it */
    const char *output_path; /* stdout and stderr go (append) there; NULL: ours */
};

/* Starts argv->words[0], searched on the PATH when it has no slash. Signals
 * are at their defaults and unblocked in the child. Returns the pid, or
 * -ENOENT when there is no such program, or another negative errno. */
pid_t spawn_start(const struct argv *argv, const struct spawn_options *options, struct vid_error *err);

/* 1 and the wait status when the child has ended, 0 while it runs (waits at
 * most `timeout_ms`), negative errno. A child is waited for by one thread. */
int spawn_wait(pid_t pid, int timeout_ms, int *status);

/* SIGTERM, `grace_ms` of patience, SIGKILL; reaps. Does nothing for pid <= 0. */
void spawn_stop(pid_t pid, int grace_ms);

/* "exit status 3" or "signal 11 (Segmentation fault)" into buf; returns buf. */
const char *spawn_describe(int status, char *buf, size_t size);

/* Path of a program of ours beside the running one (build tree), in
 * ../libexec/vidmpi (installed), or as VIDMPI_LIBEXEC says. */
int spawn_find_own(const char *name, char *path, size_t size, struct vid_error *err);

#endif
