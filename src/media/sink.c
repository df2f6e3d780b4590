#include "media/sink.h"

#include "media/audio.h"
#include "media/metadata.h"
#include "media/sink_private.h"
#include "media/stream_copy.h"
#include "media/subtitle.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long pictures are still taken, to read on for streams that have not come to the output's end. */
#define WAIT_FOR_SOUND 5.0
#define WAIT_FOR_OTHERS 1.0

/* ---- opening ---- */

static int want_streams(struct media_sink *sink, struct vid_error *err)
{
    int code = source_select_video(sink->source, sink->video->in->index, err);
    for (int i = 0; i < sink->count && code >= 0; i++) {
        const struct out_stream *stream = &sink->streams[i];
        enum AVMediaType type = stream->st->codecpar->codec_type;
        bool decoded = sink_decodes(sink, stream->in);
        if (stream == sink->video || type == AVMEDIA_TYPE_ATTACHMENT)
            continue;
        code = source_want_stream(sink->source, stream->in->index, decoded ? SOURCE_DECODE : SOURCE_COPY,
                                  sink_packet_read, sink, err);
    }
    return code;
}

/* What does not wait for a first frame is opened now. */
static int open_streams(struct media_sink *sink, struct vid_error *err)
{
    int code = 0;
    for (int i = 0; i < sink->count && code >= 0; i++) {
        struct out_stream *stream = &sink->streams[i];
        if (stream->subtitle)
            code = subtitle_open(stream->subtitle, err);
        else if (!stream->codec)
            code = stream_copy_open(stream, err);
    }
    return code;
}

static int fill(struct media_sink *sink, struct vid_error *err)
{
    const struct output_options *out = &sink->options->out;
    int code = sink_times_read(out, &sink->times, err);
    if (code >= 0)
        code = mux_open(out, &sink->mux, err);
    if (code >= 0)
        code = sink_check_names(sink, err);
    if (code < 0)
        return code;
    sink->input = source_times(sink->source);
    if (sink->times.length != INT64_MAX)
        sink->mux->ctx->duration = sink->times.length;
    code = sink_streams_create(sink, err);
    if (code >= 0)
        code = sink_check_codec_options(sink, err);
    if (code >= 0)
        code = metadata_apply(sink->options, source_format(sink->source), &sink->input, sink->mux->ctx,
                              sink->streams, err);
    if (code >= 0)
        code = want_streams(sink, err);
    return code < 0 ? code : open_streams(sink, err);
}

static int init_locks(struct media_sink *sink)
{
    if (sink_queue_init(&sink->queue) < 0)
        return -ENOMEM;
    pthread_mutex_init(&sink->work, NULL);
    pthread_mutex_init(&sink->stats_lock, NULL);
    return 0;
}

int media_sink_open(const struct media_options *options, struct media_source *source, struct media_sink **out,
                    struct vid_error *err)
{
    struct media_sink *sink = calloc(1, sizeof(*sink));
    *out = NULL;
    if (!sink || init_locks(sink) < 0) {
        free(sink);
        return vid_fail(err, -ENOMEM, "no memory for the output");
    }
    sink->options = options;
    sink->source = source;
    sink->stats.quality = -1;
    int code = fill(sink, err);
    if (code < 0)
        media_sink_close(&sink);
    *out = sink;
    return code < 0 ? code : 0;
}

void media_sink_close(struct media_sink **sink)
{
    struct media_sink *gone = *sink;
    if (!gone)
        return;
    *sink = NULL;
    sink_streams_free(gone);
    mux_close(&gone->mux);
    sink_queue_destroy(&gone->queue);
    pthread_mutex_destroy(&gone->work);
    pthread_mutex_destroy(&gone->stats_lock);
    free(gone);
}

const struct sink_wish *sink_wish(const struct media_sink *sink)
{
    return sink->video ? &sink->video->video->wish : NULL;
}

