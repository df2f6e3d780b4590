#include "media/source_private.h"

#include "base/clock.h"
#include "base/log.h"

/* Programs of which no stream is used need not be read. */
static void start(struct media_source *source)
{
    AVFormatContext *format = source->format;

    for (unsigned i = 0; i < format->nb_programs; i++) {
        AVProgram *program = format->programs[i];

        program->discard = AVDISCARD_ALL;
        for (unsigned k = 0; k < program->nb_stream_indexes; k++)
            if ((int)program->stream_index[k] < source->count &&
                format->streams[program->stream_index[k]]->discard != AVDISCARD_ALL)
                program->discard = AVDISCARD_DEFAULT;
    }
    source->started = true;
}

static bool stopped(const struct media_source *source)
{
    return atomic_load(&source->stop);
}

static bool video_goes_on(const struct media_source *source)
{
    return !source->video_drained && !source->trim.ended;
}

/* Calls the sink for one packet of a stream that it asked for. */
static int hand_over(struct media_source *source, struct source_stream *stream, const AVPacket *packet,
                     struct vid_error *err)
{
    struct source_want *want = &source->wants[stream->index];
    int rc;

    if (!want->packet || want->done)
        return 0;
    rc = want->packet(want->opaque, stream, packet, err);
    if (rc != VID_EOF)
        return rc;
    want->done = true;
    return 0;
}

/* Whether anything is left that a packet could be good for. */
static bool needs_input(const struct media_source *source)
{
    if (video_goes_on(source))
        return true;
    for (int i = 0; i < source->count; i++)
        if (source->wants[i].packet && !source->wants[i].done)
            return true;
    return false;
}

static int use_packet(struct media_source *source, struct source_stream *stream, const AVPacket *packet,
                      struct vid_error *err)
{
    bool filtered = stream->index == source->video && video_goes_on(source);
    bool decoded = filtered || source->wants[stream->index].use == SOURCE_DECODE;
    int rc;

    source_begin_packet(stream, packet, decoded);
    if (filtered) {
        source->npackets++;
        if ((rc = source_decode(source, packet, err)) < 0 && rc != VID_EOF)
            return rc;
    } else if (!decoded) {
        source_skip_packet(stream, packet);
    }
    return hand_over(source, stream, packet, err);
}

static int take_packet(struct media_source *source, AVPacket *packet, struct vid_error *err)
{
    struct source_stream *stream;

    if (packet->stream_index >= source->count)
        return 0;
    stream = &source->streams[packet->stream_index];
    stream->packets++;
    stream->bytes += (uint64_t)packet->size;
    if (stream->st->discard == AVDISCARD_ALL)
        return 0;
    if (packet->flags & AV_PKT_FLAG_CORRUPT) {
        if (source->exit_on_error)
            return vid_fail(err, AVERROR_INVALIDDATA, "%s: corrupt input packet in stream %d",
                            source->format->url, stream->index);
        log_warn("%s: corrupt input packet in stream %d", source->format->url, stream->index);
    }
    source_correct_packet(source, stream, packet);
    return use_packet(source, stream, packet, err);
}

/* The input has ended for a reason that is not its end. */
static int read_failed(struct media_source *source, int rc, struct vid_error *err)
{
    char why[AV_ERROR_MAX_STRING_SIZE] = "";

    if (source->exit_on_error)
        return media_fail(err, rc, "reading the input \"%s\"", source->format->url);
    av_strerror(rc, why, sizeof(why));
    log_error("%s: %s", source->format->url, why);
    return 0;
}

/* Before the input begins again: what the decoder still holds. 1 when all is out. */
static int flush_for_loop(struct media_source *source, struct vid_error *err)
{
    struct source_stream *stream = source_video(source);
    int rc;

    if (stream && video_goes_on(source)) {
        source_begin_packet(stream, NULL, true);
        if ((rc = source_decode(source, NULL, err)) != VID_EOF)
            return rc;
        avcodec_flush_buffers(stream->decoder_ctx);
    }
    return 1;
}

static int end_or_loop(struct media_source *source, int rc, struct vid_error *err)
{
    if (source->loop) {
        int flushed = flush_for_loop(source, err);

        if (flushed <= 0)
            return flushed;
        if (source_rewind(source) >= 0)
            return 0;
        log_warn("%s: could not go back to the start", source->format->url);
    }
    source->input_ended = true;
    return rc == AVERROR_EOF ? 0 : read_failed(source, rc, err);
}

static int read_packet(struct media_source *source, struct vid_error *err)
{
    int rc = av_read_frame(source->format, source->packet);

    if (rc == AVERROR(EAGAIN)) {
        clock_sleep_until(clock_now() + 10 * NS_PER_MS);
        return 0;
    }
    if (stopped(source)) {
        av_packet_unref(source->packet);
        return 0;
    }
    if (rc < 0)
        return end_or_loop(source, rc, err);
    rc = take_packet(source, source->packet, err);
    av_packet_unref(source->packet);
    return rc;
}

/* The streams end one after the other; the decoder gives its last pictures one a call. */
static int drain(struct media_source *source, struct vid_error *err)
{
    struct source_stream *stream;
    int rc;

    if (source->draining == source->count)
        return VID_EOF;
    stream = &source->streams[source->draining];
    if (stream->index == source->video && video_goes_on(source)) {
        source_begin_packet(stream, NULL, true);
        if ((rc = source_decode(source, NULL, err)) != VID_EOF)
            return rc;
        source->video_drained = true;
    } else if (source->wants[stream->index].use == SOURCE_DECODE) {
        source_begin_packet(stream, NULL, true);
    }
    source->draining++;
    return hand_over(source, stream, NULL, err);
}

int media_source_next(struct media_source *source, struct picture **out, struct vid_error *err)
{
    *out = NULL;
    if (source->video < 0)
        return vid_fail(err, -EINVAL, "no stream of \"%s\" is selected for filtering", source->format->url);
    if (!source->started)
        start(source);
    while (!stopped(source)) {
        int rc;

        if ((*out = fifo_get(&source->ready)))
            return 0;
        if (!source->input_ended && !needs_input(source))
            source->input_ended = true;
        rc = source->input_ended ? drain(source, err) : read_packet(source, err);
        if (rc < 0)
            return rc;
    }
    return VID_EOF;
}
