#include "media/source_private.h"

#include "base/log.h"

#include <stdlib.h>

static const AVRational micro = {1, AV_TIME_BASE};

int fifo_put(struct picture_fifo *fifo, struct picture *picture)
{
    if (fifo->head + fifo->count == fifo->room) {
        size_t room = 2 * fifo->count + 4;
        struct picture **items = calloc(room, sizeof(*items));

        if (!items)
            return -ENOMEM;
        if (fifo->count)
            memcpy(items, fifo->items + fifo->head, fifo->count * sizeof(*items));
        free(fifo->items);
        *fifo = (struct picture_fifo){.items = items, .count = fifo->count, .room = room};
    }
    fifo->items[fifo->head + fifo->count++] = picture;
    return 0;
}

struct picture *fifo_get(struct picture_fifo *fifo)
{
    struct picture *picture;

    if (!fifo->count)
        return NULL;
    picture = fifo->items[fifo->head++];
    if (!--fifo->count)
        fifo->head = 0;
    return picture;
}

void fifo_clear(struct picture_fifo *fifo)
{
    struct picture *picture;

    while ((picture = fifo_get(fifo)))
        picture_unref(&picture);
    free(fifo->items);
    *fifo = (struct picture_fifo){0};
}

bool source_trim_passes(struct source_trim *trim, int64_t pts)
{
    bool known = pts != AV_NOPTS_VALUE;

    if (trim->ended)
        return false;
    if (trim->start != AV_NOPTS_VALUE && !(known && pts >= trim->start))
        return false;
    if (trim->first_pts == AV_NOPTS_VALUE && known)
        trim->first_pts = pts;
    if (trim->duration && !(known && pts - trim->first_pts < trim->duration))
        trim->ended = true;
    return !trim->ended;
}

/* Notes when ffmpeg would build its graph anew. */
static void watch_shape(struct media_source *source)
{
    struct source_shape *shape = &source->shape;
    const AVFrame *frame = source->frame;
    const AVFrameSideData *sd = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);

    if (shape->width == frame->width && shape->height == frame->height && shape->format == frame->format &&
        shape->rotated == !!sd && (!sd || !memcmp(shape->matrix, sd->data, sizeof(shape->matrix))))
        return;
    *shape = (struct source_shape){.width = frame->width,
                                   .height = frame->height,
                                   .format = frame->format,
                                   .rotated = sd,
                                   .first = source->npictures,
                                   .aspect = frame->sample_aspect_ratio};
    if (sd)
        memcpy(shape->matrix, sd->data, sizeof(shape->matrix));
}

/* Hands the picture on, or drops it when it is trimmed away. */
static int deliver(struct media_source *source, int64_t end, struct vid_error *err)
{
    AVFrame *frame;
    struct picture *picture;

    watch_shape(source);
    if (!source_trim_passes(&source->trim, source->frame->pts)) {
        av_frame_unref(source->frame);
        return 0;
    }
    frame = av_frame_alloc();
    if (frame)
        av_frame_move_ref(frame, source->frame);
    picture = frame ? picture_from_frame(&frame, source_time_base(source)) : NULL;
    if (picture) {
        picture->graph_first = source->shape.first;
        picture->graph_aspect = source->shape.aspect;
        picture->end = end;
    }
    if (!picture || fifo_put(&source->ready, picture) < 0) {
        if (picture)
            picture_unref(&picture);
        return vid_fail(err, -ENOMEM, "no memory for a decoded picture");
    }
    source->npictures++;
    return 0;
}

static int remember_drain_dts(struct media_source *source, int64_t dts)
{
    void *more =
        av_realloc_array(source->drain_dts, (size_t)source->ndrain_dts + 1, sizeof(*source->drain_dts));

    if (!more)
        return -ENOMEM;
    source->drain_dts = more;
    source->drain_dts[source->ndrain_dts++] = dts;
    return 0;
}

static int64_t take_drain_dts(struct media_source *source)
{
    int64_t dts = source->drain_dts[0];

    source->ndrain_dts--;
    memmove(source->drain_dts, source->drain_dts + 1, (size_t)source->ndrain_dts * sizeof(dts));
    return dts;
}

/* The decoder's picture gets the timestamp, field order and aspect that ffmpeg gives it. */
static void finish_frame(struct media_source *source, struct source_stream *stream, bool draining)
{
    AVFrame *frame = source->frame;
    int64_t ts = frame->best_effort_timestamp;

    if (stream->top_field_first >= 0)
        frame->top_field_first = stream->top_field_first;
    if (stream->frame_rate.num)
        ts = source->cfr_next_pts++;
    if (draining && ts == AV_NOPTS_VALUE && source->ndrain_dts > 0)
        ts = take_drain_dts(source);
    if (ts != AV_NOPTS_VALUE) {
        frame->pts = ts;
        stream->next_pts = stream->pts = av_rescale_q(ts, stream->st->time_base, micro);
    }
    if (stream->st->sample_aspect_ratio.num)
        frame->sample_aspect_ratio = stream->st->sample_aspect_ratio;
}

