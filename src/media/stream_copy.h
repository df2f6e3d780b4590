/* stream_copy: a stream whose packets go from the input to the output as they are. Private to the room. */
#ifndef VID_MEDIA_STREAM_COPY_H
#define VID_MEDIA_STREAM_COPY_H

#include "media/out_stream.h"

/* Describes the output stream by the input's and tells the muxer that it is ready. */
int stream_copy_open(struct out_stream *stream, struct vid_error *err);

/* Packet or end (NULL). */
int stream_copy_packet(struct out_stream *stream, const AVPacket *packet, const struct read_clock *clock,
                       const struct source_times *input, struct vid_error *err);

#endif
