/* payload: what a worker publishes for one input frame: when each step of its
 * way ended, and the pictures that the filter made of it (none, one or more).
 *
 * Bytes: a 64-byte header, then for each picture a 64-byte head with its length and
 * its packed form (media/picture.h), padded to a multiple of 64. Little-endian. */
#ifndef VID_WORKER_PAYLOAD_H
#define VID_WORKER_PAYLOAD_H

#include "base/error.h"
#include "media/picture.h"

#include <stdint.h>
#include <sys/uio.h>

#define PAYLOAD_PICTURES_MAX 64
#define PAYLOAD_ALIGN 64

/* clock_wall moments of the frame's way on the worker, and its memory. */
struct payload_times {
    int64_t claimed;    /* taken from the list */
    int64_t fetched;    /* its pixels are on this node */
    int64_t filtered;   /* the filter is done */
    uint32_t memory_kb; /* peak of the worker's process */
};

/* A payload as pieces to be written without a copy of the pixels. */
struct payload {
    struct iovec *iov;
    int count;
    uint64_t bytes;
    struct payload_parts *parts; /* private */
};

/* The pictures must stay until payload_clear. */
int payload_build(const struct payload_times *times, struct picture *const *pictures, int count,
                  struct payload *payload, struct vid_error *err);
void payload_clear(struct payload *payload);

/* Reads `mem`; each picture keeps `mem` alive through `release`, which is called
 * once for each picture that was given plus once by payload_open itself: the
 * caller counts (payload_open calls `retain` before it wraps one). -EBADMSG when damaged.
 * On failure no picture is left in `pictures`. Returns how many. */
struct payload_memory {
    void (*retain)(void *opaque);
    void (*release)(void *opaque, void *mem);
    void *opaque;
};
int payload_open(const void *mem, uint64_t size, const struct payload_memory *memory,
                 struct payload_times *times, struct picture **pictures, struct vid_error *err);

#endif
