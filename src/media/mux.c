#include "media/mux.h"

#include "media/internal.h"
#include "media/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_LIMIT ((size_t)128 << 20)

static int fail_write(struct mux *mux, int code, struct vid_error *err)
{
    return media_fail(err, code, "cannot write %s", mux->path.name);
}

static int check_number(const struct mux *mux, struct vid_error *err)
{
    if (!(mux->ctx->oformat->flags & AVFMT_NEEDNUMBER) || av_filename_number_test(mux->ctx->url))
        return 0;
    return vid_fail(err, -EINVAL, "%s: a name for a series of files needs a pattern such as %%04d",
                    mux->path.name);
}

/* What is written directly is opened now, as ffmpeg does; a file of its own only with the header. */
static int open_io(struct mux *mux, struct vid_error *err)
{
    AVFormatContext *ctx = mux->ctx;
    if (mux->opened || ctx->oformat->flags & AVFMT_NOFILE)
        return 0;
    int code = avio_open2(&ctx->pb, ctx->url, AVIO_FLAG_WRITE, NULL, &mux->opts);
    if (code < 0)
        return media_fail(err, code, "cannot open %s for writing", ctx->url);
    mux->opened = mux->created = true;
    return 0;
}

static int set_write_name(struct mux *mux, struct vid_error *err)
{
    char *url = av_strdup(mux_path_write_name(&mux->path));
    if (!url)
        return vid_fail(err, -ENOMEM, "no memory for the output's name");
    av_free(mux->ctx->url);
    mux->ctx->url = url;
    return 0;
}

static int alloc_context(struct mux *mux, const struct output_options *options, struct vid_error *err)
{
    media_log_reset();
    int code = avformat_alloc_output_context2(&mux->ctx, NULL, options->format, options->url);
    if (code < 0 || !mux->ctx) {
        if (options->format)
            return vid_fail(err, -EINVAL, "-f %s: there is no such output format", options->format);
        return vid_fail(err, -EINVAL, "%s: no output format is known for this name; choose one with -f",
                        options->url);
    }
    if (options->bitexact)
        mux->ctx->flags |= AVFMT_FLAG_BITEXACT;
    mux->ctx->max_delay = (int)(options->mux_delay * AV_TIME_BASE);
    return 0;
}

static int copy_options(struct mux *mux, const struct output_options *options, struct vid_error *err)
{
    int code = av_dict_copy(&mux->opts, (const AVDictionary *)options->format_opts, 0);
    if (code >= 0 && options->mux_preload != 0)
        code = av_dict_set_int(&mux->opts, "preload", (int64_t)(options->mux_preload * AV_TIME_BASE), 0);
    return code < 0 ? media_fail(err, code, "cannot keep the output's options") : 0;
}

int mux_open(const struct output_options *options, struct mux **out, struct vid_error *err)
{
    struct mux *mux = calloc(1, sizeof(*mux));
    if (!mux)
        return vid_fail(err, -ENOMEM, "no memory for the output");
    mux->end_us = AV_NOPTS_VALUE;
    mux->unwritten = options->unwritten;
    pthread_mutex_init(&mux->lock, NULL);

    int code = alloc_context(mux, options, err);
    if (code >= 0)
        code = copy_options(mux, options, err);
    if (code >= 0)
        code = mux_path_choose(options->url, mux->ctx->oformat->flags & AVFMT_NOFILE, &mux->path, err);
    if (code >= 0)
        code = check_number(mux, err);
    if (code < 0)
        mux_close(&mux);
    *out = mux;
    return code;
}

