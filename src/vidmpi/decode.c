/* decode: pictures from the source into the frame ring, and a task for each
 * into the list. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "tasks/task_list.h"

#include <errno.h>

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

static int scatter(struct job *job, struct task_list *list, uint64_t frame, size_t bytes, int64_t decoded,
                   struct vid_error *err)
{
    struct task task = {
        .id = frame,
        .first = frame,
        .count = 1,
        .attempt = 1,
        .pushed = clock_wall(),
        .released = frame_table_counts(job->table).encoded,
        .slots = {{.offset = frame_ring_offset(job->ring, frame), .length = bytes}},
    };

    frame_table_enter(job->table, frame, decoded, task.pushed);
    return task_list_push(list, &task, 1, err);
}

static int decode_one(struct job *job, struct task_list *list, struct vid_error *err)
{
    struct picture *picture = NULL;
    int64_t begun = clock_now(), decoded, waited;
    uint64_t frame;
    int ret = next_picture(job, &picture, err);

    if (ret < 0)
        return ret;
    decoded = clock_now();
    ret = frame_table_reserve(job->table, &frame);
    waited = clock_now() - decoded;
    if (ret == 0)
        ret = put_in_ring(job, picture, frame, err);
    if (ret == 0) {
        stats_add(job->stats, STAGE_DECODE, clock_now() - begun - waited);
        ret = scatter(job, list, frame, picture_packed_size(picture), decoded, err);
    }
    picture_unref(&picture);
    return ret;
}

void decode_run(struct job *job)
{
    struct task_list *list = NULL;
    struct vid_error err = {0};
    int ret = task_list_open(job->redis_url, job->id, &list, &err);

    while (ret == 0)
        ret = decode_one(job, list, &err);
    if (ret != VID_EOF)
        job_fail(job, &err);
    frame_table_end(job->table);
    job_count_round_trips(job, list);
    task_list_close(&list);
}
