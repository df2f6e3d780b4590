#include "vidmpi/dispatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "vidmpi/audit.h"
#include "vidmpi/collect.h"
#include "vidmpi/faults.h"
#include "vidmpi/scatter.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REPORTS_MAX 64
#define REPORT_MS 40              /* how long it waits for a report before it looks around, */
#define REPORT_LAST_MS 10         /* and when the last frames are under way, so that the end is not missed */
#define PATIENCE_MS 1000          /* of one call while Redis is away */
#define DUTIES_NS NS_PER_S        /* between looks at the leases */
#define SLOW_NS (2 * NS_PER_S)    /* a call that took longer has met a Redis that was away */
#define GRACE_NS (6 * NS_PER_S)   /* and then the ranks may beat their leases again first */
#define LOST_MAX 1024             /* tasks taken back at once */
#define AUDIT_NS (2 * NS_PER_S)   /* between audits */
#define AUDIT_SOON (NS_PER_S / 2) /* after a broken connection */

struct dispatcher {
    struct job *job;
    struct collector *collector;
    struct audit *audit;
    struct task_list *list;
    pthread_t thread;
    bool started;

    struct redis_outage outage;
    uint64_t reconnects; /* as seen by the last look */
    int64_t next_duties, next_audit;
    int64_t next_retry; /* clock_wall; INT64_MAX: none is delayed */
    bool sent_home;
    bool *alive;      /* by rank: has a lease */
    struct task task; /* large */

    pthread_mutex_t lock;
    bool stopped; /* protected by lock */
};

static bool is_stopped(struct dispatcher *d)
{
    bool stopped;

    pthread_mutex_lock(&d->lock);
    stopped = d->stopped;
    pthread_mutex_unlock(&d->lock);
    return stopped;
}

/* ---- failed tasks ---- */

/* The failure number `failures` of a frame is not its last: when it is tried again. */
static int64_t retry_due(const struct job *job, unsigned failures)
{
    double delay = job->options->retry_delay * pow(2, failures - 1);

    return clock_wall() + (int64_t)(delay * (double)NS_PER_S);
}

static int try_again(struct dispatcher *d, const struct task_report *report, unsigned failures,
                     struct vid_error *err)
{
    struct job *job = d->job;
    int64_t due = retry_due(job, failures);
    const struct lane *lane = job_lane(job, report->frame);
    struct frame_try try;

    if (frame_table_retry(lane->table, frame_number(report->frame), due, &try) < 0)
        return 0;
    mishaps_retry(job->mishaps);
    log_warn("frame %" PRIu64 " failed on rank %u: %s; it is tried again (%u of %d)",
             frame_number(report->frame), report->rank, report->text, failures, job->options->retries);
    scatter_task(job, lane, &try, job->workers > 1 ? (int)report->rank : -1, &d->task);
    if (due < d->next_retry)
        d->next_retry = due;
    return task_list_delay(d->list, &d->task, due, err);
}

/* What the list keeps of it is for people only: a failure to say so is none of the job's. */
static void bury(struct dispatcher *d, const struct task_report *report)
{
    struct frame_try try = {frame_number(report->frame), 1, frame_number(report->id), report->attempt,
                            clock_wall()};
    struct vid_error err = {0};

    scatter_task(d->job, job_lane(d->job, report->frame), &try, -1, &d->task);
    if (task_list_bury(d->list, &d->task, report->text, &err) < 0)
        log_debug("%s", err.text);
}

static const char *tries(unsigned count)
{
    return count == 1 ? "try" : "tries";
}

static int give_up(struct dispatcher *d, const struct task_report *report, unsigned failures,
                   struct vid_error *err)
{
    struct job *job = d->job;

    faults_keep_input(job, report->frame);
    bury(d, report);
    if (job->options->on_error == ON_ERROR_FAIL)
        return vid_fail(err, JOB_CODE_POISON,
                        "frame %" PRIu64 " could not be filtered in %u %s, the last one on rank %u: %s; "
                        "%s/faults has it; the same command with -on-error original goes on without it",
                        frame_number(report->frame), failures, tries(failures), report->rank, report->text,
                        job->run_dir_path);
    mishaps_substitute(job->mishaps, report->frame, report->text);
    if (faults_note_substitute(job, report->frame, report->text, err) < 0)
        return err->code;
    log_warn("frame %" PRIu64 " could not be filtered in %u %s: %s; -on-error %s applies",
             frame_number(report->frame), failures, tries(failures), report->text,
             faults_policy_name(job->options->on_error));
    frame_table_give_up(job_lane(job, report->frame)->table, frame_number(report->frame));
    return 0;
}

