#include "media/sink_queue.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define BYTES_LIMIT ((size_t)128 << 20)
#define BYTES_LONG ((size_t)8 << 20)
#define PATIENCE (30 * NS_PER_S)

int sink_queue_init(struct sink_queue *queue)
{
    *queue = (struct sink_queue){.tail = NULL};
    queue->tail = &queue->first;
    if (pthread_mutex_init(&queue->lock, NULL) != 0)
        return -ENOMEM;
    if (pthread_cond_init(&queue->taken, NULL) != 0) {
        pthread_mutex_destroy(&queue->lock);
        return -ENOMEM;
    }
    return 0;
}

void sink_queue_destroy(struct sink_queue *queue)
{
    while (queue->first) {
        struct queued_packet *gone = queue->first;
        queue->first = gone->next;
        queued_packet_free(gone);
    }
    pthread_cond_destroy(&queue->taken);
    pthread_mutex_destroy(&queue->lock);
}

void queued_packet_free(struct queued_packet *packet)
{
    av_packet_free(&packet->packet);
    free(packet);
}

static struct queued_packet *make(int input, const AVPacket *packet, const struct read_clock *clock,
                                  uint64_t after)
{
    struct queued_packet *queued = calloc(1, sizeof(*queued));
    if (!queued)
        return NULL;
    queued->input = input;
    queued->clock = *clock;
    queued->after = after;
    if (packet &&
        (!(queued->packet = av_packet_clone(packet)) || av_packet_make_refcounted(queued->packet) < 0)) {
        queued_packet_free(queued);
        return NULL;
    }
    return queued;
}

static size_t size_of(const struct queued_packet *queued)
{
    return sizeof(*queued) + (queued->packet ? (size_t)queued->packet->size : 0);
}

/* Under the lock. Progress of the taker gives new patience. */
static int wait_for_room(struct sink_queue *queue)
{
    size_t before = queue->bytes;
    int64_t deadline = clock_now() + PATIENCE;
    while (queue->bytes > BYTES_LIMIT && !queue->closed) {
        struct timespec until = clock_timespec(deadline);
        if (pthread_cond_clockwait(&queue->taken, &queue->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT &&
            queue->bytes >= before)
            return -ENOBUFS;
        if (queue->bytes < before)
            deadline = clock_now() + PATIENCE;
        before = queue->bytes;
    }
    return queue->closed ? VID_EOF : 0;
}

int sink_queue_put(struct sink_queue *queue, int input, const AVPacket *packet,
                   const struct read_clock *clock, uint64_t after, struct vid_error *err)
{
    struct queued_packet *queued = make(input, packet, clock, after);
    if (!queued)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    pthread_mutex_lock(&queue->lock);
    int code = wait_for_room(queue);
    if (code >= 0) {
        *queue->tail = queued;
        queue->tail = &queued->next;
        queue->bytes += size_of(queued);
    }
    pthread_mutex_unlock(&queue->lock);
    if (code < 0)
        queued_packet_free(queued);
    if (code == -ENOBUFS)
        return vid_fail(err, code,
                        "%zu MiB of packets wait for pictures that do not come; drop a stream with -map",
                        BYTES_LIMIT >> 20);
    return code;
}

struct queued_packet *sink_queue_take(struct sink_queue *queue, uint64_t pictures)
{
    pthread_mutex_lock(&queue->lock);
    struct queued_packet *queued = queue->first;
    if (queued && queued->after <= pictures) {
        queue->first = queued->next;
        if (!queue->first)
            queue->tail = &queue->first;
        queue->bytes -= size_of(queued);
        pthread_cond_signal(&queue->taken);
    } else {
        queued = NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    return queued;
}

bool sink_queue_is_long(struct sink_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    bool is_long = queue->bytes > BYTES_LONG;
    pthread_mutex_unlock(&queue->lock);
    return is_long;
}

void sink_queue_close(struct sink_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_signal(&queue->taken);
    pthread_mutex_unlock(&queue->lock);
}
