#include "vidmpi/audit.h"

#include "base/clock.h"
#include "base/log.h"
#include "vidmpi/scatter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define YOUNG_NS NS_PER_S        /* a task pushed since then may still be on its way into Redis */
#define SIGHT_NS (30 * NS_PER_S) /* so long may a filesystem hide a result that is published */
#define SLOW_LEAST NS_PER_S
#define SLOW_TIMES 3 /* a task is slow that takes so many times the usual */

/* What the audit remembers of a frame, in its lane's part of the list at its number modulo the window. */
struct watch {
    uint64_t frame;
    int64_t reported; /* clock_now when a worker said that its result is published; 0: none did */
    bool missed;      /* by the last round */
    bool copied;      /* has a second copy */
};

struct audit {
    struct job *job;
    struct watch *watches;
    unsigned frames;           /* that may be under way: the windows of all lanes */
    struct frame_try *tries;   /* room for them; frames and tasks by id */
    struct task_place *places; /* room for `places_max` */
    int places_max;
    bool *busy;       /* by rank: holds a task */
    struct task task; /* large */
};

int audit_create(struct job *job, struct audit **out, struct vid_error *err)
{
    struct audit *audit = calloc(1, sizeof(*audit));

    *out = audit;
    if (!audit)
        return vid_fail(err, -ENOMEM, "no memory for the audit");
    audit->job = job;
    audit->frames = job->lane_count * job->window;
    audit->places_max = 4 * (int)(audit->frames + job->ranks);
    audit->watches = calloc(audit->frames, sizeof(*audit->watches));
    audit->tries = calloc(audit->frames, sizeof(*audit->tries));
    audit->places = calloc((size_t)audit->places_max, sizeof(*audit->places));
    audit->busy = calloc(job->ranks, sizeof(*audit->busy));
    if (audit->watches && audit->tries && audit->places && audit->busy)
        return 0;
    return vid_fail(err, -ENOMEM, "no memory for the audit");
}

void audit_destroy(struct audit *audit)
{
    if (!audit)
        return;
    free(audit->watches);
    free(audit->tries);
    free(audit->places);
    free(audit->busy);
    free(audit);
}

static struct watch *watch_of(struct audit *audit, uint64_t frame)
{
    struct watch *watch =
        &audit->watches[frame_lane(frame) * audit->job->window + frame_number(frame) % audit->job->window];

    if (watch->frame != frame)
        *watch = (struct watch){.frame = frame};
    return watch;
}

void audit_reported(struct audit *audit, uint64_t task)
{
    uint64_t frames[TASK_FRAMES_MAX];
    const struct lane *lane = job_lane(audit->job, task);
    int count = frame_table_of_task(lane->table, frame_number(task), frames, TASK_FRAMES_MAX);

    for (int i = 0; i < count; i++)
        watch_of(audit, frame_id(lane->number, frames[i]))->reported = clock_now();
}

/* Where the newest copy of the task is, or NULL. */
static const struct task_place *find(const struct audit *audit, int places, uint64_t task)
{
    const struct task_place *found = NULL;

    for (int i = 0; i < places; i++) {
        if (audit->places[i].id == task && (!found || audit->places[i].attempt > found->attempt))
            found = &audit->places[i];
    }
    return found;
}

static int push_again(struct audit *audit, struct task_list *list, uint64_t frame, int avoid,
                      struct vid_error *err)
{
    const struct lane *lane = job_lane(audit->job, frame);
    struct frame_try try;

    if (frame_table_retry(lane->table, frame_number(frame), clock_wall(), &try) < 0)
        return 0;
    scatter_task(audit->job, lane, &try, avoid, &audit->task);
    return task_list_push(list, &audit->task, 1, err);
}

/* A frame without an outcome whose task is nowhere. */
static int missing(struct audit *audit, struct task_list *list, const struct frame_try *try,
                   struct vid_error *err)
{
    struct watch *watch = watch_of(audit, try->first);

