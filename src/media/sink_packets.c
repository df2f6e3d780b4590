#include "media/audio.h"
#include "media/sink_private.h"
#include "media/stream_copy.h"
#include "media/subtitle.h"

void sink_update_stats(struct media_sink *sink)
{
    const struct encoder *video = sink->video->video;
    struct sink_stats stats = {.frames = (uint64_t)video->pacing.encoded,
                               .duplicated = (uint64_t)video->pacing.duplicated,
                               .dropped = (uint64_t)video->pacing.dropped,
                               .quality = video->quality};
    pthread_mutex_lock(&sink->stats_lock);
    sink->stats = stats;
    pthread_mutex_unlock(&sink->stats_lock);
}

/* As ffmpeg looks at it: the first stream that still wants something decides. */
static bool wants_more(const struct media_sink *sink)
{
    bool has_file = sink->mux->ctx->pb != NULL;
    for (int i = 0; i < sink->count; i++) {
        const struct out_stream *stream = &sink->streams[i];
        int64_t frames = stream->video ? stream->video->pacing.encoded : stream->out->count;
        if (stream->finished || (has_file && mux_position(sink->mux) >= sink->options->out.limit_bytes))
            continue;
        return frames < stream->out->limit;
    }
    return false;
}

void sink_check_end(struct media_sink *sink)
{
    if (sink->stopped || wants_more(sink))
        return;
    sink->stopped = true;
    sink_queue_close(&sink->queue);
}

static int use(struct media_sink *sink, struct out_stream *stream, const AVPacket *packet,
               const struct read_clock *clock, struct vid_error *err)
{
    int code = 0;
    if (stream->ended)
        return 0;
    if (!packet)
        stream->ended = true;
    if (stream->audio)
        code = audio_packet(stream->audio, packet, clock, err);
    else if (stream->subtitle)
        code = subtitle_packet(stream->subtitle, packet, clock, err);
    else if (!stream->codec)
        code = stream_copy_packet(stream, packet, clock, &sink->input, err);
    return code;
}

/* Decoding comes before copying: they share the clock that smooths the timestamps of sound. */
static int use_everywhere(struct media_sink *sink, const struct queued_packet *queued, struct vid_error *err)
{
    int code = 0;
    for (int copies = 0; copies < 2; copies++) /* then true */
        for (int i = 0; i < sink->count && code >= 0; i++)
            if (sink->streams[i].in->index == queued->input && (sink->streams[i].codec == NULL) == copies)
                code = use(sink, &sink->streams[i], queued->packet, &queued->clock, err);
    return code;
}

int sink_take_packets(struct media_sink *sink, uint64_t pictures, struct vid_error *err)
{
    int code = 0;
    while (code >= 0 && !sink->stopped) {
        struct queued_packet *queued = sink_queue_take(&sink->queue, pictures);
        if (!queued)
            break;
        code = use_everywhere(sink, queued, err);
        queued_packet_free(queued);
        if (code >= 0)
            sink_check_end(sink);
    }
    return code;
}

int sink_end_streams(struct media_sink *sink, struct vid_error *err)
{
    struct read_clock clock = {AV_NOPTS_VALUE, AV_NOPTS_VALUE, AV_NOPTS_VALUE, AV_NOPTS_VALUE};
    int code = 0;
    for (int i = 0; i < sink->count && code >= 0; i++) {
        struct out_stream *stream = &sink->streams[i];
        /* Once nothing more is wanted, a decoder need not be drained: what it holds is not for the output. */
        if (!stream->codec || !sink->stopped)
            code = use(sink, stream, NULL, &clock, err);
    }
    return code;
}

/* ---- on the source's thread ---- */

static struct read_clock clock_of(const struct source_stream *stream, bool decoded)
{
    if (decoded)
        return (struct read_clock){stream->next_dts, stream->next_pts, stream->next_dts, stream->next_pts};
    return (struct read_clock){stream->dts, stream->pts, stream->next_dts, stream->next_pts};
}

static int64_t packet_length(const struct source_stream *stream, const AVPacket *packet, int *samples)
{
    AVCodecParameters *par = stream->st->codecpar;
    *samples = par->codec_type == AVMEDIA_TYPE_AUDIO ? av_get_audio_frame_duration2(par, packet->size) : 0;
    if (*samples > 0 && par->sample_rate > 0)
        return (int64_t)AV_TIME_BASE * *samples / par->sample_rate;
    return av_rescale_q(packet->duration, stream->st->time_base, AV_TIME_BASE_Q);
}

/* The packet is decoded later; the clocks that the source looks at move now, by its length. */
static void move_clocks(struct source_stream *stream, const AVPacket *packet)
{
    int samples;
    int64_t length = packet_length(stream, packet, &samples);
    stream->dts = stream->next_dts;
    stream->pts = stream->next_pts;
    stream->next_dts += length;
    stream->next_pts += length;
    if (samples > 0)
        stream->samples_last = samples;
}

bool sink_decodes(const struct media_sink *sink, const struct source_stream *in)
{
    for (int i = 0; i < sink->count; i++)
        if (sink->streams[i].in == in && (sink->streams[i].audio || sink->streams[i].subtitle))
            return true;
    return false;
}

static uint64_t pictures_written(struct media_sink *sink)
{
    pthread_mutex_lock(&sink->stats_lock);
    uint64_t written = sink->written;
    pthread_mutex_unlock(&sink->stats_lock);
    return written;
}

/* When the pictures that were read before have all been written, a long queue need not wait for the next. */
static int help_out(struct media_sink *sink, struct vid_error *err)
{
    if (!sink_queue_is_long(&sink->queue) || pthread_mutex_trylock(&sink->work) != 0)
        return 0;
    int code = sink_take_packets(sink, pictures_written(sink), err);
    pthread_mutex_unlock(&sink->work);
    return code;
}

int sink_packet_read(void *opaque, struct source_stream *stream, const AVPacket *packet,
                     struct vid_error *err)
{
    struct media_sink *sink = opaque;
    bool decoded = sink_decodes(sink, stream);
    struct read_clock clock = clock_of(stream, decoded);
    uint64_t pictures = media_source_stats(sink->source).pictures;

    if (decoded && packet)
        move_clocks(stream, packet);
    int code = sink_queue_put(&sink->queue, stream->index, packet, &clock, pictures, err);
    return code < 0 ? code : help_out(sink, err);
}
