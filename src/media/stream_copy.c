#include "media/stream_copy.h"

#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/parseutils.h>

#include <errno.h>
#include <string.h>

/* The input's parameters, with the codec options that the user gave on top. */
static int parameters_with_options(struct out_stream *stream, AVCodecParameters *par)
{
    AVCodecContext *ctx = avcodec_alloc_context3(NULL);
    if (!ctx)
        return AVERROR(ENOMEM);
    int code = avcodec_parameters_to_context(ctx, stream->in->st->codecpar);
    if (code >= 0)
        code = av_opt_set_dict(ctx, &stream->codec_opts);
    if (code >= 0)
        code = avcodec_parameters_from_context(par, ctx);
    avcodec_free_context(&ctx);
    return code;
}

/* The input's tag stays when the container knows it for this codec or knows none. */
static uint32_t choose_tag(const AVOutputFormat *format, const AVCodecParameters *par, uint32_t wanted)
{
    unsigned known;
    if (wanted)
        return wanted;
    if (!format->codec_tag || av_codec_get_id(format->codec_tag, par->codec_tag) == par->codec_id ||
        !av_codec_get_tag2(format->codec_tag, par->codec_id, &known))
        return par->codec_tag;
    return 0;
}

static int copy_timing(struct out_stream *stream, AVRational frame_rate)
{
    AVStream *to = stream->st, *from = stream->in->st;
    to->avg_frame_rate = frame_rate.num ? frame_rate : from->avg_frame_rate;
    int code =
        avformat_transfer_internal_stream_timing_info(stream->mux->ctx->oformat, to, from, AVFMT_TBCF_AUTO);
    if (code < 0)
        return code;
    if (to->time_base.num <= 0 || to->time_base.den <= 0)
        to->time_base = frame_rate.num ? av_inv_q(frame_rate)
                                       : av_add_q(av_stream_get_codec_timebase(to), (AVRational){0, 1});
    if (to->duration <= 0 && from->duration > 0)
        to->duration = av_rescale_q(from->duration, from->time_base, to->time_base);
    return 0;
}

static int copy_all_side_data(AVStream *to, const AVStream *from)
{
    for (int i = 0; i < from->nb_side_data; i++) {
        const AVPacketSideData *sd = &from->side_data[i];
        uint8_t *copy = av_stream_new_side_data(to, sd->type, sd->size);
        if (!copy)
            return AVERROR(ENOMEM);
        memcpy(copy, sd->data, sd->size);
    }
    return 0;
}

/* -metadata:s:v rotate=90 on a copy. */
static int set_rotation(struct out_stream *stream)
{
    if (!stream->rotated)
        return 0;
    uint8_t *matrix = av_stream_new_side_data(stream->st, AV_PKT_DATA_DISPLAYMATRIX, sizeof(int32_t) * 9);
    if (!matrix)
        return AVERROR(ENOMEM);
    av_display_rotation_set((int32_t *)matrix, -stream->rotation);
    return 0;
}

static void adjust_audio(AVCodecParameters *par)
{
    bool odd = par->block_align == 1 || par->block_align == 1152 || par->block_align == 576;
    if ((par->codec_id == AV_CODEC_ID_MP3 && odd) || par->codec_id == AV_CODEC_ID_AC3)
        par->block_align = 0;
}

static void adjust_video(struct out_stream *stream, AVCodecParameters *par)
{
    AVStream *to = stream->st, *from = stream->in->st;
    const char *aspect = out_stream_option(stream, "aspect");
    AVRational sar = from->sample_aspect_ratio.num ? from->sample_aspect_ratio : par->sample_aspect_ratio;
    AVRational display;
    if (aspect && av_parse_ratio(&display, aspect, 255, 0, NULL) >= 0)
        sar = av_mul_q(display, (AVRational){par->height, par->width});
    to->sample_aspect_ratio = par->sample_aspect_ratio = sar;
    to->avg_frame_rate = from->avg_frame_rate;
    to->r_frame_rate = from->r_frame_rate;
}

static AVRational wanted_rate(const struct out_stream *stream)
{
    AVRational rate = stream->in->frame_rate;
    const char *text = out_stream_option(stream, "r");
    if (text)
        av_parse_video_rate(&rate, text);
    return rate;
}

