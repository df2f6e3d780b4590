#include "vidmpi/picture_counts.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct picture_counts {
    pthread_mutex_t lock;
    /* protected by lock */
    uint64_t base;      /* the first frame that is remembered */
    uint64_t *before;   /* of each frame from there on: pictures before it */
    size_t count, room; /* of these frames */
    uint64_t pictures;  /* all so far */
};

struct picture_counts *picture_counts_create(uint64_t frame, uint64_t pictures)
{
    struct picture_counts *counts = calloc(1, sizeof(*counts));

    if (!counts)
        return NULL;
    pthread_mutex_init(&counts->lock, NULL);
    counts->base = frame;
    counts->pictures = pictures;
    return counts;
}

void picture_counts_destroy(struct picture_counts *counts)
{
    if (!counts)
        return;
    pthread_mutex_destroy(&counts->lock);
    free(counts->before);
    free(counts);
}

static int make_room_locked(struct picture_counts *counts)
{
    size_t room = counts->room ? 2 * counts->room : 256;
    uint64_t *grown;

    if (counts->count < counts->room)
        return 0;
    grown = realloc(counts->before, room * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    counts->before = grown;
    counts->room = room;
    return 0;
}

int picture_counts_begin(struct picture_counts *counts, uint64_t frame)
{
    int ret;

    pthread_mutex_lock(&counts->lock);
    if (counts->count == 0)
        counts->base = frame;
    ret = make_room_locked(counts);
    if (ret == 0)
        counts->before[counts->count++] = counts->pictures;
    pthread_mutex_unlock(&counts->lock);
    return ret;
}

void picture_counts_add(struct picture_counts *counts)
{
    pthread_mutex_lock(&counts->lock);
    counts->pictures++;
    pthread_mutex_unlock(&counts->lock);
}

static void forget_locked(struct picture_counts *counts, size_t frames)
{
    memmove(counts->before, counts->before + frames, (counts->count - frames) * sizeof(*counts->before));
    counts->count -= frames;
    counts->base += frames;
}

struct picture_place picture_counts_find(struct picture_counts *counts, uint64_t picture)
{
    struct picture_place place;
    size_t at = 0;

    pthread_mutex_lock(&counts->lock);
    place.frame = counts->base;
    place.skip = 0;
    while (at + 1 < counts->count && counts->before[at + 1] <= picture)
        at++;
    if (counts->count > 0) {
        forget_locked(counts, at);
        place.frame = counts->base;
        place.skip = picture - counts->before[0];
    }
    pthread_mutex_unlock(&counts->lock);
    return place;
}

uint64_t picture_counts_share(uint64_t frame, uint64_t frames, uint64_t pictures)
{
    __uint128_t all = pictures;

    return (uint64_t)(all * (frame + 1) / frames - all * frame / frames);
}
