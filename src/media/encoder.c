#include "media/encoder.h"

#include "base/log.h"

#include <libavfilter/avfilter.h>
#include <libavutil/display.h>
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

/* ---- what the encoder is opened with ---- */

static void settle_frame_rate(struct encoder *e)
{
    const AVCodec *codec = e->stream->codec;
    if (!e->frame_rate.num)
        e->frame_rate = rational(e->video.frame_rate);
    if (!e->frame_rate.num) {
        e->frame_rate = (AVRational){25, 1};
        log_warn(
            "the input's frame rate is not known: 25 frames per second are taken; choose another with -r");
    }
    if (codec->supported_framerates)
        e->frame_rate =
            codec->supported_framerates[av_find_nearest_q_idx(e->frame_rate, codec->supported_framerates)];
    if (codec->id == AV_CODEC_ID_MPEG4) /* its headers hold 16 bits */
        av_reduce(&e->frame_rate.num, &e->frame_rate.den, e->frame_rate.num, e->frame_rate.den, 65535);
}

static int choose_time_base(const struct encoder *e, struct vid_error *err)
{
    AVRational *tb = &e->stream->enc->time_base;
    int code = out_stream_time_base(e->stream, av_inv_q(e->frame_rate), tb, err);
    if (code >= 0 && !(tb->num && tb->den))
        *tb = rational(e->video.time_base);
    return code;
}

static bool keeps_samples(const char *name)
{
    const AVFilter *filter = avfilter_get_by_name(name);
    return filter && filter->flags & AVFILTER_FLAG_METADATA_ONLY;
}

/* Do all filters of the graph text leave the samples as they are? */
static bool text_keeps_samples(const char *text)
{
    AVFilterInOut *inputs = NULL, *outputs = NULL;
    AVFilterGraph *graph = avfilter_graph_alloc();
    bool kept = graph && avfilter_graph_parse2(graph, text, &inputs, &outputs) >= 0;
    for (unsigned i = 0; kept && i < graph->nb_filters; i++)
        kept = keeps_samples(graph->filters[i]->filter->name);
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    avfilter_graph_free(&graph);
    return kept;
}

