/* outlet: where pictures come out of a lane: results in the order of their
 * frames, read late. One thread. */
#ifndef VID_VIDMPI_OUTLET_H
#define VID_VIDMPI_OUTLET_H

#include "base/error.h"
#include "vidmpi/job.h"
#include "worker/payload.h"

struct outlet;

int outlet_open(struct job *job, struct lane *lane, struct outlet **out, struct vid_error *err);
void outlet_close(struct outlet **outlet); /* NULL-safe */

/* What a frame has become. */
struct outlet_frame {
    struct frame_entry entry; /* FRAME_SEALED: no pictures */
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    int count; /* the caller unrefs them all */
    struct payload_times times;
};

/* Waits for the next frame in order; its place in the lane is free then. VID_EOF: that were all, or the lane
 * is stopped. */
int outlet_next(struct outlet *outlet, struct outlet_frame *frame, struct vid_error *err);

/* Its pictures have been passed on: results that no start will need any more are let go. */
int outlet_release(struct outlet *outlet, struct vid_error *err);

#endif
