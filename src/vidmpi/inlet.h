/* inlet: where pictures go into a lane: each into the frame ring, and a task for
 * it into the list. A frame that an earlier start has filtered or encoded needs none. One thread. */
#ifndef VID_VIDMPI_INLET_H
#define VID_VIDMPI_INLET_H

#include "base/error.h"
#include "media/picture.h"
#include "vidmpi/job.h"

struct inlet;

int inlet_open(struct job *job, struct lane *lane, struct inlet **out, struct vid_error *err);
void inlet_close(struct inlet **inlet); /* NULL-safe */

/* The next picture in order; waits for room in the window. Takes the reference. VID_EOF: the lane is
 * stopped. */
int inlet_put(struct inlet *inlet, struct picture **picture, struct vid_error *err);

/* No more pictures come; `all`: these were all that there are, so that the last tasks may begin. */
int inlet_end(struct inlet *inlet, bool all, struct vid_error *err);

/* How long it has waited for room so far, in nanoseconds. */
int64_t inlet_waited(const struct inlet *inlet);

#endif
