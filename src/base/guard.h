/* guard: what a process leaves behind when it is killed is removed by its
 * guard, a small process in a session of its own that waits at a pipe. When
 * the pipe closes, for whatever reason (kill -9 too), the guard ends the
 * program that it runs and unlinks the names that it was told. One thread. */
#ifndef VID_BASE_GUARD_H
#define VID_BASE_GUARD_H

#include "base/argv.h"
#include "base/error.h"

#include <sys/types.h>

struct guard;

/* Starts vidmpi-guard; `command` (may be NULL) is a program that it runs and
 * ends with itself. */
int guard_start(const struct argv *command, const char *log_path, struct guard **out, struct vid_error *err);

/* Tells a name to remove at the end: a file or socket, an empty folder, a
 * POSIX shared memory object ("/name"). Removed in reverse order of telling. */
int guard_add_file(struct guard *guard, const char *path);
int guard_add_folder(struct guard *guard, const char *path);
int guard_add_shm(struct guard *guard, const char *name);

/* 1 while the command runs, 0 when it has ended. */
int guard_command_alive(struct guard *guard);

/* Starts the command anew, after ending it where it still runs (stopped or
 * hung: SIGTERM, 2 s, SIGKILL). The names that were told stay told. */
int guard_restart(struct guard *guard, struct vid_error *err);

/* Closes the pipe and waits (5 s) until the guard has cleaned up. NULL-safe. */
void guard_stop(struct guard **guard);

#endif
