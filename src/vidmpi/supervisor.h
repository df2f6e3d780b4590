/* supervisor: a rank's hold on its child, the worker: starts it (exec, never
 * fork after MPI_Init), talks to it, and learns when it is gone. One thread. */
#ifndef VID_VIDMPI_SUPERVISOR_H
#define VID_VIDMPI_SUPERVISOR_H

#include "base/error.h"
#include "worker/config.h"
#include "worker/control.h"

struct supervisor;

/* Starts the program; it waits for its configuration, so that this can be done before MPI_Init. */
int supervisor_start(struct supervisor **out, struct vid_error *err);

int supervisor_configure(struct supervisor *supervisor, const struct worker_config *config,
                         struct vid_error *err);

/* 1: a message is in *message (valid until the next call); 0: none within timeout_ms; VID_EOF: the child is
 * gone, and supervisor_last_words says how. */
int supervisor_poll(struct supervisor *supervisor, int timeout_ms, const struct control_message **message,
                    struct vid_error *err);

int supervisor_send(struct supervisor *supervisor, enum control_type type, const void *body, size_t size,
                    struct vid_error *err);

/* After VID_EOF: 0 when it ended in good order, else negative, and why in a sentence: what it said
 * itself (CONTROL_FATAL) or how it died. */
int supervisor_verdict(struct supervisor *supervisor, struct vid_error *err);

/* Waits `grace_ms` for it to end by itself, then ends it. NULL-safe. */
void supervisor_stop(struct supervisor **supervisor, int grace_ms);

#endif
