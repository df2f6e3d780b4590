#include "vidmpi/inlet.h"

#include "base/clock.h"
#include "vidmpi/scatter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* While the list has work for all, tasks wait for each other: one round trip for so many. */
#define BATCH_MAX 4
#define PATIENCE_MS 1000 /* of one push while Redis is away */

struct inlet {
    struct job *job;
    struct lane *lane;
    struct task_list *list;
    struct task *batch; /* BATCH_MAX of them */
    int count;
    uint64_t entered;  /* frames that are in the table */
    uint64_t assigned; /* frames that are in tasks, or need none: all below */
    int64_t waited;

    /* Where ffmpeg would build its graph anew: the number that the pictures name it by, and the frame's. */
    uint64_t graph_named, graph_first;
};

/* From the numbers of those who made the picture to the lane's own. */
static void renumber_graph(struct inlet *inlet, struct picture *picture, uint64_t frame)
{
    uint64_t named = picture_graph_first(picture);

    if (frame == 0 || named != inlet->graph_named) {
        inlet->graph_named = named;
        inlet->graph_first = frame;
    }
    picture_set_graph_first(picture, inlet->graph_first);
}

static int put_in_ring(struct lane *lane, const struct picture *picture, uint64_t frame,
                       struct vid_error *err)
{
    size_t size = picture_packed_size(picture);
    int ret = 0;

    if (size > frame_ring_slot_bytes(lane->ring)) {
        if (lane->context.windowed) /* the frames under way need this one */
            return vid_fail(err, -ENOTSUP,
                            "frame %" PRIu64 " is larger than those before it, which filters that look at "
                            "neighbouring frames do not bear",
                            frame);
        ret = frame_table_drain(lane->table);
        if (ret == 0)
            ret = frame_ring_grow(lane->ring, size, err);
    }
    if (ret == 0)
        ret = picture_pack(picture, frame_ring_at(lane->ring, frame), frame_ring_slot_bytes(lane->ring), err);
    return ret;
}

static int push(struct inlet *inlet, struct vid_error *err)
{
    struct redis_outage outage = {0};
    bool again = inlet->count > 0;
    int ret = 0;

    while (again) {
        ret = task_list_push(inlet->list, inlet->batch, inlet->count, err);
        ret = scatter_outlast(inlet->job, &outage, ret, &again, err);
    }
    inlet->count = 0;
    return ret;
}

/* Is there work for every worker besides what this batch holds? */
static bool list_is_full(const struct inlet *inlet)
{
    struct frame_counts counts = frame_table_counts(inlet->lane->table);

    return counts.decoded - counts.settled > 2 * inlet->job->workers + (unsigned)inlet->count;
}

/* The tasks of the frames that wait, `count` of them at most, from the first one that is in none. */
static int scatter(struct inlet *inlet, uint64_t count, struct vid_error *err)
{
    struct frame_try try;
    int ret = 0;

    while (count > 0 && ret == 0) {
        unsigned done =
            frame_table_begin(inlet->lane->table, inlet->assigned, (unsigned)count, clock_wall(), &try);

        inlet->assigned += done;
        count -= done;
        if (try.count == 0)
            continue;
        scatter_task(inlet->job, inlet->lane, &try, -1, &inlet->batch[inlet->count++]);
        if (inlet->count == BATCH_MAX || !list_is_full(inlet))
            ret = push(inlet, err);
    }
    return ret;
}

/* A task can begin when its last frame's context is there. Where there is context one frame more is awaited,
 * which tells that the video goes on. */
static int scatter_ready(struct inlet *inlet, struct vid_error *err)
{
    const struct chain_context *context = &inlet->lane->context;
    uint64_t needed = context->task_frames + context->after + context->windowed;
    int ret = 0;

    while (ret == 0 && inlet->entered - inlet->assigned >= needed)
        ret = scatter(inlet, context->task_frames, err);
    return ret;
}

