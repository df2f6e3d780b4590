#include "media/audio.h"

#include "base/log.h"
#include "media/audio_graph.h"
#include "media/log.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct audio {
    struct out_stream *stream;
    AVCodecContext *dec;
    bool own_dec; /* else it is the source's */
    AVPacket *packet;
    AVFrame *decoded, *filtered;
    AVDictionary *swr_opts;

    struct audio_graph graph;
    struct audio_graph_options options;
    struct audio_wish wish;
    struct audio_form form; /* of what comes from the decoder */
    bool formed, opened;
    int64_t next; /* pts of the next frame for the encoder */

    /* the decoder's clock, AV_TIME_BASE */
    int64_t dts, next_dts, pts, next_pts;
    int64_t packet_pts;                      /* input's time base */
    int64_t own_rescale_last, *rescale_last; /* the input's, which its copies use too, or one of our own */
};

/* ---- opening ---- */

static int read_layout(struct audio *a, struct vid_error *err)
{
    AVCodecContext *enc = a->stream->enc;
    const char *channels = out_stream_option(a->stream, "ac");
    const char *layout = out_stream_option(a->stream, "channel_layout");
    if (channels && atoi(channels)) {
        enc->ch_layout.order = AV_CHANNEL_ORDER_UNSPEC;
        enc->ch_layout.nb_channels = atoi(channels);
    }
    if (layout && av_channel_layout_from_string(&enc->ch_layout, layout) < 0)
        return vid_fail(err, -EINVAL, "-channel_layout %s: there is no such layout", layout);
    return 0;
}

static int read_format(struct audio *a, struct vid_error *err)
{
    AVCodecContext *enc = a->stream->enc;
    const char *format = out_stream_option(a->stream, "sample_fmt");
    const char *rate = out_stream_option(a->stream, "ar");
    if (format && (enc->sample_fmt = av_get_sample_fmt(format)) == AV_SAMPLE_FMT_NONE)
        return vid_fail(err, -EINVAL, "-sample_fmt %s: there is no such sample format", format);
    if (rate)
        enc->sample_rate = atoi(rate);
    return 0;
}

/* The layout for -ac N: the encoder's first one of N channels, else the usual one. */
static int wish_layout(struct audio *a)
{
    const AVChannelLayout *wanted = &a->stream->enc->ch_layout, *p = a->stream->codec->ch_layouts;
    if (wanted->order != AV_CHANNEL_ORDER_UNSPEC)
        return av_channel_layout_copy(&a->wish.layout, wanted);
    for (; p && p->nb_channels; p++)
        if (p->nb_channels == wanted->nb_channels)
            return av_channel_layout_copy(&a->wish.layout, p);
    av_channel_layout_default(&a->wish.layout, wanted->nb_channels);
    return 0;
}

static int fill_wish(struct audio *a)
{
    const AVCodecContext *enc = a->stream->enc;
    const AVCodec *codec = a->stream->codec;
    a->wish.format = enc->sample_fmt;
    a->wish.formats = codec->sample_fmts;
    a->wish.rate = enc->sample_rate;
    a->wish.rates = codec->supported_samplerates;
    if (enc->ch_layout.nb_channels)
        return wish_layout(a);
    a->wish.layouts = codec->ch_layouts;
    return 0;
}

