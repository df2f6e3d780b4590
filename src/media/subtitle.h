/* subtitle: a subtitle stream that is not copied: text to text or bitmap to bitmap. One thread.
 * Private to the room. */
#ifndef VID_MEDIA_SUBTITLE_H
#define VID_MEDIA_SUBTITLE_H

#include "media/out_stream.h"

struct subtitle;

/* Opens decoder and encoder and tells the muxer that the stream is ready. */
int subtitle_create(struct out_stream *stream, struct vid_error *err);
int subtitle_open(struct subtitle *subtitle, struct vid_error *err);
void subtitle_free(struct subtitle **subtitle);

/* Packet or end of the input (NULL). */
int subtitle_packet(struct subtitle *subtitle, const AVPacket *packet, const struct read_clock *clock,
                    struct vid_error *err);

#endif
