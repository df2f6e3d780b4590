#include "vidmpi/frame_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum place { PLACE_FREE, PLACE_UNDER_WAY, PLACE_RESULT };

struct frame_table {
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* protected by lock */
    struct frame_slot {
        enum place place;
        struct frame_entry entry;
    } * slots;
    unsigned window;
    uint64_t reserved; /* frames that the decoder was given */
    uint64_t released; /* frames whose slots are free again: all below */
    uint64_t filtered, late;
    bool ended, stopped;
};

struct frame_table *frame_table_create(unsigned window)
{
    struct frame_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    pthread_mutex_init(&table->lock, NULL);
    pthread_cond_init(&table->changed, NULL);
    table->window = window;
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

int frame_table_reserve(struct frame_table *table, uint64_t *frame)
{
    int ret = 0;

    pthread_mutex_lock(&table->lock);
    while (!table->stopped && table->reserved - table->released == table->window)
        pthread_cond_wait(&table->changed, &table->lock);
    if (table->stopped)
        ret = VID_EOF;
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

void frame_table_enter(struct frame_table *table, uint64_t frame, int64_t decoded, int64_t pushed)
{
    struct frame_slot *slot;

    pthread_mutex_lock(&table->lock);
    slot = slot_of(table, frame);
    slot->place = PLACE_UNDER_WAY;
    slot->entry = (struct frame_entry){.frame = frame, .decoded = decoded, .pushed = pushed};
    pthread_mutex_unlock(&table->lock);
}

void frame_table_end(struct frame_table *table)
{
    pthread_mutex_lock(&table->lock);
    table->ended = true;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
}

static int result_locked(struct frame_table *table, const struct result_ref *ref, int64_t seen)
{
    struct frame_slot *slot = slot_of(table, ref->frame);

    if (ref->frame >= table->reserved)
        return -ERANGE;
    if (ref->frame < table->released || slot->place != PLACE_UNDER_WAY) {
        table->late++;
        return -EEXIST;
    }
    slot->place = PLACE_RESULT;
    slot->entry.ref = *ref;
    slot->entry.seen = seen;
    table->filtered++;
    if (ref->frame == table->released)
        pthread_cond_broadcast(&table->changed);
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

int frame_table_next(struct frame_table *table, struct frame_entry *entry)
{
    int ret = VID_EOF;

    pthread_mutex_lock(&table->lock);
    while (!table->stopped) {
        struct frame_slot *slot = slot_of(table, table->released);

        if (table->released < table->reserved && slot->place == PLACE_RESULT) {
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
        .filtered = table->filtered,
        .encoded = table->released,
        .late = table->late,
        .ended = table->ended,
    };
    pthread_mutex_unlock(&table->lock);
    return counts;
}
