/* encode: results in the order of their frames, read late, given to the sink. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "base/log.h"
#include "media/log.h"
#include "media/substitute.h"
#include "vidmpi/buffer_pool.h"
#include "vidmpi/interrupt.h"
#include "worker/payload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define NOT_YET_NS (10 * NS_PER_S) /* how long a record may be there without its payload */
#define NOT_YET_STEP (2 * NS_PER_MS)

struct encoder_stage {
    struct job *job;
    struct buffer_pool *pool;
    struct picture *previous; /* the last one that went to the sink */

    /* Results that are encoded and needed all the same, until their part is sealed, for a start that goes on
     * from there: a ring, oldest first. */
    struct result_ref *needed;
    size_t oldest, needed_count, needed_room;
};

/* What is there of one frame. */
struct outcome {
    struct picture *pictures[PAYLOAD_PICTURES_MAX];
    int count;
    struct payload_times times;
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
                            ref->frame, ref->rank, (int)(NOT_YET_NS / NS_PER_S), job->run_dir_path, why.text);
        vid_error_clear(&why);
        clock_sleep_until(clock_now() + NOT_YET_STEP);
    }
}

static int read_result(struct encoder_stage *stage, const struct result_ref *ref, struct outcome *outcome,
                       struct vid_error *err)
{
    struct buffer *buffer = buffer_take(stage->pool, ref->length);
    struct payload_memory memory = {buffer_retain, buffer_release, buffer};
    int ret;

    if (!buffer)
        return vid_fail(err, -ENOMEM, "no memory for a result of %" PRIu64 " bytes", ref->length);
    ret = read_payload(stage->job, ref, buffer_mem(buffer), err);
    if (ret == 0)
        ret = payload_open(buffer_mem(buffer), ref->length, &memory, &outcome->times, outcome->pictures, err);
    buffer_release(buffer, buffer_mem(buffer));
    outcome->count = ret < 0 ? 0 : ret;
    return ret < 0 ? ret : 0;
}

static void ring_owns_it(void *opaque, void *mem)
{
    (void)opaque;
    (void)mem;
}

/* In the place of a frame that could not be filtered, by -on-error. Its input is still in the ring. */
static int substitute(struct encoder_stage *stage, const struct frame_entry *entry, struct outcome *outcome,
                      struct vid_error *err)
{
    struct job *job = stage->job;
    struct picture *input = NULL;
    int ret =
        picture_wrap(frame_ring_at(job->ring, entry->frame), entry->bytes, ring_owns_it, NULL, &input, err);

    if (ret == 0)
        ret = picture_substitute(job->options->on_error, job->spec, &job->output, &input, stage->previous,
                                 &outcome->pictures[0], err);
    outcome->count = ret == 0;
    return ret;
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

static void keep_previous(struct encoder_stage *stage, struct picture *picture)
{
    if (stage->job->options->on_error != ON_ERROR_PREVIOUS)
        return;
    picture_unref(&stage->previous);
    stage->previous = picture_ref(picture);
}

/* The first ones may lie in a part that is passed on. */
static int write_pictures(struct encoder_stage *stage, const struct frame_entry *entry,
                          struct outcome *outcome, struct vid_error *err)
{
    struct job *job = stage->job;
    uint64_t sealed = history_sealed_pictures(&job->history, entry->frame);
    int ret = 0;

    for (int i = 0; i < outcome->count; i++) {
        if (ret == 0 && (uint64_t)i >= sealed)
            ret = frame_stats_add(job->frame_stats, outcome->pictures[i], entry, &outcome->times, err);
        if (ret == 0) {
            job_set_latest(job, outcome->pictures[i]);
            keep_previous(stage, outcome->pictures[i]);
            ret = (uint64_t)i < sealed ? media_sink_skip(job->sink, err)
                                       : media_sink_write(job->sink, &outcome->pictures[i], err);
            picture_counts_add(job->pictures);
        }
        picture_unref(&outcome->pictures[i]);
    }
    return ret;
}

static int pass_on_sealed(struct job *job, uint64_t frame, struct vid_error *err)
{
    int ret = 0;

    for (uint64_t i = history_sealed_pictures(&job->history, frame); i > 0 && ret == 0; i--)
        ret = media_sink_skip(job->sink, err);
    return ret;
}

/* The result that was promised cannot be had: the frame is filtered again. */
static int lose_result(struct encoder_stage *stage, const struct frame_entry *entry, struct vid_error *why,
                       struct vid_error *err)
{
    log_warn("%s; the frame is filtered again", why->text);
    frame_table_undo(stage->job->table, entry->frame);
    return result_store_done(stage->job->results, &entry->ref, err);
}

/* Gets the frame's pictures. -ENODATA: it is under way again. */
static int get_pictures(struct encoder_stage *stage, const struct frame_entry *entry, struct outcome *outcome,
                        struct vid_error *err)
{
    struct vid_error why = {0};
    int ret;

