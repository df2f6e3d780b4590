#include "media/source_private.h"

#include "base/log.h"

#include <libavutil/parseutils.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>

/* A decoder by its own name or by its codec's ("-c:v h264"). */
static const AVCodec *find_decoder(const char *name)
{
    const AVCodec *codec = avcodec_find_decoder_by_name(name);
    const AVCodecDescriptor *desc = codec ? NULL : avcodec_descriptor_get_by_name(name);

    return desc ? avcodec_find_decoder(desc->id) : codec;
}

int source_choose_decoder(const struct input_options *in, AVFormatContext *format, AVStream *st,
                          const AVCodec **out, struct vid_error *err)
{
    const char *name = stream_option_find(&in->streams, "c", format, st);

    if (!name) {
        *out = avcodec_find_decoder(st->codecpar->codec_id);
        return 0;
    }
    if (!(*out = find_decoder(name)))
        return vid_fail(err, -EINVAL, "unknown decoder \"%s\" for stream #0:%d", name, st->index);
    if ((*out)->type != st->codecpar->codec_type)
        return vid_fail(err, -EINVAL, "decoder \"%s\" is for %s, stream #0:%d is %s", name,
                        av_get_media_type_string((*out)->type), st->index,
                        av_get_media_type_string(st->codecpar->codec_type));
    st->codecpar->codec_id = (*out)->id;
    return 0;
}

static int number(const struct media_source *source, const struct input_options *in, AVStream *st,
                  const char *name, int otherwise)
{
    const char *text = stream_option_find(&in->streams, name, source->format, st);

    return text ? atoi(text) : otherwise;
}

static int read_rate(struct media_source *source, const struct input_options *in,
                     struct source_stream *stream, struct vid_error *err)
{
    const char *text = stream_option_find(&in->streams, "r", source->format, stream->st);

    if (text && av_parse_video_rate(&stream->frame_rate, text) < 0)
        return vid_fail(err, -EINVAL, "-r %s before -i is no frame rate", text);
    return 0;
}

static void read_tag(struct media_source *source, const struct input_options *in, AVStream *st)
{
    const char *text = stream_option_find(&in->streams, "tag", source->format, st);
    char *end;

    if (!text)
        return;
    st->codecpar->codec_tag = (uint32_t)strtol(text, &end, 0);
    if (*end && strlen(text) >= 4)
        st->codecpar->codec_tag = MKTAG(text[0], text[1], text[2], text[3]);
}

/* ffmpeg gives sound of unknown layout the usual one for its number of channels. */
static void guess_layout(AVCodecContext *ctx)
{
    if (ctx->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&ctx->ch_layout, ctx->ch_layout.nb_channels);
}

static int make_context(struct source_stream *stream, const struct input_options *in, struct vid_error *err)
{
    AVCodecParameters *par = stream->st->codecpar;
    AVCodecContext *ctx = stream->decoder_ctx = avcodec_alloc_context3(stream->decoder);
    int rc;

    if (!ctx)
        return vid_fail(err, -ENOMEM, "no memory for a decoder");
    if ((rc = avcodec_parameters_to_context(ctx, par)) < 0)
        return media_fail(err, rc, "stream #0:%d: its codec parameters are wrong", stream->index);
    if (in->bitexact)
        ctx->flags |= AV_CODEC_FLAG_BITEXACT;
    if (par->codec_type == AVMEDIA_TYPE_VIDEO)
        ctx->framerate = stream->st->avg_frame_rate;
    else if (par->codec_type == AVMEDIA_TYPE_AUDIO)
        guess_layout(ctx);
    if ((rc = avcodec_parameters_from_context(par, ctx)) < 0)
        return media_fail(err, rc, "stream #0:%d: its codec parameters are wrong", stream->index);
    return 0;
}

static int create_stream(struct media_source *source, const struct input_options *in, int index,
                         struct vid_error *err)
{
    struct source_stream *stream = &source->streams[index];
    AVStream *st = source->format->streams[index];
    const char *scale = stream_option_find(&in->streams, "itsscale", source->format, st);
    int rc;

    *stream = (struct source_stream){.st = st,
                                     .index = index,
                                     .autorotate = in->autorotate,
                                     .top_field_first = -1,
                                     .ts_scale = scale ? atof(scale) : 1.0,
                                     .dts = 0,
                                     .next_dts = AV_NOPTS_VALUE,
                                     .next_pts = AV_NOPTS_VALUE,
                                     .first_dts = AV_NOPTS_VALUE,
                                     .min_pts = INT64_MAX,
                                     .max_pts = INT64_MIN,
                                     .rescale_delta_last = AV_NOPTS_VALUE,
                                     .prev_packet_pts = AV_NOPTS_VALUE};
    st->discard = AVDISCARD_ALL;
    stream->user_discard = AVDISCARD_NONE;
    stream->top_field_first = number(source, in, st, "top", -1);
    read_tag(source, in, st);
    if ((rc = read_rate(source, in, stream, err)) < 0 ||
        (rc = source_choose_decoder(in, source->format, st, &stream->decoder, err)) < 0 ||
        (rc = codec_options_select(in->codec_opts, st->codecpar->codec_id, source->format, st,
                                   stream->decoder, false, &stream->decoder_opts, err)) < 0)
        return rc;
    return make_context(stream, in, err);
}

