/* encoder: the filtered video's way from the chain to the muxer: the output's trim, pacing, key frames,
 * libavcodec. The first picture opens it, because colour and field order come from there. One thread.
 * Private to the room. */
#ifndef VID_MEDIA_ENCODER_H
#define VID_MEDIA_ENCODER_H

#include "media/keyframes.h"
#include "media/out_stream.h"
#include "media/pacing.h"

struct encoder {
    struct out_stream *stream;
    struct sink_wish wish;
    AVRational frame_rate; /* -r, then what the output has; num 0: not known yet */
    AVRational aspect;     /* -aspect; num 0 */
    const char *keyframe_text;
    struct pacing pacing;
    bool constant; /* a constant frame rate is asked for */

    struct chain_output video; /* from the configured chain */
    bool known, opened;
    struct keyframes keyframes;
    AVFrame *last; /* the previous picture, for repeating */

    int64_t trim_start, trim_length, trim_first; /* in the chain's time base */
    bool trim_ended, at_end;

    float quality; /* of the last packet; -1 unknown */
};

/* Reads the options of the stream. */
int encoder_create(struct out_stream *stream, struct vid_error *err);
void encoder_free(struct encoder **encoder);

int encoder_set_video(struct encoder *encoder, const struct chain_output *video, struct vid_error *err);

/* The next picture; its contents are taken. */
int encoder_picture(struct encoder *encoder, AVFrame *frame, struct vid_error *err);

/* Opens the encoder without a picture, for an output that has none. Does nothing when it is open. */
int encoder_open_empty(struct encoder *encoder, struct vid_error *err);

/* The last picture has come: it may be repeated. */
int encoder_end(struct encoder *encoder, struct vid_error *err);

/* Writes what the encoder holds back. */
int encoder_flush(struct encoder *encoder, struct vid_error *err);

#endif