static int report_corrupt(struct media_source *source, struct vid_error *err)
{
    const AVFrame *frame = source->frame;

    if (!frame->decode_error_flags && !(frame->flags & AV_FRAME_FLAG_CORRUPT))
        return 0;
    source->ncorrupt++;
    if (source->exit_on_error)
        return vid_fail(err, AVERROR_INVALIDDATA, "%s: corrupt decoded frame in stream %d",
                        source->format->url, source->video);
    log_warn("%s: corrupt decoded frame in stream %d", source->format->url, source->video);
    return 0;
}

/* One call of the decoder: 1 with a picture in source->frame, 0 without, VID_EOF when drained, or its error.
 */
static int run_decoder(struct media_source *source, AVCodecContext *ctx, const AVPacket *packet, bool send)
{
    int rc;

    if (send && (rc = avcodec_send_packet(ctx, packet)) < 0 && rc != AVERROR_EOF)
        return rc;
    rc = avcodec_receive_frame(ctx, source->frame);
    if (rc == AVERROR(EAGAIN))
        return 0;
    if (rc == AVERROR_EOF)
        return VID_EOF;
    return rc < 0 ? rc : 1;
}

static int refused(struct media_source *source, int rc, struct vid_error *err)
{
    char why[AV_ERROR_MAX_STRING_SIZE] = "";

    source->ndecode_errors++;
    if (source->exit_on_error)
        return media_fail(err, rc, "error while decoding stream #0:%d", source->video);
    av_strerror(rc, why, sizeof(why));
    log_error("Error while decoding stream #0:%d: %s", source->video, why);
    return 0;
}

/* By what the packet says, else by the frame rate. */
static int64_t packet_duration(const struct source_stream *stream, const AVPacket *packet)
{
    return packet && packet->duration ? av_rescale_q(packet->duration, stream->st->time_base, micro)
                                      : source_frame_duration(stream);
}

static int64_t picture_duration(const struct source_stream *stream, const AVPacket *packet, int64_t told)
{
    return told > 0 ? av_rescale_q(told, stream->st->time_base, micro) : packet_duration(stream, packet);
}

static int64_t end_of_picture(const struct source_stream *stream, const AVPacket *packet, int64_t told)
{
    return av_rescale_q_rnd(stream->next_pts + picture_duration(stream, packet, told), micro,
                            stream->st->time_base, AV_ROUND_NEAR_INF | AV_ROUND_PASS_MINMAX);
}

/* The clocks move on. */
static void advance(struct source_stream *stream, const AVPacket *packet, int64_t told, bool got)
{
    int64_t duration = packet_duration(stream, packet);

    if (stream->dts != AV_NOPTS_VALUE && duration)
        stream->next_dts += duration;
    else
        stream->next_dts = AV_NOPTS_VALUE;
    if (got)
        stream->next_pts += picture_duration(stream, packet, told);
}

static void watch_delay(struct source_stream *stream)
{
    AVCodecParameters *par = stream->st->codecpar;

    /* Without a parser the container may not know of the delay; the copy of this stream needs it. */
    if (par->video_delay < stream->decoder_ctx->has_b_frames &&
        stream->decoder_ctx->codec_id == AV_CODEC_ID_H264)
        par->video_delay = stream->decoder_ctx->has_b_frames;
}

/* One step: sends the packet unless `again`, takes at most one picture. 1 when there may be more. */
static int decode_step(struct media_source *source, const AVPacket *packet, bool again, struct vid_error *err)
{
    struct source_stream *stream = source_video(source);
    AVPacket *send = source->decode_packet;
    int64_t dts = AV_NOPTS_VALUE, duration = 0;
    int rc, failed;

    stream->pts = stream->next_pts;
    stream->dts = stream->next_dts;
    if (packet && !again && send->size == 0)
        rc = 0;
    else {
        if (stream->dts != AV_NOPTS_VALUE)
            dts = av_rescale_q(stream->dts, micro, stream->st->time_base);
        if (!again)
            send->dts = dts;
        if (!packet && remember_drain_dts(source, dts) < 0)
            return vid_fail(err, -ENOMEM, "no memory for draining the decoder");
        rc = run_decoder(source, stream->decoder_ctx, send, !again);
        watch_delay(stream);
    }
    if (rc == 1) {
        if ((failed = report_corrupt(source, err)) < 0)
            return failed;
        duration = source->frame->pkt_duration;
        finish_frame(source, stream, !packet);
        if ((failed = deliver(source, end_of_picture(stream, packet, duration), err)) < 0)
            return failed;
    }
    if (!again || !packet || rc == 1)
        advance(stream, packet, duration, rc == 1);
    av_packet_unref(send);
    if (rc < 0 && rc != VID_EOF)
        return refused(source, rc, err);
    return rc;
}

int source_decode(struct media_source *source, const AVPacket *packet, struct vid_error *err)
{
    int rc;

    av_packet_unref(source->decode_packet);
    if (packet && av_packet_ref(source->decode_packet, packet) < 0)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    rc = decode_step(source, packet, false, err);
    while (rc == 1 && packet)
        rc = decode_step(source, packet, true, err);
    return rc < 0 ? rc : 0;
}