static bool has_video(const AVFormatContext *output)
{
    for (unsigned i = 0; i < output->nb_streams; i++)
        if (output->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
            return true;
    return false;
}

static void fill_graph_options(struct audio *a, const struct source_times *input)
{
    const struct out_stream *stream = a->stream;
    const struct media_options *options = stream->options;
    const AVDictionaryEntry *threads = av_dict_get(stream->codec_opts, "threads", NULL, 0);
    bool accurate = options->in.accurate_seek && input->start_time != AV_NOPTS_VALUE;
    int64_t start = 0;
    if (input->copy_ts) {
        start = input->start_time == AV_NOPTS_VALUE ? 0 : input->start_time;
        start += input->start_at_zero || input->start_time_effective == AV_NOPTS_VALUE
                     ? 0
                     : input->start_time_effective;
    }
    a->options = (struct audio_graph_options){
        .filter = stream->filter,
        .threads = threads ? threads->value : NULL,
        .swr_opts = a->swr_opts,
        .in = {accurate ? start : AV_NOPTS_VALUE, input->recording_time},
        .out = {stream->times->start, stream->times->length},
    };
    if (options->out.shortest && has_video(stream->mux->ctx))
        a->options.apad = out_stream_option(stream, "apad");
}

static int copy_swr_opts(struct audio *a)
{
    int code = av_dict_copy(&a->swr_opts, (const AVDictionary *)a->stream->options->out.swr_opts, 0);
    if (code >= 0 && av_get_exact_bits_per_sample(a->stream->codec->id) == 24)
        code = av_dict_set(&a->swr_opts, "output_sample_bits", "24", 0);
    return code;
}

static int alloc_parts(struct audio *a)
{
    a->packet = av_packet_alloc();
    a->decoded = av_frame_alloc();
    a->filtered = av_frame_alloc();
    return a->packet && a->decoded && a->filtered ? 0 : AVERROR(ENOMEM);
}

int audio_create(struct out_stream *stream, const struct source_times *input, struct vid_error *err)
{
    struct audio *a = calloc(1, sizeof(*a));
    if (!a)
        return vid_fail(err, -ENOMEM, "no memory for audio");
    stream->audio = a;
    a->stream = stream;
    a->dts = a->pts = 0;
    a->next_dts = a->next_pts = AV_NOPTS_VALUE;
    a->own_rescale_last = a->packet_pts = AV_NOPTS_VALUE;
    int code = read_layout(a, err);
    if (code >= 0)
        code = read_format(a, err);
    if (code < 0)
        return code;
    code = alloc_parts(a);
    if (code >= 0)
        code = fill_wish(a);
    if (code >= 0)
        code = copy_swr_opts(a);
    if (code < 0)
        return media_fail(err, code, "cannot prepare output stream 0:%d", stream->index);
    fill_graph_options(a, input);
    code = out_stream_open_decoder(stream, NULL, &a->dec, &a->own_dec, err);
    a->rescale_last = a->own_dec ? &a->own_rescale_last : &stream->in->rescale_delta_last;
    return code;
}

void audio_free(struct audio **audio)
{
    struct audio *a = *audio;
    if (!a)
        return;
    *audio = NULL;
    if (a->own_dec)
        avcodec_free_context(&a->dec);
    audio_graph_free(&a->graph);
    av_channel_layout_uninit(&a->wish.layout);
    av_channel_layout_uninit(&a->form.layout);
    av_dict_free(&a->swr_opts);
    av_packet_free(&a->packet);
    av_frame_free(&a->decoded);
    av_frame_free(&a->filtered);
    free(a);
}

static int open_encoder(struct audio *a, struct vid_error *err)
{
    AVCodecContext *enc = a->stream->enc;
    AVFilterContext *sink = a->graph.sink;
    int code = out_stream_set_encoder_tag(a->stream, err);
    if (code < 0)
        return code;
    enc->sample_fmt = av_buffersink_get_format(sink);
    enc->sample_rate = av_buffersink_get_sample_rate(sink);
    code = av_buffersink_get_ch_layout(sink, &enc->ch_layout);
    if (code < 0)
        return media_fail(err, code, "the audio filters give no channel layout");
    if (a->graph.keeps_samples)
        enc->bits_per_raw_sample =
            FFMIN(a->dec->bits_per_raw_sample, av_get_bytes_per_sample(enc->sample_fmt) << 3);
    code = out_stream_time_base(a->stream, (AVRational){1, enc->sample_rate}, &enc->time_base, err);
    if (code < 0)
        return code;
    a->opened = true;
    return out_stream_open_encoder(a->stream, err);
}

/* The encoder takes frames of one size. */
static void set_frame_size(struct audio *a)
{
    if (a->opened && !(a->stream->codec->capabilities & AV_CODEC_CAP_VARIABLE_FRAME_SIZE))
        av_buffersink_set_frame_size(a->graph.sink, (unsigned)a->stream->enc->frame_size);
}

/* What the graph chose stays when it is configured anew. */
static int fix_wish(struct audio *a)
{
    a->wish.format = av_buffersink_get_format(a->graph.sink);
    a->wish.rate = av_buffersink_get_sample_rate(a->graph.sink);
    av_channel_layout_uninit(&a->wish.layout);
    return av_buffersink_get_ch_layout(a->graph.sink, &a->wish.layout);
}

static int configure(struct audio *a, struct vid_error *err)
{
    int code = audio_graph_configure(&a->graph, &a->options, &a->form, &a->wish, err);
    if (code < 0)
        return code;
    code = fix_wish(a);
    if (code < 0)
        return media_fail(err, code, "the audio filters give no channel layout");
    set_frame_size(a);
    return 0;
}

/* ---- running ---- */

static int64_t to_encoder(const struct audio *a, int64_t pts)
{
    int64_t start = a->stream->times->start == AV_NOPTS_VALUE ? 0 : a->stream->times->start;
    AVRational tb = a->stream->enc->time_base;
    if (pts == AV_NOPTS_VALUE)
        return pts;
    return av_rescale_q(pts, av_buffersink_get_time_base(a->graph.sink), tb) -
           av_rescale_q(start, AV_TIME_BASE_Q, tb);
}

static int encode_filtered(struct audio *a, struct vid_error *err)
{
    AVFrame *frame = a->filtered;
    const AVCodecContext *enc = a->stream->enc;
    if (a->stream->finished)
        return 0;
    if (!(enc->codec->capabilities & AV_CODEC_CAP_PARAM_CHANGE) &&
        enc->ch_layout.nb_channels != frame->ch_layout.nb_channels) {
        log_error("output stream 0:%d: the number of channels changed, the encoder cannot follow",
                  a->stream->index);
        return 0;
    }
    frame->pts = to_encoder(a, frame->pts);
    if (out_stream_past_end(a->stream, a->next, enc->time_base))
        return 0;
    if (frame->pts == AV_NOPTS_VALUE)
        frame->pts = a->next;
    a->next = frame->pts + frame->nb_samples;
    return out_stream_encode(a->stream, frame, NULL, NULL, err);
}

/* Takes what has come out of the graph; VID_EOF when it has ended. */
static int reap(struct audio *a, int flags, struct vid_error *err)
{
    if (!a->opened) {
        int code = open_encoder(a, err);
        if (code < 0)
            return code;
        set_frame_size(a);
    }
    for (;;) {
        int code = av_buffersink_get_frame_flags(a->graph.sink, a->filtered, flags);
        if (code == AVERROR(EAGAIN))
            return 0;
        if (code == AVERROR_EOF)
            return VID_EOF;
        if (code < 0)
            return media_fail(err, code, "the audio filters of output stream 0:%d failed", a->stream->index);
        code = encode_filtered(a, err);
        av_frame_unref(a->filtered);
        if (code < 0)
            return code;
        if (a->stream->finished && !(flags & AV_BUFFERSINK_FLAG_NO_REQUEST))
            return VID_EOF;
    }
}

static void finish(struct audio *a)
{
    if (a->opened && !a->stream->finished)
        out_stream_finish(a->stream, a->next, a->stream->enc->time_base);
}

static int reap_ready(struct audio *a, struct vid_error *err)
{
    int code = reap(a, AV_BUFFERSINK_FLAG_NO_REQUEST, err);
    if (code == VID_EOF)
        finish(a);
    return code == VID_EOF ? 0 : code;
}

/* The output's -t shows only when more is asked for: then what is left in the graph comes out. */
static int ask_for_more(struct audio *a, struct vid_error *err)
{
    int asked = avfilter_graph_request_oldest(a->graph.graph);
    if (asked < 0 && asked != AVERROR_EOF)
        return 0;
    int code = reap_ready(a, err);
    if (asked == AVERROR_EOF)
        finish(a);
    return code;
}

static bool form_changed(const struct audio *a)
{
    const AVFrame *frame = a->decoded;
    return !a->formed || a->form.format != frame->format || a->form.rate != frame->sample_rate ||
           av_channel_layout_compare(&a->form.layout, &frame->ch_layout) != 0;
}

static int take_form(struct audio *a, int format, int rate, const AVChannelLayout *layout)
{
    a->form.format = format;
    a->form.rate = rate;
    a->formed = true;
    return av_channel_layout_copy(&a->form.layout, layout);
}

static int filter_decoded(struct audio *a, struct vid_error *err)
{
    AVFrame *frame = a->decoded;
    int code = 0;
    if (form_changed(a) || !a->graph.graph) {
        if (a->graph.graph)
            code = reap_ready(a, err);
        if (code < 0)
            return code;
        if (take_form(a, frame->format, frame->sample_rate, &frame->ch_layout) < 0)
            return vid_fail(err, -ENOMEM, "no memory for a channel layout");
        code = configure(a, err);
        if (code < 0)
            return code;
    }
    code = av_buffersrc_add_frame_flags(a->graph.source, frame, AV_BUFFERSRC_FLAG_PUSH);
    if (code < 0 && code != AVERROR_EOF)
        return media_fail(err, code, "the audio filters of output stream 0:%d failed", a->stream->index);
    code = reap_ready(a, err);
    return code < 0 ? code : ask_for_more(a, err);
}

/* The decoded frame's pts in samples, smooth over the rounding of the container. */
static void stamp_decoded(struct audio *a, const AVPacket *packet)
{
    AVFrame *frame = a->decoded;
    AVRational tb = a->stream->in->st->time_base, samples = {1, frame->sample_rate};
    if (frame->pts == AV_NOPTS_VALUE && packet)
        frame->pts = packet->pts;
    if (frame->pts == AV_NOPTS_VALUE) {
        frame->pts = a->dts;
        tb = AV_TIME_BASE_Q;
    }
    if (packet && packet->duration && a->packet_pts != AV_NOPTS_VALUE && packet->pts != AV_NOPTS_VALUE &&
        packet->pts - a->packet_pts > packet->duration)
        *a->rescale_last = AV_NOPTS_VALUE;
    if (packet)
        a->packet_pts = packet->pts;
    if (frame->pts != AV_NOPTS_VALUE)
        frame->pts = av_rescale_delta(tb, frame->pts, samples, frame->nb_samples, a->rescale_last, samples);
}

static int decode_failed(const struct audio *a, int code, struct vid_error *err)
{
    log_error("error while decoding stream 0:%d: %s", a->stream->in->index, av_err2str(code));
    if (a->stream->options->exit_on_error)
        return vid_fail(err, code, "stream 0:%d has a packet that cannot be decoded", a->stream->in->index);
    return 0;
}

/* One frame from the decoder: 1, 0 when it needs more, VID_EOF when it has ended. */
static int receive(struct audio *a, const AVPacket *packet, struct vid_error *err)
{
    a->pts = a->next_pts;
    a->dts = a->next_dts;
    int code = avcodec_receive_frame(a->dec, a->decoded);
    if (code == AVERROR(EAGAIN))
        return 0;
    if (code == AVERROR_EOF)
        return VID_EOF;
    if (code < 0)
        return decode_failed(a, code, err);
    int64_t length = (int64_t)AV_TIME_BASE * a->decoded->nb_samples / a->decoded->sample_rate;
    a->next_pts += length;
    a->next_dts += length;
    stamp_decoded(a, packet);
    code = filter_decoded(a, err);
    av_frame_unref(a->decoded);
    return code < 0 ? code : 1;
}

static int decode(struct audio *a, const AVPacket *packet, struct vid_error *err)
{
    int code = avcodec_send_packet(a->dec, packet);
    if (code < 0 && code != AVERROR_EOF)
        return decode_failed(a, code, err);
    code = receive(a, packet, err);
    while (code > 0)
        code = receive(a, NULL, err);
    return code;
}

/* The decoder's clock follows the packets, and counts samples where they have no time. */
static void set_clock(struct audio *a, const AVPacket *packet, const struct read_clock *clock)
{
    if (a->next_dts == AV_NOPTS_VALUE)
        a->next_dts = a->dts;
    if (a->next_pts == AV_NOPTS_VALUE)
        a->next_pts = a->pts;
    if (packet && packet->dts != AV_NOPTS_VALUE)
        a->next_dts = a->dts = a->next_pts = a->pts = clock->next_dts;
}

static int end_graph(struct audio *a, struct vid_error *err)
{
    if (!a->graph.graph)
        return 0;
    int64_t pts = av_rescale_q_rnd(a->pts, AV_TIME_BASE_Q, a->stream->in->st->time_base,
                                   AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX);
    int code = av_buffersrc_close(a->graph.source, pts, AV_BUFFERSRC_FLAG_PUSH);
    if (code < 0)
        return media_fail(err, code, "the audio filters of output stream 0:%d failed", a->stream->index);
    return 0; /* audio_drain takes what is left */
}

int audio_packet(struct audio *a, const AVPacket *packet, const struct read_clock *clock,
                 struct vid_error *err)
{
    set_clock(a, packet, clock);
    int code = decode(a, packet, err);
    if (packet || (code < 0 && code != VID_EOF))
        return code == VID_EOF ? 0 : code;
    return end_graph(a, err);
}

int audio_drain(struct audio *a, struct vid_error *err)
{
    int asked = a->graph.graph ? avfilter_graph_request_oldest(a->graph.graph) : AVERROR_EOF;
    int code = a->graph.graph ? reap_ready(a, err) : 0;
    if (asked < 0)
        finish(a);
    a->stream->finished |= asked < 0;
    return code;
}

/* Nothing came from the decoder: the container says what it would have been. */
static int open_without_samples(struct audio *a, struct vid_error *err)
{
    const AVCodecParameters *par = a->stream->in->st->codecpar;
    log_warn("output stream 0:%d ends without any data written to it", a->stream->index);
    if (!a->graph.graph) {
        if (par->format < 0)
            return vid_fail(err, AVERROR_INVALIDDATA,
                            "stream 0:%d gave no sound at all; drop it with -map -0:%d", a->stream->in->index,
                            a->stream->in->index);
        if (take_form(a, par->format, par->sample_rate, &par->ch_layout) < 0)
            return vid_fail(err, -ENOMEM, "no memory for a channel layout");
        int code = configure(a, err);
        if (code < 0)
            return code;
    }
    return open_encoder(a, err);
}

int audio_flush(struct audio *a, struct vid_error *err)
{
    int code = a->opened ? 0 : open_without_samples(a, err);
    if (code >= 0)
        code = out_stream_encode(a->stream, NULL, NULL, NULL, err);
    return code == VID_EOF ? 0 : code;
}
