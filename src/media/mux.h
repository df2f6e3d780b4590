/* mux: the container that the sink writes. Packets of a stream wait until every stream is ready (its
 * parameters are known); then the header is written and they follow. Timestamps are made to rise as ffmpeg
 * does. One thread, but mux_stats may be called from any. Private to the room. */
#ifndef VID_MEDIA_MUX_H
#define VID_MEDIA_MUX_H

#include "base/error.h"
#include "media/mux_path.h"
#include "media/options.h"

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <pthread.h>
#include <stdbool.h>

struct mux_waiting {
    AVPacket *packet;
    struct mux_waiting *next;
};

struct mux_stream {
    AVStream *st;
    AVRational time_base;  /* of the packets given to mux_write */
    AVRational frame_rate; /* constant: each packet lasts one frame; num 0: as the packet says */
    bool no_timestamps;    /* the muxer shall make them */
    bool unlimited;        /* the limit is kept elsewhere (encoded video) */
    int64_t limit, count;  /* -frames: how many packets may come, and came */
    int64_t last_dts;      /* in st->time_base */
    AVBSFContext *bsf;     /* -bsf, or NULL */
    bool ready;
    struct mux_waiting *first, **tail;
};

struct mux {
    AVFormatContext *ctx;
    AVDictionary *opts;
    struct mux_path path;
    struct mux_stream *streams; /* ctx->nb_streams of them, after mux_prepare */
    bool unwritten;             /* nothing is opened */
    bool opened, created, header_written, finished;
    bool dump; /* log the output's dump when the header is written */
    size_t waiting_bytes;

    pthread_mutex_t lock; /* of what follows */
    int64_t bytes;
    int64_t end_us; /* of all streams so far; AV_NOPTS_VALUE */
};

int mux_open(const struct output_options *options, struct mux **out, struct vid_error *err);

/* After the streams are made in mux->ctx, before the first mux_write. */
int mux_prepare(struct mux *mux, struct vid_error *err);

/* The stream's codecpar and time base are final. When it was the last one, writes the header and what waits.
 */
int mux_ready(struct mux *mux, int index, struct vid_error *err);

/* Takes what the packet holds. NULL: the stream has ended, its bitstream filter is flushed. */
int mux_write(struct mux *mux, int index, AVPacket *packet, struct vid_error *err);

int64_t mux_position(const struct mux *mux); /* bytes written, for -fs */

/* Trailer, close, rename. */
int mux_finish(struct mux *mux, struct vid_error *err);

void mux_close(struct mux **out); /* without mux_finish before, removes what was written; NULL-safe */

#endif
