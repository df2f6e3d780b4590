/* frame_id: frames are numbered from 0 in each of a job's lanes (one for each
 * part of the graph that runs on all ranks); where frames of several lanes meet, in
 * tasks, results and reports, the id says which lane too. In the first lane the id is the number. */
#ifndef VID_BASE_FRAME_ID_H
#define VID_BASE_FRAME_ID_H

#include <stdbool.h>
#include <stdint.h>

#define LANES_MAX 16
#define FRAME_LANE_SHIFT 56

static inline uint64_t frame_id(unsigned lane, uint64_t number)
{
    return (uint64_t)lane << FRAME_LANE_SHIFT | number;
}

static inline unsigned frame_lane(uint64_t id)
{
    return (unsigned)(id >> FRAME_LANE_SHIFT);
}

static inline uint64_t frame_number(uint64_t id)
{
    return id & ((UINT64_C(1) << FRAME_LANE_SHIFT) - 1);
}

/* In one lane, and before it. */
static inline bool frame_before(uint64_t id, uint64_t other)
{
    return frame_lane(id) == frame_lane(other) && id < other;
}

#endif
