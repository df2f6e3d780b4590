/* sink_queue: packets that the source has read and the output has not taken yet. Each carries how many
 * pictures had been decoded before it was read: the output takes it before the next picture, so that
 * everything happens in the order in which one serial run would do it. Two threads: one puts, one takes.
 * Private to the room. */
#ifndef VID_MEDIA_SINK_QUEUE_H
#define VID_MEDIA_SINK_QUEUE_H

#include "media/out_stream.h"

#include <pthread.h>

struct queued_packet {
    struct queued_packet *next;
    int input;        /* index of the input stream */
    AVPacket *packet; /* NULL: the input has ended for the stream */
    struct read_clock clock;
    uint64_t after; /* pictures decoded before it */
};

struct sink_queue {
    pthread_mutex_t lock;
    pthread_cond_t taken;
    struct queued_packet *first, **tail;
    size_t bytes;
    bool closed; /* nothing is wanted any more */
};

int sink_queue_init(struct sink_queue *queue);
void sink_queue_destroy(struct sink_queue *queue);

/* Keeps a reference to the packet. Waits while too much is queued; -ENOBUFS when nothing is taken for
 * half a minute; VID_EOF after a close. */
int sink_queue_put(struct sink_queue *queue, int input, const AVPacket *packet,
                   const struct read_clock *clock, uint64_t after, struct vid_error *err);

/* The first one that was read before picture number `pictures` was decoded; NULL: none. The caller frees it.
 */
struct queued_packet *sink_queue_take(struct sink_queue *queue, uint64_t pictures);
void queued_packet_free(struct queued_packet *packet);

bool sink_queue_is_long(struct sink_queue *queue);
void sink_queue_close(struct sink_queue *queue);

#endif
