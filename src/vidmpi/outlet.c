#include "vidmpi/outlet.h"

#include "base/clock.h"
#include "base/log.h"
#include "media/substitute.h"
#include "vidmpi/buffer_pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define NOT_YET_NS (10 * NS_PER_S) /* how long a record may be there without its payload */
#define NOT_YET_STEP (2 * NS_PER_MS)

struct outlet {
    struct job *job;
    struct lane *lane;
    struct buffer_pool *pool;
    struct picture *previous; /* the last one that came out */

    /* Results that are passed on and needed all the same, until their part is sealed, for a start that goes
     * on from there: a ring, oldest first. */
    struct result_ref *needed;
    size_t oldest, needed_count, needed_room;
};

/* Another node's bytes can come later than the record that names them. -ENODATA: they did not come at all. */
static int read_payload(struct job *job, const struct result_ref *ref, void *mem, struct vid_error *err)
{
    int64_t deadline = clock_now() + NOT_YET_NS;
    struct vid_error why = {0};

    for (;;) {
        int ret = result_store_read(job->results, ref, mem, &why);

        if (ret != -EAGAIN)
            return ret < 0 ? vid_fail(err, ret, "%s", why.text) : 0;
        if (job_failed(job))
            return VID_EOF;
        if (clock_now() > deadline)
            return vid_fail(err, -ENODATA,
                            "the result of frame %" PRIu64
                            " from rank %u did not become whole within %d s in %s "
                            "(%s)",
                            frame_number(ref->frame), ref->rank, (int)(NOT_YET_NS / NS_PER_S),
                            job->run_dir_path, why.text);
        vid_error_clear(&why);
        clock_sleep_until(clock_now() + NOT_YET_STEP);
    }
}

static int read_result(struct outlet *outlet, struct outlet_frame *frame, struct vid_error *err)
{
    const struct result_ref *ref = &frame->entry.ref;
    struct buffer *buffer = buffer_take(outlet->pool, ref->length);
    struct payload_memory memory = {buffer_retain, buffer_release, buffer};
    int ret;

    if (!buffer)
        return vid_fail(err, -ENOMEM, "no memory for a result of %" PRIu64 " bytes", ref->length);
    ret = read_payload(outlet->job, ref, buffer_mem(buffer), err);
    if (ret == 0)
        ret = payload_open(buffer_mem(buffer), ref->length, &memory, &frame->times, frame->pictures, err);
    buffer_release(buffer, buffer_mem(buffer));
    frame->count = ret < 0 ? 0 : ret;
    return ret < 0 ? ret : 0;
}

static void ring_owns_it(void *opaque, void *mem)
{
    (void)opaque;
    (void)mem;
}

/* In the place of a frame that could not be filtered, by -on-error. Its input is still in the ring. */
static int substitute(struct outlet *outlet, struct outlet_frame *frame, struct vid_error *err)
{
    const struct lane *lane = outlet->lane;
    struct picture *input = NULL;
    int ret = picture_wrap(frame_ring_at(lane->ring, frame->entry.frame), frame->entry.bytes, ring_owns_it,
                           NULL, &input, err);

    if (ret == 0)
        ret = picture_substitute(outlet->job->options->on_error, lane->piece->spec, &lane->piece->output,
                                 &input, outlet->previous, &frame->pictures[0], err);
    frame->count = ret == 0;
    return ret;
}

static int take_straight(struct outlet *outlet, struct outlet_frame *frame)
{
    struct picture **place = &outlet->lane->straight[frame->entry.frame % outlet->lane->window];

    frame->pictures[0] = *place;
    *place = NULL;
    frame->count = 1;
    return 0;
}

/* The result that was promised cannot be had: the frame is filtered again. */
static int lose_result(struct outlet *outlet, const struct frame_entry *entry, const struct vid_error *why,
                       struct vid_error *err)
{
    log_warn("%s; the frame is filtered again", why->text);
    frame_table_undo(outlet->lane->table, entry->frame);
    return result_store_done(outlet->job->results, &entry->ref, err);
}

/* Gets the frame's pictures. -ENODATA: it is under way again. */
static int get_pictures(struct outlet *outlet, struct outlet_frame *frame, struct vid_error *err)
{
    struct vid_error why = {0};
    int ret;

    switch (frame->entry.outcome) {
    case FRAME_SEALED:
        return 0;
    case FRAME_STRAIGHT:
        return take_straight(outlet, frame);
    case FRAME_GIVEN_UP:
        return substitute(outlet, frame, err);
    default:
        break;
    }
    ret = read_result(outlet, frame, &why);
    if (ret == -ENODATA && lose_result(outlet, &frame->entry, &why, err) < 0)
        return err->code;
    return ret < 0 && ret != -ENODATA ? vid_fail(err, ret, "%s", why.text) : ret;
}

