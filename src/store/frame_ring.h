/* frame_ring: the job's only store of undone input, in POSIX shared memory.
 * Frame number f lies in slot f modulo the number of slots. The owner writes a
 * slot before it names it in a task and does not write it again before the
 * frame's result is in; every other process maps the ring read-only. Bytes
 * only: what they are is the caller's matter. */
#ifndef VID_STORE_FRAME_RING_H
#define VID_STORE_FRAME_RING_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct frame_ring;

#define FRAME_RING_NAME_MAX 80

/* The name of a lane's ring, from that of the first lane's, into buf; returns buf. */
const char *frame_ring_name(const char *first, unsigned lane, char buf[FRAME_RING_NAME_MAX]);

/* Makes the shared memory object `name` ("/vidmpi-..."; must not exist) with its memory
 * reserved, so that a full /dev/shm is an error here (-ENOSPC, with the bytes) and no SIGBUS later. */
int frame_ring_create(const char *name, unsigned slots, size_t slot_bytes, struct frame_ring **out,
                      struct vid_error *err);

unsigned frame_ring_slots(const struct frame_ring *ring);
size_t frame_ring_slot_bytes(const struct frame_ring *ring);
void *frame_ring_at(const struct frame_ring *ring, uint64_t frame); /* owner: its slot, 64-byte aligned */
uint64_t frame_ring_offset(const struct frame_ring *ring, uint64_t frame);

/* Larger slots, for larger pictures from now on. Only while no slot is in use: what was
 * in them is lost, earlier pointers are invalid. */
int frame_ring_grow(struct frame_ring *ring, size_t slot_bytes, struct vid_error *err);

void frame_ring_destroy(struct frame_ring **ring); /* unmaps and removes the name; NULL-safe */

/* A read-only view of another process's ring. One thread. */
struct frame_view;

int frame_view_open(const char *name, struct frame_view **out, struct vid_error *err);

/* The bytes at an offset; maps anew when the ring has grown. NULL when it does not reach so far.
 * Pointers of earlier calls stay valid until frame_view_close. */
const void *frame_view_at(struct frame_view *view, uint64_t offset, uint64_t length, struct vid_error *err);

void frame_view_close(struct frame_view **view); /* NULL-safe */

#endif
