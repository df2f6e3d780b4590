#include "media/source_private.h"

#include "base/log.h"

#include <libavutil/mathematics.h>

/* In seconds, as ffmpeg's -dts_delta_threshold and -dts_error_threshold. */
#define DELTA_THRESHOLD (INT64_C(10) * AV_TIME_BASE)
#define ERROR_THRESHOLD (INT64_C(3600) * 30 * AV_TIME_BASE)

static const AVRational micro = {1, AV_TIME_BASE};

static int64_t to_micro(int64_t ts, const struct source_stream *stream)
{
    return av_rescale_q_rnd(ts, stream->st->time_base, micro, AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX);
}

static int64_t from_micro(int64_t ts, const struct source_stream *stream)
{
    return av_rescale_q(ts, micro, stream->st->time_base);
}

static bool beyond(int64_t delta, int64_t threshold)
{
    return delta < -threshold || delta > threshold;
}

static void shift(AVPacket *packet, int64_t by)
{
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts += by;
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts += by;
}

static bool has_discontinuities(const struct media_source *source)
{
    return source->format->iformat->flags & AVFMT_TS_DISCONT;
}

/* The container's start may be that of a stream that nobody reads: then the offset is too small. */
static void correct_start(struct media_source *source, const struct source_stream *stream)
{
    AVFormatContext *format = source->format;
    int64_t start = INT64_MAX;

    if (stream->next_dts != AV_NOPTS_VALUE || source->ts_offset != -format->start_time ||
        !has_discontinuities(source))
        return;
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVStream *st = format->streams[i];

        if (st->discard != AVDISCARD_ALL && st->start_time != AV_NOPTS_VALUE)
            start = FFMIN(start, av_rescale_q(st->start_time, st->time_base, micro));
    }
    if (start > format->start_time)
        source->ts_offset = -start;
}

static bool unwrap(int64_t *ts, int64_t start, int bits)
{
    if (*ts == AV_NOPTS_VALUE || *ts <= start + (INT64_C(1) << (bits - 1)))
        return false;
    *ts -= (int64_t)(UINT64_C(1) << bits);
    return true;
}

/* Timestamps just before a wrap belong before the start. */
static void correct_wrap(struct media_source *source, struct source_stream *stream, AVPacket *packet)
{
    int bits = stream->st->pts_wrap_bits;
    int64_t start;

    if (stream->wrap_correction_done || source->format->start_time == AV_NOPTS_VALUE || bits >= 64)
        return;
    correct_start(source, stream);
    start = from_micro(source->format->start_time, stream);
    stream->wrap_correction_done = true;
    if (bits < 1 || (int64_t)((uint64_t)start + (UINT64_C(1) << bits)) <= start)
        return;
    if (unwrap(&packet->dts, start, bits))
        stream->wrap_correction_done = false;
    if (unwrap(&packet->pts, start, bits))
        stream->wrap_correction_done = false;
}

static void add_stream_side_data(const struct source_stream *stream, AVPacket *packet)
{
    for (int i = 0; i < stream->st->nb_side_data; i++) {
        const AVPacketSideData *from = &stream->st->side_data[i];
        uint8_t *to;

        if (from->type == AV_PKT_DATA_DISPLAYMATRIX || av_packet_get_side_data(packet, from->type, NULL))
            continue;
        if ((to = av_packet_new_side_data(packet, from->type, from->size)))
            memcpy(to, from->data, from->size);
    }
}

static void move_offset(struct media_source *source, const struct source_stream *stream, AVPacket *packet,
                        int64_t delta)
{
    source->ts_offset -= delta;
    log_debug("stream #0:%d: timestamps jump by %" PRId64 " us", stream->index, delta);
    shift(packet, -from_micro(delta, stream));
}

static bool is_timed(const struct source_stream *stream)
{
    enum AVMediaType type = stream->st->codecpar->codec_type;

    return type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO;
}

/* The first packet of a stream against the last one of any stream. */
static void correct_between_streams(struct media_source *source, struct source_stream *stream,
                                    AVPacket *packet)
{
    int64_t delta;

    if (!is_timed(stream) || packet->dts == AV_NOPTS_VALUE || stream->next_dts != AV_NOPTS_VALUE ||
        source->copy_ts || !has_discontinuities(source) || source->last_ts == AV_NOPTS_VALUE)
        return;
    delta = to_micro(packet->dts, stream) - source->last_ts;
    if (beyond(delta, DELTA_THRESHOLD))
        move_offset(source, stream, packet, delta);
}