static bool is_rotated(const struct source_stream *in)
{
    const uint8_t *matrix = av_stream_get_side_data(in->st, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    return in->autorotate && matrix && fabs(av_display_rotation_get((const int32_t *)matrix)) > 0;
}

/* The decoder's depth says something of the output only when no filter touched the samples. */
static bool samples_are_the_decoders(const struct encoder *e)
{
    const struct source_stream *in = e->stream->in;
    const AVCodecContext *dec = in->decoder_ctx;
    if (!dec || dec->width != e->video.width || dec->height != e->video.height ||
        (int)dec->pix_fmt != e->video.format || is_rotated(in))
        return false;
    return !e->stream->filter || text_keeps_samples(e->stream->filter);
}

static void set_geometry(struct encoder *e)
{
    AVCodecContext *enc = e->stream->enc;
    enc->width = e->video.width;
    enc->height = e->video.height;
    enc->pix_fmt = e->video.format;
    enc->sample_aspect_ratio = e->aspect.num ? av_mul_q(e->aspect, (AVRational){enc->height, enc->width})
                                             : rational(e->video.aspect);
    e->stream->st->sample_aspect_ratio = enc->sample_aspect_ratio;
    if (samples_are_the_decoders(e))
        enc->bits_per_raw_sample = FFMIN(e->stream->in->decoder_ctx->bits_per_raw_sample,
                                         av_pix_fmt_desc_get(enc->pix_fmt)->comp[0].depth);
}

static enum AVFieldOrder field_order(const AVFrame *frame, enum AVCodecID codec)
{
    if (!frame->interlaced_frame)
        return AV_FIELD_PROGRESSIVE;
    if (codec == AV_CODEC_ID_MJPEG)
        return frame->top_field_first ? AV_FIELD_TT : AV_FIELD_BB;
    return frame->top_field_first ? AV_FIELD_TB : AV_FIELD_BT;
}

static void set_colour(AVCodecContext *enc, const AVFrame *frame)
{
    enc->color_range = frame->color_range;
    enc->color_primaries = frame->color_primaries;
    enc->color_trc = frame->color_trc;
    enc->colorspace = frame->colorspace;
    enc->chroma_sample_location = frame->chroma_location;
    enc->field_order = field_order(frame, enc->codec->id);
}

static void set_trim(struct encoder *e)
{
    AVRational tb = rational(e->video.time_base);
    const struct output_times *times = e->stream->times;
    e->trim_first = AV_NOPTS_VALUE;
    e->trim_start =
        times->start == AV_NOPTS_VALUE ? AV_NOPTS_VALUE : av_rescale_q(times->start, AV_TIME_BASE_Q, tb);
    e->trim_length = times->length == INT64_MAX ? 0 : av_rescale_q(times->length, AV_TIME_BASE_Q, tb);
}

int encoder_set_video(struct encoder *e, const struct chain_output *video, struct vid_error *err)
{
    if (video->time_base[0] <= 0 || video->time_base[1] <= 0)
        return vid_fail(err, -EINVAL, "the filter graph gives no time base");
    e->video = *video;
    e->known = true;
    set_trim(e);
    return 0;
}

static int open_encoder(struct encoder *e, const AVFrame *first, struct vid_error *err)
{
    AVCodecContext *enc = e->stream->enc;
    int code = out_stream_set_encoder_tag(e->stream, err);
    if (code < 0)
        return code;
    settle_frame_rate(e);
    code = choose_time_base(e, err);
    if (code < 0)
        return code;
    enc->framerate = e->frame_rate;
    e->stream->st->avg_frame_rate = e->frame_rate;
    set_geometry(e);
    if (first)
        set_colour(enc, first);
    if (av_q2d(enc->time_base) < 0.001 && e->constant)
        log_warn("the frame rate is very high for a constant one; consider -r or -fps_mode vfr");
    if (e->constant)
        e->stream->out->frame_rate = e->frame_rate;
    code = keyframes_parse(e->keyframe_text, e->stream->mux->ctx, enc->time_base, &e->keyframes, err);
    if (code < 0)
        return code;
    e->opened = true;
    return out_stream_open_encoder(e->stream, err);
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
    AVRational fine = e->stream->enc->time_base;
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
    return 1 / (av_q2d(rate) * av_q2d(e->stream->enc->time_base));
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
    float own =
        (float)((double)frame->pkt_duration * av_q2d(in->st->time_base) / av_q2d(e->stream->enc->time_base));
    return lrintf(own) > 0 ? (double)lrintf(own) : duration;
}

static void note_quality(void *opaque, const AVPacket *packet)
{
    struct encoder *e = opaque;
    const uint8_t *stats = av_packet_get_side_data(packet, AV_PKT_DATA_QUALITY_STATS, NULL);
    e->quality = stats ? (float)AV_RL32(stats) / FF_QP2LAMBDA : -1;
}

static int encode(struct encoder *e, AVFrame *frame, int64_t repeat, struct vid_error *err)
{
    frame->quality = e->stream->enc->global_quality;
    frame->pict_type =
        keyframes_forces(&e->keyframes, frame, repeat) ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    int code = out_stream_encode(e->stream, frame, note_quality, e, err);
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
        if (out_stream_past_end(e->stream, frame->pts, e->stream->enc->time_base))
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
    return e->opened || !e->known ? 0 : open_encoder(e, NULL, err);
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

int encoder_picture(struct encoder *e, AVFrame *frame, struct vid_error *err)
{
    struct pacing_step step;
    if (e->at_end)
        return 0;
    if (!trim_passes(e, frame->pts))
        return e->trim_ended ? encoder_end(e, err) : 0;
    if (e->stream->finished)
        return 0;
    int code = e->opened ? 0 : open_encoder(e, frame, err);
    if (code == 0)
        code = check_shape(e, frame, err);
    if (code < 0)
        return code;
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

int encoder_end(struct encoder *e, struct vid_error *err)
{
    if (e->at_end)
        return 0;
    e->at_end = true;
    int code = e->opened ? take_step(e, pacing_end(&e->pacing), NULL, err) : 0;
    if (e->opened)
        out_stream_finish(e->stream, e->pacing.next, e->stream->enc->time_base);
    e->stream->finished = true;
    return code;
}

int encoder_flush(struct encoder *e, struct vid_error *err)
{
    int code = e->opened ? out_stream_encode(e->stream, NULL, note_quality, e, err) : 0;
    return code == VID_EOF ? 0 : code;
}