int media_sink_set_video(struct media_sink *sink, const struct chain_output *video, struct vid_error *err)
{
    pthread_mutex_lock(&sink->work);
    int code = encoder_set_video(sink->video->video, video, err);
    pthread_mutex_unlock(&sink->work);
    return code;
}

int media_sink_set_parts(struct media_sink *sink, const struct sink_parts *parts, struct vid_error *err)
{
    return encoder_want_parts(sink->video->video, parts, err);
}

bool media_sink_in_parts(const struct media_sink *sink)
{
    return sink->video->video->parts != NULL;
}

/* ---- writing ---- */

static double seconds_past_end(const struct media_sink *sink, const AVFrame *frame)
{
    const struct chain_output *video = &sink->video->video->video;
    int64_t start = sink->times.start == AV_NOPTS_VALUE ? 0 : sink->times.start;
    if (sink->times.length == INT64_MAX || frame->pts == AV_NOPTS_VALUE)
        return 0;
    double time = (double)frame->pts * video->time_base[0] / video->time_base[1];
    return time - (double)(start + sink->times.length) / AV_TIME_BASE;
}

static bool sound_goes_on(const struct media_sink *sink)
{
    for (int i = 0; i < sink->count; i++)
        if (!sink->streams[i].finished && out_stream_type(&sink->streams[i]) == AVMEDIA_TYPE_AUDIO)
            return true;
    return false;
}

/* The video is complete but other streams have not said so: they may have ended before, or have long gaps.
 * ffmpeg would read on to the end of the input; filtering all of it for nothing is not worth that. */
static void give_up_waiting(struct media_sink *sink, const AVFrame *frame)
{
    double patience = sound_goes_on(sink) ? WAIT_FOR_SOUND : WAIT_FOR_OTHERS;
    if (!sink->video->finished || seconds_past_end(sink, frame) < patience)
        return;
    sink->stopped = true;
    sink_queue_close(&sink->queue);
}

static uint64_t next_picture(struct media_sink *sink, int step)
{
    pthread_mutex_lock(&sink->stats_lock);
    uint64_t number = sink->written;
    sink->written += (uint64_t)step;
    pthread_mutex_unlock(&sink->stats_lock);
    return number;
}

static int write_picture(struct media_sink *sink, AVFrame *frame, struct vid_error *err)
{
    int code = sink_take_packets(sink, next_picture(sink, 0), err);
    if (code < 0 || sink->stopped)
        return code;
    give_up_waiting(sink, frame);
    if (sink->stopped)
        return 0;
    sink->video->video->picture = next_picture(sink, 0);
    code = encoder_picture(sink->video->video, frame, err);
    next_picture(sink, 1);
    if (code >= 0)
        sink_check_end(sink);
    sink_update_stats(sink);
    return code;
}

int media_sink_write(struct media_sink *sink, struct picture **picture, struct vid_error *err)
{
    pthread_mutex_lock(&sink->work);
    int code = 0;
    if (!sink->video->video->known)
        code = vid_fail(err, -EINVAL, "a picture came before its form was told");
    else if (!sink->stopped)
        code = write_picture(sink, (*picture)->frame, err);
    bool stopped = sink->stopped;
    pthread_mutex_unlock(&sink->work);
    picture_unref(picture);
    return code < 0 ? code : stopped ? VID_EOF : 0;
}

static int skip_picture(struct media_sink *sink, struct vid_error *err)
{
    struct encoder *video = sink->video->video;
    video->picture = next_picture(sink, 0);
    int code = sink_take_packets(sink, video->picture, err);
    if (code < 0 || sink->stopped)
        return code;
    code = encoder_skip(video, err);
    next_picture(sink, 1);
    if (code >= 0)
        sink_check_end(sink);
    return code;
}

int media_sink_skip(struct media_sink *sink, struct vid_error *err)
{
    pthread_mutex_lock(&sink->work);
    int code = 0;
    if (!sink->video->video->known)
        code = vid_fail(err, -EINVAL, "a picture was skipped before its form was told");
    else if (!sink->stopped)
        code = skip_picture(sink, err);
    bool stopped = sink->stopped;
    pthread_mutex_unlock(&sink->work);
    return code < 0 ? code : stopped ? VID_EOF : 0;
}

