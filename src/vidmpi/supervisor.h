/* supervisor: a rank's hold on one child, the worker: starts it (exec, never
 * fork after MPI_Init), talks to it, sees what it has in hand and how much
 * memory it uses, passes on what it says on stderr, and learns how it ended.
 * keeper.h puts another one in its place. One thread. */
#ifndef VID_VIDMPI_SUPERVISOR_H
#define VID_VIDMPI_SUPERVISOR_H

#include "base/error.h"
#include "worker/board.h"
#include "worker/config.h"
#include "worker/control.h"

struct supervisor;

/* Starts the program; it waits for its configuration, so that this can be done before MPI_Init. */
int supervisor_start(struct supervisor **out, struct vid_error *err);

int supervisor_configure(struct supervisor *supervisor, const struct worker_config *config,
                         struct vid_error *err);

/* 1: a message is in *message (valid until the next call); 0: none within timeout_ms; VID_EOF: the child has
 * ended, and supervisor_end says how. */
int supervisor_poll(struct supervisor *supervisor, int timeout_ms, const struct control_message **message,
                    struct vid_error *err);

int supervisor_send(struct supervisor *supervisor, enum control_type type, const void *body, size_t size,
                    struct vid_error *err);

/* What it has in hand, also after its end: what it had. */
struct board_work supervisor_work(const struct supervisor *supervisor);

/* KiB of memory that is its own alone, not shared with other processes; 0 when that is not known. */
uint64_t supervisor_memory_kb(const struct supervisor *supervisor);

/* Ends it at once, all of it; supervisor_poll tells when it is gone. */
void supervisor_kill(struct supervisor *supervisor);

enum worker_end {
    WORKER_DONE,    /* the list had ended for it */
    WORKER_BLOCKED, /* the filesystem or Redis: another one would not get further, or must not try */
    WORKER_DIED,    /* anything else */
};

/* After VID_EOF: how it ended, and in `why` (unless it is done) a code and a sentence: what it said
 * itself or how it died. */
enum worker_end supervisor_end(const struct supervisor *supervisor, struct vid_error *why);

/* The end of what it said on stderr. Valid until supervisor_stop. */
const char *supervisor_last_words(struct supervisor *supervisor);

/* Waits `grace_ms` for it to end by itself, then ends it. NULL-safe. */
void supervisor_stop(struct supervisor **supervisor, int grace_ms);

#endif
