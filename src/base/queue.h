/* queue: bounded FIFO of pointers between threads. It closes from both ends:
 * a producer that is done lets the consumer drain, a consumer that is gone
 * stops the producer at once. Thread-safe. Items belong to whoever holds
 * them; the queue never frees one. */
#ifndef VID_BASE_QUEUE_H
#define VID_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queue;

struct queue *queue_create(size_t capacity); /* NULL: no memory */
void queue_destroy(struct queue *queue);     /* NULL-safe; must be empty or its items known elsewhere */

/* Waits for room until `deadline` (clock_now). 0 and the item is the
 * queue's; -ETIMEDOUT; VID_EOF when the consumer is gone. */
int queue_put(struct queue *queue, void *item, int64_t deadline);

/* Waits for an item. 0; -ETIMEDOUT; VID_EOF after the last one of a producer
 * that has closed. */
int queue_get(struct queue *queue, void **item, int64_t deadline);

void queue_close_put(struct queue *queue); /* no more items come */
void queue_close_get(struct queue *queue); /* nobody takes items any more */

/* Takes what is left after a close, for freeing; NULL when empty. */
void *queue_drain(struct queue *queue);

#endif
