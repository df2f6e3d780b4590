#include "vidmpi/frame_table.h"

#include "base/frame_id.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum place { PLACE_FREE, PLACE_WAITING, PLACE_UNDER_WAY, PLACE_SETTLED };

struct frame_table {
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* protected by lock */
    struct frame_slot {
        enum place place;
        struct frame_entry entry;
        uint64_t task;     /* the id of the newest */
        uint32_t attempt;  /* the newest */
        unsigned failures; /* attempts that failed */
    } * slots;
    unsigned window, tail;
    uint64_t reserved; /* frames that the decoder was given */
    uint64_t released; /* frames whose slots are free again: all below */
    uint64_t settled, filtered, kept, sealed, late;
    bool ended, stopped;
};

struct frame_table *frame_table_create(unsigned window, unsigned tail)
{
    struct frame_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    pthread_mutex_init(&table->lock, NULL);
    pthread_cond_init(&table->changed, NULL);
    table->window = window;
    table->tail = tail;
    table->slots = calloc(window, sizeof(*table->slots));
    if (!table->slots) {
        frame_table_destroy(table);
        return NULL;
    }
    return table;
}

void frame_table_destroy(struct frame_table *table)
{
    if (!table)
        return;
    pthread_cond_destroy(&table->changed);
    pthread_mutex_destroy(&table->lock);
    free(table->slots);
    free(table);
}

static struct frame_slot *slot_of(struct frame_table *table, uint64_t frame)
{
    return &table->slots[frame % table->window];
}

static bool is_full_locked(const struct frame_table *table)
{
    uint64_t lowest = table->released > table->tail ? table->released - table->tail : 0;

    return table->reserved - lowest == table->window;
}

int frame_table_reserve(struct frame_table *table, bool wait, uint64_t *frame)
{
    int ret = 0;

    pthread_mutex_lock(&table->lock);
    while (wait && !table->stopped && is_full_locked(table))
        pthread_cond_wait(&table->changed, &table->lock);
    if (table->stopped)
        ret = VID_EOF;
    else if (is_full_locked(table))
        ret = -EAGAIN;
    else
        *frame = table->reserved++;
    pthread_mutex_unlock(&table->lock);
    return ret;
}

int frame_table_drain(struct frame_table *table)
{
    int ret;

    pthread_mutex_lock(&table->lock);
    /* The caller's own reservation is the one that is left. */
    while (!table->stopped && table->reserved - table->released > 1)
        pthread_cond_wait(&table->changed, &table->lock);
    ret = table->stopped ? VID_EOF : 0;
    pthread_mutex_unlock(&table->lock);
    return ret;
}

void frame_table_enter(struct frame_table *table, uint64_t frame, size_t bytes, int64_t decoded)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = slot_of(table, frame);
    slot->place = PLACE_WAITING;
    slot->entry = (struct frame_entry){.frame = frame, .bytes = bytes, .decoded = decoded};
    pthread_mutex_unlock(&table->lock);
}

static void begin_locked(struct frame_slot *slot, const struct frame_try *try)
{
    slot->place = PLACE_UNDER_WAY;
    slot->task = try->task;
    slot->attempt = try->attempt;
    slot->failures = 0;
    slot->entry.pushed = try->pushed;
}

unsigned frame_table_begin(struct frame_table *table, uint64_t first, unsigned count, int64_t pushed,
                           struct frame_try *try)
{
    unsigned done = 0;

    pthread_mutex_lock(&table->lock);
    while (done < count && slot_of(table, first + done)->place != PLACE_WAITING)
        done++;
    *try = (struct frame_try){.first = first + done, .task = first + done, .attempt = 1, .pushed = pushed};
    for (; done < count && slot_of(table, first + done)->place == PLACE_WAITING; done++, try->count++)
        begin_locked(slot_of(table, first + done), try);
    pthread_mutex_unlock(&table->lock);
    return done;
}

size_t frame_table_bytes(struct frame_table *table, uint64_t frame)
{
    size_t bytes;

    pthread_mutex_lock(&table->lock);
    bytes = slot_of(table, frame)->entry.bytes;
    pthread_mutex_unlock(&table->lock);
    return bytes;
}

/* The frame has its outcome; whoever waits for the next one in order looks again. */
static void settle_locked(struct frame_table *table, struct frame_slot *slot, enum frame_outcome outcome)
{
    slot->place = PLACE_SETTLED;
    slot->entry.outcome = outcome;
    table->settled++;
    if (slot->entry.frame == table->released)
        pthread_cond_broadcast(&table->changed);
}

void frame_table_enter_straight(struct frame_table *table, uint64_t frame, size_t bytes, int64_t decoded)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = slot_of(table, frame);
    slot->entry = (struct frame_entry){.frame = frame, .bytes = bytes, .decoded = decoded};
    settle_locked(table, slot, FRAME_STRAIGHT);
    pthread_mutex_unlock(&table->lock);
}

void frame_table_enter_done(struct frame_table *table, uint64_t frame, size_t bytes,
                            const struct result_ref *ref, int64_t decoded)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = slot_of(table, frame);
    slot->entry = (struct frame_entry){.frame = frame, .bytes = bytes, .decoded = decoded};
    slot->task = frame;
    slot->attempt = 1;
    slot->failures = 0;
    if (ref)
        slot->entry.ref = *ref;
    *(ref ? &table->kept : &table->sealed) += 1;
    settle_locked(table, slot, ref ? FRAME_RESULT : FRAME_SEALED);
    pthread_mutex_unlock(&table->lock);
}