/* With -copyts jumps stay, but a wrap is followed. */
static bool corrections_are_off(const struct media_source *source, const struct source_stream *stream,
                                const AVPacket *packet)
{
    int64_t dts, wrapped;
    int bits = stream->st->pts_wrap_bits;

    if (!source->copy_ts)
        return false;
    if (!has_discontinuities(source) || bits >= 60)
        return true;
    dts = to_micro(packet->dts, stream);
    wrapped = to_micro(packet->dts + (INT64_C(1) << bits), stream);
    return llabs(wrapped - stream->next_dts) >= llabs(dts - stream->next_dts) / 10;
}

/* A timestamp that is a day off is wrong: the packet goes on without it. */
static void drop_wrong_times(struct source_stream *stream, AVPacket *packet)
{
    if (beyond(to_micro(packet->dts, stream) - stream->next_dts, ERROR_THRESHOLD)) {
        log_warn("DTS %" PRId64 ", next:%" PRId64 " st:%d invalid dropping", packet->dts, stream->next_dts,
                 stream->index);
        packet->dts = AV_NOPTS_VALUE;
    }
    if (packet->pts != AV_NOPTS_VALUE &&
        beyond(av_rescale_q(packet->pts, stream->st->time_base, micro) - stream->next_dts, ERROR_THRESHOLD)) {
        log_warn("PTS %" PRId64 ", next:%" PRId64 " invalid dropping st:%d", packet->pts, stream->next_dts,
                 stream->index);
        packet->pts = AV_NOPTS_VALUE;
    }
}

/* A packet against its own stream's clock. */
static void correct_jump(struct media_source *source, struct source_stream *stream, AVPacket *packet)
{
    int64_t dts, delta;

    if (!is_timed(stream) || packet->dts == AV_NOPTS_VALUE || stream->next_dts == AV_NOPTS_VALUE ||
        corrections_are_off(source, stream, packet))
        return;
    if (!has_discontinuities(source)) {
        drop_wrong_times(stream, packet);
        return;
    }
    dts = to_micro(packet->dts, stream);
    delta = dts - stream->next_dts;
    if (beyond(delta, DELTA_THRESHOLD) || dts + AV_TIME_BASE / 10 < FFMAX(stream->pts, stream->dts))
        move_offset(source, stream, packet, delta);
}

void source_correct_packet(struct media_source *source, struct source_stream *stream, AVPacket *packet)
{
    correct_wrap(source, stream, packet);
    if (stream->packets == 1)
        add_stream_side_data(stream, packet);
    shift(packet, from_micro(source->ts_offset, stream));
    if (packet->pts != AV_NOPTS_VALUE)
        packet->pts = (int64_t)((double)packet->pts * stream->ts_scale);
    if (packet->dts != AV_NOPTS_VALUE)
        packet->dts = (int64_t)((double)packet->dts * stream->ts_scale);
    correct_between_streams(source, stream, packet);
    shift(packet, av_rescale_q(source->loop_duration, source->loop_time_base, stream->st->time_base));
    if (packet->pts != AV_NOPTS_VALUE) {
        stream->max_pts = FFMAX(packet->pts, stream->max_pts);
        stream->min_pts = FFMIN(packet->pts, stream->min_pts);
    }
    correct_jump(source, stream, packet);
    if (packet->dts != AV_NOPTS_VALUE)
        source->last_ts = av_rescale_q(packet->dts, stream->st->time_base, micro);
}

static void start_clocks(struct source_stream *stream, const AVPacket *packet, bool decoded)
{
    AVRational rate = stream->st->avg_frame_rate;
    int delay = stream->decoder_ctx ? stream->decoder_ctx->has_b_frames : 0;

    stream->dts = rate.num ? (int64_t)(-delay * AV_TIME_BASE / av_q2d(rate)) : 0;
    stream->pts = 0;
    if (packet && packet->pts != AV_NOPTS_VALUE && !decoded) {
        stream->dts += av_rescale_q(packet->pts, stream->st->time_base, micro);
        stream->pts = stream->dts;
    }
    stream->first_dts = stream->dts;
    stream->saw_first_ts = true;
}