int mux_prepare(struct mux *mux, struct vid_error *err)
{
    mux->streams = calloc(mux->ctx->nb_streams ? mux->ctx->nb_streams : 1, sizeof(*mux->streams));
    if (!mux->streams)
        return vid_fail(err, -ENOMEM, "no memory for the output's streams");
    for (unsigned i = 0; i < mux->ctx->nb_streams; i++) {
        struct mux_stream *stream = &mux->streams[i];
        stream->st = mux->ctx->streams[i];
        stream->limit = INT64_MAX;
        stream->last_dts = AV_NOPTS_VALUE;
        stream->tail = &stream->first;
    }
    int code = set_write_name(mux, err);
    return code < 0 || mux->path.part || mux->unwritten ? code : open_io(mux, err);
}

static int wait_in_queue(struct mux *mux, struct mux_stream *stream, AVPacket *packet, struct vid_error *err)
{
    if (mux->waiting_bytes + (size_t)packet->size > WAITING_LIMIT)
        return vid_fail(err, -ENOBUFS,
                        "more than %zu MiB wait for a stream of %s of which nothing has come; leave that "
                        "stream out with -map",
                        WAITING_LIMIT >> 20, mux->path.name);
    struct mux_waiting *waiting = calloc(1, sizeof(*waiting));
    if (!waiting || !(waiting->packet = av_packet_alloc()) || av_packet_make_refcounted(packet) < 0) {
        if (waiting)
            av_packet_free(&waiting->packet);
        free(waiting);
        return vid_fail(err, -ENOMEM, "no memory for a packet of %s", mux->path.name);
    }
    mux->waiting_bytes += (size_t)packet->size;
    av_packet_move_ref(waiting->packet, packet);
    *stream->tail = waiting;
    stream->tail = &waiting->next;
    return 0;
}

static int64_t middle(int64_t a, int64_t b, int64_t c)
{
    int64_t low = FFMIN(a, b), high = FFMAX(a, b);
    return FFMAX(low, FFMIN(high, c));
}

/* A presentation before the decoding time cannot be: both become the middle one of the candidates. */
static void repair_order(AVPacket *packet, const struct mux_stream *stream)
{
    if (packet->dts == AV_NOPTS_VALUE || packet->pts == AV_NOPTS_VALUE || packet->dts <= packet->pts)
        return;
    log_warn("invalid DTS: %" PRId64 " PTS: %" PRId64 " in output stream %d, replacing by guess", packet->dts,
             packet->pts, stream->st->index);
    packet->pts = packet->dts = middle(packet->pts, packet->dts, stream->last_dts + 1);
}

static void repair_rise(struct mux *mux, AVPacket *packet, const struct mux_stream *stream)
{
    enum AVMediaType type = stream->st->codecpar->codec_type;
    if (type != AVMEDIA_TYPE_AUDIO && type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_SUBTITLE)
        return;
    if (packet->dts == AV_NOPTS_VALUE || stream->last_dts == AV_NOPTS_VALUE)
        return;
    int64_t least = stream->last_dts + !(mux->ctx->oformat->flags & AVFMT_TS_NONSTRICT);
    if (packet->dts >= least)
        return;
    bool notable = least - packet->dts > 2 || type == AVMEDIA_TYPE_VIDEO;
    log_line(notable ? LOG_WARNING : LOG_DEBUG,
             "non-monotonous DTS in output stream %d; previous: %" PRId64 ", current: %" PRId64
             "; changing to %" PRId64,
             stream->st->index, stream->last_dts, packet->dts, least);
    if (packet->pts >= packet->dts)
        packet->pts = FFMAX(packet->pts, least);
    packet->dts = least;
}

static void stamp(struct mux *mux, struct mux_stream *stream, AVPacket *packet)
{
    if (stream->no_timestamps)
        packet->pts = packet->dts = AV_NOPTS_VALUE;
    if (stream->frame_rate.num)
        packet->duration = av_rescale_q(1, av_inv_q(stream->frame_rate), stream->time_base);
    av_packet_rescale_ts(packet, stream->time_base, stream->st->time_base);
    if (!(mux->ctx->oformat->flags & AVFMT_NOTIMESTAMPS)) {
        repair_order(packet, stream);
        repair_rise(mux, packet, stream);
    }
    stream->last_dts = packet->dts;
    packet->stream_index = stream->st->index;
}

