#include "media/out_stream.h"

#include "media/log.h"

#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/parseutils.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *out_stream_name(const struct out_stream *stream, char *buf, size_t size)
{
    snprintf(buf, size, "output stream 0:%d (%s)", stream->index,
             av_get_media_type_string(out_stream_type(stream)));
    return buf;
}

const char *out_stream_option(const struct out_stream *stream, const char *name)
{
    return stream_option_find(&stream->options->out.streams, name, stream->mux->ctx, stream->st);
}

int out_stream_time_base(const struct out_stream *stream, AVRational otherwise, AVRational *out,
                         struct vid_error *err)
{
    const char *text = out_stream_option(stream, "enc_time_base");
    AVRational given = {0, 1};
    if (text && (av_parse_ratio(&given, text, INT_MAX, 0, NULL) < 0 || given.den <= 0))
        return vid_fail(err, -EINVAL, "-enc_time_base: '%s' is not a time base", text);
    *out = given.num > 0 ? given : given.num < 0 ? stream->in->st->time_base : otherwise;
    return 0;
}

void out_stream_finish(struct out_stream *stream, int64_t time, AVRational time_base)
{
    if (stream->options->out.shortest)
        stream->times->length = FFMIN(stream->times->length, av_rescale_q(time, time_base, AV_TIME_BASE_Q));
    stream->finished = true;
}

bool out_stream_past_end(struct out_stream *stream, int64_t time, AVRational time_base)
{
    if (stream->times->length == INT64_MAX ||
        av_compare_ts(time, time_base, stream->times->length, AV_TIME_BASE_Q) < 0)
        return false;
    out_stream_finish(stream, time, time_base);
    return true;
}

static AVCodecContext *second_context(const struct source_stream *in)
{
    AVCodecContext *ctx = avcodec_alloc_context3(in->decoder);
    if (ctx && avcodec_parameters_to_context(ctx, in->st->codecpar) < 0)
        avcodec_free_context(&ctx);
    return ctx;
}

int out_stream_open_decoder(struct out_stream *stream, const AVDictionary *defaults, AVCodecContext **dec,
                            bool *own, struct vid_error *err)
{
    struct source_stream *in = stream->in;
    AVDictionary *opts = NULL;
    if (!in->decoder || !in->decoder_ctx)
        return vid_fail(
            err, AVERROR_DECODER_NOT_FOUND,
            "stream 0:%d (%s) cannot be decoded: there is no decoder for it; copy it with -c copy or drop "
            "it with -map -0:%d",
            in->index, avcodec_get_name(in->st->codecpar->codec_id), in->index);
    *own = avcodec_is_open(in->decoder_ctx);
    *dec = *own ? second_context(in) : in->decoder_ctx;
    if (!*dec)
        return vid_fail(err, -ENOMEM, "no memory for a decoder");
    (*dec)->pkt_timebase = in->st->time_base;
    if ((*dec)->codec_type == AVMEDIA_TYPE_AUDIO && (*dec)->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&(*dec)->ch_layout, (*dec)->ch_layout.nb_channels);
    av_dict_copy(&opts, in->decoder_opts, 0);
    av_dict_copy(&opts, defaults, AV_DICT_DONT_OVERWRITE);
    av_dict_set(&opts, "threads", "auto", AV_DICT_DONT_OVERWRITE);
    media_log_reset();
    int code = avcodec_open2(*dec, in->decoder, &opts);
    av_dict_free(&opts);
    return code < 0
               ? media_fail(err, code, "cannot open decoder %s of stream 0:%d", in->decoder->name, in->index)
               : 0;
}

static bool flag_given(void *object, const AVDictionary *options, const char *name, int before, int flag)
{
    const AVDictionaryEntry *entry = av_dict_get(options, name, NULL, 0);
    const AVOption *option = entry ? av_opt_find(object, name, NULL, 0, 0) : NULL;
    if (option)
        av_opt_eval_flags(object, option, entry->value, &before);
    return before & flag;
}