static int flush_streams(struct media_sink *sink, struct vid_error *err)
{
    int code = 0;
    for (int i = 0; i < sink->count && code >= 0; i++) {
        struct out_stream *stream = &sink->streams[i];
        if (stream->video)
            code = encoder_flush(stream->video, err);
        if (stream->audio)
            code = audio_flush(stream->audio, err);
    }
    return code;
}

static int64_t last_written(const struct out_stream *stream)
{
    int64_t dts = stream->out->last_dts;
    return dts == AV_NOPTS_VALUE ? INT64_MIN : av_rescale_q(dts, stream->st->time_base, AV_TIME_BASE_Q);
}

/* As ffmpeg chooses: the stream that is furthest behind. */
static struct out_stream *most_behind(const struct media_sink *sink)
{
    struct out_stream *chosen = NULL;
    for (int i = 0; i < sink->count; i++) {
        struct out_stream *stream = &sink->streams[i];
        if ((stream->video || stream->audio) && !stream->finished &&
            (!chosen || last_written(stream) < last_written(chosen)))
            chosen = stream;
    }
    return chosen;
}

/* The input has ended: what pacing and filters still give, in turn, because one stream's end may be that of
 * all (-shortest) and a filter may go on for ever (apad). */
static int drain(struct media_sink *sink, struct vid_error *err)
{
    struct out_stream *stream;
    int code = 0;
    while (code >= 0 && !sink->stopped && (stream = most_behind(sink)))
        code = stream->video ? encoder_end(stream->video, err) : audio_drain(stream->audio, err);
    return code;
}

static int finish(struct media_sink *sink, struct vid_error *err)
{
    struct encoder *video = sink->video->video;
    if (video->parts && parts_replaying(video->parts))
        return vid_fail(err, -EINVAL,
                        "the input has ended before the parts that an earlier run has encoded; start "
                        "again with -restart");
    int code = sink_take_packets(sink, UINT64_MAX, err);
    if (code >= 0)
        code = sink_end_streams(sink, err);
    if (code >= 0)
        code = drain(sink, err);
    if (code < 0)
        return code;
    if (!video->opened) {
        log_warn("not one frame was written to %s; look at -ss, -t and -frames", sink->mux->path.name);
        code = encoder_open_empty(video, err);
    }
    if (code >= 0)
        code = flush_streams(sink, err);
    if (code >= 0)
        code = mux_finish(sink->mux, err);
    video->pacing.dropped += video->pacing.withheld;
    sink_update_stats(sink);
    sink->finished = code >= 0;
    return code;
}

int media_sink_finish(struct media_sink *sink, struct vid_error *err)
{
    pthread_mutex_lock(&sink->work);
    int code = finish(sink, err);
    pthread_mutex_unlock(&sink->work);
    return code;
}

/* ---- looking ---- */

struct sink_stats media_sink_stats(struct media_sink *sink)
{
    pthread_mutex_lock(&sink->stats_lock);
    struct sink_stats stats = sink->stats;
    pthread_mutex_unlock(&sink->stats_lock);

    pthread_mutex_lock(&sink->mux->lock);
    stats.bytes = (uint64_t)sink->mux->bytes;
    int64_t end = sink->mux->end_us;
    pthread_mutex_unlock(&sink->mux->lock);

    stats.out_time_us = end == AV_NOPTS_VALUE ? 0 : end;
    stats.speed_base_seconds = (double)stats.out_time_us / AV_TIME_BASE;
    if (stats.out_time_us > 0)
        stats.bitrate = (double)stats.bytes * 8 / stats.speed_base_seconds;
    return stats;
}

const char *media_sink_path(const struct media_sink *sink)
{
    return sink->mux->path.name;
}

bool media_sink_is_file(const struct media_sink *sink)
{
    return sink->mux->path.is_file;
}
