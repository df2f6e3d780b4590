/* stats: how long each stage of a frame's way took, and who did how much.
 * Thread-safe; bounded memory whatever the length of the video. */
#ifndef VID_VIDMPI_STATS_H
#define VID_VIDMPI_STATS_H

#include "base/histogram.h"

#include <stdint.h>

enum stage {
    STAGE_DECODE,  /* one picture out of the decoder and into the ring */
    STAGE_WAIT,    /* in the task list until a worker took it */
    STAGE_FETCH,   /* until its pixels were on the worker's node */
    STAGE_FILTER,  /* the filter graph */
    STAGE_PUBLISH, /* until its record was written (and synced) */
    STAGE_VISIBLE, /* until rank 0 saw the record */
    STAGE_ENCODE,  /* read, paced, given to the encoder */
    STAGE_WHOLE,   /* from the decoder to the encoder */
    STAGES
};

extern const char *const stage_names[STAGES];

struct stats;

struct stats *stats_create(unsigned ranks); /* NULL: no memory */
void stats_destroy(struct stats *stats);    /* NULL-safe */

void stats_add(struct stats *stats, enum stage stage, int64_t ns);
void stats_count_frame(struct stats *stats, unsigned rank);

struct histogram stats_stage(struct stats *stats, enum stage stage);
uint64_t stats_frames(struct stats *stats, unsigned rank);

/* Ranks that have given a result within the last `ns` nanoseconds. */
unsigned stats_ranks_at_work(struct stats *stats, int64_t ns);

#endif
