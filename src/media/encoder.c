#include "media/encoder.h"

#include "base/log.h"

#include <libavutil/intreadwrite.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>

#include <errno.h>
#include <math.h>

static AVRational rational(const int pair[2])
{
    return (AVRational){pair[0], pair[1]};
}

static int64_t start_of(const struct encoder *e)
{
    return e->stream->times->start == AV_NOPTS_VALUE ? 0 : e->stream->times->start;
}

/* ---- pictures ---- */

/* As libavfilter's trim: does the picture lie in the output's part of time? */
static bool trim_passes(struct encoder *e, int64_t pts)
{
    bool timed = pts != AV_NOPTS_VALUE;
    if (e->trim_ended)
        return false;
    if (e->trim_start != AV_NOPTS_VALUE && !(timed && pts >= e->trim_start))
        return false;
    if (e->trim_first == AV_NOPTS_VALUE)
        e->trim_first = pts;
    if (e->trim_length && !(timed && pts - e->trim_first < e->trim_length))
        e->trim_ended = true;
    return !e->trim_ended;
}

/* The picture's time in ticks of the encoder, with 16 bits of fraction where they fit. */
static double exact_ticks(const struct encoder *e, int64_t pts)
{
    AVRational fine = e->time_base;
    int bits = av_clip(29 - av_log2((unsigned)fine.den), 0, 16);
    if (pts == AV_NOPTS_VALUE)
        return (double)AV_NOPTS_VALUE;
    fine.den <<= bits;
    double ticks = (double)(av_rescale_q(pts, rational(e->video.time_base), fine) -
                            av_rescale_q(start_of(e), AV_TIME_BASE_Q, fine));
    ticks /= 1 << bits;
    /* Not exactly between two ticks, where rounding would decide. */
    return ticks + ((ticks > 0) - (ticks < 0)) * 1.0 / (1 << 17);
}

static double ticks_of_rate(const struct encoder *e, AVRational rate)
{
    return 1 / (av_q2d(rate) * av_q2d(e->time_base));
}

static double duration_ticks(const struct encoder *e, const AVFrame *frame)
{
    AVRational rate = rational(e->video.frame_rate);
    const struct source_stream *in = e->stream->in;
    double duration = rate.num > 0 && rate.den > 0 ? ticks_of_rate(e, rate) : 0;
    if (in->st->start_time != AV_NOPTS_VALUE && e->frame_rate.num)
        duration = FFMIN(duration, ticks_of_rate(e, e->frame_rate));
    if (e->stream->filter)
        return duration;
    /* Nothing was filtered: the decoder knows how long the picture lasts. */
    float own = (float)((double)frame->pkt_duration * av_q2d(in->st->time_base) / av_q2d(e->time_base));
    return lrintf(own) > 0 ? (double)lrintf(own) : duration;
}

int encoder_emit(void *opaque, AVPacket *packet, struct vid_error *err)
{
    struct encoder *e = opaque;
    const uint8_t *stats = av_packet_get_side_data(packet, AV_PKT_DATA_QUALITY_STATS, NULL);
    e->quality = stats ? (float)AV_RL32(stats) / FF_QP2LAMBDA : -1;
    return out_stream_write(e->stream, packet, err);
}

static int take_packet(void *opaque, AVPacket *packet, struct vid_error *err)
{
    struct encoder *e = opaque;
    return e->parts ? parts_packet(e->parts, packet, e->picture, err) : encoder_emit(e, packet, err);
}

static int encode(struct encoder *e, AVFrame *frame, int64_t repeat, struct vid_error *err)
{
    frame->quality = e->stream->enc->global_quality;
    frame->pict_type =
        keyframes_forces(&e->keyframes, frame, repeat) ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    if (e->parts)
        parts_frame(e->parts, frame->pts);
    int code = out_stream_encode(e->stream, frame, take_packet, e, err);
    if (code >= 0)
        pacing_tick(&e->pacing);
    return code;
}

