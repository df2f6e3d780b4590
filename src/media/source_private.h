/* source_private: the source's own files share this. One thread (the one that
 * calls media_source_next) owns all but `stop` and the counters. */
#ifndef VID_MEDIA_SOURCE_PRIVATE_H
#define VID_MEDIA_SOURCE_PRIVATE_H

#include "media/internal.h"

#include <stdatomic.h>

/* What the sink asked for about one stream. */
struct source_want {
    source_packet packet; /* NULL: nothing */
    void *opaque;
    enum source_use use;
    bool done; /* it wants no more */
};

/* The trim that ffmpeg puts behind the buffer source, in the picture's time base. */
struct source_trim {
    int64_t start, duration; /* AV_NOPTS_VALUE; 0 */
    int64_t first_pts;
    bool ended;
};

/* What ffmpeg's graph was last built with. */
struct source_shape {
    int width, height, format;
    bool rotated;
    int32_t matrix[9];
    uint64_t first; /* number of the picture */
    AVRational aspect;
};

struct picture_fifo {
    struct picture **items;
    size_t head, count, room;
};

struct media_source {
    AVFormatContext *format;
    int (*interrupted)(void); /* may be NULL */
    struct source_stream *streams;
    struct source_want *wants; /* one for each stream */
    int count;
    int video; /* index of the filtered stream, -1 */

    int64_t start_time, recording_time; /* AV_TIME_BASE; as struct source_times */
    bool accurate_seek, copy_ts, start_at_zero, exit_on_error;
    int64_t ts_offset, last_ts;
    int loop; /* -stream_loop: times left, -1 for ever */
    int64_t loop_duration;
    AVRational loop_time_base;

    AVPacket *packet, *decode_packet;
    AVFrame *frame;
    int64_t *drain_dts; /* dts of the drain calls, for pictures without a timestamp */
    int ndrain_dts;
    int64_t cfr_next_pts; /* with -r before -i */
    struct source_trim trim;
    struct source_shape shape;
    struct picture_fifo ready;

    bool started, input_ended, video_drained;
    int draining; /* index of the stream that is flushed at the end */
    atomic_bool stop;
    _Atomic uint64_t npackets, npictures, ndecode_errors, ncorrupt;
};

/* source_times.c: corrects the packet's timestamps in place, as ffmpeg's process_input. */
void source_correct_packet(struct media_source *source, struct source_stream *stream, AVPacket *packet);
/* Before a packet (or NULL at the end) of the stream is used: sets its clocks. */
void source_begin_packet(struct source_stream *stream, const AVPacket *packet, bool decoded);
/* Moves the clocks of a stream that is not decoded past the packet. */
void source_skip_packet(struct source_stream *stream, const AVPacket *packet);
/* Length of one packet of the filtered stream, when the packet does not know: AV_TIME_BASE units, 0 unknown.
 */
int64_t source_frame_duration(const struct source_stream *stream);
/* Back to the start for -stream_loop; later packets are moved behind the earlier ones. */
int source_rewind(struct media_source *source);

/* source_decode.c: decodes a packet (NULL: drains one step) of the filtered stream; pictures
 * that pass the trim go to source->ready. 0; VID_EOF when drained; negative when the job must end. */
int source_decode(struct media_source *source, const AVPacket *packet, struct vid_error *err);

/* True when the picture passes -ss and -t. */
bool source_trim_passes(struct source_trim *trim, int64_t pts);

int fifo_put(struct picture_fifo *fifo, struct picture *picture);
struct picture *fifo_get(struct picture_fifo *fifo); /* NULL when empty */
void fifo_clear(struct picture_fifo *fifo);

/* source_streams.c */
int source_streams_create(struct media_source *source, const struct input_options *in, struct vid_error *err);
void source_streams_free(struct media_source *source);
/* The decoder of -c before -i (the stream's codec id follows it), or that of the codec id, or NULL. */
int source_choose_decoder(const struct input_options *in, AVFormatContext *format, AVStream *st,
                          const AVCodec **out, struct vid_error *err);

/* source_open.c: opens and probes the container, seeks to -ss. */
int source_open_format(struct media_source *source, const struct media_options *options,
                       struct vid_error *err);

#endif
