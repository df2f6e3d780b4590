/* extents: which bytes of a segment hold results that are still needed, so that
 * the bytes of the others are written again: pages that are in the page cache
 * already cost half of fresh ones, and the file stays small. Plain arithmetic;
 * one thread. Private to the room. */
#ifndef VID_STORE_EXTENTS_H
#define VID_STORE_EXTENTS_H

#include <stddef.h>
#include <stdint.h>

struct extents {
    struct extent {
        uint64_t offset, length; /* length: a multiple of RESULT_PAYLOAD_ALIGN */
        uint64_t frame;          /* whose result it is */
    } * items;                   /* by offset, without overlaps */
    size_t count, room;
};

/* The first place that has room for `length` bytes, perhaps behind all others, now taken for the
 * frame: its offset, a multiple of RESULT_PAYLOAD_ALIGN. 0, or -ENOMEM. */
int extents_take(struct extents *extents, uint64_t length, uint64_t frame, uint64_t *offset);

/* What was taken at the offset is free again. */
void extents_give_back(struct extents *extents, uint64_t offset);

/* What all frames below, of the same lane, have taken is free again. */
void extents_release(struct extents *extents, uint64_t below);

void extents_free(struct extents *extents); /* empties it */

#endif