/* `next` may be NULL at the end. It becomes the last one when all went to the encoder. */
static int take_step(struct encoder *e, struct pacing_step step, AVFrame *next, struct vid_error *err)
{
    for (int64_t i = 0; i < step.total; i++) {
        AVFrame *frame = i < step.previous && e->last->buf[0] ? e->last : next;
        if (!frame)
            return 0;
        frame->pts = e->pacing.next;
        if (out_stream_past_end(e->stream, frame->pts, e->time_base))
            return 0;
        int code = encode(e, frame, i, err);
        if (code < 0)
            return code;
    }
    av_frame_unref(e->last);
    if (next)
        av_frame_move_ref(e->last, next);
    return 0;
}

int encoder_open_empty(struct encoder *e, struct vid_error *err)
{
    return e->opened || !e->known ? 0 : encoder_open(e, NULL, err);
}

/* A filter may change the size as it goes (scale with eval=frame). ffmpeg hands such pictures on, and most
 * encoders then read what does not belong to them. */
static int check_shape(const struct encoder *e, const AVFrame *frame, struct vid_error *err)
{
    const AVCodecContext *enc = e->stream->enc;
    bool any = enc->codec_id == AV_CODEC_ID_RAWVIDEO || enc->codec_id == AV_CODEC_ID_WRAPPED_AVFRAME;

    if (any ||
        (frame->width == enc->width && frame->height == enc->height && frame->format == (int)enc->pix_fmt))
        return 0;
    return vid_fail(err, -EINVAL,
                    "frame %" PRId64
                    " comes from the filter graph as %dx%d %s, and the encoder began with %dx%d %s: "
                    "end the graph with scale=%d:%d",
                    e->pacing.next, frame->width, frame->height, av_get_pix_fmt_name(frame->format),
                    enc->width, enc->height, av_get_pix_fmt_name(enc->pix_fmt), enc->width, enc->height);
}

static int pace(struct encoder *e, AVFrame *frame, struct vid_error *err)
{
    struct pacing_step step;
    if (!e->aspect.num)
        e->stream->enc->sample_aspect_ratio = frame->sample_aspect_ratio;
    double time = exact_ticks(e, frame->pts);
    if (pacing_picture(&e->pacing, time, duration_ticks(e, frame), &step) < 0) {
        log_error("a gap of %" PRId64 " frames is too large; the picture after it is left out",
                  step.total - 1);
        return 0;
    }
    e->keyframes.dropped = e->pacing.withheld && frame->key_frame;
    return take_step(e, step, frame, err);
}

/* A session of the encoder is open, and the picture fits it. */
static int ready_for(struct encoder *e, const AVFrame *frame, struct vid_error *err)
{
    int code = 0;
    if (!e->opened) {
        code = encoder_open(e, frame, err);
        if (code >= 0 && e->parts)
            code = encoder_begin_parts(e, err);
    } else if (e->parts && parts_due(e->parts, e->pacing.next)) {
        code = encoder_cut(e, err);
    }
    return code < 0 ? code : check_shape(e, frame, err);
}

int encoder_picture(struct encoder *e, AVFrame *frame, struct vid_error *err)
{
    int code = e->parts ? encoder_resume(e, err) : 0;
    if (code < 0 || e->at_end)
        return code;
    if (!trim_passes(e, frame->pts))
        return e->trim_ended ? encoder_end(e, err) : 0;
    if (e->stream->finished)
        return 0;
    code = ready_for(e, frame, err);
    return code < 0 ? code : pace(e, frame, err);
}

int encoder_end(struct encoder *e, struct vid_error *err)
{
    if (e->at_end)
        return 0;
    e->at_end = true;
    int code = e->opened ? take_step(e, pacing_end(&e->pacing), NULL, err) : 0;
    if (e->opened)
        out_stream_finish(e->stream, e->pacing.next, e->time_base);
    e->stream->finished = true;
    return code;
}

int encoder_flush(struct encoder *e, struct vid_error *err)
{
    int code = e->parts ? parts_settle(e->parts, err) : 0;
    if (code >= 0 && e->opened)
        code = out_stream_encode(e->stream, NULL, take_packet, e, err);
    return code == VID_EOF ? 0 : code;
}
