/* collect: pollers read the index files, which are the truth, and put results
 * into the frame table. Where other nodes write them each look is a few round
 * trips to the filesystem's servers, so that a pool of threads shares the ranks;
 * on a local filesystem a look takes microseconds, and the thread that hears of
 * a result takes it. */
#include "vidmpi/collect.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define POLLERS_MAX 4
#define REFS_MAX 64
#define IDLE_MIN (20 * NS_PER_MS) /* an index that nobody hinted at is looked at so often, */
#define IDLE_MAX NS_PER_S         /* and less and less while nothing comes */

struct poller {
    struct collector *collector;
    pthread_t thread;
    unsigned first; /* it owns ranks first, first + pollers, ... */

    pthread_mutex_t lock;
    pthread_cond_t woken;
    /* protected by lock */
    bool *hinted; /* by rank */
    bool any_hint;
    bool stopped;
};

struct collector {
    struct job *job;
    struct poller pollers[POLLERS_MAX];
    unsigned count;     /* pollers; 0 on a local filesystem */
    unsigned started;   /* of them */
    int64_t idle, next; /* without pollers: when to look at all indexes */
};

static void wake(struct collector *collector, unsigned rank)
{
    struct poller *poller = &collector->pollers[rank % collector->count];

    pthread_mutex_lock(&poller->lock);
    poller->hinted[rank] = true;
    poller->any_hint = true;
    pthread_cond_signal(&poller->woken);
    pthread_mutex_unlock(&poller->lock);
}

static int take_result(struct job *job, const struct result_ref *ref, struct vid_error *err)
{
    const struct lane *lane = job_lane(job, ref->frame);
    int ret = lane ? frame_table_result(lane->table, ref, clock_wall()) : -ERANGE;

    if (ret == 0) {
        stats_count_frame(job->stats, ref->rank);
        job_set_first_filtered(job);
        return 0;
    }
    log_debug("a result of frame %" PRIu64 " from rank %u is not needed", frame_number(ref->frame),
              ref->rank);
    return result_store_done(job->results, ref, err);
}

/* Everything new in one rank's index. Returns how many. */
static int poll_rank(struct job *job, unsigned rank, struct vid_error *err)
{
    struct result_ref refs[REFS_MAX];
    int total = 0, count;

    do {
        count = result_store_poll(job->results, rank, refs, REFS_MAX, err);
        for (int i = 0; i < count; i++) {
            if (take_result(job, &refs[i], err) < 0)
                return err->code;
        }
        total += count > 0 ? count : 0;
    } while (count == REFS_MAX);
    return count < 0 ? count : total;
}

/* Waits for a hint until the deadline; takes the hints. False after a stop. */
static bool wait_for_hints(struct poller *poller, int64_t deadline, bool *hinted)
{
    struct timespec until = clock_timespec(deadline);
    unsigned ranks = poller->collector->job->ranks;
    bool stopped;

    pthread_mutex_lock(&poller->lock);
    while (!poller->any_hint && !poller->stopped) {
        if (pthread_cond_clockwait(&poller->woken, &poller->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT)
            break;
    }
    memcpy(hinted, poller->hinted, ranks * sizeof(*hinted));
    memset(poller->hinted, 0, ranks * sizeof(*hinted));
    poller->any_hint = false;
    stopped = poller->stopped;
    pthread_mutex_unlock(&poller->lock);
    return !stopped;
}

/* One round over the poller's ranks: the hinted ones, or all when it is time. */
static int poll_round(struct poller *poller, const bool *hinted, bool all, struct vid_error *err)
{
    struct job *job = poller->collector->job;
    int found = 0;

    for (unsigned rank = poller->first; rank < job->ranks; rank += poller->collector->count) {
        int ret = hinted[rank] || all ? poll_rank(job, rank, err) : 0;
        if (ret < 0)
            return ret;
        found += ret;
    }
    return found;
}

static int64_t longer(int64_t idle)
{
    return idle * 2 < IDLE_MAX ? idle * 2 : IDLE_MAX;
}

static void *poller_run(void *opaque)
{
    struct poller *poller = opaque;
    struct job *job = poller->collector->job;
    bool *hinted = calloc(job->ranks, sizeof(*hinted));
    int64_t idle = IDLE_MIN, next = clock_now() + idle;
    struct vid_error err = {0};
    int found = hinted ? 0 : vid_fail(&err, -ENOMEM, "no memory for the pollers");

    while (found >= 0 && wait_for_hints(poller, next, hinted)) {
        bool all = clock_now() >= next;

        found = poll_round(poller, hinted, all, &err);
        /* A hint without a record: another node's write is not visible yet, so look again soon. */
        idle = found > 0 || !all ? IDLE_MIN : longer(idle);
        next = clock_now() + idle;
    }
    if (found < 0)
        job_fail(job, &err);
    free(hinted);
    return NULL;
}

static int start_poller(struct collector *collector, unsigned number)
{
    struct poller *poller = &collector->pollers[number];

    poller->collector = collector;
    poller->first = number;
    pthread_mutex_init(&poller->lock, NULL);
    pthread_cond_init(&poller->woken, NULL);
    poller->hinted = calloc(collector->job->ranks, sizeof(*poller->hinted));
    collector->started++;
    if (!poller->hinted)
        return -ENOMEM;
    return -pthread_create(&poller->thread, NULL, poller_run, poller);
}

static void stop_poller(struct poller *poller)
{
    pthread_mutex_lock(&poller->lock);
    poller->stopped = true;
    pthread_cond_signal(&poller->woken);
    pthread_mutex_unlock(&poller->lock);
    if (poller->thread)
        pthread_join(poller->thread, NULL);
    pthread_cond_destroy(&poller->woken);
    pthread_mutex_destroy(&poller->lock);
    free(poller->hinted);
}

int collector_start(struct job *job, struct collector **out, struct vid_error *err)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    int ret = 0;

    if (!collector)
        return vid_fail(err, -ENOMEM, "no memory for the collector");
    collector->job = job;
    collector->idle = IDLE_MIN;
    if (job->shared)
        collector->count = job->ranks < POLLERS_MAX ? job->ranks : POLLERS_MAX;
    for (unsigned i = 0; i < collector->count && ret == 0; i++)
        ret = start_poller(collector, i);
    if (ret < 0) {
        vid_fail(err, ret, "cannot start the collector's threads: %s", strerror(-ret));
        collector_stop(&collector);
    }
    *out = collector;
    return ret;
}

int collector_hint(struct collector *collector, unsigned rank, struct vid_error *err)
{
    int ret;

    if (rank >= collector->job->ranks)
        return 0;
    if (collector->count > 0) {
        wake(collector, rank);
        return 0;
    }
    ret = poll_rank(collector->job, rank, err);
    return ret < 0 ? ret : 0;
}

int collector_idle(struct collector *collector, struct vid_error *err)
{
    int found = 0, ret = 0;

    if (collector->count > 0 || clock_now() < collector->next)
        return 0;
    for (unsigned rank = 0; rank < collector->job->ranks && ret >= 0; rank++) {
        ret = poll_rank(collector->job, rank, err);
        found += ret > 0 ? ret : 0;
    }
    collector->idle = found > 0 ? IDLE_MIN : longer(collector->idle);
    collector->next = clock_now() + collector->idle;
    return ret < 0 ? ret : 0;
}

void collector_stop(struct collector **pcollector)
{
    struct collector *collector = *pcollector;

    *pcollector = NULL;
    if (!collector)
        return;
    for (unsigned i = 0; i < collector->started; i++)
        stop_poller(&collector->pollers[i]);
    free(collector);
}
