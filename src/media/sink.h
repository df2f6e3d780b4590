/* sink: the output on rank 0: stream selection, encoders, muxer, as ffmpeg has
 * them. Takes filtered pictures in order, paces them (-r, -fps_mode, -ss, -t,
 * -frames:v), encodes, and muxes them with the other streams, whose packets
 * come from the source. Copied streams are copied once; audio and subtitles that are not copied are
 * transcoded here. The file is written as OUTPUT.part and renamed when it is whole.
 * media_sink_write, _skip and _finish: one thread. Packets from the source's thread at the same time. */
#ifndef VID_MEDIA_SINK_H
#define VID_MEDIA_SINK_H

#include "base/error.h"
#include "media/chain.h"
#include "media/options.h"
#include "media/part.h"
#include "media/picture.h"
#include "media/source.h"

struct media_sink;

/* Chooses streams and encoders and checks them; refuses what cannot work (unknown encoder, a container that
 * does not hold it, output exists with -n, a folder that is not writable, several video streams to
 * encode). Writes nothing yet. The source must outlive the sink. Asking on a terminal is the caller's. */
int media_sink_open(const struct media_options *options, struct media_source *source, struct media_sink **out,
                    struct vid_error *err);

/* The configured chain's output, known after the first picture is decoded. Before media_sink_write. */
int media_sink_set_video(struct media_sink *sink, const struct chain_output *video, struct vid_error *err);

/* The video in parts of options->part seconds: each is encoded by a session of its own and kept in a file,
 * until the job is done, so that a job that was killed need not encode it again. */
struct sink_parts {
    const char *folder; /* for the files; it exists */
    const struct media_part
        *sealed; /* of an earlier run with the same options, from number 1 on; may be NULL */
    int sealed_count;

    /* A part is safe on the disk: for the ledger. On a thread of the sink's, one call at a time; it does not
     * call the sink. An error ends the next media_sink_write or _finish. The last part of a video is never
     * sealed: its end is the output's. NULL: nobody is told. */
    int (*sealed_one)(void *opaque, const struct media_part *part, struct vid_error *err);
    void *opaque;
};

/* Between open and the first picture; `parts` is copied. Without it, with -part 0, in two passes, for
 * encoders that cannot be cut, and when the output is no regular file, there is one session, and
 * media_sink_in_parts says so. -EINVAL when there are sealed parts in such a case, or they do not follow each
 * other. */
int media_sink_set_parts(struct media_sink *sink, const struct sink_parts *parts, struct vid_error *err);
bool media_sink_in_parts(const struct media_sink *sink);

/* In the place of media_sink_write, for each picture below sealed[sealed_count - 1].end, after
 * media_sink_set_video and before the first write: the picture counts as written, and the output gets what
 * the earlier run made of it, with the other streams in the order that they had then. Nothing need be done
 * for the pictures that follow: what has to be known of those before is in the part. Returns as
 * media_sink_write; -EBADMSG when a part's file is damaged, before its first packet is used. */
int media_sink_skip(struct media_sink *sink, struct vid_error *err);

/* The next filtered picture. Takes the reference. VID_EOF when the output wants no more
 * (-t, -frames:v, -fs): the caller stops the source and finishes. */
int media_sink_write(struct media_sink *sink, struct picture **picture, struct vid_error *err);

/* The source has ended: flushes encoders, writes the trailer, renames. When not one frame was
 * written the output has its streams and no packets, with a warning, as ffmpeg's. */
int media_sink_finish(struct media_sink *sink, struct vid_error *err);

/* Without a finish before, removes what was written; a part whose last picture has come is still sealed.
 * NULL-safe. */
void media_sink_close(struct media_sink **sink);

struct sink_stats {
    uint64_t frames; /* video frames given to the encoder */
    uint64_t duplicated, dropped;
    uint64_t bytes;            /* written to the output so far */
    int64_t out_time_us;       /* of the last video packet */
    double bitrate;            /* bits per second */
    double quality;            /* of the last video packet, as ffmpeg's q=; -1 unknown */
    double speed_base_seconds; /* out time for speed= */
};
/* Any thread. */
struct sink_stats media_sink_stats(struct media_sink *sink);

/* "OUTPUT" as it will be named, and whether it is a regular file (not a pipe or device). */
const char *media_sink_path(const struct media_sink *sink);
bool media_sink_is_file(const struct media_sink *sink);

/* ffmpeg's "Stream mapping:" and output dump, to the log at level info. */
void media_sink_dump(const struct media_sink *sink);

#endif