    if (entry->outcome == FRAME_GIVEN_UP)
        return substitute(stage, entry, outcome, err);
    ret = read_result(stage, &entry->ref, outcome, &why);
    if (ret == -ENODATA && lose_result(stage, entry, &why, err) < 0)
        return err->code;
    return ret < 0 && ret != -ENODATA ? vid_fail(err, ret, "%s", why.text) : ret;
}

/* Room for one more; the ring is laid out anew from its oldest. */
static int make_room(struct encoder_stage *stage, struct vid_error *err)
{
    size_t room = stage->needed_room ? 2 * stage->needed_room : 64;
    struct result_ref *grown;

    if (stage->needed_count < stage->needed_room)
        return 0;
    grown = calloc(room, sizeof(*grown));
    if (!grown)
        return vid_fail(err, -ENOMEM, "no memory for the list of results");
    for (size_t i = 0; stage->needed_room > 0 && i < stage->needed_count; i++)
        grown[i] = stage->needed[(stage->oldest + i) % stage->needed_room];
    free(stage->needed);
    stage->needed = grown;
    stage->needed_room = room;
    stage->oldest = 0;
    return 0;
}

static int keep_result(struct encoder_stage *stage, const struct result_ref *ref, struct vid_error *err)
{
    if (make_room(stage, err) < 0)
        return -ENOMEM;
    stage->needed[(stage->oldest + stage->needed_count++) % stage->needed_room] = *ref;
    return 0;
}

/* Lets those go that are in sealed parts. */
static int release_results(struct encoder_stage *stage, struct vid_error *err)
{
    uint64_t released = job_released(stage->job);
    int ret = 0;

    while (ret == 0 && stage->needed_count > 0 && stage->needed[stage->oldest].frame < released) {
        ret = result_store_done(stage->job->results, &stage->needed[stage->oldest], err);
        stage->oldest = (stage->oldest + 1) % stage->needed_room;
        stage->needed_count--;
    }
    return ret;
}

static int encode_frame(struct encoder_stage *stage, const struct frame_entry *entry, struct vid_error *err)
{
    struct outcome outcome = {.count = 0};
    struct job *job = stage->job;
    int ret = get_pictures(stage, entry, &outcome, err);

    if (ret < 0)
        return ret == -ENODATA ? 0 : ret;
    frame_table_release(job->table, entry->frame);
    count_stages(job, entry, &outcome.times);
    if (entry->outcome == FRAME_RESULT)
        ret = keep_result(stage, &entry->ref, err);
    if (ret == 0 && picture_counts_begin(job->pictures, entry->frame) < 0)
        ret = vid_fail(err, -ENOMEM, "no memory for the counts of pictures");
    if (ret == 0)
        ret = write_pictures(stage, entry, &outcome, err);
    if (ret < 0)
        return ret;
    return release_results(stage, err);
}

static int encode_one(struct encoder_stage *stage, struct vid_error *err)
{
    struct job *job = stage->job;
    struct frame_entry entry;
    int64_t begun;
    int ret = frame_table_next(job->table, &entry);

    if (ret < 0)
        return ret;
    begun = clock_now();
    if (entry.outcome == FRAME_SEALED) {
        frame_table_release(job->table, entry.frame);
        return pass_on_sealed(job, entry.frame, err);
    }
    ret = encode_frame(stage, &entry, err);
    stats_add(job->stats, STAGE_ENCODE, clock_now() - begun);
    stats_add(job->stats, STAGE_WHOLE, clock_now() - entry.decoded);
    return ret;
}

static int encode_all(struct encoder_stage *stage, struct vid_error *err)
{
    int ret;

    media_log_hold(); /* the first picture opens the encoder, whose errors are quoted in ours */
    ret = encode_one(stage, err);
    media_log_release(err);
    while (ret == 0)
        ret = encode_one(stage, err);
    return ret;
}

void encode_run(struct job *job)
{
    struct encoder_stage stage = {.job = job, .pool = buffer_pool_create()};
    struct vid_error err = {0};
    int ret = stage.pool ? encode_all(&stage, &err) : vid_fail(&err, -ENOMEM, "no memory for the results");

    /* The output may want no more (-t, -frames:v) before the source ends. */
    media_source_stop(job->source);
    frame_table_stop(job->table);
    if (ret == VID_EOF && !job_failed(job) && !interrupt_signal()) { /* a signal ends the input early, too */
        ret = frame_stats_finish(job->frame_stats, &err);
        if (ret == 0)
            ret = media_sink_finish(job->sink, &err);
        if (ret == 0)
            ret = frame_stats_publish(job->frame_stats, &err);
        if (ret == 0)
            job_set_finished(job);
    }
    if (ret < 0 && ret != VID_EOF)
        job_fail(job, &err);
    picture_unref(&stage.previous);
    free(stage.needed);
    buffer_pool_destroy(stage.pool);
}
