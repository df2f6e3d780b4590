/* lane: one part of the graph that runs on all ranks, with the frames that are
 * under way in it: its ring of pixels, its table. Pictures go in at one end in order
 * (inlet), as tasks through Redis and the workers, and come out at the other in order (outlet). A
 * graph of which nothing can run on all ranks has one lane through which pictures go straight. */
#ifndef VID_VIDMPI_LANE_H
#define VID_VIDMPI_LANE_H

#include "base/frame_id.h"
#include "media/pieces.h"
#include "store/frame_ring.h"
#include "vidmpi/frame_table.h"

struct job;

struct lane {
    /* set when the job opens, read-only afterwards */
    unsigned number;
    bool last;                    /* what comes out of it goes to the output */
    const struct piece *before;   /* the serial piece that pictures pass before they go in; NULL: none */
    const struct piece *piece;    /* what its tasks run; NULL: pictures go straight through */
    struct chain_context context; /* how its frames are cut into tasks; task_frames fits into the window */
    unsigned window;
    uint64_t sealed; /* frames below lie in parts that an earlier start has sealed */
    struct frame_ring *ring;
    struct frame_table *table;

    /* Of a lane without tasks: the pictures in it, by number modulo the window. The inlet puts one there
     * before the table knows of it, the outlet takes it. */
    struct picture **straight;
};

/* The window that this lane wants, when pictures take so many bytes and `workers` filter; `share`: of how
 * many lanes that share what memory is free. `asked`: -window, or 0. */
unsigned lane_window(const struct lane *lane, unsigned workers, size_t slot_bytes, unsigned share,
                     unsigned asked);

/* Bytes of one of its pictures in the ring, with room for what filters tell about it. */
size_t lane_picture_bytes(const struct lane *lane);

/* Fits window and tasks to each other. */
void lane_set_window(struct lane *lane, unsigned window);

/* How many frames before one its task may need, at most. */
unsigned lane_tail(const struct lane *lane);

/* Makes ring and table. The window may grow to what its tasks need at least. */
int lane_open(struct lane *lane, const char *ring_name, unsigned window, struct vid_error *err);
void lane_close(struct lane *lane); /* also after a failure, and when never opened */

/* All its frames have come and have an outcome. */
bool lane_is_done(const struct lane *lane);

#endif
