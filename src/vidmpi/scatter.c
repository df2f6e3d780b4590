#include "vidmpi/scatter.h"

#include "base/clock.h"
#include "base/log.h"
#include "worker/redis.h"

#include <errno.h>

/* Where a task's pixels lie, from the first frame of its context on. */
static void fill_slots(const struct lane *lane, struct task *task)
{
    uint64_t from = frame_number(task->first) - task->before;

    for (uint32_t i = 0; i < task->before + task->count + task->after; i++)
        task->slots[i] = (struct task_slot){.offset = frame_ring_offset(lane->ring, from + i),
                                            .length = frame_table_bytes(lane->table, from + i)};
}

void scatter_task(struct job *job, const struct lane *lane, const struct frame_try *try, int avoid,
                  struct task *task)
{
    struct frame_counts counts = frame_table_counts(lane->table);
    uint64_t from, to;

    task->id = frame_id(lane->number, try->task);
    task->first = frame_id(lane->number, try->first);
    task->count = try->count;
    task->attempt = try->attempt;
    task->pushed = try->pushed;
    task->released = frame_id(lane->number, job_released(job, lane));
    task->avoid = (uint32_t)(avoid + 1);
    chain_feed(&lane->context, try->first, try->count, &from, &to);
    if (counts.ended && to > counts.decoded)
        to = counts.decoded;
    task->before = (uint32_t)(try->first - from);
    task->after = (uint32_t)(to - try->first - try->count);
    task->last = counts.ended && to == counts.decoded;
    fill_slots(lane, task);
}

/* For the sentence that ends the job. */
static int give_up(const struct job *job, struct vid_error *err)
{
    struct vid_error why = *err;

    vid_error_clear(err);
    return vid_fail(err, JOB_CODE_NO_REDIS, "%s; it was waited for %.0f s (-redis-timeout)", why.text,
                    job->options->redis_timeout);
}

int scatter_outlast(struct job *job, struct redis_outage *outage, int ret, bool *repeat,
                    struct vid_error *err)
{
    int64_t timeout = (int64_t)(job->options->redis_timeout * (double)NS_PER_S);

    *repeat = false;
    if (ret >= 0 || !redis_is_away(ret)) {
        if (ret >= 0 && outage->since)
            log_info("Redis is there again after %.1f s", (double)(clock_now() - outage->since) / 1e9);
        outage->since = 0;
        return ret < 0 ? ret : 0;
    }
    if (job_failed(job))
        return ret;
    if (!outage->since) {
        outage->since = clock_now();
        log_warn("%s; the job waits for it up to %.0f s (-redis-timeout)", err->text,
                 job->options->redis_timeout);
    }
    if (clock_now() - outage->since >= timeout)
        return give_up(job, err);
    vid_error_clear(err);
    *repeat = true;
    return 0;
}
