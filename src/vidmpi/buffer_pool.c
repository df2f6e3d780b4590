#include "vidmpi/buffer_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define ALIGN 64
#define FREE_MAX 8 /* kept for reuse; more are given back to the system */

struct buffer {
    struct buffer *next; /* while free */
    struct buffer_pool *pool;
    atomic_int refs;
    size_t size;
    void *mem;
};

struct buffer_pool {
    atomic_int refs; /* the owner, and each buffer that is held */
    pthread_mutex_t lock;
    /* protected by lock */
    struct buffer *free;
    int free_count;
    bool closed;
};

struct buffer_pool *buffer_pool_create(void)
{
    struct buffer_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->refs = 1;
    return pool;
}

static void buffer_free(struct buffer *buffer)
{
    free(buffer->mem);
    free(buffer);
}

static void pool_unref(struct buffer_pool *pool)
{
    if (atomic_fetch_sub(&pool->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void buffer_pool_destroy(struct buffer_pool *pool)
{
    struct buffer *buffer;

    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    while ((buffer = pool->free)) {
        pool->free = buffer->next;
        buffer_free(buffer);
    }
    pthread_mutex_unlock(&pool->lock);
    pool_unref(pool);
}

static struct buffer *buffer_new(struct buffer_pool *pool, size_t size)
{
    struct buffer *buffer = calloc(1, sizeof(*buffer));

    if (!buffer)
        return NULL;
    buffer->pool = pool;
    buffer->size = (size + ALIGN - 1) / ALIGN * ALIGN;
    buffer->mem = aligned_alloc(ALIGN, buffer->size);
    if (!buffer->mem) {
        free(buffer);
        return NULL;
    }
    return buffer;
}

struct buffer *buffer_take(struct buffer_pool *pool, size_t size)
{
    struct buffer *buffer;

    pthread_mutex_lock(&pool->lock);
    buffer = pool->free;
    if (buffer) {
        pool->free = buffer->next;
        pool->free_count--;
    }
    pthread_mutex_unlock(&pool->lock);
    if (buffer && buffer->size < size) {
        buffer_free(buffer);
        buffer = NULL;
    }
    if (!buffer)
        buffer = buffer_new(pool, size);
    if (buffer) {
        buffer->refs = 1;
        atomic_fetch_add(&pool->refs, 1);
    }
    return buffer;
}

void *buffer_mem(struct buffer *buffer)
{
    return buffer->mem;
}

void buffer_retain(void *opaque)
{
    struct buffer *buffer = opaque;

    atomic_fetch_add(&buffer->refs, 1);
}

void buffer_release(void *opaque, void *mem)
{
    struct buffer *buffer = opaque;
    struct buffer_pool *pool = buffer->pool;
    bool keep;

    (void)mem;
    if (atomic_fetch_sub(&buffer->refs, 1) > 1)
        return;
    pthread_mutex_lock(&pool->lock);
    keep = !pool->closed && pool->free_count < FREE_MAX;
    if (keep) {
        buffer->next = pool->free;
        pool->free = buffer;
        pool->free_count++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep)
        buffer_free(buffer);
    pool_unref(pool);
}