void source_begin_packet(struct source_stream *stream, const AVPacket *packet, bool decoded)
{
    if (!stream->saw_first_ts)
        start_clocks(stream, packet, decoded);
    if (stream->next_dts == AV_NOPTS_VALUE)
        stream->next_dts = stream->dts;
    if (stream->next_pts == AV_NOPTS_VALUE)
        stream->next_pts = stream->pts;
    if (!packet || packet->dts == AV_NOPTS_VALUE)
        return;
    stream->next_dts = stream->dts = av_rescale_q(packet->dts, stream->st->time_base, micro);
    if (stream->st->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || !decoded)
        stream->next_pts = stream->pts = stream->dts;
}

int64_t source_frame_duration(const struct source_stream *stream)
{
    const AVCodecContext *ctx = stream->decoder_ctx;
    const struct AVCodecParserContext *parser = av_stream_get_parser(stream->st);
    int ticks;

    if (!ctx || !ctx->framerate.num || !ctx->framerate.den)
        return 0;
    ticks = parser ? parser->repeat_pict + 1 : ctx->ticks_per_frame;
    return (int64_t)AV_TIME_BASE * ctx->framerate.den * ticks / ctx->framerate.num / ctx->ticks_per_frame;
}

static void skip_video(struct source_stream *stream, const AVPacket *packet)
{
    if (stream->frame_rate.num) {
        AVRational step = av_inv_q(stream->frame_rate);

        stream->next_dts = av_rescale_q(av_rescale_q(stream->next_dts, micro, step) + 1, step, micro);
    } else if (packet->duration) {
        stream->next_dts += av_rescale_q(packet->duration, stream->st->time_base, micro);
    } else {
        stream->next_dts += source_frame_duration(stream);
    }
}

static void skip_audio(struct source_stream *stream, const AVPacket *packet)
{
    const AVCodecContext *ctx = stream->decoder_ctx;

    if (ctx && ctx->sample_rate)
        stream->next_dts += (int64_t)AV_TIME_BASE * ctx->frame_size / ctx->sample_rate;
    else
        stream->next_dts += av_rescale_q(packet->duration, stream->st->time_base, micro);
}

void source_skip_packet(struct source_stream *stream, const AVPacket *packet)
{
    stream->dts = stream->next_dts;
    if (stream->st->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
        skip_audio(stream, packet);
    else if (stream->st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
        skip_video(stream, packet);
    stream->pts = stream->dts;
    stream->next_pts = stream->next_dts;
}

/* Length of the stream's last frame, in its time base. */
static int64_t last_frame_length(const struct source_stream *stream, bool by_audio)
{
    AVRational base = stream->st->time_base;

    if (by_audio)
        return av_rescale_q(stream->samples_last, (AVRational){1, stream->decoder_ctx->sample_rate}, base);
    if (stream->frame_rate.num)
        return av_rescale_q(1, av_inv_q(stream->frame_rate), base);
    if (stream->st->avg_frame_rate.num)
        return av_rescale_q(1, av_inv_q(stream->st->avg_frame_rate), base);
    return 1;
}

static void lengthen_loop(struct media_source *source, const struct source_stream *stream, int64_t duration)
{
    AVRational base = stream->st->time_base;

    if (stream->max_pts > stream->min_pts &&
        stream->max_pts - (uint64_t)stream->min_pts < (uint64_t)(INT64_MAX - duration))
        duration += stream->max_pts - stream->min_pts;
    if (!source->loop_duration ||
        av_compare_ts(source->loop_duration, source->loop_time_base, duration, base) < 0) {
        source->loop_duration = duration;
        source->loop_time_base = base;
    }
}

int source_rewind(struct media_source *source)
{
    AVFormatContext *format = source->format;
    bool by_audio = false;
    int rc = avformat_seek_file(format, -1, INT64_MIN, format->start_time, format->start_time, 0);

    if (rc < 0)
        return rc;
    for (int i = 0; i < source->count; i++)
        by_audio |= source->streams[i].samples_last > 0;
    for (int i = 0; i < source->count; i++) {
        const struct source_stream *stream = &source->streams[i];

        if (!by_audio || stream->samples_last > 0)
            lengthen_loop(source, stream, last_frame_length(stream, by_audio));
    }
    if (source->loop > 0)
        source->loop--;
    return 0;
}
