/* parts: the video's packets on their way from the encoder to the muxer, when it is encoded in parts. Each
 * session of the encoder writes one part file besides. At a cut a thread drains the old session and seals its
 * file while the next session works; what it drained is passed on when that session's first packet has come,
 * so that nothing depends on the thread's speed. Parts of an earlier run are passed on from their files,
 * packet by packet at the picture at which each came out then. One thread; the drain is its own. Private to
 * the room. */
#ifndef VID_MEDIA_PARTS_H
#define VID_MEDIA_PARTS_H

#include "media/part_file.h"
#include "media/sink.h"

struct parts;

/* Passes a packet on to the muxer; its contents are taken. */
typedef int (*parts_emit)(void *opaque, AVPacket *packet, struct vid_error *err);

/* `wanted` is copied, its folder and list too. -EINVAL when the sealed parts do not follow each other. */
int parts_create(const struct sink_parts *wanted, double seconds, parts_emit emit, void *opaque,
                 struct parts **out, struct vid_error *err);

/* Waits for the drain, so that what is nearly sealed gets sealed. NULL-safe. */
void parts_close(struct parts **parts);

/* ---- encoding ---- */

/* -EINVAL when the open session's headers are not those of the first: the parts would not be one stream. */
int parts_check_session(const struct parts *parts, const AVCodecContext *enc, struct vid_error *err);

/* A session of the encoder is open, and checked here; its part begins with this picture. */
int parts_begin(struct parts *parts, const AVCodecContext *enc, const struct part_look *look,
                uint64_t picture, struct vid_error *err);

/* Shall a new part begin before a frame of this tick of the encoder? */
bool parts_due(const struct parts *parts, int64_t tick);

/* The next frame for the encoder has this tick. */
void parts_frame(struct parts *parts, int64_t tick);

/* The session's next packet. Its contents are taken. */
int parts_packet(struct parts *parts, AVPacket *packet, uint64_t picture, struct vid_error *err);

/* What the next session must know. */
struct parts_rest {
    char *state;          /* malloc'ed text */
    AVFrame *last;        /* may have to be repeated; NULL: not needed */
    AVRational time_base; /* of last */
};
void parts_rest_free(struct parts_rest *rest);

/* The part ends before `picture`. Takes the session and the rest, also on failure. parts_begin follows. */
int parts_cut(struct parts *parts, AVCodecContext **enc, struct parts_rest *rest, uint64_t picture,
              struct vid_error *err);

/* What was drained goes out, before the last session is flushed. */
int parts_settle(struct parts *parts, struct vid_error *err);

/* ---- passing on what an earlier run encoded: parts_replay.c ---- */

/* Is there a part of an earlier run that has not been passed on to its end? */
bool parts_replaying(const struct parts *parts);

/* The first part's header; it is read now. */
int parts_replay_header(struct parts *parts, const struct part_header **header, struct vid_error *err);

/* Passes on what came out at this picture. -EINVAL when it lies in none of these parts. */
int parts_replay(struct parts *parts, uint64_t picture, struct vid_error *err);

/* `picture` is the first that is in none of them: gives what was left at the last cut. parts_begin follows.
 */
int parts_replay_end(struct parts *parts, uint64_t picture, struct parts_rest *rest, struct vid_error *err);

#endif
