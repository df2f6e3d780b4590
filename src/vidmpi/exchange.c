#include "vidmpi/exchange.h"

#include "tasks/task.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WANTS_MAX 8 /* tasks of one worker: the one in hand, and one ahead, and what dead ones wanted */

/* WANT_VOID: coming, for a worker that is gone: MPI cannot take it back. */
enum want_state { WANT_FREE, WANT_ASKED, WANT_COMING, WANT_VOID, WANT_HERE };

/* A task whose pixels are wanted here. Its slots in the rank's ring are
 * `slot`, `slot + 1`, ... (modulo the ring). */
struct want {
    enum want_state state;
    struct task task;
    uint64_t slot;
    unsigned slots;
    int busy[TASK_FRAMES_MAX];
};

struct exchange {
    struct cluster *cluster;
    struct frame_ring *ring;
    struct want wants[WANTS_MAX]; /* in the order of asking, from `oldest` */
    unsigned oldest, count;
    uint64_t next_slot; /* slots are taken in turn, and given back in turn */
    unsigned slots_used;
};

int exchange_serve(struct cluster *cluster, const struct job *job, int rank, const char *text,
                   struct vid_error *err)
{
    struct task task;
    int ret = task_decode(text, strlen(text), &task);
    const struct lane *lane = ret < 0 ? NULL : job_lane(job, task.first);
    const struct frame_ring *ring;
    uint64_t end;

    if (!lane)
        return vid_fail(err, -EBADMSG, "rank %d wants the pixels of a task that cannot be read", rank);
    ring = lane->ring;
    end = (uint64_t)frame_ring_slots(ring) * frame_ring_slot_bytes(ring);
    for (unsigned i = 0; i < task.before + task.count + task.after && ret == 0; i++) {
        const struct task_slot *slot = &task.slots[i];

        if (slot->offset > end || slot->length > end - slot->offset)
            return vid_fail(err, -ERANGE, "rank %d wants bytes behind the end of the frame ring", rank);
        ret = cluster_send_pixels(cluster, rank, (const char *)frame_ring_at(ring, 0) + slot->offset,
                                  slot->length, NULL, err);
    }
    return ret;
}

int exchange_open(struct cluster *cluster, const char *ring_name, unsigned slots, size_t slot_bytes,
                  struct exchange **out, struct vid_error *err)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    int ret;

    if (!exchange)
        return vid_fail(err, -ENOMEM, "no memory for the exchange of pixels");
    exchange->cluster = cluster;
    ret = frame_ring_create(ring_name, slots, slot_bytes, &exchange->ring, err);
    if (ret < 0)
        exchange_close(&exchange);
    *out = exchange;
    return ret;
}

static struct want *want_at(struct exchange *exchange, unsigned index)
{
    return &exchange->wants[(exchange->oldest + index) % WANTS_MAX];
}

int exchange_want(struct exchange *exchange, const char *text, size_t size, struct vid_error *err)
{
    struct want *want = want_at(exchange, exchange->count);
    int ret;

    if (exchange->count == WANTS_MAX)
        return vid_fail(err, -ENOBUFS, "the worker wants the pixels of more than %d tasks", WANTS_MAX);
    ret = task_decode(text, size, &want->task);
    if (ret < 0)
        return vid_fail(err, ret, "the worker wants the pixels of a task that cannot be read");
    want->slots = want->task.before + want->task.count + want->task.after;
    if (want->slots > frame_ring_slots(exchange->ring))
        return vid_fail(err, -E2BIG, "a task of %u frames is too long for another node", want->slots);
    want->state = WANT_ASKED;
    exchange->count++;
    return 0;
}

static uint64_t longest_slot(const struct want *want)
{
    uint64_t longest = 0;

    for (unsigned i = 0; i < want->slots; i++) {
        if (want->task.slots[i].length > longest)
            longest = want->task.slots[i].length;
    }
    return longest;
}

