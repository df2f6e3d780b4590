#include "media/encoder.h"

#include "base/log.h"
#include "media/catalog.h"
#include "media/stand_in.h"

#include <libavfilter/avfilter.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include <errno.h>
#include <math.h>

static AVRational rational(const int pair[2])
{
    return (AVRational){pair[0], pair[1]};
}

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

static int choose_time_base(struct encoder *e, struct vid_error *err)
{
    AVRational *tb = &e->time_base;
    int code = out_stream_time_base(e->stream, av_inv_q(e->frame_rate), tb, err);
    if (code >= 0 && !(tb->num && tb->den))
        *tb = rational(e->video.time_base);
    return code;
}

/* What a plugin's filter does nobody knows. */
static bool keeps_samples(const AVFilterContext *filter)
{
    return filter->filter->flags & AVFILTER_FLAG_METADATA_ONLY && !stand_in_read(filter, NULL);
}

/* Do all filters of the graph text leave the samples as they are? */
static bool text_keeps_samples(const char *text)
{
    AVFilterInOut *inputs = NULL, *outputs = NULL;
    AVFilterGraph *graph = avfilter_graph_alloc();
    bool kept = graph && graph_parse(text, graph, &inputs, &outputs, NULL) >= 0;
    for (unsigned i = 0; kept && i < graph->nb_filters; i++)
        kept = keeps_samples(graph->filters[i]);
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

static enum AVFieldOrder field_order(const AVFrame *frame, enum AVCodecID codec)
{
    if (!frame->interlaced_frame)
        return AV_FIELD_PROGRESSIVE;
    if (codec == AV_CODEC_ID_MJPEG)
        return frame->top_field_first ? AV_FIELD_TT : AV_FIELD_BB;
    return frame->top_field_first ? AV_FIELD_TB : AV_FIELD_BT;
}

/* What later sessions cannot see any more. Without a picture it is what libavcodec begins with. */
static struct part_look look_at(const struct encoder *e, const AVFrame *first)
{
    const AVCodecContext *enc = e->stream->enc;
    struct part_look look = {.range = enc->color_range,
                             .primaries = enc->color_primaries,
                             .transfer = enc->color_trc,
                             .matrix = enc->colorspace,
                             .chroma = enc->chroma_sample_location,
                             .fields = enc->field_order,
                             .raw_bits = enc->bits_per_raw_sample};
    if (samples_are_the_decoders(e))
        look.raw_bits = FFMIN(e->stream->in->decoder_ctx->bits_per_raw_sample,
                              av_pix_fmt_desc_get(e->video.format)->comp[0].depth);
    if (!first)
        return look;
    look.range = first->color_range;
    look.primaries = first->color_primaries;
    look.transfer = first->color_trc;
    look.matrix = first->colorspace;
    look.chroma = first->chroma_location;
    look.fields = field_order(first, enc->codec->id);
    return look;
}

/* The same for every session. */
static void prepare(const struct encoder *e)
{
    AVCodecContext *enc = e->stream->enc;
    enc->framerate = e->frame_rate;
    enc->time_base = e->time_base;
    enc->width = e->video.width;
    enc->height = e->video.height;
    enc->pix_fmt = e->video.format;
    enc->sample_aspect_ratio = e->aspect.num ? av_mul_q(e->aspect, (AVRational){enc->height, enc->width})
                                             : rational(e->video.aspect);
    enc->color_range = e->look.range;
    enc->color_primaries = e->look.primaries;
    enc->color_trc = e->look.transfer;
    enc->colorspace = e->look.matrix;
    enc->chroma_sample_location = e->look.chroma;
    enc->field_order = e->look.fields;
    enc->bits_per_raw_sample = e->look.raw_bits;
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

static int settle(struct encoder *e, struct vid_error *err)
{
    int code = out_stream_set_encoder_tag(e->stream, err);
    if (code < 0)
        return code;
    settle_frame_rate(e);
    code = choose_time_base(e, err);
    if (code < 0)
        return code;
    e->stream->st->avg_frame_rate = e->frame_rate;
    if (av_q2d(e->time_base) < 0.001 && e->constant)
        log_warn("the frame rate is very high for a constant one; consider -r or -fps_mode vfr");
    if (e->constant)
        e->stream->out->frame_rate = e->frame_rate;
    return keyframes_parse(e->keyframe_text, e->stream->mux->ctx, e->time_base, &e->keyframes, err);
}

static int open_first(struct encoder *e, struct vid_error *err)
{
    int code = settle(e, err);
    if (code < 0)
        return code;
    prepare(e);
    e->stream->st->sample_aspect_ratio = e->stream->enc->sample_aspect_ratio;
    e->opened = true;
    int opened = out_stream_open_encoder(e->stream, err);
    e->time_base = e->stream->enc->time_base; /* an encoder may choose another */
    return opened;
}

int encoder_open(struct encoder *e, const AVFrame *first, struct vid_error *err)
{
    e->look = look_at(e, first);
    return open_first(e, err);
}

int encoder_open_again(struct encoder *e, const struct part_look *look, struct vid_error *err)
{
    e->look = *look;
    return open_first(e, err);
}

int encoder_open_session(struct encoder *e, struct vid_error *err)
{
    int code = out_stream_make_context(e->stream, err);
    if (code < 0)
        return code;
    prepare(e);
    return out_stream_open_session(e->stream, err);
}
