#include "media/audio.h"
#include "media/mapping.h"
#include "media/sink_private.h"
#include "media/subtitle.h"

#include "base/log.h"

#include <libavutil/intreadwrite.h>
#include <libavutil/opt.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const AVCodec *encoder_by_name(const char *name)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    const AVCodecDescriptor *descriptor = codec ? NULL : avcodec_descriptor_get_by_name(name);
    return descriptor ? avcodec_find_encoder(descriptor->id) : codec;
}

static int named_encoder(struct out_stream *stream, const char *name, struct vid_error *err)
{
    stream->codec = encoder_by_name(name);
    if (!stream->codec)
        return vid_fail(err, AVERROR_ENCODER_NOT_FOUND, "unknown encoder '%s'; 'ffmpeg -encoders' lists them",
                        name);
    if (stream->codec->type != out_stream_type(stream))
        return vid_fail(err, -EINVAL, "encoder '%s' is not one for %s", name,
                        av_get_media_type_string(out_stream_type(stream)));
    return 0;
}

static int default_encoder(struct out_stream *stream, struct vid_error *err)
{
    AVFormatContext *ctx = stream->mux->ctx;
    enum AVMediaType type = out_stream_type(stream);
    enum AVCodecID id = av_guess_codec(ctx->oformat, NULL, stream->options->out.url, NULL, type);
    stream->codec = avcodec_find_encoder(id);
    if (stream->codec)
        return 0;
    return vid_fail(
        err, AVERROR_ENCODER_NOT_FOUND,
        "format %s has no encoder of its own for stream 0:%d (%s); choose one with -c or drop the stream "
        "with -map -0:%d",
        ctx->oformat->name, stream->in->index, av_get_media_type_string(type), stream->in->index);
}

/* NULL codec: the stream is copied. */
static int choose_codec(struct out_stream *stream, struct vid_error *err)
{
    enum AVMediaType type = out_stream_type(stream);
    if (type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO && type != AVMEDIA_TYPE_SUBTITLE)
        return 0;
    const char *name = out_stream_option(stream, "c");
    if (name && strcmp(name, "copy") == 0)
        return 0;
    int code = name ? named_encoder(stream, name, err) : default_encoder(stream, err);
    if (code >= 0)
        stream->st->codecpar->codec_id = stream->codec->id;
    return code;
}

static int select_options(struct out_stream *stream, struct vid_error *err)
{
    enum AVCodecID id = stream->codec ? stream->codec->id : AV_CODEC_ID_NONE;
    return codec_options_select((const AVDictionary *)stream->options->out.codec_opts, id, stream->mux->ctx,
                                stream->st, stream->codec, true, &stream->codec_opts, err);
}

static void read_tag(struct out_stream *stream)
{
    const char *text = out_stream_option(stream, "tag");
    char *rest;
    if (!text)
        return;
    stream->tag = (uint32_t)strtol(text, &rest, 0);
    if (*rest) {
        char four[5] = "";
        snprintf(four, sizeof(four), "%s", text);
        stream->tag = AV_RL32(four);
    }
    stream->st->codecpar->codec_tag = stream->tag;
}

static int check_filter(const struct out_stream *stream, struct vid_error *err)
{
    if (stream->codec || !stream->filter)
        return 0;
    return vid_fail(err, -EINVAL,
                    "the filter '%s' is for %s, which is copied; give an encoder with -c instead of copy",
                    stream->filter, av_get_media_type_string(out_stream_type(stream)));
}

static bool can_filter(enum AVMediaType type)
{
    return type == AVMEDIA_TYPE_VIDEO || type == AVMEDIA_TYPE_AUDIO;
}

/* Everything that the stream's specifiers decide; they count only the streams made so far. */
static int describe_stream(struct out_stream *stream, struct vid_error *err)
{
    int code = choose_codec(stream, err);
    if (code < 0)
        return code;
    read_tag(stream);
    if (stream->codec)
        code = out_stream_make_context(stream, err);
    if (code >= 0)
        code = select_options(stream, err);
    if (code >= 0 && can_filter(out_stream_type(stream))) {
        stream->filter = out_stream_option(stream, "filter");
        code = check_filter(stream, err);
    }
    stream->finished = out_stream_type(stream) == AVMEDIA_TYPE_ATTACHMENT;
    return code;
}

static int add_stream(struct media_sink *sink, int input, struct vid_error *err)
{
    struct out_stream *stream = &sink->streams[sink->count];
    AVStream *st = avformat_new_stream(sink->mux->ctx, NULL);
    if (!st)
        return vid_fail(err, -ENOMEM, "no memory for an output stream");
    *stream = (struct out_stream){
        .index = sink->count++,
        .st = st,
        .in = source_stream(sink->source, input),
        .input_streams = source_stream_count(sink->source),
        .mux = sink->mux,
        .times = &sink->times,
        .options = sink->options,
    };
    st->codecpar->codec_type = stream->in->st->codecpar->codec_type;
    return describe_stream(stream, err);
}