static void count(struct mux *mux, const struct mux_stream *stream)
{
    int64_t end = av_stream_get_end_pts(stream->st);
    pthread_mutex_lock(&mux->lock);
    if (end != AV_NOPTS_VALUE) {
        end = av_rescale_q(end, stream->st->time_base, AV_TIME_BASE_Q);
        if (mux->end_us == AV_NOPTS_VALUE || end > mux->end_us)
            mux->end_us = end;
    }
    mux->bytes = FFMAX(mux->bytes, mux_position(mux));
    pthread_mutex_unlock(&mux->lock);
}

static int write_now(struct mux *mux, struct mux_stream *stream, AVPacket *packet, struct vid_error *err)
{
    stamp(mux, stream, packet);
    media_log_reset();
    int code = av_interleaved_write_frame(mux->ctx, packet);
    if (code < 0)
        return fail_write(mux, code, err);
    /* Buffered output tells late that the disk is full. */
    if (mux->ctx->pb && mux->ctx->pb->error < 0)
        return fail_write(mux, mux->ctx->pb->error, err);
    count(mux, stream);
    return 0;
}

static int put(struct mux *mux, struct mux_stream *stream, AVPacket *packet, struct vid_error *err)
{
    if (!stream->unlimited) {
        if (stream->count >= stream->limit) {
            av_packet_unref(packet);
            return 0;
        }
        stream->count++;
    }
    if (!mux->header_written)
        return wait_in_queue(mux, stream, packet, err);
    return write_now(mux, stream, packet, err);
}

static int put_filtered(struct mux *mux, struct mux_stream *stream, AVPacket *packet, struct vid_error *err)
{
    AVPacket *out = av_packet_alloc();
    if (!out)
        return vid_fail(err, -ENOMEM, "no memory for a packet");
    int code = av_bsf_send_packet(stream->bsf, packet);
    int kept = 0;
    while (code >= 0 && kept >= 0) {
        code = av_bsf_receive_packet(stream->bsf, out);
        if (code >= 0)
            kept = put(mux, stream, out, err);
    }
    av_packet_free(&out);
    if (kept < 0)
        return kept;
    if (code != AVERROR(EAGAIN) && code != AVERROR_EOF)
        log_error("output stream %d: the bitstream filter refuses a packet: %s", stream->st->index,
                  av_err2str(code));
    return 0;
}

int mux_write(struct mux *mux, int index, AVPacket *packet, struct vid_error *err)
{
    struct mux_stream *stream = &mux->streams[index];
    if (stream->bsf)
        return put_filtered(mux, stream, packet, err);
    return packet ? put(mux, stream, packet, err) : 0;
}

static int init_bsf(struct mux_stream *stream, struct vid_error *err)
{
    if (!stream->bsf)
        return 0;
    int code = avcodec_parameters_copy(stream->bsf->par_in, stream->st->codecpar);
    stream->bsf->time_base_in = stream->st->time_base;
    if (code >= 0)
        code = av_bsf_init(stream->bsf);
    if (code >= 0)
        code = avcodec_parameters_copy(stream->st->codecpar, stream->bsf->par_out);
    if (code < 0)
        return media_fail(err, code, "cannot start the bitstream filter %s of output stream %d",
                          stream->bsf->filter->name, stream->st->index);
    stream->st->time_base = stream->bsf->time_base_out;
    return 0;
}

static bool all_ready(const struct mux *mux)
{
    for (unsigned i = 0; i < mux->ctx->nb_streams; i++)
        if (!mux->streams[i].ready)
            return false;
    return true;
}

