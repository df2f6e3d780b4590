/* encoder: the filtered video's way from the chain to the muxer: the output's trim, pacing, key frames,
 * libavcodec. The first picture opens it, because colour and field order come from there. One thread.
 * Private to the room. */
#ifndef VID_MEDIA_ENCODER_H
#define VID_MEDIA_ENCODER_H

#include "media/keyframes.h"
#include "media/out_stream.h"
#include "media/pacing.h"
#include "media/parts.h"

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
    AVRational time_base; /* once opened */
    struct part_look look;
    struct keyframes keyframes;
    AVFrame *last; /* the previous picture, for repeating */

    int64_t trim_start, trim_length, trim_first; /* in the chain's time base */
    bool trim_ended, at_end;

    struct parts *parts; /* NULL: one session */
    uint64_t picture;    /* number of the one that is given now */

    float quality; /* of the last packet; -1 unknown */
};

/* Reads the options of the stream. */
int encoder_create(struct out_stream *stream, struct vid_error *err);
void encoder_free(struct encoder **encoder);

int encoder_set_video(struct encoder *encoder, const struct chain_output *video, struct vid_error *err);

/* The next picture; its contents are taken. */
int encoder_picture(struct encoder *encoder, AVFrame *frame, struct vid_error *err);

/* A picture of a part that an earlier run has sealed: what came out then goes out. */
int encoder_skip(struct encoder *encoder, struct vid_error *err);

/* Opens the encoder without a picture, for an output that has none. Does nothing when it is open. */
int encoder_open_empty(struct encoder *encoder, struct vid_error *err);

/* The last picture has come: it may be repeated. */
int encoder_end(struct encoder *encoder, struct vid_error *err);

/* Writes what the encoder holds back. */
int encoder_flush(struct encoder *encoder, struct vid_error *err);

/* ---- between the encoder's files ---- */

/* encoder.c: to the muxer (as parts_emit; opaque is the encoder). */
int encoder_emit(void *opaque, AVPacket *packet, struct vid_error *err);

/* encoder_open.c: settles what all sessions have in common and opens the first; `first` may be NULL. Or with
 * the look that an earlier run's first picture gave. Later: one more session, in the place of stream->enc,
 * which the caller has taken away. */
int encoder_open(struct encoder *encoder, const AVFrame *first, struct vid_error *err);
int encoder_open_again(struct encoder *encoder, const struct part_look *look, struct vid_error *err);
int encoder_open_session(struct encoder *encoder, struct vid_error *err);

/* encoder_parts.c. */
int encoder_want_parts(struct encoder *encoder, const struct sink_parts *wanted, struct vid_error *err);
int encoder_begin_parts(struct encoder *encoder, struct vid_error *err);
int encoder_cut(struct encoder *encoder, struct vid_error *err);
int encoder_resume(struct encoder *encoder,
                   struct vid_error *err); /* before the first picture that was not skipped */

/* encoder_state.c: all that later pictures depend on, but for encoder->last, as text. */
char *encoder_state_save(const struct encoder *encoder); /* malloc'ed; NULL: no memory */
int encoder_state_load(struct encoder *encoder, const char *text, struct vid_error *err);

#endif