int stream_copy_open(struct out_stream *stream, struct vid_error *err)
{
    AVCodecParameters *par = stream->st->codecpar;
    enum AVMediaType type = out_stream_type(stream);
    uint32_t wanted = stream->tag;

    int code = parameters_with_options(stream, par);
    if (code >= 0) {
        par->codec_tag = choose_tag(stream->mux->ctx->oformat, par, wanted);
        code = copy_timing(stream, type == AVMEDIA_TYPE_VIDEO ? wanted_rate(stream) : (AVRational){0, 1});
    }
    if (code >= 0)
        code = copy_all_side_data(stream->st, stream->in->st);
    if (code >= 0)
        code = set_rotation(stream);
    if (code < 0)
        return media_fail(err, code, "cannot copy stream 0:%d", stream->in->index);

    if (type == AVMEDIA_TYPE_AUDIO)
        adjust_audio(par);
    if (type == AVMEDIA_TYPE_VIDEO)
        adjust_video(stream, par);
    stream->out->time_base = stream->in->st->time_base;
    return mux_ready(stream->mux, stream->index, err);
}

static bool is_past_end(const struct out_stream *stream, const struct read_clock *clock,
                        const struct source_times *input)
{
    int64_t start = stream->times->start == AV_NOPTS_VALUE ? 0 : stream->times->start;
    if (stream->times->length != INT64_MAX && clock->pts >= stream->times->length + start)
        return true;
    if (input->recording_time == INT64_MAX)
        return false;
    int64_t end = input->recording_time;
    if (input->copy_ts) {
        end += input->start_time != AV_NOPTS_VALUE ? input->start_time : 0;
        end += input->start_at_zero ? 0 : input->start_time_effective;
    }
    return clock->pts >= end;
}

static void restamp(struct out_stream *stream, AVPacket *packet, const AVPacket *from,
                    const struct read_clock *clock)
{
    AVRational in = stream->in->st->time_base, out = stream->out->time_base;
    const AVCodecParameters *par = stream->in->st->codecpar;
    int64_t start = stream->times->start == AV_NOPTS_VALUE ? 0 : stream->times->start;
    int64_t shift = av_rescale_q(start, AV_TIME_BASE_Q, out);

    if (from->pts != AV_NOPTS_VALUE)
        packet->pts = av_rescale_q(from->pts, in, out) - shift;
    if (from->dts == AV_NOPTS_VALUE) {
        packet->dts = av_rescale_q(clock->dts, AV_TIME_BASE_Q, out);
    } else if (out_stream_type(stream) == AVMEDIA_TYPE_AUDIO) {
        int samples = av_get_audio_frame_duration2((AVCodecParameters *)par, from->size);
        packet->dts =
            av_rescale_delta(in, from->dts, (AVRational){1, par->sample_rate},
                             samples ? samples : par->frame_size, &stream->in->rescale_delta_last, out);
        packet->pts = packet->dts - shift;
    } else {
        packet->dts = av_rescale_q(from->dts, in, out);
    }
    packet->dts -= shift;
    packet->duration = av_rescale_q(from->duration, in, out);
}

int stream_copy_packet(struct out_stream *stream, const AVPacket *packet, const struct read_clock *clock,
                       const struct source_times *input, struct vid_error *err)
{
    if (!packet) {
        out_stream_finish(stream, stream->copied, stream->out->time_base);
        return mux_write(stream->mux, stream->index, NULL, err);
    }
    if (stream->times->start != AV_NOPTS_VALUE && clock->pts < stream->times->start)
        return 0;
    if (!stream->started && !(packet->flags & AV_PKT_FLAG_KEY))
        return 0;
    if (is_past_end(stream, clock, input)) {
        out_stream_finish(stream, stream->copied, stream->out->time_base);
        return 0;
    }
    AVPacket *copy = av_packet_clone(packet);
    if (!copy)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    restamp(stream, copy, packet, clock);
    stream->copied += copy->duration;
    int code = mux_write(stream->mux, stream->index, copy, err);
    av_packet_free(&copy);
    stream->started = true;
    return code;
}