/* Gives the want its slots and asks rank 0. 0 when it must wait for room. */
static int begin(struct exchange *exchange, struct want *want, struct vid_error *err)
{
    char text[sizeof(((struct cluster_message *)NULL)->text)];
    int ret;

    if (exchange->slots_used + want->slots > frame_ring_slots(exchange->ring))
        return 0;
    if (longest_slot(want) > frame_ring_slot_bytes(exchange->ring)) {
        if (exchange->slots_used > 0)
            return 0;
        ret = frame_ring_grow(exchange->ring, longest_slot(want), err);
        if (ret < 0)
            return ret;
    }
    ret = task_encode(&want->task, text, sizeof(text));
    if (ret < 0)
        return vid_fail(err, ret, "task %" PRIu64 " is too long for a message", want->task.id);
    want->slot = exchange->next_slot;
    exchange->next_slot += want->slots;
    exchange->slots_used += want->slots;
    want->state = WANT_COMING;
    for (unsigned i = 0; i < want->slots; i++) {
        struct task_slot *slot = &want->task.slots[i];

        ret = cluster_receive_pixels(exchange->cluster, frame_ring_at(exchange->ring, want->slot + i),
                                     slot->length, &want->busy[i], err);
        if (ret < 0)
            return ret;
        slot->offset = frame_ring_offset(exchange->ring, want->slot + i);
    }
    return cluster_send(exchange->cluster, 0, TAG_WANT, text, err);
}

static bool arrived(const struct want *want)
{
    for (unsigned i = 0; i < want->slots; i++) {
        if (want->busy[i])
            return false;
    }
    return true;
}

static int tell_worker(struct keeper *keeper, struct want *want, struct vid_error *err)
{
    char text[CONTROL_MAX];
    int length = task_encode(&want->task, text, sizeof(text));

    if (length < 0)
        return vid_fail(err, length, "task %" PRIu64 " is too long for a message", want->task.id);
    want->state = WANT_HERE;
    return keeper_send(keeper, CONTROL_HERE, text, (size_t)length, err);
}

/* Slots are given back in the order of asking. */
static void drop_free(struct exchange *exchange)
{
    while (exchange->count > 0 && want_at(exchange, 0)->state == WANT_FREE) {
        exchange->slots_used -= want_at(exchange, 0)->slots;
        exchange->oldest = (exchange->oldest + 1) % WANTS_MAX;
        exchange->count--;
    }
}

int exchange_progress(struct exchange *exchange, struct keeper *keeper, struct vid_error *err)
{
    int ret = 0;

    for (unsigned i = 0; i < exchange->count && ret == 0; i++) {
        struct want *want = want_at(exchange, i);

        if (want->state == WANT_ASKED) {
            ret = begin(exchange, want, err);
            if (want->state == WANT_ASKED)
                break; /* no room; those behind wait their turn */
        }
        if (ret == 0 && want->state == WANT_COMING && arrived(want))
            ret = tell_worker(keeper, want, err);
        if (want->state == WANT_VOID && arrived(want))
            want->state = WANT_FREE;
    }
    drop_free(exchange);
    return ret;
}

int exchange_free(struct exchange *exchange, const char *text, size_t size, struct vid_error *err)
{
    struct task task;
    int ret = task_decode(text, size, &task);

    if (ret < 0)
        return vid_fail(err, ret, "the worker frees a task that cannot be read");
    for (unsigned i = 0; i < exchange->count; i++) {
        struct want *want = want_at(exchange, i);
        if (want->state == WANT_HERE && want->task.id == task.id)
            want->state = WANT_FREE;
    }
    drop_free(exchange);
    return 0;
}

void exchange_forget(struct exchange *exchange)
{
    for (unsigned i = 0; i < exchange->count; i++) {
        struct want *want = want_at(exchange, i);

        if (want->state == WANT_ASKED)
            want->slots = 0; /* it has none yet */
        want->state = want->state == WANT_COMING || want->state == WANT_VOID ? WANT_VOID : WANT_FREE;
    }
    drop_free(exchange);
}

bool exchange_waiting(const struct exchange *exchange)
{
    for (unsigned i = 0; exchange && i < WANTS_MAX; i++) {
        if (exchange->wants[i].state == WANT_ASKED || exchange->wants[i].state == WANT_COMING)
            return true;
    }
    return false;
}

void exchange_close(struct exchange **pexchange)
{
    struct exchange *exchange = *pexchange;

    *pexchange = NULL;
    if (!exchange)
        return;
    frame_ring_destroy(&exchange->ring);
    free(exchange);
}
