#include "media/source.h"
#include "media/source_private.h"

#include "base/log.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <time.h>

static int check_has_video(const struct media_source *source, struct vid_error *err)
{
    for (int i = 0; i < source->count; i++)
        if (source->streams[i].st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
            return 0;
    return vid_fail(err, -ENODATA, "the input \"%s\" has no video stream that can be filtered",
                    source->format->url);
}

static bool option_was_used(const struct media_source *source, const char *key)
{
    for (int i = 0; i < source->count; i++)
        if (av_dict_get(source->streams[i].decoder_opts, key, NULL, 0))
            return true;
    return false;
}

/* A codec option that fits no stream: refused when it is none of decoders, else only told. */
static int check_codec_option(const struct media_source *source, const char *key, struct vid_error *err)
{
    const AVClass *codec = avcodec_get_class(), *format = avformat_get_class();
    const AVOption *option =
        av_opt_find(&codec, key, NULL, 0, AV_OPT_SEARCH_CHILDREN | AV_OPT_SEARCH_FAKE_OBJ);

    if (!option || av_opt_find(&format, key, NULL, 0, AV_OPT_SEARCH_CHILDREN | AV_OPT_SEARCH_FAKE_OBJ) ||
        option_was_used(source, key))
        return 0;
    if (!(option->flags & AV_OPT_FLAG_DECODING_PARAM))
        return vid_fail(err, -EINVAL, "option -%s (%s) before -i is for encoding: put it before the output",
                        key, option->help ? option->help : "");
    log_warn("option -%s (%s) before -i fits no stream of \"%s\"", key, option->help ? option->help : "",
             source->format->url);
    return 0;
}

static int check_codec_options(const struct media_source *source, const struct input_options *in,
                               struct vid_error *err)
{
    const AVDictionaryEntry *e = NULL;

    while ((e = av_dict_get(in->codec_opts, "", e, AV_DICT_IGNORE_SUFFIX))) {
        char key[128];
        int rc;

        snprintf(key, sizeof(key), "%.*s", (int)strcspn(e->key, ":"), e->key);
        if ((rc = check_codec_option(source, key, err)) < 0)
            return rc;
    }
    return 0;
}

int media_source_open(const struct media_options *options, struct media_source **out, struct vid_error *err)
{
    struct media_source *source = calloc(1, sizeof(*source));
    int rc;

    *out = NULL;
    if (!source)
        return vid_fail(err, -ENOMEM, "no memory for the input");
    source->video = -1;
    source->interrupted = options->interrupted;
    source->last_ts = AV_NOPTS_VALUE;
    source->loop = options->in.stream_loop;
    source->loop_time_base = (AVRational){1, 1};
    source->accurate_seek = options->in.accurate_seek;
    source->copy_ts = options->copy_ts;
    source->start_at_zero = options->start_at_zero;
    source->exit_on_error = options->exit_on_error;
    source->packet = av_packet_alloc();
    source->decode_packet = av_packet_alloc();
    source->frame = av_frame_alloc();
    if (!source->packet || !source->decode_packet || !source->frame) {
        rc = vid_fail(err, -ENOMEM, "no memory for the input");
        goto fail;
    }
    if ((rc = source_open_format(source, options, err)) < 0 ||
        (rc = source_streams_create(source, &options->in, err)) < 0 ||
        (rc = check_has_video(source, err)) < 0 || (rc = check_codec_options(source, &options->in, err)) < 0)
        goto fail;
    *out = source;
    return 0;
fail:
    media_source_close(&source);
    return rc;
}

void media_source_close(struct media_source **source)
{
    struct media_source *gone = *source;

    *source = NULL;
    if (!gone)
        return;
    fifo_clear(&gone->ready);
    source_streams_free(gone);
    avformat_close_input(&gone->format);
    av_packet_free(&gone->packet);
    av_packet_free(&gone->decode_packet);
    av_frame_free(&gone->frame);
    av_freep(&gone->drain_dts);
    free(gone);
}

int media_source_blank(struct media_source *source, struct picture **out, struct vid_error *err)
{
    const struct source_stream *stream = source_video(source);
    const AVCodecContext *decoder = stream->decoder_ctx;
    AVFrame *frame = av_frame_alloc();
    int code;

    if (!frame)
        return vid_fail(err, -ENOMEM, "no memory for a picture");
    frame->width = decoder->width;
    frame->height = decoder->height;
    frame->format = decoder->pix_fmt;
    frame->sample_aspect_ratio = decoder->sample_aspect_ratio;
    code = av_frame_get_buffer(frame, 0);
    if (code < 0) {
        av_frame_free(&frame);
        return vid_fail(err, -ENODATA,
                        "the input \"%s\": not one picture could be decoded, and its size is not known",
                        source->format->url);
    }
    *out = picture_from_frame(&frame, source_time_base(source));
    return *out ? 0 : vid_fail(err, -ENOMEM, "no memory for a picture");
}

void media_source_stop(struct media_source *source)
{
    atomic_store(&source->stop, true);
}

struct source_stats media_source_stats(const struct media_source *source)
{
    return (struct source_stats){.packets = source->npackets,
                                 .pictures = source->npictures,
                                 .decode_errors = source->ndecode_errors,
                                 .corrupt = source->ncorrupt};
}

/* Seconds that will be read, from the container's length, -ss and -t. */
static double estimated_seconds(const struct media_source *source, const struct source_stream *stream)
{
    double seconds = 0;

    if (source->format->duration != AV_NOPTS_VALUE && source->format->duration > 0)
        seconds = (double)source->format->duration / AV_TIME_BASE;
    if (stream && stream->st->duration != AV_NOPTS_VALUE && stream->st->duration > 0)
        seconds = (double)stream->st->duration * av_q2d(stream->st->time_base);
    if (seconds <= 0)
        return 0;
    if (source->loop < 0) /* for ever */
        return source->recording_time != INT64_MAX ? (double)source->recording_time / AV_TIME_BASE : 0;
    seconds *= source->loop + 1;
    if (source->start_time != AV_NOPTS_VALUE)
        seconds = FFMAX(0, seconds - (double)source->start_time / AV_TIME_BASE);
    if (source->recording_time != INT64_MAX)
        seconds = FFMIN(seconds, (double)source->recording_time / AV_TIME_BASE);
    return seconds;
}

struct source_info media_source_info(const struct media_source *source)
{
    struct source_stream *stream = source_video(source);
    struct source_info info = {0};
    AVRational rate;
    bool whole = source->start_time == AV_NOPTS_VALUE && source->recording_time == INT64_MAX && !source->loop;

    info.seconds = estimated_seconds(source, stream);
    if (!stream)
        return info;
    rate = stream->frame_rate.num ? stream->frame_rate : stream->st->avg_frame_rate;
    if (!rate.num || !rate.den)
        rate = source_frame_rate(source);
    if (rate.num && rate.den)
        info.frames_per_second = av_q2d(rate);
    if (whole && stream->st->nb_frames > 0)
        info.frames = stream->st->nb_frames;
    else
        info.frames = (int64_t)(info.seconds * info.frames_per_second + 0.5);
    return info;
}

void media_source_dump(const struct media_source *source)
{
    av_dump_format(source->format, 0, source->format->url, 0);
}