/* Of a task that fails, each other frame is tried by itself: so the one at fault is found. */
static int split(struct dispatcher *d, const struct task_report *report, struct vid_error *err)
{
    struct job *job = d->job;
    uint64_t frames[TASK_FRAMES_MAX];
    const struct lane *lane = job_lane(job, report->id);
    int count = frame_table_of_task(lane->table, frame_number(report->id), frames, TASK_FRAMES_MAX), ret = 0;

    for (int i = 0; i < count && ret == 0; i++) {
        struct frame_try try;

        if (frames[i] == frame_number(report->frame) ||
            frame_table_retry(lane->table, frames[i], clock_wall(), &try) < 0)
            continue;
        scatter_task(job, lane, &try, -1, &d->task);
        ret = task_list_push(d->list, &d->task, 1, err);
    }
    return ret;
}

static int take_failure(struct dispatcher *d, const struct task_report *report, struct vid_error *err)
{
    unsigned failures = frame_table_failed(job_lane(d->job, report->frame)->table,
                                           frame_number(report->frame), report->attempt);

    if (failures == 0)
        return 0;
    if (split(d, report, err) < 0)
        return err->code;
    if (failures <= (unsigned)d->job->options->retries)
        return try_again(d, report, failures, err);
    return give_up(d, report, failures, err);
}

static int take_report(struct dispatcher *d, const struct task_report *report, struct vid_error *err)
{
    if (report->rank >= d->job->ranks || !job_lane(d->job, report->id) || !job_lane(d->job, report->frame))
        return 0;
    if (report->outcome == TASK_DONE) {
        audit_reported(d->audit, report->id);
        return collector_hint(d->collector, report->rank, err);
    }
    return take_failure(d, report, err);
}

static int wake_retries(struct dispatcher *d, struct vid_error *err)
{
    int ret;

    if (d->next_retry == INT64_MAX || clock_wall() < d->next_retry)
        return 0;
    ret = task_list_wake(d->list, clock_wall(), &d->next_retry, err);
    return ret < 0 ? ret : 0;
}

/* ---- ranks that are gone ---- */

static void rank_changed(void *opaque, unsigned rank, bool lost)
{
    struct dispatcher *d = opaque;

    if (lost)
        log_warn("rank %u is lost: its lease ran out; what it had goes to others", rank);
    else
        log_warn("rank %u is back", rank);
    if (lost)
        faults_note_lost(d->job, rank);
    mishaps_ranks_lost(d->job->mishaps, ranks_lost(d->job->rank_states));
}

static int take_back(struct dispatcher *d, struct vid_error *err)
{
    struct task_lost *lost = calloc(LOST_MAX, sizeof(*lost));
    int count = lost ? task_list_expire(d->list, lost, LOST_MAX, err) : -ENOMEM;

    for (int i = 0; i < count; i++) {
        const struct lane *lane = job_lane(d->job, lost[i].id);

        if (lane)
            frame_table_raise(lane->table, frame_number(lost[i].id), lost[i].attempt);
        mishaps_retry(d->job->mishaps);
    }
    free(lost);
    return count < 0 ? count : 0;
}

static int look_at_leases(struct dispatcher *d, struct vid_error *err)
{
    int ret;

    if (clock_now() < d->next_duties)
        return 0;
    d->next_duties = clock_now() + DUTIES_NS;
    ret = task_list_alive(d->list, d->alive, d->job->ranks, err);
    if (ret < 0)
        return ret;
    ranks_update(d->job->rank_states, d->alive, rank_changed, d);
    return take_back(d, err);
}

/* ---- what Redis has lost ---- */

static int look_at_list(struct dispatcher *d, struct vid_error *err)
{
    uint64_t reconnects = task_list_reconnects(d->list);
    int ret;

    if (reconnects != d->reconnects)
        d->next_audit = clock_now() + AUDIT_SOON;
    d->reconnects = reconnects;
    if (clock_now() < d->next_audit)
        return 0;
    d->next_audit = clock_now() + AUDIT_NS;
    ret = audit_run(d->audit, d->list, err);
    if (ret > 0) /* some were missing: look soon whether they are there now */
        d->next_audit = clock_now() + AUDIT_SOON;
    return ret < 0 ? ret : 0;
}

