#include "vidmpi/ranks.h"

#include <pthread.h>
#include <stdlib.h>

enum rank_state { RANK_UNKNOWN, RANK_ALIVE, RANK_LOST, RANK_GONE };

struct ranks {
    unsigned count;
    pthread_mutex_t lock;
    enum rank_state *states; /* protected by lock */
};

struct ranks *ranks_create(unsigned count)
{
    struct ranks *ranks = calloc(1, sizeof(*ranks));

    if (!ranks)
        return NULL;
    pthread_mutex_init(&ranks->lock, NULL);
    ranks->count = count;
    ranks->states = calloc(count, sizeof(*ranks->states));
    if (!ranks->states) {
        ranks_destroy(ranks);
        return NULL;
    }
    return ranks;
}

void ranks_destroy(struct ranks *ranks)
{
    if (!ranks)
        return;
    pthread_mutex_destroy(&ranks->lock);
    free(ranks->states);
    free(ranks);
}

/* Whether the rank's state is another one now, of those that count. */
static bool update(struct ranks *ranks, unsigned rank, bool alive)
{
    enum rank_state before, after;

    pthread_mutex_lock(&ranks->lock);
    before = ranks->states[rank];
    after = before;
    if (before != RANK_GONE && alive)
        after = RANK_ALIVE;
    else if (before == RANK_ALIVE)
        after = RANK_LOST;
    ranks->states[rank] = after;
    pthread_mutex_unlock(&ranks->lock);
    return before != after && before != RANK_UNKNOWN;
}

void ranks_update(struct ranks *ranks, const bool *alive, ranks_changed changed, void *opaque)
{
    for (unsigned rank = 0; rank < ranks->count; rank++) {
        if (update(ranks, rank, alive[rank]))
            changed(opaque, rank, !alive[rank]);
    }
}

void ranks_give_up(struct ranks *ranks, unsigned rank)
{
    pthread_mutex_lock(&ranks->lock);
    if (rank < ranks->count)
        ranks->states[rank] = RANK_GONE;
    pthread_mutex_unlock(&ranks->lock);
}

/* How many from the first on are lost. */
static unsigned count(struct ranks *ranks, unsigned first, bool gone_too)
{
    unsigned lost = 0;

    pthread_mutex_lock(&ranks->lock);
    for (unsigned rank = first; rank < ranks->count; rank++)
        lost += ranks->states[rank] == RANK_LOST || (gone_too && ranks->states[rank] == RANK_GONE);
    pthread_mutex_unlock(&ranks->lock);
    return lost;
}

static enum rank_state state_of(struct ranks *ranks, unsigned rank)
{
    enum rank_state state = RANK_UNKNOWN;

    pthread_mutex_lock(&ranks->lock);
    if (rank < ranks->count)
        state = ranks->states[rank];
    pthread_mutex_unlock(&ranks->lock);
    return state;
}

bool ranks_is_lost(struct ranks *ranks, unsigned rank)
{
    return state_of(ranks, rank) == RANK_LOST || state_of(ranks, rank) == RANK_GONE;
}

bool ranks_is_silent(struct ranks *ranks, unsigned rank)
{
    return state_of(ranks, rank) == RANK_LOST;
}

unsigned ranks_lost(struct ranks *ranks)
{
    return count(ranks, 0, true);
}

unsigned ranks_silent(struct ranks *ranks)
{
    return count(ranks, 0, false);
}

bool ranks_all_lost(struct ranks *ranks)
{
    return ranks->count > 1 && count(ranks, 1, true) == ranks->count - 1;
}
