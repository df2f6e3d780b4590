/* frame_table: rank 0's table of the frames that are under way, the truth
 * about what is not done yet. A window of consecutive frames: the decoder
 * enters them at its upper end, results come in any order, the encoder takes
 * them out in order at its lower end. Below that end a tail of frames stays that tasks still need as
 * context. Its size is the job's bound on memory and disk, and its back-pressure. Thread-safe. */
#ifndef VID_VIDMPI_FRAME_TABLE_H
#define VID_VIDMPI_FRAME_TABLE_H

#include "base/error.h"
#include "store/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_table;

/* What the encoder finds of a frame. */
enum frame_outcome {
    FRAME_RESULT,   /* `ref` names its result */
    FRAME_GIVEN_UP, /* it cannot be filtered: something else takes its place */
    FRAME_SEALED,   /* it lies in a part that is encoded already */
    FRAME_STRAIGHT, /* nothing is to be done with it here */
};

/* What is known of one frame; moments are clock_wall, but for `decoded` (clock_now). */
struct frame_entry {
    uint64_t frame;
    enum frame_outcome outcome;
    int64_t decoded; /* clock_now when its picture came from the decoder */
    int64_t pushed;  /* 0: its result was there from an earlier start */
    int64_t seen;    /* its result's record was read */
    size_t bytes;    /* of its packed picture in the ring */
    struct result_ref ref;
};

/* Frames that need filtering: what a task of them is made from. */
struct frame_try {
    uint64_t first;
    unsigned count;   /* frames from there on */
    uint64_t task;    /* the id of their newest task */
    uint32_t attempt; /* the newest, from 1 */
    int64_t pushed;   /* clock_wall of the newest attempt */
};

struct frame_counts {
    uint64_t decoded, encoded;
    uint64_t settled;  /* have an outcome */
    uint64_t filtered; /* results of this start */
    uint64_t kept;     /* results of earlier starts */
    uint64_t sealed;   /* frames of sealed parts */
    uint64_t late;     /* results of frames that had one already */
    bool ended;        /* no more will be decoded */
};

/* `tail`: how many of the window's frames stay below the encoder's. NULL: no memory. */
struct frame_table *frame_table_create(unsigned window, unsigned tail);
void frame_table_destroy(struct frame_table *table); /* NULL-safe */

/* Decoder: waits until the next frame has room; gives its number. VID_EOF after a stop. `wait`: false gives
 * -EAGAIN instead of waiting. */
int frame_table_reserve(struct frame_table *table, bool wait, uint64_t *frame);

/* Decoder: waits until no frame is under way (the ring may then be remade). VID_EOF after a stop. */
int frame_table_drain(struct frame_table *table);

/* Decoder: the reserved frame is in the ring, and in no task yet. */
void frame_table_enter(struct frame_table *table, uint64_t frame, size_t bytes, int64_t decoded);

/* Decoder: those of the frames from `first` on, `count` at most, that follow each other and are in no task,
 * begin their first attempt in one task. Gives which, and how many frames from `first` on are dealt with,
 * with those before them that need no task; try->count is 0 when none does. */
unsigned frame_table_begin(struct frame_table *table, uint64_t first, unsigned count, int64_t pushed,
                           struct frame_try *try);

/* Bytes of the frame's packed picture, as long as it is in the window or its tail. */
size_t frame_table_bytes(struct frame_table *table, uint64_t frame);

/* Decoder: the reserved frame needs no filtering: an earlier start left its result (`ref`), or it lies in a
 * sealed part (NULL). */
void frame_table_enter_done(struct frame_table *table, uint64_t frame, size_t bytes,
                            const struct result_ref *ref, int64_t decoded);

/* Decoder: the reserved frame goes straight through: it has its outcome at once. */
void frame_table_enter_straight(struct frame_table *table, uint64_t frame, size_t bytes, int64_t decoded);

/* Decoder: no more frames come. */
void frame_table_end(struct frame_table *table);

/* Poller: a result was found. 0: it is the frame's first; -EEXIST: not needed
 * (a later copy, or a frame that is done); -ERANGE: no such frame was entered. */
int frame_table_result(struct frame_table *table, const struct result_ref *ref, int64_t seen);

/* Dispatcher: an attempt has failed. Gives how often the frame has failed now; 0 when it does not matter: it
 * has an outcome, or a newer attempt is under way. */
unsigned frame_table_failed(struct frame_table *table, uint64_t frame, uint32_t attempt);

/* Dispatcher: the frame is to be tried again, in a task of its own: its next attempt. -ENOENT: it has an
 * outcome. */
int frame_table_retry(struct frame_table *table, uint64_t frame, int64_t pushed, struct frame_try *out);

/* Dispatcher: the list itself has raised the attempt of a task. */
void frame_table_raise(struct frame_table *table, uint64_t task, uint32_t attempt);

/* Dispatcher: the frames of the task that have no outcome: how many (at most max). */
int frame_table_of_task(struct frame_table *table, uint64_t task, uint64_t *frames, int max);

/* Dispatcher: no more tries. -ENOENT: it has an outcome. */
int frame_table_give_up(struct frame_table *table, uint64_t frame);

/* Encoder: the result cannot be read: the frame, which frame_table_next has just given, is under way
 * again, to be filtered anew. */
void frame_table_undo(struct frame_table *table, uint64_t frame);

/* Dispatcher: the frames that have no outcome, first to last: how many (at most max). */
int frame_table_under_way(struct frame_table *table, struct frame_try *tries, int max);

/* Encoder: waits for the outcome of the next frame in order. VID_EOF when all
 * are done after the end, or after a stop. */
int frame_table_next(struct frame_table *table, struct frame_entry *entry);

/* Encoder: the frame is read; its slot and its place may be used again. */
void frame_table_release(struct frame_table *table, uint64_t frame);

/* Any thread: wakes all who wait; they get VID_EOF. */
void frame_table_stop(struct frame_table *table);

struct frame_counts frame_table_counts(struct frame_table *table);

#endif
