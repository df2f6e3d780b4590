/* audio: an audio stream that is not copied: decoder, filters, encoder. One thread. Private to the room. */
#ifndef VID_MEDIA_AUDIO_H
#define VID_MEDIA_AUDIO_H

#include "media/out_stream.h"

struct audio;

/* Reads the options of the stream and opens the decoder. */
int audio_create(struct out_stream *stream, const struct source_times *input, struct vid_error *err);
void audio_free(struct audio **audio);

/* Packet or end of the input (NULL): decodes, filters, encodes, writes. */
int audio_packet(struct audio *audio, const AVPacket *packet, const struct read_clock *clock,
                 struct vid_error *err);

/* After the input's end: takes the next of what the filters still give. The stream is finished when that was
 * all, or at the output's end. */
int audio_drain(struct audio *audio, struct vid_error *err);

/* Writes what the encoder holds back; opens it first when nothing has come. */
int audio_flush(struct audio *audio, struct vid_error *err);

#endif