static int map_streams(struct media_sink *sink, struct mapping *mapping, struct vid_error *err)
{
    int count = source_stream_count(sink->source);
    enum AVDiscard *discard = calloc((size_t)count + 1, sizeof(*discard));
    if (!discard)
        return vid_fail(err, -ENOMEM, "no memory for the stream mapping");
    for (int i = 0; i < count; i++)
        discard[i] = source_stream(sink->source, i)->user_discard;
    int code = mapping_choose(&sink->options->out, source_format(sink->source), discard,
                              sink->mux->ctx->oformat, mapping, err);
    free(discard);
    return code;
}

static int add_mapped(struct media_sink *sink, struct vid_error *err)
{
    struct mapping mapping;
    int code = map_streams(sink, &mapping, err);
    if (code < 0)
        return code;
    sink->streams = calloc((size_t)mapping.count, sizeof(*sink->streams));
    if (!sink->streams)
        code = vid_fail(err, -ENOMEM, "no memory for the output's streams");
    sink->count = 0;
    for (int i = 0; i < mapping.count && code >= 0; i++)
        code = add_stream(sink, mapping.inputs[i], err);
    mapping_free(&mapping);
    return code;
}

static int second_video(const struct out_stream *first, const struct out_stream *second,
                        struct vid_error *err)
{
    return vid_fail(
        err, -ENOTSUP,
        "one video stream can be filtered: 0:%d is; copy the other one with -c:%d copy or drop it with "
        "-map -0:%d",
        first->in->index, second->index, second->in->index);
}

static int find_video(struct media_sink *sink, struct vid_error *err)
{
    bool copied = false;
    for (int i = 0; i < sink->count; i++) {
        struct out_stream *stream = &sink->streams[i];
        if (out_stream_type(stream) != AVMEDIA_TYPE_VIDEO)
            continue;
        copied |= !stream->codec;
        if (!stream->codec)
            continue;
        if (sink->video)
            return second_video(sink->video, stream, err);
        sink->video = stream;
    }
    if (sink->video)
        return 0;
    if (copied)
        return vid_fail(err, -EINVAL, "nothing to filter: the video is copied; leave out -c:v copy");
    return vid_fail(err, -EINVAL, "nothing to filter: no video stream goes to %s", sink->options->out.url);
}

static int read_limits(struct out_stream *stream, struct vid_error *err)
{
    const char *frames = out_stream_option(stream, "frames");
    const char *bsf = out_stream_option(stream, "bsf");
    if (frames)
        stream->out->limit = strtoll(frames, NULL, 10);
    if (!bsf || !*bsf)
        return 0;
    int code = av_bsf_list_parse_str(bsf, &stream->out->bsf);
    return code < 0 ? media_fail(err, code, "-bsf %s", bsf) : 0;
}

/* At each turn of a loop ffmpeg drains the sound's decoder; that is not done here. */
static int create_audio(struct media_sink *sink, struct out_stream *stream, struct vid_error *err)
{
    if (stream->options->in.stream_loop)
        return vid_fail(err, -ENOTSUP,
                        "-stream_loop with sound that is encoded anew is not there yet: copy it with "
                        "-c:a copy, or leave it out with -an");
    return audio_create(stream, &sink->input, err);
}

static int make_kind(struct media_sink *sink, struct out_stream *stream, struct vid_error *err)
{
    int code = read_limits(stream, err);
    if (code < 0 || !stream->codec)
        return code;
    switch (out_stream_type(stream)) {
    case AVMEDIA_TYPE_VIDEO:
        return encoder_create(stream, err);
    case AVMEDIA_TYPE_AUDIO:
        return create_audio(sink, stream, err);
    default:
        return subtitle_create(stream, err);
    }
}

int sink_streams_create(struct media_sink *sink, struct vid_error *err)
{
    int code = add_mapped(sink, err);
    if (code >= 0)
        code = find_video(sink, err);
    if (code >= 0)
        code = mux_prepare(sink->mux, err);
    for (int i = 0; i < sink->count && code >= 0; i++) {
        sink->streams[i].out = &sink->mux->streams[i];
        code = make_kind(sink, &sink->streams[i], err);
    }
    return code;
}

void sink_streams_free(struct media_sink *sink)
{
    for (int i = 0; i < sink->count; i++) {
        struct out_stream *stream = &sink->streams[i];
        encoder_free(&stream->video);
        audio_free(&stream->audio);
        subtitle_free(&stream->subtitle);
        if (stream->enc)
            av_freep(&stream->enc->stats_in); /* libavcodec leaves it to us */
        avcodec_free_context(&stream->enc);
        av_dict_free(&stream->codec_opts);
        if (stream->pass_log)
            fclose(stream->pass_log);
    }
    free(sink->streams);
}
