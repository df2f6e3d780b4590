#include "vidmpi/job.h"

#include "base/clock.h"
#include "tasks/task_list.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *job_filter(const struct job *job)
{
    const struct stream_options *streams = &job->options->out.streams;
    const char *filter = NULL;

    for (int i = 0; i < streams->count; i++) {
        if (strcmp(streams->items[i].name, "filter") == 0 && streams->items[i].spec[0] != 'a')
            filter = streams->items[i].value;
    }
    return filter;
}

static int at_most_int(double value)
{
    return value < INT_MAX ? (int)value : INT_MAX;
}

/* The task in hand and the one ahead, and some to spare. */
static unsigned remote_slots(const struct job *job)
{
    unsigned most = 8;

    for (unsigned i = 0; i < job->lane_count; i++) {
        unsigned slots = 2 * chain_feed_most(&job->lanes[i].context);

        most = slots > most ? slots : most;
    }
    return most;
}

static size_t largest_slot(const struct job *job)
{
    size_t largest = 0;

    for (unsigned i = 0; i < job->lane_count; i++) {
        size_t bytes = frame_ring_slot_bytes(job->lanes[i].ring);

        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

char *job_chains(const struct job *job)
{
    char *all = strdup("");

    for (unsigned i = 0; i < job->lane_count && all; i++) {
        const struct piece *piece = job->lanes[i].piece;
        char *one = piece ? chain_spec_encode(piece->spec) : strdup(""), *longer = NULL;

        if (one && asprintf(&longer, "%s%s%s", all, *all ? "\n" : "", one) < 0)
            longer = NULL;
        free(one);
        free(all);
        all = longer;
    }
    return all;
}

struct worker_config job_worker_config(const struct job *job, const char *chains)
{
    struct worker_config config = {
        .job = (char *)job->id,
        .redis_url = (char *)job->redis_url,
        .run_dir = job->run_dir_path,
        .chain = (char *)chains,
        .filter = (char *)job_filter(job),
        .log_level = job->options->log_level,
        .durable = job->shared,
        .png = job->options->results == RESULTS_PNG,
        .slot_kb = (int)((largest_slot(job) + 1023) / 1024),
        .slots = (int)remote_slots(job),
        .task_timeout_ms = at_most_int(job->options->task_timeout * 1000),
        .filter_memory_kb = at_most_int((double)job->options->filter_memory / 1024),
        .redis_timeout_ms = at_most_int(job->options->redis_timeout * 1000),
    };

    return config;
}

const struct lane *job_lane(const struct job *job, uint64_t frame_id)
{
    unsigned lane = frame_lane(frame_id);

    return lane < job->lane_count ? &job->lanes[lane] : NULL;
}

/* A serial piece behind the lane would need its frames from the first on again: keeping some is of no use. */
uint64_t job_released(struct job *job, const struct lane *lane)
{
    uint64_t passed = frame_table_counts(lane->table).encoded, sealed;

    if (!lane->last || job->tail || !media_sink_in_parts(job->sink))
        return passed;
    pthread_mutex_lock(&job->lock);
    sealed = job->sealed;
    pthread_mutex_unlock(&job->lock);
    return sealed < passed ? sealed : passed;
}

struct frame_counts job_counts(const struct job *job)
{
    struct frame_counts all = frame_table_counts(job->lanes[job->lane_count - 1].table);

    for (unsigned i = 0; i + 1 < job->lane_count; i++) {
        struct frame_counts counts = frame_table_counts(job->lanes[i].table);

        all.ended = all.ended && counts.ended;
        all.filtered += counts.filtered;
        all.kept += counts.kept;
        all.late += counts.late;
        if (i == 0 && !all.ended)
            all.decoded = counts.decoded;
    }
    return all;
}

bool job_is_settled(const struct job *job)
{
    for (unsigned i = 0; i < job->lane_count; i++)
        if (!lane_is_done(&job->lanes[i]))
            return false;
    return true;
}

void job_stop_lanes(struct job *job)
{
    for (unsigned i = 0; i < job->lane_count; i++)
        if (job->lanes[i].table)
            frame_table_stop(job->lanes[i].table);
}

bool job_has_sealed(struct job *job)
{
    bool sealed;

    pthread_mutex_lock(&job->lock);
    sealed = job->sealed > 0;
    pthread_mutex_unlock(&job->lock);
    return sealed;
}

int job_note(struct job *job, const struct ledger_record *record, struct vid_error *err)
{
    int ret = 0;

    pthread_mutex_lock(&job->ledger_lock);
    if (job->ledger)
        ret = ledger_append(job->ledger, record, err);
    pthread_mutex_unlock(&job->ledger_lock);
    return ret;
}

void job_fail(struct job *job, const struct vid_error *err)
{
    pthread_mutex_lock(&job->lock);
    if (!job->finished)
        vid_fail(&job->error, err->code ? err->code : -EIO, "%s", err->text);
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    if (job->source)
        media_source_stop(job->source);
    job_stop_lanes(job);
}

bool job_failed(struct job *job)
{
    bool failed;

    pthread_mutex_lock(&job->lock);
    failed = job->error.code != 0;
    pthread_mutex_unlock(&job->lock);
    return failed;
}

static enum job_end end_of(const struct job *job, int code)
{
    bool passing = code == JOB_CODE_NO_REDIS || code == JOB_CODE_DRAINED || run_dir_place_failed(code);

    if (!job->resumable || !job->ledger)
        return JOB_FAILED;
    if (code == JOB_CODE_POISON)
        return JOB_POISONED;
    return passing ? JOB_STOPPED : JOB_FAILED;
}

enum job_end job_end(struct job *job)
{
    enum job_end end;

    pthread_mutex_lock(&job->lock);
    if (job->finished)
        end = mishaps_degrade(job->mishaps) ? JOB_DEGRADED : JOB_DONE;
    else
        end = end_of(job, job->error.code);
    pthread_mutex_unlock(&job->lock);
    return end;
}

void job_set_latest(struct job *job, struct picture *picture)
{
    struct picture *old;

    pthread_mutex_lock(&job->lock);
    old = job->latest;
    job->latest = picture_ref(picture);
    pthread_mutex_unlock(&job->lock);
    picture_unref(&old);
}

struct picture *job_take_latest(struct job *job)
{
    struct picture *latest;

    pthread_mutex_lock(&job->lock);
    latest = job->latest;
    job->latest = NULL;
    pthread_mutex_unlock(&job->lock);
    return latest;
}

void job_set_finished(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    job->finished = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

void job_set_first_filtered(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    if (!job->first_filtered)
        job->first_filtered = clock_now();
    pthread_mutex_unlock(&job->lock);
}

void job_count_round_trips(struct job *job, const struct task_list *list)
{
    if (!list)
        return;
    pthread_mutex_lock(&job->lock);
    job->redis_round_trips += task_list_round_trips(list);
    pthread_mutex_unlock(&job->lock);
}

int job_wait(struct job *job, int64_t deadline, struct vid_error *err)
{
    struct timespec until = clock_timespec(deadline);
    int ret;

    pthread_mutex_lock(&job->lock);
    if (!job->finished && !job->error.code)
        pthread_cond_clockwait(&job->changed, &job->lock, CLOCK_MONOTONIC, &until);
    ret = job->finished ? 1 : 0;
    if (job->error.code)
        ret = vid_fail(err, job->error.code, "%s", job->error.text);
    pthread_mutex_unlock(&job->lock);
    return ret;
}
