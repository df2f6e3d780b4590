#include "media/subtitle.h"

#include "base/log.h"
#include "media/log.h"

#include <libavutil/parseutils.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LIMIT (1024 * 1024)

struct subtitle {
    struct out_stream *stream;
    AVCodecContext *dec;
    bool own_dec; /* else it is the source's */
    int64_t last; /* pts of the last one, AV_TIME_BASE */
};

static int kind(enum AVCodecID id)
{
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(id);
    return descriptor ? descriptor->props & (AV_CODEC_PROP_TEXT_SUB | AV_CODEC_PROP_BITMAP_SUB) : 0;
}

static int check_kinds(const struct out_stream *stream, struct vid_error *err)
{
    enum AVCodecID from_id = stream->in->st->codecpar->codec_id;
    int from = kind(from_id), to = kind(stream->codec->id);
    if (!from || !to || from == to)
        return 0;
    return vid_fail(
        err, AVERROR_INVALIDDATA,
        "stream 0:%d (%s) cannot become %s: subtitles are converted only from text to text or from bitmap "
        "to bitmap; copy it with -c:s copy or drop it with -sn",
        stream->in->index, avcodec_get_name(from_id), stream->codec->name);
}

static int open_decoder(struct subtitle *s, struct vid_error *err)
{
    AVDictionary *defaults = NULL;
    if (s->stream->in->st->codecpar->codec_id == AV_CODEC_ID_DVB_SUBTITLE)
        av_dict_set(&defaults, "compute_edt", "1", 0);
    int code = out_stream_open_decoder(s->stream, defaults, &s->dec, &s->own_dec, err);
    av_dict_free(&defaults);
    return code;
}

static int copy_header(AVCodecContext *enc, const AVCodecContext *dec)
{
    if (!dec->subtitle_header)
        return 0;
    enc->subtitle_header = av_mallocz((size_t)dec->subtitle_header_size + 1); /* read as a string */
    if (!enc->subtitle_header)
        return AVERROR(ENOMEM);
    memcpy(enc->subtitle_header, dec->subtitle_header, (size_t)dec->subtitle_header_size);
    enc->subtitle_header_size = dec->subtitle_header_size;
    return 0;
}

int subtitle_create(struct out_stream *stream, struct vid_error *err)
{
    AVCodecContext *enc = stream->enc;
    const char *size = out_stream_option(stream, "s");
    struct subtitle *s = calloc(1, sizeof(*s));
    if (!s)
        return vid_fail(err, -ENOMEM, "no memory for subtitles");
    stream->subtitle = s;
    s->stream = stream;
    if (size && av_parse_video_size(&enc->width, &enc->height, size) < 0)
        return vid_fail(err, -EINVAL, "-s %s is not a size", size);
    int code = check_kinds(stream, err);
    return code < 0 ? code : open_decoder(s, err);
}

int subtitle_open(struct subtitle *s, struct vid_error *err)
{
    AVCodecContext *enc = s->stream->enc;
    int code = out_stream_set_encoder_tag(s->stream, err);
    if (code < 0)
        return code;
    enc->time_base = AV_TIME_BASE_Q;
    if (!enc->width) {
        enc->width = s->stream->in->st->codecpar->width;
        enc->height = s->stream->in->st->codecpar->height;
    }
    if (copy_header(enc, s->dec) < 0)
        return vid_fail(err, -ENOMEM, "no memory for a subtitle header");
    return out_stream_open_encoder(s->stream, err);
}

void subtitle_free(struct subtitle **subtitle)
{
    struct subtitle *s = *subtitle;
    if (!s)
        return;
    *subtitle = NULL;
    if (s->own_dec)
        avcodec_free_context(&s->dec);
    free(s);
}

/* The second packet of a DVB subtitle clears it: its end instead of its start, and nothing to show. */
static int encode_one(struct subtitle *s, AVSubtitle *sub, int64_t pts, bool clear, struct vid_error *err)
{
    struct out_stream *stream = s->stream;
    AVRational ms = {1, 1000}, tb = stream->out->time_base;
    AVPacket *packet = av_packet_alloc();
    if (!packet || av_new_packet(packet, SIZE_LIMIT) < 0) {
        av_packet_free(&packet);
        return vid_fail(err, -ENOMEM, "no memory for a subtitle");
    }
    unsigned rects = sub->num_rects;
    sub->pts = pts + av_rescale_q(sub->start_display_time, ms, AV_TIME_BASE_Q);
    sub->end_display_time -= sub->start_display_time;
    sub->start_display_time = 0;
    sub->num_rects = clear ? 0 : rects;
    media_log_reset();
    int size = avcodec_encode_subtitle(stream->enc, packet->data, packet->size, sub);
    sub->num_rects = rects;
    int code;
    if (size < 0) {
        code = media_fail(err, size, "encoder %s of output stream 0:%d failed", stream->codec->name,
                          stream->index);
    } else {
        av_shrink_packet(packet, size);
        packet->pts = av_rescale_q(sub->pts, AV_TIME_BASE_Q, tb);
        packet->duration = av_rescale_q(sub->end_display_time, ms, tb);
        if (clear)
            packet->pts += av_rescale_q(sub->end_display_time, ms, tb);
        packet->dts = packet->pts;
        code = mux_write(stream->mux, stream->index, packet, err);
    }
    av_packet_free(&packet);
    return code;
}

static int encode(struct subtitle *s, AVSubtitle *sub, struct vid_error *err)
{
    struct out_stream *stream = s->stream;
    int packets = stream->codec->id == AV_CODEC_ID_DVB_SUBTITLE ? 2 : 1;
    if (sub->pts == AV_NOPTS_VALUE) {
        log_error("stream 0:%d: a subtitle without a time is left out", stream->in->index);
        return 0;
    }
    int64_t pts = sub->pts - (stream->times->start == AV_NOPTS_VALUE ? 0 : stream->times->start);
    int code = 0;
    s->last = pts;
    for (int i = 0; i < packets && code >= 0; i++) {
        if (out_stream_past_end(stream, pts, AV_TIME_BASE_Q))
            return 0;
        code = encode_one(s, sub, pts, i == 1, err);
    }
    return code;
}

int subtitle_packet(struct subtitle *s, const AVPacket *packet, const struct read_clock *clock,
                    struct vid_error *err)
{
    struct out_stream *stream = s->stream;
    AVSubtitle sub;
    int got = 0;
    AVPacket *copy = packet ? av_packet_clone(packet) : av_packet_alloc();
    if (!copy)
        return vid_fail(err, -ENOMEM, "no memory for a subtitle");
    int code = avcodec_decode_subtitle2(s->dec, &sub, &got, copy);
    av_packet_free(&copy);
    if (!packet)
        out_stream_finish(stream, s->last, AV_TIME_BASE_Q);
    if (code < 0) {
        log_error("error while decoding stream 0:%d: %s", stream->in->index, av_err2str(code));
        return stream->options->exit_on_error
                   ? vid_fail(err, code, "stream 0:%d has a packet that cannot be decoded", stream->in->index)
                   : 0;
    }
    if (!got)
        return 0;
    bool early = stream->times->start != AV_NOPTS_VALUE && clock->next_pts < stream->times->start;
    code = sub.num_rects && !early ? encode(s, &sub, err) : 0;
    avsubtitle_free(&sub);
    return code;
}
