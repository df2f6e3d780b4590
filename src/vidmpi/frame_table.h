/* frame_table: rank 0's table of the frames that are under way, the truth
 * about what is not done yet. A window of consecutive frames: the decoder
 * enters them at its upper end, results come in any order, the encoder takes
 * them out in order at its lower end. Its size is the job's bound on memory and disk, and its
 * back-pressure. Thread-safe. */
#ifndef VID_VIDMPI_FRAME_TABLE_H
#define VID_VIDMPI_FRAME_TABLE_H

#include "base/error.h"
#include "store/result.h"

#include <stdbool.h>
#include <stdint.h>

struct frame_table;

/* What is known of one frame; moments are clock_wall, but for `decoded` (clock_now). */
struct frame_entry {
    uint64_t frame;
    int64_t decoded; /* clock_now when its picture came from the decoder */
    int64_t pushed;
    int64_t seen; /* its result's record was read */
    struct result_ref ref;
};

struct frame_counts {
    uint64_t decoded, filtered, encoded;
    uint64_t late; /* results of frames that had one already */
    bool ended;    /* no more will be decoded */
};

struct frame_table *frame_table_create(unsigned window); /* NULL: no memory */
void frame_table_destroy(struct frame_table *table);     /* NULL-safe */

/* Decoder: waits until the next frame has room; gives its number. VID_EOF after a stop. */
int frame_table_reserve(struct frame_table *table, uint64_t *frame);

/* Decoder: waits until no frame is under way (the ring may then be remade). VID_EOF after a stop. */
int frame_table_drain(struct frame_table *table);

/* Decoder: the reserved frame is in the ring and about to be pushed. */
void frame_table_enter(struct frame_table *table, uint64_t frame, int64_t decoded, int64_t pushed);

/* Decoder: no more frames come. */
void frame_table_end(struct frame_table *table);

/* Poller: a result was found. 0: it is the frame's first; -EEXIST: not needed
 * (a later copy, or a frame that is done); -ERANGE: no such frame was entered. */
int frame_table_result(struct frame_table *table, const struct result_ref *ref, int64_t seen);

/* Encoder: waits for the result of the next frame in order. VID_EOF when all
 * are done after the end, or after a stop. */
int frame_table_next(struct frame_table *table, struct frame_entry *entry);

/* Encoder: the frame is read; its slot and its place may be used again. */
void frame_table_release(struct frame_table *table, uint64_t frame);

/* Any thread: wakes all who wait; they get VID_EOF. */
void frame_table_stop(struct frame_table *table);

struct frame_counts frame_table_counts(struct frame_table *table);

#endif
