#include "vidmpi/stats.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

const char *const stage_names[STAGES] = {"decode",  "wait",    "fetch",  "filter",
                                         "publish", "visible", "encode", "whole"};

struct stats {
    pthread_mutex_t lock;
    unsigned ranks; /* set before start */

    /* protected by lock */
    struct histogram stages[STAGES];
    struct rank_stats {
        uint64_t frames;
        int64_t last; /* clock_now of its newest result */
    } * rank;
};

struct stats *stats_create(unsigned ranks)
{
    struct stats *stats = calloc(1, sizeof(*stats));

    if (!stats)
        return NULL;
    pthread_mutex_init(&stats->lock, NULL);
    stats->ranks = ranks;
    stats->rank = calloc(ranks, sizeof(*stats->rank));
    if (!stats->rank) {
        stats_destroy(stats);
        return NULL;
    }
    return stats;
}

void stats_destroy(struct stats *stats)
{
    if (!stats)
        return;
    pthread_mutex_destroy(&stats->lock);
    free(stats->rank);
    free(stats);
}

void stats_add(struct stats *stats, enum stage stage, int64_t ns)
{
    pthread_mutex_lock(&stats->lock);
    histogram_add(&stats->stages[stage], ns);
    pthread_mutex_unlock(&stats->lock);
}

void stats_count_frame(struct stats *stats, unsigned rank)
{
    pthread_mutex_lock(&stats->lock);
    stats->rank[rank].frames++;
    stats->rank[rank].last = clock_now();
    pthread_mutex_unlock(&stats->lock);
}

struct histogram stats_stage(struct stats *stats, enum stage stage)
{
    struct histogram copy;

    pthread_mutex_lock(&stats->lock);
    copy = stats->stages[stage];
    pthread_mutex_unlock(&stats->lock);
    return copy;
}

uint64_t stats_frames(struct stats *stats, unsigned rank)
{
    uint64_t frames;

    pthread_mutex_lock(&stats->lock);
    frames = stats->rank[rank].frames;
    pthread_mutex_unlock(&stats->lock);
    return frames;
}

unsigned stats_ranks_at_work(struct stats *stats, int64_t ns)
{
    int64_t since = clock_now() - ns;
    unsigned count = 0;

    pthread_mutex_lock(&stats->lock);
    for (unsigned i = 0; i < stats->ranks; i++)
        count += stats->rank[i].frames > 0 && stats->rank[i].last >= since;
    pthread_mutex_unlock(&stats->lock);
    return count;
}
