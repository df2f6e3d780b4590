#include "vidmpi/mishaps.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct mishaps {
    pthread_mutex_t lock;
    /* protected by lock */
    struct mishap_counts counts;
    struct substituted *substituted;
    uint64_t named, room;
};

struct mishaps *mishaps_create(void)
{
    struct mishaps *mishaps = calloc(1, sizeof(*mishaps));

    if (mishaps)
        pthread_mutex_init(&mishaps->lock, NULL);
    return mishaps;
}

void mishaps_destroy(struct mishaps *mishaps)
{
    if (!mishaps)
        return;
    pthread_mutex_destroy(&mishaps->lock);
    free(mishaps->substituted);
    free(mishaps);
}

void mishaps_retry(struct mishaps *mishaps)
{
    pthread_mutex_lock(&mishaps->lock);
    mishaps->counts.retries++;
    pthread_mutex_unlock(&mishaps->lock);
}

void mishaps_copy(struct mishaps *mishaps)
{
    pthread_mutex_lock(&mishaps->lock);
    mishaps->counts.copies++;
    pthread_mutex_unlock(&mishaps->lock);
}

void mishaps_restart(struct mishaps *mishaps)
{
    pthread_mutex_lock(&mishaps->lock);
    mishaps->counts.restarts++;
    pthread_mutex_unlock(&mishaps->lock);
}

void mishaps_ranks_lost(struct mishaps *mishaps, unsigned count)
{
    pthread_mutex_lock(&mishaps->lock);
    mishaps->counts.ranks_lost = count;
    pthread_mutex_unlock(&mishaps->lock);
}

/* Room for one more that is named; without memory it is only counted. */
static bool make_room_locked(struct mishaps *mishaps)
{
    uint64_t room = mishaps->room ? 2 * mishaps->room : 16;
    struct substituted *grown;

    if (mishaps->named == SUBSTITUTED_MAX)
        return false;
    if (mishaps->named < mishaps->room)
        return true;
    grown = realloc(mishaps->substituted, room * sizeof(*grown));
    if (!grown)
        return false;
    mishaps->substituted = grown;
    mishaps->room = room;
    return true;
}

static bool is_named_locked(const struct mishaps *mishaps, uint64_t frame)
{
    for (uint64_t i = 0; i < mishaps->named; i++)
        if (mishaps->substituted[i].frame == frame)
            return true;
    return false;
}

/* A frame that an earlier start has lost, too, counts once. */
void mishaps_substitute(struct mishaps *mishaps, uint64_t frame, const char *why)
{
    bool known;

    pthread_mutex_lock(&mishaps->lock);
    known = is_named_locked(mishaps, frame);
    mishaps->counts.substituted += !known;
    if (!known && make_room_locked(mishaps)) {
        struct substituted *one = &mishaps->substituted[mishaps->named++];
        one->frame = frame;
        snprintf(one->why, sizeof(one->why), "%s", why);
    }
    pthread_mutex_unlock(&mishaps->lock);
}

struct mishap_counts mishaps_counts(struct mishaps *mishaps)
{
    struct mishap_counts counts;

    pthread_mutex_lock(&mishaps->lock);
    counts = mishaps->counts;
    pthread_mutex_unlock(&mishaps->lock);
    return counts;
}

bool mishaps_substituted(struct mishaps *mishaps, uint64_t index, struct substituted *out)
{
    bool there;

    pthread_mutex_lock(&mishaps->lock);
    there = index < mishaps->named;
    if (there)
        *out = mishaps->substituted[index];
    pthread_mutex_unlock(&mishaps->lock);
    return there;
}

bool mishaps_degrade(struct mishaps *mishaps)
{
    return mishaps_counts(mishaps).substituted > 0;
}