int source_streams_create(struct media_source *source, const struct input_options *in, struct vid_error *err)
{
    int count = (int)source->format->nb_streams;

    source->streams = calloc((size_t)count + 1, sizeof(*source->streams));
    source->wants = calloc((size_t)count + 1, sizeof(*source->wants));
    if (!source->streams || !source->wants)
        return vid_fail(err, -ENOMEM, "no memory for %d streams", count);
    for (source->count = 0; source->count < count;) {
        int rc = create_stream(source, in, source->count++, err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

void source_streams_free(struct media_source *source)
{
    for (int i = 0; i < source->count; i++) {
        avcodec_free_context(&source->streams[i].decoder_ctx);
        av_dict_free(&source->streams[i].decoder_opts);
    }
    free(source->streams);
    free(source->wants);
}

AVFormatContext *source_format(const struct media_source *source)
{
    return source->format;
}

int source_stream_count(const struct media_source *source)
{
    return source->count;
}

struct source_stream *source_stream(const struct media_source *source, int index)
{
    return &source->streams[index];
}

struct source_stream *source_video(const struct media_source *source)
{
    return source->video < 0 ? NULL : &source->streams[source->video];
}

struct source_times source_times(const struct media_source *source)
{
    return (struct source_times){.start_time = source->start_time,
                                 .recording_time = source->recording_time,
                                 .start_time_effective = source->format->start_time,
                                 .ts_offset = source->ts_offset,
                                 .copy_ts = source->copy_ts,
                                 .start_at_zero = source->start_at_zero};
}

AVRational source_time_base(const struct media_source *source)
{
    const struct source_stream *stream = source_video(source);

    return stream->frame_rate.num ? av_inv_q(stream->frame_rate) : stream->st->time_base;
}

AVRational source_frame_rate(const struct media_source *source)
{
    const struct source_stream *stream = source_video(source);

    if (stream->frame_rate.num)
        return stream->frame_rate;
    return av_guess_frame_rate(source->format, stream->st, NULL);
}

static void keep_stream(struct source_stream *stream)
{
    stream->st->discard = stream->user_discard;
}

/* Pictures in graphics memory are of no use here: the first format in ordinary memory is taken. */
static enum AVPixelFormat software_format(AVCodecContext *ctx, const enum AVPixelFormat *formats)
{
    while (*formats != AV_PIX_FMT_NONE && av_pix_fmt_desc_get(*formats)->flags & AV_PIX_FMT_FLAG_HWACCEL)
        formats++;
    return *formats;
}

static int open_decoder(struct source_stream *stream, struct vid_error *err)
{
    AVCodecContext *ctx = stream->decoder_ctx;
    const AVDictionaryEntry *e;
    int rc;

    ctx->get_format = software_format;
    ctx->pkt_timebase = stream->st->time_base;
    if (!av_dict_get(stream->decoder_opts, "threads", NULL, 0))
        av_dict_set(&stream->decoder_opts, "threads", "auto", 0);
    /* A cover is one picture: it must not wait for the end of the file. */
    if (stream->st->disposition & AV_DISPOSITION_ATTACHED_PIC)
        av_dict_set(&stream->decoder_opts, "threads", "1", 0);
    if ((rc = avcodec_open2(ctx, stream->decoder, &stream->decoder_opts)) < 0)
        return media_fail(err, rc, "the decoder %s of stream #0:%d cannot be opened", stream->decoder->name,
                          stream->index);
    if ((e = av_dict_get(stream->decoder_opts, "", NULL, AV_DICT_IGNORE_SUFFIX)))
        return vid_fail(err, -EINVAL, "option -%s is not one of the decoder %s", e->key,
                        stream->decoder->name);
    return 0;
}

/* As the trim filter reckons it: in the time base that the pictures have. */
static void set_trim(struct media_source *source)
{
    AVRational micro = {1, AV_TIME_BASE}, base = source_time_base(source);
    int64_t start = 0;

    source->trim = (struct source_trim){.start = AV_NOPTS_VALUE, .first_pts = AV_NOPTS_VALUE};
    if (source->copy_ts) {
        start = source->start_time == AV_NOPTS_VALUE ? 0 : source->start_time;
        if (!source->start_at_zero && source->format->start_time != AV_NOPTS_VALUE)
            start += source->format->start_time;
    }
    if (source->start_time != AV_NOPTS_VALUE && source->accurate_seek)
        source->trim.start = av_rescale_q(start, micro, base);
    if (source->recording_time != INT64_MAX)
        source->trim.duration = av_rescale_q(source->recording_time, micro, base);
}

int source_select_video(struct media_source *source, int index, struct vid_error *err)
{
    struct source_stream *stream = &source->streams[index];
    int rc;

    if (source->video >= 0)
        return vid_fail(err, -EINVAL,
                        "two video streams (#0:%d and #0:%d) are to be filtered: only one can be",
                        source->video, index);
    if (!stream->decoder)
        return vid_fail(err, AVERROR_DECODER_NOT_FOUND, "stream #0:%d: there is no decoder for %s", index,
                        avcodec_get_name(stream->st->codecpar->codec_id));
    if ((rc = open_decoder(stream, err)) < 0)
        return rc;
    source->video = index;
    keep_stream(stream);
    set_trim(source);
    return 0;
}

int source_want_stream(struct media_source *source, int index, enum source_use use, source_packet packet,
                       void *opaque, struct vid_error *err)
{
    if (index < 0 || index >= source->count)
        return vid_fail(err, -EINVAL, "the input has no stream #0:%d", index);
    if (index == source->video && use != SOURCE_COPY)
        return vid_fail(err, -EINVAL, "stream #0:%d is filtered already", index);
    source->wants[index] = (struct source_want){.packet = packet, .opaque = opaque, .use = use};
    keep_stream(&source->streams[index]);
    return 0;
}