int out_stream_set_encoder_tag(struct out_stream *stream, struct vid_error *err)
{
    if (av_dict_get(stream->st->metadata, "encoder", NULL, 0))
        return 0;
    bool exact =
        flag_given(stream->mux->ctx, stream->mux->opts, "fflags", 0, AVFMT_FLAG_BITEXACT) ||
        flag_given(stream->enc, stream->codec_opts, "flags", stream->enc->flags, AV_CODEC_FLAG_BITEXACT);
    char *tag = av_asprintf("%s %s", exact ? "Lavc" : LIBAVCODEC_IDENT, stream->codec->name);
    int code =
        tag ? av_dict_set(&stream->st->metadata, "encoder", tag, AV_DICT_DONT_STRDUP_VAL) : AVERROR(ENOMEM);
    return code < 0 ? media_fail(err, code, "cannot set the encoder tag") : 0;
}

static int fail_open(const struct out_stream *stream, int code, struct vid_error *err)
{
    char name[80], why[600];
    out_stream_name(stream, name, sizeof(name));
    if (code == AVERROR_EXPERIMENTAL)
        return vid_fail(err, code, "encoder %s is experimental; add -strict experimental to use it",
                        stream->codec->name);
    if (media_log_errors(why, sizeof(why)) > 0)
        return vid_fail(err, code, "cannot open encoder %s for %s: %s", stream->codec->name, name, why);
    return media_fail(err, code, "cannot open encoder %s for %s", stream->codec->name, name);
}

int out_stream_make_context(struct out_stream *stream, struct vid_error *err)
{
    const char *quality = out_stream_option(stream, "q");
    const AVFormatContext *ctx = stream->mux->ctx;
    stream->enc = avcodec_alloc_context3(stream->codec);
    if (!stream->enc)
        return vid_fail(err, -ENOMEM, "no memory for encoder %s", stream->codec->name);
    stream->enc->codec_type = out_stream_type(stream);
    stream->enc->codec_tag = stream->tag;
    if (stream->options->out.bitexact)
        stream->enc->flags |= AV_CODEC_FLAG_BITEXACT;
    if (ctx->oformat->flags & AVFMT_GLOBALHEADER)
        stream->enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (quality && atof(quality) >= 0) {
        stream->enc->flags |= AV_CODEC_FLAG_QSCALE;
        stream->enc->global_quality = (int)(FF_QP2LAMBDA * atof(quality));
    }
    return 0;
}

static int check_used(const struct out_stream *stream, const AVDictionary *left, struct vid_error *err)
{
    const AVDictionaryEntry *entry = av_dict_get(left, "", NULL, AV_DICT_IGNORE_SUFFIX);
    return entry ? vid_fail(err, AVERROR_OPTION_NOT_FOUND, "the option -%s is not one of encoder %s",
                            entry->key, stream->codec->name)
                 : 0;
}

int out_stream_open_session(struct out_stream *stream, struct vid_error *err)
{
    AVDictionary *opts = NULL;
    int code = av_dict_copy(&opts, stream->codec_opts, 0);
    if (code >= 0)
        code = av_dict_set(&opts, "threads", "auto", AV_DICT_DONT_OVERWRITE);
    media_log_reset();
    if (code >= 0)
        code = avcodec_open2(stream->enc, stream->codec, &opts);
    code = code < 0 ? fail_open(stream, code, err) : check_used(stream, opts, err);
    av_dict_free(&opts);
    return code;
}

static int open_codec(struct out_stream *stream, struct vid_error *err)
{
    int code = out_stream_open_session(stream, err);
    if (code >= 0 && stream->enc->bit_rate && stream->enc->bit_rate < 1000 &&
        stream->enc->codec_id != AV_CODEC_ID_CODEC2)
        log_warn("the bitrate is set to %" PRId64 " bit/s; it is in bits, not in kilobits (write 128k)",
                 stream->enc->bit_rate);
    return code;
}

