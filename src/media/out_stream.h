/* out_stream: one stream of the output, and what all kinds of them share. Kinds: copied (stream_copy.h),
 * the filtered video (encoder.h), audio (audio.h), subtitles (subtitle.h). All on the thread that writes.
 * Private to the room. */
#ifndef VID_MEDIA_OUT_STREAM_H
#define VID_MEDIA_OUT_STREAM_H

#include "media/internal.h"
#include "media/mux.h"

#include <stdio.h>

struct audio;
struct subtitle;
struct encoder;

/* What an input stream's clocks said when the packet was read, in AV_TIME_BASE units. */
struct read_clock {
    int64_t dts, pts;           /* of a copied stream: of this packet */
    int64_t next_dts, next_pts; /* of a decoded one: where this packet begins */
};

/* The part of the time axis that goes to the output: its -ss, -t, -to. */
struct output_times {
    int64_t start;  /* AV_NOPTS_VALUE: from the beginning */
    int64_t length; /* INT64_MAX: to the end */
};

struct out_stream {
    int index;
    AVStream *st;
    struct source_stream *in;
    int input_streams; /* how many the input has */
    struct mux *mux;
    struct mux_stream *out;
    struct output_times *times; /* of the whole output; -shortest cuts its length */
    const struct media_options *options;

    const AVCodec *codec;     /* NULL: copied */
    AVCodecContext *enc;      /* NULL: copied */
    AVDictionary *codec_opts; /* those that fit */
    const char *filter;       /* -filter, or NULL */
    FILE *pass_log;           /* of a first pass; NULL */
    bool finished;            /* takes no more: its end was reached, or nothing more is wanted */
    bool ended;               /* the input has ended for it */

    /* copied */
    bool started;
    int64_t copied; /* sum of the durations, in out->time_base */
    uint32_t tag;   /* -tag; 0 */
    bool rotated;   /* -metadata:s rotate=... */
    double rotation;

    /* one of them when encoded */
    struct encoder *video;
    struct audio *audio;
    struct subtitle *subtitle;
};

static inline enum AVMediaType out_stream_type(const struct out_stream *stream)
{
    return stream->st->codecpar->codec_type;
}

/* "output stream 0:1 (audio)" into buf; returns buf. */
const char *out_stream_name(const struct out_stream *stream, char *buf, size_t size);

/* The option's value for this stream, or NULL. */
const char *out_stream_option(const struct out_stream *stream, const char *name);

/* -enc_time_base, or else `otherwise`. */
int out_stream_time_base(const struct out_stream *stream, AVRational otherwise, AVRational *out,
                         struct vid_error *err);

/* Has the output's end come when the stream stands at `time`? Then it is finished. */
bool out_stream_past_end(struct out_stream *stream, int64_t time, AVRational time_base);

/* The stream takes no more; it stands at `time`, where -shortest ends the others, too. */
void out_stream_finish(struct out_stream *stream, int64_t time, AVRational time_base);

/* Opens a decoder of the stream's input: the source's own context, or one more when that is in use (`own`,
 * which the caller frees). `defaults` are set unless the user gave them; may be NULL. */
int out_stream_open_decoder(struct out_stream *stream, const AVDictionary *defaults, AVCodecContext **dec,
                            bool *own, struct vid_error *err);

/* Makes stream->enc for stream->codec, with what the options say of it before it is opened. */
int out_stream_make_context(struct out_stream *stream, struct vid_error *err);

/* Opens stream->enc with its options: one more session of an encoder, or by the next. */
int out_stream_open_session(struct out_stream *stream, struct vid_error *err);

/* Opens the encoder with its options, fills codecpar, side data, time base and duration of the stream, and
 * tells the muxer that it is ready. enc's parameters and time base are set before. */
int out_stream_open_encoder(struct out_stream *stream, struct vid_error *err);

/* A packet of the encoder to the muxer. Takes what it holds. */
int out_stream_write(struct out_stream *stream, AVPacket *packet, struct vid_error *err);

/* Sends the frame (NULL: flush) and gives the packets that come to `take`, or writes them when that is NULL.
 * VID_EOF after a flush. */
typedef int (*packet_taker)(void *opaque, AVPacket *packet, struct vid_error *err);
int out_stream_encode(struct out_stream *stream, AVFrame *frame, packet_taker take, void *opaque,
                      struct vid_error *err);

/* The stream's "encoder" tag, as ffmpeg writes it. */
int out_stream_set_encoder_tag(struct out_stream *stream, struct vid_error *err);

#endif
