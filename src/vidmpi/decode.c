/* decode: pictures from the source into the frame ring, and a task for each
 * into the list. A frame that an earlier start has filtered or encoded needs none. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "vidmpi/scatter.h"

#include <errno.h>
#include <stdlib.h>

/* While the list has work for all, tasks wait for each other: one round trip for so many. */
#define BATCH_MAX 4
#define PATIENCE_MS 1000 /* of one push while Redis is away */

struct decoder {
    struct job *job;
    struct task_list *list;
    struct task *batch; /* BATCH_MAX of them */
    int count;
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

static int scatter(struct decoder *decoder, uint64_t frame, size_t bytes, int64_t decoded,
                   struct vid_error *err)
{
    struct frame_try try = {.frame = frame, .attempt = 1, .bytes = bytes, .pushed = clock_wall()};

    frame_table_enter(decoder->job->table, frame, bytes, decoded, try.pushed);
    decoder->batch[decoder->count++] = scatter_task(decoder->job, &try, -1);
    if (decoder->count < BATCH_MAX && list_is_full(decoder))
        return 0;
    return push(decoder, err);
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

/* `waited`: time that is not decoding is added. */
static int enter(struct decoder *decoder, struct picture *picture, int64_t begun, struct vid_error *err)
{
    struct job *job = decoder->job;
    int64_t decoded = clock_now(), waited;
    const struct result_ref *kept;
    uint64_t frame;
    int ret = reserve(decoder, &frame, err);

    waited = clock_now() - decoded;
    if (ret < 0)
        return ret;
    if (frame < job->history.end) {
        frame_table_enter_done(job->table, frame, 0, NULL, decoded);
        return 0;
    }
    ret = put_in_ring(job, picture, frame, err);
    if (ret < 0)
        return ret;
    stats_add(job->stats, STAGE_DECODE, clock_now() - begun - waited);
    kept = history_result(&job->history, frame);
    if (!kept)
        return scatter(decoder, frame, picture_packed_size(picture), decoded, err);
    frame_table_enter_done(job->table, frame, picture_packed_size(picture), kept, decoded);
    return 0;
}

static int decode_one(struct decoder *decoder, struct vid_error *err)
{
    struct picture *picture = NULL;
    int64_t begun = clock_now();
    int ret = next_picture(decoder->job, &picture, err);

    if (ret == 0)
        ret = enter(decoder, picture, begun, err);
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
    if (ret == VID_EOF) {
        int rest = push(&decoder, &err);
        ret = rest < 0 ? rest : ret;
    }
    if (ret != VID_EOF)
        job_fail(job, &err);
    frame_table_end(job->table);
    job_count_round_trips(job, decoder.list);
    task_list_close(&decoder.list);
    free(decoder.batch);
}