    if (watch->reported && clock_now() - watch->reported < SIGHT_NS)
        return 0;
    watch->reported = 0;
    if (!watch->missed) {
        watch->missed = true;
        return 0;
    }
    watch->missed = false;
    log_warn("the task of frame %" PRIu64 " is not in Redis any more; it is offered again",
             frame_number(try->first));
    mishaps_retry(audit->job->mishaps);
    return push_again(audit, list, try->first, -1, err);
}

/* ---- stragglers ---- */

static int64_t usual_ns(struct job *job)
{
    struct histogram filter = stats_stage(job->stats, STAGE_FILTER);
    int64_t slow = SLOW_TIMES * histogram_percentile(&filter, 50);

    return slow > SLOW_LEAST ? slow : SLOW_LEAST;
}

/* Ranks that live and hold nothing. */
static int count_idle(struct audit *audit, int places)
{
    struct job *job = audit->job;
    int idle = 0;

    for (unsigned rank = 0; rank < job->ranks; rank++)
        audit->busy[rank] = false;
    for (int i = 0; i < places; i++) {
        int rank = audit->places[i].rank;
        if (rank >= 0 && rank < (int)job->ranks)
            audit->busy[rank] = true;
    }
    for (unsigned rank = job->ranks > 1; rank < job->ranks; rank++)
        idle += !audit->busy[rank] && !ranks_is_lost(job->rank_states, rank);
    return idle;
}

static bool list_is_empty(const struct audit *audit, int places)
{
    for (int i = 0; i < places; i++) {
        if (audit->places[i].rank < 0)
            return false;
    }
    return true;
}

/* Second copies of what has been held for long, while nothing else is left to do. */
static int copy_stragglers(struct audit *audit, struct task_list *list, int tries, int places,
                           struct vid_error *err)
{
    struct job *job = audit->job;
    int64_t since = clock_wall() - usual_ns(job);
    int idle, ret = 0;

    if (!job_counts(job).ended || !list_is_empty(audit, places))
        return 0;
    idle = count_idle(audit, places);
    for (int i = 0; i < tries && idle > 0 && ret == 0; i++) {
        uint64_t frame = audit->tries[i].first;
        struct watch *watch = watch_of(audit, frame);
        const struct task_place *place = find(audit, places, audit->tries[i].task);

        if (!place || watch->copied || audit->tries[i].pushed > since)
            continue;
        watch->copied = true;
        idle--;
        mishaps_copy(job->mishaps);
        log_info("rank %d is slow with frame %" PRIu64 ": an idle rank gets a copy", place->rank,
                 frame_number(frame));
        ret = push_again(audit, list, frame, place->rank, err);
    }
    return ret;
}

/* Of all lanes. */
static int find_under_way(struct audit *audit)
{
    int count = 0;

    for (unsigned lane = 0; lane < audit->job->lane_count; lane++) {
        int more = frame_table_under_way(audit->job->lanes[lane].table, audit->tries + count,
                                         (int)audit->frames - count);

        for (int i = count; i < count + more; i++) {
            audit->tries[i].first = frame_id(lane, audit->tries[i].first);
            audit->tries[i].task = frame_id(lane, audit->tries[i].task);
        }
        count += more;
    }
    return count;
}

int audit_run(struct audit *audit, struct task_list *list, struct vid_error *err)
{
    int64_t young = clock_wall() - YOUNG_NS;
    int tries = find_under_way(audit);
    int places, holes = 0, ret = 0;

    if (tries == 0)
        return 0;
    places = task_list_places(list, audit->places, audit->places_max, err);
    if (places < 0)
        return places;
    for (int i = 0; i < tries && ret == 0; i++) {
        const struct frame_try *try = &audit->tries[i];

        if (find(audit, places, try->task)) {
            watch_of(audit, try->first)->missed = false;
        } else if (try->pushed < young && places < audit->places_max) {
            holes++;
            ret = missing(audit, list, try, err);
        }
    }
    if (ret == 0)
        ret = copy_stragglers(audit, list, tries, places, err);
    return ret < 0 ? ret : holes;
}
