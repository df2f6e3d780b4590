#include "base/queue.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t has_room, has_item;
    size_t capacity; /* set at creation */
    /* protected by lock */
    size_t first, count;
    bool put_closed, get_closed;
    void *items[];
};

struct queue *queue_create(size_t capacity)
{
    struct queue *queue;

    if (!capacity)
        capacity = 1;
    if (capacity > (SIZE_MAX - sizeof(*queue)) / sizeof(void *))
        return NULL;
    queue = calloc(1, sizeof(*queue) + capacity * sizeof(void *));
    if (!queue)
        return NULL;
    queue->capacity = capacity;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->has_room, NULL);
    pthread_cond_init(&queue->has_item, NULL);
    return queue;
}

void queue_destroy(struct queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->has_item);
    pthread_cond_destroy(&queue->has_room);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

/* False when the deadline has passed. */
static bool wait_locked(struct queue *queue, pthread_cond_t *cond, int64_t deadline)
{
    struct timespec moment = clock_timespec(deadline);

    return pthread_cond_clockwait(cond, &queue->lock, CLOCK_MONOTONIC, &moment) != ETIMEDOUT;
}

static void push_locked(struct queue *queue, void *item)
{
    queue->items[(queue->first + queue->count) % queue->capacity] = item;
    queue->count++;
    pthread_cond_signal(&queue->has_item);
}

static void *pop_locked(struct queue *queue)
{
    void *item = queue->items[queue->first];

    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    pthread_cond_signal(&queue->has_room);
    return item;
}

static bool put_blocked(const struct queue *queue)
{
    return queue->count == queue->capacity && !queue->get_closed && !queue->put_closed;
}

int queue_put(struct queue *queue, void *item, int64_t deadline)
{
    int ret = 0;

    pthread_mutex_lock(&queue->lock);
    while (put_blocked(queue) && wait_locked(queue, &queue->has_room, deadline))
        ;
    if (queue->get_closed || queue->put_closed)
        ret = VID_EOF;
    else if (queue->count == queue->capacity)
        ret = -ETIMEDOUT;
    else
        push_locked(queue, item);
    pthread_mutex_unlock(&queue->lock);
    return ret;
}

static bool get_blocked(const struct queue *queue)
{
    return !queue->count && !queue->put_closed && !queue->get_closed;
}

int queue_get(struct queue *queue, void **item, int64_t deadline)
{
    int ret = 0;

    pthread_mutex_lock(&queue->lock);
    while (get_blocked(queue) && wait_locked(queue, &queue->has_item, deadline))
        ;
    if (queue->get_closed || (queue->put_closed && !queue->count))
        ret = VID_EOF;
    else if (!queue->count)
        ret = -ETIMEDOUT;
    else
        *item = pop_locked(queue);
    pthread_mutex_unlock(&queue->lock);
    return ret;
}

static void close_end(struct queue *queue, bool *end)
{
    pthread_mutex_lock(&queue->lock);
    *end = true;
    pthread_cond_broadcast(&queue->has_room);
    pthread_cond_broadcast(&queue->has_item);
    pthread_mutex_unlock(&queue->lock);
}

void queue_close_put(struct queue *queue)
{
    close_end(queue, &queue->put_closed);
}

void queue_close_get(struct queue *queue)
{
    close_end(queue, &queue->get_closed);
}

void *queue_drain(struct queue *queue)
{
    void *item = NULL;

    pthread_mutex_lock(&queue->lock);
    if (queue->count)
        item = pop_locked(queue);
    pthread_mutex_unlock(&queue->lock);
    return item;
}
