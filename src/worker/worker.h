/* worker: claims tasks, filters them, publishes and acknowledges, until the
 * list ends. Runs in a process of its own, a rank's child: a filter that crashes takes only
 * this process with it. Knows no MPI. */
#ifndef VID_WORKER_WORKER_H
#define VID_WORKER_WORKER_H

#include "base/error.h"
#include "worker/board.h"
#include "worker/config.h"

#include <stdbool.h>

struct worker;

/* Connects to Redis, maps the ring, opens the segment and the chain. `control_fd`: the socket to the
 * rank, on which pixels are asked for; a thread of the worker watches it and ends the process at once when
 * the rank is gone. `board`: taken; what is in hand is written there. On failure *out is the half-opened
 * worker, for worker_is_blocked and worker_close. */
int worker_open(const struct worker_config *config, int control_fd, struct board *board, struct worker **out,
                struct vid_error *err);

/* Works until the end mark of the list (0) or a failure that the worker cannot survive. */
int worker_run(struct worker *worker, struct vid_error *err);

/* After a failure: it lies in the filesystem or in Redis, so that no other worker in its place would get
 * further. False for NULL. */
bool worker_is_blocked(const struct worker *worker);

void worker_close(struct worker **worker); /* NULL-safe */

#endif
