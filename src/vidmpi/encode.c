/* encode: results in the order of their frames, read late, given to the sink. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "media/log.h"
#include "vidmpi/buffer_pool.h"
#include "vidmpi/interrupt.h"
#include "worker/payload.h"

#include <errno.h>
#include <inttypes.h>

#define NOT_YET_NS (10 * NS_PER_S) /* how long a record may be there without its payload */
#define NOT_YET_STEP (2 * NS_PER_MS)

/* What was read of one frame. */
struct outcome {
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    int count;
    struct payload_times times;
};

/* Another node's bytes can come later than the record that names them. */
static int read_payload(struct job *job, const struct result_ref *ref, void *mem, struct vid_error *err)
{
    int64_t deadline = clock_now() + NOT_YET_NS;
    struct vid_error why = {0};

    for (;;) {
        int ret = result_store_read(job->results, ref, mem, &why);

        if (ret != -EAGAIN)
            return ret < 0 ? vid_fail(err, ret, "%s", why.text) : 0;
        if (clock_now() > deadline)
            return vid_fail(err, -EIO,
                            "the result of frame %" PRIu64
                            " from rank %u did not become whole within %d s in %s; "
                            "is that folder the same on all nodes? (%s)",
                            ref->frame, ref->rank, (int)(NOT_YET_NS / NS_PER_S), job->run_dir_path, why.text);
        vid_error_clear(&why);
        clock_sleep_until(clock_now() + NOT_YET_STEP);
    }
}

static int read_result(struct job *job, struct buffer_pool *pool, const struct result_ref *ref,
                       struct outcome *outcome, struct vid_error *err)
{
    struct buffer *buffer = buffer_take(pool, ref->length);
    struct payload_memory memory = {buffer_retain, buffer_release, buffer};
    int ret;

    if (!buffer)
        return vid_fail(err, -ENOMEM, "no memory for a result of %" PRIu64 " bytes", ref->length);
    ret = read_payload(job, ref, buffer_mem(buffer), err);
    if (ret == 0)
        ret = payload_open(buffer_mem(buffer), ref->length, &memory, &outcome->times, outcome->pictures, err);
    buffer_release(buffer, buffer_mem(buffer));
    outcome->count = ret < 0 ? 0 : ret;
    return ret < 0 ? ret : 0;
}

static void count_stages(struct job *job, const struct frame_entry *entry, const struct payload_times *times)
{
    stats_add(job->stats, STAGE_WAIT, times->claimed - entry->pushed);
    stats_add(job->stats, STAGE_FETCH, times->fetched - times->claimed);
    stats_add(job->stats, STAGE_FILTER, times->filtered - times->fetched);
    stats_add(job->stats, STAGE_PUBLISH, entry->ref.published - times->filtered);
    stats_add(job->stats, STAGE_VISIBLE, entry->seen - entry->ref.published);
}

static int write_pictures(struct job *job, struct outcome *outcome, struct vid_error *err)
{
    int ret = 0;

    for (int i = 0; i < outcome->count; i++) {
        if (ret == 0)
            job_set_latest(job, outcome->pictures[i]);
        if (ret == 0)
            ret = media_sink_write(job->sink, &outcome->pictures[i], err);
        picture_unref(&outcome->pictures[i]);
    }
    return ret;
}

static int encode_one(struct job *job, struct buffer_pool *pool, struct vid_error *err)
{
    struct outcome outcome = {.count = 0};
    struct frame_entry entry;
    int64_t begun;
    int ret = frame_table_next(job->table, &entry);

    if (ret < 0)
        return ret;
    begun = clock_now();
    ret = read_result(job, pool, &entry.ref, &outcome, err);
    if (ret < 0)
        return ret;
    frame_table_release(job->table, entry.frame);
    count_stages(job, &entry, &outcome.times);
    ret = result_store_done(job->results, &entry.ref, err);
    if (ret == 0)
        ret = write_pictures(job, &outcome, err);
    stats_add(job->stats, STAGE_ENCODE, clock_now() - begun);
    stats_add(job->stats, STAGE_WHOLE, clock_now() - entry.decoded);
    return ret;
}

void encode_run(struct job *job)
{
    struct buffer_pool *pool = buffer_pool_create();
    struct vid_error err = {0};
    int ret = pool ? 0 : vid_fail(&err, -ENOMEM, "no memory for the results");

    media_log_hold(); /* the first picture opens the encoder, whose errors are quoted in ours */
    if (ret == 0)
        ret = encode_one(job, pool, &err);
    media_log_release(&err);
    while (ret == 0)
        ret = encode_one(job, pool, &err);
    /* The output may want no more (-t, -frames:v) before the source ends. */
    media_source_stop(job->source);
    frame_table_stop(job->table);
    if (ret == VID_EOF && !job_failed(job) && !interrupt_signal()) { /* a signal ends the input early, too */
        ret = media_sink_finish(job->sink, &err);
        if (ret == 0)
            job_set_finished(job);
    }
    if (ret < 0 && ret != VID_EOF)
        job_fail(job, &err);
    buffer_pool_destroy(pool);
}
