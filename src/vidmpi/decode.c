/* decode: pictures from the source into the frame ring, and a task for each
 * into the list. A frame that an earlier start has filtered or encoded needs none. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "vidmpi/scatter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* While the list has work for all, tasks wait for each other: one round trip for so many. */
#define BATCH_MAX 4
#define PATIENCE_MS 1000 /* of one push while Redis is away */

struct decoder {
    struct job *job;
    struct task_list *list;
    struct task *batch; /* BATCH_MAX of them */
    int count;
    uint64_t entered;  /* frames that are in the table */
    uint64_t assigned; /* frames that are in tasks, or need none: all below */
};

/* The first picture was decoded while the job opened. */
static int next_picture(struct job *job, struct picture **picture, struct vid_error *err)
{
    if (job->empty)
        return VID_EOF;
    if (job->first) {
        *picture = job->first;
        job->first = NULL;
        return 0;
    }
    return media_source_next(job->source, picture, err);
}

static int put_in_ring(struct job *job, const struct picture *picture, uint64_t frame, struct vid_error *err)
{
    size_t size = picture_packed_size(picture);
    int ret = 0;

    if (size > frame_ring_slot_bytes(job->ring)) {
        if (job->context.windowed) /* the frames under way need this one */
            return vid_fail(err, -ENOTSUP,
                            "frame %" PRIu64 " is larger than those before it, which filters that look at "
                            "neighbouring frames do not bear",
                            frame);
        ret = frame_table_drain(job->table);
        if (ret == 0)
            ret = frame_ring_grow(job->ring, size, err);
    }
    if (ret == 0)
        ret = picture_pack(picture, frame_ring_at(job->ring, frame), frame_ring_slot_bytes(job->ring), err);
    return ret;
}

static int push(struct decoder *decoder, struct vid_error *err)
{
    struct redis_outage outage = {0};
    bool again = decoder->count > 0;
    int ret = 0;

    while (again) {
        ret = task_list_push(decoder->list, decoder->batch, decoder->count, err);
        ret = scatter_outlast(decoder->job, &outage, ret, &again, err);
    }
    decoder->count = 0;
    return ret;
}

/* Is there work for every worker besides what this batch holds? */
static bool list_is_full(const struct decoder *decoder)
{
    struct frame_counts counts = frame_table_counts(decoder->job->table);

    return counts.decoded - counts.settled > 2 * decoder->job->workers + (unsigned)decoder->count;
}

/* The tasks of the frames that wait, `count` of them at most, from the first one that is in none. */
static int scatter(struct decoder *decoder, uint64_t count, struct vid_error *err)
{
    struct job *job = decoder->job;
    struct frame_try try;
    int ret = 0;

    while (count > 0 && ret == 0) {
        unsigned done = frame_table_begin(job->table, decoder->assigned, (unsigned)count, clock_wall(), &try);

        decoder->assigned += done;
        count -= done;
        if (try.count == 0)
            continue;
        scatter_task(job, &try, -1, &decoder->batch[decoder->count++]);
        if (decoder->count == BATCH_MAX || !list_is_full(decoder))
            ret = push(decoder, err);
    }
    return ret;
}

/* A task can begin when its last frame's context is there. Where there is context one frame more is awaited,
 * which tells that the video goes on. */
static int scatter_ready(struct decoder *decoder, struct vid_error *err)
{
    const struct chain_context *context = &decoder->job->context;
    uint64_t needed = context->task_frames + context->after + context->windowed;
    int ret = 0;

    while (ret == 0 && decoder->entered - decoder->assigned >= needed)
        ret = scatter(decoder, context->task_frames, err);
    return ret;
}

/* The video has ended: what is left. */
static int scatter_rest(struct decoder *decoder, struct vid_error *err)
{
    uint64_t rest;
    int ret = 0;

    while (ret == 0 && (rest = decoder->entered - decoder->assigned) > 0)
        ret =
            scatter(decoder,
                    rest < decoder->job->context.task_frames ? rest : decoder->job->context.task_frames, err);
    return ret < 0 ? ret : push(decoder, err);
}

/* Nothing may be held back while this waits for room. */
static int reserve(struct decoder *decoder, uint64_t *frame, struct vid_error *err)
{
    int ret = frame_table_reserve(decoder->job->table, false, frame);

    if (ret != -EAGAIN)
        return ret;
    ret = push(decoder, err);
    return ret < 0 ? ret : frame_table_reserve(decoder->job->table, true, frame);
}

/* Into the ring, but for a frame that nothing needs any more. */
static int enter(struct decoder *decoder, struct picture *picture, uint64_t frame, int64_t decoded,
                 struct vid_error *err)
{
    struct job *job = decoder->job;
    const struct result_ref *kept = history_result(&job->history, frame);
    bool sealed = frame < job->history.end;
    size_t bytes = picture_packed_size(picture);
    int ret = 0;

    if (frame + job->context.before >= job->history.end)
        ret = put_in_ring(job, picture, frame, err);
    if (ret < 0)
        return ret;
    if (sealed || kept)
        frame_table_enter_done(job->table, frame, bytes, sealed ? NULL : kept, decoded);
    else
        frame_table_enter(job->table, frame, bytes, decoded);
    decoder->entered = frame + 1;
    return 0;
}

static int take_picture(struct decoder *decoder, struct picture *picture, int64_t begun,
                        struct vid_error *err)
{
    int64_t decoded = clock_now(), waited;
    uint64_t frame;
    int ret = reserve(decoder, &frame, err);

    waited = clock_now() - decoded;
    if (ret == 0)
        ret = enter(decoder, picture, frame, decoded, err);
    if (ret < 0)
        return ret;
    stats_add(decoder->job->stats, STAGE_DECODE, clock_now() - begun - waited);
    return scatter_ready(decoder, err);
}

static int decode_one(struct decoder *decoder, struct vid_error *err)
{
    struct picture *picture = NULL;
    int64_t begun = clock_now();
    int ret = next_picture(decoder->job, &picture, err);

    if (ret == 0)
        ret = take_picture(decoder, picture, begun, err);
    picture_unref(&picture);
    return ret;
}

static int open_decoder(struct decoder *decoder, struct vid_error *err)
{
    int ret = task_list_open(decoder->job->redis_url, decoder->job->id, &decoder->list, err);

    if (ret < 0)
        return ret;
    task_list_set_patience(decoder->list, PATIENCE_MS);
    decoder->batch = calloc(BATCH_MAX, sizeof(*decoder->batch));
    return decoder->batch ? 0 : vid_fail(err, -ENOMEM, "no memory for tasks");
}

void decode_run(struct job *job)
{
    struct decoder decoder = {.job = job};
    struct vid_error err = {0};
    int ret = open_decoder(&decoder, &err);

    while (ret == 0)
        ret = decode_one(&decoder, &err);
    frame_table_end(job->table);
    if (ret == VID_EOF) {
        int rest = scatter_rest(&decoder, &err);
        ret = rest < 0 ? rest : ret;
    }
    if (ret != VID_EOF)
        job_fail(job, &err);
    job_count_round_trips(job, decoder.list);
    task_list_close(&decoder.list);
    free(decoder.batch);
}
