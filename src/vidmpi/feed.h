/* feed: pictures on their way into a lane, by the serial piece before it. One
 * thread: rank 0's decoder for the first lane, a relay for each other. */
#ifndef VID_VIDMPI_FEED_H
#define VID_VIDMPI_FEED_H

#include "base/error.h"
#include "media/picture.h"
#include "vidmpi/job.h"

struct feed;

int feed_open(struct job *job, struct lane *lane, struct feed **out, struct vid_error *err);
void feed_close(struct feed **feed); /* NULL-safe */

/* The next picture in order. Takes the reference. VID_EOF: the lane is stopped, or the piece before it wants
 * no more. */
int feed_put(struct feed *feed, struct picture **picture, struct vid_error *err);

/* There are no more (`all`), or it ends before its time. */
int feed_end(struct feed *feed, bool all, struct vid_error *err);

/* How long it has waited for room in the lane so far, in nanoseconds. */
int64_t feed_waited(const struct feed *feed);

#endif
