/* pixels: where a worker finds a task's input. On rank 0's node that is the
 * frame ring; on another node the rank fetches them into its own ring on
 * request, one task ahead. One thread asks; the watcher's thread answers. */
#ifndef VID_WORKER_PIXELS_H
#define VID_WORKER_PIXELS_H

#include "base/error.h"
#include "tasks/task.h"

struct pixels;

/* Starts the watcher of the control socket: it ends the process when the rank is gone. With `fetch` the ring
 * is the rank's own and has the frames of all lanes; else each of the `lanes` has one. */
int pixels_open(const char *ring, unsigned lanes, int control_fd, int fetch, struct pixels **out,
                struct vid_error *err);

/* Asks the rank for the task's pixels; does nothing where they need no fetching. */
int pixels_want(struct pixels *pixels, const struct task *task, struct vid_error *err);

/* Waits (at most 60 s) until they are here and gives the task its slots in the ring that is mapped. */
int pixels_wait(struct pixels *pixels, struct task *task, struct vid_error *err);

/* The packed picture of one of the task's slots, mapped read-only. */
const void *pixels_at(struct pixels *pixels, const struct task *task, unsigned index, struct vid_error *err);

/* The task is done with: its slots may be used again. */
int pixels_free(struct pixels *pixels, const struct task *task, struct vid_error *err);

void pixels_close(struct pixels **pixels); /* the watcher goes on until the process ends; NULL-safe */

#endif