/* The video has ended: what is left. */
static int scatter_rest(struct inlet *inlet, struct vid_error *err)
{
    unsigned frames = inlet->lane->context.task_frames;
    uint64_t rest;
    int ret = 0;

    while (ret == 0 && (rest = inlet->entered - inlet->assigned) > 0)
        ret = scatter(inlet, rest < frames ? rest : frames, err);
    return ret < 0 ? ret : push(inlet, err);
}

/* Nothing may be held back while this waits for room. */
static int reserve(struct inlet *inlet, uint64_t *frame, struct vid_error *err)
{
    int ret = frame_table_reserve(inlet->lane->table, false, frame);
    int64_t begun = clock_now();

    if (ret != -EAGAIN)
        return ret;
    ret = push(inlet, err);
    if (ret == 0)
        ret = frame_table_reserve(inlet->lane->table, true, frame);
    inlet->waited += clock_now() - begun;
    return ret;
}

static void enter_straight(struct lane *lane, struct picture **picture, uint64_t frame)
{
    size_t bytes = picture_packed_size(*picture);

    if (frame < lane->sealed) {
        frame_table_enter_done(lane->table, frame, bytes, NULL, clock_now());
        return;
    }
    lane->straight[frame % lane->window] = *picture;
    *picture = NULL;
    frame_table_enter_straight(lane->table, frame, bytes, clock_now());
}

/* Into the ring, but for a frame that nothing needs any more. */
static int enter(struct inlet *inlet, struct picture *picture, uint64_t frame, struct vid_error *err)
{
    struct lane *lane = inlet->lane;
    const struct result_ref *kept = history_result(&inlet->job->history, frame_id(lane->number, frame));
    bool sealed = frame < lane->sealed;
    size_t bytes = picture_packed_size(picture);
    int ret = 0;

    if (frame + lane_tail(lane) >= lane->sealed)
        ret = put_in_ring(lane, picture, frame, err);
    if (ret < 0)
        return ret;
    if (sealed || kept)
        frame_table_enter_done(lane->table, frame, bytes, sealed ? NULL : kept, clock_now());
    else
        frame_table_enter(lane->table, frame, bytes, clock_now());
    inlet->entered = frame + 1;
    return scatter_ready(inlet, err);
}

int inlet_put(struct inlet *inlet, struct picture **picture, struct vid_error *err)
{
    uint64_t frame;
    int ret = reserve(inlet, &frame, err);

    if (ret == 0) {
        renumber_graph(inlet, *picture, frame);
        if (inlet->lane->piece)
            ret = enter(inlet, *picture, frame, err);
        else
            enter_straight(inlet->lane, picture, frame);
    }
    picture_unref(picture);
    return ret;
}

int inlet_end(struct inlet *inlet, struct vid_error *err)
{
    frame_table_end(inlet->lane->table);
    return inlet->lane->piece ? scatter_rest(inlet, err) : 0;
}

int64_t inlet_waited(const struct inlet *inlet)
{
    return inlet->waited;
}

int inlet_open(struct job *job, struct lane *lane, struct inlet **out, struct vid_error *err)
{
    struct inlet *inlet = *out = calloc(1, sizeof(*inlet));
    int ret;

    if (!inlet)
        return vid_fail(err, -ENOMEM, "no memory for a lane's inlet");
    inlet->job = job;
    inlet->lane = lane;
    ret = task_list_open(job->redis_url, job->id, &inlet->list, err);
    if (ret < 0)
        return ret;
    task_list_set_patience(inlet->list, PATIENCE_MS);
    inlet->batch = calloc(BATCH_MAX, sizeof(*inlet->batch));
    return inlet->batch ? 0 : vid_fail(err, -ENOMEM, "no memory for tasks");
}

void inlet_close(struct inlet **inlet)
{
    struct inlet *gone = *inlet;

    *inlet = NULL;
    if (!gone)
        return;
    job_count_round_trips(gone->job, gone->list);
    task_list_close(&gone->list);
    free(gone->batch);
    free(gone);
}