void frame_table_end(struct frame_table *table)
{
    pthread_mutex_lock(&table->lock);
    table->ended = true;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

/* The frame's slot when it has no outcome yet; else NULL. */
static struct frame_slot *under_way_locked(struct frame_table *table, uint64_t frame)
{
    struct frame_slot *slot = slot_of(table, frame);
    bool here = frame >= table->released && frame < table->reserved;

    return here && slot->place == PLACE_UNDER_WAY ? slot : NULL;
}

static int result_locked(struct frame_table *table, const struct result_ref *ref, int64_t seen)
{
    uint64_t frame = frame_number(ref->frame);
    struct frame_slot *slot = under_way_locked(table, frame);

    if (frame >= table->reserved)
        return -ERANGE;
    if (!slot) {
        table->late++;
        return -EEXIST;
    }
    slot->entry.ref = *ref;
    slot->entry.seen = seen;
    table->filtered++;
    settle_locked(table, slot, FRAME_RESULT);
    return 0;
}

int frame_table_result(struct frame_table *table, const struct result_ref *ref, int64_t seen)
{
    int ret;

    pthread_mutex_lock(&table->lock);
    ret = result_locked(table, ref, seen);
    pthread_mutex_unlock(&table->lock);
    return ret;
}

unsigned frame_table_failed(struct frame_table *table, uint64_t frame, uint32_t attempt)
{
    struct frame_slot *slot;
    unsigned failures = 0;

    pthread_mutex_lock(&table->lock);
    slot = under_way_locked(table, frame);
    if (slot && attempt >= slot->attempt) { /* the list may have raised it and the answer was lost */
        slot->attempt = attempt;
        failures = ++slot->failures;
    }
    pthread_mutex_unlock(&table->lock);
    return failures;
}

static struct frame_try try_of(const struct frame_slot *slot)
{
    return (struct frame_try){slot->entry.frame, 1, slot->task, slot->attempt, slot->entry.pushed};
}

int frame_table_retry(struct frame_table *table, uint64_t frame, int64_t pushed, struct frame_try *out)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = under_way_locked(table, frame);
    if (slot) {
        slot->attempt++;
        slot->task = frame;
        slot->entry.pushed = pushed;
        *out = try_of(slot);
    }
    pthread_mutex_unlock(&table->lock);
    return slot ? 0 : -ENOENT;
}

void frame_table_raise(struct frame_table *table, uint64_t task, uint32_t attempt)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    for (uint64_t frame = table->released; frame < table->reserved; frame++) {
        slot = under_way_locked(table, frame);
        if (slot && slot->task == task && slot->attempt < attempt)
            slot->attempt = attempt;
    }
    pthread_mutex_unlock(&table->lock);
}

int frame_table_of_task(struct frame_table *table, uint64_t task, uint64_t *frames, int max)
{
    int count = 0;

    pthread_mutex_lock(&table->lock);
    for (uint64_t frame = table->released; frame < table->reserved && count < max; frame++) {
        const struct frame_slot *slot = under_way_locked(table, frame);
        if (slot && slot->task == task)
            frames[count++] = frame;
    }
    pthread_mutex_unlock(&table->lock);
    return count;
}

int frame_table_give_up(struct frame_table *table, uint64_t frame)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = under_way_locked(table, frame);
    if (slot)
        settle_locked(table, slot, FRAME_GIVEN_UP);
    pthread_mutex_unlock(&table->lock);
    return slot ? 0 : -ENOENT;
}

void frame_table_undo(struct frame_table *table, uint64_t frame)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = slot_of(table, frame);
    slot->place = PLACE_UNDER_WAY;
    table->settled--;
    pthread_mutex_unlock(&table->lock);
}

int frame_table_under_way(struct frame_table *table, struct frame_try *tries, int max)
{
    int count = 0;

    pthread_mutex_lock(&table->lock);
    for (uint64_t frame = table->released; frame < table->reserved && count < max; frame++) {
        const struct frame_slot *slot = under_way_locked(table, frame);
        if (slot)
            tries[count++] = try_of(slot);
    }
    pthread_mutex_unlock(&table->lock);
    return count;
}

int frame_table_next(struct frame_table *table, struct frame_entry *entry)
{
    int ret = VID_EOF;

    pthread_mutex_lock(&table->lock);
    while (!table->stopped) {
        struct frame_slot *slot = slot_of(table, table->released);

        if (table->released < table->reserved && slot->place == PLACE_SETTLED) {
            *entry = slot->entry;
            ret = 0;
            break;
        }
        if (table->ended && table->released == table->reserved)
            break;
        pthread_cond_wait(&table->changed, &table->lock);
    }
    pthread_mutex_unlock(&table->lock);
    return ret;
}

void frame_table_release(struct frame_table *table, uint64_t frame)
{
    pthread_mutex_lock(&table->lock);
    slot_of(table, frame)->place = PLACE_FREE;
    table->released = frame + 1;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

void frame_table_stop(struct frame_table *table)
{
    pthread_mutex_lock(&table->lock);
    table->stopped = true;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

struct frame_counts frame_table_counts(struct frame_table *table)
{
    struct frame_counts counts;

    pthread_mutex_lock(&table->lock);
    counts = (struct frame_counts){
        .decoded = table->reserved,
        .settled = table->settled,
        .filtered = table->filtered,
        .kept = table->kept,
        .sealed = table->sealed,
        .encoded = table->released,
        .late = table->late,
        .ended = table->ended,
    };
    pthread_mutex_unlock(&table->lock);
    return counts;
}