static void count_stages(struct job *job, const struct frame_entry *entry, const struct payload_times *times)
{
    if (entry->outcome != FRAME_RESULT || entry->pushed == 0) /* its way began in an earlier start */
        return;
    stats_add(job->stats, STAGE_WAIT, times->claimed - entry->pushed);
    stats_add(job->stats, STAGE_FETCH, times->fetched - times->claimed);
    stats_add(job->stats, STAGE_FILTER, times->filtered - times->fetched);
    stats_add(job->stats, STAGE_PUBLISH, entry->ref.published - times->filtered);
    stats_add(job->stats, STAGE_VISIBLE, entry->seen - entry->ref.published);
}

static void keep_previous(struct outlet *outlet, const struct outlet_frame *frame)
{
    if (outlet->job->options->on_error != ON_ERROR_PREVIOUS || frame->count == 0)
        return;
    picture_unref(&outlet->previous);
    outlet->previous = picture_ref(frame->pictures[frame->count - 1]);
}

/* Room for one more; the ring is laid out anew from its oldest. */
static int make_room(struct outlet *outlet, struct vid_error *err)
{
    size_t room = outlet->needed_room ? 2 * outlet->needed_room : 64;
    struct result_ref *grown;

    if (outlet->needed_count < outlet->needed_room)
        return 0;
    grown = calloc(room, sizeof(*grown));
    if (!grown)
        return vid_fail(err, -ENOMEM, "no memory for the list of results");
    for (size_t i = 0; outlet->needed_room > 0 && i < outlet->needed_count; i++)
        grown[i] = outlet->needed[(outlet->oldest + i) % outlet->needed_room];
    free(outlet->needed);
    outlet->needed = grown;
    outlet->needed_room = room;
    outlet->oldest = 0;
    return 0;
}

static int keep_result(struct outlet *outlet, const struct result_ref *ref, struct vid_error *err)
{
    if (make_room(outlet, err) < 0)
        return -ENOMEM;
    outlet->needed[(outlet->oldest + outlet->needed_count++) % outlet->needed_room] = *ref;
    return 0;
}

/* Lets those go that no start needs any more. */
int outlet_release(struct outlet *outlet, struct vid_error *err)
{
    uint64_t released = job_released(outlet->job, outlet->lane);
    int ret = 0;

    while (ret == 0 && outlet->needed_count > 0 &&
           frame_number(outlet->needed[outlet->oldest].frame) < released) {
        ret = result_store_done(outlet->job->results, &outlet->needed[outlet->oldest], err);
        outlet->oldest = (outlet->oldest + 1) % outlet->needed_room;
        outlet->needed_count--;
    }
    return ret;
}

int outlet_next(struct outlet *outlet, struct outlet_frame *frame, struct vid_error *err)
{
    int ret;

    do {
        *frame = (struct outlet_frame){.count = 0};
        ret = frame_table_next(outlet->lane->table, &frame->entry);
        if (ret == 0)
            ret = get_pictures(outlet, frame, err);
    } while (ret == -ENODATA);
    if (ret < 0)
        return ret;
    frame_table_release(outlet->lane->table, frame->entry.frame);
    count_stages(outlet->job, &frame->entry, &frame->times);
    keep_previous(outlet, frame);
    return frame->entry.outcome == FRAME_RESULT ? keep_result(outlet, &frame->entry.ref, err) : 0;
}

int outlet_open(struct job *job, struct lane *lane, struct outlet **out, struct vid_error *err)
{
    struct outlet *outlet = *out = calloc(1, sizeof(*outlet));

    if (!outlet)
        return vid_fail(err, -ENOMEM, "no memory for a lane's outlet");
    outlet->job = job;
    outlet->lane = lane;
    outlet->pool = buffer_pool_create();
    return outlet->pool ? 0 : vid_fail(err, -ENOMEM, "no memory for the results");
}

void outlet_close(struct outlet **outlet)
{
    struct outlet *gone = *outlet;

    *outlet = NULL;
    if (!gone)
        return;
    picture_unref(&gone->previous);
    free(gone->needed);
    buffer_pool_destroy(gone->pool);
    free(gone);
}