/* ---- the thread ---- */

/* When every frame has its outcome the workers may go: their end marks. */
static int send_workers_home(struct dispatcher *d, struct vid_error *err)
{
    int ret;

    if (d->sent_home || !job_is_settled(d->job))
        return 0;
    ret = task_list_push_end(d->list, d->job->ranks, err);
    d->sent_home = ret == 0;
    return ret;
}

static int patience(struct dispatcher *d)
{
    return job_counts(d->job).ended ? REPORT_LAST_MS : REPORT_MS;
}

static int duties(struct dispatcher *d, struct vid_error *err)
{
    int ret;

    if ((ret = collector_idle(d->collector, err)) < 0 || (ret = wake_retries(d, err)) < 0 ||
        (ret = look_at_leases(d, err)) < 0 || (ret = look_at_list(d, err)) < 0)
        return ret;
    return send_workers_home(d, err);
}

/* Leases run out while Redis is away, without any rank being at fault. */
static void note_outage(struct dispatcher *d, int64_t begun)
{
    if (d->outage.since || clock_now() - begun > SLOW_NS)
        d->next_duties = clock_now() + GRACE_NS;
}

static int round_once(struct dispatcher *d, struct task_report *reports, struct vid_error *err)
{
    int count = task_list_wait(d->list, patience(d), reports, REPORTS_MAX, err);
    int ret = 0;

    for (int i = 0; i < count && ret == 0; i++)
        ret = take_report(d, &reports[i], err);
    if (count < 0)
        return count;
    return ret < 0 ? ret : duties(d, err);
}

static void *run(void *opaque)
{
    struct dispatcher *d = opaque;
    struct task_report *reports = calloc(REPORTS_MAX, sizeof(*reports));
    struct vid_error err = {0};
    int ret = reports ? 0 : vid_fail(&err, -ENOMEM, "no memory for the workers' reports");
    bool again;

    while (ret == 0 && !is_stopped(d)) {
        int64_t begun = clock_now();

        ret = round_once(d, reports, &err);
        ret = scatter_outlast(d->job, &d->outage, ret, &again, &err);
        note_outage(d, begun);
    }
    if (ret < 0)
        job_fail(d->job, &err);
    free(reports);
    return NULL;
}

static int open_parts(struct dispatcher *d, struct vid_error *err)
{
    int ret = task_list_open(d->job->redis_url, d->job->id, &d->list, err);

    if (ret < 0)
        return ret;
    task_list_set_patience(d->list, PATIENCE_MS);
    d->alive = calloc(d->job->ranks, sizeof(*d->alive));
    if (!d->alive)
        return vid_fail(err, -ENOMEM, "no memory for the dispatcher");
    ret = audit_create(d->job, &d->audit, err);
    return ret < 0 ? ret : collector_start(d->job, &d->collector, err);
}

int dispatcher_start(struct job *job, struct dispatcher **out, struct vid_error *err)
{
    struct dispatcher *d = calloc(1, sizeof(*d));
    int ret;

    *out = NULL;
    if (!d)
        return vid_fail(err, -ENOMEM, "no memory for the dispatcher");
    d->job = job;
    d->next_retry = INT64_MAX;
    d->next_audit = clock_now() + AUDIT_NS;
    pthread_mutex_init(&d->lock, NULL);
    ret = open_parts(d, err);
    if (ret == 0) {
        ret = -pthread_create(&d->thread, NULL, run, d);
        d->started = ret == 0;
        if (ret < 0)
            vid_fail(err, ret, "cannot start the dispatcher's thread: %s", strerror(-ret));
    }
    if (ret < 0)
        dispatcher_stop(&d);
    *out = d;
    return ret;
}

void dispatcher_stop(struct dispatcher **pdispatcher)
{
    struct dispatcher *d = *pdispatcher;

    *pdispatcher = NULL;
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    d->stopped = true;
    pthread_mutex_unlock(&d->lock);
    if (d->started)
        pthread_join(d->thread, NULL);
    collector_stop(&d->collector);
    audit_destroy(d->audit);
    job_count_round_trips(d->job, d->list);
    task_list_close(&d->list);
    pthread_mutex_destroy(&d->lock);
    free(d->alive);
    free(d);
}
