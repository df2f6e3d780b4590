/* dial: connects to one of several addresses. They are tried in order, each
 * 50 ms after the one before (at once when that one has failed), so that an
 * address that swallows packets costs nothing. Internal to the room. */
#ifndef VID_TASKS_DIAL_H
#define VID_TASKS_DIAL_H

#include "tasks/redis_url.h"

#include <stdint.h>

struct dial;

/* Finds the addresses of the URL's path or hosts. -ENXIO when no name is known. */
int dial_start(const struct redis_url *url, struct dial **out, struct vid_error *err);

/* The next connection that comes about: a non-blocking, close-on-exec socket
 * that is the caller's. When none is left or the deadline is over: the first
 * address's failure. */
int dial_next(struct dial *dial, int64_t deadline);

/* Gives up what is under way. NULL-safe. */
void dial_end(struct dial **dial);

#endif