static uint8_t *copy_side_data(AVStream *st, enum AVPacketSideDataType type, const uint8_t *data, size_t size)
{
    uint8_t *copy = av_stream_new_side_data(st, type, size);
    if (copy)
        memcpy(copy, data, size);
    return copy;
}

/* What the encoder made, then what the input's stream says of itself. A rotation that was applied to the
 * pictures is told as none. */
static int add_side_data(struct out_stream *stream)
{
    for (int i = 0; i < stream->enc->nb_coded_side_data; i++) {
        const AVPacketSideData *sd = &stream->enc->coded_side_data[i];
        if (!copy_side_data(stream->st, sd->type, sd->data, sd->size))
            return AVERROR(ENOMEM);
    }
    for (int i = 0; i < stream->in->st->nb_side_data; i++) {
        const AVPacketSideData *sd = &stream->in->st->side_data[i];
        if (sd->type == AV_PKT_DATA_CPB_PROPERTIES)
            continue;
        uint8_t *copy = copy_side_data(stream->st, sd->type, sd->data, sd->size);
        if (!copy)
            return AVERROR(ENOMEM);
        if (stream->in->autorotate && sd->type == AV_PKT_DATA_DISPLAYMATRIX)
            av_display_rotation_set((int32_t *)copy, 0);
    }
    return 0;
}

int out_stream_open_encoder(struct out_stream *stream, struct vid_error *err)
{
    AVStream *st = stream->st;
    int code = open_codec(stream, err);
    if (code < 0)
        return code;
    code = avcodec_parameters_from_context(st->codecpar, stream->enc);
    if (code >= 0)
        code = add_side_data(stream);
    if (code < 0)
        return media_fail(err, code, "cannot describe output stream 0:%d", stream->index);

    if (st->time_base.num <= 0 || st->time_base.den <= 0)
        st->time_base = av_add_q(stream->enc->time_base, (AVRational){0, 1});
    if (st->duration <= 0 && stream->in->st->duration > 0)
        st->duration = av_rescale_q(stream->in->st->duration, stream->in->st->time_base, st->time_base);
    stream->out->time_base = stream->enc->time_base;
    return mux_ready(stream->mux, stream->index, err);
}

int out_stream_write(struct out_stream *stream, AVPacket *packet, struct vid_error *err)
{
    av_packet_rescale_ts(packet, stream->enc->time_base, stream->out->time_base);
    return mux_write(stream->mux, stream->index, packet, err);
}

static int take_packets(struct out_stream *stream, AVPacket *packet, packet_taker take, void *opaque,
                        struct vid_error *err)
{
    for (;;) {
        int code = avcodec_receive_packet(stream->enc, packet);
        if ((code >= 0 || code == AVERROR_EOF) && stream->pass_log && stream->enc->stats_out)
            fputs(stream->enc->stats_out, stream->pass_log);
        if (code == AVERROR(EAGAIN))
            return 0;
        if (code == AVERROR_EOF) {
            code = mux_write(stream->mux, stream->index, NULL, err);
            return code < 0 ? code : VID_EOF;
        }
        if (code < 0)
            return media_fail(err, code, "encoder %s of output stream 0:%d failed", stream->codec->name,
                              stream->index);
        code = take ? take(opaque, packet, err) : out_stream_write(stream, packet, err);
        if (code < 0)
            return code;
    }
}

int out_stream_encode(struct out_stream *stream, AVFrame *frame, packet_taker take, void *opaque,
                      struct vid_error *err)
{
    media_log_reset();
    int code = avcodec_send_frame(stream->enc, frame);
    if (code < 0 && !(code == AVERROR_EOF && !frame))
        return media_fail(err, code, "encoder %s of output stream 0:%d refuses a frame", stream->codec->name,
                          stream->index);
    AVPacket *packet = av_packet_alloc();
    if (!packet)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    code = take_packets(stream, packet, take, opaque, err);
    av_packet_free(&packet);
    return code;
}