static int write_waiting(struct mux *mux, struct mux_stream *stream, struct vid_error *err)
{
    /* Nothing has been stamped in the old time base: the muxer's own is exact. */
    if (!stream->first)
        stream->time_base = stream->st->time_base;
    int code = 0;
    while (stream->first && code >= 0) {
        struct mux_waiting *waiting = stream->first;
        mux->waiting_bytes -= (size_t)waiting->packet->size;
        code = write_now(mux, stream, waiting->packet, err);
        stream->first = waiting->next;
        av_packet_free(&waiting->packet);
        free(waiting);
    }
    stream->tail = &stream->first;
    return code;
}

/* The muxer says itself which stream it does not take. */
static int fail_header(struct mux *mux, int code, struct vid_error *err)
{
    char why[600];
    if (media_log_errors(why, sizeof(why)) > 0)
        return vid_fail(err, code, "cannot write %s as %s: %s", mux->path.name, mux->ctx->oformat->name, why);
    return fail_write(mux, code, err);
}

static int write_header(struct mux *mux, struct vid_error *err)
{
    int code = open_io(mux, err);
    if (code < 0)
        return code;
    media_log_reset();
    code = avformat_write_header(mux->ctx, &mux->opts);
    if (code < 0)
        return fail_header(mux, code, err);
    mux->header_written = true;
    if (mux->dump)
        av_dump_format(mux->ctx, 0, mux->path.name, 1);
    for (unsigned i = 0; i < mux->ctx->nb_streams && code >= 0; i++)
        code = write_waiting(mux, &mux->streams[i], err);
    return code < 0 ? code : 0;
}

int mux_ready(struct mux *mux, int index, struct vid_error *err)
{
    int code = init_bsf(&mux->streams[index], err);
    if (code < 0)
        return code;
    mux->streams[index].ready = true;
    return all_ready(mux) ? write_header(mux, err) : 0;
}

int64_t mux_position(const struct mux *mux)
{
    return mux->ctx->pb ? avio_tell(mux->ctx->pb) : 0;
}

static int close_io(struct mux *mux, struct vid_error *err)
{
    if (!mux->opened)
        return 0;
    int64_t size = avio_size(mux->ctx->pb);
    if (size <= 0)
        size = avio_tell(mux->ctx->pb);
    pthread_mutex_lock(&mux->lock);
    mux->bytes = FFMAX(mux->bytes, size);
    pthread_mutex_unlock(&mux->lock);
    mux->opened = false;
    int failed = mux->ctx->pb->error;
    int code = avio_closep(&mux->ctx->pb);
    if (failed < 0)
        code = failed;
    return code < 0 ? fail_write(mux, code, err) : 0;
}

int mux_finish(struct mux *mux, struct vid_error *err)
{
    if (!mux->header_written)
        return vid_fail(err, AVERROR(EINVAL), "nothing was written to %s: one of its streams got no packets",
                        mux->path.name);
    media_log_reset();
    int code = av_write_trailer(mux->ctx);
    if (code < 0)
        return fail_write(mux, code, err);
    code = close_io(mux, err);
    if (code >= 0)
        code = mux_path_commit(&mux->path, err);
    mux->finished = code >= 0;
    return code;
}

static void free_streams(struct mux *mux)
{
    for (unsigned i = 0; mux->streams && i < mux->ctx->nb_streams; i++) {
        av_bsf_free(&mux->streams[i].bsf);
        while (mux->streams[i].first) {
            struct mux_waiting *waiting = mux->streams[i].first;
            mux->streams[i].first = waiting->next;
            av_packet_free(&waiting->packet);
            free(waiting);
        }
    }
    free(mux->streams);
}

void mux_close(struct mux **out)
{
    struct mux *mux = *out;
    if (!mux)
        return;
    *out = NULL;
    free_streams(mux);
    if (mux->opened)
        avio_closep(&mux->ctx->pb);
    if (mux->created && !mux->finished)
        mux_path_discard(&mux->path);
    avformat_free_context(mux->ctx);
    av_dict_free(&mux->opts);
    mux_path_free(&mux->path);
    pthread_mutex_destroy(&mux->lock);
    free(mux);
}
