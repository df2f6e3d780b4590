#include "vidmpi/scatter.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>

struct task scatter_task(const struct job *job, const struct frame_try *try, int avoid)
{
    return (struct task){
        .id = try->frame,
        .first = try->frame,
        .count = 1,
        .attempt = try->attempt,
        .pushed = try->pushed,
        .released = job_released(job),
        .avoid = (uint32_t)(avoid + 1),
        .slots = {{.offset = frame_ring_offset(job->ring, try->frame), .length = try->bytes}},
    };
}

static bool is_passing(int code)
{
    switch (code) {
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -ENOENT: /* the socket of a server that is being started again */
    case -ETIMEDOUT:
    case -EPIPE:
    case -EHOSTUNREACH:
    case -ENETUNREACH:
    case -ENOMEM: /* the server's */
    case -EAGAIN:
    case -EROFS: /* a replica that becomes the master */
        return true;
    default:
        return false;
    }
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
    if (ret >= 0 || !is_passing(ret)) {
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
