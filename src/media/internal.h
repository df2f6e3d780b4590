/* internal: what the files of this room share with each other, libav types
 * included. Nobody outside src/media includes this. */
#ifndef VID_MEDIA_INTERNAL_H
#define VID_MEDIA_INTERNAL_H

#include "base/error.h"
#include "media/chain.h"
#include "media/options.h"
#include "media/picture.h"
#include "media/sink.h"
#include "media/source.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

/* ---- picture ---- */

/* A reference of its own to the frame's buffers: its fields (pts, ...) may be
 * changed by whoever holds this picture; the pixels only when
 * av_frame_is_writable(frame). */
struct picture {
    AVFrame *frame;
    AVRational time_base; /* of frame->pts; num 0 when unknown */

    /* ffmpeg builds its graph anew when size, format or rotation change: the number of the
     * picture that it was built with last, and that one's aspect. Set by the source, read by the chain. */
    uint64_t graph_first;
    AVRational graph_aspect;

    /* Of a decoded picture: where ffmpeg's filters would be told that the video ends if it was the last, in
     * time_base; AV_NOPTS_VALUE when unknown. */
    int64_t end;
};

/* Takes the frame's reference (the caller's is nulled, also on failure). NULL: no memory. */
struct picture *picture_from_frame(AVFrame **frame, AVRational time_base);

/* "text: libav's name of the error" as vid_fail does; AVERROR_EOF stays as it is. */
int media_fail(struct vid_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- source, as the sink and the chain see it ---- */

/* One stream of the input. Times in AV_TIME_BASE units unless said otherwise; AV_NOPTS_VALUE when
 * unknown. The source's thread owns all of it once reading has begun; the
 * sink's packet callback runs there and may read and write it. */
struct source_stream {
    AVStream *st;
    int index;
    const AVCodec *decoder;      /* chosen by -c before -i, or by codec id; NULL: none */
    AVDictionary *decoder_opts;  /* those of -i that fit this stream (no leftovers check yet) */
    AVCodecContext *decoder_ctx; /* made for every stream with a known type, from codecpar; open for the
                                    filtered one; the sink opens those that it decodes. The source frees it */
    enum AVDiscard user_discard; /* -discard, -an ... before -i */
    AVRational frame_rate;       /* -r before -i; num 0: not given */
    bool autorotate;
    int top_field_first; /* -top before -i; -1 */
    double ts_scale;     /* -itsscale */

    /* As ffmpeg keeps them. Before packet() is called for a copied stream: dts == pts == when
     * the packet's decoding time falls; next_* are after it. For a decoded stream next_dts is
     * set from the packet and packet() must set dts = next_dts, pts = next_pts before each
     * frame and advance next_dts and next_pts by each decoded frame's length. */
    int64_t dts, next_dts, first_dts;
    int64_t pts, next_pts;
    bool saw_first_ts, wrap_correction_done;
    int64_t min_pts, max_pts;   /* in st->time_base */
    int64_t samples_last;       /* nb_samples of the last decoded audio frame: set by the sink */
    int64_t rescale_delta_last; /* for av_rescale_delta of audio; starts as AV_NOPTS_VALUE */
    int64_t prev_packet_pts;    /* st->time_base; for the sink's audio decoding */
    uint64_t packets, bytes;    /* read */
};

/* What is done with a stream that is not the filtered one (the filtered one may be
 * copied besides: SOURCE_COPY on it). */
enum source_use {
    SOURCE_COPY = 1,   /* packets go out as they are; the source advances dts and pts */
    SOURCE_DECODE = 2, /* the sink decodes; it advances next_dts and next_pts */
};

/* Called on the source's thread with each packet of the stream, timestamps corrected as
 * ffmpeg does (-ss, -itsoffset, wrap, discontinuity), in st->time_base. NULL: the input has
 * ended (once; decoders and bitstream filters are flushed then; not after media_source_stop). The
 * packet is the source's: make a reference. VID_EOF: the output wants no more of this stream; when neither
 * the trimmed video nor any other stream is wanted, reading ends. Another negative return ends
 * media_source_next with that code; say why in `err`. */
typedef int (*source_packet)(void *opaque, struct source_stream *stream, const AVPacket *packet,
                             struct vid_error *err);

AVFormatContext *source_format(const struct media_source *source);
int source_stream_count(const struct media_source *source); /* as at open; later ones are ignored */
struct source_stream *source_stream(const struct media_source *source, int index);

/* The input's -ss, -t as ffmpeg keeps them (copies with -t need them): start_time AV_NOPTS_VALUE when not
 * given, recording_time INT64_MAX; start_time_effective is the container's. */
struct source_times {
    int64_t start_time, recording_time, start_time_effective;
    int64_t ts_offset; /* added to every timestamp that is read; as at open */
    bool copy_ts, start_at_zero;
};
struct source_times source_times(const struct media_source *source);

/* Does the text of a stream specifier ("v:0", "a", "", "m:language:eng") match? 1, 0 or negative. */
int source_stream_matches(AVFormatContext *format, AVStream *st, const char *spec);

/* The last option `name` whose specifier matches the stream, or NULL. */
const char *stream_option_find(const struct stream_options *options, const char *name,
                               AVFormatContext *format, AVStream *st);

/* Of the options (keys may end in ":spec"), those that this codec of this stream takes, as ffmpeg's
 * filter_codec_opts: for `encoder` or decoder. `codec` may be NULL (then by id). *out is replaced. */
int codec_options_select(const AVDictionary *options, enum AVCodecID id, AVFormatContext *format,
                         AVStream *st, const AVCodec *codec, bool encoder, AVDictionary **out,
                         struct vid_error *err);

/* By the sink's stream mapping, between open and the first media_source_next. All streams are
 * discarded by the demuxer until one of these is called for them. select opens the decoder;
 * one stream can be selected. Its pictures come from media_source_next. */
int source_select_video(struct media_source *source, int index, struct vid_error *err);
int source_want_stream(struct media_source *source, int index, enum source_use use, source_packet packet,
                       void *opaque, struct vid_error *err);

/* The selected stream; NULL before. */
struct source_stream *source_video(const struct media_source *source);

/* Of the buffer source that the pictures go into: time base, frame rate (num 0 unknown). */
AVRational source_time_base(const struct media_source *source);
AVRational source_frame_rate(const struct media_source *source);

/* ---- sink, as the chain sees it ---- */

/* What the encoder of the filtered stream wants from the chain. */
struct sink_wish {
    const char *filter; /* -filter:v of that output stream; NULL or "": none */
    const AVCodec *encoder;
    enum AVPixelFormat pixel_format; /* -pix_fmt; AV_PIX_FMT_NONE when not given */
    bool keep_format;                /* -pix_fmt +fmt, or "+" */
    int strict;                      /* strict_std_compliance with -strict applied */
    int width, height;               /* -s; 0 */
    bool autoscale;                  /* default true */
    const AVDictionary *sws_opts;    /* of the output; may be NULL */
};

/* Valid while the sink lives. NULL when no stream is filtered. Written by the sink's engineer. */
const struct sink_wish *sink_wish(const struct media_sink *sink);

/* chain_spec_create without a sink. */
int chain_spec_build(const struct media_options *options, const struct media_source *source,
                     const struct sink_wish *wish, struct chain_spec **out, struct vid_error *err);

#endif
