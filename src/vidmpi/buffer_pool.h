/* buffer_pool: the memory that results are read into. A buffer is counted by
 * the pictures that lie in it and comes back when the last one is gone: fresh
 * memory for each frame would be page faults for each frame. Thread-safe. */
#ifndef VID_VIDMPI_BUFFER_POOL_H
#define VID_VIDMPI_BUFFER_POOL_H

#include <stddef.h>

struct buffer_pool;
struct buffer;

struct buffer_pool *buffer_pool_create(void); /* NULL: no memory */

/* Frees the pool; buffers that are still held free themselves later. NULL-safe. */
void buffer_pool_destroy(struct buffer_pool *pool);

/* A buffer of at least `size` bytes, 64-byte aligned, held once. NULL: no memory. */
struct buffer *buffer_take(struct buffer_pool *pool, size_t size);
void *buffer_mem(struct buffer *buffer);

/* In the form that payload_open wants (opaque: the buffer): hold once more, let go. */
void buffer_retain(void *opaque);
void buffer_release(void *opaque, void *mem);

#endif
