/* encode: what comes out of the last lane, by the serial piece behind it, given to the sink. */
#include "vidmpi/stages.h"

#include "base/clock.h"
#include "media/chain_stream.h"
#include "media/log.h"
#include "vidmpi/interrupt.h"
#include "vidmpi/outlet.h"

#include <errno.h>
#include <stdlib.h>

struct encoder_stage {
    struct job *job;
    struct outlet *outlet;
    struct chain_stream *tail;        /* NULL: there is no piece behind the last lane */
    const struct outlet_frame *frame; /* whose pictures are passed on; NULL: none is */
    uint64_t sealed;                  /* so many of the next pictures lie in a part that is passed on */
    bool all;                         /* the lane has no more */
    struct vid_error *err;            /* of the call that is under way */
};

/* What comes out of a serial piece was made here, of one frame or another. */
static int add_stats(struct encoder_stage *stage, const struct picture *picture)
{
    const struct outlet_frame *frame = stage->tail ? NULL : stage->frame;

    return frame_stats_add(stage->job->frame_stats, picture, frame ? &frame->entry : NULL,
                           frame ? &frame->times : NULL, stage->err);
}

/* The next picture of the whole graph. Takes the reference. */
static int write_picture(void *opaque, struct picture **picture)
{
    struct encoder_stage *stage = opaque;
    struct job *job = stage->job;
    int ret;

    job_set_latest(job, *picture);
    if (stage->sealed > 0) {
        stage->sealed--;
        ret = media_sink_skip(job->sink, stage->err);
    } else {
        ret = add_stats(stage, *picture);
        if (ret == 0)
            ret = verify_add(job->verify, *picture, stage->err);
        if (ret == 0)
            ret = media_sink_write(job->sink, picture, stage->err);
    }
    picture_counts_add(job->pictures);
    picture_unref(picture);
    return ret;
}

static int pass_on(struct encoder_stage *stage, struct outlet_frame *frame, struct vid_error *err)
{
    int ret = 0;

    stage->frame = frame;
    for (int i = 0; i < frame->count; i++) {
        if (ret == 0 && stage->tail)
            ret = chain_stream_feed(stage->tail, &frame->pictures[i], write_picture, stage, err);
        else if (ret == 0)
            ret = write_picture(stage, &frame->pictures[i]);
        picture_unref(&frame->pictures[i]);
    }
    stage->frame = NULL;
    return ret;
}

static int pass_on_sealed(struct job *job, uint64_t frame, struct vid_error *err)
{
    int ret = 0;

    for (uint64_t i = history_sealed_pictures(&job->history, frame); i > 0 && ret == 0; i--)
        ret = media_sink_skip(job->sink, err);
    return ret;
}

static int encode_frame(struct encoder_stage *stage, struct outlet_frame *frame, struct vid_error *err)
{
    struct job *job = stage->job;
    uint64_t number = frame->entry.frame;
    int ret;

    if (frame->entry.outcome == FRAME_SEALED)
        return pass_on_sealed(job, number, err);
    if (!stage->tail) { /* else all that is passed on comes before the first picture that is not */
        stage->sealed = history_sealed_pictures(&job->history, number);
        if (picture_counts_begin(job->pictures, number) < 0)
            return vid_fail(err, -ENOMEM, "no memory for the counts of pictures");
    }
    ret = pass_on(stage, frame, err);
    return ret < 0 ? ret : outlet_release(stage->outlet, err);
}

static int encode_one(struct encoder_stage *stage, struct vid_error *err)
{
    struct job *job = stage->job;
    struct outlet_frame frame;
    bool sealed;
    int64_t begun;
    int ret;

    stage->err = err;
    ret = outlet_next(stage->outlet, &frame, err);
    begun = clock_now();
    stage->all = ret == VID_EOF;
    if (ret < 0)
        return ret;
    sealed = frame.entry.outcome == FRAME_SEALED;
    ret = encode_frame(stage, &frame, err);
    if (!sealed) {
        stats_add(job->stats, STAGE_ENCODE, clock_now() - begun);
        stats_add(job->stats, STAGE_WHOLE, clock_now() - frame.entry.decoded);
    }
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

static int open_stage(struct encoder_stage *stage, struct vid_error *err)
{
    struct job *job = stage->job;
    int ret = outlet_open(job, &job->lanes[job->lane_count - 1], &stage->outlet, err);

    if (ret == 0 && job->tail) {
        stage->sealed = job->history.skip;
        ret = chain_stream_open(job->tail->spec, &stage->tail, err);
    }
    return ret;
}

/* Nothing has failed and nobody has asked to stop: the output is whole when the rest is in it. */
static int finish(struct encoder_stage *stage, struct vid_error *err)
{
    struct job *job = stage->job;
    int ret = 0;

    stage->err = err;
    if (stage->tail)
        ret = chain_stream_end(stage->tail, write_picture, stage, err);
    if (ret == 0 && stage->all)
        verify_whole(job->verify);
    if (ret == 0 || ret == VID_EOF)
        ret = frame_stats_finish(job->frame_stats, err);
    if (ret == 0)
        ret = media_sink_finish(job->sink, err);
    if (ret == 0)
        ret = frame_stats_publish(job->frame_stats, err);
    if (ret == 0)
        job_set_finished(job);
    return ret;
}

void encode_run(struct job *job)
{
    struct encoder_stage stage = {.job = job};
    struct vid_error err = {0};
    int ret = open_stage(&stage, &err);

    if (ret == 0)
        ret = encode_all(&stage, &err);
    /* The output may want no more (-t, -frames:v) before the source ends. */
    media_source_stop(job->source);
    job_stop_lanes(job);
    if (ret == VID_EOF && !job_failed(job) && !interrupt_signal()) /* a signal ends the input early, too */
        ret = finish(&stage, &err);
    if (ret < 0 && ret != VID_EOF)
        job_fail(job, &err);
    chain_stream_close(&stage.tail);
    outlet_close(&stage.outlet);
}
